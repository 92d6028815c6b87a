//! Whole messages: the ones that ship with the example, in any pieces, over both drivers.
#![allow(clippy::arithmetic_side_effects)]

use auth_results::{
    Envelope, Inbound, Policy, Report, ResultCode, Zone,
    dns::{Answer, AsyncResolve, Question, Resolve},
    zone::Recorder,
};
use std::{
    cell::Cell,
    collections::BTreeSet,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};
use testkit::splits;

const SIGNED: &[u8] = include_bytes!("../examples/data/signed.eml");
const CHANGED: &[u8] = include_bytes!("../examples/data/changed-body.eml");
const FORGED: &[u8] = include_bytes!("../examples/data/forged-from.eml");
const NOW: u64 = 1_795_400_000;

fn zone() -> Zone {
    Zone::parse(include_str!("../examples/data/example.zone")).unwrap()
}

fn envelope() -> Envelope {
    Envelope::new([192, 0, 2, 25].into(), "mail.football.example.com", "joe@football.example.com")
}

fn inbound(message: &[u8]) -> Inbound<'static> {
    let mut inbound = Inbound::new(envelope(), &Policy::default(), NOW);
    inbound.write(message).unwrap();
    inbound
}

fn run(message: &[u8]) -> Report {
    inbound(message).finish().run(&zone())
}

fn verdicts(report: &Report) -> Vec<String> {
    let results = report.field("mx.example.net").results;
    results.iter().map(|result| format!("{}={}", result.method, result.result)).collect()
}

/// The signed message with this envelope and policy.
fn judged(envelope: Envelope, policy: &Policy<'_>, zone: &str) -> Report {
    judged_message(SIGNED, envelope, policy, zone)
}

fn judged_message(message: &[u8], envelope: Envelope, policy: &Policy<'_>, zone: &str) -> Report {
    let mut inbound = Inbound::new(envelope, policy, NOW);
    inbound.write(message).unwrap();
    inbound.finish().run(&Zone::parse(zone).unwrap())
}

#[test]
fn spf_says_nothing_of_a_forwarder_that_is_trusted() {
    let zone = "football.example.com. TXT \"v=spf1 -all\"\nmail.football.example.com. TXT \"v=spf1 -all\"\n";
    let verdicts = |envelope| {
        let report = judged(envelope, &Policy::default(), zone);
        (report.mail_from.verdict, report.helo.verdict, report.mail_from.cause)
    };
    let (mail_from, helo, _) = verdicts(envelope());
    assert_eq!((mail_from, helo), (spf::Verdict::Fail, spf::Verdict::Fail));
    assert_eq!(
        verdicts(envelope().with_trusted_forwarder(true)),
        (spf::Verdict::None, spf::Verdict::None, Some(spf::Cause::TrustedForwarder))
    );
}

#[test]
fn the_limits_of_dmarc_are_those_of_the_policy() {
    let zone = "_dmarc.one.example. TXT \"v=DMARC1; p=reject\"\n";
    let message = b"From: a@one.example, b@two.example\r\n\r\n";
    let policy = |authors| {
        let mut policy = Policy::default();
        policy.dmarc_limits = policy.dmarc_limits.with_authors(authors);
        policy
    };
    let verdict = |authors| judged_message(message, envelope(), &policy(authors), zone).dmarc.verdict;
    assert_eq!((verdict(2), verdict(1)), (dmarc::Verdict::Fail, dmarc::Verdict::PermError));
    // nothing is asked for authors that are refused
    let asks = |authors| {
        let policy = policy(authors);
        let mut inbound = Inbound::new(envelope(), &policy, NOW);
        inbound.write(message).unwrap();
        inbound.finish().questions().iter().any(|question| question.name.as_str() == "_dmarc.one.example")
    };
    assert_eq!((asks(2), asks(1)), (true, false));
}

#[test]
fn the_judgements_of_dmarc_are_those_of_the_policy() {
    let zone = "_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n";
    let disposition = |on_reject| {
        let mut policy = Policy::default();
        policy.dmarc = policy.dmarc.with_on_reject(on_reject);
        judged_message(b"From: a@example.com\r\n\r\n", envelope(), &policy, zone).dmarc.disposition
    };
    assert_eq!(disposition(dmarc::OnReject::AsPublished), dmarc::Disposition::Reject);
    assert_eq!(disposition(dmarc::OnReject::AsQuarantine), dmarc::Disposition::Quarantine);
}

#[test]
fn a_best_guess_is_told_apart_from_the_verdict() {
    let mut policy = Policy::default();
    policy.spf_best_guess = Some(spf::Record::parse("v=spf1 ip4:192.0.2.0/24 -all").unwrap());
    let zone = "football.example.com. TXT hello\nmail.football.example.com. TXT hello\n\
                _dmarc.football.example.com. TXT \"v=DMARC1; p=reject\"\n";
    let report = judged(envelope(), &policy, zone);
    assert_eq!(
        (report.mail_from.verdict, report.mail_from.best_guess),
        (spf::Verdict::None, Some(spf::Verdict::Pass))
    );
    assert_eq!((report.helo.verdict, report.helo.best_guess), (spf::Verdict::None, None));
    assert_eq!(report.dmarc.verdict, dmarc::Verdict::Fail, "a guess authenticates nothing");
    assert!(report.to_string().contains("best guess pass"), "{report}");

    let report = judged(envelope(), &policy, "football.example.com. TXT \"v=spf1 -all\"\n");
    assert_eq!((report.mail_from.verdict, report.mail_from.best_guess), (spf::Verdict::Fail, None));
}

/// Everything but the order in which questions were answered.
fn essence(report: &Report) -> String {
    format!(
        "{report}\n{}\n{:?}{:?}{:?}",
        report.field("mx.example.net"),
        report.dkim,
        report.dmarc,
        report.iprev
    )
}

#[test]
fn a_message_signed_with_both_algorithms_passes() {
    let report = run(SIGNED);
    assert_eq!(
        verdicts(&report),
        ["iprev=pass", "spf=pass", "spf=pass", "dkim=pass", "dkim=pass", "dmarc=pass"]
    );
    assert_eq!(report.dmarc.disposition, dmarc::Disposition::None);
    assert!(report.dmarc.alignment.spf.is_some() && report.dmarc.alignment.dkim.is_some());
}

/// What `authenticate --explain` shows.
#[test]
fn both_identities_are_traced_where_the_policy_wants_it() {
    let report = run(SIGNED);
    assert_eq!((&report.mail_from.trace, &report.helo.trace), (&None, &None));
    let mut policy = Policy::default();
    policy.trace = true;
    let mut inbound = Inbound::new(envelope(), &policy, NOW);
    inbound.write(SIGNED).unwrap();
    let traced = inbound.finish().run(&zone());
    assert_eq!(essence(&traced), essence(&report));
    for (report, domain) in
        [(&traced.mail_from, "football.example.com"), (&traced.helo, "mail.football.example.com")]
    {
        let drawn = report.trace.as_ref().unwrap().to_string();
        assert!(drawn.starts_with(&format!("TXT {domain}: ")), "{drawn}");
        assert!(drawn.ends_with("\npass\n"), "{drawn}");
    }
}

#[test]
fn a_changed_body_fails_dkim_and_dmarc_passes_by_spf() {
    let report = run(CHANGED);
    assert_eq!(
        verdicts(&report),
        ["iprev=pass", "spf=pass", "spf=pass", "dkim=fail", "dkim=fail", "dmarc=pass"]
    );
    assert!(report.dmarc.alignment.dkim.is_none());
}

#[test]
fn a_forged_author_fails_dmarc_though_spf_and_dkim_pass() {
    let report = run(FORGED);
    assert_eq!(verdicts(&report), ["iprev=pass", "spf=pass", "spf=pass", "dkim=pass", "dmarc=fail"]);
    assert_eq!(report.dmarc.disposition, dmarc::Disposition::Reject);
    assert_eq!(report.dmarc.cause, Some(dmarc::Cause::NotAligned));
    assert_eq!(report.dmarc.author.as_ref().unwrap().as_str(), "bank.example");
}

#[test]
fn signatures_that_are_too_many_are_told_once() {
    let many = ["DKIM-Signature: v=1\r\n".repeat(5_000).as_bytes(), SIGNED].concat();
    let report = run(&many);
    assert!(report.dkim.len() > 5_000);
    let results = verdicts(&report);
    let dkim: Vec<_> = results.iter().filter(|result| result.starts_with("dkim=")).collect();
    assert_eq!(dkim.len(), 11, "{dkim:?}");
    assert_eq!(dkim[10], "dkim=neutral");
    assert_eq!(report.to_string().matches("more than 10 signatures").count(), 1);
}

#[test]
fn the_pieces_make_no_difference() {
    for message in [SIGNED, FORGED, b"no header\r\n\r\n", b"", b"From: a@football.example.com"] {
        let expected = essence(&run(message));
        for pieces in splits(message) {
            let mut inbound = Inbound::new(envelope(), &Policy::default(), NOW);
            for piece in pieces {
                inbound.write(piece).unwrap();
            }
            assert_eq!(essence(&inbound.finish().run(&zone())), expected);
        }
    }
}

#[test]
fn a_message_without_an_author_is_a_permanent_error_of_dmarc() {
    let report = run(b"Subject: x\r\n\r\nbody");
    assert_eq!(report.field("a").results.last().unwrap().result, ResultCode::PermError);
    let twice = run(b"From: a@football.example.com\r\nFrom: b@bank.example\r\n\r\nbody");
    assert_eq!(twice.dmarc.verdict, dmarc::Verdict::PermError);
}

#[test]
fn a_header_past_the_limit_is_an_error() {
    let mut policy = Policy::default();
    policy.dkim.header = policy.dkim.header.with_octets(100);
    let mut inbound = Inbound::new(envelope(), &policy, NOW);
    assert!(inbound.write(&[b'x'; 100]).is_ok());
    assert!(inbound.write(b"y").is_err());
    assert!(inbound.write(b"").is_err(), "the error stays");
}

#[test]
fn no_question_is_asked_twice() {
    let recorder = Recorder::new(zone());
    let mut envelope = envelope();
    // the null reverse-path: both identities of SPF ask the same
    envelope.mail_from = String::new();
    let mut inbound = Inbound::new(envelope, &Policy::default(), NOW);
    inbound.write(SIGNED).unwrap();
    let report = inbound.finish().run(&recorder);
    let questions = recorder.questions();
    let distinct: BTreeSet<_> = questions.iter().collect();
    assert_eq!(distinct.len(), questions.len(), "{questions:?}");
    assert_eq!(report.transcript.len(), questions.len());
}

#[test]
fn a_transcript_can_be_replayed() {
    for message in [SIGNED, CHANGED, FORGED] {
        let report = run(message);
        let zone = report.transcript.to_zone().to_string();
        let again = inbound(message).finish().run(&Zone::parse(&zone).unwrap());
        assert_eq!(essence(&again), essence(&report));
    }
}

#[test]
fn what_is_not_answered_in_time_is_a_temporary_error() {
    let report = inbound(SIGNED).finish().run_until(&zone(), || true);
    assert_eq!(
        verdicts(&report),
        [
            "iprev=temperror",
            "spf=temperror",
            "spf=temperror",
            "dkim=temperror",
            "dkim=temperror",
            "dmarc=temperror"
        ]
    );
    assert!(report.transcript.is_empty());
}

#[test]
fn time_may_be_up_at_any_question() {
    let all = run(SIGNED).transcript.len();
    for limit in 0..=all {
        let left = Cell::new(limit);
        let report = inbound(SIGNED).finish().run_until(&zone(), || {
            let is_up = left.get() == 0;
            left.set(left.get().saturating_sub(1));
            is_up
        });
        assert_eq!(report.transcript.len(), limit);
        let is_whole = limit == all;
        assert_eq!(verdicts(&report).iter().all(|verdict| verdict.ends_with("pass")), is_whole, "{limit}");
    }
}

#[test]
fn an_unavailable_dns_is_a_temporary_error_of_every_method() {
    let resolver = auth_results::dns::from_fn(|_: &Question| Answer::Unavailable);
    let report = inbound(SIGNED).finish().run(&resolver);
    assert!(verdicts(&report).iter().all(|verdict| verdict.ends_with("temperror")), "{report}");
}

/// A resolver that lets every question wait for as many polls as its name has letters, and counts how many wait
/// at the same time.
struct Slow<'a> {
    zone: Zone,
    most: &'a std::sync::atomic::AtomicUsize,
    waiting: &'a std::sync::atomic::AtomicUsize,
}

impl AsyncResolve for Slow<'_> {
    fn resolve(&self, question: &Question) -> impl Future<Output = Answer> + Send {
        use std::sync::atomic::Ordering::SeqCst;
        let mut polls = question.name.as_str().len();
        let answer = Resolve::resolve(&self.zone, question);
        let mut started = false;
        std::future::poll_fn(move |_| {
            if !started {
                started = true;
                let now = self.waiting.fetch_add(1, SeqCst) + 1;
                self.most.fetch_max(now, SeqCst);
            }
            if polls > 0 {
                polls -= 1;
                return Poll::Pending;
            }
            self.waiting.fetch_sub(1, SeqCst);
            Poll::Ready(answer.clone())
        })
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn both_drivers_give_the_same_report() {
    for message in [SIGNED, CHANGED, FORGED] {
        let (most, waiting) = Default::default();
        let slow = Slow { zone: zone(), most: &most, waiting: &waiting };
        let report = block_on(is_send(inbound(message).finish().run_async(&slow)));
        assert_eq!(essence(&report), essence(&run(message)));
        assert!(most.into_inner() >= 4, "questions are asked at the same time");
    }
}

#[test]
fn answers_may_come_in_any_order() {
    let zone = zone();
    let mut evidence = inbound(SIGNED).finish();
    while let Some(question) = evidence.questions().last().copied().cloned() {
        let answer = Resolve::resolve(&zone, &question);
        evidence = evidence.answer(&question, answer);
    }
    assert_eq!(essence(&evidence.finish()), essence(&run(SIGNED)));
}
