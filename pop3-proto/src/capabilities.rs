//! What a server offers: the lines behind the response to CAPA (RFC 2449 §5, §6).

use crate::{error::TextError, text::Text};
use alloc::string::String;

/// The capabilities that a server offers. Every tag is kept, known or not; those that are known have methods.
///
/// ```
/// use pop3_proto::{Capabilities, Expire};
///
/// let mut offered = Capabilities::new();
/// for line in ["TOP", "sasl PLAIN SCRAM-SHA-256", "EXPIRE NEVER", "LOGIN-DELAY 900 USER", "X-FAST 9"] {
///     offered.offer(line)?;
/// }
/// assert!(offered.has("TOP") && !offered.has("PIPELINING"));
/// assert!(offered.mechanisms().eq(["PLAIN", "SCRAM-SHA-256"]));
/// assert_eq!(offered.expire(), Some(Expire::Never));
/// assert_eq!(offered.login_delay(), Some(900));
/// assert_eq!(offered.parameters("x-fast"), Some("9"));
/// # Ok::<(), pop3_proto::TextError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// One tag and its parameters a line.
    lines: String,
}

/// How long a server keeps messages (RFC 2449 §6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expire {
    /// For ever.
    Never,
    /// For so many days; 0 means that they may be gone once they have been read.
    Days(u32),
}

impl Capabilities {
    /// No capability.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Offers one more: a tag, and its parameters behind spaces.
    ///
    /// # Errors
    /// A [`TextError`] where the text cannot stand in a line.
    pub fn offer(&mut self, line: &str) -> Result<(), TextError> {
        Text::new(line)?;
        self.lines.push_str(line);
        self.lines.push('\n');
        Ok(())
    }

    /// How many octets are kept.
    pub(crate) fn octets(&self) -> usize {
        self.lines.len()
    }

    /// Tags and their parameters, in the server's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.lines().map(|line| line.split_once(' ').unwrap_or((line, "")))
    }

    /// The parameters of a capability; `None` where it is not offered.
    #[must_use]
    pub fn parameters(&self, tag: &str) -> Option<&str> {
        self.iter()
            .find(|(offered, _)| offered.eq_ignore_ascii_case(tag))
            .map(|(_, parameters)| parameters.trim())
    }

    /// Whether a capability is offered.
    #[must_use]
    pub fn has(&self, tag: &str) -> bool {
        self.parameters(tag).is_some()
    }

    fn first_word(&self, tag: &str) -> Option<&str> {
        self.parameters(tag)?.split_ascii_whitespace().next()
    }

    /// `SASL`: the mechanisms (RFC 5034 §3).
    pub fn mechanisms(&self) -> impl Iterator<Item = &str> {
        self.parameters("SASL").unwrap_or("").split_ascii_whitespace()
    }

    /// `LOGIN-DELAY`: how many seconds to wait between logins. It may depend on the user, if `USER` follows
    /// (RFC 2449 §6.5).
    #[must_use]
    pub fn login_delay(&self) -> Option<u32> {
        self.first_word("LOGIN-DELAY")?.parse().ok()
    }

    /// `EXPIRE`: how long messages are kept.
    #[must_use]
    pub fn expire(&self) -> Option<Expire> {
        let word = self.first_word("EXPIRE")?;
        if word.eq_ignore_ascii_case("NEVER") {
            return Some(Expire::Never);
        }
        word.parse().ok().map(Expire::Days)
    }

    /// `IMPLEMENTATION`: what the server calls itself.
    #[must_use]
    pub fn implementation(&self) -> Option<&str> {
        self.parameters("IMPLEMENTATION")
    }

    /// `UTF8 USER`: names and passwords may be in UTF-8 (RFC 6856 §2.2).
    #[must_use]
    pub fn has_utf8_users(&self) -> bool {
        self.parameters("UTF8")
            .is_some_and(|words| words.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("USER")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TextErrorKind;

    #[test]
    fn known_capabilities_are_read() {
        let mut offered = Capabilities::new();
        for line in ["UTF8 user", "EXPIRE 60 USER", "LOGIN-DELAY x", "IMPLEMENTATION Shlemazle Plotz", "SASL"]
        {
            offered.offer(line).unwrap();
        }
        assert!(offered.has_utf8_users());
        assert_eq!(offered.expire(), Some(Expire::Days(60)));
        assert_eq!(offered.login_delay(), None);
        assert_eq!(offered.implementation(), Some("Shlemazle Plotz"));
        assert_eq!(offered.mechanisms().count(), 0);
        assert!(offered.has("sasl"));
        assert_eq!(Capabilities::new().expire(), None);
    }

    #[test]
    fn no_capability_holds_a_line_end() {
        let error = Capabilities::new().offer("TOP\nUSER").unwrap_err();
        assert_eq!((error.kind, error.at), (TextErrorKind::Octet, 3));
    }
}
