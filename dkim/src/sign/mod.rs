//! Signing in one pass.
//!
//! ```text
//!  write(piece)…                     finish()                     sign_with(key), or digest out, attach(signature)
//!  ┌────────────────────┐  body  ┌──────────────┐  one Unsigned  ┌──────────┐
//!  │ header: kept whole │ ─────► │ hashed once  │ ─────────────► │ Unsigned │ ──► SignatureField
//!  └────────────────────┘        └──────────────┘  a template    └──────────┘
//! ```
//!
//! The key comes last, so that it can be anywhere: in memory, in a module that signs digests, behind a network
//! that is awaited.

mod field;
mod selection;
mod signer;
mod template;

pub use field::{SignatureField, Unsigned};
pub use signer::Signer;
pub use template::{DEFAULT_OVERSIGNED, DEFAULT_SIGNED, Template};

use crate::{algorithm::Algorithm, backend::RefusedKey};
use mail_base::fields::HeaderError;

/// Why a message is not signed: what is signed must be what a receiver accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// The header is too large.
    #[error("{0}")]
    Header(HeaderError),
    /// The message has no From field (RFC 5322 §3.6).
    #[error("the message has no From field")]
    NoFrom,
    /// The message has several From fields: no receiver should accept that (RFC 6376 §8.15).
    #[error("the message has {count} From fields")]
    SeveralFrom {
        /// How many.
        count: usize,
    },
    /// A line of the header is no field.
    #[error("a line of the header is no field (at octet {at})")]
    MalformedField {
        /// Its offset in the header.
        at: usize,
    },
    /// A line of the header ends in a bare LF, which a relay will change (RFC 6376 §5.3); see
    /// [`Signer::line_ends`].
    #[error("a line of the header ends in a bare LF")]
    BareLineFeed,
    /// The header has a CR without LF, which some readers take for the end of a line, and a relay may change (RFC 6376
    /// §5.3); see [`Signer::line_ends`].
    #[error("the header has a bare CR")]
    BareCarriageReturn,
    /// The template does not sign From (RFC 6376 §5.4).
    #[error("the template does not sign From")]
    FromNotSigned,
    /// The template's algorithm may not be used (RFC 8301 §3.1), or the backend does not have it.
    #[error("{0} may not be used")]
    Algorithm(Algorithm),
    /// The template's domain is none of two labels or more, as `d=` must be (RFC 6376 §3.5).
    #[error("d= is no domain name")]
    Domain,
    /// The template's selector is none.
    #[error("s= is no selector")]
    Selector,
    /// The domain of the template's identity is neither its domain nor below it.
    #[error("the domain of i= is not within d=")]
    ForeignIdentity,
    /// The time of the signature or that at which it expires has more than twelve digits (RFC 6376 §3.5): it is not
    /// in seconds, or meant to be never.
    #[error("t= or x= has more than twelve digits")]
    Time,
    /// A line of the field would be longer than 998 octets (RFC 5322 §2.1.1): the identity, or a name in `h=`.
    #[error("a line of the field would be too long")]
    LongLine,
    /// The name of the key would be too long for the DNS.
    #[error("the name of the key is too long")]
    KeyName,
    /// The key is not of the kind that the template names.
    #[error("the key signs with {key}, the template wants {template}")]
    OtherKey {
        /// What the key signs with.
        key: Algorithm,
        /// What the template wants.
        template: Algorithm,
    },
    /// The signature that was attached has not the length of one.
    #[error("{octets} octets are no signature")]
    SignatureLength {
        /// Its length.
        octets: usize,
    },
    /// The key cannot sign.
    #[error("{0}")]
    Key(#[from] RefusedKey),
}
