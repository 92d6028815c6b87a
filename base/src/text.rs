//! The text of a name. Most names are short, and those stand in the value itself.

use crate::scan::{ascii_between, ascii_equal, not_visible_from, word_at};
use alloc::sync::Arc;
use core::{cmp::Ordering, num::NonZeroUsize};

/// The text of a name, in lower case. What is short is always kept as such, so that texts that are equal are kept alike.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Text {
    Short(Short),
    Long(Arc<str>),
}

impl Text {
    pub(crate) const ROOT: Self = Self::Short(Short::ROOT);

    /// Takes octets that keep the rules of names.
    pub(crate) fn of(octets: &[u8]) -> Self {
        match Short::window(octets) {
            Some(words) => Self::Short(Short::lower_case(words, octets.len())),
            None if octets.iter().any(u8::is_ascii_uppercase) => {
                Self::Long(Arc::from(ascii(octets).to_ascii_lowercase()))
            }
            None => Self::Long(Arc::from(ascii(octets))),
        }
    }

    /// Takes octets without a trailing dot, of which it is not known whether they keep the rules. Gives nothing where
    /// they are no short text, or where something may be wrong with them.
    #[inline(always)]
    pub(crate) fn checked(octets: &[u8]) -> Option<Self> {
        Short::checked(octets).map(Self::Short)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(short) => short.as_bytes(),
            Self::Long(text) => text.as_bytes(),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Short(short) => ascii(short.as_bytes()),
            Self::Long(text) => text,
        }
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Short(short), Self::Short(other)) => short.cmp(other),
            _ => self.as_bytes().cmp(other.as_bytes()),
        }
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A text of up to 32 octets, in words of eight. Its parts, in this order, are as wide as those with which it is moved:
/// a processor that moves what was just written in other parts waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub(crate) struct Short {
    /// Spaces stand behind the text. No octet of a name is less than a space, so that they are in no order's way.
    words: Words,
    /// How long it is, and one more.
    end: NonZeroUsize,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(align(8))]
struct Words([[u8; 8]; 4]);

impl Short {
    const ROOT: Self = Self { words: Words([[b' '; 8]; 4]), end: NonZeroUsize::MIN };

    /// The words of octets, which are taken as they are.
    #[inline(always)]
    fn window(octets: &[u8]) -> Option<[u64; 4]> {
        const SPACES: u128 = u128::from_ne_bytes([b' '; 16]);
        let left = 32_usize.checked_sub(octets.len())?;
        let halves = match (octets.first_chunk(), octets.last_chunk()) {
            // of the last sixteen octets, those go out that are among the first sixteen too; spaces follow them
            (Some(first), Some(last)) => {
                let last = u128::from_le_bytes(*last) ^ SPACES;
                let behind = u32::try_from(left).unwrap_or(0).wrapping_mul(8);
                [u128::from_le_bytes(*first), last.checked_shr(behind).unwrap_or(0) ^ SPACES]
            }
            _ => [Self::half(octets), SPACES],
        };
        let [first, second] = halves;
        Some([first as u64, (first >> 64) as u64, second as u64, (second >> 64) as u64])
    }

    /// Fewer than sixteen octets, and spaces behind them.
    #[inline(always)]
    fn half(octets: &[u8]) -> u128 {
        let behind = u32::try_from(octets.len()).unwrap_or(0).wrapping_mul(8);
        let spaces = u128::from_ne_bytes([b' '; 16]).checked_shl(behind).unwrap_or(0);
        (u128::from(word_at(octets, 8)) << 64) | u128::from(word_at(octets, 0)) | spaces
    }

    #[inline(always)]
    fn lower_case([first, second, third, fourth]: [u64; 4], length: usize) -> Self {
        let lower = |word| (word | (ascii_between(word, b'A', b'Z') >> 2)).to_le_bytes();
        let words = Words([lower(first), lower(second), lower(third), lower(fourth)]);
        Self { words, end: NonZeroUsize::MIN.saturating_add(length) }
    }

    #[inline(always)]
    fn checked(octets: &[u8]) -> Option<Self> {
        let words = Self::window(octets)?;
        if matches!(octets, [] | [.., b'.']) {
            return None;
        }
        // an octet has its highest bit set here where it breaks a rule; what is so short has no label that is too long
        let mut wrong = 0;
        // a label before which there is nothing begins as one behind a dot
        let mut dot_before = 0x80;
        for word in words {
            let dots = ascii_equal(word, b'.');
            wrong |= not_visible_from(word, b' ') | (dots & ((dots << 8) | dot_before));
            dot_before = dots >> 56;
        }
        (wrong == 0).then(|| Self::lower_case(words, octets.len()))
    }

    fn as_bytes(&self) -> &[u8] {
        self.words.0.as_flattened().get(..self.end.get().wrapping_sub(1)).unwrap_or(&[])
    }
}

impl Ord for Words {
    fn cmp(&self, other: &Self) -> Ordering {
        for (word, other) in self.0.iter().zip(&other.0) {
            if word != other {
                return u64::from_be_bytes(*word).cmp(&u64::from_be_bytes(*other));
            }
        }
        Ordering::Equal
    }
}

impl PartialOrd for Words {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Octets that are known to be ASCII, as a text.
fn ascii(octets: &[u8]) -> &str {
    core::str::from_utf8(octets).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String, vec::Vec};

    /// Texts of all lengths about those of words and of what is short, which differ in one octet or in their length.
    fn texts() -> Vec<String> {
        let mut texts = Vec::new();
        for length in [0, 1, 7, 8, 9, 16, 31, 32, 33, 64] {
            let base = "n".repeat(length);
            for last in ["", " ", "!", "-", ".a", "0", "@", "A", "Z", "[", "a", "z", "~"] {
                texts.push(format!("{base}{last}"));
            }
        }
        texts
    }

    #[test]
    fn texts_are_kept_in_lower_case_however_long_they_are() {
        for text in texts() {
            let kept = Text::of(text.as_bytes());
            assert_eq!(kept.as_str(), text.to_ascii_lowercase());
            assert_eq!(matches!(kept, Text::Short(_)), text.len() <= 32, "{text}");
            if let Some(checked) = Text::checked(text.as_bytes()) {
                assert!(checked == kept, "{text}");
            }
        }
    }

    #[test]
    fn texts_are_in_the_order_of_their_octets() {
        for one in texts() {
            for other in texts() {
                let (lower, other_lower) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
                let (kept, other) = (Text::of(one.as_bytes()), Text::of(other.as_bytes()));
                assert_eq!(kept.cmp(&other), lower.cmp(&other_lower), "{lower:?} {other_lower:?}");
                assert_eq!(kept == other, lower == other_lower);
            }
        }
    }
}
