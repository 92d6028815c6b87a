//! The canonical forms of header fields (RFC 6376 §3.4.1 and §3.4.2).

use super::space::next_stop;
use crate::algorithm::Form;
use alloc::vec::Vec;
use mail_base::fields::Field;

/// Appends a field in its canonical form, with its line end.
pub(crate) fn field(form: Form, field: &Field<'_>, out: &mut Vec<u8>) {
    match form {
        Form::Simple => {
            out.extend_from_slice(field.raw());
            // the last line of a message without a body may lack its line end
            if !field.raw().ends_with(b"\n") {
                out.extend_from_slice(b"\r\n");
            }
        }
        Form::Relaxed => {
            relaxed_name(field, out);
            let value = field.raw_value();
            relaxed_value(value.strip_suffix(b"\r\n").unwrap_or(value), out);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Appends the signature's own field: without a line end, and without what `hole` spans of its value (§3.7).
pub(crate) fn signature_field(
    form: Form,
    field: &Field<'_>,
    hole: core::ops::Range<usize>,
    out: &mut Vec<u8>,
) {
    let value = field.value();
    let before = value.get(..hole.start).unwrap_or(&[]);
    let after = value.get(hole.end..).unwrap_or(&[]);
    match form {
        Form::Simple => {
            let raw = field.raw();
            let name = raw.strip_suffix(field.raw_value()).unwrap_or(&[]);
            out.extend_from_slice(name);
            out.extend_from_slice(before);
            out.extend_from_slice(after);
        }
        Form::Relaxed => {
            // the hole takes the white space around it, so that its sides can be done one by one
            relaxed_name(field, out);
            relaxed_value(before, out);
            relaxed_value(after, out);
        }
    }
}

/// "Convert all header field names … to lowercase. … Delete any WSP characters remaining before and after the
/// colon".
fn relaxed_name(field: &Field<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(field.name());
    if let Some(name) = out.get_mut(start..) {
        name.make_ascii_lowercase();
    }
    out.push(b':');
}

/// "Unfold … Convert all sequences of one or more WSP characters to a single SP character. … Delete the SP
/// character, if present, at the end of each unfolded header field value" (erratum 5839).
fn relaxed_value(value: &[u8], out: &mut Vec<u8>) {
    let mut rest = skip_space(value);
    loop {
        let (run, more) = rest.split_at_checked(next_stop(rest)).unwrap_or((rest, &[]));
        out.extend_from_slice(run);
        rest = skip_space(more);
        if rest.is_empty() {
            return;
        }
        match more.first() {
            // a CR that folds nothing
            Some(b'\r') if rest.len() == more.len() => {
                out.push(b'\r');
                rest = more.get(1..).unwrap_or(&[]);
            }
            _ => out.push(b' '),
        }
    }
}

/// Leaves out white space and folds. A line end that does not fold, and a CR or LF that is none, is no white
/// space.
fn skip_space(mut rest: &[u8]) -> &[u8] {
    loop {
        rest = match rest {
            [b' ' | b'\t', more @ ..] => more,
            [b'\r', b'\n', b' ' | b'\t', more @ ..] => more,
            _ => return rest,
        };
    }
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
        field(form, &Field::new(raw.as_bytes()), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_example_of_section_3_4_5() {
        assert_eq!(canonical(Form::Relaxed, "A: X\r\n"), "a:X\r\n");
        assert_eq!(canonical(Form::Relaxed, "B : Y\t\r\n\tZ  \r\n"), "b:Y Z\r\n");
        assert_eq!(canonical(Form::Simple, "B : Y\t\r\n\tZ  \r\n"), "B : Y\t\r\n\tZ  \r\n");
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
    fn the_own_field_has_a_hole_and_no_line_end() {
        let raw = b"DKIM-Signature: a=1; b= AB\r\n CD ; c=2\r\n";
        let hole = Field::new(raw).value().windows(2).position(|pair| pair == b"b=").unwrap() + 2;
        let hole = hole..hole + " AB\r\n CD ".len();
        for (form, expected) in
            [(Form::Simple, "DKIM-Signature: a=1; b=; c=2"), (Form::Relaxed, "dkim-signature:a=1; b=; c=2")]
        {
            let mut out = Vec::new();
            signature_field(form, &Field::new(raw), hole.clone(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    proptest! {
        #[test]
        fn the_relaxed_form_is_that_of_the_oracle(
            value in prop::collection::vec(prop::sample::select(&["a", " ", "\t", "\r\n ", "\r\n\t", ":", "\r", "\n", "longer"][..]), 0..60),
        ) {
            let raw = alloc::format!("X-Name :{}\r\n", value.concat());
            let mut out = Vec::new();
            field(Form::Relaxed, &Field::new(raw.as_bytes()), &mut out);
            prop_assert_eq!(out, oracle::field(true, raw.as_bytes()));
        }
    }
}
