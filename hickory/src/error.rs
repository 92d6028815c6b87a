//! Why there is no resolver.

use std::io;

/// Why a resolver cannot be set up. Once it is, whatever goes wrong is an answer:
/// [`Answer::Unavailable`](mail_base::dns::Answer::Unavailable).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The list of name servers is empty.
    #[error("no name server is given")]
    NoServer,
    /// hickory refuses the configuration, or cannot read that of the system; its own words.
    #[error("the resolver cannot be set up: {0}")]
    Configuration(String),
    /// The thread of a [`BlockingResolver`](crate::BlockingResolver) cannot be started.
    #[error("the resolver's thread cannot be started: {0}")]
    Thread(io::ErrorKind),
}
