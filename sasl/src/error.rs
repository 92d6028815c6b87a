/// What is wrong with a message of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at octet {at})")]
pub struct MessageError {
    /// The rule that is broken.
    pub kind: MessageErrorKind,
    /// The offset, in octets, in the message.
    pub at: usize,
}

/// The rules of the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageErrorKind {
    /// More octets than [`Limits::message`](crate::Limits::message), or than a field may have.
    #[error("the message is too long")]
    TooLong,
    /// The message is not UTF-8.
    #[error("the message is not UTF-8")]
    Encoding,
    /// Something else should stand here.
    #[error("the message is not what the mechanism wants")]
    Syntax,
    /// An identity, password or nonce is empty.
    #[error("a field of the message is empty")]
    Empty,
    /// Not base64 in its one canonical form.
    #[error("the message has bad base64")]
    Base64,
    /// SCRAM's `m=`, which nobody understands yet and which MUST end the exchange (RFC 5802 §5.1).
    #[error("the message has a mandatory extension")]
    MandatoryExtension,
}
