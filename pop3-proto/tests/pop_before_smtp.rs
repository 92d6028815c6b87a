//! POP before SMTP in memory: a POP3 session and an SMTP session share the table of those who have just read mail.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use pop3_proto::{Maildrop, server as pop3};
use smtp_proto::{
    Name,
    relay::{Decision, Peer, PopBeforeSmtp, REFUSAL, RelayPolicy, decide},
    server as smtp,
};
use std::net::IpAddr;

const SECONDS: u64 = 600;

/// A POP3 session from this address: alice may log in.
fn read_mail(address: IpAddr, password: &str, table: &mut PopBeforeSmtp, now: u64) -> String {
    let mut server = pop3_proto::Server::new(pop3::Config::new(pop3::Profile::Pop3s), now);
    let mut out = Vec::new();
    server.accept(&mut out).unwrap();
    let input = format!("USER alice\r\nPASS {password}\r\nQUIT\r\n");
    let mut input = input.as_bytes();
    while let pop3::Advance::Event { used, event } = server.advance(input, now, &mut out) {
        match event {
            pop3::Event::Pass { user, password } if user == "alice" && password.expose() == b"secret" => {
                table.login(address, now);
                server.open(Maildrop::new(), &mut out).unwrap();
            }
            pop3::Event::Pass { .. } => server.refuse(&mut out).unwrap(),
            pop3::Event::Commit { .. } => server.accept(&mut out).unwrap(),
            _ => {}
        }
        input = &input[used..];
    }
    String::from_utf8(out).unwrap()
}

/// What an SMTP session from this address hears to RCPT.
fn rcpt(address: IpAddr, recipient: &str, table: &PopBeforeSmtp, now: u64) -> String {
    let domain = Name::parse("example.com").unwrap();
    let policy = RelayPolicy::new([domain.clone()]);
    let mut server = smtp_proto::Server::new(smtp::Config::new(smtp::Profile::Relay, domain), now);
    let mut out = Vec::new();
    server.accept(&mut out).unwrap();
    let input = format!("EHLO client.example\r\nMAIL FROM:<alice@example.com>\r\nRCPT TO:<{recipient}>\r\n");
    let mut input = input.as_bytes();
    loop {
        match server.advance(input, now, &mut out) {
            smtp::Advance::Event { used, event } => {
                if let smtp::Event::Rcpt(rcpt) = event
                    && decide(&policy, &Peer::new(address), rcpt.path(), table, now) == Decision::Refuse
                {
                    server.reply(&REFUSAL, &mut out).unwrap();
                }
                input = &input[used..];
            }
            smtp::Advance::NeedReply => server.accept(&mut out).unwrap(),
            _ => return String::from_utf8(out).unwrap().lines().last().unwrap()[..3].to_owned(),
        }
    }
}

#[test]
fn who_has_just_read_mail_may_send_mail_from_the_same_address() {
    let here = IpAddr::from([192, 0, 2, 1]);
    let elsewhere = IpAddr::from([192, 0, 2, 2]);
    let mut table = PopBeforeSmtp::new(100, SECONDS);

    assert!(read_mail(here, "wrong", &mut table, 1000).contains("\r\n-ERR [AUTH] Login failed\r\n"));
    assert_eq!(rcpt(here, "bob@elsewhere.example", &table, 1000), "550", "a login that fails is none");
    assert_eq!(
        rcpt(here, "bob@example.com", &table, 1000),
        "250",
        "mail for the domain is taken from anybody"
    );

    assert!(read_mail(here, "secret", &mut table, 1000).contains("\r\n+OK 0 messages"));
    assert_eq!(rcpt(here, "bob@elsewhere.example", &table, 1001), "250");
    assert_eq!(rcpt(elsewhere, "bob@elsewhere.example", &table, 1001), "550", "another address");
    assert_eq!(rcpt(here, "bob@elsewhere.example", &table, 1001 + SECONDS), "550", "its time is up");
}
