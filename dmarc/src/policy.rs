//! The values that tags have.

use core::fmt;

/// What a domain owner asks receivers to do with mail that fails (`p`, `sp` and `np`, RFC 9989 §4.7). The
/// order is that of strictness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Policy {
    /// Nothing.
    #[default]
    None,
    /// To treat it as suspicious.
    Quarantine,
    /// To refuse it.
    Reject,
}

impl Policy {
    /// `dmarc-request = "none" / "quarantine" / "reject"`
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        match value {
            b"none" => Some(Self::None),
            b"quarantine" => Some(Self::Quarantine),
            b"reject" => Some(Self::Reject),
            // seldom in capitals
            _ => [Self::None, Self::Quarantine, Self::Reject]
                .into_iter()
                .find(|policy| value.eq_ignore_ascii_case(policy.as_str().as_bytes())),
        }
    }

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }

    /// One level below, as test mode has it (`t=y`, RFC 9989 §4.7).
    #[must_use]
    pub fn one_below(self) -> Self {
        match self {
            Self::Reject => Self::Quarantine,
            Self::Quarantine | Self::None => Self::None,
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How alike two domains must be (`adkim` and `aspf`, RFC 9989 §4.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlignmentMode {
    /// The same organizational domain.
    #[default]
    Relaxed,
    /// The same domain.
    Strict,
}

impl AlignmentMode {
    /// `dmarc-rors = "r" / "s"`
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        match value {
            b"r" | b"R" => Some(Self::Relaxed),
            b"s" | b"S" => Some(Self::Strict),
            _ => None,
        }
    }

    /// The letter of the tag's value.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::Relaxed => "r",
            Self::Strict => "s",
        }
    }
}

impl fmt::Display for AlignmentMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Relaxed => "relaxed",
            Self::Strict => "strict",
        })
    }
}

/// Whether a domain says that it is a public suffix (`psd`, RFC 9989 §4.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PublicSuffix {
    /// It is one (`y`): organizational domains stand right below it.
    Yes,
    /// It is none, and is the organizational domain of all below it (`n`).
    No,
    /// It does not say (`u`).
    #[default]
    Unsaid,
}

impl PublicSuffix {
    /// `dmarc-psd = "y" / "n" / "u"`
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        match value {
            b"y" | b"Y" => Some(Self::Yes),
            b"n" | b"N" => Some(Self::No),
            b"u" | b"U" => Some(Self::Unsaid),
            _ => None,
        }
    }

    /// The letter of the tag's value.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            Self::Yes => "y",
            Self::No => "n",
            Self::Unsaid => "u",
        }
    }
}

/// `dmarc-yorn = "y" / "n"`
pub(crate) fn yes_or_no(value: &[u8]) -> Option<bool> {
    match value {
        b"y" | b"Y" => Some(true),
        b"n" | b"N" => Some(false),
        _ => None,
    }
}

/// For which messages failure reports are asked for (`fo`, RFC 9989 §4.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FailureOptions {
    /// `0`: where no mechanism gives an aligned pass. The default where nothing else is asked for.
    pub all_fail: bool,
    /// `1`: where some mechanism gives no aligned pass. It is written in place of `0` where both are set.
    pub any_fails: bool,
    /// `d`: where a DKIM signature fails, aligned or not.
    pub dkim: bool,
    /// `s`: where SPF fails, aligned or not.
    pub spf: bool,
}

impl FailureOptions {
    const NOTHING: Self = Self { all_fail: false, any_fails: false, dkim: false, spf: false };

    /// `dmarc-fo`: `0` or `1`, `d` and `s`, each at most once, in any order, joined by colons.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let mut options = Self::NOTHING;
        for option in value.split(|&octet| octet == b':') {
            let slot = match option {
                b"0" => &mut options.all_fail,
                b"1" => &mut options.any_fails,
                b"d" | b"D" => &mut options.dkim,
                b"s" | b"S" => &mut options.spf,
                _ => return None,
            };
            if *slot {
                return None;
            }
            *slot = true;
        }
        (!(options.all_fail && options.any_fails)).then_some(options)
    }
}

impl Default for FailureOptions {
    /// `fo=0`
    fn default() -> Self {
        Self { all_fail: true, ..Self::NOTHING }
    }
}

impl fmt::Display for FailureOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 0 and 1 exclude each other, and 1 asks for more
        let is_nothing = *self == Self::NOTHING;
        let all_fail = (self.all_fail || is_nothing) && !self.any_fails;
        let options = [(all_fail, "0"), (self.any_fails, "1"), (self.dkim, "d"), (self.spf, "s")];
        for (nth, (_, option)) in options.into_iter().filter(|(is_set, _)| *is_set).enumerate() {
            f.write_str(if nth == 0 { "" } else { ":" })?;
            f.write_str(option)?;
        }
        Ok(())
    }
}
