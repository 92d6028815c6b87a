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

/// What goes over the wire for the first octets of a part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyPiece<'m> {
    /// The octets to send: a part of those that were given, or a dot, or a line end.
    pub octets: &'m [u8],
    /// How many of the octets that were given they stand for. It may be none, and so may be the octets to send:
    /// not both, unless nothing was given or enough was.
    pub used: usize,
    /// Whether more of the message is wanted.
    pub flow: Flow,
}

/// Counts the lines of a message for TOP: the header, the empty line behind it, and so many of the body.
#[derive(Clone, Debug)]
pub(super) struct TopCounter {
    left: u32,
    in_header: bool,
    line: LineSoFar,
}

/// What has come of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineSoFar {
    Nothing,
    /// A CR and nothing else.
    Return,
    Text,
}

impl TopCounter {
    fn new(lines: u32) -> Self {
        Self { left: lines, in_header: true, line: LineSoFar::Nothing }
    }

    /// What is wanted of these octets at once: not more than a line. A CR ends it as well, as it ends a piece that the
    /// encoder gives: otherwise a line of many would be looked through again for each.
    fn wanted<'m>(&self, octets: &'m [u8]) -> &'m [u8] {
        if self.flow() == Flow::Enough {
            return b"";
        }
        octets.split_inclusive(|octet| matches!(octet, b'\r' | b'\n')).next().unwrap_or(b"")
    }

    /// Counts octets that were wanted.
    fn count(&mut self, octets: &[u8]) -> Flow {
        let (text, is_ended) = match octets {
            [text @ .., b'\n'] => (text, true),
            text => (text, false),
        };
        self.line = match (self.line, text) {
            (line, []) => line,
            (LineSoFar::Nothing, [b'\r']) => LineSoFar::Return,
            _ => LineSoFar::Text,
        };
        if is_ended {
            self.end_line();
        }
        self.flow()
    }

    fn flow(&self) -> Flow {
        if !self.in_header && self.left == 0 { Flow::Enough } else { Flow::More }
    }

    fn end_line(&mut self) {
        let line = core::mem::replace(&mut self.line, LineSoFar::Nothing);
        if !self.in_header {
            self.left = self.left.saturating_sub(1);
        } else if line != LineSoFar::Text {
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
        let mut rest = octets;
        loop {
            let piece = self.body_piece(rest)?;
            out.extend_from_slice(piece.octets);
            rest = rest.get(piece.used..).unwrap_or(b"");
            if rest.is_empty() || piece.flow == Flow::Enough {
                return Ok(piece.flow);
            }
        }
    }

    /// Gives the next octets of the message to be sent without a copy: what goes over the wire comes back piece by
    /// piece, in parts of them. What was written to `out` before goes first.
    ///
    /// # Errors
    /// As for [`body`](Self::body).
    pub fn body_piece<'m>(&mut self, octets: &'m [u8]) -> Result<BodyPiece<'m>, Misuse> {
        let Phase::Body(Sending { encoder, counter }) = &mut self.phase else {
            return Err(Misuse::NoQuestion);
        };
        let wanted = counter.as_ref().map_or(octets, |counter| counter.wanted(octets));
        let piece = match encoder.piece(wanted) {
            Ok(piece) => piece,
            Err(error) => {
                self.close();
                return Err(Misuse::LineEnd { at: error.at });
            }
        };
        let flow = match counter {
            Some(counter) => counter.count(wanted.get(..piece.used).unwrap_or(wanted)),
            None => Flow::More,
        };
        Ok(BodyPiece { octets: piece.octets, used: piece.used, flow })
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
            let mut count = 0;
            for mut piece in pieces {
                while !piece.is_empty() && counter.flow() == Flow::More {
                    let wanted = counter.wanted(piece);
                    counter.count(wanted);
                    count += wanted.len();
                    piece = &piece[wanted.len()..];
                }
            }
            count
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
    fn top_looks_at_nothing_twice() {
        let counter = TopCounter::new(1);
        assert_eq!(counter.wanted(b"A: 1\r\r\r\nB: 2\r\n"), b"A: 1\r");
        assert_eq!(counter.wanted(b"\r\r\nB: 2\r\n"), b"\r");
        assert_eq!(counter.wanted(b"\nB: 2\r\n"), b"\n");
    }

    #[test]
    fn top_knows_lines_that_end_in_lf_and_messages_without_body() {
        assert_eq!(top(b"A: 1\n\none\ntwo\n", 1), b"A: 1\n\none\n");
        assert_eq!(top(b"A: 1\r\n", 5), b"A: 1\r\n");
        assert_eq!(top(b"\r\none\r\n", 0), b"\r\n");
        assert_eq!(top(b"A: \r\r\n\r\none", 0), b"A: \r\r\n\r\n");
        assert_eq!(top(b"", 3), b"");
        assert_eq!(top(b"\r\r\n\r\none", 0), b"\r\r\n\r\n", "a line of a CR is not empty");
    }
}
