//! What one check may cost.

/// Bounds of one check (RFC 7208 §4.6.4). They hold for the whole evaluation, included and redirected-to
/// records and all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most terms that ask the DNS: `include`, `a`, `mx`, `ptr`, `exists`, `redirect`. One more is
    /// permerror. Default: 10.
    pub lookups: usize,
    /// The most questions that may be answered with nothing. One more is permerror. Default: 2. The questions of
    /// `exp` do not count.
    pub void_lookups: usize,
    /// The most mail exchangers of one `mx`. One more is permerror. Default: 10.
    pub exchangers: usize,
    /// The most names of the client that `ptr` and `%{p}` look at, in the order in which they come; the others
    /// are ignored. Default: 10; no more than 64 are looked at.
    pub pointers: usize,
    /// The longest explanation, in octets; a longer one is dropped (RFC 7208 §6.2 leaves the length to us).
    /// Default: 2,048.
    pub explanation: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Limits {
    pub(crate) const DEFAULT: Self =
        Self { lookups: 10, void_lookups: 2, exchangers: 10, pointers: 10, explanation: 2048 };

    /// The same with another limit for terms that ask the DNS.
    #[must_use]
    pub fn with_lookups(self, lookups: usize) -> Self {
        Self { lookups, ..self }
    }

    /// The same with another limit for questions that are answered with nothing.
    #[must_use]
    pub fn with_void_lookups(self, void_lookups: usize) -> Self {
        Self { void_lookups, ..self }
    }

    /// The same with another limit for mail exchangers.
    #[must_use]
    pub fn with_exchangers(self, exchangers: usize) -> Self {
        Self { exchangers, ..self }
    }

    /// The same with another limit for names of the client.
    #[must_use]
    pub fn with_pointers(self, pointers: usize) -> Self {
        Self { pointers, ..self }
    }

    /// The same with another limit for the explanation.
    #[must_use]
    pub fn with_explanation(self, explanation: usize) -> Self {
        Self { explanation, ..self }
    }

    /// The most questions that one check can ask whatever the zone says: the domain's record; for each term that
    /// asks, one and the exchangers' addresses; the client's names, which are asked once; the explanation.
    #[must_use]
    pub fn questions(&self) -> usize {
        let terms = self.lookups.saturating_mul(self.exchangers.saturating_add(1));
        terms.saturating_add(self.pointers).saturating_add(3)
    }
}
