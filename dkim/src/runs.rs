//! Copying what needs no change, up to the first octet at which something must be done.
//!
//! Octets are copied by blocks, which are looked at as they go, and what was copied too much is cut off again:
//! that is quicker than to look first and copy then.

use alloc::vec::Vec;

/// So many octets are looked at in one, with loops that the compiler turns into vector instructions.
pub(crate) const BLOCK: usize = 32;

/// What of a block is looked at more closely in one.
const HALF: usize = BLOCK / 2;

/// Appends the octets from there on up to the first at which one must stop, or to `end`. Gives where that is.
///
/// Whether to stop is asked of an octet and the one after it; after the last there is a space. Text behind `end` may be
/// looked at: so the last octets need not be taken one by one. There should be room for a block more than is needed.
#[inline]
pub(crate) fn copy_run(
    text: &[u8],
    from: usize,
    end: usize,
    out: &mut Vec<u8>,
    is_stop: impl Fn(u8, u8) -> bool + Copy,
) -> usize {
    let start = out.len();
    let mut at = from;
    while at < end {
        let rest = text.get(at..).unwrap_or(&[]);
        let last;
        let block = match rest.first_chunk() {
            Some(block) => block,
            None => {
                last = before_spaces(rest);
                &last
            }
        };
        let [here @ .., _] = block;
        out.extend_from_slice(here);
        if has_stop(block, is_stop) {
            at = at.wrapping_add(first_stop(block, is_stop));
            break;
        }
        at = at.wrapping_add(BLOCK);
    }
    let at = at.min(end);
    out.truncate(start.saturating_add(at.saturating_sub(from)));
    at
}

/// The last octets, with spaces behind them.
fn before_spaces(last: &[u8]) -> [u8; BLOCK + 1] {
    let mut block = [b' '; BLOCK + 1];
    if let Some(start) = block.get_mut(..last.len()) {
        start.copy_from_slice(last);
    }
    block
}

#[inline]
fn has_stop(block: &[u8; BLOCK + 1], is_stop: impl Fn(u8, u8) -> bool) -> bool {
    let ([here @ .., _], [_, next @ ..]) = (block, block);
    here.iter().zip(next).fold(false, |found, (&octet, &next)| found | is_stop(octet, next))
}

/// The offset of the first stop in a block that has one.
#[inline]
fn first_stop(block: &[u8; BLOCK + 1], is_stop: impl Fn(u8, u8) -> bool + Copy) -> usize {
    let (Some(first), Some(last)) = (block.first_chunk(), block.last_chunk()) else { return 0 };
    match first_mark(first, is_stop) {
        HALF => first_mark(last, is_stop).wrapping_add(HALF),
        place => place,
    }
}

#[inline]
fn first_mark(half: &[u8; HALF + 1], is_stop: impl Fn(u8, u8) -> bool) -> usize {
    usize::try_from(u128::from_le_bytes(marks(half, is_stop)).trailing_zeros() / 8).unwrap_or(HALF)
}

/// One for each octet at which to stop. On its own, this becomes vector instructions.
#[inline(never)]
fn marks(half: &[u8; HALF + 1], is_stop: impl Fn(u8, u8) -> bool) -> [u8; HALF] {
    let ([here @ .., _], [_, next @ ..]) = (half, half);
    let mut marks = [0; HALF];
    for ((mark, &octet), &next) in marks.iter_mut().zip(here).zip(next) {
        *mark = u8::from(is_stop(octet, next));
    }
    marks
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_end_where_looking_at_each_octet_ends_them(
            text in "[a-z .]{0,70}",
            (from, end) in (0..80_usize, 0..80_usize),
        ) {
            let text = text.as_bytes();
            let end = end.min(text.len());
            let from = from.min(end);
            let is_stop = |octet, next| (octet == b'.') | ((octet == b' ') & (next <= b' '));
            let place = |at: usize| is_stop(text[at], text.get(at + 1).copied().unwrap_or(b' '));
            let stop = (from..end).find(|at| place(*at)).unwrap_or(end);
            let mut out = b"before".to_vec();
            prop_assert_eq!(copy_run(text, from, end, &mut out, is_stop), stop);
            prop_assert_eq!(out, [b"before", &text[from..stop]].concat());
        }
    }
}
