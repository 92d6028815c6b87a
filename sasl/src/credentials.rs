use crate::{
    MessageError, MessageErrorKind as Kind, Prepared, Secret,
    oauth::{Bearer, is_token},
    simple::MAX_TRACE,
};
use alloc::string::String;

/// What a client can show, and as whom it wants to act.
///
/// What is built cannot break a message: no field holds a NUL, nor what its mechanism uses as a separator.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub(crate) kind: Kinds,
    /// The identity to act as, if it is another.
    pub(crate) authzid: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kinds {
    Password { user: Prepared, password: Prepared },
    Bearer(Bearer),
    External,
    Anonymous { trace: String },
}

impl Credentials {
    /// A user name and a password: SCRAM, CRAM-MD5, PLAIN, LOGIN.
    #[must_use]
    pub fn password(user: Prepared, password: Prepared) -> Self {
        Self { kind: Kinds::Password { user, password }, authzid: None }
    }

    /// An OAuth 2.0 token for the user: OAUTHBEARER, XOAUTH2.
    ///
    /// # Errors
    /// Where the user is empty or has a control character, or the token is not visible ASCII.
    pub fn bearer(user: &str, token: &str) -> Result<Self, MessageError> {
        check_name(user)?;
        if !is_token(token) {
            let at = token.bytes().position(|octet| !octet.is_ascii_graphic()).unwrap_or(0);
            return Err(MessageError { kind: if token.is_empty() { Kind::Empty } else { Kind::Syntax }, at });
        }
        let bearer = Bearer { user: Some(user.into()), token: Secret::from(token), ..Bearer::default() };
        Ok(Self { kind: Kinds::Bearer(bearer), authzid: None })
    }

    /// Whoever the channel says, by a client certificate for one: EXTERNAL.
    #[must_use]
    pub fn external() -> Self {
        Self { kind: Kinds::External, authzid: None }
    }

    /// Nobody, and a word for the server's log, perhaps empty: ANONYMOUS.
    ///
    /// # Errors
    /// Where the trace has more than 255 characters (RFC 4505 §2) or a control character.
    pub fn anonymous(trace: &str) -> Result<Self, MessageError> {
        if trace.chars().count() > MAX_TRACE {
            return Err(MessageError { kind: Kind::TooLong, at: trace.len() });
        }
        check_controls(trace)?;
        Ok(Self { kind: Kinds::Anonymous { trace: trace.into() }, authzid: None })
    }

    /// To act as someone else: PLAIN, SCRAM and EXTERNAL can say so, and no other mechanism is then chosen.
    ///
    /// # Errors
    /// Where the identity is empty or has a control character.
    pub fn acting_as(self, authzid: &str) -> Result<Self, MessageError> {
        check_name(authzid)?;
        Ok(Self { authzid: Some(authzid.into()), ..self })
    }

    /// The host and port that the client connected to: OAUTHBEARER sends them (RFC 7628 §3.1).
    ///
    /// # Errors
    /// Where the host is not visible ASCII.
    pub fn connected_to(mut self, host: &str, port: u16) -> Result<Self, MessageError> {
        if let Some(at) = host.bytes().position(|octet| !octet.is_ascii_graphic()) {
            return Err(MessageError { kind: Kind::Syntax, at });
        }
        if let Kinds::Bearer(bearer) = &mut self.kind {
            bearer.host = Some(host.into());
            bearer.port = Some(port);
        }
        Ok(self)
    }
}

fn check_name(name: &str) -> Result<(), MessageError> {
    if name.is_empty() {
        return Err(MessageError { kind: Kind::Empty, at: 0 });
    }
    check_controls(name)
}

fn check_controls(text: &str) -> Result<(), MessageError> {
    match text.find(char::is_control) {
        Some(at) => Err(MessageError { kind: Kind::Syntax, at }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_break_a_message_is_refused() {
        let refused = |result: Result<Credentials, MessageError>| {
            let error = result.unwrap_err();
            (error.kind, error.at)
        };
        assert_eq!(refused(Credentials::bearer("", "t")), (Kind::Empty, 0));
        assert_eq!(refused(Credentials::bearer("a\u{1}b", "t")), (Kind::Syntax, 1));
        assert_eq!(refused(Credentials::bearer("a", "")), (Kind::Empty, 0));
        assert_eq!(refused(Credentials::bearer("a", "t t")), (Kind::Syntax, 1));
        assert_eq!(refused(Credentials::anonymous("a\n")), (Kind::Syntax, 1));
        assert_eq!(refused(Credentials::anonymous(&"a".repeat(256))), (Kind::TooLong, 256));
        assert_eq!(refused(Credentials::external().acting_as("")), (Kind::Empty, 0));
        assert_eq!(refused(Credentials::external().acting_as("a\0")), (Kind::Syntax, 1));
        let bearer = Credentials::bearer("a", "t").unwrap();
        assert_eq!(refused(bearer.connected_to("a\u{1}b", 25)), (Kind::Syntax, 1));
    }

    #[test]
    fn secrets_are_not_printed() {
        let text = |credentials: Credentials| alloc::format!("{credentials:?}");
        let password =
            Credentials::password(Prepared::ascii("tim").unwrap(), Prepared::ascii("pencil").unwrap());
        assert!(!text(password).contains("pencil"));
        assert!(!text(Credentials::bearer("tim", "ya29").unwrap()).contains("ya29"));
    }
}
