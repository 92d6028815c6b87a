//! What is wrong with an input, and where.

use crate::tag::Tag;
use mail_base::name::NameErrorKind;
use thiserror::Error;

/// Why a text is no DMARC record at all. What is wrong inside a record is a [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct RecordError {
    /// The rule that is broken.
    pub kind: RecordErrorKind,
    /// The offset of the place.
    pub at: usize,
}

/// The rules that make a text a record (RFC 9989 §4.7: otherwise "the entire record MUST be ignored").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecordErrorKind {
    /// The first tag is not `v`.
    #[error("the text does not begin with a version tag")]
    NoVersion,
    /// The version is not `DMARC1`, in capitals.
    #[error("the version is not DMARC1")]
    Version,
    /// More than [`MAX_RECORD`](crate::limits::MAX_RECORD) octets.
    #[error("the record is too long")]
    TooLong,
}

/// A piece of a record that is left out because its syntax is wrong (RFC 9989 §4.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct Fault {
    /// The rule that is broken.
    pub kind: FaultKind,
    /// The offset of the place in the record.
    pub at: usize,
}

/// The rules inside a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FaultKind {
    /// Nothing before a semicolon.
    #[error("a tag is empty")]
    Empty,
    /// What stands before the equals sign is no tag name.
    #[error("a tag name has an octet that it may not have")]
    Name,
    /// No equals sign.
    #[error("a tag has no equals sign")]
    NoValue,
    /// The value does not follow the tag's rule; the tag's default holds.
    #[error("the value of \"{0}\" is not valid")]
    Value(Tag),
    /// The tag stands there a second time; the first holds.
    #[error("\"{0}\" is given again")]
    Duplicate(Tag),
    /// An address for reports cannot be used.
    #[error("in \"{0}\", {1}")]
    Uri(Tag, UriErrorKind),
}

/// Why an address for reports cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct UriError {
    /// The rule that is broken.
    pub kind: UriErrorKind,
    /// The offset of the place.
    pub at: usize,
}

/// The rules of an address for reports (RFC 9989 §4.8, RFC 3986, RFC 6068).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UriErrorKind {
    /// Nothing between two commas.
    #[error("an address is empty")]
    Empty,
    /// It does not begin with a scheme and a colon.
    #[error("an address has no scheme")]
    Scheme,
    /// An octet that no URI has, or that must be percent-encoded.
    #[error("an address has an octet that no URI has")]
    Octet,
    /// A percent sign without two hexadecimal digits.
    #[error("a percent sign is not followed by two hexadecimal digits")]
    Percent,
    /// A `mailto` that does not name one mailbox at a domain.
    #[error("a mailto address does not name one mailbox")]
    Mailbox,
}

/// Why the author's domain cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct AuthorError {
    /// What is wrong.
    pub kind: AuthorErrorKind,
    /// The offset of the place: in the header for [`Authors::from_header`](crate::Authors::from_header), in the
    /// field's value for [`Authors::from_value`](crate::Authors::from_value).
    pub at: usize,
}

/// What can be wrong with a From field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AuthorErrorKind {
    /// There is no From field.
    #[error("there is no From field")]
    NoField,
    /// There is more than one From field (RFC 5322 §3.6 allows one): which of them is shown is for each mail
    /// client to choose.
    #[error("there is more than one From field")]
    SeveralFields,
    /// The field holds no address.
    #[error("the From field holds no address")]
    NoAddress,
    /// Addresses of more than [`MAX_AUTHOR_DOMAINS`](crate::limits::MAX_AUTHOR_DOMAINS) domains.
    #[error("the From field names too many domains")]
    TooMany,
    /// A NUL, or a CR that begins no fold. Mail clients cut, drop or show what follows, each in its way.
    #[error("the From field holds a control character")]
    Control,
    /// A quoted string is not closed.
    #[error("a quoted string in the From field is not closed")]
    Quote,
    /// A comment is not closed.
    #[error("a comment in the From field is not closed")]
    Comment,
    /// Comments are nested too deep.
    #[error("comments in the From field are nested too deep")]
    Depth,
    /// An address in angle brackets is not closed, or something follows it.
    #[error("an address in angle brackets is not closed, or something follows it")]
    Angle,
    /// A group is not closed, or a group stands in a group.
    #[error("a group of addresses is not closed, or holds another group")]
    Group,
    /// A name before an address holds another address, unquoted and of another domain.
    #[error("the name before an address holds another address")]
    AddressInName,
    /// An address has no local part, no domain, or more than one `@`.
    #[error("an address is not of the form local-part@domain")]
    Address,
    /// Something stands where it may not.
    #[error("the From field has a character where it may not stand")]
    Syntax,
    /// The address is at a literal such as `[192.0.2.1]`, which no record can be published for.
    #[error("an address is at an address literal, not at a domain")]
    Literal,
    /// The domain is none.
    #[error("the domain of an address is not valid: {}", name_rule(*.0))]
    Domain(NameErrorKind),
}

fn name_rule(kind: NameErrorKind) -> &'static str {
    match kind {
        NameErrorKind::Empty => "it is empty",
        NameErrorKind::TooLong => "it is too long",
        NameErrorKind::EmptyLabel => "a label is empty",
        NameErrorKind::LabelTooLong => "a label is too long",
        NameErrorKind::Unicode => "it has no ASCII form",
        _ => "it has an octet that it may not have",
    }
}
