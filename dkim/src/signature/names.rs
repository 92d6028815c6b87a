//! The names in `h=` (RFC 6376 §3.5), and lists of names like it.

use alloc::string::String;
use core::fmt;

/// Field names, in the order in which they are signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldNames {
    /// Joined by colons.
    text: String,
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
                list.push(name.as_ref(), 1);
            }
        }
        list
    }

    /// What a list of names that is right says, without white space.
    pub(super) fn from_list(text: String) -> Self {
        Self { text }
    }

    pub(crate) fn with_capacity(octets: usize) -> Self {
        Self { text: String::with_capacity(octets) }
    }

    /// Adds a name, that is one, so many times.
    pub(crate) fn push(&mut self, name: &str, times: usize) {
        for _ in 0..times {
            if !self.text.is_empty() {
                self.text.push(':');
            }
            self.text.push_str(name);
        }
    }

    /// The names, as written.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        let mut rest = self.text.as_str();
        core::iter::from_fn(move || {
            // names are short, and octets are found sooner than characters
            let end = rest.bytes().position(|octet| octet == b':').unwrap_or(rest.len());
            let (name, more) = rest.split_at_checked(end).filter(|(name, _)| !name.is_empty())?;
            rest = more.get(1..).unwrap_or("");
            Some(name)
        })
    }

    /// How often a name is among them, in any case.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        self.iter().filter(|listed| listed.eq_ignore_ascii_case(name)).count()
    }

    /// Whether a name is among them so many times or more.
    pub(crate) fn covers(&self, name: &str, times: usize) -> bool {
        let mut found = self.iter().filter(|listed| listed.eq_ignore_ascii_case(name));
        times.checked_sub(1).is_none_or(|others| found.nth(others).is_some())
    }

    /// Whether a name is among them, in any case.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.iter().any(|listed| listed.eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for FieldNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
