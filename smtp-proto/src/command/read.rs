//! Reading a command from its line.

use super::{Attributes, Auth, Command, Host, Mail, Rcpt, Unknown};
use crate::{
    base64::Base64,
    error::{CommandError, CommandErrorKind, PathError, PathErrorKind},
    mechanism::Mechanism,
    path::{Path, read_path},
    rules::Rules,
    text::{Text, Word, position_of_control, split_once},
};

/// The verbs that a line may start with.
#[derive(Clone, Copy)]
pub(super) enum Verb {
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

/// The verb of four letters.
#[inline(always)]
pub(super) fn short_verb(word: [u8; 4]) -> Option<Verb> {
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
    // letters in upper case; nothing else becomes a letter by it that was none
    match u32::from_be_bytes(word) & 0xdfdf_dfdf {
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
    }
}

pub(super) fn verb(word: &[u8]) -> Option<Verb> {
    if let Ok(word) = <[u8; 4]>::try_from(word) {
        return short_verb(word);
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
    /// Any command, by the letter.
    #[inline(never)]
    pub(super) fn any(line: &'a [u8], rules: &Rules) -> Result<Self, CommandError> {
        let text = printable(line)?;
        if let Some(from) = after_rcpt_to(text.as_bytes()) {
            return rcpt(text, from, rules);
        }
        if let Some(from) = after_mail_from(text.as_bytes()) {
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
            None => Ok(Self::Unknown(Unknown { verb: Word::checked(word), argument: line.optional() })),
        }
    }
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
fn starts_with(line: &[u8], word: [u8; 8], case: [u8; 8]) -> bool {
    let Some(start) = line.first_chunk() else { return false };
    u64::from_be_bytes(*start) & u64::from_be_bytes(case) == u64::from_be_bytes(word)
}

/// Where the path of RCPT starts.
#[inline]
pub(super) fn after_rcpt_to(line: &[u8]) -> Option<usize> {
    const CASE: [u8; 8] = [0xdf, 0xdf, 0xdf, 0xdf, 0xff, 0xdf, 0xdf, 0xff];
    starts_with(line, *b"RCPT TO:", CASE).then_some("RCPT TO:".len())
}

/// Where the path of MAIL starts.
#[inline]
pub(super) fn after_mail_from(line: &[u8]) -> Option<usize> {
    const CASE: [u8; 8] = [0xdf, 0xdf, 0xdf, 0xdf, 0xff, 0xdf, 0xdf, 0xdf];
    let is_end = matches!(line.get(8..10), Some([b'M' | b'm', b':']));
    (starts_with(line, *b"MAIL FRO", CASE) && is_end).then_some("MAIL FROM:".len())
}

/// ```text
/// mail = "MAIL FROM:" Reverse-path [SP Mail-parameters]
/// ```
fn mail<'a>(text: &'a str, from: usize, rules: &Rules) -> Result<Command<'a>, CommandError> {
    let (path, end) = path(text, from, rules)?;
    let mut mail = Mail::from(path).map_err(|error| path_error(error.kind, from))?;
    if end < text.len() {
        mail.params.read(text, end, rules)?;
    }
    Ok(Command::Mail(mail))
}

/// ```text
/// rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path ) [SP Rcpt-parameters]
/// ```
fn rcpt<'a>(text: &'a str, from: usize, rules: &Rules) -> Result<Command<'a>, CommandError> {
    let (path, end) = path(text, from, rules)?;
    let mut rcpt = Rcpt::to(path).map_err(|error| path_error(error.kind, from))?;
    if end < text.len() {
        rcpt.params.read(text, end, rules)?;
    }
    Ok(Command::Rcpt(rcpt))
}

/// A path, and where the parameters start that follow it.
#[inline]
fn path<'a>(text: &'a str, from: usize, rules: &Rules) -> Result<(Path<'a>, usize), CommandError> {
    let mut from = from;
    while rules.loose_spaces && text.as_bytes().get(from) == Some(&b' ') {
        from = from.saturating_add(1);
    }
    let (path, end) = read_path(text, from, rules).map_err(|PathError { kind, at }| path_error(kind, at))?;
    match text.as_bytes().get(end) {
        None => Ok((path, end)),
        Some(b' ') => Ok((path, end.saturating_add(1))),
        Some(_) => Err(path_error(PathErrorKind::Trailing, end)),
    }
}

fn path_error(kind: PathErrorKind, at: usize) -> CommandError {
    CommandError { kind: CommandErrorKind::Path(kind), at }
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
        match split_once(argument, b' ') {
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
        let (mechanism, initial) = match split_once(self.argument, b' ') {
            Some((mechanism, initial)) => (mechanism, Some(initial)),
            None => (self.argument, None),
        };
        if mechanism.is_empty() {
            return Err(self.error(CommandErrorKind::NoArgument));
        }
        let mechanism = Mechanism::new(mechanism).map_err(|_| self.error(CommandErrorKind::Word))?;
        if initial.is_some_and(|initial| initial.contains(' ')) {
            return Err(self.error(CommandErrorKind::Argument));
        }
        let initial = initial.map(Base64::unchecked);
        Ok(Command::Auth(Auth { mechanism, initial }))
    }

    fn attributes(&self) -> Result<Attributes<'a>, CommandError> {
        if self.argument.is_empty() {
            return Err(self.error(CommandErrorKind::NoArgument));
        }
        Attributes::parse(self.argument).ok_or(self.error(CommandErrorKind::Value))
    }
}
