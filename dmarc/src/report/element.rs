//! The elements of an aggregate report, and which stands in which (RFC 9990 §3.1.1), those of RFC 7489 included.

/// Declares the elements, and tells them from and by their names.
macro_rules! elements {
    ($($element:ident = $name:literal,)*) => {
        /// The elements of the schema.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Element {
            $($element,)*
        }

        impl Element {
            /// The element of this name, without the prefix of its namespace.
            pub(super) fn named(name: &str) -> Option<Self> {
                Some(match name {
                    $($name => Self::$element,)*
                    _ => return None,
                })
            }

            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Self::$element => $name,)*
                }
            }
        }
    };
}

elements! {
    Feedback = "feedback",
    Version = "version",
    Metadata = "report_metadata",
    OrgName = "org_name",
    Email = "email",
    ExtraContactInfo = "extra_contact_info",
    ReportId = "report_id",
    DateRange = "date_range",
    Begin = "begin",
    End = "end",
    Error = "error",
    Generator = "generator",
    PolicyPublished = "policy_published",
    Domain = "domain",
    DiscoveryMethod = "discovery_method",
    P = "p",
    Sp = "sp",
    Np = "np",
    Fo = "fo",
    Adkim = "adkim",
    Aspf = "aspf",
    Testing = "testing",
    Pct = "pct",
    Extension = "extension",
    Record = "record",
    Row = "row",
    SourceIp = "source_ip",
    Count = "count",
    PolicyEvaluated = "policy_evaluated",
    Disposition = "disposition",
    Reason = "reason",
    Type = "type",
    Comment = "comment",
    Identifiers = "identifiers",
    HeaderFrom = "header_from",
    EnvelopeFrom = "envelope_from",
    EnvelopeTo = "envelope_to",
    AuthResults = "auth_results",
    Dkim = "dkim",
    Spf = "spf",
    Selector = "selector",
    Result = "result",
    HumanResult = "human_result",
    Scope = "scope",
}

impl Element {
    /// A bit of its own, for a set of elements: there are fewer than 64.
    pub(super) fn bit(self) -> u64 {
        1_u64.wrapping_shl(self as u32)
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
