//! The Sender Rewriting Scheme, for hosts that forward mail.
//!
//! A forwarder that keeps the sender of a message fails its SPF check at the next host. With SRS it puts an
//! address of its own in the place of the sender, out of which it can tell the old one when mail for it comes
//! back. Nothing is stored: the address holds the sender, the day, and a hash that only the forwarder can make.
//!
//! ```text
//! alice@example.org          ──► SRS0=HHHH=TT=example.org=alice@forwarder.example     one forwarder
//! SRS0=…@forwarder.example   ──► SRS1=HHHH=forwarder.example==…@second.example        any number after it
//! ```
//!
//! ```
//! use spf::{Name, srs::Srs};
//!
//! let srs = Srs::new(Name::parse("example.com")?, "tops3cr3t");
//! let now = 1_577_836_860;
//! let forwarded = srs.forward("test@otherdomain.com", now)?;
//! assert_eq!(forwarded, "SRS0=vmyz=2W=otherdomain.com=test@example.com");
//! assert_eq!(srs.reverse(&forwarded, now)?, "test@otherdomain.com");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! There is no RFC; this writes and reads what Mail::SRS, libsrs2 and postsrsd do: HMAC-SHA-1 over the parts in
//! lower case, of which four characters of base64 are kept, and days modulo 1,024 in two characters of base32.

mod address;
mod error;
#[cfg(test)]
mod tests;

pub use error::SrsError;

use address::{Address, Tag, Tagged, is_host};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use core::fmt;
use hmac::{Hmac, Mac};
use mail_base::Name;
use sha1::Sha1;
use subtle::{Choice, ConstantTimeEq};

/// The longest address that is rewritten or made, in octets: four times what RFC 5321 §4.5.3.1.3 allows for a path.
pub const MAX_ADDRESS: usize = 1024;

/// How many days a time stamp can tell apart.
const DAYS: u64 = 1024;

const SECONDS_A_DAY: u64 = 86_400;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What stands between the tag and the hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Separator {
    /// `=`
    #[default]
    Equals,
    /// `-`
    Hyphen,
    /// `+`
    Plus,
}

impl Separator {
    fn as_char(self) -> char {
        match self {
            Self::Equals => '=',
            Self::Hyphen => '-',
            Self::Plus => '+',
        }
    }
}

/// Which base64 a hash is written in (RFC 4648). Both are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alphabet {
    /// With `-` and `_` (§5), as postsrsd 2 writes it.
    #[default]
    UrlSafe,
    /// With `+` and `/` (§4), as Mail::SRS, libsrs2 and postsrsd 1 write it. They read nothing else: to be chosen
    /// where one of them shares the secret.
    Standard,
}

/// Rewrites senders for one forwarding host.
#[derive(Clone)]
pub struct Srs {
    domain: Name,
    secrets: Vec<Vec<u8>>,
    separator: Separator,
    alphabet: Alphabet,
    max_age: u64,
    hash_length: usize,
    hash_minimum: usize,
    local_part_limit: usize,
    rewrites_own: bool,
}

impl fmt::Debug for Srs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Srs").field("domain", &self.domain).finish_non_exhaustive()
    }
}

impl Srs {
    /// Rewrites senders to addresses of `domain`, with hashes made by `secret`, which must not be empty.
    #[must_use]
    pub fn new(domain: Name, secret: impl AsRef<[u8]>) -> Self {
        Self {
            domain,
            secrets: Vec::from([secret.as_ref().to_vec()]),
            separator: Separator::default(),
            alphabet: Alphabet::default(),
            max_age: 21,
            hash_length: 4,
            hash_minimum: 4,
            local_part_limit: MAX_ADDRESS,
            rewrites_own: false,
        }
    }

    /// Accepts hashes made by an older secret too, so that secrets can be changed. An empty one is no secret: it is
    /// left out.
    #[must_use]
    pub fn with_old_secret(mut self, secret: impl AsRef<[u8]>) -> Self {
        if !secret.as_ref().is_empty() {
            self.secrets.push(secret.as_ref().to_vec());
        }
        self
    }

    /// Puts another separator behind the tag. Default: `=`. All three are read.
    #[must_use]
    pub fn with_separator(self, separator: Separator) -> Self {
        Self { separator, ..self }
    }

    /// Writes hashes in another alphabet. Default: [`Alphabet::UrlSafe`]. Both are read.
    #[must_use]
    pub fn with_alphabet(self, alphabet: Alphabet) -> Self {
        Self { alphabet, ..self }
    }

    /// Accepts addresses of this many days at most, at most 1,023. Default: 21, as all implementations have it.
    #[must_use]
    pub fn with_max_age(self, days: u64) -> Self {
        Self { max_age: days.min(DAYS.saturating_sub(1)), ..self }
    }

    /// Writes hashes of this many characters, and reads those of this many or more; from 4 to 27. Default: 4.
    #[must_use]
    pub fn with_hash_length(self, length: usize) -> Self {
        let length = length.clamp(4, 27);
        Self { hash_length: length, hash_minimum: length, ..self }
    }

    /// Reads hashes of this many characters or more; from 4 to the length that is written. For the time after
    /// the length was raised.
    #[must_use]
    pub fn with_hash_minimum(self, length: usize) -> Self {
        Self { hash_minimum: length.clamp(4, self.hash_length), ..self }
    }

    /// Refuses to make a local part of more octets than this. RFC 5321 §4.5.3.1.1 allows 64, and a rewritten sender
    /// often has more. By default it is made nevertheless, as all implementations do it: hosts accept it.
    #[must_use]
    pub fn with_local_part_limit(self, octets: usize) -> Self {
        Self { local_part_limit: octets, ..self }
    }

    /// Rewrites senders of the own domain too.
    #[must_use]
    pub fn rewriting_own(self, rewrites_own: bool) -> Self {
        Self { rewrites_own, ..self }
    }

    /// The sender under which a message is forwarded at `now`, in seconds since 1970. The null sender, which is
    /// empty here, is never rewritten, nor are senders of the own domain.
    ///
    /// # Errors
    /// An [`SrsError`] where the sender is no address.
    pub fn forward(&self, sender: &str, now: u64) -> Result<String, SrsError> {
        if sender.is_empty() {
            return Ok(String::new());
        }
        let Address { local_part, host } = Address::parse(sender)?;
        if host.eq_ignore_ascii_case(self.domain.as_str()) && !self.rewrites_own {
            return Ok(sender.to_string());
        }
        let rewritten = match Tagged::parse(&local_part) {
            // SRS1 never nests: the first forwarder's host is kept, and the hash made anew
            Some(tagged @ Tagged { tag: Tag::Srs1, .. }) => match tagged.srs1_fields() {
                Ok((_, first_host, opaque)) => self.srs1(first_host, opaque)?,
                // no forwarder made it
                Err(_) => self.srs0(&local_part, host, now)?,
            },
            Some(Tagged { tag: Tag::Srs0, opaque, .. }) => self.srs1(host, opaque)?,
            None => self.srs0(&local_part, host, now)?,
        };
        if rewritten.len() > self.local_part_limit {
            return Err(SrsError::LocalPartTooLong);
        }
        let address = Address { local_part: rewritten.into(), host: self.domain.as_str() }.to_string();
        if address.len() > MAX_ADDRESS { Err(SrsError::TooLong) } else { Ok(address) }
    }

    fn srs0(&self, local_part: &str, host: &str, now: u64) -> Result<String, SrsError> {
        let stamp = stamp(now);
        let hash = self.hash(&[&stamp, host, local_part])?;
        let separator = self.separator.as_char();
        Ok(format!("SRS0{separator}{hash}={stamp}={host}={local_part}"))
    }

    fn srs1(&self, host: &str, opaque: &str) -> Result<String, SrsError> {
        let hash = self.hash(&[host, opaque])?;
        let separator = self.separator.as_char();
        Ok(format!("SRS1{separator}{hash}={host}={opaque}"))
    }

    /// The address to which mail for a rewritten one goes: that of the sender, or the one that the first
    /// forwarder made.
    ///
    /// # Errors
    /// An [`SrsError`] where the address is not rewritten at all, is broken, is too old, or was not made here.
    pub fn reverse(&self, address: &str, now: u64) -> Result<String, SrsError> {
        let Address { local_part, host } = Address::parse(address)?;
        if !host.eq_ignore_ascii_case(self.domain.as_str()) {
            return Err(SrsError::OtherDomain);
        }
        let tagged = Tagged::parse(&local_part).ok_or(SrsError::NotRewritten)?;
        let address = match tagged.tag {
            Tag::Srs0 => {
                let mut fields = tagged.rest.splitn(4, '=');
                let mut field = || fields.next().filter(|field| !field.is_empty()).ok_or(SrsError::Format);
                let (hash, stamp, host, user) = (field()?, field()?, field()?, field()?);
                // the hash does not tell where the host ends
                if !is_host(host) {
                    return Err(SrsError::Format);
                }
                self.verify(hash, &[stamp, host, user])?;
                self.check_age(stamp, now)?;
                Address { local_part: user.into(), host }
            }
            Tag::Srs1 => {
                let (hash, host, opaque) = tagged.srs1_fields()?;
                self.verify(hash, &[host, opaque])?;
                Address { local_part: format!("SRS0{opaque}").into(), host }
            }
        };
        Ok(address.to_string())
    }

    /// The hash that is written: by the first secret.
    fn hash(&self, parts: &[&str]) -> Result<String, SrsError> {
        let secret = self.secrets.first().filter(|secret| !secret.is_empty()).ok_or(SrsError::NoSecret)?;
        let mut hash = digest(secret, parts)?;
        hash.truncate(self.hash_length);
        Ok(match self.alphabet {
            Alphabet::UrlSafe => hash,
            Alphabet::Standard => hash.replace('-', "+").replace('_', "/"),
        })
    }

    /// Compares in constant time, in any case (mail hosts may change it), and in both alphabets of base64.
    fn verify(&self, claimed: &str, parts: &[&str]) -> Result<(), SrsError> {
        if claimed.len() < self.hash_minimum {
            return Err(SrsError::Forged);
        }
        let claimed = comparable(claimed);
        let mut is_any = Choice::from(0);
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            let own = comparable(&digest(secret, parts)?);
            let own = own.get(..claimed.len()).ok_or(SrsError::Forged)?;
            is_any |= own.ct_eq(&claimed);
        }
        if is_any.into() { Ok(()) } else { Err(SrsError::Forged) }
    }

    /// A stamp of a day after today has wrapped around, and is very old.
    fn check_age(&self, stamp: &str, now: u64) -> Result<(), SrsError> {
        let &[high, low] = stamp.as_bytes() else { return Err(SrsError::Stamp) };
        let digit = |octet: u8| {
            let place = BASE32.iter().position(|digit| *digit == octet.to_ascii_uppercase());
            place.and_then(|place| u64::try_from(place).ok()).ok_or(SrsError::Stamp)
        };
        let then = (digit(high)? << 5) | digit(low)?;
        let today = now.checked_div(SECONDS_A_DAY).unwrap_or(0) & 0x3ff;
        let age = today.wrapping_sub(then) & 0x3ff;
        if age <= self.max_age { Ok(()) } else { Err(SrsError::Expired) }
    }
}

/// base64(HMAC-SHA-1(secret, the parts in lower case)), in the alphabet that is safe in any local part.
fn digest(secret: &[u8], parts: &[&str]) -> Result<String, SrsError> {
    // HMAC takes a key of any length
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).map_err(|_| SrsError::Forged)?;
    for part in parts {
        mac.update(part.to_ascii_lowercase().as_bytes());
    }
    Ok(URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A hash in one case and one alphabet.
fn comparable(hash: &str) -> Vec<u8> {
    let comparable = |octet: u8| match octet {
        b'+' => b'-',
        b'/' => b'_',
        octet => octet.to_ascii_lowercase(),
    };
    hash.bytes().map(comparable).collect()
}

/// The day in two characters of base32, the high five bits first.
fn stamp(now: u64) -> String {
    let day = now.checked_div(SECONDS_A_DAY).unwrap_or(0) & 0x3ff;
    let digit = |bits: u64| {
        let place = usize::try_from(bits & 0x1f).unwrap_or(0);
        char::from(BASE32.get(place).copied().unwrap_or(b'A'))
    };
    [digit(day >> 5), digit(day)].iter().collect()
}
