//! How much memory a hostile report takes before it is refused, and the reports that are gathered of hostile mail.
#![cfg(feature = "report")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod common;

use common::archive::zip;
use dmarc::{
    Discovery, Name, Report, Request,
    dns::{Answer, Question, from_fn},
    evaluate,
    report::{
        Added, AggregateReport, Aggregator, AuthResult, DkimResult, Message, ReadLimits, ReportErrorKind,
        Reporter,
    },
};
use testkit::heap::{Counting, measure};

#[global_allocator]
static HEAP: Counting = Counting;

const TOO_MANY: Result<(), ReportErrorKind> = Err(ReportErrorKind::TooManyFiles { limit: 100 });

/// The octets of the end record of a ZIP file without a comment.
const END: usize = 22;

/// What reading gives, and the most octets that it took.
fn read(file: &[u8]) -> (Result<(), ReportErrorKind>, usize) {
    let (result, usage) = measure(|| AggregateReport::read(file, &ReadLimits::default()));
    println!("{} octets for a file of {}", usage.most, file.len());
    (result.map(drop).map_err(|error| error.kind), usage.most)
}

/// A ZIP file of so many empty files.
fn many(count: usize) -> Vec<u8> {
    let names: Vec<String> = (0..count).map(|nth| format!("{nth}.xml")).collect();
    zip(&names.iter().map(|name| (name.as_str(), b"".as_slice())).collect::<Vec<_>>())
}

/// The same with an end record of ZIP64 before the other, which counts so many files.
fn with_zip64_end(file: &[u8], count: u64) -> Vec<u8> {
    let (files, end) = file.split_at(file.len() - END);
    let wide = |octets: &[u8]| u64::from(u32::from_le_bytes(octets.try_into().unwrap())).to_le_bytes();
    let (size, start) = (wide(&end[12..16]), wide(&end[16..20]));
    let (count, at) = (count.to_le_bytes(), u64::try_from(files.len()).unwrap().to_le_bytes());
    let record = [
        &b"PK\x06\x06"[..],
        &44_u64.to_le_bytes(),
        // version made by and needed, disks
        &[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &count,
        &count,
        &size,
        &start,
    ];
    let locator = [&b"PK\x06\x07\0\0\0\0"[..], &at, &1_u32.to_le_bytes()];
    // one file by the other record, and for its directory: see that of ZIP64
    let end = [&end[..8], &[1, 0, 1, 0], &[0xff; 8], &[0; 2]];
    [files, &record.concat(), &locator.concat(), &end.concat()].concat()
}

#[test]
fn a_zip_file_of_too_many_files_takes_no_memory() {
    assert_eq!(read(&many(100)).0, Err(ReportErrorKind::NotAReport));
    assert_eq!(read(&with_zip64_end(&many(100), 100)).0, Err(ReportErrorKind::NotAReport));
    for file in [many(101), many(65_535), with_zip64_end(&many(65_535), 100_000)] {
        let (result, most) = read(&file);
        assert_eq!(result, TOO_MANY);
        assert!(most < 1 << 10, "{most} octets of {}", file.len());
    }
}

#[test]
fn a_zip_file_that_leaves_the_count_to_zip64_counts_too_many() {
    let mut file = with_zip64_end(&many(1), 1);
    assert_eq!(read(&file).0, Err(ReportErrorKind::NotAReport));
    let end = file.len() - END;
    file[end + 8..end + 12].fill(0xff);
    assert_eq!(read(&file).0, TOO_MANY);
}

#[test]
fn the_count_is_not_believed_either() {
    // an end record may count files that are not there, in a directory that is not as large
    let mut file = many(1);
    file.splice(0..0, [b"PK\x03\x04".as_slice(), &[0; 70_000]].concat());
    let end = file.len() - END;
    file[end + 8..end + 12].copy_from_slice(&[0xfe, 0xff, 0xfe, 0xff]);
    file[end + 12..end + 16].copy_from_slice(&(65_534_u32 * 46).to_le_bytes());
    let (result, most) = read(&file);
    assert_eq!(result, TOO_MANY);
    assert!(most < 1 << 10, "{most} octets of {}", file.len());
}

#[test]
fn octets_that_look_like_an_end_record_count_nothing() {
    // the two counts are not the same
    let file = zip(&[("a.xml", b"PK\x05\x06 more than one text")]);
    assert_eq!(read(&file).0, Err(ReportErrorKind::NotAReport));
}

#[test]
fn a_mail_of_many_parts_or_parameters_takes_no_memory() {
    let parts = format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}", "--b\n".repeat(1 << 20));
    let parameters = format!("Content-Type: text/plain{}\r\n\r\nx", ";".repeat(1_000_000));
    for (mail, header) in [(&parts, 0), (&parameters, 1_000_000)] {
        let limits = ReadLimits::default();
        let (result, usage) = measure(|| AggregateReport::read_mail(mail.as_bytes(), &limits));
        assert_eq!(result.unwrap_err().kind, ReportErrorKind::NoReportPart);
        println!("{} octets for a mail of {}", usage.most, mail.len());
        assert!(usage.most < 3 * header + (64 << 10), "{} octets of {}", usage.most, mail.len());
    }
}

/// An evaluation for a domain of its own, by a record with so many octets of addresses.
fn judged(nth: usize, addresses: usize) -> Report {
    let record = format!("v=DMARC1; p=none; rua={}", "mailto:d@example.com,".repeat(addresses / 21 + 1));
    let answer = from_fn(move |_: &Question| Answer::txt([record.as_str()]));
    let author = Name::parse(&format!("a-domain-with-a-name-that-is-long-{nth}.example")).unwrap();
    evaluate(Request::new(author), Discovery::TreeWalk).run(&answer)
}

fn message(nth: usize) -> Message {
    let ip = std::net::Ipv4Addr::from_bits(u32::try_from(nth).unwrap());
    Message::from_ip(ip.into()).with_envelope("bounces.example.com", "example.net")
}

/// Adds such messages until there is no room, and takes the reports out again.
fn fill_and_drain(kind: &str, mail: impl Fn(usize) -> (Report, Message)) {
    const LIMIT: usize = 8 << 20;
    let reporter = Reporter::new("Example Mail", "dmarc@example.net", Name::parse("example.net").unwrap());
    let ((mut aggregator, count), filled) = measure(|| {
        let mut aggregator = Aggregator::new(reporter).with_max_octets_in_all(LIMIT);
        let add = |nth: &usize| {
            let (report, message) = mail(*nth);
            aggregator.add(0, &report, message) == Added::Counted
        };
        let count = (0..1_000_000).take_while(add).count();
        (aggregator, count)
    });
    println!("{kind}: {count} rows, {} octets", filled.most);
    // besides what is kept there is the message that is added
    assert!(filled.most < LIMIT + (512 << 10), "{kind}: {} octets", filled.most);
    assert!(filled.most > LIMIT / 3, "{kind}: {} octets are too few for the limit", filled.most);
    // what is taken out is the caller's; here, one report after the other
    let (due, drained) = measure(|| core::iter::from_fn(|| aggregator.next_due(86_400)).count());
    assert!(due > 0 && drained.most < LIMIT, "{kind}: {} octets", drained.most);
}

#[test]
fn what_is_gathered_of_hostile_mail_is_bounded() {
    fill_and_drain("domains", |nth| (judged(nth, 0), message(0)));
    fill_and_drain("long records", |nth| (judged(nth, 65_000), message(0)));
    let report = judged(0, 0);
    fill_and_drain("rows of one domain", |nth| (report.clone(), message(nth)));
    fill_and_drain("rows backwards", |nth| (report.clone(), message(1_000_000 - nth)));
    let result = DkimResult {
        domain: "signed.by.a.domain.example.com".into(),
        selector: Some("x".repeat(63)),
        result: AuthResult::Fail,
        human_result: Some("there is no such key".into()),
    };
    let signed = |nth| (0..200).fold(message(nth), |message, _| message.with_dkim(result.clone()));
    fill_and_drain("signatures", |nth| (report.clone(), signed(nth)));
}

#[test]
fn the_largest_zip_file_that_is_read_takes_little() {
    let (result, most) = read(&many(100));
    assert_eq!(result, Err(ReportErrorKind::NotAReport));
    assert!(most < 256 << 10, "{most}");
}
