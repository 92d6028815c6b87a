//! Our server and client as programs on loopback, and the messages that go through them.
#![allow(
    dead_code,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::process::{Command, Output};
use testkit::programs::{Folder, Running, announced, example, run_anyhow};

/// Who can log in at our server.
pub(crate) const USER: &str = "alice:sesame";

/// Dots at the start of lines, a line with a dot alone, an empty line, octets outside ASCII, a long line.
pub(crate) fn message() -> Vec<u8> {
    let mut message = b"From: <a@client.example>\r\nTo: <b@example.com>\r\nSubject: dots\r\n\
        Date: Sun, 22 Nov 2026 03:10:01 +0000\r\nMessage-ID: <1@client.example>\r\n\r\n\
        .\r\n..\r\n.hidden\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
        .to_vec();
    message.extend_from_slice(&b"x".repeat(900));
    message.extend_from_slice(b"\r\nend\r\n");
    message
}

/// The same and 10 MiB.
pub(crate) fn large_message() -> Vec<u8> {
    let mut message = message();
    while message.len() < 10 << 20 {
        message.extend_from_slice(b".a line of a large message, which starts with a dot\r\n");
    }
    message
}

/// The message as files of Unix have it.
pub(crate) fn with_line_feeds(message: &[u8]) -> Vec<u8> {
    message.iter().copied().filter(|octet| *octet != b'\r').collect()
}

/// What a program has said, on both of its outputs.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// Our server, on a port of its own, with the user [`USER`].
pub(crate) struct OurServer {
    folder: Folder,
    pub(crate) port: String,
    _running: Running,
}

impl OurServer {
    pub(crate) fn new(profile: &str, name: &str) -> Self {
        // nobody is known to the DNS
        Self::with_zone(profile, name, "")
    }

    pub(crate) fn with_zone(profile: &str, name: &str, zone: &str) -> Self {
        let folder = Folder::new(name);
        let zone = folder.write("zone", zone);
        let mut command = Command::new(example("server_tokio"));
        command.args(["--zone", &zone, profile, "127.0.0.1:0", "example.com"]).arg(folder.path()).arg(USER);
        let (running, line) = announced(&mut command);
        let port = line.rsplit(':').next().unwrap().to_owned();
        Self { folder, port, _running: running }
    }

    pub(crate) fn address(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// The file with the certificate to trust.
    pub(crate) fn certificate(&self) -> String {
        self.folder.join("certificate.pem")
    }

    /// The messages as they were kept.
    pub(crate) fn files(&self, count: usize) -> Vec<Vec<u8>> {
        self.folder.wait_for(".eml", count)
    }

    /// The messages as they came.
    pub(crate) fn messages(&self, count: usize) -> Vec<Vec<u8>> {
        self.files(count).iter().map(|file| without_trace(file)).collect()
    }
}

/// Our client sends a message, given with line feeds, and says what came of it.
pub(crate) fn our_client<const N: usize>(
    port: &str,
    options: &[&str],
    envelope: [&str; N],
    message: &[u8],
) -> Output {
    let mut command = Command::new(example("client"));
    command.args(options).arg(format!("localhost:{port}")).args(envelope);
    run_anyhow(&mut command, &with_line_feeds(message))
}

/// The fields that servers put on top.
const TRACE: [&[u8]; 5] =
    [b"Received:", b"Authentication-Results:", b"Return-Path:", b"Delivered-To:", b"X-Original-To:"];

/// A message without what servers have put on top of it.
pub(crate) fn without_trace(file: &[u8]) -> Vec<u8> {
    let mut rest = file;
    let mut in_trace = false;
    loop {
        let is_folded = rest.starts_with(b" ") || rest.starts_with(b"\t");
        in_trace = if is_folded { in_trace } else { TRACE.iter().any(|name| rest.starts_with(name)) };
        if !in_trace {
            return rest.to_vec();
        }
        let end = rest.iter().position(|&octet| octet == b'\n').unwrap() + 1;
        rest = &rest[end..];
    }
}

/// What servers have put on top.
pub(crate) fn trace(file: &[u8]) -> String {
    String::from_utf8_lossy(&file[..file.len() - without_trace(file).len()]).into_owned()
}
