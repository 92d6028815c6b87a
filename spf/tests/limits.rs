//! What a check may cost, whatever the zone says.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_alloc,
    clippy::unwrap_used
)]

use proptest::prelude::*;
use spf::{
    Cause, Inquiry, Limits, Name, Record, Report, Request, Step, Verdict, Zone, check,
    dns::{Answer, Kind, Question, from_fn},
    trace::Event,
};

fn run(zone: &str, sender: &str) -> Report {
    let request = Request::mail_from([192, 0, 2, 1].into(), "mail.example.net", sender);
    check(request, &Limits::default()).run(&Zone::parse(zone).unwrap())
}

#[test]
fn the_eleventh_term_that_asks_is_permerror() {
    let zone = |terms: usize| {
        let terms = " a:a.example.com".repeat(terms);
        format!("example.com. TXT \"v=spf1{terms} ip4:192.0.2.1 -all\"\na.example.com. A 198.51.100.1\n")
    };
    let report = run(&zone(10), "a@example.com");
    assert_eq!((report.verdict, report.lookups, report.questions), (Verdict::Pass, 10, 11));
    let report = run(&zone(11), "a@example.com");
    assert_eq!((report.verdict, report.lookups, report.questions), (Verdict::PermError, 10, 11));
    let Some(Cause::TooManyLookups { limit: 10, term }) = report.cause else { panic!("{:?}", report.cause) };
    assert_eq!((term.text(), term.at()), ("a:a.example.com", 167));
}

#[test]
fn modifiers_are_passed_over_wherever_they_stand() {
    let modifier = " exp=e.example.com redirect=r.example.com x=y.example.com";
    for directives in 0..9 {
        let (before, after) =
            (" a:a.example.com".repeat(directives), " a:a.example.com".repeat(9 - directives));
        let zone = format!(
            "example.com. TXT \"v=spf1{before}{modifier}{after} ip4:192.0.2.1\"\na.example.com. A 198.51.100.1\n"
        );
        let report = run(&zone, "a@example.com");
        assert_eq!((report.verdict, report.lookups, report.questions), (Verdict::Pass, 9, 10), "{zone}");
    }
}

#[test]
fn the_third_void_lookup_is_permerror() {
    let zone =
        "example.com. TXT \"v=spf1 a:x.example a:y.example a:z.example ip4:192.0.2.1\"\nx.example. TXT x\n";
    let report = run(zone, "a@example.com");
    assert_eq!((report.verdict, report.void_lookups), (Verdict::PermError, 3));
    assert!(matches!(report.cause, Some(Cause::TooManyVoidLookups { limit: 2, .. })));
    let request = Request::mail_from([192, 0, 2, 1].into(), "h.example", "a@example.com");
    let limits = Limits::default().with_void_lookups(3);
    assert_eq!(check(request, &limits).run(&Zone::parse(zone).unwrap()).verdict, Verdict::Pass);
}

#[test]
fn loops_end() {
    for record in ["include:example.com", "redirect=example.com", "include:%{d}", "-include:example.com +all"]
    {
        let report = run(&format!("example.com. TXT \"v=spf1 {record}\""), "a@example.com");
        assert_eq!(report.verdict, Verdict::PermError, "{record}");
        assert_eq!(report.questions, 11, "{record}");
    }
    let report =
        run("example.com. CNAME www.example.com.\nwww.example.com. CNAME example.com.", "a@example.com");
    assert_eq!(report.verdict, Verdict::TempError);
}

#[test]
fn a_thousand_exchangers_are_not_asked() {
    let mut zone = String::from("example.com. TXT \"v=spf1 mx -all\"\n");
    for n in 0..1000 {
        zone += &format!("example.com. MX 1 h{n}.example.com.\nh{n}.example.com. A 192.0.2.1\n");
    }
    let report = run(&zone, "a@example.com");
    assert_eq!((report.verdict, report.questions), (Verdict::PermError, 2));
    assert!(matches!(report.cause, Some(Cause::TooManyExchangers { limit: 10, count: 1000, .. })));
}

#[test]
fn a_thousand_names_of_the_client_are_not_asked() {
    let mut zone =
        String::from("example.com. TXT \"v=spf1 ptr ptr:example.com exists:%{p}.x.example -all\"\n");
    for n in 0..1000 {
        zone += &format!("1.2.0.192.in-addr.arpa. PTR h{n}.example.com.\nh{n}.example.com. A 198.51.100.1\n");
    }
    let report = run(&zone, "a@example.com");
    // the record, the names, ten of them, and unknown.x.example
    assert_eq!((report.verdict, report.questions, report.lookups), (Verdict::Fail, 13, 3));
}

#[test]
fn a_deadline_is_temperror_but_never_undoes_a_verdict() {
    let zone = Zone::parse(
        "example.com. TXT \"v=spf1 a:x.example.com -all exp=why.example.com\"\nx.example.com. A 198.51.100.1\n\
         why.example.com. TXT \"because of %{i}\"\n",
    )
    .unwrap();
    let expired_at = |number: usize| {
        let mut asked = 0;
        let request = Request::mail_from([192, 0, 2, 1].into(), "h.example", "a@example.com");
        check(request, &Limits::default()).run_until(&zone, || {
            asked += 1;
            asked > number
        })
    };
    for number in [0, 1] {
        let report = expired_at(number);
        assert_eq!((report.verdict, report.questions), (Verdict::TempError, number));
        assert!(matches!(report.cause, Some(Cause::Deadline(_))));
    }
    let report = expired_at(2);
    assert_eq!((report.verdict, report.explanation), (Verdict::Fail, None));
    assert_eq!(expired_at(3).explanation.as_deref(), Some("because of 192.0.2.1"));
}

#[test]
fn a_record_of_ten_thousand_octets_is_judged() {
    let networks: String = (0..600).map(|n| format!(" \" ip4:198.51.{}.{}\"", n / 256, n % 256)).collect();
    let report = run(&format!("example.com. TXT \"v=spf1\"{networks} \" -all\""), "a@example.com");
    assert_eq!(report.verdict, Verdict::Fail);
    let longest = format!("v=spf1{}", " ".repeat(65_529));
    assert!(Record::parse(&longest).is_ok());
    assert!(Record::parse(longest + " ").is_err());
}

#[test]
fn macros_do_not_fill_the_memory() {
    let record = format!("v=spf1 exists:{}.example -all", "%{s}".repeat(10_000));
    let mut zone = Zone::new();
    zone.add_txt(&Name::parse("example.com").unwrap(), record);
    let sender = format!("{}@example.com", "x".repeat(60_000));
    let request = Request::mail_from([192, 0, 2, 1].into(), "h.example", &sender);
    assert_eq!(check(request, &Limits::default()).run(&zone).verdict, Verdict::Fail);
}

#[test]
fn a_chain_of_includes_is_a_stack_and_not_a_recursion() {
    let resolver = from_fn(|question: &Question| match question.name.parent() {
        Some(_) => Answer::txt([format!("v=spf1 include:x.{} -all", question.name)]),
        None => Answer::NoSuchName,
    });
    let request = Request::mail_from([192, 0, 2, 1].into(), "h.example", "a@example.com");
    let limits = Limits::default().with_lookups(40);
    let report = check(request, &limits).run(&resolver);
    assert_eq!((report.verdict, report.lookups), (Verdict::PermError, 40));
}

/// A term that leads to one of a few names, so that loops and fan-out come by themselves.
fn term() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        Just("a.example"),
        Just("b.example"),
        Just("c.example"),
        Just("%{d}"),
        Just("%{p}.d.example")
    ];
    let mechanism = prop_oneof![
        Just("include:"),
        Just("a:"),
        Just("mx:"),
        Just("ptr:"),
        Just("exists:"),
        Just("redirect="),
        Just("exp="),
        Just("-include:"),
        Just("?include:"),
        Just("~mx:")
    ];
    (mechanism, name).prop_map(|(mechanism, name)| format!("{mechanism}{name}"))
}

fn record() -> impl Strategy<Value = String> {
    prop::collection::vec(term(), 0..15).prop_map(|terms| format!("v=spf1 {}", terms.join(" ")))
}

fn answer(kind: Kind, records: &[String], pick: usize) -> Answer {
    let name = |n: usize| Name::parse(["a.example", "b.example", "c.example"][n % 3]).unwrap();
    match (pick % 7, kind) {
        (0, _) => Answer::NoSuchName,
        (1, _) => Answer::NoRecords,
        (2, Kind::A | Kind::Ptr) => Answer::Unavailable,
        (_, Kind::Txt) => Answer::txt(records.get(pick % records.len().max(1))),
        (_, Kind::A) => Answer::a([[192, 0, 2, if pick.is_multiple_of(5) { 1 } else { 9 }].into()]),
        (_, Kind::Mx) => Answer::mx((0..pick % 12).map(|n| (1, name(n)))),
        (_, Kind::Ptr) => Answer::ptr((0..pick % 15).map(name)),
        _ => Answer::NoRecords,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever is answered, even another thing each time: there is a verdict, and no more questions than
    /// [`Limits::questions`] says.
    #[test]
    fn questions_are_bounded_whatever_is_answered(
        records in prop::collection::vec(record(), 1..5),
        picks in prop::collection::vec(any::<usize>(), 1..40),
        limits in (0..12_usize, 0..30_usize, 0..12_usize, 0..12_usize),
    ) {
        let limits = Limits::default()
            .with_lookups(limits.0)
            .with_void_lookups(limits.1)
            .with_exchangers(limits.2)
            .with_pointers(limits.3);
        let mut step = check(Request::mail_from([192, 0, 2, 1].into(), "h.example", "a@a.example").trace(true), &limits);
        let mut questions = 0;
        let report = loop {
            match step {
                Step::Done(report) => break report,
                Step::Ask(inquiry) => {
                    let pick = picks[questions % picks.len()].wrapping_add(questions);
                    let answer = answer(inquiry.question().kind, &records, pick);
                    questions += 1;
                    prop_assert!(questions <= limits.questions());
                    step = inquiry.answer(answer);
                }
            }
        };
        prop_assert_eq!(report.questions, questions);
        prop_assert!(report.lookups <= limits.lookups);
        prop_assert!(report.void_lookups <= limits.void_lookups.saturating_add(1));
        prop_assert!(report.explanation.is_none() || report.verdict == Verdict::Fail);
        prop_assert!(report.cause.is_none() == (report.verdict == Verdict::Pass));
        let text = report.trace.map(|trace| trace.to_string()).unwrap_or_default();
        prop_assert!(text.lines().count() > questions);
    }

    /// Where each question has its own answer, a trace changes nothing, and shows every question.
    #[test]
    fn a_trace_changes_nothing(
        records in prop::collection::vec(record(), 1..5),
        picks in prop::collection::vec(any::<usize>(), 1..40),
        sender in "[a-z%{}]{1,5}@a.example",
    ) {
        let resolver = from_fn(|question: &Question| {
            let seed: usize = question.to_string().bytes().map(usize::from).sum();
            answer(question.kind, &records, picks[seed % picks.len()])
        });
        let run = |is_traced: bool| {
            let request = Request::mail_from([192, 0, 2, 1].into(), "h.example", &sender).trace(is_traced);
            check(request, &Limits::default()).run(&resolver)
        };
        let (plain, traced) = (run(false), run(true));
        prop_assert_eq!((plain.verdict, &plain.cause, &plain.matched), (traced.verdict, &traced.cause, &traced.matched));
        prop_assert_eq!((&plain.explanation, &plain.innermost), (&traced.explanation, &traced.innermost));
        prop_assert_eq!(
            (plain.lookups, plain.void_lookups, plain.questions),
            (traced.lookups, traced.void_lookups, traced.questions)
        );
        let trace = traced.trace.unwrap();
        let answered = trace.steps().iter().filter(|step| matches!(step.event, Event::Answered { .. }));
        prop_assert_eq!(answered.count(), traced.questions);
        let last = trace.steps().last().unwrap();
        prop_assert_eq!((last.lookups, last.void_lookups), (plain.lookups, plain.void_lookups));
    }
}
