use super::{Await, Failure, Identity, Step};
use crate::{Limits, Secret, cram_md5, oauth::Bearer, scram::Decoy};
use alloc::{string::String, vec::Vec};
use core::fmt;
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

/// The question whether a password is the user's (PLAIN, LOGIN).
///
/// Name and password are as the client sent them: prepare both before they are compared (RFC 4616 §2), as
/// [`Prepared`](crate::Prepared) does. Compare in constant time, for example with
/// [`StoredKeys::verify_password`](crate::StoredKeys::verify_password).
pub struct PasswordCheck {
    user: String,
    password: Zeroizing<String>,
    authzid: Option<String>,
    limits: Limits,
}

impl PasswordCheck {
    pub(super) fn new(user: &str, password: &str, authzid: Option<&str>, limits: Limits) -> Self {
        let authzid = authzid.map(String::from);
        Self { user: user.into(), password: Zeroizing::new(password.into()), authzid, limits }
    }

    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The answer.
    pub fn answer(self, is_right: bool) -> Step {
        if is_right {
            authorize(self.user, self.authzid, None, self.limits)
        } else {
            Step::Failed(Failure::Credentials)
        }
    }
}

/// Without the password.
impl fmt::Debug for PasswordCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordCheck").field("user", &self.user).finish_non_exhaustive()
    }
}

/// The question for the user's password itself (CRAM-MD5).
#[derive(Debug)]
pub struct SecretLookup {
    pub(super) user: String,
    pub(super) digest: Secret,
    pub(super) challenge: String,
    pub(super) decoy: Decoy,
}

impl SecretLookup {
    /// The user.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The answer: the password, or that there is no such user, which fails as a wrong one does.
    pub fn answer(self, password: Option<&[u8]>) -> Step {
        let is_known = Choice::from(u8::from(password.is_some()));
        let password = password.unwrap_or(self.decoy.key().as_bytes());
        let is_right = cram_md5::digest(self.challenge.as_bytes(), password).ct_eq(&self.digest);
        if bool::from(is_known & is_right) {
            Step::Done(Identity::User { name: self.user, acting_as: None })
        } else {
            Step::Failed(Failure::Credentials)
        }
    }
}

/// The question whose a token is, and whether it is good here (OAUTHBEARER, XOAUTH2).
#[derive(Debug)]
pub struct TokenCheck {
    pub(super) bearer: Bearer,
    pub(super) limits: Limits,
}

impl TokenCheck {
    /// As whom the client wants to act, if it says so.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.bearer.user.as_deref()
    }

    /// The token. It is empty where the client only asks what kind is wanted (RFC 7628 §4.3): then refuse.
    #[must_use]
    pub fn token(&self) -> &[u8] {
        self.bearer.token.as_bytes()
    }

    /// The host to which the client believes it has connected. Where it says so, it must be a name of this
    /// server (RFC 7628 §3.2).
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.bearer.host.as_deref()
    }

    /// The port, likewise.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.bearer.port
    }

    /// The token is good, and `owner` is whose it is. No token is never good.
    pub fn accept(self, owner: &str) -> Step {
        if self.token().is_empty() {
            return Step::Failed(Failure::Credentials);
        }
        authorize(owner.into(), self.bearer.user, None, self.limits)
    }

    /// The token is not good. The error is for the client, in JSON (RFC 7628 §3.2.2):
    /// `{"status":"invalid_token","scope":"mail"}`. It is sent as a challenge, and whatever the client answers,
    /// the exchange fails.
    pub fn refuse(self, error: &str) -> Step {
        Step::challenge(error.as_bytes().to_vec(), Await::Refusal, self.limits)
    }
}

/// The question who is at the other end of the channel (EXTERNAL): the name in the client's certificate, the
/// user behind a local socket.
#[derive(Debug)]
pub struct ExternalCheck {
    pub(super) authzid: Option<String>,
    pub(super) limits: Limits,
}

impl ExternalCheck {
    /// As whom the client wants to act, if it says so.
    #[must_use]
    pub fn authzid(&self) -> Option<&str> {
        self.authzid.as_deref()
    }

    /// The answer: the name that the channel has established, or that it has established none.
    pub fn answer(self, name: Option<&str>) -> Step {
        match name {
            Some(name) => authorize(name.into(), self.authzid, None, self.limits),
            None => Step::Failed(Failure::Credentials),
        }
    }
}

/// The question whether a user, whose credentials are right, may act as another.
#[derive(Debug)]
pub struct Authorization {
    name: String,
    acting_as: String,
    last_challenge: Option<Vec<u8>>,
    limits: Limits,
}

impl Authorization {
    /// The user.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As whom the user wants to act.
    #[must_use]
    pub fn acting_as(&self) -> &str {
        &self.acting_as
    }

    /// The answer.
    pub fn answer(self, is_allowed: bool) -> Step {
        if is_allowed {
            let identity = Identity::User { name: self.name, acting_as: Some(self.acting_as) };
            admit(identity, self.last_challenge, self.limits)
        } else {
            Step::Failed(Failure::NotAuthorized)
        }
    }
}

/// The credentials are right: who acts as someone else is asked about, who does not is let in. SCRAM has one more
/// challenge to send.
pub(crate) fn authorize(
    name: String,
    authzid: Option<String>,
    last_challenge: Option<Vec<u8>>,
    limits: Limits,
) -> Step {
    match authzid {
        Some(acting_as) if acting_as != name => {
            Step::Authorize(Authorization { name, acting_as, last_challenge, limits })
        }
        _ => admit(Identity::User { name, acting_as: None }, last_challenge, limits),
    }
}

fn admit(identity: Identity, last_challenge: Option<Vec<u8>>, limits: Limits) -> Step {
    match last_challenge {
        Some(octets) => Step::challenge(octets, Await::Success(identity), limits),
        None => Step::Done(identity),
    }
}
