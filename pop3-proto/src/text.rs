//! Text that can stand in a line: what is built cannot hold CR, LF or NUL.

use crate::error::{TextError, TextErrorKind};
use core::fmt;
use mail_base::Secret;

/// Text without control characters; not empty.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Text<'a>(&'a str);

/// Text without control characters and without spaces; not empty.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Word<'a>(&'a str);

macro_rules! checked_text {
    ($name:ident, $lowest:literal) => {
        impl<'a> $name<'a> {
            /// Checks a text.
            ///
            /// # Errors
            /// A [`TextError`] says what may not stand there, and where.
            pub fn new(text: &'a str) -> Result<Self, TextError> {
                if text.is_empty() {
                    return Err(TextError { kind: TextErrorKind::Empty, at: 0 });
                }
                match text.bytes().position(|octet| octet < $lowest || octet == 0x7f) {
                    Some(at) => Err(TextError { kind: TextErrorKind::Octet, at }),
                    None => Ok(Self(text)),
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(self) -> &'a str {
                self.0
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.0)
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.0, f)
            }
        }

        impl<'a> TryFrom<&'a str> for $name<'a> {
            type Error = TextError;

            fn try_from(text: &'a str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl PartialEq<&str> for $name<'_> {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }
    };
}

checked_text!(Text, b' ');
checked_text!(Word, b'!');

/// A password as it stands behind PASS: every octet to the end of the line, spaces among them. Never printed by
/// `Debug`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Password<'a>(Secret<&'a [u8]>);

impl<'a> Password<'a> {
    /// Checks a password: not empty, and without CR, LF and NUL, which no line can carry.
    ///
    /// # Errors
    /// A [`TextError`] says which octet may not stand there.
    pub fn new(password: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, TextError> {
        let octets = password.as_ref();
        if octets.is_empty() {
            return Err(TextError { kind: TextErrorKind::Empty, at: 0 });
        }
        match octets.iter().position(|octet| matches!(octet, b'\r' | b'\n' | 0)) {
            Some(at) => Err(TextError { kind: TextErrorKind::Octet, at }),
            None => Ok(Self(Secret::new(octets))),
        }
    }

    /// The octets, for those who must have them.
    #[must_use]
    pub fn expose(&self) -> &'a [u8] {
        self.0.expose()
    }
}

/// The number of a message: 1 for the first. It stays the same for a whole session (RFC 1939 §4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(core::num::NonZeroU32);

impl Number {
    /// The first message.
    pub const FIRST: Self = Self(core::num::NonZeroU32::MIN);

    /// `None` for 0.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match core::num::NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number of the message at this place of a list that starts at 0.
    #[must_use]
    pub fn from_index(index: usize) -> Option<Self> {
        Self::new(u32::try_from(index.checked_add(1)?).ok()?)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// The place in a list that starts at 0.
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.get()).unwrap_or(usize::MAX).saturating_sub(1)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads digits up to something else; gives the number and how many there are. `None` where there are none, or
/// more than [`MOST_DIGITS`].
pub(crate) fn read_digits(octets: &[u8]) -> Option<(u64, usize)> {
    if let Some(few) = read_few_digits(octets) {
        return Some(few);
    }
    let mut number: u64 = 0;
    let mut length: usize = 0;
    for octet in octets {
        let digit = octet.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        // what wraps has too many digits, and is refused below
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        length = length.wrapping_add(1);
    }
    (length > 0 && length <= MOST_DIGITS).then_some((number, length))
}

/// Up to seven digits with something else behind them, all at once: numbers of messages are such.
fn read_few_digits(octets: &[u8]) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(*octets.first_chunk::<8>()?);
    // each octet that is a digit becomes its value
    let values = word ^ EACH.wrapping_mul(u64::from(b'0'));
    // the highest bit of each that is above 9; those behind the first may be wrong
    let others = (values.wrapping_add(EACH.wrapping_mul(0x76)) | values) & (EACH << 7);
    let bits = others.trailing_zeros() & !7;
    if bits == 0 || bits == u64::BITS {
        return None;
    }
    // zeros go before the first digit, which stands lowest; then pairs, fours and all eight are put together
    let values = values << (u64::BITS.saturating_sub(bits));
    let pairs = (values.wrapping_mul(0x0a01) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(0x0064_0001) >> 16) & 0x0000_ffff_0000_ffff;
    let number = fours.wrapping_mul(0x2710_0000_0001) >> 32;
    Some((number, usize::try_from(bits / 8).unwrap_or(0)))
}

/// The most digits of a number: so many always fit into 64 bits.
const MOST_DIGITS: usize = 19;

/// Writes a number in digits.
pub(crate) fn write_number(number: u64, out: &mut alloc::vec::Vec<u8>) {
    const MOST: usize = 20;
    let mut digits = [0_u8; MOST];
    let mut left = number;
    let mut start = MOST;
    for place in digits.iter_mut().rev() {
        // a remainder of ten fits
        *place = b'0' | u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        start = start.saturating_sub(1);
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(start..).unwrap_or(b""));
}

/// What stands behind the spaces at the start.
pub(crate) fn after_spaces(octets: &[u8]) -> &[u8] {
    let spaces = octets.iter().take_while(|octet| **octet == b' ').count();
    octets.get(spaces..).unwrap_or(b"")
}

/// What stands before the spaces and tabs at the end.
pub(crate) fn before_blanks(octets: &[u8]) -> &[u8] {
    let mut octets = octets;
    while let Some((b' ' | b'\t', rest)) = octets.split_last() {
        octets = rest;
    }
    octets
}

/// The offset of the first control character.
pub(crate) fn position_of_control(octets: &[u8]) -> Option<usize> {
    if all_ascii_from(b' ', octets) {
        return None;
    }
    octets.iter().position(|&octet| octet < b' ' || octet == 0x7f)
}

/// Whether every octet is one from `lowest` to 0x7E. Eight at a time: what is read here is short.
pub(crate) fn all_ascii_from(lowest: u8, octets: &[u8]) -> bool {
    let (words, _) = octets.as_chunks::<8>();
    let Some(last) = octets.last_chunk::<8>() else {
        return octets.iter().all(|octet| (lowest..=0x7e).contains(octet));
    };
    let found = words.iter().fold(0, |found, word| found | outside(lowest, *word));
    found | outside(lowest, *last) == 0
}

/// How many octets at the start are ones from `lowest` to 0x7E.
pub(crate) fn ascii_run_from(lowest: u8, octets: &[u8]) -> usize {
    let (words, rest) = octets.as_chunks::<8>();
    let mut length: usize = 0;
    for word in words {
        let found = outside(lowest, *word);
        if found != 0 {
            let offset = usize::try_from(found.trailing_zeros() / 8).unwrap_or(0);
            return length.saturating_add(offset);
        }
        length = length.saturating_add(8);
    }
    length.saturating_add(rest.iter().take_while(|octet| (lowest..=0x7e).contains(*octet)).count())
}

/// One in each octet.
const EACH: u64 = 0x0101_0101_0101_0101;

/// The highest bit of each octet that is below `lowest` or above 0x7E; those of octets behind such a one may be
/// set as well.
fn outside(lowest: u8, word: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(word);
    let low = EACH.wrapping_mul(u64::from(lowest));
    (word.wrapping_sub(low) | word.wrapping_add(EACH) | word) & (EACH << 7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString, vec::Vec};

    #[test]
    fn nothing_that_breaks_a_line_can_be_built() {
        let error = |text| Text::new(text).map_err(|error| (error.kind, error.at)).unwrap_err();
        assert_eq!(error("a\r\nb"), (TextErrorKind::Octet, 1));
        assert_eq!(error("\0"), (TextErrorKind::Octet, 0));
        assert_eq!(error(""), (TextErrorKind::Empty, 0));
        assert_eq!(Text::new("a b ü").unwrap(), "a b ü");
        assert_eq!(Word::new("a b").unwrap_err(), TextError { kind: TextErrorKind::Octet, at: 1 });
        let error =
            |octets: &[u8]| Password::new(octets).map_err(|error| (error.kind, error.at)).unwrap_err();
        assert_eq!(error(b"a\rb"), (TextErrorKind::Octet, 1));
        assert_eq!(error(b"\n"), (TextErrorKind::Octet, 0));
        assert_eq!(error(b"ab\0"), (TextErrorKind::Octet, 2));
        assert_eq!(error(b""), (TextErrorKind::Empty, 0));
    }

    #[test]
    fn octets_are_checked_wherever_they_stand() {
        for length in 0..30 {
            let mut octets = alloc::vec![b'a'; length];
            assert!(all_ascii_from(b'!', &octets));
            for at in 0..length {
                for (octet, is_text, is_graphic) in [
                    (0, false, false),
                    (0x1f, false, false),
                    (b' ', true, false),
                    (b'!', true, true),
                    (b'~', true, true),
                    (0x7f, false, false),
                    (0x80, false, false),
                    (0xff, false, false),
                ] {
                    octets[at] = octet;
                    assert_eq!(all_ascii_from(b' ', &octets), is_text, "{octet} at {at} of {length}");
                    assert_eq!(all_ascii_from(b'!', &octets), is_graphic, "{octet} at {at} of {length}");
                    assert_eq!(ascii_run_from(b' ', &octets), if is_text { length } else { at });
                    assert_eq!(ascii_run_from(b'!', &octets), if is_graphic { length } else { at });
                    let is_control = octet < b' ' || octet == 0x7f;
                    assert_eq!(position_of_control(&octets), is_control.then_some(at));
                }
                octets[at] = b'a';
            }
        }
    }

    #[test]
    fn passwords_are_not_printed() {
        assert_eq!(format!("{:?}", Password::new("tanstaaf").unwrap()), "Password([redacted])");
    }

    #[test]
    fn numbers_are_read_and_written() {
        for number in [0, 1, 9, 10, 4_294_967_296, 9_999_999_999_999_999_999] {
            let mut out = Vec::new();
            write_number(number, &mut out);
            assert_eq!(out, number.to_string().as_bytes());
            assert_eq!(read_digits(&out), Some((number, out.len())));
        }
        for digits in 1..12 {
            for behind in [b' ', b'/', b':', 0, 0x39 | 0x80, 0xff] {
                let number = 9_876_543_210_123_u64 % 10_u64.pow(digits);
                let mut octets = format!("{number:0width$}", width = digits as usize).into_bytes();
                octets.extend_from_slice(&[behind, b'7', behind, b'8', b'9', b'9', b'9', b'9', b'9']);
                assert_eq!(
                    read_digits(&octets),
                    Some((number, digits as usize)),
                    "{}",
                    octets.escape_ascii()
                );
            }
        }
        assert_eq!(read_digits(b"12 x"), Some((12, 2)));
        assert_eq!(read_digits(b""), None);
        assert_eq!(read_digits(b"-1"), None);
        assert_eq!(read_digits(b"10000000000000000000"), None);
        assert_eq!(read_digits(&[b'0'; 20]), None);
        assert_eq!(Number::new(0), None);
        assert_eq!(Number::from_index(0), Some(Number::FIRST));
        assert_eq!(Number::from_index(usize::MAX), None);
        assert_eq!(Number::new(7).unwrap().index(), 6);
    }
}
