//! The examples against each other: `server_tokio` and `client`, which `cargo test` builds beside the tests.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod programs;

use programs::{Folder, OurServer, Said, example, large_message, message, our_server, trace, without_trace};
/// Our client sends a message; gives what it said, and whether it succeeded.
fn send(server: &OurServer, options: &[&str], envelope: [&str; 2], message: &[u8]) -> Said {
    let address = format!("localhost:{}", server.port);
    let [from, to] = envelope;
    let arguments = [options, &[&address, from, to]].concat();
    Said::run(&example("client"), &arguments, message)
}

const ENVELOPE: [&str; 2] = ["a@client.example", "b@example.com"];

#[test]
fn the_client_authenticates_under_tls() {
    let server = our_server("submission", &[]);
    let ca = server.certificate();
    let options = ["--starttls", "--ca", &ca, "--user", "alice:sesame"];
    send(&server, &options, ENVELOPE, &message()).expect_success();
    send(&server, &[&options[..], &["--bdat"]].concat(), ENVELOPE, &large_message()).expect_success();
    assert_eq!(server.messages(2), [message(), large_message()]);
    let trace = trace(&server.files(2)[0]);
    assert!(trace.contains("with ESMTPSA"), "{trace}");

    let wrong = ["--starttls", "--ca", &ca, "--user", "alice:wrong"];
    send(&server, &wrong, ENVELOPE, &message()).expect_failure("authentication failed");
    let nobody = ["--starttls", "--ca", &ca];
    send(&server, &nobody, ENVELOPE, &message()).expect_failure("530 5.7.0");
    send(&server, &["--user", "alice:sesame"], ENVELOPE, &message()).expect_failure("no mechanism");
    send(&server, &["--starttls", "--ca", "/dev/null"], ENVELOPE, &message()).expect_failure("certificate");
}

#[test]
fn the_client_goes_under_tls_at_once() {
    let server = our_server("submissions", &[]);
    let ca = server.certificate();
    let wide = ["a@client.example", "grüße@example.com"];
    send(&server, &["--tls", "--ca", &ca, "--user", "alice:sesame"], wide, &message()).expect_success();
    assert_eq!(server.messages(1), [message()]);
    let trace = trace(&server.files(1)[0]);
    assert!(trace.contains("with UTF8SMTPSA"), "{trace}");
}

#[test]
fn the_client_speaks_lmtp() {
    let server = our_server("lmtp", &[]);
    send(&server, &["--lmtp"], ENVELOPE, &message()).expect_success();
    assert_eq!(server.messages(1), [message()]);
}

#[test]
fn mail_from_other_servers_is_authenticated_at_the_end_of_data() {
    let folder = Folder::new("zone");
    let zone = folder.write(
        "zone",
        b"good.example. TXT \"v=spf1 ip4:127.0.0.1 ip6:::1 -all\"\n_dmarc.good.example. TXT \"v=DMARC1; p=reject\"\n\
          bad.example. TXT \"v=spf1 -all\"\n_dmarc.bad.example. TXT \"v=DMARC1; p=reject\"\n",
    );
    let server = our_server("relay", &["--zone", &zone]);
    let from = |author: &str| {
        let header = format!(
            "Authentication-Results: example.com; dmarc=pass header.from=bank.example\r\nFrom: <a@{author}>\r\n"
        );
        [header.as_bytes(), b"Subject: x\r\n\r\nHello\r\n"].concat()
    };
    let to = "b@example.com";
    send(&server, &[], ["a@good.example", to], &from("good.example")).expect_success();
    send(&server, &[], ["a@bad.example", to], &from("bad.example")).expect_failure("550 5.7.1 DMARC fail");
    send(&server, &[], ["a@good.example", to], &from("bad.example")).expect_failure("550 5.7.1 DMARC fail");
    let files = server.files(1);
    let text = String::from_utf8(files[0].clone()).unwrap();
    assert!(text.contains("\r\nAuthentication-Results: example.com;\r\n"), "{text}");
    assert!(text.contains("spf=pass") && text.contains("dmarc=pass"), "{text}");
    assert!(!text.contains("bank.example"), "what claims to be ours is taken out: {text}");
    assert_eq!(without_trace(&files[0]), b"From: <a@good.example>\r\nSubject: x\r\n\r\nHello\r\n");
}

#[test]
fn broken_arguments_are_refused() {
    let missing = "/nowhere/at/all";
    let folder = Folder::new("arguments");
    let here = folder.path();
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
        Said::run(&example(name), arguments, b"").expect_failure(expected);
    }
}
