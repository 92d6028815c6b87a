use crate::{Secret, grammar::BindingFlag};
use alloc::{string::String, vec::Vec};

/// `client-first-message`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFirst<'a> {
    /// As sent: it comes again in `c=`.
    pub(super) gs2_header: &'a str,
    pub(super) flag: BindingFlag<'a>,
    pub(super) authzid: Option<String>,
    /// As sent: it is part of the AuthMessage.
    pub(super) bare: &'a str,
    pub(super) user: String,
    pub(super) nonce: &'a str,
}

/// `server-first-message`, or the error that a server may send in its place (erratum 5271).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ServerFirst<'a> {
    Salted { nonce: &'a str, salt: Vec<u8>, iterations: u32 },
    Error(ServerError),
}

/// `client-final-message`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFinal<'a> {
    /// As sent: it is part of the AuthMessage.
    pub(super) without_proof: &'a str,
    /// In base64, as sent: there is one right way to write it.
    pub(super) channel_binding: &'a str,
    pub(super) nonce: &'a str,
    pub(super) proof: Secret,
}

/// `server-final-message`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ServerFinal {
    Verifier(Secret),
    Error(ServerError),
}

/// Why a server says that it refuses, the `server-error-value` of RFC 5802 §7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The message was not well formed.
    #[error("invalid-encoding")]
    InvalidEncoding,
    /// An extension with `m=`.
    #[error("extensions-not-supported")]
    ExtensionsNotSupported,
    /// The password is wrong.
    #[error("invalid-proof")]
    InvalidProof,
    /// The two ends see different TLS channels.
    #[error("channel-bindings-dont-match")]
    ChannelBindingsDontMatch,
    /// The client thought that the server cannot bind, and it can (erratum 5580).
    #[error("server-does-support-channel-binding")]
    ServerDoesSupportChannelBinding,
    /// The server cannot bind.
    #[error("channel-binding-not-supported")]
    ChannelBindingNotSupported,
    /// The server cannot bind by this type.
    #[error("unsupported-channel-binding-type")]
    UnsupportedChannelBindingType,
    /// There is no such user.
    #[error("unknown-user")]
    UnknownUser,
    /// The user name is not UTF-8, or SASLprep refuses it.
    #[error("invalid-username-encoding")]
    InvalidUsernameEncoding,
    /// The server is out of something.
    #[error("no-resources")]
    NoResources,
    /// Anything else, known to nobody or not told.
    #[error("other-error")]
    Other,
}

impl ServerError {
    pub(super) fn parse(value: &str) -> Self {
        match value {
            "invalid-encoding" => Self::InvalidEncoding,
            "extensions-not-supported" => Self::ExtensionsNotSupported,
            "invalid-proof" => Self::InvalidProof,
            "channel-bindings-dont-match" => Self::ChannelBindingsDontMatch,
            "server-does-support-channel-binding" => Self::ServerDoesSupportChannelBinding,
            "channel-binding-not-supported" => Self::ChannelBindingNotSupported,
            "unsupported-channel-binding-type" => Self::UnsupportedChannelBindingType,
            "unknown-user" => Self::UnknownUser,
            "invalid-username-encoding" => Self::InvalidUsernameEncoding,
            "no-resources" => Self::NoResources,
            _ => Self::Other,
        }
    }
}
