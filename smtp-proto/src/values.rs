//! The values of parameters: notifications, delivery times, priorities.

use crate::{
    octets::{self, ALPHANUMERIC, HYPHEN, Marks, XCHAR},
    text::{known, number},
    timestamp::Timestamp,
    xtext::{Xtext, hex},
};
use alloc::borrow::Cow;
use core::{fmt, ops::BitOr};

/// The most octets of `ORCPT`'s value (RFC 3461 §4.2).
const MAX_ORCPT: usize = 500;

/// When to send a notification of delivery (RFC 3461 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// `NEVER`
    Never,
    /// Any of `SUCCESS`, `FAILURE` and `DELAY`.
    On(NotifyOn),
}

/// The cases for a notification, of which there is one at least: `NotifyOn::FAILURE | NotifyOn::DELAY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotifyOn(u8);

impl Notify {
    /// ```text
    /// notify-esmtp-value = "NEVER" / 1#notify-list-element
    /// ```
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("NEVER") {
            return Some(Self::Never);
        }
        let mut on = NotifyOn(0);
        for element in text.split(',') {
            let is = |(_, word): &&(NotifyOn, &str)| word.eq_ignore_ascii_case(element);
            on = on | NotifyOn::WORDS.iter().find(is)?.0;
        }
        Some(Self::On(on))
    }
}

impl NotifyOn {
    /// The message was delivered.
    pub const SUCCESS: Self = Self(1);
    /// It could not be delivered.
    pub const FAILURE: Self = Self(2);
    /// It is late.
    pub const DELAY: Self = Self(4);

    const WORDS: [(Self, &str); 3] =
        [(Self::SUCCESS, "SUCCESS"), (Self::FAILURE, "FAILURE"), (Self::DELAY, "DELAY")];

    /// Whether all of these cases are among them.
    #[must_use]
    pub fn contains(self, cases: Self) -> bool {
        self.0 & cases.0 == cases.0
    }

    /// Reads a list that starts at `from`; gives where it ends, too.
    #[inline]
    pub(crate) fn read_usual(octets: &[u8], from: usize, marks: &mut Marks<'_>) -> Option<(Self, usize)> {
        const SUCCESS: u64 = octets::word(b"SUCCESS");
        const FAILURE: u64 = octets::word(b"FAILURE");
        const DELAY: u64 = octets::word(b"DELAY");
        let mut on = Self(0);
        let mut from = from;
        loop {
            let end = marks.next();
            on = on
                | match octets::word(octets.get(from..end)?) {
                    SUCCESS => Self::SUCCESS,
                    FAILURE => Self::FAILURE,
                    DELAY => Self::DELAY,
                    _ => return None,
                };
            if octets.get(end) != Some(&b',') {
                return Some((on, end));
            }
            from = end.saturating_add(1);
        }
    }
}

impl BitOr for NotifyOn {
    type Output = Self;

    /// The cases of both.
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::On(on) = self else { return f.write_str("NEVER") };
        let mut separator = "";
        for (_, word) in NotifyOn::WORDS.iter().filter(|(case, _)| on.contains(*case)) {
            write!(f, "{separator}{word}")?;
            separator = ",";
        }
        Ok(())
    }
}

/// `addr-type ";" xtext` (RFC 3461 §4.2), or `utf-8;` and an address as RFC 6533 §3 writes it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct OriginalRecipient<'a> {
    text: Cow<'a, str>,
    semicolon: usize,
}

impl<'a> OriginalRecipient<'a> {
    /// Reads the value of `ORCPT`.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let semicolon = text.bytes().position(|octet| octet == b';')?;
        let (kind, address) = (text.get(..semicolon)?, text.get(semicolon.checked_add(1)?..)?);
        let is_atom = octets::end_of_run(kind.as_bytes(), 0, ALPHANUMERIC | HYPHEN) == kind.len();
        if kind.is_empty() || !is_atom || text.len() > MAX_ORCPT {
            return None;
        }
        let is_address = if kind.eq_ignore_ascii_case("utf-8") {
            is_utf8_address(address)
        } else {
            // notifications name it in a header field (RFC 3461 §4.2)
            Xtext::parse(address).is_some_and(|address| address.is_printable())
        };
        is_address.then_some(Self { text: Cow::Borrowed(text), semicolon })
    }

    /// Reads an address of mail that starts at `from`, without encoded octets; gives where it ends, too.
    #[inline]
    pub(crate) fn read_usual(octets: &'a [u8], from: usize, marks: &mut Marks<'_>) -> Option<(Self, usize)> {
        let semicolon = marks.next();
        let is_mail = octets.get(from..=semicolon)?.eq_ignore_ascii_case(b"rfc822;");
        let end = loop {
            let at = marks.next();
            match octets.get(at) {
                None | Some(b' ') => break at,
                Some(&mark) if octets::is(mark, XCHAR) => {}
                _ => return None,
            }
        };
        let value = octets.get(from..end)?;
        let is_value = is_mail && end > semicolon.saturating_add(1) && value.len() <= MAX_ORCPT;
        let semicolon = semicolon.saturating_sub(from);
        is_value.then(|| (Self { text: Cow::Borrowed(known(value)), semicolon }, end))
    }

    /// The type of the address: `rfc822`, `utf-8`, `x400` …
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text.get(..self.semicolon).unwrap_or("")
    }

    /// Whether it is all ASCII: otherwise it needs SMTPUTF8 (RFC 6533 §3).
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// The address as it is encoded.
    #[must_use]
    pub fn address(&self) -> &str {
        self.text.get(self.semicolon.saturating_add(1)..).unwrap_or("")
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> OriginalRecipient<'static> {
        OriginalRecipient { text: Cow::Owned(self.text.into_owned()), semicolon: self.semicolon }
    }
}

/// ```text
/// utf-8-addr-xtext    = 1*(QCHAR / EmbeddedUnicodeChar)
/// utf-8-addr-unitext  = 1*(QUCHAR / EmbeddedUnicodeChar)
/// QCHAR               = %x21-2a / %x2c-3c / %x3e-5b / %x5d-7e
/// QUCHAR              = QCHAR / UTF8-2 / UTF8-3 / UTF8-4
/// EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}"
/// ```
/// (RFC 6533 §3.) A backslash begins nothing else.
fn is_utf8_address(address: &str) -> bool {
    let mut pieces = address.split('\\');
    let is_plain = |text: &str| {
        text.bytes().all(|octet| matches!(octet, b'!'..=b'*' | b','..=b'<' | b'>'..=b'~' | 0x80..))
    };
    let is_first_plain = pieces.next().is_some_and(is_plain);
    let mut rest = pieces.map(|piece| piece.strip_prefix("x{").and_then(|piece| piece.split_once('}')));
    let are_rest = rest.all(|piece| piece.is_some_and(|(point, text)| is_hex_point(point) && is_plain(text)));
    !address.is_empty() && is_first_plain && are_rest
}

/// `HEXPOINT` (RFC 6533 §3): two to six digits without needless zeros, for a character outside ASCII, for one that
/// xtext encodes, or for one of some control characters, among which there is no CR or LF.
fn is_hex_point(digits: &str) -> bool {
    let is_written_well = digits.len() == 2 || (digits.len() <= 6 && !digits.starts_with('0'));
    let are_digits = digits.len() >= 2 && digits.bytes().all(|digit| hex(digit).is_some());
    let point = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
    let is_meant =
        matches!(point, Some('\x01'..='\x09' | '\x10'..='\x19' | ' ' | '+' | '=' | '\\' | '\x7f'..));
    is_written_well && are_digits && is_meant
}

impl fmt::Display for OriginalRecipient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for OriginalRecipient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

/// Deliver by then (RFC 2852 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverBy {
    seconds: i32,
    mode: ByMode,
    trace: bool,
}

/// What to do when a message is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByMode {
    /// `R`: return it.
    Return,
    /// `N`: deliver it nevertheless, and notify.
    Notify,
}

impl DeliverBy {
    /// The most seconds: nine digits.
    pub const MAX_SECONDS: i32 = 999_999_999;

    /// Within so many seconds from now; `None` beyond nine digits, and for a return after less than one
    /// second, which the RFC forbids.
    #[must_use]
    pub fn new(seconds: i32, mode: ByMode, trace: bool) -> Option<Self> {
        let is_in_range = (-Self::MAX_SECONDS..=Self::MAX_SECONDS).contains(&seconds);
        (is_in_range && (mode == ByMode::Notify || seconds > 0)).then_some(Self { seconds, mode, trace })
    }

    /// ```text
    /// by-value = by-time ";" by-mode [by-trace]
    /// by-time  = ["-" / "+"] 1*9digit
    /// by-mode  = "N" / "R"
    /// by-trace = "T"
    /// ```
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (time, mode) = text.split_once(';')?;
        let digits = time.strip_prefix(['-', '+']).unwrap_or(time);
        let seconds = i32::try_from(number(digits, 9)?).ok()?;
        let seconds = if time.starts_with('-') { seconds.checked_neg()? } else { seconds };
        let (mode, trace) = match mode.as_bytes() {
            [mode] => (mode, false),
            [mode, b'T' | b't'] => (mode, true),
            _ => return None,
        };
        let mode = match mode {
            b'N' | b'n' => ByMode::Notify,
            b'R' | b'r' => ByMode::Return,
            _ => return None,
        };
        Self::new(seconds, mode, trace)
    }

    /// How many seconds are left; negative where the time has passed.
    #[must_use]
    pub fn seconds(self) -> i32 {
        self.seconds
    }

    /// What to do after that.
    #[must_use]
    pub fn mode(self) -> ByMode {
        self.mode
    }

    /// Whether each relay shall send a trace.
    #[must_use]
    pub fn trace(self) -> bool {
        self.trace
    }
}

impl fmt::Display for DeliverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            ByMode::Return => "R",
            ByMode::Notify => "N",
        };
        write!(f, "{};{mode}{}", self.seconds, if self.trace { "T" } else { "" })
    }
}

/// How urgent a message is: -9 to 9 (RFC 6710 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(i8);

impl Priority {
    /// `None` outside -9 to 9.
    #[must_use]
    pub fn new(value: i8) -> Option<Self> {
        (-9..=9).contains(&value).then_some(Self(value))
    }

    /// ```text
    /// priority-value = (["-"] NZDIGIT) / "0"
    /// ```
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [b'0'..=b'9'] | [b'-', b'1'..=b'9'] => text.parse().ok().map(Self),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> i8 {
        self.0
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Not to be delivered before (RFC 4865 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// `HOLDFOR`: so many seconds from now.
    For(HoldSeconds),
    /// `HOLDUNTIL`
    Until(Timestamp),
}

/// How long a message is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldSeconds(u32);

impl HoldSeconds {
    /// So many seconds; `None` beyond the nine digits of RFC 4865 §4.
    #[must_use]
    pub const fn new(seconds: u32) -> Option<Self> {
        if seconds <= 999_999_999 { Some(Self(seconds)) } else { None }
    }

    /// The seconds.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// ```text
    /// future-release-integer = %x30-39 *8DIGIT
    /// ```
    pub(crate) fn read(text: &str) -> Option<Self> {
        u32::try_from(number(text, 9)?).ok().map(Self)
    }
}

impl fmt::Display for HoldSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Hold {
    pub(crate) fn read_for(text: &str) -> Option<Self> {
        HoldSeconds::read(text).map(Self::For)
    }

    pub(crate) fn read_until(text: &str) -> Option<Self> {
        Timestamp::parse(text).map(Self::Until)
    }
}

/// `RRVS`: to be delivered only if the mailbox has had its owner since then (RFC 7293 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rrvs {
    /// Since when.
    pub since: Timestamp,
    /// What a relay is to do whose next hop does not know `RRVS`. It must be handed on as it came (§5.1.1); where
    /// it is missing, the message is rejected.
    pub no_support: Option<NoSupport>,
}

/// What to do where `RRVS` is not supported (RFC 7293 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSupport {
    /// `C`: relay the message without it.
    Continue,
    /// `R`: reject the message.
    Reject,
}

impl Rrvs {
    /// ```text
    /// rrvs-param = "RRVS=" date-time [ ";" ( "C" / "R" ) ]
    /// ```
    /// The time has no fraction of a second. Another action is as none: the message is rejected rather than
    /// relayed.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (since, no_support) = match text.split_once(';') {
            Some((since, "C" | "c")) => (since, Some(NoSupport::Continue)),
            Some((since, "R" | "r")) => (since, Some(NoSupport::Reject)),
            Some((since, _)) => (since, None),
            None => (text, None),
        };
        let since = Timestamp::parse(since).filter(|_| !since.contains('.'))?;
        Some(Self { since, no_support })
    }
}

impl fmt::Display for Rrvs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.since, f)?;
        f.write_str(match self.no_support {
            None => "",
            Some(NoSupport::Continue) => ";C",
            Some(NoSupport::Reject) => ";R",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};

    #[test]
    fn what_a_relay_is_to_do_without_rrvs_is_kept() {
        for text in ["2014-04-03T23:01:00Z", "2014-04-03T23:01:00Z;C", "2014-04-03T23:01:00Z;R"] {
            assert_eq!(Rrvs::read(text).unwrap().to_string(), text);
        }
        let rejected = Rrvs::read("2014-04-03T23:01:00Z;r").unwrap();
        assert_eq!(rejected.no_support, Some(NoSupport::Reject));
        assert_eq!(Rrvs::read("2014-04-03T23:01:00Z;X").unwrap().no_support, None);
        for broken in ["2014-04-03T23:01:00.5Z", "2014-04-03;C", "C", ""] {
            assert_eq!(Rrvs::read(broken), None, "{broken}");
        }
    }

    #[test]
    fn delivery_times_have_a_mode() {
        let by = DeliverBy::read("-120;nt").unwrap();
        assert_eq!((by.seconds(), by.mode(), by.trace()), (-120, ByMode::Notify, true));
        assert_eq!(by.to_string(), "-120;NT");
        for broken in ["120", "120;", "120;X", "120;RX", "-1;R", "0;R", "1234567890;R", ";R"] {
            assert_eq!(DeliverBy::read(broken), None, "{broken}");
        }
    }

    #[test]
    fn priorities_run_from_minus_nine_to_nine() {
        assert_eq!(Priority::read("-9").map(Priority::value), Some(-9));
        assert_eq!(Priority::read("0").map(Priority::value), Some(0));
        for broken in ["-0", "10", "+1", "", "-"] {
            assert_eq!(Priority::read(broken), None, "{broken}");
        }
    }

    #[test]
    fn original_recipients_have_a_type() {
        let recipient = OriginalRecipient::parse("rfc822;bob+40x").unwrap();
        assert_eq!((recipient.kind(), recipient.address()), ("rfc822", "bob+40x"));
        assert!(OriginalRecipient::parse("utf-8;e\\x{3D}mc2@\\x{30C9}.jp").is_some());
        assert!(OriginalRecipient::parse("utf-8;ü@example").is_some());
        assert!(OriginalRecipient::parse("rfc822;a+20b+09c").is_some());
        for broken in
            ["", "rfc822", ";a", "rfc822;", "rfc822;a=b", "rfc822;ü", "rfc822;a+0D+0Ab", "rfc822;a+80"]
        {
            assert_eq!(OriginalRecipient::parse(broken), None, "{broken}");
        }
        for broken in ["3d", "0A", "0D", "00", "41", "0041", "1", "D800", "110000", "0000E9", ""] {
            assert_eq!(OriginalRecipient::parse(&format!("utf-8;a\\x{{{broken}}}")), None, "{broken}");
        }
        for good in
            ["01", "09", "19", "20", "2B", "3D", "5C", "7F", "80", "FF", "30C9", "D7FF", "1F600", "10FFFF"]
        {
            assert!(OriginalRecipient::parse(&format!("utf-8;a\\x{{{good}}}")).is_some(), "{good}");
        }
        assert_eq!(OriginalRecipient::parse("utf-8;\\n"), None);
        assert_eq!(OriginalRecipient::parse("utf-8;a+b"), None);
        assert_eq!(OriginalRecipient::parse(&format!("rfc822;{}", "a".repeat(500))), None);
    }
}
