//! Domain names.
//!
//! A [`Name`] is a checked domain name in lower case: at most 253 octets of text, labels of 1 to 63 octets
//! (RFC 1035 §2.3.4), no trailing dot. What holds a `Name` never checks it again: it can be put into a
//! question, compared octet by octet, or printed into a header field, because it cannot hold a control
//! character or a byte outside ASCII.
//!
//! ```
//! use mail_base::Name;
//!
//! let name = Name::parse("Mail.Example.COM.")?;
//! assert_eq!(name.as_str(), "mail.example.com");
//! assert_eq!(name.parent(), Some(Name::parse("example.com")?));
//! assert!(name.is_within(&Name::parse("example.com")?));
//! assert!(!Name::parse("notexample.com")?.is_within(&Name::parse("example.com")?));
//! # Ok::<(), mail_base::name::NameError>(())
//! ```
//!
//! # Which octets
//!
//! A label may hold any visible ASCII character but the dot, and the space: SPF macros (RFC 7208 §7) put local
//! parts into names, so the letters-digits-hyphen rule of host names would refuse questions that the RFC asks.
//! [`Name::is_host_name`] tells whether a name keeps that narrower rule too.

use crate::text::Text;
use alloc::string::{String, ToString};
use core::{
    fmt::{self, Write as _},
    net::IpAddr,
    str::FromStr,
};

/// The most octets that the text of a name may have: the 255 of RFC 1035 §2.3.4, less the first length octet
/// and the root's.
pub const MAX_OCTETS: usize = 253;

/// The most octets of a label (RFC 1035 §2.3.4).
pub const MAX_LABEL: usize = 63;

/// A function that turns a domain as a person writes it, U-labels and all, into a [`Name`] of A-labels.
///
/// [`Name::parse_idna`] (feature `idna`) is one. Where a crate of the family takes such a function, `None`
/// means that domains outside ASCII are refused.
pub type ToAscii = fn(&str) -> Result<Name, NameError>;

/// A domain name, lower-cased, without its trailing dot.
///
/// A name of up to 32 octets takes nothing from the heap, and cloning a longer one is a reference count. The order is
/// that of the text, octet by octet: good for maps and sorted output, not the canonical order of DNSSEC.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    text: Text,
}

impl Name {
    /// Reads a name. A trailing dot is accepted and dropped; `"."` alone is the root.
    ///
    /// # Errors
    /// A [`NameError`] says which rule is broken and at which octet.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Self::parse_bytes(text.as_bytes())
    }

    /// Reads a name from octets, as [`parse`](Self::parse) does.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); an octet outside ASCII is [`NameErrorKind::Octet`] whether or not the octets
    /// are UTF-8.
    pub fn parse_bytes(octets: &[u8]) -> Result<Self, NameError> {
        // almost all names are short and right: what is wrong with one is only looked for when something is
        if let Some(text) = Text::checked(octets) {
            return Ok(Self { text });
        }
        if octets == b"." {
            return Ok(Self::root());
        }
        let octets = octets.strip_suffix(b".").unwrap_or(octets);
        find_error(octets)?;
        Ok(Self { text: Text::of(octets) })
    }

    /// Reads a name whose labels may be U-labels and turns those into A-labels (RFC 5890 §2.3.2.1), by the
    /// non-transitional processing of UTS #46.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and [`NameErrorKind::Unicode`] where the text has no A-label form.
    #[cfg(feature = "idna")]
    pub fn parse_idna(text: &str) -> Result<Self, NameError> {
        if text.is_ascii() {
            return Self::parse(text);
        }
        match idna::domain_to_ascii_cow(text.as_bytes(), idna::AsciiDenyList::EMPTY) {
            Ok(ascii) => Self::parse(&ascii),
            Err(_) => {
                let at = text.bytes().position(|octet| !octet.is_ascii()).unwrap_or(0);
                Err(NameError { kind: NameErrorKind::Unicode, at })
            }
        }
    }

    /// The root, the name with no labels. It is what a null MX (RFC 7505) names.
    #[must_use]
    pub const fn root() -> Self {
        Self { text: Text::ROOT }
    }

    /// The name under which the PTR records of an address stand: `1.2.0.192.in-addr.arpa` for 192.0.2.1
    /// (RFC 1035 §3.5), thirty-two nibbles and `ip6.arpa` for IPv6 (RFC 3596 §2.5).
    #[must_use]
    pub fn reverse_of(address: IpAddr) -> Self {
        let mut text = String::new();
        // writing to a String does not fail
        match address {
            IpAddr::V4(address) => {
                for octet in address.octets().iter().rev() {
                    let _ = write!(text, "{octet}.");
                }
                text.push_str("in-addr.arpa");
            }
            IpAddr::V6(address) => {
                for octet in address.octets().iter().rev() {
                    let _ = write!(text, "{:x}.{:x}.", octet & 0xf, octet >> 4);
                }
                text.push_str("ip6.arpa");
            }
        }
        Self::of(&text)
    }

    /// A text that is known to be a name in lower case.
    fn of(text: &str) -> Self {
        Self { text: Text::of(text.as_bytes()) }
    }

    /// The text; nothing for the root.
    fn text(&self) -> &str {
        self.text.as_str()
    }

    /// Whether this is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.text.as_bytes().is_empty()
    }

    /// The text, lower-case, without a trailing dot; `"."` for the root.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self.text() {
            "" => ".",
            text => text,
        }
    }

    /// The octets of the text.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self.text.as_bytes() {
            b"" => b".",
            octets => octets,
        }
    }

    /// The labels, from the left.
    pub fn labels(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.text().split('.').filter(|label| !label.is_empty())
    }

    /// How many labels there are: 0 for the root, 2 for `example.com`.
    #[must_use]
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// The name without its left-most label, or `None` where one label or none is left: nothing in e-mail asks
    /// the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (_, rest) = self.text().split_once('.')?;
        Some(Self::of(rest))
    }

    /// The name made of the `count` right-most labels: the whole name where it has no more than that.
    #[must_use]
    pub fn last_labels(&self, count: usize) -> Self {
        if count == 0 {
            return Self::root();
        }
        match self.text().rmatch_indices('.').nth(count.saturating_sub(1)) {
            Some((dot, _)) => Self::of(self.text().get(dot.saturating_add(1)..).unwrap_or("")),
            None => self.clone(),
        }
    }

    /// Whether the name is `ancestor` itself or stands below it. Every name is within the root.
    #[must_use]
    pub fn is_within(&self, ancestor: &Self) -> bool {
        match self.text.as_bytes().strip_suffix(ancestor.text.as_bytes()) {
            Some(rest) => rest.is_empty() || ancestor.is_root() || rest.ends_with(b"."),
            None => false,
        }
    }

    /// The name with `labels` (one or several, joined by dots) put before it: `_dmarc` before `example.com`
    /// gives `_dmarc.example.com`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse): the whole may become too long, or `labels` may break a rule.
    pub fn prefixed(&self, labels: &str) -> Result<Self, NameError> {
        if self.is_root() {
            return Self::parse(labels);
        }
        // put together where it takes no memory of its own
        let mut room = [b'.'; MAX_OCTETS];
        let own_at = labels.len().saturating_add(1);
        let own = self.text.as_bytes();
        let length = own_at.saturating_add(own.len());
        let Some(whole) = room.get_mut(..length) else {
            return Err(NameError { kind: NameErrorKind::TooLong, at: MAX_OCTETS });
        };
        if let Some(place) = whole.get_mut(..labels.len()) {
            place.copy_from_slice(labels.as_bytes());
        }
        if let Some(place) = whole.get_mut(own_at..) {
            place.copy_from_slice(own);
        }
        Self::parse_bytes(whole)
    }

    /// Whether every label keeps the letters-digits-hyphen rule of host names (RFC 1123 §2.1): no other octet,
    /// no hyphen at a label's ends. The root does not.
    #[must_use]
    pub fn is_host_name(&self) -> bool {
        !self.is_root()
            && self.labels().all(|label| {
                !label.starts_with('-')
                    && !label.ends_with('-')
                    && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
            })
    }
}

/// Finds the first rule that a name breaks, octet by octet.
fn find_error(octets: &[u8]) -> Result<(), NameError> {
    let error = |kind, at| Err(NameError { kind, at });
    if octets.is_empty() {
        return error(NameErrorKind::Empty, 0);
    }
    if octets.len() > MAX_OCTETS {
        return error(NameErrorKind::TooLong, MAX_OCTETS);
    }
    let mut label_start: usize = 0;
    for (at, &octet) in octets.iter().enumerate() {
        if octet == b'.' {
            if at == label_start {
                return error(NameErrorKind::EmptyLabel, at);
            }
            label_start = at.saturating_add(1);
        } else if !matches!(octet, b' '..=b'~') {
            return error(NameErrorKind::Octet, at);
        } else if at.saturating_sub(label_start) >= MAX_LABEL {
            return error(NameErrorKind::LabelTooLong, label_start);
        }
    }
    if label_start == octets.len() {
        return error(NameErrorKind::EmptyLabel, label_start);
    }
    Ok(())
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({})", self.as_str())
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for Name {
    type Error = NameError;

    fn try_from(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.as_str().to_string()
    }
}

/// Why a text is no [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameError {
    /// The rule that is broken.
    pub kind: NameErrorKind,
    /// The offset, in octets, of the place.
    pub at: usize,
}

/// The rules of a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameErrorKind {
    /// There is no text.
    Empty,
    /// More than [`MAX_OCTETS`] octets.
    TooLong,
    /// Two dots in a row, or one at the start.
    EmptyLabel,
    /// A label of more than [`MAX_LABEL`] octets.
    LabelTooLong,
    /// A control character, or an octet outside ASCII.
    Octet,
    /// A U-label that has no A-label.
    Unicode,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match self.kind {
            NameErrorKind::Empty => "a domain name is empty",
            NameErrorKind::TooLong => "a domain name has more than 253 octets",
            NameErrorKind::EmptyLabel => "a domain name has an empty label",
            NameErrorKind::LabelTooLong => "a domain name has a label of more than 63 octets",
            NameErrorKind::Octet => "a domain name has a control or non-ASCII octet",
            NameErrorKind::Unicode => "an internationalised domain name has no ASCII form",
        };
        write!(f, "{rule} (at octet {})", self.at)
    }
}

impl core::error::Error for NameError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use alloc::{format, vec::Vec};

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn error(text: &str) -> (NameErrorKind, usize) {
        let error = Name::parse(text).unwrap_err();
        (error.kind, error.at)
    }

    #[test]
    fn names_are_lower_cased_and_lose_their_trailing_dot() {
        assert_eq!(name("ExAmple.COM.").as_str(), "example.com");
        assert_eq!(name("ExAmple.COM."), name("example.com"));
        for capital in ['A', 'M', 'Z'] {
            for at in 0..70 {
                let text: String = (0..70).map(|place| if place == at { capital } else { '@' }).collect();
                let (short, long) = (&text[70 - 63..], format!("x.{}.{}", &text[..35], &text[35..]));
                assert_eq!(name(short).as_str(), short.to_ascii_lowercase());
                assert_eq!(name(&long).as_str(), long.to_ascii_lowercase());
            }
        }
        assert_eq!(name("."), Name::root());
        assert_eq!(Name::root().to_string(), ".");
    }

    #[test]
    fn errors_name_the_rule_and_the_place() {
        assert_eq!(error(""), (NameErrorKind::Empty, 0));
        assert_eq!(error(".."), (NameErrorKind::EmptyLabel, 0));
        assert_eq!(error(".a"), (NameErrorKind::EmptyLabel, 0));
        assert_eq!(error("a..b"), (NameErrorKind::EmptyLabel, 2));
        assert_eq!(error("a.b.."), (NameErrorKind::EmptyLabel, 4));
        assert_eq!(error("a.b\r\n"), (NameErrorKind::Octet, 3));
        assert_eq!(error("a.bü"), (NameErrorKind::Octet, 3));
        assert_eq!(error("a\u{7f}"), (NameErrorKind::Octet, 1));
        assert_eq!(Name::parse_bytes(b"ab\xff"), Err(NameError { kind: NameErrorKind::Octet, at: 2 }));
    }

    #[test]
    fn limits_are_63_octets_a_label_and_253_a_name() {
        let label = "a".repeat(63);
        assert!(Name::parse(&label).is_ok());
        assert_eq!(error(&format!("x.{label}a")), (NameErrorKind::LabelTooLong, 2));
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(longest.len(), 253);
        assert!(Name::parse(&longest).is_ok());
        assert!(Name::parse(&format!("{longest}.")).is_ok());
        assert_eq!(error(&format!("{longest}a")), (NameErrorKind::TooLong, 253));
        assert_eq!(name(&longest).prefixed("b").unwrap_err().kind, NameErrorKind::TooLong);
    }

    #[test]
    fn the_quick_check_passes_what_has_no_error() {
        let octets = [b'a', b'.', b' ', b'~', 0x7f, 0xc3];
        for length in 0..5 {
            for number in 0..6_usize.pow(length) {
                let pick = |place: u32| octets[number / 6_usize.pow(place) % 6];
                let text: Vec<u8> = (0..length).map(pick).collect();
                let before = [b"abcdefgh", &*text].concat();
                let after = [&*text, b"abcdefghijkl"].concat();
                let within = [b"abcde", &*text, b"fgh"].concat();
                for text in [text, before, after, within] {
                    assert!(Text::checked(&text).is_none_or(|_| find_error(&text).is_ok()), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn parents_end_at_the_last_label() {
        assert_eq!(name("a.b.c").parent(), Some(name("b.c")));
        assert_eq!(name("c").parent(), None);
        assert_eq!(Name::root().parent(), None);
    }

    #[test]
    fn last_labels_counts_from_the_right() {
        let long = name("a.b.c.d");
        assert_eq!(long.last_labels(2), name("c.d"));
        assert_eq!(long.last_labels(4), long);
        assert_eq!(long.last_labels(9), long);
        assert_eq!(long.last_labels(0), Name::root());
        assert_eq!(long.label_count(), 4);
        assert_eq!(Name::root().label_count(), 0);
        assert_eq!(long.labels().rev().collect::<Vec<_>>(), ["d", "c", "b", "a"]);
    }

    #[test]
    fn within_is_a_matter_of_labels_not_of_suffixes() {
        assert!(name("example.com").is_within(&name("example.com")));
        assert!(name("a.b.example.com").is_within(&name("example.com")));
        assert!(!name("notexample.com").is_within(&name("example.com")));
        assert!(!name("com").is_within(&name("example.com")));
        assert!(name("com").is_within(&Name::root()));
        assert!(Name::root().is_within(&Name::root()));
        assert!(!Name::root().is_within(&name("com")));
    }

    #[test]
    fn reverse_names_are_those_of_the_rfcs() {
        assert_eq!(Name::reverse_of([192, 0, 2, 1].into()).as_str(), "1.2.0.192.in-addr.arpa");
        let address: IpAddr = "4321:0:1:2:3:4:567:89ab".parse().unwrap();
        assert_eq!(
            Name::reverse_of(address).as_str(),
            "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa"
        );
    }

    #[test]
    fn host_names_keep_the_narrow_rule() {
        assert!(name("a-b.example").is_host_name());
        for other in ["_dmarc.example", "-a.example", "a-.example", "a b.example", "."] {
            assert!(!name(other).is_host_name(), "{other}");
        }
    }

    #[cfg(feature = "idna")]
    #[test]
    fn u_labels_become_a_labels() {
        assert_eq!(Name::parse_idna("Bücher.example").unwrap(), name("xn--bcher-kva.example"));
        assert_eq!(Name::parse_idna("_dmarc.bücher.example").unwrap(), name("_dmarc.xn--bcher-kva.example"));
        assert_eq!(Name::parse_idna("a.example").unwrap(), name("a.example"));
        assert_eq!(Name::parse_idna("a.\u{200d}.example").unwrap_err().kind, NameErrorKind::Unicode);
    }
}
