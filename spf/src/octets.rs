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

/// The octet at this place; behind the end a space, which ends a term as the end does.
#[inline]
fn peek(octets: &[u8], at: usize) -> u8 {
    octets.get(at).copied().unwrap_or(b' ')
}

/// ip4-network = qnum "." qnum "." qnum "." qnum
///
/// Gives the address and what follows it.
#[inline]
pub(crate) fn ip4_network(octets: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let (mut address, mut at) = qnum(octets, 0)?;
    for _ in 0..3 {
        if peek(octets, at) != b'.' {
            return None;
        }
        let (number, end) = qnum(octets, at.wrapping_add(1))?;
        (address, at) = ((address << 8) | number, end);
    }
    Some((Ipv4Addr::from_bits(address), octets.get(at..)?))
}

/// qnum: a decimal number up to 255 without a leading zero. Gives it and where it ends.
///
/// A fourth digit is left over, and is no dot, no slash and no end of a term.
#[inline]
fn qnum(octets: &[u8], at: usize) -> Option<(u32, usize)> {
    // what is no digit comes out above 9
    let digit = |at| u32::from(peek(octets, at).wrapping_sub(b'0'));
    let mut number = digit(at);
    let mut at = at.wrapping_add(1);
    if number == 0 {
        return (digit(at) > 9).then_some((0, at));
    }
    if number > 9 {
        return None;
    }
    for _ in 0..2 {
        let next = digit(at);
        if next > 9 {
            return Some((number, at));
        }
        (number, at) = (number.wrapping_mul(10).wrapping_add(next), at.wrapping_add(1));
    }
    (number <= 255).then_some((number, at))
}

/// ip4-cidr-length = "/" ("0" / %x31-39 0*1DIGIT), up to 32; ip6-cidr-length the same, up to 128
#[inline]
pub(crate) fn prefix_number(octets: &[u8], most: u8) -> Option<(u8, &[u8])> {
    let (number, end) = qnum(octets, 0)?;
    let number = u8::try_from(number).ok().filter(|number| *number <= most)?;
    Some((number, octets.get(end..)?))
}

/// How many groups an address has.
const GROUPS: u32 = 8;

/// ip6-network = an address as in RFC 4291 §2.2
///
/// Gives the address and what follows it, which begins with none of the octets of an address.
#[inline]
pub(crate) fn ip6_network(octets: &[u8]) -> Option<(Ipv6Addr, &[u8])> {
    // the groups so far, how many they are, and how many of them stand before the "::"
    let (mut address, mut count, mut gap) = (0_u128, 0_u32, None);
    let mut at: usize = 0;
    if octets.starts_with(b"::") {
        (gap, at) = (Some(0), 2);
    }
    loop {
        let (group, end) = hex_group(octets, at);
        if end == at {
            // only a "::" may end an address without a group
            if gap != Some(count) {
                return None;
            }
            break;
        }
        if peek(octets, end) == b'.' {
            let rest = octets.get(at..)?;
            let (last, after) = ip4_network(rest)?;
            (address, count) = ((address << 32) | u128::from(last.to_bits()), count.wrapping_add(2));
            at = octets.len().wrapping_sub(after.len());
            break;
        }
        (address, count, at) = ((address << 16) | u128::from(group), count.wrapping_add(1), end);
        if peek(octets, at) != b':' || count > GROUPS {
            break;
        }
        at = at.wrapping_add(1);
        if peek(octets, at) == b':' && gap.is_none() {
            (gap, at) = (Some(count), at.wrapping_add(1));
        }
    }
    let address = match gap {
        // a "::" stands for one group at least
        Some(before) if count < GROUPS => {
            let bits = |groups: u32| groups.wrapping_mul(16);
            let behind = bits(count.wrapping_sub(before));
            let head = address.checked_shr(behind).unwrap_or(0);
            let tail = address ^ head.checked_shl(behind).unwrap_or(0);
            tail | head.checked_shl(bits(GROUPS.wrapping_sub(before))).unwrap_or(0)
        }
        None if count == GROUPS => address,
        _ => return None,
    };
    Some((Ipv6Addr::from_bits(address), octets.get(at..)?))
}

/// Up to four hexadecimal digits from this place, and where they end.
#[inline]
fn hex_group(octets: &[u8], at: usize) -> (u16, usize) {
    let mut group = 0_u16;
    let mut at = at;
    for _ in 0..4 {
        let digit = HEX_DIGITS.get(usize::from(peek(octets, at))).copied().unwrap_or(u8::MAX);
        if digit > 0xf {
            break;
        }
        (group, at) = ((group << 4) | u16::from(digit), at.wrapping_add(1));
    }
    (group, at)
}

/// The value of each octet as a hexadecimal digit; what is none has a value above 15.
#[allow(clippy::indexing_slicing, reason = "an index out of bounds does not compile here")]
const HEX_DIGITS: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value: u8 = 0;
    while value < 10 {
        values[(b'0' as usize).wrapping_add(value as usize)] = value;
        value = value.wrapping_add(1);
    }
    while value < 16 {
        let letter = value.wrapping_sub(10) as usize;
        values[(b'a' as usize).wrapping_add(letter)] = value;
        values[(b'A' as usize).wrapping_add(letter)] = value;
        value = value.wrapping_add(1);
    }
    values
};

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
