use alloc::string::String;
use core::fmt;
use zeroize::Zeroizing;

/// A user name or password that is ready to be hashed and compared: not empty, without NUL, and in the one form
/// that both sides agree on.
///
/// Two keyboards may give the same password as different code points. SASLprep (RFC 4013) makes them the same
/// again, and SCRAM wants it: a program MUST either apply it or stay within ASCII (RFC 5802 §2.2). So there are
/// three ways to get one.
///
/// - [`ascii`](Self::ascii) takes ASCII, on which SASLprep changes nothing, and refuses the rest;
/// - `saslprep` (feature `saslprep`) applies it;
/// - [`as_is`](Self::as_is) is for text that is prepared already, or that must go out as it is.
#[derive(Clone)]
pub struct Prepared {
    text: Zeroizing<String>,
}

impl Prepared {
    /// Takes ASCII without control characters.
    ///
    /// # Errors
    /// Where the text is empty, has a control character (RFC 4013 §2.3) or is not ASCII.
    pub fn ascii(text: &str) -> Result<Self, PrepareError> {
        match text.bytes().position(|octet| !matches!(octet, b' '..=b'~')) {
            None => Self::as_is(text),
            Some(at) => {
                let is_ascii = text.as_bytes().get(at).is_some_and(u8::is_ascii);
                let kind = if is_ascii { PrepareErrorKind::Prohibited } else { PrepareErrorKind::NotAscii };
                Err(PrepareError { kind, at })
            }
        }
    }

    /// Applies SASLprep (RFC 4013), as to a stored string: code points that Unicode 3.2 has not assigned are
    /// refused (RFC 3454 §7).
    ///
    /// # Errors
    /// Where the text has a character that is prohibited, mixes directions, or is empty once prepared. The place is
    /// that of the code point that is not assigned; of the others the library does not say it, and it is 0.
    #[cfg(feature = "saslprep")]
    pub fn saslprep(text: &str) -> Result<Self, PrepareError> {
        let prohibited = |at| PrepareError { kind: PrepareErrorKind::Prohibited, at };
        // the library looks behind the normalisation only, by which later versions of Unicode make some of them
        // others, that are assigned
        if let Some(at) = text.find(stringprep::tables::unassigned_code_point) {
            return Err(prohibited(at));
        }
        match stringprep::saslprep(text) {
            // a string that is not borrowed is a copy of the password, to be overwritten
            Ok(prepared) => Self::as_is(&Zeroizing::new(prepared.into_owned())),
            Err(_) => Err(prohibited(0)),
        }
    }

    /// Takes the text as it is, on the caller's word.
    ///
    /// # Errors
    /// Where it is empty or has a NUL, which no mechanism can carry.
    pub fn as_is(text: &str) -> Result<Self, PrepareError> {
        if text.is_empty() {
            return Err(PrepareError { kind: PrepareErrorKind::Empty, at: 0 });
        }
        match text.bytes().position(|octet| octet == 0) {
            Some(at) => Err(PrepareError { kind: PrepareErrorKind::Prohibited, at }),
            None => Ok(Self { text: Zeroizing::new(text.into()) }),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// It may be a password: not printed.
impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prepared(…)")
    }
}

/// Why text is no user name or password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at octet {at})")]
pub struct PrepareError {
    /// The rule that is broken.
    pub kind: PrepareErrorKind,
    /// The offset in octets.
    pub at: usize,
}

/// The rules of [`Prepared`] text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareErrorKind {
    /// There is nothing, or nothing is left.
    #[error("the text is empty")]
    Empty,
    /// A character that SASLprep prohibits.
    #[error("the text has a prohibited character")]
    Prohibited,
    /// A character that is not ASCII, and SASLprep was not applied.
    #[error("the text is not ASCII and not prepared")]
    NotAscii,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn refused(result: Result<Prepared, PrepareError>) -> (PrepareErrorKind, usize) {
        let error = result.unwrap_err();
        (error.kind, error.at)
    }

    #[test]
    fn ascii_is_prepared_and_the_rest_must_be() {
        assert_eq!(Prepared::ascii(" pen~cil ").unwrap().as_str(), " pen~cil ");
        assert_eq!(refused(Prepared::ascii("")), (PrepareErrorKind::Empty, 0));
        assert_eq!(refused(Prepared::ascii("a\tb")), (PrepareErrorKind::Prohibited, 1));
        assert_eq!(refused(Prepared::ascii("a\x7f")), (PrepareErrorKind::Prohibited, 1));
        assert_eq!(refused(Prepared::ascii("aü")), (PrepareErrorKind::NotAscii, 1));
    }

    #[test]
    fn no_way_lets_an_empty_text_or_a_nul_in() {
        assert_eq!(Prepared::as_is("ü").unwrap().as_str(), "ü");
        assert_eq!(refused(Prepared::as_is("")), (PrepareErrorKind::Empty, 0));
        assert_eq!(refused(Prepared::as_is("a\0")), (PrepareErrorKind::Prohibited, 1));
    }

    #[test]
    #[cfg(feature = "saslprep")]
    fn saslprep_maps_and_refuses() {
        assert_eq!(Prepared::saslprep("I\u{ad}X").unwrap().as_str(), "IX");
        assert_eq!(refused(Prepared::saslprep("\u{ad}")), (PrepareErrorKind::Empty, 0));
        assert_eq!(refused(Prepared::saslprep("\u{627}1")), (PrepareErrorKind::Prohibited, 0));
    }

    #[test]
    fn a_password_is_not_printed() {
        assert_eq!(format!("{:?}", Prepared::ascii("pencil").unwrap()), "Prepared(…)");
    }

    #[cfg(feature = "saslprep")]
    #[test]
    fn what_unicode_32_has_not_assigned_is_refused_whatever_it_would_become() {
        // unassigned in 3.2; today NFKC makes the first two a sigma and an A
        for unassigned in ['\u{3f9}', '\u{1d2c}', '\u{221}', '\u{378}'] {
            let error = Prepared::saslprep(&format!("Iü{unassigned}")).unwrap_err();
            assert_eq!((error.kind, error.at), (PrepareErrorKind::Prohibited, 3), "{unassigned:?}");
        }
        assert_eq!(Prepared::saslprep("\u{2168}ü").unwrap().as_str(), "IXü");
    }
}
