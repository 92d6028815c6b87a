//! How much memory a message takes: its header, and the states of the hashes.
#![allow(clippy::arithmetic_side_effects)]

use auth_results::{Envelope, Inbound, Policy, Zone};
use testkit::heap::{Counting, measure};

#[global_allocator]
static HEAP: Counting = Counting;

#[test]
fn a_body_of_100_mib_streams_through_in_less_than_1_mib() {
    let signed = include_bytes!("../examples/data/signed.eml");
    let zone = Zone::parse(include_str!("../examples/data/example.zone")).unwrap();
    let envelope =
        Envelope::new([192, 0, 2, 25].into(), "mail.football.example.com", "joe@football.example.com");
    let piece = b"All work and no play  makes Jack a dull boy. \r\n".repeat(1400);

    let ((header, report), usage) = measure(|| {
        let mut inbound = Inbound::new(envelope, &Policy::default(), 1_795_400_000);
        inbound.write(signed).unwrap();
        let mut length = signed.len();
        while length < 100 << 20 {
            inbound.write(&piece).unwrap();
            length += piece.len();
        }
        (inbound.header().as_bytes().len(), inbound.finish().run(&zone))
    });

    assert_eq!(report.dkim[0].verdict, dkim::Verdict::Fail, "the body is another");
    println!("{} octets at the most, {header} of them the header's", usage.most);
    assert!(usage.most < header + (1 << 20), "{usage:?}");
    assert!(usage.most > header, "nothing was counted");
}
