//! Why a field is no signature.

use mail_base::tags::TagErrorKind;

/// Why a field is no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at octet {at})")]
pub struct SignatureError {
    /// The rule that is broken.
    pub kind: SignatureErrorKind,
    /// The offset of the place in the value of the field.
    pub at: usize,
}

/// The rules of a signature (RFC 6376 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureErrorKind {
    /// It is no list of tags.
    #[error("the tag list is broken: {}", tag_rule(*.0))]
    Tag(TagErrorKind),
    /// A tag comes twice.
    #[error("a tag comes twice")]
    Duplicate,
    /// A value has an octet that it may not have.
    #[error("a tag value has an octet that it may not have")]
    Octet,
    /// A tag that must be there is not.
    #[error("there is no {0}= tag")]
    Missing(&'static str),
    /// `v=` is not 1.
    #[error("v= is not 1")]
    Version,
    /// `a=` is no algorithm that is known.
    #[error("a= is no algorithm that is known")]
    Algorithm,
    /// `b=` or `bh=` is no base64, or empty.
    #[error("b= or bh= is no base64")]
    Base64,
    /// `c=` is no pair of canonical forms that are known.
    #[error("c= is no canonical form that is known")]
    Canonicalization,
    /// `d=` is no domain name of two labels or more.
    #[error("d= is no domain name")]
    Domain,
    /// `s=` is no selector.
    #[error("s= is no selector")]
    Selector,
    /// `h=` is no list of field names.
    #[error("h= is no list of field names")]
    Fields,
    /// `i=` is no identity.
    #[error("i= is no identity")]
    Identity,
    /// The domain of `i=` is neither `d=` nor below it.
    #[error("the domain of i= is not within d=")]
    ForeignIdentity,
    /// `l=`, `t=` or `x=` is no number.
    #[error("l=, t= or x= is no number")]
    Number,
    /// `x=` is not after `t=`.
    #[error("x= is not after t=")]
    Expiration,
    /// `q=` does not have `dns/txt`.
    #[error("q= does not have dns/txt")]
    Query,
    /// `z=` is no list of copied fields.
    #[error("z= is no list of fields")]
    CopiedFields,
}

pub(crate) fn tag_rule(kind: TagErrorKind) -> &'static str {
    match kind {
        TagErrorKind::Empty => "a tag is empty",
        TagErrorKind::Name => "a tag name has an octet that it may not have",
        TagErrorKind::NoValue => "a tag has no equals sign",
        _ => "a tag cannot be read",
    }
}
