//! How strictly commands and responses are read.

/// What the grammar demands. Each relaxation has a name, and says who sends such things.
///
/// What is written is always exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rules {
    /// Takes several spaces between words, and spaces at the end. Some servers align their listings; some
    /// clients send `LIST ` when they have no argument. A password keeps all its spaces.
    pub loose_spaces: bool,
    /// Takes `+ok` and `-Err`. RFC 1939 §3 demands upper case of servers.
    pub any_case: bool,
    /// Takes unique ids of more than 70 octets, and with octets outside ASCII. Some servers use file names.
    pub any_unique_id: bool,
    /// Takes an empty challenge without the space behind `+` that RFC 5034 §4 demands. Several servers, and
    /// whatever cuts spaces off the ends of lines.
    pub bare_challenge: bool,
}

impl Rules {
    /// The rules of the RFCs. The default of a server.
    pub const STRICT: Self =
        Self { loose_spaces: false, any_case: false, any_unique_id: false, bare_challenge: false };

    /// Every relaxation at once. The default of a client, which is of no use where it cannot read its server.
    pub const LOOSE: Self =
        Self { loose_spaces: true, any_case: true, any_unique_id: true, bare_challenge: true };

    /// The same, with loose spaces taken or not.
    #[must_use]
    pub fn with_loose_spaces(self, loose_spaces: bool) -> Self {
        Self { loose_spaces, ..self }
    }

    /// The same, with any case of the status taken or not.
    #[must_use]
    pub fn with_any_case(self, any_case: bool) -> Self {
        Self { any_case, ..self }
    }

    /// The same, with any unique id taken or not.
    #[must_use]
    pub fn with_any_unique_id(self, any_unique_id: bool) -> Self {
        Self { any_unique_id, ..self }
    }

    /// The same, with bare challenges taken or not.
    #[must_use]
    pub fn with_bare_challenge(self, bare_challenge: bool) -> Self {
        Self { bare_challenge, ..self }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::STRICT
    }
}
