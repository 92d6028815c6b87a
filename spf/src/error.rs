//! Why a text is no SPF record.

use core::fmt;
use thiserror::Error;

/// Why a text is no SPF record, or no macro string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// The rule that is broken.
    pub kind: RecordErrorKind,
    /// The offset, in octets, of the place.
    pub at: usize,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at octet {})", self.kind, self.at)
    }
}

impl core::error::Error for RecordError {}

/// The rules of a record (RFC 7208 §12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecordErrorKind {
    /// The text does not begin with `v=spf1` and a space or the end.
    #[error("not a v=spf1 record")]
    Version,
    /// More than [`MAX_OCTETS`](crate::record::MAX_OCTETS) octets.
    #[error("a record has more than 65535 octets")]
    TooLong,
    /// An octet that is neither visible ASCII nor a space between terms.
    #[error("an octet that no record may have")]
    Octet,
    /// A term that begins with no name.
    #[error("a term without a name")]
    Name,
    /// A mechanism that RFC 7208 does not know.
    #[error("an unknown mechanism")]
    Mechanism,
    /// A qualifier before a modifier.
    #[error("a qualifier before a modifier")]
    Qualifier,
    /// `redirect` or `exp` a second time.
    #[error("a modifier that may come once comes twice")]
    Duplicate,
    /// A `:` or `/` after a mechanism that has none.
    #[error("an argument that the mechanism does not take")]
    Argument,
    /// No domain where there must be one, or an empty one.
    #[error("a domain is missing")]
    NoDomain,
    /// A domain that ends in neither a macro nor a dot and a top label. An address in the place of a domain is
    /// the usual reason.
    #[error("a domain does not end in a top-level label")]
    TopLabel,
    /// A `%` that begins no macro, or a macro that is not closed.
    #[error("a percent sign that begins no macro")]
    Percent,
    /// A macro letter that does not exist.
    #[error("an unknown macro letter")]
    Letter,
    /// One of the macro letters `c`, `r` and `t` outside an explanation.
    #[error("a macro letter that only an explanation may have")]
    ExplanationLetter,
    /// A macro that keeps zero parts.
    #[error("a macro that keeps no part")]
    Digits,
    /// Not four decimal numbers up to 255.
    #[error("not an IPv4 network")]
    Ip4,
    /// Not an IPv6 address.
    #[error("not an IPv6 network")]
    Ip6,
    /// A prefix length that is no number, has a leading zero, or is too large.
    #[error("not a prefix length")]
    PrefixLength,
    /// A macro string that expands to more than [`MAX_EXPANSION`](crate::macros::MAX_EXPANSION) octets.
    #[error("a macro expands to too much")]
    Expansion,
}
