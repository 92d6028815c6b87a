//! Third-party conformance data: `MAILPROTO_CORPORA=… cargo test -p mailproto-dkim --all-features -- --include-ignored`.
#![cfg(feature = "rustcrypto")]

use dkim::{Policy, SignatureReport, Verdict};
use serde_json::Value;
use testkit::{
    Scorecard,
    corpus::{self, TxtRecords},
};

/// A folder of messages with what becomes of their signatures.
struct Suite {
    folder: &'static str,
    cases: Vec<Value>,
    records: TxtRecords,
}

impl Suite {
    fn read(folder: &'static str) -> Self {
        let cases = corpus::json(&format!("{folder}/cases.json"));
        let records = TxtRecords::new(&corpus::json(&format!("{folder}/dns.json")));
        Self { folder, cases: cases.as_array().expect("a list of cases").clone(), records }
    }

    /// The cases whose expectation nobody contests.
    fn cases(&self) -> impl Iterator<Item = &Value> {
        self.cases.iter().filter(|case| case["contested"].is_null())
    }

    fn message(&self, case: &Value) -> Vec<u8> {
        corpus::read(&format!("{}/{}", self.folder, case["file"].as_str().expect("a file")))
    }

    fn verify(&self, case: &Value, message: &[u8], policy: &Policy) -> Vec<SignatureReport> {
        let mut records = self.records.clone();
        if !case["dns"].is_null() {
            records.add(&case["dns"]);
        }
        dkim::verify(message, policy, now(case), &records)
    }
}

/// The clock of a case; where it has none, one at which nothing has expired and nothing is in the future.
fn now(case: &Value) -> u64 {
    case["now"].as_u64().unwrap_or(1_700_000_000)
}

fn name(case: &Value) -> &str {
    case["name"].as_str().expect("a name")
}

/// What a message is worth as a whole.
fn best(reports: &[SignatureReport]) -> &'static str {
    match reports {
        [] => "none",
        reports if reports.iter().any(|report| report.verdict == Verdict::Pass) => "pass",
        _ => "notpass",
    }
}

fn file(card: &mut Scorecard, case: &Value, reports: &[SignatureReport], expected: &str) {
    let actual = best(reports);
    // "notpass" takes in that there is no signature of ours at all
    let is_right = actual == expected || (actual == "none" && expected == "notpass");
    let lines: Vec<_> = reports.iter().map(ToString::to_string).collect();
    card.case(
        name(case),
        if is_right { Ok(()) } else { Err(format!("{actual} instead of {expected}: {lines:?}")) },
    );
}

/// Cases that have a verdict for each signature.
fn each_signature(suite: &Suite) {
    let mut card = Scorecard::new(suite.folder, "");
    for case in suite.cases() {
        let Some(expected) = case["results"].as_array() else { continue };
        let reports = suite.verify(case, &suite.message(case), &Policy::default());
        let verdicts: Vec<_> = reports.iter().map(|report| report.verdict.to_string()).collect();
        let expected: Vec<_> = expected.iter().map(|verdict| verdict.as_str().expect("a verdict")).collect();
        let is_right = verdicts.len() == expected.len()
            && verdicts.iter().zip(&expected).all(|(verdict, expected)| match *expected {
                "notpass" => verdict != "pass",
                "permfail" => verdict == "permerror" || verdict == "fail",
                expected => verdict == expected,
            });
        card.case(
            name(case),
            if is_right { Ok(()) } else { Err(format!("{verdicts:?} instead of {expected:?}")) },
        );
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn the_messages_of_the_rfcs() {
    each_signature(&Suite::read("dkim-rfc"));
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn go_msgauth() {
    each_signature(&Suite::read("dkim-go-msgauth"));
}

/// rsa-sha1 and keys of less than 1024 bits are refused (RFC 8301).
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn mail_dkim_by_rfc_8301() {
    let suite = Suite::read("dkim-mail-dkim");
    let mut card = Scorecard::new(suite.folder, "");
    for case in suite.cases() {
        let reports = suite.verify(case, &suite.message(case), &Policy::default());
        file(&mut card, case, &reports, case["expect_8301"].as_str().expect("an expectation"));
    }
    card.finish();
}

#[cfg(feature = "legacy")]
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn mail_dkim_by_rfc_6376() {
    let suite = Suite::read("dkim-mail-dkim");
    let mut card = Scorecard::new(suite.folder, "");
    for case in suite.cases() {
        let reports = suite.verify(case, &suite.message(case), &Policy::legacy());
        file(&mut card, case, &reports, case["expect_6376"].as_str().expect("an expectation"));
    }
    card.finish();
}

/// What opendkim's tests accept with `l=` and text behind what is signed is accepted by its defaults.
fn opendkim_policy(policy: Policy) -> Policy {
    let mut policy = policy;
    policy.partial_body = dkim::PartialBody::Accept;
    policy
}

#[cfg(feature = "legacy")]
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn opendkim_verifies() {
    let suite = Suite::read("dkim-opendkim");
    let mut card = Scorecard::new("dkim-opendkim, verify", "");
    for case in suite.cases().filter(|case| case["mode"] == "verify") {
        let reports = suite.verify(case, &suite.message(case), &opendkim_policy(Policy::legacy()));
        file(&mut card, case, &reports, case["expect"].as_str().expect("an expectation"));
    }
    card.finish();
}

/// By default no message passes on an rsa-sha1 signature, and what passes otherwise still does.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn opendkim_verifies_by_rfc_8301() {
    let suite = Suite::read("dkim-opendkim");
    let mut card = Scorecard::new("dkim-opendkim, verify by RFC 8301", "");
    for case in suite.cases().filter(|case| case["mode"] == "verify") {
        let message = suite.message(case);
        let reports = suite.verify(case, &message, &opendkim_policy(Policy::default()));
        let has_sha256 = String::from_utf8_lossy(&message).contains("a=rsa-sha256");
        let expected = if has_sha256 { case["expect"].as_str().expect("an expectation") } else { "notpass" };
        file(&mut card, case, &reports, expected);
    }
    card.finish();
}
