//! SASL on the lines of SMTP and POP3: base64, `=` for a response without octets, `*` to cancel (RFC 4954 §4, RFC
//! 5034 §4).
//!
//! The machines themselves take octets and give octets; this is for protocols that send lines.
//!
//! ```
//! use sasl::line::{self, Response};
//!
//! assert_eq!(line::encode(b"\0tim\0tanstaaf").as_bytes(), b"AHRpbQB0YW5zdGFhZg==");
//! assert_eq!(line::encode_initial(b"").as_bytes(), b"=");
//! assert_eq!(line::decode(b"*"), Ok(Response::Cancel));
//! assert_eq!(line::decode(b"YWJj"), Ok(Response::Octets("abc".into())));
//! ```

use crate::{Client, ClientError, Secret};
use alloc::vec;
use base64::{DecodeError, Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// What cancels an exchange, in place of a response.
pub const CANCEL: &str = "*";

/// The most octets of an `AUTH` command of SMTP, CRLF included: RFC 4954 §4 leaves it at 512.
pub const SMTP_COMMAND: usize = 512;

/// The most octets of an `AUTH` command of POP3, CRLF included: 255, RFC 5034 §4.
pub const POP3_COMMAND: usize = 255;

/// What a client sends in place of a challenge's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// A response, perhaps without octets.
    Octets(Secret),
    /// It wants to stop. Say so with 501 or `-ERR`, and drop the exchange.
    Cancel,
}

/// A challenge or a response as a line, without its CRLF.
#[must_use]
pub fn encode(octets: &[u8]) -> Secret {
    let mut line = vec![0; encoded_len(octets.len())];
    // the buffer is as long as it has to be
    let used = STANDARD.encode_slice(octets, &mut line).unwrap_or_default();
    line.truncate(used);
    Secret::from_vec(line)
}

/// An initial response, as it stands in the command: `=` where it has no octets.
#[must_use]
pub fn encode_initial(octets: &[u8]) -> Secret {
    if octets.is_empty() { Secret::from("=") } else { encode(octets) }
}

/// Reads a line that answers a challenge. Its length is bounded where lines are read.
///
/// # Errors
/// Where it is not base64 in its one canonical form: padding in place and nothing after it, no white space, no
/// stray bits.
pub fn decode(line: &[u8]) -> Result<Response, LineError> {
    if line == CANCEL.as_bytes() { Ok(Response::Cancel) } else { octets(line).map(Response::Octets) }
}

/// Reads the initial response of an `AUTH` command.
///
/// # Errors
/// As [`decode`]; there is nothing to cancel yet.
pub fn decode_initial(argument: &[u8]) -> Result<Secret, LineError> {
    if argument == b"=" { Ok(Secret::default()) } else { octets(argument) }
}

/// The `AUTH` command of a client, without its CRLF: with the initial response where there is one and
/// `command_limit` has room for it ([`SMTP_COMMAND`], [`POP3_COMMAND`]).
#[must_use]
pub fn start(client: Client, command_limit: usize) -> (Secret, Client) {
    let name = client.mechanism().name();
    let beside = "AUTH  \r\n".len().saturating_add(name.len());
    let groups = command_limit.saturating_sub(beside) / 4;
    let (initial, client) = client.start(groups.saturating_mul(3));
    let command = match initial {
        Some(initial) => {
            let initial = encode_initial(initial.as_bytes());
            Secret::concat(&[b"AUTH ", name.as_bytes(), b" ", initial.as_bytes()])
        }
        None => Secret::concat(&[b"AUTH ", name.as_bytes()]),
    };
    (command, client)
}

/// The line that answers a challenge, which is the text after `334 ` or `+ `.
///
/// # Errors
/// As [`Client::respond`], and where the text is not base64, but for challenges that say nothing.
pub fn respond(client: Client, text: &[u8]) -> Result<(Secret, Client), ClientError> {
    let challenge = if client.ignores_challenge() { Secret::default() } else { octets(text)? };
    let (response, client) = client.respond(challenge.as_bytes())?;
    Ok((encode(response.as_bytes()), client))
}

fn octets(line: &[u8]) -> Result<Secret, LineError> {
    let mut octets = Zeroizing::new(vec![0; line.len()]);
    match STANDARD.decode_slice(line, &mut octets) {
        Ok(used) => Ok(Secret::new(octets.get(..used).unwrap_or_default())),
        Err(error) => Err(LineError { at: place(&error, line) }),
    }
}

fn place(error: &base64::DecodeSliceError, line: &[u8]) -> usize {
    match error {
        base64::DecodeSliceError::DecodeError(
            DecodeError::InvalidByte(at, _) | DecodeError::InvalidLastSymbol { offset: at, .. },
        ) => *at,
        _ => line.len(),
    }
}

/// A line is not base64: `501 5.5.2` (RFC 4954 §4), `-ERR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the line is not base64 (at octet {at})")]
pub struct LineError {
    /// The offset of the octet that does not belong there.
    pub at: usize,
}

fn encoded_len(octets: usize) -> usize {
    octets.div_ceil(3).saturating_mul(4)
}
