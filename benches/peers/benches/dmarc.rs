//! DMARC beside mail-auth 0.15, as ratios: each pair is measured in turns, so that what else the machine does weighs on
//! both. `cargo bench --bench dmarc` in `benches/peers` (mail-auth asks for a newer toolchain than it needs:
//! `--ignore-rust-version`).
//!
//! mail-auth evaluates with its record from a cache of parsed records; ours is measured so too, and reading the text
//! of the answer each time. The record has `psd=n`, so that both ask one question.

use dmarc::{
    Discovery, Inquiry, Name, Record, Request, Step, Verdict, discover,
    dns::{Answer, Question, Txt, from_fn},
    evaluate,
};
use mail_auth::{
    AuthenticatedMessage, DmarcResult, MessageAuthenticator,
    dmarc::{DmarcRecord, verify::DmarcParameters},
    dns::{Parameters, TxtRecord, TxtRecordParser},
    spf::{SpfRecord, verify::SpfParameters},
};
use mailproto_bench_peers::{Cache, ready};
use samples::{
    dmarc as sample,
    pairs::{pair, show},
};
use std::{hint::black_box, net::IpAddr, sync::Arc};

fn parse() {
    println!("\n12 records read: ours, mail-auth");
    let texts: Vec<_> = sample::RECORDS.iter().map(Txt::from).collect();
    let theirs = || {
        for record in sample::RECORDS {
            black_box(DmarcRecord::parse(black_box(record.as_bytes())).unwrap());
        }
    };
    let from_answer = || {
        for text in &texts {
            black_box(Record::from_txt(black_box(text.clone())).unwrap());
        }
    };
    show("from an answer", pair(from_answer, theirs));
    let from_octets = || {
        for record in sample::RECORDS {
            black_box(Record::parse(black_box(record)).unwrap());
        }
    };
    show("from octets", pair(from_octets, theirs));
}

const RECORD: &str = "v=DMARC1; p=reject; psd=n; rua=mailto:dmarc-reports@example.com";

fn judge() {
    println!("\nan aligned message judged: ours, mail-auth with its record read before");
    let author = Name::parse("example.com").unwrap();
    let answer = Answer::txt([RECORD]);
    let reading = || {
        let request = Request::new(black_box(author.clone())).spf_passed(author.clone());
        let Step::Ask(inquiry) = evaluate(request, Discovery::TreeWalk) else { panic!("it asks") };
        let Step::Done(report) = inquiry.answer(answer.clone()) else { panic!("it asks once") };
        report
    };
    assert_eq!(reading().verdict, Verdict::Pass);
    let known = from_fn(|_: &Question| answer.clone());
    let found = discover(&Request::new(author.clone()), Discovery::TreeWalk).run(&known);
    let evaluating = || {
        let request = Request::new(black_box(author.clone())).spf_passed(author.clone());
        let Step::Done(report) = found.evaluate(request) else { panic!("all is known") };
        report
    };
    assert_eq!(evaluating().verdict, Verdict::Pass);

    let spf = TxtRecord::Spf(Arc::new(SpfRecord::parse(b"v=spf1 ip4:192.0.2.1 -all").unwrap()));
    let record = TxtRecord::Dmarc(Arc::new(DmarcRecord::parse(RECORD.as_bytes()).unwrap()));
    let texts = [("example.com.", spf), ("_dmarc.example.com.", record)];
    let cache = Cache::new(texts);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let authenticator = MessageAuthenticator::new_system_conf().unwrap();
    let ip = IpAddr::from([192, 0, 2, 1]);
    let input = SpfParameters::mail_from(ip, "mail.example.com", "mx.example", "a@example.com");
    let spf = ready(authenticator.check_host(Parameters::new(input).with_cache(&cache)));
    let message = AuthenticatedMessage::parse(b"From: a@example.com\r\n\r\nHello\r\n").unwrap();
    let theirs = || {
        let input = DmarcParameters::new(black_box(&message), &[], "example.com", &spf);
        ready(authenticator.verify_dmarc(Parameters::new(input).with_cache(&cache)))
    };
    assert!(matches!(theirs().spf_result(), DmarcResult::Pass));
    let theirs = || drop(black_box(theirs()));
    show("the record read each time", pair(|| drop(black_box(reading())), theirs));
    show("the record read before", pair(|| drop(black_box(evaluating())), theirs));
}

fn main() {
    parse();
    judge();
}
