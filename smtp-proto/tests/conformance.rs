//! Conformance data of others. The data is not part of this repository.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod common;
mod dialogue;

use common::{Session, config};
use dialogue::{play_client, play_server};
use smtp_proto::{LineEndings, Mailbox, Path, Rules, server::Profile};
use testkit::{Scorecard, corpus};

fn endings() -> [LineEndings; 3] {
    [LineEndings::Strict, LineEndings::Normalise, LineEndings::Keep]
}

/// Every sequence that must not end DATA, under every policy, at every split: what follows it is never a
/// command, and under `Strict` the message is refused.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn smuggling() {
    let data = corpus::json("smtp-smuggling/sequences.json");
    let template = data["template"].as_str().unwrap();
    let mut card = Scorecard::new("smtp-smuggling", "");
    for sequence in data["must_not_end_data"].as_array().unwrap() {
        let sequence = sequence.as_str().unwrap();
        let body = template.replace("{EOD}", sequence);
        let input = ["MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", &body, "QUIT\r\n"].concat();
        for endings in endings() {
            let name = format!("{} {endings:?}", sequence.escape_debug());
            card.case(&name, smuggle(input.as_bytes(), endings, sequence));
        }
    }
    card.finish();
}

fn smuggle(input: &[u8], endings: LineEndings, sequence: &str) -> Result<(), String> {
    // a NUL is refused nowhere: it ends nothing either
    let has_bare = sequence.replace("\r\n", "").contains(['\r', '\n']);
    for pieces in testkit::splits(input) {
        let mut config = config(Profile::Relay);
        config.line_endings = endings;
        let mut session = Session::new(config);
        session.send(b"EHLO a\r\n");
        let mut replies = String::new();
        for piece in pieces {
            if !session.is_closed {
                replies += &session.send(piece);
            }
        }
        let mails = session.events.iter().filter(|event| event.starts_with("Mail")).count();
        let is_refused = endings == LineEndings::Strict && has_bare;
        let messages = usize::from(!is_refused);
        if mails != 1 || session.messages.len() != messages || replies.contains("550 5.5.2") != is_refused {
            return Err(format!("{mails} MAIL, {} messages, {replies:?}", session.messages.len()));
        }
        let text = session.messages.first().map(|(_, text)| text.as_slice()).unwrap_or_default();
        if endings == LineEndings::Normalise && !has_only_crlf(text) {
            return Err(format!("{:?}", text.escape_ascii().to_string()));
        }
    }
    Ok(())
}

fn has_only_crlf(text: &[u8]) -> bool {
    !String::from_utf8_lossy(text).replace("\r\n", "").contains(['\r', '\n'])
}

/// What ends DATA does so, at every split.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn smuggling_control() {
    let data = corpus::json("smtp-smuggling/sequences.json");
    let body = data["template"].as_str().unwrap().replace("{EOD}", data["ends_data"].as_str().unwrap());
    let input = ["MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", &body].concat();
    for pieces in testkit::splits(input.as_bytes()) {
        let mut session = Session::new(config(Profile::Relay));
        session.send(b"EHLO a\r\n");
        pieces.into_iter().for_each(|piece| drop(session.send(piece)));
        assert_eq!(session.messages.len(), 2);
    }
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn rfc_dialogues_against_the_server() {
    let mut card =
        Scorecard::new("rfc-dialogues, server", include_str!("expected-failures-dialogues-server.txt"));
    for (number, dialogue) in dialogue::all().iter().enumerate() {
        card.case(&format!("{number} RFC {}", dialogue.rfc), play_server(dialogue));
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn rfc_dialogues_against_the_client() {
    let mut card =
        Scorecard::new("rfc-dialogues, client", include_str!("expected-failures-dialogues-client.txt"));
    for (number, dialogue) in dialogue::all().iter().enumerate() {
        card.case(&format!("{number} RFC {}", dialogue.rfc), play_client(dialogue));
    }
    card.finish();
}

/// 164 addresses: those that RFC 5321 allows in an envelope, and the rest.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn isemail() {
    let cases = corpus::json("isemail/tests.json");
    let mut card = Scorecard::new("isemail", include_str!("expected-failures-isemail.txt"));
    for case in cases.as_array().unwrap() {
        let address = case["address_real"].as_str().unwrap();
        let category = case["category"].as_str().unwrap();
        let is_valid = matches!(category, "ISEMAIL_VALID_CATEGORY" | "ISEMAIL_DNSWARN" | "ISEMAIL_RFC5321");
        let name = format!("{} {}", case["id"].as_str().unwrap(), address.escape_debug());
        let result = Mailbox::parse(address, &Rules::STRICT);
        let message = format!("{result:?}, {category} {}", case["diagnosis"]);
        card.case(&name.replace(": ", ":_"), if result.is_ok() == is_valid { Ok(()) } else { Err(message) });
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn go_smtp_paths() {
    let data = corpus::json("smtp-go-smtp/reverse-path.json");
    let mut card = Scorecard::new("smtp-go-smtp paths", include_str!("expected-failures-go-smtp-paths.txt"));
    let reads = |text: &str| {
        let line = format!("MAIL FROM:{text}");
        match smtp_proto::Command::parse(line.as_bytes(), &Rules::STRICT.with_bare_addresses(true)) {
            Ok(smtp_proto::Command::Mail(mail)) => Ok(match mail.path() {
                Path::Mailbox(mailbox) => mailbox.to_string(),
                _ => String::new(),
            }),
            other => Err(format!("{other:?}")),
        }
    };
    for case in data["valid_reverse_path"].as_array().unwrap() {
        let (text, address) = (case[0].as_str().unwrap(), case[1].as_str().unwrap());
        card.equal(&format!("valid {text}"), &reads(text), &Ok(address.to_string()));
    }
    for text in data["invalid_reverse_path"].as_array().unwrap() {
        let text = text.as_str().unwrap();
        let result = reads(text).map_or(Ok(()), |address| Err(format!("reads {address}")));
        card.case(&format!("invalid {text:?}"), result);
    }
    card.finish();
}

/// The dialogues of go-smtp: codes, not texts.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn go_smtp() {
    let data = corpus::json("smtp-go-smtp/server-dialogues.json");
    let mut card = Scorecard::new("smtp-go-smtp", include_str!("expected-failures-go-smtp.txt"));
    for case in data["tests"].as_array().unwrap() {
        let name = case["test"].as_str().unwrap();
        let result = dialogue::play_go_smtp(case);
        card.case(name, result);
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn james() {
    let mut card = Scorecard::new("smtp-james", include_str!("expected-failures-james.txt"));
    let mut names: Vec<_> = std::fs::read_dir(corpus::path("smtp-james"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".test"))
        .collect();
    names.sort();
    for name in names {
        let text = String::from_utf8(corpus::read(&format!("smtp-james/{name}"))).unwrap();
        card.case(&name, dialogue::play_james(&text));
    }
    card.finish();
}

/// What curl's own tests want a client to say.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn curl() {
    let data = corpus::json("curl-mail/index.json");
    let mut card = Scorecard::new("curl-mail, SMTP", include_str!("expected-failures-curl.txt"));
    for case in data["tests"].as_array().unwrap() {
        if case["area"] == "smtp" {
            card.case(case["test"].as_str().unwrap(), dialogue::play_curl(case));
        }
    }
    card.finish();
}
