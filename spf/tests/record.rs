//! Records as data: what is wrong with a text and where, and what is built is read.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used
)]

use proptest::prelude::*;
use spf::{
    Record, RecordErrorKind,
    record::{DualPrefix, MAX_OCTETS, Mechanism, Modifier, Qualifier, RecordBuilder, TermKind},
};
use std::net::IpAddr;

#[test]
fn errors_name_the_rule_and_the_place() {
    use RecordErrorKind::*;
    for (text, kind, at) in [
        ("v=spf1 a/33", PrefixLength, 9),
        ("v=spf1 a/24/64", PrefixLength, 11),
        ("v=spf1 a/", PrefixLength, 8),
        ("v=spf1 a//", PrefixLength, 10),
        ("v=spf1 a//129", PrefixLength, 10),
        ("v=spf1 a:x.example/", TopLabel, 11),
        ("v=spf1 a:x.example/33", PrefixLength, 19),
        ("v=spf1 a:x.example/08", PrefixLength, 19),
        ("v=spf1 a:x.example//129", PrefixLength, 20),
        ("v=spf1 a:", NoDomain, 9),
        ("v=spf1 a:/24", NoDomain, 9),
        ("v=spf1 a:x.1", TopLabel, 11),
        ("v=spf1 a:localhost", TopLabel, 9),
        ("v=spf1 a:x.-com", TopLabel, 11),
        ("v=spf1 a:x.com..", TopLabel, 15),
        ("v=spf1 a: b", NoDomain, 9),
        ("v=spf1 a:%{x}.example", Letter, 11),
        ("v=spf1 a:%{d.example", Percent, 9),
        ("v=spf1 a:%.example", Percent, 9),
        ("v=spf1 a:%{d0}.example", Digits, 12),
        ("v=spf1 a:%{c}.example", ExplanationLetter, 11),
        ("v=spf1 a:%{d2r!}.example", Percent, 14),
        ("v=spf1 a:%{}", Letter, 11),
        ("v=spf1 a:%{dR-x}", Percent, 14),
        ("v=spf1 all:x", Argument, 10),
        ("v=spf1 all/8", Argument, 10),
        ("v=spf1 all.", Mechanism, 7),
        ("v=spf1 include", NoDomain, 14),
        ("v=spf1 include/24", Argument, 14),
        ("v=spf1 include:x.example/24", TopLabel, 17),
        ("v=spf1 ip4:1.2.3", Ip4, 11),
        ("v=spf1 ip4:1.2.3.4/", PrefixLength, 19),
        ("v=spf1 ip4:1.2.3.4/33", PrefixLength, 19),
        ("v=spf1 ip4:1.2.3.4x", Ip4, 18),
        ("v=spf1 ip4", Ip4, 10),
        ("v=spf1 ip6:::1/129", PrefixLength, 15),
        ("v=spf1 ip6:1", Ip6, 11),
        ("v=spf1 ip6:1::2::3", Ip6, 11),
        ("v=spf1 ip6", Ip6, 10),
        ("v=spf1 exists", NoDomain, 13),
        ("v=spf1 exists:", NoDomain, 14),
        ("v=spf1 ptr:", NoDomain, 11),
        ("v=spf1 ptr/24", Argument, 10),
        ("v=spf1 -redirect=x.example", Qualifier, 8),
        ("v=spf1 redirect=x.example redirect=y.example", Duplicate, 26),
        ("v=spf1 redirect=", NoDomain, 16),
        ("v=spf1 exp=", NoDomain, 11),
        ("v=spf1 redirect:x.example", Mechanism, 7),
        ("v=spf1 foo", Mechanism, 7),
        ("v=spf1 foo=%", Percent, 11),
        ("v=spf1 =x", Name, 7),
        ("v=spf1 1a=x", Name, 7),
        ("v=spf1 \ta", Octet, 7),
        ("v=spf1 a\t", Octet, 8),
        ("v=spf1 ä", Octet, 7),
        ("v=spf1 a:ä.example", Octet, 9),
        ("v=spf1 x=ä", Octet, 9),
        ("v=spf1 ip4:ä", Ip4, 11),
        ("v=spf1  --all", Name, 9),
        ("v=spf1 +", Name, 8),
        ("v=spf1 a:x.example\0", Octet, 18),
        ("v=spf10", Version, 0),
        ("", Version, 0),
        ("v=spf1 foo\u{7f}=x", Octet, 10),
        ("v=spf1 a:x.example/24//", TopLabel, 11),
        ("v=spf1 mx:x.example//24//24", TopLabel, 12),
        ("v=spf1 ip4:1.2.3.4//24", PrefixLength, 19),
        ("v=spf1 a!b", Mechanism, 8),
    ] {
        let error = Record::parse(text).unwrap_err();
        assert_eq!((error.kind, error.at), (kind, at), "{text:?}");
    }
    let error = Record::parse(b"v=spf1 a:\xff.example").unwrap_err();
    assert_eq!((error.kind, error.at), (Octet, 9));
    let error = Record::parse(format!("v=spf1{}", " ".repeat(MAX_OCTETS))).unwrap_err();
    assert_eq!((error.kind, error.at), (TooLong, MAX_OCTETS));
}

#[test]
fn a_record_prints_back_and_its_terms_in_their_shortest_form() {
    let text =
        "V=sPf1  +A:Example.COM/32//128 -MX//64  IP4:192.0.2.0/32 ip6:2001:DB8:0:0::1/128 ?all Foo=%{D}  ";
    let record = Record::parse(text).unwrap();
    assert_eq!(record.to_string(), text);
    let shortest: Vec<_> = record.terms().map(|term| term.to_string()).collect();
    assert_eq!(
        shortest,
        ["a:Example.COM", "-mx//64", "ip4:192.0.2.0", "ip6:2001:db8::1", "?all", "Foo=%{D}"]
    );
    let places: Vec<_> =
        record.terms().map(|term| (term.at, term.end(), &text[term.at..term.end()] == term.text)).collect();
    assert!(places.iter().all(|(_, _, is_its)| *is_its), "{places:?}");
    assert_eq!((record.has_all(), record.redirect(), record.exp()), (true, None, None));
}

/// Something to give to a builder: a domain of a kind that somebody might have put together from what others say.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("example.com".to_owned()),
        Just("%{i}._spf.%{d}".to_owned()),
        "[a-z./%{}:= -]{0,12}",
        "[a-z.]{1,6}\\.[a-z]{2}/{0,2}[0-9]{0,3}",
    ]
}

proptest! {
    /// What can be built says what was meant: as many terms, each of its kind, with its values.
    #[test]
    fn what_is_built_is_what_was_meant(
        domain in value(),
        name in "[a-z:/=%{}. -]{0,6}",
        prefix in 0..140_u8,
        ip: IpAddr,
        choice in 0..9_u8,
    ) {
        let dual = DualPrefix { ip4: prefix, ip6: prefix };
        let mut builder = RecordBuilder::new();
        builder.qualified(Qualifier::SoftFail);
        match choice {
            0 => builder.include(&domain),
            1 => builder.a(Some(&domain), dual),
            2 => builder.mx(Some(&domain), dual),
            3 => builder.ptr(Some(&domain)),
            4 => builder.exists(&domain),
            5 => builder.modifier("redirect", &domain),
            6 => builder.modifier(&name, &domain),
            7 => builder.network(ip, prefix),
            _ => builder.mx(None, dual),
        };
        builder.all(Qualifier::Fail);
        let Ok(record) = builder.build() else { return Ok(()) };
        prop_assert_eq!(Record::parse(record.to_string()), Ok(record.clone()));
        let terms: Vec<_> = record.terms().collect();
        prop_assert_eq!(terms.len(), 2, "{}", record);
        let said = match terms[0].kind {
            TermKind::Directive { qualifier, mechanism } => {
                prop_assert_eq!(qualifier, Qualifier::SoftFail);
                match mechanism {
                    Mechanism::Include(said) => (0, said.to_string(), None),
                    Mechanism::A { domain: Some(said), prefix } => (1, said.to_string(), Some(prefix)),
                    Mechanism::Mx { domain: Some(said), prefix } => (2, said.to_string(), Some(prefix)),
                    Mechanism::Ptr { domain: Some(said) } => (3, said.to_string(), None),
                    Mechanism::Exists(said) => (4, said.to_string(), None),
                    Mechanism::Ip4 { address, prefix: said } => {
                        prop_assert_eq!((IpAddr::V4(address), said), (ip, prefix));
                        (7, domain.clone(), None)
                    }
                    Mechanism::Ip6 { address, prefix: said } => {
                        prop_assert_eq!((IpAddr::V6(address), said), (ip, prefix));
                        (7, domain.clone(), None)
                    }
                    Mechanism::Mx { domain: None, prefix } => (8, domain.clone(), Some(prefix)),
                    other => panic!("{other:?}"),
                }
            }
            TermKind::Modifier(Modifier::Redirect(said)) if choice == 5 => (5, said.to_string(), None),
            TermKind::Modifier(Modifier::Unknown { name: said_name, value }) => {
                prop_assert_eq!(said_name, &name);
                (6, value.to_owned(), None)
            }
            TermKind::Modifier(other) => {
                prop_assert_eq!(other.to_string(), format!("{name}={domain}"));
                (6, domain.clone(), None)
            }
        };
        prop_assert_eq!(&said.1, &domain);
        prop_assert_eq!(said.0, choice);
        prop_assert!(said.2.is_none_or(|said| said == dual), "{}", record);
    }
}
