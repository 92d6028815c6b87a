//! The Authentication-Results field (RFC 8601 §2) as data.

use crate::{
    error::{FieldError, WordError},
    grammar,
    words::{Keyword, Method, PropertyType, ResultCode},
};
use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;
use mail_base::{
    fields::{Field, Header},
    lex::is_dot_atom,
    name::ToAscii,
    write::FieldWriter,
};

/// The name of the field.
pub const FIELD_NAME: &str = "Authentication-Results";

/// The name of the field that carries the same along an Authenticated Received Chain (RFC 8617 §4.1.1).
pub const ARC_FIELD_NAME: &str = "ARC-Authentication-Results";

/// What is read besides the grammar of RFC 8601, and how much of it.
///
/// The default is the grammar itself, with erratum 6026 (properties are separated by spaces).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadPolicy {
    /// The most octets of a field. Default: 65,536.
    pub octets: usize,
    /// The most results of a field. Default: 200.
    pub results: usize,
    /// Takes a value as it is up to the next space, semicolon or comment, though it should be in quotes:
    /// `policy.iprev=2001:db8::1` as pyspf and many milters write it, `header.b=ab/c+=`. Where there is none, as in
    /// `smtp.mailfrom= smtp.helo=example.com` and `header.from=;`, it is empty.
    pub allow_unquoted: bool,
    /// Takes properties without a type, `action=none` as Exchange writes it; they are kept with an empty
    /// [`PropertyType`].
    pub allow_untyped: bool,
    /// Takes a semicolon at the end.
    pub allow_trailing_semicolon: bool,
    /// Takes a field that begins with a result, and an authserv-id between results, as Exchange Online writes both.
    /// The first is read with an empty [`authserv_id`](AuthenticationResults::authserv_id), which no service has; the
    /// second is passed over.
    pub allow_misplaced_authserv_id: bool,
}

impl Default for ReadPolicy {
    fn default() -> Self {
        Self {
            octets: 65_536,
            results: 200,
            allow_unquoted: false,
            allow_untyped: false,
            allow_trailing_semicolon: false,
            allow_misplaced_authserv_id: false,
        }
    }
}

impl ReadPolicy {
    /// All that is seen in real mail and can be read in one way only.
    #[must_use]
    pub fn lenient() -> Self {
        Self {
            allow_unquoted: true,
            allow_untyped: true,
            allow_trailing_semicolon: true,
            allow_misplaced_authserv_id: true,
            ..Self::default()
        }
    }
}

/// The results of one authentication service for one message.
///
/// [`Display`](fmt::Display) writes the whole field, folded, without a line end after it.
///
/// ```
/// use auth_results::{AuthenticationResults, Method, ResultCode};
///
/// let value = b" mx.example.net; spf=pass smtp.mailfrom=example.com;\r\n dkim=fail (bad) header.d=example.com";
/// let field = AuthenticationResults::parse(value)?;
/// assert_eq!(field.authserv_id, "mx.example.net");
/// assert_eq!(field.results[1].method, Method::Dkim);
/// assert_eq!(field.results[1].result, ResultCode::Fail);
/// assert_eq!(field.results[1].property("header", "d"), Some("example.com"));
/// # Ok::<(), auth_results::FieldError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationResults {
    /// Who evaluated: a name that the readers of the field know and trust (§2.5).
    pub authserv_id: String,
    /// The version of the field's syntax, where one is given; no version is version 1.
    pub version: Option<u32>,
    /// The results; an empty list is written as `none`.
    pub results: Vec<MethodResult>,
}

impl AuthenticationResults {
    /// A field without results.
    #[must_use]
    pub fn new(authserv_id: &str) -> Self {
        Self { authserv_id: authserv_id.to_owned(), version: None, results: Vec::new() }
    }

    /// Reads the value of a field: all that stands after the colon.
    ///
    /// # Errors
    /// A [`FieldError`] says which rule of RFC 8601 §2.2 is broken, and at which octet.
    pub fn parse(value: &[u8]) -> Result<Self, FieldError> {
        Self::parse_with(value, &ReadPolicy::default())
    }

    /// Reads the value of a field, and with it what `policy` allows besides the grammar.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(value: &[u8], policy: &ReadPolicy) -> Result<Self, FieldError> {
        grammar::parse(value, policy)
    }

    /// Reads the value of an ARC-Authentication-Results field: its instance, and the results.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and where the instance is missing.
    pub fn parse_arc(value: &[u8], policy: &ReadPolicy) -> Result<(u8, Self), FieldError> {
        grammar::parse_arc(value, policy)
    }

    /// The results of one method.
    pub fn of(&self, method: &Method) -> impl Iterator<Item = &MethodResult> {
        self.results.iter().filter(move |result| result.method == *method)
    }

    /// The field as ARC-Authentication-Results with this instance.
    #[must_use]
    pub fn to_arc_field(&self, instance: u8) -> String {
        let mut writer = FieldWriter::new(ARC_FIELD_NAME);
        writer.word(format_args!("i={instance};"));
        self.write(&mut writer);
        writer.finish()
    }

    fn write(&self, writer: &mut FieldWriter) {
        writer.value(&self.authserv_id);
        if let Some(version) = self.version {
            writer.word(version);
        }
        if self.results.is_empty() {
            writer.glue(";").word("none");
        }
        for result in &self.results {
            writer.glue(";").fold();
            result.write(writer);
        }
    }
}

impl fmt::Display for AuthenticationResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = FieldWriter::new(FIELD_NAME);
        self.write(&mut writer);
        f.write_str(&writer.finish())
    }
}

/// The result of one method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodResult {
    /// What was evaluated.
    pub method: Method,
    /// The version of the method, where one is given.
    pub version: Option<u32>,
    /// How it came out.
    pub result: ResultCode,
    /// The comment after the result, without its parentheses, its words one space apart; for people only.
    pub comment: Option<String>,
    /// The reason, for people too.
    pub reason: Option<String>,
    /// What was evaluated or found, in order.
    pub properties: Vec<Property>,
}

impl MethodResult {
    /// A result without properties.
    #[must_use]
    pub fn new(method: Method, result: ResultCode) -> Self {
        Self { method, version: None, result, comment: None, reason: None, properties: Vec::new() }
    }

    /// The same with a comment.
    #[must_use]
    pub fn with_comment(mut self, comment: impl fmt::Display) -> Self {
        self.comment = Some(comment.to_string());
        self
    }

    /// The same with a reason.
    #[must_use]
    pub fn with_reason(mut self, reason: impl fmt::Display) -> Self {
        self.reason = Some(reason.to_string());
        self
    }

    /// The same with one more property: `("header", "d", "example.com")` is written `header.d=example.com`.
    /// A type or a name that is no [`Keyword`] is left out.
    #[must_use]
    pub fn with_property(mut self, ptype: &str, name: &str, value: impl fmt::Display) -> Self {
        self.properties.extend(Property::new(ptype, name, value).ok());
        self
    }

    /// The value of a property, by its type and name in any case.
    #[must_use]
    pub fn property(&self, ptype: &str, name: &str) -> Option<&str> {
        let is_it = |property: &&Property| {
            let has_type =
                property.ptype.as_ref().map_or("", PropertyType::as_str).eq_ignore_ascii_case(ptype);
            has_type && property.name.as_str().eq_ignore_ascii_case(name)
        };
        self.properties.iter().find(is_it).map(|property| property.value.as_str())
    }

    fn write(&self, writer: &mut FieldWriter) {
        writer.word(&self.method);
        if let Some(version) = self.version {
            writer.glue(format_args!("/{version}"));
        }
        writer.glue("=").glue(&self.result);
        if let Some(comment) = &self.comment {
            writer.comment(comment);
        }
        if let Some(reason) = &self.reason {
            writer.word("reason=").join_value(reason);
        }
        for property in &self.properties {
            if let Some(ptype) = &property.ptype {
                writer.word(ptype).glue(".").glue(&property.name);
            } else {
                writer.word(&property.name);
            }
            writer.glue("=");
            if is_address_or_domain(&property.value) {
                writer.glue(&property.value);
            } else {
                writer.join_value(&property.value);
            }
        }
    }
}

/// Whether a value is written without quotes because it is `[[local-part] "@"] domain-name`.
fn is_address_or_domain(value: &str) -> bool {
    let (local, domain) = value.split_once('@').unwrap_or(("", value));
    may_be_local_part(local.as_bytes()) && is_domain(domain.as_bytes())
}

/// Whether octets are `dot-atom-text` (RFC 5322 §3.2.3), or nothing, as the local part of an address may be here.
pub(crate) fn may_be_local_part(octets: &[u8]) -> bool {
    octets.is_empty() || is_dot_atom(octets)
}

/// Whether octets are a `domain-name` (RFC 6376 §3.5), A-labels, U-labels (RFC 8616) or both. Underscores are
/// let through: they stand in names that are really seen.
pub(crate) fn is_domain(octets: &[u8]) -> bool {
    let is_label_octet =
        |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_') || !octet.is_ascii();
    let is_label = |label: &[u8]| !label.is_empty() && label.iter().all(is_label_octet);
    // no control character hides behind the octets outside ASCII
    let is_clean = core::str::from_utf8(octets).is_ok_and(|text| !text.chars().any(char::is_control));
    is_clean && octets.split(|&octet| octet == b'.').all(is_label)
}

/// Something that was evaluated: `header.d=example.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// Where it was taken from; `None` where the field gives no type, which only
    /// [`ReadPolicy::allow_untyped`] reads.
    pub ptype: Option<PropertyType>,
    /// Its name.
    pub name: Keyword,
    /// Its value, without quotes.
    pub value: String,
}

impl Property {
    /// A property of this type, name and value.
    ///
    /// # Errors
    /// [`WordError`] where the type or the name is no [`Keyword`].
    pub fn new(ptype: &str, name: &str, value: impl fmt::Display) -> Result<Self, WordError> {
        let ptype = PropertyType::parse(ptype)?;
        Ok(Self { ptype: Some(ptype), name: Keyword::parse(name)?, value: value.to_string() })
    }
}

/// Whether two authserv-ids name the same service: equal in any case, or equal domain names once their U-labels
/// are A-labels (RFC 8601 §2.5, §5).
#[must_use]
pub fn is_same_authserv_id(one: &str, other: &str, to_ascii: Option<ToAscii>) -> bool {
    if one.eq_ignore_ascii_case(other) {
        return true;
    }
    match to_ascii {
        Some(to_ascii) => matches!((to_ascii(one), to_ascii(other)), (Ok(one), Ok(other)) if one == other),
        None => false,
    }
}

/// The fields that a border server must remove: those that claim to be its own (RFC 8601 §5), and those whose
/// authserv-id cannot be read, which might be taken for one by a laxer reader.
pub fn fields_to_remove<'a>(
    header: &'a Header,
    authserv_id: &'a str,
    to_ascii: Option<ToAscii>,
) -> impl Iterator<Item = Field<'a>> {
    header.fields().filter(|field| field.is_named(FIELD_NAME)).filter(
        move |field| match grammar::authserv_id(field.value()) {
            Ok(claimed) => is_same_authserv_id(&claimed, authserv_id, to_ascii),
            Err(_) => true,
        },
    )
}

/// The field to trust: the top-most one of this authserv-id that can be read (RFC 8601 §4.1). Fields of other
/// services say nothing, and nor does one below: what is not the service's own was there before it. A field without an
/// authserv-id is nobody's, even where the one asked for is empty.
#[must_use]
pub fn trusted_field(
    header: &Header,
    authserv_id: &str,
    policy: &ReadPolicy,
    to_ascii: Option<ToAscii>,
) -> Option<AuthenticationResults> {
    header
        .fields()
        .filter(|field| field.is_named(FIELD_NAME))
        .filter_map(|field| AuthenticationResults::parse_with(field.value(), policy).ok())
        .find(|field| {
            field.version.is_none_or(|version| version == 1)
                && !field.authserv_id.is_empty()
                && is_same_authserv_id(&field.authserv_id, authserv_id, to_ascii)
        })
}
