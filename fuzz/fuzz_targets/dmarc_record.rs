//! A record that is printed and read again says the same and prints the same; the fast reader and the slow one see the
//! same tags; advice never fails.
#![no_main]

use dmarc::{
    Record,
    lint::{About, lint},
    tag::Tag,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(record) = Record::parse(text) else { return };
    let printed = record.to_string();
    let again = Record::parse(&printed).expect("what is printed can be read");
    assert_eq!(again.to_string(), printed);
    assert_eq!(again.policies(), record.policies(), "{printed}");
    assert_eq!(again.dkim_alignment(), record.dkim_alignment());
    assert_eq!(again.spf_alignment(), record.spf_alignment());
    assert_eq!(again.failure_options(), record.failure_options());
    assert_eq!((again.public_suffix(), again.is_test()), (record.public_suffix(), record.is_test()));
    let uris = |record: &Record| record.aggregate_reports().flatten().map(|uri| uri.to_string()).collect::<Vec<_>>();
    assert_eq!(uris(&again), uris(&record));
    assert!(again.faults().is_empty(), "{printed}: {:?}", again.faults());
    for tag in [Tag::P, Tag::Sp, Tag::Np, Tag::Rua, Tag::Ruf, Tag::Fo, Tag::T, Tag::Psd] {
        assert_eq!(record.has(tag), record.value(tag).is_some(), "{tag}");
    }
    for fault in record.faults() {
        assert!(fault.at <= text.len());
    }
    for located in lint(&record, &About::default()) {
        assert!(!located.to_string().is_empty());
    }
});
