//! The example `sign`, and the example `authenticate` of `mailproto-auth-results`, which verifies what it signs.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use dkim::{Policy, Verdict, Zone};
use std::process::Command;
use testkit::programs::{Folder, example, run, run_anyhow};

const SYSTEM_LINE_ENDS: &str = "From: Joe <joe@football.example.com>\nSubject: x\n\nHello  \nthere\n";

/// What the example prints: the signed message, and the record to publish.
fn sign(key: &str, folder: &Folder) -> (Vec<u8>, String) {
    let message = folder.write("message.eml", SYSTEM_LINE_ENDS);
    let options =
        ["--key", key, "--domain", "football.example.com", "--selector", "s1", "--time", "1800000000"];
    let output = run(Command::new(example("sign")).args(options).arg(message), b"");
    (output.stdout, String::from_utf8(output.stderr).unwrap())
}

fn keys(folder: &Folder) -> [String; 2] {
    [support::rsa_2048(), support::ed25519()]
        .map(|secret| folder.write(&format!("{}.pem", secret.key_type()), secret.to_pem().as_bytes()))
}

#[test]
fn what_the_example_signs_passes_with_the_record_that_it_prints() {
    let folder = Folder::new("dkim-sign");
    for key in keys(&folder) {
        let (message, record) = sign(&key, &folder);
        let text = String::from_utf8(message.clone()).unwrap();
        assert!(text.ends_with("\r\nHello  \r\nthere\r\n"), "{text}");
        let zone = Zone::parse(&record).unwrap();
        let reports = dkim::verify(&message, &Policy::default(), support::NOW, &zone);
        assert!(reports.len() == 1 && reports[0].verdict == Verdict::Pass, "{reports:?}");
    }
}

#[test]
fn help_is_given_where_it_is_asked_for() {
    for option in ["--help", "-h"] {
        let said = run(Command::new(example("sign")).args(["--key", "x", option]), b"").stdout;
        assert!(said.starts_with(b"usage: sign --key FILE"));
    }
}

#[test]
fn what_is_wrong_is_told() {
    let folder = Folder::new("dkim-sign-wrong");
    let not_a_key = folder.write("key", "hello");
    for (arguments, text) in [
        (&["--domain", "example.com"][..], "--key is missing"),
        (&["--key", &not_a_key, "--domain", "example.com", "--selector", "s"], "no private key"),
        (&["--key", &not_a_key, "--domain", "a..b", "--selector", "s"], "a..b"),
        (&["--unknown"], "unknown option --unknown"),
    ] {
        let output = run_anyhow(Command::new(example("sign")).args(arguments), b"");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(text), "{arguments:?}: {said}");
    }
}

#[test]
#[ignore = "needs the example of another package: cargo build -p mailproto-auth-results --example authenticate"]
fn authenticate_verifies_what_sign_signs() {
    let folder = Folder::new("dkim-sign-authenticate");
    for key in keys(&folder) {
        let (message, record) = sign(&key, &folder);
        let signed = folder.write("signed.eml", message);
        let zone = folder.write("zone", record);
        let arguments = ["--zone", &zone, "--now", "1800000001", &signed];
        let output = run(Command::new(example("authenticate")).args(arguments), b"");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("dkim=pass header.d=football.example.com header.s=s1"), "{said}");
    }
}
