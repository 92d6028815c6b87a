//! What the signer writes, and what it refuses.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]

mod support;

use dkim::{
    Algorithm, Canonicalization, Form, LineEnds, Policy, Signature, Verdict,
    backend::{SigningKey, rustcrypto::PrivateKey},
    sign::{SignError, Signer, Template, Unsigned},
    signature::{FieldNames, Identity},
};
use mail_base::fields::{HeaderError, HeaderLimits};
use support::{NOW, ed25519, name, rsa_2048, signed, template, verify, zone};

const MESSAGE: &[u8] =
    b"From: A <a@example.com>\r\nTo: b@example.net\r\nSubject: s\r\nReceived: x\r\n\r\nHello\r\n";

fn prepare(template: Template, message: &[u8]) -> Result<Unsigned, SignError> {
    let mut signer = Signer::new([template], NOW);
    signer.write(message);
    signer.finish().map(|mut unsigned| unsigned.remove(0))
}

fn refused(message: &[u8]) -> SignError {
    prepare(template(), message).unwrap_err()
}

/// The value of the DKIM-Signature field.
fn value(template: Template, message: &[u8]) -> String {
    let key = PrivateKey::new(&ed25519()).unwrap();
    prepare(template, message).unwrap().sign_with(&key).unwrap().value().to_owned()
}

fn parsed(template: Template, message: &[u8]) -> Signature {
    Signature::parse(value(template, message).as_bytes(), None).unwrap()
}

#[test]
fn the_default_signature_is_short_sealed_and_dated() {
    let value = value(template(), MESSAGE);
    let (head, signature) = value.rsplit_once("b=").unwrap();
    assert_eq!(
        head,
        " v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com;\r\n\
         \ts=ed; t=1800000000; h=From:From:To:To:Cc:Subject:Subject:Date:Message-ID:\r\n\
         \tReply-To:MIME-Version:Content-Type:Content-Transfer-Encoding;\r\n\
         \tbh=Ba3gj8+xBPQLJTahTfzW6RbWQ/XPgESxkCi2B66PSQg=; "
    );
    assert_eq!(signature.replace("\r\n\t", "").len(), 88);
}

#[test]
fn everything_that_a_template_says_is_written() {
    let mut template = template();
    template.canonicalization = Canonicalization { header: Form::Simple, body: Form::Relaxed };
    template.identity = Identity::new(Some("a b"), name("mail.example.com"));
    template.lifetime = Some(60);
    template.copy_fields = true;
    template.wants_reports = true;
    template.oversigned = FieldNames::new(["From"]);
    template.signed = FieldNames::new(["subject", "from", "Cc"]);
    let signature = parsed(template.clone(), MESSAGE);
    assert_eq!(signature.canonicalization, template.canonicalization);
    assert_eq!(signature.identity, template.identity);
    assert_eq!((signature.timestamp, signature.expiration), (Some(NOW), Some(NOW + 60)));
    assert!(signature.wants_reports);
    assert_eq!(signature.fields.to_string(), "From:From:subject");
    let copies: Vec<_> = signature.copied_fields.iter().map(|copy| (copy.name(), copy.value())).collect();
    assert_eq!(copies, [("From", &b" A <a@example.com>"[..]), ("Subject", b" s")]);
    assert_eq!(verify(&signed(template.clone(), MESSAGE), &Policy::default())[0].verdict, Verdict::Pass);
    template.timestamp = false;
    assert_eq!(parsed(template, MESSAGE).timestamp, None);
}

#[test]
fn lines_are_short_even_where_much_is_said() {
    let mut template = template();
    template.copy_fields = true;
    template.canonicalization = Canonicalization::SIMPLE;
    let header: String =
        (0..50).map(|count| format!("References: <{count}@{}>\r\n", "x=;|y".repeat(60))).collect();
    let message = [header.as_bytes(), MESSAGE].concat();
    let value = value(template.clone(), &message);
    for line in value.split("\r\n") {
        assert!(line.len() <= 78, "{line}");
    }
    let signature = Signature::parse(value.as_bytes(), None).unwrap();
    assert_eq!(signature.fields.count("References"), 50);
    let copies = signature.copied_fields.iter().filter(|copy| copy.name() == "References");
    assert!(copies.clone().count() == 50 && copies.clone().all(|copy| copy.value().ends_with(b"x=;|y>")));
    assert_eq!(verify(&signed(template, &message), &Policy::default())[0].verdict, Verdict::Pass);
}

#[test]
fn a_name_longer_than_a_line_leaves_no_line_empty() {
    let long = "X".repeat(100);
    let mut template = template();
    template.oversigned = FieldNames::new(["From"]);
    for names in [vec![&*long], vec!["To", &long, "Subject"], vec![&long, &long.replace('X', "Y")]] {
        template.signed = FieldNames::new(names);
        let message = [format!("{long}: x\r\n{}: y\r\n", "Y".repeat(100)).as_bytes(), MESSAGE].concat();
        let value = value(template.clone(), &message);
        // RFC 5322 §3.2.2: no line of a field consists of white space alone
        assert!(value.split("\r\n").all(|line| !line.trim().is_empty()), "{value}");
        assert_eq!(verify(&signed(template.clone(), &message), &Policy::default())[0].verdict, Verdict::Pass);
    }
}

#[test]
fn a_name_that_a_template_has_twice_is_signed_once() {
    let mut template = template();
    template.oversigned = FieldNames::new(["X-Absent", "From", "to", "FROM"]);
    template.signed = FieldNames::new(["Subject", "from", "Received", "SUBJECT"]);
    let message = [b"Received: first\r\nTo: c\r\n", MESSAGE].concat();
    let names = parsed(template.clone(), &message).fields.to_string();
    assert_eq!(names, "X-Absent:From:From:to:to:to:Subject:Received:Received");
    assert_eq!(verify(&signed(template, &message), &Policy::default())[0].verdict, Verdict::Pass);
}

#[test]
fn several_signatures_are_made_in_one_pass() {
    let mut rsa = Template::new(name("example.com"), name("rsa"), Algorithm::RsaSha256);
    rsa.canonicalization = Canonicalization::SIMPLE;
    let mut other = template();
    other.domain = name("other.example");
    let mut signer = Signer::new([template(), rsa, other], NOW);
    signer.write(MESSAGE);
    let keys: [&dyn SigningKey; 2] =
        [&PrivateKey::new(&ed25519()).unwrap(), &PrivateKey::new(&rsa_2048()).unwrap()];
    let fields = signer.finish().unwrap().into_iter().map(|unsigned| {
        let key = keys.iter().find(|key| key.algorithm() == unsigned.algorithm()).unwrap();
        unsigned.sign_with(*key).unwrap().to_string()
    });
    let message = [fields.collect::<String>().as_bytes(), MESSAGE].concat();
    let record = PrivateKey::new(&ed25519()).unwrap().record().zone_data();
    let zone = zone(&format!("ed._domainkey.other.example. TXT {record}"));
    let reports = dkim::verify(&message, &Policy::default(), NOW, &zone);
    assert!(reports.iter().all(|report| report.verdict == Verdict::Pass), "{reports:?}");
    let domains: Vec<_> = reports.iter().map(|report| report.domain.as_ref().unwrap().as_str()).collect();
    assert_eq!(domains, ["example.com", "example.com", "other.example"]);
}

#[test]
fn a_key_elsewhere_signs_in_two_steps() {
    let unsigned = prepare(template(), MESSAGE).unwrap();
    // what a key in a module would do: sign the digest as PureEdDSA's message (RFC 8463 §3)
    let module = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let signature = ed25519_dalek::Signer::sign(&module, unsigned.digest().as_bytes()).to_bytes();
    let field = unsigned.attach(&signature).unwrap();
    let message = [field.as_str().as_bytes(), MESSAGE].concat();
    assert_eq!(verify(&message, &Policy::default())[0].verdict, Verdict::Pass);
}

#[test]
fn any_split_gives_the_same() {
    let expected = prepare(template(), MESSAGE).unwrap();
    for pieces in testkit::splits(MESSAGE) {
        let mut signer = Signer::new([template()], NOW);
        for piece in pieces {
            signer.write(piece);
        }
        let unsigned = signer.finish().unwrap().remove(0);
        assert_eq!((unsigned.data(), unsigned.digest()), (expected.data(), expected.digest()));
    }
}

#[test]
fn what_no_receiver_should_accept_is_not_signed() {
    assert_eq!(refused(b""), SignError::NoFrom);
    assert_eq!(refused(b"Subject: s\r\n\r\n"), SignError::NoFrom);
    assert_eq!(refused(b"From: a\r\nFROM: b\r\n\r\n"), SignError::SeveralFrom { count: 2 });
    assert_eq!(refused(b"From: a\r\nno field\r\n\r\n"), SignError::MalformedField { at: 9 });
    assert_eq!(refused(b"From: a\nTo: b\r\n\r\n"), SignError::BareLineFeed);
    for header in
        ["Subject: x\rFrom: b\r\nFrom: a\r\n\r\n", "From: a\r\r\n\r\n", "From: a\r", "From: a\r\n\rb"]
    {
        let expected = if header.ends_with('b') {
            SignError::MalformedField { at: 9 }
        } else {
            SignError::BareCarriageReturn
        };
        assert_eq!(refused(header.as_bytes()), expected, "{header:?}");
    }
    let limits = HeaderLimits::default().with_octets(8);
    let mut signer = Signer::new([template()], NOW).header_limits(limits);
    signer.write(MESSAGE);
    assert_eq!(signer.finish().unwrap_err(), SignError::Header(HeaderError::Octets { limit: 8 }));
}

#[test]
fn what_a_template_may_not_say_is_refused() {
    let with = |change: fn(&mut Template)| {
        let mut template = template();
        change(&mut template);
        prepare(template, MESSAGE).unwrap_err()
    };
    assert_eq!(
        with(|template| template.algorithm = Algorithm::RsaSha1),
        SignError::Algorithm(Algorithm::RsaSha1)
    );
    assert_eq!(with(|template| template.oversigned = FieldNames::new(["To"])), SignError::FromNotSigned);
    assert_eq!(with(|template| template.domain = name("com")), SignError::Domain);
    assert_eq!(with(|template| template.domain = name("-a.example.com")), SignError::Domain);
    assert_eq!(with(|template| template.selector = name("a-")), SignError::Selector);
    assert_eq!(
        with(|template| template.identity = Identity::new(None, name("notexample.com"))),
        SignError::ForeignIdentity
    );
    assert_eq!(
        with(|template| template.selector = name(&["a".repeat(60).as_str(); 4].join("."))),
        SignError::KeyName
    );
    assert_eq!(with(|template| template.lifetime = Some(u64::MAX)), SignError::Time);
    assert_eq!(with(|template| template.lifetime = Some(1_000_000_000_000 - NOW)), SignError::Time);
    let long = |template: &mut Template| {
        template.identity = Identity::new(Some(&"\u{fc}".repeat(170)), name("example.com"))
    };
    assert_eq!(with(long), SignError::LongLine);
    assert_eq!(
        with(|template| template.oversigned = FieldNames::new(["From", &"x".repeat(997)])),
        SignError::LongLine
    );
}

#[test]
fn what_a_line_and_twelve_digits_can_just_hold_is_signed() {
    let mut template = template();
    template.lifetime = Some(999_999_999_999 - NOW);
    template.identity = Identity::new(Some(&"\u{fc}".repeat(163)), name("example.com"));
    template.oversigned = FieldNames::new(["From", &"x".repeat(996)]);
    let message = signed(template, MESSAGE);
    let longest = message
        .split(|&octet| octet == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line).len())
        .max();
    assert_eq!(longest, Some(998));
    assert_eq!(verify(&message, &Policy::default())[0].verdict, Verdict::Pass);
    // milliseconds instead of seconds
    let mut signer = Signer::new([self::template()], NOW * 1000);
    signer.write(MESSAGE);
    assert_eq!(signer.finish().unwrap_err(), SignError::Time);
}

#[test]
fn keys_and_signatures_of_another_kind_are_refused() {
    let unsigned = prepare(template(), MESSAGE).unwrap();
    let key = PrivateKey::new(&rsa_2048()).unwrap();
    let other = SignError::OtherKey { key: Algorithm::RsaSha256, template: Algorithm::Ed25519Sha256 };
    assert_eq!(unsigned.clone().sign_with(&key).unwrap_err(), other);
    for octets in [63, 65] {
        let refused = SignError::SignatureLength { octets };
        assert_eq!(unsigned.clone().attach(&vec![0; octets]).unwrap_err(), refused);
    }
    let mut rsa = template();
    rsa.algorithm = Algorithm::RsaSha256;
    let unsigned = prepare(rsa, MESSAGE).unwrap();
    let refused = SignError::SignatureLength { octets: 127 };
    assert_eq!(unsigned.clone().attach(&[0; 127]).unwrap_err(), refused, "of less than 1,024 bits");
    assert!(unsigned.attach(&[0; 128]).is_ok());
}

#[test]
fn a_file_with_the_line_ends_of_the_system_is_signed_as_it_will_be_sent() {
    let on_disk = String::from_utf8(MESSAGE.to_vec()).unwrap().replace("\r\n", "\n");
    let mut signer = Signer::new([template()], NOW).line_ends(LineEnds::Normalise);
    signer.write(on_disk.as_bytes());
    let unsigned = signer.finish().unwrap().remove(0);
    assert_eq!(unsigned.data(), prepare(template(), MESSAGE).unwrap().data());
}
