//! What other servers send is authenticated: SPF, DKIM, DMARC and reverse DNS, and the field that says so.

use crate::Failure;
use auth_results::{Action, Envelope, Evidence, Handling, Inbound, Policy, Report, Zone, fields_to_remove};
use hickory::Resolver;
use smtp_proto::{Code, Reply};
use std::{fs, time::Duration};
use tokio::time::timeout;

/// What the DNS may take, all questions together.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who answers questions about names.
pub(crate) enum Dns {
    Zone(Zone),
    System(Box<Resolver>),
}

impl Dns {
    /// A zone file, or else the name servers of the system.
    pub(crate) fn new(zone: Option<&str>) -> Result<Self, Failure> {
        let Some(path) = zone else { return Ok(Self::System(Box::new(Resolver::from_system()?))) };
        let text = fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        Ok(Self::Zone(Zone::parse(&text).map_err(|error| format!("{path}: {error}"))?))
    }

    async fn report(&self, evidence: Evidence<'_>) -> Option<Report> {
        match self {
            Self::Zone(zone) => Some(evidence.run_async(zone).await),
            Self::System(resolver) => timeout(PATIENCE, evidence.run_async(resolver.as_ref())).await.ok(),
        }
    }
}

/// A message to be kept as it is here, or the reply that refuses it.
pub(crate) type Checked = Result<Vec<u8>, Reply<'static>>;

/// Authenticates a message. `host` is the name in the field on top; fields that another has put there under that
/// name are taken out (RFC 8601 §5).
pub(crate) async fn check(
    dns: &Dns,
    envelope: Envelope,
    message: &[u8],
    host: &str,
    now: u64,
) -> Result<Checked, Failure> {
    let mut inbound = Inbound::new(envelope, &Policy::default(), now);
    if let Err(error) = inbound.write(message) {
        return refuse(550, &format!("5.6.0 {error}"));
    }
    let mut kept = Vec::new();
    let mut at = 0;
    for field in fields_to_remove(inbound.header(), host, None) {
        kept.extend_from_slice(message.get(at..field.at()).unwrap_or_default());
        at = field.at().saturating_add(field.raw().len());
    }
    kept.extend_from_slice(message.get(at..).unwrap_or_default());

    let Some(report) = dns.report(inbound.finish()).await else {
        return refuse(451, "4.4.3 The DNS does not answer");
    };
    let mut handling = Handling::default();
    handling.dmarc_reject = Action::Reject;
    let disposition = report.disposition(&handling);
    if !disposition.reply.is_empty() {
        let lines = format!("{}\r\n", disposition.reply.join("\r\n"));
        return Ok(Err(Reply::parse(lines.as_bytes())?.into_owned()));
    }
    // whoever reads the mail sees in the field what is suspicious
    Ok(Ok([format!("{}\r\n", report.field(host)).as_bytes(), &kept].concat()))
}

fn refuse(code: u16, text: &str) -> Result<Checked, Failure> {
    let code = Code::new(code).ok_or("not a code")?;
    Ok(Err(Reply::new(code, None, text)))
}
