//! The client machine: the handshake, what may be sent when, and what is told.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{Caller, Host, MESSAGES, stuffed, talk};
use pop3_proto::{
    Client, LineEndings, Misuse, ResponseErrorKind, UpgradeError,
    client::{Advance, ClientConfig, Login, LoginError, Means, TlsPolicy, Update, Violation},
    server::{Config, Profile},
};

#[test]
fn the_handshake_starts_tls() {
    let mut caller = Caller::new(ClientConfig::new(TlsPolicy::Required));
    caller.hear(b"+OK hello\r\n").unwrap();
    assert_eq!(caller.sent(), "CAPA\r\n");
    caller.hear(b"+OK\r\nSTLS\r\nUSER\r\n.\r\n").unwrap();
    assert_eq!(caller.sent(), "STLS\r\n");
    caller.hear(b"+OK\r\n").unwrap();
    assert_eq!(caller.next(), "StartTls");
    assert_eq!(caller.client.clone().upgrade(b"+OK\r\n").unwrap_err(), UpgradeError::Injected { octets: 5 });
    caller.client = caller.client.clone().upgrade(b"").unwrap();
    assert!(!caller.client.capabilities().has("USER"), "what was offered before TLS is forgotten");
    assert_eq!(caller.next(), "NeedInput");
    assert_eq!(caller.sent(), "CAPA\r\n");
    caller.hear(b"+OK\r\nUSER\r\n.\r\n").unwrap();
    assert_eq!(caller.told().last().unwrap(), "Ready");
    assert_eq!(caller.sends("USER a"), "USER a\r\n");
    assert_eq!(
        Client::new(ClientConfig::new(TlsPolicy::None), false).upgrade(b"").unwrap_err(),
        UpgradeError::NotAgreed
    );
}

#[test]
fn without_tls_nothing_is_sent_where_it_is_required() {
    for offer in ["+OK\r\nUSER\r\n.\r\n", "-ERR\r\n"] {
        let mut caller = Caller::new(ClientConfig::new(TlsPolicy::Required));
        caller.hear(b"+OK hello\r\n").unwrap();
        caller.sent();
        assert_eq!(caller.hear(offer.as_bytes()), Err(Violation::NoTls));
        assert_eq!((caller.sent(), caller.next()), (String::new(), "Close".to_owned()));
    }
    let mut caller = Caller::new(ClientConfig::new(TlsPolicy::Required));
    caller.hear(b"+OK\r\n+OK\r\nSTLS\r\n.\r\n").unwrap();
    assert_eq!(caller.hear(b"-ERR not now\r\n"), Err(Violation::TlsRefused));
    let mut caller = Caller::new(ClientConfig::new(TlsPolicy::Opportunistic));
    caller.hear(b"+OK\r\n+OK\r\nSTLS\r\n.\r\n-ERR not now\r\n").unwrap();
    assert_eq!(caller.told().last().unwrap(), "Ready");
    assert_eq!(caller.send("PASS secret"), Err(Misuse::InClear));
}

#[test]
fn secrets_do_not_go_out_in_clear() {
    let mut caller = Caller::new(ClientConfig::new(TlsPolicy::None));
    caller.hear(b"+OK <1.2@host>\r\n+OK\r\nSASL PLAIN SCRAM-SHA-256\r\n.\r\n").unwrap();
    caller.sent();
    for command in ["PASS x", "APOP a b", "AUTH PLAIN", "AUTH xoauth2 x"] {
        assert_eq!(caller.send(command), Err(Misuse::InClear), "{command}");
    }
    assert_eq!(caller.sent(), "");
    assert_eq!(caller.sends("AUTH SCRAM-SHA-256"), "AUTH SCRAM-SHA-256\r\n");
}

#[test]
fn the_strongest_login_is_chosen() {
    let all = Means { mechanisms: &["SCRAM-SHA-256", "PLAIN"], apop: true, password: true };
    let choose = |tls: bool, offer: &str, means: &Means<'static>| {
        let mut caller = Caller::new(ClientConfig::new(TlsPolicy::None));
        caller.client = Client::new(ClientConfig::new(TlsPolicy::None), tls);
        caller.hear(format!("+OK\r\n{offer}").as_bytes()).unwrap();
        caller.client.choose_login(means)
    };
    let full = "+OK\r\nUSER\r\nSASL PLAIN SCRAM-SHA-256\r\n.\r\n";
    assert_eq!(choose(true, full, &all), Ok(Login::Sasl("SCRAM-SHA-256")));
    assert_eq!(choose(false, full, &all), Ok(Login::Sasl("SCRAM-SHA-256")));
    let plain = "+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n";
    assert_eq!(choose(true, plain, &all), Ok(Login::Apop));
    assert_eq!(choose(false, plain, &all), Err(LoginError::NeedsTls));
    assert_eq!(choose(true, plain, &Means { apop: false, ..all }), Ok(Login::Sasl("PLAIN")));
    let user = "+OK\r\nUSER\r\n.\r\n";
    assert_eq!(choose(true, user, &Means { apop: false, ..all }), Ok(Login::UserPass));
    assert_eq!(choose(true, "-ERR\r\n", &Means { apop: false, ..all }), Ok(Login::UserPass));
    assert_eq!(
        choose(true, "+OK\r\nTOP\r\n.\r\n", &Means { apop: false, ..all }),
        Err(LoginError::NothingInCommon)
    );
}

#[test]
fn challenges_are_answered_or_cancelled() {
    let mut caller = Caller::in_clear();
    caller.hear(b"+OK\r\n-ERR\r\n").unwrap();
    caller.sent();
    caller.told();
    caller.sends("AUTH PLAIN");
    caller.hear(b"+\r\n").unwrap();
    assert_eq!(caller.told(), ["Challenge(Some([redacted]))"]);
    assert_eq!(caller.next(), "NeedCommand");
    caller.client.respond(b"\0a\0b", &mut caller.out).unwrap();
    assert_eq!(caller.sent(), "AGEAYg==\r\n");
    caller.hear(b"+ no base64\r\n").unwrap();
    assert_eq!(caller.told(), ["Challenge(None)"]);
    assert_eq!(caller.client.respond(b"", &mut caller.out), Err(Misuse::Answer));
    caller.client.cancel(&mut caller.out).unwrap();
    assert_eq!(caller.sent(), "*\r\n");
    caller.hear(b"-ERR cancelled\r\n").unwrap();
    assert_eq!(caller.told(), ["Response { to: Auth, response: Response(-ERR cancelled) }"]);
    assert!(!caller.client.is_logged_in());
    assert_eq!(caller.client.cancel(&mut caller.out), Err(Misuse::NoQuestion));
}

#[test]
fn commands_have_their_state_and_length() {
    let mut caller = Caller::in_clear();
    assert_eq!(caller.send("USER a"), Err(Misuse::NotNow), "before the greeting");
    caller.hear(b"+OK\r\n-ERR\r\n").unwrap();
    assert_eq!(caller.send("STAT"), Err(Misuse::NotNow));
    assert_eq!(caller.send("STLS"), Err(Misuse::NotNow));
    let long = format!("AUTH PLAIN {}", "A".repeat(248));
    assert_eq!(caller.send(&long), Err(Misuse::LineTooLong { limit: 255 }));
    caller.sent();
    caller.sends("USER a");
    assert_eq!(caller.send("PASS b"), Err(Misuse::NotNow), "without PIPELINING");
    let mut caller = Caller::logged_in("");
    assert_eq!(caller.send("USER a"), Err(Misuse::NotNow));
    caller.sends("QUIT");
    assert_eq!(caller.send("NOOP"), Err(Misuse::NotNow));
    caller.hear(b"+OK\r\n").unwrap();
    assert_eq!(caller.send("NOOP"), Err(Misuse::Closed));
}

#[test]
fn several_commands_wait_where_that_is_offered() {
    let mut caller = Caller::logged_in("PIPELINING\r\n");
    for command in ["STAT", "LIST", "RETR 1", "UIDL 1", "DELE 1", "QUIT"] {
        caller.sends(command);
    }
    assert_eq!(caller.client.update(), Update::Unknown);
    caller
        .hear(b"+OK 1 9\r\n+OK\r\n1 9\r\n.\r\n+OK\r\n..x\r\n.\r\n+OK 1 abc\r\n-ERR [SYS/TEMP] no\r\n+OK bye\r\n")
        .unwrap();
    assert_eq!(
        caller.told(),
        [
            "Stat(DropListing { messages: 1, octets: 9 })",
            "Response { to: List(None), response: Response(+OK) }",
            "Size(ScanListing { number: 1, octets: 9 })",
            "End(List(None))",
            "Response { to: Retr(1), response: Response(+OK) }",
            "End(Retr(1))",
            "UniqueId(UniqueIdListing { number: 1, unique_id: abc })",
            "Response { to: Dele(1), response: Response(-ERR [SYS/TEMP] no) }",
            "Response { to: Quit, response: Response(+OK bye) }",
        ]
    );
    assert_eq!(caller.body, b".x\r\n");
    assert_eq!((caller.client.update(), caller.next()), (Update::Done, "Close".to_owned()));
}

#[test]
fn the_outcome_of_quit_is_known() {
    let mut caller = Caller::logged_in("");
    assert_eq!(caller.client.update(), Update::NotAsked);
    caller.sends("QUIT");
    assert_eq!(caller.client.update(), Update::Unknown);
    caller.hear(b"-ERR some deleted messages not removed\r\n").unwrap();
    assert_eq!(caller.client.update(), Update::Failed);
}

#[test]
fn messages_come_whole_at_every_split() {
    for message in MESSAGES.into_iter().chain([b"".as_slice(), b"a\n.\nb\r\n", b"\xff\x00\r\n.\r\r\n"]) {
        let wire = [b"+OK\r\n", stuffed(message, LineEndings::Keep).as_slice()].concat();
        for pieces in testkit::splits(&wire) {
            let mut caller = Caller::logged_in("");
            caller.sends("RETR 1");
            pieces.into_iter().for_each(|piece| caller.hear(piece).unwrap());
            assert_eq!(caller.body, message);
            assert_eq!(caller.told().last().unwrap(), "End(Retr(1))");
        }
    }
}

#[test]
fn lines_are_counted_also_where_nothing_is_kept_of_them() {
    let limited = || {
        let mut config = ClientConfig::new(TlsPolicy::None).with_password_in_clear(true);
        config.limits.lines = 2;
        Caller::new(config)
    };
    let too_many = Err(Violation::TooManyLines { limit: 2 });
    assert_eq!(limited().hear(b"+OK\r\n+OK\r\n\r\n\xff\r\n\r\n"), too_many);
    for command in ["CAPA", "LIST", "UIDL"] {
        let mut caller = limited();
        caller.hear(b"+OK\r\n+OK\r\n\r\n\r\n.\r\n").unwrap();
        caller.sends("PASS secret");
        caller.hear(b"+OK\r\n").unwrap();
        caller.sends(command);
        caller.hear(b"+OK\r\n1 1\r\n2 2\r\n").unwrap();
        assert_eq!(caller.hear(b"3 3\r\n"), too_many, "{command}");
    }
}

#[test]
fn dots_are_taken_off_capabilities_once() {
    let mut caller = Caller::logged_in("...A\r\n..B\r\n");
    assert!(caller.client.capabilities().iter().eq([("..A", ""), (".B", "")]));
    caller.sends("CAPA");
    caller.hear(b"+OK\r\n...A\r\n..B\r\n.\r\n").unwrap();
    assert!(caller.client.capabilities().iter().eq([("..A", ""), (".B", "")]));
}

#[test]
fn odd_servers_are_understood_and_broken_ones_are_not() {
    let mut caller = Caller::logged_in("");
    caller.sends("UIDL");
    caller.hear(b"+ok\r\n1   a \r\n2 b\xff\r\n.\r\n").unwrap();
    assert_eq!(caller.told().len(), 4);
    caller.sends("CAPA");
    caller.hear(b"+OK\r\n\r\n  \r\nTOP \r\n\xff\r\n.\r\n").unwrap();
    assert!(caller.client.capabilities().iter().eq([("TOP", "")]));
    for (command, answer, kind) in [
        ("STAT", "+OK none\r\n", ResponseErrorKind::Number),
        ("LIST", "+OK\r\n1\r\n", ResponseErrorKind::Space),
        ("LIST 1", "+OK 1 x\r\n", ResponseErrorKind::Number),
        ("UIDL", "+OK\r\n1 \r\n", ResponseErrorKind::NoUniqueId),
        ("UIDL", "+OK\r\n0 a\r\n", ResponseErrorKind::Number),
        ("NOOP", "250 OK\r\n", ResponseErrorKind::Status),
        ("LANG", "+OK\r\n\r\n", ResponseErrorKind::Empty),
    ] {
        let mut caller = Caller::logged_in("");
        caller.sends(command);
        match caller.hear(answer.as_bytes()) {
            Err(Violation::Response(error)) => assert_eq!(error.kind, kind, "{command}"),
            other => panic!("{command}: {other:?}"),
        }
        assert_eq!(caller.next(), "Close");
    }
    assert_eq!(Caller::logged_in("").hear(b"+OK\r\n"), Err(Violation::Unasked));
    let long = vec![b'x'; 3000];
    assert_eq!(Caller::logged_in("").hear(&long), Err(Violation::LineTooLong { limit: 2048 }));
}

#[test]
fn the_server_has_its_time() {
    let mut client = Client::new(ClientConfig::new(TlsPolicy::None), false);
    assert_eq!(client.deadline(), None);
    assert_eq!(client.advance(b"", 100, &mut Vec::new()), Ok(Advance::NeedInput));
    client.advance(b"+O", 200, &mut Vec::new()).unwrap();
    assert_eq!(client.deadline(), Some(400));
}

#[test]
fn both_machines_understand_each_other() {
    let mut config = Config::new(Profile::Pop3);
    config.login_in_clear = true;
    let mut host = Host::new(config, &MESSAGES);
    let mut caller = Caller::in_clear();
    talk(&mut caller, &mut host);
    assert_eq!(caller.told().last().unwrap(), "Ready");
    for command in
        ["USER alice", "PASS secret", "STAT", "LIST", "UIDL", "RETR 1", "TOP 2 0", "DELE 1", "CAPA"]
    {
        caller.send(command).unwrap();
        talk(&mut caller, &mut host);
    }
    assert_eq!(caller.body, [MESSAGES[0], b"Subject: two\r\n\r\n"].concat());
    caller.send("QUIT").unwrap();
    talk(&mut caller, &mut host);
    assert_eq!((caller.client.update(), host.committed), (Update::Done, Some(vec![1])));
}
