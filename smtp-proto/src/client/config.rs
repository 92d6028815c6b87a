//! What a client is, wants and bears.

use crate::command::Host;
use mail_base::lines::LineEndings;

/// Whether a session goes under TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsPolicy {
    /// It must: a server that does not offer STARTTLS, or whose offer somebody has taken out on the way, gets
    /// nothing. What submission and MTA-STS want.
    #[default]
    Required,
    /// If the server offers it. What mail between servers has without MTA-STS or DANE.
    Opportunistic,
    /// STARTTLS is not used: there is TLS already (port 465), or the connection does not leave the machine.
    None,
}

/// What bounds a session, and how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientLimits {
    /// The most octets of a line of a reply. Default: 2048. RFC 5321 §4.5.3.1.5 says 512; servers that explain
    /// themselves at length say more.
    pub reply_line: usize,
    /// The most octets of a reply. Default: 64 KiB.
    pub reply: usize,
    /// The most commands that wait for their replies. Default: 100. With few enough of them neither side can
    /// fill the other's buffers and wait for ever (RFC 2920 §3.1).
    pub outstanding: usize,
    /// Seconds to wait for the greeting. Default: 300 (RFC 5321 §4.5.3.2.1).
    pub greeting: u64,
    /// Seconds to wait for the reply to a command. Default: 300 (§4.5.3.2.2, §4.5.3.2.3).
    pub command: u64,
    /// Seconds to wait for 354. Default: 120 (§4.5.3.2.4).
    pub data: u64,
    /// Seconds to wait until a piece of the body can be sent. Default: 180 (§4.5.3.2.5).
    pub block: u64,
    /// Seconds to wait for the reply to the end of the body. Default: 600 (§4.5.3.2.6).
    pub end: u64,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            reply_line: 2048,
            reply: 64 << 10,
            outstanding: 100,
            greeting: 300,
            command: 300,
            data: 120,
            block: 180,
            end: 600,
        }
    }
}

/// The configuration of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientConfig {
    /// What the client calls itself: a domain in ASCII (RFC 6531 §3.7.1) or an address literal.
    pub host: Host<'static>,
    /// Speaks LMTP (RFC 2033): LHLO, and a reply for each recipient at the end.
    pub lmtp: bool,
    /// Whether the session goes under TLS.
    pub tls: TlsPolicy,
    /// Says RSET between an EHLO that was not understood and HELO, as the client of RFC 3461 §10.4 does. Default: no;
    /// RFC 5321 §3.2 goes on with HELO. For servers that are confused by the one before the other.
    pub reset_before_helo: bool,
    /// What bounds a session.
    pub limits: ClientLimits,
    /// What is done about a bare CR or LF in a body. Default: it is refused. `Normalise` changes the octets,
    /// and with them what a DKIM signature was made of.
    pub body_line_endings: LineEndings,
    /// What is done about a bare CR or LF in a reply. Default: the session ends.
    pub reply_line_endings: LineEndings,
}

impl ClientConfig {
    /// The defaults: SMTP, TLS required.
    #[must_use]
    pub fn new(host: Host<'static>) -> Self {
        Self {
            host,
            lmtp: false,
            tls: TlsPolicy::default(),
            reset_before_helo: false,
            limits: ClientLimits::default(),
            body_line_endings: LineEndings::default(),
            reply_line_endings: LineEndings::default(),
        }
    }

    /// The same with another policy for TLS.
    #[must_use]
    pub fn with_tls(self, tls: TlsPolicy) -> Self {
        Self { tls, ..self }
    }

    /// The same, with RSET before HELO or without.
    #[must_use]
    pub fn with_reset_before_helo(self, reset_before_helo: bool) -> Self {
        Self { reset_before_helo, ..self }
    }

    /// The same for LMTP.
    #[must_use]
    pub fn with_lmtp(self, lmtp: bool) -> Self {
        Self { lmtp, ..self }
    }

    /// The same with another policy for the line ends of bodies.
    #[must_use]
    pub fn with_body_line_endings(self, body_line_endings: LineEndings) -> Self {
        Self { body_line_endings, ..self }
    }
}
