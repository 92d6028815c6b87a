//! Finding an octet, many at a time: the standard library looks at one after the other.

/// So many octets are looked at in one, with a loop that the compiler turns into vector instructions.
const BLOCK: usize = 16;

/// A word of eight such octets.
pub(crate) const fn each(octet: u8) -> u64 {
    u64::from_ne_bytes([octet; 8])
}

/// Which octet of a word, the first of them lowest, is the first that has a bit set.
#[inline]
pub(crate) fn first(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros() / 8).unwrap_or(0)
}

/// The offset of the first `wanted`.
#[inline]
#[must_use]
pub fn position(octets: &[u8], wanted: u8) -> Option<usize> {
    let (blocks, _) = octets.as_chunks::<BLOCK>();
    let without = blocks.iter().take_while(|block| !has(block, wanted)).count().saturating_mul(BLOCK);
    let at = position_in_words(octets.get(without..)?, wanted)?;
    Some(without.saturating_add(at))
}

#[inline]
fn has(block: &[u8; BLOCK], wanted: u8) -> bool {
    block.iter().fold(false, |found, &octet| found | (octet == wanted))
}

/// Eight at a time.
#[inline]
fn position_in_words(octets: &[u8], wanted: u8) -> Option<usize> {
    let (words, rest) = octets.as_chunks::<8>();
    for (count, word) in words.iter().enumerate() {
        // the lowest octet that is zero gives the lowest of the highest bits that are set
        let word = u64::from_le_bytes(*word) ^ each(wanted);
        let found = word.wrapping_sub(each(0x01)) & !word & each(0x80);
        if found != 0 {
            return Some(count.saturating_mul(8).saturating_add(first(found)));
        }
    }
    let offset = rest.iter().position(|&octet| octet == wanted)?;
    Some(words.len().saturating_mul(8).saturating_add(offset))
}

#[cfg(test)]
mod tests {
    use super::position;
    use alloc::vec;

    #[test]
    fn the_first_is_found_wherever_it_stands() {
        // what differs by one bit, or by the borrow of a subtraction, is not taken for it
        for other in [0, 1, b'\n' + 1, b'\n' - 1, b'\n' | 0x80, 0xff] {
            for length in 0..100 {
                let mut octets = vec![other; length];
                assert_eq!(position(&octets, b'\n'), None);
                for at in (0..length).rev() {
                    octets[at] = b'\n';
                    assert_eq!(position(&octets, b'\n'), Some(at));
                }
            }
        }
    }
}
