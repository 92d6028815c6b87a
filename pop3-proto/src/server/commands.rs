//! What each command may do when, and what the machine answers by itself.

use super::{
    Advance, Cause, Event, Server, Utf8, responses,
    state::{Listing, Phase, Question},
};
use crate::{
    command::{Auth, Command},
    listing::{write_scan, write_unique_id},
    maildrop::Maildrop,
    response::Response,
    text::{Number, Password, Text, Word, write_number},
};
use alloc::{borrow::ToOwned as _, string::ToString as _, vec::Vec};
use mail_base::Secret;

/// Why a command is refused, and with which words.
type Refusal = (Cause, Response<'static>);

const SEQUENCE: Refusal = (Cause::Sequence, responses::SEQUENCE);
const NOT_OFFERED: Refusal = (Cause::NotOffered, responses::NOT_OFFERED);

impl Server {
    pub(super) fn command<'i>(
        &mut self,
        line: &'i [u8],
        used: usize,
        follows: bool,
        out: &mut Vec<u8>,
    ) -> Advance<'i> {
        self.commands = self.commands.saturating_add(1);
        if self.commands > self.config.limits.commands {
            return self.refuse_and_close(used, (Cause::TooManyCommands, responses::TOO_MANY_COMMANDS), out);
        }
        let command = match Command::parse(line, &self.config.rules) {
            Ok(command) => command,
            Err(error) => return self.refuse_with(used, (Cause::Command(error), responses::ARGUMENT), out),
        };
        // PASS may only follow USER immediately (RFC 1939 §7)
        let user = self.user.take();
        let is_logged_in = self.maildrop.is_some();
        let result = match command {
            Command::Quit => return self.quit(used, out),
            Command::Capa => Ok(self.capabilities(used, out)),
            Command::Lang(range) => self.language(range, used, out),
            Command::Unknown { verb, argument } if self.config.ask_unknown => {
                Ok(self.ask(used, Question::Unknown, Event::Unknown { verb, argument }))
            }
            Command::Unknown { .. } => Err((Cause::NotOffered, responses::NOT_KNOWN)),
            Command::User(name) if !is_logged_in => self.name_user(name, used, out),
            Command::Pass(password) if !is_logged_in => match user {
                Some(user) => self.pass(user, password, used),
                None => Err(SEQUENCE),
            },
            Command::Apop { user, digest } if !is_logged_in => self.apop(user, digest, used),
            Command::Auth(auth) if !is_logged_in => self.authenticate(auth, used),
            Command::Stls if !is_logged_in => self.start_tls(used, follows),
            Command::Utf8 if !is_logged_in => self.start_utf8(used, out),
            command => self.transact(&command, used, out),
        };
        match result {
            Ok(advance) => advance,
            Err(refusal @ (Cause::Injected, _)) => self.refuse_and_close(used, refusal, out),
            Err(refusal) => self.refuse_with(used, refusal, out),
        }
    }

    /// The commands of the TRANSACTION state (RFC 1939 §5, §7).
    fn transact<'i>(
        &mut self,
        command: &Command<'_>,
        used: usize,
        out: &mut Vec<u8>,
    ) -> Result<Advance<'i>, Refusal> {
        let maildrop = self.maildrop.as_mut().ok_or(SEQUENCE)?;
        match *command {
            Command::Stat => {
                out.extend_from_slice(b"+OK ");
                write_number(u64::from(maildrop.count()), out);
                out.push(b' ');
                write_number(maildrop.octets(), out);
                out.extend_from_slice(b"\r\n");
            }
            Command::List(None) => {
                write_summary(maildrop, out);
                self.phase = Phase::Listing(Listing::Sizes, 0);
            }
            Command::List(Some(number)) => {
                let octets = maildrop.size(number).ok_or(no_message(number))?;
                out.extend_from_slice(b"+OK ");
                write_scan(number, octets, out);
            }
            Command::Uidl(_) if !self.config.uidl => return Err(NOT_OFFERED),
            Command::Uidl(None) => {
                responses::IDS.write(out);
                self.phase = Phase::Listing(Listing::UniqueIds, 0);
            }
            Command::Uidl(Some(number)) => {
                let id = maildrop.unique_id(number).ok_or(no_message(number))?;
                out.extend_from_slice(b"+OK ");
                write_unique_id(number, id, out);
            }
            Command::Retr(number) => {
                maildrop.size(number).ok_or(no_message(number))?;
                return Ok(self.ask(used, Question::Retr(number), Event::Retr(number)));
            }
            Command::Top { .. } if !self.config.top => return Err(NOT_OFFERED),
            Command::Top { number, lines } => {
                maildrop.size(number).ok_or(no_message(number))?;
                return Ok(self.ask(used, Question::Top { lines }, Event::Top { number, lines }));
            }
            Command::Dele(number) => {
                if !maildrop.mark(number) {
                    return Err(no_message(number));
                }
                responses::MARKED.write(out);
                return Ok(Advance::Event { used, event: Event::Marked(number) });
            }
            Command::Noop => responses::OK.write(out),
            Command::Rset => {
                maildrop.unmark_all();
                write_summary(maildrop, out);
                return Ok(Advance::Event { used, event: Event::Reset });
            }
            _ => return Err(SEQUENCE),
        }
        Ok(Advance::Event { used, event: Event::Answered })
    }

    /// Writes the next part of a listing.
    pub(super) fn list<'i>(&mut self, listing: Listing, from: usize, out: &mut Vec<u8>) -> Advance<'i> {
        let limit = out.len().saturating_add(self.config.limits.listing);
        let mut place = from;
        while let Some(maildrop) = &self.maildrop
            && let Some(number) = maildrop.next_present(place)
        {
            if out.len() >= limit {
                self.phase = Phase::Listing(listing, place);
                return Advance::Event { used: 0, event: Event::Listing };
            }
            match listing {
                Listing::Sizes => write_scan(number, maildrop.size(number).unwrap_or(0), out),
                Listing::UniqueIds => {
                    if let Some(id) = maildrop.unique_id(number) {
                        write_unique_id(number, id, out);
                    }
                }
            }
            place = number.index().saturating_add(1);
        }
        out.extend_from_slice(b".\r\n");
        self.phase = Phase::Command;
        Advance::Event { used: 0, event: Event::Answered }
    }

    fn quit<'i>(&mut self, used: usize, out: &mut Vec<u8>) -> Advance<'i> {
        let Some(maildrop) = &self.maildrop else {
            responses::BYE.write(out);
            self.close();
            return Advance::Event { used, event: Event::Quit };
        };
        let deleted = maildrop.deleted().collect();
        self.ask(used, Question::Commit, Event::Commit { deleted })
    }

    fn capabilities<'i>(&mut self, used: usize, out: &mut Vec<u8>) -> Advance<'i> {
        responses::CAPABILITIES.write(out);
        self.config.write_offer(self.is_tls, self.maildrop.is_some(), out);
        out.extend_from_slice(b".\r\n");
        Advance::Event { used, event: Event::Answered }
    }

    fn language<'i>(
        &mut self,
        range: Option<Word<'_>>,
        used: usize,
        out: &mut Vec<u8>,
    ) -> Result<Advance<'i>, Refusal> {
        if self.config.languages.is_empty() {
            return Err(NOT_OFFERED);
        }
        let Some(range) = range else {
            responses::LANGUAGES.write(out);
            self.config.write_languages(out);
            out.extend_from_slice(b".\r\n");
            return Ok(Advance::Event { used, event: Event::Answered });
        };
        let language = self.config.language(range.as_str());
        let tag = language.ok_or((Cause::NoLanguage, responses::NO_LANGUAGE))?.tag().to_owned();
        Ok(self.ask(used, Question::Lang { tag: tag.clone() }, Event::Lang { tag }))
    }

    fn permit_password(&self) -> Result<(), Refusal> {
        if !self.config.user_pass {
            return Err(NOT_OFFERED);
        }
        if !self.config.is_safe(self.is_tls) {
            return Err((Cause::TlsRequired, responses::TLS_FIRST));
        }
        Ok(())
    }

    fn name_user<'i>(
        &mut self,
        name: Text<'i>,
        used: usize,
        out: &mut Vec<u8>,
    ) -> Result<Advance<'i>, Refusal> {
        self.permit_password()?;
        let user = name.as_str().to_string();
        if self.config.ask_user {
            return Ok(self.ask(used, Question::User(user), Event::User(name)));
        }
        self.user = Some(user);
        responses::USER_OK.write(out);
        Ok(Advance::Event { used, event: Event::Answered })
    }

    fn pass<'i>(
        &mut self,
        user: alloc::string::String,
        password: Password<'i>,
        used: usize,
    ) -> Result<Advance<'i>, Refusal> {
        self.permit_password()?;
        let must_be_utf8 = self.config.utf8 == Utf8::MessagesAndUsers;
        if must_be_utf8 && core::str::from_utf8(password.expose()).is_err() {
            return Err((Cause::NotUtf8, responses::NOT_UTF8));
        }
        Ok(self.ask(used, Question::Login, Event::Pass { user, password }))
    }

    fn apop<'i>(&mut self, user: Word<'i>, digest: Word<'i>, used: usize) -> Result<Advance<'i>, Refusal> {
        if !self.has_challenge {
            return Err(NOT_OFFERED);
        }
        Ok(self.ask(used, Question::Login, Event::Apop { user, digest }))
    }

    /// RFC 5034 §4.
    fn authenticate<'i>(&mut self, auth: Auth<'i>, used: usize) -> Result<Advance<'i>, Refusal> {
        let offered = &self.config.mechanisms;
        if offered.is_empty() {
            return Err(NOT_OFFERED);
        }
        if !self.config.is_safe(self.is_tls) {
            return Err((Cause::TlsRequired, responses::TLS_FIRST));
        }
        if !offered.iter().any(|offered| offered.eq_ignore_ascii_case(auth.mechanism.as_str())) {
            return Err((Cause::Mechanism, responses::MECHANISM));
        }
        let initial = match auth.initial {
            Some(initial) => Some(Secret::new(initial.decode().ok_or((Cause::Base64, responses::BASE64))?)),
            None => None,
        };
        Ok(self.ask(used, Question::Auth, Event::Auth { mechanism: auth.mechanism, initial }))
    }

    /// RFC 2595 §4. Not behind UTF8 (RFC 6856 §2.1).
    fn start_tls<'i>(&mut self, used: usize, follows: bool) -> Result<Advance<'i>, Refusal> {
        if !self.config.stls || self.is_tls {
            return Err(NOT_OFFERED);
        }
        if self.is_utf8 {
            return Err(SEQUENCE);
        }
        if follows {
            return Err((Cause::Injected, responses::INJECTED));
        }
        Ok(self.ask(used, Question::StartTls, Event::StartTls))
    }

    fn start_utf8<'i>(&mut self, used: usize, out: &mut Vec<u8>) -> Result<Advance<'i>, Refusal> {
        if self.config.utf8 == Utf8::No {
            return Err(NOT_OFFERED);
        }
        self.is_utf8 = true;
        responses::UTF8.write(out);
        Ok(Advance::Event { used, event: Event::Utf8 })
    }
}

const fn no_message(number: Number) -> Refusal {
    (Cause::NoMessage(number), responses::NO_MESSAGE)
}

/// Writes how much there is.
pub(super) fn write_summary(maildrop: &Maildrop, out: &mut Vec<u8>) {
    out.extend_from_slice(b"+OK ");
    write_number(u64::from(maildrop.count()), out);
    out.extend_from_slice(b" messages (");
    write_number(maildrop.octets(), out);
    out.extend_from_slice(b" octets)\r\n");
}
