//! SPF beside mail-auth 0.15, in one run: `cargo bench --bench spf` in `benches/peers` (mail-auth asks for a newer
//! toolchain than it needs: `--ignore-rust-version`).
//!
//! mail-auth reads and checks its records from a cache of parsed records, its fastest way; ours reads the records'
//! texts each time.

use criterion::{Criterion, criterion_group, criterion_main};
use mail_auth::{
    MessageAuthenticator,
    dns::{Parameters, TxtRecord, TxtRecordParser},
    spf::{SpfRecord, verify::SpfParameters},
};
use mailproto_bench_peers::{Cache, ready};
use samples::spf as sample;
use spf::{
    Limits, Name, Record, Request, Verdict, Zone, check,
    dns::{Question, Resolve},
};
use std::{hint::black_box, net::IpAddr, sync::Arc};

fn parse(c: &mut Criterion) {
    let mut group = c.benchmark_group("spf/parse 30 records");
    group.bench_function("ours", |b| {
        b.iter(|| {
            for record in sample::RECORDS {
                black_box(Record::parse(black_box(record)).unwrap());
            }
        });
    });
    group.bench_function("mail-auth", |b| {
        b.iter(|| {
            for record in sample::RECORDS {
                black_box(SpfRecord::parse(black_box(record.as_bytes())).unwrap());
            }
        });
    });
    group.finish();
}

fn evaluate(c: &mut Criterion) {
    let mut group = c.benchmark_group("spf/check of a provider");
    let ip = IpAddr::from(sample::PROVIDER_CLIENT);
    let zone = Zone::parse(sample::PROVIDER).unwrap();
    let names = ["", "_spf.", "_netblocks.", "_netblocks2.", "_netblocks3."]
        .map(|label| format!("{label}mailbox.example"));
    let limits = Limits::default();

    let run = || {
        check(Request::mail_from(black_box(ip), "mail.example", "alice@mailbox.example"), &limits).run(&zone)
    };
    assert_eq!(run().verdict, Verdict::Pass);
    group.bench_function("ours, reading the records", |b| b.iter(run));

    let records = names.iter().map(|name| {
        let answer = zone.resolve(&Question::txt(Name::parse(name).unwrap()));
        let record = SpfRecord::parse(answer.as_txt()[0].as_bytes()).unwrap();
        (format!("{name}."), TxtRecord::Spf(Arc::new(record)))
    });
    let cache = Cache::new(records);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let authenticator = MessageAuthenticator::new_system_conf().unwrap();
    let run = || {
        let input =
            SpfParameters::mail_from(black_box(ip), "mail.example", "mx.example", "alice@mailbox.example");
        ready(authenticator.check_host(Parameters::new(input).with_cache(&cache)))
    };
    assert_eq!(run().result(), mail_auth::SpfResult::Pass);
    group.bench_function("mail-auth, the records read before", |b| b.iter(run));
    group.finish();
}

criterion_group!(benches, parse, evaluate);
criterion_main!(benches);
