//! What the tests of the family share. Not published.
//!
//! - [`corpus`]: conformance data that is not part of this repository
//! - [`Scorecard`]: many cases against a list of expected failures, where an unexpected success fails too
//! - [`heap`]: an allocator that counts
//! - [`line_ends`]: what the policies for line ends say, by the letter
//! - [`programs`]: mail programs of others, and our examples, started and ended
//! - [`splits`]: the same octets in every pair of pieces, and one by one
#![allow(clippy::panic, clippy::expect_used, clippy::print_stdout)]

pub mod corpus;
pub mod heap;
pub mod line_ends;
pub mod programs;
mod scorecard;

pub use scorecard::Scorecard;

/// The input whole, octet by octet, and cut in two at every place: every stream machine must give the same
/// whatever the pieces.
pub fn splits(input: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let whole = std::iter::once(vec![input]);
    let single = std::iter::once(input.chunks(1).collect());
    let cuts = (0..=input.len()).map(|at| {
        let (first, second) = input.split_at(at);
        vec![first, second]
    });
    whole.chain(single).chain(cuts)
}

/// The programs of the repository's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
