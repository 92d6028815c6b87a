#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod challenge;
mod digest;
mod error;
mod grammar;

pub use challenge::{Challenge, MAX_OCTETS};
pub use digest::Digest;
pub use error::{ChallengeError, ChallengeErrorKind};
