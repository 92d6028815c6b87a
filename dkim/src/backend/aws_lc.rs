//! The backend on `aws-lc-rs`: the fastest, with assembly for most processors. It needs `std` and a C compiler.

use super::{Backend, Digest, Hash, PublicKey, RefusedKey, SigningKey, VerifySignature};
use crate::{
    algorithm::{Algorithm, HashAlgorithm, KeyType},
    key_record::KeyRecord,
    secret::SecretKey,
};
use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};
use aws_lc_rs::{
    digest::{self, Context, SHA256},
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey,
        RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use core::fmt;

/// The backend on `aws-lc-rs`.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLc;

impl Backend for AwsLc {
    fn hash(&self, algorithm: HashAlgorithm) -> Option<Box<dyn Hash>> {
        match algorithm {
            HashAlgorithm::Sha256 => Some(Box::new(Streaming(Context::new(&SHA256)))),
            HashAlgorithm::Sha1 => None,
        }
    }

    fn public_key(&self, key: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey> {
        let parsed = match *key {
            PublicKey::Rsa { modulus, exponent } => {
                if !(1024..=8192).contains(&key.bits()) {
                    return Err(RefusedKey::Length { bits: key.bits() });
                }
                let numbers = PublicKeyComponents { n: modulus, e: exponent };
                numbers.to_parsed_public_key(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
            }
            PublicKey::Ed25519(octets) => ParsedPublicKey::new(&ED25519, octets),
        };
        let parsed = parsed.map_err(|_| RefusedKey::Malformed)?;
        Ok(Arc::new(Key { algorithm: key.key_type().algorithm(), parsed }))
    }
}

struct Streaming(Context);

impl Hash for Streaming {
    fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    fn digest(&self) -> Digest {
        Digest::new(self.0.clone().finish().as_ref())
    }

    fn finish(self: Box<Self>) -> Digest {
        Digest::new(self.0.finish().as_ref())
    }
}

struct Key {
    algorithm: Algorithm,
    parsed: ParsedPublicKey,
}

impl VerifySignature for Key {
    fn verify(&self, algorithm: Algorithm, data: &[u8], signature: &[u8]) -> bool {
        if algorithm != self.algorithm {
            return false;
        }
        match algorithm {
            Algorithm::Ed25519Sha256 => {
                self.parsed.verify_sig(digest::digest(&SHA256, data).as_ref(), signature).is_ok()
            }
            _ => self.parsed.verify_sig(data, signature).is_ok(),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.algorithm)
    }
}

/// A private key in memory. The backend blinds RSA, with random numbers of its own.
pub struct PrivateKey {
    key: Private,
    record: KeyRecord,
}

enum Private {
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl PrivateKey {
    /// Takes a key.
    ///
    /// # Errors
    /// [`RefusedKey`]: RSA keys must have 2048 to 8192 bits.
    pub fn new(secret: &SecretKey) -> Result<Self, RefusedKey> {
        match secret.key_type() {
            KeyType::Rsa => {
                let (pkcs1, public) = secret.rsa_parts(2048..=8192)?;
                let key = RsaKeyPair::from_der(pkcs1).map_err(|_| RefusedKey::Malformed)?;
                Ok(Self { key: Private::Rsa(key), record: KeyRecord::of(&public) })
            }
            KeyType::Ed25519 => {
                let key =
                    Ed25519KeyPair::from_seed_unchecked(secret.seed()?).map_err(|_| RefusedKey::Malformed)?;
                let public = key.public_key().as_ref().to_vec();
                Ok(Self { key: Private::Ed25519(key), record: KeyRecord::new(KeyType::Ed25519, public) })
            }
        }
    }

    /// The record to publish.
    #[must_use]
    pub fn record(&self) -> &KeyRecord {
        &self.record
    }
}

impl SigningKey for PrivateKey {
    fn algorithm(&self) -> Algorithm {
        match self.key {
            Private::Rsa(_) => Algorithm::RsaSha256,
            Private::Ed25519(_) => Algorithm::Ed25519Sha256,
        }
    }

    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, RefusedKey> {
        match &self.key {
            Private::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), data, &mut signature)
                    .map_err(|_| RefusedKey::Failed)?;
                Ok(signature)
            }
            Private::Ed25519(key) => Ok(key.sign(digest::digest(&SHA256, data).as_ref()).as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, …)", self.algorithm())
    }
}
