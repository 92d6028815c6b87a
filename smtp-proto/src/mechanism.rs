//! The names of SASL mechanisms (RFC 4422 §3.1).

use crate::error::{TextError, TextErrorKind};
use core::fmt;

/// The most octets of a name.
const MAX: usize = 20;

/// The name of a SASL mechanism, in upper case.
///
/// ```
/// use smtp_proto::Mechanism;
///
/// assert_eq!(Mechanism::new("scram-sha-256")?.as_str(), "SCRAM-SHA-256");
/// assert!(Mechanism::new("PL@IN").is_err());
/// # Ok::<(), smtp_proto::TextError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mechanism {
    name: [u8; MAX],
    length: usize,
}

impl Mechanism {
    /// Takes a name in any case.
    ///
    /// ```text
    /// sasl-mech = 1*20mech-char
    /// mech-char = UPPER-ALPHA / DIGIT / HYPHEN / UNDERSCORE
    /// ```
    ///
    /// # Errors
    /// A [`TextError`] says what may not stand there, and where.
    pub fn new(name: &str) -> Result<Self, TextError> {
        let is_other = |octet: u8| !octet.is_ascii_alphanumeric() && octet != b'-' && octet != b'_';
        match name.bytes().position(is_other) {
            _ if name.is_empty() => Err(TextError { kind: TextErrorKind::Empty, at: 0 }),
            Some(at) => Err(TextError { kind: TextErrorKind::Octet, at }),
            None => Self::checked(name.as_bytes()).ok_or(TextError { kind: TextErrorKind::TooLong, at: MAX }),
        }
    }

    /// A name whose octets have been looked at; `None` where there are too many, or none.
    #[inline(always)]
    pub(crate) fn checked(octets: &[u8]) -> Option<Self> {
        let length = octets.len();
        if length == 0 {
            return None;
        }
        let mut name = [0; MAX];
        name.get_mut(..length)?.copy_from_slice(octets);
        name.make_ascii_uppercase();
        Some(Self { name, length })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        crate::text::known(self.name.get(..self.length).unwrap_or(b""))
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_up_to_twenty_octets() {
        assert_eq!(Mechanism::new("x-Y_9").unwrap().as_str(), "X-Y_9");
        assert_eq!(Mechanism::new("plain").unwrap(), Mechanism::new("PLAIN").unwrap());
        assert_eq!(Mechanism::new("A2345678901234567890").unwrap().as_str().len(), 20);
        let error = |name| Mechanism::new(name).map_err(|error| (error.kind, error.at)).unwrap_err();
        assert_eq!(error(""), (TextErrorKind::Empty, 0));
        assert_eq!(error("A23456789012345678901"), (TextErrorKind::TooLong, 20));
        assert_eq!(error("PL@IN"), (TextErrorKind::Octet, 2));
        assert_eq!(error("PLAIN X"), (TextErrorKind::Octet, 5));
        assert_eq!(error("\u{e9}"), (TextErrorKind::Octet, 0));
    }
}
