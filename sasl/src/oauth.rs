//! The mechanisms that carry a bearer token: OAUTHBEARER (RFC 7628), and XOAUTH2, which came before it.

use crate::{
    MessageErrorKind as Kind, Secret,
    grammar::{BindingFlag, KVSEP, Parsed, escape, gs2_header, refuse, until_kvsep},
};
use alloc::{format, string::String};
use core::mem::replace;
use nom::{
    Parser,
    bytes::complete::take_while,
    character::complete::{alpha1, char},
    sequence::{separated_pair, terminated},
};

/// What a client has to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) user: Option<String>,
    /// Empty where the client asks what kind of token is wanted (RFC 7628 §4.3).
    pub(crate) token: Secret,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
}

impl Bearer {
    /// The initial response of OAUTHBEARER, RFC 7628 §3.1.
    pub(crate) fn write_oauthbearer(&self) -> Secret {
        let user = self.user.as_deref().map(|user| format!("a={}", escape(user))).unwrap_or_default();
        let host = self.host.as_deref().map(|host| format!("host={host}\u{1}")).unwrap_or_default();
        let port = self.port.map(|port| format!("port={port}\u{1}")).unwrap_or_default();
        let head = format!("n,{user},\u{1}{host}{port}auth=Bearer ");
        Secret::concat(&[head.as_bytes(), self.token.as_bytes(), b"\x01\x01"])
    }

    /// The initial response of XOAUTH2: `user=` name `^Aauth=Bearer ` token `^A^A`.
    pub(crate) fn write_xoauth2(&self) -> Secret {
        let user = self.user.as_deref().unwrap_or_default();
        let token = self.token.as_bytes();
        Secret::concat(&[b"user=", user.as_bytes(), b"\x01auth=Bearer ", token, b"\x01\x01"])
    }
}

/// `client-resp = gs2-header kvsep *kvpair kvsep`, RFC 7628 §3.1.
///
/// Other keys are left alone, as they MUST be; those that are known may come once. There is nothing to bind to.
pub(crate) fn oauthbearer(input: &str) -> Parsed<'_, Bearer> {
    let (mut rest, header) = terminated(gs2_header, char(KVSEP)).parse(input)?;
    if matches!(header.flag, BindingFlag::Bound(_)) {
        return refuse(input, Kind::Syntax);
    }
    let mut bearer = Bearer { user: header.authzid, ..Bearer::default() };
    let mut has_auth = false;
    while let Ok((next, (key, text))) = kvpair(rest) {
        let is_good = match key {
            "auth" => !replace(&mut has_auth, true) && bearer.take_authorization(text),
            "host" => bearer.host.replace(text.into()).is_none(),
            "port" => read_port(text).is_some_and(|port| bearer.port.replace(port).is_none()),
            _ => true,
        };
        if !is_good {
            return refuse(rest, Kind::Syntax);
        }
        rest = next;
    }
    let (end, _) = char(KVSEP)(rest)?;
    if has_auth { Ok((end, bearer)) } else { refuse(rest, Kind::Syntax) }
}

/// `kvpair = key "=" value kvsep`, with `key = 1*(ALPHA)` and `value = *(VCHAR / SP / HTAB / CR / LF)`.
fn kvpair(input: &str) -> Parsed<'_, (&str, &str)> {
    let value = take_while(|character: char| matches!(character, '\t' | '\r' | '\n' | ' '..='~'));
    terminated(separated_pair(alpha1, char('='), value), char(KVSEP)).parse(input)
}

/// A decimal number without leading zeros, RFC 7628 §3.1.
fn read_port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|octet| octet.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| is_number)
}

/// `user=` name `^Aauth=` authorization `^A^A`.
pub(crate) fn xoauth2(input: &str) -> Parsed<'_, Bearer> {
    let (rest, user) = until_kvsep("user=").parse(input)?;
    if user.is_empty() {
        return refuse(input, Kind::Empty);
    }
    let mut bearer = Bearer { user: Some(user.into()), ..Bearer::default() };
    let (end, authorization) = terminated(until_kvsep("auth="), char(KVSEP)).parse(rest)?;
    if bearer.take_authorization(authorization) { Ok((end, bearer)) } else { refuse(rest, Kind::Syntax) }
}

impl Bearer {
    /// Takes the value of `auth`: nothing, or `Bearer`, in whatever case (RFC 7628 §4), and a token.
    fn take_authorization(&mut self, authorization: &str) -> bool {
        if authorization.is_empty() {
            return true;
        }
        match authorization.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") && is_token(token) => {
                self.token = Secret::from(token);
                true
            }
            _ => false,
        }
    }
}

/// Whether it is a token: visible ASCII. (RFC 6750 §2.1 allows fewer characters; a server may read its own.)
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MessageError, grammar::whole};

    fn bearer() -> Bearer {
        let (user, host) = (Some("u=1,2".into()), Some("mail.example.com".into()));
        Bearer { user, token: Secret::from("vF9dft4q"), host, port: Some(587) }
    }

    #[test]
    fn an_oauthbearer_response_is_read_as_it_was_written() {
        let text = "n,a=u=3D1=2C2,\u{1}host=mail.example.com\u{1}port=587\u{1}auth=Bearer vF9dft4q\u{1}\u{1}";
        assert_eq!(bearer().write_oauthbearer(), Secret::from(text));
        assert_eq!(whole(oauthbearer, text), Ok(bearer()));
        assert_eq!(whole(oauthbearer, &text.replace("Bearer", "bEARER")), Ok(bearer()));
        let little = Bearer { token: Secret::from("t"), ..Bearer::default() };
        assert_eq!(whole(oauthbearer, "n,,\u{1}qs=a=b c\u{1}auth=Bearer t\u{1}\u{1}"), Ok(little));
        let asking = "n,,\u{1}auth=\u{1}\u{1}";
        assert_eq!(whole(oauthbearer, asking), Ok(Bearer::default()), "§4.3: which tokens do you take?");
    }

    #[test]
    fn an_oauthbearer_response_is_refused_at_the_pair_that_is_wrong() {
        let refused = |text: &str| {
            let text = text.replace('^', "\u{1}");
            whole(oauthbearer, &text).map_err(|MessageError { kind, at }| (kind, at)).unwrap_err()
        };
        assert_eq!(refused(""), (Kind::Syntax, 0));
        assert_eq!(refused("^"), (Kind::Syntax, 0));
        assert_eq!(refused("n,,^^"), (Kind::Syntax, 4));
        assert_eq!(refused("p=tls-exporter,,^auth=Bearer t^^"), (Kind::Syntax, 0));
        assert_eq!(refused("n,,^auth=Bearer t^"), (Kind::Syntax, 18));
        assert_eq!(refused("n,,^auth=Bearer t^^x"), (Kind::Syntax, 19));
        assert_eq!(refused("n,,^auth=Bearer t^auth=Bearer t^^"), (Kind::Syntax, 18));
        assert_eq!(refused("n,,^auth=Bearer ^^"), (Kind::Syntax, 4));
        assert_eq!(refused("n,,^auth=Basic t^^"), (Kind::Syntax, 4));
        assert_eq!(refused("n,,^auth=Bearer a b^^"), (Kind::Syntax, 4));
        assert_eq!(refused("n,,^port=0587^auth=Bearer t^^"), (Kind::Syntax, 4));
        assert_eq!(refused("n,,^port=+587^auth=Bearer t^^"), (Kind::Syntax, 4));
        assert_eq!(refused("n,,^port=65536^auth=Bearer t^^"), (Kind::Syntax, 4));
        assert_eq!(refused("n,,^a1=b^auth=Bearer t^^"), (Kind::Syntax, 4));
        assert_eq!(refused("n,user=u,^auth=Bearer t^^"), (Kind::Syntax, 2));
    }

    #[test]
    fn an_xoauth2_response_is_read_as_it_was_written() {
        let text = "user=u@example.com\u{1}auth=Bearer ya29.t\u{1}\u{1}";
        let bearer =
            Bearer { user: Some("u@example.com".into()), token: Secret::from("ya29.t"), ..Bearer::default() };
        assert_eq!(bearer.write_xoauth2(), Secret::from(text));
        assert_eq!(whole(xoauth2, text), Ok(bearer));
        let refused = |text: &str| {
            let text = text.replace('^', "\u{1}");
            whole(xoauth2, &text).map_err(|MessageError { kind, at }| (kind, at)).unwrap_err()
        };
        assert_eq!(refused("user=^auth=Bearer t^^"), (Kind::Empty, 0));
        assert_eq!(refused("user=u^auth=Bearer t^"), (Kind::Syntax, 21));
        assert_eq!(refused("user=u^auth=Bearer t^^^"), (Kind::Syntax, 22));
        assert_eq!(refused("user=u^auth=Bearert^^"), (Kind::Syntax, 7));
        assert_eq!(refused("auth=Bearer t^^"), (Kind::Syntax, 0));
    }
}
