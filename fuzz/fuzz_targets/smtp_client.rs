//! A client under random replies and random operations: it makes progress, never sends a line end inside a
//! line, and nothing at all where TLS is required and cannot be had.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_proto::{
    Client, Command, Host, Rules, Word,
    client::{Advance, ClientConfig, Event, TlsPolicy, auth_command},
};

const COMMANDS: [&[u8]; 10] = [
    b"MAIL FROM:<a@b>",
    b"MAIL FROM:<a@b> SIZE=5 BODY=BINARYMIME",
    b"RCPT TO:<c@d>",
    b"RCPT TO:<c@d> NOTIFY=NEVER",
    b"DATA",
    b"RSET",
    b"NOOP",
    b"VRFY x",
    b"HELP",
    b"QUIT",
];

fuzz_target!(|input: (u8, &[u8], &[u8])| {
    let (choice, operations, octets) = input;
    let tls = [TlsPolicy::Required, TlsPolicy::Opportunistic, TlsPolicy::None][usize::from(choice) % 3];
    let host = Host::new(Word::new("client.example").expect("a word"));
    let config = ClientConfig::new(host).with_tls(tls).with_lmtp(choice & 64 != 0);
    let mut client = Client::new(config, false);
    let (mut start, mut end) = (0, 0);
    let mut out = Vec::new();
    let mut operations = operations.iter();
    loop {
        let Ok(advance) = client.advance(&octets[start..end], 0, &mut out) else { break };
        match advance {
            Advance::Event { used, event } => {
                assert!(used > 0 && used <= end - start);
                start += used;
                if let Event::Ready(_) = event {
                    assert!(tls != TlsPolicy::Required || client.is_tls());
                }
                continue;
            }
            Advance::NeedInput if end == octets.len() => break,
            Advance::NeedInput => end = (end + 1 + usize::from(choice >> 4)).min(octets.len()),
            Advance::StartTls => match client.upgrade(&octets[start..end]) {
                Ok(upgraded) => {
                    client = upgraded;
                    continue;
                }
                Err(_) => return,
            },
            Advance::Close => break,
            Advance::NeedCommand => {}
        }
        let Some(&operation) = operations.next() else {
            if matches!(client.advance(&octets[start..end], 0, &mut out), Ok(Advance::NeedCommand)) {
                break;
            }
            continue;
        };
        let before = out.len();
        let result = match operation {
            0..=9 => {
                let line = COMMANDS[usize::from(operation)];
                client.send(&Command::parse(line, &Rules::STRICT).expect("a command"), &mut out)
            }
            10 => client.body(b"a\r\n.b\r\n", &mut out),
            11 => client.end_body(&mut out),
            12 => client.chunk(b"a\r\n", false, &mut out),
            13 => client.chunk(b"", true, &mut out),
            14 => client.respond(b"x", &mut out),
            15 => client.cancel(&mut out),
            16 => client.body(b"\n", &mut out),
            _ => client.send(&auth_command("PLAIN", Some(b"x")).expect("a command"), &mut out),
        };
        assert!(result.is_ok() || out.len() == before, "what is misused writes nothing");
    }
    assert!(!String::from_utf8_lossy(&out).replace("\r\n", "").contains(['\r', '\n']));
    if tls == TlsPolicy::Required && !client.is_tls() {
        assert!(!out.windows(4).any(|window| window == b"MAIL" || window == b"AUTH"));
    }
});
