//! A mail server on tokio: STARTTLS or implicit TLS by rustls with a certificate made on the spot, AUTH by
//! `mailproto-sasl`, each message written to a file.
//!
//! `server_tokio PROFILE ADDRESS DOMAIN FOLDER [USER:PASSWORD]`, for example
//! `server_tokio submission 127.0.0.1:2587 example.com /tmp/mail alice:secret`; PROFILE is `relay`, `submission`,
//! `submissions` or `lmtp`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use sasl::{Attempt, Channel, Mechanism, Nonce, Prepared, Step, StoredKeys, scram::Decoy};
use smtp_proto::{
    Code, EnhancedCode, Name, Received, Reply, Server, Timestamp,
    relay::{self, Decision, Peer, PopBeforeSmtp, RelayPolicy},
    server::{Advance, Config, Event, Profile},
};
use std::{
    env,
    error::Error,
    fs,
    net::IpAddr,
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
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
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

type Failure = Box<dyn Error + Send + Sync>;

/// A connection, under TLS or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What all sessions share.
struct Site {
    config: Arc<Config>,
    policy: RelayPolicy,
    logins: PopBeforeSmtp,
    users: Option<Users>,
    tls: TlsAcceptor,
    folder: PathBuf,
    start: Instant,
    count: AtomicU64,
}

/// The one user of this example, and how it is asked who it is.
struct Users {
    name: String,
    password: String,
    sasl: sasl::Server,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [profile, address, domain, folder, user @ ..] = arguments.as_slice() else {
        return usage();
    };
    let profile = match profile.as_str() {
        "relay" => Profile::Relay,
        "submission" => Profile::Submission,
        "submissions" => Profile::Submissions,
        "lmtp" => Profile::Lmtp,
        _ => return usage(),
    };
    match serve(profile, address, domain, folder, user).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server_tokio: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: server_tokio relay|submission|submissions|lmtp ADDRESS DOMAIN FOLDER [USER:PASSWORD]");
    ExitCode::from(2)
}

async fn serve(
    profile: Profile,
    address: &str,
    domain: &str,
    folder: &str,
    user: &[String],
) -> Result<(), Failure> {
    let domain = Name::parse(domain).map_err(|error| format!("{domain}: {error}"))?;
    let folder = PathBuf::from(folder);
    if !folder.is_dir() {
        return Err(format!("{}: no such folder", folder.display()).into());
    }
    let users = match user {
        [] => None,
        [user] => Some(Users::new(user, domain.as_str())?),
        _ => return Err("one user is enough".into()),
    };
    let mut config = Config::new(profile, domain.clone());
    config.starttls = true;
    config.smtputf8 = true;
    if users.is_some() {
        config = config.with_mechanisms(MECHANISMS.map(Mechanism::name));
    }
    let site = Arc::new(Site {
        config: Arc::new(config),
        policy: RelayPolicy::new([domain.clone()]),
        logins: PopBeforeSmtp::new(0, 0),
        users,
        tls: acceptor(domain.as_str())?,
        folder,
        start: Instant::now(),
        count: AtomicU64::new(0),
    });
    let listener = TcpListener::bind(address).await.map_err(|error| format!("{address}: {error}"))?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            if let Err(error) = connection(&site, stream, peer.ip()).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

/// TLS with a certificate that nobody has signed but itself.
fn acceptor(domain: &str) -> Result<TlsAcceptor, Failure> {
    let made = rcgen::generate_simple_self_signed([domain.to_owned()])?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn connection(site: &Site, stream: TcpStream, peer: IpAddr) -> Result<(), Failure> {
    let server = Server::new(Arc::clone(&site.config), site.now());
    let stream: Box<dyn Stream> =
        if server.is_tls() { Box::new(site.tls.accept(stream).await?) } else { Box::new(stream) };
    Session {
        site,
        server,
        stream,
        peer,
        input: Vec::new(),
        out: Vec::new(),
        message: Message::default(),
        challenge: None,
    }
    .run()
    .await
}

/// One client.
struct Session<'s> {
    site: &'s Site,
    server: Server,
    stream: Box<dyn Stream>,
    peer: IpAddr,
    /// What has been read and not been used.
    input: Vec<u8>,
    /// What is to be sent.
    out: Vec<u8>,
    message: Message,
    /// What waits for the client's next response.
    challenge: Option<sasl::server::Challenge>,
}

#[derive(Default)]
struct Message {
    hello: String,
    is_utf8: bool,
    body: Vec<u8>,
}

impl Session<'_> {
    async fn run(mut self) -> Result<(), Failure> {
        loop {
            let input = std::mem::take(&mut self.input);
            // what has been used of `input` in this round
            let mut at: usize = 0;
            loop {
                let unread = input.get(at..).unwrap_or_default();
                match self.server.advance(unread, self.site.now(), &mut self.out) {
                    Advance::Event { used, event } => {
                        self.take(event)?;
                        at = at.saturating_add(used);
                    }
                    Advance::NeedReply => self.server.accept(&mut self.out)?,
                    Advance::NeedInput => {
                        self.input.extend_from_slice(unread);
                        self.flush().await?;
                        break;
                    }
                    Advance::StartTls => {
                        self.flush().await?;
                        // fails if anything stands behind STARTTLS
                        self.server = self.server.upgrade(unread, self.site.now())?;
                        self.stream = Box::new(self.site.tls.accept(self.stream).await?);
                        break;
                    }
                    Advance::Close => {
                        self.flush().await?;
                        return Ok(self.stream.shutdown().await?);
                    }
                }
            }
            let left = Duration::from_secs(self.server.deadline().saturating_sub(self.site.now()).max(1));
            match timeout(left, self.stream.read_buf(&mut self.input)).await {
                Ok(Ok(0)) => return Ok(()),
                Ok(result) => drop(result?),
                Err(_) => self.server.expire(&mut self.out),
            }
        }
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        self.stream.write_all(&self.out).await?;
        self.stream.flush().await?;
        self.out.clear();
        Ok(())
    }

    /// Deals with an event. What asks and is not answered here is accepted.
    fn take(&mut self, event: Event<'_>) -> Result<(), Failure> {
        match event {
            Event::Hello { host, .. } => self.message.hello = host.to_string(),
            Event::Auth { mechanism, initial } => {
                let initial = initial.as_ref().map(|initial| initial.expose().as_slice());
                let step = self.start_auth(mechanism.as_str(), initial)?;
                self.answer_auth(step)?;
            }
            Event::AuthResponse(response) => {
                let challenge = self.challenge.take().ok_or("a response without a challenge")?;
                self.answer_auth(challenge.respond(response.expose()))?;
            }
            Event::AuthCancelled => self.challenge = None,
            Event::Mail(mail) => {
                self.message.is_utf8 = mail.params.smtputf8;
                self.message.body.clear();
            }
            Event::Rcpt(rcpt) => {
                let peer = Peer::new(self.peer).with_authenticated(self.server.is_authenticated());
                let (policy, logins) = (&self.site.policy, &self.site.logins);
                if relay::decide(policy, &peer, &rcpt.path, logins, self.site.now()) == Decision::Refuse {
                    self.server.reply(&relay::REFUSAL, &mut self.out)?;
                }
            }
            Event::Body(octets) => self.message.body.extend_from_slice(octets),
            Event::BodyRefused(_) | Event::Reset => self.message.body.clear(),
            Event::BodyEnd => self.store()?,
            _ => {}
        }
        Ok(())
    }

    fn start_auth(&self, mechanism: &str, initial: Option<&[u8]>) -> Result<Step, Failure> {
        let users = self.site.users.as_ref().ok_or("nobody can authenticate here")?;
        let channel = if self.server.is_tls() { Channel::Tls(Vec::new()) } else { Channel::Clear };
        Ok(users.sasl.start(Attempt {
            mechanism: Mechanism::parse(mechanism).ok_or("a mechanism that was not offered")?,
            initial,
            channel: &channel,
            nonce: Nonce::from_entropy(random()?),
            now: seconds()?,
        }))
    }

    /// Answers what SASL asks, and tells the client what came of it.
    fn answer_auth(&mut self, step: Step) -> Result<(), Failure> {
        let users = self.site.users.as_ref().ok_or("nobody can authenticate here")?;
        let mut step = step;
        loop {
            step = match step {
                Step::Challenge(challenge) => {
                    self.server.challenge(challenge.as_bytes(), &mut self.out)?;
                    self.challenge = Some(challenge);
                    return Ok(());
                }
                Step::Password(check) => {
                    let is_right = check.user() == users.name && check.password() == users.password;
                    check.answer(is_right)
                }
                Step::Secret(lookup) => {
                    let password = (lookup.user() == users.name).then_some(users.password.as_bytes());
                    lookup.answer(password)
                }
                Step::Keys(lookup) => {
                    let keys = match lookup.user() == users.name {
                        true => {
                            let salt: [u8; 18] = random()?;
                            Some(StoredKeys::derive(
                                lookup.hash(),
                                &Prepared::ascii(&users.password)?,
                                &salt,
                                4096,
                            )?)
                        }
                        false => None,
                    };
                    lookup.answer(keys)
                }
                Step::Authorize(question) => question.answer(false),
                Step::Token(check) => check.refuse("invalid_token"),
                Step::External(check) => check.answer(None),
                Step::Done(_) => return Ok(self.server.accept(&mut self.out)?),
                Step::Failed(_) => {
                    let code = Code::new(535).ok_or("535 is a code")?;
                    let reply = Reply::new(code, EnhancedCode::new(5, 7, 8), "Authentication failed");
                    return Ok(self.server.reply(&reply, &mut self.out)?);
                }
            };
        }
    }

    /// Writes the message to a file, with a trace field on top.
    fn store(&mut self) -> Result<(), Failure> {
        let site = self.site;
        let id = format!("{:06}", site.count.fetch_add(1, Ordering::Relaxed));
        let date = Timestamp::new(i64::try_from(seconds()?)?).ok_or("the clock is wrong")?.to_mail_date();
        let received = Received::new(site.config.host.as_str(), &date)
            .from(&self.message.hello, Some(self.peer), None)
            .with_server(&self.server, self.message.is_utf8)
            .id(&id)
            .to_string();
        let octets = [received.as_bytes(), b"\r\n", &self.message.body].concat();
        fs::write(site.folder.join(format!("{id}.eml")), octets)?;
        println!("{id}: {} octets", self.message.body.len());
        Ok(())
    }
}

/// What the example can check with a password at hand.
const MECHANISMS: [Mechanism; 5] =
    [Mechanism::ScramSha256, Mechanism::ScramSha1, Mechanism::CramMd5, Mechanism::Plain, Mechanism::Login];

impl Users {
    fn new(user: &str, host: &str) -> Result<Self, Failure> {
        let (name, password) = user.split_once(':').ok_or("a user is NAME:PASSWORD")?;
        let decoy = Decoy::new(sasl::Secret::new(&random::<18>()?));
        let sasl = sasl::Server::new(host, &MECHANISMS, decoy)?;
        Ok(Self { name: name.to_owned(), password: password.to_owned(), sasl })
    }
}

impl Site {
    fn now(&self) -> u64 {
        self.start.elapsed().as_secs()
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
