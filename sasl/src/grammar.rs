//! What the grammars of the mechanisms share: nom on a complete text, errors with their place, and the GS2
//! header, which SCRAM and OAUTHBEARER have in common.

use crate::{Limits, MessageError, MessageErrorKind as Kind};
use alloc::string::String;
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, take_while, take_while1},
    character::complete::char,
    combinator::{all_consuming, opt, value},
    error::{ErrorKind, ParseError},
    sequence::{delimited, preceded, terminated},
};

pub(crate) type Parsed<'a, O> = IResult<&'a str, O, Bad<'a>>;

/// Where a rule failed, and why.
#[derive(Debug, PartialEq)]
pub(crate) struct Bad<'a> {
    rest: &'a str,
    kind: Kind,
}

impl<'a> ParseError<&'a str> for Bad<'a> {
    fn from_error_kind(rest: &'a str, _: ErrorKind) -> Self {
        Self { rest, kind: Kind::Syntax }
    }

    fn append(_: &'a str, _: ErrorKind, inner: Self) -> Self {
        inner
    }
}

/// Ends the parse here, whatever the alternatives.
pub(crate) fn refuse<O>(rest: &str, kind: Kind) -> Parsed<'_, O> {
    Err(nom::Err::Failure(Bad { rest, kind }))
}

/// The message as text: every mechanism here speaks UTF-8.
pub(crate) fn text<'a>(message: &'a [u8], limits: &Limits) -> Result<&'a str, MessageError> {
    if message.len() > limits.message {
        return Err(MessageError { kind: Kind::TooLong, at: limits.message });
    }
    core::str::from_utf8(message)
        .map_err(|error| MessageError { kind: Kind::Encoding, at: error.valid_up_to() })
}

/// The whole of the text by one rule.
pub(crate) fn whole<'a, O>(
    rule: impl Parser<&'a str, Output = O, Error = Bad<'a>>,
    text: &'a str,
) -> Result<O, MessageError> {
    match all_consuming(rule).parse(text) {
        Ok((_, output)) => Ok(output),
        Err(nom::Err::Error(bad) | nom::Err::Failure(bad)) => {
            Err(MessageError { kind: bad.kind, at: text.len().saturating_sub(bad.rest.len()) })
        }
        // rules on complete texts do not ask for more
        Err(nom::Err::Incomplete(_)) => Err(MessageError { kind: Kind::Syntax, at: text.len() }),
    }
}

/// `1*SAFE` of RFC 4616 §2, and what the others have like it: at least one character, no NUL.
pub(crate) fn safe(input: &str) -> Parsed<'_, &str> {
    let (rest, text) = take_while(|character| character != '\0')(input)?;
    if text.is_empty() { refuse(input, Kind::Empty) } else { Ok((rest, text)) }
}

/// What a client says of channel binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BindingFlag<'a> {
    /// `n`: the client cannot.
    Unsupported,
    /// `y`: the client could, and believes that the server cannot.
    ServerCannot,
    /// `p=`: bound by this type.
    Bound(&'a str),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gs2Header<'a> {
    pub(crate) flag: BindingFlag<'a>,
    pub(crate) authzid: Option<String>,
}

/// `gs2-header = gs2-cbind-flag "," [ authzid ] ","`, RFC 5802 §7.
pub(crate) fn gs2_header(input: &str) -> Parsed<'_, Gs2Header<'_>> {
    let authzid = preceded(tag("a="), saslname);
    let (rest, flag) = terminated(gs2_cbind_flag, char(',')).parse(input)?;
    let (rest, authzid) = terminated(opt(authzid), char(',')).parse(rest)?;
    Ok((rest, Gs2Header { flag, authzid }))
}

/// `gs2-cbind-flag = ("p=" cb-name) / "n" / "y"`, with `cb-name = 1*(ALPHA / DIGIT / "." / "-")`, RFC 5802 §7.
fn gs2_cbind_flag(input: &str) -> Parsed<'_, BindingFlag<'_>> {
    let cb_name =
        take_while1(|character: char| character.is_ascii_alphanumeric() || ".-".contains(character));
    alt((
        preceded(tag("p="), cb_name).map(BindingFlag::Bound),
        value(BindingFlag::Unsupported, char('n')),
        value(BindingFlag::ServerCannot, char('y')),
    ))
    .parse(input)
}

/// `saslname = 1*(value-safe-char / "=2C" / "=3D")`, RFC 5802 §7, with the escapes undone.
pub(crate) fn saslname(input: &str) -> Parsed<'_, String> {
    let (rest, raw) = take_while(|character| !matches!(character, ',' | '\0'))(input)?;
    if raw.is_empty() {
        return refuse(input, Kind::Empty);
    }
    let mut pieces = raw.split('=');
    let mut name = String::from(pieces.next().unwrap_or_default());
    let mut at = name.len();
    for piece in pieces {
        let (character, plain) = match (piece.strip_prefix("2C"), piece.strip_prefix("3D")) {
            (Some(plain), _) => (',', plain),
            (_, Some(plain)) => ('=', plain),
            _ => return refuse(input.get(at..).unwrap_or_default(), Kind::Syntax),
        };
        name.push(character);
        name.push_str(plain);
        at = at.saturating_add(1).saturating_add(piece.len());
    }
    Ok((rest, name))
}

/// Writes a name as `saslname`.
pub(crate) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// `%x01`, the separator of OAUTHBEARER and XOAUTH2.
pub(crate) const KVSEP: char = '\u{1}';

/// What stands between a prefix and the separator.
pub(crate) fn until_kvsep<'a>(
    prefix: &'static str,
) -> impl Parser<&'a str, Output = &'a str, Error = Bad<'a>> {
    delimited(tag(prefix), take_while(|character| character != KVSEP), char(KVSEP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_escapes_and_get_them_back() {
        for (plain, escaped) in [("a", "a"), ("=,", "=3D=2C"), ("a=2C", "a=3D2C"), ("ü,", "ü=2C")] {
            assert_eq!(escape(plain), escaped);
            assert_eq!(whole(saslname, escaped).as_deref(), Ok(plain));
        }
    }

    #[test]
    fn only_two_escapes_exist() {
        let refused = |text| whole(saslname, text).map_err(|error| (error.kind, error.at));
        assert_eq!(refused("a=2c"), Err((Kind::Syntax, 1)));
        assert_eq!(refused("a=3Db=41"), Err((Kind::Syntax, 5)));
        assert_eq!(refused("a="), Err((Kind::Syntax, 1)));
        assert_eq!(refused(""), Err((Kind::Empty, 0)));
        assert_eq!(refused("a,"), Err((Kind::Syntax, 1)));
        assert_eq!(refused("a\0"), Err((Kind::Syntax, 1)));
    }

    #[test]
    fn the_gs2_header_has_a_flag_and_perhaps_an_identity() {
        let read = |text| whole(gs2_header, text).map(|header| (header.flag, header.authzid));
        assert_eq!(read("n,,"), Ok((BindingFlag::Unsupported, None)));
        assert_eq!(read("y,a=b=2Cc,"), Ok((BindingFlag::ServerCannot, Some("b,c".into()))));
        assert_eq!(read("p=tls-exporter,,"), Ok((BindingFlag::Bound("tls-exporter"), None)));
        let refused = |text| read(text).unwrap_err().at;
        assert_eq!(refused("x,,"), 0);
        assert_eq!(refused("N,,"), 0);
        assert_eq!(refused("p=,,"), 0);
        assert_eq!(refused("n,b=c,"), 2);
        assert_eq!(refused("n,a=,"), 4);
        assert_eq!(refused("n,"), 2);
    }

    #[test]
    fn a_message_is_bounded_and_utf8() {
        let limits = Limits::default().with_message(3);
        assert_eq!(text(b"abc", &limits), Ok("abc"));
        assert_eq!(text(b"abcd", &limits), Err(MessageError { kind: Kind::TooLong, at: 3 }));
        assert_eq!(text(b"a\xff", &limits), Err(MessageError { kind: Kind::Encoding, at: 1 }));
    }
}
