#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod answers;
mod author;
mod discovery;
pub mod error;
mod evaluate;
#[cfg(test)]
mod grammar;
pub mod limits;
mod policy;
pub mod record;
mod request;
pub mod tag;
mod uri;
mod verdict;

pub use author::Authors;
pub use discovery::{Discovery, Method, SuffixList, walk_targets};
pub use error::AuthorError;
pub use evaluate::{Discover, Discovered, Evaluation, discover, evaluate};
pub use limits::Limits;
pub use mail_base::{Inquiry, Name, Step, Zone, dns};
pub use policy::{AlignmentMode, FailureOptions, Policy, PublicSuffix};
pub use record::Record;
pub use request::{LocalPolicy, OnReject, Request, SeveralAuthors};
pub use uri::{Uri, Uris};
pub use verdict::{
    Aligned, Alignment, Cause, Disposition, Mechanism, Override, OverrideKind, Reply, Report, Verdict,
};
