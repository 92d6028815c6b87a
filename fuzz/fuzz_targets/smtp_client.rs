//! A client under random replies and random operations: it makes progress, matches each reply to what was sent, obeys
//! SIZE and LIMITS, never sends a line end inside a line, and nothing at all where TLS is required and cannot be had.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smtp_proto::{
    Client, Command, Host, Rules, Word,
    client::{Advance, ClientConfig, Event, Sent, TlsPolicy, auth_command},
};
use std::collections::VecDeque;

const COMMANDS: [(&[u8], Sent); 12] = [
    (b"MAIL FROM:<a@b>", Sent::Mail),
    (b"MAIL FROM:<a@b> SIZE=5 BODY=BINARYMIME", Sent::Mail),
    (b"RCPT TO:<c@d>", Sent::Rcpt),
    (b"RCPT TO:<c@d> NOTIFY=NEVER", Sent::Rcpt),
    (b"DATA", Sent::Data),
    (b"RSET", Sent::Rset),
    (b"NOOP", Sent::Other),
    (b"VRFY x", Sent::Other),
    (b"HELP", Sent::Other),
    (b"QUIT", Sent::Quit),
    (b"BURL imap://x", Sent::Chunk),
    (b"BURL imap://x LAST", Sent::Body),
];

const HANDSHAKE: &[u8] =
    b"220 mx\r\n250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-BURL imap\r\n\
    250-DSN\r\n250-AUTH PLAIN\r\n250-SIZE 20\r\n250 LIMITS RCPTMAX=3 MAILMAX=5\r\n";
const MOST_OCTETS: usize = 20;
const MOST_RECIPIENTS: usize = 3;
const MOST_MAILS: usize = 5;

/// Replies, and what is none.
const REPLIES: [&[u8]; 16] = [
    b"250 ok\r\n",
    b"250 ok\r\n",
    b"250 ok\r\n",
    b"250 ok\r\n",
    b"250-two\r\n250 lines\r\n",
    b"550 no\r\n",
    b"452-later\r\n452 perhaps\r\n",
    b"354 go\r\n",
    b"354 go\r\n",
    b"334 AAAA\r\n",
    b"334 ?\r\n",
    b"235 ok\r\n",
    b"421 bye\r\n",
    b"221 bye\r\n",
    b"250-",
    b"250 x\n",
];

/// What the client must know of what it has sent.
#[derive(Default)]
struct Model {
    awaited: VecDeque<Sent>,
    accepted: usize,
    is_chunk_refused: bool,
    body_replies: usize,
    recipients: usize,
    mails: usize,
    octets: usize,
}

impl Model {
    fn sent(&mut self, sent: Sent) {
        match sent {
            Sent::Mail => {
                let (awaited, mails) = (std::mem::take(&mut self.awaited), self.mails + 1);
                assert!(!awaited.iter().any(|sent| matches!(sent, Sent::Mail | Sent::Rcpt | Sent::Body)));
                *self = Self { awaited, mails, ..Self::default() };
            }
            Sent::Rcpt => self.recipients += 1,
            _ => {}
        }
        self.awaited.push_back(sent);
    }

    /// A reply has come that the client says answers this.
    fn heard(&mut self, to: Sent, code: u16, is_lmtp: bool) {
        assert_eq!(self.awaited.front(), Some(&to));
        let is_success = (200..300).contains(&code);
        match to {
            Sent::Rcpt if is_success => self.accepted += 1,
            Sent::Chunk if !is_success => self.is_chunk_refused = true,
            Sent::Body => {
                self.body_replies += 1;
                let all = if is_lmtp && !self.is_chunk_refused { self.accepted.max(1) } else { 1 };
                if self.body_replies < all {
                    return;
                }
            }
            _ => {}
        }
        self.awaited.pop_front();
    }
}

fuzz_target!(|input: (u8, &[u8], &[u8])| {
    let (choice, operations, octets) = input;
    let tls = [TlsPolicy::Required, TlsPolicy::Opportunistic, TlsPolicy::None][usize::from(choice) % 3];
    let is_lmtp = choice & 64 != 0;
    // replies made of random octets, or of replies behind a handshake that succeeds
    let is_talk = choice & 128 != 0;
    let spoken;
    let octets = if is_talk {
        let replies = octets.iter().map(|&octet| REPLIES[usize::from(octet) % REPLIES.len()]);
        spoken = std::iter::once(HANDSHAKE).chain(replies).collect::<Vec<_>>().concat();
        &spoken[..]
    } else {
        octets
    };
    let host = Host::new(Word::new("client.example").expect("a word"));
    let config = ClientConfig::new(host).with_tls(tls).with_lmtp(is_lmtp);
    let mut client = Client::new(config, false);
    let mut model = Model::default();
    let (mut start, mut end) = (0, 0);
    let mut out = Vec::new();
    let mut operations = operations.iter();
    loop {
        let Ok(advance) = client.advance(&octets[start..end], 0, &mut out) else { break };
        match advance {
            Advance::Event { used, event } => {
                assert!(used > 0 && used <= end - start);
                start += used;
                match event {
                    Event::Ready(_) => assert!(tls != TlsPolicy::Required || client.is_tls()),
                    Event::Reply { to, reply } => model.heard(to, reply.code().get(), is_lmtp),
                    Event::Challenge(_) | Event::BrokenChallenge(_) => model.heard(Sent::Auth, 334, is_lmtp),
                    Event::Closing(_) => model.awaited.clear(),
                    _ => {}
                }
                assert!(client.accepted() as usize == model.accepted || !is_talk);
                continue;
            }
            Advance::NeedInput if end == octets.len() => break,
            // a server that has not answered yet is sent more, if that may be
            Advance::NeedInput if operations.len() % 2 == 0 => {
                end = (end + 1 + usize::from(choice >> 4)).min(octets.len());
            }
            Advance::NeedInput => {}
            Advance::StartTls => match client.upgrade(&octets[start..end]) {
                Ok(upgraded) => {
                    client = upgraded;
                    continue;
                }
                Err(_) => return,
            },
            Advance::Close => break,
            Advance::NeedCommand => assert!(model.awaited.is_empty(), "nothing is awaited"),
        }
        let Some(&operation) = operations.next() else { break };
        let before = out.len();
        let mut said = None;
        let mut more = 0;
        let result = match operation {
            0..=11 => {
                let (line, sent) = COMMANDS[usize::from(operation)];
                said = Some(sent);
                client.send(&Command::parse(line, &Rules::STRICT).expect("a command"), &mut out)
            }
            12 => {
                more = 7;
                client.body(b"a\r\n.b\r\n", &mut out)
            }
            13 => {
                said = Some(Sent::Body);
                client.end_body(&mut out)
            }
            14 => {
                (said, more) = (Some(Sent::Chunk), 3);
                client.chunk(b"a\r\n", false, &mut out)
            }
            15 => {
                said = Some(Sent::Body);
                client.chunk(b"", true, &mut out)
            }
            16 => {
                said = Some(Sent::Auth);
                client.respond(b"x", &mut out)
            }
            17 => {
                said = Some(Sent::Auth);
                client.cancel(&mut out)
            }
            18 => client.body(b"\n", &mut out),
            _ => {
                said = Some(Sent::Auth);
                client.send(&auth_command("PLAIN", Some(b"x")).expect("a command"), &mut out)
            }
        };
        assert!(result.is_ok() || out.len() == before, "what is misused writes nothing");
        if result.is_ok() {
            said.into_iter().for_each(|sent| model.sent(sent));
            model.octets += more;
        }
        if is_talk && client.capabilities().iter().next().is_some() {
            assert!(model.recipients <= MOST_RECIPIENTS && model.mails <= MOST_MAILS, "LIMITS are obeyed");
            assert!(model.octets <= MOST_OCTETS, "SIZE is obeyed");
        }
    }
    assert!(!String::from_utf8_lossy(&out).replace("\r\n", "").contains(['\r', '\n']));
    if tls == TlsPolicy::Required && !client.is_tls() {
        assert!(!out.windows(4).any(|window| window == b"MAIL" || window == b"AUTH"));
    }
});
