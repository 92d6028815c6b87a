//! Text that can stand in a line: what is built cannot hold CR, LF or NUL.

use crate::error::{TextError, TextErrorKind};
use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;
use mail_base::scan;

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $is_allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name<'a>(Cow<'a, str>);

        impl<'a> $name<'a> {
            /// Checks a text.
            ///
            /// # Errors
            /// A [`TextError`] says what may not stand there, and where.
            pub fn new(text: impl Into<Cow<'a, str>>) -> Result<Self, TextError> {
                let text = text.into();
                check(&text, $is_allowed)?;
                Ok(Self(text))
            }

            /// A text that has been checked already.
            pub(crate) fn checked(text: &'a str) -> Self {
                debug_assert_eq!(check(text, $is_allowed), Ok(()));
                Self(Cow::Borrowed(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The same, borrowing nothing.
            #[must_use]
            pub fn into_owned(self) -> $name<'static> {
                $name(Cow::Owned(self.0.into_owned()))
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl<'a> TryFrom<&'a str> for $name<'a> {
            type Error = TextError;

            fn try_from(text: &'a str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name<'static> {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl PartialEq<str> for $name<'_> {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name<'_> {
            fn eq(&self, other: &&str) -> bool {
                self.0 == **other
            }
        }
    };
}

checked_text! {
    /// Text without control characters; not empty, and without spaces at its ends.
    Text, |octet| octet >= b' ' && octet != 0x7f
}

checked_text! {
    /// Text without control characters and without spaces; not empty.
    Word, |octet| octet > b' ' && octet != 0x7f
}

fn check(text: &str, is_allowed: impl Fn(u8) -> bool) -> Result<(), TextError> {
    if text.is_empty() {
        return Err(TextError { kind: TextErrorKind::Empty, at: 0 });
    }
    if let Some(at) = text.bytes().position(|octet| !is_allowed(octet)) {
        return Err(TextError { kind: TextErrorKind::Octet, at });
    }
    if text.starts_with(' ') {
        return Err(TextError { kind: TextErrorKind::Space, at: 0 });
    }
    if text.ends_with(' ') {
        return Err(TextError { kind: TextErrorKind::Space, at: text.len().saturating_sub(1) });
    }
    Ok(())
}

/// The text that octets are which are known to be UTF-8: a part, cut at octets of ASCII, of what has been looked at.
#[inline]
pub(crate) fn known(octets: &[u8]) -> &str {
    core::str::from_utf8(octets).unwrap_or("")
}

/// A number of at most so many digits, and nothing else.
pub(crate) fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number =
        !text.is_empty() && text.len() <= digits && text.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// A number of at most nineteen digits, all of which fit, and nothing else.
#[inline(always)]
pub(crate) fn whole_number(digits: &[u8]) -> Option<u64> {
    let mut number: u64 = 0;
    for octet in digits {
        let digit = octet.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
    }
    if (1..=19).contains(&digits.len()) { Some(number) } else { None }
}

/// Writes a number in decimal digits, without the detour through `format_args`.
pub(crate) fn write_number(number: u64, out: &mut Vec<u8>) {
    // twenty are enough for all
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut from = digits.len();
    for place in digits.iter_mut().rev() {
        let digit = u8::try_from(rest % 10).unwrap_or(0);
        *place = b'0'.wrapping_add(digit);
        rest /= 10;
        from = from.saturating_sub(1);
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(from..).unwrap_or(b""));
}

/// What stands before and behind the first such octet, which is ASCII. `str::split_once` does the same, slower on
/// texts this short.
#[inline]
pub(crate) fn split_once(text: &str, octet: u8) -> Option<(&str, &str)> {
    let at = scan::position(text.as_bytes(), octet)?;
    Some((text.get(..at)?, text.get(at.checked_add(1)?..)?))
}

/// The offset of the first control character.
#[inline]
pub(crate) fn position_of_control(octets: &[u8]) -> Option<usize> {
    if is_plain(octets) {
        return None;
    }
    octets.iter().position(|&octet| octet < b' ' || octet == 0x7f)
}

/// Whether all are ASCII and no control characters.
#[inline]
pub(crate) fn is_plain(octets: &[u8]) -> bool {
    lie_between::<b' '>(octets)
}

/// Whether all are ASCII, and neither control characters nor spaces.
#[inline]
pub(crate) fn is_visible(octets: &[u8]) -> bool {
    lie_between::<b'!'>(octets)
}

/// Whether all lie between `LEAST` and the last of ASCII that prints, eight octets at a time.
#[inline]
fn lie_between<const LEAST: u8>(octets: &[u8]) -> bool {
    let Some(last) = octets.last_chunk() else {
        return octets.iter().all(|octet| (LEAST..=b'~').contains(octet));
    };
    let (words, _) = octets.as_chunks::<8>();
    // some of the last eight may be looked at twice
    let others = |word: &[u8; 8]| scan::not_visible_from(u64::from_le_bytes(*word), LEAST);
    words.iter().chain([last]).fold(0, |found, word| found | others(word)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_found_wherever_they_stand() {
        for length in 0..30 {
            let mut octets = alloc::vec![b'a'; length];
            assert_eq!(position_of_control(&octets), None);
            for at in 0..length {
                for control in [0, b'\t', b'\r', 0x1f, 0x7f] {
                    octets[at] = control;
                    assert_eq!(position_of_control(&octets), Some(at), "{control} at {at} of {length}");
                }
                for plain in [b' ', b'~', 0x80, 0xff] {
                    octets[at] = plain;
                    assert_eq!(position_of_control(&octets), None, "{plain} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_read_and_written() {
        for number in [0, 9, 10, 1234, 9_999_999_999_999_999_999, u64::MAX] {
            let mut digits = Vec::new();
            write_number(number, &mut digits);
            assert_eq!(digits, alloc::format!("{number}").as_bytes());
            assert_eq!(whole_number(&digits), (digits.len() < 20).then_some(number));
        }
        for broken in ["", "-1", "+1", "1 ", "1a", "/", ":", "00000000000000000000"] {
            assert_eq!(whole_number(broken.as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn nothing_that_breaks_a_line_can_be_built() {
        let error = |text| {
            let error = Text::new(text).unwrap_err();
            (error.kind, error.at)
        };
        assert_eq!(error("a\r\nb"), (TextErrorKind::Octet, 1));
        assert_eq!(error("a\nb"), (TextErrorKind::Octet, 1));
        assert_eq!(error("\0"), (TextErrorKind::Octet, 0));
        assert_eq!(error("a "), (TextErrorKind::Space, 1));
        assert_eq!(error(" a"), (TextErrorKind::Space, 0));
        assert_eq!(error(""), (TextErrorKind::Empty, 0));
        assert_eq!(Text::new("a b ü").unwrap(), "a b ü");
        assert_eq!(Word::new("a b").unwrap_err(), TextError { kind: TextErrorKind::Octet, at: 1 });
    }
}
