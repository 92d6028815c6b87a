//! The smallest parts of a record, octet by octet: classes of characters, numbers and addresses. They know nothing
//! of records.

use core::net::{Ipv4Addr, Ipv6Addr};

pub(crate) const LETTER: u8 = 1;
pub(crate) const DIGIT: u8 = 2;
pub(crate) const HYPHEN: u8 = 4;
/// What a name may have and a label may not.
pub(crate) const NAME_MARK: u8 = 8;

/// What each octet is.
#[allow(clippy::indexing_slicing, reason = "an index out of bounds does not compile here")]
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut octet: u8 = 0;
    while octet < 0x80 {
        classes[octet as usize] = match octet {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' => DIGIT,
            b'-' => HYPHEN,
            b'_' | b'.' => NAME_MARK,
            _ => 0,
        };
        octet = octet.wrapping_add(1);
    }
    classes
};

fn class(octet: u8) -> u8 {
    CLASSES.get(usize::from(octet)).copied().unwrap_or(0)
}

pub(crate) fn is_of(octet: u8, classes: u8) -> bool {
    class(octet) & classes != 0
}

/// How many octets from the start are macro-literals: visible, and no percent sign. Eight are looked at in one.
pub(crate) fn literal_length(octets: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    const PERCENT: u64 = u64::from_ne_bytes([b'%'; 8]);
    /// What lifts the first visible character, and all above it, to 0x80.
    const LIFT: u64 = u64::from_ne_bytes([0x80 - b'!'; 8]);
    let (words, last) = octets.as_chunks::<8>();
    let mut length: usize = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // below 0x80 no sum carries into the next octet; those of 0x80 and above are no literals anyway
        let low = word & !HIGH;
        let is_visible = low.wrapping_add(LIFT) & !low.wrapping_add(ONES) & !word;
        let is_no_percent = (low ^ PERCENT).wrapping_add(!HIGH);
        let others = !(is_visible & is_no_percent) & HIGH;
        if others != 0 {
            let first = others.trailing_zeros().checked_div(8).unwrap_or(0);
            return length.saturating_add(usize::try_from(first).unwrap_or(0));
        }
        length = length.saturating_add(8);
    }
    let is_literal = |octet: &u8| octet.is_ascii_graphic() && *octet != b'%';
    length.saturating_add(last.iter().take_while(|octet| is_literal(octet)).count())
}

/// toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
///
/// In other words: letters, digits and hyphens, no hyphen at either end, and not only digits.
pub(crate) fn is_top_label(label: &[u8]) -> bool {
    let mut seen = 0;
    for &octet in label {
        if !is_of(octet, LETTER | DIGIT | HYPHEN) {
            return false;
        }
        seen |= class(octet);
    }
    seen & (LETTER | HYPHEN) != 0 && label.first() != Some(&b'-') && label.last() != Some(&b'-')
}

/// ip4-network = qnum "." qnum "." qnum "." qnum
///
/// Gives the address and what follows it.
#[inline]
pub(crate) fn ip4_network(octets: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let (first, [b'.', rest @ ..]) = qnum(octets)? else { return None };
    let (second, [b'.', rest @ ..]) = qnum(rest)? else { return None };
    let (third, [b'.', rest @ ..]) = qnum(rest)? else { return None };
    let (fourth, rest) = qnum(rest)?;
    Some((Ipv4Addr::new(first, second, third, fourth), rest))
}

/// qnum: a decimal number up to 255 without a leading zero. Gives it and what follows it.
///
/// A fourth digit is left over, and is no dot, no slash and no end of a term.
#[inline]
fn qnum(octets: &[u8]) -> Option<(u8, &[u8])> {
    let digit = |octet: &u8| octet.wrapping_sub(b'0');
    match octets {
        [b'0', b'0'..=b'9', ..] => None,
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
            let two = digit(a).wrapping_mul(10).wrapping_add(digit(b));
            Some((two.checked_mul(10)?.checked_add(digit(c))?, rest))
        }
        [a @ b'1'..=b'9', b @ b'0'..=b'9', rest @ ..] => {
            Some((digit(a).wrapping_mul(10).wrapping_add(digit(b)), rest))
        }
        [a @ b'0'..=b'9', rest @ ..] => Some((digit(a), rest)),
        _ => None,
    }
}

/// ip4-cidr-length = "/" ("0" / %x31-39 0*1DIGIT), up to 32; ip6-cidr-length the same, up to 128
pub(crate) fn prefix_number(octets: &[u8], most: u8) -> Option<(u8, &[u8])> {
    qnum(octets).filter(|(number, _)| *number <= most)
}

/// ip6-network = an address as in RFC 4291 §2.2
///
/// Gives the address and what follows it, which begins with none of the octets of an address.
pub(crate) fn ip6_network(octets: &[u8]) -> Option<(Ipv6Addr, &[u8])> {
    let mut groups = [0_u16; 8];
    let mut count: usize = 0;
    // how many groups stand before the "::"
    let mut gap = None;
    let mut rest = octets;
    if let [b':', b':', after @ ..] = rest {
        (gap, rest) = (Some(0), after);
    }
    loop {
        let (group, after) = hex_group(rest);
        let digits = rest.len().saturating_sub(after.len());
        if digits == 0 {
            // only a "::" may end an address without a group
            if gap != Some(count) {
                return None;
            }
            break;
        }
        if let [b'.', ..] = after {
            let (address, after) = ip4_network(rest)?;
            let [a, b, c, d] = address.octets();
            *groups.get_mut(count)? = u16::from_be_bytes([a, b]);
            *groups.get_mut(count.saturating_add(1))? = u16::from_be_bytes([c, d]);
            (count, rest) = (count.saturating_add(2), after);
            break;
        }
        *groups.get_mut(count)? = group;
        count = count.saturating_add(1);
        match after {
            [b':', b':', after @ ..] if gap.is_none() => (gap, rest) = (Some(count), after),
            [b':', after @ ..] => rest = after,
            after => {
                rest = after;
                break;
            }
        }
    }
    match gap {
        // a "::" stands for one group at least
        Some(gap) if count < groups.len() => {
            let missing = groups.len().saturating_sub(count);
            groups.get_mut(gap..)?.rotate_right(missing);
            Some((Ipv6Addr::from(groups), rest))
        }
        None if count == groups.len() => Some((Ipv6Addr::from(groups), rest)),
        _ => None,
    }
}

/// Up to four hexadecimal digits, and what follows them.
fn hex_group(octets: &[u8]) -> (u16, &[u8]) {
    let mut group = 0_u16;
    let mut rest = octets;
    for _ in 0..4 {
        let [octet, after @ ..] = rest else { break };
        let digit = match octet {
            b'0'..=b'9' => octet.wrapping_sub(b'0'),
            b'a'..=b'f' | b'A'..=b'F' => (octet | 0x20).wrapping_sub(b'a').wrapping_add(10),
            _ => break,
        };
        group = (group << 4) | u16::from(digit);
        rest = after;
    }
    (group, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn literals_end_at_the_first_octet_that_is_none() {
        for length in 0..40 {
            for other in [b' ', b'%', 0x7f, 0x80, 0xa1, 0, b'\t'] {
                let mut octets = vec![b'!'; length];
                octets.push(other);
                octets.extend(b"~~~~~~~~~~");
                assert_eq!(literal_length(&octets), length, "{other:#x}");
            }
            assert_eq!(literal_length(&vec![b'~'; length]), length);
        }
    }

    #[test]
    fn top_labels_are_letters_digits_and_hyphens() {
        for label in ["com", "a", "xn--p1ai", "1-2", "x1", "1x"] {
            assert!(is_top_label(label.as_bytes()), "{label}");
        }
        for label in ["", "1", "12", "-a", "a-", "-", "a_b", "a b", "\u{e4}"] {
            assert!(!is_top_label(label.as_bytes()), "{label}");
        }
    }
}
