//! What to do with a message, once everything is known.

use crate::report::Report;
use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};
use core::fmt;

/// What is done with a message. The order is that of severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Action {
    /// It is taken.
    #[default]
    Accept,
    /// It is taken, and treated as suspicious.
    Quarantine,
    /// It is refused for now; the client will come again.
    Defer,
    /// It is refused.
    Reject,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Accept => "accept",
            Self::Quarantine => "quarantine",
            Self::Defer => "defer",
            Self::Reject => "reject",
        })
    }
}

/// The receiver's judgement of what each finding comes to. Whatever DMARC passes, SPF is not held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Handling {
    /// A DMARC failure whose policy is to reject. Default: quarantine, because a receiver that knows nothing
    /// else of a message must not reject it for that alone (RFC 9989 §7.4). Choose reject where something else
    /// has been looked at.
    pub dmarc_reject: Action,
    /// A DMARC failure whose policy is to quarantine. Default: quarantine.
    pub dmarc_quarantine: Action,
    /// A message whose author cannot be told: no From field, several, or one that cannot be read. Default:
    /// quarantine; RFC 9989 §5.3.1 ends without a verdict.
    pub no_author: Action,
    /// SPF says that the client may not send for the MAIL FROM domain (RFC 7208 §8.4), and DMARC does not pass.
    /// Default: accept; DMARC is the domain's word on what its author's name may be used for.
    pub spf_fail: Action,
    /// The DNS failed DMARC. Default: accept; deferring is the other choice that RFC 9989 §5.3.5 leaves.
    pub dmarc_temporary: Action,
    /// The client has no name that leads back to it. Default: accept.
    pub iprev_fail: Action,
}

impl Default for Handling {
    fn default() -> Self {
        Self {
            dmarc_reject: Action::Quarantine,
            dmarc_quarantine: Action::Quarantine,
            no_author: Action::Quarantine,
            spf_fail: Action::Accept,
            dmarc_temporary: Action::Accept,
            iprev_fail: Action::Accept,
        }
    }
}

/// What to do with a message, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disposition {
    /// What to do.
    pub action: Action,
    /// The finding that decides, in words; `None` where nothing speaks against the message.
    pub reason: Option<String>,
    /// The lines of the SMTP reply, without line ends, where the message is refused.
    pub reply: Vec<String>,
}

impl Report {
    /// What to do with the message: the severest action that `handling` has for any finding.
    #[must_use]
    pub fn disposition(&self, handling: &Handling) -> Disposition {
        let findings =
            [self.dmarc_finding(handling), self.spf_finding(handling), self.iprev_finding(handling)];
        let mut worst = Disposition { action: Action::Accept, reason: None, reply: Vec::new() };
        for finding in findings.into_iter().flatten() {
            if finding.action > worst.action {
                worst = finding;
            }
        }
        worst
    }

    fn dmarc_finding(&self, handling: &Handling) -> Option<Disposition> {
        let report = &self.dmarc;
        let action = match (report.verdict, report.disposition) {
            (dmarc::Verdict::PermError, _) => handling.no_author,
            (dmarc::Verdict::TempError, _) => handling.dmarc_temporary,
            (dmarc::Verdict::Fail, dmarc::Disposition::Reject) => handling.dmarc_reject,
            (dmarc::Verdict::Fail, dmarc::Disposition::Quarantine) => handling.dmarc_quarantine,
            _ => return None,
        };
        let author = report.author.as_ref().map_or_else(|| "no author".to_string(), ToString::to_string);
        let reason = match &report.cause {
            Some(cause) => format!("DMARC {} for {author}: {cause}", report.verdict),
            None => format!("DMARC {} for {author}", report.verdict),
        };
        Some(refusal(action, Code { permanent: "5.7.1", temporary: "4.7.1" }, reason))
    }

    fn spf_finding(&self, handling: &Handling) -> Option<Disposition> {
        if self.mail_from.verdict != spf::Verdict::Fail || self.dmarc.verdict == dmarc::Verdict::Pass {
            return None;
        }
        let reason = format!("SPF fail for {}", self.mail_from.domain_text());
        let mut finding =
            refusal(handling.spf_fail, Code { permanent: "5.7.23", temporary: "4.7.24" }, reason);
        if finding.action == Action::Reject
            && let Some(lines) = self.mail_from.reply_lines()
        {
            // with the domain's own explanation
            finding.reply = lines;
        }
        Some(finding)
    }

    fn iprev_finding(&self, handling: &Handling) -> Option<Disposition> {
        let report = self.iprev.as_ref()?;
        let cause = report.cause?;
        let reason = format!("reverse DNS {} for {}: {cause}", report.verdict, report.address);
        Some(refusal(handling.iprev_fail, Code { permanent: "5.7.25", temporary: "4.7.25" }, reason))
    }
}

/// The enhanced status codes of a finding (RFC 3463, RFC 7372).
struct Code {
    permanent: &'static str,
    temporary: &'static str,
}

fn refusal(action: Action, code: Code, reason: String) -> Disposition {
    // the reason may quote a peer
    let text: String =
        reason.chars().map(|it| if it.is_ascii_graphic() || it == ' ' { it } else { '?' }).collect();
    let reply = match action {
        Action::Accept | Action::Quarantine => Vec::new(),
        Action::Defer => vec![format!("451 {} {text}", code.temporary)],
        Action::Reject => vec![format!("550 {} {text}", code.permanent)],
    };
    Disposition { action, reason: Some(reason), reply }
}
