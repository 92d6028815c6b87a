//! The content of an aggregate report (RFC 9990 §3.1.1).

use super::error::Defect;
use crate::{
    discovery::Method,
    policy::{AlignmentMode, Policy},
    verdict::OverrideKind,
};
use alloc::{string::String, vec::Vec};
use core::{fmt, net::IpAddr};

/// An aggregate report.
///
/// The texts in it come from whoever sent it: escape them for where they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AggregateReport {
    /// The namespace of its elements.
    pub namespace: Namespace,
    /// The version, which must be `1.0` where there is one.
    pub version: Option<String>,
    /// Who sent it, and for which time.
    pub metadata: Metadata,
    /// The policy that was applied.
    pub policy: PolicyPublished,
    /// The messages, by source and result. The schema calls them `record`.
    pub rows: Vec<ReportRow>,
    /// Elements of extensions, and others that the schema does not have.
    pub extensions: Vec<Extension>,
    /// What was wrong with a report that was read.
    pub defects: Vec<Defect>,
    /// The `unique-id` of the [file name](Self::file_name) (RFC 9990 §3.5.2), where several servers report for one
    /// domain. The XML has no place for it: it is `None` in a report that was read.
    pub unique_id: Option<u128>,
}

/// The namespace of the elements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Namespace {
    /// `urn:ietf:params:xml:ns:dmarc-2.0` (RFC 9990).
    #[default]
    Dmarc2,
    /// `http://dmarc.org/dmarc-xml/0.1` (RFC 7489), or another version of it.
    Rfc7489,
    /// None, as most reports had it.
    Absent,
    /// Another one.
    Other(String),
}

/// Text for a person, and its language.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text {
    /// The text.
    pub text: String,
    /// The language, where it is told; it is English otherwise.
    pub lang: Option<String>,
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self { text: text.into(), lang: None }
    }
}

/// Who sent a report, and for which time (`report_metadata`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The name of the organization.
    pub org_name: String,
    /// Its address.
    pub email: String,
    /// More ways to reach it.
    pub extra_contact_info: Option<Text>,
    /// The identifier, unique among the reports to a domain.
    pub report_id: String,
    /// The first second, since 1970.
    pub begin: u64,
    /// The last second.
    pub end: u64,
    /// What was wrong with the policy record.
    pub errors: Vec<Text>,
    /// The program that made the report.
    pub generator: Option<String>,
}

/// The policy that was applied (`policy_published`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyPublished {
    /// The domain at which the record was found.
    pub domain: String,
    /// How it was looked for.
    pub discovery_method: Option<Method>,
    /// `p`
    pub p: Option<Policy>,
    /// `sp`
    pub sp: Option<Policy>,
    /// `np`
    pub np: Option<Policy>,
    /// `adkim`
    pub adkim: Option<AlignmentMode>,
    /// `aspf`
    pub aspf: Option<AlignmentMode>,
    /// `fo`
    pub fo: Option<String>,
    /// `t`
    pub testing: Option<bool>,
    /// `pct` of RFC 7489. It is read, and not written.
    pub pct: Option<u8>,
}

/// Messages from one source with one result (`record`).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportRow {
    /// The address of the client; `None` where the report had none that can be read.
    pub source_ip: Option<IpAddr>,
    /// How many messages.
    pub count: u64,
    /// What was done with them.
    pub disposition: RowDisposition,
    /// Whether a DKIM signature passed and was aligned.
    pub dkim_aligned: bool,
    /// Whether SPF passed and was aligned.
    pub spf_aligned: bool,
    /// Why the disposition is not what was published.
    pub reasons: Vec<Reason>,
    /// The author's domain.
    pub header_from: String,
    /// The domain of MAIL FROM; empty where the reverse path was.
    pub envelope_from: Option<String>,
    /// The domain of RCPT TO.
    pub envelope_to: Option<String>,
    /// What DKIM said, whether aligned or not.
    pub dkim: Vec<DkimResult>,
    /// What SPF said, whether aligned or not: one result, or none; reports of old may have more.
    pub spf: Vec<SpfResult>,
}

/// What was done with messages (`disposition`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RowDisposition {
    /// Nothing.
    #[default]
    None,
    /// Nothing, because they passed where the policy would have been enforced.
    Pass,
    /// They were marked as suspicious.
    Quarantine,
    /// They were refused.
    Reject,
}

/// A reason, with words for a person (`reason`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason {
    /// The kind.
    pub kind: ReasonKind,
    /// More about it.
    pub comment: Option<Text>,
}

/// A kind of reason: those of RFC 9990, and those that it dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReasonKind {
    /// One of RFC 9990.
    Override(OverrideKind),
    /// `forwarded` of RFC 7489.
    Forwarded,
    /// `sampled_out` of RFC 7489: `pct` had it.
    SampledOut,
}

/// A result of DKIM or SPF (RFC 8601 §2.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AuthResult {
    /// Not done.
    #[default]
    None,
    /// Passed.
    Pass,
    /// Failed.
    Fail,
    /// Failed, weakly; SPF alone has it.
    SoftFail,
    /// Not acceptable by local policy.
    Policy,
    /// Nothing can be said.
    Neutral,
    /// The DNS failed.
    TempError,
    /// Broken.
    PermError,
}

/// The result of a DKIM signature (`dkim`).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DkimResult {
    /// `d=`
    pub domain: String,
    /// `s=`; RFC 7489 let it be absent.
    pub selector: Option<String>,
    /// The result.
    pub result: AuthResult,
    /// More about it.
    pub human_result: Option<Text>,
}

/// The result of SPF (`spf`).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpfResult {
    /// The domain that was checked.
    pub domain: String,
    /// Of which identity it is.
    pub scope: Option<SpfScope>,
    /// The result.
    pub result: AuthResult,
    /// More about it.
    pub human_result: Option<Text>,
}

/// An identity of SPF.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SpfScope {
    /// MAIL FROM, the one that DMARC uses.
    MailFrom,
    /// HELO, in reports of RFC 7489.
    Helo,
}

/// An element that the schema does not have, or that belongs to an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its name, with the prefix of its namespace.
    pub name: String,
    /// All of it, as it stands in the report.
    pub xml: String,
    /// The row in which it stands; `None` where it stands outside of all.
    pub row: Option<usize>,
}

impl RowDisposition {
    /// The word of the schema.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Pass, Self::Quarantine, Self::Reject]
            .into_iter()
            .find(|one| text.eq_ignore_ascii_case(one.as_str()))
    }
}

impl ReasonKind {
    /// The word of the schema, or of that of RFC 7489.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Override(kind) => kind.as_str(),
            Self::Forwarded => "forwarded",
            Self::SampledOut => "sampled_out",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [
            Self::Override(OverrideKind::LocalPolicy),
            Self::Override(OverrideKind::MailingList),
            Self::Override(OverrideKind::Other),
            Self::Override(OverrideKind::PolicyTestMode),
            Self::Override(OverrideKind::TrustedForwarder),
            Self::Forwarded,
            Self::SampledOut,
        ]
        .into_iter()
        .find(|one| text.eq_ignore_ascii_case(one.as_str()))
    }
}

impl AuthResult {
    /// The word of the schema.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Policy => "policy",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [
            Self::Pass,
            Self::Fail,
            Self::None,
            Self::SoftFail,
            Self::Policy,
            Self::Neutral,
            Self::TempError,
            Self::PermError,
        ]
        .into_iter()
        .find(|one| text.eq_ignore_ascii_case(one.as_str()))
    }

    /// Words that senders wrote for results: those that RFC 7489 (Appendix C) calls commonly implemented, and
    /// `hardfail` of RFC 5451 §2.4.2.
    pub(super) fn parse_old(text: &str) -> Option<Self> {
        let words = [("hardfail", Self::Fail), ("unknown", Self::TempError), ("error", Self::PermError)];
        words.into_iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, result)| result)
    }
}

impl SpfScope {
    /// The word of the schema, or of that of RFC 7489.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MailFrom => "mfrom",
            Self::Helo => "helo",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::MailFrom, Self::Helo].into_iter().find(|one| text.eq_ignore_ascii_case(one.as_str()))
    }
}

impl fmt::Display for RowDisposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for ReasonKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for AuthResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl ReportRow {
    /// Whether the messages passed DMARC.
    #[must_use]
    pub fn is_pass(&self) -> bool {
        self.dkim_aligned || self.spf_aligned
    }
}
