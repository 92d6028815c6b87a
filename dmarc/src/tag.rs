//! The tags of a record.

use core::fmt;

/// A registered tag (RFC 9989 §4.7 and §9.3). Every other tag is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Tag {
    /// `adkim`: alignment mode of DKIM.
    Adkim,
    /// `aspf`: alignment mode of SPF.
    Aspf,
    /// `fo`: failure reporting options.
    Fo,
    /// `np`: policy for subdomains that do not exist.
    Np,
    /// `p`: policy.
    P,
    /// `pct`: historic, a percentage (RFC 7489 §6.3).
    Pct,
    /// `psd`: whether the domain is a public suffix.
    Psd,
    /// `rf`: historic, the format of failure reports (RFC 7489 §6.3).
    Rf,
    /// `ri`: historic, the interval between reports (RFC 7489 §6.3).
    Ri,
    /// `rua`: where aggregate reports go.
    Rua,
    /// `ruf`: where failure reports go.
    Ruf,
    /// `sp`: policy for subdomains.
    Sp,
    /// `t`: test mode.
    T,
    /// `v`: version.
    V,
}

impl Tag {
    /// The tag of this name, in any case: a quoted string of ABNF is case-insensitive (RFC 5234 §2.3), and
    /// the tags are defined by such strings.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::of(name.as_bytes())
    }

    /// The same of octets.
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        ALL.into_iter().find(|tag| name.eq_ignore_ascii_case(tag.as_str().as_bytes()))
    }

    /// The name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adkim => "adkim",
            Self::Aspf => "aspf",
            Self::Fo => "fo",
            Self::Np => "np",
            Self::P => "p",
            Self::Pct => "pct",
            Self::Psd => "psd",
            Self::Rf => "rf",
            Self::Ri => "ri",
            Self::Rua => "rua",
            Self::Ruf => "ruf",
            Self::Sp => "sp",
            Self::T => "t",
            Self::V => "v",
        }
    }

    /// Whether RFC 9989 §9.3 calls the tag historic: it can be read, and changes nothing.
    #[must_use]
    pub fn is_historic(self) -> bool {
        matches!(self, Self::Pct | Self::Rf | Self::Ri)
    }
}

/// All tags, those that most records have first.
const ALL: [Tag; 14] = [
    Tag::P,
    Tag::Rua,
    Tag::Ruf,
    Tag::Sp,
    Tag::Fo,
    Tag::Adkim,
    Tag::Aspf,
    Tag::Pct,
    Tag::Np,
    Tag::T,
    Tag::Psd,
    Tag::Rf,
    Tag::Ri,
    Tag::V,
];

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A set of tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TagSet(u16);

impl TagSet {
    /// Adds a tag, and tells whether it is new.
    pub(crate) fn insert(&mut self, tag: Tag) -> bool {
        let is_new = !self.contains(tag);
        self.0 |= 1 << tag as u16;
        is_new
    }

    pub(crate) fn contains(self, tag: Tag) -> bool {
        self.0 & (1 << tag as u16) != 0
    }
}
