//! What a server machine remembers.

use super::body::TopCounter;
use crate::text::Number;
use mail_base::dot::DotEncoder;

/// What the next move is.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// A command is read.
    Command,
    /// One line inside AUTH is read.
    Auth,
    /// A listing is written, from this place in the maildrop on.
    Listing(Listing, usize),
    /// The caller gives a message.
    Body(Sending),
    /// What follows is TLS, which is not ours to read.
    Tls,
    /// Nothing.
    Closed,
}

/// What the lines of a listing tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listing {
    Sizes,
    UniqueIds,
}

#[derive(Clone, Debug)]
pub(super) struct Sending {
    pub(super) encoder: DotEncoder,
    /// For TOP.
    pub(super) counter: Option<TopCounter>,
}

/// What has been asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Connect,
    User(alloc::string::String),
    /// PASS or APOP.
    Login,
    Auth,
    StartTls,
    Retr(Number),
    Top {
        lines: u32,
    },
    Lang {
        tag: alloc::string::String,
    },
    Commit,
    Unknown,
}
