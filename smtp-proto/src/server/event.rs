//! What a server machine tells, and asks.

use crate::{
    base64::SaslOctets,
    command::{Attributes, Host, Mail, Rcpt, Unknown},
    error::CommandError,
    mechanism::Mechanism,
    reply::Reply,
    text::{Text, Word},
};
use mail_base::lines::LineEndError;

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
    /// It is the server's turn: nothing more is read until [`reply`](super::Server::reply),
    /// [`accept`](super::Server::accept) or [`challenge`](super::Server::challenge) has answered the last
    /// question.
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

/// What happened in a session. Those marked *asks* wait for a reply.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'i> {
    /// The client talks before it was greeted, which a mail server does not do.
    EarlyTalk,
    /// The client did not wait behind a command where it must (RFC 2920 §3.1). The command comes next.
    EarlyInput,
    /// EHLO, HELO or LHLO: *asks*. Once accepted, the message that was going on is dropped.
    Hello {
        /// Which of the three.
        kind: HelloKind,
        /// What the client says it is.
        host: Host<'i>,
    },
    /// AUTH: *asks*.
    Auth {
        /// The SASL mechanism, one of those that are offered.
        mechanism: Mechanism,
        /// The initial response, decoded.
        initial: Option<SaslOctets>,
    },
    /// The answer to a challenge, decoded: *asks*.
    AuthResponse(SaslOctets),
    /// The client has given up the authentication.
    AuthCancelled,
    /// STARTTLS: *asks*.
    StartTls,
    /// MAIL: *asks*.
    Mail(Mail<'i>),
    /// RCPT: *asks*. What [`accept`](super::Server::accept) accepts is relayed: see
    /// [`relay`](crate::relay).
    Rcpt(Rcpt<'i>),
    /// DATA: *asks*.
    Data,
    /// Octets of the message, dots taken off.
    Body(&'i [u8]),
    /// A chunk that is not the last has been read: *asks*.
    ChunkEnd,
    /// The message is complete: *asks*; with LMTP once for each recipient that was accepted, in their order.
    BodyEnd,
    /// The message cannot be taken, and what came of it must be dropped. Its end is still being looked for;
    /// then the client is told.
    BodyRefused(Cause),
    /// VRFY: *asks*, if [`open_vrfy`](super::Config::open_vrfy).
    Vrfy(Text<'i>),
    /// EXPN: *asks*, if [`open_expn`](super::Config::open_expn).
    Expn(Text<'i>),
    /// ETRN: *asks*.
    Etrn(Text<'i>),
    /// ATRN, of a client that has authenticated: *asks*. Once accepted, the roles are reversed (RFC 2645): the
    /// connection is for a [`Client`](crate::Client) from then on.
    Atrn(Option<Text<'i>>),
    /// BURL: *asks*. With `last` it stands for the end of the message, and asks as often as that does.
    Burl {
        /// Where the octets are to be fetched.
        url: Word<'i>,
        /// Whether they are the last.
        last: bool,
    },
    /// XCLIENT: *asks*. Once accepted, the session starts again as that of the client that is named, who has
    /// authenticated if there is a `LOGIN`.
    Xclient(Attributes<'i>),
    /// XFORWARD: *asks*.
    Xforward(Attributes<'i>),
    /// A command that is not known: *asks*, if [`open_unknown`](super::Config::open_unknown).
    Unknown(Unknown<'i>),
    /// RSET, answered. The message that was going on is dropped.
    Reset,
    /// NOOP or HELP, or VRFY where it is not open: answered.
    Answered,
    /// QUIT, answered.
    Quit,
    /// Octets were dropped: those of a line that is too long, or of a body that is refused.
    Dropped,
    /// The machine has refused what the client sent, with this reply.
    Refused {
        /// Why.
        cause: Cause,
        /// What the client was told.
        reply: Reply<'static>,
    },
}

/// Which greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HelloKind {
    /// EHLO
    Ehlo,
    /// HELO
    Helo,
    /// LHLO
    Lhlo,
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
    /// The command may not come now (RFC 5321 §4.1.4).
    Sequence,
    /// EHLO without a domain or literal, and those are demanded.
    Host,
    /// A parameter of an extension that is not offered, or a time beyond what is.
    Parameter,
    /// An address outside ASCII without SMTPUTF8.
    NotAscii,
    /// TLS comes first.
    TlsRequired,
    /// AUTH comes first.
    AuthRequired,
    /// The SASL mechanism is not offered.
    Mechanism,
    /// Not base64.
    Base64,
    /// Octets behind STARTTLS.
    Injected,
    /// The client did not wait.
    EarlyInput,
    /// The message is larger than [`ServerLimits::message`](super::ServerLimits::message).
    TooLarge,
    /// More recipients than [`ServerLimits::recipients`](super::ServerLimits::recipients).
    TooManyRecipients,
    /// More messages than [`ServerLimits::messages`](super::ServerLimits::messages).
    TooManyMessages,
}
