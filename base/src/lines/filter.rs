//! Octets passed on, with their line ends checked or made good.

use super::{LineEndError, LineEndings, bare_line_feed, bare_return};

/// The first place where two neighbours are such that something must be done, as the offset of the left one.
pub(crate) fn first_pair(octets: &[u8], is_stop: impl Fn(u8, u8) -> bool) -> Option<usize> {
    // one step of this many pairs compiles to vector instructions
    const FAR: usize = 128;
    const NEAR: usize = 32;
    let (lefts, rights) = (octets.get(..octets.len().saturating_sub(1))?, octets.get(1..)?);
    let far = quiet_length::<FAR>(lefts, rights, &is_stop);
    let (lefts, rights) = (lefts.get(far..)?, rights.get(far..)?);
    // what is left behind the last whole block is looked at with what stands before it
    if lefts.len() < FAR && is_quiet_at_end::<FAR>(octets, &is_stop) {
        return None;
    }
    let near = quiet_length::<NEAR>(lefts, rights, &is_stop);
    let (lefts, rights) = (lefts.get(near..)?, rights.get(near..)?);
    let offset = lefts.iter().zip(rights).position(|(&left, &right)| is_stop(left, right))?;
    Some(far.saturating_add(near).saturating_add(offset))
}

/// How many octets there are in the blocks at the start that have no such pair.
fn quiet_length<const BLOCK: usize>(lefts: &[u8], rights: &[u8], is_stop: impl Fn(u8, u8) -> bool) -> usize {
    let (lefts, _) = lefts.as_chunks::<BLOCK>();
    let (rights, _) = rights.as_chunks::<BLOCK>();
    let quiet = lefts.iter().zip(rights).take_while(|(left, right)| is_quiet(left, right, &is_stop));
    quiet.count().saturating_mul(BLOCK)
}

/// Whether the last so many pairs are quiet; not where there are fewer.
fn is_quiet_at_end<const BLOCK: usize>(octets: &[u8], is_stop: impl Fn(u8, u8) -> bool) -> bool {
    let before_last = octets.split_last().map_or(octets, |(_, before)| before);
    match (before_last.last_chunk::<BLOCK>(), octets.last_chunk::<BLOCK>()) {
        (Some(left), Some(right)) if octets.len() > BLOCK => is_quiet(left, right, is_stop),
        _ => false,
    }
}

/// Whether there is no such pair. Of a length that is known and without an early exit, this loop compiles to
/// vector instructions: it decides the speed of DATA and RETR.
#[inline]
fn is_quiet<const BLOCK: usize>(
    left: &[u8; BLOCK],
    right: &[u8; BLOCK],
    is_stop: impl Fn(u8, u8) -> bool,
) -> bool {
    !left.iter().zip(right).fold(false, |hit, (&left, &right)| hit | is_stop(left, right))
}

/// Whether the line end between two octets is broken: a CR without its LF, or a LF without its CR.
pub(crate) fn is_broken(left: u8, right: u8) -> bool {
    (left == b'\r') != (right == b'\n')
}

/// How many octets from the start can be passed on as they are, given where [`first_pair`] stopped: a CR that
/// is the last octet is not among them, because what comes next decides about it.
pub(crate) fn clean_length(octets: &[u8], stop: Option<usize>) -> usize {
    let at = stop.unwrap_or(octets.len().saturating_sub(1));
    match octets.get(at) {
        Some(b'\r') => at,
        Some(_) => at.saturating_add(1),
        None => 0,
    }
}

/// A piece of what was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'i> {
    /// The octets to pass on.
    pub octets: &'i [u8],
    /// How many octets of the input they stand for. One of `octets` and `used` is not zero, unless the input
    /// is empty.
    pub used: usize,
}

/// Passes octets on, with their line ends checked or made good. Any split of the input gives the same octets.
#[derive(Clone, Debug, Default)]
pub struct EndingFilter {
    endings: LineEndings,
    /// Whether the last octet was a CR, which has not been passed on yet.
    held: bool,
    read: usize,
}

impl EndingFilter {
    /// Starts at the first octet.
    #[must_use]
    pub fn new(endings: LineEndings) -> Self {
        Self { endings, held: false, read: 0 }
    }

    /// Takes a first piece of `input`.
    ///
    /// # Errors
    /// A [`LineEndError`] at a bare CR or LF, if they are refused; its place counts from the first octet of
    /// all.
    pub fn filter<'i>(&mut self, input: &'i [u8]) -> Result<Piece<'i>, LineEndError> {
        let keeps = self.keeps();
        self.filter_until(input, |run| if keeps { None } else { first_pair(run, is_broken) })
    }

    /// Whether nothing is done about bare line ends.
    pub(crate) fn keeps(&self) -> bool {
        self.endings == LineEndings::Keep
    }

    /// The same for those who must stop at other places as well. `first_stop` finds the first pair of octets that
    /// has a broken line end between them, unless those are kept, or stops the caller; gives the left one.
    pub(crate) fn filter_until<'i>(
        &mut self,
        input: &'i [u8],
        first_stop: impl Fn(&[u8]) -> Option<usize>,
    ) -> Result<Piece<'i>, LineEndError> {
        let piece = match (self.held, input.first()) {
            (_, None) => Piece { octets: b"", used: 0 },
            (true, Some(b'\n')) => Piece { octets: b"\r\n", used: 1 },
            (true, Some(_)) => Piece { octets: self.bare_return()?, used: 0 },
            (false, Some(b'\n')) if !self.keeps() => Piece { octets: self.bare_line_feed()?, used: 1 },
            (false, Some(_)) => self.run(input, first_stop(input))?,
        };
        self.held = match piece {
            Piece { octets: b"", used: 0 } => self.held,
            Piece { octets: b"", .. } => true,
            _ => false,
        };
        self.read = self.read.saturating_add(piece.used);
        Ok(piece)
    }

    /// The octets up to the first that cannot be passed on as it is, or what stands for that one.
    fn run<'i>(&self, input: &'i [u8], stop: Option<usize>) -> Result<Piece<'i>, LineEndError> {
        let used = if self.keeps() {
            stop.map_or(input.len(), |at| at.saturating_add(1))
        } else {
            clean_length(input, stop)
        };
        match input {
            _ if used > 0 => Ok(Piece { octets: input.get(..used).unwrap_or(b""), used }),
            [b'\r'] => Ok(Piece { octets: b"", used: 1 }),
            _ => Ok(Piece { octets: self.bare_return()?, used: 1 }),
        }
    }

    /// Ends the octets; gives what is left to pass on.
    ///
    /// # Errors
    /// A [`LineEndError`] where the last octet was a CR, if bare ones are refused.
    pub fn finish(self) -> Result<&'static [u8], LineEndError> {
        if self.held { self.bare_return() } else { Ok(b"") }
    }

    fn bare_return(&self) -> Result<&'static [u8], LineEndError> {
        let at = if self.held { self.read.saturating_sub(1) } else { self.read };
        bare_return(self.endings, at)
    }

    fn bare_line_feed(&self) -> Result<&'static [u8], LineEndError> {
        bare_line_feed(self.endings, self.read)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use crate::lines::tests::{endings, octets};
    use alloc::{vec, vec::Vec};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_filter_gives_the_same_for_every_split(
            input in octets(),
            endings in endings(),
            sizes in proptest::collection::vec(1_usize..5, 1..4),
        ) {
            prop_assert_eq!(filter(&input, &sizes, endings), filter_slowly(&input, endings));
        }
    }

    fn filter(input: &[u8], sizes: &[usize], endings: LineEndings) -> Result<Vec<u8>, LineEndError> {
        let mut filter = EndingFilter::new(endings);
        let mut out = Vec::new();
        let mut rest = input;
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (mut piece, later) = rest.split_at((*size).min(rest.len()));
            rest = later;
            while !piece.is_empty() {
                let passed = filter.filter(piece)?;
                assert!(passed.used > 0 || !passed.octets.is_empty());
                out.extend(passed.octets);
                piece = &piece[passed.used..];
            }
        }
        out.extend(filter.finish()?);
        Ok(out)
    }

    fn filter_slowly(input: &[u8], endings: LineEndings) -> Result<Vec<u8>, LineEndError> {
        let mut out = Vec::new();
        for (at, &octet) in input.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| input[at]);
            match octet {
                b'\r' if input.get(at + 1) != Some(&b'\n') => out.extend(bare_return(endings, at)?),
                b'\n' if before != Some(b'\r') => out.extend(bare_line_feed(endings, at)?),
                _ => out.push(octet),
            }
        }
        Ok(out)
    }

    #[test]
    fn the_first_broken_line_end_is_found_wherever_it_stands() {
        for length in (0..70).chain(120..140).chain(250..262) {
            let mut octets = vec![b'a'; length];
            assert_eq!(first_pair(&octets, is_broken), None);
            for at in (1..length).rev() {
                octets[at] = b'\n';
                assert_eq!(first_pair(&octets, is_broken), Some(at - 1), "{at} of {length}");
            }
        }
    }
}
