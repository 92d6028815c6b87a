//! Telling the signatures of a message apart (RFC 6008 §4).

use alloc::{string::String, vec::Vec};

/// The fewest characters that a prefix has, if the signature has as many.
pub(super) const SHORTEST: usize = 8;

/// Cuts each signature text down to its start: eight characters, or as many as tell it from all others.
pub(super) fn shorten(texts: &mut [&mut String]) {
    let mut sorted: Vec<&str> = texts.iter().map(|text| text.as_str()).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let lengths: Vec<usize> = texts.iter().map(|text| needed(text, &sorted)).collect();
    for (text, length) in texts.iter_mut().zip(lengths) {
        text.truncate(length);
    }
}

/// What shares most with a text stands beside it where all are sorted.
fn needed(text: &str, sorted: &[&str]) -> usize {
    let place = sorted.partition_point(|other| *other < text);
    let neighbours = [place.checked_sub(1), place.checked_add(1)];
    let shared =
        neighbours.into_iter().flatten().filter_map(|at| sorted.get(at)).map(|other| shared(text, other));
    shared.max().map_or(SHORTEST, |shared| shared.saturating_add(1).max(SHORTEST))
}

fn shared(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shortened<const COUNT: usize>(texts: [&str; COUNT]) -> [String; COUNT] {
        let mut texts = texts.map(String::from);
        shorten(&mut texts.each_mut());
        texts
    }

    #[test]
    fn prefixes_are_as_long_as_it_takes() {
        let texts = ["ABCDEFGH1", "ABCDEFGHIJ1", "ABCDEFGHIJ2", "ABCDEFGHIJ2", "", "XY", "ABCDEFGHIJ"];
        let expected = ["ABCDEFGH1", "ABCDEFGHIJ1", "ABCDEFGHIJ2", "ABCDEFGHIJ2", "", "XY", "ABCDEFGHIJ"];
        assert_eq!(shortened(texts), expected);
        assert_eq!(shortened(["ABCDEFGHIJ", "ABCDEX"]), ["ABCDEFGH", "ABCDEX"]);
        assert_eq!(shortened(["ABCDEFGHIJ"]), ["ABCDEFGH"]);
        assert_eq!(shortened([]), [""; 0]);
    }
}
