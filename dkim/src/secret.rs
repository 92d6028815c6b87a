//! Private keys as files and as octets (RFC 8017, RFC 5958, RFC 8410, RFC 7468, RFC 1421).

use crate::{
    algorithm::{Algorithm, KeyType},
    backend::PublicKey,
    der,
    encoding::{decode_base64, encode_base64},
};
use alloc::{string::String, vec::Vec};
use core::fmt;
use zeroize::Zeroizing;

#[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs", feature = "ring", test))]
use crate::backend::RefusedKey;

/// The shortest RSA key that may sign, and that receivers may accept (RFC 8301 §3.2). Use 2048.
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
    /// Reads a key in any shape that keys come in: PEM (`PRIVATE KEY`, `RSA PRIVATE KEY`), DER (PKCS#8, PKCS#1), as it
    /// is or in base64, or an Ed25519 seed in base64, as dkimpy keeps it, also with the public key behind it, as rspamd
    /// does.
    ///
    /// # Errors
    /// A [`SecretKeyError`] says what is wrong.
    pub fn read(file: &[u8]) -> Result<Self, SecretKeyError> {
        if find(file, b"-----BEGIN ").is_some() {
            return Self::from_pem(file);
        }
        // DER is no base64, though it starts with an octet that is a digit
        let Ok(decoded) = decode_base64(file).map(Zeroizing::new) else { return Self::from_bare_der(file) };
        match decoded.split_first_chunk() {
            Some((seed, [])) => Ok(Self::from_ed25519_seed(seed)),
            Some((seed, public)) if public.len() == 32 => {
                Self::from_bare_der(&decoded).or_else(|_| Ok(Self::from_ed25519_seed(seed)))
            }
            _ => Self::from_bare_der(&decoded),
        }
    }

    /// DER, or no key at all.
    fn from_bare_der(octets: &[u8]) -> Result<Self, SecretKeyError> {
        if octets.first() == Some(&der::SEQUENCE) {
            Self::from_der(octets)
        } else {
            Err(SecretKeyError::Shape)
        }
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
                    let octets = decode_base64(behind_header(body)).map_err(|_| SecretKeyError::Base64)?;
                    return Self::from_der(&Zeroizing::new(octets));
                }
                b"ENCRYPTED PRIVATE KEY" => return Err(SecretKeyError::Encrypted),
                b"OPENSSH PRIVATE KEY" => return Err(SecretKeyError::OpenSsh),
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
        if is_encrypted(content) {
            return Err(SecretKeyError::Encrypted);
        }
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

    /// The RSAPrivateKey and its public key, if it has a length with which the backend signs.
    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs", feature = "ring"))]
    pub(crate) fn rsa_parts(
        &self,
        lengths: core::ops::RangeInclusive<usize>,
    ) -> Result<(&[u8], PublicKey<'_>), RefusedKey> {
        let public = self.rsa_public_numbers().ok_or(RefusedKey::Malformed)?;
        let bits = public.bits();
        if lengths.contains(&bits) { Ok((&self.octets, public)) } else { Err(RefusedKey::Length { bits }) }
    }

    /// The Ed25519 seed.
    #[cfg(any(feature = "rustcrypto", feature = "aws-lc-rs", feature = "ring", test))]
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

/// Whether this is the content of an encrypted key.
///
/// ```text
/// EncryptedPrivateKeyInfo ::= SEQUENCE { encryptionAlgorithm AlgorithmIdentifier, encryptedData OCTET STRING }
/// ```
fn is_encrypted(content: &[u8]) -> bool {
    der::take(der::SEQUENCE, content).is_some_and(|(_, data)| der::only(der::OCTET_STRING, data).is_some())
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

/// What stands in a PEM block behind the header fields that it may begin with: behind an empty line. RFC 7468 has
/// none any more, mox writes notes there.
///
/// ```text
/// <pemmsg> ::= <preeb> <pemhdr> [CRLF <pemtext>] <posteb>                             RFC 1421 §9
/// ```
fn behind_header(body: &[u8]) -> &[u8] {
    // base64 has no colon
    let fields = body.iter().position(|&octet| octet == b':').and_then(|colon| body.get(colon..));
    fields.map_or(body, |fields| {
        let end = fields.windows(3).position(|three| three.starts_with(b"\n\n") || three == b"\n\r\n");
        end.and_then(|end| fields.get(end..)).unwrap_or(fields)
    })
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
    /// The key is in the format of OpenSSH.
    #[error("the key is in the format of OpenSSH: convert it to PKCS#8 first")]
    OpenSsh,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use alloc::{format, string::ToString};
    use core::str::from_utf8;

    const PKCS8: &[u8] = include_bytes!("../tests/support/rsa-2048.pem");
    const PKCS1: &[u8] = include_bytes!("../tests/support/rsa-1024.pem");
    /// RFC 8410 §10.3, without and with a public key.
    const ED25519: &str = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
    const ED25519_V2: &str = "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCoB8wHQYKKoZIhvcN\
                              AQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

    fn pem(label: &str, body: &str) -> String {
        format!("text before\n-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    fn error(text: &str) -> SecretKeyError {
        SecretKey::read(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn every_shape_of_key_is_read() {
        let bits = |file: &[u8]| SecretKey::read(file).unwrap().rsa_public_numbers().unwrap().bits();
        assert_eq!(bits(PKCS8), 2048);
        assert_eq!(bits(PKCS1), 1024);
        let seed = SecretKey::read(pem("PRIVATE KEY", ED25519).as_bytes()).unwrap();
        assert_eq!((seed.key_type(), seed.algorithm()), (KeyType::Ed25519, Algorithm::Ed25519Sha256));
        let der = decode_base64(ED25519_V2.as_bytes()).unwrap();
        assert_eq!(SecretKey::read(&der).unwrap().seed(), seed.seed(), "the attributes make no difference");
        let encoded = encode_base64(seed.seed().unwrap());
        assert_eq!(SecretKey::read(format!("{encoded}\n").as_bytes()).unwrap().seed(), seed.seed());
        assert_eq!(
            SecretKey::read(ED25519.as_bytes()).unwrap().seed(),
            seed.seed(),
            "DER in base64, without its lines"
        );
        // with four of these first octets the text starts with "0", as DER does
        for first in 0..=255 {
            let mut seed = [7; 32];
            seed[0] = first;
            let key = SecretKey::read(encode_base64(&seed).as_bytes()).unwrap();
            assert_eq!(key.seed(), Ok(&seed), "{first:02x}");
            let with_public = encode_base64(&[seed, [9; 32]].concat());
            assert_eq!(SecretKey::read(with_public.as_bytes()).unwrap().seed(), Ok(&seed), "{first:02x}");
        }
    }

    #[test]
    fn der_in_base64_may_be_as_long_as_a_seed_with_its_public_key() {
        // RFC 5958 §2: PrivateKeyInfo with an attribute, so that all of it is 64 octets
        let der = decode_base64(ED25519.as_bytes()).unwrap();
        let attribute = [0xa0, 14, 0x30, 12, 6, 3, 0x55, 4, 3, 0x31, 5, 12, 3, b'k', b'e', b'y'];
        let longer = [&[0x30, 62], &der[2..], &attribute].concat();
        assert_eq!(longer.len(), 64);
        let key = SecretKey::read(encode_base64(&longer).as_bytes()).unwrap();
        assert_eq!(key.seed(), SecretKey::from_der(&der).unwrap().seed());
    }

    #[test]
    fn a_note_in_a_pem_block_is_left_out() {
        let seed = SecretKey::read(ED25519.as_bytes()).unwrap();
        for body in [
            format!("Note: made by hand\n\n{ED25519}"),
            format!("\nNote: behind an empty line\n\n{ED25519}"),
            format!("Note: made by hand\r\nDate: today,\r\n  or so\r\n\r\n{ED25519}\r\n"),
        ] {
            assert_eq!(
                SecretKey::read(pem("PRIVATE KEY", &body).as_bytes()).unwrap().seed(),
                seed.seed(),
                "{body}"
            );
        }
        assert_eq!(
            error(&pem("PRIVATE KEY", &format!("Note: no empty line\n{ED25519}"))),
            SecretKeyError::Base64
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        for file in [PKCS8, PKCS1, pem("PRIVATE KEY", ED25519).as_bytes()] {
            let key = SecretKey::read(file).unwrap();
            let again = SecretKey::read(key.to_pem().as_bytes()).unwrap();
            assert_eq!((again.key_type, &again.octets), (key.key_type, &key.octets));
        }
        assert_eq!(SecretKey::read(PKCS8).unwrap().to_pem().as_str(), from_utf8(PKCS8).unwrap());
    }

    #[test]
    fn what_is_no_key_is_told_apart() {
        assert_eq!(error(""), SecretKeyError::Shape);
        assert_eq!(error("AAAA"), SecretKeyError::Shape);
        assert_eq!(error(&encode_base64(&[7; 65])), SecretKeyError::Shape);
        assert_eq!(error(&pem("CERTIFICATE", "AAAA")), SecretKeyError::Shape);
        assert_eq!(error("-----BEGIN PRIVATE KEY-----\nAAAA"), SecretKeyError::Shape);
        assert_eq!(error(&pem("PRIVATE KEY", "***")), SecretKeyError::Base64);
        assert_eq!(error(&pem("PRIVATE KEY", "AAAA")), SecretKeyError::Der);
        assert_eq!(error(&pem("EC PRIVATE KEY", "AAAA")), SecretKeyError::Kind);
        assert_eq!(error(&pem("ENCRYPTED PRIVATE KEY", "AAAA")), SecretKeyError::Encrypted);
        assert_eq!(error(&pem("OPENSSH PRIVATE KEY", "AAAA")), SecretKeyError::OpenSsh);
        // EncryptedPrivateKeyInfo (RFC 5958 §3) with PBES2
        let encrypted =
            [0x30, 0x11, 0x30, 0x0b, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0d, 4, 2, 1, 2];
        assert_eq!(SecretKey::read(&encrypted).unwrap_err(), SecretKeyError::Encrypted);
        let old = "Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,00\n\nAAAA";
        assert_eq!(error(&pem("RSA PRIVATE KEY", old)), SecretKeyError::Encrypted);
        // an X25519 key (RFC 8410 §3) is no signing key
        let x25519 = decode_base64(ED25519.as_bytes()).unwrap().into_iter().enumerate();
        let x25519: Vec<u8> = x25519.map(|(at, octet)| if at == 11 { 0x6e } else { octet }).collect();
        assert_eq!(SecretKey::read(&x25519).unwrap_err(), SecretKeyError::Kind);
        let der = decode_base64(ED25519.as_bytes()).unwrap();
        for length in 1..der.len() {
            assert_eq!(SecretKey::from_der(&der[..length]).unwrap_err(), SecretKeyError::Der, "{length}");
        }
    }

    #[test]
    fn keys_never_print() {
        assert_eq!(format!("{:?}", SecretKey::from_ed25519_seed(&[7; 32])), "SecretKey(ed25519, …)");
        assert_eq!(SecretKeyError::Encrypted.to_string(), "the key is encrypted: decrypt it first");
    }

    #[test]
    fn keys_are_generated_from_the_callers_random_octets() {
        let key = SecretKey::generate_ed25519(|octets| octets.fill(9));
        assert_eq!(key.seed(), Ok(&[9; 32]));
    }

    #[cfg(feature = "rustcrypto")]
    #[test]
    fn rsa_keys_are_generated_and_sign() {
        use crate::backend::{Backend, PublicKey, SigningKey, rustcrypto};
        let mut state = 1_u64;
        let random = |octets: &mut [u8]| {
            for octet in octets {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *octet = state.to_be_bytes()[0];
            }
        };
        let secret = SecretKey::generate_rsa(1024, random).unwrap();
        let Some(public @ PublicKey::Rsa { .. }) = secret.rsa_public_numbers() else { panic!("an RSA key") };
        assert_eq!(public.bits(), 1024);
        let key = rustcrypto::PrivateKey::new(&secret).unwrap();
        let signature = key.sign(b"data").unwrap();
        let public = rustcrypto::RustCrypto.public_key(&public).unwrap();
        assert!(public.verify(Algorithm::RsaSha256, b"data", &signature));
        assert!(!public.verify(Algorithm::RsaSha256, b"other", &signature));
        let refused = SecretKey::generate_rsa(1023, |_| ()).unwrap_err();
        assert_eq!(refused, RefusedKey::Length { bits: 1023 });
        assert!(SecretKey::generate_rsa(4097, |_| ()).is_err());
    }
}
