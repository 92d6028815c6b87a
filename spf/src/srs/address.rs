//! Addresses and their parts.

use super::{MAX_ADDRESS, SrsError};
use alloc::{borrow::Cow, string::String};
use core::fmt;
use mail_base::{
    lex::{is_atext, is_dot_atom},
    write::quoted_string,
};

/// An address in its two parts.
pub(super) struct Address<'a> {
    /// What the local part says: without quotation marks, where it is quoted (RFC 5321 §4.1.2).
    pub(super) local_part: Cow<'a, str>,
    pub(super) host: &'a str,
}

impl<'a> Address<'a> {
    /// Cuts an address at its last `@`. Whatever it is put into then, it stays an address.
    pub(super) fn parse(address: &'a str) -> Result<Self, SrsError> {
        if address.len() > MAX_ADDRESS {
            return Err(SrsError::TooLong);
        }
        if address.chars().any(char::is_control) {
            return Err(SrsError::Character);
        }
        let (local_part, host) = match address.rsplit_once('@') {
            Some((local_part, host)) if !local_part.is_empty() && !host.is_empty() => (local_part, host),
            _ => return Err(SrsError::NoAddress),
        };
        if !is_host(host) {
            return Err(SrsError::Domain);
        }
        Ok(Self { local_part: unquoted(local_part)?, host })
    }
}

/// Whether a text may be a domain or an address literal. It has no equals sign, which would end the host of a rewritten
/// address too early.
pub(super) fn is_host(host: &str) -> bool {
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || octet >= 0x80 || b".-_".contains(&octet);
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(literal) => literal.bytes().all(|octet| is_plain(octet) || octet == b':'),
        None => !host.is_empty() && host.bytes().all(is_plain),
    }
}

/// What a local part says. Dots may stand anywhere: there are hosts whose users have them so.
fn unquoted(local_part: &str) -> Result<Cow<'_, str>, SrsError> {
    let Some(quoted) = local_part.strip_prefix('"') else {
        let is_plain = local_part.bytes().all(|octet| is_atext(octet) || octet == b'.');
        return if is_plain { Ok(Cow::Borrowed(local_part)) } else { Err(SrsError::LocalPart) };
    };
    let quoted = quoted.strip_suffix('"').ok_or(SrsError::LocalPart)?;
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Err(SrsError::LocalPart),
            '\\' => text.push(characters.next().ok_or(SrsError::LocalPart)?),
            _ => text.push(character),
        }
    }
    if text.is_empty() { Err(SrsError::NoAddress) } else { Ok(Cow::Owned(text)) }
}

/// Writes the local part as a dot-atom, or else as a quoted string.
impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_dot_atom(self.local_part.as_bytes()) {
            write!(f, "{}@{}", self.local_part, self.host)
        } else {
            write!(f, "{}@{}", quoted_string(&self.local_part), self.host)
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Srs0,
    Srs1,
}

/// A local part that begins with one of the tags, in any case, and a separator.
pub(super) struct Tagged<'a> {
    pub(super) tag: Tag,
    /// What stands behind the tag, separator and all.
    pub(super) opaque: &'a str,
    /// What stands behind the separator.
    pub(super) rest: &'a str,
}

impl<'a> Tagged<'a> {
    pub(super) fn parse(local_part: &'a str) -> Option<Self> {
        let (tag, opaque) = local_part.split_at_checked(4)?;
        let tag = match tag {
            tag if tag.eq_ignore_ascii_case("SRS0") => Tag::Srs0,
            tag if tag.eq_ignore_ascii_case("SRS1") => Tag::Srs1,
            _ => return None,
        };
        let rest = opaque.strip_prefix(['=', '-', '+'])?;
        Some(Self { tag, opaque, rest })
    }

    /// The hash of an `SRS1`, the host of the first forwarder, and what stood there behind `SRS0`, separator and all.
    pub(super) fn srs1_fields(&self) -> Result<(&'a str, &'a str, &'a str), SrsError> {
        let mut fields = self.rest.splitn(3, '=');
        let mut field = || fields.next().filter(|field| !field.is_empty()).ok_or(SrsError::Format);
        let (hash, host, opaque) = (field()?, field()?, field()?);
        let is_opaque = opaque.starts_with(['=', '-', '+']);
        if is_opaque && is_host(host) { Ok((hash, host, opaque)) } else { Err(SrsError::Format) }
    }
}
