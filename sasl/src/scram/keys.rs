use super::grammar;
use crate::{
    MIN_ITERATIONS, MIN_SALT, Mechanism, MessageError, MessageErrorKind, Prepared, Secret, grammar::whole,
    mac::hmac,
};
use alloc::{format, string::String, vec, vec::Vec};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// The hash functions of the SCRAM family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Hash {
    /// RFC 5802.
    Sha1,
    /// RFC 7677.
    Sha256,
}

impl Hash {
    /// The mechanism that uses it, without channel binding.
    #[must_use]
    pub fn mechanism(self) -> Mechanism {
        match self {
            Self::Sha1 => Mechanism::ScramSha1,
            Self::Sha256 => Mechanism::ScramSha256,
        }
    }

    /// The octets of what comes out.
    pub(super) fn octets(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// `H(str)`, RFC 5802 §2.2.
    fn digest(self, octets: &[u8]) -> Secret {
        match self {
            Self::Sha1 => Secret::new(&Sha1::digest(octets)),
            Self::Sha256 => Secret::new(&Sha256::digest(octets)),
        }
    }

    /// `HMAC(key, str)`, RFC 5802 §2.2.
    pub(super) fn hmac(self, key: &[u8], text: &[u8]) -> Secret {
        match self {
            Self::Sha1 => hmac::<Sha1>(key, &[text]),
            Self::Sha256 => hmac::<Sha256>(key, &[text]),
        }
    }

    /// `Hi(str, salt, i)`, RFC 5802 §2.2, which is PBKDF2.
    fn salted_password(self, password: &[u8], salt: &[u8], iterations: u32) -> Secret {
        let mut octets = vec![0; self.octets()];
        match self {
            Self::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut octets),
            Self::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut octets),
        }
        Secret::from_vec(octets)
    }
}

/// The keys that come out of a password, RFC 5802 §3.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) client_key: Secret,
    pub(super) stored_key: Secret,
    pub(super) server_key: Secret,
}

impl Keys {
    /// The slow step: as many hashes as there are iterations.
    pub(super) fn derive(hash: Hash, password: &Prepared, salt: &[u8], iterations: u32) -> Self {
        let salted = hash.salted_password(password.as_str().as_bytes(), salt, iterations);
        let client_key = hash.hmac(salted.as_bytes(), b"Client Key");
        let stored_key = hash.digest(client_key.as_bytes());
        let server_key = hash.hmac(salted.as_bytes(), b"Server Key");
        Self { client_key, stored_key, server_key }
    }
}

/// What a server keeps for a user in place of the password: enough to check a proof, not enough to make one.
///
/// Whoever steals them can still try passwords, and can pretend to be the server: keep them like a password
/// file. For that they are not printed; [`to_record`](Self::to_record) writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKeys {
    pub(super) hash: Hash,
    pub(super) iterations: u32,
    pub(super) salt: Vec<u8>,
    pub(super) stored_key: Secret,
    pub(super) server_key: Secret,
}

impl StoredKeys {
    /// Makes the keys of a password. The salt must be random and the user's own: sixteen octets are usual.
    ///
    /// # Errors
    /// Where there are fewer than [`MIN_ITERATIONS`], or a salt of fewer octets than [`MIN_SALT`].
    pub fn derive(hash: Hash, password: &Prepared, salt: &[u8], iterations: u32) -> Result<Self, KeysError> {
        check_strength(salt, iterations)?;
        let Keys { stored_key, server_key, .. } = Keys::derive(hash, password, salt, iterations);
        Ok(Self { hash, iterations, salt: salt.to_vec(), stored_key, server_key })
    }

    /// Reads what [`to_record`](Self::to_record) writes.
    ///
    /// # Errors
    /// Where the record is not of that form, or is too weak as in [`derive`](Self::derive).
    pub fn parse(record: &str) -> Result<Self, KeysError> {
        let parts = whole(grammar::stored_keys, record)
            .map_err(|MessageError { kind, at }| KeysError { kind: KeysErrorKind::Syntax(kind), at })?;
        let hash = Mechanism::parse(parts.mechanism)
            .filter(|mechanism| !mechanism.is_bound())
            .and_then(Mechanism::scram_hash)
            .ok_or(KeysError { kind: KeysErrorKind::Mechanism, at: 0 })?;
        check_strength(&parts.salt, parts.iterations)?;
        let is_key = |key: &Secret| key.as_bytes().len() == hash.octets();
        if !is_key(&parts.stored_key) || !is_key(&parts.server_key) {
            return Err(KeysError { kind: KeysErrorKind::KeyLength, at: record.len() });
        }
        let (iterations, salt) = (parts.iterations, parts.salt);
        Ok(Self { hash, iterations, salt, stored_key: parts.stored_key, server_key: parts.server_key })
    }

    /// The keys as one line for a password file, in the form of PostgreSQL and others:
    /// `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`, the three last in base64.
    #[must_use]
    pub fn to_record(&self) -> String {
        let encode = |octets: &[u8]| STANDARD.encode(octets);
        format!(
            "{}${}:{}${}:{}",
            self.hash.mechanism(),
            self.iterations,
            encode(&self.salt),
            encode(self.stored_key.as_bytes()),
            encode(self.server_key.as_bytes()),
        )
    }

    /// The hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The iterations.
    #[must_use]
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Whether the password is the one that the keys were made of: for PLAIN and LOGIN, where it is all that
    /// one has kept. As slow as [`derive`](Self::derive).
    #[must_use]
    pub fn verify_password(&self, password: &Prepared) -> bool {
        let keys = Keys::derive(self.hash, password, &self.salt, self.iterations);
        keys.stored_key.ct_eq(&self.stored_key).into()
    }

    /// Whether a proof shows that the client has the ClientKey, RFC 5802 §3:
    /// `H(ClientProof XOR HMAC(StoredKey, AuthMessage)) = StoredKey`.
    pub(super) fn verify_proof(&self, auth_message: &[u8], proof: &Secret) -> Choice {
        let client_signature = self.hash.hmac(self.stored_key.as_bytes(), auth_message);
        let client_key = client_signature.xor(proof.as_bytes());
        let is_whole = proof.as_bytes().len().ct_eq(&self.hash.octets());
        is_whole & self.hash.digest(client_key.as_bytes()).ct_eq(&self.stored_key)
    }

    /// `ServerSignature`, RFC 5802 §3.
    pub(super) fn server_signature(&self, auth_message: &[u8]) -> Secret {
        self.hash.hmac(self.server_key.as_bytes(), auth_message)
    }
}

fn check_strength(salt: &[u8], iterations: u32) -> Result<(), KeysError> {
    if iterations < MIN_ITERATIONS {
        return Err(KeysError { kind: KeysErrorKind::Iterations, at: 0 });
    }
    if salt.len() < MIN_SALT {
        return Err(KeysError { kind: KeysErrorKind::Salt, at: 0 });
    }
    Ok(())
}

/// Why there are no [`StoredKeys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at octet {at})")]
pub struct KeysError {
    /// The rule that is broken.
    pub kind: KeysErrorKind,
    /// The offset in the record, in octets; 0 where it is not one place.
    pub at: usize,
}

/// The rules of [`StoredKeys`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysErrorKind {
    /// The record is not of its form.
    #[error("the record cannot be read: {0}")]
    Syntax(MessageErrorKind),
    /// The record is not of a known mechanism of the SCRAM family.
    #[error("the record is of an unknown mechanism")]
    Mechanism,
    /// Fewer iterations than [`MIN_ITERATIONS`].
    #[error("there are too few iterations")]
    Iterations,
    /// A salt of fewer octets than [`MIN_SALT`].
    #[error("the salt is too short")]
    Salt,
    /// A key that is not as long as the hash.
    #[error("a key is not as long as the hash")]
    KeyLength,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python: `hashlib.pbkdf2_hmac("sha256", b"pencil", b"salt", 4096)`, then `hmac`.
    const RECORD: &str = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    fn pencil() -> Prepared {
        Prepared::ascii("pencil").unwrap()
    }

    #[test]
    fn keys_are_made_written_and_read() {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let keys = StoredKeys::derive(Hash::Sha256, &pencil(), &salt, 4096).unwrap();
        assert_eq!(keys.to_record(), RECORD);
        assert_eq!(StoredKeys::parse(RECORD), Ok(keys.clone()));
        assert!(keys.verify_password(&pencil()));
        assert!(!keys.verify_password(&Prepared::ascii("Pencil").unwrap()));
        let keys = StoredKeys::derive(Hash::Sha1, &pencil(), b"salt", 5000).unwrap();
        assert_eq!(StoredKeys::parse(&keys.to_record()), Ok(keys));
    }

    #[test]
    fn weak_keys_are_not_made() {
        let refused =
            |salt, iterations| StoredKeys::derive(Hash::Sha1, &pencil(), salt, iterations).unwrap_err().kind;
        assert_eq!(refused(b"salt", 4095), KeysErrorKind::Iterations);
        assert_eq!(refused(b"s", 4096), KeysErrorKind::Salt);
    }

    #[test]
    fn bad_records_are_refused_with_their_place() {
        let refused = |record: &str| {
            let error = StoredKeys::parse(record).unwrap_err();
            (error.kind, error.at)
        };
        let syntax = KeysErrorKind::Syntax(MessageErrorKind::Syntax);
        assert_eq!(refused(""), (syntax, 0));
        assert_eq!(refused("SCRAM-SHA-256"), (syntax, 13));
        assert_eq!(refused(&RECORD.replace('4', "x")), (syntax, 14));
        assert_eq!(refused(&RECORD.replace("$4096", "$0")), (syntax, 14));
        assert_eq!(
            refused(&RECORD.replace("==$", "=$")),
            (KeysErrorKind::Syntax(MessageErrorKind::Base64), 19)
        );
        assert_eq!(refused(&[RECORD, "\n"].concat()), (syntax, RECORD.len()));
        assert_eq!(refused(&RECORD.replace("256", "512")), (KeysErrorKind::Mechanism, 0));
        assert_eq!(refused(&RECORD.replace("256", "256-PLUS")), (KeysErrorKind::Mechanism, 0));
        assert_eq!(
            refused(&RECORD.replace("SHA-256", "SHA-1")),
            (KeysErrorKind::KeyLength, RECORD.len() - 2)
        );
        assert_eq!(refused(&RECORD.replace("4096", "4095")), (KeysErrorKind::Iterations, 0));
        assert_eq!(refused(&RECORD.replace("W22ZaJ0SNY7soEsUEjb6gQ==", "")), (KeysErrorKind::Salt, 0));
    }
}
