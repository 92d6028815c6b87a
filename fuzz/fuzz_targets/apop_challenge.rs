//! What is found in a greeting stands in it, is a message identifier by a slow and obvious reading, and only
//! its own digest is right.
#![no_main]

use apop::{Challenge, MAX_OCTETS};
use libfuzzer_sys::fuzz_target;

fn is_message_identifier(text: &str) -> bool {
    const SPECIALS: &[char] = &['(', ')', '<', '>', '[', ']', ':', ';', '@', '\\', ',', '"'];
    let parts: Vec<&str> = text[1..text.len() - 1].split('@').collect();
    let is_dot_atom = |part: &str| part.split('.').all(|atom| !atom.is_empty() && !atom.contains(SPECIALS));
    let is_literal = |part: &str| {
        let inner = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        inner.is_some_and(|inner| !inner.contains(['[', ']', '\\', '<', '>']))
    };
    text.bytes().all(|octet| (0x21..=0x7e).contains(&octet))
        && parts.len() == 2
        && is_dot_atom(parts[0])
        && (is_dot_atom(parts[1]) || is_literal(parts[1]))
}

fuzz_target!(|input: (&[u8], &[u8])| {
    let (greeting, claimed) = input;
    let Ok(challenge) = Challenge::find(greeting) else { return };
    let text = challenge.as_str();
    assert!(text.len() <= MAX_OCTETS && text.starts_with('<') && text.ends_with('>'), "{text}");
    assert!(greeting.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    assert!(is_message_identifier(text), "{text}");
    assert_eq!(Challenge::find(text.as_bytes()).as_ref(), Ok(&challenge));
    let digest = challenge.digest(b"secret");
    assert!(challenge.verify(b"secret", digest.as_str().as_bytes()));
    assert_eq!(challenge.verify(b"secret", claimed), claimed == digest.as_str().as_bytes());
});
