//! The server's side.
//!
//! A [`Server`] is set up once. An [`Attempt`] starts an exchange, and from then on a [`Step`] says what is to be
//! done: send a challenge, answer a question, or let the client in or not. What a step holds is consumed by its
//! answer, which gives the next step. The machine never calls back: look the user up as slowly as you like.
//!
//! ```text
//! Challenge   send it, read a line, respond
//! Password    is it right?                          PLAIN, LOGIN
//! Secret      what is the user's?                   CRAM-MD5
//! Keys        what are the user's?                  SCRAM
//! Token       whose is it?                          OAUTHBEARER, XOAUTH2
//! External    who is at the other end?              EXTERNAL
//! Authorize   may the one act as the other?         asked only where they differ
//! Done        this is who it is
//! Failed      and why
//! ```

mod question;

pub use question::{Authorization, ExternalCheck, PasswordCheck, SecretLookup, TokenCheck};

pub(crate) use question::authorize;

use crate::{
    Channel, Hash, Limits, Mechanism, MessageError, MessageErrorKind, Nonce, cram_md5,
    grammar::{safe, text, whole},
    oauth,
    scram::{AwaitClientFinal, AwaitClientFirst, BindingFailure, Decoy, KeysLookup},
    simple,
};
use alloc::{string::String, vec::Vec};

/// What a server offers.
#[derive(Clone, Debug)]
pub struct Server {
    host: String,
    mechanisms: Vec<Mechanism>,
    decoy: Decoy,
    clear_text_without_tls: bool,
    limits: Limits,
}

/// The `AUTH` command that starts an exchange, and what is fresh for it.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    /// The mechanism that the client names.
    pub mechanism: Mechanism,
    /// The initial response, if one came: decoded, and perhaps without octets.
    pub initial: Option<&'a [u8]>,
    /// What the connection is.
    pub channel: &'a Channel,
    /// Never used before; for SCRAM and CRAM-MD5.
    pub nonce: Nonce,
    /// Seconds since 1970; for CRAM-MD5.
    pub now: u64,
}

impl Server {
    /// A server of these mechanisms. Offer those only for which there is something to check against: SCRAM
    /// needs stored keys, CRAM-MD5 the passwords themselves.
    ///
    /// # Errors
    /// Where the host, which CRAM-MD5 puts into its challenges, is no domain name or address literal.
    pub fn new(host: &str, mechanisms: &[Mechanism], decoy: Decoy) -> Result<Self, MessageError> {
        if !cram_md5::is_host(host) {
            return Err(MessageError { kind: MessageErrorKind::Syntax, at: 0 });
        }
        Ok(Self {
            host: host.into(),
            mechanisms: mechanisms.to_vec(),
            decoy,
            clear_text_without_tls: false,
            limits: Limits::default(),
        })
    }

    /// Offers passwords and tokens in clear without TLS too. RFC 4954 §4 has that off unless someone asks for it.
    #[must_use]
    pub fn with_clear_text_without_tls(self, allowed: bool) -> Self {
        Self { clear_text_without_tls: allowed, ..self }
    }

    /// With other limits; of them a server uses [`Limits::message`].
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// What to list on this channel, the strongest first: clear text under TLS only, `-PLUS` where the channel
    /// can be bound.
    pub fn offers(&self, channel: &Channel) -> impl Iterator<Item = Mechanism> {
        Mechanism::ALL.into_iter().filter(|&mechanism| self.refusal(mechanism, channel).is_none())
    }

    fn refusal(&self, mechanism: Mechanism, channel: &Channel) -> Option<Failure> {
        let is_bindable = !channel.bindings().is_empty();
        if !self.mechanisms.contains(&mechanism) || (mechanism.is_bound() && !is_bindable) {
            Some(Failure::NotOffered)
        } else if mechanism.is_clear_text() && !channel.is_tls() && !self.clear_text_without_tls {
            Some(Failure::NeedsTls)
        } else {
            None
        }
    }

    /// Starts an exchange.
    pub fn start(&self, attempt: Attempt<'_>) -> Step {
        if let Some(failure) = self.refusal(attempt.mechanism, attempt.channel) {
            return Step::Failed(failure);
        }
        let initial = attempt.initial;
        let first = self.first_challenge(attempt);
        match initial {
            None => Step::Challenge(first),
            Some(_) if matches!(first.next, Await::CramMd5 { .. }) => {
                Step::Failed(Failure::UnexpectedInitialResponse)
            }
            Some(initial) => first.respond(initial),
        }
    }

    /// The challenge of a server that speaks first, or the empty one that asks for the initial response.
    fn first_challenge(&self, attempt: Attempt<'_>) -> Challenge {
        let (text, next) = match attempt.mechanism {
            Mechanism::Plain => (String::new(), Await::Plain),
            Mechanism::Login => (String::from("Username:"), Await::LoginUser),
            Mechanism::CramMd5 => {
                let challenge = cram_md5::challenge(&attempt.nonce, attempt.now, &self.host);
                (challenge.clone(), Await::CramMd5 { challenge, decoy: self.decoy.clone() })
            }
            Mechanism::XOAuth2 => (String::new(), Await::XOAuth2),
            Mechanism::OAuthBearer => (String::new(), Await::OAuthBearer),
            Mechanism::External => (String::new(), Await::External),
            Mechanism::Anonymous => (String::new(), Await::Anonymous),
            Mechanism::ScramSha1 | Mechanism::ScramSha1Plus => {
                (String::new(), self.scram(Hash::Sha1, attempt))
            }
            Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => {
                (String::new(), self.scram(Hash::Sha256, attempt))
            }
        };
        Challenge { octets: text.into_bytes(), next, limits: self.limits }
    }

    fn scram(&self, hash: Hash, attempt: Attempt<'_>) -> Await {
        let offers_binding = self.mechanisms.iter().any(|mechanism| mechanism.is_bound());
        let bindings = if offers_binding { attempt.channel.bindings().to_vec() } else { Vec::new() };
        let (is_bound, nonce, decoy) = (attempt.mechanism.is_bound(), attempt.nonce, self.decoy.clone());
        Await::ScramFirst(AwaitClientFirst { hash, is_bound, bindings, nonce, decoy })
    }
}

/// What is to be done next.
#[must_use]
#[derive(Debug)]
pub enum Step {
    /// Send it (`334`, `+`), and give the client's line to [`Challenge::respond`].
    Challenge(Challenge),
    /// Is this the password of the user?
    Password(PasswordCheck),
    /// What is the user's password?
    Secret(SecretLookup),
    /// What are the user's keys?
    Keys(KeysLookup),
    /// Whose token is this?
    Token(TokenCheck),
    /// Who is at the other end of the channel?
    External(ExternalCheck),
    /// May the user act as another?
    Authorize(Authorization),
    /// The client is in: `235 2.7.0`, `+OK`.
    Done(Identity),
    /// It is not.
    Failed(Failure),
}

impl Step {
    pub(crate) fn challenge(octets: Vec<u8>, next: Await, limits: Limits) -> Self {
        Self::Challenge(Challenge { octets, next, limits })
    }
}

/// Who has been let in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// A user.
    User {
        /// Whose credentials they were.
        name: String,
        /// As whom the user acts, where that is someone else: the one whose mail it is.
        acting_as: Option<String>,
    },
    /// Nobody in particular. Do not give it what a user gets.
    Anonymous {
        /// What the client wrote for the log; it may be a lie.
        trace: String,
    },
}

/// Why the client is not let in.
///
/// The reply is yours: which codes of RFC 4954 §6 fit stands with each. Tell the client no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The mechanism is not offered, or not on this channel: `504 5.5.4`.
    #[error("the mechanism is not offered")]
    NotOffered,
    /// The mechanism is offered, but under TLS only: `504 5.5.4` too, since RFC 4954 §1 deprecates 538.
    #[error("the mechanism is offered under TLS only")]
    NeedsTls,
    /// An initial response in a mechanism in which the server speaks first: `501 5.7.0`.
    #[error("the mechanism has no initial response")]
    UnexpectedInitialResponse,
    /// A message is not of its form: `501 5.5.2`.
    #[error(transparent)]
    Malformed(#[from] MessageError),
    /// The channel binding does not hold: `535 5.7.8`.
    #[error(transparent)]
    ChannelBinding(#[from] BindingFailure),
    /// The client's nonce is too long, or is not the one of its first message: `535 5.7.8`.
    #[error("the nonce is not that of this exchange")]
    Nonce,
    /// No such user, or a wrong password, proof or token: `535 5.7.8`.
    #[error("the credentials are wrong")]
    Credentials,
    /// The user may not act as the other: `535 5.7.8`.
    #[error("the user may not act as the other")]
    NotAuthorized,
}

/// A challenge to send.
#[derive(Debug)]
pub struct Challenge {
    octets: Vec<u8>,
    next: Await,
    limits: Limits,
}

impl Challenge {
    /// The octets to send; there may be none.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets
    }

    /// Takes the client's response. Where the client cancels, drop the challenge.
    pub fn respond(self, response: &[u8]) -> Step {
        let step = text(response, &self.limits).and_then(|message| self.next.respond(message, self.limits));
        step.unwrap_or_else(|error| Step::Failed(Failure::Malformed(error)))
    }
}

/// What a response is read as.
#[derive(Debug)]
pub(crate) enum Await {
    Plain,
    LoginUser,
    LoginPassword {
        user: String,
    },
    CramMd5 {
        challenge: String,
        decoy: Decoy,
    },
    ScramFirst(AwaitClientFirst),
    ScramFinal(AwaitClientFinal),
    XOAuth2,
    OAuthBearer,
    External,
    Anonymous,
    /// Nothing; then the client is in.
    Success(Identity),
    /// Anything; then it is not.
    Refusal,
}

impl Await {
    fn respond(self, message: &str, limits: Limits) -> Result<Step, MessageError> {
        let step = match self {
            Self::Plain => {
                let plain = whole(simple::plain, message)?;
                Step::Password(PasswordCheck::new(plain.authcid, plain.password, plain.authzid, limits))
            }
            Self::LoginUser => {
                let user = whole(safe, message)?.into();
                Step::challenge(b"Password:".to_vec(), Self::LoginPassword { user }, limits)
            }
            Self::LoginPassword { user } => {
                Step::Password(PasswordCheck::new(&user, whole(safe, message)?, None, limits))
            }
            Self::CramMd5 { challenge, decoy } => {
                let (user, digest) = whole(cram_md5::read_response, message)?;
                Step::Secret(SecretLookup { user, digest, challenge, decoy })
            }
            Self::ScramFirst(next) => next.respond(message, limits)?,
            Self::ScramFinal(next) => next.respond(message, limits)?,
            Self::XOAuth2 => Step::Token(TokenCheck { bearer: whole(oauth::xoauth2, message)?, limits }),
            Self::OAuthBearer => {
                Step::Token(TokenCheck { bearer: whole(oauth::oauthbearer, message)?, limits })
            }
            Self::External => {
                let authzid = whole(simple::external, message)?.map(String::from);
                Step::External(ExternalCheck { authzid, limits })
            }
            Self::Anonymous => {
                let trace = whole(simple::anonymous, message)?.into();
                Step::Done(Identity::Anonymous { trace })
            }
            Self::Success(identity) if message.is_empty() => Step::Done(identity),
            Self::Success(_) => return Err(MessageError { kind: MessageErrorKind::Syntax, at: 0 }),
            Self::Refusal => Step::Failed(Failure::Credentials),
        };
        Ok(step)
    }
}
