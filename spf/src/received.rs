//! The `Received-SPF` field (RFC 7208 §9.1, with errata 5436 and 5843).
//!
//! [`Report::received_spf`] writes it. [`ReceivedSpf::parse`] reads it, which is for tools that look at old mail:
//! a field of another host proves nothing.
//!
//! ```
//! use spf::{Limits, Request, Verdict, Zone, check, received::ReceivedSpf};
//!
//! let zone = Zone::parse(r#"example.com. TXT "v=spf1 ip4:192.0.2.0/24 -all""#)?;
//! let request = Request::mail_from([192, 0, 2, 1].into(), "mail.example.com", "a@example.com").receiver("mx.example.net");
//! let field = check(request, &Limits::default()).run(&zone).received_spf();
//! assert!(field.starts_with("Received-SPF: pass (mx.example.net: domain of a@example.com designates"));
//!
//! let read = ReceivedSpf::parse(&field)?;
//! assert_eq!((read.verdict, read.value("mechanism")), (Verdict::Pass, Some("ip4:192.0.2.0/24")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{
    octets::is_name,
    report::Report,
    request::Identity,
    verdict::{Cause, Verdict},
};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;
use mail_base::{
    fields::Field,
    lex::{LexError, LexErrorKind, Lexer, Token, TokenKind, is_dot_atom},
    write::{FieldWriter, quoted_string},
};

/// The name of the field.
pub const NAME: &str = "Received-SPF";

/// The most key-value pairs that are read.
pub const MAX_PAIRS: usize = 64;

/// The longest value that is written, in octets; what is longer is cut.
const MAX_VALUE: usize = 320;

impl Report {
    /// The `Received-SPF` field of this check, folded, without a line end after it. It belongs above the
    /// `Received` field of the same host (RFC 7208 §9.1). Whatever the client sent, no line of it can break out.
    #[must_use]
    pub fn received_spf(&self) -> String {
        let mut field = FieldWriter::new(NAME);
        field.word(self.verdict);
        field.comment(&self.summary());
        let ip = self.ip().to_string();
        let mut pairs = Vec::from([("identity", self.identity.as_str()), ("client-ip", ip.as_str())]);
        if self.identity == Identity::MailFrom {
            pairs.push(("envelope-from", self.sender()));
        }
        pairs.push(("helo", self.helo()));
        if let Some(receiver) = self.receiver() {
            pairs.push(("receiver", receiver));
        }
        let problem = self.problem();
        // what matches in a best-guess record is no mechanism of the domain's
        let matched = self.matched.as_ref().filter(|_| self.best_guess.is_none());
        match (matched, &problem) {
            (Some(matched), _) => pairs.push(("mechanism", matched.text())),
            (None, Some(problem)) => pairs.push(("problem", problem)),
            (None, None) if self.verdict == Verdict::Neutral => pairs.push(("mechanism", "default")),
            (None, None) => {}
        }
        let last = pairs.len().saturating_sub(1);
        for (number, (key, value)) in pairs.into_iter().enumerate() {
            field.word(key).glue("=").glue(value_text(value));
            if number < last {
                field.glue(";");
            }
        }
        field.finish()
    }

    /// What is wrong, where something is.
    fn problem(&self) -> Option<String> {
        let is_error = matches!(self.verdict, Verdict::TempError | Verdict::PermError);
        self.cause.as_ref().filter(|_| is_error).map(Cause::to_string)
    }

    /// The comment that a person reads.
    fn summary(&self) -> String {
        let receiver = self.receiver().unwrap_or("unknown");
        let sender = cut(self.sender());
        let ip = self.ip();
        let said = match self.verdict {
            Verdict::Pass => format!("domain of {sender} designates {ip} as permitted sender"),
            Verdict::Fail => format!("domain of {sender} does not designate {ip} as permitted sender"),
            Verdict::SoftFail => {
                format!("domain of transitioning {sender} does not designate {ip} as permitted sender")
            }
            Verdict::Neutral => format!("{ip} is neither permitted nor denied by domain of {sender}"),
            Verdict::None => match self.cause {
                Some(Cause::TrustedForwarder) => format!("{ip} is a forwarder that is trusted here"),
                Some(Cause::Domain { .. }) => format!("{sender} has no domain that can be asked about"),
                _ => format!("domain of {sender} does not provide an SPF record"),
            },
            Verdict::TempError => format!("error in processing during lookup of {sender}"),
            Verdict::PermError => format!("permanent error in processing domain of {sender}"),
        };
        format!("{receiver}: {said}")
    }
}

/// A value as `dot-atom` or quoted string. Line ends and other control characters become question marks. What is not
/// ASCII is quoted and stays (RFC 6532 §3.2): only a client that speaks SMTPUTF8 has a sender with such characters.
fn value_text(value: &str) -> String {
    let value = cut(value);
    if value.is_ascii() && is_dot_atom(value.as_bytes()) { value.into() } else { quoted_string(value) }
}

fn cut(value: &str) -> &str {
    let end = value.char_indices().map(|(at, _)| at).find(|at| *at > MAX_VALUE);
    end.and_then(|end| value.get(..end)).unwrap_or(value)
}

/// A `Received-SPF` field that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceivedSpf {
    /// The result.
    pub verdict: Verdict,
    /// The comment after the result.
    pub comment: Option<String>,
    /// The keys, in lower case, and their values, in the order in which they stand.
    pub pairs: Vec<(String, String)>,
}

impl ReceivedSpf {
    /// Reads a whole field, or what stands after its colon.
    ///
    /// `header-field = "Received-SPF:" [CFWS] result [ FWS comment ] [ FWS key-value-list ] [FWS] CRLF`
    /// (erratum 5436)
    ///
    /// # Errors
    /// The first rule that is broken, and where.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, ReceivedError> {
        let field = Field::new(text.as_ref());
        let value = if field.is_named(NAME) { field.value() } else { text.as_ref() };
        let offset = if field.is_named(NAME) {
            field.raw().iter().position(|&octet| octet == b':').map_or(0, |colon| colon.saturating_add(1))
        } else {
            0
        };
        Reader { lexer: Lexer::new(value).peekable(), end: value.len() }
            .field()
            .map_err(|error| ReceivedError { at: error.at.saturating_add(offset), ..error })
    }

    /// The value of a key, in any case; the first where it comes several times.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        let pair = self.pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(key))?;
        Some(&pair.1)
    }
}

/// Why a field is no `Received-SPF` field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedError {
    /// The rule that is broken.
    pub kind: ReceivedErrorKind,
    /// The offset of the place.
    pub at: usize,
}

impl fmt::Display for ReceivedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at octet {})", self.kind, self.at)
    }
}

impl core::error::Error for ReceivedError {}

/// The rules of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceivedErrorKind {
    /// A quoted string, a literal or a comment is not closed, or comments are nested too deep.
    #[error("a word that is not closed")]
    Word(LexErrorKind),
    /// There is no result, or none that RFC 7208 knows.
    #[error("no result")]
    Result,
    /// A key is no name.
    #[error("no key")]
    Key,
    /// A key has no equals sign.
    #[error("a key without an equals sign")]
    Equals,
    /// A value is neither a dot-atom nor a quoted string.
    #[error("no value")]
    Value,
    /// More than [`MAX_PAIRS`] pairs.
    #[error("too many key-value pairs")]
    TooMany,
}

impl From<LexError> for ReceivedError {
    fn from(error: LexError) -> Self {
        Self { kind: ReceivedErrorKind::Word(error.kind), at: error.at }
    }
}

struct Reader<'a> {
    lexer: core::iter::Peekable<Lexer<'a>>,
    end: usize,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> Result<Option<Token<'a>>, ReceivedError> {
        Ok(self.lexer.peek().copied().transpose()?)
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, ReceivedError> {
        Ok(self.lexer.next().transpose()?)
    }

    fn error<T>(&mut self, kind: ReceivedErrorKind) -> Result<T, ReceivedError> {
        let at = self.peek()?.map_or(self.end, |token| token.at);
        Err(ReceivedError { kind, at })
    }

    /// [CFWS]: comments, of which the last is given.
    fn comments(&mut self) -> Result<Option<String>, ReceivedError> {
        let mut last = None;
        while let Some(token) = self.peek()?.filter(|token| token.kind == TokenKind::Comment) {
            last = Some(text_of(&token.text()));
            self.next()?;
        }
        Ok(last)
    }

    fn field(mut self) -> Result<ReceivedSpf, ReceivedError> {
        self.comments()?;
        let word = self.peek()?.filter(|token| token.kind == TokenKind::Atom);
        let verdict =
            word.and_then(|token| core::str::from_utf8(token.raw).ok()).and_then(Verdict::from_word);
        let Some(verdict) = verdict else { return self.error(ReceivedErrorKind::Result) };
        self.next()?;
        let comment = self.comments()?;
        let mut pairs = Vec::new();
        // key-value-list = key-value-pair *( ";" [CFWS] key-value-pair ) [";"]
        // Haraka writes a space alone behind client-ip
        while self.peek()?.is_some() {
            if pairs.len() >= MAX_PAIRS {
                return self.error(ReceivedErrorKind::TooMany);
            }
            pairs.push(self.pair()?);
            self.comments()?;
            match self.peek()? {
                Some(token) if token.is(b';') => {
                    self.next()?;
                    self.comments()?;
                }
                Some(token) if is_start_of_pair(&token) => {}
                Some(_) => return self.error(ReceivedErrorKind::Value),
                None => {}
            }
        }
        Ok(ReceivedSpf { verdict, comment, pairs })
    }

    /// key-value-pair = key [CFWS] "=" ( dot-atom / quoted-string )
    fn pair(&mut self) -> Result<(String, String), ReceivedError> {
        let Some(token) = self.peek()?.filter(|token| token.kind == TokenKind::Atom) else {
            return self.error(ReceivedErrorKind::Key);
        };
        // an equals sign is atext, so that key and value may come in one token
        let text = core::str::from_utf8(token.raw).unwrap_or("");
        let (key, start) = match text.split_once('=') {
            Some((key, start)) => (key, Some(start)),
            None => (text, None),
        };
        if !is_name(key.as_bytes()) {
            return self.error(ReceivedErrorKind::Key);
        }
        self.next()?;
        let start = match start {
            Some(start) => start,
            None => self.equals()?,
        };
        Ok((key.to_ascii_lowercase(), self.value(start)?))
    }

    /// [CFWS] "=", and the start of the value, if it comes in one token with it.
    fn equals(&mut self) -> Result<&'a str, ReceivedError> {
        self.comments()?;
        let token = self.peek()?.filter(|token| token.kind == TokenKind::Atom);
        let text = token.and_then(|token| core::str::from_utf8(token.raw).ok());
        match text.and_then(|text| text.strip_prefix('=')) {
            Some(start) => {
                self.next()?;
                Ok(start)
            }
            None => self.error(ReceivedErrorKind::Equals),
        }
    }

    /// A dot-atom or a quoted string, of which the first atom may have been read. In fields that are really out there,
    /// other characters are not quoted: mailboxes, addresses and literals (`::1`, `[192.0.2.1]`), and `<UNKNOWN>` for
    /// the receiver. Nor is an empty value, which a semicolon must follow.
    fn value(&mut self, start: &str) -> Result<String, ReceivedError> {
        let mut value = String::from(start);
        if start.is_empty() {
            self.comments()?;
            match self.peek()? {
                Some(token) if token.is(b';') => return Ok(value),
                Some(token) if is_value_part(&token) => {
                    self.next()?;
                    let is_alone = !self.peek()?.is_some_and(|next| is_behind(&next));
                    if token.kind == TokenKind::Quoted && is_alone {
                        return Ok(text_of(&token.text()));
                    }
                    value.push_str(&text_of(token.raw));
                }
                _ => return self.error(ReceivedErrorKind::Value),
            }
        }
        while let Some(token) = self.peek()?.filter(is_behind) {
            value.push_str(&text_of(token.raw));
            self.next()?;
        }
        Ok(value)
    }
}

/// The texts of a [`ReceivedSpf`] hold no line ends: those of folds are gone, and no others are read.
fn text_of(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).chars().filter(|character| !matches!(character, '\r' | '\n')).collect()
}

/// Whether a token is a key with an equals sign.
fn is_start_of_pair(token: &Token<'_>) -> bool {
    let equals = token.raw.iter().position(|octet| *octet == b'=');
    equals.and_then(|equals| token.raw.get(..equals)).is_some_and(is_name)
}

/// What a value may be made of: anything but what ends it.
fn is_value_part(token: &Token<'_>) -> bool {
    token.kind != TokenKind::Comment && !token.is(b';')
}

/// Whether a token goes on with the value before it.
fn is_behind(token: &Token<'_>) -> bool {
    !token.spaced && is_value_part(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Request, Zone, check};
    use alloc::vec;
    use proptest::prelude::*;

    fn field(record: &str, helo: &str, sender: &str) -> String {
        let zone = Zone::parse(&format!("example.com. TXT \"{record}\"")).unwrap();
        let request = Request::mail_from([192, 0, 2, 1].into(), helo, sender).receiver("mx.example.net");
        check(request, &Limits::default()).run(&zone).received_spf()
    }

    fn unfolded(field: &str) -> String {
        field.replace("\r\n", "")
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let read = ReceivedSpf::parse(
            "Received-SPF: pass (mybox.example.org: domain of\r\n myname@example.com designates 192.0.2.1 as \
             permitted sender)\r\n    receiver=mybox.example.org; client-ip=192.0.2.1;\r\n    \
             envelope-from=\"myname@example.com\"; helo=foo.example.com;\r\n",
        )
        .unwrap();
        assert_eq!(read.verdict, Verdict::Pass);
        assert_eq!(read.value("Client-IP"), Some("192.0.2.1"));
        assert_eq!(read.value("envelope-from"), Some("myname@example.com"));
        assert_eq!(read.value("helo"), Some("foo.example.com"));
        assert_eq!(read.pairs.len(), 4);
        // as printed in RFC 7208 §9.1, against its own grammar (erratum 5843)
        let read = ReceivedSpf::parse("pass mechanism=ip4:192.0.2.1; x=y").unwrap();
        assert_eq!(read.pairs, [("mechanism".into(), "ip4:192.0.2.1".into()), ("x".into(), "y".into())]);
        // erratum 5436: nothing need follow the comment
        let read = ReceivedSpf::parse("Received-SPF: none (no record)").unwrap();
        assert_eq!((read.verdict, read.comment.as_deref()), (Verdict::None, Some("no record")));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let written = field("v=spf1 ip4:192.0.2.0/24 -all", "mail.example.com", "a@example.com");
        assert_eq!(
            unfolded(&written),
            "Received-SPF: pass (mx.example.net: domain of a@example.com designates 192.0.2.1 as permitted sender) \
             identity=mailfrom; client-ip=192.0.2.1; envelope-from=\"a@example.com\"; helo=mail.example.com; \
             receiver=mx.example.net; mechanism=\"ip4:192.0.2.0/24\""
        );
        let read = ReceivedSpf::parse(&written).unwrap();
        assert_eq!(read.value("identity"), Some("mailfrom"));
        assert_eq!(read.value("mechanism"), Some("ip4:192.0.2.0/24"));
        let written = field("v=spf1 foo", "mail.example.com", "a@example.com");
        let read = ReceivedSpf::parse(&written).unwrap();
        assert_eq!(read.verdict, Verdict::PermError);
        let problem = "the record of example.com is broken: an unknown mechanism (at octet 7)";
        assert_eq!(read.value("problem"), Some(problem));
        let written = field("v=spf1", "mail.example.com", "a@example.com");
        assert_eq!(ReceivedSpf::parse(&written).unwrap().value("mechanism"), Some("default"));
    }

    #[test]
    fn why_there_is_no_result_is_told() {
        let comment = |request: Request| {
            let zone = Zone::parse("example.com. TXT \"v=spf1 -all\"\nplain.example.com. TXT x").unwrap();
            let written = check(request, &Limits::default()).run(&zone).received_spf();
            ReceivedSpf::parse(written).unwrap().comment.unwrap()
        };
        let from = |sender| Request::mail_from([192, 0, 2, 1].into(), "h.example", sender);
        assert_eq!(
            comment(from("a@plain.example.com")),
            "unknown: domain of a@plain.example.com does not provide an SPF record"
        );
        assert_eq!(
            comment(from("a@[192.0.2.1]")),
            "unknown: a@[192.0.2.1] has no domain that can be asked about"
        );
        let trusted = from("a@example.com").trust_forwarder(|_| true);
        assert_eq!(comment(trusted), "unknown: 192.0.2.1 is a forwarder that is trusted here");
    }

    #[test]
    fn nothing_that_a_client_sends_breaks_out() {
        let helo = "x\r\nBcc: all@example.com\"; identity=evil";
        let sender = "\"a\\\"b) pass\r\n\r\n\"@example.com";
        let written = field("v=spf1 -all", helo, sender);
        for line in written.split("\r\n").skip(1) {
            assert!(line.starts_with(' '), "{written}");
        }
        assert!(!unfolded(&written).contains(['\r', '\n']));
        let read = ReceivedSpf::parse(&written).unwrap();
        assert_eq!(read.verdict, Verdict::Fail);
        assert_eq!(read.value("identity"), Some("mailfrom"));
        assert_eq!(read.value("helo"), Some("x??Bcc: all@example.com\"; identity=evil"));
        let long = field("v=spf1 -all", &"h".repeat(5000), "a@example.com");
        assert!(long.len() < 1500);
    }

    #[test]
    fn a_line_is_never_of_spaces_alone() {
        let sender = format!("\"a{0}b\"{0}@example.com", " ".repeat(100));
        let written = field("v=spf1 -all", &" ".repeat(200), &sender);
        assert!(written.split("\r\n").all(|line| !line.trim().is_empty()), "{written}");
        assert!(written.split("\r\n").all(|line| line.len() <= 998), "{written}");
    }

    /// Fields as other software writes them: Google, Exchange Online, Postfix with pypolicyd-spf, Amazon SES, Courier,
    /// Mail::SPF, Haraka.
    #[test]
    fn fields_that_are_out_there_are_read() {
        let read = |text: &str| {
            let field = ReceivedSpf::parse(format!("Received-SPF: {text}")).unwrap();
            let pairs: Vec<_> = field.pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
            (field.verdict, pairs.join(" "))
        };
        for (text, verdict, pairs) in [
            (
                "pass (google.com: domain of a@example.com designates 2001:db8::1 as permitted sender) client-ip=2001:db8::1;",
                Verdict::Pass,
                "client-ip=2001:db8::1",
            ),
            (
                "Pass (protection.outlook.com: domain of example.com designates\r\n 192.0.2.1 as permitted sender)\r\n \
                 receiver=protection.outlook.com; client-ip=192.0.2.1;\r\n helo=mail.example.com; pr=C",
                Verdict::Pass,
                "receiver=protection.outlook.com client-ip=192.0.2.1 helo=mail.example.com pr=C",
            ),
            (
                "None (mailfrom) identity=mailfrom; client-ip=::1; helo=[127.0.0.1]; envelope-from=<>; receiver=<UNKNOWN> ",
                Verdict::None,
                "identity=mailfrom client-ip=::1 helo=[127.0.0.1] envelope-from=<> receiver=<UNKNOWN>",
            ),
            (
                "pass (spfCheck: domain of b.example designates) client-ip=192.0.2.1; envelope-from=01-ab=c@b.example;",
                Verdict::Pass,
                "client-ip=192.0.2.1 envelope-from=01-ab=c@b.example",
            ),
            (
                "pass (Address passes the Sender Policy Framework) SPF=MAILFROM; sender=a@b.example; \
                 remoteip=::ffff:192.0.2.1; remotehost=; helo=x; receiver=y.example",
                Verdict::Pass,
                "spf=MAILFROM sender=a@b.example remoteip=::ffff:192.0.2.1 remotehost= helo=x receiver=y.example",
            ),
            (
                "fail (x) mechanism=-all; envelope-from=\"a b\"@c.example; identity=\"\\\"q\\\"@d.example\"; helo= (c) h",
                Verdict::Fail,
                "mechanism=-all envelope-from=\"a b\"@c.example identity=\"q\"@d.example helo=h",
            ),
            (
                "Pass\r\n\t(domain of b.example designates 192.0.2.1 as permitted sender)\r\n\treceiver=mx.example;\r\n\t\
                 identity=mailfrom; client-ip=192.0.2.1 helo=h.example;\r\n\tenvelope-from=<a@b.example>",
                Verdict::Pass,
                "receiver=mx.example identity=mailfrom client-ip=192.0.2.1 helo=h.example envelope-from=<a@b.example>",
            ),
        ] {
            assert_eq!(read(text), (verdict, pairs.into()), "{text}");
        }
    }

    proptest! {
        /// Whatever a client sends: no line breaks out or is too long, and what is read is what was meant.
        #[test]
        fn what_is_written_is_read_whatever_was_sent(
            helo in "[a-z.\"\\\\()<>\\[\\];=@ \r\n\t\0\u{85}\u{e4}]{0,90}",
            local_part in "[a-z.\"\\\\()<>;=@ \r\n\t\0\u{7f}\u{fc}]{0,90}",
            receiver in "[a-z.\"() \r\n]{0,20}",
            record in prop::sample::select(vec!["v=spf1 -all", "v=spf1 +include:\u{e4}", "v=spf1 ~ip4:192.0.2.0/24", "v=spf1", "x"]),
        ) {
            let mut zone = Zone::new();
            zone.add_txt(&mail_base::Name::parse("example.com").unwrap(), record);
            let sender = format!("{local_part}@example.com");
            let request = Request::mail_from([192, 0, 2, 1].into(), &helo, &sender).receiver(&receiver);
            let report = check(request, &Limits::default()).run(&zone);
            let written = report.received_spf();
            let is_line = |line: &str| !line.trim().is_empty() && line.len() <= 998 && !line.contains(['\r', '\n']);
            prop_assert!(written.split("\r\n").all(is_line), "{:?}", written);
            prop_assert!(written.split("\r\n").skip(1).all(|line| line.starts_with(' ')), "{:?}", written);

            let read = ReceivedSpf::parse(&written).unwrap();
            prop_assert_eq!(read.verdict, report.verdict);
            let visible = |text: &str| -> String {
                text.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
            };
            for (key, value) in
                [("helo", &*helo), ("envelope-from", report.sender()), ("receiver", &receiver), ("client-ip", "192.0.2.1")]
            {
                prop_assert_eq!(read.value(key), Some(&*visible(value)));
            }
        }
    }

    #[test]
    fn errors_name_the_rule_and_the_place() {
        let error = |text: &str| {
            let error = ReceivedSpf::parse(text).unwrap_err();
            (error.kind, error.at)
        };
        use ReceivedErrorKind::*;
        for (text, kind, at) in [
            ("", Result, 0),
            ("(only)", Result, 6),
            ("maybe a=b", Result, 0),
            ("Received-SPF: maybe", Result, 14),
            ("pass =b", Key, 5),
            ("pass 1a=b", Key, 5),
            ("pass a b", Equals, 7),
            ("pass a=", Value, 7),
            ("pass a=b c", Value, 9),
            ("pass a=b 1c=d", Value, 9),
            ("pass a=b \"c=d\"", Value, 9),
            ("pass a=\"b", Word(LexErrorKind::Quote), 7),
        ] {
            assert_eq!(error(text), (kind, at), "{text}");
        }
        let many = vec!["a=b"; MAX_PAIRS + 1].join(";");
        assert_eq!(error(&format!("pass {many}")).0, TooMany);
    }
}
