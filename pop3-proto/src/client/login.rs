//! Which way to log in.

use super::Client;
use thiserror::Error;

/// What the caller can log in with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Means<'m> {
    /// The SASL mechanisms that there are credentials for, the strongest first.
    pub mechanisms: &'m [&'m str],
    /// The greeting has a challenge that is a well-formed message identifier, so that it is safe to answer
    /// (CVE-2007-1558), and there is a secret.
    pub apop: bool,
    /// There is a name and a password.
    pub password: bool,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login<'m> {
    /// AUTH with this mechanism.
    Sasl(&'m str),
    /// APOP
    Apop,
    /// USER and PASS
    UserPass,
}

/// There is no way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The server and the caller have no way in common.
    #[error("there is no way to log in that both sides know")]
    NothingInCommon,
    /// They have one, which needs TLS; see [`ClientConfig`](super::ClientConfig) for those who know better.
    #[error("the only ways to log in need TLS")]
    NeedsTls,
}

/// Whether a mechanism tells the server, and whoever listens, all that it takes to log in again.
pub(super) fn is_clear_text(mechanism: &str) -> bool {
    ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"].iter().any(|name| name.eq_ignore_ascii_case(mechanism))
}

impl Client {
    /// The strongest way to log in that the server offers and the [`ClientConfig`](super::ClientConfig) allows:
    /// SASL without telling the password, APOP, SASL with telling it, USER and PASS.
    ///
    /// # Errors
    /// A [`LoginError`] where there is none.
    pub fn choose_login<'m>(&self, means: &Means<'m>) -> Result<Login<'m>, LoginError> {
        let is_offered = |mechanism: &&&str| {
            self.capabilities.mechanisms().any(|offered| offered.eq_ignore_ascii_case(mechanism))
        };
        let offered = || means.mechanisms.iter().filter(is_offered).copied();
        let opaque = offered().find(|mechanism| !is_clear_text(mechanism)).map(Login::Sasl);
        let apop = means.apop.then_some(Login::Apop);
        let clear = offered().find(|mechanism| is_clear_text(mechanism)).map(Login::Sasl);
        // a server that tells no capabilities is one of old, and those have USER
        let has_user = self.capabilities.has("USER") || self.capabilities.iter().next().is_none();
        let password = (means.password && has_user).then_some(Login::UserPass);

        let ways = [opaque, apop, clear, password];
        let mut ways = ways.into_iter().flatten().peekable();
        if ways.peek().is_none() {
            return Err(LoginError::NothingInCommon);
        }
        ways.find(|way| self.allows(*way)).ok_or(LoginError::NeedsTls)
    }

    fn allows(&self, login: Login<'_>) -> bool {
        let config = &self.config;
        self.is_tls
            || match login {
                Login::Sasl(mechanism) => config.password_in_clear || !is_clear_text(mechanism),
                Login::Apop => config.apop_in_clear,
                Login::UserPass => config.password_in_clear,
            }
    }
}
