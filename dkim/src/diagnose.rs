//! What happened to a message on its way.

use crate::{
    Policy, SignatureReport, Verdict, Verifier,
    backend::{Backend, Hash},
    canon::body::{BodyForm, Sink},
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
    /// Text was appended, and nothing else changed in the body: the footer of a mailing list, a disclaimer.
    Appended {
        /// How many octets of the canonical body are those that were signed.
        signed: u64,
        /// How many follow them.
        appended: u64,
        /// Whether the signed fields are unchanged.
        header_unchanged: bool,
    },
    /// Lines ended in CRLF when the message was signed, and do not any more.
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

/// Verifies a message that is in memory, on the backend `RustCrypto`, and looks closer at what fails.
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
    let verify = |policy: &Policy| {
        let mut verifier = Verifier::with_backend(policy, now, backend);
        verifier.write(message);
        crate::run_all(verifier.finish(), resolver)
    };
    let reports = verify(policy);
    let is_wrong = |report: &SignatureReport| report.verdict == Verdict::Fail;
    if !reports.iter().any(is_wrong) {
        return reports.into_iter().map(|report| (report, None)).collect();
    }
    let mut normalising = policy.clone();
    normalising.line_ends = LineEnds::Normalise;
    let normalised = if policy.line_ends == LineEnds::Normalise { Vec::new() } else { verify(&normalising) };
    let message = Message::read(message, policy);
    let findings = reports.into_iter().map(|report| {
        if !is_wrong(&report) {
            return (report, None);
        }
        let passes = normalised.get(report.index).is_some_and(|report| report.verdict == Verdict::Pass);
        let finding = if passes { Finding::LineEnds } else { message.look_at(&report, backend) };
        (report, Some(finding))
    });
    findings.collect()
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
        if report.body != BodyFact::Mismatch {
            return Finding::HeaderChanged;
        }
        let signature = self.signatures.get(report.index).and_then(Option::as_ref);
        if let Some((signed, all)) = signature.and_then(|signature| self.longest_signed(signature, backend)) {
            return Finding::Appended { signed, appended: all.saturating_sub(signed), header_unchanged };
        }
        if header_unchanged { Finding::BodyChanged } else { Finding::BothChanged }
    }

    /// How many octets of the canonical body are those that were signed, if they are its first, and how many
    /// there are.
    fn longest_signed(&self, signature: &Signature, backend: &dyn Backend) -> Option<(u64, u64)> {
        let sink = Prefixes {
            hash: backend.hash(signature.algorithm.hash())?,
            wanted: &signature.body_hash,
            octets: 0,
            ends_in_cr: false,
            found: None,
        };
        let mut form = BodyForm::new(signature.canonicalization.body, sink);
        form.write(&self.body);
        let prefixes = form.finish();
        prefixes.found.map(|found| (found, prefixes.octets))
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
