//! Making a record in code.

use crate::{
    error::{RecordError, UriError},
    policy::{AlignmentMode, FailureOptions, Policy, PublicSuffix},
    record::Record,
    tag::Tag,
    uri::Uri,
};
use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
};

/// Makes a record that is valid by construction.
///
/// ```
/// use dmarc::{AlignmentMode, Policy, RecordBuilder};
///
/// let record = RecordBuilder::new(Policy::Reject)
///     .non_existent_policy(Policy::Reject)
///     .dkim_alignment(AlignmentMode::Strict)
///     .aggregate_reports("mailto:dmarc@example.com")?
///     .build()?;
/// assert_eq!(record.text(), b"v=DMARC1; p=reject; np=reject; adkim=s; rua=mailto:dmarc@example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecordBuilder {
    tags: BTreeMap<Tag, String>,
}

impl RecordBuilder {
    /// Begins with a policy (`p`), and every other tag at its default.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { tags: BTreeMap::new() }.with(Tag::P, policy.as_str())
    }

    fn with(mut self, tag: Tag, value: &str) -> Self {
        self.tags.insert(tag, value.to_string());
        self
    }

    /// Sets the policy for subdomains (`sp`).
    #[must_use]
    pub fn subdomain_policy(self, policy: Policy) -> Self {
        self.with(Tag::Sp, policy.as_str())
    }

    /// Sets the policy for subdomains that do not exist (`np`).
    #[must_use]
    pub fn non_existent_policy(self, policy: Policy) -> Self {
        self.with(Tag::Np, policy.as_str())
    }

    /// Sets how alike the domains of DKIM must be (`adkim`).
    #[must_use]
    pub fn dkim_alignment(self, mode: AlignmentMode) -> Self {
        self.with(Tag::Adkim, mode.letter())
    }

    /// Sets how alike the domains of SPF must be (`aspf`).
    #[must_use]
    pub fn spf_alignment(self, mode: AlignmentMode) -> Self {
        self.with(Tag::Aspf, mode.letter())
    }

    /// Sets whether the domain is a public suffix (`psd`).
    #[must_use]
    pub fn public_suffix(self, public_suffix: PublicSuffix) -> Self {
        self.with(Tag::Psd, public_suffix.letter())
    }

    /// Sets whether the policy is being tested (`t`).
    #[must_use]
    pub fn test(self, is_test: bool) -> Self {
        self.with(Tag::T, if is_test { "y" } else { "n" })
    }

    /// Adds an address for aggregate reports (`rua`).
    ///
    /// # Errors
    /// A [`UriError`] where it is no URI, or has a comma, a semicolon or an exclamation point that is not
    /// percent-encoded.
    pub fn aggregate_reports(self, uri: &str) -> Result<Self, UriError> {
        self.and_address(Tag::Rua, uri)
    }

    /// Adds an address for failure reports (`ruf`), and sets for which messages they are asked (`fo`).
    ///
    /// # Errors
    /// As [`aggregate_reports`](Self::aggregate_reports).
    pub fn failure_reports(self, uri: &str, options: FailureOptions) -> Result<Self, UriError> {
        Ok(self.and_address(Tag::Ruf, uri)?.with(Tag::Fo, &options.to_string()))
    }

    fn and_address(mut self, tag: Tag, uri: &str) -> Result<Self, UriError> {
        let uri = Uri::parse(uri)?;
        let list = self.tags.entry(tag).or_default();
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(uri.as_str());
        Ok(self)
    }

    /// Makes the record. Tags at their default are left out.
    ///
    /// # Errors
    /// [`TooLong`](crate::error::RecordErrorKind::TooLong) where so many addresses were added that no TXT
    /// record holds them.
    pub fn build(&self) -> Result<Record, RecordError> {
        let mut text = String::from("v=DMARC1");
        for (tag, value) in &self.tags {
            text.extend(["; ", tag.as_str(), "=", value]);
        }
        Record::parse(Record::parse(text)?.to_string())
    }
}
