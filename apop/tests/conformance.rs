//! Greetings and digests from the RFCs and from the test suites of other programs.

#![allow(clippy::expect_used)]

use apop::{Challenge, ChallengeErrorKind};
use serde_json::Value;
use testkit::{Scorecard, corpus};

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().expect(key)
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn vectors() {
    let mut card = Scorecard::new("sasl-vectors: APOP", "");
    for case in corpus::json("sasl-vectors/rfc-vectors.json")["apop"].as_array().expect("a list") {
        let digest = Challenge::find(text(case, "timestamp").as_bytes())
            .map(|challenge| challenge.digest(text(case, "secret").as_bytes()).as_str().to_owned());
        card.equal(text(case, "source"), &digest, &Ok(text(case, "digest").to_owned()));
    }
    card.finish();
}

/// Each dialogue in which a client answers with APOP, and the secret `tanstaaf` of RFC 1939 §7.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn dialogues() {
    let mut card = Scorecard::new("rfc-dialogues: APOP", "");
    for (number, dialogue) in
        corpus::json("rfc-dialogues/pop3.json")["dialogues"].as_array().expect("a list").iter().enumerate()
    {
        let lines: Vec<(&str, &str)> = dialogue["lines"]
            .as_array()
            .expect("lines")
            .iter()
            .map(|line| (line[0].as_str().expect("a side"), line[1].as_str().expect("a line").trim()))
            .collect();
        let greeting =
            lines.iter().find(|(side, line)| *side == "S" && line.starts_with("+OK") && line.contains('<'));
        let answer = lines.iter().find_map(|(_, line)| line.strip_prefix("APOP mrose "));
        let (Some((_, greeting)), Some(answer)) = (greeting, answer) else { continue };
        let right = Challenge::find(greeting.as_bytes())
            .map(|challenge| challenge.verify(b"tanstaaf", answer.as_bytes()));
        card.equal(&format!("{} {number}", dialogue["section"]), &right, &Ok(true));
    }
    card.finish();
}

/// curl's test 864: the greeting of a server and what curl answers.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn curl() {
    let mut card = Scorecard::new("curl-mail: APOP", "");
    let challenge = Challenge::find(b"+OK curl POP3 server ready to serve <1972.987654321@curl>\r\n");
    let test = String::from_utf8_lossy(&corpus::read("curl-mail/tests/test864")).into_owned();
    assert!(test.contains(r"%LT1972.987654321\@curl%GT"), "the greeting of the test");
    let answer = test.lines().find_map(|line| line.strip_prefix("APOP user ")).expect("an answer");
    let right = challenge.map(|challenge| challenge.verify(b"secret", answer.trim().as_bytes()));
    card.equal("test864", &right, &Ok(true));
    card.finish();
}

/// Twisted's tests greet with what is no message identifier: every one is refused, and said why.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn unsafe_greetings() {
    let mut card = Scorecard::new("pop3-tables: greetings", "");
    for test in corpus::json("pop3-tables/twisted-client.json")["tests"].as_array().expect("a list") {
        for event in test["events"].as_array().expect("events") {
            let (Some("S"), Some(line)) = (event[0].as_str(), event[1].as_str()) else { continue };
            if line.starts_with("+OK <") {
                let kind = Challenge::find(line.as_bytes()).map_err(|error| error.kind);
                card.equal(
                    &format!("{} {}", text(test, "class"), text(test, "test")),
                    &kind,
                    &Err(ChallengeErrorKind::NoAt),
                );
            }
        }
    }
    card.finish();
}
