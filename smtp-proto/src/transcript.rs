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
use core::fmt::Write as _;
use mail_base::{
    dot::{Decoded, DotDecoder},
    lines::LineEndings,
};

/// The most octets of a line that is written.
const MAX_LINE: usize = 1000;

/// The default for [`Transcript::with_limit`].
const LIMIT: usize = 256 << 10;

/// What is written down of a session. Feed it what goes over the wire, in the pieces and the order in which it
/// goes.
#[derive(Clone, Debug)]
pub struct Transcript {
    text: String,
    limit: usize,
    client: Vec<u8>,
    server: Vec<u8>,
    state: State,
}

/// What the client's next octets are.
#[derive(Clone, Debug)]
enum State {
    Commands,
    /// Responses of SASL, until the server says something else than 334 or `+`.
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
            client: Vec::new(),
            server: Vec::new(),
            state: State::Commands,
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
        match self.state {
            State::Auth if is_challenge => {
                self.write("S: ", line.get(..3).unwrap_or(line), " [redacted]");
                return;
            }
            State::Auth => self.state = State::Commands,
            State::Commands if line.starts_with(b"354") => {
                self.state = State::Body { decoder: DotDecoder::new(LineEndings::Keep), octets: 0 };
            }
            _ => {}
        }
        self.write("S: ", line, "");
    }

    /// Takes a line, or what there is of it; gives what follows it.
    fn client_line<'i>(&mut self, octets: &'i [u8]) -> &'i [u8] {
        let length =
            octets.iter().position(|&octet| octet == b'\n').map_or(octets.len(), |at| at.saturating_add(1));
        let (line, rest) = octets.split_at_checked(length).unwrap_or((octets, b""));
        push_bounded(&mut self.client, line);
        if !line.ends_with(b"\n") {
            return rest;
        }
        let line = core::mem::take(&mut self.client);
        let line = line.trim_ascii_end();
        // a client that separates words in its own way says no less
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let verb = words.next().unwrap_or(b"");
        if matches!(self.state, State::Auth) {
            self.write("C: ", b"", "[redacted]");
        } else if verb.eq_ignore_ascii_case(b"AUTH") {
            self.write(
                "C: AUTH ",
                words.next().unwrap_or(b""),
                if words.next().is_some() { " [redacted]" } else { "" },
            );
            self.state = State::Auth;
        } else if verb.eq_ignore_ascii_case(b"PASS") {
            self.write("C: ", verb, " [redacted]");
        } else {
            self.write("C: ", line, "");
        }
        if verb.eq_ignore_ascii_case(b"BDAT") && matches!(self.state, State::Commands) {
            let size = words.next().and_then(|size| core::str::from_utf8(size).ok()?.parse().ok());
            self.state = State::Chunk { left: size.unwrap_or(0), octets: size.unwrap_or(0) };
            self.end_chunk();
        }
        rest
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
            self.client.drain(..used.min(self.client.len()));
            return b"";
        }
        self.client.clear();
        self.state = State::Commands;
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
    fn a_transcript_does_not_grow_without_end() {
        let mut transcript = Transcript::new().with_limit(100);
        for _ in 0..1000 {
            transcript.client(&[b'a'; 5000]);
            transcript.client(b"\r\n");
        }
        assert!(transcript.as_str().len() < 1200, "{}", transcript.as_str().len());
    }
}
