//! Which octets may stand where, as a table: the readers of commands look every octet up once. Letters and digits are
//! told for many octets at once.

use mail_base::scan::{HIGHEST, between, each, gathered, word_at};

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

/// The places of the octets of a line that are neither letters nor digits, one after the other, and of its end: looked
/// for in many octets at once. What lies between two of them needs no other look.
pub(crate) struct Marks<'a> {
    line: &'a [u8],
    /// Where the last 64 octets start that were looked at.
    from: usize,
    /// A bit for each of them that is a mark and has not been told.
    found: u64,
}

impl<'a> Marks<'a> {
    /// Those that stand in a line from there on.
    #[inline(always)]
    pub(crate) fn new(line: &'a [u8], from: usize) -> Self {
        Self { line, from, found: marks(line, from) }
    }

    /// The place of the next one. Behind the end of the line there is no end of marks.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> usize {
        while self.found == 0 {
            self.from = self.from.wrapping_add(64);
            self.found = more_marks(self.line, self.from);
        }
        let at = usize::try_from(self.found.trailing_zeros()).unwrap_or(0);
        self.found &= self.found.wrapping_sub(1);
        self.from.wrapping_add(at)
    }
}

/// As [`marks`], for what needs it less often.
#[inline(never)]
fn more_marks(line: &[u8], from: usize) -> u64 {
    marks(line, from)
}

/// A bit for each of the 64 octets from there on that is neither a letter nor a digit. Behind the end there are marks.
#[inline(always)]
fn marks(line: &[u8], from: usize) -> u64 {
    let rest = line.get(from..).unwrap_or(b"");
    let (words, _) = rest.as_chunks::<8>();
    let mut found = 0;
    let mut count: usize = 0;
    while count < 64 {
        let Some(word) = words.get(count / 8) else {
            let last = marks_of_word(word_at(line, from.wrapping_add(count)));
            return found | ((last | !0xff) << count);
        };
        found |= marks_of_word(u64::from_le_bytes(*word)) << count;
        count = count.wrapping_add(8);
    }
    found
}

/// The same for eight octets.
#[inline(always)]
fn marks_of_word(word: u64) -> u64 {
    // with the bit that small letters have and capitals have not
    let letters = between(word | each(0x20), b'a', b'z');
    gathered(!(letters | between(word, b'0', b'9')) & HIGHEST)
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

/// The same for eight octets, at once.
#[inline]
pub(crate) fn long_word(octets: [u8; 8]) -> u64 {
    u64::from_be_bytes(octets) & each(0xdf)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_in_either_case() {
        assert_eq!(word(b"Size"), word(b"SIZE"));
        assert_eq!(long_word(*b"8bitMIME"), word(b"8BITMIME"));
        assert_ne!(word(b"SIZES"), word(b"SIZE"));
    }

    #[test]
    fn marks_are_what_is_neither_letter_nor_digit() {
        for octet in 0..=u8::MAX {
            let mut line = *b"abcdefgh01234567xyz";
            for at in 0..line.len() {
                line[at] = octet;
                for from in 0..=at {
                    let mut marks = Marks::new(&line, from);
                    if !octet.is_ascii_alphanumeric() {
                        assert_eq!(marks.next(), at, "{octet}");
                    }
                    assert_eq!(marks.next(), line.len());
                }
                line[at] = b'a';
            }
        }
    }
}
