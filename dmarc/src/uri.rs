//! The addresses for reports, `rua` and `ruf`.
//!
//! They are URIs, separated by commas (RFC 9989 §4.8). A comma or an exclamation point inside one must be
//! percent-encoded; `!10m` at the end, the size limit of RFC 7489, is read and ignored.

use crate::error::{UriError, UriErrorKind};
use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;
use mail_base::Name;

/// An address for reports, its syntax checked: ASCII without white space, commas, semicolons or exclamation
/// points, so that it can stand in a record as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri<'a> {
    text: &'a str,
}

impl<'a> Uri<'a> {
    /// Reads one address, without the obsolete size limit.
    ///
    /// # Errors
    /// A [`UriError`] says which rule is broken and at which octet.
    pub fn parse(text: &'a str) -> Result<Self, UriError> {
        read(text.as_bytes(), 0)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The scheme, as written.
    #[must_use]
    pub fn scheme(&self) -> &'a str {
        self.text.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// Whether the scheme is `mailto`, the one that RFC 9989 §4.7 asks every receiver to support.
    #[must_use]
    pub fn is_mailto(&self) -> bool {
        self.scheme().eq_ignore_ascii_case("mailto")
    }

    /// The mailbox of a `mailto`, percent-encoding undone. It holds no white space, comma or control character.
    #[must_use]
    pub fn mailbox(&self) -> Option<String> {
        self.read_mailbox().map(Cow::into_owned)
    }

    fn read_mailbox(&self) -> Option<Cow<'a, str>> {
        let (scheme, rest) = self.text.split_once(':')?;
        if !scheme.eq_ignore_ascii_case("mailto") {
            return None;
        }
        let mailbox = decode(rest.split('?').next()?)?;
        let (local, domain) = mailbox.rsplit_once('@')?;
        let is_plain = |character: char| !character.is_control() && !character.is_whitespace();
        let is_mailbox = !local.is_empty() && Name::parse(domain).is_ok();
        // where nothing was encoded there is nothing that may not stand in a URI
        let is_as_written = matches!(mailbox, Cow::Borrowed(_));
        let has_only =
            is_as_written || mailbox.chars().all(|one| is_plain(one) && !matches!(one, ',' | '<' | '>'));
        (is_mailbox && has_only).then_some(mailbox)
    }

    /// The domain to which reports go: that of the mailbox, or the host of another scheme's authority.
    #[must_use]
    pub fn domain(&self) -> Option<Name> {
        if let Some(mailbox) = self.read_mailbox() {
            return Name::parse(mailbox.rsplit_once('@')?.1).ok();
        }
        let (_, rest) = self.text.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        let host_and_port = authority.rsplit('@').next()?;
        Name::parse(host_and_port.split(':').next()?).ok().filter(Name::is_host_name)
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.text)
    }
}

/// Undoes percent-encoding (RFC 3986 §2.1); `None` where what comes out is not UTF-8.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => hex(rest.next()?)?.checked_mul(16)?.checked_add(hex(rest.next()?)?)?,
            _ => octet,
        });
    }
    String::from_utf8(octets).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The addresses of a list, in order, those that cannot be used as errors.
#[derive(Clone, Debug)]
pub struct Uris<'a> {
    list: Option<&'a [u8]>,
    /// The offset of the list.
    at: usize,
}

impl<'a> Uris<'a> {
    /// Cuts a list that stands at this offset; an empty one has no addresses.
    pub(crate) fn new(list: &'a [u8], at: usize) -> Self {
        Self { list: (!list.is_empty()).then_some(list), at }
    }
}

impl<'a> Iterator for Uris<'a> {
    type Item = Result<Uri<'a>, UriError>;

    fn next(&mut self) -> Option<Self::Item> {
        let list = self.list?;
        let at = self.at;
        let length = list.iter().position(|&octet| octet == b',').unwrap_or(list.len());
        let item = list.get(..length).unwrap_or(&[]);
        let after = length.saturating_add(1);
        self.list = list.get(after..);
        self.at = at.saturating_add(after);
        let space = item.len().saturating_sub(item.trim_ascii_start().len());
        Some(read(without_size(item.trim_ascii()), at.saturating_add(space)))
    }
}

/// `obs-dmarc-report-size = "!" 1*DIGIT [ "k" / "m" / "g" / "t" ]` (RFC 9989 §4.8), taken off.
fn without_size(uri: &[u8]) -> &[u8] {
    let number = match uri.split_last() {
        Some((b'k' | b'm' | b'g' | b't' | b'K' | b'M' | b'G' | b'T', number)) => number,
        _ => uri,
    };
    let digits = number.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    match number.get(..number.len().saturating_sub(digits)) {
        Some([before @ .., b'!']) if digits > 0 => before,
        _ => uri,
    }
}

/// `dmarc-uri = URI` (RFC 9989 §4.8), as far as octets go: scheme, colon, and what RFC 3986 allows without
/// commas, semicolons and exclamation points; of a `mailto`, also that it names a mailbox.
fn read(octets: &[u8], at: usize) -> Result<Uri<'_>, UriError> {
    let error = |kind, octet: usize| Err(UriError { kind, at: at.saturating_add(octet) });
    if octets.is_empty() {
        return error(UriErrorKind::Empty, 0);
    }
    let is_scheme = |scheme: &[u8]| matches!(scheme, [b'a'..=b'z' | b'A'..=b'Z', rest @ ..] if rest.iter().all(in_scheme));
    let colon = octets.iter().position(|&octet| octet == b':');
    if !colon.and_then(|colon| octets.get(..colon)).is_some_and(is_scheme) {
        return error(UriErrorKind::Scheme, 0);
    }
    if let Some(octet) = octets.iter().position(|octet| !in_uri(*octet)) {
        return error(UriErrorKind::Octet, octet);
    }
    for (octet, _) in octets.iter().enumerate().filter(|(_, octet)| **octet == b'%') {
        let digits = octets.get(octet.saturating_add(1)..octet.saturating_add(3)).unwrap_or(&[]);
        if digits.len() != 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return error(UriErrorKind::Percent, octet);
        }
    }
    let Ok(text) = core::str::from_utf8(octets) else {
        return error(UriErrorKind::Octet, 0);
    };
    let uri = Uri { text };
    if uri.is_mailto() && uri.read_mailbox().is_none() {
        return error(UriErrorKind::Mailbox, 0);
    }
    Ok(uri)
}

fn in_scheme(octet: &u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'.')
}

fn in_uri(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(octet, b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@')
        || matches!(octet, b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b'=' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;
    use UriErrorKind::{Empty, Mailbox, Octet, Percent, Scheme};

    fn list(text: &str) -> Vec<Result<&str, (UriErrorKind, usize)>> {
        Uris::new(text.as_bytes(), 0)
            .map(|uri| uri.map(|uri| uri.as_str()).map_err(|error| (error.kind, error.at)))
            .collect()
    }

    #[test]
    fn lists_are_cut_at_commas() {
        assert_eq!(list("mailto:a@b.example"), [Ok("mailto:a@b.example")]);
        assert_eq!(
            list("mailto:a@b.example , \thttps://c.example/x?y=%2C"),
            [Ok("mailto:a@b.example"), Ok("https://c.example/x?y=%2C")]
        );
        assert_eq!(list(""), []);
        assert_eq!(list("mailto:a@b,"), [Ok("mailto:a@b"), Err((Empty, 11))]);
    }

    #[test]
    fn the_obsolete_size_limit_is_ignored() {
        for size in ["!10m", "!1", "!50K", "!9t", "!0g"] {
            assert_eq!(
                list(&(String::from("mailto:a@b.example") + size)),
                [Ok("mailto:a@b.example")],
                "{size}"
            );
        }
        assert_eq!(list("mailto:a@b.example!m"), [Err((Octet, 18))]);
        assert_eq!(list("mailto:a@b.example!10x"), [Err((Octet, 18))]);
        assert_eq!(list("mailto:a!b@c.example!10m"), [Err((Octet, 8))]);
    }

    #[test]
    fn what_is_no_uri_is_told_with_its_place() {
        assert_eq!(list("a@b.example"), [Err((Scheme, 0))]);
        assert_eq!(list("mailto:x@y, 1a:b"), [Ok("mailto:x@y"), Err((Scheme, 12))]);
        assert_eq!(list("mailto:a b@c"), [Err((Octet, 8))]);
        assert_eq!(list("mailto:a%4@c"), [Err((Percent, 8))]);
        assert_eq!(list("mailto:a%"), [Err((Percent, 8))]);
        for no_mailbox in
            ["mailto:", "mailto:a", "mailto:@b", "mailto:a@", "mailto:a@b%2Cc@d", "mailto://a.example"]
        {
            assert_eq!(list(no_mailbox), [Err((Mailbox, 0))], "{no_mailbox}");
        }
        assert_eq!(
            list("mailto:a%0D%0Ab@c.example"),
            [Err((Mailbox, 0))],
            "no line end comes out of a mailbox"
        );
    }

    #[test]
    fn the_octets_of_a_uri_are_those_of_rfc_3986_without_what_ends_it() {
        // RFC 3986 §2, without comma, semicolon and exclamation point
        let others = "-._~:/?#[]@$&'()*+=%";
        for octet in 0..=255_u8 {
            let is_one = octet.is_ascii_alphanumeric() || others.contains(char::from(octet));
            assert_eq!(in_uri(octet), is_one, "{octet}");
        }
    }

    #[test]
    fn mailboxes_and_domains_come_out_decoded() {
        let uri = Uri::parse("MailTo:r%2bua%21x@Example.COM?subject=x").unwrap();
        assert_eq!(uri.mailbox().as_deref(), Some("r+ua!x@Example.COM"));
        assert_eq!(uri.domain(), Name::parse("example.com").ok());
        let uri = Uri::parse("https://user@reports.example:8443/dmarc").unwrap();
        assert_eq!((uri.mailbox(), uri.domain()), (None, Name::parse("reports.example").ok()));
        assert_eq!(Uri::parse("https://[::1]/").unwrap().domain(), None);
        assert_eq!(Uri::parse("urn:x").unwrap().domain(), None);
    }
}
