//! SPF: `cargo bench --bench spf`.
//!
//! The floor of reading a record is to find its spaces with memchr; the floor of a check is to answer its
//! questions, which the benchmark `questions only` does.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mail_base::zone::Recorder;
use samples::spf as sample;
use spf::{Limits, Record, Request, Zone, check, dns::Resolve};
use std::{hint::black_box, net::IpAddr};

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("spf/parse");
    group.throughput(Throughput::Elements(sample::RECORDS.len() as u64));
    group.bench_function("memchr for spaces", |b| {
        b.iter(|| {
            let spaces = |record: &&str| memchr::memchr_iter(b' ', black_box(record).as_bytes()).count();
            sample::RECORDS.iter().map(spaces).sum::<usize>()
        });
    });
    group.bench_function("Record::parse", |b| {
        b.iter(|| {
            for record in sample::RECORDS {
                black_box(Record::parse(black_box(record)).unwrap());
            }
        });
    });
    let texts: Vec<_> = sample::RECORDS.iter().map(spf::dns::Txt::from).collect();
    group.bench_function("Record::from_txt", |b| {
        b.iter(|| {
            for text in &texts {
                black_box(Record::from_txt(black_box(text.clone())).unwrap());
            }
        });
    });
    group.finish();
}

fn evaluate(c: &mut Criterion) {
    let mut group = c.benchmark_group("spf/check");
    let ip = IpAddr::from(sample::PROVIDER_CLIENT);
    let limits = Limits::default();
    let worst = sample::worst_case();
    let cases = [
        ("provider", sample::PROVIDER, "alice@mailbox.example"),
        ("exists", sample::EXISTS, "strong-bad@macro.example"),
        ("worst", &worst, "alice@worst.example"),
    ];
    for (name, zone, sender) in cases {
        let zone = Zone::parse(zone).unwrap();
        let run = || {
            let request = Request::mail_from(black_box(ip), "mail.example", black_box(sender));
            check(request, &limits).run(&zone)
        };
        group.bench_function(name, |b| b.iter(run));
        let recorder = Recorder::new(&zone);
        check(Request::mail_from(ip, "mail.example", sender), &limits).run(&recorder);
        let questions = recorder.questions();
        group.bench_function(format!("{name}, questions only"), |b| {
            b.iter(|| {
                for question in &questions {
                    black_box(zone.resolve(black_box(question)));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parse, evaluate);
criterion_main!(benches);
