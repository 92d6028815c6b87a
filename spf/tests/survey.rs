//! What a survey says of a domain, beside what checks of many clients say.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used
)]

use proptest::prelude::*;
use spf::{
    Cause, Limits, Name, Request, Verdict, Zone, check,
    lint::WarningKind,
    report::Matched,
    survey::{Network, Overview, Problem, SurveyLimits, survey},
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

fn overview(zone: &str) -> Overview {
    let zone = Zone::parse(zone).unwrap();
    survey(Name::parse("example.com").unwrap(), &SurveyLimits::default()).run(&zone)
}

fn passing(overview: &Overview) -> Vec<String> {
    overview.passing.iter().map(ToString::to_string).collect()
}

#[test]
fn networks_are_exact_with_their_exceptions() {
    let overview = overview(
        "example.com. TXT \"v=spf1 -ip4:192.0.2.5 ~include:a.example ip4:192.0.2.0/29 include:b.example -all\"\n\
         a.example. TXT \"v=spf1 ip4:192.0.2.6 -all\"\n\
         b.example. TXT \"v=spf1 -ip4:198.51.100.1 ?ip6:2001:db8::/64 ip4:198.51.100.0/30 ip6:2001:db8::/63\"\n",
    );
    assert_eq!(
        passing(&overview),
        [
            "192.0.2.0/30",
            "192.0.2.4/32",
            "192.0.2.7/32",
            "198.51.100.0/32",
            "198.51.100.2/31",
            "2001:db8:0:1::/64"
        ]
    );
    assert_eq!((overview.lookups, overview.records.len()), (2, 3));
    assert!(overview.is_complete && overview.problems.is_empty());
}

#[test]
fn addresses_are_asked_in_both_families() {
    let overview = overview(
        "example.com. TXT \"v=spf1 a:h.example.com/31//127 mx redirect=_spf.%{d}\"\nexample.com. MX 5 m.example.com.\n\
         h.example.com. A 192.0.2.1\nh.example.com. AAAA 2001:db8::1\nm.example.com. AAAA 2001:db8::9\n\
         m.example.com. A 192.0.2.9\n_spf.example.com. TXT \"v=spf1 ip4:192.0.2.200 -all\"\n",
    );
    assert_eq!(
        passing(&overview),
        ["192.0.2.0/31", "192.0.2.9/32", "192.0.2.200/32", "2001:db8::/127", "2001:db8::9/128"]
    );
    assert_eq!(overview.lookups, 3);
    assert!(overview.depending.is_empty(), "%{{d}} is the same for everybody");
}

#[test]
fn what_depends_on_the_message_is_listed() {
    let overview = overview(
        "example.com. TXT \"v=spf1 exists:%{i}.x.example ptr a:%{l}.example.com ip4:192.0.2.1 -all\"\n",
    );
    let depending: Vec<_> = overview.depending.iter().map(Matched::text).collect();
    assert_eq!(depending, ["exists:%{i}.x.example", "ptr", "a:%{l}.example.com"]);
    assert_eq!(passing(&overview), ["192.0.2.1/32"]);
    assert_eq!(overview.lookups, 3);
}

#[test]
fn problems_and_loops_are_told() {
    let overview = overview(
        "example.com. TXT \"v=spf1 include:no.example include:two.example include:bad.example a:void.example \
         include:loop.example include:off.example +all\"\n\
         two.example. TXT \"v=spf1\"\ntwo.example. TXT \"v=spf1\"\nbad.example. TXT \"v=spf1 foo\"\n\
         loop.example. TXT \"v=spf1 include:example.com redirect=loop.example\"\noff.example. UNAVAILABLE\n",
    );
    let problems: Vec<_> = overview.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "no.example has no SPF record",
            "two.example has several SPF records",
            "the record of bad.example is broken: an unknown mechanism (at octet 7)",
            "there is nothing at A void.example",
            "there is nothing at AAAA void.example",
            "include:example.com in the record of loop.example leads back to itself",
            "redirect=loop.example in the record of loop.example leads back to itself",
            "the DNS did not answer TXT off.example",
        ]
    );
    assert!(passing(&overview).is_empty(), "nobody comes to the all without an error");
    assert!(!overview.is_complete, "the DNS did not answer");
}

#[test]
fn who_comes_to_an_error_does_not_pass() {
    let passing_of = |records: &str| {
        let common =
            "bad.example. TXT \"v=spf1 foo\"\nfour.example. UNAVAILABLE\nmany.example. A 192.0.2.1\n";
        let many: String = (0..11).map(|n| format!("many.example. MX 1 m{n}.example.\n")).collect();
        passing(&overview(&format!("{common}{many}{records}")))
    };
    let first = "ip4:192.0.2.0/31";
    for (record, rest) in [
        ("include:bad.example", None),
        ("?include:none.example", None),
        ("mx:many.example", None),
        ("include:%{d1}", None),
        ("exists:four.example", None),
        ("a:four.example", None),
        ("a:many..example", Some("192.0.2.8/32")),
        ("mx:many.example.example", Some("192.0.2.8/32")),
    ] {
        let record = format!("example.com. TXT \"v=spf1 {first} {record} ip4:192.0.2.8 -all\"");
        let expected: Vec<_> = ["192.0.2.0/31"].into_iter().chain(rest).collect();
        assert_eq!(passing_of(&record), expected, "{record}");
    }
    let redirect = "example.com. TXT \"v=spf1 include:a.example ip4:192.0.2.8\"\n\
                    a.example. TXT \"v=spf1 ip4:192.0.2.0/31 -ip4:192.0.2.8 redirect=bad.example\"";
    assert_eq!(passing_of(redirect), ["192.0.2.0/31", "192.0.2.8/32"]);
}

#[test]
fn what_is_the_same_for_everybody_is_asked() {
    let overview = overview(
        "example.com. TXT \"v=spf1 -ip4:192.0.2.1 exists:no.example include:%{o}.x.example exists:yes.example -all\"\n\
         example.com.x.example. TXT \"v=spf1 ip4:192.0.2.8 a:%{d1}\"\nexample. A 192.0.2.9\n\
         yes.example. A 127.0.0.2\nno.example. TXT x\n",
    );
    assert!(overview.depending.is_empty());
    let problems: Vec<_> = overview.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems, ["there is nothing at A no.example"]);
    let passing = passing(&overview);
    assert_eq!((passing.first().unwrap().as_str(), passing.last().unwrap().as_str()), ("0.0.0.0/1", "::/0"));
    assert!(!passing.contains(&"192.0.2.1/32".into()) && passing.contains(&"192.0.2.0/32".into()));
}

#[test]
fn redirects_that_lead_back_are_told() {
    let overview = overview(
        "example.com. TXT \"v=spf1 redirect=b.example\"\nb.example. TXT \"v=spf1 include:c.example redirect=example.com\"\n\
         c.example. TXT \"v=spf1 include:example.com\"\n",
    );
    let problems: Vec<_> = overview.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "include:example.com in the record of c.example leads back to itself",
            "redirect=example.com in the record of b.example leads back to itself"
        ]
    );
    assert_eq!((overview.records.len(), overview.lookups), (3, 4));
}

#[test]
fn what_was_found_before_a_limit_struck_is_kept() {
    let zone = "example.com. TXT \"v=spf1 ip4:192.0.2.1 include:a.example ip4:192.0.2.9 -all\"\n\
                a.example. TXT \"v=spf1 -ip4:192.0.2.2 ip4:192.0.2.3 redirect=b.example\"\n\
                b.example. TXT \"v=spf1 ip4:192.0.2.2/31 ip4:192.0.2.4 ?include:c.example\"\n\
                c.example. TXT \"v=spf1 ip4:192.0.2.5 -all\"\n";
    let zone = Zone::parse(zone).unwrap();
    let found = |questions: usize| {
        let limits = SurveyLimits::default().with_questions(questions);
        let overview = survey(Name::parse("example.com").unwrap(), &limits).run(&zone);
        (overview.is_complete, passing(&overview).join(" "))
    };
    assert_eq!(found(1), (false, "192.0.2.1/32".into()));
    assert_eq!(found(2), (false, "192.0.2.1/32 192.0.2.3/32".into()));
    assert_eq!(found(3), (false, "192.0.2.1/32 192.0.2.3/32 192.0.2.4/32".into()));
    assert_eq!(found(4), (true, "192.0.2.1/32 192.0.2.3/32 192.0.2.4/32 192.0.2.9/32".into()));
}

/// What a skipped term would have matched must not pass by another one.
#[test]
fn nobody_passes_by_what_follows_a_limit() {
    let zone = "example.com. TXT \"v=spf1 ip4:192.0.2.1 -include:a.example ip4:192.0.2.0/24 -all\"\n\
                a.example. TXT \"v=spf1 include:b.example\"\nb.example. TXT \"v=spf1 ip4:192.0.2.9\"\n";
    let run = |zone: &str, limits: &SurveyLimits| {
        let overview = survey(Name::parse("example.com").unwrap(), limits).run(&Zone::parse(zone).unwrap());
        (overview.is_complete, passing(&overview).join(" "))
    };
    assert_eq!(run(zone, &SurveyLimits::default().with_depth(2)), (false, "192.0.2.1/32".into()));
    assert_eq!(run(zone, &SurveyLimits::default().with_terms(1)), (false, "192.0.2.1/32".into()));
    let zone = "example.com. TXT \"v=spf1 ip4:192.0.2.1 -ip4:192.0.2.3 ip4:192.0.2.0/24 -all\"\n";
    assert_eq!(run(zone, &SurveyLimits::default().with_ranges(4)), (false, "192.0.2.1/32".into()));
}

#[test]
fn nobody_is_redirected_where_everybody_has_matched() {
    let overview = overview("example.com. TXT \"v=spf1 ip4:0.0.0.0/0 -ip6:::/0 redirect=no.example\"\n");
    assert_eq!((overview.lookups, overview.problems.len()), (0, 0));
    assert_eq!(passing(&overview), ["0.0.0.0/0"]);
}

#[test]
fn what_is_deep_is_no_loop() {
    let zone = Zone::parse(
        "*.example. TXT \"v=spf1 include:a.%{d}\"\nexample.com. TXT \"v=spf1 include:x.example\"\n",
    )
    .unwrap();
    let limits = SurveyLimits::default().with_depth(5);
    let overview = survey(Name::parse("example.com").unwrap(), &limits).run(&zone);
    assert_eq!((overview.records.len(), overview.is_complete, overview.problems.len()), (5, false, 0));
}

#[test]
fn what_is_listed_is_bounded() {
    let terms = " ptr".repeat(5_000);
    let zone = format!(
        "*.example. TXT \"v=spf1 {} include:a.%{{d}} include:b.%{{d}}\"\nexample.com. TXT \"v=spf1 include:x.example\"\n",
        terms
            .as_bytes()
            .chunks(240)
            .map(|chunk| format!("\" \"{}", str::from_utf8(chunk).unwrap()))
            .collect::<String>()
    );
    let overview = overview(&zone);
    assert!(!overview.is_complete);
    assert_eq!((overview.lookups, overview.depending.len()), (1001, 1000));
}

#[test]
fn included_and_published_records_are_not_blamed_for_what_they_need_not() {
    let long: String = (0..30).map(|n| format!(" \" ip4:192.0.2.{n}\"")).collect();
    let overview = overview(&format!(
        "example.com. TXT \"v=spf1 include:a.example -all\"\na.example. TXT \"v=spf1\"{long}\n"
    ));
    assert_eq!(overview.records[1].record.lint().len(), 2);
    assert_eq!(overview.warnings(), []);
}

#[test]
fn limits_end_a_survey_before_it_is_complete() {
    let zone = Zone::parse("*.example. TXT \"v=spf1 include:a.%{d} include:b.%{d}\"\nexample.com. TXT \"v=spf1 include:x.example\"\n").unwrap();
    let limits = SurveyLimits::default().with_questions(50).with_depth(60);
    let overview = survey(Name::parse("example.com").unwrap(), &limits).run(&zone);
    assert!(!overview.is_complete);
    assert_eq!(overview.records.len(), 50);
    assert!(overview.lookups > 10);
    assert!(
        overview
            .warnings()
            .iter()
            .any(|(_, warning)| matches!(warning.kind, WarningKind::TooManyLookups { .. }))
    );
}

const NAMES: usize = 5;

fn target() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0..NAMES + 1).prop_map(|number| format!("n{number}.example")),
        1 => Just("%{d}".to_owned()),
        1 => Just("n1.%{d1}".to_owned()),
    ]
}

fn term() -> impl Strategy<Value = String> {
    let mechanism = prop_oneof![
        (0..16_u8, 28..=32_u8).prop_map(|(host, prefix)| format!("ip4:192.0.2.{host}/{prefix}")),
        (0..16_u8, 124..=128_u8).prop_map(|(host, prefix)| format!("ip6:2001:db8::{host:x}/{prefix}")),
        target().prop_map(|name| format!("include:{name}")),
        (target(), prop::sample::select(vec!["", "/30", "/31//126", "//0"]))
            .prop_map(|(name, prefix)| format!("a:{name}{prefix}")),
        target().prop_map(|name| format!("mx:{name}")),
        target().prop_map(|name| format!("exists:{name}")),
        Just("all".to_owned()),
    ];
    (prop::sample::select(vec!["", "", "", "-", "~", "?"]), mechanism)
        .prop_map(|(qualifier, mechanism)| format!("{qualifier}{mechanism}"))
}

/// What stands at one name.
fn entry(number: usize) -> impl Strategy<Value = String> {
    let name = format!("n{number}.example.");
    let redirect = prop::option::weighted(0.3, target());
    let terms = prop::collection::vec(term(), 0..5);
    let is_odd = prop_oneof![9 => Just(0), 1 => 1..4];
    let addresses = prop::collection::vec((any::<bool>(), 0..16_u8), 0..3);
    let exchangers = prop::collection::vec(0..NAMES, 0..3);
    (terms, redirect, is_odd, addresses, exchangers).prop_map(
        move |(terms, redirect, odd, addresses, exchangers)| {
            let redirect = redirect.map(|target| format!("redirect={target}")).unwrap_or_default();
            let mut text = match odd {
                1 if number > 0 => return format!("{name} UNAVAILABLE\n"),
                2 => format!("{name} TXT \"v=spf1 foo\"\n"),
                3 => String::new(),
                _ => format!("{name} TXT \"v=spf1 {} {redirect}\"\n", terms.join(" ")),
            };
            for (is_ip4, host) in addresses {
                text += &match is_ip4 {
                    true => format!("{name} A 192.0.2.{host}\n"),
                    false => format!("{name} AAAA 2001:db8::{host:x}\n"),
                };
            }
            for exchanger in exchangers {
                text += &format!("{name} MX 1 n{exchanger}.example.\n");
            }
            text
        },
    )
}

fn zone() -> impl Strategy<Value = String> {
    (entry(0), entry(1), entry(2), entry(3), entry(4)).prop_map(|(a, b, c, d, e)| [a, b, c, d, e].concat())
}

fn is_in(network: &Network, client: IpAddr) -> bool {
    match (network.address, client) {
        (IpAddr::V4(address), IpAddr::V4(client)) => {
            let behind = 32 - u32::from(network.prefix);
            (address.to_bits() ^ client.to_bits()).checked_shr(behind).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(client)) => {
            let behind = 128 - u32::from(network.prefix);
            (address.to_bits() ^ client.to_bits()).checked_shr(behind).unwrap_or(0) == 0
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Where nothing depends on the message, the networks that pass are exactly the clients whose check passes, and no
    /// check asks for more terms than the worst case. Only the limits of look-ups are lifted.
    #[test]
    fn a_survey_is_all_checks_in_one(text in zone()) {
        let zone = Zone::parse(&text).unwrap();
        let limits = Limits::default().with_lookups(300).with_void_lookups(10_000);
        let overview = survey(Name::parse("n0.example").unwrap(), &SurveyLimits::default()).run(&zone);
        prop_assert!(overview.depending.is_empty());
        let is_answered = !overview.problems.iter().any(|problem| matches!(problem, Problem::Unavailable(_)));
        // a limit of the survey struck
        prop_assume!(overview.is_complete || !is_answered);
        let has_loop = overview.problems.iter().any(|problem| matches!(problem, Problem::Loop(_)));
        let ip4 = (0..18).map(|host| IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)));
        let ip6 = (0..18).map(|host| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host)));
        for client in ip4.chain(ip6) {
            let request = Request::mail_from(client, "h.example", "a@n0.example");
            let report = check(request, &limits).run(&zone);
            let is_passing = overview.passing.iter().any(|network| is_in(network, client));
            prop_assert_eq!(report.verdict == Verdict::Pass, is_passing, "{} {:?}\n{}", client, report.cause, text);
            let is_looping = matches!(report.cause, Some(Cause::TooManyLookups { .. }));
            prop_assert!(is_looping <= has_loop, "{} {:?}\n{}", client, report.cause, text);
            prop_assert!(is_looping || report.lookups <= overview.lookups, "{}\n{}", client, text);
        }
    }
}
