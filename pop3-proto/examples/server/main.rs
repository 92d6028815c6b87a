//! A POP3 server over a Maildir folder or an mbox file, on tokio: port 110 with STLS, or port 995; USER and PASS, APOP,
//! and AUTH by `mailproto-sasl`.
//!
//! `server pop3|pop3s ADDRESS MAILBOX USER:PASSWORD [CERTIFICATE KEY]`, for example
//! `server pop3 127.0.0.1:1110 /tmp/Maildir alice:secret`. The certificate and its key are PEM files; without them
//! a certificate is made on the spot, which no client has a reason to trust.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod mbox;
mod messages;

use apop::Challenge;
use messages::Messages;
use pop3_proto::{
    Code, Number, Response, Server,
    server::{Advance, Config, Event, Flow, Profile},
};
use sasl::{Attempt, Channel, Mechanism, Nonce, Prepared, Step, StoredKeys, scram::Decoy};
use std::{
    env,
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

type Failure = Box<dyn Error + Send + Sync>;

const HOST: &str = "localhost";

/// What the example can check with a password at hand.
const MECHANISMS: [Mechanism; 5] =
    [Mechanism::ScramSha256, Mechanism::ScramSha1, Mechanism::CramMd5, Mechanism::Plain, Mechanism::Login];

/// A connection, under TLS or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What all sessions share.
struct Site {
    config: Arc<Config>,
    mailbox: PathBuf,
    /// Somebody has the maildrop: one session at a time (RFC 1939 §4).
    is_locked: AtomicBool,
    user: String,
    password: String,
    sasl: sasl::Server,
    tls: TlsAcceptor,
    start: Instant,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (profile, address, mailbox, user, tls) = match arguments.as_slice() {
        ["pop3", address, mailbox, user, tls @ ..] => (Profile::Pop3, address, mailbox, user, tls),
        ["pop3s", address, mailbox, user, tls @ ..] => (Profile::Pop3s, address, mailbox, user, tls),
        _ => return usage(),
    };
    let tls = match tls {
        [] => made_certificate(),
        [certificate, key] => read_certificate(certificate, key),
        _ => return usage(),
    };
    let result = match tls.and_then(|tls| Site::new(profile, Path::new(mailbox), user, tls)) {
        Ok(site) => serve(Arc::new(site), address).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: server pop3|pop3s ADDRESS MAILBOX USER:PASSWORD [CERTIFICATE KEY]");
    ExitCode::from(2)
}

/// TLS with a certificate that nobody has signed but itself.
fn made_certificate() -> Result<TlsAcceptor, Failure> {
    let made = rcgen::generate_simple_self_signed([HOST.to_owned()])?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
    acceptor(vec![made.cert.der().clone()], key)
}

fn read_certificate(certificate: &str, key: &str) -> Result<TlsAcceptor, Failure> {
    let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|error| format!("{certificate}: {error}"))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| format!("{key}: {error}"))?;
    acceptor(chain, key)
}

fn acceptor(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<TlsAcceptor, Failure> {
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Site {
    fn new(profile: Profile, mailbox: &Path, user: &str, tls: TlsAcceptor) -> Result<Self, Failure> {
        let (user, password) = user.split_once(':').ok_or_else(|| format!("{user}: not USER:PASSWORD"))?;
        Prepared::ascii(password).map_err(|error| format!("the password of {user}: {error}"))?;
        Messages::check(mailbox)?;
        let mut config = Config::new(profile).with_mechanisms(MECHANISMS.map(Mechanism::name));
        config.stls = true;
        let decoy = Decoy::new(sasl::Secret::new(&random::<18>()?));
        Ok(Self {
            config: Arc::new(config),
            mailbox: mailbox.to_owned(),
            is_locked: AtomicBool::new(false),
            user: user.to_owned(),
            password: password.to_owned(),
            sasl: sasl::Server::new(HOST, &MECHANISMS, decoy)?,
            tls,
            start: Instant::now(),
        })
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_secs()
    }
}

async fn serve(site: Arc<Site>, address: &str) -> Result<(), Failure> {
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

async fn connection(site: &Site, stream: TcpStream) -> Result<(), Failure> {
    let mut server = Server::new(Arc::clone(&site.config), site.now());
    let challenge = Challenge::compose(u128::from_le_bytes(random()?), seconds()?, HOST)?;
    let mut out = Vec::new();
    server.greet("POP3 server ready", Some(challenge.as_str()), &mut out)?;
    let stream: Box<dyn Stream> =
        if server.is_tls() { Box::new(site.tls.accept(stream).await?) } else { Box::new(stream) };
    Session { site, server, stream, challenge, sasl: None, lock: None, messages: None, out }.run().await
}

/// One client.
struct Session<'s> {
    site: &'s Site,
    server: Server,
    stream: Box<dyn Stream>,
    /// What the greeting has offered for APOP.
    challenge: Challenge,
    /// What waits for the client's next response.
    sasl: Option<sasl::server::Challenge>,
    lock: Option<Lock<'s>>,
    /// There are some as soon as somebody has logged in.
    messages: Option<Messages>,
    /// What is to be sent.
    out: Vec<u8>,
}

/// The right to the maildrop, as long as it lives.
struct Lock<'s>(&'s AtomicBool);

impl<'s> Lock<'s> {
    fn take(is_locked: &'s AtomicBool) -> Option<Self> {
        let was_locked = is_locked.swap(true, Ordering::AcqRel);
        (!was_locked).then_some(Self(is_locked))
    }
}

impl Drop for Lock<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// What an event asks for, once nothing of the input is borrowed any more.
enum Task {
    None,
    Login { is_right: bool },
    Sasl(Box<Step>),
    Send(Number),
    Delete(Vec<Number>),
}

impl Session<'_> {
    async fn run(mut self) -> Result<(), Failure> {
        let mut input = Vec::new();
        loop {
            match self.server.advance(&input, self.site.now(), &mut self.out) {
                Advance::Event { used, event } => {
                    let task = self.task(event)?;
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

    fn task(&mut self, event: Event<'_>) -> Result<Task, Failure> {
        let site = self.site;
        Ok(match event {
            Event::Pass { user, password } => {
                let is_right = user == site.user && password.expose() == site.password.as_bytes();
                Task::Login { is_right }
            }
            Event::Apop { user, digest } => {
                let is_right = self.challenge.verify(site.password.as_bytes(), digest.as_str().as_bytes());
                Task::Login { is_right: is_right && user == site.user.as_str() }
            }
            Event::Auth { mechanism, initial } => {
                let initial = initial.as_ref().map(|initial| initial.expose().as_slice());
                Task::Sasl(Box::new(self.start_sasl(mechanism.as_str(), initial)?))
            }
            Event::AuthResponse(response) => {
                let challenge = self.sasl.take().ok_or("a response without a challenge")?;
                Task::Sasl(Box::new(challenge.respond(response.expose())))
            }
            Event::Retr(number) | Event::Top { number, .. } => Task::Send(number),
            Event::Commit { deleted } => Task::Delete(deleted),
            _ => Task::None,
        })
    }

    async fn perform(&mut self, task: Task) -> Result<(), Failure> {
        match task {
            Task::None => Ok(()),
            Task::Login { is_right: false } => Ok(self.server.refuse(&mut self.out)?),
            Task::Login { is_right: true } => self.log_in(),
            Task::Sasl(step) => self.answer_sasl(*step),
            Task::Send(number) => self.send(number).await,
            Task::Delete(deleted) => {
                let messages = self.messages.as_ref().ok_or("messages of nobody")?;
                match messages.delete(&deleted) {
                    Ok(()) => Ok(self.server.accept(&mut self.out)?),
                    Err(error) => {
                        eprintln!("server: {error}");
                        Ok(self.server.refuse(&mut self.out)?)
                    }
                }
            }
        }
    }

    fn start_sasl(&self, mechanism: &str, initial: Option<&[u8]>) -> Result<Step, Failure> {
        let channel = if self.server.is_tls() { Channel::Tls(Vec::new()) } else { Channel::Clear };
        Ok(self.site.sasl.start(Attempt {
            mechanism: Mechanism::parse(mechanism).ok_or("a mechanism that was not offered")?,
            initial,
            channel: &channel,
            nonce: Nonce::from_entropy(random()?),
            now: seconds()?,
        }))
    }

    /// Answers what SASL asks, and tells the client what came of it.
    fn answer_sasl(&mut self, step: Step) -> Result<(), Failure> {
        let site = self.site;
        let mut step = step;
        loop {
            step = match step {
                Step::Challenge(challenge) => {
                    self.server.challenge(challenge.as_bytes(), &mut self.out)?;
                    self.sasl = Some(challenge);
                    return Ok(());
                }
                Step::Password(check) => {
                    let is_right = check.user() == site.user && check.password() == site.password;
                    check.answer(is_right)
                }
                Step::Secret(lookup) => {
                    let password = (lookup.user() == site.user).then_some(site.password.as_bytes());
                    lookup.answer(password)
                }
                Step::Keys(lookup) if lookup.user() == site.user => {
                    let (salt, password) = (random::<18>()?, Prepared::ascii(&site.password)?);
                    let keys = StoredKeys::derive(lookup.hash(), &password, &salt, 4096)?;
                    lookup.answer(Some(keys))
                }
                Step::Keys(lookup) => lookup.answer(None),
                Step::Authorize(question) => question.answer(false),
                Step::Token(check) => check.refuse("invalid_token"),
                Step::External(check) => check.answer(None),
                Step::Done(_) => return self.log_in(),
                Step::Failed(_) => return Ok(self.server.refuse(&mut self.out)?),
            };
        }
    }

    /// The login is right: opens the maildrop, unless another session has it.
    fn log_in(&mut self) -> Result<(), Failure> {
        let Some(lock) = Lock::take(&self.site.is_locked) else {
            let response = Response::err("Another session has the maildrop").with_code(Code::InUse);
            return Ok(self.server.reply(&response, &mut self.out)?);
        };
        self.lock = Some(lock);
        let (messages, maildrop) = Messages::open(&self.site.mailbox)?;
        self.messages = Some(messages);
        Ok(self.server.open(maildrop, &mut self.out)?)
    }

    async fn send(&mut self, number: Number) -> Result<(), Failure> {
        let messages = self.messages.as_ref().ok_or("messages of nobody")?;
        let Ok(mut message) = messages.read(number).await else {
            return Ok(self.server.refuse(&mut self.out)?);
        };
        self.server.accept(&mut self.out)?;
        let mut piece = vec![0; 64 << 10];
        loop {
            let length = message.read(&mut piece).await?;
            let octets = piece.get(..length).unwrap_or_default();
            if octets.is_empty() || self.server.body(octets, &mut self.out)? == Flow::Enough {
                break;
            }
            self.flush().await?;
        }
        Ok(self.server.end_body(&mut self.out)?)
    }
}

fn seconds() -> Result<u64, Failure> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn random<const COUNT: usize>() -> Result<[u8; COUNT], Failure> {
    let mut octets = [0; COUNT];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut octets)
        .map_err(|_| "the system has no random octets")?;
    Ok(octets)
}
