//! What a server offers: the lines of its reply to EHLO (RFC 5321 §4.1.1.1).

use crate::{
    command::Host,
    error::TextError,
    reply::Reply,
    text::{Text, split_once, whole_number},
    timestamp::Timestamp,
    values::HoldSeconds,
};
use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt;

/// The extensions that a server offers. Every keyword is kept, known or not; those that this crate uses have
/// methods.
///
/// ```
/// use smtp_proto::{Capabilities, Reply};
///
/// let reply = Reply::parse(b"250-mx.example\r\n250-SIZE 1000\r\n250-auth PLAIN LOGIN\r\n250 XFAST 9\r\n")?;
/// let offered = Capabilities::from_reply(&reply);
/// assert_eq!(offered.size(), Some(1000));
/// assert!(offered.mechanisms().eq(["PLAIN", "LOGIN"]));
/// assert_eq!(offered.parameters("xfast"), Some("9"));
/// assert!(!offered.has("PIPELINING"));
/// # Ok::<(), smtp_proto::ReplyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// One keyword and its parameters a line.
    lines: String,
    /// What a client asks for with every command is known without looking through the lines.
    extensions: Extensions,
    size: Option<u64>,
    limits: OfferedLimits,
}

macro_rules! extensions {
    ($($name:ident = $keyword:literal;)*) => {
        /// The extensions that commands and parameters depend on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Extension {
            $($name,)*
        }

        impl Extension {
            pub(crate) fn keyword(self) -> &'static str {
                match self {
                    $(Self::$name => $keyword,)*
                }
            }

            fn of(keyword: &str) -> Option<Self> {
                $(
                    if keyword.eq_ignore_ascii_case($keyword) {
                        return Some(Self::$name);
                    }
                )*
                None
            }
        }
    };
}

extensions! {
    Pipelining = "PIPELINING";
    Size = "SIZE";
    EightBitMime = "8BITMIME";
    StartTls = "STARTTLS";
    Chunking = "CHUNKING";
    BinaryMime = "BINARYMIME";
    SmtpUtf8 = "SMTPUTF8";
    Dsn = "DSN";
    Auth = "AUTH";
    Limits = "LIMITS";
    RequireTls = "REQUIRETLS";
    DeliverBy = "DELIVERBY";
    MtPriority = "MT-PRIORITY";
    FutureRelease = "FUTURERELEASE";
    Rrvs = "RRVS";
    Burl = "BURL";
    Etrn = "ETRN";
    Atrn = "ATRN";
    Xclient = "XCLIENT";
    Xforward = "XFORWARD";
}

/// A set of extensions, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Extensions(u32);

impl Extensions {
    fn has(self, extension: Extension) -> bool {
        self.0 & (1 << extension as u32) != 0
    }

    fn add(&mut self, extension: Extension) {
        self.0 |= 1 << extension as u32;
    }
}

/// What a server takes of each (RFC 9422).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfferedLimits {
    /// `MAILMAX`: messages in one connection.
    pub mails: Option<u32>,
    /// `RCPTMAX`: recipients of a message.
    pub recipients: Option<u32>,
    /// `RCPTDOMAINMAX`: domains of the recipients in one connection.
    pub recipient_domains: Option<u32>,
}

impl Capabilities {
    /// No extension.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the reply to EHLO offers. Its first line is a greeting; octets that are not UTF-8 are replaced.
    #[must_use]
    pub fn from_reply(reply: &Reply<'_>) -> Self {
        let mut text = reply.to_text();
        // some servers put tabs where spaces belong; without an early exit this looks at many octets at once
        if text.bytes().fold(false, |found, octet| found | (octet == b'\t')) {
            text = Cow::Owned(text.replace('\t', " "));
        }
        let mut all = Self { lines: String::with_capacity(text.len()), ..Self::default() };
        let (_, mut rest) = split_once(&text, b'\n').unwrap_or_default();
        while let Some((line, later)) = split_once(rest, b'\n') {
            rest = later;
            // behind the code and the separator
            let line = line.get(4..).unwrap_or("").trim_ascii();
            if !line.is_empty() {
                all.add_line(line);
            }
        }
        all
    }

    fn add_line(&mut self, line: &str) {
        let (keyword, parameters) = match old_mechanisms(line) {
            Some(mechanisms) => {
                self.lines.push_str("AUTH ");
                self.lines.push_str(mechanisms);
                ("AUTH", mechanisms)
            }
            None => {
                self.lines.push_str(line);
                split_line(line)
            }
        };
        self.lines.push('\n');
        let Some(extension) = Extension::of(keyword) else { return };
        // of what is offered twice the first counts
        if !self.extensions.has(extension) {
            match extension {
                Extension::Size => self.size = Some(parameters.trim_ascii().parse().unwrap_or(0)),
                Extension::Limits => self.limits = OfferedLimits::read(parameters),
                _ => {}
            }
            self.extensions.add(extension);
        }
    }

    /// Offers one more.
    ///
    /// # Errors
    /// A [`TextError`] where the text cannot stand in a line.
    pub fn offer(&mut self, line: &str) -> Result<(), TextError> {
        Text::new(line)?;
        self.add_line(line);
        Ok(())
    }

    /// Keywords and their parameters, in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.lines().map(split_line)
    }

    /// The parameters of an extension; `None` where it is not offered.
    #[must_use]
    pub fn parameters(&self, keyword: &str) -> Option<&str> {
        self.iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(keyword))
            .map(|(_, parameters)| parameters.trim())
    }

    /// Whether an extension is offered.
    #[must_use]
    pub fn has(&self, keyword: &str) -> bool {
        self.parameters(keyword).is_some()
    }

    /// As [`has`](Self::has), at once.
    pub(crate) fn offers(&self, extension: Extension) -> bool {
        self.extensions.has(extension)
    }

    /// `SIZE` (RFC 1870 §3): the most octets of a message. 0 where there is no limit, or none is told.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// `AUTH` (RFC 4954 §3): the SASL mechanisms, from all lines that name some.
    pub fn mechanisms(&self) -> impl Iterator<Item = &str> {
        let lines = self.iter().filter(|(name, _)| name.eq_ignore_ascii_case("AUTH"));
        lines.flat_map(|(_, mechanisms)| mechanisms.split_ascii_whitespace())
    }

    /// `DELIVERBY` (RFC 2852 §3): the least seconds that the server promises for a return; 0 where it does not
    /// say.
    #[must_use]
    pub fn deliver_by(&self) -> Option<u32> {
        self.parameters("DELIVERBY").map(|seconds| seconds.parse().unwrap_or(0))
    }

    /// `FUTURERELEASE` (RFC 4865 §4): the most seconds that a message is held, and the last moment until which
    /// one is.
    #[must_use]
    pub fn future_release(&self) -> Option<(HoldSeconds, Timestamp)> {
        let (seconds, until) = self.parameters("FUTURERELEASE")?.split_once(' ')?;
        Some((HoldSeconds::read(seconds)?, Timestamp::parse(until.trim())?))
    }

    /// `LIMITS` (RFC 9422 §3). What is malformed or unknown is ignored, as the RFC says.
    #[must_use]
    pub fn limits(&self) -> OfferedLimits {
        self.limits
    }

    /// Writes the reply to EHLO that offers this, behind a greeting line of `host`.
    pub fn write(&self, host: &Host<'_>, out: &mut Vec<u8>) {
        let mut lines = core::iter::once(host.as_str()).chain(self.lines.lines()).peekable();
        while let Some(line) = lines.next() {
            let start: &[u8] = if lines.peek().is_some() { b"250-" } else { b"250 " };
            out.extend_from_slice(start);
            out.extend_from_slice(line.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// What follows `AUTH=`, as servers of old wrote it for clients that knew no better.
fn old_mechanisms(line: &str) -> Option<&str> {
    if line.as_bytes().get(4) != Some(&b'=') {
        return None;
    }
    let (start, mechanisms) = line.split_at_checked("AUTH=".len())?;
    (start.eq_ignore_ascii_case("AUTH=") && !mechanisms.is_empty()).then_some(mechanisms)
}

/// A keyword, and what follows it.
fn split_line(line: &str) -> (&str, &str) {
    split_once(line, b' ').unwrap_or((line, ""))
}

impl OfferedLimits {
    fn read(parameters: &str) -> Self {
        let mut limits = Self::default();
        for item in parameters.split_ascii_whitespace() {
            let Some((name, value)) = split_once(item, b'=') else { continue };
            // in any case, as all keywords (RFC 5321 §2.4)
            let is = |limit: &str| name.eq_ignore_ascii_case(limit);
            let place = if is("MAILMAX") {
                &mut limits.mails
            } else if is("RCPTMAX") {
                &mut limits.recipients
            } else if is("RCPTDOMAINMAX") {
                &mut limits.recipient_domains
            } else {
                continue;
            };
            // six digits, of which the first is not zero
            let number = whole_number(value.as_bytes()).and_then(|number| u32::try_from(number).ok());
            *place = number.filter(|_| !value.starts_with('0') && value.len() <= 6).or(*place);
        }
        limits
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines)
    }
}

impl core::str::FromStr for Capabilities {
    type Err = TextError;

    /// Reads one keyword and its parameters a line.
    fn from_str(lines: &str) -> Result<Self, TextError> {
        let mut all = Self::new();
        let mut at: usize = 0;
        for line in lines.split_inclusive('\n') {
            let text = line.lines().next().unwrap_or("");
            all.offer(text).map_err(|error| TextError { at: error.at.saturating_add(at), ..error })?;
            at = at.saturating_add(line.len());
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Word;
    use alloc::{format, string::ToString};

    fn offered(lines: &str) -> Capabilities {
        Capabilities::from_reply(&Reply::parse(format!("250-mx\r\n{lines}").as_bytes()).unwrap())
    }

    #[test]
    fn every_keyword_is_kept_in_any_case() {
        let offered =
            offered("250-size 100\r\n250-\r\n250-Auth=LOGIN\r\n250-AUTH PLAIN\r\n250 X-What ever it  is\r\n");
        let expected = [("size", "100"), ("AUTH", "LOGIN"), ("AUTH", "PLAIN"), ("X-What", "ever it  is")];
        assert!(offered.iter().eq(expected));
        assert!(offered.mechanisms().eq(["LOGIN", "PLAIN"]));
        assert_eq!((offered.size(), offered.has("x-wHAT"), offered.has("DSN")), (Some(100), true, false));
    }

    #[test]
    fn parameters_are_typed_and_forgiving() {
        let all = offered(
            "250-SIZE\r\n250-DELIVERBY 240\r\n250-FUTURERELEASE 1000 2014-04-03T23:01:00Z\r\n\
             250 LIMITS RcptMax=20 MailMax=5 RCPTDOMAINMAX=0 RcptDomainMax=3 X=y\r\n",
        );
        assert_eq!((all.size(), all.deliver_by()), (Some(0), Some(240)));
        assert_eq!(
            all.future_release(),
            Some((HoldSeconds::new(1000).unwrap(), Timestamp::new(1_396_566_060).unwrap()))
        );
        let limits = OfferedLimits { mails: Some(5), recipients: Some(20), recipient_domains: Some(3) };
        assert_eq!(all.limits(), limits);
        assert_eq!(offered("250 LIMITS RCPTMAX=1234567 MAILMAX=+1\r\n").limits(), OfferedLimits::default());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let all: Capabilities = "PIPELINING\nSIZE 10\nX y".parse().unwrap();
        let mut out = Vec::new();
        all.write(&Host::new(Word::new("mx.example").unwrap()), &mut out);
        assert_eq!(out, b"250-mx.example\r\n250-PIPELINING\r\n250-SIZE 10\r\n250 X y\r\n");
        assert_eq!(Capabilities::from_reply(&Reply::parse(&out).unwrap()), all);
        assert_eq!(all.to_string().parse::<Capabilities>().unwrap(), all);
        assert_eq!("A\nB\r\0C".parse::<Capabilities>().unwrap_err().at, 3);
    }
}
