//! The server machine: what it answers, and when.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod common;

use common::{Session, config, reply};
use smtp_proto::{
    HoldSeconds, LineEndings, Mechanism, Misuse, Name, Server, UpgradeError,
    server::{Advance, Config, EarlyInput, Event, Profile, VoidData},
};

fn session() -> Session {
    let mut session = Session::new(config(Profile::Relay));
    assert_eq!(session.codes(b"EHLO client.example\r\n"), [250]);
    session
}

fn lmtp() -> Session {
    let mut session = Session::new(config(Profile::Lmtp));
    assert_eq!(session.codes(b"LHLO client.example\r\n"), [250]);
    session
}

const ENVELOPE: &[u8] = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n";

#[test]
fn a_message_is_taken() {
    let mut session = session();
    assert_eq!(session.codes(ENVELOPE), [250, 250]);
    assert_eq!(session.codes(b"DATA\r\n"), [354]);
    assert_eq!(session.codes(b"Subject: x\r\n\r\n..dot\r\n.\r\n"), [250]);
    assert_eq!(session.messages, [(vec!["<c@d>".to_string()], b"Subject: x\r\n\r\n.dot\r\n".to_vec())]);
    assert_eq!(session.send(b"QUIT\r\n"), "221 2.0.0 Bye\r\n");
    assert!(session.is_closed);
}

#[test]
fn a_pipelined_group_is_answered_in_order() {
    let mut session = session();
    let group = b"MAIL FROM:<a@b>\r\nRCPT TO:<no@d>\r\nRCPT TO:<c@d>\r\nDATA\r\n";
    assert_eq!(session.codes(group), [250, 550, 250, 354]);
    assert_eq!(session.early, 0);
    assert_eq!(session.codes(b".\r\nQUIT\r\n"), [250, 221]);
    assert_eq!(session.messages, [(vec!["<c@d>".to_string()], vec![])]);
}

#[test]
fn what_is_offered_depends_on_the_state() {
    let mut config = config(Profile::Submission);
    config.starttls = true;
    config.requiretls = true;
    let mut session = Session::new(config);
    let offer = session.send(b"EHLO a\r\n");
    assert!(
        offer.contains("250-STARTTLS\r\n") && !offer.contains("AUTH") && !offer.contains("REQUIRETLS"),
        "{offer}"
    );
    assert_eq!(session.codes(b"AUTH PLAIN AGEAYg==\r\n"), [530]);
    assert_eq!(session.codes(b"MAIL FROM:<a@b>\r\n"), [530]);
    session.start_tls();
    assert_eq!(session.codes(b"MAIL FROM:<a@b>\r\n"), [503], "the session starts again");
    let offer = session.send(b"EHLO a\r\n");
    assert!(!offer.contains("STARTTLS") && offer.contains("250-AUTH PLAIN LOGIN CRAM-MD5\r\n"), "{offer}");
    assert!(offer.contains("250-REQUIRETLS\r\n"));
    assert_eq!(session.send(b"MAIL FROM:<a@b>\r\n"), "530 5.7.0 Authentication required\r\n");
    assert_eq!(session.codes(b"STARTTLS\r\n"), [502], "once is enough");
    assert_eq!(session.codes(b"AUTH PLAIN AGEAYg==\r\n"), [235]);
    assert!(!session.send(b"EHLO a\r\n").contains("AUTH"));
    assert_eq!(session.codes(b"MAIL FROM:<a@b> REQUIRETLS\r\n"), [250]);
}

#[test]
fn a_relay_offers_no_auth_in_clear_unless_told() {
    let mut session = session();
    assert!(!session.send(b"EHLO a\r\n").contains("AUTH"));
    assert_eq!(session.codes(b"AUTH PLAIN AGEAYg==\r\n"), [502]);
    let mut told = config(Profile::Relay);
    told.auth_in_clear = true;
    let mut session = Session::new(told);
    assert!(session.send(b"EHLO a\r\n").contains("AUTH PLAIN"));
    assert_eq!(session.codes(b"AUTH PLAIN AGEAYg==\r\n"), [235]);
}

fn with_auth() -> Session {
    let mut config = config(Profile::Relay);
    config.auth_in_clear = true;
    let mut session = Session::new(config);
    session.send(b"EHLO a\r\n");
    session
}

#[test]
fn authentication_is_an_exchange_of_lines() {
    let mut session = with_auth();
    assert_eq!(session.send(b"AUTH cram-md5\r\n"), "334 PDFAbXguZXhhbXBsZT4=\r\n");
    assert_eq!(session.send(b"*\r\n"), "501 5.7.0 Authentication cancelled\r\n");
    assert_eq!(session.send(b"AUTH PLAIN\r\n"), "334 \r\n", "an empty challenge has its space");
    assert_eq!(session.codes(b"not base64!\r\n"), [501]);
    assert_eq!(session.send(b"AUTH LOGIN\r\n"), "334 VXNlciBOYW1l\r\n");
    assert_eq!(session.send(b"dXNlcg==\r\n"), "334 UGFzc3dvcmQ=\r\n");
    assert_eq!(session.codes(b"c2VjcmV0\r\n"), [235]);
    assert_eq!(session.codes(b"AUTH PLAIN AGEAYg==\r\n"), [503], "once is enough (RFC 4954 section 4)");
    assert_eq!(session.codes(b"RSET\r\nAUTH PLAIN AGEAYg==\r\n"), [250, 503]);
}

#[test]
fn broken_authentications_are_refused() {
    let mut session = with_auth();
    assert_eq!(session.codes(b"AUTH SCRAM-SHA-1\r\n"), [504]);
    assert_eq!(session.codes(b"AUTH PLAIN =AAA\r\n"), [501]);
    assert_eq!(session.codes(b"AUTH PLAIN AAA=BBB\r\n"), [501]);
    assert_eq!(session.codes(b"AUTH\r\n"), [501]);
    session.send(ENVELOPE);
    assert_eq!(session.codes(b"AUTH PLAIN AGEAYg==\r\n"), [503], "not inside a transaction");
    session.send(b"RSET\r\n");
    let long = [b"AUTH PLAIN\r\n".as_slice(), &b"A".repeat(20_000), b"\r\nNOOP\r\n"].concat();
    assert_eq!(session.codes(&long), [334, 500, 250]);
}

#[test]
fn three_wrong_passwords_end_the_session() {
    let mut session = with_auth();
    // NUL a NUL wrong
    let attempt = b"AUTH PLAIN AGEAd3Jvbmc=\r\n";
    assert_eq!(session.codes(attempt), [535]);
    assert_eq!(session.codes(attempt), [535]);
    assert_eq!(session.codes(attempt), [535, 421]);
    assert!(session.is_closed);
}

#[test]
fn octets_behind_starttls_end_the_session() {
    let mut config = config(Profile::Relay);
    config.starttls = true;
    let mut session = Session::new(config.clone());
    session.send(b"EHLO a\r\n");
    assert_eq!(session.codes(b"STARTTLS\r\nMAIL FROM:<a@b>\r\n"), [501]);
    assert!(session.is_closed);

    let mut session = Session::new(config.clone());
    session.send(b"EHLO a\r\n");
    assert_eq!(session.codes(b"STARTTLS\r\n"), [220]);
    let server = session.server.take().unwrap();
    let error = server.upgrade(b"MAIL FROM:<a@b>\r\n", 0).unwrap_err();
    assert_eq!(error, UpgradeError::Injected { octets: 17 });

    let session = Session::new(config);
    assert_eq!(session.server.unwrap().upgrade(b"", 0).unwrap_err(), UpgradeError::NotAgreed);
}

/// The codes that each command gets in each state.
#[test]
fn every_command_in_every_state() {
    const STATES: [&[u8]; 5] = [
        b"",
        b"EHLO a\r\n",
        b"EHLO a\r\nMAIL FROM:<a@b>\r\n",
        b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n",
        b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2\r\nxx",
    ];
    let table: [(&[u8], [u16; 5]); 23] = [
        (b"EHLO a", [250, 250, 250, 250, 250]),
        (b"HELO a", [250, 250, 250, 250, 250]),
        (b"LHLO a", [500, 500, 500, 500, 500]),
        (b"MAIL FROM:<x@y>", [503, 250, 503, 503, 503]),
        (b"RCPT TO:<x@y>", [503, 503, 250, 250, 503]),
        (b"DATA", [503, 503, 554, 354, 503]),
        (b"BDAT 0", [503, 503, 554, 250, 250]),
        (b"BDAT 0 LAST", [503, 503, 554, 250, 250]),
        (b"RSET", [250, 250, 250, 250, 250]),
        (b"NOOP", [250, 250, 250, 250, 250]),
        (b"QUIT", [221, 221, 221, 221, 221]),
        (b"VRFY x", [252, 252, 252, 252, 252]),
        (b"EXPN x", [502, 502, 502, 502, 502]),
        (b"HELP", [214, 214, 214, 214, 214]),
        (b"STARTTLS", [503, 220, 503, 503, 503]),
        (b"AUTH PLAIN AGEAYg==", [503, 235, 503, 503, 503]),
        (b"ETRN x", [503, 502, 502, 502, 502]),
        (b"ATRN", [503, 502, 502, 502, 502]),
        (b"BURL imap://x", [502, 502, 502, 502, 502]),
        (b"XCLIENT NAME=x", [502, 502, 502, 502, 502]),
        (b"XFORWARD NAME=x", [502, 502, 502, 502, 502]),
        (b"TURN", [500, 500, 500, 500, 500]),
        (b"", [500, 500, 500, 500, 500]),
    ];
    for (command, expected) in table {
        for (state, expected) in STATES.iter().zip(expected) {
            let mut config = config(Profile::Relay);
            config.starttls = true;
            config.auth_in_clear = true;
            let mut session = Session::new(config);
            session.send(state);
            let line = [command, b"\r\n"].concat();
            assert_eq!(
                session.codes(&line),
                [expected],
                "{} after {}",
                command.escape_ascii(),
                state.escape_ascii()
            );
        }
    }
}

#[test]
fn commands_that_break_a_rule_are_refused_with_its_code() {
    for (line, code) in [
        ("MAIL FROM:<a@b> SIZE=99999999999999999999999", 501),
        ("MAIL FROM:<a@b> SIZE=99999999999999999999", 552),
        ("MAIL FROM:<a@b> XTAG=1", 555),
        ("MAIL FROM:<a@b> BY=120;R", 555),
        ("MAIL FROM:<a@b> MT-PRIORITY=3", 555),
        ("MAIL FROM:<a@b> HOLDFOR=3", 555),
        ("MAIL FROM:<a@b> AUTH=<>", 555),
        ("MAIL FROM:<a@b> REQUIRETLS", 555),
        ("MAIL FROM:<ü@b>", 553),
        ("MAIL FROM:<ü@b> SMTPUTF8", 250),
        ("MAIL FROM:<a@b> BODY=BINARYMIME RET=FULL ENVID=x", 250),
        ("MAIL FROM: <a@b>", 501),
        ("MAIL FROM:a@b", 501),
        ("DATA\0", 500),
        ("DA\u{7f}TA", 500),
        ("BDAT x", 501),
        ("NOOP x", 250),
    ] {
        assert_eq!(session().codes(format!("{line}\r\n").as_bytes()), [code], "{line}");
    }
    assert_eq!(session().codes(b"NOOP \xff\r\n"), [500]);
    let mut session = session();
    session.send(b"MAIL FROM:<a@b>\r\n");
    assert_eq!(session.codes("RCPT TO:<ü@b>\r\n".as_bytes()), [553]);
    assert_eq!(session.codes("RCPT TO:<a@b> ORCPT=utf-8;ü@b\r\n".as_bytes()), [553], "RFC 6533 section 3");
    assert_eq!(session.codes(b"RCPT TO:<>\r\n"), [501]);
    assert_eq!(session.codes(b"RCPT TO:<a@b> RRVS=2014-04-03T23:01:00Z\r\n"), [555]);
    assert_eq!(session.codes(b"RCPT TO:<a@b> NOTIFY=NEVER\r\n"), [250]);
}

#[test]
fn a_greeting_that_is_refused_leaves_the_session_as_it_was() {
    let mut server = Server::new(config(Profile::Relay), 0);
    let mut out = Vec::new();
    server.accept(&mut out).unwrap();
    let mut ask = |line: &[u8], code: u16| {
        out.clear();
        assert!(
            matches!(server.advance(line, 0, &mut out), Advance::Event { .. }),
            "{}",
            line.escape_ascii()
        );
        if out.is_empty() {
            server.reply(&reply(code, (0, 0, 0), "x"), &mut out).unwrap();
        }
        out[..3].to_vec()
    };
    assert_eq!(ask(b"EHLO a\r\n", 550), b"550");
    assert_eq!(ask(b"MAIL FROM:<a@b>\r\n", 250), b"503", "no greeting was accepted");
    assert_eq!(ask(b"EHLO a\r\n", 250), b"250");
    assert_eq!(ask(b"MAIL FROM:<a@b>\r\n", 250), b"250");
    assert_eq!(ask(b"EHLO b\r\n", 550), b"550");
    assert_eq!(ask(b"RCPT TO:<c@d>\r\n", 250), b"250", "the message goes on");
    assert_eq!(ask(b"EHLO c\r\n", 250), b"250");
    assert_eq!(ask(b"RCPT TO:<c@d>\r\n", 250), b"503", "the message was dropped");
}

#[test]
fn times_are_within_what_is_offered() {
    let mut config = config(Profile::Relay);
    config.deliver_by = Some(120);
    config.future_release =
        Some((HoldSeconds::new(60).unwrap(), smtp_proto::Timestamp::parse("2027-01-01T00:00:00Z").unwrap()));
    for (param, code) in [
        ("BY=119;R", 555),
        ("BY=120;R", 250),
        ("BY=1;N", 250),
        ("BY=-1;N", 250),
        ("HOLDFOR=60", 250),
        ("HOLDFOR=61", 501),
        ("HOLDUNTIL=2027-01-01T00:00:00Z", 250),
        ("HOLDUNTIL=2027-01-01T00:00:01Z", 501),
    ] {
        let mut session = Session::new(config.clone());
        session.send(b"EHLO a\r\n");
        assert_eq!(session.codes(format!("MAIL FROM:<a@b> {param}\r\n").as_bytes()), [code], "{param}");
    }
}

#[test]
fn parameters_that_are_not_offered_may_be_ignored() {
    let mut config = config(Profile::Relay);
    config.unoffered_parameters = smtp_proto::server::UnofferedParameters::Ignore;
    let mut session = Session::new(config);
    assert_eq!(session.codes(b"EHLO a\r\nMAIL FROM:<a@b> XTAG=1\r\n"), [250, 250]);
}

#[test]
fn a_parameter_that_is_ignored_changes_nothing() {
    let mut config = config(Profile::Relay);
    config.unoffered_parameters = smtp_proto::server::UnofferedParameters::Ignore;
    (config.binarymime, config.smtputf8) = (false, false);
    let mut session = Session::new(config);
    session.send(b"EHLO a\r\n");
    assert_eq!(session.codes(b"MAIL FROM:<a@b> BODY=BINARYMIME SMTPUTF8\r\n"), [250]);
    assert_eq!(session.codes("RCPT TO:<ü@d>\r\n".as_bytes()), [553]);
    assert_eq!(session.codes(b"RCPT TO:<c@d>\r\nBDAT 6 LAST\r\nx\n.\r\na"), [250, 550], "lines end in CRLF");
    assert!(session.is_closed && session.messages.is_empty());
}

#[test]
fn a_bare_line_end_in_a_command_ends_the_session() {
    for line in [b"NOOP\nNOOP\r\n".as_slice(), b"DA\rTA\r\n", b"NOOP\n"] {
        let mut session = session();
        assert_eq!(session.codes(line), [500], "{}", line.escape_ascii());
        assert!(session.is_closed);
    }
    let mut normalising = config(Profile::Relay);
    normalising.line_endings = LineEndings::Normalise;
    let mut session = Session::new(normalising);
    assert_eq!(session.codes(b"EHLO a\nNOOP\nDA\rTA\r\n"), [250, 250, 500]);
}

#[test]
fn a_bare_line_end_in_a_body_is_refused_at_its_true_end() {
    let mut session = session();
    session.send(ENVELOPE);
    let body = b"DATA\r\na\n.\nMAIL FROM:<smuggled@b>\r\n.\r\n";
    assert_eq!(
        session.send(body).lines().last(),
        Some("550 5.5.2 Lines must end in CRLF; message refused, closing")
    );
    assert!(session.is_closed && session.messages.is_empty());
    assert_eq!(session.events.iter().filter(|event| event.starts_with("Mail")).count(), 1);
}

#[test]
fn chunks_are_counted_and_their_octets_read_even_on_error() {
    let mut session = session();
    assert_eq!(session.codes(b"BDAT 6\r\nQUIT\r\nNOOP\r\n"), [503, 250], "the octets are not commands");
    session.send(ENVELOPE);
    assert_eq!(session.codes(b"BDAT 3\r\nab\rBDAT 3\r\n\ncdBDAT 2 LAST\r\n\r\n"), [250, 250, 250]);
    assert_eq!(session.messages[0].1, b"ab\r\ncd\r\n");
    assert_eq!(session.codes(b"BDAT 1 LAST\r\nx"), [503], "the message is complete");
    session.send(ENVELOPE);
    assert_eq!(session.codes(b"BDAT 3\r\n..\nNOOP\r\n"), [550], "bare LF");
    assert!(session.is_closed);
}

#[test]
fn octets_of_chunks_that_are_refused_are_never_commands() {
    let mut plain = config(Profile::Lmtp);
    plain.chunking = false;
    let mut session = Session::new(plain);
    session.send(b"LHLO a\r\n");
    session.send(ENVELOPE);
    assert_eq!(session.codes(b"BDAT 6\r\nRSET\r\nNOOP\r\n"), [502, 250], "not offered");
    session.send(b"RSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\n");
    assert_eq!(session.codes(b"BDAT 6 LAST\r\nRSET\r\nNOOP\r\n"), [502, 250]);
    assert_eq!(session.codes(b"DATA\r\n"), [503], "the transaction has failed (RFC 3030 section 2)");

    let long = [b"BDAT ", [b'0'; 3000].as_slice(), b"6\r\nRSET\r\nNOOP\r\n"].concat();
    for line in [
        b"BDAT x\r\nRSET\r\n".as_slice(),
        b"bdat\r\nRSET\r\n",
        b" BDAT 6\r\nRSET\r\n",
        b"BDAT\t6\r\nRSET\r\n",
        b"BDAT 6 7\r\nRSET\r\n",
        b"BDAT -6\r\nRSET\r\n",
        b"BDAT 6\0\r\nRSET\r\n",
        b"BDAT 6\xff\r\nRSET\r\n",
        b"BDAT 18446744073709551616\r\nRSET\r\n",
        &long,
    ] {
        let mut session = session_in_transaction();
        assert_eq!(session.codes(line), [501], "{}", line.escape_ascii());
        assert!(session.is_closed, "{}", line.escape_ascii());
    }
    let behind = [b"NOOP ", [b'x'; 5000].as_slice(), b"BDAT 6\r\nNOOP\r\n"].concat();
    for pieces in [vec![behind.as_slice()], behind.chunks(1).collect(), behind.chunks(5005).collect()] {
        let mut session = session_in_transaction();
        let codes: Vec<_> = pieces.into_iter().flat_map(|piece| session.codes(piece)).collect();
        assert_eq!(codes, [500, 250], "in a line that is too long");
    }
}

fn session_in_transaction() -> Session {
    let mut session = session();
    session.send(ENVELOPE);
    session
}

#[test]
fn who_has_a_mailbox_is_told_to_those_who_may_send_mail() {
    let mut open = config(Profile::Submission);
    open.open_vrfy = true;
    open.open_expn = true;
    for (require_tls, require_auth, code) in [(true, true, 530), (false, true, 530), (false, false, 250)] {
        open.require_tls = require_tls;
        open.require_auth = require_auth;
        for line in [b"VRFY x\r\n", b"EXPN x\r\n"] {
            assert_eq!(Session::new(open.clone()).codes(line), [code]);
        }
    }
}

#[test]
fn a_cr_at_the_end_of_the_last_chunk_is_bare() {
    let mut strict = session();
    strict.send(ENVELOPE);
    assert_eq!(strict.codes(b"BDAT 1\r\n\rBDAT 0 LAST\r\n"), [250, 550]);
    let mut normalising = config(Profile::Relay);
    normalising.line_endings = LineEndings::Normalise;
    let mut session = Session::new(normalising);
    session.send(b"EHLO a\r\n");
    session.send(ENVELOPE);
    assert_eq!(session.codes(b"BDAT 3\r\na\n\rBDAT 0 LAST\r\n"), [250, 250]);
    assert_eq!(session.messages[0].1, b"a\r\n ");
}

#[test]
fn binary_bodies_are_passed_on_as_they_are() {
    let mut session = session();
    session.send(b"MAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\n");
    assert_eq!(session.codes(b"DATA\r\n"), [503]);
    assert_eq!(session.codes(b"BDAT 6 LAST\r\n\r\0\n.\r\n"), [250]);
    assert_eq!(session.messages[0].1, b"\r\0\n.\r\n");
}

#[test]
fn messages_that_grow_too_large_are_read_to_their_end() {
    let mut small = config(Profile::Relay);
    small.limits.message = 10;
    let mut session = Session::new(small.clone());
    assert!(session.send(b"EHLO a\r\n").contains("250-SIZE 10\r\n"));
    assert_eq!(session.codes(b"MAIL FROM:<a@b> SIZE=11\r\n"), [552]);
    session.send(ENVELOPE);
    assert_eq!(session.codes(b"DATA\r\n0123456789\r\nQUIT\r\n.\r\nNOOP\r\n"), [354, 552, 250]);
    session.send(ENVELOPE);
    assert_eq!(session.codes(b"BDAT 6\r\n012345BDAT 5 LAST\r\n67890NOOP\r\n"), [250, 552, 250]);
    assert!(session.messages.is_empty());

    small.limits.dropped = 20;
    let mut session = Session::new(small);
    session.send(b"EHLO a\r\n");
    session.send(ENVELOPE);
    let body = [b"DATA\r\n".as_slice(), &b"x".repeat(100), b"\r\n"].concat();
    let codes: Vec<_> = body
        .chunks(1)
        .flat_map(|octet| if session.is_closed { vec![] } else { session.codes(octet) })
        .collect();
    assert_eq!(codes, [354, 552], "there is an end to patience");
    assert!(session.is_closed);
}

#[test]
fn limits_end_a_session_or_refuse() {
    let mut few = config(Profile::Relay);
    few.limits.recipients = 1;
    few.limits.messages = 1;
    few.limits.errors = 3;
    let mut session = Session::new(few.clone());
    session.send(b"EHLO a\r\n");
    assert_eq!(session.codes(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\n"), [250, 250, 452]);
    assert_eq!(session.codes(b"DATA\r\n.\r\n"), [354, 250]);
    assert_eq!(session.codes(b"MAIL FROM:<a@b>\r\n"), [452]);
    assert_eq!(session.codes(b"X\r\n"), [500, 421]);
    assert!(session.is_closed);
    few.limits.commands = 2;
    let mut session = Session::new(few);
    assert_eq!(session.codes(b"NOOP\r\nNOOP\r\n"), [250, 250]);
    assert_eq!(session.codes(b"NOOP\r\n"), [421]);
}

#[test]
fn a_line_of_200_kilobytes_is_one_error() {
    let mut session = session();
    let line = [&b"NOOP "[..], &b"x".repeat(200_000), b"\r\nNOOP\r\n"].concat();
    assert_eq!(session.codes(&line), [500, 250]);
}

#[test]
fn lmtp_answers_for_each_recipient() {
    let mut session = lmtp();
    assert_eq!(session.codes(b"EHLO a\r\n"), [500]);
    let envelope = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<no@d>\r\nRCPT TO:<e@f>\r\n";
    assert_eq!(session.codes(envelope), [250, 250, 550, 250]);
    assert_eq!(session.codes(b"DATA\r\nx\r\n.\r\nNOOP\r\n"), [354, 250, 250, 250]);
    session.send(envelope);
    assert_eq!(session.codes(b"BDAT 1\r\nxBDAT 0 LAST\r\nNOOP\r\n"), [250, 250, 250, 250]);
    session.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<no@d>\r\n");
    assert_eq!(session.codes(b"DATA\r\n"), [503], "RFC 2033 section 4.2");
}

#[test]
fn a_message_that_one_recipient_takes_counts() {
    let mut few = config(Profile::Lmtp);
    few.limits.messages = 1;
    let (mut server, mut out) = (Server::new(few, 0), Vec::new());
    server.accept(&mut out).unwrap();
    let group = b"LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n.\r\n";
    let mut input = &group[..];
    while let Advance::Event { used, event } = server.advance(input, 0, &mut out) {
        input = &input[used..];
        if event == Event::BodyEnd {
            server.accept(&mut out).unwrap();
            server.reply(&reply(550, (5, 7, 1), "not for e"), &mut out).unwrap();
        } else {
            // not every event asks
            let _ = server.accept(&mut out);
        }
    }
    out.clear();
    server.advance(b"MAIL FROM:<>\r\n", 0, &mut out);
    assert!(out.starts_with(b"452 "), "{}", out.escape_ascii());
}

#[test]
fn lmtp_refuses_for_each_recipient() {
    let mut config = config(Profile::Lmtp);
    config.limits.message = 3;
    let mut session = Session::new(config);
    session.send(b"LHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\n");
    assert_eq!(session.codes(b"DATA\r\nxxxxx\r\n.\r\nNOOP\r\n"), [354, 552, 552, 250]);
}

#[test]
fn clients_that_do_not_wait_are_told_of() {
    let mut session = Session::ungreeted(config(Profile::Relay));
    assert_eq!(session.codes(b"EHLO a\r\nMAIL FROM:<a@b>\r\n"), [220, 250, 250]);
    assert_eq!(session.early, 2, "before the greeting, and behind EHLO");
    let mut strict = config(Profile::Relay);
    strict.early_input = EarlyInput::Refuse;
    let mut session = Session::ungreeted(strict.clone());
    assert_eq!(session.codes(b"EHLO a\r\n"), [554]);
    assert!(session.is_closed);
    let mut session = Session::new(strict);
    session.send(b"EHLO a\r\n");
    assert_eq!(session.codes(&[ENVELOPE, b"DATA\r\nSubject: x\r\n"].concat()), [250, 250, 554]);
    assert!(session.is_closed);
}

#[test]
fn pipelining_is_not_for_helo() {
    let mut session = Session::new(config(Profile::Relay));
    assert_eq!(session.send(b"HELO a\r\n"), "250 mx.example\r\n");
    session.send(ENVELOPE);
    assert_eq!(session.early, 1);
}

#[test]
fn xclient_starts_the_session_again() {
    let mut config = config(Profile::Relay);
    config.trusted_proxy = true;
    let mut session = Session::new(config);
    assert!(session.send(b"EHLO a\r\n").contains("XCLIENT"));
    assert_eq!(session.codes(b"XFORWARD NAME=x\r\n"), [250]);
    assert_eq!(session.codes(b"XCLIENT NAME=spike.example ADDR=192.0.2.1\r\n"), [220]);
    assert_eq!(session.codes(b"MAIL FROM:<a@b>\r\n"), [503]);
}

#[test]
fn xclient_tells_whether_the_client_has_authenticated() {
    let mut config = config(Profile::Submissions);
    config.trusted_proxy = true;
    let mut session = Session::new(config);
    for (line, code) in [
        ("AUTH PLAIN AGEAYg==", 250),
        ("XCLIENT ADDR=192.0.2.1", 530),
        ("XCLIENT login=alice+40example.com", 250),
        ("XCLIENT LOGIN=[UNAVAILABLE]", 530),
    ] {
        assert_eq!(session.codes(b"EHLO a\r\n"), [250]);
        session.send(format!("{line}\r\nEHLO a\r\n").as_bytes());
        assert_eq!(session.codes(b"MAIL FROM:<a@b>\r\n"), [code], "{line}");
        session.send(b"RSET\r\n");
    }
}

#[test]
fn what_is_opened_is_asked() {
    let mut open = config(Profile::Relay);
    open.open_vrfy = true;
    open.open_expn = true;
    open.open_unknown = true;
    open.etrn = true;
    open.atrn = true;
    open.burl = true;
    open.auth_in_clear = true;
    let mut session = Session::new(open);
    session.send(b"EHLO a\r\n");
    assert_eq!(session.codes(b"VRFY a\r\nEXPN b\r\nETRN c\r\nATRN\r\nTURN\r\n"), [250, 250, 250, 530, 250]);
    assert_eq!(session.codes(b"AUTH PLAIN AGEAYg==\r\nATRN\r\n"), [235, 250]);
    session.send(ENVELOPE);
    assert_eq!(session.codes(b"BURL imap://x\r\nDATA\r\nRCPT TO:<e@f>\r\n"), [250, 503, 503]);
    assert_eq!(session.codes(b"BURL imap://x LAST\r\nBURL imap://x LAST\r\n"), [250, 503]);
    assert_eq!(
        session.events.iter().filter(|event| event.starts_with("Vrfy") || event.starts_with("Burl")).count(),
        3
    );
}

/// RFC 2033 §4.2: the last BURL ends a message as the last chunk does, and is answered for each recipient.
#[test]
fn the_last_burl_is_answered_for_each_recipient_with_lmtp() {
    let mut config = config(Profile::Lmtp);
    config.burl = true;
    config.limits.messages = 2;
    let (mut server, mut out) = (Server::new(config, 0), Vec::new());
    server.accept(&mut out).unwrap();
    let mut tell = |line: &[u8], answers: &[u16]| {
        let mut out = Vec::new();
        let Advance::Event { used, .. } = server.advance(line, 0, &mut out) else { panic!() };
        assert_eq!(used, line.len());
        for code in answers {
            assert_eq!(server.advance(b"", 0, &mut out), Advance::NeedReply);
            server.reply(&reply(*code, (0, 0, 0), "x"), &mut out).unwrap();
        }
        assert_eq!(server.advance(b"", 0, &mut out), Advance::NeedInput, "{}", line.escape_ascii());
        let text = String::from_utf8(out).unwrap();
        text.lines().filter_map(|line| line.get(..4)?.strip_suffix(' ')?.parse().ok()).collect::<Vec<u16>>()
    };
    tell(b"LHLO a\r\n", &[250]);
    for last in [&b"BURL imap://x LAST\r\n"[..], b"BURL imap://y\r\n"] {
        tell(b"MAIL FROM:<a@b>\r\n", &[250]);
        for _ in 0..3 {
            tell(b"RCPT TO:<c@d>\r\n", &[250]);
        }
        if last.ends_with(b"LAST\r\n") {
            assert_eq!(tell(last, &[250, 452, 550]), [250, 452, 550]);
        } else {
            assert_eq!(tell(last, &[250]), [250]);
            assert_eq!(tell(b"BURL imap://z LAST\r\n", &[550, 550, 250]), [550, 550, 250]);
        }
        assert_eq!(tell(b"DATA\r\n", &[]), [503], "the transaction is over");
    }
    assert_eq!(tell(b"MAIL FROM:<a@b>\r\n", &[]), [452], "both were taken by somebody");
}

/// RFC 5321 §4.1.1.1: `helo = "HELO" SP Domain CRLF`, which is not answered with extensions; what needs one is not
/// taken (§4.1.1.11).
#[test]
fn behind_helo_there_are_no_parameters() {
    let mut session = Session::new(config(Profile::Relay));
    assert_eq!(session.codes(b"HELO a b\r\n"), [501]);
    assert_eq!(session.codes(b"HELO a SIZE=1\r\n"), [501]);
    assert_eq!(session.codes(b"HELO a\r\n"), [250]);
    for param in ["SIZE=1", "BODY=8BITMIME", "BODY=7BIT", "RET=FULL", "SMTPUTF8", "X=1"] {
        assert_eq!(session.codes(format!("MAIL FROM:<a@b> {param}\r\n").as_bytes()), [555], "{param}");
    }
    assert_eq!(session.codes("MAIL FROM:<ü@b>\r\n".as_bytes()), [553]);
    assert_eq!(session.codes(b"MAIL FROM:<a@b>\r\n"), [250]);
    assert_eq!(session.codes(b"RCPT TO:<c@d> NOTIFY=NEVER\r\n"), [555]);
    assert_eq!(session.codes(b"RCPT TO:<c@d>\r\n"), [250]);

    let mut lenient = config(Profile::Relay);
    lenient.unoffered_parameters = smtp_proto::server::UnofferedParameters::Ignore;
    let mut session = Session::new(lenient);
    session.send(b"HELO a\r\n");
    assert_eq!(session.codes(b"MAIL FROM:<a@b> SIZE=1 SMTPUTF8 BODY=BINARYMIME\r\n"), [250]);
    assert_eq!(session.codes("RCPT TO:<ü@d>\r\n".as_bytes()), [553], "what is ignored changes nothing");
    assert_eq!(session.codes(b"RCPT TO:<c@d> NOTIFY=NEVER\r\n"), [250]);
    assert_eq!(session.codes(b"DATA\r\n"), [354], "nor does BINARYMIME");
}

/// RFC 2920 §3.1 shows both ways.
#[test]
fn data_without_recipients_is_refused_at_once_or_behind_its_end() {
    let group = b"MAIL FROM:<a@b>\r\nRCPT TO:<no@d>\r\nDATA\r\n";
    assert_eq!(session().codes(group), [250, 550, 554]);
    let mut reading = config(Profile::Relay);
    reading.void_data = VoidData::Read;
    for pieces in testkit::splits(b"x\r\n..\r\n.\r\nMAIL FROM:<e@f>\r\n") {
        let mut session = Session::new(reading.clone());
        session.send(b"EHLO a\r\n");
        assert_eq!(session.codes(group), [250, 550, 354]);
        let codes: Vec<_> = pieces.into_iter().flat_map(|piece| session.codes(piece)).collect();
        assert_eq!(codes, [554, 250]);
        assert!(session.messages.is_empty());
    }
    assert_eq!(Session::new(reading.clone()).codes(b"EHLO a\r\nDATA\r\n"), [250, 503], "there is no MAIL");
    reading.profile = Profile::Lmtp;
    let mut session = Session::new(reading);
    session.send(b"LHLO a\r\n");
    assert_eq!(session.codes(group), [250, 550, 503], "RFC 2033 section 4.2");
}

#[test]
fn a_server_that_turns_a_client_away_waits_for_quit() {
    let mut server = Server::new(config(Profile::Relay), 0);
    let mut out = Vec::new();
    server.reply(&reply(554, (5, 7, 1), "Go away"), &mut out).unwrap();
    assert_eq!(out, b"554 5.7.1 Go away\r\n");
    let mut session = Session::ungreeted(config(Profile::Relay));
    session.server = Some(server);
    let input = b"EHLO a\r\nNOOP\r\nBDAT 6\r\nQUIT\r\nQUIT\r\n";
    assert_eq!(session.codes(input), [503, 503, 503, 221], "a chunk is no command");
    assert!(session.is_closed);
}

#[test]
fn replies_must_answer_the_question() {
    let mut server = Server::new(config(Profile::Relay), 0);
    let mut out = Vec::new();
    assert_eq!(server.reply(&reply(354, (2, 0, 0), ""), &mut out), Err(Misuse::Code(354)));
    assert_eq!(server.challenge(b"", &mut out), Err(Misuse::NoQuestion));
    server.accept(&mut out).unwrap();
    assert_eq!(server.accept(&mut out), Err(Misuse::NoQuestion));
    assert_eq!(server.reply(&reply(250, (2, 0, 0), ""), &mut out), Err(Misuse::NoQuestion));
    let Advance::Event { used: 8, event: Event::Hello { .. } } = server.advance(b"EHLO a\r\n", 0, &mut out)
    else {
        panic!()
    };
    assert_eq!(server.advance(b"NOOP\r\n", 0, &mut out), Advance::NeedReply);
    server.reply(&reply(421, (4, 3, 0), "Later"), &mut out).unwrap();
    assert_eq!(server.advance(b"NOOP\r\n", 0, &mut out), Advance::Close);
}

#[test]
fn a_client_that_takes_too_long_is_told_so() {
    let mut server = Server::new(config(Profile::Relay), 100);
    let mut out = Vec::new();
    assert_eq!(server.deadline(), 400);
    server.accept(&mut out).unwrap();
    assert_eq!(server.advance(b"", 100, &mut out), Advance::NeedInput);
    // a line that does not end moves nothing
    assert_eq!(server.advance(b"NOO", 300, &mut out), Advance::NeedInput);
    assert_eq!(server.deadline(), 400);
    assert!(matches!(server.advance(b"NOOP\r\n", 350, &mut out), Advance::Event { used: 6, .. }));
    assert_eq!(server.deadline(), 650);
    out.clear();
    server.expire(&mut out);
    assert_eq!(out, b"421 4.4.2 Timeout, closing\r\n");
    assert_eq!(server.advance(b"NOOP\r\n", 700, &mut out), Advance::Close);
}

#[test]
fn the_clients_time_begins_when_it_is_answered() {
    let mut server = Server::new(config(Profile::Relay), 0);
    let mut out = Vec::new();
    server.accept(&mut out).unwrap();
    assert!(matches!(server.advance(b"EHLO a\r\n", 10, &mut out), Advance::Event { .. }));
    assert_eq!(server.deadline(), 310);
    // a decision that took long
    server.accept(&mut out).unwrap();
    assert_eq!(server.advance(b"", 410, &mut out), Advance::NeedInput);
    assert_eq!(server.deadline(), 710);
    assert_eq!(server.advance(b"NO", 500, &mut out), Advance::NeedInput);
    assert_eq!(server.deadline(), 710);
}

#[test]
fn hosts_may_have_to_be_domains() {
    let mut strict = config(Profile::Relay);
    strict.strict_hello = true;
    let mut session = Session::new(strict);
    assert_eq!(session.codes(b"EHLO under_score\r\n"), [501]);
    assert_eq!(session.codes("EHLO ü.example\r\n".as_bytes()), [501], "RFC 6531 section 3.7.1");
    assert_eq!(session.codes(b"EHLO [IPv6:::1]\r\n"), [250]);
}

#[test]
fn chosen_mechanisms_have_names_of_mechanisms() {
    let config =
        Config::new(Profile::Relay, Name::parse("mx.example").unwrap()).with_mechanisms(["plain", "a b", ""]);
    assert_eq!(config.mechanisms, [Mechanism::new("PLAIN").unwrap()]);
}

/// What depends on how the octets arrive is left out by the harness: early input, dropped octets.
#[test]
fn events_and_replies_are_the_same_for_every_split() {
    let dialogues: [&[u8]; 5] = [
        b"EHLO a\r\nMAIL FROM:<a@b> SIZE=3\r\nRCPT TO:<no@d>\r\nRCPT TO:<c@d>\r\nDATA\r\n..a\r\n.b\r\n\r\n.\r\nQUIT\r\n",
        b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 4\r\na\r\n\rBDAT 3 LAST\r\n\n.\r\nQUIT\r\n",
        b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\na\n.\nb\r\n.\r\n",
        b"EHLO a\r\nAUTH LOGIN\r\ndXNlcg==\r\nc2VjcmV0\r\nX\r\n\r\nBDAT 3\r\nabcRSET\r\nQUIT\r\n",
        b"EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\nMAIL FROM:<>\r\nNO\rOP\r\n",
    ];
    for endings in [LineEndings::Strict, LineEndings::Normalise, LineEndings::Keep] {
        for dialogue in dialogues {
            let run = |pieces: Vec<&[u8]>| {
                let mut config = config(Profile::Relay);
                config.auth_in_clear = true;
                config.line_endings = endings;
                let mut session = Session::new(config);
                let mut replies = String::new();
                for piece in pieces {
                    if !session.is_closed {
                        replies += &session.send(piece);
                    }
                }
                (replies, session.events, session.messages, session.is_closed)
            };
            let whole = run(vec![dialogue]);
            for pieces in testkit::splits(dialogue) {
                assert_eq!(run(pieces), whole);
            }
        }
    }
}
