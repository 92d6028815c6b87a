//! Dialogues from elsewhere: those printed in the RFCs, twisted's tests of its client, and what curl says.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common::Caller;
use pop3_proto::{
    Command, Maildrop, Response, Rules, Server,
    server::{Advance, Cause, Config, Event, Language, Profile, Utf8},
};
use serde_json::Value;
use testkit::{Scorecard, corpus};

/// What the RFC leaves out of a dialogue where it prints dots: the commands that must have been said.
const LEFT_OUT: [(&str, &str); 1] = [("4 RFC 1939 section 5", "DELE 2")];

/// A command, and the first lines that the server answers with.
struct Turn {
    command: String,
    answers: Vec<String>,
}

/// The lines of a dialogue as turns: printed wraps joined for base64, cut off otherwise.
fn turns(dialogue: &Value) -> (Vec<String>, Vec<Turn>) {
    let (mut greetings, mut turns) = (Vec::new(), Vec::<Turn>::new());
    for line in dialogue["lines"].as_array().unwrap() {
        let (side, text) = (line[0].as_str().unwrap(), line[1].as_str().unwrap().trim_start());
        let first = text.lines().next().unwrap_or("");
        if first.starts_with('<') {
            continue;
        }
        // a challenge or response that is printed in several lines
        let is_base64 =
            first.len() > 20 && text.lines().all(|line| !line.trim_start_matches("+ ").contains(' '));
        let text = if is_base64 { text.replace('\n', "") } else { first.to_owned() };
        match (side, turns.last_mut()) {
            ("C", _) => turns.push(Turn { command: text, answers: Vec::new() }),
            (_, Some(turn)) => turn.answers.push(text),
            (_, None) => greetings.push(text),
        }
    }
    (greetings, turns)
}

fn status(line: &str) -> &str {
    let status = line.split(' ').next().unwrap_or("");
    if status.starts_with("+OK") { "+OK" } else { status }
}

fn maildrop() -> Maildrop {
    let mut maildrop = Maildrop::new();
    maildrop.add(120, "whqtswO00WBw418f9t5JxYwZ").unwrap();
    maildrop.add(200, "QhdPYR:00WBw1Ph7x7").unwrap();
    maildrop
}

fn needs_login(turns: &[Turn]) -> bool {
    let first = turns.first().map_or("", |turn| turn.command.as_str());
    let verb = first.split(' ').next().unwrap_or("");
    ["STAT", "LIST", "RETR", "DELE", "NOOP", "RSET", "TOP", "UIDL"].contains(&verb)
}

/// A server that can do all that the dialogues ask for.
fn server(turns: &[Turn]) -> Server {
    let refuses = |command: &str| {
        turns
            .iter()
            .any(|turn| turn.command == command && turn.answers.iter().any(|line| line.starts_with('-')))
    };
    let profile = if refuses("STLS") { Profile::Pop3s } else { Profile::Pop3 };
    let mut config =
        Config::new(profile).with_mechanisms(["KERBEROS_V4", "PLAIN", "DIGEST-MD5", "GSSAPI", "ANONYMOUS"]);
    config.stls = true;
    config.login_in_clear = true;
    config.ask_user = true;
    config.utf8 = Utf8::Messages;
    if !refuses("LANG") {
        for tag in ["en", "en-boont", "de", "it", "es", "sv", "i-default"] {
            config.languages.push(Language::new(tag, "a language").unwrap());
        }
    }
    let mut server = Server::new(config, 0);
    let mut out = Vec::new();
    server.greet("POP3 server ready", Some("<1896.697170952@dbc.mtview.ca.us>"), &mut out).unwrap();
    if needs_login(turns) {
        server.advance(b"USER mrose\r\n", 0, &mut out);
        server.accept(&mut out).unwrap();
        server.advance(b"PASS secret\r\n", 0, &mut out);
        server.open(maildrop(), &mut out).unwrap();
    }
    server
}

/// Plays the commands; the caller decides as the dialogue says, and the machine must agree.
fn play_server(turns: &[Turn]) -> Result<(), String> {
    let mut machine = server(turns);
    for turn in turns {
        let Some(expected) = turn.answers.first().map(|line| status(line)) else { continue };
        if machine.advance(b"", 0, &mut Vec::new()) == Advance::Close {
            machine = server(turns);
        }
        let input = format!("{}\r\n", turn.command);
        let mut input = input.as_bytes();
        let mut out = Vec::new();
        while let Advance::Event { used, event } = machine.advance(input, 0, &mut out) {
            input = &input[used..];
            let is_login = matches!(
                event,
                Event::Pass { .. } | Event::Apop { .. } | Event::Auth { .. } | Event::AuthResponse(_)
            );
            let is_message = matches!(event, Event::Retr(_) | Event::Top { .. });
            if machine.advance(b"", 0, &mut Vec::new()) != Advance::NeedReply {
                continue;
            }
            let done = match expected {
                "+" => machine.challenge(b"challenge", &mut out),
                "+OK" if is_login => machine.open(maildrop(), &mut out),
                "+OK" => machine.accept(&mut out),
                _ => machine.refuse(&mut out),
            };
            done.map_err(|error| format!("{}: {error}", turn.command))?;
            if is_message && expected == "+OK" {
                machine.body(b"Subject: x\r\n\r\nx\r\n", &mut out).unwrap();
                machine.end_body(&mut out).unwrap();
            }
        }
        let out = String::from_utf8(out).unwrap();
        if status(out.lines().next().unwrap_or("")) != expected {
            return Err(format!("{:?} gets {out:?}, not {:?}", turn.command, turn.answers[0]));
        }
        if machine.advance(b"", 0, &mut Vec::new()) == Advance::StartTls {
            machine = machine.upgrade(b"", 0).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Sends the commands, and hears the answers.
fn play_client(greetings: &[String], turns: &[Turn]) -> Result<(), String> {
    for greeting in greetings {
        Response::parse(greeting.as_bytes(), &Rules::STRICT).map_err(|error| error.to_string())?;
    }
    let fresh = || {
        if needs_login(turns) {
            return Caller::logged_in("");
        }
        let mut caller = Caller::in_clear();
        caller.hear(b"+OK\r\n-ERR\r\n").unwrap();
        caller.sent();
        caller
    };
    let mut caller = fresh();
    for turn in turns {
        if turn.command == "STLS" {
            // the machine does it by itself, in the handshake
            continue;
        }
        if caller.next() == "Close" {
            caller = fresh();
        }
        let is_login = ["USER", "PASS", "APOP", "AUTH"].iter().any(|verb| turn.command.starts_with(verb));
        if is_login && caller.client.is_logged_in() {
            caller = fresh();
        }
        let mut expected = format!("{}\r\n", turn.command);
        if caller.told().iter().any(|event| event.starts_with("Challenge")) {
            // what SASL says is not ours to check
            expected = String::from("cmVzcG9uc2U=\r\n");
            caller.client.respond(b"response", &mut caller.out).map_err(|error| error.to_string())?;
        } else {
            let command =
                Command::parse(turn.command.as_bytes(), &Rules::STRICT).map_err(|error| error.to_string())?;
            caller
                .client
                .send(&command, &mut caller.out)
                .map_err(|error| format!("{}: {error}", turn.command))?;
        }
        let sent = caller.sent();
        if sent != expected {
            return Err(format!("{sent:?} instead of {expected:?}"));
        }
        for answer in &turn.answers {
            // where a message stands, the RFC only says so
            caller
                .hear(format!("{answer}\r\n").as_bytes())
                .map_err(|error| format!("{answer:?}: {error}"))?;
        }
        let next = caller.next();
        if next != "NeedCommand" && next != "Close" {
            return Err(format!("{:?} is not answered: {next}", turn.command));
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn dialogues_of_the_rfcs() {
    let data = corpus::json("rfc-dialogues/pop3.json");
    let mut servers =
        Scorecard::new("rfc-dialogues, server", include_str!("expected-failures-rfc-dialogues-server.txt"));
    let mut clients =
        Scorecard::new("rfc-dialogues, client", include_str!("expected-failures-rfc-dialogues-client.txt"));
    for (at, dialogue) in data["dialogues"].as_array().unwrap().iter().enumerate() {
        let section = dialogue["section"].as_str().unwrap().split('.').next().unwrap();
        let name = format!("{at} RFC {} section {section}", dialogue["rfc"]);
        let (greetings, mut turns) = turns(dialogue);
        for (_, command) in LEFT_OUT.iter().filter(|(dialogue, _)| *dialogue == name) {
            turns.insert(1, Turn { command: (*command).to_owned(), answers: vec!["+OK".to_owned()] });
        }
        servers.case(&name, play_server(&turns));
        clients.case(&name, play_client(&greetings, &turns));
    }
    servers.finish();
    clients.finish();
}

/// Sends what twisted's client sends, and hears what its tests say.
fn play_twisted(test: &Value) -> Result<(), String> {
    let events = test["events"].as_array().unwrap();
    let is_greeting = |text: &str| text.starts_with('+') || text.starts_with('-');
    // the commands of this loop are not in the record, which tells only that nothing is sent meanwhile
    let retrieves = |event: &Value| event[0] == "call" && event[1] == "p.retrieve(i)";
    let first = events.iter().find(|event| event[0] == "S" || event[0] == "C=" || retrieves(event)).unwrap();
    let starts_with_greeting = first[0] == "S" && is_greeting(first[1].as_str().unwrap());
    let verbs = ["USER", "PASS", "APOP"];
    let logs_in = events.iter().any(|event| {
        event[0] == "C=" && verbs.iter().any(|verb| event[1].as_str().unwrap().starts_with(verb))
    });
    let mut caller = match (starts_with_greeting, logs_in) {
        (true, _) => Caller::in_clear(),
        (false, true) => {
            let mut caller = Caller::in_clear();
            caller.hear(b"+OK\r\n-ERR\r\n").unwrap();
            caller.sent();
            caller
        }
        (false, false) => Caller::logged_in(""),
    };
    let mut sent = String::new();
    for event in events {
        let text = event[1].as_str().unwrap();
        match event[0].as_str().unwrap() {
            "C=" => {
                if starts_with_greeting && sent.is_empty() {
                    // CAPA comes first with ours
                    caller.hear(b"-ERR\r\n").map_err(|error| error.to_string())?;
                    caller.sent();
                }
                for line in text.strip_prefix(&sent).unwrap_or(text).lines() {
                    let written =
                        caller.send(line).map(|()| caller.sent()).map_err(|error| error.to_string())?;
                    if written != format!("{line}\r\n") {
                        return Err(format!("{written:?} instead of {line:?}"));
                    }
                }
                if !caller.sent().is_empty() {
                    return Err(format!("more than {text:?} is sent"));
                }
                sent = text.to_owned();
            }
            "call" if retrieves(event) => {
                caller.send("RETR 1").map_err(|error| error.to_string())?;
                caller.sent();
            }
            "S" => caller.hear(&corpus::octets(text)).map_err(|error| format!("{text:?}: {error}"))?,
            "A" => {
                if let Some(message) = text.strip_prefix("self.assertEqual(exc.args[0], b'") {
                    let message = message.trim_end_matches("')");
                    let told = caller.events.last().cloned().unwrap_or_default();
                    if !told.contains(&format!("-ERR {message})")) {
                        return Err(format!("{told} instead of {message}"));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn twisted_client_tests() {
    let data = corpus::json("pop3-tables/twisted-client.json");
    let mut card = Scorecard::new("pop3-tables", include_str!("expected-failures-pop3-tables.txt"));
    for test in data["tests"].as_array().unwrap() {
        card.case(test["test"].as_str().unwrap(), play_twisted(test));
    }
    card.finish();
}

/// The text with curl's `%TESTNUMBER` and `%b64[…]b64%` filled in.
fn expand(protocol: &str) -> String {
    let text = protocol.replace("%TESTNUMBER", "1");
    let mut parts = text.split("%b64[");
    let mut expanded = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let (inner, rest) = part.split_once("]b64%").unwrap();
        let mut octets = inner.bytes();
        let mut decoded = Vec::new();
        while let Some(octet) = octets.next() {
            let rest = octets.clone().collect::<Vec<_>>();
            let hex = rest.get(..2).and_then(|hex| core::str::from_utf8(hex).ok());
            match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                Some(value) if octet == b'%' => {
                    decoded.push(value);
                    octets.nth(1);
                }
                _ => decoded.push(octet),
            }
        }
        expanded.push_str(&STANDARD.encode(decoded));
        expanded.push_str(rest);
    }
    expanded
}

/// Lets the server hear what curl says. Logins are accepted when the next line is no part of them any more.
fn play_curl(protocol: &str) -> Result<(), String> {
    const MECHANISMS: [&str; 9] = [
        "PLAIN",
        "LOGIN",
        "CRAM-MD5",
        "EXTERNAL",
        "OAUTHBEARER",
        "XOAUTH2",
        "NTLM",
        "DIGEST-MD5",
        "SCRAM-SHA-256",
    ];
    let mut config = Config::new(Profile::Pop3).with_mechanisms(MECHANISMS);
    config.login_in_clear = true;
    config.stls = true;
    config.limits.command_line = 512;
    let start = || {
        let mut server = Server::new(config.clone(), 0);
        server.greet("ready", Some("<1.2@host>"), &mut Vec::new()).map(|()| server).unwrap()
    };
    let mut server = start();
    let mut out = Vec::new();
    let text = expand(protocol);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let input = format!("{}\r\n", line.trim_end_matches('\r'));
        let is_command = |line: &&str| {
            let verb = line.split(' ').next().unwrap_or("");
            [
                "CAPA", "USER", "APOP", "AUTH", "RETR", "LIST", "UIDL", "TOP", "DELE", "NOOP", "STAT",
                "RSET", "QUIT",
            ]
            .contains(&verb)
        };
        if server.advance(b"", 0, &mut out) == Advance::Close {
            server = start();
        }
        let goes_on = lines.peek().is_some_and(|next| !is_command(next));
        match server.advance(input.as_bytes(), 0, &mut out) {
            Advance::Event { event, .. } => match event {
                Event::Pass { .. } | Event::Apop { .. } => server.open(maildrop(), &mut out),
                Event::Auth { .. } | Event::AuthResponse(_) if goes_on => server.challenge(b"x", &mut out),
                Event::Auth { .. } | Event::AuthResponse(_) => {
                    // a failed login is followed by another, or by nothing
                    let again =
                        lines.peek().is_none_or(|next| next.starts_with("AUTH") || next.starts_with("USER"));
                    if again { server.refuse(&mut out) } else { server.open(maildrop(), &mut out) }
                }
                Event::Retr(_) | Event::Top { .. } => {
                    server.accept(&mut out).and_then(|()| server.end_body(&mut out))
                }
                Event::Commit { .. } => server.accept(&mut out),
                Event::Refused { cause: Cause::NoMessage(_), .. } => Ok(()),
                Event::Refused { cause, .. } => return Err(format!("{line:?}: {cause:?}")),
                _ => Ok(()),
            }
            .map_err(|error| format!("{line:?}: {error}"))?,
            other => return Err(format!("{line:?}: {other:?}")),
        }
        while let Advance::Event { .. } = server.advance(b"", 0, &mut out) {}
    }
    Ok(())
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn what_curl_says() {
    let data = corpus::json("curl-mail/index.json");
    let mut card = Scorecard::new("curl-mail, POP3", include_str!("expected-failures-curl-mail.txt"));
    for test in data["tests"].as_array().unwrap() {
        let (true, Some(protocol)) = (test["area"] == "pop3", test["client_protocol"].as_str()) else {
            continue;
        };
        card.case(test["test"].as_str().unwrap(), play_curl(protocol));
    }
    card.finish();
}
