//! Paths: the addresses of an envelope (RFC 5321 §4.1.2, with RFC 6531 §3.3 for those outside ASCII).
//!
//! Read by hand, because every MAIL and RCPT goes through here; the grammar by its rules, in nom, is the test
//! oracle of this file.

use crate::{
    error::{PathError, PathErrorKind},
    octets::{self, ALPHANUMERIC, ATOM, HYPHEN, Marks, UNDERSCORE, WIDE},
    rules::Rules,
    text::known,
};
use alloc::{borrow::Cow, string::String};
use core::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

/// The most octets of a label of a domain (RFC 1035 §2.3.4).
const MAX_LABEL: usize = 63;

/// Who a message is from, or for.
///
/// ```
/// use smtp_proto::{Path, Rules};
///
/// let path = Path::parse("<\"a b\"@example.com>", &Rules::default())?;
/// let Path::Mailbox(mailbox) = &path else { panic!() };
/// assert_eq!((mailbox.local_part(), &*mailbox.unquoted()), ("\"a b\"", "a b"));
/// assert_eq!(mailbox.domain_str(), "example.com");
/// assert_eq!(path.to_string(), "<\"a b\"@example.com>");
/// # Ok::<(), smtp_proto::PathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Path<'a> {
    /// `<>`, the sender of notifications.
    Null,
    /// `<Postmaster>`, in any case, without a domain: a recipient that every server has (§4.5.1).
    Postmaster,
    /// An address.
    Mailbox(Mailbox<'a>),
}

impl<'a> Path<'a> {
    /// Reads a path with its brackets. A source route is read and left out, as appendix C asks.
    ///
    /// # Errors
    /// A [`PathError`] says which rule is broken, and where.
    pub fn parse(text: &'a str, rules: &Rules) -> Result<Self, PathError> {
        match read_path(text, 0, rules)? {
            (path, end) if end == text.len() => Ok(path),
            (_, end) => Err(PathError { kind: PathErrorKind::Trailing, at: end }),
        }
    }

    /// The mailbox, if there is one.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Mailbox<'a>> {
        match self {
            Self::Mailbox(mailbox) => Some(mailbox),
            Self::Null | Self::Postmaster => None,
        }
    }

    /// Whether it is all ASCII: otherwise it needs SMTPUTF8 (RFC 6531 §3.4).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.mailbox().is_none_or(Mailbox::is_ascii)
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Path<'static> {
        match self {
            Self::Null => Path::Null,
            Self::Postmaster => Path::Postmaster,
            Self::Mailbox(mailbox) => Path::Mailbox(mailbox.into_owned()),
        }
    }
}

impl Path<'_> {
    pub(crate) fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let Self::Mailbox(mailbox) = self else {
            return out.write_str(if *self == Path::Null { "<>" } else { "<Postmaster>" });
        };
        out.write_str("<")?;
        out.write_str(mailbox.as_str())?;
        out.write_str(">")
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f)
    }
}

/// `local-part@domain`. Two are equal if they are written alike: what else is one mailbox only its own host
/// knows (§2.4).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mailbox<'a> {
    text: Cow<'a, str>,
    /// The offset of the `@`.
    at: usize,
}

impl<'a> Mailbox<'a> {
    /// Reads a mailbox, which must fit into a path.
    ///
    /// # Errors
    /// A [`PathError`] says which rule is broken, and where.
    pub fn parse(text: &'a str, rules: &Rules) -> Result<Self, PathError> {
        if text.len().saturating_add("<>".len()) > rules.path {
            return Err(PathError { kind: PathErrorKind::PathTooLong, at: 0 });
        }
        match read_mailbox(text, 0, rules)? {
            (at, end) if end == text.len() => Ok(Self::part_of(text, 0, at, end)),
            (_, end) => Err(PathError { kind: PathErrorKind::Trailing, at: end }),
        }
    }

    /// What has been read between two offsets, with the `@` at a third.
    fn part_of(text: &'a str, from: usize, at: usize, end: usize) -> Self {
        let text = text.get(from..end).unwrap_or("");
        Self { text: Cow::Borrowed(text), at: at.saturating_sub(from) }
    }

    /// The mailbox that starts at `from`, and where it ends, if it is as almost all are: in ASCII, without quotes, and
    /// with a short domain behind which a path ends. `None` for all others, and where it is broken: those are for
    /// [`read_path`].
    #[inline(always)]
    pub(crate) fn read_usual(
        line: &'a [u8],
        from: usize,
        marks: &mut Marks<'_>,
        rules: &Rules,
    ) -> Option<(Self, usize)> {
        let at = match line.get(from) {
            Some(b'"') => {
                let at = usual_quoted(line, from, marks)?;
                (marks.next() == at).then_some(at)?
            }
            _ => usual_dot_string(line, from, marks)?,
        };
        if line.get(at) != Some(&b'@') {
            return None;
        }
        let domain = at.wrapping_add(1);
        let mut start = domain;
        let end = loop {
            let end = marks.next();
            match line.get(end) {
                // two hyphens side by side, which a domain may have, are not for here
                Some(b'.' | b'-') if end > start => start = end.wrapping_add(1),
                Some(b'>') if end > start => break end,
                _ => return None,
            }
        };
        let is_short = at.wrapping_sub(from) <= rules.local_part
            && end.wrapping_sub(domain) <= rules.domain.min(MAX_LABEL)
            && end.wrapping_sub(from).wrapping_add("<>".len()) <= rules.path;
        if is_short {
            let text = Cow::Borrowed(known(line.get(from..end)?));
            Some((Self { text, at: at.wrapping_sub(from) }, end))
        } else {
            None
        }
    }

    /// The whole.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The local part as it is written, in quotes where it has them.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.text.get(..self.at).unwrap_or("")
    }

    /// The local part without quotes and quoted pairs: what it means (§4.1.2).
    #[must_use]
    pub fn unquoted(&self) -> Cow<'_, str> {
        let local_part = self.local_part();
        let Some(inner) = local_part.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
            return Cow::Borrowed(local_part);
        };
        if !inner.contains('\\') {
            return Cow::Borrowed(inner);
        }
        let mut unquoted = String::with_capacity(inner.len());
        let mut characters = inner.chars();
        while let Some(character) = characters.next() {
            unquoted.extend(if character == '\\' { characters.next() } else { Some(character) });
        }
        Cow::Owned(unquoted)
    }

    /// The domain as it is written: a name, or a literal in its brackets.
    #[must_use]
    pub fn domain_str(&self) -> &str {
        self.text.get(self.at.saturating_add(1)..).unwrap_or("")
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> Domain<'_> {
        let text = self.domain_str();
        literal(text).unwrap_or(Domain::Name(text))
    }

    /// Whether it is all ASCII.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Mailbox<'static> {
        Mailbox { text: Cow::Owned(self.text.into_owned()), at: self.at }
    }
}

impl fmt::Display for Mailbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Mailbox<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({})", self.text)
    }
}

/// Where a mailbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain<'a> {
    /// A domain name, as written.
    Name(&'a str),
    /// `[192.0.2.1]`
    Ipv4(Ipv4Addr),
    /// `[IPv6:2001:db8::1]`
    Ipv6(Ipv6Addr),
    /// `[tag:content]`
    General {
        /// The standardised tag.
        tag: &'a str,
        /// What follows the colon.
        content: &'a str,
    },
}

impl<'a> Domain<'a> {
    /// Reads a domain or an address literal, as EHLO has it.
    ///
    /// # Errors
    /// A [`PathError`] says which rule is broken, and where.
    pub fn parse(text: &'a str, rules: &Rules) -> Result<Self, PathError> {
        match read_domain(text, 0, rules)? {
            end if end == text.len() => Ok(literal(text).unwrap_or(Domain::Name(text))),
            end => Err(PathError { kind: PathErrorKind::Domain, at: end }),
        }
    }
}

/// Where a local part without quotes ends.
#[inline(always)]
fn usual_dot_string(line: &[u8], from: usize, marks: &mut Marks<'_>) -> Option<usize> {
    let mut start = from;
    loop {
        let at = marks.next();
        match line.get(at) {
            Some(b'@') if at > start => return Some(at),
            Some(b'.') if at > start => start = at.wrapping_add(1),
            Some(&mark) if octets::is(mark, ATOM | HYPHEN) => {}
            _ => return None,
        }
    }
}

/// Where one in quotes ends, without quoted pairs.
#[inline]
fn usual_quoted(line: &[u8], from: usize, marks: &mut Marks<'_>) -> Option<usize> {
    // the quote itself
    marks.next();
    loop {
        let at = marks.next();
        match line.get(at) {
            Some(b'"') if at > from.wrapping_add(1) => return at.checked_add(1),
            Some(b' '..=b'!' | b'#'..=b'[' | b']'..=b'~') => {}
            _ => return None,
        }
    }
}

/// ```text
/// Path = "<" [ A-d-l ":" ] Mailbox ">"
/// ```
/// `"<>"` and `"<Postmaster>"` besides (RFC 5321 §4.1.2, §4.1.1.3). Gives the offset behind the path.
pub(crate) fn read_path<'a>(
    text: &'a str,
    from: usize,
    rules: &Rules,
) -> Result<(Path<'a>, usize), PathError> {
    let bytes = text.as_bytes();
    let is_bracketed = bytes.get(from) == Some(&b'<');
    if !is_bracketed && !rules.bare_addresses {
        return Err(PathError { kind: PathErrorKind::Bracket, at: from });
    }
    let mut start = from.saturating_add(usize::from(is_bracketed));
    if is_bracketed {
        match bytes.get(start) {
            Some(b'>') => return Ok((Path::Null, start.saturating_add(1))),
            Some(b'@') => start = read_route(text, start, rules)?,
            Some(b'P' | b'p') => {
                if let Some(end) = postmaster_end(bytes, start) {
                    return Ok((Path::Postmaster, end));
                }
            }
            _ => {}
        }
    }
    let (at, mailbox_end) = read_mailbox(text, start, rules)?;
    if is_bracketed && bytes.get(mailbox_end) != Some(&b'>') {
        return Err(PathError { kind: PathErrorKind::Bracket, at: mailbox_end });
    }
    // the brackets count, also where they are only thought of
    let closed = mailbox_end.saturating_add(1);
    let length = closed.saturating_sub(from).saturating_add(usize::from(!is_bracketed));
    if length > rules.path {
        return Err(PathError { kind: PathErrorKind::PathTooLong, at: from });
    }
    let path = Path::Mailbox(Mailbox::part_of(text, start, at, mailbox_end));
    Ok((path, if is_bracketed { closed } else { mailbox_end }))
}

fn postmaster_end(bytes: &[u8], inner: usize) -> Option<usize> {
    const POSTMASTER: &[u8] = b"postmaster>";
    let end = inner.saturating_add(POSTMASTER.len());
    bytes.get(inner..end)?.eq_ignore_ascii_case(POSTMASTER).then_some(end)
}

/// ```text
/// A-d-l     = At-domain *( "," At-domain )
/// At-domain = "@" Domain
/// ```
/// Gives the offset behind the colon.
fn read_route(text: &str, from: usize, rules: &Rules) -> Result<usize, PathError> {
    let mut at = from;
    // every turn reads at least one octet
    loop {
        let broken = |at| PathError { kind: PathErrorKind::Route, at };
        if text.as_bytes().get(at) != Some(&b'@') {
            return Err(broken(at));
        }
        let end =
            read_name(text.as_bytes(), at.saturating_add(1), rules).map_err(|error| broken(error.at))?;
        match text.as_bytes().get(end) {
            Some(b',') => at = end.saturating_add(1),
            Some(b':') => return Ok(end.saturating_add(1)),
            _ => return Err(broken(end)),
        }
    }
}

/// ```text
/// Mailbox = Local-part "@" ( Domain / address-literal )
/// ```
/// Gives the offsets of the `@` and behind the mailbox.
#[inline(always)]
fn read_mailbox(text: &str, from: usize, rules: &Rules) -> Result<(usize, usize), PathError> {
    let bytes = text.as_bytes();
    let at = match bytes.get(from) {
        Some(b'"') => read_quoted(text, from)?,
        _ => read_dot_string(bytes, from, rules)?,
    };
    if at.saturating_sub(from) > rules.local_part {
        return Err(PathError { kind: PathErrorKind::LocalPartTooLong, at: from });
    }
    match bytes.get(at) {
        Some(b'@') => Ok((at, read_domain(text, at.saturating_add(1), rules)?)),
        None | Some(b'>' | b' ') => Err(PathError { kind: PathErrorKind::NoDomain, at }),
        Some(_) => Err(PathError { kind: PathErrorKind::LocalPart, at }),
    }
}

/// ```text
/// Dot-string = Atom *("." Atom)
/// ```
#[inline(always)]
fn read_dot_string(octets: &[u8], from: usize, rules: &Rules) -> Result<usize, PathError> {
    let mut at = from;
    // every turn but the last reads at least one octet
    loop {
        let end = octets::end_of_run(octets, at, ALPHANUMERIC | ATOM | HYPHEN | WIDE);
        if end == at && !(rules.loose_dots && is_beside_dot(octets, from, at)) {
            return Err(PathError { kind: PathErrorKind::EmptyAtom, at });
        }
        if octets.get(end) != Some(&b'.') {
            return Ok(end);
        }
        at = end.saturating_add(1);
    }
}

/// Whether a dot of the local part that starts at `from` stands at an offset, or in front of it.
fn is_beside_dot(octets: &[u8], from: usize, at: usize) -> bool {
    octets.get(at) == Some(&b'.') || at > from
}

/// ```text
/// Quoted-string  = DQUOTE *QcontentSMTP DQUOTE
/// QcontentSMTP   = qtextSMTP / quoted-pairSMTP
/// quoted-pairSMTP = %d92 %d32-126
/// qtextSMTP      = %d32-33 / %d35-91 / %d93-126
/// ```
/// and octets outside ASCII (RFC 6531 §3.3). An empty one is refused (erratum 5414).
fn read_quoted(text: &str, from: usize) -> Result<usize, PathError> {
    let error = |at| PathError { kind: PathErrorKind::Quote, at };
    let mut octets = text.bytes().enumerate().skip(from.saturating_add(1));
    while let Some((at, octet)) = octets.next() {
        match octet {
            b'"' if at == from.saturating_add(1) => return Err(error(at)),
            b'"' => return Ok(at.saturating_add(1)),
            b'\\' => match octets.next() {
                Some((_, b' '..=b'~')) => {}
                _ => return Err(error(at)),
            },
            b' '..=b'~' | 0x80.. => {}
            _ => return Err(error(at)),
        }
    }
    Err(error(text.len()))
}

#[inline(always)]
fn read_domain(text: &str, from: usize, rules: &Rules) -> Result<usize, PathError> {
    let end = if text.as_bytes().get(from) == Some(&b'[') {
        let broken = PathError { kind: PathErrorKind::Literal, at: from };
        let rest = text.get(from..).ok_or(broken)?;
        let length = rest.find(']').ok_or(broken)?.saturating_add(1);
        rest.get(..length).and_then(literal).ok_or(broken)?;
        from.saturating_add(length)
    } else {
        read_name(text.as_bytes(), from, rules)?
    };
    if end.saturating_sub(from) > rules.domain {
        return Err(PathError { kind: PathErrorKind::DomainTooLong, at: from });
    }
    Ok(end)
}

/// ```text
/// Domain     = sub-domain *("." sub-domain)
/// sub-domain = Let-dig [Ldh-str]
/// ```
/// and U-labels (RFC 6531 §3.3).
#[inline(always)]
fn read_name(octets: &[u8], from: usize, rules: &Rules) -> Result<usize, PathError> {
    let underscore = if rules.underscores { UNDERSCORE } else { 0 };
    let mut at = from;
    // every turn but the last reads at least one octet
    loop {
        let end = octets::end_of_run(octets, at, ALPHANUMERIC | HYPHEN | WIDE | underscore);
        check_label(octets.get(at..end).unwrap_or(b""))
            .map_err(|(kind, offset)| PathError { kind, at: at.saturating_add(offset) })?;
        if octets.get(end) != Some(&b'.') {
            return Ok(end);
        }
        at = end.saturating_add(1);
    }
}

/// A U-label may have more octets than its A-label, which is what the limit counts.
#[inline]
fn check_label(label: &[u8]) -> Result<(), (PathErrorKind, usize)> {
    match label {
        [] | [b'-', ..] => Err((PathErrorKind::Domain, 0)),
        [.., b'-'] => Err((PathErrorKind::Domain, label.len())),
        _ if label.len() > MAX_LABEL && label.is_ascii() => Err((PathErrorKind::DomainTooLong, 0)),
        _ => Ok(()),
    }
}

/// ```text
/// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal ) "]"
/// General-address-literal = Standardized-tag ":" 1*dcontent
/// dcontent        = %d33-90 / %d94-126
/// ```
/// (§4.1.3.) Erratum 4315: `::` may stand for one group of an IPv6 address. The numbers of an IPv4 address have
/// no leading zeros here, because some programs read those as octal.
fn literal(text: &str) -> Option<Domain<'_>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let Some((tag, content)) = inner.split_once(':') else {
        return inner.parse().ok().map(Domain::Ipv4);
    };
    if tag.eq_ignore_ascii_case("IPv6") {
        return content.parse().ok().map(Domain::Ipv6);
    }
    let is_tag = tag.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
        && tag.ends_with(|last: char| last.is_ascii_alphanumeric());
    let is_content = |octet| matches!(octet, b'!'..=b'Z' | b'^'..=b'~');
    (is_tag && !content.is_empty() && content.bytes().all(is_content))
        .then_some(Domain::General { tag, content })
}
