//! What is told of messages that fail.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used)]

mod support;

use dkim::{Canonicalization, Finding, Policy, Verdict, diagnose};
use support::{NOW, signed, template, zone};

const MESSAGE: &str = "From: a@example.com\r\nSubject: s\r\n\r\nHello\r\nthere \r\n";

fn finding(message: &[u8]) -> Option<Finding> {
    let mut found = diagnose(message, &Policy::default(), NOW, &zone(""));
    assert_eq!(found.len(), 1);
    let (report, finding) = found.remove(0);
    assert_eq!(finding.is_some(), report.verdict == Verdict::Fail);
    finding
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
fn line_ends_that_were_changed_are_recognised() {
    assert_eq!(finding(message().replace("\r\n", "\n").as_bytes()), Some(Finding::LineEnds));
    let mut simple = template();
    simple.canonicalization = Canonicalization::SIMPLE;
    let simple = String::from_utf8(signed(simple, MESSAGE.as_bytes())).unwrap();
    assert_eq!(finding(simple.replace("\r\n", "\n").as_bytes()), Some(Finding::LineEnds));
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
