//! The mechanisms of one message: PLAIN, EXTERNAL, ANONYMOUS.

use crate::{
    MessageErrorKind as Kind, Secret,
    grammar::{Parsed, refuse, safe},
};
use nom::{
    Parser,
    bytes::complete::{take_while, take_while1},
    character::complete::char,
    combinator::{opt, rest},
    sequence::terminated,
};

/// The message of PLAIN.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plain<'a> {
    pub(crate) authzid: Option<&'a str>,
    pub(crate) authcid: &'a str,
    pub(crate) password: &'a str,
}

impl Plain<'_> {
    pub(crate) fn write(&self) -> Secret {
        let authzid = self.authzid.unwrap_or_default();
        Secret::concat(&[authzid.as_bytes(), b"\0", self.authcid.as_bytes(), b"\0", self.password.as_bytes()])
    }
}

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd`, RFC 4616 §2.
pub(crate) fn plain(input: &str) -> Parsed<'_, Plain<'_>> {
    let authzid = opt(take_while1(|character| character != '\0'));
    let (rest, authzid) = terminated(authzid, char('\0')).parse(input)?;
    let (rest, authcid) = terminated(safe, char('\0')).parse(rest)?;
    let (rest, password) = safe(rest)?;
    Ok((rest, Plain { authzid, authcid, password }))
}

/// `initial-response = *( UTF8-char-no-nul )`, RFC 4422 appendix A.1: the identity to act as, or nothing.
pub(crate) fn external(input: &str) -> Parsed<'_, Option<&str>> {
    opt(take_while1(|character| character != '\0')).parse(input)
}

/// The most characters of a trace, RFC 4505 §2.
pub(crate) const MAX_TRACE: usize = 255;

/// `message = [ email / token ]`, with `token = 1*255TCHAR`, RFC 4505 §2.
///
/// What has an `@` should be an `addr-spec`; here it is enough that something stands on both of its sides, for
/// nobody is to believe it. Control characters are prohibited (§3).
pub(crate) fn anonymous(input: &str) -> Parsed<'_, &str> {
    let (_, text) = rest(input)?;
    if text.chars().count() > MAX_TRACE {
        return refuse(input, Kind::TooLong);
    }
    let (end, _) = take_while(|character: char| !character.is_control())(input)?;
    if !end.is_empty() || text.starts_with('@') || text.ends_with('@') {
        return refuse(end, Kind::Syntax);
    }
    Ok((end, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        MessageError,
        grammar::{Bad, whole},
    };

    fn refused<'a, O>(
        rule: impl Parser<&'a str, Output = O, Error = Bad<'a>>,
        text: &'a str,
    ) -> Option<(Kind, usize)> {
        whole(rule, text).err().map(|MessageError { kind, at }| (kind, at))
    }

    #[test]
    fn plain_has_three_fields_of_which_the_first_may_be_empty() {
        for (text, authzid) in [("\0tim\0tan staaf ", None), ("Ursel\0tim\0tan staaf ", Some("Ursel"))] {
            let message = Plain { authzid, authcid: "tim", password: "tan staaf " };
            assert_eq!(message.write(), Secret::from(text));
            assert_eq!(whole(plain, text), Ok(message));
        }
        let long = "é".repeat(300);
        assert!(whole(plain, &[&long, "\0", &long, "\0", &long].concat()).is_ok(), "255 octets at least");
    }

    #[test]
    fn plain_is_refused_where_a_field_is_missing_empty_or_one_too_many() {
        assert_eq!(refused(plain, ""), Some((Kind::Syntax, 0)));
        assert_eq!(refused(plain, "tim"), Some((Kind::Syntax, 3)));
        assert_eq!(refused(plain, "\0tim"), Some((Kind::Syntax, 4)));
        assert_eq!(refused(plain, "\0\0password"), Some((Kind::Empty, 1)));
        assert_eq!(refused(plain, "\0tim\0"), Some((Kind::Empty, 5)));
        assert_eq!(refused(plain, "\0tim\0pass\0word"), Some((Kind::Syntax, 9)));
    }

    #[test]
    fn external_is_an_identity_or_nothing() {
        assert_eq!(whole(external, ""), Ok(None));
        assert_eq!(whole(external, "fred@example.com"), Ok(Some("fred@example.com")));
        assert_eq!(refused(external, "fred\0"), Some((Kind::Syntax, 4)));
    }

    #[test]
    fn anonymous_is_a_short_line_that_nobody_believes() {
        assert_eq!(whole(anonymous, ""), Ok(""));
        assert_eq!(whole(anonymous, "sirhc"), Ok("sirhc"));
        assert_eq!(whole(anonymous, "sirhc@example.com"), Ok("sirhc@example.com"));
        assert!(whole(anonymous, &"é".repeat(255)).is_ok());
        assert_eq!(refused(anonymous, &"é".repeat(256)), Some((Kind::TooLong, 0)));
        assert_eq!(refused(anonymous, "a\nb"), Some((Kind::Syntax, 1)));
        assert_eq!(refused(anonymous, "@example.com"), Some((Kind::Syntax, 12)));
    }
}
