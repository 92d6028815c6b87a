//! Names of header fields, which are the same in any case (RFC 5322 §3.6), as numbers that are quick to compare.

use mail_base::scan;

/// The length of a name, in the highest octet, and its first octets in lower case. Two names of [`START`](Self::START)
/// octets or fewer are the same if their keys are; of longer ones the rest must be compared too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NameKey(u128);

impl NameKey {
    /// How many octets a key has, besides the length.
    pub(crate) const START: usize = 15;

    /// The key of From.
    pub(crate) const FROM: Self = Self(u128::from_le_bytes(*b"from\0\0\0\0\0\0\0\0\0\0\0\x04"));
    /// The key of DKIM-Signature.
    pub(crate) const SIGNATURE: Self = Self(u128::from_le_bytes(*b"dkim-signature\0\x0e"));

    /// The key of the name of this length that something starts with: it is quicker to read if that has more octets.
    #[inline]
    pub(crate) fn new(start: &[u8], length: usize) -> Self {
        Self::of_word(first_word(start), length)
    }

    /// The key of the first name in a list with colons between, and how long the name is.
    #[inline]
    pub(crate) fn first_of(list: &[u8]) -> (Self, usize) {
        let word = first_word(list);
        let length = match scan::first_of_sixteen(word, b':') {
            length @ ..16 => length,
            _ => scan::position(list, b':').unwrap_or(list.len()),
        };
        (Self::of_word(word, length), length)
    }

    /// The key of a name of this length in the first octets of a word.
    #[inline]
    fn of_word(word: u128, length: usize) -> Self {
        let name = word & KEPT.get(length).copied().unwrap_or(u128::MAX >> 8);
        // no octet of a name has its highest bit set, so that none carries into the next
        let is_capital =
            name.wrapping_add(each(0x80 - b'A')) & !name.wrapping_add(each(0x7f - b'Z')) & each(0x80);
        let length = u128::from(u8::try_from(length).unwrap_or(u8::MAX));
        Self(name | is_capital >> 2 | length << 120)
    }

    /// Whether names of this key may differ behind what is in it.
    pub(crate) fn is_part(&self) -> bool {
        self.0 >> 124 != 0
    }

    /// A number below 32: names of few octets in common seldom have the same.
    #[inline]
    pub(crate) fn chain(&self) -> usize {
        let [low, high] =
            [self.0, self.0 >> 64].map(|half| u64::try_from(half & u128::from(u64::MAX)).unwrap_or(0));
        // the highest five bits of a product to which all bits add
        usize::try_from((low ^ high).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59).unwrap_or(0)
    }
}

/// A word of sixteen such octets.
const fn each(octet: u8) -> u128 {
    u128::from_ne_bytes([octet; 16])
}

/// The first sixteen octets, with zeros behind the end.
#[inline]
fn first_word(octets: &[u8]) -> u128 {
    match octets.first_chunk() {
        Some(word) => u128::from_le_bytes(*word),
        None => short_word(octets),
    }
}

#[inline]
fn short_word(octets: &[u8]) -> u128 {
    let mut word = [0; 16];
    if let Some(start) = word.get_mut(..octets.len()) {
        start.copy_from_slice(octets);
    }
    u128::from_le_bytes(word)
}

/// What of its first octets a name of some length keeps for its key.
const KEPT: [u128; 16] = kept();

const fn kept() -> [u128; 16] {
    let mut masks = [0; 16];
    let mut rest: &mut [u128] = &mut masks;
    let mut mask = 0;
    while let [first, more @ ..] = rest {
        *first = mask;
        mask = mask << 8 | 0xff;
        rest = more;
    }
    masks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_are_the_same_in_any_case_and_nothing_else_is() {
        let key = |name: &[u8; NameKey::START]| NameKey::new(name, NameKey::START);
        for octet in b'!'..=b'~' {
            for at in 0..NameKey::START {
                let name = |octet| core::array::from_fn(|place| if place == at { octet } else { b'x' });
                let is_same = key(&name(octet)) == key(&name(octet ^ 0x20));
                assert_eq!(is_same, octet.is_ascii_alphabetic(), "{octet} at {at}");
            }
        }
    }

    #[test]
    fn keys_that_are_made_by_hand_are_right() {
        assert_eq!(NameKey::FROM, NameKey::new(b"From", 4));
        assert_eq!(NameKey::SIGNATURE, NameKey::new(b"DKIM-Signature: v=1", 14));
    }

    proptest! {
        #[test]
        fn names_of_one_key_begin_alike(
            one in "(field|FIELD)?[aB@`{\\[]{0,20}",
            other in "(field|FIELD)?[aB@`{\\[]{0,20}",
        ) {
            let start = |name: &str| name.bytes().take(NameKey::START).map(|octet| octet.to_ascii_lowercase()).collect::<alloc::vec::Vec<_>>();
            let (key, other_key) = (NameKey::new(one.as_bytes(), one.len()), NameKey::new(other.as_bytes(), other.len()));
            let is_alike = one.len() == other.len() && start(&one) == start(&other);
            prop_assert_eq!(key == other_key, is_alike);
            prop_assert_eq!(key.is_part(), one.len() > NameKey::START);
        }

        #[test]
        fn the_first_name_of_a_list_has_the_key_that_it_has_alone(name in "[a-zA-Z!-9;-~-]{0,40}", more in "(:[a-zA-Z:]{0,20})?") {
            let list = alloc::format!("{name}{more}");
            prop_assert_eq!(NameKey::first_of(list.as_bytes()), (NameKey::new(name.as_bytes(), name.len()), name.len()));
        }
    }
}
