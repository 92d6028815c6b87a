//! Real DKIM software: what we sign verifies there, what they sign verifies here, and what was changed on the way
//! verifies nowhere. `.ci/peers-dkim` installs the programs and runs these tests.
//!
//! - dkimpy (`peers/dkimpy.py`): DNS records come from a function.
//! - opendkim, the filter itself in its test mode: DNS records come from a file.
//! - Mail::DKIM (`peers/mail-dkim.pl`): DNS records come from a function in place of its own.
#![cfg(feature = "rustcrypto")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

#[path = "peers/messages.rs"]
mod messages;
mod support;

use dkim::{
    Canonicalization, Cause, Form, Policy, SecretKey, SignatureReport, Verdict, Zone,
    algorithm::KeyType,
    backend::rustcrypto::PrivateKey,
    sign::{Signer, Template},
    signature::{FieldNames, Identity},
};
use messages::Message;
use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};
use support::name;
use testkit::Scorecard;

const FORMS: [(Form, Form); 4] = [
    (Form::Simple, Form::Simple),
    (Form::Simple, Form::Relaxed),
    (Form::Relaxed, Form::Simple),
    (Form::Relaxed, Form::Relaxed),
];

/// The messages made by hand in every way, and 200 that are generated, each in one.
fn cases(algorithms: &[KeyType]) -> Vec<Case> {
    let ways: Vec<Way> = algorithms
        .iter()
        .flat_map(|&key_type| FORMS.map(|(header, body)| Way { key_type, header, body }))
        .collect();
    let by_hand = messages::by_hand();
    let each = ways.iter().flat_map(|&way| by_hand.iter().map(move |message| Case::new(way, message)));
    let generated = messages::generated(200);
    let generated = generated.iter().zip(ways.iter().cycle()).map(|(message, &way)| Case::new(way, message));
    each.chain(generated).collect()
}

/// How a message is signed.
#[derive(Clone, Copy, PartialEq)]
struct Way {
    key_type: KeyType,
    header: Form,
    body: Form,
}

struct Case {
    way: Way,
    message: String,
    octets: Vec<u8>,
}

impl Case {
    fn new(way: Way, message: &Message) -> Self {
        Self { way, message: message.name.clone(), octets: message.octets.clone() }
    }

    fn name(&self) -> String {
        let Way { key_type, header, body } = self.way;
        format!("{}, {key_type}, {header}/{body}", self.message)
    }
}

fn secret(key_type: KeyType) -> SecretKey {
    match key_type {
        KeyType::Ed25519 => support::ed25519(),
        _ => support::rsa_2048(),
    }
}

fn key(key_type: KeyType) -> PrivateKey {
    PrivateKey::new(&secret(key_type)).unwrap()
}

/// The message with our signature before it. It does not say when it was made, so that it is the same every day.
fn signed(case: &Case) -> Vec<u8> {
    let Way { key_type, header, body } = case.way;
    let mut template = Template::new(name("example.com"), name(&key_type.to_string()), key_type.algorithm());
    template.canonicalization = Canonicalization { header, body };
    template.timestamp = false;
    let mut signer = Signer::new([template], 0);
    signer.write(&case.octets);
    let field = signer.finish().unwrap().remove(0).sign_with(&key(key_type)).unwrap();
    [field.as_str().as_bytes(), &case.octets].concat()
}

/// The message with something added: to its body, or to its From field.
fn changed(message: &[u8], number: usize) -> Vec<u8> {
    let from = message.windows(12).position(|octets| octets == b"@example.com").unwrap();
    let is_header = message.windows(4).any(|octets| octets == b"\r\n\r\n");
    let mut message = message.to_vec();
    if number.is_multiple_of(2) && is_header {
        message.extend_from_slice(b"x");
    } else {
        message.insert(from, b'x');
    }
    message
}

/// A folder of files, and the file `keys` with the DNS records.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("peers-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let folder = Self(folder);
        let lines = [KeyType::Rsa, KeyType::Ed25519]
            .map(|kind| format!("{kind}._domainkey.example.com {}\n", key(kind).record()));
        folder.write("keys", lines.concat().as_bytes());
        folder
    }

    fn write(&self, name: &str, octets: &[u8]) {
        fs::write(self.0.join(name), octets).unwrap();
    }

    /// Writes each message to a file of its own, and gives the names.
    fn write_all<'a>(&self, title: &str, messages: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
        let each = messages.enumerate().map(|(number, octets)| {
            let name = format!("{title}-{number:04}.eml");
            self.write(&name, octets);
            name
        });
        each.collect()
    }

    /// Runs a program in the folder.
    fn run(&self, program: &str, arguments: &[&str], input: &str) -> Output {
        let path = format!("{}:/usr/sbin", env::var("PATH").unwrap_or_default());
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(&self.0)
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; .ci/peers-dkim installs it"));
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {}\n{said}", output.status);
        output
    }
}

/// A program that signs and verifies.
trait Peer {
    const NAME: &'static str;
    /// The kinds of keys that it knows.
    const KEY_TYPES: &'static [KeyType];

    /// Whether each file verifies.
    fn verify(folder: &Folder, files: &[String]) -> Vec<bool>;

    /// Signs each file: gives it with the signature before it, or nothing where the program refuses.
    fn sign(folder: &Folder, files: &[String], way: Way) -> Vec<Option<Vec<u8>>>;

    /// Why it does not verify our signature, where that is its own.
    fn cannot_verify(case: &Case) -> Option<&'static str>;

    /// Why we do not verify its signature, where that is its own.
    fn cannot_sign(case: &Case) -> Option<&'static str>;

    /// Whether some signatures made in this way are wrong, so that the program does not verify them itself.
    fn is_often_wrong(_: Way) -> bool {
        false
    }
}

/// A card that expects a failure where there is a reason for one.
fn card(title: &str, cases: &[Case], reason: fn(&Case) -> Option<&'static str>) -> Scorecard {
    let expected = cases.iter().filter_map(|case| Some(format!("{}: {}\n", case.name(), reason(case)?)));
    Scorecard::new(title, &expected.collect::<String>())
}

/// What we sign verifies there, and does not once it was changed.
fn they_verify_ours<P: Peer>() {
    let folder = Folder::new(&format!("{}-verifies", P::NAME));
    let cases = cases(P::KEY_TYPES);
    let signed: Vec<_> = cases.iter().map(signed).collect();
    let changed: Vec<_> =
        signed.iter().enumerate().map(|(number, message)| changed(message, number)).collect();
    let files = folder.write_all("ours", signed.iter().chain(&changed).map(Vec::as_slice));
    let verdicts = P::verify(&folder, &files);
    assert_eq!(verdicts.len(), files.len());
    let (good, bad) = verdicts.split_at(cases.len());
    let mut card = card(&format!("{} verifies ours", P::NAME), &cases, P::cannot_verify);
    for ((case, &passes), &changed_passes) in cases.iter().zip(good).zip(bad) {
        let result = match (passes, changed_passes) {
            (_, true) => panic!("{}: passes after it was changed", case.name()),
            (true, false) => Ok(()),
            (false, false) => Err("does not pass".to_owned()),
        };
        card.case(&case.name(), result);
    }
    card.finish();
}

/// What else a template may say, in long lists and in octets that must be encoded, is read there as here.
fn they_read_all_that_we_write<P: Peer>() {
    let folder = Folder::new(&format!("{}-reads", P::NAME));
    let received = "Received: from x by y;\r\n\tFri, 20 Nov 2026 10:21:07 +0000\r\n".repeat(30);
    let long_name = "X-A-Name-That-Is-Nearly-As-Long-As-A-Line-Of-The-Field-That-Lists-It";
    let message = format!(
        "{received}{long_name}: v\r\nFrom: J\u{fc}rgen <a@example.com>\r\nTo: b@example.net,\r\n\t c|d@example.net;\r\n\
         Subject: =?utf-8?Q?a=20b;?= {}\r\n\r\nHello\r\n",
        "long ".repeat(60)
    );
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let says: [fn(&mut Template); 5] = [
        |template| template.copy_fields = true,
        |template| template.identity = Identity::new(Some("j\u{fc}rgen; x=y|z"), name("mail.example.com")),
        |template| template.identity = Identity::new(Some(&"x".repeat(200)), name("example.com")),
        |template| template.signed = FieldNames::new(["Received", "X-Absent", "X-A-Name", "DKIM-Signature"]),
        |template| (template.lifetime, template.wants_reports) = (Some(86_400), true),
    ];
    let mut signed = Vec::new();
    for &key_type in P::KEY_TYPES {
        for form in [Canonicalization::SIMPLE, Canonicalization::RELAXED] {
            for say in says {
                let mut template =
                    Template::new(name("example.com"), name(&key_type.to_string()), key_type.algorithm());
                template.canonicalization = form;
                template.oversigned = FieldNames::new(["From", "To", "Subject", long_name]);
                say(&mut template);
                let mut signer = Signer::new([template], now);
                signer.write(message.as_bytes());
                let field = signer.finish().unwrap().remove(0).sign_with(&key(key_type)).unwrap();
                signed.push(format!("{field}{message}"));
            }
        }
    }
    let files = folder.write_all("said", signed.iter().map(String::as_bytes));
    let passes = P::verify(&folder, &files);
    assert_eq!(passes, vec![true; signed.len()], "{}", P::NAME);
}

/// What they sign verifies here, and does not once it was changed.
fn we_verify_theirs<P: Peer>() {
    let folder = Folder::new(&format!("{}-signs", P::NAME));
    let cases = cases(P::KEY_TYPES);
    let files = folder.write_all("plain", cases.iter().map(|case| &case.octets[..]));
    let mut card = card(&format!("{} signs, we verify", P::NAME), &cases, P::cannot_sign);
    for &key_type in P::KEY_TYPES {
        for (header, body) in FORMS {
            let way = Way { key_type, header, body };
            let (cases, files): (Vec<_>, Vec<_>) = cases
                .iter()
                .zip(&files)
                .filter(|(case, _)| case.way == way)
                .map(|(case, file)| (case, file.clone()))
                .unzip();
            let signed = P::sign(&folder, &files, way);
            assert_eq!(signed.len(), cases.len());
            let of_itself = if P::is_often_wrong(way) {
                let signed = signed.iter().map(|message| message.as_deref().unwrap_or(b""));
                P::verify(&folder, &folder.write_all("its-own", signed))
            } else {
                vec![true; signed.len()]
            };
            let right = of_itself.iter().filter(|passes| **passes).count();
            assert!(right > cases.len() / 4, "{right} of {} are right", cases.len());
            for (number, (case, message)) in cases.into_iter().zip(signed).enumerate() {
                if !of_itself[number] && P::cannot_sign(case).is_none() {
                    continue;
                }
                let Some(message) = message else {
                    card.case(&case.name(), Err("not signed".to_owned()));
                    continue;
                };
                let report = verify(&message);
                assert_eq!(report.algorithm, Some(key_type.algorithm()));
                let passes = report.verdict == Verdict::Pass;
                card.case(&case.name(), if passes { Ok(()) } else { Err(report.to_string()) });
                let report = verify(&changed(&message, number));
                assert_eq!(report.verdict, Verdict::Fail, "{}: {report}", case.name());
            }
        }
    }
    card.finish();
}

/// Our report on the one signature of a message, at this time.
fn verify(message: &[u8]) -> SignatureReport {
    let records = [KeyType::Rsa, KeyType::Ed25519]
        .map(|kind| format!("{kind}._domainkey.example.com. TXT {}\n", key(kind).record().zone_data()));
    let zone = Zone::parse(&records.concat()).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut reports = dkim::verify(message, &Policy::default(), now, &zone);
    assert_eq!(reports.len(), 1);
    reports.remove(0)
}

/// What a script of ours prints about each file.
fn passes(output: &Output) -> Vec<bool> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| line == "pass").collect()
}

/// The files that a script of ours wrote.
fn signed_files(folder: &Folder, files: &[String]) -> Vec<Option<Vec<u8>>> {
    files.iter().map(|file| fs::read(folder.0.join(format!("{file}.signed"))).ok()).collect()
}

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers");

struct Dkimpy;

impl Dkimpy {
    fn run(folder: &Folder, arguments: &[&str], files: &[String]) -> Output {
        let python = env::var("DKIMPY_PYTHON").unwrap_or("python3".to_owned());
        let script = format!("{SCRIPTS}/dkimpy.py");
        folder.run(&python, &[&[script.as_str()], arguments].concat(), &files.join("\n"))
    }

    fn sign_with(folder: &Folder, files: &[String], way: Way, more: &[&str]) -> Vec<Option<Vec<u8>>> {
        let Way { key_type, header, body } = way;
        // RSA keys as PEM, Ed25519 keys as the seed in base64
        let key = match key_type {
            KeyType::Ed25519 => "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=".to_owned(),
            _ => secret(key_type).to_pem().to_string(),
        };
        folder.write("key", key.as_bytes());
        let words =
            [key_type.to_string(), key_type.algorithm().to_string(), header.to_string(), body.to_string()];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Self::run(folder, &[&["sign", "key"], &words[..], more].concat(), files);
        signed_files(folder, files)
    }
}

impl Peer for Dkimpy {
    const NAME: &'static str = "dkimpy";
    const KEY_TYPES: &'static [KeyType] = &[KeyType::Rsa, KeyType::Ed25519];

    fn verify(folder: &Folder, files: &[String]) -> Vec<bool> {
        passes(&Self::run(folder, &["verify", "keys"], files))
    }

    fn sign(folder: &Folder, files: &[String], way: Way) -> Vec<Option<Vec<u8>>> {
        Self::sign_with(folder, files, way, &[])
    }

    fn cannot_verify(case: &Case) -> Option<&'static str> {
        let ends_in_space = matches!(case.octets.last(), Some(b' ' | b'\t'));
        match &case.message[..] {
            "space before the colon" => Some("it takes no white space there (RFC 5322 §4.5)"),
            _ if case.way.body == Form::Relaxed && ends_in_space => {
                Some("its relaxed form keeps white space before the final CRLF that it adds")
            }
            _ => None,
        }
    }

    fn cannot_sign(case: &Case) -> Option<&'static str> {
        Self::cannot_verify(case)
    }
}

struct OpenDkim;

impl OpenDkim {
    /// Runs the filter on files, and gives what it prints about them.
    fn run(folder: &Folder, settings: &str, files: &[String]) -> String {
        folder.write("conf", format!("{settings}RequireSafeKeys no\nSyslog no\n").as_bytes());
        let output = folder.run("opendkim", &["-x", "conf", "-vv", "-t", &files.join(",")], "");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The test mode reads its files as C strings, and hands on fields as milters get them: the white space after
    /// the colon is taken off, and one space put back.
    fn cannot(case: &Case) -> Option<&'static str> {
        let Way { header, body, .. } = case.way;
        let lacks_crlf = !case.octets.ends_with(b"\r\n");
        match (&case.message[..], body) {
            ("NUL", _) => Some("its test mode reads C strings"),
            ("empty values" | "no space after the colon" | "much space after the colon", _) => {
                (header == Form::Simple).then_some("its test mode writes one space after the colon")
            }
            ("white space only", _) => None,
            (_, Form::Relaxed) => lacks_crlf.then_some("its relaxed form wants a final CRLF"),
            (_, Form::Simple) => (lacks_crlf && case.octets.len() > 4096)
                .then_some("its simple form adds a final CRLF to short bodies only"),
        }
    }
}

impl Peer for OpenDkim {
    const NAME: &'static str = "opendkim";
    const KEY_TYPES: &'static [KeyType] = &[KeyType::Rsa, KeyType::Ed25519];

    fn verify(folder: &Folder, files: &[String]) -> Vec<bool> {
        let text = Self::run(folder, "Mode v\nTestPublicKeys keys\n", files);
        let has_passed = |file: &String| {
            let start = format!("opendkim: {file}: verification ");
            text.lines().any(|line| line.starts_with(&start) && line.ends_with(" succeeded"))
        };
        files.iter().map(has_passed).collect()
    }

    fn sign(folder: &Folder, files: &[String], way: Way) -> Vec<Option<Vec<u8>>> {
        let Way { key_type, header, body } = way;
        folder.write("key", secret(key_type).to_pem().as_bytes());
        let settings = format!(
            "Mode s\nDomain example.com\nSelector {key_type}\nKeyFile key\nSignatureAlgorithm {}\nCanonicalization {header}/{body}\n",
            key_type.algorithm()
        );
        let text = Self::run(folder, &settings, files);
        // the fields come without the names of the files, in their order; what is not signed is told with its name
        let mut values = text.split("hname='DKIM-Signature' hvalue='").skip(1).map(|added| {
            let value = added.split_once("'\n").unwrap().0;
            format!("DKIM-Signature: {}\r\n", value.replace('\n', "\r\n"))
        });
        let each = files.iter().map(|file| {
            if text.contains(&format!("opendkim: {file}: no signature added")) {
                return None;
            }
            let field = values.next().unwrap();
            Some([field.as_bytes(), &fs::read(folder.0.join(file)).unwrap()].concat())
        });
        let signed = each.collect();
        assert_eq!(values.next(), None);
        signed
    }

    fn cannot_verify(case: &Case) -> Option<&'static str> {
        Self::cannot(case)
    }

    fn cannot_sign(case: &Case) -> Option<&'static str> {
        Self::cannot(case)
    }

    /// It folds the signature into the field after it has hashed it, where a short one would have fitted.
    fn is_often_wrong(way: Way) -> bool {
        way.key_type == KeyType::Ed25519 && way.header == Form::Simple
    }
}

struct MailDkim;

impl MailDkim {
    fn run(folder: &Folder, arguments: &[&str], files: &[String]) -> Output {
        let script = format!("{SCRIPTS}/mail-dkim.pl");
        folder.run("perl", &[&[script.as_str()], arguments].concat(), &files.join("\n"))
    }
}

impl Peer for MailDkim {
    const NAME: &'static str = "Mail-DKIM";
    /// Ed25519 came with a later version than Debian has.
    const KEY_TYPES: &'static [KeyType] = &[KeyType::Rsa];

    fn verify(folder: &Folder, files: &[String]) -> Vec<bool> {
        passes(&Self::run(folder, &["verify", "keys"], files))
    }

    fn sign(folder: &Folder, files: &[String], way: Way) -> Vec<Option<Vec<u8>>> {
        let Way { key_type, header, body } = way;
        folder.write("key", secret(key_type).to_pem().as_bytes());
        let words =
            [key_type.to_string(), key_type.algorithm().to_string(), header.to_string(), body.to_string()];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Self::run(folder, &[&["sign", "key"], &words[..]].concat(), files);
        signed_files(folder, files)
    }

    fn cannot_verify(case: &Case) -> Option<&'static str> {
        let lacks_crlf = !case.octets.ends_with(b"\r\n");
        let reason = "its simple form does not add a final CRLF (RFC 6376 §3.4.3)";
        (case.way.body == Form::Simple && lacks_crlf).then_some(reason)
    }

    fn cannot_sign(case: &Case) -> Option<&'static str> {
        Self::cannot_verify(case)
    }
}

#[test]
#[ignore = "needs dkimpy: .ci/peers-dkim"]
fn dkimpy_verifies_what_we_sign() {
    they_verify_ours::<Dkimpy>();
}

#[test]
#[ignore = "needs dkimpy: .ci/peers-dkim"]
fn dkimpy_reads_all_that_we_write() {
    they_read_all_that_we_write::<Dkimpy>();
}

#[test]
#[ignore = "needs opendkim: .ci/peers-dkim"]
fn opendkim_reads_all_that_we_write() {
    they_read_all_that_we_write::<OpenDkim>();
}

#[test]
#[ignore = "needs Mail::DKIM: .ci/peers-dkim"]
fn mail_dkim_reads_all_that_we_write() {
    they_read_all_that_we_write::<MailDkim>();
}

#[test]
#[ignore = "needs dkimpy: .ci/peers-dkim"]
fn we_verify_what_dkimpy_signs() {
    we_verify_theirs::<Dkimpy>();
}

#[test]
#[ignore = "needs opendkim: .ci/peers-dkim"]
fn opendkim_verifies_what_we_sign() {
    they_verify_ours::<OpenDkim>();
}

#[test]
#[ignore = "needs opendkim: .ci/peers-dkim"]
fn we_verify_what_opendkim_signs() {
    we_verify_theirs::<OpenDkim>();
}

#[test]
#[ignore = "needs Mail::DKIM: .ci/peers-dkim"]
fn mail_dkim_verifies_what_we_sign() {
    they_verify_ours::<MailDkim>();
}

#[test]
#[ignore = "needs Mail::DKIM: .ci/peers-dkim"]
fn we_verify_what_mail_dkim_signs() {
    we_verify_theirs::<MailDkim>();
}

#[test]
#[ignore = "needs dkimpy: .ci/peers-dkim"]
fn a_body_length_that_dkimpy_signs_holds_until_something_follows() {
    let folder = Folder::new("dkimpy-length");
    let way = Way { key_type: KeyType::Ed25519, header: Form::Relaxed, body: Form::Relaxed };
    let files = folder.write_all("plain", [&b"From: a@example.com\r\n\r\nHello \r\n"[..]].into_iter());
    let message = Dkimpy::sign_with(&folder, &files, way, &["l"]).remove(0).unwrap();
    assert_eq!(verify(&message).cause, None);
    let more = [&message, &b"more\r\n"[..]].concat();
    assert_eq!(verify(&more).cause, Some(Cause::PartialBody { unsigned: 6 }));
}
