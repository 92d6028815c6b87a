//! The question for a key, and what is done with it.

use super::keys::{Key, Keys};
use crate::{
    Policy,
    backend::Backend,
    canon,
    header_index::IndexedHeader,
    policy::PartialBody,
    report::{BodyFact, Cause, HeaderFact, KeyFact, SignatureReport, Verdict},
    signature::{Listed, Signature},
};
use alloc::{
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::ops::Range;
use mail_base::{
    Inquiry, Name, Step,
    dns::{Answer, Question},
};

/// What the inquiries of one message share.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) header: IndexedHeader,
    pub(crate) policy: Policy,
    pub(crate) backend: &'static dyn Backend,
}

/// A signature that only wants its key, and what is known without it.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// Where it stands among the signatures.
    pub(crate) index: usize,
    pub(crate) signature: Signature,
    /// Where its field stands among all fields.
    pub(crate) field: usize,
    /// The value of `b=` in its field.
    pub(crate) hole: Range<usize>,
    pub(crate) key_name: Name,
    /// The start of `b=`.
    pub(crate) prefix: String,
    pub(crate) body: BodyFact,
    /// How many octets the canonical body has, once that is known.
    pub(crate) body_octets: Option<u64>,
    /// What is wrong with the body.
    pub(crate) cause: Option<Cause>,
}

/// The question for one key, and the signatures that want it.
#[derive(Clone, Debug)]
pub struct KeyInquiry {
    pub(crate) question: Question,
    pub(crate) message: Arc<Message>,
    pub(crate) signatures: Vec<Pending>,
}

impl Inquiry for KeyInquiry {
    type Outcome = Vec<SignatureReport>;

    fn question(&self) -> &Question {
        &self.question
    }

    fn answer(self, answer: Answer) -> Step<Self> {
        let keys = self.read(&answer);
        Step::Done(self.verify(&keys))
    }

    fn expire(self) -> Self::Outcome {
        self.verify(&Keys::unavailable())
    }
}

impl KeyInquiry {
    /// Reads the answer to the question, into something that can be kept for the next message.
    #[must_use]
    pub fn read(&self, answer: &Answer) -> Keys {
        Keys::read(answer, self.message.backend, &self.message.policy)
    }

    /// Goes on with keys that are known already. They must be those of the question.
    #[must_use]
    pub fn verify(self, keys: &Keys) -> Vec<SignatureReport> {
        let Self { message, signatures, .. } = self;
        // more than that is seldom signed
        let mut room = Vec::with_capacity(1024);
        let each = signatures.into_iter().map(|pending| match keys.found() {
            Ok(keys) => {
                header_data(&message.header, &pending, &mut room);
                let attempt = best_attempt(keys, &message.policy, &pending.signature, &room);
                pending.judge(attempt, &message.policy, &message.header)
            }
            Err((key, cause)) => pending.report(Attempt::without_key(key, cause)),
        });
        each.collect()
    }
}

impl Pending {
    /// What the signature is worth, now that the key is known.
    fn judge(mut self, mut attempt: Attempt, policy: &Policy, header: &IndexedHeader) -> SignatureReport {
        // what is wrong with the body may be known already
        attempt.cause = attempt.cause.or(self.cause.take());
        if attempt.cause.is_none() {
            attempt.cause = mismatch(self.body, attempt.header).or_else(|| self.refusal(policy, header));
        }
        self.report(attempt)
    }

    fn report(self, attempt: Attempt) -> SignatureReport {
        let mut report = SignatureReport::new(self.index);
        report.verdict = attempt.cause.as_ref().map_or(Verdict::Pass, Cause::verdict);
        report.cause = attempt.cause;
        report.key = attempt.key;
        report.key_bits = attempt.bits;
        report.testing = attempt.testing;
        report.header = attempt.header;
        report.body = self.body;
        report.signature_prefix = Some(self.prefix).filter(|text| !text.is_empty());
        report.describe(self.signature, self.body_octets);
        report
    }

    /// Whether a signature that is good is not good enough.
    fn refusal(&self, policy: &Policy, header: &IndexedHeader) -> Option<Cause> {
        let Signature { fields, body_length, .. } = &self.signature;
        match (policy.partial_body, body_length, self.body_octets) {
            (PartialBody::Refuse, Some(_), _) => return Some(Cause::BodyLength),
            (PartialBody::NothingAdded, Some(length), Some(octets)) if octets > *length => {
                return Some(Cause::PartialBody { unsigned: octets.saturating_sub(*length) });
            }
            _ => {}
        }
        let is_missing = |name: &Listed<'_>| !fields.covers(name, header.count(name));
        if !policy.accept_unsigned_from && is_missing(&Listed::FROM) {
            return Some(Cause::UnsignedFrom);
        }
        let missing = policy.required_fields.iter().find(|name| is_missing(&Listed::new(name)));
        missing.map(|name| Cause::RequiredField(name.to_string()))
    }
}

/// What comes of a signature with one key.
struct Attempt {
    key: KeyFact,
    header: HeaderFact,
    cause: Option<Cause>,
    bits: Option<usize>,
    testing: bool,
}

impl Attempt {
    fn new(key: &Key, policy: &Policy, signature: &Signature, data: &[u8]) -> Self {
        let (bits, testing) = (key.bits(), key.is_testing());
        match key.for_signature(signature, policy) {
            Ok(public) => {
                let fits = public.verify(signature.algorithm, data, &signature.signature);
                let header = if fits { HeaderFact::Match } else { HeaderFact::Mismatch };
                Self { key: KeyFact::Usable, header, cause: None, bits, testing }
            }
            Err((fact, cause)) => {
                Self { key: fact, header: HeaderFact::Unchecked, cause: Some(cause), bits, testing }
            }
        }
    }

    /// Of several keys of which none fits, the one that came nearest is reported.
    fn rank(&self) -> u8 {
        match (self.header, self.key) {
            (HeaderFact::Match, _) => 3,
            (_, KeyFact::Usable) => 2,
            _ => 1,
        }
    }

    fn without_key(key: KeyFact, cause: Cause) -> Self {
        Self { key, header: HeaderFact::Unchecked, cause: Some(cause), bits: None, testing: false }
    }
}

/// Tries the keys until one fits.
fn best_attempt(keys: &[Key], policy: &Policy, signature: &Signature, data: &[u8]) -> Attempt {
    let mut best = Attempt::without_key(KeyFact::Absent, Cause::NoKey);
    for (position, key) in keys.iter().enumerate() {
        let attempt = Attempt::new(key, policy, signature, data);
        if position == 0 || attempt.rank() > best.rank() {
            best = attempt;
        }
        if best.header == HeaderFact::Match {
            break;
        }
    }
    best
}

/// Whether body or header is not what was signed, in the order in which RFC 6376 §6.1.3 looks.
fn mismatch(body: BodyFact, header: HeaderFact) -> Option<Cause> {
    match (body, header) {
        (BodyFact::Mismatch, _) => Some(Cause::BodyMismatch),
        (_, HeaderFact::Mismatch) => Some(Cause::SignatureMismatch),
        _ => None,
    }
}

/// The input of the header hash: the signed fields, then the signature's own, without the value of `b=` (§3.7).
fn header_data(indexed: &IndexedHeader, pending: &Pending, data: &mut Vec<u8>) {
    let form = pending.signature.canonicalization.header;
    let header = indexed.header();
    let octets = header.as_bytes();
    data.clear();
    indexed.select(&pending.signature.fields, pending.field, |field| {
        canon::header::field(form, field, octets, data);
    });
    if let Some(field) = header.field(pending.field) {
        canon::header::signature_field(form, &field, octets, pending.hole.clone(), data);
    }
}
