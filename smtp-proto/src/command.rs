//! Commands, read from a line and written to one.
//!
//! Reading allocates nothing: a [`Command`] borrows from the line. What is kept longer is made with
//! `into_owned`.
//!
//! ```
//! use smtp_proto::{Command, Rules};
//!
//! let command = Command::parse(b"mail from:<alice@example.org> size=1200 XTAG=7", &Rules::default())?;
//! let Command::Mail(mail) = &command else { panic!() };
//! assert_eq!(mail.params.size, Some(1200));
//! assert_eq!(mail.params.others.iter().next().unwrap().value, Some("7"));
//! assert_eq!(command.to_string(), "MAIL FROM:<alice@example.org> SIZE=1200 XTAG=7");
//! # Ok::<(), smtp_proto::CommandError>(())
//! ```

use crate::{
    base64::Base64,
    error::{CommandError, CommandErrorKind, PathError},
    params::{MailParams, RcptParams},
    path::{Domain, Path, read_path},
    rules::Rules,
    text::{Text, Word, position_of_control},
    values::Xtext,
};
use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

/// A command of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// `EHLO host` (RFC 5321 §4.1.1.1).
    Ehlo(Host<'a>),
    /// `HELO host`
    Helo(Host<'a>),
    /// `LHLO host` (RFC 2033 §4.1).
    Lhlo(Host<'a>),
    /// `MAIL FROM:<path> params`
    Mail(Mail<'a>),
    /// `RCPT TO:<path> params`
    Rcpt(Rcpt<'a>),
    /// `DATA`
    Data,
    /// `BDAT size [LAST]` (RFC 3030 §2).
    Bdat {
        /// How many octets follow the line.
        size: u64,
        /// Whether they are the last of the message.
        last: bool,
    },
    /// `RSET`
    Rset,
    /// `NOOP [text]`
    Noop(Option<Text<'a>>),
    /// `QUIT`
    Quit,
    /// `VRFY text`, with `SMTPUTF8` behind it as part of the text.
    Vrfy(Text<'a>),
    /// `EXPN text`, with `SMTPUTF8` behind it as part of the text.
    Expn(Text<'a>),
    /// `HELP [text]`
    Help(Option<Text<'a>>),
    /// `STARTTLS` (RFC 3207 §4).
    StartTls,
    /// `AUTH mechanism [initial-response]` (RFC 4954 §4).
    Auth(Auth<'a>),
    /// `ETRN node` (RFC 1985 §5).
    Etrn(Text<'a>),
    /// `ATRN [domain,…]` (RFC 2645 §5).
    Atrn(Option<Text<'a>>),
    /// `BURL url [LAST]` (RFC 4468 §3).
    Burl {
        /// Where the octets are to be fetched.
        url: Word<'a>,
        /// Whether they are the last of the message.
        last: bool,
    },
    /// `XCLIENT name=value …`, as Postfix documents it: a trusted proxy tells who the client is.
    Xclient(Attributes<'a>),
    /// `XFORWARD name=value …`, as Postfix documents it: the same for logs only.
    Xforward(Attributes<'a>),
    /// Another word, and what follows it.
    Unknown {
        /// The word.
        verb: Word<'a>,
        /// The rest of the line.
        argument: Option<Text<'a>>,
    },
}

/// What a client says it is: a domain, an address literal, or, more often than the RFC would like, something
/// else without spaces in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host<'a>(Word<'a>);

impl<'a> Host<'a> {
    /// Takes what a client says. [`domain`](Self::domain) tells whether it is what it should be.
    #[must_use]
    pub fn new(text: Word<'a>) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The domain or literal, if it is one by the grammar.
    #[must_use]
    pub fn domain(&self) -> Option<Domain<'_>> {
        Domain::parse(self.as_str(), &Rules::STRICT).ok()
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Host<'static> {
        Host(self.0.into_owned())
    }
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The sender of a message, and what is said about the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail<'a> {
    /// Who it is from: [`Path::Null`] or [`Path::Mailbox`].
    pub path: Path<'a>,
    /// The parameters.
    pub params: MailParams<'a>,
}

impl<'a> Mail<'a> {
    /// A sender without parameters.
    #[must_use]
    pub fn from(path: Path<'a>) -> Self {
        Self { path, params: MailParams::default() }
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Mail<'static> {
        Mail { path: self.path.into_owned(), params: self.params.into_owned() }
    }
}

/// A recipient of a message, and what is said about the delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rcpt<'a> {
    /// Who it is for: [`Path::Postmaster`] or [`Path::Mailbox`].
    pub path: Path<'a>,
    /// The parameters.
    pub params: RcptParams<'a>,
}

impl<'a> Rcpt<'a> {
    /// A recipient without parameters.
    #[must_use]
    pub fn to(path: Path<'a>) -> Self {
        Self { path, params: RcptParams::default() }
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Rcpt<'static> {
        Rcpt { path: self.path.into_owned(), params: self.params.into_owned() }
    }
}

/// The start of an authentication. What SASL says is opaque here, and never printed by `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    /// The mechanism, as it was written.
    pub mechanism: Word<'a>,
    /// The initial response, if one was given.
    pub initial: Option<Base64<'a>>,
}

/// `name=value` pairs of XCLIENT and XFORWARD; values in xtext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes<'a>(Text<'a>);

impl<'a> Attributes<'a> {
    /// Reads pairs separated by spaces; `None` where a word is no pair.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let is_pair = |word: &str| {
            word.split_once('=')
                .is_some_and(|(name, value)| !name.is_empty() && Xtext::parse(value).is_some())
        };
        let attributes = Self(Text::new(text).ok()?);
        text.split_ascii_whitespace().all(is_pair).then_some(attributes)
    }

    /// The pairs, values decoded.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Cow<'_, [u8]>)> {
        self.0.as_str().split_ascii_whitespace().filter_map(|word| {
            let (name, value) = word.split_once('=')?;
            let decoded = match Xtext::parse(value)?.decode() {
                Cow::Borrowed(_) => Cow::Borrowed(value.as_bytes()),
                Cow::Owned(decoded) => Cow::Owned(decoded),
            };
            Some((name, decoded))
        })
    }
}

/// The verbs that a line may start with.
#[derive(Clone, Copy)]
enum Verb {
    Ehlo,
    Helo,
    Lhlo,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Rset,
    Noop,
    Quit,
    Vrfy,
    Expn,
    Help,
    StartTls,
    Auth,
    Etrn,
    Atrn,
    Burl,
    Xclient,
    Xforward,
}

#[inline]
fn verb(word: &[u8]) -> Option<Verb> {
    const EHLO: u32 = u32::from_be_bytes(*b"EHLO");
    const HELO: u32 = u32::from_be_bytes(*b"HELO");
    const LHLO: u32 = u32::from_be_bytes(*b"LHLO");
    const MAIL: u32 = u32::from_be_bytes(*b"MAIL");
    const RCPT: u32 = u32::from_be_bytes(*b"RCPT");
    const DATA: u32 = u32::from_be_bytes(*b"DATA");
    const BDAT: u32 = u32::from_be_bytes(*b"BDAT");
    const RSET: u32 = u32::from_be_bytes(*b"RSET");
    const NOOP: u32 = u32::from_be_bytes(*b"NOOP");
    const QUIT: u32 = u32::from_be_bytes(*b"QUIT");
    const VRFY: u32 = u32::from_be_bytes(*b"VRFY");
    const EXPN: u32 = u32::from_be_bytes(*b"EXPN");
    const HELP: u32 = u32::from_be_bytes(*b"HELP");
    const AUTH: u32 = u32::from_be_bytes(*b"AUTH");
    const ETRN: u32 = u32::from_be_bytes(*b"ETRN");
    const ATRN: u32 = u32::from_be_bytes(*b"ATRN");
    const BURL: u32 = u32::from_be_bytes(*b"BURL");
    if let Ok(word) = <[u8; 4]>::try_from(word) {
        // letters in upper case; nothing else becomes a letter by it that was none
        return match u32::from_be_bytes(word) & 0xdfdf_dfdf {
            EHLO => Some(Verb::Ehlo),
            HELO => Some(Verb::Helo),
            LHLO => Some(Verb::Lhlo),
            MAIL => Some(Verb::Mail),
            RCPT => Some(Verb::Rcpt),
            DATA => Some(Verb::Data),
            BDAT => Some(Verb::Bdat),
            RSET => Some(Verb::Rset),
            NOOP => Some(Verb::Noop),
            QUIT => Some(Verb::Quit),
            VRFY => Some(Verb::Vrfy),
            EXPN => Some(Verb::Expn),
            HELP => Some(Verb::Help),
            AUTH => Some(Verb::Auth),
            ETRN => Some(Verb::Etrn),
            ATRN => Some(Verb::Atrn),
            BURL => Some(Verb::Burl),
            _ => None,
        };
    }
    let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
    match word.len() {
        7 if is(b"XCLIENT") => Some(Verb::Xclient),
        8 if is(b"STARTTLS") => Some(Verb::StartTls),
        8 if is(b"XFORWARD") => Some(Verb::Xforward),
        _ => None,
    }
}

impl<'a> Command<'a> {
    /// Reads a line, without its line end. Spaces and tabs at the end are left out (RFC 5321 §4.1.1).
    ///
    /// # Errors
    /// A [`CommandError`] says which rule is broken, and where.
    pub fn parse(line: &'a [u8], rules: &Rules) -> Result<Self, CommandError> {
        if let Some(command) = Self::short(line) {
            return Ok(command);
        }
        let text = printable(line)?;
        if let Some(from) = after_rcpt_to(text) {
            return rcpt(text, from, rules);
        }
        if let Some(from) = after_mail_from(text) {
            return mail(text, from, rules);
        }
        let length = text.bytes().position(|octet| octet == b' ').unwrap_or(text.len());
        let (word, rest) = text.split_at_checked(length).unwrap_or((text, ""));
        let at = length.saturating_add(1);
        let line = Line { text, argument: rest.get(1..).unwrap_or(""), at };
        match verb(word.as_bytes()) {
            Some(Verb::Mail | Verb::Rcpt) if line.argument.is_empty() => {
                Err(line.error(CommandErrorKind::NoArgument))
            }
            Some(Verb::Mail | Verb::Rcpt) => Err(line.error(CommandErrorKind::Keyword)),
            Some(Verb::Data) => line.alone(Self::Data),
            Some(Verb::Rset) => line.alone(Self::Rset),
            Some(Verb::Quit) => line.alone(Self::Quit),
            Some(Verb::StartTls) => line.alone(Self::StartTls),
            Some(Verb::Ehlo) => line.word().map(Host).map(Self::Ehlo),
            Some(Verb::Helo) => line.word().map(Host).map(Self::Helo),
            Some(Verb::Lhlo) => line.word().map(Host).map(Self::Lhlo),
            Some(Verb::Bdat) => line.bdat(),
            Some(Verb::Noop) => Ok(Self::Noop(line.optional())),
            Some(Verb::Help) => Ok(Self::Help(line.optional())),
            Some(Verb::Atrn) => Ok(Self::Atrn(line.optional())),
            Some(Verb::Vrfy) => line.required().map(Self::Vrfy),
            Some(Verb::Expn) => line.required().map(Self::Expn),
            Some(Verb::Etrn) => line.required().map(Self::Etrn),
            Some(Verb::Auth) => line.auth(),
            Some(Verb::Burl) => line.burl(),
            Some(Verb::Xclient) => line.attributes().map(Self::Xclient),
            Some(Verb::Xforward) => line.attributes().map(Self::Xforward),
            None if word.is_empty() => Err(CommandError { kind: CommandErrorKind::Empty, at: 0 }),
            None => Ok(Self::Unknown { verb: Word::checked(word), argument: line.optional() }),
        }
    }

    /// The commands that are a word of four letters and nothing else, which are half of all.
    fn short(line: &[u8]) -> Option<Self> {
        match verb(line)? {
            Verb::Data => Some(Self::Data),
            Verb::Quit => Some(Self::Quit),
            Verb::Rset => Some(Self::Rset),
            Verb::Noop => Some(Self::Noop(None)),
            Verb::StartTls => Some(Self::StartTls),
            _ => None,
        }
    }

    /// Writes the command and its line end.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_line(out, self);
    }
}

/// Writes what prints, and CRLF.
pub(crate) fn write_line(out: &mut Vec<u8>, line: &impl fmt::Display) {
    struct Sink<'o>(&'o mut Vec<u8>);
    impl fmt::Write for Sink<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    // the sink does not fail
    let _ = fmt::write(&mut Sink(out), format_args!("{line}\r\n"));
}

/// The line as text without control characters, and without white space at its end.
#[inline]
fn printable(line: &[u8]) -> Result<&str, CommandError> {
    let mut line = line;
    while let Some((b' ' | b'\t', rest)) = line.split_last() {
        line = rest;
    }
    let text = core::str::from_utf8(line)
        .map_err(|error| CommandError { kind: CommandErrorKind::Utf8, at: error.valid_up_to() })?;
    match position_of_control(line) {
        None => Ok(text),
        Some(at) => Err(CommandError { kind: CommandErrorKind::Control, at }),
    }
}

/// Where a word of eight letters and the like ends that a line starts with. `case` has `0xdf` where a letter
/// stands, which may be small, and `0xff` elsewhere.
#[inline]
fn starts_with(text: &str, word: [u8; 8], case: [u8; 8]) -> bool {
    let Some(start) = text.as_bytes().first_chunk() else { return false };
    u64::from_be_bytes(*start) & u64::from_be_bytes(case) == u64::from_be_bytes(word)
}

/// Where the path of RCPT starts.
#[inline]
fn after_rcpt_to(text: &str) -> Option<usize> {
    const CASE: [u8; 8] = [0xdf, 0xdf, 0xdf, 0xdf, 0xff, 0xdf, 0xdf, 0xff];
    starts_with(text, *b"RCPT TO:", CASE).then_some("RCPT TO:".len())
}

/// Where the path of MAIL starts.
#[inline]
fn after_mail_from(text: &str) -> Option<usize> {
    const CASE: [u8; 8] = [0xdf, 0xdf, 0xdf, 0xdf, 0xff, 0xdf, 0xdf, 0xdf];
    let is_end = matches!(text.as_bytes().get(8..10), Some([b'M' | b'm', b':']));
    (starts_with(text, *b"MAIL FRO", CASE) && is_end).then_some("MAIL FROM:".len())
}

/// ```text
/// mail = "MAIL FROM:" Reverse-path [SP Mail-parameters]
/// ```
fn mail<'a>(text: &'a str, from: usize, rules: &Rules) -> Result<Command<'a>, CommandError> {
    let (path, end) = path(text, from, rules)?;
    if path == Path::Postmaster {
        return Err(CommandError { kind: CommandErrorKind::PathNotHere, at: "MAIL ".len() });
    }
    let params = if end < text.len() { MailParams::read(text, end, rules)? } else { MailParams::default() };
    Ok(Command::Mail(Mail { path, params }))
}

/// ```text
/// rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters]
/// ```
fn rcpt<'a>(text: &'a str, from: usize, rules: &Rules) -> Result<Command<'a>, CommandError> {
    let (path, end) = path(text, from, rules)?;
    if path == Path::Null {
        return Err(CommandError { kind: CommandErrorKind::PathNotHere, at: "RCPT ".len() });
    }
    let params = if end < text.len() { RcptParams::read(text, end, rules)? } else { RcptParams::default() };
    Ok(Command::Rcpt(Rcpt { path, params }))
}

/// A path, and where the parameters start that follow it.
#[inline]
fn path<'a>(text: &'a str, from: usize, rules: &Rules) -> Result<(Path<'a>, usize), CommandError> {
    let mut from = from;
    while rules.loose_spaces && text.as_bytes().get(from) == Some(&b' ') {
        from = from.saturating_add(1);
    }
    let (path, end) = read_path(text, from, rules)
        .map_err(|PathError { kind, at }| CommandError { kind: CommandErrorKind::Path(kind), at })?;
    match text.as_bytes().get(end) {
        None => Ok((path, end)),
        Some(b' ') => Ok((path, end.saturating_add(1))),
        Some(_) => {
            let kind = CommandErrorKind::Path(crate::error::PathErrorKind::Trailing);
            Err(CommandError { kind, at: end })
        }
    }
}

/// What stands before and behind the first space. `str::split_once` does the same, slower on texts this short.
fn split_at_space(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().position(|octet| octet == b' ')?;
    Some((text.get(..at)?, text.get(at.checked_add(1)?..)?))
}

/// A line whose verb has been read.
struct Line<'a> {
    text: &'a str,
    /// What follows the verb and a space.
    argument: &'a str,
    /// Where that starts.
    at: usize,
}

impl<'a> Line<'a> {
    fn error(&self, kind: CommandErrorKind) -> CommandError {
        CommandError { kind, at: self.at.min(self.text.len()) }
    }

    fn alone(&self, command: Command<'a>) -> Result<Command<'a>, CommandError> {
        if self.argument.is_empty() { Ok(command) } else { Err(self.error(CommandErrorKind::Argument)) }
    }

    fn after_spaces(&self) -> &'a str {
        let spaces = self.argument.bytes().take_while(|octet| *octet == b' ').count();
        self.argument.get(spaces..).unwrap_or("")
    }

    fn optional(&self) -> Option<Text<'a>> {
        let argument = self.after_spaces();
        (!argument.is_empty()).then(|| Text::checked(argument))
    }

    fn required(&self) -> Result<Text<'a>, CommandError> {
        self.optional().ok_or(self.error(CommandErrorKind::NoArgument))
    }

    fn word(&self) -> Result<Word<'a>, CommandError> {
        let argument = self.after_spaces();
        if argument.is_empty() {
            return Err(self.error(CommandErrorKind::NoArgument));
        }
        if argument.as_bytes().contains(&b' ') {
            return Err(self.error(CommandErrorKind::Argument));
        }
        Ok(Word::checked(argument))
    }

    /// Two words, the second of which may only be `LAST`.
    fn and_last(&self) -> Result<(&'a str, bool), CommandError> {
        let argument = self.argument;
        match split_at_space(argument) {
            None if argument.is_empty() => Err(self.error(CommandErrorKind::NoArgument)),
            None => Ok((argument, false)),
            Some((first, last)) if last.eq_ignore_ascii_case("LAST") => Ok((first, true)),
            Some(_) => Err(self.error(CommandErrorKind::Argument)),
        }
    }

    /// ```text
    /// bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ] CR LF
    /// chunk-size = 1*DIGIT
    /// ```
    fn bdat(&self) -> Result<Command<'a>, CommandError> {
        let (size, last) = self.and_last()?;
        let is_number = size.bytes().all(|octet| octet.is_ascii_digit());
        match size.parse() {
            Ok(size) if is_number => Ok(Command::Bdat { size, last }),
            _ => Err(self.error(CommandErrorKind::Number)),
        }
    }

    /// ```text
    /// burl-cmd = "BURL" SP absolute-URI [SP end-marker] CRLF
    /// ```
    fn burl(&self) -> Result<Command<'a>, CommandError> {
        let (url, last) = self.and_last()?;
        let url = Word::new(url).map_err(|_| self.error(CommandErrorKind::Word))?;
        Ok(Command::Burl { url, last })
    }

    /// ```text
    /// auth-command = "AUTH" SP sasl-mech [SP initial-response] CRLF
    /// sasl-mech    = 1*20( UPPER-ALPHA / DIGIT / "-" / "_" )
    /// ```
    fn auth(&self) -> Result<Command<'a>, CommandError> {
        let (mechanism, initial) = match split_at_space(self.argument) {
            Some((mechanism, initial)) => (mechanism, Some(initial)),
            None => (self.argument, None),
        };
        let is_mechanism = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
        if mechanism.is_empty() {
            return Err(self.error(CommandErrorKind::NoArgument));
        }
        if mechanism.len() > 20 || !mechanism.bytes().all(is_mechanism) {
            return Err(self.error(CommandErrorKind::Word));
        }
        if initial.is_some_and(|initial| initial.contains(' ')) {
            return Err(self.error(CommandErrorKind::Argument));
        }
        let initial = initial.map(Base64::unchecked);
        Ok(Command::Auth(Auth { mechanism: Word::checked(mechanism), initial }))
    }

    fn attributes(&self) -> Result<Attributes<'a>, CommandError> {
        if self.argument.is_empty() {
            return Err(self.error(CommandErrorKind::NoArgument));
        }
        Attributes::parse(self.argument).ok_or(self.error(CommandErrorKind::Value))
    }
}

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = |f: &mut fmt::Formatter<'_>, verb, argument: &Option<Text<'_>>| match argument {
            Some(argument) => write!(f, "{verb} {argument}"),
            None => f.write_str(verb),
        };
        let last = |last: bool| if last { " LAST" } else { "" };
        match self {
            Self::Ehlo(host) => write!(f, "EHLO {host}"),
            Self::Helo(host) => write!(f, "HELO {host}"),
            Self::Lhlo(host) => write!(f, "LHLO {host}"),
            Self::Mail(mail) => write!(f, "MAIL FROM:{}{}", mail.path, mail.params),
            Self::Rcpt(rcpt) => write!(f, "RCPT TO:{}{}", rcpt.path, rcpt.params),
            Self::Data => f.write_str("DATA"),
            Self::Bdat { size, last: is_last } => write!(f, "BDAT {size}{}", last(*is_last)),
            Self::Rset => f.write_str("RSET"),
            Self::Noop(text) => optional(f, "NOOP", text),
            Self::Quit => f.write_str("QUIT"),
            Self::Vrfy(text) => write!(f, "VRFY {text}"),
            Self::Expn(text) => write!(f, "EXPN {text}"),
            Self::Help(text) => optional(f, "HELP", text),
            Self::StartTls => f.write_str("STARTTLS"),
            Self::Auth(auth) => match &auth.initial {
                Some(initial) => write!(f, "AUTH {} {}", auth.mechanism, initial.expose()),
                None => write!(f, "AUTH {}", auth.mechanism),
            },
            Self::Etrn(node) => write!(f, "ETRN {node}"),
            Self::Atrn(domains) => optional(f, "ATRN", domains),
            Self::Burl { url, last: is_last } => write!(f, "BURL {url}{}", last(*is_last)),
            Self::Xclient(attributes) => write!(f, "XCLIENT {}", attributes.0),
            Self::Xforward(attributes) => write!(f, "XFORWARD {}", attributes.0),
            Self::Unknown { verb, argument: Some(argument) } => write!(f, "{verb} {argument}"),
            Self::Unknown { verb, argument: None } => write!(f, "{verb}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::PathErrorKind, params::BodyType, values::Hold};
    use alloc::{format, string::ToString};

    fn read(line: &str) -> Command<'_> {
        Command::parse(line.as_bytes(), &Rules::STRICT).unwrap()
    }

    fn error(line: &str) -> (CommandErrorKind, usize) {
        let error = Command::parse(line.as_bytes(), &Rules::STRICT).unwrap_err();
        (error.kind, error.at)
    }

    #[test]
    fn commands_print_as_they_are_read() {
        for line in [
            "EHLO client.example",
            "HELO [192.0.2.1]",
            "LHLO under_score",
            "MAIL FROM:<>",
            "MAIL FROM:<a@b> SIZE=1 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=HDRS ENVID=a+2Bb AUTH=<> BY=120;RT \
             MT-PRIORITY=-3 HOLDFOR=60 X=1 Y",
            "MAIL FROM:<a@b> HOLDUNTIL=2014-04-03T23:01:00Z",
            "RCPT TO:<Postmaster>",
            "RCPT TO:<ü@ü.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a@b RRVS=2014-04-03T23:01:00Z Z",
            "RCPT TO:<a@b> NOTIFY=NEVER",
            "DATA",
            "BDAT 86 LAST",
            "BDAT 0",
            "RSET",
            "NOOP",
            "NOOP what ever",
            "QUIT",
            "VRFY Crispin SMTPUTF8",
            "EXPN Example-People",
            "HELP",
            "HELP MAIL",
            "STARTTLS",
            "AUTH CRAM-MD5",
            "AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=",
            "AUTH PLAIN =",
            "ETRN @example.org",
            "ATRN",
            "ATRN example.org,example.com",
            "BURL imap://harry@gryffindor.example/outbox LAST",
            "XCLIENT NAME=spike.example ADDR=168.100.189.2",
            "XFORWARD NAME=a+20b",
            "TURN",
            "DA.TA x",
            "DA A",
        ] {
            assert_eq!(read(line).to_string(), line);
            let mut out = Vec::new();
            read(line).write(&mut out);
            assert_eq!(out, format!("{line}\r\n").as_bytes());
        }
    }

    #[test]
    fn case_and_trailing_white_space_do_not_matter() {
        assert_eq!(read("dAtA \t "), Command::Data);
        assert_eq!(read("mail from:<a@b>  "), read("MAIL FROM:<a@b>"));
        assert_eq!(read("bdat 1 last"), Command::Bdat { size: 1, last: true });
        assert_eq!(read("rcpt to:<POSTMASTER>"), read("RCPT TO:<Postmaster>"));
    }

    #[test]
    fn broken_commands_are_errors_with_a_place() {
        use CommandErrorKind as Kind;
        assert_eq!(error(""), (Kind::Empty, 0));
        assert_eq!(error("   "), (Kind::Empty, 0));
        assert_eq!(error(" DATA"), (Kind::Empty, 0));
        assert_eq!(error("DA\rTA"), (Kind::Control, 2));
        assert_eq!(error("DATA\0"), (Kind::Control, 4));
        assert_eq!(error("DATA x"), (Kind::Argument, 5));
        assert_eq!(error("EHLO"), (Kind::NoArgument, 4));
        assert_eq!(error("EHLO a b"), (Kind::Argument, 5));
        assert_eq!(error("MAIL"), (Kind::NoArgument, 4));
        assert_eq!(error("MAIL TO:<a@b>"), (Kind::Keyword, 5));
        assert_eq!(error("MAIL FROM:"), (Kind::Path(PathErrorKind::Bracket), 10));
        assert_eq!(error("MAIL FROM: <a@b>"), (Kind::Path(PathErrorKind::Bracket), 10));
        assert_eq!(error("MAIL FROM:<a@b>SIZE=1"), (Kind::Path(PathErrorKind::Trailing), 15));
        assert_eq!(error("MAIL FROM:<postmaster>"), (Kind::PathNotHere, 5));
        assert_eq!(error("RCPT TO:<>"), (Kind::PathNotHere, 5));
        assert_eq!(error("MAIL FROM:<a@b> =1"), (Kind::Parameter, 16));
        assert_eq!(error("MAIL FROM:<a@b> SIZE="), (Kind::Parameter, 21));
        assert_eq!(error("MAIL FROM:<a@b> SIZE"), (Kind::Value, 16));
        assert_eq!(error("MAIL FROM:<a@b> SIZE=99999999999999999999999"), (Kind::Value, 16));
        assert_eq!(error("MAIL FROM:<a@b> SIZE=1 size=1"), (Kind::Duplicate, 23));
        assert_eq!(error("MAIL FROM:<a@b> X=1 SIZE=1 x"), (Kind::Duplicate, 27));
        assert_eq!(error("MAIL FROM:<a@b> HOLDFOR=1 HOLDUNTIL=2014-04-03T23:01:00Z"), (Kind::Duplicate, 26));
        assert_eq!(error("MAIL FROM:<a@b> SMTPUTF8=1"), (Kind::Value, 16));
        assert_eq!(error("MAIL FROM:<a@b> BODY=RABBIT"), (Kind::Value, 16));
        assert_eq!(error("MAIL FROM:<a@b> AUTH=he+YY"), (Kind::Value, 16));
        assert_eq!(error("MAIL FROM:<a@b> AUTH=nobody"), (Kind::Value, 16));
        assert_eq!(error("BDAT"), (Kind::NoArgument, 4));
        assert_eq!(error("BDAT -1"), (Kind::Number, 5));
        assert_eq!(error("BDAT +1"), (Kind::Number, 5));
        assert_eq!(error("BDAT 99999999999999999999999"), (Kind::Number, 5));
        assert_eq!(error("BDAT 1 FIRST"), (Kind::Argument, 5));
        assert_eq!(error("AUTH PL@IN"), (Kind::Word, 5));
        assert_eq!(error("AUTH PLAIN a b"), (Kind::Argument, 5));
        assert_eq!(error("XCLIENT a"), (Kind::Value, 8));
        let utf8 = Command::parse(b"NOOP \xff", &Rules::STRICT).unwrap_err();
        assert_eq!((utf8.kind, utf8.at), (Kind::Utf8, 5));
        let many: alloc::string::String = (0..40).map(|number| format!(" X{number}")).collect();
        assert_eq!(error(&format!("MAIL FROM:<>{many}")).0, Kind::TooManyParameters);
    }

    #[test]
    fn parameters_have_types() {
        let Command::Mail(mail) = read("MAIL FROM:<a@b> SIZE=18446744073709551616 BODY=binarymime HOLDFOR=7")
        else {
            panic!()
        };
        assert_eq!(
            mail.params.size,
            Some(u64::MAX),
            "twenty digits that do not fit are larger than any limit"
        );
        assert_eq!(mail.params.body, Some(BodyType::BinaryMime));
        assert_eq!(mail.params.hold, Some(Hold::For(7)));
        assert_eq!(mail.clone().into_owned(), mail);
    }

    #[test]
    fn initial_responses_are_decoded_and_never_printed() {
        let Command::Auth(auth) = read("AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=") else { panic!() };
        assert_eq!(auth.initial.as_ref().unwrap().decode().unwrap(), b"test\0test\x001234");
        assert_eq!(format!("{auth:?}"), "Auth { mechanism: \"PLAIN\", initial: Some([redacted]) }");
        assert_eq!(Base64::initial(b"test\0test\x001234"), auth.initial.unwrap());
        let initial = |line| match read(line) {
            Command::Auth(auth) => auth.initial.unwrap().decode(),
            other => panic!("{other:?}"),
        };
        assert_eq!(initial("AUTH PLAIN ="), Some(Vec::new()));
        for broken in
            ["AUTH PLAIN =AAA", "AUTH PLAIN AAA=BBB", "AUTH PLAIN A", "AUTH PLAIN AA", "AUTH PLAIN A-AA"]
        {
            assert_eq!(initial(broken), None, "{broken}");
        }
    }

    #[test]
    fn attributes_are_pairs_of_names_and_decoded_values() {
        let Command::Xclient(attributes) = read("XCLIENT NAME=a+20b LOGIN=x") else { panic!() };
        let pairs: Vec<_> =
            attributes.iter().map(|(name, value)| (name.to_string(), value.into_owned())).collect();
        assert_eq!(pairs, [("NAME".to_string(), b"a b".to_vec()), ("LOGIN".to_string(), b"x".to_vec())]);
    }
}
