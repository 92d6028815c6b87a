//! Telling the signatures of a message apart (RFC 6008 §4).

use alloc::{string::String, vec::Vec};

/// The fewest characters that a prefix has, if the signature has as many.
pub(super) const SHORTEST: usize = 8;

/// The start of each signature text: eight characters, or as many as tell it from all others.
pub(super) fn prefixes(texts: &[String]) -> Vec<Option<String>> {
    let mut sorted: Vec<&str> = texts.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.dedup();
    texts.iter().map(|text| (!text.is_empty()).then(|| prefix(text, &sorted).into())).collect()
}

/// What shares most with a text stands beside it where all are sorted.
fn prefix<'a>(text: &'a str, sorted: &[&str]) -> &'a str {
    let place = sorted.partition_point(|other| *other < text);
    let neighbours = [place.checked_sub(1), place.checked_add(1)];
    let shared =
        neighbours.into_iter().flatten().filter_map(|at| sorted.get(at)).map(|other| shared(text, other));
    let length = shared.max().map_or(SHORTEST, |shared| shared.saturating_add(1).max(SHORTEST));
    text.get(..length).unwrap_or(text)
}

fn shared(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_as_long_as_it_takes() {
        let texts = ["ABCDEFGH1", "ABCDEFGHIJ1", "ABCDEFGHIJ2", "ABCDEFGHIJ2", "", "XY", "ABCDEFGHIJ"];
        let texts: Vec<String> = texts.into_iter().map(String::from).collect();
        let found = prefixes(&texts);
        let found: Vec<_> = found.iter().map(Option::as_deref).collect();
        let expected = ["ABCDEFGH1", "ABCDEFGHIJ1", "ABCDEFGHIJ2", "ABCDEFGHIJ2", "", "XY", "ABCDEFGHIJ"];
        assert_eq!(found, expected.map(|text| (!text.is_empty()).then_some(text)));
        assert_eq!(prefixes(&["ABCDEFGHIJ".into()]), [Some("ABCDEFGH".into())]);
        assert_eq!(prefixes(&[]), []);
    }
}
