//! What SASL says, in the base64 of RFC 4648 §4 that AUTH carries it in (RFC 4954 §4).

use alloc::{string::String, vec::Vec};
use base64::{DecodeError, Engine as _, engine::general_purpose::STANDARD};
use core::fmt;
use mail_base::Secret;
use zeroize::Zeroizing;

/// What SASL says, decoded: `Debug` does not print it, comparing takes the same time wherever the octets differ, and
/// the octets are overwritten when it is dropped. What came over the wire stands in the program's own buffers as well.
#[derive(Clone)]
pub struct SaslOctets(Zeroizing<Vec<u8>>);

impl SaslOctets {
    /// The octets, for those who must have them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq for SaslOctets {
    fn eq(&self, other: &Self) -> bool {
        Secret::new(self.expose()) == Secret::new(other.expose())
    }
}

impl Eq for SaslOctets {}

impl fmt::Debug for SaslOctets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Secret::new(()).fmt(f)
    }
}

/// Octets in base64, never printed by `Debug`. An initial response of `=` is no octets.
#[derive(Clone)]
pub struct Base64<'a>(Encoded<'a>);

#[derive(Clone)]
enum Encoded<'a> {
    Read(&'a str),
    Made(Zeroizing<String>),
}

impl<'a> Base64<'a> {
    /// Encodes octets for an initial response: none are written as `=`.
    #[must_use]
    pub fn initial(octets: &[u8]) -> Base64<'static> {
        let text = if octets.is_empty() { String::from("=") } else { STANDARD.encode(octets) };
        Base64(Encoded::Made(Zeroizing::new(text)))
    }

    /// What came as base64; [`decode`](Self::decode) tells whether it is.
    pub(crate) fn unchecked(text: &'a str) -> Self {
        Self(Encoded::Read(text))
    }

    /// The text, for those who must have it.
    pub(crate) fn expose(&self) -> &str {
        match &self.0 {
            Encoded::Read(text) => text,
            Encoded::Made(text) => text,
        }
    }

    /// The octets; `None` where the text is not base64 with all its padding. RFC 4954 §4 names `=AAA` and
    /// `AAA=BBB` as what must be refused.
    #[must_use]
    pub fn decode(&self) -> Option<SaslOctets> {
        match self.expose() {
            "=" => Some(SaslOctets(Zeroizing::default())),
            text => decode_secret(text.as_bytes()),
        }
    }
}

impl PartialEq for Base64<'_> {
    fn eq(&self, other: &Self) -> bool {
        Secret::new(self.expose().as_bytes()) == Secret::new(other.expose().as_bytes())
    }
}

impl Eq for Base64<'_> {}

impl fmt::Debug for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Secret::new(()).fmt(f)
    }
}

/// The octets of a line of base64.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The same for what only the two sides may know: nothing of it is left behind where the text is broken.
pub(crate) fn decode_secret(text: &[u8]) -> Option<SaslOctets> {
    let mut octets = Zeroizing::new(Vec::with_capacity(base64::decoded_len_estimate(text.len())));
    let result: Result<(), DecodeError> = STANDARD.decode_vec(text, &mut octets);
    result.ok().map(|()| SaslOctets(octets))
}

/// Writes octets as base64, and CRLF. They stand nowhere but in `out`.
pub(crate) fn write_line(octets: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    // no buffer has so many octets that this many more could not be counted
    let length = base64::encoded_len(octets.len(), true).unwrap_or(0);
    out.resize(start.saturating_add(length), 0);
    if let Some(place) = out.get_mut(start..) {
        // the place is as long as it must be
        let _ = STANDARD.encode_slice(octets, place);
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn lines_are_base64() {
        for octets in [&b""[..], b"a", b"ab", b"abc", &[0xff; 100]] {
            let mut out = b"334 ".to_vec();
            write_line(octets, &mut out);
            let text = out.strip_prefix(b"334 ").unwrap().strip_suffix(b"\r\n").unwrap();
            assert_eq!(text, STANDARD.encode(octets).as_bytes());
            assert_eq!(decode_secret(text).unwrap().expose(), octets);
        }
        assert_eq!(decode_secret(b"AAA"), None);
    }

    #[test]
    fn what_sasl_says_is_not_printed() {
        let initial = Base64::initial(b"secret");
        let decoded = initial.decode().unwrap();
        assert_eq!(decoded.expose(), b"secret");
        assert_eq!(format!("{initial:?} {decoded:?}"), "[redacted] [redacted]");
    }

    /// No more than that their types see to it: what is behind a place that was given back cannot be looked at here.
    #[test]
    fn what_sasl_says_is_overwritten() {
        fn is_overwritten(_: &impl zeroize::ZeroizeOnDrop) {}
        is_overwritten(&Base64::initial(b"secret").decode().unwrap().0);
        let Base64(Encoded::Made(text)) = Base64::initial(b"secret") else { panic!() };
        is_overwritten(&text);
    }
}
