//! Finding where the relaxed form of a body differs from the body.
//!
//! Most lines need no change at all. [`next_change`] looks at blocks of 64 octets with a loop that the compiler
//! turns into vector instructions, and at words of eight octets only in the block that has something. Where there
//! is something every few octets, [`compact`] goes octet by octet, without a branch that can be foreseen wrongly.

use mail_base::scan::{HIGHEST, each, first};

pub(super) const BLOCK: usize = 64;

/// The offset of the first octet at which the relaxed form may differ: a tab, or a space with white space or a
/// control character after it, or with nothing after it yet. The length where there is none.
pub(super) fn next_change(octets: &[u8]) -> usize {
    let (blocks, _) = octets.as_chunks::<BLOCK>();
    let (ahead, _) = octets.get(1..).unwrap_or(&[]).as_chunks::<BLOCK>();
    for (position, (block, next)) in blocks.iter().zip(ahead).enumerate() {
        if has_change(block, next) {
            return position.saturating_mul(BLOCK).saturating_add(first_change(block, next));
        }
    }
    next_in_words(octets, ahead.len().saturating_mul(BLOCK), changes_in_word, is_change)
}

fn has_change(block: &[u8; BLOCK], next: &[u8; BLOCK]) -> bool {
    block.iter().zip(next).fold(false, |found, (&octet, &next)| found | is_change(octet, next))
}

/// The offset of the first octet for which this holds, which is asked of words and of single octets. It holds for
/// none before `at`. After the last octet there is a space.
fn next_in_words(
    octets: &[u8],
    at: usize,
    in_word: impl Fn(u64, u64) -> u64,
    in_octet: impl Fn(u8, u8) -> bool,
) -> usize {
    let mut rest = octets.get(at..).unwrap_or(&[]);
    while let Some((word, more)) = rest.split_first_chunk()
        && let Some(next) = rest.get(1..).and_then(<[u8]>::first_chunk)
    {
        let found = in_word(u64::from_le_bytes(*word), u64::from_le_bytes(*next));
        if found != 0 {
            return octets.len().saturating_sub(rest.len()).saturating_add(first(found));
        }
        rest = more;
    }
    let found = match octets.last_chunk().copied().map(u64::from_le_bytes) {
        // of some octets it is known already
        Some(word) => {
            rest = octets.get(octets.len().saturating_sub(8)..).unwrap_or(&[]);
            let found = in_word(word, word >> 8 | u64::from(b' ') << 56);
            (found != 0).then(|| first(found))
        }
        None => {
            rest = octets;
            let next = octets.iter().skip(1).copied().chain([b' ']);
            octets.iter().zip(next).position(|(&octet, next)| in_octet(octet, next))
        }
    };
    let at = octets.len().saturating_sub(rest.len());
    found.map_or(octets.len(), |offset| at.saturating_add(offset))
}

/// No branch: it is a handful of vector instructions for sixteen octets or more.
fn is_change(octet: u8, next: u8) -> bool {
    (octet == b'\t') | ((octet == b' ') & (next <= b' '))
}

/// The offset of the first change in a block that has one: the least of all, for that takes no branch, and one would
/// be foreseen wrongly as often as not.
fn first_change(block: &[u8; BLOCK], next: &[u8; BLOCK]) -> usize {
    let mut offsets: [u8; BLOCK] = core::array::from_fn(|at| u8::try_from(at).unwrap_or(u8::MAX));
    for ((at, &octet), &next) in offsets.iter_mut().zip(block).zip(next) {
        // all bits set where there is none
        *at |= u8::from(is_change(octet, next)).wrapping_sub(1);
    }
    usize::from(offsets.into_iter().fold(u8::MAX, u8::min))
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

/// Writes the relaxed form of a block to `out`, and gives how much that is. The last two octets of `block` are only
/// looked at. Of a run of white space that goes on after the block nothing is written.
pub(super) fn compact(block: &[u8; BLOCK + 2], out: &mut [u8; BLOCK]) -> usize {
    let [here @ .., _, _] = block;
    let [_, next @ .., _] = block;
    let [_, _, after @ ..] = block;

    // of a run of white space the last octet stays, if no line ends there: this loop becomes vector instructions
    let mut reduced = [0; BLOCK];
    let mut stays = [false; BLOCK];
    let around = here.iter().zip(next).zip(after);
    for ((reduced, stays), ((&octet, &next), &after)) in reduced.iter_mut().zip(&mut stays).zip(around) {
        *reduced = if is_space(octet) { b' ' } else { octet };
        *stays = !is_space(octet) | !(is_space(next) | ((next == b'\r') & (after == b'\n')));
    }
    // and this one has no branch: what does not stay is written over by what comes next
    let mut length: usize = 0;
    for (&octet, &stays) in reduced.iter().zip(&stays) {
        if let Some(place) = out.get_mut(length % BLOCK) {
            *place = octet;
        }
        length = length.wrapping_add(usize::from(stays));
    }
    length
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
