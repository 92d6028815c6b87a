//! HMAC over any of the hashes here.

use crate::Secret;
use hmac::{
    Mac, SimpleHmac,
    digest::{Digest, Key, core_api::BlockSizeUser},
};
use zeroize::Zeroize as _;

/// HMAC (RFC 2104) over the pieces, as if they were one string.
///
/// The key is made as long as a block here, as RFC 2104 §2 says, because for that length alone the library
/// cannot fail.
pub(crate) fn hmac<D: Digest + BlockSizeUser>(key: &[u8], pieces: &[&[u8]]) -> Secret {
    let mut block = Key::<SimpleHmac<D>>::default();
    if key.len() <= block.len() {
        fill(&mut block, key);
    } else {
        fill(&mut block, &D::digest(key));
    }
    let mut mac = <SimpleHmac<D> as Mac>::new(&block);
    for piece in pieces {
        mac.update(piece);
    }
    block.as_mut_slice().zeroize();
    Secret::new(&mac.finalize().into_bytes())
}

fn fill(block: &mut [u8], key: &[u8]) {
    for (octet, key) in block.iter_mut().zip(key) {
        *octet = *key;
    }
}
