//! What can be wrong with a field's text.

use thiserror::Error;

/// A text that is no [`Keyword`](crate::Keyword).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a word of letters, digits and hyphens")]
pub struct WordError;

/// Why a text is no Authentication-Results field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct FieldError {
    /// The rule that is broken.
    pub kind: FieldErrorKind,
    /// The offset in the field's value.
    pub at: usize,
}

/// The rules of the field (RFC 8601 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldErrorKind {
    /// More octets than [`ReadPolicy::octets`](crate::ReadPolicy::octets).
    #[error("the field is too long")]
    TooLong,
    /// More results than [`ReadPolicy::results`](crate::ReadPolicy::results).
    #[error("the field has too many results")]
    TooManyResults,
    /// A quoted string or a comment is not closed, or comments are nested too deep.
    #[error("a quoted string or a comment is not closed")]
    Words,
    /// Octets that are not UTF-8, or a control character.
    #[error("a value holds an octet that it may not hold")]
    Octets,
    /// No authserv-id.
    #[error("the authserv-id is missing")]
    AuthservId,
    /// A version that is no number, or is too large.
    #[error("the version is no number")]
    Version,
    /// No instance where `i=1..50;` must stand first (RFC 8617 §4.1.1).
    #[error("the instance is missing or not between 1 and 50")]
    Instance,
    /// Neither a result nor `none` after the semicolon.
    #[error("a method is missing")]
    Method,
    /// No `=` where one must stand.
    #[error("an equals sign is missing")]
    Equals,
    /// No result after the method.
    #[error("a result is missing")]
    Result,
    /// A property without its type, its dot or its name.
    #[error("a property is not of the form type.name=value")]
    Property,
    /// A value that is missing, or needs quotes.
    #[error("a value is missing or needs quotes")]
    Value,
    /// Something else where a semicolon or the end must stand.
    #[error("something stands where a semicolon or the end must")]
    Trailing,
}
