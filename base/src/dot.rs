//! Dot-stuffing: how a text of any length ends with a line that holds a dot and nothing else (RFC 5321 §4.5.2,
//! RFC 1939 §3).
//!
//! [`DotDecoder`] takes the dots off while the text streams in, and finds its end: exactly CRLF, dot, CRLF,
//! whatever the pieces. What it gives are parts of the input, not copies. [`DotEncoder`] puts them on.
//!
//! ```
//! use mail_base::{dot::{Decoded, DotDecoder}, lines::LineEndings};
//!
//! let mut decoder = DotDecoder::new(LineEndings::Strict);
//! let input = b"..hidden\r\n.\r\nQUIT\r\n";
//! assert_eq!(decoder.decode(input)?, Decoded::Octets { octets: b".hidden\r\n", used: 10 });
//! assert_eq!(decoder.decode(&input[10..])?, Decoded::End { used: 3 });
//! # Ok::<(), mail_base::lines::LineEndError>(())
//! ```

use crate::lines::{
    EndingFilter, LineEndError, LineEndings, bare_line_feed, bare_return, clean_length, first_pair, is_broken,
};
use alloc::vec::Vec;

/// What a [`DotDecoder`] has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded<'i> {
    /// Octets of the text.
    Octets {
        /// The octets, dots taken off and line ends as the policy wants them.
        octets: &'i [u8],
        /// How many octets of the input they stand for: never zero.
        used: usize,
    },
    /// The end of the text.
    End {
        /// How many octets of the input it takes.
        used: usize,
    },
    /// What the unread octets mean depends on the next one. More must be read *behind* what is there already.
    NeedInput,
}

/// Where the next octet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the start of a line, after CRLF or at the very beginning: a lone dot ends the text.
    Line,
    /// At the start of a line, after a bare LF that was let through as a line end: no dot ends the text here.
    BareLine,
    /// Inside a line.
    Inside,
    /// After the end.
    End,
}

/// Takes the dots off a text.
#[derive(Clone, Debug)]
pub struct DotDecoder {
    endings: LineEndings,
    place: Place,
    read: usize,
}

impl DotDecoder {
    /// Starts at the first octet of a text.
    #[must_use]
    pub fn new(endings: LineEndings) -> Self {
        Self { endings, place: Place::Line, read: 0 }
    }

    /// Goes on under another policy: with [`LineEndings::Keep`] after an error, for example, to find the true
    /// end of a text that is refused.
    pub fn set_endings(&mut self, endings: LineEndings) {
        self.endings = endings;
    }

    /// Reads from the start of `input`, which starts behind what has been used.
    ///
    /// # Errors
    /// A [`LineEndError`] at a bare CR or LF, if they are refused; its place counts from the first octet of the
    /// text. Nothing is used then.
    pub fn decode<'i>(&mut self, input: &'i [u8]) -> Result<Decoded<'i>, LineEndError> {
        let dot = match (self.place, input) {
            (Place::End, _) => return Ok(Decoded::End { used: 0 }),
            (_, []) => return Ok(Decoded::NeedInput),
            (Place::Line | Place::BareLine, [b'.'] | [b'.', b'\r']) => return Ok(Decoded::NeedInput),
            (Place::Line, [b'.', b'\r', b'\n', ..]) => {
                self.place = Place::End;
                return Ok(Decoded::End { used: 3 });
            }
            (Place::Line | Place::BareLine, [b'.', ..]) => 1,
            _ => 0,
        };
        let rest = input.get(dot..).unwrap_or(b"");
        let length = self.clean_length(rest);
        let (octets, used, place) = match rest {
            _ if length > 0 => {
                let octets = rest.get(..length).unwrap_or(b"");
                let place = if octets.ends_with(b"\r\n") { Place::Line } else { Place::Inside };
                (octets, length, place)
            }
            [b'\r'] => return Ok(Decoded::NeedInput),
            [b'\n', ..] => (bare_line_feed(self.endings, self.read.saturating_add(dot))?, 1, Place::BareLine),
            _ => (bare_return(self.endings, self.read.saturating_add(dot))?, 1, Place::Inside),
        };
        let used = used.saturating_add(dot);
        self.place = place;
        self.read = self.read.saturating_add(used);
        Ok(Decoded::Octets { octets, used })
    }

    /// How many octets are text as they stand: up to a broken line end, up to a dot that starts a line.
    fn clean_length(&self, octets: &[u8]) -> usize {
        if self.endings == LineEndings::Keep {
            return clean_length(octets, first_stuffed_dot(octets));
        }
        if octets.first() == Some(&b'\n') {
            return 0;
        }
        let is_stop = |left, right| is_broken(left, right) || (left == b'\n' && right == b'.');
        clean_length(octets, first_pair(octets, is_stop))
    }
}

/// The offset of the LF of the first CRLF that has a dot after it.
fn first_stuffed_dot(octets: &[u8]) -> Option<usize> {
    let mut from: usize = 0;
    loop {
        let rest = octets.get(from..)?;
        let at = from.saturating_add(first_pair(rest, |left, right| left == b'\n' && right == b'.')?);
        if octets.get(..at).is_some_and(|before| before.ends_with(b"\r")) {
            return Some(at);
        }
        from = at.saturating_add(1);
    }
}

/// Puts the dots on a text, and its end after it.
///
/// ```
/// use mail_base::{dot::DotEncoder, lines::LineEndings};
///
/// let mut out = Vec::new();
/// let mut encoder = DotEncoder::new(LineEndings::Normalise);
/// encoder.encode(b"first\n.", &mut out)?;
/// encoder.encode(b"hidden", &mut out)?;
/// encoder.finish(&mut out)?;
/// assert_eq!(out, b"first\r\n..hidden\r\n.\r\n");
/// # Ok::<(), mail_base::lines::LineEndError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DotEncoder {
    filter: EndingFilter,
    last: Last,
}

/// What has been written last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// CRLF, or nothing yet.
    LineEnd,
    Return,
    Other,
}

impl DotEncoder {
    /// Starts a text. With [`LineEndings::Keep`] bare CRs and LFs go out as they are, and what the peer makes
    /// of them is the peer's to say.
    #[must_use]
    pub fn new(endings: LineEndings) -> Self {
        Self { filter: EndingFilter::new(endings), last: Last::LineEnd }
    }

    /// Writes the next octets of the text to `out`.
    ///
    /// # Errors
    /// A [`LineEndError`] at a bare CR or LF, if they are refused; its place counts from the first octet of the
    /// text. What stands before it has been written; the text cannot be ended any more, only broken off.
    pub fn encode(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), LineEndError> {
        let mut rest = octets;
        while !rest.is_empty() {
            let clean = self.filter.clean_run(rest, |left, right| left == b'\n' && right == b'.');
            if clean.is_empty() {
                let piece = self.filter.filter(rest)?;
                self.stuff(piece.octets, out);
                rest = rest.get(piece.used..).unwrap_or(b"");
            } else {
                self.write_run(clean, out);
                rest = rest.get(clean.len()..).unwrap_or(b"");
            }
        }
        Ok(())
    }

    /// Writes octets that have a dot at the start of a line at their own start only, and no broken line end.
    fn write_run(&mut self, run: &[u8], out: &mut Vec<u8>) {
        if run.first() == Some(&b'.') && self.last == Last::LineEnd {
            out.push(b'.');
        }
        out.extend_from_slice(run);
        self.last = if run.ends_with(b"\r\n") { Last::LineEnd } else { Last::Other };
    }

    /// Ends the text: with a CRLF, unless the text has one or is empty, and the dot.
    ///
    /// # Errors
    /// A [`LineEndError`] where the text ends in a bare CR and those are refused.
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<(), LineEndError> {
        let left = core::mem::take(&mut self.filter).finish()?;
        self.stuff(left, out);
        if self.last != Last::LineEnd {
            out.extend(b"\r\n");
        }
        out.extend(b".\r\n");
        Ok(())
    }

    fn stuff(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        let mut rest = octets;
        while let Some(&first) = rest.first() {
            if first == b'.' && self.last == Last::LineEnd {
                out.push(b'.');
            }
            // a LF whose CR went before it, as the end of another piece, ends a line by itself
            let length = if first == b'\n' && self.last == Last::Return {
                1
            } else {
                first_stuffed_dot(rest).map_or(rest.len(), |at| at.saturating_add(1))
            };
            let (run, later) = rest.split_at_checked(length).unwrap_or((rest, b""));
            out.extend_from_slice(run);
            self.last = match run {
                [b'\n'] if self.last == Last::Return => Last::LineEnd,
                [.., b'\r', b'\n'] => Last::LineEnd,
                [.., b'\r'] => Last::Return,
                _ => Last::Other,
            };
            rest = later;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use crate::lines::LineEndErrorKind;
    use LineEndings::{Keep, Normalise, Strict};
    use alloc::vec;
    use proptest::prelude::*;

    /// The text and how many octets it took with its end, or `None` where it has none.
    type Outcome = Result<(Vec<u8>, Option<usize>), LineEndError>;

    /// Decodes `input`, which arrives in pieces of these sizes.
    fn decode(input: &[u8], sizes: &[usize], endings: LineEndings) -> Outcome {
        let mut decoder = DotDecoder::new(endings);
        let mut text = Vec::new();
        let (mut start, mut end) = (0, 0);
        let mut sizes = sizes.iter().cycle();
        loop {
            match decoder.decode(&input[start..end])? {
                Decoded::Octets { octets, used } => {
                    assert!(used > 0 && !octets.is_empty());
                    text.extend(octets);
                    start += used;
                }
                Decoded::End { used } => {
                    assert_eq!(decoder.decode(b"x"), Ok(Decoded::End { used: 0 }));
                    return Ok((text, Some(start + used)));
                }
                Decoded::NeedInput if end == input.len() => return Ok((text, None)),
                Decoded::NeedInput => end = (end + sizes.next().unwrap()).min(input.len()),
            }
        }
    }

    /// The same by the letter: cut into lines, then look at each.
    fn decode_slowly(input: &[u8], endings: LineEndings) -> Outcome {
        let mut text = Vec::new();
        let mut at = 0;
        let mut after_crlf = true;
        loop {
            let line = &input[at..];
            if after_crlf && line.starts_with(b".\r\n") {
                return Ok((text, Some(at + 3)));
            }
            let mut line_end = None;
            let starts_with_dot = line.first() == Some(&b'.');
            if starts_with_dot && matches!(line, [b'.'] | [b'.', b'\r']) {
                return Ok((text, None));
            }
            let from = at + usize::from(starts_with_dot);
            let mut place = from;
            while line_end.is_none() {
                match (input.get(place), input.get(place + 1)) {
                    (None, _) | (Some(b'\r'), None) => return Ok((text, None)),
                    (Some(b'\r'), Some(b'\n')) => {
                        text.extend(b"\r\n");
                        line_end = Some((place + 2, true));
                    }
                    (Some(b'\r'), _) => text.extend(bare_return(endings, place)?),
                    (Some(b'\n'), _) => {
                        text.extend(bare_line_feed(endings, place)?);
                        if endings == Normalise {
                            line_end = Some((place + 1, false));
                        }
                    }
                    (Some(&octet), _) => text.push(octet),
                }
                place += 1;
            }
            (at, after_crlf) = line_end.unwrap();
        }
    }

    fn encode(text: &[u8], sizes: &[usize], endings: LineEndings) -> Result<Vec<u8>, LineEndError> {
        let mut encoder = DotEncoder::new(endings);
        let mut out = Vec::new();
        let mut rest = text;
        for size in sizes.iter().cycle() {
            let (piece, later) = rest.split_at((*size).min(rest.len()));
            encoder.encode(piece, &mut out)?;
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        encoder.finish(&mut out)?;
        Ok(out)
    }

    /// The same by the letter.
    fn encode_slowly(text: &[u8], endings: LineEndings) -> Result<Vec<u8>, LineEndError> {
        let mut good = Vec::new();
        for (at, &octet) in text.iter().enumerate() {
            match octet {
                b'\r' if text.get(at + 1) != Some(&b'\n') => good.extend(bare_return(endings, at)?),
                b'\n' if at == 0 || text[at - 1] != b'\r' => good.extend(bare_line_feed(endings, at)?),
                _ => good.push(octet),
            }
        }
        if !good.is_empty() && !good.ends_with(b"\r\n") {
            good.extend(b"\r\n");
        }
        let mut out = Vec::new();
        for at in 0..good.len() {
            if good[at] == b'.' && (at == 0 || good[..at].ends_with(b"\r\n")) {
                out.push(b'.');
            }
            out.push(good[at]);
        }
        out.extend(b".\r\n");
        Ok(out)
    }

    fn octets() -> impl Strategy<Value = Vec<u8>> {
        let few = proptest::collection::vec(proptest::sample::select(b"\r\n\r\n..a".to_vec()), 0..60);
        let lines = proptest::sample::select(vec![
            "\r\n",
            "\r\n.",
            "\r\n..",
            ".\r\n",
            "a long line of text",
            "\n.",
            "\0",
        ]);
        let many = proptest::collection::vec(lines, 0..60).prop_map(|pieces| pieces.concat().into_bytes());
        prop_oneof![few, many]
    }

    fn endings() -> impl Strategy<Value = LineEndings> {
        proptest::sample::select(vec![Strict, Normalise, Keep])
    }

    fn sizes() -> impl Strategy<Value = Vec<usize>> {
        prop_oneof![proptest::collection::vec(1_usize..5, 1..4), Just(vec![1 << 20])]
    }

    proptest! {
        #[test]
        fn decoding_is_that_of_the_slow_reader(input in octets(), endings in endings(), sizes in sizes()) {
            prop_assert_eq!(decode(&input, &sizes, endings), decode_slowly(&input, endings));
        }

        #[test]
        fn encoding_is_that_of_the_slow_writer(text in octets(), endings in endings(), sizes in sizes()) {
            prop_assert_eq!(encode(&text, &sizes, endings), encode_slowly(&text, endings));
        }

        #[test]
        fn what_is_encoded_is_decoded_again(text in octets(), endings in endings(), sizes in sizes()) {
            let Ok(encoded) = encode(&text, &sizes, endings) else { return Ok(()) };
            let (decoded, end) = decode(&encoded, &sizes, endings).unwrap();
            prop_assert_eq!(end, Some(encoded.len()));
            let mut expected = filtered(&text, endings);
            if !expected.is_empty() && !expected.ends_with(b"\r\n") {
                expected.extend(b"\r\n");
            }
            prop_assert_eq!(decoded, expected);
        }
    }

    fn filtered(text: &[u8], endings: LineEndings) -> Vec<u8> {
        let mut filter = EndingFilter::new(endings);
        let mut out = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let piece = filter.filter(rest).unwrap();
            out.extend(piece.octets);
            rest = &rest[piece.used..];
        }
        out.extend(filter.finish().unwrap());
        out
    }

    #[test]
    fn a_dot_as_the_first_line_ends_an_empty_text() {
        for endings in [Strict, Normalise, Keep] {
            assert_eq!(decode(b".\r\nrest", &[1], endings), Ok((vec![], Some(3))));
            assert_eq!(encode(b"", &[1], endings).unwrap(), b".\r\n");
        }
    }

    #[test]
    fn only_crlf_dot_crlf_ends_a_text() {
        let outcome = |text: &str| Ok((text.as_bytes().to_vec(), None));
        assert_eq!(decode(b"a\n.\nb\r\n", &[1], Normalise), outcome("a\r\n\r\nb\r\n"));
        assert_eq!(decode(b"a\n.\r\nb\r\n", &[1], Normalise), outcome("a\r\n\r\nb\r\n"));
        assert_eq!(decode(b"a\r\n.\nb\r\n", &[1], Normalise), outcome("a\r\n\r\nb\r\n"));
        assert_eq!(decode(b"a\r\n.\rb\r\n", &[1], Normalise), outcome("a\r\n b\r\n"));
        assert_eq!(decode(b"a\n.\nb\r\n", &[1], Keep), outcome("a\n.\nb\r\n"));
        let bare = |kind, at| Err(LineEndError { kind, at });
        assert_eq!(decode(b"a\n.\nb\r\n", &[1], Strict), bare(LineEndErrorKind::BareLineFeed, 1));
        assert_eq!(decode(b"a\r\n.\nb\r\n", &[1], Strict), bare(LineEndErrorKind::BareLineFeed, 4));
        assert_eq!(decode(b"a\r\n.\rb\r\n", &[1], Strict), bare(LineEndErrorKind::BareReturn, 4));
    }

    #[test]
    fn the_true_end_is_found_after_an_error() {
        let input = b"a\r\n.\nb\r\n.\r\n";
        let mut decoder = DotDecoder::new(Strict);
        assert_eq!(decoder.decode(input), Ok(Decoded::Octets { octets: b"a\r\n", used: 3 }));
        let error = LineEndError { kind: LineEndErrorKind::BareLineFeed, at: 4 };
        assert_eq!(decoder.decode(&input[3..]), Err(error));
        assert_eq!(decoder.decode(&input[3..]), Err(error), "an error uses nothing");
        decoder.set_endings(Keep);
        assert_eq!(decoder.decode(&input[3..]), Ok(Decoded::Octets { octets: b"\nb\r\n", used: 5 }));
        assert_eq!(decoder.decode(&input[8..]), Ok(Decoded::End { used: 3 }));
    }

    #[test]
    fn octets_are_parts_of_the_input() {
        let input = vec![b'a'; 1000];
        let Decoded::Octets { octets, .. } = DotDecoder::new(Strict).decode(&input).unwrap() else {
            panic!()
        };
        assert_eq!(octets.as_ptr(), input.as_ptr());
        assert_eq!(octets.len(), 1000);
    }
}
