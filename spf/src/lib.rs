#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod build;
pub mod error;
#[cfg(test)]
mod grammar;
pub mod limits;
pub mod lint;
pub mod macros;
mod networks;
mod octets;
mod parse;
mod raw;
pub mod received;
pub mod record;
pub mod reply;
pub mod report;
mod request;
#[cfg(feature = "srs")]
pub mod srs;
pub mod survey;
pub mod trace;
pub mod verdict;

mod check;

pub use check::{Check, check};
pub use error::{RecordError, RecordErrorKind};
pub use limits::Limits;
pub use mail_base::{Inquiry, Name, Step, Zone, dns, name};
pub use record::Record;
pub use report::{Matched, Report};
pub use request::{Identity, Request};
pub use trace::Trace;
pub use verdict::{Cause, DomainError, Verdict};
