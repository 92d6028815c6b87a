//! Canonical bodies: what is hashed is what the slow oracle says, whole and up to `l=`, wherever the pieces are cut.
#![no_main]

extern crate alloc;

#[path = "../../dkim/tests/support/oracle.rs"]
#[allow(dead_code)]
mod oracle;

use dkim::{
    Policy, Verifier,
    algorithm::HashAlgorithm,
    backend::{Backend, Digest, Hash, PublicKey, RefusedKey, VerifySignature},
};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, Mutex};

/// What was hashed whenever a digest was asked for.
static HASHED: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct Recording;

impl Backend for Recording {
    fn hash(&self, _: HashAlgorithm) -> Option<Box<dyn Hash>> {
        Some(Box::new(Recorded(Vec::new())))
    }

    fn public_key(&self, _: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey> {
        Err(RefusedKey::Algorithm)
    }
}

struct Recorded(Vec<u8>);

impl Hash for Recorded {
    fn update(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }

    fn digest(&self) -> Digest {
        HASHED.lock().expect("one thread").push(self.0.clone());
        Digest::new(&[])
    }
}

fuzz_target!(|input: (bool, u16, [u8; 4], &[u8])| {
    let (relaxed, length, steps, body) = input;
    let form = if relaxed { "relaxed" } else { "simple" };
    let length = usize::from(length);
    let header = format!(
        "DKIM-Signature: v=1; a=rsa-sha256; c=simple/{form}; d=example.com; s=s; h=from; l={length}; bh=AAAA; b=AAAA\r\nFrom: a\r\n\r\n"
    );
    let mut verifier = Verifier::with_backend(&Policy::default(), 0, &Recording);
    verifier.write(header.as_bytes());
    let mut rest = body;
    for step in steps.iter().cycle() {
        let (piece, more) = rest.split_at(usize::from(*step).saturating_add(1).min(rest.len()));
        verifier.write(piece);
        if more.is_empty() {
            break;
        }
        rest = more;
    }
    let _ = verifier.finish();

    let canonical = oracle::body(relaxed, body);
    let mut expected: Vec<Vec<u8>> = canonical.get(..length).into_iter().map(<[u8]>::to_vec).collect();
    expected.push(canonical);
    let mut hashed = std::mem::take(&mut *HASHED.lock().expect("one thread"));
    // one digest can be both
    expected.dedup();
    hashed.dedup();
    assert_eq!(hashed, expected);
});
