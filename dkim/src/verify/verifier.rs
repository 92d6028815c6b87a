//! The machine that reads a message once.

use super::{
    KeyInquiry,
    inquiry::{Message, Pending},
    prefix::{SHORTEST, shorten},
};
use crate::{
    Policy,
    backend::Backend,
    canon::{
        body::BodyForm,
        tap::{Digests, Tap, want},
    },
    header_index::IndexedHeader,
    key_record::key_name,
    line_ends::Normaliser,
    policy::LineEnds,
    report::{BodyFact, Cause, SignatureReport},
    signature::{self, FIELD_NAME, Listed, Signature, Sketch},
};
use alloc::{string::String, sync::Arc, vec::Vec};
use mail_base::{
    Name, Step,
    dns::Question,
    fields::{Field, Header, HeaderError, HeaderReader},
};

/// Reads a message piece by piece, and leaves what must be asked.
///
/// ```
/// # #[cfg(feature = "rustcrypto")] {
/// use dkim::{Policy, Verifier, Zone};
///
/// let mut verifier = Verifier::new(&Policy::default(), 1_528_637_909);
/// verifier.write(b"From: a@example.com\r\nSub");
/// verifier.write(b"ject: none\r\n\r\nHello\r\n");
/// let reports = dkim::run_all(verifier.finish(), &Zone::new());
/// assert!(reports.is_empty(), "the message is not signed");
/// # }
/// ```
pub struct Verifier {
    policy: Policy,
    now: u64,
    backend: &'static dyn Backend,
    normaliser: Normaliser,
    stage: Stage,
}

enum Stage {
    Header(HeaderReader),
    Body(Body),
}

/// What is known once the header is complete.
#[derive(Default)]
struct Body {
    header: IndexedHeader,
    /// Why the header was not read to its end.
    refused: Option<HeaderError>,
    /// Signatures that need no key any more.
    done: Vec<SignatureReport>,
    pending: Vec<Pending>,
    forms: Vec<BodyForm<Tap>>,
}

impl Verifier {
    /// Starts at the first octet of a message, on the backend `RustCrypto`. `now` is the time in seconds since
    /// 1970.
    #[cfg(feature = "rustcrypto")]
    #[must_use]
    pub fn new(policy: &Policy, now: u64) -> Self {
        Self::with_backend(policy, now, &crate::backend::rustcrypto::RustCrypto)
    }

    /// Starts at the first octet of a message, on this backend.
    #[must_use]
    pub fn with_backend(policy: &Policy, now: u64, backend: &'static dyn Backend) -> Self {
        Self {
            policy: policy.clone(),
            now,
            backend,
            normaliser: Normaliser::default(),
            stage: Stage::Header(HeaderReader::new(policy.header)),
        }
    }

    /// Takes the next piece of the message. Where the pieces are cut makes no difference.
    pub fn write(&mut self, piece: &[u8]) {
        match self.policy.line_ends {
            LineEnds::AsReceived => self.take(piece),
            LineEnds::Normalise => {
                let mut normaliser = core::mem::take(&mut self.normaliser);
                normaliser.write(piece, |piece| self.take(piece));
                self.normaliser = normaliser;
            }
        }
    }

    fn take(&mut self, piece: &[u8]) {
        let reader = match &mut self.stage {
            Stage::Body(body) => return body.write(piece),
            Stage::Header(reader) => reader,
        };
        match reader.write(piece) {
            Ok(None) => {}
            Ok(Some(used)) => {
                self.end_header();
                if let Stage::Body(body) = &mut self.stage {
                    body.write(piece.get(used..).unwrap_or(&[]));
                }
            }
            Err(error) => {
                let header = self.take_header();
                self.stage = Stage::Body(Body::refused(header, error, self.policy.max_signatures));
            }
        }
    }

    /// The header as far as it was read: complete once the empty line was seen, or after
    /// [`end_header`](Self::end_header).
    #[must_use]
    pub fn header(&self) -> &Header {
        match &self.stage {
            Stage::Header(reader) => reader.header(),
            Stage::Body(body) => body.header.header(),
        }
    }

    /// Why the header was not read to its end: it is larger than the policy allows. No signature passes then,
    /// and what else is read from the header may not be what a laxer reader sees.
    #[must_use]
    pub fn header_error(&self) -> Option<HeaderError> {
        match &self.stage {
            Stage::Header(_) => None,
            Stage::Body(body) => body.refused,
        }
    }

    /// Whether the header is complete.
    #[must_use]
    pub fn header_is_complete(&self) -> bool {
        matches!(self.stage, Stage::Body(_))
    }

    /// Ends the message, where it ends without an empty line after its header: the last field is complete then.
    /// [`finish`](Self::finish) does this too.
    pub fn end_header(&mut self) {
        if !self.header_is_complete() {
            let header = self.take_header();
            self.stage = Stage::Body(self.start_body(header));
        }
    }

    fn take_header(&mut self) -> IndexedHeader {
        match core::mem::replace(&mut self.stage, Stage::Body(Body::default())) {
            Stage::Header(reader) => IndexedHeader::new(reader.finish()),
            Stage::Body(body) => body.header,
        }
    }

    /// Ends the message. Gives one step for each key that must be asked, to be run in any order, and one for
    /// the signatures that need no key any more. [`run_all`](crate::run_all) runs them and sorts the reports.
    pub fn finish(mut self) -> Vec<Step<KeyInquiry>> {
        if self.policy.line_ends == LineEnds::Normalise {
            let normaliser = core::mem::take(&mut self.normaliser);
            normaliser.finish(|piece| self.take(piece));
        }
        self.end_header();
        let Stage::Body(body) = self.stage else { return Vec::new() };
        body.finish(self.policy, self.backend)
    }

    /// Reads the signatures of a complete header, and starts the canonical bodies that they need.
    fn start_body(&self, header: IndexedHeader) -> Body {
        let mut body = Body::default();
        let has_from = header.count(&Listed::FROM) > 0;
        let count = header.count(&Listed::SIGNATURE);
        let looked_at = count.min(self.policy.max_signatures);
        body.pending.reserve_exact(looked_at);
        // one alone need not be told from others
        let text_length = if looked_at == 1 { SHORTEST } else { usize::MAX };
        for (index, (position, field)) in signature_fields(&header).take(count).enumerate() {
            if index < looked_at {
                self.examine(index, position, &field, has_from, text_length, &mut body);
            } else {
                let limit = self.policy.max_signatures;
                body.done.push(SignatureReport::concluded(index, Cause::TooManySignatures { limit }));
            }
        }
        if looked_at > 1 {
            shorten(&mut body.prefixes());
        }
        body.header = header;
        body
    }

    /// Reads a signature, and files it: with those that want their keys, or as a report where it needs none.
    fn examine(
        &self,
        index: usize,
        position: usize,
        field: &Field<'_>,
        has_from: bool,
        text_length: usize,
        body: &mut Body,
    ) {
        let value = field.value();
        let (signature, hole) = match signature::read(value, self.policy.to_ascii) {
            Ok(read) => read,
            Err(error) => {
                let sketch = Sketch::read(value, self.policy.to_ascii);
                let mut report = SignatureReport::concluded(index, Cause::Syntax(error));
                report.domain = sketch.domain;
                report.selector = sketch.selector;
                report.algorithm = sketch.algorithm;
                report.signature_prefix = signature::signature_text(value, text_length);
                return body.done.push(report);
            }
        };
        let prefix = signature::without_space(value.get(hole.clone()).unwrap_or(&[]), text_length);
        match self.prepare(&signature, has_from, &mut body.forms) {
            Ok(key_name) => body.pending.push(Pending {
                index,
                signature,
                field: position,
                hole,
                key_name,
                prefix,
                body: BodyFact::Unchecked,
                body_octets: None,
                cause: None,
            }),
            Err(cause) => {
                let mut report = SignatureReport::concluded(index, cause);
                report.describe(signature, None);
                report.signature_prefix = Some(prefix).filter(|text| !text.is_empty());
                body.done.push(report);
            }
        }
    }

    /// Starts the canonical body that a signature needs, and gives the name of its key; or the cause for which it
    /// needs none.
    fn prepare(
        &self,
        signature: &Signature,
        has_from: bool,
        forms: &mut Vec<BodyForm<Tap>>,
    ) -> Result<Name, Cause> {
        if let Some(cause) = self.check(signature, has_from) {
            return Err(cause);
        }
        let name = key_name(&signature.selector, &signature.domain).map_err(|_| Cause::KeyName)?;
        let (form, algorithm) = (signature.canonicalization.body, signature.algorithm);
        if !want(forms, form, algorithm.hash(), signature.body_length, self.backend) {
            return Err(Cause::NoBackend(algorithm));
        }
        Ok(name)
    }

    /// What can be told of a signature before its key is known (RFC 6376 §6.1.1).
    fn check(&self, signature: &Signature, has_from: bool) -> Option<Cause> {
        if signature.algorithm == crate::algorithm::Algorithm::RsaSha1 && !self.policy.is_legacy {
            return Some(Cause::RefusedAlgorithm(signature.algorithm));
        }
        if !signature.fields.contains("from") {
            return Some(Cause::FromNotSigned);
        }
        if !has_from {
            return Some(Cause::NoFrom);
        }
        if let Some(expiration) = signature.expiration
            && !self.policy.accept_expired
            && self.now > expiration.saturating_add(self.policy.clock_skew)
        {
            return Some(Cause::Expired { expiration });
        }
        if let Some(timestamp) = signature.timestamp
            && !self.policy.accept_future
            && timestamp > self.now.saturating_add(self.policy.clock_skew)
        {
            return Some(Cause::Future { timestamp });
        }
        None
    }
}

/// The DKIM-Signature fields, each with its place among all fields.
fn signature_fields(header: &IndexedHeader) -> impl Iterator<Item = (usize, Field<'_>)> {
    header.header().fields().enumerate().filter(|(_, field)| field.is_named(FIELD_NAME))
}

impl Body {
    /// What is left of a message whose header is too large: nothing of it can be verified.
    fn refused(header: IndexedHeader, error: HeaderError, limit: usize) -> Self {
        let reports = signature_fields(&header).enumerate().map(|(index, _)| {
            let is_looked_at = index < limit;
            let cause = if is_looked_at { Cause::Header(error) } else { Cause::TooManySignatures { limit } };
            SignatureReport::concluded(index, cause)
        });
        Self { done: reports.collect(), header, refused: Some(error), ..Self::default() }
    }

    /// What is to become the starts of the signatures that tell them apart.
    fn prefixes(&mut self) -> Vec<&mut String> {
        let done = self.done.iter_mut().filter_map(|report| report.signature_prefix.as_mut());
        done.chain(self.pending.iter_mut().map(|pending| &mut pending.prefix)).collect()
    }

    fn write(&mut self, piece: &[u8]) {
        for form in &mut self.forms {
            form.write(piece);
        }
    }

    fn finish(self, policy: Policy, backend: &'static dyn Backend) -> Vec<Step<KeyInquiry>> {
        let Self { header, done, mut pending, forms, .. } = self;
        for form in forms {
            let name = form.form();
            let digests = form.finish().finish();
            let wanted = |pending: &&mut Pending| pending.signature.canonicalization.body == name;
            for pending in pending.iter_mut().filter(wanted) {
                compare_body(pending, &digests);
            }
        }
        let mut steps: Vec<Step<KeyInquiry>> = Vec::with_capacity(pending.len().saturating_add(1));
        if !done.is_empty() {
            steps.push(Step::Done(done));
        }
        let message = Arc::new(Message { header, policy, backend });
        // the sort is stable: signatures of one key stay in their order, those of the last key at the end
        pending.sort_by(|a, b| b.key_name.cmp(&a.key_name));
        while let Some(last) = pending.last() {
            let question = Question::txt(last.key_name.clone());
            let start = pending.partition_point(|pending| pending.key_name > question.name);
            let signatures =
                if start == 0 { core::mem::take(&mut pending) } else { pending.split_off(start) };
            steps.push(Step::Ask(KeyInquiry { question, message: message.clone(), signatures }));
        }
        steps
    }
}

/// Compares the hash of the body with `bh=`.
fn compare_body(pending: &mut Pending, digests: &Digests) {
    let Signature { algorithm, body_length, body_hash, .. } = &pending.signature;
    pending.body_octets = Some(digests.octets);
    pending.body = match digests.get(algorithm.hash(), *body_length) {
        Some(digest) if digest.as_bytes() == body_hash => BodyFact::Match,
        Some(_) => BodyFact::Mismatch,
        None => {
            let length = body_length.unwrap_or(0);
            pending.cause = Some(Cause::BodyTooShort { length, octets: digests.octets });
            BodyFact::Mismatch
        }
    };
}

impl core::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Verifier")
            .field("policy", &self.policy)
            .field("now", &self.now)
            .field("header", self.header())
            .finish_non_exhaustive()
    }
}
