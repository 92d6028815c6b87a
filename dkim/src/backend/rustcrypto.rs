//! The backend on `rsa`, `ed25519-dalek` and `sha2`: Rust all through, and `no_std`.

use super::{Backend, Digest, Hash, PublicKey, RefusedKey, SigningKey, VerifySignature};
use crate::{
    algorithm::{Algorithm, HashAlgorithm, KeyType},
    key_record::KeyRecord,
    secret::{MIN_RSA_BITS, SecretKey},
};
use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{cell::RefCell, fmt};
use ed25519_dalek::{Signer as _, VerifyingKey};
use rsa::{
    BigUint, Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey,
    pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _},
    rand_core::{self, CryptoRng, RngCore},
};
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

    fn finish(self: Box<Self>) -> Digest {
        Digest::new(&self.0.finalize())
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

/// A private key in memory.
///
/// RSA signatures are made without blinding. The time that `rsa` takes depends on the key (RUSTSEC-2023-0071):
/// who can measure it often and closely enough may learn the key. Where someone can make this key sign and
/// measure the time, sign with [`blinded`](Self::blinded), or use another backend.
#[derive(Clone)]
pub struct PrivateKey {
    key: Private,
    record: KeyRecord,
}

#[derive(Clone)]
enum Private {
    // the key is large, and its numbers are on the heap anyway
    Rsa(Box<RsaPrivateKey>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl PrivateKey {
    /// Takes a key.
    ///
    /// # Errors
    /// [`RefusedKey`]: RSA keys must have 1024 to 4096 bits.
    pub fn new(secret: &SecretKey) -> Result<Self, RefusedKey> {
        match secret.key_type() {
            KeyType::Rsa => {
                let (pkcs1, public) = secret.rsa_parts(MIN_RSA_BITS..=RsaPublicKey::MAX_SIZE)?;
                let key = RsaPrivateKey::from_pkcs1_der(pkcs1).map_err(|_| RefusedKey::Malformed)?;
                Ok(Self { key: Private::Rsa(Box::new(key)), record: KeyRecord::of(&public) })
            }
            KeyType::Ed25519 => {
                let key = ed25519_dalek::SigningKey::from_bytes(secret.seed()?);
                let public = key.verifying_key().to_bytes().to_vec();
                Ok(Self {
                    key: Private::Ed25519(Box::new(key)),
                    record: KeyRecord::new(KeyType::Ed25519, public),
                })
            }
        }
    }

    /// The record to publish.
    #[must_use]
    pub fn record(&self) -> &KeyRecord {
        &self.record
    }

    /// The same key, whose RSA signatures are blinded: what the time tells is of no use without the random
    /// numbers. `random` fills what it is given with random octets, fit for keys. It makes no difference to the
    /// signatures, nor to Ed25519.
    ///
    /// ```no_run
    /// # use dkim::{SecretKey, backend::{SigningKey, rustcrypto::PrivateKey}};
    /// # fn fill(octets: &mut [u8]) {}
    /// # let secret = SecretKey::read(b"").unwrap();
    /// let key = PrivateKey::new(&secret)?;
    /// let signature = key.blinded(fill).sign(b"data")?;
    /// # Ok::<(), dkim::backend::RefusedKey>(())
    /// ```
    pub fn blinded<R: FnMut(&mut [u8])>(&self, random: R) -> Blinded<'_, R> {
        Blinded { key: self, random: RefCell::new(Random(random)) }
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
        let digest = Sha256::digest(data);
        match &self.key {
            Private::Rsa(key) => {
                key.sign(Pkcs1v15Sign::new::<Sha256>(), &digest).map_err(|_| RefusedKey::Failed)
            }
            Private::Ed25519(key) => Ok(key.sign(&digest).to_bytes().to_vec()),
        }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, …)", self.algorithm())
    }
}

/// A private key that blinds; made by [`PrivateKey::blinded`].
pub struct Blinded<'a, R> {
    key: &'a PrivateKey,
    random: RefCell<Random<R>>,
}

impl<R: FnMut(&mut [u8])> SigningKey for Blinded<'_, R> {
    fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, RefusedKey> {
        let Private::Rsa(key) = &self.key.key else { return self.key.sign(data) };
        let mut random = self.random.try_borrow_mut().map_err(|_| RefusedKey::Failed)?;
        key.sign_with_rng(&mut *random, Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(data))
            .map_err(|_| RefusedKey::Failed)
    }
}

impl<R> fmt::Debug for Blinded<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blinded({:?})", self.key)
    }
}

/// A source of random octets, as the backend wants it.
struct Random<R>(R);

impl<R: FnMut(&mut [u8])> RngCore for Random<R> {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, octets: &mut [u8]) {
        (self.0)(octets);
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), rand_core::Error> {
        (self.0)(octets);
        Ok(())
    }
}

impl<R: FnMut(&mut [u8])> CryptoRng for Random<R> {}

impl SecretKey {
    /// Makes an RSA key. `random` fills what it is given with random octets, fit for keys. It takes a second or
    /// so in a release build.
    ///
    /// # Errors
    /// [`RefusedKey`]: the key must have 1024 to 4096 bits.
    pub fn generate_rsa(bits: usize, random: impl FnMut(&mut [u8])) -> Result<Self, RefusedKey> {
        if !(MIN_RSA_BITS..=RsaPublicKey::MAX_SIZE).contains(&bits) {
            return Err(RefusedKey::Length { bits });
        }
        let key = RsaPrivateKey::new(&mut Random(random), bits).map_err(|_| RefusedKey::Failed)?;
        let pkcs1 = key.to_pkcs1_der().map_err(|_| RefusedKey::Failed)?;
        Ok(Self::from_pkcs1(pkcs1.to_bytes()))
    }
}
