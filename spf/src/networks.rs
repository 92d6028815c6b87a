//! Passing over the networks that a client is not in. Most terms of most records are networks, and most clients are
//! in none of them: here they are read and compared in one, without becoming terms.

use crate::octets::{Groups, ip4_cidr, ip6_cidr, is_in_ip4, is_in_ip6};
use core::net::IpAddr;

/// The networks that a reader shows among the other terms. It may show more of them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Networks {
    /// All.
    All,
    /// None.
    None,
    /// Those that this client is in.
    Of(IpAddr),
}

impl Networks {
    /// Passes over the networks that are not shown. What is left begins with another term, or with a network that is
    /// not written as most are.
    pub(crate) fn pass(self, terms: &[u8]) -> &[u8] {
        match self {
            Self::All => terms,
            Self::None => pass(terms, |_, _| false, |_, _| false),
            Self::Of(IpAddr::V4(client)) => {
                let client = client.to_bits();
                pass(terms, |network, prefix| is_in_ip4(client, network, prefix), |_, _| false)
            }
            Self::Of(IpAddr::V6(client)) => {
                let client = client.to_bits();
                pass(terms, |_, _| false, |network, prefix| is_in_ip6(client, network.address(), prefix))
            }
        }
    }
}

/// Passes over the networks before which there is one space, which have no qualifier, and which the client is not in.
#[inline]
fn pass(terms: &[u8], has_ip4: impl Fn(u32, u8) -> bool, has_ip6: impl Fn(Groups, u8) -> bool) -> &[u8] {
    let mut terms = terms;
    loop {
        if let Some(term) = terms.strip_prefix(b" ip4:") {
            match ip4_cidr(term) {
                Some((network, prefix, rest)) if !has_ip4(network, prefix) => terms = rest,
                _ => return terms,
            }
        } else if let Some(term) = terms.strip_prefix(b" ip6:") {
            match ip6_cidr(term) {
                Some((network, prefix, rest)) if !has_ip6(network, prefix) => terms = rest,
                _ => return terms,
            }
        } else {
            return terms;
        }
    }
}
