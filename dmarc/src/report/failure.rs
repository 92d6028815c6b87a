//! Failure reports (RFC 9991): one message that failed, told to the domain's owner.
//!
//! The form is that of abuse reports (RFC 5965) with the fields of RFC 6591 and RFC 9991: a `multipart/report` of
//! a note for a person, a part of fields, and the message or its header.
//!
//! A message holds what its author and its readers may not want the domain's owner to see. Receivers send such
//! reports rarely, redacted and rate-limited, and so should you: [`FailureReport::incidents`] stands for messages
//! of which no report is sent.

use super::{
    error::{Defect, DefectKind, ReadLimits, ReportError, ReportErrorKind},
    mail::{Mail, boundary_for, push_field},
    mime,
};
use crate::verdict::Mechanism;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, net::IpAddr};
use mail_base::{
    lex::{Lexer, TokenKind},
    write::FieldWriter,
};

/// A failure report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailureReport {
    /// The program that made it (`User-Agent`).
    pub user_agent: String,
    /// What failed (`Auth-Failure`).
    pub auth_failure: AuthFailure,
    /// The mechanisms that did not authenticate an aligned domain (`Identity-Alignment`); empty for `none`. Each
    /// is written once.
    pub identity_alignment: Vec<Mechanism>,
    /// The Authentication-Results field, without its name; RFC 6591 wants exactly one method in it.
    pub authentication_results: Option<String>,
    /// The ENVID of RFC 3461.
    pub original_envelope_id: Option<String>,
    /// The reverse path.
    pub original_mail_from: Option<String>,
    /// The recipients.
    pub original_rcpt_to: Vec<String>,
    /// When the message came, as a date of RFC 5322.
    pub arrival_date: Option<String>,
    /// The host that received it, as RFC 3464 has it: `dns; mx.example.net`.
    pub reporting_mta: Option<String>,
    /// The address of the client.
    pub source_ip: Option<IpAddr>,
    /// The port of the client (RFC 6692).
    pub source_port: Option<u16>,
    /// For how many messages this report stands; 1 where it is not told.
    pub incidents: Option<u32>,
    /// The author's domain, and others that were used.
    pub reported_domain: Vec<String>,
    /// Other things to report about.
    pub reported_uri: Vec<String>,
    /// What became of the message.
    pub delivery_result: Option<DeliveryResult>,
    /// `d=` of the signature.
    pub dkim_domain: Option<String>,
    /// `i=` of the signature.
    pub dkim_identity: Option<String>,
    /// `s=` of the signature.
    pub dkim_selector: Option<String>,
    /// The canonical form of the header, in base64.
    pub dkim_canonicalized_header: Option<String>,
    /// The canonical form of the body, in base64.
    pub dkim_canonicalized_body: Option<String>,
    /// The records of SPF that were found: `txt : example.com : "v=spf1 -all"`.
    pub spf_dns: Vec<String>,
    /// Fields of other names, in order.
    pub other: Vec<(String, String)>,
    /// The message, or its header alone.
    pub message: Vec<u8>,
    /// Whether [`message`](Self::message) is the header alone.
    pub is_header_only: bool,
    /// The note for a person.
    pub note: String,
    /// What was wrong with a report that was read.
    pub defects: Vec<Defect>,
}

/// What failed (RFC 6591 §3.3, RFC 9991 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthFailure {
    /// No domain that passed is aligned.
    #[default]
    Dmarc,
    /// The policy of ADSP, which is historic.
    Adsp,
    /// The body's hash differs.
    BodyHash,
    /// The key is revoked.
    Revoked,
    /// The signature differs.
    Signature,
    /// SPF failed.
    Spf,
}

/// What became of a message (RFC 6591 §3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryResult {
    /// It was delivered.
    Delivered,
    /// It was delivered as spam.
    Spam,
    /// A policy was applied.
    Policy,
    /// It was refused.
    Reject,
    /// Something else.
    Other,
}

const AUTH_FAILURES: [(AuthFailure, &str); 6] = [
    (AuthFailure::Dmarc, "dmarc"),
    (AuthFailure::Adsp, "adsp"),
    (AuthFailure::BodyHash, "bodyhash"),
    (AuthFailure::Revoked, "revoked"),
    (AuthFailure::Signature, "signature"),
    (AuthFailure::Spf, "spf"),
];

const DELIVERY_RESULTS: [(DeliveryResult, &str); 5] = [
    (DeliveryResult::Delivered, "delivered"),
    (DeliveryResult::Spam, "spam"),
    (DeliveryResult::Policy, "policy"),
    (DeliveryResult::Reject, "reject"),
    (DeliveryResult::Other, "other"),
];

const MECHANISMS: [(Mechanism, &str); 2] = [(Mechanism::Dkim, "dkim"), (Mechanism::Spf, "spf")];

fn word_of<T: PartialEq>(words: &[(T, &'static str)], value: &T) -> &'static str {
    words.iter().find(|(one, _)| one == value).map_or("other", |(_, word)| word)
}

fn parse_word<T: Copy>(words: &[(T, &'static str)], text: &str) -> Option<T> {
    words.iter().find(|(_, word)| text.eq_ignore_ascii_case(word)).map(|(value, _)| *value)
}

impl fmt::Display for AuthFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(word_of(&AUTH_FAILURES, self))
    }
}

impl fmt::Display for DeliveryResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(word_of(&DELIVERY_RESULTS, self))
    }
}

impl FailureReport {
    /// The mail, lines ended by CRLF. Control characters in the fields become `?`. A field is folded where its
    /// value has spaces; a word that is longer than a line may be (998 octets) is not cut.
    #[must_use]
    pub fn to_mail(&self, mail: &Mail) -> Vec<u8> {
        let fields = self.fields();
        let boundary = boundary_for(&[self.note.as_bytes(), fields.as_bytes(), &self.message]);
        let mut text = mail.header();
        let subject = self.reported_domain.first().map_or("", String::as_str);
        push_field(
            &mut text,
            FieldWriter::new("Subject").word("DMARC").word("failure").word("report:").word(subject),
        );
        let kind = if self.is_header_only { "text/rfc822-headers" } else { "message/rfc822" };
        let note: String = self.note.lines().flat_map(|line| [line, "\r\n"]).collect();
        text.push_str(&format!(
            "Content-Type: multipart/report; report-type=feedback-report;\r\n boundary=\"{boundary}\"\r\n\r\n\
             --{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{note}\
             \r\n--{boundary}\r\nContent-Type: message/feedback-report\r\n\r\n{fields}\
             \r\n--{boundary}\r\nContent-Type: {kind}\r\n\r\n"
        ));
        let mut octets = text.into_bytes();
        octets.extend_from_slice(&self.message);
        octets.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        octets
    }

    /// The fields of the `message/feedback-report` part.
    #[must_use]
    pub fn fields(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: &str| {
            let mut field = FieldWriter::new(name);
            push_words(&mut field, value);
            push_field(&mut text, &field);
        };
        add("Feedback-Type", "auth-failure");
        add("User-Agent", &self.user_agent);
        add("Version", "1");
        add("Auth-Failure", &self.auth_failure.to_string());
        // each may appear once (RFC 9991 §4)
        let mut failed: Vec<&str> = Vec::new();
        for mechanism in &self.identity_alignment {
            let word = word_of(&MECHANISMS, mechanism);
            if !failed.contains(&word) {
                failed.push(word);
            }
        }
        let alignment = if failed.is_empty() { "none".to_string() } else { failed.join(", ") };
        add("Identity-Alignment", &alignment);
        let ip = self.source_ip.map(|ip| match ip {
            IpAddr::V4(ip) => ip.to_string(),
            // an address literal of RFC 5321 §4.1.3, without its brackets
            IpAddr::V6(ip) => format!("IPv6:{ip}"),
        });
        let port = self.source_port.map(|port| port.to_string());
        let incidents = self.incidents.map(|count| count.to_string());
        let delivery = self.delivery_result.map(|result| result.to_string());
        for (name, value) in [
            ("Authentication-Results", &self.authentication_results),
            ("Original-Envelope-Id", &self.original_envelope_id),
            ("Original-Mail-From", &self.original_mail_from),
            ("Arrival-Date", &self.arrival_date),
            ("Reporting-MTA", &self.reporting_mta),
            ("Source-IP", &ip),
            ("Source-Port", &port),
            ("Incidents", &incidents),
            ("Delivery-Result", &delivery),
            ("DKIM-Domain", &self.dkim_domain),
            ("DKIM-Identity", &self.dkim_identity),
            ("DKIM-Selector", &self.dkim_selector),
        ] {
            if let Some(value) = value {
                add(name, value);
            }
        }
        for (name, base64) in [
            ("DKIM-Canonicalized-Header", &self.dkim_canonicalized_header),
            ("DKIM-Canonicalized-Body", &self.dkim_canonicalized_body),
        ] {
            if let Some(base64) = base64 {
                add(name, &with_spaces(base64));
            }
        }
        for (name, values) in [
            ("Original-Rcpt-To", &self.original_rcpt_to),
            ("Reported-Domain", &self.reported_domain),
            ("Reported-URI", &self.reported_uri),
            ("SPF-DNS", &self.spf_dns),
        ] {
            for value in values {
                add(name, value);
            }
        }
        for (name, value) in &self.other {
            add(name, value);
        }
        text
    }

    /// Reads the report that a mail carries.
    ///
    /// # Errors
    /// A [`ReportError`] where the mail is too large, or has no `message/feedback-report` part.
    pub fn read_mail(mail: &[u8], limits: &ReadLimits) -> Result<Self, ReportError> {
        if mail.len() > limits.octets {
            let kind = ReportErrorKind::TooLarge { limit: limits.octets };
            return Err(ReportError::new(kind, limits.octets));
        }
        let mut report = Self::default();
        let mut is_found = false;
        for part in mime::parts(mail) {
            let body = part.decoded();
            match part.content_type.as_str() {
                "message/feedback-report" if !is_found => {
                    is_found = true;
                    report.read_fields(&body, part.at, limits);
                }
                "message/rfc822" | "message/global" => report.message = body.into_owned(),
                "text/rfc822-headers" | "message/global-headers" => {
                    report.message = body.into_owned();
                    report.is_header_only = true;
                }
                "text/plain" if !is_found && report.note.is_empty() => {
                    report.note = String::from_utf8_lossy(&body).into_owned();
                }
                _ => {}
            }
        }
        if is_found { Ok(report) } else { Err(ReportError::new(ReportErrorKind::NoReportPart, 0)) }
    }

    fn read_fields(&mut self, body: &[u8], at: usize, limits: &ReadLimits) {
        let (header, _) = mime::split_header(body);
        let mut seen: Vec<&'static str> = Vec::new();
        let mut omitted: usize = 0;
        for field in header.fields() {
            let name = String::from_utf8_lossy(field.name()).into_owned();
            let value = unfold(field.value());
            if let Some(kind) = self.take_field(&name, value, &mut seen) {
                if self.defects.len() < limits.defects {
                    self.defects.push(Defect { kind, at: at.saturating_add(field.at()) });
                } else {
                    omitted = omitted.saturating_add(1);
                }
            }
        }
        for required in ["Feedback-Type", "User-Agent", "Version", "Auth-Failure", "Identity-Alignment"] {
            if !seen.contains(&required) {
                self.defects.push(Defect { kind: DefectKind::Field(required), at });
            }
        }
        if omitted > 0 {
            self.defects.push(Defect { kind: DefectKind::More(omitted), at });
        }
    }

    /// Files a field; gives what is wrong with it.
    fn take_field(&mut self, name: &str, value: String, seen: &mut Vec<&'static str>) -> Option<DefectKind> {
        let known = FIELDS.iter().find(|known| name.eq_ignore_ascii_case(known));
        let Some(&known) = known else {
            self.other.push((name.to_string(), value));
            return None;
        };
        match known {
            "Original-Rcpt-To" => self.original_rcpt_to.push(value),
            "Reported-Domain" => self.reported_domain.push(value),
            "Reported-URI" => self.reported_uri.push(value),
            "SPF-DNS" => self.spf_dns.push(value),
            _ if seen.contains(&known) => {
                self.other.push((name.to_string(), value));
                return Some(DefectKind::Field(known));
            }
            _ => {
                seen.push(known);
                return self.take_single(known, value);
            }
        }
        None
    }

    /// Files a field that stands there once.
    fn take_single(&mut self, name: &'static str, value: String) -> Option<DefectKind> {
        let word = || without_comments(&value);
        let is_valid = match name {
            "Feedback-Type" => word().eq_ignore_ascii_case("auth-failure"),
            "Version" => word() == "1",
            "Auth-Failure" => {
                parse_word(&AUTH_FAILURES, &word()).map(|kind| self.auth_failure = kind).is_some()
            }
            "Delivery-Result" => {
                self.delivery_result = parse_word(&DELIVERY_RESULTS, &word());
                self.delivery_result.is_some()
            }
            "Identity-Alignment" => self.read_alignment(&word()),
            "Source-IP" => {
                let word = word();
                let text = word.trim_matches(['[', ']']);
                self.source_ip = text.strip_prefix("IPv6:").unwrap_or(text).parse().ok();
                self.source_ip.is_some()
            }
            "Source-Port" => {
                self.source_port = word().parse().ok();
                self.source_port.is_some()
            }
            "Incidents" => {
                self.incidents = word().parse().ok();
                self.incidents.is_some()
            }
            _ => {
                self.take_text(name, value);
                return None;
            }
        };
        (!is_valid).then_some(DefectKind::Value { element: name, text: value })
    }

    fn take_text(&mut self, name: &str, value: String) {
        let slot = match name {
            "User-Agent" => {
                self.user_agent = value;
                return;
            }
            "Authentication-Results" => &mut self.authentication_results,
            "Original-Envelope-Id" => &mut self.original_envelope_id,
            "Original-Mail-From" => &mut self.original_mail_from,
            // RFC 5965 §3.2: Received-Date is another name for Arrival-Date
            "Arrival-Date" | "Received-Date" => &mut self.arrival_date,
            "Reporting-MTA" => &mut self.reporting_mta,
            "DKIM-Domain" => &mut self.dkim_domain,
            "DKIM-Identity" => &mut self.dkim_identity,
            "DKIM-Selector" => &mut self.dkim_selector,
            "DKIM-Canonicalized-Header" => &mut self.dkim_canonicalized_header,
            "DKIM-Canonicalized-Body" => &mut self.dkim_canonicalized_body,
            _ => return,
        };
        // white space in base64 says nothing
        let is_base64 = name.starts_with("DKIM-Canonicalized-");
        *slot = Some(if is_base64 { value.split_ascii_whitespace().collect() } else { value });
    }

    /// `none`, or a list of `dkim` and `spf`, each once (RFC 9991 §4).
    fn read_alignment(&mut self, value: &str) -> bool {
        if value.eq_ignore_ascii_case("none") {
            return true;
        }
        let mut is_valid = true;
        for word in value.split(',').map(str::trim) {
            match parse_word(&MECHANISMS, word) {
                Some(mechanism) if !self.identity_alignment.contains(&mechanism) => {
                    self.identity_alignment.push(mechanism);
                }
                _ => is_valid = false,
            }
        }
        is_valid
    }
}

/// The fields that are known, as the RFCs write them.
const FIELDS: [&str; 24] = [
    "Feedback-Type",
    "User-Agent",
    "Version",
    "Auth-Failure",
    "Identity-Alignment",
    "Authentication-Results",
    "Original-Envelope-Id",
    "Original-Mail-From",
    "Original-Rcpt-To",
    "Arrival-Date",
    "Received-Date",
    "Reporting-MTA",
    "Source-IP",
    "Source-Port",
    "Incidents",
    "Reported-Domain",
    "Reported-URI",
    "Delivery-Result",
    "DKIM-Domain",
    "DKIM-Identity",
    "DKIM-Selector",
    "DKIM-Canonicalized-Header",
    "DKIM-Canonicalized-Body",
    "SPF-DNS",
];

/// A value without its folds.
fn unfold(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    text.chars().filter(|one| !matches!(one, '\r' | '\n')).collect::<String>().trim().to_string()
}

/// Adds a value, which may be folded where it has spaces. Of several, all but the first stay with the word behind
/// them, so that no line is of spaces alone.
fn push_words(field: &mut FieldWriter, value: &str) {
    let mut word = String::new();
    for part in value.split(' ') {
        if part.is_empty() {
            word.push(' ');
        } else {
            word.push_str(part);
            field.word(&word);
            word.clear();
        }
    }
}

/// Base64 with a space where a line is full, since FWS may stand anywhere in it (RFC 6591 §4, RFC 6376 §2.10).
fn with_spaces(base64: &str) -> String {
    let mut text = String::with_capacity(base64.len());
    for (nth, character) in base64.chars().filter(|one| !one.is_ascii_whitespace()).enumerate() {
        if nth.is_multiple_of(72) && nth > 0 {
            text.push(' ');
        }
        text.push(character);
    }
    text
}

/// The words of a value with one space between them, and without the comments that may stand around each (RFC 5965
/// §3.5). A value with a comment that does not end is left as it is.
fn without_comments(value: &str) -> String {
    let mut words = Vec::new();
    let mut is_behind_space = false;
    for token in Lexer::new(value.as_bytes()) {
        let Ok(token) = token else { return value.to_string() };
        is_behind_space |= token.spaced || token.kind == TokenKind::Comment;
        if token.kind != TokenKind::Comment {
            if is_behind_space && !words.is_empty() {
                words.push(b' ');
            }
            words.extend(token.raw);
            is_behind_space = false;
        }
    }
    String::from_utf8_lossy(&words).into_owned()
}
