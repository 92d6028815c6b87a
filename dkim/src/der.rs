//! As much of DER (ITU-T X.690) as keys need.

use alloc::vec::Vec;

/// The tags of what keys are made of.
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;

/// The object identifier of rsaEncryption (RFC 8017 §A.1), with its tag and length.
pub(crate) const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The object identifier of Ed25519 (RFC 8410 §3), with its tag and length.
pub(crate) const ED25519: &[u8] = &[0x06, 0x03, 0x2b, 0x65, 0x70];

/// A NULL, the parameters that RSA has none of.
pub(crate) const NULL: &[u8] = &[0x05, 0x00];

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

/// The content of one value that is all of the input.
pub(crate) fn only(tag: u8, input: &[u8]) -> Option<&[u8]> {
    match take(tag, input)? {
        (content, []) => Some(content),
        _ => None,
    }
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

/// Appends a value.
pub(crate) fn put(tag: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    let [.., high, low] = content.len().to_be_bytes();
    match content.len() {
        0..=0x7f => out.push(low),
        0x80..=0xff => out.extend_from_slice(&[0x81, low]),
        // no key is longer than this can say
        _ => out.extend_from_slice(&[0x82, high, low]),
    }
    out.extend_from_slice(content);
}

/// Appends a number that is given without leading zeros.
pub(crate) fn put_number(number: &[u8], out: &mut Vec<u8>) {
    let mut content = Vec::with_capacity(number.len().saturating_add(1));
    if number.first().is_none_or(|octet| *octet >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(number);
    put(INTEGER, &content, out);
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
        return if is_rsa(algorithm) { rsa_numbers(only(SEQUENCE, key)?) } else { None };
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

/// Whether an AlgorithmIdentifier is that of RSA. Some leave out the NULL that belongs to it.
pub(crate) fn is_rsa(algorithm: &[u8]) -> bool {
    algorithm.strip_prefix(RSA_ENCRYPTION).is_some_and(|rest| rest.is_empty() || rest == NULL)
}

/// A SubjectPublicKeyInfo of an RSA key.
pub(crate) fn put_rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let mut numbers = Vec::new();
    put_number(modulus, &mut numbers);
    put_number(exponent, &mut numbers);
    let mut bits = alloc::vec![0];
    put(SEQUENCE, &numbers, &mut bits);
    let mut content = Vec::new();
    put(SEQUENCE, &[RSA_ENCRYPTION, NULL].concat(), &mut content);
    put(BIT_STRING, &bits, &mut content);
    let mut info = Vec::new();
    put(SEQUENCE, &content, &mut info);
    info
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for (modulus, exponent) in
            [(&[0x80; 128][..], &[1, 0, 1][..]), (&[0x7f; 3], &[3]), (&[0xff; 512], &[0x81])]
        {
            let der = put_rsa_public_key(modulus, exponent);
            assert_eq!(rsa_public_key(&der), Some((modulus, exponent)));
            let inner = &der[der.len() - only(SEQUENCE, &der).unwrap().len()..];
            let (_, bits) = take(SEQUENCE, inner).unwrap();
            let pkcs1 = &only(BIT_STRING, bits).unwrap()[1..];
            assert_eq!(rsa_public_key(pkcs1), Some((modulus, exponent)), "the bare RSAPublicKey too");
        }
    }

    #[test]
    fn what_is_not_der_is_refused() {
        let good = put_rsa_public_key(&[0x80; 128], &[1, 0, 1]);
        assert!(rsa_public_key(&good).is_some());
        for length in 0..good.len() {
            assert_eq!(rsa_public_key(&good[..length]), None, "cut off at {length}");
        }
        assert_eq!(rsa_public_key(&[&good[..], &[0]].concat()), None, "something follows");
        assert_eq!(take(SEQUENCE, &[0x30, 0x81, 0x01, 0x00]), None, "the length could be shorter");
        assert_eq!(take(SEQUENCE, &[0x30, 0x82, 0x00, 0x80, 0x00]), None, "the length could be shorter");
        assert_eq!(take(SEQUENCE, &[0x30, 0x80, 0x00, 0x00]), None, "an indefinite length is not DER");
        assert_eq!(take_number(&[2, 1, 0]), None, "zero is no part of a key");
        assert_eq!(take_number(&[2, 1, 0x80]), None, "nor is what is negative");
        assert_eq!(take_number(&[2, 2, 0, 1]), None, "the zero could be left out");
        let other = [0x30, 0x0c, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x03, 0, 0x30, 0];
        assert_eq!(rsa_public_key(&other), None, "a key of another kind");
    }
}
