//! A whole message, and the rounds of DNS latency that it takes.
#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::print_stdout)]

use auth_results::{
    AuthenticationResults, Envelope, Inbound, Policy, Zone,
    dns::{Answer, AsyncResolve, Question, Resolve},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::{
    cell::Cell,
    future::Future,
    hint::black_box,
    pin::pin,
    sync::Mutex,
    task::{Context, Poll, Waker},
};

const NOW: u64 = 1_795_400_000;

/// SPF by two includes, DMARC at the organizational domain, and the names of the client.
const ZONE: &str = r#"
    bounce.example.com.       TXT   "v=spf1 include:_spf.example.com include:mailer.example.net -all"
    _spf.example.com.         TXT   "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/25 -all"
    mailer.example.net.       TXT   "v=spf1 ip4:192.0.2.0/24 -all"
    _dmarc.example.com.       TXT   "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
    1.2.0.192.in-addr.arpa.   PTR   out.mailer.example.net.
    out.mailer.example.net.   A     192.0.2.1
"#;

fn message(octets: usize) -> Vec<u8> {
    let mut message =
        b"From: News <news@www.example.com>\r\nTo: reader@example.org\r\nSubject: This week\r\n\
        Date: Mon, 02 Nov 2026 09:30:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\n"
            .to_vec();
    while message.len() < octets {
        message.extend_from_slice(b"A line of text, neither short nor long, as people write them.\r\n");
    }
    message
}

fn inbound(message: &[u8]) -> Inbound<'static> {
    let envelope = Envelope::new([192, 0, 2, 1].into(), "out.mailer.example.net", "b@bounce.example.com");
    let mut inbound = Inbound::new(envelope, &Policy::default(), NOW);
    inbound.write(message).unwrap();
    inbound
}

/// Answers a question one round after it was asked, and counts the rounds.
struct Rounds {
    zone: Zone,
    now: Mutex<usize>,
}

impl Resolve for Rounds {
    fn resolve(&self, question: &Question) -> Answer {
        *self.now.lock().unwrap() += 1;
        Resolve::resolve(&self.zone, question)
    }
}

impl AsyncResolve for Rounds {
    fn resolve(&self, question: &Question) -> impl Future<Output = Answer> + Send {
        let asked = *self.now.lock().unwrap();
        let answer = Resolve::resolve(&self.zone, question);
        std::future::poll_fn(move |_| {
            if *self.now.lock().unwrap() > asked { Poll::Ready(answer.clone()) } else { Poll::Pending }
        })
    }
}

/// How many rounds of latency a message takes, one question after the other and all at the same time.
fn rounds(message: &[u8]) -> (usize, usize) {
    let resolver = || Rounds { zone: Zone::parse(ZONE).unwrap(), now: Mutex::new(0) };
    let sequential = resolver();
    let _ = inbound(message).finish().run(&sequential);

    let parallel = resolver();
    let counted = Cell::new(0);
    let mut future = pin!(inbound(message).finish().run_async(&parallel));
    let mut context = Context::from_waker(Waker::noop());
    while future.as_mut().poll(&mut context).is_pending() {
        *parallel.now.lock().unwrap() += 1;
        counted.set(counted.get() + 1);
    }
    (sequential.now.into_inner().unwrap(), counted.get())
}

fn whole(criterion: &mut Criterion) {
    let zone = Zone::parse(ZONE).unwrap();
    let mut group = criterion.benchmark_group("auth_results");
    for kib in [10, 100] {
        let message = message(kib << 10);
        group.throughput(Throughput::Bytes(message.len() as u64));
        group.bench_function(format!("unsigned {kib} KiB"), |bench| {
            bench.iter(|| black_box(inbound(&message).finish().run(&zone)));
        });
    }
    let report = inbound(&message(1024)).finish().run(&zone);
    let field = report.field("mx.example.net").to_string();
    let value = field.strip_prefix("Authentication-Results:").unwrap();
    group.throughput(Throughput::Elements(1));
    group.bench_function("field written", |bench| bench.iter(|| report.field("mx.example.net").to_string()));
    group.bench_function("field read", |bench| {
        bench.iter(|| AuthenticationResults::parse(black_box(value.as_bytes())).unwrap());
    });
    group.finish();

    let (sequential, parallel) = rounds(&message(1024));
    println!("rounds of DNS latency: run {sequential}, run_async {parallel}");
    println!("with 10 ms a round: run {} ms, run_async {} ms", 10 * sequential, 10 * parallel);
}

criterion_group!(benches, whole);
criterion_main!(benches);
