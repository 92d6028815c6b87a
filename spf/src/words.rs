//! Octets, eight at a time: what is asked of each is answered for all of them with a few operations on one number.

/// The high bit of each octet.
pub(crate) const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

/// Eight octets, the first of them lowest. What is asked of each is answered in its high bit.
#[derive(Clone, Copy)]
pub(crate) struct Word {
    octets: u64,
    /// The same without their high bits, so that no sum carries into the next octet.
    low: u64,
}

impl Word {
    #[inline(always)]
    pub(crate) fn of(octets: [u8; 8]) -> Self {
        let octets = u64::from_le_bytes(octets);
        Self { octets, low: octets & !HIGH }
    }

    #[inline(always)]
    pub(crate) fn equal(self, octet: u8) -> u64 {
        let others = (self.low ^ u64::from_ne_bytes([octet; 8])).wrapping_add(!HIGH);
        !(others | self.octets) & HIGH
    }

    #[inline(always)]
    pub(crate) fn others_than_literals(self) -> u64 {
        (!among(self.low, b'!', b'~') | self.equal(b'%') | self.octets) & HIGH
    }

    #[inline(always)]
    pub(crate) fn others_than_letters(self) -> u64 {
        let lower = self.low | u64::from_ne_bytes([0x20; 8]);
        (!among(lower, b'a', b'z') | self.octets) & HIGH
    }

    #[inline(always)]
    pub(crate) fn hex_digits(self) -> u64 {
        let lower = self.low | u64::from_ne_bytes([0x20; 8]);
        (among(self.low, b'0', b'9') | among(lower, b'a', b'f')) & !self.octets & HIGH
    }
}

/// Which octets, none of them above 0x7f, are in this range. Only their high bits count.
#[inline(always)]
fn among(low: u64, first: u8, last: u8) -> u64 {
    // what lifts this octet, and all above it, to 0x80
    let lift = |octet: u8| u64::from_ne_bytes([0x80_u8.wrapping_sub(octet); 8]);
    low.wrapping_add(lift(first)) & !low.wrapping_add(lift(last.wrapping_add(1)))
}

/// The octets of which something is true, each as one bit, the first of them lowest.
#[inline(always)]
pub(crate) fn set_of(octets: &[u8; 16], is: impl Fn(Word) -> u64) -> u32 {
    let (words, _) = octets.as_chunks::<8>();
    words.iter().rev().fold(0, |set, word| {
        // each high bit comes to its place in the highest octet
        let gathered = (is(Word::of(*word)) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        (set << 8) | gathered as u32
    })
}

/// Which octet of a word is the first that has its high bit set.
#[inline(always)]
pub(crate) fn first(high_bits: u64) -> usize {
    (high_bits.trailing_zeros() / 8) as usize
}
