//! Finding an octet, many at a time: the standard library looks at one after the other.

/// So many octets are looked at in one, with a loop that the compiler turns into vector instructions.
const BLOCK: usize = 16;

/// A word of eight such octets.
#[must_use]
pub const fn each(octet: u8) -> u64 {
    u64::from_ne_bytes([octet; 8])
}

/// The highest bit of each octet of a word.
pub const HIGHEST: u64 = each(0x80);

/// Which octet of a word, the first of them lowest, is the first that has a bit set.
#[inline]
#[must_use]
pub fn first(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros() / 8).unwrap_or(0)
}

/// The eight octets from there on, the first of them lowest. Zeros stand behind the end.
#[inline]
#[must_use]
pub fn word_at(octets: &[u8], at: usize) -> u64 {
    let rest = octets.get(at..).unwrap_or(b"");
    match rest.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => last_word(octets, rest),
    }
}

/// The same where fewer than eight octets are left.
#[inline]
fn last_word(octets: &[u8], rest: &[u8]) -> u64 {
    let Some(last) = octets.last_chunk() else {
        return rest.iter().rev().fold(0, |word, &octet| (word << 8) | u64::from(octet));
    };
    // those that stand before the place go out
    let others = 8_usize.saturating_sub(rest.len()).saturating_mul(8);
    let others = u32::try_from(others).unwrap_or(u64::BITS);
    u64::from_le_bytes(*last).checked_shr(others).unwrap_or(0)
}

/// The highest bit of each octet of a word that lies between two octets of ASCII, these included.
#[inline]
#[must_use]
pub const fn between(word: u64, least: u8, most: u8) -> u64 {
    let low = word & each(0x7f);
    let is_least = low.wrapping_add(each(0x80_u8.wrapping_sub(least)));
    let is_above = low.wrapping_add(each(0x7f_u8.wrapping_sub(most)));
    is_least & !is_above & !word & HIGHEST
}

/// The same with fewer operations: what it gives of octets outside ASCII, and of those behind them, means nothing.
#[inline]
#[must_use]
pub const fn ascii_between(word: u64, least: u8, most: u8) -> u64 {
    let is_least = word.wrapping_add(each(0x80_u8.wrapping_sub(least)));
    let is_above = word.wrapping_add(each(0x7f_u8.wrapping_sub(most)));
    is_least & !is_above & HIGHEST
}

/// The highest bit of each octet of a word that is equal to one; as [`ascii_between`] of that one alone.
#[inline]
#[must_use]
pub const fn ascii_equal(word: u64, octet: u8) -> u64 {
    !(word ^ each(octet)).wrapping_add(each(0x7f)) & HIGHEST
}

/// The highest bit of each octet of a word that is below `least` or no visible ASCII above it; it may be set of those
/// behind the first such octet too. It takes fewer operations than [`between`].
#[inline]
#[must_use]
pub const fn not_visible_from(word: u64, least: u8) -> u64 {
    (word.wrapping_sub(each(least)) | word.wrapping_add(each(0x01)) | word) & HIGHEST
}

/// The highest bits of the octets of a word side by side, that of the first octet lowest. No other bit may be set.
#[inline]
#[must_use]
pub const fn gathered(bits: u64) -> u64 {
    bits.wrapping_mul(0x0002_0408_1020_4081) >> 56
}

/// The offset of the first `wanted`.
#[inline(never)]
#[must_use]
pub fn position(octets: &[u8], wanted: u8) -> Option<usize> {
    position_in_loop(octets, wanted)
}

/// The same, for a loop that asks for one octet again and again: what is made of it is made once.
#[inline(always)]
#[must_use]
pub fn position_in_loop(octets: &[u8], wanted: u8) -> Option<usize> {
    let (blocks, _) = octets.as_chunks::<BLOCK>();
    let mut at: usize = 0;
    for block in blocks {
        if has(block, wanted) {
            return at.checked_add(first_of_sixteen(u128::from_le_bytes(*block), wanted));
        }
        at = at.wrapping_add(BLOCK);
    }
    position_in_words(octets, at, |word| zeros(word ^ each(wanted)))
}

/// The offset of the first octet that is meant, at `at` or behind it: eight at a time. Of a word of eight, `meant`
/// gives one in which the first octet that has a bit set is the first that is meant.
#[inline]
pub fn position_in_words(octets: &[u8], at: usize, meant: impl Fn(u64) -> u64) -> Option<usize> {
    let mut rest = octets.get(at..)?;
    while let Some((word, behind)) = rest.split_first_chunk() {
        let found = meant(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(octets.len().wrapping_sub(rest.len()).wrapping_add(first(found)));
        }
        rest = behind;
    }
    if rest.is_empty() {
        return None;
    }
    let found = meant(last_word(octets, rest));
    // what stands behind the end is none of them
    let place = octets.len().wrapping_sub(rest.len()).wrapping_add(first(found));
    (found != 0 && place < octets.len()).then_some(place)
}

/// The highest bit of the first octet that is zero; what it gives of those behind means nothing.
#[inline]
#[must_use]
pub const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(each(0x01)) & !word & HIGHEST
}

/// Which octet of a word of sixteen, the first of them lowest, is the first `wanted`; 16 where none is.
#[inline]
#[must_use]
pub fn first_of_sixteen(word: u128, wanted: u8) -> usize {
    let each = |octet| u128::from_ne_bytes([octet; 16]);
    // as `zeros` does it
    let others = word ^ each(wanted);
    let zeros = others.wrapping_sub(each(0x01)) & !others & each(0x80);
    usize::try_from(zeros.trailing_zeros() / 8).unwrap_or(0)
}

#[inline]
fn has(block: &[u8; BLOCK], wanted: u8) -> bool {
    block.iter().fold(false, |found, &octet| found | (octet == wanted))
}

#[cfg(test)]
mod tests {
    use super::{
        HIGHEST, ascii_between, ascii_equal, between, each, gathered, not_visible_from, position,
        position_in_words, word_at, zeros,
    };
    use alloc::vec;

    #[test]
    fn words_are_read_at_every_place() {
        let all: [u8; 20] = core::array::from_fn(|at| u8::try_from(at + 1).unwrap());
        for length in 0..all.len() {
            for at in 0..length + 9 {
                let octet = |place: usize| all[..length].get(at + place).copied().unwrap_or(0);
                let expected = u64::from_le_bytes(core::array::from_fn(octet));
                assert_eq!(word_at(&all[..length], at), expected, "{at} of {length}");
            }
        }
    }

    #[test]
    fn octets_of_a_word_are_told_apart_whatever_their_neighbours() {
        for (least, most) in [(b'a', b'z'), (b'0', b'9'), (b'.', b'.'), (0, 0), (0x7f, 0x7f), (0, 0x7f)] {
            for octet in 0..=u8::MAX {
                for neighbour in [0, least, most, 0x7f, 0x80, 0xff] {
                    let mut octets = [neighbour; 8];
                    octets[3] = octet;
                    let expected = octets.map(|octet| u8::from((least..=most).contains(&octet)) << 7);
                    let found = between(u64::from_le_bytes(octets), least, most);
                    assert_eq!(found.to_le_bytes(), expected, "{octets:?}");
                    let ascii = octets.iter().take_while(|octet| octet.is_ascii()).count();
                    let found = ascii_between(u64::from_le_bytes(octets), least, most).to_le_bytes();
                    assert_eq!(found[..ascii], expected[..ascii], "{octets:?}");
                    if least == most {
                        let found = ascii_equal(u64::from_le_bytes(octets), least).to_le_bytes();
                        assert_eq!(found[..ascii], expected[..ascii], "{octets:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_first_octet_that_is_not_visible_is_found() {
        for least in [b' ', b'!'] {
            for octet in 0..=u8::MAX {
                for at in 0..8 {
                    let mut octets = [b'a'; 8];
                    octets[at] = octet;
                    let found = not_visible_from(u64::from_le_bytes(octets), least);
                    let is_other = !(least..=b'~').contains(&octet);
                    assert_eq!(found != 0, is_other, "{octets:?}");
                    assert!(!is_other || super::first(found) == at, "{octets:?}");
                }
            }
        }
    }

    #[test]
    fn bits_are_gathered_in_their_order() {
        for bits in 0..=u8::MAX {
            let octets = core::array::from_fn(|at| if bits >> at & 1 == 1 { 0x80 } else { 0 });
            assert_eq!(gathered(u64::from_le_bytes(octets)), u64::from(bits));
        }
        assert_eq!(gathered(HIGHEST), 0xff);
    }

    #[test]
    fn the_first_is_found_wherever_it_stands() {
        // what differs by one bit, or by the borrow of a subtraction, is not taken for it
        for other in [0, 1, b'\n' + 1, b'\n' - 1, b'\n' | 0x80, 0xff] {
            for length in 0..100 {
                let mut octets = vec![other; length];
                assert_eq!(position(&octets, b'\n'), None);
                assert_eq!(position(&octets, 0), if other == 0 && length > 0 { Some(0) } else { None });
                for at in (0..length).rev() {
                    octets[at] = b'\n';
                    assert_eq!(position(&octets, b'\n'), Some(at));
                    let in_words = position_in_words(&octets, 0, |word| zeros(word ^ each(b'\n')));
                    assert_eq!(in_words, Some(at));
                }
            }
        }
    }
}
