//! What a client machine tells.

use crate::{error::ReplyError, reply::Reply};
use alloc::vec::Vec;
use thiserror::Error;

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub enum Advance<'i> {
    /// Something happened. Drop `used` octets of the input when the event has been dealt with.
    Event {
        /// How many octets the event took.
        used: usize,
        /// What happened.
        event: Event<'i>,
    },
    /// It is the client's turn, and no reply is awaited: send a command, a response or a piece of the body.
    NeedCommand,
    /// It is the server's turn: send what has been written, read more *behind* the unread octets, and call
    /// again. More commands may be sent meanwhile if [`can_send`](super::Client::can_send) says so.
    NeedInput,
    /// TLS starts now: send what has been written, then hand the unread octets to
    /// [`upgrade`](super::Client::upgrade).
    StartTls,
    /// The session is over: send what has been written, then close.
    Close,
}

/// What happened in a session.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'i> {
    /// The server's first reply. Only a 220 lets the session go on.
    Greeting(Reply<'i>),
    /// EHLO, HELO or LHLO was accepted, and TLS is as it should be: mail can be sent.
    /// [`capabilities`](super::Client::capabilities) are known.
    Ready(Reply<'i>),
    /// A reply to what the machine sent by itself: an EHLO or STARTTLS that was not accepted, the RSET before HELO, or
    /// the EHLO before STARTTLS.
    Handshake(Reply<'i>),
    /// A challenge of an authentication, decoded: answer with [`respond`](super::Client::respond) or
    /// [`cancel`](super::Client::cancel).
    Challenge(Vec<u8>),
    /// A challenge that is not base64. Most mechanisms must [`cancel`](super::Client::cancel); one that has
    /// nothing to be challenged with may respond nevertheless, because some servers say words in its place.
    BrokenChallenge(Reply<'i>),
    /// A reply to what was sent. A 354 to DATA asks for the body.
    Reply {
        /// What was sent.
        to: Sent,
        /// The reply.
        reply: Reply<'i>,
    },
    /// The server ends the session unasked: 421.
    Closing(Reply<'i>),
}

/// What a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sent {
    /// AUTH, and the responses that followed it.
    Auth,
    /// MAIL
    Mail,
    /// RCPT
    Rcpt,
    /// DATA, before the body.
    Data,
    /// A BDAT that is not the last.
    Chunk,
    /// The end of the body; with LMTP one for each recipient that was accepted, in their order.
    Body,
    /// RSET
    Rset,
    /// QUIT
    Quit,
    /// XCLIENT. Once it is accepted the machine greets again, and [`Event::Ready`] comes once more.
    Xclient,
    /// Any other command.
    Other,
}

/// A server that cannot be talked to: close the connection.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Violation {
    /// What it sent is no reply.
    #[error(transparent)]
    Reply(#[from] ReplyError),
    /// A reply that answers nothing.
    #[error("a reply {0} answers no command")]
    Unasked(u16),
    /// A reply whose code makes no sense here: a 354 to MAIL.
    #[error("{0} is no reply to this command")]
    Code(u16),
    /// TLS is required, and STARTTLS is not offered, or somebody has taken the offer out. Nothing was sent.
    #[error("TLS is required, and the server does not offer it")]
    NoTls,
    /// TLS is required, and the server does not start it now.
    #[error("TLS is required, and the server answered {0}")]
    TlsRefused(u16),
    /// The server takes neither EHLO nor HELO.
    #[error("the server answered {0} to the greeting")]
    HelloRefused(u16),
}
