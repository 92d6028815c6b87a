//! The examples against each other, and with broken arguments.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod loopback;

use loopback::{OurServer, large_message, message, our_client, said, trace, without_trace};
use std::process::{Command, Output};
use testkit::programs::{Folder, Running, announced, example, run_anyhow};

const ENVELOPE: [&str; 2] = ["a@client.example", "b@example.com"];

fn expect_success(output: &Output) {
    assert!(output.status.success(), "{}", said(output));
}

fn expect_failure(output: &Output, text: &str) {
    assert!(!output.status.success() && said(output).contains(text), "{text:?} in {:?}", said(output));
}

#[test]
fn the_client_authenticates_under_tls() {
    let server = OurServer::new("submission", "examples-submission");
    let ca = server.certificate();
    let send = |options: &[&str], message: &[u8]| our_client(&server.port, options, ENVELOPE, message);
    let options = ["--starttls", "--ca", &ca, "--user", "alice:sesame"];
    expect_success(&send(&options, &message()));
    expect_success(&send(&[&options[..], &["--bdat"]].concat(), &large_message()));
    assert_eq!(server.messages(2), [message(), large_message()]);
    let trace = trace(&server.files(2)[0]);
    assert!(trace.contains("with ESMTPSA"), "{trace}");

    let wrong = ["--starttls", "--ca", &ca, "--user", "alice:wrong"];
    expect_failure(&send(&wrong, &message()), "authentication failed");
    expect_failure(&send(&["--starttls", "--ca", &ca], &message()), "530 5.7.0");
    expect_failure(&send(&["--user", "alice:sesame"], &message()), "no mechanism");
    expect_failure(&send(&["--starttls", "--ca", "/dev/null"], &message()), "certificate");
}

#[test]
fn the_client_goes_under_tls_at_once() {
    let server = OurServer::new("submissions", "examples-submissions");
    let ca = server.certificate();
    let wide = ["a@client.example", "grüße@example.com"];
    let options = ["--tls", "--ca", &ca, "--user", "alice:sesame"];
    expect_success(&our_client(&server.port, &options, wide, &message()));
    assert_eq!(server.messages(1), [message()]);
    let trace = trace(&server.files(1)[0]);
    assert!(trace.contains("with UTF8SMTPSA"), "{trace}");
}

#[test]
fn the_client_speaks_lmtp() {
    let server = OurServer::new("lmtp", "examples-lmtp");
    expect_success(&our_client(&server.port, &["--lmtp"], ENVELOPE, &message()));
    assert_eq!(server.messages(1), [message()]);
}

/// A server on threads, on a port of its own: what stands in its folder in the end, and what the port is.
fn server_on_threads(folder: &Folder, options: &[&str]) -> (Running, String) {
    let mut command = Command::new(example("server_std"));
    command.args(options).args(["127.0.0.1:0", "example.com"]).arg(folder.path());
    let (running, line) = announced(&mut command);
    (running, line.rsplit(':').next().unwrap().to_owned())
}

#[test]
fn the_server_on_threads_takes_messages() {
    let folder = Folder::new("examples-threads");
    let (_running, port) = server_on_threads(&folder, &[]);
    expect_success(&our_client(&port, &[], ENVELOPE, &message()));
    expect_success(&our_client(&port, &["--bdat"], ENVELOPE, &large_message()));
    let elsewhere = ["a@client.example", "b@elsewhere.example"];
    expect_failure(&our_client(&port, &[], elsewhere, &message()), "550 5.7.1");
    let files = folder.wait_for(".eml", 2);
    let received: Vec<_> = files.iter().map(|file| without_trace(file)).collect();
    assert!(received == [message(), large_message()]);
    let trace = trace(&files[0]);
    assert!(trace.contains("by example.com with ESMTP id 000000;"), "{trace}");
}

#[test]
fn the_server_on_threads_speaks_lmtp() {
    let folder = Folder::new("examples-threads-lmtp");
    let (_running, port) = server_on_threads(&folder, &["--lmtp"]);
    expect_success(&our_client(&port, &["--lmtp"], ENVELOPE, &message()));
    let files = folder.wait_for(".eml", 1);
    assert!(without_trace(&files[0]) == message());
    assert!(trace(&files[0]).contains("with LMTP"));
}

#[test]
fn mail_from_other_servers_is_authenticated_at_the_end_of_data() {
    let zone = "good.example. TXT \"v=spf1 ip4:127.0.0.1 -all\"\n_dmarc.good.example. TXT \"v=DMARC1; p=reject\"\n\
        bad.example. TXT \"v=spf1 -all\"\n_dmarc.bad.example. TXT \"v=DMARC1; p=reject\"\n";
    let server = OurServer::with_zone("relay", "examples-relay", zone);
    let forged = "Authentication-Results: example.com; dmarc=pass header.from=bank.example\r\n";
    let send = |sender: &str, author: &str| {
        let text = format!("{forged}From: <a@{author}>\r\nSubject: x\r\n\r\nHello\r\n");
        our_client(&server.port, &[], [sender, "b@example.com"], text.as_bytes())
    };
    expect_success(&send("a@good.example", "good.example"));
    expect_failure(&send("a@bad.example", "bad.example"), "550 5.7.1 DMARC fail");
    expect_failure(&send("a@good.example", "bad.example"), "550 5.7.1 DMARC fail");
    let files = server.files(1);
    assert_eq!(files.len(), 1, "what is refused is not kept");
    let text = String::from_utf8(files[0].clone()).unwrap();
    assert!(text.contains("\r\nAuthentication-Results: example.com;\r\n"), "{text}");
    assert!(text.contains("spf=pass") && text.contains("dmarc=pass"), "{text}");
    assert!(!text.contains("bank.example"), "what claims to be ours is taken out: {text}");
    assert_eq!(without_trace(&files[0]), b"From: <a@good.example>\r\nSubject: x\r\n\r\nHello\r\n");
}

#[test]
fn broken_arguments_are_refused() {
    let missing = "/nowhere/at/all";
    let folder = Folder::new("examples-arguments");
    let here = folder.path().to_str().unwrap();
    for (name, arguments, expected) in [
        ("client", &[][..], "no address"),
        ("client", &["localhost:1", "a@b"], "nobody to send to"),
        ("client", &["--fast", "localhost:1", "a@b", "c@d"], "--fast is no option"),
        ("client", &["localhost:1", "a@b", "c@d", "--ca"], "--ca wants a value"),
        ("client", &["localhost:1", "a", "c@d"], "a: a mailbox has no domain"),
        ("server_std", &[], "usage"),
        ("server_std", &["127.0.0.1:0", "example.com", missing], "no such folder"),
        ("server_std", &["127.0.0.1:0", "a..b", here], "a..b: "),
        ("server_tokio", &["relay"], "usage"),
        ("server_tokio", &["fast", "127.0.0.1:0", "example.com", here], "usage"),
        ("server_tokio", &["relay", "127.0.0.1:0", "example.com", missing], "no such folder"),
        ("server_tokio", &["relay", "127.0.0.1:0", "example.com", here, "alice"], "NAME:PASSWORD"),
        ("server_tokio", &["relay", "nowhere", "example.com", here], "nowhere: "),
        ("server_tokio", &["--zone", missing, "relay", "127.0.0.1:0", "example.com", here], missing),
    ] {
        expect_failure(&run_anyhow(Command::new(example(name)).args(arguments), b""), expected);
    }
}
