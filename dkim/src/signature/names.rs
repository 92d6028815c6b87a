//! The names in `h=` (RFC 6376 §3.5), and lists of names like it.

use crate::name_key::NameKey;
use alloc::{sync::Arc, vec::Vec};
use core::fmt;

/// Field names, in the order in which they are signed.
#[derive(Clone, Default)]
pub struct FieldNames {
    /// Joined by colons. All of it is visible ASCII.
    text: Vec<u8>,
    /// The key of each, and its length: those of a list that may be used for many messages.
    keys: Option<Arc<[(NameKey, usize)]>>,
}

impl FieldNames {
    /// Collects names. What cannot be a field name is left out.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|octet| octet.is_ascii_graphic() && !matches!(octet, b':' | b';'))
        };
        let mut list = Self::with_capacity(256);
        for name in names {
            if is_name(name.as_ref()) {
                list.push(name.as_ref().as_bytes(), 1);
            }
        }
        list.keys = Some(list.listed().map(|listed| (listed.key, listed.name.len())).collect());
        list
    }

    /// What a list of names that is right says, without white space.
    pub(super) fn from_list(text: Vec<u8>) -> Self {
        Self { text, keys: None }
    }

    pub(crate) fn with_capacity(octets: usize) -> Self {
        Self { text: Vec::with_capacity(octets), keys: None }
    }

    /// Adds a name, that is one, so many times.
    pub(crate) fn push(&mut self, name: &[u8], times: usize) {
        for _ in 0..times {
            if !self.text.is_empty() {
                self.text.push(b':');
            }
            self.text.extend_from_slice(name);
        }
    }

    /// Joined by colons.
    pub(super) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.text).unwrap_or("")
    }

    /// The names, as written.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.as_str().split(':').filter(|name| !name.is_empty())
    }

    pub(crate) fn listed(&self) -> impl Iterator<Item = Listed<'_>> + Clone {
        let mut ahead = self.text.as_slice();
        let mut keys = self.keys.as_deref().unwrap_or(&[]).iter();
        core::iter::from_fn(move || {
            let (key, length) = keys.next().copied().unwrap_or_else(|| NameKey::first_of(ahead));
            let (name, rest) = ahead.split_at_checked(length)?;
            ahead = rest.get(1..).unwrap_or(&[]);
            (!name.is_empty()).then_some(Listed { name, key })
        })
    }

    /// How often a name is among them, in any case.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.named(name).count()
    }

    /// Whether a name is among them so many times or more.
    pub(crate) fn covers(&self, name: &str, times: usize) -> bool {
        times.checked_sub(1).is_none_or(|others| self.named(name).nth(others).is_some())
    }

    /// Whether a name is among them, in any case.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.named(name).next().is_some()
    }

    /// Those that are this name, in any case.
    fn named(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let names = self.text.split(|&octet| octet == b':');
        names.filter(|listed| !listed.is_empty() && listed.eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// A name among others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) key: NameKey,
}

impl<'a> Listed<'a> {
    /// One alone.
    #[inline]
    pub(crate) fn new(name: &'a str) -> Self {
        Self { name: name.as_bytes(), key: NameKey::new(name.as_bytes(), name.len()) }
    }
}

impl PartialEq for FieldNames {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for FieldNames {}

impl fmt::Display for FieldNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for FieldNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldNames").field("text", &self.as_str()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn lists_are_the_same_whether_their_keys_are_kept_or_not() {
        let long = "x".repeat(300);
        let names = ["From", "to", "List-Unsubscribe", "List-Unsubscribe-Post", &long, "From"];
        let kept = FieldNames::new(names);
        let read = FieldNames::from_list(names.join(":").into_bytes());
        assert_eq!(kept, read);
        let listed = |names: &FieldNames| {
            names.listed().map(|listed| (listed.name.to_vec(), listed.key)).collect::<Vec<_>>()
        };
        assert_eq!(listed(&kept), listed(&read));
        assert_eq!(read.iter().collect::<Vec<_>>(), names);
        assert_eq!((kept.count("FROM"), kept.covers("from", 2), kept.covers("from", 3)), (2, true, false));
        for empty in [FieldNames::default(), FieldNames::from_list(vec![])] {
            assert_eq!((empty.iter().count(), empty.listed().count(), empty.contains("")), (0, 0, false));
        }
    }
}
