#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;
#[cfg(feature = "report")]
extern crate std;

mod answers;
mod author;
mod build;
mod compare;
mod discovery;
pub mod error;
mod evaluate;
mod external;
mod few;
#[cfg(test)]
mod grammar;
pub mod limits;
pub mod lint;
mod policy;
pub mod record;
#[cfg(feature = "report")]
pub mod report;
mod request;
#[cfg(feature = "psl")]
mod suffix;
pub mod tag;
mod uri;
mod verdict;

pub use author::Authors;
pub use build::RecordBuilder;
pub use compare::{Compare, Comparison, compare};
pub use discovery::{Discovery, Method, SuffixList, walk_targets};
pub use error::AuthorError;
pub use evaluate::{Discover, Discovered, Evaluation, discover, evaluate};
pub use external::{Destination, DestinationCheck, Refusal, ReportKind, check_destination};
pub use limits::Limits;
pub use mail_base::{Inquiry, Name, Step, Zone, dns};
pub use policy::{AlignmentMode, FailureOptions, Policy, PublicSuffix};
pub use record::Record;
pub use request::{LocalPolicy, OnReject, Request, SeveralAuthors};
#[cfg(feature = "psl")]
pub use suffix::PslList;
pub use uri::{Uri, Uris};
pub use verdict::{
    Aligned, Alignment, Cause, Disposition, Mechanism, Override, OverrideKind, Reply, Report, Verdict,
};
