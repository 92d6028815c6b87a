//! The server machine: which command may come when, and what becomes of the session.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Host, MESSAGES, stuffed};
use pop3_proto::{
    LineEndings, Maildrop, Misuse, Number, Response, Server, UpgradeError,
    server::{Advance, BodyPiece, Config, Event, Flow, Language, Profile, Utf8},
};

fn tls() -> Config {
    Config::new(Profile::Pop3s)
}

fn clear() -> Config {
    let mut config = Config::new(Profile::Pop3).with_mechanisms(["PLAIN", "SCRAM-SHA-256"]);
    config.stls = true;
    config
}

/// Whether the first line is +OK.
fn is_ok(response: &str) -> bool {
    response.starts_with("+OK")
}

#[test]
fn every_command_has_its_state() {
    //             (command, AUTHORIZATION, TRANSACTION)
    let commands = [
        ("USER alice", true, false),
        ("PASS secret", false, false),
        ("APOP mrose c4c9334bac560ecc979e58001b3e22fb", true, false),
        ("AUTH PLAIN AGFsaWNlAHNlY3JldA==", true, false),
        ("STLS", false, false),
        ("CAPA", true, true),
        ("STAT", false, true),
        ("LIST", false, true),
        ("LIST 1", false, true),
        ("UIDL", false, true),
        ("UIDL 1", false, true),
        ("RETR 1", false, true),
        ("TOP 1 0", false, true),
        ("DELE 1", false, true),
        ("NOOP", false, true),
        ("RSET", false, true),
        ("UTF8", true, false),
        ("LANG", true, true),
        ("LANG en", true, true),
        ("QUIT", true, true),
        ("XTND", false, false),
    ];
    let mut config = tls().with_mechanisms(["PLAIN"]);
    config.utf8 = Utf8::Messages;
    config.languages.push(Language::new("en", "English").unwrap());
    for (command, before, after) in commands {
        let mut host = Host::new(config.clone(), &MESSAGES);
        host.out.clear();
        assert_eq!(is_ok(&host.says(&format!("{command}\r\n"))), before, "{command} before a login");
        let mut host = Host::new(config.clone(), &MESSAGES);
        host.says("USER alice\r\nPASS secret\r\n");
        assert_eq!(is_ok(&host.says(&format!("{command}\r\n"))), after, "{command} after a login");
    }
}

#[test]
fn pass_follows_user_immediately() {
    let mut host = Host::new(tls(), &MESSAGES);
    let responses = host.says("USER alice\r\nCAPA\r\nPASS secret\r\n");
    assert_eq!(responses.lines().last(), Some("-ERR Command not in its place"));
    assert_eq!(
        host.events.last().unwrap(),
        "Refused { cause: Sequence, response: Response(-ERR Command not in its place) }"
    );
    assert!(!host.is_closed);
    assert_eq!(host.says("USER alice\r\nPASS wrong\r\n"), "+OK Send PASS\r\n-ERR [AUTH] Login failed\r\n");
    assert_eq!(host.says("PASS secret\r\n"), "-ERR Command not in its place\r\n", "the USER is spent");
}

#[test]
fn passwords_need_tls_unless_told_otherwise() {
    let mut host = Host::new(clear(), &MESSAGES);
    host.out.clear();
    assert_eq!(host.says("USER alice\r\n"), "-ERR [AUTH] Say STLS first\r\n");
    assert_eq!(host.says("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"), "-ERR [AUTH] Say STLS first\r\n");
    let offer = host.says("CAPA\r\n");
    assert!(offer.contains("\r\nSTLS\r\n") && !offer.contains("USER") && !offer.contains("SASL"), "{offer}");
    let mut config = clear();
    config.login_in_clear = true;
    let mut host = Host::new(config, &MESSAGES);
    host.out.clear();
    assert!(host.says("CAPA\r\n").contains("\r\nUSER\r\nSTLS\r\nSASL PLAIN SCRAM-SHA-256\r\n"));
    assert!(is_ok(&host.says("AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")));
}

#[test]
fn stls_starts_again_under_tls() {
    let mut host = Host::new(clear(), &MESSAGES);
    host.says("");
    assert_eq!(host.says("STLS\r\n"), "+OK Begin TLS negotiation\r\n");
    assert_eq!(host.server.advance(b"", 0, &mut Vec::new()), Advance::StartTls);
    host.server = host.server.clone().upgrade(b"", 0).unwrap();
    assert!(host.server.is_tls());
    let offer = host.says("CAPA\r\n");
    assert!(!offer.contains("STLS") && offer.contains("\r\nUSER\r\n"), "{offer}");
    assert_eq!(host.says("STLS\r\n"), "-ERR Command not offered\r\n");
    assert_eq!(host.says("USER alice\r\nPASS secret\r\n"), "+OK Send PASS\r\n+OK 2 messages (51 octets)\r\n");
    assert_eq!(host.says("STLS\r\n"), "-ERR Command not in its place\r\n");
}

#[test]
fn octets_behind_stls_end_the_session() {
    let mut host = Host::new(clear(), &MESSAGES);
    host.says("");
    assert_eq!(host.says("STLS\r\nUSER eve\r\n"), "-ERR Nothing may follow STLS, closing\r\n");
    assert!(host.is_closed);
    let mut host = Host::new(clear(), &MESSAGES);
    host.says("STLS\r\n");
    let server = host.server;
    assert_eq!(server.clone().upgrade(b"NOOP", 0).unwrap_err(), UpgradeError::Injected { octets: 4 });
    assert!(server.upgrade(b"", 0).is_ok());
    assert_eq!(Server::new(clear(), 0).upgrade(b"", 0).unwrap_err(), UpgradeError::NotAgreed);
}

#[test]
fn stls_may_not_follow_utf8() {
    let mut config = clear();
    config.utf8 = Utf8::Messages;
    let mut host = Host::new(config, &MESSAGES);
    host.says("");
    assert_eq!(host.says("UTF8\r\nSTLS\r\n"), "+OK UTF-8 from now on\r\n-ERR Command not in its place\r\n");
    assert!(host.server.is_utf8());
}

#[test]
fn sasl_goes_back_and_forth() {
    let mut host = Host::new(tls().with_mechanisms(["PLAIN"]), &MESSAGES);
    host.says("");
    assert_eq!(host.says("AUTH PLAIN\r\n"), "+ Z28gb24=\r\n");
    assert_eq!(host.says("*\r\n"), "-ERR Authentication cancelled\r\n");
    assert_eq!(host.says("AUTH PLAIN =\r\n"), "-ERR [AUTH] Login failed\r\n");
    assert_eq!(host.says("AUTH PLAIN =AAA\r\n"), "-ERR Not base64\r\n");
    assert_eq!(host.says("AUTH LOGIN\r\n"), "-ERR Mechanism not offered\r\n");
    assert_eq!(host.says("auth plain\r\n"), "+ Z28gb24=\r\n");
    let response = "AGFsaWNlAHNlY3JldA==\r\n";
    assert_eq!(host.says(response), "+OK 2 messages (51 octets)\r\n");
    assert_eq!(host.says("AUTH PLAIN =\r\n"), "-ERR Command not in its place\r\n", "RFC 5034 section 4");
}

#[test]
fn apop_needs_a_challenge() {
    let mut server = Server::new(tls(), 0);
    let mut out = Vec::new();
    assert_eq!(server.greet("hello <", None, &mut out), Err(Misuse::Answer));
    assert_eq!(server.greet("hello", Some("1.2@host"), &mut out), Err(Misuse::Answer));
    server.accept(&mut out).unwrap();
    assert_eq!(server.greet("hello", None, &mut out), Err(Misuse::NoQuestion));
    let advance = server.advance(b"APOP mrose c4c9\r\n", 0, &mut out);
    assert!(matches!(advance, Advance::Event { used: 17, event: Event::Refused { .. } }), "{advance:?}");
    assert_eq!(out, b"+OK POP3 server ready\r\n-ERR Command not offered\r\n");
}

#[test]
fn only_quit_after_a_login_deletes() {
    let mut host = Host::logged_in(&MESSAGES);
    assert_eq!(
        host.says("DELE 1\r\nDELE 1\r\nSTAT\r\n"),
        "+OK Marked as deleted\r\n-ERR No such message\r\n+OK 1 22\r\n"
    );
    assert_eq!(host.says("LIST\r\n"), "+OK 1 messages (22 octets)\r\n2 22\r\n.\r\n");
    assert_eq!(host.says("RETR 1\r\nUIDL 1\r\n"), "-ERR No such message\r\n-ERR No such message\r\n");
    assert_eq!(host.says("RSET\r\n"), "+OK 2 messages (51 octets)\r\n");
    assert_eq!(host.says("DELE 2\r\nQUIT\r\n"), "+OK Marked as deleted\r\n+OK Bye\r\n");
    assert_eq!((host.committed.as_deref(), host.is_closed), (Some([2].as_slice()), true));

    let mut host = Host::logged_in(&MESSAGES);
    host.says("DELE 2\r\n");
    host.server.expire();
    assert_eq!(host.says("QUIT\r\n"), "");
    assert_eq!((host.committed, host.is_closed), (None, true));

    let mut host = Host::new(tls(), &MESSAGES);
    assert!(host.says("QUIT\r\n").ends_with("+OK Bye\r\n"));
    assert_eq!((host.committed, host.is_closed), (None, true));
}

#[test]
fn an_update_can_fail() {
    let mut host = Host::logged_in(&MESSAGES);
    let mut out = Vec::new();
    let advance = host.server.advance(b"QUIT\r\n", 0, &mut out);
    assert_eq!(advance, Advance::Event { used: 6, event: Event::Commit { deleted: vec![] } });
    assert_eq!(host.server.advance(b"", 0, &mut out), Advance::NeedReply);
    host.server.refuse(&mut out).unwrap();
    assert_eq!(out, b"-ERR [SYS/TEMP] Not all of the marked messages are deleted\r\n");
    assert_eq!(host.server.advance(b"", 0, &mut out), Advance::Close);
}

#[test]
fn messages_go_out_with_dots_and_whole_lines() {
    for message in [
        b"".as_slice(),
        b".",
        b"..",
        b".\r\n",
        b"\r\n.\r\n",
        b"a\r\n.b\r\n..c\r\n",
        b"no end",
        b"\xff\x00\x80 \xe9\r\n",
        b"lf\n.dot\n\ncr\rx\r\r\n.\n",
        b"\r",
    ] {
        for endings in [LineEndings::Normalise, LineEndings::Keep] {
            for pieces in testkit::splits(message) {
                let mut host = Host::logged_in(&[message]);
                let mut config = tls();
                config.body_line_endings = endings;
                let mut server = Server::new(config, 0);
                let mut out = Vec::new();
                server.accept(&mut out).unwrap();
                server.advance(b"USER a\r\n", 0, &mut out);
                server.advance(b"PASS b\r\n", 0, &mut out);
                server.open(host.maildrop(), &mut out).unwrap();
                server.advance(b"RETR 1\r\n", 0, &mut out);
                server.accept(&mut out).unwrap();
                out.clear();
                let mut copying = server.clone();
                for piece in &pieces {
                    assert_eq!(copying.body(piece, &mut out), Ok(Flow::More));
                }
                copying.end_body(&mut out).unwrap();
                assert_eq!(out, stuffed(message, endings), "{}", message.escape_ascii());
                out.clear();
                for mut piece in pieces {
                    while !piece.is_empty() {
                        let sent = server.body_piece(piece).unwrap();
                        assert!(sent.used > 0 || !sent.octets.is_empty());
                        out.extend_from_slice(sent.octets);
                        piece = &piece[sent.used..];
                    }
                }
                server.end_body(&mut out).unwrap();
                assert_eq!(out, stuffed(message, endings), "{}", message.escape_ascii());
                host.out.clear();
            }
        }
    }
}

#[test]
fn a_refused_line_end_in_a_message_ends_the_session() {
    let mut config = tls();
    config.body_line_endings = LineEndings::Strict;
    let mut server = Server::new(config, 0);
    let mut out = Vec::new();
    server.accept(&mut out).unwrap();
    server.advance(b"USER a\r\n", 0, &mut out);
    server.advance(b"PASS b\r\n", 0, &mut out);
    let mut maildrop = Maildrop::new();
    maildrop.add(3, "a").unwrap();
    server.open(maildrop, &mut out).unwrap();
    server.advance(b"RETR 1\r\n", 0, &mut out);
    server.accept(&mut out).unwrap();
    assert_eq!(server.body(b"ab\nc", &mut out), Err(Misuse::LineEnd { at: 2 }));
    assert_eq!(server.advance(b"", 0, &mut out), Advance::Close);
}

#[test]
fn top_stops_behind_its_lines() {
    let mut host = Host::logged_in(&MESSAGES);
    assert_eq!(host.says("TOP 1 0\r\n"), "+OK Lines follow\r\nSubject: one\r\n\r\n.\r\n");
    assert_eq!(host.says("TOP 1 1\r\n"), "+OK Lines follow\r\nSubject: one\r\n\r\n..dot\r\n.\r\n");
    assert_eq!(host.says("TOP 2 99\r\n"), "+OK Lines follow\r\nSubject: two\r\n\r\nbody\r\n.\r\n");
    host.server.advance(b"TOP 1 0\r\n", 0, &mut Vec::new());
    host.server.accept(&mut Vec::new()).unwrap();
    let piece = |octets, used, flow| Ok(BodyPiece { octets, used, flow });
    assert_eq!(host.server.body_piece(b"A: 1\n\none\n"), piece(b"A: 1", 4, Flow::More));
    assert_eq!(host.server.body_piece(b"\n\none\n"), piece(b"\r\n", 1, Flow::More));
    assert_eq!(host.server.body_piece(b"\none\n"), piece(b"\r\n", 1, Flow::Enough));
    assert_eq!(host.server.body_piece(b"one\n"), piece(b"", 0, Flow::Enough));
    assert_eq!(host.server.body(b"one\n", &mut Vec::new()), Ok(Flow::Enough));
}

#[test]
fn long_listings_are_written_in_parts() {
    let mut config = tls();
    config.limits.listing = 10;
    let messages: Vec<&[u8]> = vec![b"x"; 20];
    let mut host = Host::new(config, &messages);
    host.says("USER alice\r\nPASS secret\r\n");
    host.events.clear();
    let listing = host.says("LIST\r\n");
    let expected: String = (1..=20).map(|number| format!("{number} 1\r\n")).collect();
    assert_eq!(listing, format!("+OK 20 messages (20 octets)\r\n{expected}.\r\n"));
    assert!(host.events.iter().filter(|event| *event == "Listing").count() > 5);
    let ids: String = (0..20).map(|at| format!("{} id{at}\r\n", at + 1)).collect();
    assert_eq!(host.says("UIDL\r\n"), format!("+OK Unique ids follow\r\n{ids}.\r\n"));
}

#[test]
fn languages_are_matched_by_range() {
    let mut config = tls();
    for (tag, description) in [("es", "Espanol"), ("en-boont", "English Boontling dialect")] {
        config.languages.push(Language::new(tag, description).unwrap());
    }
    let mut host = Host::new(config, &MESSAGES);
    host.says("");
    assert_eq!(
        host.says("LANG\r\n"),
        "+OK Language list follows\r\nes Espanol\r\nen-boont English Boontling dialect\r\n.\r\n"
    );
    assert_eq!(host.says("LANG EN\r\n"), "+OK en-boont English Boontling dialect\r\n");
    assert_eq!(host.says("LANG *\r\n"), "+OK es Espanol\r\n");
    assert_eq!(host.says("LANG e\r\n"), "-ERR No such language\r\n");
}

#[test]
fn limits_end_sessions() {
    let mut host = Host::logged_in(&MESSAGES);
    let long = format!("NOOP{}\r\n", " ".repeat(250));
    assert_eq!(long.len(), 256);
    assert_eq!(host.says(&long), "-ERR Line too long\r\n");
    assert_eq!(host.says("NOOP\r\n"), "+OK\r\n", "what follows a long line is read");
    let responses = host.says(&"XXXX\r\n".repeat(30));
    assert_eq!((responses.lines().count(), host.is_closed), (19, true), "one was refused before");

    let mut host = Host::new(tls(), &MESSAGES);
    host.says("");
    let responses = host.says(&"USER alice\r\nPASS wrong\r\n".repeat(5));
    assert_eq!((responses.lines().count(), host.is_closed), (6, true));

    let mut config = tls();
    config.limits.commands = 2;
    let mut host = Host::new(config, &MESSAGES);
    host.says("");
    assert_eq!(
        host.says("CAPA\r\nCAPA\r\nCAPA\r\n").lines().last(),
        Some("-ERR [SYS/TEMP] Too many commands, closing")
    );
    assert!(host.is_closed);
}

#[test]
fn what_the_server_cannot_do_is_no_error_of_the_client() {
    let mut host = Host::logged_in(&MESSAGES);
    let mut out = Vec::new();
    for _ in 0..100 {
        host.server.advance(b"RETR 1\r\n", 0, &mut out);
        host.server.refuse(&mut out).unwrap();
    }
    assert!(out.ends_with(b"\r\n-ERR [SYS/TEMP] The message cannot be had now\r\n"));
    assert_eq!(host.says("NOOP\r\n"), "+OK\r\n");
}

#[test]
fn bare_line_ends_in_commands_end_the_session() {
    let mut host = Host::logged_in(&MESSAGES);
    assert_eq!(host.says("NOOP\nQUIT\r\n"), "-ERR Lines must end in CRLF, closing\r\n");
    assert!(host.is_closed);
    assert_eq!(host.committed, None);
}

#[test]
fn every_split_gives_the_same_session() {
    let input = b"CAPA\r\nUSER alice\r\nPASS secret\r\nSTAT\r\nLIST\r\nUIDL 2\r\nRETR 1\r\nTOP 2 1\r\nDELE 2\r\nBAD\r\nQUIT\r\n";
    let mut results = testkit::splits(input).map(|pieces| {
        let mut host = Host::new(tls(), &MESSAGES);
        pieces.into_iter().for_each(|piece| host.hear(piece));
        (host.out, host.events, host.committed)
    });
    let whole = results.next().unwrap();
    assert_eq!(whole.2, Some(vec![2]));
    assert!(results.all(|result| result == whole));
}

#[test]
fn deadlines_move_with_the_client() {
    let mut server = Server::new(tls(), 100);
    let mut out = Vec::new();
    assert_eq!(server.deadline(), 700);
    server.accept(&mut out).unwrap();
    server.advance(b"", 150, &mut out);
    assert_eq!(server.deadline(), 750);
    server.advance(b"CAP", 200, &mut out);
    assert_eq!(server.deadline(), 750, "a piece of a command is none");
    server.advance(b"CAPA\r\n", 300, &mut out);
    assert_eq!(server.deadline(), 900);
}

#[test]
fn wrong_answers_change_nothing() {
    let mut server = Server::new(tls(), 0);
    let mut out = Vec::new();
    assert_eq!(server.open(Maildrop::new(), &mut out), Err(Misuse::NoQuestion));
    assert_eq!(server.body(b"", &mut out), Err(Misuse::NoQuestion));
    server.accept(&mut out).unwrap();
    assert_eq!(server.accept(&mut out), Err(Misuse::NoQuestion));
    server.advance(b"USER a\r\n", 0, &mut out);
    server.advance(b"PASS b\r\n", 0, &mut out);
    assert_eq!(server.accept(&mut out), Err(Misuse::Answer));
    assert_eq!(server.reply(&Response::ok("in"), &mut out), Err(Misuse::Answer));
    assert_eq!(server.challenge(b"", &mut out), Err(Misuse::NoQuestion));
    server.open(Maildrop::new(), &mut out).unwrap();
    assert_eq!(server.end_body(&mut out), Err(Misuse::NoQuestion));
    assert!(server.maildrop().is_some_and(|maildrop| maildrop.size(Number::FIRST).is_none()));
}
