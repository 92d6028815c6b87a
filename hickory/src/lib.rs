#![doc = include_str!("../README.md")]

mod answer;
mod blocking;
mod error;
mod name;
mod resolver;

pub use answer::MAX_RECORDS;
pub use blocking::BlockingResolver;
pub use error::SetupError;
pub use hickory_resolver;
pub use mail_base::{Name, dns};
pub use resolver::{DEFAULT_TIME_LIMIT, Resolver};
