//! A server and a client in memory, and what they are told.
#![allow(
    dead_code,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use smtp_proto::{
    Code, EnhancedCode, Host, Name, Path, Reply, Server, Word,
    server::{Advance, Config, Event, Profile},
};

/// A server that takes everything but recipients that start with `no`, mechanisms but PLAIN, LOGIN and
/// CRAM-MD5, and passwords that hold `wrong`.
pub(crate) struct Session {
    pub(crate) server: Option<Server>,
    pub(crate) input: Vec<u8>,
    pub(crate) out: Vec<u8>,
    /// The messages that were taken, and who they are for.
    pub(crate) messages: Vec<(Vec<String>, Vec<u8>)>,
    /// What happened, bodies joined, and without what depends on how the octets arrive.
    pub(crate) events: Vec<String>,
    /// The client did not wait.
    pub(crate) early: usize,
    pub(crate) is_closed: bool,
    recipients: Vec<String>,
    asks_password: bool,
    body: Vec<u8>,
}

pub(crate) fn config(profile: Profile) -> Config {
    let mut config = Config::new(profile, Name::parse("mx.example").unwrap())
        .with_mechanisms(["PLAIN", "LOGIN", "CRAM-MD5"]);
    config.smtputf8 = true;
    config.dsn = true;
    config.binarymime = true;
    config
}

pub(crate) fn host(text: &str) -> Host<'_> {
    Host::new(Word::new(text).unwrap())
}

pub(crate) fn reply(code: u16, enhanced: (u8, u16, u16), text: &str) -> Reply<'static> {
    Reply::new(Code::new(code).unwrap(), EnhancedCode::new(enhanced.0, enhanced.1, enhanced.2), text)
}

impl Session {
    /// Greeted already.
    pub(crate) fn new(config: Config) -> Self {
        let mut session = Self::ungreeted(config);
        assert!(session.send(b"").starts_with("220 "));
        session
    }

    pub(crate) fn ungreeted(config: Config) -> Self {
        Self {
            server: Some(Server::new(config, 0)),
            input: Vec::new(),
            out: Vec::new(),
            messages: Vec::new(),
            events: Vec::new(),
            early: 0,
            is_closed: false,
            recipients: Vec::new(),
            asks_password: false,
            body: Vec::new(),
        }
    }

    /// Shows the server these octets, and gives what it answers.
    pub(crate) fn send(&mut self, octets: &[u8]) -> String {
        self.input.extend_from_slice(octets);
        self.run();
        String::from_utf8(std::mem::take(&mut self.out)).unwrap()
    }

    /// The codes of the answers.
    pub(crate) fn codes(&mut self, octets: &[u8]) -> Vec<u16> {
        let text = self.send(octets);
        text.lines()
            .filter(|line| line.as_bytes().get(3) != Some(&b'-'))
            .map(|line| line[..3].parse().unwrap())
            .collect()
    }

    pub(crate) fn run(&mut self) {
        let mut server = self.server.take().expect("the session goes on");
        let mut idle = 0;
        loop {
            let input = std::mem::take(&mut self.input);
            let advance = server.advance(&input, 0, &mut self.out);
            let mut used_now = 0;
            match advance {
                Advance::Event { used, event } => {
                    assert!(used <= input.len());
                    used_now = used;
                    idle = if used == 0 { idle + 1 } else { 0 };
                    assert!(idle < 5, "no progress at {event:?}");
                    self.take(&mut server, event);
                }
                Advance::NeedReply => {
                    server.accept(&mut self.out).unwrap();
                }
                Advance::NeedInput => {
                    self.input = input;
                    break;
                }
                Advance::StartTls => {
                    self.input = input;
                    break;
                }
                Advance::Close => {
                    self.is_closed = true;
                    break;
                }
            }
            self.input = input[used_now..].to_vec();
        }
        self.server = Some(server);
    }

    fn take(&mut self, server: &mut Server, event: Event<'_>) {
        match &event {
            Event::EarlyTalk | Event::EarlyInput => {
                self.early += 1;
                return;
            }
            Event::Dropped | Event::Answered => return,
            Event::Body(octets) => {
                self.body.extend_from_slice(octets);
                return;
            }
            _ => self.events.push(format!("{event:?}")),
        }
        match event {
            Event::Hello { .. } | Event::Reset => self.forget(),
            Event::AuthCancelled => self.asks_password = false,
            Event::Mail(_) => self.forget(),
            Event::Rcpt(rcpt) => {
                let is_refused =
                    matches!(rcpt.path(), Path::Mailbox(mailbox) if mailbox.local_part().starts_with("no"));
                if is_refused {
                    server.reply(&reply(550, (5, 1, 1), "No such user"), &mut self.out).unwrap();
                } else {
                    self.recipients.push(rcpt.path().to_string());
                }
            }
            Event::Auth { mechanism, initial } => match (mechanism.as_str(), initial) {
                (_, Some(initial)) => self.judge(server, initial.expose()),
                ("PLAIN", None) => server.challenge(b"", &mut self.out).unwrap(),
                ("LOGIN", None) => {
                    self.asks_password = true;
                    server.challenge(b"User Name", &mut self.out).unwrap();
                }
                _ => server.challenge(b"<1@mx.example>", &mut self.out).unwrap(),
            },
            Event::AuthResponse(_) if std::mem::take(&mut self.asks_password) => {
                server.challenge(b"Password", &mut self.out).unwrap();
            }
            Event::AuthResponse(response) => self.judge(server, response.expose()),
            Event::BodyRefused(_) => self.forget(),
            Event::BodyEnd => {
                self.events.push(format!("body {}", self.body.escape_ascii()));
                self.messages.push((std::mem::take(&mut self.recipients), std::mem::take(&mut self.body)));
            }
            _ => {}
        }
    }

    fn judge(&mut self, server: &mut Server, response: &[u8]) {
        if response.windows(5).any(|window| window == b"wrong") {
            server.reply(&reply(535, (5, 7, 8), "No"), &mut self.out).unwrap();
        }
    }

    fn forget(&mut self) {
        self.recipients.clear();
        self.body.clear();
    }

    /// Goes under TLS.
    pub(crate) fn start_tls(&mut self) {
        assert!(self.send(b"STARTTLS\r\n").starts_with("220 "));
        let server = self.server.take().unwrap();
        self.server = Some(server.upgrade(&self.input, 0).unwrap());
    }
}
