//! A server under any messages: it comes to an end, and lets nobody in who does not have the password. Then our own
//! client against it, with one octet of one message altered: never are both sides content.
#![no_main]

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use sasl::{
    Attempt, Channel, ChannelBinding, Client, Credentials, Hash, Identity, Limits, Mechanism, Nonce, Policy, Prepared,
    Secret, Server, Step, StoredKeys, scram::Decoy,
};
use std::sync::LazyLock;

const USER: &str = "tim";
const PASSWORD: &str = "tanstaaf";

#[derive(Arbitrary, Debug)]
struct Input {
    mechanism: usize,
    is_bound: bool,
    initial: Option<Vec<u8>>,
    responses: Vec<Vec<u8>>,
    alter: Option<(u8, u16, u8)>,
}

fn ready(text: &str) -> Prepared {
    Prepared::ascii(text).expect("ASCII")
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    Server::new("mx.example.com", &Mechanism::ALL, Decoy::new(Secret::from("key"))).expect("a host")
});
static KEYS: LazyLock<[StoredKeys; 2]> = LazyLock::new(|| {
    [Hash::Sha1, Hash::Sha256].map(|hash| StoredKeys::derive(hash, &ready(PASSWORD), b"salt", 4096).expect("keys"))
});

/// Answers the questions of the server, and notes whether the password was shown.
fn answer(mut step: Step, has_shown: &mut bool) -> Step {
    loop {
        step = match step {
            Step::Password(question) => {
                *has_shown = question.user() == USER && question.password() == PASSWORD;
                question.answer(*has_shown)
            }
            Step::Secret(question) => {
                let password = (question.user() == USER).then_some(PASSWORD.as_bytes());
                question.answer(password)
            }
            Step::Keys(question) => {
                let keys = KEYS.iter().find(|keys| keys.hash() == question.hash() && question.user() == USER);
                question.answer(keys.cloned())
            }
            Step::Token(question) => {
                *has_shown = question.token() == b"token";
                if *has_shown { question.accept(USER) } else { question.refuse("{}") }
            }
            Step::External(question) => question.answer(None),
            Step::Authorize(question) => {
                assert_ne!(question.name(), question.acting_as());
                question.answer(false)
            }
            step => return step,
        };
    }
}

fn attempt<'a>(mechanism: Mechanism, initial: Option<&'a [u8]>, channel: &'a Channel) -> Attempt<'a> {
    Attempt { mechanism, initial, channel, nonce: Nonce::from_entropy([1; 18]), now: 1 }
}

/// Whatever the messages are.
fn under_any_messages(mechanism: Mechanism, channel: &Channel, input: &Input) {
    let mut has_shown = false;
    let mut step = answer(SERVER.start(attempt(mechanism, input.initial.as_deref(), channel)), &mut has_shown);
    let mut rounds = 0;
    for response in &input.responses {
        let Step::Challenge(challenge) = step else { break };
        rounds += 1;
        assert!(rounds <= 4, "{mechanism} goes on for ever");
        step = answer(challenge.respond(response), &mut has_shown);
    }
    match step {
        Step::Done(Identity::Anonymous { .. }) => assert_eq!(mechanism, Mechanism::Anonymous),
        Step::Done(identity) => {
            assert!(has_shown, "{mechanism} let {identity:?} in");
            assert_eq!(identity, Identity::User { name: USER.into(), acting_as: None });
        }
        _ => {}
    }
}

/// Our own client, with one octet changed on the way.
fn under_attack(mechanism: Mechanism, channel: &Channel, (number, at, flip): (u8, u16, u8)) {
    let credentials = Credentials::password(ready(USER), ready(PASSWORD));
    // a list without -PLUS on a channel that can be bound is an attack already
    if mechanism.is_bound() == channel.bindings().is_empty() {
        return;
    }
    let Ok(choice) = Policy::default().choose([mechanism.name()], &credentials, channel) else { return };
    let client = choice.client(Nonce::from_entropy([2; 18]), &Limits::default().with_max_iterations(5000));
    let mut count = 0;
    let mut is_altered = false;
    let mut deliver = |message: &[u8]| {
        let mut message = message.to_vec();
        if let Some(octet) = message.get_mut(usize::from(at)).filter(|_| count == number) {
            *octet ^= flip;
            is_altered = flip != 0;
        }
        count += 1;
        message
    };
    let (initial, mut client): (_, Client) = client.start(10_000);
    let initial = initial.map(|initial| deliver(initial.as_bytes()));
    let mut has_shown = false;
    let mut step = answer(SERVER.start(attempt(mechanism, initial.as_deref(), channel)), &mut has_shown);
    while let Step::Challenge(challenge) = step {
        let Ok((response, next)) = client.respond(&deliver(challenge.as_bytes())) else { return };
        client = next;
        step = answer(challenge.respond(&deliver(response.as_bytes())), &mut has_shown);
    }
    let is_content = matches!(step, Step::Done(_)) && client.finish(None).is_ok();
    let is_scram = mechanism.scram_hash().is_some() || mechanism == Mechanism::CramMd5;
    assert!(is_content != is_altered || !is_scram, "{mechanism}: altered {is_altered}, content {is_content}");
}

fuzz_target!(|input: Input| {
    let mechanism = Mechanism::ALL[input.mechanism % Mechanism::ALL.len()];
    let binding = ChannelBinding::tls_exporter([5; 32]);
    let channel = Channel::Tls(if input.is_bound { vec![binding] } else { vec![] });
    if let Some(alter) = input.alter {
        under_attack(mechanism, &channel, alter);
    }
    under_any_messages(mechanism, &channel, &input);
});
