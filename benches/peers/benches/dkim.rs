//! DKIM beside mail-auth 0.15 and cfdkim 0.3, in one run: `cargo bench --bench dkim` in `benches/peers` (mail-auth
//! asks for a newer toolchain than it needs: `--ignore-rust-version`).
//!
//! mail-auth and ours run on `aws-lc-rs`, both with the key record read before; cfdkim has the crates of RustCrypto,
//! and reads the record each time, and so does ours beside it. Everyone starts from the octets of the message. Each
//! pair is measured in turns, so that what else the machine does weighs on both.

use dkim::{
    Algorithm, Inquiry, KeyInquiry, Keys, Name, Policy, SecretKey, Step, Verdict, Verifier,
    backend::{Backend, SigningKey, aws_lc, rustcrypto},
    dns::Answer,
    sign::{DEFAULT_OVERSIGNED, DEFAULT_SIGNED, Signer, Template},
};
use futures::future::BoxFuture;
use mail_auth::{
    AuthenticatedMessage, DkimResult, MessageAuthenticator,
    crypto::{Ed25519Key, RsaKey, Sha256},
    dkim::{DkimSigner, DomainKey},
    dns::{Parameters, TxtRecord, TxtRecordParser},
    headers::HeaderWriter,
};
use mailproto_bench_peers::{Cache, ready};
use samples::{
    dkim as sample,
    pairs::{pair, show},
};
use std::{hint::black_box, sync::Arc};

/// In the past, so that no clock finds the signatures to be made in the future.
const NOW: u64 = 1_790_000_000;
const SIZES: [(&str, usize); 5] = [
    ("1 KiB", 1 << 10),
    ("10 KiB", 10 << 10),
    ("100 KiB", 100 << 10),
    ("1 MiB", 1 << 20),
    ("10 MiB", 10 << 20),
];
/// cfdkim takes seconds for more.
const LARGEST_OF_CFDKIM: usize = 1 << 20;

/// cfdkim's resolver: one record for every name.
struct Record(String);

impl cfdkim::dns::Lookup for Record {
    fn lookup_txt<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<String>, cfdkim::DKIMError>> {
        Box::pin(async { Ok(vec![self.0.clone()]) })
    }
}

fn template(algorithm: Algorithm) -> Arc<Template> {
    Arc::new(Template::new(Name::parse("example.com").unwrap(), Name::parse("s").unwrap(), algorithm))
}

fn sign(backend: &'static dyn Backend, key: &dyn SigningKey, template: &Arc<Template>, message: &[u8]) -> String {
    let mut signer = Signer::with_backend([template.clone()], NOW, backend);
    signer.write(message);
    signer.finish().unwrap().remove(0).sign_with(key).unwrap().into_string()
}

fn start(backend: &'static dyn Backend, policy: &Policy, message: &[u8]) -> KeyInquiry {
    let mut verifier = Verifier::with_backend(policy, NOW, backend);
    verifier.write(message);
    match verifier.finish().pop() {
        Some(Step::Ask(inquiry)) => inquiry,
        _ => unreachable!("the message is signed"),
    }
}

fn secrets() -> [SecretKey; 2] {
    [SecretKey::from_pem(sample::RSA_2048).unwrap(), SecretKey::from_ed25519_seed(&[7; 32])]
}

fn verify() {
    let policy = Policy::default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _guard = runtime.enter();
    let authenticator = MessageAuthenticator::new_system_conf().unwrap();
    let log = slog::Logger::root(slog::Discard, slog::o!());
    for secret in secrets() {
        let key = aws_lc::PrivateKey::new(&secret).unwrap();
        let template = template(key.algorithm());
        let record = key.record().to_string();
        let answer = Answer::txt([&record]);
        let parsed = Arc::new(DomainKey::parse(record.as_bytes()).unwrap());
        let cache = Cache::new([("s._domainkey.example.com.", TxtRecord::DomainKey(parsed))]);
        for (size_name, size) in SIZES {
            let plain = sample::message(size);
            let message = [sign(&aws_lc::AwsLc, &key, &template, &plain).as_bytes(), &plain].concat();
            let keys: Keys = start(&aws_lc::AwsLc, &policy, &message).read(&answer);
            let ours = || {
                let reports = start(&aws_lc::AwsLc, &policy, black_box(&message)).verify(&keys);
                assert_eq!(reports[0].verdict, Verdict::Pass);
            };
            let theirs = || {
                let parsed = AuthenticatedMessage::parse(black_box(&message)).unwrap();
                let results = ready(authenticator.verify_dkim(Parameters::new(&parsed).with_cache(&cache)));
                assert_eq!(results[0].result(), &DkimResult::Pass);
            };
            show(&format!("verify, mail-auth, {}, {size_name}", secret.algorithm()), pair(ours, theirs));

            if secret.algorithm() == Algorithm::RsaSha256 && size <= LARGEST_OF_CFDKIM {
                let ours = || {
                    let inquiry = start(&rustcrypto::RustCrypto, &policy, black_box(&message));
                    let Step::Done(reports) = inquiry.answer(answer.clone()) else { unreachable!() };
                    assert_eq!(reports[0].verdict, Verdict::Pass);
                };
                let resolver = Arc::new(Record(record.clone()));
                let theirs = || {
                    let parsed = mailparse::parse_mail(black_box(&message)).unwrap();
                    let result =
                        cfdkim::verify_email_with_resolver(&log, "example.com", &parsed, resolver.clone());
                    let result = ready(result).unwrap();
                    assert_eq!(result.summary(), "pass", "{:?}", result.error());
                };
                show(&format!("verify, cfdkim, {}, {size_name}", secret.algorithm()), pair(ours, theirs));
            }
        }
    }
}

#[allow(deprecated)]
fn sign_all() {
    let pem = std::str::from_utf8(sample::RSA_2048).unwrap();
    let [rsa, ed25519] = secrets().map(|secret| aws_lc::PrivateKey::new(&secret).unwrap());
    // the same fields as ours
    let names = || DEFAULT_OVERSIGNED.iter().chain(DEFAULT_SIGNED).copied();
    let their_rsa = DkimSigner::from_key(RsaKey::<Sha256>::from_pkcs8_pem(pem).unwrap())
        .domain("example.com")
        .selector("s")
        .headers(names());
    let public = &ed25519.record().public_key;
    let their_ed25519 = DkimSigner::from_key(Ed25519Key::from_seed_and_public_key(&[7; 32], public).unwrap())
        .domain("example.com")
        .selector("s")
        .headers(names());
    for (size_name, size) in SIZES {
        let message = sample::message(size);
        let template_rsa = template(Algorithm::RsaSha256);
        let ours = || {
            black_box(sign(&aws_lc::AwsLc, &rsa, &template_rsa, black_box(&message)));
        };
        let theirs = || {
            black_box(their_rsa.sign(black_box(&message)).unwrap().to_header());
        };
        show(&format!("sign, mail-auth, rsa-sha256, {size_name}"), pair(ours, theirs));
        let template_ed25519 = template(Algorithm::Ed25519Sha256);
        let ours = || {
            black_box(sign(&aws_lc::AwsLc, &ed25519, &template_ed25519, black_box(&message)));
        };
        let theirs = || {
            black_box(their_ed25519.sign(black_box(&message)).unwrap().to_header());
        };
        show(&format!("sign, mail-auth, ed25519-sha256, {size_name}"), pair(ours, theirs));
    }
}

fn main() {
    println!("{:<58} {:>11} {:>11}", "", "ours", "theirs");
    verify();
    sign_all();
}
