//! SCRAM against scramp, a Python package: our client against its server, its client against our server.

#![allow(clippy::expect_used, clippy::panic)]
mod common;

use common::{choose, ready, server};
use sasl::{
    Attempt, Channel, ChannelBinding, ClientError, Credentials, Identity, Limits, Mechanism, Nonce, Step,
    StoredKeys,
};
use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

const USER: &str = "tim, the = enchanter";
const PASSWORD: &str = "tanstaaf";
const MECHANISMS: [Mechanism; 4] =
    [Mechanism::ScramSha1, Mechanism::ScramSha256, Mechanism::ScramSha1Plus, Mechanism::ScramSha256Plus];

struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn start(role: &str, mechanism: Mechanism) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scramp_peer.py");
        let binding = if mechanism.is_bound() { "07".repeat(32) } else { String::new() };
        let mut child = Command::new("python3")
            .args([script, role, mechanism.name(), &binding])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, input, output }
    }

    fn send(&mut self, message: &[u8]) {
        self.input.write_all(&[message, b"\n"].concat()).expect("a reader");
    }

    fn receive(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.wait();
    }
}

fn channel(mechanism: Mechanism) -> Channel {
    let binding = ChannelBinding::tls_server_end_point(&[7; 32]);
    Channel::Tls(if mechanism.is_bound() { vec![binding] } else { vec![] })
}

#[test]
#[ignore = "needs python3 with scramp"]
fn our_client_against_scramp() {
    for mechanism in MECHANISMS {
        for (password, is_right) in [(PASSWORD, true), ("x", false)] {
            let credentials = Credentials::password(ready(USER), ready(password));
            let choice = choose(mechanism, &credentials, &channel(mechanism));
            let (first, client) = choice.client(Nonce::from_entropy([3; 18]), &Limits::default()).start(1000);
            let mut peer = Peer::start("server", mechanism);
            peer.send(first.expect("a first message").as_bytes());
            let (last, client) = client.respond(peer.receive().as_bytes()).expect("a response");
            peer.send(last.as_bytes());
            let outcome = client.finish(Some(peer.receive().as_bytes()));
            let good = outcome == Ok(()) && peer.receive() == "content";
            assert_eq!(good, is_right, "{mechanism} {password}: {outcome:?}");
            assert!(is_right || !matches!(outcome, Err(ClientError::ServerSignature)), "{mechanism}");
        }
    }
}

#[test]
#[ignore = "needs python3 with scramp"]
fn scramp_against_our_server() {
    for mechanism in MECHANISMS {
        let mut peer = Peer::start("client", mechanism);
        let first = peer.receive();
        let step = server(&[mechanism]).start(Attempt {
            mechanism,
            initial: Some(first.as_bytes()),
            channel: &channel(mechanism),
            nonce: Nonce::from_entropy([9; 18]),
            now: 0,
        });
        let Step::Keys(question) = step else { panic!("{mechanism}: {step:?}") };
        assert_eq!(question.user(), USER);
        let keys =
            StoredKeys::derive(question.hash(), &ready(PASSWORD), b"0123456789abcdef", 4096).expect("keys");
        let Step::Challenge(challenge) = question.answer(Some(keys)) else { panic!("{mechanism}") };
        peer.send(challenge.as_bytes());
        let Step::Challenge(challenge) = challenge.respond(peer.receive().as_bytes()) else {
            panic!("{mechanism}")
        };
        peer.send(challenge.as_bytes());
        assert_eq!(peer.receive(), "content", "{mechanism}");
        let Step::Done(identity) = challenge.respond(b"") else { panic!("{mechanism}") };
        assert_eq!(identity, Identity::User { name: USER.into(), acting_as: None });
    }
}
