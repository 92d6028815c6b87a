//! What comes out of an evaluation.

use crate::{
    discovery::{Method, Place},
    error::AuthorError,
    policy::{AlignmentMode, Policy},
    record::Record,
    request::Identifier,
};
use alloc::{format, string::String, vec::Vec};
use core::fmt;
use mail_base::Name;

/// The result of DMARC (RFC 9989 §9.2), as the word that Authentication-Results has for it (RFC 8601 §2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// An authenticated domain is aligned with the author's.
    Pass,
    /// There is a record, and no authenticated domain is aligned.
    Fail,
    /// No record applies.
    None,
    /// The DNS could not be asked; a later attempt may go better.
    TempError,
    /// The message cannot be evaluated: its author cannot be told.
    PermError,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::None => "none",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        })
    }
}

/// What DMARC would have done with the message. The order is that of strictness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// Nothing: it is handled as if there were no DMARC.
    #[default]
    None,
    /// It is treated as suspicious.
    Quarantine,
    /// It is refused.
    Reject,
}

impl From<Policy> for Disposition {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::None => Self::None,
            Policy::Quarantine => Self::Quarantine,
            Policy::Reject => Self::Reject,
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        })
    }
}

/// The mechanisms under DMARC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// RFC 7208, the MAIL FROM identity.
    Spf,
    /// RFC 6376.
    Dkim,
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Spf => "SPF",
            Self::Dkim => "DKIM",
        })
    }
}

/// An authenticated domain that is aligned with the author's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Aligned {
    /// The domain for which SPF or a DKIM signature passed.
    pub domain: Name,
    /// [`Strict`](AlignmentMode::Strict) where it is the author's domain itself, whatever mode was asked for;
    /// [`Relaxed`](AlignmentMode::Relaxed) where the two have the same organizational domain.
    pub how: AlignmentMode,
}

impl fmt::Display for Aligned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.domain, self.how)
    }
}

/// Which authenticated domains are aligned, by mechanism.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alignment {
    /// By SPF.
    pub spf: Option<Aligned>,
    /// By DKIM: the first signature that is aligned strictly, or else the first that is at all.
    pub dkim: Option<Aligned>,
    /// Whether everything was looked at. Where it was not, a `None` above may stand for a domain that nobody
    /// needed to ask about, because the other mechanism had decided; see
    /// [`LocalPolicy::every_alignment`](crate::LocalPolicy::every_alignment).
    pub is_complete: bool,
}

impl Alignment {
    /// Whether any domain is aligned.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.spf.is_some() || self.dkim.is_some()
    }

    /// What a mechanism gave.
    #[must_use]
    pub fn of(&self, mechanism: Mechanism) -> Option<&Aligned> {
        match mechanism {
            Mechanism::Spf => self.spf.as_ref(),
            Mechanism::Dkim => self.dkim.as_ref(),
        }
    }

    /// Notes that a domain is aligned, unless its mechanism has one already.
    pub(crate) fn set(&mut self, identifier: &Identifier, how: AlignmentMode) {
        let slot = match identifier.mechanism {
            Mechanism::Spf => &mut self.spf,
            Mechanism::Dkim => &mut self.dkim,
        };
        if slot.is_none() {
            *slot = Some(Aligned { domain: identifier.domain.clone(), how });
        }
    }
}

/// Why a disposition is not what was published (RFC 9990 §3.1.6, "policy override reason").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum OverrideKind {
    /// The receiver's own policy.
    LocalPolicy,
    /// The message came by a mailing list.
    MailingList,
    /// Anything else; the comment says what.
    Other,
    /// The domain owner is testing the policy (`t=y`).
    PolicyTestMode,
    /// The message came from a forwarder that is trusted.
    TrustedForwarder,
}

impl OverrideKind {
    /// The word that an aggregate report has for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LocalPolicy => "local_policy",
            Self::MailingList => "mailing_list",
            Self::Other => "other",
            Self::PolicyTestMode => "policy_test_mode",
            Self::TrustedForwarder => "trusted_forwarder",
        }
    }
}

impl fmt::Display for OverrideKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A reason, with words for a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Override {
    /// The kind.
    pub kind: OverrideKind,
    /// More about it.
    pub comment: Option<String>,
}

impl Override {
    /// A reason without a comment.
    #[must_use]
    pub fn new(kind: OverrideKind) -> Self {
        Self { kind, comment: None }
    }

    /// The same with a comment.
    #[must_use]
    pub fn with_comment(self, comment: impl Into<String>) -> Self {
        Self { comment: Some(comment.into()), ..self }
    }
}

/// Why a verdict is not pass.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Nothing is published for the author's domain.
    NoRecord,
    /// More than one record at this domain, so that none of them counts (RFC 9989 §4.10 step 2), and no other
    /// applies.
    SeveralRecords(Name),
    /// The record at this domain has no valid policy and no address for reports (RFC 9989 §4.10.1).
    NotApplicable(Name),
    /// Neither SPF nor DKIM passed for any domain.
    NotAuthenticated,
    /// What passed is not aligned with the author's domain.
    NotAligned,
    /// More domains passed than [`Limits::identifiers`](crate::Limits::identifiers) allows to look at, and
    /// none of those looked at is aligned.
    TooManyIdentifiers {
        /// The limit.
        limit: usize,
    },
    /// The DNS gave no answer about this name.
    Unavailable(Name),
    /// The caller's time was up.
    Expired,
    /// The author cannot be told.
    Author(AuthorError),
    /// The message has authors of several domains, which
    /// [`SeveralAuthors::Refuse`](crate::SeveralAuthors::Refuse) does not have.
    SeveralAuthors {
        /// How many.
        count: usize,
    },
    /// The message has authors of more domains than [`Limits::authors`](crate::Limits::authors).
    TooManyAuthors {
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRecord => f.write_str("no DMARC record is published for the author's domain"),
            Self::SeveralRecords(at) => write!(f, "more than one DMARC record at {at}"),
            Self::NotApplicable(at) => {
                write!(f, "the DMARC record at {at} has no valid policy and no address for reports")
            }
            Self::NotAuthenticated => f.write_str("neither SPF nor DKIM passed"),
            Self::NotAligned => f.write_str("no domain that passed is aligned with the author's"),
            Self::TooManyIdentifiers { limit } => {
                write!(f, "more than {limit} domains passed, and none looked at is aligned with the author's")
            }
            Self::Unavailable(name) => write!(f, "the DNS gave no answer about {name}"),
            Self::Expired => f.write_str("the time for DMARC was up"),
            Self::Author(error) => write!(f, "the author cannot be told: {error}"),
            Self::SeveralAuthors { count } => write!(f, "the From field names {count} domains"),
            Self::TooManyAuthors { limit } => write!(f, "the From field names more than {limit} domains"),
        }
    }
}

/// An SMTP reply, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reply {
    /// The reply code (RFC 5321 §4.2).
    pub code: u16,
    /// The enhanced status code (RFC 3463).
    pub enhanced: (u8, u16, u16),
    /// Text, in one line.
    pub text: String,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (class, subject, detail) = self.enhanced;
        write!(f, "{} {class}.{subject}.{detail} {}", self.code, self.text)
    }
}

/// The evaluation of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// What is asked to be done with the message, after test mode and the receiver's
    /// [`LocalPolicy`](crate::LocalPolicy). Only a fail has one other than `None`, and a message that is
    /// refused for its many authors.
    pub disposition: Disposition,
    /// Why the verdict is not pass.
    pub cause: Option<Cause>,
    /// The author's domain that decided; `None` where it cannot be told. [`record_at`](Self::record_at) and
    /// [`organizational_domain`](Self::organizational_domain) need it.
    pub author: Option<Name>,
    /// Which authenticated domains are aligned.
    pub alignment: Alignment,
    /// The policy that is published for the author's domain: of `p`, `sp` and `np` the one that applies,
    /// before test mode. Whether the author's domain exists is asked only for mail that fails; for other mail
    /// `np` is not considered.
    pub policy: Option<Policy>,
    /// The record that applies.
    pub record: Option<Record>,
    /// Beside the author's: see [`record_at`](Self::record_at).
    pub(crate) record_at: Place,
    /// Beside the author's: see [`organizational_domain`](Self::organizational_domain).
    pub(crate) organizational_domain: Place,
    /// How records and organizational domains were looked for.
    pub method: Method,
    /// Why the disposition is not what was published.
    pub overrides: Vec<Override>,
    /// How many questions were asked of the DNS.
    pub questions: usize,
    /// The reports of the other author domains, where there are several: this one is the strictest.
    pub others: Vec<Report>,
}

impl Report {
    /// The report of a message of which nothing is known yet.
    pub(crate) fn new(method: Method) -> Self {
        Self {
            verdict: Verdict::None,
            disposition: Disposition::None,
            cause: None,
            author: None,
            alignment: Alignment::default(),
            policy: None,
            record: None,
            record_at: Place::Unknown,
            organizational_domain: Place::Unknown,
            method,
            overrides: Vec::new(),
            questions: 0,
            others: Vec::new(),
        }
    }

    /// Sets a verdict other than pass.
    pub(crate) fn decide(&mut self, verdict: Verdict, cause: Cause) {
        self.verdict = verdict;
        self.cause = Some(cause);
    }

    /// The report of a message whose author cannot be told: a permanent error.
    #[must_use]
    pub fn without_author(error: AuthorError) -> Self {
        let mut report = Self::new(Method::TreeWalk);
        report.decide(Verdict::PermError, Cause::Author(error));
        report
    }

    /// The domain at which the record that applies was found.
    #[must_use]
    pub fn record_at(&self) -> Option<&Name> {
        self.record_at.name(self.author.as_ref()?)
    }

    /// The organizational domain of the author's, where it had to be known.
    #[must_use]
    pub fn organizational_domain(&self) -> Option<&Name> {
        self.organizational_domain.name(self.author.as_ref()?)
    }

    /// The same with another disposition, because the receiver knows better; the reason goes into aggregate
    /// reports (RFC 9989 §5.4).
    #[must_use]
    pub fn overridden(mut self, disposition: Disposition, reason: Override) -> Self {
        self.disposition = disposition;
        self.overrides.push(reason);
        self
    }

    /// The reply to a message that is refused for this report (RFC 9989 §7.2): `550 5.7.1` where the
    /// disposition is to reject, or where the author cannot be told and the receiver will not have such mail;
    /// `451 4.7.1` where the DNS failed and the receiver would rather defer the message than take it without a
    /// verdict. `None` where there is nothing to refuse.
    #[must_use]
    pub fn reply(&self) -> Option<Reply> {
        let cause = self.cause.as_ref();
        let (code, class, text) = match (self.verdict, self.disposition, &self.author, cause) {
            (Verdict::PermError, _, _, Some(cause)) => (550, 5, format!("Email rejected: {cause}")),
            (Verdict::TempError, _, _, Some(cause)) => {
                (451, 4, format!("DMARC cannot be evaluated: {cause}"))
            }
            (_, Disposition::Reject, Some(author), _) => {
                (550, 5, format!("Email rejected per DMARC policy for {author}"))
            }
            _ => return None,
        };
        Some(Reply { code, enhanced: (class, 7, 1), text })
    }
}
