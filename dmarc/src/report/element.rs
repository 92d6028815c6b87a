//! The elements of an aggregate report, and which stands in which (RFC 9990 §3.1.1), those of RFC 7489 included.

/// The elements of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    Feedback,
    Version,
    Metadata,
    OrgName,
    Email,
    ExtraContactInfo,
    ReportId,
    DateRange,
    Begin,
    End,
    Error,
    Generator,
    PolicyPublished,
    Domain,
    DiscoveryMethod,
    P,
    Sp,
    Np,
    Fo,
    Adkim,
    Aspf,
    Testing,
    Pct,
    Extension,
    Record,
    Row,
    SourceIp,
    Count,
    PolicyEvaluated,
    Disposition,
    Reason,
    Type,
    Comment,
    Identifiers,
    HeaderFrom,
    EnvelopeFrom,
    EnvelopeTo,
    AuthResults,
    Dkim,
    Spf,
    Selector,
    Result,
    HumanResult,
    Scope,
}

impl Element {
    /// The element of this name, without the prefix of its namespace.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "feedback" => Self::Feedback,
            "version" => Self::Version,
            "report_metadata" => Self::Metadata,
            "org_name" => Self::OrgName,
            "email" => Self::Email,
            "extra_contact_info" => Self::ExtraContactInfo,
            "report_id" => Self::ReportId,
            "date_range" => Self::DateRange,
            "begin" => Self::Begin,
            "end" => Self::End,
            "error" => Self::Error,
            "generator" => Self::Generator,
            "policy_published" => Self::PolicyPublished,
            "domain" => Self::Domain,
            "discovery_method" => Self::DiscoveryMethod,
            "p" => Self::P,
            "sp" => Self::Sp,
            "np" => Self::Np,
            "fo" => Self::Fo,
            "adkim" => Self::Adkim,
            "aspf" => Self::Aspf,
            "testing" => Self::Testing,
            "pct" => Self::Pct,
            "extension" => Self::Extension,
            "record" => Self::Record,
            "row" => Self::Row,
            "source_ip" => Self::SourceIp,
            "count" => Self::Count,
            "policy_evaluated" => Self::PolicyEvaluated,
            "disposition" => Self::Disposition,
            "reason" => Self::Reason,
            "type" => Self::Type,
            "comment" => Self::Comment,
            "identifiers" => Self::Identifiers,
            "header_from" => Self::HeaderFrom,
            "envelope_from" => Self::EnvelopeFrom,
            "envelope_to" => Self::EnvelopeTo,
            "auth_results" => Self::AuthResults,
            "dkim" => Self::Dkim,
            "spf" => Self::Spf,
            "selector" => Self::Selector,
            "result" => Self::Result,
            "human_result" => Self::HumanResult,
            "scope" => Self::Scope,
            _ => return None,
        })
    }

    /// Whether elements stand in it, and it has its name in one place only.
    pub(super) fn is_container(self) -> bool {
        matches!(
            self,
            Self::Feedback
                | Self::Metadata
                | Self::DateRange
                | Self::PolicyPublished
                | Self::Extension
                | Self::Record
                | Self::Row
                | Self::PolicyEvaluated
                | Self::Identifiers
                | Self::AuthResults
                | Self::Reason
        )
    }

    /// Whether the schema has the element in this parent; `None` is outside of all.
    pub(super) fn belongs_in(self, parent: Option<Self>) -> bool {
        use Element as E;
        let Some(parent) = parent else {
            // a report whose root is missing can still be read
            return matches!(self, E::Feedback | E::Metadata | E::PolicyPublished | E::Record);
        };
        match parent {
            E::Feedback => {
                matches!(self, E::Version | E::Metadata | E::PolicyPublished | E::Extension | E::Record)
            }
            E::Metadata => matches!(
                self,
                E::OrgName
                    | E::Email
                    | E::ExtraContactInfo
                    | E::ReportId
                    | E::DateRange
                    | E::Error
                    | E::Generator
            ),
            E::DateRange => matches!(self, E::Begin | E::End),
            E::PolicyPublished => matches!(
                self,
                E::Domain
                    | E::DiscoveryMethod
                    | E::P
                    | E::Sp
                    | E::Np
                    | E::Fo
                    | E::Adkim
                    | E::Aspf
                    | E::Testing
                    | E::Pct
            ),
            E::Record => matches!(self, E::Row | E::Identifiers | E::AuthResults),
            E::Row => matches!(self, E::SourceIp | E::Count | E::PolicyEvaluated),
            E::PolicyEvaluated => matches!(self, E::Disposition | E::Dkim | E::Spf | E::Reason),
            E::Reason => matches!(self, E::Type | E::Comment),
            E::Identifiers => matches!(self, E::HeaderFrom | E::EnvelopeFrom | E::EnvelopeTo),
            E::AuthResults => matches!(self, E::Dkim | E::Spf),
            E::Dkim => matches!(self, E::Domain | E::Selector | E::Result | E::HumanResult),
            E::Spf => matches!(self, E::Domain | E::Scope | E::Result | E::HumanResult),
            _ => false,
        }
    }
}
