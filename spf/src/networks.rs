//! Passing over the networks that a client is not in. Most terms of most records are networks, and most clients are
//! in none of them: here they are read and compared in one, without becoming terms.

use crate::octets::{Groups, ip4_cidr, ip6_cidr, ip6_cidr_end, is_in_ip4, is_in_ip6, long_ip4_cidr_end};
use core::net::{IpAddr, Ipv4Addr};

/// The networks that a reader shows among the other terms. It may show more of them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Networks {
    /// All.
    All,
    /// None.
    None,
    /// Those that this IPv4 client is in.
    OfIp4(Ip4Client),
    /// Those that this IPv6 client, whose address is given in bits, is in.
    OfIp6(u128),
}

impl Networks {
    /// Those that a client is in.
    pub(crate) fn of(client: IpAddr) -> Self {
        match client {
            IpAddr::V4(client) => Self::OfIp4(Ip4Client::new(client)),
            IpAddr::V6(client) => Self::OfIp6(client.to_bits()),
        }
    }

    /// Passes over the networks that are not shown. What is left begins with another term, or with a network that is
    /// not written as most are.
    pub(crate) fn pass<'a>(&self, terms: &'a [u8]) -> &'a [u8] {
        match self {
            Self::All => terms,
            Self::None => pass(terms, |term| ip4_outside(term, |_, _| false), ip6_cidr_end),
            Self::OfIp4(client) => pass(terms, |term| client.behind(term), ip6_cidr_end),
            Self::OfIp6(client) => {
                let is_in = |network: Groups, prefix| is_in_ip6(*client, network.address(), prefix);
                pass(terms, |term| ip4_outside(term, |_, _| false), |term| ip6_outside(term, is_in))
            }
        }
    }
}

/// An IPv4 client, and how most networks are seen to be none of its own: they begin with another number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ip4Client {
    address: u32,
    /// The first number of the address and the dot behind it, as text, and which bits of four octets these are.
    first: u32,
    mask: u32,
}

impl Ip4Client {
    fn new(client: Ipv4Addr) -> Self {
        let [first, ..] = client.octets();
        let digit = |value: u8| (value % 10).wrapping_add(b'0');
        let (text, mask) = match first {
            0..=9 => ([digit(first), b'.', 0, 0], 0xffff),
            10..=99 => ([digit(first / 10), digit(first), b'.', 0], 0xff_ffff),
            100..=255 => ([digit(first / 100), digit(first / 10), digit(first), b'.'], 0xffff_ffff),
        };
        Self { address: client.to_bits(), first: u32::from_le_bytes(text), mask }
    }

    /// What follows a network that the client is not in.
    #[inline(always)]
    fn behind<'a>(&self, term: &'a [u8]) -> Option<&'a [u8]> {
        let text = u32::from_le_bytes(*term.first_chunk()?);
        if (text ^ self.first) & self.mask == 0 {
            return ip4_outside(term, |network, prefix| is_in_ip4(self.address, network, prefix));
        }
        long_ip4_cidr_end(term)
    }
}

/// What follows an IPv4 network that the client is not in.
#[inline(always)]
fn ip4_outside(term: &[u8], is_in: impl Fn(u32, u8) -> bool) -> Option<&[u8]> {
    let (network, prefix, rest) = ip4_cidr(term)?;
    (!is_in(network, prefix)).then_some(rest)
}

/// What follows an IPv6 network that the client is not in.
#[inline(always)]
fn ip6_outside(term: &[u8], is_in: impl Fn(Groups, u8) -> bool) -> Option<&[u8]> {
    let (network, prefix, rest) = ip6_cidr(term)?;
    (!is_in(network, prefix)).then_some(rest)
}

/// Passes over the networks before which there is one space, which have no qualifier, and behind which these functions
/// find what follows.
#[inline]
fn pass(
    terms: &[u8],
    behind_ip4: impl Fn(&[u8]) -> Option<&[u8]>,
    behind_ip6: impl Fn(&[u8]) -> Option<&[u8]>,
) -> &[u8] {
    let mut terms = terms;
    loop {
        let rest = if let Some(term) = terms.strip_prefix(b" ip4:") {
            behind_ip4(term)
        } else if let Some(term) = terms.strip_prefix(b" ip6:") {
            behind_ip6(term)
        } else {
            None
        };
        match rest {
            Some(rest) => terms = rest,
            None => return terms,
        }
    }
}
