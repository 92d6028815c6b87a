//! Finding where the relaxed form of a body differs from the body.
//!
//! Most lines need no change at all. [`next_change`] looks at blocks of 64 octets with a loop that the compiler
//! turns into vector instructions, and at single octets only in the block that has something.

const BLOCK: usize = 64;

/// The offset of the first octet at which the relaxed form may differ: a tab, or a space with white space or a
/// control character after it, or with nothing after it yet. The length where there is none.
pub(crate) fn next_change(octets: &[u8]) -> usize {
    let mut at: usize = 0;
    loop {
        let here = octets.get(at..).unwrap_or(&[]);
        let ahead = here.get(1..).unwrap_or(&[]);
        let (Some(block), Some(next)) = (here.first_chunk::<BLOCK>(), ahead.first_chunk::<BLOCK>()) else {
            break;
        };
        if has_change(block, next) {
            break;
        }
        at = at.saturating_add(BLOCK);
    }
    let here = octets.get(at..).unwrap_or(&[]);
    let next = here.get(1..).unwrap_or(&[]).iter().copied().chain([b' ']);
    let change = here.iter().zip(next).position(|(&octet, next)| is_change(octet, next));
    change.map_or(octets.len(), |offset| at.saturating_add(offset))
}

fn has_change(block: &[u8; BLOCK], next: &[u8; BLOCK]) -> bool {
    block.iter().zip(next).fold(false, |found, (&octet, &next)| found | is_change(octet, next))
}

/// No branch: it is a handful of vector instructions for sixteen octets or more.
fn is_change(octet: u8, next: u8) -> bool {
    (octet == b'\t') | ((octet == b' ') & (next <= b' '))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use alloc::vec;

    #[test]
    fn changes_are_found_wherever_they_stand() {
        for length in [0, 1, 2, 63, 64, 65, 66, 127, 128, 129, 200] {
            let mut octets = vec![b'x'; length];
            assert_eq!(next_change(&octets), length);
            for at in 0..length {
                octets[at] = b'\t';
                assert_eq!(next_change(&octets), at);
                octets[at] = b' ';
                let is_last = at + 1 == length;
                assert_eq!(next_change(&octets), if is_last { at } else { length });
                if !is_last {
                    for next in [b' ', b'\t', b'\r'] {
                        octets[at + 1] = next;
                        assert_eq!(next_change(&octets), at);
                    }
                    octets[at + 1] = b'x';
                }
                octets[at] = b'x';
            }
        }
    }
}
