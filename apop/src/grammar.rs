//! The message identifier of RFC 5322 §3.6.4, as programs may generate it.
//!
//! Written by hand: one rule, three characters to look for, and each octet's place is wanted.

use crate::{ChallengeError, ChallengeErrorKind as Kind};

/// Checks what stands between the angle brackets, of which the first octet is at `start`.
///
/// ```text
/// msg-id = "<" id-left "@" id-right ">"
/// id-left = dot-atom-text
/// ```
///
/// RFC 5322 §3.6.4, without the obsolete forms.
pub(crate) fn identifier(text: &[u8], start: usize) -> Result<(), ChallengeError> {
    let Some(at) = text.iter().position(|&octet| octet == b'@') else {
        return Err(ChallengeError { kind: Kind::NoAt, at: start.saturating_add(text.len()) });
    };
    let (left, right) = text.split_at(at);
    let right = right.get(1..).unwrap_or_default();
    dot_atom_text(left, start)?;
    id_right(right, start.saturating_add(at).saturating_add(1))
}

/// Checks the host.
///
/// ```text
/// id-right = dot-atom-text / no-fold-literal
/// no-fold-literal = "[" *dtext "]"
/// ```
///
/// RFC 5322 §3.6.4.
pub(crate) fn id_right(text: &[u8], start: usize) -> Result<(), ChallengeError> {
    let literal = text.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    let Some(literal) = literal else {
        return dot_atom_text(text, start);
    };
    match literal.iter().position(|&octet| !is_dtext(octet)) {
        None => Ok(()),
        Some(at) => Err(ChallengeError { kind: Kind::Octet, at: start.saturating_add(1).saturating_add(at) }),
    }
}

/// `dot-atom-text = 1*atext *("." 1*atext)`, RFC 5322 §3.2.3.
fn dot_atom_text(text: &[u8], start: usize) -> Result<(), ChallengeError> {
    let mut at = start;
    for atom in text.split(|&octet| octet == b'.') {
        if atom.is_empty() {
            return Err(ChallengeError { kind: Kind::EmptyAtom, at });
        }
        if let Some(bad) = atom.iter().position(|&octet| !is_atext(octet)) {
            return Err(ChallengeError { kind: Kind::Octet, at: at.saturating_add(bad) });
        }
        at = at.saturating_add(atom.len()).saturating_add(1);
    }
    Ok(())
}

/// `atext`, RFC 5322 §3.2.3.
fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&octet)
}

/// `dtext`, RFC 5322 §3.4.1, without the angle brackets and the `@`, which would make the ends doubtful.
fn is_dtext(octet: u8) -> bool {
    octet.is_ascii_graphic() && !b"[]\\<>@".contains(&octet)
}
