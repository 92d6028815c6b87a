//! What is told of messages that fail.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used)]

mod support;

use dkim::{Canonicalization, Finding, Form, Policy, Verdict, diagnose, signature::FieldNames};
use support::{NOW, signed, template, zone};

const MESSAGE: &str = "From: a@example.com\r\nSubject: s\r\n\r\nHello\r\nthere \r\n";

fn finding(message: &[u8]) -> Option<Finding> {
    let mut found = diagnose(message, &Policy::default(), NOW, &zone(""));
    assert_eq!(found.len(), 1);
    let (report, finding) = found.remove(0);
    assert!(finding.is_some() || report.verdict == Verdict::Pass, "{report}");
    assert!(finding.is_none() || report.verdict != Verdict::Pass, "{report}");
    finding
}

fn appended(signed: u64, appended: u64) -> Option<Finding> {
    Some(Finding::Appended { signed, appended, header_unchanged: true })
}

fn message() -> String {
    String::from_utf8(signed(template(), MESSAGE.as_bytes())).unwrap()
}

#[test]
fn what_passes_needs_no_finding() {
    assert_eq!(finding(message().as_bytes()), None);
}

#[test]
fn a_footer_is_recognised() {
    let footer = "\r\n-- \r\nlist footer\r\n";
    let found = finding(format!("{}{footer}", message()).as_bytes()).unwrap();
    assert_eq!(found, Finding::Appended { signed: 14, appended: 19, header_unchanged: true });
    assert_eq!(found.to_string(), "19 octets were appended to the 14 that were signed");
    let tagged = message().replace("Subject: s", "Subject: [list] s");
    let found = finding(format!("{tagged}{footer}").as_bytes()).unwrap();
    assert_eq!(found, Finding::Appended { signed: 14, appended: 19, header_unchanged: false });
}

#[test]
fn text_that_is_appended_after_empty_lines_is_recognised() {
    let message = String::from_utf8(signed(template(), b"From: a@example.com\r\n\r\nx\r\n\r\n\r\n")).unwrap();
    let found = finding(format!("{message}y\r\n").as_bytes()).unwrap();
    assert_eq!(found, Finding::Appended { signed: 3, appended: 7, header_unchanged: true });
}

#[test]
fn text_that_is_appended_to_an_empty_body_is_recognised() {
    for form in [Form::Simple, Form::Relaxed] {
        for empty in ["", "\r\n", "\r\n\r\n\r\n"] {
            let mut template = template();
            template.canonicalization.body = form;
            let message = signed(template, format!("From: a@example.com\r\n\r\n{empty}").as_bytes());
            let text = [&message[..message.len() - empty.len()], b"footer\r\n"].concat();
            assert_eq!(finding(&text), appended(0, 8), "{form}, {empty:?}");
        }
    }
}

#[test]
fn text_that_is_appended_after_what_l_covers_is_recognised() {
    let message = |more| {
        let body = format!("Hello\r\n{more}");
        support::signed_by_hand("l=7; ", "Hello\r\n", &format!("From: a@example.com\r\n\r\n{body}"))
    };
    assert_eq!(finding(&message("")), None);
    assert_eq!(finding(&message("more\r\n")), appended(7, 6));
}

#[test]
fn a_body_that_l_does_not_fit_any_more_is_looked_at() {
    let body = "one\r\ntwo\r\nthree\r\n";
    let message = support::signed_by_hand("l=17; ", body, &format!("From: a@example.com\r\n\r\n{body}"));
    let message = String::from_utf8(message).unwrap();
    assert_eq!(finding(message.as_bytes()), None);
    // two octets less than l= says
    assert_eq!(finding(message.replace("\r\n", "\n").as_bytes()), Some(Finding::LineEnds));
    assert_eq!(finding(message.replace("three\r\n", "").as_bytes()), Some(Finding::BodyChanged));
}

#[test]
fn line_ends_that_a_relay_made_crlf_are_recognised() {
    for form in [Form::Simple, Form::Relaxed] {
        let mut template = template();
        template.canonicalization.body = form;
        let message = signed(template, b"From: a@example.com\r\n\r\none  \n\ntwo\n");
        let message = String::from_utf8(message).unwrap();
        let (header, body) = message.split_once("\r\n\r\n").unwrap();
        let relayed = format!("{header}\r\n\r\n{}", body.replace('\n', "\r\n"));
        assert_eq!(finding(relayed.as_bytes()), Some(Finding::LineEnds), "{form}");
    }
}

#[test]
fn line_ends_are_recognised_whatever_the_policy_says_of_the_signature() {
    let mut policy = Policy::default();
    policy.required_fields = FieldNames::new(["X-Not-Signed"]);
    let message = signed(template(), b"X-Not-Signed: x\r\nFrom: a@example.com\r\n\r\nHello\r\n");
    let message = String::from_utf8(message).unwrap().replace("\r\n", "\n");
    let found = diagnose(message.as_bytes(), &policy, NOW, &zone(""));
    assert_eq!(found[0].1, Some(Finding::LineEnds));
}

#[test]
fn line_ends_that_were_changed_are_recognised() {
    assert_eq!(finding(message().replace("\r\n", "\n").as_bytes()), Some(Finding::LineEnds));
    let mut simple = template();
    simple.canonicalization = Canonicalization::SIMPLE;
    let simple = String::from_utf8(signed(simple, MESSAGE.as_bytes())).unwrap();
    assert_eq!(finding(simple.replace("\r\n", "\n").as_bytes()), Some(Finding::LineEnds));
}

#[test]
fn line_ends_with_another_cr_are_recognised() {
    for canonicalization in [Canonicalization::SIMPLE, Canonicalization::RELAXED] {
        let mut template = template();
        template.canonicalization = canonicalization;
        let message = String::from_utf8(signed(template, MESSAGE.as_bytes())).unwrap();
        let (header, body) = message.split_once("\r\n\r\n").unwrap();
        for more in ["\r\r\n", "\r\r\r\r\n"] {
            let body = body.replace("\r\n", more);
            let found = finding(format!("{header}\r\n\r\n{body}").as_bytes());
            assert_eq!(found, Some(Finding::LineEnds), "the body, {more:?}");
            let found = finding(message.replace("\r\n", more).as_bytes());
            assert_eq!(found, Some(Finding::LineEnds), "the message, {more:?}");
        }
        let other = format!("{header}\r\n\r\n{}", body.replace("Hello\r\n", "Hullo\r\r\n"));
        assert_eq!(finding(other.as_bytes()), Some(Finding::BodyChanged));
    }
}

#[test]
fn header_and_body_are_told_apart() {
    let header = message().replace("Subject: s", "Subject: t");
    let body = message().replace("Hello", "Hullo");
    let both = body.replace("Subject: s", "Subject: t");
    assert_eq!(finding(header.as_bytes()), Some(Finding::HeaderChanged));
    assert_eq!(finding(body.as_bytes()), Some(Finding::BodyChanged));
    assert_eq!(finding(both.as_bytes()), Some(Finding::BothChanged));
}
