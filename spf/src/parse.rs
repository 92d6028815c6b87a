//! Reading records (RFC 7208 §12), by hand because every check does it: the grammar in `nom` beside it is what
//! the tests compare it with.

use crate::{
    error::{RecordError, RecordErrorKind as Kind},
    macros::{Piece, Pieces, Place},
    record::{DomainSpec, DualPrefix, Index, MAX_OCTETS, Mechanism, Modifier, Qualifier, Term, TermKind},
};
use core::net::{Ipv4Addr, Ipv6Addr};

/// version = "v=spf1"
pub(crate) const VERSION: &str = "v=spf1";

/// Whether a text begins with the version and then a space or the end (RFC 7208 §4.5).
pub(crate) fn version(text: &[u8]) -> bool {
    match text.split_at_checked(VERSION.len()) {
        Some((version, rest)) => {
            version.eq_ignore_ascii_case(VERSION.as_bytes()) && matches!(rest.first(), None | Some(b' '))
        }
        None => false,
    }
}

/// record = version terms *SP
///
/// Shows every term to `visit` and gives what is found once in a record.
pub(crate) fn index(octets: &[u8], mut visit: impl FnMut(&Term<'_>)) -> Result<Index, RecordError> {
    if !version(octets) {
        return Err(RecordError { kind: Kind::Version, at: 0 });
    }
    if octets.len() > MAX_OCTETS {
        return Err(RecordError { kind: Kind::TooLong, at: MAX_OCTETS });
    }
    let text = core::str::from_utf8(octets)
        .map_err(|error| RecordError { kind: Kind::Octet, at: error.valid_up_to() })?;
    let mut index = Index::default();
    let mut at = VERSION.len();
    while let Some(term) = next_term(text, at)? {
        at = term.end();
        let once = match term.kind {
            TermKind::Modifier(Modifier::Redirect(_)) => Some(&mut index.redirect),
            TermKind::Modifier(Modifier::Exp(_)) => Some(&mut index.exp),
            TermKind::Directive { mechanism: Mechanism::All, .. } => {
                index.has_all = true;
                None
            }
            _ => None,
        };
        if let Some(slot) = once {
            // RFC 7208 §6: redirect and exp MUST NOT appear more than once each
            if slot.is_some() {
                return Err(RecordError { kind: Kind::Duplicate, at: term.at });
            }
            *slot = u16::try_from(term.at).ok();
        }
        visit(&term);
    }
    Ok(index)
}

/// terms = *( 1*SP ( directive / modifier ) )
///
/// Reads the next term after `at`, or nothing where only spaces are left.
pub(crate) fn next_term(text: &str, at: usize) -> Result<Option<Term<'_>>, RecordError> {
    let Some(rest) = text.as_bytes().get(at..) else { return Ok(None) };
    let Some(spaces) = rest.iter().position(|&octet| octet != b' ') else { return Ok(None) };
    let start = at.saturating_add(spaces);
    let rest = rest.get(spaces..).unwrap_or(&[]);
    let length = rest.iter().position(|&octet| octet == b' ').unwrap_or(rest.len());
    let end = start.saturating_add(length);
    let text = text.get(start..end).ok_or(RecordError { kind: Kind::Octet, at: start })?;
    let kind = Cursor { text, at: start }.term()?;
    Ok(Some(Term { kind, text, at: start }))
}

/// What is left of a term, and where that stands in the record.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn octets(self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn skip(self, octets: usize) -> Self {
        Self { text: self.text.get(octets..).unwrap_or(""), at: self.at.saturating_add(octets) }
    }

    /// What stands before and after an offset.
    fn split(self, octets: usize) -> (Self, Self) {
        (Self { text: self.text.get(..octets).unwrap_or(self.text), at: self.at }, self.skip(octets))
    }

    fn error<T>(self, kind: Kind) -> Result<T, RecordError> {
        Err(RecordError { kind, at: self.at })
    }

    /// directive / modifier
    fn term(self) -> Result<TermKind<'a>, RecordError> {
        let qualifier = match self.octets().first() {
            Some(b'+') => Some(Qualifier::Pass),
            Some(b'-') => Some(Qualifier::Fail),
            Some(b'~') => Some(Qualifier::SoftFail),
            Some(b'?') => Some(Qualifier::Neutral),
            _ => None,
        };
        let body = if qualifier.is_some() { self.skip(1) } else { self };
        // name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
        let is_name = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
        let octets = body.octets();
        if !octets.first().is_some_and(u8::is_ascii_alphabetic) {
            let is_visible = octets.first().is_none_or(u8::is_ascii_graphic);
            return body.error(if is_visible { Kind::Name } else { Kind::Octet });
        }
        let length = octets.iter().position(|&octet| !is_name(octet)).unwrap_or(octets.len());
        let (name, rest) = body.split(length);
        match rest.octets().first() {
            // RFC 7208 §4.6.1: modifiers always contain an equals sign immediately after the name
            Some(b'=') if qualifier.is_some() => self.error(Kind::Qualifier),
            Some(b'=') => Ok(TermKind::Modifier(name.modifier(rest.skip(1))?)),
            None | Some(b':' | b'/') => Ok(TermKind::Directive {
                qualifier: qualifier.unwrap_or_default(),
                mechanism: name.mechanism(rest)?,
            }),
            Some(octet) => rest.error(if octet.is_ascii_graphic() { Kind::Mechanism } else { Kind::Octet }),
        }
    }

    /// mechanism = ( all / include / a / mx / ptr / ip4 / ip6 / exists )
    fn mechanism(self, rest: Self) -> Result<Mechanism<'a>, RecordError> {
        let mut name = [0; 7];
        let Some(name) = name.get_mut(..self.text.len()) else { return self.error(Kind::Mechanism) };
        name.copy_from_slice(self.octets());
        name.make_ascii_lowercase();
        match &*name {
            // ip4 = "ip4" ":" ip4-network [ ip4-cidr-length ]
            b"ip4" => rest.ip4(),
            // ip6 = "ip6" ":" ip6-network [ ip6-cidr-length ]
            b"ip6" => rest.ip6(),
            // include = "include" ":" domain-spec
            b"include" => Ok(Mechanism::Include(rest.required_domain()?)),
            // a = "a" [ ":" domain-spec ] [ dual-cidr-length ]
            b"a" => {
                let (domain, prefix) = rest.domain_and_prefix()?;
                Ok(Mechanism::A { domain, prefix })
            }
            // mx = "mx" [ ":" domain-spec ] [ dual-cidr-length ]
            b"mx" => {
                let (domain, prefix) = rest.domain_and_prefix()?;
                Ok(Mechanism::Mx { domain, prefix })
            }
            // all = "all"
            b"all" if rest.text.is_empty() => Ok(Mechanism::All),
            b"all" => rest.error(Kind::Argument),
            // ptr = "ptr" [ ":" domain-spec ]
            b"ptr" if rest.text.is_empty() => Ok(Mechanism::Ptr { domain: None }),
            b"ptr" => Ok(Mechanism::Ptr { domain: Some(rest.required_domain()?) }),
            // exists = "exists" ":" domain-spec
            b"exists" => Ok(Mechanism::Exists(rest.required_domain()?)),
            _ => self.error(Kind::Mechanism),
        }
    }

    /// modifier = redirect / explanation / unknown-modifier
    fn modifier(self, value: Self) -> Result<Modifier<'a>, RecordError> {
        if self.text.eq_ignore_ascii_case("redirect") {
            return Ok(Modifier::Redirect(value.domain_spec()?));
        }
        if self.text.eq_ignore_ascii_case("exp") {
            return Ok(Modifier::Exp(value.domain_spec()?));
        }
        value.macro_string()?;
        Ok(Modifier::Unknown { name: self.text, value: value.text })
    }

    /// ":" domain-spec, and nothing after it
    fn required_domain(self) -> Result<DomainSpec<'a>, RecordError> {
        match self.octets().first() {
            Some(b':') => self.skip(1).domain_spec(),
            Some(_) => self.error(Kind::Argument),
            None => self.error(Kind::NoDomain),
        }
    }

    /// [ ":" domain-spec ] [ dual-cidr-length ]
    fn domain_and_prefix(self) -> Result<(Option<DomainSpec<'a>>, DualPrefix), RecordError> {
        match self.octets().first() {
            None => Ok((None, DualPrefix::default())),
            Some(b':') => {
                let (domain, prefix) = self.skip(1).split_prefix();
                Ok((Some(domain.domain_spec()?), prefix.dual_prefix()?))
            }
            Some(_) => Ok((None, self.dual_prefix()?)),
        }
    }

    /// Cuts the dual-cidr-length off the end of a domain-spec. A domain may hold slashes and digits, but neither
    /// a top label nor a macro ends in a slash and digits, so that the cut is never in doubt.
    fn split_prefix(self) -> (Self, Self) {
        let octets = self.octets();
        let number_at = |end: usize| {
            let digits = octets.iter().take(end).rev().take_while(|octet| octet.is_ascii_digit()).count();
            let slash = end.checked_sub(digits)?.checked_sub(1)?;
            (digits > 0 && octets.get(slash) == Some(&b'/')).then_some(slash)
        };
        let Some(last) = number_at(octets.len()) else { return self.split(octets.len()) };
        let before = last.checked_sub(1).filter(|&before| octets.get(before) == Some(&b'/'));
        let cut = match before {
            Some(before) => number_at(before).unwrap_or(before),
            None => last,
        };
        self.split(cut)
    }

    /// dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
    fn dual_prefix(self) -> Result<DualPrefix, RecordError> {
        let mut prefix = DualPrefix::default();
        let mut rest = self;
        if !rest.text.starts_with("//") && !rest.text.is_empty() {
            (prefix.ip4, rest) = rest.prefix_length(32)?;
        }
        if !rest.text.is_empty() {
            if !rest.text.starts_with("//") {
                return rest.error(Kind::PrefixLength);
            }
            (prefix.ip6, rest) = rest.skip(1).prefix_length(128)?;
        }
        if rest.text.is_empty() { Ok(prefix) } else { rest.error(Kind::PrefixLength) }
    }

    /// ip4-cidr-length = "/" ("0" / %x31-39 0*1DIGIT), up to 32; ip6-cidr-length the same, up to 128
    ///
    /// Gives the number and what follows it.
    fn prefix_length(self, most: u8) -> Result<(u8, Self), RecordError> {
        let digits = self.skip(1);
        match decimal(digits.octets()) {
            Some((number, length)) if number <= most => Ok((number, digits.skip(length))),
            _ => digits.error(Kind::PrefixLength),
        }
    }

    /// ":" ip4-network [ ip4-cidr-length ]
    fn ip4(self) -> Result<Mechanism<'a>, RecordError> {
        if self.octets().first() != Some(&b':') {
            return self.error(Kind::Ip4);
        }
        let network = self.skip(1);
        let Some((address, length)) = ip4_network(network.octets()) else { return network.error(Kind::Ip4) };
        let rest = network.skip(length);
        let prefix = match rest.octets().first() {
            None => 32,
            Some(b'/') => rest.last_prefix_length(32)?,
            Some(_) => return rest.error(Kind::Ip4),
        };
        Ok(Mechanism::Ip4 { address, prefix })
    }

    /// ":" ip6-network [ ip6-cidr-length ]
    fn ip6(self) -> Result<Mechanism<'a>, RecordError> {
        if self.octets().first() != Some(&b':') {
            return self.error(Kind::Ip6);
        }
        let network = self.skip(1);
        let slash = network.octets().iter().position(|&octet| octet == b'/');
        let (network, rest) = network.split(slash.unwrap_or(network.text.len()));
        // RFC 4291 §2.2, as the core library reads it
        let Ok(address) = network.text.parse::<Ipv6Addr>() else { return network.error(Kind::Ip6) };
        let prefix = if rest.text.is_empty() { 128 } else { rest.last_prefix_length(128)? };
        Ok(Mechanism::Ip6 { address, prefix })
    }

    fn last_prefix_length(self, most: u8) -> Result<u8, RecordError> {
        let (number, rest) = self.prefix_length(most)?;
        if rest.text.is_empty() { Ok(number) } else { rest.error(Kind::PrefixLength) }
    }

    /// domain-spec = macro-string domain-end
    fn domain_spec(self) -> Result<DomainSpec<'a>, RecordError> {
        if self.text.is_empty() {
            return self.error(Kind::NoDomain);
        }
        let last_macro = self.macro_string()?;
        self.skip(last_macro).domain_end(last_macro > 0)?;
        Ok(DomainSpec(self.text))
    }

    /// domain-end = ( "." toplabel [ "." ] ) / macro-expand
    ///
    /// `self` is what follows the last macro; where there was one, that may be nothing.
    fn domain_end(self, after_macro: bool) -> Result<(), RecordError> {
        if self.text.is_empty() && after_macro {
            return Ok(());
        }
        let text = self.text.strip_suffix('.').unwrap_or(self.text).as_bytes();
        let Some(dot) = text.iter().rposition(|&octet| octet == b'.') else {
            return self.error(Kind::TopLabel);
        };
        let label_at = dot.saturating_add(1);
        if is_top_label(text.get(label_at..).unwrap_or(&[])) {
            Ok(())
        } else {
            self.skip(label_at).error(Kind::TopLabel)
        }
    }

    /// macro-string = *( macro-expand / macro-literal )
    ///
    /// Gives the offset behind the last macro, or 0 where there is none.
    fn macro_string(self) -> Result<usize, RecordError> {
        if self.octets().iter().all(|&octet| octet.is_ascii_graphic() && octet != b'%') {
            return Ok(0);
        }
        let mut last_macro = 0;
        let mut pieces = Pieces::new(self.text, Place::DomainSpec);
        while let Some(piece) = pieces.next() {
            let piece =
                piece.map_err(|error| RecordError { at: self.at.saturating_add(error.at), ..error })?;
            if !matches!(piece, Piece::Literal(_)) {
                last_macro = pieces.at();
            }
        }
        Ok(last_macro)
    }
}

/// toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
///
/// In other words: letters, digits and hyphens, no hyphen at either end, and not only digits.
fn is_top_label(label: &[u8]) -> bool {
    let all_are = |is: fn(&u8) -> bool| label.iter().all(is);
    all_are(|octet| octet.is_ascii_alphanumeric() || *octet == b'-')
        && !all_are(u8::is_ascii_digit)
        && label.first() != Some(&b'-')
        && label.last() != Some(&b'-')
}

/// ip4-network = qnum "." qnum "." qnum "." qnum
///
/// Gives the address and its length.
fn ip4_network(octets: &[u8]) -> Option<(Ipv4Addr, usize)> {
    let mut parts = [0; 4];
    let mut at: usize = 0;
    for (number, part) in parts.iter_mut().enumerate() {
        if number > 0 {
            if octets.get(at) != Some(&b'.') {
                return None;
            }
            at = at.saturating_add(1);
        }
        let (value, length) = decimal(octets.get(at..)?)?;
        *part = value;
        at = at.saturating_add(length);
    }
    Some((Ipv4Addr::from(parts), at))
}

/// qnum: a decimal number up to 255 without a leading zero, and its length.
fn decimal(octets: &[u8]) -> Option<(u8, usize)> {
    let digit = |at: usize| octets.get(at).map(|octet| octet.wrapping_sub(b'0')).filter(|digit| *digit < 10);
    let first = digit(0)?;
    let Some(second) = digit(1) else { return Some((first, 1)) };
    if first == 0 {
        return None;
    }
    let two = first.wrapping_mul(10).wrapping_add(second);
    let Some(third) = digit(2) else { return Some((two, 2)) };
    let three = two.checked_mul(10)?.checked_add(third)?;
    match digit(3) {
        Some(_) => None,
        None => Some((three, 3)),
    }
}
