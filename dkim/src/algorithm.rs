//! The algorithms, as `a=`, `c=`, `h=` and `k=` name them.

use core::fmt;

/// How a message is signed (RFC 6376 §3.3, RFC 8463 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 over SHA-256.
    RsaSha256,
    /// PureEdDSA over a SHA-256 digest (RFC 8463 §3).
    Ed25519Sha256,
    /// RSASSA-PKCS1-v1_5 over SHA-1: recognised, and refused (RFC 8301 §3.1).
    RsaSha1,
}

impl Algorithm {
    /// The algorithm of this name (`sig-a-tag-alg`), in lower case.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"rsa-sha256" => Some(Self::RsaSha256),
            b"ed25519-sha256" => Some(Self::Ed25519Sha256),
            b"rsa-sha1" => Some(Self::RsaSha1),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RsaSha256 => "rsa-sha256",
            Self::Ed25519Sha256 => "ed25519-sha256",
            Self::RsaSha1 => "rsa-sha1",
        }
    }

    /// The kind of key that it needs.
    #[must_use]
    pub fn key_type(self) -> KeyType {
        match self {
            Self::RsaSha256 | Self::RsaSha1 => KeyType::Rsa,
            Self::Ed25519Sha256 => KeyType::Ed25519,
        }
    }

    /// The hash that it is made over.
    #[must_use]
    pub fn hash(self) -> HashAlgorithm {
        match self {
            Self::RsaSha256 | Self::Ed25519Sha256 => HashAlgorithm::Sha256,
            Self::RsaSha1 => HashAlgorithm::Sha1,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-1, which nothing may be signed or verified with (RFC 8301 §3.1).
    Sha1,
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sha256 => "sha256",
            Self::Sha1 => "sha1",
        })
    }
}

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// RSA.
    Rsa,
    /// Ed25519 (RFC 8463).
    Ed25519,
}

impl KeyType {
    /// What such a key signs with.
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::Rsa => Algorithm::RsaSha256,
            Self::Ed25519 => Algorithm::Ed25519Sha256,
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
        })
    }
}

/// How a header or a body is made canonical (RFC 6376 §3.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it is, but for empty lines at the end of a body (§3.4.1, §3.4.3).
    #[default]
    Simple,
    /// White space runs are one space, white space at the end of lines is nothing, header names are lower case
    /// and folds are undone (§3.4.2, §3.4.4).
    Relaxed,
}

impl Form {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Relaxed => "relaxed",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The canonical forms of a signature, `c=`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Canonicalization {
    /// That of the header.
    pub header: Form,
    /// That of the body.
    pub body: Form,
}

impl Canonicalization {
    /// `relaxed/relaxed`, which survives what relays do to a message.
    pub const RELAXED: Self = Self { header: Form::Relaxed, body: Form::Relaxed };
    /// `simple/simple`, the default of `c=`.
    pub const SIMPLE: Self = Self { header: Form::Simple, body: Form::Simple };

    pub(crate) fn name(self) -> &'static str {
        match (self.header, self.body) {
            (Form::Simple, Form::Simple) => "simple/simple",
            (Form::Simple, Form::Relaxed) => "simple/relaxed",
            (Form::Relaxed, Form::Simple) => "relaxed/simple",
            (Form::Relaxed, Form::Relaxed) => "relaxed/relaxed",
        }
    }
}

impl fmt::Display for Canonicalization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
