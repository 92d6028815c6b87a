use crate::Hash;
use core::fmt;

/// A mechanism.
///
/// The order is that of strength on the wire, the weakest first: what binds to the TLS channel before what
/// does not, what never sends the password before what does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// No identity at all, RFC 4505.
    Anonymous,
    /// The password in clear, in two lines; never standardised.
    Login,
    /// The password in clear, RFC 4616.
    Plain,
    /// HMAC-MD5 over a challenge, RFC 2195. The server keeps the password itself.
    CramMd5,
    /// A bearer token, as Google and Microsoft had it before RFC 7628.
    XOAuth2,
    /// A bearer token, RFC 7628.
    OAuthBearer,
    /// SCRAM with SHA-1, RFC 5802.
    ScramSha1,
    /// SCRAM with SHA-256, RFC 7677.
    ScramSha256,
    /// SCRAM with SHA-1, bound to the TLS channel.
    ScramSha1Plus,
    /// SCRAM with SHA-256, bound to the TLS channel.
    ScramSha256Plus,
    /// Whoever the channel below says, by a client certificate for one: RFC 4422 appendix A.
    External,
}

impl Mechanism {
    /// All of them, the strongest first.
    pub const ALL: [Self; 11] = [
        Self::External,
        Self::ScramSha256Plus,
        Self::ScramSha1Plus,
        Self::ScramSha256,
        Self::ScramSha1,
        Self::OAuthBearer,
        Self::XOAuth2,
        Self::CramMd5,
        Self::Plain,
        Self::Login,
        Self::Anonymous,
    ];

    /// The name, as it stands in `AUTH` and in the list of a server.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "ANONYMOUS",
            Self::Login => "LOGIN",
            Self::Plain => "PLAIN",
            Self::CramMd5 => "CRAM-MD5",
            Self::XOAuth2 => "XOAUTH2",
            Self::OAuthBearer => "OAUTHBEARER",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::External => "EXTERNAL",
        }
    }

    /// The mechanism of that name, in whatever case (RFC 4954 §3, RFC 5034 §4).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    /// Whether a listener learns the password or the token itself.
    #[must_use]
    pub fn is_clear_text(self) -> bool {
        matches!(self, Self::Plain | Self::Login | Self::XOAuth2 | Self::OAuthBearer)
    }

    /// Whether it is bound to the TLS channel.
    #[must_use]
    pub fn is_bound(self) -> bool {
        matches!(self, Self::ScramSha1Plus | Self::ScramSha256Plus)
    }

    /// The hash, if it is one of the SCRAM family.
    #[must_use]
    pub fn scram_hash(self) -> Option<Hash> {
        match self {
            Self::ScramSha1 | Self::ScramSha1Plus => Some(Hash::Sha1),
            Self::ScramSha256 | Self::ScramSha256Plus => Some(Hash::Sha256),
            _ => None,
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case_and_no_other_name_is() {
        for mechanism in Mechanism::ALL {
            assert_eq!(Mechanism::parse(mechanism.name()), Some(mechanism));
            assert_eq!(Mechanism::parse(&mechanism.name().to_ascii_lowercase()), Some(mechanism));
        }
        assert_eq!(Mechanism::parse("DIGEST-MD5"), None);
        assert_eq!(Mechanism::parse("PLAIN "), None);
        assert_eq!(Mechanism::parse(""), None);
    }

    #[test]
    fn the_list_is_in_the_order_of_strength() {
        assert!(Mechanism::ALL.is_sorted_by(|stronger, weaker| stronger > weaker));
    }
}
