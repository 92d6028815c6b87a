//! The header of a message: raw fields, folding kept, found while the message streams in.
//!
//! A [`HeaderReader`] is shown the message piece by piece until it has seen the empty line, and says how much
//! of the last piece belongs to the header. The [`Header`] it leaves holds the octets as they came and an index
//! of the fields, which is what DKIM must hash and what the From field is read from.
//!
//! ```
//! use mail_base::fields::{HeaderLimits, HeaderReader};
//!
//! let mut reader = HeaderReader::new(HeaderLimits::default());
//! let piece = b"From: a@example.com\r\nSubject: folded\r\n here\r\n\r\nHello";
//! let used = reader.write(piece)?.expect("the empty line is in this piece");
//! assert_eq!(&piece[used..], b"Hello");
//!
//! let header = reader.finish();
//! let subject = header.fields().find(|field| field.is_named("subject")).unwrap();
//! assert_eq!(subject.value(), b" folded\r\n here");
//! # Ok::<(), mail_base::fields::HeaderError>(())
//! ```
//!
//! # Line ends
//!
//! A line ends in LF, with or without a CR before it. RFC 5322 §2.3 allows only CRLF, but a reader that took a
//! bare LF for text would see other fields than the software behind it that does not: a `From` field after a
//! bare LF must not be out of sight here and in sight of the reader of the mail. The octets stay as they came,
//! and [`Header::bare_line_feeds`] tells how many there were. A bare CR is an octet like any other.
//!
//! A line that is neither a field, nor the continuation of one, nor empty is kept as a field without a name.

use crate::scan;
use alloc::vec::Vec;
use core::{fmt, num::NonZero, ops::Range};

/// How large a header may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeaderLimits {
    /// The most octets, line ends and the empty line counted. Default: 1 MiB. No RFC sets a limit; large
    /// providers stop far below.
    pub octets: usize,
    /// The most fields. Default: 10,000.
    pub fields: usize,
}

impl Default for HeaderLimits {
    fn default() -> Self {
        Self { octets: 1 << 20, fields: 10_000 }
    }
}

impl HeaderLimits {
    /// The same with another limit for octets.
    #[must_use]
    pub fn with_octets(self, octets: usize) -> Self {
        Self { octets, ..self }
    }

    /// The same with another limit for fields.
    #[must_use]
    pub fn with_fields(self, fields: usize) -> Self {
        Self { fields, ..self }
    }
}

/// Finds the fields of a header while the message streams in.
#[derive(Clone, Debug)]
pub struct HeaderReader {
    limits: HeaderLimits,
    header: Header,
    /// Where the line starts that is being read.
    line: usize,
    complete: bool,
}

impl HeaderReader {
    /// Starts at the first octet of a message.
    #[must_use]
    pub fn new(limits: HeaderLimits) -> Self {
        // room for an ordinary header, so that it does not grow field by field
        let header = Header { octets: Vec::new(), spans: Vec::with_capacity(32), bare_line_feeds: 0 };
        Self { limits, header, line: 0, complete: false }
    }

    /// Takes the next piece of the message. Gives how many octets of it belong to the header once the empty
    /// line is found, which is where the body starts; until then all of the piece is taken and `None` given.
    /// Once the header is complete nothing more is taken.
    ///
    /// # Errors
    /// A [`HeaderError`] where a limit is passed. The lines before that stay readable; nothing may be written after it.
    pub fn write(&mut self, piece: &[u8]) -> Result<Option<usize>, HeaderError> {
        if self.complete {
            return Ok(Some(0));
        }
        let began_before = self.line < self.header.octets.len();
        let first = if began_before { self.end_line(piece)? } else { 0 };
        let lines = piece.get(first..).unwrap_or(&[]);
        // lines are read where they lie, and kept together
        let (taken, result) = self.read_lines(lines);
        if self.header.octets.is_empty() {
            // as much as it takes, or room for an ordinary header, so that it does not grow piece by piece
            self.header.octets.reserve_exact(if self.complete { taken } else { taken.max(2048) });
        }
        self.header.octets.extend_from_slice(lines.get(..taken).unwrap_or(lines));
        result?;
        Ok(self.complete.then(|| first.saturating_add(taken)))
    }

    /// Goes on with a line that began in an earlier piece. Gives how much of this one belongs to it.
    fn end_line(&mut self, piece: &[u8]) -> Result<usize, HeaderError> {
        let line_feed = scan::position(piece, b'\n');
        let taken = line_feed.map_or(piece.len(), |at| at.saturating_add(1));
        if taken > self.room() {
            // of a line that is not all there nothing is kept, as where it came in one piece
            self.header.octets.truncate(self.line);
            return Err(HeaderError::Octets { limit: self.limits.octets });
        }
        self.header.octets.extend_from_slice(piece.get(..taken).unwrap_or(piece));
        if line_feed.is_some() {
            self.file_last()?;
        }
        Ok(taken)
    }

    /// Files the lines of a piece that starts where a line starts, up to the empty line. Gives how much of the piece
    /// may be kept.
    fn read_lines(&mut self, piece: &[u8]) -> (usize, Result<(), HeaderError>) {
        let allowed = piece.get(..self.room()).unwrap_or(piece);
        let mut rest = allowed;
        while !self.complete
            && let Some(line_feed) = scan::position_in_loop(rest, b'\n')
            && let Some((line, more)) = rest.split_at_checked(line_feed.saturating_add(1))
        {
            rest = more;
            if let Err(error) = self.file(line) {
                return (allowed.len().saturating_sub(rest.len()), Err(error));
            }
        }
        let taken = allowed.len().saturating_sub(rest.len());
        if self.complete {
            (taken, Ok(()))
        } else if allowed.len() < piece.len() {
            (taken, Err(HeaderError::Octets { limit: self.limits.octets }))
        } else {
            (piece.len(), Ok(()))
        }
    }

    /// How many octets may still come.
    fn room(&self) -> usize {
        self.limits.octets.saturating_sub(self.header.octets.len())
    }

    /// Files the line that ends where the octets end.
    fn file_last(&mut self) -> Result<(), HeaderError> {
        let octets = core::mem::take(&mut self.header.octets);
        let result = self.file(octets.get(self.line..).unwrap_or(&[]));
        self.header.octets = octets;
        result
    }

    /// Files the line that starts at `self.line`.
    #[inline(always)]
    fn file(&mut self, line: &[u8]) -> Result<(), HeaderError> {
        let start = self.line;
        self.line = start.saturating_add(line.len());
        match line {
            [.., b'\r', b'\n'] => {}
            [.., b'\n'] => self.header.bare_line_feeds = self.header.bare_line_feeds.saturating_add(1),
            _ => {}
        }
        match line {
            [b'\r', b'\n'] | [b'\n'] => self.complete = true,
            [b' ' | b'\t', ..] if !self.header.spans.is_empty() => {
                if let Some(field) = self.header.spans.last_mut() {
                    field.raw.end = self.line;
                }
            }
            _ => {
                if self.header.spans.len() >= self.limits.fields {
                    return Err(HeaderError::Fields { limit: self.limits.fields });
                }
                self.header.spans.push(Span { raw: start..self.line, name: NamePart::find(line) });
            }
        }
        Ok(())
    }

    /// Whether the empty line has been seen.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// What has been read so far.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Ends the header: at the empty line, or, in a message without one, where the octets end.
    #[must_use]
    pub fn finish(mut self) -> Header {
        if !self.complete && self.line < self.header.octets.len() {
            // past the limit for fields the last, unfinished line is not indexed
            let _ = self.file_last();
        }
        self.header
    }
}

/// Where the name of a field ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NamePart {
    length: NonZero<usize>,
    /// The offset of the colon.
    colon: usize,
}

impl NamePart {
    /// A name of visible ASCII (RFC 5322 §2.2) and, in obsolete syntax, white space (§4.5) before the colon.
    #[inline]
    fn find(line: &[u8]) -> Option<Self> {
        let length = NonZero::new(name_length(line))?;
        let mut colon = length.get();
        while let Some(b' ' | b'\t') = line.get(colon) {
            colon = colon.saturating_add(1);
        }
        (line.get(colon) == Some(&b':')).then_some(Self { length, colon })
    }
}

/// How many octets at the start may be those of a field name, looked at by words of eight.
#[inline]
fn name_length(octets: &[u8]) -> usize {
    // zeros, which stand behind the end, are none of a name
    let others = |word| scan::not_visible_from(word, b'!') | scan::zeros(word ^ scan::each(b':'));
    scan::position_in_words(octets, 0, others).unwrap_or(octets.len())
}

/// The header of a message: its octets as they came, and where the fields are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    octets: Vec<u8>,
    spans: Vec<Span>,
    bare_line_feeds: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    /// With the line end.
    raw: Range<usize>,
    /// In the octets of the field; `None` where it is none.
    name: Option<NamePart>,
}

impl Header {
    /// Reads a header that is all there, up to the empty line or the end.
    ///
    /// # Errors
    /// A [`HeaderError`] where a limit is passed.
    pub fn parse(octets: &[u8], limits: HeaderLimits) -> Result<Self, HeaderError> {
        let mut reader = HeaderReader::new(limits);
        reader.write(octets)?;
        Ok(reader.finish())
    }

    /// The octets, the empty line included where there is one.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets
    }

    /// The fields, from the top.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = Field<'_>> + ExactSizeIterator + Clone {
        self.spans.iter().map(|span| self.cut(span))
    }

    /// The field in this place, counted from the top.
    #[must_use]
    pub fn field(&self, position: usize) -> Option<Field<'_>> {
        self.spans.get(position).map(|span| self.cut(span))
    }

    fn cut(&self, span: &Span) -> Field<'_> {
        let raw = self.octets.get(span.raw.clone()).unwrap_or(&[]);
        Field { raw, name: span.name, at: span.raw.start }
    }

    /// How many lines ended in an LF without a CR.
    #[must_use]
    pub fn bare_line_feeds(&self) -> usize {
        self.bare_line_feeds
    }
}

/// A field as it came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    raw: &'a [u8],
    name: Option<NamePart>,
    at: usize,
}

impl<'a> Field<'a> {
    /// Reads one field that is all there: name, colon, value, and a line end or none. Line ends inside are
    /// taken for folds.
    #[must_use]
    pub fn new(raw: &'a [u8]) -> Self {
        Self { raw, name: NamePart::find(raw), at: 0 }
    }

    /// All octets of the field, its line end included.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The name as written, without white space before the colon; empty where the line is no field.
    #[inline]
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        self.name.and_then(|name| self.raw.get(..name.length.get())).unwrap_or(&[])
    }

    /// Whether the name is this one, in any case.
    #[inline]
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.name.is_some() && self.name().eq_ignore_ascii_case(name.as_bytes())
    }

    /// What stands after the colon, white space and folds kept, without the final line end. All of the line
    /// where it is no field.
    #[must_use]
    pub fn value(&self) -> &'a [u8] {
        let value = self.raw_value();
        let value = value.strip_suffix(b"\n").unwrap_or(value);
        value.strip_suffix(b"\r").unwrap_or(value)
    }

    /// The same with the final line end, where there is one.
    #[must_use]
    pub fn raw_value(&self) -> &'a [u8] {
        self.raw.get(self.value_at()..).unwrap_or(&[])
    }

    /// The offset in the field of what stands after the colon.
    #[inline]
    #[must_use]
    pub fn value_at(&self) -> usize {
        self.name.map_or(0, |name| name.colon.saturating_add(1))
    }

    /// Whether the line is no field: it has no colon, or no name before it.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        self.name.is_none()
    }

    /// The offset of the field in the header.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field(\"{}\" at {})", self.raw.escape_ascii(), self.at)
    }
}

/// A header that is larger than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// More octets than [`HeaderLimits::octets`].
    Octets {
        /// The limit.
        limit: usize,
    },
    /// More fields than [`HeaderLimits::fields`].
    Fields {
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Octets { limit } => write!(f, "the header has more than {limit} octets"),
            Self::Fields { limit } => write!(f, "the header has more than {limit} fields"),
        }
    }
}

impl core::error::Error for HeaderError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use alloc::{format, string::String};
    use proptest::prelude::*;

    fn read(message: &str) -> (Header, Option<usize>) {
        let mut reader = HeaderReader::new(HeaderLimits::default());
        let used = reader.write(message.as_bytes()).unwrap();
        (reader.finish(), used)
    }

    fn names(header: &Header) -> Vec<String> {
        header.fields().map(|field| String::from_utf8(field.name().to_vec()).unwrap()).collect()
    }

    #[test]
    fn fields_keep_their_folds_and_their_place() {
        let (header, used) = read("A: 1\r\nb :2\r\n\t3\r\n\r\nbody");
        assert_eq!(used, Some(18));
        let fields: Vec<_> = header.fields().collect();
        assert_eq!(fields[0].raw(), b"A: 1\r\n");
        assert_eq!((fields[0].value(), fields[0].at()), (&b" 1"[..], 0));
        assert_eq!((fields[1].name(), fields[1].value(), fields[1].at()), (&b"b"[..], &b"2\r\n\t3"[..], 6));
        assert!(fields[1].is_named("B"));
        assert_eq!((header.field(1), header.field(2)), (Some(fields[1]), None));
        assert_eq!(header.as_bytes(), b"A: 1\r\nb :2\r\n\t3\r\n\r\n");
    }

    #[test]
    fn white_space_may_stand_before_the_colon() {
        for space in ["", " ", "\t", " \t\t "] {
            let raw = format!("Name{space}: value");
            let field = Field::new(raw.as_bytes());
            assert_eq!((field.name(), field.value()), (&b"Name"[..], &b" value"[..]), "{space:?}");
        }
    }

    #[test]
    fn every_split_reads_the_same() {
        let message = "A: 1\r\n  2\r\nno field\r\nB: 3\n\r\n\r\nC: body\r\n";
        let (whole, used) = read(message);
        assert_eq!(names(&whole), ["A", "", "B"]);
        for cut in 0..=message.len() {
            let mut reader = HeaderReader::new(HeaderLimits::default());
            let (first, second) = message.as_bytes().split_at(cut);
            let mut total = match reader.write(first).unwrap() {
                Some(used) => used,
                None => cut,
            };
            if total == cut {
                total += reader.write(second).unwrap().unwrap_or(0);
            }
            assert_eq!(Some(total), used, "cut at {cut}");
            assert_eq!(reader.finish(), whole, "cut at {cut}");
        }
        let mut reader = HeaderReader::new(HeaderLimits::default());
        for octet in message.as_bytes().chunks(1) {
            reader.write(octet).unwrap();
        }
        assert_eq!(reader.finish(), whole);
    }

    #[test]
    fn a_bare_line_feed_ends_a_line_and_is_counted() {
        let (header, used) = read("Subject: x\nFrom: evil@example.com\r\n\nbody");
        assert_eq!(names(&header), ["Subject", "From"]);
        assert_eq!(header.bare_line_feeds(), 2);
        assert_eq!(used, Some(36));
        let (header, _) = read("Subject: x\rFrom: y\r\n\r\n");
        assert_eq!(names(&header), ["Subject"]);
        assert_eq!(header.bare_line_feeds(), 0);
    }

    #[test]
    fn a_message_may_end_in_its_header() {
        for (message, expected) in
            [("", 0), ("A: 1", 1), ("A: 1\r\n", 1), ("A: 1\r\nB: 2", 2), ("A: 1\r\n b", 1)]
        {
            let (header, used) = read(message);
            assert_eq!((header.fields().len(), used), (expected, None), "{message:?}");
            assert_eq!(header.as_bytes(), message.as_bytes());
        }
        let (header, used) = read("\r\nA: 1\r\n");
        assert_eq!((header.fields().len(), used), (0, Some(2)));
    }

    #[test]
    fn lines_that_are_no_fields_are_kept_without_a_name() {
        for line in ["From bob Thu", ": x", " folded", "na me: x", "n\u{e4}me: x", "\u{1}: x"] {
            let (header, _) = read(&format!("{line}\r\nA: 1\r\n\r\n"));
            let first = header.fields().next().unwrap();
            assert!(first.is_malformed(), "{line}");
            assert!(first.name().is_empty() && !first.is_named(""));
            assert_eq!(first.value(), line.as_bytes());
            assert_eq!(names(&header), ["", "A"]);
        }
    }

    proptest! {
        #[test]
        fn headers_are_read_as_octet_by_octet(
            lines in prop::collection::vec("[ \t:A-Za-z\u{7f}\u{e9}-]{0,30}\r?\n?", 0..9),
            cut in 0..60_usize,
            (octets, fields) in (0..150_usize, 0..6_usize),
        ) {
            let message = lines.concat();
            let limits = HeaderLimits::default().with_octets(octets).with_fields(fields);
            let (first, second) = message.as_bytes().split_at(cut.min(message.len()));
            let mut reader = HeaderReader::new(limits);
            let result = reader.write(first).and_then(|_| reader.write(second)).map(|_| reader.is_complete());
            let mut slow = HeaderReader::new(limits);
            let slowly = message.as_bytes().chunks(1).try_for_each(|octet| slow.write(octet).map(|_| ()));
            prop_assert_eq!(result, slowly.map(|()| slow.is_complete()));
            prop_assert_eq!(reader.finish(), slow.finish());
        }

        #[test]
        fn names_end_where_the_first_octet_of_another_kind_stands(line in "[!-~]{0,20}[ \u{0}:\u{7f}\u{e9}a]{0,3}") {
            let is_name = |octet: &u8| octet.is_ascii_graphic() && *octet != b':';
            prop_assert_eq!(name_length(line.as_bytes()), line.bytes().take_while(is_name).count());
        }
    }

    #[test]
    fn limits_are_errors() {
        let limits = HeaderLimits::default().with_octets(10);
        assert!(Header::parse(b"A: 45678\r\n", limits).is_ok());
        assert_eq!(Header::parse(b"A: 456789\r\n", limits), Err(HeaderError::Octets { limit: 10 }));
        assert_eq!(Header::parse(&[b'x'; 11], limits), Err(HeaderError::Octets { limit: 10 }));
        let limits = HeaderLimits::default().with_fields(1);
        assert!(Header::parse(b"A: 1\r\n 2\r\n\r\n", limits).is_ok());
        assert_eq!(Header::parse(b"A: 1\r\nB: 2\r\n\r\n", limits), Err(HeaderError::Fields { limit: 1 }));
    }

    #[test]
    fn a_single_field_is_read_alone() {
        let field = Field::new(b"DKIM-Signature: v=1;\r\n b=\r\n");
        assert!(field.is_named("dkim-signature"));
        assert_eq!(field.value(), b" v=1;\r\n b=");
        assert_eq!(field.raw_value(), b" v=1;\r\n b=\r\n");
    }
}
