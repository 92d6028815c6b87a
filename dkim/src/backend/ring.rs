//! The backend on `ring`: nearly as fast as `aws-lc-rs`, and easier to build.

use super::{Backend, Digest, Hash, PublicKey, RefusedKey, SigningKey, VerifySignature};
use crate::{
    algorithm::{Algorithm, HashAlgorithm, KeyType},
    key_record::KeyRecord,
    secret::SecretKey,
};
use ::ring::{
    digest::{self, Context, SHA256},
    rand::SystemRandom,
    signature::{
        ED25519, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use alloc::{boxed::Box, sync::Arc, vec, vec::Vec};
use core::fmt;

/// The backend on `ring`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ring;

impl Backend for Ring {
    fn hash(&self, algorithm: HashAlgorithm) -> Option<Box<dyn Hash>> {
        match algorithm {
            HashAlgorithm::Sha256 => Some(Box::new(Streaming(Context::new(&SHA256)))),
            HashAlgorithm::Sha1 => None,
        }
    }

    /// `ring` keeps no parsed key: the numbers are read again for every signature.
    fn public_key(&self, key: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey> {
        match *key {
            PublicKey::Rsa { modulus, exponent } => {
                if !(1024..=8192).contains(&key.bits()) {
                    return Err(RefusedKey::Length { bits: key.bits() });
                }
                Ok(Arc::new(RsaKey(RsaPublicKeyComponents { n: modulus.to_vec(), e: exponent.to_vec() })))
            }
            PublicKey::Ed25519(octets) => Ok(Arc::new(Ed25519Key(*octets))),
        }
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

struct RsaKey(RsaPublicKeyComponents<Vec<u8>>);

impl VerifySignature for RsaKey {
    fn verify(&self, algorithm: Algorithm, data: &[u8], signature: &[u8]) -> bool {
        algorithm == Algorithm::RsaSha256
            && self.0.verify(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, data, signature).is_ok()
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaKey")
    }
}

#[derive(Debug)]
struct Ed25519Key([u8; 32]);

impl VerifySignature for Ed25519Key {
    fn verify(&self, algorithm: Algorithm, data: &[u8], signature: &[u8]) -> bool {
        let digest = digest::digest(&SHA256, data);
        algorithm == Algorithm::Ed25519Sha256
            && UnparsedPublicKey::new(&ED25519, self.0).verify(digest.as_ref(), signature).is_ok()
    }
}

/// A private key in memory. The backend does not blind RSA: its arithmetic is made to take the same time for every
/// key of a length.
pub struct PrivateKey {
    key: Private,
    record: KeyRecord,
}

enum Private {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl PrivateKey {
    /// Takes a key.
    ///
    /// # Errors
    /// [`RefusedKey`]: RSA keys must have 2048 to 4096 bits.
    pub fn new(secret: &SecretKey) -> Result<Self, RefusedKey> {
        match secret.key_type() {
            KeyType::Rsa => {
                let (pkcs1, public) = secret.rsa_parts(2048..=4096)?;
                let key = RsaKeyPair::from_der(pkcs1).map_err(|_| RefusedKey::Malformed)?;
                Ok(Self { key: Private::Rsa(Box::new(key)), record: KeyRecord::of(&public) })
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
                let mut signature = vec![0; key.public().modulus_len()];
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
