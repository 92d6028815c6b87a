//! The seven results of a check, and why a check did not pass.

use crate::{error::RecordError, report::Matched};
use alloc::string::String;
use core::fmt;
use mail_base::{Name, dns::Question, name::NameError};
use thiserror::Error;

/// The result of a check (RFC 7208 §2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// There is no record to judge by, or no domain.
    None,
    /// The domain says that it asserts nothing.
    Neutral,
    /// The client is authorized.
    Pass,
    /// The client is not authorized.
    Fail,
    /// The client is probably not authorized.
    SoftFail,
    /// The DNS could not be asked; a later check may do better.
    TempError,
    /// The domain's records are broken.
    PermError,
}

impl Verdict {
    /// All results.
    pub const ALL: [Self; 7] =
        [Self::None, Self::Neutral, Self::Pass, Self::Fail, Self::SoftFail, Self::TempError, Self::PermError];

    /// The word of RFC 7208 §9.1 and RFC 8601 §2.7.2.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }

    /// The result that a word stands for, in any case.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a check did not pass. `Display` gives one line for a person to read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Cause {
    /// The identity has no domain name that could be asked about: a host name of one label, an address literal,
    /// a broken name. (none)
    #[error("{text:?} is not a domain name that can be asked about: {error}")]
    Domain {
        /// What stands in the place of the domain.
        text: String,
        /// What is wrong with it.
        error: DomainError,
    },
    /// The domain does not exist. (none)
    #[error("{domain} does not exist")]
    NoSuchName {
        /// The domain.
        domain: Name,
    },
    /// The domain publishes no record. (none)
    #[error("{domain} has no SPF record")]
    NoRecord {
        /// The domain.
        domain: Name,
    },
    /// The caller trusts the client as a forwarder, so nothing was checked. (none)
    #[error("the client is a forwarder that local policy trusts")]
    TrustedForwarder,
    /// A directive matches, with another qualifier than pass. (fail, softfail, neutral)
    #[error("{0} matches")]
    Matched(Matched),
    /// No directive matches. (neutral)
    #[error("nothing in the record of {domain} matches")]
    NoMatch {
        /// Whose record was evaluated last.
        domain: Name,
    },
    /// A question could not be answered. (temperror)
    #[error("the DNS did not answer {0}")]
    Unavailable(Question),
    /// The caller's time was up. (temperror)
    #[error("the time for the check was up while waiting for {0}")]
    Deadline(Question),
    /// A domain publishes several records. (permerror)
    #[error("{domain} has {count} SPF records")]
    SeveralRecords {
        /// The domain.
        domain: Name,
        /// How many.
        count: usize,
    },
    /// A record breaks the grammar. (permerror)
    #[error("the record of {domain} is broken: {error}")]
    Syntax {
        /// Whose record.
        domain: Name,
        /// What is wrong with it, and where.
        error: RecordError,
    },
    /// An `include` or `redirect` leads to a domain without a record. (permerror)
    #[error("{term} leads to a domain without an SPF record")]
    TargetWithoutRecord {
        /// The term.
        term: Matched,
    },
    /// An `include` or `redirect` expands to what is no domain name. (permerror)
    #[error("{term} leads to what is no domain name: {error}")]
    TargetDomain {
        /// The term.
        term: Matched,
        /// What is wrong with it.
        error: DomainError,
    },
    /// More terms ask the DNS than allowed. (permerror)
    #[error("{term} is one more than the {limit} terms that may ask the DNS")]
    TooManyLookups {
        /// The limit.
        limit: usize,
        /// The term that was one too many.
        term: Matched,
    },
    /// More questions were answered with nothing than allowed. (permerror)
    #[error("{question} is one more than the {limit} questions that may be answered with nothing")]
    TooManyVoidLookups {
        /// The limit.
        limit: usize,
        /// The question that was one too many.
        question: Question,
    },
    /// An `mx` names more exchangers than allowed. (permerror)
    #[error("{term} leads to {count} mail exchangers, more than {limit}")]
    TooManyExchangers {
        /// The limit.
        limit: usize,
        /// How many there are.
        count: usize,
        /// The term.
        term: Matched,
    },
}

/// Why a text is no domain that check_host could ask about (RFC 7208 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DomainError {
    /// No domain name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An address literal (RFC 5321 §4.1.3), which is no domain name, though it may look like one.
    #[error("an address literal")]
    AddressLiteral,
    /// A domain name of one label.
    #[error("a domain name of a single label")]
    SingleLabel,
    /// The local part of the sender, which macros ask for, is not ASCII (RFC 8616 §4).
    #[error("the local part of the sender is not ASCII")]
    LocalPart,
    /// The macros expand to more than any name may have.
    #[error("macros expand to more than a name may have")]
    Expansion,
}
