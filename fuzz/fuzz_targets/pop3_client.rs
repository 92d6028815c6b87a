//! Whatever the server sends and however it is cut, the client is told the same, and always makes progress.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_proto::{
    Client, Command, Rules,
    client::{Advance, ClientConfig, Event, TlsPolicy, Update, Violation},
};

const COMMANDS: [&[u8]; 14] = [
    b"USER a",
    b"PASS b",
    b"STAT",
    b"LIST",
    b"UIDL",
    b"RETR 1",
    b"TOP 1 2",
    b"LIST 1",
    b"UIDL 1",
    b"CAPA",
    b"LANG",
    b"AUTH PLAIN",
    b"DELE 1",
    b"QUIT",
];

fn run(choices: &[u8], input: &[u8], size: usize) -> (Vec<String>, Vec<u8>, Vec<u8>, Option<Violation>) {
    let config = ClientConfig::new(TlsPolicy::None).with_password_in_clear(true);
    let mut client = Client::new(config, false);
    let (mut events, mut body, mut out) = (Vec::new(), Vec::new(), Vec::new());
    let (mut start, mut end) = (0, 0);
    let mut choices = choices.iter();
    let mut idle = 0;
    loop {
        match client.advance(&input[start..end], 0, &mut out) {
            Ok(Advance::Event { used, event }) => {
                assert!(used <= end - start);
                idle = if used == 0 { idle + 1 } else { 0 };
                assert!(idle < 10, "no progress");
                match event {
                    Event::Body(octets) => body.extend_from_slice(octets),
                    event => events.push(format!("{event:?}")),
                }
                start += used;
            }
            Ok(Advance::NeedCommand) => {
                if client.respond(b"x", &mut out).is_ok() || client.cancel(&mut out).is_ok() {
                    continue;
                }
                let Some(choice) = choices.next() else { break };
                let command = COMMANDS[usize::from(*choice) % COMMANDS.len()];
                let command = Command::parse(command, &Rules::STRICT).unwrap();
                let before = out.len();
                let can = client.can_send(&command);
                assert_eq!(client.send(&command, &mut out).is_ok(), can);
                assert_eq!(out.len() > before, can);
            }
            Ok(Advance::NeedInput) if end == input.len() => break,
            Ok(Advance::NeedInput) => end = (end + size).min(input.len()),
            Ok(Advance::StartTls) => panic!("nobody has asked for TLS"),
            Ok(Advance::Close) => break,
            Err(violation) => {
                assert_eq!(client.advance(&[], 0, &mut out), Ok(Advance::Close));
                return (events, body, out, Some(violation));
            }
        }
    }
    assert!(client.is_logged_in() || client.update() == Update::NotAsked);
    (events, body, out, None)
}

fuzz_target!(|input: (&[u8], &[u8])| {
    let (choices, octets) = input;
    let choices = &choices[..choices.len().min(50)];
    let whole = run(choices, octets, octets.len().max(1));
    assert_eq!(run(choices, octets, 1), whole);
    assert_eq!(run(choices, octets, 5), whole);
});
