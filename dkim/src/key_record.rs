//! A key record as data: what the TXT record of a selector says (RFC 6376 §3.6.1).

use crate::{
    algorithm::{HashAlgorithm, KeyType},
    backend::PublicKey,
    der,
    encoding::{decode_base64, decode_qp_section, encode_base64, encode_quoted_printable},
    grammar,
    signature::tag_rule,
};
use alloc::{collections::BTreeSet, string::String, vec::Vec};
use core::fmt;
use mail_base::{
    Name,
    name::NameError,
    tags::{Tag, TagErrorKind, Tags},
};

/// What the TXT record of a selector says.
///
/// [`Display`](fmt::Display) writes the record; reading that gives an equal one. Tags, hash algorithms,
/// services and flags that are not known are not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRecord {
    /// `k=`: the kind of key; `None` where it is none that is known.
    pub key_type: Option<KeyType>,
    /// `p=`: the key itself, as the kind of key wants it. Nothing where the key is revoked.
    pub public_key: Vec<u8>,
    /// `h=`: the hash algorithms that the key may be used with, where not all.
    pub hashes: Option<Vec<HashAlgorithm>>,
    /// `s=`: whether the key is for e-mail: `*` or `email`.
    pub for_email: bool,
    /// `t=y`: the domain only tests DKIM; what fails must be treated as if it were not signed.
    pub testing: bool,
    /// `t=s`: the domain of `i=` must be `d=` itself.
    pub strict: bool,
    /// `n=`: a note for a person.
    pub notes: Option<String>,
}

impl KeyRecord {
    /// A record for this key, for e-mail, with nothing else said.
    #[must_use]
    pub fn new(key_type: KeyType, public_key: Vec<u8>) -> Self {
        Self {
            key_type: Some(key_type),
            public_key,
            hashes: None,
            for_email: true,
            testing: false,
            strict: false,
            notes: None,
        }
    }

    /// A record for a public key that is there as numbers, such as a key module gives: RSA keys are published as
    /// SubjectPublicKeyInfo, as nearly everyone does (errata 3017, 7001), Ed25519 keys as they are (RFC 8463 §4).
    #[must_use]
    pub fn of(key: &PublicKey<'_>) -> Self {
        let octets = match *key {
            PublicKey::Rsa { modulus, exponent } => der::put_rsa_public_key(modulus, exponent),
            PublicKey::Ed25519(octets) => octets.to_vec(),
        };
        Self::new(key.key_type(), octets)
    }

    /// Reads the octets of a TXT record.
    ///
    /// # Errors
    /// A [`KeyRecordError`] says which rule is broken and at which octet.
    pub fn parse(record: &[u8]) -> Result<Self, KeyRecordError> {
        use KeyRecordErrorKind as Kind;
        let found = Found::cut(record)?;
        let Some(public_key) = found.public_key else {
            return Err(KeyRecordError { kind: Kind::NoKey, at: record.len() });
        };
        let key_type = match found.key_type {
            None => Some(KeyType::Rsa),
            Some(tag) => match by_rule(&tag, Kind::KeyType, grammar::hyphenated_word)? {
                b"rsa" => Some(KeyType::Rsa),
                b"ed25519" => Some(KeyType::Ed25519),
                _ => None,
            },
        };
        let hashes = match found.hashes {
            None => None,
            Some(tag) => {
                let mut known = Vec::new();
                words(&tag, Kind::Hashes, |word| match word {
                    b"sha256" => known.push(HashAlgorithm::Sha256),
                    b"sha1" => known.push(HashAlgorithm::Sha1),
                    _ => {}
                })?;
                Some(known)
            }
        };
        let mut for_email = found.services.is_none();
        if let Some(tag) = found.services {
            words(&tag, Kind::Services, |word| for_email |= word == b"*" || word == b"email")?;
        }
        let (mut testing, mut strict) = (false, false);
        // an empty list of flags is written by some, and says nothing
        if let Some(tag) = found.flags.filter(|tag| !tag.value.is_empty()) {
            words(&tag, Kind::Flags, |word| {
                testing |= word == b"y";
                strict |= word == b"s";
            })?;
        }
        let public_key = decode_base64(public_key.value).map_err(|at| KeyRecordError {
            kind: Kind::Base64,
            at: public_key.value_at.saturating_add(at),
        })?;
        // a note that cannot be read is for nobody: it does not take the key with it
        let notes = found.notes.and_then(|tag| String::from_utf8(decode_qp_section(tag.value).ok()?).ok());
        Ok(Self { key_type, public_key, hashes, for_email, testing, strict, notes })
    }

    /// Whether the key was taken back: `p=` is empty.
    #[must_use]
    pub fn is_revoked(&self) -> bool {
        self.public_key.is_empty()
    }

    /// Whether the key may be used with this hash.
    #[must_use]
    pub fn allows(&self, hash: HashAlgorithm) -> bool {
        self.hashes.as_ref().is_none_or(|hashes| hashes.contains(&hash))
    }

    /// The record as the data of a TXT record in a zone file: strings in quotes, of at most 255 octets each.
    ///
    /// ```
    /// # use dkim::{algorithm::KeyType, key_record::KeyRecord};
    /// let record = KeyRecord::new(KeyType::Ed25519, vec![0; 32]);
    /// assert_eq!(record.zone_data(), "\"v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"");
    /// ```
    #[must_use]
    pub fn zone_data(&self) -> String {
        let mut text = String::new();
        for string in self.strings() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push('"');
            for character in string.chars() {
                if matches!(character, '"' | '\\') {
                    text.push('\\');
                }
                text.push(character);
            }
            text.push('"');
        }
        text
    }

    /// The character-strings of the TXT record, of at most 255 octets each (§3.6.2.2).
    #[must_use]
    pub fn strings(&self) -> Vec<String> {
        let text = alloc::format!("{self}");
        // the text is ASCII: the chunks are too
        text.as_bytes()
            .chunks(255)
            .map(|string| string.iter().map(|&octet| char::from(octet)).collect())
            .collect()
    }
}

/// The name under which the key of a selector stands (§3.6.2.1).
///
/// # Errors
/// A [`NameError`] where the whole is too long.
pub fn key_name(selector: &Name, domain: &Name) -> Result<Name, NameError> {
    let mut name = Vec::with_capacity(key_name_length(selector, domain));
    for part in [selector.as_bytes(), BETWEEN, domain.as_bytes()] {
        name.extend_from_slice(part);
    }
    Name::parse_bytes(&name)
}

/// What stands between the selector and the domain.
const BETWEEN: &[u8] = b"._domainkey.";

/// How many octets that name has, or would have.
pub(crate) fn key_name_length(selector: &Name, domain: &Name) -> usize {
    selector.as_bytes().len().saturating_add(BETWEEN.len()).saturating_add(domain.as_bytes().len())
}

impl fmt::Display for KeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("v=DKIM1")?;
        if let Some(hashes) = &self.hashes {
            f.write_str("; h=")?;
            for (position, hash) in hashes.iter().enumerate() {
                write!(f, "{}{hash}", if position > 0 { ":" } else { "" })?;
            }
            if hashes.is_empty() {
                f.write_str("none")?;
            }
        }
        match self.key_type {
            Some(key_type) => write!(f, "; k={key_type}")?,
            None => f.write_str("; k=unknown")?,
        }
        if let Some(notes) = &self.notes {
            write!(f, "; n={}", encode_quoted_printable(notes.as_bytes(), |_| false))?;
        }
        if !self.for_email {
            f.write_str("; s=other")?;
        }
        match (self.testing, self.strict) {
            (true, true) => f.write_str("; t=y:s")?,
            (true, false) => f.write_str("; t=y")?,
            (false, true) => f.write_str("; t=s")?,
            (false, false) => {}
        }
        write!(f, "; p={}", encode_base64(&self.public_key))
    }
}

#[derive(Default)]
struct Found<'a> {
    version: Option<Tag<'a>>,
    hashes: Option<Tag<'a>>,
    key_type: Option<Tag<'a>>,
    notes: Option<Tag<'a>>,
    public_key: Option<Tag<'a>>,
    services: Option<Tag<'a>>,
    flags: Option<Tag<'a>>,
}

impl<'a> Found<'a> {
    fn place(&mut self, name: &[u8]) -> Option<&mut Option<Tag<'a>>> {
        Some(match name {
            b"v" => &mut self.version,
            b"h" => &mut self.hashes,
            b"k" => &mut self.key_type,
            b"n" => &mut self.notes,
            b"p" => &mut self.public_key,
            b"s" => &mut self.services,
            b"t" => &mut self.flags,
            _ => return None,
        })
    }

    fn cut(record: &'a [u8]) -> Result<Self, KeyRecordError> {
        let mut found = Self::default();
        let mut others = BTreeSet::new();
        for (position, tag) in Tags::new(record).enumerate() {
            let tag = tag.map_err(|error| KeyRecordError {
                kind: KeyRecordErrorKind::Tag(error.kind),
                at: error.at,
            })?;
            // v= must be the first tag, if it is there, and be compared as a string (§3.6.1)
            if tag.name == b"v" && (position > 0 || tag.value != b"DKIM1") {
                return Err(KeyRecordError { kind: KeyRecordErrorKind::Version, at: tag.at });
            }
            let is_new = match found.place(tag.name) {
                Some(place) => place.replace(tag).is_none(),
                None => others.insert(tag.name),
            };
            if !is_new {
                return Err(KeyRecordError { kind: KeyRecordErrorKind::Duplicate, at: tag.at });
            }
        }
        Ok(found)
    }
}

fn by_rule<'a, T>(
    tag: &Tag<'a>,
    kind: KeyRecordErrorKind,
    rule: impl FnMut(&'a [u8]) -> nom::IResult<&'a [u8], T>,
) -> Result<T, KeyRecordError> {
    grammar::whole(tag.value, rule).map_err(|at| KeyRecordError { kind, at: tag.value_at.saturating_add(at) })
}

fn words<'a>(
    tag: &Tag<'a>,
    kind: KeyRecordErrorKind,
    mut each: impl FnMut(&'a [u8]),
) -> Result<(), KeyRecordError> {
    by_rule(tag, kind, |value| grammar::words(value, &mut each))
}

/// Why a TXT record is no key record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at octet {at})")]
pub struct KeyRecordError {
    /// The rule that is broken.
    pub kind: KeyRecordErrorKind,
    /// The offset of the place in the record.
    pub at: usize,
}

/// The rules of a key record (RFC 6376 §3.6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRecordErrorKind {
    /// It is no list of tags.
    #[error("the tag list is broken: {}", tag_rule(*.0))]
    Tag(TagErrorKind),
    /// A tag comes twice.
    #[error("a tag comes twice")]
    Duplicate,
    /// `v=` is not DKIM1, or not the first tag.
    #[error("v= is not DKIM1, or not first")]
    Version,
    /// There is no `p=`.
    #[error("there is no p= tag")]
    NoKey,
    /// `p=` is no base64.
    #[error("p= is no base64")]
    Base64,
    /// `k=` is no word.
    #[error("k= is no word")]
    KeyType,
    /// `h=` is no list of words.
    #[error("h= is no list of words")]
    Hashes,
    /// `s=` is no list of words.
    #[error("s= is no list of words")]
    Services,
    /// `t=` is no list of words.
    #[error("t= is no list of words")]
    Flags,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use KeyRecordErrorKind as Kind;
    use alloc::{format, string::ToString, vec};
    use proptest::prelude::*;

    fn parse(record: &str) -> KeyRecord {
        KeyRecord::parse(record.as_bytes()).unwrap()
    }

    fn error(record: &str) -> (KeyRecordErrorKind, usize) {
        let error = KeyRecord::parse(record.as_bytes()).unwrap_err();
        (error.kind, error.at)
    }

    #[test]
    fn defaults_are_those_of_section_3_6_1() {
        let record = parse("p=AAAA");
        assert_eq!(record, KeyRecord::new(KeyType::Rsa, vec![0, 0, 0]));
        assert!(record.for_email && !record.testing && !record.strict && !record.is_revoked());
        assert!(record.allows(HashAlgorithm::Sha256) && record.allows(HashAlgorithm::Sha1));
    }

    #[test]
    fn every_tag_is_read() {
        let record =
            parse("v=DKIM1; h=sha256 : md5; k=ed25519; n=for=20you; s=other:email; t=y:s:z; g=x; p= AA AA ");
        assert_eq!(record.key_type, Some(KeyType::Ed25519));
        assert_eq!(record.hashes, Some(vec![HashAlgorithm::Sha256]));
        assert!(record.allows(HashAlgorithm::Sha256) && !record.allows(HashAlgorithm::Sha1));
        assert_eq!(record.notes.as_deref(), Some("for you"));
        assert_eq!(parse("n= for  you=20 ; p=AAAA").notes.as_deref(), Some("for  you "), "a qp-section");
        assert!(record.for_email && record.testing && record.strict);
        assert_eq!(record.public_key, [0, 0, 0]);
        assert_eq!(parse(&record.to_string()), record);
    }

    #[test]
    fn services_and_kinds_that_are_not_known_are_no_use() {
        assert!(!parse("s=other; p=AAAA").for_email);
        assert!(parse("s=*; p=AAAA").for_email);
        assert_eq!(parse("k=dsa; p=AAAA").key_type, None);
        assert_eq!(parse("h=md5; p=AAAA").hashes, Some(vec![]));
        for record in ["s=other; p=AAAA", "k=dsa; p=AAAA", "h=md5; p=AAAA"] {
            let record = parse(record);
            assert_eq!(parse(&record.to_string()), record);
        }
    }

    #[test]
    fn an_empty_key_is_revoked() {
        assert!(parse("v=DKIM1; p=").is_revoked());
        assert!(parse("v=DKIM1; p= ;").is_revoked());
    }

    #[test]
    fn errors_name_the_rule_and_the_place() {
        assert_eq!(error("v=DKIM1"), (Kind::NoKey, 7));
        assert_eq!(error(""), (Kind::NoKey, 0));
        assert_eq!(error("v=DKIM2; p=AAAA"), (Kind::Version, 0));
        assert_eq!(error("v=dkim1; p=AAAA"), (Kind::Version, 0));
        assert_eq!(error("v=DKIM1.0; p=AAAA"), (Kind::Version, 0));
        assert_eq!(error("p=AAAA; v=DKIM1"), (Kind::Version, 8));
        assert_eq!(error("p=AAAA; p=AAAA"), (Kind::Duplicate, 8));
        assert_eq!(error("p=AAAA; u=1; u=2"), (Kind::Duplicate, 13));
        assert_eq!(error("p=AA*A"), (Kind::Base64, 4));
        assert_eq!(error("k=; p=AAAA"), (Kind::KeyType, 2));
        assert_eq!(error("h=sha256,sha1; p=AAAA"), (Kind::Hashes, 8));
        assert_eq!(error("s=a b; p=AAAA"), (Kind::Services, 3));
        assert_eq!(error("t=y,s; p=AAAA"), (Kind::Flags, 3));
        assert_eq!(error("hello world"), (Kind::Tag(TagErrorKind::Name), 6));
        assert!(parse("t=; p=AAAA") == parse("p=AAAA"), "an empty list of flags says nothing");
        assert_eq!(parse("n==; p=AAAA").notes, None, "a note that cannot be read is for nobody");
    }

    #[test]
    fn long_records_are_cut_into_strings() {
        let record = KeyRecord::new(KeyType::Rsa, vec![7; 600]);
        let strings = record.strings();
        assert!(strings.len() == 4 && strings.iter().all(|string| string.len() <= 255));
        assert_eq!(strings.concat(), record.to_string());
        let zone = mail_base::Zone::parse(&format!("a.example. TXT {}", record.zone_data())).unwrap();
        let question = mail_base::dns::Question::txt(Name::parse("a.example").unwrap());
        let answer = mail_base::dns::Resolve::resolve(&zone, &question);
        assert_eq!(KeyRecord::parse(answer.as_txt()[0].as_bytes()), Ok(record));
    }

    #[test]
    fn keys_stand_below_domainkey() {
        let name = |text: &str| Name::parse(text).unwrap();
        assert_eq!(key_name(&name("a.b"), &name("example.com")).unwrap(), name("a.b._domainkey.example.com"));
        let long = name(&["a".repeat(60).as_str(); 4].join("."));
        assert!(key_name(&name("abcdefgh"), &long).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            kind in prop::option::of(prop::bool::ANY),
            public_key: Vec<u8>,
            hashes in prop::option::of(prop::collection::vec(prop::bool::ANY, 0..3)),
            flags: (bool, bool, bool),
            notes in prop::option::of(".{0,9}"),
        ) {
            let hash = |sha1| if sha1 { HashAlgorithm::Sha1 } else { HashAlgorithm::Sha256 };
            let record = KeyRecord {
                key_type: kind.map(|rsa| if rsa { KeyType::Rsa } else { KeyType::Ed25519 }),
                public_key,
                hashes: hashes.map(|hashes| hashes.into_iter().map(hash).collect()),
                for_email: flags.0,
                testing: flags.1,
                strict: flags.2,
                notes,
            };
            prop_assert_eq!(KeyRecord::parse(record.to_string().as_bytes()), Ok(record));
        }
    }
}
