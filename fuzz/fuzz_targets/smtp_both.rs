//! Our client against our server, back to back, with a random envelope and body: what arrives is what was sent,
//! the outcome is the server's, and neither waits for the other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_proto::{
    Client, Code, Envelope, Host, Mail, Name, Path, Rcpt, Reply, Rules, Server, Transaction, Word,
    client::{Advance as ClientAdvance, ClientConfig, TlsPolicy},
    server::{Advance, Config, Event, Profile},
    transaction,
};

/// Lets the server read, and gives what it says; `taken` says which recipients it takes.
fn serve(
    server: &mut Server,
    input: &mut Vec<u8>,
    taken: &mut impl Iterator<Item = bool>,
    body: &mut Vec<u8>,
) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let used = match server.advance(input, 0, &mut out) {
            Advance::Event { used, event } => {
                match event {
                    Event::Rcpt(_) if !taken.next().unwrap_or(true) => {
                        let no = Reply::new(Code::new(550).expect("550"), None, "no");
                        server.reply(&no, &mut out).expect("an answer");
                    }
                    Event::Body(octets) => body.extend_from_slice(octets),
                    _ => {}
                }
                used
            }
            Advance::NeedReply => {
                server.accept(&mut out).expect("there is a question");
                0
            }
            _ => return out,
        };
        input.drain(..used);
    }
}

fuzz_target!(|input: (u8, Vec<bool>, Vec<u8>)| {
    let (choice, recipients, body) = input;
    let profile = if choice & 1 == 0 { Profile::Relay } else { Profile::Lmtp };
    let mut config = Config::new(profile, Name::parse("mx.example").expect("a name"));
    config.pipelining = choice & 2 != 0;
    config.chunking = choice & 4 != 0;
    // recipients that are refused count as errors, and may be many
    config.limits.errors = u32::MAX;
    let mut server = Server::new(config, 0);
    let host = Host::new(Word::new("client.example").expect("a word"));
    let config = ClientConfig::new(host)
        .with_tls(TlsPolicy::None)
        .with_lmtp(profile == Profile::Lmtp)
        .with_body_line_endings(smtp_proto::LineEndings::Normalise);
    let mut client = Client::new(config, false);
    let (mut to_server, mut to_client, mut arrived) = (Vec::new(), Vec::new(), Vec::new());
    let mut taken = recipients.iter().copied();
    loop {
        match client.advance(&to_client, 0, &mut to_server).expect("our server keeps to the protocol") {
            ClientAdvance::Event { used, .. } => drop(to_client.drain(..used)),
            ClientAdvance::NeedCommand => break,
            _ => to_client.extend(serve(&mut server, &mut to_server, &mut taken, &mut arrived)),
        }
    }
    let path = |text| Path::parse(text, &Rules::STRICT).expect("a path");
    let mut envelope = Envelope::new(Mail::from(path("<>")).expect("a path"));
    envelope.recipients = recipients.iter().map(|_| Rcpt::to(path("<a@b>")).expect("a path")).collect();
    let mut transaction = Transaction::new(&envelope);
    if choice & 8 != 0 {
        transaction = transaction.with_chunks(&client);
    }
    let mut pieces = body.chunks(usize::from(choice >> 4) + 1);
    let mut waits = 0;
    loop {
        match transaction
            .advance(&mut client, &to_client, 0, &mut to_server)
            .expect("both keep to the protocol")
        {
            transaction::Advance::Used(used) => drop(to_client.drain(..used)),
            transaction::Advance::NeedBody => match pieces.next() {
                Some(piece) => transaction.body(&mut client, piece, &mut to_server).expect("it is time"),
                None => transaction.end_body(&mut client, &mut to_server).expect("it is time"),
            },
            transaction::Advance::NeedInput => {
                let said = serve(&mut server, &mut to_server, &mut taken, &mut arrived);
                waits = if said.is_empty() { waits + 1 } else { 0 };
                assert!(waits < 3, "both wait");
                to_client.extend(said);
            }
            transaction::Advance::Done => break,
        }
    }
    let outcome = transaction.into_outcome();
    for (recipient, is_taken) in outcome.recipients.iter().zip(&recipients) {
        assert_eq!(recipient.is_accepted(), *is_taken);
    }
    let mut filter = mail_base::lines::EndingFilter::new(smtp_proto::LineEndings::Normalise);
    let mut expected = Vec::new();
    let mut rest = &body[..];
    while !rest.is_empty() {
        let piece = filter.filter(rest).expect("nothing is refused");
        expected.extend_from_slice(piece.octets);
        rest = &rest[piece.used..];
    }
    expected.extend_from_slice(filter.finish().expect("nothing is refused"));
    let is_dotted = choice & 12 != 12;
    if is_dotted && !expected.is_empty() && !expected.ends_with(b"\r\n") {
        expected.extend_from_slice(b"\r\n");
    }
    if recipients.contains(&true) {
        assert_eq!(arrived, expected);
    } else {
        assert!(arrived.is_empty());
    }
});
