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
    key_record::key_name,
    line_ends::Normaliser,
    policy::LineEnds,
    report::{BodyFact, Cause, SignatureReport},
    signature::{self, FIELD_NAME, Signature, Sketch},
};
use alloc::{string::String, sync::Arc, vec::Vec};
use core::ops::Range;
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
    header: Header,
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
                self.stage = Stage::Body(Body::refused(header, error));
            }
        }
    }

    /// The header as far as it was read: complete once the empty line was seen, or after
    /// [`end_header`](Self::end_header).
    #[must_use]
    pub fn header(&self) -> &Header {
        match &self.stage {
            Stage::Header(reader) => reader.header(),
            Stage::Body(body) => &body.header,
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

    fn take_header(&mut self) -> Header {
        match core::mem::replace(&mut self.stage, Stage::Body(Body::default())) {
            Stage::Header(reader) => reader.finish(),
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
    fn start_body(&self, header: Header) -> Body {
        let mut body = Body::default();
        let has_from = header.fields().any(|field| field.is_named("from"));
        let looked_at = signature_fields(&header).count().min(self.policy.max_signatures);
        // one alone need not be told from others
        let text_length = if looked_at == 1 { SHORTEST } else { usize::MAX };
        let mut texts = Vec::with_capacity(looked_at);
        body.pending.reserve_exact(looked_at);
        for (index, (position, field)) in signature_fields(&header).enumerate() {
            let mut report = SignatureReport::new(index);
            if index >= looked_at {
                report.conclude(Cause::TooManySignatures { limit: self.policy.max_signatures });
                body.done.push(report);
                continue;
            }
            match self.examine(&field, has_from, &mut body.forms, &mut report) {
                Ok((signature, hole, key_name)) => {
                    let text = field.value().get(hole.clone()).unwrap_or(&[]);
                    texts.push(signature::without_space(text, text_length));
                    body.pending.push(Pending { report, signature, field: position, hole, key_name });
                }
                Err(cause) => {
                    texts.push(signature::signature_text(field.value(), text_length));
                    report.conclude(cause);
                    body.done.push(report);
                }
            }
        }
        shorten(&mut texts);
        body.add_prefixes(texts);
        body.header = header;
        body
    }

    /// Reads a signature and describes it in its report. Gives it, what to leave out of its field, and the name
    /// of its key; or the cause for which it needs no key.
    fn examine(
        &self,
        field: &Field<'_>,
        has_from: bool,
        forms: &mut Vec<BodyForm<Tap>>,
        report: &mut SignatureReport,
    ) -> Result<(Signature, Range<usize>, Name), Cause> {
        let read = signature::read(field.value(), self.policy.to_ascii);
        let (signature, hole) = read.map_err(|error| {
            let sketch = Sketch::read(field.value(), self.policy.to_ascii);
            report.domain = sketch.domain;
            report.selector = sketch.selector;
            report.algorithm = sketch.algorithm;
            Cause::Syntax(error)
        })?;
        report.describe(&signature);
        if let Some(cause) = self.check(&signature, has_from) {
            return Err(cause);
        }
        let name = key_name(&signature.selector, &signature.domain).map_err(|_| Cause::KeyName)?;
        let (form, algorithm) = (signature.canonicalization.body, signature.algorithm);
        if !want(forms, form, algorithm.hash(), signature.body_length, self.backend) {
            return Err(Cause::NoBackend(algorithm));
        }
        Ok((signature, hole, name))
    }

    /// What can be told of a signature before its key is known (RFC 6376 §6.1.1).
    fn check(&self, signature: &Signature, has_from: bool) -> Option<Cause> {
        if signature.algorithm == crate::algorithm::Algorithm::RsaSha1 && !self.policy.accept_sha1 {
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
fn signature_fields(header: &Header) -> impl Iterator<Item = (usize, Field<'_>)> {
    header.fields().enumerate().filter(|(_, field)| field.is_named(FIELD_NAME))
}

impl Body {
    /// What is left of a message whose header is too large: nothing of it can be verified.
    fn refused(header: Header, error: HeaderError) -> Self {
        let mut body = Self::default();
        for (index, _) in signature_fields(&header).enumerate() {
            let mut report = SignatureReport::new(index);
            report.conclude(Cause::Header(error));
            body.done.push(report);
        }
        body.header = header;
        body.refused = Some(error);
        body
    }

    /// Notes the start of the `b=` of each signature that is looked at.
    fn add_prefixes(&mut self, mut texts: Vec<String>) {
        let reports = self.done.iter_mut().chain(self.pending.iter_mut().map(|pending| &mut pending.report));
        for report in reports {
            let text = texts.get_mut(report.index).map(core::mem::take);
            report.signature_prefix = text.filter(|text| !text.is_empty());
        }
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
            for pending in
                pending.iter_mut().filter(|pending| pending.signature.canonicalization.body == name)
            {
                compare_body(&pending.signature, &digests, &mut pending.report);
            }
        }
        let mut steps: Vec<Step<KeyInquiry>> = Vec::with_capacity(pending.len().saturating_add(1));
        if !done.is_empty() {
            steps.push(Step::Done(done));
        }
        let message = Arc::new(Message { header, policy, backend });
        // the sort is stable: signatures of one key stay in their order
        pending.sort_by(|a, b| a.key_name.cmp(&b.key_name));
        for pending in pending {
            match steps.last_mut() {
                Some(Step::Ask(inquiry)) if inquiry.question.name == pending.key_name => {
                    inquiry.signatures.push(pending);
                }
                _ => steps.push(Step::Ask(KeyInquiry {
                    question: Question::txt(pending.key_name.clone()),
                    message: message.clone(),
                    signatures: alloc::vec![pending],
                })),
            }
        }
        steps
    }
}

/// Compares the hash of the body with `bh=`.
fn compare_body(signature: &Signature, digests: &Digests, report: &mut SignatureReport) {
    if let Some(covered) = &mut report.covered {
        covered.body_octets = Some(digests.octets);
    }
    report.body = BodyFact::Mismatch;
    match digests.get(signature.algorithm.hash(), signature.body_length) {
        Some(digest) if digest.as_bytes() == signature.body_hash => report.body = BodyFact::Match,
        Some(_) => {}
        None => {
            let length = signature.body_length.unwrap_or(0);
            report.cause = Some(Cause::BodyTooShort { length, octets: digests.octets });
        }
    }
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
