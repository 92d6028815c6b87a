//! The keys of a selector, ready for use.

use crate::{
    Policy,
    algorithm::KeyType,
    backend::{Backend, PublicKey, RefusedKey, VerifySignature},
    der,
    key_record::{KeyRecord, KeyRecordError},
    report::{Cause, KeyFact},
    secret::MIN_RSA_BITS,
    signature::Signature,
};
use alloc::sync::Arc;
use mail_base::dns::Answer;

/// What the DNS holds for a selector, read and made ready for use.
///
/// It is a value: keep it by the name of the question, for as long as the records live, and give it to
/// [`KeyInquiry::verify`](super::KeyInquiry::verify) when the next message of the same selector comes. That
/// saves the question, and the reading of the key. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Keys {
    found: Result<Arc<[Key]>, Cause>,
}

impl Keys {
    /// Reads an answer.
    #[must_use]
    pub fn read(answer: &Answer, backend: &dyn Backend, policy: &Policy) -> Self {
        let found = match answer {
            Answer::Unavailable => Err(Cause::KeyUnavailable),
            answer if answer.as_txt().is_empty() => Err(Cause::NoKey),
            answer => {
                let records = answer.as_txt().iter().take(policy.max_key_records.max(1));
                Ok(records.map(|record| Key::read(record.as_bytes(), backend)).collect())
            }
        };
        Self { found }
    }

    /// No answer could be had.
    pub(crate) fn unavailable() -> Self {
        Self { found: Err(Cause::KeyUnavailable) }
    }

    pub(crate) fn found(&self) -> Result<&[Key], (KeyFact, Cause)> {
        match &self.found {
            Ok(keys) => Ok(keys),
            Err(cause @ Cause::KeyUnavailable) => Err((KeyFact::Unavailable, cause.clone())),
            Err(cause) => Err((KeyFact::Absent, cause.clone())),
        }
    }
}

/// One key record, read.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    record: Result<KeyRecord, KeyRecordError>,
    bits: Option<usize>,
    /// The key itself, where there is one that makes sense.
    public: Option<Result<Arc<dyn VerifySignature>, RefusedKey>>,
}

impl Key {
    fn read(record: &[u8], backend: &dyn Backend) -> Self {
        let record = KeyRecord::parse(record);
        let key = record.as_ref().ok().and_then(public_key);
        let bits = key.as_ref().map(PublicKey::bits);
        let public =
            key.map(|key| if key.is_sound() { backend.public_key(&key) } else { Err(RefusedKey::Malformed) });
        Self { record, bits, public }
    }

    pub(crate) fn bits(&self) -> Option<usize> {
        self.bits
    }

    pub(crate) fn is_testing(&self) -> bool {
        self.record.as_ref().is_ok_and(|record| record.testing)
    }

    /// The key, if it may be used for this signature (RFC 6376 §6.1.2, RFC 8301 §3.2).
    pub(crate) fn for_signature(
        &self,
        signature: &Signature,
        policy: &Policy,
    ) -> Result<&dyn VerifySignature, (KeyFact, Cause)> {
        let unusable = |cause| (KeyFact::Unusable, cause);
        let record = self.record.as_ref().map_err(|error| unusable(Cause::KeySyntax(*error)))?;
        if record.is_revoked() {
            return Err((KeyFact::Revoked, Cause::KeyRevoked));
        }
        let key_type = signature.algorithm.key_type();
        if record.key_type != Some(key_type) {
            return Err(unusable(Cause::KeyType));
        }
        if !record.allows(signature.algorithm.hash()) {
            return Err(unusable(Cause::KeyHash));
        }
        if !record.for_email {
            return Err(unusable(Cause::KeyService));
        }
        let identity = signature.identity.as_ref();
        if record.strict && identity.is_some_and(|identity| *identity.domain() != signature.domain) {
            return Err(unusable(Cause::KeyStrict));
        }
        let (Some(bits), Some(public)) = (self.bits, &self.public) else {
            return Err(unusable(Cause::KeyMalformed(key_type)));
        };
        if key_type == KeyType::Rsa {
            if bits < policy.shortest_rsa() {
                return Err(unusable(Cause::KeyTooShort { bits, forbidden: bits < MIN_RSA_BITS }));
            }
            if bits > policy.max_rsa_bits {
                return Err(unusable(Cause::KeyTooLong { bits }));
            }
        }
        match public {
            Ok(key) => Ok(&**key),
            Err(refused) => Err(unusable(Cause::KeyRefused(*refused))),
        }
    }
}

/// The key in `p=`; `None` where it is none of the kind that `k=` names.
fn public_key(record: &KeyRecord) -> Option<PublicKey<'_>> {
    match record.key_type? {
        KeyType::Rsa => {
            let (modulus, exponent) = der::rsa_public_key(&record.public_key)?;
            Some(PublicKey::Rsa { modulus, exponent })
        }
        KeyType::Ed25519 => Some(PublicKey::Ed25519(record.public_key.as_slice().try_into().ok()?)),
    }
}
