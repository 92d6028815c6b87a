//! The examples of RFC 7208.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used
)]

use spf::{
    Limits, Request, Verdict, Zone, check,
    macros::{Place, Values, expand},
};

/// Appendix A.
const ZONE: &str = r#"
$ORIGIN example.com.
@           MX  10 mail-a
@           MX  20 mail-b
@           A   192.0.2.10
@           A   192.0.2.11
amy         A   192.0.2.65
bob         A   192.0.2.66
mail-a      A   192.0.2.129
mail-b      A   192.0.2.130
www         CNAME example.com.
$ORIGIN example.org.
@           MX  10 mail-c
mail-c      A   192.0.2.140
$ORIGIN 2.0.192.in-addr.arpa.
10          PTR example.com.
11          PTR example.com.
65          PTR amy.example.com.
66          PTR bob.example.com.
129         PTR mail-a.example.com.
130         PTR mail-b.example.com.
140         PTR mail-c.example.org.
$ORIGIN 0.0.10.in-addr.arpa.
4           PTR bob.example.com.
"#;

/// The clients of Appendix A that pass when mail from `domain` is checked with these records beside its zone.
fn passing(records: &str, sender: &str) -> Vec<String> {
    let records: Vec<_> = records.lines().map(str::trim).collect();
    let zone = Zone::parse(&format!("{ZONE}$ORIGIN .\n{}\n", records.join("\n"))).unwrap();
    let mut clients: Vec<_> =
        [10, 11, 65, 66, 129, 130, 131, 140].map(|last| format!("192.0.2.{last}")).into();
    clients.push("10.0.0.4".into());
    clients.retain(|client| {
        let request = Request::mail_from(client.parse().unwrap(), "helo.example.net", sender);
        check(request, &Limits::default()).run(&zone).verdict == Verdict::Pass
    });
    clients
}

#[test]
fn a_1_simple_examples() {
    let passing = |record: &str| passing(&format!("example.com. TXT \"{record}\""), "user@example.com");
    assert_eq!(passing("v=spf1 +all").len(), 9);
    assert_eq!(passing("v=spf1 a -all"), ["192.0.2.10", "192.0.2.11"]);
    assert!(passing("v=spf1 a:example.org -all").is_empty());
    assert_eq!(passing("v=spf1 mx -all"), ["192.0.2.129", "192.0.2.130"]);
    assert_eq!(passing("v=spf1 mx:example.org -all"), ["192.0.2.140"]);
    assert_eq!(passing("v=spf1 mx mx:example.org -all"), ["192.0.2.129", "192.0.2.130", "192.0.2.140"]);
    assert_eq!(
        passing("v=spf1 mx/30 mx:example.org/30 -all"),
        ["192.0.2.129", "192.0.2.130", "192.0.2.131", "192.0.2.140"]
    );
    let by_name = ["192.0.2.10", "192.0.2.11", "192.0.2.65", "192.0.2.66", "192.0.2.129", "192.0.2.130"];
    assert_eq!(passing("v=spf1 ptr -all"), by_name);
    assert_eq!(
        passing("v=spf1 ip4:192.0.2.128/28 -all"),
        ["192.0.2.129", "192.0.2.130", "192.0.2.131", "192.0.2.140"]
    );
}

#[test]
fn a_2_several_domains() {
    let records = r#"
        example.org.    TXT "v=spf1 include:example.com include:example.net -all"
        la.example.org. TXT "v=spf1 redirect=example.org"
        example.com.    TXT "v=spf1 mx -all"
        example.net.    TXT "v=spf1 ip4:10.0.0.0/8 -all"
    "#;
    let expected = ["192.0.2.129", "192.0.2.130", "10.0.0.4"];
    assert_eq!(passing(records, "user@example.org"), expected);
    assert_eq!(passing(records, "user@la.example.org"), expected);
}

#[test]
fn a_3_a_list_of_users() {
    let records = r#"
        example.com. TXT "v=spf1 mx include:mobile-users._spf.%{d} include:remote-users._spf.%{d} -all"
        mobile-users._spf.example.com. TXT "v=spf1 exists:%{l1r+}.%{d}"
        remote-users._spf.example.com. TXT "v=spf1 exists:%{ir}.%{l1r+}.%{d}"
        mary.mobile-users._spf.example.com. A 127.0.0.2
        65.2.0.192.joel.remote-users._spf.example.com. A 127.0.0.2
    "#;
    assert_eq!(passing(records, "mary+list@example.com").len(), 9);
    assert_eq!(passing(records, "joel@example.com"), ["192.0.2.65", "192.0.2.129", "192.0.2.130"]);
    assert_eq!(passing(records, "fred@example.com"), ["192.0.2.129", "192.0.2.130"]);
}

/// With the records of type TXT (erratum 4001) and `-ptr:example.com` (erratum 6216).
#[test]
fn a_4_several_requirements() {
    let records = r#"
        example.com. TXT "v=spf1 -include:ip4._spf.%{d} -include:ptr._spf.%{d} +all"
        ip4._spf.example.com. TXT "v=spf1 -ip4:192.0.2.0/24 +all"
        ptr._spf.example.com. TXT "v=spf1 -ptr:example.com +all"
    "#;
    let both = ["192.0.2.10", "192.0.2.11", "192.0.2.65", "192.0.2.66", "192.0.2.129", "192.0.2.130"];
    assert_eq!(passing(records, "user@example.com"), both);
}

#[test]
fn section_7_4_expansions() {
    let expanded = |text: &str, ip: &str| {
        let values = Values {
            sender: "strong-bad@email.example.com",
            domain: "email.example.com",
            ..Values::new(ip.parse().unwrap())
        };
        expand(text, Place::DomainSpec, &values).unwrap()
    };
    for (text, expected) in [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
    ] {
        assert_eq!(expanded(text, "192.0.2.3"), expected, "{text}");
    }
    assert_eq!(
        expanded("%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01"),
        "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"
    );
}
