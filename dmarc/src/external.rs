//! Whether reports may be sent to an address of another organization (RFC 9990 §4, and by reference RFC 9991
//! §5 for failure reports).
//!
//! Without this, anyone could have a victim flooded with reports. The host that is to get them publishes its
//! consent below its own name: for a policy at `blue.example.com` and reports to `red.example.net`, a record
//! at `blue.example.com._report._dmarc.red.example.net`.

use crate::{
    answers::{Answers, Pending, Stop},
    discovery::{self, Discovery},
    record::Record,
    uri::Uri,
};
use alloc::{string::String, vec::Vec};
use mail_base::{
    Inquiry, Name, Step,
    dns::{Answer, Question},
};

/// The labels between the policy's domain and the host (RFC 9990 §4 step 2).
const LABELS: &str = "_report._dmarc";

/// Which addresses of a record are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReportKind {
    /// Those for aggregate reports, `rua`.
    Aggregate,
    /// Those for failure reports, `ruf`.
    Failure,
}

/// Where reports for an address may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Destination {
    /// To the address: its host is of the same organization as the policy.
    Internal,
    /// To the address: its host consents.
    Verified,
    /// To these addresses instead, which the host wants in place of the address.
    Replaced(Vec<String>),
    /// Nowhere.
    Refused(Refusal),
    /// Nowhere for now: the DNS gave no answer about this name.
    Unavailable(Name),
    /// Nowhere for now: the caller's time was up.
    Expired,
}

/// Why no report may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The address names no host.
    NoHost,
    /// The name for the host's consent would be too long for the DNS.
    NameTooLong,
    /// The host does not consent.
    NoConsent,
    /// The host wants the reports to go to yet another host, so that neither may have them.
    OtherHost,
}

/// Finds out whether reports about the policy at `policy_domain` may go to an address of its record.
///
/// ```
/// use dmarc::{Destination, Discovery, Name, ReportKind, Uri, Zone, check_destination};
///
/// let zone = Zone::parse(r#"
///     _dmarc.blue.example.com. TXT "v=DMARC1; p=none; rua=mailto:reports@red.example.net"
///     blue.example.com._report._dmarc.red.example.net. TXT "v=DMARC1"
/// "#)?;
/// let policy_domain = Name::parse("blue.example.com").unwrap();
/// let uri = Uri::parse("mailto:reports@red.example.net").unwrap();
/// let step = check_destination(&policy_domain, uri, ReportKind::Aggregate, Discovery::TreeWalk);
/// assert_eq!(step.run(&zone), Destination::Verified);
/// # Ok::<(), mail_base::zone::ZoneError>(())
/// ```
pub fn check_destination<'d>(
    policy_domain: &Name,
    uri: Uri<'_>,
    kind: ReportKind,
    discovery: Discovery<'d>,
) -> Step<DestinationCheck<'d>> {
    let Some(host) = uri.domain() else {
        return Step::Done(Destination::Refused(Refusal::NoHost));
    };
    let facts = Facts { policy_domain: policy_domain.clone(), host, kind, discovery };
    DestinationCheck::go_on(facts, Answers::default())
}

#[derive(Clone, Debug)]
struct Facts<'d> {
    policy_domain: Name,
    host: Name,
    kind: ReportKind,
    discovery: Discovery<'d>,
}

impl Facts<'_> {
    /// Whether the two are of one organization.
    fn is_internal(&self, answers: &Answers) -> Result<bool, Stop> {
        if self.policy_domain == self.host {
            return Ok(true);
        }
        if self.policy_domain.labels().next_back() != self.host.labels().next_back() {
            return Ok(false);
        }
        let organization = discovery::organizational_domain(answers, self.discovery, &self.policy_domain)?;
        Ok(self.host.is_within(&organization)
            && discovery::organizational_domain(answers, self.discovery, &self.host)? == organization)
    }

    /// Judges the host's records (RFC 9990 §4 steps 6 to 9). There may be several; their `rua` or `ruf`, where
    /// they have any, are taken together.
    fn judge(&self, answer: &Answer, name: &Name) -> Destination {
        if matches!(answer, Answer::Unavailable) {
            return Destination::Unavailable(name.clone());
        }
        let records: Vec<Record> =
            answer.as_txt().iter().filter_map(|text| Record::from_txt(text.clone()).ok()).collect();
        if records.is_empty() {
            return Destination::Refused(Refusal::NoConsent);
        }
        let mut replacements = Vec::new();
        for record in &records {
            let uris = match self.kind {
                ReportKind::Aggregate => record.aggregate_reports(),
                ReportKind::Failure => record.failure_reports(),
            };
            for uri in uris.flatten() {
                if uri.domain().as_ref() != Some(&self.host) {
                    return Destination::Refused(Refusal::OtherHost);
                }
                replacements.push(String::from(uri.as_str()));
            }
        }
        if replacements.is_empty() { Destination::Verified } else { Destination::Replaced(replacements) }
    }
}

/// The check of a destination: a question to ask.
#[derive(Clone, Debug)]
pub struct DestinationCheck<'d> {
    facts: Facts<'d>,
    answers: Answers,
    wait: Wait,
}

#[derive(Clone, Debug)]
enum Wait {
    /// For a record on the way to an organizational domain.
    Walk(Pending),
    /// For the host's consent.
    Consent(Question),
}

impl<'d> DestinationCheck<'d> {
    fn go_on(facts: Facts<'d>, answers: Answers) -> Step<Self> {
        match facts.is_internal(&answers) {
            Ok(true) => return Step::Done(Destination::Internal),
            Ok(false) => {}
            Err(Stop::Ask(pending)) => {
                return Step::Ask(Self { facts, answers, wait: Wait::Walk(pending) });
            }
            Err(Stop::Unavailable(name)) => return Step::Done(Destination::Unavailable(name)),
        }
        let name = facts.host.prefixed(LABELS).and_then(|name| name.prefixed(facts.policy_domain.as_str()));
        match name {
            Ok(name) => Step::Ask(Self { facts, answers, wait: Wait::Consent(Question::txt(name)) }),
            Err(_) => Step::Done(Destination::Refused(Refusal::NameTooLong)),
        }
    }
}

impl Inquiry for DestinationCheck<'_> {
    type Outcome = Destination;

    fn question(&self) -> &Question {
        match &self.wait {
            Wait::Walk(pending) => &pending.question,
            Wait::Consent(question) => question,
        }
    }

    fn answer(mut self, answer: Answer) -> Step<Self> {
        match self.wait {
            Wait::Walk(pending) => {
                self.answers.file(pending, &answer);
                Self::go_on(self.facts, self.answers)
            }
            Wait::Consent(question) => Step::Done(self.facts.judge(&answer, &question.name)),
        }
    }

    fn expire(self) -> Destination {
        Destination::Expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};
    use mail_base::{Zone, zone::Recorder};

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn check(zone: &str, policy_domain: &str, uri: &str) -> (Destination, Vec<String>) {
        let zone = Recorder::new(Zone::parse(zone).unwrap());
        let uri = Uri::parse(uri).unwrap();
        let step = check_destination(&name(policy_domain), uri, ReportKind::Aggregate, Discovery::TreeWalk);
        let destination = step.run(&zone);
        (destination, zone.questions().iter().map(|question| question.name.to_string()).collect())
    }

    fn consent(texts: &str) -> Destination {
        let zone: String = texts
            .lines()
            .map(|text| format!("blue.example.com._report._dmarc.red.example.net. TXT \"{text}\"\n"))
            .collect();
        check(&zone, "blue.example.com", "mailto:r@red.example.net").0
    }

    #[test]
    fn the_same_organization_needs_no_consent() {
        let (destination, asked) = check("", "example.com", "mailto:r@example.com");
        assert_eq!((destination, asked.len()), (Destination::Internal, 0));
        let zone = "_dmarc.example.com. TXT \"v=DMARC1; p=none\"";
        let (destination, asked) = check(zone, "a.example.com", "mailto:r@b.example.com");
        assert_eq!(destination, Destination::Internal);
        assert_eq!(
            asked,
            ["_dmarc.a.example.com", "_dmarc.example.com", "_dmarc.com", "_dmarc.b.example.com"]
        );
    }

    #[test]
    fn another_host_must_consent() {
        let (destination, asked) = check("", "blue.example.com", "mailto:r@red.example.net");
        assert_eq!(destination, Destination::Refused(Refusal::NoConsent));
        assert_eq!(asked, ["blue.example.com._report._dmarc.red.example.net"]);
        assert_eq!(consent("v=DMARC1"), Destination::Verified);
        assert_eq!(
            consent("v=DMARC1;\nv=DMARC1; x=y\nother"),
            Destination::Verified,
            "several records are fine"
        );
        assert_eq!(consent("other"), Destination::Refused(Refusal::NoConsent));
        let wildcard = "*._report._dmarc.red.example.net. TXT \"v=DMARC1\"";
        assert_eq!(check(wildcard, "blue.example.com", "mailto:r@red.example.net").0, Destination::Verified);
    }

    #[test]
    fn the_host_may_name_another_address_of_its_own() {
        let replaced = Destination::Replaced(["mailto:s@red.example.net".to_string()].into());
        assert_eq!(consent("v=DMARC1; rua=mailto:s@red.example.net"), replaced);
        let other = Destination::Refused(Refusal::OtherHost);
        assert_eq!(consent("v=DMARC1; rua=mailto:s@green.example.net"), other);
        assert_eq!(consent("v=DMARC1; ruf=mailto:s@green.example.net"), Destination::Verified);
    }

    #[test]
    fn what_cannot_be_asked_is_refused_or_put_off() {
        let long = ["a"; 100].join(".");
        let (destination, _) = check("", &long, &format!("mailto:r@{}.example", ["b"; 60].join(".")));
        assert_eq!(destination, Destination::Refused(Refusal::NameTooLong));
        assert_eq!(check("", "example.com", "urn:x").0, Destination::Refused(Refusal::NoHost));
        let down = "x.com._report._dmarc.red.example.net. UNAVAILABLE";
        let (destination, asked) = check(down, "x.com", "mailto:r@red.example.net");
        assert_eq!(destination, Destination::Unavailable(name(&asked[0])));
        let (destination, _) = check("_dmarc.com. UNAVAILABLE", "a.com", "mailto:r@b.com");
        assert_eq!(destination, Destination::Unavailable(name("com")));
    }
}
