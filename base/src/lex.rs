//! The words of a structured header field (RFC 5322 §3.2): atoms, quoted strings, comments, literals.
//!
//! A [`Lexer`] cuts the value of a field into [`Token`]s and leaves out white space and folds. It decides
//! nothing: comments come as tokens, dots are specials, and what order makes sense is for the grammar of the
//! field. Nested comments are counted, not recursed into.
//!
//! ```
//! use mail_base::lex::{Lexer, TokenKind};
//!
//! let tokens: Vec<_> = Lexer::new(br#" "Doe, J." (me) <j@example.com>"#).collect::<Result<_, _>>()?;
//! let kinds: Vec<_> = tokens.iter().map(|token| token.kind).collect();
//! use TokenKind::*;
//! assert_eq!(kinds, [Quoted, Comment, Special(b'<'), Atom, Special(b'@'), Atom, Special(b'.'), Atom, Special(b'>')]);
//! assert_eq!(tokens[0].text(), b"Doe, J.".as_slice());
//! # Ok::<(), mail_base::lex::LexError>(())
//! ```

use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

/// The deepest nesting of comments that is read.
pub const MAX_COMMENT_DEPTH: usize = 64;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A run of `atext` (RFC 5322 §3.2.3), or of octets outside ASCII (RFC 6532 §3.2).
    Atom,
    /// A string in double quotes.
    Quoted,
    /// A comment, nested ones and all.
    Comment,
    /// A literal in square brackets.
    Literal,
    /// One of the other visible characters, `( ) < > [ ] : ; @ \ , . "`, or a control character that is no
    /// white space.
    Special(u8),
}

/// One word, with its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// The octets as written, delimiters included.
    pub raw: &'a [u8],
    /// The offset in the value.
    pub at: usize,
    /// Whether white space stands before it.
    pub spaced: bool,
}

impl<'a> Token<'a> {
    /// What the token says: without delimiters, quoted pairs undone, and folds taken out of it.
    #[must_use]
    pub fn text(&self) -> Cow<'a, [u8]> {
        let inner = match self.kind {
            TokenKind::Atom | TokenKind::Special(_) => return Cow::Borrowed(self.raw),
            TokenKind::Quoted | TokenKind::Comment | TokenKind::Literal => {
                self.raw.get(1..self.raw.len().saturating_sub(1)).unwrap_or(&[])
            }
        };
        if !inner.iter().any(|octet| matches!(octet, b'\\' | b'\r' | b'\n')) {
            return Cow::Borrowed(inner);
        }
        let mut text = Vec::with_capacity(inner.len());
        let mut octets = inner.iter();
        while let Some(&octet) = octets.next() {
            match octet {
                b'\\' => text.extend(octets.next().filter(|octet| !matches!(octet, b'\r' | b'\n'))),
                b'\r' | b'\n' => {}
                _ => text.push(octet),
            }
        }
        Cow::Owned(text)
    }

    /// Whether this is that special character.
    #[must_use]
    pub fn is(&self, special: u8) -> bool {
        self.kind == TokenKind::Special(special)
    }
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} \"{}\" at {}", self.kind, self.raw.escape_ascii(), self.at)
    }
}

/// Cuts the value of a structured field into tokens. After an error there are no more.
#[derive(Clone, Debug)]
pub struct Lexer<'a> {
    value: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    /// Cuts `value`.
    #[must_use]
    pub fn new(value: &'a [u8]) -> Self {
        Self { value, at: 0 }
    }

    /// The offset up to which the value has been cut.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// What has not been cut yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.value.get(self.at..).unwrap_or(&[])
    }

    fn fail(&mut self, kind: LexErrorKind, at: usize) -> LexError {
        self.at = self.value.len();
        LexError { kind, at }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Result<Token<'a>, LexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest();
        let space = rest.iter().take_while(|octet| is_space(**octet)).count();
        let at = self.at.saturating_add(space);
        let rest = rest.get(space..)?;
        let &first = rest.first()?;
        let (kind, length) = match first {
            b'"' => match delimited(rest, b'"') {
                Some(length) => (TokenKind::Quoted, length),
                None => return Some(Err(self.fail(LexErrorKind::Quote, at))),
            },
            b'[' => match delimited(rest, b']') {
                Some(length) => (TokenKind::Literal, length),
                None => return Some(Err(self.fail(LexErrorKind::Literal, at))),
            },
            b'(' => match comment(rest) {
                Ok(length) => (TokenKind::Comment, length),
                Err(kind) => return Some(Err(self.fail(kind, at))),
            },
            octet if is_atext(octet) => {
                (TokenKind::Atom, rest.iter().take_while(|octet| is_atext(**octet)).count())
            }
            octet => (TokenKind::Special(octet), 1),
        };
        self.at = at.saturating_add(length);
        Some(Ok(Token { kind, raw: rest.get(..length).unwrap_or(&[]), at, spaced: space > 0 }))
    }
}

/// Whether an octet may stand in an atom: `atext` of RFC 5322 §3.2.3, or outside ASCII (RFC 6532 §3.2).
#[must_use]
pub fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet >= 0x80 || b"!#$%&'*+-/=?^_`{|}~".contains(&octet)
}

/// Whether octets are `dot-atom-text` (RFC 5322 §3.2.3), or would be but for octets outside ASCII (RFC 6532 §3.2).
#[must_use]
pub fn is_dot_atom(octets: &[u8]) -> bool {
    let is_atom = |atom: &[u8]| !atom.is_empty() && atom.iter().all(|&octet| is_atext(octet));
    octets.split(|&octet| octet == b'.').all(is_atom)
}

fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

/// The length of what starts with a delimiter and ends with `close`, both counted.
fn delimited(octets: &[u8], close: u8) -> Option<usize> {
    let mut octets = octets.iter().enumerate().skip(1);
    while let Some((at, &octet)) = octets.next() {
        if octet == close {
            return Some(at.saturating_add(1));
        }
        if octet == b'\\' {
            octets.next();
        }
    }
    None
}

/// The length of a comment, nested ones included.
fn comment(octets: &[u8]) -> Result<usize, LexErrorKind> {
    let mut depth: usize = 0;
    let mut octets = octets.iter().enumerate();
    while let Some((at, octet)) = octets.next() {
        match octet {
            b'(' if depth >= MAX_COMMENT_DEPTH => return Err(LexErrorKind::Depth),
            b'(' => depth = depth.saturating_add(1),
            b')' => depth = depth.saturating_sub(1),
            b'\\' => {
                octets.next();
            }
            _ => {}
        }
        if depth == 0 {
            return Ok(at.saturating_add(1));
        }
    }
    Err(LexErrorKind::Comment)
}

/// Why a value cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LexError {
    /// What is wrong.
    pub kind: LexErrorKind,
    /// The offset of the token that is broken.
    pub at: usize,
}

/// The ways in which a token breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LexErrorKind {
    /// A quoted string is not closed.
    Quote,
    /// A literal is not closed.
    Literal,
    /// A comment is not closed.
    Comment,
    /// Comments are nested deeper than [`MAX_COMMENT_DEPTH`].
    Depth,
}

impl fmt::Display for LexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            LexErrorKind::Quote => "a quoted string is not closed",
            LexErrorKind::Literal => "a literal is not closed",
            LexErrorKind::Comment => "a comment is not closed",
            LexErrorKind::Depth => "comments are nested too deep",
        };
        write!(f, "{what} (at octet {})", self.at)
    }
}

impl core::error::Error for LexError {}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenKind::{Atom, Comment, Literal, Quoted, Special};

    fn cut(value: &str) -> Vec<(TokenKind, &str)> {
        Lexer::new(value.as_bytes())
            .map(|token| {
                let token = token.unwrap();
                (token.kind, core::str::from_utf8(token.raw).unwrap())
            })
            .collect()
    }

    fn error(value: &str) -> (LexErrorKind, usize) {
        let mut lexer = Lexer::new(value.as_bytes());
        let error = lexer.find_map(Result::err).unwrap();
        assert_eq!(lexer.next(), None);
        (error.kind, error.at)
    }

    #[test]
    fn values_are_cut_into_words() {
        assert_eq!(
            cut("a.b \"q\\\" (x\" (c (d) \\) e)[::1]\r\n ü=1;"),
            [
                (Atom, "a"),
                (Special(b'.'), "."),
                (Atom, "b"),
                (Quoted, "\"q\\\" (x\""),
                (Comment, "(c (d) \\) e)"),
                (Literal, "[::1]"),
                (Atom, "ü=1"),
                (Special(b';'), ";"),
            ]
        );
        assert_eq!(cut(" \r\n\t"), []);
        assert_eq!(cut(")>\u{0}"), [(Special(b')'), ")"), (Special(b'>'), ">"), (Special(0), "\0")]);
    }

    #[test]
    fn places_and_spaces_are_told() {
        let tokens: Vec<_> = Lexer::new(b"a b.c").map(Result::unwrap).collect();
        let places: Vec<_> = tokens.iter().map(|token| (token.at, token.spaced)).collect();
        assert_eq!(places, [(0, false), (2, true), (3, false), (4, false)]);
    }

    #[test]
    fn texts_lose_delimiters_quoted_pairs_and_folds() {
        let text = |value: &'static str| Lexer::new(value.as_bytes()).next().unwrap().unwrap().text();
        assert_eq!(text("\"a\\\"b\r\n c\""), b"a\"b c".as_slice());
        assert_eq!(text("(a \\) (b))"), b"a ) (b)".as_slice());
        assert_eq!(text("\"\""), b"".as_slice());
        assert!(matches!(text("\"plain\""), Cow::Borrowed(b"plain")));
        assert_eq!(text("\"a\\\r\nb\""), b"ab".as_slice(), "no line end survives, quoted or not");
    }

    #[test]
    fn dot_atoms_are_atoms_with_single_dots_between() {
        for text in ["a", "a.b", "a-b.c+d.{e}", "\u{fc}.b"] {
            assert!(is_dot_atom(text.as_bytes()), "{text:?}");
        }
        for text in ["", ".", ".a", "a.", "a..b", "a b", "a@b", "\"a\"", "a.\u{7f}"] {
            assert!(!is_dot_atom(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_closed_is_an_error() {
        assert_eq!(error("a \"b"), (LexErrorKind::Quote, 2));
        assert_eq!(error("\"b\\\""), (LexErrorKind::Quote, 0));
        assert_eq!(error("[b"), (LexErrorKind::Literal, 0));
        assert_eq!(error("a (b (c)"), (LexErrorKind::Comment, 2));
        assert_eq!(error(&"(".repeat(MAX_COMMENT_DEPTH + 1)), (LexErrorKind::Depth, 0));
        let deepest = "(".repeat(MAX_COMMENT_DEPTH) + &")".repeat(MAX_COMMENT_DEPTH);
        assert_eq!(cut(&deepest), [(Comment, deepest.as_str())]);
    }
}
