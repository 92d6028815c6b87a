//! What reading, and what a whole session takes from the heap.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use smtp_proto::{
    Client, Command, Envelope, Host, Mail, Name, Path, Rcpt, ReplyReader, Rules, Server, Transaction, Word,
    client::{self, ClientConfig, TlsPolicy},
    server::{self, Config, Profile},
    transaction,
};
use std::sync::Arc;
use testkit::heap::{Counting, measure};

#[global_allocator]
static HEAP: Counting = Counting;

fn serve(server: &mut Server, input: &mut Vec<u8>, out: &mut Vec<u8>) {
    loop {
        match server.advance(input, 0, out) {
            server::Advance::Event { used, .. } => drop(input.drain(..used)),
            server::Advance::NeedReply => server.accept(out).unwrap(),
            _ => return,
        }
    }
}

#[test]
fn reading_takes_nothing_and_a_session_less_than_twenty_allocations() {
    let (_, usage) = measure(|| {
        for line in [
            "EHLO a.example",
            "MAIL FROM:<a@b> SIZE=1 BODY=8BITMIME ENVID=x+2B AUTH=a@b X=1",
            "RCPT TO:<\"a b\"@[IPv6:::1]> NOTIFY=SUCCESS ORCPT=rfc822;a@b",
            "BDAT 1 LAST",
            "AUTH PLAIN AGEAYg==",
            "WHAT is this",
        ] {
            assert!(Command::parse(line.as_bytes(), &Rules::STRICT).is_ok());
        }
        let mut reader = ReplyReader::new(smtp_proto::LineEndings::Strict, 512, 4096);
        let (reply, _) = reader.read(b"250-2.1.0 a\r\n250 2.1.0 b\r\n").unwrap().unwrap();
        assert!(reply.enhanced().is_some());
    });
    assert_eq!(usage.allocations, 0);

    let server_config = Arc::new(Config::new(Profile::Relay, Name::parse("mx.example").unwrap()));
    let host = Host::new(Word::new("client.example").unwrap());
    let client_config = Arc::new(ClientConfig::new(host).with_tls(TlsPolicy::None));
    let path = |text| Path::parse(text, &Rules::STRICT).unwrap();
    let envelope = Envelope::new(Mail::from(path("<a@client.example>")).unwrap())
        .to(Rcpt::to(path("<one@mx.example>")).unwrap())
        .to(Rcpt::to(path("<two@mx.example>")).unwrap())
        .to(Rcpt::to(path("<three@mx.example>")).unwrap());
    let body = b"a line of the message\r\n".repeat(450);
    // the buffers are the caller's
    let (mut to_server, mut to_client) = (Vec::with_capacity(1 << 16), Vec::with_capacity(1 << 12));
    let (_, usage) = measure(|| {
        let mut server = Server::new(server_config, 0);
        let mut client = Client::new(client_config, false);
        loop {
            match client.advance(&to_client, 0, &mut to_server).unwrap() {
                client::Advance::Event { used, .. } => drop(to_client.drain(..used)),
                client::Advance::NeedCommand => break,
                _ => serve(&mut server, &mut to_server, &mut to_client),
            }
        }
        let mut transaction = Transaction::new(&envelope);
        loop {
            match transaction.advance(&mut client, &to_client, 0, &mut to_server).unwrap() {
                transaction::Advance::Used(used) => drop(to_client.drain(..used)),
                transaction::Advance::NeedBody => {
                    transaction.body(&mut client, &body, &mut to_server).unwrap();
                    transaction.end_body(&mut client, &mut to_server).unwrap();
                }
                transaction::Advance::NeedInput => serve(&mut server, &mut to_server, &mut to_client),
                transaction::Advance::Done => break,
            }
        }
        client.send(&Command::Quit, &mut to_server).unwrap();
        serve(&mut server, &mut to_server, &mut to_client);
        assert!(transaction.into_outcome().recipients.iter().all(transaction::RecipientOutcome::is_accepted));
    });
    println!("a session takes {} allocations", usage.allocations);
    assert!(usage.allocations < 20, "{}", usage.allocations);
}
