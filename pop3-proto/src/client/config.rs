//! What a client wants and bears.

use crate::rules::Rules;
use mail_base::lines::LineEndings;

/// Whether a session goes under TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsPolicy {
    /// It must: a server that does not offer STLS, or whose offer somebody has taken out on the way, gets
    /// nothing (RFC 8314 §3).
    #[default]
    Required,
    /// If the server offers it.
    Opportunistic,
    /// STLS is not used: there is TLS already (port 995), or the connection does not leave the machine.
    None,
}

/// What bounds a session, and how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientLimits {
    /// The most octets of a response, its line end counted, and of a line of a listing. Default: 2048. RFC 2449
    /// §4 says 512; servers that explain themselves at length say more.
    pub line: usize,
    /// The most octets of a challenge. Default: 12,288, as for SMTP (RFC 4954 §4); RFC 5034 §4 names none.
    pub auth_line: usize,
    /// The most octets that we send as a command, its line end counted. Default: 255 (RFC 2449 §4).
    pub command_line: usize,
    /// The most lines behind a response: of LIST, UIDL and CAPA. Default: 10,000,000.
    pub lines: u32,
    /// The most octets of capabilities that are kept. Default: 16 KiB.
    pub capabilities: usize,
    /// The most octets of a message. Default: none but what a count holds: they are passed on, not kept.
    pub message: u64,
    /// The most commands that wait for their responses. Default: 100. With few enough of them neither side can
    /// fill the other's buffers and wait for ever (RFC 2449 §6.6).
    pub outstanding: usize,
    /// Seconds to wait for the server. Default: 300.
    pub seconds: u64,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            line: 2048,
            auth_line: 12_288,
            command_line: 255,
            lines: 10_000_000,
            capabilities: 16 << 10,
            message: u64::MAX,
            outstanding: 100,
            seconds: 300,
        }
    }
}

/// The configuration of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Whether the session goes under TLS.
    pub tls: TlsPolicy,
    /// What bounds a session.
    pub limits: ClientLimits,
    /// How strictly responses are read. Default: [`Rules::LOOSE`].
    pub rules: Rules,
    /// What is done about a bare CR or LF in what the server sends. Default: `Keep`: in a message it is an
    /// octet like any other, and only CRLF, dot, CRLF ends it. Maildrops are full of such messages.
    pub line_endings: LineEndings,
    /// Sends PASS, and AUTH with a mechanism that tells the password or a token, without TLS. Default: no.
    pub password_in_clear: bool,
    /// Sends APOP without TLS. Default: no: whoever listens, or plays the server, can try passwords against the
    /// digest (RFC 6151 §2.1, CVE-2007-1558).
    pub apop_in_clear: bool,
}

impl ClientConfig {
    /// The defaults, with this policy for TLS.
    #[must_use]
    pub fn new(tls: TlsPolicy) -> Self {
        Self {
            tls,
            limits: ClientLimits::default(),
            rules: Rules::LOOSE,
            line_endings: LineEndings::Keep,
            password_in_clear: false,
            apop_in_clear: false,
        }
    }

    /// The same, with passwords in clear or not.
    #[must_use]
    pub fn with_password_in_clear(self, password_in_clear: bool) -> Self {
        Self { password_in_clear, ..self }
    }

    /// The same, with APOP in clear or not.
    #[must_use]
    pub fn with_apop_in_clear(self, apop_in_clear: bool) -> Self {
        Self { apop_in_clear, ..self }
    }
}
