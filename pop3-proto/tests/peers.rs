//! Real mail programs on loopback: theirs against our server, and our client against their servers. Every message
//! that arrives is compared octet by octet with its source.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    os::fd::OwnedFd,
    process::Command,
    thread,
};
use testkit::programs::{Folder, Running, announced, example, free_port, listening, run, run_anyhow};

const USER: &str = "alice:sesame";

const HEADER: &str = "From: <a@client.example>\r\nTo: <b@example.com>\r\nSubject: dots\r\n\
    Date: Sun, 22 Nov 2026 03:10:01 +0000\r\nMessage-ID: <1@client.example>\r\n\r\n";

/// The messages of the maildrop: 8-bit text and dots, dots alone, no line end at the end, 50 MiB.
fn messages() -> Vec<Vec<u8>> {
    let eight_bit =
        [HEADER.as_bytes(), b".\r\n..\r\n.hidden\r\n\r\nGr\xc3\xbc\xc3\x9fe, \xe9\xff\r\n"].concat();
    let dots = [HEADER, "...\r\n.\r\n", &"x".repeat(900), "\r\n.\r\n\r\n.\r\n"].concat();
    let unended = [HEADER, "a\r\n.no line end"].concat();
    let mut large = HEADER.as_bytes().to_vec();
    while large.len() < 50 << 20 {
        large
            .extend_from_slice(b".a line of a large message, which starts with a dot\r\nand one without\r\n");
    }
    vec![eight_bit, dots.into_bytes(), unended.into_bytes(), large]
}

/// The same and one that has nothing in it, which not every program takes for a message.
fn messages_and_none() -> Vec<Vec<u8>> {
    let mut messages = messages();
    messages.insert(2, Vec::new());
    messages
}

/// What goes over the wire for a message: it always ends with a line end (RFC 1939 §3).
fn ended(message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    if !message.is_empty() && !message.ends_with(b"\r\n") {
        message.extend_from_slice(b"\r\n");
    }
    message
}

/// What a program stores that writes its files as Unix does.
fn with_line_feeds(message: &[u8]) -> Vec<u8> {
    let pieces: Vec<_> = memchr::memmem::find_iter(message, b"\r\n").collect();
    let mut out = Vec::with_capacity(message.len());
    let mut start = 0;
    for at in pieces {
        out.extend_from_slice(&message[start..at]);
        start = at + 1;
    }
    out.extend_from_slice(&message[start..]);
    out
}

/// An mbox of messages that have no line to be quoted, and end in a line end.
fn mbox(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut mbox = Vec::new();
    for message in messages {
        mbox.extend_from_slice(b"From a@client.example Sun Nov 22 03:10:01 2026\n");
        mbox.extend_from_slice(&with_line_feeds(message));
        mbox.push(b'\n');
    }
    mbox
}

/// Says where two messages differ, and not what they are: one has 50 MiB.
fn assert_same(got: &[u8], wanted: &[u8], what: &str) {
    if got != wanted {
        let at = got.iter().zip(wanted).take_while(|(left, right)| left == right).count();
        let near = |octets: &[u8]| {
            octets[at.saturating_sub(40)..octets.len().min(at + 40)].escape_ascii().to_string()
        };
        panic!(
            "{what}: {} octets instead of {}, other from {at} on: {} instead of {}",
            got.len(),
            wanted.len(),
            near(got),
            near(wanted)
        );
    }
}

/// A certificate for the own machine and its key, as PEM files in a folder.
fn certificate(folder: &Folder) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let pem = |label: &str, der: &[u8]| {
        let text = STANDARD.encode(der);
        let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    };
    let certificate = folder.write("certificate.pem", pem("CERTIFICATE", made.cert.der()));
    let key = folder.write("key.pem", pem("PRIVATE KEY", &made.signing_key.serialize_der()));
    (certificate, key)
}

fn maildir(folder: &Folder, messages: &[Vec<u8>]) -> String {
    for part in ["cur", "new", "tmp"] {
        folder.folder(&format!("Maildir/{part}"));
    }
    for (at, message) in messages.iter().enumerate() {
        folder.write(&format!("Maildir/new/{at:03}.host"), message);
    }
    folder.join("Maildir")
}

/// Our server, on a port of its own.
struct OurServer {
    folder: Folder,
    certificate: String,
    port: String,
    _running: Running,
}

fn our_server(profile: &str, name: &str, messages: &[Vec<u8>]) -> OurServer {
    let folder = Folder::new(name);
    let maildir = maildir(&folder, messages);
    our_server_over(&maildir, profile, folder)
}

fn our_server_over(mailbox: &str, profile: &str, folder: Folder) -> OurServer {
    let (certificate, key) = certificate(&folder);
    let mut command = Command::new(example("server"));
    let (running, line) =
        announced(command.args([profile, "127.0.0.1:0", mailbox, USER, &certificate, &key]));
    let port = line.rsplit(':').next().unwrap().to_owned();
    OurServer { folder, certificate, port, _running: running }
}

impl OurServer {
    /// How many messages are left in the maildrop.
    fn left(&self) -> usize {
        self.folder.wait_for("Maildir/new/", 0).len()
    }
}

/// What curl gets from our server.
fn curl(server: &OurServer, scheme: &str, path: &str, more: &[&str]) -> Vec<u8> {
    let url = format!("{scheme}://localhost:{}/{path}", server.port);
    let mut command = Command::new("curl");
    let trust = ["-sS", "--cacert", &server.certificate, "-u", USER];
    run(command.args(trust).arg(url).args(more), b"").stdout
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-pop3 installs"]
fn curl_gets_what_it_asks_for() {
    let messages = messages_and_none();
    let stls = our_server("pop3", "curl", &messages);
    for (at, message) in messages.iter().enumerate() {
        let got = curl(&stls, "pop3", &(at + 1).to_string(), &["--ssl-reqd"]);
        // curl takes the line end before the dot for one of the message, also where there is no message
        let wanted = if message.is_empty() { b"\r\n".to_vec() } else { ended(message) };
        assert_same(&got, &wanted, "curl");
    }
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5", "+APOP"] {
        let login = format!("AUTH={mechanism}");
        assert_same(
            &curl(&stls, "pop3", "1", &["--ssl-reqd", "--login-options", &login]),
            &messages[0],
            mechanism,
        );
    }
    // a digest may go over the wire in clear, a password may not
    assert_same(&curl(&stls, "pop3", "1", &["--login-options", "AUTH=+APOP"]), &messages[0], "APOP in clear");
    let url = format!("pop3://localhost:{}/1", stls.port);
    let in_clear = ["-sS", "-u", USER, "--login-options", "AUTH=PLAIN", &url];
    assert!(!run_anyhow(Command::new("curl").args(in_clear), b"").status.success());

    let listing: String = messages
        .iter()
        .enumerate()
        .map(|(at, message)| format!("{} {}\r\n", at + 1, ended(message).len()))
        .collect();
    assert_eq!(String::from_utf8(curl(&stls, "pop3", "", &["--ssl-reqd"])).unwrap(), listing);
    let ids: String = (0..messages.len()).map(|at| format!("{} {at:03}.host\r\n", at + 1)).collect();
    assert_eq!(String::from_utf8(curl(&stls, "pop3", "", &["--ssl-reqd", "-X", "UIDL"])).unwrap(), ids);
    assert_same(&curl(&stls, "pop3", "", &["--ssl-reqd", "-X", "TOP 5 0"]), HEADER.as_bytes(), "TOP");

    let pop3s = our_server("pop3s", "curl-pop3s", &messages);
    assert_same(&curl(&pop3s, "pop3s", "2", &[]), &messages[1], "POP3S");
    curl(&pop3s, "pop3s", "2", &["-X", "DELE", "--list-only"]);
    assert_eq!(pop3s.left(), messages.len() - 1, "DELE and QUIT delete");
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-pop3 installs"]
fn an_mbox_is_served_as_well() {
    let messages: Vec<_> = messages().iter().map(|message| ended(message)).collect();
    let folder = Folder::new("mbox");
    let path = folder.write("mbox", mbox(&messages));
    let server = our_server_over(&path, "pop3s", folder);
    for (at, message) in messages.iter().enumerate() {
        assert_same(&curl(&server, "pop3s", &(at + 1).to_string(), &[]), message, "mbox");
    }
    curl(&server, "pop3s", "2", &["-X", "DELE", "--list-only"]);
    let left = [&messages[..1], &messages[2..]].concat();
    assert_same(&fs::read(&path).unwrap(), &mbox(&left), "DELE and QUIT delete");
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-pop3 installs"]
fn mpop() {
    let messages = messages();
    let wanted: Vec<_> = messages.iter().map(|message| with_line_feeds(&ended(message))).collect();
    let server = our_server("pop3", "mpop", &messages);
    for (auth, pipelining, keep) in [
        ("apop", "on", "on"),
        ("apop", "off", "on"),
        ("user", "on", "on"),
        ("plain", "on", "on"),
        ("cram-md5", "on", "on"),
        ("scram-sha-256", "on", "off"),
    ] {
        let target = Folder::new(&format!("mpop-{auth}-{pipelining}"));
        for part in ["cur", "new", "tmp"] {
            target.folder(&format!("Maildir/{part}"));
        }
        let is_large = auth == "apop";
        let mut command = Command::new("mpop");
        command.args([
            "--host=localhost",
            "--tls=on",
            "--tls-starttls=on",
            "--user=alice",
            "--received-header=off",
        ]);
        command
            .arg(format!("--port={}", server.port))
            .arg(format!("--tls-trust-file={}", server.certificate));
        command
            .arg(format!("--auth={auth}"))
            .arg(format!("--pipelining={pipelining}"))
            .arg(format!("--keep={keep}"));
        command.arg("--passwordeval=echo sesame").arg(format!("--uidls-file={}", target.join("uidls")));
        command.arg(format!("--delivery=maildir,{}", target.join("Maildir")));
        command.arg(if is_large { "--skipsize=off" } else { "--skipsize=1000000" });
        run(&mut command, b"");
        let mut got = target.wait_for("Maildir/new/", if is_large { 4 } else { 3 });
        got.sort();
        let mut wanted = wanted[..got.len()].to_vec();
        wanted.sort();
        for (got, wanted) in got.iter().zip(&wanted) {
            assert_same(got, wanted, &format!("{auth}, pipelining {pipelining}"));
        }
    }
    assert_eq!(server.left(), 1, "what was fetched for good is deleted, what was skipped is not");
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-pop3 installs"]
fn fetchmail() {
    let messages = messages();
    let server = our_server("pop3", "fetchmail", &messages);
    for (name, protocol, tls, limit, count) in [
        ("apop", "apop", "sslproto ''", 1_000_000, 3),
        ("apop-stls", "apop", "sslproto 'auto'", 0, 4),
        ("pop3-stls", "pop3", "sslproto 'auto'", 1_000_000, 3),
    ] {
        let home = Folder::new(&format!("fetchmail-{name}"));
        let store = home.write("store", "#!/bin/sh\nexec cat > \"$(mktemp \"$0.d/XXXXXX\")\"\n");
        run(Command::new("chmod").args(["700", &store]), b"");
        home.folder("store.d");
        let (port, certificate) = (&server.port, &server.certificate);
        let config = home.write(
            "config",
            format!(
                "set invisible\npoll localhost service {port} protocol {protocol} user alice password sesame {tls} \
                 sslcertck sslcertfile {certificate} no rewrite pass8bits keep fetchall limit {limit} mda '{store}'\n"
            ),
        );
        run(Command::new("chmod").args(["600", &config]), b"");
        let mut command = Command::new("fetchmail");
        command.env("FETCHMAILHOME", home.path()).args([
            "--fetchmailrc",
            &config,
            "--nosyslog",
            "--nodetach",
        ]);
        run(&mut command, b"");
        let mut got = home.wait_for("store.d/", count);
        let mut wanted: Vec<_> =
            messages[..count].iter().map(|message| with_line_feeds(&ended(message))).collect();
        got.sort();
        wanted.sort();
        for (got, wanted) in got.iter().zip(&wanted) {
            assert_same(got, wanted, name);
        }
    }
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-pop3 installs"]
fn python_poplib() {
    const SCRIPT: &str = r#"
import poplib, ssl, sys
port, certificate, folder, way = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
context = ssl.create_default_context(cafile=certificate)
if way == 'pop3s':
    server = poplib.POP3_SSL('localhost', port, context=context)
else:
    server = poplib.POP3('localhost', port)
    assert 'STLS' in server.capa() and 'USER' not in server.capa()
    server.stls(context=context)
assert 'STLS' not in server.capa() and 'SCRAM-SHA-256' in server.capa()['SASL']
if way == 'apop':
    server.apop('alice', 'sesame')
else:
    server.user('alice')
    server.pass_('sesame')
count, octets = server.stat()
sizes = [int(line.split()[1]) for line in server.list()[1]]
assert sum(sizes) == octets and len(server.uidl()[1]) == count
for number in range(1, count + 1):
    response, lines, _ = server.retr(number)
    message = b''.join(line + b'\r\n' for line in lines)
    assert len(message) == sizes[number - 1], (len(message), sizes)
    open('%s/%03d.eml' % (folder, number), 'wb').write(message)
assert server.top(1, 1)[1][-1] == b'.'
server.noop()
server.dele(1)
try:
    server.retr(1)
    sys.exit('a message that is marked can be had')
except poplib.error_proto as error:
    assert b'-ERR' in error.args[0]
if way == 'apop':
    server.close()  # without QUIT nothing is deleted
else:
    server.quit()
"#;
    let messages = messages_and_none();
    let few = &messages[..messages.len() - 1];
    for (profile, way, messages) in
        [("pop3", "apop", few), ("pop3", "stls", few), ("pop3s", "pop3s", &messages)]
    {
        let server = our_server(profile, &format!("poplib-{way}"), messages);
        let target = Folder::new(&format!("poplib-files-{way}"));
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-c", SCRIPT, &server.port, &server.certificate, target.path().to_str().unwrap(), way]);
        run(&mut command, b"");
        for (got, wanted) in target.wait_for(".eml", messages.len()).iter().zip(messages) {
            assert_same(got, &ended(wanted), way);
        }
        let left = if way == "apop" { messages.len() } else { messages.len() - 1 };
        assert_eq!(server.left(), left, "{way}");
    }
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-pop3 installs"]
fn node_pop3() {
    const SCRIPT: &str = r#"
const fs = require('fs');
const { pipeline } = require('stream/promises');
const Pop3Command = require('node-pop3').default || require('node-pop3');
const [port, folder, ca] = process.argv.slice(1);
(async () => {
    const tlsOptions = { ca: fs.readFileSync(ca), servername: 'localhost' };
    const pop3 = new Pop3Command({ host: 'localhost', port: Number(port), tls: true, tlsOptions,
        user: 'alice', password: 'sesame', timeout: 60000 });
    const ids = await pop3.UIDL();
    for (const [number] of ids) {
        const [, stream] = await pop3.command('RETR', number);
        await pipeline(stream, fs.createWriteStream(`${folder}/${number.padStart(3, '0')}.eml`));
    }
    await pop3.QUIT();
})().catch(error => { console.error(error); process.exit(1); });
"#;
    let modules = env::var("MAILPROTO_NODE_MODULES").expect("the folder that node-pop3 is in");
    let messages = messages_and_none();
    let server = our_server("pop3s", "node", &messages);
    let target = Folder::new("node-files");
    let mut command = Command::new("node");
    command.env("NODE_PATH", modules).args(["-e", SCRIPT, "--"]);
    run(command.args([&server.port, target.path().to_str().unwrap(), &server.certificate]), b"");
    for (got, message) in target.wait_for(".eml", messages.len()).iter().zip(&messages) {
        // its stream is what came over the wire, dots and all, with the last line end now and then
        assert_same(&ended(got), &dotted(&ended(message)), "node-pop3");
    }
}

/// The message with dots put on.
fn dotted(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() * 2);
    for line in message.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out
}

/// What our client has fetched, and which way it has logged in.
fn fetch(port: u16, more: &[&str], mode: &str, user: &str, count: usize) -> (Vec<Vec<u8>>, String) {
    let target = Folder::new(&format!("fetched-{port}-{mode}"));
    let mut command = Command::new(example("fetch"));
    command.args(more).args([mode, &format!("localhost:{port}"), user, target.path().to_str().unwrap()]);
    let output = String::from_utf8(run(&mut command, b"").stdout).unwrap();
    assert!(output.contains(&format!("{count} messages")), "{output}");
    let files = (1..=count).map(|number| fs::read(target.join(&format!("{number}.eml"))).unwrap()).collect();
    (files, output)
}

struct Dovecot {
    folder: Folder,
    certificate: String,
    port: u16,
    tls_port: u16,
    _running: Running,
}

fn dovecot(mechanisms: &str, name: &str, messages: &[Vec<u8>]) -> Dovecot {
    let folder = Folder::new(&format!("dovecot-{name}"));
    let (certificate, key) = certificate(&folder);
    let maildir = maildir(&folder, messages);
    let (port, tls_port) = (free_port(), free_port());
    let base = folder.path().display();
    let config = format!(
        "protocols = pop3\nbase_dir = {base}/run\nlog_path = {base}/log\n\
         ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\ndisable_plaintext_auth = yes\nauth_mechanisms = {mechanisms}\n\
         mail_location = maildir:{maildir}\ndefault_login_user = nobody\ndefault_internal_user = nobody\n\
         default_internal_group = nogroup\nfirst_valid_uid = 1\nmail_uid = nobody\nmail_gid = nogroup\n\
         passdb {{\n driver = static\n args = password={{PLAIN}}sesame\n}}\n\
         userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={base} allow_all_users=yes\n}}\n\
         service pop3-login {{\n inet_listener pop3 {{\n address = 127.0.0.1\n port = {port}\n }}\n \
         inet_listener pop3s {{\n address = 127.0.0.1\n port = {tls_port}\n }}\n}}\n"
    );
    let config = folder.write("dovecot.conf", config);
    run(Command::new("chmod").args(["-R", "777"]).arg(folder.path()), b"");
    let running = listening(Command::new("/usr/sbin/dovecot").args(["-F", "-c", &config]), port);
    Dovecot { folder, certificate, port, tls_port, _running: running }
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-pop3 installs"]
fn our_client_and_dovecot() {
    let messages = messages();
    let wanted: Vec<_> = messages.iter().map(|message| ended(message)).collect();
    let check = |(got, output): (Vec<Vec<u8>>, String), way: &str| {
        assert!(output.contains(way), "{output} instead of {way}");
        got.iter().zip(&wanted).for_each(|(got, wanted)| assert_same(got, wanted, way));
    };
    let server = dovecot("plain scram-sha-1 scram-sha-256 apop", "all", &messages);
    let trust = ["--trust", server.certificate.as_str()];
    check(fetch(server.port, &trust, "stls", USER, 4), "SCRAM-SHA-256");
    check(fetch(server.tls_port, &trust, "pop3s", USER, 4), "SCRAM-SHA-256");
    let deleting = [&trust[..], &["--delete"]].concat();
    check(fetch(server.port, &deleting, "stls", USER, 4), "SCRAM-SHA-256");
    assert_eq!(server.folder.wait_for(".host", 0).len(), 0, "all are deleted");

    let server = dovecot("plain apop", "apop", &messages[..3]);
    let trust = ["--trust", server.certificate.as_str()];
    check(fetch(server.port, &trust, "stls", USER, 3), "Apop");
    check(fetch(server.port, &[], "pop3", USER, 3), "Apop");

    let server = dovecot("plain", "plain", &messages[..3]);
    let trust = ["--trust", server.certificate.as_str()];
    check(fetch(server.port, &trust, "stls", USER, 3), "PLAIN");
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-pop3 installs"]
fn our_client_is_not_deceived() {
    let server = our_server("pop3", "deceived", &messages()[..1]);
    let other = Folder::new("other-certificate");
    let (other, _) = certificate(&other);
    let fails = |arguments: &[&str]| {
        let address = format!("localhost:{}", server.port);
        let folder = Folder::new("deceived-files");
        let mut command = Command::new(example("fetch"));
        let more = [&address, USER, folder.path().to_str().unwrap()];
        let output = run_anyhow(command.args(arguments).args(more), b"");
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(fails(&["--trust", &other, "stls"]).contains("certificate"));
    assert!(fails(&["stls"]).contains("--trust"));
    assert!(fails(&["pop4"]).contains("pop4 is no mode"));
}

#[test]
#[ignore = "needs the examples that .ci/peers-pop3 builds"]
fn the_examples_say_what_is_wrong() {
    let folder = Folder::new("wrong");
    let maildir = maildir(&folder, &[]);
    let says = |name: &str, arguments: &[&str], code: i32, wanted: &str| {
        let output = run_anyhow(Command::new(example(name)).args(arguments), b"");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(code) && said.contains(wanted), "{arguments:?}: {said}");
    };
    let address = "127.0.0.1:0";
    says("server", &["pop4", address, &maildir, USER], 2, "usage: server");
    says("server", &["pop3", address, "/nowhere", USER], 1, "/nowhere: not a Maildir");
    says("server", &["pop3", address, &maildir, "alice"], 1, "alice: not USER:PASSWORD");
    says("server", &["pop3", "nowhere", &maildir, USER], 1, "nowhere: ");
    says("server", &["pop3", address, &maildir, USER, "/no.pem", "/no.key"], 1, "/no.pem: ");
    says("fetch", &["pop3", address], 2, "four arguments are needed");
    says("fetch", &["--trust"], 2, "--trust needs a file");
    says("fetch", &["--no", "pop3"], 2, "--no is no option");
    says("fetch", &["pop3", address, USER, &folder.join("files")], 1, "127.0.0.1:0: ");
    says("pop_before_smtp", &[address], 2, "usage: pop_before_smtp");
    says("pop_before_smtp", &[address, address, "a..b", USER], 1, "a..b: ");
    says("pop_before_smtp", &[address, "nowhere", "example.com", USER], 1, "nowhere: ");
}

/// popa3d, which reads from its standard input, behind a port; its users, its PAM service and the mbox are made
/// here, and shown to it by nss_wrapper and pam_wrapper.
struct Popa3d {
    port: u16,
    mbox: String,
    _folder: Folder,
}

fn popa3d(user: &str, mbox: &[u8]) -> Popa3d {
    const MODULE: &str = "/usr/lib/x86_64-linux-gnu/pam_wrapper/pam_matrix.so";
    let program = env::var("MAILPROTO_POPA3D").expect("the path of popa3d");
    let folder = Folder::new("popa3d");
    let lines = format!(
        "root:x:0:0::/root:/bin/sh\npopa3d:x:65533:65533::/:/bin/sh\n{user}:x:65532:65532::/:/bin/sh\n"
    );
    let passwd = folder.write("passwd", lines);
    let group = folder.write("group", format!("root:x:0:\npopa3d:x:65533:\n{user}:x:65532:\n"));
    let passdb = folder.write("passdb", format!("{user}:sesame:popa3d\n"));
    folder.write(
        "pam/popa3d",
        format!("auth required {MODULE} passdb={passdb}\naccount required {MODULE} passdb={passdb}\n"),
    );
    let services = folder.join("pam");
    let path = format!("/var/mail/{user}");
    fs::write(&path, mbox).unwrap();
    run(Command::new("chown").args(["65532:65532", &path]), b"");
    run(Command::new("chmod").args(["600", &path]), b"");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let output: OwnedFd = stream.try_clone().map(TcpStream::into).unwrap();
            let mut command = Command::new(&program);
            command.env("LD_PRELOAD", "libnss_wrapper.so:libpam_wrapper.so").env("PAM_WRAPPER", "1");
            command.env("NSS_WRAPPER_PASSWD", &passwd).env("NSS_WRAPPER_GROUP", &group);
            command.env("PAM_WRAPPER_SERVICE_DIR", &services);
            let mut child = command.stdin(OwnedFd::from(stream)).stdout(output).spawn().unwrap();
            thread::spawn(move || child.wait());
        }
    });
    Popa3d { port, mbox: path, _folder: folder }
}

impl Drop for Popa3d {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.mbox);
    }
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-pop3 installs"]
fn our_client_and_popa3d() {
    // an mbox knows no empty message, and no message without a line end
    let messages: Vec<_> = messages().iter().map(|message| ended(message)).collect();
    let server = popa3d("mailproto-peer", &mbox(&messages));
    for more in [&[][..], &["--delete"]] {
        let (got, output) = fetch(server.port, more, "pop3", "mailproto-peer:sesame", messages.len());
        assert!(output.contains("UserPass"), "{output}");
        got.iter().zip(&messages).for_each(|(got, wanted)| assert_same(got, wanted, "popa3d"));
    }
    assert_eq!(fs::read(&server.mbox).unwrap(), b"", "all are deleted");
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-pop3 installs"]
fn pop_before_smtp() {
    let mut command = Command::new(example("pop_before_smtp"));
    let (_running, line) = announced(command.args(["127.0.0.1:0", "127.0.0.1:0", "example.com", USER]));
    let ports: Vec<_> =
        line.split(':').filter_map(|part| part.split(',').next()?.parse::<u16>().ok()).collect();
    let [pop3, smtp] = ports[..] else { panic!("{line}") };
    let folder = Folder::new("pop-before-smtp");
    let file = folder.write("message", &messages()[0]);
    let send = |recipient: &str| {
        let url = format!("smtp://127.0.0.1:{smtp}");
        let mut command = Command::new("curl");
        command.args(["-sS", "--mail-from", "a@client.example", "--mail-rcpt", recipient, "-T", &file, &url]);
        let output = run_anyhow(&mut command, b"");
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let read = |user: &str, path: &str| {
        run_anyhow(
            Command::new("curl").args(["-sS", "-u", user, &format!("pop3://127.0.0.1:{pop3}/{path}")]),
            b"",
        )
    };
    assert!(send("alice@example.com").0, "mail for the domain is taken from anybody");
    let (is_sent, said) = send("b@elsewhere.example");
    assert!(!is_sent && said.contains("550"), "{said}");
    assert!(!read("alice:wrong", "1").status.success());
    assert!(!send("b@elsewhere.example").0, "a login that fails is none");
    assert_same(&read(USER, "1").stdout, &messages()[0], "the message that came by SMTP");
    assert_eq!(send("b@elsewhere.example"), (true, String::new()));
}
