//! Whatever the client sends and however it is cut, the session is the same, always makes progress, and deletes
//! only what was marked, at QUIT.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pop3_proto::{
    LineEndings, Maildrop, Server,
    server::{Advance, Config, Event, Profile, Utf8},
};

fn config(choice: u8) -> Config {
    let profile = if choice & 1 == 0 { Profile::Pop3 } else { Profile::Pop3s };
    let mut config = Config::new(profile).with_mechanisms(["PLAIN"]);
    config.stls = choice & 2 != 0;
    config.login_in_clear = choice & 4 != 0;
    config.utf8 = if choice & 8 != 0 { Utf8::MessagesAndUsers } else { Utf8::No };
    config.line_endings = if choice & 16 != 0 { LineEndings::Normalise } else { LineEndings::Strict };
    config.limits.listing = 8;
    config.ask_unknown = choice & 32 != 0;
    config
}

/// The events, what was sent, and what was to be deleted.
fn run(choice: u8, input: &[u8], size: usize) -> (Vec<String>, Vec<u8>, Option<usize>) {
    let mut server = Server::new(config(choice), 0);
    let mut out = Vec::new();
    server.greet("hi", Some("<1.2@host>"), &mut out).unwrap();
    let (mut events, mut committed) = (Vec::new(), None);
    let mut marked = 0_usize;
    let (mut start, mut end) = (0, 0);
    let mut idle = 0;
    loop {
        match server.advance(&input[start..end], 0, &mut out) {
            Advance::Event { used, event } => {
                assert!(used <= end - start);
                idle = if used == 0 { idle + 1 } else { 0 };
                assert!(idle < 100, "no progress");
                let text = format!("{event:?}");
                match event {
                    Event::Pass { password, .. } if password.expose().starts_with(b"no") => {
                        server.refuse(&mut out).unwrap()
                    }
                    Event::Pass { .. } | Event::Apop { .. } | Event::AuthResponse(_) => {
                        let mut maildrop = Maildrop::new();
                        for at in 0..5 {
                            maildrop.add(at, "id").unwrap();
                        }
                        server.open(maildrop, &mut out).unwrap();
                    }
                    Event::Auth { .. } => server.challenge(b"x", &mut out).unwrap(),
                    Event::Retr(_) | Event::Top { .. } => {
                        server.accept(&mut out).unwrap();
                        server.body(b"a\r\n\r\n.b\nc", &mut out).unwrap();
                        server.end_body(&mut out).unwrap();
                    }
                    Event::Commit { deleted } => {
                        assert_eq!(deleted.len(), marked);
                        committed = Some(deleted.len());
                        server.accept(&mut out).unwrap();
                    }
                    Event::Marked(_) => marked += 1,
                    Event::Reset => marked = 0,
                    Event::StartTls | Event::Unknown { .. } => server.accept(&mut out).unwrap(),
                    _ => {}
                }
                // where a long line is dropped depends on the pieces, that it is dropped does not
                if text != "Dropped" {
                    events.push(text);
                }
                start += used;
            }
            Advance::NeedReply => panic!("every question was answered"),
            Advance::NeedInput if end == input.len() => break,
            Advance::NeedInput => end = (end + size).min(input.len()),
            Advance::StartTls => match server.upgrade(&input[start..end], 0) {
                Ok(upgraded) => server = upgraded,
                Err(_) => panic!("octets behind STLS are refused before"),
            },
            Advance::Close => break,
        }
    }
    (events, out, committed)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, octets) = input;
    // with STLS it matters what has come already: that is the check of CVE-2011-0411
    let choice = choice & !2;
    let whole = run(choice, octets, octets.len().max(1));
    assert_eq!(run(choice, octets, 1), whole);
    assert_eq!(run(choice, octets, 7), whole);
    run(choice | 2, octets, 3);
});
