//! The names of the client: the reverse lookup of `ptr` and `%{p}` (RFC 7208 §5.5).

use alloc::sync::Arc;
use core::net::IpAddr;
use mail_base::{
    Name,
    dns::{Answer, Records},
};

/// The most names that are looked at whatever the limit is: one bit each.
const MOST: usize = 64;

/// The names of the client. They are asked once a check, and each is validated at most once.
#[derive(Clone, Debug)]
pub(super) struct ClientNames {
    names: Option<Arc<[Name]>>,
    is_known: bool,
    /// How many of the names are looked at.
    count: usize,
    /// The names whose addresses have been asked, one bit each.
    asked: u64,
    /// The names of which the client's is one address.
    valid: u64,
}

/// What is known of the wanted name.
pub(super) enum Choice<'a> {
    /// The names must be asked first.
    AskNames,
    /// The addresses of this name, of this number, must be asked first.
    AskAddresses(&'a Name, usize),
    /// This is it.
    Name(&'a Name),
    /// There is none.
    Nothing,
}

impl ClientNames {
    #[inline(always)]
    pub(super) fn empty() -> Self {
        Self { names: None, is_known: false, count: 0, asked: 0, valid: 0 }
    }

    /// Keeps the names. An error is as no name (RFC 7208 §5.5).
    pub(super) fn learn_names(&mut self, answer: &Answer, limit: usize) {
        self.is_known = true;
        if let Answer::Records(Records::Ptr(names)) = answer {
            self.count = names.len().min(limit).min(MOST);
            self.names = Some(names.clone());
        }
    }

    /// Keeps whether a name is validated. An error skips the name (RFC 7208 §5.5).
    pub(super) fn learn_addresses(&mut self, number: usize, answer: &Answer, ip: IpAddr) {
        let bit = bit(number);
        self.asked |= bit;
        let is_valid = match ip {
            IpAddr::V4(ip) => answer.as_a().contains(&ip),
            IpAddr::V6(ip) => answer.as_aaaa().contains(&ip),
        };
        if is_valid {
            self.valid |= bit;
        }
    }

    fn candidates(&self) -> impl Iterator<Item = (usize, &Name)> {
        let names = self.names.as_deref().unwrap_or(&[]);
        names.iter().take(self.count).enumerate().filter(|(_, name)| !name.is_root())
    }

    /// The first validated name within `target`. Names outside are not validated: the outcome is the same, with
    /// fewer questions (errata 5227 and 8596).
    pub(super) fn within(&self, target: &Name) -> Choice<'_> {
        if !self.is_known {
            return Choice::AskNames;
        }
        self.first_valid(self.candidates().filter(|(_, name)| name.is_within(target)))
    }

    /// The validated name for `%{p}`: the domain itself, or else a name below it, or else any (RFC 7208 §7.3).
    pub(super) fn closest_to(&self, domain: &Name) -> Choice<'_> {
        if !self.is_known {
            return Choice::AskNames;
        }
        let same = self.candidates().filter(|(_, name)| *name == domain);
        let below = self.candidates().filter(|(_, name)| *name != domain && name.is_within(domain));
        let others = self.candidates().filter(|(_, name)| !name.is_within(domain));
        self.first_valid(same.chain(below).chain(others))
    }

    fn first_valid<'a>(&self, candidates: impl Iterator<Item = (usize, &'a Name)>) -> Choice<'a> {
        for (number, name) in candidates {
            if self.valid & bit(number) != 0 {
                return Choice::Name(name);
            }
            if self.asked & bit(number) == 0 {
                return Choice::AskAddresses(name, number);
            }
        }
        Choice::Nothing
    }
}

fn bit(number: usize) -> u64 {
    u32::try_from(number).ok().and_then(|number| 1_u64.checked_shl(number)).unwrap_or(0)
}
