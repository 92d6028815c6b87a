//! Reading a signature from the tags of its field (RFC 6376 §3.5).

use super::{CopiedField, FieldNames, Identity, Signature, SignatureError, SignatureErrorKind};
use crate::{algorithm::Algorithm, encoding::decode_base64, grammar, line_ends::bare_cr};
use alloc::{collections::BTreeSet, string::String, vec::Vec};
use core::ops::Range;
use mail_base::{
    Name,
    name::ToAscii,
    tags::{Tag, Tags},
};

/// The tags of a signature, cut out and not yet understood.
#[derive(Default)]
struct Found<'a> {
    version: Option<Tag<'a>>,
    algorithm: Option<Tag<'a>>,
    signature: Option<Tag<'a>>,
    body_hash: Option<Tag<'a>>,
    canonicalization: Option<Tag<'a>>,
    domain: Option<Tag<'a>>,
    fields: Option<Tag<'a>>,
    identity: Option<Tag<'a>>,
    body_length: Option<Tag<'a>>,
    query: Option<Tag<'a>>,
    selector: Option<Tag<'a>>,
    timestamp: Option<Tag<'a>>,
    expiration: Option<Tag<'a>>,
    copied_fields: Option<Tag<'a>>,
    wants_reports: Option<Tag<'a>>,
}

impl<'a> Found<'a> {
    fn place(&mut self, name: &[u8]) -> Option<&mut Option<Tag<'a>>> {
        Some(match name {
            b"v" => &mut self.version,
            b"a" => &mut self.algorithm,
            b"b" => &mut self.signature,
            b"bh" => &mut self.body_hash,
            b"c" => &mut self.canonicalization,
            b"d" => &mut self.domain,
            b"h" => &mut self.fields,
            b"i" => &mut self.identity,
            b"l" => &mut self.body_length,
            b"q" => &mut self.query,
            b"s" => &mut self.selector,
            b"t" => &mut self.timestamp,
            b"x" => &mut self.expiration,
            b"z" => &mut self.copied_fields,
            b"r" => &mut self.wants_reports,
            _ => return None,
        })
    }

    /// Cuts the list. No name may come twice, known or not (§3.2).
    fn cut(&mut self, value: &'a [u8]) -> Result<(), SignatureError> {
        let mut others = BTreeSet::new();
        for tag in Tags::new(value) {
            let tag = tag.map_err(|error| SignatureError {
                kind: SignatureErrorKind::Tag(error.kind),
                at: error.at,
            })?;
            let is_new = match self.place(tag.name) {
                Some(place) => place.replace(tag).is_none(),
                None => {
                    // the rules of the tags that are known are narrower
                    check_octets(&tag)?;
                    others.insert(tag.name)
                }
            };
            if !is_new {
                return Err(SignatureError { kind: SignatureErrorKind::Duplicate, at: tag.at });
            }
        }
        Ok(())
    }
}

/// ```text
/// tag-value = tval *( 1*(WSP / FWS) tval )                 erratum 5070
/// tval      = 1*VALCHAR
/// VALCHAR   = %x21-3A / %x3C-7E                            and what is outside ASCII, RFC 8616 §5
/// ```
fn check_octets(tag: &Tag<'_>) -> Result<(), SignatureError> {
    let is_wrong = |&octet: &u8| (octet < b' ' && !matches!(octet, b'\t' | b'\r' | b'\n')) || octet == 0x7f;
    match tag.value.iter().position(is_wrong) {
        Some(at) => {
            Err(SignatureError { kind: SignatureErrorKind::Octet, at: tag.value_at.saturating_add(at) })
        }
        None => Ok(()),
    }
}

/// Reads a signature, and where the value of `b=` stands with the white space around it.
pub(crate) fn read(
    value: &[u8],
    to_ascii: Option<ToAscii>,
) -> Result<(Signature, Range<usize>), SignatureError> {
    use SignatureErrorKind as Kind;
    // a CR alone folds nothing: it is an octet that stands nowhere in a tag list (§2.8)
    if let Some(at) = bare_cr(value) {
        return Err(SignatureError { kind: Kind::Octet, at });
    }
    let mut found = Found::default();
    found.cut(value)?;
    let missing = |name| SignatureError { kind: Kind::Missing(name), at: value.len() };
    let version = found.version.ok_or(missing("v"))?;
    if version.value != b"1" {
        return Err(error(Kind::Version, &version));
    }
    let algorithm = found.algorithm.ok_or(missing("a"))?;
    let domain = found.domain.ok_or(missing("d"))?;
    let selector = found.selector.ok_or(missing("s"))?;
    let fields = found.fields.ok_or(missing("h"))?;
    let body_hash = found.body_hash.ok_or(missing("bh"))?;
    let signature_tag = found.signature.ok_or(missing("b"))?;

    let signature = Signature {
        algorithm: Algorithm::from_name(algorithm.value).ok_or(error(Kind::Algorithm, &algorithm))?,
        domain: grammar::domain(domain.value, 2, to_ascii).ok_or(error(Kind::Domain, &domain))?,
        selector: grammar::domain(selector.value, 1, to_ascii).ok_or(error(Kind::Selector, &selector))?,
        fields: FieldNames::from_list(by_rule(&fields, Kind::Fields, grammar::field_names)?),
        body_hash: base64(&body_hash)?,
        signature: base64(&signature_tag)?,
        canonicalization: optional(
            found.canonicalization,
            Kind::Canonicalization,
            grammar::canonicalization,
        )?
        .unwrap_or_default(),
        identity: match found.identity {
            Some(tag) => Some(Identity::parse(tag.value, to_ascii).ok_or(error(Kind::Identity, &tag))?),
            None => None,
        },
        body_length: optional(found.body_length, Kind::Number, grammar::number)?,
        timestamp: optional(found.timestamp, Kind::Number, grammar::number)?,
        expiration: optional(found.expiration, Kind::Number, grammar::number)?,
        copied_fields: match found.copied_fields {
            Some(tag) => copied_fields(&tag)?,
            None => Vec::new(),
        },
        wants_reports: match found.wants_reports {
            Some(tag) => check_octets(&tag).map(|()| tag.value == b"y")?,
            None => false,
        },
    };
    if let Some(tag) = found.query
        && optional(Some(tag), Kind::Query, grammar::query_methods)? != Some(true)
    {
        return Err(error(Kind::Query, &tag));
    }
    if let (Some(identity), Some(tag)) = (&signature.identity, &found.identity)
        && !identity.domain().is_within(&signature.domain)
    {
        return Err(error(Kind::ForeignIdentity, tag));
    }
    if let (Some(timestamp), Some(expiration), Some(tag)) =
        (signature.timestamp, signature.expiration, &found.expiration)
        && expiration <= timestamp
    {
        return Err(error(Kind::Expiration, tag));
    }
    Ok((signature, span(value, &signature_tag)))
}

fn error(kind: SignatureErrorKind, tag: &Tag<'_>) -> SignatureError {
    SignatureError { kind, at: tag.value_at }
}

fn by_rule<'a, T>(
    tag: &Tag<'a>,
    kind: SignatureErrorKind,
    rule: impl FnMut(&'a [u8]) -> nom::IResult<&'a [u8], T>,
) -> Result<T, SignatureError> {
    grammar::whole(tag.value, rule).map_err(|at| SignatureError { kind, at: tag.value_at.saturating_add(at) })
}

fn optional<'a, T>(
    tag: Option<Tag<'a>>,
    kind: SignatureErrorKind,
    rule: impl FnMut(&'a [u8]) -> nom::IResult<&'a [u8], T>,
) -> Result<Option<T>, SignatureError> {
    tag.map(|tag| by_rule(&tag, kind, rule)).transpose()
}

fn base64(tag: &Tag<'_>) -> Result<Vec<u8>, SignatureError> {
    let wrong = |at| SignatureError { kind: SignatureErrorKind::Base64, at: tag.value_at.saturating_add(at) };
    let octets = decode_base64(tag.value).map_err(wrong)?;
    if octets.is_empty() { Err(wrong(0)) } else { Ok(octets) }
}

/// ```text
/// sig-z-tag = %x7A [FWS] "=" [FWS] sig-z-tag-copy *( "|" [FWS] sig-z-tag-copy )
/// ```
fn copied_fields(tag: &Tag<'_>) -> Result<Vec<CopiedField>, SignatureError> {
    tag.value
        .split(|&octet| octet == b'|')
        .map(|copy| CopiedField::parse(copy).ok_or(error(SignatureErrorKind::CopiedFields, tag)))
        .collect()
}

/// Where the value of a tag stands with the white space around it: from after the `=` to the `;` or the end.
/// It is what must be taken out of the field before it is hashed (§3.7).
fn span(list: &[u8], tag: &Tag<'_>) -> Range<usize> {
    let is_space = |octet: &&u8| matches!(octet, b' ' | b'\t' | b'\r' | b'\n');
    let end = tag.value_at.saturating_add(tag.value.len());
    let before = list.get(..tag.value_at).unwrap_or(&[]).iter().rev().take_while(is_space).count();
    let after = list.get(end..).unwrap_or(&[]).iter().take_while(is_space).count();
    tag.value_at.saturating_sub(before)..end.saturating_add(after)
}

/// What can be told of a signature that cannot be read as a whole: enough to name it in a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sketch {
    pub(crate) domain: Option<Name>,
    pub(crate) selector: Option<Name>,
    pub(crate) algorithm: Option<Algorithm>,
}

impl Sketch {
    pub(crate) fn read(value: &[u8], to_ascii: Option<ToAscii>) -> Self {
        let mut sketch = Self::default();
        for tag in Tags::new(value).flatten() {
            match tag.name {
                b"d" => sketch.domain = grammar::domain(tag.value, 2, to_ascii),
                b"s" => sketch.selector = grammar::domain(tag.value, 1, to_ascii),
                b"a" => sketch.algorithm = Algorithm::from_name(tag.value),
                _ => {}
            }
        }
        sketch
    }
}

/// The text of `b=`, without white space, or its first characters. `None` where there is none, or what stands
/// there cannot be printed.
pub(crate) fn signature_text(value: &[u8], most: usize) -> Option<String> {
    let tag = Tags::new(value).flatten().find(|tag| tag.name == b"b")?;
    Some(without_space(tag.value, most)).filter(|text| !text.is_empty())
}

/// The first characters of a value, white space not counted.
pub(crate) fn without_space(value: &[u8], most: usize) -> String {
    let mut text = String::with_capacity(value.len().min(most));
    let octets = value.iter().filter(|octet| !octet.is_ascii_whitespace());
    let octets = octets.take_while(|octet| octet.is_ascii_graphic()).take(most);
    text.extend(octets.map(|&octet| char::from(octet)));
    text
}
