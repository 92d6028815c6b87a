//! The two encodings of tag values: base64 and dkim-quoted-printable.

use crate::runs::{BLOCK, copy_run};
use alloc::{string::String, vec::Vec};

/// What an octet is in base64: a number below 64, shifted to where it stands in three octets; or this, above them.
const OTHER: u32 = 0xff00_0000;

/// The same for each of four characters.
const VALUES: [[u32; 256]; 4] = [values(18), values(12), values(6), values(0)];

const fn values(shift: u32) -> [u32; 256] {
    let mut table = [OTHER; 256];
    let mut octet: u8 = 0;
    loop {
        #[expect(
            clippy::indexing_slicing,
            clippy::arithmetic_side_effects,
            reason = "evaluated by the compiler, over octets only"
        )]
        {
            table[octet as usize] = match octet {
                b'A'..=b'Z' => ((octet - b'A') as u32) << shift,
                b'a'..=b'z' => ((octet - b'a' + 26) as u32) << shift,
                b'0'..=b'9' => ((octet - b'0' + 52) as u32) << shift,
                b'+' => 62 << shift,
                b'/' => 63 << shift,
                _ => OTHER,
            };
        }
        match octet.checked_add(1) {
            Some(next) => octet = next,
            None => return table,
        }
    }
}

/// Decodes base64 with white space anywhere in it, the error is the offset of what does not belong.
///
/// ```text
/// base64string = ALPHADIGITPS *([FWS] ALPHADIGITPS) [ [FWS] "=" [ [FWS] "=" ] ]      RFC 6376 §3.2
/// ```
///
/// Padding may be left out, as the rule allows. Bits that stand for nothing must be zero, so that no two
/// texts stand for the same octets.
pub(crate) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, usize> {
    // the place of what is wrong is looked for where the white space still is
    decode_at_once(text).map_or_else(|| decode_each(text), Ok)
}

fn decode_at_once(text: &[u8]) -> Option<Vec<u8>> {
    let mut octets = without_space(text)?;
    let padding = octets.iter().rev().take_while(|octet| **octet == b'=').count();
    let length = octets.len().saturating_sub(padding);
    let missing = length.wrapping_neg() % 4;
    if missing == 3 || padding > missing {
        return None;
    }
    octets.truncate(length);
    // what the last sixteen characters lack stands for zeros
    octets.resize(length.next_multiple_of(16), b'A');
    // the octets take the place of the characters, of which there are more
    let mut places = (0, 0);
    while let Some(sixteen) = octets.get(places.0..).and_then(<[u8]>::first_chunk) {
        let (eight, four) = decode_sixteen(sixteen)?;
        let twelve: &mut [u8; 12] = octets.get_mut(places.1..)?.first_chunk_mut()?;
        let (first, second) = twelve.split_at_mut_checked(8)?;
        first.copy_from_slice(&eight);
        second.copy_from_slice(&four);
        places = (places.0.wrapping_add(16), places.1.wrapping_add(12));
    }
    let end = length.saturating_mul(3) / 4;
    // bits that stand for nothing are in the next octet
    if missing > 0 && octets.get(end) != Some(&0) {
        return None;
    }
    octets.truncate(end);
    Some(octets)
}

/// What is left without white space; `None` where there is another octet that is no more than a space.
fn without_space(text: &[u8]) -> Option<Vec<u8>> {
    let mut packed = Vec::with_capacity(text.len().saturating_add(BLOCK));
    let mut at = 0;
    loop {
        at = copy_run(text, at, text.len(), &mut packed, |octet, _| octet <= b' ');
        let rest = text.get(at..).unwrap_or(&[]);
        if rest.is_empty() {
            return Some(packed);
        }
        let space = rest.iter().take_while(|octet| is_space(**octet)).count();
        if space == 0 {
            return None;
        }
        at = at.saturating_add(space);
    }
}

fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

/// Twelve octets; `None` where a character is none of base64.
fn decode_sixteen(characters: &[u8; 16]) -> Option<([u8; 8], [u8; 4])> {
    let ([a, b, c, d], _) = characters.as_chunks::<4>() else { return None };
    let [a, b, c, d] = [a, b, c, d].map(|four| decode_four(*four));
    if (a | b | c | d) >= OTHER {
        return None;
    }
    let eight = u64::from(a) << 40 | u64::from(b) << 16 | u64::from(c >> 8);
    Some((eight.to_be_bytes(), (c << 24 | d).to_be_bytes()))
}

/// Three octets, or more where a character is none of base64.
fn decode_four(characters: [u8; 4]) -> u32 {
    let values = VALUES.iter().zip(characters);
    let values = values.map(|(values, character)| values.get(usize::from(character)).copied());
    values.fold(0, |octets, value| octets | value.unwrap_or(OTHER))
}

/// Six bits, or more for what is none of base64.
fn decode(character: u8) -> u32 {
    let [.., values] = &VALUES;
    values.get(usize::from(character)).copied().unwrap_or(OTHER)
}

/// Spreads six octets over eight with six bits each: 48 bits become pairs of 24, of 12, of six.
fn spread(word: u64) -> u64 {
    let word = (word & 0xffff_ff00_0000) << 8 | word & 0x00ff_ffff;
    let word = (word & 0x00ff_f000_00ff_f000) << 4 | word & 0x0000_0fff_0000_0fff;
    (word & 0x0fc0_0fc0_0fc0_0fc0) << 2 | word & 0x003f_003f_003f_003f
}

/// Decodes one character after the other.
fn decode_each(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut octets = Vec::new();
    let mut group = Group::default();
    for (at, &octet) in text.iter().enumerate() {
        match (octet, decode(octet)) {
            _ if is_space(octet) => {}
            (b'=', _) => {
                padding(text.get(at..).unwrap_or(&[]), group.count, at)?;
                return if group.end(&mut octets) { Ok(octets) } else { Err(at) };
            }
            (_, bits @ ..OTHER) => group.push(bits, &mut octets),
            _ => return Err(at),
        }
    }
    if group.end(&mut octets) { Ok(octets) } else { Err(text.len()) }
}

/// Up to four characters that are not all there yet.
#[derive(Default)]
struct Group {
    bits: u32,
    count: u8,
}

impl Group {
    fn push(&mut self, bits: u32, octets: &mut Vec<u8>) {
        self.bits = self.bits << 6 | bits;
        self.count = self.count.saturating_add(1);
        if self.count == 4 {
            let [_, first, second, third] = self.bits.to_be_bytes();
            octets.extend_from_slice(&[first, second, third]);
            *self = Self::default();
        }
    }

    /// Files the last, short group; false where it can stand for no octets.
    fn end(self, octets: &mut Vec<u8>) -> bool {
        let [_, high, middle, low] = self.bits.to_be_bytes();
        match self.count {
            0 => true,
            2 if low & 0xf == 0 => {
                octets.push(middle << 4 | low >> 4);
                true
            }
            3 if low & 0x3 == 0 => {
                octets.extend_from_slice(&[high << 6 | middle >> 2, middle << 6 | low >> 2]);
                true
            }
            _ => false,
        }
    }
}

/// Checks that nothing but the right padding is left.
fn padding(rest: &[u8], count: u8, at: usize) -> Result<(), usize> {
    let mut allowed = match count {
        2 => 2,
        3 => 1,
        _ => 0_u8,
    };
    for (offset, &octet) in rest.iter().enumerate() {
        match octet {
            _ if is_space(octet) => {}
            b'=' if allowed > 0 => allowed = allowed.saturating_sub(1),
            _ => return Err(at.saturating_add(offset)),
        }
    }
    Ok(())
}

/// Encodes base64, with padding.
pub(crate) fn encode_base64(octets: &[u8]) -> String {
    let mut text = Vec::with_capacity(octets.len().div_ceil(3).saturating_mul(4).saturating_add(16));
    let (twelves, rest) = octets.as_chunks();
    for twelve in twelves {
        text.extend_from_slice(&encode_twelve(twelve));
    }
    // of the characters of the rest and zeros behind it some stand for no octet
    let mut twelve = [0; 12];
    for (octet, from) in twelve.iter_mut().zip(rest) {
        *octet = *from;
    }
    let length = text.len().saturating_add(rest.len().saturating_mul(4).div_ceil(3));
    text.extend_from_slice(&encode_twelve(&twelve));
    text.truncate(length);
    while !text.len().is_multiple_of(4) {
        text.push(b'=');
    }
    // all of it is ASCII
    String::from_utf8(text).unwrap_or_default()
}

fn encode_twelve(octets: &[u8; 12]) -> [u8; 16] {
    let [first @ .., _, _, _, _] = *octets;
    let [_, _, _, _, second @ ..] = *octets;
    let first = spread(u64::from_be_bytes(first) >> 16);
    let second = spread(u64::from_be_bytes(second) & 0xffff_ffff_ffff);
    characters(&(u128::from(first) << 64 | u128::from(second)).to_be_bytes())
}

/// On its own, this becomes vector instructions.
#[inline(never)]
fn characters(values: &[u8; 16]) -> [u8; 16] {
    let mut characters = [0; 16];
    for (character, value) in characters.iter_mut().zip(values) {
        *character = encode(*value);
    }
    characters
}

/// The character of six bits. The alphabet has five ranges: what the numbers of the second are more than those of the
/// first is added from its first number on, and so on, without a branch.
fn encode(sextet: u8) -> u8 {
    const LETTERS: u8 = b'A';
    const SMALL: u8 = b'a' - 26;
    const DIGITS: u8 = b'0'.wrapping_sub(52);
    const PLUS: u8 = b'+'.wrapping_sub(62);
    const SLASH: u8 = b'/'.wrapping_sub(63);
    let from = |first: u8, more: u8| if sextet >= first { more } else { 0 };
    sextet
        .wrapping_add(LETTERS)
        .wrapping_add(from(26, SMALL.wrapping_sub(LETTERS)))
        .wrapping_add(from(52, DIGITS.wrapping_sub(SMALL)))
        .wrapping_add(from(62, PLUS.wrapping_sub(DIGITS)))
        .wrapping_add(from(63, SLASH.wrapping_sub(PLUS)))
}

/// Decodes dkim-quoted-printable; the error is the offset of what does not belong.
///
/// ```text
/// dkim-quoted-printable = *(FWS / hex-octet / dkim-safe-char)                         RFC 6376 §2.11
/// hex-octet             = "=" 2HEXDIG
/// dkim-safe-char        = %x21-3A / %x3C / %x3E-7E
/// ```
///
/// Small hexadecimal digits are read too, as "decoders" of RFC 2045 §6.7 may, and octets outside ASCII stand
/// for themselves (RFC 8616 §5). "Whitespace in the encoded text is ignored", also between the characters of a
/// `hex-octet`, where PHPMailer folds `z=`.
pub(crate) fn decode_quoted_printable(text: &[u8]) -> Result<Vec<u8>, usize> {
    decode_quoted(text, false)
}

/// Decodes a qp-section: "intuitively, this is one line of quoted-printable encoded text" (RFC 6376 §3.5), in which
/// white space stands for itself.
pub(crate) fn decode_qp_section(text: &[u8]) -> Result<Vec<u8>, usize> {
    decode_quoted(text, true)
}

fn decode_quoted(text: &[u8], keeps_space: bool) -> Result<Vec<u8>, usize> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied().enumerate();
    while let Some((at, octet)) = rest.next() {
        match octet {
            b' ' | b'\t' if keeps_space => octets.push(octet),
            b' ' | b'\t' | b'\r' | b'\n' => {}
            b'=' => {
                let mut rest = rest.by_ref().filter(|(_, octet)| keeps_space || !is_space(*octet));
                let mut digit = || rest.next().and_then(|(_, octet)| char::from(octet).to_digit(16));
                let (Some(high), Some(low)) = (digit(), digit()) else { return Err(at) };
                octets.push(u8::try_from(high << 4 | low).map_err(|_| at)?);
            }
            b';' | ..=0x20 | 0x7f => return Err(at),
            _ => octets.push(octet),
        }
    }
    Ok(octets)
}

/// Encodes dkim-quoted-printable. What is `special` to the surrounding syntax is encoded too.
pub(crate) fn encode_quoted_printable(octets: &[u8], special: impl Fn(u8) -> bool) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| char::from(DIGITS.get(usize::from(value)).copied().unwrap_or(b'0'));
    let mut text = String::with_capacity(octets.len());
    for &octet in octets {
        if matches!(octet, b'!'..=b':' | b'<' | b'>'..=b'~') && !special(octet) {
            text.push(char::from(octet));
        } else {
            text.extend(['=', digit(octet >> 4), digit(octet & 0xf)]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn base64_of_rfc_4648() {
        for (octets, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode_base64(octets.as_bytes()), text);
            assert_eq!(decode_base64(text.as_bytes()).unwrap(), octets.as_bytes(), "{text}");
            let bare = text.trim_end_matches('=');
            assert_eq!(decode_base64(bare.as_bytes()).unwrap(), octets.as_bytes(), "{bare}");
        }
    }

    #[test]
    fn white_space_may_stand_anywhere() {
        assert_eq!(decode_base64(b" Z\r\n m 9\tvYg = \r\n\t= ").unwrap(), b"foob");
    }

    #[test]
    fn what_is_no_base64_is_refused_where_it_stands() {
        for (text, at) in [
            ("Zm9v*", 4),
            ("Z", 1),
            ("Zm9vZ", 5),
            ("Zm9v=", 4),
            ("Zg===", 4),
            ("Zm8==", 4),
            ("Zg=a", 3),
            ("Zm9-", 3),
            ("=", 0),
            ("Zh==", 2),
            ("Zm9=", 3),
            ("Zh", 2),
        ] {
            assert_eq!(decode_base64(text.as_bytes()), Err(at), "{text}");
        }
    }

    #[test]
    fn quoted_printable_is_read_and_written() {
        assert_eq!(decode_quoted_printable(b"a=3Db=\r\n c").unwrap_err(), 5);
        assert_eq!(decode_quoted_printable(b"a=3Db\r\n =3b|\xc3\xbc").unwrap(), "a=b;|ü".as_bytes());
        assert_eq!(decode_quoted_printable(b"a;"), Err(1));
        assert_eq!(decode_quoted_printable(b"a b\tc").unwrap(), b"abc");
        assert_eq!(decode_quoted_printable(b"a=2\r\n 0b=\t3 B").unwrap(), b"a b;");
        assert_eq!(decode_qp_section(b"a=2 0"), Err(1));
        assert_eq!(decode_qp_section(b"a b\tc=20=3B").unwrap(), b"a b\tc ;");
        assert_eq!(decode_qp_section(b"a;"), Err(1));
        assert_eq!(decode_quoted_printable(b"a=4"), Err(1));
        assert_eq!(decode_quoted_printable(b"\x7f"), Err(0));
        assert_eq!(
            encode_quoted_printable("a=b; |ü".as_bytes(), |octet| octet == b'|'),
            "a=3Db=3B=20=7C=C3=BC"
        );
    }

    #[test]
    fn every_character_is_written_and_read() {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        assert_eq!(core::array::from_fn(|sextet| encode(sextet as u8)), *ALPHABET);
        for octet in 0..=u8::MAX {
            let place = ALPHABET.iter().position(|character| *character == octet);
            assert_eq!(decode(octet), place.map_or(OTHER, |place| place as u32));
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(octets: Vec<u8>) {
            prop_assert_eq!(decode_base64(encode_base64(&octets).as_bytes()).unwrap(), octets.clone());
            let text = encode_quoted_printable(&octets, |_| false);
            prop_assert_eq!(decode_quoted_printable(text.as_bytes()).unwrap(), octets);
        }

        #[test]
        fn many_characters_at_a_time_are_read_as_single_ones(
            text in "([A-Za-z0-9+/]{0,40}(\r\n\t| )?){0,4}[A-Za-z0-9+/=* \u{1}\u{7f}\u{e9}]{0,6}",
        ) {
            prop_assert_eq!(decode_base64(text.as_bytes()), decode_each(text.as_bytes()));
        }

        #[test]
        fn no_two_texts_without_white_space_stand_for_the_same(text in "[A-Za-d+/=]{0,9}") {
            if let Ok(octets) = decode_base64(text.as_bytes()) {
                let encoded = encode_base64(&octets);
                prop_assert_eq!(encoded.trim_end_matches('='), text.trim_end_matches('='));
            }
        }
    }
}
