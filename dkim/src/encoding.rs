//! The two encodings of tag values: base64 and dkim-quoted-printable.

use alloc::{string::String, vec::Vec};
use mail_base::scan::{between, position_in_words};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What an octet is in base64: a number below 64, or one of these. Whatever they are shifted by, some of their
/// highest bits stay.
const SPACE: u32 = u32::MAX - 2;
const PADDING: u32 = u32::MAX - 1;
const OTHER: u32 = u32::MAX;

const VALUES: [u32; 256] = values();

const fn values() -> [u32; 256] {
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
                b'A'..=b'Z' => (octet - b'A') as u32,
                b'a'..=b'z' => (octet - b'a' + 26) as u32,
                b'0'..=b'9' => (octet - b'0' + 52) as u32,
                b'+' => 62,
                b'/' => 63,
                b'=' => PADDING,
                b' ' | b'\t' | b'\r' | b'\n' => SPACE,
                _ => OTHER,
            };
        }
        match octet.checked_add(1) {
            Some(next) => octet = next,
            None => return table,
        }
    }
}

fn value(octet: u8) -> u32 {
    VALUES.get(usize::from(octet)).copied().unwrap_or(OTHER)
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
    let mut octets = Vec::with_capacity(text.len().div_ceil(4).saturating_mul(3));
    if let Some(packed) = without_space(text) {
        let rest = decode_fours(&packed, &mut octets);
        if decode_each(rest, &mut octets).is_ok() {
            return Ok(octets);
        }
    }
    // the place of what is wrong is looked for where the white space still is
    octets.clear();
    decode_each(text, &mut octets).map(|()| octets)
}

/// What is left without white space; `None` where there is another octet that is no more than a space.
fn without_space(text: &[u8]) -> Option<Vec<u8>> {
    let mut packed = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        let length = position_in_words(rest, 0, |word| between(word, 0, b' ')).unwrap_or(rest.len());
        let (run, more) = rest.split_at_checked(length)?;
        packed.extend_from_slice(run);
        if more.is_empty() {
            return Some(packed);
        }
        let space = more.iter().take_while(|octet| value(**octet) == SPACE).count();
        rest = more.get(space..).filter(|_| space > 0)?;
    }
}

/// Decodes one character after the other.
fn decode_each(text: &[u8], octets: &mut Vec<u8>) -> Result<(), usize> {
    let mut group = Group::default();
    for (at, &octet) in text.iter().enumerate() {
        match value(octet) {
            SPACE => {}
            PADDING => {
                padding(text.get(at..).unwrap_or(&[]), group.count, at)?;
                return if group.end(octets) { Ok(()) } else { Err(at) };
            }
            OTHER => return Err(at),
            bits => group.push(bits, octets),
        }
    }
    if group.end(octets) { Ok(()) } else { Err(text.len()) }
}

/// Decodes sixteen characters at a time, then four, as long as nothing else stands between. Gives what is left.
fn decode_fours<'a>(text: &'a [u8], octets: &mut Vec<u8>) -> &'a [u8] {
    let mut rest = text;
    while let Some((sixteen, more)) = rest.split_first_chunk()
        && let Some((eight, four)) = decode_sixteen(sixteen)
    {
        octets.extend_from_slice(&eight);
        octets.extend_from_slice(&four);
        rest = more;
    }
    while let Some((four, more)) = rest.split_first_chunk() {
        let [overflow, three @ ..] = decode_four(*four).to_be_bytes();
        if overflow != 0 {
            break;
        }
        octets.extend_from_slice(&three);
        rest = more;
    }
    rest
}

/// Three octets, or more where something else stands between.
fn decode_four([a, b, c, d]: [u8; 4]) -> u32 {
    value(a) << 18 | value(b) << 12 | value(c) << 6 | value(d)
}

fn decode_sixteen(text: &[u8; 16]) -> Option<([u8; 8], [u8; 4])> {
    let ([a, b, c, d], _) = text.as_chunks::<4>() else { return None };
    let [a, b, c, d] = [a, b, c, d].map(|four| decode_four(*four));
    if (a | b | c | d) >> 24 != 0 {
        return None;
    }
    let eight = u64::from(a) << 40 | u64::from(b) << 16 | u64::from(c >> 8);
    Some((eight.to_be_bytes(), (c << 24 | d).to_be_bytes()))
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
        match value(octet) {
            SPACE => {}
            PADDING if allowed > 0 => allowed = allowed.saturating_sub(1),
            _ => return Err(at.saturating_add(offset)),
        }
    }
    Ok(())
}

/// Encodes base64, with padding.
pub(crate) fn encode_base64(octets: &[u8]) -> String {
    let mut text = Vec::with_capacity(octets.len().div_ceil(3).saturating_mul(4));
    let (twelves, rest) = octets.as_chunks::<12>();
    for twelve in twelves {
        let mut sixteen = [0; 16];
        let (fours, _) = sixteen.as_chunks_mut();
        for (four, three) in fours.iter_mut().zip(twelve.as_chunks().0) {
            *four = encode_three(*three);
        }
        text.extend_from_slice(&sixteen);
    }
    let (threes, rest) = rest.as_chunks();
    for &three in threes {
        text.extend_from_slice(&encode_three(three));
    }
    match *rest {
        [first, second] => {
            let [a, b, c, _] = encode_three([first, second, 0]);
            text.extend_from_slice(&[a, b, c, b'=']);
        }
        [first] => {
            let [a, b, ..] = encode_three([first, 0, 0]);
            text.extend_from_slice(&[a, b, b'=', b'=']);
        }
        _ => {}
    }
    // all of it is ASCII
    String::from_utf8(text).unwrap_or_default()
}

fn encode_three([first, second, third]: [u8; 3]) -> [u8; 4] {
    let bits = u32::from_be_bytes([0, first, second, third]);
    [18, 12, 6, 0].map(|shift| {
        let sextet = usize::try_from(bits >> shift & 0x3f).unwrap_or(0);
        ALPHABET.get(sextet).copied().unwrap_or(b'=')
    })
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
/// for themselves (RFC 8616 §5). White space is left out.
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
        assert_eq!(decode_qp_section(b"a b\tc=20=3B").unwrap(), b"a b\tc ;");
        assert_eq!(decode_qp_section(b"a;"), Err(1));
        assert_eq!(decode_quoted_printable(b"a=4"), Err(1));
        assert_eq!(decode_quoted_printable(b"\x7f"), Err(0));
        assert_eq!(
            encode_quoted_printable("a=b; |ü".as_bytes(), |octet| octet == b'|'),
            "a=3Db=3B=20=7C=C3=BC"
        );
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
            let mut octets = Vec::new();
            let result = decode_each(text.as_bytes(), &mut octets);
            prop_assert_eq!(decode_base64(text.as_bytes()), result.map(|()| octets));
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
