//! Real mail programs on loopback: against our server, and our client against theirs. Every message that arrives
//! is compared octet by octet with what was sent.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

const USER: &str = "alice:sesame";

/// Dots at the start of lines, a line with a dot alone, an empty line, octets outside ASCII, a long line.
fn message() -> Vec<u8> {
    let mut message = b"From: <a@client.example>\r\nTo: <b@example.com>\r\nSubject: dots\r\n\
        Date: Sun, 22 Nov 2026 03:10:01 +0000\r\nMessage-ID: <1@client.example>\r\n\r\n\
        .\r\n..\r\n.hidden\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
        .to_vec();
    message.extend_from_slice(&b"x".repeat(900));
    message.extend_from_slice(b"\r\nend\r\n");
    message
}

fn large_message() -> Vec<u8> {
    let mut message = message();
    while message.len() < 10 << 20 {
        message.extend_from_slice(b".a line of a large message, which starts with a dot\r\n");
    }
    message
}

/// A folder that goes away again.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("mailproto-peers-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, octets: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, octets).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The files whose name ends like this, once there are so many.
    fn wait_for(&self, end: &str, count: usize) -> Vec<Vec<u8>> {
        let start = Instant::now();
        loop {
            let mut files = Vec::new();
            find(&self.0, end, &mut files);
            if files.len() >= count {
                files.sort();
                return files.iter().map(|path| fs::read(path).unwrap()).collect();
            }
            assert!(start.elapsed() < Duration::from_secs(20), "{} of {count} files", files.len());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn find(folder: &Path, end: &str, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            find(&path, end, files);
        } else if path.to_str().unwrap().contains(end) {
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
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: cargo build --examples", path.display());
    path
}

/// Our server, on a port of its own.
struct OurServer {
    folder: Folder,
    port: String,
    _running: Running,
}

fn our_server(profile: &str, name: &str) -> OurServer {
    let folder = Folder::new(name);
    let mut child = Command::new(example("server_tokio"))
        .args([profile, "127.0.0.1:0", "example.com", folder.0.to_str().unwrap(), USER])
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
    /// The messages without the trace field that the server has put on top.
    fn messages(&self, count: usize) -> Vec<Vec<u8>> {
        self.folder.wait_for(".eml", count).iter().map(|file| without_trace(file)).collect()
    }

    fn address(&self, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.port)
    }
}

fn without_trace(file: &[u8]) -> Vec<u8> {
    assert!(file.starts_with(b"Received: "));
    let mut rest = file;
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap() + 2;
        rest = &rest[end..];
        if !rest.starts_with(b" ") {
            return rest.to_vec();
        }
    }
}

fn trace(file: &[u8]) -> String {
    String::from_utf8_lossy(&file[..file.len() - without_trace(file).len()]).into_owned()
}

/// Runs a program that must succeed.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let octets = input.to_vec();
    let writer = thread::spawn(move || drop(stdin.write_all(&octets)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let said = [&output.stdout[..], &output.stderr].concat();
    assert!(output.status.success(), "{program} {arguments:?}:\n{}", String::from_utf8_lossy(&said));
    output
}

fn with_line_feeds(message: &[u8]) -> Vec<u8> {
    message.iter().copied().filter(|octet| *octet != b'\r').collect()
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn curl() {
    let relay = our_server("relay", "curl-relay");
    let files = Folder::new("curl-files");
    let small = files.write("small", &message());
    let large = files.write("large", &large_message());
    let envelope = ["-sS", "--mail-from", "a@client.example", "--mail-rcpt", "b@example.com", "-T"];
    let send = |url: &str, file: &str, more: &[&str]| {
        run("curl", &[&envelope[..], &[file, url], more].concat(), b"")
    };
    send(&relay.address("smtp"), &small, &[]);
    send(&relay.address("smtp"), &large, &[]);
    send(&relay.address("smtp"), &small, &["--ssl-reqd", "-k"]);
    assert_eq!(relay.messages(3), [message(), large_message(), message()]);

    let submission = our_server("submission", "curl-submission");
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"] {
        let login = format!("AUTH={mechanism}");
        let more = ["--ssl-reqd", "-k", "-u", USER, "--login-options", &login];
        send(&submission.address("smtp"), &small, &more);
    }
    assert_eq!(submission.messages(3), [message(), message(), message()]);

    let submissions = our_server("submissions", "curl-submissions");
    send(&submissions.address("smtps"), &small, &["-k", "-u", USER]);
    assert_eq!(submissions.messages(1), [message()]);
    let trace = trace(&submissions.folder.wait_for(".eml", 1)[0]);
    assert!(trace.contains("with ESMTPSA"), "{trace}");
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn curl_is_refused_without_authentication_or_for_elsewhere() {
    let submission = our_server("submission", "curl-refused");
    let refused = |server: &OurServer, rcpt: &str, more: &[&str]| {
        let url = server.address("smtp");
        let arguments = ["-sS", "--mail-from", "a@client.example", "--mail-rcpt", rcpt, "-T", "-", &url];
        let output = Command::new("curl").args(arguments).args(more).stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused(&submission, "b@example.com", &[]).contains("530"));
    assert!(refused(&submission, "b@example.com", &["--ssl-reqd", "-k"]).contains("530"));
    let wrong = ["--ssl-reqd", "-k", "-u", "alice:wrong"];
    assert!(refused(&submission, "b@example.com", &wrong).contains("Login denied"));
    let relay = our_server("relay", "curl-open-relay");
    assert!(refused(&relay, "b@elsewhere.example", &[]).contains("550"));
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn swaks() {
    let files = Folder::new("swaks-files");
    let file = format!("@{}", files.write("message", &message()));
    let common =
        ["--from", "a@client.example", "--to", "b@example.com", "--data", &file, "--server", "127.0.0.1"];
    let send = |server: &OurServer, more: &[&str]| {
        run("swaks", &[&common[..], &["--port", &server.port], more].concat(), b"");
    };
    let relay = our_server("relay", "swaks-relay");
    send(&relay, &[]);
    send(&relay, &["--pipeline"]);
    send(&relay, &["--tls"]);
    let received = relay.messages(3);
    let submission = our_server("submission", "swaks-submission");
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"] {
        send(
            &submission,
            &["--tls", "--auth", mechanism, "--auth-user", "alice", "--auth-password", "sesame"],
        );
    }
    let lmtp = our_server("lmtp", "swaks-lmtp");
    send(&lmtp, &["--protocol", "LMTP"]);
    for received in received.into_iter().chain(submission.messages(3)).chain(lmtp.messages(1)) {
        // swaks adds an empty line
        let body = received.strip_suffix(b"\r\n").unwrap_or(&received);
        assert!(received == message() || body == message(), "{}", received.escape_ascii());
    }
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn msmtp() {
    let submission = our_server("submission", "msmtp");
    for mechanism in ["plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"] {
        let auth = format!("--auth={mechanism}");
        let port = format!("--port={}", submission.port);
        let common = [
            "--host=127.0.0.1",
            "--tls=on",
            "--tls-certcheck=off",
            "--user=alice",
            "--passwordeval=echo sesame",
        ];
        let own = [&port, &auth, "--from=a@client.example", "b@example.com"];
        run("msmtp", &[&common[..], &own].concat(), &with_line_feeds(&message()));
    }
    assert_eq!(submission.messages(5), vec![message(); 5]);
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn python_smtplib() {
    const SCRIPT: &str = r#"
import smtplib, ssl, sys
message = sys.stdin.buffer.read()
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
server = smtplib.SMTP('127.0.0.1', int(sys.argv[1]), local_hostname='client.example')
server.starttls(context=context)
server.login('alice', 'sesame')
assert server.sendmail('a@client.example', ['b@example.com', 'c@example.com'], message) == {}
server.sendmail('a@client.example', ['gr\u00fc\u00dfe@example.com'], message, ['SMTPUTF8', 'BODY=8BITMIME'])
server.quit()
"#;
    let submission = our_server("submission", "smtplib");
    run("/usr/bin/python3", &["-c", SCRIPT, &submission.port], &message());
    assert_eq!(submission.messages(2), [message(), message()]);
    let files = submission.folder.wait_for(".eml", 2);
    assert!(trace(&files[1]).contains("with UTF8SMTPSA"), "{}", trace(&files[1]));
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn a_hundred_sessions_at_once() {
    let relay = our_server("relay", "smtp-source");
    let address = format!("inet:127.0.0.1:{}", relay.port);
    let program = "/usr/sbin/smtp-source";
    run(
        program,
        &["-s", "100", "-m", "400", "-l", "5000", "-f", "a@client.example", "-t", "b@example.com", &address],
        b"",
    );
    // the header has numbers that differ
    let body = |message: &Vec<u8>| {
        let end = message.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        message[end..].to_vec()
    };
    let bodies: Vec<_> = relay.messages(400).iter().map(body).collect();
    assert!(bodies[0].len() >= 5000 && bodies.iter().all(|body| *body == bodies[0]));
    let lmtp = our_server("lmtp", "smtp-source-lmtp");
    let address = format!("inet:127.0.0.1:{}", lmtp.port);
    run(
        program,
        &["-L", "-s", "20", "-m", "40", "-r", "3", "-f", "a@client.example", "-t", "b@example.com", &address],
        b"",
    );
    assert_eq!(lmtp.messages(40).len(), 40);
}

/// A port that nothing listens on.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// Starts a server of others, and waits until it listens.
fn start(program: &str, arguments: &[&str], port: &str) -> Running {
    let child = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let running = Running(child.unwrap_or_else(|error| panic!("{program}: {error}")));
    let start = Instant::now();
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "{program} does not listen");
        thread::sleep(Duration::from_millis(50));
    }
    running
}

/// Our client sends a message, given with line feeds.
fn send(port: &str, more: &[&str], message: &[u8]) {
    let address = format!("127.0.0.1:{port}");
    let arguments = [more, &[&address, "a@client.example", "b@example.com"]].concat();
    run(example("client").to_str().unwrap(), &arguments, &with_line_feeds(message));
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn our_client_and_aiosmtpd() {
    const SCRIPT: &str = r#"
import sys, time
from aiosmtpd.controller import Controller
class Store:
    count = 0
    async def handle_DATA(self, server, session, envelope):
        with open('%s/%06d.part' % (sys.argv[2], self.count), 'wb') as file:
            file.write(envelope.original_content)
        import os
        os.rename('%s/%06d.part' % (sys.argv[2], self.count), '%s/%06d.eml' % (sys.argv[2], self.count))
        self.count += 1
        return '250 ok'
Controller(Store(), hostname='127.0.0.1', port=int(sys.argv[1])).start()
time.sleep(600)
"#;
    let folder = Folder::new("aiosmtpd");
    let port = free_port();
    let _server = start("/usr/bin/python3", &["-c", SCRIPT, &port, folder.0.to_str().unwrap()], &port);
    send(&port, &[], &message());
    send(&port, &[], &large_message());
    let files = folder.wait_for(".eml", 2);
    assert_eq!(files, [message(), large_message()]);
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn our_client_and_smtp_sink() {
    for lmtp in [false, true] {
        let folder = Folder::new(if lmtp { "sink-lmtp" } else { "sink" });
        let port = free_port();
        let dump = format!("{}/%M.", folder.0.display());
        let address = format!("inet:127.0.0.1:{port}");
        let user = ["-u", "nobody", "-d", &dump, &address, "100"];
        let more: &[&str] = if lmtp { &["-L", "-8"] } else { &["-8"] };
        // smtp-sink gives up its rights
        assert!(Command::new("chmod").arg("777").arg(&folder.0).status().unwrap().success());
        let _server = start("/usr/sbin/smtp-sink", &[more, &user].concat(), &port);
        send(&port, if lmtp { &["--lmtp"] } else { &[] }, &message());
        let deadline = Instant::now() + Duration::from_secs(10);
        let wanted = with_line_feeds(&message());
        loop {
            let files = folder.wait_for(".", 1);
            let has_arrived = |file: &Vec<u8>| file.windows(wanted.len()).any(|window| window == wanted);
            if files.iter().any(has_arrived) {
                break;
            }
            assert!(Instant::now() < deadline, "{}", files.concat().escape_ascii());
            thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn our_client_and_dovecot_lmtp() {
    let folder = Folder::new("dovecot");
    let base = folder.0.display();
    let port = free_port();
    let config = format!(
        "protocols = lmtp\nbase_dir = {base}/run\nlog_path = {base}/log\nssl = no\nmail_location = maildir:{base}/mail/%u\n\
         default_login_user = nobody\ndefault_internal_user = nobody\ndefault_internal_group = nogroup\n\
         first_valid_uid = 1\nmail_uid = nobody\nmail_gid = nogroup\n\
         passdb {{\n driver = static\n args = nopassword=y\n}}\n\
         userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={base}/mail/%u allow_all_users=yes\n}}\n\
         service lmtp {{\n inet_listener lmtp {{\n address = 127.0.0.1\n port = {port}\n }}\n}}\n"
    );
    let config = folder.write("dovecot.conf", config.as_bytes());
    fs::create_dir_all(folder.0.join("mail")).unwrap();
    assert!(Command::new("chmod").args(["-R", "777"]).arg(&folder.0).status().unwrap().success());
    let _server = start("/usr/sbin/dovecot", &["-F", "-c", &config], &port);
    send(&port, &["--lmtp"], &message());
    // the folder of the mailbox that holds what is new
    let files = folder.wait_for("/new/", 1);
    let wanted = with_line_feeds(&message());
    assert!(files[0].ends_with(&wanted) || files[0].ends_with(&message()), "{}", files[0].escape_ascii());
}
