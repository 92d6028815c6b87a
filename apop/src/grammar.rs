//! The message identifier of RFC 5322 §3.6.4, as programs may generate it.
//!
//! Written by hand: one rule, three characters to look for, and each octet's place is wanted. The same in nom is
//! the test oracle.

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

#[cfg(test)]
mod tests {
    use super::{identifier, is_atext, is_dtext};
    use nom::{
        IResult, Parser,
        branch::alt,
        bytes::complete::{take_while, take_while1},
        character::complete::char,
        combinator::{all_consuming, recognize},
        multi::separated_list1,
        sequence::{delimited, separated_pair},
    };
    use proptest::prelude::*;

    type Read<'a> = IResult<&'a [u8], &'a [u8]>;

    /// `dot-atom-text = 1*atext *("." 1*atext)`
    fn dot_atom_text(text: &[u8]) -> Read<'_> {
        recognize(separated_list1(char('.'), take_while1(is_atext))).parse(text)
    }

    /// `no-fold-literal = "[" *dtext "]"`
    fn no_fold_literal(text: &[u8]) -> Read<'_> {
        recognize(delimited(char('['), take_while(is_dtext), char(']'))).parse(text)
    }

    /// `id-left "@" id-right`, RFC 5322 §3.6.4.
    fn is_identifier(text: &[u8]) -> bool {
        let id_right = alt((dot_atom_text, no_fold_literal));
        all_consuming(separated_pair(dot_atom_text, char('@'), id_right)).parse(text).is_ok()
    }

    proptest! {
        #[test]
        fn identifiers_are_those_of_the_grammar(
            text in prop_oneof![
                "[a-c.]{0,4}@?[a-c.]{0,4}",
                "[a.!~]{0,3}@\\[?[a:.\\\\@\\[]{0,4}\\]?",
                "[ -~\u{0}\u{7f}ü]{0,6}@[ -~]{0,6}",
            ],
        ) {
            prop_assert_eq!(identifier(text.as_bytes(), 0).is_ok(), is_identifier(text.as_bytes()));
        }
    }
}
