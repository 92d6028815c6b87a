//! The messages of RFC 5802 §7, with its errata 2651 (a nonce has more than one character) and 5271 (a server
//! may refuse in its first message).

use super::record::{ClientFinal, ClientFirst, ServerError, ServerFinal, ServerFirst};
use crate::{
    MessageErrorKind as Kind, Secret,
    grammar::{Parsed, gs2_header, refuse, saslname},
    nonce::is_printable,
};
use alloc::vec::Vec;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use nom::{
    Parser,
    branch::alt,
    bytes::complete::{tag, take_while, take_while1},
    character::complete::{char, digit1, one_of, satisfy},
    combinator::{consumed, recognize},
    multi::fold_many0,
    sequence::{preceded, separated_pair},
};

/// `client-first-message = gs2-header client-first-message-bare`
pub(super) fn client_first(input: &str) -> Parsed<'_, ClientFirst<'_>> {
    let (rest, (gs2_header, header)) = consumed(gs2_header).parse(input)?;
    let (rest, (bare, (user, nonce))) = consumed(client_first_bare).parse(rest)?;
    let first = ClientFirst { gs2_header, flag: header.flag, authzid: header.authzid, bare, user, nonce };
    Ok((rest, first))
}

/// `client-first-message-bare = [reserved-mext ","] username "," nonce ["," extensions]`
fn client_first_bare(input: &str) -> Parsed<'_, (alloc::string::String, &str)> {
    let username = preceded(tag("n="), saslname);
    let (rest, ()) = reserved_mext(input)?;
    let (rest, parts) = separated_pair(username, char(','), nonce).parse(rest)?;
    let (rest, ()) = extensions(rest)?;
    Ok((rest, parts))
}

/// `server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]`, or
/// `server-error ["," extensions]` (erratum 5271).
pub(super) fn server_first(input: &str) -> Parsed<'_, ServerFirst<'_>> {
    let salt = preceded(tag(",s="), base64);
    let iteration_count = preceded(tag(",i="), posit_number);
    let salted = (nonce, salt, iteration_count).map(|(nonce, salt, iterations)| ServerFirst::Salted {
        nonce,
        salt,
        iterations,
    });
    let (rest, ()) = reserved_mext(input)?;
    let (rest, first) = alt((server_error.map(ServerFirst::Error), salted)).parse(rest)?;
    let (rest, ()) = extensions(rest)?;
    Ok((rest, first))
}

/// `client-final-message = client-final-message-without-proof "," proof`, where
/// `client-final-message-without-proof = channel-binding "," nonce ["," extensions]`
pub(super) fn client_final(input: &str) -> Parsed<'_, ClientFinal<'_>> {
    let channel_binding = preceded(tag("c="), take_while(is_base64));
    let proof = preceded(tag(",p="), base64);
    let parts = (separated_pair(channel_binding, char(','), nonce), extensions);
    let (rest, (without_proof, ((channel_binding, nonce), ()))) = consumed(parts).parse(input)?;
    let (rest, proof) = proof.map(Secret::from_vec).parse(rest)?;
    Ok((rest, ClientFinal { without_proof, channel_binding, nonce, proof }))
}

/// `server-final-message = (server-error / verifier) ["," extensions]`
pub(super) fn server_final(input: &str) -> Parsed<'_, ServerFinal> {
    let verifier = preceded(tag("v="), base64).map(|octets| ServerFinal::Verifier(Secret::from_vec(octets)));
    let (rest, last) = alt((server_error.map(ServerFinal::Error), verifier)).parse(input)?;
    let (rest, ()) = extensions(rest)?;
    Ok((rest, last))
}

/// `server-error = "e=" server-error-value`
fn server_error(input: &str) -> Parsed<'_, ServerError> {
    preceded(tag("e="), value).map(ServerError::parse).parse(input)
}

/// `nonce = "r=" c-nonce [s-nonce]`, each `1*(printable)` (erratum 2651)
fn nonce(input: &str) -> Parsed<'_, &str> {
    let printables = take_while1(|character| u8::try_from(character).is_ok_and(is_printable));
    preceded(tag("r="), printables).parse(input)
}

/// `reserved-mext = "m=" 1*(value-char)`: nobody understands one yet, so that its presence MUST end the
/// exchange (§5.1).
fn reserved_mext(input: &str) -> Parsed<'_, ()> {
    if input.starts_with("m=") { refuse(input, Kind::MandatoryExtension) } else { Ok((input, ())) }
}

/// `["," extensions]`, where `extensions = attr-val *("," attr-val)`: all of them are left alone.
fn extensions(input: &str) -> Parsed<'_, ()> {
    fold_many0(preceded(char(','), attr_val), || (), |(), ()| ()).parse(input)
}

/// `attr-val = ALPHA "=" value`, for an attribute that §5.1 does not define: one that it does define stands in
/// its own place only.
fn attr_val(input: &str) -> Parsed<'_, ()> {
    let (_, ()) = reserved_mext(input)?;
    let unassigned =
        satisfy(|character| character.is_ascii_alphabetic() && !"anmrcsipve".contains(character));
    (unassigned, char('='), value).map(|_| ()).parse(input)
}

/// `value = 1*value-char`: any character but NUL and the comma.
fn value(input: &str) -> Parsed<'_, &str> {
    take_while1(|character| !matches!(character, '\0' | ','))(input)
}

/// `posit-number = %x31-39 *DIGIT`: what is too large for an `u32` is as large as one can be, and refused for
/// that.
fn posit_number(input: &str) -> Parsed<'_, u32> {
    let (_, _) = one_of("123456789")(input)?;
    recognize(digit1).map(|digits: &str| digits.parse().unwrap_or(u32::MAX)).parse(input)
}

/// `base64 = *base64-4 [base64-3 / base64-2]`: canonical, with its padding, without white space (§2.1).
fn base64(input: &str) -> Parsed<'_, Vec<u8>> {
    let (rest, text) = take_while(is_base64)(input)?;
    match STANDARD.decode(text) {
        Ok(octets) => Ok((rest, octets)),
        Err(_) => refuse(input, Kind::Base64),
    }
}

fn is_base64(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '+' | '/' | '=')
}

/// What [`StoredKeys`](super::StoredKeys) are written as: `mechanism "$" posit-number ":" salt "$" key ":" key`.
pub(super) fn stored_keys(input: &str) -> Parsed<'_, StoredParts<'_>> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '-';
    let (rest, mechanism) = take_while1(is_name)(input)?;
    let (rest, iterations) = preceded(char('$'), posit_number).parse(rest)?;
    let (rest, salt) = preceded(char(':'), base64).parse(rest)?;
    let (rest, stored_key) = preceded(char('$'), base64).map(Secret::from_vec).parse(rest)?;
    let (rest, server_key) = preceded(char(':'), base64).map(Secret::from_vec).parse(rest)?;
    Ok((rest, StoredParts { mechanism, iterations, salt, stored_key, server_key }))
}

/// The fields of a record, not yet judged.
pub(super) struct StoredParts<'a> {
    pub(super) mechanism: &'a str,
    pub(super) iterations: u32,
    pub(super) salt: Vec<u8>,
    pub(super) stored_key: Secret,
    pub(super) server_key: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        MessageError,
        grammar::{Bad, BindingFlag, whole},
    };

    fn refused<'a, O>(
        rule: impl Parser<&'a str, Output = O, Error = Bad<'a>>,
        text: &'a str,
    ) -> Option<(Kind, usize)> {
        whole(rule, text).err().map(|MessageError { kind, at }| (kind, at))
    }

    #[test]
    fn the_first_message_of_a_client_keeps_what_is_hashed() {
        let first = whole(client_first, "p=tls-exporter,a=boss,n=u=2Cv,r=ab,x=1,y=z=").unwrap();
        assert_eq!(first.gs2_header, "p=tls-exporter,a=boss,");
        assert_eq!(first.flag, BindingFlag::Bound("tls-exporter"));
        assert_eq!(first.authzid.as_deref(), Some("boss"));
        assert_eq!(first.bare, "n=u=2Cv,r=ab,x=1,y=z=");
        assert_eq!((first.user.as_str(), first.nonce), ("u,v", "ab"));
    }

    #[test]
    fn the_first_message_of_a_client_has_one_order() {
        let refused = |text| refused(client_first, text);
        assert_eq!(refused("n,,m=x,n=u,r=a"), Some((Kind::MandatoryExtension, 3)));
        assert_eq!(refused("n,,n=u,r=a,m=x"), Some((Kind::MandatoryExtension, 11)));
        assert_eq!(refused("n,,r=a,n=u"), Some((Kind::Syntax, 3)));
        assert_eq!(refused("n,,n=u"), Some((Kind::Syntax, 6)));
        assert_eq!(refused("n,,n=,r=a"), Some((Kind::Empty, 5)));
        assert_eq!(refused("n,,n=u,r="), Some((Kind::Syntax, 9)));
        assert_eq!(refused("n,,n=u,r=a b"), Some((Kind::Syntax, 10)));
        assert_eq!(refused("n,,n=u,r=aé"), Some((Kind::Syntax, 10)));
        assert_eq!(refused("n,,n=u,r=a,r=b"), Some((Kind::Syntax, 10)));
        assert_eq!(refused("n,,n=u,r=a,x="), Some((Kind::Syntax, 10)));
        assert_eq!(refused("n,,n=u,r=a,"), Some((Kind::Syntax, 10)));
        assert_eq!(refused("n,,n=u=41,r=a"), Some((Kind::Syntax, 6)));
        assert_eq!(refused(""), Some((Kind::Syntax, 0)));
    }

    #[test]
    fn the_first_message_of_a_server_is_salted_or_an_error() {
        let read = |text| whole(server_first, text);
        let salted = ServerFirst::Salted { nonce: "abc", salt: b"salt".to_vec(), iterations: 4096 };
        assert_eq!(read("r=abc,s=c2FsdA==,i=4096,x=y"), Ok(salted));
        assert_eq!(read("e=unknown-user"), Ok(ServerFirst::Error(ServerError::UnknownUser)));
        let saturated = ServerFirst::Salted { nonce: "a", salt: b"salt".to_vec(), iterations: u32::MAX };
        assert_eq!(read("r=a,s=c2FsdA==,i=99999999999999999999"), Ok(saturated));
        let refused = |text| refused(server_first, text);
        assert_eq!(refused("m=x,r=a,s=c2FsdA==,i=1"), Some((Kind::MandatoryExtension, 0)));
        assert_eq!(refused("r=a,s=c2FsdA==,i=0"), Some((Kind::Syntax, 17)));
        assert_eq!(refused("r=a,s=c2FsdA==,i=+5"), Some((Kind::Syntax, 17)));
        assert_eq!(refused("r=a,s=c2FsdA==,i=5x"), Some((Kind::Syntax, 18)));
        assert_eq!(refused("r=a,s=c2FsdA==,i=5,i=6"), Some((Kind::Syntax, 18)));
        assert_eq!(refused("r=a,i=5,s=c2FsdA=="), Some((Kind::Syntax, 3)));
    }

    #[test]
    fn base64_is_canonical() {
        let refused = |salt: &str| refused(server_first, &alloc::format!("r=a,s={salt},i=4096"));
        assert_eq!(refused("c2FsdA=="), None);
        for bad in ["c2FsdA", "c2FsdA=", "c2FsdB==", "c2Fs=dA=", "=AAA", "c2FsdA===", "A"] {
            assert_eq!(refused(bad), Some((Kind::Base64, 6)), "{bad}");
        }
        assert_eq!(refused("c2Fs dA=="), Some((Kind::Syntax, 10)));
    }

    #[test]
    fn the_last_message_of_a_client_ends_with_the_proof() {
        let last = whole(client_final, "c=biws,r=abc,x=y,p=AAEC").unwrap();
        assert_eq!(last.without_proof, "c=biws,r=abc,x=y");
        assert_eq!(
            (last.channel_binding, last.nonce, last.proof.as_bytes()),
            ("biws", "abc", &[0, 1, 2][..])
        );
        let refused = |text| refused(client_final, text);
        assert_eq!(refused("c=biws,r=abc"), Some((Kind::Syntax, 12)));
        assert_eq!(refused("c=biws,r=abc,p=AAEC,x=y"), Some((Kind::Syntax, 19)));
        assert_eq!(refused("c=biws,r=abc,m=x,p=AAEC"), Some((Kind::MandatoryExtension, 13)));
        assert_eq!(refused("r=abc,c=biws,p=AAEC"), Some((Kind::Syntax, 0)));
        assert_eq!(refused("c=biws,r=abc,p=AAE"), Some((Kind::Base64, 15)));
    }

    #[test]
    fn the_last_message_of_a_server_is_a_signature_or_an_error() {
        let read = |text| whole(server_final, text);
        assert_eq!(read("v=AAEC"), Ok(ServerFinal::Verifier(Secret::new(&[0, 1, 2]))));
        assert_eq!(read("e=invalid-proof"), Ok(ServerFinal::Error(ServerError::InvalidProof)));
        assert_eq!(read("e=tea-time,x=y"), Ok(ServerFinal::Error(ServerError::Other)));
        assert_eq!(refused(server_final, "v=AAEC,v=AAEC"), Some((Kind::Syntax, 6)));
        assert_eq!(refused(server_final, "e="), Some((Kind::Syntax, 0)));
        assert_eq!(refused(server_final, ""), Some((Kind::Syntax, 0)));
    }
}
