//! Signs that a good signature may stand on a message that was sent on to others (DKIM replay).
//!
//! A signed message can be sent again, as it is or with fields added that are not signed, to recipients whom the
//! signer never meant. The signature stays good. What can be told from the message is told here as facts; none
//! of them is a verdict, and honest mail shows some of them.

use crate::inbound::{Envelope, Policy};
use alloc::{string::String, vec::Vec};
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

/// Looks at every signature that can be read.
pub(crate) fn hints(header: &Header, envelope: &Envelope, policy: &Policy<'_>, now: u64) -> Vec<ReplayHints> {
    let fields = header.fields().filter(|field| field.is_named("DKIM-Signature"));
    let signatures = fields.enumerate().take(policy.dkim.max_signatures);
    signatures
        .filter_map(|(index, field)| {
            let signature = dkim::Signature::parse(field.value(), policy.dkim.to_ascii).ok()?;
            Some(hint(index, &signature, header, envelope, now))
        })
        .collect()
}

fn hint(
    index: usize,
    signature: &dkim::Signature,
    header: &Header,
    envelope: &Envelope,
    now: u64,
) -> ReplayHints {
    let present = |name: &str| header.fields().filter(|field| field.is_named(name)).count();
    let signed = |name: &str| signature.fields.count(name);
    let is_addressed = |recipient: &String| {
        ["To", "Cc"].iter().any(|name| signed(name) > 0 && mentions(header, name, recipient))
    };
    ReplayHints {
        index,
        unsigned: SHOWN.into_iter().filter(|name| present(name) > signed(name)).collect(),
        open_to_additions: SHOWN.into_iter().filter(|name| present(name) >= signed(name)).collect(),
        is_old: signature.timestamp.is_some_and(|at| now.saturating_sub(at) > OLD),
        recipient_not_signed: !envelope.rcpt_to.iter().all(is_addressed),
    }
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
