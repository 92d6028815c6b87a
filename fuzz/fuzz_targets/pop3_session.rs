//! The two machines back to back: whatever the messages and the commands, every message arrives octet by octet,
//! and what is deleted is what was marked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_proto::{
    Client, Command, LineEndings, Maildrop, Number, Server,
    client::{self, ClientConfig, Sent, TlsPolicy, Update},
    server::{self, Config, Profile},
};
use std::collections::BTreeSet;

struct Session<'m> {
    client: Client,
    server: Server,
    messages: &'m [Vec<u8>],
    body: Vec<u8>,
    to_client: Vec<u8>,
    to_server: Vec<u8>,
    deleted: Option<BTreeSet<u32>>,
    size: usize,
}

impl Session<'_> {
    /// Lets both go on until both wait.
    fn settle(&mut self) {
        loop {
            let moved = self.serve() | self.listen();
            if !moved {
                return;
            }
        }
    }

    fn serve(&mut self) -> bool {
        let mut out = Vec::new();
        let mut moved = false;
        while let server::Advance::Event { used, event } = self.server.advance(&self.to_server, 0, &mut out) {
            moved = true;
            match event {
                server::Event::Pass { .. } => {
                    let mut maildrop = Maildrop::new();
                    self.messages
                        .iter()
                        .for_each(|message| maildrop.add(message.len() as u64, "id").unwrap());
                    self.server.open(maildrop, &mut out).unwrap();
                }
                server::Event::Retr(number) => {
                    self.server.accept(&mut out).unwrap();
                    for (at, piece) in self.messages[number.index()].chunks(self.size).enumerate() {
                        if at % 2 == 0 {
                            self.server.body(piece, &mut out).unwrap();
                        } else {
                            send_in_parts(&mut self.server, piece, &mut out);
                        }
                    }
                    self.server.end_body(&mut out).unwrap();
                }
                server::Event::Commit { deleted } => {
                    self.deleted = Some(deleted.into_iter().map(Number::get).collect());
                    self.server.accept(&mut out).unwrap();
                }
                _ => {}
            }
            self.to_server.drain(..used);
        }
        self.to_client.extend_from_slice(&out);
        moved
    }

    fn listen(&mut self) -> bool {
        let mut moved = false;
        let mut unread = Vec::new();
        for piece in std::mem::take(&mut self.to_client).chunks(self.size) {
            unread.extend_from_slice(piece);
            while let client::Advance::Event { used, event } =
                self.client.advance(&unread, 0, &mut self.to_server).expect("our server breaks no rule")
            {
                moved = true;
                match event {
                    client::Event::Body(octets) => self.body.extend_from_slice(octets),
                    client::Event::End(Sent::Retr(number)) => {
                        let mut expected = self.messages[number.index()].clone();
                        if !expected.is_empty() && !expected.ends_with(b"\r\n") {
                            expected.extend_from_slice(b"\r\n");
                        }
                        assert_eq!(std::mem::take(&mut self.body), expected);
                    }
                    _ => {}
                }
                unread.drain(..used);
            }
        }
        self.to_client = unread;
        moved
    }
}

/// As `body`, without its copies.
fn send_in_parts(server: &mut Server, piece: &[u8], out: &mut Vec<u8>) {
    let mut rest = piece;
    while !rest.is_empty() {
        let sent = server.body_piece(rest).unwrap();
        assert!(sent.used > 0 || !sent.octets.is_empty(), "no progress");
        out.extend_from_slice(sent.octets);
        rest = &rest[sent.used..];
    }
}

fuzz_target!(|input: (Vec<Vec<u8>>, Vec<(u8, u8)>, u8)| {
    let (messages, operations, size) = input;
    let mut config = Config::new(Profile::Pop3s);
    config.body_line_endings = LineEndings::Keep;
    config.limits.errors = u32::MAX;
    let mut session = Session {
        client: Client::new(ClientConfig::new(TlsPolicy::None), true),
        server: Server::new(config, 0),
        messages: &messages,
        body: Vec::new(),
        to_client: Vec::new(),
        to_server: Vec::new(),
        deleted: None,
        size: usize::from(size).max(1),
    };
    session.server.accept(&mut session.to_client).unwrap();
    session.settle();
    for line in [b"USER a".as_slice(), b"PASS b"] {
        let command = Command::parse(line, &pop3_proto::Rules::STRICT).unwrap();
        session.client.send(&command, &mut session.to_server).unwrap();
        session.settle();
    }
    let mut marked = BTreeSet::new();
    for (kind, number) in operations.into_iter().take(100) {
        let Some(number) = Number::new(u32::from(number)) else { continue };
        let exists = number.index() < messages.len();
        let command = match kind % 6 {
            0 => Command::Retr(number),
            1 => {
                if exists {
                    marked.insert(number.get());
                }
                Command::Dele(number)
            }
            2 => {
                marked.clear();
                Command::Rset
            }
            3 => Command::List(None),
            4 => Command::Uidl(None),
            _ => Command::Stat,
        };
        session.client.send(&command, &mut session.to_server).unwrap();
        // some commands go out together
        if kind & 0x80 == 0 {
            session.settle();
        }
    }
    session.settle();
    session.client.send(&Command::Quit, &mut session.to_server).unwrap();
    session.settle();
    assert_eq!(session.client.update(), Update::Done);
    assert_eq!(session.deleted, Some(marked));
});
