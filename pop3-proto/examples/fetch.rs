//! Fetches all messages and writes each to a file: `fetch ADDRESS USER:PASSWORD FOLDER`, for example
//! `fetch 127.0.0.1:1110 alice:secret /tmp/mail`. Nothing is deleted on the server.
//!
//! It speaks without TLS, which is for the own machine and the own network: with APOP where the server offers it,
//! with USER and PASS otherwise.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::arithmetic_side_effects)]

use apop::Challenge;
use pop3_proto::{
    Client, Command, Number, Password, Text, Word,
    client::{Advance, ClientConfig, Event, Login, Means, Sent, TlsPolicy},
};
use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [address, user, folder] = arguments.as_slice() else {
        eprintln!("usage: fetch ADDRESS USER:PASSWORD FOLDER");
        return ExitCode::from(2);
    };
    match fetch(address, user, Path::new(folder)) {
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

fn fetch(address: &str, user: &str, folder: &Path) -> Result<u32, Box<dyn Error>> {
    let (user, password) = user.split_once(':').ok_or("a user is NAME:PASSWORD")?;
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut stream = TcpStream::connect(address).map_err(|error| format!("{address}: {error}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(300)))?;
    let config = ClientConfig::new(TlsPolicy::None).with_password_in_clear(true).with_apop_in_clear(true);
    let mut client = Client::new(config, false);
    let start = Instant::now();
    let (mut input, mut out) = (Vec::new(), Vec::new());
    let mut challenge = None;
    let (mut messages, mut next) = (0, 1);
    let mut file: Option<File> = None;
    loop {
        let mut to_send = None;
        match client.advance(&input, start.elapsed().as_secs(), &mut out)? {
            Advance::Event { used, event } => {
                match event {
                    Event::Greeting(response) if response.is_ok() => {
                        challenge = Challenge::find(response.text()).ok();
                    }
                    Event::Response { response, .. } if !response.is_ok() => {
                        return Err(format!("the server says: {response}").into());
                    }
                    Event::Greeting(response) => return Err(format!("the server says: {response}").into()),
                    Event::Ready => {
                        let means = Means { mechanisms: &[], apop: challenge.is_some(), password: true };
                        if client.choose_login(&means)? == Login::UserPass {
                            to_send = Some(Command::User(Text::new(user)?));
                        } else if let Some(challenge) = &challenge {
                            let digest = challenge.digest(password.as_bytes());
                            let digest = Word::new(digest.as_str())?;
                            client.send(&Command::Apop { user: Word::new(user)?, digest }, &mut out)?;
                        }
                    }
                    Event::Response { to: Sent::User, .. } => {
                        to_send = Some(Command::Pass(Password::new(password)?));
                    }
                    Event::Response { to: Sent::Pass | Sent::Apop, .. } => to_send = Some(Command::Stat),
                    Event::Stat(listing) => {
                        messages = listing.messages;
                        to_send = Some(retr_or_quit(next, messages));
                    }
                    Event::Response { to: Sent::Retr(number), .. } => {
                        file = Some(File::create(folder.join(format!("{number}.eml")))?);
                    }
                    Event::Body(octets) => {
                        if let Some(file) = &mut file {
                            file.write_all(octets)?;
                        }
                    }
                    Event::End(_) => {
                        next += 1;
                        to_send = Some(retr_or_quit(next, messages));
                    }
                    _ => {}
                }
                input.drain(..used);
            }
            Advance::NeedInput => {
                stream.write_all(&out)?;
                out.clear();
                let mut piece = [0; 16 << 10];
                let length = stream.read(&mut piece)?;
                if length == 0 {
                    return Err("the server has closed the connection".into());
                }
                input.extend_from_slice(piece.get(..length).unwrap_or_default());
            }
            Advance::Close => return Ok(messages),
            Advance::NeedCommand | Advance::StartTls => return Err("there is nothing to do".into()),
        }
        if let Some(command) = to_send {
            client.send(&command, &mut out)?;
        }
    }
}

fn retr_or_quit(next: u32, messages: u32) -> Command<'static> {
    Number::new(next).filter(|_| next <= messages).map_or(Command::Quit, Command::Retr)
}
