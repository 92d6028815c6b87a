//! Records made in code.

use crate::{
    error::{RecordError, RecordErrorKind},
    octets::is_name,
    record::{DualPrefix, Qualifier, Record},
};
use alloc::string::String;
use core::{
    fmt::{self, Write as _},
    net::IpAddr,
};

/// Makes a record term by term. The text is read at the end, so that what comes out keeps the grammar.
///
/// ```
/// use spf::record::{Qualifier, RecordBuilder};
///
/// let mut record = RecordBuilder::new();
/// record.network([192, 0, 2, 0].into(), 24).include("_spf.example.net").all(Qualifier::Fail);
/// assert_eq!(record.build()?.to_string(), "v=spf1 ip4:192.0.2.0/24 include:_spf.example.net -all");
/// # Ok::<(), spf::RecordError>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecordBuilder {
    text: String,
    qualifier: Qualifier,
    /// What is wrong with the first term that says another thing than it was meant to.
    broken: Option<RecordError>,
}

impl Default for RecordBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl RecordBuilder {
    /// Starts a record without terms.
    #[must_use]
    pub fn new() -> Self {
        Self { text: String::from("v=spf1"), qualifier: Qualifier::default(), broken: None }
    }

    fn push(&mut self, term: fmt::Arguments<'_>) -> &mut Self {
        let qualifier = core::mem::take(&mut self.qualifier);
        let at = self.next_at();
        // writing to a String does not fail
        let _ = write!(self.text, " {}{term}", qualifier.as_str());
        // a value must not end its term and begin another
        if self.text.get(at..).is_some_and(|term| term.contains(' ')) {
            self.fail(RecordErrorKind::Octet, at);
        }
        self
    }

    /// Where the next term begins: behind a space.
    fn next_at(&self) -> usize {
        self.text.len().saturating_add(1)
    }

    fn fail(&mut self, kind: RecordErrorKind, at: usize) {
        self.broken.get_or_insert(RecordError { kind, at });
    }

    /// Adds `a` or `mx`. The domain must not bring a prefix length of its own.
    fn addresses(&mut self, name: &str, domain: Option<&str>, prefix: DualPrefix) -> &mut Self {
        let Some(domain) = domain else { return self.push(format_args!("{name}{prefix}")) };
        let at = self.next_at();
        if ends_in_prefix(domain) {
            self.fail(RecordErrorKind::TopLabel, at);
        }
        self.push(format_args!("{name}:{domain}{prefix}"))
    }

    /// Gives the next directive this qualifier.
    pub fn qualified(&mut self, qualifier: Qualifier) -> &mut Self {
        self.qualifier = qualifier;
        self
    }

    /// Adds `all`.
    pub fn all(&mut self, qualifier: Qualifier) -> &mut Self {
        self.qualified(qualifier).push(format_args!("all"))
    }

    /// Adds `ip4` or `ip6`.
    pub fn network(&mut self, address: IpAddr, prefix: u8) -> &mut Self {
        match address {
            IpAddr::V4(address) if prefix == 32 => self.push(format_args!("ip4:{address}")),
            IpAddr::V4(address) => self.push(format_args!("ip4:{address}/{prefix}")),
            IpAddr::V6(address) if prefix == 128 => self.push(format_args!("ip6:{address}")),
            IpAddr::V6(address) => self.push(format_args!("ip6:{address}/{prefix}")),
        }
    }

    /// Adds `include`.
    pub fn include(&mut self, domain: &str) -> &mut Self {
        self.push(format_args!("include:{domain}"))
    }

    /// Adds `a`, of the domain itself where none is given.
    pub fn a(&mut self, domain: Option<&str>, prefix: DualPrefix) -> &mut Self {
        self.addresses("a", domain, prefix)
    }

    /// Adds `mx`, of the domain itself where none is given.
    pub fn mx(&mut self, domain: Option<&str>, prefix: DualPrefix) -> &mut Self {
        self.addresses("mx", domain, prefix)
    }

    /// Adds `ptr`, which should not be published (RFC 7208 §5.5), of the domain itself where none is given.
    pub fn ptr(&mut self, domain: Option<&str>) -> &mut Self {
        match domain {
            Some(domain) => self.push(format_args!("ptr:{domain}")),
            None => self.push(format_args!("ptr")),
        }
    }

    /// Adds `exists`.
    pub fn exists(&mut self, domain: &str) -> &mut Self {
        self.push(format_args!("exists:{domain}"))
    }

    /// Adds a modifier: `redirect`, `exp` or any other. A qualifier that was given is dropped.
    pub fn modifier(&mut self, name: &str, value: &str) -> &mut Self {
        self.qualifier = Qualifier::default();
        let at = self.next_at();
        if !is_name(name.as_bytes()) {
            self.fail(RecordErrorKind::Name, at);
        }
        self.push(format_args!("{name}={value}"))
    }

    /// Reads the record.
    ///
    /// # Errors
    /// The first rule that is broken: a domain or a value was no such thing.
    pub fn build(&self) -> Result<Record, RecordError> {
        match self.broken {
            Some(error) => Err(error),
            None => Record::parse(&self.text),
        }
    }
}

/// Whether a text ends in a slash, or in a slash and digits. No domain does: neither a top label nor a macro ends so.
fn ends_in_prefix(domain: &str) -> bool {
    domain.trim_end_matches(|last: char| last.is_ascii_digit()).ends_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn every_term_can_be_built() {
        let mut builder = RecordBuilder::new();
        builder
            .a(None, DualPrefix::default())
            .a(Some("a.example.com"), DualPrefix { ip4: 24, ip6: 64 })
            .mx(None, DualPrefix { ip4: 32, ip6: 0 })
            .mx(Some("example.com"), DualPrefix::default())
            .network("2001:db8::".parse().unwrap(), 32)
            .network("2001:db8::1".parse().unwrap(), 128)
            .network([192, 0, 2, 1].into(), 32)
            .ptr(None)
            .qualified(Qualifier::SoftFail)
            .ptr(Some("example.com"))
            .qualified(Qualifier::Neutral)
            .exists("%{i}._spf.example.com")
            .modifier("exp", "why.example.com")
            .all(Qualifier::SoftFail);
        assert_eq!(
            builder.build().unwrap().to_string(),
            "v=spf1 a a:a.example.com/24//64 mx//0 mx:example.com ip6:2001:db8::/32 ip6:2001:db8::1 \
             ip4:192.0.2.1 ptr ~ptr:example.com ?exists:%{i}._spf.example.com exp=why.example.com ~all"
        );
    }

    #[test]
    fn what_is_no_term_is_an_error_with_its_place() {
        let error = RecordBuilder::new().include("localhost").build().unwrap_err();
        assert_eq!((error.kind, error.at), (RecordErrorKind::TopLabel, 15));
        let error = RecordBuilder::new().include("a.example +all").build().unwrap_err();
        assert_eq!((error.kind, error.at), (RecordErrorKind::Octet, 7), "a space begins no new term");
        let all = DualPrefix::default();
        let error = RecordBuilder::new().a(Some("a.example/0"), all).build().unwrap_err();
        assert_eq!(
            (error.kind, error.at),
            (RecordErrorKind::TopLabel, 7),
            "no prefix length comes with a domain"
        );
        let prefix = DualPrefix { ip4: 24, ip6: 64 };
        assert!(RecordBuilder::new().mx(Some("a.example//0"), prefix).build().is_err());
        assert!(RecordBuilder::new().mx(Some("a.example/"), prefix).build().is_err());
        assert!(RecordBuilder::new().mx(Some("%{d}/0"), prefix).build().is_err());
        for name in ["a:b", "-all", "ip4:192.0.2.1", "", "1a", "a=b"] {
            let error = RecordBuilder::new().a(None, all).modifier(name, ".example").build().unwrap_err();
            assert_eq!((error.kind, error.at), (RecordErrorKind::Name, 9), "{name} is no modifier's");
        }
        let error = RecordBuilder::new().network([192, 0, 2, 1].into(), 33).build().unwrap_err();
        assert_eq!(error.kind, RecordErrorKind::PrefixLength);
    }
}
