//! The smallest parts of a record, octet by octet: classes of characters, numbers and addresses. They know nothing
//! of records.

use mail_base::scan::{
    HIGHEST, ascii_between, ascii_equal, between, each, gathered, not_visible_from, position_in_words, zeros,
};

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

/// name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
pub(crate) fn is_name(octets: &[u8]) -> bool {
    let is_rest = |octet: &u8| is_of(*octet, LETTER | DIGIT | HYPHEN | NAME_MARK);
    octets.first().is_some_and(|first| is_of(*first, LETTER)) && octets.iter().all(is_rest)
}

/// How many octets from the start are macro-literals: visible, and no percent sign. Eight are looked at in one.
#[inline]
pub(crate) fn literal_length(octets: &[u8]) -> usize {
    let others = |word| not_visible_from(word, b'!') | zeros(word ^ each(b'%'));
    position_in_words(octets, 0, others).unwrap_or(octets.len())
}

/// How many octets from the start are such macro-literals as domains without macros are made of: none of those that
/// stand before the hyphen, the percent sign among them.
#[inline(always)]
pub(crate) fn usual_length(octets: &[u8]) -> usize {
    position_in_words(octets, 0, |word| not_visible_from(word, b'-')).unwrap_or(octets.len())
}

/// Whether a text ends in a dot and a top label.
///
/// toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
///
/// In other words: letters, digits and hyphens, no hyphen at either end, and not only digits.
pub(crate) fn ends_in_top_label(octets: &[u8]) -> bool {
    if octets.last_chunk().is_some_and(ends_in_letters) {
        return true;
    }
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

/// Whether eight octets end in a dot and letters, as almost all names do.
#[inline]
pub(crate) fn ends_in_letters(octets: &[u8; 8]) -> bool {
    let word = u64::from_le_bytes(*octets) | each(0x20);
    let others = !between(word, b'a', b'z') & HIGHEST;
    let behind = (others.leading_zeros() / 8) as usize;
    behind > 0 && octets.iter().rev().nth(behind) == Some(&b'.')
}

/// The first octets of a text that is shorter than a window; behind the end there are spaces, which end a term as the
/// end does.
#[cold]
fn padded<const N: usize>(octets: &[u8]) -> [u8; N] {
    let mut padded = [b' '; N];
    padded.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
    padded
}

/// The octets of an IPv4 network, the longest of which is `255.255.255.255/32`, and one behind it, in more than that.
type Window = [u8; 20];

/// The octet at a place, or a space where there is none.
#[inline(always)]
fn octet<const N: usize>(window: &[u8; N], at: usize) -> u8 {
    window.get(at).copied().unwrap_or(b' ')
}

/// Four octets from a place that is one of the first sixteen.
#[inline(always)]
fn four(window: &Window, at: usize) -> [u8; 4] {
    let window = window.get(at & 0xf..).and_then(<[u8]>::first_chunk);
    window.copied().unwrap_or_default()
}

/// ip4-network [ ip4-cidr-length ]
///
/// Gives the address in bits, the prefix length, and what follows them, which is the end of a term. Nothing is read in
/// the last octets of a record, where there may be less than a window.
#[inline(always)]
pub(crate) fn ip4_cidr(octets: &[u8]) -> Option<(u32, u8, &[u8])> {
    let window = octets.first_chunk()?;
    let (address, at) = ip4_in(window)?;
    let (prefix, at) = match four(window, at) {
        [b'/', first, second, third] => {
            let (prefix, length) = qnum([first, second, third, 0])?;
            (prefix, at.wrapping_add(1).wrapping_add(length))
        }
        _ => (32, at),
    };
    if prefix > 32 || octet(window, at) != b' ' {
        return None;
    }
    Some((address, prefix as u8, octets.get(at..)?))
}

/// The same, where nobody wants to know the network, but only that its prefix length is no less than 8: gives what
/// follows it.
#[inline(always)]
pub(crate) fn long_ip4_cidr_end(octets: &[u8]) -> Option<&[u8]> {
    let window = octets.first_chunk()?;
    let (_, at) = ip4_in(window)?;
    let end = match four(window, at) {
        [b' ', ..] => at,
        [b'/', b'1' | b'2', b'0'..=b'9', _] | [b'/', b'3', b'0'..=b'2', _] => at.wrapping_add(3),
        [b'/', b'8' | b'9', ..] => at.wrapping_add(2),
        _ => return None,
    };
    if octet(window, end) == b' ' { octets.get(end..) } else { None }
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
    let (first, at) = qnum(four(window, 0))?;
    let next = |address: u32, at: usize| {
        if octet(window, at) != b'.' {
            return None;
        }
        let at = at.wrapping_add(1);
        let (number, length) = qnum(four(window, at))?;
        Some(((address << 8) | number, at.wrapping_add(length)))
    };
    let (address, at) = next(first, at)?;
    let (address, at) = next(address, at)?;
    next(address, at)
}

/// qnum: a decimal number up to 255 without a leading zero. Gives it and its length.
///
/// All four octets are looked at in one. A fourth digit is left over, and is no dot, no slash and no end of a term.
#[inline(always)]
fn qnum(octets: [u8; 4]) -> Option<(u32, usize)> {
    // what is a digit comes out as its value, and what is none above 9
    let values = u32::from_le_bytes(octets) ^ u32::from_ne_bytes([b'0'; 4]);
    // the highest bit of what is no digit; behind such an octet it may be wrong
    let others = values.wrapping_add(u32::from_ne_bytes([0x80 - 10; 4])) | values;
    if others & 0x80_8080 == 0 {
        // from 100 to 255, the first digit highest
        let digits = values.swap_bytes() >> 8;
        let number = (values.wrapping_mul(0x64_0a01) >> 16) & 0xff;
        (0x01_0000..=0x02_0505).contains(&digits).then_some((number, 3))
    } else if others & 0x8080 == 0 {
        let number = (values.wrapping_mul(0x0a01) >> 8) & 0xff;
        (values & 0xff != 0).then_some((number, 2))
    } else {
        (others & 0x80 == 0).then_some((values & 0xff, 1))
    }
}

/// ip4-cidr-length = "/" ("0" / %x31-39 0*1DIGIT), up to 32; ip6-cidr-length the same, up to 128
#[inline]
pub(crate) fn prefix_number(octets: &[u8], most: u8) -> Option<(u8, &[u8])> {
    let (number, end) = match octets.first_chunk::<4>() {
        Some(window) => qnum(*window)?,
        None => qnum(padded(octets))?,
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
pub(crate) fn ip6_cidr(octets: &[u8]) -> Option<(Groups, u8, &[u8])> {
    let (network, rest) = ip6_network(octets)?;
    let (prefix, rest) = ip6_prefix(rest)?;
    Some((network, prefix, rest))
}

/// The same, where nobody wants to know the network: gives what follows it.
#[inline(always)]
pub(crate) fn ip6_cidr_end(octets: &[u8]) -> Option<&[u8]> {
    let rest = octets.first_chunk().and_then(usual_ip6_end).and_then(|end| octets.get(end..));
    let rest = match rest {
        // all sixteen octets may be of an address that is longer
        Some(rest @ [b'/' | b' ', ..]) => rest,
        _ => ip6_network(octets)?.1,
    };
    Some(ip6_prefix(rest)?.1)
}

/// [ ip6-cidr-length ], and the end of a term behind it
#[inline(always)]
fn ip6_prefix(octets: &[u8]) -> Option<(u8, &[u8])> {
    let (prefix, rest) = match octets {
        [b'/', number @ ..] => prefix_number(number, 128)?,
        rest => (128, rest),
    };
    matches!(rest, [] | [b' ', ..]).then_some((prefix, rest))
}

/// Where an IPv6 address ends that is written as those of networks are: it has a "::", no more than sixteen octets,
/// and a group of several digits. Such an address has no more than seven groups, however they are placed.
///
/// It is found in all octets at once: in a set, each is one bit. Where all of them are of the address, it is for the
/// caller to see that it ends there.
#[inline(always)]
fn usual_ip6_end(octets: &[u8; 16]) -> Option<usize> {
    // a colon comes behind the digits
    let of_address =
        |word| (ascii_between(word, b'0', b':') | ascii_between(word | each(0x20), b'a', b'f')) & !word;
    let (octets_of_address, colons) =
        (set_of(octets, of_address), set_of(octets, |word| ascii_equal(word, b':')));
    let (others, digits) = (!octets_of_address, octets_of_address & !colons);
    // behind the window there is another octet in any case
    let end = others.trailing_zeros();
    let inside = others.wrapping_sub(1) & !others;
    let (digits, colons) = (digits & inside, colons & inside);
    let pairs = digits & (digits >> 1);
    let is_long = pairs & (pairs >> 2) & (digits >> 4) != 0;
    let double = colons & (colons >> 1);
    let is_one = double.is_power_of_two();
    // a colon at either end has another one beside it
    let ends = (inside & !(inside >> 1)) | 1;
    let is_open = colons & ends & !(double | (double << 1)) != 0;
    (pairs != 0 && is_one && !is_long && !is_open).then_some(end as usize)
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
///
/// Where nobody looks at the groups, they are not even put together: that takes inlining.
#[inline(always)]
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
    // most groups have four digits
    if let Some(digits) = octets.first_chunk()
        && are_hex_digits(*digits)
    {
        return (hex_number(*digits), digits.len());
    }
    let (mut group, mut length) = (0_u32, 0_usize);
    for octet in octets.iter().take(3) {
        let digit = HEX_DIGITS.get(usize::from(*octet)).copied().unwrap_or(u8::MAX);
        if digit > 0xf {
            break;
        }
        (group, length) = ((group << 4) | u32::from(digit), length.wrapping_add(1));
    }
    (group, length)
}

/// Whether four octets are hexadecimal digits.
#[inline(always)]
fn are_hex_digits(octets: [u8; 4]) -> bool {
    let [first, second, third, fourth] = octets;
    hex_digits(u64::from_le_bytes([first, second, third, fourth, b'0', b'0', b'0', b'0'])) == HIGHEST
}

/// Which of eight octets are hexadecimal digits.
#[inline(always)]
fn hex_digits(word: u64) -> u64 {
    between(word, b'0', b'9') | between(word | each(0x20), b'a', b'f')
}

/// The octets of which something is true, each as one bit, the first of them lowest.
#[inline(always)]
fn set_of(octets: &[u8; 16], is: impl Fn(u64) -> u64) -> u64 {
    let (words, _) = octets.as_chunks::<8>();
    words.iter().rev().fold(0, |set, word| (set << 8) | gathered(is(u64::from_le_bytes(*word))))
}

/// The number that four hexadecimal digits write.
#[inline(always)]
fn hex_number(digits: [u8; 4]) -> u32 {
    let word = u32::from_be_bytes(digits);
    // of a letter, bit 6 is set, and the low bits count from 1
    let letters = (word >> 6) & u32::from_ne_bytes([1; 4]);
    let values = (word & u32::from_ne_bytes([0xf; 4])).wrapping_add(letters.wrapping_mul(9));
    let pairs = (values | (values >> 4)) & 0x00ff_00ff;
    (pairs | (pairs >> 8)) & 0xffff
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
    use alloc::{format, string::String, vec};
    use core::net::{Ipv4Addr, Ipv6Addr};
    use proptest::prelude::*;

    #[test]
    fn a_number_has_no_leading_zero_and_is_no_larger_than_255() {
        let octet = [&b"0123456789./ :"[..], &[0, 0x80, 0xb0, 0xff]].concat();
        let all = octet.iter().flat_map(|a| octet.iter().flat_map(|b| octet.iter().map(|c| [*a, *b, *c])));
        for [a, b, c] in all {
            for d in [b'.', b' ', b'1', 0xb1] {
                let text = [a, b, c, d];
                let digits = text.iter().take(3).take_while(|octet| octet.is_ascii_digit()).count();
                let digits = str::from_utf8(&text[..digits]).unwrap();
                let is_canonical = digits == "0" || !digits.starts_with('0');
                let number = digits.parse::<u8>().ok().filter(|_| is_canonical);
                let expected = number.map(|number| (u32::from(number), digits.len()));
                assert_eq!(qnum(text), expected, "{}", text.escape_ascii());
            }
        }
    }

    proptest! {
        #[test]
        fn addresses_are_read_as_the_standard_library_reads_them(text in "[0-9]{1,3}(\\.[0-9]{1,3}){2,4}") {
            let expected = text.parse::<Ipv4Addr>().ok().map(Ipv4Addr::to_bits);
            let read = |behind: &str| {
                let octets = format!("{text}{behind}");
                ip4_network(octets.as_bytes()).filter(|(_, rest)| *rest == behind.as_bytes()).map(|(bits, _)| bits)
            };
            prop_assert_eq!(read(""), expected);
            prop_assert_eq!(read(" and more than a window of it"), expected);
        }

        #[test]
        fn groups_are_read_as_the_standard_library_reads_them(text in "[0-9a-fA-F:]{2,18}|([0-9a-f]{1,5}:{1,2}){1,8}[0-9A-F]{0,4}") {
            let expected = text.parse::<Ipv6Addr>().ok().map(Ipv6Addr::to_bits);
            let network = ip6_network(text.as_bytes()).filter(|(_, rest)| rest.is_empty());
            prop_assert_eq!(network.map(|(groups, _)| groups.address()), expected);
            let padded = format!("{text}/64 ip6:2001:db8::");
            let end = ip6_cidr_end(padded.as_bytes()).map(|rest| padded.len() - rest.len() - 3);
            prop_assert_eq!(end, expected.map(|_| text.len()));
            let is_usual = padded.as_bytes().first_chunk().and_then(usual_ip6_end);
            let is_cut = is_usual == Some(16) && text.len() > 16;
            prop_assert!(is_cut || is_usual.is_none_or(|end| expected.is_some() && end == text.len()));
        }

        #[test]
        fn a_top_label_is_found_octet_by_octet(text in "[a-zA-Z0-9.-]{0,4}[.a@\\[`{_-][a-z0-9.]{0,9}[a-zA-Z-]{0,9}") {
            let label = text.rsplit_once('.').map(|(_, label)| label);
            let is_top_label = label.is_some_and(|label: &str| {
                let octets = label.as_bytes();
                !label.is_empty()
                    && octets.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-')
                    && !octets.iter().all(u8::is_ascii_digit)
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            });
            prop_assert_eq!(ends_in_top_label(text.as_bytes()), is_top_label, "{}", text);
        }
    }

    #[test]
    fn usual_networks_are_found_at_once() {
        for text in
            ["2001:4860:4000::/36", "2001:db8::/32 -all", "::ffff/128 and so on", "fe80::1ff and more"]
        {
            let end = text.as_bytes().first_chunk().and_then(usual_ip6_end);
            assert_eq!(end, text.find(['/', ' ']), "{text}");
        }
    }

    /// An IPv4 network, read part by part: the address, the prefix length, and what follows them.
    fn ip4_by_parts(octets: &[u8]) -> Option<(u32, u8, &[u8])> {
        let (address, rest) = ip4_network(octets)?;
        let (prefix, rest) = match rest {
            [b'/', number @ ..] => prefix_number(number, 32)?,
            rest => (32, rest),
        };
        rest.starts_with(b" ").then_some((address, prefix, rest))
    }

    #[test]
    fn networks_in_a_window_are_those_read_part_by_part() {
        for address in ["1.2.3.4", "10.20.30.40", "203.0.113.25", "255.255.255.255", "1.2.3", "1.2.3.256"] {
            let prefixes = (0..=199).map(|prefix| format!("/{prefix}"));
            for prefix in prefixes.chain(["", "/", "/08", "/032", "/8a", "a", ":"].map(String::from)) {
                for behind in [" ", "x", "/", "//64"] {
                    let text = format!("{address}{prefix}{behind} and more than a window of it");
                    let expected = ip4_by_parts(text.as_bytes());
                    assert_eq!(ip4_cidr(text.as_bytes()), expected, "{text}");
                    let long = expected.filter(|(_, prefix, _)| *prefix >= 8);
                    assert_eq!(long_ip4_cidr_end(text.as_bytes()), long.map(|(_, _, rest)| rest), "{text}");
                }
            }
        }
    }

    #[test]
    fn octets_outside_ascii_are_none_of_an_address() {
        let network = b"2001:db8:a::/32 and more than a window of it";
        assert!(ip6_cidr_end(network).is_some());
        for at in 0.."2001:db8:a::/32".len() {
            for octet in 0x80..=0xff {
                let mut network = *network;
                network[at] = octet;
                assert_eq!(ip6_cidr_end(&network), None, "{}", network.escape_ascii());
            }
        }
    }

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
