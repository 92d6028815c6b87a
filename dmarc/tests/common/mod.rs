//! What several of the tests share.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::std_instead_of_alloc, clippy::expect_used)]

pub(crate) mod archive;

use dmarc::{Name, SuffixList};
use std::collections::BTreeMap;

/// A list of public suffixes read from the text of `public_suffix_list.dat`: what a receiver with its own copy
/// of the list writes.
#[derive(Debug, Default)]
pub(crate) struct SuffixFile {
    rules: BTreeMap<String, Rule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Suffix,
    /// `*.` before the name
    Wildcard,
    /// `!` before the name
    Exception,
}

impl SuffixFile {
    pub(crate) fn parse(text: &str) -> Self {
        let mut list = Self::default();
        let rules = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
        for rule in rules {
            let (name, kind) = match (rule.strip_prefix("*."), rule.strip_prefix('!')) {
                (Some(name), _) => (name, Rule::Wildcard),
                (None, Some(name)) => (name, Rule::Exception),
                (None, None) => (rule, Rule::Suffix),
            };
            let name = to_ascii(name).expect("the list holds names");
            // a name may have a rule of its own beside a wildcard; the wildcard is kept under its own key
            let key = if kind == Rule::Wildcard { format!("*.{name}") } else { name.to_string() };
            list.rules.insert(key, kind);
        }
        list
    }
}

impl SuffixList for SuffixFile {
    fn suffix_labels(&self, name: &Name) -> usize {
        let mut longest = 1;
        let labels = name.label_count();
        for count in 1..=labels {
            let tail = name.last_labels(count);
            match self.rules.get(tail.as_str()) {
                Some(Rule::Exception) => return count.saturating_sub(1),
                Some(_) => longest = count,
                None => {}
            }
            let is_wild = self.rules.contains_key(&format!("*.{tail}"));
            if is_wild && count < labels {
                longest = count.saturating_add(1);
            }
        }
        longest
    }
}

/// A name with or without U-labels, as far as this build can read it.
#[cfg(feature = "idna")]
pub(crate) fn to_ascii(text: &str) -> Option<Name> {
    Name::parse_idna(text).ok()
}

/// A name with or without U-labels, as far as this build can read it.
#[cfg(not(feature = "idna"))]
pub(crate) fn to_ascii(text: &str) -> Option<Name> {
    let ascii: String =
        text.chars().map(|character| if character.is_ascii() { character } else { '?' }).collect();
    Name::parse(&ascii).ok()
}
