//! A POP3 server over a Maildir folder, on tokio: port 110 with STLS and APOP, or port 995, with a certificate
//! made on the spot.
//!
//! `server pop3|pop3s ADDRESS MAILDIR USER:PASSWORD`, for example
//! `server pop3 127.0.0.1:1110 /tmp/Maildir alice:secret`.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::arithmetic_side_effects)]

use apop::Challenge;
use pop3_proto::{
    Maildrop, Number, Server,
    server::{Advance, Config, Event, Flow, Profile},
};
use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

type Failure = Box<dyn Error + Send + Sync>;

const HOST: &str = "localhost";

/// A connection, under TLS or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What all sessions share.
struct Site {
    config: Arc<Config>,
    folder: PathBuf,
    user: String,
    password: String,
    tls: TlsAcceptor,
    start: Instant,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (profile, address, folder, user) = match arguments.as_slice() {
        ["pop3", address, folder, user] => (Profile::Pop3, address, folder, user),
        ["pop3s", address, folder, user] => (Profile::Pop3s, address, folder, user),
        _ => {
            eprintln!("usage: server pop3|pop3s ADDRESS MAILDIR USER:PASSWORD");
            return ExitCode::from(2);
        }
    };
    match serve(profile, address, Path::new(folder), user).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(profile: Profile, address: &str, folder: &Path, user: &str) -> Result<(), Failure> {
    let (user, password) = user.split_once(':').ok_or("a user is NAME:PASSWORD")?;
    if !folder.join("cur").is_dir() || !folder.join("new").is_dir() {
        return Err(format!("{}: not a Maildir, there is no cur or no new in it", folder.display()).into());
    }
    let mut config = Config::new(profile);
    config.stls = true;
    let site = Arc::new(Site {
        config: Arc::new(config),
        folder: folder.to_owned(),
        user: user.to_owned(),
        password: password.to_owned(),
        tls: acceptor()?,
        start: Instant::now(),
    });
    let listener = TcpListener::bind(address).await.map_err(|error| format!("{address}: {error}"))?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            if let Err(error) = connection(&site, stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

/// TLS with a certificate that nobody has signed but itself.
fn acceptor() -> Result<TlsAcceptor, Failure> {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn connection(site: &Site, stream: TcpStream) -> Result<(), Failure> {
    let mut server = Server::new(Arc::clone(&site.config), site.now());
    let mut entropy = [0; 16];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut entropy)
        .map_err(|_| "the system has no random octets")?;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let challenge = Challenge::compose(u128::from_le_bytes(entropy), seconds, HOST)?;
    let mut out = Vec::new();
    server.greet("POP3 server ready", Some(challenge.as_str()), &mut out)?;
    let stream: Box<dyn Stream> =
        if server.is_tls() { Box::new(site.tls.accept(stream).await?) } else { Box::new(stream) };
    Session { site, server, stream, challenge, files: Vec::new(), out }.run().await
}

/// One client.
struct Session<'s> {
    site: &'s Site,
    server: Server,
    stream: Box<dyn Stream>,
    challenge: Challenge,
    /// The messages, in the order of their numbers.
    files: Vec<PathBuf>,
    /// What is to be sent.
    out: Vec<u8>,
}

/// What an event asks for, once nothing of the input is borrowed any more.
enum Task {
    None,
    Login { is_right: bool },
    Send(Number),
    Delete(Vec<Number>),
}

impl Session<'_> {
    async fn run(mut self) -> Result<(), Failure> {
        let mut input = Vec::new();
        loop {
            match self.server.advance(&input, self.site.now(), &mut self.out) {
                Advance::Event { used, event } => {
                    let task = self.task(event);
                    input.drain(..used);
                    self.perform(task).await?;
                }
                Advance::NeedReply => self.server.accept(&mut self.out)?,
                Advance::NeedInput => {
                    self.flush().await?;
                    let left = self.server.deadline().saturating_sub(self.site.now()).max(1);
                    match timeout(Duration::from_secs(left), self.stream.read_buf(&mut input)).await {
                        Ok(Ok(0)) => return Ok(()),
                        Ok(result) => drop(result?),
                        Err(_) => self.server.expire(),
                    }
                }
                Advance::StartTls => {
                    self.flush().await?;
                    // fails if anything stands behind STLS
                    self.server = self.server.upgrade(&input, self.site.now())?;
                    input.clear();
                    self.stream = Box::new(self.site.tls.accept(self.stream).await?);
                }
                Advance::Close => {
                    self.flush().await?;
                    return Ok(self.stream.shutdown().await?);
                }
            }
        }
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        self.stream.write_all(&self.out).await?;
        self.stream.flush().await?;
        self.out.clear();
        Ok(())
    }

    fn task(&self, event: Event<'_>) -> Task {
        let site = self.site;
        match event {
            Event::Pass { user, password } => {
                let is_right = user == site.user && password.expose() == site.password.as_bytes();
                Task::Login { is_right }
            }
            Event::Apop { user, digest } => {
                let is_right = self.challenge.verify(site.password.as_bytes(), digest.as_str().as_bytes());
                Task::Login { is_right: is_right && user == site.user.as_str() }
            }
            Event::Retr(number) | Event::Top { number, .. } => Task::Send(number),
            Event::Commit { deleted } => Task::Delete(deleted),
            _ => Task::None,
        }
    }

    async fn perform(&mut self, task: Task) -> Result<(), Failure> {
        match task {
            Task::None => {}
            Task::Login { is_right: false } => self.server.refuse(&mut self.out)?,
            Task::Login { is_right: true } => {
                let maildrop = self.open_maildrop()?;
                self.server.open(maildrop, &mut self.out)?;
            }
            Task::Send(number) => self.send(number).await?,
            Task::Delete(deleted) => {
                let files = deleted.iter().filter_map(|number| self.files.get(number.index()));
                let failed = files.filter(|file| fs::remove_file(file).is_err()).count();
                if failed == 0 {
                    self.server.accept(&mut self.out)?;
                } else {
                    self.server.refuse(&mut self.out)?;
                }
            }
        }
        Ok(())
    }

    /// The messages of the folder; the name of a file, without its flags, is its unique id.
    fn open_maildrop(&mut self) -> Result<Maildrop, Failure> {
        let mut maildrop = Maildrop::new();
        let mut files = Vec::new();
        for part in ["new", "cur"] {
            for entry in fs::read_dir(self.site.folder.join(part))? {
                files.push(entry?.path());
            }
        }
        files.sort();
        for file in files {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("");
            let id = name.split(':').next().unwrap_or("");
            // a file whose name is no unique id is no message either
            if maildrop.add(sent_octets(&fs::read(&file)?), id).is_ok() {
                self.files.push(file);
            }
        }
        Ok(maildrop)
    }

    async fn send(&mut self, number: Number) -> Result<(), Failure> {
        let file = self.files.get(number.index()).ok_or("a message that was never there")?;
        let Ok(mut file) = tokio::fs::File::open(file).await else {
            return Ok(self.server.refuse(&mut self.out)?);
        };
        self.server.accept(&mut self.out)?;
        let mut piece = vec![0; 16 << 10];
        loop {
            let length = file.read(&mut piece).await?;
            let octets = piece.get(..length).unwrap_or_default();
            if octets.is_empty() || self.server.body(octets, &mut self.out)? == Flow::Enough {
                break;
            }
            self.flush().await?;
        }
        Ok(self.server.end_body(&mut self.out)?)
    }
}

/// How many octets go over the wire, dots not counted: each bare LF becomes CRLF, and the end gets one.
fn sent_octets(message: &[u8]) -> u64 {
    let is_bare = |pair: &&[u8]| pair.ends_with(b"\n") && !pair.starts_with(b"\r");
    let bare = message.windows(2).filter(is_bare).count() + usize::from(message.starts_with(b"\n"));
    let is_open = !message.is_empty() && !message.ends_with(b"\n");
    (message.len() + bare + if is_open { 2 } else { 0 }) as u64
}

impl Site {
    fn now(&self) -> u64 {
        self.start.elapsed().as_secs()
    }
}
