//! Where lines end, in unread octets.

use super::{LineEndError, LineEndErrorKind, LineEndings};
use crate::scan::{self, HIGHEST, each};

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

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use crate::lines::tests::{endings, octets};
    use LineEndings::{Keep, Normalise, Strict};
    use alloc::{vec, vec::Vec};
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
}
