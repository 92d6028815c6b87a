#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

mod base64;
mod capabilities;
pub mod client;
mod command;
mod error;
#[cfg(test)]
mod grammar;
mod listing;
mod maildrop;
mod response;
mod rules;
pub mod server;
mod text;

pub use base64::Base64;
pub use capabilities::{Capabilities, Expire};
pub use client::Client;
pub use command::{Auth, Command};
pub use error::{
    CommandError, CommandErrorKind, Misuse, ResponseError, ResponseErrorKind, TextError, TextErrorKind,
    UpgradeError,
};
pub use listing::{DropListing, ScanListing, UniqueId, UniqueIdListing};
pub use mail_base::{Secret, lines::LineEndings};
pub use maildrop::Maildrop;
pub use response::{Code, Response};
pub use rules::Rules;
pub use server::Server;
pub use text::{Number, Password, Text, Word};
