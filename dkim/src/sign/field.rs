//! A DKIM-Signature field, before and after it is signed.

use super::SignError;
use crate::{
    algorithm::{Algorithm, HashAlgorithm},
    backend::{Backend, Digest, SigningKey},
    canon,
    encoding::encode_base64,
    signature::{FIELD_NAME, Statement},
};
use alloc::{string::String, vec::Vec};
use core::fmt;
use mail_base::{fields::Field, scan};

/// The longest line that is written, where its words allow it. It leaves room for what a relay may put before
/// it.
const LINE: usize = 76;

/// The longest line that a message may have (RFC 5322 §2.1.1).
const LONGEST_LINE: usize = 998;

/// A field that only wants its signature.
#[derive(Clone, Debug)]
pub struct Unsigned {
    algorithm: Algorithm,
    /// The field up to and including `b=`.
    text: FieldText,
    /// The input of the header hash.
    data: Vec<u8>,
    backend: &'static dyn Backend,
}

impl Unsigned {
    /// Adds to the canonical form of the signed fields that of the signature's own.
    pub(crate) fn new(
        statement: &Statement<'_>,
        mut data: Vec<u8>,
        backend: &'static dyn Backend,
    ) -> Result<Self, SignError> {
        let text = FieldText::new(statement);
        if text.longest > LONGEST_LINE {
            return Err(SignError::LongLine);
        }
        let form = statement.canonicalization.header;
        let own = Field::new(text.text.as_bytes());
        let end = own.value().len();
        canon::header::signature_field(form, &own, own.raw(), end..end, &mut data);
        Ok(Self { algorithm: statement.algorithm, text, data, backend })
    }

    /// What it must be signed with.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The octets that are signed (RFC 6376 §3.7), for a key that hashes them itself.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The SHA-256 digest of [`data`](Self::data), for a key that signs digests.
    ///
    /// With rsa-sha256 it is what RSASSA-PKCS1-v1_5 signs as a SHA-256 digest. With ed25519-sha256 it is the
    /// message that PureEdDSA signs (RFC 8463 §3).
    #[must_use]
    pub fn digest(&self) -> Digest {
        // the backend has the hash: the body was hashed with it
        let hash = self.backend.hash(HashAlgorithm::Sha256);
        hash.map_or(Digest::new(&[]), |mut hash| {
            hash.update(&self.data);
            hash.digest()
        })
    }

    /// Signs with a key in reach.
    ///
    /// # Errors
    /// [`SignError::OtherKey`] where the key is of another kind, [`SignError::Key`] where it cannot sign.
    pub fn sign_with(self, key: &(impl SigningKey + ?Sized)) -> Result<SignatureField, SignError> {
        if key.algorithm() != self.algorithm {
            return Err(SignError::OtherKey { key: key.algorithm(), template: self.algorithm });
        }
        let signature = key.sign(&self.data)?;
        self.attach(&signature)
    }

    /// Takes a signature that was made elsewhere.
    ///
    /// # Errors
    /// [`SignError::SignatureLength`] where it has not the length of one. Whether it is right is not checked.
    pub fn attach(self, signature: &[u8]) -> Result<SignatureField, SignError> {
        let octets = signature.len();
        let is_possible = match self.algorithm {
            Algorithm::Ed25519Sha256 => octets == 64,
            Algorithm::RsaSha256 | Algorithm::RsaSha1 => octets >= 128,
        };
        if !is_possible {
            return Err(SignError::SignatureLength { octets });
        }
        let mut text = self.text;
        text.put_signature(&encode_base64(signature));
        Ok(SignatureField { text: text.text })
    }
}

/// A DKIM-Signature field, whole: with its name, folded, and with a line end. It goes before the first field
/// of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureField {
    text: String,
}

impl SignatureField {
    /// The field, from its name to its line end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The field as [`as_str`](Self::as_str) gives it.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }

    /// What stands after the colon, without the line end.
    #[must_use]
    pub fn value(&self) -> &str {
        let value = self.text.split_once(':').map_or("", |(_, value)| value);
        value.strip_suffix("\r\n").unwrap_or(value)
    }
}

impl fmt::Display for SignatureField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How much of a copied field fits into so many columns, without breaking an encoded octet.
fn quoted_printable_length(text: &str, room: usize) -> usize {
    let escape = text.get(..room).and_then(|start| start.rfind('='));
    escape.filter(|&at| at.saturating_add(3) > room).unwrap_or(room)
}

fn length(pieces: &[&str]) -> usize {
    pieces.iter().fold(0, |length, piece| length.saturating_add(piece.len()))
}

/// The text of a field, folded while it is written.
///
/// Lines are folded only where white space means nothing even to the simple form's readers: between tags, after
/// a colon of `h=` and a bar of `z=`, and inside `b=`, which is no part of what is signed.
#[derive(Clone, Debug)]
struct FieldText {
    text: String,
    /// How long the last line is.
    column: usize,
    /// How long the longest of those before it is.
    longest: usize,
}

impl FieldText {
    fn new(statement: &Statement<'_>) -> Self {
        let mut text = String::with_capacity(1024);
        text.push_str(FIELD_NAME);
        text.push(':');
        let mut field = Self { column: text.len(), longest: 0, text };
        statement.for_each_tag(|pieces| field.put_tag(pieces));
        field.put_word(&["b="], "", true);
        field
    }

    /// Adds a tag after a space. One that is a list is broken after its separators where it must be.
    fn put_tag(&mut self, pieces: &[&str]) {
        match pieces {
            ["h=", list] => self.put_list("h=", list, b':'),
            ["z=", list] => self.put_list("z=", list, b'|'),
            _ => self.put_word(pieces, ";", true),
        }
    }

    fn put_list(&mut self, name: &str, list: &str, separator: u8) {
        let (mut name, mut rest) = (name, list);
        let mut spaced = true;
        loop {
            let room = LINE.saturating_sub(self.column).saturating_sub(usize::from(spaced));
            let room = room.saturating_sub(name.len());
            if rest.len() < room {
                return self.put_word(&[name, rest], ";", spaced);
            }
            let fits = rest.as_bytes().get(..room).unwrap_or(rest.as_bytes());
            let length = match fits.iter().rposition(|&octet| octet == separator) {
                Some(last) => last.saturating_add(1),
                // on a line of its own more of it may fit
                None if self.column > 1 => 0,
                // something is left for the semicolon
                None if separator == b'|' => {
                    quoted_printable_length(rest, room.min(rest.len().saturating_sub(1)))
                }
                None => {
                    scan::position(rest.as_bytes(), separator).map_or(rest.len(), |at| at.saturating_add(1))
                }
            };
            let (line, more) = rest.split_at_checked(length).unwrap_or((rest, ""));
            if more.is_empty() {
                return self.put_word(&[name, line], ";", spaced);
            }
            if !line.is_empty() {
                self.put_word(&[name, line], "", spaced);
                name = "";
            }
            self.fold();
            (rest, spaced) = (more, false);
        }
    }

    /// Adds a word, in pieces of which `end` is the last, on a new line where it does not fit into one that has
    /// something. `spaced` puts a space before it on the same line.
    fn put_word(&mut self, pieces: &[&str], end: &str, spaced: bool) {
        let length = length(pieces).saturating_add(end.len());
        let fits = self.column.saturating_add(usize::from(spaced)).saturating_add(length) <= LINE;
        if !fits && self.column > 1 {
            self.fold();
        } else if spaced {
            self.text.push(' ');
            self.column = self.column.saturating_add(1);
        }
        for piece in pieces {
            self.text.push_str(piece);
        }
        self.text.push_str(end);
        self.column = self.column.saturating_add(length);
    }

    fn fold(&mut self) {
        self.longest = self.longest.max(self.column);
        self.text.push_str("\r\n\t");
        self.column = 1;
    }

    fn put_signature(&mut self, base64: &str) {
        let mut rest = base64;
        while !rest.is_empty() {
            let room = LINE.saturating_sub(self.column);
            let (line, more) = rest.split_at_checked(room).unwrap_or((rest, ""));
            self.text.push_str(line);
            rest = more;
            if !rest.is_empty() {
                self.fold();
            }
        }
        self.text.push_str("\r\n");
    }
}
