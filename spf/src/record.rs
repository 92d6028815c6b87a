//! Records as data (RFC 7208 §4.5, §4.6.1, §12).
//!
//! A [`Record`] is a text that keeps the grammar, and its [`Term`]s are read from that text as they are wanted:
//! a record costs no memory beyond the TXT record it came in, and prints back as it was published.
//!
//! ```
//! use spf::{Record, RecordErrorKind, record::{Mechanism, Qualifier, TermKind}};
//!
//! let record = Record::parse("v=spf1 ip4:192.0.2.0/24 include:_spf.example.net -all")?;
//! let all = record.terms().last().expect("three terms");
//! assert_eq!(all.kind, TermKind::Directive { qualifier: Qualifier::Fail, mechanism: Mechanism::All });
//!
//! let error = Record::parse("v=spf1 ip4:192.0.2.0/33 -all").unwrap_err();
//! assert_eq!((error.kind, error.at), (RecordErrorKind::PrefixLength, 21));
//! # Ok::<(), spf::RecordError>(())
//! ```

use crate::{
    error::RecordError,
    macros::{Letter, Piece, Pieces, Place, Values, expand, expanded_name},
    networks::Networks,
    parse::{self, Reader},
    raw::{Index, Raw, RawKind, Span},
    verdict::{DomainError, Verdict},
};
use core::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};
use mail_base::{Name, dns::Txt};

pub use crate::build::RecordBuilder;

/// The most octets of a record: no TXT record has more (RFC 1035 §3.2.1, RDLENGTH).
pub const MAX_OCTETS: usize = 65_535;

/// An SPF record: a text that keeps the grammar of RFC 7208 §12.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Record {
    text: Txt,
    index: Index,
}

impl Record {
    /// Whether a TXT record claims to be an SPF record: `v=spf1`, in any case, and then a space or the end
    /// (RFC 7208 §4.5). Such a record that does not parse is an error of its publisher; any other text is none
    /// of SPF's business.
    #[must_use]
    pub fn is_claimed_by(text: &[u8]) -> bool {
        parse::version(text)
    }

    /// Reads a record.
    ///
    /// # Errors
    /// The first rule that is broken, and where.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, RecordError> {
        let index = parse::index(text.as_ref())?;
        Ok(Self { text: Txt::from(&text), index })
    }

    /// Reads a record without copying its text.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_txt(text: Txt) -> Result<Self, RecordError> {
        let index = parse::index(text.as_bytes())?;
        Ok(Self { text, index })
    }

    /// A text that was read before, and what is found once in it.
    pub(crate) fn indexed(text: Txt, index: Index) -> Self {
        Self { text, index }
    }

    /// The text, as it was published.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // the grammar allows ASCII only
        core::str::from_utf8(self.text.as_bytes()).unwrap_or("")
    }

    /// The text, as the TXT record it came in.
    #[must_use]
    pub fn as_txt(&self) -> &Txt {
        &self.text
    }

    /// The terms, in the order in which they stand.
    #[must_use]
    pub fn terms(&self) -> Terms<'_> {
        Terms { text: self.as_str(), reader: Reader::again(self.text.as_bytes(), parse::VERSION.len()) }
    }

    /// The terms behind this offset, which must be the end of the version or of a term.
    pub(crate) fn raw_terms_from(&self, at: usize) -> impl Iterator<Item = Raw> {
        Reader::again(self.text.as_bytes(), at).among(&Networks::All)
    }

    /// The one term that begins at this offset.
    pub(crate) fn raw_term_at(&self, at: u16) -> Option<Raw> {
        self.raw_terms_from(usize::from(at)).next()
    }

    /// The one term that begins at this offset.
    pub(crate) fn term_at(&self, at: u16) -> Option<Term<'_>> {
        let text = self.as_str();
        self.raw_term_at(at).map(|raw| Term::new(text, &raw))
    }

    /// A domain-spec of the record.
    pub(crate) fn domain_spec(&self, span: Span) -> DomainSpec<'_> {
        DomainSpec::of(span.of(self.text.as_bytes()))
    }

    pub(crate) fn index(&self) -> Index {
        self.index
    }

    /// The domain that `redirect` leads to. With an `all` in the record it is idle (RFC 7208 §5.1).
    #[must_use]
    pub fn redirect(&self) -> Option<DomainSpec<'_>> {
        self.index.redirect.map(|redirect| self.domain_spec(redirect.domain))
    }

    /// The domain that `exp` names.
    #[must_use]
    pub fn exp(&self) -> Option<DomainSpec<'_>> {
        self.index.exp.map(|exp| self.domain_spec(exp.domain))
    }

    /// Whether the record has an `all`.
    #[must_use]
    pub fn has_all(&self) -> bool {
        self.index.has_all
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({})", self.as_str())
    }
}

impl AsRef<str> for Record {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for Record {
    type Err = RecordError;

    fn from_str(text: &str) -> Result<Self, RecordError> {
        Self::parse(text)
    }
}

/// Reads terms from the text of a record.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    text: &'a str,
    reader: Reader<'a>,
}

impl<'a> Iterator for Terms<'a> {
    type Item = Term<'a>;

    fn next(&mut self) -> Option<Term<'a>> {
        let raw = self.reader.term()?;
        Some(Term::new(self.text, &raw))
    }
}

/// A term, with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term<'a> {
    /// What it is.
    pub kind: TermKind<'a>,
    /// The text of it.
    pub text: &'a str,
    /// The offset of it in the record.
    pub at: usize,
}

impl<'a> Term<'a> {
    fn new(record: &'a str, raw: &Raw) -> Self {
        let text = |at: u16, end: u16| record.get(usize::from(at)..usize::from(end)).unwrap_or("");
        let domain = |span: Span| DomainSpec(text(span.at, span.end));
        let optional = |span: Span| (!span.is_empty()).then(|| domain(span));
        let (span, prefix) = (raw.value, raw.prefix);
        let mechanism = match raw.kind {
            RawKind::All => Mechanism::All,
            RawKind::Include => Mechanism::Include(domain(span)),
            RawKind::A => Mechanism::A { domain: optional(span), prefix },
            RawKind::Mx => Mechanism::Mx { domain: optional(span), prefix },
            RawKind::Ptr => Mechanism::Ptr { domain: optional(span) },
            RawKind::Ip4 => {
                Mechanism::Ip4 { address: raw.ip4_network(record.as_bytes()), prefix: prefix.ip4 }
            }
            RawKind::Ip6 => {
                Mechanism::Ip6 { address: raw.ip6_network(record.as_bytes()), prefix: prefix.ip6 }
            }
            RawKind::Exists => Mechanism::Exists(domain(span)),
            RawKind::Redirect => return Self::modifier(record, raw, Modifier::Redirect(domain(span))),
            RawKind::Exp => return Self::modifier(record, raw, Modifier::Exp(domain(span))),
            RawKind::Unknown => {
                let name = text(raw.at, span.at.saturating_sub(1));
                let modifier = Modifier::Unknown { name, value: text(span.at, span.end) };
                return Self::modifier(record, raw, modifier);
            }
        };
        let kind = TermKind::Directive { qualifier: raw.qualifier, mechanism };
        Self { kind, text: text(raw.at, raw.end), at: usize::from(raw.at) }
    }

    fn modifier(record: &'a str, raw: &Raw, modifier: Modifier<'a>) -> Self {
        let text = record.get(usize::from(raw.at)..usize::from(raw.end)).unwrap_or("");
        Self { kind: TermKind::Modifier(modifier), text, at: usize::from(raw.at) }
    }

    /// The offset behind it.
    #[must_use]
    pub fn end(&self) -> usize {
        self.at.saturating_add(self.text.len())
    }

    /// Whether evaluating it asks the DNS, so that it counts against the limit of RFC 7208 §4.6.4.
    #[must_use]
    pub fn is_lookup(&self) -> bool {
        match self.kind {
            TermKind::Directive { mechanism, .. } => {
                !matches!(mechanism, Mechanism::All | Mechanism::Ip4 { .. } | Mechanism::Ip6 { .. })
            }
            TermKind::Modifier(modifier) => matches!(modifier, Modifier::Redirect(_)),
        }
    }
}

/// A directive or a modifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind<'a> {
    /// A mechanism with its qualifier.
    Directive {
        /// What a match means.
        qualifier: Qualifier,
        /// What is compared.
        mechanism: Mechanism<'a>,
    },
    /// A name and a value.
    Modifier(Modifier<'a>),
}

/// What a match means (RFC 7208 §4.6.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Qualifier {
    /// `+`, or nothing.
    #[default]
    Pass,
    /// `-`
    Fail,
    /// `~`
    SoftFail,
    /// `?`
    Neutral,
}

impl Qualifier {
    pub(crate) fn parse(octet: u8) -> Option<Self> {
        match octet {
            b'+' => Some(Self::Pass),
            b'-' => Some(Self::Fail),
            b'~' => Some(Self::SoftFail),
            b'?' => Some(Self::Neutral),
            _ => None,
        }
    }

    /// The result of a match.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Pass => Verdict::Pass,
            Self::Fail => Verdict::Fail,
            Self::SoftFail => Verdict::SoftFail,
            Self::Neutral => Verdict::Neutral,
        }
    }

    /// The character, and nothing for the default.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "",
            Self::Fail => "-",
            Self::SoftFail => "~",
            Self::Neutral => "?",
        }
    }
}

/// What is compared with the client (RFC 7208 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism<'a> {
    /// `all`: everybody.
    All,
    /// `include`: who passes by another domain's record.
    Include(DomainSpec<'a>),
    /// `a`: the addresses of a name.
    A {
        /// Whose; the domain's own where there is none.
        domain: Option<DomainSpec<'a>>,
        /// How many bits are compared.
        prefix: DualPrefix,
    },
    /// `mx`: the addresses of the mail exchangers of a name.
    Mx {
        /// Whose; the domain's own where there is none.
        domain: Option<DomainSpec<'a>>,
        /// How many bits are compared.
        prefix: DualPrefix,
    },
    /// `ptr`: clients whose validated name is within a domain.
    Ptr {
        /// Which; the domain itself where there is none.
        domain: Option<DomainSpec<'a>>,
    },
    /// `ip4`: an IPv4 network.
    Ip4 {
        /// The address.
        address: Ipv4Addr,
        /// How many bits are compared.
        prefix: u8,
    },
    /// `ip6`: an IPv6 network.
    Ip6 {
        /// The address.
        address: Ipv6Addr,
        /// How many bits are compared.
        prefix: u8,
    },
    /// `exists`: whether a name has an address.
    Exists(DomainSpec<'a>),
}

/// How many bits of an address are compared, for each family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DualPrefix {
    /// Of IPv4 addresses, at most 32.
    pub ip4: u8,
    /// Of IPv6 addresses, at most 128.
    pub ip6: u8,
}

impl DualPrefix {
    /// All bits.
    pub(crate) const ALL: Self = Self { ip4: 32, ip6: 128 };
}

impl Default for DualPrefix {
    fn default() -> Self {
        Self::ALL
    }
}

/// A modifier (RFC 7208 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modifier<'a> {
    /// `redirect`: whose record decides where no directive matches.
    Redirect(DomainSpec<'a>),
    /// `exp`: where the explanation of a fail is.
    Exp(DomainSpec<'a>),
    /// Any other, which is ignored.
    Unknown {
        /// The name.
        name: &'a str,
        /// The value: a macro string.
        value: &'a str,
    },
}

/// A domain, with or without macros in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DomainSpec<'a>(pub(crate) &'a str);

impl<'a> DomainSpec<'a> {
    /// A part of a record.
    pub(crate) fn of(octets: &'a [u8]) -> Self {
        // the grammar allows ASCII only
        Self(core::str::from_utf8(octets).unwrap_or(""))
    }

    /// The text.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// Whether it has macros, or an escape.
    #[must_use]
    pub fn has_macros(self) -> bool {
        self.0.contains('%')
    }

    /// The pieces of it, which are all right: it was checked.
    pub fn pieces(self) -> Pieces<'a> {
        Pieces::new(self.0, Place::DomainSpec)
    }
}

impl DomainSpec<'_> {
    /// The name that it stands for where it has no macros but `%{d}` and `%{o}`, so that it is the same for every client
    /// and every sender of a domain.
    pub(crate) fn for_everybody(
        self,
        domain: &Name,
        sender_domain: &Name,
    ) -> Option<Result<Name, DomainError>> {
        let depends = |piece| match piece {
            Piece::Macro(one) => !matches!(one.letter, Letter::Domain | Letter::SenderDomain),
            Piece::Literal(_) | Piece::Escape(_) => false,
        };
        if self.pieces().flatten().any(depends) {
            return None;
        }
        let nobody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let (domain, sender) = (domain.as_str(), sender_domain.as_str());
        let expanded = expand(self.0, Place::DomainSpec, &Values { domain, sender, ..Values::new(nobody) });
        Some(match expanded {
            Ok(text) => expanded_name(&text).map_err(DomainError::from),
            Err(_) => Err(DomainError::Expansion),
        })
    }
}

impl fmt::Display for DomainSpec<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// Writes the term in its shortest form: no `+`, no prefix length that compares all bits, names that RFC 7208 knows in
/// lower case, addresses as RFC 5952 writes them. [`Term::text`] has it as it was published.
impl fmt::Display for Term<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TermKind::Directive { qualifier, mechanism } => write!(f, "{}{mechanism}", qualifier.as_str()),
            TermKind::Modifier(modifier) => modifier.fmt(f),
        }
    }
}

impl fmt::Display for Mechanism<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |f: &mut fmt::Formatter<'_>, name: &str, domain: &Option<DomainSpec<'_>>| match domain {
            Some(domain) => write!(f, "{name}:{domain}"),
            None => f.write_str(name),
        };
        match self {
            Self::All => f.write_str("all"),
            Self::Include(domain) => write!(f, "include:{domain}"),
            Self::A { domain, prefix } => {
                named(f, "a", domain)?;
                prefix.fmt(f)
            }
            Self::Mx { domain, prefix } => {
                named(f, "mx", domain)?;
                prefix.fmt(f)
            }
            Self::Ptr { domain } => named(f, "ptr", domain),
            Self::Ip4 { address, prefix: 32 } => write!(f, "ip4:{address}"),
            Self::Ip4 { address, prefix } => write!(f, "ip4:{address}/{prefix}"),
            Self::Ip6 { address, prefix: 128 } => write!(f, "ip6:{address}"),
            Self::Ip6 { address, prefix } => write!(f, "ip6:{address}/{prefix}"),
            Self::Exists(domain) => write!(f, "exists:{domain}"),
        }
    }
}

impl fmt::Display for DualPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ip4 != 32 {
            write!(f, "/{}", self.ip4)?;
        }
        if self.ip6 != 128 {
            write!(f, "//{}", self.ip6)?;
        }
        Ok(())
    }
}

impl fmt::Display for Modifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redirect(domain) => write!(f, "redirect={domain}"),
            Self::Exp(domain) => write!(f, "exp={domain}"),
            Self::Unknown { name, value } => write!(f, "{name}={value}"),
        }
    }
}
