//! As much of MIME (RFC 2045, RFC 2046) as mails with reports need: parts, their types, their encodings. For
//! mail in general there are MIME libraries.

use alloc::{
    borrow::Cow,
    string::{String, ToString},
    vec::Vec,
};
use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use mail_base::{
    fields::{Header, HeaderLimits, HeaderReader},
    lex::{Lexer, TokenKind},
};

/// The deepest nesting of multiparts and mails that is looked into.
const MAX_DEPTH: usize = 4;

/// The most parts that are looked at.
const MAX_PARTS: usize = 64;

/// The most parameters of a field that are looked at.
const MAX_PARAMETERS: usize = 64;

/// The octets of a line of base64 (RFC 2045 §6.8).
const BASE64_LINE: usize = 76;

/// What senders write is not always padded, and not always zero where it must be.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A part of a mail that has no parts itself.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    /// In lower case; `text/plain` where none is told.
    pub(super) content_type: String,
    pub(super) name: Option<String>,
    encoding: String,
    body: &'a [u8],
    /// The offset of the body in the mail.
    pub(super) at: usize,
}

impl Part<'_> {
    /// The body, its transfer encoding undone.
    pub(super) fn decoded(&self) -> Cow<'_, [u8]> {
        match self.encoding.as_str() {
            "base64" => Cow::Owned(from_base64(self.body)),
            "quoted-printable" => Cow::Owned(from_quoted_printable(self.body)),
            _ => Cow::Borrowed(self.body),
        }
    }
}

/// The parts of a mail, in order. A mail that is attached is one part.
pub(super) fn parts(mail: &[u8]) -> Vec<Part<'_>> {
    collect(mail, false)
}

/// The parts of a mail, in order, and in the place of a mail that is attached the parts of that. What a
/// `multipart/report` has attached is returned to its sender: it stays one part.
pub(super) fn parts_of_all(mail: &[u8]) -> Vec<Part<'_>> {
    collect(mail, true)
}

fn collect(mail: &[u8], opens_mails: bool) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    // parts that wait, innermost last, so that the order is that of the mail
    let mut waiting = Vec::from([(mail, 0, 0, opens_mails)]);
    while let Some((octets, at, depth, opens_mails)) = waiting.pop() {
        if parts.len() >= MAX_PARTS {
            break;
        }
        let (header, body) = split_header(octets);
        let body_at = octets.len().saturating_sub(body.len()).saturating_add(at);
        let content = ContentType::of(&header);
        // RFC 2046 §5.2.1: it has no transfer encoding
        if opens_mails && content.name == "message/rfc822" && depth < MAX_DEPTH {
            waiting.push((body, body_at, depth.saturating_add(1), opens_mails));
            continue;
        }
        match content
            .boundary
            .as_deref()
            .filter(|_| content.name.starts_with("multipart/") && depth < MAX_DEPTH)
        {
            Some(boundary) => {
                let opens_mails = opens_mails && content.name != "multipart/report";
                let inner = split_multipart(body, boundary.as_bytes());
                let inner = inner.into_iter().map(|(octets, offset)| {
                    (octets, body_at.saturating_add(offset), depth.saturating_add(1), opens_mails)
                });
                let start = waiting.len();
                waiting.extend(inner);
                if let Some(added) = waiting.get_mut(start..) {
                    added.reverse();
                }
            }
            None => parts.push(Part {
                encoding: value(&header, "Content-Transfer-Encoding").to_ascii_lowercase(),
                name: content
                    .file_name
                    .or_else(|| ContentType::read(&header, "Content-Disposition").file_name),
                content_type: content.name,
                body,
                at: body_at,
            }),
        }
    }
    parts
}

/// A header and what stands behind it. One that is too large is taken for none.
pub(super) fn split_header(octets: &[u8]) -> (Header, &[u8]) {
    let mut reader = HeaderReader::new(HeaderLimits::default());
    match reader.write(octets) {
        Ok(Some(used)) => (reader.finish(), octets.get(used..).unwrap_or(&[])),
        Ok(None) => (reader.finish(), &[]),
        Err(_) => (Header::default(), octets),
    }
}

/// The value of the first field of a name, trimmed; empty where there is none.
pub(super) fn value(header: &Header, name: &str) -> String {
    let field = header.fields().find(|field| field.is_named(name));
    field.map(|field| String::from_utf8_lossy(field.value()).trim().to_string()).unwrap_or_default()
}

/// What a Content-Type or Content-Disposition field says.
#[derive(Clone, Debug, Default)]
pub(super) struct ContentType {
    pub(super) name: String,
    pub(super) boundary: Option<String>,
    pub(super) report_type: Option<String>,
    file_name: Option<String>,
}

impl ContentType {
    pub(super) fn of(header: &Header) -> Self {
        let mut content = Self::read(header, "Content-Type");
        if content.name.is_empty() {
            content.name = "text/plain".to_string();
        }
        content
    }

    /// `type "/" subtype *(";" attribute "=" value)` (RFC 2045 §5.1)
    fn read(header: &Header, field: &str) -> Self {
        let mut content = Self::default();
        let Some(field) = header.fields().find(|one| one.is_named(field)) else { return content };
        let mut words: Vec<String> = Vec::from([String::new()]);
        for token in Lexer::new(field.value()).flatten() {
            match token.kind {
                TokenKind::Comment => {}
                TokenKind::Special(b';') if words.len() > MAX_PARAMETERS => break,
                TokenKind::Special(b';') => words.push(String::new()),
                _ => {
                    if let Some(word) = words.last_mut() {
                        word.push_str(&String::from_utf8_lossy(&token.text()));
                    }
                }
            }
        }
        for (nth, word) in words.into_iter().enumerate() {
            if nth == 0 {
                content.name = word.to_ascii_lowercase();
                continue;
            }
            let Some((name, value)) = word.split_once('=') else { continue };
            let slot = match name.to_ascii_lowercase().as_str() {
                "boundary" => &mut content.boundary,
                "report-type" => &mut content.report_type,
                "name" | "filename" => &mut content.file_name,
                _ => continue,
            };
            *slot = Some(value.to_string());
        }
        content
    }
}

/// The first parts of a multipart, each with its offset (RFC 2046 §5.1.1). The last may lack its end.
fn split_multipart<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<(&'a [u8], usize)> {
    let mut parts = Vec::new();
    let mut start = None;
    let mut at: usize = 0;
    for line in body.split_inclusive(|&octet| octet == b'\n') {
        let next = at.saturating_add(line.len());
        if let Some(rest) = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary)) {
            let is_last = rest.starts_with(b"--");
            if is_last || rest.trim_ascii().is_empty() {
                parts
                    .extend(start.map(|start| (without_line_end(body.get(start..at).unwrap_or(&[])), start)));
                start = (!is_last && parts.len() < MAX_PARTS).then_some(next);
                if start.is_none() {
                    break;
                }
            }
        }
        at = next;
    }
    parts.extend(start.map(|start| (body.get(start..).unwrap_or(&[]), start)));
    parts
}

/// The line end before a boundary belongs to the boundary.
fn without_line_end(octets: &[u8]) -> &[u8] {
    let octets = octets.strip_suffix(b"\n").unwrap_or(octets);
    octets.strip_suffix(b"\r").unwrap_or(octets)
}

fn from_base64(text: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = text
        .iter()
        .copied()
        .filter(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/'))
        .collect();
    // a single digit at the end says nothing
    let whole = digits.len().saturating_sub(usize::from(digits.len() % 4 == 1));
    ENGINE.decode(digits.get(..whole).unwrap_or(&[])).unwrap_or_default()
}

/// Base64 in lines.
pub(super) fn to_base64(octets: &[u8]) -> String {
    let digits = ENGINE.encode(octets);
    let mut text = String::with_capacity(digits.len().saturating_add(digits.len() / 32));
    for line in digits.as_bytes().chunks(BASE64_LINE) {
        text.push_str(core::str::from_utf8(line).unwrap_or_default());
        text.push_str("\r\n");
    }
    text
}

/// RFC 2045 §6.7. What is no escape stays as it is.
fn from_quoted_printable(text: &[u8]) -> Vec<u8> {
    let hex = |digit: &u8| char::from(*digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        rest = behind;
        match (first, behind) {
            (b'=', [b'\r', b'\n', behind @ ..] | [b'\n', behind @ ..]) => rest = behind,
            (b'=', [high, low, behind @ ..]) => match (hex(high), hex(low)) {
                (Some(high), Some(low)) => {
                    octets.push(high << 4 | low);
                    rest = behind;
                }
                _ => octets.push(b'='),
            },
            _ => octets.push(*first),
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_order_with_their_place() {
        let mail = b"Content-Type: multipart/mixed; boundary=\"a b\"\r\n\r\npreamble\r\n--a b\r\n\r\none\r\n\
            --a b\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\n\r\ntwo\r\n--x\r\n\
            Content-Type: TEXT/XML; name=n.xml\r\n\r\nthree\r\n--x--\r\n--a b\r\n\r\nfour\r\n--a b--\r\nrest";
        let found = parts(mail);
        let bodies: Vec<_> = found.iter().map(|part| part.decoded().into_owned()).collect();
        assert_eq!(bodies, [b"one".to_vec(), b"two".to_vec(), b"three".to_vec(), b"four".to_vec()]);
        assert_eq!(found[2].content_type, "text/xml");
        assert_eq!(found[2].name.as_deref(), Some("n.xml"));
        for (part, body) in found.iter().zip(&bodies) {
            assert!(mail[part.at..].starts_with(body));
        }
    }

    #[test]
    fn a_mail_that_is_attached_is_one_part_or_its_parts() {
        let mail = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x\r\n\
            Content-Type: message/rfc822\r\n\r\nContent-Type: text/xml\r\n\r\ntwo\r\n--x--\r\n";
        let kinds =
            |found: &[Part<'_>]| -> Vec<_> { found.iter().map(|part| part.content_type.clone()).collect() };
        assert_eq!(kinds(&parts(mail)), ["text/plain", "message/rfc822"]);
        let found = parts_of_all(mail);
        assert_eq!(kinds(&found), ["text/plain", "text/xml"]);
        assert_eq!(found[1].body, b"two");
        assert!(mail[found[1].at..].starts_with(b"two"));
    }

    #[test]
    fn encodings_are_undone() {
        let decode = |encoding: &str, body: &str| {
            let mail = alloc::format!("Content-Transfer-Encoding: {encoding}\n\n{body}");
            let decoded = parts(mail.as_bytes())[0].decoded().into_owned();
            String::from_utf8(decoded).unwrap()
        };
        assert_eq!(decode("Base64", "aGVs\r\nbG8=\n"), "hello");
        assert_eq!(decode("base64", "aGVsbG8"), "hello");
        assert_eq!(decode("base64", "aGVsbG9"), "hello", "bits that must be zero");
        assert_eq!(decode("quoted-printable", "a=3D=\r\nb=\n=zz="), "a=b=zz=");
        assert_eq!(decode("8bit", "x=3D"), "x=3D");
        assert_eq!(from_base64(to_base64(&[7; 100]).as_bytes()), [7; 100]);
    }

    #[test]
    fn nesting_is_bounded() {
        let mut mail = String::new();
        for depth in 0..20 {
            mail += &alloc::format!("Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n");
        }
        let parts_of_nested = parts(mail.as_bytes());
        assert_eq!(parts_of_nested.len(), 1);
        assert!(parts_of_nested[0].body.starts_with(b"--b4\n"), "four multiparts are opened");
        let mails = "Content-Type: message/rfc822\n\n";
        assert_eq!(
            parts_of_all(mails.repeat(20).as_bytes())[0].body,
            mails.repeat(15).as_bytes(),
            "and mails"
        );
        let many = |boundary: &str| {
            let parts = alloc::format!("--{boundary}\n\nx\n").repeat(1_000);
            alloc::format!("Content-Type: multipart/mixed; boundary={boundary}\n\n{parts}")
        };
        assert_eq!(parts(many("b").as_bytes()).len(), MAX_PARTS);
        let twice = alloc::format!(
            "Content-Type: multipart/mixed; boundary=x\n\n--x\n{}--x\n{}",
            many("b"),
            many("c")
        );
        assert_eq!(parts(twice.as_bytes()).len(), MAX_PARTS, "of all multiparts together");
    }

    #[test]
    fn parameters_are_bounded() {
        let boundary = |before: usize| {
            let field = alloc::format!("Content-Type: multipart/mixed{}; boundary=b", "; a=b".repeat(before));
            ContentType::of(&split_header(field.as_bytes()).0).boundary
        };
        assert_eq!(boundary(MAX_PARAMETERS - 1).as_deref(), Some("b"));
        assert_eq!(boundary(MAX_PARAMETERS), None);
    }
}
