//! The seam to the crypto library.
//!
//! A [`Backend`] makes the two things that verification needs: a [`Hash`] that streams, and a parsed public key
//! that can [`VerifySignature`]. Signing needs a [`SigningKey`], which each backend has for keys in memory, and
//! which anyone can implement for a key that lives elsewhere.
//!
//! Each Cargo feature adds one backend and changes nothing else, so that several can be there at once:
//!
//! | feature | backend | module |
//! |---|---|---|
//! | `rustcrypto` (default) | `RustCrypto` | `backend::rustcrypto` |
//! | `aws-lc-rs` | `AwsLc` | `backend::aws_lc` |
//! | `ring` | `Ring` | `backend::ring` |

use crate::algorithm::{Algorithm, HashAlgorithm, KeyType};
use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::fmt;

#[cfg(feature = "aws-lc-rs")]
pub mod aws_lc;
#[cfg(feature = "ring")]
pub mod ring;
#[cfg(feature = "rustcrypto")]
pub mod rustcrypto;

/// What a crypto library must do for verification.
pub trait Backend: fmt::Debug + Send + Sync {
    /// Starts a hash. `None` where the backend does not have the algorithm.
    fn hash(&self, algorithm: HashAlgorithm) -> Option<Box<dyn Hash>>;

    /// Makes a key ready for use.
    ///
    /// # Errors
    /// [`RefusedKey`] where the backend does not take such a key.
    fn public_key(&self, key: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey>;
}

/// A public key as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey<'a> {
    /// An RSA key: big-endian numbers without leading zeros.
    Rsa {
        /// The modulus, `n`.
        modulus: &'a [u8],
        /// The public exponent, `e`.
        exponent: &'a [u8],
    },
    /// An Ed25519 key.
    Ed25519(&'a [u8; 32]),
}

impl PublicKey<'_> {
    /// The kind of key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa { .. } => KeyType::Rsa,
            Self::Ed25519(_) => KeyType::Ed25519,
        }
    }

    /// The length in bits: that of the modulus for RSA.
    #[must_use]
    pub fn bits(&self) -> usize {
        match self {
            Self::Rsa { modulus, .. } => {
                let leading = modulus.first().map_or(0, |octet| octet.leading_zeros());
                modulus.len().saturating_mul(8).saturating_sub(usize::try_from(leading).unwrap_or(0))
            }
            Self::Ed25519(_) => 256,
        }
    }

    /// Whether the numbers make a key with which not anyone can sign anything. Not every backend refuses the others,
    /// and some do only when they verify.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Rsa { modulus, exponent } => {
                modulus.last().is_some_and(|last| last & 1 == 1) && is_rsa_exponent(exponent)
            }
            Self::Ed25519(octets) => !is_of_small_order(**octets),
        }
    }
}

/// Whether this is an exponent as RFC 8017 §3.1 wants it: odd, and 3 or more. What has more than 33 bits no
/// backend takes: it is only there to cost time.
fn is_rsa_exponent(exponent: &[u8]) -> bool {
    let is_odd = exponent.last().is_some_and(|last| last & 1 == 1);
    is_odd && exponent != [1] && matches!(exponent, [_] | [_, _] | [_, _, _] | [_, _, _, _] | [1, _, _, _, _])
}

/// Whether one signature of an Ed25519 key fits many messages, and anyone can make it.
fn is_of_small_order(mut octets: [u8; 32]) -> bool {
    // the sign of the other coordinate makes no difference
    let [.., last] = &mut octets;
    *last &= 0x7f;
    SMALL_ORDER.contains(&octets)
}

/// The points of order 1, 2, 4 and 8 of edwards25519 (RFC 8032 §5.1) as they are encoded, without the sign: the
/// second coordinates 1, 0, those of order 8, and p-1; then p and p+1, which are 0 and 1 written otherwise.
const SMALL_ORDER: [[u8; 32]; 7] = [
    starting_with(1, 0, 0),
    starting_with(0, 0, 0),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    starting_with(0xec, 0xff, 0x7f),
    starting_with(0xed, 0xff, 0x7f),
    starting_with(0xee, 0xff, 0x7f),
];

const fn starting_with(first: u8, others: u8, last: u8) -> [u8; 32] {
    let mut octets = [others; 32];
    let [start, .., end] = &mut octets;
    *start = first;
    *end = last;
    octets
}

/// A public key that is ready for use.
pub trait VerifySignature: fmt::Debug + Send + Sync {
    /// Whether `signature` is that of `data`, the input of the header hash (RFC 6376 §3.7). Hashing it is part
    /// of the algorithm.
    fn verify(&self, algorithm: Algorithm, data: &[u8], signature: &[u8]) -> bool;
}

/// A hash that streams.
pub trait Hash: Send + Sync {
    /// Takes the next octets.
    fn update(&mut self, octets: &[u8]);

    /// The digest of what was taken so far; more can be taken afterwards.
    fn digest(&self) -> Digest;

    /// The digest of all that was taken.
    fn finish(self: Box<Self>) -> Digest {
        self.digest()
    }
}

/// A digest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    octets: [u8; 32],
    length: usize,
}

impl Digest {
    /// A digest of these octets, of which no more than 32 are kept.
    #[must_use]
    pub fn new(digest: &[u8]) -> Self {
        let mut octets = [0; 32];
        for (octet, &from) in octets.iter_mut().zip(digest) {
            *octet = from;
        }
        Self { octets, length: digest.len().min(32) }
    }

    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or(&[])
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(")?;
        for octet in self.as_bytes() {
            write!(f, "{octet:02x}")?;
        }
        f.write_str(")")
    }
}

/// A key that signs.
pub trait SigningKey {
    /// What it signs with.
    fn algorithm(&self) -> Algorithm;

    /// Signs `data`, the input of the header hash (RFC 6376 §3.7). Hashing it is part of the algorithm.
    ///
    /// # Errors
    /// [`RefusedKey`] where the key cannot sign.
    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, RefusedKey>;
}

/// A backend does not take a key, or cannot sign with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedKey {
    /// The backend does not take keys of this length.
    #[error("the backend does not take a key of {bits} bits")]
    Length {
        /// The length of the key.
        bits: usize,
    },
    /// The numbers of the key make no sense.
    #[error("the numbers of the key make no sense")]
    Malformed,
    /// The backend does not have the algorithm.
    #[error("the backend does not have the algorithm")]
    Algorithm,
    /// The backend failed.
    #[error("the backend failed")]
    Failed,
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::VerifyingKey;

    #[test]
    fn keys_of_small_order_are_known() {
        for key in SMALL_ORDER {
            for sign in [0, 0x80] {
                let mut key = key;
                key[31] |= sign;
                assert!(!PublicKey::Ed25519(&key).is_sound());
                let is_weak = VerifyingKey::from_bytes(&key).is_ok_and(|key| key.is_weak());
                assert!(is_weak, "{key:02x?}");
            }
        }
        let good = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
        assert!(PublicKey::Ed25519(&good).is_sound());
    }

    #[test]
    fn numbers_that_make_no_rsa_key_are_known() {
        let is_sound = |modulus: &[u8], exponent: &[u8]| PublicKey::Rsa { modulus, exponent }.is_sound();
        for exponent in [&[3][..], &[1, 0, 1], &[0xff; 4], &[1, 0xff, 0xff, 0xff, 0xff]] {
            assert!(is_sound(&[0xff; 128], exponent), "{exponent:?}");
            assert!(!is_sound(&[0xfe; 128], exponent), "an even modulus");
        }
        for exponent in [&[][..], &[1], &[2], &[1, 0, 0], &[2, 0, 0, 0, 1], &[0xff; 6]] {
            assert!(!is_sound(&[0xff; 128], exponent), "{exponent:?}");
        }
    }
}
