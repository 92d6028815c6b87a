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
    /// A space at the start or the end.
    #[error("a text has a space at its start or end")]
    Space,
    /// More octets than there may be.
    #[error("a text is too long")]
    TooLong,
    /// The word is that of a command which this crate has a type for.
    #[error("a word is that of a known command")]
    KnownVerb,
}

/// Why a text is no path or mailbox (RFC 5321 §4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct PathError {
    /// The rule that is broken.
    pub kind: PathErrorKind,
    /// The offset of the place.
    pub at: usize,
}

/// The rules of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathErrorKind {
    /// There is no `<` at the start, or no `>` at the end.
    #[error("a path is not in angle brackets")]
    Bracket,
    /// A source route does not read `@host,@host:`.
    #[error("a source route is broken")]
    Route,
    /// There is no local part, or an atom in it is empty.
    #[error("a local part or an atom of it is empty")]
    EmptyAtom,
    /// An octet that may not stand in a local part.
    #[error("a local part has an octet that it may not have")]
    LocalPart,
    /// A quoted string is not closed, or holds what it may not.
    #[error("a quoted local part is broken")]
    Quote,
    /// There is no `@`.
    #[error("a mailbox has no domain")]
    NoDomain,
    /// A domain has an empty label, a hyphen at a label's end, or an octet that it may not have.
    #[error("a domain is broken")]
    Domain,
    /// An address literal is neither IPv4, nor IPv6, nor of the general form.
    #[error("an address literal is broken")]
    Literal,
    /// The local part is longer than [`Rules::local_part`](crate::Rules::local_part).
    #[error("a local part is too long")]
    LocalPartTooLong,
    /// The domain is longer than [`Rules::domain`](crate::Rules::domain), or a label than 63 octets.
    #[error("a domain or a label of it is too long")]
    DomainTooLong,
    /// The path is longer than [`Rules::path`](crate::Rules::path).
    #[error("a path is too long")]
    PathTooLong,
    /// More follows where the path should end.
    #[error("something follows a path")]
    Trailing,
    /// `RCPT TO:<>`, or `MAIL FROM:<postmaster>`.
    #[error("this path cannot stand in this command")]
    NotHere,
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
    /// `FROM:` or `TO:` is missing.
    #[error("FROM: or TO: is missing")]
    Keyword,
    /// The path is broken.
    #[error(transparent)]
    Path(PathErrorKind),
    /// A parameter that is not `keyword` or `keyword=value`.
    #[error("a parameter is broken")]
    Parameter,
    /// The value of a parameter is not of its grammar.
    #[error("the value of a parameter is broken")]
    Value,
    /// A parameter stands twice.
    #[error("a parameter stands twice")]
    Duplicate,
    /// More parameters that this crate has no type for than [`MAX_PARAMETERS`](crate::MAX_PARAMETERS).
    #[error("there are too many parameters")]
    TooManyParameters,
    /// A number is missing, too large, or none.
    #[error("a number is broken")]
    Number,
    /// A word that must be made of certain octets is not.
    #[error("a word has an octet that it may not have")]
    Word,
}

/// Why octets are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{kind} (at octet {at})")]
pub struct ReplyError {
    /// The rule that is broken.
    pub kind: ReplyErrorKind,
    /// The offset of the place.
    pub at: usize,
}

/// The rules of a reply (RFC 5321 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplyErrorKind {
    /// A line does not start with three digits from 200 to 599.
    #[error("a reply has no code")]
    Code,
    /// What follows the code is neither a space, nor a hyphen, nor the end.
    #[error("a reply has something else than a space or a hyphen after its code")]
    Separator,
    /// A line has another code than the first.
    #[error("the lines of a reply have different codes")]
    MixedCodes,
    /// A control character other than the tab, elsewhere than in the first line of a reply with code 250, with
    /// which a server greets after EHLO.
    #[error("a reply has a control character")]
    Control,
    /// A bare CR or LF.
    #[error("a reply has a bare CR or LF")]
    LineEnd,
    /// A line, or the reply, is longer than its limit.
    #[error("a reply is too long")]
    TooLong,
}

/// A mistake of the program that uses a machine. It never depends on what the peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Misuse {
    /// There is nothing to answer.
    #[error("there is no question to answer")]
    NoQuestion,
    /// A reply with this code is no answer to the question.
    #[error("the code {0} does not answer this question")]
    Code(u16),
    /// The command may not be sent now: wait for the replies first.
    #[error("this command cannot be sent now")]
    NotNow,
    /// The server does not offer what the command needs.
    #[error("the server does not offer {0}")]
    NotOffered(&'static str),
    /// The message is larger than the server takes.
    #[error("the message is larger than the {limit} octets that the server takes")]
    TooLarge {
        /// What the server said.
        limit: u64,
    },
    /// More recipients or messages than the server takes.
    #[error("the server takes no more than {limit} of these")]
    TooMany {
        /// What the server said.
        limit: u32,
    },
    /// The body has a bare CR or LF, and those are refused. The transaction can only be broken off.
    #[error("the body has a bare CR or LF (at octet {at})")]
    LineEnd {
        /// The offset in the body.
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
    /// STARTTLS was not accepted, or not sent.
    #[error("TLS was not agreed on")]
    NotAgreed,
    /// Octets stand between STARTTLS and the handshake: somebody put them there (CVE-2011-0411). The
    /// connection must be closed.
    #[error("{octets} octets stand between STARTTLS and the TLS handshake")]
    Injected {
        /// How many.
        octets: usize,
    },
}
