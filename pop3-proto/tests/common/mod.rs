//! Sessions in memory.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use pop3_proto::{
    Client, Command, LineEndings, Maildrop, Rules, Server,
    client::{self, ClientConfig, TlsPolicy},
    server::{self, Config, Profile},
};

/// Messages of one mailbox, with their unique ids.
pub const MESSAGES: [&[u8]; 2] =
    [b"Subject: one\r\n\r\n.dot\r\n..\r\n.\r\n", b"Subject: two\r\n\r\nbody\r\n"];

/// A server of one mailbox: `alice`, `secret`.
pub struct Host {
    pub server: Server,
    pub messages: Vec<Vec<u8>>,
    pub events: Vec<String>,
    pub committed: Option<Vec<u32>>,
    unread: Vec<u8>,
    pub out: Vec<u8>,
    pub is_closed: bool,
}

impl Host {
    pub fn new(config: Config, messages: &[&[u8]]) -> Self {
        let mut host = Self {
            server: Server::new(config, 0),
            messages: messages.iter().map(|message| message.to_vec()).collect(),
            events: Vec::new(),
            committed: None,
            unread: Vec::new(),
            out: Vec::new(),
            is_closed: false,
        };
        host.server
            .greet("POP3 server ready", Some("<1896.697170952@dbc.mtview.ca.us>"), &mut host.out)
            .unwrap();
        host
    }

    /// One who has logged in already.
    pub fn logged_in(messages: &[&[u8]]) -> Self {
        let mut host = Self::new(Config::new(Profile::Pop3s), messages);
        host.hear(b"USER alice\r\nPASS secret\r\n");
        host.out.clear();
        host.events.clear();
        host
    }

    pub fn maildrop(&self) -> Maildrop {
        let mut maildrop = Maildrop::new();
        for (at, message) in self.messages.iter().enumerate() {
            maildrop.add(message.len() as u64, &format!("id{at}")).unwrap();
        }
        maildrop
    }

    /// What the server says to this.
    pub fn says(&mut self, input: &str) -> String {
        self.hear(input.as_bytes());
        String::from_utf8(core::mem::take(&mut self.out)).unwrap()
    }

    /// Takes the next octets of the client, and answers.
    pub fn hear(&mut self, octets: &[u8]) {
        self.unread.extend_from_slice(octets);
        let mut unread = core::mem::take(&mut self.unread);
        loop {
            match self.server.advance(&unread, 0, &mut self.out) {
                server::Advance::Event { used, event } => {
                    self.events.push(format!("{event:?}"));
                    let answer = Answer::to(&event);
                    self.answer(answer);
                    unread.drain(..used);
                }
                server::Advance::NeedReply => panic!("a question was left without an answer"),
                server::Advance::NeedInput | server::Advance::StartTls => break,
                server::Advance::Close => {
                    self.is_closed = true;
                    break;
                }
            }
        }
        self.unread = unread;
    }

    fn answer(&mut self, answer: Answer) {
        let out = &mut self.out;
        match answer {
            Answer::None => {}
            Answer::Yes => self.server.accept(out).unwrap(),
            Answer::No => self.server.refuse(out).unwrap(),
            Answer::Open => {
                let maildrop = self.maildrop();
                self.server.open(maildrop, &mut self.out).unwrap();
            }
            Answer::Challenge => self.server.challenge(b"go on", out).unwrap(),
            Answer::Message(index) => {
                self.server.accept(out).unwrap();
                for piece in self.messages[index].chunks(5) {
                    if self.server.body(piece, out).unwrap() == server::Flow::Enough {
                        break;
                    }
                }
                self.server.end_body(out).unwrap();
            }
            Answer::Commit(deleted) => {
                self.committed = Some(deleted);
                self.server.accept(out).unwrap();
            }
        }
    }
}

enum Answer {
    None,
    Yes,
    No,
    Open,
    Challenge,
    Message(usize),
    Commit(Vec<u32>),
}

impl Answer {
    fn to(event: &server::Event<'_>) -> Self {
        use server::Event;
        match event {
            Event::Pass { user, password } if user == "alice" && password.expose() == b"secret" => Self::Open,
            Event::Apop { digest, .. } if *digest == "c4c9334bac560ecc979e58001b3e22fb" => Self::Open,
            Event::Auth { initial: Some(initial), .. } | Event::AuthResponse(initial)
                if initial.expose() == b"\0alice\0secret" =>
            {
                Self::Open
            }
            Event::Auth { initial: None, .. } => Self::Challenge,
            Event::Pass { .. } | Event::Apop { .. } | Event::Auth { .. } | Event::AuthResponse(_) => Self::No,
            Event::Retr(number) | Event::Top { number, .. } => Self::Message(number.index()),
            Event::Commit { deleted } => Self::Commit(deleted.iter().map(|number| number.get()).collect()),
            Event::StartTls | Event::User(_) | Event::Lang { .. } | Event::Unknown { .. } => Self::Yes,
            _ => Self::None,
        }
    }
}

/// A client, and what it has been told.
pub struct Caller {
    pub client: Client,
    pub events: Vec<String>,
    pub body: Vec<u8>,
    pub out: Vec<u8>,
    unread: Vec<u8>,
}

impl Caller {
    pub fn new(config: ClientConfig) -> Self {
        Self {
            client: Client::new(config, false),
            events: Vec::new(),
            body: Vec::new(),
            out: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// One that may tell its password, talking to a server without CAPA.
    pub fn in_clear() -> Self {
        let config = ClientConfig::new(TlsPolicy::None).with_password_in_clear(true).with_apop_in_clear(true);
        Self::new(config)
    }

    /// One that has logged in, to a server with these capabilities.
    pub fn logged_in(capabilities: &str) -> Self {
        let mut caller = Self::in_clear();
        let greeting = format!("+OK\r\n+OK\r\n{capabilities}.\r\n");
        caller.hear(greeting.as_bytes()).unwrap();
        caller.sends("PASS secret");
        caller.hear(b"+OK\r\n").unwrap();
        caller.events.clear();
        caller.out.clear();
        caller
    }

    pub fn send(&mut self, command: &str) -> Result<(), pop3_proto::Misuse> {
        let command = Command::parse(command.as_bytes(), &Rules::STRICT).unwrap();
        self.client.send(&command, &mut self.out)
    }

    /// What goes out for this command.
    pub fn sends(&mut self, command: &str) -> String {
        self.send(command).unwrap();
        self.sent()
    }

    pub fn sent(&mut self) -> String {
        String::from_utf8(core::mem::take(&mut self.out)).unwrap()
    }

    /// Takes the next octets of the server. The neighbouring pieces of a body count as one event.
    pub fn hear(&mut self, octets: &[u8]) -> Result<(), client::Violation> {
        self.unread.extend_from_slice(octets);
        let mut unread = core::mem::take(&mut self.unread);
        while let client::Advance::Event { used, event } = self.client.advance(&unread, 0, &mut self.out)? {
            match event {
                client::Event::Body(octets) => self.body.extend_from_slice(octets),
                event => self.events.push(format!("{event:?}")),
            }
            unread.drain(..used);
        }
        self.unread = unread;
        Ok(())
    }

    /// What the client was told since the last time.
    pub fn told(&mut self) -> Vec<String> {
        core::mem::take(&mut self.events)
    }

    /// What is to be done next.
    pub fn next(&mut self) -> String {
        match self.client.advance(&self.unread.clone(), 0, &mut self.out) {
            Ok(next) => format!("{next:?}"),
            Err(violation) => panic!("{violation}"),
        }
    }
}

/// Lets the two talk until both wait.
pub fn talk(caller: &mut Caller, host: &mut Host) {
    loop {
        let to_client = core::mem::take(&mut host.out);
        caller.hear(&to_client).unwrap();
        let to_server = core::mem::take(&mut caller.out);
        if to_client.is_empty() && to_server.is_empty() {
            return;
        }
        host.hear(&to_server);
    }
}

/// A slow and obvious way to put dots on, with line ends made CRLF.
pub fn stuffed(message: &[u8], endings: LineEndings) -> Vec<u8> {
    let mut out = Vec::new();
    let mut is_start = true;
    let mut at = 0;
    while at < message.len() {
        if is_start && message[at] == b'.' {
            out.push(b'.');
        }
        let is_crlf = message[at..].starts_with(b"\r\n");
        is_start = is_crlf || (endings == LineEndings::Normalise && message[at] == b'\n');
        match message[at] {
            _ if is_crlf => out.extend_from_slice(b"\r\n"),
            b'\n' if endings == LineEndings::Normalise => out.extend_from_slice(b"\r\n"),
            b'\r' if endings == LineEndings::Normalise => out.push(b' '),
            octet => out.push(octet),
        }
        at += if is_crlf { 2 } else { 1 };
    }
    if !is_start {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}
