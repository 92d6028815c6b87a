//! The grammar of tag values (RFC 6376 §3.2, §3.5, §3.6.1, with errata), one function a rule.
//!
//! Every function reads a value that [`mail_base::tags`] has cut out, and must use it up; [`whole`] gives the
//! place where one stops making sense.

use crate::{
    algorithm::{Canonicalization, Form},
    encoding::decode_quoted_printable,
    runs::{BLOCK, copy_run},
};
use alloc::vec::Vec;
use mail_base::{Name, name::ToAscii};
use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{tag, take_while, take_while1},
    character::complete::char,
    combinator::{opt, verify},
    multi::{fold_many0, separated_list1},
    sequence::{delimited, preceded},
};

type Parsed<'a, T> = IResult<&'a [u8], T>;

/// Reads all of `value` by `rule`, or gives the offset at which the rule ends.
pub(crate) fn whole<'a, T>(
    value: &'a [u8],
    mut rule: impl FnMut(&'a [u8]) -> Parsed<'a, T>,
) -> Result<T, usize> {
    let at = |rest: &[u8]| value.len().saturating_sub(rest.len());
    match rule(value) {
        Ok(([], read)) => Ok(read),
        Ok((rest, _)) => Err(at(rest)),
        Err(nom::Err::Error(error) | nom::Err::Failure(error)) => Err(at(error.input)),
        Err(nom::Err::Incomplete(_)) => Err(value.len()),
    }
}

/// Folding white space. Where line ends stand was settled when the field was cut out, so that any run of the
/// four octets will do.
///
/// ```text
/// FWS = [*WSP CRLF] 1*WSP
/// ```
fn fws(input: &[u8]) -> Parsed<'_, &[u8]> {
    take_while(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n'))(input)
}

/// A colon with white space around it, as it separates the items of every list of DKIM.
fn colon(input: &[u8]) -> Parsed<'_, char> {
    delimited(fws, char(':'), fws).parse(input)
}

/// A hyphenated-word (§3.2), the name of an algorithm, a query method, a service or a flag.
///
/// ```text
/// hyphenated-word = ALPHA [ *(ALPHA / DIGIT / "-") (ALPHA / DIGIT) ]
/// ```
pub(crate) fn hyphenated_word(input: &[u8]) -> Parsed<'_, &[u8]> {
    verify(take_while1(|octet: u8| octet.is_ascii_alphanumeric() || octet == b'-'), |word: &[u8]| {
        word.first().is_some_and(u8::is_ascii_alphabetic) && !word.ends_with(b"-")
    })
    .parse(input)
}

/// ```text
/// sig-c-tag-alg = "simple" / "relaxed" / x-sig-c-tag-alg      ; the last is none that we know
/// ```
fn form(input: &[u8]) -> Parsed<'_, Form> {
    alt((tag("simple").map(|_| Form::Simple), tag("relaxed").map(|_| Form::Relaxed))).parse(input)
}

/// ```text
/// sig-c-tag = %x63 [FWS] "=" [FWS] sig-c-tag-alg ["/" sig-c-tag-alg]
/// ```
///
/// One name is that of the header; the body's is then simple.
pub(crate) fn canonicalization(input: &[u8]) -> Parsed<'_, Canonicalization> {
    (form, opt(preceded(char('/'), form)))
        .map(|(header, body)| Canonicalization { header, body: body.unwrap_or_default() })
        .parse(input)
}

/// Field names (RFC 5322 §3.6.8), joined by colons with nothing between. There is no semicolon in a tag value.
///
/// ```text
/// sig-h-tag = %x68 [FWS] "=" [FWS] hdr-name *( [FWS] ":" [FWS] hdr-name )
/// ```
pub(crate) fn field_names(input: &[u8]) -> Parsed<'_, Vec<u8>> {
    if let Some(names) = joined_names(input) {
        return Ok((&[], names));
    }
    let name = take_while1(|octet: u8| octet.is_ascii_graphic() && octet != b':');
    let (rest, names) = separated_list1(colon, name).parse(input)?;
    Ok((rest, names.join(&b':')))
}

/// The same all at once: runs of names with white space between, which must have a colon beside it.
fn joined_names(input: &[u8]) -> Option<Vec<u8>> {
    let mut names = Vec::with_capacity(input.len().saturating_add(BLOCK));
    let is_stop = |octet: u8, _| !octet.is_ascii_graphic();
    let mut at = copy_run(input, 0, input.len(), &mut names, is_stop);
    while let Some(stop @ [_, ..]) = input.get(at..) {
        let (rest, _) = fws(stop).ok()?;
        // what is neither visible nor white space stops here again
        if rest.len() == stop.len() || !(names.ends_with(b":") || rest.starts_with(b":")) {
            return None;
        }
        at = copy_run(input, input.len().saturating_sub(rest.len()), input.len(), &mut names, is_stop);
    }
    let pairs = names.iter().zip(names.get(1..)?);
    let has_empty = pairs.fold(false, |found, (&one, &next)| found | ((one == b':') & (next == b':')));
    let is_right = !has_empty && !names.starts_with(b":") && !names.ends_with(b":");
    is_right.then_some(names)
}

/// Whether `dns/txt` is among the methods. Methods that are not known are left out.
///
/// ```text
/// sig-q-tag = %x71 [FWS] "=" [FWS] sig-q-tag-method *([FWS] ":" [FWS] sig-q-tag-method)
/// ```
pub(crate) fn query_methods(input: &[u8]) -> Parsed<'_, bool> {
    let (rest, first) = query_method(input)?;
    fold_many0(preceded(colon, query_method), || first, |found, is_dns| found || is_dns).parse(rest)
}

/// Whether a method is `dns/txt`.
///
/// ```text
/// sig-q-tag-method = "dns/txt" / x-sig-q-tag-type ["/" x-sig-q-tag-args]
/// x-sig-q-tag-type = hyphenated-word
/// x-sig-q-tag-args = dkim-quoted-printable  ; with ":" encoded                         erratum 4810
/// ```
fn query_method(input: &[u8]) -> Parsed<'_, bool> {
    let arguments = verify(take_while(|octet| octet != b':'), |arguments: &[u8]| {
        decode_quoted_printable(arguments).is_ok()
    });
    (hyphenated_word, opt(preceded(char('/'), arguments)))
        .map(|(kind, arguments)| kind == b"dns" && arguments.is_some_and(|text| text.trim_ascii() == b"txt"))
        .parse(input)
}

/// A number, as large as ours get: what is greater counts as the greatest.
///
/// ```text
/// sig-l-tag = %x6c [FWS] "=" [FWS] 1*76DIGIT
/// sig-t-tag = %x74 [FWS] "=" [FWS] 1*12DIGIT
/// ```
pub(crate) fn number(input: &[u8]) -> Parsed<'_, u64> {
    verify(take_while1(|octet: u8| octet.is_ascii_digit()), |digits: &[u8]| digits.len() <= 76)
        .map(|digits: &[u8]| {
            digits.iter().fold(0_u64, |number, digit| {
                number.saturating_mul(10).saturating_add(u64::from(digit.saturating_sub(b'0')))
            })
        })
        .parse(input)
}

/// Items of a colon-separated list of words, each given to `each`; `*` is a word of `s=` (§3.6.1).
///
/// ```text
/// key-h-tag = %x68 [FWS] "=" [FWS] key-h-tag-alg *( [FWS] ":" [FWS] key-h-tag-alg )
/// key-s-tag = %x73 [FWS] "=" [FWS] key-s-tag-type *( [FWS] ":" [FWS] key-s-tag-type )
/// key-t-tag = %x74 [FWS] "=" [FWS] key-t-tag-flag *( [FWS] ":" [FWS] key-t-tag-flag )
/// ```
pub(crate) fn words<'a>(input: &'a [u8], mut each: impl FnMut(&'a [u8])) -> Parsed<'a, ()> {
    let word = |input| alt((hyphenated_word, tag("*"))).parse(input);
    let (rest, first) = word(input)?;
    each(first);
    fold_many0(preceded(colon, word), || (), move |(), word| each(word)).parse(rest)
}

/// A domain name of at least `labels` labels.
///
/// ```text
/// domain-name = sub-domain 1*("." sub-domain)              erratum 6076
/// sub-domain  = Let-dig [Ldh-str]                          RFC 5321 §4.1.2
/// ```
///
/// Underscores are read too: the DNS has them, and some selectors do. A U-label (RFC 8616 §5) is read where
/// the caller has a function for it.
pub(crate) fn domain(value: &[u8], labels: usize, to_ascii: Option<ToAscii>) -> Option<Name> {
    let name = if value.is_ascii() {
        Name::parse_bytes(value)
    } else {
        let text = core::str::from_utf8(value).ok()?;
        // what UTS #46 maps to a dot is none in a `domain-name`
        if text.contains(['\u{3002}', '\u{ff0e}', '\u{ff61}']) {
            return None;
        }
        to_ascii.map(|to_ascii| to_ascii(text))?
    };
    name.ok().filter(|name| !value.ends_with(b".") && is_domain(name, labels))
}

/// Whether a name is one of at least `labels` labels, each of which may stand in a `domain-name`.
pub(crate) fn is_domain(name: &Name, labels: usize) -> bool {
    let is_let_dig = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'_';
    let (mut count, mut before): (usize, u8) = (0, b'.');
    // each label ends before a dot; the root is a dot between nothing
    for octet in name.as_bytes().iter().copied().chain([b'.']) {
        match octet {
            b'.' if is_let_dig(before) => count = count.saturating_add(1),
            b'-' if before != b'.' => {}
            _ if is_let_dig(octet) => {}
            _ => return false,
        }
        before = octet;
    }
    count >= labels
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The rule as it stands.
    fn plain_field_names(input: &[u8]) -> Parsed<'_, Vec<&[u8]>> {
        separated_list1(colon, take_while1(|octet: u8| octet.is_ascii_graphic() && octet != b':'))
            .parse(input)
    }

    proptest! {
        #[test]
        fn lists_of_field_names_are_read_by_the_rule(list in "([A-Za-z!~-]{0,20}[ \t\r\n]{0,1}[:\u{7f}\u{e9}]{0,2}[ \n]{0,2}){0,5}") {
            let names = whole(list.as_bytes(), field_names);
            let plain = whole(list.as_bytes(), plain_field_names).map(|names| names.join(&b':'));
            prop_assert_eq!(names, plain);
        }
    }
}
