//! The canonical forms of header fields (RFC 6376 §3.4.1 and §3.4.2).

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
            let raw = field.raw();
            let value = raw.strip_suffix(b"\r\n").unwrap_or(raw);
            relaxed_value(value_of(value), out);
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
            let name_length =
                raw.iter().position(|&octet| octet == b':').map_or(0, |colon| colon.saturating_add(1));
            out.extend_from_slice(raw.get(..name_length).unwrap_or(&[]));
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

fn value_of(raw: &[u8]) -> &[u8] {
    match raw.iter().position(|&octet| octet == b':') {
        Some(colon) => raw.get(colon.saturating_add(1)..).unwrap_or(&[]),
        None => raw,
    }
}

/// "Convert all header field names … to lowercase. … Delete any WSP characters remaining before and after the
/// colon".
fn relaxed_name(field: &Field<'_>, out: &mut Vec<u8>) {
    out.extend(field.name().iter().map(u8::to_ascii_lowercase));
    out.push(b':');
}

/// "Unfold … Convert all sequences of one or more WSP characters to a single SP character. … Delete the SP
/// character, if present, at the end of each unfolded header field value" (erratum 5839).
fn relaxed_value(value: &[u8], out: &mut Vec<u8>) {
    let mut rest = value;
    let mut is_first = true;
    loop {
        rest = skip_space(rest);
        if rest.is_empty() {
            return;
        }
        if !is_first {
            out.push(b' ');
        }
        is_first = false;
        let length = word_length(rest);
        let (word, more) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        out.extend_from_slice(word);
        rest = more;
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

/// How long it is until white space or a fold.
fn word_length(rest: &[u8]) -> usize {
    let mut at: usize = 0;
    loop {
        let ahead = rest.get(at..).unwrap_or(&[]);
        match ahead {
            [] | [b' ' | b'\t', ..] | [b'\r', b'\n', b' ' | b'\t', ..] => return at,
            _ => at = at.saturating_add(1),
        }
    }
}
