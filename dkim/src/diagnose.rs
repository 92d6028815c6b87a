//! What happened to a message on its way.

use crate::{
    Cause, Policy, SignatureReport, Verifier,
    algorithm::Form,
    backend::{Backend, Hash},
    canon::{
        body::{BodyForm, Sink},
        tap::want,
    },
    line_ends::Normaliser,
    policy::LineEnds,
    report::{BodyFact, HeaderFact},
    signature::{FIELD_NAME, Signature},
};
use alloc::{boxed::Box, vec::Vec};
use core::fmt;
use mail_base::{dns::Resolve, fields::HeaderReader};

/// What happened to a message on its way, as far as its hashes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Text was appended, after a whole line or after what `l=` covers, and nothing else changed in the body: the
    /// footer of a mailing list, a disclaimer.
    Appended {
        /// How many octets of the canonical body are those that were signed. None of an empty body.
        signed: u64,
        /// How many follow them.
        appended: u64,
        /// Whether the signed fields are unchanged.
        header_unchanged: bool,
    },
    /// Lines ended in CRLF when the message was signed, and do not any more: they end in a bare LF or CR, or in CR
    /// CR LF, which becomes of CRLF where a relay makes CRLF of each LF. Or those of the body ended in a bare LF,
    /// and a relay made that CRLF.
    LineEnds,
    /// The body is the one that was signed, the signed fields are not (or the key is another).
    HeaderChanged,
    /// The signed fields are those that were signed, the body is not.
    BodyChanged,
    /// Neither is what was signed.
    BothChanged,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Appended { signed, appended, header_unchanged } => {
                write!(f, "{appended} octets were appended to the {signed} that were signed")?;
                f.write_str(if *header_unchanged { "" } else { ", and the header was changed" })
            }
            Self::LineEnds => f.write_str("only line ends were changed"),
            Self::HeaderChanged => f.write_str("the body is the one that was signed, the header is not"),
            Self::BodyChanged => f.write_str("the header is the one that was signed, the body is not"),
            Self::BothChanged => f.write_str("header and body were changed"),
        }
    }
}

/// Verifies a message that is in memory, on the backend `RustCrypto`, and looks closer where something else was
/// signed: at what fails, and at bodies that are longer or shorter than `l=`.
///
/// It costs several times as much as [`verify`](crate::verify): it is for people who ask why.
///
/// ```
/// # use dkim::{Policy, Zone};
/// for (report, finding) in dkim::diagnose(b"From: a@example.com\r\n\r\n", &Policy::default(), 0, &Zone::new()) {
///     print!("{report}");
///     if let Some(finding) = finding {
///         print!(" ({finding})");
///     }
/// }
/// ```
#[cfg(feature = "rustcrypto")]
#[must_use]
pub fn diagnose(
    message: &[u8],
    policy: &Policy,
    now: u64,
    resolver: &(impl Resolve + ?Sized),
) -> Vec<(SignatureReport, Option<Finding>)> {
    diagnose_with_backend(message, policy, now, resolver, &crate::backend::rustcrypto::RustCrypto)
}

/// As [`diagnose`], on this backend.
#[must_use]
pub fn diagnose_with_backend(
    message: &[u8],
    policy: &Policy,
    now: u64,
    resolver: &(impl Resolve + ?Sized),
    backend: &'static dyn Backend,
) -> Vec<(SignatureReport, Option<Finding>)> {
    let verify = |message: &[u8], policy: &Policy| {
        let mut verifier = Verifier::with_backend(policy, now, backend);
        verifier.write(message);
        crate::run_all(verifier.finish(), resolver)
    };
    let reports = verify(message, policy);
    let single = with_single_returns(message);
    // more CRs may break the signature's own field
    let may_be_line_ends = |report: &SignatureReport| single.is_some() && !is_as_signed(report);
    if !reports.iter().any(|report| is_changed(report) || may_be_line_ends(report)) {
        return reports.into_iter().map(|report| (report, None)).collect();
    }
    let mut normalising = policy.clone();
    normalising.line_ends = LineEnds::Normalise;
    let mut normalised = Vec::with_capacity(2);
    if policy.line_ends != LineEnds::Normalise {
        normalised.push(verify(message, &normalising));
    }
    if let Some(single) = &single {
        normalised.push(verify(single, &normalising));
    }
    let message = Message::read(message, policy);
    let finding = |report: &SignatureReport| {
        if !is_changed(report) && !may_be_line_ends(report) {
            return None;
        }
        let is_unchanged = |report: &SignatureReport| {
            is_as_signed(report) && !matches!(report.cause, Some(Cause::PartialBody { .. }))
        };
        if normalised.iter().any(|reports| reports.get(report.index).is_some_and(is_unchanged)) {
            return Some(Finding::LineEnds);
        }
        is_changed(report).then(|| message.look_at(report, backend))
    };
    let findings: Vec<_> = reports.iter().map(finding).collect();
    reports.into_iter().zip(findings).collect()
}

/// The message with one CR before an LF that has several; `None` where none has.
fn with_single_returns(message: &[u8]) -> Option<Vec<u8>> {
    if !message.windows(3).any(|octets| octets == b"\r\r\n") {
        return None;
    }
    let mut single = Vec::with_capacity(message.len());
    for line in message.split_inclusive(|&octet| octet == b'\n') {
        let Some(mut text) = line.strip_suffix(b"\r\n") else {
            single.extend_from_slice(line);
            continue;
        };
        while let Some(shorter) = text.strip_suffix(b"\r") {
            text = shorter;
        }
        single.extend_from_slice(text);
        single.extend_from_slice(b"\r\n");
    }
    Some(single)
}

/// Whether something was signed that is not what there is.
fn is_changed(report: &SignatureReport) -> bool {
    matches!(
        report.cause,
        Some(
            Cause::BodyMismatch
                | Cause::SignatureMismatch
                | Cause::BodyTooShort { .. }
                | Cause::PartialBody { .. }
        )
    )
}

/// Whether hash and signature fit, whatever the policy makes of that.
fn is_as_signed(report: &SignatureReport) -> bool {
    (report.body, report.header) == (BodyFact::Match, HeaderFact::Match)
}

/// A message as the policy sees it.
struct Message {
    signatures: Vec<Option<Signature>>,
    body: Vec<u8>,
}

impl Message {
    fn read(message: &[u8], policy: &Policy) -> Self {
        let mut octets = Vec::with_capacity(message.len());
        match policy.line_ends {
            LineEnds::AsReceived => octets.extend_from_slice(message),
            LineEnds::Normalise => {
                let mut normaliser = Normaliser::default();
                normaliser.write(message, |piece| octets.extend_from_slice(piece));
                normaliser.finish(|piece| octets.extend_from_slice(piece));
            }
        }
        let mut reader = HeaderReader::new(policy.header);
        let used = reader.write(&octets).ok().flatten().unwrap_or(octets.len());
        let header = reader.finish();
        let fields = header.fields().filter(|field| field.is_named(FIELD_NAME)).take(policy.max_signatures);
        let signatures = fields.map(|field| Signature::parse(field.value(), policy.to_ascii).ok()).collect();
        Self { signatures, body: octets.split_off(used) }
    }

    fn look_at(&self, report: &SignatureReport, backend: &dyn Backend) -> Finding {
        let header_unchanged = report.header == HeaderFact::Match;
        if let Some(Cause::PartialBody { unsigned: appended }) = report.cause {
            let signed = report.covered.as_ref().and_then(|covered| covered.body_length).unwrap_or(0);
            return Finding::Appended { signed, appended, header_unchanged };
        }
        if report.body != BodyFact::Mismatch {
            return Finding::HeaderChanged;
        }
        let Some(signature) = self.signatures.get(report.index).and_then(Option::as_ref) else {
            return Finding::BothChanged;
        };
        if let Some((signed, all)) = self.longest_signed(signature, backend) {
            return Finding::Appended { signed, appended: all.saturating_sub(signed), header_unchanged };
        }
        match header_unchanged {
            true if self.fits_with_line_feeds(signature, backend) => Finding::LineEnds,
            true => Finding::BodyChanged,
            false => Finding::BothChanged,
        }
    }

    /// How many octets of the canonical body are those that were signed, if they are its first, and how many
    /// there are.
    fn longest_signed(&self, signature: &Signature, backend: &dyn Backend) -> Option<(u64, u64)> {
        let form = signature.canonicalization.body;
        let mut hash = backend.hash(signature.algorithm.hash())?;
        let mut sink = Prefixes {
            hash: backend.hash(signature.algorithm.hash())?,
            wanted: &signature.body_hash,
            octets: 0,
            ends_in_cr: false,
            found: None,
        };
        // the canonical form of an empty body, which in the simple form others need not start with
        if form == Form::Simple {
            hash.update(b"\r\n");
        }
        if hash.digest().as_bytes() == sink.wanted {
            sink.found = Some(0);
        }
        let mut form = BodyForm::new(form, sink);
        form.write(&self.body);
        let prefixes = form.finish();
        prefixes.found.map(|found| (found, prefixes.octets))
    }

    /// Whether the body is the one that was signed if its lines end in a bare LF.
    fn fits_with_line_feeds(&self, signature: &Signature, backend: &dyn Backend) -> bool {
        let Signature { algorithm, canonicalization, body_length, body_hash, .. } = signature;
        let mut forms = Vec::with_capacity(1);
        want(&mut forms, canonicalization.body, algorithm.hash(), *body_length, backend);
        let Some(mut form) = forms.pop() else { return false };
        for line in self.body.split_inclusive(|&octet| octet == b'\n') {
            match line.strip_suffix(b"\r\n") {
                Some(text) => {
                    form.write(text);
                    form.write(b"\n");
                }
                None => form.write(line),
            }
        }
        let digests = form.finish().finish();
        digests.get(algorithm.hash(), *body_length).is_some_and(|digest| digest.as_bytes() == body_hash)
    }
}

/// Looks after every line whether the canonical form so far has the hash that is wanted.
struct Prefixes<'a> {
    hash: Box<dyn Hash>,
    wanted: &'a [u8],
    octets: u64,
    ends_in_cr: bool,
    found: Option<u64>,
}

impl Sink for Prefixes<'_> {
    fn put(&mut self, piece: &[u8]) {
        for line in piece.split_inclusive(|&octet| octet == b'\n') {
            self.hash.update(line);
            self.octets = self.octets.saturating_add(u64::try_from(line.len()).unwrap_or(u64::MAX));
            let ends_line = line.ends_with(b"\r\n") || (line == b"\n" && self.ends_in_cr);
            self.ends_in_cr = line.ends_with(b"\r");
            if ends_line && self.hash.digest().as_bytes() == self.wanted {
                self.found = Some(self.octets);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.octets == 0
    }
}
