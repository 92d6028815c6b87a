//! Private keys as files and as octets (RFC 8017, RFC 5958, RFC 8410, RFC 7468).

use crate::{
    algorithm::{Algorithm, KeyType},
    backend::{PublicKey, RefusedKey},
    der,
    encoding::{decode_base64, encode_base64},
};
use alloc::{string::String, vec::Vec};
use core::fmt;
use zeroize::Zeroizing;

/// The shortest RSA key that may sign (RFC 8301 §3.2). Use 2048.
pub const MIN_RSA_BITS: usize = 1024;

/// A private key, read and not yet given to a backend. It never prints, and is wiped when it is dropped.
///
/// ```
/// use dkim::SecretKey;
///
/// let key = SecretKey::read(b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")?; // RFC 8463 §A.2
/// assert_eq!(key.algorithm().to_string(), "ed25519-sha256");
/// # Ok::<(), dkim::secret::SecretKeyError>(())
/// ```
#[derive(Clone)]
pub struct SecretKey {
    key_type: KeyType,
    /// An RSAPrivateKey (RFC 8017 §A.1.2) or an Ed25519 seed.
    octets: Zeroizing<Vec<u8>>,
}

impl SecretKey {
    /// Reads a key in any shape that keys come in: PEM (`PRIVATE KEY`, `RSA PRIVATE KEY`), DER (PKCS#8, PKCS#1),
    /// or an Ed25519 seed in base64, as dkimpy keeps it.
    ///
    /// # Errors
    /// A [`SecretKeyError`] says what is wrong.
    pub fn read(file: &[u8]) -> Result<Self, SecretKeyError> {
        if find(file, b"-----BEGIN ").is_some() {
            return Self::from_pem(file);
        }
        if file.first() == Some(&der::SEQUENCE) {
            return Self::from_der(file);
        }
        let seed = Zeroizing::new(decode_base64(file).map_err(|_| SecretKeyError::Shape)?);
        let seed: &[u8; 32] = seed.as_slice().try_into().map_err(|_| SecretKeyError::Shape)?;
        Ok(Self::from_ed25519_seed(seed))
    }

    /// Reads the first private key of a PEM file; what stands around it is left out.
    ///
    /// # Errors
    /// A [`SecretKeyError`] says what is wrong.
    pub fn from_pem(text: &[u8]) -> Result<Self, SecretKeyError> {
        let mut rest = text;
        while let Some((label, body, after)) = next_block(rest) {
            rest = after;
            match label {
                b"PRIVATE KEY" | b"RSA PRIVATE KEY" => {
                    if find(body, b"ENCRYPTED").is_some() {
                        return Err(SecretKeyError::Encrypted);
                    }
                    let octets = Zeroizing::new(decode_base64(body).map_err(|_| SecretKeyError::Base64)?);
                    return Self::from_der(&octets);
                }
                b"ENCRYPTED PRIVATE KEY" => return Err(SecretKeyError::Encrypted),
                label if label.ends_with(b"PRIVATE KEY") => return Err(SecretKeyError::Kind),
                _ => {}
            }
        }
        Err(SecretKeyError::Shape)
    }

    /// Reads a key in DER: PKCS#8, or PKCS#1 for RSA.
    ///
    /// # Errors
    /// A [`SecretKeyError`] says what is wrong.
    pub fn from_der(octets: &[u8]) -> Result<Self, SecretKeyError> {
        let content = der::only(der::SEQUENCE, octets).ok_or(SecretKeyError::Der)?;
        // both start with a version
        let (_, rest) = der::take(der::INTEGER, content).ok_or(SecretKeyError::Der)?;
        let Some((algorithm, rest)) = der::take(der::SEQUENCE, rest) else { return Self::rsa(octets) };
        let (key, _) = der::take(der::OCTET_STRING, rest).ok_or(SecretKeyError::Der)?;
        if der::is_rsa(algorithm) {
            return Self::rsa(key);
        }
        if algorithm != der::ED25519 {
            return Err(SecretKeyError::Kind);
        }
        let seed = der::only(der::OCTET_STRING, key).ok_or(SecretKeyError::Der)?;
        Ok(Self::from_ed25519_seed(seed.try_into().map_err(|_| SecretKeyError::Der)?))
    }

    /// The Ed25519 key of a seed (RFC 8032 §5.1.5).
    #[must_use]
    pub fn from_ed25519_seed(seed: &[u8; 32]) -> Self {
        Self { key_type: KeyType::Ed25519, octets: Zeroizing::new(seed.to_vec()) }
    }

    /// Makes an Ed25519 key. `random` fills what it is given with random octets, fit for keys.
    pub fn generate_ed25519(random: impl FnOnce(&mut [u8])) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        random(&mut *seed);
        Self::from_ed25519_seed(&seed)
    }

    fn rsa(pkcs1: &[u8]) -> Result<Self, SecretKeyError> {
        let key = Self { key_type: KeyType::Rsa, octets: Zeroizing::new(pkcs1.to_vec()) };
        if key.rsa_public_numbers().is_none() { Err(SecretKeyError::Der) } else { Ok(key) }
    }

    /// An RSA key of these octets, which hold an RSAPrivateKey.
    #[cfg(feature = "rustcrypto")]
    pub(crate) fn from_pkcs1(pkcs1: Zeroizing<Vec<u8>>) -> Self {
        Self { key_type: KeyType::Rsa, octets: pkcs1 }
    }

    /// The kind of key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// What it signs with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.key_type.algorithm()
    }

    /// The modulus and the public exponent.
    ///
    /// ```text
    /// RSAPrivateKey ::= SEQUENCE { version Version, modulus INTEGER, publicExponent INTEGER, … }
    /// ```
    pub(crate) fn rsa_public_numbers(&self) -> Option<PublicKey<'_>> {
        let content = der::only(der::SEQUENCE, &self.octets)?;
        let (_, rest) = der::take(der::INTEGER, content)?;
        let (modulus, rest) = der::take_number(rest)?;
        let (exponent, _) = der::take_number(rest)?;
        (self.key_type == KeyType::Rsa).then_some(PublicKey::Rsa { modulus, exponent })
    }

    /// The RSAPrivateKey, if it is long enough to sign with, and its SubjectPublicKeyInfo.
    pub(crate) fn rsa_parts(&self) -> Result<(&[u8], Vec<u8>), RefusedKey> {
        let public = self.rsa_public_numbers().ok_or(RefusedKey::Malformed)?;
        let bits = public.bits();
        match public {
            _ if bits < MIN_RSA_BITS => Err(RefusedKey::Length { bits }),
            PublicKey::Rsa { modulus, exponent } => {
                Ok((&self.octets, der::put_rsa_public_key(modulus, exponent)))
            }
            PublicKey::Ed25519(_) => Err(RefusedKey::Malformed),
        }
    }

    /// The Ed25519 seed.
    pub(crate) fn seed(&self) -> Result<&[u8; 32], RefusedKey> {
        self.octets.as_slice().try_into().map_err(|_| RefusedKey::Malformed)
    }

    /// The key as a PEM file, in PKCS#8. What it gives is secret.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        let mut algorithm = Vec::new();
        let mut key = Zeroizing::new(Vec::new());
        match self.key_type {
            KeyType::Rsa => {
                algorithm.extend_from_slice(der::RSA_ENCRYPTION);
                algorithm.extend_from_slice(der::NULL);
                key.extend_from_slice(&self.octets);
            }
            KeyType::Ed25519 => {
                algorithm.extend_from_slice(der::ED25519);
                der::put(der::OCTET_STRING, &self.octets, &mut key);
            }
        }
        let mut content = Zeroizing::new(Vec::new());
        der::put(der::INTEGER, &[0], &mut content);
        der::put(der::SEQUENCE, &algorithm, &mut content);
        der::put(der::OCTET_STRING, &key, &mut content);
        let mut info = Zeroizing::new(Vec::new());
        der::put(der::SEQUENCE, &content, &mut info);

        let encoded = Zeroizing::new(encode_base64(&info));
        let mut text = Zeroizing::new(String::from("-----BEGIN PRIVATE KEY-----\n"));
        for line in encoded.as_bytes().chunks(64) {
            text.extend(line.iter().map(|&octet| char::from(octet)));
            text.push('\n');
        }
        text.push_str("-----END PRIVATE KEY-----\n");
        text
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}, …)", self.key_type)
    }
}

/// The label and the content of the next PEM block, and what follows it.
fn next_block(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let start = find(text, b"-----BEGIN ")?.saturating_add(11);
    let rest = text.get(start..)?;
    let label_end = find(rest, b"-----")?;
    let (label, rest) = rest.split_at_checked(label_end)?;
    let rest = rest.get(5..)?;
    let end = find(rest, b"-----END ")?;
    let (body, after) = rest.split_at_checked(end)?;
    Some((label, body, after.get(9..)?))
}

fn find(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|window| window == wanted)
}

/// Why octets are no private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// It is neither PEM nor DER nor an Ed25519 seed in base64.
    #[error("no private key: neither PEM nor DER nor an Ed25519 seed in base64")]
    Shape,
    /// What stands between the lines of a PEM block is no base64.
    #[error("the PEM block is not base64")]
    Base64,
    /// The DER cannot be read.
    #[error("the key is not PKCS#8 or PKCS#1")]
    Der,
    /// The key is of another kind than RSA or Ed25519.
    #[error("the key is neither RSA nor Ed25519")]
    Kind,
    /// The key is encrypted.
    #[error("the key is encrypted: decrypt it first")]
    Encrypted,
}
