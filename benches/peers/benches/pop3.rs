//! POP3 beside pop3-codec 0.3 and sawp-pop3 0.13, in one run: `cargo bench --bench pop3` in `benches/peers`.
//!
//! Ours finds the line ends with its own finder, as its machines do; the peers find them in their grammar.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mail_base::lines::{Found, LineEndings, LineFinder};
use pop3_codec::parse as codec;
use pop3_proto::{
    Client, Command, DropListing, Response, Rules, UniqueIdListing,
    client::{Advance, ClientConfig, Event, TlsPolicy},
};
use samples::pop3 as sample;
use sawp::parser::{Direction, Parse};
use sawp_pop3::POP3;
use std::hint::black_box;

const LINES: usize = 10_000;
const IDS: usize = 100_000;

/// Calls with each line.
fn each_line<'i>(mut input: &'i [u8], mut call: impl FnMut(&'i [u8])) {
    let mut finder = LineFinder::new(LineEndings::Strict);
    while let Ok(Found::Line { text, used }) = finder.find(input, 512) {
        call(text);
        input = &input[used..];
    }
}

fn commands(c: &mut Criterion) {
    // pop3-codec takes no password with spaces
    let input =
        String::from_utf8(sample::commands(LINES)).unwrap().replace("correct horse battery", "correct");
    let input = input.as_bytes();
    let mut group = c.benchmark_group("pop3 peers/commands");
    group.throughput(Throughput::Elements(LINES as u64));
    group.bench_function("ours", |b| {
        b.iter(|| {
            each_line(black_box(input), |line| drop(black_box(Command::parse(line, &Rules::STRICT).unwrap())))
        });
    });
    group.bench_function("pop3-codec", |b| {
        b.iter(|| {
            let mut rest = black_box(input);
            while !rest.is_empty() {
                let (after, command) = codec::command(rest).unwrap();
                black_box(command);
                rest = after;
            }
        });
    });
    group.bench_function("sawp-pop3", |b| {
        b.iter(|| {
            let mut rest = black_box(input);
            while !rest.is_empty() {
                let (after, command) = POP3 {}.parse(rest, Direction::ToServer).unwrap();
                black_box(command);
                rest = after;
            }
        });
    });
    group.finish();
}

fn responses(c: &mut Criterion) {
    let input = sample::responses(LINES);
    let mut group = c.benchmark_group("pop3 peers/responses");
    group.throughput(Throughput::Elements(LINES as u64));
    group.bench_function("ours", |b| {
        b.iter(|| {
            let mut at = 0;
            each_line(black_box(&input), |line| {
                let response = Response::parse(line, &Rules::STRICT).unwrap();
                if at % 4 == 1 {
                    black_box(DropListing::parse(response.text(), &Rules::STRICT).unwrap());
                }
                black_box(response);
                at += 1;
            });
        });
    });
    group.bench_function("pop3-codec", |b| {
        b.iter(|| {
            let mut rest: &[u8] = black_box(&input);
            let mut at = 0;
            while !rest.is_empty() {
                rest = if at % 4 == 1 {
                    let (after, response) = codec::response_stat(rest).unwrap();
                    black_box(response);
                    after
                } else {
                    let (after, response) = codec::response_user(rest).unwrap();
                    black_box(response);
                    after
                };
                at += 1;
            }
        });
    });
    group.finish();
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

fn unique_ids(c: &mut Criterion) {
    let input = sample::unique_ids(IDS);
    let mut group = c.benchmark_group("pop3 peers/UIDL of 100,000");
    group.throughput(Throughput::Elements(IDS as u64));
    group.sample_size(10);
    let client = asking_client();
    group.bench_function("ours, the client", |b| {
        b.iter(|| {
            let (mut client, mut rest, mut out) = (client.clone(), black_box(input.as_slice()), Vec::new());
            while let Advance::Event { used, event } = client.advance(rest, 0, &mut out).unwrap() {
                if let Event::UniqueId(listing) = event {
                    black_box(listing);
                }
                rest = &rest[used..];
            }
        });
    });
    group.bench_function("ours, the grammar", |b| {
        b.iter(|| {
            each_line(black_box(&input), |line| {
                // the response before and the dot behind are no listings
                let _ = black_box(UniqueIdListing::parse(line, &Rules::STRICT));
            });
        });
    });
    group.bench_function("pop3-codec", |b| {
        b.iter(|| drop(black_box(codec::response_uidl_all(black_box(&input)).unwrap())));
    });
    group.bench_function("sawp-pop3", |b| {
        b.iter(|| drop(black_box(POP3 {}.parse(black_box(&input), Direction::ToClient).unwrap())));
    });
    group.finish();
}

criterion_group!(benches, commands, responses, unique_ids);
criterion_main!(benches);
