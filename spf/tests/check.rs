//! What a check says, and why.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used
)]

use spf::{
    Cause, DomainError, Identity, Limits, Name, Record, RecordError, RecordErrorKind, Report, Request,
    Verdict, Zone, check, name::NameErrorKind,
};

fn run(request: Request, zone: &str) -> Report {
    check(request, &Limits::default()).run(&Zone::parse(zone).unwrap())
}

fn mail_from(sender: &str) -> Request {
    Request::mail_from([192, 0, 2, 1].into(), "mail.example.net", sender)
}

#[test]
fn both_identities_have_their_own_results() {
    let zone = "example.com. TXT \"v=spf1 -all\"\nmail.example.net. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n";
    let report = run(mail_from("a@example.com"), zone);
    assert_eq!((report.identity, report.verdict), (Identity::MailFrom, Verdict::Fail));
    assert_eq!((report.sender(), report.domain_text()), ("a@example.com", "example.com"));
    let report = run(Request::helo([192, 0, 2, 1].into(), "mail.example.net"), zone);
    assert_eq!((report.identity, report.verdict), (Identity::Helo, Verdict::Pass));
    assert_eq!(report.sender(), "postmaster@mail.example.net");
    let report = run(mail_from(""), zone);
    assert_eq!((report.identity, report.verdict), (Identity::MailFrom, Verdict::Pass));
    assert_eq!(report.sender(), "postmaster@mail.example.net");
}

#[test]
fn every_verdict_has_its_cause() {
    let zone = r#"
        fail.example.com.    TXT "v=spf1 a -all"
        fail.example.com.    A   198.51.100.1
        soft.example.com.    TXT "v=spf1 ~ip4:192.0.2.0/24"
        neutral.example.com. TXT "v=spf1 ip4:198.51.100.0/24"
        plain.example.com.   TXT "hello"
        two.example.com.     TXT "v=spf1"
        two.example.com.     TXT "v=SPF1 -all"
        broken.example.com.  TXT "v=spf1 -all ip4:192.0.2"
        down.example.com.    UNAVAILABLE
        lost.example.com.    TXT "v=spf1 include:plain.example.com -all"
        gone.example.com.    TXT "v=spf1 redirect=nobody.example.com"
        odd.example.com.     TXT "v=spf1 include:a..b.example.com"
        pass.example.com.    TXT "v=spf1 +include:inner.example.com -all"
        inner.example.com.   TXT "v=spf1 ?ip4:192.0.2.2 ip4:192.0.2.0/28 -all"
    "#;
    for (domain, verdict, cause) in [
        ("fail.example.com", Verdict::Fail, "-all in the record of fail.example.com matches"),
        (
            "soft.example.com",
            Verdict::SoftFail,
            "~ip4:192.0.2.0/24 in the record of soft.example.com matches",
        ),
        ("neutral.example.com", Verdict::Neutral, "nothing in the record of neutral.example.com matches"),
        ("plain.example.com", Verdict::None, "plain.example.com has no SPF record"),
        ("nobody.example.com", Verdict::None, "nobody.example.com does not exist"),
        ("two.example.com", Verdict::PermError, "two.example.com has 2 SPF records"),
        (
            "broken.example.com",
            Verdict::PermError,
            "the record of broken.example.com is broken: not an IPv4 network (at octet 16)",
        ),
        ("down.example.com", Verdict::TempError, "the DNS did not answer TXT down.example.com"),
        (
            "lost.example.com",
            Verdict::PermError,
            "include:plain.example.com in the record of lost.example.com leads to a domain without an SPF record",
        ),
        (
            "gone.example.com",
            Verdict::PermError,
            "redirect=nobody.example.com in the record of gone.example.com leads to a domain without an SPF record",
        ),
        (
            "odd.example.com",
            Verdict::PermError,
            "include:a..b.example.com in the record of odd.example.com leads to what is no domain name: \
             a domain name has an empty label (at octet 2)",
        ),
        (
            "localhost",
            Verdict::None,
            "\"localhost\" is not a domain name that can be asked about: a domain name of a single label",
        ),
    ] {
        let report = run(mail_from(&format!("a@{domain}")), zone);
        assert_eq!(
            (report.verdict, report.cause.unwrap().to_string().as_str()),
            (verdict, cause),
            "{domain}"
        );
    }
    let report = run(mail_from("a@pass.example.com"), zone);
    assert_eq!((report.verdict, &report.cause), (Verdict::Pass, &None));
    assert_eq!(
        report.matched.unwrap().to_string(),
        "+include:inner.example.com in the record of pass.example.com"
    );
    assert_eq!(report.innermost.unwrap().to_string(), "ip4:192.0.2.0/28 in the record of inner.example.com");
}

#[test]
fn a_syntax_error_is_told_with_its_place() {
    let report = run(mail_from("a@example.com"), "example.com. TXT \"v=spf1 +all %{x}.example.com\"");
    let error = RecordError { kind: RecordErrorKind::Name, at: 12 };
    assert_eq!(report.cause, Some(Cause::Syntax { domain: Name::parse("example.com").unwrap(), error }));
}

#[test]
fn the_outer_qualifier_of_nested_includes_decides() {
    let zone = r#"
        example.com. TXT "v=spf1 include:b.example.com -all"
        b.example.com. TXT "v=spf1 ?include:c.example.com ~all"
        c.example.com. TXT "v=spf1 ip4:192.0.2.1 -all"
        outer.example.com. TXT "v=spf1 ?include:c.example.com -all"
    "#;
    // in b the match of c is neutral, so that b does not match
    assert_eq!(run(mail_from("a@example.com"), zone).verdict, Verdict::Fail);
    let report = run(mail_from("a@outer.example.com"), zone);
    assert_eq!(report.verdict, Verdict::Neutral);
    assert!(matches!(report.cause, Some(Cause::Matched(_))));
}

#[test]
fn u_labels_are_checked_as_a_labels() {
    fn to_ascii(text: &str) -> Result<Name, spf::name::NameError> {
        Name::parse(&text.replace("bücher", "xn--bcher-kva"))
    }
    let zone = r#"
        xn--bcher-kva.example. TXT "v=spf1 exists:%{o}.ok.example exists:%{l}.ok.example redirect=%{s}.x.example"
        xn--bcher-kva.example.ok.example. A 127.0.0.2
        other.example. TXT "v=spf1 exists:%{l}.ok.example include:%{s}.ok.example a:%{L}.example ~all"
    "#;
    let report = run(mail_from("a@bücher.example"), zone);
    let Some(Cause::Domain { text, error: DomainError::Name(error) }) = report.cause else { panic!() };
    assert_eq!(
        (report.verdict, text.as_str(), error.kind),
        (Verdict::None, "bücher.example", NameErrorKind::Octet)
    );
    let report = run(mail_from("a@bücher.example").to_ascii(to_ascii), zone);
    assert_eq!((report.verdict, report.sender()), (Verdict::Pass, "a@xn--bcher-kva.example"));
    // RFC 8616 §4: terms with the local part match nothing, and ask nothing
    let report = run(mail_from("ü@other.example"), zone);
    assert_eq!((report.verdict, report.lookups, report.questions), (Verdict::SoftFail, 3, 1));
}

/// RFC 8616 §4: all U-labels in the expansion of a domain-spec, those of the HELO domain too, and whatever the
/// sender's domain is.
#[test]
fn a_helo_domain_with_u_labels_is_expanded_as_a_labels() {
    fn to_ascii(text: &str) -> Result<Name, spf::name::NameError> {
        Name::parse(&text.replace("bücher", "xn--bcher-kva"))
    }
    let zone = "example.com. TXT \"v=spf1 exists:%{h}.ok.example -all\"\n\
                xn--bcher-kva.example.ok.example. A 127.0.0.2\n";
    let request = || Request::mail_from([192, 0, 2, 1].into(), "bücher.example", "a@example.com");
    let report = run(request().to_ascii(to_ascii), zone);
    assert_eq!((report.verdict, report.helo()), (Verdict::Pass, "xn--bcher-kva.example"));
    assert_eq!((report.sender(), report.domain_text()), ("a@example.com", "example.com"));
    assert_eq!(run(request(), zone).verdict, Verdict::Fail);
}

/// RFC 7208 §4.3. A question for `[192.0.2.1]` would be one for a domain of four labels.
#[test]
fn address_literals_are_no_domains() {
    for literal in ["[192.0.2.1]", "[IPv6:2001:db8::1]", "["] {
        for request in [
            Request::helo([192, 0, 2, 1].into(), literal),
            Request::mail_from([192, 0, 2, 1].into(), literal, ""),
            mail_from(&format!("a@{literal}")),
        ] {
            let report = run(request, "[192.0.2.1]. UNAVAILABLE");
            assert_eq!((report.verdict, report.questions, report.domain), (Verdict::None, 0, None));
            let error = DomainError::AddressLiteral;
            assert_eq!(report.cause, Some(Cause::Domain { text: literal.into(), error }));
        }
    }
}

/// RFC 7208 §7.3: a name that is too long loses labels on its left, whether macros made it so or not.
#[test]
fn a_name_that_is_too_long_loses_labels() {
    let label = "l".repeat(60);
    let fitting = [&*label, &label, &label, "e.example"].join(".");
    for spec in [format!("{label}.{label}.{fitting}"), format!("%{{d}}.{label}.{fitting}")] {
        let (start, end) = spec.split_at(100);
        let zone = format!(
            "example.com. TXT \"v=spf1 exists:{start}\" \"{end} -all\"\n{fitting}. A 127.0.0.2\n\
             {label}.{fitting}. A 127.0.0.2\n"
        );
        let report = run(mail_from("a@example.com").trace(true), &zone);
        assert_eq!(report.verdict, Verdict::Pass, "{}", report.trace.unwrap());
    }
}

#[test]
fn local_policy_is_told_apart() {
    let zone = "plain.example.com. TXT hello\nexample.com. TXT \"v=spf1 -all\"\n";
    let guess = || Record::parse("v=spf1 ip4:192.0.2.0/24 -all").unwrap();
    let report = run(mail_from("a@plain.example.com").best_guess(guess()), zone);
    assert_eq!((report.verdict, report.best_guess), (Verdict::None, Some(Verdict::Pass)));
    assert!(matches!(report.cause, Some(Cause::NoRecord { .. })));
    let report = run(mail_from("a@example.com").best_guess(guess()), zone);
    assert_eq!((report.verdict, report.best_guess), (Verdict::Fail, None));
    let report = run(mail_from("a@nobody.example.com").best_guess(guess()), zone);
    assert_eq!((report.verdict, report.best_guess), (Verdict::None, None));
    let report = run(mail_from("a@example.com").trust_forwarder(|ip| ip.is_ipv4()), zone);
    assert_eq!((report.verdict, &report.cause), (Verdict::None, &Some(Cause::TrustedForwarder)));
    assert_eq!(report.questions, 0);
}

#[test]
fn mapped_addresses_are_ipv4() {
    let zone = "example.com. TXT \"v=spf1 ip6:::ffff:192.0.2.1 ip4:192.0.2.1 -all\"";
    let request = Request::mail_from("::ffff:192.0.2.1".parse().unwrap(), "h.example", "a@example.com");
    let report = run(request, zone);
    assert_eq!((report.ip().to_string().as_str(), report.verdict), ("192.0.2.1", Verdict::Pass));
    assert_eq!(report.matched.unwrap().text(), "ip4:192.0.2.1");
}

#[test]
fn an_explanation_is_ascii_without_control_characters() {
    let zone = |text: &str| {
        format!("example.com. TXT \"v=spf1 -all exp=why.example.com\"\nwhy.example.com. TXT \"{text}\"\n")
    };
    let explanation = |sender: &str, text: &str| {
        let request = mail_from(sender).receiver("mx.example.net").now(1_790_000_000);
        run(request, &zone(text)).explanation
    };
    assert_eq!(
        explanation("a@example.com", "%{s} via %{h} at %{r}, %{t}").as_deref(),
        Some("a@example.com via mail.example.net at mx.example.net, 1790000000")
    );
    assert_eq!(explanation("a\r\nb@example.com", "%{l}"), None);
    assert_eq!(explanation("a\r\nb@example.com", "%{L}").as_deref(), Some("a%0D%0Ab"));
    assert_eq!(explanation("ü@example.com", "%{l}"), None);
    assert_eq!(explanation("a@example.com", "line\\010feed"), None);
    assert_eq!(explanation("a@example.com", &"x".repeat(250)).unwrap().len(), 250);
    let limits = Limits::default().with_explanation(249);
    let zone = Zone::parse(&zone(&"x".repeat(250))).unwrap();
    assert_eq!(check(mail_from("a@example.com"), &limits).run(&zone).explanation, None);
}

#[test]
fn a_trace_tells_the_whole_story() {
    let zone = r#"
        example.com.      TXT "v=spf1 a:out.example.com include:_spf.example.net -all"
        out.example.com.  A   192.0.2.7
        _spf.example.net. TXT "v=spf1 ip4:198.51.100.0/24 redirect=gone.example.net"
    "#;
    let report = run(mail_from("a@example.com").trace(true), zone);
    let expected = "\
TXT example.com: 1 text
example.com: v=spf1 a:out.example.com include:_spf.example.net -all
├─ a:out.example.com does not match  [look-ups 1, void 0]
│  └─ A out.example.com: 192.0.2.7
└─ include:_spf.example.net  [look-ups 3, void 1]
   ├─ TXT _spf.example.net: 1 text
   └─ _spf.example.net: v=spf1 ip4:198.51.100.0/24 redirect=gone.example.net
      ├─ ip4:198.51.100.0/24 does not match
      └─ redirect=gone.example.net  [look-ups 3, void 1]
         └─ TXT gone.example.net: no such name
permerror: redirect=gone.example.net in the record of _spf.example.net leads to a domain without an SPF record
";
    assert_eq!(report.trace.unwrap().to_string(), expected);
    assert_eq!(run(mail_from("a@example.com"), zone).trace, None);
}

fn drawn(request: Request, zone: &str) -> String {
    run(request.trace(true), zone).trace.unwrap().to_string()
}

/// RFC 7208 §2.6.6, §5: wherever the DNS does not answer, but for the names of the client.
#[test]
fn a_question_that_is_not_answered_is_temperror() {
    for (record, question) in [
        ("a:down.example.com", "A down.example.com"),
        ("mx:down.example.com", "MX down.example.com"),
        ("mx:half.example.com", "A down.example.com"),
        ("exists:down.example.com", "A down.example.com"),
        ("include:down.example.com", "TXT down.example.com"),
        ("?include:inner.example.com", "A down.example.com"),
        ("redirect=down.example.com", "TXT down.example.com"),
        ("redirect=inner.example.com", "A down.example.com"),
    ] {
        let zone = format!(
            "example.com. TXT \"v=spf1 {record} +all\"\ndown.example.com. UNAVAILABLE\n\
             half.example.com. MX 1 down.example.com.\ninner.example.com. TXT \"v=spf1 a:down.example.com\"\n"
        );
        // redirect is idle beside all
        let zone = if record.starts_with("redirect") { zone.replace(" +all", "") } else { zone };
        let report = run(mail_from("a@example.com"), &zone);
        assert_eq!(report.verdict, Verdict::TempError, "{record}");
        assert_eq!(report.cause.unwrap().to_string(), format!("the DNS did not answer {question}"));
    }
    let zone = "example.com. TXT \"v=spf1 ptr exists:%{p}.example.com -all exp=down.example.com\"\n\
                1.2.0.192.in-addr.arpa. UNAVAILABLE\nunknown.example.com. TXT x\ndown.example.com. UNAVAILABLE\n";
    let report = run(mail_from("a@example.com"), zone);
    assert_eq!((report.verdict, report.explanation, report.void_lookups), (Verdict::Fail, None, 1));
    let zone = "example.com. TXT \"v=spf1 ptr -all\"\n1.2.0.192.in-addr.arpa. PTR down.example.com.\n\
                1.2.0.192.in-addr.arpa. PTR up.example.com.\ndown.example.com. UNAVAILABLE\nup.example.com. A 192.0.2.1\n";
    assert_eq!(run(mail_from("a@example.com"), zone).verdict, Verdict::Pass);
}

/// RFC 7208 §4.6.4: a name without such records and a name that is none are the same.
#[test]
fn every_question_that_is_answered_with_nothing_is_void() {
    for (term, void) in [
        ("a:no.example.com", 1),
        ("a:plain.example.com", 1),
        ("mx:no.example.com", 1),
        ("mx:plain.example.com", 1),
        ("mx:two.example.com", 2),
        ("mx:null.example.com", 0),
        ("exists:no.example.com", 1),
        ("exists:six.example.com", 1),
        ("ptr", 1),
        ("exists:%{p}.example.com", 2),
    ] {
        let zone = format!(
            "example.com. TXT \"v=spf1 {term} -all exp=no.example.com\"\nplain.example.com. TXT x\n\
             two.example.com. MX 1 no.example.com.\ntwo.example.com. MX 2 plain.example.com.\n\
             null.example.com. MX 0 .\nsix.example.com. AAAA 2001:db8::1\n"
        );
        let report = run(mail_from("a@example.com"), &zone);
        assert_eq!((report.verdict, report.void_lookups), (Verdict::Fail, void), "{term}");
    }
}

#[test]
fn a_trace_shows_every_kind_of_term() {
    let zone = r#"
        example.com.    TXT "v=spf1 ip6:2001:db8::/32 ?mx exists:%{l}.x.example.com ptr:example.net redirect=b.example.com"
        example.com.    MX  10 m1.example.com.
        example.com.    MX  20 m2.example.com.
        m1.example.com. A   192.0.2.7
        m2.example.com. CNAME m1.example.com.
        1.2.0.192.in-addr.arpa. PTR h.example.net.
        1.2.0.192.in-addr.arpa. PTR h.example.org.
        h.example.net.  A   192.0.2.9
        b.example.com.  TXT "v=spf1 ~include:c.example.com -a:down.example.com"
        c.example.com.  TXT "v=spf1 ?all"
        down.example.com. UNAVAILABLE
    "#;
    assert_eq!(
        drawn(mail_from("who@example.com"), zone),
        "\
TXT example.com: 1 text
example.com: v=spf1 ip6:2001:db8::/32 ?mx exists:%{l}.x.example.com ptr:example.net redirect=b.example.com
├─ ip6:2001:db8::/32 does not match
├─ ?mx does not match  [look-ups 1, void 0]
│  ├─ MX example.com: m1.example.com, m2.example.com
│  ├─ A m1.example.com: 192.0.2.7
│  └─ A m2.example.com: 192.0.2.7
├─ exists:%{l}.x.example.com does not match  [look-ups 2, void 1]
│  └─ A who.x.example.com: no such name
├─ ptr:example.net does not match  [look-ups 3, void 1]
│  ├─ PTR 1.2.0.192.in-addr.arpa: h.example.net, h.example.org
│  └─ A h.example.net: 192.0.2.9
└─ redirect=b.example.com  [look-ups 6, void 1]
   ├─ TXT b.example.com: 1 text
   └─ b.example.com: v=spf1 ~include:c.example.com -a:down.example.com
      ├─ ~include:c.example.com does not match  [look-ups 5, void 1]
      │  ├─ TXT c.example.com: 1 text
      │  └─ c.example.com: v=spf1 ?all => neutral
      │     └─ ?all matches
      └─ -a:down.example.com  [look-ups 6, void 1]
         └─ A down.example.com: no answer
temperror: the DNS did not answer A down.example.com
"
    );
}

#[test]
fn a_trace_shows_where_a_limit_struck() {
    let limits = Limits::default().with_lookups(2).with_void_lookups(0).with_exchangers(1);
    let drawn = |record: &str| {
        let zone = format!(
            "example.com. TXT \"v=spf1 {record}\"\nexample.com. MX 1 a.example.com.\nexample.com. MX 2 b.example.com.\n\
             example.com. A 192.0.2.9\n"
        );
        let request = mail_from("a@example.com").trace(true);
        let report = check(request, &limits).run(&Zone::parse(&zone).unwrap());
        assert_eq!(report.verdict, Verdict::PermError);
        let lines: Vec<_> = report.trace.unwrap().to_string().lines().skip(2).map(String::from).collect();
        lines.join("\n")
    };
    assert_eq!(
        drawn("a a a -all"),
        "├─ a does not match  [look-ups 1, void 0]\n│  └─ A example.com: 192.0.2.9\n\
         ├─ a does not match  [look-ups 2, void 0]\n│  └─ A example.com: 192.0.2.9\n└─ a  [look-ups 2, void 0]\n\
         permerror: a in the record of example.com is one more than the 2 terms that may ask the DNS"
    );
    assert_eq!(
        drawn("a:no.example.com -all"),
        "└─ a:no.example.com  [look-ups 1, void 1]\n   └─ A no.example.com: no such name\n\
         permerror: A no.example.com is one more than the 0 questions that may be answered with nothing"
    );
    assert_eq!(
        drawn("mx -all"),
        "└─ mx  [look-ups 1, void 0]\n   └─ MX example.com: a.example.com, b.example.com\n\
         permerror: mx in the record of example.com leads to 2 mail exchangers, more than 1"
    );
}

#[test]
fn a_trace_is_data() {
    use spf::trace::Event;
    let zone = "example.com. TXT \"v=spf1 exists:no.example.com -all\"\n";
    let report = run(mail_from("a@example.com").trace(true), zone);
    let trace = report.trace.unwrap();
    let steps: Vec<_> = trace
        .steps()
        .iter()
        .map(|step| {
            let event = match &step.event {
                Event::Answered { question, answer } => format!("{question} {}", answer.is_void()),
                Event::Record { domain, record, .. } => format!("{domain} {}", record.terms().count()),
                Event::Term { term, is_match } => format!("{} at {} {is_match:?}", term.text(), term.at()),
                Event::Verdict { verdict, .. } => verdict.to_string(),
                other => panic!("{other}"),
            };
            (step.depth, event, step.lookups, step.void_lookups)
        })
        .collect();
    let step = |depth, event: &str, lookups, void| (depth, event.to_owned(), lookups, void);
    assert_eq!(
        steps,
        [
            step(0, "TXT example.com false", 0, 0),
            step(0, "example.com 2", 1, 1),
            step(1, "exists:no.example.com at 7 Some(false)", 1, 1),
            step(2, "A no.example.com true", 1, 1),
            step(1, "-all at 29 Some(true)", 1, 1),
            step(0, "fail", 1, 1),
        ]
    );
}

#[test]
fn a_trace_shows_how_a_fail_is_explained() {
    let zone = |text: &str| {
        format!(
            "example.com. TXT \"v=spf1 -all exp=%{{l}}.example.com\"\n\
             why.example.com. TXT \"{text}\"\ntwo.example.com. TXT one\ntwo.example.com. TXT two\n"
        )
    };
    let head = "TXT example.com: 1 text\nexample.com: v=spf1 -all exp=%{l}.example.com\n├─ -all matches\n";
    let tail = "fail: -all in the record of example.com matches\n";
    for (local_part, text, expected) in [
        (
            "why",
            "See %{i}",
            "└─ exp=%{l}.example.com\n   ├─ TXT why.example.com: \"See %{i}\"\n   └─ explanation: See 192.0.2.1\n",
        ),
        (
            "why",
            "bad\\010\\255 %",
            "└─ exp=%{l}.example.com\n   ├─ TXT why.example.com: \"bad\\n\\xff %\"\n   └─ no explanation\n",
        ),
        (
            "why",
            &"x".repeat(81),
            &format!(
                "└─ exp=%{{l}}.example.com\n   ├─ TXT why.example.com: \"{}\"...\n   └─ explanation: {}\n",
                "x".repeat(80),
                "x".repeat(81)
            ),
        ),
        (
            "two",
            "",
            "└─ exp=%{l}.example.com\n   ├─ TXT two.example.com: \"one\", \"two\"\n   └─ no explanation\n",
        ),
        (
            "a..b",
            "",
            "└─ exp=%{l}.example.com\n   ├─ nothing to ask: a domain name has an empty label (at octet 2)\n   \
             └─ no explanation\n",
        ),
    ] {
        let drawn = drawn(mail_from(&format!("{local_part}@example.com")), &zone(text));
        assert_eq!(drawn, format!("{head}{expected}{tail}"));
    }
}

#[test]
fn a_trace_shows_a_record_that_is_broken_and_what_is_none() {
    let zone = r#"
        broken.example.com. TXT "v=spf1 a foo -all"
        broken.example.com. TXT hello
        two.example.com.    TXT "v=spf1"
        two.example.com.    TXT "v=SPF1 -all"
    "#;
    assert_eq!(
        drawn(mail_from("a@broken.example.com"), zone),
        "TXT broken.example.com: \"v=spf1 a foo -all\", \"hello\"\n\
         permerror: the record of broken.example.com is broken: an unknown mechanism (at octet 9)\n"
    );
    assert_eq!(
        drawn(mail_from("a@two.example.com"), zone),
        "TXT two.example.com: \"v=spf1\", \"v=SPF1 -all\"\npermerror: two.example.com has 2 SPF records\n"
    );
    let long = format!("long.example.com. TXT \"v=spf1 {} foo\"", "a ".repeat(100));
    assert!(
        drawn(mail_from("a@long.example.com"), &long).contains(" a  foo\"\n"),
        "its error may be anywhere"
    );
}

#[test]
fn a_trace_shows_why_nothing_is_asked() {
    let zone = "example.com. TXT \"v=spf1 a:%{l}.example.com exists:%{h}..example.com -mx redirect=%{s}.example.com\"\n\
                example.com. MX 0 .\n";
    assert_eq!(
        drawn(mail_from("ü@example.com"), zone),
        "\
TXT example.com: 1 text
example.com: v=spf1 a:%{l}.example.com exists:%{h}..example.com -mx redirect=%{s}.example.com
├─ a:%{l}.example.com does not match  [look-ups 1, void 0]
│  └─ nothing to ask: the local part of the sender is not ASCII
├─ exists:%{h}..example.com does not match  [look-ups 2, void 0]
│  └─ nothing to ask: a domain name has an empty label (at octet 17)
├─ -mx does not match  [look-ups 3, void 0]
│  └─ MX example.com: .
└─ redirect=%{s}.example.com  [look-ups 4, void 0]
   └─ nothing to ask: the local part of the sender is not ASCII
neutral: nothing in the record of example.com matches
"
    );
}

#[test]
fn a_trace_tells_a_guess_from_what_the_domain_says() {
    let request = || {
        let guess = Record::parse("v=spf1 include:inner.example.com ?all").unwrap();
        mail_from("a@plain.example.com").best_guess(guess)
    };
    let zone = "plain.example.com. TXT hello\ninner.example.com. TXT \"v=spf1 a:x.example.com -all\"\n\
                x.example.com. A 192.0.2.1\n";
    assert_eq!(
        drawn(request(), zone),
        "\
TXT plain.example.com: \"hello\"
best guess for plain.example.com: v=spf1 include:inner.example.com ?all
└─ include:inner.example.com matches  [look-ups 2, void 0]
   ├─ TXT inner.example.com: 1 text
   └─ inner.example.com: v=spf1 a:x.example.com -all => pass
      └─ a:x.example.com matches  [look-ups 2, void 0]
         └─ A x.example.com: 192.0.2.1
none: plain.example.com has no SPF record; best guess: pass
"
    );
    let field = run(request(), zone).received_spf();
    assert!(!field.contains("mechanism"), "{field}");
}
