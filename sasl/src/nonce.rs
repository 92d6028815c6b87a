use crate::{MessageError, MessageErrorKind as Kind};
use alloc::{borrow::ToOwned as _, string::String};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use core::fmt;

/// Random characters that are used for one exchange and never again: visible ASCII without a comma (RFC 5802
/// §5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce {
    text: String,
}

impl Nonce {
    /// The most octets of a nonce.
    pub const MAX_OCTETS: usize = 256;

    /// From 144 random bits, written as base64.
    #[must_use]
    pub fn from_entropy(entropy: [u8; 18]) -> Self {
        Self { text: STANDARD.encode(entropy) }
    }

    /// A nonce that was made elsewhere.
    ///
    /// # Errors
    /// Where it is empty, longer than [`MAX_OCTETS`](Self::MAX_OCTETS), or holds a comma or anything but
    /// visible ASCII.
    pub fn parse(text: &str) -> Result<Self, MessageError> {
        let kind = match text.bytes().position(|octet| !is_printable(octet)) {
            Some(at) => return Err(MessageError { kind: Kind::Syntax, at }),
            None if text.is_empty() => Kind::Empty,
            None if text.len() > Self::MAX_OCTETS => Kind::TooLong,
            None => return Ok(Self { text: text.to_owned() }),
        };
        Err(MessageError { kind, at: text.len() })
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// `printable`, RFC 5802 §7: visible ASCII without the comma.
pub(crate) fn is_printable(octet: u8) -> bool {
    octet.is_ascii_graphic() && octet != b','
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_visible_ascii_without_a_comma() {
        let nonce = Nonce::from_entropy([0xff; 18]);
        assert_eq!(nonce.as_str(), "////////////////////////");
        assert_eq!(Nonce::parse(nonce.as_str()), Ok(nonce));
        assert_eq!(Nonce::parse("a,b"), Err(MessageError { kind: Kind::Syntax, at: 1 }));
        assert_eq!(Nonce::parse("a b"), Err(MessageError { kind: Kind::Syntax, at: 1 }));
        assert_eq!(Nonce::parse("abé"), Err(MessageError { kind: Kind::Syntax, at: 2 }));
        assert_eq!(Nonce::parse(""), Err(MessageError { kind: Kind::Empty, at: 0 }));
        assert_eq!(Nonce::parse(&"a".repeat(257)), Err(MessageError { kind: Kind::TooLong, at: 257 }));
    }
}
