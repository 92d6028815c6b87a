//! What is asked of a check.

use crate::{macros::Values, record::Record, verdict::DomainError};
use alloc::{boxed::Box, sync::Arc};
use core::{fmt, net::IpAddr};
use mail_base::{
    Name,
    name::{NameError, ToAscii},
};

/// Which identity of the session is checked (RFC 7208 §2.3, §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// The reverse-path of MAIL FROM, or `postmaster` at the HELO domain where it is null.
    MailFrom,
    /// The HELO domain.
    Helo,
}

impl Identity {
    /// The word of RFC 7208 §9.1.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MailFrom => "mailfrom",
            Self::Helo => "helo",
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// RFC 7208 §2.4, §4.3: stands for a sender without local part.
const POSTMASTER: &str = "postmaster";

/// One identity of one SMTP session, and what the receiver knows besides.
///
/// HELO and MAIL FROM are two requests, and two reports come of them.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) ip: IpAddr,
    pub(crate) identity: Identity,
    pub(crate) texts: Texts,
    /// The domain of the texts, as far as it can be read without `to_ascii`.
    domain: Result<Name, NameError>,
    pub(crate) receiver: Option<Arc<str>>,
    pub(crate) now: u64,
    pub(crate) to_ascii: Option<ToAscii>,
    pub(crate) best_guess: Option<Record>,
    pub(crate) is_trusted: bool,
    pub(crate) is_traced: bool,
}

impl Request {
    /// Asks about the reverse-path of MAIL FROM, without its angle brackets. Where it is empty, the null
    /// reverse-path, `postmaster` at the HELO domain is checked (RFC 7208 §2.4); where it has no local part,
    /// `postmaster` is put in its place (§4.3).
    #[must_use]
    pub fn mail_from(ip: IpAddr, helo: &str, sender: &str) -> Self {
        if sender.is_empty() {
            return Self::new(Identity::MailFrom, ip, POSTMASTER, helo, helo);
        }
        // almost always the domain is short: a search that stops there is quicker than one for long texts
        let at_sign = sender.bytes().rposition(|octet| octet == b'@');
        let parts = at_sign.and_then(|at| Some((sender.get(..at)?, sender.get(at.saturating_add(1)..)?)));
        let (local_part, domain) = parts.unwrap_or(("", sender));
        let local_part = if local_part.is_empty() { POSTMASTER } else { local_part };
        Self::new(Identity::MailFrom, ip, local_part, domain, helo)
    }

    /// Asks about the HELO domain.
    #[must_use]
    pub fn helo(ip: IpAddr, helo: &str) -> Self {
        Self::new(Identity::Helo, ip, POSTMASTER, helo, helo)
    }

    fn new(identity: Identity, ip: IpAddr, local_part: &str, domain: &str, helo: &str) -> Self {
        Self {
            // RFC 7208 §5: an IPv4-mapped IPv6 address is an IPv4 address
            ip: ip.to_canonical(),
            identity,
            texts: Texts::join(local_part, domain, helo),
            domain: Name::parse(domain),
            receiver: None,
            now: 0,
            to_ascii: None,
            best_guess: None,
            is_trusted: false,
            is_traced: false,
        }
    }

    /// Names the host that checks, for the macro `%{r}`. Without it that is `unknown`.
    #[must_use]
    pub fn receiver(self, name: &str) -> Self {
        Self { receiver: Some(Arc::from(name)), ..self }
    }

    /// Gives the time, in seconds since 1970, for the macro `%{t}`. Without it that is 0.
    #[must_use]
    pub fn now(self, seconds: u64) -> Self {
        Self { now: seconds, ..self }
    }

    /// Gives the function that turns U-labels into A-labels (RFC 8616 §4), such as `Name::parse_idna` of the
    /// feature `idna`. Without it a domain outside ASCII is no domain, and the verdict is none.
    #[must_use]
    pub fn to_ascii(self, to_ascii: ToAscii) -> Self {
        Self { to_ascii: Some(to_ascii), ..self }
    }

    /// Records every step of the check in the report's trace.
    #[must_use]
    pub fn trace(self, is_traced: bool) -> Self {
        Self { is_traced, ..self }
    }

    /// Local policy: leaves clients unchecked that are known to forward mail without rewriting its sender
    /// (RFC 7208 §D.2). The verdict is none, and the cause says why.
    #[must_use]
    pub fn trust_forwarder(self, is_trusted: impl FnOnce(IpAddr) -> bool) -> Self {
        Self { is_trusted: is_trusted(self.ip), ..self }
    }

    /// Local policy: evaluates this record where the domain has none. What comes out is
    /// [`Report::best_guess`](crate::Report::best_guess); the verdict stays none, because the domain has said
    /// nothing.
    #[must_use]
    pub fn best_guess(self, record: Record) -> Self {
        Self { best_guess: Some(record), ..self }
    }

    /// The domain to check, as a name; the texts are turned to A-labels on the way.
    pub(crate) fn resolve_domain(&mut self) -> Result<Name, DomainError> {
        let domain = match (&self.domain, self.to_ascii) {
            // most literals are domain names too, by their form
            (Ok(domain), _) if domain.as_str().starts_with('[') => return Err(DomainError::AddressLiteral),
            (Ok(domain), _) => domain.clone(),
            (Err(_), Some(to_ascii)) if !self.texts.domain().is_ascii() => {
                let domain = to_ascii(self.texts.domain())?;
                self.texts = Texts::join(self.texts.local_part(), domain.as_str(), self.texts.helo());
                domain
            }
            (Err(error), _) => return Err((*error).into()),
        };
        // a HELO domain must not have U-labels (RFC 8616 §4), but may be anything
        if let Some(to_ascii) = self.to_ascii
            && !self.texts.helo().is_ascii()
            && let Ok(helo) = to_ascii(self.texts.helo())
        {
            self.texts = Texts::join(self.texts.local_part(), self.texts.domain(), helo.as_str());
        }
        at_least_two_labels(domain)
    }

    /// What the macros stand for.
    pub(crate) fn values<'a>(&'a self, domain: &'a Name, validated_name: &'a str) -> Values<'a> {
        Values {
            ip: self.ip,
            sender: self.texts.sender(),
            domain: domain.as_str(),
            helo: self.texts.helo(),
            validated_name,
            receiver: self.receiver.as_deref().unwrap_or("unknown"),
            now: self.now,
        }
    }
}

/// RFC 7208 §4.3: a domain of at least two labels.
pub(crate) fn at_least_two_labels(name: Name) -> Result<Name, DomainError> {
    // almost always the first label is short: a search that stops there is quicker than one for long texts
    let has_dot = name.as_str().bytes().any(|octet| octet == b'.');
    if has_dot && !name.is_root() { Ok(name) } else { Err(DomainError::SingleLabel) }
}

/// The sender and the HELO domain, one behind the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Texts {
    text: Text,
    /// Where the `@` of the sender is.
    at_sign: usize,
    /// Where the sender ends and the HELO domain begins.
    helo: usize,
}

impl Texts {
    fn join(local_part: &str, domain: &str, helo: &str) -> Self {
        let at_sign = local_part.len();
        let helo_at = at_sign.saturating_add(domain.len()).saturating_add(1);
        Self { text: Text::join([local_part, "@", domain, helo]), at_sign, helo: helo_at }
    }

    pub(crate) fn sender(&self) -> &str {
        self.text.as_str().get(..self.helo).unwrap_or("")
    }

    pub(crate) fn local_part(&self) -> &str {
        self.text.as_str().get(..self.at_sign).unwrap_or("")
    }

    pub(crate) fn domain(&self) -> &str {
        self.text.as_str().get(self.at_sign.saturating_add(1)..self.helo).unwrap_or("")
    }

    pub(crate) fn helo(&self) -> &str {
        self.text.as_str().get(self.helo..).unwrap_or("")
    }
}

/// So many octets of text stand in the value itself.
const SHORT: usize = 94;

/// A text that takes nothing from the heap where it is short.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Text {
    Short { octets: [u8; SHORT], length: u8 },
    Long(Box<str>),
}

impl Text {
    fn join<const N: usize>(parts: [&str; N]) -> Self {
        Self::short(parts).unwrap_or_else(|| Self::Long(parts.concat().into()))
    }

    fn short<const N: usize>(parts: [&str; N]) -> Option<Self> {
        let (mut octets, mut length) = ([0; SHORT], 0_usize);
        for part in parts {
            let end = length.checked_add(part.len())?;
            octets.get_mut(length..end)?.copy_from_slice(part.as_bytes());
            length = end;
        }
        Some(Self::Short { octets, length: u8::try_from(length).ok()? })
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Short { octets, length } => {
                let text = octets.get(..usize::from(*length)).unwrap_or(&[]);
                // it was made of texts
                core::str::from_utf8(text).unwrap_or("")
            }
            Self::Long(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_kept_whole_however_long_they_are() {
        for length in [0, 1, SHORT - 4, SHORT - 3, SHORT - 2, SHORT, 300, 70_000] {
            let local_part = "x".repeat(length);
            let texts = Texts::join(&local_part, "\u{e4}", "h");
            assert_eq!(texts.local_part(), local_part);
            assert_eq!((texts.domain(), texts.helo()), ("\u{e4}", "h"));
            let is_short = matches!(texts.text, Text::Short { .. });
            assert_eq!(is_short, length + 4 <= SHORT);
        }
    }

    #[test]
    fn the_sender_is_cut_at_its_last_at_sign() {
        let texts = |sender: &str| Request::mail_from([192, 0, 2, 1].into(), "h.example", sender).texts;
        for (sender, local_part, domain) in [
            ("a@b@c.example", "a@b", "c.example"),
            ("@c.example", "postmaster", "c.example"),
            ("c.example", "postmaster", "c.example"),
            ("a@", "a", ""),
            ("", "postmaster", "h.example"),
        ] {
            let texts = texts(sender);
            assert_eq!((texts.local_part(), texts.domain(), texts.helo()), (local_part, domain, "h.example"));
        }
    }
}
