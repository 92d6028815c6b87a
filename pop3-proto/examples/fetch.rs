//! Fetches all messages and writes each to a file: `fetch [--delete] MODE ADDRESS USER:PASSWORD FOLDER`, for example
//! `fetch stls localhost:1110 alice:secret /tmp/mail --trust certificate.pem`.
//!
//! MODE is `pop3s` (TLS from the first octet), `stls` (TLS behind STLS), or `pop3` (in clear, for the own machine and
//! the own network). Under TLS the server must show a certificate for the host of ADDRESS that `--trust` vouches
//! for: a PEM file. The login is the strongest that both sides know: SCRAM, APOP, PLAIN, USER and PASS. With
//! `--delete` the messages are deleted on the server once all of them are in files.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use apop::Challenge;
use pop3_proto::{
    Client, Command, Number, Password, Rules, Text, Word,
    client::{Advance, ClientConfig, Event, Login, Means, Sent, TlsPolicy, Update},
};
use sasl::{Channel, Credentials, Limits, Nonce, Prepared};
use std::{
    collections::VecDeque,
    env,
    error::Error,
    fs::{self, File},
    io::{self, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_rustls::rustls::{
    ClientConfig as TlsConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

type Failure = Box<dyn Error>;

const USAGE: &str =
    "usage: fetch [--delete] [--trust CERTIFICATE] pop3|stls|pop3s ADDRESS USER:PASSWORD FOLDER";

/// The SASL mechanisms of this example, the strongest first.
const MECHANISMS: [&str; 3] = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"];

/// What the arguments say.
struct Options {
    is_to_delete: bool,
    trust: Option<String>,
    mode: String,
    address: String,
    user: String,
    password: String,
    folder: PathBuf,
}

fn main() -> ExitCode {
    let options = match Options::read(env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("fetch: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match fetch(options) {
        Ok(count) => {
            println!("{count} messages");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("fetch: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut is_to_delete, mut trust, mut others) = (false, None, Vec::new());
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--delete" => is_to_delete = true,
                "--trust" => trust = Some(arguments.next().ok_or("--trust needs a file")?),
                option if option.starts_with('-') => return Err(format!("{option} is no option")),
                _ => others.push(argument),
            }
        }
        let Ok([mode, address, user, folder]) = <[String; 4]>::try_from(others) else {
            return Err("four arguments are needed".to_owned());
        };
        if !["pop3", "stls", "pop3s"].contains(&mode.as_str()) {
            return Err(format!("{mode} is no mode"));
        }
        let (user, password) = user.split_once(':').ok_or_else(|| format!("{user} is not USER:PASSWORD"))?;
        let (user, password) = (user.to_owned(), password.to_owned());
        Ok(Self { is_to_delete, trust, mode, address, user, password, folder: folder.into() })
    }
}

fn fetch(options: Options) -> Result<u32, Failure> {
    fs::create_dir_all(&options.folder).map_err(|error| format!("{}: {error}", options.folder.display()))?;
    let stream =
        TcpStream::connect(&options.address).map_err(|error| format!("{}: {error}", options.address))?;
    let is_clear = options.mode == "pop3";
    let policy = if options.mode == "stls" { TlsPolicy::Required } else { TlsPolicy::None };
    let config = ClientConfig::new(policy).with_password_in_clear(is_clear).with_apop_in_clear(is_clear);
    let is_tls = options.mode == "pop3s";
    let connection = if is_tls { Connection::Tls(tls(&options, stream)?) } else { Connection::Clear(stream) };
    Fetch {
        client: Client::new(config, is_tls),
        connection,
        start: Instant::now(),
        out: Vec::new(),
        challenge: None,
        sasl: None,
        messages: 0,
        todo: VecDeque::new(),
        file: None,
        options,
    }
    .run()
}

/// TLS over a connection, with a server that can show that it is the one of the address.
fn tls(
    options: &Options,
    stream: TcpStream,
) -> Result<Box<StreamOwned<ClientConnection, TcpStream>>, Failure> {
    let trust = options.trust.as_ref().ok_or("TLS needs --trust CERTIFICATE")?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(trust).map_err(|error| format!("{trust}: {error}"))? {
        roots.add(certificate.map_err(|error| format!("{trust}: {error}"))?)?;
    }
    let config = TlsConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let (host, _) = options.address.rsplit_once(':').ok_or("an address is HOST:PORT")?;
    let name = ServerName::try_from(host.to_owned()).map_err(|error| format!("{host}: {error}"))?;
    let connection = ClientConnection::new(Arc::new(config), name)?;
    Ok(Box::new(StreamOwned::new(connection, stream)))
}

enum Connection {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Connection {
    fn write_all(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Clear(stream) => stream.write_all(octets),
            Self::Tls(stream) => stream.write_all(octets).and_then(|()| stream.flush()),
        }
    }

    /// Reads what is there, behind what is in `input` already. Fails when it takes longer than `time`.
    fn read(&mut self, input: &mut Vec<u8>, time: Duration) -> Result<(), Failure> {
        let mut piece = [0; 16 << 10];
        let length = match self {
            Self::Clear(stream) => {
                stream.set_read_timeout(Some(time))?;
                stream.read(&mut piece)?
            }
            Self::Tls(stream) => {
                stream.sock.set_read_timeout(Some(time))?;
                stream.read(&mut piece)?
            }
        };
        if length == 0 {
            return Err("the server has closed the connection".into());
        }
        input.extend_from_slice(piece.get(..length).unwrap_or_default());
        Ok(())
    }
}

/// A session.
struct Fetch {
    options: Options,
    client: Client,
    connection: Connection,
    start: Instant,
    /// What is to be sent.
    out: Vec<u8>,
    /// What the greeting offers for APOP.
    challenge: Option<Challenge>,
    /// What waits for the server's next challenge, or for its last word.
    sasl: Option<sasl::Client>,
    messages: u32,
    /// What is still to be asked for.
    todo: VecDeque<Command<'static>>,
    /// What the octets of a message go to.
    file: Option<File>,
}

impl Fetch {
    fn run(mut self) -> Result<u32, Failure> {
        let mut input = Vec::new();
        // how much of it has been used
        let mut at: usize = 0;
        loop {
            let now = self.start.elapsed().as_secs();
            match self.client.advance(input.get(at..).unwrap_or_default(), now, &mut self.out)? {
                Advance::Event { used, event } => {
                    self.take(event)?;
                    at = at.saturating_add(used);
                }
                Advance::NeedCommand => self.go_on()?,
                Advance::NeedInput => {
                    self.flush()?;
                    input.drain(..at);
                    at = 0;
                    let left = self.client.deadline().unwrap_or(u64::MAX).saturating_sub(now);
                    self.connection.read(&mut input, Duration::from_secs(left.clamp(1, 3600)))?;
                }
                Advance::StartTls => {
                    self.flush()?;
                    // fails if anything stands behind the response to STLS
                    self.client = self.client.upgrade(input.get(at..).unwrap_or_default())?;
                    input.clear();
                    at = 0;
                    if let Connection::Clear(stream) = self.connection {
                        self.connection = Connection::Tls(tls(&self.options, stream)?);
                    }
                }
                Advance::Close => break,
            }
        }
        match self.client.update() {
            Update::Done => Ok(self.messages),
            Update::Failed => Err("the server has not deleted all of the messages".into()),
            Update::NotAsked | Update::Unknown => Err("the session has ended before its time".into()),
        }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.connection.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    fn take(&mut self, event: Event<'_>) -> Result<(), Failure> {
        match event {
            Event::Greeting(response) | Event::Response { response, .. } if !response.is_ok() => {
                return Err(format!("the server says: {response}").into());
            }
            Event::Greeting(greeting) => self.challenge = Challenge::find(greeting.text()).ok(),
            Event::Ready => self.log_in()?,
            Event::Challenge(challenge) => {
                self.respond(challenge.as_ref().map(|it| it.expose().as_slice()))?
            }
            Event::Response { to: Sent::User, .. } => {
                self.client.send(&Command::Pass(Password::new(&self.options.password)?), &mut self.out)?;
            }
            Event::Response { to: Sent::Auth, .. } => {
                let client = self.sasl.take().ok_or("an answer to nothing")?;
                // a server that has not shown that it knows the password may be anybody
                client.finish(None)?;
                self.client.send(&Command::Stat, &mut self.out)?;
            }
            Event::Response { to: Sent::Pass | Sent::Apop, .. } => {
                self.client.send(&Command::Stat, &mut self.out)?;
            }
            Event::Stat(listing) => {
                self.messages = listing.messages;
                self.todo = commands(listing.messages, self.options.is_to_delete);
            }
            Event::Response { to: Sent::Retr(number), .. } => {
                self.file = Some(File::create(self.path(number, "part"))?);
            }
            Event::Body(octets) => {
                if let Some(file) = &mut self.file {
                    file.write_all(octets)?;
                }
            }
            Event::End(Sent::Retr(number)) => {
                self.file = None;
                fs::rename(self.path(number, "part"), self.path(number, "eml"))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn path(&self, number: Number, end: &str) -> PathBuf {
        self.options.folder.join(format!("{number}.{end}"))
    }

    /// Logs in as well as both sides can.
    fn log_in(&mut self) -> Result<(), Failure> {
        let (user, password) = (self.options.user.as_str(), self.options.password.as_str());
        let means = Means { mechanisms: &MECHANISMS, apop: self.challenge.is_some(), password: true };
        let login = self.client.choose_login(&means)?;
        println!("login: {login:?}");
        match (login, &self.challenge) {
            (Login::Sasl(mechanism), _) => self.start_sasl(mechanism),
            (Login::Apop, Some(challenge)) => {
                let digest = challenge.digest(password.as_bytes());
                let command = Command::Apop { user: Word::new(user)?, digest: Word::new(digest.as_str())? };
                Ok(self.client.send(&command, &mut self.out)?)
            }
            _ => Ok(self.client.send(&Command::User(Text::new(user)?), &mut self.out)?),
        }
    }

    fn start_sasl(&mut self, mechanism: &str) -> Result<(), Failure> {
        let Options { user, password, .. } = &self.options;
        let credentials = Credentials::password(Prepared::ascii(user)?, Prepared::ascii(password)?);
        let channel = if self.client.is_tls() { Channel::Tls(Vec::new()) } else { Channel::Clear };
        // in clear the machine has its own rule, and refuses to send what tells the password
        let policy = sasl::Policy::default().with_clear_text_without_tls(true);
        let choice = policy.choose([mechanism], &credentials, &channel)?;
        let client = choice.client(Nonce::from_entropy(random()?), &Limits::default());
        let (command, client) = sasl::line::start(client, sasl::line::POP3_COMMAND);
        self.sasl = Some(client);
        Ok(self.client.send(&Command::parse(command.as_bytes(), &Rules::STRICT)?, &mut self.out)?)
    }

    fn respond(&mut self, challenge: Option<&[u8]>) -> Result<(), Failure> {
        let client = self.sasl.take().ok_or("a challenge to nothing")?;
        // what only says that it is our turn may be anything
        let challenge = challenge.or_else(|| client.ignores_challenge().then_some(b""));
        let response = challenge
            .ok_or("a challenge is not base64".into())
            .and_then(|challenge| client.respond(challenge).map_err(Failure::from));
        match response {
            Ok((response, client)) => {
                self.sasl = Some(client);
                Ok(self.client.respond(response.as_bytes(), &mut self.out)?)
            }
            Err(error) => {
                self.client.cancel(&mut self.out)?;
                self.flush()?;
                Err(error)
            }
        }
    }

    /// Sends what is to be done next: all of it at once where the server takes commands before it has answered. QUIT
    /// comes when everything has been answered, because it makes the deletions good.
    fn go_on(&mut self) -> Result<(), Failure> {
        if self.todo.is_empty() {
            self.client.send(&Command::Quit, &mut self.out)?;
        }
        while let Some(command) = self.todo.front()
            && self.client.can_send(command)
        {
            self.client.send(command, &mut self.out)?;
            self.todo.pop_front();
        }
        Ok(())
    }
}

/// RETR for each message, and then, if they are to be deleted, DELE for each.
fn commands(messages: u32, is_to_delete: bool) -> VecDeque<Command<'static>> {
    let numbers = || (1..=messages).filter_map(Number::new);
    let deletions = numbers().filter(|_| is_to_delete).map(Command::Dele);
    numbers().map(Command::Retr).chain(deletions).collect()
}

fn random<const COUNT: usize>() -> Result<[u8; COUNT], Failure> {
    let mut octets = [0; COUNT];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut octets)
        .map_err(|_| "the system has no random octets")?;
    Ok(octets)
}
