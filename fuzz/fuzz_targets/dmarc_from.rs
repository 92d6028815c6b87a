//! An author's domain that is found stands in the field, behind an `@`, and is found again from an address of it.
#![no_main]

use dmarc::Authors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    let authors = match Authors::from_value(value, None) {
        Ok(authors) => authors,
        Err(error) => {
            assert!(error.at <= value.len());
            return;
        }
    };
    assert!(!value.contains(&0));
    // nothing but the letters of the domain, in order, is made up: comments, folds and spaces may stand between
    let text: String = String::from_utf8_lossy(value).to_ascii_lowercase();
    assert!(text.contains('@'));
    for domain in authors.domains() {
        assert!(!domain.is_root());
        for label in domain.labels() {
            assert!(text.contains(label), "{domain}");
        }
        let plain = format!("x@{domain}");
        let again = Authors::from_value(plain.as_bytes(), None).expect("a domain is a domain");
        assert_eq!(again.domains(), [domain.clone()]);
    }
    let mut distinct = authors.domains().to_vec();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), authors.domains().len());
});
