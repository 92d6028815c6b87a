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
    EndingFilter, LineEndError, LineEndings, Piece, bare_line_feed, bare_return, clean_length, first_pair,
    is_broken, position_of_end,
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
        clean_length(octets, first_stop(octets))
    }
}

/// The offset of the LF of the first CRLF that has a dot after it.
fn first_stuffed_dot(octets: &[u8]) -> Option<usize> {
    let mut from: usize = 0;
    loop {
        let rest = octets.get(from..)?;
        let at = from.saturating_add(first_pair(rest, is_dotted)?);
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
    /// As for [`piece`](Self::piece). What stands before it has been written.
    pub fn encode(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), LineEndError> {
        let mut rest = octets;
        while !rest.is_empty() {
            let piece = self.piece(rest)?;
            out.extend_from_slice(piece.octets);
            rest = rest.get(piece.used..).unwrap_or(b"");
        }
        Ok(())
    }

    /// Takes a first piece of the next octets: what to send for them, as a part of them wherever they need no
    /// change. For those who need no copy.
    ///
    /// # Errors
    /// A [`LineEndError`] at a bare CR or LF, if they are refused; its place counts from the first octet of the
    /// text. The text cannot be ended any more then, only broken off.
    pub fn piece<'i>(&mut self, octets: &'i [u8]) -> Result<Piece<'i>, LineEndError> {
        let piece = match octets {
            [] => return Ok(Piece { octets: b"", used: 0 }),
            [b'.', ..] if self.last == Last::LineEnd => Piece { octets: b".", used: 0 },
            _ if self.filter.keeps() => self.filter.filter_until(octets, |run| first_pair(run, is_dotted))?,
            _ => self.filter.filter_until(octets, first_stop)?,
        };
        self.last = match piece.octets {
            // a LF whose CR went before it, as the end of another piece
            [b'\n'] if self.last == Last::Return => Last::LineEnd,
            [.., b'\r', b'\n'] => Last::LineEnd,
            [.., b'\r'] => Last::Return,
            // nothing is given for a CR as long as its LF may come
            _ => Last::Other,
        };
        Ok(piece)
    }

    /// Ends the text: with a CRLF, unless the text has one or is empty, and the dot.
    ///
    /// # Errors
    /// A [`LineEndError`] where the text ends in a bare CR and those are refused.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<(), LineEndError> {
        out.extend_from_slice(self.filter.finish()?);
        if self.last != Last::LineEnd {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
        Ok(())
    }
}

/// The first place where a text cannot go on as it is, as the offset of the left one of two octets: a broken line
/// end is between them, or a LF stands before a dot. The first octet is no LF: that would be a bare one.
fn first_stop(octets: &[u8]) -> Option<usize> {
    let mut from = quiet_length(octets);
    loop {
        let end = position_of_end(octets, from)?;
        let stop = [end.saturating_sub(1), end].into_iter().find(|left| is_stop_at(octets, *left));
        if stop.is_some() {
            return stop;
        }
        from = end.saturating_add(1);
    }
}

/// How many octets there are in the blocks at the start that have no such place.
fn quiet_length(octets: &[u8]) -> usize {
    const BLOCK: usize = 128;
    // three neighbours at a time: the one in the middle is compared once for both of its pairs. Of a length that is
    // known and without an early exit, this loop compiles to vector instructions
    let is_stop = |before: u8, at: u8, behind: u8| is_broken(before, at) | is_dotted(at, behind);
    let is_quiet = |before: &[u8; BLOCK], at: &[u8; BLOCK], behind: &[u8; BLOCK]| {
        let places = before.iter().zip(at).zip(behind);
        !places.fold(false, |hit, ((&before, &at), &behind)| hit | is_stop(before, at, behind))
    };
    let blocks = |from: usize| octets.get(from..).unwrap_or(b"").as_chunks::<BLOCK>().0.iter();
    let places = blocks(0).zip(blocks(1)).zip(blocks(2));
    places.take_while(|((before, at), behind)| is_quiet(before, at, behind)).count().saturating_mul(BLOCK)
}

fn is_stop_at(octets: &[u8], left: usize) -> bool {
    match octets.get(left..).unwrap_or(b"") {
        [left, right, ..] => is_broken(*left, *right) || is_dotted(*left, *right),
        _ => false,
    }
}

/// Whether a line may end here, and the next one starts with a dot.
fn is_dotted(left: u8, right: u8) -> bool {
    // both are looked at in any case: that makes vector instructions of it
    (left == b'\n') & (right == b'.')
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

    #[test]
    fn nothing_is_overlooked_in_a_long_text() {
        let text = b"a line of the text\r\n".repeat(20);
        for (odd, at) in ["\r", "\n", ".", "\n.", "\r\n.", "\r\n.\r\n"]
            .iter()
            .flat_map(|odd| (0..400).map(move |at| (odd, at)))
        {
            let text = [&text[..at], odd.as_bytes(), &text[at..]].concat();
            for endings in [Strict, Normalise, Keep] {
                assert_eq!(
                    decode(&text, &[1 << 20], endings),
                    decode_slowly(&text, endings),
                    "{odd:?} at {at}"
                );
                assert_eq!(
                    encode(&text, &[1 << 20], endings),
                    encode_slowly(&text, endings),
                    "{odd:?} at {at}"
                );
            }
        }
    }

    #[test]
    fn pieces_are_parts_of_the_text() {
        let text = b"one\r\n.two\r\n";
        let mut encoder = DotEncoder::new(Normalise);
        assert_eq!(encoder.piece(text), Ok(Piece { octets: b"one\r\n", used: 5 }));
        assert_eq!(encoder.piece(&text[5..]), Ok(Piece { octets: b".", used: 0 }));
        let piece = encoder.piece(&text[5..]).unwrap();
        assert_eq!((piece.octets.as_ptr(), piece.used), (text[5..].as_ptr(), 6));
        assert_eq!(encoder.piece(b""), Ok(Piece { octets: b"", used: 0 }));
        let mut out = Vec::new();
        encoder.finish(&mut out).unwrap();
        assert_eq!(out, b".\r\n");
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
