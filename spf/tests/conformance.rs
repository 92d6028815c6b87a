//! The public suites of SPF tests. Set `MAILPROTO_CORPORA` and run with `--include-ignored`.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used
)]

use mail_base::dns::{Answer, Kind, Mx, Question, Records, Resolve, Txt};
use serde_json::Value;
use spf::{Limits, Name, Record, Report, Request, Zone, check};
use std::collections::BTreeMap;
use testkit::{Scorecard, corpus};

/// The zone of a scenario. A record without a type answers every question that no record before it answers.
struct Scenario {
    names: BTreeMap<String, Vec<Value>>,
}

impl Scenario {
    fn new(zone: &Value) -> Self {
        let names = zone.as_object().unwrap().iter();
        let names = names.map(|(name, records)| (key(name), records.as_array().unwrap().clone()));
        Self { names: names.collect() }
    }

    fn answer(&self, name: &str, kind: Kind, aliases: usize) -> Answer {
        let Some(records) = self.names.get(&key(name)) else { return Answer::NoSuchName };
        let of_type = |wanted: &str| -> Vec<&Value> {
            records.iter().filter(|record| record["type"] == wanted).collect()
        };
        let wanted = of_type(&kind.to_string());
        if wanted.is_empty() {
            if records.iter().any(|record| record["type"].is_null() && record["error"] == "timeout") {
                return Answer::Unavailable;
            }
            return match of_type("CNAME").first() {
                Some(_) if aliases == 0 => Answer::Unavailable,
                Some(alias) => self.answer(alias["name"].as_str().unwrap(), kind, aliases - 1),
                None => Answer::NoRecords,
            };
        }
        let text = |record: &Value, field: &str| record[field].as_str().unwrap().to_owned();
        let name_of = |record: &Value, field: &str| {
            let text = text(record, field);
            if text.is_empty() { Name::root() } else { Name::parse(&text).unwrap() }
        };
        match kind {
            Kind::A => Answer::a(wanted.iter().map(|record| text(record, "address").parse().unwrap())),
            Kind::Aaaa => Answer::aaaa(wanted.iter().map(|record| text(record, "address").parse().unwrap())),
            Kind::Mx => Answer::new(Records::Mx(
                wanted
                    .iter()
                    .map(|record| Mx {
                        preference: u16::try_from(record["preference"].as_u64().unwrap()).unwrap(),
                        exchange: name_of(record, "exchange"),
                    })
                    .collect(),
            )),
            Kind::Ptr => Answer::ptr(wanted.iter().map(|record| name_of(record, "name"))),
            Kind::Txt => Answer::new(Records::Txt(
                wanted
                    .iter()
                    .map(|record| {
                        let strings = record["strings"].as_array().unwrap().iter();
                        Txt::from_strings(strings.map(|string| corpus::octets(string.as_str().unwrap())))
                    })
                    .collect(),
            )),
            _ => Answer::NoRecords,
        }
    }
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

impl Resolve for Scenario {
    fn resolve(&self, question: &Question) -> Answer {
        self.answer(question.name.as_str(), question.kind, 8)
    }
}

fn run(case: &Value, zone: &Scenario) -> Report {
    let text = |field: &str| case[field].as_str().unwrap();
    let ip = text("host").parse().unwrap();
    let request =
        Request::mail_from(ip, text("helo"), text("mailfrom")).receiver("receiver.example").trace(true);
    check(request, &Limits::default()).run(zone)
}

/// Compares a report with what a case expects. Explanations are compared without regard to case: the suite
/// writes the nibbles of an IPv6 address in upper case where RFC 7208 §7.4 writes them in lower case.
fn compare(case: &Value, report: &Report) -> Result<(), String> {
    let verdict = report.verdict.as_str();
    let expected = case["result"].as_array().unwrap();
    if !expected.iter().any(|result| result == verdict) {
        return Err(format!("{verdict} instead of {expected:?}\n{}", report.trace.as_ref().unwrap()));
    }
    let Some(explanation) = case["explanation"].as_str() else { return Ok(()) };
    let actual = report.explanation.as_deref().unwrap_or("DEFAULT");
    if actual.eq_ignore_ascii_case(explanation) {
        Ok(())
    } else {
        Err(format!("explained with {actual:?} instead of {explanation:?}"))
    }
}

fn suite(name: &str, file: &str, expected_failures: &str) {
    let mut card = Scorecard::new(name, expected_failures);
    for scenario in corpus::json(file)["scenarios"].as_array().unwrap() {
        let zone = Scenario::new(&scenario["zone"]);
        for case in scenario["cases"].as_array().unwrap() {
            if case["contested"].is_null() {
                card.case(case["name"].as_str().unwrap(), compare(case, &run(case, &zone)));
            }
        }
    }
    card.finish();
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn openspf_rfc7208() {
    suite("openspf RFC 7208", "spf-openspf/rfc7208-tests.json", "");
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn openspf_rfc4408() {
    suite("openspf RFC 4408", "spf-openspf/rfc4408-tests.json", "");
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn pyspf_extra() {
    suite("pyspf extra", "spf-pyspf-extra/pyspf-test.json", "");
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap())
}

#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn mlocati_terms() {
    let terms = corpus::json("spf-syntax/mlocati-terms.json");
    let mut card = Scorecard::new("mlocati terms", "");
    for case in terms["valid_terms"].as_array().unwrap() {
        let term = case["term"].as_str().unwrap();
        if case["contested"].is_null() {
            let canonical = Record::parse(format!("v=spf1 {term}")).map(|record| {
                assert_eq!(record.to_string(), format!("v=spf1 {term}"));
                record.terms().next().unwrap().to_string()
            });
            card.equal(term, &canonical, &Ok(case["canonical"].as_str().unwrap().to_owned()));
        }
    }
    for term in texts(&terms["invalid_terms"]) {
        card.equal(&format!("not {term}"), &Record::parse(format!("v=spf1 {term}")).is_err(), &true);
    }
    for (number, set) in terms["txt_sets_without_spf_record"].as_array().unwrap().iter().enumerate() {
        let is_claimed = texts(set).any(|text| Record::is_claimed_by(text.as_bytes()));
        card.equal(&format!("no record {number}"), &is_claimed, &false);
    }
    card.finish();
}

/// The macros are expanded by a check that fails and explains itself, so that `%{p}` is asked for too.
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn macros() {
    let data = corpus::json("spf-syntax/macros.json");
    let mut card = Scorecard::new("macros", "");
    for case in data["cases"].as_array().unwrap() {
        let text = |field: &str| case[field].as_str().unwrap_or("");
        let domain = text("domain");
        let mut zone = Zone::parse(
            "40.30.20.10.in-addr.arpa. PTR resolved.sender.email.address.com.\n\
             resolved.sender.email.address.com. A 10.20.30.40\n\
             3.2.0.192.in-addr.arpa. PTR mx.example.org.\nmx.example.org. A 192.0.2.3\n",
        )
        .unwrap();
        let name = |text: &str| Name::parse(text).unwrap();
        zone.add_txt(&name(domain), "v=spf1 -all exp=why.example");
        zone.add_txt(&name("why.example"), text("macro"));
        // the domain of the case need not be the sender's
        let sender_domain = text("sender").rsplit_once('@').unwrap().1;
        if !sender_domain.eq_ignore_ascii_case(domain) {
            zone.add_txt(&name(sender_domain), format!("v=spf1 redirect={domain}"));
        }
        let request = Request::mail_from(text("ip").parse().unwrap(), text("helo"), text("sender"));
        let report = check(request.receiver(text("receiver")), &Limits::default()).run(&zone);
        card.equal(text("id"), &report.explanation.as_deref(), &case["expect"].as_str());
    }
    for text in texts(&data["invalid_domain_spec_macros"]) {
        let record = Record::parse(format!("v=spf1 exists:{text}"));
        card.equal(&format!("not {text:?}"), &record.is_err(), &true);
    }
    card.finish();
}

#[cfg(feature = "srs")]
#[test]
#[ignore = "needs MAILPROTO_CORPORA"]
fn srs() {
    let vectors = corpus::json("srs/vectors.json");
    let vectors = &vectors["postsrsd"];
    let now = vectors["time"].as_u64().unwrap();
    let srs_of =
        |domain: &str| spf::srs::Srs::new(Name::parse(domain).unwrap(), vectors["secret"].as_str().unwrap());
    let mut card = Scorecard::new("srs", "");
    for case in vectors["forward"].as_array().unwrap() {
        let sender = case[0].as_str().unwrap();
        let actual = srs_of(case[1].as_str().unwrap()).forward(sender, now).ok();
        card.equal(&format!("forward {sender}"), &actual.as_deref(), &case[2].as_str());
    }
    for case in vectors["reverse"].as_array().unwrap() {
        let address = case[0].as_str().unwrap();
        let actual = srs_of("example.com").reverse(address, now).ok();
        card.equal(&format!("reverse {address}"), &actual.as_deref(), &case[1].as_str());
    }
    card.finish();
}
