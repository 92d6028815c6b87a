//! Records: what is read, what is left out, and what is written.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

use dmarc::{
    AlignmentMode, Policy, PublicSuffix, Record,
    error::{
        FaultKind::{self, *},
        RecordErrorKind, UriErrorKind,
    },
    tag::Tag,
};

fn record(text: &str) -> Record {
    Record::parse(text).unwrap()
}

fn error(text: &str) -> (RecordErrorKind, usize) {
    let error = Record::parse(text).unwrap_err();
    (error.kind, error.at)
}

fn faults(text: &str) -> Vec<(FaultKind, usize)> {
    record(text).faults().iter().map(|fault| (fault.kind, fault.at)).collect()
}

#[test]
fn every_tag_is_read() {
    let record = record(
        "v=DMARC1; p=quarantine; sp=reject; np=none; adkim=s; aspf=S; fo=1:d:s; psd=n; t=y; \
         rua=mailto:a@example.com,mailto:b@example.net!10m; ruf=mailto:f@example.com; pct=50; rf=afrf; ri=3600",
    );
    assert_eq!(record.policy(), Some(Policy::Quarantine));
    assert_eq!(record.subdomain_policy(), Some(Policy::Reject));
    assert_eq!(record.non_existent_policy(), Some(Policy::None));
    assert_eq!(record.dkim_alignment(), AlignmentMode::Strict);
    assert_eq!(record.spf_alignment(), AlignmentMode::Strict);
    assert_eq!(record.failure_options().to_string(), "1:d:s");
    assert_eq!(record.public_suffix(), PublicSuffix::No);
    assert!(record.is_test());
    let rua: Vec<_> = record.aggregate_reports().map(|uri| uri.unwrap().as_str()).collect();
    assert_eq!(rua, ["mailto:a@example.com", "mailto:b@example.net"]);
    assert_eq!(record.failure_reports().count(), 1);
    assert_eq!((record.percent(), record.report_interval()), (Some(50), Some(3600)));
    assert_eq!(record.value(Tag::Rf), Some(b"afrf".as_slice()));
    assert_eq!(record.faults(), []);
}

#[test]
fn only_the_version_makes_a_record() {
    use RecordErrorKind::{NoVersion, TooLong, Version};
    for (text, expected) in [
        ("", (NoVersion, 0)),
        ("p=none; v=DMARC1", (NoVersion, 0)),
        (" v=DMARC1; p=none", (NoVersion, 0)),
        ("; v=DMARC1", (NoVersion, 0)),
        ("v", (NoVersion, 0)),
        ("v=spf1 -all", (Version, 2)),
        ("v=dmarc1; p=none", (Version, 2)),
        ("v=DMARC10; p=none", (Version, 2)),
        ("v = DMARC1 p=none", (Version, 4)),
    ] {
        assert_eq!(error(text), expected, "{text}");
    }
    assert_eq!(error(&format!("v=DMARC1;{}", " ".repeat(65_535))), (TooLong, 65_535));
    for text in ["v=DMARC1", "v=DMARC1;", "v = DMARC1 ; p=none", "V=DMARC1;p=none", "v=DMARC1 "] {
        assert!(Record::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn what_is_wrong_is_left_out_and_listed() {
    assert_eq!(faults("v=DMARC1; p=none; p=reject"), [(Duplicate(Tag::P), 18)]);
    assert_eq!(record("v=DMARC1; p=none; p=reject").policy(), Some(Policy::None));
    assert_eq!(
        faults("v=DMARC1;; p; =x; a b=c; sp=; t=maybe"),
        [(Empty, 9), (NoValue, 12), (Name, 14), (Name, 20), (Value(Tag::Sp), 28), (Value(Tag::T), 32),]
    );
    assert_eq!(
        faults("v=DMARC1; rua=x,mailto:a@b; ruf=,"),
        [
            (Uri(Tag::Rua, UriErrorKind::Scheme), 14),
            (Uri(Tag::Ruf, UriErrorKind::Empty), 32),
            (Uri(Tag::Ruf, UriErrorKind::Empty), 33),
        ]
    );
    assert_eq!(
        faults("v=DMARC1; fo=0:1; adkim=x; psd=; pct=101; ri=-1; rf=x; unknown=\u{1}"),
        [
            (Value(Tag::Fo), 13),
            (Value(Tag::Adkim), 24),
            (Value(Tag::Psd), 31),
            (Value(Tag::Pct), 37),
            (Value(Tag::Ri), 45),
            (Value(Tag::Rf), 52),
        ]
    );
    let fault = record("v=DMARC1; t=maybe").faults()[0];
    assert_eq!(fault.to_string(), "the value of \"t\" is not valid (at octet 12)");
}

#[test]
fn records_are_written_in_one_order_and_read_the_same() {
    for (text, written) in [
        ("v=DMARC1", "v=DMARC1"),
        (
            "v=DMARC1;rua=mailto:a@b!10m , mailto:c@d;P=REJECT",
            "v=DMARC1; p=reject; rua=mailto:a@b,mailto:c@d",
        ),
        ("v=DMARC1; p=none; x=y; adkim=r; fo=0", "v=DMARC1; p=none"),
        (
            "v=DMARC1; p=none; sp=reject; np=none; psd=y; t=y; fo=s:1",
            "v=DMARC1; p=none; sp=reject; np=none; fo=1:s; psd=y; t=y",
        ),
        // what a receiver takes it for
        ("v=DMARC1; p=reject; sp=x; rua=mailto:a@b", "v=DMARC1; p=none; rua=mailto:a@b"),
        ("v=DMARC1; p=reject; sp=x", "v=DMARC1"),
        ("v=DMARC1; p=none; pct=20; ri=60", "v=DMARC1; p=none; pct=20; ri=60"),
    ] {
        let first = record(text);
        assert_eq!(first.to_string(), written);
        let again = record(written);
        assert_eq!(again.to_string(), written);
        assert_eq!(again.policies(), first.policies());
    }
}

#[test]
fn failure_options_that_are_built_are_valid() {
    let mut options = dmarc::FailureOptions::default();
    options.any_fails = true;
    assert_eq!(options.to_string(), "1");
    options.dkim = true;
    assert_eq!(options.to_string(), "1:d");
    (options.all_fail, options.any_fails, options.dkim) = (false, false, false);
    assert_eq!(options.to_string(), "0");
}

#[test]
fn historic_tags_are_printed_back() {
    let text = "v=DMARC1; p=none; pct=50; ri=3600; rf=afrf";
    assert_eq!(Record::parse(text).unwrap().to_string(), text);
}
