//! SPF beside mail-auth 0.15, as ratios: each pair is measured in turns, so that what else the machine does weighs on
//! both. `cargo bench --bench spf` in `benches/peers` (mail-auth asks for a newer toolchain than it needs:
//! `--ignore-rust-version`).
//!
//! mail-auth reads and checks its records from a cache of parsed records, its fastest way; ours reads the records'
//! texts each time.

use mail_auth::{
    MessageAuthenticator,
    dns::{Parameters, TxtRecord, TxtRecordParser},
    spf::{SpfRecord, verify::SpfParameters},
};
use mailproto_bench_peers::{Cache, ready};
use samples::{
    pairs::{pair, show},
    spf as sample,
};
use spf::{
    Limits, Name, Record, Request, Verdict, Zone, check,
    dns::{Question, Resolve},
};
use std::{hint::black_box, net::IpAddr, sync::Arc};

fn parse() {
    let ours = || {
        for record in sample::RECORDS {
            black_box(Record::parse(black_box(record)).unwrap());
        }
    };
    let theirs = || {
        for record in sample::RECORDS {
            black_box(SpfRecord::parse(black_box(record.as_bytes())).unwrap());
        }
    };
    show("30 records read: ours, mail-auth", pair(ours, theirs));
}

fn evaluate() {
    let ip = IpAddr::from(sample::PROVIDER_CLIENT);
    let zone = Zone::parse(sample::PROVIDER).unwrap();
    let names = ["", "_spf.", "_netblocks.", "_netblocks2.", "_netblocks3."]
        .map(|label| format!("{label}mailbox.example"));
    let limits = Limits::default();

    let ours = || {
        check(Request::mail_from(black_box(ip), "mail.example", "alice@mailbox.example"), &limits).run(&zone)
    };
    assert_eq!(ours().verdict, Verdict::Pass);

    let records = names.iter().map(|name| {
        let answer = zone.resolve(&Question::txt(Name::parse(name).unwrap()));
        let record = SpfRecord::parse(answer.as_txt()[0].as_bytes()).unwrap();
        (format!("{name}."), TxtRecord::Spf(Arc::new(record)))
    });
    let cache = Cache::new(records);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let authenticator = MessageAuthenticator::new_system_conf().unwrap();
    let theirs = || {
        let input =
            SpfParameters::mail_from(black_box(ip), "mail.example", "mx.example", "alice@mailbox.example");
        ready(authenticator.check_host(Parameters::new(input).with_cache(&cache)))
    };
    assert_eq!(theirs().result(), mail_auth::SpfResult::Pass);
    let times = pair(|| drop(black_box(ours())), || drop(black_box(theirs())));
    show("a provider: ours, reading the records; mail-auth, from cache", times);
}

fn main() {
    parse();
    evaluate();
}
