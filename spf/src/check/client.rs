//! Which terms concern the client.

use crate::{
    networks::Networks,
    octets::{is_in_ip4, is_in_ip6},
    raw::{Raw, RawKind},
};
use core::net::{IpAddr, Ipv4Addr};

/// The client, as far as terms are chosen by it.
#[derive(Clone, Debug)]
pub(super) struct Client {
    ip: IpAddr,
    networks: Networks,
}

impl Client {
    /// None yet.
    pub(super) const NOBODY: Self = Self { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), networks: Networks::None };

    /// A trace wants to see every directive.
    pub(super) fn new(ip: IpAddr, is_traced: bool) -> Self {
        Self { ip, networks: if is_traced { Networks::All } else { Networks::of(ip) } }
    }

    /// The networks that must be looked at.
    pub(super) fn networks(&self) -> &Networks {
        &self.networks
    }

    /// Whether the client is in the network that a term of the record names.
    pub(super) fn is_in(&self, network: &Raw, record: &[u8]) -> bool {
        match (network.kind, self.ip) {
            (RawKind::Ip4, IpAddr::V4(ip)) => {
                is_in_ip4(ip.to_bits(), network.ip4_network(record).to_bits(), network.prefix.ip4)
            }
            (RawKind::Ip6, IpAddr::V6(ip)) => {
                is_in_ip6(ip.to_bits(), network.ip6_network(record).to_bits(), network.prefix.ip6)
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Record, parse::Reader};
    use alloc::{format, string::String, vec, vec::Vec};
    use proptest::prelude::*;

    /// Networks that the clients below are in, just outside of, or far from.
    fn network() -> impl Strategy<Value = String> {
        prop_oneof![
            (any::<u8>(), 0..=32_u8).prop_map(|(octet, prefix)| format!("ip4:192.0.{octet}.1/{prefix}")),
            (any::<u8>(), 0..=32_u8).prop_map(|(octet, prefix)| format!("ip4:{octet}.0.2.1/{prefix}")),
            any::<[u8; 4]>().prop_map(|octets| format!("ip4:{}", Ipv4Addr::from(octets))),
            (any::<u16>(), 0..=128_u8)
                .prop_map(|(group, prefix)| format!("ip6:2001:db8:{group:x}::1/{prefix}")),
            (any::<u16>(), 0..=128_u8).prop_map(|(group, prefix)| format!("ip6:::{group:x}:1/{prefix}")),
            (any::<u16>(), 0..=128_u8).prop_map(|(group, prefix)| format!("ip6:{group:x}:4860::/{prefix}")),
            Just("ip6:::1.2.3.4/100".into()),
            Just("IP4:192.0.2.1".into()),
            Just("-ip4:192.0.2.1".into()),
            Just("mx".into()),
            Just("~all".into()),
        ]
    }

    proptest! {
        #[test]
        fn a_reader_shows_the_networks_that_the_client_is_in(terms in prop::collection::vec(network(), 0..9), octet: u8, group: u16) {
            let record = Record::parse(format!("v=spf1 {}", terms.join(" "))).unwrap();
            let clients = [
                IpAddr::from([192, 0, octet, 1]),
                IpAddr::from([octet, 0, 2, 1]),
                IpAddr::from([0x2001, 0xdb8, group, 0, 0, 0, 0, 1]),
                IpAddr::from([0, 0, 0, 0, 0, 0, group, 1]),
            ];
            for ip in clients {
                let client = Client::new(ip, false);
                let terms = |networks: &Networks| {
                    let octets = record.as_str().as_bytes();
                    let is_outside = |term: &Raw| matches!(term.kind, RawKind::Ip4 | RawKind::Ip6) && !client.is_in(term, octets);
                    let terms = Reader::again(octets, 6).among(networks);
                    terms.filter(|term| !is_outside(term)).map(|term| term.at).collect::<Vec<_>>()
                };
                prop_assert_eq!(terms(&Networks::of(ip)), terms(&Networks::All), "{} {}", ip, record);
            }
        }
    }
}
