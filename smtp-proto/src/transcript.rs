//! A session as text, for logs and bug reports, without what nobody may see.
//!
//! What SASL says and what PASS says is left out, and of a body only its size is told. Control characters and
//! octets outside ASCII are escaped, so that nothing in a log can look like another line of it.
//!
//! ```
//! use smtp_proto::Transcript;
//!
//! let mut transcript = Transcript::new();
//! transcript.server(b"220 mx.example\r\n");
//! transcript.client(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n");
//! transcript.server(b"235 2.7.0 ok\r\n");
//! assert_eq!(transcript.as_str(), "S: 220 mx.example\nC: AUTH PLAIN [redacted]\nS: 235 2.7.0 ok\n");
//! ```

use alloc::{string::String, vec::Vec};
use core::fmt::{self, Write as _};
use mail_base::{
    dot::{Decoded, DotDecoder},
    lines::LineEndings,
};
use zeroize::Zeroizing;

/// The most octets of a line that is written.
const MAX_LINE: usize = 1000;

/// The default for [`Transcript::with_limit`].
const LIMIT: usize = 256 << 10;

/// The SASL mechanisms whose names are shown: those that IANA registers, but for families without names of their own,
/// and those that mail programs speak without that. Any other word behind AUTH may be the start of a password, where a
/// client has left the name out.
const MECHANISMS: [&str; 26] = [
    "ANONYMOUS",
    "CRAM-MD5",
    "DIGEST-MD5",
    "ECDH-X25519-CHALLENGE",
    "EXTERNAL",
    "GS2-KRB5",
    "GS2-KRB5-PLUS",
    "GSS-SPNEGO",
    "GSSAPI",
    "KERBEROS_V4",
    "KERBEROS_V5",
    "LOGIN",
    "NTLM",
    "OAUTH10A",
    "OAUTHBEARER",
    "OPENID20",
    "OTP",
    "PLAIN",
    "SAML20",
    "SCRAM-SHA-1",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
    "SECURID",
    "SKEY",
    "XOAUTH2",
];

/// What is written down of a session. Feed it what goes over the wire, in the pieces and the order in which it
/// goes.
#[derive(Clone)]
pub struct Transcript {
    text: String,
    limit: usize,
    /// The start of the client's line, which may be a password.
    client: Zeroizing<Vec<u8>>,
    server: Vec<u8>,
    state: State,
    /// Whether the client's line began where SASL speaks.
    is_secret: bool,
    /// How many replies the client waits for, as far as it can be told: those of AUTH and behind it not counted.
    owed: usize,
    /// With LMTP, how many recipients the transaction may have.
    recipients: Option<usize>,
}

/// What the client's next octets are.
#[derive(Clone, Debug)]
enum State {
    Commands,
    /// Responses of SASL, until the server replies to AUTH itself.
    Auth,
    /// A body with dots.
    Body {
        decoder: DotDecoder,
        octets: u64,
    },
    /// A body with a count.
    Chunk {
        left: u64,
        octets: u64,
    },
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // a line that has not ended may be a password
        f.debug_struct("Transcript").field("text", &self.text).finish_non_exhaustive()
    }
}

impl Default for Transcript {
    fn default() -> Self {
        Self::new()
    }
}

impl Transcript {
    /// An empty transcript.
    #[must_use]
    pub fn new() -> Self {
        Self {
            text: String::new(),
            limit: LIMIT,
            client: Zeroizing::new(Vec::with_capacity(MAX_LINE)),
            server: Vec::new(),
            state: State::Commands,
            is_secret: false,
            owed: 0,
            recipients: None,
        }
    }

    /// The same, with at most so many octets of text. Default: 256 KiB. What comes after that is not written.
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// What has been written: a line starts with `C:` or `S:`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The client has sent this.
    pub fn client(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while !rest.is_empty() {
            rest = match &mut self.state {
                State::Commands | State::Auth => self.client_line(rest),
                State::Body { .. } => self.body(rest),
                State::Chunk { .. } => self.chunk(rest),
            };
        }
    }

    /// The server has sent this.
    pub fn server(&mut self, octets: &[u8]) {
        for line in octets.split_inclusive(|&octet| octet == b'\n') {
            push_bounded(&mut self.server, line);
            if line.ends_with(b"\n") {
                let line = core::mem::take(&mut self.server);
                self.server_line(line.trim_ascii_end());
            }
        }
    }

    fn server_line(&mut self, line: &[u8]) {
        let is_challenge = line.starts_with(b"334") || line.starts_with(b"+ ") || line == b"+";
        let is_auth = matches!(self.state, State::Auth);
        if is_auth && is_challenge {
            // only AUTH is answered so
            self.owed = 0;
            self.write("S: ", line.get(..3).unwrap_or(line), " [redacted]");
            return;
        }
        if line.get(3) != Some(&b'-') {
            // no other success ends AUTH (RFC 4954 §6)
            let ends_auth = !line.starts_with(b"2") || line.starts_with(b"235");
            match self.owed.checked_sub(1) {
                Some(owed) => self.owed = owed,
                None if is_auth && ends_auth => self.state = State::Commands,
                None => {}
            }
        }
        if !is_auth && line.starts_with(b"354") {
            self.state = State::Body { decoder: DotDecoder::new(LineEndings::Keep), octets: 0 };
        }
        self.write("S: ", line, "");
    }

    /// Takes a line, or what there is of it; gives what follows it.
    fn client_line<'i>(&mut self, octets: &'i [u8]) -> &'i [u8] {
        let length =
            octets.iter().position(|&octet| octet == b'\n').map_or(octets.len(), |at| at.saturating_add(1));
        let (line, rest) = octets.split_at_checked(length).unwrap_or((octets, b""));
        if self.client.is_empty() {
            self.is_secret = matches!(self.state, State::Auth);
        }
        push_bounded(&mut self.client, line);
        if !line.ends_with(b"\n") {
            return rest;
        }
        let next = Zeroizing::new(Vec::with_capacity(MAX_LINE));
        let line = core::mem::replace(&mut self.client, next);
        if self.is_secret {
            self.write("C: ", b"", "[redacted]");
        } else {
            self.command(line.trim_ascii_end());
        }
        rest
    }

    fn command(&mut self, line: &[u8]) {
        // a client that separates words in its own way says no less
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let verb = words.next().unwrap_or(b"");
        let is = |name: &[u8]| verb.eq_ignore_ascii_case(name);
        // what stands there may have come out of step
        if verb.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"AUTH")) {
            let is_shown =
                |word: &&[u8]| MECHANISMS.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()));
            let mechanism = words.clone().next().filter(|word| is(b"AUTH") && is_shown(word));
            let shown = usize::from(mechanism.is_some());
            let is_more = words.count() > shown || !is(b"AUTH");
            let start = if mechanism.is_some() { "C: AUTH " } else { "C: AUTH" };
            self.write(start, mechanism.unwrap_or(b""), if is_more { " [redacted]" } else { "" });
            self.state = State::Auth;
            return;
        }
        if is(b"PASS") {
            self.write("C: ", verb, " [redacted]");
        } else {
            self.write("C: ", line, "");
        }
        self.owed = self.owed.saturating_add(1);
        if is(b"LHLO") || (is(b"MAIL") && self.recipients.is_some()) {
            self.recipients = Some(0);
        } else if is(b"RCPT") {
            self.recipients = self.recipients.map(|recipients| recipients.saturating_add(1));
        } else if (is(b"BDAT") || is(b"BURL")) && matches!(self.state, State::Commands) {
            let first = words.next();
            if words.next().is_some() {
                // the line has been counted
                self.owed = self.owed.saturating_add(self.replies_to_body().saturating_sub(1));
            }
            if is(b"BURL") {
                return;
            }
            let size = first.and_then(|size| core::str::from_utf8(size).ok()?.parse().ok());
            self.state = State::Chunk { left: size.unwrap_or(0), octets: size.unwrap_or(0) };
            self.end_chunk();
        }
    }

    /// With LMTP there is one for each recipient (RFC 2033 §4.2).
    fn replies_to_body(&self) -> usize {
        self.recipients.unwrap_or(1).max(1)
    }

    fn body<'i>(&mut self, input: &'i [u8]) -> &'i [u8] {
        let State::Body { decoder, octets } = &mut self.state else { return b"" };
        // what the decoder could not use waits in front of what comes next
        self.client.extend_from_slice(input);
        let mut used: usize = 0;
        let mut end = false;
        while let Some(rest) = self.client.get(used..) {
            match decoder.decode(rest) {
                Ok(Decoded::Octets { octets: text, used: taken }) => {
                    *octets = octets.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
                    used = used.saturating_add(taken);
                }
                Ok(Decoded::End { used: taken }) => {
                    used = used.saturating_add(taken);
                    end = true;
                    break;
                }
                // Keep refuses nothing
                Ok(Decoded::NeedInput) | Err(_) => break,
            }
        }
        let octets = *octets;
        let unread = self.client.len().saturating_sub(used);
        if !end {
            let used = used.min(self.client.len());
            self.client.drain(..used);
            return b"";
        }
        self.client.clear();
        self.state = State::Commands;
        self.owed = self.owed.saturating_add(self.replies_to_body());
        self.write_octets(octets);
        // the unread octets are the last of the input: the end is never behind them
        input.get(input.len().saturating_sub(unread)..).unwrap_or(b"")
    }

    fn chunk<'i>(&mut self, input: &'i [u8]) -> &'i [u8] {
        let State::Chunk { left, .. } = &mut self.state else { return b"" };
        let length = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
        *left = left.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        self.end_chunk();
        input.get(length..).unwrap_or(b"")
    }

    fn end_chunk(&mut self) {
        if let State::Chunk { left: 0, octets } = self.state {
            self.state = State::Commands;
            self.write_octets(octets);
        }
    }

    fn write_octets(&mut self, octets: u64) {
        let mut text = String::new();
        // writing to a String does not fail
        let _ = write!(text, "[{octets} octets]");
        self.write("C: ", b"", &text);
    }

    fn write(&mut self, start: &str, octets: &[u8], end: &str) {
        if self.text.len() >= self.limit {
            return;
        }
        let _ = writeln!(self.text, "{start}{}{end}", octets.escape_ascii());
    }
}

/// Adds to a line, as long as it is short enough to be written.
fn push_bounded(line: &mut Vec<u8>, octets: &[u8]) {
    let room = MAX_LINE.saturating_sub(line.len());
    line.extend(octets.iter().take(room));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each turn in pieces of so many octets.
    fn transcript(turns: &[(&str, &str)], size: usize) -> String {
        let mut transcript = Transcript::new();
        for (who, text) in turns {
            for piece in text.as_bytes().chunks(size) {
                if *who == "C" { transcript.client(piece) } else { transcript.server(piece) }
            }
        }
        transcript.as_str().into()
    }

    #[test]
    fn secrets_and_bodies_are_left_out_whatever_the_pieces() {
        let turns = [
            ("S", "220 mx\r\n"),
            ("C", "EHLO a\r\n"),
            ("S", "250-mx\r\n250 AUTH LOGIN\r\n"),
            ("C", "auth LOGIN\r\n"),
            ("S", "334 VXNlcm5hbWU6\r\n"),
            ("C", "Ym9i\r\n"),
            ("S", "334 UGFzc3dvcmQ6\r\n"),
            ("C", "c2VjcmV0\r\n"),
            ("S", "235 ok\r\n"),
            ("C", "MAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nDATA\r\n"),
            ("S", "250 ok\r\n250 ok\r\n354 go\r\n"),
            ("C", "Subject: x\r\n\r\n..secret\r\n.\r\nBDAT 4 LAST\r\nab\r\nQUIT\r\n"),
            ("S", "250 \x1b[31mok\r\n"),
            ("C", "PASS secret\r\n"),
            ("C", "AUTH\tPLAIN\tsecret\r\n"),
        ];
        let expected = "S: 220 mx\nC: EHLO a\nS: 250-mx\nS: 250 AUTH LOGIN\nC: AUTH LOGIN\nS: 334 [redacted]\n\
             C: [redacted]\nS: 334 [redacted]\nC: [redacted]\nS: 235 ok\nC: MAIL FROM:<a@b>\nC: RCPT TO:<b@c>\n\
             C: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\nC: [23 octets]\nC: BDAT 4 LAST\nC: [4 octets]\nC: QUIT\n\
             S: 250 \\x1b[31mok\nC: PASS [redacted]\nC: AUTH PLAIN [redacted]\n";
        for size in [1, 2, 3, 7, 1000] {
            assert_eq!(transcript(&turns, size), expected, "{size}");
        }
    }

    #[test]
    fn a_password_behind_pipelined_commands_is_left_out() {
        let login =
            [("S", "334 VXNlcm5hbWU6\r\n"), ("C", "c2VjcmV0\r\n"), ("S", "535 no\r\n"), ("C", "NOOP\r\n")];
        for before in [
            &[("C", "RSET\r\nAUTH LOGIN\r\n"), ("S", "250 ok\r\n")][..],
            &[("C", "EHLO a\r\nAUTH LOGIN\r\n"), ("S", "220 late\r\n250-mx\r\n250 AUTH LOGIN\r\n")],
            &[("C", "MAIL FROM:<>\r\nRSET\r\nAUTH LOGIN\r\n"), ("S", "550-no\r\n550 no\r\n250 ok\r\n")],
            &[
                ("C", "LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@c>\r\nRCPT TO:<d@e>\r\nDATA\r\n"),
                ("S", "250 a\r\n250 a\r\n250 a\r\n250 a\r\n354 go\r\n"),
                ("C", ".\r\nAUTH LOGIN\r\n"),
                ("S", "550 one\r\n550 two\r\n"),
            ],
            &[
                (
                    "C",
                    "LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@c>\r\nRCPT TO:<d@e>\r\nBDAT 0 LAST\r\nAUTH LOGIN\r\n",
                ),
                ("S", "250 a\r\n250 a\r\n250 a\r\n250 a\r\n550 one\r\n550 two\r\n"),
            ],
            &[
                (
                    "C",
                    "LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<b@c>\r\nRCPT TO:<d@e>\r\nBURL imap://x LAST\r\nAUTH LOGIN\r\n",
                ),
                ("S", "250 a\r\n250 a\r\n250 a\r\n250 a\r\n550 one\r\n550 two\r\n"),
            ],
        ] {
            let turns = [before, &login].concat();
            for size in [1, 5, 1000] {
                let text = transcript(&turns, size);
                assert!(!text.contains("c2Vjc") && text.ends_with("C: NOOP\n"), "{text}");
            }
        }
    }

    #[test]
    fn behind_auth_only_names_of_mechanisms_are_shown() {
        for (line, shown) in [
            ("AUTH", "AUTH"),
            ("AUTH scram-sha-256", "AUTH scram-sha-256"),
            ("AUTH PLAIN AHVzZXIAc2VjcmV0", "AUTH PLAIN [redacted]"),
            ("AUTH AHVzZXIAc2VjcmV0", "AUTH [redacted]"),
            ("AUTH AHVzZXIAc2VjcmV0AA==", "AUTH [redacted]"),
            ("AUTH c2VjcmV0 PLAIN", "AUTH [redacted]"),
            ("AUTH PLAIN= c2VjcmV0", "AUTH [redacted]"),
            ("AUTH=PLAIN c2VjcmV0", "AUTH [redacted]"),
            ("AUTHc2VjcmV0", "AUTH [redacted]"),
        ] {
            let turns = [("C", line), ("C", "\r\nc2VjcmV0\r\n")];
            assert_eq!(transcript(&turns, 1000), alloc::format!("C: {shown}\nC: [redacted]\n"), "{line}");
        }
        let mut cut = Transcript::new();
        cut.client(b"AUTH PLAIN secret");
        assert_eq!(alloc::format!("{cut:?}"), "Transcript { text: \"\", .. }");
    }

    #[test]
    fn a_response_that_a_reply_cuts_is_left_out() {
        let turns = [
            ("C", "AUTH LOGIN\r\n"),
            ("S", "334 \r\n"),
            ("C", "c2VjcmV0"),
            ("S", "421 bye\r\n"),
            ("C", "\r\nQUIT\r\n"),
        ];
        let expected = "C: AUTH LOGIN\nS: 334 [redacted]\nS: 421 bye\nC: [redacted]\nC: QUIT\n";
        assert_eq!(transcript(&turns, 1000), expected);
    }

    #[test]
    fn a_transcript_does_not_grow_without_end() {
        let mut transcript = Transcript::new().with_limit(100);
        for _ in 0..1000 {
            transcript.client(&[b'a'; 5000]);
            transcript.client(b"\r\n");
        }
        assert!(transcript.as_str().len() < 1200, "{}", transcript.as_str().len());
    }
}
