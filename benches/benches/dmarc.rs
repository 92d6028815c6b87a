//! DMARC: `cargo bench --bench dmarc`.
//!
//! The floor of reading a record is to find its semicolons with memchr; that of an evaluation is to compose its
//! question; that of reading a report is to take its XML apart without looking at it.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dmarc::{
    Discovery, Inquiry, Name, Record, Request, Step, Zone, discover,
    dns::{Answer, Txt},
    evaluate,
    report::{AggregateReport, ReadLimits},
};
use samples::dmarc as sample;
use std::hint::black_box;

const ROWS: usize = 10_000;

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("dmarc/parse");
    group.throughput(Throughput::Elements(sample::RECORDS.len() as u64));
    group.bench_function("memchr for semicolons", |b| {
        b.iter(|| {
            let semicolons = |record: &&str| memchr::memchr_iter(b';', black_box(record).as_bytes()).count();
            sample::RECORDS.iter().map(semicolons).sum::<usize>()
        });
    });
    group.bench_function("Record::parse", |b| {
        b.iter(|| {
            for record in sample::RECORDS {
                black_box(Record::parse(black_box(record)).unwrap());
            }
        });
    });
    let texts: Vec<_> = sample::RECORDS.iter().map(Txt::from).collect();
    group.bench_function("Record::from_txt", |b| {
        b.iter(|| {
            for text in &texts {
                black_box(Record::from_txt(black_box(text.clone())).unwrap());
            }
        });
    });
    group.finish();
}

fn judge(c: &mut Criterion) {
    let mut group = c.benchmark_group("dmarc/evaluate");
    let name = |text| Name::parse(text).unwrap();
    let author = name("example.com");
    group.bench_function("the question alone", |b| b.iter(|| black_box(&author).prefixed("_dmarc").unwrap()));
    let answer = Answer::txt([sample::RECORDS[4]]);
    group.bench_function("aligned, the answer at hand", |b| {
        b.iter(|| {
            let request = Request::new(black_box(author.clone())).spf_passed(author.clone());
            let Step::Ask(inquiry) = evaluate(request, Discovery::TreeWalk) else { panic!("it asks") };
            let Step::Done(report) = inquiry.answer(answer.clone()) else { panic!("it asks once") };
            report
        });
    });
    let zone = Zone::parse(&format!("_dmarc.example.com. TXT \"{}\"", sample::RECORDS[4])).unwrap();
    group.bench_function("aligned, from a Zone", |b| {
        b.iter(|| {
            let request = Request::new(black_box(author.clone())).spf_passed(author.clone());
            evaluate(request, Discovery::TreeWalk).run(&zone)
        });
    });
    let found = discover(&Request::new(author.clone()), Discovery::TreeWalk).run(&zone);
    group.bench_function("aligned, discovered before", |b| {
        b.iter(|| {
            let request = Request::new(black_box(author.clone())).spf_passed(author.clone());
            let Step::Done(report) = found.evaluate(request) else { panic!("all is known") };
            report
        });
    });
    let (sub, signer) = (name("a.b.example.com"), name("c.example.com"));
    group.bench_function("relaxed, two walks", |b| {
        b.iter(|| {
            let request = Request::new(black_box(sub.clone())).dkim_passed(signer.clone());
            evaluate(request, Discovery::TreeWalk).run(&zone)
        });
    });
    group.finish();
}

fn report(c: &mut Criterion) {
    let mut group = c.benchmark_group("dmarc/report");
    group.sample_size(20);
    let xml = sample::report(ROWS);
    group.throughput(Throughput::Bytes(xml.len() as u64));
    group.bench_function("quick-xml alone", |b| {
        b.iter(|| {
            let mut reader = quick_xml::Reader::from_str(black_box(&xml));
            let mut events = 0_usize;
            while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {
                events += 1;
            }
            events
        });
    });
    let limits = ReadLimits::default();
    group.bench_function("read", |b| {
        b.iter(|| AggregateReport::read(black_box(xml.as_bytes()), &limits).unwrap());
    });
    let read = AggregateReport::read(xml.as_bytes(), &limits).unwrap();
    assert_eq!(read.rows.len(), ROWS);
    group.bench_function("write", |b| b.iter(|| black_box(&read).to_xml()));
    let file = read.to_gzip();
    group.bench_function("read with GZIP", |b| {
        b.iter(|| AggregateReport::read(black_box(&file), &limits).unwrap());
    });
    group.finish();
}

criterion_group!(benches, parse, judge, report);
criterion_main!(benches);
