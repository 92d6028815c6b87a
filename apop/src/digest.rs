use core::fmt;
use md5::{Digest as _, Md5};
use subtle::ConstantTimeEq as _;

const HEX: usize = 32;

/// The answer to a challenge: thirty-two hexadecimal digits in lower case (RFC 1939 §7).
///
/// It has no `==`, because that would not take the same time for every digest: use
/// [`Challenge::verify`](crate::Challenge::verify). It does not print itself either, since secrets can be
/// guessed from it: [`as_str`](Self::as_str) says that it is meant to be sent.
#[derive(Clone)]
pub struct Digest {
    hex: [u8; HEX],
}

impl Digest {
    pub(crate) fn of(challenge: &[u8], secret: &[u8]) -> Self {
        let octets = Md5::new().chain_update(challenge).chain_update(secret).finalize();
        let mut hex = [0; HEX];
        for (pair, octet) in hex.chunks_exact_mut(2).zip(octets) {
            pair.copy_from_slice(&[hex_digit(octet >> 4), hex_digit(octet & 0xf)]);
        }
        Self { hex }
    }

    /// The digits, to be sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.hex).unwrap_or_default()
    }

    pub(crate) fn is(&self, claimed: &[u8]) -> bool {
        self.hex.ct_eq(claimed).into()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

fn hex_digit(nibble: u8) -> u8 {
    let above = if nibble < 10 { b'0' } else { b'a'.wrapping_sub(10) };
    above.wrapping_add(nibble)
}
