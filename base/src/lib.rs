#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

pub mod dns;
pub mod dot;
pub mod fields;
pub mod inquiry;
pub mod lex;
pub mod lines;
pub mod name;
pub mod scan;
mod secret;
pub mod tags;
mod text;
pub mod write;
pub mod zone;

pub use inquiry::{Inquiry, Step};
pub use name::Name;
pub use secret::Secret;
pub use zone::Zone;
