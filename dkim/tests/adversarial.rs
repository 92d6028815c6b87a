//! Messages and records that are made to hurt. What matters is that nothing passes that should not, and that
//! twice the input takes no more than twice the work. Work is counted, not timed.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use dkim::{
    Canonicalization, Cause, Form, KeyRecord, Policy, SignatureReport, Verdict,
    backend::{Backend, Digest, Hash, PublicKey, RefusedKey, VerifySignature, rustcrypto::RustCrypto},
    dns::Answer,
    sign::Signer,
    signature::{FieldNames, SignatureErrorKind},
};
use mail_base::{
    dns::{Question, from_fn},
    fields::HeaderLimits,
    zone::Recorder,
};
use std::{cell::Cell, fmt::Write as _, sync::Arc};
use support::{NOW, signed, template, verify, zone};
use testkit::heap;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

const MESSAGE: &str = "From: a@example.com\r\nTo: b@example.net\r\nSubject: s  t\r\n\tfolded\r\nX-Not-Signed: x\r\n\r\nHello  you\r\n\r\nlast\r\n";

/// Where the octets of the message stand that a signature covers, or that are the signature.
fn is_signed(message: &[u8], at: usize) -> bool {
    let text = std::str::from_utf8(message).unwrap();
    let start = text.find("X-Not-Signed").unwrap();
    !(start..start + "X-Not-Signed: x\r\n".len()).contains(&at)
}

#[test]
fn no_octet_that_is_signed_can_be_changed() {
    for form in [Form::Simple, Form::Relaxed] {
        let mut template = template();
        template.canonicalization = Canonicalization { header: form, body: form };
        let message = signed(template, MESSAGE.as_bytes());
        assert_eq!(verify(&message, &Policy::default())[0].verdict, Verdict::Pass);
        for at in 0..message.len() {
            for bit in 0..8 {
                let mut forged = message.clone();
                forged[at] ^= 1 << bit;
                let passes =
                    verify(&forged, &Policy::default()).iter().any(|report| report.verdict == Verdict::Pass);
                if passes && is_signed(&message, at) {
                    // what still passes must be the same in the canonical form: a name in another case, white
                    // space for white space, white space in b=
                    assert!(
                        is_same_to_the_form(form, &message, &forged, at),
                        "{form}, bit {bit} of octet {at}: {:?}",
                        String::from_utf8_lossy(&forged)
                    );
                }
            }
        }
    }
}

fn is_same_to_the_form(form: Form, message: &[u8], forged: &[u8], at: usize) -> bool {
    let is_space = |octet: u8| matches!(octet, b' ' | b'\t' | b'\r' | b'\n');
    let text = std::str::from_utf8(message).unwrap();
    let b_starts = text.find(" b=").or_else(|| text.find("\tb=")).unwrap();
    // the white space around the value of b= reaches to the end of the field
    let in_b = (b_starts..text.find("\nFrom:").unwrap() + 1).contains(&at);
    let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let colon = text[line_start..].find(':').map_or(0, |colon| line_start + colon);
    let in_name = at < colon && at < text.find("\r\n\r\n").unwrap();
    let same_case = message[at].eq_ignore_ascii_case(&forged[at]);
    let both_space = is_space(message[at]) && is_space(forged[at]);
    let is_own_name = at < "DKIM-Signature".len();
    match form {
        // "dkim-signature" in another case is still found, but is not what was hashed in the simple form
        Form::Simple => in_b && both_space,
        Form::Relaxed => both_space || ((in_name || is_own_name) && same_case),
    }
}

#[test]
fn a_signature_does_not_pass_for_another_key_domain_or_selector() {
    let message = String::from_utf8(signed(template(), MESSAGE.as_bytes())).unwrap();
    let anywhere = from_fn(|_: &Question| {
        let key = dkim::backend::rustcrypto::PrivateKey::new(&support::ed25519()).unwrap();
        Answer::txt([key.record().to_string()])
    });
    assert_eq!(
        dkim::verify(message.as_bytes(), &Policy::default(), NOW, &anywhere)[0].verdict,
        Verdict::Pass
    );
    for (from, to) in
        [("d=example.com", "d=example.org"), ("s=ed", "s=other"), ("c=relaxed/relaxed", "c=relaxed/simple")]
    {
        let forged = message.replace(from, to);
        let report = &dkim::verify(forged.as_bytes(), &Policy::default(), NOW, &anywhere)[0];
        assert_eq!(report.verdict, Verdict::Fail, "{to}");
    }
}

#[test]
fn a_thousand_signatures_ask_once_each_and_no_more_than_allowed() {
    let message = signed(template(), MESSAGE.as_bytes());
    let field = String::from_utf8(message[..message.len() - MESSAGE.len()].to_vec()).unwrap();
    let many: String = (0..1000).map(|count| field.replace("s=ed", &format!("s=s{count}"))).collect();
    let recorder = Recorder::new(zone(""));
    let reports = dkim::verify(format!("{many}{MESSAGE}").as_bytes(), &Policy::default(), NOW, &recorder);
    assert_eq!((reports.len(), recorder.count()), (1000, 10));
    let mut policy = Policy::default();
    policy.max_signatures = 1000;
    let recorder = Recorder::new(zone(""));
    let reports = dkim::verify(format!("{many}{MESSAGE}").as_bytes(), &policy, NOW, &recorder);
    assert_eq!((reports.len(), recorder.count()), (1000, 1000));
    assert!(reports.iter().all(|report| report.cause == Some(Cause::NoKey)));
}

/// Counts the octets that are hashed in a thread.
#[derive(Debug)]
struct Counting;

thread_local! {
    static HASHED: Cell<usize> = const { Cell::new(0) };
}

struct CountingHash(Box<dyn Hash>);

impl Hash for CountingHash {
    fn update(&mut self, octets: &[u8]) {
        HASHED.set(HASHED.get() + octets.len());
        self.0.update(octets);
    }

    fn digest(&self) -> Digest {
        self.0.digest()
    }
}

impl Backend for Counting {
    fn hash(&self, algorithm: dkim::algorithm::HashAlgorithm) -> Option<Box<dyn Hash>> {
        RustCrypto.hash(algorithm).map(|hash| Box::new(CountingHash(hash)) as Box<dyn Hash>)
    }

    fn public_key(&self, key: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey> {
        RustCrypto.public_key(key)
    }
}

fn verify_and_count(message: &[u8], policy: &Policy) -> Vec<SignatureReport> {
    let mut verifier = dkim::Verifier::with_backend(policy, NOW, &Counting);
    verifier.write(message);
    dkim::run_all(verifier.finish(), &zone(""))
}

#[test]
fn the_body_is_hashed_once_however_many_signatures_and_limits_there_are() {
    let mut header = String::new();
    for count in 0..500 {
        let form = ["simple", "relaxed"][count % 2];
        let _ = write!(
            header,
            "DKIM-Signature: v=1; a=ed25519-sha256; c=simple/{form}; d=example.com; s=ed; h=from; l={count}; bh=AAAA; b=AAAA\r\n"
        );
    }
    let body = "x".repeat(100_000);
    let mut policy = Policy::default();
    policy.max_signatures = 500;
    let message = format!("{header}From: a@example.com\r\n\r\n{body}");
    let reports = verify_and_count(message.as_bytes(), &policy);
    assert!(reports.iter().all(|report| report.cause == Some(Cause::BodyMismatch)));
    assert_eq!(HASHED.get(), 2 * (100_000 + 2), "once for each form");
}

#[test]
fn a_header_of_a_mebibyte_is_read_and_a_larger_one_refused() {
    let filler = format!("X-Filler: {}\r\n", "y".repeat(900)).repeat(1100);
    let message = signed(template(), format!("{filler}{MESSAGE}").as_bytes());
    assert!(message.len() > 1_000_000);
    assert_eq!(verify(&message, &Policy::default())[0].verdict, Verdict::Pass);
    let message = [&message[..message.len() - MESSAGE.len()], filler.as_bytes(), MESSAGE.as_bytes()].concat();
    let report = &verify(&message, &Policy::default())[0];
    assert_eq!(report.verdict, Verdict::Neutral);
    assert_eq!(report.cause.as_ref().unwrap().to_string(), "the header has more than 1048576 octets");
}

/// Runs a job on an input of a length and on one of twice that length: no more than twice as much may be hashed, be
/// taken from the heap, and how often. Steps that do neither are not counted; if their number were the square of the
/// length, the test would not come to its end.
fn must_be_linear(label: &str, length: usize, input: impl Fn(usize) -> Vec<u8>, job: impl Fn(&[u8])) {
    let work = |length| {
        let input = input(length);
        HASHED.set(0);
        let ((), usage) = heap::measure(|| job(&input));
        [HASHED.get(), usage.most, usage.allocations]
    };
    let (once, twice) = (work(length), work(2 * length));
    // what there is to every message, and how a Vec grows
    let slack = [1 << 10, 4 << 10, 16];
    for ((once, twice), slack) in once.iter().zip(twice).zip(slack) {
        assert!(
            twice <= 2 * once + slack,
            "{label}: hashed, octets of heap, allocations: {once:?}, {twice:?}"
        );
    }
}

#[test]
#[should_panic(expected = "of its square")]
fn what_is_not_linear_is_seen() {
    let input = |length| vec![b'x'; length];
    must_be_linear("of its square", 1_000, input, |octets| drop(octets.repeat(octets.len())));
}

#[test]
fn many_fields_and_many_names_are_no_product() {
    let mut policy = Policy::default();
    policy.header = HeaderLimits::default().with_fields(200_000).with_octets(1 << 24);
    let input = |names: usize| {
        let mut message = String::from(
            "DKIM-Signature: v=1; a=ed25519-sha256; d=example.com; s=ed; bh=AAAA; b=AAAA; h=from",
        );
        for count in 0..names {
            let _ = write!(message, ":n{}", count % 7);
        }
        message.push_str("\r\nFrom: a@example.com\r\n");
        for count in 0..10 * names {
            let _ = write!(message, "n{}: x\r\n", count % 7);
        }
        message.into_bytes()
    };
    must_be_linear("ten fields for a name", 5_000, input, |message| {
        assert_eq!(verify_and_count(message, &policy)[0].cause, Some(Cause::BodyMismatch));
    });
    let report = &verify(&input(10_000), &Policy::default())[0];
    assert_eq!(report.cause.as_ref().unwrap().to_string(), "the header has more than 10000 fields");
}

#[test]
fn quadratic_traps_in_a_signature_are_none() {
    type Trap = fn(usize) -> String;
    let traps: [(&str, usize, Trap); 7] = [
        ("unknown tags", 45_000, |count| (0..count).map(|nth| format!("t{nth:05}=x; ")).collect()),
        ("white space in b=", 200_000, |count| format!("b={}", " A".repeat(count))),
        ("much white space in b=", 450_000, |count| format!("b=AAAA{}", " ".repeat(count))),
        ("copied fields", 100_000, |count| format!("z={}; ", vec!["A:b"; count].join("|"))),
        ("folds", 150_000, |count| "\r\n ".repeat(count)),
        ("query methods", 100_000, |count| format!("q={}dns/txt; ", "x/y:".repeat(count))),
        ("identity", 100_000, |count| format!("i={}@example.com; ", "=40".repeat(count))),
    ];
    for (label, count, trap) in traps {
        let input = |count| {
            let trap = trap(count);
            format!("DKIM-Signature: v=1; {trap}\r\nFrom: a@example.com\r\n\r\n").into_bytes()
        };
        must_be_linear(label, count, input, |message| {
            assert_eq!(verify_and_count(message, &Policy::default()).len(), 1);
        });
    }
}

#[test]
fn quadratic_traps_in_a_body_are_none() {
    let pieces: [&[u8]; 6] = [b" ", b"\r\n", b"a\r\n", b"a \t", b" \r", b"\r\n \r\n x"];
    for piece in pieces {
        let input = |length| -> Vec<u8> {
            let body = piece.iter().copied().cycle().take(length);
            b"From: a@example.com\r\n\r\n".iter().copied().chain(body).collect()
        };
        for form in [Form::Simple, Form::Relaxed] {
            let mut template = template();
            template.canonicalization = Canonicalization { header: form, body: form };
            must_be_linear(&format!("{piece:?}, {form}"), 500_000, input, |message| {
                let mut signer = Signer::with_backend([template.clone()], NOW, &Counting);
                signer.write(message);
                assert_eq!(signer.finish().unwrap().len(), 1);
            });
        }
    }
}

#[test]
fn records_of_64_kib_are_read_or_refused_with_their_place() {
    let message = signed(template(), MESSAGE.as_bytes());
    let ask = |record: String| {
        let resolver = from_fn(move |_: &Question| Answer::txt([&record]));
        dkim::verify(&message, &Policy::default(), NOW, &resolver).remove(0)
    };
    let tags: String = (0..8_000).map(|count| format!("x{count}=y; ")).collect();
    let good = KeyRecord::new(dkim::algorithm::KeyType::Ed25519, vec![1; 32]);
    let report = ask(format!("{}; {tags}", good));
    assert_eq!(report.verdict, Verdict::Fail, "the key is another: {report}");
    for (record, cause) in [
        (format!("v=DKIM1; p={}", "A".repeat(65_536)), "inappropriate key algorithm"),
        (format!("v=DKIM1; k=ed25519; p={}", "A".repeat(65_536)), "p= holds no ed25519 key"),
        (";".repeat(65_536), "key syntax: the tag list is broken: a tag is empty (at octet 0)"),
        ("x".repeat(65_536), "key syntax: the tag list is broken: a tag has no equals sign (at octet 65536)"),
        (format!("p=;{}", "t=y;".repeat(16_000)), "key syntax: a tag comes twice (at octet 7)"),
    ] {
        let report = ask(record);
        assert_eq!(report.cause.unwrap().to_string(), cause);
    }
}

#[test]
fn rsa_numbers_that_are_made_to_be_slow_are_refused_before_they_are_used() {
    let message = String::from_utf8(signed(template(), MESSAGE.as_bytes()))
        .unwrap()
        .replace("ed25519-sha256", "rsa-sha256");
    let ask = |modulus: usize, exponent: usize| {
        let octets = |length: usize| [vec![0xff; length - 1], vec![0xfd]].concat();
        let integer = |number: Vec<u8>| {
            let length = u16::try_from(number.len() + 1).unwrap().to_be_bytes();
            [&[2, 0x82, length[0], length[1], 0], &number[..]].concat()
        };
        let content = [integer(octets(modulus)), integer(octets(exponent))].concat();
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        let key = [&[0x30, 0x82, length[0], length[1]], &content[..]].concat();
        let record = KeyRecord::new(dkim::algorithm::KeyType::Rsa, key).to_string();
        let resolver = from_fn(move |_: &Question| Answer::txt([&record]));
        let report = dkim::verify(message.as_bytes(), &Policy::default(), NOW, &resolver).remove(0);
        report.cause.unwrap()
    };
    assert_eq!(ask(4096, 256), Cause::KeyTooLong { bits: 32_768 });
    assert_eq!(ask(512, 512), Cause::KeyRefused(RefusedKey::Malformed), "an exponent as long as the modulus");
}

#[test]
fn short_signatures_and_hashes_are_no_panic() {
    for (b, bh) in [("AA", "AAAA"), ("AAAA", "AA"), ("A", "AAAA")] {
        for algorithm in ["rsa-sha256", "ed25519-sha256"] {
            let message = format!(
                "DKIM-Signature: v=1; a={algorithm}; d=example.com; s={}; h=from; bh={bh}; b={b}\r\nFrom: a\r\n\r\n",
                if algorithm.starts_with("rsa") { "rsa" } else { "ed" }
            );
            let report = verify(message.as_bytes(), &Policy::default()).remove(0);
            let is_syntax = matches!(&report.cause, Some(Cause::Syntax(error)) if error.kind == SignatureErrorKind::Base64);
            assert!(is_syntax || report.verdict == Verdict::Fail, "{report}");
        }
    }
}

#[test]
fn field_names_as_long_as_a_line_are_signed() {
    let mut template = template();
    let long = "x".repeat(900);
    template.signed = FieldNames::new([long.as_str()]);
    let message = signed(template, format!("{long}: y\r\n{MESSAGE}").as_bytes());
    assert_eq!(verify(&message, &Policy::default())[0].verdict, Verdict::Pass);
}
