use super::{
    Hash, grammar,
    keys::Keys,
    record::{ServerFinal, ServerFirst},
};
use crate::{
    ChannelBinding, ClientError, Limits, MIN_SALT, Nonce, Prepared, Secret,
    grammar::{escape, whole},
};
use alloc::{format, string::String};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What a client says of channel binding (RFC 5802 §6).
#[derive(Clone, Debug)]
pub(crate) enum Binding {
    /// `n`: it cannot.
    Unsupported,
    /// `y`: it could, but the server does not offer to.
    ServerCannot,
    /// `p=`.
    Bound(ChannelBinding),
}

/// What the client's first message is made of.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) hash: Hash,
    pub(crate) binding: Binding,
    pub(crate) authzid: Option<String>,
    pub(crate) user: Prepared,
    pub(crate) password: Prepared,
}

/// The first message is sent; the server's is awaited.
#[derive(Clone, Debug)]
pub(crate) struct AwaitServerFirst {
    opening: Opening,
    nonce: Nonce,
    gs2_header: String,
    bare: String,
    limits: Limits,
}

impl Opening {
    /// `client-first-message`.
    pub(crate) fn start(self, nonce: Nonce, limits: &Limits) -> (Secret, AwaitServerFirst) {
        let flag = match &self.binding {
            Binding::Unsupported => String::from("n"),
            Binding::ServerCannot => String::from("y"),
            Binding::Bound(binding) => format!("p={}", binding.kind().name()),
        };
        let authzid = self.authzid.as_deref().map(|authzid| format!("a={}", escape(authzid)));
        let gs2_header = format!("{flag},{},", authzid.unwrap_or_default());
        let bare = format!("n={},r={nonce}", escape(self.user.as_str()));
        let first = Secret::concat(&[gs2_header.as_bytes(), bare.as_bytes()]);
        (first, AwaitServerFirst { opening: self, nonce, gs2_header, bare, limits: *limits })
    }
}

impl AwaitServerFirst {
    /// Takes `server-first-message`, gives `client-final-message`.
    pub(crate) fn respond(self, message: &str) -> Result<(Secret, AwaitServerFinal), ClientError> {
        let (nonce, salt, iterations) = match whole(grammar::server_first, message)? {
            ServerFirst::Salted { nonce, salt, iterations } => (nonce, salt, iterations),
            ServerFirst::Error(error) => return Err(ClientError::Refused(error)),
        };
        // §5.1: it MUST begin with ours; and one that adds nothing of its own lets old exchanges be replayed
        if nonce.strip_prefix(self.nonce.as_str()).is_none_or(str::is_empty) {
            return Err(ClientError::Nonce);
        }
        if salt.len() < MIN_SALT {
            return Err(ClientError::Salt);
        }
        if iterations < self.limits.min_iterations || iterations > self.limits.max_iterations {
            return Err(ClientError::Iterations { asked: iterations });
        }
        let Opening { hash, binding, password, .. } = &self.opening;
        let without_proof = format!("c={},r={nonce}", channel_binding(&self.gs2_header, binding));
        let auth_message = format!("{},{message},{without_proof}", self.bare);
        let keys = Keys::derive(*hash, password, &salt, iterations);
        let client_signature = hash.hmac(keys.stored_key.as_bytes(), auth_message.as_bytes());
        let proof = STANDARD.encode(keys.client_key.xor(client_signature.as_bytes()).as_bytes());
        let server_signature = hash.hmac(keys.server_key.as_bytes(), auth_message.as_bytes());
        let last = Secret::concat(&[without_proof.as_bytes(), b",p=", proof.as_bytes()]);
        Ok((last, AwaitServerFinal { server_signature }))
    }
}

/// The value of `c=`: `cbind-input = gs2-header [ cbind-data ]`, in base64.
fn channel_binding(gs2_header: &str, binding: &Binding) -> String {
    let data = match binding {
        Binding::Bound(binding) => binding.data(),
        Binding::Unsupported | Binding::ServerCannot => &[],
    };
    STANDARD.encode([gs2_header.as_bytes(), data].concat())
}

/// The proof is sent; the server has to show that it knew the keys.
#[derive(Clone, Debug)]
pub(crate) struct AwaitServerFinal {
    server_signature: Secret,
}

impl AwaitServerFinal {
    /// Takes `server-final-message`.
    pub(crate) fn verify(self, message: &str) -> Result<(), ClientError> {
        match whole(grammar::server_final, message)? {
            ServerFinal::Error(error) => Err(ClientError::Refused(error)),
            ServerFinal::Verifier(signature) if signature == self.server_signature => Ok(()),
            ServerFinal::Verifier(_) => Err(ClientError::ServerSignature),
        }
    }
}
