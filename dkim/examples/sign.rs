//! Signs a message file: `cargo run -p mailproto-dkim --example sign -- --key key.pem --domain example.com
//! --selector 2026 message.eml > signed.eml`.
//!
//! The signed message goes to standard output, the TXT record to publish to standard error.
#![allow(clippy::print_stderr)]

use dkim::{
    LineEnds, Name, SecretKey,
    backend::rustcrypto::PrivateKey,
    sign::{Signer, Template},
};
use std::{
    env,
    error::Error,
    fs,
    io::{self, Read as _, Write as _},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

const USAGE: &str = "\
usage: sign --key FILE --domain DOMAIN --selector SELECTOR [--time SECONDS] [MESSAGE]

  --key FILE           the private key: PEM or DER, RSA or Ed25519, or an Ed25519 seed in base64
  --domain DOMAIN      who answers for the message (d=)
  --selector SELECTOR  which key of the domain it is (s=)
  --time SECONDS       the time since 1970 that the signature tells (default: now)
  --help               this text
  MESSAGE              a message file, with any line ends (default: standard input)

The signed message goes to standard output, with CRLF. The TXT record to publish goes to standard error.";

/// What the command line says.
#[derive(Default)]
struct Arguments {
    key: Option<String>,
    domain: Option<String>,
    selector: Option<String>,
    time: Option<u64>,
    message: Option<String>,
}

/// `None` where only help is asked for.
fn arguments() -> Result<Option<Arguments>, Box<dyn Error>> {
    let mut arguments = Arguments::default();
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} wants a value\n\n{USAGE}"));
        match word.as_str() {
            "--help" | "-h" => return Ok(None),
            "--key" => arguments.key = Some(value()?),
            "--domain" => arguments.domain = Some(value()?),
            "--selector" => arguments.selector = Some(value()?),
            "--time" => {
                let time = value()?;
                arguments.time = Some(time.parse().map_err(|_| format!("{time:?} is no number of seconds"))?);
            }
            option if option.starts_with("--") => {
                return Err(format!("unknown option {option}\n\n{USAGE}").into());
            }
            _ if arguments.message.is_some() => {
                return Err(format!("more than one message\n\n{USAGE}").into());
            }
            _ => arguments.message = Some(word),
        }
    }
    Ok(Some(arguments))
}

fn required(value: Option<String>, option: &str) -> Result<String, String> {
    value.ok_or(format!("{option} is missing\n\n{USAGE}"))
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{path}: {error}"))
}

fn name(text: &str) -> Result<Name, String> {
    Name::parse(text).map_err(|error| format!("{text:?}: {error}"))
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(arguments) = arguments()? else {
        writeln!(io::stdout(), "{USAGE}")?;
        return Ok(());
    };
    let path = required(arguments.key, "--key")?;
    let domain = name(&required(arguments.domain, "--domain")?)?;
    let selector = name(&required(arguments.selector, "--selector")?)?;
    let secret = SecretKey::read(&read(&path)?).map_err(|error| format!("{path}: {error}"))?;
    let key = PrivateKey::new(&secret).map_err(|error| format!("{path}: {error}"))?;
    let message = match &arguments.message {
        Some(path) => read(path)?,
        None => {
            let mut message = Vec::new();
            io::stdin().read_to_end(&mut message)?;
            message
        }
    };
    let now = match arguments.time {
        Some(time) => time,
        None => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
    };

    let template = Template::new(domain.clone(), selector.clone(), secret.algorithm());
    let mut signer = Signer::new([template], now).line_ends(LineEnds::Normalise);
    signer.write(&message);
    let mut out = io::stdout().lock();
    for unsigned in signer.finish()? {
        out.write_all(unsigned.sign_with(&key)?.as_str().as_bytes())?;
    }
    write_with_crlf(&message, &mut out)?;
    eprintln!("{selector}._domainkey.{domain}. IN TXT ( {} )", key.record().zone_data());
    Ok(())
}

/// Writes a message as it will be sent, which is what was signed: every line end as CRLF.
fn write_with_crlf(message: &[u8], out: &mut impl io::Write) -> io::Result<()> {
    let mut rest = message;
    while !rest.is_empty() {
        let line = rest.iter().position(|octet| matches!(octet, b'\r' | b'\n')).unwrap_or(rest.len());
        let (line, end) = rest.split_at(line);
        out.write_all(line)?;
        rest = match end {
            [] => return out.flush(),
            [b'\r', b'\n', more @ ..] | [_, more @ ..] => more,
        };
        out.write_all(b"\r\n")?;
    }
    out.flush()
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sign: {error}");
            ExitCode::FAILURE
        }
    }
}
