//! Real mail programs on loopback: against our server, and our client against theirs. Every message that arrives
//! is compared octet by octet with what was sent.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod loopback;

use loopback::{
    OurServer, USER, large_message, message, our_client, said, trace, with_line_feeds, without_trace,
};
use std::{
    fs,
    process::{Command, Output},
};
use testkit::programs::{self, Folder, Running, free_port, listening, run_anyhow};

/// Runs a program that must succeed.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> Output {
    programs::run(Command::new(program).args(arguments), input)
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn curl() {
    let relay = OurServer::new("relay", "curl-relay");
    let files = Folder::new("curl-files");
    let small = files.write("small", message());
    let large = files.write("large", large_message());
    let send = |url: &str, file: &str, more: &[&str]| {
        let envelope = ["-sS", "--mail-from", "a@client.example", "--mail-rcpt", "b@example.com", "-T"];
        run("curl", &[&envelope[..], &[file, url], more].concat(), b"")
    };
    send(&relay.address("smtp"), &small, &[]);
    send(&relay.address("smtp"), &large, &[]);
    send(&relay.address("smtp"), &small, &["--ssl-reqd", "-k"]);
    send(&relay.address("smtp"), &small, &["--mail-rcpt", "grüße@example.com"]);
    assert_eq!(relay.messages(4), [message(), large_message(), message(), message()]);
    assert!(trace(&relay.files(4)[3]).contains("with UTF8SMTP "));

    let submission = OurServer::new("submission", "curl-submission");
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"] {
        let login = format!("AUTH={mechanism}");
        let more = ["--ssl-reqd", "-k", "-u", USER, "--login-options", &login];
        send(&submission.address("smtp"), &small, &more);
    }
    assert_eq!(submission.messages(3), [message(), message(), message()]);

    let submissions = OurServer::new("submissions", "curl-submissions");
    send(&submissions.address("smtps"), &small, &["-k", "-u", USER]);
    assert_eq!(submissions.messages(1), [message()]);
    let trace = trace(&submissions.files(1)[0]);
    assert!(trace.contains("with ESMTPSA"), "{trace}");
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn curl_is_refused_without_authentication_or_for_elsewhere() {
    let submission = OurServer::new("submission", "curl-refused");
    let refused = |server: &OurServer, rcpt: &str, more: &[&str]| {
        let url = server.address("smtp");
        let arguments = ["-sS", "--mail-from", "a@client.example", "--mail-rcpt", rcpt, "-T", "-", &url];
        let output = run_anyhow(Command::new("curl").args(arguments).args(more), b"");
        assert!(!output.status.success());
        said(&output)
    };
    assert!(refused(&submission, "b@example.com", &[]).contains("530"));
    assert!(refused(&submission, "b@example.com", &["--ssl-reqd", "-k"]).contains("530"));
    let wrong = ["--ssl-reqd", "-k", "-u", "alice:wrong"];
    assert!(refused(&submission, "b@example.com", &wrong).contains("Login denied"));
    let relay = OurServer::new("relay", "curl-open-relay");
    assert!(refused(&relay, "b@elsewhere.example", &[]).contains("550"));
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn swaks() {
    let files = Folder::new("swaks-files");
    let file = format!("@{}", files.write("message", message()));
    let common =
        ["--from", "a@client.example", "--to", "b@example.com", "--data", &file, "--server", "127.0.0.1"];
    let send = |server: &OurServer, more: &[&str]| {
        run("swaks", &[&common[..], &["--port", &server.port], more].concat(), b"");
    };
    let relay = OurServer::new("relay", "swaks-relay");
    send(&relay, &[]);
    send(&relay, &["--pipeline"]);
    send(&relay, &["--tls"]);
    let large = format!("@{}", files.write("large", large_message()));
    send(&relay, &["--data", &large]);
    let submission = OurServer::new("submission", "swaks-submission");
    let user = ["--auth-user", "alice", "--auth-password", "sesame"];
    for mechanism in ["PLAIN", "LOGIN", "CRAM-MD5"] {
        send(&submission, &[&["--tls", "--auth", mechanism], &user[..]].concat());
    }
    let submissions = OurServer::new("submissions", "swaks-submissions");
    send(&submissions, &[&["--tls-on-connect", "--auth", "PLAIN"], &user[..]].concat());
    let lmtp = OurServer::new("lmtp", "swaks-lmtp");
    send(&lmtp, &["--protocol", "LMTP"]);
    let received = [relay.messages(4), submission.messages(3), submissions.messages(1), lmtp.messages(1)];
    for received in received.concat() {
        // swaks adds an empty line
        let body = received.strip_suffix(b"\r\n").unwrap_or(&received);
        let sent = if received.len() > 10 << 20 { large_message() } else { message() };
        assert!(received == sent || body == sent, "{} octets", received.len());
    }
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn msmtp() {
    let send = |server: &OurServer, more: &[&str]| {
        let port = format!("--port={}", server.port);
        let common = ["--host=127.0.0.1", &port, "--from=a@client.example", "b@example.com"];
        run("msmtp", &[more, &common].concat(), &with_line_feeds(&message()));
    };
    let user = ["--user=alice", "--passwordeval=echo sesame", "--tls=on", "--tls-certcheck=off"];
    let submission = OurServer::new("submission", "msmtp-submission");
    for mechanism in ["plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"] {
        let auth = format!("--auth={mechanism}");
        send(&submission, &[&user[..], &[&auth]].concat());
    }
    assert_eq!(submission.messages(5), vec![message(); 5]);
    let submissions = OurServer::new("submissions", "msmtp-submissions");
    send(&submissions, &[&user[..], &["--tls-starttls=off", "--auth=scram-sha-256"]].concat());
    assert_eq!(submissions.messages(1), [message()]);
    let relay = OurServer::new("relay", "msmtp-relay");
    send(&relay, &[]);
    let port = format!("--port={}", relay.port);
    let arguments = ["--host=127.0.0.1", &port, "--from=a@client.example"];
    run("msmtp", &[&arguments[..], &["b@example.com"]].concat(), &with_line_feeds(&large_message()));
    assert_eq!(relay.messages(2), [message(), large_message()]);
    let lmtp = OurServer::new("lmtp", "msmtp-lmtp");
    send(&lmtp, &["--protocol=lmtp"]);
    assert_eq!(lmtp.messages(1), [message()]);
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn python_smtplib() {
    const SCRIPT: &str = r#"
import smtplib, ssl, sys
relay, submission, submissions, lmtp = map(int, sys.argv[1:5])
message = open(sys.argv[5], 'rb').read()
large = open(sys.argv[6], 'rb').read()
context = ssl._create_unverified_context()
def send(server, message, to=['b@example.com'], options=[]):
    assert server.sendmail('a@client.example', to, message, options) == {}
with smtplib.SMTP('127.0.0.1', relay, local_hostname='client.example') as server:
    send(server, message, ['b@example.com', 'c@example.com'])
    send(server, large)
for mechanism in ['plain', 'login', 'cram_md5']:
    with smtplib.SMTP('127.0.0.1', submission) as server:
        server.starttls(context=context)
        server.ehlo()
        server.user, server.password = 'alice', 'sesame'
        server.auth(mechanism.upper().replace('_', '-'), getattr(server, 'auth_' + mechanism))
        send(server, message)
with smtplib.SMTP_SSL('127.0.0.1', submissions, context=context) as server:
    server.login('alice', 'sesame')
    send(server, message, ['gr\u00fc\u00dfe@example.com'], ['SMTPUTF8', 'BODY=8BITMIME'])
# it reads one reply to the end of a message, however many recipients there are
with smtplib.LMTP('127.0.0.1', lmtp) as server:
    send(server, message)
"#;
    let files = Folder::new("smtplib-files");
    let (small, large) = (files.write("small", message()), files.write("large", large_message()));
    let profiles = ["relay", "submission", "submissions", "lmtp"];
    let [relay, submission, submissions, lmtp] =
        profiles.map(|profile| OurServer::new(profile, &format!("smtplib-{profile}")));
    let ports = [&*relay.port, &submission.port, &submissions.port, &lmtp.port];
    run("/usr/bin/python3", &[&["-c", SCRIPT], &ports[..], &[&small, &large]].concat(), b"");
    assert_eq!(relay.messages(2), [message(), large_message()]);
    assert_eq!(submission.messages(3), [message(), message(), message()]);
    assert_eq!(submissions.messages(1), [message()]);
    assert_eq!(lmtp.messages(1), [message()]);
    let trace = trace(&submissions.files(1)[0]);
    assert!(trace.contains("with UTF8SMTPSA"), "{trace}");
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn nodemailer() {
    const SCRIPT: &str = r#"
const nodemailer = require('nodemailer');
const [relay, submission, submissions, lmtp] = process.argv.slice(1, 5).map(Number);
const message = require('fs').readFileSync(process.argv[5]);
const large = require('fs').readFileSync(process.argv[6]);
async function send(port, options, raw, to = 'b@example.com') {
    const tls = { rejectUnauthorized: false };
    const transport = nodemailer.createTransport({ host: '127.0.0.1', port, name: 'client.example', tls, ...options });
    const info = await transport.sendMail({ envelope: { from: 'a@client.example', to: [to] }, raw });
    if (info.rejected.length > 0) throw new Error(info.response);
    transport.close();
}
(async () => {
    const auth = { user: 'alice', pass: 'sesame' };
    await send(relay, { ignoreTLS: true }, message);
    await send(relay, { ignoreTLS: true }, large);
    await send(relay, { ignoreTLS: true }, message, 'gr\u00fc\u00dfe@example.com');
    for (const authMethod of ['PLAIN', 'LOGIN', 'CRAM-MD5'])
        await send(submission, { requireTLS: true, auth, authMethod }, message);
    await send(submissions, { secure: true, auth }, message);
    await send(lmtp, { lmtp: true, ignoreTLS: true }, message);
})().catch((error) => { console.error(error); process.exit(1); });
"#;
    let modules = std::env::var("MAILPROTO_NODE_MODULES").expect("MAILPROTO_NODE_MODULES holds nodemailer");
    let files = Folder::new("nodemailer-files");
    let (small, large) = (files.write("small", message()), files.write("large", large_message()));
    let profiles = ["relay", "submission", "submissions", "lmtp"];
    let [relay, submission, submissions, lmtp] =
        profiles.map(|profile| OurServer::new(profile, &format!("nodemailer-{profile}")));
    let ports = [&*relay.port, &submission.port, &submissions.port, &lmtp.port];
    let mut command = Command::new("node");
    command.env("NODE_PATH", modules).args(["-e", SCRIPT]).args(ports).args([small, large]);
    programs::run(&mut command, b"");
    assert_eq!(relay.messages(3), [message(), large_message(), message()]);
    assert!(trace(&relay.files(3)[2]).contains("with UTF8SMTP "));
    assert_eq!(submission.messages(3), [message(), message(), message()]);
    assert_eq!(submissions.messages(1), [message()]);
    assert_eq!(lmtp.messages(1), [message()]);
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn a_hundred_sessions_of_smtp_source_at_once() {
    let files = Folder::new("smtp-source-files");
    let file = files.write("message", with_line_feeds(&message()));
    // it adds an empty line
    let expected = [message(), b"\r\n".to_vec()].concat();
    let send = |server: &OurServer, sizes: &[&str]| {
        let envelope = ["-F", &file, "-f", "a@client.example", "-t", "b@example.com"];
        let address = format!("inet:127.0.0.1:{}", server.port);
        run("/usr/sbin/smtp-source", &[sizes, &envelope, &[&address]].concat(), b"");
    };
    let relay = OurServer::new("relay", "smtp-source");
    send(&relay, &["-s", "100", "-m", "400"]);
    assert!(relay.messages(400).iter().all(|received| *received == expected));
    let lmtp = OurServer::new("lmtp", "smtp-source-lmtp");
    send(&lmtp, &["-L", "-s", "20", "-m", "40", "-r", "3"]);
    assert!(lmtp.messages(40).iter().all(|received| *received == expected));
}

/// Exim, which was not installed but unpacked.
struct Exim {
    program: String,
    folder: Folder,
}

impl Exim {
    /// With this configuration below what every one needs.
    fn new(name: &str, config: &str) -> Self {
        let program = std::env::var("MAILPROTO_EXIM").expect("MAILPROTO_EXIM is the path of Exim");
        let folder = Folder::new(name);
        let base = folder.path().display();
        let config = format!(
            "exim_path = {program}\nprimary_hostname = client.example\nspool_directory = {base}/spool\n\
             log_file_path = {base}/%s.log\nkeep_environment =\nnever_users =\n{config}"
        );
        folder.write("exim.conf", config);
        // it gives up its rights
        for name in [folder.folder("spool"), folder.folder("mail"), folder.path().display().to_string()] {
            run("chown", &["Debian-exim", &name], b"");
        }
        Self { program, folder }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("-C").arg(self.folder.join("exim.conf"));
        command
    }

    /// Sends a message, and waits until it is delivered.
    fn send(&self, to: &str, message: &[u8]) {
        let mut command = self.command();
        command.args(["-odf", "-oi", "-f", "a@client.example", to]);
        programs::run(&mut command, &with_line_feeds(message));
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("main.log")).unwrap()
    }
}

fn exim_to(server: &OurServer, name: &str, transport: &str, authenticators: &str) -> Exim {
    let config = format!(
        "begin routers\nall:\n driver = manualroute\n route_list = * 127.0.0.1\n self = send\n transport = out\n\
         begin transports\nout:\n driver = smtp\n port = {}\n allow_localhost\n{transport}\n\
         begin authenticators\n{authenticators}\n",
        server.port
    );
    Exim::new(name, &config)
}

/// Exim sends with BDAT, which it notes as `K`, and pipelines.
#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn exim() {
    let relay = OurServer::new("relay", "exim-relay");
    let exim = exim_to(&relay, "exim-plain", " hosts_try_chunking = *\n hosts_avoid_tls = *", "");
    exim.send("b@example.com", &message());
    exim.send("b@example.com", &large_message());
    exim.send("grüße@example.com", &message());
    assert_eq!(relay.messages(3), [message(), large_message(), message()]);
    assert_eq!(exim.log().matches(" K C=\"250 2.6.0 Message accepted\"").count(), 3, "{}", exim.log());
    let with_dots = exim_to(&relay, "exim-data", " hosts_try_chunking =\n hosts_require_tls = *", "");
    with_dots.send("b@example.com", &message());
    assert_eq!(relay.messages(4)[3], message());
    assert!(with_dots.log().contains("X=TLS1.3") && !with_dots.log().contains(" K "), "{}", with_dots.log());

    let submission = OurServer::new("submission", "exim-submission");
    let required = " hosts_try_chunking = *\n hosts_require_tls = *\n hosts_require_auth = *";
    for (mechanism, driver) in [
        ("PLAIN", "plaintext\n client_send = ^alice^sesame"),
        ("LOGIN", "plaintext\n client_send = : alice : sesame"),
        ("CRAM-MD5", "cram_md5\n client_name = alice\n client_secret = sesame"),
    ] {
        let driver = format!("it:\n public_name = {mechanism}\n driver = {driver}");
        let exim = exim_to(&submission, "exim-auth", required, &driver);
        exim.send("b@example.com", &message());
        assert!(exim.log().contains("A=it"), "{}", exim.log());
    }
    assert_eq!(submission.messages(3), [message(), message(), message()]);

    let lmtp = OurServer::new("lmtp", "exim-lmtp");
    let exim = exim_to(&lmtp, "exim-lmtp-client", " protocol = lmtp\n hosts_avoid_tls = *", "");
    exim.send("b@example.com", &message());
    assert_eq!(lmtp.messages(1), [message()]);
}

/// Our client sends a message that must be taken.
fn send(port: u16, options: &[&str], to: &str, message: &[u8]) {
    let output = our_client(&port.to_string(), options, ["a@client.example", to], message);
    assert!(output.status.success(), "{options:?}: {}", said(&output));
}

/// A certificate for `localhost`, and its key.
fn certificate(folder: &Folder) -> (String, String) {
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    let kind =
        ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-addext", "basicConstraints=CA:FALSE"];
    let files = ["-x509", "-nodes", "-days", "2", "-keyout", &key, "-out", &certificate];
    run("openssl", &[&["req"], &files[..], &kind, &names].concat(), b"");
    run("chmod", &["a+r", &key], b"");
    (certificate, key)
}

/// The messages that were kept with line feeds, as they were sent.
fn assert_kept(files: &[Vec<u8>], sent: &[Vec<u8>]) {
    let mut kept: Vec<_> = files.iter().map(|file| with_line_feeds(&without_trace(file))).collect();
    let mut sent: Vec<_> = sent.iter().map(|message| with_line_feeds(message)).collect();
    // servers name files as they like
    kept.sort();
    sent.sort();
    assert!(kept == sent, "{}", kept.first().unwrap_or(&vec![]).escape_ascii());
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn our_client_and_exim() {
    let folder = Folder::new("exim-certificate");
    let (certificate, key) = certificate(&folder);
    let (port, implicit) = (free_port(), free_port());
    let exim = Exim::new("exim-server", "");
    let base = exim.folder.path().display();
    let config = format!(
        "local_interfaces = 127.0.0.1\ndaemon_smtp_ports = {port} : {implicit}\nchunking_advertise_hosts = *\n\
         pipelining_advertise_hosts = *\nsmtputf8_advertise_hosts = *\ntls_advertise_hosts = *\n\
         tls_certificate = {certificate}\ntls_privatekey = {key}\nacl_smtp_rcpt = accept\n\
         tls_on_connect_ports = {implicit}\n\
         begin routers\nall:\n driver = accept\n transport = in\n\
         begin transports\nin:\n driver = appendfile\n directory = {base}/mail\n directory_file = $message_id.eml\n \
         use_crlf\n message_prefix =\n message_suffix =\n user = Debian-exim\n\
         begin authenticators\n\
         plain:\n driver = plaintext\n public_name = PLAIN\n \
         server_condition = ${{if and{{{{eq{{$auth2}}{{alice}}}}{{eq{{$auth3}}{{sesame}}}}}}}}\n\
         cram:\n driver = cram_md5\n public_name = CRAM-MD5\n \
         server_secret = ${{if eq{{$auth1}}{{alice}}{{sesame}}fail}}\n"
    );
    let head = fs::read_to_string(exim.folder.join("exim.conf")).unwrap();
    exim.folder.write("exim.conf", head + &config);
    let _server = listening(exim.command().arg("-bdf"), port);
    let tls = ["--starttls", "--ca", &certificate, "--user", USER];
    send(port, &[], "b@example.com", &message());
    send(port, &["--bdat"], "b@example.com", &large_message());
    send(port, &tls, "b@example.com", &message());
    send(port, &[], "grüße@example.com", &message());
    send(implicit, &["--tls", "--ca", &certificate, "--user", USER], "b@example.com", &message());
    let files = exim.folder.wait_for(".eml", 5);
    let sent = [message(), large_message(), message(), message(), message()];
    assert_eq!(files.len(), sent.len());
    let mut received: Vec<_> = files.iter().map(|file| without_trace(file)).collect();
    received.sort();
    let mut sent = sent;
    sent.sort();
    assert!(received == sent);
    assert!(exim.log().contains("P=esmtpsa") && exim.log().contains(" K S="), "{}", exim.log());
}

/// Postfix, with all that it needs in a folder.
struct Postfix {
    folder: Folder,
    port: u16,
    certificate: String,
    _master: Running,
}

impl Postfix {
    fn new() -> Self {
        let folder = Folder::new("postfix");
        let (certificate, key) = certificate(&folder);
        let base = folder.path().display();
        let port = free_port();
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {base}/queue\ndata_directory = {base}/data\n\
             maillog_file = {base}/log\nmaillog_file_prefixes = {base}\ninet_interfaces = 127.0.0.1\n\
             inet_protocols = ipv4\nmyhostname = mx.example\nmydestination =\nalias_maps =\nalias_database =\n\
             local_recipient_maps =\nvirtual_mailbox_domains = example.com\nvirtual_mailbox_base = {base}/mail\n\
             virtual_mailbox_maps = static:box/\nvirtual_uid_maps = static:65534\n\
             virtual_gid_maps = static:65534\nvirtual_minimum_uid = 1\nvirtual_mailbox_limit = 0\n\
             message_size_limit = 50000000\nsmtputf8_enable = yes\nsmtpd_tls_security_level = may\n\
             smtpd_tls_cert_file = {certificate}\nsmtpd_tls_key_file = {key}\n"
        );
        let master = format!(
            "127.0.0.1:{port} inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n\
             tlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\n\
             defer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nerror unix - - n - - error\n\
             proxymap unix - - n - - proxymap\nvirtual unix - n n - - virtual\nanvil unix - - n - 1 anvil\n\
             postlog unix-dgram n - n - 1 postlogd\n"
        );
        folder.write("etc/main.cf", main);
        folder.write("etc/master.cf", master);
        folder.folder("queue");
        run("chown", &["postfix", &folder.folder("data")], b"");
        run("chmod", &["777", &folder.folder("mail")], b"");
        let etc = folder.join("etc");
        run("/usr/sbin/postfix", &["-c", &etc, "check"], b"");
        let server = listening(Command::new("/usr/lib/postfix/sbin/master").args(["-d", "-c", &etc]), port);
        Self { folder, port, certificate, _master: server }
    }
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn our_client_and_postfix() {
    let postfix = Postfix::new();
    let port = postfix.port;
    let tls = ["--starttls", "--ca", &postfix.certificate];
    send(port, &[], "b@example.com", &message());
    send(port, &[], "b@example.com", &large_message());
    send(port, &["--bdat"], "b@example.com", &large_message());
    send(port, &tls, "b@example.com", &message());
    send(port, &[], "grüße@example.com", &message());
    let files = postfix.folder.wait_for("/new/", 5);
    assert_kept(&files, &[message(), large_message(), large_message(), message(), message()]);
    assert!(files.iter().any(|file| trace(file).contains("with UTF8SMTP")));
    assert!(files.iter().any(|file| trace(file).contains("with ESMTPS")));
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn our_client_and_aiosmtpd() {
    const SCRIPT: &str = r#"
import os, ssl, sys, time
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
port, folder, certificate, key, needs_login = sys.argv[1:6]
class Store:
    count = 0
    async def handle_DATA(self, server, session, envelope):
        name = '%s/%06d' % (folder, self.count)
        self.count += 1
        with open(name + '.part', 'wb') as file:
            file.write(envelope.original_content)
        os.rename(name + '.part', name + '.eml')
        return '250 ok'
def authenticate(server, session, envelope, mechanism, login):
    return AuthResult(success=(login.login == b'alice' and login.password == b'sesame'))
options = {}
if needs_login == 'yes':
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    options = dict(tls_context=context, require_starttls=True, auth_required=True, authenticator=authenticate)
Controller(Store(), hostname='127.0.0.1', port=int(port), enable_SMTPUTF8=True, **options).start()
time.sleep(600)
"#;
    let folder = Folder::new("aiosmtpd");
    let (certificate, key) = certificate(&folder);
    let start = |name: &str, needs_login: &str| {
        let port = free_port();
        let mut command = Command::new("/usr/bin/python3");
        command.args([
            "-c",
            SCRIPT,
            &port.to_string(),
            &folder.folder(name),
            &certificate,
            &key,
            needs_login,
        ]);
        (listening(&mut command, port), port)
    };
    let (_open, port) = start("open", "no");
    send(port, &[], "b@example.com", &message());
    send(port, &[], "b@example.com", &large_message());
    send(port, &[], "grüße@example.com", &message());
    assert_eq!(folder.wait_for("open/", 3), [message(), large_message(), message()]);
    let (_closed, port) = start("closed", "yes");
    send(port, &["--starttls", "--ca", &certificate, "--user", USER], "b@example.com", &message());
    assert_eq!(folder.wait_for("closed/", 1), [message()]);
}

#[test]
#[ignore = "needs the mail programs that .ci/peers-smtp installs"]
fn our_client_and_dovecot_lmtp() {
    let folder = Folder::new("dovecot");
    let base = folder.path().display();
    let port = free_port();
    let config = format!(
        "protocols = lmtp\nbase_dir = {base}/run\nlog_path = {base}/log\nssl = no\nmail_location = maildir:{base}/mail/%u\n\
         default_login_user = nobody\ndefault_internal_user = nobody\ndefault_internal_group = nogroup\n\
         first_valid_uid = 1\nmail_uid = nobody\nmail_gid = nogroup\n\
         passdb {{\n driver = static\n args = nopassword=y\n}}\n\
         userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={base}/mail/%u allow_all_users=yes\n}}\n\
         service lmtp {{\n inet_listener lmtp {{\n address = 127.0.0.1\n port = {port}\n }}\n}}\n"
    );
    let config = folder.write("dovecot.conf", config);
    folder.folder("mail");
    run("chmod", &["-R", "777", folder.path().to_str().unwrap()], b"");
    let _server = listening(Command::new("/usr/sbin/dovecot").args(["-F", "-c", &config]), port);
    send(port, &["--lmtp"], "b@example.com", &message());
    send(port, &["--lmtp"], "b@example.com", &large_message());
    send(port, &["--lmtp", "--bdat"], "b@example.com", &message());
    let envelope = ["a@client.example", "b@example.com", "c@example.com"];
    let output = our_client(&port.to_string(), &["--lmtp"], envelope, &message());
    assert!(output.status.success(), "{}", said(&output));
    // the folders of the mailboxes that hold what is new
    let kept = folder.wait_for("/new/", 5);
    assert_kept(&kept, &[message(), large_message(), message(), message(), message()]);
}
