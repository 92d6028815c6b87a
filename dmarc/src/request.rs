//! What is known of a message.

use crate::{
    author::Authors,
    few::Few,
    limits::Limits,
    verdict::{Cause, Mechanism},
};
use mail_base::Name;

/// The facts of a message: its authors, and the domains for which SPF or DKIM passed.
///
/// Of SPF only the MAIL FROM identity counts; where the reverse path is empty, that is the HELO domain
/// (RFC 9989 §3.2.4). Of DKIM it is the `d=` of each signature that was verified.
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) authors: Few<Name>,
    pub(crate) identifiers: Few<Identifier>,
    pub(crate) local_policy: LocalPolicy,
    pub(crate) limits: Limits,
}

/// An authenticated domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identifier {
    pub(crate) mechanism: Mechanism,
    pub(crate) domain: Name,
}

impl Request {
    /// A message of an author at this domain.
    #[must_use]
    pub fn new(author: Name) -> Self {
        Self::of(Few::One(author))
    }

    /// A message of these authors.
    #[must_use]
    pub fn from_authors(authors: &Authors) -> Self {
        Self::of(Few::from(authors.domains()))
    }

    fn of(authors: Few<Name>) -> Self {
        Self {
            authors,
            identifiers: Few::default(),
            local_policy: LocalPolicy::default(),
            limits: Limits::default(),
        }
    }

    /// Adds that SPF passed for this MAIL FROM domain.
    #[must_use]
    pub fn spf_passed(mut self, domain: Name) -> Self {
        self.identifiers.push(Identifier { mechanism: Mechanism::Spf, domain });
        self
    }

    /// Adds that a DKIM signature of this domain was verified.
    #[must_use]
    pub fn dkim_passed(mut self, domain: Name) -> Self {
        self.identifiers.push(Identifier { mechanism: Mechanism::Dkim, domain });
        self
    }

    /// Sets the receiver's judgements.
    #[must_use]
    pub fn with_local_policy(self, local_policy: LocalPolicy) -> Self {
        Self { local_policy, ..self }
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Why a message of these authors is refused unasked.
    pub(crate) fn refusal(&self) -> Option<Cause> {
        let (count, limit) = (self.authors.len(), self.limits.authors);
        match self.local_policy.several_authors {
            _ if count == 1 => None,
            SeveralAuthors::Refuse => Some(Cause::SeveralAuthors { count }),
            SeveralAuthors::EvaluateEach => (count > limit).then_some(Cause::TooManyAuthors { limit }),
        }
    }
}

/// The receiver's judgements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalPolicy {
    /// What becomes of a message with authors at several domains.
    pub several_authors: SeveralAuthors,
    /// What a policy of `reject` comes to.
    pub on_reject: OnReject,
    /// Whether both mechanisms are looked at to the end even where one has decided already, as aggregate
    /// reports want it (RFC 9990 §3.1.6). It costs questions only where an authenticated domain differs from
    /// the author's. Default: no.
    pub every_alignment: bool,
}

impl LocalPolicy {
    /// The same with another choice for several authors.
    #[must_use]
    pub fn with_several_authors(self, several_authors: SeveralAuthors) -> Self {
        Self { several_authors, ..self }
    }

    /// The same with another choice for policies of `reject`.
    #[must_use]
    pub fn with_on_reject(self, on_reject: OnReject) -> Self {
        Self { on_reject, ..self }
    }

    /// The same with or without looking at every alignment.
    #[must_use]
    pub fn with_every_alignment(self, every_alignment: bool) -> Self {
        Self { every_alignment, ..self }
    }
}

/// What becomes of a message with authors at several domains (RFC 9989 §11.5). Such messages are rare, and
/// mostly abuse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeveralAuthors {
    /// DMARC is applied to each, and the strictest policy of those that fail is taken: the approach that the
    /// RFC recommends. More domains than [`Limits::authors`] are refused.
    #[default]
    EvaluateEach,
    /// The message is refused without asking anything.
    Refuse,
}

/// What a policy of `reject` comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnReject {
    /// The disposition is to reject, as published. The receiver that acts on it must have other knowledge of
    /// the message too (RFC 9989 §7.4: "MUST NOT reject incoming messages solely on the basis of a 'p=reject'
    /// policy").
    #[default]
    AsPublished,
    /// The disposition is to quarantine, with the reason: what §7.4 demands of a receiver that knows nothing
    /// else of the message.
    AsQuarantine,
}
