//! What the policies for line ends say, by the letter: slow, and cut into tokens first. The oracle of everything that
//! reads lines, chunks and texts with dots.

use mail_base::lines::LineEndings;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    CrLf,
    BareCr,
    BareLf,
    Octet(u8),
    /// A CR that is the last octet: what it is, the next octet tells.
    Undecided,
}

/// The tokens, each with its place.
fn tokens(input: &[u8]) -> Vec<(usize, Token)> {
    let mut tokens = Vec::new();
    let mut rest = input;
    while let Some((&first, after)) = rest.split_first() {
        let token = match (first, after.first()) {
            (b'\r', Some(b'\n')) => Token::CrLf,
            (b'\r', None) => Token::Undecided,
            (b'\r', _) => Token::BareCr,
            (b'\n', _) => Token::BareLf,
            (octet, _) => Token::Octet(octet),
        };
        tokens.push((input.len().saturating_sub(rest.len()), token));
        rest = if token == Token::CrLf { after.get(1..).unwrap_or(b"") } else { after };
    }
    tokens
}

/// The octets that a token stands for; `None` where the policy refuses it.
fn octets(token: Token, endings: LineEndings) -> Option<Vec<u8>> {
    Some(match (token, endings) {
        (Token::CrLf, _) => b"\r\n".to_vec(),
        (Token::Octet(octet), _) => vec![octet],
        (_, LineEndings::Strict) => return None,
        (Token::BareLf, LineEndings::Normalise) => b"\r\n".to_vec(),
        (_, LineEndings::Normalise) => b" ".to_vec(),
        (Token::BareLf, LineEndings::Keep) => b"\n".to_vec(),
        (_, LineEndings::Keep) => b"\r".to_vec(),
    })
}

/// Counted octets as they are passed on.
///
/// # Errors
/// The place of the first bare CR or LF, if those are refused.
pub fn made_good(input: &[u8], endings: LineEndings) -> Result<Vec<u8>, usize> {
    let mut good = Vec::new();
    for (at, token) in tokens(input) {
        good.extend(octets(token, endings).ok_or(at)?);
    }
    Ok(good)
}

/// The lines of commands or replies that have ended, and the place of the first bare CR or LF behind them, if those
/// are refused.
#[must_use]
pub fn lines(input: &[u8], endings: LineEndings) -> (Vec<Vec<u8>>, Option<usize>) {
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    for (at, token) in tokens(input) {
        match (token, endings) {
            (Token::CrLf, _) | (Token::BareLf, LineEndings::Normalise) => {
                lines.push(std::mem::take(&mut line))
            }
            (Token::BareCr | Token::BareLf, LineEndings::Strict) => return (lines, Some(at)),
            (Token::BareCr, _) => line.push(b'\r'),
            (Token::BareLf, _) => line.push(b'\n'),
            (Token::Octet(octet), _) => line.push(octet),
            (Token::Undecided, _) => {}
        }
    }
    (lines, None)
}

/// A text whose dots were taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undotted {
    /// The text.
    pub text: Vec<u8>,
    /// How many octets it took with its end, if it has ended.
    pub used: Option<usize>,
    /// The place of a bare CR or LF that was refused.
    pub bare: Option<usize>,
}

/// Takes the dots off a text.
#[must_use]
pub fn undotted(input: &[u8], endings: LineEndings) -> Undotted {
    let mut all = Undotted { text: Vec::new(), used: None, bare: None };
    let mut before = Token::CrLf;
    let mut rest = &tokens(input)[..];
    while let Some((&(at, token), after)) = rest.split_first() {
        rest = after;
        let is_line_start =
            before == Token::CrLf || (before == Token::BareLf && endings == LineEndings::Normalise);
        if is_line_start && token == Token::Octet(b'.') {
            match after.first() {
                Some(&(end, Token::CrLf)) if before == Token::CrLf => {
                    all.used = end.checked_add(2);
                    return all;
                }
                // what the dot is, the next octet tells
                None | Some((_, Token::Undecided)) => return all,
                // stuffed: what stands behind it starts no line
                Some(_) => {
                    before = Token::Octet(b'.');
                    continue;
                }
            }
        }
        if token == Token::Undecided {
            return all;
        }
        match octets(token, endings) {
            Some(octets) => all.text.extend(octets),
            None => {
                all.bare = Some(at);
                return all;
            }
        }
        before = token;
    }
    all
}
