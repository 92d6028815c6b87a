//! The text of a name: where its octets stand, and how they are checked.
//!
//! Almost all names are short. Those stand in the value itself, take nothing from the heap, and are checked and
//! lower-cased eight octets in one; the others are read octet by octet.

use super::{MAX_LABEL, MAX_OCTETS, NameError, NameErrorKind};
use crate::scan::each;
use alloc::sync::Arc;
use core::cmp::Ordering;

/// The most octets that stand in the value itself.
const MAX_SHORT: usize = 62;

/// The octets of a name: visible ASCII and spaces in lower case, without the trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Text {
    /// Up to [`MAX_SHORT`] octets: how many there are, and spaces behind them.
    Short(u8, [u8; MAX_SHORT]),
    /// More than that.
    Long(Arc<[u8]>),
}

impl Text {
    /// The text of the root.
    pub(super) const EMPTY: Self = Self::Short(0, [b' '; MAX_SHORT]);

    /// Keeps octets that are checked.
    pub(super) fn of(octets: &[u8]) -> Self {
        let mut short = [b' '; MAX_SHORT];
        match (u8::try_from(octets.len()), short.get_mut(..octets.len())) {
            (Ok(length), Some(room)) => {
                room.copy_from_slice(octets);
                Self::Short(length, short)
            }
            _ => Self::Long(Arc::from(octets)),
        }
    }

    /// Checks the octets of a name without its trailing dot, and keeps them in lower case.
    pub(super) fn parse(octets: &[u8]) -> Result<Self, NameError> {
        // almost all names are right: what is wrong with one is only looked for when something is
        match Self::parse_short(octets) {
            Some(text) => Ok(text),
            None => Self::parse_slowly(octets),
        }
    }

    /// Gives nothing where the text is long or something is wrong with it.
    fn parse_short(octets: &[u8]) -> Option<Self> {
        if matches!(octets, [] | [.., b'.']) {
            return None;
        }
        let length = u8::try_from(octets.len()).ok()?;
        let mut room = [b' '; MAX_SHORT.next_multiple_of(8)];
        room.get_mut(..octets.len())?.copy_from_slice(octets);
        // an octet has its high bit set here where it breaks a rule
        let mut wrong = 0;
        // a label before which there is nothing begins as one behind a dot
        let mut dot_before = 0x80;
        let (words, _) = room.as_chunks_mut::<8>();
        for octets in words.iter_mut().take(octets.len().div_ceil(8)) {
            let word = Word::of(*octets);
            let dots = word.dots();
            wrong |= word.forbidden() | (dots & ((dots << 8) | dot_before));
            dot_before = dots >> 56;
            *octets = word.lower_case();
        }
        let short = room.first_chunk()?;
        // of so few octets no label is too long
        (wrong & HIGH_BITS == 0 && octets.len() <= MAX_SHORT).then_some(Self::Short(length, *short))
    }

    fn parse_slowly(octets: &[u8]) -> Result<Self, NameError> {
        find_error(octets)?;
        let mut room = [0; MAX_OCTETS];
        let lower_case = room.get_mut(..octets.len()).unwrap_or_default();
        lower_case.copy_from_slice(octets);
        lower_case.make_ascii_lowercase();
        Ok(Self::of(lower_case))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(length, octets) => octets.get(..usize::from(*length)).unwrap_or(octets),
            Self::Long(octets) => octets,
        }
    }

    pub(super) fn as_str(&self) -> &str {
        // the octets are ASCII
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// The order is that of the octets.
impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            // no octet of a name sorts before the spaces behind it
            (Self::Short(length, octets), Self::Short(other_length, other_octets)) => {
                compare_words(octets, other_octets).then(length.cmp(other_length))
            }
            _ => self.as_bytes().cmp(other.as_bytes()),
        }
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares octets, eight of them in one.
fn compare_words(one: &[u8; MAX_SHORT], other: &[u8; MAX_SHORT]) -> Ordering {
    let ((words, rest), (other_words, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    for (word, other) in words.iter().zip(other_words) {
        let (word, other) = (u64::from_be_bytes(*word), u64::from_be_bytes(*other));
        if word != other {
            return word.cmp(&other);
        }
    }
    rest.cmp(other_rest)
}

const HIGH_BITS: u64 = each(0x80);

/// Eight octets, the first of them lowest. What is asked of each is answered in its high bit; the other bits mean
/// nothing.
#[derive(Clone, Copy)]
struct Word {
    octets: u64,
    /// The same without their high bits, so that no sum carries into the next octet.
    low: u64,
}

impl Word {
    fn of(octets: [u8; 8]) -> Self {
        let octets = u64::from_le_bytes(octets);
        Self { octets, low: octets & !HIGH_BITS }
    }

    /// Which octets are at least this one, as far as they are ASCII.
    fn at_least(self, octet: u8) -> u64 {
        self.low.wrapping_add(each(0x80_u8.wrapping_sub(octet)))
    }

    /// Which octets no name may have.
    fn forbidden(self) -> u64 {
        self.octets | !self.at_least(b' ') | self.at_least(0x7f)
    }

    fn dots(self) -> u64 {
        let others = (self.low ^ each(b'.')).wrapping_add(!HIGH_BITS);
        !others & HIGH_BITS
    }

    /// The octets, with letters in lower case.
    fn lower_case(self) -> [u8; 8] {
        let upper_case = self.at_least(b'A') & !self.at_least(b'[') & HIGH_BITS;
        // 0x80 >> 2 is what a lower-case letter has more than its upper-case one
        (self.octets | (upper_case >> 2)).to_le_bytes()
    }
}

/// Finds the first rule that a name breaks, octet by octet.
fn find_error(octets: &[u8]) -> Result<(), NameError> {
    let error = |kind, at| Err(NameError { kind, at });
    if octets.is_empty() {
        return error(NameErrorKind::Empty, 0);
    }
    if octets.len() > MAX_OCTETS {
        return error(NameErrorKind::TooLong, MAX_OCTETS);
    }
    let mut label_start: usize = 0;
    for (at, &octet) in octets.iter().enumerate() {
        if octet == b'.' {
            if at == label_start {
                return error(NameErrorKind::EmptyLabel, at);
            }
            label_start = at.saturating_add(1);
        } else if !matches!(octet, b' '..=b'~') {
            return error(NameErrorKind::Octet, at);
        } else if at.saturating_sub(label_start) >= MAX_LABEL {
            return error(NameErrorKind::LabelTooLong, label_start);
        }
    }
    if label_start == octets.len() {
        return error(NameErrorKind::EmptyLabel, label_start);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn short_names_are_read_as_long_ones(
            octets in prop::collection::vec(prop::sample::select(b"aAzZmM@[`{..- ~\x7f\x1f\xc1".to_vec()), 0..70),
            plain in prop::collection::vec(prop::sample::select(b"aAzZ@[`{- ".to_vec()), 0..70),
            at in 0..70_usize,
        ) {
            // a text in which one octet at most is wrong, and one in which many are
            let mut one = plain;
            if let (Some(place), Some(octet)) = (one.get_mut(at), octets.first()) {
                *place = *octet;
            }
            for text in [one, octets] {
                prop_assert_eq!(Text::parse(&text), Text::parse_slowly(&text));
                if let Some(short) = Text::parse_short(&text) {
                    prop_assert_eq!(Ok(short), Text::parse_slowly(&text));
                }
            }
        }
    }

    #[test]
    fn the_order_is_that_of_the_octets() {
        let octets = [b' ', b'a', b'~'];
        let texts = |behind: &[u8]| -> Vec<Vec<u8>> {
            let ends = (0..81_usize).map(|number| [1, 3, 9, 27].map(|place| octets[number / place % 3]));
            let all = ends.flat_map(|end| (0..=4).map(move |length| end[..length].to_vec()));
            all.map(|end| [behind, &*end].concat()).collect()
        };
        let all = [texts(b""), texts(b"abcdef"), texts(&[b'a'; 54]), texts(&[b'a'; 59])].concat();
        for one in &all {
            for other in &all {
                assert_eq!(Text::of(one).cmp(&Text::of(other)), one.cmp(other), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn the_quick_check_passes_what_has_no_error() {
        let octets = [b'a', b'.', b' ', b'~', 0x7f, 0xc3];
        for length in 0..5 {
            for number in 0..6_usize.pow(length) {
                let pick = |place: u32| octets[number / 6_usize.pow(place) % 6];
                let text: Vec<u8> = (0..length).map(pick).collect();
                let before = [b"abcdefgh", &*text].concat();
                let after = [&*text, b"abcdefghijkl"].concat();
                let within = [b"abcde", &*text, b"fgh"].concat();
                for text in [text, before, after, within] {
                    assert_eq!(Text::parse_short(&text).is_some(), find_error(&text).is_ok(), "{text:?}");
                }
            }
        }
    }
}
