//! What a server machine remembers.

use super::event::HelloKind;
use crate::params::BodyType;
use mail_base::{dot::DotDecoder, lines::EndingFilter};

/// How the next octets are read.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// As commands.
    Command,
    /// As one line inside AUTH.
    Auth,
    /// As the body of a message.
    Body(Reading),
    /// As TLS, which is not ours to read.
    Tls,
    /// Not at all.
    Closed,
}

#[derive(Clone, Debug)]
pub(super) enum Reading {
    /// Behind DATA.
    Dots(DotDecoder),
    /// Behind BDAT.
    Chunk { left: u64, last: bool },
}

/// What has been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Connect,
    Hello(HelloKind),
    Auth,
    StartTls,
    Mail {
        body: BodyType,
        smtputf8: bool,
    },
    Rcpt,
    Data,
    ChunkEnd,
    BodyEnd {
        /// How many replies are owed.
        left: u32,
        /// Whether one of those given was a success.
        is_taken: bool,
    },
    /// A part of the message that is not the last.
    Burl,
    Xclient {
        /// Whether the client that is named has authenticated.
        is_login: bool,
    },
    /// A command that changes nothing.
    Other,
}

/// A message that is being taken: MAIL has been accepted.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) recipients: u32,
    pub(super) body: BodyType,
    pub(super) smtputf8: bool,
    /// How many octets of the body have come.
    pub(super) octets: u64,
    /// There is one as soon as BDAT or BURL has come.
    pub(super) filter: Option<EndingFilter>,
}
