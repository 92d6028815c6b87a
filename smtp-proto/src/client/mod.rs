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
//! several may wait for their replies; [`Client::can_send`] knows which may follow which (RFC 2920 §3.1).
//! Commands that the server's offer does not cover are a [`Misuse`], and never sent.
//!
//! For one message to many recipients use a [`Transaction`](crate::Transaction) on top.

mod config;
mod event;

pub use config::{ClientConfig, ClientLimits, TlsPolicy};
pub use event::{Advance, Event, Sent, Violation};

use crate::{
    base64::{self, Base64},
    capabilities::{Capabilities, Extension},
    command::{Auth, Command, Mail, Rcpt},
    error::{Misuse, UpgradeError},
    params::BodyType,
    reply::{Reply, ReplyReader},
};
use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use mail_base::{
    dot::DotEncoder,
    lines::{EndingFilter, LineEndError, LineEndings},
};

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
    /// Since when a reply is awaited.
    waiting_since: Option<u64>,
}

/// What the next reply, or the next thing to send, is.
#[derive(Clone, Debug)]
enum Phase {
    Greeting,
    /// TLS stands; EHLO is to be sent.
    Renewed,
    Ehlo,
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
    /// RCPT commands that were sent.
    recipients: u32,
    /// Those that were accepted.
    accepted: u32,
    /// A chunk was refused, and with it the message.
    is_refused: bool,
    /// How many replies to the end of the body have come.
    body_replies: u32,
    /// There is one as soon as a chunk has been sent.
    filter: Option<EndingFilter>,
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
            sent: VecDeque::new(),
            transaction: Transaction::default(),
            mails: 0,
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
        Command::Helo(self.config.host.clone()).write(out);
        self.phase = Phase::Helo;
        Ok(Event::Handshake(reply))
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
                // behind a chunk that was refused only RSET helps (RFC 3030 §2)
                self.transaction.is_open = self.transaction.is_refused;
            }
            Sent::Mail if !code.is_success() => self.transaction.is_open = false,
            Sent::Quit => self.phase = Phase::Closed,
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

    /// Whether this command may be sent now, in front of the replies that are still awaited.
    #[must_use]
    pub fn can_send(&self, command: &Command<'_>) -> bool {
        let is_alone =
            matches!(command, Command::Ehlo(_) | Command::Helo(_) | Command::Lhlo(_) | Command::StartTls);
        self.can_send_more() && (self.sent.is_empty() || !is_alone)
    }

    /// Whether a command that need not stand alone may be sent now.
    pub(crate) fn can_send_more(&self) -> bool {
        let is_ready = matches!(self.phase, Phase::Ready);
        match self.sent.back() {
            _ if !is_ready => false,
            None => true,
            Some(_) if !self.capabilities.offers(Extension::Pipelining) => false,
            Some(_) if self.sent.len() >= self.config.limits.outstanding => false,
            // what these do to the session is not known before their replies (RFC 2920 §3.1)
            Some(Sent::Auth | Sent::Data | Sent::Quit | Sent::Other) => false,
            Some(Sent::Mail | Sent::Rcpt | Sent::Chunk | Sent::Body | Sent::Rset) => true,
        }
    }

    /// Writes a command. Chunks go through [`chunk`](Self::chunk).
    ///
    /// # Errors
    /// [`Misuse`] where the command may not be sent now or the server does not offer what it needs; nothing is
    /// written then.
    pub fn send(&mut self, command: &Command<'_>, out: &mut Vec<u8>) -> Result<(), Misuse> {
        self.check_open()?;
        if !self.can_send(command) {
            return Err(Misuse::NotNow);
        }
        let sent = match command {
            // the machine makes these by itself
            Command::Ehlo(_) | Command::Helo(_) | Command::Lhlo(_) | Command::StartTls => {
                return Err(Misuse::NotNow);
            }
            Command::Bdat { .. } => return Err(Misuse::NotNow),
            Command::Mail(mail) => return self.send_mail(mail, out),
            Command::Rcpt(rcpt) => return self.send_rcpt(rcpt, out),
            Command::Data if self.transaction.is_binary || self.transaction.filter.is_some() => {
                return Err(Misuse::NotNow);
            }
            Command::Data => Sent::Data,
            Command::Rset => {
                self.transaction.is_open = false;
                Sent::Rset
            }
            Command::Quit => Sent::Quit,
            Command::Auth(auth) => {
                self.check_auth(auth)?;
                Sent::Auth
            }
            Command::Burl { .. } => self.need(Extension::Burl, Sent::Body)?,
            _ => Sent::Other,
        };
        command.write(out);
        self.sent.push_back(sent);
        Ok(())
    }

    /// As [`send`](Self::send), for MAIL.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_mail(&mut self, mail: &Mail<'_>, out: &mut Vec<u8>) -> Result<(), Misuse> {
        self.check_open()?;
        if !self.can_send_more() {
            return Err(Misuse::NotNow);
        }
        self.check_mail(mail)?;
        let is_binary = mail.params.body == Some(BodyType::BinaryMime);
        self.transaction = Transaction { is_open: true, is_binary, ..Transaction::default() };
        self.mails = self.mails.saturating_add(1);
        mail.write(out);
        self.sent.push_back(Sent::Mail);
        Ok(())
    }

    /// As [`send`](Self::send), for RCPT.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_rcpt(&mut self, rcpt: &Rcpt<'_>, out: &mut Vec<u8>) -> Result<(), Misuse> {
        self.check_open()?;
        if !self.can_send_more() {
            return Err(Misuse::NotNow);
        }
        self.check_rcpt(rcpt)?;
        self.transaction.recipients = self.transaction.recipients.saturating_add(1);
        rcpt.write(out);
        self.sent.push_back(Sent::Rcpt);
        Ok(())
    }

    fn check_open(&self) -> Result<(), Misuse> {
        if matches!(self.phase, Phase::Closed) { Err(Misuse::Closed) } else { Ok(()) }
    }

    fn need<T>(&self, extension: Extension, value: T) -> Result<T, Misuse> {
        if self.capabilities.offers(extension) {
            Ok(value)
        } else {
            Err(Misuse::NotOffered(extension.keyword()))
        }
    }

    fn check_mail(&self, mail: &Mail<'_>) -> Result<(), Misuse> {
        let params = &mail.params;
        let is_wide = params.smtputf8 || !mail.path.is_ascii();
        let is_chunked_only = params.body == Some(BodyType::BinaryMime);
        let needs = [
            (params.size.is_some(), Extension::Size),
            (
                matches!(params.body, Some(BodyType::SevenBit | BodyType::EightBitMime)),
                Extension::EightBitMime,
            ),
            (is_chunked_only, Extension::BinaryMime),
            (is_chunked_only, Extension::Chunking),
            (is_wide, Extension::SmtpUtf8),
            (params.requiretls, Extension::RequireTls),
            (params.ret.is_some() || params.envid.is_some(), Extension::Dsn),
            (params.auth.is_some(), Extension::Auth),
            (params.by.is_some(), Extension::DeliverBy),
            (params.priority.is_some(), Extension::MtPriority),
            (params.hold.is_some(), Extension::FutureRelease),
        ];
        for (_, extension) in needs.into_iter().filter(|(is_needed, _)| *is_needed) {
            self.need(extension, ())?;
        }
        if !mail.path.is_ascii() && !params.smtputf8 {
            return Err(Misuse::NotOffered("SMTPUTF8"));
        }
        // 0 is no limit
        let limit = self.capabilities.size().unwrap_or(0);
        if limit > 0 && params.size.is_some_and(|size| size > limit) {
            return Err(Misuse::TooLarge { limit });
        }
        match self.capabilities.limits().mails {
            Some(limit) if self.mails >= limit => Err(Misuse::TooMany { limit }),
            _ => Ok(()),
        }
    }

    fn check_rcpt(&self, rcpt: &Rcpt<'_>) -> Result<(), Misuse> {
        let params = &rcpt.params;
        if params.notify.is_some() || params.orcpt.is_some() {
            self.need(Extension::Dsn, ())?;
        }
        if params.rrvs.is_some() {
            self.need(Extension::Rrvs, ())?;
        }
        if !rcpt.path.is_ascii() {
            self.need(Extension::SmtpUtf8, ())?;
        }
        match self.capabilities.limits().recipients {
            Some(limit) if self.transaction.recipients >= limit => Err(Misuse::TooMany { limit }),
            _ => Ok(()),
        }
    }

    fn check_auth(&self, auth: &Auth<'_>) -> Result<(), Misuse> {
        let given = auth.mechanism.as_str();
        let is_offered = self.capabilities.mechanisms().any(|offered| offered.eq_ignore_ascii_case(given));
        if is_offered { Ok(()) } else { Err(Misuse::NotOffered("AUTH")) }
    }

    /// Answers a challenge.
    ///
    /// # Errors
    /// [`Misuse`] where there is none.
    pub fn respond(&mut self, response: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        self.end_challenge()?;
        base64::write_line(response, out);
        Ok(())
    }

    /// Gives an authentication up (RFC 4954 §4): the server answers 501.
    ///
    /// # Errors
    /// [`Misuse`] where there is no challenge to be answered.
    pub fn cancel(&mut self, out: &mut Vec<u8>) -> Result<(), Misuse> {
        self.end_challenge()?;
        out.extend_from_slice(b"*\r\n");
        Ok(())
    }

    fn end_challenge(&mut self) -> Result<(), Misuse> {
        if !matches!(self.phase, Phase::Challenged) {
            return Err(Misuse::NoQuestion);
        }
        self.phase = Phase::Ready;
        self.sent.push_back(Sent::Auth);
        Ok(())
    }

    /// Writes a piece of the body, once DATA has been answered with 354.
    ///
    /// # Errors
    /// [`Misuse`] where it is not time for a body, and at a bare CR or LF, if those are refused: then the
    /// connection can only be closed, because the server waits for the rest.
    pub fn body(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        let Phase::Body(encoder) = &mut self.phase else { return Err(Misuse::NotNow) };
        let encoded = encoder.encode(octets, out);
        encoded.map_err(|error| self.break_off(error))
    }

    /// Ends the body.
    ///
    /// # Errors
    /// As [`body`](Self::body).
    pub fn end_body(&mut self, out: &mut Vec<u8>) -> Result<(), Misuse> {
        let encoder = match core::mem::replace(&mut self.phase, Phase::Ready) {
            Phase::Body(encoder) => encoder,
            other => {
                self.phase = other;
                return Err(Misuse::NotNow);
            }
        };
        encoder.finish(out).map_err(|error| self.break_off(error))?;
        self.waiting_since = None;
        self.sent.push_back(Sent::Body);
        Ok(())
    }

    fn break_off(&mut self, error: LineEndError) -> Misuse {
        self.phase = Phase::Broken;
        Misuse::LineEnd { at: error.at }
    }

    /// Whether a chunk may be sent now.
    #[must_use]
    pub fn can_send_chunk(&self) -> bool {
        self.capabilities.offers(Extension::Chunking) && self.can_send_more()
    }

    /// Writes a chunk of the body (RFC 3030): BDAT and these octets. Where line ends are made good the chunk
    /// may have other octets than were given.
    ///
    /// # Errors
    /// [`Misuse`] where it is not time for a chunk, and at a bare CR or LF, if those are refused: then nothing
    /// is written, and RSET gives the message up.
    pub fn chunk(&mut self, octets: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), Misuse> {
        self.check_open()?;
        self.need(Extension::Chunking, ())?;
        if !self.can_send_chunk() || !self.transaction.is_open {
            return Err(Misuse::NotNow);
        }
        let endings =
            if self.transaction.is_binary { LineEndings::Keep } else { self.config.body_line_endings };
        let mut filter = self.transaction.filter.take().unwrap_or_else(|| EndingFilter::new(endings));
        let good = match filtered(&mut filter, octets, last) {
            Ok(good) => good,
            Err(error) => {
                self.transaction.is_open = false;
                return Err(Misuse::LineEnd { at: error.at });
            }
        };
        self.transaction.filter = Some(filter);
        let size = u64::try_from(good.len()).unwrap_or(u64::MAX);
        // a chunk may take its time to go out
        self.waiting_since = None;
        Command::Bdat { size, last }.write(out);
        out.extend_from_slice(&good);
        self.sent.push_back(if last { Sent::Body } else { Sent::Chunk });
        Ok(())
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

/// The octets of a chunk, with their line ends made good or refused.
fn filtered(filter: &mut EndingFilter, octets: &[u8], last: bool) -> Result<Vec<u8>, LineEndError> {
    let mut good = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while !rest.is_empty() {
        let piece = filter.filter(rest)?;
        good.extend_from_slice(piece.octets);
        rest = rest.get(piece.used..).unwrap_or(b"");
    }
    if last {
        good.extend_from_slice(core::mem::take(filter).finish()?);
    }
    Ok(good)
}

/// AUTH with this mechanism and, perhaps, an initial response; `None` where the name is none that a mechanism
/// can have (RFC 4422 §3.1).
#[must_use]
pub fn auth_command<'m>(mechanism: &'m str, initial: Option<&[u8]>) -> Option<Command<'m>> {
    let is_name = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
    let mechanism = crate::Word::new(mechanism).ok()?;
    let is_mechanism = mechanism.as_str().len() <= 20 && mechanism.as_str().bytes().all(is_name);
    let initial = initial.map(Base64::initial);
    is_mechanism.then_some(Command::Auth(Auth { mechanism, initial }))
}
