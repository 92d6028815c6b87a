//! Advice to publishers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

use dmarc::{
    Name, Policy, Record,
    lint::{About, Advice, MONITORING_DAYS, lint},
    tag::Tag,
};

fn advice(text: &str, about: &About) -> Vec<(Advice, Option<usize>)> {
    let record = Record::parse(text).unwrap();
    lint(&record, about).into_iter().map(|located| (located.advice, located.at)).collect()
}

fn at_example() -> About {
    About::default().with_domain(Name::parse("example.com").unwrap())
}

#[test]
fn a_sound_record_needs_no_advice() {
    assert_eq!(
        advice(
            "v=DMARC1; p=reject; rua=mailto:d@example.com; ruf=mailto:f@mail.example.com; fo=1",
            &at_example()
        ),
        []
    );
}

#[test]
fn weaknesses_are_told_with_their_place() {
    let weaker = |tag, policy| Advice::Weaker { tag, policy, domain: Policy::Reject };
    assert_eq!(
        advice("v=DMARC1; p=reject; sp=quarantine; np=none; t=y; fo=1; pct=10; rf=afrf; ri=1", &at_example()),
        [
            (weaker(Tag::Sp, Policy::Quarantine), Some(20)),
            (weaker(Tag::Np, Policy::None), Some(35)),
            (Advice::NoAggregateReports, None),
            (Advice::TestMode, Some(44)),
            (Advice::OptionsWithoutAddress, Some(49)),
            (Advice::Historic(Tag::Pct), Some(55)),
            (Advice::Historic(Tag::Rf), Some(63)),
            (Advice::Historic(Tag::Ri), Some(72)),
        ]
    );
}

#[test]
fn monitoring_is_fine_for_a_while() {
    let text = "v=DMARC1; p=none; rua=mailto:d@example.com";
    assert_eq!(advice(text, &at_example().with_monitoring_days(MONITORING_DAYS)), []);
    let days = MONITORING_DAYS + 1;
    assert_eq!(
        advice(text, &at_example().with_monitoring_days(days)),
        [(Advice::StillMonitoring { days }, Some(10))]
    );
    let enforced = "v=DMARC1; p=quarantine; rua=mailto:d@example.com";
    assert_eq!(advice(enforced, &at_example().with_monitoring_days(days)), []);
}

#[test]
fn records_that_do_not_apply_are_told() {
    let kinds = |text| advice(text, &at_example()).into_iter().map(|(advice, _)| advice).collect::<Vec<_>>();
    assert!(kinds("v=DMARC1; p=x").contains(&Advice::NotApplied));
    assert!(kinds("v=DMARC1; p=x; rua=mailto:d@example.com").contains(&Advice::TakenForNone));
    assert!(kinds("v=DMARC1; p=reject; sp=x; rua=mailto:d@example.com").contains(&Advice::TakenForNone));
    assert!(matches!(kinds("v=DMARC1; p=x")[0], Advice::Fault(_)));
}

#[test]
fn hosts_of_others_must_consent() {
    let host = Name::parse("reports.example").unwrap();
    let text = "v=DMARC1; p=reject; rua=mailto:d@reports.example,mailto:e@reports.example; ruf=mailto:f@reports.example";
    assert_eq!(advice(text, &at_example()), [(Advice::NeedsConsent(host.clone()), Some(20))]);
    assert_eq!(advice(text, &at_example().with_host(host.clone(), true)), []);
    let refused = at_example().with_host(host.clone(), false);
    assert_eq!(advice(text, &refused), [(Advice::NoConsent(host), Some(20))]);
}
