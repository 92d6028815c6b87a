//! The names in `h=` (RFC 6376 §3.5), and lists of names like it.

use super::FIELD_NAME;
use crate::name_key::NameKey;
use alloc::{sync::Arc, vec::Vec};
use core::{fmt, ops::Range};

/// Field names, in the order in which they are signed.
#[derive(Clone, Default)]
pub struct FieldNames {
    /// Joined by colons. All of it is visible ASCII.
    text: Vec<u8>,
    /// The names of a list that may be used for many messages.
    kept: Option<Arc<[Kept]>>,
}

/// The key of a name, and where it stands in the text.
struct Kept {
    key: NameKey,
    place: Range<usize>,
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
        let mut start: usize = 0;
        let kept = list.listed().map(|listed| {
            let place = start..start.saturating_add(listed.name.len());
            // behind the colon
            start = place.end.saturating_add(1);
            Kept { key: listed.key, place }
        });
        list.kept = Some(kept.collect());
        list
    }

    /// What a list of names that is right says, without white space.
    pub(super) fn from_list(text: Vec<u8>) -> Self {
        Self { text, kept: None }
    }

    pub(crate) fn with_capacity(octets: usize) -> Self {
        Self { text: Vec::with_capacity(octets), kept: None }
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

    /// Each name with its key, as it is read from the text.
    #[inline]
    pub(crate) fn listed(&self) -> impl Iterator<Item = Listed<'_>> {
        let mut ahead = self.text.as_slice();
        core::iter::from_fn(move || {
            let (key, length) = NameKey::first_of(ahead);
            let (name, rest) = ahead.split_at_checked(length)?;
            ahead = rest.get(1..).unwrap_or(&[]);
            (!name.is_empty()).then_some(Listed { name, key })
        })
    }

    /// Gives each name with its key, sooner where they are kept.
    #[inline]
    pub(crate) fn for_each<'a>(&'a self, mut each: impl FnMut(Listed<'a>)) {
        match &self.kept {
            Some(kept) => kept.iter().for_each(|Kept { key, place }| {
                each(Listed { name: self.text.get(place.clone()).unwrap_or(&[]), key: *key });
            }),
            None => self.listed().for_each(each),
        }
    }

    /// How often a name is among them, in any case.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.named(name.as_bytes()).count()
    }

    /// Whether a name is among them so many times or more.
    pub(crate) fn covers(&self, name: &Listed<'_>, times: usize) -> bool {
        times.checked_sub(1).is_none_or(|others| self.named(name.name).nth(others).is_some())
    }

    /// Whether a name is among them, in any case.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.named(name.as_bytes()).next().is_some()
    }

    /// Those that are this name, in any case.
    fn named(&self, name: &[u8]) -> impl Iterator<Item = &[u8]> {
        let names = self.text.split(|&octet| octet == b':');
        names.filter(|listed| !listed.is_empty() && listed.eq_ignore_ascii_case(name))
    }
}

/// A name among others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) key: NameKey,
}

impl<'a> Listed<'a> {
    pub(crate) const FROM: Self = Listed { name: b"From", key: NameKey::FROM };
    pub(crate) const SIGNATURE: Self = Listed { name: FIELD_NAME.as_bytes(), key: NameKey::SIGNATURE };

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
            let mut all = Vec::new();
            names.for_each(|listed| all.push((listed.name.to_vec(), listed.key)));
            all
        };
        assert_eq!(listed(&kept), listed(&read));
        assert_eq!(read.iter().collect::<Vec<_>>(), names);
        assert_eq!(
            (kept.count("FROM"), kept.covers(&Listed::FROM, 2), kept.covers(&Listed::FROM, 3)),
            (2, true, false)
        );
        for empty in [FieldNames::default(), FieldNames::from_list(vec![])] {
            assert_eq!((empty.iter().count(), listed(&empty).len(), empty.contains("")), (0, 0, false));
        }
    }
}
