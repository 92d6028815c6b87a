//! SRS beside postsrsd, which many Postfix servers run: what it writes we read, what we write it reads, and both
//! write the same. `.ci/peers-srs` brings postsrsd and runs this.
#![cfg(feature = "srs")]
#![allow(clippy::arithmetic_side_effects, clippy::expect_used, clippy::unwrap_used)]

use spf::{
    Name,
    srs::{Alphabet, Separator, Srs},
};
use std::{
    env,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};
use testkit::programs::{Folder, Running, free_port, listening};

/// postsrsd, and the ports of its two tables.
struct Peer {
    forward: u16,
    reverse: u16,
    _running: Running,
    _folder: Folder,
}

impl Peer {
    fn new(name: &str, domain: &str, separator: &str) -> Self {
        let folder = Folder::new(name);
        let secrets = folder.write("secrets", secret(domain) + "\n");
        let (forward, reverse) = (free_port(), free_port());
        let program = env::var_os("MAILPROTO_POSTSRSD").expect("MAILPROTO_POSTSRSD names the program");
        let options = ["-4", &format!("-s{secrets}"), &format!("-d{domain}"), &format!("-a{separator}")]
            .map(str::to_owned);
        let mut command = Command::new(program);
        command.args(options).arg(format!("-f{forward}")).arg(format!("-r{reverse}"));
        Self { forward, reverse, _running: listening(&mut command, reverse), _folder: folder }
    }

    /// Asks a table, in the protocol of tcp_table(5) of Postfix.
    fn ask(port: u16, address: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(format!("get {address}\n").as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.strip_prefix("200 ").map(|value| value.trim_end().to_owned())
    }

    fn forward(&self, address: &str) -> Option<String> {
        Self::ask(self.forward, address)
    }

    fn reverse(&self, address: &str) -> Option<String> {
        Self::ask(self.reverse, address)
    }
}

/// Each domain has its own: what its own secret has signed, postsrsd does not rewrite again.
fn secret(domain: &str) -> String {
    format!("the secret of {domain}")
}

fn srs(domain: &str) -> Srs {
    // postsrsd 1 neither writes nor reads the other alphabet
    Srs::new(Name::parse(domain).unwrap(), secret(domain)).with_alphabet(Alphabet::Standard)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The same of both, whichever day it was when postsrsd looked at its clock.
fn same(peer: impl Fn() -> Option<String>, ours: impl Fn(u64) -> Option<String>) -> String {
    let before = ours(now());
    let theirs = peer();
    assert!(theirs.is_some(), "{before:?}");
    if theirs != before {
        assert_eq!(theirs, ours(now()));
    }
    theirs.unwrap()
}

#[test]
#[ignore = "needs postsrsd: .ci/peers-srs"]
fn senders_are_rewritten_and_found_again_as_postsrsd_does() {
    let peer = Peer::new("srs", "first.example", "=");
    let ours = srs("first.example");
    let addresses = (0..200).map(|number| match number % 4 {
        0 => format!("user{number}@example.org"),
        1 => format!("With.Capitals+{number}@Example.ORG"),
        2 => format!("a=b={number}@mail.example.net"),
        _ => format!("x-{number}_y@sub-{number}.example.com"),
    });
    for address in addresses {
        let rewritten = same(|| peer.forward(&address), |now| ours.forward(&address, now).ok());
        assert_eq!(peer.reverse(&rewritten).as_deref(), Some(&*address), "{rewritten}");
        assert_eq!(ours.reverse(&rewritten, now()).as_deref(), Ok(&*address), "{rewritten}");
        // case may be lost on the way
        let lower = rewritten.to_lowercase();
        let (theirs, own) = (peer.reverse(&lower).unwrap(), ours.reverse(&lower, now()).unwrap());
        assert_eq!(theirs, own);
    }
}

#[test]
#[ignore = "needs postsrsd: .ci/peers-srs"]
fn a_second_and_a_third_forwarder_agree_too() {
    let first = srs("first.example").forward("alice@example.org", now()).unwrap();
    let (second, third) = (Peer::new("srs2", "second.example", "="), Peer::new("srs3", "third.example", "="));
    let at_second = same(|| second.forward(&first), |now| srs("second.example").forward(&first, now).ok());
    let at_third =
        same(|| third.forward(&at_second), |now| srs("third.example").forward(&at_second, now).ok());
    for (address, peer, domain) in
        [(&at_second, &second, "second.example"), (&at_third, &third, "third.example")]
    {
        assert!(address.starts_with("SRS1="), "{address}");
        let back = srs(domain).reverse(address, now()).unwrap();
        assert_eq!(Some(&back), peer.reverse(address).as_ref());
        assert_eq!(srs("first.example").reverse(&back, now()).unwrap(), "alice@example.org");
    }
}

#[test]
#[ignore = "needs postsrsd: .ci/peers-srs"]
fn other_separators_and_forged_hashes_are_taken_alike() {
    let peer = Peer::new("srs4", "first.example", "+");
    let ours = srs("first.example").with_separator(Separator::Plus);
    let address = same(|| peer.forward("bob@example.org"), |now| ours.forward("bob@example.org", now).ok());
    assert!(address.starts_with("SRS0+"), "{address}");
    assert_eq!(srs("first.example").reverse(&address, now()).unwrap(), "bob@example.org");
    let forged = address.replace("bob", "eve");
    assert_eq!((peer.reverse(&forged), ours.reverse(&forged, now()).ok()), (None, None));
}
