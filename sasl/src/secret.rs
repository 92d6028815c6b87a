use alloc::vec::Vec;
use core::fmt;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// Octets that are overwritten when they are dropped, never printed, and compared in constant time.
///
/// What a client sends comes as a `Secret`, because the response of PLAIN *is* the password.
#[derive(Clone, Default)]
pub struct Secret {
    octets: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// Copies the octets; that the original is overwritten is the caller's business.
    #[must_use]
    pub fn new(octets: &[u8]) -> Self {
        Self::concat(&[octets])
    }

    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets
    }

    /// Puts pieces together, in one allocation, so that no copy is left behind by a buffer that grew.
    pub(crate) fn concat(pieces: &[&[u8]]) -> Self {
        let mut octets = Zeroizing::new(Vec::with_capacity(pieces.iter().map(|piece| piece.len()).sum()));
        for piece in pieces {
            octets.extend_from_slice(piece);
        }
        Self { octets }
    }

    /// Takes a buffer over.
    pub(crate) fn from_vec(octets: Vec<u8>) -> Self {
        Self { octets: Zeroizing::new(octets) }
    }

    /// `XOR` of RFC 5802 §2.2, for two of the same length.
    pub(crate) fn xor(&self, other: &[u8]) -> Self {
        Self::from_vec(self.octets.iter().zip(other).map(|(one, two)| one ^ two).collect())
    }
}

impl ConstantTimeEq for Secret {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.octets.ct_eq(&other.octets)
    }
}

/// In a time that depends on the lengths only.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Secret {}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_secret_is_compared_and_not_printed() {
        let secret = Secret::concat(&[b"ab", b"c"]);
        assert_eq!(secret, Secret::from("abc"));
        assert_ne!(secret, Secret::from("abd"));
        assert_ne!(secret, Secret::from("abcd"));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
