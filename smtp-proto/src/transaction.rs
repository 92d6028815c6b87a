//! One message to its recipients: an envelope and a body in, an outcome for each recipient out.
//!
//! A [`Transaction`] drives a [`Client`] that is ready: it sends the envelope, in groups where the server can
//! take them (RFC 2920), matches the replies to the recipients, asks for the body when one of them was
//! accepted, and leaves the session ready for the next message, with RSET where that is needed.
//!
//! ```
//! # use smtp_proto::{client, server, transaction, *};
//! # use server::{Config, Profile};
//! # use std::sync::Arc;
//! # let mut out = Vec::new();
//! # let host = Host::new(Word::new("client.example")?);
//! # let config = client::ClientConfig::new(host).with_tls(client::TlsPolicy::None);
//! # let mut client = Client::new(config, false);
//! # let greeting = b"220 mx.example\r\n250-mx.example\r\n250 PIPELINING\r\n";
//! # client.advance(greeting, 0, &mut out)?;
//! # client.advance(&greeting[16..], 0, &mut out)?;
//! # out.clear();
//! use smtp_proto::transaction::{Advance, Envelope, Transaction};
//!
//! let rules = Rules::default();
//! let path = |text| Path::parse(text, &rules);
//! let envelope = Envelope::new(Mail::from(path("<a@client.example>")?)?)
//!     .to(Rcpt::to(path("<b@mx.example>")?)?)
//!     .to(Rcpt::to(path("<c@mx.example>")?)?);
//! let mut transaction = Transaction::new(&envelope);
//!
//! assert_eq!(transaction.advance(&mut client, b"", 0, &mut out)?, Advance::NeedInput);
//! let sent = "MAIL FROM:<a@client.example>\r\nRCPT TO:<b@mx.example>\r\nRCPT TO:<c@mx.example>\r\nDATA\r\n";
//! assert_eq!(std::str::from_utf8(&out)?, sent);
//!
//! let replies = b"250 ok\r\n550 5.1.1 no such user\r\n250 ok\r\n354 go\r\n";
//! let mut rest = &replies[..];
//! while let Advance::Used(used) = transaction.advance(&mut client, rest, 0, &mut out)? {
//!     rest = &rest[used..];
//! }
//! transaction.body(&mut client, b"Subject: x\r\n\r\nHello\r\n", &mut out)?;
//! transaction.end_body(&mut client, &mut out)?;
//!
//! let mut rest = &b"250 2.0.0 Ok: queued as 4F2A1\r\n"[..];
//! while let Advance::Used(used) = transaction.advance(&mut client, rest, 0, &mut out)? {
//!     rest = &rest[used..];
//! }
//! let outcome = transaction.into_outcome();
//! let delivered: Vec<_> = outcome.recipients.iter().map(|recipient| recipient.is_accepted()).collect();
//! assert_eq!(delivered, [false, true]);
//! assert_eq!(outcome.recipients[1].queue_id(), Some("4F2A1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{
    client::{self, Client, Event, Sent, Violation},
    command::{Command, Mail, Rcpt},
    error::Misuse,
    params::BodyType,
    reply::Reply,
};
use alloc::vec::Vec;

/// Who a message is from, and for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<'e> {
    /// The sender, and what is said about the message.
    pub mail: Mail<'e>,
    /// The recipients.
    pub recipients: Vec<Rcpt<'e>>,
}

impl<'e> Envelope<'e> {
    /// An envelope without recipients.
    #[must_use]
    pub fn new(mail: Mail<'e>) -> Self {
        Self { mail, recipients: Vec::new() }
    }

    /// The same, with one more recipient.
    #[must_use]
    pub fn to(mut self, rcpt: Rcpt<'e>) -> Self {
        self.recipients.push(rcpt);
        self
    }
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// So many octets of the input were used: drop them, and call again.
    Used(usize),
    /// Send what has been written, read more *behind* the unread octets, and call again.
    NeedInput,
    /// A recipient was accepted: send the body with [`body`](Transaction::body), then
    /// [`end_body`](Transaction::end_body), sending what is written now and then.
    NeedBody,
    /// There is an [outcome](Transaction::into_outcome). The client is ready for the next message, unless it
    /// was closed.
    Done,
}

/// What became of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The reply to MAIL; `None` where the connection ended before it.
    pub mail: Option<Reply<'static>>,
    /// What became of each recipient, in the order of the envelope.
    pub recipients: Vec<RecipientOutcome>,
    /// The reply to DATA, where it was not 354.
    pub data: Option<Reply<'static>>,
}

/// What became of a recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecipientOutcome {
    /// The reply to RCPT. `None` where it was not sent: the sender was refused, the server takes no more
    /// recipients or domains (try those again with another message or connection), or the connection ended.
    pub rcpt: Option<Reply<'static>>,
    /// The reply to the message, where RCPT was accepted: the server's own for this recipient with LMTP, the
    /// one reply for all with SMTP. `None` where the connection ended before it: whether the message arrived
    /// is not known, and it is to be sent again (RFC 5321 §4.2.5, erratum 1543).
    pub message: Option<Reply<'static>>,
}

impl RecipientOutcome {
    /// Whether the server has taken the message for this recipient.
    #[must_use]
    pub fn is_accepted(&self) -> bool {
        let is_success =
            |reply: &Option<Reply<'_>>| reply.as_ref().is_some_and(|reply| reply.code().is_success());
        is_success(&self.rcpt) && is_success(&self.message)
    }

    /// What the server calls the message, where it says so in one of the usual ways.
    #[must_use]
    pub fn queue_id(&self) -> Option<&str> {
        queue_id(self.message.as_ref()?)
    }
}

/// What the server calls the message that it has taken: what follows `queued as`, `id=` or `OK id=`, or the
/// first word before `Message accepted`.
fn queue_id<'r>(reply: &'r Reply<'_>) -> Option<&'r str> {
    let text = core::str::from_utf8(reply.as_bytes().trim_ascii_end()).ok()?;
    let text = text.lines().last()?;
    let word = |text: &'r str| {
        let id = text.trim_start().split([' ', ';', ',']).next()?.trim_matches(['<', '>', '(', ')', '.']);
        (!id.is_empty()).then_some(id)
    };
    if let Some((_, id)) = text.split_once("queued as ") {
        return word(id);
    }
    if let Some((_, id)) = text.split_once("id=") {
        return word(id);
    }
    let (before, _) = text.split_once(" Message accepted")?;
    before.rsplit(' ').next().and_then(word).filter(|id| !id.contains('.'))
}

/// How far a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The commands of the envelope are going out, and their replies come in.
    Envelope,
    /// The body goes out.
    Body,
    /// The replies to the body come in.
    Replies,
    /// The reply to RSET is awaited.
    Reset,
    Done,
}

/// One message on its way. See the [module](self).
#[derive(Clone, Debug)]
pub struct Transaction<'e> {
    envelope: &'e Envelope<'e>,
    step: Step,
    via_chunks: bool,
    is_mail_sent: bool,
    is_data_sent: bool,
    /// How many RCPT commands have been sent, and answered.
    sent: usize,
    answered: usize,
    /// No more RCPT is to be sent: the server takes no more.
    is_full: bool,
    /// How many of the accepted recipients have their reply to the message.
    replied: usize,
    /// 354 came although no recipient was accepted: an empty body ends that (RFC 2920 §3.1).
    is_void: bool,
    /// A chunk was refused, and with it the message.
    is_refused: bool,
    outcome: Outcome,
}

impl<'e> Transaction<'e> {
    /// Sends the body with DATA, or with BDAT where the envelope says that it has no lines.
    #[must_use]
    pub fn new(envelope: &'e Envelope<'e>) -> Self {
        let mut outcome = Outcome::default();
        outcome.recipients.resize_with(envelope.recipients.len(), RecipientOutcome::default);
        Self {
            envelope,
            step: Step::Envelope,
            via_chunks: envelope.mail.params.body == Some(BodyType::BinaryMime),
            is_mail_sent: false,
            is_data_sent: false,
            sent: 0,
            answered: 0,
            is_full: false,
            replied: 0,
            is_void: false,
            is_refused: false,
            outcome,
        }
    }

    /// Sends the body with BDAT (RFC 3030), if the server offers it.
    #[must_use]
    pub fn with_chunks(mut self, client: &Client) -> Self {
        self.via_chunks |= client.capabilities().has("CHUNKING");
        self
    }

    /// What became of the message, so far or in the end.
    #[must_use]
    pub fn into_outcome(self) -> Outcome {
        self.outcome
    }

    /// Sends what can be sent, and reads from the start of `input`.
    ///
    /// # Errors
    /// [`Failure`]: a server that cannot be talked to, or an envelope that this server's offer does not cover.
    /// What is known of the recipients is in the [outcome](Self::into_outcome).
    pub fn advance(
        &mut self,
        client: &mut Client,
        input: &[u8],
        now: u64,
        out: &mut Vec<u8>,
    ) -> Result<Advance, Failure> {
        if self.step == Step::Envelope {
            self.send_envelope(client, out)?;
        }
        match client.advance(input, now, out)? {
            client::Advance::Event { used, event } => {
                self.take(event, client, out)?;
                Ok(Advance::Used(used))
            }
            // chunks need not wait for each other's replies (RFC 3030 §4.2)
            client::Advance::NeedInput
                if self.step == Step::Body && self.via_chunks && client.can_send_chunk() =>
            {
                Ok(Advance::NeedBody)
            }
            client::Advance::NeedInput => Ok(Advance::NeedInput),
            client::Advance::NeedCommand => self.our_turn(client, out),
            client::Advance::StartTls | client::Advance::Close => {
                self.step = Step::Done;
                Ok(Advance::Done)
            }
        }
    }

    /// Sends as much of the envelope as the session can take before the next reply.
    fn send_envelope(&mut self, client: &mut Client, out: &mut Vec<u8>) -> Result<(), Failure> {
        if !self.is_mail_sent {
            // these replies would be taken for those of this message
            if client.awaits_transaction() {
                return Err(Misuse::NotNow.into());
            }
            if !client.can_send_more() {
                return Ok(());
            }
            client.send_mail(&self.envelope.mail, out)?;
            self.is_mail_sent = true;
        }
        if self.mail_was(|mail| !mail.code().is_success()) {
            return Ok(());
        }
        while let Some(rcpt) = self.envelope.recipients.get(self.sent).filter(|_| !self.is_full) {
            if !client.can_send_more() {
                return Ok(());
            }
            match client.send_rcpt(rcpt, out) {
                Ok(()) => self.sent = self.sent.saturating_add(1),
                Err(Misuse::TooMany { .. }) => self.is_full = true,
                Err(misuse) => return Err(misuse.into()),
            }
        }
        // chunks wait until a recipient is known to be accepted: there is no 354 to stop them
        let is_wanted = self.answered < self.sent || client.accepted() > 0;
        if !self.via_chunks && !self.is_data_sent && is_wanted && client.can_send(&Command::Data) {
            client.send(&Command::Data, out)?;
            self.is_data_sent = true;
        }
        Ok(())
    }

    fn mail_was(&self, test: impl Fn(&Reply<'_>) -> bool) -> bool {
        self.outcome.mail.as_ref().is_some_and(test)
    }

    fn take(&mut self, event: Event<'_>, client: &mut Client, out: &mut Vec<u8>) -> Result<(), Failure> {
        let Event::Reply { to, reply } = event else {
            return Ok(());
        };
        match to {
            Sent::Mail => self.outcome.mail = Some(reply.into_owned()),
            Sent::Rcpt => {
                if let Some(recipient) = self.outcome.recipients.get_mut(self.answered) {
                    recipient.rcpt = Some(reply.into_owned());
                }
                self.answered = self.answered.saturating_add(1);
            }
            Sent::Data if reply.code().is_intermediate() => {
                self.step = Step::Body;
                if client.accepted() == 0 {
                    self.is_void = true;
                    self.step = Step::Replies;
                    client.end_body(out)?;
                }
            }
            Sent::Data => self.outcome.data = Some(reply.into_owned()),
            // what follows a chunk that was refused hears no more than that it is out of sequence
            Sent::Chunk | Sent::Body if self.is_refused => {}
            Sent::Chunk if !reply.code().is_success() => {
                self.file(reply);
                self.is_refused = true;
                self.step = Step::Replies;
            }
            Sent::Body if self.is_void => self.outcome.data = Some(reply.into_owned()),
            Sent::Body => self.file(reply),
            _ => {}
        }
        Ok(())
    }

    /// Files a reply to the message: for the next recipient that was accepted with LMTP, for all with SMTP. The
    /// client asks for as many as there are.
    fn file(&mut self, reply: Reply<'_>) {
        let accepted = |recipient: &&mut RecipientOutcome| {
            recipient.rcpt.as_ref().is_some_and(|reply| reply.code().is_success())
        };
        // a later reply takes the place of the earlier one for those behind: with SMTP there is no later one
        for recipient in self.outcome.recipients.iter_mut().filter(accepted).skip(self.replied) {
            recipient.message = Some(reply.clone().into_owned());
        }
        self.replied = self.replied.saturating_add(1);
    }

    /// Nothing is awaited any more.
    fn our_turn(&mut self, client: &mut Client, out: &mut Vec<u8>) -> Result<Advance, Failure> {
        let is_chunk_wanted =
            self.step == Step::Envelope && self.via_chunks && client.accepted() > 0 && self.is_mail_sent;
        if is_chunk_wanted {
            self.step = Step::Body;
        }
        match self.step {
            Step::Body => Ok(Advance::NeedBody),
            Step::Reset | Step::Done => {
                self.step = Step::Done;
                Ok(Advance::Done)
            }
            Step::Envelope | Step::Replies => {
                if client.is_in_transaction() {
                    client.send(&Command::Rset, out)?;
                    self.step = Step::Reset;
                    return Ok(Advance::NeedInput);
                }
                self.step = Step::Done;
                Ok(Advance::Done)
            }
        }
    }

    /// Writes a piece of the body, after [`Advance::NeedBody`].
    ///
    /// # Errors
    /// [`Misuse`] where it is not time for the body, and at a bare CR or LF, if those are refused, or beyond the
    /// server's SIZE. Behind DATA the connection can then only be closed; behind BDAT the next
    /// [`advance`](Self::advance) gives the message up.
    pub fn body(&mut self, client: &mut Client, octets: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        let sent = match self.step {
            Step::Body if self.via_chunks => client.chunk(octets, false, out),
            Step::Body => client.body(octets, out),
            _ => Err(Misuse::NotNow),
        };
        self.give_up_if_broken(sent)
    }

    /// No more is asked of a body that was broken off.
    fn give_up_if_broken(&mut self, sent: Result<(), Misuse>) -> Result<(), Misuse> {
        if let Err(Misuse::LineEnd { .. } | Misuse::TooLarge { .. }) = sent {
            self.step = Step::Replies;
        }
        sent
    }

    /// Ends the body.
    ///
    /// # Errors
    /// As [`body`](Self::body).
    pub fn end_body(&mut self, client: &mut Client, out: &mut Vec<u8>) -> Result<(), Misuse> {
        let sent = match self.step {
            Step::Body if self.via_chunks => client.chunk(b"", true, out),
            Step::Body => client.end_body(out),
            _ => Err(Misuse::NotNow),
        };
        self.give_up_if_broken(sent)?;
        self.step = Step::Replies;
        Ok(())
    }
}

/// Why a transaction cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The server cannot be talked to: close the connection.
    #[error(transparent)]
    Server(#[from] Violation),
    /// The envelope asks for what this server does not offer, or the client was not ready.
    #[error(transparent)]
    Envelope(#[from] Misuse),
}
