//! What a signature shall say and cover.

use super::SignError;
use crate::{
    algorithm::{Algorithm, Canonicalization},
    grammar,
    key_record::key_name_length,
    signature::{FieldNames, Identity},
};
use mail_base::{Name, name::MAX_OCTETS};

/// Fields that a [`Template`] signs and seals by default: signed once more than they are there, so that none
/// can be added (RFC 6376 §8.15). They are what a reader sees or a program acts on.
pub const DEFAULT_OVERSIGNED: &[&str] = &[
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// Fields that a [`Template`] signs by default as often as they are there (RFC 6376 §5.4.1; RFC 8058 §4 for
/// List-Unsubscribe-Post). Mailing lists and mail readers may add their own.
pub const DEFAULT_SIGNED: &[&str] = &[
    "Sender",
    "In-Reply-To",
    "References",
    "Content-ID",
    "Content-Description",
    "Resent-Date",
    "Resent-From",
    "Resent-To",
    "Resent-Cc",
    "List-Id",
    "List-Help",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Subscribe",
    "List-Post",
    "List-Owner",
    "List-Archive",
];

/// What a signature shall say and cover. The defaults are safe: relaxed canonical forms, which survive what
/// relays do; the fields that matter sealed; no body length limit, which there is no way to ask for.
///
/// ```
/// use dkim::{Algorithm, Name, sign::Template};
///
/// let mut template = Template::new(Name::parse("example.com")?, Name::parse("2026")?, Algorithm::RsaSha256);
/// template.lifetime = Some(14 * 24 * 60 * 60);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Template {
    /// `d=`: the signing domain.
    pub domain: Name,
    /// `s=`: the selector of the key.
    pub selector: Name,
    /// `a=`: the algorithm.
    pub algorithm: Algorithm,
    /// `c=`: the canonical forms. Default: relaxed/relaxed.
    pub canonicalization: Canonicalization,
    /// Fields that are signed once more than they are there. Default: [`DEFAULT_OVERSIGNED`].
    pub oversigned: FieldNames,
    /// Fields that are signed as often as they are there. Default: [`DEFAULT_SIGNED`].
    pub signed: FieldNames,
    /// `i=`: on whose behalf it is signed. Default: not said.
    pub identity: Option<Identity>,
    /// `t=`: whether it is said when the signature was made. Default: yes.
    pub timestamp: bool,
    /// `x=`: for how many seconds the signature holds. Default: not said. Mail may be on its way for a week.
    pub lifetime: Option<u64>,
    /// `z=`: whether the signed fields are copied into the signature, to find out later what changed. Default:
    /// no.
    pub copy_fields: bool,
    /// `r=y`: whether failure reports are asked for (RFC 6651 §3.2). Default: no.
    pub wants_reports: bool,
}

impl Template {
    /// A template with the defaults.
    #[must_use]
    pub fn new(domain: Name, selector: Name, algorithm: Algorithm) -> Self {
        Self {
            domain,
            selector,
            algorithm,
            canonicalization: Canonicalization::RELAXED,
            oversigned: FieldNames::new(DEFAULT_OVERSIGNED),
            signed: FieldNames::new(DEFAULT_SIGNED),
            identity: None,
            timestamp: true,
            lifetime: None,
            copy_fields: false,
            wants_reports: false,
        }
    }

    /// Whether a signature by this template can be accepted at all.
    pub(crate) fn check(&self) -> Result<(), SignError> {
        if self.algorithm == Algorithm::RsaSha1 {
            return Err(SignError::Algorithm(self.algorithm));
        }
        if !self.oversigned.contains("from") && !self.signed.contains("from") {
            return Err(SignError::FromNotSigned);
        }
        if !grammar::is_domain(&self.domain, 2) {
            return Err(SignError::Domain);
        }
        if !grammar::is_domain(&self.selector, 1) {
            return Err(SignError::Selector);
        }
        if self.identity.as_ref().is_some_and(|identity| !identity.domain().is_within(&self.domain)) {
            return Err(SignError::ForeignIdentity);
        }
        if key_name_length(&self.selector, &self.domain) > MAX_OCTETS {
            return Err(SignError::KeyName);
        }
        Ok(())
    }
}
