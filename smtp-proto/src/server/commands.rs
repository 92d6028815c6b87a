//! What each command may do when (RFC 5321 §4.1.4), and what the machine answers by itself.

use super::{
    Advance, Cause, EarlyInput, Event, HelloKind, Server, UnofferedParameters, VoidData, replies,
    state::{Phase, Question},
};
use crate::{
    command::{Auth, Command, Host, Mail, Rcpt},
    error::{CommandError, CommandErrorKind},
    params::{BodyType, MailParams, RcptParams},
    reply::Reply,
    values::{ByMode, Hold},
};
use alloc::vec::Vec;

/// Why a command is refused, and with which words.
pub(super) type Refusal = (Cause, Reply<'static>);

impl Server {
    pub(super) fn command<'i>(
        &mut self,
        input: &'i [u8],
        line: &'i [u8],
        used: usize,
        out: &mut Vec<u8>,
    ) -> Advance<'i> {
        let command = Command::parse(line, &self.config.rules);
        let follows = input.len() > used;
        if let Ok(command) = &command
            && follows
            && !core::mem::take(&mut self.is_early_told)
            && self.must_wait_behind(command)
        {
            self.is_early_told = true;
            if self.config.early_input == EarlyInput::Refuse {
                return self.refuse_and_close(used, Cause::EarlyInput, replies::EARLY_INPUT, out);
            }
            return Advance::Event { used: 0, event: Event::EarlyInput };
        }
        self.is_early_told = false;
        self.commands = self.commands.saturating_add(1);
        if self.commands > self.config.limits.commands {
            self.shut_down(&replies::TOO_MANY_COMMANDS, out);
            return Advance::Close;
        }
        match command {
            Ok(command) => match self.permit(&command, follows) {
                Ok(()) => self.obey(command, used, out),
                Err((cause @ Cause::Injected, reply)) => self.refuse_and_close(used, cause, reply, out),
                Err((cause, reply)) => self.refuse(used, cause, reply, out),
            },
            // where the octets of a chunk end is not known then: none of what follows may be read as a command
            Err(error) if is_bdat(line) => {
                self.refuse_and_close(used, Cause::Command(error), replies::CHUNK, out)
            }
            Err(error) => self.refuse(used, Cause::Command(error), reply_to(line, error), out),
        }
    }

    /// Whether a client that sends more must have waited for the reply first (RFC 2920 §3.1).
    fn must_wait_behind(&self, command: &Command<'_>) -> bool {
        let is_pipelined = self.is_extended() && self.config.pipelining;
        match command {
            // STARTTLS has its own check, and nothing behind QUIT matters
            Command::Quit | Command::StartTls | Command::Bdat { .. } => false,
            Command::Ehlo(_)
            | Command::Helo(_)
            | Command::Lhlo(_)
            | Command::Data
            | Command::Auth(_)
            | Command::Vrfy(_)
            | Command::Expn(_)
            | Command::Noop(_)
            | Command::Burl { .. }
            | Command::Xclient(_) => true,
            _ => !is_pipelined,
        }
    }

    /// Whether the command may come now.
    fn permit(&self, command: &Command<'_>, follows: bool) -> Result<(), Refusal> {
        const SEQUENCE: Refusal = (Cause::Sequence, replies::SEQUENCE);
        const NOT_OFFERED: Refusal = (Cause::NotOffered, replies::NOT_OFFERED);
        const NOT_KNOWN: Refusal = (Cause::NotOffered, replies::NOT_KNOWN);
        let config = &self.config;
        let in_transaction = self.transaction.is_some();
        if let Command::Bdat { .. } = command {
            // whether it may come or not, its octets must be read: see `start_chunk`
            return Ok(());
        }
        if self.is_turned_away && *command != Command::Quit {
            return Err(SEQUENCE);
        }
        match command {
            Command::Ehlo(host) | Command::Helo(host) if !config.is_lmtp() => self.permit_hello(host),
            Command::Lhlo(host) if config.is_lmtp() => self.permit_hello(host),
            Command::Ehlo(_) | Command::Helo(_) | Command::Lhlo(_) => Err(NOT_KNOWN),
            Command::Mail(mail) => self.permit_mail(mail),
            Command::Rcpt(rcpt) => self.permit_rcpt(rcpt),
            Command::Data => self.permit_data(),
            Command::Burl { .. } if !config.burl => Err(NOT_OFFERED),
            Command::Burl { .. } if self.recipients() == 0 => Err(self.no_recipients()),
            Command::StartTls if !config.starttls || self.is_tls => Err(NOT_OFFERED),
            Command::StartTls if self.hello.is_none() || in_transaction => Err(SEQUENCE),
            Command::StartTls if follows => Err((Cause::Injected, replies::INJECTED)),
            Command::Auth(auth) => self.permit_auth(auth),
            // VRFY and EXPN need no greeting (RFC 5321 §4.1.4)
            Command::Etrn(_) | Command::Atrn(_) if self.hello.is_none() => {
                Err((Cause::Sequence, replies::HELLO_FIRST))
            }
            Command::Vrfy(_) if config.open_vrfy => self.permit_client(),
            Command::Expn(_) if config.open_expn => self.permit_client(),
            Command::Expn(_) => Err(NOT_OFFERED),
            Command::Etrn(_) if !config.etrn => Err(NOT_OFFERED),
            Command::Atrn(_) if !config.atrn => Err(NOT_OFFERED),
            // whose mail it is must be known (RFC 2645)
            Command::Atrn(_) if !self.is_authenticated => Err((Cause::AuthRequired, replies::AUTH_FIRST)),
            Command::Xclient(_) | Command::Xforward(_) if !config.trusted_proxy => Err(NOT_OFFERED),
            Command::Etrn(_) | Command::Atrn(_) | Command::Xclient(_) if in_transaction => Err(SEQUENCE),
            Command::Unknown(_) if !config.open_unknown => Err(NOT_KNOWN),
            _ => Ok(()),
        }
    }

    pub(super) fn recipients(&self) -> u32 {
        self.transaction.as_ref().map_or(0, |transaction| transaction.recipients)
    }

    fn permit_hello(&self, host: &Host<'_>) -> Result<(), Refusal> {
        // names are in ASCII here, also with SMTPUTF8 (RFC 6531 §3.7.1)
        let is_host = || host.domain().is_some() && host.as_str().is_ascii();
        if self.config.strict_hello && !is_host() {
            return Err((Cause::Host, replies::HOST));
        }
        Ok(())
    }

    /// Whether the client has done what is demanded before mail, and before it is told who has a mailbox here.
    fn permit_client(&self) -> Result<(), Refusal> {
        if self.config.require_tls && !self.is_tls {
            return Err((Cause::TlsRequired, replies::TLS_FIRST));
        }
        if self.config.require_auth && !self.is_authenticated {
            return Err((Cause::AuthRequired, replies::AUTH_FIRST));
        }
        Ok(())
    }

    fn permit_mail(&self, mail: &Mail<'_>) -> Result<(), Refusal> {
        let config = &self.config;
        let (path, params) = (mail.path(), &mail.params);
        if self.hello.is_none() {
            return Err((Cause::Sequence, replies::HELLO_FIRST));
        }
        self.permit_client()?;
        if self.transaction.is_some() {
            return Err((Cause::Sequence, replies::SEQUENCE));
        }
        if config.unoffered_parameters == UnofferedParameters::Refuse && !self.offers(params) {
            return Err((Cause::Parameter, replies::PARAMETER));
        }
        let is_wide_allowed = params.smtputf8 && self.offers_utf8();
        if !path.is_ascii() && !is_wide_allowed {
            return Err((Cause::NotAscii, replies::NOT_ASCII));
        }
        self.permit_times(params)?;
        if params.size.is_some_and(|size| size > config.limits.message) {
            return Err((Cause::TooLarge, replies::TOO_LARGE));
        }
        if self.messages >= config.limits.messages {
            return Err((Cause::TooManyMessages, replies::TOO_MANY_MESSAGES));
        }
        Ok(())
    }

    /// Times must be within what is offered (RFC 2852 §3, RFC 4865 §4).
    fn permit_times(&self, params: &MailParams<'_>) -> Result<(), Refusal> {
        if let (Some(by), Some(least)) = (params.by, self.config.deliver_by) {
            let is_short = u32::try_from(by.seconds()).is_ok_and(|seconds| seconds < least);
            if by.mode() == ByMode::Return && is_short {
                return Err((Cause::Parameter, replies::TOO_SOON));
            }
        }
        let is_late = match (params.hold, self.config.future_release) {
            (Some(Hold::For(seconds)), Some((most, _))) => seconds > most,
            (Some(Hold::Until(time)), Some((_, last))) => time > last,
            _ => false,
        };
        if is_late { Err((Cause::Parameter, replies::TOO_LATE)) } else { Ok(()) }
    }

    /// Whether anything has been offered: HELO is not answered with extensions (RFC 5321 §4.1.1.1).
    fn is_extended(&self) -> bool {
        self.hello != Some(HelloKind::Helo)
    }

    /// Whether the parameters of MAIL are of extensions that are offered.
    fn offers(&self, params: &MailParams<'_>) -> bool {
        let config = &self.config;
        let is_dsn = params.ret.is_some() || params.envid.is_some();
        if !self.is_extended() {
            return *params == MailParams::default();
        }
        params.body.is_none_or(|body| self.offers_body(body))
            && (config.offers_utf8() || !params.smtputf8)
            && ((config.requiretls && self.is_tls) || !params.requiretls)
            && (config.dsn || !is_dsn)
            && (config.offers_auth(self.is_tls) || params.auth.is_none())
            && (config.deliver_by.is_some() || params.by.is_none())
            && (config.mt_priority || params.priority.is_none())
            && (config.future_release.is_some() || params.hold.is_none())
            && params.others.is_empty()
    }

    fn offers_utf8(&self) -> bool {
        self.config.offers_utf8() && self.is_extended()
    }

    fn offers_body(&self, body: BodyType) -> bool {
        match body {
            _ if !self.is_extended() => false,
            BodyType::SevenBit | BodyType::EightBitMime => self.config.eightbitmime,
            BodyType::BinaryMime => self.config.binarymime && self.config.chunking,
        }
    }

    fn permit_rcpt(&self, rcpt: &Rcpt<'_>) -> Result<(), Refusal> {
        let config = &self.config;
        let Some(transaction) = self.transaction.as_ref().filter(|transaction| transaction.filter.is_none())
        else {
            return Err((Cause::Sequence, replies::SEQUENCE));
        };
        let params = &rcpt.params;
        let is_dsn = params.notify.is_some() || params.orcpt.is_some();
        let is_offered = (self.is_extended() || *params == RcptParams::default())
            && (config.dsn || !is_dsn)
            && (config.rrvs || params.rrvs.is_none())
            && params.others.is_empty();
        if config.unoffered_parameters == UnofferedParameters::Refuse && !is_offered {
            return Err((Cause::Parameter, replies::PARAMETER));
        }
        if !rcpt.is_ascii() && !transaction.smtputf8 {
            return Err((Cause::NotAscii, replies::NOT_ASCII));
        }
        if transaction.recipients >= config.limits.recipients {
            return Err((Cause::TooManyRecipients, replies::TOO_MANY_RECIPIENTS));
        }
        Ok(())
    }

    /// DATA may not follow BDAT, nor stand for a body without lines (RFC 3030 §2, §3).
    fn permit_data(&self) -> Result<(), Refusal> {
        match &self.transaction {
            Some(transaction) if transaction.filter.is_some() || transaction.body == BodyType::BinaryMime => {
                Err((Cause::Sequence, replies::SEQUENCE))
            }
            Some(transaction) if transaction.recipients > 0 => Ok(()),
            Some(_) if self.config.void_data == VoidData::Read && !self.config.is_lmtp() => Ok(()),
            _ => Err(self.no_recipients()),
        }
    }

    /// There is no transaction, or one without recipients: 503 or 554 (RFC 5321 §3.3), 503 with LMTP (RFC 2033
    /// §4.2).
    pub(super) fn no_recipients(&self) -> Refusal {
        let reply = match &self.transaction {
            None => replies::SEQUENCE,
            Some(_) if self.config.is_lmtp() => replies::NO_RECIPIENTS_LMTP,
            Some(_) => replies::NO_RECIPIENTS,
        };
        (Cause::Sequence, reply)
    }

    /// RFC 4954 §4.
    fn permit_auth(&self, auth: &Auth<'_>) -> Result<(), Refusal> {
        let config = &self.config;
        if !config.offers_auth(self.is_tls) {
            let can_start_tls = !config.mechanisms.is_empty() && config.starttls && !self.is_tls;
            return Err(if can_start_tls {
                (Cause::TlsRequired, replies::TLS_FIRST)
            } else {
                (Cause::NotOffered, replies::NOT_OFFERED)
            });
        }
        if self.hello.is_none() {
            return Err((Cause::Sequence, replies::HELLO_FIRST));
        }
        if self.is_authenticated || self.transaction.is_some() {
            return Err((Cause::Sequence, replies::SEQUENCE));
        }
        if !config.mechanisms.contains(&auth.mechanism) {
            return Err((Cause::Mechanism, replies::MECHANISM));
        }
        Ok(())
    }

    /// Does what a command that may come asks for.
    fn obey<'i>(&mut self, command: Command<'i>, used: usize, out: &mut Vec<u8>) -> Advance<'i> {
        match command {
            Command::Ehlo(host) => self.greeted(used, HelloKind::Ehlo, host),
            Command::Helo(host) => self.greeted(used, HelloKind::Helo, host),
            Command::Lhlo(host) => self.greeted(used, HelloKind::Lhlo, host),
            Command::Mail(mail) => {
                // what is not offered, and ignored, changes nothing
                let body = mail.params.body.filter(|body| self.offers_body(*body)).unwrap_or_default();
                let smtputf8 = mail.params.smtputf8 && self.offers_utf8();
                self.ask(used, Question::Mail { body, smtputf8 }, Event::Mail(mail))
            }
            Command::Rcpt(rcpt) => self.ask(used, Question::Rcpt, Event::Rcpt(rcpt)),
            Command::Data if self.recipients() == 0 => {
                self.start_void_data();
                self.answer(used, &replies::START_BODY, Event::Answered, out)
            }
            Command::Data => self.ask(used, Question::Data, Event::Data),
            Command::Bdat { size, last } => {
                self.start_chunk(size, last);
                // the chunk's own events follow; this one says that the line was read
                Advance::Event { used, event: Event::Answered }
            }
            Command::Burl { url, last } => {
                self.start_chunks();
                let question = if last { self.body_end() } else { Question::Burl };
                self.ask(used, question, Event::Burl { url, last })
            }
            Command::StartTls => self.ask(used, Question::StartTls, Event::StartTls),
            Command::Auth(auth) => self.authenticate(auth, used, out),
            Command::Etrn(node) => self.ask(used, Question::Other, Event::Etrn(node)),
            Command::Atrn(domains) => self.ask(used, Question::Other, Event::Atrn(domains)),
            Command::Xclient(attributes) => {
                let is_login = attributes.names_login();
                self.ask(used, Question::Xclient { is_login }, Event::Xclient(attributes))
            }
            Command::Xforward(attributes) => self.ask(used, Question::Other, Event::Xforward(attributes)),
            Command::Vrfy(text) if self.config.open_vrfy => {
                self.ask(used, Question::Other, Event::Vrfy(text))
            }
            Command::Expn(text) => self.ask(used, Question::Other, Event::Expn(text)),
            Command::Unknown(unknown) => self.ask(used, Question::Other, Event::Unknown(unknown)),
            Command::Vrfy(_) => self.answer(used, &replies::CANNOT_VRFY, Event::Answered, out),
            Command::Noop(_) => self.answer(used, &replies::OK, Event::Answered, out),
            Command::Help(_) => self.answer(used, &replies::HELP, Event::Answered, out),
            Command::Rset => {
                self.transaction = None;
                self.answer(used, &replies::RESET_OK, Event::Reset, out)
            }
            Command::Quit => {
                self.close();
                self.answer(used, &replies::BYE, Event::Quit, out)
            }
        }
    }

    fn answer<'i>(
        &mut self,
        used: usize,
        reply: &Reply<'_>,
        event: Event<'i>,
        out: &mut Vec<u8>,
    ) -> Advance<'i> {
        reply.write(out);
        Advance::Event { used, event }
    }

    fn greeted<'i>(&mut self, used: usize, kind: HelloKind, host: Host<'i>) -> Advance<'i> {
        self.ask(used, Question::Hello(kind), Event::Hello { kind, host })
    }

    fn authenticate<'i>(&mut self, auth: Auth<'i>, used: usize, out: &mut Vec<u8>) -> Advance<'i> {
        let initial = match auth.initial.map(|initial| initial.decode()) {
            Some(None) => return self.refuse(used, Cause::Base64, replies::BASE64, out),
            initial => initial.flatten(),
        };
        self.phase = Phase::Command;
        self.ask(used, Question::Auth, Event::Auth { mechanism: auth.mechanism, initial })
    }
}

/// Whether a line starts as BDAT does, whatever is wrong with it.
pub(super) fn is_bdat(line: &[u8]) -> bool {
    line.trim_ascii_start().first_chunk::<4>().is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT"))
}

/// The reply to a line that is no command.
fn reply_to(line: &[u8], error: CommandError) -> Reply<'static> {
    use CommandErrorKind as Kind;
    let is_mail = line.first().is_some_and(|first| first.eq_ignore_ascii_case(&b'M'));
    match error.kind {
        Kind::Utf8 | Kind::Control => replies::NOT_TEXT,
        Kind::Empty => replies::NO_COMMAND,
        Kind::Path(_) if is_mail => replies::SENDER,
        Kind::Path(_) => replies::RECIPIENT,
        _ => replies::ARGUMENT,
    }
}
