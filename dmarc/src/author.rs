//! The author's domain, from the From field (RFC 9989 §5.3.1).
//!
//! DMARC protects what a reader sees, so this reads the field as RFC 5322 §3.4 and RFC 6854 have it, obsolete
//! syntax included, and refuses what a mail client might show in another way: a second From field, a NUL, an
//! address in the display name, a quotation that does not end. A refusal is an [`AuthorError`] with the place;
//! no domain is ever guessed.
//!
//! ```
//! use dmarc::{Authors, Name};
//!
//! let authors = Authors::from_value(br#""bob@bank.example" (really) <bob@Example.COM>"#, None)?;
//! assert_eq!(authors.domains(), [Name::parse("example.com").unwrap()]);
//! # Ok::<(), dmarc::error::AuthorError>(())
//! ```
//!
//! Two leniencies are kept because so much mail needs them: a phrase without an address in a list is passed
//! over (`Doe, John <j@example.com>` without quotes), and an unquoted address may stand as the name of an
//! address of the same domain (`j@example.com <j@example.com>`).

use crate::{
    error::{AuthorError, AuthorErrorKind},
    limits::MAX_AUTHOR_DOMAINS,
};
use alloc::{string::String, vec::Vec};
use core::iter::Peekable;
use mail_base::{
    Name,
    fields::{Field, Header},
    lex::{LexErrorKind, Lexer, Token, TokenKind},
    name::{NameErrorKind, ToAscii},
    scan,
};

/// The distinct domains of a message's authors, in the order of the From field; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authors {
    domains: Vec<Name>,
}

impl Authors {
    /// Reads the From field of a header.
    ///
    /// `to_ascii` turns a domain with U-labels into A-labels, as `Name::parse_idna` (feature `idna`) does;
    /// with `None`, a domain outside ASCII is an error.
    ///
    /// # Errors
    /// An [`AuthorError`]: there is no From field, there is more than one, or another field may be taken for one by
    /// a mail client that does not see a NUL in its name, or that takes a bare CR for a line end; or as
    /// [`from_value`](Self::from_value).
    pub fn from_header(header: &Header, to_ascii: Option<ToAscii>) -> Result<Self, AuthorError> {
        let mut fields = header.fields().filter(|field| field.is_named("From"));
        let Some(field) = fields.next() else {
            return Err(AuthorError { kind: AuthorErrorKind::NoField, at: 0 });
        };
        if let Some(second) = fields.next() {
            return Err(AuthorError { kind: AuthorErrorKind::SeveralFields, at: second.at() });
        }
        if let Some(disguised) = header.fields().find(is_disguised) {
            return Err(AuthorError { kind: AuthorErrorKind::SeveralFields, at: disguised.at() });
        }
        Self::from_value(field.value(), to_ascii)
            .map_err(|error| AuthorError { at: error.at.saturating_add(value_at(&field)), ..error })
    }

    /// Reads the value of one From field, what stands after the colon.
    ///
    /// # Errors
    /// An [`AuthorError`] where an address cannot be told for certain.
    pub fn from_value(value: &[u8], to_ascii: Option<ToAscii>) -> Result<Self, AuthorError> {
        refuse_controls(value)?;
        let mut reader = Reader { tokens: Lexer::new(value).peekable(), to_ascii, domains: Vec::new() };
        reader.address_list(None, value.len())?;
        if reader.domains.is_empty() {
            return Err(AuthorError { kind: AuthorErrorKind::NoAddress, at: 0 });
        }
        Ok(Self { domains: reader.domains })
    }

    /// The authors of this and of another field, for a receiver that evaluates every one of several From
    /// fields (RFC 9989 §11.5).
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for domain in other.domains {
            if !self.domains.contains(&domain) {
                self.domains.push(domain);
            }
        }
        self
    }

    /// The domains, at least one, each once.
    #[must_use]
    pub fn domains(&self) -> &[Name] {
        &self.domains
    }
}

impl From<Name> for Authors {
    fn from(domain: Name) -> Self {
        Self { domains: [domain].into() }
    }
}

/// Whether a field is none of From, and may be taken for one.
fn is_disguised(field: &Field<'_>) -> bool {
    let mut rest = field.raw();
    if !field.is_named("From") && seems_from(rest) {
        return true;
    }
    while let Some(at) = scan::position(rest, b'\r') {
        rest = rest.get(at.saturating_add(1)..).unwrap_or(b"");
        if !rest.starts_with(b"\n") && seems_from(rest) {
            return true;
        }
    }
    false
}

/// Whether a line is a From field to one who does not see what no name may have.
fn seems_from(line: &[u8]) -> bool {
    /// Where no colon has come by then, it is no name.
    const LONGEST: usize = 100;
    let start = line.iter().take(LONGEST);
    let name = start.clone().take_while(|octet| **octet != b':').filter(|octet| octet.is_ascii_graphic());
    let is_field = start.clone().any(|octet| *octet == b':') && !matches!(line, [b' ' | b'\t', ..]);
    is_field && name.map(u8::to_ascii_lowercase).eq(*b"from")
}

/// The offset of a field's value in the header.
fn value_at(field: &Field<'_>) -> usize {
    let colon = field.raw().iter().position(|&octet| octet == b':').unwrap_or(0);
    field.at().saturating_add(colon).saturating_add(1)
}

/// Refuses what ends a text for one reader and not for another, wherever it stands: NUL, a CR without its LF,
/// an LF that begins no fold.
fn refuse_controls(value: &[u8]) -> Result<(), AuthorError> {
    for (at, octet) in value.iter().enumerate() {
        let next = value.get(at.saturating_add(1));
        let is_refused = match octet {
            0 => true,
            b'\r' => next != Some(&b'\n'),
            b'\n' => !matches!(next, Some(b' ' | b'\t')),
            _ => false,
        };
        if is_refused {
            return Err(AuthorError { kind: AuthorErrorKind::Control, at });
        }
    }
    Ok(())
}

struct Reader<'a> {
    tokens: Peekable<Lexer<'a>>,
    to_ascii: Option<ToAscii>,
    domains: Vec<Name>,
}

/// What stands before an address in angle brackets, or is the local part of one without.
#[derive(Default)]
struct Phrase {
    words: usize,
    /// Whether the words are a local part so far: joined by dots.
    is_broken: bool,
    ends_in_dot: bool,
}

impl Phrase {
    /// `word = atom / quoted-string`
    fn word(&mut self) {
        self.is_broken |= self.words > 0 && !self.ends_in_dot;
        self.words = self.words.saturating_add(1);
        self.ends_in_dot = false;
    }

    fn dot(&mut self) {
        self.is_broken |= self.words == 0 || self.ends_in_dot;
        self.ends_in_dot = true;
    }

    /// `local-part = dot-atom / quoted-string / obs-local-part`, `obs-local-part = word *("." word)`
    /// (RFC 5322 §3.4.1 and §4.4)
    fn is_local_part(&self) -> bool {
        self.words > 0 && !self.is_broken && !self.ends_in_dot
    }
}

impl<'a> Reader<'a> {
    /// The next token that is no comment: `CFWS` may stand between any two (RFC 5322 §3.2.2).
    fn peek(&mut self) -> Result<Option<Token<'a>>, AuthorError> {
        while let Some(next) = self.tokens.peek() {
            match next {
                Ok(token) if token.kind == TokenKind::Comment => {
                    self.tokens.next();
                }
                Ok(token) => return Ok(Some(*token)),
                Err(error) => {
                    let kind = match error.kind {
                        LexErrorKind::Quote => AuthorErrorKind::Quote,
                        LexErrorKind::Comment => AuthorErrorKind::Comment,
                        LexErrorKind::Depth => AuthorErrorKind::Depth,
                        _ => AuthorErrorKind::Syntax,
                    };
                    return Err(AuthorError { kind, at: error.at });
                }
            }
        }
        Ok(None)
    }

    /// Takes the token that was peeked at.
    fn take(&mut self) {
        self.tokens.next();
    }

    /// Takes the next token if it is this special.
    fn take_if(&mut self, special: u8) -> Result<bool, AuthorError> {
        let is = self.peek()?.is_some_and(|token| token.is(special));
        if is {
            self.take();
        }
        Ok(is)
    }

    /// `address-list = (address *("," address)) / obs-addr-list`, where the obsolete form allows empty places;
    /// and `group = display-name ":" [group-list] [CFWS] ";"`, the list of which is one of mailboxes.
    ///
    /// `group` is where the group begins in which this list stands.
    fn address_list(&mut self, group: Option<usize>, end: usize) -> Result<(), AuthorError> {
        let unclosed = |at| Err(AuthorError { kind: AuthorErrorKind::Group, at });
        loop {
            match self.peek()? {
                None => return group.map_or(Ok(()), unclosed),
                Some(token) if token.is(b',') => self.take(),
                Some(token) if token.is(b';') && group.is_some() => {
                    self.take();
                    return Ok(());
                }
                Some(_) => self.address(group, end)?,
            }
        }
    }

    /// `address = mailbox / group`, `mailbox = name-addr / addr-spec` (RFC 5322 §3.4)
    fn address(&mut self, group: Option<usize>, end: usize) -> Result<(), AuthorError> {
        let error = |kind, at| Err(AuthorError { kind, at });
        let mut phrase = Phrase::default();
        let mut address: Option<(Name, usize)> = None;
        let mut after_address = None;
        loop {
            let token = self.peek()?;
            let at = token.map_or(end, |token| token.at);
            let kind = token.map_or(TokenKind::Special(b','), |token| token.kind);
            match kind {
                TokenKind::Atom | TokenKind::Quoted => {
                    phrase.word();
                    after_address = after_address.or(address.is_some().then_some(at));
                }
                TokenKind::Special(b'.') => {
                    phrase.dot();
                    after_address = after_address.or(address.is_some().then_some(at));
                }
                TokenKind::Special(b'@') => {
                    if address.is_some() || !phrase.is_local_part() {
                        return error(AuthorErrorKind::Address, at);
                    }
                    self.take();
                    address = Some((self.domain(end)?, at));
                    continue;
                }
                TokenKind::Special(b'<') => {
                    self.take();
                    let domain = self.angle_addr(at, end)?;
                    return match address {
                        Some((other, at)) if other != domain => error(AuthorErrorKind::AddressInName, at),
                        _ => self.end_of_mailbox(domain, group, at),
                    };
                }
                TokenKind::Special(b':') => {
                    if group.is_some() {
                        return error(AuthorErrorKind::Group, at);
                    }
                    if phrase.words == 0 || address.is_some() {
                        return error(AuthorErrorKind::Syntax, at);
                    }
                    self.take();
                    self.address_list(Some(at), end)?;
                    return self.end_of_address(None, AuthorErrorKind::Group);
                }
                TokenKind::Special(b',') => break,
                TokenKind::Special(b';') if group.is_some() => break,
                _ => return error(AuthorErrorKind::Syntax, at),
            }
            self.take();
        }
        match (address, after_address) {
            (Some(_), Some(at)) => error(AuthorErrorKind::Syntax, at),
            (Some((domain, at)), None) => self.add(domain, at),
            // a phrase without an address: half of a name with an unquoted comma
            (None, _) => Ok(()),
        }
    }

    /// Adds the domain of an address in angle brackets, after which nothing may stand in its place of the list.
    fn end_of_mailbox(&mut self, domain: Name, group: Option<usize>, at: usize) -> Result<(), AuthorError> {
        self.end_of_address(group, AuthorErrorKind::Angle)?;
        self.add(domain, at)
    }

    fn end_of_address(&mut self, group: Option<usize>, kind: AuthorErrorKind) -> Result<(), AuthorError> {
        match self.peek()? {
            Some(token) if !(token.is(b',') || token.is(b';') && group.is_some()) => {
                Err(AuthorError { kind, at: token.at })
            }
            _ => Ok(()),
        }
    }

    /// `angle-addr = [CFWS] "<" addr-spec ">" [CFWS] / obs-angle-addr`,
    /// `obs-angle-addr = [CFWS] "<" obs-route addr-spec ">" [CFWS]` (RFC 5322 §3.4 and §4.4), behind its `<`
    fn angle_addr(&mut self, start: usize, end: usize) -> Result<Name, AuthorError> {
        self.obs_route(end)?;
        let mut local = Phrase::default();
        loop {
            let Some(token) = self.peek()? else {
                return Err(AuthorError { kind: AuthorErrorKind::Angle, at: start });
            };
            match token.kind {
                TokenKind::Atom | TokenKind::Quoted => local.word(),
                TokenKind::Special(b'.') => local.dot(),
                TokenKind::Special(b'@') if local.is_local_part() => break,
                _ => return Err(AuthorError { kind: AuthorErrorKind::Address, at: token.at }),
            }
            self.take();
        }
        self.take();
        let domain = self.domain(end)?;
        if self.take_if(b'>')? {
            return Ok(domain);
        }
        match self.peek()? {
            Some(token) if token.is(b'@') => {
                Err(AuthorError { kind: AuthorErrorKind::Address, at: token.at })
            }
            _ => Err(AuthorError { kind: AuthorErrorKind::Angle, at: start }),
        }
    }

    /// `obs-route = obs-domain-list ":"`, `obs-domain-list = *(CFWS / ",") "@" domain *("," [CFWS] ["@" domain])`.
    /// The route is not the author's: it "SHOULD be ignored" (RFC 5322 §4.4).
    fn obs_route(&mut self, end: usize) -> Result<(), AuthorError> {
        if !self.peek()?.is_some_and(|token| token.is(b'@') || token.is(b',')) {
            return Ok(());
        }
        loop {
            if self.take_if(b'@')? {
                self.domain(end)?;
            } else if self.take_if(b':')? {
                return Ok(());
            } else if !self.take_if(b',')? {
                let at = self.peek()?.map_or(end, |token| token.at);
                return Err(AuthorError { kind: AuthorErrorKind::Address, at });
            }
        }
    }

    /// `domain = dot-atom / domain-literal / obs-domain`, `obs-domain = atom *("." atom)` (RFC 5322 §3.4.1)
    fn domain(&mut self, end: usize) -> Result<Name, AuthorError> {
        let mut text = Vec::new();
        let start = self.peek()?.map_or(end, |token| token.at);
        loop {
            match self.peek()? {
                Some(token) if token.kind == TokenKind::Atom => text.extend_from_slice(token.raw),
                Some(token) if token.kind == TokenKind::Literal => {
                    return Err(AuthorError { kind: AuthorErrorKind::Literal, at: token.at });
                }
                token => {
                    let at = token.map_or(end, |token| token.at);
                    return Err(AuthorError { kind: AuthorErrorKind::Address, at });
                }
            }
            self.take();
            if !self.take_if(b'.')? {
                break;
            }
            text.push(b'.');
        }
        self.name(text).map_err(|kind| AuthorError { kind: AuthorErrorKind::Domain(kind), at: start })
    }

    fn name(&self, text: Vec<u8>) -> Result<Name, NameErrorKind> {
        let text = String::from_utf8(text).map_err(|_| NameErrorKind::Octet)?;
        let name = match self.to_ascii {
            _ if text.is_ascii() => Name::parse(&text),
            Some(to_ascii) => to_ascii(&text),
            None => return Err(NameErrorKind::Unicode),
        };
        name.map_err(|error| error.kind)
    }

    fn add(&mut self, domain: Name, at: usize) -> Result<(), AuthorError> {
        if self.domains.contains(&domain) {
            return Ok(());
        }
        if self.domains.len() >= MAX_AUTHOR_DOMAINS {
            return Err(AuthorError { kind: AuthorErrorKind::TooMany, at });
        }
        self.domains.push(domain);
        Ok(())
    }
}
