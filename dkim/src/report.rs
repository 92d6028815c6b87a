//! What became of a signature.

use crate::{
    algorithm::{Algorithm, KeyType},
    backend::RefusedKey,
    key_record::KeyRecordError,
    signature::{FieldNames, Identity, Signature, SignatureError},
};
use alloc::string::String;
use core::fmt;
use mail_base::{Name, fields::HeaderError};

/// What a signature is worth, in the words of RFC 8601 §2.7.1.
///
/// "none", that there is no signature at all, is for the caller to say: the list of reports is empty then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The message was signed, and the signature is good.
    Pass,
    /// The signature is not that of this message.
    Fail,
    /// The signature is good, but not good enough for the [`Policy`](crate::Policy).
    Policy,
    /// The signature could not be processed, for a reason on this side.
    Neutral,
    /// The key could not be had for now.
    TempError,
    /// The signature cannot be verified, and never will be (PERMFAIL of RFC 6376 for any other reason than a
    /// mismatch, syntax errors among them).
    PermError,
    /// The signature was not looked at, because there are too many.
    Skipped,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Policy => "policy",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
            Self::Skipped => "skipped",
        })
    }
}

/// What became of one DKIM-Signature field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignatureReport {
    /// Its position among the DKIM-Signature fields, from the top.
    pub index: usize,
    /// What it is worth.
    pub verdict: Verdict,
    /// Why it is not worth more.
    pub cause: Option<Cause>,
    /// `d=`: who answers for the message, if it passes.
    pub domain: Option<Name>,
    /// `s=`: which of its keys was used.
    pub selector: Option<Name>,
    /// `i=`, or its default.
    pub identity: Option<Identity>,
    /// `a=`.
    pub algorithm: Option<Algorithm>,
    /// `t=`: when it was made, in seconds since 1970.
    pub timestamp: Option<u64>,
    /// `x=`: when it expires, in seconds since 1970.
    pub expiration: Option<u64>,
    /// `r=y`: the signer asks for failure reports (RFC 6651 §3.2).
    pub wants_reports: bool,
    /// The length of the key.
    pub key_bits: Option<usize>,
    /// Whether the body is the one that was signed.
    pub body: BodyFact,
    /// Whether the signed fields are those that were signed.
    pub header: HeaderFact,
    /// What was found where the key should be.
    pub key: KeyFact,
    /// What the signature covers, good or not. `None` where it cannot be read.
    pub covered: Option<Covered>,
    /// The domain says that it only tests DKIM (`t=y`): treat what does not pass as not signed.
    pub testing: bool,
    /// The start of `b=`, eight characters or as many as tell it from the message's other signatures: what
    /// `header.b` of RFC 6008 holds.
    pub signature_prefix: Option<String>,
}

impl SignatureReport {
    pub(crate) fn new(index: usize) -> Self {
        Self {
            index,
            verdict: Verdict::Neutral,
            cause: None,
            domain: None,
            selector: None,
            identity: None,
            algorithm: None,
            timestamp: None,
            expiration: None,
            wants_reports: false,
            key_bits: None,
            body: BodyFact::Unchecked,
            header: HeaderFact::Unchecked,
            key: KeyFact::Unchecked,
            covered: None,
            testing: false,
            signature_prefix: None,
        }
    }

    /// Files what the signature says. `body_octets` is the length of the canonical body, where it is known.
    pub(crate) fn describe(&mut self, signature: Signature, body_octets: Option<u64>) {
        self.identity = Some(signature.identity());
        self.domain = Some(signature.domain);
        self.selector = Some(signature.selector);
        self.algorithm = Some(signature.algorithm);
        self.timestamp = signature.timestamp;
        self.expiration = signature.expiration;
        self.wants_reports = signature.wants_reports;
        self.covered = Some(Covered {
            from: signature.fields.contains("from"),
            fields: signature.fields,
            body_length: signature.body_length,
            body_octets,
        });
    }

    /// A report with nothing in it but the cause.
    pub(crate) fn concluded(index: usize, cause: Cause) -> Self {
        Self { verdict: cause.verdict(), cause: Some(cause), ..Self::new(index) }
    }
}

/// One line: the verdict, who signed, and why it is not worth more.
impl fmt::Display for SignatureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.verdict)?;
        if let Some(domain) = &self.domain {
            write!(f, " {domain}")?;
        }
        if let Some(selector) = &self.selector {
            write!(f, " (selector {selector}")?;
            if let Some(algorithm) = self.algorithm {
                write!(f, ", {algorithm}")?;
            }
            f.write_str(")")?;
        }
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

/// Whether the body is the one that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyFact {
    /// It was not looked at.
    Unchecked,
    /// Its hash is `bh=`.
    Match,
    /// Its hash is another.
    Mismatch,
}

/// Whether the signed fields are those that were signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderFact {
    /// They were not looked at.
    Unchecked,
    /// The signature fits them and the key.
    Match,
    /// It does not.
    Mismatch,
}

/// What was found where the key should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyFact {
    /// Nobody looked.
    Unchecked,
    /// A key that can be used.
    Usable,
    /// No record.
    Absent,
    /// A record without a key: it was taken back.
    Revoked,
    /// A record or a key that cannot be used for this signature.
    Unusable,
    /// The answer could not be had.
    Unavailable,
}

/// What a signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Covered {
    /// `h=`: the fields.
    pub fields: FieldNames,
    /// Whether From is among them.
    pub from: bool,
    /// `l=`: how many octets of the canonical body, where not all.
    pub body_length: Option<u64>,
    /// How many octets the canonical body has; unknown where it was not looked at.
    pub body_octets: Option<u64>,
}

impl Covered {
    /// How many octets of the canonical body are not signed.
    #[must_use]
    pub fn unsigned_octets(&self) -> u64 {
        match (self.body_length, self.body_octets) {
            (Some(length), Some(octets)) => octets.saturating_sub(length),
            _ => 0,
        }
    }
}

/// Why a signature is not worth more. [`Display`](fmt::Display) is one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The field cannot be read (RFC 6376 §6.1.1).
    #[error("signature syntax: {0}")]
    Syntax(SignatureError),
    /// `h=` does not have From (§6.1.1).
    #[error("From field not signed")]
    FromNotSigned,
    /// The message has no From field.
    #[error("the message has no From field")]
    NoFrom,
    /// The algorithm is refused (RFC 8301 §3.1).
    #[error("{0} is refused")]
    RefusedAlgorithm(Algorithm),
    /// The signature has expired; see [`Policy::accept_expired`](crate::Policy::accept_expired).
    #[error("signature expired at {expiration}")]
    Expired {
        /// `x=`.
        expiration: u64,
    },
    /// The signature was made in the future; see [`Policy::accept_future`](crate::Policy::accept_future).
    #[error("signature made in the future, at {timestamp}")]
    Future {
        /// `t=`.
        timestamp: u64,
    },
    /// The name of the key is too long for the DNS.
    #[error("the name of the key is too long")]
    KeyName,
    /// The key could not be had (§6.1.2, step 2).
    #[error("key unavailable")]
    KeyUnavailable,
    /// There is no key record (§6.1.2, step 3).
    #[error("no key for signature")]
    NoKey,
    /// The key record cannot be read (§6.1.2, step 5).
    #[error("key syntax: {0}")]
    KeySyntax(KeyRecordError),
    /// The key was taken back (§6.1.2, step 8).
    #[error("key revoked")]
    KeyRevoked,
    /// The key is of another kind than the signature wants, or of none that is known (§6.1.2, step 9).
    #[error("inappropriate key algorithm")]
    KeyType,
    /// The key may not be used with the hash (§6.1.2, step 6).
    #[error("inappropriate hash algorithm")]
    KeyHash,
    /// The key is not for e-mail (§3.6.1, `s=`).
    #[error("the key is not for e-mail")]
    KeyService,
    /// The key is only for `i=` at `d=` itself (§3.6.1, `t=s`).
    #[error("the key is not for a subdomain in i=")]
    KeyStrict,
    /// `p=` holds no key of its kind.
    #[error("p= holds no {0} key")]
    KeyMalformed(KeyType),
    /// The key is too short; see [`Policy::min_rsa_bits`](crate::Policy::min_rsa_bits).
    #[error("key of {bits} bits is too short")]
    KeyTooShort {
        /// Its length.
        bits: usize,
        /// Whether no receiver may accept it (RFC 8301 §3.2), rather than this one.
        forbidden: bool,
    },
    /// The key is too long; see [`Policy::max_rsa_bits`](crate::Policy::max_rsa_bits).
    #[error("key of {bits} bits is too long")]
    KeyTooLong {
        /// Its length.
        bits: usize,
    },
    /// The backend does not take the key.
    #[error("{0}")]
    KeyRefused(RefusedKey),
    /// The backend does not have the hash.
    #[error("no backend for {0}")]
    NoBackend(Algorithm),
    /// The hash of the body is not `bh=` (§6.1.3, step 3).
    #[error("body hash did not verify")]
    BodyMismatch,
    /// The body is shorter than `l=` (§3.5).
    #[error("l={length} is more than the body's {octets} octets")]
    BodyTooShort {
        /// `l=`.
        length: u64,
        /// What the canonical body has.
        octets: u64,
    },
    /// The signature does not fit the header and the key (§6.1.3, step 4).
    #[error("signature did not verify")]
    SignatureMismatch,
    /// `l=` leaves a part of the body unsigned; see [`Policy::partial_body`](crate::Policy::partial_body).
    #[error("{unsigned} octets of the body are not signed")]
    PartialBody {
        /// How many octets are not signed.
        unsigned: u64,
    },
    /// `l=` is there at all; see [`Policy::partial_body`](crate::Policy::partial_body).
    #[error("l= is not accepted")]
    BodyLength,
    /// There are more From fields than are signed (§8.15); see
    /// [`Policy::accept_unsigned_from`](crate::Policy::accept_unsigned_from).
    #[error("a From field is not signed")]
    UnsignedFrom,
    /// A field is not signed that should be; see [`Policy::required_fields`](crate::Policy::required_fields).
    #[error("field {0} not signed")]
    RequiredField(String),
    /// There are too many signatures; see [`Policy::max_signatures`](crate::Policy::max_signatures).
    #[error("more than {limit} signatures")]
    TooManySignatures {
        /// The limit.
        limit: usize,
    },
    /// The header is too large; see [`Policy::header`](crate::Policy::header).
    #[error("{0}")]
    Header(HeaderError),
}

impl Cause {
    /// What a signature is worth for this cause.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::BodyMismatch | Self::SignatureMismatch => Verdict::Fail,
            Self::PartialBody { .. }
            | Self::BodyLength
            | Self::UnsignedFrom
            | Self::RequiredField(_)
            | Self::Future { .. }
            | Self::KeyTooLong { .. }
            | Self::KeyTooShort { forbidden: false, .. } => Verdict::Policy,
            Self::KeyRefused(RefusedKey::Malformed) => Verdict::PermError,
            Self::KeyRefused(_) | Self::NoBackend(_) | Self::Header(_) => Verdict::Neutral,
            Self::KeyUnavailable => Verdict::TempError,
            Self::TooManySignatures { .. } => Verdict::Skipped,
            _ => Verdict::PermError,
        }
    }
}
