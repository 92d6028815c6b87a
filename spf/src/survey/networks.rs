//! Sets of addresses, as ranges.

use alloc::{vec, vec::Vec};
use core::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    /// The first address.
    pub address: IpAddr,
    /// How many bits are equal for all addresses of the network.
    pub prefix: u8,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// A set of addresses of both families.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Space {
    ip4: Ranges,
    ip6: Ranges,
}

impl Space {
    /// All addresses.
    pub(crate) fn all() -> Self {
        Self { ip4: Ranges(vec![(0, u128::from(u32::MAX))]), ip6: Ranges(vec![(0, u128::MAX)]) }
    }

    /// Removes what is within the prefix of an address, and gives it.
    pub(crate) fn take(&mut self, address: IpAddr, prefix: u8) -> Self {
        let (first, last) = range(address, prefix);
        match address {
            IpAddr::V4(_) => Self { ip4: self.ip4.take(first, last), ip6: Ranges::default() },
            IpAddr::V6(_) => Self { ip4: Ranges::default(), ip6: self.ip6.take(first, last) },
        }
    }

    /// Removes the addresses of another set.
    pub(crate) fn remove(&mut self, other: &Self) {
        for &(first, last) in &other.ip4.0 {
            self.ip4.take(first, last);
        }
        for &(first, last) in &other.ip6.0 {
            self.ip6.take(first, last);
        }
    }

    /// Adds the addresses of another set.
    pub(crate) fn add(&mut self, other: &Self) {
        for &(first, last) in &other.ip4.0 {
            self.ip4.add(first, last);
        }
        for &(first, last) in &other.ip6.0 {
            self.ip6.add(first, last);
        }
    }

    /// The same without IPv6 addresses.
    pub(crate) fn of_ip4(&self) -> Self {
        Self { ip4: self.ip4.clone(), ip6: Ranges::default() }
    }

    /// The same without IPv4 addresses.
    pub(crate) fn of_ip6(&self) -> Self {
        Self { ip4: Ranges::default(), ip6: self.ip6.clone() }
    }

    /// Whether all addresses of the family of this one are here.
    pub(crate) fn is_whole(&self, family: IpAddr) -> bool {
        match family {
            IpAddr::V4(_) => self.ip4 == Self::all().ip4,
            IpAddr::V6(_) => self.ip6 == Self::all().ip6,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ip4.0.is_empty() && self.ip6.0.is_empty()
    }

    /// How many ranges there are.
    pub(crate) fn len(&self) -> usize {
        self.ip4.0.len().saturating_add(self.ip6.0.len())
    }

    /// The fewest networks that hold the same addresses.
    pub(crate) fn networks(&self) -> Vec<Network> {
        let ip4 = |first: u128| IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(first).unwrap_or(u32::MAX)));
        let ip6 = |first: u128| IpAddr::V6(Ipv6Addr::from_bits(first));
        let mut networks = Vec::new();
        self.ip4.each_network(32, |first, prefix| networks.push(Network { address: ip4(first), prefix }));
        self.ip6.each_network(128, |first, prefix| networks.push(Network { address: ip6(first), prefix }));
        networks
    }
}

/// The first and the last address within the prefix of an address.
pub(crate) fn range(address: IpAddr, prefix: u8) -> (u128, u128) {
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32_u32),
        IpAddr::V6(address) => (address.to_bits(), 128_u32),
    };
    let host = low_bits(width.saturating_sub(u32::from(prefix)));
    (bits & !host, bits | host)
}

/// A number of which so many low bits are set.
fn low_bits(count: u32) -> u128 {
    u128::MAX.checked_shr(128_u32.saturating_sub(count)).unwrap_or(0)
}

/// Ranges of numbers, first and last, in order and apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    /// Removes a range, and gives what was there of it.
    fn take(&mut self, first: u128, last: u128) -> Self {
        let start = self.0.partition_point(|range| range.1 < first);
        let end = self.0.partition_point(|range| range.0 <= last);
        let touched: Vec<_> = self.0.get(start..end).unwrap_or(&[]).to_vec();
        let mut kept = Vec::new();
        if let Some(&(low, _)) = touched.first().filter(|range| range.0 < first) {
            kept.push((low, first.saturating_sub(1)));
        }
        if let Some(&(_, high)) = touched.last().filter(|range| range.1 > last) {
            kept.push((last.saturating_add(1), high));
        }
        if start < end {
            self.0.splice(start..end, kept);
        }
        Self(touched.into_iter().map(|(low, high)| (low.max(first), high.min(last))).collect())
    }

    /// Adds a range, and joins it with those that it touches.
    fn add(&mut self, first: u128, last: u128) {
        let start = self.0.partition_point(|range| range.1 < first.saturating_sub(1));
        let end = self.0.partition_point(|range| range.0 <= last.saturating_add(1));
        let touched = self.0.get(start..end).unwrap_or(&[]);
        let low = touched.first().map_or(first, |range| range.0.min(first));
        let high = touched.last().map_or(last, |range| range.1.max(last));
        self.0.splice(start..end.max(start), [(low, high)]);
    }

    /// Shows the fewest networks of which the ranges are made: the first address and the prefix length.
    fn each_network(&self, width: u8, mut show: impl FnMut(u128, u8)) {
        for &(first, last) in &self.0 {
            let mut first = first;
            loop {
                // the largest network that begins here and ends before the end
                let aligned = first.trailing_zeros().min(u32::from(width));
                let fits = |bits: u32| first.checked_add(low_bits(bits)).is_some_and(|end| end <= last);
                let bits = (0..=aligned).rev().find(|bits| fits(*bits)).unwrap_or(0);
                show(first, width.saturating_sub(u8::try_from(bits).unwrap_or(0)));
                match first.checked_add(low_bits(bits)).and_then(|end| end.checked_add(1)) {
                    Some(next) if next <= last => first = next,
                    _ => break,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

    use super::*;
    use alloc::{
        collections::BTreeSet,
        string::{String, ToString},
    };
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn networks(space: &Space) -> Vec<String> {
        space.networks().iter().map(Network::to_string).collect()
    }

    #[test]
    fn what_is_taken_is_gone() {
        let mut space = Space::all();
        assert_eq!(networks(&space), ["0.0.0.0/0", "::/0"]);
        assert_eq!(networks(&space.take(ip("192.0.2.9"), 31)), ["192.0.2.8/31"]);
        assert_eq!(networks(&space.take(ip("192.0.2.8"), 29)), ["192.0.2.10/31", "192.0.2.12/30"]);
        assert!(space.take(ip("192.0.2.8"), 29).is_empty());
        assert_eq!(networks(&space.take(ip("2001:db8::"), 0)), ["::/0"]);
        assert_eq!(networks(&space.take(ip("255.255.255.255"), 32)), ["255.255.255.255/32"]);
        assert_eq!(space.take(ip("0.0.0.0"), 0).len(), 2);
        assert!(space.is_empty());
    }

    #[test]
    fn neighbours_are_joined() {
        let mut all = Space::all();
        let mut some = all.take(ip("192.0.2.128"), 25);
        some.add(&all.take(ip("192.0.2.0"), 25));
        assert_eq!(networks(&some), ["192.0.2.0/24"]);
        let mut rest = Space::all();
        rest.remove(&some);
        assert_eq!(rest, all);
    }

    proptest! {
        /// Sets of small numbers, beside sets of which each number is one element.
        #[test]
        fn ranges_are_sets(steps in prop::collection::vec((any::<bool>(), 0..40_u128, 0..9_u128), 0..30)) {
            let (mut ranges, mut set) = (Ranges::default(), BTreeSet::new());
            for (adds, first, length) in steps {
                let last = first + length;
                if adds {
                    ranges.add(first, last);
                    set.extend(first..=last);
                } else {
                    let taken = ranges.take(first, last);
                    let gone: BTreeSet<_> = (first..=last).filter(|number| set.remove(number)).collect();
                    prop_assert_eq!(taken.0.iter().flat_map(|range| range.0..=range.1).collect::<BTreeSet<_>>(), gone);
                }
                let is_apart = ranges.0.windows(2).all(|pair| pair[0].1 < pair[1].0);
                prop_assert!(is_apart, "{:?}", ranges);
                let numbers: BTreeSet<_> = ranges.0.iter().flat_map(|range| range.0..=range.1).collect();
                prop_assert_eq!(&numbers, &set);
            }
        }
    }

    #[test]
    fn the_ends_of_a_family_can_be_added() {
        let mut space = Space::all();
        let (low, high) = (space.take(ip("0.0.0.0"), 1), space.take(ip("128.0.0.0"), 1));
        let mut whole = high;
        assert!(!whole.is_whole(ip("1.2.3.4")));
        whole.add(&low);
        whole.add(&low);
        assert!(whole.is_whole(ip("1.2.3.4")) && !whole.is_whole(ip("::")));
        let mut space = Space::all();
        let (low, high) = (space.take(ip("::"), 1), space.take(ip("8000::"), 1));
        let mut whole = low;
        whole.add(&high);
        assert!(whole.is_whole(ip("::")));
    }
}
