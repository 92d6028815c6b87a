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

mod read;
mod usual;

use crate::{
    base64::Base64,
    error::{PathError, PathErrorKind, TextError, TextErrorKind},
    mechanism::Mechanism,
    params::{MailParams, RcptParams},
    path::{Domain, Path},
    rules::Rules,
    text::{Text, Word},
    values::OriginalRecipient,
    xtext::Xtext,
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
    Unknown(Unknown<'a>),
}

/// A command that this crate has no type for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown<'a> {
    verb: Word<'a>,
    argument: Option<Text<'a>>,
}

impl<'a> Unknown<'a> {
    /// A command of this word, and what follows it.
    ///
    /// # Errors
    /// A [`TextError`] where the word is that of a known command.
    pub fn new(verb: Word<'a>, argument: Option<Text<'a>>) -> Result<Self, TextError> {
        if read::verb(verb.as_str().as_bytes()).is_some() {
            return Err(TextError { kind: TextErrorKind::KnownVerb, at: 0 });
        }
        Ok(Self { verb, argument })
    }

    /// The word.
    #[must_use]
    pub fn verb(&self) -> &Word<'a> {
        &self.verb
    }

    /// The rest of the line.
    #[must_use]
    pub fn argument(&self) -> Option<&Text<'a>> {
        self.argument.as_ref()
    }
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
    path: Path<'a>,
    /// The parameters.
    pub params: MailParams<'a>,
}

impl<'a> Mail<'a> {
    /// A sender without parameters.
    ///
    /// # Errors
    /// A [`PathError`] where the path is [`Path::Postmaster`]: that is a recipient only.
    pub fn from(path: Path<'a>) -> Result<Self, PathError> {
        if path == Path::Postmaster {
            return Err(PathError { kind: PathErrorKind::NotHere, at: 0 });
        }
        Ok(Self { path, params: MailParams::default() })
    }

    /// Who it is from: [`Path::Null`] or [`Path::Mailbox`].
    #[must_use]
    pub fn path(&self) -> &Path<'a> {
        &self.path
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
    path: Path<'a>,
    /// The parameters.
    pub params: RcptParams<'a>,
}

impl<'a> Rcpt<'a> {
    /// A recipient without parameters.
    ///
    /// # Errors
    /// A [`PathError`] where the path is [`Path::Null`]: that is a sender only.
    pub fn to(path: Path<'a>) -> Result<Self, PathError> {
        if path == Path::Null {
            return Err(PathError { kind: PathErrorKind::NotHere, at: 0 });
        }
        Ok(Self { path, params: RcptParams::default() })
    }

    /// Who it is for: [`Path::Postmaster`] or [`Path::Mailbox`].
    #[must_use]
    pub fn path(&self) -> &Path<'a> {
        &self.path
    }

    /// Whether both addresses of it are all ASCII: otherwise it needs SMTPUTF8 (RFC 6531 §3.4, RFC 6533 §3).
    pub(crate) fn is_ascii(&self) -> bool {
        self.path.is_ascii() && self.params.orcpt.as_ref().is_none_or(OriginalRecipient::is_ascii)
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
    /// The mechanism.
    pub mechanism: Mechanism,
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

    /// Whether `LOGIN` names a user; in brackets stands why there is none.
    pub(crate) fn names_login(&self) -> bool {
        self.iter().any(|(name, value)| name.eq_ignore_ascii_case("LOGIN") && !value.starts_with(b"["))
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

/// Text as it goes over the wire.
struct Wire<'o>(&'o mut Vec<u8>);

impl fmt::Write for Wire<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Writes what prints, and CRLF.
fn write_line(out: &mut Vec<u8>, print: impl FnOnce(&mut Wire<'_>) -> fmt::Result) {
    // octets can always be added
    let _ = print(&mut Wire(out));
    out.extend_from_slice(b"\r\n");
}

impl Command<'_> {
    /// Writes the command and its line end.
    pub fn write(&self, out: &mut Vec<u8>) {
        write_line(out, |out| self.print(out));
    }

    /// Writes the command as text. What is sent often takes no detour through `format_args`.
    fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Ehlo(host) => words(out, "EHLO", Some(host.as_str())),
            Self::Helo(host) => words(out, "HELO", Some(host.as_str())),
            Self::Lhlo(host) => words(out, "LHLO", Some(host.as_str())),
            Self::Mail(mail) => mail.print(out),
            Self::Rcpt(rcpt) => rcpt.print(out),
            Self::Data => out.write_str("DATA"),
            Self::Bdat { size, last } => {
                write!(out, "BDAT {size}")?;
                end_marker(out, *last)
            }
            Self::Rset => out.write_str("RSET"),
            Self::Noop(text) => words(out, "NOOP", text.as_ref().map(Text::as_str)),
            Self::Quit => out.write_str("QUIT"),
            Self::Vrfy(text) => words(out, "VRFY", Some(text.as_str())),
            Self::Expn(text) => words(out, "EXPN", Some(text.as_str())),
            Self::Help(text) => words(out, "HELP", text.as_ref().map(Text::as_str)),
            Self::StartTls => out.write_str("STARTTLS"),
            Self::Auth(auth) => {
                words(out, "AUTH", Some(auth.mechanism.as_str()))?;
                match &auth.initial {
                    Some(initial) => words(out, "", Some(initial.expose())),
                    None => Ok(()),
                }
            }
            Self::Etrn(node) => words(out, "ETRN", Some(node.as_str())),
            Self::Atrn(domains) => words(out, "ATRN", domains.as_ref().map(Text::as_str)),
            Self::Burl { url, last } => {
                words(out, "BURL", Some(url.as_str()))?;
                end_marker(out, *last)
            }
            Self::Xclient(attributes) => words(out, "XCLIENT", Some(attributes.0.as_str())),
            Self::Xforward(attributes) => words(out, "XFORWARD", Some(attributes.0.as_str())),
            Self::Unknown(unknown) => {
                words(out, unknown.verb.as_str(), unknown.argument.as_ref().map(Text::as_str))
            }
        }
    }
}

/// A word and, behind a space, what belongs to it.
fn words(out: &mut impl fmt::Write, word: &str, argument: Option<&str>) -> fmt::Result {
    out.write_str(word)?;
    match argument {
        Some(argument) => {
            out.write_str(" ")?;
            out.write_str(argument)
        }
        None => Ok(()),
    }
}

fn end_marker(out: &mut impl fmt::Write, last: bool) -> fmt::Result {
    out.write_str(if last { " LAST" } else { "" })
}

impl Mail<'_> {
    /// Writes the command and its line end.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        write_line(out, |out| self.print(out));
    }

    fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str("MAIL FROM:")?;
        self.path.print(out)?;
        self.params.print(out)
    }
}

impl Rcpt<'_> {
    /// Writes the command and its line end.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        write_line(out, |out| self.print(out));
    }

    fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        out.write_str("RCPT TO:")?;
        self.path.print(out)?;
        self.params.print(out)
    }
}

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::{CommandErrorKind, PathErrorKind},
        params::BodyType,
        values::{Hold, HoldSeconds},
    };
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
        assert_eq!(error("MAIL FROM:<postmaster>"), (Kind::Path(PathErrorKind::NotHere), 10));
        assert_eq!(error("RCPT TO:<>"), (Kind::Path(PathErrorKind::NotHere), 8));
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
        assert_eq!(mail.params.hold, Some(Hold::For(HoldSeconds::new(7).unwrap())));
        assert_eq!(mail.clone().into_owned(), mail);
    }

    #[test]
    fn initial_responses_are_decoded_and_never_printed() {
        let Command::Auth(auth) = read("AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=") else { panic!() };
        assert_eq!(auth.initial.as_ref().unwrap().decode().unwrap().expose(), b"test\0test\x001234");
        assert_eq!(format!("{auth:?}"), "Auth { mechanism: \"PLAIN\", initial: Some([redacted]) }");
        assert_eq!(Base64::initial(b"test\0test\x001234"), auth.initial.unwrap());
        let initial = |line| match read(line) {
            Command::Auth(auth) => auth.initial.unwrap().decode().map(|octets| octets.expose().to_vec()),
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
