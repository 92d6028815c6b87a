//! Dialogues as others wrote them down, played against our machines.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use crate::common::{Session, config, host};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use smtp_proto::{
    Client, Code, Command, LineEndings, Reply, Rules, Server,
    client::{self, ClientConfig, TlsPolicy},
    server::{Advance, Config, Profile, UnofferedParameters, VoidData},
};
use testkit::corpus;

/// A dialogue of an RFC.
pub(crate) struct Dialogue {
    pub(crate) rfc: u64,
    turns: Vec<Turn>,
}

#[derive(Clone, Debug)]
enum Turn {
    Client(String),
    /// The lines of one reply.
    Server(Vec<String>),
}

const VERBS: [&str; 9] = ["EHLO", "MAIL", "RCPT", "BDAT", "QUIT", "DATA", "RSET", "HELO", "LHLO"];

fn is_reply(line: &str) -> bool {
    line.len() >= 3
        && line.as_bytes()[..3].iter().all(u8::is_ascii_digit)
        && matches!(line.as_bytes().get(3), None | Some(b' ' | b'-'))
}

/// All dialogues; stage directions left out, printed continuations joined, and the client's lines told apart
/// where the RFC's layout did not.
pub(crate) fn all() -> Vec<Dialogue> {
    let data = corpus::json("rfc-dialogues/smtp.json");
    let dialogues = data["dialogues"].as_array().unwrap().iter();
    dialogues
        .map(|dialogue| {
            let mut turns: Vec<Turn> = Vec::new();
            for line in dialogue["lines"].as_array().unwrap() {
                let text = line[1].as_str().unwrap().replace("\\\n", " ");
                let is_printed_on = text.contains('\n');
                let joined = match line[0] == "C" || text.starts_with("334") {
                    true if text.contains(' ') && !text.starts_with("334") && !text.starts_with("BURL") => {
                        text.replace('\n', " ")
                    }
                    true => text.replace('\n', ""),
                    false => text,
                };
                let text =
                    joined.lines().next().unwrap_or("").replace("  ORCPT", " ORCPT").replace("<CR><LF>", "");
                let is_direction =
                    text.starts_with("[connection") || (text.starts_with('<') && !text.contains('@'));
                if text == "<CRLF>.<CRLF>" {
                    turns.push(Turn::Client(".".into()));
                } else if is_direction || (is_printed_on && text.starts_with("...")) {
                } else if line[0] == "C"
                    || VERBS.iter().any(|verb| text.starts_with(verb))
                    || !is_reply(&text)
                {
                    turns.push(Turn::Client(text));
                } else {
                    match turns.last_mut() {
                        Some(Turn::Server(lines))
                            if lines.last().unwrap().as_bytes().get(3) == Some(&b'-') =>
                        {
                            lines.push(text);
                        }
                        _ => turns.push(Turn::Server(vec![text])),
                    }
                }
            }
            Dialogue { rfc: dialogue["rfc"].as_u64().unwrap(), turns }
        })
        .collect()
}

fn code_of(lines: &[String]) -> u16 {
    lines[0][..3].parse().unwrap()
}

fn wire(lines: &[String]) -> String {
    let last = lines.len() - 1;
    let end = |at| if at == last { ' ' } else { '-' };
    lines
        .iter()
        .enumerate()
        .map(|(at, line)| format!("{}{}{}\r\n", &line[..3], end(at), line.get(4..).unwrap_or("")))
        .collect()
}

fn open(profile: Profile) -> Config {
    let mut config = config(profile).with_mechanisms([
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "DIGEST-MD5",
        "GSSAPI",
        "EXTERNAL",
        "XOAUTH2",
        "OAUTHBEARER",
    ]);
    config.auth_in_clear = true;
    config.starttls = true;
    config.requiretls = true;
    config.mt_priority = true;
    config.deliver_by = Some(0);
    config.future_release = Some((
        smtp_proto::HoldSeconds::new(1000).unwrap(),
        smtp_proto::Timestamp::new(4_000_000_000).unwrap(),
    ));
    config.rrvs = true;
    config.etrn = true;
    config.atrn = true;
    config.burl = true;
    config.open_vrfy = true;
    config.open_expn = true;
    config.open_unknown = true;
    config.unoffered_parameters = UnofferedParameters::Ignore;
    config.rules = Rules::LOOSE;
    config
}

/// A server whose questions are answered with the codes that the dialogue has.
struct Played {
    server: Server,
    input: Vec<u8>,
    codes: Vec<u16>,
    expected: Vec<(u16, String)>,
}

impl Played {
    fn show(&mut self, octets: &[u8]) {
        self.input.extend_from_slice(octets);
        loop {
            let input = std::mem::take(&mut self.input);
            let mut out = Vec::new();
            let used = match self.server.advance(&input, 0, &mut out) {
                Advance::Event { used, .. } => used,
                Advance::NeedReply => {
                    self.answer(&mut out);
                    0
                }
                Advance::NeedInput | Advance::Close => {
                    self.input = input;
                    return;
                }
                Advance::StartTls => {
                    self.server = self.server.clone().upgrade(&input, 0).unwrap();
                    return;
                }
            };
            let text = String::from_utf8(out).unwrap();
            let ends = text.lines().filter(|line| line.as_bytes().get(3) != Some(&b'-'));
            self.codes.extend(ends.map(|line| line[..3].parse::<u16>().unwrap()));
            self.input = input[used..].to_vec();
        }
    }

    fn answer(&mut self, out: &mut Vec<u8>) {
        match self.expected.get(self.codes.len()) {
            Some((334, challenge)) => {
                self.server
                    .challenge(&STANDARD.decode(challenge).unwrap_or_default(), out)
                    .unwrap_or_default();
            }
            Some((code, _)) => {
                let reply = Reply::new(Code::new(*code).unwrap(), None, "as in the dialogue");
                if self.server.reply(&reply, out).is_err() {
                    self.server.accept(out).unwrap();
                }
            }
            None => self.server.accept(out).unwrap(),
        }
    }
}

/// What must have been said before a dialogue that starts in the middle.
fn prelude(first: &str, hello: &str) -> String {
    let verb = first.split(' ').next().unwrap().to_ascii_uppercase();
    match verb.as_str() {
        "EHLO" | "HELO" | "LHLO" => String::new(),
        "RCPT" => format!("{hello} a\r\nMAIL FROM:<a@b>\r\n"),
        "." => format!("{hello} a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n"),
        _ if STANDARD.decode(first).is_ok() && first.len() > 8 && !first.contains(' ') => {
            format!("{hello} a\r\nAUTH PLAIN\r\n")
        }
        _ => format!("{hello} a\r\n"),
    }
}

/// Our server in the place of the dialogue's, with the one policy or the other where an RFC shows both.
pub(crate) fn play_server(dialogue: &Dialogue) -> Result<(), String> {
    let refused = play_server_with(dialogue, VoidData::Refuse);
    if refused.is_ok() { refused } else { play_server_with(dialogue, VoidData::Read).or(refused) }
}

fn play_server_with(dialogue: &Dialogue, void_data: VoidData) -> Result<(), String> {
    let is_lmtp =
        dialogue.turns.iter().any(|turn| matches!(turn, Turn::Client(line) if line.starts_with("LHLO")));
    let clients: Vec<_> = dialogue
        .turns
        .iter()
        .filter_map(|turn| match turn {
            Turn::Client(line) => Some(line.as_str()),
            Turn::Server(_) => None,
        })
        .collect();
    let profile = if is_lmtp { Profile::Lmtp } else { Profile::Relay };
    let mut config = open(profile);
    config.void_data = void_data;
    let mut played =
        Played { server: Server::new(config, 0), input: vec![], codes: vec![], expected: vec![] };
    let mut out = Vec::new();
    played.server.accept(&mut out).unwrap();
    if let Some(first) = clients.first() {
        let before = prelude(first, if is_lmtp { "LHLO" } else { "EHLO" });
        if before.ends_with("AUTH PLAIN\r\n") {
            played.expected = vec![(250, String::new()), (334, String::new())];
        }
        played.show(before.as_bytes());
    }
    played.codes.clear();
    played.expected = dialogue
        .turns
        .iter()
        .filter_map(|turn| match turn {
            Turn::Server(lines) => Some((code_of(lines), lines[0].get(4..).unwrap_or("").to_string())),
            Turn::Client(_) => None,
        })
        // the greeting, or the reply to a command that is not printed
        .skip(usize::from(matches!(dialogue.turns.first(), Some(Turn::Server(_)))))
        .collect();
    let mut counted = 0;
    for line in clients {
        let mut words = line.split(' ');
        let is_verb = VERBS.contains(&words.next().unwrap());
        if counted > 0 && !is_verb {
            // the octets of a chunk, which the RFC describes or prints
            continue;
        }
        played.show(format!("{line}\r\n").as_bytes());
        counted = 0;
        if line.starts_with("BDAT") {
            counted = words.next().unwrap().parse().unwrap();
            played.show(&vec![b'a'; counted]);
        }
    }
    let expected: Vec<_> = played.expected.iter().map(|(code, _)| *code).collect();
    let length = expected.len().min(played.codes.len());
    let is_cut = played.codes.len() == length + 1 || played.codes.len() == length;
    if played.codes[..length] == expected[..] && is_cut {
        Ok(())
    } else {
        Err(format!("{:?} instead of {expected:?}", played.codes))
    }
}

/// Our client in the place of the dialogue's: it must be able to say the same, and understand the replies.
pub(crate) fn play_client(dialogue: &Dialogue) -> Result<(), String> {
    let lines = |turn: &Turn| match turn {
        Turn::Client(line) => Some(line.clone()),
        Turn::Server(_) => None,
    };
    let clients: Vec<_> = dialogue.turns.iter().filter_map(lines).collect();
    let Some(first) = clients.first() else { return Ok(()) };
    let is_lmtp = clients.iter().any(|line| line.starts_with("LHLO"));
    let hello = clients
        .iter()
        .find_map(|line| line.split_once(' ').filter(|(verb, _)| ["EHLO", "HELO", "LHLO"].contains(verb)));
    let wants_tls = clients.iter().any(|line| line == "STARTTLS");
    let tls = if wants_tls { TlsPolicy::Required } else { TlsPolicy::None };
    let name = hello.map_or("client.example", |(_, name)| name);
    let mut config = ClientConfig::new(host(name).into_owned()).with_tls(tls).with_lmtp(is_lmtp);
    config.reply_line_endings = LineEndings::Normalise;
    config.reset_before_helo =
        clients.windows(2).any(|lines| lines[0] == "RSET" && lines[1].starts_with("HELO "));
    // the handshake before it is not printed (RFC 8689 §4)
    let is_tls = !wants_tls && clients.iter().any(|line| line.ends_with(" REQUIRETLS"));
    let mut talk = Talk { client: Client::new(config, is_tls), input: vec![], said: String::new() };
    let is_greeted = matches!(dialogue.turns.first(), Some(Turn::Server(lines)) if code_of(lines) == 220);
    if !is_greeted {
        talk.hear("220 mx\r\n")?;
    }
    if hello.is_none() || !prelude(first, "EHLO").is_empty() {
        let all = "PIPELINING SIZE 8BITMIME CHUNKING BINARYMIME DSN SMTPUTF8 DELIVERBY MT-PRIORITY FUTURERELEASE RRVS REQUIRETLS BURL";
        let starttls = if wants_tls { "250-STARTTLS\r\n" } else { "" };
        let lines: String = all.split(' ').map(|keyword| format!("250-{keyword}\r\n")).collect();
        talk.hear(&format!(
            "250-mx\r\n{starttls}{lines}250 AUTH PLAIN LOGIN CRAM-MD5 DIGEST-MD5 GSSAPI EXTERNAL\r\n"
        ))?;
        talk.said.clear();
        for line in prelude(first, "EHLO").lines().skip(1) {
            talk.say(line)?;
            talk.hear(if line == "DATA" {
                "354 go\r\n"
            } else if line.starts_with("AUTH") {
                "334 \r\n"
            } else {
                "250 ok\r\n"
            })?;
        }
        talk.said.clear();
    }
    let mut counted = 0;
    for turn in &dialogue.turns {
        match turn {
            // the reply to a command that is not printed
            Turn::Server(_) if !is_greeted && std::ptr::eq(turn, &dialogue.turns[0]) => {}
            Turn::Server(lines) => talk.hear(&wire(lines))?,
            Turn::Client(line) if counted > 0 && !VERBS.iter().any(|verb| line.starts_with(verb)) => {}
            Turn::Client(line) => {
                counted = talk.say(line)?;
            }
        }
    }
    Ok(())
}

/// A client and what it has said that nobody has expected yet.
struct Talk {
    client: Client,
    input: Vec<u8>,
    said: String,
}

impl Talk {
    fn hear(&mut self, text: &str) -> Result<(), String> {
        self.input.extend_from_slice(text.as_bytes());
        let mut out = Vec::new();
        loop {
            let input = std::mem::take(&mut self.input);
            let advance = self
                .client
                .advance(&input, 0, &mut out)
                .map_err(|violation| format!("{text:?}: {violation}"))?;
            match advance {
                client::Advance::Event { used, .. } => self.input = input[used..].to_vec(),
                client::Advance::StartTls => {
                    self.client = self.client.clone().upgrade(&input).unwrap();
                }
                _ => {
                    self.input = input;
                    break;
                }
            }
        }
        self.said += &String::from_utf8(out).unwrap();
        Ok(())
    }

    /// Says a line of the dialogue: by itself, or because it is told to. Gives the octets of a chunk.
    fn say(&mut self, line: &str) -> Result<usize, String> {
        let wanted = format!("{line}\r\n");
        if line.starts_with("HELO ") && self.said.starts_with("EHLO ") {
            self.said.clear();
            self.hear("502 not here\r\n")?;
        }
        if let Some(rest) = self.said.strip_prefix(&wanted) {
            self.said = rest.to_string();
            return Ok(0);
        }
        if !self.said.is_empty() {
            return Err(format!("says {:?} instead of {line:?}", self.said));
        }
        let mut out = Vec::new();
        let misuse = |misuse: smtp_proto::Misuse| format!("{line}: {misuse}");
        if line == "." {
            self.client.end_body(&mut out).map_err(misuse)?;
            return Ok(0);
        }
        if self.client.body(wanted.as_bytes(), &mut out).is_ok() {
            return Ok(0);
        }
        if line == "*" {
            self.client.cancel(&mut out).map_err(misuse)?;
        } else if let Some(response) =
            STANDARD.decode(line).ok().filter(|_| self.client.clone().respond(b"", &mut Vec::new()).is_ok())
        {
            self.client.respond(&response, &mut out).map_err(misuse)?;
        } else {
            let command =
                Command::parse(line.as_bytes(), &Rules::LOOSE).map_err(|error| format!("{line}: {error}"))?;
            if let Command::Bdat { size, last } = command {
                let size = usize::try_from(size).unwrap();
                self.client.chunk(&vec![b'a'; size], last, &mut out).map_err(misuse)?;
                assert!(out.starts_with(wanted.as_bytes()));
                return Ok(size);
            }
            self.client.send(&command, &mut out).map_err(misuse)?;
        }
        let said = String::from_utf8(out).unwrap();
        let read = |text: &str| {
            Command::parse(text.trim_end().as_bytes(), &Rules::LOOSE).map(|command| command.to_string())
        };
        let is_same =
            said.eq_ignore_ascii_case(&wanted) || (read(&said).is_ok() && read(&said) == read(&wanted));
        if is_same { Ok(0) } else { Err(format!("says {said:?} instead of {line:?}")) }
    }
}

/// Splits what the server said into codes; multi-line replies are one.
fn codes(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| line.as_bytes().get(3) != Some(&b'-'))
        .map(|line| line[..3].to_string())
        .collect()
}

/// A case of go-smtp's tests.
pub(crate) fn play_go_smtp(case: &Value) -> Result<(), String> {
    let name = case["test"].as_str().unwrap();
    let is_lmtp = name.contains("LMTP");
    let mut config = open(if is_lmtp { Profile::Lmtp } else { Profile::Relay });
    config.starttls = false;
    config.limits.errors = 1000;
    config.unoffered_parameters = UnofferedParameters::Refuse;
    config.open_vrfy = false;
    config.open_unknown = false;
    if name.contains("ooLong") || name.contains("tooLong") {
        config.limits.message = 50;
    }
    if case["options"].as_str().unwrap_or("").contains("authDisabled") {
        config.mechanisms.clear();
    }
    if name.contains("anonymousUserError") {
        config.require_auth = true;
    }
    let mut session = Session::new(config);
    if case["setup"].as_str() != Some("testServerGreeted") {
        session.send(if is_lmtp { b"LHLO a\r\n" } else { b"EHLO a\r\n" });
    }
    if !matches!(case["setup"].as_str(), Some("testServerGreeted" | "testServerEhlo")) {
        session.send(b"AUTH PLAIN AGEAYg==\r\n");
    }
    let mut unread: std::collections::VecDeque<String> = Default::default();
    for event in case["events"].as_array().unwrap() {
        let text = event[1].as_str().unwrap();
        match event[0].as_str().unwrap() {
            "C" => unread.extend(codes(&session.send(text.as_bytes()))),
            "S^" | "S=" => {
                let wanted = &text[..3];
                // the tests do not read every reply; what they wait for must come
                let found = unread.iter().position(|code| code == wanted);
                match found {
                    Some(at) => drop(unread.drain(..=at)),
                    None => return Err(format!("{unread:?} where {text:?} is wanted")),
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A script of James: `C:` and `S:` lines, the server's in regular expressions.
pub(crate) fn play_james(script: &str) -> Result<(), String> {
    let mut config = open(Profile::Relay).with_mechanisms(["PLAIN", "LOGIN"]);
    config.starttls = true;
    let mut session = Session::ungreeted(config);
    let mut unread: std::collections::VecDeque<String> = codes(&session.send(b"")).into();
    let mut is_hello_read = false;
    for line in script.lines() {
        if let Some(text) = line.strip_prefix("C:") {
            let text = text.strip_prefix(' ').unwrap_or(text).replace("\\r\\n", "\r\n");
            let line_end = if text.ends_with('\n') { "" } else { "\r\n" };
            // James pipelines whole dialogues; they are the same one by one
            unread.extend(codes(&session.send(format!("{text}{line_end}").as_bytes())));
        } else if let Some(text) = line.strip_prefix("S: ") {
            if text.len() < 4
                || text.as_bytes()[3] == b'-'
                || (text.starts_with("250 STARTTLS") || text.starts_with("250 8BITMIME"))
            {
                is_hello_read = true;
                continue;
            }
            let wanted = &text[..3];
            match unread.pop_front() {
                Some(code) if code == wanted => {}
                other => {
                    return Err(format!("{other:?} where {text:?} is wanted (hello read: {is_hello_read})"));
                }
            }
        }
    }
    Ok(())
}

/// A test of curl's: the lines that a client says to this server.
pub(crate) fn play_curl(case: &Value) -> Result<(), String> {
    let protocol = expand(case["client_protocol"].as_str().unwrap());
    let commands = expand(case["servercmd"].as_str().unwrap_or(""));
    let mut offer = String::new();
    let mut replies: Vec<(String, String)> = Vec::new();
    for line in commands.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "CAPA" => {
                offer += &rest
                    .split(' ')
                    .map(|word| format!("250-{}\r\n", word.trim_matches('"')))
                    .collect::<String>()
            }
            "AUTH" => offer += &format!("250-AUTH {rest}\r\n"),
            "REPLY" => {
                let (to, reply) = match rest.strip_prefix('"').and_then(|rest| rest.split_once("\" ")) {
                    Some((to, reply)) => (to, reply),
                    None => rest.split_once(' ').unwrap(),
                };
                replies.push((to.to_string(), reply.replace("\\r\\n", "\r\n").trim_end().to_string()));
            }
            _ => {}
        }
    }
    let upload = case["upload"].as_str().map(|text| expand(text).replace("\r\n", "\n").replace('\n', "\r\n"));
    let wants_tls = protocol.lines().any(|line| line == "STARTTLS");
    let mut talk: Option<Talk> = None;
    for line in protocol.lines() {
        let verb = line.split(' ').next().unwrap();
        if verb == "EHLO" {
            let tls = if wants_tls { TlsPolicy::Required } else { TlsPolicy::None };
            let config = ClientConfig::new(host(&line[5..]).into_owned()).with_tls(tls);
            let mut begun = Talk { client: Client::new(config, false), input: vec![], said: String::new() };
            begun.hear("220 mx\r\n")?;
            talk = Some(begun);
        }
        let talk = talk.as_mut().unwrap();
        talk.say(line)?;
        let given = replies.iter().find(|(to, _)| to == line || to == verb).map(|(_, reply)| reply.clone());
        let reply = given.unwrap_or_else(|| match verb {
            "EHLO" => format!("250-mx\r\n{offer}250 X-END"),
            "DATA" => "354 go".into(),
            "QUIT" => "221 bye".into(),
            _ if line.contains("invalid") => "501 no such address".into(),
            _ => "250 ok".into(),
        });
        let heard = talk.hear(&format!("{reply}\r\n"));
        if let Err(violation) = heard {
            // these tests end here for curl, too
            return if wants_tls && protocol.ends_with("STARTTLS\n") { Ok(()) } else { Err(violation) };
        }
        if verb == "DATA" {
            talk.send_upload(upload.as_deref().unwrap_or(".\r\n"))?;
            talk.hear("250 ok\r\n")?;
        }
    }
    Ok(())
}

impl Talk {
    /// Sends the body that was uploaded, and compares what goes over the wire with it.
    fn send_upload(&mut self, upload: &str) -> Result<(), String> {
        let mut decoder = mail_base::dot::DotDecoder::new(LineEndings::Strict);
        let mut body = Vec::new();
        let mut rest = upload.as_bytes();
        while let Ok(mail_base::dot::Decoded::Octets { octets, used }) = decoder.decode(rest) {
            body.extend_from_slice(octets);
            rest = &rest[used..];
        }
        let mut out = Vec::new();
        self.client.body(&body, &mut out).map_err(|misuse| misuse.to_string())?;
        self.client.end_body(&mut out).map_err(|misuse| misuse.to_string())?;
        if out == upload.as_bytes() {
            Ok(())
        } else {
            Err(format!("sends {:?}", String::from_utf8_lossy(&out)))
        }
    }
}

/// The variables of curl's test files that these cases use.
fn expand(text: &str) -> String {
    let mut text =
        text.replace("%LT", "<").replace("%GT", ">").replace("%TESTNUMBER", "900").replace("%SMTPPORT", "25");
    text = text.replace("%CR", "\r");
    while let Some(start) = text.find("%repeat[") {
        let end = text[start..].find("]%").unwrap() + start;
        let (count, piece) = text[start + 8..end].split_once(" x ").unwrap();
        let repeated = piece.repeat(count.parse().unwrap());
        text.replace_range(start..end + 2, &repeated);
    }
    while let Some(start) = text.find("%b64[") {
        let end = text[start..].find("]b64%").unwrap() + start;
        let octets = percent_decoded(&text[start + 5..end]);
        text.replace_range(start..end + 5, &STANDARD.encode(octets));
    }
    while let Some(start) = text.find("%hex[") {
        let end = text[start..].find("]hex%").unwrap() + start;
        let octets = String::from_utf8(percent_decoded(&text[start + 5..end])).unwrap();
        text.replace_range(start..end + 5, &octets);
    }
    text
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, later)) = rest.split_first() {
        let code = if first == b'%' { std::str::from_utf8(later.get(..2).unwrap_or(b"")).ok() } else { None };
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = &later[2..];
            }
            None => {
                octets.push(first);
                rest = later;
            }
        }
    }
    octets
}
