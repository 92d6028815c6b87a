//! Evaluation: what a receiver may choose, several authors, limits, deadlines, and the two ways of discovery.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

mod common;

use common::SuffixFile;
use dmarc::{
    AuthorError, Authors, Cause, Discovery, Disposition, Limits, LocalPolicy, Method, Name, OnReject,
    Override, OverrideKind, Policy, Report, Request, SeveralAuthors, Step, Verdict, Zone, compare, discover,
    error::AuthorErrorKind, evaluate,
};
use mail_base::zone::Recorder;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn zone() -> Zone {
    Zone::parse(
        r#"
        _dmarc.none.example.       TXT "v=DMARC1; p=none"
        _dmarc.quarantine.example. TXT "v=DMARC1; p=quarantine"
        _dmarc.reject.example.     TXT "v=DMARC1; p=reject"
        _dmarc.down.example.       UNAVAILABLE
        "#,
    )
    .unwrap()
}

fn authors(list: &str) -> Authors {
    Authors::from_value(list.as_bytes(), None).unwrap()
}

fn run(request: Request) -> Report {
    evaluate(request, Discovery::TreeWalk).run(&zone())
}

fn several(list: &str, passed: &str) -> (Verdict, Disposition, Option<String>) {
    let report = run(Request::from_authors(&authors(list)).dkim_passed(name(passed)));
    (report.verdict, report.disposition, report.author.map(|author| author.to_string()))
}

#[test]
fn of_several_authors_the_strictest_failing_policy_holds() {
    use Disposition::{None, Quarantine, Reject};
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        several("a@none.example, a@reject.example, a@quarantine.example", "x.example"),
        (Verdict::Fail, Reject, some("reject.example"))
    );
    assert_eq!(
        several("a@reject.example, a@quarantine.example", "reject.example"),
        (Verdict::Fail, Quarantine, some("quarantine.example"))
    );
    assert_eq!(
        several("a@down.example, a@none.example", "x.example"),
        (Verdict::Fail, None, some("none.example"))
    );
    assert_eq!(
        several("a@down.example, a@reject.example", "reject.example"),
        (Verdict::TempError, None, some("down.example"))
    );
    // an author without a record is not vouched for by another that passes
    assert_eq!(
        several("a@reject.example, a@silent.test", "reject.example"),
        (Verdict::None, None, some("silent.test"))
    );
    assert_eq!(
        several("a@reject.example, b@reject.example", "reject.example"),
        (Verdict::Pass, None, some("reject.example")),
        "two addresses of one domain are one author"
    );
    let report =
        run(Request::from_authors(&authors("a@none.example, a@reject.example, a@quarantine.example")));
    let others: Vec<_> =
        report.others.iter().map(|other| other.author.clone().unwrap().to_string()).collect();
    assert_eq!(others, ["none.example", "quarantine.example"]);
}

#[test]
fn several_authors_can_be_refused() {
    let policy = LocalPolicy::default().with_several_authors(SeveralAuthors::Refuse);
    let request =
        Request::from_authors(&authors("a@none.example, a@reject.example")).with_local_policy(policy);
    let Step::Done(report) = evaluate(request, Discovery::TreeWalk) else { panic!("nothing is asked") };
    assert_eq!((report.verdict, report.disposition), (Verdict::PermError, Disposition::Reject));
    assert_eq!(report.cause, Some(Cause::SeveralAuthors { count: 2 }));
    assert_eq!(
        report.reply().unwrap().to_string(),
        "550 5.7.1 Email rejected: the From field names 2 domains"
    );
    let one = Request::from_authors(&authors("a@none.example, b@none.example")).with_local_policy(policy);
    assert_eq!(run(one).verdict, Verdict::Fail);
}

#[test]
fn more_authors_than_allowed_are_refused_unasked() {
    let list: Vec<_> = (0..6).map(|nth| format!("a@{nth}.example")).collect();
    let all = authors(&list.join(","));
    let Step::Done(report) = evaluate(Request::from_authors(&all), Discovery::TreeWalk) else { panic!() };
    assert_eq!(report.cause, Some(Cause::TooManyAuthors { limit: 5 }));
    assert_eq!(report.disposition, Disposition::Reject);
    let limits = Limits::default().with_authors(6);
    let report = run(Request::from_authors(&all).with_limits(limits));
    assert_eq!((report.verdict, report.others.len()), (Verdict::None, 5));
}

#[test]
fn reject_comes_to_quarantine_by_the_advice_of_section_7_4() {
    let policy = LocalPolicy::default().with_on_reject(OnReject::AsQuarantine);
    let report = run(Request::new(name("reject.example")).with_local_policy(policy));
    assert_eq!((report.policy, report.disposition), (Some(Policy::Reject), Disposition::Quarantine));
    assert_eq!(report.overrides[0].kind, OverrideKind::LocalPolicy);
    assert_eq!(report.reply(), None);
    let report = run(Request::new(name("quarantine.example")).with_local_policy(policy));
    assert_eq!((report.disposition, report.overrides.len()), (Disposition::Quarantine, 0));
}

#[test]
fn a_disposition_can_be_overridden_with_a_reason() {
    let report = run(Request::new(name("reject.example")));
    assert_eq!(
        report.reply().unwrap().to_string(),
        "550 5.7.1 Email rejected per DMARC policy for reject.example"
    );
    let reason = Override::new(OverrideKind::MailingList).with_comment("users@lists.example");
    let report = report.overridden(Disposition::None, reason.clone());
    assert_eq!((report.verdict, report.disposition), (Verdict::Fail, Disposition::None));
    assert_eq!(report.overrides, [reason]);
    assert_eq!(report.reply(), None);
}

#[test]
fn a_message_without_an_author_is_a_permanent_error() {
    let error = AuthorError { kind: AuthorErrorKind::NoField, at: 0 };
    let report = Report::without_author(error);
    assert_eq!((report.verdict, report.disposition), (Verdict::PermError, Disposition::None));
    assert_eq!(
        report.cause.as_ref().unwrap().to_string(),
        "the author cannot be told: there is no From field (at octet 0)"
    );
    assert_eq!(report.reply().unwrap().code, 550);
}

#[test]
fn walks_of_identifiers_are_bounded() {
    let mut request = Request::new(name("reject.example"));
    for nth in 0..50 {
        request = request.dkim_passed(name(&format!("s{nth}.reject.example")));
    }
    let zone =
        Zone::parse("_dmarc.reject.example. TXT \"v=DMARC1; p=reject\"\n_dmarc.s49.reject.example. NODATA")
            .unwrap();
    // every signer says that it is an organization of its own, so that none is aligned
    let mut deny = zone.clone();
    for nth in 0..50 {
        deny.add_txt(&name(&format!("_dmarc.s{nth}.reject.example")), "v=DMARC1; p=none; psd=n");
    }
    let recorder = Recorder::new(deny);
    let report = evaluate(request.clone(), Discovery::TreeWalk).run(&recorder);
    assert_eq!(report.cause, Some(Cause::TooManyIdentifiers { limit: 10 }));
    assert_eq!((report.verdict, report.alignment.is_complete), (Verdict::Fail, false));
    assert_eq!(recorder.count(), 12);
    // the same domain again costs nothing, and one that is the author's is found without looking
    let mut request = Request::new(name("reject.example"));
    for _ in 0..50 {
        request = request.dkim_passed(name("s.reject.org"));
    }
    let report = evaluate(request.dkim_passed(name("reject.example")), Discovery::TreeWalk).run(&zone);
    assert_eq!(report.verdict, Verdict::Pass);
    assert_eq!(report.questions, 1);
}

#[test]
fn an_evaluation_that_is_given_up_is_a_temporary_error() {
    let request = Request::new(name("a.reject.example"));
    let report = evaluate(request.clone(), Discovery::TreeWalk).run_until(&zone(), || true);
    assert_eq!((report.verdict, &report.cause), (Verdict::TempError, &Some(Cause::Expired)));
    assert_eq!(
        report.reply().unwrap().to_string(),
        "451 4.7.1 DMARC cannot be evaluated: the time for DMARC was up"
    );
    let found = discover(&request, Discovery::TreeWalk).run_until(&zone(), || true);
    assert_eq!(found.policy_of(&name("a.reject.example")), None);
    assert_eq!(found.evaluate(request).run(&zone()).verdict, Verdict::TempError);
}

#[test]
fn discovery_before_the_facts_asks_nothing_twice() {
    for list in ["a@reject.example", "a@b.reject.example, a@none.example"] {
        let request = || Request::from_authors(&authors(list)).dkim_passed(name("x.reject.example"));
        let together = run(request());
        let recorder = Recorder::new(zone());
        let found = discover(&request(), Discovery::TreeWalk).run(&recorder);
        assert_eq!(found.questions(), recorder.count());
        let apart = found.evaluate(request()).run(&recorder);
        assert_eq!(apart, together, "{list}");
        let mut asked = recorder.questions();
        let count = asked.len();
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), count, "{list}");
    }
    let request = Request::new(name("b.reject.example"));
    let found = discover(&request, Discovery::TreeWalk).run(&zone());
    let (record, at) = found.policy_of(&name("b.reject.example")).unwrap();
    assert_eq!((record.policy(), at), (Some(Policy::Reject), name("reject.example")));
}

#[test]
fn discovery_asks_for_the_authors_that_are_evaluated() {
    let list: Vec<_> = (0..6).map(|nth| format!("a@{nth}.example")).collect();
    let [one, two, six] = [1, 2, 6].map(|count| authors(&list[..count].join(",")));
    let asks = |request: &Request| matches!(discover(request, Discovery::TreeWalk), Step::Ask(_));
    let limited = |all, limit| Request::from_authors(all).with_limits(Limits::default().with_authors(limit));
    assert!(asks(&Request::from_authors(&two)));
    assert!(!asks(&Request::from_authors(&six)), "more than the default limit");
    assert!(!asks(&limited(&two, 1)));
    assert!(asks(&limited(&six, 6)));
    assert!(asks(&limited(&one, 0)), "one author is always evaluated");
    let refusing = LocalPolicy::default().with_several_authors(SeveralAuthors::Refuse);
    assert!(!asks(&Request::from_authors(&two).with_local_policy(refusing)));
    // all that is asked ahead is not asked again
    let recorder = Recorder::new(zone());
    let found = discover(&limited(&six, 6), Discovery::TreeWalk).run(&recorder);
    let Step::Done(report) = found.evaluate(limited(&six, 6)) else { panic!("all is known") };
    assert_eq!((report.others.len(), report.questions), (5, recorder.count()));
}

const LIST: &str = "// a comment\ncom\nco.uk\n*.ck\n!www.ck\n";

#[test]
fn suffix_lists_are_those_of_rfc_7489() {
    let list = SuffixFile::parse(LIST);
    let zone = Zone::parse(
        "_dmarc.example.co.uk. TXT \"v=DMARC1; p=reject; sp=quarantine\"\n_dmarc.b.example.co.uk. TXT \"v=DMARC1; p=none\"\n",
    )
    .unwrap();
    let recorder = Recorder::new(zone);
    let request = Request::new(name("a.b.example.co.uk")).spf_passed(name("c.example.co.uk"));
    let report = evaluate(request, Discovery::SuffixList(&list)).run(&recorder);
    assert_eq!(report.verdict, Verdict::Pass);
    assert_eq!(report.method, Method::SuffixList);
    assert_eq!(report.organizational_domain(), Some(&name("example.co.uk")));
    assert_eq!((report.record_at(), report.policy), (Some(&name("example.co.uk")), Some(Policy::Quarantine)));
    let asked: Vec<_> = recorder.questions().iter().map(|question| question.name.to_string()).collect();
    assert_eq!(asked, ["_dmarc.a.b.example.co.uk", "_dmarc.example.co.uk"]);
    // no alignment across a public suffix
    let request = Request::new(name("example.co.uk")).spf_passed(name("other.co.uk"));
    let report = evaluate(request, Discovery::SuffixList(&list)).run(&recorder);
    assert_eq!((report.verdict, report.disposition), (Verdict::Fail, Disposition::Reject));
}

#[test]
fn the_two_ways_are_compared() {
    let list = SuffixFile::parse(LIST);
    let zone = Zone::parse(
        "_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n_dmarc.mail.example.com. TXT \"v=DMARC1; p=none; psd=n\"\n",
    )
    .unwrap();
    let run = |request: Request| {
        let recorder = Recorder::new(&zone);
        let compared = compare(request, &list).run(&recorder);
        assert_eq!(compared.tree_walk.questions, recorder.count());
        compared
    };
    let same = run(Request::new(name("example.com")).spf_passed(name("example.com")));
    assert!(!same.differs() && !same.differs_in_record());
    // psd=n makes mail.example.com an organization of its own, which no list knows
    let other = run(Request::new(name("a.mail.example.com")).spf_passed(name("example.com")));
    assert!(other.differs() && other.differs_in_record());
    assert_eq!((other.tree_walk.verdict, other.suffix_list.verdict), (Verdict::Fail, Verdict::Pass));
    assert_eq!(other.tree_walk.record_at(), Some(&name("mail.example.com")));
    let expired = compare(Request::new(name("a.example.com")), &list).run_until(&zone, || true);
    assert_eq!(expired.suffix_list.method, Method::SuffixList);
    assert_eq!(expired.tree_walk.cause, Some(Cause::Expired));
}

#[test]
fn a_message_that_expires_in_between_keeps_its_count() {
    let mut left = 2;
    let report =
        evaluate(Request::new(name("a.b.reject.example")), Discovery::TreeWalk).run_until(&zone(), || {
            left -= 1;
            left < 0
        });
    assert_eq!((report.verdict, report.questions), (Verdict::TempError, 2));
}

#[test]
fn nothing_is_asked_for_one_domain_where_another_is_aligned_by_what_is_known() {
    let zone = Zone::parse("_dmarc.example.com. TXT \"v=DMARC1; p=reject\"").unwrap();
    let request = || {
        Request::new(name("www.example.com"))
            .spf_passed(name("bounce.example.com"))
            .dkim_passed(name("example.com"))
    };
    let report = evaluate(request(), Discovery::TreeWalk).run(&zone);
    // www.example.com, example.com and com: the walk for bounce.example.com is spared
    assert_eq!((report.verdict, report.questions), (Verdict::Pass, 3));
    assert!(report.alignment.dkim.is_some() && report.alignment.spf.is_none());
    assert!(!report.alignment.is_complete);

    let every = LocalPolicy::default().with_every_alignment(true);
    let report = evaluate(request().with_local_policy(every), Discovery::TreeWalk).run(&zone);
    assert_eq!((report.verdict, report.questions), (Verdict::Pass, 4));
    assert!(report.alignment.dkim.is_some() && report.alignment.spf.is_some());
    assert!(report.alignment.is_complete);
}

#[test]
fn several_records_end_the_search_of_rfc_7489() {
    let zone = Zone::parse(
        r#"
        _dmarc.a.example.com. TXT "v=DMARC1; p=none"
        _dmarc.a.example.com. TXT "v=DMARC1; p=quarantine"
        _dmarc.example.com.   TXT "v=DMARC1; p=reject"
        "#,
    )
    .unwrap();
    let list = SuffixFile::parse("com");
    let request = || Request::new(name("a.example.com"));
    let report = evaluate(request(), Discovery::SuffixList(&list)).run(&zone);
    assert_eq!(report.verdict, Verdict::None);
    assert_eq!(report.cause, Some(Cause::SeveralRecords(name("a.example.com"))));
    assert_eq!(report.questions, 1);
    let both = compare(request(), &list).run(&zone);
    // RFC 9989 §4.10 step 2 discards them and goes on
    assert_eq!((both.tree_walk.disposition, both.suffix_list.verdict), (Disposition::Reject, Verdict::None));
    assert!(both.differs());
}
