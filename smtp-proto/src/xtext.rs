//! Xtext, and the parameters that are written in it.

use crate::{
    octets::{self, XCHAR},
    path::Mailbox,
    rules::Rules,
};
use alloc::{borrow::Cow, string::String};
use core::fmt::{self, Write as _};

/// The most octets of `ENVID`'s value (RFC 3461 §4.4).
const MAX_ENVID: usize = 100;

/// Text in which `+` and two digits stand for an octet (RFC 3461 §4).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Xtext<'a>(Cow<'a, str>);

impl<'a> Xtext<'a> {
    /// Reads what is encoded; `None` where it is not xtext, or empty.
    ///
    /// ```text
    /// xtext   = *( xchar / hexchar )
    /// xchar   = %d33-42 / %d44-60 / %d62-126
    /// hexchar = "+" 2(DIGIT / "A"-"F")
    /// ```
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut rest = text.as_bytes();
        loop {
            match rest.get(octets::end_of_run(rest, 0, XCHAR)..)? {
                [] => break,
                [b'+', high, low, later @ ..] => {
                    hex(*high)?;
                    hex(*low)?;
                    rest = later;
                }
                _ => return None,
            }
        }
        (!text.is_empty()).then_some(Self(Cow::Borrowed(text)))
    }

    /// Whether all that is meant is graphic or white space, in ASCII.
    pub(crate) fn is_printable(&self) -> bool {
        // what stands for itself is
        !self.0.contains('+') || self.octets().all(|octet| matches!(octet, b'\t' | b' '..=b'~'))
    }

    /// Encodes octets; `None` where there is none.
    #[must_use]
    pub fn encode(octets: &[u8]) -> Option<Xtext<'static>> {
        let mut text = String::with_capacity(octets.len());
        for &octet in octets {
            match octet {
                b'!'..=b'*' | b','..=b'<' | b'>'..=b'~' => text.push(char::from(octet)),
                // writing to a String does not fail
                _ => {
                    let _ = write!(text, "+{octet:02X}");
                }
            }
        }
        (!text.is_empty()).then_some(Xtext(Cow::Owned(text)))
    }

    /// The octets that are meant.
    #[must_use]
    pub fn decode(&self) -> Cow<'_, [u8]> {
        if !self.0.contains('+') {
            return Cow::Borrowed(self.0.as_bytes());
        }
        Cow::Owned(self.octets().collect())
    }

    fn octets(&self) -> impl Iterator<Item = u8> {
        let mut octets = self.0.bytes();
        core::iter::from_fn(move || match octets.next()? {
            b'+' => {
                let (high, low) = (octets.next().and_then(hex), octets.next().and_then(hex));
                Some((high.unwrap_or(0) << 4) | low.unwrap_or(0))
            }
            octet => Some(octet),
        })
    }

    /// The text as it is encoded.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Xtext<'static> {
        Xtext(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Display for Xtext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Xtext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

pub(crate) fn hex(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => octet.checked_sub(b'0'),
        b'A'..=b'F' => octet.checked_sub(b'A' - 10),
        _ => None,
    }
}

/// What notifications call a message (RFC 3461 §4.4): at most 100 octets of xtext. They name it in a header field, so
/// that it means printable ASCII only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Envid<'a>(Xtext<'a>);

impl<'a> Envid<'a> {
    /// Reads the value of `ENVID`.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::checked(Xtext::parse(text)?)
    }

    /// Encodes a name; `None` where it is empty, too long or not printable.
    #[must_use]
    pub fn encode(name: &str) -> Option<Envid<'static>> {
        Envid::checked(Xtext::encode(name.as_bytes())?)
    }

    fn checked(xtext: Xtext<'a>) -> Option<Self> {
        (xtext.as_str().len() <= MAX_ENVID && xtext.is_printable()).then_some(Self(xtext))
    }

    /// As it is encoded.
    #[must_use]
    pub fn xtext(&self) -> &Xtext<'a> {
        &self.0
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Envid<'static> {
        Envid(self.0.into_owned())
    }
}

/// Who submitted a message first (RFC 4954 §5): a mailbox, or `<>` where that is not known, in xtext.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Submitter<'a>(Xtext<'a>);

impl<'a> Submitter<'a> {
    /// Reads the value of `AUTH`.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::checked(Xtext::parse(text)?)
    }

    /// Encodes a mailbox, or `<>`; `None` where it is neither.
    #[must_use]
    pub fn encode(mailbox: &str) -> Option<Submitter<'static>> {
        Submitter::checked(Xtext::encode(mailbox.as_bytes())?)
    }

    fn checked(xtext: Xtext<'a>) -> Option<Self> {
        let is_submitter = core::str::from_utf8(&xtext.decode())
            .is_ok_and(|text| text == "<>" || Mailbox::parse(text, &Rules::LOOSE).is_ok());
        is_submitter.then_some(Self(xtext))
    }

    /// As it is encoded.
    #[must_use]
    pub fn xtext(&self) -> &Xtext<'a> {
        &self.0
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Submitter<'static> {
        Submitter(self.0.into_owned())
    }
}

impl fmt::Display for Envid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Submitter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn xtext_is_decoded_and_encoded() {
        let text = Xtext::parse("e+3Dmc2@a+2B").unwrap();
        assert_eq!(&*text.decode(), b"e=mc2@a+");
        assert_eq!(Xtext::encode(b"e=mc2@a+").unwrap(), text);
        for broken in ["", "a=b", "+3d", "+3", "+", "a b", "ü"] {
            assert_eq!(Xtext::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn what_is_encoded_can_be_read() {
        let envid = Envid::encode("a b+c").unwrap();
        assert_eq!((envid.to_string().as_str(), Envid::parse("a+20b+2Bc")), ("a+20b+2Bc", Some(envid)));
        assert!(Envid::encode(&"x".repeat(100)).is_some());
        for broken in ["", "a\r\nb", "\0", "\u{7f}", "é", &"x".repeat(101), &"+".repeat(34)] {
            assert_eq!(Envid::encode(broken), None, "{broken}");
        }
        for broken in ["a+0D+0Ab", "+00", "+7F", "+E9", "", "a b"] {
            assert_eq!(Envid::parse(broken), None, "{broken}");
        }
        let submitter = Submitter::encode("e=mc2@example.com").unwrap();
        assert_eq!(submitter.to_string(), "e+3Dmc2@example.com");
        assert_eq!(Submitter::parse("e+3Dmc2@example.com"), Some(submitter));
        assert!(Submitter::encode("<>").is_some());
        for broken in ["", "a", "a@b\r\n", "<a@b>"] {
            assert_eq!(Submitter::encode(broken), None, "{broken}");
        }
    }
}
