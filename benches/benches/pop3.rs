//! POP3: `cargo bench --bench pop3`.
//!
//! The floor of reading lines is to find their ends with memchr. The floor of a message is a scan for CRLF dot
//! with memmem, and a copy where the message is copied.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mail_base::lines::{Found, LineFinder};
use memchr::memmem;
use pop3_proto::{
    Client, Command, LineEndings, Maildrop, Number, Response, Rules, Server,
    client::{self, ClientConfig, TlsPolicy},
    server::{self, Config, Profile},
};
use samples::pop3 as sample;
use std::hint::black_box;

const LINES: usize = 10_000;
const MESSAGE: usize = 50 << 20;

/// Calls with each line.
fn each_line<'i>(mut input: &'i [u8], mut call: impl FnMut(&'i [u8])) {
    let mut finder = LineFinder::new(LineEndings::Strict);
    while let Ok(Found::Line { text, used }) = finder.find(input, 512) {
        call(text);
        input = &input[used..];
    }
}

fn grammar(c: &mut Criterion) {
    let rules = Rules::STRICT;
    let mut group = c.benchmark_group("pop3/grammar");
    group.throughput(Throughput::Elements(LINES as u64));
    let (commands, responses) = (sample::commands(LINES), sample::responses(LINES));
    group.bench_function("commands: memchr for the ends", |b| {
        b.iter(|| memchr::memchr_iter(b'\n', black_box(&commands)).count());
    });
    group.bench_function("commands", |b| {
        b.iter(|| {
            each_line(black_box(&commands), |line| {
                black_box(Command::parse(line, &rules).unwrap());
            });
        });
    });
    group.bench_function("responses: memchr for the ends", |b| {
        b.iter(|| memchr::memchr_iter(b'\n', black_box(&responses)).count());
    });
    group.bench_function("responses", |b| {
        b.iter(|| {
            each_line(black_box(&responses), |line| {
                black_box(Response::parse(line, &rules).unwrap());
            });
        });
    });
    group.finish();
}

/// A client that has sent this command, and waits.
fn client_after(command: &Command<'_>) -> Client {
    let config = ClientConfig::new(TlsPolicy::None).with_password_in_clear(true);
    let mut client = Client::new(config, false);
    let mut out = Vec::new();
    let pass = Command::parse(b"PASS secret", &Rules::STRICT).unwrap();
    let mut say = |client: &mut Client, mut input: &[u8]| {
        while let client::Advance::Event { used, .. } = client.advance(input, 0, &mut out).unwrap() {
            input = &input[used..];
        }
    };
    say(&mut client, b"+OK\r\n-ERR\r\n");
    client.send(&pass, &mut Vec::new()).unwrap();
    say(&mut client, b"+OK\r\n");
    client.send(command, &mut Vec::new()).unwrap();
    client
}

/// Reads all that comes behind a command, in reads of this size, as a program does it: into a buffer that is
/// filled behind what is unread. Gives how many octets or lines there were.
fn receive(mut client: Client, wire: &[u8], size: usize) -> usize {
    let mut out = Vec::new();
    let mut count = 0;
    let (mut start, mut end) = (0, 0);
    loop {
        match client.advance(&wire[start..end], 0, &mut out).unwrap() {
            client::Advance::Event { used, event } => {
                start += used;
                match event {
                    client::Event::Body(octets) => count += black_box(octets).len(),
                    client::Event::UniqueId(listing) => {
                        black_box(listing);
                        count += 1;
                    }
                    client::Event::End(_) => return count,
                    _ => {}
                }
            }
            _ => end = (end + size).min(wire.len()),
        }
    }
}

fn listing(c: &mut Criterion) {
    const COUNT: usize = 100_000;
    let mut group = c.benchmark_group("pop3/UIDL of 100,000");
    group.throughput(Throughput::Elements(COUNT as u64));
    let wire = sample::unique_ids(COUNT);
    group.bench_function("memchr for the ends", |b| {
        b.iter(|| memchr::memchr_iter(b'\n', black_box(&wire)).count());
    });
    let client = client_after(&Command::Uidl(None));
    group.bench_function("client", |b| b.iter(|| receive(client.clone(), black_box(&wire), wire.len())));
    let mut server = logged_in(Config::new(Profile::Pop3s), COUNT);
    group.bench_function("server", |b| {
        let mut out = Vec::new();
        b.iter(|| {
            let mut input: &[u8] = b"UIDL\r\n";
            while let server::Advance::Event { used, .. } = server.advance(input, 0, &mut out) {
                input = &input[used..];
                black_box(&out);
                out.clear();
            }
        });
    });
    group.finish();
}

fn logged_in(config: Config, messages: usize) -> Server {
    let mut maildrop = Maildrop::new();
    for at in 0..messages {
        maildrop.add(1000, &format!("{:024x}", at * 0x9e37_79b9)).unwrap();
    }
    let mut server = Server::new(config, 0);
    let mut out = Vec::new();
    server.accept(&mut out).unwrap();
    let mut input: &[u8] = b"USER a\r\nPASS b\r\n";
    while let server::Advance::Event { used, .. } = server.advance(input, 0, &mut out) {
        input = &input[used..];
    }
    server.open(maildrop, &mut out).unwrap();
    server
}

fn message(c: &mut Criterion) {
    let message = sample::message(MESSAGE);
    let wire = [b"+OK\r\n", sample::stuffed(&message).as_slice()].concat();
    let mut group = c.benchmark_group("pop3/RETR of 50 MiB");
    group.throughput(Throughput::Bytes(message.len() as u64));
    group.sample_size(10);
    group.bench_function("memmem for CRLF dot", |b| {
        b.iter(|| memmem::find_iter(black_box(&wire), b"\r\n.").count());
    });
    let retr = Command::Retr(Number::FIRST);
    let client = client_after(&retr);
    for (name, size) in [("1 KiB", 1 << 10), ("16 KiB", 16 << 10), ("whole", wire.len())] {
        group.bench_with_input(BenchmarkId::new("client, reads of", name), &size, |b, &size| {
            b.iter(|| receive(client.clone(), black_box(&wire), size));
        });
    }
    let mut out = Vec::with_capacity(128 << 10);
    group.bench_function("memmem and copy in 16 KiB", |b| {
        b.iter(|| {
            for piece in message.chunks(16 << 10) {
                out.clear();
                black_box(memmem::find_iter(piece, b"\r\n.").count());
                out.extend_from_slice(piece);
                black_box(&out);
            }
        });
    });
    for (name, endings) in [("normalise", LineEndings::Normalise), ("keep", LineEndings::Keep)] {
        let mut config = Config::new(Profile::Pop3s);
        config.body_line_endings = endings;
        let server = logged_in(config, 1);
        group.bench_function(BenchmarkId::new("server, parts of 16 KiB", name), |b| {
            b.iter(|| {
                let mut server = server.clone();
                let _ = server.advance(b"RETR 1\r\n", 0, &mut out);
                server.accept(&mut out).unwrap();
                for part in message.chunks(16 << 10) {
                    let mut rest = black_box(part);
                    while !rest.is_empty() {
                        let piece = server.body_piece(rest).unwrap();
                        black_box(piece.octets);
                        rest = &rest[piece.used..];
                    }
                }
                out.clear();
                server.end_body(&mut out).unwrap();
            });
        });
        group.bench_function(BenchmarkId::new("server, copies of 16 KiB", name), |b| {
            b.iter(|| {
                let mut server = server.clone();
                let _ = server.advance(b"RETR 1\r\n", 0, &mut out);
                server.accept(&mut out).unwrap();
                for piece in message.chunks(16 << 10) {
                    out.clear();
                    server.body(black_box(piece), &mut out).unwrap();
                    black_box(&out);
                }
                server.end_body(&mut out).unwrap();
            });
        });
    }
    group.finish();
}

criterion_group!(benches, grammar, listing, message);
criterion_main!(benches);
