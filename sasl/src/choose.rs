use crate::{
    Channel, Client, Credentials, Limits, Mechanism, Nonce, Prepared, Secret,
    client::{Next, Start},
    credentials::Kinds,
    oauth::Bearer,
    scram,
    simple::Plain,
};
use alloc::{string::String, vec::Vec};

/// Which mechanisms a client is willing to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Send a password or a token over a channel that is not TLS: everybody on the way can read it. Off, as
    /// RFC 4616 §5 and RFC 7628 §3 want it. Some servers inside closed networks offer nothing else.
    pub clear_text_without_tls: bool,
    /// Use nothing but what is bound to the TLS channel: a man in the middle is noticed even where the
    /// certificate is not checked, and so is one who shortens the server's list. Off, because few servers
    /// offer it.
    pub require_channel_binding: bool,
    /// Mechanisms not to use: one that has just failed, for example, so that the next can be tried.
    pub avoid: Vec<Mechanism>,
}

impl Policy {
    /// The same with or without passwords and tokens in clear.
    #[must_use]
    pub fn with_clear_text_without_tls(self, clear_text_without_tls: bool) -> Self {
        Self { clear_text_without_tls, ..self }
    }

    /// The same with or without mechanisms that are not bound to the channel.
    #[must_use]
    pub fn with_required_channel_binding(self, require_channel_binding: bool) -> Self {
        Self { require_channel_binding, ..self }
    }

    /// The same without one more mechanism.
    #[must_use]
    pub fn avoiding(mut self, mechanism: Mechanism) -> Self {
        self.avoid.push(mechanism);
        self
    }

    /// The strongest mechanism that the server offers, that the credentials fit, and that is allowed on this
    /// channel. Names that are not known are passed over.
    ///
    /// Over a channel that can be bound, SCRAM without `-PLUS` tells the server that it did not offer `-PLUS`,
    /// so that a server that did notices that someone changed its list (RFC 5802 §6). Give the whole list
    /// therefore, not the part that you like.
    ///
    /// # Errors
    /// Says whether nothing is in common, or what is would be against the policy.
    pub fn choose<'a>(
        &self,
        offered: impl IntoIterator<Item = &'a str>,
        credentials: &Credentials,
        channel: &Channel,
    ) -> Result<Choice, ChooseError> {
        let offered: Vec<Mechanism> = offered.into_iter().filter_map(Mechanism::parse).collect();
        let server_binds = offered.iter().any(|mechanism| mechanism.is_bound());
        let mut refusal = ChooseError::NothingInCommon;
        for mechanism in Mechanism::ALL {
            if !offered.contains(&mechanism) || self.avoid.contains(&mechanism) {
                continue;
            }
            let Some(plan) = Plan::new(mechanism, credentials, channel, server_binds) else { continue };
            if mechanism.is_clear_text() && !channel.is_tls() && !self.clear_text_without_tls {
                refusal = ChooseError::ClearText;
            } else if self.require_channel_binding && !mechanism.is_bound() {
                refusal = ChooseError::NotBound;
            } else {
                return Ok(Choice { mechanism, plan });
            }
        }
        Err(refusal)
    }
}

/// Why there is no mechanism to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChooseError {
    /// The server offers nothing that the credentials fit.
    #[error("the server offers no mechanism that can be used")]
    NothingInCommon,
    /// What the server offers would send the password or token in clear over a channel that is not TLS.
    #[error("the server offers nothing but clear text, and there is no TLS")]
    ClearText,
    /// What the server offers is not bound to the channel, and it has to be.
    #[error("the server offers nothing that is bound to the TLS channel")]
    NotBound,
}

/// A mechanism that was chosen, with all that it needs but a nonce.
#[derive(Clone, Debug)]
pub struct Choice {
    mechanism: Mechanism,
    plan: Plan,
}

impl Choice {
    /// The mechanism.
    #[must_use]
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The client's side of one exchange. The nonce must never have been used before; only SCRAM sends it.
    #[must_use]
    pub fn client(self, nonce: Nonce, limits: &Limits) -> Client {
        Client::new(self.mechanism, self.plan.start(nonce, limits), *limits)
    }
}

/// What each mechanism starts from.
#[derive(Clone, Debug)]
enum Plan {
    Plain { authzid: Option<String>, user: Prepared, password: Prepared },
    Login { user: Prepared, password: Prepared },
    CramMd5 { user: Prepared, password: Prepared },
    Scram(scram::Opening),
    OAuthBearer(Bearer),
    XOAuth2(Bearer),
    External { authzid: Option<String> },
    Anonymous { trace: String },
}

impl Plan {
    /// None where the credentials or the channel do not fit the mechanism.
    fn new(
        mechanism: Mechanism,
        credentials: &Credentials,
        channel: &Channel,
        server_binds: bool,
    ) -> Option<Self> {
        let authzid = credentials.authzid.clone();
        let acts_as_self = authzid.is_none();
        match (credentials.kind.clone(), mechanism) {
            (Kinds::Password { user, password }, Mechanism::Plain) => {
                Some(Self::Plain { authzid, user, password })
            }
            (Kinds::Password { user, password }, Mechanism::Login) if acts_as_self => {
                Some(Self::Login { user, password })
            }
            (Kinds::Password { user, password }, Mechanism::CramMd5) if acts_as_self => {
                Some(Self::CramMd5 { user, password })
            }
            (Kinds::Password { user, password }, _) => {
                let hash = mechanism.scram_hash()?;
                let binding = binding(mechanism, channel, server_binds)?;
                Some(Self::Scram(scram::Opening { hash, binding, authzid, user, password }))
            }
            (Kinds::Bearer(bearer), Mechanism::OAuthBearer) if acts_as_self => {
                Some(Self::OAuthBearer(bearer))
            }
            (Kinds::Bearer(bearer), Mechanism::XOAuth2) if acts_as_self => Some(Self::XOAuth2(bearer)),
            (Kinds::External, Mechanism::External) => Some(Self::External { authzid }),
            (Kinds::Anonymous { trace }, Mechanism::Anonymous) if acts_as_self => {
                Some(Self::Anonymous { trace })
            }
            _ => None,
        }
    }

    fn start(self, nonce: Nonce, limits: &Limits) -> Start {
        match self {
            Self::Plain { authzid, user, password } => {
                let authzid = authzid.as_deref();
                let message = Plain { authzid, authcid: user.as_str(), password: password.as_str() };
                Start::Client(message.write(), Next::Outcome)
            }
            Self::Login { user, password } => Start::Server(Next::LoginUser { user, password }),
            Self::CramMd5 { user, password } => Start::Server(Next::CramMd5 { user, password }),
            Self::Scram(opening) => {
                let (first, next) = opening.start(nonce, limits);
                Start::Client(first, Next::ScramFirst(next))
            }
            Self::OAuthBearer(bearer) => {
                Start::Client(bearer.write_oauthbearer(), Next::Token { answer: b"\x01" })
            }
            Self::XOAuth2(bearer) => Start::Client(bearer.write_xoauth2(), Next::Token { answer: b"" }),
            Self::External { authzid } => {
                Start::Client(Secret::from(&*authzid.unwrap_or_default()), Next::Outcome)
            }
            Self::Anonymous { trace } => Start::Client(Secret::from(&*trace), Next::Outcome),
        }
    }
}

/// What to say of channel binding (RFC 5802 §6). None where the mechanism needs one and the channel has none.
fn binding(mechanism: Mechanism, channel: &Channel, server_binds: bool) -> Option<scram::Binding> {
    match channel.bindings().first() {
        Some(binding) if mechanism.is_bound() => Some(scram::Binding::Bound(binding.clone())),
        None if mechanism.is_bound() => None,
        Some(_) if !server_binds => Some(scram::Binding::ServerCannot),
        // where the server can and the policy avoids it, to say that the server cannot would be a lie
        _ => Some(scram::Binding::Unsupported),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ChannelBinding;
    use Mechanism::*;

    const EVERYTHING: [&str; 12] = [
        "LOGIN",
        "PLAIN",
        "CRAM-MD5",
        "SCRAM-SHA-1",
        "SCRAM-SHA-256",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256-PLUS",
        "XOAUTH2",
        "OAUTHBEARER",
        "EXTERNAL",
        "ANONYMOUS",
        "NTLM",
    ];

    fn password() -> Credentials {
        Credentials::password(Prepared::ascii("tim").unwrap(), Prepared::ascii("pencil").unwrap())
    }

    fn bound() -> Channel {
        Channel::Tls(alloc::vec![ChannelBinding::tls_exporter([7; 32])])
    }

    fn chosen(
        offered: &[&str],
        credentials: &Credentials,
        channel: &Channel,
    ) -> Result<Mechanism, ChooseError> {
        Policy::default()
            .choose(offered.iter().copied(), credentials, channel)
            .map(|choice| choice.mechanism())
    }

    /// What the client says first.
    fn opening(policy: &Policy, offered: &[&str], channel: &Channel) -> String {
        let choice = policy.choose(offered.iter().copied(), &password(), channel).unwrap();
        let (first, _) = choice.client(Nonce::parse("abc").unwrap(), &Limits::default()).start(1000);
        String::from_utf8(first.unwrap().as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn the_strongest_mechanism_that_fits_is_chosen() {
        let tls = Channel::Tls(Vec::new());
        assert_eq!(chosen(&EVERYTHING, &password(), &bound()), Ok(ScramSha256Plus));
        assert_eq!(chosen(&EVERYTHING, &password(), &tls), Ok(ScramSha256));
        assert_eq!(chosen(&["SCRAM-SHA-256", "SCRAM-SHA-1-PLUS"], &password(), &bound()), Ok(ScramSha1Plus));
        assert_eq!(chosen(&["plain", "scram-sha-1"], &password(), &tls), Ok(ScramSha1));
        assert_eq!(chosen(&["LOGIN", "PLAIN", "CRAM-MD5"], &password(), &tls), Ok(CramMd5));
        assert_eq!(chosen(&["LOGIN", "PLAIN"], &password(), &tls), Ok(Plain));
        assert_eq!(chosen(&["LOGIN"], &password(), &tls), Ok(Login));
        assert_eq!(chosen(&EVERYTHING, &Credentials::bearer("tim", "t").unwrap(), &tls), Ok(OAuthBearer));
        assert_eq!(
            chosen(&["PLAIN", "XOAUTH2"], &Credentials::bearer("tim", "t").unwrap(), &tls),
            Ok(XOAuth2)
        );
        assert_eq!(chosen(&EVERYTHING, &Credentials::external(), &tls), Ok(External));
        assert_eq!(chosen(&EVERYTHING, &Credentials::anonymous("").unwrap(), &Channel::Clear), Ok(Anonymous));
        assert_eq!(chosen(&["NTLM", "GSSAPI"], &password(), &tls), Err(ChooseError::NothingInCommon));
        assert_eq!(chosen(&["XOAUTH2"], &password(), &tls), Err(ChooseError::NothingInCommon));
        assert_eq!(chosen(&[], &password(), &tls), Err(ChooseError::NothingInCommon));
    }

    #[test]
    fn nothing_goes_in_clear_without_tls_unless_told() {
        let bearer = Credentials::bearer("tim", "t").unwrap();
        assert_eq!(chosen(&["PLAIN", "LOGIN"], &password(), &Channel::Clear), Err(ChooseError::ClearText));
        assert_eq!(
            chosen(&["OAUTHBEARER", "XOAUTH2"], &bearer, &Channel::Clear),
            Err(ChooseError::ClearText)
        );
        assert_eq!(chosen(&["PLAIN", "CRAM-MD5"], &password(), &Channel::Clear), Ok(CramMd5));
        let told = Policy::default().with_clear_text_without_tls(true);
        let choice = told.choose(["PLAIN"], &password(), &Channel::Clear).unwrap();
        assert_eq!(choice.mechanism(), Plain);
    }

    #[test]
    fn one_who_acts_as_another_needs_a_mechanism_that_says_so() {
        let tls = Channel::Tls(Vec::new());
        let as_boss = password().acting_as("boss").unwrap();
        assert_eq!(chosen(&["LOGIN", "PLAIN", "CRAM-MD5"], &as_boss, &tls), Ok(Plain));
        assert_eq!(chosen(&["LOGIN", "CRAM-MD5"], &as_boss, &tls), Err(ChooseError::NothingInCommon));
        let anonymous = Credentials::anonymous("").unwrap().acting_as("boss").unwrap();
        assert_eq!(chosen(&EVERYTHING, &anonymous, &tls), Err(ChooseError::NothingInCommon));
    }

    #[test]
    fn binding_can_be_required_and_mechanisms_avoided() {
        let required = Policy::default().with_required_channel_binding(true);
        let choose = |policy: &Policy, offered: &[&str]| {
            policy.choose(offered.iter().copied(), &password(), &bound()).map(|choice| choice.mechanism())
        };
        assert_eq!(choose(&required, &["SCRAM-SHA-256", "PLAIN"]), Err(ChooseError::NotBound));
        assert_eq!(choose(&required, &EVERYTHING), Ok(ScramSha256Plus));
        let avoiding = Policy::default().avoiding(ScramSha256Plus).avoiding(ScramSha1Plus);
        assert_eq!(choose(&avoiding, &EVERYTHING), Ok(ScramSha256));
    }

    /// RFC 5802 §6.
    #[test]
    fn the_flag_of_channel_binding_tells_the_truth() {
        let policy = Policy::default();
        assert_eq!(opening(&policy, &EVERYTHING, &bound()), "p=tls-exporter,,n=tim,r=abc");
        assert_eq!(opening(&policy, &["SCRAM-SHA-256"], &bound()), "y,,n=tim,r=abc");
        assert_eq!(opening(&policy, &EVERYTHING, &Channel::Tls(Vec::new())), "n,,n=tim,r=abc");
        assert_eq!(opening(&policy, &["SCRAM-SHA-256"], &Channel::Clear), "n,,n=tim,r=abc");
        let avoiding = Policy::default().avoiding(ScramSha256Plus).avoiding(ScramSha1Plus);
        assert_eq!(opening(&avoiding, &EVERYTHING, &bound()), "n,,n=tim,r=abc");
    }
}
