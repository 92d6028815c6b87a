//! Macro strings: an expansion is bounded, what is escaped is safe in a URL, and parts kept are a part of the whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spf::macros::{MAX_EXPANSION, Piece, Pieces, Place, Values, expand};

fuzz_target!(|input: (&str, &str, &str, bool, u128)| {
    let (text, sender, domain, is_explanation, ip) = input;
    let place = if is_explanation { Place::Explanation } else { Place::DomainSpec };
    let ip = if ip >> 32 == 0 { (ip as u32).to_be_bytes().into() } else { ip.to_be_bytes().into() };
    let values = Values { sender, domain, ..Values::new(ip) };
    let pieces: Result<Vec<_>, _> = Pieces::new(text, place).collect();
    let expanded = expand(text, place, &values);
    let Ok(pieces) = pieces else {
        let error = expanded.expect_err("a broken macro string");
        assert!(error.at <= text.len());
        return;
    };
    let Ok(expanded) = expanded else { return };
    assert!(expanded.len() <= MAX_EXPANSION);
    match pieces.as_slice() {
        [] => assert_eq!(expanded, ""),
        [Piece::Literal(literal)] => assert_eq!(&expanded, literal),
        [Piece::Macro(one)] => {
            if one.escaped {
                let is_safe = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~%".contains(&octet);
                assert!(expanded.bytes().all(is_safe), "{expanded:?}");
            }
            if let Some(keep) = one.keep {
                assert!(one.escaped || !one.delimiters.is_empty() || expanded.split('.').count() <= keep);
            }
        }
        _ => {}
    }
});
