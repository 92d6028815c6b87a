//! Reports that we write are valid by the schema of RFC 9990 (appendix A), as xmllint judges it.
#![cfg(feature = "report")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use dmarc::{
    Name,
    report::{
        AggregateReport, AuthResult, DkimResult, Metadata, PolicyPublished, ReadLimits, Reason, ReasonKind,
        ReportRow, RowDisposition, SpfResult, SpfScope, Text,
    },
};
use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

/// The schema: in the folder that `MAILPROTO_RFC` names, or beside or within the conformance data.
fn schema() -> PathBuf {
    let folders = [
        env::var_os("MAILPROTO_RFC").map(PathBuf::from),
        Some(testkit::corpus::path("dmarc-reports/xsd")),
        Some(testkit::corpus::path("../rfc")),
    ];
    let mut files = folders.into_iter().flatten().map(|folder| folder.join("dmarc-2.0.xsd"));
    files.find(|file| file.exists()).expect("dmarc-2.0.xsd is in MAILPROTO_RFC or in the conformance data")
}

/// What xmllint has against a text; `None` where it is valid.
fn complaint(xml: &str) -> Option<String> {
    use std::io::Write as _;
    let mut child = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schema())
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xmllint runs");
    child.stdin.take().unwrap().write_all(xml.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn text(text: &str) -> Option<Text> {
    Some(Text { text: text.into(), lang: Some("en-GB".into()) })
}

/// A report in which everything that may be there is there, and of every word.
fn full() -> AggregateReport {
    let results = [
        AuthResult::None,
        AuthResult::Pass,
        AuthResult::Fail,
        AuthResult::SoftFail,
        AuthResult::Policy,
        AuthResult::Neutral,
        AuthResult::TempError,
        AuthResult::PermError,
    ];
    let dispositions =
        [RowDisposition::None, RowDisposition::Pass, RowDisposition::Quarantine, RowDisposition::Reject];
    let reasons = [
        ReasonKind::Override(dmarc::OverrideKind::LocalPolicy),
        ReasonKind::Override(dmarc::OverrideKind::MailingList),
        ReasonKind::Override(dmarc::OverrideKind::Other),
        ReasonKind::Override(dmarc::OverrideKind::PolicyTestMode),
        ReasonKind::Override(dmarc::OverrideKind::TrustedForwarder),
        ReasonKind::Forwarded,
        ReasonKind::SampledOut,
    ];
    let row = |result: AuthResult, disposition| ReportRow {
        source_ip: Some([192, 0, 2, 1].into()),
        count: 7,
        disposition,
        dkim_aligned: true,
        spf_aligned: false,
        reasons: reasons.map(|kind| Reason { kind, comment: text("<&>\u{0}") }).into(),
        header_from: "example.com".into(),
        envelope_from: Some(String::new()),
        envelope_to: Some("example.net".into()),
        dkim: vec![DkimResult { domain: "d".into(), selector: None, result, human_result: text("h") }; 2],
        spf: vec![
            SpfResult {
                domain: "d".into(),
                scope: Some(SpfScope::Helo),
                result,
                human_result: text("h")
            };
            2
        ],
    };
    AggregateReport {
        metadata: Metadata {
            org_name: "O & P".into(),
            email: "a@b".into(),
            extra_contact_info: text("x"),
            report_id: "1@x".into(),
            begin: 1,
            end: 2,
            errors: text("e").into_iter().chain(text("f")).collect(),
            generator: Some("g".into()),
        },
        policy: PolicyPublished {
            domain: "example.com".into(),
            discovery_method: Some(dmarc::Method::SuffixList),
            p: Some(dmarc::Policy::Reject),
            sp: Some(dmarc::Policy::Quarantine),
            np: Some(dmarc::Policy::None),
            adkim: Some(dmarc::AlignmentMode::Strict),
            aspf: Some(dmarc::AlignmentMode::Relaxed),
            fo: Some("1:d".into()),
            testing: Some(true),
            pct: Some(50),
        },
        rows: results
            .iter()
            .zip(dispositions.iter().cycle())
            .map(|(result, done)| row(*result, *done))
            .collect(),
        ..AggregateReport::default()
    }
}

#[test]
#[ignore = "needs xmllint and MAILPROTO_CORPORA"]
fn everything_that_we_write_is_valid() {
    assert_eq!(complaint(&full().to_xml()), None);
    let mut least = full();
    least.rows = vec![ReportRow { header_from: "x".into(), ..ReportRow::default() }];
    least.policy = PolicyPublished { domain: "x".into(), ..PolicyPublished::default() };
    least.metadata = Metadata::default();
    assert_eq!(complaint(&least.to_xml()), None);
}

#[test]
#[ignore = "needs xmllint and MAILPROTO_CORPORA"]
fn what_breaks_the_schema_is_found() {
    let xml = full().to_xml();
    for broken in [
        xml.replace("urn:ietf:params:xml:ns:dmarc-2.0", "http://dmarc.org/dmarc-xml/0.1"),
        xml.replace("<testing>y", "<pct>50</pct><testing>y"),
        xml.replacen("<selector></selector>", "", 1),
    ] {
        assert!(complaint(&broken).is_some());
    }
}

#[test]
#[ignore = "needs xmllint and MAILPROTO_CORPORA"]
fn reports_of_others_become_valid_when_written_again() {
    for name in ["002.xml", "003.xml", "004.xml", "005.xml"] {
        let octets = testkit::corpus::read(&format!("dmarc-reports/mail-auth-rs/{name}"));
        let report = AggregateReport::read(&octets, &ReadLimits::default()).unwrap();
        assert_eq!(complaint(&report.to_xml()), None, "{name}");
    }
}

#[test]
#[ignore = "needs xmllint and MAILPROTO_CORPORA"]
fn what_the_aggregator_gives_is_valid() {
    use dmarc::{
        Discovery, Request, Zone, evaluate,
        report::{Aggregator, Message, Reporter},
    };
    let name = |text| Name::parse(text).unwrap();
    let zone =
        Zone::parse("_dmarc.example.com. TXT \"v=DMARC1; p=reject; t=y; rua=mailto:d@example.com\"").unwrap();
    let report = evaluate(Request::new(name("a.example.com")), Discovery::TreeWalk).run(&zone);
    let mut aggregator = Aggregator::new(Reporter::new("x", "x@mx.example.net", name("mx.example.net")));
    aggregator.add(0, &report, Message::from_ip("::1".parse().unwrap()));
    assert_eq!(complaint(&aggregator.take_due(86_400)[0].report.to_xml()), None);
}
