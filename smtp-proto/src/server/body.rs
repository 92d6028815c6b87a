//! The body of a message: DATA with dots, or BDAT with counts.

use super::{
    Advance, Server,
    commands::Refusal,
    event::{Cause, Event},
    replies,
    state::{Phase, Question, Reading},
};
use crate::{params::BodyType, reply::Reply};
use alloc::vec::Vec;
use mail_base::{
    dot::{Decoded, DotDecoder},
    lines::{EndingFilter, LineEndError, LineEndings},
};

impl Server {
    /// 354 has been said.
    pub(super) fn start_data(&mut self) {
        self.phase = Phase::Body(Reading::Dots(DotDecoder::new(self.config.line_endings)));
    }

    /// The same to a client without recipients, which is to send no more than the end.
    pub(super) fn start_void_data(&mut self) {
        self.dropped = 0;
        self.refusal = Some(self.no_recipients());
        self.start_data();
    }

    /// BDAT has come; its octets follow. They are read even where they cannot be taken (RFC 3030 §2).
    pub(super) fn start_chunk(&mut self, size: u64, last: bool) {
        let refusal = if self.config.chunking {
            self.start_chunks();
            self.chunk_refusal(size)
        } else {
            // the command is refused, and not its message for each recipient
            self.transaction = None;
            Some((Cause::NotOffered, replies::NOT_OFFERED))
        };
        self.dropped = 0;
        self.refusal = refusal;
        self.phase = Phase::Body(Reading::Chunk { left: size, last });
    }

    /// Why a chunk cannot be taken, if it cannot.
    fn chunk_refusal(&self, size: u64) -> Option<Refusal> {
        match &self.transaction {
            Some(transaction) if transaction.recipients > 0 => {
                let total = transaction.octets.saturating_add(size);
                (total > self.config.limits.message).then_some((Cause::TooLarge, replies::TOO_LARGE))
            }
            _ => Some(self.no_recipients()),
        }
    }

    /// The message comes in chunks from now on: neither RCPT nor DATA may follow (RFC 3030 §2, RFC 4468 §3.2).
    pub(super) fn start_chunks(&mut self) {
        let Some(transaction) = self.transaction.as_mut().filter(|transaction| transaction.recipients > 0)
        else {
            return;
        };
        let endings = match transaction.body {
            BodyType::BinaryMime => LineEndings::Keep,
            BodyType::SevenBit | BodyType::EightBitMime => self.config.line_endings,
        };
        transaction.filter.get_or_insert_with(|| EndingFilter::new(endings));
    }

    pub(super) fn read_body<'i>(&mut self, input: &'i [u8], now: u64, out: &mut Vec<u8>) -> Advance<'i> {
        let Phase::Body(reading) = &mut self.phase else { return Advance::NeedInput };
        let advance = match reading {
            Reading::Dots(decoder) => match decoder.decode(input) {
                Ok(Decoded::Octets { octets, used }) => self.take(octets, used, out),
                Ok(Decoded::End { used }) => self.end_body(used, true, out),
                Ok(Decoded::NeedInput) => Advance::NeedInput,
                Err(error) => {
                    // the true end is still to be found, so that the client reads the reply
                    decoder.set_endings(LineEndings::Keep);
                    self.refuse_line_end(error)
                }
            },
            Reading::Chunk { left: 0, last } => {
                let last = *last;
                self.end_chunk(last, out)
            }
            Reading::Chunk { left, .. } => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                match input.get(..length) {
                    None | Some([]) => Advance::NeedInput,
                    Some(chunk) => self.read_chunk(chunk, out),
                }
            }
        };
        if matches!(advance, Advance::Event { .. }) {
            self.touch(now);
        }
        advance
    }

    fn read_chunk<'i>(&mut self, chunk: &'i [u8], out: &mut Vec<u8>) -> Advance<'i> {
        let is_refused = self.refusal.is_some();
        let filter = self.transaction.as_mut().and_then(|transaction| transaction.filter.as_mut());
        let (octets, used) = match filter {
            Some(filter) if !is_refused => match filter.filter(chunk) {
                Ok(piece) => (piece.octets, piece.used),
                Err(error) => return self.refuse_line_end(error),
            },
            _ => (chunk, chunk.len()),
        };
        if let Phase::Body(Reading::Chunk { left, .. }) = &mut self.phase {
            *left = left.saturating_sub(u64::try_from(used).unwrap_or(u64::MAX));
        }
        self.take(octets, used, out)
    }

    /// Passes octets on, or drops them.
    fn take<'i>(&mut self, octets: &'i [u8], used: usize, out: &mut Vec<u8>) -> Advance<'i> {
        let length = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        if let Some((cause, reply)) = &self.refusal {
            self.dropped = self.dropped.saturating_add(length);
            if self.dropped <= self.config.limits.dropped {
                return Advance::Event { used, event: Event::Dropped };
            }
            let (cause, reply) = (*cause, reply.clone());
            self.transaction = None;
            return self.refuse_and_close(used, cause, reply, out);
        }
        let Some(transaction) = &mut self.transaction else {
            return Advance::Event { used, event: Event::Dropped };
        };
        transaction.octets = transaction.octets.saturating_add(length);
        if transaction.octets > self.config.limits.message {
            return self.refuse_body(used, Cause::TooLarge, replies::TOO_LARGE);
        }
        Advance::Event { used, event: Event::Body(octets) }
    }

    fn refuse_line_end<'i>(&mut self, error: LineEndError) -> Advance<'i> {
        self.refuse_body(0, Cause::LineEnd(error), replies::BODY_LINE_END)
    }

    /// Drops what has come, and what will, up to the end of the body.
    fn refuse_body<'i>(&mut self, used: usize, cause: Cause, reply: Reply<'static>) -> Advance<'i> {
        self.dropped = 0;
        self.refusal = Some((cause, reply));
        Advance::Event { used, event: Event::BodyRefused(cause) }
    }

    fn end_chunk<'i>(&mut self, last: bool, out: &mut Vec<u8>) -> Advance<'i> {
        if last && self.refusal.is_none() {
            let filter = self.transaction.as_mut().and_then(|transaction| transaction.filter.take());
            match filter.map(EndingFilter::finish) {
                None | Some(Ok(b"")) => {}
                Some(Ok(octets)) => return self.take(octets, 0, out),
                Some(Err(error)) => return self.refuse_line_end(error),
            }
        }
        if last || self.refusal.is_some() {
            return self.end_body(0, last, out);
        }
        self.phase = Phase::Command;
        self.ask(0, Question::ChunkEnd, Event::ChunkEnd)
    }

    /// How many replies the end of a message has: with LMTP one for each recipient that was accepted (RFC 2033 §4.2).
    fn body_replies(&self) -> u32 {
        if self.config.is_lmtp() { self.recipients().max(1) } else { 1 }
    }

    /// What becomes of the message.
    pub(super) fn body_end(&self) -> Question {
        Question::BodyEnd { left: self.body_replies(), is_taken: false }
    }

    /// The body, or a chunk that is refused, has ended.
    fn end_body<'i>(&mut self, used: usize, last: bool, out: &mut Vec<u8>) -> Advance<'i> {
        self.phase = Phase::Command;
        let Some((cause, reply)) = self.refusal.take() else {
            return self.ask(used, self.body_end(), Event::BodyEnd);
        };
        let replies = if last { self.body_replies() } else { 1 };
        (1..replies).for_each(|_| reply.write(out));
        self.transaction = None;
        match cause {
            Cause::LineEnd(_) => self.refuse_and_close(used, cause, reply, out),
            _ => self.refuse(used, cause, reply, out),
        }
    }
}
