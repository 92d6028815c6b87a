//! A signature as data: what a DKIM-Signature field says (RFC 6376 §3.5).

mod error;
mod identity;
mod names;
mod read;

pub use error::{SignatureError, SignatureErrorKind};
pub use identity::Identity;
pub use names::FieldNames;

pub(crate) use error::tag_rule;
pub(crate) use names::Listed;
pub(crate) use read::{Sketch, read, signature_text, without_space};

use crate::{
    algorithm::{Algorithm, Canonicalization},
    encoding::{decode_quoted_printable, encode_base64, encode_quoted_printable},
};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;
use mail_base::{Name, name::ToAscii};

/// The name of the field that holds a signature.
pub const FIELD_NAME: &str = "DKIM-Signature";

/// What a DKIM-Signature field says.
///
/// [`Display`](fmt::Display) writes the tag list on one line; reading that gives an equal signature. Tags that
/// RFC 6376 and RFC 6651 do not know are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// `a=`: the algorithm.
    pub algorithm: Algorithm,
    /// `b=`: the signature.
    pub signature: Vec<u8>,
    /// `bh=`: the hash of the body.
    pub body_hash: Vec<u8>,
    /// `c=`: the canonical forms.
    pub canonicalization: Canonicalization,
    /// `d=`: the signing domain (SDID).
    pub domain: Name,
    /// `h=`: the fields that are signed.
    pub fields: FieldNames,
    /// `i=`: the agent or user on whose behalf it is signed (AUID), where it is given.
    pub identity: Option<Identity>,
    /// `l=`: how many octets of the canonical body are signed, where not all are.
    pub body_length: Option<u64>,
    /// `s=`: the selector.
    pub selector: Name,
    /// `t=`: when it was made, in seconds since 1970.
    pub timestamp: Option<u64>,
    /// `x=`: when it expires, in seconds since 1970.
    pub expiration: Option<u64>,
    /// `z=`: fields as they were when it was made.
    pub copied_fields: Vec<CopiedField>,
    /// `r=y`: the signer asks for failure reports (RFC 6651 §3.2).
    pub wants_reports: bool,
}

impl Signature {
    /// Reads the value of a DKIM-Signature field, folds and all.
    ///
    /// `to_ascii` reads the U-labels of an internationalised message (RFC 8616 §5); without it they are refused.
    ///
    /// # Errors
    /// A [`SignatureError`] says which rule is broken and at which octet of the value.
    pub fn parse(value: &[u8], to_ascii: Option<ToAscii>) -> Result<Self, SignatureError> {
        read(value, to_ascii).map(|(signature, _)| signature)
    }

    /// `i=`, or what it is where it is not given: any user of `d=` (§3.5).
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity.clone().unwrap_or_else(|| Identity::any(self.domain.clone()))
    }

    fn statement(&self) -> Statement<'_> {
        Statement {
            algorithm: self.algorithm,
            canonicalization: self.canonicalization,
            domain: &self.domain,
            selector: &self.selector,
            identity: self.identity.as_ref(),
            timestamp: self.timestamp,
            expiration: self.expiration,
            body_length: self.body_length,
            wants_reports: self.wants_reports,
            fields: &self.fields,
            copied_fields: &self.copied_fields,
            body_hash: &self.body_hash,
        }
    }
}

/// What a signature says, but for the signature itself; the names are those of [`Signature`].
pub(crate) struct Statement<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) canonicalization: Canonicalization,
    pub(crate) domain: &'a Name,
    pub(crate) selector: &'a Name,
    pub(crate) identity: Option<&'a Identity>,
    pub(crate) timestamp: Option<u64>,
    pub(crate) expiration: Option<u64>,
    pub(crate) body_length: Option<u64>,
    pub(crate) wants_reports: bool,
    pub(crate) fields: &'a FieldNames,
    pub(crate) copied_fields: &'a [CopiedField],
    pub(crate) body_hash: &'a [u8],
}

impl Statement<'_> {
    /// Gives all tags, each in pieces, in the order in which the field has them.
    pub(crate) fn for_each_tag(&self, mut each: impl FnMut(&[&str])) {
        each(&["v=1; a=", self.algorithm.name()]);
        each(&["c=", self.canonicalization.name()]);
        each(&["d=", self.domain.as_str()]);
        each(&["s=", self.selector.as_str()]);
        if let Some(identity) = self.identity {
            each(&["i=", &identity.quoted()]);
        }
        if let Some(timestamp) = self.timestamp {
            each(&["t=", &timestamp.to_string()]);
        }
        if let Some(expiration) = self.expiration {
            each(&["x=", &expiration.to_string()]);
        }
        if let Some(length) = self.body_length {
            each(&["l=", &length.to_string()]);
        }
        if self.wants_reports {
            each(&["r=y"]);
        }
        each(&["h=", self.fields.as_str()]);
        if !self.copied_fields.is_empty() {
            each(&["z=", &quoted_copies(self.copied_fields)]);
        }
        each(&["bh=", &encode_base64(self.body_hash)]);
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut result = Ok(());
        self.statement().for_each_tag(|pieces| {
            result = result.and_then(|()| pieces.iter().try_for_each(|piece| f.write_str(piece)));
            result = result.and_then(|()| f.write_str("; "));
        });
        result?;
        write!(f, "b={}", encode_base64(&self.signature))
    }
}

/// A field as it was when the message was signed. It says nothing that can be relied on (§3.5, `z=`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedField {
    name: String,
    value: Vec<u8>,
}

impl CopiedField {
    /// A copy. `None` where the name is none of a field.
    #[must_use]
    pub fn new(name: &str, value: &[u8]) -> Option<Self> {
        let is_name = |octet: u8| octet.is_ascii_graphic() && octet != b':';
        let valid = !name.is_empty() && name.bytes().all(is_name);
        valid.then(|| Self { name: name.into(), value: value.into() })
    }

    /// The field's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What stood after the colon, decoded: any octets.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// ```text
    /// sig-z-tag-copy = hdr-name [FWS] ":" qp-hdr-value
    /// ```
    ///
    /// Names are written as they are, but for what would end the copy: that some encode, as we do.
    fn parse(copy: &[u8]) -> Option<Self> {
        let colon = copy.iter().position(|&octet| octet == b':')?;
        let (name, value) = copy.split_at_checked(colon)?;
        let name = decode_quoted_printable(name).unwrap_or_else(|_| name.trim_ascii().to_vec());
        let value = decode_quoted_printable(value.get(1..)?).ok()?;
        Self::new(core::str::from_utf8(&name).ok()?, &value)
    }
}

/// Copied fields as a tag value.
fn quoted_copies(copies: &[CopiedField]) -> String {
    let mut text = String::new();
    for copy in copies {
        if !text.is_empty() {
            text.push('|');
        }
        let special = |octet| octet == b'|';
        text.push_str(&encode_quoted_printable(copy.name.as_bytes(), special));
        text.push(':');
        text.push_str(&encode_quoted_printable(&copy.value, special));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use crate::algorithm::Form;
    use SignatureErrorKind as Kind;
    use alloc::{format, vec};
    use mail_base::tags::TagErrorKind;
    use proptest::prelude::*;

    const GOOD: &str = "v=1; a=rsa-sha256; d=example.com; s=sel; h=from; bh=AAAA; b=AAAA";

    fn parse(value: &str) -> Result<Signature, SignatureError> {
        Signature::parse(value.as_bytes(), None)
    }

    fn error(value: &str) -> (SignatureErrorKind, usize) {
        let error = parse(value).unwrap_err();
        (error.kind, error.at)
    }

    /// The good signature with a tag more, and the offset of its value.
    fn with(tag: &str) -> (String, usize) {
        (format!("{GOOD}; {tag}"), GOOD.len() + 2 + tag.find('=').unwrap() + 1)
    }

    #[test]
    fn every_tag_is_read() {
        let signature = parse(
            " v=1; a=ed25519-sha256; c=relaxed/simple; d=Example.COM;\r\n\ts=a.b; i=us=3Der@mail.example.com; t=1; x=2; \
             l=3; r=y; q=http/x:dns/txt; h= From :\r\n to ; z=From:=20a|To:b=7Cc; bh = AA AA; b=/ 9j/;\r\n future=x;",
        )
        .unwrap();
        assert_eq!(signature.algorithm, Algorithm::Ed25519Sha256);
        assert_eq!(signature.canonicalization.to_string(), "relaxed/simple");
        assert_eq!(signature.domain.as_str(), "example.com");
        assert_eq!(signature.selector.as_str(), "a.b");
        assert_eq!(signature.identity.as_ref().unwrap().to_string(), "us=er@mail.example.com");
        assert_eq!(
            (signature.timestamp, signature.expiration, signature.body_length),
            (Some(1), Some(2), Some(3))
        );
        assert!(signature.wants_reports);
        assert_eq!(signature.fields.iter().collect::<Vec<_>>(), ["From", "to"]);
        let copies: Vec<_> = signature.copied_fields.iter().map(|copy| (copy.name(), copy.value())).collect();
        assert_eq!(copies, [("From", &b" a"[..]), ("To", b"b|c")]);
        assert_eq!(
            (&signature.body_hash[..], &signature.signature[..]),
            (&[0, 0, 0][..], &[255, 216, 255][..])
        );
        assert_eq!(Signature::parse(signature.to_string().as_bytes(), None).unwrap(), signature);
    }

    #[test]
    fn copied_fields_may_be_folded_anywhere() {
        // as PHPMailer folds them: after so many characters, whatever they are
        let (value, _) = with("z=From:=20a=\r\n 20b=2\r\n 0c\r\n |Subject:=20d");
        let signature = parse(&value).unwrap();
        let copies: Vec<_> = signature.copied_fields.iter().map(|copy| (copy.name(), copy.value())).collect();
        assert_eq!(copies, [("From", &b" a b c"[..]), ("Subject", b" d")]);
    }

    #[test]
    fn query_methods_that_are_not_known_are_left_out() {
        for list in
            ["dns/txt", "dns/txt : x", "x-1/a=3Ab \r\n c :\tdns/txt\t: y/", "dns:dns/txt", "http/a/b:dns/txt"]
        {
            assert!(parse(&with(&format!("q={list}")).0).is_ok(), "{list}");
        }
    }

    #[test]
    fn defaults_are_those_of_section_3_5() {
        let signature = parse(GOOD).unwrap();
        assert_eq!(signature.canonicalization, Canonicalization::SIMPLE);
        assert_eq!(signature.identity, None);
        assert_eq!(signature.identity().to_string(), "@example.com");
        assert_eq!((signature.timestamp, signature.expiration, signature.body_length), (None, None, None));
        let relaxed = parse(&with("c=relaxed").0).unwrap().canonicalization;
        assert_eq!(relaxed, Canonicalization { header: Form::Relaxed, body: Form::Simple });
    }

    #[test]
    fn every_required_tag_is_required() {
        for name in ["v", "a", "d", "s", "h", "bh", "b"] {
            let rest: Vec<_> =
                GOOD.split("; ").filter(|tag| tag.split_once('=').unwrap().0 != name).collect();
            let value = rest.join("; ");
            assert_eq!(error(&value), (Kind::Missing(name), value.len()), "{value}");
        }
    }

    #[test]
    fn names_of_copied_fields_may_have_any_octet_of_a_name() {
        let copies = parse(&with("z=A=b:c|\r\n D=7CE :=3A|X=Y_=3:z").0).unwrap().copied_fields;
        let copies: Vec<_> = copies.iter().map(|copy| (copy.name(), copy.value())).collect();
        assert_eq!(copies, [("A=b", &b"c"[..]), ("D|E", b":"), ("X=Y_=3", b"z")]);
        assert_eq!(error(&with("z=A=3AB:c").0).0, Kind::CopiedFields, "a colon is no part of a name");
    }

    #[test]
    fn a_bare_cr_is_no_white_space() {
        let bare =
            |value: &str| assert_eq!(error(value), (Kind::Octet, value.find('\r').unwrap()), "{value:?}");
        bare(&GOOD.replace("b=AAAA", "b=AA\rAA"));
        bare(&GOOD.replace("; s=", ";\r s="));
        bare(&format!("{GOOD}\r\r\n n=1"));
        bare(&format!("{GOOD}\r"));
        assert!(parse(&GOOD.replace("; s=", ";\r\n s=")).is_ok());
        assert!(parse(&GOOD.replace("; s=", ";\n s=")).is_ok(), "where the header was cut at line feeds");
    }

    #[test]
    fn no_tag_may_come_twice() {
        for tag in GOOD.split("; ").chain(["c=simple", "i=@example.com", "unknown=1"]) {
            let value = format!("{GOOD}; c=simple; i=@example.com; unknown=1; {tag}");
            assert_eq!(error(&value), (Kind::Duplicate, value.len() - tag.len()), "{tag}");
        }
        assert!(parse(&with("V=2").0).is_ok(), "names are case-sensitive: this is another tag");
    }

    #[test]
    fn broken_values_are_told_with_their_place() {
        for (tag, kind, offset) in [
            ("c=foo", Kind::Canonicalization, 0),
            ("c=simple/", Kind::Canonicalization, 6),
            ("c=simple/relaxed/simple", Kind::Canonicalization, 14),
            ("c=Simple", Kind::Canonicalization, 0),
            ("i=example.com", Kind::Identity, 0),
            ("i=a@b", Kind::Identity, 0),
            ("i=a=0Ab@example.com", Kind::Identity, 0),
            ("i=a@notexample.com", Kind::ForeignIdentity, 0),
            ("i=a@com", Kind::Identity, 0),
            ("i=a@example.org", Kind::ForeignIdentity, 0),
            ("l=", Kind::Number, 0),
            ("l=-1", Kind::Number, 0),
            ("l=1a", Kind::Number, 1),
            ("t=1.5", Kind::Number, 1),
            ("x=0x1", Kind::Number, 1),
            ("q=dns", Kind::Query, 0),
            ("q=http/txt", Kind::Query, 0),
            ("q=dns/txt:", Kind::Query, 7),
            ("q=dns/txt::http/x", Kind::Query, 7),
            ("q=dns/txt:1x", Kind::Query, 7),
            ("q=dns/txt/x", Kind::Query, 0),
            ("q=dns/tx t", Kind::Query, 0),
            ("q=dns/txt:x/=1", Kind::Query, 9),
            ("z=From", Kind::CopiedFields, 0),
            ("z=From:a|", Kind::CopiedFields, 0),
            ("z=From:=1", Kind::CopiedFields, 0),
            ("n=a\u{1}", Kind::Octet, 1),
            ("r=y\u{1}", Kind::Octet, 1),
        ] {
            let (value, at) = with(tag);
            assert_eq!(error(&value), (kind, at + offset), "{tag}");
        }
        for (from, to, kind, offset) in [
            ("v=1", "v=2", Kind::Version, 0),
            ("v=1", "v=", Kind::Version, 0),
            ("a=rsa-sha256", "a=rsa-sha512", Kind::Algorithm, 0),
            ("a=rsa-sha256", "a=RSA-SHA256", Kind::Algorithm, 0),
            ("d=example.com", "d=com", Kind::Domain, 0),
            ("d=example.com", "d=", Kind::Domain, 0),
            ("d=example.com", "d=exa mple.com", Kind::Domain, 0),
            ("d=example.com", "d=example.com.", Kind::Domain, 0),
            ("d=example.com", "d=-a.example.com", Kind::Domain, 0),
            ("d=example.com", "d=bücher.example", Kind::Domain, 0),
            ("s=sel", "s=", Kind::Selector, 0),
            ("s=sel", "s=a..b", Kind::Selector, 0),
            ("h=from", "h=", Kind::Fields, 0),
            ("h=from", "h=from:", Kind::Fields, 4),
            ("h=from", "h=from::to", Kind::Fields, 4),
            ("h=from", "h=from to", Kind::Fields, 4),
            ("bh=AAAA", "bh=", Kind::Base64, 0),
            ("bh=AAAA", "bh=AA*A", Kind::Base64, 2),
            ("b=AAAA", "b=AAAAA", Kind::Base64, 5),
        ] {
            let tags = GOOD.split("; ").map(|tag| if tag == from { to } else { tag });
            let value = tags.collect::<Vec<_>>().join("; ");
            let start = value.find(&format!(" {to}")).map_or(0, |space| space + 1);
            let at = start + to.find('=').unwrap() + 1;
            assert_eq!(error(&value), (kind, at + offset), "{value}");
        }
        assert_eq!(error("v=1; ; a=b"), (Kind::Tag(TagErrorKind::Empty), 5));
        assert_eq!(error("v=1; a"), (Kind::Tag(TagErrorKind::NoValue), 6));
        assert_eq!(error(""), (Kind::Missing("v"), 0));
    }

    #[test]
    fn expiration_must_be_after_the_timestamp_in_either_order() {
        let (value, _) = with("t=10; x=11");
        assert!(parse(&value).is_ok());
        for tags in ["t=10; x=10", "x=9; t=10"] {
            let value = format!("{GOOD}; {tags}");
            assert_eq!(error(&value), (Kind::Expiration, value.find("x=").unwrap() + 2), "{tags}");
        }
    }

    #[test]
    fn numbers_that_are_too_large_are_the_largest() {
        let digits = "9".repeat(76);
        assert_eq!(parse(&with(&format!("l={digits}")).0).unwrap().body_length, Some(u64::MAX));
        let (value, at) = with(&format!("l=9{digits}"));
        assert_eq!(error(&value), (Kind::Number, at));
    }

    #[test]
    fn u_labels_are_read_where_there_is_a_function_for_them() {
        let to_ascii: ToAscii = |text| Name::parse(&text.replace("bücher", "xn--bcher-kva"));
        let value = GOOD.replace("example.com", "bücher.example") + "; i=jürgen@mail.bücher.example";
        let signature = Signature::parse(value.as_bytes(), Some(to_ascii)).unwrap();
        assert_eq!(signature.domain.as_str(), "xn--bcher-kva.example");
        assert_eq!(signature.identity().to_string(), "jürgen@mail.xn--bcher-kva.example");
        assert_eq!(parse(&value).unwrap_err().kind, Kind::Domain);
    }

    #[test]
    fn the_hole_takes_the_white_space_around_the_value() {
        for (value, hole) in [
            ("b=AAAA", "AAAA"),
            ("b=\r\n AAAA", "\r\n AAAA"),
            ("b= AA\r\n\tAA \r\n ; n=1", " AA\r\n\tAA \r\n "),
            ("b=AAAA \r\n\t", "AAAA \r\n\t"),
        ] {
            let value = GOOD.replace("; b=AAAA", &format!("; {value}"));
            let (_, span) = read(value.as_bytes(), None).unwrap();
            assert_eq!(&value[span], hole);
        }
    }

    #[test]
    fn what_cannot_be_read_is_sketched() {
        let value = b"v=1; d=example.com; s=sel; a=rsa-sha256; b=AB\r\n CD*; b=x; ;";
        let sketch = Sketch::read(value, None);
        assert_eq!(sketch.domain.unwrap().as_str(), "example.com");
        assert_eq!(sketch.selector.unwrap().as_str(), "sel");
        assert_eq!(sketch.algorithm, Some(Algorithm::RsaSha256));
        assert_eq!(signature_text(value, 9).as_deref(), Some("ABCD*"));
        assert_eq!(signature_text(value, 3).as_deref(), Some("ABC"));
        assert_eq!(signature_text(b"v=1", 9), None);
    }

    #[test]
    fn nothing_can_be_injected() {
        let names = FieldNames::new(["From", "a:b", "c;d", "e\r\nf", "", "To"]);
        assert_eq!(names.to_string(), "From:To");
        assert_eq!(Identity::new(Some("a\r\nb"), Name::parse("a.b").unwrap()), None);
        assert_eq!(CopiedField::new("a:b", b""), None);
        let mut signature = parse(GOOD).unwrap();
        signature.identity = Identity::new(Some("a; b=\" ü"), Name::parse("example.com").unwrap());
        signature.copied_fields = vec![CopiedField::new("X|Y;", b" ;|=\r\n\0").unwrap()];
        let text = signature.to_string();
        assert!(text.contains("i=a=3B=20b=3D\"=20=C3=BC@example.com;"), "{text}");
        assert!(text.contains("z=X=7CY=3B:=20=3B=7C=3D=0D=0A=00;"), "{text}");
        assert_eq!(parse(&text).unwrap(), signature);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            ed25519: bool,
            forms: (bool, bool),
            octets in (prop::collection::vec(any::<u8>(), 1..80), prop::collection::vec(any::<u8>(), 1..40)),
            names in ("[a-z0-9_]{1,9}(\\.[a-z]{1,5}){1,3}", "[a-z0-9]{1,9}(\\.[a-z]{1,5}){0,2}"),
            fields in prop::collection::vec("[!-9<-~]{1,12}", 1..9),
            local_part in prop::option::of("[^\\p{Cc}]{1,12}"),
            times in (prop::option::of(0..1000_u64), prop::option::of(1000..2000_u64), prop::option::of(any::<u64>())),
            copies in prop::collection::vec(("[!-9;-~]{1,9}", prop::collection::vec(any::<u8>(), 0..20)), 0..4),
            wants_reports: bool,
        ) {
            let form = |relaxed| if relaxed { Form::Relaxed } else { Form::Simple };
            let domain = Name::parse(&names.0).unwrap();
            let signature = Signature {
                algorithm: if ed25519 { Algorithm::Ed25519Sha256 } else { Algorithm::RsaSha256 },
                signature: octets.0,
                body_hash: octets.1,
                canonicalization: Canonicalization { header: form(forms.0), body: form(forms.1) },
                fields: FieldNames::new(fields),
                identity: Identity::new(local_part.as_deref(), domain.clone()),
                domain,
                body_length: times.2,
                selector: Name::parse(&names.1).unwrap(),
                timestamp: times.0,
                expiration: times.1,
                copied_fields: copies.iter().map(|(name, value)| CopiedField::new(name, value).unwrap()).collect(),
                wants_reports,
            };
            prop_assert_eq!(parse(&signature.to_string()), Ok(signature));
        }
    }
}
