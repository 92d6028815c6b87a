//! Records, From fields, evaluations and public suffixes that other implementations are tested with.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::std_instead_of_alloc)]

mod common;

use common::SuffixFile;
use dmarc::{
    AlignmentMode, Authors, Discovery, Disposition, LocalPolicy, Name, Record, Report, Request,
    SeveralAuthors, SuffixList, Verdict, Zone, discover,
    dns::{Answer, Kind, Question, Resolve, Txt, from_fn},
    evaluate,
    tag::Tag,
};
use serde_json::Value;
use testkit::{Scorecard, corpus};

fn is_contested(case: &Value) -> bool {
    case.get("contested").is_some()
}

/// Whether a record makes DMARC apply: RFC 9989 §4.10.1. A public suffix or an organizational domain that says
/// so is of use to others even without.
fn is_usable(text: &str) -> bool {
    Record::parse(text).is_ok_and(|record| record.policies().is_some() || record.has(Tag::Psd))
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn records_apply_or_not() {
    let mut card = Scorecard::new("dmarc-records/records", "");
    for case in corpus::json("dmarc-records/records.json").as_array().unwrap() {
        let record = case["record"].as_str().unwrap();
        if !is_contested(case) {
            card.equal(record, &is_usable(record), &case["valid"].as_bool().unwrap());
        }
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn values_of_tags_are_valid_or_not() {
    let mut card = Scorecard::new("dmarc-records/mailcheck", include_str!("expected-failures-mailcheck.txt"));
    let mut seen = std::collections::BTreeSet::new();
    for case in corpus::json("dmarc-records/mailcheck-tag-values.json")["cases"].as_array().unwrap() {
        let record = case["record"].as_str().unwrap();
        if seen.insert(record.to_owned()) {
            let is_valid = Record::parse(record).is_ok_and(|record| record.faults().is_empty());
            card.equal(&record.replace(' ', "_"), &is_valid, &case["valid"].as_bool().unwrap());
        }
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn authors_are_found() {
    let mut card = Scorecard::new("dmarc-records/from-domain", "");
    for case in corpus::json("dmarc-records/from-domain.json").as_array().unwrap() {
        let header = case["header"].as_str().unwrap();
        // one domain, or none where the field has none or several
        let domain = match Authors::from_value(header.as_bytes(), None) {
            Ok(authors) => match authors.domains() {
                [domain] => domain.to_string(),
                _ => String::new(),
            },
            Err(_) => String::new(),
        };
        if !is_contested(case) {
            card.equal(header, &domain.as_str(), &case["domain"].as_str().unwrap());
        }
    }
    card.finish();
}

fn suffix_list() -> SuffixFile {
    SuffixFile::parse(&String::from_utf8(corpus::read("psl/public_suffix_list.dat")).unwrap())
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn domains_are_aligned_or_not() {
    let list = suffix_list();
    let mut card = Scorecard::new("dmarc-records/alignment", include_str!("expected-failures-alignment.txt"));
    for case in corpus::json("dmarc-records/alignment-opendmarc.json")["cases"].as_array().unwrap() {
        let (first, second) = (case["a"].as_str().unwrap(), case["b"].as_str().unwrap());
        let strict = case["mode"] == "strict";
        let is_aligned = match (Name::parse(first), Name::parse(second)) {
            (Ok(author), Ok(domain)) => {
                let mut zone = Zone::new();
                let record = if strict { "v=DMARC1; p=none; aspf=s" } else { "v=DMARC1; p=none" };
                zone.add_txt(&author.prefixed("_dmarc").unwrap(), record);
                let request = Request::new(author).spf_passed(domain);
                evaluate(request, Discovery::SuffixList(&list)).run(&zone).verdict == Verdict::Pass
            }
            _ => false,
        };
        let name = format!("{first} {second} {strict}");
        card.equal(&name, &is_aligned, &case["aligned"].as_bool().unwrap());
    }
    card.finish();
}

/// The zone of a recorded case: a name that is not there does not exist, one without the type has no data.
fn resolver(zone: &Value) -> impl Resolve + '_ {
    from_fn(move |question: &Question| {
        let Some(node) = zone.get(question.name.as_str()) else { return Answer::NoSuchName };
        match node.get(question.kind.to_string()) {
            None => Answer::NoRecords,
            Some(records) if records.get("error").is_some() => Answer::Unavailable,
            Some(records) if question.kind == Kind::Txt => {
                Answer::txt(records.as_array().unwrap().iter().map(|strings| {
                    Txt::from_strings(strings.as_array().unwrap().iter().map(|text| text.as_str().unwrap()))
                }))
            }
            Some(_) => Answer::NoRecords,
        }
    })
}

fn domain_of(value: &Value) -> Name {
    Name::parse(value.as_str().unwrap_or_else(|| value["domain"].as_str().unwrap())).unwrap()
}

fn run(call: &Value) -> Report {
    let input = &call["input"];
    let author = &input["headerFrom"];
    let value = match author {
        Value::Array(all) => all.iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join(", "),
        author => author.as_str().unwrap().to_owned(),
    };
    // a bare domain is not a From field, but what that function takes too
    let authors = match Name::parse(&value) {
        Ok(domain) if !value.contains('@') => Authors::from(domain),
        _ => Authors::from_value(value.as_bytes(), None).unwrap(),
    };
    let local_policy =
        LocalPolicy::default().with_every_alignment(true).with_several_authors(SeveralAuthors::Refuse);
    let mut request = Request::from_authors(&authors).with_local_policy(local_policy);
    for domain in input["dkimDomains"].as_array().into_iter().flatten() {
        request = request.dkim_passed(domain_of(domain));
    }
    for domain in input["spfDomains"].as_array().into_iter().flatten() {
        request = request.spf_passed(domain_of(domain));
    }
    evaluate(request, Discovery::TreeWalk).run(&resolver(&call["zone"]))
}

fn text(octets: Option<&[u8]>) -> Option<String> {
    octets.map(|octets| String::from_utf8_lossy(octets).into_owned())
}

/// A property of a record, by the recorder's name for it; `None` where we have no such thing.
fn record_property(record: &Record, name: &str) -> Option<Option<String>> {
    Some(match name {
        "v" => Some("DMARC1".to_owned()),
        "p" => record.policy().map(|policy| policy.to_string()),
        "sp" => record.subdomain_policy().map(|policy| policy.to_string()),
        "pct" => record.percent().map(|percent| percent.to_string()),
        "ri" => record.report_interval().map(|interval| interval.to_string()),
        "adkim" => Some(record.dkim_alignment().letter().to_owned()),
        "aspf" => Some(record.spf_alignment().letter().to_owned()),
        "fo" => text(record.value(Tag::Fo)),
        "rua" => text(record.value(Tag::Rua)),
        "ruf" => text(record.value(Tag::Ruf)),
        "rr" => text(Some(record.text())),
        _ => return None,
    })
}

fn report_property(report: &Report, name: &str) -> Option<Option<String>> {
    let is_strict = |mode: AlignmentMode| (mode == AlignmentMode::Strict).to_string();
    let record = report.record.as_ref();
    Some(match name {
        "status.result" => Some(report.verdict.to_string()),
        "status.header.from" => report.author.as_ref().map(ToString::to_string),
        "policy" => report.policy.map(|policy| policy.to_string()),
        "domain" | "status.header.d" => report.record_at().map(ToString::to_string),
        "alignment.spf.result" => report.alignment.spf.as_ref().map(|aligned| aligned.domain.to_string()),
        "alignment.dkim.result" => report.alignment.dkim.as_ref().map(|aligned| aligned.domain.to_string()),
        "alignment.spf.strict" => record.map(|record| is_strict(record.spf_alignment())),
        "alignment.dkim.strict" => record.map(|record| is_strict(record.dkim_alignment())),
        "" => (report.verdict != Verdict::PermError).then(String::new),
        name => return record.and_then(|record| record_property(record, name)),
    })
}

/// Compares a property with an assertion; `None` where it is about something that we do not have.
fn holds(actual: Option<String>, assertion: &Value) -> Option<Result<(), String>> {
    let expected = match &assertion["value"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let is_met = match assertion["op"].as_str().unwrap() {
        "equal" => actual.as_deref() == Some(expected.as_str()),
        // `result is false`: there is none
        "is" if matches!(expected.as_str(), "false" | "undefined") && actual.is_none() => true,
        "is" => actual.as_deref() == Some(expected.as_str()),
        "not is" => actual.as_deref() != Some(expected.as_str()),
        "an" => actual.is_some(),
        _ => return None,
    };
    Some(if is_met { Ok(()) } else { Err(format!("{actual:?} instead of {assertion}")) })
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn recorded_evaluations_come_out_the_same() {
    let mut card = Scorecard::new("dmarc-mailauth", include_str!("expected-failures-mailauth.txt"));
    for case in corpus::json("dmarc-mailauth/recorded.json").as_array().unwrap() {
        let name = format!("{} {}", case["suite"].as_str().unwrap(), case["name"].as_str().unwrap());
        let calls = case["calls"].as_array().unwrap();
        let mut result: Option<Result<(), String>> = None;
        // several calls have their assertions in order, of which only the last is told apart
        let call = calls.last().unwrap();
        for assertion in case["asserts"].as_array().unwrap() {
            let path = assertion["path"].as_str().unwrap();
            let Some(path) = path.strip_prefix("result") else { continue };
            let property = path.trim_start_matches('.');
            let actual = if call["fn"] == "getDmarcRecord" {
                let author = domain_of(&call["input"][0]);
                let found = discover(&Request::new(author.clone()), Discovery::TreeWalk)
                    .run(&resolver(&call["zone"]))
                    .policy_of(&author);
                match (property, &found) {
                    ("", _) => Some(found.is_some().then(String::new)),
                    ("isOrgRecord", Some((_, at))) => Some(Some((*at != author).to_string())),
                    (_, Some((record, _))) => record_property(record, property),
                    (_, None) => Some(None),
                }
            } else {
                report_property(&run(call), property)
            };
            let held = actual.and_then(|actual| holds(actual, assertion));
            result = match (result, held) {
                (Some(Err(error)), _) => Some(Err(error)),
                (result, None) => result,
                (_, held) => held,
            };
        }
        if let Some(result) = result {
            card.case(&name, result);
        }
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn public_suffixes_are_told() {
    let list = suffix_list();
    let mut card = Scorecard::new("psl", "");
    for case in corpus::json("psl/test_psl.json")["cases"].as_array().unwrap() {
        let Some(input) = case[0].as_str() else { continue };
        let registrable = |text: &str| {
            let name = common::to_ascii(text)?;
            (list.suffix_labels(&name) < name.label_count())
                .then(|| list.organizational_domain(&name).to_string())
        };
        let expected = case[1].as_str().and_then(common::to_ascii).map(|name| name.to_string());
        card.equal(input, &registrable(input), &expected);
    }
    card.finish();
}

/// The compiled list of the `psl` crate is of another day than the file; where both have a rule, they agree.
#[cfg(all(feature = "psl", feature = "idna"))]
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn the_compiled_list_tells_the_same() {
    let mut card = Scorecard::new("psl crate", "");
    for case in corpus::json("psl/test_psl.json")["cases"].as_array().unwrap() {
        let Some(input) = case[0].as_str() else { continue };
        let registrable = |text: &str| {
            let name = common::to_ascii(text)?;
            let labels = dmarc::PslList.suffix_labels(&name);
            (labels < name.label_count()).then(|| dmarc::PslList.organizational_domain(&name).to_string())
        };
        let expected = case[1].as_str().and_then(common::to_ascii).map(|name| name.to_string());
        card.equal(input, &registrable(input), &expected);
    }
    card.finish();
}

#[test]
fn the_disposition_of_a_report_is_the_order_of_strictness() {
    assert!(Disposition::None < Disposition::Quarantine && Disposition::Quarantine < Disposition::Reject);
}
