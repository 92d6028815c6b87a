//! The canonical forms of header fields (RFC 6376 §3.4.1 and §3.4.2).

use crate::{algorithm::Form, runs::copy_run};
use alloc::vec::Vec;
use core::ops::Range;
use mail_base::fields::Field;

/// Appends a field in its canonical form, with its line end. `header` is what it stands in.
pub(crate) fn field(form: Form, field: &Field<'_>, header: &[u8], out: &mut Vec<u8>) {
    match form {
        Form::Simple => {
            out.extend_from_slice(field.raw());
            // the last line of a message without a body may lack its line end
            if !field.raw().ends_with(b"\n") {
                out.extend_from_slice(b"\r\n");
            }
        }
        Form::Relaxed => {
            let text = header.get(field.at()..).unwrap_or(&[]);
            let end = field.raw().strip_suffix(b"\r\n").unwrap_or(field.raw()).len();
            relaxed_name(field, text, out);
            relaxed_value(text, field.value_at()..end, out);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Appends the signature's own field: without a line end, and without what `hole` spans of its value (§3.7).
pub(crate) fn signature_field(
    form: Form,
    field: &Field<'_>,
    header: &[u8],
    hole: Range<usize>,
    out: &mut Vec<u8>,
) {
    let value = field.value();
    let after = value.get(hole.end..).unwrap_or(&[]);
    match form {
        Form::Simple => {
            let raw = field.raw();
            let name = raw.strip_suffix(field.raw_value()).unwrap_or(&[]);
            out.extend_from_slice(name);
            out.extend_from_slice(value.get(..hole.start).unwrap_or(&[]));
            out.extend_from_slice(after);
        }
        Form::Relaxed => {
            // the hole takes the white space around it, so that its sides can be done one by one
            let text = header.get(field.at()..).unwrap_or(&[]);
            let place = |offset: usize| field.value_at().saturating_add(offset);
            relaxed_name(field, text, out);
            relaxed_value(text, place(0)..place(hole.start), out);
            relaxed_value(text, place(hole.end)..place(value.len()), out);
        }
    }
}

/// Hardly a name is longer.
const LONG_NAME: usize = 32;

/// "Convert all header field names … to lowercase. … Delete any WSP characters remaining before and after the
/// colon". The text starts with the field, and does not end with it.
#[inline]
fn relaxed_name(field: &Field<'_>, text: &[u8], out: &mut Vec<u8>) {
    let name = field.name();
    match text.first_chunk::<LONG_NAME>() {
        // more than enough at once, and cut off
        Some(start) if name.len() < LONG_NAME => {
            let end = out.len().saturating_add(name.len());
            out.extend_from_slice(&start.map(|octet| octet.to_ascii_lowercase()));
            if let Some(colon) = out.get_mut(end) {
                *colon = b':';
            }
            out.truncate(end.saturating_add(1));
        }
        _ => {
            out.extend(name.iter().map(u8::to_ascii_lowercase));
            out.push(b':');
        }
    }
}

/// "Unfold … Convert all sequences of one or more WSP characters to a single SP character. … Delete the SP
/// character, if present, at the end of each unfolded header field value" (erratum 5839). The value is this range of a
/// text.
fn relaxed_value(text: &[u8], range: Range<usize>, out: &mut Vec<u8>) {
    let value = text.get(..range.end).unwrap_or(text);
    let mut at = match text.get(range.start..) {
        // nearly always
        Some([b' ', b'!'..=0xff, ..]) => range.start.saturating_add(1),
        _ => behind_space(value, range.start),
    };
    loop {
        at = copy_run(text, at, value.len(), out, is_stop);
        let next = behind_space(value, at);
        if next >= value.len() {
            break;
        }
        if next > at {
            out.push(b' ');
            at = next;
        } else {
            // a CR that folds nothing
            out.push(b'\r');
            at = at.saturating_add(1);
        }
    }
    if out.ends_with(b" ") {
        out.pop();
    }
}

/// Where white space and folds end that begin there. A line end that does not fold, and a CR or LF that is none, is no
/// white space.
fn behind_space(value: &[u8], at: usize) -> usize {
    let mut rest = value.get(at..).unwrap_or(&[]);
    loop {
        rest = match rest {
            [b' ' | b'\t', more @ ..] => more,
            [b'\r', b'\n', b' ' | b'\t', more @ ..] => more,
            _ => return value.len().saturating_sub(rest.len()),
        };
    }
}

/// Whether something must be done at an octet: a tab, a CR, or a space with white space or a control character after it.
fn is_stop(octet: u8, next: u8) -> bool {
    (octet == b'\t') | (octet == b'\r') | ((octet == b' ') & (next <= b' '))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use crate::canon::oracle;
    use alloc::string::String;
    use proptest::prelude::*;

    fn canonical(form: Form, raw: &str) -> String {
        let mut out = Vec::new();
        field(form, &Field::new(raw.as_bytes()), raw.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_example_of_section_3_4_5() {
        assert_eq!(canonical(Form::Relaxed, "A: X\r\n"), "a:X\r\n");
        assert_eq!(canonical(Form::Relaxed, "B : Y\t\r\n\tZ  \r\n"), "b:Y Z\r\n");
        assert_eq!(canonical(Form::Simple, "B : Y\t\r\n\tZ  \r\n"), "B : Y\t\r\n\tZ  \r\n");
    }

    #[test]
    fn the_last_field_of_a_message_has_a_line_end_in_both_forms() {
        assert_eq!(canonical(Form::Simple, "A:  b \r\n\tc"), "A:  b \r\n\tc\r\n");
        assert_eq!(canonical(Form::Relaxed, "A:  b \r\n\tc"), "a:b c\r\n");
    }

    #[test]
    fn values_are_unfolded_and_reduced() {
        for (raw, relaxed) in [
            ("A:\r\n", "a:\r\n"),
            ("A: \r\n \r\n", "a:\r\n"),
            ("A:b\r\n c\r\n\t\t d \r\n", "a:b c d\r\n"),
            ("A: x : y\r\n", "a:x : y\r\n"),
            ("A: no line end", "a:no line end\r\n"),
            ("A: \u{e9}  \u{e9}\r\n", "a:\u{e9} \u{e9}\r\n"),
        ] {
            assert_eq!(canonical(Form::Relaxed, raw), relaxed, "{raw:?}");
        }
    }

    #[test]
    fn bare_cr_and_lf_are_octets_like_any_other() {
        assert_eq!(canonical(Form::Relaxed, "A: b\r c\n d\r\n"), "a:b\r c\n d\r\n");
        assert_eq!(
            canonical(Form::Relaxed, "A: b\n"),
            "a:b\n\r\n",
            "the line end that is added is not the one it had"
        );
        assert_eq!(canonical(Form::Simple, "A: b\n"), "A: b\n");
    }

    #[test]
    fn a_value_ends_where_it_ends_whatever_is_behind_it() {
        for behind in ["", "c", " c", "\tc", "\r\n c"] {
            let mut out = Vec::new();
            relaxed_value(alloc::format!("a b {behind}").as_bytes(), 0.."a b ".len(), &mut out);
            assert_eq!(out, b"a b", "{behind:?}");
        }
    }

    #[test]
    fn the_own_field_has_a_hole_and_no_line_end() {
        let raw = b"DKIM-Signature: a=1; b= AB\r\n CD ; c=2\r\n";
        let hole = Field::new(raw).value().windows(2).position(|pair| pair == b"b=").unwrap() + 2;
        let hole = hole..hole + " AB\r\n CD ".len();
        for (form, expected) in
            [(Form::Simple, "DKIM-Signature: a=1; b=; c=2"), (Form::Relaxed, "dkim-signature:a=1; b=; c=2")]
        {
            let mut out = Vec::new();
            signature_field(form, &Field::new(raw), raw, hole.clone(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn the_relaxed_form_is_that_of_the_oracle(
            name in "[A-Za-z@`-]{1,40} ?",
            value in prop::collection::vec(prop::sample::select(&["a", " ", "\t", "\r\n ", "\r\n\t", ":", "\r", "\n", "longer", "a word more"][..]), 0..60),
            behind in "([a: \t\r]{0,20}\r\n)?",
        ) {
            let raw = alloc::format!("{name}:{}\r\n", value.concat());
            // what stands behind the field makes no difference
            let header = [raw.as_bytes(), behind.as_bytes()].concat();
            let mut out = Vec::new();
            field(Form::Relaxed, &Field::new(raw.as_bytes()), &header, &mut out);
            prop_assert_eq!(out, oracle::field(true, raw.as_bytes()));
        }
    }
}
