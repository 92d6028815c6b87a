//! One suite over every backend: each signs and verifies, and verifies what the others signed.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::type_complexity
)]

use dkim::{
    Algorithm, Canonicalization, Form, KeyRecord, Name, Policy, SecretKey, Verdict, Verifier, Zone,
    algorithm::HashAlgorithm,
    backend::{Backend, RefusedKey, SigningKey},
    sign::{Signer, Template},
};

mod support;
use support as keys;

/// What a backend has.
struct Contender {
    name: &'static str,
    backend: &'static dyn Backend,
    key: fn(&SecretKey) -> Result<(Box<dyn SigningKey>, KeyRecord), RefusedKey>,
    /// Whether it signs with RSA keys of 1024 bits.
    signs_1024: bool,
}

fn contenders() -> Vec<Contender> {
    vec![
        #[cfg(feature = "rustcrypto")]
        Contender {
            name: "rustcrypto",
            backend: &dkim::backend::rustcrypto::RustCrypto,
            key: |secret| {
                let key = dkim::backend::rustcrypto::PrivateKey::new(secret)?;
                let record = key.record().clone();
                Ok((Box::new(key), record))
            },
            signs_1024: true,
        },
        #[cfg(feature = "aws-lc-rs")]
        Contender {
            name: "aws-lc-rs",
            backend: &dkim::backend::aws_lc::AwsLc,
            key: |secret| {
                let key = dkim::backend::aws_lc::PrivateKey::new(secret)?;
                let record = key.record().clone();
                Ok((Box::new(key), record))
            },
            signs_1024: false,
        },
        #[cfg(feature = "ring")]
        Contender {
            name: "ring",
            backend: &dkim::backend::ring::Ring,
            key: |secret| {
                let key = dkim::backend::ring::PrivateKey::new(secret)?;
                let record = key.record().clone();
                Ok((Box::new(key), record))
            },
            signs_1024: false,
        },
    ]
}

const NOW: u64 = 1_800_000_000;
const MESSAGE: &[u8] = b"From: A <a@example.com>\r\nTo: b@example.net\r\nSubject:  two  words\r\n\tfolded \r\n\r\nHello  there \r\n\r\n\r\n";

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn template(algorithm: Algorithm) -> Template {
    Template::new(name("example.com"), name("s"), algorithm)
}

fn sign(contender: &Contender, key: &dyn SigningKey, template: Template) -> Vec<u8> {
    let mut signer = Signer::with_backend([template], NOW, contender.backend);
    signer.write(MESSAGE);
    let unsigned = signer.finish().unwrap().remove(0);
    let field = unsigned.sign_with(key).unwrap();
    [field.as_str().as_bytes(), MESSAGE].concat()
}

fn zone(record: &KeyRecord) -> Zone {
    Zone::parse(&format!("s._domainkey.example.com. TXT {}", record.zone_data())).unwrap()
}

fn verdict(contender: &Contender, message: &[u8], zone: &Zone) -> Verdict {
    let mut verifier = Verifier::with_backend(&Policy::default(), NOW, contender.backend);
    verifier.write(message);
    let reports = dkim::run_all(verifier.finish(), zone);
    assert_eq!(reports.len(), 1);
    reports[0].verdict
}

#[test]
fn a_hash_ends_with_the_digest_that_it_had() {
    for contender in contenders() {
        let mut hash = contender.backend.hash(HashAlgorithm::Sha256).unwrap();
        hash.update(b"ab");
        let digest = hash.digest();
        hash.update(b"c");
        assert_ne!(hash.digest(), digest);
        let digest = hash.digest();
        assert_eq!(digest.as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf], "{}", contender.name);
        assert_eq!(hash.finish(), digest, "{}", contender.name);
    }
}

#[test]
fn each_backend_verifies_what_each_signs() {
    for secret in [keys::rsa_2048(), keys::ed25519()] {
        for signer in contenders() {
            let (key, record) = (signer.key)(&secret).unwrap();
            for header in [Form::Simple, Form::Relaxed] {
                for body in [Form::Simple, Form::Relaxed] {
                    let mut template = template(secret.algorithm());
                    template.canonicalization = Canonicalization { header, body };
                    let message = sign(&signer, &*key, template);
                    for verifier in contenders() {
                        let label = format!("{} by {}, {header}/{body}", signer.name, verifier.name);
                        assert_eq!(verdict(&verifier, &message, &zone(&record)), Verdict::Pass, "{label}");
                        let mut forged = message.clone();
                        *forged.last_mut().unwrap() = b'!';
                        assert_eq!(verdict(&verifier, &forged, &zone(&record)), Verdict::Fail, "{label}");
                        let forged = String::from_utf8(message.clone()).unwrap().replace("two", "too");
                        assert_eq!(
                            verdict(&verifier, forged.as_bytes(), &zone(&record)),
                            Verdict::Fail,
                            "{label}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn rsa_signatures_of_all_backends_are_equal() {
    for secret in [keys::rsa_2048(), keys::ed25519()] {
        let signatures: Vec<_> = contenders()
            .iter()
            .map(|contender| (contender.key)(&secret).unwrap().0.sign(b"data").unwrap())
            .collect();
        assert!(signatures.windows(2).all(|pair| pair[0] == pair[1]), "{}", secret.algorithm());
    }
}

#[test]
fn records_of_all_backends_are_equal() {
    for secret in [keys::rsa_2048(), keys::ed25519()] {
        let records: Vec<_> =
            contenders().iter().map(|contender| (contender.key)(&secret).unwrap().1).collect();
        assert!(records.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[test]
fn short_keys_verify_everywhere_and_sign_where_the_table_says() {
    for contender in contenders() {
        match (contender.key)(&keys::rsa_1024()) {
            Ok((key, record)) => {
                assert!(contender.signs_1024, "{}", contender.name);
                let message = sign(&contender, &*key, template(Algorithm::RsaSha256));
                for verifier in contenders() {
                    assert_eq!(
                        verdict(&verifier, &message, &zone(&record)),
                        Verdict::Pass,
                        "{}",
                        verifier.name
                    );
                }
            }
            Err(refused) => {
                assert!(!contender.signs_1024, "{}", contender.name);
                assert_eq!(refused, RefusedKey::Length { bits: 1024 });
            }
        }
    }
}

#[test]
fn no_backend_signs_with_keys_that_are_forbidden() {
    for contender in contenders() {
        let refused = (contender.key)(&keys::rsa_512()).err();
        assert_eq!(refused, Some(RefusedKey::Length { bits: 512 }), "{}", contender.name);
    }
}

#[test]
fn a_key_of_small_order_vouches_for_nothing() {
    // the point of order one, with which S = 0 and R = A fits every message
    let record = KeyRecord::parse(b"k=ed25519; p=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let signature = format!("AQ{}==", "A".repeat(84));
    let message = format!(
        "DKIM-Signature: v=1; a=ed25519-sha256; d=example.com; s=s; h=from; b={signature};\r\n\
         \tbh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=\r\nFrom: a@example.com\r\n\r\n"
    );
    for contender in contenders() {
        let verdict = verdict(&contender, message.as_bytes(), &zone(&record));
        assert_eq!(verdict, Verdict::PermError, "{}", contender.name);
    }
}

#[test]
fn rsa_numbers_that_make_no_key_are_refused_everywhere() {
    let integer = |number: &[u8]| [&[2, 0x81, u8::try_from(number.len() + 1).unwrap(), 0], number].concat();
    let mut modulus = [0xab; 128];
    let mut refused = |last: u8, exponent: &[u8]| {
        modulus[127] = last;
        let content =
            [&integer(&modulus)[..], &[2, u8::try_from(exponent.len()).unwrap()], exponent].concat();
        let key = [&[0x30, 0x81, u8::try_from(content.len()).unwrap()], &content[..]].concat();
        let zone = zone(&KeyRecord::new(dkim::algorithm::KeyType::Rsa, key));
        let message = "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=s; h=from; b=AAAA;\r\n\
                       \tbh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=\r\nFrom: a@example.com\r\n\r\n";
        let verdicts =
            contenders().into_iter().map(|contender| verdict(&contender, message.as_bytes(), &zone));
        verdicts.collect::<Vec<_>>()
    };
    for (last, exponent) in [(0xab, &[1][..]), (0xab, &[2]), (0xaa, &[3]), (0xab, &[2, 0, 0, 0, 1])] {
        let verdicts = refused(last, exponent);
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::PermError), "{exponent:?}: {verdicts:?}");
    }
    // a sound key, of which it is not the signature
    assert!(refused(0xab, &[3]).iter().all(|verdict| *verdict == Verdict::Fail));
}

/// The order of the base point of edwards25519 (RFC 8032 §5.1), the lowest octet first.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Another text of the same signature: S + L in place of S.
fn with_greater_s(signature: &[u8]) -> Vec<u8> {
    let (r, s) = signature.split_at(32);
    let mut carry = 0;
    let sum = s.iter().zip(L).map(|(&a, b)| {
        let sum = u16::from(a) + u16::from(b) + carry;
        carry = sum >> 8;
        u8::try_from(sum & 0xff).unwrap()
    });
    r.iter().copied().chain(sum).collect()
}

#[test]
fn a_signature_has_one_text() {
    for contender in contenders() {
        for secret in [keys::rsa_2048(), keys::ed25519()] {
            let (key, record) = (contender.key)(&secret).unwrap();
            let mut signer = Signer::with_backend([template(secret.algorithm())], NOW, contender.backend);
            signer.write(MESSAGE);
            let unsigned = signer.finish().unwrap().remove(0);
            let signature = key.sign(unsigned.data()).unwrap();
            let verdict = |signature: &[u8]| {
                let field = unsigned.clone().attach(signature).unwrap();
                let message = [field.as_str().as_bytes(), MESSAGE].concat();
                verdict(&contender, &message, &zone(&record))
            };
            assert_eq!(verdict(&signature), Verdict::Pass);
            let others = match secret.algorithm() {
                // RFC 8032 §5.1.7: S is below L
                Algorithm::Ed25519Sha256 => vec![with_greater_s(&signature)],
                // RFC 8017 §8.2.2, step 1: as long as the modulus
                _ => vec![
                    [&[0], &signature[..]].concat(),
                    signature[1..].to_vec(),
                    [&signature[..], &[0]].concat(),
                ],
            };
            for other in others {
                assert_eq!(verdict(&other), Verdict::Fail, "{}, {}", contender.name, secret.algorithm());
            }
        }
    }
}

#[cfg(feature = "rustcrypto")]
#[test]
fn blinding_makes_no_difference_to_the_signature() {
    use dkim::backend::rustcrypto::PrivateKey;
    let mut seed = 7_u8;
    let random = |octets: &mut [u8]| {
        for octet in octets {
            seed = seed.wrapping_mul(197).wrapping_add(31);
            *octet = seed;
        }
    };
    let key = PrivateKey::new(&keys::rsa_2048()).unwrap();
    let blinded = key.blinded(random);
    assert_eq!(blinded.sign(b"data"), key.sign(b"data"));
    assert_eq!(blinded.algorithm(), Algorithm::RsaSha256);
    let key = PrivateKey::new(&keys::ed25519()).unwrap();
    assert_eq!(key.blinded(|_| ()).sign(b"data"), key.sign(b"data"));
}
