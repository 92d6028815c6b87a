//! Programs on loopback, the examples among them, and the folders that they write to.
#![allow(
    dead_code,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How long a program may take to do what it should.
const PATIENCE: Duration = Duration::from_secs(30);

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

/// A folder that goes away again.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("mailproto-{}-{count}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub(crate) fn write(&self, name: &str, octets: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, octets).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The files whose path holds this, in the order of their names, once there are so many.
    pub(crate) fn wait_for(&self, part: &str, count: usize) -> Vec<Vec<u8>> {
        let start = Instant::now();
        loop {
            let mut files = Vec::new();
            find(&self.0, part, &mut files);
            if files.len() >= count {
                files.sort();
                return files.iter().map(|path| fs::read(path).unwrap()).collect();
            }
            assert!(start.elapsed() < PATIENCE, "{} of {count} files", files.len());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn find(folder: &Path, part: &str, files: &mut Vec<PathBuf>) {
    // what a program moves away meanwhile is not there
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, part, files);
        } else if path.to_str().unwrap().contains(part) {
            files.push(path);
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program that ends when the test does.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The program that was built of an example.
pub(crate) fn example(name: &str) -> String {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: cargo build -p mailproto-smtp --examples", path.display());
    path.to_str().unwrap().to_owned()
}

/// What a program has said, and how it ended.
pub(crate) struct Said {
    call: String,
    text: String,
    is_success: bool,
}

impl Said {
    pub(crate) fn run(program: &str, arguments: &[&str], input: &[u8]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut stdin = child.stdin.take().unwrap();
        let octets = input.to_vec();
        thread::spawn(move || drop(stdin.write_all(&octets)));
        let said = [listen(child.stdout.take().unwrap()), listen(child.stderr.take().unwrap())];
        let call = format!("{program} {arguments:?}");
        let start = Instant::now();
        let status = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None if start.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(5)),
                None => {
                    child.kill().unwrap();
                    panic!("{call} does not end");
                }
            }
        };
        let text = said.map(|reader| reader.join().unwrap()).concat();
        Self { call, text, is_success: status.success() }
    }

    pub(crate) fn expect_success(&self) {
        assert!(self.is_success, "{}:\n{}", self.call, self.text);
    }

    pub(crate) fn expect_failure(&self, text: &str) {
        assert!(!self.is_success && self.text.contains(text), "{}:\n{}", self.call, self.text);
    }
}

fn listen(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut octets = Vec::new();
        let _ = stream.read_to_end(&mut octets);
        String::from_utf8_lossy(&octets).into_owned()
    })
}

/// Our server, on a port of its own.
pub(crate) struct OurServer {
    folder: Folder,
    pub(crate) port: String,
    _running: Running,
}

pub(crate) fn our_server(profile: &str, options: &[&str]) -> OurServer {
    let folder = Folder::new(profile);
    // the DNS of this place is nobody's
    let zone = folder.write("zone", b"");
    let options = if options.is_empty() { &["--zone", &zone][..] } else { options };
    let arguments = [profile, "127.0.0.1:0", "example.com", folder.path(), USER];
    let mut child = Command::new(example("server_tokio"))
        .args(options)
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    // the rest must be read, or the server waits to be heard
    thread::spawn(move || lines.for_each(drop));
    let port = line.rsplit(':').next().unwrap().to_owned();
    OurServer { folder, port, _running: Running(child) }
}

impl OurServer {
    pub(crate) fn address(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// The file with the certificate to trust.
    pub(crate) fn certificate(&self) -> String {
        format!("{}/certificate.pem", self.folder.path())
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

/// The fields that servers put on top.
const TRACE: [&str; 5] =
    ["Received:", "Authentication-Results:", "Return-Path:", "Delivered-To:", "X-Original-To:"];

/// A message without what servers have put on top of it.
pub(crate) fn without_trace(file: &[u8]) -> Vec<u8> {
    let mut rest = file;
    let mut in_trace = false;
    loop {
        let is_folded = rest.starts_with(b" ") || rest.starts_with(b"\t");
        in_trace =
            if is_folded { in_trace } else { TRACE.iter().any(|name| rest.starts_with(name.as_bytes())) };
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
