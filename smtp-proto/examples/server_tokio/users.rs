//! The one user of this example, and how SASL asks who it is.

use crate::{Failure, random, seconds};
use sasl::{
    Attempt, Channel, Hash, Mechanism, Nonce, Prepared, Secret, Step, StoredKeys, scram::Decoy,
    server::Challenge,
};

/// What can be checked with a password at hand.
const MECHANISMS: [Mechanism; 7] = [
    Mechanism::ScramSha256Plus,
    Mechanism::ScramSha1Plus,
    Mechanism::ScramSha256,
    Mechanism::ScramSha1,
    Mechanism::CramMd5,
    Mechanism::Plain,
    Mechanism::Login,
];

/// The iterations of the stored keys (RFC 7677 §4).
const ITERATIONS: u32 = 4096;

pub(crate) struct Users {
    name: String,
    /// CRAM-MD5 needs the password itself. Without it a server would keep the keys of SCRAM only.
    password: Secret,
    keys: [StoredKeys; 2],
    sasl: sasl::Server,
}

/// What an authentication has come to.
pub(crate) enum Outcome {
    /// The client is to answer this.
    Challenge(Box<Challenge>),
    Success,
    Refused,
}

impl Users {
    /// Reads `NAME:PASSWORD`.
    pub(crate) fn new(user: &str, host: &str) -> Result<Self, Failure> {
        let (name, password) = user.split_once(':').ok_or("a user is NAME:PASSWORD")?;
        let prepared = Prepared::ascii(password)?;
        let decoy = Decoy::new(Secret::new(&random::<18>()?));
        Ok(Self {
            name: name.to_owned(),
            password: Secret::from(password),
            keys: [
                StoredKeys::derive(Hash::Sha1, &prepared, &random::<18>()?, ITERATIONS)?,
                StoredKeys::derive(Hash::Sha256, &prepared, &random::<18>()?, ITERATIONS)?,
            ],
            sasl: sasl::Server::new(host, &MECHANISMS, decoy)?,
        })
    }

    /// The names of the mechanisms, those included that are for a channel that can be bound.
    pub(crate) fn mechanisms() -> [&'static str; 7] {
        MECHANISMS.map(Mechanism::name)
    }

    /// AUTH has come.
    pub(crate) fn start(
        &self,
        mechanism: &str,
        initial: Option<&[u8]>,
        channel: &Channel,
    ) -> Result<Outcome, Failure> {
        let step = self.sasl.start(Attempt {
            mechanism: Mechanism::parse(mechanism).ok_or("a mechanism that was not offered")?,
            initial,
            channel,
            nonce: Nonce::from_entropy(random()?),
            now: seconds()?,
        });
        Ok(self.settle(step))
    }

    /// The response to a challenge has come.
    pub(crate) fn respond(&self, challenge: Challenge, response: &[u8]) -> Outcome {
        self.settle(challenge.respond(response))
    }

    /// Answers what SASL asks, up to where the client has to say something, or is in, or is not.
    fn settle(&self, mut step: Step) -> Outcome {
        loop {
            step = match step {
                Step::Challenge(challenge) => return Outcome::Challenge(Box::new(challenge)),
                Step::Password(check) => {
                    // secrets are compared in constant time
                    let is_right = Secret::from(check.password()) == self.password;
                    let is_right = is_right && check.user() == self.name;
                    check.answer(is_right)
                }
                Step::Secret(lookup) => {
                    let password = (lookup.user() == self.name).then_some(self.password.as_bytes());
                    lookup.answer(password)
                }
                Step::Keys(lookup) => {
                    let is_known = lookup.user() == self.name;
                    let keys = self.keys.iter().find(|keys| is_known && keys.hash() == lookup.hash());
                    lookup.answer(keys.cloned())
                }
                Step::Authorize(question) => question.answer(false),
                Step::Token(check) => check.refuse("invalid_token"),
                Step::External(check) => check.answer(None),
                Step::Done(_) => return Outcome::Success,
                Step::Failed(_) => return Outcome::Refused,
            };
        }
    }
}
