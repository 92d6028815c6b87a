//! The names in `h=` (RFC 6376 §3.5), and lists of names like it.

use alloc::string::String;
use core::fmt;
use mail_base::scan;

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

    /// Joined by colons.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The names, as written.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.listed().map(|listed| listed.name())
    }

    pub(crate) fn listed(&self) -> impl Iterator<Item = Listed<'_>> + Clone {
        let mut ahead = self.text.as_str();
        core::iter::from_fn(move || {
            let text = ahead;
            let length = scan::position_near(text.as_bytes(), b':').unwrap_or(text.len());
            ahead = text.get(length.saturating_add(1)..).unwrap_or("");
            (length > 0).then_some(Listed { text, length })
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

/// A name among others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed<'a> {
    /// The list, from this name on.
    pub(crate) text: &'a str,
    /// How much of that the name is.
    pub(crate) length: usize,
}

impl<'a> Listed<'a> {
    /// One alone.
    pub(crate) fn new(name: &'a str) -> Self {
        Self { text: name, length: name.len() }
    }

    pub(crate) fn name(&self) -> &'a str {
        self.text.get(..self.length).unwrap_or("")
    }
}

impl fmt::Display for FieldNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
