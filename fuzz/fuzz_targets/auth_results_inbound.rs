//! A message gives the same report whatever the pieces, and never passes DMARC by a domain that did not pass.
#![no_main]

use auth_results::{Envelope, Inbound, Policy, Zone};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static ZONE: LazyLock<Zone> = LazyLock::new(|| {
    Zone::parse(include_str!("../../auth-results/examples/data/example.zone")).expect("the example's zone")
});

fn report(pieces: &[&[u8]]) -> String {
    let envelope =
        Envelope::new([192, 0, 2, 25].into(), "mail.football.example.com", "joe@football.example.com");
    let mut inbound = Inbound::new(envelope, &Policy::default(), 1_795_400_000);
    for piece in pieces {
        if inbound.write(piece).is_err() {
            return String::new();
        }
    }
    let report = inbound.finish().run(&*ZONE);
    if report.dmarc.verdict == dmarc::Verdict::Pass {
        assert!(
            report
                .dmarc
                .author
                .as_ref()
                .is_some_and(|author| author.as_str().ends_with("football.example.com"))
        );
    }
    format!("{report}\n{}\n{:?}{:?}", report.field("mx.example.net"), report.dkim, report.replay_hints)
}

fuzz_target!(|input: (&[u8], Vec<u16>)| {
    let (message, cuts) = input;
    let whole = report(&[message]);
    let mut pieces = Vec::new();
    let mut rest = message;
    for cut in cuts {
        let (piece, after) = rest.split_at(usize::from(cut).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    assert_eq!(report(&pieces), whole);
});
