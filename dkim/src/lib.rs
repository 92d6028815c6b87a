#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

pub mod algorithm;
pub mod backend;
mod canon;
mod der;
mod diagnose;
mod encoding;
mod grammar;
mod header_index;
pub mod key_record;
mod line_ends;
mod name_key;
mod policy;
pub mod report;
mod runs;
pub mod secret;
pub mod sign;
pub mod signature;
mod verify;

pub use algorithm::{Algorithm, Canonicalization, Form};
#[cfg(feature = "rustcrypto")]
pub use diagnose::diagnose;
pub use diagnose::{Finding, diagnose_with_backend};
pub use key_record::KeyRecord;
pub use mail_base::{Inquiry, Name, Step, Zone, dns};
pub use policy::{LineEnds, PartialBody, Policy};
pub use report::{Cause, SignatureReport, Verdict};
pub use secret::SecretKey;
pub use signature::Signature;
pub use verify::{KeyInquiry, Keys, Verifier};

use alloc::vec::Vec;
use dns::Resolve;

/// Verifies all signatures of a message that is in memory, on the backend `RustCrypto`. `now` is the time in
/// seconds since 1970. The reports come in the order of the fields, from the top.
#[cfg(feature = "rustcrypto")]
#[must_use]
pub fn verify(
    message: &[u8],
    policy: &Policy,
    now: u64,
    resolver: &(impl Resolve + ?Sized),
) -> Vec<SignatureReport> {
    let mut verifier = Verifier::new(policy, now);
    verifier.write(message);
    run_all(verifier.finish(), resolver)
}

/// Runs the steps of a message one after the other. The reports come in the order of the fields, from the top.
#[must_use]
pub fn run_all(steps: Vec<Step<KeyInquiry>>, resolver: &(impl Resolve + ?Sized)) -> Vec<SignatureReport> {
    sorted(steps.into_iter().flat_map(|step| step.run(resolver)))
}

/// Puts reports into the order of the fields, from the top: for steps that were run by hand.
#[must_use]
pub fn sorted(reports: impl IntoIterator<Item = SignatureReport>) -> Vec<SignatureReport> {
    let mut reports: Vec<_> = reports.into_iter().collect();
    reports.sort_by_key(|report| report.index);
    reports
}
