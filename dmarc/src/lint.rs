//! Advice to the one who publishes a record: what works, but not as it seems.
//!
//! What is wrong by the grammar is in it too ([`Advice::Fault`]). What only the publisher knows, the domain,
//! how long the policy has been in place, which receivers of reports have given their consent, is told by
//! [`About`].
//!
//! ```
//! use dmarc::{Name, Record, lint::{About, Advice, lint}};
//!
//! let record = Record::parse("v=DMARC1; p=reject; sp=none; rua=mailto:d@reports.example; pct=100")?;
//! let advice = lint(&record, &About::default().with_domain(Name::parse("example.com").unwrap()));
//! let lines: Vec<String> = advice.iter().map(ToString::to_string).collect();
//! assert_eq!(lines, [
//!     "sp=none is weaker than p=reject: a forger takes a subdomain",
//!     "\"pct\" is historic and changes nothing (RFC 9989)",
//!     "reports go to reports.example, which must publish its consent at example.com._report._dmarc.reports.example",
//! ]);
//! # Ok::<(), dmarc::error::RecordError>(())
//! ```

use crate::{error::Fault, policy::Policy, record::Record, tag::Tag};
use alloc::vec::Vec;
use core::fmt;
use mail_base::{Name, tags::Tags};

/// The days after which `p=none` is [`Advice::StillMonitoring`]. RFC 9989 §7.4 has a month of it, and as much
/// of quarantine, before a domain rejects.
pub const MONITORING_DAYS: u32 = 60;

/// What is known of a record besides its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// The domain at which it stands.
    pub domain: Option<Name>,
    /// For how many days its policy has been `none`.
    pub monitoring_days: Option<u32>,
    /// Hosts that are known to take reports for the domain, or not to, as
    /// [`check_destination`](crate::check_destination) finds out.
    pub hosts: Vec<(Name, bool)>,
}

impl About {
    /// The same at this domain.
    #[must_use]
    pub fn with_domain(self, domain: Name) -> Self {
        Self { domain: Some(domain), ..self }
    }

    /// The same with `p=none` for so many days.
    #[must_use]
    pub fn with_monitoring_days(self, days: u32) -> Self {
        Self { monitoring_days: Some(days), ..self }
    }

    /// The same with a host that is known to take reports for the domain, or not to.
    #[must_use]
    pub fn with_host(mut self, host: Name, consents: bool) -> Self {
        self.hosts.push((host, consents));
        self
    }
}

/// One piece of advice; its `Display` is a line for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// A piece of the record is not valid and is left out.
    Fault(Fault),
    /// No policy applies at all: `p`, `sp` or `np` is missing or not valid, and no report can be sent either
    /// (RFC 9989 §4.10.1).
    NotApplied,
    /// The policy is taken for `none`, because `p`, `sp` or `np` is missing or not valid.
    TakenForNone,
    /// No aggregate reports are asked for, so that nobody will see what the policy does.
    NoAggregateReports,
    /// `p=none` has been there for so many days.
    StillMonitoring {
        /// How many.
        days: u32,
    },
    /// `sp` or `np` is weaker than `p`.
    Weaker {
        /// Which of the two.
        tag: Tag,
        /// Its policy.
        policy: Policy,
        /// The domain's.
        domain: Policy,
    },
    /// `t=y` lowers the policies, or changes nothing where all are `none`.
    TestMode,
    /// A tag that RFC 9989 calls historic.
    Historic(Tag),
    /// `fo` without `ruf` is ignored.
    OptionsWithoutAddress,
    /// Reports to this host need its consent.
    NeedsConsent(Name),
    /// This host does not consent, so that no report is sent there.
    NoConsent(Name),
}

impl Advice {
    /// The name at which a host must publish its consent (RFC 9990 §4).
    fn consent_name(domain: &Name, host: &Name) -> Option<Name> {
        host.prefixed("_report._dmarc").ok()?.prefixed(domain.as_str()).ok()
    }
}

/// Gives advice about a record.
#[must_use]
pub fn lint(record: &Record, about: &About) -> Vec<Located> {
    let mut advice: Vec<Located> =
        record.faults().into_iter().map(|fault| Located::new(Advice::Fault(fault), Some(fault.at))).collect();
    let mut add = |one: Advice, tag: Option<Tag>| {
        let at = tag.and_then(|tag| place_of(record, tag));
        advice.push(Located { domain: about.domain.clone(), ..Located::new(one, at) });
    };
    match (record.policies(), record.policy()) {
        (None, _) => add(Advice::NotApplied, None),
        (Some(policies), policy) if policy != Some(policies.domain) => {
            add(Advice::TakenForNone, Some(Tag::P))
        }
        (Some(policies), _) => {
            for (tag, policy) in [(Tag::Sp, policies.subdomains), (Tag::Np, policies.non_existent)] {
                if record.has(tag) && policy < policies.domain {
                    add(Advice::Weaker { tag, policy, domain: policies.domain }, Some(tag));
                }
            }
            let days = about.monitoring_days.filter(|days| *days > MONITORING_DAYS);
            if let Some(days) = days.filter(|_| policies.domain == Policy::None) {
                add(Advice::StillMonitoring { days }, Some(Tag::P));
            }
        }
    }
    if record.aggregate_reports().flatten().next().is_none() {
        add(Advice::NoAggregateReports, Some(Tag::Rua));
    }
    if record.is_test() {
        add(Advice::TestMode, Some(Tag::T));
    }
    if record.has(Tag::Fo) && !record.has(Tag::Ruf) {
        add(Advice::OptionsWithoutAddress, Some(Tag::Fo));
    }
    for tag in [Tag::Pct, Tag::Rf, Tag::Ri].into_iter().filter(|tag| record.has(*tag)) {
        add(Advice::Historic(tag), Some(tag));
    }
    for (tag, host) in foreign_hosts(record, about) {
        match about.hosts.iter().find(|(known, _)| *known == host) {
            Some((_, true)) => {}
            Some((_, false)) => add(Advice::NoConsent(host), Some(tag)),
            None => add(Advice::NeedsConsent(host), Some(tag)),
        }
    }
    advice
}

/// The hosts, each once, that may belong to another organization: neither below the domain nor above it.
fn foreign_hosts(record: &Record, about: &About) -> Vec<(Tag, Name)> {
    let mut hosts: Vec<(Tag, Name)> = Vec::new();
    let lists = [(Tag::Rua, record.aggregate_reports()), (Tag::Ruf, record.failure_reports())];
    for (tag, host) in lists
        .into_iter()
        .flat_map(|(tag, uris)| uris.flatten().filter_map(move |uri| Some((tag, uri.domain()?))))
    {
        let is_own =
            about.domain.as_ref().is_some_and(|domain| host.is_within(domain) || domain.is_within(&host));
        if !is_own && !hosts.iter().any(|(_, known)| *known == host) {
            hosts.push((tag, host));
        }
    }
    hosts
}

fn place_of(record: &Record, tag: Tag) -> Option<usize> {
    Tags::new(record.text()).flatten().find(|one| Tag::of(one.name) == Some(tag)).map(|one| one.at)
}

/// Advice with the place in the record that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Located {
    /// The advice.
    pub advice: Advice,
    /// The offset of the tag; `None` where it is about something that is missing.
    pub at: Option<usize>,
    /// The domain of the record, for the text.
    domain: Option<Name>,
}

impl Located {
    fn new(advice: Advice, at: Option<usize>) -> Self {
        Self { advice, at, domain: None }
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.advice {
            Advice::Fault(fault) => write!(f, "{fault}, and is left out"),
            Advice::NotApplied => {
                f.write_str("receivers apply no DMARC: a policy is missing or not valid, and so is rua")
            }
            Advice::TakenForNone => {
                f.write_str("receivers take this for p=none: a policy is missing or not valid")
            }
            Advice::NoAggregateReports => f.write_str("without rua, nobody sees what the policy does"),
            Advice::StillMonitoring { days } => {
                write!(f, "p=none for {days} days: it has no effect on forged mail")
            }
            Advice::Weaker { tag, policy, domain } => {
                write!(f, "{tag}={policy} is weaker than p={domain}: a forger takes a subdomain")
            }
            Advice::TestMode => f.write_str("t=y: every policy is applied one level lower"),
            Advice::Historic(tag) => write!(f, "\"{tag}\" is historic and changes nothing (RFC 9989)"),
            Advice::OptionsWithoutAddress => f.write_str("fo without ruf is ignored"),
            Advice::NeedsConsent(host) => {
                write!(f, "reports go to {host}, which must publish its consent")?;
                match self.domain.as_ref().and_then(|domain| Advice::consent_name(domain, host)) {
                    Some(name) => write!(f, " at {name}"),
                    None => Ok(()),
                }
            }
            Advice::NoConsent(host) => write!(f, "{host} does not consent to reports: none is sent there"),
        }
    }
}
