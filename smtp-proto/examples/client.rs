//! Sends a file: `client ADDRESS SENDER RECIPIENT… < message`, for example
//! `client 127.0.0.1:2525 a@example.org b@example.com < message.eml`; `client --lmtp …` for LMTP.
//!
//! It speaks in clear, which is for the own machine and the own network. Line ends of the file are made CRLF.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use smtp_proto::{
    Client, Command, Envelope, Host, LineEndings, Mail, Mailbox, Path, Rcpt, Rules, Transaction, Word,
    client::{Advance as ClientAdvance, ClientConfig, TlsPolicy},
    transaction::Advance,
};
use std::{
    env,
    error::Error,
    io::{self, Read, Write},
    net::{IpAddr, TcpStream},
    process::ExitCode,
    time::{Duration, Instant},
};

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let (is_lmtp, arguments) = match arguments.split_first() {
        Some((first, rest)) if first == "--lmtp" => (true, rest),
        _ => (false, arguments.as_slice()),
    };
    let [address, sender, recipients @ ..] = arguments else {
        eprintln!("usage: client [--lmtp] ADDRESS SENDER RECIPIENT... < message");
        return ExitCode::from(2);
    };
    if recipients.is_empty() {
        eprintln!("client: nobody to send to");
        return ExitCode::from(2);
    }
    match send(is_lmtp, address, sender, recipients) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn mailbox(text: &str) -> Result<Path<'_>, String> {
    let rules = Rules::default();
    Mailbox::parse(text, &rules).map(Path::Mailbox).map_err(|error| format!("{text}: {error}"))
}

/// A connection, and what has been read from it and not been used.
struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    out: Vec<u8>,
    start: Instant,
}

impl Connection {
    fn now(&self) -> u64 {
        self.start.elapsed().as_secs()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Sends what is to be sent, and reads more, until the deadline.
    fn exchange(&mut self, deadline: Option<u64>) -> Result<(), Box<dyn Error>> {
        self.flush()?;
        let left = deadline.map(|deadline| Duration::from_secs(deadline.saturating_sub(self.now()).max(1)));
        self.stream.set_read_timeout(left)?;
        let mut piece = [0; 4096];
        let count = self.stream.read(&mut piece)?;
        if count == 0 {
            return Err("the server has closed the connection".into());
        }
        self.input.extend_from_slice(piece.get(..count).unwrap_or_default());
        Ok(())
    }
}

/// Whether all recipients were accepted.
fn send(is_lmtp: bool, address: &str, sender: &str, recipients: &[String]) -> Result<bool, Box<dyn Error>> {
    let mut envelope = Envelope::new(Mail::from(mailbox(sender)?));
    for recipient in recipients {
        envelope = envelope.to(Rcpt::to(mailbox(recipient)?));
    }
    let mut message = Vec::new();
    io::stdin().read_to_end(&mut message)?;
    let stream = TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
    let host = match stream.local_addr()?.ip() {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    };
    let config = ClientConfig::new(Host::new(Word::try_from(host)?))
        .with_tls(TlsPolicy::None)
        .with_lmtp(is_lmtp)
        .with_body_line_endings(LineEndings::Normalise);
    let mut client = Client::new(config, false);
    let mut connection = Connection { stream, input: Vec::new(), out: Vec::new(), start: Instant::now() };
    greet(&mut client, &mut connection)?;

    let mut transaction = Transaction::new(&envelope);
    loop {
        let now = connection.now();
        match transaction.advance(&mut client, &connection.input, now, &mut connection.out)? {
            Advance::Used(used) => drop(connection.input.drain(..used)),
            Advance::NeedInput => connection.exchange(client.deadline())?,
            Advance::NeedBody => {
                for piece in message.chunks(64 << 10) {
                    transaction.body(&mut client, piece, &mut connection.out)?;
                    connection.flush()?;
                }
                transaction.end_body(&mut client, &mut connection.out)?;
            }
            Advance::Done => break,
        }
    }
    client.send(&Command::Quit, &mut connection.out)?;
    connection.flush()?;

    let outcome = transaction.into_outcome();
    if let Some(reply) = outcome.mail.filter(|reply| !reply.code().is_success()) {
        eprintln!("{sender}: {reply}");
    }
    let mut all = true;
    for (name, recipient) in recipients.iter().zip(&outcome.recipients) {
        let reply = recipient.message.as_ref().or(recipient.rcpt.as_ref()).or(outcome.data.as_ref());
        let reply = reply.map_or_else(|| "not sent".to_owned(), ToString::to_string);
        println!("{name}: {reply}");
        all &= recipient.is_accepted();
    }
    Ok(all)
}

/// Waits until mail can be sent.
fn greet(client: &mut Client, connection: &mut Connection) -> Result<(), Box<dyn Error>> {
    loop {
        let now = connection.now();
        match client.advance(&connection.input, now, &mut connection.out)? {
            ClientAdvance::Event { used, .. } => drop(connection.input.drain(..used)),
            ClientAdvance::NeedCommand => return Ok(()),
            ClientAdvance::NeedInput => connection.exchange(client.deadline())?,
            ClientAdvance::StartTls => return Err("TLS was not asked for".into()),
            ClientAdvance::Close => {
                connection.flush()?;
                return Err("the server does not want to talk".into());
            }
        }
    }
}
