//! What came out for a message: the reports of every method, the field that says so, and a summary for people.

use crate::{
    field::{AuthenticationResults, MethodResult},
    inbound::Envelope,
    iprev,
    replay::ReplayHints,
    transcript::Transcript,
    words::{Method, ResultCode},
};
use alloc::{string::ToString, vec::Vec};
use core::fmt;

/// Everything that is known of a message.
///
/// [`Display`](fmt::Display) writes a summary for people, a line for each result.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// The envelope that was given.
    pub envelope: Envelope,
    /// SPF for the MAIL FROM identity.
    pub mail_from: spf::Report,
    /// SPF for the HELO identity.
    pub helo: spf::Report,
    /// DKIM, a report for each signature, from the top.
    pub dkim: Vec<dkim::SignatureReport>,
    /// DMARC.
    pub dmarc: dmarc::Report,
    /// Forward-confirmed reverse DNS, where the policy asks for it.
    pub iprev: Option<iprev::Report>,
    /// Signs of DKIM replay, for each signature that can be read.
    pub replay_hints: Vec<ReplayHints>,
    /// Every question with its answer.
    pub transcript: Transcript,
}

impl Report {
    /// The Authentication-Results field that a receiver of this name adds above all others (RFC 8601 §4).
    /// Local parts are left out: nobody has authenticated them (§2.7.2).
    #[must_use]
    pub fn field(&self, authserv_id: &str) -> AuthenticationResults {
        let mut field = AuthenticationResults::new(authserv_id);
        field.results.extend(self.iprev.as_ref().map(iprev_result));
        field.results.push(spf_result(&self.mail_from, "mailfrom"));
        field.results.push(spf_result(&self.helo, "helo"));
        if self.dkim.is_empty() {
            field.results.push(MethodResult::new(Method::Dkim, ResultCode::None));
        }
        field.results.extend(self.told_signatures().iter().map(dkim_result));
        field.results.push(dmarc_result(&self.dmarc));
        field
    }

    /// The signatures that were looked at, and the first of those that were too many, which stands for the rest: a
    /// sender must not be able to make a text of thousands of results.
    pub(crate) fn told_signatures(&self) -> &[dkim::SignatureReport] {
        let first_skipped = self.dkim.iter().position(|report| report.verdict == dkim::Verdict::Skipped);
        first_skipped.and_then(|at| self.dkim.get(..=at)).unwrap_or(&self.dkim)
    }
}

/// A result, by the word that the method's own verdict has for it. What is no word of the registry, such as that a
/// signature was skipped, is neutral: nothing could be told (RFC 8601 §2.7.1).
fn result(method: Method, verdict: &dyn fmt::Display) -> MethodResult {
    let code = match ResultCode::parse(&verdict.to_string()) {
        Ok(ResultCode::Other(_)) | Err(_) => ResultCode::Neutral,
        Ok(code) => code,
    };
    MethodResult::new(method, code)
}

/// The same with the cause as the reason, where there is one.
fn with_reason(result: MethodResult, cause: Option<&impl fmt::Display>) -> MethodResult {
    match cause {
        Some(cause) => result.with_reason(cause),
        None => result,
    }
}

fn iprev_result(report: &iprev::Report) -> MethodResult {
    with_reason(result(Method::Iprev, &report.verdict), report.cause.as_ref()).with_property(
        "policy",
        "iprev",
        report.address,
    )
}

fn spf_result(report: &spf::Report, property: &str) -> MethodResult {
    with_reason(result(Method::Spf, &report.verdict), report.cause.as_ref()).with_property(
        "smtp",
        property,
        report.domain_text(),
    )
}

fn dkim_result(report: &dkim::SignatureReport) -> MethodResult {
    let mut result = with_reason(result(Method::Dkim, &report.verdict), report.cause.as_ref());
    if let Some(domain) = &report.domain {
        result = result.with_property("header", "d", domain);
    }
    if let Some(selector) = &report.selector {
        result = result.with_property("header", "s", selector);
    }
    if let Some(algorithm) = &report.algorithm {
        result = result.with_property("header", "a", algorithm);
    }
    if let Some(prefix) = &report.signature_prefix {
        // RFC 6008 §4: enough of b= to tell the signatures apart
        result = result.with_property("header", "b", prefix);
    }
    result
}

fn dmarc_result(report: &dmarc::Report) -> MethodResult {
    let mut result = with_reason(result(Method::Dmarc, &report.verdict), report.cause.as_ref());
    if let Some(author) = &report.author {
        result = result.with_property("header", "from", author);
    }
    if let Some(policy) = applied_policy(report) {
        result = result.with_property("policy", "dmarc", policy);
    }
    result
}

/// The policy as it applies once the record's options are taken in (RFC 9989 §9.2).
pub(crate) fn applied_policy(report: &dmarc::Report) -> Option<dmarc::Policy> {
    let is_test = report.record.as_ref().is_some_and(dmarc::Record::is_test);
    report.policy.map(|policy| if is_test { policy.one_below() } else { policy })
}
