//! Reading records (RFC 7208 §12). Every check does it for every record it comes by, so this is written by hand
//! and in one pass; the grammar in `nom` beside it is what the tests compare it with.
//!
//! What is read are [`Raw`] terms: offsets into the record instead of texts.

use crate::{
    error::{RecordError, RecordErrorKind as Kind},
    macros::{Piece, Pieces, Place},
    networks::Networks,
    octets::{
        DIGIT, HYPHEN, LETTER, NAME_MARK, ends_in_letters, ends_in_top_label, ip4_network, ip6_network,
        is_of, literal_length, prefix_number, usual_length,
    },
    raw::{Directives, Index, Modifier, Raw, RawKind, Span},
    record::{DualPrefix, MAX_OCTETS, Qualifier},
};

/// version = "v=spf1"
pub(crate) const VERSION: &[u8] = b"v=spf1";

/// Whether a text begins with the version and then a space or the end (RFC 7208 §4.5).
pub(crate) fn version(text: &[u8]) -> bool {
    match text.split_at_checked(VERSION.len()) {
        Some((version, rest)) => {
            // almost all are in lower case
            let is_equal = version == VERSION || version.eq_ignore_ascii_case(VERSION);
            is_equal && is_end(rest)
        }
        None => false,
    }
}

/// record = version terms *SP
///
/// Gives what is found once in a record.
pub(crate) fn index(record: &[u8]) -> Result<Index, RecordError> {
    if version(record) {
        let (mut index, mut directives) = (Index::EMPTY, Directives::NONE);
        terms(record, &Networks::None, &mut index, &mut directives)?;
        Ok(index)
    } else {
        Err(RecordError { kind: Kind::Version, at: 0 })
    }
}

/// Reads what follows the version: keeps what is found once in a record, and the first directives.
pub(crate) fn terms(
    record: &[u8],
    networks: &Networks,
    index: &mut Index,
    directives: &mut Directives,
) -> Result<(), RecordError> {
    if record.len() > MAX_OCTETS {
        return Err(RecordError { kind: Kind::TooLong, at: MAX_OCTETS });
    }
    let mut reader = Reader::new(record);
    while let Some(term) = directives.place()
        && reader.read_among(networks, term)?
    {
        match term.kind {
            RawKind::Redirect => only_once(&mut index.redirect, term)?,
            RawKind::Exp => only_once(&mut index.exp, term)?,
            RawKind::Unknown => {}
            kind => {
                index.has_all |= kind == RawKind::All;
                directives.keep();
            }
        }
    }
    Ok(())
}

/// RFC 7208 §6: redirect and exp MUST NOT appear in a record more than once each.
fn only_once(slot: &mut Option<Modifier>, term: &Raw) -> Result<(), RecordError> {
    match slot.replace(Modifier { at: term.at, domain: term.value }) {
        None => Ok(()),
        Some(_) => Err(RecordError { kind: Kind::Duplicate, at: usize::from(term.at) }),
    }
}

/// Reads the terms of a record, from a place where one ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// How long the record is.
    length: usize,
    /// Whether the record was read before, so that its domains are known to be right.
    is_checked: bool,
}

impl<'a> Reader<'a> {
    /// Reads a record for the first time.
    fn new(record: &'a [u8]) -> Self {
        let rest = record.get(VERSION.len()..).unwrap_or(&[]);
        Self { rest, length: record.len(), is_checked: false }
    }

    /// Reads a record again, from this place on.
    pub(crate) fn again(record: &'a [u8], at: usize) -> Self {
        Self { rest: record.get(at..).unwrap_or(&[]), length: record.len(), is_checked: true }
    }

    fn at(&self) -> usize {
        // what is left is a part of the record
        self.length.wrapping_sub(self.rest.len())
    }

    fn offset(&self) -> u16 {
        offset(self.at())
    }

    fn error<T>(&self, kind: Kind) -> Result<T, RecordError> {
        Err(RecordError { kind, at: self.at() })
    }

    /// Reads the next term that is no network, or one of these networks. Tells whether there is one.
    #[inline(always)]
    fn read_among(&mut self, networks: &Networks, term: &mut Raw) -> Result<bool, RecordError> {
        // most terms of most records are networks, and most clients are not in them
        if self.rest.starts_with(b" ip") {
            self.rest = networks.pass(self.rest);
        }
        self.read(term)
    }

    /// The terms that are no networks, and those that are among these.
    pub(crate) fn among(mut self, networks: &Networks) -> impl Iterator<Item = Raw> {
        let mut term = Raw::VERSION;
        core::iter::from_fn(move || {
            // a record that is read again keeps the grammar, so that there is no error to lose
            let is_read = self.read_among(networks, &mut term).unwrap_or(false);
            is_read.then_some(term)
        })
    }

    /// Reads the next term of a record that was read before.
    pub(crate) fn term(&mut self) -> Option<Raw> {
        let mut term = Raw::VERSION;
        let is_read = self.read(&mut term).unwrap_or(false);
        is_read.then_some(term)
    }

    /// terms = *( 1*SP ( directive / modifier ) )
    ///
    /// Reads the next term. Tells whether there is one, or only spaces are left.
    #[inline(always)]
    fn read(&mut self, term: &mut Raw) -> Result<bool, RecordError> {
        self.rest = match self.rest {
            // almost always it is one
            [b' ', b' ', ..] => without_spaces(self.rest),
            [b' ', rest @ ..] => rest,
            rest => rest,
        };
        let Some(first) = self.rest.first() else { return Ok(false) };
        (term.at, term.qualifier, term.prefix) = (self.offset(), Qualifier::Pass, DualPrefix::ALL);
        // most terms of most records are one of these; the others are told apart by their names
        if let Some(rest) = self.rest.strip_prefix(b"include:") {
            self.rest = rest;
            self.domain(RawKind::Include, term)?;
        } else if let Some(qualifier) = Qualifier::parse(*first) {
            term.qualifier = qualifier;
            self.rest = self.rest.get(1..).unwrap_or(&[]);
            if let Some(rest) = self.rest.strip_prefix(b"all").filter(|rest| is_end(rest)) {
                self.rest = rest;
                term.set(RawKind::All, Span::EMPTY);
            } else {
                self.rest = self.named(true, term)?;
            }
        } else if let Some(rest) = self.rest.strip_prefix(b"ip4:") {
            self.rest = rest;
            self.ip4(term)?;
        } else if let Some(rest) = self.rest.strip_prefix(b"redirect=") {
            self.rest = rest;
            self.domain(RawKind::Redirect, term)?;
        } else {
            self.rest = self.named(false, term)?;
        }
        term.end = self.offset();
        Ok(true)
    }

    /// Reads a term by its name. Gives what follows it.
    fn named(mut self, is_qualified: bool, term: &mut Raw) -> Result<&'a [u8], RecordError> {
        let start = self;
        let length = self.name_length()?;
        let (name, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        match rest {
            // RFC 7208 §4.6.1: modifiers always contain an equals sign immediately after the name
            [b'=', ..] if is_qualified => return start.error(Kind::Qualifier),
            [b'=', value @ ..] => {
                self.rest = value;
                self.modifier(name, term)?;
            }
            [] | [b' ' | b':' | b'/', ..] => {
                if !self.mechanism(name, term)? {
                    return start.error(Kind::Mechanism);
                }
            }
            [octet, ..] => {
                return self.error(if octet.is_ascii_graphic() { Kind::Mechanism } else { Kind::Octet });
            }
        }
        Ok(self.rest)
    }

    /// name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
    fn name_length(&self) -> Result<usize, RecordError> {
        let is_name = |octet: &u8| is_of(*octet, LETTER | DIGIT | HYPHEN | NAME_MARK);
        match self.rest.first() {
            Some(octet) if is_of(*octet, LETTER) => {
                Ok(self.rest.iter().position(|octet| !is_name(octet)).unwrap_or(self.rest.len()))
            }
            None | Some(b' ' | b'!'..=b'~') => self.error(Kind::Name),
            Some(_) => self.error(Kind::Octet),
        }
    }

    /// mechanism = ( all / include / a / mx / ptr / ip4 / ip6 / exists )
    ///
    /// Tells whether the name is known.
    fn mechanism(&mut self, name: &[u8], term: &mut Raw) -> Result<bool, RecordError> {
        let mut lower = [0; 7];
        let Some(lower) = lower.get_mut(..name.len()) else { return Ok(false) };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        match &*lower {
            // all = "all"
            b"all" => {
                self.no_argument()?;
                term.set(RawKind::All, Span::EMPTY);
            }
            // include = "include" ":" domain-spec
            b"include" => term.set(RawKind::Include, self.required_domain()?),
            // a = "a" [ ":" domain-spec ] [ dual-cidr-length ]
            b"a" => {
                (term.value, term.prefix) = self.domain_and_prefix()?;
                term.kind = RawKind::A;
            }
            // mx = "mx" [ ":" domain-spec ] [ dual-cidr-length ]
            b"mx" => {
                (term.value, term.prefix) = self.domain_and_prefix()?;
                term.kind = RawKind::Mx;
            }
            // ptr = "ptr" [ ":" domain-spec ]
            b"ptr" if self.rest.starts_with(b":") => term.set(RawKind::Ptr, self.required_domain()?),
            b"ptr" => {
                self.no_argument()?;
                term.set(RawKind::Ptr, Span::EMPTY);
            }
            // exists = "exists" ":" domain-spec
            b"exists" => term.set(RawKind::Exists, self.required_domain()?),
            // ip4 = "ip4" ":" ip4-network [ ip4-cidr-length ]
            b"ip4" => {
                self.colon(Kind::Ip4)?;
                self.ip4(term)?;
            }
            // ip6 = "ip6" ":" ip6-network [ ip6-cidr-length ]
            b"ip6" => {
                self.colon(Kind::Ip6)?;
                self.ip6(term)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// modifier = redirect / explanation / unknown-modifier
    fn modifier(&mut self, name: &[u8], term: &mut Raw) -> Result<(), RecordError> {
        let value = self.argument();
        if name.eq_ignore_ascii_case(b"redirect") {
            term.set(RawKind::Redirect, value.domain_spec()?);
        } else if name.eq_ignore_ascii_case(b"exp") {
            term.set(RawKind::Exp, value.domain_spec()?);
        } else {
            value.macro_string()?;
            term.set(RawKind::Unknown, value.span());
        }
        Ok(())
    }

    fn no_argument(&self) -> Result<(), RecordError> {
        if is_end(self.rest) { Ok(()) } else { self.error(Kind::Argument) }
    }

    fn colon(&mut self, missing: Kind) -> Result<(), RecordError> {
        let Some(rest) = self.rest.strip_prefix(b":") else { return self.error(missing) };
        self.rest = rest;
        Ok(())
    }

    /// ":" domain-spec, and nothing after it
    fn required_domain(&mut self) -> Result<Span, RecordError> {
        match self.rest {
            [b':', rest @ ..] => {
                self.rest = rest;
                self.argument().domain_spec()
            }
            [b'/', ..] => self.error(Kind::Argument),
            _ => self.error(Kind::NoDomain),
        }
    }

    /// [ ":" domain-spec ] [ dual-cidr-length ]
    fn domain_and_prefix(&mut self) -> Result<(Span, DualPrefix), RecordError> {
        match self.rest {
            [] | [b' ', ..] => Ok((Span::EMPTY, DualPrefix::default())),
            [b':', rest @ ..] => {
                self.rest = rest;
                let (domain, prefix) = self.argument().split_prefix();
                Ok((domain.domain_spec()?, prefix.dual_prefix()?))
            }
            _ => Ok((Span::EMPTY, self.argument().dual_prefix()?)),
        }
    }

    /// domain-spec, and nothing after it
    #[inline(always)]
    fn domain(&mut self, kind: RawKind, term: &mut Raw) -> Result<(), RecordError> {
        term.kind = kind;
        // most have no macros and end in letters
        let (octets, rest) = self.rest.split_at_checked(usual_length(self.rest)).unwrap_or((&[], &[]));
        if is_end(rest) && octets.last_chunk().is_some_and(ends_in_letters) {
            self.up_to(rest, term);
            return Ok(());
        }
        self.rest = self.other_domain(term)?;
        Ok(())
    }

    /// The same, whatever it is. Gives what follows it.
    fn other_domain(mut self, term: &mut Raw) -> Result<&'a [u8], RecordError> {
        term.value = self.argument().domain_spec()?;
        Ok(self.rest)
    }

    /// Everything up to the next space or the end.
    fn argument(&mut self) -> Argument<'a> {
        let at = self.at();
        let literal = literal_length(self.rest);
        let length = match self.rest.get(literal) {
            None | Some(b' ') => literal,
            Some(_) => self.rest.iter().position(|&octet| octet == b' ').unwrap_or(self.rest.len()),
        };
        let (octets, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        Argument { octets, at, is_literal: literal == length, is_checked: self.is_checked }
    }

    /// ip4-network [ ip4-cidr-length ]
    fn ip4(&mut self, term: &mut Raw) -> Result<(), RecordError> {
        let Some((_, rest)) = ip4_network(self.rest) else { return self.error(Kind::Ip4) };
        term.kind = RawKind::Ip4;
        self.up_to(rest, term);
        if !is_end(rest) {
            term.prefix.ip4 = self.prefix_length(Kind::Ip4, 32)?;
        }
        Ok(())
    }

    /// ip6-network [ ip6-cidr-length ]
    fn ip6(&mut self, term: &mut Raw) -> Result<(), RecordError> {
        let Some((_, rest)) = ip6_network(self.rest) else { return self.error(Kind::Ip6) };
        term.kind = RawKind::Ip6;
        self.up_to(rest, term);
        if !is_end(rest) {
            term.prefix.ip6 = self.prefix_length(Kind::Ip6, 128)?;
        }
        Ok(())
    }

    /// Goes on to what is left. What stands before it is the value of the term, and has no macros.
    #[inline(always)]
    fn up_to(&mut self, rest: &'a [u8], term: &mut Raw) {
        term.value.at = self.offset();
        self.rest = rest;
        term.value.end = self.offset();
        term.value.has_macros = false;
    }

    /// "/" and a prefix length, and nothing after it
    fn prefix_length(&mut self, network: Kind, most: u8) -> Result<u8, RecordError> {
        let Some(rest) = self.rest.strip_prefix(b"/") else { return self.error(network) };
        self.rest = rest;
        let Some((number, rest)) = prefix_number(self.rest, most) else {
            return self.error(Kind::PrefixLength);
        };
        self.rest = rest;
        match rest {
            [] | [b' ', ..] => Ok(number),
            _ => self.error(Kind::PrefixLength),
        }
    }
}

/// An offset in a record, which is no longer than [`MAX_OCTETS`].
fn offset(at: usize) -> u16 {
    at as u16
}

/// What follows the spaces.
#[cold]
fn without_spaces(rest: &[u8]) -> &[u8] {
    let spaces = rest.iter().take_while(|octet| **octet == b' ').count();
    rest.get(spaces..).unwrap_or(&[])
}

/// Whether a term ends before these octets.
fn is_end(rest: &[u8]) -> bool {
    matches!(rest, [] | [b' ', ..])
}

/// What follows the name of a term, and where.
#[derive(Clone, Copy)]
struct Argument<'a> {
    octets: &'a [u8],
    at: usize,
    /// Whether all octets are macro-literals, so that there is no macro to check.
    is_literal: bool,
    /// Whether it is known to be right.
    is_checked: bool,
}

impl<'a> Argument<'a> {
    fn span(self) -> Span {
        let end = self.at.wrapping_add(self.octets.len());
        Span { at: offset(self.at), end: offset(end), has_macros: !self.is_literal }
    }

    fn skip(self, octets: usize) -> Self {
        let rest = self.octets.get(octets..).unwrap_or(&[]);
        Self { octets: rest, at: self.at.saturating_add(octets), ..self }
    }

    fn error<T>(self, kind: Kind) -> Result<T, RecordError> {
        Err(RecordError { kind, at: self.at })
    }

    /// domain-spec = macro-string domain-end
    fn domain_spec(self) -> Result<Span, RecordError> {
        if self.is_checked {
            return Ok(self.span());
        }
        if self.octets.is_empty() {
            return self.error(Kind::NoDomain);
        }
        if self.is_literal {
            self.domain_end(false)?;
        } else {
            let macros = self.macro_string()?;
            self.skip(macros).domain_end(macros > 0)?;
        }
        Ok(self.span())
    }

    /// macro-string = *( macro-expand / macro-literal )
    ///
    /// Gives the offset behind the last macro, or 0 where there is none.
    fn macro_string(self) -> Result<usize, RecordError> {
        if self.is_literal {
            return Ok(0);
        }
        let in_record = |error: RecordError| RecordError { at: self.at.saturating_add(error.at), ..error };
        let text = core::str::from_utf8(self.octets)
            .map_err(|error| in_record(RecordError { kind: Kind::Octet, at: error.valid_up_to() }))?;
        let mut last_macro = 0;
        let mut pieces = Pieces::new(text, Place::DomainSpec);
        while let Some(piece) = pieces.next() {
            if !matches!(piece.map_err(in_record)?, Piece::Literal(_)) {
                last_macro = pieces.at();
            }
        }
        Ok(last_macro)
    }

    /// domain-end = ( "." toplabel [ "." ] ) / macro-expand
    ///
    /// This is what follows the last macro; where there was one, that may be nothing.
    fn domain_end(self, after_macro: bool) -> Result<(), RecordError> {
        if self.octets.is_empty() && after_macro {
            return Ok(());
        }
        let octets = self.octets.strip_suffix(b".").unwrap_or(self.octets);
        if ends_in_top_label(octets) {
            return Ok(());
        }
        let label_at = octets.iter().rposition(|&octet| octet == b'.').map_or(0, |dot| dot.saturating_add(1));
        self.skip(label_at).error(Kind::TopLabel)
    }

    /// Cuts the dual-cidr-length off the end of a domain-spec. A domain may hold slashes and digits, but neither
    /// a top label nor a macro ends in a slash and digits, so that the cut is never in doubt.
    fn split_prefix(self) -> (Self, Self) {
        let number_at = |end: usize| {
            let before = self.octets.get(..end)?;
            let slash = before.iter().rposition(|octet| !octet.is_ascii_digit())?;
            let has_digits = slash.saturating_add(1) < end;
            (has_digits && before.get(slash) == Some(&b'/')).then_some(slash)
        };
        let Some(last) = number_at(self.octets.len()) else { return self.split(self.octets.len()) };
        let double = last.checked_sub(1).filter(|&before| self.octets.get(before) == Some(&b'/'));
        match double {
            Some(double) => self.split(number_at(double).unwrap_or(double)),
            None => self.split(last),
        }
    }

    fn split(self, at: usize) -> (Self, Self) {
        (Self { octets: self.octets.get(..at).unwrap_or(self.octets), ..self }, self.skip(at))
    }

    /// dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
    fn dual_prefix(self) -> Result<DualPrefix, RecordError> {
        let mut prefix = DualPrefix::default();
        let mut rest = self;
        if let [b'/', first, ..] = rest.octets
            && *first != b'/'
        {
            (prefix.ip4, rest) = rest.prefix_length(1, 32)?;
        }
        if let [b'/', b'/', ..] = rest.octets {
            (prefix.ip6, rest) = rest.prefix_length(2, 128)?;
        }
        if rest.octets.is_empty() { Ok(prefix) } else { rest.error(Kind::PrefixLength) }
    }

    /// A prefix length behind so many slashes, and what follows it.
    fn prefix_length(self, slashes: usize, most: u8) -> Result<(u8, Self), RecordError> {
        let digits = self.skip(slashes);
        match prefix_number(digits.octets, most) {
            Some((number, rest)) => {
                let length = digits.octets.len().saturating_sub(rest.len());
                Ok((number, digits.skip(length)))
            }
            None => digits.error(Kind::PrefixLength),
        }
    }
}
