//! Aggregate reports of many senders, with what another implementation reads from them.
#![cfg(feature = "report")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use dmarc::report::{AggregateReport, ReadLimits, ReportRow};
use serde_json::{Value, json};
use std::fs;
use testkit::{Scorecard, corpus};

fn read(name: &str) -> AggregateReport {
    let octets = corpus::read(&format!("dmarc-reports/mail-auth-rs/{name}"));
    let limits = ReadLimits::default();
    if name.ends_with(".eml") {
        AggregateReport::read_mail(&octets, &limits).unwrap()
    } else {
        AggregateReport::read(&octets, &limits).unwrap()
    }
}

/// `pass` as `Pass`, `softfail` as `SoftFail`.
fn capital(word: &str) -> String {
    match word {
        "softfail" => "SoftFail".to_owned(),
        "temperror" => "TempError".to_owned(),
        "permerror" => "PermError".to_owned(),
        word => word[..1].to_uppercase() + &word[1..],
    }
}

fn capital_or_unspecified(word: Option<String>) -> String {
    word.map_or_else(|| "Unspecified".to_owned(), |word| capital(&word))
}

fn text(text: Option<&dmarc::report::Text>) -> Value {
    text.map_or(Value::Null, |text| json!(text.text))
}

fn row(row: &ReportRow) -> Value {
    let pass = |is_pass: bool| if is_pass { "Pass" } else { "Fail" };
    let reasons: Vec<_> = row
        .reasons
        .iter()
        .map(|reason| {
            // what RFC 9990 dropped is "Other" there
            let kind = match reason.kind.as_str() {
                "local_policy" => "LocalPolicy",
                "mailing_list" => "MailingList",
                "policy_test_mode" => "PolicyTestMode",
                "trusted_forwarder" => "TrustedForwarder",
                _ => "Other",
            };
            json!({"type_": kind, "comment": text(reason.comment.as_ref())})
        })
        .collect();
    let dkim: Vec<_> = row
        .dkim
        .iter()
        .map(|result| {
            json!({
                "domain": result.domain,
                "selector": result.selector.as_deref().unwrap_or(""),
                "result": capital(result.result.as_str()),
                "human_result": text(result.human_result.as_ref()),
            })
        })
        .collect();
    let spf: Vec<_> = row
        .spf
        .iter()
        .map(|result| {
            let scope = match result.scope.map(dmarc::report::SpfScope::as_str) {
                Some("mfrom") => "MailFrom",
                Some(_) => "Helo",
                None => "Unspecified",
            };
            json!({
                "domain": result.domain,
                "scope": scope,
                "result": capital(result.result.as_str()),
                "human_result": text(result.human_result.as_ref()),
            })
        })
        .collect();
    json!({
        "row": {
            "source_ip": row.source_ip,
            "count": row.count,
            "policy_evaluated": {
                "disposition": capital(row.disposition.as_str()),
                "dkim": pass(row.dkim_aligned),
                "spf": pass(row.spf_aligned),
                "reason": reasons,
            }
        },
        "identifiers": {
            "envelope_to": row.envelope_to,
            "envelope_from": row.envelope_from.as_deref().unwrap_or(""),
            "header_from": row.header_from,
        },
        "auth_results": {"dkim": dkim, "spf": spf},
    })
}

/// A report in the other implementation's form, but for the version (a number there) and extensions (of which it
/// knows an older form).
fn as_expected(report: &AggregateReport) -> Value {
    let (metadata, policy) = (&report.metadata, &report.policy);
    let errors: Vec<_> = metadata.errors.iter().map(|error| error.text.as_str()).collect();
    json!({
        "report_metadata": {
            "org_name": metadata.org_name,
            "email": metadata.email,
            "extra_contact_info": text(metadata.extra_contact_info.as_ref()),
            "report_id": metadata.report_id,
            "generator": metadata.generator,
            "date_range": {"begin": metadata.begin, "end": metadata.end},
            "error": errors,
        },
        "policy_published": {
            "domain": policy.domain,
            "version_published": null,
            "adkim": capital_or_unspecified(policy.adkim.map(|mode| mode.to_string())),
            "aspf": capital_or_unspecified(policy.aspf.map(|mode| mode.to_string())),
            "p": capital_or_unspecified(policy.p.map(|policy| policy.to_string())),
            "sp": capital_or_unspecified(policy.sp.map(|policy| policy.to_string())),
            "np": capital_or_unspecified(policy.np.map(|policy| policy.to_string())),
            "discovery_method": capital_or_unspecified(policy.discovery_method.map(|method| method.to_string())),
            "testing": policy.testing.unwrap_or(false),
            "fo": policy.fo,
        },
        "record": report.rows.iter().map(row).collect::<Vec<_>>(),
    })
}

/// Takes out what is not compared, and fills in what expectations of before RFC 9990 leave out.
fn comparable(mut value: Value) -> Value {
    for (object, key, absent) in [
        ("policy_published", "np", json!("Unspecified")),
        ("policy_published", "discovery_method", json!("Unspecified")),
        ("report_metadata", "generator", Value::Null),
    ] {
        value[object].as_object_mut().unwrap().entry(key).or_insert(absent);
    }
    let report = value.as_object_mut().unwrap();
    report.remove("version");
    report.remove("extensions");
    for row in report["record"].as_array_mut().unwrap() {
        row.as_object_mut().unwrap().remove("extensions");
    }
    value
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn reports_say_what_another_reads() {
    let mut card = Scorecard::new("dmarc-reports", include_str!("expected-failures-reports.txt"));
    let folder = corpus::path("dmarc-reports/mail-auth-rs");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in names.iter().filter(|name| !name.ends_with(".json")) {
        let stem = name.split('.').next().unwrap();
        let expected = comparable(corpus::json(&format!("dmarc-reports/mail-auth-rs/{stem}.json")));
        card.equal(name, &as_expected(&read(name)), &expected);
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn the_samples_of_the_schemas_are_read() {
    for name in ["dmarc-xml-0.2.xml", "dmarc-xmlalt-0.2.xml"] {
        let octets = corpus::read(&format!("dmarc-reports/xsd/{name}"));
        let report = AggregateReport::read(&octets, &ReadLimits::default()).unwrap();
        assert!(!report.rows.is_empty() && !report.policy.domain.is_empty(), "{name}: {report:#?}");
        println!("{name}: {:?}", report.defects);
    }
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn what_was_read_can_be_written() {
    for stem in
        ["001.xml", "002.xml", "003.xml", "004.xml", "100.eml", "101.eml", "102.eml", "103.eml", "104.eml"]
    {
        let report = read(stem);
        let mut again = AggregateReport::read(report.to_xml().as_bytes(), &ReadLimits::default()).unwrap();
        // the schema wants a selector, so that one that was not there is written empty
        for result in again.rows.iter_mut().flat_map(|row| &mut row.dkim) {
            result.selector = result.selector.take().filter(|selector| !selector.is_empty());
        }
        assert_eq!((again.rows, again.metadata), (report.rows, report.metadata), "{stem}");
    }
}
