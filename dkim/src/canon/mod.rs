//! Canonical forms (RFC 6376 §3.4).
//!
//! [`header`] makes those of header fields, which are all in memory. [`body`] makes those of bodies while they
//! stream through: it holds back white space and empty lines until it is known whether they count, hands on long
//! stretches that need no change where they lie, and reduces the rest in blocks.

mod block;
pub(crate) mod body;
pub(crate) mod header;
mod space;
pub(crate) mod tap;

#[cfg(test)]
#[path = "../../tests/support/oracle.rs"]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, unreachable_pub)]
mod oracle;
