//! What is asked of a check.

use crate::{macros::Values, record::Record, verdict::DomainError};
use alloc::{string::String, sync::Arc};
use core::{
    fmt,
    net::{IpAddr, Ipv4Addr},
};
use mail_base::{Name, name::ToAscii};

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

/// One identity of one SMTP session, and what the receiver knows besides.
///
/// HELO and MAIL FROM are two requests, and two reports come of them.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) ip: IpAddr,
    pub(crate) identity: Identity,
    pub(crate) texts: Texts,
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
        let texts = if sender.is_empty() { Texts::postmaster(helo, helo) } else { Texts::new(sender, helo) };
        Self::new(Identity::MailFrom, ip, texts)
    }

    /// Asks about the HELO domain.
    #[must_use]
    pub fn helo(ip: IpAddr, helo: &str) -> Self {
        Self::new(Identity::Helo, ip, Texts::postmaster(helo, helo))
    }

    fn new(identity: Identity, ip: IpAddr, texts: Texts) -> Self {
        Self {
            // RFC 7208 §5: an IPv4-mapped IPv6 address is an IPv4 address
            ip: ip.to_canonical(),
            identity,
            texts,
            receiver: None,
            now: 0,
            to_ascii: None,
            best_guess: None,
            is_trusted: false,
            is_traced: false,
        }
    }

    /// What is left of a request that a report has taken over. It costs no allocation.
    pub(crate) fn nothing() -> Self {
        let texts = Texts { text: String::new(), at_sign: 0, helo: 0 };
        Self::new(Identity::Helo, IpAddr::V4(Ipv4Addr::UNSPECIFIED), texts)
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
        let text = self.texts.domain();
        if text.is_ascii() {
            return checked_domain(text);
        }
        let Some(to_ascii) = self.to_ascii else { return checked_domain(text) };
        let domain = to_ascii(text)?;
        self.texts = self.texts.with_ascii_domain(&domain, to_ascii);
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

/// Reads the domain of a check: a domain name of at least two labels (RFC 7208 §4.3).
fn checked_domain(text: &str) -> Result<Name, DomainError> {
    at_least_two_labels(Name::parse(text)?)
}

pub(crate) fn at_least_two_labels(name: Name) -> Result<Name, DomainError> {
    // almost always the first label is short: a search that stops there is quicker than one for long texts
    let has_dot = name.as_str().bytes().any(|octet| octet == b'.');
    if has_dot && !name.is_root() { Ok(name) } else { Err(DomainError::SingleLabel) }
}

/// The sender and the HELO domain, one behind the other in one allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Texts {
    text: String,
    /// Where the `@` of the sender is.
    at_sign: usize,
    /// Where the sender ends and the HELO domain begins.
    helo: usize,
}

impl Texts {
    fn new(sender: &str, helo: &str) -> Self {
        match sender.rsplit_once('@') {
            Some(("", domain)) => Self::postmaster(domain, helo),
            Some((local_part, domain)) => Self::join(local_part, domain, helo),
            None => Self::postmaster(sender, helo),
        }
    }

    /// RFC 7208 §4.3: a sender without local part is postmaster.
    fn postmaster(domain: &str, helo: &str) -> Self {
        Self::join("postmaster", domain, helo)
    }

    fn join(local_part: &str, domain: &str, helo: &str) -> Self {
        let length = local_part.len().saturating_add(domain.len()).saturating_add(helo.len());
        let mut text = String::with_capacity(length.saturating_add(1));
        text.push_str(local_part);
        text.push('@');
        text.push_str(domain);
        let helo_at = text.len();
        text.push_str(helo);
        Self { text, at_sign: local_part.len(), helo: helo_at }
    }

    fn with_ascii_domain(&self, domain: &Name, to_ascii: ToAscii) -> Self {
        match to_ascii(self.helo()) {
            Ok(helo) => Self::join(self.local_part(), domain.as_str(), helo.as_str()),
            Err(_) => Self::join(self.local_part(), domain.as_str(), self.helo()),
        }
    }

    pub(crate) fn sender(&self) -> &str {
        self.text.get(..self.helo).unwrap_or("")
    }

    pub(crate) fn local_part(&self) -> &str {
        self.text.get(..self.at_sign).unwrap_or("")
    }

    pub(crate) fn domain(&self) -> &str {
        self.text.get(self.at_sign.saturating_add(1)..self.helo).unwrap_or("")
    }

    pub(crate) fn helo(&self) -> &str {
        self.text.get(self.helo..).unwrap_or("")
    }
}
