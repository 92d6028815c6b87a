#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod error;
mod field;
mod grammar;
pub mod iprev;
mod words;

pub use error::{FieldError, FieldErrorKind, WordError};
pub use field::{
    ARC_FIELD_NAME, AuthenticationResults, FIELD_NAME, MethodResult, Property, ReadPolicy, fields_to_remove,
    is_same_authserv_id, trusted_field,
};
pub use mail_base::{Inquiry, Name, Step, Zone, dns, zone};
pub use words::{Keyword, Method, PropertyType, ResultCode};
