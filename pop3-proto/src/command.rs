//! Commands, read from a line and written to one.
//!
//! Reading allocates nothing: a [`Command`] borrows from the line. There is no `Display`, because a command may
//! hold a password, and `Debug` shows none.
//!
//! ```
//! use pop3_proto::{Command, Number, Rules};
//!
//! let command = Command::parse(b"top 1 10", &Rules::default())?;
//! assert_eq!(command, Command::Top { number: Number::FIRST, lines: 10 });
//! let mut out = Vec::new();
//! command.write(&mut out);
//! assert_eq!(out, b"TOP 1 10\r\n");
//! # Ok::<(), pop3_proto::CommandError>(())
//! ```

use crate::{
    base64::Base64,
    error::{CommandError, CommandErrorKind},
    rules::Rules,
    text::{
        Number, Password, Text, Word, after_spaces, before_blanks, position_of_control, read_digits,
        write_number,
    },
};
use alloc::vec::Vec;

/// A command of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command<'a> {
    /// `USER name` (RFC 1939 §7).
    User(Text<'a>),
    /// `PASS string`: everything behind the first space is the password.
    Pass(Password<'a>),
    /// `APOP name digest`
    Apop {
        /// The name of the mailbox.
        user: Word<'a>,
        /// What is claimed to be the digest.
        digest: Word<'a>,
    },
    /// `AUTH mechanism [initial-response]` (RFC 5034 §4).
    Auth(Auth<'a>),
    /// `STLS` (RFC 2595 §4).
    Stls,
    /// `CAPA` (RFC 2449 §5).
    Capa,
    /// `STAT` (RFC 1939 §5).
    Stat,
    /// `LIST [msg]`
    List(Option<Number>),
    /// `UIDL [msg]`
    Uidl(Option<Number>),
    /// `RETR msg`
    Retr(Number),
    /// `TOP msg n`
    Top {
        /// Which message.
        number: Number,
        /// How many lines of its body; a number of up to 19 digits that does not fit is read as the largest.
        lines: u32,
    },
    /// `DELE msg`
    Dele(Number),
    /// `NOOP`
    Noop,
    /// `RSET`
    Rset,
    /// `QUIT`
    Quit,
    /// `UTF8` (RFC 6856 §2.1).
    Utf8,
    /// `LANG [lang-range]` (RFC 6856 §3).
    Lang(Option<Word<'a>>),
    /// Another word, and what follows it.
    Unknown {
        /// The word.
        verb: Word<'a>,
        /// The rest of the line.
        argument: Option<Text<'a>>,
    },
}

/// The start of an authentication. What SASL says is opaque here, and never printed by `Debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    /// The mechanism, as it was written.
    pub mechanism: Word<'a>,
    /// The initial response, if one was given.
    pub initial: Option<Base64<'a>>,
}

/// The verbs that a line may start with.
#[derive(Clone, Copy)]
enum Verb {
    User,
    Pass,
    Apop,
    Auth,
    Stls,
    Capa,
    Stat,
    List,
    Uidl,
    Retr,
    Top,
    Dele,
    Noop,
    Rset,
    Quit,
    Utf8,
    Lang,
}

/// The verb of a line and how long it is. No verb has more than four letters (RFC 1939 §3).
fn verb(line: &[u8]) -> Option<(Verb, usize)> {
    let word = match line {
        [a, b, c, d] | [a, b, c, d, b' ', ..] => [*a, *b, *c, *d],
        [a, b, c] | [a, b, c, b' ', ..] => [*a, *b, *c, b' '],
        _ => return None,
    };
    let verb = match &word.map(|octet| octet.to_ascii_uppercase()) {
        b"USER" => Verb::User,
        b"PASS" => Verb::Pass,
        b"APOP" => Verb::Apop,
        b"AUTH" => Verb::Auth,
        b"STLS" => Verb::Stls,
        b"CAPA" => Verb::Capa,
        b"STAT" => Verb::Stat,
        b"LIST" => Verb::List,
        b"UIDL" => Verb::Uidl,
        b"RETR" => Verb::Retr,
        b"TOP " => return Some((Verb::Top, 3)),
        b"DELE" => Verb::Dele,
        b"NOOP" => Verb::Noop,
        b"RSET" => Verb::Rset,
        b"QUIT" => Verb::Quit,
        b"UTF8" => Verb::Utf8,
        b"LANG" => Verb::Lang,
        _ => return None,
    };
    Some((verb, 4))
}

impl<'a> Command<'a> {
    /// Reads a line, without its line end.
    ///
    /// # Errors
    /// A [`CommandError`] says which rule is broken, and where.
    pub fn parse(line: &'a [u8], rules: &Rules) -> Result<Self, CommandError> {
        let (line, found) = match verb(line) {
            None if rules.loose_spaces => (before_blanks(line), verb(before_blanks(line))),
            found => (line, found),
        };
        let Some((verb, length)) = found else { return unknown(line) };
        let at = length.saturating_add(1);
        let line = Line { argument: line.get(at..), at, rules };
        match verb {
            Verb::Stat => line.alone(Self::Stat),
            Verb::Noop => line.alone(Self::Noop),
            Verb::Rset => line.alone(Self::Rset),
            Verb::Quit => line.alone(Self::Quit),
            Verb::Capa => line.alone(Self::Capa),
            Verb::Stls => line.alone(Self::Stls),
            Verb::Utf8 => line.alone(Self::Utf8),
            Verb::List => line.optional_number().map(Self::List),
            Verb::Uidl => line.optional_number().map(Self::Uidl),
            Verb::Retr => line.number().map(Self::Retr),
            Verb::Dele => line.number().map(Self::Dele),
            Verb::Top => line.top(),
            Verb::User => line.user(),
            Verb::Pass => line.pass(),
            Verb::Apop => line.apop(),
            Verb::Auth => line.auth(),
            Verb::Lang => line.lang(),
        }
    }

    /// Writes the command and its line end.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut words = |words: &[&str]| {
            for (at, word) in words.iter().enumerate() {
                if at > 0 {
                    out.push(b' ');
                }
                out.extend_from_slice(word.as_bytes());
            }
        };
        match self {
            Self::User(name) => words(&["USER", name.as_str()]),
            Self::Pass(password) => {
                out.extend_from_slice(b"PASS ");
                out.extend_from_slice(password.expose());
            }
            Self::Apop { user, digest } => words(&["APOP", user.as_str(), digest.as_str()]),
            Self::Auth(Auth { mechanism, initial: None }) => words(&["AUTH", mechanism.as_str()]),
            Self::Auth(Auth { mechanism, initial: Some(initial) }) => {
                words(&["AUTH", mechanism.as_str(), initial.expose()]);
            }
            Self::Stls => words(&["STLS"]),
            Self::Capa => words(&["CAPA"]),
            Self::Stat => words(&["STAT"]),
            Self::List(None) => words(&["LIST"]),
            Self::Uidl(None) => words(&["UIDL"]),
            Self::Noop => words(&["NOOP"]),
            Self::Rset => words(&["RSET"]),
            Self::Quit => words(&["QUIT"]),
            Self::Utf8 => words(&["UTF8"]),
            Self::List(Some(number)) => write_with_number(b"LIST ", *number, out),
            Self::Uidl(Some(number)) => write_with_number(b"UIDL ", *number, out),
            Self::Retr(number) => write_with_number(b"RETR ", *number, out),
            Self::Dele(number) => write_with_number(b"DELE ", *number, out),
            Self::Top { number, lines } => {
                write_with_number(b"TOP ", *number, out);
                out.push(b' ');
                write_number(u64::from(*lines), out);
            }
            Self::Lang(None) => words(&["LANG"]),
            Self::Lang(Some(range)) => words(&["LANG", range.as_str()]),
            Self::Unknown { verb, argument: None } => words(&[verb.as_str()]),
            Self::Unknown { verb, argument: Some(argument) } => words(&[verb.as_str(), argument.as_str()]),
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn write_with_number(verb: &[u8], number: Number, out: &mut Vec<u8>) {
    out.extend_from_slice(verb);
    write_number(u64::from(number.get()), out);
}

fn unknown(line: &[u8]) -> Result<Command<'_>, CommandError> {
    let line = printable(line, 0)?;
    let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
    let empty = CommandError { kind: CommandErrorKind::Empty, at: 0 };
    let verb = Word::new(word).map_err(|_| empty)?;
    Ok(Command::Unknown { verb, argument: Text::new(argument).ok() })
}

/// The octets as text without control characters. They start at `at` of the line.
fn printable(octets: &[u8], at: usize) -> Result<&str, CommandError> {
    let text = core::str::from_utf8(octets).map_err(|error| CommandError {
        kind: CommandErrorKind::Utf8,
        at: at.saturating_add(error.valid_up_to()),
    })?;
    match position_of_control(octets) {
        None => Ok(text),
        Some(offset) => Err(CommandError { kind: CommandErrorKind::Control, at: at.saturating_add(offset) }),
    }
}

/// A line whose verb has been read.
struct Line<'a, 'r> {
    /// What follows the verb and a space, if there is a space.
    argument: Option<&'a [u8]>,
    /// Where that starts.
    at: usize,
    rules: &'r Rules,
}

impl<'a> Line<'a, '_> {
    fn error(&self, kind: CommandErrorKind) -> CommandError {
        CommandError { kind, at: self.at }
    }

    /// The argument, without the spaces around it that loose rules allow, and where it starts.
    fn trimmed(&self) -> (&'a [u8], usize) {
        let argument = self.argument.unwrap_or(b"");
        if !self.rules.loose_spaces {
            return (argument, self.at);
        }
        let rest = after_spaces(argument);
        let spaces = argument.len().saturating_sub(rest.len());
        (before_blanks(rest), self.at.saturating_add(spaces))
    }

    /// Whether the verb is all there is: a space behind it is too much, unless spaces are loose.
    fn is_alone(&self) -> bool {
        self.argument.is_none() || (self.rules.loose_spaces && self.trimmed().0.is_empty())
    }

    fn alone(&self, command: Command<'a>) -> Result<Command<'a>, CommandError> {
        if self.is_alone() {
            Ok(command)
        } else {
            Err(CommandError { kind: CommandErrorKind::Argument, at: self.trimmed().1 })
        }
    }

    fn optional_number(&self) -> Result<Option<Number>, CommandError> {
        if self.is_alone() { Ok(None) } else { self.number().map(Some) }
    }

    fn number(&self) -> Result<Number, CommandError> {
        let (argument, at) = self.trimmed();
        if argument.is_empty() {
            return Err(self.error(CommandErrorKind::NoArgument));
        }
        let (number, rest) = read_number(argument, at)?;
        if !rest.is_empty() {
            let at = at.saturating_add(argument.len()).saturating_sub(rest.len());
            return Err(CommandError { kind: CommandErrorKind::Argument, at });
        }
        Ok(number)
    }

    /// `TOP msg n`
    fn top(&self) -> Result<Command<'a>, CommandError> {
        let (argument, at) = self.trimmed();
        if argument.is_empty() {
            return Err(self.error(CommandErrorKind::NoArgument));
        }
        let (number, rest) = read_number(argument, at)?;
        let end = at.saturating_add(argument.len());
        let place = |rest: &[u8]| end.saturating_sub(rest.len());
        let rest = match rest {
            [] => return Err(CommandError { kind: CommandErrorKind::NoArgument, at: end }),
            [b' ', rest @ ..] if self.rules.loose_spaces => after_spaces(rest),
            [b' ', rest @ ..] => rest,
            _ => return Err(CommandError { kind: CommandErrorKind::Number, at: place(rest) }),
        };
        let broken = CommandError { kind: CommandErrorKind::Number, at: place(rest) };
        let (lines, length) = read_digits(rest).ok_or(broken)?;
        // more than a message has are all that it has (RFC 1939 §7)
        let lines = u32::try_from(lines).unwrap_or(u32::MAX);
        match rest.get(length..) {
            None | Some([]) => Ok(Command::Top { number, lines }),
            Some(more) => Err(CommandError { kind: CommandErrorKind::Argument, at: place(more) }),
        }
    }

    /// Everything behind the space is the name: some have spaces in them.
    fn user(&self) -> Result<Command<'a>, CommandError> {
        let (argument, at) = self.trimmed();
        let name = printable(argument, at)?;
        Text::new(name).map(Command::User).map_err(|_| self.error(CommandErrorKind::NoArgument))
    }

    /// "Since the PASS command has exactly one argument, a POP3 server may treat spaces in the argument as part
    /// of the password" (RFC 1939 §7).
    fn pass(&self) -> Result<Command<'a>, CommandError> {
        Password::new(self.argument.unwrap_or(b"")).map(Command::Pass).map_err(|error| match error.kind {
            crate::error::TextErrorKind::Empty => self.error(CommandErrorKind::NoArgument),
            _ => CommandError { kind: CommandErrorKind::Control, at: self.at.saturating_add(error.at) },
        })
    }

    /// One or two words, and where they start.
    fn words(&self) -> Result<(&'a str, Option<&'a str>), CommandError> {
        let (argument, at) = self.trimmed();
        let argument = printable(argument, at)?;
        let Some((first, rest)) = argument.split_once(' ') else {
            return if argument.is_empty() {
                Err(self.error(CommandErrorKind::NoArgument))
            } else {
                Ok((argument, None))
            };
        };
        let second = if self.rules.loose_spaces { rest.trim_start_matches(' ') } else { rest };
        if first.is_empty() || second.is_empty() || second.contains(' ') {
            return Err(CommandError { kind: CommandErrorKind::Argument, at });
        }
        Ok((first, Some(second)))
    }

    fn word(&self, text: &'a str) -> Result<Word<'a>, CommandError> {
        Word::new(text).map_err(|_| self.error(CommandErrorKind::Word))
    }

    fn apop(&self) -> Result<Command<'a>, CommandError> {
        match self.words()? {
            (user, Some(digest)) => Ok(Command::Apop { user: self.word(user)?, digest: self.word(digest)? }),
            (_, None) => Err(self.error(CommandErrorKind::NoArgument)),
        }
    }

    /// ```text
    /// auth-command = "AUTH" SP sasl-mech [SP initial-response] …
    /// sasl-mech    = 1*20( UPPER-ALPHA / DIGIT / "-" / "_" )
    /// ```
    fn auth(&self) -> Result<Command<'a>, CommandError> {
        let (mechanism, initial) = self.words()?;
        let is_mechanism = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_';
        if mechanism.len() > 20 || !mechanism.bytes().all(is_mechanism) {
            return Err(self.error(CommandErrorKind::Word));
        }
        let initial = initial.map(Base64::unchecked);
        Ok(Command::Auth(Auth { mechanism: self.word(mechanism)?, initial }))
    }

    fn lang(&self) -> Result<Command<'a>, CommandError> {
        if self.is_alone() {
            return Ok(Command::Lang(None));
        }
        match self.words()? {
            (range, None) => Ok(Command::Lang(Some(self.word(range)?))),
            (_, Some(_)) => Err(self.error(CommandErrorKind::Argument)),
        }
    }
}

/// The number of a message, and what follows it.
fn read_number(octets: &[u8], at: usize) -> Result<(Number, &[u8]), CommandError> {
    let broken = CommandError { kind: CommandErrorKind::Number, at };
    let (number, length) = read_digits(octets).ok_or(broken)?;
    let number = u32::try_from(number).ok().and_then(Number::new).ok_or(broken)?;
    Ok((number, octets.get(length..).unwrap_or(b"")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn strict(line: &str) -> Result<Command<'_>, (CommandErrorKind, usize)> {
        Command::parse(line.as_bytes(), &Rules::STRICT).map_err(|error| (error.kind, error.at))
    }

    fn error(line: &str) -> (CommandErrorKind, usize) {
        strict(line).unwrap_err()
    }

    #[test]
    fn commands_are_written_as_they_are_read() {
        for line in [
            "USER mrose",
            "USER a name with spaces",
            "PASS tanstaaf",
            "PASS  a password with  spaces ",
            "APOP mrose c4c9334bac560ecc979e58001b3e22fb",
            "AUTH PLAIN",
            "AUTH PLAIN AGJvYgBzZWNyZXQ=",
            "AUTH EXTERNAL =",
            "STLS",
            "CAPA",
            "STAT",
            "LIST",
            "LIST 4294967295",
            "UIDL",
            "UIDL 2",
            "RETR 1",
            "TOP 1 0",
            "TOP 10 4294967295",
            "DELE 1",
            "NOOP",
            "RSET",
            "QUIT",
            "UTF8",
            "LANG",
            "LANG *",
            "LANG de-1996",
            "XTND XMIT",
            "XCLIENT ADDR=192.0.2.1 NAME=client.example",
            "LAST",
            "TO",
            "TOPS 1",
        ] {
            let command = strict(line).unwrap();
            let mut out = Vec::new();
            command.write(&mut out);
            assert_eq!(out, format!("{line}\r\n").as_bytes());
        }
    }

    #[test]
    fn verbs_may_be_in_any_case() {
        assert_eq!(strict("retr 1"), Ok(Command::Retr(Number::FIRST)));
        assert_eq!(strict("tOp 1 2"), Ok(Command::Top { number: Number::FIRST, lines: 2 }));
        assert_eq!(strict("TOP 1 99999999999"), Ok(Command::Top { number: Number::FIRST, lines: u32::MAX }));
        assert_eq!(strict("Quit"), Ok(Command::Quit));
    }

    #[test]
    fn a_password_is_all_that_follows() {
        let password = |line| match Command::parse(line, &Rules::LOOSE) {
            Ok(Command::Pass(password)) => password.expose(),
            other => panic!("{other:?}"),
        };
        assert_eq!(password(b"PASS  two  words "), b" two  words ");
        assert_eq!(password(b"pass \xe9t\xe9"), b"\xe9t\xe9");
        assert_eq!(password(b"PASS \ttab"), b"\ttab");
    }

    #[test]
    fn broken_commands_are_errors_with_a_place() {
        use CommandErrorKind as Kind;
        assert_eq!(error(""), (Kind::Empty, 0));
        assert_eq!(error("   "), (Kind::Empty, 0));
        assert_eq!(error(" STAT"), (Kind::Empty, 0));
        assert_eq!(error("STAT 1"), (Kind::Argument, 5));
        assert_eq!(error("RETR"), (Kind::NoArgument, 5));
        assert_eq!(error("RETR "), (Kind::NoArgument, 5));
        assert_eq!(error("STAT "), (Kind::Argument, 5));
        assert_eq!(error("LIST "), (Kind::NoArgument, 5));
        assert_eq!(error("LANG "), (Kind::NoArgument, 5));
        assert_eq!(error("RETR 0"), (Kind::Number, 5));
        assert_eq!(error("RETR -1"), (Kind::Number, 5));
        assert_eq!(error("RETR 4294967296"), (Kind::Number, 5));
        assert_eq!(error("RETR 1 2"), (Kind::Argument, 6));
        assert_eq!(error("RETR 1x"), (Kind::Argument, 6));
        assert_eq!(error("RETR  1"), (Kind::Number, 5));
        assert_eq!(error("RETR 1 "), (Kind::Argument, 6));
        assert_eq!(error("LIST x"), (Kind::Number, 5));
        assert_eq!(error("TOP"), (Kind::NoArgument, 4));
        assert_eq!(error("TOP 1"), (Kind::NoArgument, 5));
        assert_eq!(error("TOP 1 -1"), (Kind::Number, 6));
        assert_eq!(error("TOP 1 10000000000000000000"), (Kind::Number, 6));
        assert_eq!(error("TOP 1 2 3"), (Kind::Argument, 7));
        assert_eq!(error("TOP 1x2"), (Kind::Number, 5));
        assert_eq!(error("USER"), (Kind::NoArgument, 5));
        assert_eq!(error("USER a\u{7f}"), (Kind::Control, 6));
        assert_eq!(error("PASS"), (Kind::NoArgument, 5));
        assert_eq!(error("PASS "), (Kind::NoArgument, 5));
        assert_eq!(error("PASS a\rb"), (Kind::Control, 6));
        assert_eq!(error("APOP mrose"), (Kind::NoArgument, 5));
        assert_eq!(error("APOP mrose c4 c9"), (Kind::Argument, 5));
        assert_eq!(error("AUTH"), (Kind::NoArgument, 5));
        assert_eq!(error("AUTH PLAIN = ="), (Kind::Argument, 5));
        assert_eq!(error("AUTH PL@IN"), (Kind::Word, 5));
        assert_eq!(error("AUTH A23456789-123456789-1"), (Kind::Word, 5));
        assert_eq!(error("LANG en de"), (Kind::Argument, 5));
        assert_eq!(error("XTND\u{0}"), (Kind::Control, 4));
        let error = Command::parse(b"USER \xff", &Rules::STRICT).unwrap_err();
        assert_eq!((error.kind, error.at), (Kind::Utf8, 5));
    }

    #[test]
    fn loose_spaces_are_a_rule_of_their_own() {
        let rules = Rules::STRICT.with_loose_spaces(true);
        for (line, expected) in [
            ("LIST ", Command::List(None)),
            ("RETR  7 ", Command::Retr(Number::new(7).unwrap())),
            ("TOP 1  0\t", Command::Top { number: Number::FIRST, lines: 0 }),
            ("STAT  ", Command::Stat),
            ("STLS\t", Command::Stls),
            ("USER  mrose ", Command::User(Text::new("mrose").unwrap())),
        ] {
            assert_eq!(Command::parse(line.as_bytes(), &rules), Ok(expected));
            assert!(strict(line).is_err() || line.starts_with("USER"), "{line}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let text = format!("{:?} {:?}", strict("PASS tanstaaf"), strict("AUTH PLAIN AGJvYgBzZWNyZXQ="));
        assert!(!text.contains("tanstaaf") && !text.contains("AGJv"), "{text}");
    }
}
