//! The messages that ship with the repository, authenticated through a real name server: the reports must be those
//! of a run on the [`Zone`].
#![allow(clippy::unwrap_used)]

mod nsd;

use auth_results::{Envelope, Evidence, Inbound, Policy, Report, Zone};
use mailproto_hickory::Resolver;
use nsd::NameServer;

const ZONE: &str = include_str!("../../auth-results/examples/data/example.zone");
const MESSAGES: [&[u8]; 3] = [
    include_bytes!("../../auth-results/examples/data/signed.eml"),
    include_bytes!("../../auth-results/examples/data/changed-body.eml"),
    include_bytes!("../../auth-results/examples/data/forged-from.eml"),
];
const NOW: u64 = 1_795_400_000;

fn evidence(message: &[u8]) -> Evidence<'static> {
    let envelope =
        Envelope::new([192, 0, 2, 25].into(), "mail.football.example.com", "joe@football.example.com");
    let mut policy = Policy::default();
    policy.trace = true;
    let mut inbound = Inbound::new(envelope, &policy, NOW);
    inbound.write(message).unwrap();
    inbound.finish()
}

/// All of a report but the order in which questions were answered, in octets.
fn text(report: &Report) -> String {
    format!(
        "{report}\n{}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        report.field("mx.example.net"),
        report.mail_from,
        report.helo,
        report.dkim,
        report.dmarc,
        report.iprev,
        report.replay_hints
    )
}

#[test]
#[ignore = "needs nsd (Debian package nsd)"]
fn reports_are_equal_to_those_of_the_zone() {
    let zone = Zone::parse(ZONE).unwrap();
    let server = NameServer::start(&zone);
    let resolver = || Resolver::from_servers(&[server.address]).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for message in MESSAGES {
        let expected = evidence(message).run(&zone);
        assert!(expected.transcript.len() >= 7);

        let blocking = evidence(message).run(&resolver().blocking().unwrap());
        assert_eq!(text(&blocking), text(&expected));
        assert_eq!(blocking.transcript, expected.transcript, "the same answers in the same order");

        let awaited = runtime.block_on(evidence(message).run_async(&resolver()));
        assert_eq!(text(&awaited), text(&expected));
    }
}
