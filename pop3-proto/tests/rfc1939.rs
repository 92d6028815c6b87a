//! The session of RFC 1939 §10, against both machines. The RFC does not print the messages; they have the sizes that
//! it tells.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use apop::Challenge;
use pop3_proto::{
    Client, Command, Maildrop, Number, Response, Rules, Server,
    client::{self, ClientConfig, Sent, TlsPolicy, Update},
    server::{self, Config, Profile},
};

const GREETING: &str = "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n";
const QUIT: &str = "dewey POP3 server signing off (maildrop empty)";

/// A message of so many octets.
fn message(octets: usize) -> String {
    let start = "Subject: of the example\r\n\r\n.dot\r\n";
    format!("{start}{}\r\n", "x".repeat(octets - start.len() - 2))
}

/// The same as it goes over the wire.
fn on_the_wire(message: &str) -> String {
    format!("{}.\r\n", message.replace("\r\n.", "\r\n.."))
}

/// What the client says, and what the server answers. Where the RFC has "maildrop" or "message 1 deleted" the
/// machine's own words stand; QUIT has those of the RFC, because they are the program's to choose.
fn session() -> Vec<(&'static str, String)> {
    let summary = "+OK 2 messages (320 octets)\r\n";
    vec![
        ("APOP mrose c4c9334bac560ecc979e58001b3e22fb", summary.to_owned()),
        ("STAT", "+OK 2 320\r\n".to_owned()),
        ("LIST", format!("{summary}1 120\r\n2 200\r\n.\r\n")),
        ("RETR 1", format!("+OK 120 octets\r\n{}", on_the_wire(&message(120)))),
        ("DELE 1", "+OK Marked as deleted\r\n".to_owned()),
        ("RETR 2", format!("+OK 200 octets\r\n{}", on_the_wire(&message(200)))),
        ("DELE 2", "+OK Marked as deleted\r\n".to_owned()),
        ("QUIT", format!("+OK {QUIT}\r\n")),
    ]
}

/// Takes what the client has said, and answers it.
fn answer(server: &mut Server, input: &[u8], out: &mut Vec<u8>, deleted: &mut Vec<u32>) {
    let mut input = input;
    while let server::Advance::Event { used, event } = server.advance(input, 0, out) {
        input = &input[used..];
        match event {
            server::Event::Apop { user, digest } => {
                let challenge = Challenge::find(GREETING.as_bytes()).unwrap();
                assert!(user == "mrose" && challenge.verify(b"tanstaaf", digest.as_str().as_bytes()));
                let mut maildrop = Maildrop::new();
                maildrop.add(120, "whqtswO00WBw418f9t5JxYwZ").unwrap();
                maildrop.add(200, "QhdPYR:00WBw1Ph7x7").unwrap();
                server.open(maildrop, out).unwrap();
            }
            server::Event::Retr(number) => {
                server.accept(out).unwrap();
                let octets = if number == Number::FIRST { 120 } else { 200 };
                server.body(message(octets).as_bytes(), out).unwrap();
                server.end_body(out).unwrap();
            }
            server::Event::Commit { deleted: marked } => {
                deleted.extend(marked.into_iter().map(Number::get));
                server.reply(&Response::ok(QUIT), out).unwrap();
            }
            _ => {}
        }
    }
}

fn greeted() -> Server {
    let mut server = Server::new(Config::new(Profile::Pop3), 0);
    let mut out = Vec::new();
    server.greet("POP3 server ready", Some("<1896.697170952@dbc.mtview.ca.us>"), &mut out).unwrap();
    assert_eq!(out, GREETING.as_bytes());
    server
}

#[test]
fn the_server_says_what_the_example_says() {
    let mut server = greeted();
    let mut deleted = Vec::new();
    for (command, expected) in session() {
        let mut out = Vec::new();
        answer(&mut server, format!("{command}\r\n").as_bytes(), &mut out, &mut deleted);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{command}");
    }
    assert_eq!(deleted, [1, 2]);
    assert_eq!(server.advance(b"", 0, &mut Vec::new()), server::Advance::Close);
}

#[test]
fn the_server_says_the_same_to_a_client_that_does_not_wait() {
    let mut server = greeted();
    let (mut out, mut deleted) = (Vec::new(), Vec::new());
    let commands: String = session().iter().map(|(command, _)| format!("{command}\r\n")).collect();
    answer(&mut server, commands.as_bytes(), &mut out, &mut deleted);
    let expected: String = session().into_iter().map(|(_, answer)| answer).collect();
    assert_eq!((String::from_utf8(out).unwrap(), deleted), (expected, vec![1, 2]));
}

#[test]
fn the_client_understands_what_the_example_says() {
    let config = ClientConfig::new(TlsPolicy::None).with_apop_in_clear(true);
    let mut client = Client::new(config, false);
    let mut out = Vec::new();
    let (mut sizes, mut messages) = (Vec::new(), vec![Vec::new(); 2]);
    let mut hear = |client: &mut Client, mut input: &[u8]| {
        let mut now_in = 0;
        while let client::Advance::Event { used, event } = client.advance(input, 0, &mut out).unwrap() {
            input = &input[used..];
            match event {
                client::Event::Greeting(greeting) => {
                    assert_eq!(greeting.text(), &GREETING.as_bytes()[4..GREETING.len() - 2]);
                }
                client::Event::Stat(listing) => assert_eq!((listing.messages, listing.octets), (2, 320)),
                client::Event::Size(listing) => sizes.push((listing.number.get(), listing.octets)),
                client::Event::Response { to: Sent::Retr(number), .. } => now_in = number.index(),
                client::Event::Body(octets) => messages[now_in].extend_from_slice(octets),
                _ => {}
            }
        }
        assert!(input.is_empty());
        String::from_utf8(core::mem::take(&mut out)).unwrap()
    };
    // CAPA, which is younger than the example, is not known to its server
    assert_eq!(hear(&mut client, GREETING.as_bytes()), "CAPA\r\n");
    hear(&mut client, b"-ERR\r\n");
    for (command, answer) in session() {
        let mut written = Vec::new();
        client.send(&Command::parse(command.as_bytes(), &Rules::STRICT).unwrap(), &mut written).unwrap();
        assert_eq!(written, format!("{command}\r\n").as_bytes());
        hear(&mut client, answer.as_bytes());
    }
    assert_eq!(sizes, [(1, 120), (2, 200)]);
    assert_eq!(messages, [message(120).into_bytes(), message(200).into_bytes()]);
    assert_eq!(client.update(), Update::Done);
}
