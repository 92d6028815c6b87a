//! As much of DER (ITU-T X.690) as keys need.

/// The tags of what keys are made of.
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;

pub(crate) const SEQUENCE: u8 = 0x30;

/// `AlgorithmIdentifier` of rsaEncryption with its NULL (RFC 8017 §A.1), tag and length left out.
const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// Takes one value off the front: its content, and what follows it. Lengths must be written as short as can be,
/// as DER wants.
pub(crate) fn take(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => {
            let (&length, rest) = rest.split_first().filter(|(length, _)| **length >= 0x80)?;
            (usize::from(length), rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>().filter(|([high, _], _)| *high > 0)?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    if found != tag {
        return None;
    }
    rest.split_at_checked(length)
}

/// Takes a number that is greater than zero, without the zero octet before a high bit.
pub(crate) fn take_number(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (content, rest) = take(INTEGER, input)?;
    let number = match content {
        [0, number @ ..] if number.first().is_some_and(|octet| *octet >= 0x80) => number,
        [0x01..=0x7f, ..] => content,
        _ => return None,
    };
    Some((number, rest))
}

/// The numbers `n` and `e` of an RSA public key, in either of the two shapes that are published.
///
/// ```text
/// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }              RFC 8017 §A.1.1
/// SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
/// ```
///
/// RFC 6376 §3.6.1 asks for the first, its example and nearly everyone has the second (errata 3017, 7001).
pub(crate) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let content = only(SEQUENCE, der)?;
    if let Some((algorithm, rest)) = take(SEQUENCE, content) {
        let bits = only(BIT_STRING, rest)?;
        let key = bits.strip_prefix(&[0])?;
        return if algorithm == RSA_ENCRYPTION { rsa_numbers(only(SEQUENCE, key)?) } else { None };
    }
    rsa_numbers(content)
}

fn rsa_numbers(content: &[u8]) -> Option<(&[u8], &[u8])> {
    let (modulus, rest) = take_number(content)?;
    match take_number(rest)? {
        (exponent, []) => Some((modulus, exponent)),
        _ => None,
    }
}

/// The content of one value that is all of the input.
pub(crate) fn only(tag: u8, input: &[u8]) -> Option<&[u8]> {
    match take(tag, input)? {
        (content, []) => Some(content),
        _ => None,
    }
}
