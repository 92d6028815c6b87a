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
    survey::{Network, Problem, SurveyLimits, survey},
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
    #![proptest_config(ProptestConfig::with_cases(400))]

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
