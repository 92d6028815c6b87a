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

#[cfg(test)]
mod tests {
    #![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::string_slice)]

    use super::*;
    use alloc::{borrow::ToOwned, vec};
    use proptest::prelude::*;

    /// 2020-01-01
    const NOW: u64 = 1_577_836_860;

    fn srs() -> Srs {
        Srs::new(Name::parse("example.com").unwrap(), "tops3cr3t")
    }

    #[test]
    fn what_postsrsd_writes_is_written() {
        for (sender, expected) in [
            ("test@example.com", "test@example.com"),
            ("test@otherdomain.com", "SRS0=vmyz=2W=otherdomain.com=test@example.com"),
            ("hash234@somedomain.com", "SRS0=-3_5=2W=somedomain.com=hash234@example.com"),
            ("SRS0=opaque+string@otherdomain.com", "SRS1=chaI=otherdomain.com==opaque+string@example.com"),
            (
                "SRS1=X=thirddomain.com==opaque+string@otherdomain.com",
                "SRS1=JIBX=thirddomain.com==opaque+string@example.com",
            ),
            ("", ""),
        ] {
            assert_eq!(srs().forward(sender, NOW).as_deref(), Ok(expected), "{sender}");
        }
        assert_eq!(srs().forward("foo", NOW), Err(SrsError::NoAddress));
        let own = srs().rewriting_own(true).forward("test@example.com", NOW).unwrap();
        assert_eq!(srs().reverse(&own, NOW).as_deref(), Ok("test@example.com"));
    }

    /// What Mail::SRS 0.31, of which libsrs2 is a translation, wrote on 2026-11-22 with the secret `k`.
    #[test]
    fn what_mail_srs_writes_is_written_and_told() {
        let srs = Srs::new(Name::parse("fwd.example").unwrap(), "k").with_alphabet(Alphabet::Standard);
        let now = 20_779 * SECONDS_A_DAY;
        for (sender, expected) in [
            ("c@example.org", "SRS0=A8u/=JL=example.org=c@fwd.example"),
            ("=X.%@example.org", "SRS0=td1N=JL=example.org==X.%@fwd.example"),
            ("Z_=X@Mail.Example.NET", "SRS0=+7aQ=JL=Mail.Example.NET=Z_=X@fwd.example"),
            (
                "SRS0+abcd=JL=o.example=X++@a-b.example",
                "SRS1=NPex=a-b.example=+abcd=JL=o.example=X++@fwd.example",
            ),
            (
                "SRS0-abcd=JL=o.example==+Y@Mail.Example.NET",
                "SRS1=aBhr=Mail.Example.NET=-abcd=JL=o.example==+Y@fwd.example",
            ),
        ] {
            assert_eq!(srs.forward(sender, now).as_deref(), Ok(expected));
            assert_eq!(srs.reverse(expected, now).as_deref(), Ok(sender));
        }
        // by SRS1 the way back is to the first forwarder
        let sender = "SRS1-abcd=first.example=-x=JL=o.example=%-1a+@example.org";
        let expected = "SRS1=2WMI=first.example=-x=JL=o.example=%-1a+@fwd.example";
        assert_eq!(srs.forward(sender, now).as_deref(), Ok(expected));
        assert_eq!(srs.reverse(expected, now).as_deref(), Ok("SRS0-x=JL=o.example=%-1a+@first.example"));
    }

    #[test]
    fn both_alphabets_are_written_and_read_in_any_case() {
        for address in [
            "SRS0=-3_5=2W=somedomain.com=hash234@example.com",
            "SRS0=+3/5=2W=somedomain.com=hash234@example.com",
            "srs0=-3_5=2w=somedomain.com=hash234@EXAMPLE.com",
            "SRS0+-3_5=2W=somedomain.com=hash234@example.com",
        ] {
            assert_eq!(srs().reverse(address, NOW).as_deref(), Ok("hash234@somedomain.com"), "{address}");
        }
        let standard = srs().with_alphabet(Alphabet::Standard).forward("hash234@somedomain.com", NOW);
        assert_eq!(standard.as_deref(), Ok("SRS0=+3/5=2W=somedomain.com=hash234@example.com"));
        let upper = "SRS0=VMYZ=2W=OTHERDOMAIN.COM=TEST@example.com";
        assert_eq!(srs().reverse(upper, NOW).as_deref(), Ok("TEST@OTHERDOMAIN.COM"));
    }

    #[test]
    fn every_separator_is_kept_on_the_way_back() {
        for (separator, mark) in [(Separator::Equals, '='), (Separator::Hyphen, '-'), (Separator::Plus, '+')]
        {
            let first = Srs::new(Name::parse("one.example").unwrap(), "a").with_separator(separator);
            let second = Srs::new(Name::parse("two.example").unwrap(), "b");
            let third = Srs::new(Name::parse("three.example").unwrap(), "c");
            let by_first = first.forward("a=b=c@example.org", NOW).unwrap();
            assert_eq!(by_first.chars().nth(4), Some(mark));
            let by_second = second.forward(&by_first, NOW).unwrap();
            assert!(by_second.starts_with("SRS1=") && by_second.contains(&format!("=one.example={mark}")));
            let by_third = third.forward(&by_second, NOW).unwrap();
            assert_eq!(third.reverse(&by_third, NOW).as_deref(), Ok(by_first.as_str()), "SRS1 never nests");
            assert_eq!(second.reverse(&by_second, NOW).as_deref(), Ok(by_first.as_str()));
            assert_eq!(first.reverse(&by_first, NOW).as_deref(), Ok("a=b=c@example.org"));
        }
    }

    #[test]
    fn addresses_expire_and_never_come_from_the_future() {
        let day = SECONDS_A_DAY;
        let address = srs().forward("a@example.org", NOW).unwrap();
        assert!(srs().reverse(&address, NOW + 21 * day).is_ok());
        assert_eq!(srs().reverse(&address, NOW + 22 * day), Err(SrsError::Expired));
        assert_eq!(srs().reverse(&address, NOW - day), Err(SrsError::Expired));
        assert!(srs().with_max_age(30).reverse(&address, NOW + 22 * day).is_ok());
        assert_eq!((stamp(0).as_str(), stamp(1023 * day).as_str()), ("AA", "77"));
        assert_eq!(stamp(1024 * day), "AA");
    }

    #[test]
    fn secrets_can_be_changed() {
        let domain = Name::parse("example.com").unwrap();
        let old = srs().forward("a@example.org", NOW).unwrap();
        let new = Srs::new(domain, "new").with_old_secret("tops3cr3t");
        assert_eq!(new.reverse(&old, NOW).as_deref(), Ok("a@example.org"));
        let by_new = new.forward("a@example.org", NOW).unwrap();
        assert_eq!(srs().reverse(&by_new, NOW), Err(SrsError::Forged));
    }

    #[test]
    fn what_was_not_made_here_is_refused() {
        let error = |address: &str| srs().reverse(address, NOW).unwrap_err();
        for (address, expected) in [
            ("test@example.com", SrsError::NotRewritten),
            ("SRS0@example.com", SrsError::NotRewritten),
            ("SRS2=vmyz=2W=otherdomain.com=test@example.com", SrsError::NotRewritten),
            ("SRS0=vmyz=2W=otherdomain.com=test@example.org", SrsError::OtherDomain),
            ("SRS0=vmyz=2W=otherdomain.com@example.com", SrsError::Format),
            ("SRS0=vmyz=2W==test@example.com", SrsError::Format),
            ("SRS0=vmyZ=2W=otherdomain.com=tesT2@example.com", SrsError::Forged),
            ("SRS0=vmya=2W=otherdomain.com=test@example.com", SrsError::Forged),
            ("SRS0=vmy=2W=otherdomain.com=test@example.com", SrsError::Forged),
            ("SRS1=chaI=otherdomain.com=opaque+string@example.com", SrsError::Format),
            ("SRS1=aaaa=otherdomain.com==opaque+string@example.com", SrsError::Forged),
            ("SRS0=\r\nRCPT=@example.com", SrsError::Character),
            ("@example.com", SrsError::NoAddress),
        ] {
            assert_eq!(error(address), expected, "{address:?}");
        }
        assert_eq!(error(&"a".repeat(MAX_ADDRESS + 1)), SrsError::TooLong);
        let long = format!("SRS0={}=2W=otherdomain.com=test@example.com", "v".repeat(40));
        assert_eq!(error(&long), SrsError::Forged);
        // the stamp is under the hash, so that only the maker could write a broken one
        let hash = srs().hash(&["1", "otherdomain.com", "test"]).unwrap();
        assert_eq!(error(&format!("SRS0={hash}=1=otherdomain.com=test@example.com")), SrsError::Stamp);
    }

    #[test]
    fn longer_hashes_are_written_and_shorter_ones_refused() {
        let longer = srs().with_hash_length(8);
        let address = longer.forward("a@example.org", NOW).unwrap();
        assert!(longer.reverse(&address, NOW).is_ok() && srs().reverse(&address, NOW).is_ok());
        let short = srs().forward("a@example.org", NOW).unwrap();
        assert_eq!(longer.reverse(&short, NOW), Err(SrsError::Forged));
        assert!(longer.with_hash_minimum(4).reverse(&short, NOW).is_ok());
    }

    #[test]
    fn local_parts_stay_quoted() {
        for (sender, expected) in [
            (r#""a b"@example.org"#, r#""SRS0=nrLk=2W=example.org=a b"@example.com"#),
            (r#""a\"\\ @b"@example.org"#, r#""SRS0=u4hu=2W=example.org=a\"\\ @b"@example.com"#),
            ("a@[192.0.2.1]", r#""SRS0=xxxx=2W=[192.0.2.1]=a"@example.com"#),
            (r#""a..b"@example.org"#, r#""SRS0=xxxx=2W=example.org=a..b"@example.com"#),
        ] {
            let forwarded = srs().forward(sender, NOW).unwrap();
            let without_hash = |address: &str| [&address[..6], &address[10..]].concat();
            assert_eq!(without_hash(&forwarded), without_hash(expected));
            assert_eq!(srs().reverse(&forwarded, NOW).as_deref(), Ok(sender), "{forwarded}");
            let second = Srs::new(Name::parse("second.example").unwrap(), "2");
            let by_second = second.forward(&forwarded, NOW).unwrap();
            assert_eq!(second.reverse(&by_second, NOW).as_deref(), Ok(&*forwarded), "{by_second}");
        }
        // without need for them, quotation marks say nothing
        let plain = srs().forward("a@example.org", NOW).unwrap();
        assert_eq!(srs().forward("\"a\"@example.org", NOW).unwrap(), plain);
    }

    /// The hash is of all parts in one, so that parts may be cut elsewhere; but never so that what comes back is no
    /// address.
    #[test]
    fn no_host_is_made_of_a_quoted_local_part() {
        let forwarded = srs().forward("\"x> SIZE=1 y\"@example.org", NOW).unwrap();
        assert!(srs().reverse(&forwarded, NOW).is_ok());
        let moved = forwarded.replace("=example.org=x> SIZE=", "=example.orgx> SIZE==");
        assert_ne!(moved, forwarded);
        assert_eq!(srs().reverse(&moved, NOW), Err(SrsError::Format));
    }

    #[test]
    fn what_is_no_address_is_not_rewritten() {
        for (sender, expected) in [
            ("a b@example.org", SrsError::LocalPart),
            ("a> SIZE=1@example.org", SrsError::LocalPart),
            ("a@b@example.org", SrsError::LocalPart),
            ("\"a@example.org", SrsError::LocalPart),
            ("\"a\"b\"@example.org", SrsError::LocalPart),
            ("\"a\\\"@example.org", SrsError::LocalPart),
            ("\"\"@example.org", SrsError::NoAddress),
            ("a@b=c.example", SrsError::Domain),
            ("a@exam ple.org", SrsError::Domain),
            ("a@example.org> SIZE=1", SrsError::Domain),
            ("a@[192.0.2.1=]", SrsError::Domain),
        ] {
            assert_eq!(srs().forward(sender, NOW), Err(expected), "{sender}");
        }
    }

    #[test]
    fn what_only_looks_rewritten_is_rewritten_as_any_other() {
        for sender in [
            "SRS1=X==foo",
            "SRS1=X=host.example=foo",
            "SRS1=X=+=+x",
            "SRS1=",
            "SRS1=X=",
            "SRS0=",
            "srs0+x",
            "SRS0",
            "SRS1=X=h=-",
        ] {
            let sender = format!("{sender}@example.org");
            let forwarded = srs().forward(&sender, NOW).unwrap();
            let back = srs().reverse(&forwarded, NOW).unwrap();
            let expected = match sender.as_str() {
                // one that was forwarded already goes back to the first forwarder
                "SRS1=X=h=-@example.org" => "SRS0-@h",
                "srs0+x@example.org" => "SRS0+x@example.org",
                other => other,
            };
            assert_eq!(back, expected, "{forwarded}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        let sender = format!("{}@example.org", "a".repeat(MAX_ADDRESS - 30));
        assert_eq!(srs().forward(&sender, NOW), Err(SrsError::TooLong), "nobody could reverse it");
        let limited = srs().with_local_part_limit(64);
        let sender = |length: usize| format!("{}@example.org", "a".repeat(length));
        let longest = limited.forward(&sender(64 - 25), NOW).unwrap();
        assert_eq!(longest.find('@'), Some(64));
        assert_eq!(limited.forward(&sender(64 - 24), NOW), Err(SrsError::LocalPartTooLong));
        assert!(limited.reverse(&longest, NOW).is_ok());
    }

    #[test]
    fn an_empty_secret_is_none() {
        let empty = Srs::new(Name::parse("example.com").unwrap(), "");
        assert_eq!(empty.forward("a@example.org", NOW), Err(SrsError::NoSecret));
        let hash = digest(b"", &["2W", "example.org", "a"]).unwrap();
        let forged = format!("SRS0={}=2W=example.org=a@example.com", &hash[..4]);
        assert_eq!(empty.reverse(&forged, NOW), Err(SrsError::Forged));
        assert_eq!(srs().with_old_secret("").reverse(&forged, NOW), Err(SrsError::Forged));
    }

    proptest! {
        /// Whatever is rewritten is found again, through any number of forwarders, whichever separators they write.
        #[test]
        fn what_is_forwarded_comes_back(
            local_part in "(SRS[01][=+-])?[a-zA-Z0-9=+.-]{1,12}|\"[a-z =@<>.]{1,9}\"",
            separators in prop::collection::vec(0..3_usize, 1..4),
            days in 0..22_u64,
        ) {
            let sender = format!("{local_part}@example.org");
            let hosts: Vec<_> = separators
                .iter()
                .enumerate()
                .map(|(number, separator)| {
                    let separator = [Separator::Equals, Separator::Hyphen, Separator::Plus][*separator];
                    let domain = Name::parse(&format!("f{number}.example")).unwrap();
                    Srs::new(domain, format!("secret {number}")).with_separator(separator)
                })
                .collect();
            let mut addresses = vec![sender];
            for host in &hosts {
                let next = host.forward(addresses.last().unwrap(), NOW).unwrap();
                addresses.push(next);
            }
            let later = NOW + days * SECONDS_A_DAY;
            let last = addresses.last().unwrap();
            let back = hosts.last().unwrap().reverse(last, later).unwrap();
            if hosts.len() <= 2 {
                let before = &addresses[hosts.len() - 1];
                let said = |address: &str| {
                    let Address { local_part, host } = Address::parse(address).unwrap();
                    // the tag is written in capitals, and SRS1 leads to whom the first forwarder was
                    (local_part.into_owned(), host.to_owned())
                };
                if Tagged::parse(&said(before).0).is_none_or(|tagged| tagged.tag == Tag::Srs0) {
                    prop_assert_eq!(said(&back), said(before), "{}", last);
                }
            } else {
                // the first of our forwarders, or one that the sender's address names
                prop_assert!(back.contains("SRS0"), "{}", back);
            }
            prop_assert!(Address::parse(&back).is_ok());
        }
    }

    #[test]
    fn secrets_do_not_print() {
        assert!(!format!("{:?}", srs()).contains("tops"));
    }
}
