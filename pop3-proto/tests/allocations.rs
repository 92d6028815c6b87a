//! What reading takes from the heap, and what a whole session takes.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use pop3_proto::{
    Client, Command, DropListing, Maildrop, Number, Response, Rules, ScanListing, Server, UniqueIdListing,
    client::{self, ClientConfig, TlsPolicy},
    server::{self, Config, Profile},
};
use testkit::heap::{Counting, measure};

#[global_allocator]
static HEAP: Counting = Counting;

const MESSAGES: u32 = 1000;

fn read_everything() {
    for rules in [Rules::STRICT, Rules::LOOSE] {
        for line in [
            b"USER a name".as_slice(),
            b"PASS a password",
            b"APOP mrose c4c9334bac560ecc979e58001b3e22fb",
            b"AUTH PLAIN AGEAYg==",
            b"STAT",
            b"LIST 1",
            b"TOP 1 10",
            b"LANG de",
            b"WHAT is this",
        ] {
            assert!(Command::parse(line, &rules).is_ok());
        }
        let response = Response::parse(b"-ERR [SYS/TEMP] later", &rules).unwrap();
        assert!(response.code().is_some() && response.message() == b"later");
        assert!(DropListing::parse(b"2 320", &rules).is_ok());
        assert!(ScanListing::parse(b"2 320", &rules).is_ok());
        assert!(UniqueIdListing::parse(b"2 QhdPYR:00WBw1Ph7x7", &rules).is_ok());
    }
}

/// Hears all of `wire` in pieces of this size; the number of events.
fn hear(client: &mut Client, wire: &[u8], size: usize) -> usize {
    let (mut start, mut end, mut events) = (0, 0, 0);
    // the client has nothing to say meanwhile
    let mut out = Vec::new();
    while start < wire.len() {
        match client.advance(&wire[start..end], 0, &mut out).unwrap() {
            client::Advance::Event { used, .. } => (start, events) = (start + used, events + 1),
            _ => end = (end + size).min(wire.len()),
        }
    }
    events
}

#[test]
fn reading_takes_nothing_from_the_heap_nor_do_listings_and_messages() {
    let (_, usage) = measure(read_everything);
    assert_eq!(usage.allocations, 0, "commands, responses and listings borrow from the line");

    let mut maildrop = Maildrop::new();
    for at in 0..MESSAGES {
        maildrop.add(1000, &format!("{at:024x}")).unwrap();
    }
    let body = b"a line of the message\r\n.and one with a dot\r\n".repeat(1000);
    let mut server = Server::new(Config::new(Profile::Pop3s), 0);
    let mut wire = Vec::with_capacity(1 << 20);
    server.accept(&mut wire).unwrap();
    let say = |server: &mut Server, line: &[u8], wire: &mut Vec<u8>| {
        let mut input = line;
        while let server::Advance::Event { used, .. } = server.advance(input, 0, wire) {
            input = &input[used..];
        }
    };
    say(&mut server, b"USER a\r\n", &mut wire);
    say(&mut server, b"PASS b\r\n", &mut wire);
    server.open(maildrop, &mut wire).unwrap();

    let mut client = Client::new(ClientConfig::new(TlsPolicy::None), true);
    let mut out = Vec::with_capacity(1 << 10);
    hear(&mut client, b"+OK\r\n-ERR\r\n", 100);
    while client.advance(b"", 0, &mut out).unwrap() != client::Advance::NeedCommand {}
    client.send(&Command::parse(b"PASS b", &Rules::STRICT).unwrap(), &mut out).unwrap();
    hear(&mut client, b"+OK\r\n", 100);

    // what the server says to RETR has the number of octets in it, and that is written into a text of its own
    for (line, command, most) in [
        (b"STAT\r\n".as_slice(), Command::Stat, 0),
        (b"LIST\r\n", Command::List(None), 0),
        (b"UIDL\r\n", Command::Uidl(None), 0),
        (b"DELE 1\r\n", Command::Dele(Number::FIRST), 0),
        (b"RETR 2\r\n", Command::Retr(Number::new(2).unwrap()), 2),
    ] {
        wire.clear();
        let (_, usage) = measure(|| {
            say(&mut server, line, &mut wire);
            if let Command::Retr(_) = command {
                server.accept(&mut wire).unwrap();
                for piece in body.chunks(1000) {
                    server.body(piece, &mut wire).unwrap();
                }
                server.end_body(&mut wire).unwrap();
            }
        });
        assert!(usage.allocations <= most, "the server, {command:?}: {usage:?}");
        let (events, usage) = measure(|| {
            client.send(&command, &mut out).unwrap();
            hear(&mut client, &wire, 1000)
        });
        assert!(events > 0);
        assert_eq!(usage.allocations, 0, "the client, {command:?}");
    }
}
