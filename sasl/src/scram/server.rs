use super::{Hash, StoredKeys, grammar, record::ClientFirst};
use crate::{
    ChannelBinding, Failure, Limits, MIN_ITERATIONS, MessageError, Nonce, Secret, Step,
    grammar::{BindingFlag, whole},
    mac::hmac,
    server::{Await, authorize},
};
use alloc::{format, string::String, vec::Vec};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::Sha256;
use subtle::Choice;

/// What an unknown user's keys look like, so that a client cannot tell who exists.
///
/// The salt comes from the key and the name, so that it is the same each time and differs from user to user.
/// Set the iterations and the length of the salt to those of your real users.
#[derive(Clone, Debug)]
pub struct Decoy {
    key: Secret,
    iterations: u32,
    salt_octets: usize,
}

impl Decoy {
    /// From a secret of the server's own, which must stay the same from one exchange to the next, with 4,096
    /// iterations and salts of 16 octets.
    #[must_use]
    pub fn new(key: Secret) -> Self {
        Self { key, iterations: MIN_ITERATIONS, salt_octets: 16 }
    }

    /// With so many iterations.
    #[must_use]
    pub fn with_iterations(self, iterations: u32) -> Self {
        Self { iterations, ..self }
    }

    /// With salts of so many octets, 32 at most.
    #[must_use]
    pub fn with_salt_octets(self, salt_octets: usize) -> Self {
        Self { salt_octets, ..self }
    }

    /// What stands for a password that nobody has.
    pub(crate) fn key(&self) -> &Secret {
        &self.key
    }

    /// Keys that fit no password.
    fn keys(&self, hash: Hash, user: &str) -> StoredKeys {
        let derive = |purpose: &[u8]| {
            let name = hash.mechanism().name().as_bytes();
            hmac::<Sha256>(self.key.as_bytes(), &[purpose, b"\0", name, b"\0", user.as_bytes()])
        };
        let key = |purpose| Secret::new(derive(purpose).as_bytes().get(..hash.octets()).unwrap_or_default());
        let mut salt = derive(b"salt").as_bytes().to_vec();
        salt.truncate(self.salt_octets);
        StoredKeys {
            hash,
            iterations: self.iterations,
            salt,
            stored_key: key(b"stored key"),
            server_key: key(b"server key"),
        }
    }
}

/// Waits for `client-first-message`.
#[derive(Clone, Debug)]
pub(crate) struct AwaitClientFirst {
    pub(crate) hash: Hash,
    /// Whether the mechanism was chosen with `-PLUS`.
    pub(crate) is_bound: bool,
    /// What the server offers to bind to; none where it does not offer `-PLUS`.
    pub(crate) bindings: Vec<ChannelBinding>,
    pub(crate) nonce: Nonce,
    pub(crate) decoy: Decoy,
}

impl AwaitClientFirst {
    pub(crate) fn respond(self, message: &str, limits: Limits) -> Result<Step, MessageError> {
        let first = whole(grammar::client_first, message)?;
        if first.nonce.len() > Nonce::MAX_OCTETS {
            return Ok(Step::Failed(Failure::Nonce));
        }
        let binding = match self.binding(first.flag) {
            Ok(binding) => binding,
            Err(failure) => return Ok(Step::Failed(Failure::ChannelBinding(failure))),
        };
        let ClientFirst { gs2_header, bare, user, authzid, .. } = first;
        Ok(Step::Keys(KeysLookup {
            hash: self.hash,
            channel_binding: STANDARD.encode([gs2_header.as_bytes(), binding].concat()),
            bare: bare.into(),
            nonce: format!("{}{}", first.nonce, self.nonce),
            user,
            authzid,
            decoy: self.decoy,
            limits,
        }))
    }

    /// The data that the client must have bound to, by its flag: RFC 5802 §6.
    fn binding(&self, flag: BindingFlag<'_>) -> Result<&[u8], BindingFailure> {
        match flag {
            BindingFlag::Bound(name) if self.is_bound => {
                let offered = self.bindings.iter().find(|binding| binding.kind().name() == name);
                offered.map(ChannelBinding::data).ok_or(BindingFailure::Unsupported)
            }
            BindingFlag::Bound(_) => Err(BindingFailure::Unexpected),
            BindingFlag::Unsupported | BindingFlag::ServerCannot if self.is_bound => {
                Err(BindingFailure::Missing)
            }
            BindingFlag::ServerCannot if !self.bindings.is_empty() => Err(BindingFailure::Downgrade),
            BindingFlag::Unsupported | BindingFlag::ServerCannot => Ok(&[]),
        }
    }
}

/// Why a channel binding fails the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BindingFailure {
    /// The client believes that this server cannot bind, and it can: someone took `-PLUS` out of the list
    /// that the client saw (RFC 5802 §6).
    #[error("the client did not see that channel binding is offered")]
    Downgrade,
    /// The mechanism is one with `-PLUS`, and the client does not bind.
    #[error("the client does not bind in a mechanism that does")]
    Missing,
    /// The client binds in a mechanism without `-PLUS`.
    #[error("the client binds in a mechanism that does not")]
    Unexpected,
    /// The client binds by a type that the server does not have.
    #[error("the client binds by a type that is not offered")]
    Unsupported,
    /// The client sees another channel, or said something else before: someone stands in the middle.
    #[error("the client sees another channel")]
    Mismatch,
}

/// The question for the keys of a user.
///
/// The name is as the client sent it. RFC 5802 §5.1 wants the server to prepare it before it is looked up, with
/// [`Prepared`](crate::Prepared) for one; what is hashed stays as it was sent.
#[derive(Debug)]
pub struct KeysLookup {
    hash: Hash,
    user: String,
    authzid: Option<String>,
    bare: String,
    nonce: String,
    /// What `c=` must be.
    channel_binding: String,
    decoy: Decoy,
    limits: Limits,
}

impl KeysLookup {
    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The hash of the mechanism.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The answer: the keys, or that there are none. Keys of another hash are none.
    ///
    /// Without keys the exchange goes on as with them, and fails at its end as with a wrong password.
    pub fn answer(self, keys: Option<StoredKeys>) -> Step {
        // made in either case, so that both take the same time
        let decoy = self.decoy.keys(self.hash, &self.user);
        let keys = keys.filter(|keys| keys.hash == self.hash);
        let is_known = Choice::from(u8::from(keys.is_some()));
        let keys = keys.unwrap_or(decoy);
        let salt = STANDARD.encode(&keys.salt);
        let first = format!("r={},s={salt},i={}", self.nonce, keys.iterations);
        let next = AwaitClientFinal {
            user: self.user,
            authzid: self.authzid,
            auth_start: format!("{},{first},", self.bare),
            nonce: self.nonce,
            channel_binding: self.channel_binding,
            keys,
            is_known: is_known.into(),
        };
        Step::challenge(first.into_bytes(), Await::ScramFinal(next), self.limits)
    }
}

/// Waits for `client-final-message`.
#[derive(Debug)]
pub(crate) struct AwaitClientFinal {
    user: String,
    authzid: Option<String>,
    /// `client-first-message-bare + "," + server-first-message + ","`
    auth_start: String,
    nonce: String,
    channel_binding: String,
    keys: StoredKeys,
    is_known: bool,
}

impl AwaitClientFinal {
    pub(crate) fn respond(self, message: &str, limits: Limits) -> Result<Step, MessageError> {
        let last = whole(grammar::client_final, message)?;
        if last.nonce != self.nonce {
            return Ok(Step::Failed(Failure::Nonce));
        }
        if last.channel_binding != self.channel_binding {
            return Ok(Step::Failed(Failure::ChannelBinding(BindingFailure::Mismatch)));
        }
        let auth_message = [self.auth_start.as_str(), last.without_proof].concat();
        let is_right = self.keys.verify_proof(auth_message.as_bytes(), &last.proof);
        if !bool::from(is_right & Choice::from(u8::from(self.is_known))) {
            return Ok(Step::Failed(Failure::Credentials));
        }
        let signature = self.keys.server_signature(auth_message.as_bytes());
        let last = format!("v={}", STANDARD.encode(signature.as_bytes()));
        Ok(authorize(self.user, self.authzid, Some(last.into_bytes()), limits))
    }
}
