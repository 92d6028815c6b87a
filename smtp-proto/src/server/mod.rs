//! The server machine: SMTP, submission and LMTP as the one who is talked to.
//!
//! ```text
//!            input ──► advance ──► Event (some ask) ──► reply / accept / challenge ──► out
//!                        ▲  │                                                           │
//!                        │  └─ NeedInput: send out, read more ◄─────────────────────────┘
//! ```
//!
//! The caller owns the octets and the socket. [`Server::advance`] is shown the unread input and says how much
//! it used; what must be sent is appended to `out`. Where a decision is needed the event *asks*: nothing more is
//! read until it is answered, which may take as long as it takes, and only the answer moves the session: a
//! recipient that is refused never was one. What needs no decision (RSET, a syntax error, a command that may
//! not come now) the machine answers by itself, and tells.
//!
//! Replies of a pipelined group gather in `out` in the order of the commands, and are best sent when the
//! machine says `NeedInput` (RFC 2920 §3.2).

mod body;
mod commands;
mod config;
mod event;
mod replies;
mod state;

pub use config::{Config, EarlyInput, Profile, ServerLimits, UnofferedParameters, VoidData};
pub use event::{Advance, Cause, Event, HelloKind};

use crate::{
    base64,
    error::{Misuse, UpgradeError},
    reply::Reply,
};
use alloc::{sync::Arc, vec::Vec};
use commands::Refusal;
use mail_base::lines::{Found, LineEndError, LineFinder};
use state::{Phase, Question, Transaction};

/// A session of a server. See the [module](self).
#[derive(Clone, Debug)]
pub struct Server {
    config: Arc<Config>,
    finder: LineFinder,
    phase: Phase,
    question: Option<Question>,
    hello: Option<HelloKind>,
    is_tls: bool,
    is_authenticated: bool,
    transaction: Option<Transaction>,
    /// Why the body that is being read will be refused.
    refusal: Option<Refusal>,
    /// How many octets have been dropped of it.
    dropped: u64,
    /// The start of a line that is too long has been dropped.
    is_dropping: bool,
    /// The client was told to go away, and may say QUIT.
    is_turned_away: bool,
    /// The next command has been told as coming too early, or the client as talking before the greeting.
    is_early_told: bool,
    commands: u32,
    messages: u32,
    errors: u32,
    auth_failures: u32,
    deadline: u64,
    /// A question has been answered, and the client's time begins again.
    is_answered: bool,
}

impl Server {
    /// Starts a session on a connection that has just been made. The first thing asked is the greeting:
    /// [`accept`](Self::accept) says 220. `now` is any count of seconds that goes on evenly.
    #[must_use]
    pub fn new(config: impl Into<Arc<Config>>, now: u64) -> Self {
        let config = config.into();
        let is_tls = config.profile == Profile::Submissions;
        let mut server = Self {
            finder: LineFinder::new(config.line_endings),
            config,
            phase: Phase::Command,
            question: Some(Question::Connect),
            hello: None,
            is_tls,
            is_authenticated: false,
            transaction: None,
            refusal: None,
            dropped: 0,
            is_dropping: false,
            is_turned_away: false,
            is_early_told: false,
            commands: 0,
            messages: 0,
            errors: 0,
            auth_failures: 0,
            deadline: 0,
            is_answered: false,
        };
        server.touch(now);
        server
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Which greeting the client has used, if one was accepted.
    #[must_use]
    pub fn hello(&self) -> Option<HelloKind> {
        self.hello
    }

    /// Whether the session is under TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Whether the client has authenticated.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        self.is_authenticated
    }

    /// When the client's time is up: then call [`expire`](Self::expire). Moved by every event, and by the first
    /// [`advance`](Self::advance) behind an answer, however long that took.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        self.deadline
    }

    /// Reads from the start of `input`, which starts behind what has been used.
    pub fn advance<'i>(&mut self, input: &'i [u8], now: u64, out: &mut Vec<u8>) -> Advance<'i> {
        if self.question == Some(Question::Connect) && !input.is_empty() && !self.is_early_told {
            return self.early_talk(out);
        }
        if self.question.is_some() {
            return Advance::NeedReply;
        }
        if core::mem::take(&mut self.is_answered) {
            self.touch(now);
        }
        match self.phase {
            Phase::Closed => Advance::Close,
            Phase::Tls => Advance::StartTls,
            Phase::Body(_) => self.read_body(input, now, out),
            Phase::Command | Phase::Auth => self.read_line(input, now, out),
        }
    }

    /// Answers the question with a reply: success or failure decides what becomes of the session. With LMTP
    /// the end of a message asks for one reply for each recipient.
    ///
    /// A reply should have an enhanced code, because ENHANCEDSTATUSCODES is offered (RFC 2034 §3).
    ///
    /// 421 ends the session, whatever the question is. For EHLO and the like a success is written with what
    /// the server offers, and the text of the reply is not used.
    ///
    /// # Errors
    /// [`Misuse`] where nothing was asked, or where the code is no answer; nothing changes then.
    pub fn reply(&mut self, reply: &Reply<'_>, out: &mut Vec<u8>) -> Result<(), Misuse> {
        let question = self.question.ok_or(Misuse::NoQuestion)?;
        let code = reply.code();
        let is_answer = match question {
            Question::Data => !code.is_success(),
            _ => !code.is_intermediate(),
        };
        if !is_answer {
            return Err(Misuse::Code(code.get()));
        }
        if code.get() == 421 {
            reply.write(out);
            self.close();
            return Ok(());
        }
        let is_accepted = code.is_success() || code.is_intermediate();
        match question {
            Question::Hello(kind) if is_accepted => self.write_hello(kind, out),
            _ => reply.write(out),
        }
        if let Question::BodyEnd { left, is_taken } = question
            && let Some(left) = left.checked_sub(1).filter(|left| *left > 0)
        {
            self.question = Some(Question::BodyEnd { left, is_taken: is_taken || is_accepted });
            return Ok(());
        }
        self.answered();
        if is_accepted {
            self.accepted(question);
        } else {
            self.refused(question);
            if code.is_permanent() {
                self.count_error(out);
            }
        }
        Ok(())
    }

    /// Answers the question with yes, in words that suit it.
    ///
    /// # Errors
    /// [`Misuse`] where nothing was asked.
    pub fn accept(&mut self, out: &mut Vec<u8>) -> Result<(), Misuse> {
        let question = self.question.ok_or(Misuse::NoQuestion)?;
        match question {
            Question::Connect | Question::Xclient { .. } => {
                self.write_greeting(out);
                self.answered();
                self.accepted(question);
                Ok(())
            }
            Question::Hello(_) | Question::Burl | Question::Other => self.reply(&replies::OK, out),
            Question::Auth => self.reply(&replies::AUTH_OK, out),
            Question::StartTls => self.reply(&replies::START_TLS, out),
            Question::Mail { .. } => self.reply(&replies::MAIL_OK, out),
            Question::Rcpt => self.reply(&replies::RCPT_OK, out),
            Question::Data => self.reply(&replies::START_BODY, out),
            Question::ChunkEnd => self.reply(&replies::CHUNK_OK, out),
            Question::BodyEnd { .. } => self.reply(&replies::BODY_OK, out),
        }
    }

    /// Answers AUTH, or the response to a challenge, with the next challenge: 334.
    ///
    /// # Errors
    /// [`Misuse`] where no authentication is going on.
    pub fn challenge(&mut self, challenge: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        if self.question != Some(Question::Auth) {
            return Err(Misuse::NoQuestion);
        }
        out.extend_from_slice(b"334 ");
        base64::write_line(challenge, out);
        self.answered();
        self.phase = Phase::Auth;
        Ok(())
    }

    /// Goes on under TLS, once [`Advance::StartTls`] has come and the handshake has been made. What the client
    /// has said is forgotten (RFC 3207 §4.2).
    ///
    /// # Errors
    /// Where TLS was not agreed on, and where `unread` octets stand behind STARTTLS: somebody has put them
    /// there (CVE-2011-0411), and the connection must be closed.
    pub fn upgrade(self, unread: &[u8], now: u64) -> Result<Self, UpgradeError> {
        if !matches!(self.phase, Phase::Tls) {
            return Err(UpgradeError::NotAgreed);
        }
        if !unread.is_empty() {
            return Err(UpgradeError::Injected { octets: unread.len() });
        }
        let mut server = Self::new(self.config, now);
        server.question = None;
        server.is_tls = true;
        Ok(server)
    }

    /// The client's time is up: 421. Anything that was asked need not be answered any more.
    pub fn expire(&mut self, out: &mut Vec<u8>) {
        self.shut_down(&replies::TIMEOUT, out);
    }

    /// Ends the session for a reason of the server's own, with a 421 that says so.
    pub fn shut_down(&mut self, reply: &Reply<'_>, out: &mut Vec<u8>) {
        if !matches!(self.phase, Phase::Closed | Phase::Tls) {
            reply.write(out);
            self.close();
        }
    }

    fn write_greeting(&self, out: &mut Vec<u8>) {
        let protocol: &[u8] = if self.config.is_lmtp() { b" LMTP ready\r\n" } else { b" ESMTP ready\r\n" };
        out.extend_from_slice(b"220 ");
        out.extend_from_slice(self.config.host.as_str().as_bytes());
        out.extend_from_slice(protocol);
    }

    fn write_hello(&self, kind: HelloKind, out: &mut Vec<u8>) {
        match kind {
            HelloKind::Ehlo | HelloKind::Lhlo => {
                self.config.write_offer(self.is_tls, self.is_authenticated, out);
            }
            HelloKind::Helo => {
                out.extend_from_slice(b"250 ");
                out.extend_from_slice(self.config.host.as_str().as_bytes());
                out.extend_from_slice(b"\r\n");
            }
        }
    }

    fn answered(&mut self) {
        self.question = None;
        self.is_answered = true;
    }

    /// Moves the session, now that the answer is yes.
    fn accepted(&mut self, question: Question) {
        match question {
            Question::Connect => self.is_early_told = false,
            Question::Other | Question::ChunkEnd | Question::Burl => {}
            Question::Hello(kind) => {
                self.hello = Some(kind);
                // it does what RSET does, too (RFC 5321 §4.1.4)
                self.transaction = None;
            }
            Question::Auth => {
                self.is_authenticated = true;
                self.phase = Phase::Command;
            }
            Question::StartTls => self.phase = Phase::Tls,
            Question::Mail { body, smtputf8 } => {
                self.transaction =
                    Some(Transaction { recipients: 0, body, smtputf8, octets: 0, filter: None });
            }
            Question::Rcpt => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.recipients = transaction.recipients.saturating_add(1);
                }
            }
            Question::Data => self.start_data(),
            Question::BodyEnd { .. } => {
                self.transaction = None;
                self.messages = self.messages.saturating_add(1);
            }
            Question::Xclient { is_login } => {
                self.hello = None;
                self.is_authenticated = is_login;
                self.transaction = None;
            }
        }
    }

    /// Moves the session, now that the answer is no.
    fn refused(&mut self, question: Question) {
        match question {
            Question::Connect => self.is_turned_away = true,
            Question::Auth => {
                self.phase = Phase::Command;
                self.auth_failures = self.auth_failures.saturating_add(1);
            }
            Question::BodyEnd { is_taken, .. } => {
                self.transaction = None;
                // for another recipient
                self.messages = self.messages.saturating_add(is_taken.into());
            }
            Question::ChunkEnd | Question::Burl => self.transaction = None,
            // a greeting that is refused leaves the session as it was (RFC 5321 §4.1.4)
            Question::Hello(_)
            | Question::StartTls
            | Question::Mail { .. }
            | Question::Rcpt
            | Question::Data
            | Question::Xclient { .. }
            | Question::Other => {}
        }
    }

    fn early_talk<'i>(&mut self, out: &mut Vec<u8>) -> Advance<'i> {
        self.is_early_told = true;
        if self.config.early_input == EarlyInput::Refuse {
            return self.refuse_and_close(0, Cause::EarlyInput, replies::EARLY_INPUT, out);
        }
        Advance::Event { used: 0, event: Event::EarlyTalk }
    }

    fn read_line<'i>(&mut self, input: &'i [u8], now: u64, out: &mut Vec<u8>) -> Advance<'i> {
        let is_auth = matches!(self.phase, Phase::Auth);
        let limits = &self.config.limits;
        let limit = if is_auth { limits.auth_line } else { limits.command_line };
        let (line, used) = match self.finder.find(input, limit) {
            Ok(Found::NeedInput) => return Advance::NeedInput,
            Ok(Found::Line { text, used }) => (text, used),
            Ok(Found::TooLong { used, .. }) if !is_auth && !self.is_dropping && commands::is_bdat(input) => {
                return self.refuse_and_close(used, Cause::LineTooLong, replies::CHUNK, out);
            }
            Ok(Found::TooLong { used, ended: false }) => {
                self.is_dropping = true;
                return Advance::Event { used, event: Event::Dropped };
            }
            Ok(Found::TooLong { used, ended: true }) => {
                self.touch(now);
                self.is_dropping = false;
                self.phase = Phase::Command;
                let reply = if is_auth { replies::AUTH_LINE_TOO_LONG } else { replies::LINE_TOO_LONG };
                return self.refuse(used, Cause::LineTooLong, reply, out);
            }
            Err(error) => return self.bare_line_end(error, out),
        };
        self.touch(now);
        if is_auth {
            return self.auth_response(line, used, out);
        }
        self.command(input, line, used, out)
    }

    fn bare_line_end<'i>(&mut self, error: LineEndError, out: &mut Vec<u8>) -> Advance<'i> {
        self.refuse_and_close(0, Cause::LineEnd(error), replies::LINE_END, out)
    }

    /// A line inside AUTH (RFC 4954 §4): base64, or `*`.
    fn auth_response<'i>(&mut self, line: &[u8], used: usize, out: &mut Vec<u8>) -> Advance<'i> {
        self.phase = Phase::Command;
        if line == b"*" {
            replies::AUTH_CANCELLED.write(out);
            self.count_error(out);
            return Advance::Event { used, event: Event::AuthCancelled };
        }
        match base64::decode_secret(line) {
            Some(response) => self.ask(used, Question::Auth, Event::AuthResponse(response)),
            None => self.refuse(used, Cause::Base64, replies::BASE64, out),
        }
    }

    /// Tells an event and waits for the answer.
    fn ask<'i>(&mut self, used: usize, question: Question, event: Event<'i>) -> Advance<'i> {
        self.question = Some(question);
        Advance::Event { used, event }
    }

    /// Tells the client no.
    fn refuse<'i>(
        &mut self,
        used: usize,
        cause: Cause,
        reply: Reply<'static>,
        out: &mut Vec<u8>,
    ) -> Advance<'i> {
        reply.write(out);
        self.count_error(out);
        Advance::Event { used, event: Event::Refused { cause, reply } }
    }

    /// Tells the client no, and ends the session.
    fn refuse_and_close<'i>(
        &mut self,
        used: usize,
        cause: Cause,
        reply: Reply<'static>,
        out: &mut Vec<u8>,
    ) -> Advance<'i> {
        reply.write(out);
        self.close();
        Advance::Event { used, event: Event::Refused { cause, reply } }
    }

    /// One more thing that went wrong; one too many ends the session.
    fn count_error(&mut self, out: &mut Vec<u8>) {
        self.errors = self.errors.saturating_add(1);
        let limits = &self.config.limits;
        if self.errors >= limits.errors || self.auth_failures >= limits.auth_failures {
            self.shut_down(&replies::TOO_MANY_ERRORS, out);
        }
    }

    fn close(&mut self) {
        self.question = None;
        self.transaction = None;
        self.refusal = None;
        self.phase = Phase::Closed;
    }

    fn touch(&mut self, now: u64) {
        self.deadline = now.saturating_add(self.config.limits.seconds);
    }
}
