//! SMTP: `cargo bench --bench smtp`.
//!
//! The floor of reading lines is to find their ends with memchr; the floor of a body is a scan for its end with
//! memmem.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mail_base::{
    Name,
    dot::{Decoded, DotDecoder, DotEncoder},
    lines::{Found, LineEndings, LineFinder},
};
use memchr::memmem;
use samples::{
    pairs::{pair, show},
    smtp as sample,
};
use smtp_proto::{
    Capabilities, Client, Command, Envelope, Host, Mail, Path, Rcpt, Reply, ReplyReader, Rules, Server,
    Transaction, Word, client,
    server::{self, Config, Event, Profile},
    transaction,
};
use std::{hint::black_box, sync::Arc};

const LINES: usize = 10_000;
const BODY: usize = 64 << 20;

fn each_command<'i>(mut input: &'i [u8], rules: &Rules, mut call: impl FnMut(Command<'i>)) {
    let mut finder = LineFinder::new(LineEndings::Strict);
    while let Ok(Found::Line { text, used }) = finder.find(input, 2048) {
        call(Command::parse(text, rules).unwrap());
        input = &input[used..];
    }
}

fn each_reply<'i>(mut input: &'i [u8], mut call: impl FnMut(Reply<'i>)) {
    let mut reader = ReplyReader::new(LineEndings::Strict, 2048, 1 << 16);
    while let Ok(Some((reply, used))) = reader.read(input) {
        call(reply);
        input = &input[used..];
    }
}

fn grammar(c: &mut Criterion) {
    let rules = Rules::STRICT;
    let mut group = c.benchmark_group("smtp/grammar");
    group.throughput(Throughput::Elements(LINES as u64));
    let (commands, replies) = (sample::commands(LINES), sample::replies(LINES));
    group.bench_function("commands: memchr for the ends", |b| {
        b.iter(|| memchr::memchr_iter(b'\n', black_box(&commands)).count());
    });
    group.bench_function("commands", |b| {
        b.iter(|| each_command(black_box(&commands), &rules, |command| drop(black_box(command))));
    });
    group.bench_function("replies: memchr for the ends", |b| {
        b.iter(|| memchr::memchr_iter(b'\n', black_box(&replies)).count());
    });
    group.bench_function("replies", |b| {
        b.iter(|| each_reply(black_box(&replies), |reply| drop(black_box((reply.enhanced(), reply)))));
    });
    group.finish();
    c.bench_function("smtp/ehlo", |b| {
        b.iter(|| Capabilities::from_reply(&Reply::parse(black_box(sample::EHLO.as_bytes())).unwrap()));
    });
}

/// What of the body passes, read in pieces as from a socket.
fn decode(body: &[u8], endings: LineEndings) -> usize {
    let mut decoder = DotDecoder::new(endings);
    let (mut at, mut end, mut length) = (0, 0, 0);
    loop {
        match decoder.decode(&body[at..end]).unwrap() {
            Decoded::Octets { octets, used } => {
                length += black_box(octets).len();
                at += used;
            }
            Decoded::End { .. } => return length,
            Decoded::NeedInput => end = (end + (64 << 10)).min(body.len()),
        }
    }
}

fn bodies(c: &mut Criterion) {
    let body = sample::body(BODY);
    let mut group = c.benchmark_group("smtp/body");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("memmem for the end", |b| {
        b.iter(|| memmem::find(black_box(&body), b"\r\n.\r\n"));
    });
    group.bench_function("memcpy", |b| {
        let mut copy = vec![0; body.len()];
        b.iter(|| copy.copy_from_slice(black_box(&body)));
    });
    group.bench_function("dots off, strict", |b| b.iter(|| decode(black_box(&body), LineEndings::Strict)));
    group.bench_function("dots off, keep", |b| b.iter(|| decode(black_box(&body), LineEndings::Keep)));
    group.bench_function("dots on", |b| {
        let mut out = Vec::with_capacity(body.len() + 100);
        b.iter(|| {
            out.clear();
            let mut encoder = DotEncoder::new(LineEndings::Strict);
            encoder.encode(black_box(&body), &mut out).unwrap();
            encoder.finish(&mut out).unwrap();
        });
    });
    group.bench_function("BDAT through the server", |b| {
        b.iter(|| {
            let mut server = Server::new(config(), 0);
            let mut out = Vec::new();
            let envelope =
                format!("EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT {} LAST\r\n", body.len());
            let mut taken = 0;
            serve(&mut server, &mut envelope.into_bytes(), &mut out, &mut |_| ());
            let mut at = 0;
            while at < body.len() {
                let end = (at + (64 << 10)).min(body.len());
                match server.advance(&body[at..end], 0, &mut out) {
                    server::Advance::Event { used, event: Event::Body(octets) } => {
                        taken += black_box(octets).len();
                        at += used;
                    }
                    other => panic!("{other:?}"),
                }
            }
            taken
        });
    });
    group.finish();
}

fn config() -> Arc<Config> {
    let mut config = Config::new(Profile::Relay, Name::parse("mx.example").unwrap());
    config.limits.message = 1 << 30;
    Arc::new(config)
}

/// Lets the server read and answer yes.
fn serve(server: &mut Server, input: &mut Vec<u8>, out: &mut Vec<u8>, body: &mut impl FnMut(&[u8])) {
    let mut at = 0;
    loop {
        match server.advance(&input[at..], 0, out) {
            server::Advance::Event { used, event } => {
                if let Event::Body(octets) = event {
                    body(octets);
                }
                at += used;
            }
            server::Advance::NeedReply => server.accept(out).unwrap(),
            _ => break,
        }
    }
    input.drain(..at);
}

/// What both ends keep between sessions: configuration, envelope, body, buffers.
struct World {
    server: Arc<Config>,
    client: Arc<client::ClientConfig>,
    envelope: Envelope<'static>,
    body: Vec<u8>,
    to_server: Vec<u8>,
    to_client: Vec<u8>,
}

fn world() -> World {
    let path = |text| Path::parse(text, &Rules::STRICT).unwrap();
    let envelope = Envelope::new(Mail::from(path("<alice@client.example>")).unwrap())
        .to(Rcpt::to(path("<one@mx.example>")).unwrap())
        .to(Rcpt::to(path("<two@mx.example>")).unwrap())
        .to(Rcpt::to(path("<three@mx.example>")).unwrap());
    let host = Host::new(Word::new("client.example").unwrap());
    World {
        server: config(),
        client: Arc::new(client::ClientConfig::new(host).with_tls(client::TlsPolicy::None)),
        envelope,
        body: sample::body(10 << 10)[..10 << 10].to_vec(),
        to_server: Vec::with_capacity(32 << 10),
        to_client: Vec::with_capacity(4 << 10),
    }
}

/// EHLO, MAIL, three RCPT, DATA, 10 KiB, QUIT: our client against our server.
fn session(world: &mut World) -> usize {
    let World { to_server, to_client, .. } = world;
    to_server.clear();
    to_client.clear();
    let mut server = Server::new(Arc::clone(&world.server), 0);
    let mut client = Client::new(Arc::clone(&world.client), false);
    let mut arrived = 0;
    let mut take = |octets: &[u8]| arrived += black_box(octets).len();
    loop {
        match client.advance(to_client, 0, to_server).unwrap() {
            client::Advance::Event { used, .. } => drop(to_client.drain(..used)),
            client::Advance::NeedCommand => break,
            _ => serve(&mut server, to_server, to_client, &mut take),
        }
    }
    let mut transaction = Transaction::new(&world.envelope);
    loop {
        match transaction.advance(&mut client, to_client, 0, to_server).unwrap() {
            transaction::Advance::Used(used) => drop(to_client.drain(..used)),
            transaction::Advance::NeedBody => {
                transaction.body(&mut client, &world.body, to_server).unwrap();
                transaction.end_body(&mut client, to_server).unwrap();
            }
            transaction::Advance::NeedInput => serve(&mut server, to_server, to_client, &mut take),
            transaction::Advance::Done => break,
        }
    }
    client.send(&Command::Quit, to_server).unwrap();
    serve(&mut server, to_server, to_client, &mut take);
    assert!(transaction.into_outcome().recipients.iter().all(|recipient| recipient.is_accepted()));
    arrived
}

fn sessions(c: &mut Criterion) {
    let mut world = world();
    c.bench_function("smtp/session", |b| b.iter(|| session(&mut world)));
    // the best of many turns, which does not depend on what else the machine does
    let body = world.body.clone();
    let mut copy = Vec::with_capacity(body.len());
    let copying = || {
        copy.clear();
        copy.extend_from_slice(black_box(&body));
    };
    let one = || {
        black_box(session(&mut world));
    };
    show("a session; a copy of its body", pair(one, copying));
}

criterion_group!(benches, grammar, bodies, sessions);
criterion_main!(benches);
