//! What a receiver accepts.

use crate::{secret::MIN_RSA_BITS, signature::FieldNames};
use mail_base::{fields::HeaderLimits, name::ToAscii};

/// What a receiver accepts. The default is what RFC 6376 and RFC 8301 tell receivers, and where they leave it
/// open, what keeps a signature from vouching for more than was signed.
///
/// ```
/// let mut policy = dkim::Policy::default();
/// policy.max_signatures = 4;
/// policy.line_ends = dkim::LineEnds::Normalise; // the message comes from a file of a Unix system
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Policy {
    /// What is made of line ends that are not CRLF. Default: [`LineEnds::AsReceived`].
    pub line_ends: LineEnds,
    /// What `l=` may leave unsigned. Default: [`PartialBody::NothingAdded`].
    pub partial_body: PartialBody,
    /// Whether a signature that has expired (`x=`) still counts (RFC 6376 §3.5). Default: no. Forensics, and
    /// mail that was held up on this side, want yes.
    pub accept_expired: bool,
    /// Whether a signature counts that says it was made in the future (`t=`, §3.5). Default: no.
    pub accept_future: bool,
    /// How far the signer's clock and ours may be apart, in seconds. Default: 300.
    pub clock_skew: u64,
    /// The shortest RSA key, in bits. Default: 1024. Less than that no receiver may accept (RFC 8301 §3.2): only
    /// with `Policy::legacy` it makes a difference.
    pub min_rsa_bits: usize,
    /// The longest RSA key, in bits. Default: 4096, the most that a receiver must take (RFC 8301 §3.2): the
    /// time that a verification takes grows with the square.
    pub max_rsa_bits: usize,
    /// Fields that must be signed where the message has them, besides From. Default: none.
    pub required_fields: FieldNames,
    /// Whether a message counts as signed that has more From fields than are signed (§8.15). Default: no.
    pub accept_unsigned_from: bool,
    /// The most signatures that are looked at, from the top; the rest are reported as skipped (§8.4). Default:
    /// 10.
    pub max_signatures: usize,
    /// The most key records of one selector that are tried, where several are published (§3.6.2.2). Default: 4.
    pub max_key_records: usize,
    /// How large a header may be.
    pub header: HeaderLimits,
    /// Reads domains outside ASCII (RFC 8616). Default: none, they are refused. With the feature `idna`,
    /// `Name::parse_idna` is such a function.
    pub to_ascii: Option<ToAscii>,
    /// Whether rsa-sha1 is verified, and RSA keys that are too short.
    pub(crate) is_legacy: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            line_ends: LineEnds::default(),
            partial_body: PartialBody::default(),
            accept_expired: false,
            accept_future: false,
            clock_skew: 300,
            min_rsa_bits: MIN_RSA_BITS,
            max_rsa_bits: 4096,
            required_fields: FieldNames::default(),
            accept_unsigned_from: false,
            max_signatures: 10,
            max_key_records: 4,
            header: HeaderLimits::default(),
            to_ascii: None,
            is_legacy: false,
        }
    }
}

impl Policy {
    /// The shortest RSA key that counts, in bits.
    pub(crate) fn shortest_rsa(&self) -> usize {
        if self.is_legacy { self.min_rsa_bits } else { self.min_rsa_bits.max(MIN_RSA_BITS) }
    }

    /// RFC 6376 as it was before RFC 8301: rsa-sha1 is verified, and RSA keys from 512 bits on. For tests and
    /// forensics: such signatures can be forged. Only the backend `RustCrypto` has what it takes.
    #[cfg(feature = "legacy")]
    #[must_use]
    pub fn legacy() -> Self {
        Self { is_legacy: true, min_rsa_bits: 512, ..Self::default() }
    }
}

/// What is made of line ends that are not CRLF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnds {
    /// A CR or LF that stands alone is an octet like any other, as it was for a signer that sent it (RFC 6376
    /// §5.3 tells signers not to).
    #[default]
    AsReceived,
    /// A CR or LF that stands alone is made CRLF first: for messages that were stored with the line ends of the
    /// system, and for signers before submission (§5.3).
    Normalise,
}

/// What the body length limit, `l=`, may leave unsigned (RFC 6376 §8.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartialBody {
    /// `l=` may be there, but nothing may have been added behind what is signed.
    #[default]
    NothingAdded,
    /// No signature with `l=` counts.
    Refuse,
    /// What was added is not looked at. Whoever shows such a message must mark or cut off what is not signed.
    Accept,
}
