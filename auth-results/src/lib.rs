#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod disposition;
mod error;
mod evidence;
mod field;
mod grammar;
mod inbound;
pub mod iprev;
mod replay;
mod report;
mod summary;
mod transcript;
mod words;

pub use disposition::{Action, Disposition, Handling};
pub use error::{FieldError, FieldErrorKind, WordError};
pub use evidence::Evidence;
pub use field::{
    ARC_FIELD_NAME, AuthenticationResults, FIELD_NAME, MethodResult, Property, ReadPolicy, fields_to_remove,
    is_same_authserv_id, trusted_field,
};
pub use inbound::{Envelope, Inbound, Policy};
pub use mail_base::{Inquiry, Name, Step, Zone, dns, zone};
pub use replay::{OLD, ReplayHints};
pub use report::Report;
pub use transcript::Transcript;
pub use words::{Keyword, Method, PropertyType, ResultCode};
