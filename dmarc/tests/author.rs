//! The author's domain: the shapes that From fields have, and those that hide something.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

use dmarc::{
    Authors, Name,
    error::AuthorErrorKind::{self, *},
};
use mail_base::{
    fields::{Header, HeaderLimits},
    name::NameErrorKind,
};

fn domains(value: &str) -> Vec<String> {
    let authors =
        Authors::from_value(value.as_bytes(), None).unwrap_or_else(|error| panic!("{value:?}: {error}"));
    authors.domains().iter().map(ToString::to_string).collect()
}

fn error(value: &str) -> (AuthorErrorKind, usize) {
    let error = Authors::from_value(value.as_bytes(), None).unwrap_err();
    (error.kind, error.at)
}

fn header(text: &str) -> Header {
    Header::parse(text.as_bytes(), HeaderLimits::default()).unwrap()
}

#[test]
fn plain_shapes() {
    for value in [
        "joe@example.com",
        "<joe@example.com>",
        " Joe <joe@EXAMPLE.com> ",
        "\"Joe, Jr.\" <joe@example.com>",
        "Joe Q. Public <joe@example.com>",
        "joe@example.com (Joe)",
        "(,) joe@example.com",
        "\"a b\"@example.com",
        "\"a@b\"@example.com",
        "Joe\r\n <joe@example.com>",
        "<BdBth&Byond@example.com>",
    ] {
        assert_eq!(domains(value), ["example.com"], "{value}");
    }
}

#[test]
fn comments_and_quoted_pairs_hold_no_address() {
    assert_eq!(domains("(evil@a.example) joe@example.com (b@c.example)"), ["example.com"]);
    assert_eq!(domains("\"<evil@a.example>\" <joe@example.com>"), ["example.com"]);
    assert_eq!(domains("\"\\\" <evil@a.example>\" <joe@example.com>"), ["example.com"]);
    assert_eq!(domains("(\\) <evil@a.example>) <joe@example.com>"), ["example.com"]);
    assert_eq!(domains("(a (nested) one) <joe@example.com>"), ["example.com"]);
}

#[test]
fn encoded_words_stand_next_to_addresses() {
    assert_eq!(domains("=?UTF-8?B?QmVkIEJhdGg=?=<joe@example.com>"), ["example.com"]);
    assert_eq!(domains("=?utf-8?q?a=40b.example?= <joe@example.com>"), ["example.com"]);
}

#[test]
fn lists_and_groups() {
    assert_eq!(domains("a@one.example, B <b@two.example>, c@one.example"), ["one.example", "two.example"]);
    assert_eq!(domains("The group: a@one.example, b@two.example;"), ["one.example", "two.example"]);
    assert_eq!(domains("g:;, a@one.example"), ["one.example"]);
    assert_eq!(error("undisclosed-recipients:;"), (NoAddress, 0));
    assert_eq!(error("g: a@one.example"), (Group, 1));
    assert_eq!(error("g: h: a@one.example;;"), (Group, 4));
    assert_eq!(error("g: a@one.example; x"), (Group, 18));
}

#[test]
fn obsolete_syntax_of_rfc_5322_appendix_a_6() {
    assert_eq!(domains("Joe Q. Public <john.q.public@example.com>"), ["example.com"]);
    assert_eq!(domains(" John Doe <jdoe@machine(comment).  example>"), ["machine.example"]);
    assert_eq!(
        domains("Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example"),
        ["example.net", "test.example"]
    );
    assert_eq!(domains("<@a.example,@b.example:joe@example.com>"), ["example.com"]);
    assert_eq!(domains("<\"joe\" . x @ example.com>"), ["example.com"]);
    assert_eq!(domains(", joe@example.com,"), ["example.com"]);
}

#[test]
fn a_name_with_an_unquoted_comma_is_passed_over() {
    assert_eq!(domains("Doe, John <john@example.com>"), ["example.com"]);
    assert_eq!(error("Doe, John"), (NoAddress, 0));
    assert_eq!(error("root"), (NoAddress, 0));
}

#[test]
fn an_address_as_a_name_must_be_of_the_same_domain() {
    assert_eq!(domains("joe@example.com <joe@example.com>"), ["example.com"]);
    assert_eq!(domains("joe@Example.com by list <list@example.com>"), ["example.com"]);
    assert_eq!(error("joe@bank.example <evil@example.com>"), (AddressInName, 3));
    assert_eq!(error("joe@bank.example evil"), (Syntax, 17));
    assert_eq!(error("a@b.example c@d.example"), (Address, 13));
}

#[test]
fn hostile_shapes_give_no_domain() {
    for (value, expected) in [
        ("", (NoAddress, 0)),
        ("<>", (Address, 1)),
        ("<joe>", (Address, 4)),
        ("@example.com", (Address, 0)),
        ("joe@", (Address, 4)),
        ("<joe@>", (Address, 5)),
        ("<a@b.example@example.com>", (Address, 12)),
        ("joe smith@example.com", (Address, 9)),
        ("joe..smith@example.com", (Address, 10)),
        (".joe@example.com", (Address, 4)),
        ("joe@example.com.", (Address, 16)),
        ("joe@exa mple.com", (Syntax, 8)),
        ("joe@\"example.com\"", (Address, 4)),
        ("joe@[192.0.2.1]", (Literal, 4)),
        ("<joe@example.com", (Angle, 0)),
        ("<joe@example.com> x", (Angle, 18)),
        ("<joe@example.com> <evil@bad.example>", (Angle, 18)),
        ("=?utf-8?q?<evil@bad.example>?= <joe@example.com>", (Angle, 28)),
        ("<<joe@example.com>>", (Address, 1)),
        ("joe@example.com>", (Syntax, 15)),
        ("a@b.example; c@d.example", (Syntax, 11)),
        ("\"joe <joe@example.com>", (Quote, 0)),
        ("joe\" <joe@example.com>", (Quote, 3)),
        ("(joe <joe@example.com>", (Comment, 0)),
        ("joe) <joe@example.com>", (Syntax, 3)),
        (": joe@example.com;", (Syntax, 0)),
        ("<joe@example.com\0.bad.example>", (Control, 16)),
        ("\"\0\" <joe@example.com>", (Control, 1)),
        ("joe@example.com\r, evil@bad.example", (Control, 15)),
        ("joe@example.com\nX: y", (Control, 15)),
        ("joe\u{1}@example.com", (Syntax, 3)),
        ("<joe@ex\u{1}ample.com>", (Angle, 0)),
    ] {
        assert_eq!(error(value), expected, "{value:?}");
    }
    assert_eq!(error(&format!("{}joe@example.com", "(".repeat(100))), (Depth, 0));
}

#[test]
fn two_from_fields_give_no_domain() {
    let two = header("From: a@one.example\r\nSubject: x\r\nfrom : b@two.example\r\n\r\n");
    let error = Authors::from_header(&two, None).unwrap_err();
    assert_eq!((error.kind, error.at), (SeveralFields, 33));
    let hidden = header("Subject: x\nFrom: a@one.example\r\nFrom: b@two.example\r\n\r\n");
    assert_eq!(Authors::from_header(&hidden, None).unwrap_err().kind, SeveralFields);
    let none = header("Sender: a@one.example\r\n\r\n");
    assert_eq!(Authors::from_header(&none, None).unwrap_err().kind, NoField);
}

#[test]
fn places_are_those_of_the_header() {
    let broken = header("Subject: x\r\nFrom: <a@b\r\n\r\n");
    let error = Authors::from_header(&broken, None).unwrap_err();
    assert_eq!((error.kind, error.at), (Angle, 18));
    assert_eq!(
        error.to_string(),
        "an address in angle brackets is not closed, or something follows it (at octet 18)"
    );
}

#[test]
fn fields_can_be_evaluated_together_by_choice() {
    let first = Authors::from_value(b"a@one.example", None).unwrap();
    let second = Authors::from_value(b"b@two.example, c@one.example", None).unwrap();
    let names: Vec<_> = first.and(second).domains().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["one.example", "two.example"]);
}

#[test]
fn another_field_may_not_seem_to_be_from() {
    for other in [
        "X: y\rFrom: c@d.example\r\n",
        "X: y\rfrom : c@d.example\r\n",
        "Fro\0m: c@d.example\r\n",
        "\u{feff}From: c@d.example\r\n",
        "From\u{a0}: c@d.example\r\n",
    ] {
        for text in [format!("{other}From: a@b.example\r\n"), format!("From: a@b.example\r\n{other}")] {
            let error = Authors::from_header(&header(&text), None).unwrap_err();
            assert_eq!(error.kind, SeveralFields, "{text:?}");
        }
    }
    for other in
        ["X: y\r\n From: c@d.example\r\n", "X: From: c@d\r\n", "X-From: c@d\r\n", "X: y\r From: c\r\n"]
    {
        let header = header(&format!("{other}From: a@b.example\r\n"));
        assert!(Authors::from_header(&header, None).is_ok(), "{other:?}");
    }
}

#[test]
fn domains_outside_ascii_need_a_function() {
    let value = "J\u{f6}rg <j\u{f6}rg@b\u{fc}cher.example>";
    assert_eq!(error(value), (Domain(NameErrorKind::Unicode), 13));
    let to_ascii = |text: &str| Name::parse(&text.replace('\u{fc}', "ue"));
    let authors = Authors::from_value(value.as_bytes(), Some(to_ascii)).unwrap();
    assert_eq!(authors.domains()[0].as_str(), "buecher.example");
    let not_utf8 = Authors::from_value(b"<a@b\xff.example>", Some(to_ascii)).unwrap_err();
    assert_eq!((not_utf8.kind, not_utf8.at), (Domain(NameErrorKind::Octet), 3));
    // outside the domain any octets will do
    assert!(Authors::from_value(b"\"\xff\" <\xfe@example.com>", None).is_ok());
}

#[cfg(feature = "idna")]
#[test]
fn u_labels_become_a_labels() {
    let value = "b\u{fc}cher@B\u{dc}CHER.example";
    let authors = Authors::from_value(value.as_bytes(), Some(Name::parse_idna)).unwrap();
    assert_eq!(authors.domains()[0].as_str(), "xn--bcher-kva.example");
}

#[test]
fn domains_that_are_none_are_told() {
    let long = format!("a@{}.example", "x".repeat(64));
    assert_eq!(error(&long), (Domain(NameErrorKind::LabelTooLong), 2));
    let many: Vec<_> =
        (0..=dmarc::limits::MAX_AUTHOR_DOMAINS).map(|nth| format!("a@{nth}.example")).collect();
    assert_eq!(error(&many.join(",")).0, TooMany);
}
