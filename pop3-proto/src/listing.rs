//! The lines and responses that tell numbers: STAT, LIST and UIDL (RFC 1939 §5, §7).

use crate::{
    error::{ResponseError, ResponseErrorKind, TextError, TextErrorKind},
    rules::Rules,
    text::{Number, after_spaces, all_ascii_from, ascii_run_from, read_digits, write_number},
};
use alloc::vec::Vec;
use core::fmt;

/// What STAT tells: `2 320`. What follows is left out (RFC 1939 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DropListing {
    /// How many messages there are.
    pub messages: u32,
    /// How many octets they have.
    pub octets: u64,
}

/// A line of LIST: `1 120`. What follows is left out (RFC 1939 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanListing {
    /// Which message.
    pub number: Number,
    /// How many octets it has.
    pub octets: u64,
}

/// A line of UIDL: `1 whqtswO00WBw418f9t5JxYwZ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniqueIdListing<'a> {
    /// Which message.
    pub number: Number,
    /// What tells it from all others.
    pub unique_id: UniqueId<'a>,
}

/// A unique id: 1 to 70 octets from 0x21 to 0x7E (RFC 1939 §7), unless the rules take others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UniqueId<'a>(&'a [u8]);

impl<'a> UniqueId<'a> {
    /// The most octets of a unique id.
    pub const MAX: usize = 70;

    /// Checks a unique id.
    ///
    /// # Errors
    /// A [`TextError`] says what is wrong, and where.
    pub fn new(id: &'a (impl AsRef<[u8]> + ?Sized)) -> Result<Self, TextError> {
        let octets = id.as_ref();
        if octets.is_empty() {
            return Err(TextError { kind: TextErrorKind::Empty, at: 0 });
        }
        if let Some(at) = octets.iter().position(|octet| !octet.is_ascii_graphic()) {
            return Err(TextError { kind: TextErrorKind::Octet, at });
        }
        if octets.len() > Self::MAX {
            return Err(TextError { kind: TextErrorKind::TooLong, at: Self::MAX });
        }
        Ok(Self(octets))
    }

    /// One that stands in a maildrop, where it has been checked.
    pub(crate) fn checked(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Whether it is one by the RFC: without spaces and control characters it always is.
    fn is_strict(&self) -> bool {
        self.0.len() <= Self::MAX && all_ascii_from(b'!', self.0)
    }

    /// Whether it can stand in a line at all.
    fn is_loose(&self) -> bool {
        self.0.iter().all(|octet| *octet > b' ' && *octet != 0x7f)
    }
}

impl fmt::Display for UniqueId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

impl fmt::Debug for UniqueId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl DropListing {
    /// Reads the text of the response to STAT.
    ///
    /// # Errors
    /// A [`ResponseError`] says which rule is broken, and where.
    pub fn parse(text: &[u8], rules: &Rules) -> Result<Self, ResponseError> {
        let (messages, rest) = number(text, text.len(), rules)?;
        let messages = u32::try_from(messages).map_err(|_| error(ResponseErrorKind::Number, 0))?;
        let (octets, _) = last_number(second(rest, text.len(), rules)?, text.len(), rules)?;
        Ok(Self { messages, octets })
    }
}

impl ScanListing {
    /// Reads a line of LIST, or the text of the response to LIST with a number.
    ///
    /// # Errors
    /// A [`ResponseError`] says which rule is broken, and where.
    pub fn parse(text: &[u8], rules: &Rules) -> Result<Self, ResponseError> {
        let (number, rest) = message(text, rules)?;
        let (octets, _) = last_number(second(rest, text.len(), rules)?, text.len(), rules)?;
        Ok(Self { number, octets })
    }

    /// Reads a line that stands whole at the start of `unread`, as RFC 1939 has it; also gives how many octets it
    /// takes. Every other line is for [`parse`](Self::parse): this is the way of listings with 100,000 lines.
    pub(crate) fn at_start(unread: &[u8]) -> Option<(Self, usize)> {
        let (number, rest) = first_word(unread)?;
        let (octets, digits) = read_digits(rest)?;
        let used = end_behind(unread, rest.get(digits..)?)?;
        Some((Self { number, octets }, used))
    }
}

impl<'a> UniqueIdListing<'a> {
    /// Reads a line of UIDL, or the text of the response to UIDL with a number.
    ///
    /// # Errors
    /// A [`ResponseError`] says which rule is broken, and where.
    pub fn parse(text: &'a [u8], rules: &Rules) -> Result<Self, ResponseError> {
        let (number, rest) = message(text, rules)?;
        let rest = second(rest, text.len(), rules)?;
        let at = text.len().saturating_sub(rest.len());
        let id = if rules.loose_spaces { crate::text::before_blanks(rest) } else { rest };
        let unique_id = UniqueId(id);
        match id {
            [] => Err(error(ResponseErrorKind::NoUniqueId, at)),
            _ if unique_id.is_strict() || (rules.any_unique_id && unique_id.is_loose()) => {
                Ok(Self { number, unique_id })
            }
            _ => Err(error(ResponseErrorKind::UniqueId, at)),
        }
    }

    /// As [`ScanListing::at_start`].
    pub(crate) fn at_start(unread: &'a [u8]) -> Option<(Self, usize)> {
        let (number, rest) = first_word(unread)?;
        let (id, rest) = rest.split_at_checked(ascii_run_from(b'!', rest))?;
        let used = end_behind(unread, rest)?;
        (1..=UniqueId::MAX).contains(&id.len()).then_some((Self { number, unique_id: UniqueId(id) }, used))
    }
}

/// The number of a message at the start of a line, and what stands behind the space behind it.
fn first_word(unread: &[u8]) -> Option<(Number, &[u8])> {
    let (number, digits) = read_digits(unread)?;
    let number = Number::new(u32::try_from(number).ok()?)?;
    Some((number, unread.get(digits..)?.strip_prefix(b" ")?))
}

/// How many of the unread octets a line takes that ends where `rest` begins; `None` where it does not end there.
fn end_behind(unread: &[u8], rest: &[u8]) -> Option<usize> {
    let rest = rest.strip_prefix(b"\r\n")?;
    Some(unread.len().saturating_sub(rest.len()))
}

const fn error(kind: ResponseErrorKind, at: usize) -> ResponseError {
    ResponseError { kind, at }
}

/// The number of a message, and what follows it.
fn message<'a>(text: &'a [u8], rules: &Rules) -> Result<(Number, &'a [u8]), ResponseError> {
    let (number, rest) = number(text, text.len(), rules)?;
    match u32::try_from(number).ok().and_then(Number::new) {
        Some(number) => Ok((number, rest)),
        None => Err(error(ResponseErrorKind::Number, 0)),
    }
}

/// A number at the start of what ends a line of `length` octets, and what follows it.
fn number<'a>(rest: &'a [u8], length: usize, rules: &Rules) -> Result<(u64, &'a [u8]), ResponseError> {
    let rest = if rules.loose_spaces { after_spaces(rest) } else { rest };
    let at = length.saturating_sub(rest.len());
    let (number, digits) = read_digits(rest).ok_or(error(ResponseErrorKind::Number, at))?;
    Ok((number, rest.get(digits..).unwrap_or(b"")))
}

/// A number with nothing, or a space, behind it.
fn last_number<'a>(rest: &'a [u8], length: usize, rules: &Rules) -> Result<(u64, &'a [u8]), ResponseError> {
    let (number, rest) = number(rest, length, rules)?;
    match rest {
        [] | [b' ', ..] => Ok((number, rest)),
        _ => Err(error(ResponseErrorKind::Space, length.saturating_sub(rest.len()))),
    }
}

/// What follows the space behind the first number.
fn second<'a>(rest: &'a [u8], length: usize, rules: &Rules) -> Result<&'a [u8], ResponseError> {
    match rest {
        [b' ', rest @ ..] if rules.loose_spaces => Ok(after_spaces(rest)),
        [b' ', rest @ ..] => Ok(rest),
        _ => Err(error(ResponseErrorKind::Space, length.saturating_sub(rest.len()))),
    }
}

/// Writes `number octets`, and CRLF.
pub(crate) fn write_scan(number: Number, octets: u64, out: &mut Vec<u8>) {
    write_number(u64::from(number.get()), out);
    out.push(b' ');
    write_number(octets, out);
    out.extend_from_slice(b"\r\n");
}

/// Writes `number unique-id`, and CRLF.
pub(crate) fn write_unique_id(number: Number, id: UniqueId<'_>, out: &mut Vec<u8>) {
    write_number(u64::from(number.get()), out);
    out.push(b' ');
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use ResponseErrorKind as Kind;

    fn place<T>(result: Result<T, ResponseError>) -> (Kind, usize) {
        result.map(|_| ()).map_err(|error| (error.kind, error.at)).unwrap_err()
    }

    #[test]
    fn listings_are_two_words() {
        let rules = &Rules::STRICT;
        assert_eq!(DropListing::parse(b"2 320", rules), Ok(DropListing { messages: 2, octets: 320 }));
        assert_eq!(DropListing::parse(b"0 0 more", rules), Ok(DropListing { messages: 0, octets: 0 }));
        let first = ScanListing { number: Number::FIRST, octets: 120 };
        assert_eq!(ScanListing::parse(b"1 120", rules), Ok(first));
        assert_eq!(ScanListing::parse(b"1 120 more", rules), Ok(first));
        let listing = UniqueIdListing::parse(b"2 QhdPYR:00WBw1Ph7x7", rules).unwrap();
        assert_eq!(
            (listing.number.get(), listing.unique_id.as_bytes()),
            (2, b"QhdPYR:00WBw1Ph7x7".as_slice())
        );
    }

    #[test]
    fn broken_listings_are_errors_with_a_place() {
        let rules = &Rules::STRICT;
        assert_eq!(place(DropListing::parse(b"", rules)), (Kind::Number, 0));
        assert_eq!(place(DropListing::parse(b"2", rules)), (Kind::Space, 1));
        assert_eq!(place(DropListing::parse(b"2 x", rules)), (Kind::Number, 2));
        assert_eq!(place(DropListing::parse(b"4294967296 1", rules)), (Kind::Number, 0));
        assert_eq!(place(ScanListing::parse(b"0 1", rules)), (Kind::Number, 0));
        assert_eq!(place(ScanListing::parse(b"1 1x", rules)), (Kind::Space, 3));
        assert_eq!(place(ScanListing::parse(b"1  1", rules)), (Kind::Number, 2));
        assert_eq!(place(ScanListing::parse(b"1 99999999999999999999", rules)), (Kind::Number, 2));
        assert_eq!(place(UniqueIdListing::parse(b"1 ", rules)), (Kind::NoUniqueId, 2));
        assert_eq!(place(UniqueIdListing::parse(b"1", rules)), (Kind::Space, 1));
        assert_eq!(place(UniqueIdListing::parse(b"1 a b", rules)), (Kind::UniqueId, 2));
        assert_eq!(place(UniqueIdListing::parse(b"1  a", rules)), (Kind::UniqueId, 2));
        assert_eq!(place(UniqueIdListing::parse("1 ü".as_bytes(), rules)), (Kind::UniqueId, 2));
        let long = alloc::format!("1 {}", "x".repeat(71));
        assert_eq!(place(UniqueIdListing::parse(long.as_bytes(), rules)), (Kind::UniqueId, 2));
    }

    /// The short way and the long way, on a line and on what is none.
    fn both_ways(octets: &[u8]) -> Result<(), proptest::test_runner::TestCaseError> {
        use mail_base::lines::{Found, LineEndings, LineFinder};
        let line = match LineFinder::new(LineEndings::Strict).find(octets, octets.len() + 1) {
            Ok(Found::Line { text, used }) => Some((text, used)),
            _ => None,
        };
        if let Some((listing, used)) = ScanListing::at_start(octets) {
            let (text, expected) = line.unwrap();
            proptest::prop_assert_eq!(
                (ScanListing::parse(text, &Rules::STRICT), expected),
                (Ok(listing), used)
            );
        }
        if let Some((listing, used)) = UniqueIdListing::at_start(octets) {
            let (text, expected) = line.unwrap();
            proptest::prop_assert_eq!(
                (UniqueIdListing::parse(text, &Rules::STRICT), expected),
                (Ok(listing), used)
            );
        } else if let Some((text, _)) = line {
            // what is by the letter of the RFC takes the short way
            proptest::prop_assert!(UniqueIdListing::parse(text, &Rules::STRICT).is_err());
        }
        Ok(())
    }

    proptest::proptest! {
        #[test]
        fn the_short_way_reads_what_the_long_way_reads(line in "[ 0-9]{1,4}[ ]?[!-~]{0,75}[ \r]?(\r\n|\n|\r)[a.\r]{0,2}") {
            both_ways(line.as_bytes())?;
        }

        #[test]
        fn the_short_way_takes_no_other_octets(line in "[0-9]{1,11} [0-9a ]{0,2}.{0,3}[0-9]{0,21}(\r\n)?") {
            both_ways(line.as_bytes())?;
        }
    }

    #[test]
    fn odd_listings_are_rules_of_their_own() {
        let spaces = &Rules::STRICT.with_loose_spaces(true);
        let listing = UniqueIdListing::parse(b"1   abc ", spaces).unwrap();
        assert_eq!(listing.unique_id.as_bytes(), b"abc");
        assert_eq!(ScanListing::parse(b" 1   12 ", spaces).unwrap().octets, 12);
        assert_eq!(DropListing::parse(b"1  12", spaces).unwrap().octets, 12);
        let ids = &Rules::STRICT.with_any_unique_id(true);
        let long = alloc::format!("1 {}", "ü".repeat(71));
        assert_eq!(UniqueIdListing::parse(long.as_bytes(), ids).unwrap().unique_id.as_bytes().len(), 142);
        assert_eq!(place(UniqueIdListing::parse(b"1 a b", ids)), (Kind::UniqueId, 2));
        assert_eq!(place(UniqueIdListing::parse(b"1 a\x01", ids)), (Kind::UniqueId, 2));
    }
}
