//! The words of the field: methods, results and property types, those that are registered and any other.

use crate::error::WordError;
use alloc::string::String;
use core::fmt;

/// A word of the field's grammar: letters, digits and hyphens, not ending in a hyphen (`Keyword`, RFC 5321
/// §4.1.2). Words are compared and kept in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keyword(String);

impl Keyword {
    /// Reads a word.
    ///
    /// # Errors
    /// [`WordError`] where it is empty, ends in a hyphen or holds another character.
    pub fn parse(text: &str) -> Result<Self, WordError> {
        let is_word = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
        if text.is_empty() || text.ends_with('-') || !text.bytes().all(is_word) {
            return Err(WordError);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The word, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An enumeration of registered words, with a variant for any other.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// A word that is not in the registry as it is known here.
            Other(Keyword),
        }

        impl $name {
            /// Reads the word, in any case.
            ///
            /// # Errors
            /// [`WordError`] where it is no [`Keyword`].
            pub fn parse(text: &str) -> Result<Self, WordError> {
                let word = Keyword::parse(text)?;
                Ok(match word.as_str() {
                    $($word => Self::$variant,)*
                    _ => Self::Other(word),
                })
            }

            /// The word, in lower case.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word.as_str(),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// What was evaluated: the registry "Email Authentication Methods" (RFC 8601 §6.2 and later).
    Method {
        /// An Authenticated Received Chain (RFC 8617).
        Arc = "arc",
        /// SMTP AUTH (RFC 4954).
        Auth = "auth",
        /// A DKIM signature (RFC 6376).
        Dkim = "dkim",
        /// Author Domain Signing Practices (RFC 5617, historic).
        DkimAdsp = "dkim-adsp",
        /// Authorized Third-Party Signatures (RFC 6541).
        DkimAtps = "dkim-atps",
        /// DMARC (RFC 9989).
        Dmarc = "dmarc",
        /// A DNS white list (RFC 8904).
        Dnswl = "dnswl",
        /// DomainKeys (RFC 4870, historic).
        DomainKeys = "domainkeys",
        /// Forward-confirmed reverse DNS (RFC 8601 §3).
        Iprev = "iprev",
        /// Require-Recipient-Valid-Since (RFC 7293).
        Rrvs = "rrvs",
        /// Sender ID (RFC 4406, historic).
        SenderId = "sender-id",
        /// S/MIME (RFC 7281).
        Smime = "smime",
        /// SPF (RFC 7208).
        Spf = "spf",
        /// Vouch by Reference (RFC 6212).
        Vbr = "vbr",
    }
}

words! {
    /// How it came out: the registry "Email Authentication Result Names" (RFC 8601 §2.7, §6.6).
    ResultCode {
        /// There was nothing to evaluate.
        None = "none",
        /// Authenticated.
        Pass = "pass",
        /// Not authenticated.
        Fail = "fail",
        /// Authenticated, but not acceptable by local policy.
        Policy = "policy",
        /// No statement, or none that could be used.
        Neutral = "neutral",
        /// Probably not authorised (SPF).
        SoftFail = "softfail",
        /// A fault that may go away.
        TempError = "temperror",
        /// A fault that stays until somebody mends it.
        PermError = "permerror",
        /// The author domain wants such mail dropped (ADSP).
        Discard = "discard",
        /// The author domain does not exist (ADSP).
        NxDomain = "nxdomain",
        /// Not known (ADSP, RRVS).
        Unknown = "unknown",
        /// The old word for `fail` (RFC 8601 §2.7.2).
        HardFail = "hardfail",
    }
}

words! {
    /// Where a property was taken from: the registry "Email Authentication Property Types" (RFC 8601 §2.3).
    PropertyType {
        /// A parameter of the SMTP session.
        Smtp = "smtp",
        /// A header field.
        Header = "header",
        /// The body.
        Body = "body",
        /// A decision of the receiver.
        Policy = "policy",
        /// The DNS (RFC 8904).
        Dns = "dns",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn words_are_read_in_any_case_and_unknown_ones_kept() {
        assert_eq!(Method::parse("DKIM").unwrap(), Method::Dkim);
        assert_eq!(ResultCode::parse("TempError").unwrap(), ResultCode::TempError);
        let other = Method::parse("X-TLS").unwrap();
        assert_eq!(other, Method::Other(Keyword::parse("x-tls").unwrap()));
        assert_eq!(other.to_string(), "x-tls");
    }

    #[test]
    fn a_word_is_letters_digits_and_hyphens() {
        for text in ["", "-", "a-", "a b", "a.b", "a\r\n", "\u{e4}", "a_b"] {
            assert_eq!(Keyword::parse(text), Err(WordError), "{text:?}");
        }
        assert_eq!(Keyword::parse("-A1").unwrap().as_str(), "-a1");
    }
}
