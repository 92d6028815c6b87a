//! DKIM beside the physical limit, as ratios: each pair is measured in turns, so that what else the machine does
//! weighs on both. `cargo bench -p mailproto-benches --bench dkim_ratios`
//!
//! The limit of a whole message is what cannot be left out, with the same backend: the hash of the octets that are
//! hashed of its body, and one signature operation over the octets that are hashed of its header. These octets lie
//! ready for the limit; we find and make them. With the key kept, the limit has its key ready too; with the key read,
//! both read it.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing
)]
#![allow(missing_docs)]

use dkim::{
    Algorithm, Canonicalization, Form, KeyRecord, Keys, Name, Policy, SecretKey, Step, Verifier,
    algorithm::{HashAlgorithm, KeyType},
    backend::{
        Backend, Digest, Hash, PublicKey, RefusedKey, SigningKey, VerifySignature, aws_lc, ring, rustcrypto,
    },
    dns::Answer,
    sign::{Signer, Template, Unsigned},
};
use samples::{
    dkim as sample,
    pairs::{pair, show},
};
use std::{
    hint::black_box,
    sync::{Arc, Mutex},
};

const NOW: u64 = 1_800_000_000;
const SIZES: [(&str, usize); 5] = [
    ("1 KiB", 1 << 10),
    ("10 KiB", 10 << 10),
    ("100 KiB", 100 << 10),
    ("1 MiB", 1 << 20),
    ("10 MiB", 10 << 20),
];

fn digest(backend: &dyn Backend, octets: &[u8]) -> Digest {
    let mut hash = backend.hash(HashAlgorithm::Sha256).unwrap();
    hash.update(octets);
    hash.finish()
}

fn template(algorithm: Algorithm, form: Form) -> Arc<Template> {
    let mut template =
        Template::new(Name::parse("example.com").unwrap(), Name::parse("s").unwrap(), algorithm);
    template.canonicalization = Canonicalization { header: Form::Relaxed, body: form };
    Arc::new(template)
}

/// The body alone: a signer that is given a short header.
fn hash_body(backend: &'static dyn Backend, form: Form, body: &[u8]) {
    let mut signer = Signer::with_backend([template(Algorithm::Ed25519Sha256, form)], NOW, backend);
    signer.write(b"From: a@example.com\r\n\r\n");
    signer.write(body);
    black_box(signer.finish().unwrap());
}

fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let mut bodies =
        vec![("ordinary", sample::ordinary_body(1 << 20)), ("plain text", sample::plain_body(1 << 20))];
    bodies.extend(sample::hostile_bodies(1 << 20));
    bodies
}

fn body_path() {
    println!("\nbody path at 1 MiB: ours, bare hash of the same octets");
    let bodies = bodies();
    for (backend_name, backend) in backends() {
        for form in [Form::Simple, Form::Relaxed] {
            for (name, body) in &bodies {
                let times = pair(
                    || hash_body(backend, form, body),
                    || {
                        black_box(digest(backend, body));
                    },
                );
                show(&format!("{backend_name}, {form}, {name}"), times);
            }
        }
    }
}

/// A backend whose hash does nothing, so that what is left is the canonical form.
#[derive(Debug)]
struct NoHash;

struct Nothing;

impl Hash for Nothing {
    fn update(&mut self, octets: &[u8]) {
        black_box(octets);
    }

    fn digest(&self) -> Digest {
        Digest::new(&[])
    }
}

impl Backend for NoHash {
    fn hash(&self, _: HashAlgorithm) -> Option<Box<dyn Hash>> {
        Some(Box::new(Nothing))
    }

    fn public_key(&self, _: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey> {
        Err(RefusedKey::Algorithm)
    }
}

/// The canonical form without its hash, beside a copy of the body.
fn forms() {
    println!("\ncanonical form alone at 1 MiB: ours, a copy of the same octets");
    let mut copy = Vec::with_capacity(1 << 20);
    for form in [Form::Simple, Form::Relaxed] {
        for (name, body) in &bodies() {
            let times = pair(
                || hash_body(&NoHash, form, body),
                || {
                    copy.clear();
                    copy.extend_from_slice(black_box(body));
                    black_box(&copy);
                },
            );
            show(&format!("{form}, {name}"), times);
        }
    }
}

/// A backend that keeps what it is given to hash.
#[derive(Debug)]
struct Kept;

static HASHED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

impl Hash for Kept {
    fn update(&mut self, octets: &[u8]) {
        HASHED.lock().unwrap().extend_from_slice(octets);
    }

    fn digest(&self) -> Digest {
        Digest::new(&[])
    }
}

impl Backend for Kept {
    fn hash(&self, _: HashAlgorithm) -> Option<Box<dyn Hash>> {
        Some(Box::new(Self))
    }

    fn public_key(&self, _: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey> {
        Err(RefusedKey::Algorithm)
    }
}

/// What is hashed of a message's body.
fn canonical_body(template: &Arc<Template>, message: &[u8]) -> Vec<u8> {
    unsigned(&Kept, template, message);
    std::mem::take(&mut HASHED.lock().unwrap())
}

fn backends() -> [(&'static str, &'static dyn Backend); 3] {
    [("rustcrypto", &rustcrypto::RustCrypto), ("aws-lc-rs", &aws_lc::AwsLc), ("ring", &ring::Ring)]
}

fn key(backend: &str, secret: &SecretKey) -> (Box<dyn SigningKey>, KeyRecord) {
    match backend {
        "rustcrypto" => {
            let key = rustcrypto::PrivateKey::new(secret).unwrap();
            let record = key.record().clone();
            (Box::new(key), record)
        }
        "aws-lc-rs" => {
            let key = aws_lc::PrivateKey::new(secret).unwrap();
            let record = key.record().clone();
            (Box::new(key), record)
        }
        _ => {
            let key = ring::PrivateKey::new(secret).unwrap();
            let record = key.record().clone();
            (Box::new(key), record)
        }
    }
}

fn unsigned(backend: &'static dyn Backend, template: &Arc<Template>, message: &[u8]) -> Unsigned {
    let mut signer = Signer::with_backend([template.clone()], NOW, backend);
    signer.write(message);
    signer.finish().unwrap().remove(0)
}

fn sign(
    backend: &'static dyn Backend,
    key: &dyn SigningKey,
    template: &Arc<Template>,
    message: &[u8],
) -> String {
    unsigned(backend, template, message).sign_with(key).unwrap().into_string()
}

fn start(backend: &'static dyn Backend, policy: &Policy, message: &[u8]) -> dkim::KeyInquiry {
    let mut verifier = Verifier::with_backend(policy, NOW, backend);
    verifier.write(message);
    match verifier.finish().pop() {
        Some(Step::Ask(inquiry)) => inquiry,
        _ => unreachable!("the message is signed"),
    }
}

/// The public key of a record, as the backend wants it.
fn public_key(backend: &dyn Backend, record: &KeyRecord) -> Arc<dyn VerifySignature> {
    let octets = &record.public_key;
    let key = match record.key_type {
        Some(KeyType::Ed25519) => PublicKey::Ed25519(octets.as_slice().try_into().unwrap()),
        // in a SubjectPublicKeyInfo of 2048 bits the modulus starts at octet 33, the exponent is the last three
        _ => PublicKey::Rsa { modulus: &octets[33..289], exponent: &octets[291..] },
    };
    backend.public_key(&key).unwrap()
}

fn whole(most: usize) {
    let policy = Policy::default();
    let secrets = [SecretKey::from_pem(sample::RSA_2048).unwrap(), SecretKey::from_ed25519_seed(&[7; 32])];
    for (backend_name, backend) in backends() {
        for secret in &secrets {
            let (key, record) = key(backend_name, secret);
            let answer = Answer::txt([record.to_string()]);
            let public = public_key(backend, &record);
            for (size_name, size) in SIZES.into_iter().filter(|(_, size)| *size <= most) {
                let plain = sample::message(size);
                let template = template(key.algorithm(), Form::Relaxed);
                let body = canonical_body(&template, &plain);
                // nothing more is hashed of the header when the signature is there
                let header = unsigned(backend, &template, &plain).data().to_vec();
                let signature = key.sign(&header).unwrap();
                let message = [sign(backend, &*key, &template, &plain).as_bytes(), &plain].concat();
                let label = format!("{backend_name}, {}, {size_name}", secret.algorithm());
                let verify = |keys: &Keys| {
                    let reports = start(backend, &policy, &message).verify(keys);
                    assert_eq!(reports[0].verdict, dkim::Verdict::Pass, "{}", reports[0]);
                };
                let keys = start(backend, &policy, &message).read(&answer);
                let times = pair(
                    || verify(&keys),
                    || {
                        black_box(digest(backend, &body));
                        assert!(public.verify(secret.algorithm(), &header, &signature));
                    },
                );
                show(&format!("verify, key kept, {label}"), times);
                let times = pair(
                    || {
                        let inquiry = start(backend, &policy, &message);
                        let keys = inquiry.read(&answer);
                        black_box(inquiry.verify(&keys));
                    },
                    || {
                        black_box(digest(backend, &body));
                        let public = public_key(backend, &record);
                        assert!(public.verify(secret.algorithm(), &header, &signature));
                    },
                );
                show(&format!("verify, key read, {label}"), times);
                let times = pair(
                    || {
                        black_box(sign(backend, &*key, &template, &plain));
                    },
                    || {
                        black_box(digest(backend, &body));
                        black_box(key.sign(&header).unwrap());
                    },
                );
                show(&format!("sign, {label}"), times);
            }
        }
    }
}

fn main() {
    println!("{:<58} {:>11} {:>11}", "", "ours", "limit");
    let wanted = std::env::args().nth(1).filter(|arg| !arg.starts_with("--"));
    if wanted.as_deref().is_none_or(|wanted| wanted == "forms") {
        forms();
    }
    if wanted.as_deref().is_none_or(|wanted| wanted == "body") {
        body_path();
    }
    let most = match wanted.as_deref() {
        None | Some("whole") => Some(usize::MAX),
        Some("small") => Some(10 << 10),
        Some(_) => None,
    };
    if let Some(most) = most {
        println!("\nwhole messages: ours, and what cannot be left out");
        whole(most);
    }
}
