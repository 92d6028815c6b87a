//! Responses: a status, perhaps a code in brackets, and text (RFC 1939 §3, RFC 2449 §8).
//!
//! ```
//! use pop3_proto::{Code, Response, Rules};
//!
//! let response = Response::parse(b"-ERR [in-use] Another session has the maildrop", &Rules::default())?;
//! assert!(!response.is_ok());
//! assert_eq!(response.code(), Some(Code::InUse));
//! assert_eq!(response.message(), b"Another session has the maildrop");
//!
//! let response = Response::err("no\r\n+OK way").with_code(Code::Auth);
//! assert_eq!(response.to_string(), "-ERR [AUTH] no??+OK way");
//! # Ok::<(), pop3_proto::ResponseError>(())
//! ```

use crate::{
    error::{ResponseError, ResponseErrorKind},
    rules::Rules,
    text::{all_ascii_from, before_blanks},
};
use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

/// The most octets of a line that we write, its line end counted (RFC 2449 §4).
const MAX_LINE: usize = 512;

/// The first line of what a server says, or the only one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Response<'a> {
    is_ok: bool,
    /// What follows the status and a space.
    text: Cow<'a, [u8]>,
}

/// Why a server says what it says, for programs to understand (RFC 2449 §8, RFC 3206, RFC 6856 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code<'a> {
    /// `IN-USE`: the maildrop is locked by another session.
    InUse,
    /// `LOGIN-DELAY`: the last login was too short a time ago.
    LoginDelay,
    /// `SYS/TEMP`: something is wrong, and will pass.
    SysTemp,
    /// `SYS/PERM`: something is wrong that a person must mend.
    SysPerm,
    /// `AUTH`: it is the credentials that are wrong.
    Auth,
    /// `UTF8`: the message needs UTF-8 mode.
    Utf8,
    /// Another, as it was written, without the brackets.
    Other(&'a str),
}

impl<'a> Code<'a> {
    /// Reads what stands between the brackets. Details that are not known are left out: `IN-USE/FTP` is
    /// `IN-USE` (RFC 2449 §8).
    fn read(text: &'a str) -> Self {
        const KNOWN: [(&str, Code<'static>); 6] = [
            ("IN-USE", Code::InUse),
            ("LOGIN-DELAY", Code::LoginDelay),
            ("SYS/TEMP", Code::SysTemp),
            ("SYS/PERM", Code::SysPerm),
            ("AUTH", Code::Auth),
            ("UTF8", Code::Utf8),
        ];
        let is = |name: &str| {
            let (start, rest) = text.split_at_checked(name.len()).unwrap_or(("", ""));
            start.eq_ignore_ascii_case(name) && (rest.is_empty() || rest.starts_with('/'))
        };
        KNOWN.iter().find(|(name, _)| is(name)).map_or(Self::Other(text), |(_, code)| *code)
    }

    /// What stands between the brackets.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        match self {
            Self::InUse => "IN-USE",
            Self::LoginDelay => "LOGIN-DELAY",
            Self::SysTemp => "SYS/TEMP",
            Self::SysPerm => "SYS/PERM",
            Self::Auth => "AUTH",
            Self::Utf8 => "UTF8",
            Self::Other(text) => text,
        }
    }
}

impl<'a> Response<'a> {
    /// `+OK` and a text. Control characters become `?`, as does a bracket at the start, which would make a code
    /// of the text; what does not fit into a line is left out.
    #[must_use]
    pub fn ok(text: &'a str) -> Self {
        Self { is_ok: true, text: harmless(text, true) }
    }

    /// `-ERR` and a text, as with [`ok`](Self::ok).
    #[must_use]
    pub fn err(text: &'a str) -> Self {
        Self { is_ok: false, text: harmless(text, true) }
    }

    /// The same with a code before the text. What may not stand in a code is left out.
    #[must_use]
    pub fn with_code(self, code: Code<'_>) -> Response<'static> {
        let is_allowed = |character: &char| character.is_ascii_graphic() && !matches!(character, '[' | ']');
        let code: String = code.as_str().chars().filter(is_allowed).collect();
        let text = alloc::format!("[{code}] {}", String::from_utf8_lossy(&self.text));
        Response { is_ok: self.is_ok, text: Cow::Owned(harmless(&text, false).into_owned()) }
    }

    /// A response that stands in this crate.
    pub(crate) const fn fixed(is_ok: bool, text: &'static str) -> Response<'static> {
        Response { is_ok, text: Cow::Borrowed(text.as_bytes()) }
    }

    /// Reads a line, without its line end.
    ///
    /// # Errors
    /// A [`ResponseError`] says which rule is broken, and where.
    pub fn parse(line: &'a [u8], rules: &Rules) -> Result<Self, ResponseError> {
        let (is_ok, length) = match line {
            [b'+', b'O', b'K', ..] => (true, 3),
            [b'-', b'E', b'R', b'R', ..] => (false, 4),
            [b'+', o, k, ..] if rules.any_case && [*o, *k].eq_ignore_ascii_case(b"OK") => (true, 3),
            [b'-', e, r, s, ..] if rules.any_case && [*e, *r, *s].eq_ignore_ascii_case(b"ERR") => (false, 4),
            _ => return Err(ResponseError { kind: ResponseErrorKind::Status, at: 0 }),
        };
        let text = match line.get(length..) {
            Some([b' ', text @ ..]) => text,
            None | Some([]) => b"",
            // "+OK" [resp-code] is how RFC 2449 §3 writes it, without a space
            Some(text @ [b'[' | b'<', ..]) => text,
            Some(_) => return Err(ResponseError { kind: ResponseErrorKind::Space, at: length }),
        };
        check_controls(text, line.len())?;
        Ok(Self { is_ok, text: Cow::Borrowed(text) })
    }

    /// Whether it is `+OK`.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.is_ok
    }

    /// What follows the status, the code included: often ASCII, now and then UTF-8, never sure to be either.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The code and what follows it.
    fn split_code(&self) -> Option<(&str, &[u8])> {
        let inner = self.text.strip_prefix(b"[")?;
        let end = inner.iter().position(|octet| *octet == b']')?;
        let (code, rest) = inner.split_at_checked(end)?;
        Some((core::str::from_utf8(code).ok()?, rest.get(1..)?))
    }

    /// The code in brackets at the start. It means what it says where the server offers `RESP-CODES`, and `AUTH`
    /// where it offers `AUTH-RESP-CODE`.
    #[must_use]
    pub fn code(&self) -> Option<Code<'_>> {
        self.split_code().map(|(code, _)| Code::read(code))
    }

    /// The text for a person, without the code.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        match self.split_code() {
            Some((_, rest)) => rest.strip_prefix(b" ").unwrap_or(rest),
            None => &self.text,
        }
    }

    /// Writes the response and its line end.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if self.is_ok { b"+OK" } else { b"-ERR" });
        if !self.text.is_empty() {
            out.push(b' ');
            out.extend_from_slice(&self.text);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Response<'static> {
        Response { is_ok: self.is_ok, text: Cow::Owned(self.text.into_owned()) }
    }
}

impl fmt::Display for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_ok { "+OK" } else { "-ERR" })?;
        if self.text.is_empty() { Ok(()) } else { write!(f, " {}", String::from_utf8_lossy(&self.text)) }
    }
}

impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({self})")
    }
}

fn check_controls(text: &[u8], length: usize) -> Result<(), ResponseError> {
    let is_control = |octet: u8| (octet < b' ' && octet != b'\t') || octet == 0x7f;
    if all_ascii_from(b' ', text) {
        return Ok(());
    }
    // tabs and octets outside ASCII may stand there
    let Some(offset) = text.iter().position(|&octet| is_control(octet)) else { return Ok(()) };
    let at = length.saturating_sub(text.len()).saturating_add(offset);
    Err(ResponseError { kind: ResponseErrorKind::Control, at })
}

/// The text as it may stand in a line.
fn harmless(text: &str, is_without_code: bool) -> Cow<'_, [u8]> {
    let room = MAX_LINE.saturating_sub("-ERR \r\n".len());
    let fits = text.len() <= room;
    let is_bracket = is_without_code && text.starts_with('[');
    if fits && !is_bracket && !text.chars().any(char::is_control) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut harmless = String::with_capacity(text.len().min(room));
    for (at, character) in text.chars().enumerate() {
        let is_replaced = character.is_control() || (at == 0 && is_bracket);
        let character = if is_replaced { '?' } else { character };
        if harmless.len().saturating_add(character.len_utf8()) > room {
            break;
        }
        harmless.push(character);
    }
    Cow::Owned(harmless.into_bytes())
}

/// A line of a server while an authentication goes on: a challenge, or the response that ends it.
pub(crate) fn challenge<'a>(line: &'a [u8], rules: &Rules) -> Option<&'a [u8]> {
    match line {
        [b'+'] if rules.bare_challenge => Some(b""),
        [b'+', b' ', text @ ..] if rules.loose_spaces => Some(before_blanks(text)),
        [b'+', b' ', text @ ..] => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};

    fn strict(line: &[u8]) -> Result<Response<'_>, (ResponseErrorKind, usize)> {
        Response::parse(line, &Rules::STRICT).map_err(|error| (error.kind, error.at))
    }

    #[test]
    fn responses_are_written_as_they_are_read() {
        for line in ["+OK", "-ERR", "+OK 2 320", "-ERR [IN-USE] busy", "+OK  <1.2@host> ", "+OK a\tb"] {
            let mut out = Vec::new();
            strict(line.as_bytes()).unwrap().write(&mut out);
            assert_eq!(out, format!("{line}\r\n").as_bytes());
        }
        assert_eq!(strict(b"+OK \xe9t\xe9").unwrap().text(), b"\xe9t\xe9");
        assert_eq!(strict(b"+OK<1.2@host>").unwrap().text(), b"<1.2@host>");
    }

    #[test]
    fn broken_responses_are_errors_with_a_place() {
        use ResponseErrorKind as Kind;
        for (line, error) in [
            (b"".as_slice(), (Kind::Status, 0)),
            (b"+", (Kind::Status, 0)),
            (b"+ok", (Kind::Status, 0)),
            (b"-Err x", (Kind::Status, 0)),
            (b"250 OK", (Kind::Status, 0)),
            (b"+OKAY", (Kind::Space, 3)),
            (b"-ERROR", (Kind::Space, 4)),
            (b"+OK a\0", (Kind::Control, 5)),
            (b"-ERR\rx", (Kind::Space, 4)),
            (b"-ERR x\ry", (Kind::Control, 6)),
        ] {
            assert_eq!(strict(line), Err(error), "{}", line.escape_ascii());
        }
        let rules = Rules::STRICT.with_any_case(true);
        assert!(Response::parse(b"+ok", &rules).unwrap().is_ok());
        assert!(!Response::parse(b"-Err x", &rules).unwrap().is_ok());
    }

    #[test]
    fn codes_stand_in_brackets() {
        for (text, expected) in [
            ("[IN-USE] x", Some(Code::InUse)),
            ("[login-delay]", Some(Code::LoginDelay)),
            ("[SYS/TEMP/DISK] x", Some(Code::SysTemp)),
            ("[SYS/PERM] x", Some(Code::SysPerm)),
            ("[SYS] x", Some(Code::Other("SYS"))),
            ("[AUTH] x", Some(Code::Auth)),
            ("[AUTHOR] x", Some(Code::Other("AUTHOR"))),
            ("[UTF8] x", Some(Code::Utf8)),
            ("[] x", Some(Code::Other(""))),
            ("[IN-USE x", None),
            ("x [IN-USE]", None),
            ("", None),
        ] {
            let line = format!("-ERR {text}");
            assert_eq!(strict(line.as_bytes()).unwrap().code(), expected, "{text}");
        }
        assert_eq!(strict(b"-ERR [SYS/TEMP]  x").unwrap().message(), b" x");
        assert_eq!(strict(b"-ERR [SYS/TEMP x").unwrap().message(), b"[SYS/TEMP x");
    }

    #[test]
    fn what_is_built_is_one_short_line() {
        assert_eq!(Response::ok("a\r\n-ERR b").to_string(), "+OK a??-ERR b");
        assert_eq!(Response::err("[IN-USE] b").to_string(), "-ERR ?IN-USE] b");
        assert_eq!(Response::err("b").with_code(Code::Other("X]\r\n[Y")).to_string(), "-ERR [XY] b");
        for text in ["ü".repeat(400), "a".repeat(505), "a".repeat(506)] {
            let mut out = Vec::new();
            Response::err(&text).with_code(Code::SysTemp).write(&mut out);
            assert!(out.len() <= MAX_LINE && out.ends_with(b"\r\n"));
            assert!(core::str::from_utf8(&out).is_ok());
            out.clear();
            Response::err(&text).write(&mut out);
            assert!(out.len() <= MAX_LINE && out.ends_with(b"\r\n"));
        }
    }

    #[test]
    fn challenges_follow_a_plus_and_a_space() {
        assert_eq!(challenge(b"+ AmFYig==", &Rules::STRICT), Some(b"AmFYig==".as_slice()));
        assert_eq!(challenge(b"+ ", &Rules::STRICT), Some(b"".as_slice()));
        assert_eq!(challenge(b"+", &Rules::STRICT), None);
        assert_eq!(challenge(b"+", &Rules::LOOSE), Some(b"".as_slice()));
        assert_eq!(challenge(b"+OK", &Rules::LOOSE), None);
        assert_eq!(challenge(b"-ERR", &Rules::LOOSE), None);
    }
}
