//! The vectors and dialogues of the RFCs, and what curl expects of a server.

#![allow(clippy::expect_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod common;

use common::{choose, ready, server, tls};
use sasl::{
    Attempt, Credentials, Hash, Limits, Mechanism, Nonce, Prepared, Secret, Server, Step, StoredKeys, line,
    scram::Decoy,
};
use serde_json::Value;
use testkit::{Scorecard, corpus};

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().expect("a list").iter()
}

fn decode(base64: &str) -> Secret {
    line::decode_initial(base64.as_bytes()).expect("base64")
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

fn vectors() -> Value {
    corpus::json("sasl-vectors/rfc-vectors.json")
}

fn client(mechanism: Mechanism, credentials: &Credentials, nonce: &str) -> sasl::Client {
    let nonce = Nonce::parse(nonce).expect("a nonce");
    choose(mechanism, credentials, &tls()).client(nonce, &Limits::default())
}

fn by_password(user: &str, password: &str) -> Credentials {
    Credentials::password(ready(user), ready(password))
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn plain_vectors() {
    let mut card = Scorecard::new("sasl-vectors: PLAIN", "");
    for (number, case) in list(&vectors()["plain"]).enumerate() {
        let name = format!("{} {number}", text(case, "source"));
        let message = match text(case, "message_hex") {
            "" => decode(text(case, "base64")),
            hex => Secret::new(&unhex(hex)),
        };
        let (authzid, user, password) =
            (text(case, "authzid"), text(case, "authcid"), text(case, "password"));
        let credentials = by_password(user, password);
        let credentials =
            if authzid.is_empty() { credentials } else { credentials.acting_as(authzid).expect("a name") };
        let (written, _) = client(Mechanism::Plain, &credentials, "x").start(1000);
        card.equal(&format!("{name} written"), &written, &Some(message.clone()));
        let channel = tls();
        let attempt = common::attempt(Mechanism::Plain, Some(message.as_bytes()), &channel);
        let Step::Password(question) = server(&[Mechanism::Plain]).start(attempt) else { panic!("{name}") };
        let read = (question.user().to_owned(), question.password().to_owned());
        card.equal(&format!("{name} read"), &read, &(user.to_owned(), password.to_owned()));
        let acting_as = match question.answer(true) {
            Step::Authorize(question) => question.acting_as().to_owned(),
            Step::Done(_) if authzid == user => authzid.to_owned(),
            Step::Done(_) => String::new(),
            step => panic!("{name}: {step:?}"),
        };
        card.equal(&format!("{name} acting as"), &acting_as, &authzid.to_owned());
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn cram_md5_vectors() {
    let mut card = Scorecard::new("sasl-vectors: CRAM-MD5", "");
    for case in list(&vectors()["cram_md5"]) {
        let (user, secret) = (text(case, "user"), text(case, "secret"));
        let client = client(Mechanism::CramMd5, &by_password(user, secret), "x");
        let response =
            line::respond(client, text(case, "challenge_b64").as_bytes()).map(|(response, _)| response);
        card.equal(
            &format!("{} client", text(case, "source")),
            &response,
            &Ok(text(case, "response_b64").into()),
        );
        // the challenge of the example is one that the server can make
        let channel = tls();
        let nonce = Nonce::parse("1896").expect("a nonce");
        let mechanism = Mechanism::CramMd5;
        let attempt = Attempt { mechanism, initial: None, channel: &channel, nonce, now: 697_170_952 };
        let Step::Challenge(challenge) = server(&[mechanism]).start(attempt) else { panic!("no challenge") };
        let sent = Secret::new(challenge.as_bytes());
        card.equal(&format!("{} challenge", text(case, "source")), &sent, &text(case, "challenge").into());
        let step = challenge.respond(decode(text(case, "response_b64")).as_bytes());
        let Step::Secret(question) = step else { panic!("{step:?}") };
        let is_in =
            question.user() == user && matches!(question.answer(Some(secret.as_bytes())), Step::Done(_));
        card.equal(&format!("{} server", text(case, "source")), &is_in, &true);
    }
    card.finish();
}

/// RFC 2202, by way of CRAM-MD5: the digest is HMAC-MD5, with the key as the password and the data as challenge.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn hmac_md5_vectors() {
    let mut card = Scorecard::new("sasl-vectors: HMAC-MD5", "");
    for case in list(&vectors()["hmac_md5"]) {
        // keys that are no text cannot be passwords here
        let (Ok(key), Ok(data)) = (
            String::from_utf8(unhex(text(case, "key_hex"))),
            String::from_utf8(unhex(text(case, "data_hex"))),
        ) else {
            continue;
        };
        let credentials = Credentials::password(ready("u"), Prepared::as_is(&key).expect("a password"));
        let (response, _) =
            client(Mechanism::CramMd5, &credentials, "x").respond(data.as_bytes()).expect("a response");
        card.equal(text(case, "source"), &response, &format!("u {}", text(case, "digest")).as_str().into());
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn scram_vectors() {
    let mut card = Scorecard::new("sasl-vectors: SCRAM", "");
    for case in list(&vectors()["scram"]) {
        let source = text(case, "source");
        let hash = if text(case, "hash") == "SHA-1" { Hash::Sha1 } else { Hash::Sha256 };
        let mechanism = hash.mechanism();
        let (user, password) = (text(case, "user"), text(case, "password"));
        let client = client(mechanism, &by_password(user, password), text(case, "client_nonce"));
        let (first, client) = client.start(1000);
        card.equal(&format!("{source} client first"), &first, &Some(text(case, "client_first").into()));
        let (last, client) = client.respond(text(case, "server_first").as_bytes()).expect("a response");
        card.equal(&format!("{source} client final"), &last, &text(case, "client_final").into());
        let done = client.finish(Some(text(case, "server_final").as_bytes()));
        card.equal(&format!("{source} server final"), &done, &Ok(()));

        let server_first = text(case, "server_first");
        let attributes: Vec<&str> = server_first.split(',').collect();
        let nonce = attributes[0].trim_start_matches("r=").trim_start_matches(text(case, "client_nonce"));
        let salt = decode(&attributes[1][2..]);
        let channel = tls();
        let initial = Some(text(case, "client_first").as_bytes());
        let nonce = Nonce::parse(nonce).expect("a nonce");
        let attempt = Attempt { mechanism, initial, channel: &channel, nonce, now: 0 };
        let Step::Keys(question) = server(&[mechanism]).start(attempt) else { panic!("{source}") };
        let keys = StoredKeys::derive(hash, &ready(password), salt.as_bytes(), 4096).expect("keys");
        let Step::Challenge(challenge) = question.answer(Some(keys)) else { panic!("{source}") };
        card.equal(
            &format!("{source} first challenge"),
            &Secret::new(challenge.as_bytes()),
            &server_first.into(),
        );
        let Step::Challenge(challenge) = challenge.respond(text(case, "client_final").as_bytes()) else {
            panic!("{source}")
        };
        let last = Secret::new(challenge.as_bytes());
        card.equal(&format!("{source} last challenge"), &last, &text(case, "server_final").into());
    }
    card.finish();
}

#[test]
#[cfg(feature = "saslprep")]
#[ignore = "needs MAILPROTO_CORPORA"]
fn saslprep_vectors() {
    let mut card = Scorecard::new("sasl-vectors: SASLprep", "");
    for case in list(&vectors()["saslprep"]) {
        let prepared = Prepared::saslprep(text(case, "input")).map(|prepared| prepared.as_str().to_owned());
        let expected = case["output"].as_str().map(str::to_owned);
        card.equal(&format!("{} {:?}", text(case, "source"), text(case, "input")), &prepared.ok(), &expected);
    }
    card.finish();
}

/// One `AUTH` or `AUTHENTICATE` of a dialogue, up to its outcome.
struct Exchange {
    mechanism: Mechanism,
    initial: Option<Secret>,
    challenges: Vec<String>,
    responses: Vec<String>,
    ends_well: bool,
}

impl Exchange {
    /// The one that begins at a line of the dialogue. None where no known mechanism is named there, and where
    /// the dialogue breaks off before the outcome.
    fn at(lines: &[(char, String)]) -> Option<Self> {
        let ('C', command) = lines.first()? else { return None };
        let mut words = command.split(' ').skip_while(|word| !matches!(*word, "AUTH" | "AUTHENTICATE"));
        let mechanism = Mechanism::parse(words.nth(1)?)?;
        let initial = words.next().map(decode);
        let is_challenge = |line: &str| line == "+" || line.starts_with("+ ") || line.starts_with("334");
        let outcome = lines.iter().position(|(side, line)| *side == 'S' && !is_challenge(line))?;
        let until = |wanted| lines[1..outcome].iter().filter(move |(side, _)| *side == wanted);
        let challenge = |line: &str| line.trim_start_matches("334").trim_start_matches('+').trim().to_owned();
        Some(Self {
            mechanism,
            initial,
            challenges: until('S').map(|(_, line)| challenge(line)).collect(),
            responses: until('C').map(|(_, line)| line.clone()).collect(),
            ends_well: lines[outcome].1.split(' ').take(2).any(|word| matches!(word, "OK" | "+OK" | "235")),
        })
    }

    /// Plays it: the server must send the challenges that are printed, and come to the outcome that is.
    fn play(&self) -> Result<(), String> {
        let (server, nonce, now) = self.server();
        let channel = tls();
        let initial = self.initial.as_ref().map(Secret::as_bytes);
        let attempt = Attempt { mechanism: self.mechanism, initial, channel: &channel, nonce, now };
        let mut step = self.answer(server.start(attempt));
        let mut printed = self.challenges.iter().zip(&self.responses);
        while let Step::Challenge(challenge) = step {
            let sent = line::encode(challenge.as_bytes());
            let (expected, response) = printed.next().ok_or("a challenge too many")?;
            if sent != expected.as_str().into() {
                return Err(format!("{:?} is sent", String::from_utf8_lossy(challenge.as_bytes())));
            }
            match line::decode(response.as_bytes()).map_err(|error| error.to_string())? {
                line::Response::Octets(response) => {
                    step = self.answer(challenge.respond(response.as_bytes()))
                }
                line::Response::Cancel if self.ends_well => return Err("cancelled".into()),
                line::Response::Cancel => return Ok(()),
            }
        }
        match step {
            Step::Done(_) if self.ends_well => Ok(()),
            Step::Failed(sasl::Failure::Credentials) if !self.ends_well => Ok(()),
            step => Err(format!("{step:?}")),
        }
    }

    /// The server of the dialogue, with the nonce and time that its challenge is made of.
    fn server(&self) -> (Server, Nonce, u64) {
        let decoded = self.challenges.first().map(|challenge| decode(challenge)).unwrap_or_default();
        let challenge = String::from_utf8_lossy(decoded.as_bytes()).into_owned();
        let parts: Vec<&str> = challenge.trim_matches(['<', '>']).splitn(3, ['.', '@']).collect();
        let (nonce, now, host) = match parts[..] {
            [nonce, now, host] if self.mechanism == Mechanism::CramMd5 => (nonce, now, host),
            _ => ("1896", "0", "example.com"),
        };
        let server = Server::new(host, &[self.mechanism], Decoy::new(Secret::default())).expect("a host");
        (server, Nonce::parse(nonce).expect("a nonce"), now.parse().expect("a time"))
    }

    /// Believes every credential in the dialogues that end well, and none in the others.
    fn answer(&self, step: Step) -> Step {
        match step {
            Step::Password(question) => self.answer(question.answer(self.ends_well)),
            Step::Secret(question) => question.answer(Some(b"tanstaaftanstaaf")),
            Step::Token(question) if self.ends_well => {
                let owner = question.user().unwrap_or_default().to_owned();
                question.accept(&owner)
            }
            Step::Token(question) => {
                let error = decode(&self.challenges[0]);
                question.refuse(&String::from_utf8_lossy(error.as_bytes()))
            }
            Step::External(question) => question.answer(Some("tls-name")),
            Step::Authorize(question) => question.answer(true),
            step => step,
        }
    }
}

/// The lines of a dialogue, put together again where they were wrapped in print, without stage directions.
fn dialogue_lines(dialogue: &Value) -> Vec<(char, String)> {
    let unwrapped = |line: &str| line.split("\n(").next().unwrap_or_default().replace('\n', "");
    list(&dialogue["lines"])
        .map(|line| {
            let side = line[0].as_str().and_then(|side| side.chars().next()).expect("a side");
            (side, unwrapped(line[1].as_str().expect("a line")))
        })
        .collect()
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn dialogues() {
    let mut card = Scorecard::new("rfc-dialogues: AUTH", include_str!("expected-failures-rfc-dialogues.txt"));
    for file in ["sasl", "pop3", "smtp"] {
        let dialogues = corpus::json(&format!("rfc-dialogues/{file}.json"));
        for (number, dialogue) in list(&dialogues["dialogues"]).enumerate() {
            let lines = dialogue_lines(dialogue);
            for at in 0..lines.len() {
                let Some(exchange) = Exchange::at(&lines[at..]) else { continue };
                let name = format!("{file} {number} RFC {} {}", dialogue["rfc"], exchange.mechanism);
                card.case(&name, exchange.play());
            }
        }
    }
    card.finish();
}
