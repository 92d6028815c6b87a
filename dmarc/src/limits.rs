//! What bounds the work.

/// The most questions of one tree walk (RFC 9989 §4.10).
pub const MAX_WALK: usize = 8;

/// How many labels are left where a walk skips (RFC 9989 §4.10 step 4).
pub const WALK_SKIP_TO: usize = 7;

/// The longest record that is read. A TXT record cannot be longer (RFC 1035 §3.2.1: RDLENGTH has 16 bits).
pub const MAX_RECORD: usize = 65_535;

/// The most distinct domains that a From field may name before it is refused unread. How many of them are
/// evaluated is [`Limits::authors`].
pub const MAX_AUTHOR_DOMAINS: usize = 100;

/// How much of a hostile message is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most author domains that are evaluated. A message with more is not evaluated at all, since leaving
    /// some out would let an attacker choose which (RFC 9989 §11.5). Default: 5.
    pub authors: usize,
    /// The most authenticated domains, other than the author's, whose organizational domain is looked for.
    /// Only domains that could align count. Default: 10.
    pub identifiers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { authors: 5, identifiers: 10 }
    }
}

impl Limits {
    /// The same with another limit for author domains.
    #[must_use]
    pub fn with_authors(self, authors: usize) -> Self {
        Self { authors, ..self }
    }

    /// The same with another limit for authenticated domains.
    #[must_use]
    pub fn with_identifiers(self, identifiers: usize) -> Self {
        Self { identifiers, ..self }
    }
}
