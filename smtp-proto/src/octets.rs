//! Which octets may stand where, as a table: the readers of commands look every octet up once.

/// Letters and digits.
pub(crate) const ALPHANUMERIC: u8 = 1;
/// Any other `atext` than those, the hyphen and what is outside ASCII (RFC 5322 §3.2.3).
pub(crate) const ATOM: u8 = 2;
/// Which domains have only where it is let through.
pub(crate) const UNDERSCORE: u8 = 4;
pub(crate) const HYPHEN: u8 = 8;
/// Outside ASCII (RFC 6531 §3.3).
pub(crate) const WIDE: u8 = 16;
/// `esmtp-value` of RFC 5321 §4.1.2, with RFC 6531 §3.3: visible, but the equals sign.
pub(crate) const VALUE: u8 = 32;
/// `xchar` of RFC 3461 §4: visible ASCII, but the equals sign and the plus sign.
pub(crate) const XCHAR: u8 = 64;

/// Whether an octet is of one of these classes.
#[inline]
pub(crate) fn is(octet: u8, wanted: u8) -> bool {
    static CLASSES: [u8; 256] = table();
    CLASSES.get(usize::from(octet)).is_some_and(|classes| classes & wanted != 0)
}

/// Where the octets of one of these classes end that start at `from`.
#[inline]
pub(crate) fn end_of_run(octets: &[u8], from: usize, wanted: u8) -> usize {
    let rest = octets.get(from..).unwrap_or(b"");
    let length = rest.iter().position(|&octet| !is(octet, wanted)).unwrap_or(rest.len());
    from.saturating_add(length)
}

/// A word of at most eight letters, digits and hyphens as a number, in either case the same. Longer words are 0.
#[inline]
pub(crate) const fn word(octets: &[u8]) -> u64 {
    let mut word: u64 = 0;
    let mut rest = octets;
    if octets.len() > 8 {
        return 0;
    }
    while let [octet, later @ ..] = rest {
        // takes the bit out that makes small letters of capitals; digits and the hyphen stay apart without theirs
        word = (word << 8) | (*octet & 0xdf) as u64;
        rest = later;
    }
    word
}

// evaluated when the crate is compiled, where an index out of bounds does not compile
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]
const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut octet: u8 = 0;
    loop {
        let local = match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => ALPHANUMERIC,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~' => ATOM,
            b'-' => HYPHEN,
            0x80.. => WIDE,
            _ => 0,
        };
        let value = match octet {
            b'!'..=b'<' | b'>'..=b'~' | 0x80.. => VALUE,
            _ => 0,
        };
        let xchar = match octet {
            b'!'..=b'*' | b','..=b'<' | b'>'..=b'~' => XCHAR,
            _ => 0,
        };
        let underscore = if octet == b'_' { UNDERSCORE } else { 0 };
        table[octet as usize] = local | underscore | value | xchar;
        if octet == u8::MAX {
            return table;
        }
        octet += 1;
    }
}
