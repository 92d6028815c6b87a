//! Our client against our server, back to back, with several messages in one session, random envelopes and random
//! bodies: what arrives is what was sent, the outcomes are the server's, and neither waits for the other.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_proto::{
    Client, Code, Envelope, Host, LineEndings, Mail, Name, Path, Rcpt, Reply, Rules, Server, Transaction,
    Word,
    client::{Advance as ClientAdvance, ClientConfig, TlsPolicy},
    server::{Advance, Config, Event, Profile, VoidData},
    transaction,
};
use testkit::line_ends::made_good;

/// A recipient: whether RCPT is taken, and whether the message is.
type Fate = (bool, bool);

/// The server, what it has not read, and what has come.
struct Peer {
    server: Server,
    input: Vec<u8>,
    is_lmtp: bool,
    /// What becomes of the recipients of the message that goes on.
    fates: Vec<Fate>,
    /// How many RCPT have come.
    recipients: usize,
    body: Vec<u8>,
    arrived: Vec<Vec<u8>>,
}

fn no() -> Reply<'static> {
    Reply::new(Code::new(550).expect("550"), None, "no")
}

impl Peer {
    /// Lets the server read, and gives what it says.
    fn serve(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        loop {
            let input = std::mem::take(&mut self.input);
            let used = match self.server.advance(&input, 0, &mut out) {
                Advance::Event { used, event } => {
                    match event {
                        Event::Mail(_) => {
                            self.recipients = 0;
                            self.body.clear();
                        }
                        Event::Rcpt(_) => {
                            if !self.fates[self.recipients].0 {
                                self.server.reply(&no(), &mut out).expect("an answer");
                            }
                            self.recipients += 1;
                        }
                        Event::Body(octets) => self.body.extend_from_slice(octets),
                        Event::BodyEnd => {
                            self.arrived.push(std::mem::take(&mut self.body));
                            self.end(&mut out);
                        }
                        _ => {}
                    }
                    used
                }
                Advance::NeedReply => {
                    self.server.accept(&mut out).expect("there is a question");
                    0
                }
                _ => {
                    self.input = input;
                    return out;
                }
            };
            self.input = input[used..].to_vec();
        }
    }

    /// Answers the end of the message: with LMTP for each recipient, else with the fate of the first.
    fn end(&mut self, out: &mut Vec<u8>) {
        let taken = self.fates.iter().filter(|(is_taken, _)| *is_taken);
        let count = if self.is_lmtp { usize::MAX } else { 1 };
        for (_, is_kept) in taken.take(count) {
            let answered = if *is_kept { self.server.accept(out) } else { self.server.reply(&no(), out) };
            answered.expect("an answer");
        }
    }
}

fuzz_target!(|input: (u16, Vec<(Vec<Fate>, Vec<u8>)>)| {
    let (choice, messages) = input;
    let is_lmtp = choice & 1 != 0;
    let profile = if is_lmtp { Profile::Lmtp } else { Profile::Relay };
    let mut config = Config::new(profile, Name::parse("mx.example").expect("a name"));
    config.pipelining = choice & 2 != 0;
    config.chunking = choice & 4 != 0;
    config.void_data = if choice & 16 != 0 { VoidData::Read } else { VoidData::Refuse };
    // recipients that are refused count as errors, and may be many
    config.limits.errors = u32::MAX;
    let mut peer = Peer {
        server: Server::new(config, 0),
        input: Vec::new(),
        is_lmtp,
        fates: Vec::new(),
        recipients: 0,
        body: Vec::new(),
        arrived: Vec::new(),
    };
    let host = Host::new(Word::new("client.example").expect("a word"));
    let config = ClientConfig::new(host)
        .with_tls(TlsPolicy::None)
        .with_lmtp(is_lmtp)
        .with_body_line_endings(LineEndings::Normalise);
    let mut client = Client::new(config, false);
    let mut to_client = Vec::new();
    loop {
        match client.advance(&to_client, 0, &mut peer.input).expect("our server keeps to the protocol") {
            ClientAdvance::Event { used, .. } => drop(to_client.drain(..used)),
            ClientAdvance::NeedCommand => break,
            _ => to_client.extend(peer.serve()),
        }
    }
    let mut expected = Vec::new();
    for (fates, body) in messages.iter().take(5) {
        send(&mut client, &mut peer, fates, body, choice);
        if fates.iter().any(|(is_taken, _)| *is_taken) {
            expected.push(as_it_arrives(body, choice & 12 != 12));
        }
        assert_eq!(peer.arrived, expected);
    }
});

/// Sends a message, and compares the outcome with what the server has said.
fn send(client: &mut Client, peer: &mut Peer, fates: &[Fate], body: &[u8], choice: u16) {
    peer.fates = fates.to_vec();
    let path = |text| Path::parse(text, &Rules::STRICT).expect("a path");
    let mut envelope = Envelope::new(Mail::from(path("<>")).expect("a sender"));
    envelope.recipients = fates.iter().map(|_| Rcpt::to(path("<a@b>")).expect("a recipient")).collect();
    let mut transaction = Transaction::new(&envelope);
    if choice & 8 != 0 {
        transaction = transaction.with_chunks(client);
    }
    let mut pieces = body.chunks(usize::from(choice >> 8) + 1);
    let mut to_client = Vec::new();
    let mut waits = 0;
    loop {
        match transaction.advance(client, &to_client, 0, &mut peer.input).expect("both keep to the protocol")
        {
            transaction::Advance::Used(used) => drop(to_client.drain(..used)),
            transaction::Advance::NeedBody => match pieces.next() {
                Some(piece) => transaction.body(client, piece, &mut peer.input).expect("it is time"),
                None => transaction.end_body(client, &mut peer.input).expect("it is time"),
            },
            transaction::Advance::NeedInput => {
                let said = peer.serve();
                waits = if said.is_empty() { waits + 1 } else { 0 };
                assert!(waits < 3, "both wait");
                to_client.extend(said);
            }
            transaction::Advance::Done => break,
        }
    }
    assert!(to_client.is_empty() && !client.is_in_transaction());
    let first = fates.iter().find(|(is_taken, _)| *is_taken).is_some_and(|(_, is_kept)| *is_kept);
    for (recipient, (is_taken, is_kept)) in transaction.into_outcome().recipients.iter().zip(fates) {
        let is_kept = if peer.is_lmtp { *is_kept } else { first };
        assert_eq!(recipient.is_accepted(), *is_taken && is_kept);
    }
}

/// The body with good line ends; what has dots ends with one.
fn as_it_arrives(body: &[u8], is_dotted: bool) -> Vec<u8> {
    // a CR at the very end is bare, as it is in front of any other octet
    let mut text = made_good(&[body, b"x"].concat(), LineEndings::Normalise).expect("nothing is refused");
    text.pop();
    if is_dotted && !text.is_empty() && !text.ends_with(b"\r\n") {
        text.extend_from_slice(b"\r\n");
    }
    text
}
