//! The mail that carries an aggregate report (RFC 9990 §3.5.2).

use super::{
    aggregate::AggregateReport,
    date,
    error::{ReadLimits, ReportError, ReportErrorKind},
    mime,
};
use alloc::{format, string::String};
use mail_base::{Name, lex::is_atext, write::FieldWriter};

/// The envelope of a report: who sends it to whom, and when. The mail "MUST conform to the DMARC mechanism": sign
/// it, for the domain of `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail {
    /// The address in From.
    pub from: String,
    /// The address in To.
    pub to: String,
    /// The domain that reports.
    pub submitter: Name,
    /// Seconds since 1970.
    pub date: u64,
}

impl Mail {
    /// An envelope. Control characters in the addresses become `?`.
    pub fn new(from: impl Into<String>, to: impl Into<String>, submitter: Name, date: u64) -> Self {
        Self { from: from.into(), to: to.into(), submitter, date }
    }

    /// From, To, Date, and that there are parts.
    pub(super) fn header(&self) -> String {
        let mut header = String::new();
        for (name, value) in [("From", &self.from), ("To", &self.to), ("Date", &date::rfc5322(self.date))] {
            push_field(&mut header, FieldWriter::new(name).word(value));
        }
        header.push_str("MIME-Version: 1.0\r\n");
        header
    }
}

pub(super) fn push_field(header: &mut String, field: &FieldWriter) {
    header.push_str(&field.finish());
    header.push_str("\r\n");
}

/// A text of letters, digits and dots, as it may stand between others in a name.
fn plain(text: &str) -> String {
    let is_plain = |one: char| {
        one == '.'
            || (one != '!'
                && u8::try_from(one).is_ok_and(|octet| octet.is_ascii() && is_atext(octet) && octet != b'/'))
    };
    text.chars().map(|one| if is_plain(one) { one } else { '_' }).collect()
}

impl AggregateReport {
    /// The name of the file: `receiver!policy-domain!begin!end.xml.gz`, and where there is a
    /// [`unique_id`](Self::unique_id) `…!end!unique-id.xml.gz`, in hexadecimal digits. A report that is sent again
    /// has the same.
    #[must_use]
    pub fn file_name(&self, submitter: &Name) -> String {
        let (begin, end) = (self.metadata.begin, self.metadata.end);
        let unique_id = self.unique_id.map(|id| format!("!{id:x}")).unwrap_or_default();
        let (receiver, domain) = (plain(submitter.as_str()), plain(&self.policy.domain));
        format!("{receiver}!{domain}!{begin}!{end}{unique_id}.xml.gz")
    }

    /// The value of the Subject field: `Report Domain: … Submitter: … Report-ID: <…>`.
    #[must_use]
    pub fn subject(&self, submitter: &Name) -> String {
        let (domain, id) = (plain(&self.policy.domain), self.plain_id());
        format!("Report Domain: {domain} Submitter: {} Report-ID: <{id}>", plain(submitter.as_str()))
    }

    /// `ridfmt = dot-atom-text ["@" dot-atom-text]` (RFC 9990 §3.5.1)
    fn plain_id(&self) -> String {
        match self.metadata.report_id.split_once('@') {
            Some((left, right)) => format!("{}@{}", plain(left), plain(right)),
            None => plain(&self.metadata.report_id),
        }
    }

    /// The mail, lines ended by CRLF: a note for a person, and the report, compressed.
    ///
    /// The Message-ID is the report's identifier, so that a mail that is sent again is known for what it is.
    #[must_use]
    pub fn to_mail(&self, mail: &Mail) -> String {
        let file_name = self.file_name(&mail.submitter);
        // base64 has no hyphen, so that no line of it can be a boundary
        let boundary = "=-dmarc-report-=";
        let mut text = mail.header();
        let mut subject = FieldWriter::new("Subject");
        for word in self.subject(&mail.submitter).split(' ') {
            subject.word(word);
        }
        push_field(&mut text, &subject);
        if self.metadata.report_id.contains('@') {
            push_field(&mut text, FieldWriter::new("Message-ID").word(format!("<{}>", self.plain_id())));
        }
        text.push_str(&format!(
            "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n\
             --{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
             This is a DMARC aggregate report (RFC 9990) for {} by {},\r\nfrom {} to {} UTC.\r\n\
             \r\n--{boundary}\r\nContent-Type: application/gzip\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment;\r\n filename=\"{file_name}\"\r\n\r\n",
            plain(&self.policy.domain),
            plain(mail.submitter.as_str()),
            date::short(self.metadata.begin),
            date::short(self.metadata.end),
        ));
        text.push_str(&mime::to_base64(&self.to_gzip()));
        text.push_str(&format!("--{boundary}--\r\n"));
        text
    }

    /// Reads the report that a mail carries: the first part that is one, by its content and not by its type,
    /// which senders often get wrong. The parts of a mail that is attached count too, because reports are forwarded;
    /// but not those of one that a `multipart/report` returns to its sender.
    ///
    /// # Errors
    /// As [`read`](Self::read); and [`NoReportPart`](ReportErrorKind::NoReportPart) where no part looks like a
    /// report.
    pub fn read_mail(mail: &[u8], limits: &ReadLimits) -> Result<Self, ReportError> {
        if mail.len() > limits.octets {
            let kind = ReportErrorKind::TooLarge { limit: limits.octets };
            return Err(ReportError::new(kind, limits.octets));
        }
        let mut error = ReportError::new(ReportErrorKind::NoReportPart, 0);
        for part in mime::parts_of_all(mail) {
            let body = part.decoded();
            let body = body.trim_ascii_start();
            let is_xml = body.starts_with(b"<") || body.starts_with(b"\xef\xbb\xbf<");
            let is_named = part.content_type.ends_with("xml")
                || part.name.as_deref().is_some_and(|name| name.to_ascii_lowercase().ends_with(".xml"));
            if !(is_xml || is_named || body.starts_with(b"\x1f\x8b") || body.starts_with(b"PK\x03\x04")) {
                continue;
            }
            match Self::read(body, limits) {
                Ok(report) => return Ok(report),
                Err(failed) => error = ReportError::new(failed.kind, part.at),
            }
        }
        Err(error)
    }
}

/// A boundary that none of the parts holds.
pub(super) fn boundary_for(parts: &[&[u8]]) -> String {
    let mut nth: usize = 0;
    loop {
        let boundary = format!("=-feedback-report-{nth}-=");
        // the parts are finite, so one of the numbers is not in them
        if !parts.iter().any(|part| contains(part, boundary.as_bytes())) {
            return boundary;
        }
        nth = nth.saturating_add(1);
    }
}

fn contains(octets: &[u8], other: &[u8]) -> bool {
    octets.windows(other.len()).any(|window| window == other)
}
