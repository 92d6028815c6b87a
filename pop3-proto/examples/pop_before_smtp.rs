//! POP before SMTP: a POP3 server and an SMTP server that share one table. Whoever has just read mail may send mail
//! from the same address for ten minutes.
//!
//! `pop_before_smtp POP3-ADDRESS SMTP-ADDRESS DOMAIN USER:PASSWORD`, for example
//! `pop_before_smtp 127.0.0.1:1110 127.0.0.1:2525 example.com alice:secret`.
//!
//! Mail for the domain goes into the one mailbox, which POP3 shows; mail for elsewhere is taken from those who may,
//! and only printed. It is a makeshift for clients that cannot authenticate when they send, and speaks in clear here:
//! for the own machine.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use pop3_proto::{Maildrop, server as pop3};
use smtp_proto::{
    Name,
    relay::{Decision, Peer, PopBeforeSmtp, REFUSAL, RelayPolicy, decide},
    server as smtp,
};
use std::{
    env,
    error::Error,
    io::{Read, Write},
    net::{IpAddr, TcpListener, TcpStream},
    process::ExitCode,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

type Failure = Box<dyn Error + Send + Sync>;

/// How many addresses are remembered, and for how many seconds.
const ADDRESSES: usize = 10_000;
const SECONDS: u64 = 600;

/// What both servers share.
struct Site {
    logins: Mutex<PopBeforeSmtp>,
    policy: RelayPolicy,
    mailbox: Mutex<Mailbox>,
    user: String,
    password: String,
    pop3: Arc<pop3::Config>,
    smtp: Arc<smtp::Config>,
    start: Instant,
}

/// The messages, each with its unique id.
#[derive(Default)]
struct Mailbox {
    messages: Vec<(String, Arc<[u8]>)>,
    count: u64,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [pop3, smtp, domain, user] = arguments.as_slice() else {
        eprintln!("usage: pop_before_smtp POP3-ADDRESS SMTP-ADDRESS DOMAIN USER:PASSWORD");
        return ExitCode::from(2);
    };
    match serve(pop3, smtp, domain, user) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pop_before_smtp: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(pop3: &str, smtp: &str, domain: &str, user: &str) -> Result<(), Failure> {
    let site = Arc::new(Site::new(domain, user)?);
    let pop3 = TcpListener::bind(pop3).map_err(|error| format!("{pop3}: {error}"))?;
    let smtp = TcpListener::bind(smtp).map_err(|error| format!("{smtp}: {error}"))?;
    println!("POP3 on {}, SMTP on {}", pop3.local_addr()?, smtp.local_addr()?);
    let shared = Arc::clone(&site);
    thread::spawn(move || accept(&pop3, &shared, serve_pop3));
    accept(&smtp, &site, serve_smtp);
    Ok(())
}

/// Gives each connection a thread.
fn accept(listener: &TcpListener, site: &Arc<Site>, serve: fn(&Site, TcpStream) -> Result<(), Failure>) {
    for stream in listener.incoming().flatten() {
        let site = Arc::clone(site);
        thread::spawn(move || {
            if let Err(error) = serve(&site, stream) {
                eprintln!("{error}");
            }
        });
    }
}

impl Site {
    fn new(domain: &str, user: &str) -> Result<Self, Failure> {
        let domain = Name::parse(domain).map_err(|error| format!("{domain}: {error}"))?;
        let (user, password) = user.split_once(':').ok_or_else(|| format!("{user} is not USER:PASSWORD"))?;
        let mut pop3 = pop3::Config::new(pop3::Profile::Pop3);
        pop3.login_in_clear = true;
        Ok(Self {
            logins: Mutex::new(PopBeforeSmtp::new(ADDRESSES, SECONDS)),
            policy: RelayPolicy::new([domain.clone()]),
            mailbox: Mutex::default(),
            user: user.to_owned(),
            password: password.to_owned(),
            pop3: Arc::new(pop3),
            smtp: Arc::new(smtp::Config::new(smtp::Profile::Relay, domain)),
            start: Instant::now(),
        })
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_secs()
    }

    /// Somebody has logged in to read mail: that is all the table needs to know.
    fn remember(&self, address: IpAddr) {
        lock(&self.logins).login(address, self.now());
    }

    fn decide(&self, address: IpAddr, recipient: &smtp_proto::Path<'_>) -> Decision {
        decide(&self.policy, &Peer::new(address), recipient, &lock(&self.logins), self.now())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection, and what has been read from it and not been used.
struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    out: Vec<u8>,
}

impl Connection {
    fn flush(&mut self) -> Result<(), Failure> {
        self.stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Sends what is to be sent, and reads more for so many seconds at most: whether something came.
    fn exchange(&mut self, seconds: u64) -> Result<bool, Failure> {
        self.flush()?;
        self.stream.set_read_timeout(Some(Duration::from_secs(seconds.max(1))))?;
        let mut piece = [0; 4096];
        let length = self.stream.read(&mut piece)?;
        self.input.extend_from_slice(piece.get(..length).unwrap_or_default());
        Ok(length > 0)
    }
}

fn serve_pop3(site: &Site, stream: TcpStream) -> Result<(), Failure> {
    let address = stream.peer_addr()?.ip();
    let mut server = pop3_proto::Server::new(Arc::clone(&site.pop3), site.now());
    let mut connection = Connection { stream, input: Vec::new(), out: Vec::new() };
    let mut messages = Vec::new();
    loop {
        let Connection { input, out, .. } = &mut connection;
        match server.advance(input, site.now(), out) {
            pop3::Advance::Event { used, event } => {
                match event {
                    pop3::Event::Pass { user, password }
                        if user == site.user && password.expose() == site.password.as_bytes() =>
                    {
                        site.remember(address);
                        messages.clone_from(&lock(&site.mailbox).messages);
                        server.open(maildrop(&messages)?, out)?;
                    }
                    pop3::Event::Pass { .. } => server.refuse(out)?,
                    pop3::Event::Retr(number) | pop3::Event::Top { number, .. } => {
                        let (_, message) = messages.get(number.index()).ok_or("no such message")?;
                        server.accept(out)?;
                        server.body(message, out)?;
                        server.end_body(out)?;
                    }
                    pop3::Event::Commit { deleted } => {
                        let messages = deleted.iter().filter_map(|number| messages.get(number.index()));
                        let ids: Vec<_> = messages.map(|(id, _)| id).collect();
                        lock(&site.mailbox).messages.retain(|(id, _)| !ids.contains(&id));
                        server.accept(out)?;
                    }
                    _ => {}
                }
                input.drain(..used);
            }
            pop3::Advance::NeedReply => server.accept(out)?,
            pop3::Advance::NeedInput => {
                if !connection.exchange(server.deadline().saturating_sub(site.now()))? {
                    return Ok(());
                }
            }
            pop3::Advance::StartTls => return Err("TLS was not offered".into()),
            pop3::Advance::Close => return connection.flush(),
        }
    }
}

fn maildrop(messages: &[(String, Arc<[u8]>)]) -> Result<Maildrop, Failure> {
    let mut maildrop = Maildrop::new();
    for (id, message) in messages {
        maildrop.add(u64::try_from(message.len())?, id)?;
    }
    Ok(maildrop)
}

fn serve_smtp(site: &Site, stream: TcpStream) -> Result<(), Failure> {
    let address = stream.peer_addr()?.ip();
    let mut server = smtp_proto::Server::new(Arc::clone(&site.smtp), site.now());
    let mut connection = Connection { stream, input: Vec::new(), out: Vec::new() };
    let (mut is_local, mut message) = (false, Vec::new());
    loop {
        let Connection { input, out, .. } = &mut connection;
        match server.advance(input, site.now(), out) {
            smtp::Advance::Event { used, event } => {
                match event {
                    smtp::Event::Mail(_) => (is_local, message) = (false, Vec::new()),
                    smtp::Event::Rcpt(rcpt) => match site.decide(address, rcpt.path()) {
                        Decision::Local => is_local = true,
                        Decision::Relay => println!("{address} sends to {}", rcpt.path()),
                        Decision::Refuse => server.reply(&REFUSAL, out)?,
                    },
                    smtp::Event::Body(octets) => message.extend_from_slice(octets),
                    smtp::Event::BodyEnd if is_local => lock(&site.mailbox).add(&message),
                    _ => {}
                }
                input.drain(..used);
            }
            smtp::Advance::NeedReply => server.accept(out)?,
            smtp::Advance::NeedInput => {
                if !connection.exchange(server.deadline().saturating_sub(site.now()))? {
                    return Ok(());
                }
            }
            smtp::Advance::StartTls => return Err("TLS was not offered".into()),
            smtp::Advance::Close => return connection.flush(),
        }
    }
}

impl Mailbox {
    fn add(&mut self, message: &[u8]) {
        self.count = self.count.saturating_add(1);
        self.messages.push((format!("{:016x}", self.count), Arc::from(message)));
    }
}
