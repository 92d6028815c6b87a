//! Signatures: what is read prints, and what is printed reads back, also where U-labels became A-labels.
#![no_main]

use dkim::{Name, Signature};
use libfuzzer_sys::fuzz_target;

/// What every signature must have, so that what is drawn may be the rest of one.
const REQUIRED: &[u8] = b"v=1; a=rsa-sha256; d=example.com; s=sel; h=from; bh=AAAA; b=AAAA;";

fuzz_target!(|input: (bool, &[u8])| {
    let (is_rest, octets) = input;
    let octets = &if is_rest { [REQUIRED, octets].concat() } else { octets.to_vec() }[..];
    let strict = Signature::parse(octets, None);
    let with_idna = Signature::parse(octets, Some(Name::parse_idna));
    if let Err(error) = strict {
        assert!(error.at <= octets.len());
    } else {
        assert_eq!(strict, with_idna);
    }
    let Ok(signature) = with_idna else { return };
    assert!(!signature.signature.is_empty() && !signature.body_hash.is_empty());
    assert!(signature.fields.iter().next().is_some());
    assert!(signature.identity().domain().is_within(&signature.domain));
    let text = signature.to_string();
    assert!(!text.contains(['\r', '\n', '\0']));
    let again = Signature::parse(text.as_bytes(), None).expect("what is printed reads back");
    assert_eq!(again, signature);
    assert_eq!(again.to_string(), text);
});
