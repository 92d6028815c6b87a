//! Lines that end in CRLF, found while the octets stream in, and what is done about those that do not.
//!
//! SMTP and POP3 know one line end, CRLF (RFC 5321 §2.3.8, RFC 1939 §3). Where two programs disagree about a
//! bare CR or a bare LF, a message can be made that is one message to the first and two to the second: that is
//! SMTP smuggling. [`LineEndings`] names what may be done about it, and every reader and writer of the family
//! takes one.
//!
//! - [`LineFinder`] finds the next line of commands or replies in the unread octets. It remembers how far it
//!   has looked, so that a line that comes octet by octet costs no more than one that comes whole.
//! - [`EndingFilter`] passes counted octets (a BDAT chunk) on in pieces, with their line ends checked.
//!
//! ```
//! use mail_base::lines::{Found, LineEndings, LineFinder};
//!
//! let mut finder = LineFinder::new(LineEndings::Strict);
//! assert_eq!(finder.find(b"NOOP\r", 512)?, Found::NeedInput);
//! assert_eq!(finder.find(b"NOOP\r\nQUIT", 512)?, Found::Line { text: b"NOOP", used: 6 });
//! assert!(finder.find(b"NO\nOP\r\n", 512).is_err());
//! # Ok::<(), mail_base::lines::LineEndError>(())
//! ```

mod filter;
mod finder;

pub use filter::{EndingFilter, Piece};
pub(crate) use filter::{clean_length, first_pair, is_broken};
pub(crate) use finder::position_of_end;
pub use finder::{Found, LineFinder, plain_line};

use core::fmt;

/// What is done about a CR or LF that is not part of a CRLF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEndings {
    /// It is an error. RFC 5321 §2.3.8 says that it must not be sent; refusing it leaves nothing for two
    /// programs to disagree about.
    #[default]
    Strict,
    /// A bare LF ends a line as CRLF does, and becomes CRLF where the octets are passed on; a bare CR becomes a
    /// space. What ends a message is still CRLF, dot, CRLF and nothing else. Postfix does the same by default
    /// since 3.9, for scripts and devices that send LF.
    Normalise,
    /// It is an octet like any other: only CRLF ends a line. For reading what is thrown away, and for readers
    /// that pass the octets to nobody who could see a line end in them.
    Keep,
}

/// What stands for a bare CR.
pub(crate) fn bare_return(endings: LineEndings, at: usize) -> Result<&'static [u8], LineEndError> {
    match endings {
        LineEndings::Strict => Err(LineEndError { kind: LineEndErrorKind::BareReturn, at }),
        LineEndings::Normalise => Ok(b" "),
        LineEndings::Keep => Ok(b"\r"),
    }
}

/// What stands for a bare LF.
pub(crate) fn bare_line_feed(endings: LineEndings, at: usize) -> Result<&'static [u8], LineEndError> {
    match endings {
        LineEndings::Strict => Err(LineEndError { kind: LineEndErrorKind::BareLineFeed, at }),
        LineEndings::Normalise => Ok(b"\r\n"),
        LineEndings::Keep => Ok(b"\n"),
    }
}

/// A line end that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineEndError {
    /// What is wrong.
    pub kind: LineEndErrorKind,
    /// The offset of the octet.
    pub at: usize,
}

/// The ways in which a line end is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineEndErrorKind {
    /// A CR without a LF after it.
    BareReturn,
    /// A LF without a CR before it.
    BareLineFeed,
}

impl fmt::Display for LineEndError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            LineEndErrorKind::BareReturn => "a CR has no LF after it",
            LineEndErrorKind::BareLineFeed => "a LF has no CR before it",
        };
        write!(f, "{what} (at octet {})", self.at)
    }
}

impl core::error::Error for LineEndError {}

#[cfg(test)]
mod tests {
    use super::*;
    use LineEndings::{Keep, Normalise, Strict};
    use alloc::{string::String, string::ToString, vec, vec::Vec};
    use proptest::prelude::*;

    /// Octets among which line ends are many.
    pub(super) fn octets() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(proptest::sample::select(b"\r\n\r\n.a\t\x8d".to_vec()), 0..60)
    }

    pub(super) fn endings() -> impl Strategy<Value = LineEndings> {
        proptest::sample::select(vec![Strict, Normalise, Keep])
    }

    #[test]
    fn messages_name_the_octet() {
        let text: String = LineEndError { kind: LineEndErrorKind::BareReturn, at: 2 }.to_string();
        assert_eq!(text, "a CR has no LF after it (at octet 2)");
    }
}
