//! Sends a file: `client [OPTION]... ADDRESS SENDER RECIPIENT... < message`, for example
//! `client --starttls --ca certificate.pem --user alice:secret localhost:2587 a@example.org b@example.com < message`.
//!
//! Without `--starttls` or `--tls` it speaks in clear, which is for the own machine and the own network. Line ends of the
//! file are made CRLF.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use sasl::{Channel, ChannelBinding, Credentials, Limits, Nonce, Policy, Prepared};
use smtp_proto::{
    BodyType, Client, Command, Envelope, Host, LineEndings, Mail, Mailbox, Path, Rcpt, Rules, Transaction,
    Word,
    client::{Advance as ClientAdvance, ClientConfig, Event, Sent, TlsPolicy, auth_command},
    transaction::Advance,
};
use std::{
    env,
    error::Error,
    fs,
    io::{self, Read, Write},
    net::{IpAddr, TcpStream},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_rustls::rustls::{
    self, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};

type Failure = Box<dyn Error>;

const USAGE: &str = "usage: client [OPTION]... ADDRESS SENDER RECIPIENT... < message
  --starttls   go under TLS before anything is sent
  --tls        under TLS from the first octet
  --ca FILE    the certificates to trust for TLS, in PEM
  --user NAME:PASSWORD
               authenticate
  --bdat       send the message with BDAT
  --lmtp       speak LMTP";

/// What the command line asks for.
#[derive(Default)]
struct Options {
    starttls: bool,
    tls: bool,
    ca: Option<String>,
    user: Option<String>,
    bdat: bool,
    lmtp: bool,
    address: String,
    sender: String,
    recipients: Vec<String>,
}

impl Options {
    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = Vec::new();
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} wants a value"));
            match argument.as_str() {
                "--starttls" => options.starttls = true,
                "--tls" => options.tls = true,
                "--bdat" => options.bdat = true,
                "--lmtp" => options.lmtp = true,
                "--ca" => options.ca = Some(value()?),
                "--user" => options.user = Some(value()?),
                _ if argument.starts_with('-') => return Err(format!("{argument} is no option")),
                _ => words.push(argument),
            }
        }
        let mut words = words.into_iter();
        options.address = words.next().ok_or("no address to connect to")?;
        options.sender = words.next().ok_or("no sender")?;
        options.recipients = words.collect();
        match options.recipients.is_empty() {
            true => Err("nobody to send to".into()),
            false => Ok(options),
        }
    }
}

fn main() -> ExitCode {
    let options = match Options::parse(env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("client: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match send(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("client: {error}");
            ExitCode::FAILURE
        }
    }
}

enum Stream {
    Clear(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// A connection, and what has been read from it and not been used.
struct Connection {
    stream: Stream,
    input: Vec<u8>,
    out: Vec<u8>,
    start: Instant,
}

impl Connection {
    fn open(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
        Ok(Self { stream: Stream::Clear(stream), input: Vec::new(), out: Vec::new(), start: Instant::now() })
    }

    /// What the client calls itself: its address.
    fn host(&self) -> Result<Host<'static>, Failure> {
        let text = match self.socket().local_addr()?.ip() {
            IpAddr::V4(address) => format!("[{address}]"),
            IpAddr::V6(address) => format!("[IPv6:{address}]"),
        };
        Ok(Host::new(Word::try_from(text)?))
    }

    fn socket(&self) -> &TcpStream {
        match &self.stream {
            Stream::Clear(stream) => stream,
            Stream::Tls(stream) => &stream.sock,
        }
    }

    /// Puts TLS over the connection, if the server is who it should be.
    fn start_tls(self, options: &Options) -> Result<Self, Failure> {
        let Stream::Clear(mut socket) = self.stream else { return Err("TLS is there already".into()) };
        let mut roots = RootCertStore::empty();
        let ca = options.ca.as_ref().ok_or("--ca says which certificates to trust")?;
        let pem = fs::read(ca).map_err(|error| format!("{ca}: {error}"))?;
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            roots.add(certificate.map_err(|error| format!("{ca}: {error}"))?)?;
        }
        let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let (host, _) = options.address.rsplit_once(':').ok_or("an address is HOST:PORT")?;
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())?;
        let mut tls = ClientConnection::new(Arc::new(config), name)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut socket)?;
        }
        Ok(Self { stream: Stream::Tls(Box::new(StreamOwned::new(tls, socket))), ..self })
    }

    /// What SASL may know of the connection.
    fn channel(&self) -> Channel {
        let Stream::Tls(stream) = &self.stream else { return Channel::Clear };
        // with older versions it would not be sure that the channel can be bound (RFC 9266 §4.2)
        let is_new = stream.conn.protocol_version() == Some(rustls::ProtocolVersion::TLSv1_3);
        let label = ChannelBinding::EXPORTER_LABEL.as_bytes();
        match stream.conn.export_keying_material([0; 32], label, Some(b"")) {
            Ok(material) if is_new => Channel::Tls(vec![ChannelBinding::tls_exporter(material)]),
            _ => Channel::Tls(Vec::new()),
        }
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_secs()
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Clear(stream) => stream.write_all(&self.out)?,
            Stream::Tls(stream) => {
                stream.write_all(&self.out)?;
                stream.flush()?;
            }
        }
        self.out.clear();
        Ok(())
    }

    /// Sends what is to be sent, and reads more, until the deadline.
    fn exchange(&mut self, deadline: Option<u64>) -> Result<(), Failure> {
        self.flush()?;
        let left = deadline.map(|deadline| Duration::from_secs(deadline.saturating_sub(self.now()).max(1)));
        self.socket().set_read_timeout(left)?;
        let mut piece = [0; 4096];
        let count = match &mut self.stream {
            Stream::Clear(stream) => stream.read(&mut piece)?,
            Stream::Tls(stream) => stream.read(&mut piece)?,
        };
        if count == 0 {
            return Err("the server has closed the connection".into());
        }
        self.input.extend_from_slice(piece.get(..count).unwrap_or_default());
        Ok(())
    }
}

/// Whether all recipients were accepted.
fn send(options: &Options) -> Result<bool, Failure> {
    let mut message = Vec::new();
    let sender = mailbox(&options.sender)?;
    let recipients: Vec<_> = options.recipients.iter().map(|name| mailbox(name)).collect::<Result<_, _>>()?;
    io::stdin().read_to_end(&mut message)?;

    let mut connection = Connection::open(&options.address)?;
    let tls = if options.starttls { TlsPolicy::Required } else { TlsPolicy::None };
    let config = ClientConfig::new(connection.host()?)
        .with_tls(tls)
        .with_lmtp(options.lmtp)
        .with_body_line_endings(LineEndings::Normalise);
    if options.tls {
        connection = connection.start_tls(options)?;
    }
    let (mut client, mut connection) = greet(Client::new(config, options.tls), connection, options)?;
    if let Some(user) = &options.user {
        authenticate(&mut client, &mut connection, user)?;
    }

    let is_wide = !sender.is_ascii() || recipients.iter().any(|recipient| !recipient.is_ascii());
    let mut mail = Mail::from(sender)?;
    mail.params.smtputf8 = is_wide;
    if client.capabilities().has("SIZE") {
        mail.params.size = Some(u64::try_from(message.len())?);
    }
    if client.capabilities().has("8BITMIME") && !message.is_ascii() {
        mail.params.body = Some(BodyType::EightBitMime);
    }
    let envelope =
        Envelope { mail, recipients: recipients.into_iter().map(Rcpt::to).collect::<Result<_, _>>()? };
    let mut transaction = Transaction::new(&envelope);
    if options.bdat {
        transaction = transaction.with_chunks(&client);
    }
    deliver(&mut transaction, &mut client, &mut connection, &message)?;
    client.send(&Command::Quit, &mut connection.out)?;
    connection.flush()?;
    Ok(tell(options, transaction))
}

fn mailbox(text: &str) -> Result<Path<'_>, String> {
    let rules = Rules::default();
    Mailbox::parse(text, &rules).map(Path::Mailbox).map_err(|error| format!("{text}: {error}"))
}

/// Waits until mail can be sent.
fn greet(
    mut client: Client,
    mut connection: Connection,
    options: &Options,
) -> Result<(Client, Connection), Failure> {
    loop {
        let now = connection.now();
        match client.advance(&connection.input, now, &mut connection.out)? {
            ClientAdvance::Event { used, .. } => drop(connection.input.drain(..used)),
            ClientAdvance::NeedCommand => return Ok((client, connection)),
            ClientAdvance::NeedInput => connection.exchange(client.deadline())?,
            ClientAdvance::StartTls => {
                connection.flush()?;
                // fails if anything stands behind the reply to STARTTLS
                client = client.upgrade(&connection.input)?;
                connection = connection.start_tls(options)?;
            }
            ClientAdvance::Close => {
                connection.flush()?;
                return Err("the server does not want to talk".into());
            }
        }
    }
}

/// Shows that we are the user, with the strongest mechanism that both sides know.
fn authenticate(client: &mut Client, connection: &mut Connection, user: &str) -> Result<(), Failure> {
    let (name, password) = user.split_once(':').ok_or("a user is NAME:PASSWORD")?;
    let credentials = Credentials::password(Prepared::ascii(name)?, Prepared::ascii(password)?);
    let offered = client.capabilities().mechanisms();
    let choice = Policy::default().choose(offered, &credentials, &connection.channel())?;
    let mut nonce = [0; 18];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut nonce)
        .map_err(|_| "the system has no random octets")?;
    let exchange = choice.client(Nonce::from_entropy(nonce), &Limits::default());
    let (initial, mut exchange) = exchange.start(sasl::line::SMTP_COMMAND / 2);
    let initial = initial.as_ref().map(sasl::Secret::as_bytes);
    let command = auth_command(exchange.mechanism().name(), initial).ok_or("no mechanism")?;
    client.send(&command, &mut connection.out)?;
    loop {
        let now = connection.now();
        let event = match client.advance(&connection.input, now, &mut connection.out)? {
            ClientAdvance::Event { used, event } => Some((used, event)),
            ClientAdvance::NeedInput => None,
            _ => return Err("the server has ended the session".into()),
        };
        let Some((used, event)) = event else {
            connection.exchange(client.deadline())?;
            continue;
        };
        let challenge = match event {
            Event::Challenge(challenge) => challenge,
            // some servers say words where there is nothing to be challenged with
            Event::BrokenChallenge(_) if exchange.ignores_challenge() => Vec::new(),
            Event::Reply { to: Sent::Auth, reply } if reply.code().is_success() => {
                exchange.finish(None)?;
                connection.input.drain(..used);
                return Ok(());
            }
            other => return Err(format!("authentication failed: {other:?}").into()),
        };
        connection.input.drain(..used);
        let (response, next) = exchange.respond(&challenge)?;
        client.respond(response.as_bytes(), &mut connection.out)?;
        exchange = next;
    }
}

fn deliver(
    transaction: &mut Transaction<'_>,
    client: &mut Client,
    connection: &mut Connection,
    message: &[u8],
) -> Result<(), Failure> {
    let mut pieces = message.chunks(64 << 10);
    loop {
        let now = connection.now();
        match transaction.advance(client, &connection.input, now, &mut connection.out)? {
            Advance::Used(used) => drop(connection.input.drain(..used)),
            Advance::NeedInput => connection.exchange(client.deadline())?,
            Advance::NeedBody => {
                match pieces.next() {
                    Some(piece) => transaction.body(client, piece, &mut connection.out)?,
                    None => transaction.end_body(client, &mut connection.out)?,
                }
                connection.flush()?;
            }
            Advance::Done => return Ok(()),
        }
    }
}

/// Says what became of each recipient, and whether all were accepted.
fn tell(options: &Options, transaction: Transaction<'_>) -> bool {
    let outcome = transaction.into_outcome();
    if let Some(reply) = outcome.mail.filter(|reply| !reply.code().is_success()) {
        eprintln!("{}: {reply}", options.sender);
    }
    let mut all = true;
    for (name, recipient) in options.recipients.iter().zip(&outcome.recipients) {
        let reply = recipient.message.as_ref().or(recipient.rcpt.as_ref()).or(outcome.data.as_ref());
        let reply = reply.map_or_else(|| "not sent".to_owned(), ToString::to_string);
        println!("{name}: {reply}");
        all &= recipient.is_accepted();
    }
    all
}
