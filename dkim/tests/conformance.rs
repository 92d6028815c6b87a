//! Third-party conformance data: `MAILPROTO_CORPORA=… cargo test -p mailproto-dkim --all-features -- --include-ignored`.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use dkim::{
    Algorithm, Canonicalization, Form, KeyRecord, LineEnds, Name, Policy, SecretKey, Signature,
    SignatureReport, Verdict,
    backend::rustcrypto::PrivateKey,
    sign::{Signer, Template},
};
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

#[cfg(feature = "legacy")]
mod opendkim_signatures {
    use super::*;
    use dkim::backend::{
        Backend, Hash, PublicKey, RefusedKey, SigningKey, VerifySignature, rustcrypto::RustCrypto,
    };
    use std::sync::{Arc, Mutex};

    /// What was hashed for the last signature: the input of the header hash.
    static DATA: Mutex<Vec<u8>> = Mutex::new(Vec::new());

    /// A backend that notes what it verifies.
    #[derive(Debug)]
    struct Noting;

    impl Backend for Noting {
        fn hash(&self, algorithm: dkim::algorithm::HashAlgorithm) -> Option<Box<dyn Hash>> {
            RustCrypto.hash(algorithm)
        }

        fn public_key(&self, key: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey> {
            RustCrypto.public_key(key).map(|key| Arc::new(NotingKey(key)) as Arc<dyn VerifySignature>)
        }
    }

    #[derive(Debug)]
    struct NotingKey(Arc<dyn VerifySignature>);

    impl VerifySignature for NotingKey {
        fn verify(&self, algorithm: Algorithm, data: &[u8], signature: &[u8]) -> bool {
            *DATA.lock().unwrap() = data.to_vec();
            self.0.verify(algorithm, data, signature)
        }
    }

    /// Signing the same octets gives the same signature: what is hashed of body and header is what opendkim hashes.
    /// rsa-sha1 is not signed with, but its signatures verify.
    #[test]
    #[ignore = "needs MAILPROTO_CORPORA"]
    fn opendkim_signs() {
        let suite = Suite::read("dkim-opendkim");
        let key = SecretKey::from_pem(&corpus::read("dkim-opendkim/keys.pem")).unwrap();
        let key = PrivateKey::new(&key).unwrap();
        let mut card = Scorecard::new("dkim-opendkim, sign", "");
        for case in suite.cases().filter(|case| case["mode"] == "sign") {
            let value = case["expect_signature_header_value"].as_str().expect("a signature");
            let mut policy = Policy::legacy();
            policy.accept_expired = true;
            if case["lib_flags"].as_array().expect("flags").iter().any(|flag| flag == "DKIM_LIBFLAGS_FIXCRLF")
            {
                policy.line_ends = LineEnds::Normalise;
            }
            let message = [format!("DKIM-Signature: {value}\r\n").as_bytes(), &suite.message(case)].concat();
            let mut verifier = dkim::Verifier::with_backend(&policy, now(case), &Noting);
            verifier.write(&message);
            let reports = dkim::run_all(verifier.finish(), &suite.records);
            let signature = Signature::parse(value.as_bytes(), None).expect("a signature");
            let is_same = signature.algorithm == Algorithm::RsaSha1
                || key.sign(&DATA.lock().unwrap()).as_ref() == Ok(&signature.signature);
            let result = match best(&reports) {
                "pass" if is_same => Ok(()),
                "pass" => Err("another signature".to_owned()),
                _ => Err(format!("{:?}", reports.iter().map(ToString::to_string).collect::<Vec<_>>())),
            };
            card.case(name(case), result);
        }
        card.finish();
    }
}

/// A message from its empty line on: only the body counts, the header may be one that is not signed.
fn body_of(message: &[u8]) -> &[u8] {
    let mut lines = message.split_inclusive(|&octet| octet == b'\n');
    let is_header = |line: &&[u8]| !line.trim_ascii_end().is_empty();
    let header: usize = lines.by_ref().take_while(is_header).map(<[u8]>::len).sum();
    &message[header..]
}

/// The body hash that a signer puts into `bh=`.
fn body_hash(message: &[u8], body: Form) -> Vec<u8> {
    let name = |text| Name::parse(text).unwrap();
    let mut template = Template::new(name("example.com"), name("s"), Algorithm::Ed25519Sha256);
    template.canonicalization = Canonicalization { header: Form::Relaxed, body };
    let mut signer = Signer::new([template], 0).line_ends(LineEnds::Normalise);
    signer.write(b"From: a@example.com\r\n");
    signer.write(body_of(message));
    let field = signer.finish().unwrap().remove(0).attach(&[0; 64]).unwrap();
    Signature::parse(field.value().as_bytes(), None).unwrap().body_hash
}

/// Whether a verifier finds that the body has this hash. The signature that wants it is none of anybody.
#[cfg(feature = "legacy")]
fn has_body_hash(message: &[u8], body: Form, hash: &str, bh: &str) -> bool {
    let mut policy = Policy::legacy();
    policy.line_ends = LineEnds::Normalise;
    let mut verifier = dkim::Verifier::new(&policy, 0);
    let field = format!("v=1; a=rsa-{hash}; c=relaxed/{body}; d=example.com; s=s; h=from; bh={bh}; b=AAAA");
    verifier.write(format!("DKIM-Signature: {field}\r\nFrom: a@example.com\r\n").as_bytes());
    verifier.write(body_of(message));
    let reports = dkim::run_all(verifier.finish(), &dkim::Zone::new());
    reports[0].body == dkim::report::BodyFact::Match
}

#[cfg(feature = "legacy")]
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn body_hashes_of_real_messages_by_either_hash() {
    let hashes = corpus::json("dkim-canon-hashes/body-hashes.json");
    let mut card = Scorecard::new("dkim-canon-hashes, as verified", "");
    for case in hashes["messages"].as_array().expect("a list of messages") {
        let file = case["file"].as_str().expect("a file");
        let message = corpus::read(file);
        for body in [Form::Simple, Form::Relaxed] {
            for hash in ["sha1", "sha256"] {
                let bh = case[format!("bh_{body}_{hash}")].as_str().expect("a hash");
                card.equal(
                    &format!("{file}, {body}, {hash}"),
                    &has_body_hash(&message, body, hash, bh),
                    &true,
                );
            }
        }
    }
    card.finish();
}

/// RFC 6376 §3.4.3 and §3.4.4.
#[cfg(feature = "legacy")]
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn body_hashes_of_empty_bodies() {
    let hashes = corpus::json("dkim-rfc/empty-body-hashes.json");
    for body in [Form::Simple, Form::Relaxed] {
        for hash in ["sha1", "sha256"] {
            let bh = hashes[body.to_string()][hash].as_str().expect("a hash");
            for message in ["", "\r\n", "\r\n\r\n\r\n"] {
                assert!(has_body_hash(message.as_bytes(), body, hash, bh), "{body}, {hash}, {message:?}");
            }
        }
    }
}

/// The private keys of the RFCs are those of the records that the RFCs publish.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn the_keys_of_the_rfcs() {
    let records = corpus::json("dkim-rfc/dns.json");
    let keys = [
        ("rfc6376-C-brisbane-rsa1024.pem", "brisbane._domainkey.example.com"),
        ("rfc8463-A-brisbane-ed25519.txt", "brisbane._domainkey.football.example.com"),
        ("rfc8463-A-test-rsa1024.pem", "test._domainkey.football.example.com"),
    ];
    for (file, name) in keys {
        let text = String::from_utf8(corpus::read(&format!("dkim-rfc/keys/{file}"))).unwrap();
        // the seed stands behind a colon, in a line that tells what it is
        let seed = text.lines().next().and_then(|line| line.split_once(": ")).map(|(_, seed)| seed);
        let secret = SecretKey::read(seed.unwrap_or(&text).as_bytes()).unwrap();
        let record = records[name]["txt"][0].as_str().expect("a record");
        let key = PrivateKey::new(&secret).unwrap();
        assert_eq!(Ok(key.record()), KeyRecord::parse(record.as_bytes()).as_ref(), "{file}");
    }
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn body_hashes_of_real_messages() {
    let hashes = corpus::json("dkim-canon-hashes/body-hashes.json");
    let mut card = Scorecard::new("dkim-canon-hashes", "");
    for case in hashes["messages"].as_array().expect("a list of messages") {
        let file = case["file"].as_str().expect("a file");
        let message = corpus::read(file);
        for (form, key) in [(Form::Simple, "bh_simple_sha256"), (Form::Relaxed, "bh_relaxed_sha256")] {
            // p= of a key record shows octets in base64
            let record = KeyRecord::new(dkim::algorithm::KeyType::Rsa, body_hash(&message, form)).to_string();
            let actual = record.split_once("p=").map(|(_, hash)| hash);
            card.equal(&format!("{file}, {form}"), &actual, &case[key].as_str());
        }
    }
    card.finish();
}
