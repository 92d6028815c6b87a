//! A server under random octets and random answers: it makes progress, holds nothing that grows, replies once
//! to each command, and every reply can be read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_proto::{
    Code, LineEndings, Name, Reply, ReplyReader, Server,
    server::{Advance, Config, Event, Profile},
};

/// How many replies these are, and whether the last one ends the session unasked.
fn replies(octets: &[u8]) -> (usize, bool) {
    let ends = || octets.split_inclusive(|&octet| octet == b'\n').filter(|line| line.get(3) == Some(&b' '));
    (ends().count(), ends().last().is_some_and(|line| line.starts_with(b"421")))
}

fuzz_target!(|input: (u8, &[u8], &[u8])| {
    let (choice, answers, octets) = input;
    let profile =
        [Profile::Relay, Profile::Submission, Profile::Submissions, Profile::Lmtp][usize::from(choice & 3)];
    let mut config = Config::new(profile, Name::parse("mx.example").expect("a name"));
    config = config.with_mechanisms(["PLAIN"]);
    config.auth_in_clear = choice & 4 != 0;
    config.starttls = choice & 8 != 0;
    config.chunking = choice & 32 == 0;
    config.binarymime = true;
    config.require_auth &= choice & 16 != 0;
    config.require_tls = false;
    config.line_endings =
        [LineEndings::Strict, LineEndings::Normalise, LineEndings::Keep][usize::from(choice >> 6) % 3];
    config.limits.message = 1000;
    config.limits.dropped = 1000;
    let mut server = Server::new(config, 0);
    let mut answers = answers.iter().copied().cycle();
    let (mut start, mut end) = (0, 0);
    let mut out = Vec::new();
    let mut idle = 0;
    loop {
        let before = out.len();
        match server.advance(&octets[start..end], 0, &mut out) {
            Advance::Event { used, event } => {
                assert!(used <= end - start);
                start += used;
                idle = if used > 0 { 0 } else { idle + 1 };
                assert!(idle < 4, "no progress at {event:?}");
                let (said, is_closing) = replies(&out[before..]);
                match event {
                    Event::Body(_)
                    | Event::BodyRefused(_)
                    | Event::Dropped
                    | Event::EarlyTalk
                    | Event::EarlyInput => assert_eq!(said, 0, "{event:?}"),
                    Event::Reset | Event::AuthCancelled | Event::Quit => {
                        assert_eq!(said, 1 + usize::from(is_closing), "{event:?}");
                    }
                    // a chunk is answered at its end
                    Event::Answered => {
                        let line = &octets[start - used..];
                        let is_chunk = line.len() > 4 && line[..4].eq_ignore_ascii_case(b"BDAT");
                        assert_eq!(said, usize::from(!is_chunk));
                    }
                    Event::Refused { .. } => {
                        let own = said - usize::from(is_closing && said > 1);
                        assert!(own == 1 || (own > 1 && profile == Profile::Lmtp), "{event:?}");
                    }
                    _ => {
                        assert_eq!(said, 0, "{event:?}");
                        let next = server.advance(&octets[start..end], 0, &mut out);
                        assert_eq!(next, Advance::NeedReply, "what asks waits");
                    }
                }
            }
            Advance::NeedReply => {
                let answer = answers.next().unwrap_or(0);
                let code = Code::new(200 + u16::from(answer) * 2).unwrap_or(Code::new(250).expect("250"));
                let misuse = match answer % 4 {
                    0 => server.reply(&Reply::new(code, None, "x"), &mut out).is_err(),
                    1 => server.challenge(&[answer], &mut out).is_err(),
                    _ => true,
                };
                if misuse {
                    assert_eq!(out.len(), before, "what is misused does nothing");
                    server.accept(&mut out).expect("there is a question");
                }
                let (said, is_closing) = replies(&out[before..]);
                assert!(said == 1 || (said == 2 && is_closing), "an answer is a reply");
            }
            Advance::NeedInput if end == octets.len() => break,
            Advance::NeedInput => end = (end + 1 + usize::from(choice >> 5)).min(octets.len()),
            Advance::StartTls => {
                let unread = &octets[start..end];
                match server.upgrade(unread, 0) {
                    Ok(upgraded) => server = upgraded,
                    Err(_) => return assert!(!unread.is_empty()),
                }
            }
            Advance::Close => break,
        }
    }
    let mut reader = ReplyReader::new(LineEndings::Strict, 4096, 65_536);
    let mut rest = &out[..];
    while let Some((_, used)) = reader.read(rest).expect("what a server says can be read") {
        rest = &rest[used..];
    }
    assert!(rest.is_empty(), "{:?}", rest.escape_ascii().to_string());
});
