//! What a client sends: which command may follow which (RFC 2920 §3.1), and what the server's offer must cover.

use super::{Client, Phase, Sent, Transaction};
use crate::{
    base64::{self, Base64},
    capabilities::Extension,
    command::{Auth, Command, Mail, Rcpt},
    error::Misuse,
    mechanism::Mechanism,
    params::BodyType,
};
use alloc::vec::Vec;
use mail_base::lines::{EndingFilter, LineEndError, LineEndings};

impl Client {
    /// Whether this command may be sent now, in front of the replies that are still awaited.
    #[must_use]
    pub fn can_send(&self, command: &Command<'_>) -> bool {
        match command {
            Command::Ehlo(_) | Command::Helo(_) | Command::Lhlo(_) | Command::StartTls => {
                self.can_send_more() && self.sent.is_empty()
            }
            Command::Mail(_) => self.can_send_mail(),
            Command::Rcpt(_) => self.can_send_rcpt(),
            Command::Burl { .. } => self.can_send_piece(),
            _ => self.can_send_more(),
        }
    }

    /// The replies of one message must not be taken for those of the next: which reply is the last of a body, and
    /// whether a message is still open, is known only when they are there.
    fn can_send_mail(&self) -> bool {
        self.can_send_more() && !self.transaction.is_open && !self.awaits_transaction()
    }

    /// No recipient may follow the body, or a part of it (RFC 3030 §2).
    fn can_send_rcpt(&self) -> bool {
        self.can_send_more() && !self.transaction.has_body()
    }

    /// Whether a chunk, or what stands for one, may follow.
    fn can_send_piece(&self) -> bool {
        self.can_send_more() && self.transaction.is_open && !self.transaction.is_ended
    }

    /// Whether replies are awaited that belong to a message.
    pub(crate) fn awaits_transaction(&self) -> bool {
        let is_of_message =
            |sent: &Sent| matches!(sent, Sent::Mail | Sent::Rcpt | Sent::Data | Sent::Chunk | Sent::Body);
        self.sent.iter().any(is_of_message)
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
            Some(Sent::Auth | Sent::Data | Sent::Quit | Sent::Xclient | Sent::Other) => false,
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
            Command::Data if self.transaction.is_binary || self.transaction.has_body() => {
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
            Command::Burl { last, .. } => {
                self.need(Extension::Burl, ())?;
                let filter = self.chunk_filter();
                self.transaction.filter = Some(filter);
                self.piece(*last)
            }
            Command::Etrn(_) => self.need(Extension::Etrn, Sent::Other)?,
            Command::Atrn(_) => self.need(Extension::Atrn, Sent::Other)?,
            Command::Xclient(_) => self.need(Extension::Xclient, Sent::Xclient)?,
            Command::Xforward(_) => self.need(Extension::Xforward, Sent::Other)?,
            // RFC 6531 §3.7.4.2
            Command::Vrfy(text) | Command::Expn(text) if !text.as_str().is_ascii() => {
                self.need(Extension::SmtpUtf8, Sent::Other)?
            }
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
        if !self.can_send_mail() {
            return Err(Misuse::NotNow);
        }
        self.check_mail(mail)?;
        let is_binary = mail.params.body == Some(BodyType::BinaryMime);
        self.transaction =
            Transaction { is_open: true, is_binary, is_wide: mail.params.smtputf8, ..Transaction::default() };
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
        if !self.can_send_rcpt() {
            return Err(Misuse::NotNow);
        }
        self.check_rcpt(rcpt)?;
        self.count_domain(rcpt)?;
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
        let is_wide = params.smtputf8 || !mail.path().is_ascii();
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
        if !mail.path().is_ascii() && !params.smtputf8 {
            return Err(Misuse::NotOffered("SMTPUTF8"));
        }
        // an offer in clear counts for nothing (RFC 8689 §2)
        if params.requiretls && !self.is_tls {
            return Err(Misuse::NotOffered("REQUIRETLS"));
        }
        self.check_size(params.size.unwrap_or(0))?;
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
        // the offer alone is not enough (RFC 6531 §3.4)
        if !rcpt.is_ascii() && !self.transaction.is_wide {
            return Err(Misuse::NotOffered("SMTPUTF8"));
        }
        match self.capabilities.limits().recipients {
            Some(limit) if self.transaction.recipients >= limit => Err(Misuse::TooMany { limit }),
            _ => Ok(()),
        }
    }

    /// Counts the domains of all recipients of the session, refused or not (RFC 9422 §4.3).
    fn count_domain(&mut self, rcpt: &Rcpt<'_>) -> Result<(), Misuse> {
        let Some(limit) = self.capabilities.limits().recipient_domains else { return Ok(()) };
        let Some(mailbox) = rcpt.path().mailbox() else { return Ok(()) };
        let domain = mailbox.domain_str().to_lowercase();
        let is_full = u32::try_from(self.domains.len()).is_ok_and(|count| count >= limit);
        if is_full && !self.domains.contains(&domain) {
            return Err(Misuse::TooMany { limit });
        }
        self.domains.insert(domain);
        Ok(())
    }

    /// Whether the server takes a message of so many octets.
    fn check_size(&self, octets: u64) -> Result<(), Misuse> {
        // 0 is no limit
        match self.capabilities.size() {
            Some(limit) if limit > 0 && octets > limit => Err(Misuse::TooLarge { limit }),
            _ => Ok(()),
        }
    }

    /// The size of the body with these octets.
    fn grown(&self, octets: &[u8]) -> Result<u64, Misuse> {
        let more = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        let size = self.transaction.octets.saturating_add(more);
        self.check_size(size)?;
        Ok(size)
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
    /// [`Misuse`] where it is not time for a body, at a bare CR or LF, if those are refused, and where the octets
    /// given are more than the server's SIZE (RFC 1870): then the connection can only be closed, because the
    /// server waits for the rest.
    pub fn body(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        let size = self.grown(octets);
        let Phase::Body(encoder) = &mut self.phase else { return Err(Misuse::NotNow) };
        let encoded = match size {
            Ok(size) => {
                self.transaction.octets = size;
                encoder.encode(octets, out).map_err(line_end)
            }
            Err(misuse) => Err(misuse),
        };
        encoded.map_err(|misuse| self.break_off(misuse))
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
        encoder.finish(out).map_err(|error| self.break_off(line_end(error)))?;
        self.waiting_since = None;
        let sent = self.piece(true);
        self.sent.push_back(sent);
        Ok(())
    }

    fn break_off(&mut self, misuse: Misuse) -> Misuse {
        self.phase = Phase::Broken;
        misuse
    }

    /// Whether a chunk may be sent now.
    #[must_use]
    pub fn can_send_chunk(&self) -> bool {
        self.capabilities.offers(Extension::Chunking) && self.can_send_piece()
    }

    /// Writes a chunk of the body (RFC 3030): BDAT and these octets. Where line ends are made good the chunk
    /// may have other octets than were given.
    ///
    /// # Errors
    /// [`Misuse`] where it is not time for a chunk, at a bare CR or LF, if those are refused, and where the chunks
    /// are more than the server's SIZE (RFC 1870): then nothing is written, and RSET gives the message up.
    pub fn chunk(&mut self, octets: &[u8], last: bool, out: &mut Vec<u8>) -> Result<(), Misuse> {
        self.check_open()?;
        self.need(Extension::Chunking, ())?;
        if !self.can_send_chunk() {
            return Err(Misuse::NotNow);
        }
        let mut filter = self.chunk_filter();
        let good = filtered(&mut filter, octets, last).map_err(line_end);
        let (all, good) = match good.and_then(|good| Ok((self.grown(&good)?, good))) {
            Ok(both) => both,
            Err(misuse) => {
                self.transaction.is_ended = true;
                return Err(misuse);
            }
        };
        self.transaction.octets = all;
        self.transaction.filter = Some(filter);
        let size = u64::try_from(good.len()).unwrap_or(u64::MAX);
        // a chunk may take its time to go out
        self.waiting_since = None;
        Command::Bdat { size, last }.write(out);
        out.extend_from_slice(&good);
        let sent = self.piece(last);
        self.sent.push_back(sent);
        Ok(())
    }

    /// What keeps the line ends over all chunks of the message.
    fn chunk_filter(&mut self) -> EndingFilter {
        let endings =
            if self.transaction.is_binary { LineEndings::Keep } else { self.config.body_line_endings };
        self.transaction.filter.take().unwrap_or_else(|| EndingFilter::new(endings))
    }

    /// A piece of the body goes out: what its reply answers.
    fn piece(&mut self, last: bool) -> Sent {
        self.transaction.is_ended = last;
        if last { Sent::Body } else { Sent::Chunk }
    }
}

fn line_end(error: LineEndError) -> Misuse {
    Misuse::LineEnd { at: error.at }
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
pub fn auth_command(mechanism: &str, initial: Option<&[u8]>) -> Option<Command<'static>> {
    let mechanism = Mechanism::new(mechanism).ok()?;
    Some(Command::Auth(Auth { mechanism, initial: initial.map(Base64::initial) }))
}
