//! Whatever is read as a report is written so that it is read the same, and shown, within its limits; so are failure
//! reports.
#![no_main]

use dmarc::{
    Name,
    report::{AggregateReport, FailureReport, Mail, ReadLimits, Summary},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let limits = ReadLimits::default().with_octets(1 << 20).with_rows(1_000).with_defects(50);
    let submitter = Name::parse("mx.example").expect("a name");
    let mail = Mail::new("a@mx.example", "b@example.com", submitter.clone(), 0);
    if let Ok(failure) = FailureReport::read_mail(file, &limits) {
        let again = FailureReport::read_mail(&failure.to_mail(&mail), &limits).expect("what is written can be read");
        assert_eq!(again.identity_alignment, failure.identity_alignment);
        assert_eq!((again.source_ip, again.incidents), (failure.source_ip, failure.incidents));
    }
    let read = AggregateReport::read(file, &limits).or_else(|_| AggregateReport::read_mail(file, &limits));
    let Ok(report) = read else { return };
    assert!(report.rows.len() <= 1_000);
    assert!(report.defects.len() <= 50 + 20, "those of the end are few");
    let _ = Summary::new(&report).to_string();
    assert!(report.file_name(&submitter).is_ascii());
    let roomy = ReadLimits::default();
    let once = AggregateReport::read(report.to_xml().as_bytes(), &roomy).expect("what is written can be read");
    let twice = AggregateReport::read(once.to_xml().as_bytes(), &roomy).expect("what is written can be read");
    assert_eq!(once, twice);
    assert_eq!(once.rows.len(), report.rows.len());
    for (one, other) in once.rows.iter().zip(&report.rows) {
        assert_eq!((one.count, one.source_ip, one.disposition), (other.count, other.source_ip, other.disposition));
    }
    if once.to_xml().len() < 10_000 {
        let carried = AggregateReport::read_mail(once.to_mail(&mail).as_bytes(), &roomy).expect("the mail carries it");
        assert_eq!(carried, once);
    }
});
