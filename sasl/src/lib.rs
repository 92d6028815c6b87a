#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

pub mod line;
pub mod scram;
pub mod server;

mod channel;
mod choose;
mod client;
mod cram_md5;
mod credentials;
mod error;
mod grammar;
mod limits;
mod mac;
mod mechanism;
mod nonce;
mod oauth;
mod prepared;
mod secret;
mod simple;

pub use channel::{BindingType, Channel, ChannelBinding};
pub use choose::{Choice, ChooseError, Policy};
pub use client::{Client, ClientError};
pub use credentials::Credentials;
pub use error::{MessageError, MessageErrorKind};
pub use limits::{Limits, MIN_ITERATIONS, MIN_SALT};
pub use mechanism::Mechanism;
pub use nonce::Nonce;
pub use prepared::{PrepareError, PrepareErrorKind, Prepared};
pub use scram::{Hash, StoredKeys};
pub use secret::Secret;
pub use server::{Attempt, Failure, Identity, Server, Step};
