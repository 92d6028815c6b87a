//! Replies: three digits, perhaps an enhanced code, and text (RFC 5321 §4.2).
//!
//! A [`Reply`] holds the lines as they go over the wire, borrowed from what was read or owned. What one builds
//! cannot hold a CR or LF in its text, so a reply is always the one reply that it seems to be.
//!
//! ```
//! use smtp_proto::{Code, EnhancedCode, Reply};
//!
//! let reply = Reply::parse(b"550-5.1.1 No such user\r\n550 5.1.1 here\r\n")?;
//! assert_eq!(reply.code(), Code::new(550).unwrap());
//! assert_eq!(reply.enhanced(), EnhancedCode::new(5, 1, 1));
//! assert_eq!(reply.lines().map(|line| line.text).collect::<Vec<_>>(), [&b"No such user"[..], b"here"]);
//!
//! let reply = Reply::new(Code::new(250).unwrap(), EnhancedCode::new(2, 6, 0), "queued as 7\r\n250 injected");
//! assert_eq!(reply.as_bytes(), b"250-2.6.0 queued as 7?\r\n250 2.6.0 250 injected\r\n");
//! # Ok::<(), smtp_proto::ReplyError>(())
//! ```

use crate::{
    enhanced::EnhancedCode,
    error::{ReplyError, ReplyErrorKind},
};
use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt::{self, Write as _};
use mail_base::lines::{self, Found, LineEndings, LineFinder};

/// The most octets of a line that we write, its line end counted (RFC 5321 §4.5.3.1.5).
const MAX_LINE: usize = 512;

/// A reply code: 200 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

impl Code {
    /// 250, with which a server greets.
    const OK: Self = Self(250);

    /// `None` outside 200 to 599.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        if code >= 200 && code <= 599 { Some(Self(code)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// 2xx: done.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 < 300
    }

    /// 3xx: go on.
    #[must_use]
    pub const fn is_intermediate(self) -> bool {
        self.0 >= 300 && self.0 < 400
    }

    /// 4xx: not now.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        self.0 >= 400 && self.0 < 500
    }

    /// 5xx: no.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        self.0 >= 500
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One reply, of one line or several.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reply<'a> {
    code: Code,
    /// The lines with their line ends.
    wire: Cow<'a, [u8]>,
}

/// A line of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyLine<'a> {
    /// The enhanced code, if there is one and its class is that of the reply (RFC 2034 §4).
    pub enhanced: Option<EnhancedCode>,
    /// What follows the codes: often ASCII, now and then UTF-8, never sure to be either.
    pub text: &'a [u8],
}

impl<'a> Reply<'a> {
    /// A reply of our own. Each line of `text` becomes a line of the reply, and a long one several; control
    /// characters become `?`. An enhanced code whose class is not that of the reply is left out.
    #[must_use]
    pub fn new(code: Code, enhanced: Option<EnhancedCode>, text: &str) -> Reply<'static> {
        let mut prefix = String::new();
        if let Some(enhanced) = enhanced.filter(|enhanced| class_fits(code, *enhanced)) {
            // writing to a String does not fail
            let _ = write!(prefix, "{enhanced} ");
        }
        let mut wire = Vec::with_capacity(text.len().saturating_add(16));
        let room = MAX_LINE.saturating_sub(prefix.len()).saturating_sub("250 \r\n".len());
        let mut lines = text.split('\n').flat_map(|line| wrapped(line, room)).peekable();
        while let Some(line) = lines.next() {
            let separator = if lines.peek().is_some() { '-' } else { ' ' };
            let mut written = String::with_capacity(line.len().saturating_add(16));
            let _ = write!(written, "{code}{separator}{prefix}");
            written
                .extend(line.chars().map(|character| if character.is_control() { '?' } else { character }));
            wire.extend_from_slice(written.as_bytes());
            wire.extend_from_slice(b"\r\n");
        }
        Reply { code, wire: Cow::Owned(wire) }
    }

    /// A reply that stands in this crate as it goes over the wire.
    pub(crate) const fn fixed(code: u16, wire: &'static str) -> Reply<'static> {
        Reply { code: Code(code), wire: Cow::Borrowed(wire.as_bytes()) }
    }

    /// Reads one reply, which is all there is.
    ///
    /// # Errors
    /// A [`ReplyError`] says which rule is broken, and where; [`ReplyErrorKind::Separator`] at the end where a
    /// line is missing.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ReplyError> {
        let mut reader = ReplyReader::new(LineEndings::Strict, octets.len(), octets.len());
        match reader.read(octets)? {
            Some((reply, used)) if used == octets.len() => Ok(reply),
            Some((_, used)) => Err(ReplyError { kind: ReplyErrorKind::Separator, at: used }),
            None => Err(ReplyError { kind: ReplyErrorKind::Separator, at: octets.len() }),
        }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// The enhanced code of the first line.
    #[must_use]
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        let text = self.wire.get(4..)?;
        // it stands at the start, and is short: the rest of the line need not be looked at
        let start = text.get(..EnhancedCode::MAX_OCTETS.saturating_add(1)).unwrap_or(text);
        let start = start.split(|octet| matches!(octet, b'\r' | b'\n')).next()?;
        let (enhanced, _) = EnhancedCode::split(start)?;
        class_fits(self.code, enhanced).then_some(enhanced)
    }

    /// The lines: one at least.
    pub fn lines(&self) -> impl Iterator<Item = ReplyLine<'_>> {
        self.raw_lines().map(|text| match EnhancedCode::split(text) {
            Some((enhanced, text)) if class_fits(self.code, enhanced) => {
                ReplyLine { enhanced: Some(enhanced), text }
            }
            _ => ReplyLine { enhanced: None, text },
        })
    }

    /// What follows the code and the separator in each line.
    pub(crate) fn raw_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.wire.split_inclusive(|&octet| octet == b'\n').map(|line| {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            line.strip_suffix(b"\r").unwrap_or(line).get(4..).unwrap_or(b"")
        })
    }

    /// The lines as they go over the wire, with their line ends.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.wire
    }

    /// The lines with their line ends, with what is not UTF-8 replaced.
    pub(crate) fn to_text(&self) -> Cow<'_, str> {
        // most replies are UTF-8, and it takes less to see that than to look for what is to be replaced
        match core::str::from_utf8(&self.wire) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(&self.wire),
        }
    }

    /// Writes the reply.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.wire);
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Reply<'static> {
        Reply { code: self.code, wire: Cow::Owned(self.wire.into_owned()) }
    }
}

impl fmt::Display for Reply<'_> {
    /// The lines, with what is not UTF-8 replaced, and a line feed between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_text();
        let mut lines = text.lines();
        f.write_str(lines.next().unwrap_or(""))?;
        lines.try_for_each(|line| write!(f, "\n{line}"))
    }
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({})", self.wire.trim_ascii_end().escape_ascii())
    }
}

fn class_fits(code: Code, enhanced: EnhancedCode) -> bool {
    code.get().checked_div(100) == Some(u16::from(enhanced.class()))
}

/// A line in pieces of at most `room` octets.
fn wrapped(line: &str, room: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    core::iter::from_fn(move || {
        let line = rest?;
        let end = if line.len() <= room { line.len() } else { line.floor_boundary(room) };
        let (piece, later) = line.split_at_checked(end)?;
        rest = (!later.is_empty()).then_some(later);
        Some(piece)
    })
}

trait FloorBoundary {
    fn floor_boundary(&self, at: usize) -> usize;
}

impl FloorBoundary for str {
    /// The last place up to `at` where a character starts.
    fn floor_boundary(&self, at: usize) -> usize {
        (0..=at).rev().find(|at| self.is_char_boundary(*at)).unwrap_or(0)
    }
}

/// Finds replies in what a server sends. It is shown the unread octets from the start of a reply each time, and
/// remembers how far it has looked.
#[derive(Clone, Debug)]
pub struct ReplyReader {
    finder: LineFinder,
    /// A line end of the reply is not CRLF, or its greeting has control characters.
    is_odd: bool,
    line_limit: usize,
    limit: usize,
    /// The octets of the lines that have been read.
    read: usize,
    code: Option<Code>,
}

impl ReplyReader {
    /// Reads replies of at most `limit` octets, in lines of at most `line_limit`.
    #[must_use]
    pub fn new(endings: LineEndings, line_limit: usize, limit: usize) -> Self {
        Self { finder: LineFinder::new(endings), is_odd: false, line_limit, limit, read: 0, code: None }
    }

    /// The reply that starts at the first octet of `input`, and how many octets it takes; `None` where it is
    /// not all there.
    ///
    /// # Errors
    /// A [`ReplyError`]: this is not a server that one could talk to. After it nothing can be read.
    pub fn read<'i>(&mut self, input: &'i [u8]) -> Result<Option<(Reply<'i>, usize)>, ReplyError> {
        loop {
            let start = self.read;
            if input.len() <= start {
                return Ok(None);
            }
            let error = |kind, at| ReplyError { kind, at: start.saturating_add(at) };
            let rest = input.get(start..).unwrap_or(b"");
            let (code, is_last, used) = match self.plain_line(rest) {
                Some(line) => line,
                None => match self.any_line(rest).map_err(|(kind, at)| error(kind, at))? {
                    Some(line) => line,
                    None => return Ok(None),
                },
            };
            if self.code.is_some_and(|first| first != code) {
                return Err(error(ReplyErrorKind::MixedCodes, 0));
            }
            self.read = start.saturating_add(used);
            if self.read > self.limit {
                return Err(error(ReplyErrorKind::TooLong, 0));
            }
            self.code = Some(code);
            if is_last {
                let used = core::mem::take(&mut self.read);
                self.code = None;
                let wire = input.get(..used).unwrap_or(b"");
                let is_odd = core::mem::take(&mut self.is_odd);
                let wire = if is_odd { Cow::Owned(made_good(wire)) } else { Cow::Borrowed(wire) };
                return Ok(Some((Reply { code, wire }, used)));
            }
        }
    }

    /// What stands at the start, if it is as almost all lines are, which takes one look at each octet.
    #[inline]
    fn plain_line(&self, octets: &[u8]) -> Option<(Code, bool, usize)> {
        if !self.finder.is_at_start() {
            return None;
        }
        let text = lines::plain_line(octets, self.line_limit)?;
        let (code, is_last) = read_start(text).ok()?;
        Some((code, is_last, text.len().saturating_add("\r\n".len())))
    }

    /// ```text
    /// Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF
    /// textstring = 1*(%d09 / %d32-126)
    /// ehlo-greet = 1*(%d0-9 / %d11-12 / %d14-127)
    /// ```
    /// The text may have octets outside ASCII (RFC 6531 §3.7.4.2), which many servers send anyway. What greets is the
    /// first line of a reply to EHLO (§4.1.1.1). Gives the code of a line, whether it is the last, and how many octets
    /// it takes; `None` where it is not all there.
    fn any_line(&mut self, octets: &[u8]) -> Result<Option<(Code, bool, usize)>, Fault> {
        match self.finder.find(octets, self.line_limit) {
            Ok(Found::Line { text, used }) => {
                let (code, is_last) = read_start(text)?;
                let is_greeting = self.code.is_none() && code == Code::OK;
                let is_refused =
                    |octet: &u8| is_control(octet) && (!is_greeting || matches!(octet, b'\r' | b'\n'));
                if let Some(at) = text.iter().position(is_refused) {
                    return Err((ReplyErrorKind::Control, at));
                }
                let has_crlf = used == text.len().saturating_add("\r\n".len());
                self.is_odd |= !has_crlf || text.iter().any(is_control);
                Ok(Some((code, is_last, used)))
            }
            Ok(Found::TooLong { .. }) => Err((ReplyErrorKind::TooLong, 0)),
            Ok(Found::NeedInput) => Ok(None),
            Err(bare) => Err((ReplyErrorKind::LineEnd, bare.at)),
        }
    }
}

/// The lines with good line ends and without control characters, so that who passes a reply on passes no other on.
fn made_good(lines: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(lines.len().saturating_add(16));
    for line in lines.split_inclusive(|&octet| octet == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        wire.extend(line.iter().map(|octet| if is_control(octet) { b'?' } else { *octet }));
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

/// A control character other than the tab.
fn is_control(octet: &u8) -> bool {
    (*octet < b' ' && *octet != b'\t') || *octet == 0x7f
}

/// What is wrong with a line, and where in it.
type Fault = (ReplyErrorKind, usize);

/// The code that a line starts with, and whether it is the last.
#[inline]
fn read_start(line: &[u8]) -> Result<(Code, bool), Fault> {
    let (digits, rest) = line.split_first_chunk::<3>().ok_or((ReplyErrorKind::Code, 0))?;
    let [hundreds, tens, ones] = digits.map(|digit| u16::from(digit.wrapping_sub(b'0')));
    let code = hundreds.saturating_mul(100).saturating_add(tens.saturating_mul(10)).saturating_add(ones);
    let are_digits = hundreds <= 9 && tens <= 9 && ones <= 9;
    let code = Code::new(code).filter(|_| are_digits).ok_or((ReplyErrorKind::Code, 0))?;
    match rest.first() {
        None | Some(b' ') => Ok((code, true)),
        Some(b'-') => Ok((code, false)),
        Some(_) => Err((ReplyErrorKind::Separator, 3)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use alloc::{format, string::ToString, vec};

    fn error(octets: &[u8]) -> (ReplyErrorKind, usize) {
        let error = Reply::parse(octets).unwrap_err();
        (error.kind, error.at)
    }

    fn code(code: u16) -> Code {
        Code::new(code).unwrap()
    }

    #[test]
    fn replies_have_lines_and_codes() {
        let reply = Reply::parse(b"250-mx.example\r\n250-\r\n250 SIZE 10\r\n").unwrap();
        let texts: Vec<_> = reply.lines().map(|line| line.text).collect();
        assert_eq!(texts, [b"mx.example".as_slice(), b"", b"SIZE 10"]);
        assert_eq!(reply.to_string(), "250-mx.example\n250-\n250 SIZE 10");
        assert_eq!(Reply::parse(b"250\r\n").unwrap().lines().next().unwrap().text, b"");
        assert_eq!(Reply::parse(b"250 \r\n").unwrap().code(), code(250));
        let wide = Reply::parse(b"550 \xfcber\r\n").unwrap();
        assert_eq!(wide.lines().next().unwrap().text, b"\xfcber");
        assert_eq!(wide.to_string(), "550 \u{fffd}ber");
    }

    #[test]
    fn an_enhanced_code_must_have_the_class_of_the_reply() {
        assert_eq!(Reply::parse(b"250 2.1.0 ok\r\n").unwrap().enhanced(), EnhancedCode::new(2, 1, 0));
        assert_eq!(Reply::parse(b"250 5.1.0 ok\r\n").unwrap().enhanced(), None);
        assert_eq!(Reply::parse(b"220 mx.example\r\n").unwrap().enhanced(), None);
    }

    #[test]
    fn broken_replies_are_errors_with_a_place() {
        assert_eq!(error(b"25\r\n"), (ReplyErrorKind::Code, 0));
        assert_eq!(error(b"150 x\r\n"), (ReplyErrorKind::Code, 0));
        assert_eq!(error(b"600 x\r\n"), (ReplyErrorKind::Code, 0));
        assert_eq!(error(b"2x0 x\r\n"), (ReplyErrorKind::Code, 0));
        assert_eq!(error(b"250x\r\n"), (ReplyErrorKind::Separator, 3));
        assert_eq!(error(b"250-a\r\n251 b\r\n"), (ReplyErrorKind::MixedCodes, 7));
        assert_eq!(error(b"250-a\r\n"), (ReplyErrorKind::Separator, 7));
        assert_eq!(error(b"220 a\0\r\n"), (ReplyErrorKind::Control, 5));
        assert_eq!(error(b"250-a\r\n250 b\nc\r\n"), (ReplyErrorKind::LineEnd, 12));
        assert_eq!(error(b"250 a\r\n250 b\r\n"), (ReplyErrorKind::Separator, 7));
    }

    #[test]
    fn what_is_built_is_one_reply_of_short_lines() {
        let reply = Reply::new(code(550), EnhancedCode::new(5, 7, 1), "no\nway\r\nhere\u{0}");
        assert_eq!(reply.as_bytes(), b"550-5.7.1 no\r\n550-5.7.1 way?\r\n550 5.7.1 here?\r\n");
        assert_eq!(Reply::parse(reply.as_bytes()).unwrap(), reply);
        let long = Reply::new(code(250), None, &"ü".repeat(1000));
        assert!(long.as_bytes().split_inclusive(|octet| *octet == b'\n').all(|line| line.len() <= MAX_LINE));
        assert_eq!(Reply::parse(long.as_bytes()).unwrap().lines().count(), 4);
        assert_eq!(Reply::new(code(250), EnhancedCode::new(5, 0, 0), "").as_bytes(), b"250 \r\n");
    }

    #[test]
    fn replies_are_the_same_for_every_split() {
        let input = b"220 mx\r\n250-mx\r\n250-SIZE\r\n250 DSN\r\n354 go\r\n";
        for pieces in testkit::splits(input) {
            let mut reader = ReplyReader::new(LineEndings::Strict, 512, 4096);
            let (mut start, mut end) = (0, 0);
            let mut codes = vec![];
            for piece in pieces {
                end += piece.len();
                while let Some((reply, used)) = reader.read(&input[start..end]).unwrap() {
                    codes.push((reply.code().get(), reply.lines().count()));
                    start += used;
                }
            }
            assert_eq!(codes, [(220, 1), (250, 3), (354, 1)]);
        }
    }

    #[test]
    fn long_replies_are_refused() {
        let mut reader = ReplyReader::new(LineEndings::Strict, 20, 40);
        let error = reader.read(format!("250 {}", "a".repeat(20)).as_bytes()).unwrap_err();
        assert_eq!(error.kind, ReplyErrorKind::TooLong);
        let mut reader = ReplyReader::new(LineEndings::Strict, 20, 40);
        let error = reader.read("250-aaaaaaaa\r\n".repeat(3).as_bytes()).unwrap_err();
        assert_eq!((error.kind, error.at), (ReplyErrorKind::TooLong, 28));
    }

    #[test]
    fn line_ends_follow_the_policy() {
        let mut reader = ReplyReader::new(LineEndings::Normalise, 512, 4096);
        let (reply, used) = reader.read(b"250-a\n250 b\n").unwrap().unwrap();
        assert_eq!((reply.lines().count(), used), (2, 12));
        assert_eq!(reply.as_bytes(), b"250-a\r\n250 b\r\n", "what is passed on has good line ends");
        let (next, _) = reader.read(b"250 c\r\n").unwrap().unwrap();
        assert_eq!(next.as_bytes(), b"250 c\r\n");
        assert_eq!(reply.raw_lines().next().unwrap(), b"a");
    }

    #[test]
    fn a_server_may_greet_with_any_octets() {
        // RFC 5321 §4.1.1.1: `ehlo-greet`, which is in the first line only
        let reply = Reply::parse(b"250-mx hi \0\x1b[1m\x7f\r\n250-SIZE\r\n250 X\r\n").unwrap();
        assert_eq!(reply.as_bytes(), b"250-mx hi ??[1m?\r\n250-SIZE\r\n250 X\r\n", "others see none of it");
        assert_eq!(Reply::parse(b"250 mx \x08\r\n").unwrap().as_bytes(), b"250 mx ?\r\n");
        assert_eq!(error(b"250-mx\r\n250 X\x08\r\n"), (ReplyErrorKind::Control, 13));
        assert_eq!(error(b"220 mx \x08\r\n"), (ReplyErrorKind::Control, 7));
        assert_eq!(Reply::parse(b"250 a\tb\x08\r\n").unwrap().as_bytes(), b"250 a\tb?\r\n", "a tab is text");
        // CR and LF are what it may not have, where the line finder lets them through
        for (endings, input) in
            [(LineEndings::Normalise, b"250 a\rb\r\n"), (LineEndings::Keep, b"250 a\nb\r\n")]
        {
            let error = ReplyReader::new(endings, 512, 4096).read(input).unwrap_err();
            assert_eq!(error, ReplyError { kind: ReplyErrorKind::Control, at: 5 });
        }
        let mut reader = ReplyReader::new(LineEndings::Strict, 512, 4096);
        let input = b"250-a\x01\r\n250 b\r\n250 c\r\n";
        assert!(reader.read(&input[..10]).unwrap().is_none());
        let (reply, used) = reader.read(input).unwrap().unwrap();
        assert_eq!((reply.as_bytes(), used), (b"250-a?\r\n250 b\r\n".as_slice(), 15));
        assert_eq!(reader.read(&input[used..]).unwrap().unwrap().0.as_bytes(), b"250 c\r\n");
    }
}
