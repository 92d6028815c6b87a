//! What a client machine tells.

use crate::{
    error::ResponseError,
    listing::{DropListing, ScanListing, UniqueIdListing},
    response::Response,
    text::Number,
};
use alloc::vec::Vec;
use mail_base::Secret;
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
    /// It is the client's turn, and no response is awaited: send a command, or the answer to a challenge.
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
    /// The server's first response. Where it holds a challenge, APOP may be offered: keep it.
    Greeting(Response<'i>),
    /// A response to what the machine sent by itself: CAPA or STLS.
    Handshake(Response<'i>),
    /// A line of what the machine asked for by itself was taken.
    Answered,
    /// TLS is as it should be, and the [`capabilities`](super::Client::capabilities) are known, if the server
    /// tells any: log in.
    Ready,
    /// A challenge of an authentication, decoded: answer with [`respond`](super::Client::respond) or
    /// [`cancel`](super::Client::cancel). `None` where it is not base64: it can only be cancelled (RFC 5034 §4).
    Challenge(Option<Secret<Vec<u8>>>),
    /// The response to a command. Where more lines follow, their events come next, and [`End`](Self::End).
    Response {
        /// What was sent.
        to: Sent,
        /// The response.
        response: Response<'i>,
    },
    /// +OK to STAT.
    Stat(DropListing),
    /// A line of LIST, or the response to LIST with a number.
    Size(ScanListing),
    /// A line of UIDL, or the response to UIDL with a number.
    UniqueId(UniqueIdListing<'i>),
    /// Octets of the message, dots taken off.
    Body(&'i [u8]),
    /// A line of CAPA or of LANG.
    Line(&'i [u8]),
    /// The end of what has several lines.
    End(Sent),
}

/// What a response answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sent {
    /// USER
    User,
    /// PASS
    Pass,
    /// APOP
    Apop,
    /// AUTH, and the responses that followed it.
    Auth,
    /// CAPA
    Capa,
    /// STAT
    Stat,
    /// LIST, with a number or not.
    List(Option<Number>),
    /// UIDL, with a number or not.
    Uidl(Option<Number>),
    /// RETR
    Retr(Number),
    /// TOP
    Top(Number),
    /// DELE
    Dele(Number),
    /// NOOP
    Noop,
    /// RSET
    Rset,
    /// UTF8
    Utf8,
    /// LANG; `list` where it has no argument.
    Lang {
        /// Whether the languages are listed.
        list: bool,
    },
    /// QUIT
    Quit,
    /// Any other command, which is answered with one line.
    Other,
}

/// What became of the marks that DELE has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Nothing is deleted: there was no QUIT behind the login.
    NotAsked,
    /// QUIT was sent, and no response has come. If the connection is lost now, nobody knows; what was marked may
    /// be there, or not.
    Unknown,
    /// +OK: what was marked is deleted.
    Done,
    /// -ERR: some of it, or all, is still there (RFC 1939 §6).
    Failed,
}

/// A server that cannot be talked to: close the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Violation {
    /// A line is no response, or not the one that was asked for.
    #[error(transparent)]
    Response(#[from] ResponseError),
    /// A bare CR or LF, and those are refused.
    #[error("the server's line ends are broken (at octet {at})")]
    LineEnd {
        /// The offset in the line, or in the message.
        at: usize,
    },
    /// A line is longer than [`ClientLimits`](super::ClientLimits) allows.
    #[error("a line is longer than {limit} octets")]
    LineTooLong {
        /// The most octets.
        limit: usize,
    },
    /// A listing has more lines than [`ClientLimits`](super::ClientLimits) allows.
    #[error("a listing has more than {limit} lines")]
    TooManyLines {
        /// The most lines.
        limit: u32,
    },
    /// A message has more octets than [`ClientLimits`](super::ClientLimits) allows.
    #[error("a message has more than {limit} octets")]
    TooLarge {
        /// The most octets.
        limit: u64,
    },
    /// A response that answers nothing.
    #[error("a response answers no command")]
    Unasked,
    /// TLS is required, and STLS is not offered, or somebody has taken the offer out. Nothing was sent.
    #[error("TLS is required, and the server does not offer it")]
    NoTls,
    /// TLS is required, and the server does not start it now.
    #[error("TLS is required, and the server refuses to start it")]
    TlsRefused,
}
