//! Macros: `%{d}` and its kin (RFC 7208 §7).
//!
//! A macro string is checked with the record that holds it, before anything is evaluated; what a macro expands
//! to is never checked for syntax again. [`expand`] is what the check does, for tools that show a record:
//!
//! ```
//! use spf::macros::{Place, Values, expand};
//!
//! let values = Values { sender: "strong-bad@email.example.com", domain: "email.example.com", ..Values::new([192, 0, 2, 3].into()) };
//! let target = expand("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", Place::DomainSpec, &values)?;
//! assert_eq!(target, "3.2.0.192.in-addr.strong.lp._spf.example.com");
//! # Ok::<(), spf::RecordError>(())
//! ```

use crate::error::{RecordError, RecordErrorKind};
use alloc::string::String;
use core::{
    fmt::{self, Write as _},
    net::IpAddr,
};
use mail_base::{
    Name,
    name::{MAX_OCTETS, NameError},
};

/// The most octets that a macro string expands to. No domain name and no reply is longer than a small part of
/// it; the bound keeps a record of many macros and a long sender from filling the memory.
pub const MAX_EXPANSION: usize = 8192;

/// Where a macro string stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a term of a record.
    DomainSpec,
    /// In the text that `exp` leads to, where the letters `c`, `r` and `t` and spaces are allowed too.
    Explanation,
}

/// A macro letter (RFC 7208 §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter {
    /// `s`: the sender.
    Sender,
    /// `l`: the local part of the sender.
    LocalPart,
    /// `o`: the domain of the sender.
    SenderDomain,
    /// `d`: the domain that is being checked.
    Domain,
    /// `i`: the client's address, in parts that can be reversed.
    Ip,
    /// `p`: the validated name of the client.
    ValidatedName,
    /// `v`: `in-addr` or `ip6`.
    Version,
    /// `h`: the HELO domain.
    Helo,
    /// `c`: the client's address as a person writes it.
    ReadableIp,
    /// `r`: the receiving host.
    Receiver,
    /// `t`: the seconds since 1970.
    Time,
}

impl Letter {
    fn parse(octet: u8) -> Option<Self> {
        Some(match octet.to_ascii_lowercase() {
            b's' => Self::Sender,
            b'l' => Self::LocalPart,
            b'o' => Self::SenderDomain,
            b'd' => Self::Domain,
            b'i' => Self::Ip,
            b'p' => Self::ValidatedName,
            b'v' => Self::Version,
            b'h' => Self::Helo,
            b'c' => Self::ReadableIp,
            b'r' => Self::Receiver,
            b't' => Self::Time,
            _ => return None,
        })
    }

    fn is_for_explanations(self) -> bool {
        matches!(self, Self::ReadableIp | Self::Receiver | Self::Time)
    }
}

/// A macro between its braces: `macro-letter transformers *delimiter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Macro<'a> {
    /// What it stands for.
    pub letter: Letter,
    /// Whether the letter is in upper case: the value is escaped for URLs.
    pub escaped: bool,
    /// How many parts are kept, from the right; all where there is no number.
    pub keep: Option<usize>,
    /// Whether the parts are reversed.
    pub reversed: bool,
    /// The characters that part the value; a dot where there is none.
    pub delimiters: &'a str,
}

/// One piece of a macro string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text that stands for itself.
    Literal(&'a str),
    /// `%%`, `%_` or `%-`, and what it stands for.
    Escape(&'static str),
    /// `%{...}`.
    Macro(Macro<'a>),
}

/// Cuts a macro string into pieces, checking its syntax. After an error there are no more.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    text: &'a str,
    place: Place,
    at: usize,
}

impl<'a> Pieces<'a> {
    /// Cuts `text`.
    #[must_use]
    pub fn new(text: &'a str, place: Place) -> Self {
        Self { text, place, at: 0 }
    }

    /// The offset up to which the text has been cut.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// macro-literal = %x21-24 / %x26-7E, and in an explanation SP (RFC 7208 §7.1)
    fn literal_length(&self, rest: &[u8]) -> usize {
        let may_be_space = self.place == Place::Explanation;
        let is_literal =
            |octet: u8| (octet.is_ascii_graphic() && octet != b'%') || (may_be_space && octet == b' ');
        rest.iter().position(|&octet| !is_literal(octet)).unwrap_or(rest.len())
    }

    /// macro-expand = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-" (RFC 7208 §7.1)
    ///
    /// Gives the piece and its length.
    fn expand(&self, rest: &'a [u8]) -> Result<(Piece<'a>, usize), RecordError> {
        let error = |kind, at: usize| Err(RecordError { kind, at: self.at.saturating_add(at) });
        match rest.get(1) {
            Some(b'%') => return Ok((Piece::Escape("%"), 2)),
            Some(b'_') => return Ok((Piece::Escape(" "), 2)),
            Some(b'-') => return Ok((Piece::Escape("%20"), 2)),
            Some(b'{') => {}
            _ => return error(RecordErrorKind::Percent, 0),
        }
        let Some(close) = rest.iter().position(|&octet| octet == b'}') else {
            return error(RecordErrorKind::Percent, 0);
        };
        let Some((&letter_octet, transformers)) = rest.get(2..close).and_then(<[u8]>::split_first) else {
            return error(RecordErrorKind::Letter, 2);
        };
        let Some(letter) = Letter::parse(letter_octet) else {
            return error(RecordErrorKind::Letter, 2);
        };
        if self.place == Place::DomainSpec && letter.is_for_explanations() {
            return error(RecordErrorKind::ExplanationLetter, 2);
        }
        let digits = transformers.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let keep = (digits > 0).then(|| number(transformers.iter().take(digits)));
        if keep == Some(0) {
            return error(RecordErrorKind::Digits, 3);
        }
        let reversed = matches!(transformers.get(digits), Some(b'r' | b'R'));
        let delimiters_at = digits.saturating_add(usize::from(reversed));
        let delimiters = transformers.get(delimiters_at..).unwrap_or(&[]);
        if let Some(bad) = delimiters.iter().position(|octet| !b".-+,/_=".contains(octet)) {
            return error(RecordErrorKind::Percent, delimiters_at.saturating_add(bad).saturating_add(3));
        }
        let delimiters = core::str::from_utf8(delimiters).unwrap_or("");
        let escaped = letter_octet.is_ascii_uppercase();
        let piece = Piece::Macro(Macro { letter, escaped, keep, reversed, delimiters });
        Ok((piece, close.saturating_add(1)))
    }
}

/// A decimal number, as large as it can be held where it is larger than that.
fn number<'a>(digits: impl Iterator<Item = &'a u8>) -> usize {
    digits.fold(0, |number: usize, digit| {
        number.saturating_mul(10).saturating_add(usize::from(digit.wrapping_sub(b'0')))
    })
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Result<Piece<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.as_bytes().get(self.at..).filter(|rest| !rest.is_empty())?;
        let literal = self.literal_length(rest);
        let (piece, length) = if literal > 0 {
            let end = self.at.saturating_add(literal);
            (Piece::Literal(self.text.get(self.at..end).unwrap_or("")), literal)
        } else if rest.first() == Some(&b'%') {
            match self.expand(rest) {
                Ok(piece) => piece,
                Err(error) => {
                    self.at = self.text.len();
                    return Some(Err(error));
                }
            }
        } else {
            let at = self.at;
            self.at = self.text.len();
            return Some(Err(RecordError { kind: RecordErrorKind::Octet, at }));
        };
        self.at = self.at.saturating_add(length);
        Some(Ok(piece))
    }
}

/// What the macro letters stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values<'a> {
    /// `i`, `c`, `v`: the client's address.
    pub ip: IpAddr,
    /// `s`, `l`, `o`: the sender. Where it has no local part, give it `postmaster`.
    pub sender: &'a str,
    /// `d`: the domain that is being checked.
    pub domain: &'a str,
    /// `h`: the HELO domain.
    pub helo: &'a str,
    /// `p`: the validated name of the client, or `unknown`.
    pub validated_name: &'a str,
    /// `r`: the receiving host, or `unknown`.
    pub receiver: &'a str,
    /// `t`: the seconds since 1970.
    pub now: u64,
}

impl Values<'_> {
    /// Values for a client of which nothing else is known.
    #[must_use]
    pub fn new(ip: IpAddr) -> Self {
        Self { ip, sender: "", domain: "", helo: "", validated_name: "unknown", receiver: "unknown", now: 0 }
    }
}

/// Expands a macro string.
///
/// # Errors
/// The first rule of the grammar that the string breaks, or [`RecordErrorKind::Expansion`].
pub fn expand(text: &str, place: Place, values: &Values<'_>) -> Result<String, RecordError> {
    let mut out = String::with_capacity(256);
    expand_into(&mut out, text, place, values)?;
    Ok(out)
}

/// Appends the expansion of a macro string.
pub(crate) fn expand_into(
    out: &mut String,
    text: &str,
    place: Place,
    values: &Values<'_>,
) -> Result<(), RecordError> {
    let mut pieces = Pieces::new(text, place);
    loop {
        let at = pieces.at();
        match pieces.next() {
            None => return Ok(()),
            Some(piece) => match piece? {
                Piece::Literal(text) => out.push_str(text),
                Piece::Escape(text) => out.push_str(text),
                Piece::Macro(one) => push_macro(out, one, values),
            },
        }
        if out.len() > MAX_EXPANSION {
            return Err(RecordError { kind: RecordErrorKind::Expansion, at });
        }
    }
}

/// The name that a domain-spec expands to: where it is too long, labels are removed from its left (RFC 7208 §7.3).
pub(crate) fn expanded_name(text: &str) -> Result<Name, NameError> {
    let mut name = text;
    while name.strip_suffix('.').unwrap_or(name).len() > MAX_OCTETS {
        match name.split_once('.') {
            Some((_, rest)) => name = rest,
            None => break,
        }
    }
    Name::parse(name)
}

fn push_macro(out: &mut String, one: Macro<'_>, values: &Values<'_>) {
    let (local_part, sender_domain) = values.sender.rsplit_once('@').unwrap_or(("", values.sender));
    match one.letter {
        Letter::Sender => push_value(out, one, values.sender),
        Letter::LocalPart => push_value(out, one, local_part),
        Letter::SenderDomain => push_value(out, one, sender_domain),
        Letter::Domain => push_value(out, one, values.domain),
        Letter::ValidatedName => push_value(out, one, values.validated_name),
        Letter::Helo => push_value(out, one, values.helo),
        Letter::Receiver => push_value(out, one, values.receiver),
        Letter::Version => push_value(out, one, if values.ip.is_ipv4() { "in-addr" } else { "ip6" }),
        Letter::Ip => push_value(out, one, Scratch::of(Parts(values.ip)).as_str()),
        Letter::ReadableIp => push_value(out, one, Scratch::of(values.ip).as_str()),
        Letter::Time => push_value(out, one, Scratch::of(values.now).as_str()),
    }
}

/// Splits, reverses, cuts and joins a value as the macro wants (RFC 7208 §7.3). Parts may be empty.
fn push_value(out: &mut String, one: Macro<'_>, value: &str) {
    let room = MAX_EXPANSION.saturating_add(1).saturating_sub(out.len());
    if one.keep.is_none() && !one.reversed && one.delimiters.is_empty() {
        return push_escaped(out, one, value, room);
    }
    let delimiters = if one.delimiters.is_empty() { "." } else { one.delimiters };
    let is_delimiter = |character| delimiters.contains(character);
    let count = value.split(is_delimiter).count();
    let skip = count.saturating_sub(one.keep.unwrap_or(count));
    if one.reversed {
        join(out, one, value.rsplit(is_delimiter).skip(skip), room);
    } else {
        join(out, one, value.split(is_delimiter).skip(skip), room);
    }
}

fn join<'v>(out: &mut String, one: Macro<'_>, parts: impl Iterator<Item = &'v str>, room: usize) {
    for (at, part) in parts.enumerate() {
        if at > 0 {
            out.push('.');
        }
        push_escaped(out, one, part, room);
    }
}

/// Appends a value, in upper-case macros with all but the `unreserved` characters of RFC 3986 §2.3 escaped.
/// What is far too long for any use is cut: the caller sees that it is.
fn push_escaped(out: &mut String, one: Macro<'_>, value: &str, room: usize) {
    if !one.escaped && value.len() <= room {
        return out.push_str(value);
    }
    for octet in value.chars().take(room) {
        if !one.escaped || octet.is_ascii_alphanumeric() || "-._~".contains(octet) {
            out.push(octet);
            continue;
        }
        for octet in octet.encode_utf8(&mut [0; 4]).bytes() {
            // writing to a String does not fail
            let _ = write!(out, "%{octet:02X}");
        }
    }
}

/// An address in parts that can be reversed: four numbers, or thirty-two nibbles.
struct Parts(IpAddr);

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => {
                for (at, octet) in address.octets().iter().enumerate() {
                    let dot = if at == 0 { "" } else { "." };
                    write!(f, "{dot}{:x}.{:x}", octet >> 4, octet & 0xf)?;
                }
                Ok(())
            }
        }
    }
}

/// A short text outside the heap.
struct Scratch {
    octets: [u8; 64],
    length: usize,
}

impl Scratch {
    fn of(value: impl fmt::Display) -> Self {
        let mut scratch = Self { octets: [0; 64], length: 0 };
        // the longest value is an address in thirty-two nibbles, 63 octets
        let _ = write!(scratch, "{value}");
        scratch
    }

    fn as_str(&self) -> &str {
        self.octets.get(..self.length).and_then(|octets| core::str::from_utf8(octets).ok()).unwrap_or("")
    }
}

impl fmt::Write for Scratch {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length.saturating_add(text.len());
        let room = self.octets.get_mut(self.length..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
