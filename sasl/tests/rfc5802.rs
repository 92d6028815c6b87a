//! The examples of RFC 5802 §5 (SHA-1) and RFC 7677 §3 (SHA-256), which are of one form, on both sides.

#![allow(clippy::expect_used, clippy::panic)]
mod common;

use common::{choose, ready, server, tls};
use sasl::{
    Attempt, ClientError, Credentials, Failure, Hash, Identity, Limits, Mechanism, MessageError,
    MessageErrorKind, Nonce, Step, StoredKeys, scram::ServerError,
};

struct Example {
    mechanism: Mechanism,
    hash: Hash,
    /// In octets.
    salt: &'static [u8],
    client_nonce: &'static str,
    server_nonce: &'static str,
    messages: [&'static str; 4],
}

const SHA_1: Example = Example {
    mechanism: Mechanism::ScramSha1,
    hash: Hash::Sha1,
    salt: b"\x41\x25\xc2\x47\xe4\x3a\xb1\xe9\x3c\x6d\xff\x76",
    client_nonce: "fyko+d2lbbFgONRv9qkxdawL",
    server_nonce: "3rfcNHYJY1ZVvWVs7j",
    messages: [
        "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
        "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
        "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
    ],
};

const SHA_256: Example = Example {
    mechanism: Mechanism::ScramSha256,
    hash: Hash::Sha256,
    salt: b"\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81",
    client_nonce: "rOprNGfwEbeRWgbNEkqO",
    server_nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    messages: [
        "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
    ],
};

impl Example {
    fn client(&self) -> sasl::Client {
        let credentials = Credentials::password(ready("user"), ready("pencil"));
        let nonce = Nonce::parse(self.client_nonce).expect("a nonce");
        choose(self.mechanism, &credentials, &tls()).client(nonce, &Limits::default())
    }

    /// The server, once it has got the first message and looked the user up.
    fn server(&self, first: &str) -> Step {
        let nonce = Nonce::parse(self.server_nonce).expect("a nonce");
        let (mechanism, initial) = (self.mechanism, Some(first.as_bytes()));
        let step = server(&[mechanism]).start(Attempt { mechanism, initial, channel: &tls(), nonce, now: 0 });
        let Step::Keys(question) = step else { return step };
        assert_eq!((question.user(), question.hash()), ("user", self.hash));
        question.answer(Some(StoredKeys::derive(self.hash, &ready("pencil"), self.salt, 4096).expect("keys")))
    }

    /// The server's answer to this in place of its third message.
    fn server_final(&self, last: &str) -> Step {
        let Step::Challenge(first) = self.server(self.messages[0]) else { panic!("no challenge") };
        assert_eq!(first.as_bytes(), self.messages[1].as_bytes());
        first.respond(last.as_bytes())
    }
}

#[test]
fn the_client_says_what_the_examples_say() {
    for example in [SHA_1, SHA_256] {
        let [first, server_first, last, server_last] = example.messages;
        let (response, client) = example.client().start(1000);
        assert_eq!(response, Some(first.into()));
        let (response, client) = client.respond(server_first.as_bytes()).unwrap();
        assert_eq!(response, last.into());
        let (response, client) = client.respond(server_last.as_bytes()).unwrap();
        assert_eq!(response, "".into(), "erratum 2689");
        assert_eq!(client.finish(None), Ok(()));
    }
}

#[test]
fn the_server_says_what_the_examples_say() {
    for example in [SHA_1, SHA_256] {
        let Step::Challenge(last) = example.server_final(example.messages[2]) else { panic!("no challenge") };
        assert_eq!(last.as_bytes(), example.messages[3].as_bytes());
        let Step::Done(identity) = last.respond(b"") else { panic!("not done") };
        assert_eq!(identity, Identity::User { name: "user".into(), acting_as: None });
    }
}

#[test]
fn the_server_checks_nonce_binding_and_proof() {
    let failure = |last: &str| match SHA_1.server_final(last) {
        Step::Failed(failure) => failure,
        step => panic!("{step:?}"),
    };
    let last = SHA_1.messages[2];
    assert_eq!(failure(&last.replace("3rfc", "4rfc")), Failure::Nonce);
    assert_eq!(failure(&last.replace("3rfcNHYJY1ZVvWVs7j", "")), Failure::Nonce);
    let binding = failure(&last.replace("biws", "eSws"));
    assert_eq!(binding, Failure::ChannelBinding(sasl::scram::BindingFailure::Mismatch));
    assert_eq!(failure(&last.replace("v0X8", "w0X8")), Failure::Credentials);
    assert_eq!(failure("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p="), Failure::Credentials);
    let extended = failure(&last.replace(",p=", ",x=y,p="));
    assert_eq!(
        extended,
        Failure::Credentials,
        "an extension is ignored, and is part of what the proof proves"
    );
    let mandatory = MessageError { kind: MessageErrorKind::MandatoryExtension, at: 52 };
    assert_eq!(failure(&last.replace(",p=", ",m=y,p=")), Failure::Malformed(mandatory));
}

#[test]
fn a_mandatory_extension_ends_the_exchange_on_either_side() {
    let step = SHA_1.server("n,,m=x,n=user,r=abc");
    let mandatory = MessageError { kind: MessageErrorKind::MandatoryExtension, at: 3 };
    assert!(matches!(step, Step::Failed(Failure::Malformed(error)) if error == mandatory), "{step:?}");
    let (_, client) = SHA_1.client().start(1000);
    let first = SHA_1.messages[1];
    let error = client.respond(["m=x,", first].concat().as_bytes()).unwrap_err();
    assert_eq!(error, ClientError::Malformed(MessageError { at: 0, ..mandatory }));
}

#[test]
fn the_client_hears_why_it_is_refused() {
    let refused = |error| ClientError::Refused(error);
    let (_, client) = SHA_1.client().start(1000);
    let error = client.clone().respond(b"e=unknown-user").unwrap_err();
    assert_eq!(error, refused(ServerError::UnknownUser), "erratum 5271");
    let (_, client) = client.respond(SHA_1.messages[1].as_bytes()).unwrap();
    let answers = |message: &str| client.clone().respond(message.as_bytes()).unwrap_err();
    assert_eq!(answers("e=invalid-proof"), refused(ServerError::InvalidProof));
    assert_eq!(answers("e=something-new"), refused(ServerError::Other));
    assert_eq!(answers("v=smF9pqV8S7suAoZWja4dJRkFsKQ="), ClientError::ServerSignature);
    assert_eq!(answers("v="), ClientError::ServerSignature);
}

/// §5.1: a comma and an equals sign in a name are escaped on the wire and not for the one who looks it up.
#[test]
fn names_are_escaped_on_the_wire_only() {
    let credentials = Credentials::password(ready("a,b=c"), ready("pencil"));
    let nonce = Nonce::parse("abc").unwrap();
    let client = choose(Mechanism::ScramSha1, &credentials.acting_as("x=y").unwrap(), &tls())
        .client(nonce, &Limits::default());
    let (initial, _) = client.start(1000);
    let initial = initial.unwrap();
    assert_eq!(initial, "n,a=x=3Dy,n=a=2Cb=3Dc,r=abc".into());
    let channel = tls();
    let attempt = common::attempt(Mechanism::ScramSha1, Some(initial.as_bytes()), &channel);
    let step = server(&[Mechanism::ScramSha1]).start(attempt);
    let Step::Keys(question) = step else { panic!("{step:?}") };
    assert_eq!(question.user(), "a,b=c");
}
