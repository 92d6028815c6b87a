//! SMTP beside Stalwart's smtp-proto 0.2.5, as ratios: each pair is measured in turns, so that what else the machine
//! does weighs on both. `cargo bench --bench smtp` in `benches/peers` (mail-auth, which other benches need, asks for a
//! newer toolchain than it needs: `--ignore-rust-version`).
//!
//! Bodies are copied by Stalwart's readers, and borrowed by ours.

use mail_base::{
    dot::{Decoded, DotDecoder},
    lines::{EndingFilter, Found, LineEndings, LineFinder},
};
use samples::{
    pairs::{pair, show},
    smtp as sample,
};
use smtp_proto::{Capabilities, Command, Reply, ReplyReader, Rules};
use stalwart::{
    EhloResponse, Error, Request,
    request::receiver::{BdatReceiver, DataReceiver},
    response::parser::ResponseReceiver,
};
use std::hint::black_box;

/// So many lines are read in one turn.
const LINES: usize = 1_200;
const BODY: usize = 16 << 20;
const PIECE: usize = 64 << 10;

fn our_commands(octets: &[u8]) {
    let mut finder = LineFinder::new(LineEndings::Strict);
    let mut input = black_box(octets);
    while let Ok(Found::Line { text, used }) = finder.find(input, 2048) {
        black_box(&Command::parse(text, &Rules::STRICT));
        input = &input[used..];
    }
}

fn their_commands(octets: &[u8]) {
    let mut input = black_box(octets).iter();
    loop {
        match Request::parse(&mut input) {
            Err(Error::NeedsMoreData { .. }) => break,
            request => black_box(&request).is_ok(),
        };
    }
}

fn our_replies(octets: &[u8]) {
    let mut reader = ReplyReader::new(LineEndings::Strict, 2048, 1 << 16);
    let mut input = black_box(octets);
    while let Ok(Some((reply, used))) = reader.read(input) {
        black_box(&(reply.enhanced(), reply));
        input = &input[used..];
    }
}

fn their_replies(octets: &[u8]) {
    let mut input = black_box(octets).iter();
    let mut receiver = ResponseReceiver::default();
    while !input.as_slice().is_empty() {
        black_box(&receiver.parse(&mut input)).as_ref().unwrap();
        receiver.reset();
    }
}

fn grammar() {
    println!("\n{LINES} lines: ours, Stalwart");
    let commands = sample::commands(LINES);
    show("commands", pair(|| our_commands(&commands), || their_commands(&commands)));
    let replies = sample::replies(LINES);
    show("replies", pair(|| our_replies(&replies), || their_replies(&replies)));

    println!("\neach command of the mix, {LINES} times: ours, Stalwart");
    for command in sample::COMMANDS {
        let lines = format!("{command}\r\n").repeat(LINES);
        let label: String = command.chars().take(56).collect();
        show(&label, pair(|| our_commands(lines.as_bytes()), || their_commands(lines.as_bytes())));
    }

    println!("\na reply to EHLO: ours, Stalwart");
    let ours = || {
        let reply = Reply::parse(black_box(sample::EHLO.as_bytes())).unwrap();
        drop(black_box(Capabilities::from_reply(&reply)));
    };
    let theirs = || {
        let mut input = black_box(sample::EHLO.as_bytes()).iter();
        drop(black_box(EhloResponse::parse(&mut input).unwrap()));
    };
    show("with all that is offered", pair(ours, theirs));
    let their_reply = || {
        let mut input = black_box(sample::EHLO.as_bytes()).iter();
        drop(black_box(ResponseReceiver::default().parse(&mut input).unwrap()));
    };
    let our_reply = || drop(black_box(Reply::parse(black_box(sample::EHLO.as_bytes())).unwrap()));
    show("the reply only", pair(our_reply, their_reply));
}

fn our_data(body: &[u8]) {
    let mut decoder = DotDecoder::new(LineEndings::Strict);
    let (mut at, mut end) = (0, 0);
    loop {
        match decoder.decode(&body[at..end]).unwrap() {
            Decoded::Octets { octets, used } => {
                black_box(octets);
                at += used;
            }
            Decoded::End { .. } => break,
            Decoded::NeedInput => end = (end + PIECE).min(body.len()),
        }
    }
}

fn their_data(body: &[u8], copy: &mut Vec<u8>) {
    copy.clear();
    let mut receiver = DataReceiver::new();
    for piece in body.chunks(PIECE) {
        if receiver.ingest(&mut piece.iter(), copy) {
            break;
        }
    }
}

fn our_chunk(body: &[u8]) {
    let mut filter = EndingFilter::new(LineEndings::Strict);
    for piece in body.chunks(PIECE) {
        let mut rest = piece;
        while !rest.is_empty() {
            let passed = filter.filter(rest).unwrap();
            black_box(passed.octets);
            rest = &rest[passed.used..];
        }
    }
}

fn their_chunk(body: &[u8], copy: &mut Vec<u8>) {
    copy.clear();
    let mut receiver = BdatReceiver::new(body.len(), true);
    for piece in body.chunks(PIECE) {
        if receiver.ingest(&mut piece.iter(), copy) {
            break;
        }
    }
}

fn bodies() {
    println!("\na body of {} MiB in pieces of {} KiB", BODY >> 20, PIECE >> 10);
    let body = sample::body(BODY);
    let mut copy = Vec::with_capacity(body.len());
    show("DATA: ours, Stalwart", pair(|| our_data(&body), || their_data(&body, &mut copy)));
    let memmem = || {
        black_box(memchr::memmem::find(black_box(&body), b"\r\n.\r\n"));
    };
    show("DATA: ours, memmem for the end", pair(|| our_data(&body), memmem));
    show("BDAT: ours, Stalwart", pair(|| our_chunk(&body), || their_chunk(&body, &mut copy)));
}

fn main() {
    grammar();
    bodies();
}
