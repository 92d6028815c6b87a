//! Who may send what to whom: no open relay by default.
//!
//! [`decide`] is a pure function of a [`RelayPolicy`], of who the client is and of the recipient. Mail for a
//! domain of ours is taken from anybody; mail for elsewhere is relayed for those who have authenticated, those
//! in a trusted network, and those who have just fetched their mail (POP before SMTP); everybody else hears
//! 550 5.7.1.
//!
//! ```
//! use smtp_proto::{Name, Path, Rules, relay::{Decision, Peer, PopBeforeSmtp, RelayPolicy, decide}};
//!
//! let policy = RelayPolicy::new([Name::parse("example.com")?]);
//! let mut logins = PopBeforeSmtp::new(1000, 600);
//! let peer = Peer::new("192.0.2.7".parse()?);
//! let elsewhere = Path::parse("<b@elsewhere.example>", &Rules::default())?;
//!
//! assert_eq!(decide(&policy, &peer, &elsewhere, &logins, 100), Decision::Refuse);
//! logins.login("192.0.2.7".parse()?, 100); // this address has just read its mail
//! assert_eq!(decide(&policy, &peer, &elsewhere, &logins, 200), Decision::Relay);
//! assert_eq!(decide(&policy, &peer, &elsewhere, &logins, 701), Decision::Refuse);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{
    path::{Domain, Path},
    reply::Reply,
};
use alloc::{collections::BTreeMap, vec::Vec};
use core::net::IpAddr;
use mail_base::{Name, name::ToAscii};

/// Whose mail is taken, and for whom.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RelayPolicy {
    /// The domains that mail is taken for.
    pub local_domains: Vec<Name>,
    /// The address literals that mail is taken for: our own addresses.
    pub local_addresses: Vec<IpAddr>,
    /// Turns domains outside ASCII (RFC 6531) into those of `local_domains`. Default: none, and they are not local.
    pub to_ascii: Option<ToAscii>,
    /// The networks whose mail is relayed. Default: none, not even that of the machine itself.
    pub trusted_networks: Vec<Network>,
}

/// An address, and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Who the client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Whether it has authenticated.
    pub is_authenticated: bool,
}

/// What is done with a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is ours to deliver.
    Local,
    /// It is for elsewhere, and this client may send there.
    Relay,
    /// It is for elsewhere, and this client may not: [`REFUSAL`].
    Refuse,
}

/// What a client hears that may not relay.
pub const REFUSAL: Reply<'static> = Reply::fixed(550, "550 5.7.1 Relaying denied\r\n");

impl RelayPolicy {
    /// Takes mail for these domains, and relays for nobody but those who authenticate or log in.
    #[must_use]
    pub fn new(local_domains: impl IntoIterator<Item = Name>) -> Self {
        Self { local_domains: local_domains.into_iter().collect(), ..Self::default() }
    }

    fn is_local(&self, path: &Path<'_>) -> bool {
        let mailbox = match path {
            // a recipient that every server has (RFC 5321 §4.5.1); nobody is sent mail at the null path
            Path::Postmaster => return true,
            Path::Null => return false,
            Path::Mailbox(mailbox) => mailbox,
        };
        match mailbox.domain() {
            Domain::Name(name) => {
                let read = self.to_ascii.filter(|_| !name.is_ascii()).unwrap_or(Name::parse);
                read(name).is_ok_and(|name| self.local_domains.contains(&name))
            }
            Domain::Ipv4(address) => self.local_addresses.contains(&IpAddr::V4(address)),
            Domain::Ipv6(address) => self.local_addresses.contains(&IpAddr::V6(address)),
            Domain::General { .. } => false,
        }
    }
}

impl Network {
    /// `None` where the address has fewer bits.
    #[must_use]
    pub fn new(address: IpAddr, bits: u8) -> Option<Self> {
        let address = address.to_canonical();
        let most = if address.is_ipv4() { 32 } else { 128 };
        (bits <= most).then_some(Self { address, bits })
    }

    /// Whether an address is in this network. An IPv4 address that is written as an IPv6 one is what it means.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (left, right, all) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(left), IpAddr::V4(right)) => (left.to_bits().into(), right.to_bits().into(), 32_u32),
            (IpAddr::V6(left), IpAddr::V6(right)) => (left.to_bits(), right.to_bits(), 128),
            _ => return false,
        };
        let ignored = all.saturating_sub(u32::from(self.bits));
        let difference: u128 = left ^ right;
        difference.checked_shr(ignored).unwrap_or(0) == 0
    }
}

impl Peer {
    /// A client that has not authenticated.
    #[must_use]
    pub fn new(address: IpAddr) -> Self {
        Self { address, is_authenticated: false }
    }

    /// The same, authenticated or not.
    #[must_use]
    pub fn with_authenticated(self, is_authenticated: bool) -> Self {
        Self { is_authenticated, ..self }
    }
}

/// What is done with a recipient. The same facts give the same answer.
///
/// A local part like `user%elsewhere@ours` or `"user@elsewhere"@ours` is local here, because its domain is
/// ours; whoever delivers it must not read a second address out of it.
#[must_use]
pub fn decide(
    policy: &RelayPolicy,
    peer: &Peer,
    recipient: &Path<'_>,
    logins: &PopBeforeSmtp,
    now: u64,
) -> Decision {
    if policy.is_local(recipient) {
        return Decision::Local;
    }
    let is_trusted = policy.trusted_networks.iter().any(|network| network.contains(peer.address));
    if *recipient != Path::Null && (peer.is_authenticated || is_trusted || logins.is_known(peer.address, now))
    {
        return Decision::Relay;
    }
    Decision::Refuse
}

/// POP before SMTP: the addresses from which somebody has lately logged in to read mail. It is a makeshift for
/// clients that cannot authenticate when they send: whoever shares the address may send, too.
///
/// Feed it from a POP3 login; it never holds more addresses than it is told, and forgets the one that expires
/// first to make room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PopBeforeSmtp {
    /// When each address expires.
    addresses: BTreeMap<IpAddr, u64>,
    capacity: usize,
    seconds: u64,
}

impl PopBeforeSmtp {
    /// A table of so many addresses, each good for so many seconds after the last login.
    #[must_use]
    pub fn new(capacity: usize, seconds: u64) -> Self {
        Self { addresses: BTreeMap::new(), capacity, seconds }
    }

    /// Somebody has logged in from there.
    pub fn login(&mut self, address: IpAddr, now: u64) {
        let address = address.to_canonical();
        if self.addresses.len() >= self.capacity && !self.addresses.contains_key(&address) {
            self.forget_expired(now);
        }
        if self.addresses.len() >= self.capacity && !self.addresses.contains_key(&address) {
            let first = self.addresses.iter().min_by_key(|(_, expiry)| **expiry).map(|(address, _)| *address);
            let Some(first) = first else { return };
            self.addresses.remove(&first);
        }
        self.addresses.insert(address, now.saturating_add(self.seconds));
    }

    /// Whether somebody has lately logged in from there.
    #[must_use]
    pub fn is_known(&self, address: IpAddr, now: u64) -> bool {
        self.addresses.get(&address.to_canonical()).is_some_and(|expiry| now <= *expiry)
    }

    /// Drops what has expired.
    pub fn forget_expired(&mut self, now: u64) {
        self.addresses.retain(|_, expiry| now <= *expiry);
    }

    /// How many addresses there are, expired ones counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rules;

    const STRANGER: &str = "198.51.100.9";

    fn policy() -> RelayPolicy {
        let mut policy = RelayPolicy::new([Name::parse("example.com").unwrap()]);
        policy.local_addresses.push("192.0.2.1".parse().unwrap());
        policy.trusted_networks.push(Network::new("10.0.0.0".parse().unwrap(), 8).unwrap());
        policy
    }

    fn decision(address: &str, recipient: &str, is_authenticated: bool) -> Decision {
        let peer = Peer::new(address.parse().unwrap()).with_authenticated(is_authenticated);
        let recipient = Path::parse(recipient, &Rules::LOOSE).unwrap();
        decide(&policy(), &peer, &recipient, &PopBeforeSmtp::new(10, 60), 0)
    }

    #[test]
    fn mail_for_our_domains_is_taken_from_anybody() {
        for recipient in ["<a@example.com>", "<a@EXAMPLE.com>", "<Postmaster>", "<a@[192.0.2.1]>"] {
            assert_eq!(decision(STRANGER, recipient, false), Decision::Local, "{recipient}");
        }
    }

    #[test]
    fn strangers_may_not_relay() {
        for recipient in [
            "<a@elsewhere.example>",
            "<a@sub.example.com>",
            "<a@notexample.com>",
            "<a@[192.0.2.2]>",
            "<a@[IPv6:::1]>",
            "<@example.com:a@elsewhere.example>",
            "<\"a@example.com\"@elsewhere.example>",
        ] {
            assert_eq!(decision(STRANGER, recipient, false), Decision::Refuse, "{recipient}");
        }
    }

    #[test]
    fn domains_outside_ascii_are_local_where_they_can_be_turned_into_names() {
        fn to_ascii(domain: &str) -> Result<Name, mail_base::name::NameError> {
            Name::parse(&domain.replace("bücher", "xn--bcher-kva"))
        }
        let mut policy = RelayPolicy::new([Name::parse("xn--bcher-kva.example").unwrap()]);
        let peer = Peer::new(STRANGER.parse().unwrap());
        let decision = |policy: &RelayPolicy, recipient| {
            let recipient = Path::parse(recipient, &Rules::STRICT).unwrap();
            decide(policy, &peer, &recipient, &PopBeforeSmtp::new(10, 60), 0)
        };
        assert_eq!(decision(&policy, "<ü@xn--bcher-kva.example>"), Decision::Local);
        assert_eq!(decision(&policy, "<ü@bücher.example>"), Decision::Refuse);
        policy.to_ascii = Some(to_ascii);
        assert_eq!(decision(&policy, "<ü@bücher.example>"), Decision::Local);
        assert_eq!(decision(&policy, "<ü@büche.example>"), Decision::Refuse);
    }

    #[test]
    fn a_second_address_in_the_local_part_is_not_read() {
        assert_eq!(decision(STRANGER, "<a%elsewhere.example@example.com>", false), Decision::Local);
        assert_eq!(decision(STRANGER, "<elsewhere.example!a@example.com>", false), Decision::Local);
    }

    #[test]
    fn users_and_trusted_networks_may_relay() {
        assert_eq!(decision(STRANGER, "<a@elsewhere.example>", true), Decision::Relay);
        assert_eq!(decision("10.1.2.3", "<a@elsewhere.example>", false), Decision::Relay);
        assert_eq!(decision("::ffff:10.1.2.3", "<a@elsewhere.example>", false), Decision::Relay);
        assert_eq!(decision("11.0.0.0", "<a@elsewhere.example>", false), Decision::Refuse);
        assert_eq!(decision("10.1.2.3", "<>", true), Decision::Refuse);
    }

    #[test]
    fn networks_have_a_number_of_bits() {
        let network = |address: &str, bits| Network::new(address.parse().unwrap(), bits);
        let is_in = |network: Network, address: &str| network.contains(address.parse().unwrap());
        assert!(is_in(network("0.0.0.0", 0).unwrap(), "255.255.255.255"));
        assert!(!is_in(network("0.0.0.0", 0).unwrap(), "::1"));
        assert!(is_in(network("2001:db8::", 32).unwrap(), "2001:db8:ffff::1"));
        assert!(!is_in(network("2001:db8::", 32).unwrap(), "2001:db9::1"));
        assert!(is_in(network("::", 0).unwrap(), "2001:db9::1"));
        assert!(is_in(network("192.0.2.1", 32).unwrap(), "192.0.2.1"));
        assert!(!is_in(network("192.0.2.1", 32).unwrap(), "192.0.2.0"));
        assert_eq!(network("192.0.2.1", 33), None);
        assert_eq!(network("::1", 129), None);
    }

    #[test]
    fn logins_expire_and_are_bounded() {
        let address = |last: u8| IpAddr::from([192, 0, 2, last]);
        let mut logins = PopBeforeSmtp::new(2, 60);
        logins.login(address(1), 0);
        logins.login(address(2), 10);
        assert!(logins.is_known(address(1), 60) && !logins.is_known(address(1), 61));
        logins.login(address(1), 20);
        logins.login(address(3), 30);
        assert_eq!(logins.len(), 2);
        assert!(!logins.is_known(address(2), 30), "the one that expires first makes room");
        assert!(logins.is_known(address(1), 30) && logins.is_known(address(3), 30));
        logins.login("::ffff:192.0.2.9".parse().unwrap(), 200);
        assert!(logins.is_known(address(9), 200));
        assert_eq!(logins.len(), 1, "what has expired goes first");
        let mut none = PopBeforeSmtp::new(0, 60);
        none.login(address(1), 0);
        assert!(none.is_empty());
    }
}
