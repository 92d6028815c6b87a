//! POP3 beside pop3-codec 0.3 and sawp-pop3 0.13, as ratios: each pair is measured in turns, so that what else the
//! machine does weighs on both. `cargo bench --bench pop3` in `benches/peers` (mail-auth, which other benches need, asks
//! for a newer toolchain than it needs: `--ignore-rust-version`).
//!
//! Ours finds the line ends with its own finder, as its machines do; the peers find them in their grammar.

use mail_base::lines::{Found, LineEndings, LineFinder};
use pop3_codec::parse as codec;
use pop3_proto::{
    Client, Command, DropListing, Response, Rules, UniqueIdListing,
    client::{Advance, ClientConfig, Event, TlsPolicy},
};
use samples::{
    pairs::{pair, show},
    pop3 as sample,
};
use sawp::parser::{Direction, Parse};
use sawp_pop3::POP3;
use std::hint::black_box;

/// So many lines are read in one turn.
const LINES: usize = 1_200;
const IDS: usize = 100_000;

/// Calls with each line.
fn each_line<'i>(mut input: &'i [u8], mut call: impl FnMut(&'i [u8])) {
    let mut finder = LineFinder::new(LineEndings::Strict);
    while let Ok(Found::Line { text, used }) = finder.find(input, 512) {
        call(text);
        input = &input[used..];
    }
}

/// Reads to the end with what reads one thing at the front.
fn each_of<'i>(mut rest: &'i [u8], mut read: impl FnMut(&'i [u8]) -> &'i [u8]) {
    while !rest.is_empty() {
        rest = read(rest);
    }
}

fn commands() {
    println!("\n{LINES} commands");
    // pop3-codec takes no password with spaces
    let input =
        String::from_utf8(sample::commands(LINES)).unwrap().replace("correct horse battery", "correct");
    let input = input.as_bytes();
    let ours = || {
        each_line(black_box(input), |line| drop(black_box(Command::parse(line, &Rules::STRICT).unwrap())));
    };
    let of_codec = || {
        each_of(black_box(input), |rest| {
            let (after, command) = codec::command(rest).unwrap();
            black_box(command);
            after
        });
    };
    let of_sawp = || {
        each_of(black_box(input), |rest| {
            let (after, command) = POP3 {}.parse(rest, Direction::ToServer).unwrap();
            black_box(command);
            after
        });
    };
    show("ours, pop3-codec", pair(ours, of_codec));
    show("ours, sawp-pop3", pair(ours, of_sawp));
}

fn responses() {
    println!("\n{LINES} responses, each fourth one to STAT");
    let input = sample::responses(LINES);
    let ours = || {
        let mut at = 0;
        each_line(black_box(&input), |line| {
            let response = Response::parse(line, &Rules::STRICT).unwrap();
            if at % 4 == 1 {
                black_box(DropListing::parse(response.text(), &Rules::STRICT).unwrap());
            }
            black_box(response);
            at += 1;
        });
    };
    let of_codec = || {
        let mut at = 0;
        each_of(black_box(&input), |rest| {
            let is_stat = at % 4 == 1;
            at += 1;
            if is_stat {
                let (after, response) = codec::response_stat(rest).unwrap();
                black_box(response);
                after
            } else {
                let (after, response) = codec::response_user(rest).unwrap();
                black_box(response);
                after
            }
        });
    };
    show("ours, pop3-codec", pair(ours, of_codec));
}

/// A client that has logged in and asked for the unique ids.
fn asking_client() -> Client {
    let mut client = Client::new(ClientConfig::new(TlsPolicy::None), true);
    let mut out = Vec::new();
    let hear = |client: &mut Client, mut input: &[u8]| {
        while let Advance::Event { used, .. } = client.advance(input, 0, &mut Vec::new()).unwrap() {
            input = &input[used..];
        }
    };
    hear(&mut client, b"+OK\r\n-ERR\r\n");
    client.send(&Command::parse(b"PASS secret", &Rules::STRICT).unwrap(), &mut out).unwrap();
    hear(&mut client, b"+OK\r\n");
    client.send(&Command::Uidl(None), &mut out).unwrap();
    client
}

fn unique_ids() {
    println!("\nUIDL of {IDS} messages");
    let input = sample::unique_ids(IDS);
    let client = asking_client();
    let our_client = || {
        let (mut client, mut rest, mut out) = (client.clone(), black_box(input.as_slice()), Vec::new());
        while let Advance::Event { used, event } = client.advance(rest, 0, &mut out).unwrap() {
            if let Event::UniqueId(listing) = event {
                black_box(listing);
            }
            rest = &rest[used..];
        }
    };
    let our_grammar = || {
        each_line(black_box(&input), |line| {
            // the response before and the dot behind are no listings
            let _ = black_box(UniqueIdListing::parse(line, &Rules::STRICT));
        });
    };
    let of_codec = || drop(black_box(codec::response_uidl_all(black_box(&input)).unwrap()));
    let of_sawp = || drop(black_box(POP3 {}.parse(black_box(&input), Direction::ToClient).unwrap()));
    show("our client, pop3-codec", pair(our_client, of_codec));
    show("our client, sawp-pop3", pair(our_client, of_sawp));
    show("our grammar, pop3-codec", pair(our_grammar, of_codec));
    show("our grammar, sawp-pop3", pair(our_grammar, of_sawp));
}

fn main() {
    commands();
    responses();
    unique_ids();
}
