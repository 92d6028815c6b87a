//! Reading records (RFC 7208 §12). Every check does it for every record it comes by, so this is written by hand
//! and in one pass; the grammar in `nom` beside it is what the tests compare it with.
//!
//! What is read is a [`Raw`] term: offsets into the record instead of texts, small enough to be kept.

use crate::{
    error::{RecordError, RecordErrorKind as Kind},
    macros::{Piece, Pieces, Place},
    networks::Networks,
    octets::{
        DIGIT, HYPHEN, LETTER, NAME_MARK, ends_in_letters, ends_in_top_label, ip4_network, ip6_network,
        is_of, literal_length, prefix_number,
    },
    record::{DualPrefix, MAX_OCTETS, Qualifier},
};
use core::net::{Ipv4Addr, Ipv6Addr};

/// version = "v=spf1"
pub(crate) const VERSION: &[u8] = b"v=spf1";

/// A term, by its offsets in the record. It is flat: so it is kept in registers while it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw {
    pub(crate) at: u16,
    pub(crate) end: u16,
    pub(crate) qualifier: Qualifier,
    pub(crate) body: Body,
}

impl Raw {
    /// What stands before the first term.
    pub(crate) const VERSION: Self =
        Self { at: 0, end: 6, qualifier: Qualifier::Pass, body: Body::new(RawKind::Unknown) };
}

/// What follows the qualifier of a term.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body {
    pub(crate) kind: RawKind,
    /// The domain, or the value of a modifier that is not known; without octets where none is given.
    pub(crate) domain: Span,
    /// How many bits of addresses are compared.
    pub(crate) prefix: DualPrefix,
    /// The address of a network, in bits.
    network: u128,
}

impl Body {
    const fn new(kind: RawKind) -> Self {
        Self { kind, domain: Span::EMPTY, prefix: DualPrefix::ALL, network: 0 }
    }

    #[inline(always)]
    fn with_domain(kind: RawKind, domain: Span) -> Self {
        Self { domain, ..Self::new(kind) }
    }

    #[inline(always)]
    fn ip4(network: u32, prefix: u8) -> Self {
        let prefix = DualPrefix { ip4: prefix, ..DualPrefix::ALL };
        Self { prefix, network: u128::from(network), ..Self::new(RawKind::Ip4) }
    }

    #[inline(always)]
    fn ip6(network: u128, prefix: u8) -> Self {
        let prefix = DualPrefix { ip6: prefix, ..DualPrefix::ALL };
        Self { prefix, network, ..Self::new(RawKind::Ip6) }
    }

    /// The address of an `ip4`.
    pub(crate) fn ip4_network(&self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.network as u32)
    }

    /// The address of an `ip6`.
    pub(crate) fn ip6_network(&self) -> Ipv6Addr {
        Ipv6Addr::from_bits(self.network)
    }
}

/// What a term is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RawKind {
    All,
    Include,
    A,
    Mx,
    Ptr,
    Ip4,
    Ip6,
    Exists,
    Redirect,
    Exp,
    /// A modifier that is not known.
    Unknown,
}

/// A part of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub(crate) at: u16,
    pub(crate) end: u16,
    /// Whether there are macros, or escapes, in it.
    pub(crate) has_macros: bool,
}

impl Span {
    pub(crate) const EMPTY: Self = Self { at: 0, end: 0, has_macros: false };

    pub(crate) fn of(self, record: &[u8]) -> &[u8] {
        record.get(usize::from(self.at)..usize::from(self.end)).unwrap_or(&[])
    }

    pub(crate) fn is_empty(self) -> bool {
        self.at == self.end
    }
}

/// What must be known of a record before its terms are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Index {
    pub(crate) redirect: Option<Modifier>,
    pub(crate) exp: Option<Modifier>,
    /// Whether there is an `all`, which makes `redirect` idle (RFC 7208 §5.1).
    pub(crate) has_all: bool,
}

impl Index {
    pub(crate) const EMPTY: Self = Self { redirect: None, exp: None, has_all: false };

    /// The `redirect` that is followed where no directive matches.
    pub(crate) fn followed(&self) -> Option<Modifier> {
        self.redirect.filter(|_| !self.has_all)
    }
}

/// A `redirect` or `exp`: where it begins, and its domain, with which it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Modifier {
    pub(crate) at: u16,
    pub(crate) domain: Span,
}

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
        let mut index = Index::EMPTY;
        terms(record, &Networks::None, &mut index, |_| {})?;
        Ok(index)
    } else {
        Err(RecordError { kind: Kind::Version, at: 0 })
    }
}

/// Reads what follows the version: shows the terms to `visit` and writes what is found once in a record to an empty
/// index.
#[inline]
pub(crate) fn terms(
    record: &[u8],
    networks: &Networks,
    index: &mut Index,
    mut visit: impl FnMut(&Raw),
) -> Result<(), RecordError> {
    if record.len() > MAX_OCTETS {
        return Err(RecordError { kind: Kind::TooLong, at: MAX_OCTETS });
    }
    let mut reader = Reader::new(record);
    while let Some(term) = reader.term_among(networks)? {
        let modifier = Modifier { at: term.at, domain: term.body.domain };
        match term.body.kind {
            RawKind::All => index.has_all = true,
            RawKind::Redirect => only_once(&mut index.redirect, modifier)?,
            RawKind::Exp => only_once(&mut index.exp, modifier)?,
            _ => {}
        }
        visit(&term);
    }
    Ok(())
}

/// RFC 7208 §6: redirect and exp MUST NOT appear in a record more than once each.
fn only_once(slot: &mut Option<Modifier>, modifier: Modifier) -> Result<(), RecordError> {
    match slot.replace(modifier) {
        None => Ok(()),
        Some(_) => Err(RecordError { kind: Kind::Duplicate, at: usize::from(modifier.at) }),
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

    /// Reads the next term that is no network, or one of these networks.
    #[inline(always)]
    pub(crate) fn term_among(&mut self, networks: &Networks) -> Result<Option<Raw>, RecordError> {
        // most terms of most records are networks, and most clients are not in them
        if self.rest.starts_with(b" ip") {
            self.rest = networks.pass(self.rest);
        }
        // and most records end like this
        if let [b' ', qualifier, b'a', b'l', b'l'] = self.rest
            && let Some(qualifier) = Qualifier::parse(*qualifier)
        {
            let at = self.offset().wrapping_add(1);
            self.rest = &[];
            return Ok(Some(Raw { at, end: self.offset(), qualifier, body: Body::new(RawKind::All) }));
        }
        self.term()
    }

    /// The terms that are no networks, and those that are among these.
    pub(crate) fn among(mut self, networks: &Networks) -> impl Iterator<Item = Raw> {
        // a record that is read again keeps the grammar, so that there is no error to lose
        core::iter::from_fn(move || self.term_among(networks).ok().flatten())
    }

    /// terms = *( 1*SP ( directive / modifier ) )
    ///
    /// Reads the next term, or nothing where only spaces are left.
    #[inline(always)]
    pub(crate) fn term(&mut self) -> Result<Option<Raw>, RecordError> {
        while let [b' ', rest @ ..] = self.rest {
            self.rest = rest;
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        let at = self.offset();
        let qualifier = self.rest.first().copied().and_then(Qualifier::parse);
        let body = self.rest.get(usize::from(qualifier.is_some())..).unwrap_or(&[]);
        self.rest = body;
        // most terms of most records are one of these; the others are told apart by their names
        let body = if let Some(rest) = body.strip_prefix(b"include:") {
            self.rest = rest;
            Body::with_domain(RawKind::Include, self.domain()?)
        } else if let Some(rest) = body.strip_prefix(b"all").filter(|rest| is_end(rest)) {
            self.rest = rest;
            Body::new(RawKind::All)
        } else if let Some(rest) = body.strip_prefix(b"ip4:") {
            self.rest = rest;
            self.ip4()?
        } else if let Some(rest) = body.strip_prefix(b"ip6:") {
            self.rest = rest;
            self.ip6()?
        } else if let Some(rest) = self.rest.strip_prefix(b"redirect=").filter(|_| qualifier.is_none()) {
            self.rest = rest;
            Body::with_domain(RawKind::Redirect, self.domain()?)
        } else {
            self.named(qualifier.is_some())?
        };
        Ok(Some(Raw { at, end: self.offset(), qualifier: qualifier.unwrap_or_default(), body }))
    }

    /// Reads a term by its name.
    fn named(&mut self, is_qualified: bool) -> Result<Body, RecordError> {
        let start = *self;
        let length = self.name_length()?;
        let (name, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, &[]));
        self.rest = rest;
        match rest {
            // RFC 7208 §4.6.1: modifiers always contain an equals sign immediately after the name
            [b'=', ..] if is_qualified => start.error(Kind::Qualifier),
            [b'=', value @ ..] => {
                self.rest = value;
                self.modifier(name)
            }
            [] | [b' ' | b':' | b'/', ..] => match self.mechanism(name)? {
                Some(body) => Ok(body),
                None => start.error(Kind::Mechanism),
            },
            [octet, ..] => self.error(if octet.is_ascii_graphic() { Kind::Mechanism } else { Kind::Octet }),
        }
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
    /// Nothing where the name is not known.
    fn mechanism(&mut self, name: &[u8]) -> Result<Option<Body>, RecordError> {
        let mut lower = [0; 7];
        let Some(lower) = lower.get_mut(..name.len()) else { return Ok(None) };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        Ok(Some(match &*lower {
            // all = "all"
            b"all" => {
                self.no_argument()?;
                Body::new(RawKind::All)
            }
            // include = "include" ":" domain-spec
            b"include" => Body::with_domain(RawKind::Include, self.required_domain()?),
            // a = "a" [ ":" domain-spec ] [ dual-cidr-length ]
            b"a" => {
                let (domain, prefix) = self.domain_and_prefix()?;
                Body { prefix, ..Body::with_domain(RawKind::A, domain) }
            }
            // mx = "mx" [ ":" domain-spec ] [ dual-cidr-length ]
            b"mx" => {
                let (domain, prefix) = self.domain_and_prefix()?;
                Body { prefix, ..Body::with_domain(RawKind::Mx, domain) }
            }
            // ptr = "ptr" [ ":" domain-spec ]
            b"ptr" if self.rest.starts_with(b":") => Body::with_domain(RawKind::Ptr, self.required_domain()?),
            b"ptr" => {
                self.no_argument()?;
                Body::new(RawKind::Ptr)
            }
            // exists = "exists" ":" domain-spec
            b"exists" => Body::with_domain(RawKind::Exists, self.required_domain()?),
            // ip4 = "ip4" ":" ip4-network [ ip4-cidr-length ]
            b"ip4" => {
                self.colon(Kind::Ip4)?;
                self.ip4()?
            }
            // ip6 = "ip6" ":" ip6-network [ ip6-cidr-length ]
            b"ip6" => {
                self.colon(Kind::Ip6)?;
                self.ip6()?
            }
            _ => return Ok(None),
        }))
    }

    /// modifier = redirect / explanation / unknown-modifier
    fn modifier(&mut self, name: &[u8]) -> Result<Body, RecordError> {
        let value = self.argument();
        if name.eq_ignore_ascii_case(b"redirect") {
            return Ok(Body::with_domain(RawKind::Redirect, value.domain_spec()?));
        }
        if name.eq_ignore_ascii_case(b"exp") {
            return Ok(Body::with_domain(RawKind::Exp, value.domain_spec()?));
        }
        value.macro_string()?;
        Ok(Body::with_domain(RawKind::Unknown, value.span()))
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
    fn domain(&mut self) -> Result<Span, RecordError> {
        // most have no macros and end in letters
        let (octets, rest) = self.rest.split_at_checked(literal_length(self.rest)).unwrap_or((&[], &[]));
        if is_end(rest) && octets.last_chunk().is_some_and(ends_in_letters) {
            let at = self.offset();
            self.rest = rest;
            return Ok(Span { at, end: self.offset(), has_macros: false });
        }
        self.argument().domain_spec()
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
    #[inline(always)]
    fn ip4(&mut self) -> Result<Body, RecordError> {
        let Some((address, rest)) = ip4_network(self.rest) else { return self.error(Kind::Ip4) };
        self.rest = rest;
        match rest {
            [] | [b' ', ..] => Ok(Body::ip4(address, 32)),
            [b'/', ..] => Ok(Body::ip4(address, self.prefix_length(32)?)),
            _ => self.error(Kind::Ip4),
        }
    }

    /// ip6-network [ ip6-cidr-length ]
    fn ip6(&mut self) -> Result<Body, RecordError> {
        let Some((groups, rest)) = ip6_network(self.rest) else { return self.error(Kind::Ip6) };
        let address = groups.address();
        self.rest = rest;
        match rest {
            [] | [b' ', ..] => Ok(Body::ip6(address, 128)),
            [b'/', ..] => Ok(Body::ip6(address, self.prefix_length(128)?)),
            _ => self.error(Kind::Ip6),
        }
    }

    /// "/" and a prefix length, and nothing after it
    fn prefix_length(&mut self, most: u8) -> Result<u8, RecordError> {
        self.rest = self.rest.get(1..).unwrap_or(&[]);
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
