use crate::{ChallengeError, ChallengeErrorKind as Kind, Digest, grammar};
use alloc::{
    format,
    string::{String, ToString as _},
};
use core::fmt;

/// The most octets of a challenge, angle brackets included: what a greeting of 512 octets (RFC 1939 §3) holds
/// beside `+OK ` and CRLF.
pub const MAX_OCTETS: usize = 506;

/// A challenge that may be answered: `<1896.697170952@dbc.mtview.ca.us>`.
///
/// It is a well-formed message identifier in visible ASCII, angle brackets included, exactly as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    text: String,
}

impl Challenge {
    /// A new challenge for one greeting: `<entropy.now@host>`.
    ///
    /// It MUST be different in each greeting (RFC 1939 §7): give random bits, and the seconds since 1970.
    ///
    /// # Errors
    /// Where `host` is neither a domain name nor an address literal, or is too long. The place is that in the
    /// host.
    pub fn compose(entropy: u128, now: u64, host: &str) -> Result<Self, ChallengeError> {
        grammar::id_right(host.as_bytes(), 0)?;
        let text = format!("<{entropy:032x}.{now}@{host}>");
        if text.len() > MAX_OCTETS {
            return Err(ChallengeError { kind: Kind::TooLong, at: host.len() });
        }
        Ok(Self { text })
    }

    /// Finds the challenge in a greeting line, with or without its `+OK ` and CRLF.
    ///
    /// # Errors
    /// Where there is none, where there is more than one, and where it is not a well-formed message identifier
    /// and must not be answered (CVE-2007-1558). [`ChallengeErrorKind::Absent`](Kind::Absent) means that the
    /// server does not offer APOP; every other kind is reason for suspicion.
    pub fn find(greeting: &[u8]) -> Result<Self, ChallengeError> {
        let fail = |kind, at| Err(ChallengeError { kind, at });
        let position = |wanted, from: usize| {
            let rest = greeting.get(from..).unwrap_or_default();
            rest.iter().position(|&octet| octet == wanted).map(|at| from.saturating_add(at))
        };
        let Some(open) = position(b'<', 0) else {
            return fail(Kind::Absent, greeting.len());
        };
        let start = open.saturating_add(1);
        if let Some(second) = position(b'<', start) {
            return fail(Kind::Ambiguous, second);
        }
        let Some(close) = position(b'>', start) else {
            return fail(Kind::Unterminated, greeting.len());
        };
        if close.saturating_sub(open) >= MAX_OCTETS {
            return fail(Kind::TooLong, open.saturating_add(MAX_OCTETS));
        }
        grammar::identifier(greeting.get(start..close).unwrap_or_default(), start)?;
        match greeting.get(open..=close).map(core::str::from_utf8) {
            Some(Ok(text)) => Ok(Self { text: text.to_string() }),
            // the grammar has let visible ASCII through only
            _ => fail(Kind::Octet, open),
        }
    }

    /// The text, angle brackets included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The answer of one who knows the secret.
    #[must_use]
    pub fn digest(&self, secret: &[u8]) -> Digest {
        Digest::of(self.text.as_bytes(), secret)
    }

    /// Whether the claimed digest, as it stands in the APOP command, is that of the secret.
    ///
    /// The time does not depend on how much of it is right. Digits in upper case are wrong (RFC 1939 §7).
    #[must_use]
    pub fn verify(&self, secret: &[u8], claimed: &[u8]) -> bool {
        self.digest(secret).is(claimed)
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]
    use super::*;

    fn refused(greeting: &[u8]) -> (Kind, usize) {
        let error = Challenge::find(greeting).unwrap_err();
        (error.kind, error.at)
    }

    #[test]
    fn a_challenge_is_entropy_time_and_host() {
        let challenge = Challenge::compose(0xbeef, 697_170_952, "dbc.mtview.ca.us").unwrap();
        assert_eq!(challenge.as_str(), "<0000000000000000000000000000beef.697170952@dbc.mtview.ca.us>");
        assert!(Challenge::compose(u128::MAX, u64::MAX, "[IPv6:2001:db8::1]").is_ok());
    }

    #[test]
    fn what_is_composed_is_found_in_a_greeting() {
        for host in ["a", "pop.example.com", "[192.0.2.1]"] {
            let challenge = Challenge::compose(7, 9, host).unwrap();
            assert_eq!(Challenge::find(format!("+OK hello {challenge} there\r\n").as_bytes()), Ok(challenge));
        }
    }

    #[test]
    fn a_host_that_could_break_the_greeting_is_refused() {
        let refused = |host: &str| {
            let error = Challenge::compose(0, 0, host).unwrap_err();
            (error.kind, error.at)
        };
        assert_eq!(refused(""), (Kind::EmptyAtom, 0));
        assert_eq!(refused("a..b"), (Kind::EmptyAtom, 2));
        assert_eq!(refused("a.b."), (Kind::EmptyAtom, 4));
        assert_eq!(refused("a b"), (Kind::Octet, 1));
        assert_eq!(refused("a>\r\n+OK"), (Kind::Octet, 1));
        assert_eq!(refused("[a]b]"), (Kind::Octet, 2));
        assert_eq!(refused("bücher.example"), (Kind::Octet, 1));
        let longest = MAX_OCTETS - "<@>".len() - 32 - ".0".len();
        assert!(Challenge::compose(0, 0, &"a".repeat(longest)).is_ok());
        assert_eq!(refused(&"a".repeat(longest + 1)), (Kind::TooLong, longest + 1));
    }

    #[test]
    fn the_challenge_is_taken_exactly_as_sent() {
        let found = |greeting: &[u8]| Challenge::find(greeting).unwrap().text;
        assert_eq!(
            found(b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"),
            "<1896.697170952@dbc.mtview.ca.us>"
        );
        assert_eq!(found(b"<A.b@C>"), "<A.b@C>");
        assert_eq!(found(b"+OK caf\xc3\xa9 \x00 <5f.1.2.A+/q==@Host_1> bye >\r\n"), "<5f.1.2.A+/q==@Host_1>");
        assert_eq!(found(b"+OK <1.2@[127.0.0.1]>"), "<1.2@[127.0.0.1]>");
    }

    #[test]
    fn a_greeting_without_a_challenge_is_no_offer() {
        assert_eq!(refused(b"+OK ready\r\n"), (Kind::Absent, 11));
        assert_eq!(refused(b""), (Kind::Absent, 0));
    }

    /// CVE-2007-1558: colliding blocks need octets that no message identifier has.
    #[test]
    fn a_challenge_that_is_no_message_identifier_is_refused() {
        assert_eq!(refused(b"+OK <1.2@host"), (Kind::Unterminated, 13));
        assert_eq!(refused(b"> <1.2@host"), (Kind::Unterminated, 11));
        assert_eq!(refused(b"+OK <1.2>"), (Kind::NoAt, 8));
        assert_eq!(refused(b"+OK <>"), (Kind::NoAt, 5));
        assert_eq!(refused(b"+OK <@host>"), (Kind::EmptyAtom, 5));
        assert_eq!(refused(b"+OK <1.2@>"), (Kind::EmptyAtom, 9));
        assert_eq!(refused(b"+OK <1..2@host>"), (Kind::EmptyAtom, 7));
        assert_eq!(refused(b"+OK <1.2@host.>"), (Kind::EmptyAtom, 14));
        assert_eq!(refused(b"+OK <1.2@a@b>"), (Kind::Octet, 10));
        assert_eq!(refused(b"+OK <1 2@host>"), (Kind::Octet, 6));
        assert_eq!(refused(b"+OK <1\x002@host>"), (Kind::Octet, 6));
        assert_eq!(refused(b"+OK <1.2@ho\xffst>"), (Kind::Octet, 11));
        assert_eq!(refused(b"+OK <\"1\"@host>"), (Kind::Octet, 5));
        assert_eq!(refused(b"+OK <1.2@[a\\b]>"), (Kind::Octet, 11));
        assert_eq!(refused(b"+OK <1@h\r\n>"), (Kind::Octet, 8));
    }

    #[test]
    fn two_challenges_are_none() {
        assert_eq!(refused(b"+OK <1.2@host> <3.4@host>"), (Kind::Ambiguous, 15));
        assert_eq!(refused(b"+OK <<1.2@host>"), (Kind::Ambiguous, 5));
    }

    #[test]
    fn the_length_is_bounded() {
        let greeting = |length: usize| format!("+OK <{}@b>", "a".repeat(length - "<@b>".len()));
        assert!(Challenge::find(greeting(MAX_OCTETS).as_bytes()).is_ok());
        assert_eq!(refused(greeting(MAX_OCTETS + 1).as_bytes()), (Kind::TooLong, 4 + MAX_OCTETS));
    }

    #[test]
    fn only_the_digest_in_lower_case_and_whole_is_right() {
        let challenge = Challenge::find(b"<1.2@host>").unwrap();
        let digest = challenge.digest(b"secret");
        let right = digest.as_str().as_bytes();
        assert!(challenge.verify(b"secret", right));
        assert!(!challenge.verify(b"Secret", right));
        assert!(!challenge.verify(b"secret", &right.to_ascii_uppercase()));
        assert!(!challenge.verify(b"secret", &right[..31]));
        assert!(!challenge.verify(b"secret", &[right, b"0"].concat()));
        assert!(!challenge.verify(b"secret", b""));
        for at in 0..right.len() {
            let mut wrong = right.to_vec();
            wrong[at] ^= 1;
            assert!(!challenge.verify(b"secret", &wrong), "{at}");
        }
    }

    #[test]
    fn a_digest_is_not_printed_by_accident() {
        let challenge = Challenge::find(b"<1.2@host>").unwrap();
        assert_eq!(format!("{:?}", challenge.digest(b"secret")), "Digest(…)");
    }
}
