//! The canonical forms in the words of RFC 6376 §3.4, one sentence after the other, on what is all in memory: slow and
//! plain, for what is fast to be compared with.

use alloc::vec::Vec;

fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// "Reduce all sequences of WSP within a line to a single SP character."
fn reduce(line: &[u8]) -> Vec<u8> {
    let mut reduced = Vec::new();
    for &octet in line {
        let octet = if octet == b'\t' { b' ' } else { octet };
        if octet != b' ' || reduced.last() != Some(&b' ') {
            reduced.push(octet);
        }
    }
    reduced
}

/// A body (§3.4.3, §3.4.4).
pub fn body(relaxed: bool, body: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\r\n") {
        lines.push(rest[..at].to_vec());
        rest = &rest[at + 2..];
    }
    lines.push(rest.to_vec());
    if relaxed {
        for line in &mut lines {
            while line.last().is_some_and(|&octet| is_space(octet)) {
                line.pop();
            }
            *line = reduce(line);
        }
    }
    while lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    if lines.is_empty() && !relaxed {
        lines.push(Vec::new());
    }
    lines.into_iter().flat_map(|line| [line, b"\r\n".to_vec()].concat()).collect()
}

/// A header field (§3.4.1, §3.4.2).
pub fn field(relaxed: bool, raw: &[u8]) -> Vec<u8> {
    if !relaxed {
        let line_end: &[u8] = if raw.ends_with(b"\n") { b"" } else { b"\r\n" };
        return [raw, line_end].concat();
    }
    let raw = raw.strip_suffix(b"\r\n").unwrap_or(raw);
    let colon = raw.iter().position(|&octet| octet == b':').unwrap();
    let mut name = raw[..colon].to_ascii_lowercase();
    while name.last().is_some_and(|&octet| is_space(octet)) {
        name.pop();
    }
    let mut unfolded = Vec::new();
    let mut rest = &raw[colon + 1..];
    while let Some((&first, more)) = rest.split_first() {
        if rest.starts_with(b"\r\n ") || rest.starts_with(b"\r\n\t") {
            rest = &rest[2..];
            continue;
        }
        unfolded.push(first);
        rest = more;
    }
    let mut value = reduce(&unfolded);
    if value.first() == Some(&b' ') {
        value.remove(0);
    }
    if value.last() == Some(&b' ') {
        value.pop();
    }
    [&name[..], b":", &value, b"\r\n"].concat()
}
