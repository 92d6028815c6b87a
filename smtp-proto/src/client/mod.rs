//! The client machine: SMTP, submission and LMTP as the one who talks.
//!
//! ```text
//!            input ──► advance ──► Event: replies, matched to what was sent
//!                        │
//!                        ├─ NeedCommand: send / body / chunk / respond ──► out
//!                        └─ NeedInput: send out, read more
//! ```
//!
//! The machine makes the handshake by itself: greeting, EHLO (or HELO where that is not known), STARTTLS as the
//! [`TlsPolicy`] says. From [`Event::Ready`] on the caller sends commands. Where the server offers PIPELINING
//! several may wait for their replies; [`Client::can_send`] knows which may follow which (RFC 2920 §3.1). The
//! next MAIL waits until every reply of the message before it has come.
//! Commands that the server's offer does not cover are a [`Misuse`](crate::Misuse), and never sent.
//!
//! For one message to many recipients use a [`Transaction`](crate::Transaction) on top.

mod config;
mod event;
mod send;

pub use config::{ClientConfig, ClientLimits, TlsPolicy};
pub use event::{Advance, Event, Sent, Violation};
pub use send::auth_command;

use crate::{
    base64,
    capabilities::{Capabilities, Extension},
    command::Command,
    error::UpgradeError,
    reply::{Reply, ReplyReader},
};
use alloc::{
    collections::{BTreeSet, VecDeque},
    string::String,
    sync::Arc,
    vec::Vec,
};
use mail_base::{dot::DotEncoder, lines::EndingFilter};

/// A session of a client. See the [module](self).
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    reader: ReplyReader,
    phase: Phase,
    is_tls: bool,
    capabilities: Capabilities,
    /// What waits for its reply.
    sent: VecDeque<Sent>,
    transaction: Transaction,
    mails: u32,
    /// The domains of the recipients, in lower case, where the server limits how many there are.
    domains: BTreeSet<String>,
    /// Since when a reply is awaited.
    waiting_since: Option<u64>,
}

/// What the next reply, or the next thing to send, is.
#[derive(Clone, Debug)]
enum Phase {
    Greeting,
    /// TLS stands, or XCLIENT was accepted: EHLO is to be sent.
    Renewed,
    Ehlo,
    /// RSET between the two.
    Reset,
    Helo,
    StartTls,
    Tls,
    /// Commands, and their replies.
    Ready,
    /// A challenge waits for its response.
    Challenged,
    /// The body goes out behind DATA.
    Body(DotEncoder),
    /// A body was broken off: nothing that is sent could be understood.
    Broken,
    Closed,
}

/// What is known of the message that is being sent.
#[derive(Clone, Debug, Default)]
struct Transaction {
    is_open: bool,
    is_binary: bool,
    /// MAIL said SMTPUTF8.
    is_wide: bool,
    /// RCPT commands that were sent.
    recipients: u32,
    /// Those that were accepted.
    accepted: u32,
    /// A chunk was refused, and with it the message.
    is_refused: bool,
    /// Its end was sent, or it was broken off between chunks: nothing more of it goes out.
    is_ended: bool,
    /// How many replies to the end of the body have come.
    body_replies: u32,
    /// Octets of the body so far.
    octets: u64,
    /// There is one as soon as a chunk has been sent.
    filter: Option<EndingFilter>,
}

impl Transaction {
    /// Whether its body was sent, or a part of it.
    fn has_body(&self) -> bool {
        self.is_ended || self.filter.is_some()
    }
}

impl Client {
    /// Starts a session on a connection that has just been made; the server talks first. `over_tls` says
    /// whether TLS stands already (port 465).
    #[must_use]
    pub fn new(config: impl Into<Arc<ClientConfig>>, over_tls: bool) -> Self {
        let config = config.into();
        let limits = &config.limits;
        Self {
            reader: ReplyReader::new(config.reply_line_endings, limits.reply_line, limits.reply),
            config,
            phase: Phase::Greeting,
            is_tls: over_tls,
            capabilities: Capabilities::new(),
            // as many as a small message has
            sent: VecDeque::with_capacity(8),
            transaction: Transaction::default(),
            mails: 0,
            domains: BTreeSet::new(),
            waiting_since: None,
        }
    }

    /// What the server offers: nothing before [`Event::Ready`], and nothing after HELO.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Whether the session is under TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// How many recipients of the message the server has accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u32 {
        self.transaction.accepted
    }

    /// Whether MAIL was accepted, or may be, and the message has neither been sent nor given up.
    #[must_use]
    pub fn is_in_transaction(&self) -> bool {
        self.transaction.is_open
    }

    /// When the server's time is up: then close the connection. While a body goes out behind DATA, that is when
    /// its next piece must have been taken. `None` while nothing is awaited.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let limits = &self.config.limits;
        let seconds = match (&self.phase, self.sent.front()) {
            (Phase::Greeting, _) => limits.greeting,
            (Phase::Body(_), None) => limits.block,
            (_, Some(Sent::Data)) => limits.data,
            (_, Some(Sent::Body)) => limits.end,
            _ => limits.command,
        };
        Some(self.waiting_since?.saturating_add(seconds))
    }

    /// Reads from the start of `input`, which starts behind what has been used.
    ///
    /// # Errors
    /// A [`Violation`]: the connection must be closed.
    pub fn advance<'i>(
        &mut self,
        input: &'i [u8],
        now: u64,
        out: &mut Vec<u8>,
    ) -> Result<Advance<'i>, Violation> {
        match self.phase {
            Phase::Closed => return Ok(Advance::Close),
            Phase::Tls => return Ok(Advance::StartTls),
            Phase::Renewed => self.greet(out),
            _ => {}
        }
        let Some((reply, used)) = self.reader.read(input)? else {
            let is_our_turn = match self.phase {
                Phase::Ready => self.sent.is_empty(),
                Phase::Challenged | Phase::Body(_) | Phase::Broken => true,
                _ => false,
            };
            if matches!(self.phase, Phase::Body(_)) {
                self.waiting_since = Some(now);
            }
            if is_our_turn {
                return Ok(Advance::NeedCommand);
            }
            self.waiting_since.get_or_insert(now);
            return Ok(Advance::NeedInput);
        };
        self.waiting_since = None;
        let event = self.take(reply, out)?;
        Ok(Advance::Event { used, event })
    }

    fn take<'i>(&mut self, reply: Reply<'i>, out: &mut Vec<u8>) -> Result<Event<'i>, Violation> {
        let code = reply.code().get();
        let is_ready = matches!(self.phase, Phase::Ready) && !self.sent.is_empty();
        if code == 421 && !is_ready && !matches!(self.phase, Phase::Greeting) {
            self.close();
            return Ok(Event::Closing(reply));
        }
        match self.phase {
            Phase::Greeting => {
                if code == 220 {
                    self.greet(out);
                } else {
                    self.leave(out);
                }
                Ok(Event::Greeting(reply))
            }
            Phase::Ehlo => self.take_hello(reply, out),
            // what is said to it changes nothing
            Phase::Reset => {
                self.say_helo(out);
                Ok(Event::Handshake(reply))
            }
            Phase::Helo if reply.code().is_success() => self.settle(reply, out),
            Phase::Helo => Err(Violation::HelloRefused(code)),
            Phase::StartTls => self.take_start_tls(reply),
            Phase::Ready => self.take_reply(reply),
            _ => Err(Violation::Unasked(code)),
        }
    }

    /// Says EHLO, or LHLO.
    fn greet(&mut self, out: &mut Vec<u8>) {
        let host = self.config.host.clone();
        let command = if self.config.lmtp { Command::Lhlo(host) } else { Command::Ehlo(host) };
        command.write(out);
        self.phase = Phase::Ehlo;
    }

    /// The answer to EHLO. A server that does not know it is asked with HELO (RFC 5321 §3.2).
    fn take_hello<'i>(&mut self, reply: Reply<'i>, out: &mut Vec<u8>) -> Result<Event<'i>, Violation> {
        if reply.code().is_success() {
            self.capabilities = Capabilities::from_reply(&reply);
            return self.settle(reply, out);
        }
        let is_unknown = reply.code().is_permanent() && !self.config.lmtp;
        if !is_unknown {
            return Err(Violation::HelloRefused(reply.code().get()));
        }
        if self.config.reset_before_helo {
            Command::Rset.write(out);
            self.phase = Phase::Reset;
        } else {
            self.say_helo(out);
        }
        Ok(Event::Handshake(reply))
    }

    fn say_helo(&mut self, out: &mut Vec<u8>) {
        Command::Helo(self.config.host.clone()).write(out);
        self.phase = Phase::Helo;
    }

    /// The greeting was accepted: TLS comes next, or mail.
    fn settle<'i>(&mut self, reply: Reply<'i>, out: &mut Vec<u8>) -> Result<Event<'i>, Violation> {
        let can_start = self.capabilities.offers(Extension::StartTls);
        match self.config.tls {
            TlsPolicy::Required if !self.is_tls && !can_start => Err(Violation::NoTls),
            TlsPolicy::Required | TlsPolicy::Opportunistic if !self.is_tls && can_start => {
                Command::StartTls.write(out);
                self.phase = Phase::StartTls;
                Ok(Event::Handshake(reply))
            }
            _ => Ok(self.ready(reply)),
        }
    }

    fn ready<'i>(&mut self, reply: Reply<'i>) -> Event<'i> {
        self.phase = Phase::Ready;
        Event::Ready(reply)
    }

    fn take_start_tls<'i>(&mut self, reply: Reply<'i>) -> Result<Event<'i>, Violation> {
        if reply.code().is_success() {
            self.phase = Phase::Tls;
            return Ok(Event::Handshake(reply));
        }
        if self.config.tls == TlsPolicy::Required {
            return Err(Violation::TlsRefused(reply.code().get()));
        }
        Ok(self.ready(reply))
    }

    /// The answer to what was sent first among what waits.
    fn take_reply<'i>(&mut self, reply: Reply<'i>) -> Result<Event<'i>, Violation> {
        let code = reply.code();
        let to = self.sent.front().copied().ok_or(Violation::Unasked(code.get()))?;
        if code.is_intermediate() && !matches!(to, Sent::Data | Sent::Auth) {
            return Err(Violation::Code(code.get()));
        }
        if !(to == Sent::Body && self.awaits_more_body_replies()) {
            self.sent.pop_front();
        }
        match to {
            Sent::Auth if code.is_intermediate() => {
                self.phase = Phase::Challenged;
                let challenge = reply.raw_lines().next().and_then(base64::decode);
                return Ok(match challenge {
                    Some(challenge) => Event::Challenge(challenge),
                    None => Event::BrokenChallenge(reply),
                });
            }
            Sent::Data if code.is_intermediate() => {
                self.phase = Phase::Body(DotEncoder::new(self.config.body_line_endings));
            }
            Sent::Data if code.is_success() => return Err(Violation::Code(code.get())),
            Sent::Rcpt if code.is_success() => {
                self.transaction.accepted = self.transaction.accepted.saturating_add(1);
            }
            Sent::Chunk if !code.is_success() => self.transaction.is_refused = true,
            Sent::Body if self.sent.front() != Some(&Sent::Body) => {
                // behind a chunk that was refused only RSET helps (RFC 3030 §2), which may have been sent already
                self.transaction.is_open &= self.transaction.is_refused;
            }
            Sent::Mail if !code.is_success() => self.transaction.is_open = false,
            Sent::Quit => self.phase = Phase::Closed,
            // the session starts again, as that of another client
            Sent::Xclient if code.is_success() => {
                self.capabilities = Capabilities::new();
                self.transaction = Transaction::default();
                self.phase = Phase::Renewed;
            }
            _ => {}
        }
        if code.get() == 421 {
            self.close();
        }
        Ok(Event::Reply { to, reply })
    }

    /// LMTP answers the end of a body once for each recipient that was accepted (RFC 2033 §4.2).
    fn awaits_more_body_replies(&mut self) -> bool {
        // once a chunk was refused the last one is a command out of sequence
        let is_for_each = self.config.lmtp && !self.transaction.is_refused;
        let all = if is_for_each { self.transaction.accepted.max(1) } else { 1 };
        self.transaction.body_replies = self.transaction.body_replies.saturating_add(1);
        self.transaction.body_replies < all
    }

    /// Goes on under TLS, once [`Advance::StartTls`] has come and the handshake has been made. What the server
    /// has said is forgotten (RFC 3207 §4.2), and EHLO is sent again.
    ///
    /// # Errors
    /// Where TLS was not agreed on, and where `unread` octets stand behind the reply to STARTTLS: somebody has
    /// put them there, and the connection must be closed.
    pub fn upgrade(self, unread: &[u8]) -> Result<Self, UpgradeError> {
        if !matches!(self.phase, Phase::Tls) {
            return Err(UpgradeError::NotAgreed);
        }
        if !unread.is_empty() {
            return Err(UpgradeError::Injected { octets: unread.len() });
        }
        let mut client = Self::new(self.config, true);
        client.phase = Phase::Renewed;
        Ok(client)
    }

    /// Says QUIT to a server that does not want to talk, and does not wait for what it says to that.
    fn leave(&mut self, out: &mut Vec<u8>) {
        Command::Quit.write(out);
        self.close();
    }

    fn close(&mut self) {
        self.sent.clear();
        self.phase = Phase::Closed;
    }
}
