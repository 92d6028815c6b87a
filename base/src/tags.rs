//! Tag lists, `name=value; name=value`, the syntax of DKIM signatures and keys (RFC 6376 §3.2) and of DMARC
//! records (RFC 9989 §4.7).
//!
//! This module only cuts: which tags are known, whether a name may come twice, which octets a value may hold
//! and what a broken tag means is for the crate that knows the record. White space around names and values,
//! folds included, is left out; inside a value it is kept.
//!
//! ```
//! use mail_base::tags::Tags;
//!
//! let tags: Vec<_> = Tags::new(b"v=1; a=rsa-sha256;\r\n  b=AB CD;").collect::<Result<_, _>>()?;
//! assert_eq!((tags[1].name, tags[1].value, tags[1].at), (&b"a"[..], &b"rsa-sha256"[..], 5));
//! assert_eq!(tags[2].value, b"AB CD");
//! # Ok::<(), mail_base::tags::TagError>(())
//! ```

use crate::scan;
use core::fmt;

/// One tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The name: a letter, then letters, digits and underscores, all ASCII. Case is kept.
    pub name: &'a [u8],
    /// The value, without the white space around it; it may be empty.
    pub value: &'a [u8],
    /// The offset of the name in the list.
    pub at: usize,
    /// The offset of the value in the list.
    pub value_at: usize,
}

/// Cuts a tag list.
///
/// The iterator goes on after an error with what follows the next semicolon, so that a caller may leave out
/// the broken tag (DMARC) or stop at it (DKIM). A semicolon at the end is allowed; nothing else may be empty.
#[derive(Clone, Debug)]
pub struct Tags<'a> {
    list: &'a [u8],
    at: usize,
}

impl<'a> Tags<'a> {
    /// Cuts `list`.
    #[must_use]
    pub fn new(list: &'a [u8]) -> Self {
        Self { list, at: 0 }
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Result<Tag<'a>, TagError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let spec = skip_space(self.list.get(self.at..)?);
        let at = self.list.len().saturating_sub(spec.len());
        let (name, after) = spec.split_at_checked(name_length(spec))?;
        match skip_space(after) {
            [b'=', value @ ..] if name.first().is_some_and(u8::is_ascii_alphabetic) => {
                let value = skip_space(value);
                let value_at = self.list.len().saturating_sub(value.len());
                let length = scan::position(value, b';').unwrap_or(value.len());
                // past the semicolon, or past the end, where `get` finds nothing
                self.at = value_at.saturating_add(length).saturating_add(1);
                Some(Ok(Tag { name, value: trim_end(value.get(..length)?), at, value_at }))
            }
            _ => self.faulty(spec, at),
        }
    }
}

impl<'a> Tags<'a> {
    /// What is at the start of the rest of the list is no tag.
    #[cold]
    fn faulty(&mut self, spec: &'a [u8], at: usize) -> Option<Result<Tag<'a>, TagError>> {
        let length = scan::position(spec, b';').unwrap_or(spec.len());
        self.at = at.saturating_add(length).saturating_add(1);
        // after the last semicolon there may be nothing
        if spec.is_empty() {
            return None;
        }
        Some(Err(fault(trim_end(spec.get(..length)?), at)))
    }
}

/// Why a piece of a list is no tag.
fn fault(spec: &[u8], at: usize) -> TagError {
    let error = |kind, offset| TagError { kind, at: at.saturating_add(offset) };
    let name = name_length(spec);
    if spec.is_empty() {
        error(TagErrorKind::Empty, 0)
    } else if !spec.first().is_some_and(u8::is_ascii_alphabetic) {
        error(TagErrorKind::Name, 0)
    } else if name == spec.len() {
        error(TagErrorKind::NoValue, name)
    } else {
        let other = skip_space(spec.get(name..).unwrap_or(&[]));
        error(TagErrorKind::Name, spec.len().saturating_sub(other.len()))
    }
}

/// How many octets at the start may be those of a name.
#[inline]
fn name_length(octets: &[u8]) -> usize {
    let is_name = |octet: &&u8| octet.is_ascii_alphanumeric() || **octet == b'_';
    octets.iter().take_while(is_name).count()
}

/// Leaves out white space at the start.
#[inline]
fn skip_space(mut octets: &[u8]) -> &[u8] {
    // of most octets one comparison tells
    while let [..=b' ', ..] = octets
        && let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = octets
    {
        octets = rest;
    }
    octets
}

/// Leaves out white space at the end.
#[inline]
fn trim_end(mut octets: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = octets {
        octets = rest;
    }
    octets
}

/// Why a piece of a tag list is no tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagError {
    /// The rule that is broken.
    pub kind: TagErrorKind,
    /// The offset of the place in the list.
    pub at: usize,
}

/// The rules of a tag list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagErrorKind {
    /// There is nothing before a semicolon.
    Empty,
    /// The name does not start with a letter, or holds something else than letters, digits and underscores.
    Name,
    /// There is no `=`.
    NoValue,
}

impl fmt::Display for TagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = match self.kind {
            TagErrorKind::Empty => "a tag is empty",
            TagErrorKind::Name => "a tag name has an octet that it may not have",
            TagErrorKind::NoValue => "a tag has no equals sign",
        };
        write!(f, "{rule} (at octet {})", self.at)
    }
}

impl core::error::Error for TagError {}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing)]

    use super::*;
    use alloc::{vec, vec::Vec};
    use proptest::prelude::*;

    type Cut<'a> = Result<(&'a str, &'a str, usize, usize), (TagErrorKind, usize)>;

    fn cut(list: &str) -> Vec<Cut<'_>> {
        let text = |octets| core::str::from_utf8(octets).unwrap();
        Tags::new(list.as_bytes())
            .map(|tag| match tag {
                Ok(tag) => Ok((text(tag.name), text(tag.value), tag.at, tag.value_at)),
                Err(error) => Err((error.kind, error.at)),
            })
            .collect()
    }

    #[test]
    fn white_space_around_names_and_values_is_left_out() {
        let expected = vec![Ok(("v", "DMARC1", 0, 4)), Ok(("p", "none", 13, 17))];
        assert_eq!(cut("v = DMARC1 ; p\t=\tnone ; \r\n "), expected);
        assert_eq!(cut("a=1"), [Ok(("a", "1", 0, 2))]);
        assert_eq!(cut("a=b=c"), [Ok(("a", "b=c", 0, 2))]);
        assert_eq!(cut("a="), [Ok(("a", "", 0, 2))]);
        assert_eq!(cut("a=;b= x"), [Ok(("a", "", 0, 2)), Ok(("b", "x", 3, 6))]);
    }

    #[test]
    fn only_the_end_may_be_empty() {
        assert_eq!(cut(""), []);
        assert_eq!(cut(" \r\n\t"), []);
        assert_eq!(cut("a=1;"), [Ok(("a", "1", 0, 2))]);
        assert_eq!(cut("a=1;;"), [Ok(("a", "1", 0, 2)), Err((TagErrorKind::Empty, 4))]);
        assert_eq!(cut("; a=1"), [Err((TagErrorKind::Empty, 0)), Ok(("a", "1", 2, 4))]);
    }

    #[test]
    fn a_broken_tag_does_not_hide_the_next() {
        assert_eq!(
            cut("a b=1; 1a=2; c; d-e=3; =4; f=5"),
            [
                Err((TagErrorKind::Name, 2)),
                Err((TagErrorKind::Name, 7)),
                Err((TagErrorKind::NoValue, 14)),
                Err((TagErrorKind::Name, 17)),
                Err((TagErrorKind::Name, 23)),
                Ok(("f", "5", 27, 29)),
            ]
        );
    }

    /// The list cut at its semicolons, and each piece at its first equals sign.
    fn cut_slowly(list: &str) -> Vec<Cut<'_>> {
        let pieces = list.split(';').scan(0, |end, piece| {
            let start = *end;
            *end += piece.len() + 1;
            Some((start, piece))
        });
        let space = |text: &str| text.len() - text.trim_start().len();
        let is_name = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'_';
        let cut = pieces.filter_map(|(start, piece)| {
            let at = start + space(piece);
            if piece.trim().is_empty() {
                let is_last = start + piece.len() == list.len();
                return (!is_last).then_some(Err((TagErrorKind::Empty, at)));
            }
            let (name, value) =
                piece.split_once('=').map_or((piece, None), |(name, value)| (name, Some(value)));
            let name = name.trim();
            if !name.starts_with(|first: char| first.is_ascii_alphabetic()) {
                return Some(Err((TagErrorKind::Name, at)));
            }
            Some(match (name.bytes().position(|octet| !is_name(octet)), value) {
                (Some(wrong), _) => Err((TagErrorKind::Name, at + wrong + space(&name[wrong..]))),
                (None, None) => Err((TagErrorKind::NoValue, at + name.len())),
                (None, Some(value)) => {
                    Ok((name, value.trim(), at, start + piece.len() - value.len() + space(value)))
                }
            })
        });
        cut.collect()
    }

    proptest! {
        #[test]
        fn tags_are_those_of_the_slow_cutter(list in "([a1_=; \t\n.]|b=c|; )*") {
            prop_assert_eq!(cut(&list), cut_slowly(&list));
        }
    }

    #[test]
    fn values_may_hold_any_octet() {
        let tags: Vec<_> = Tags::new(b"a=\xff\x00").collect();
        assert_eq!(tags, [Ok(Tag { name: b"a", value: b"\xff\x00", at: 0, value_at: 2 })]);
    }
}
