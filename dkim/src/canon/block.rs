//! The relaxed form of a body, block by block.
//!
//! Most of a body needs no change at all: [`clean_length`] tells how much, with a loop that the compiler turns into
//! vector instructions. Where something changes, [`Blocks`] takes one block after the other and leaves out what goes.
//! A block is judged by itself and the two octets after it, so that nothing has to be remembered between two.

use mail_base::scan::gathered;

/// So many octets are reduced at a time: for each there is a bit in a word.
const BLOCK: usize = 64;

/// A block, and what comes after it.
pub(super) const WINDOW: usize = 2 * BLOCK;

/// So many octets are reduced before it is asked whether there was a tab.
pub(super) const PART: usize = 8 * BLOCK;

/// Not more than this is clean at once, or reduced: what was looked at is to be in the nearest cache still when it is
/// hashed.
const MOST: usize = 2048;

/// Behind the form of each block there is room for one more, so that always whole blocks are copied.
const ROOM: usize = MOST + BLOCK;

/// So many octets are looked at together for changes.
const STRETCH: usize = 256;

/// Where there are more runs to leave out in a block, it is reduced octet by octet.
const RUNS: u32 = 4;

/// How many octets at the start need no change, or fewer: whole stretches are counted.
pub(super) fn clean_length(octets: &[u8]) -> usize {
    let (stretches, _) = octets.get(..MOST).unwrap_or(octets).as_chunks();
    let (ahead, _) = octets.get(1..).unwrap_or(&[]).as_chunks();
    let clean = stretches.iter().zip(ahead).take_while(|(stretch, next)| is_clean(stretch, next));
    clean.count().saturating_mul(STRETCH)
}

/// Whether there is no tab, no space before white space or a line end, and also no space after a line end, nor any
/// control character below a tab: asked like this it takes the fewest instructions.
fn is_clean(stretch: &[u8; STRETCH], next: &[u8; STRETCH]) -> bool {
    let (least, has_space) = stretch
        .iter()
        .fold((u8::MAX, false), |(least, has_space), &octet| (octet.min(least), has_space | (octet == b' ')));
    // an encoded attachment has none
    least > b'\t' && (!has_space || has_single_spaces(stretch, next))
}

fn has_single_spaces(stretch: &[u8; STRETCH], next: &[u8; STRETCH]) -> bool {
    stretch.iter().zip(next).fold(true, |is_single, (&octet, &next)| is_single & (octet.max(next) != b' '))
}

/// The relaxed form of blocks, one behind the other.
pub(super) struct Blocks {
    octets: [u8; ROOM],
    length: usize,
}

/// What [`Blocks::add`] did.
pub(super) struct Added {
    /// So many octets it took.
    pub(super) used: usize,
    /// So many octets their form has.
    pub(super) length: usize,
}

impl Blocks {
    pub(super) const fn new() -> Self {
        Self { octets: [0; ROOM], length: 0 }
    }

    /// What there is so far.
    pub(super) fn form(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or(&[])
    }

    /// Whether there is no room for more.
    pub(super) fn is_full(&self) -> bool {
        self.length > MOST.wrapping_sub(PART)
    }

    pub(super) fn clear(&mut self) {
        self.length = 0;
    }

    /// Removes the first octets.
    pub(super) fn remove(&mut self, count: usize) {
        if let Some(left) = self.length.checked_sub(count) {
            self.octets.copy_within(count..self.length, 0);
            self.length = left;
        }
    }

    /// Adds the relaxed form of the first blocks. The last octets, fewer than a window, are not taken; of white space
    /// that goes on after the last block nothing is added.
    pub(super) fn add(&mut self, octets: &[u8]) -> Added {
        let octets = octets.get(..PART + BLOCK).unwrap_or(octets);
        let start = self.length;
        let (mut used, has_tab) = self.add_blocks(octets);
        if has_tab {
            // of all white space there is a space left
            let mut spaced = [0; PART + BLOCK];
            for (spaced, &octet) in spaced.iter_mut().zip(octets) {
                *spaced = if octet == b'\t' { b' ' } else { octet };
            }
            self.length = start;
            (used, _) = self.add_blocks(spaced.get(..octets.len()).unwrap_or(&[]));
        }
        Added { used, length: self.length.wrapping_sub(start) }
    }

    /// Adds the relaxed form of blocks if there is no tab in them or behind them, and tells whether there was one.
    #[inline]
    fn add_blocks(&mut self, octets: &[u8]) -> (usize, bool) {
        let mut rest = octets;
        let mut length = self.length;
        let mut least = Least::new(octets);
        while let Some(window) = rest.first_chunk()
            && let Some(place) = self.octets.get_mut(length..).and_then(<[u8]>::first_chunk_mut)
        {
            least.look_at(from::<1>(window));
            length = length.wrapping_add(reduce_block(window, place));
            rest = rest.get(BLOCK..).unwrap_or(&[]);
        }
        self.length = length;
        (octets.len().wrapping_sub(rest.len()), least.is_tab_or_below())
    }
}

/// The least of every sixteenth octet: this keeps it where vector instructions have it.
struct Least([u8; 16]);

impl Least {
    fn new(octets: &[u8]) -> Self {
        Self([octets.first().copied().unwrap_or(u8::MAX); 16])
    }

    #[inline]
    fn look_at(&mut self, block: &[u8; BLOCK]) {
        for octets in block.as_chunks::<16>().0 {
            for (least, &octet) in self.0.iter_mut().zip(octets) {
                *least = octet.min(*least);
            }
        }
    }

    #[inline]
    fn is_tab_or_below(&self) -> bool {
        self.0.iter().fold(false, |found, &least| found | (least <= b'\t'))
    }
}

/// Writes the relaxed form of a block without tabs, and gives how much that is. What is in `out` behind it means
/// nothing.
#[inline]
fn reduce_block(window: &[u8; WINDOW], out: &mut [u8; WINDOW]) -> usize {
    let going = going(window);
    let beyond = beyond_first_run(going);
    // with no run, both are the end of the block: what is copied then means nothing, but takes no branch
    let (start, after) = (offset(going), offset(beyond));
    copy_block(window, 0, out, 0);
    copy_block(window, after, out, start);
    let is_one = going & beyond == 0;
    if is_one & ((going == 0) | is_space_or_line_end(window, after)) {
        BLOCK.wrapping_sub(after.wrapping_sub(start))
    } else {
        reduce_rare_block(going, window, out)
    }
}

#[inline(never)]
fn reduce_rare_block(going: u64, window: &[u8; WINDOW], out: &mut [u8; WINDOW]) -> usize {
    leave_out(going, window, out).unwrap_or_else(|| compact(window, out))
}

/// A bit for each octet of the block, the first lowest: whether it is a space before a space or a control character.
#[inline]
fn going(window: &[u8; WINDOW]) -> u64 {
    let mut flags = [0_u8; BLOCK];
    for ((flag, &octet), &next) in flags.iter_mut().zip(from::<0>(window)).zip(from::<1>(window)) {
        *flag = if (octet == b' ') & (octet.max(next) == b' ') { 0x80 } else { 0 };
    }
    let (words, _) = flags.as_chunks::<8>();
    words.iter().rev().fold(0, |bits, word| (bits << 8) | gathered(u64::from_le_bytes(*word)))
}

/// Leaves out of the copy of a block the runs of spaces that go. `None` where a control character follows one that does
/// not begin a line end, for then its last space stays, and where there are many runs.
#[inline]
fn leave_out(going: u64, window: &[u8; WINDOW], out: &mut [u8; WINDOW]) -> Option<usize> {
    let mut left = going;
    let mut gone: usize = 0;
    let mut is_usual = true;
    loop {
        let (start, after) = (offset(left), offset(beyond_first_run(left)));
        copy_block(window, after, out, start.wrapping_sub(gone));
        gone = gone.wrapping_add(after.wrapping_sub(start));
        is_usual &= is_space_or_line_end(window, after);
        left &= beyond_first_run(left);
        if left == 0 {
            return is_usual.then_some(BLOCK.wrapping_sub(gone));
        }
        if has_many_runs(left) {
            return None;
        }
    }
}

/// Clears the first run of bits that are set, and sets the bit behind it: the one that is carried.
#[inline]
fn beyond_first_run(bits: u64) -> u64 {
    bits.wrapping_add(bits & bits.wrapping_neg())
}

#[inline]
fn has_many_runs(bits: u64) -> bool {
    let starts = bits & !(bits << 1);
    (0..RUNS).fold(starts, |starts, _| starts & starts.wrapping_sub(1)) != 0
}

/// The place of the first octet whose bit is set; the end of the block where there is none.
#[inline]
fn offset(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros()).unwrap_or(BLOCK)
}

#[inline]
fn is_space_or_line_end(window: &[u8; WINDOW], at: usize) -> bool {
    let octets = window.get(at..).and_then(<[u8]>::first_chunk::<2>).unwrap_or(b"  ");
    // without a branch: it changes from line to line which it is
    octets.starts_with(b" ") | (octets == b"\r\n")
}

/// Copies the octets of a block, wherever it lies.
#[inline]
fn copy_block(from: &[u8; WINDOW], at: usize, to: &mut [u8; WINDOW], place: usize) {
    if let Some(from) = from.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>)
        && let Some(to) = to.get_mut(place..).and_then(<[u8]>::first_chunk_mut::<BLOCK>)
    {
        *to = *from;
    }
}

/// Writes the relaxed form of a block without tabs octet by octet, whatever it is made of.
fn compact(window: &[u8; WINDOW], out: &mut [u8; WINDOW]) -> usize {
    let mut goes = [false; BLOCK];
    let after = from::<1>(window).iter().zip(from::<2>(window));
    for ((goes, &octet), (&next, &second)) in goes.iter_mut().zip(window).zip(after) {
        *goes = (octet == b' ') & ((next == b' ') | ((next == b'\r') & (second == b'\n')));
    }
    // without a branch, which would be foreseen wrongly: what goes is written over by what comes next
    let mut length: usize = 0;
    for (&octet, &goes) in window.iter().zip(&goes) {
        if let Some(place) = out.get_mut(length % BLOCK) {
            *place = octet;
        }
        length = length.wrapping_add(usize::from(!goes));
    }
    length
}

/// As many octets as a block has, from there on.
#[inline]
fn from<const AT: usize>(window: &[u8; WINDOW]) -> &[u8; BLOCK] {
    window.get(AT..).and_then(<[u8]>::first_chunk).unwrap_or(&[0; BLOCK])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use alloc::{vec, vec::Vec};
    use proptest::prelude::*;

    /// The relaxed form of a block, by the words of the RFC: of white space the last octet becomes a space, if
    /// no line end follows.
    fn plain(window: &[u8; WINDOW]) -> Vec<u8> {
        let is_space = |at: usize| matches!(window[at], b' ' | b'\t');
        let stays =
            |at: &usize| !is_space(*at) || !(is_space(at + 1) || window[at + 1..].starts_with(b"\r\n"));
        (0..BLOCK).filter(stays).map(|at| if is_space(at) { b' ' } else { window[at] }).collect()
    }

    fn reduced(window: &[u8; WINDOW]) -> Vec<u8> {
        let mut blocks = Blocks::new();
        blocks.add(window);
        blocks.form().to_vec()
    }

    #[test]
    fn a_change_is_seen_wherever_it_stands() {
        for pair in ["  ", " \t", "\t", "\tx", " \r", " \n", " \0"] {
            for at in 0..=2 * STRETCH {
                let mut octets = vec![b'x'; 3 * STRETCH + 1];
                assert_eq!(clean_length(&octets), 3 * STRETCH);
                octets[at..at + pair.len()].copy_from_slice(pair.as_bytes());
                assert_eq!(clean_length(&octets), at / STRETCH * STRETCH, "{pair:?} at {at}");
            }
        }
        assert_eq!(clean_length(&b"a line of text\r\n\r\n\n\r\x0b\x7f\xa0 ".repeat(1000)), MOST);
    }

    #[test]
    fn only_whole_stretches_with_an_octet_behind_them_are_clean() {
        for length in 0..=2 * STRETCH {
            let expected = length.saturating_sub(1) / STRETCH * STRETCH;
            assert_eq!(clean_length(&vec![b'x'; length]), expected, "{length}");
        }
    }

    #[test]
    fn a_run_of_every_length_is_left_out_at_every_place() {
        for fill in [" ", "\t", " \t", "\t "] {
            for end in ["", "x", "\r\n", "\r", "\n", "\rx", "\t\r\n", "\0", "\r\n \r\n"] {
                for start in 0..=BLOCK {
                    for length in 0..=BLOCK + 3 - start.min(BLOCK) {
                        let mut window = [b'x'; WINDOW];
                        let run: Vec<u8> = fill.bytes().cycle().take(length).chain(end.bytes()).collect();
                        window[start..start + run.len()].copy_from_slice(&run);
                        assert_eq!(reduced(&window), plain(&window), "{run:?} at {start}");
                    }
                }
            }
        }
    }

    #[test]
    fn many_runs_are_left_out() {
        for step in 2..BLOCK {
            for run in ["  ", " \r\n", "\t", " \r", "   "] {
                for first in 0..step {
                    let mut window = [b'x'; WINDOW];
                    for at in (first..BLOCK).step_by(step) {
                        window[at..at + run.len()].copy_from_slice(run.as_bytes());
                    }
                    assert_eq!(reduced(&window), plain(&window), "{run:?} at {first}, then each {step}");
                }
            }
        }
    }

    #[test]
    fn blocks_are_taken_while_there_is_a_window() {
        for body in [&b"some  words \r\n"[..], b"tabs\tand \r\n\tmore\r\n", b"some words"] {
            let body = body.repeat(2 * PART / body.len() + 1);
            for length in 0..2 * PART {
                let mut blocks = Blocks::new();
                let Added { used, length: added } = blocks.add(&body[..length]);
                let count = (length / BLOCK).saturating_sub(1).min(PART / BLOCK);
                assert_eq!(used, count * BLOCK, "{length}");
                let forms = (0..count).map(|block| plain(body[block * BLOCK..].first_chunk().unwrap()));
                assert_eq!(blocks.form(), forms.collect::<Vec<_>>().concat(), "{length}");
                assert_eq!(blocks.form().len(), added);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]
        #[test]
        fn a_block_is_reduced_as_the_words_of_the_rfc_say(
            dense in prop::array::uniform32(prop::sample::select(&b"  \t\r\n\n\rax\0\xa0"[..])),
            sparse in prop::collection::vec((0..WINDOW - 4, prop::sample::select(&["  ", " \r\n", "\t", "   x", " \r", "\r\n  "][..])), 0..8),
            place in 0..=WINDOW - 32,
            has_dense in prop::bool::ANY,
        ) {
            let mut window = [b'x'; WINDOW];
            for (at, octets) in sparse {
                window[at..at + octets.len()].copy_from_slice(octets.as_bytes());
            }
            if has_dense {
                window[place..place + 32].copy_from_slice(&dense);
            }
            prop_assert_eq!(reduced(&window), plain(&window));
        }
    }
}
