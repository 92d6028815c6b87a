//! CRAM-MD5, RFC 2195: HMAC-MD5 over a challenge that is different each time.

use crate::{
    MessageErrorKind as Kind, Nonce, Secret,
    grammar::{Parsed, refuse},
    mac::hmac,
};
use alloc::{
    format,
    string::{String, ToString as _},
};
use core::fmt::Write as _;
use md5::Md5;
use zeroize::Zeroizing;

/// `<nonce.now@host>`: a message identifier (§2). Characters of the nonce that may not stand there are left out.
pub(crate) fn challenge(nonce: &Nonce, now: u64, host: &str) -> String {
    let random: String = nonce.as_str().chars().filter(|&character| is_atext(character)).collect();
    format!("<{random}.{now}@{host}>")
}

/// `atext`, RFC 5322 §3.2.3.
fn is_atext(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(character)
}

/// Whether a host can stand in a challenge: a domain name or an address literal.
pub(crate) fn is_host(host: &str) -> bool {
    let is_inside = |character| is_atext(character) || matches!(character, '.' | ':' | '[' | ']');
    !host.is_empty() && host.chars().all(is_inside)
}

/// The digest in hexadecimal, lower case (§2).
pub(crate) fn digest(challenge: &[u8], secret: &[u8]) -> Secret {
    let octets = hmac::<Md5>(secret, &[challenge]);
    let mut hex = Zeroizing::new(String::with_capacity(32));
    for octet in octets.as_bytes() {
        // writing to a String does not fail
        let _ = write!(hex, "{octet:02x}");
    }
    Secret::new(hex.as_bytes())
}

pub(crate) fn response(user: &str, challenge: &[u8], secret: &[u8]) -> Secret {
    Secret::concat(&[user.as_bytes(), b" ", digest(challenge, secret).as_bytes()])
}

/// The user name, a space, and the digest (§2). The name may have spaces, the digest has none.
pub(crate) fn read_response(input: &str) -> Parsed<'_, (String, Secret)> {
    let Some((user, digest)) = input.rsplit_once(' ') else {
        return refuse(input, Kind::Syntax);
    };
    if user.is_empty() {
        return refuse(input, Kind::Empty);
    }
    if user.contains('\0') {
        return refuse(input, Kind::Syntax);
    }
    let is_hex = |octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f');
    if digest.len() != 32 || !digest.bytes().all(is_hex) {
        return refuse(digest, Kind::Syntax);
    }
    Ok(("", (user.to_string(), Secret::from(digest))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MessageError, grammar::whole};

    #[test]
    fn a_challenge_is_a_message_identifier() {
        let nonce = Nonce::parse("18(9)6").unwrap();
        let challenge = challenge(&nonce, 697_170_952, "postoffice.reston.mci.net");
        assert_eq!(challenge, "<1896.697170952@postoffice.reston.mci.net>");
        assert!(is_host("mail.example.com") && is_host("[IPv6:2001:db8::1]"));
        assert!(!is_host("") && !is_host("a>b") && !is_host("a b") && !is_host("ü"));
    }

    #[test]
    fn a_response_is_split_at_its_last_space() {
        let hex = "b913a602c7eda7a495b4e6e7334d3890";
        let read = |text: &str| whole(read_response, text);
        let (user, digest) = read(&format!("tim the enchanter {hex}")).unwrap();
        assert_eq!((user.as_str(), digest), ("tim the enchanter", Secret::from(hex)));
        let refused = |text: &str| read(text).map_err(|MessageError { kind, at }| (kind, at)).unwrap_err();
        assert_eq!(refused(hex), (Kind::Syntax, 0));
        assert_eq!(refused(&format!(" {hex}")), (Kind::Empty, 0));
        assert_eq!(refused(&format!("tim {}", hex.to_uppercase())), (Kind::Syntax, 4));
        assert_eq!(refused(&format!("tim {hex} ")), (Kind::Syntax, 37));
        assert_eq!(refused("tim 00"), (Kind::Syntax, 4));
    }

    /// RFC 2202 §2, cases 1, 2 and 6: a key as short as this one, and one longer than a block.
    #[test]
    fn hmac_takes_keys_of_any_length() {
        let is = |secret: &[u8], text: &[u8], hex: &str| assert_eq!(digest(text, secret), Secret::from(hex));
        is(&[0x0b; 16], b"Hi There", "9294727a3638bb1c13f48ef8158bfc9d");
        is(b"Jefe", b"what do ya want for nothing?", "750c783e6ab0b503eaa86e310a5db738");
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        is(&[0xaa; 80], text, "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    }
}
