//! What is read of a record: its terms, by their offsets in the text, and what is found once in it.

use crate::{
    octets::{ip4_network, ip6_network},
    record::{DualPrefix, Qualifier},
};
use core::net::{Ipv4Addr, Ipv6Addr};

/// A term, by its offsets in the record. It is read to the place where it stays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw {
    pub(crate) at: u16,
    pub(crate) end: u16,
    pub(crate) qualifier: Qualifier,
    pub(crate) kind: RawKind,
    /// The domain, the address of a network, or the value of a modifier that is not known; without octets where none is
    /// given.
    pub(crate) value: Span,
    /// How many bits of addresses are compared.
    pub(crate) prefix: DualPrefix,
}

impl Raw {
    /// What stands before the first term.
    pub(crate) const VERSION: Self = Self {
        at: 0,
        end: 6,
        qualifier: Qualifier::Pass,
        kind: RawKind::Unknown,
        value: Span::EMPTY,
        prefix: DualPrefix::ALL,
    };

    /// The `redirect` of a record.
    pub(crate) fn redirect(modifier: Modifier) -> Self {
        let Modifier { at, domain } = modifier;
        Self { at, end: domain.end, kind: RawKind::Redirect, value: domain, ..Self::VERSION }
    }

    /// Whether it is no modifier.
    pub(crate) fn is_directive(&self) -> bool {
        !matches!(self.kind, RawKind::Redirect | RawKind::Exp | RawKind::Unknown)
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, kind: RawKind, value: Span) {
        (self.kind, self.value) = (kind, value);
    }

    /// The address of an `ip4`, in the record that it was read from.
    pub(crate) fn ip4_network(&self, record: &[u8]) -> Ipv4Addr {
        let network = ip4_network(self.value.of(record));
        network.map_or(Ipv4Addr::UNSPECIFIED, |(bits, _)| Ipv4Addr::from_bits(bits))
    }

    /// The address of an `ip6`, in the record that it was read from.
    pub(crate) fn ip6_network(&self, record: &[u8]) -> Ipv6Addr {
        let network = ip6_network(self.value.of(record));
        network.map_or(Ipv6Addr::UNSPECIFIED, |(groups, _)| Ipv6Addr::from_bits(groups.address()))
    }
}

/// The first directives of a record, besides the networks that nobody wants to see. Few records have more of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Directives {
    /// And a place to which those are read that are not kept.
    terms: [Raw; Self::MOST + 1],
    count: usize,
    /// Whether there are more.
    pub(crate) is_cut: bool,
}

impl Directives {
    const MOST: usize = 4;

    pub(crate) const NONE: Self = Self { terms: [Raw::VERSION; Self::MOST + 1], count: 0, is_cut: false };

    #[inline(always)]
    pub(crate) fn get(&self, number: usize) -> Option<&Raw> {
        self.terms.get(..self.count)?.get(number)
    }

    /// One alone.
    pub(crate) fn set_only(&mut self, term: Raw) {
        let [first, ..] = &mut self.terms;
        (*first, self.count) = (term, 1);
    }

    /// Where the next term is read to.
    #[inline(always)]
    pub(crate) fn place(&mut self) -> Option<&mut Raw> {
        self.terms.get_mut(self.count)
    }

    /// Keeps what was read, where there is room.
    #[inline(always)]
    pub(crate) fn keep(&mut self) {
        if self.count < Self::MOST {
            self.count = self.count.wrapping_add(1);
        } else {
            self.is_cut = true;
        }
    }

    pub(crate) fn clear(&mut self) {
        (self.count, self.is_cut) = (0, false);
    }
}

/// What a term is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RawKind {
    All,
    Include,
    A,
    Mx,
    Ptr,
    Ip4,
    Ip6,
    Exists,
    Redirect,
    Exp,
    /// A modifier that is not known.
    Unknown,
}

/// A part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub(crate) at: u16,
    pub(crate) end: u16,
    /// Whether there are macros, or escapes, in it.
    pub(crate) has_macros: bool,
}

impl Span {
    pub(crate) const EMPTY: Self = Self { at: 0, end: 0, has_macros: false };

    pub(crate) fn of(self, record: &[u8]) -> &[u8] {
        record.get(usize::from(self.at)..usize::from(self.end)).unwrap_or(&[])
    }

    pub(crate) fn is_empty(self) -> bool {
        self.at == self.end
    }
}

/// What must be known of a record before its terms are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Index {
    pub(crate) redirect: Option<Modifier>,
    pub(crate) exp: Option<Modifier>,
    /// Whether there is an `all`, which makes `redirect` idle (RFC 7208 §5.1).
    pub(crate) has_all: bool,
}

impl Index {
    pub(crate) const EMPTY: Self = Self { redirect: None, exp: None, has_all: false };
}

/// A `redirect` or `exp`: where it begins, and its domain, with which it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Modifier {
    pub(crate) at: u16,
    pub(crate) domain: Span,
}
