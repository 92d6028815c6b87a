//! SMTP beside Stalwart's smtp-proto: `cargo bench --bench smtp` in `benches/peers`.
#![allow(missing_docs)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mail_base::{
    dot::{Decoded, DotDecoder},
    lines::{EndingFilter, Found, LineEndings, LineFinder},
};
use samples::smtp as sample;
use smtp_proto::{Capabilities, Command, Reply, ReplyReader, Rules};
use stalwart::{
    EhloResponse, Error, Request,
    request::receiver::{BdatReceiver, DataReceiver},
    response::parser::ResponseReceiver,
};
use std::hint::black_box;

const LINES: usize = 100_000;
const BODY: usize = 64 << 20;

fn grammar(c: &mut Criterion) {
    let mut group = c.benchmark_group("smtp/peers");
    group.throughput(Throughput::Elements(LINES as u64));
    let (commands, replies) = (sample::commands(LINES), sample::replies(LINES));
    group.bench_function("commands: ours", |b| {
        b.iter(|| {
            let mut finder = LineFinder::new(LineEndings::Strict);
            let mut input = black_box(&commands[..]);
            while let Ok(Found::Line { text, used }) = finder.find(input, 2048) {
                black_box(&Command::parse(text, &Rules::STRICT));
                input = &input[used..];
            }
        });
    });
    group.bench_function("commands: Stalwart", |b| {
        b.iter(|| {
            let mut input = black_box(&commands).iter();
            loop {
                match Request::parse(&mut input) {
                    Err(Error::NeedsMoreData { .. }) => break,
                    request => black_box(&request).is_ok(),
                };
            }
        });
    });
    group.bench_function("replies: ours", |b| {
        b.iter(|| {
            let mut reader = ReplyReader::new(LineEndings::Strict, 2048, 1 << 16);
            let mut input = black_box(&replies[..]);
            while let Ok(Some((reply, used))) = reader.read(input) {
                black_box(&(reply.enhanced(), reply));
                input = &input[used..];
            }
        });
    });
    group.bench_function("replies: Stalwart", |b| {
        b.iter(|| {
            let mut input = black_box(&replies).iter();
            let mut receiver = ResponseReceiver::default();
            while !input.as_slice().is_empty() {
                black_box(&receiver.parse(&mut input)).as_ref().unwrap();
                receiver.reset();
            }
        });
    });
    group.finish();
    let mut group = c.benchmark_group("smtp/peers/ehlo");
    group.bench_function("ours", |b| {
        b.iter(|| Capabilities::from_reply(&Reply::parse(black_box(sample::EHLO.as_bytes())).unwrap()));
    });
    // what is offered is left in the text of the reply
    group.bench_function("Stalwart, the reply only", |b| {
        b.iter(|| ResponseReceiver::default().parse(&mut black_box(sample::EHLO.as_bytes()).iter()).unwrap());
    });
    group.bench_function("Stalwart", |b| {
        b.iter(|| EhloResponse::parse(&mut black_box(sample::EHLO.as_bytes()).iter()).unwrap());
    });
    group.finish();
}

fn bodies(c: &mut Criterion) {
    let body = sample::body(BODY);
    let mut group = c.benchmark_group("smtp/peers/body");
    group.sample_size(10);
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("memmem for the end", |b| {
        b.iter(|| memchr::memmem::find(black_box(&body), b"\r\n.\r\n"));
    });
    group.bench_function("ours", |b| {
        b.iter(|| {
            let mut decoder = DotDecoder::new(LineEndings::Strict);
            let (mut at, mut end) = (0, 0);
            loop {
                match decoder.decode(&body[at..end]).unwrap() {
                    Decoded::Octets { octets, used } => {
                        black_box(octets);
                        at += used;
                    }
                    Decoded::End { .. } => break,
                    Decoded::NeedInput => end = (end + (64 << 10)).min(body.len()),
                }
            }
        });
    });
    group.bench_function("BDAT: ours", |b| {
        b.iter(|| {
            let mut filter = EndingFilter::new(LineEndings::Strict);
            for piece in body.chunks(64 << 10) {
                let mut rest = piece;
                while !rest.is_empty() {
                    let passed = filter.filter(rest).unwrap();
                    black_box(passed.octets);
                    rest = &rest[passed.used..];
                }
            }
        });
    });
    group.bench_function("BDAT: Stalwart", |b| {
        let mut copy = Vec::with_capacity(body.len());
        b.iter(|| {
            copy.clear();
            let mut receiver = BdatReceiver::new(body.len(), true);
            for piece in body.chunks(64 << 10) {
                if receiver.ingest(&mut piece.iter(), &mut copy) {
                    break;
                }
            }
        });
    });
    group.bench_function("Stalwart", |b| {
        let mut copy = Vec::with_capacity(body.len());
        b.iter(|| {
            copy.clear();
            let mut receiver = DataReceiver::new();
            for piece in body.chunks(64 << 10) {
                if receiver.ingest(&mut piece.iter(), &mut copy) {
                    break;
                }
            }
        });
    });
    group.finish();
}

criterion_group!(benches, grammar, bodies);
criterion_main!(benches);
