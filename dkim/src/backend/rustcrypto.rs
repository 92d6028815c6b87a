//! The backend on `rsa`, `ed25519-dalek` and `sha2`: Rust all through, and `no_std`.

use super::{Backend, Digest, Hash, PublicKey, RefusedKey, VerifySignature};
use crate::algorithm::{Algorithm, HashAlgorithm};
use alloc::{boxed::Box, sync::Arc};
use core::fmt;
use ed25519_dalek::VerifyingKey;
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest as _, Sha256};

/// The longest RSA key that is taken.
pub const MAX_RSA_BITS: usize = 8192;

/// The backend on `rsa`, `ed25519-dalek` and `sha2`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustCrypto;

impl Backend for RustCrypto {
    fn hash(&self, algorithm: HashAlgorithm) -> Option<Box<dyn Hash>> {
        match algorithm {
            HashAlgorithm::Sha256 => Some(Box::new(Streaming(Sha256::new()))),
            #[cfg(feature = "legacy")]
            HashAlgorithm::Sha1 => Some(Box::new(Streaming(sha1::Sha1::new()))),
            #[cfg(not(feature = "legacy"))]
            HashAlgorithm::Sha1 => None,
        }
    }

    fn public_key(&self, key: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey> {
        match *key {
            PublicKey::Rsa { modulus, exponent } => {
                if key.bits() > MAX_RSA_BITS {
                    return Err(RefusedKey::Length { bits: key.bits() });
                }
                let (modulus, exponent) = (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent));
                let key = RsaPublicKey::new_with_max_size(modulus, exponent, MAX_RSA_BITS);
                Ok(Arc::new(RsaKey(key.map_err(|_| RefusedKey::Malformed)?)))
            }
            PublicKey::Ed25519(octets) => {
                let key = VerifyingKey::from_bytes(octets).map_err(|_| RefusedKey::Malformed)?;
                Ok(Arc::new(Ed25519Key(key)))
            }
        }
    }
}

/// A hash of this family.
struct Streaming<D>(D);

impl<D: sha2::Digest + Clone + Send + Sync> Hash for Streaming<D> {
    fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    fn digest(&self) -> Digest {
        Digest::new(&self.0.clone().finalize())
    }
}

struct RsaKey(RsaPublicKey);

impl VerifySignature for RsaKey {
    fn verify(&self, algorithm: Algorithm, data: &[u8], signature: &[u8]) -> bool {
        match algorithm {
            Algorithm::RsaSha256 => {
                self.0.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(data), signature).is_ok()
            }
            #[cfg(feature = "legacy")]
            Algorithm::RsaSha1 => {
                let scheme = Pkcs1v15Sign { hash_len: Some(20), prefix: Box::new(SHA1_PREFIX) };
                self.0.verify(scheme, &sha1::Sha1::digest(data), signature).is_ok()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RsaKey")
    }
}

/// The start of a DigestInfo of SHA-1 (RFC 8017 §9.2, note 1).
#[cfg(feature = "legacy")]
const SHA1_PREFIX: [u8; 15] =
    [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];

#[derive(Debug)]
struct Ed25519Key(VerifyingKey);

impl VerifySignature for Ed25519Key {
    /// `verify_strict` also refuses keys and signatures of small order, which no signer makes: a signature that
    /// fits several messages proves nothing.
    fn verify(&self, algorithm: Algorithm, data: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else { return false };
        algorithm == Algorithm::Ed25519Sha256
            && self.0.verify_strict(&Sha256::digest(data), &signature).is_ok()
    }
}
