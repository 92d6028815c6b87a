//! A mail server on tokio: STARTTLS or implicit TLS by rustls with a certificate made on the spot, AUTH by
//! `mailproto-sasl`, mail from other servers authenticated by `mailproto-auth-results`, each message written to a file.
//!
//! `server_tokio [--zone FILE] PROFILE ADDRESS DOMAIN FOLDER [USER:PASSWORD]`, for example
//! `server_tokio submission 127.0.0.1:2587 example.com /tmp/mail alice:secret`; PROFILE is `relay`, `submission`,
//! `submissions` or `lmtp`. With `--zone` a file says what the DNS says, in place of the system's name servers. The
//! certificate is written to `certificate.pem` in the folder, for clients to trust.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod check;
mod users;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use check::Dns;
use sasl::{Channel, ChannelBinding};
use smtp_proto::{
    Code, EnhancedCode, Name, Path, Received, Reply, SaslOctets, Server, Timestamp,
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
use users::{Outcome, Users};

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
    dns: Dns,
    tls: TlsAcceptor,
    folder: PathBuf,
    start: Instant,
    count: AtomicU64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let (zone, arguments) = match arguments.as_slice() {
        [flag, zone, rest @ ..] if flag == "--zone" => (Some(zone.as_str()), rest),
        all => (None, all),
    };
    let [profile, address, domain, folder, user @ ..] = arguments else {
        return usage();
    };
    let profile = match profile.as_str() {
        "relay" => Profile::Relay,
        "submission" => Profile::Submission,
        "submissions" => Profile::Submissions,
        "lmtp" => Profile::Lmtp,
        _ => return usage(),
    };
    let result = match site(profile, domain, folder, user, zone) {
        Ok(site) => serve(Arc::new(site), address).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server_tokio: {error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!(
        "usage: server_tokio [--zone FILE] relay|submission|submissions|lmtp ADDRESS DOMAIN FOLDER [USER:PASSWORD]"
    );
    ExitCode::from(2)
}

fn site(
    profile: Profile,
    domain: &str,
    folder: &str,
    user: &[String],
    zone: Option<&str>,
) -> Result<Site, Failure> {
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
        config = config.with_mechanisms(Users::mechanisms());
    }
    Ok(Site {
        config: Arc::new(config),
        tls: acceptor(domain.as_str(), &folder)?,
        policy: RelayPolicy::new([domain]),
        logins: PopBeforeSmtp::new(0, 0),
        users,
        dns: Dns::new(zone)?,
        folder,
        start: Instant::now(),
        count: AtomicU64::new(0),
    })
}

async fn serve(site: Arc<Site>, address: &str) -> Result<(), Failure> {
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
fn acceptor(domain: &str, folder: &std::path::Path) -> Result<TlsAcceptor, Failure> {
    let made = rcgen::generate_simple_self_signed([domain.to_owned(), "localhost".to_owned()])?;
    let text = STANDARD.encode(made.cert.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    fs::write(folder.join("certificate.pem"), pem)?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())?;
    // without it a channel of TLS 1.2 could not be bound (RFC 9266 §4.2)
    config.require_ems = true;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn connection(site: &Site, stream: TcpStream, peer: IpAddr) -> Result<(), Failure> {
    let mut session = Session {
        site,
        server: Server::new(Arc::clone(&site.config), site.now()),
        stream: Box::new(stream),
        channel: Channel::Clear,
        peer,
        input: Vec::new(),
        out: Vec::new(),
        message: Message::default(),
        challenge: None,
    };
    if session.server.is_tls() {
        session = session.shake_hands().await?;
    }
    session.run().await
}

/// One client.
struct Session<'s> {
    site: &'s Site,
    server: Server,
    stream: Box<dyn Stream>,
    /// What SASL may know of the connection.
    channel: Channel,
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
    sender: String,
    recipients: Vec<String>,
    is_utf8: bool,
    body: Vec<u8>,
}

impl Session<'_> {
    /// Puts TLS over the connection.
    async fn shake_hands(mut self) -> Result<Self, Failure> {
        let stream = self.site.tls.accept(self.stream).await?;
        let (_, tls) = stream.get_ref();
        let label = ChannelBinding::EXPORTER_LABEL.as_bytes();
        let material = tls.export_keying_material([0; 32], label, Some(b""))?;
        self.channel = Channel::Tls(vec![ChannelBinding::tls_exporter(material)]);
        self.stream = Box::new(stream);
        Ok(self)
    }

    async fn run(mut self) -> Result<(), Failure> {
        loop {
            let input = std::mem::take(&mut self.input);
            // what has been used of `input` in this round
            let mut at: usize = 0;
            loop {
                let unread = input.get(at..).unwrap_or_default();
                match self.server.advance(unread, self.site.now(), &mut self.out) {
                    Advance::Event { used, event } => {
                        self.take(event).await?;
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
                        self = self.shake_hands().await?;
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
    async fn take(&mut self, event: Event<'_>) -> Result<(), Failure> {
        match event {
            Event::Hello { host, .. } => self.message.hello = host.to_string(),
            Event::Auth { mechanism, initial } => {
                let initial = initial.as_ref().map(SaslOctets::expose);
                let outcome = self.users()?.start(mechanism.as_str(), initial, &self.channel)?;
                self.answer_auth(outcome)?;
            }
            Event::AuthResponse(response) => {
                let challenge = self.challenge.take().ok_or("a response without a challenge")?;
                let outcome = self.users()?.respond(challenge, response.expose());
                self.answer_auth(outcome)?;
            }
            Event::AuthCancelled => self.challenge = None,
            Event::Mail(mail) => {
                self.message.sender = address(mail.path());
                self.message.is_utf8 = mail.params.smtputf8;
                self.message.recipients.clear();
                self.message.body.clear();
            }
            Event::Rcpt(rcpt) => {
                let peer = Peer::new(self.peer).with_authenticated(self.server.is_authenticated());
                let (policy, logins) = (&self.site.policy, &self.site.logins);
                match relay::decide(policy, &peer, rcpt.path(), logins, self.site.now()) {
                    Decision::Refuse => self.server.reply(&relay::REFUSAL, &mut self.out)?,
                    _ => self.message.recipients.push(address(rcpt.path())),
                }
            }
            Event::Body(octets) => self.message.body.extend_from_slice(octets),
            Event::BodyRefused(_) | Event::Reset => self.message.body.clear(),
            Event::BodyEnd => self.finish_message().await?,
            _ => {}
        }
        Ok(())
    }

    fn users(&self) -> Result<&Users, Failure> {
        Ok(self.site.users.as_ref().ok_or("nobody can authenticate here")?)
    }

    /// Tells the client what came of its authentication so far.
    fn answer_auth(&mut self, outcome: Outcome) -> Result<(), Failure> {
        match outcome {
            Outcome::Challenge(challenge) => {
                self.server.challenge(challenge.as_bytes(), &mut self.out)?;
                self.challenge = Some(*challenge);
            }
            Outcome::Success => self.server.accept(&mut self.out)?,
            Outcome::Refused => {
                let code = Code::new(535).ok_or("535 is a code")?;
                let reply = Reply::new(code, EnhancedCode::new(5, 7, 8), "Authentication failed");
                self.server.reply(&reply, &mut self.out)?;
            }
        }
        Ok(())
    }

    /// The message is complete: it is kept, unless it comes from another server and is not what it claims to be.
    async fn finish_message(&mut self) -> Result<(), Failure> {
        let site = self.site;
        let body = std::mem::take(&mut self.message.body);
        if site.config.profile != Profile::Relay {
            return self.store(&body);
        }
        let envelope = auth_results::Envelope::new(self.peer, &self.message.hello, &self.message.sender);
        let envelope = self
            .message
            .recipients
            .iter()
            .fold(envelope, |envelope, recipient| envelope.with_recipient(recipient));
        match check::check(&site.dns, envelope, &body, site.config.host.as_str(), seconds()?).await? {
            Ok(message) => self.store(&message),
            Err(reply) => Ok(self.server.reply(&reply, &mut self.out)?),
        }
    }

    /// Writes the message to a file, with a trace field on top. Nobody sees a file that is not complete.
    fn store(&self, message: &[u8]) -> Result<(), Failure> {
        let site = self.site;
        let id = format!("{:06}", site.count.fetch_add(1, Ordering::Relaxed));
        let date = Timestamp::new(i64::try_from(seconds()?)?).ok_or("the clock is wrong")?.to_mail_date();
        let received = Received::new(site.config.host.as_str(), &date)
            .from(&self.message.hello, Some(self.peer), None)
            .with_server(&self.server, self.message.is_utf8)
            .id(&id)
            .to_string();
        let octets = [received.as_bytes(), b"\r\n", message].concat();
        let part = site.folder.join(format!("{id}.part"));
        fs::write(&part, octets)?;
        fs::rename(part, site.folder.join(format!("{id}.eml")))?;
        println!("{id}: {} octets", message.len());
        Ok(())
    }
}

/// What stands between the brackets of a path.
fn address(path: &Path<'_>) -> String {
    path.to_string().trim_start_matches('<').trim_end_matches('>').to_owned()
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
