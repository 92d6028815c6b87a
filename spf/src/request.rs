//! What is asked of a check.

use crate::{check::State, macros::Values, record::Record, verdict::DomainError};
use alloc::{boxed::Box, sync::Arc};
use core::{
    fmt,
    net::{IpAddr, Ipv4Addr},
};
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
#[derive(Clone)]
pub struct Request {
    /// What is asked stands where the check goes on with it, and where its report finds it: nothing is moved.
    pub(crate) state: Box<State>,
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
        let mut request = Self { state: Box::write(Box::new_uninit(), State::empty()) };
        let facts = &mut request.state.facts;
        // RFC 7208 §5: an IPv4-mapped IPv6 address is an IPv4 address
        facts.ip = ip.to_canonical();
        facts.identity = identity;
        facts.texts.set(local_part, domain, helo);
        facts.domain = Name::parse(domain);
        request
    }

    /// Names the host that checks, for the macro `%{r}`. Without it that is `unknown`.
    #[must_use]
    pub fn receiver(mut self, name: &str) -> Self {
        self.state.facts.receiver = Some(Arc::from(name));
        self
    }

    /// Gives the time, in seconds since 1970, for the macro `%{t}`. Without it that is 0.
    #[must_use]
    pub fn now(mut self, seconds: u64) -> Self {
        self.state.facts.now = seconds;
        self
    }

    /// Gives the function that turns U-labels into A-labels (RFC 8616 §4), such as `Name::parse_idna` of the
    /// feature `idna`. Without it a domain outside ASCII is no domain, and the verdict is none.
    #[must_use]
    pub fn to_ascii(mut self, to_ascii: ToAscii) -> Self {
        self.state.facts.to_ascii = Some(to_ascii);
        self
    }

    /// Records every step of the check in the report's trace.
    #[must_use]
    pub fn trace(mut self, is_traced: bool) -> Self {
        self.state.facts.is_traced = is_traced;
        self
    }

    /// Local policy: leaves clients unchecked that are known to forward mail without rewriting its sender
    /// (RFC 7208 §D.2). The verdict is none, and the cause says why.
    #[must_use]
    pub fn trust_forwarder(mut self, is_trusted: impl FnOnce(IpAddr) -> bool) -> Self {
        let facts = &mut self.state.facts;
        facts.is_trusted = is_trusted(facts.ip);
        self
    }

    /// Local policy: evaluates this record where the domain has none. What comes out is
    /// [`Report::best_guess`](crate::Report::best_guess); the verdict stays none, because the domain has said
    /// nothing.
    #[must_use]
    pub fn best_guess(mut self, record: Record) -> Self {
        self.state.facts.best_guess = Some(record);
        self
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.state.facts
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Request").field(self.facts()).finish()
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) ip: IpAddr,
    pub(crate) identity: Identity,
    pub(crate) texts: Texts,
    /// The domain of the texts, as far as it can be read without `to_ascii`.
    pub(crate) domain: Result<Name, NameError>,
    pub(crate) receiver: Option<Arc<str>>,
    pub(crate) now: u64,
    pub(crate) to_ascii: Option<ToAscii>,
    pub(crate) best_guess: Option<Record>,
    pub(crate) is_trusted: bool,
    pub(crate) is_traced: bool,
}

impl Facts {
    /// What is known before anything is asked.
    #[inline(always)]
    pub(crate) fn empty() -> Self {
        Self {
            ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            identity: Identity::MailFrom,
            texts: Texts::empty(),
            domain: Ok(Name::root()),
            receiver: None,
            now: 0,
            to_ascii: None,
            best_guess: None,
            is_trusted: false,
            is_traced: false,
        }
    }

    /// The domain to check, as a name; the texts are turned to A-labels on the way.
    pub(crate) fn resolve_domain(&mut self) -> Result<&Name, DomainError> {
        // most literals are domain names too, by their form
        if matches!(&self.domain, Ok(domain) if domain.as_bytes().starts_with(b"[")) {
            return Err(DomainError::AddressLiteral);
        }
        if let (Err(_), Some(to_ascii)) = (&self.domain, self.to_ascii)
            && !self.texts.domain().is_ascii()
        {
            let domain = to_ascii(self.texts.domain())?;
            self.texts = self.texts.with(domain.as_str(), self.texts.helo());
            self.domain = Ok(domain);
        }
        // a HELO domain must not have U-labels (RFC 8616 §4), but may be anything
        if let Some(to_ascii) = self.to_ascii
            && !self.texts.helo().is_ascii()
            && let Ok(helo) = to_ascii(self.texts.helo())
        {
            self.texts = self.texts.with(self.texts.domain(), helo.as_str());
        }
        match &self.domain {
            Ok(domain) if has_two_labels(domain) => Ok(domain),
            Ok(_) => Err(DomainError::SingleLabel),
            Err(error) => Err((*error).into()),
        }
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

/// RFC 7208 §4.3: a domain has at least two labels.
pub(crate) fn has_two_labels(name: &Name) -> bool {
    // almost always the first label is short: a search that stops there is quicker than one for long texts
    !name.is_root() && name.as_bytes().contains(&b'.')
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
    #[inline(always)]
    fn empty() -> Self {
        Self { text: Text::Short { octets: [0; SHORT], length: 0 }, at_sign: 0, helo: 0 }
    }

    fn set(&mut self, local_part: &str, domain: &str, helo: &str) {
        self.at_sign = local_part.len();
        self.helo = self.at_sign.saturating_add(domain.len()).saturating_add(1);
        self.text.set([local_part, "@", domain, helo]);
    }

    /// The same local part with another domain and another HELO domain.
    fn with(&self, domain: &str, helo: &str) -> Self {
        let mut texts = Self::empty();
        texts.set(self.local_part(), domain, helo);
        texts
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
    /// Puts the parts one behind the other.
    fn set<const N: usize>(&mut self, parts: [&str; N]) {
        if self.set_short(parts).is_none() {
            *self = Self::Long(parts.concat().into());
        }
    }

    fn set_short<const N: usize>(&mut self, parts: [&str; N]) -> Option<()> {
        let Self::Short { octets, length } = self else { return None };
        let mut at = 0_usize;
        for part in parts {
            let end = at.checked_add(part.len())?;
            octets.get_mut(at..end)?.copy_from_slice(part.as_bytes());
            at = end;
        }
        *length = u8::try_from(at).ok()?;
        Some(())
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
            let mut texts = Texts::empty();
            texts.set(&local_part, "\u{e4}", "h");
            assert_eq!(texts.local_part(), local_part);
            assert_eq!((texts.domain(), texts.helo()), ("\u{e4}", "h"));
            let is_short = matches!(texts.text, Text::Short { .. });
            assert_eq!(is_short, length + 4 <= SHORT);
        }
    }

    #[test]
    fn the_sender_is_cut_at_its_last_at_sign() {
        let texts = |sender: &str| {
            Request::mail_from([192, 0, 2, 1].into(), "h.example", sender).facts().texts.clone()
        };
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
