//! The server machine: POP3 as the one who is talked to.
//!
//! ```text
//!            input ──► advance ──► Event (some ask) ──► open / accept / refuse / reply / challenge ──► out
//!                        ▲  │                           body … end_body                                 │
//!                        │  └─ NeedInput: send out, read more ◄─────────────────────────────────────────┘
//! ```
//!
//! The caller owns the octets and the socket. [`Server::advance`] is shown the unread input and says how much
//! it used; what must be sent is appended to `out`. Where a decision is needed the event *asks*: nothing more is
//! read until it is answered, which may take as long as it takes, and only the answer moves the session.
//!
//! A login is answered with the [`Maildrop`]: from then on STAT, LIST, UIDL, DELE and RSET are the machine's own
//! business. RETR and TOP ask for the message, which the caller gives in pieces. QUIT asks for the deletions to
//! be made; nothing else ever does.
//!
//! Responses of a pipelined group gather in `out` in the order of the commands, and are best sent when the
//! machine says `NeedInput` (RFC 2449 §6.6).

mod body;
mod commands;
mod config;
mod event;
mod responses;
mod state;

pub use body::{BodyPiece, Flow};
pub use config::{Config, Language, Profile, ServerLimits, Utf8};
pub use event::{Advance, Cause, Event};

use crate::{
    base64,
    error::{Misuse, UpgradeError},
    maildrop::Maildrop,
    response::Response,
    text::Word,
};
use alloc::{string::String, sync::Arc, vec::Vec};
use mail_base::{
    Secret,
    lines::{Found, LineFinder},
};
use state::{Phase, Question};

/// A session of a server. See the [module](self).
#[derive(Clone, Debug)]
pub struct Server {
    config: Arc<Config>,
    finder: LineFinder,
    phase: Phase,
    question: Option<Question>,
    is_tls: bool,
    is_utf8: bool,
    /// The greeting had a challenge.
    has_challenge: bool,
    /// What USER has said, if that was the last command.
    user: Option<String>,
    /// There is one as soon as somebody has logged in.
    maildrop: Option<Maildrop>,
    /// Something was answered since the deadline was moved.
    is_active: bool,
    commands: u32,
    errors: u32,
    auth_failures: u32,
    deadline: u64,
}

impl Server {
    /// Starts a session on a connection that has just been made. The first thing asked is the greeting:
    /// [`greet`](Self::greet) or [`accept`](Self::accept). `now` is any count of seconds that goes on evenly.
    #[must_use]
    pub fn new(config: impl Into<Arc<Config>>, now: u64) -> Self {
        let config = config.into();
        Self {
            finder: LineFinder::new(config.line_endings),
            is_tls: config.profile == Profile::Pop3s,
            deadline: now.saturating_add(config.limits.seconds),
            config,
            phase: Phase::Command,
            question: Some(Question::Connect),
            is_utf8: false,
            has_challenge: false,
            user: None,
            maildrop: None,
            is_active: false,
            commands: 0,
            errors: 0,
            auth_failures: 0,
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether the session is under TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Whether the client has asked for UTF-8 mode. Without it a message that needs it is refused with the code
    /// [`Utf8`](crate::Code::Utf8), or sent in another form (RFC 6856 §2.1).
    #[must_use]
    pub fn is_utf8(&self) -> bool {
        self.is_utf8
    }

    /// The messages of whoever has logged in.
    #[must_use]
    pub fn maildrop(&self) -> Option<&Maildrop> {
        self.maildrop.as_ref()
    }

    /// When the client's time is up: then call [`expire`](Self::expire). Moved by every event, and by the first
    /// [`advance`](Self::advance) behind an answer.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        self.deadline
    }

    /// Reads from the start of `input`, which starts behind what has been used.
    pub fn advance<'i>(&mut self, input: &'i [u8], now: u64, out: &mut Vec<u8>) -> Advance<'i> {
        if self.question.is_some() {
            return Advance::NeedReply;
        }
        if core::mem::take(&mut self.is_active) {
            self.touch(now);
        }
        match self.phase {
            Phase::Closed => Advance::Close,
            Phase::Tls => Advance::StartTls,
            Phase::Body(_) => Advance::NeedReply,
            Phase::Listing(listing, from) => {
                self.touch(now);
                self.list(listing, from, out)
            }
            Phase::Command | Phase::Auth => self.read_line(input, now, out),
        }
    }

    /// Answers the question with a response: the status decides what becomes of the session. A login is
    /// accepted with [`open`](Self::open) only.
    ///
    /// # Errors
    /// [`Misuse`] where nothing was asked, or where this is no answer; nothing changes then.
    pub fn reply(&mut self, response: &Response<'_>, out: &mut Vec<u8>) -> Result<(), Misuse> {
        let question = self.question.as_ref().ok_or(Misuse::NoQuestion)?;
        let is_login = matches!(question, Question::Login | Question::Auth);
        if is_login && response.is_ok() {
            return Err(Misuse::Answer);
        }
        let Some(question) = self.question.take() else { return Err(Misuse::NoQuestion) };
        self.is_active = true;
        response.write(out);
        if response.is_ok() {
            self.accepted(question);
        } else {
            self.refused(&question);
        }
        Ok(())
    }

    /// Answers the question with yes, in words that suit it.
    ///
    /// # Errors
    /// [`Misuse`] where nothing was asked, and where a login was: see [`open`](Self::open).
    pub fn accept(&mut self, out: &mut Vec<u8>) -> Result<(), Misuse> {
        match self.question.as_ref().ok_or(Misuse::NoQuestion)? {
            Question::Connect => self.greet("POP3 server ready", None, out),
            Question::User(_) => self.reply(&responses::USER_OK, out),
            Question::Login | Question::Auth => Err(Misuse::Answer),
            Question::StartTls => self.reply(&responses::START_TLS, out),
            Question::Retr(number) => {
                let octets = self.maildrop.as_ref().and_then(|maildrop| maildrop.size(*number)).unwrap_or(0);
                self.reply(&Response::ok(&alloc::format!("{octets} octets")), out)
            }
            Question::Top { .. } => self.reply(&responses::TOP, out),
            Question::Lang { tag } => {
                let text = alloc::format!("{tag} {}", self.config.description(tag));
                self.reply(&Response::ok(&text), out)
            }
            Question::Commit => self.reply(&responses::BYE, out),
            Question::Unknown => self.reply(&responses::OK, out),
        }
    }

    /// Answers the question with no, in words that suit it.
    ///
    /// # Errors
    /// [`Misuse`] where nothing was asked.
    pub fn refuse(&mut self, out: &mut Vec<u8>) -> Result<(), Misuse> {
        let response = match self.question.as_ref().ok_or(Misuse::NoQuestion)? {
            Question::Connect => responses::NO_SERVICE,
            Question::Login | Question::Auth => responses::LOGIN_FAILED,
            Question::StartTls => responses::NO_TLS,
            Question::Retr(_) | Question::Top { .. } => responses::NO_MAIL,
            Question::Lang { .. } => responses::NO_LANGUAGE,
            Question::Commit => responses::NOT_DELETED,
            Question::User(_) | Question::Unknown => responses::NO,
        };
        self.reply(&response, out)
    }

    /// Greets the client. With a challenge, `<…@…>`, APOP is offered; it must be another one in each greeting
    /// (RFC 1939 §7).
    ///
    /// # Errors
    /// [`Misuse::NoQuestion`] where the client has been greeted, and [`Misuse::Answer`] where the text holds a
    /// `<`, which would look like a challenge, or the challenge is in no angle brackets.
    pub fn greet(&mut self, text: &str, challenge: Option<&str>, out: &mut Vec<u8>) -> Result<(), Misuse> {
        if self.question != Some(Question::Connect) {
            return Err(Misuse::NoQuestion);
        }
        let is_challenge = |text: &str| {
            text.starts_with('<') && text.ends_with('>') && Word::new(text).is_ok() && text.is_ascii()
        };
        if text.contains('<') || challenge.is_some_and(|challenge| !is_challenge(challenge)) {
            return Err(Misuse::Answer);
        }
        self.has_challenge = challenge.is_some();
        match challenge {
            Some(challenge) => self.reply(&Response::ok(&alloc::format!("{text} {challenge}")), out),
            None => self.reply(&Response::ok(text), out),
        }
    }

    /// Answers PASS, APOP, AUTH or the response to a challenge with yes: these are the client's messages.
    ///
    /// # Errors
    /// [`Misuse`] where no login was asked for.
    pub fn open(&mut self, maildrop: Maildrop, out: &mut Vec<u8>) -> Result<(), Misuse> {
        if !matches!(self.question, Some(Question::Login | Question::Auth)) {
            return Err(Misuse::NoQuestion);
        }
        commands::write_summary(&maildrop, out);
        self.maildrop = Some(maildrop);
        self.question = None;
        self.phase = Phase::Command;
        self.is_active = true;
        Ok(())
    }

    /// Answers AUTH, or the response to a challenge, with the next challenge.
    ///
    /// # Errors
    /// [`Misuse`] where no authentication is going on.
    pub fn challenge(&mut self, challenge: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        if self.question != Some(Question::Auth) {
            return Err(Misuse::NoQuestion);
        }
        out.extend_from_slice(b"+ ");
        base64::write_line(challenge, out);
        self.question = None;
        self.phase = Phase::Auth;
        self.is_active = true;
        Ok(())
    }

    /// Goes on under TLS, once [`Advance::StartTls`] has come and the handshake has been made. What the client
    /// has said is forgotten; the challenge of the greeting stays, because there is no other (RFC 2595 §4).
    ///
    /// # Errors
    /// Where TLS was not agreed on, and where `unread` octets stand behind STLS: somebody has put them there
    /// (CVE-2011-0411), and the connection must be closed.
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
        server.has_challenge = self.has_challenge;
        Ok(server)
    }

    /// The client's time is up: the session ends without a response, and nothing is deleted (RFC 1939 §3).
    pub fn expire(&mut self) {
        self.close();
    }

    /// Ends the session for a reason of the server's own. A client that waits for nothing is told nothing; one
    /// that waits for an answer hears this. In the middle of a message the connection just ends.
    pub fn shut_down(&mut self, response: &Response<'_>, out: &mut Vec<u8>) {
        if self.question.is_some() && !response.is_ok() {
            response.write(out);
        }
        self.close();
    }

    /// Moves the session, now that the answer is yes.
    fn accepted(&mut self, question: Question) {
        match question {
            Question::Connect
            | Question::Login
            | Question::Auth
            | Question::Lang { .. }
            | Question::Unknown => {}
            Question::User(user) => self.user = Some(user),
            Question::StartTls => self.phase = Phase::Tls,
            Question::Retr(_) => self.start_body(None),
            Question::Top { lines } => self.start_body(Some(lines)),
            Question::Commit => self.close(),
        }
    }

    /// Moves the session, now that the answer is no.
    fn refused(&mut self, question: &Question) {
        match question {
            Question::Connect | Question::Commit => self.close(),
            Question::Login | Question::Auth => {
                self.phase = Phase::Command;
                self.auth_failures = self.auth_failures.saturating_add(1);
                self.count_error();
            }
            // that a message cannot be had, or TLS not start, is not the client's fault
            Question::Retr(_) | Question::Top { .. } | Question::StartTls => {}
            Question::User(_) | Question::Lang { .. } | Question::Unknown => self.count_error(),
        }
    }

    fn read_line<'i>(&mut self, input: &'i [u8], now: u64, out: &mut Vec<u8>) -> Advance<'i> {
        let is_auth = matches!(self.phase, Phase::Auth);
        let limits = &self.config.limits;
        let limit = if is_auth { limits.auth_line } else { limits.command_line };
        let (line, used) = match self.finder.find(input, limit) {
            Ok(Found::NeedInput) => return Advance::NeedInput,
            Ok(Found::Line { text, used }) => (text, used),
            Ok(Found::TooLong { used, ended: false }) => {
                return Advance::Event { used, event: Event::Dropped };
            }
            Ok(Found::TooLong { used, ended: true }) => {
                self.touch(now);
                self.phase = Phase::Command;
                self.user = None;
                return self.refuse_with(used, (Cause::LineTooLong, responses::LINE_TOO_LONG), out);
            }
            Err(error) => {
                return self.refuse_and_close(0, (Cause::LineEnd(error), responses::LINE_END), out);
            }
        };
        self.touch(now);
        if is_auth {
            return self.auth_response(line, used, out);
        }
        self.command(line, used, input.len() > used, out)
    }

    /// A line inside AUTH (RFC 5034 §4): base64, or `*`.
    fn auth_response<'i>(&mut self, line: &[u8], used: usize, out: &mut Vec<u8>) -> Advance<'i> {
        self.phase = Phase::Command;
        if line == b"*" {
            responses::CANCELLED.write(out);
            self.count_error();
            return Advance::Event { used, event: Event::AuthCancelled };
        }
        match base64::decode(line) {
            Some(response) => self.ask(used, Question::Auth, Event::AuthResponse(Secret::new(response))),
            None => self.refuse_with(used, (Cause::Base64, responses::BASE64), out),
        }
    }

    /// Tells an event and waits for the answer.
    fn ask<'i>(&mut self, used: usize, question: Question, event: Event<'i>) -> Advance<'i> {
        self.question = Some(question);
        Advance::Event { used, event }
    }

    /// Tells the client no.
    fn refuse_with<'i>(
        &mut self,
        used: usize,
        (cause, response): (Cause, Response<'static>),
        out: &mut Vec<u8>,
    ) -> Advance<'i> {
        response.write(out);
        self.count_error();
        Advance::Event { used, event: Event::Refused { cause, response } }
    }

    /// Tells the client no, and ends the session.
    fn refuse_and_close<'i>(
        &mut self,
        used: usize,
        refusal: (Cause, Response<'static>),
        out: &mut Vec<u8>,
    ) -> Advance<'i> {
        let advance = self.refuse_with(used, refusal, out);
        self.close();
        advance
    }

    /// One more thing that went wrong; one too many ends the session. The response that has been written is the
    /// last: another one would answer nothing.
    fn count_error(&mut self) {
        self.errors = self.errors.saturating_add(1);
        let limits = &self.config.limits;
        if self.errors >= limits.errors || self.auth_failures >= limits.auth_failures {
            self.close();
        }
    }

    fn close(&mut self) {
        self.question = None;
        self.user = None;
        self.maildrop = None;
        self.phase = Phase::Closed;
    }

    fn touch(&mut self, now: u64) {
        self.deadline = now.saturating_add(self.config.limits.seconds);
    }
}
