//! The grammar of RFC 5321 §4.1.2 by its rules, in nom: the test oracle of the readers that are written by
//! hand. It follows [`Rules::STRICT`](crate::Rules::STRICT), but for lengths, which are no matter of grammar.

#![allow(clippy::arithmetic_side_effects)]

use crate::{Command, Domain, Mailbox, Path, PathErrorKind, Rules, command::Mail, error::CommandErrorKind};
use alloc::{format, string::String, vec, vec::Vec};
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag_no_case, take_while_m_n, take_while1},
    character::complete::char,
    combinator::{all_consuming, opt, recognize, verify},
    multi::{many0, many1, separated_list1},
    sequence::{delimited, pair, preceded, separated_pair, terminated},
};
use proptest::prelude::*;

/// `Path = "<" [ A-d-l ":" ] Mailbox ">"`, and the two short forms.
fn path(input: &str) -> IResult<&str, Option<(&str, &str)>> {
    alt((
        recognize((char('<'), char('>'))).map(|_| None),
        tag_no_case("<Postmaster>").map(|_| None),
        delimited((char('<'), opt(terminated(at_domain_list, char(':')))), mailbox, char('>')).map(Some),
    ))
    .parse(input)
}

/// `A-d-l = At-domain *( "," At-domain )`
fn at_domain_list(input: &str) -> IResult<&str, &str> {
    recognize(separated_list1(char(','), preceded(char('@'), domain))).parse(input)
}

/// `Mailbox = Local-part "@" ( Domain / address-literal )`
fn mailbox(input: &str) -> IResult<&str, (&str, &str)> {
    separated_pair(local_part, char('@'), alt((domain, address_literal))).parse(input)
}

/// `Local-part = Dot-string / Quoted-string`
fn local_part(input: &str) -> IResult<&str, &str> {
    alt((dot_string, quoted_string)).parse(input)
}

/// `Dot-string = Atom *("." Atom)`
fn dot_string(input: &str) -> IResult<&str, &str> {
    let is_atext = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    recognize(separated_list1(char('.'), take_while1(is_atext))).parse(input)
}

/// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`, not empty (erratum 5414).
fn quoted_string(input: &str) -> IResult<&str, &str> {
    let is_qtext = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~') || !c.is_ascii();
    let pair = preceded(char('\\'), take_while_m_n(1, 1, |c: char| (' '..='~').contains(&c)));
    recognize(delimited(char('"'), many1(alt((take_while1(is_qtext), pair))), char('"'))).parse(input)
}

/// `Domain = sub-domain *("." sub-domain)`
fn domain(input: &str) -> IResult<&str, &str> {
    let is_last = |label: &str| !label.starts_with('-') && !label.ends_with('-');
    let is_ldh = |c: char| c.is_ascii_alphanumeric() || c == '-' || !c.is_ascii();
    recognize(separated_list1(char('.'), verify(take_while1(is_ldh), is_last))).parse(input)
}

/// `address-literal`, its content left to the type.
fn address_literal(input: &str) -> IResult<&str, &str> {
    let is_dcontent = |c: char| matches!(c, '!'..='Z' | '^'..='~');
    let literal = recognize(delimited(char('['), take_while1(is_dcontent), char(']')));
    verify(literal, |text: &str| {
        let inner = text.trim_matches(['[', ']']);
        match inner.split_once(':') {
            None => inner.parse::<core::net::Ipv4Addr>().is_ok(),
            Some((name, address)) if name.eq_ignore_ascii_case("IPv6") => {
                address.parse::<core::net::Ipv6Addr>().is_ok()
            }
            Some((name, content)) => {
                let is_tag = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
                is_tag && !name.is_empty() && !name.ends_with('-') && !content.is_empty()
            }
        }
    })
    .parse(input)
}

/// `esmtp-param *(SP esmtp-param)`
fn params(input: &str) -> IResult<&str, Vec<(&str, Option<&str>)>> {
    let is_keyword = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let keyword = verify(take_while1(is_keyword), |keyword: &str| !keyword.starts_with('-'));
    let value = take_while1(|c: char| matches!(c, '!'..='<' | '>'..='~') || !c.is_ascii());
    many0(preceded(char(' '), pair(keyword, opt(preceded(char('='), value))))).parse(input)
}

fn piece() -> impl Strategy<Value = String> {
    let pieces = vec![
        "a",
        "b-c",
        ".",
        "-",
        "@",
        "<",
        ">",
        "\"",
        "\\",
        " ",
        "ü",
        "[",
        "]",
        "192.0.2.1",
        "[IPv6:::1]",
        "[x:y]",
        ":",
        ",",
        "_",
        "=",
        "example.com",
        "user",
        "<user@example.com>",
        "SIZE=1",
        "X-A",
        "postmaster",
    ];
    proptest::collection::vec(proptest::sample::select(pieces), 0..8).prop_map(|pieces| pieces.concat())
}

fn inside(text: String) -> impl Strategy<Value = String> {
    let (bracketed, mailbox) = (format!("<{text}>"), format!("<{text}@example.com>"));
    proptest::sample::select(vec![text, bracketed, mailbox])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn paths_are_those_of_the_grammar(text in piece().prop_flat_map(inside)) {
        let expected = all_consuming(path).parse(&*text);
        match Path::parse(&text, &Rules::STRICT) {
            Ok(path) => {
                let (_, mailbox) = expected.unwrap();
                let read = path.mailbox().map(|mailbox| (mailbox.local_part(), mailbox.domain_str()));
                prop_assert_eq!(read, mailbox);
                let printed = format!("{path}");
                prop_assert_eq!(Path::parse(&printed, &Rules::STRICT).unwrap(), path);
            }
            Err(error) => prop_assert!(expected.is_err(), "{text}: {error}"),
        }
    }

    #[test]
    fn parameters_are_those_of_the_grammar(text in piece()) {
        let line = format!("MAIL FROM:<> X=1 {text}");
        let expected = all_consuming(params).parse(line.strip_prefix("MAIL FROM:<>").unwrap().trim_end());
        match Command::parse(line.as_bytes(), &Rules::STRICT) {
            Ok(Command::Mail(Mail { params, .. })) => {
                let (_, expected) = expected.unwrap();
                let others: Vec<_> = params.others.iter().map(|param| (param.keyword, param.value)).collect();
                let expected: Vec<_> = expected.into_iter().filter(|(keyword, _)| *keyword != "SIZE").collect();
                prop_assert_eq!(others, expected);
            }
            Ok(other) => prop_assert!(false, "{other:?}"),
            Err(error) => {
                let is_meaning = matches!(error.kind, CommandErrorKind::Duplicate | CommandErrorKind::Value);
                prop_assert!(expected.is_err() || is_meaning, "{line}: {error}");
            }
        }
    }
}

fn error(text: &str) -> (PathErrorKind, usize) {
    let error = Path::parse(text, &Rules::STRICT).unwrap_err();
    (error.kind, error.at)
}

#[test]
fn errors_name_the_rule_and_the_place() {
    assert_eq!(error("a@b"), (PathErrorKind::Bracket, 0));
    assert_eq!(error("<a@b"), (PathErrorKind::Bracket, 4));
    assert_eq!(error("<a>"), (PathErrorKind::NoDomain, 2));
    assert_eq!(error("<@b>"), (PathErrorKind::Route, 3));
    assert_eq!(error("<.a@b>"), (PathErrorKind::EmptyAtom, 1));
    assert_eq!(error("<a..b@c>"), (PathErrorKind::EmptyAtom, 3));
    assert_eq!(error("<a.@b>"), (PathErrorKind::EmptyAtom, 3));
    assert_eq!(error("<a b@c>"), (PathErrorKind::NoDomain, 2));
    assert_eq!(error("<a(b@c>"), (PathErrorKind::LocalPart, 2));
    assert_eq!(error("<\"a@b>"), (PathErrorKind::Quote, 6));
    assert_eq!(error("<\"\"@b>"), (PathErrorKind::Quote, 2));
    assert_eq!(error("<a@>"), (PathErrorKind::Domain, 3));
    assert_eq!(error("<a@-b>"), (PathErrorKind::Domain, 3));
    assert_eq!(error("<a@b->"), (PathErrorKind::Domain, 5));
    assert_eq!(error("<a@b.>"), (PathErrorKind::Domain, 5));
    assert_eq!(error("<a@b_c>"), (PathErrorKind::Bracket, 4));
    assert_eq!(error("<a@[1.2.3]>"), (PathErrorKind::Literal, 3));
    assert_eq!(error("<a@[01.2.3.4]>"), (PathErrorKind::Literal, 3));
    assert_eq!(error("<a@b>x"), (PathErrorKind::Trailing, 5));
    assert_eq!(error("<Foo Bar <root@nsa.gov>>"), (PathErrorKind::NoDomain, 4));
}

#[test]
fn lengths_are_limited() {
    let local = "a".repeat(64);
    assert!(Path::parse(&format!("<{local}@b>"), &Rules::STRICT).is_ok());
    assert_eq!(error(&format!("<{local}a@b>")), (PathErrorKind::LocalPartTooLong, 1));
    assert_eq!(error(&format!("<a@b.{local}>")), (PathErrorKind::DomainTooLong, 5));
    let domain = format!("{}c", "abcdefg.".repeat(31));
    assert_eq!(domain.len(), 249);
    assert_eq!(error(&format!("<abcdef@{domain}>")), (PathErrorKind::PathTooLong, 0));
    assert_eq!(error(&format!("<a@{domain}.abcdefgh>")), (PathErrorKind::DomainTooLong, 3));
    let rules = Rules::STRICT.with_local_part(100);
    assert!(Path::parse(&format!("<{local}a@b>"), &rules).is_ok());
}

#[test]
fn relaxations_have_names() {
    let rules = Rules::STRICT;
    let reads = |text: &str, rules| Path::parse(text, &rules).is_ok();
    assert!(reads("a@b", rules.with_bare_addresses(true)));
    assert!(!reads("a@b>", rules.with_bare_addresses(true)));
    assert!(reads("<a@b_c>", rules.with_underscores(true)));
    for dotted in ["<.a@b>", "<a.@b>", "<a..b@c>", "<.@b>"] {
        assert!(reads(dotted, rules.with_loose_dots(true)) && reads(dotted, Rules::LOOSE), "{dotted}");
        assert!(!reads(dotted, rules), "{dotted}");
    }
    assert!(
        !reads("<@a:@b>", rules.with_loose_dots(true)) && !reads("<a@b..c>", rules.with_loose_dots(true))
    );
    let spaced = b"MAIL FROM: <a@b>  X=1";
    assert!(Command::parse(spaced, &rules.with_loose_spaces(true)).is_ok());
    assert!(Command::parse(spaced, &rules).is_err());
}

#[test]
fn paths_that_look_alike_are_told_apart() {
    let path = |text| Path::parse(text, &Rules::STRICT).unwrap();
    assert_eq!(path("<>"), Path::Null);
    assert_eq!(path("<pOstmaster>"), Path::Postmaster);
    let quoted = path("<\"a@b\"@x.org>");
    let quoted = quoted.mailbox().unwrap();
    assert_eq!((&*quoted.unquoted(), quoted.domain()), ("a@b", Domain::Name("x.org")));
    assert_eq!(Path::parse("<a@b@x.org>", &Rules::STRICT).unwrap_err().kind, PathErrorKind::Bracket);
    let routed = path("<@one,@two.example:joe@three>");
    assert_eq!(routed, path("<joe@three>"), "a source route is ignored");
    assert_eq!(Mailbox::parse("a\\@b@c", &Rules::STRICT).unwrap_err().kind, PathErrorKind::LocalPart);
}

#[test]
fn literals_have_types() {
    let domain = |text| Domain::parse(text, &Rules::STRICT).unwrap();
    assert_eq!(domain("[192.0.2.1]"), Domain::Ipv4([192, 0, 2, 1].into()));
    assert_eq!(domain("[IPv6:2001:db8::1]"), Domain::Ipv6("2001:db8::1".parse().unwrap()));
    assert_eq!(domain("[ipv6:1:2:3:4:5:6:7::]"), Domain::Ipv6("1:2:3:4:5:6:7:0".parse().unwrap()));
    assert_eq!(domain("[x400:a]"), Domain::General { tag: "x400", content: "a" });
    assert_eq!(domain("a.b"), Domain::Name("a.b"));
}
