//! What can be wrong, sorted by whose fault it is.

use thiserror::Error;

/// Why a text cannot stand in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct TextError {
    /// What is wrong.
    pub kind: TextErrorKind,
    /// The offset of the place.
    pub at: usize,
}

/// The rules of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextErrorKind {
    /// There is no text.
    #[error("a text is empty")]
    Empty,
    /// A control character, or a space where none may be.
    #[error("a text has an octet that it may not have")]
    Octet,
    /// It is longer than it may be.
    #[error("a text is too long")]
    TooLong,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct CommandError {
    /// The rule that is broken.
    pub kind: CommandErrorKind,
    /// The offset of the place in the line.
    pub at: usize,
}

/// The rules of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommandErrorKind {
    /// The line is not UTF-8.
    #[error("a command is not UTF-8")]
    Utf8,
    /// A control character, NUL and bare CR among them.
    #[error("a command has a control character")]
    Control,
    /// There is no word at the start of the line.
    #[error("there is no command")]
    Empty,
    /// The command needs an argument.
    #[error("a command has no argument")]
    NoArgument,
    /// The command takes no argument, or not so many.
    #[error("a command has an argument that it does not take")]
    Argument,
    /// A number is missing, too large, or none; or it is 0 where a message is meant.
    #[error("a number is broken")]
    Number,
    /// A word that must be made of certain octets is not.
    #[error("a word has an octet that it may not have")]
    Word,
}

/// Why a line is no response, or no line of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct ResponseError {
    /// The rule that is broken.
    pub kind: ResponseErrorKind,
    /// The offset of the place in the line.
    pub at: usize,
}

/// The rules of responses (RFC 1939 §3) and of the lines that follow them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResponseErrorKind {
    /// A line starts with neither `+OK` nor `-ERR`.
    #[error("a response has no status")]
    Status,
    /// Something else than a space follows the status, or stands between the words of a listing.
    #[error("a response has no space where one must be")]
    Space,
    /// A control character other than the tab.
    #[error("a response has a control character")]
    Control,
    /// A number is missing, too large, or none; or it is 0 where a message is meant.
    #[error("a number is broken")]
    Number,
    /// There is no unique id where one must be.
    #[error("a unique id is missing")]
    NoUniqueId,
    /// A unique id has an octet that it may not have, or more than 70.
    #[error("a unique id is broken")]
    UniqueId,
    /// A capability, or the tag of a language, is missing.
    #[error("a line of a list is empty")]
    Empty,
}

/// A mistake of the program that uses a machine. It never depends on what the peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Misuse {
    /// There is nothing to answer.
    #[error("there is no question to answer")]
    NoQuestion,
    /// This is no answer to the question.
    #[error("this does not answer the question")]
    Answer,
    /// The command may not be sent now: wait for the response, or log in first.
    #[error("this command cannot be sent now")]
    NotNow,
    /// The server does not offer what the command needs.
    #[error("the server does not offer {0}")]
    NotOffered(&'static str),
    /// A password, or what stands for one, would go over the wire in clear.
    #[error("this would go over the wire in clear")]
    InClear,
    /// The command is longer than a line may be. An initial response goes behind an empty challenge then
    /// (RFC 5034 §4).
    #[error("the command is longer than {limit} octets")]
    LineTooLong {
        /// The most octets.
        limit: usize,
    },
    /// The message has a bare CR or LF, and those are refused. The session can only be broken off.
    #[error("the message has a bare CR or LF (at octet {at})")]
    LineEnd {
        /// The offset in the message.
        at: usize,
    },
    /// The connection has ended.
    #[error("the connection has ended")]
    Closed,
}

/// Why a machine cannot go on under TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// STLS was not accepted, or not sent.
    #[error("TLS was not agreed on")]
    NotAgreed,
    /// Octets stand between STLS and the handshake: somebody put them there (CVE-2011-0411). The connection
    /// must be closed.
    #[error("{octets} octets stand between STLS and the TLS handshake")]
    Injected {
        /// How many.
        octets: usize,
    },
}
