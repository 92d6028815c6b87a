//! The whole matrix of CR, LF and dots, at every split, under every policy: in commands, behind DATA, in chunks and in
//! replies, and in what a client sends. The oracle cuts the octets into tokens first.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

mod common;

use common::{Session, config, host};
use smtp_proto::{
    Capabilities, Client, Command, LineEndings, Misuse, ReplyErrorKind, ReplyReader, Rules,
    client::{Advance, ClientConfig, TlsPolicy},
    server::Profile,
};
use testkit::line_ends::{lines, made_good, undotted};

const POLICIES: [LineEndings; 3] = [LineEndings::Strict, LineEndings::Normalise, LineEndings::Keep];

/// All sequences of up to so many of these.
fn sequences(length: u32) -> impl Iterator<Item = Vec<u8>> {
    const PIECES: [&[u8]; 5] = [b"\r", b"\n", b"\r\n", b".", b"a"];
    (0..=length).flat_map(|length| {
        (0..5_usize.pow(length)).map(move |number| {
            let digits = (0..length).map(|place| number / 5_usize.pow(place) % 5);
            digits.flat_map(|digit| PIECES[digit].to_vec()).collect()
        })
    })
}

/// Each of them under each policy.
fn matrix(length: u32) -> impl Iterator<Item = (Vec<u8>, LineEndings)> {
    sequences(length).flat_map(|sequence| POLICIES.map(|policy| (sequence.clone(), policy)))
}

fn session(policy: LineEndings, before: &[u8]) -> Session {
    let mut config = config(Profile::Relay);
    config.line_endings = policy;
    let mut session = Session::new(config);
    session.send(b"EHLO a\r\n");
    session.send(before);
    session
}

/// What the server answers to the pieces.
fn answers(session: &mut Session, pieces: &[&[u8]]) -> Vec<u16> {
    let mut codes = Vec::new();
    for piece in pieces {
        if !session.is_closed {
            codes.extend(session.codes(piece));
        }
    }
    codes
}

#[test]
fn commands() {
    for (sequence, policy) in matrix(4) {
        let input = [b"NOOP", &sequence[..], b"NOOP\r\nNOOP\r\n"].concat();
        let (lines, bare) = lines(&input, policy);
        let mut expected: Vec<u16> =
            lines.iter().map(|line| if line == b"NOOP" { 250 } else { 500 }).collect();
        expected.extend(bare.map(|_| 500));
        for pieces in testkit::splits(&input) {
            let mut session = session(policy, b"");
            let codes = answers(&mut session, &pieces);
            assert_eq!(codes, expected, "{} {policy:?}", input.escape_ascii());
            assert_eq!(session.is_closed, bare.is_some());
        }
    }
}

#[test]
fn data() {
    const ENVELOPE: &[u8] = b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";
    for (sequence, policy) in matrix(4) {
        // the last line ends what nothing before it has ended
        let input = [&sequence[..], b"a\r\n.\r\n"].concat();
        let expected = undotted(&input, policy);
        let kept = undotted(&input, LineEndings::Keep);
        let rest = &input[kept.used.unwrap()..];
        for pieces in testkit::splits(&input) {
            let mut session = session(policy, ENVELOPE);
            let codes = answers(&mut session, &pieces);
            let case = format!("{} {policy:?}", input.escape_ascii());
            if expected.bare.is_some() {
                assert_eq!(codes, [550], "{case}");
                assert!(session.is_closed && session.messages.is_empty(), "{case}");
                continue;
            }
            assert_eq!(expected.used, kept.used, "what ends a text is the same under every policy");
            assert_eq!(session.messages, [(vec!["<c@d>".into()], expected.text.clone())], "{case}");
            let (lines, bare) = lines(rest, policy);
            assert_eq!(codes.len(), 1 + lines.len() + usize::from(bare.is_some()), "{case}: {codes:?}");
            assert!(codes[0] == 250 && codes[1..].iter().all(|code| *code == 500), "{case}: {codes:?}");
        }
    }
}

#[test]
fn chunks() {
    for (sequence, policy) in matrix(4) {
        let good = made_good(&sequence, policy);
        let binary = made_good(&sequence, LineEndings::Keep).unwrap();
        for (parameter, expected) in [("", good.ok()), (" BODY=BINARYMIME", Some(binary))] {
            let envelope = format!("MAIL FROM:<a@b>{parameter}\r\nRCPT TO:<c@d>\r\n");
            for cut in 0..=sequence.len() {
                let (first, last) = sequence.split_at(cut);
                let chunk = |octets: &[u8], end: &str| {
                    [format!("BDAT {}{end}\r\n", octets.len()).as_bytes(), octets].concat()
                };
                let input = [chunk(first, ""), chunk(last, " LAST")].concat();
                for step in [1, 2, input.len()] {
                    let mut session = session(policy, envelope.as_bytes());
                    let codes = answers(&mut session, &input.chunks(step).collect::<Vec<_>>());
                    let case = format!("{} {policy:?}{parameter}", input.escape_ascii());
                    match &expected {
                        Some(text) => {
                            assert_eq!(codes, [250, 250], "{case}");
                            assert_eq!(session.messages[0].1, *text, "{case}");
                        }
                        None => {
                            assert_eq!(codes.last(), Some(&550), "{case}");
                            assert!(session.is_closed && session.messages.is_empty(), "{case}");
                        }
                    }
                }
            }
        }
    }
}

/// What a reader makes of a reply: the lines, or that it is refused.
fn read(pieces: &[&[u8]], policy: LineEndings) -> Result<Option<Vec<u8>>, ReplyErrorKind> {
    let mut reader = ReplyReader::new(policy, 512, 4096);
    let mut input = Vec::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        if let Some((reply, used)) = reader.read(&input).map_err(|error| error.kind)? {
            assert!(used <= input.len());
            return Ok(Some(reply.as_bytes().to_vec()));
        }
    }
    Ok(None)
}

#[test]
fn replies() {
    for (sequence, policy) in matrix(4) {
        let input = [b"250-a", &sequence[..], b"250-b\r\n250 c\r\n"].concat();
        let (all, bare) = lines(&input, policy);
        let is_reply = |line: &Vec<u8>| {
            line.starts_with(b"250")
                && line.get(3) != Some(&b'.')
                && !line.contains(&b'\r')
                && !line.contains(&b'\n')
        };
        let is_good = all.iter().all(is_reply) && bare.is_none();
        for pieces in testkit::splits(&input) {
            let result = read(&pieces, policy);
            let case = format!("{} {policy:?}", input.escape_ascii());
            if is_good {
                let wire = [all.join(&b"\r\n"[..]), b"\r\n".to_vec()].concat();
                assert_eq!(result, Ok(Some(wire)), "{case}");
            } else {
                assert!(result.is_err(), "{case}: {result:?}");
            }
            if bare.is_some() && all.iter().all(is_reply) {
                assert_eq!(result, Err(ReplyErrorKind::LineEnd), "{case}");
            }
        }
    }
}

/// The same through the client, which must then be left alone.
#[test]
fn replies_to_a_client() {
    for (sequence, policy) in matrix(3) {
        let input = [b"220-a", &sequence[..], b"220 b\r\n"].concat();
        let whole = read(&[&input], policy);
        for pieces in testkit::splits(&input) {
            let mut config = ClientConfig::new(host("c").into_owned()).with_tls(TlsPolicy::None);
            config.reply_line_endings = policy;
            let (mut client, mut out) = (Client::new(config, false), Vec::new());
            let mut read = Vec::new();
            let heard: Vec<_> = pieces
                .iter()
                .map(|piece| {
                    read.extend_from_slice(piece);
                    client.advance(&read, 0, &mut out).map(|advance| matches!(advance, Advance::Event { .. }))
                })
                .take_while(|heard| *heard == Ok(false))
                .collect();
            let is_taken = out.starts_with(b"EHLO ");
            assert_eq!(
                is_taken,
                matches!(whole, Ok(Some(_))),
                "{} {policy:?} {heard:?}",
                input.escape_ascii()
            );
        }
    }
}

/// Ready to send a body.
fn client(policy: LineEndings, is_data: bool) -> (Client, Vec<u8>) {
    let config = ClientConfig::new(host("c").into_owned()).with_tls(TlsPolicy::None);
    let mut client = Client::new(config.with_body_line_endings(policy), false);
    let mut out = Vec::new();
    let mut hear = |client: &mut Client, text: &str| {
        let Ok(Advance::Event { used, .. }) = client.advance(text.as_bytes(), 0, &mut out) else { panic!() };
        assert_eq!(used, text.len());
    };
    hear(&mut client, "220 mx\r\n");
    hear(&mut client, "250-mx\r\n250 CHUNKING\r\n");
    let commands =
        [("MAIL FROM:<a@b>", "250 ok\r\n"), ("RCPT TO:<c@d>", "250 ok\r\n"), ("DATA", "354 go\r\n")];
    for (line, reply) in &commands[..if is_data { 3 } else { 2 }] {
        let command = Command::parse(line.as_bytes(), &Rules::STRICT).unwrap();
        client.send(&command, &mut Vec::new()).unwrap();
        hear(&mut client, reply);
    }
    assert!(client.capabilities() != &Capabilities::new());
    (client, Vec::new())
}

#[test]
fn bodies_that_a_client_sends() {
    for (sequence, policy) in matrix(4) {
        let good = made_good(&sequence, policy);
        for pieces in testkit::splits(&sequence) {
            let case = format!("{} {policy:?}", sequence.escape_ascii());
            let (mut data, mut out) = client(policy, true);
            let sent = pieces.iter().try_for_each(|piece| data.body(piece, &mut out));
            let sent = sent.and_then(|()| data.end_body(&mut out));
            match &good {
                Ok(text) => {
                    let mut text = text.clone();
                    if !text.is_empty() && !text.ends_with(b"\r\n") {
                        text.extend(b"\r\n");
                    }
                    assert_eq!(sent, Ok(()), "{case}");
                    let read = undotted(&out, LineEndings::Keep);
                    assert_eq!((read.text, read.used), (text, Some(out.len())), "{case}");
                }
                Err(at) => assert_eq!(sent, Err(Misuse::LineEnd { at: *at }), "{case}"),
            }
        }
        for cut in 0..=sequence.len() {
            let case = format!("{} {policy:?} {cut}", sequence.escape_ascii());
            let (first, last) = sequence.split_at(cut);
            let (mut chunks, mut out) = client(policy, false);
            let mut sent = chunks.chunk(first, false, &mut out);
            if sent.is_ok() {
                let Ok(Advance::Event { .. }) = chunks.advance(b"250 ok\r\n", 0, &mut out) else { panic!() };
                sent = chunks.chunk(last, true, &mut out);
            }
            match &good {
                Ok(text) => {
                    assert_eq!(sent, Ok(()), "{case}");
                    assert_eq!(chunk_octets(&out), *text, "{case}");
                }
                Err(at) => assert_eq!(sent, Err(Misuse::LineEnd { at: *at }), "{case}"),
            }
        }
    }
}

/// The octets of all chunks.
fn chunk_octets(sent: &[u8]) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = sent;
    while let Some(line) = rest.strip_prefix(b"BDAT ") {
        let end = line.windows(2).position(|octets| octets == b"\r\n").unwrap();
        let size = std::str::from_utf8(&line[..end]).unwrap().split(' ').next().unwrap().parse().unwrap();
        let (chunk, after) = line[end + 2..].split_at(size);
        octets.extend_from_slice(chunk);
        rest = after;
    }
    assert!(rest.is_empty());
    octets
}
