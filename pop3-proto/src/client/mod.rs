//! The client machine: POP3 as the one who talks.
//!
//! ```text
//!            input ──► advance ──► Event: responses, matched to what was sent, and the lines behind them
//!                        │
//!                        ├─ NeedCommand: send / respond ──► out
//!                        └─ NeedInput: send out, read more
//! ```
//!
//! The machine makes the handshake by itself: greeting, CAPA, STLS as the [`TlsPolicy`] says, CAPA again. From
//! [`Event::Ready`] on the caller sends commands; [`Client::choose_login`] knows the best way to log in. Where
//! the server offers PIPELINING several commands may wait for their responses; [`Client::can_send`] knows which
//! may follow which (RFC 2449 §6.6).
//!
//! Whether what was marked has been deleted, is told by [`Client::update`].

mod config;
mod event;
mod login;

pub use config::{ClientConfig, ClientLimits, TlsPolicy};
pub use event::{Advance, Event, Sent, Update, Violation};
pub use login::{Login, LoginError, Means};

use crate::{
    base64,
    capabilities::Capabilities,
    command::{Auth, Command},
    error::{Misuse, ResponseError, ResponseErrorKind, UpgradeError},
    listing::{DropListing, ScanListing, UniqueIdListing},
    response::{self, Response},
};
use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use mail_base::{
    Secret,
    dot::{Decoded, DotDecoder},
    lines::{Found, LineFinder},
};

/// A session of a client. See the [module](self).
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    finder: LineFinder,
    phase: Phase,
    is_tls: bool,
    is_logged_in: bool,
    capabilities: Capabilities,
    can_pipeline: bool,
    /// What waits for its response.
    sent: VecDeque<Sent>,
    update: Update,
    /// How many lines of a listing, or octets of a message, have come.
    count: u64,
    /// Since when the server is waited for.
    waiting_since: Option<u64>,
}

/// What the next octets are, or what is to be sent next.
#[derive(Clone, Debug)]
enum Phase {
    Greeting,
    /// TLS stands; CAPA is to be sent.
    Renewed,
    /// The response to the machine's own CAPA.
    Capa,
    /// The lines behind it.
    CapaLines,
    Stls,
    Tls,
    /// Everything is known; it is to be told.
    Settled,
    /// Commands, and their responses.
    Ready,
    /// A challenge waits for its answer.
    Challenged {
        is_broken: bool,
    },
    /// The lines behind a response.
    Lines(Sent),
    /// A message.
    Body(Sent, DotDecoder),
    Closed,
}

impl Client {
    /// Starts a session on a connection that has just been made; the server talks first. `over_tls` says
    /// whether TLS stands already (port 995).
    #[must_use]
    pub fn new(config: impl Into<Arc<ClientConfig>>, over_tls: bool) -> Self {
        let config = config.into();
        Self {
            finder: LineFinder::new(config.line_endings),
            config,
            phase: Phase::Greeting,
            is_tls: over_tls,
            is_logged_in: false,
            capabilities: Capabilities::new(),
            can_pipeline: false,
            sent: VecDeque::new(),
            update: Update::NotAsked,
            count: 0,
            waiting_since: None,
        }
    }

    /// What the server offers: nothing before [`Event::Ready`], and nothing where it does not know CAPA.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Whether the session is under TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Whether a login was accepted.
    #[must_use]
    pub fn is_logged_in(&self) -> bool {
        self.is_logged_in
    }

    /// What became of the marks that DELE has made. Ask when the session is over, or the connection lost.
    #[must_use]
    pub fn update(&self) -> Update {
        self.update
    }

    /// When the server's time is up: then close the connection. `None` while nothing is awaited.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        Some(self.waiting_since?.saturating_add(self.config.limits.seconds))
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
        let result = match self.phase {
            Phase::Lines(to) => return self.advance_listed(to, input, now),
            Phase::Closed => return Ok(Advance::Close),
            Phase::Tls => return Ok(Advance::StartTls),
            Phase::Renewed => {
                self.ask_capabilities(out);
                self.read_line(input, out)
            }
            Phase::Settled => {
                self.phase = Phase::Ready;
                return Ok(Advance::Event { used: 0, event: Event::Ready });
            }
            Phase::Body(..) => self.read_body(input),
            _ => self.read_line(input, out),
        };
        match result {
            Ok(Some((used, event))) => {
                self.waiting_since = None;
                Ok(Advance::Event { used, event })
            }
            Ok(None) if self.is_our_turn() => Ok(Advance::NeedCommand),
            Ok(None) => {
                self.waiting_since.get_or_insert(now);
                Ok(Advance::NeedInput)
            }
            Err(violation) => self.broken(violation),
        }
    }

    fn is_our_turn(&self) -> bool {
        match self.phase {
            Phase::Ready => self.sent.is_empty(),
            Phase::Challenged { .. } => true,
            _ => false,
        }
    }

    fn read_line<'i>(
        &mut self,
        input: &'i [u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<(usize, Event<'i>)>, Violation> {
        match self.find_line(input)? {
            Some((line, used)) => Ok(Some((used, self.take(line, out)?))),
            None => Ok(None),
        }
    }

    /// A line behind a response. It has a way of its own: a listing may have 100,000 of them.
    fn advance_listed<'i>(&mut self, to: Sent, input: &'i [u8], now: u64) -> Result<Advance<'i>, Violation> {
        if let Some((event, used)) = self.take_listed_whole(to, input) {
            self.waiting_since = None;
            return Ok(Advance::Event { used, event });
        }
        let line = match self.find_line(input) {
            Ok(Some(line)) => line,
            Ok(None) => {
                self.waiting_since.get_or_insert(now);
                return Ok(Advance::NeedInput);
            }
            Err(violation) => return self.broken(violation),
        };
        self.waiting_since = None;
        let (line, used) = line;
        match self.take_listed(to, line) {
            Ok(event) => Ok(Advance::Event { used, event }),
            Err(violation) => self.broken(violation),
        }
    }

    /// A line of LIST or UIDL as the RFC has it that is there whole, read without looking for its end first.
    fn take_listed_whole<'i>(&mut self, to: Sent, input: &'i [u8]) -> Option<(Event<'i>, usize)> {
        if !self.finder.is_at_start() || self.count >= u64::from(self.config.limits.lines) {
            return None;
        }
        let (event, used) = match to {
            Sent::Uidl(_) => {
                let (listing, used) = UniqueIdListing::at_start(input)?;
                (Event::UniqueId(listing), used)
            }
            Sent::List(_) => {
                let (listing, used) = ScanListing::at_start(input)?;
                (Event::Size(listing), used)
            }
            _ => return None,
        };
        if used > self.config.limits.line {
            return None;
        }
        self.count = self.count.saturating_add(1);
        Some((event, used))
    }

    /// Nothing that comes now could be understood.
    fn broken<'i>(&mut self, violation: Violation) -> Result<Advance<'i>, Violation> {
        self.phase = Phase::Closed;
        Err(violation)
    }

    #[inline]
    fn find_line<'i>(&mut self, input: &'i [u8]) -> Result<Option<(&'i [u8], usize)>, Violation> {
        let limits = &self.config.limits;
        let limit = if self.sent.front() == Some(&Sent::Auth) { limits.auth_line } else { limits.line };
        let found = self.finder.find(input, limit).map_err(|error| Violation::LineEnd { at: error.at })?;
        match found {
            Found::NeedInput => Ok(None),
            Found::TooLong { .. } => Err(Violation::LineTooLong { limit }),
            Found::Line { text, used } => Ok(Some((text, used))),
        }
    }

    fn take<'i>(&mut self, line: &'i [u8], out: &mut Vec<u8>) -> Result<Event<'i>, Violation> {
        match self.phase {
            Phase::CapaLines => self.take_own_capability(line, out),
            Phase::Ready => self.take_response(line),
            Phase::Greeting => {
                let greeting = Response::parse(line, &self.config.rules)?;
                if greeting.is_ok() {
                    self.ask_capabilities(out);
                } else {
                    self.phase = Phase::Closed;
                }
                Ok(Event::Greeting(greeting))
            }
            Phase::Capa => {
                let response = Response::parse(line, &self.config.rules)?;
                if response.is_ok() {
                    self.phase = Phase::CapaLines;
                } else {
                    self.settle(out)?;
                }
                Ok(Event::Handshake(response))
            }
            Phase::Stls => {
                let response = Response::parse(line, &self.config.rules)?;
                match self.config.tls {
                    _ if response.is_ok() => self.phase = Phase::Tls,
                    TlsPolicy::Required => return Err(Violation::TlsRefused),
                    TlsPolicy::Opportunistic | TlsPolicy::None => self.phase = Phase::Settled,
                }
                Ok(Event::Handshake(response))
            }
            _ => Err(Violation::Unasked),
        }
    }

    fn ask_capabilities(&mut self, out: &mut Vec<u8>) {
        self.capabilities = Capabilities::new();
        self.count = 0;
        Command::Capa.write(out);
        self.phase = Phase::Capa;
    }

    /// A line behind the machine's own CAPA.
    fn take_own_capability<'i>(&mut self, line: &'i [u8], out: &mut Vec<u8>) -> Result<Event<'i>, Violation> {
        if line == b"." {
            self.settle(out)?;
        } else {
            self.count_line()?;
            self.keep_capability(line.strip_prefix(b".").unwrap_or(line))?;
        }
        Ok(Event::Answered)
    }

    fn keep_capability(&mut self, line: &[u8]) -> Result<(), Violation> {
        let limit = self.config.limits.capabilities;
        if self.capabilities.octets().saturating_add(line.len()) > limit {
            return Err(Violation::LineTooLong { limit });
        }
        let text = core::str::from_utf8(line).unwrap_or("").trim();
        // what is no text, or empty, is nothing that we could use
        let _ = self.capabilities.offer(text);
        Ok(())
    }

    /// The capabilities are known: TLS comes next, or the login.
    fn settle(&mut self, out: &mut Vec<u8>) -> Result<(), Violation> {
        let can_start = self.capabilities.has("STLS");
        self.can_pipeline = self.capabilities.has("PIPELINING");
        match self.config.tls {
            TlsPolicy::Required if !self.is_tls && !can_start => return Err(Violation::NoTls),
            TlsPolicy::Required | TlsPolicy::Opportunistic if !self.is_tls && can_start => {
                Command::Stls.write(out);
                self.phase = Phase::Stls;
            }
            _ => self.phase = Phase::Settled,
        }
        Ok(())
    }

    /// The response to what was sent first among what waits.
    fn take_response<'i>(&mut self, line: &'i [u8]) -> Result<Event<'i>, Violation> {
        let to = *self.sent.front().ok_or(Violation::Unasked)?;
        let rules = &self.config.rules;
        if to == Sent::Auth
            && let Some(challenge) = response::challenge(line, rules)
        {
            let challenge = base64::decode(challenge).map(Secret::new);
            self.phase = Phase::Challenged { is_broken: challenge.is_none() };
            return Ok(Event::Challenge(challenge));
        }
        let response = Response::parse(line, rules)?;
        self.sent.pop_front();
        self.count = 0;
        let is_ok = response.is_ok();
        let start = line.len().saturating_sub(response.text().len());
        // the text is borrowed from the line, so that what it tells can be
        let text = line.get(start..).unwrap_or(b"");
        let broken = |error: ResponseError| ResponseError { at: error.at.saturating_add(start), ..error };
        match to {
            Sent::Stat if is_ok => return Ok(Event::Stat(DropListing::parse(text, rules).map_err(broken)?)),
            Sent::List(Some(_)) if is_ok => {
                return Ok(Event::Size(ScanListing::parse(text, rules).map_err(broken)?));
            }
            Sent::Uidl(Some(_)) if is_ok => {
                return Ok(Event::UniqueId(UniqueIdListing::parse(text, rules).map_err(broken)?));
            }
            Sent::List(None) | Sent::Uidl(None) | Sent::Lang { list: true } if is_ok => {
                self.phase = Phase::Lines(to);
            }
            Sent::Capa if is_ok => {
                self.capabilities = Capabilities::new();
                self.phase = Phase::Lines(to);
            }
            Sent::Retr(_) | Sent::Top(_) if is_ok => {
                self.phase = Phase::Body(to, DotDecoder::new(self.config.line_endings));
            }
            Sent::Pass | Sent::Apop | Sent::Auth => self.is_logged_in |= is_ok,
            Sent::Quit => {
                if self.update == Update::Unknown {
                    self.update = if is_ok { Update::Done } else { Update::Failed };
                }
                self.phase = Phase::Closed;
            }
            _ => {}
        }
        Ok(Event::Response { to, response })
    }

    /// One more line behind a response.
    fn count_line(&mut self) -> Result<(), Violation> {
        let limit = self.config.limits.lines;
        self.count = self.count.saturating_add(1);
        if self.count > u64::from(limit) { Err(Violation::TooManyLines { limit }) } else { Ok(()) }
    }

    /// What a line behind a response tells.
    #[inline]
    fn take_listed<'i>(&mut self, to: Sent, line: &'i [u8]) -> Result<Event<'i>, Violation> {
        if line == b"." {
            self.phase = Phase::Ready;
            if to == Sent::Capa {
                self.can_pipeline = self.capabilities.has("PIPELINING");
            }
            return Ok(Event::End(to));
        }
        self.count_line()?;
        let line = line.strip_prefix(b".").unwrap_or(line);
        let rules = &self.config.rules;
        match to {
            Sent::List(_) => Ok(Event::Size(ScanListing::parse(line, rules)?)),
            Sent::Uidl(_) => Ok(Event::UniqueId(UniqueIdListing::parse(line, rules)?)),
            Sent::Capa => {
                self.keep_capability(line)?;
                Ok(Event::Line(line))
            }
            _ if line.is_empty() => Err(ResponseError { kind: ResponseErrorKind::Empty, at: 0 }.into()),
            _ => Ok(Event::Line(line)),
        }
    }

    fn read_body<'i>(&mut self, input: &'i [u8]) -> Result<Option<(usize, Event<'i>)>, Violation> {
        let Phase::Body(to, decoder) = &mut self.phase else { return Ok(None) };
        let to = *to;
        match decoder.decode(input).map_err(|error| Violation::LineEnd { at: error.at })? {
            Decoded::NeedInput => Ok(None),
            Decoded::End { used } => {
                self.phase = Phase::Ready;
                Ok(Some((used, Event::End(to))))
            }
            Decoded::Octets { octets, used } => {
                let limit = self.config.limits.message;
                self.count = self.count.saturating_add(u64::try_from(octets.len()).unwrap_or(u64::MAX));
                if self.count > limit {
                    return Err(Violation::TooLarge { limit });
                }
                Ok(Some((used, Event::Body(octets))))
            }
        }
    }

    /// Whether this command may be sent now, in front of the responses that are still awaited.
    #[must_use]
    pub fn can_send(&self, command: &Command<'_>) -> bool {
        let is_open = matches!(self.phase, Phase::Ready | Phase::Lines(_) | Phase::Body(..));
        let waits = !self.sent.is_empty() || !matches!(self.phase, Phase::Ready);
        let last = self.sent.back();
        if !is_open || (waits && !self.can_pipeline) || self.sent.len() >= self.config.limits.outstanding {
            return false;
        }
        // what these do to the session is not known before their responses
        if matches!(last, Some(Sent::Auth | Sent::Pass | Sent::Apop | Sent::Quit | Sent::Other)) {
            return false;
        }
        match command {
            Command::User(_) | Command::Pass(_) | Command::Apop { .. } | Command::Auth(_) | Command::Utf8 => {
                !self.is_logged_in
            }
            // the machine says it by itself, where the policy wants it
            Command::Stls => false,
            Command::Capa | Command::Lang(_) | Command::Quit | Command::Unknown { .. } => true,
            _ => self.is_logged_in,
        }
    }

    /// Sends a command.
    ///
    /// # Errors
    /// [`Misuse`] where it cannot be sent now, or would tell a secret to whoever listens, or is too long;
    /// nothing is written then.
    pub fn send(&mut self, command: &Command<'_>, out: &mut Vec<u8>) -> Result<(), Misuse> {
        if matches!(self.phase, Phase::Closed) {
            return Err(Misuse::Closed);
        }
        if !self.can_send(command) {
            return Err(Misuse::NotNow);
        }
        if self.would_tell(command) {
            return Err(Misuse::InClear);
        }
        let start = out.len();
        command.write(out);
        let limit = self.config.limits.command_line;
        if out.len().saturating_sub(start) > limit {
            out.truncate(start);
            return Err(Misuse::LineTooLong { limit });
        }
        if matches!(command, Command::Quit) && self.is_logged_in {
            self.update = Update::Unknown;
        }
        self.sent.push_back(sent(command));
        Ok(())
    }

    /// Whether the command would tell a secret to whoever listens.
    fn would_tell(&self, command: &Command<'_>) -> bool {
        let config = &self.config;
        !self.is_tls
            && match command {
                Command::Pass(_) => !config.password_in_clear,
                Command::Apop { .. } => !config.apop_in_clear,
                Command::Auth(Auth { mechanism, .. }) => {
                    !config.password_in_clear && login::is_clear_text(mechanism.as_str())
                }
                _ => false,
            }
    }

    /// Answers a challenge.
    ///
    /// # Errors
    /// [`Misuse::NoQuestion`] where there is none, and [`Misuse::Answer`] where it can only be cancelled.
    pub fn respond(&mut self, response: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        match self.phase {
            Phase::Challenged { is_broken: false } => base64::write_line(response, out),
            Phase::Challenged { is_broken: true } => return Err(Misuse::Answer),
            _ => return Err(Misuse::NoQuestion),
        }
        self.phase = Phase::Ready;
        Ok(())
    }

    /// Gives up the authentication that is going on. The server answers with -ERR.
    ///
    /// # Errors
    /// [`Misuse::NoQuestion`] where there is no challenge.
    pub fn cancel(&mut self, out: &mut Vec<u8>) -> Result<(), Misuse> {
        if !matches!(self.phase, Phase::Challenged { .. }) {
            return Err(Misuse::NoQuestion);
        }
        out.extend_from_slice(b"*\r\n");
        self.phase = Phase::Ready;
        Ok(())
    }

    /// Goes on under TLS, once [`Advance::StartTls`] has come and the handshake has been made, the server's
    /// certificate checked. What the server has offered is forgotten, and asked for again (RFC 2595 §4).
    ///
    /// # Errors
    /// Where TLS was not agreed on, and where `unread` octets stand behind the response to STLS: somebody has
    /// put them there (CVE-2011-0411), and the connection must be closed.
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
}

fn sent(command: &Command<'_>) -> Sent {
    match command {
        Command::User(_) => Sent::User,
        Command::Pass(_) => Sent::Pass,
        Command::Apop { .. } => Sent::Apop,
        Command::Auth(_) => Sent::Auth,
        Command::Capa => Sent::Capa,
        Command::Stat => Sent::Stat,
        Command::List(number) => Sent::List(*number),
        Command::Uidl(number) => Sent::Uidl(*number),
        Command::Retr(number) => Sent::Retr(*number),
        Command::Top { number, .. } => Sent::Top(*number),
        Command::Dele(number) => Sent::Dele(*number),
        Command::Noop => Sent::Noop,
        Command::Rset => Sent::Rset,
        Command::Utf8 => Sent::Utf8,
        Command::Lang(range) => Sent::Lang { list: range.is_none() },
        Command::Quit => Sent::Quit,
        Command::Stls | Command::Unknown { .. } => Sent::Other,
    }
}
