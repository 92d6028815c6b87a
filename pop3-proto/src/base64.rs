//! What SASL says, in the base64 of RFC 4648 §4 that AUTH carries it in (RFC 5034 §4).

use alloc::{borrow::Cow, string::String, vec::Vec};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use core::fmt;
use mail_base::Secret;

/// Octets in base64, never printed by `Debug`. An initial response of `=` is no octets.
#[derive(Clone)]
pub struct Base64<'a>(Secret<Cow<'a, str>>);

impl<'a> Base64<'a> {
    /// Encodes octets for an initial response: none are written as `=`.
    #[must_use]
    pub fn initial(octets: &[u8]) -> Base64<'static> {
        let text = if octets.is_empty() { String::from("=") } else { STANDARD.encode(octets) };
        Base64(Secret::new(Cow::Owned(text)))
    }

    /// What came as base64; [`decode`](Self::decode) tells whether it is.
    pub(crate) fn unchecked(text: &'a str) -> Self {
        Self(Secret::new(Cow::Borrowed(text)))
    }

    /// The text, for those who must have it.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The octets; `None` where the text is not base64 with all its padding. RFC 5034 §4 names `=AAA` and
    /// `AAA=BBB` as what must be refused.
    #[must_use]
    pub fn decode(&self) -> Option<Vec<u8>> {
        match self.expose() {
            "=" => Some(Vec::new()),
            text => decode(text.as_bytes()),
        }
    }
}

impl PartialEq for Base64<'_> {
    fn eq(&self, other: &Self) -> bool {
        Secret::new(self.expose().as_bytes()) == Secret::new(other.expose().as_bytes())
    }
}

impl Eq for Base64<'_> {}

impl fmt::Debug for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The octets of a line of base64.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Writes octets as base64, and CRLF.
pub(crate) fn write_line(octets: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(STANDARD.encode(octets).as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_base64_to_the_end_is_refused() {
        assert_eq!(Base64::unchecked("AGJvYg==").decode().unwrap(), b"\0bob");
        assert_eq!(Base64::unchecked("=").decode().unwrap(), b"");
        for broken in ["=AAA", "AAA=BBB", "AGJvYg", "AGJvYg=", "AG JvYg==", "*"] {
            assert_eq!(Base64::unchecked(broken).decode(), None, "{broken}");
        }
        assert_eq!(Base64::initial(b"").expose(), "=");
        assert_eq!(alloc::format!("{:?}", Base64::initial(b"x")), "[redacted]");
    }
}
