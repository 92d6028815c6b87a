//! Records: what is read prints back, its terms cover it, and each of them reads alone; a shortest form is stable.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spf::Record;

fuzz_target!(|octets: &[u8]| {
    let record = match Record::parse(octets) {
        Ok(record) => record,
        Err(error) => {
            assert!(error.at <= octets.len());
            return;
        }
    };
    assert_eq!(record.to_string().as_bytes(), octets);
    assert_eq!(Record::parse(record.to_string()), Ok(record.clone()));
    let mut shortest = String::from("v=spf1");
    let mut end = 6;
    for term in record.terms() {
        assert!(term.at > end - 1 && octets[end..term.at].iter().all(|&octet| octet == b' '));
        assert_eq!(&octets[term.at..term.end()], term.text.as_bytes());
        end = term.end();
        let alone = Record::parse(format!("v=spf1 {}", term.text)).expect("a term of a record");
        assert_eq!(alone.terms().next().map(|alone| alone.kind), Some(term.kind));
        shortest.push_str(&format!(" {term}"));
    }
    assert!(octets[end..].iter().all(|&octet| octet == b' '));
    let shortest = Record::parse(&shortest).expect("the shortest form of a record");
    assert!(shortest.terms().map(|term| term.kind).eq(record.terms().map(|term| term.kind)));
    for warning in record.lint() {
        assert!(warning.at < octets.len());
    }
});
