//! What the grammar allows and operators regret.

use crate::{
    error::RecordError,
    limits::Limits,
    macros::{Letter, Piece},
    record::{Mechanism, Modifier, Qualifier, Record, Term, TermKind},
    survey::{Space, range},
};
use alloc::vec::Vec;
use core::{fmt, net::IpAddr};
use mail_base::dns::Txt;
use thiserror::Error;

/// The most octets of one character-string of a TXT record (RFC 1035 §3.3).
const MAX_STRING: usize = 255;

/// The most octets of a record that fits into a DNS answer of 512 octets (RFC 7208 §3.4).
const MAX_FITTING: usize = 450;

/// The type of record that RFC 7208 §3.1 gave up.
const SPF_TYPE: u16 = 99;

/// Something that should be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What it is.
    pub kind: WarningKind,
    /// The offset of the term in the record; 0 where it is about the whole.
    pub at: usize,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at octet {})", self.kind, self.at)
    }
}

/// What should be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WarningKind {
    /// `+all`, or a network of a prefix length of 0: everybody passes.
    #[error("everybody passes")]
    EverybodyPasses,
    /// Neither `all` nor `redirect`: whoever does not match is neutral.
    #[error("no all and no redirect: whoever does not match is neutral")]
    NoEnd,
    /// `ptr`, which should not be published (RFC 7208 §5.5).
    #[error("ptr should not be published")]
    Ptr,
    /// The macro `%{p}`, which should not be published (RFC 7208 §7.2).
    #[error("the macro p should not be published")]
    PtrMacro,
    /// A directive behind `all`, which is never reached (RFC 7208 §5.1).
    #[error("a directive after all is never reached")]
    Unreachable,
    /// `redirect` beside `all`, which makes it idle (RFC 7208 §5.1).
    #[error("redirect is ignored where there is an all")]
    IdleRedirect,
    /// A modifier that RFC 7208 does not know. A mechanism written with `=` is the usual reason.
    #[error("an unknown modifier is ignored")]
    UnknownModifier,
    /// More terms ask the DNS than a check may.
    #[error("{count} terms ask the DNS, more than {limit}")]
    TooManyLookups {
        /// How many.
        count: usize,
        /// How many a check may.
        limit: usize,
    },
    /// The record does not fit into one character-string, and must be published as several.
    #[error("{octets} octets do not fit into one string of a TXT record")]
    LongerThanString {
        /// How long it is.
        octets: usize,
    },
    /// The record is longer than RFC 7208 §3.4 advises.
    #[error("{octets} octets may not fit into a DNS answer over UDP")]
    LongerThanAnswer {
        /// How long it is.
        octets: usize,
    },
    /// An address with bits behind its prefix.
    #[error("an address has bits behind its prefix length")]
    Unaligned,
    /// A network of which all or a part is in one before it.
    #[error("a network overlaps one before it")]
    Overlap,
    /// The record is published with the type SPF (99), which is of no use (RFC 7208 §3.1).
    #[error("the record type SPF is of no use: publish TXT")]
    DeprecatedType,
}

/// Reads a record as it is published, and looks at that too: the type, and the length of the strings.
///
/// # Errors
/// As [`Record::parse`], of the strings joined.
pub fn lint_published<S: AsRef<[u8]>>(rr_type: u16, strings: &[S]) -> Result<Vec<Warning>, RecordError> {
    let record = Record::from_txt(Txt::from_strings(strings))?;
    let mut warnings = record.lint();
    if strings.iter().all(|string| string.as_ref().len() <= MAX_STRING) {
        warnings.retain(|warning| !matches!(warning.kind, WarningKind::LongerThanString { .. }));
    }
    if rr_type == SPF_TYPE {
        warnings.push(Warning { kind: WarningKind::DeprecatedType, at: 0 });
    }
    Ok(warnings)
}

impl Record {
    /// What of this record should be looked at, as far as it alone can tell. What it includes, a
    /// [survey](crate::survey) looks at.
    #[must_use]
    pub fn lint(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |kind, at| warnings.push(Warning { kind, at });
        let octets = self.as_str().len();
        if octets > MAX_STRING {
            warn(WarningKind::LongerThanString { octets }, 0);
        }
        if octets > MAX_FITTING {
            warn(WarningKind::LongerThanAnswer { octets }, 0);
        }
        if !self.has_all() && self.redirect().is_none() {
            warn(WarningKind::NoEnd, 0);
        }
        let limit = Limits::default().lookups;
        let count = self.terms().filter(|term| self.costs(term)).count();
        if count > limit {
            warn(WarningKind::TooManyLookups { count, limit }, 0);
        }
        let mut is_after_all = false;
        let mut free = Space::all();
        for term in self.terms() {
            lint_term(&term, self.has_all(), &mut warn);
            if is_after_all && matches!(term.kind, TermKind::Directive { .. }) {
                warn(WarningKind::Unreachable, term.at);
            }
            is_after_all |= is_all(&term);
            if let Some((address, prefix)) = network(&term) {
                lint_network(address, prefix, &mut free, |kind| warn(kind, term.at));
            }
        }
        warnings
    }

    /// Whether a term asks the DNS; an idle `redirect` does not.
    fn costs(&self, term: &Term<'_>) -> bool {
        let is_redirect = matches!(term.kind, TermKind::Modifier(Modifier::Redirect(_)));
        term.is_lookup() && !(is_redirect && self.has_all())
    }
}

fn is_all(term: &Term<'_>) -> bool {
    matches!(term.kind, TermKind::Directive { mechanism: Mechanism::All, .. })
}

fn network(term: &Term<'_>) -> Option<(IpAddr, u8)> {
    match term.kind {
        TermKind::Directive { mechanism: Mechanism::Ip4 { address, prefix }, .. } => {
            Some((IpAddr::V4(address), prefix))
        }
        TermKind::Directive { mechanism: Mechanism::Ip6 { address, prefix }, .. } => {
            Some((IpAddr::V6(address), prefix))
        }
        _ => None,
    }
}

fn lint_term(term: &Term<'_>, has_all: bool, warn: &mut impl FnMut(WarningKind, usize)) {
    let domain = match term.kind {
        TermKind::Modifier(Modifier::Unknown { .. }) => {
            warn(WarningKind::UnknownModifier, term.at);
            None
        }
        TermKind::Modifier(Modifier::Redirect(domain)) => {
            if has_all {
                warn(WarningKind::IdleRedirect, term.at);
            }
            Some(domain)
        }
        TermKind::Modifier(Modifier::Exp(domain)) => Some(domain),
        TermKind::Directive { qualifier, mechanism } => match mechanism {
            Mechanism::All | Mechanism::Ip4 { prefix: 0, .. } | Mechanism::Ip6 { prefix: 0, .. } => {
                if qualifier == Qualifier::Pass {
                    warn(WarningKind::EverybodyPasses, term.at);
                }
                None
            }
            Mechanism::Ip4 { .. } | Mechanism::Ip6 { .. } => None,
            Mechanism::Ptr { domain } => {
                warn(WarningKind::Ptr, term.at);
                domain
            }
            Mechanism::A { domain, .. } | Mechanism::Mx { domain, .. } => domain,
            Mechanism::Include(domain) | Mechanism::Exists(domain) => Some(domain),
        },
    };
    let is_ptr = |piece| matches!(piece, Piece::Macro(one) if one.letter == Letter::ValidatedName);
    if domain.is_some_and(|domain| domain.pieces().flatten().any(is_ptr)) {
        warn(WarningKind::PtrMacro, term.at);
    }
}

fn lint_network(address: IpAddr, prefix: u8, free: &mut Space, mut warn: impl FnMut(WarningKind)) {
    let (first, _) = range(address, prefix);
    let bits = match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    };
    if bits != first {
        warn(WarningKind::Unaligned);
    }
    if free.take(address, prefix) != Space::all().take(address, prefix) {
        warn(WarningKind::Overlap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, vec};

    fn lint(record: &str) -> Vec<(WarningKind, usize)> {
        Record::parse(record).unwrap().lint().iter().map(|warning| (warning.kind, warning.at)).collect()
    }

    #[test]
    fn a_good_record_has_no_warnings() {
        assert_eq!(lint("v=spf1 mx ip4:192.0.2.0/24 include:_spf.example.net -all exp=why.example.com"), []);
        assert_eq!(lint("v=spf1 redirect=_spf.example.com"), []);
    }

    #[test]
    fn each_warning_has_its_place() {
        use WarningKind::*;
        for (record, expected) in [
            ("v=spf1 +all", vec![(EverybodyPasses, 7)]),
            ("v=spf1 ip6:::/0 -all", vec![(EverybodyPasses, 7)]),
            ("v=spf1 mx", vec![(NoEnd, 0)]),
            ("v=spf1 ptr -all", vec![(Ptr, 7)]),
            ("v=spf1 exists:%{p}.x.example -all", vec![(PtrMacro, 7)]),
            ("v=spf1 -all a mx", vec![(Unreachable, 12), (Unreachable, 14)]),
            ("v=spf1 -all redirect=a.example", vec![(IdleRedirect, 12)]),
            ("v=spf1 ip4=192.0.2.1 -all", vec![(UnknownModifier, 7)]),
            ("v=spf1 ip4:192.0.2.1/24 -all", vec![(Unaligned, 7)]),
            ("v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.7 -all", vec![(Overlap, 24)]),
            ("v=spf1 ip6:2001:db8::1 ip6:2001:db8::/32 -all", vec![(Overlap, 23)]),
        ] {
            assert_eq!(lint(record), expected, "{record}");
        }
        let many = format!("v=spf1{} -all", " mx".repeat(11));
        assert_eq!(lint(&many), [(TooManyLookups { count: 11, limit: 10 }, 0)]);
        let long = format!("v=spf1 a:{}.example -all", "x".repeat(500));
        assert_eq!(
            lint(&long),
            [(LongerThanString { octets: 522 }, 0), (LongerThanAnswer { octets: 522 }, 0)]
        );
    }

    #[test]
    fn how_a_record_is_published_counts() {
        let long = format!("v=spf1 a:{}.example ", "x".repeat(235));
        let kinds = |rr_type, strings: &[&str]| -> Vec<_> {
            lint_published(rr_type, strings).unwrap().iter().map(|warning| warning.kind).collect()
        };
        assert_eq!(kinds(16, &[&long, "mx -all"]), []);
        assert_eq!(kinds(99, &["v=spf1 -all"]), [WarningKind::DeprecatedType]);
        assert_eq!(kinds(16, &[&format!("{long}mx -all")]), [WarningKind::LongerThanString { octets: 260 }]);
    }
}
