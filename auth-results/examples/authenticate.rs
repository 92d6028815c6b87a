//! Authenticates one received message: SPF for both identities, every DKIM signature, DMARC and iprev, and the
//! Authentication-Results field that a receiver would add.
//!
//! ```text
//! cargo run --example authenticate                       a message that ships with the repository
//! cargo run --example authenticate -- --help             what else it takes
//! ```
#![allow(clippy::print_stderr, clippy::indexing_slicing)]

use auth_results::{Envelope, Inbound, Policy, Zone, dns::Resolve};
use mailproto_hickory::Resolver;
use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{self, Cursor, Read, Write},
    net::IpAddr,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

const HELP: &str = "\
usage: authenticate [options] [MESSAGE]

MESSAGE is a file, or - for standard input; without it, a message that ships with the repository is taken.
The other options have defaults that fit the messages in auth-results/examples/data.

  --ip ADDRESS         the address of the client that sent the message
  --helo NAME          what it called itself
  --mail-from MAILBOX  the reverse-path; '' for the null reverse-path
  --zone FILE          what the DNS says, as zone-file text
  --dns SERVER         ask a name server instead: ADDRESS or ADDRESS:PORT, or 'system' for the system's own
  --now SECONDS        the time of reception, in seconds since 1970; default: now
  --name NAME          the name to put into the Authentication-Results field
  --explain            draw every step of SPF
  --help               this text";

/// What the command line asks for.
struct Options {
    ip: IpAddr,
    helo: String,
    mail_from: String,
    zone: Option<String>,
    dns: Option<String>,
    now: Option<u64>,
    name: String,
    explain: bool,
    message: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ip: [192, 0, 2, 25].into(),
            helo: "mail.football.example.com".to_owned(),
            mail_from: "joe@football.example.com".to_owned(),
            zone: None,
            dns: None,
            now: None,
            name: "mx.example.net".to_owned(),
            explain: false,
            message: None,
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, Box<dyn Error>> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--ip" => {
                let text = value()?;
                options.ip = text.parse().map_err(|_| format!("--ip {text}: not an IP address"))?;
            }
            "--helo" => options.helo = value()?,
            "--mail-from" => options.mail_from = value()?,
            "--zone" => options.zone = Some(value()?),
            "--dns" => options.dns = Some(value()?),
            "--now" => {
                let text = value()?;
                options.now =
                    Some(text.parse().map_err(|_| format!("--now {text}: not a number of seconds"))?);
            }
            "--name" => options.name = value()?,
            "--explain" => options.explain = true,
            unknown if unknown.starts_with("--") => return Err(format!("{unknown}: no such option").into()),
            _ if options.message.is_none() => options.message = Some(argument),
            _ => return Err(format!("{argument}: only one message at a time").into()),
        }
    }
    Ok(Some(options))
}

/// The message to authenticate.
struct Message<'a> {
    name: &'a str,
    source: Box<dyn Read>,
}

fn open(message: Option<&str>) -> Result<Message<'_>, Box<dyn Error>> {
    Ok(match message {
        None => {
            Message { name: "signed.eml", source: Box::new(Cursor::new(include_bytes!("data/signed.eml"))) }
        }
        Some("-") => Message { name: "standard input", source: Box::new(io::stdin()) },
        Some(path) => {
            let file = File::open(path).map_err(|error| format!("{path}: {error}"))?;
            Message { name: path, source: Box::new(file) }
        }
    })
}

/// What answers the questions: a zone, or a name server.
fn resolver(options: &Options) -> Result<Box<dyn Resolve>, Box<dyn Error>> {
    let resolver = match options.dns.as_deref() {
        None => return Ok(Box::new(zone(options.zone.as_deref())?)),
        Some(_) if options.zone.is_some() => return Err("--zone and --dns: one of them".into()),
        Some("system") => Resolver::from_system()?,
        Some(server) => {
            let address = server.parse().or_else(|_| server.parse().map(|ip: IpAddr| (ip, 53).into()));
            Resolver::from_servers(&[address.map_err(|_| format!("--dns {server}: not an address"))?])?
        }
    };
    Ok(Box::new(resolver.blocking()?))
}

fn zone(path: Option<&str>) -> Result<Zone, Box<dyn Error>> {
    let (name, text) = match path {
        None => ("example.zone", include_str!("data/example.zone").to_owned()),
        Some(path) => (path, fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?),
    };
    Zone::parse(&text).map_err(|error| format!("{name}: {error}").into())
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(options) = options(env::args().skip(1))? else {
        return show(&format!("{HELP}\n"));
    };
    let resolver = resolver(&options)?;
    let Message { name, source: mut message } = open(options.message.as_deref())?;
    let now = match options.now {
        Some(now) => now,
        None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };

    let mut piece = vec![0; 64 * 1024];
    let mut length = message.read(&mut piece).map_err(|error| format!("{name}: {error}"))?;

    let mut policy = Policy::default();
    policy.receiver = Some(options.name.clone());
    policy.trace = options.explain;
    policy.to_ascii = Some(auth_results::Name::parse_idna);
    policy.dkim.to_ascii = policy.to_ascii;
    let first_line = piece[..length].split_inclusive(|&octet| octet == b'\n').next().unwrap_or(&[]);
    if !first_line.ends_with(b"\r\n") {
        // a file of a Unix system: the line ends were CRLF when the message was sent
        policy.dkim.line_ends = dkim::LineEnds::Normalise;
    }

    let envelope = Envelope::new(options.ip, &options.helo, &options.mail_from);
    let mut inbound = Inbound::new(envelope, &policy, now);
    while length > 0 {
        inbound.write(&piece[..length]).map_err(|error| format!("{name}: {error}"))?;
        length = message.read(&mut piece).map_err(|error| format!("{name}: {error}"))?;
    }
    if inbound.header().fields().all(|field| field.is_malformed()) {
        return Err(format!("{name}: not a message: it has no header field").into());
    }
    let report = inbound.finish().run(&*resolver);

    let mut text = format!(
        "message {name}\nclient  {} as {}, MAIL FROM:<{}>\n\n{report}\n\n",
        options.ip, options.helo, options.mail_from
    );
    if options.explain {
        for (identity, report) in [("MAIL FROM", &report.mail_from), ("HELO", &report.helo)] {
            if let Some(trace) = &report.trace {
                text += &format!("SPF of {identity}\n{trace}\n\n");
            }
        }
    }
    show(&format!("{text}{}\n", report.field(&options.name)))
}

/// Writes to standard output. Who reads no further, as `head` does, has seen enough.
fn show(text: &str) -> Result<(), Box<dyn Error>> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("authenticate: {error}");
            ExitCode::FAILURE
        }
    }
}
