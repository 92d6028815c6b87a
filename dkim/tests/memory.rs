//! Peak heap and allocations, counted.
#![cfg(feature = "rustcrypto")]
#![allow(clippy::arithmetic_side_effects, clippy::print_stdout)]

mod support;

use dkim::{
    Policy, SignatureReport, Verdict, Verifier, Zone,
    backend::{Backend, Hash, PublicKey, RefusedKey, VerifySignature, rustcrypto::RustCrypto},
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use support::{NOW, signed, template, zone};
use testkit::heap;

#[global_allocator]
static HEAP: heap::Counting = heap::Counting;

/// What the backend allocated itself.
static OF_BACKEND: AtomicUsize = AtomicUsize::new(0);

/// A backend whose own allocations are noted.
#[derive(Debug)]
struct Noted;

fn noted<T>(job: impl FnOnce() -> T) -> T {
    let (result, usage) = heap::measure(job);
    OF_BACKEND.fetch_add(usage.allocations, Ordering::SeqCst);
    result
}

impl Backend for Noted {
    fn hash(&self, algorithm: dkim::algorithm::HashAlgorithm) -> Option<Box<dyn Hash>> {
        noted(|| RustCrypto.hash(algorithm))
    }

    fn public_key(&self, key: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey> {
        noted(|| RustCrypto.public_key(key).map(|key| Arc::new(NotedKey(key)) as Arc<dyn VerifySignature>))
    }
}

#[derive(Debug)]
struct NotedKey(Arc<dyn VerifySignature>);

impl VerifySignature for NotedKey {
    fn verify(&self, algorithm: dkim::Algorithm, data: &[u8], signature: &[u8]) -> bool {
        noted(|| self.0.verify(algorithm, data, signature))
    }
}

fn verify(
    message: &[u8],
    backend: &'static dyn Backend,
    policy: &Policy,
    zone: &Zone,
) -> Vec<SignatureReport> {
    let mut verifier = Verifier::with_backend(policy, NOW, backend);
    for piece in message.chunks(4096) {
        verifier.write(piece);
    }
    dkim::run_all(verifier.finish(), zone)
}

const HEADER: &str = "Received: from a.example (a.example [192.0.2.1])\r\n\
    \tby b.example; Fri, 20 Nov 2026 10:21:07 +0000\r\n\
    From: Example News <news@example.com>\r\nTo: reader@example.net\r\nSubject: Your weekly summary\r\n\
    Date: Fri, 20 Nov 2026 10:21:04 +0000\r\nMessage-ID: <1@example.com>\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\n";

#[test]
fn ten_mebibytes_take_little_more_than_the_header_and_one_signature_few_allocations() {
    let (zone, policy) = (zone(""), Policy::default());

    let body = b"An ordinary line, with a double  space and a trailing one \r\n".repeat(175_000);
    let message = signed(template(), &[HEADER.as_bytes(), &body[..]].concat());
    assert!(message.len() > 10 << 20);
    let header = message.len() - body.len();
    let (reports, usage) = heap::measure(|| verify(&message, &RustCrypto, &policy, &zone));
    assert_eq!(reports[0].verdict, Verdict::Pass);
    let beyond = usage.most - header;
    println!("10 MiB: {beyond} octets of heap beyond the header of {header}");
    assert!(beyond <= 64 << 10, "{beyond} octets of heap beyond the header");

    let message = signed(template(), &[HEADER.as_bytes(), b"Hello\r\n"].concat());
    let (reports, usage) = heap::measure(|| verify(&message, &Noted, &policy, &zone));
    assert_eq!(reports[0].verdict, Verdict::Pass);
    let own = usage.allocations - OF_BACKEND.load(Ordering::SeqCst);
    println!("one signature: {own} allocations");
    assert!(own <= 30, "{own} allocations");
}
