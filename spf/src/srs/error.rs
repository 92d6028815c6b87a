//! Why an address cannot be rewritten or told.

use thiserror::Error;

/// Why an address cannot be rewritten or told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SrsError {
    /// The address has no local part or no domain.
    #[error("no address")]
    NoAddress,
    /// The address, or the rewritten one, has more than [`MAX_ADDRESS`](super::MAX_ADDRESS) octets.
    #[error("an address of more than 1024 octets")]
    TooLong,
    /// The address has a control character.
    #[error("a control character in an address")]
    Character,
    /// The domain of the address is neither one nor an address literal.
    #[error("an address whose domain is none")]
    Domain,
    /// The local part is neither of characters that need no quotation marks, nor a quoted string.
    #[error("an address whose local part is none")]
    LocalPart,
    /// The rewritten address would have a longer local part than [`Srs::with_local_part_limit`](super::Srs::with_local_part_limit) allows.
    #[error("a rewritten address with too long a local part")]
    LocalPartTooLong,
    /// The secret is empty, so that anybody could make the hashes.
    #[error("an empty secret")]
    NoSecret,
    /// The address is of another domain.
    #[error("an address of another domain")]
    OtherDomain,
    /// The local part begins with neither `SRS0` nor `SRS1` and a separator.
    #[error("not a rewritten address")]
    NotRewritten,
    /// Parts of the rewritten address are missing.
    #[error("a rewritten address with missing parts")]
    Format,
    /// The time stamp is not two characters of base32.
    #[error("a rewritten address with a broken time stamp")]
    Stamp,
    /// The address was made too long ago.
    #[error("a rewritten address that has expired")]
    Expired,
    /// The hash is not of any secret here, or is too short.
    #[error("a rewritten address that was not made here")]
    Forged,
}
