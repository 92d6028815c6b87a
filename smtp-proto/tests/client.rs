//! The client machine, and transactions.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod common;

use common::{Session, config, host};
use smtp_proto::{
    Client, Command, Envelope, LineEndings, Mail, Misuse, Path, Rcpt, ReplyErrorKind, Rules, Transaction,
    UpgradeError,
    client::{Advance, ClientConfig, TlsPolicy, Violation, auth_command},
    server::Profile,
    transaction::{self, Failure},
};

/// A client, what it has sent, and what has happened.
struct Talk {
    client: Client,
    out: Vec<u8>,
    input: Vec<u8>,
    events: Vec<String>,
}

fn talk(tls: TlsPolicy) -> Talk {
    let config = ClientConfig::new(host("client.example").into_owned()).with_tls(tls);
    with(config)
}

fn with(config: ClientConfig) -> Talk {
    Talk { client: Client::new(config, false), out: Vec::new(), input: Vec::new(), events: Vec::new() }
}

impl Talk {
    /// The server says this; gives what the client answers.
    fn hear(&mut self, text: &str) -> Result<String, Violation> {
        self.input.extend_from_slice(text.as_bytes());
        loop {
            let input = std::mem::take(&mut self.input);
            let used = match self.client.advance(&input, 0, &mut self.out)? {
                Advance::Event { used, event } => {
                    self.events.push(format!("{event:?}"));
                    used
                }
                _ => 0,
            };
            self.input = input[used..].to_vec();
            if used == 0 {
                return Ok(String::from_utf8(std::mem::take(&mut self.out)).unwrap());
            }
        }
    }

    fn send(&mut self, line: &str) -> Result<(), Misuse> {
        let command = Command::parse(line.as_bytes(), &Rules::STRICT).unwrap();
        self.client.send(&command, &mut self.out)
    }

    fn next(&mut self) -> Advance<'static> {
        self.client.advance(b"", 0, &mut self.out).unwrap()
    }
}

/// Ready, with this offered.
fn ready(offer: &str) -> Talk {
    let mut talk = talk(TlsPolicy::None);
    assert_eq!(talk.hear("220 mx\r\n").unwrap(), "EHLO client.example\r\n");
    let lines: String = offer.split(' ').map(|line| format!("250-{}\r\n", line.replace('_', " "))).collect();
    talk.hear(&format!("250-mx\r\n{lines}250 X-END\r\n")).unwrap();
    assert_eq!(talk.next(), Advance::NeedCommand);
    talk.events.clear();
    talk
}

#[test]
fn a_server_without_ehlo_is_asked_with_helo() {
    let mut talk = talk(TlsPolicy::Opportunistic);
    talk.hear("220 mx\r\n").unwrap();
    assert_eq!(talk.hear("502 what?\r\n").unwrap(), "HELO client.example\r\n");
    talk.hear("250 mx\r\n").unwrap();
    assert_eq!(talk.events.last().unwrap(), "Ready(Reply(250 mx))");
    assert_eq!(talk.send("MAIL FROM:<a@b> SIZE=1"), Err(Misuse::NotOffered("SIZE")));
    assert_eq!(talk.send("MAIL FROM:<a@b>"), Ok(()));
    assert_eq!(talk.send("RCPT TO:<c@d>"), Err(Misuse::NotNow), "no pipelining");
}

/// RFC 3461 §10.4
#[test]
fn a_client_may_reset_before_helo() {
    let config =
        ClientConfig::new(host("c").into_owned()).with_tls(TlsPolicy::None).with_reset_before_helo(true);
    for reply in ["250 reset\r\n", "500 what?\r\n"] {
        let mut talk = with(config.clone());
        talk.hear("220 mx\r\n").unwrap();
        assert_eq!(talk.hear("502 no\r\n").unwrap(), "RSET\r\n");
        assert_eq!(talk.hear(reply).unwrap(), "HELO c\r\n");
        talk.hear("250 mx\r\n").unwrap();
        assert_eq!(talk.next(), Advance::NeedCommand);
    }
    let mut talk = with(config);
    assert_eq!(talk.hear("220 mx\r\n250 mx\r\n").unwrap(), "EHLO c\r\n", "EHLO was understood");
}

#[test]
fn servers_that_do_not_want_to_talk_are_left() {
    let mut talk = talk(TlsPolicy::None);
    assert_eq!(talk.hear("554 go away\r\n").unwrap(), "QUIT\r\n");
    assert_eq!(talk.next(), Advance::Close);
    let mut talk = self::talk(TlsPolicy::None);
    talk.hear("220 mx\r\n").unwrap();
    assert_eq!(talk.hear("421 later\r\n").unwrap(), "");
    assert_eq!(talk.next(), Advance::Close);
    assert_eq!(talk.events.last().unwrap(), "Closing(Reply(421 later))");
    let mut talk = self::talk(TlsPolicy::None);
    talk.hear("220 mx\r\n").unwrap();
    assert_eq!(talk.hear("450 later\r\n"), Err(Violation::HelloRefused(450)));
}

#[test]
fn a_stripped_starttls_is_an_error_before_anything_is_sent() {
    let mut required = talk(TlsPolicy::Required);
    required.hear("220 mx\r\n").unwrap();
    assert_eq!(required.hear("250-mx\r\n250 XXXXXXXX\r\n"), Err(Violation::NoTls));
    assert!(required.out.is_empty());
    assert_eq!(required.send("MAIL FROM:<a@b>"), Err(Misuse::NotNow));
    let mut refused = talk(TlsPolicy::Required);
    refused.hear("220 mx\r\n").unwrap();
    assert_eq!(refused.hear("250-mx\r\n250 STARTTLS\r\n").unwrap(), "STARTTLS\r\n");
    assert_eq!(refused.hear("454 not now\r\n"), Err(Violation::TlsRefused(454)));
    let mut opportunistic = talk(TlsPolicy::Opportunistic);
    opportunistic.hear("220 mx\r\n250-mx\r\n250 STARTTLS\r\n454 not now\r\n").unwrap();
    assert_eq!(opportunistic.next(), Advance::NeedCommand);
}

#[test]
fn starttls_forgets_what_was_said_and_greets_again() {
    let mut talk = talk(TlsPolicy::Required);
    talk.hear("220 mx\r\n250-mx\r\n250-STARTTLS\r\n250 X-CLEAR\r\n").unwrap();
    talk.hear("220 go\r\n").unwrap();
    assert_eq!(talk.next(), Advance::StartTls);
    let injected = talk.client.clone().upgrade(b"250 injected\r\n").unwrap_err();
    assert_eq!(injected, UpgradeError::Injected { octets: 14 });
    talk.client = talk.client.upgrade(b"").unwrap();
    assert!(talk.client.is_tls() && !talk.client.capabilities().has("X-CLEAR"));
    assert_eq!(talk.hear("").unwrap(), "EHLO client.example\r\n");
    talk.hear("250-mx\r\n250 SIZE\r\n").unwrap();
    assert_eq!(talk.next(), Advance::NeedCommand);
    assert_eq!(talk.client.upgrade(b"").unwrap_err(), UpgradeError::NotAgreed);
}

#[test]
fn groups_end_where_the_session_may_change() {
    let mut talk = ready("PIPELINING");
    for line in ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RCPT TO:<e@f>", "DATA"] {
        talk.send(line).unwrap();
    }
    assert_eq!(talk.send("NOOP"), Err(Misuse::NotNow), "DATA ends a group");
    assert_eq!(talk.next(), Advance::NeedInput);
    talk.hear("250 a\r\n250 b\r\n550 c\r\n354 d\r\n").unwrap();
    let to: Vec<_> = talk.events.iter().map(|event| event.split(',').next().unwrap().to_string()).collect();
    assert_eq!(to, ["Reply { to: Mail", "Reply { to: Rcpt", "Reply { to: Rcpt", "Reply { to: Data"]);
    assert_eq!((talk.client.accepted(), talk.next()), (1, Advance::NeedCommand));
    talk.client.body(b"a\r\n.", &mut talk.out).unwrap();
    talk.client.end_body(&mut talk.out).unwrap();
    assert_eq!(talk.send("MAIL FROM:<a@b>"), Err(Misuse::NotNow), "the reply to the body is owed");
    talk.send("RSET").unwrap();
    assert_eq!(talk.hear("").unwrap(), "a\r\n..\r\n.\r\nRSET\r\n");
    assert_eq!(talk.client.deadline(), Some(600));
    assert_eq!(talk.hear("250 e\r\n").unwrap(), "");
    talk.send("MAIL FROM:<a@b>").unwrap();
    talk.hear("250 f\r\n250 g\r\n").unwrap();
    assert_eq!(talk.send("MAIL FROM:<a@b>"), Err(Misuse::NotNow), "there is a message already");
}

fn lmtp(offer: &str) -> Talk {
    let config = ClientConfig::new(host("c").into_owned()).with_tls(TlsPolicy::None).with_lmtp(true);
    let mut talk = with(config);
    let lines: String = offer.split(' ').map(|line| format!("250-{line}\r\n")).collect();
    talk.hear(&format!("220 mx\r\n250-mx\r\n{lines}250 X-END\r\n")).unwrap();
    talk.out.clear();
    talk.events.clear();
    talk
}

/// With LMTP only the replies to RCPT tell how many replies the body has.
#[test]
fn the_next_message_waits_for_the_replies_of_the_last() {
    let mut talk = lmtp("PIPELINING");
    for line in ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RCPT TO:<e@f>", "DATA"] {
        talk.send(line).unwrap();
    }
    talk.hear("250 a\r\n250 b\r\n250 c\r\n354 d\r\n").unwrap();
    talk.client.end_body(&mut talk.out).unwrap();
    for reply in ["250 e\r\n", "250 f\r\n"] {
        let mail = Command::parse(b"MAIL FROM:<a@b>", &Rules::STRICT).unwrap();
        assert!(!talk.client.can_send(&mail));
        assert_eq!(talk.send("MAIL FROM:<a@b>"), Err(Misuse::NotNow), "before {reply}");
        talk.hear(reply).unwrap();
        assert!(talk.events.last().unwrap().contains("to: Body"));
    }
    for line in ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RSET"] {
        talk.send(line).unwrap();
    }
    assert_eq!(talk.send("MAIL FROM:<a@b>"), Err(Misuse::NotNow));
    talk.hear("250 g\r\n250 h\r\n").unwrap();
    // nothing in the reply to RSET changes the next message
    for line in ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"] {
        talk.send(line).unwrap();
    }
    talk.hear("250 i\r\n250 j\r\n250 k\r\n354 l\r\n").unwrap();
    assert_eq!(talk.client.accepted(), 1);
    talk.client.end_body(&mut talk.out).unwrap();
    talk.hear("250 m\r\n").unwrap();
    assert_eq!(talk.next(), Advance::NeedCommand);
}

#[test]
fn nothing_but_the_rest_of_the_body_follows_a_chunk() {
    let mut talk = ready("PIPELINING CHUNKING");
    talk.send("MAIL FROM:<a@b>").unwrap();
    talk.send("RCPT TO:<c@d>").unwrap();
    talk.client.chunk(b"x\r\n", false, &mut talk.out).unwrap();
    assert_eq!(talk.send("RCPT TO:<e@f>"), Err(Misuse::NotNow));
    talk.client.chunk(b"x\r\n", true, &mut talk.out).unwrap();
    assert_eq!(talk.send("RCPT TO:<e@f>"), Err(Misuse::NotNow));
    assert_eq!(talk.send("MAIL FROM:<a@b>"), Err(Misuse::NotNow));
    assert_eq!(talk.client.chunk(b"x\r\n", true, &mut talk.out), Err(Misuse::NotNow));
    talk.hear("250 a\r\n250 b\r\n250 c\r\n250 d\r\n").unwrap();
    assert!(!talk.client.is_in_transaction());
    talk.send("MAIL FROM:<a@b>").unwrap();
    talk.send("RCPT TO:<c@d>").unwrap();
}

#[test]
fn a_reset_that_was_sent_already_ends_a_message_whose_chunk_was_refused() {
    let mut talk = ready("PIPELINING CHUNKING");
    talk.send("MAIL FROM:<a@b>").unwrap();
    talk.send("RCPT TO:<c@d>").unwrap();
    talk.client.chunk(b"x\r\n", false, &mut talk.out).unwrap();
    talk.client.chunk(b"x\r\n", true, &mut talk.out).unwrap();
    talk.send("RSET").unwrap();
    talk.hear("250 a\r\n250 b\r\n552 c\r\n503 d\r\n250 e\r\n").unwrap();
    assert!(!talk.client.is_in_transaction());
    assert_eq!(talk.send("MAIL FROM:<a@b>"), Ok(()));
}

/// RFC 4468 §3.3: BURL without LAST is a part of the message, as a chunk is.
#[test]
fn burl_ends_the_message_only_with_last() {
    let mut talk = lmtp("PIPELINING CHUNKING BURL");
    assert_eq!(talk.send("BURL imap://x"), Err(Misuse::NotNow), "there is no message");
    for line in ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RCPT TO:<e@f>", "BURL imap://x"] {
        talk.send(line).unwrap();
    }
    assert_eq!(talk.send("RCPT TO:<g@h>"), Err(Misuse::NotNow));
    talk.hear("250 a\r\n250 b\r\n250 c\r\n250 d\r\n").unwrap();
    assert!(talk.events.last().unwrap().contains("to: Chunk"));
    assert!(talk.client.is_in_transaction());
    assert_eq!(talk.send("DATA"), Err(Misuse::NotNow));
    talk.send("BURL imap://y LAST").unwrap();
    talk.hear("250 e\r\n250 f\r\n").unwrap();
    assert!(talk.events.last().unwrap().contains("to: Body"));
    assert!(!talk.client.is_in_transaction());
}

#[test]
fn what_is_not_offered_is_not_sent() {
    let mut talk = ready("SIZE_100 LIMITS_RCPTMAX=1_MAILMAX=1 AUTH_PLAIN 8BITMIME");
    for (line, misuse) in [
        ("MAIL FROM:<a@b> SIZE=101", Misuse::TooLarge { limit: 100 }),
        ("MAIL FROM:<a@b> BODY=BINARYMIME", Misuse::NotOffered("BINARYMIME")),
        ("MAIL FROM:<ü@b> SMTPUTF8", Misuse::NotOffered("SMTPUTF8")),
        ("MAIL FROM:<ü@b>", Misuse::NotOffered("SMTPUTF8")),
        ("MAIL FROM:<a@b> RET=FULL", Misuse::NotOffered("DSN")),
        ("MAIL FROM:<a@b> BY=1;R", Misuse::NotOffered("DELIVERBY")),
        ("MAIL FROM:<a@b> MT-PRIORITY=1", Misuse::NotOffered("MT-PRIORITY")),
        ("MAIL FROM:<a@b> HOLDFOR=1", Misuse::NotOffered("FUTURERELEASE")),
        ("MAIL FROM:<a@b> REQUIRETLS", Misuse::NotOffered("REQUIRETLS")),
        ("AUTH CRAM-MD5", Misuse::NotOffered("AUTH")),
        ("ETRN a", Misuse::NotOffered("ETRN")),
        ("ATRN", Misuse::NotOffered("ATRN")),
        ("XCLIENT NAME=a", Misuse::NotOffered("XCLIENT")),
        ("XFORWARD NAME=a", Misuse::NotOffered("XFORWARD")),
        ("VRFY ü", Misuse::NotOffered("SMTPUTF8")),
        ("EXPN ü SMTPUTF8", Misuse::NotOffered("SMTPUTF8")),
        ("BDAT 1", Misuse::NotNow),
        ("EHLO a", Misuse::NotNow),
    ] {
        assert_eq!(talk.send(line), Err(misuse), "{line}");
    }
    assert!(talk.out.is_empty());
    talk.send("MAIL FROM:<a@b> SIZE=100 BODY=8BITMIME").unwrap();
    talk.hear("250 ok\r\n").unwrap();
    assert_eq!(talk.send("RCPT TO:<c@d> NOTIFY=NEVER"), Err(Misuse::NotOffered("DSN")));
    talk.send("RCPT TO:<c@d>").unwrap();
    talk.hear("250 ok\r\n").unwrap();
    assert_eq!(talk.send("RCPT TO:<c@d>"), Err(Misuse::TooMany { limit: 1 }));
    talk.send("RSET").unwrap();
    talk.hear("250 ok\r\n").unwrap();
    assert_eq!(talk.send("MAIL FROM:<a@b>"), Err(Misuse::TooMany { limit: 1 }));
}

#[test]
fn the_session_starts_again_behind_xclient() {
    let mut talk = ready("XCLIENT_NAME_ADDR SIZE_100");
    talk.send("XCLIENT ADDR=192.0.2.1").unwrap();
    assert_eq!(talk.hear("501 bad\r\n").unwrap(), "XCLIENT ADDR=192.0.2.1\r\n");
    assert!(talk.events[0].starts_with("Reply { to: Xclient"));
    assert_eq!((talk.next(), talk.client.capabilities().size()), (Advance::NeedCommand, Some(100)));
    talk.send("XCLIENT ADDR=192.0.2.1").unwrap();
    let said = talk.hear("220 mx again\r\n").unwrap();
    assert_eq!(said, "XCLIENT ADDR=192.0.2.1\r\nEHLO client.example\r\n");
    assert_eq!(talk.send("MAIL FROM:<a@b>"), Err(Misuse::NotNow));
    assert_eq!(talk.hear("250-mx\r\n250 SIZE 7\r\n").unwrap(), "");
    assert!(talk.events.last().unwrap().starts_with("Ready"));
    assert_eq!(talk.client.capabilities().size(), Some(7));
    talk.send("MAIL FROM:<a@b>").unwrap();
}

/// RFC 6531 §3.4: an address outside ASCII needs what MAIL has said, not only what the server offers.
#[test]
fn wide_recipients_need_a_wide_message() {
    let mut talk = ready("SMTPUTF8 DSN");
    for (mail, expected) in
        [("MAIL FROM:<a@b>", Err(Misuse::NotOffered("SMTPUTF8"))), ("MAIL FROM:<a@b> SMTPUTF8", Ok(()))]
    {
        talk.send(mail).unwrap();
        talk.hear("250 ok\r\n").unwrap();
        for rcpt in ["RCPT TO:<ü@d>", "RCPT TO:<c@d> ORCPT=utf-8;ü@d"] {
            assert_eq!(talk.send(rcpt), expected);
            talk.hear(if expected.is_ok() { "250 ok\r\n" } else { "" }).unwrap();
        }
        talk.send("RSET").unwrap();
        talk.hear("250 ok\r\n").unwrap();
    }
}

/// RFC 8689 §2: REQUIRETLS is an offer only under TLS.
#[test]
fn requiretls_is_said_only_under_tls() {
    let offer = "250-mx\r\n250-STARTTLS\r\n250 REQUIRETLS\r\n";
    let mut clear = talk(TlsPolicy::None);
    clear.hear(&format!("220 mx\r\n{offer}")).unwrap();
    assert_eq!(clear.send("MAIL FROM:<a@b> REQUIRETLS"), Err(Misuse::NotOffered("REQUIRETLS")));
    let mut tls = talk(TlsPolicy::Required);
    tls.hear(&format!("220 mx\r\n{offer}220 go\r\n")).unwrap();
    tls.client = tls.client.upgrade(b"").unwrap();
    tls.hear("").unwrap();
    tls.hear(offer).unwrap();
    assert_eq!(tls.send("MAIL FROM:<a@b> REQUIRETLS"), Ok(()));
}

/// RFC 9422 §4.3: the limit is one of the session.
#[test]
fn the_domains_of_the_recipients_are_counted() {
    let mut talk = ready("PIPELINING LIMITS_RCPTDOMAINMAX=2");
    talk.send("MAIL FROM:<a@b>").unwrap();
    for line in ["RCPT TO:<a@one>", "RCPT TO:<b@ONE>", "RCPT TO:<Postmaster>", "RCPT TO:<a@two>"] {
        talk.send(line).unwrap();
    }
    talk.out.clear();
    assert_eq!(talk.send("RCPT TO:<a@three>"), Err(Misuse::TooMany { limit: 2 }));
    assert!(talk.out.is_empty());
    talk.send("RCPT TO:<c@one>").unwrap();
    talk.send("RSET").unwrap();
    talk.hear(&"250 ok\r\n".repeat(7)).unwrap();
    talk.send("MAIL FROM:<a@b>").unwrap();
    assert_eq!(talk.send("RCPT TO:<a@three>"), Err(Misuse::TooMany { limit: 2 }));
    talk.send("RCPT TO:<a@two>").unwrap();
}

/// RFC 1870: what was not declared is counted while it goes out.
#[test]
fn a_body_does_not_grow_over_the_size() {
    let too_large = Err(Misuse::TooLarge { limit: 4 });
    let mut talk = ready("PIPELINING CHUNKING SIZE_4");
    for line in ["MAIL FROM:<a@b>", "RCPT TO:<c@d>"] {
        talk.send(line).unwrap();
    }
    talk.client.chunk(b"a\r\n", false, &mut talk.out).unwrap();
    talk.out.clear();
    assert_eq!(talk.client.chunk(b"\r\n", true, &mut talk.out), too_large);
    assert_eq!(talk.client.chunk(b"b", true, &mut talk.out), Err(Misuse::NotNow));
    assert!(!talk.client.can_send_chunk());
    assert!(talk.out.is_empty());
    talk.hear("250 a\r\n250 b\r\n250 c\r\n").unwrap();
    assert_eq!(talk.send("DATA"), Err(Misuse::NotNow));
    talk.send("RSET").unwrap();
    talk.hear("250 d\r\n").unwrap();
    for line in ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"] {
        talk.send(line).unwrap();
    }
    talk.hear("250 e\r\n250 f\r\n354 g\r\n").unwrap();
    talk.client.body(b".\r\n", &mut talk.out).unwrap();
    talk.client.body(b"a", &mut talk.out).unwrap();
    talk.out.clear();
    assert_eq!(talk.client.body(b"a", &mut talk.out), too_large);
    assert_eq!(talk.client.end_body(&mut talk.out), Err(Misuse::NotNow), "half a message is never ended");
    assert!(talk.out.is_empty());
}

#[test]
fn a_transaction_whose_chunks_are_too_large_is_given_up() {
    let mut talk = ready("CHUNKING PIPELINING SIZE_4");
    let envelope = envelope(&["<one@b>"]);
    let mut transaction = Transaction::new(&envelope).with_chunks(&talk.client);
    let mut step = |talk: &mut Talk, mut input: &[u8]| loop {
        match transaction.advance(&mut talk.client, input, 0, &mut talk.out).unwrap() {
            transaction::Advance::Used(used) => input = &input[used..],
            transaction::Advance::NeedBody => {
                let sent = transaction.body(&mut talk.client, b"abcde", &mut talk.out);
                assert_eq!(sent, Err(Misuse::TooLarge { limit: 4 }));
            }
            other => return other,
        }
    };
    assert_eq!(step(&mut talk, b""), transaction::Advance::NeedInput);
    talk.out.clear();
    assert_eq!(step(&mut talk, b"250 a\r\n250 b\r\n"), transaction::Advance::NeedInput);
    assert_eq!(talk.out, b"RSET\r\n");
    assert_eq!(step(&mut talk, b"250 c\r\n"), transaction::Advance::Done);
    assert!(transaction.into_outcome().recipients[0].message.is_none());
}

/// What is owed to an earlier message is not taken for the replies to this one.
#[test]
fn a_transaction_starts_only_where_nothing_is_owed() {
    let mut talk = ready("");
    talk.send("MAIL FROM:<a@b>").unwrap();
    talk.out.clear();
    let envelope = envelope(&["<one@b>"]);
    let mut transaction = Transaction::new(&envelope);
    let failure = transaction.advance(&mut talk.client, b"250 ok\r\n", 0, &mut talk.out).unwrap_err();
    assert_eq!(failure, Failure::Envelope(Misuse::NotNow));
    assert!(talk.out.is_empty() && transaction.into_outcome().mail.is_none());
}

#[test]
fn authentication_is_an_exchange_of_octets() {
    let mut talk = ready("AUTH_LOGIN_PLAIN");
    talk.client.send(&auth_command("PLAIN", Some(b"\0a\0b")).unwrap(), &mut talk.out).unwrap();
    assert_eq!(talk.hear("535 no\r\n").unwrap(), "AUTH PLAIN AGEAYg==\r\n");
    talk.client.send(&auth_command("LOGIN", None).unwrap(), &mut talk.out).unwrap();
    talk.hear("334 VXNlcg==\r\n").unwrap();
    assert_eq!(talk.next(), Advance::NeedCommand);
    talk.client.respond(b"user", &mut talk.out).unwrap();
    assert_eq!(talk.client.respond(b"user", &mut talk.out), Err(Misuse::NoQuestion));
    assert_eq!(talk.hear("334 \r\n").unwrap(), "dXNlcg==\r\n");
    talk.client.cancel(&mut talk.out).unwrap();
    assert_eq!(talk.hear("501 cancelled\r\n").unwrap(), "*\r\n");
    assert_eq!(talk.next(), Advance::NeedCommand);
    talk.client.send(&auth_command("PLAIN", Some(b"")).unwrap(), &mut talk.out).unwrap();
    talk.hear("334 ?\r\n").unwrap();
    assert_eq!(talk.events.last().unwrap(), "BrokenChallenge(Reply(334 ?))");
    talk.client.cancel(&mut talk.out).unwrap();
    assert_eq!(auth_command("A B", None), None);
}

#[test]
fn what_comes_at_the_wrong_time_changes_nothing() {
    let mut talk = talk(TlsPolicy::Required);
    assert_eq!(talk.client.body(b"x\r\n", &mut talk.out), Err(Misuse::NotNow));
    assert_eq!(talk.client.end_body(&mut talk.out), Err(Misuse::NotNow));
    assert_eq!(talk.client.chunk(b"x\r\n", true, &mut talk.out), Err(Misuse::NotOffered("CHUNKING")));
    assert_eq!(talk.client.respond(b"x", &mut talk.out), Err(Misuse::NoQuestion));
    assert_eq!(talk.client.cancel(&mut talk.out), Err(Misuse::NoQuestion));
    assert_eq!(talk.send("MAIL FROM:<a@b>"), Err(Misuse::NotNow));
    assert!(talk.out.is_empty());
    assert_eq!(talk.hear("220 mx\r\n").unwrap(), "EHLO client.example\r\n");
}

#[test]
fn servers_that_break_the_protocol_are_left() {
    let violation = |text: &str| {
        let mut talk = ready("PIPELINING");
        talk.send("MAIL FROM:<a@b>").unwrap();
        talk.hear(text).unwrap_err()
    };
    assert_eq!(violation("354 go\r\n"), Violation::Code(354));
    assert_eq!(violation("250 ok\r\n250 ok\r\n"), Violation::Unasked(250));
    let reply = |text| match violation(text) {
        Violation::Reply(error) => error.kind,
        other => panic!("{other:?}"),
    };
    assert_eq!(reply("250-a\r\n251 b\r\n"), ReplyErrorKind::MixedCodes);
    assert_eq!(reply("250 a\nb\r\n"), ReplyErrorKind::LineEnd);
    assert_eq!(reply(&"2".repeat(3000)), ReplyErrorKind::TooLong);
}

#[test]
fn bodies_with_bare_line_ends_are_refused_or_made_good() {
    let begin = |endings| {
        let config = ClientConfig::new(host("c").into_owned()).with_tls(TlsPolicy::None);
        let mut talk = with(config.with_body_line_endings(endings));
        talk.hear("220 mx\r\n250-mx\r\n250 CHUNKING\r\n").unwrap();
        talk.send("MAIL FROM:<a@b>").unwrap();
        talk.hear("250 ok\r\n").unwrap();
        talk.send("RCPT TO:<c@d>").unwrap();
        talk.hear("250 ok\r\n").unwrap();
        talk
    };
    let mut strict = begin(LineEndings::Strict);
    strict.send("DATA").unwrap();
    strict.hear("354 go\r\n").unwrap();
    assert_eq!(strict.client.body(b"a\n.\n", &mut strict.out), Err(Misuse::LineEnd { at: 1 }));
    assert_eq!(
        strict.client.end_body(&mut strict.out),
        Err(Misuse::NotNow),
        "the end cannot be sent any more"
    );

    let mut strict = begin(LineEndings::Strict);
    assert_eq!(strict.client.chunk(b"a\n", false, &mut strict.out), Err(Misuse::LineEnd { at: 1 }));
    assert!(strict.out.is_empty());
    assert_eq!(strict.client.chunk(b"a\r\n", true, &mut strict.out), Err(Misuse::NotNow));
    assert_eq!(strict.send("MAIL FROM:<a@b>"), Err(Misuse::NotNow), "the server still has the message");
    strict.send("RSET").unwrap();
    strict.hear("250 ok\r\n").unwrap();
    strict.send("MAIL FROM:<a@b>").unwrap();

    let mut normalising = begin(LineEndings::Normalise);
    normalising.client.chunk(b"a\n\r", false, &mut normalising.out).unwrap();
    assert_eq!(normalising.hear("250 ok\r\n").unwrap(), "BDAT 3\r\na\r\n");
    normalising.client.chunk(b"", true, &mut normalising.out).unwrap();
    assert_eq!(normalising.hear("250 ok\r\n").unwrap(), "BDAT 1 LAST\r\n ");
}

fn path(text: &str) -> Path<'_> {
    Path::parse(text, &Rules::STRICT).unwrap()
}

fn envelope<'e>(recipients: &[&'e str]) -> Envelope<'e> {
    let mail = Mail::from(path("<a@client.example>")).unwrap();
    recipients.iter().fold(Envelope::new(mail), |envelope, rcpt| envelope.to(Rcpt::to(path(rcpt)).unwrap()))
}

/// Sends a message from our client to our server, and gives the codes for each recipient.
fn deliver(
    client: &mut Client,
    session: &mut Session,
    envelope: &Envelope<'_>,
    body: &[u8],
    with_chunks: bool,
) -> Vec<(Option<u16>, Option<u16>)> {
    let mut transaction = Transaction::new(envelope);
    if with_chunks {
        transaction = transaction.with_chunks(client);
    }
    let mut input = Vec::new();
    let mut out = Vec::new();
    let mut pieces = body.chunks(7);
    loop {
        let advance = transaction.advance(client, &input, 0, &mut out).unwrap();
        match advance {
            transaction::Advance::Used(used) => {
                input.drain(..used);
            }
            transaction::Advance::NeedInput => {
                assert!(!out.is_empty(), "both sides wait");
                input.extend_from_slice(session.send(&out).as_bytes());
                out.clear();
            }
            transaction::Advance::NeedBody => match pieces.next() {
                Some(piece) => transaction.body(client, piece, &mut out).unwrap(),
                None => transaction.end_body(client, &mut out).unwrap(),
            },
            transaction::Advance::Done => break,
        }
    }
    assert!(out.is_empty() && input.is_empty());
    let code = |reply: &Option<smtp_proto::Reply<'_>>| reply.as_ref().map(|reply| reply.code().get());
    transaction.into_outcome().recipients.iter().map(|one| (code(&one.rcpt), code(&one.message))).collect()
}

fn connect(profile: Profile, change: impl Fn(&mut smtp_proto::server::Config)) -> (Client, Session) {
    let mut config = config(profile);
    config.require_auth = false;
    config.require_tls = false;
    change(&mut config);
    let mut session = Session::ungreeted(config);
    let client = ClientConfig::new(host("client.example").into_owned())
        .with_tls(TlsPolicy::None)
        .with_lmtp(profile == Profile::Lmtp);
    let mut client = Client::new(client, false);
    let mut input = session.send(b"").into_bytes();
    let mut out = Vec::new();
    loop {
        match client.advance(&input, 0, &mut out).unwrap() {
            Advance::Event { used, .. } => {
                input.drain(..used);
            }
            Advance::NeedInput => {
                input.extend_from_slice(session.send(&out).as_bytes());
                out.clear();
            }
            Advance::NeedCommand => return (client, session),
            other => panic!("{other:?}"),
        }
    }
}

const BODY: &[u8] = b"Subject: x\r\n\r\n.\r\n..\r\nend\r\n";

#[test]
fn our_client_delivers_to_our_server() {
    for profile in [Profile::Relay, Profile::Lmtp] {
        for pipelining in [true, false] {
            for with_chunks in [true, false] {
                let (mut client, mut session) = connect(profile, |config| config.pipelining = pipelining);
                let envelope = envelope(&["<one@mx.example>", "<no@mx.example>", "<two@mx.example>"]);
                let expected = [(Some(250), Some(250)), (Some(550), None), (Some(250), Some(250))];
                for _ in 0..2 {
                    let codes = deliver(&mut client, &mut session, &envelope, BODY, with_chunks);
                    assert_eq!(codes, expected, "{profile:?} {pipelining} {with_chunks}");
                }
                let recipients = vec!["<one@mx.example>".to_string(), "<two@mx.example>".to_string()];
                assert_eq!(
                    session.messages,
                    [(recipients.clone(), BODY.to_vec()), (recipients, BODY.to_vec())]
                );
                assert_eq!(session.early, 0, "the client waits where it must");
            }
        }
    }
}

#[test]
fn a_message_without_recipients_is_given_up_and_the_next_one_goes() {
    for pipelining in [true, false] {
        for with_chunks in [true, false] {
            let (mut client, mut session) = connect(Profile::Relay, |config| config.pipelining = pipelining);
            let nobody = envelope(&["<no@mx.example>"]);
            assert_eq!(deliver(&mut client, &mut session, &nobody, BODY, with_chunks), [(Some(550), None)]);
            let somebody = envelope(&["<one@mx.example>"]);
            assert_eq!(
                deliver(&mut client, &mut session, &somebody, BODY, with_chunks),
                [(Some(250), Some(250))]
            );
            assert_eq!(session.messages.len(), 1);
        }
    }
}

#[test]
fn recipients_beyond_the_limit_are_not_tried() {
    let (mut client, mut session) = connect(Profile::Relay, |config| config.limits.recipients = 1);
    let codes = deliver(&mut client, &mut session, &envelope(&["<one@b>", "<two@b>"]), BODY, false);
    assert_eq!(codes, [(Some(250), Some(250)), (None, None)]);
}

#[test]
fn a_354_for_nobody_is_answered_with_an_empty_body() {
    let mut talk = ready("PIPELINING");
    let envelope = envelope(&["<one@b>"]);
    let mut transaction = Transaction::new(&envelope);
    let mut input = &b"250 ok\r\n550 no\r\n354 go\r\n554 no recipients\r\n"[..];
    talk.out.clear();
    while let transaction::Advance::Used(used) =
        transaction.advance(&mut talk.client, input, 0, &mut talk.out).unwrap()
    {
        input = &input[used..];
    }
    assert!(talk.out.ends_with(b"DATA\r\n.\r\n"));
    let outcome = transaction.into_outcome();
    assert_eq!(outcome.data.unwrap().code().get(), 554);
    assert!(!outcome.recipients[0].is_accepted() && outcome.recipients[0].message.is_none());
}

/// RFC 3030 §4.2: chunks go out without waiting, and what stands behind one that is refused is out of sequence.
#[test]
fn chunks_are_pipelined_and_the_first_refusal_counts() {
    for lmtp in [false, true] {
        let config = ClientConfig::new(host("c").into_owned()).with_tls(TlsPolicy::None).with_lmtp(lmtp);
        let mut talk = with(config);
        talk.hear("220 mx\r\n250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n").unwrap();
        let envelope = envelope(&["<one@b>", "<two@b>"]);
        let mut transaction = Transaction::new(&envelope).with_chunks(&talk.client);
        let mut step = |talk: &mut Talk, input: &mut &[u8]| loop {
            match transaction.advance(&mut talk.client, input, 0, &mut talk.out).unwrap() {
                transaction::Advance::Used(used) => *input = &input[used..],
                transaction::Advance::NeedBody if talk.out.len() < 30 => {
                    transaction.body(&mut talk.client, b"x\r\n", &mut talk.out).unwrap();
                }
                transaction::Advance::NeedBody => {
                    transaction.end_body(&mut talk.client, &mut talk.out).unwrap();
                }
                other => return other,
            }
        };
        assert_eq!(step(&mut talk, &mut &b""[..]), transaction::Advance::NeedInput);
        talk.out.clear();
        assert_eq!(
            step(&mut talk, &mut &b"250 a\r\n250 b\r\n250 c\r\n"[..]),
            transaction::Advance::NeedInput
        );
        assert_eq!(talk.out, b"BDAT 3\r\nx\r\nBDAT 3\r\nx\r\nBDAT 3\r\nx\r\nBDAT 0 LAST\r\n");
        talk.out.clear();
        let replies = b"250 d\r\n552 e\r\n503 f\r\n503 g\r\n";
        assert_eq!(step(&mut talk, &mut &replies[..]), transaction::Advance::NeedInput);
        assert_eq!(talk.out, b"RSET\r\n");
        assert_eq!(step(&mut talk, &mut &b"250 h\r\n"[..]), transaction::Advance::Done);
        for recipient in transaction.into_outcome().recipients {
            assert_eq!(recipient.message.unwrap().code().get(), 552);
        }
    }
}

/// RFC 2033 §4.2: one reply to the end of the body for each recipient that was accepted, in their order.
#[test]
fn each_recipient_has_its_outcome_with_lmtp() {
    for with_chunks in [false, true] {
        for pipelining in ["", "250-PIPELINING\r\n"] {
            let config = ClientConfig::new(host("c").into_owned()).with_tls(TlsPolicy::None).with_lmtp(true);
            let mut talk = with(config);
            talk.hear(&format!("220 mx\r\n250-mx\r\n{pipelining}250 CHUNKING\r\n")).unwrap();
            talk.out.clear();
            let envelope = envelope(&["<a@b>", "<no@b>", "<full@b>", "<c@b>", "<away@b>"]);
            let mut transaction = Transaction::new(&envelope);
            if with_chunks {
                transaction = transaction.with_chunks(&talk.client);
            }
            let start: &[&str] =
                &["250 mail\r\n", "250 ok\r\n", "550 no\r\n", "250 ok\r\n", "250 ok\r\n", "450 away\r\n"];
            let data: &[&str] = if with_chunks { &["250 chunk\r\n"] } else { &["354 go\r\n"] };
            let end: &[&str] = &["250 queued as A1\r\n", "452 full\r\n", "250-two\r\n250 lines\r\n"];
            let mut replies = [start, data, end].concat().into_iter();
            let mut pieces = [&b"x\r\n"[..]].into_iter();
            let mut input = Vec::new();
            loop {
                match transaction.advance(&mut talk.client, &input, 0, &mut talk.out).unwrap() {
                    transaction::Advance::Used(used) => drop(input.drain(..used)),
                    transaction::Advance::NeedInput => input.extend(replies.next().unwrap().bytes()),
                    transaction::Advance::NeedBody => match pieces.next() {
                        Some(piece) => transaction.body(&mut talk.client, piece, &mut talk.out).unwrap(),
                        None => transaction.end_body(&mut talk.client, &mut talk.out).unwrap(),
                    },
                    transaction::Advance::Done => break,
                }
            }
            assert_eq!((replies.next(), input.len()), (None, 0), "as many replies as there must be");
            let outcome = transaction.into_outcome();
            let codes: Vec<_> = (outcome.recipients.iter())
                .map(|one| {
                    [&one.rcpt, &one.message].map(|reply| reply.as_ref().map(|reply| reply.code().get()))
                })
                .collect();
            let (ok, full) = ([Some(250), Some(250)], [Some(250), Some(452)]);
            assert_eq!(
                codes,
                [ok, [Some(550), None], full, ok, [Some(450), None]],
                "{with_chunks} {pipelining}"
            );
            assert_eq!(outcome.recipients[0].queue_id(), Some("A1"));
            assert_eq!(talk.next(), Advance::NeedCommand);
            assert!(!talk.client.is_in_transaction());
        }
    }
}

#[test]
fn a_lost_connection_leaves_what_was_known() {
    let mut talk = ready("PIPELINING");
    let envelope = envelope(&["<one@b>"]);
    let mut transaction = Transaction::new(&envelope);
    let mut input = &b"250 ok\r\n421 shutting down\r\n"[..];
    while let transaction::Advance::Used(used) =
        transaction.advance(&mut talk.client, input, 0, &mut talk.out).unwrap()
    {
        input = &input[used..];
    }
    let outcome = transaction.into_outcome();
    assert_eq!(outcome.mail.unwrap().code().get(), 250);
    assert_eq!(outcome.recipients[0].rcpt.as_ref().unwrap().code().get(), 421);
}

#[test]
fn an_envelope_that_is_not_covered_is_a_failure() {
    let mut talk = ready("PIPELINING");
    let mut envelope = envelope(&["<one@b>"]);
    envelope.mail.params.size = Some(1);
    let mut transaction = Transaction::new(&envelope);
    let failure = transaction.advance(&mut talk.client, b"", 0, &mut talk.out).unwrap_err();
    assert_eq!(failure, Failure::Envelope(Misuse::NotOffered("SIZE")));
}

#[test]
fn queue_ids_are_read_in_the_usual_forms() {
    for (text, id) in [
        ("250 2.0.0 Ok: queued as 4F2A1", Some("4F2A1")),
        ("250 OK id=1tEx4m-0001", Some("1tEx4m-0001")),
        ("250 2.0.0 4AM3Gb1x Message accepted for delivery", Some("4AM3Gb1x")),
        ("250 2.6.0 Message accepted", None),
        ("250 ok", None),
    ] {
        let reply = smtp_proto::Reply::new(smtp_proto::Code::new(250).unwrap(), None, &text[4..]);
        let outcome = transaction::RecipientOutcome { rcpt: None, message: Some(reply) };
        assert_eq!(outcome.queue_id(), id, "{text}");
    }
}

#[test]
fn events_are_the_same_for_every_split() {
    let (handshake, replies) =
        ("220-mx\r\n220 hi\r\n250-mx\r\n250 PIPELINING\r\n", "250 a\r\n550-b\r\n550 c\r\n354 go\r\n");
    let replies: Vec<_> = testkit::splits(replies.as_bytes()).collect();
    for (first, second) in testkit::splits(handshake.as_bytes()).zip(replies.iter().cycle()) {
        let mut talk = talk(TlsPolicy::None);
        for piece in first {
            talk.hear(std::str::from_utf8(piece).unwrap()).unwrap();
        }
        for line in ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"] {
            talk.send(line).unwrap();
        }
        for piece in second {
            talk.hear(std::str::from_utf8(piece).unwrap()).unwrap();
        }
        assert_eq!(
            talk.events,
            [
                "Greeting(Reply(220-mx\\r\\n220 hi))",
                "Ready(Reply(250-mx\\r\\n250 PIPELINING))",
                "Reply { to: Mail, reply: Reply(250 a) }",
                "Reply { to: Rcpt, reply: Reply(550-b\\r\\n550 c) }",
                "Reply { to: Data, reply: Reply(354 go) }",
            ]
        );
    }
}

#[test]
fn servers_are_waited_for_as_long_as_the_rfc_says() {
    let mut talk = talk(TlsPolicy::None);
    assert_eq!(talk.client.deadline(), None);
    assert_eq!(talk.client.advance(b"", 1000, &mut talk.out), Ok(Advance::NeedInput));
    assert_eq!(talk.client.advance(b"22", 1200, &mut talk.out), Ok(Advance::NeedInput));
    assert_eq!(talk.client.deadline(), Some(1300));
    // a piece of a body has three minutes, and the end of it ten
    let mut talk = ready("PIPELINING");
    talk.send("MAIL FROM:<a@b>").unwrap();
    talk.send("RCPT TO:<c@d>").unwrap();
    talk.send("DATA").unwrap();
    assert_eq!(talk.client.advance(b"", 10, &mut talk.out), Ok(Advance::NeedInput));
    assert_eq!(talk.client.deadline(), Some(310));
    talk.hear("250 a\r\n250 b\r\n").unwrap();
    assert_eq!(talk.client.deadline(), Some(120));
    talk.hear("354 c\r\n").unwrap();
    assert_eq!(talk.client.advance(b"", 20, &mut talk.out), Ok(Advance::NeedCommand));
    assert_eq!(talk.client.deadline(), Some(200));
    talk.client.body(b"x\r\n", &mut talk.out).unwrap();
    talk.client.end_body(&mut talk.out).unwrap();
    assert_eq!(talk.client.advance(b"", 30, &mut talk.out), Ok(Advance::NeedInput));
    assert_eq!(talk.client.deadline(), Some(630));
}
