//! `Received-SPF` fields of others: what is read has no line ends, and a place of an error is in the field.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spf::received::{MAX_PAIRS, ReceivedSpf};

fuzz_target!(|octets: &[u8]| {
    match ReceivedSpf::parse(octets) {
        Ok(field) => {
            assert!(field.pairs.len() <= MAX_PAIRS);
            let texts = field.pairs.iter().flat_map(|(key, value)| [key, value]).chain(&field.comment);
            for text in texts {
                assert!(!text.contains(['\r', '\n']));
            }
            for (key, _) in &field.pairs {
                assert!(field.value(&key.to_uppercase()).is_some());
            }
        }
        Err(error) => assert!(error.at <= octets.len()),
    }
});
