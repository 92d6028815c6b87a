//! Lines that end in CRLF, found while the octets stream in, and what is done about those that do not.
//!
//! SMTP and POP3 know one line end, CRLF (RFC 5321 §2.3.8, RFC 1939 §3). Where two programs disagree about a
//! bare CR or a bare LF, a message can be made that is one message to the first and two to the second: that is
//! SMTP smuggling. [`LineEndings`] names what may be done about it, and every reader and writer of the family
//! takes one.
//!
//! - [`LineFinder`] finds the next line of commands or replies in the unread octets. It remembers how far it
//!   has looked, so that a line that comes octet by octet costs no more than one that comes whole.
//! - [`EndingFilter`] passes counted octets (a BDAT chunk) on in pieces, with their line ends checked.
//!
//! ```
//! use mail_base::lines::{Found, LineEndings, LineFinder};
//!
//! let mut finder = LineFinder::new(LineEndings::Strict);
//! assert_eq!(finder.find(b"NOOP\r", 512)?, Found::NeedInput);
//! assert_eq!(finder.find(b"NOOP\r\nQUIT", 512)?, Found::Line { text: b"NOOP", used: 6 });
//! assert!(finder.find(b"NO\nOP\r\n", 512).is_err());
//! # Ok::<(), mail_base::lines::LineEndError>(())
//! ```

use crate::scan::{self, HIGHEST, each};
use core::fmt;

/// What is done about a CR or LF that is not part of a CRLF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEndings {
    /// It is an error. RFC 5321 §2.3.8 says that it must not be sent; refusing it leaves nothing for two
    /// programs to disagree about.
    #[default]
    Strict,
    /// A bare LF ends a line as CRLF does, and becomes CRLF where the octets are passed on; a bare CR becomes a
    /// space. What ends a message is still CRLF, dot, CRLF and nothing else. Postfix does the same by default
    /// since 3.9, for scripts and devices that send LF.
    Normalise,
    /// It is an octet like any other: only CRLF ends a line. For reading what is thrown away, and for readers
    /// that pass the octets to nobody who could see a line end in them.
    Keep,
}

/// What a [`LineFinder`] has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'i> {
    /// A line.
    Line {
        /// Its octets, without the line end.
        text: &'i [u8],
        /// How many octets it takes of the input, the line end included.
        used: usize,
    },
    /// A line that is longer than the limit. Its octets are to be dropped as they come; the next call goes on
    /// behind them.
    TooLong {
        /// How many octets to drop.
        used: usize,
        /// Whether they hold the end of the line.
        ended: bool,
    },
    /// The line has not ended. More must be read *behind* what is there already.
    NeedInput,
}

/// Finds lines. It is shown the unread octets from the start of the line each time.
#[derive(Clone, Debug, Default)]
pub struct LineFinder {
    endings: LineEndings,
    /// How many of the unread octets hold no line end.
    scanned: usize,
    /// Whether the start of the line has been dropped, because it is too long.
    skipping: bool,
}

impl LineFinder {
    /// Starts at the first octet of a line.
    #[must_use]
    pub fn new(endings: LineEndings) -> Self {
        Self { endings, scanned: 0, skipping: false }
    }

    /// Whether nothing of the line has been looked at, so that the next octet is its first. Who knows what such
    /// lines look like may read one that stands there whole without this finder.
    #[must_use]
    pub fn is_at_start(&self) -> bool {
        self.scanned == 0 && !self.skipping
    }

    /// Looks for the end of the line that starts at the first octet of `input`. A line may have `limit` octets,
    /// its line end counted.
    ///
    /// # Errors
    /// A [`LineEndError`] at a bare CR or LF, if they are refused. Nothing is used then.
    #[inline]
    pub fn find<'i>(&mut self, input: &'i [u8], limit: usize) -> Result<Found<'i>, LineEndError> {
        if self.is_at_start()
            && let Some(text) = plain_line(input, limit)
        {
            return Ok(Found::Line { text, used: text.len().saturating_add(2) });
        }
        self.find_any(input, limit)
    }

    #[inline(never)]
    fn find_any<'i>(&mut self, input: &'i [u8], limit: usize) -> Result<Found<'i>, LineEndError> {
        if input.is_empty() {
            return Ok(Found::NeedInput);
        }
        let mut from = self.scanned.min(input.len());
        loop {
            let Some(at) = position_of_end(input, from) else {
                return Ok(self.unfinished(input.len(), input.len(), limit));
            };
            let after = at.saturating_add(1);
            let is_return = input.get(at) == Some(&b'\r');
            match (is_return, input.get(after)) {
                (true, Some(b'\n')) => return Ok(self.line(input, at, at.saturating_add(2), limit)),
                (true, None) => return Ok(self.unfinished(at, input.len(), limit)),
                _ => {}
            }
            match self.endings {
                LineEndings::Strict => {
                    self.scanned = at;
                    let kind =
                        if is_return { LineEndErrorKind::BareReturn } else { LineEndErrorKind::BareLineFeed };
                    return Err(LineEndError { kind, at });
                }
                LineEndings::Normalise if !is_return => return Ok(self.line(input, at, after, limit)),
                LineEndings::Normalise | LineEndings::Keep => from = after,
            }
        }
    }

    /// A line whose text ends at `end` and whose line end ends at `used`.
    fn line<'i>(&mut self, input: &'i [u8], end: usize, used: usize, limit: usize) -> Found<'i> {
        let is_too_long = core::mem::take(&mut self.skipping) || used > limit;
        self.scanned = 0;
        match input.get(..end) {
            Some(text) if !is_too_long => Found::Line { text, used },
            _ => Found::TooLong { used, ended: true },
        }
    }

    /// No line end in the first `scanned` octets of the `unread` ones, nor behind them but for a CR.
    fn unfinished<'i>(&mut self, scanned: usize, unread: usize, limit: usize) -> Found<'i> {
        self.skipping |= unread >= limit;
        if self.skipping && scanned > 0 {
            self.scanned = 0;
            return Found::TooLong { used: scanned, ended: false };
        }
        self.scanned = scanned;
        Found::NeedInput
    }
}

/// The line at the start of the octets, without its line end, if it stands there whole, of at most `limit` octets,
/// in ASCII without control characters, and ends in CRLF: what almost all lines of commands and replies are. One
/// look at each octet tells; for all others there is [`LineFinder::find`].
#[inline]
#[must_use]
pub fn plain_line(octets: &[u8], limit: usize) -> Option<&[u8]> {
    let (line, rest) = octets.split_at_checked(plain_length(octets))?;
    let is_whole = rest.starts_with(b"\r\n") && line.len().saturating_add(2) <= limit;
    is_whole.then_some(line)
}

/// How many octets from the start are ASCII and no control characters.
#[inline]
fn plain_length(octets: &[u8]) -> usize {
    let (words, rest) = octets.as_chunks::<8>();
    let mut at: usize = 0;
    for word in words {
        let others = scan::not_visible_from(u64::from_le_bytes(*word), b' ');
        if others != 0 {
            return at.wrapping_add(scan::first(others));
        }
        at = at.wrapping_add(8);
    }
    let tail = rest.iter().take_while(|&&octet| (b' '..=b'~').contains(&octet)).count();
    at.wrapping_add(tail)
}

/// The offset of the first CR or LF at `from` or behind it.
pub(crate) fn position_of_end(octets: &[u8], from: usize) -> Option<usize> {
    let is_end = |octet: &u8| *octet == b'\r' || *octet == b'\n';
    let (words, tail) = octets.get(from..)?.as_chunks::<8>();
    let mut at = from;
    for word in words {
        if let Some(first) = first_below(u64::from_le_bytes(*word), 0x0e) {
            // a tab, for example, is below 0x0e as well
            let offset =
                if word.get(first).is_some_and(is_end) { Some(first) } else { word.iter().position(is_end) };
            if let Some(offset) = offset {
                return at.checked_add(offset);
            }
        }
        at = at.saturating_add(8);
    }
    let offset = tail.iter().position(is_end)?;
    at.checked_add(offset)
}

/// Which of the eight octets of a word is the first below `limit`, which is at most 0x80.
fn first_below(word: u64, limit: u8) -> Option<usize> {
    let below = word.wrapping_sub(each(limit)) & !word & HIGHEST;
    (below != 0).then(|| scan::first(below))
}

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

/// What stands for a bare CR.
pub(crate) fn bare_return(endings: LineEndings, at: usize) -> Result<&'static [u8], LineEndError> {
    match endings {
        LineEndings::Strict => Err(LineEndError { kind: LineEndErrorKind::BareReturn, at }),
        LineEndings::Normalise => Ok(b" "),
        LineEndings::Keep => Ok(b"\r"),
    }
}

/// What stands for a bare LF.
pub(crate) fn bare_line_feed(endings: LineEndings, at: usize) -> Result<&'static [u8], LineEndError> {
    match endings {
        LineEndings::Strict => Err(LineEndError { kind: LineEndErrorKind::BareLineFeed, at }),
        LineEndings::Normalise => Ok(b"\r\n"),
        LineEndings::Keep => Ok(b"\n"),
    }
}

/// A line end that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineEndError {
    /// What is wrong.
    pub kind: LineEndErrorKind,
    /// The offset of the octet.
    pub at: usize,
}

/// The ways in which a line end is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineEndErrorKind {
    /// A CR without a LF after it.
    BareReturn,
    /// A LF without a CR before it.
    BareLineFeed,
}

impl fmt::Display for LineEndError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            LineEndErrorKind::BareReturn => "a CR has no LF after it",
            LineEndErrorKind::BareLineFeed => "a LF has no CR before it",
        };
        write!(f, "{what} (at octet {})", self.at)
    }
}

impl core::error::Error for LineEndError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use LineEndings::{Keep, Normalise, Strict};
    use alloc::{string::String, string::ToString, vec, vec::Vec};
    use proptest::prelude::*;

    /// A line, a line that was too long, or an error and its place in the whole input.
    type Event = Result<Option<Vec<u8>>, LineEndError>;

    /// Reads all lines of `input` that arrives in pieces of these sizes.
    fn lines(input: &[u8], sizes: &[usize], endings: LineEndings, limit: usize) -> Vec<Event> {
        let mut finder = LineFinder::new(endings);
        let mut events = Vec::new();
        let (mut start, mut end) = (0, 0);
        let mut sizes = sizes.iter().cycle();
        loop {
            match finder.find(&input[start..end], limit) {
                Ok(Found::Line { text, used }) => {
                    events.push(Ok(Some(text.to_vec())));
                    start += used;
                }
                Ok(Found::TooLong { used, ended }) => {
                    assert!(used > 0);
                    start += used;
                    if ended {
                        events.push(Ok(None));
                    }
                }
                Ok(Found::NeedInput) if end == input.len() => return events,
                Ok(Found::NeedInput) => end = (end + sizes.next().unwrap()).min(input.len()),
                Err(error) => {
                    events.push(Err(LineEndError { at: error.at + start, ..error }));
                    return events;
                }
            }
        }
    }

    /// The same, octet by octet over the whole input, by the letter of the rules.
    fn lines_slowly(input: &[u8], endings: LineEndings, limit: usize) -> Vec<Event> {
        let mut events = Vec::new();
        let mut line = Vec::new();
        let mut at = 0;
        while at < input.len() {
            let end = match (input[at], input.get(at + 1)) {
                (b'\r', Some(b'\n')) => 2,
                (b'\r', None) => break,
                (b'\r', _) if endings == Strict => {
                    events.push(Err(LineEndError { kind: LineEndErrorKind::BareReturn, at }));
                    break;
                }
                (b'\n', _) if endings == Strict => {
                    events.push(Err(LineEndError { kind: LineEndErrorKind::BareLineFeed, at }));
                    break;
                }
                (b'\n', _) if endings == Normalise => 1,
                _ => 0,
            };
            if end > 0 {
                let is_too_long = line.len() + end > limit;
                events.push(Ok((!is_too_long).then(|| core::mem::take(&mut line))));
                line.clear();
                at += end;
            } else {
                line.push(input[at]);
                at += 1;
            }
        }
        events
    }

    fn octets() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(proptest::sample::select(b"\r\n\r\n.a\t\x8d".to_vec()), 0..60)
    }

    fn endings() -> impl Strategy<Value = LineEndings> {
        proptest::sample::select(vec![Strict, Normalise, Keep])
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_slow_reader(
            input in octets(),
            endings in endings(),
            sizes in proptest::collection::vec(1_usize..5, 1..4),
            limit in 2_usize..12,
        ) {
            prop_assert_eq!(lines(&input, &sizes, endings, limit), lines_slowly(&input, endings, limit));
        }

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

    #[test]
    fn a_plain_line_is_whole_and_printable() {
        for length in 0..40 {
            let line = vec![b'~'; length];
            let mut octets = [line.as_slice(), b"\r\nNOOP\r\n"].concat();
            assert_eq!(plain_line(&octets, length + 2), Some(&*line));
            assert_eq!(plain_line(&octets, length + 1), None);
            assert_eq!(plain_line(&octets[..=length], 99), None);
            for at in 0..length {
                for other in [0, b'\t', b'\r', b'\n', 0x1f, 0x7f, 0x80, 0xff] {
                    octets[at] = other;
                    assert_eq!(plain_line(&octets, 99), None, "{other} at {at} of {length}");
                }
                octets[at] = b' ';
            }
        }
    }

    #[test]
    fn a_line_may_have_the_limit_with_its_line_end() {
        let text = |event: &Event| event.clone().unwrap().map(|line| line.len());
        assert_eq!(text(&lines(b"abc\r\n", &[9], Strict, 5)[0]), Some(3));
        assert_eq!(text(&lines(b"abcd\r\n", &[9], Strict, 5)[0]), None);
        let events = lines(b"abcdefghijkl\r\nx\r\n", &[1], Strict, 5);
        assert_eq!(events, [Ok(None), Ok(Some(b"x".to_vec()))]);
    }

    #[test]
    fn a_large_line_in_one_slice_is_dropped_whole() {
        let mut input = vec![b'a'; 200_000];
        input.extend(b"\r\nQUIT\r\n");
        assert_eq!(lines(&input, &[1 << 20], Strict, 512), [Ok(None), Ok(Some(b"QUIT".to_vec()))]);
        assert_eq!(lines(&input, &[4096], Strict, 512), [Ok(None), Ok(Some(b"QUIT".to_vec()))]);
    }

    #[test]
    fn what_was_looked_at_is_not_looked_at_again() {
        let mut finder = LineFinder::new(Strict);
        assert!(finder.is_at_start());
        assert_eq!(finder.find(b"ab", 9), Ok(Found::NeedInput));
        assert!(!finder.is_at_start());
        // only a finder that starts at the third octet overlooks this line end
        assert_eq!(finder.find(b"\r\nab", 9), Ok(Found::NeedInput));
    }

    #[test]
    fn bare_line_ends_are_refused_with_their_place() {
        let at = |kind, at| [Err(LineEndError { kind, at })];
        assert_eq!(lines(b"DA\rTA\r\n", &[9], Strict, 512), at(LineEndErrorKind::BareReturn, 2));
        assert_eq!(lines(b"DATA\n", &[9], Strict, 512), at(LineEndErrorKind::BareLineFeed, 4));
        assert_eq!(
            lines(b"DA\rTA\r\nx\n", &[9], Normalise, 512),
            [Ok(Some(b"DA\rTA".to_vec())), Ok(Some(b"x".to_vec()))]
        );
        assert_eq!(lines(b"a\nb\r\r\n", &[9], Keep, 512), [Ok(Some(b"a\nb\r".to_vec()))]);
    }

    #[test]
    fn messages_name_the_octet() {
        let text: String = LineEndError { kind: LineEndErrorKind::BareReturn, at: 2 }.to_string();
        assert_eq!(text, "a CR has no LF after it (at octet 2)");
    }
}
