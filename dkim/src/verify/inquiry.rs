//! The question for a key, and what is done with it.

use super::keys::{Key, Keys};
use crate::{
    Policy,
    backend::{Backend, VerifySignature},
    canon,
    header_index::FieldIndex,
    policy::PartialBody,
    report::{BodyFact, Cause, HeaderFact, KeyFact, SignatureReport, Verdict},
    signature::Signature,
};
use alloc::{string::ToString, sync::Arc, vec::Vec};
use core::ops::Range;
use mail_base::{
    Inquiry, Step,
    dns::{Answer, Question},
    fields::{Field, Header},
};

/// What the inquiries of one message share.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) header: Header,
    pub(crate) index: FieldIndex,
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
        let fields: Vec<Field<'_>> = message.header.fields().collect();
        let mut data = Vec::new();
        let each = signatures.into_iter().map(|pending| verify(&message, &fields, keys, pending, &mut data));
        each.collect()
    }
}

/// Verifies one signature. `data` is room for the input of the header hash.
fn verify(
    message: &Message,
    fields: &[Field<'_>],
    keys: &Keys,
    pending: Pending,
    data: &mut Vec<u8>,
) -> SignatureReport {
    let mut report = pending.report.clone();
    let keys = match keys.found() {
        Ok(keys) => keys,
        Err((fact, cause)) => {
            report.key = fact;
            report.conclude(cause);
            return report;
        }
    };
    header_data(message, fields, &pending, data);
    let mut best: Option<SignatureReport> = None;
    for key in keys {
        let mut attempt = report.clone();
        try_key(message, fields, key, &pending, data, &mut attempt);
        if attempt.header == HeaderFact::Match {
            return attempt;
        }
        let is_better = best.as_ref().is_none_or(|best| rank(&attempt) > rank(best));
        if is_better {
            best = Some(attempt);
        }
    }
    best.unwrap_or(report)
}

/// Of several keys of which none fits, the one is reported that came nearest.
fn rank(report: &SignatureReport) -> u8 {
    match report.key {
        KeyFact::Usable => 2,
        KeyFact::Unusable | KeyFact::Revoked => 1,
        _ => 0,
    }
}

fn try_key(
    message: &Message,
    fields: &[Field<'_>],
    key: &Key,
    pending: &Pending,
    data: &[u8],
    report: &mut SignatureReport,
) {
    report.key_bits = key.bits();
    report.testing = key.is_testing();
    let public: &dyn VerifySignature = match key.for_signature(&pending.signature, &message.policy) {
        Ok(public) => public,
        Err((fact, cause)) => {
            report.key = fact;
            report.conclude(cause);
            return;
        }
    };
    report.key = KeyFact::Usable;
    let signature = &pending.signature;
    let fits = public.verify(signature.algorithm, data, &signature.signature);
    report.header = if fits { HeaderFact::Match } else { HeaderFact::Mismatch };
    if let Some(cause) = mismatch(report).or_else(|| refusal(&message.policy, fields, signature, report)) {
        report.conclude(cause);
    } else {
        report.verdict = Verdict::Pass;
        report.cause = None;
    }
}

/// Whether body or header is not what was signed, in the order in which RFC 6376 §6.1.3 looks.
fn mismatch(report: &SignatureReport) -> Option<Cause> {
    if report.body == BodyFact::Mismatch {
        // what is wrong with the body may be known more exactly
        return Some(report.cause.clone().unwrap_or(Cause::BodyMismatch));
    }
    (report.header == HeaderFact::Mismatch).then_some(Cause::SignatureMismatch)
}

/// Whether a signature that is good is not good enough.
fn refusal(
    policy: &Policy,
    fields: &[Field<'_>],
    signature: &Signature,
    report: &SignatureReport,
) -> Option<Cause> {
    let unsigned = report.covered.as_ref().map_or(0, crate::report::Covered::unsigned_octets);
    match policy.partial_body {
        PartialBody::Refuse if signature.body_length.is_some() => return Some(Cause::BodyLength),
        PartialBody::NothingAdded if unsigned > 0 => return Some(Cause::PartialBody { unsigned }),
        _ => {}
    }
    let count = |name: &str| fields.iter().filter(|field| field.is_named(name)).count();
    if !policy.accept_unsigned_from && count("from") > signature.fields.count("from") {
        return Some(Cause::UnsignedFrom);
    }
    let is_missing = |name: &&str| count(name) > signature.fields.count(name);
    policy.required_fields.iter().find(is_missing).map(|name| Cause::RequiredField(name.to_string()))
}

/// The input of the header hash: the signed fields, then the signature's own without its `b=` (§3.7).
fn header_data(message: &Message, fields: &[Field<'_>], pending: &Pending, data: &mut Vec<u8>) {
    let form = pending.signature.canonicalization.header;
    data.clear();
    data.reserve(message.header.as_bytes().len());
    message.index.select(fields, &pending.signature.fields, Some(pending.field), |field| {
        canon::header::field(form, field, data);
    });
    if let Some(field) = fields.get(pending.field) {
        canon::header::signature_field(form, field, pending.hole.clone(), data);
    }
}
