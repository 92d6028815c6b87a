//! A server with two users, and a client that talks to it in memory.
#![allow(dead_code, unreachable_pub, clippy::expect_used, clippy::panic, clippy::arithmetic_side_effects)]

use sasl::{
    Attempt, Channel, ChannelBinding, Choice, Client, ClientError, Credentials, Failure, Hash, Identity,
    Limits, Mechanism, Nonce, Policy, Prepared, Secret, Server, Step, StoredKeys, scram::Decoy,
};
use std::sync::OnceLock;

pub const USER: &str = "tim";
pub const PASSWORD: &str = "tanstaaftanstaaf";
pub const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
pub const NOW: u64 = 697_170_952;

pub fn ready(text: &str) -> Prepared {
    Prepared::ascii(text).expect("ASCII")
}

pub fn tls() -> Channel {
    Channel::Tls(vec![])
}

pub fn bound(octet: u8) -> Channel {
    Channel::Tls(vec![ChannelBinding::tls_exporter([octet; 32])])
}

pub fn server(mechanisms: &[Mechanism]) -> Server {
    let host = "postoffice.reston.mci.net";
    Server::new(host, mechanisms, Decoy::new(Secret::from("the server's own"))).expect("a host")
}

/// What the server keeps for its user. Made once, because it is slow.
pub fn keys(hash: Hash) -> StoredKeys {
    static KEYS: OnceLock<[StoredKeys; 2]> = OnceLock::new();
    let derive =
        |hash| StoredKeys::derive(hash, &ready(PASSWORD), b"0123456789abcdef", 4096).expect("strong enough");
    let keys = KEYS.get_or_init(|| [derive(Hash::Sha1), derive(Hash::Sha256)]);
    keys.iter().find(|keys| keys.hash() == hash).expect("both are there").clone()
}

/// Answers the questions of the server by the one user that it has, until it has something to send or is done.
pub fn answer(mut step: Step) -> Step {
    loop {
        step = match step {
            Step::Password(question) => {
                let is_right = question.user() == USER && question.password() == PASSWORD;
                question.answer(is_right)
            }
            Step::Secret(question) => {
                let password = (question.user() == USER).then_some(PASSWORD.as_bytes());
                question.answer(password)
            }
            Step::Keys(question) => {
                let keys = (question.user() == USER).then(|| keys(question.hash()));
                question.answer(keys)
            }
            Step::Token(question) if question.token() == TOKEN.as_bytes() => question.accept(USER),
            Step::Token(question) => question.refuse(r#"{"status":"invalid_token"}"#),
            Step::External(question) => question.answer(Some(USER)),
            Step::Authorize(question) => {
                let is_allowed = question.name() == USER && question.acting_as() == "shared-mailbox";
                question.answer(is_allowed)
            }
            step => return step,
        };
    }
}

pub fn attempt<'a>(mechanism: Mechanism, initial: Option<&'a [u8]>, channel: &'a Channel) -> Attempt<'a> {
    Attempt { mechanism, initial, channel, nonce: Nonce::parse("1896").expect("a nonce"), now: NOW }
}

pub fn choose(mechanism: Mechanism, credentials: &Credentials, channel: &Channel) -> Choice {
    let policy = Policy::default().with_clear_text_without_tls(true);
    policy.choose([mechanism.name()], credentials, channel).expect("it fits")
}

pub fn client(mechanism: Mechanism, credentials: &Credentials, channel: &Channel) -> Client {
    let nonce = Nonce::parse("fyko+d2lbbFgONRv9qkxdawL").expect("a nonce");
    choose(mechanism, credentials, channel).client(nonce, &Limits::default())
}

/// How an exchange ended for the server and for the client, and every message of it.
#[derive(Debug)]
pub struct Played {
    pub server: Result<Identity, Failure>,
    pub client: Result<(), ClientError>,
    pub refusal: Option<Vec<u8>>,
    pub messages: Vec<Vec<u8>>,
}

/// Plays the two against each other. `change` may alter each message on its way: it gets its number and octets.
pub fn play(
    server: &Server,
    client: Client,
    channel: &Channel,
    room: usize,
    change: impl Fn(usize, &mut Vec<u8>),
) -> Played {
    let mut messages: Vec<Vec<u8>> = vec![];
    let mut deliver = |message: &[u8]| {
        let mut message = message.to_vec();
        change(messages.len(), &mut message);
        messages.push(message.clone());
        message
    };
    let mechanism = client.mechanism();
    let (initial, mut client) = client.start(room);
    let initial = initial.map(|initial| deliver(initial.as_bytes()));
    let mut step = answer(server.start(attempt(mechanism, initial.as_deref(), channel)));
    let mut rounds = 0;
    let (server, client) = loop {
        rounds += 1;
        assert!(rounds < 10, "the exchange does not end");
        match step {
            Step::Challenge(challenge) => {
                let text = deliver(challenge.as_bytes());
                let (response, next) = match client.respond(&text) {
                    Ok(next) => next,
                    Err(error) => {
                        return Played {
                            server: Err(Failure::Credentials),
                            client: Err(error),
                            refusal: None,
                            messages,
                        };
                    }
                };
                client = next;
                step = answer(challenge.respond(&deliver(response.as_bytes())));
            }
            Step::Done(identity) => break (Ok(identity), client),
            Step::Failed(failure) => break (Err(failure), client),
            question => panic!("not answered: {question:?}"),
        }
    };
    let refusal = client.refusal().map(<[u8]>::to_vec);
    // the client is told the truth
    let client = if server.is_ok() { client.finish(None) } else { Err(ClientError::TooEarly) };
    Played { server, client, refusal, messages }
}
