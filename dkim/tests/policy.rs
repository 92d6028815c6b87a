//! Every verdict and its cause.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod support;

use dkim::{
    Canonicalization, Cause, Form, KeyRecord, LineEnds, PartialBody, Policy, SignatureReport, Step, Verdict,
    Verifier, Zone,
    backend::rustcrypto::PrivateKey,
    report::{BodyFact, HeaderFact, KeyFact},
    signature::{FieldNames, Identity, SignatureErrorKind},
};
use mail_base::{
    Inquiry,
    dns::{Answer, Question, from_fn},
    fields::HeaderLimits,
    zone::Recorder,
};
use support::{NOW, ed25519, name, signed, template, verify, zone};

const MESSAGE: &str = "From: a@example.com\r\nTo: b@example.net\r\nSubject: s\r\n\r\nHello\r\n";

fn message() -> Vec<u8> {
    signed(template(), MESSAGE.as_bytes())
}

fn one(reports: Vec<SignatureReport>) -> SignatureReport {
    assert_eq!(reports.len(), 1, "{reports:?}");
    reports.into_iter().next().unwrap()
}

fn outcome(report: SignatureReport) -> (Verdict, Option<Cause>) {
    (report.verdict, report.cause)
}

fn with_key(record: &str) -> SignatureReport {
    let zone = Zone::parse(&format!("ed._domainkey.example.com. {record}")).unwrap();
    one(dkim::verify(&message(), &Policy::default(), NOW, &zone))
}

fn record() -> KeyRecord {
    PrivateKey::new(&ed25519()).unwrap().record().clone()
}

fn with_record(change: impl FnOnce(&mut KeyRecord)) -> SignatureReport {
    let mut record = record();
    change(&mut record);
    with_key(&format!("TXT {}", record.zone_data()))
}

/// The message with something else in place of a part of its signature: it does not verify any more, but what
/// is looked at first is seen first.
fn altered(from: &str, to: &str) -> Vec<u8> {
    let message = String::from_utf8(message()).unwrap();
    assert!(message.contains(from), "{message}");
    message.replacen(from, to, 1).into_bytes()
}

#[test]
fn a_good_signature_passes() {
    assert_eq!(outcome(one(verify(&message(), &Policy::default()))), (Verdict::Pass, None));
}

#[test]
fn an_unsigned_message_has_no_reports() {
    assert_eq!(verify(MESSAGE.as_bytes(), &Policy::default()), []);
    assert_eq!(verify(b"", &Policy::default()), []);
}

#[test]
fn what_can_be_told_without_a_key_asks_for_none() {
    use SignatureErrorKind as Kind;
    let syntax = |report: SignatureReport| match report.cause {
        Some(Cause::Syntax(error)) => error.kind,
        cause => panic!("{cause:?}"),
    };
    for (from, to, kind) in [
        ("v=1", "v=2", Kind::Version),
        ("a=ed25519-sha256", "a=ed25519-sha512", Kind::Algorithm),
        ("d=example.com", "d=com", Kind::Domain),
        ("bh=", "bh=*", Kind::Base64),
        (" b=", " b=*", Kind::Base64),
        ("s=ed;", "", Kind::Missing("s")),
        ("t=", "t=1; t=", Kind::Duplicate),
    ] {
        let recorder = Recorder::new(zone(""));
        let message = altered(from, to);
        let report = one(dkim::verify(&message, &Policy::default(), NOW, &recorder));
        assert_eq!(report.verdict, Verdict::PermError, "{to}");
        assert_eq!(syntax(report), kind, "{to}");
        assert_eq!(recorder.count(), 0, "{to}");
    }
}

#[test]
fn a_signature_that_cannot_be_read_is_still_named() {
    let report = one(verify(&altered("bh=", "bh=*"), &Policy::default()));
    assert_eq!(report.domain, Some(name("example.com")));
    assert_eq!(report.selector, Some(name("ed")));
    assert!(report.signature_prefix.is_some_and(|prefix| prefix.len() == 8));
    assert_eq!(
        (report.body, report.header, report.key),
        (BodyFact::Unchecked, HeaderFact::Unchecked, KeyFact::Unchecked)
    );
}

#[test]
fn from_must_be_signed_and_there() {
    let report = one(verify(&altered("h=From:From:", "h="), &Policy::default()));
    assert_eq!(outcome(report), (Verdict::PermError, Some(Cause::FromNotSigned)));
    let message = altered("\r\nFrom: a@example.com", "\r\nForm: a@example.com");
    assert_eq!(outcome(one(verify(&message, &Policy::default()))), (Verdict::PermError, Some(Cause::NoFrom)));
}

#[test]
fn rsa_sha1_is_recognised_and_refused() {
    let report = one(verify(&altered("a=ed25519-sha256", "a=rsa-sha1"), &Policy::default()));
    assert_eq!(
        outcome(report),
        (Verdict::PermError, Some(Cause::RefusedAlgorithm(dkim::Algorithm::RsaSha1)))
    );
}

#[test]
fn expired_signatures_are_refused_after_the_clock_skew() {
    let mut template = template();
    template.lifetime = Some(10);
    let message = signed(template, MESSAGE.as_bytes());
    let at = |now, policy: &Policy| outcome(one(dkim::verify(&message, policy, now, &zone(""))));
    let mut policy = Policy::default();
    assert_eq!(at(NOW + 310, &policy), (Verdict::Pass, None));
    let expired = (Verdict::PermError, Some(Cause::Expired { expiration: NOW + 10 }));
    assert_eq!(at(NOW + 311, &policy), expired);
    policy.clock_skew = 0;
    assert_eq!(at(NOW + 10, &policy), (Verdict::Pass, None));
    assert_eq!(at(NOW + 11, &policy), expired);
    policy.accept_expired = true;
    assert_eq!(at(NOW + 11, &policy), (Verdict::Pass, None));
}

#[test]
fn signatures_of_the_future_are_refused_before_the_clock_skew() {
    let at = |now, policy: &Policy| outcome(one(dkim::verify(&message(), policy, now, &zone(""))));
    let mut policy = Policy::default();
    assert_eq!(at(NOW - 300, &policy), (Verdict::Pass, None));
    assert_eq!(at(NOW - 301, &policy), (Verdict::Policy, Some(Cause::Future { timestamp: NOW })));
    policy.accept_future = true;
    assert_eq!(at(0, &policy), (Verdict::Pass, None));
}

#[test]
fn absent_and_unavailable_keys_are_two_things() {
    for record in ["NXDOMAIN", "NODATA", "A 192.0.2.1"] {
        let report = with_key(record);
        assert_eq!(report.key, KeyFact::Absent);
        assert_eq!(outcome(report), (Verdict::PermError, Some(Cause::NoKey)), "{record}");
    }
    let report = with_key("UNAVAILABLE");
    assert_eq!((report.key, report.body), (KeyFact::Unavailable, BodyFact::Match));
    assert_eq!(outcome(report), (Verdict::TempError, Some(Cause::KeyUnavailable)));
}

#[test]
fn a_caller_whose_time_is_up_gets_temperror() {
    let mut verifier = Verifier::new(&Policy::default(), NOW);
    verifier.write(&message());
    let Some(Step::Ask(inquiry)) = verifier.finish().pop() else { panic!("a question") };
    assert_eq!(inquiry.question().to_string(), "TXT ed._domainkey.example.com");
    assert_eq!(outcome(one(inquiry.expire())), (Verdict::TempError, Some(Cause::KeyUnavailable)));
}

#[test]
fn keys_that_may_not_be_used_are_told_apart() {
    let cases: [(SignatureReport, KeyFact, Cause); 6] = [
        (with_record(|record| record.public_key.clear()), KeyFact::Revoked, Cause::KeyRevoked),
        (with_record(|record| record.key_type = None), KeyFact::Unusable, Cause::KeyType),
        (
            with_record(|record| record.key_type = Some(dkim::algorithm::KeyType::Rsa)),
            KeyFact::Unusable,
            Cause::KeyType,
        ),
        (
            with_record(|record| record.hashes = Some(vec![dkim::algorithm::HashAlgorithm::Sha1])),
            KeyFact::Unusable,
            Cause::KeyHash,
        ),
        (with_record(|record| record.for_email = false), KeyFact::Unusable, Cause::KeyService),
        (
            with_record(|record| {
                record.public_key.pop();
            }),
            KeyFact::Unusable,
            Cause::KeyMalformed(dkim::algorithm::KeyType::Ed25519),
        ),
    ];
    for (report, fact, cause) in cases {
        assert_eq!(report.key, fact);
        assert_eq!(outcome(report), (Verdict::PermError, Some(cause)));
    }
    assert!(matches!(with_key("TXT \"v=DKIM2; p=\"").cause, Some(Cause::KeySyntax(_))));
    assert!(matches!(with_key("TXT hello").cause, Some(Cause::KeySyntax(_))));
}

#[test]
fn a_strict_key_is_for_its_own_domain_alone() {
    let mut record = record();
    record.strict = true;
    let zone = Zone::parse(&format!("ed._domainkey.example.com. TXT {}", record.zone_data())).unwrap();
    let verify = |identity: Option<Identity>| {
        let mut template = template();
        template.identity = identity;
        outcome(one(dkim::verify(&signed(template, MESSAGE.as_bytes()), &Policy::default(), NOW, &zone)))
    };
    assert_eq!(verify(None), (Verdict::Pass, None));
    assert_eq!(verify(Identity::new(Some("a"), name("example.com"))), (Verdict::Pass, None));
    let strict = (Verdict::PermError, Some(Cause::KeyStrict));
    assert_eq!(verify(Identity::new(None, name("mail.example.com"))), strict);
}

#[test]
fn a_testing_key_is_flagged_and_changes_no_verdict() {
    let report = with_record(|record| record.testing = true);
    assert!(report.testing);
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(!with_record(|_| ()).testing);
}

#[test]
fn of_several_records_the_one_that_fits_is_taken() {
    let good = record().zone_data();
    let other = "\"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"";
    let records = |lines: &[&str]| {
        let lines = lines.iter().map(|line| format!("ed._domainkey.example.com. TXT {line}\n"));
        let zone = Zone::parse(&lines.collect::<String>()).unwrap();
        one(dkim::verify(&message(), &Policy::default(), NOW, &zone)).verdict
    };
    assert_eq!(records(&["v=spf1", other, &good]), Verdict::Pass);
    assert_eq!(records(&["v=spf1", other]), Verdict::Fail, "the one that came nearest is reported");
    assert_eq!(records(&["v=spf1", "hello", other, "p=", &good]), Verdict::Fail, "no more than four");
}

#[test]
fn of_records_that_are_as_bad_as_each_other_the_first_is_reported() {
    let service = "\"v=DKIM1; k=ed25519; s=tlsrpt; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"";
    for (first, second, cause) in [(service, "p=", Cause::KeyService), ("p=", service, Cause::KeyRevoked)] {
        let report = with_key(&format!("TXT {first}\ned._domainkey.example.com. TXT {second}"));
        assert_eq!(report.cause, Some(cause));
    }
}

#[test]
fn rsa_keys_are_measured() {
    let length = |bits: usize, policy: &Policy| {
        let secret = match bits {
            512 => support::rsa_512(),
            1024 => support::rsa_1024(),
            _ => support::rsa_2048(),
        };
        // the public key is taken out of the private one by hand: no backend takes 512 bits
        let record = match bits {
            512 => "v=DKIM1; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAPNOzwecqWcUR0mgsakazf6LHG1UK3lDCR7fZdWtZmhkbZBT8AMPkqoVCtTOtV+wAG6LuIbu4fy6OzHaybl/oFcCAwEAAQ==".to_owned(),
            _ => PrivateKey::new(&secret).unwrap().record().to_string(),
        };
        let message = altered("a=ed25519-sha256", "a=rsa-sha256");
        let resolver = from_fn(|_: &Question| Answer::txt([&record]));
        let report = one(dkim::verify(&message, policy, NOW, &resolver));
        assert_eq!(report.key_bits, Some(bits));
        outcome(report)
    };
    let mut policy = Policy::default();
    assert_eq!(
        length(512, &policy),
        (Verdict::PermError, Some(Cause::KeyTooShort { bits: 512, forbidden: true }))
    );
    assert_eq!(length(1024, &policy), (Verdict::Fail, Some(Cause::SignatureMismatch)));
    policy.min_rsa_bits = 0;
    let forbidden = (Verdict::PermError, Some(Cause::KeyTooShort { bits: 512, forbidden: true }));
    assert_eq!(length(512, &policy), forbidden, "no policy allows what RFC 8301 forbids");
    policy.min_rsa_bits = 2048;
    assert_eq!(
        length(1024, &policy),
        (Verdict::Policy, Some(Cause::KeyTooShort { bits: 1024, forbidden: false }))
    );
    assert_eq!(length(2048, &policy), (Verdict::Fail, Some(Cause::SignatureMismatch)));
    policy.max_rsa_bits = 2047;
    assert_eq!(length(2048, &policy), (Verdict::Policy, Some(Cause::KeyTooLong { bits: 2048 })));
}

#[test]
fn body_and_header_are_judged_apart() {
    let facts = |message: &[u8]| {
        let report = one(verify(message, &Policy::default()));
        (report.verdict, report.cause.clone(), report.body, report.header)
    };
    let body = altered("Hello", "Hallo");
    assert_eq!(
        facts(&body),
        (Verdict::Fail, Some(Cause::BodyMismatch), BodyFact::Mismatch, HeaderFact::Match)
    );
    let header = altered("Subject: s", "Subject: t");
    assert_eq!(
        facts(&header),
        (Verdict::Fail, Some(Cause::SignatureMismatch), BodyFact::Match, HeaderFact::Mismatch)
    );
}

#[test]
fn what_the_signature_says_of_itself_is_reported() {
    let mut template = template();
    template.lifetime = Some(60);
    template.wants_reports = true;
    let message = signed(template, MESSAGE.as_bytes());
    for now in [NOW, NOW + 1000] {
        let report = one(dkim::verify(&message, &Policy::default(), now, &zone("")));
        assert_eq!((report.timestamp, report.expiration), (Some(NOW), Some(NOW + 60)), "{report}");
        assert!(report.wants_reports);
    }
    let report = one(verify(&self::message(), &Policy::default()));
    assert_eq!((report.expiration, report.wants_reports), (None, false));
}

/// A message whose signature covers the first `length` octets of its body, with `more` behind them.
fn partial(length: usize, more: &str) -> Vec<u8> {
    support::signed_by_hand(
        &format!("l={length}; "),
        &MESSAGE["From: a@example.com\r\nTo: b@example.net\r\nSubject: s\r\n\r\n".len()..][..length.min(7)],
        &format!("{MESSAGE}{more}"),
    )
}

#[test]
fn what_l_leaves_unsigned_is_a_matter_of_policy() {
    let verdict = |length, more, partial_body| {
        let mut policy = Policy::default();
        policy.partial_body = partial_body;
        let report = one(verify(&partial(length, more), &policy));
        (report.verdict, report.cause)
    };
    let all = "Hello\r\n".len();
    assert_eq!(verdict(all, "", PartialBody::NothingAdded), (Verdict::Pass, None));
    assert_eq!(verdict(all, "", PartialBody::Accept), (Verdict::Pass, None));
    assert_eq!(verdict(all, "", PartialBody::Refuse), (Verdict::Policy, Some(Cause::BodyLength)));
    let more = (Verdict::Policy, Some(Cause::PartialBody { unsigned: 6 }));
    assert_eq!(verdict(all, "more\r\n", PartialBody::NothingAdded), more);
    assert_eq!(verdict(all, "more\r\n", PartialBody::Accept), (Verdict::Pass, None));
    let nothing = (Verdict::Policy, Some(Cause::PartialBody { unsigned: 7 }));
    assert_eq!(verdict(0, "", PartialBody::NothingAdded), nothing, "l=0 signs nothing of the body");
    let short = (Verdict::PermError, Some(Cause::BodyTooShort { length: 8, octets: 7 }));
    assert_eq!(verdict(8, "", PartialBody::Accept), short);
}

#[test]
fn a_key_that_cannot_be_used_is_reported_before_a_body_that_is_too_short() {
    let zone = Zone::parse("ed._domainkey.example.com. TXT p=").unwrap();
    let report = one(dkim::verify(&partial(8, ""), &Policy::default(), NOW, &zone));
    assert_eq!((report.body, outcome(report).1), (BodyFact::Mismatch, Some(Cause::KeyRevoked)));
}

#[test]
fn no_octets_are_all_of_a_form_that_has_none() {
    let message = support::signed_by_hand("c=simple/relaxed; l=0; ", "", "From: a@example.com\r\n\r\n");
    assert_eq!(outcome(one(verify(&message, &Policy::default()))), (Verdict::Pass, None));
}

#[test]
fn a_from_field_that_is_not_signed_spoils_the_signature() {
    let mut template = template();
    template.oversigned = FieldNames::new(["Subject"]);
    template.signed = FieldNames::new(["From"]);
    let message = [&b"From: evil@example.org\r\n"[..], &signed(template, MESSAGE.as_bytes())].concat();
    let mut policy = Policy::default();
    assert_eq!(outcome(one(verify(&message, &policy))), (Verdict::Policy, Some(Cause::UnsignedFrom)));
    policy.accept_unsigned_from = true;
    assert_eq!(outcome(one(verify(&message, &policy))), (Verdict::Pass, None));
    let sealed = [&b"From: evil@example.org\r\n"[..], &self::message()].concat();
    assert_eq!(outcome(one(verify(&sealed, &policy))), (Verdict::Fail, Some(Cause::SignatureMismatch)));
}

#[test]
fn required_fields_must_be_signed_where_they_are() {
    let mut template = template();
    template.oversigned = FieldNames::new(["From"]);
    template.signed = FieldNames::default();
    let message = signed(template, MESSAGE.as_bytes());
    let mut policy = Policy::default();
    policy.required_fields = FieldNames::new(["Reply-To"]);
    assert_eq!(outcome(one(verify(&message, &policy))), (Verdict::Pass, None), "the message has none");
    policy.required_fields = FieldNames::new(["Reply-To", "subject"]);
    let missing = (Verdict::Policy, Some(Cause::RequiredField("subject".into())));
    assert_eq!(outcome(one(verify(&message, &policy))), missing);
}

#[test]
fn signatures_above_the_limit_are_skipped_and_equal_questions_asked_once() {
    let field = message();
    let field = &field[..field.len() - MESSAGE.len()];
    let message = [field.repeat(64), MESSAGE.as_bytes().to_vec()].concat();
    let recorder = Recorder::new(zone(""));
    let reports = dkim::verify(&message, &Policy::default(), NOW, &recorder);
    assert_eq!(recorder.count(), 1);
    assert_eq!(reports.len(), 64);
    assert!(reports.iter().enumerate().all(|(position, report)| report.index == position));
    let (looked_at, skipped) = reports.split_at(10);
    assert!(looked_at.iter().all(|report| report.verdict == Verdict::Pass));
    assert!(skipped.iter().all(|report| {
        (report.verdict, &report.cause) == (Verdict::Skipped, &Some(Cause::TooManySignatures { limit: 10 }))
    }));
}

#[test]
fn a_header_that_is_too_large_proves_nothing() {
    let mut policy = Policy::default();
    policy.header = HeaderLimits::default().with_fields(3);
    let report = one(verify(&message(), &policy));
    assert_eq!(report.verdict, Verdict::Neutral);
    assert_eq!(report.cause.unwrap().to_string(), "the header has more than 3 fields");
    policy.max_signatures = 2;
    let message = ["DKIM-Signature: v=1\r\n".repeat(4).as_bytes(), MESSAGE.as_bytes()].concat();
    let verdicts: Vec<_> = verify(&message, &policy).iter().map(|report| report.verdict).collect();
    assert_eq!(verdicts, [Verdict::Neutral, Verdict::Neutral, Verdict::Skipped]);
}

#[test]
fn line_ends_are_octets_unless_they_are_normalised() {
    let on_disk = String::from_utf8(message()).unwrap().replace("\r\n", "\n").into_bytes();
    assert_eq!(one(verify(&on_disk, &Policy::default())).verdict, Verdict::Fail);
    let mut policy = Policy::default();
    policy.line_ends = LineEnds::Normalise;
    assert_eq!(one(verify(&on_disk, &policy)).verdict, Verdict::Pass);
    assert_eq!(one(verify(&message(), &policy)).verdict, Verdict::Pass);
    let old_mac = String::from_utf8(message()).unwrap().replace("\r\n", "\r").into_bytes();
    assert_eq!(one(verify(&old_mac, &policy)).verdict, Verdict::Pass);
    for pieces in testkit::splits(&on_disk).step_by(7) {
        let mut verifier = Verifier::new(&policy, NOW);
        for piece in pieces {
            verifier.write(piece);
        }
        assert_eq!(one(dkim::run_all(verifier.finish(), &zone(""))).verdict, Verdict::Pass);
    }
}

#[test]
fn prefixes_are_as_long_as_it_takes_to_tell_signatures_apart() {
    let field = "DKIM-Signature: v=1; b=ABCDEFGH12";
    let message = format!("{field}AA\r\n{field}AB\r\n{field}AB\r\nDKIM-Signature: b=XY\r\n{MESSAGE}");
    let reports = verify(message.as_bytes(), &Policy::default());
    let prefixes: Vec<_> = reports.iter().map(|report| report.signature_prefix.as_deref()).collect();
    assert_eq!(prefixes, [Some("ABCDEFGH12AA"), Some("ABCDEFGH12AB"), Some("ABCDEFGH12AB"), Some("XY")]);
}

#[test]
fn keys_can_be_kept_for_the_next_message() {
    let inquiry = |message: &[u8]| {
        let mut verifier = Verifier::new(&Policy::default(), NOW);
        verifier.write(message);
        match verifier.finish().pop() {
            Some(Step::Ask(inquiry)) => inquiry,
            _ => panic!("a question"),
        }
    };
    let first = inquiry(&message());
    let keys = first.read(&Answer::txt([record().to_string()]));
    assert_eq!(one(first.verify(&keys)).verdict, Verdict::Pass);
    let mut other = template();
    other.canonicalization = Canonicalization { header: Form::Simple, body: Form::Simple };
    let second = inquiry(&signed(other, b"From: x@example.com\r\n\r\nAnother\r\n"));
    assert_eq!(one(second.verify(&keys)).verdict, Verdict::Pass);
}

#[test]
fn a_message_that_ends_in_its_header_has_an_empty_body() {
    let message = signed(template(), b"From: a@example.com\r\nSubject: s\r\n");
    assert_eq!(one(verify(&message, &Policy::default())).verdict, Verdict::Pass);
    let with_body = [&message[..], b"\r\n"].concat();
    assert_eq!(one(verify(&with_body, &Policy::default())).verdict, Verdict::Pass);
}

#[test]
fn other_signatures_can_be_signed() {
    let first = message();
    let mut template = template();
    template.signed = FieldNames::new(["DKIM-Signature"]);
    let both = signed(template, &first);
    assert!(verify(&both, &Policy::default()).iter().all(|report| report.verdict == Verdict::Pass));
}

/// The octets are hashed as they are, and the key is asked for by its A-labels (RFC 8616 §5).
#[cfg(feature = "idna")]
#[test]
fn domains_in_u_labels_are_read_where_the_policy_says_how() {
    let identity = "i=j\u{fc}rgen@mail.b\u{fc}cher.example; ";
    let message =
        support::signed_by_hand_for("b\u{fc}cher.example", identity, "\r\n", "From: a@example.com\r\n\r\n");
    let line = format!("ed._domainkey.xn--bcher-kva.example. TXT {}", record().zone_data());
    let zone = Zone::parse(&line).unwrap();
    let mut policy = Policy::default();
    let report = one(dkim::verify(&message, &policy, NOW, &zone));
    assert_eq!(report.verdict, Verdict::PermError);
    policy.to_ascii = Some(dkim::Name::parse_idna);
    let report = one(dkim::verify(&message, &policy, NOW, &zone));
    assert_eq!(report.verdict, Verdict::Pass, "{report}");
    assert_eq!(report.domain, Some(name("xn--bcher-kva.example")));
    assert_eq!(report.identity.unwrap().to_string(), "j\u{fc}rgen@mail.xn--bcher-kva.example");
    for domain in ["b\u{fc}cher\u{3002}example", "b\u{fc}cher.example\u{ff0e}", "b\u{fc}cher.example."] {
        let message = support::signed_by_hand_for(domain, "", "\r\n", "From: a@example.com\r\n\r\n");
        let report = one(dkim::verify(&message, &policy, NOW, &zone));
        assert!(matches!(report.cause, Some(Cause::Syntax(_))), "{domain}: {report}");
    }
}
