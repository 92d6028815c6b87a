//! Reading a zone from text (RFC 1035 §5.1).

use super::{KINDS, KindSet, Zone};
use crate::{
    Name,
    dns::{Kind, Mx, Records, Txt},
    name::NameError,
};
use alloc::{collections::BTreeMap, vec::Vec};
use core::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

/// The most octets of one character-string (RFC 1035 §3.3).
const MAX_STRING: usize = 255;

/// Types of record of which only the owner's existence is kept.
const OTHER_TYPES: [&str; 20] = [
    "SOA",
    "NS",
    "SRV",
    "CAA",
    "DS",
    "DNSKEY",
    "RRSIG",
    "NSEC",
    "NSEC3",
    "NSEC3PARAM",
    "TLSA",
    "SSHFP",
    "NAPTR",
    "HINFO",
    "RP",
    "LOC",
    "DNAME",
    "SVCB",
    "HTTPS",
    "SPF",
];

/// Why a text is no zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZoneError {
    /// The rule that is broken.
    pub kind: ZoneErrorKind,
    /// The line, counted from 1. An entry over several lines counts as its first.
    pub line: usize,
}

/// The rules of a zone's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ZoneErrorKind {
    /// An entry has no owner, and there is none before it.
    Owner,
    /// The owner, or a name among the data, is no domain name.
    Name(NameError),
    /// There is no type.
    NoType,
    /// The type is not known.
    Type,
    /// The class is not `IN`.
    Class,
    /// The data of the type are missing.
    NoData,
    /// There is more than the type's data.
    MoreData,
    /// The data are no address of the type's family.
    Address,
    /// The preference of an MX is no number from 0 to 65535.
    Preference,
    /// A `"` is not closed in its line.
    Quote,
    /// A `(` is not closed, or a `)` not opened.
    Parenthesis,
    /// A `\` is followed by neither a character nor three digits up to 255.
    Escape,
    /// A character-string has more than 255 octets.
    LongString,
    /// A name has two aliases.
    Alias,
    /// A line starting with `$` is neither `$ORIGIN` nor `$TTL`.
    Directive,
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        f.write_str(match self.kind {
            ZoneErrorKind::Owner => "an entry without an owner",
            ZoneErrorKind::Name(error) => return write!(f, "{error}"),
            ZoneErrorKind::NoType => "an entry without a type",
            ZoneErrorKind::Type => "an unknown type of record",
            ZoneErrorKind::Class => "a class other than IN",
            ZoneErrorKind::NoData => "a record without data",
            ZoneErrorKind::MoreData => "a record with too much data",
            ZoneErrorKind::Address => "not an address of the record's family",
            ZoneErrorKind::Preference => "an MX preference that is no number from 0 to 65535",
            ZoneErrorKind::Quote => "a quote that is not closed",
            ZoneErrorKind::Parenthesis => "a parenthesis without its other half",
            ZoneErrorKind::Escape => "a backslash without a character or three digits up to 255",
            ZoneErrorKind::LongString => "a string of more than 255 octets",
            ZoneErrorKind::Alias => "a second CNAME at one name",
            ZoneErrorKind::Directive => "an unknown $ directive",
        })
    }
}

impl core::error::Error for ZoneError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.kind {
            ZoneErrorKind::Name(error) => Some(error),
            _ => None,
        }
    }
}

/// The records of one name while the text is read.
#[derive(Default)]
struct Group {
    a: Vec<Ipv4Addr>,
    aaaa: Vec<Ipv6Addr>,
    mx: Vec<Mx>,
    ptr: Vec<Name>,
    txt: Vec<Txt>,
    alias: Option<Name>,
    absent: KindSet,
    unavailable: KindSet,
}

pub(super) fn parse(text: &str) -> Result<Zone, ZoneError> {
    let mut groups: BTreeMap<Name, Group> = BTreeMap::new();
    let mut origin = Name::root();
    let mut owner: Option<Name> = None;
    let entries = Entries::new(text).collect::<Result<Vec<_>, _>>()?;
    let margin = entries.iter().map(|entry| entry.indent).min().unwrap_or(0);
    for Entry { line, indent, words } in entries {
        let error = |kind| ZoneError { kind, line };
        let mut words = words.as_slice();
        if let Some((first, rest)) = words.split_first()
            && first.octets.starts_with(b"$")
            && !first.quoted
        {
            directive(first, rest, &mut origin).map_err(error)?;
            continue;
        }
        if let Some((first, rest)) = words.split_first()
            && indent == margin
        {
            owner = Some(name(first, &origin).map_err(error)?);
            words = rest;
        }
        let owner = owner.as_ref().ok_or(error(ZoneErrorKind::Owner))?;
        let group = groups.entry(owner.clone()).or_default();
        record(words, &origin, group).map_err(error)?;
    }

    let mut zone = Zone::new();
    for (name, group) in groups {
        let node = zone.node(&name);
        node.add(Records::A(group.a.into()));
        node.add(Records::Aaaa(group.aaaa.into()));
        node.add(Records::Mx(group.mx.into()));
        node.add(Records::Ptr(group.ptr.into()));
        node.add(Records::Txt(group.txt.into()));
        node.alias = group.alias;
        node.absent = group.absent;
        node.unavailable = group.unavailable;
    }
    Ok(zone)
}

fn directive(directive: &Word, arguments: &[Word], origin: &mut Name) -> Result<(), ZoneErrorKind> {
    if directive.is("$TTL") {
        return Ok(());
    }
    if !directive.is("$ORIGIN") {
        return Err(ZoneErrorKind::Directive);
    }
    *origin = name(only(arguments)?, origin)?;
    Ok(())
}

fn record(mut words: &[Word], origin: &Name, group: &mut Group) -> Result<(), ZoneErrorKind> {
    let kind = loop {
        let (word, rest) = words.split_first().ok_or(ZoneErrorKind::NoType)?;
        words = rest;
        if word.is("CH") || word.is("HS") {
            return Err(ZoneErrorKind::Class);
        }
        if !word.is("IN") && !word.is_time() {
            break word;
        }
    };
    match kind.as_kind() {
        Some(Kind::A) => group.a.push(address(only(words)?)?),
        Some(Kind::Aaaa) => group.aaaa.push(address(only(words)?)?),
        Some(Kind::Mx) => {
            let (preference, rest) = words.split_first().ok_or(ZoneErrorKind::NoData)?;
            let preference = preference.parse().ok_or(ZoneErrorKind::Preference)?;
            group.mx.push(Mx { preference, exchange: name(only(rest)?, origin)? });
        }
        Some(Kind::Ptr) => group.ptr.push(name(only(words)?, origin)?),
        Some(Kind::Txt) => {
            if words.is_empty() {
                return Err(ZoneErrorKind::NoData);
            }
            if words.iter().any(|word| word.octets.len() > MAX_STRING) {
                return Err(ZoneErrorKind::LongString);
            }
            group.txt.push(Txt::from_strings(words.iter().map(|word| &word.octets)));
        }
        None if kind.is("CNAME") => {
            let target = name(only(words)?, origin)?;
            if group.alias.replace(target).is_some() {
                return Err(ZoneErrorKind::Alias);
            }
        }
        None if kind.is("NODATA") => {}
        None if kind.is("NXDOMAIN") => group.absent.add(kinds(words)?),
        None if kind.is("UNAVAILABLE") => group.unavailable.add(kinds(words)?),
        None if kind.is_other_type() => {}
        None => return Err(ZoneErrorKind::Type),
    }
    Ok(())
}

fn only(words: &[Word]) -> Result<&Word, ZoneErrorKind> {
    match words {
        [word] => Ok(word),
        [] => Err(ZoneErrorKind::NoData),
        _ => Err(ZoneErrorKind::MoreData),
    }
}

fn name(word: &Word, origin: &Name) -> Result<Name, ZoneErrorKind> {
    if word.is("@") {
        return Ok(origin.clone());
    }
    let name = Name::parse_bytes(&word.octets).map_err(ZoneErrorKind::Name)?;
    if word.octets.ends_with(b".") || origin.is_root() {
        return Ok(name);
    }
    origin.prefixed(name.as_str()).map_err(ZoneErrorKind::Name)
}

fn address<A: core::str::FromStr>(word: &Word) -> Result<A, ZoneErrorKind> {
    word.parse().ok_or(ZoneErrorKind::Address)
}

fn kinds(words: &[Word]) -> Result<KindSet, ZoneErrorKind> {
    if words.is_empty() {
        return Ok(KindSet::ALL);
    }
    let mut set = KindSet::default();
    for word in words {
        set.add(KindSet::of(word.as_kind().ok_or(ZoneErrorKind::Type)?));
    }
    Ok(set)
}

/// A word of an entry, its escapes undone.
struct Word {
    octets: Vec<u8>,
    /// In quotes or with an escape: it is no keyword, whatever it says.
    quoted: bool,
}

impl Word {
    fn is(&self, keyword: &str) -> bool {
        !self.quoted && self.octets.eq_ignore_ascii_case(keyword.as_bytes())
    }

    fn parse<T: core::str::FromStr>(&self) -> Option<T> {
        core::str::from_utf8(&self.octets).ok()?.parse().ok()
    }

    fn as_kind(&self) -> Option<Kind> {
        KINDS.into_iter().find(|kind| {
            self.is(match kind {
                Kind::A => "A",
                Kind::Aaaa => "AAAA",
                Kind::Mx => "MX",
                Kind::Ptr => "PTR",
                Kind::Txt => "TXT",
            })
        })
    }

    fn is_other_type(&self) -> bool {
        OTHER_TYPES.iter().any(|known| self.is(known))
    }

    /// A time to live: digits, with a unit at the most.
    fn is_time(&self) -> bool {
        let digits = match self.octets.split_last() {
            Some((b's' | b'm' | b'h' | b'd' | b'w' | b'S' | b'M' | b'H' | b'D' | b'W', digits)) => digits,
            _ => &self.octets,
        };
        !self.quoted && !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
    }
}

/// The words between two line ends outside parentheses.
struct Entry {
    line: usize,
    /// How much white space stands before the first word.
    indent: usize,
    words: Vec<Word>,
}

/// Cuts the text into entries, comments and empty lines left out.
struct Entries<'a> {
    rest: &'a [u8],
    line: usize,
}

impl<'a> Entries<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text.as_bytes(), line: 1 }
    }

    fn take(&mut self) -> Option<u8> {
        let (&octet, rest) = self.rest.split_first()?;
        self.rest = rest;
        if octet == b'\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(octet)
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, ZoneError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut entry = Entry { line: self.line, indent: 0, words: Vec::new() };
        let mut open = false;
        loop {
            let before = self.rest;
            let Some(octet) = self.take() else {
                if open {
                    return Some(Err(ZoneError { kind: ZoneErrorKind::Parenthesis, line: entry.line }));
                }
                return if entry.words.is_empty() { None } else { Some(Ok(entry)) };
            };
            let result = match octet {
                b'\n' if open => Ok(()),
                b'\n' if entry.words.is_empty() => {
                    entry.line = self.line;
                    entry.indent = 0;
                    Ok(())
                }
                b'\n' => return Some(Ok(entry)),
                b' ' | b'\t' | b'\r' => {
                    if entry.words.is_empty() {
                        entry.indent = entry.indent.saturating_add(1);
                    }
                    Ok(())
                }
                b';' => {
                    while self.rest.first().is_some_and(|&octet| octet != b'\n') {
                        self.take();
                    }
                    Ok(())
                }
                b'(' | b')' if open == (octet == b')') => {
                    open = !open;
                    Ok(())
                }
                b'(' | b')' => Err(ZoneErrorKind::Parenthesis),
                b'"' => self.quoted().map(|word| entry.words.push(word)),
                _ => {
                    self.rest = before;
                    self.plain().map(|word| entry.words.push(word))
                }
            };
            if let Err(kind) = result {
                return Some(Err(ZoneError { kind, line: entry.line }));
            }
        }
    }
}

impl Entries<'_> {
    fn quoted(&mut self) -> Result<Word, ZoneErrorKind> {
        let mut octets = Vec::new();
        loop {
            match self.take() {
                Some(b'"') => return Ok(Word { octets, quoted: true }),
                Some(b'\\') => octets.push(self.escape()?),
                Some(b'\n') | None => return Err(ZoneErrorKind::Quote),
                Some(octet) => octets.push(octet),
            }
        }
    }

    fn plain(&mut self) -> Result<Word, ZoneErrorKind> {
        let mut octets = Vec::new();
        let mut quoted = false;
        loop {
            match self.rest.first() {
                None | Some(b' ' | b'\t' | b'\r' | b'\n' | b';' | b'(' | b')' | b'"') => {
                    return Ok(Word { octets, quoted });
                }
                Some(b'\\') => {
                    self.take();
                    quoted = true;
                    octets.push(self.escape()?);
                }
                Some(&octet) => {
                    self.take();
                    octets.push(octet);
                }
            }
        }
    }

    /// What follows a backslash: three digits, or any other character of the line.
    fn escape(&mut self) -> Result<u8, ZoneErrorKind> {
        let digit = |octet: Option<u8>| match octet {
            Some(digit @ b'0'..=b'9') => Ok(u16::from(digit).saturating_sub(u16::from(b'0'))),
            _ => Err(ZoneErrorKind::Escape),
        };
        match self.take() {
            Some(hundreds @ b'0'..=b'9') => {
                let (hundreds, tens, ones) =
                    (digit(Some(hundreds))?, digit(self.take())?, digit(self.take())?);
                let value =
                    hundreds.saturating_mul(100).saturating_add(tens.saturating_mul(10)).saturating_add(ones);
                u8::try_from(value).map_err(|_| ZoneErrorKind::Escape)
            }
            Some(b'\r' | b'\n') | None => Err(ZoneErrorKind::Escape),
            Some(octet) => Ok(octet),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects)]

    use super::*;
    use crate::{
        dns::{Answer, Question, Resolve},
        name::NameErrorKind,
    };
    use alloc::format;

    fn txt(text: &str, owner: &str) -> Answer {
        let zone = Zone::parse(text).unwrap();
        Resolve::resolve(&zone, &Question::txt(Name::parse(owner).unwrap()))
    }

    fn error(text: &str) -> (ZoneErrorKind, usize) {
        let error = Zone::parse(text).unwrap_err();
        (error.kind, error.line)
    }

    #[test]
    fn strings_may_be_several_escaped_or_over_several_lines() {
        assert_eq!(txt(r#"a. TXT "x y" z"#, "a"), Answer::txt(["x yz"]));
        assert_eq!(txt(r#"a. TXT "q\"b\\ \059\255""#, "a"), Answer::txt([&b"q\"b\\ ;\xff"[..]]));
        assert_eq!(txt("a. 3600 IN TXT ( \"one\" ; first\r\n  two )\r\n", "a"), Answer::txt(["onetwo"]));
        assert_eq!(txt(r#"a. TXT """#, "a"), Answer::txt([""]));
        assert_eq!(txt(r"a. TXT v=DKIM1\; p=", "a"), Answer::txt(["v=DKIM1;p="]));
    }

    #[test]
    fn owners_are_inherited_and_relative_to_the_origin() {
        let text = "$TTL 1h\n$ORIGIN example.com.\n@ TXT one\n  TXT two\nmail TXT three\nmail.example.net. TXT four\n";
        assert_eq!(txt(text, "example.com"), Answer::txt(["one", "two"]));
        assert_eq!(txt(text, "mail.example.com"), Answer::txt(["three"]));
        assert_eq!(txt(text, "mail.example.net"), Answer::txt(["four"]));
        assert_eq!(txt("example.com TXT x", "example.com"), Answer::txt(["x"]));
        assert_eq!(
            txt("$ORIGIN com.\n$ORIGIN example\n@ SOA a b 1 2 3 4 5\na TXT x", "a.example.com"),
            Answer::txt(["x"])
        );
    }

    #[test]
    fn a_text_that_is_indented_as_a_whole_reads_as_if_it_were_not() {
        let text = "  mx TXT one\n     TXT two\n\n  a TXT three\n";
        assert_eq!(txt(text, "mx"), Answer::txt(["one", "two"]));
        assert_eq!(txt(text, "a"), Answer::txt(["three"]));
    }

    #[test]
    fn errors_name_the_rule_and_the_line() {
        assert_eq!(error("a. A 1.2.3.4\n\n b..c. A 1.2.3.4").1, 3);
        let name = NameError { kind: NameErrorKind::EmptyLabel, at: 2 };
        assert_eq!(error("b..c. A 1.2.3.4"), (ZoneErrorKind::Name(name), 1));
        assert_eq!(error("a. A 1.2.3"), (ZoneErrorKind::Address, 1));
        assert_eq!(error("a. AAAA 1.2.3.4"), (ZoneErrorKind::Address, 1));
        assert_eq!(error("a. A"), (ZoneErrorKind::NoData, 1));
        assert_eq!(error("a. TXT"), (ZoneErrorKind::NoData, 1));
        assert_eq!(error("a. A 1.2.3.4 5"), (ZoneErrorKind::MoreData, 1));
        assert_eq!(error("a."), (ZoneErrorKind::NoType, 1));
        assert_eq!(error("a. IN 300"), (ZoneErrorKind::NoType, 1));
        assert_eq!(error("a. TEXT x"), (ZoneErrorKind::Type, 1));
        assert_eq!(error("a. CH TXT x"), (ZoneErrorKind::Class, 1));
        assert_eq!(error("a. MX 65536 b."), (ZoneErrorKind::Preference, 1));
        assert_eq!(error("a. UNAVAILABLE SPF"), (ZoneErrorKind::Type, 1));
        assert_eq!(error("\na. TXT \"x\n\""), (ZoneErrorKind::Quote, 2));
        assert_eq!(error("a. TXT ( x"), (ZoneErrorKind::Parenthesis, 1));
        assert_eq!(error("a. TXT x )"), (ZoneErrorKind::Parenthesis, 1));
        assert_eq!(error(r"a. TXT \256"), (ZoneErrorKind::Escape, 1));
        assert_eq!(error(r"a. TXT \12"), (ZoneErrorKind::Escape, 1));
        assert_eq!(error(&format!("a. TXT {}", "x".repeat(256))), (ZoneErrorKind::LongString, 1));
        assert_eq!(error("a. CNAME b.\na. CNAME c."), (ZoneErrorKind::Alias, 2));
        assert_eq!(error("$INCLUDE x"), (ZoneErrorKind::Directive, 1));
        assert_eq!(error("$ORIGIN"), (ZoneErrorKind::NoData, 1));
        assert_eq!(error("TXT x\n"), (ZoneErrorKind::Type, 1), "the first word of a line is its owner");
    }
}
