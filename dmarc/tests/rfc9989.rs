//! The examples of RFC 9989: appendix B and those in the text.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used)]

use dmarc::{
    AlignmentMode, Cause, Discovery, Disposition, LocalPolicy, Name, OverrideKind, Policy, Report, Request,
    Verdict, Zone, evaluate, walk_targets,
};
use mail_base::zone::Recorder;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// Runs an evaluation and gives the report and the names that were asked about.
fn run(zone: &str, request: Request) -> (Report, Vec<String>) {
    let recorder = Recorder::new(Zone::parse(zone).unwrap());
    let report = evaluate(request, Discovery::TreeWalk).run(&recorder);
    let asked: Vec<String> = recorder.questions().iter().map(ToString::to_string).collect();
    assert_eq!(report.questions, asked.len());
    (report, asked)
}

fn report(zone: &str, request: Request) -> Report {
    run(zone, request).0
}

/// The organizational domain of an author, found because a domain of the same top level passed.
fn organizational_domain(zone: &str, author: &str) -> String {
    let author = name(author);
    let other = name(&format!("unrelated.{}", author.last_labels(1)));
    let zone = format!("{zone}\n_dmarc.{author}. TXT \"v=DMARC1; p=none\"\n");
    report(&zone, Request::new(author).spf_passed(other)).organizational_domain().unwrap().to_string()
}

/// The same where the author has no record of its own.
fn inherited(zone: &str, author: &str) -> Report {
    report(zone, Request::new(name(author)))
}

#[test]
fn b_1_1_spf_alignment() {
    let zone = "_dmarc.example.com. TXT \"v=DMARC1; p=none; aspf=r\"";
    let spf = |author, domain| {
        report(zone, Request::new(name(author)).spf_passed(name(domain))).alignment.spf.map(|spf| spf.how)
    };
    assert_eq!(spf("example.com", "example.com"), Some(AlignmentMode::Strict));
    assert_eq!(spf("example.com", "child.example.com"), Some(AlignmentMode::Relaxed));
    assert_eq!(spf("child.example.com", "example.net"), None);
}

#[test]
fn b_1_2_dkim_alignment() {
    let zone = "_dmarc.example.com. TXT \"v=DMARC1; p=none\"";
    let dkim = |author, domain| {
        report(zone, Request::new(name(author)).dkim_passed(name(domain))).alignment.dkim.map(|dkim| dkim.how)
    };
    assert_eq!(dkim("example.com", "example.com"), Some(AlignmentMode::Strict));
    assert_eq!(dkim("child.example.com", "example.com"), Some(AlignmentMode::Relaxed));
    assert_eq!(dkim("child.example.com", "example.net"), None);
}

#[test]
fn b_4_1_simple_organizational_and_policy_example() {
    let zone = "_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n\
                _dmarc.signing.example.com. TXT \"v=DMARC1; p=none\"\n";
    let request = Request::new(name("example.com"))
        .spf_passed(name("example.com"))
        .dkim_passed(name("signing.example.com"))
        .with_local_policy(LocalPolicy::default().with_every_alignment(true));
    let (report, asked) = run(zone, request);
    assert_eq!(report.verdict, Verdict::Pass);
    assert_eq!(report.alignment.spf.as_ref().unwrap().how, AlignmentMode::Strict);
    assert_eq!(report.alignment.dkim.as_ref().unwrap().how, AlignmentMode::Relaxed);
    assert!(report.alignment.is_complete);
    assert_eq!(report.organizational_domain(), Some(&name("example.com")));
    assert_eq!(report.record_at(), Some(&name("example.com")));
    assert_eq!(asked, ["TXT _dmarc.example.com", "TXT _dmarc.com", "TXT _dmarc.signing.example.com"]);
}

#[test]
fn b_4_2_deep_tree_walk_example() {
    let zone = "_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n\
                _dmarc.signing.example.com. TXT \"v=DMARC1; p=none\"\n";
    let request = Request::new(name("a.b.c.d.e.f.g.h.i.j.k.example.com"))
        .spf_passed(name("example.com"))
        .dkim_passed(name("signing.example.com"))
        .with_local_policy(LocalPolicy::default().with_every_alignment(true));
    let (report, asked) = run(zone, request);
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(report.alignment.spf.is_some() && report.alignment.dkim.is_some());
    assert_eq!(report.organizational_domain(), Some(&name("example.com")));
    assert_eq!(report.record_at(), Some(&name("example.com")));
    assert_eq!(
        asked,
        [
            "TXT _dmarc.a.b.c.d.e.f.g.h.i.j.k.example.com",
            "TXT _dmarc.g.h.i.j.k.example.com",
            "TXT _dmarc.h.i.j.k.example.com",
            "TXT _dmarc.i.j.k.example.com",
            "TXT _dmarc.j.k.example.com",
            "TXT _dmarc.k.example.com",
            "TXT _dmarc.example.com",
            "TXT _dmarc.com",
            "TXT _dmarc.signing.example.com",
        ]
    );
}

const BANK: &str = "_dmarc.bank.example. TXT \"v=DMARC1; p=reject; psd=y\"\n\
                    _dmarc.giant.bank.example. TXT \"v=DMARC1; p=quarantine\"\n";

#[test]
fn b_4_3_example_with_a_psd_record() {
    let request = Request::new(name("giant.bank.example"))
        .spf_passed(name("mail.giant.bank.example"))
        .dkim_passed(name("mail.mega.bank.example"))
        .with_local_policy(LocalPolicy::default().with_every_alignment(true));
    let (report, asked) = run(BANK, request);
    assert_eq!(report.verdict, Verdict::Pass);
    assert_eq!(report.alignment.spf.as_ref().unwrap().how, AlignmentMode::Relaxed);
    assert_eq!(report.alignment.dkim, None);
    assert_eq!(report.organizational_domain(), Some(&name("giant.bank.example")));
    assert_eq!(report.record_at(), Some(&name("giant.bank.example")));
    assert!(!asked.contains(&"TXT _dmarc.example".to_owned()), "the walk stops at psd=y: {asked:?}");
}

#[test]
fn the_organizational_domains_of_b_4_3() {
    let mega = inherited(BANK, "mail.mega.bank.example");
    assert_eq!(mega.organizational_domain(), Some(&name("mega.bank.example")));
    assert_eq!(mega.record_at(), Some(&name("bank.example")), "the public suffix has the only record");
    assert_eq!(inherited(BANK, "mail.giant.bank.example").record_at(), Some(&name("giant.bank.example")));
    // a psd=y where the walk starts does not count, so the domain is its own
    let itself = report(BANK, Request::new(name("bank.example")).spf_passed(name("giant.bank.example")));
    assert_eq!(itself.organizational_domain(), Some(&name("bank.example")));
    assert_eq!(itself.verdict, Verdict::Fail);
}

#[test]
fn the_walk_of_section_4_10() {
    let targets: Vec<String> =
        walk_targets(&name("a.b.c.d.e.f.g.h.i.j.mail.example.com")).map(String::from).collect();
    assert_eq!(
        targets,
        [
            "a.b.c.d.e.f.g.h.i.j.mail.example.com",
            "g.h.i.j.mail.example.com",
            "h.i.j.mail.example.com",
            "i.j.mail.example.com",
            "j.mail.example.com",
            "mail.example.com",
            "example.com",
            "com",
        ]
    );
}

#[test]
fn a_walk_asks_as_often_as_there_are_labels_up_to_eight() {
    for (labels, questions) in [(1, 1), (2, 2), (6, 6), (7, 7), (8, 8), (9, 8), (20, 8)] {
        let start = name(&vec!["a"; labels].join("."));
        assert_eq!(walk_targets(&start).count(), questions, "{labels} labels");
    }
}

#[test]
fn a_record_in_the_skipped_part_is_never_seen() {
    let zone = "_dmarc.b.c.d.e.f.g.example.com. TXT \"v=DMARC1; p=reject\"";
    let (report, asked) = run(zone, Request::new(name("mail.a.b.c.d.e.f.g.example.com")));
    assert_eq!(report.verdict, Verdict::None);
    assert_eq!(asked[1], "TXT _dmarc.c.d.e.f.g.example.com");
    assert_eq!(asked.len(), 8);
}

#[test]
fn the_examples_of_section_4_10_2() {
    let two =
        "_dmarc.mail.example.com. TXT \"v=DMARC1; p=none\"\n_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n";
    assert_eq!(organizational_domain(two, "a.mail.example.com"), "example.com");
    let declared = "_dmarc.mail.example.com. TXT \"v=DMARC1; p=none; psd=n\"\n\
                    _dmarc.example.com. TXT \"v=DMARC1; p=none\"\n";
    assert_eq!(organizational_domain(declared, "a.mail.example.com"), "mail.example.com");
    let suffix = "_dmarc.com. TXT \"v=DMARC1; p=none; psd=y\"";
    assert_eq!(inherited(suffix, "a.mail.example.com").organizational_domain(), Some(&name("example.com")));
    assert_eq!(
        inherited(suffix, "a.b.c.d.e.f.g.h.i.j.example.com").organizational_domain(),
        Some(&name("example.com"))
    );
    let mid_path = "_dmarc.a.example.com. TXT \"v=DMARC1; p=none; psd=y\"";
    assert_eq!(organizational_domain(mid_path, "x.y.a.example.com"), "y.a.example.com");
}

#[test]
fn a_suffix_right_above_a_long_name_gives_the_label_that_was_skipped() {
    // the walk goes from eleven labels to seven; psd=y stands at seven, so the organizational domain has eight
    let zone = "_dmarc.e.f.g.h.i.example.com. TXT \"v=DMARC1; p=reject; psd=y\"";
    let report = inherited(zone, "a.b.c.d.e.f.g.h.i.example.com");
    assert_eq!(report.organizational_domain(), Some(&name("d.e.f.g.h.i.example.com")));
    assert_eq!(report.record_at(), Some(&name("e.f.g.h.i.example.com")));
}

#[test]
fn the_policy_is_that_of_the_organizational_domain_not_of_the_nearest() {
    let zone =
        "_dmarc.mail.example.com. TXT \"v=DMARC1; p=none\"\n_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n";
    let report = inherited(zone, "x.mail.example.com");
    assert_eq!((report.record_at(), report.policy), (Some(&name("example.com")), Some(Policy::Reject)));
    // below a public suffix, a record between the author and its organizational domain does not count
    let zone = "_dmarc.bank.example. TXT \"v=DMARC1; p=reject; psd=y\"\n_dmarc.a.b.bank.example. TXT \"v=DMARC1; p=none\"\n";
    let report = inherited(zone, "x.a.b.bank.example");
    assert_eq!(report.record_at(), Some(&name("bank.example")));
    assert_eq!(report.organizational_domain(), Some(&name("b.bank.example")));
}

#[test]
fn a_suffix_right_above_the_author_counts() {
    let report =
        inherited("_dmarc.bank.example. TXT \"v=DMARC1; p=none; sp=reject; psd=y\"", "mega.bank.example");
    assert_eq!(report.organizational_domain(), Some(&name("mega.bank.example")));
    assert_eq!((report.record_at(), report.policy), (Some(&name("bank.example")), Some(Policy::Reject)));
}

#[test]
fn a_suffix_that_does_not_say_so_is_the_organizational_domain() {
    // section 11.8 warns of it
    let zone = "_dmarc.gov. TXT \"v=DMARC1; p=reject\"";
    let report = report(zone, Request::new(name("a.gov")).spf_passed(name("b.gov")));
    assert_eq!((report.verdict, report.organizational_domain()), (Verdict::Pass, Some(&name("gov"))));
}

#[test]
fn subdomains_take_sp_and_those_that_do_not_exist_np() {
    let zone =
        "_dmarc.example.com. TXT \"v=DMARC1; p=reject; sp=quarantine; np=none\"\nhere.example.com. NODATA\n";
    let policy = |author| inherited(zone, author).policy;
    assert_eq!(policy("example.com"), Some(Policy::Reject));
    assert_eq!(policy("here.example.com"), Some(Policy::Quarantine));
    assert_eq!(policy("nobody.example.com"), Some(Policy::None));
    // the record of the author itself: neither sp nor np
    let own = "_dmarc.sub.example.com. TXT \"v=DMARC1; p=none; sp=reject; np=reject\"";
    assert_eq!(inherited(own, "sub.example.com").policy, Some(Policy::None));
}

#[test]
fn np_falls_back_to_sp_and_then_to_p() {
    let policy = |tags: &str| {
        let (report, asked) = run(
            &format!("_dmarc.example.com. TXT \"v=DMARC1; {tags}\""),
            Request::new(name("nobody.example.com")),
        );
        assert!(
            !asked.iter().any(|question| question.starts_with("A ")),
            "existence changes nothing: {asked:?}"
        );
        report.policy
    };
    assert_eq!(policy("p=none; sp=reject"), Some(Policy::Reject));
    assert_eq!(policy("p=quarantine"), Some(Policy::Quarantine));
    assert_eq!(policy("p=none; sp=reject; np=reject"), Some(Policy::Reject));
}

#[test]
fn existence_is_asked_only_of_mail_that_fails() {
    let zone = "_dmarc.example.com. TXT \"v=DMARC1; p=none; np=reject\"";
    let author = || name("nobody.example.com");
    let (report, asked) = run(zone, Request::new(author()).dkim_passed(author()));
    assert_eq!(report.verdict, Verdict::Pass);
    assert_eq!(asked.len(), 3, "{asked:?}");
    let (report, asked) = run(zone, Request::new(author()));
    assert_eq!((report.verdict, report.disposition), (Verdict::Fail, Disposition::Reject));
    assert_eq!(asked[3], "A nobody.example.com");
    let zone = format!("{zone}\nnobody.example.com. UNAVAILABLE\n");
    let (report, _) = run(&zone, Request::new(author()));
    assert_eq!((report.verdict, report.disposition), (Verdict::TempError, Disposition::None));
    assert_eq!(report.cause, Some(Cause::Unavailable(author())));
}

#[test]
fn test_mode_lowers_every_policy_by_one() {
    for (policy, expected) in
        [("reject", Disposition::Quarantine), ("quarantine", Disposition::None), ("none", Disposition::None)]
    {
        let record = format!("_dmarc.example.com. TXT \"v=DMARC1; p={policy}; t=y\"");
        let report = report(&record, Request::new(name("example.com")));
        assert_eq!(report.disposition, expected);
        assert_eq!(report.policy.unwrap().as_str(), policy);
        let kinds: Vec<_> = report.overrides.iter().map(|reason| reason.kind).collect();
        assert_eq!(kinds == [OverrideKind::PolicyTestMode], policy != "none");
    }
    let inherited =
        inherited("_dmarc.example.com. TXT \"v=DMARC1; p=none; sp=reject; t=y\"", "a.example.com");
    assert_eq!(inherited.disposition, Disposition::Quarantine);
}

#[test]
fn a_record_without_a_valid_policy_counts_as_none_or_not_at_all() {
    let verdict = |tags: &str| {
        let zone = format!("_dmarc.example.com. TXT \"v=DMARC1; {tags}\"");
        let report = report(&zone, Request::new(name("example.com")));
        (report.verdict, report.policy)
    };
    for applies in [
        "rua=mailto:d@example.com",
        "p=bogus; rua=mailto:d@example.com",
        "p=reject; sp=x; rua=x,mailto:d@example.com",
    ] {
        assert_eq!(verdict(applies), (Verdict::Fail, Some(Policy::None)), "{applies}");
    }
    for does_not in ["psd=u", "p=bogus", "p=reject; sp=x", "p=reject; np=x", "p=bogus; rua=nonsense"] {
        assert_eq!(verdict(does_not), (Verdict::None, None), "{does_not}");
    }
    // it still tells the organizational domain
    let zone =
        "_dmarc.mail.example.com. TXT \"v=DMARC1; psd=n\"\n_dmarc.example.com. TXT \"v=DMARC1; p=none\"";
    assert_eq!(organizational_domain(zone, "a.mail.example.com"), "mail.example.com");
}

#[test]
fn several_records_discard_all() {
    let zone =
        "_dmarc.a.example.com. TXT \"v=DMARC1; p=reject\"\n_dmarc.a.example.com. TXT \"v=DMARC1; p=none\"\n";
    let report = report(zone, Request::new(name("a.example.com")));
    assert_eq!(report.verdict, Verdict::None);
    assert_eq!(report.cause, Some(Cause::SeveralRecords(name("a.example.com"))));
    // as if there were none: the walk goes on, and other texts never count
    let zone = format!(
        "{zone}_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n_dmarc.example.com. TXT \"v=spf1 -all\"\n"
    );
    assert_eq!(inherited(&zone, "a.example.com").record_at(), Some(&name("example.com")));
}

#[test]
fn a_typical_message_costs_one_question() {
    let author = || name("example.com");
    let (report, asked) = run(
        "_dmarc.example.com. TXT \"v=DMARC1; p=reject; np=none\"",
        Request::new(author()).spf_passed(author()).dkim_passed(name("mail.example.com")),
    );
    assert_eq!(report.verdict, Verdict::Pass);
    assert_eq!(asked, ["TXT _dmarc.example.com"]);
    assert!(!report.alignment.is_complete, "nobody asked about mail.example.com");
}

#[test]
fn strict_alignment_needs_no_walk() {
    let zone = "_dmarc.example.com. TXT \"v=DMARC1; p=reject; aspf=s; adkim=s\"";
    let request = Request::new(name("example.com"))
        .spf_passed(name("a.example.com"))
        .dkim_passed(name("b.example.com"));
    let (report, asked) = run(zone, request);
    assert_eq!((report.verdict, report.cause), (Verdict::Fail, Some(Cause::NotAligned)));
    assert!(report.alignment.is_complete);
    assert_eq!(asked.len(), 1);
}

#[test]
fn domains_of_others_cost_no_walk_of_their_own() {
    let zone = "_dmarc.example.com. TXT \"v=DMARC1; p=reject\"";
    let request = Request::new(name("example.com"))
        .spf_passed(name("bounces.sender.com"))
        .dkim_passed(name("sender.org"));
    let (report, asked) = run(zone, request);
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(asked, ["TXT _dmarc.example.com", "TXT _dmarc.com"]);
}

#[test]
fn dns_trouble_is_neither_pass_nor_fail() {
    let request = || Request::new(name("a.example.com"));
    for zone in [
        "_dmarc.a.example.com. UNAVAILABLE",
        "_dmarc.com. UNAVAILABLE\n_dmarc.example.com. TXT \"v=DMARC1; p=reject\"",
    ] {
        let report = report(zone, request().spf_passed(name("a.example.com")));
        assert_eq!((report.verdict, report.disposition), (Verdict::TempError, Disposition::None));
        assert_eq!(report.reply().unwrap().code, 451);
    }
    // the walk of an authenticated domain fails
    let zone = "_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n_dmarc.b.example.com. UNAVAILABLE\n";
    let report_1 = report(zone, request().dkim_passed(name("b.example.com")));
    assert_eq!(report_1.cause, Some(Cause::Unavailable(name("b.example.com"))));
    assert_eq!(report_1.organizational_domain(), Some(&name("example.com")));
    // … but another is aligned
    let report_2 =
        report(zone, request().dkim_passed(name("b.example.com")).dkim_passed(name("c.example.com")));
    assert_eq!(report_2.verdict, Verdict::Pass);
    assert!(!report_2.alignment.is_complete);
}
