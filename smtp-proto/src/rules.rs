//! How strictly commands are read.

/// What the grammar demands of paths and commands. The defaults are those of RFC 5321; each relaxation has a
/// name, and says who sends such things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rules {
    /// The most octets of a local part. Default: 64 (§4.5.3.1.1). Forwarders that rewrite senders (SRS) send
    /// longer ones.
    pub local_part: usize,
    /// The most octets of a domain. Default: 255 (§4.5.3.1.2).
    pub domain: usize,
    /// The most octets of a path, brackets included. Default: 256 (§4.5.3.1.3).
    pub path: usize,
    /// Takes spaces after `FROM:` and `TO:`, and several between parameters, which §3.3 forbids. Default: no.
    /// Scripts and old mail clients send `MAIL FROM: <a@b>`.
    pub loose_spaces: bool,
    /// Takes an address without angle brackets. Default: no. Scripts and scanners send it.
    pub bare_addresses: bool,
    /// Takes dots at the ends of a local part, and several side by side. Default: no. Mobile networks in Japan gave
    /// out such addresses, and some machines send from them.
    pub loose_dots: bool,
    /// Takes underscores in domains. Default: no. Names of machines inside Windows networks have them.
    pub underscores: bool,
}

impl Rules {
    /// The rules of RFC 5321.
    pub const STRICT: Self = Self {
        local_part: 64,
        domain: 255,
        path: 256,
        loose_spaces: false,
        bare_addresses: false,
        loose_dots: false,
        underscores: false,
    };

    /// Every relaxation at once: longer local parts and paths, loose spaces, bare addresses, loose dots,
    /// underscores.
    pub const LOOSE: Self = Self {
        local_part: 256,
        domain: 255,
        path: 512,
        loose_spaces: true,
        bare_addresses: true,
        loose_dots: true,
        underscores: true,
    };

    /// The same with another limit for local parts and, to match, for paths.
    #[must_use]
    pub fn with_local_part(self, octets: usize) -> Self {
        let path = self.path.saturating_sub(self.local_part).saturating_add(octets);
        Self { local_part: octets, path, ..self }
    }

    /// The same, with spaces taken or not.
    #[must_use]
    pub fn with_loose_spaces(self, loose_spaces: bool) -> Self {
        Self { loose_spaces, ..self }
    }

    /// The same, with bare addresses taken or not.
    #[must_use]
    pub fn with_bare_addresses(self, bare_addresses: bool) -> Self {
        Self { bare_addresses, ..self }
    }

    /// The same, with dots taken anywhere in a local part or not.
    #[must_use]
    pub fn with_loose_dots(self, loose_dots: bool) -> Self {
        Self { loose_dots, ..self }
    }

    /// The same, with underscores taken or not.
    #[must_use]
    pub fn with_underscores(self, underscores: bool) -> Self {
        Self { underscores, ..self }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::STRICT
    }
}
