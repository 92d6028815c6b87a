//! A whole message, and the rounds of DNS latency that it takes: `cargo bench --bench auth_results`.
//!
//! RSA and SHA-256 take most of the time of a signed message, and are another's: a backend for which both cost
//! nothing shows what is ours.
#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::print_stdout)]

use auth_results::{
    AuthenticationResults, Envelope, Inbound, Policy, Report, Zone,
    dns::{Answer, AsyncResolve, Question, Resolve},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dkim::{
    Algorithm, Name, SecretKey, Verdict,
    algorithm::HashAlgorithm,
    backend::{
        Backend, Digest, Hash, PublicKey, RefusedKey, VerifySignature,
        rustcrypto::{PrivateKey, RustCrypto},
    },
    sign::{Signer, Template},
};
use samples::pairs::{pair, show};
use std::{
    cell::Cell,
    future::Future,
    hint::black_box,
    pin::pin,
    sync::{Arc, Mutex},
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

/// An ordinary message as it arrives, from a domain below the organizational one.
fn message(octets: usize) -> Vec<u8> {
    let header = samples::dkim::HEADER.replace("<news@example.com>", "<news@www.example.com>");
    let body = samples::dkim::ordinary_body(octets - header.len());
    [header.as_bytes(), &body].concat()
}

/// The message with a signature by an RSA key of 2048 bits before it.
fn signed(message: &[u8], backend: &'static dyn Backend) -> Vec<u8> {
    let name = |text| Name::parse(text).unwrap();
    let template = Template::new(name("example.com"), name("s"), Algorithm::RsaSha256);
    let mut signer = Signer::with_backend([template], NOW, backend);
    signer.write(message);
    let field = signer.finish().unwrap().remove(0).sign_with(&key()).unwrap();
    [field.as_str().as_bytes(), message].concat()
}

fn key() -> PrivateKey {
    PrivateKey::new(&SecretKey::from_pem(samples::dkim::RSA_2048).unwrap()).unwrap()
}

fn zone() -> Zone {
    Zone::parse(&format!("{ZONE}    s._domainkey.example.com. TXT {}\n", key().record().zone_data())).unwrap()
}

/// A backend for which hashing and verifying cost nothing.
#[derive(Debug)]
struct Free;

impl Backend for Free {
    fn hash(&self, _: HashAlgorithm) -> Option<Box<dyn Hash>> {
        Some(Box::new(Self))
    }

    fn public_key(&self, _: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey> {
        Ok(Arc::new(Self))
    }
}

impl Hash for Free {
    fn update(&mut self, octets: &[u8]) {
        black_box(octets);
    }

    fn digest(&self) -> Digest {
        Digest::new(&[1; 32])
    }
}

impl VerifySignature for Free {
    fn verify(&self, _: Algorithm, data: &[u8], _: &[u8]) -> bool {
        black_box(data);
        true
    }
}

fn inbound(message: &[u8], backend: &'static dyn Backend) -> Inbound<'static> {
    let envelope = Envelope::new([192, 0, 2, 1].into(), "out.mailer.example.net", "b@bounce.example.com");
    let mut inbound = Inbound::with_backend(envelope, &Policy::default(), NOW, backend);
    inbound.write(message).unwrap();
    inbound
}

fn judge(message: &[u8], backend: &'static dyn Backend, zone: &Zone) -> Report {
    inbound(message, backend).finish().run(zone)
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
    let resolver = || Rounds { zone: zone(), now: Mutex::new(0) };
    let sequential = resolver();
    let _ = inbound(message, &RustCrypto).finish().run(&sequential);

    let parallel = resolver();
    let counted = Cell::new(0);
    let mut future = pin!(inbound(message, &RustCrypto).finish().run_async(&parallel));
    let mut context = Context::from_waker(Waker::noop());
    while future.as_mut().poll(&mut context).is_pending() {
        *parallel.now.lock().unwrap() += 1;
        counted.set(counted.get() + 1);
    }
    (sequential.now.into_inner().unwrap(), counted.get())
}

fn whole(criterion: &mut Criterion) {
    let zone = zone();
    let mut group = criterion.benchmark_group("auth_results");
    for kib in [10, 100] {
        let unsigned = message(kib << 10);
        let (free, real) = (signed(&unsigned, &Free), signed(&unsigned, &RustCrypto));
        assert_eq!(judge(&real, &RustCrypto, &zone).dkim[0].verdict, Verdict::Pass);
        assert_eq!(judge(&free, &Free, &zone).dkim[0].verdict, Verdict::Pass);
        group.throughput(Throughput::Bytes(unsigned.len() as u64));
        group.bench_function(format!("unsigned {kib} KiB"), |bench| {
            bench.iter(|| judge(black_box(&unsigned), &RustCrypto, &zone));
        });
        group.bench_function(format!("signed {kib} KiB, all but RSA and SHA-256"), |bench| {
            bench.iter(|| judge(black_box(&free), &Free, &zone));
        });
        group.bench_function(format!("signed {kib} KiB"), |bench| {
            bench.iter(|| judge(black_box(&real), &RustCrypto, &zone));
        });
    }
    let unsigned = message(10 << 10);
    let (free, real) = (signed(&unsigned, &Free), signed(&unsigned, &RustCrypto));
    let all = || drop(black_box(judge(&real, &RustCrypto, &zone)));
    show(
        "signed 10 KiB: all but RSA and SHA-256, and all",
        pair(|| drop(black_box(judge(&free, &Free, &zone))), all),
    );

    let report = judge(&signed(&message(2048), &RustCrypto), &RustCrypto, &zone);
    let field = report.field("mx.example.net").to_string();
    let value = field.strip_prefix("Authentication-Results:").unwrap();
    group.throughput(Throughput::Elements(1));
    group.bench_function("field written", |bench| bench.iter(|| report.field("mx.example.net").to_string()));
    group.bench_function("field read", |bench| {
        bench.iter(|| AuthenticationResults::parse(black_box(value.as_bytes())).unwrap());
    });
    group.finish();

    let (sequential, parallel) = rounds(&signed(&message(2048), &RustCrypto));
    println!("rounds of DNS latency: run {sequential}, run_async {parallel}");
    println!("with 10 ms a round: run {} ms, run_async {} ms", 10 * sequential, 10 * parallel);
}

criterion_group!(benches, whole);
criterion_main!(benches);
