//! Where a policy is looked for, and which domain is the organizational one.
//!
//! RFC 9989 finds both in the DNS: the tree walk asks for records at a domain and at its parents (§4.10), at
//! most eight times. RFC 7489 found organizational domains in a list of public suffixes; receivers that still
//! do so bring the list as a [`SuffixList`].
//!
//! Everything here is a function of the answers known so far. Where an answer is missing, it says which
//! question to ask, and is called again once there is one; nothing is asked twice.

use crate::{
    answers::{Answers, Stop},
    limits::WALK_SKIP_TO,
    policy::PublicSuffix,
    record::Record,
};
use alloc::vec::Vec;
use core::fmt;
use mail_base::Name;

/// How to look for records and organizational domains.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub enum Discovery<'a> {
    /// By walking up the DNS tree (RFC 9989 §4.10).
    #[default]
    TreeWalk,
    /// By a list of public suffixes (RFC 7489 §3.2 and §6.6.3).
    SuffixList(&'a (dyn SuffixList + Sync)),
}

impl Discovery<'_> {
    /// Which of the two it is.
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Self::TreeWalk => Method::TreeWalk,
            Self::SuffixList(_) => Method::SuffixList,
        }
    }
}

impl fmt::Debug for Discovery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.method(), f)
    }
}

/// Which way was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Method {
    /// [`Discovery::TreeWalk`].
    #[default]
    TreeWalk,
    /// [`Discovery::SuffixList`].
    SuffixList,
}

impl Method {
    /// The word that an aggregate report has for it (RFC 9990 §3.1.4).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TreeWalk => "treewalk",
            Self::SuffixList => "psl",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A list of public suffixes, such as the one at <https://publicsuffix.org/>.
pub trait SuffixList {
    /// How many labels the public suffix of a name has: 1 for `example.com`, 2 for `example.co.uk`. A name that
    /// no rule covers has 1, as if the list had the rule `*`; a name that is a public suffix itself has as many
    /// as it has labels.
    fn suffix_labels(&self, name: &Name) -> usize;

    /// The organizational domain of a name (RFC 7489 §3.2): its public suffix and one label more, or the name
    /// itself where it is a public suffix.
    fn organizational_domain(&self, name: &Name) -> Name {
        name.last_labels(self.suffix_labels(name).max(1).saturating_add(1))
    }
}

impl<S: SuffixList + ?Sized> SuffixList for &S {
    fn suffix_labels(&self, name: &Name) -> usize {
        (**self).suffix_labels(name)
    }
}

/// A domain that is the author's own for almost all mail, and then need not be kept again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    #[default]
    Unknown,
    Author,
    /// Another than the author's.
    Other(Name),
}

impl Place {
    pub(crate) fn of(domain: Name, author: &Name) -> Self {
        if domain == *author { Self::Author } else { Self::Other(domain) }
    }

    pub(crate) fn name<'a>(&'a self, author: &'a Name) -> Option<&'a Name> {
        match self {
            Self::Unknown => None,
            Self::Author => Some(author),
            Self::Other(domain) => Some(domain),
        }
    }
}

/// The record that applies to an author.
pub(crate) enum Found<'a> {
    /// Its own.
    Own(&'a Record),
    /// That of a domain above it, and the organizational domain.
    Above { record: &'a Record, at: Name, organizational_domain: Place },
}

impl<'a> Found<'a> {
    pub(crate) fn record(&self) -> &'a Record {
        match self {
            Self::Own(record) | Self::Above { record, .. } => record,
        }
    }

    pub(crate) fn is_above(&self) -> bool {
        matches!(self, Self::Above { .. })
    }

    /// The domain at which the record stands.
    pub(crate) fn at(&self) -> Place {
        match self {
            Self::Own(_) => Place::Author,
            Self::Above { at, .. } => Place::Other(at.clone()),
        }
    }

    /// The author's organizational domain, where the search told it.
    pub(crate) fn organizational_domain(&self) -> Place {
        match self {
            Self::Own(record) if record.public_suffix() == PublicSuffix::No => Place::Author,
            Self::Own(_) => Place::Unknown,
            Self::Above { organizational_domain, .. } => organizational_domain.clone(),
        }
    }
}

/// Policy discovery (RFC 9989 §4.10.1): the record of the author's domain, or else of its organizational
/// domain, or else of its public suffix.
pub(crate) fn policy<'a>(
    answers: &'a Answers,
    discovery: Discovery<'_>,
    author: &'a Name,
) -> Result<Option<Found<'a>>, Stop> {
    if let Some(record) = answers.record(author)? {
        return Ok(Some(Found::Own(record)));
    }
    match discovery {
        // it goes on where the question above began, so a public suffix right above the author counts
        Discovery::TreeWalk => Ok(Walk::from(answers, author)?.policy()),
        // several records end the search at once (RFC 7489 §6.6.3 step 5)
        Discovery::SuffixList(_) if answers.has_several(author) => Ok(None),
        Discovery::SuffixList(list) => {
            let at = list.organizational_domain(author);
            let record = answers.record(&at)?;
            let organizational_domain = Place::Other(at.clone());
            Ok(record.map(|record| Found::Above { record, at, organizational_domain }))
        }
    }
}

/// The organizational domain of a domain (RFC 9989 §4.10.2, RFC 7489 §3.2).
pub(crate) fn organizational_domain(
    answers: &Answers,
    discovery: Discovery<'_>,
    domain: &Name,
) -> Result<Name, Stop> {
    match discovery {
        Discovery::TreeWalk => Ok(Walk::from(answers, domain)?.organizational_domain()),
        Discovery::SuffixList(list) => Ok(list.organizational_domain(domain)),
    }
}

/// The domains that a tree walk asks at, in order: the first as it is, then at most seven labels of it, then
/// one label less each time (RFC 9989 §4.10).
///
/// ```
/// use dmarc::{Name, walk_targets};
///
/// let start = Name::parse("a.b.c.d.e.f.g.mail.example.com").unwrap();
/// let targets: Vec<String> = walk_targets(&start).map(String::from).collect();
/// assert_eq!(targets[1], "d.e.f.g.mail.example.com");
/// assert_eq!((targets.len(), targets[7].as_str()), (8, "com"));
/// ```
pub fn walk_targets(start: &Name) -> impl Iterator<Item = Name> + use<> {
    let second = if start.label_count() > WALK_SKIP_TO {
        Some(start.last_labels(WALK_SKIP_TO))
    } else {
        start.parent()
    };
    core::iter::once(start.clone()).chain(core::iter::successors(second, Name::parent))
}

/// A tree walk that has come to its end.
struct Walk<'a> {
    start: &'a Name,
    /// The records that were found, the longest name first. Only the last can have a `psd` of `y` or `n`.
    found: Vec<(Name, &'a Record)>,
}

impl<'a> Walk<'a> {
    /// The DNS Tree Walk (RFC 9989 §4.10).
    fn from(answers: &'a Answers, start: &'a Name) -> Result<Self, Stop> {
        let mut found = Vec::new();
        for target in walk_targets(start) {
            let Some(record) = answers.record(&target)? else { continue };
            found.push((target, record));
            if record.public_suffix() != PublicSuffix::Unsaid {
                break;
            }
        }
        Ok(Self { start, found })
    }

    /// The choice of RFC 9989 §4.10.2: a walk stops at the first `psd` of `n` or `y`, so that only its last
    /// record can have one.
    fn organizational_domain(&self) -> Name {
        match self.found.last() {
            Some((at, record)) if record.public_suffix() == PublicSuffix::Yes && at != self.start => {
                // "the domain one label below this one": on the way to the start, which may have been skipped
                self.start.last_labels(at.label_count().saturating_add(1))
            }
            Some((at, _)) => at.clone(),
            None => self.start.clone(),
        }
    }

    /// The record of the organizational domain, or else of the public suffix (RFC 9989 §4.10.1). Records
    /// between the author and its organizational domain do not count.
    fn policy(&self) -> Option<Found<'a>> {
        let organization = self.organizational_domain();
        let of_organization = self.found.iter().find(|(at, _)| *at == organization);
        let (at, record) = of_organization.or(self.found.last())?;
        let organizational_domain = Place::of(organization, self.start);
        Some(Found::Above { record, at: at.clone(), organizational_domain })
    }
}
