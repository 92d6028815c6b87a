//! What is done with a message, and the signs of replay.

use auth_results::{Action, Envelope, Handling, Inbound, Policy, Report, Zone};

const FORGED: &[u8] = include_bytes!("../examples/data/forged-from.eml");
const SIGNED: &[u8] = include_bytes!("../examples/data/signed.eml");
const SIGNED_AT: u64 = 1_528_637_909;

fn run_from(ip: &str, message: &[u8], now: u64, recipients: &[&str]) -> Report {
    let zone = Zone::parse(include_str!("../examples/data/example.zone")).unwrap();
    let mut envelope =
        Envelope::new(ip.parse().unwrap(), "mail.football.example.com", "joe@football.example.com");
    envelope.rcpt_to = recipients.iter().map(|&recipient| recipient.to_owned()).collect();
    let mut inbound = Inbound::new(envelope, &Policy::default(), now);
    inbound.write(message).unwrap();
    inbound.finish().run(&zone)
}

fn run(message: &[u8]) -> Report {
    run_from("192.0.2.25", message, 1_795_400_000, &[])
}

fn reject() -> Handling {
    let mut handling = Handling::default();
    handling.dmarc_reject = Action::Reject;
    handling
}

#[test]
fn what_passes_is_accepted() {
    let disposition = run(SIGNED).disposition(&Handling::default());
    assert_eq!((disposition.action, disposition.reason), (Action::Accept, None));
}

#[test]
fn a_policy_of_reject_is_quarantine_unless_the_receiver_says_otherwise() {
    let report = run(FORGED);
    let disposition = report.disposition(&Handling::default());
    assert_eq!(disposition.action, Action::Quarantine);
    assert!(disposition.reply.is_empty());

    let disposition = report.disposition(&reject());
    assert_eq!(disposition.action, Action::Reject);
    assert_eq!(
        disposition.reply,
        ["550 5.7.1 DMARC fail for bank.example: no domain that passed is aligned with the author's"]
    );
}

#[test]
fn spf_is_held_against_a_message_only_where_dmarc_does_not_pass() {
    let mut handling = Handling::default();
    handling.spf_fail = Action::Reject;
    let passed_by_dkim = run_from("203.0.113.1", SIGNED, 1_795_400_000, &[]);
    assert_eq!(passed_by_dkim.mail_from.verdict, spf::Verdict::Fail);
    assert_eq!(passed_by_dkim.disposition(&handling).action, Action::Accept);

    let unsigned = run_from("203.0.113.1", b"From: a@none.example\r\n\r\n", 0, &[]);
    let disposition = unsigned.disposition(&handling);
    assert_eq!(disposition.action, Action::Reject);
    assert_eq!(disposition.reply, ["550 5.7.23 SPF MAIL FROM check failed"]);
}

#[test]
fn every_finding_can_be_given_an_action() {
    let mut handling = Handling::default();
    handling.iprev_fail = Action::Defer;
    let disposition = run_from("203.0.113.1", SIGNED, 1_795_400_000, &[]).disposition(&handling);
    assert_eq!(
        disposition.reply,
        ["451 4.7.25 reverse DNS permerror for 203.0.113.1: the address has no name"]
    );

    let mut handling = Handling::default();
    handling.no_author = Action::Reject;
    let disposition = run(b"Subject: x\r\n\r\n").disposition(&handling);
    assert_eq!(
        disposition.reply,
        [
            "550 5.7.1 DMARC permerror for no author: the author cannot be told: there is no From field (at octet 0)"
        ]
    );

    let mut handling = Handling::default();
    handling.dmarc_temporary = Action::Defer;
    let mut inbound = Inbound::new(
        Envelope::new([192, 0, 2, 25].into(), "mail.football.example.com", "joe@football.example.com"),
        &Policy::default(),
        0,
    );
    inbound.write(SIGNED).unwrap();
    let disposition = inbound.finish().finish().disposition(&handling);
    assert_eq!(disposition.action, Action::Defer);
    assert!(disposition.reply[0].starts_with("451 4.7.1 DMARC temperror for football.example.com: "));
}

#[test]
fn signs_of_replay_are_facts_of_each_signature() {
    let to = ["suzie@shopping.example.net"];
    let fresh = run_from("192.0.2.25", SIGNED, SIGNED_AT + 60, &to);
    let hints = &fresh.replay_hints[0];
    // h= has From, Subject and Date once more than the message, To and Message-ID as often
    assert_eq!((hints.index, hints.unsigned.as_slice()), (0, &[][..]));
    assert_eq!(hints.open_to_additions, ["To", "Cc", "Reply-To"]);
    assert!(!hints.is_old && !hints.recipient_not_signed);

    let later = run_from("192.0.2.25", SIGNED, SIGNED_AT + 86_401, &["SUZIE@shopping.example.net"]);
    assert!(later.replay_hints[0].is_old && !later.replay_hints[0].recipient_not_signed);

    let elsewhere = run_from("192.0.2.25", SIGNED, SIGNED_AT, &[to[0], "victim@example.org"]);
    assert!(elsewhere.replay_hints[0].recipient_not_signed);

    let added = [b"Reply-To: evil@example.org\r\n", SIGNED].concat();
    assert_eq!(run(&added).replay_hints[0].unsigned, ["Reply-To"]);
}
