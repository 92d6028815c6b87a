//! The policy record that a domain publishes at `_dmarc` (RFC 9989 §4.7).
//!
//! Reading one is lenient, because the RFC is: only the version decides whether a text is a record at all.
//! What is wrong behind it is left out and the tag's default holds, and [`Record::faults`] lists it with its
//! place. What a receiver is to do with a record whose policy cannot be read is [`Record::policies`].
//!
//! ```
//! use dmarc::{Policy, Record, error::FaultKind, tag::Tag};
//!
//! let record = Record::parse(b"v=DMARC1; p=reject; sp=none; adkim=x; rua=mailto:d@example.com")?;
//! assert_eq!(record.policy(), Some(Policy::Reject));
//! assert_eq!(record.aggregate_reports().flatten().next().unwrap().as_str(), "mailto:d@example.com");
//! assert_eq!(record.faults()[0].kind, FaultKind::Value(Tag::Adkim));
//! assert_eq!(record.to_string(), "v=DMARC1; p=reject; sp=none; rua=mailto:d@example.com");
//! # Ok::<(), dmarc::error::RecordError>(())
//! ```

use crate::{
    error::{Fault, FaultKind, RecordError, RecordErrorKind},
    limits::MAX_RECORD,
    policy::{AlignmentMode, FailureOptions, Policy, PublicSuffix, yes_or_no},
    tag::{Tag, TagSet},
    uri::Uris,
};
use alloc::vec::Vec;
use core::{fmt, ops::Range};
use mail_base::{
    dns::Txt,
    scan,
    tags::{TagErrorKind, Tags},
};

/// The version, the only one there is.
const VERSION: &[u8] = b"DMARC1";

/// A DMARC policy record: the text as it was found, and what it says. Cloning is a reference count.
///
/// Two records are equal if their texts are.
#[derive(Clone)]
pub struct Record {
    text: Txt,
    fields: Fields,
}

/// What the tags say; the lists of addresses stay in the text.
#[derive(Clone, Copy, Default)]
struct Fields {
    policy: Option<Policy>,
    subdomain_policy: Option<Policy>,
    non_existent_policy: Option<Policy>,
    dkim_alignment: AlignmentMode,
    spf_alignment: AlignmentMode,
    failure_options: FailureOptions,
    public_suffix: PublicSuffix,
    is_test: bool,
    rua: Span,
    ruf: Span,
    /// The tags that stand in the record, their values valid or not.
    present: TagSet,
}

/// A place in the text, which is no longer than [`MAX_RECORD`].
#[derive(Clone, Copy, Default)]
struct Span {
    start: u16,
    length: u16,
}

impl Span {
    fn new(start: usize, length: usize) -> Self {
        let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        Self { start: short(start), length: short(length) }
    }

    fn start(self) -> usize {
        usize::from(self.start)
    }

    fn range(self) -> Range<usize> {
        self.start()..self.start().saturating_add(usize::from(self.length))
    }
}

impl Record {
    /// Reads a record from the octets of a TXT record, its character-strings joined.
    ///
    /// # Errors
    /// A [`RecordError`] where the text is no DMARC record.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, RecordError> {
        Self::from_txt(Txt::from(text.as_ref()))
    }

    /// Reads a record from a TXT record that came from the DNS. The octets are shared, not copied.
    ///
    /// # Errors
    /// A [`RecordError`] where the text is no DMARC record.
    pub fn from_txt(text: Txt) -> Result<Self, RecordError> {
        let fields = read(text.as_bytes())?;
        Ok(Self { text, fields })
    }

    /// The text, as it was found.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The policy (`p`), where there is a valid one.
    #[must_use]
    pub fn policy(&self) -> Option<Policy> {
        self.fields.policy
    }

    /// The policy for subdomains (`sp`), where there is a valid one.
    #[must_use]
    pub fn subdomain_policy(&self) -> Option<Policy> {
        self.fields.subdomain_policy
    }

    /// The policy for subdomains that do not exist (`np`), where there is a valid one.
    #[must_use]
    pub fn non_existent_policy(&self) -> Option<Policy> {
        self.fields.non_existent_policy
    }

    /// How alike the author's domain and that of a DKIM signature must be (`adkim`).
    #[must_use]
    pub fn dkim_alignment(&self) -> AlignmentMode {
        self.fields.dkim_alignment
    }

    /// How alike the author's domain and that of SPF must be (`aspf`).
    #[must_use]
    pub fn spf_alignment(&self) -> AlignmentMode {
        self.fields.spf_alignment
    }

    /// For which messages failure reports are asked for (`fo`). It counts only where there is an address for
    /// them.
    #[must_use]
    pub fn failure_options(&self) -> FailureOptions {
        self.fields.failure_options
    }

    /// Whether the domain is a public suffix (`psd`).
    #[must_use]
    pub fn public_suffix(&self) -> PublicSuffix {
        self.fields.public_suffix
    }

    /// Whether the policy is being tested and is to be applied one level lower (`t=y`).
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.fields.is_test
    }

    /// Where aggregate reports go (`rua`).
    #[must_use]
    pub fn aggregate_reports(&self) -> Uris<'_> {
        self.uris(self.fields.rua)
    }

    /// Where failure reports go (`ruf`).
    #[must_use]
    pub fn failure_reports(&self) -> Uris<'_> {
        self.uris(self.fields.ruf)
    }

    fn uris(&self, span: Span) -> Uris<'_> {
        Uris::new(self.text().get(span.range()).unwrap_or(&[]), span.start())
    }

    /// The percentage of RFC 7489 (`pct`, historic): RFC 9989 does not apply it.
    #[must_use]
    pub fn percent(&self) -> Option<u8> {
        self.number(Tag::Pct).and_then(|percent| u8::try_from(percent).ok()).filter(|percent| *percent <= 100)
    }

    /// The seconds between aggregate reports of RFC 7489 (`ri`, historic): RFC 9989 does not apply it.
    #[must_use]
    pub fn report_interval(&self) -> Option<u32> {
        self.number(Tag::Ri)
    }

    fn number(&self, tag: Tag) -> Option<u32> {
        let digits = self.value(tag)?;
        digits.iter().all(u8::is_ascii_digit).then_some(())?;
        core::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// Whether a tag stands in the record, its value valid or not.
    #[must_use]
    pub fn has(&self, tag: Tag) -> bool {
        self.fields.present.contains(tag)
    }

    /// The value of a tag as it stands in the record, valid or not; the first where it stands there again.
    #[must_use]
    pub fn value(&self, tag: Tag) -> Option<&[u8]> {
        let mut tags = Tags::new(self.text()).flatten();
        tags.find(|one| Tag::of(one.name) == Some(tag)).map(|tag| tag.value)
    }

    /// What the record asks for (RFC 9989 §4.10.1): its policies; `p=none` where one of them is missing or
    /// not valid, but there is an address for reports; and `None`, for no DMARC at all, where there is not.
    #[must_use]
    pub fn policies(&self) -> Option<Policies> {
        if let Some(domain) = self.policy().filter(|_| self.has_sound_policies()) {
            let subdomains = self.subdomain_policy().unwrap_or(domain);
            let non_existent = self.non_existent_policy().unwrap_or(subdomains);
            return Some(Policies { domain, subdomains, non_existent });
        }
        // an address of a scheme that is not supported is to be ignored (§4.7): it cannot be reported to
        let has_address = self.aggregate_reports().flatten().any(|uri| uri.is_mailto());
        has_address.then_some(Policies::default())
    }

    /// Whether `p` is there, and `p`, `sp` and `np` are valid where they are.
    fn has_sound_policies(&self) -> bool {
        let is_sound = |tag, policy: Option<Policy>| policy.is_some() || !self.has(tag);
        self.policy().is_some()
            && is_sound(Tag::Sp, self.subdomain_policy())
            && is_sound(Tag::Np, self.non_existent_policy())
    }

    /// Every piece that was left out because its syntax is wrong, in the order of the text.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut seen = TagSet::default();
        for piece in Tags::new(self.text()) {
            let fault = |kind, at| Fault { kind, at };
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => {
                    let kind = match error.kind {
                        TagErrorKind::Empty => FaultKind::Empty,
                        TagErrorKind::NoValue => FaultKind::NoValue,
                        _ => FaultKind::Name,
                    };
                    faults.push(fault(kind, error.at));
                    continue;
                }
            };
            let Some(tag) = Tag::of(piece.name) else { continue };
            if !seen.insert(tag) {
                faults.push(fault(FaultKind::Duplicate(tag), piece.at));
            } else if !self.is_valid(tag, piece.value) {
                faults.push(fault(FaultKind::Value(tag), piece.value_at));
            } else if matches!(tag, Tag::Rua | Tag::Ruf) {
                let errors = Uris::new(piece.value, piece.value_at).filter_map(Result::err);
                faults.extend(errors.map(|error| fault(FaultKind::Uri(tag, error.kind), error.at)));
            }
        }
        faults
    }

    /// Whether a value follows the rule of its tag.
    fn is_valid(&self, tag: Tag, value: &[u8]) -> bool {
        match tag {
            Tag::V => value == VERSION,
            Tag::P | Tag::Sp | Tag::Np => Policy::parse(value).is_some(),
            Tag::Adkim | Tag::Aspf => AlignmentMode::parse(value).is_some(),
            Tag::Fo => FailureOptions::parse(value).is_some(),
            Tag::Psd => PublicSuffix::parse(value).is_some(),
            Tag::T => yes_or_no(value).is_some(),
            Tag::Rua | Tag::Ruf => !value.is_empty(),
            Tag::Pct => self.percent().is_some(),
            Tag::Ri => self.report_interval().is_some(),
            Tag::Rf => value.eq_ignore_ascii_case(b"afrf"),
        }
    }
}

/// Reads the tags of a text, each once: the fast way, beside which the grammar of the RFC stands as its test.
fn read(text: &[u8]) -> Result<Fields, RecordError> {
    if text.len() > MAX_RECORD {
        return Err(RecordError { kind: RecordErrorKind::TooLong, at: MAX_RECORD });
    }
    let (version, mut rest) = split_piece(text);
    check_version(version)?;
    let mut fields = Fields::default();
    fields.present.insert(Tag::V);
    while !rest.is_empty() {
        let start = text.len().saturating_sub(rest.len());
        let (piece, behind) = split_piece(rest);
        rest = behind;
        if let Some((tag, value, at)) = known_tag(piece)
            && fields.present.insert(tag)
        {
            fields.set(tag, value, start.saturating_add(at));
        }
    }
    Ok(fields)
}

/// What stands before the next semicolon, and what behind it.
fn split_piece(text: &[u8]) -> (&[u8], &[u8]) {
    let length = scan::position(text, b';').unwrap_or(text.len());
    let (piece, behind) = text.split_at_checked(length).unwrap_or((text, &[]));
    (piece, behind.get(1..).unwrap_or(&[]))
}

/// `dmarc-version = "v" equals %s"DMARC1"`, before which nothing may stand.
fn check_version(piece: &[u8]) -> Result<(), RecordError> {
    if piece == b"v=DMARC1" {
        // almost every record begins like this
        return Ok(());
    }
    match known_tag(piece) {
        Some((Tag::V, value, at)) if piece.starts_with(b"v") || piece.starts_with(b"V") => {
            if value == VERSION { Ok(()) } else { Err(RecordError { kind: RecordErrorKind::Version, at }) }
        }
        _ => Err(RecordError { kind: RecordErrorKind::NoVersion, at: 0 }),
    }
}

/// What stands between two semicolons, where it is a tag that is known: the tag, its value, and the value's
/// offset.
fn known_tag(piece: &[u8]) -> Option<(Tag, &[u8], usize)> {
    let (tag, value) = match trim_start(piece) {
        // as almost all records have them
        [b'p', b'=', value @ ..] => (Tag::P, value),
        [b'r', b'u', b'a', b'=', value @ ..] => (Tag::Rua, value),
        [b'r', b'u', b'f', b'=', value @ ..] => (Tag::Ruf, value),
        [b's', b'p', b'=', value @ ..] => (Tag::Sp, value),
        [b'n', b'p', b'=', value @ ..] => (Tag::Np, value),
        [b't', b'=', value @ ..] => (Tag::T, value),
        [b'f', b'o', b'=', value @ ..] => (Tag::Fo, value),
        [b'p', b'c', b't', b'=', value @ ..] => (Tag::Pct, value),
        [b'p', b's', b'd', b'=', value @ ..] => (Tag::Psd, value),
        [b'a', b's', b'p', b'f', b'=', value @ ..] => (Tag::Aspf, value),
        [b'a', b'd', b'k', b'i', b'm', b'=', value @ ..] => (Tag::Adkim, value),
        other => spelled_out(other)?,
    };
    let value = trim_start(value);
    let at = piece.len().saturating_sub(value.len());
    Some((tag, trim_end(value), at))
}

/// A tag that is known, and what stands behind its equals sign.
fn spelled_out(piece: &[u8]) -> Option<(Tag, &[u8])> {
    let length = piece.iter().position(|octet| !octet.is_ascii_alphabetic())?;
    let (name, rest) = piece.split_at_checked(length)?;
    let tag = Tag::of(name)?;
    let [b'=', value @ ..] = trim_start(rest) else { return None };
    Some((tag, value))
}

/// `WSP`, and line ends, which tag lists of DKIM may have.
fn is_space(octet: u8) -> bool {
    // hardly any octet is, and one comparison tells that
    octet <= b' ' && matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

fn trim_start(mut octets: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = octets
        && is_space(*first)
    {
        octets = rest;
    }
    octets
}

fn trim_end(mut octets: &[u8]) -> &[u8] {
    while let [rest @ .., last] = octets
        && is_space(*last)
    {
        octets = rest;
    }
    octets
}

impl Fields {
    /// Sets what a tag says; where its value is not valid, the default stays.
    fn set(&mut self, tag: Tag, value: &[u8], at: usize) {
        let span = Span::new(at, value.len());
        match tag {
            Tag::P => self.policy = Policy::parse(value),
            Tag::Sp => self.subdomain_policy = Policy::parse(value),
            Tag::Np => self.non_existent_policy = Policy::parse(value),
            Tag::Adkim => self.dkim_alignment = AlignmentMode::parse(value).unwrap_or_default(),
            Tag::Aspf => self.spf_alignment = AlignmentMode::parse(value).unwrap_or_default(),
            Tag::Fo => self.failure_options = FailureOptions::parse(value).unwrap_or_default(),
            Tag::Psd => self.public_suffix = PublicSuffix::parse(value).unwrap_or_default(),
            Tag::T => self.is_test = yes_or_no(value).unwrap_or_default(),
            Tag::Rua => self.rua = span,
            Tag::Ruf => self.ruf = span,
            Tag::Pct | Tag::Rf | Tag::Ri | Tag::V => {}
        }
    }
}

/// What a record asks for, the defaults of `sp` and `np` filled in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policies {
    /// For the domain at which the record stands.
    pub domain: Policy,
    /// For domains below it that exist.
    pub subdomains: Policy,
    /// For domains below it that do not exist.
    pub non_existent: Policy,
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Record {}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record(\"{}\")", self.text().escape_ascii())
    }
}

impl fmt::Display for Record {
    /// Writes what the record says, in one fixed order. Left out are unknown tags and what is not valid. A
    /// policy that [`Record::policies`] would not apply is written as what it applies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("v=DMARC1")?;
        if let Some(policies) = self.policies() {
            write!(f, "; p={}", policies.domain)?;
        }
        if self.has_sound_policies() {
            for (tag, policy) in [(Tag::Sp, self.subdomain_policy()), (Tag::Np, self.non_existent_policy())] {
                if let Some(policy) = policy {
                    write!(f, "; {tag}={policy}")?;
                }
            }
        }
        for (tag, mode) in [(Tag::Adkim, self.dkim_alignment()), (Tag::Aspf, self.spf_alignment())] {
            if mode == AlignmentMode::Strict {
                write!(f, "; {tag}=s")?;
            }
        }
        if self.failure_options() != FailureOptions::default() {
            write!(f, "; fo={}", self.failure_options())?;
        }
        if self.public_suffix() != PublicSuffix::Unsaid {
            write!(f, "; psd={}", self.public_suffix().letter())?;
        }
        if self.is_test() {
            f.write_str("; t=y")?;
        }
        for (tag, uris) in [(Tag::Rua, self.aggregate_reports()), (Tag::Ruf, self.failure_reports())] {
            for (nth, uri) in uris.flatten().enumerate() {
                match nth {
                    0 => write!(f, "; {tag}={uri}")?,
                    _ => write!(f, ",{uri}")?,
                }
            }
        }
        if let Some(percent) = self.percent() {
            write!(f, "; pct={percent}")?;
        }
        if let Some(interval) = self.report_interval() {
            write!(f, "; ri={interval}")?;
        }
        if self.value(Tag::Rf).is_some_and(|format| self.is_valid(Tag::Rf, format)) {
            f.write_str("; rf=afrf")?;
        }
        Ok(())
    }
}
