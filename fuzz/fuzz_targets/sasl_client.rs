//! A client under any challenges: it comes to an end, prints no secret, and believes no server of SCRAM that does
//! not know the password. And what is read as stored keys or as a line is written the same again.
#![no_main]

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use sasl::{Channel, ChannelBinding, Credentials, Limits, Mechanism, Nonce, Policy, Prepared, StoredKeys, line};

#[derive(Arbitrary, Debug)]
struct Input {
    mechanism: usize,
    is_bound: bool,
    room: u16,
    /// Whether the challenge begins as the server's first message of SCRAM would.
    challenges: Vec<(bool, Vec<u8>)>,
    last: Option<Vec<u8>>,
    text: String,
}

fn credentials(mechanism: Mechanism) -> Credentials {
    match mechanism {
        Mechanism::OAuthBearer | Mechanism::XOAuth2 => Credentials::bearer("tim", "tanstaaf").expect("a token"),
        Mechanism::External => Credentials::external(),
        Mechanism::Anonymous => Credentials::anonymous("").expect("a trace"),
        _ => {
            let ready = |text| Prepared::ascii(text).expect("ASCII");
            Credentials::password(ready("tim"), ready("tanstaaf"))
        }
    }
}

fuzz_target!(|input: Input| {
    let mechanism = Mechanism::ALL[input.mechanism % Mechanism::ALL.len()];
    let binding = ChannelBinding::tls_exporter([5; 32]);
    let channel = Channel::Tls(if input.is_bound { vec![binding] } else { vec![] });
    let chosen = Policy::default().choose([mechanism.name()], &credentials(mechanism), &channel);
    if let Ok(choice) = chosen {
        let limits = Limits::default().with_max_iterations(4100);
        let (_, mut client) = choice.client(Nonce::parse("abc").expect("a nonce"), &limits).start(input.room.into());
        let mut rounds = 0;
        for (is_scram, challenge) in &input.challenges {
            let start: &[u8] = if *is_scram { b"r=abcd,s=c2FsdA==,i=4096" } else { b"" };
            assert!(!format!("{client:?}").contains("tanstaaf"));
            let Ok((_, next)) = client.respond(&[start, challenge].concat()) else { return };
            client = next;
            rounds += 1;
            assert!(rounds <= 3, "{mechanism} goes on for ever");
        }
        let is_content = client.finish(input.last.as_deref()).is_ok();
        assert!(!is_content || mechanism.scram_hash().is_none(), "{mechanism} was deceived");
    }
    if let Ok(keys) = StoredKeys::parse(&input.text) {
        assert_eq!(StoredKeys::parse(&keys.to_record()), Ok(keys));
    }
    if let Ok(line::Response::Octets(octets)) = line::decode(input.text.as_bytes()) {
        assert_eq!(line::encode(octets.as_bytes()).as_bytes(), input.text.as_bytes());
    }
});
