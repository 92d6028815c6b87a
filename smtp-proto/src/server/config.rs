//! What a server is, offers and demands.

use crate::{
    mechanism::Mechanism, rules::Rules, text::write_number, timestamp::Timestamp, values::HoldSeconds,
};
use alloc::{string::ToString, vec::Vec};
use mail_base::{Name, lines::LineEndings};

/// What a server is for. A profile sets what is offered and demanded; each can be changed afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Port 25: takes mail from other servers. No AUTH unless asked for.
    Relay,
    /// Port 587 (RFC 6409): takes mail from users, who must authenticate, under TLS.
    Submission,
    /// Port 465 (RFC 8314 §3.3): the same, with TLS from the first octet.
    Submissions,
    /// LMTP (RFC 2033): takes mail for local mailboxes, one reply for each.
    Lmtp,
}

/// What is done about parameters of extensions that are not offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnofferedParameters {
    /// 555, as RFC 5321 §4.1.1.11 says.
    #[default]
    Refuse,
    /// They are passed on with the event, and what they ask for is the caller's to heed or not. Some programs
    /// send `SIZE` or `BODY` unasked.
    Ignore,
}

/// What is done about a client that does not wait where RFC 2920 §3.1 says that it must.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarlyInput {
    /// An event tells it, and the session goes on: the octets are read in their turn.
    #[default]
    Report,
    /// An event tells it, and the session ends: 554 5.5.0. Spammers do not wait; nor do some scripts.
    Refuse,
}

/// What is done about DATA where no recipient was accepted, which a client that pipelines sends before it knows. RFC
/// 2920 §3.1 has an example of each. With LMTP it is refused in any case (RFC 2033 §4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VoidData {
    /// 554 at once.
    #[default]
    Refuse,
    /// 354, and 554 behind the end of the body, which is dropped. For clients that take nothing else than 354 for an
    /// answer.
    Read,
}

/// What bounds a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerLimits {
    /// The most octets of a command, its line end counted. Default: 2048: the 512 of RFC 5321 §4.5.3.1.4, and
    /// what extensions add to MAIL (SIZE 26, BODY 16, AUTH 500, DSN 600 …) and to RCPT (DSN 500 …).
    pub command_line: usize,
    /// The most octets of a line inside AUTH. Default: 12,288 (RFC 4954 §4).
    pub auth_line: usize,
    /// The most recipients of a message. Default: 1000; RFC 5321 §4.5.3.1.8 demands 100.
    pub recipients: u32,
    /// The most messages of a session. Default: 1000.
    pub messages: u32,
    /// The most octets of a message. Default: 50 MiB; RFC 5321 §4.5.3.1.7 demands 64 KiB. `SIZE` tells it.
    pub message: u64,
    /// The most octets that are read and dropped so that the peer can read why. Default: 64 MiB.
    pub dropped: u64,
    /// The most commands of a session. Default: 100,000.
    pub commands: u32,
    /// How many refused commands end the session. Default: 20.
    pub errors: u32,
    /// How many refused authentications end the session. Default: 3, the least that RFC 4954 §4 allows.
    pub auth_failures: u32,
    /// How many seconds a client may take for the next command or piece of a body. Default: 300 (RFC 5321
    /// §4.5.3.2.7).
    pub seconds: u64,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            command_line: 2048,
            auth_line: 12_288,
            recipients: 1000,
            messages: 1000,
            message: 50 << 20,
            dropped: 64 << 20,
            commands: 100_000,
            errors: 20,
            auth_failures: 3,
            seconds: 300,
        }
    }
}

/// The configuration of a server: fields to be set, on top of what a [`Profile`] sets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// What the server is for.
    pub profile: Profile,
    /// What it calls itself.
    pub host: Name,
    /// What bounds a session.
    pub limits: ServerLimits,
    /// How strictly commands are read.
    pub rules: Rules,
    /// What is done about a bare CR or LF, in commands and bodies. Default: it is refused, and the session ends.
    pub line_endings: LineEndings,
    /// What is done about parameters of extensions that are not offered.
    pub unoffered_parameters: UnofferedParameters,
    /// What is done about clients that do not wait.
    pub early_input: EarlyInput,
    /// What is done about DATA where no recipient was accepted.
    pub void_data: VoidData,
    /// Refuses an EHLO whose argument is neither a domain nor an address literal. Default: no; RFC 5321
    /// §4.1.4 lets a server refuse bad syntax, and many honest clients have bad names.
    pub strict_hello: bool,
    /// Offers STARTTLS (RFC 3207). Default: no, because the program around must be able to do it.
    pub starttls: bool,
    /// Demands TLS before MAIL, and before VRFY and EXPN where they are open. Default: yes for submission.
    pub require_tls: bool,
    /// Demands authentication before the same. Default: yes for submission.
    pub require_auth: bool,
    /// Offers AUTH without TLS. Default: no: passwords would go over the wire in clear.
    pub auth_in_clear: bool,
    /// The SASL mechanisms to offer. Default: none.
    pub mechanisms: Vec<Mechanism>,
    /// Offers PIPELINING (RFC 2920). Default: yes.
    pub pipelining: bool,
    /// Offers CHUNKING (RFC 3030). Default: yes.
    pub chunking: bool,
    /// Offers BINARYMIME (RFC 3030), which needs CHUNKING. Default: no: who takes it must be able to pass it on.
    pub binarymime: bool,
    /// Offers 8BITMIME (RFC 6152). Default: yes.
    pub eightbitmime: bool,
    /// Offers SMTPUTF8 (RFC 6531), which needs 8BITMIME. Default: no: who takes it must be able to pass it on.
    pub smtputf8: bool,
    /// Offers DSN (RFC 3461). Default: no: who takes it must send notifications.
    pub dsn: bool,
    /// Offers REQUIRETLS (RFC 8689), under TLS only. Default: no.
    pub requiretls: bool,
    /// Offers DELIVERBY (RFC 2852) with this least time; 0 for none. Default: no.
    pub deliver_by: Option<u32>,
    /// Offers MT-PRIORITY (RFC 6710). Default: no.
    pub mt_priority: bool,
    /// Offers FUTURERELEASE (RFC 4865): the most seconds, and the last moment. Default: no.
    pub future_release: Option<(HoldSeconds, Timestamp)>,
    /// Offers RRVS (RFC 7293). Default: no.
    pub rrvs: bool,
    /// Offers ETRN (RFC 1985): then it is asked about. Default: no.
    pub etrn: bool,
    /// Offers ATRN (RFC 2645): then it is asked about, for clients that have authenticated. Default: no.
    pub atrn: bool,
    /// Offers BURL (RFC 4468): then it is asked about. Default: no.
    pub burl: bool,
    /// Offers XCLIENT and XFORWARD. Default: no. Only for clients that are trusted to say who their clients
    /// are.
    pub trusted_proxy: bool,
    /// Asks what to answer to VRFY. Default: no: 252, which says nothing.
    pub open_vrfy: bool,
    /// Asks what to answer to EXPN. Default: no: 502.
    pub open_expn: bool,
    /// Asks what to answer to commands that are not known. Default: no: 500.
    pub open_unknown: bool,
}

impl Config {
    /// What a server of this kind offers and demands by default.
    #[must_use]
    pub fn new(profile: Profile, host: Name) -> Self {
        let is_submission = matches!(profile, Profile::Submission | Profile::Submissions);
        Self {
            profile,
            host,
            limits: ServerLimits::default(),
            rules: Rules::default(),
            line_endings: LineEndings::default(),
            unoffered_parameters: UnofferedParameters::default(),
            early_input: EarlyInput::default(),
            void_data: VoidData::default(),
            strict_hello: false,
            starttls: false,
            require_tls: is_submission,
            require_auth: is_submission,
            auth_in_clear: false,
            mechanisms: Vec::new(),
            pipelining: true,
            chunking: true,
            binarymime: false,
            eightbitmime: true,
            smtputf8: false,
            dsn: false,
            requiretls: false,
            deliver_by: None,
            mt_priority: false,
            future_release: None,
            rrvs: false,
            etrn: false,
            atrn: false,
            burl: false,
            trusted_proxy: false,
            open_vrfy: false,
            open_expn: false,
            open_unknown: false,
        }
    }

    /// The same, with these SASL mechanisms. Words that are no mechanism's name are left out.
    #[must_use]
    pub fn with_mechanisms<'m>(mut self, mechanisms: impl IntoIterator<Item = &'m str>) -> Self {
        self.mechanisms = mechanisms.into_iter().filter_map(|name| Mechanism::new(name).ok()).collect();
        self
    }

    /// Whether this is LMTP.
    #[must_use]
    pub fn is_lmtp(&self) -> bool {
        self.profile == Profile::Lmtp
    }

    /// Writes the reply to EHLO: what is offered to a client in this state.
    pub(super) fn write_offer(&self, is_tls: bool, is_authenticated: bool, out: &mut Vec<u8>) {
        let mut line = |parts: &[&str]| {
            out.extend_from_slice(b"250-");
            parts.iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
            out.extend_from_slice(b"\r\n");
        };
        let mut flag = |is_offered: bool, keyword: &str| {
            if is_offered {
                line(&[keyword]);
            }
        };
        flag(true, self.host.as_str());
        flag(self.pipelining, "PIPELINING");
        flag(self.eightbitmime, "8BITMIME");
        flag(self.chunking, "CHUNKING");
        flag(self.chunking && self.binarymime, "BINARYMIME");
        flag(self.offers_utf8(), "SMTPUTF8");
        flag(self.dsn, "DSN");
        flag(self.requiretls && is_tls, "REQUIRETLS");
        flag(self.mt_priority, "MT-PRIORITY");
        flag(self.rrvs, "RRVS");
        flag(self.etrn, "ETRN");
        flag(self.atrn, "ATRN");
        flag(self.burl, "BURL");
        flag(self.starttls && !is_tls, "STARTTLS");
        if self.trusted_proxy {
            line(&["XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT"]);
            line(&["XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"]);
        }
        if let Some(seconds) = self.deliver_by {
            line(&["DELIVERBY ", &seconds.to_string()]);
        }
        if let Some((seconds, until)) = self.future_release {
            line(&["FUTURERELEASE ", &seconds.to_string(), " ", &until.to_string()]);
        }
        if self.offers_auth(is_tls) && !is_authenticated {
            out.extend_from_slice(b"250-AUTH");
            for mechanism in &self.mechanisms {
                out.push(b' ');
                out.extend_from_slice(mechanism.as_str().as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
        let limits = &self.limits;
        let mut number = |before: &[u8], number: u64| {
            out.extend_from_slice(before);
            write_number(number, out);
        };
        number(b"250-SIZE ", limits.message);
        number(b"\r\n250-LIMITS MAILMAX=", limits.messages.clamp(1, 999_999).into());
        number(b" RCPTMAX=", limits.recipients.clamp(1, 999_999).into());
        out.extend_from_slice(b"\r\n250 ENHANCEDSTATUSCODES\r\n");
    }

    /// Whether addresses may be outside ASCII: who announces that announces 8BITMIME as well (RFC 6531 §3.1).
    pub(super) fn offers_utf8(&self) -> bool {
        self.smtputf8 && self.eightbitmime
    }

    /// Whether a client may authenticate in this state.
    pub(super) fn offers_auth(&self, is_tls: bool) -> bool {
        !self.mechanisms.is_empty() && (is_tls || self.auth_in_clear)
    }
}
