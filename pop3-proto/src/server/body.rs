//! The message that the client has asked for: given by the caller in pieces, sent with dots put on.

use super::{
    Server,
    state::{Phase, Sending},
};
use crate::error::Misuse;
use alloc::vec::Vec;
use mail_base::dot::DotEncoder;

/// Whether more of a message is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next octets, or the end.
    More,
    /// TOP has its lines: the rest of the message need not be read. The end is still to be told.
    Enough,
}

/// Counts the lines of a message for TOP: the header, the empty line behind it, and so many of the body.
#[derive(Clone, Debug)]
pub(super) struct TopCounter {
    left: u32,
    in_header: bool,
    /// Whether the line so far has nothing but, perhaps, a CR.
    is_empty_line: bool,
}

impl TopCounter {
    fn new(lines: u32) -> Self {
        Self { left: lines, in_header: true, is_empty_line: true }
    }

    fn is_done(&self) -> bool {
        !self.in_header && self.left == 0
    }

    /// How many octets from the start are wanted.
    fn wanted(&mut self, octets: &[u8]) -> usize {
        let mut wanted: usize = 0;
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            if self.is_done() {
                break;
            }
            wanted = wanted.saturating_add(line.len());
            let (text, is_ended) = match line {
                [text @ .., b'\n'] => (text, true),
                text => (text, false),
            };
            self.is_empty_line &= matches!(text, [] | [b'\r']);
            if is_ended {
                self.end_line();
            }
        }
        wanted
    }

    fn end_line(&mut self) {
        let is_empty = core::mem::replace(&mut self.is_empty_line, true);
        if !self.in_header {
            self.left = self.left.saturating_sub(1);
        } else if is_empty {
            self.in_header = false;
        }
    }
}

impl Server {
    /// The response has been written; `lines` for TOP.
    pub(super) fn start_body(&mut self, lines: Option<u32>) {
        let encoder = DotEncoder::new(self.config.body_line_endings);
        self.phase = Phase::Body(Sending { encoder, counter: lines.map(TopCounter::new) });
    }

    /// Gives the next octets of the message, in pieces of any size: `out` gets them with dots put on and line
    /// ends made good as the [`Config`](super::Config) says.
    ///
    /// # Errors
    /// [`Misuse`] where no message is awaited, and where a bare CR or LF is refused; the session is over then,
    /// because the client cannot be told.
    pub fn body(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Result<Flow, Misuse> {
        let Phase::Body(Sending { encoder, counter }) = &mut self.phase else {
            return Err(Misuse::NoQuestion);
        };
        let wanted = counter.as_mut().map_or(octets.len(), |counter| counter.wanted(octets));
        let is_enough = counter.as_ref().is_some_and(TopCounter::is_done);
        let octets = octets.get(..wanted).unwrap_or(octets);
        if let Err(error) = encoder.encode(octets, out) {
            self.close();
            return Err(Misuse::LineEnd { at: error.at });
        }
        Ok(if is_enough { Flow::Enough } else { Flow::More })
    }

    /// Ends the message: a CRLF where it has none at its end, and the dot.
    ///
    /// # Errors
    /// As for [`body`](Self::body).
    pub fn end_body(&mut self, out: &mut Vec<u8>) -> Result<(), Misuse> {
        if !matches!(self.phase, Phase::Body(_)) {
            return Err(Misuse::NoQuestion);
        }
        let Phase::Body(sending) = core::mem::replace(&mut self.phase, Phase::Command) else {
            return Err(Misuse::NoQuestion);
        };
        self.is_active = true;
        if let Err(error) = sending.encoder.finish(out) {
            self.close();
            return Err(Misuse::LineEnd { at: error.at });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that are wanted, given whole, octet by octet and at each cut.
    fn top(message: &[u8], lines: u32) -> &[u8] {
        let mut results = testkit::splits(message).map(|pieces| {
            let mut counter = TopCounter::new(lines);
            pieces.into_iter().map(|piece| counter.wanted(piece)).sum::<usize>()
        });
        let first = results.next().unwrap();
        assert!(results.all(|wanted| wanted == first));
        &message[..first]
    }

    #[test]
    fn top_takes_the_header_the_empty_line_and_so_many_lines() {
        let message = b"A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree";
        assert_eq!(top(message, 0), b"A: 1\r\nB: 2\r\n\r\n");
        assert_eq!(top(message, 1), b"A: 1\r\nB: 2\r\n\r\none\r\n");
        assert_eq!(top(message, 2), b"A: 1\r\nB: 2\r\n\r\none\r\n\r\n");
        assert_eq!(top(message, 3), message);
        assert_eq!(top(message, u32::MAX), message);
    }

    #[test]
    fn top_knows_lines_that_end_in_lf_and_messages_without_body() {
        assert_eq!(top(b"A: 1\n\none\ntwo\n", 1), b"A: 1\n\none\n");
        assert_eq!(top(b"A: 1\r\n", 5), b"A: 1\r\n");
        assert_eq!(top(b"\r\none\r\n", 0), b"\r\n");
        assert_eq!(top(b"A: \r\r\n\r\none", 0), b"A: \r\r\n\r\n");
        assert_eq!(top(b"", 3), b"");
    }
}
