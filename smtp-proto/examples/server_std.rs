//! A mail server on threads: takes mail for its domains, and writes each message to a file.
//!
//! `server_std ADDRESS DOMAIN FOLDER`, for example `server_std 127.0.0.1:2525 example.com /tmp/mail`, and
//! `server_std --lmtp ADDRESS DOMAIN FOLDER` for LMTP.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use smtp_proto::{
    Name, Received, Server, Timestamp,
    relay::{self, Decision, Peer, PopBeforeSmtp, RelayPolicy},
    server::{Advance, Config, Event, Profile},
};
use std::{
    env,
    error::Error,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// What all sessions share.
struct Site {
    config: Arc<Config>,
    policy: RelayPolicy,
    logins: PopBeforeSmtp,
    folder: PathBuf,
    start: Instant,
    count: AtomicU64,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let (profile, arguments) = match arguments.split_first() {
        Some((first, rest)) if first == "--lmtp" => (Profile::Lmtp, rest),
        _ => (Profile::Relay, arguments.as_slice()),
    };
    let [address, domain, folder] = arguments else {
        eprintln!("usage: server_std [--lmtp] ADDRESS DOMAIN FOLDER");
        return ExitCode::from(2);
    };
    match serve(profile, address, domain, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server_std: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(profile: Profile, address: &str, domain: &str, folder: &str) -> Result<(), Box<dyn Error>> {
    let domain = Name::parse(domain).map_err(|error| format!("{domain}: {error}"))?;
    let folder = PathBuf::from(folder);
    if !folder.is_dir() {
        return Err(format!("{}: no such folder", folder.display()).into());
    }
    let listener = TcpListener::bind(address).map_err(|error| format!("{address}: {error}"))?;
    println!("listening on {}", listener.local_addr()?);
    let site = Arc::new(Site {
        config: Arc::new(Config::new(profile, domain.clone())),
        policy: RelayPolicy::new([domain]),
        logins: PopBeforeSmtp::new(0, 0),
        folder,
        start: Instant::now(),
        count: AtomicU64::new(0),
    });
    for stream in listener.incoming() {
        let (site, stream) = (Arc::clone(&site), stream?);
        thread::spawn(move || {
            if let Err(error) = session(&site, stream) {
                eprintln!("session: {error}");
            }
        });
    }
    Ok(())
}

fn session(site: &Site, mut stream: TcpStream) -> Result<(), Box<dyn Error>> {
    let peer = Peer::new(stream.peer_addr()?.ip());
    let now = || site.start.elapsed().as_secs();
    let mut server = Server::new(Arc::clone(&site.config), now());
    let mut message = Message::default();
    // what has been read starts at `at`: the rest is unread
    let (mut input, mut at) = (Vec::new(), 0);
    let mut out = Vec::new();
    loop {
        match server.advance(input.get(at..).unwrap_or_default(), now(), &mut out) {
            Advance::Event { used, event } => {
                at = at.saturating_add(used);
                match event {
                    Event::Hello { host, .. } => message.hello = host.to_string(),
                    Event::Mail(_) => message.body.clear(),
                    Event::Rcpt(rcpt) => {
                        let decision = relay::decide(&site.policy, &peer, rcpt.path(), &site.logins, now());
                        if decision != Decision::Local {
                            server.reply(&relay::REFUSAL, &mut out)?;
                        }
                    }
                    Event::Body(octets) => message.body.extend_from_slice(octets),
                    Event::BodyRefused(_) => message.body.clear(),
                    Event::BodyEnd => store(site, &server, &peer, &message)?,
                    _ => {}
                }
            }
            Advance::NeedReply => server.accept(&mut out)?,
            Advance::NeedInput => {
                stream.write_all(&out)?;
                out.clear();
                input.drain(..at);
                at = 0;
                let left = server.deadline().saturating_sub(now());
                stream.set_read_timeout(Some(Duration::from_secs(left.max(1))))?;
                let mut piece = [0; 16 << 10];
                match stream.read(&mut piece) {
                    Ok(0) => return Ok(()),
                    Ok(count) => input.extend_from_slice(piece.get(..count).unwrap_or_default()),
                    Err(_) => server.expire(&mut out),
                }
            }
            // this server does not offer STARTTLS
            Advance::Close | Advance::StartTls => {
                stream.write_all(&out)?;
                return Ok(());
            }
        }
    }
}

#[derive(Default)]
struct Message {
    hello: String,
    body: Vec<u8>,
}

/// Writes the message to a file, with a trace field on top.
fn store(site: &Site, server: &Server, peer: &Peer, message: &Message) -> Result<(), Box<dyn Error>> {
    let id = format!("{:06}", site.count.fetch_add(1, Ordering::Relaxed));
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let date = Timestamp::new(i64::try_from(seconds)?).ok_or("the clock is wrong")?.to_mail_date();
    let received = Received::new(site.config.host.as_str(), &date)
        .from(&message.hello, Some(peer.address), None)
        .with_server(server, false)
        .id(&id);
    let mut octets = format!("{received}\r\n").into_bytes();
    octets.extend_from_slice(&message.body);
    fs::write(site.folder.join(format!("{id}.eml")), octets)?;
    println!("{id}: {} octets", message.body.len());
    Ok(())
}
