/// What a machine accepts of its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most octets of a challenge or response. 9,216 are the 12,288 octets of base64 that RFC 4954 §4 holds
    /// to be enough for any mechanism.
    pub message: usize,
    /// Client: the fewest iterations of SCRAM that a server may ask for. A server that asks for fewer makes
    /// the password cheap to guess from the exchange. 4,096, RFC 5802 §5.1 and RFC 7677 §4.
    pub min_iterations: u32,
    /// Client: the most iterations of SCRAM that a server may ask for, because a hostile one could ask for
    /// four thousand million (RFC 5802 §9). 1,000,000.
    pub max_iterations: u32,
}

/// The fewest iterations with which [`StoredKeys`](crate::StoredKeys) are made or read, and the default of
/// [`Limits::min_iterations`]: RFC 5802 §5.1, RFC 7677 §4.
pub const MIN_ITERATIONS: u32 = 4096;

/// The fewest octets of a salt, RFC 5802 erratum 2652.
pub const MIN_SALT: usize = 2;

impl Default for Limits {
    fn default() -> Self {
        Self { message: 9216, min_iterations: MIN_ITERATIONS, max_iterations: 1_000_000 }
    }
}

impl Limits {
    /// The same with another limit for messages, in octets.
    #[must_use]
    pub fn with_message(self, message: usize) -> Self {
        Self { message, ..self }
    }

    /// The same with another least number of iterations.
    #[must_use]
    pub fn with_min_iterations(self, min_iterations: u32) -> Self {
        Self { min_iterations, ..self }
    }

    /// The same with another greatest number of iterations.
    #[must_use]
    pub fn with_max_iterations(self, max_iterations: u32) -> Self {
        Self { max_iterations, ..self }
    }
}
