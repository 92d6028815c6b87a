//! The smallest parts of a record, octet by octet: classes of characters, numbers and addresses. They know nothing
//! of records.

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

/// Whether a text ends in a dot and a top label.
///
/// toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
///
/// In other words: letters, digits and hyphens, no hyphen at either end, and not only digits.
pub(crate) fn ends_in_top_label(octets: &[u8]) -> bool {
    let (mut seen, mut first) = (0, HYPHEN);
    if octets.last() == Some(&b'-') {
        return false;
    }
    for &octet in octets.iter().rev() {
        let class = class(octet);
        if class & (LETTER | DIGIT | HYPHEN) == 0 {
            return octet == b'.' && seen & (LETTER | HYPHEN) != 0 && first != HYPHEN;
        }
        seen |= class;
        first = class;
    }
    false
}

/// The first octets of a text that is shorter than a window; behind the end there are spaces, which end a term as the
/// end does.
#[cold]
fn padded<const N: usize>(octets: &[u8]) -> [u8; N] {
    let mut padded = [b' '; N];
    padded.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
    padded
}

/// The octets of an IPv4 network, the longest of which is `255.255.255.255/32`, and one behind it.
type Window = [u8; 20];

fn octet<const N: usize>(window: &[u8; N], at: usize) -> u8 {
    window.get(at).copied().unwrap_or(b' ')
}

/// ip4-network [ ip4-cidr-length ]
///
/// Gives the address in bits, the prefix length, and what follows them, which is the end of a term. Nothing is read in
/// the last octets of a record, where there may be less than a window.
#[inline(always)]
pub(crate) fn ip4_cidr(octets: &[u8]) -> Option<(u32, u8, &[u8])> {
    let window = octets.first_chunk()?;
    let (address, at) = ip4_in(window)?;
    let (prefix, at) = match octet(window, at) {
        b'/' => qnum(window, at.wrapping_add(1))?,
        _ => (32, at),
    };
    if prefix > 32 || octet(window, at) != b' ' {
        return None;
    }
    Some((address, prefix as u8, octets.get(at..)?))
}

/// ip4-network = qnum "." qnum "." qnum "." qnum
///
/// Gives the address, in bits, and what follows it.
pub(crate) fn ip4_network(octets: &[u8]) -> Option<(u32, &[u8])> {
    let (address, end) = match octets.first_chunk() {
        Some(window) => ip4_in(window)?,
        None => ip4_in(&padded(octets))?,
    };
    Some((address, octets.get(end..)?))
}

/// The same, in a window: gives the address and where it ends.
#[inline(always)]
fn ip4_in(window: &Window) -> Option<(u32, usize)> {
    let next = |at: usize| if octet(window, at) == b'.' { qnum(window, at.wrapping_add(1)) } else { None };
    let (first, at) = qnum(window, 0)?;
    let (second, at) = next(at)?;
    let (third, at) = next(at)?;
    let (fourth, at) = next(at)?;
    Some(((first << 24) | (second << 16) | (third << 8) | fourth, at))
}

/// qnum: a decimal number up to 255 without a leading zero. Gives it and where it ends.
///
/// A fourth digit is left over, and is no dot, no slash and no end of a term.
#[inline(always)]
fn qnum<const N: usize>(window: &[u8; N], at: usize) -> Option<(u32, usize)> {
    // what is no digit comes out above 9
    let digit = |place: usize| u32::from(octet(window, at.wrapping_add(place)) ^ b'0');
    let (first, second) = (digit(0), digit(1));
    if first > 9 {
        return None;
    }
    if second > 9 {
        return Some((first, at.wrapping_add(1)));
    }
    if first == 0 {
        return None;
    }
    let number = first.wrapping_mul(10).wrapping_add(second);
    let third = digit(2);
    if third > 9 {
        return Some((number, at.wrapping_add(2)));
    }
    let number = number.wrapping_mul(10).wrapping_add(third);
    if number > 255 { None } else { Some((number, at.wrapping_add(3))) }
}

/// ip4-cidr-length = "/" ("0" / %x31-39 0*1DIGIT), up to 32; ip6-cidr-length the same, up to 128
#[inline]
pub(crate) fn prefix_number(octets: &[u8], most: u8) -> Option<(u8, &[u8])> {
    let (number, end) = match octets.first_chunk::<4>() {
        Some(window) => qnum(window, 0)?,
        None => qnum(&padded::<4>(octets), 0)?,
    };
    let number = u8::try_from(number).ok().filter(|number| *number <= most)?;
    Some((number, octets.get(end..)?))
}

/// Whether the first `prefix` bits of two IPv4 addresses are equal.
#[inline]
pub(crate) fn is_in_ip4(address: u32, network: u32, prefix: u8) -> bool {
    let behind = 32_u32.wrapping_sub(u32::from(prefix));
    // by a prefix of 0, all addresses are equal
    (address ^ network).checked_shr(behind).unwrap_or(0) == 0
}

/// Whether the first `prefix` bits of two IPv6 addresses are equal.
#[inline]
pub(crate) fn is_in_ip6(address: u128, network: u128, prefix: u8) -> bool {
    let behind = 128_u32.wrapping_sub(u32::from(prefix));
    (address ^ network).checked_shr(behind).unwrap_or(0) == 0
}

/// ip6-network [ ip6-cidr-length ]
///
/// Gives the groups, the prefix length, and what follows them, which is the end of a term.
#[inline(always)]
pub(crate) fn ip6_cidr(octets: &[u8]) -> Option<(Groups, u8, &[u8])> {
    let (network, rest) = ip6_network(octets)?;
    let (prefix, rest) = match rest {
        [b'/', number @ ..] => prefix_number(number, 128)?,
        rest => (128, rest),
    };
    matches!(rest, [] | [b' ', ..]).then_some((network, prefix, rest))
}

/// How many groups an address has.
const GROUPS: u32 = 8;

/// The groups of an IPv6 address as they were read. They are put together only where somebody wants to know it.
#[derive(Clone, Copy)]
pub(crate) struct Groups {
    /// One behind the other.
    bits: u128,
    /// How many there are.
    count: u32,
    /// How many stand before the "::".
    gap: Option<u32>,
}

impl Groups {
    /// The address, in bits.
    pub(crate) fn address(self) -> u128 {
        let Some(before) = self.gap else { return self.bits };
        let width = |groups: u32| groups.wrapping_mul(16);
        let behind = width(self.count.wrapping_sub(before));
        let head = self.bits.checked_shr(behind).unwrap_or(0);
        let tail = self.bits ^ head.checked_shl(behind).unwrap_or(0);
        tail | head.checked_shl(width(GROUPS.wrapping_sub(before))).unwrap_or(0)
    }
}

/// ip6-network = an address as in RFC 4291 §2.2
///
/// Gives the groups and what follows them, which begins with none of the octets of an address.
#[inline]
pub(crate) fn ip6_network(octets: &[u8]) -> Option<(Groups, &[u8])> {
    let mut groups = Groups { bits: 0, count: 0, gap: None };
    let mut rest = octets;
    if let [b':', b':', behind @ ..] = rest {
        (groups.gap, rest) = (Some(0), behind);
    }
    loop {
        let (group, length) = hex_group(rest);
        if length == 0 {
            // only a "::" may end an address without a group
            if groups.gap != Some(groups.count) {
                return None;
            }
            break;
        }
        let behind = rest.get(length..)?;
        if let [b'.', ..] = behind {
            let (last, behind) = ip4_network(rest)?;
            groups.bits = (groups.bits << 32) | u128::from(last);
            groups.count = groups.count.wrapping_add(2);
            rest = behind;
            break;
        }
        groups.bits = (groups.bits << 16) | u128::from(group);
        groups.count = groups.count.wrapping_add(1);
        match behind {
            _ if groups.count > GROUPS => return None,
            [b':', b':', behind @ ..] if groups.gap.is_none() => {
                (groups.gap, rest) = (Some(groups.count), behind);
            }
            [b':', behind @ ..] => rest = behind,
            behind => {
                rest = behind;
                break;
            }
        }
    }
    let is_whole = match groups.gap {
        // a "::" stands for one group at least
        Some(_) => groups.count < GROUPS,
        None => groups.count == GROUPS,
    };
    is_whole.then_some((groups, rest))
}

/// Up to four hexadecimal digits from the start, and how many they are.
#[inline(always)]
fn hex_group(octets: &[u8]) -> (u32, usize) {
    let window;
    let window: &[u8; 4] = match octets.first_chunk() {
        Some(window) => window,
        None => {
            window = padded(octets);
            &window
        }
    };
    let (mut group, mut length) = (0_u32, 0_usize);
    for octet in window {
        let digit = HEX_DIGITS.get(usize::from(*octet)).copied().unwrap_or(u8::MAX);
        if digit > 0xf {
            break;
        }
        (group, length) = ((group << 4) | u32::from(digit), length.wrapping_add(1));
    }
    (group, length)
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
    use alloc::{format, vec};

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
            assert!(ends_in_top_label(format!(".{label}").as_bytes()), "{label}");
            assert!(ends_in_top_label(format!("a_/-.{label}").as_bytes()), "{label}");
            assert!(!ends_in_top_label(label.as_bytes()), "{label}");
        }
        for label in ["", "1", "12", "-a", "a-", "-", "a_b", "a b", "\u{e4}"] {
            assert!(!ends_in_top_label(format!("com.{label}").as_bytes()), "{label}");
        }
    }
}
