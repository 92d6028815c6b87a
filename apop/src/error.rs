use core::fmt;

/// Why there is no challenge that may be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChallengeError {
    /// The rule that is broken.
    pub kind: ChallengeErrorKind,
    /// The offset, in octets, in what was given: the greeting, or the host.
    pub at: usize,
}

/// The rules of a [`Challenge`](crate::Challenge).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeErrorKind {
    /// There is no `<`: the server does not offer APOP.
    Absent,
    /// There is no `>` after the `<`.
    Unterminated,
    /// A second `<`: it cannot be known which one the server means.
    Ambiguous,
    /// More than [`MAX_OCTETS`](crate::MAX_OCTETS) octets.
    TooLong,
    /// There is no `@`.
    NoAt,
    /// An octet that may not stand there: a control character, a space, one outside ASCII, a second `@`, a
    /// special of RFC 5322 §3.2.3.
    Octet,
    /// Nothing before or after a dot or the `@`.
    EmptyAtom,
}

impl fmt::Display for ChallengeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match self.kind {
            ChallengeErrorKind::Absent => "the greeting has no APOP challenge",
            ChallengeErrorKind::Unterminated => "the APOP challenge has no closing angle bracket",
            ChallengeErrorKind::Ambiguous => "the greeting has more than one APOP challenge",
            ChallengeErrorKind::TooLong => "the APOP challenge has more than 506 octets",
            ChallengeErrorKind::NoAt => "the APOP challenge has no @",
            ChallengeErrorKind::Octet => {
                "the APOP challenge has an octet that no message identifier may have"
            }
            ChallengeErrorKind::EmptyAtom => "the APOP challenge has an empty atom",
        };
        write!(f, "{rule} (at octet {})", self.at)
    }
}

impl core::error::Error for ChallengeError {}
