//! What a server machine tells, and asks.

use crate::{
    error::CommandError,
    response::Response,
    text::{Number, Password, Text, Word},
};
use alloc::{string::String, vec::Vec};
use mail_base::{Secret, lines::LineEndError};

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
    /// It is the server's turn: nothing more is read until the last question has been answered, and the message
    /// that was asked for has been given with [`body`](super::Server::body) and
    /// [`end_body`](super::Server::end_body).
    NeedReply,
    /// It is the client's turn: send what has been written, read more *behind* the unread octets, and call
    /// again.
    NeedInput,
    /// TLS starts now: send what has been written, then hand the unread octets to
    /// [`upgrade`](super::Server::upgrade).
    StartTls,
    /// The session is over: send what has been written, then close.
    Close,
}

/// What happened in a session. Those marked *asks* wait for an answer.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'i> {
    /// USER: *asks*, if [`ask_user`](super::Config::ask_user).
    User(Text<'i>),
    /// PASS: *asks*. The answer is [`open`](super::Server::open) or [`refuse`](super::Server::refuse).
    Pass {
        /// What USER has said.
        user: String,
        /// What PASS says.
        password: Password<'i>,
    },
    /// APOP: *asks*, as PASS does. Whether the digest is right is the caller's to say.
    Apop {
        /// The name of the mailbox.
        user: Word<'i>,
        /// What is claimed to be the digest of the greeting's challenge and the secret.
        digest: Word<'i>,
    },
    /// AUTH: *asks*. The answer is [`challenge`](super::Server::challenge), [`open`](super::Server::open) or
    /// [`refuse`](super::Server::refuse).
    Auth {
        /// The SASL mechanism, one of those that are offered.
        mechanism: Word<'i>,
        /// The initial response, decoded.
        initial: Option<Secret<Vec<u8>>>,
    },
    /// The answer to a challenge, decoded: *asks*, as AUTH does.
    AuthResponse(Secret<Vec<u8>>),
    /// The client has given up the authentication.
    AuthCancelled,
    /// STLS: *asks*.
    StartTls,
    /// RETR: *asks*. Once accepted, the message goes to [`body`](super::Server::body).
    Retr(Number),
    /// TOP: *asks*. Once accepted, the message goes to [`body`](super::Server::body), which counts the lines
    /// and says when it has had enough.
    Top {
        /// Which message.
        number: Number,
        /// How many lines of its body.
        lines: u32,
    },
    /// LANG with a language that the server has: *asks*.
    Lang {
        /// The exact tag of the language.
        tag: String,
    },
    /// UTF8, answered: names, passwords and messages may be in UTF-8 from now on.
    Utf8,
    /// DELE, answered: a mark has been made.
    Marked(Number),
    /// RSET, answered: all marks are gone.
    Reset,
    /// A part of a long listing has been written. Send it before going on, if memory matters.
    Listing,
    /// A command that changes nothing has been answered.
    Answered,
    /// QUIT after a login: *asks*. These messages are to be deleted now, and nothing else ever says so: on a
    /// connection that ends in any other way nothing is deleted (RFC 1939 §6).
    Commit {
        /// The messages that are marked.
        deleted: Vec<Number>,
    },
    /// QUIT before a login, answered.
    Quit,
    /// A command that is not known: *asks*, if [`ask_unknown`](super::Config::ask_unknown).
    Unknown {
        /// The word.
        verb: Word<'i>,
        /// What follows it.
        argument: Option<Text<'i>>,
    },
    /// Octets of a line that is too long were dropped.
    Dropped,
    /// The machine has refused what the client sent, with this response.
    Refused {
        /// Why.
        cause: Cause,
        /// What the client was told.
        response: Response<'static>,
    },
}

/// Why the machine has refused something: which rule the client broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The line is no command.
    Command(CommandError),
    /// The line is too long.
    LineTooLong,
    /// A bare CR or LF.
    LineEnd(LineEndError),
    /// The command is not known, or not taken here.
    NotOffered,
    /// The command may not come in this state (RFC 1939 §3), or PASS without USER before it.
    Sequence,
    /// TLS comes first.
    TlsRequired,
    /// The SASL mechanism is not offered.
    Mechanism,
    /// Not base64.
    Base64,
    /// A name or a password is not UTF-8 where it must be (RFC 6856 §2.2).
    NotUtf8,
    /// Octets behind STLS.
    Injected,
    /// There is no message of this number, or it is marked as deleted.
    NoMessage(Number),
    /// There is no language that fits.
    NoLanguage,
    /// More commands than [`ServerLimits::commands`](super::ServerLimits::commands).
    TooManyCommands,
}
