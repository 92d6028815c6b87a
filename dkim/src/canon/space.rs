//! Finding where the relaxed form differs from what is there, in what is short: what is left of a piece of a body
//! behind its whole blocks.

use mail_base::scan::{HIGHEST, each, first};

/// So many octets are looked at together, with a loop that the compiler turns into vector instructions; in those that
/// have something, words of eight.
const SHORT: usize = 16;

/// The offset of the first octet at which the relaxed form may differ: a tab, or a space with white space or a
/// control character after it, or with nothing after it yet. The length where there is none.
pub(super) fn next_change(octets: &[u8]) -> usize {
    let mut rest = octets;
    while let Some((block, more)) = rest.split_first_chunk::<SHORT>()
        && let Some(next) = rest.get(1..).and_then(<[u8]>::first_chunk::<SHORT>)
        && !block.iter().zip(next).fold(false, |found, (&octet, &next)| found | is_change(octet, next))
    {
        rest = more;
    }
    next_in_words(octets, octets.len().saturating_sub(rest.len()))
}

/// The same by words of eight and by single octets, where there is no change before `at`. After the last octet there is
/// a space.
fn next_in_words(octets: &[u8], at: usize) -> usize {
    let mut rest = octets.get(at..).unwrap_or(&[]);
    while let Some((word, more)) = rest.split_first_chunk()
        && let Some(next) = rest.get(1..).and_then(<[u8]>::first_chunk)
    {
        let found = changes_in_word(u64::from_le_bytes(*word), u64::from_le_bytes(*next));
        if found != 0 {
            return octets.len().saturating_sub(rest.len()).saturating_add(first(found));
        }
        rest = more;
    }
    let found = match octets.last_chunk().copied().map(u64::from_le_bytes) {
        // of some octets it is known already
        Some(word) => {
            rest = octets.get(octets.len().saturating_sub(8)..).unwrap_or(&[]);
            let found = changes_in_word(word, word >> 8 | u64::from(b' ') << 56);
            (found != 0).then(|| first(found))
        }
        None => {
            rest = octets;
            let next = octets.iter().skip(1).copied().chain([b' ']);
            octets.iter().zip(next).position(|(&octet, next)| is_change(octet, next))
        }
    };
    let at = octets.len().saturating_sub(rest.len());
    found.map_or(octets.len(), |offset| at.saturating_add(offset))
}

/// No branch: it is a handful of vector instructions for sixteen octets or more.
fn is_change(octet: u8, next: u8) -> bool {
    (octet == b'\t') | ((octet == b' ') & (next <= b' '))
}

/// How many octets of white space there are at the start.
pub(super) fn space_length(octets: &[u8]) -> usize {
    let (words, rest) = octets.as_chunks::<8>();
    for (position, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let others = !(zeros_in_word(word ^ each(b' ')) | zeros_in_word(word ^ each(b'\t'))) & HIGHEST;
        if others != 0 {
            return position.saturating_mul(8).saturating_add(first(others));
        }
    }
    let more = rest.iter().take_while(|octet| is_space(**octet)).count();
    words.len().saturating_mul(8).saturating_add(more)
}

/// The highest bit of each octet of a word for which [`is_change`] holds.
fn changes_in_word(word: u64, next: u64) -> u64 {
    let is_low = !((next & each(0x7f)).wrapping_add(each(0x7f - b' ')) | next);
    zeros_in_word(word ^ each(b'\t')) | (zeros_in_word(word ^ each(b' ')) & is_low & HIGHEST)
}

/// The highest bit of each octet of a word that is zero: adding 0x7f to its low bits does not reach the highest
/// bit, nor is that set.
fn zeros_in_word(word: u64) -> u64 {
    let low = each(0x7f);
    !((word & low).wrapping_add(low) | word | low)
}

fn is_space(octet: u8) -> bool {
    (octet == b' ') | (octet == b'\t')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use alloc::{vec, vec::Vec};

    #[test]
    fn white_space_is_measured() {
        for length in [0, 1, 7, 8, 9, 16, 30] {
            let space: Vec<u8> = b" \t".iter().copied().cycle().take(length).collect();
            assert_eq!(space_length(&space), length);
            for end in ["x", "\r\n", "\u{a0}"] {
                assert_eq!(space_length(&[&space, end.as_bytes(), b"  "].concat()), length);
            }
        }
    }

    #[test]
    fn changes_are_found_wherever_they_stand() {
        for length in [0, 1, 2, 63, 64, 65, 66, 127, 128, 129, 200] {
            let mut octets = vec![b'x'; length];
            assert_eq!(next_change(&octets), length);
            for at in 0..length {
                octets[at] = b'\t';
                assert_eq!(next_change(&octets), at);
                octets[at] = b' ';
                let is_last = at + 1 == length;
                assert_eq!(next_change(&octets), if is_last { at } else { length });
                if !is_last {
                    for next in [b' ', b'\t', b'\r', b'\n', 0] {
                        octets[at + 1] = next;
                        assert_eq!(next_change(&octets), at);
                    }
                    octets[at + 1] = b'x';
                }
                octets[at] = b'x';
            }
        }
    }

    #[test]
    fn words_are_judged_as_octets_are() {
        for octet in 0..=255 {
            for next in 0..=255 {
                for place in 0..8 {
                    let (mut word, mut ahead) = ([b'x'; 8], [b'x'; 8]);
                    (word[place], ahead[place]) = (octet, next);
                    let changes = changes_in_word(u64::from_le_bytes(word), u64::from_le_bytes(ahead));
                    let expected = if is_change(octet, next) { 0x80 << (8 * place) } else { 0 };
                    assert_eq!(changes, expected, "{octet} {next} {place}");
                }
            }
        }
    }
}
