//! Where the canonical form of a body ends up: in hashes, cut off where `l=` says.

use super::body::{BodyForm, LONG, Sink};
use crate::{
    algorithm::{Form, HashAlgorithm},
    backend::{Backend, Digest, Hash},
};
use alloc::{boxed::Box, vec::Vec};
use core::fmt;

/// Short pieces are gathered until there are this many octets: a hash takes a few long pieces faster than many
/// short ones.
const BUFFER: usize = 4096;

/// A hash is handed multiples of this, as long as there is more to come: two blocks of it, which fast ones take
/// together, so that it never has to complete one.
const UNIT: usize = 128;

/// Something for each of the hash algorithms that are wanted.
#[derive(Clone, Debug)]
struct EachHash<T> {
    sha256: Option<T>,
    sha1: Option<T>,
}

impl<T> EachHash<T> {
    const NONE: Self = Self { sha256: None, sha1: None };

    fn of(&self, algorithm: HashAlgorithm) -> Option<&T> {
        match algorithm {
            HashAlgorithm::Sha256 => self.sha256.as_ref(),
            HashAlgorithm::Sha1 => self.sha1.as_ref(),
        }
    }

    fn place(&mut self, algorithm: HashAlgorithm) -> &mut Option<T> {
        match algorithm {
            HashAlgorithm::Sha256 => &mut self.sha256,
            HashAlgorithm::Sha1 => &mut self.sha1,
        }
    }

    fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.sha256.iter_mut().chain(&mut self.sha1)
    }

    fn as_ref(&self) -> EachHash<&T> {
        EachHash { sha256: self.sha256.as_ref(), sha1: self.sha1.as_ref() }
    }

    fn map<U>(self, mut to: impl FnMut(T) -> U) -> EachHash<U> {
        EachHash { sha256: self.sha256.map(&mut to), sha1: self.sha1.map(to) }
    }
}

/// Takes a canonical form piece by piece, and hashes it.
///
/// Signatures that want the same form share one hash of each algorithm. One that signs only the first octets
/// (`l=`) takes the digest as it is when the hash has come that far.
pub(crate) struct Tap {
    buffer: Vec<u8>,
    octets: u64,
    hashes: EachHash<Box<dyn Hash>>,
    /// The lengths at which digests are wanted and have not been taken, the nearest last.
    cuts: Vec<u64>,
    digests: Vec<(u64, EachHash<Digest>)>,
}

impl Tap {
    pub(crate) fn new() -> Self {
        Self {
            // more than that is needed for long bodies only
            buffer: Vec::with_capacity(1024),
            octets: 0,
            hashes: EachHash::NONE,
            cuts: Vec::new(),
            digests: Vec::new(),
        }
    }

    /// Makes sure that a hash is made; false where the backend does not have it. Must be called before anything
    /// is put in.
    fn want(&mut self, algorithm: HashAlgorithm, backend: &dyn Backend) -> bool {
        let hash = self.hashes.place(algorithm);
        if hash.is_none() {
            *hash = backend.hash(algorithm);
        }
        hash.is_some()
    }

    /// Asks for a digest of the first `length` octets. Must be called before anything is put in.
    fn cut_at(&mut self, length: u64) {
        if let Err(place) = self.cuts.binary_search_by(|cut| length.cmp(cut)) {
            self.cuts.insert(place, length);
        }
    }

    #[inline]
    fn append(&mut self, piece: &[u8]) {
        self.octets = self.octets.wrapping_add(u64::try_from(piece.len()).unwrap_or(0));
        if piece.len() < LONG && piece.len() <= BUFFER.saturating_sub(self.buffer.len()) {
            self.buffer.extend_from_slice(piece);
        } else {
            self.append_in_units(piece);
        }
    }

    /// Hands on what is gathered, and of the piece as many octets as make whole units.
    fn append_in_units(&mut self, piece: &[u8]) {
        let missing = self.buffer.len().wrapping_neg() % UNIT;
        let (first, rest) = piece.split_at_checked(missing).unwrap_or((piece, &[]));
        self.buffer.extend_from_slice(first);
        if !self.buffer.len().is_multiple_of(UNIT) {
            return;
        }
        if !self.buffer.is_empty() {
            self.flush();
        }
        let more = rest.len() % UNIT;
        let (units, last) = rest.split_at_checked(rest.len().saturating_sub(more)).unwrap_or((rest, &[]));
        if !units.is_empty() {
            self.hash(units);
        }
        self.buffer.extend_from_slice(last);
    }

    fn append_with_cuts(&mut self, mut piece: &[u8]) {
        while let Some(&cut) = self.cuts.last() {
            let room = usize::try_from(cut.saturating_sub(self.octets)).unwrap_or(usize::MAX);
            let Some((before, after)) = piece.split_at_checked(room) else { break };
            self.append(before);
            self.flush();
            self.digests.push((cut, self.hashes.as_ref().map(|hash| hash.digest())));
            self.cuts.pop();
            piece = after;
        }
        self.append(piece);
    }

    fn flush(&mut self) {
        for hash in self.hashes.iter_mut() {
            hash.update(&self.buffer);
        }
        self.buffer.clear();
    }

    fn hash(&mut self, piece: &[u8]) {
        for hash in self.hashes.iter_mut() {
            hash.update(piece);
        }
    }

    /// Ends the canonical form.
    pub(crate) fn finish(mut self) -> Digests {
        self.flush();
        let whole = self.hashes.map(|hash| hash.finish());
        Digests { octets: self.octets, whole, cut: self.digests }
    }
}

/// Makes sure that a canonical form is made, and a hash of it, and of its first octets where a length is given;
/// false where the backend does not have the hash.
pub(crate) fn want(
    forms: &mut Vec<BodyForm<Tap>>,
    form: Form,
    algorithm: HashAlgorithm,
    length: Option<u64>,
    backend: &dyn Backend,
) -> bool {
    if !forms.iter().any(|existing| existing.form() == form) {
        forms.reserve_exact(1);
        forms.push(BodyForm::new(form, Tap::new()));
    }
    let Some(wanted) = forms.iter_mut().find(|existing| existing.form() == form) else { return false };
    let tap = wanted.sink();
    if let Some(length) = length {
        tap.cut_at(length);
    }
    tap.want(algorithm, backend)
}

impl Sink for Tap {
    #[inline]
    fn put(&mut self, piece: &[u8]) {
        if self.cuts.is_empty() {
            self.append(piece);
        } else {
            self.append_with_cuts(piece);
        }
    }

    fn put_start(&mut self, piece: &[u8]) -> usize {
        // whole units, so that nothing has to be gathered: the rest may come with what is next
        let gathered = self.buffer.len() % UNIT;
        let more = gathered.wrapping_add(piece.len()) % UNIT;
        let start = piece.get(..piece.len().saturating_sub(more)).unwrap_or(&[]);
        self.put(start);
        start.len()
    }

    fn is_empty(&self) -> bool {
        self.octets == 0
    }
}

/// The digests of a canonical form.
#[derive(Clone, Debug)]
pub(crate) struct Digests {
    /// How many octets the form has.
    pub(crate) octets: u64,
    whole: EachHash<Digest>,
    cut: Vec<(u64, EachHash<Digest>)>,
}

impl Digests {
    /// The digest of the first octets, or of all: `None` where the form is shorter, or no one asked.
    pub(crate) fn get(&self, algorithm: HashAlgorithm, length: Option<u64>) -> Option<&Digest> {
        let digests = match length {
            Some(length) if length != self.octets => {
                self.cut.iter().find(|(at, _)| *at == length).map(|(_, digests)| digests)?
            }
            _ => &self.whole,
        };
        digests.of(algorithm)
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").field("octets", &self.octets).field("cuts", &self.cuts).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use crate::backend::{PublicKey, RefusedKey, VerifySignature};
    use alloc::sync::Arc;
    use proptest::prelude::*;

    /// Tells what came in which order, and how often it was no whole number of units.
    #[derive(Clone, Debug, Default)]
    struct Told {
        state: u64,
        broken: u64,
    }

    impl Hash for Told {
        fn update(&mut self, octets: &[u8]) {
            let next = |state: u64, &octet: &u8| (state ^ u64::from(octet)).wrapping_mul(0x100_0000_01b3);
            self.state = octets.iter().fold(self.state, next);
            self.broken += u64::from(!octets.len().is_multiple_of(UNIT));
        }

        fn digest(&self) -> Digest {
            Digest::new(&[self.state.to_be_bytes(), self.broken.to_be_bytes()].concat())
        }
    }

    impl Backend for Told {
        fn hash(&self, _: HashAlgorithm) -> Option<Box<dyn Hash>> {
            Some(Box::new(self.clone()))
        }

        fn public_key(&self, _: &PublicKey<'_>) -> Result<Arc<dyn VerifySignature>, RefusedKey> {
            Err(RefusedKey::Algorithm)
        }
    }

    proptest! {
        #[test]
        fn a_hash_takes_everything_in_whole_units(
            lengths in prop::collection::vec(prop_oneof![0..70_usize, 400..700_usize, 0..9000_usize], 0..60),
        ) {
            let mut tap = Tap::new();
            tap.want(HashAlgorithm::Sha256, &Told::default());
            let octets: Vec<u8> = (0..lengths.iter().sum::<usize>()).map(|at| (at % 251) as u8).collect();
            let mut rest = &octets[..];
            for length in lengths {
                let (piece, more) = rest.split_at(length);
                tap.put(piece);
                rest = more;
            }
            let digests = tap.finish();
            let mut whole = Told::default();
            whole.update(&octets);
            prop_assert_eq!(digests.octets, octets.len() as u64);
            prop_assert_eq!(digests.get(HashAlgorithm::Sha256, None), Some(&whole.digest()));
        }
    }
}
