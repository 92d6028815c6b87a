//! Signs that a good signature may stand on a message that was sent on to others (DKIM replay).
//!
//! A signed message can be sent again, as it is or with fields added that are not signed, to recipients whom the
//! signer never meant. The signature stays good. What can be told from the message is told here as facts; none
//! of them is a verdict, and honest mail shows some of them.

use crate::inbound::Envelope;
use alloc::{string::String, vec::Vec};
use dkim::SignatureReport;
use mail_base::{fields::Header, lex::Lexer};

/// How old a signature must be to be called old, in seconds: a day, in which honest mail arrives.
pub const OLD: u64 = 86_400;

/// The fields whose change would change what a reader sees.
const SHOWN: [&str; 6] = ["From", "To", "Cc", "Subject", "Date", "Reply-To"];

/// What can be told of one signature, whether or not it passes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayHints {
    /// The signature, by its position from the top.
    pub index: usize,
    /// Fields that are shown to the reader, are in the message, and are not signed.
    pub unsigned: Vec<&'static str>,
    /// Fields that are shown to the reader, and that could be added without breaking the signature.
    pub open_to_additions: Vec<&'static str>,
    /// The signature is more than [`OLD`] seconds old.
    pub is_old: bool,
    /// A recipient of the envelope stands in none of the signed To and Cc fields. So it is with blind copies and
    /// mailing lists too.
    pub recipient_not_signed: bool,
}

/// What the hints need to know of a message.
#[derive(Debug)]
pub(crate) struct Shown {
    /// How often each field of [`SHOWN`] is in the message.
    fields: [usize; SHOWN.len()],
    /// For each recipient, whether it stands in To and whether it stands in Cc.
    addressed: Vec<(bool, bool)>,
    now: u64,
}

impl Shown {
    pub(crate) fn new(header: &Header, envelope: &Envelope, now: u64) -> Self {
        let is_addressed =
            |recipient: &String| (mentions(header, "To", recipient), mentions(header, "Cc", recipient));
        Self {
            fields: count(header.fields(), |field, name| field.is_named(name)),
            addressed: envelope.rcpt_to.iter().map(is_addressed).collect(),
            now,
        }
    }

    /// What can be told of a signature, if it could be read.
    pub(crate) fn hints(&self, signature: &SignatureReport) -> Option<ReplayHints> {
        let listed = &signature.covered.as_ref()?.fields;
        let signed = count(listed.iter(), |listed, name| listed.eq_ignore_ascii_case(name));
        let where_present = |is_so: fn(&usize, &usize) -> bool| {
            let fields = SHOWN.into_iter().zip(self.fields.iter().zip(&signed));
            fields.filter(|(_, (present, signed))| is_so(present, signed)).map(|(name, _)| name).collect()
        };
        let (signs_to, signs_cc) = (listed.contains("To"), listed.contains("Cc"));
        Some(ReplayHints {
            index: signature.index,
            unsigned: where_present(usize::gt),
            open_to_additions: where_present(usize::ge),
            is_old: signature.timestamp.is_some_and(|at| self.now.saturating_sub(at) > OLD),
            recipient_not_signed: !self.addressed.iter().all(|(to, cc)| *to && signs_to || *cc && signs_cc),
        })
    }
}

/// How many of the items have each name of [`SHOWN`].
fn count<T>(items: impl Iterator<Item = T>, is_named: impl Fn(&T, &str) -> bool) -> [usize; SHOWN.len()] {
    let mut counts = [0_usize; SHOWN.len()];
    for item in items {
        let counted = SHOWN.iter().zip(&mut counts).find(|(name, _)| is_named(&item, name));
        if let Some((_, count)) = counted {
            *count = count.saturating_add(1);
        }
    }
    counts
}

/// Whether an address stands in a field of this name, in any case.
fn mentions(header: &Header, name: &str, address: &str) -> bool {
    header.fields().filter(|field| field.is_named(name)).any(|field| {
        let mut text: Vec<u8> = Vec::new();
        let mut lexer = Lexer::new(field.value());
        let mut words = lexer.by_ref().map_while(Result::ok).peekable();
        while let Some(word) = words.next() {
            let ends = word.is(b',') || word.is(b'<') || word.is(b'>') || word.is(b';') || word.is(b':');
            if !ends {
                text.extend_from_slice(word.raw);
            }
            if ends || words.peek().is_none_or(|next| next.spaced) {
                if text.eq_ignore_ascii_case(address.as_bytes()) {
                    return true;
                }
                text.clear();
            }
        }
        false
    })
}
