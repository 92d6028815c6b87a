//! The question for a key, and what is done with it.

use super::keys::{Key, Keys};
use crate::{
    Policy,
    backend::Backend,
    canon,
    header_index::FieldIndex,
    policy::PartialBody,
    report::{BodyFact, Cause, HeaderFact, KeyFact, SignatureReport, Verdict},
    signature::Signature,
};
use alloc::{string::ToString, sync::Arc, vec::Vec};
use core::ops::Range;
use mail_base::{
    Inquiry, Name, Step,
    dns::{Answer, Question},
    fields::Header,
};

/// What the inquiries of one message share.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) header: Header,
    pub(crate) policy: Policy,
    pub(crate) backend: &'static dyn Backend,
}

/// A signature that only wants its key.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    /// What is known already: what was signed, and whether the body is that.
    pub(crate) report: SignatureReport,
    pub(crate) signature: Signature,
    /// Where its field stands among all fields.
    pub(crate) field: usize,
    /// The value of `b=` in its field.
    pub(crate) hole: Range<usize>,
    pub(crate) key_name: Name,
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
        let index = FieldIndex::new(&message.header);
        let mut room = Vec::new();
        let each = signatures.into_iter().map(|pending| {
            let Pending { mut report, signature, field, hole, .. } = pending;
            let policy = &message.policy;
            match keys.found() {
                Ok(keys) => {
                    header_data(&message.header, &index, &signature, field, hole, &mut room);
                    let attempt = best_attempt(keys, policy, &signature, &room);
                    attempt.tell(&mut report);
                    if report.cause.is_none() {
                        report.cause =
                            mismatch(&report).or_else(|| refusal(policy, &index, &signature, &report));
                    }
                }
                Err((fact, cause)) => {
                    report.key = fact;
                    report.cause = Some(cause);
                }
            }
            report.verdict = report.cause.as_ref().map_or(Verdict::Pass, Cause::verdict);
            report
        });
        each.collect()
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

    fn tell(self, report: &mut SignatureReport) {
        report.key = self.key;
        report.header = self.header;
        report.key_bits = self.bits;
        report.testing = self.testing;
        // what is wrong with the body may be known already
        report.cause = self.cause.or(report.cause.take());
    }
}

/// Tries the keys until one fits.
fn best_attempt(keys: &[Key], policy: &Policy, signature: &Signature, data: &[u8]) -> Attempt {
    let none = Attempt {
        key: KeyFact::Absent,
        header: HeaderFact::Unchecked,
        cause: Some(Cause::NoKey),
        bits: None,
        testing: false,
    };
    let mut best = none;
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
fn mismatch(report: &SignatureReport) -> Option<Cause> {
    match (report.body, report.header) {
        (BodyFact::Mismatch, _) => Some(Cause::BodyMismatch),
        (_, HeaderFact::Mismatch) => Some(Cause::SignatureMismatch),
        _ => None,
    }
}

/// Whether a signature that is good is not good enough.
fn refusal(
    policy: &Policy,
    index: &FieldIndex<'_>,
    signature: &Signature,
    report: &SignatureReport,
) -> Option<Cause> {
    let unsigned = report.covered.as_ref().map_or(0, crate::report::Covered::unsigned_octets);
    match policy.partial_body {
        PartialBody::Refuse if signature.body_length.is_some() => return Some(Cause::BodyLength),
        PartialBody::NothingAdded if unsigned > 0 => return Some(Cause::PartialBody { unsigned }),
        _ => {}
    }
    let is_missing = |name: &&str| !signature.fields.covers(name, index.count(name));
    if !policy.accept_unsigned_from && is_missing(&"from") {
        return Some(Cause::UnsignedFrom);
    }
    policy.required_fields.iter().find(is_missing).map(|name| Cause::RequiredField(name.to_string()))
}

/// The input of the header hash: the signed fields, then the signature's own, which is the one at `position`,
/// without what `hole` spans of its value (§3.7).
fn header_data(
    header: &Header,
    index: &FieldIndex<'_>,
    signature: &Signature,
    position: usize,
    hole: Range<usize>,
    data: &mut Vec<u8>,
) {
    let form = signature.canonicalization.header;
    data.clear();
    data.reserve(header.as_bytes().len());
    index.select(&signature.fields, position, |field| canon::header::field(form, field, data));
    if let Some(field) = header.field(position) {
        canon::header::signature_field(form, &field, hole, data);
    }
}
