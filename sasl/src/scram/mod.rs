//! SCRAM (RFC 5802, RFC 7677): the password never crosses the wire, the server keeps only hashes of it, and the
//! client learns whether the server knew them.
//!
//! ```text
//! client                                        server
//!   n,,n=user,r=C                         ->      looks the user up
//!                                         <-      r=CS,s=salt,i=4096
//!   c=biws,r=CS,p=proof                   ->      checks the proof
//!                                         <-      v=signature
//!   checks the signature
//! ```
//!
//! [`StoredKeys`] is what a server keeps for a user. The machines are inside [`Client`](crate::Client) and
//! [`Server`](crate::Server).

mod client;
mod grammar;
mod keys;
mod record;
mod server;

pub use keys::{Hash, KeysError, KeysErrorKind, StoredKeys};
pub use record::ServerError;
pub use server::{BindingFailure, Decoy, KeysLookup};

pub(crate) use client::{AwaitServerFinal, AwaitServerFirst, Binding, Opening};
pub(crate) use server::{AwaitClientFinal, AwaitClientFirst};
