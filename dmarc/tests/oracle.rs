//! Discovery and alignment against RFC 9989 §4.10 written down once more, as the text has it: step by step, over
//! all records at once, without a thought for how often it asks.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

use dmarc::{Discovery, Disposition, Name, Request, Verdict, Zone, evaluate};
use proptest::{collection::vec, option, prelude::*, sample::select};
use std::collections::BTreeMap;

/// Every domain is the end of one of these.
const NAMES: [&str; 3] =
    ["a.b.c.d.e.f.g.h.i.example.com", "x.y.c.d.e.f.g.h.i.example.com", "mail.other.example.com"];

#[derive(Clone, Debug)]
struct Published {
    p: &'static str,
    sp: Option<&'static str>,
    np: Option<&'static str>,
    psd: Option<&'static str>,
    is_strict: bool,
}

impl Published {
    fn text(&self) -> String {
        let tag = |name: &str, value: Option<&str>| {
            value.map_or(String::new(), |value| format!("; {name}={value}"))
        };
        let strict = if self.is_strict { "; adkim=s; aspf=s" } else { "" };
        let tags = [tag("sp", self.sp), tag("np", self.np), tag("psd", self.psd)].concat();
        format!("v=DMARC1; p={}{tags}{strict}", self.p)
    }
}

type Records = BTreeMap<String, Published>;

fn labels(domain: &str) -> Vec<&str> {
    domain.split('.').collect()
}

/// §4.10: the names that are asked at, and the records found on the way.
fn walk<'r>(records: &'r Records, start: &str) -> Vec<(String, &'r Published)> {
    let all = labels(start);
    let mut names = vec![start.to_string()];
    let first = if all.len() < 8 { 1 } else { all.len() - 7 };
    names.extend((first..all.len()).map(|from| all[from..].join(".")));
    let mut found = Vec::new();
    for name in names {
        let Some(record) = records.get(&name) else { continue };
        found.push((name, record));
        if matches!(record.psd, Some("y" | "n")) {
            break;
        }
    }
    found
}

/// §4.10.2
fn organizational_domain(records: &Records, domain: &str) -> String {
    let found = walk(records, domain);
    for (name, record) in &found {
        if record.psd == Some("n") {
            return name.clone();
        }
        if record.psd == Some("y") && name != domain {
            let below = labels(name).len() + 1;
            let all = labels(domain);
            return all[all.len() - below..].join(".");
        }
    }
    found.last().map_or(domain.to_string(), |(name, _)| name.clone())
}

/// §4.10.1: the record, and where it stands.
fn policy<'r>(records: &'r Records, author: &str) -> Option<(String, &'r Published)> {
    if let Some(record) = records.get(author) {
        return Some((author.to_string(), record));
    }
    let organization = organizational_domain(records, author);
    let found = walk(records, author);
    let of_organization = found.iter().find(|(name, _)| *name == organization);
    let of_suffix = found.iter().find(|(_, record)| record.psd == Some("y"));
    of_organization.or(of_suffix).cloned()
}

fn aligned(records: &Records, is_strict: bool, author: &str, domain: &str) -> bool {
    author == domain
        || !is_strict && organizational_domain(records, author) == organizational_domain(records, domain)
}

/// The verdict, where the record stands, and what is done.
fn oracle(
    records: &Records,
    exists: bool,
    author: &str,
    passed: &[String],
) -> (Verdict, Option<String>, Disposition) {
    let Some((at, record)) = policy(records, author) else { return (Verdict::None, None, Disposition::None) };
    if passed.iter().any(|domain| aligned(records, record.is_strict, author, domain)) {
        return (Verdict::Pass, Some(at), Disposition::None);
    }
    let of_subdomain = record.sp.unwrap_or(record.p);
    let asked = match (at == author, exists) {
        (true, _) => record.p,
        (false, true) => of_subdomain,
        (false, false) => record.np.unwrap_or(of_subdomain),
    };
    let disposition = match asked {
        "reject" => Disposition::Reject,
        "quarantine" => Disposition::Quarantine,
        _ => Disposition::None,
    };
    (Verdict::Fail, Some(at), disposition)
}

/// A name, cut to some of its labels.
fn domain() -> impl Strategy<Value = String> {
    (select(NAMES.to_vec()), 1_usize..12).prop_map(|(name, count)| {
        let all = labels(name);
        all[all.len().saturating_sub(count)..].join(".")
    })
}

fn published() -> impl Strategy<Value = Published> {
    let word = || select(vec!["none", "quarantine", "reject"]);
    let psd = select(vec![None, None, None, Some("y"), Some("n"), Some("u")]);
    (word(), option::of(word()), option::of(word()), psd, any::<bool>())
        .prop_map(|(p, sp, np, psd, is_strict)| Published { p, sp, np, psd, is_strict })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn evaluations_are_those_of_the_text(
        records in vec((domain(), published()), 0..6),
        author in domain(),
        passed in vec(domain(), 0..3),
        has_address in any::<bool>(),
    ) {
        let records: Records = records.into_iter().collect();
        let name = |text: &str| Name::parse(text).unwrap();
        let mut zone = Zone::new();
        for (at, record) in &records {
            zone.add_txt(&name(&format!("_dmarc.{at}")), record.text());
        }
        if has_address {
            zone = Zone::parse(&format!("{zone}\n{author}. A 192.0.2.1\n")).unwrap();
        }
        // a domain below which there is anything exists
        let below = format!(".{author}");
        let exists = has_address || records.keys().any(|at| *at == author || at.ends_with(&below));

        let mut request = Request::new(name(&author));
        for domain in &passed {
            request = request.dkim_passed(name(domain));
        }
        let report = evaluate(request, Discovery::TreeWalk).run(&zone);
        let at = report.record_at().map(|at| at.as_str().to_string());
        prop_assert_eq!((report.verdict, at, report.disposition), oracle(&records, exists, &author, &passed));
    }
}
