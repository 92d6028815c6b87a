//! The grammar of RFC 7208 §12 in `nom`, rule by rule: what the tests compare the hand-written parser with. It only
//! tells whether a text is a record, and what its terms are in their shortest form.

use crate::{
    octets::ip6_network as ip6_network_by_hand,
    record::{DomainSpec, DualPrefix, Mechanism, Modifier, Qualifier, Record},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::net::{Ipv4Addr, Ipv6Addr};
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, tag_no_case, take_while, take_while_m_n, take_while1},
    character::complete::{char, one_of, satisfy},
    combinator::{all_consuming, map, map_opt, opt, recognize, value, verify},
    multi::{many0, many0_count, many1_count},
    sequence::{pair, preceded, terminated},
};

/// record = version terms *SP
fn record(text: &str) -> IResult<&str, Vec<String>> {
    let terms = many0(preceded(many1_count(char(' ')), term));
    all_consuming(preceded(tag_no_case("v=spf1"), terminated(terms, many0_count(char(' '))))).parse(text)
}

/// directive / modifier, up to the next space or the end
fn term(text: &str) -> IResult<&str, String> {
    let (rest, word) = take_while1(|character| character != ' ')(text)?;
    let (_, term) = alt((all_consuming(directive), all_consuming(modifier))).parse(word)?;
    Ok((rest, term))
}

/// directive = [ qualifier ] mechanism
fn directive(text: &str) -> IResult<&str, String> {
    let qualifier = map(opt(one_of("+-?~")), |mark| match mark {
        Some('-') => Qualifier::Fail,
        Some('~') => Qualifier::SoftFail,
        Some('?') => Qualifier::Neutral,
        _ => Qualifier::Pass,
    });
    let shortest =
        |(qualifier, mechanism): (Qualifier, Mechanism<'_>)| format!("{}{mechanism}", qualifier.as_str());
    map(pair(qualifier, mechanism), shortest).parse(text)
}

/// mechanism = ( all / include / a / mx / ptr / ip4 / ip6 / exists )
fn mechanism(text: &str) -> IResult<&str, Mechanism<'_>> {
    let domain = || preceded(char(':'), domain_spec);
    alt((
        all_consuming(value(Mechanism::All, tag_no_case("all"))),
        map(preceded(tag_no_case("include"), domain()), Mechanism::Include),
        map(preceded(tag_no_case("mx"), domain_and_prefix), |(domain, prefix)| Mechanism::Mx {
            domain,
            prefix,
        }),
        map(all_consuming(preceded(tag_no_case("ptr"), opt(domain()))), |domain| Mechanism::Ptr { domain }),
        map(preceded(tag_no_case("ip4:"), pair(ip4_network, opt(cidr(32)))), |(address, prefix)| {
            Mechanism::Ip4 { address, prefix: prefix.unwrap_or(32) }
        }),
        map(preceded(tag_no_case("ip6:"), pair(ip6_network, opt(cidr(128)))), |(address, prefix)| {
            Mechanism::Ip6 { address, prefix: prefix.unwrap_or(128) }
        }),
        map(preceded(tag_no_case("exists"), domain()), Mechanism::Exists),
        map(preceded(tag_no_case("a"), domain_and_prefix), |(domain, prefix)| Mechanism::A {
            domain,
            prefix,
        }),
    ))
    .parse(text)
}

/// [ ":" domain-spec ] [ dual-cidr-length ], to the end: the longest dual-cidr-length that leaves a domain-spec
fn domain_and_prefix(text: &str) -> IResult<&str, (Option<DomainSpec<'_>>, DualPrefix)> {
    for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
        let (domain, prefix) = text.split_at(at);
        let domain: IResult<_, _> = all_consuming(opt(preceded(char(':'), domain_spec))).parse(domain);
        let prefix: IResult<_, _> = all_consuming(dual_cidr_length).parse(prefix);
        if let (Ok((_, domain)), Ok((_, prefix))) = (domain, prefix) {
            return Ok(("", (domain, prefix)));
        }
    }
    map_opt(tag("never"), |_| None).parse(text)
}

/// dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
fn dual_cidr_length(text: &str) -> IResult<&str, DualPrefix> {
    map(pair(opt(cidr(32)), opt(preceded(char('/'), cidr(128)))), |(ip4, ip6)| DualPrefix {
        ip4: ip4.unwrap_or(32),
        ip6: ip6.unwrap_or(128),
    })
    .parse(text)
}

/// ip4-cidr-length = "/" ("0" / %x31-39 0*1DIGIT); ip6-cidr-length = "/" ("0" / %x31-39 0*2DIGIT)
fn cidr<'a>(most: u8) -> impl Parser<&'a str, Output = u8, Error = nom::error::Error<&'a str>> {
    preceded(char('/'), verify(number, move |prefix| *prefix <= most))
}

/// A decimal number up to 255 without a leading zero.
fn number(text: &str) -> IResult<&str, u8> {
    let digits = verify(take_while_m_n(1, 3, |c: char| c.is_ascii_digit()), |digits: &str| {
        digits == "0" || !digits.starts_with('0')
    });
    map_opt(digits, |digits: &str| digits.parse().ok()).parse(text)
}

/// ip4-network = qnum "." qnum "." qnum "." qnum
fn ip4_network(text: &str) -> IResult<&str, Ipv4Addr> {
    let next = || preceded(char('.'), number);
    map((number, next(), next(), next()), |(a, b, c, d)| Ipv4Addr::new(a, b, c, d)).parse(text)
}

/// ip6-network = as in RFC 4291 §2.2, which the core library reads
fn ip6_network(text: &str) -> IResult<&str, Ipv6Addr> {
    let octets = take_while1(|c: char| c.is_ascii_hexdigit() || matches!(c, ':' | '.'));
    map_opt(octets, |text: &str| text.parse().ok()).parse(text)
}

/// modifier = redirect / explanation / unknown-modifier
fn modifier(text: &str) -> IResult<&str, String> {
    // name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
    let name = recognize(pair(
        satisfy(|c| c.is_ascii_alphabetic()),
        take_while(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')),
    ));
    let (value, name) = terminated(name, char('=')).parse(text)?;
    let (rest, modifier) = match name.to_ascii_lowercase().as_str() {
        "redirect" => map(domain_spec, Modifier::Redirect).parse(value)?,
        "exp" => map(domain_spec, Modifier::Exp).parse(value)?,
        _ => map(macro_string, |value| Modifier::Unknown { name, value }).parse(value)?,
    };
    Ok((rest, modifier.to_string()))
}

/// domain-spec = macro-string domain-end, to the end or to what a dual-cidr-length may be
fn domain_spec(text: &str) -> IResult<&str, DomainSpec<'_>> {
    let (rest, pieces) = recognize(macro_string).parse(text)?;
    match domain_end(pieces) {
        true => Ok((rest, DomainSpec(pieces))),
        false => map_opt(tag("never"), |_| None).parse(text),
    }
}

/// domain-end = ( "." toplabel [ "." ] ) / macro-expand
fn domain_end(text: &str) -> bool {
    let from = |at: usize| text.get(at..).unwrap_or("");
    let ends = |rest: &str| {
        let is_macro = all_consuming(macro_expand).parse(rest).is_ok();
        let label: IResult<_, _> = all_consuming((char('.'), top_label, opt(char('.')))).parse(rest);
        is_macro || label.is_ok()
    };
    // the macro-string before it must be one
    (0..text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| {
        let before: IResult<_, _> = all_consuming(macro_string).parse(text.get(..at).unwrap_or(""));
        before.is_ok() && ends(from(at))
    })
}

/// toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
fn top_label(text: &str) -> IResult<&str, &str> {
    verify(take_while1(|c: char| c.is_ascii_alphanumeric() || c == '-'), |label: &str| {
        let first = label.contains(|c: char| c.is_ascii_alphabetic()) && !label.contains('-');
        let second = label.contains('-') && !label.starts_with('-') && !label.ends_with('-');
        first || second
    })
    .parse(text)
}

/// macro-string = *( macro-expand / macro-literal )
fn macro_string(text: &str) -> IResult<&str, &str> {
    // macro-literal = %x21-24 / %x26-7E
    let literal = take_while1(|c: char| c.is_ascii_graphic() && c != '%');
    recognize(many0_count(alt((macro_expand, literal)))).parse(text)
}

/// macro-expand = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-"
fn macro_expand(text: &str) -> IResult<&str, &str> {
    let digits = verify(take_while(|c: char| c.is_ascii_digit()), |digits: &str| {
        digits.is_empty() || digits.contains(|c| c != '0')
    });
    let braces = (
        tag("%{"),
        one_of("slodiphvSLODIPHV"),
        digits,
        opt(one_of("rR")),
        take_while(|c: char| ".-+,/_=".contains(c)),
        char('}'),
    );
    alt((recognize(braces), tag("%%"), tag("%_"), tag("%-"))).parse(text)
}

/// The terms of a record by this grammar, where the text is one.
fn by_grammar(text: &str) -> Option<Vec<String>> {
    let (_, terms) = record(text).ok()?;
    let once = |name: &str| terms.iter().filter(|term| term.starts_with(name)).count() <= 1;
    // RFC 7208 §6: these two must not appear more than once each
    (once("redirect=") && once("exp=")).then_some(terms)
}

mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_hand(text: &str) -> Option<Vec<String>> {
        let record = Record::parse(text).ok()?;
        Some(record.terms().map(|term| term.to_string()).collect())
    }

    fn piece() -> impl Strategy<Value = String> {
        let known = [
            "all",
            "include",
            "a",
            "mx",
            "ptr",
            "ip4",
            "ip6",
            "exists",
            "redirect",
            "exp",
            "unknown",
            "+",
            "-",
            "~",
            "?",
            ":",
            "=",
            "/",
            "//",
            "/24",
            "/32",
            "/33",
            "/0",
            "/00",
            "/128",
            "//64",
            "//129",
            "%{d}",
            "%{i}",
            "%{l1r-}",
            "%{p0}",
            "%{c}",
            "%%",
            "%_",
            "%-",
            "%",
            "example.com",
            ".com",
            "com.",
            ".1",
            "a-b",
            ".-c",
            "192.0.2.1",
            "256.1.1.1",
            "1.2.3",
            "01.2.3.4",
            "2001:db8::",
            "::1",
            "::ffff:192.0.2.1",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            "1:2:3:4:5:6:1.2.3.4",
            ":::",
            " ",
            "  ",
            "\t",
            "ü",
            "A",
            "ALL",
            "Ip4:",
            "INCLUDE:",
            "redirect=a.b",
        ];
        prop_oneof![9 => prop::sample::select(known.to_vec()).prop_map(String::from), 1 => "[ -~]{0,4}"]
    }

    fn term() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::collection::vec(piece(), 1..5).prop_map(|pieces| pieces.concat()),
            "[+~?-]?(all|a|mx|ptr|include|exists)(:[a-z0-9.%{}-]{1,9}\\.[a-z0-9-]{1,3}\\.?)?(/[0-9]{1,3})?(//[0-9]{1,3})?",
            "ip4:[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,2}\\.[0-9]{1,3}(/[0-9]{1,2})?",
            "ip6:([0-9a-fA-F]{0,5}:){1,8}([0-9a-f]{0,4}|1\\.2\\.3\\.4)(/[0-9]{1,3})?",
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn the_parser_reads_what_the_grammar_reads(terms in prop::collection::vec(term(), 0..4)) {
            let text = format!("v=spf1 {}", terms.join(" "));
            prop_assert_eq!(by_hand(&text), by_grammar(&text), "{}", text);
        }

        #[test]
        fn ipv6_addresses_are_those_of_the_core_library(text in "([0-9a-fA-F]{0,4}:){0,9}([0-9a-f]{0,4}|[0-9]{1,3}\\.2\\.3\\.4)") {
            let whole = ip6_network_by_hand(text.as_bytes()).filter(|(_, rest)| rest.is_empty());
            prop_assert_eq!(whole.map(|(groups, _)| Ipv6Addr::from_bits(groups.address())), text.parse().ok(), "{}", text);
        }
    }
}
