//! What the grammar allows and operators regret.

use crate::{
    error::RecordError,
    limits::Limits,
    macros::{Letter, Piece},
    record::{Mechanism, Modifier, Qualifier, Record, Term, TermKind},
    survey::{Space, range},
};
use alloc::{
    collections::BTreeSet,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, net::IpAddr};
use mail_base::dns::Txt;
use thiserror::Error;

/// The most octets of one character-string of a TXT record (RFC 1035 §3.3).
const MAX_STRING: usize = 255;

/// The most octets of a record that fits into a DNS answer of 512 octets (RFC 7208 §3.4).
const MAX_FITTING: usize = 450;

/// The type of record that RFC 7208 §3.1 gave up.
const SPF_TYPE: u16 = 99;

/// The modifiers of RFC 6652 §3, which ask for reports.
const REPORTING: [&str; 3] = ["ra", "rp", "rr"];

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
    /// `+all`, a prefix length of 0, or networks that hold all addresses of a family together: everybody passes.
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
    /// A directive that never matches: behind `all` (RFC 7208 §5.1) or networks that hold every address, or the same
    /// as one before it.
    #[error("a directive is never reached")]
    Unreachable,
    /// `redirect` beside `all`, which makes it idle (RFC 7208 §5.1).
    #[error("redirect is ignored where there is an all")]
    IdleRedirect,
    /// A modifier that neither RFC 7208 nor RFC 6652 knows. A mechanism written with `=` is the usual reason.
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
    /// A network that is in those before it, or of which a part is in one with the same qualifier. A network that is
    /// an exception to a larger one behind it is not meant.
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
        let count = self.lookups();
        if count > limit {
            warn(WarningKind::TooManyLookups { count, limit }, 0);
        }
        let mut reach = Reach::new();
        for term in self.terms() {
            lint_term(&term, self.has_all(), &mut warn);
            if let TermKind::Directive { qualifier, mechanism } = term.kind {
                reach.lint(qualifier, mechanism, |kind| warn(kind, term.at));
            }
        }
        warnings
    }

    /// How many terms ask the DNS where nothing matches: those behind an `all` do not, nor does a `redirect` beside it.
    fn lookups(&self) -> usize {
        let is_redirect = |term: &Term<'_>| matches!(term.kind, TermKind::Modifier(Modifier::Redirect(_)));
        let reached = self.terms().take_while(|term| !is_all(term));
        reached.filter(|term| term.is_lookup() && !(is_redirect(term) && self.has_all())).count()
    }
}

fn is_all(term: &Term<'_>) -> bool {
    matches!(term.kind, TermKind::Directive { mechanism: Mechanism::All, .. })
}

/// Whom the directives of a record reach, one after the other.
struct Reach {
    /// The addresses that no network has matched.
    free: Space,
    /// For each qualifier, the addresses that none of its networks has.
    without: [Space; 4],
    /// The addresses that pass.
    passing: Space,
    /// The directives that are no networks, without their qualifiers.
    seen: BTreeSet<String>,
    /// Whether there was an `all`.
    is_over: bool,
}

impl Reach {
    fn new() -> Self {
        Self {
            free: Space::all(),
            without: core::array::from_fn(|_| Space::all()),
            passing: Space::default(),
            seen: BTreeSet::new(),
            is_over: false,
        }
    }

    fn lint(&mut self, qualifier: Qualifier, mechanism: Mechanism<'_>, mut warn: impl FnMut(WarningKind)) {
        let network = match mechanism {
            Mechanism::Ip4 { address, prefix } => Some((IpAddr::V4(address), prefix)),
            Mechanism::Ip6 { address, prefix } => Some((IpAddr::V6(address), prefix)),
            _ => None,
        };
        let is_over = self.is_over || self.free.is_empty();
        self.is_over = is_over || mechanism == Mechanism::All;
        let is_repeated = network.is_none() && !self.seen.insert(comparable(mechanism));
        if is_over || is_repeated {
            warn(WarningKind::Unreachable);
        }
        let Some((address, prefix)) = network else { return };
        let (first, _) = range(address, prefix);
        let bits = match address {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            IpAddr::V6(address) => address.to_bits(),
        };
        if bits != first {
            warn(WarningKind::Unaligned);
        }
        let fresh = self.free.take(address, prefix);
        let whole = Space::all().take(address, prefix);
        let own = self.without.get_mut(qualifier as usize);
        let is_in_own = own.is_some_and(|without| without.take(address, prefix) != whole);
        if !is_over && (fresh.is_empty() || is_in_own) {
            warn(WarningKind::Overlap);
        }
        if qualifier == Qualifier::Pass && !fresh.is_empty() {
            self.passing.add(&fresh);
            if prefix > 0 && self.passing.is_whole(address) {
                warn(WarningKind::EverybodyPasses);
            }
        }
    }
}

/// A mechanism in a form that is the same for all that do the same. Macros in upper case do another thing.
fn comparable(mechanism: Mechanism<'_>) -> String {
    let text = mechanism.to_string();
    if text.contains('%') { text } else { text.to_ascii_lowercase() }
}

fn lint_term(term: &Term<'_>, has_all: bool, warn: &mut impl FnMut(WarningKind, usize)) {
    let domain = match term.kind {
        TermKind::Modifier(Modifier::Unknown { name, .. }) => {
            if !REPORTING.iter().any(|known| name.eq_ignore_ascii_case(known)) {
                warn(WarningKind::UnknownModifier, term.at);
            }
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
            Mechanism::A { domain, prefix } | Mechanism::Mx { domain, prefix } => {
                if qualifier == Qualifier::Pass && (prefix.ip4 == 0 || prefix.ip6 == 0) {
                    warn(WarningKind::EverybodyPasses, term.at);
                }
                domain
            }
            Mechanism::Include(domain) | Mechanism::Exists(domain) => Some(domain),
        },
    };
    let is_ptr = |piece| matches!(piece, Piece::Macro(one) if one.letter == Letter::ValidatedName);
    if domain.is_some_and(|domain| domain.pieces().flatten().any(is_ptr)) {
        warn(WarningKind::PtrMacro, term.at);
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

    /// Records as large providers publish them, and what is unusual but meant.
    #[test]
    fn what_is_meant_has_no_warnings() {
        for record in [
            "v=spf1 include:_netblocks.google.com include:_netblocks2.google.com include:_netblocks3.google.com ~all",
            "v=spf1 ip4:40.92.0.0/15 ip4:40.107.0.0/16 ip4:52.100.0.0/15 ip4:52.102.0.0/16 ip4:52.103.0.0/17 \
             ip4:104.47.0.0/17 ip6:2a01:111:f400::/48 ip6:2a01:111:f403::/49 ip6:2a01:111:f403:8000::/51 -all",
            "v=spf1 exists:%{i}._spf.mta.salesforce.com -all",
            "v=spf1 exists:%{l}.x.example exists:%{L}.x.example a a/24 a//64 mx:a.example mx:b.example ?all",
            "v=spf1 -ip4:192.0.2.5 ip4:192.0.2.0/24 -ip6:2001:db8::1 ?ip6:2001:db8::/48 ip6:2001:db8::/32 -all",
            "v=spf1 mx ra=postmaster rp=100 RR=all -all",
        ] {
            assert_eq!(lint(record), [], "{record}");
        }
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
            ("v=spf1 ~ip4:192.0.2.0/24 -ip4:192.0.2.7 -all", vec![(Overlap, 25)]),
            ("v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 ?ip4:192.0.2.0/24 -all", vec![(Overlap, 43)]),
            ("v=spf1 a/0 -all", vec![(EverybodyPasses, 7)]),
            ("v=spf1 mx//0 ~a/0 -all", vec![(EverybodyPasses, 7)]),
            ("v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all", vec![(EverybodyPasses, 21)]),
            (
                "v=spf1 -ip4:0.0.0.0/0 -ip6:::/0 a ip4:192.0.2.1",
                vec![(NoEnd, 0), (Unreachable, 32), (Unreachable, 34)],
            ),
            (
                "v=spf1 a mx A ~mx a:x.example/24 a:X.example/24 -all",
                vec![(Unreachable, 12), (Unreachable, 14), (Unreachable, 33)],
            ),
            ("v=spf1 include:a.example -include:a.example -all", vec![(Unreachable, 25)]),
            ("v=spf1 -all ip4:192.0.2.0/24 ip4:192.0.2.0/24", vec![(Unreachable, 12), (Unreachable, 29)]),
        ] {
            assert_eq!(lint(record), expected, "{record}");
        }
        let many = |terms| {
            format!("v=spf1{} -all", (0..terms).map(|n| format!(" mx:m{n}.example")).collect::<String>())
        };
        assert_eq!(lint(&many(10)), []);
        assert_eq!(lint(&many(11)), [(TooManyLookups { count: 11, limit: 10 }, 0)]);
        let behind_all = lint(&format!("v=spf1 ?all {}", many(11).trim_start_matches("v=spf1 ")));
        assert!(behind_all.iter().all(|(kind, _)| *kind == Unreachable), "{behind_all:?}");
        let redirected = |end: &str| lint(&many(10).replace("-all", end));
        let too_many = TooManyLookups { count: 11, limit: 10 };
        assert_eq!(redirected("redirect=r.example"), [(too_many, 0)]);
        assert!(!redirected("redirect=r.example ~all").contains(&(too_many, 0)));
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
