//! `i=`: on whose behalf a message is signed (RFC 6376 §3.5).

use crate::{
    encoding::{decode_quoted_printable, encode_quoted_printable},
    grammar,
};
use alloc::string::String;
use core::fmt;
use mail_base::{Name, name::ToAscii};

/// The agent or user on whose behalf a message is signed (AUID). It looks like an address, and need not be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    local_part: Option<String>,
    domain: Name,
}

impl Identity {
    /// Makes an identity; the local part may be left out. `None` where it holds a control character.
    #[must_use]
    pub fn new(local_part: Option<&str>, domain: Name) -> Option<Self> {
        let local_part = local_part.filter(|local_part| !local_part.is_empty());
        if local_part.is_some_and(|local_part| local_part.chars().any(char::is_control)) {
            return None;
        }
        Some(Self { local_part: local_part.map(String::from), domain })
    }

    /// Any user of a domain.
    pub(super) fn any(domain: Name) -> Self {
        Self { local_part: None, domain }
    }

    /// What stands before the `@`, decoded.
    #[must_use]
    pub fn local_part(&self) -> Option<&str> {
        self.local_part.as_deref()
    }

    /// What stands after the `@`: the signing domain, or one below it.
    #[must_use]
    pub fn domain(&self) -> &Name {
        &self.domain
    }

    /// ```text
    /// sig-i-tag = %x69 [FWS] "=" [FWS] [ Local-part ] "@" domain-name      ; dkim-quoted-printable
    /// ```
    pub(super) fn parse(value: &[u8], to_ascii: Option<ToAscii>) -> Option<Self> {
        let value = decode_quoted_printable(value).ok()?;
        let at = value.iter().rposition(|&octet| octet == b'@')?;
        let (local_part, domain) = value.split_at_checked(at)?;
        let domain = grammar::domain(domain.get(1..)?, 2, to_ascii)?;
        Self::new(Some(core::str::from_utf8(local_part).ok()?), domain)
    }

    /// As a tag value.
    pub(super) fn quoted(&self) -> String {
        let mut text = encode_quoted_printable(self.local_part().unwrap_or("").as_bytes(), |_| false);
        text.push('@');
        text.push_str(self.domain.as_str());
        text
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local_part().unwrap_or(""), self.domain)
    }
}
