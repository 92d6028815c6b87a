use crate::{
    Limits, Mechanism, MessageError, Prepared, Secret, cram_md5,
    grammar::text,
    line::LineError,
    scram::{AwaitServerFinal, AwaitServerFirst, ServerError},
};
use alloc::vec::Vec;

/// The client's side of one exchange, made by [`Choice::client`](crate::Choice::client).
///
/// Every method that moves it consumes it and gives the next one, so that no message is sent twice and no
/// challenge is answered out of turn.
///
/// ```text
/// start    -> an initial response for the command, or none
/// respond  -> for every challenge (334, +): what to send
/// finish   -> when the server says that we are in (235, +OK): whether to believe it
/// ```
///
/// On an error, cancel: send [`line::CANCEL`](crate::line::CANCEL).
#[derive(Clone, Debug)]
pub struct Client {
    mechanism: Mechanism,
    state: State,
    limits: Limits,
}

#[derive(Clone, Debug)]
enum State {
    /// The client speaks first, and has not yet.
    Opening {
        response: Secret,
        next: Next,
    },
    Waiting(Next),
}

/// Who speaks first.
pub(crate) enum Start {
    /// The client, this.
    Client(Secret, Next),
    /// The server.
    Server(Next),
}

/// What the client waits for.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    /// Success or failure; there is nothing left to say.
    Outcome,
    LoginUser {
        user: Prepared,
        password: Prepared,
    },
    LoginPassword {
        password: Prepared,
    },
    CramMd5 {
        user: Prepared,
        password: Prepared,
    },
    ScramFirst(AwaitServerFirst),
    ScramFinal(AwaitServerFinal),
    /// The outcome, or an error that is to be answered with this.
    Token {
        answer: &'static [u8],
    },
    /// Failure. The server has said why.
    TokenRefused(Vec<u8>),
}

impl Client {
    pub(crate) fn new(mechanism: Mechanism, start: Start, limits: Limits) -> Self {
        let state = match start {
            Start::Client(response, next) => State::Opening { response, next },
            Start::Server(next) => State::Waiting(next),
        };
        Self { mechanism, state, limits }
    }

    /// The mechanism, to be named in the command.
    #[must_use]
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The initial response that goes out with the command: none where the server speaks first, and none
    /// where it has more than `room` octets, so that it has to wait for an empty challenge (RFC 4954 §4, RFC
    /// 5034 §4). There may be one without octets, which is not the same as none.
    #[must_use]
    pub fn start(self, room: usize) -> (Option<Secret>, Self) {
        match self.state {
            State::Opening { response, next } if response.as_bytes().len() <= room => {
                (Some(response), Self { state: State::Waiting(next), ..self })
            }
            _ => (None, self),
        }
    }

    /// Whether the next challenge only says that it is our turn. Some servers put a remark there that is not
    /// even base64: it need not be decoded.
    #[must_use]
    pub fn ignores_challenge(&self) -> bool {
        matches!(
            self.state,
            State::Opening { .. } | State::Waiting(Next::LoginUser { .. } | Next::LoginPassword { .. })
        )
    }

    /// Answers a challenge.
    ///
    /// # Errors
    /// Where the challenge is not what the mechanism allows, or the server is not to be trusted with an answer.
    pub fn respond(self, challenge: &[u8]) -> Result<(Secret, Self), ClientError> {
        let (mechanism, limits) = (self.mechanism, self.limits);
        let (response, next) = match self.state {
            State::Opening { response, next } => (response, next),
            State::Waiting(next) => next.respond(challenge, &limits)?,
        };
        Ok((response, Self { mechanism, state: State::Waiting(next), limits }))
    }

    /// Takes the server's word that the exchange has succeeded, with the additional data of protocols that can
    /// send some (SMTP and POP3 cannot).
    ///
    /// # Errors
    /// Where it cannot have: the exchange was not at its end, or, in SCRAM, the server has not shown that it
    /// knows the password. Then it is an impostor: hang up.
    pub fn finish(self, additional_data: Option<&[u8]>) -> Result<(), ClientError> {
        match (self.state, additional_data) {
            (State::Waiting(Next::Outcome | Next::Token { .. }), None) => Ok(()),
            (State::Waiting(Next::ScramFinal(next)), Some(data)) => next.verify(text(data, &self.limits)?),
            (State::Waiting(Next::ScramFinal(_) | Next::ScramFirst(_)), _) => Err(ClientError::NotVerified),
            (_, Some(_)) => Err(ClientError::UnexpectedData),
            (_, None) => Err(ClientError::TooEarly),
        }
    }

    /// What the server has against the token, in JSON (RFC 7628 §3.2.2), once it has been answered.
    #[must_use]
    pub fn refusal(&self) -> Option<&[u8]> {
        match &self.state {
            State::Waiting(Next::TokenRefused(error)) => Some(error),
            _ => None,
        }
    }
}

impl Next {
    fn respond(self, challenge: &[u8], limits: &Limits) -> Result<(Secret, Self), ClientError> {
        let message = text(challenge, limits);
        match self {
            // the challenges of LOGIN are prompts, and each server has its own
            Self::LoginUser { user, password } => {
                Ok((Secret::from(user.as_str()), Self::LoginPassword { password }))
            }
            Self::LoginPassword { password } => Ok((Secret::from(password.as_str()), Self::Outcome)),
            Self::CramMd5 { user, password } => {
                let challenge = message?;
                if challenge.is_empty() {
                    return Err(ClientError::EmptyChallenge);
                }
                let secret = password.as_str().as_bytes();
                Ok((cram_md5::response(user.as_str(), challenge.as_bytes(), secret), Self::Outcome))
            }
            Self::ScramFirst(next) => {
                let (response, next) = next.respond(message?)?;
                Ok((response, Self::ScramFinal(next)))
            }
            // RFC 5802 erratum 2689: what comes as a challenge is answered with nothing
            Self::ScramFinal(next) => {
                next.verify(message?)?;
                Ok((Secret::default(), Self::Outcome))
            }
            Self::Token { answer } => Ok((Secret::new(answer), Self::TokenRefused(message?.into()))),
            Self::Outcome | Self::TokenRefused(_) => Err(ClientError::UnexpectedChallenge),
        }
    }
}

/// Why a client does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The challenge is not base64.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The challenge is not of its form.
    #[error(transparent)]
    Malformed(#[from] MessageError),
    /// A challenge came when there was nothing left to say.
    #[error("the server goes on asking")]
    UnexpectedChallenge,
    /// The server gives nothing to digest.
    #[error("the challenge is empty")]
    EmptyChallenge,
    /// Success came with data, in a mechanism that has none.
    #[error("the server sent more than the mechanism has")]
    UnexpectedData,
    /// Success came before the exchange was over.
    #[error("the server claims success too early")]
    TooEarly,
    /// SCRAM: success came from a server that has not shown that it knows the password.
    #[error("the server claims success and has not shown that it knows the password")]
    NotVerified,
    /// SCRAM: the server's signature is wrong: it does not know the password.
    #[error("the server does not know the password")]
    ServerSignature,
    /// SCRAM: the server's nonce does not begin with ours, or adds nothing to it.
    #[error("the server's nonce does not follow from ours")]
    Nonce,
    /// SCRAM: the salt is shorter than [`MIN_SALT`](crate::MIN_SALT).
    #[error("the server's salt is too short")]
    Salt,
    /// SCRAM: the server asks for fewer or more iterations than [`Limits`] allow.
    #[error("the server asks for {asked} iterations")]
    Iterations {
        /// How many.
        asked: u32,
    },
    /// SCRAM: the server refuses, and says why.
    #[error("the server refuses: {0}")]
    Refused(ServerError),
}
