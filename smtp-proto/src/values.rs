//! The values of parameters: xtext, notifications, delivery times, priorities.

use crate::octets::{self, ALPHANUMERIC, HYPHEN, XCHAR};
use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

/// The most octets of `ENVID`'s value (RFC 3461 §4.4).
const MAX_ENVID: usize = 100;

/// The most octets of `ORCPT`'s value (RFC 3461 §4.2).
const MAX_ORCPT: usize = 500;

/// Text in which `+` and two digits stand for an octet (RFC 3461 §4).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Xtext<'a>(Cow<'a, str>);

impl<'a> Xtext<'a> {
    /// Reads what is encoded; `None` where it is not xtext, or empty.
    ///
    /// ```text
    /// xtext   = *( xchar / hexchar )
    /// xchar   = %d33-42 / %d44-60 / %d62-126
    /// hexchar = "+" 2(DIGIT / "A"-"F")
    /// ```
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut rest = text.as_bytes();
        loop {
            match rest.get(octets::end_of_run(rest, 0, XCHAR)..)? {
                [] => break,
                [b'+', high, low, later @ ..] => {
                    hex(*high)?;
                    hex(*low)?;
                    rest = later;
                }
                _ => return None,
            }
        }
        (!text.is_empty()).then_some(Self(Cow::Borrowed(text)))
    }

    /// As [`parse`](Self::parse), within the limit for `ENVID`.
    #[must_use]
    pub fn envid(text: &'a str) -> Option<Self> {
        Self::parse(text).filter(|_| text.len() <= MAX_ENVID)
    }

    /// Encodes octets; `None` where there is none.
    #[must_use]
    pub fn encode(octets: &[u8]) -> Option<Xtext<'static>> {
        use core::fmt::Write as _;
        let mut text = alloc::string::String::with_capacity(octets.len());
        for &octet in octets {
            match octet {
                b'!'..=b'*' | b','..=b'<' | b'>'..=b'~' => text.push(char::from(octet)),
                // writing to a String does not fail
                _ => {
                    let _ = write!(text, "+{octet:02X}");
                }
            }
        }
        (!text.is_empty()).then_some(Xtext(Cow::Owned(text)))
    }

    /// The octets that are meant.
    #[must_use]
    pub fn decode(&self) -> Cow<'_, [u8]> {
        if !self.0.contains('+') {
            return Cow::Borrowed(self.0.as_bytes());
        }
        let mut octets = self.0.bytes();
        let mut decoded = Vec::with_capacity(self.0.len());
        while let Some(octet) = octets.next() {
            decoded.push(match octet {
                b'+' => {
                    let (high, low) = (octets.next().and_then(hex), octets.next().and_then(hex));
                    (high.unwrap_or(0) << 4) | low.unwrap_or(0)
                }
                octet => octet,
            });
        }
        Cow::Owned(decoded)
    }

    /// The text as it is encoded.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_owned(self) -> Xtext<'static> {
        Xtext(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Display for Xtext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Xtext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

fn hex(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => octet.checked_sub(b'0'),
        b'A'..=b'F' => octet.checked_sub(b'A' - 10),
        _ => None,
    }
}

/// When to send a notification of delivery (RFC 3461 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// `NEVER`
    Never,
    /// Any of `SUCCESS`, `FAILURE` and `DELAY`; one at least.
    On(NotifyOn),
}

/// The cases for a notification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotifyOn {
    /// The message was delivered.
    pub success: bool,
    /// It could not be delivered.
    pub failure: bool,
    /// It is late.
    pub delay: bool,
}

impl Notify {
    /// ```text
    /// notify-esmtp-value = "NEVER" / 1#notify-list-element
    /// ```
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("NEVER") {
            return Some(Self::Never);
        }
        let mut on = NotifyOn::default();
        for element in text.split(',') {
            if element.eq_ignore_ascii_case("SUCCESS") {
                on.success = true;
            } else if element.eq_ignore_ascii_case("FAILURE") {
                on.failure = true;
            } else if element.eq_ignore_ascii_case("DELAY") {
                on.delay = true;
            } else {
                return None;
            }
        }
        Some(Self::On(on))
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::On(on) = self else { return f.write_str("NEVER") };
        let all = [(on.success, "SUCCESS"), (on.failure, "FAILURE"), (on.delay, "DELAY")];
        let mut separator = "";
        for (_, word) in all.into_iter().filter(|(is_set, _)| *is_set) {
            write!(f, "{separator}{word}")?;
            separator = ",";
        }
        // none set says as much as never
        if separator.is_empty() { f.write_str("NEVER") } else { Ok(()) }
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
            Xtext::parse(address).is_some()
        };
        is_address.then_some(Self { text: Cow::Borrowed(text), semicolon })
    }

    /// The type of the address: `rfc822`, `utf-8`, `x400` …
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text.get(..self.semicolon).unwrap_or("")
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
/// utf-8-addr-xtext   = xtext with EmbeddedUnicodeChar
/// utf-8-addr-unitext = the same, with characters outside ASCII
/// EmbeddedUnicodeChar = %x5C.78 "{" HEXPOINT "}"
/// ```
/// (RFC 6533 §3.) A backslash begins nothing else.
fn is_utf8_address(address: &str) -> bool {
    let mut pieces = address.split('\\');
    let is_plain = |text: &str| text.bytes().all(|octet| matches!(octet, b'!'..=b'<' | b'>'..=b'~' | 0x80..));
    let is_first_plain = pieces.next().is_some_and(is_plain);
    let mut rest = pieces.map(|piece| piece.strip_prefix("x{").and_then(|piece| piece.split_once('}')));
    let is_point =
        |point: &str| (2..=6).contains(&point.len()) && point.bytes().all(|octet| hex(octet).is_some());
    let are_rest = rest.all(|piece| piece.is_some_and(|(point, text)| is_point(point) && is_plain(text)));
    !address.is_empty() && is_first_plain && are_rest
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
    /// `HOLDFOR`: so many seconds from now, [`MAX_SECONDS`](Self::MAX_SECONDS) at most: more is written as that.
    For(u32),
    /// `HOLDUNTIL`
    Until(Timestamp),
}

impl Hold {
    /// The most seconds: nine digits.
    pub const MAX_SECONDS: u32 = 999_999_999;

    pub(crate) fn read_for(text: &str) -> Option<Self> {
        u32::try_from(number(text, 9)?).ok().map(Self::For)
    }

    pub(crate) fn read_until(text: &str) -> Option<Self> {
        Timestamp::parse(text).map(Self::Until)
    }
}

/// A moment, in seconds since 1970 in UTC; written as the `date-time` of RFC 3339 §5.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many seconds after 1970 began; `None` outside the years 0 to 9999, which four digits
    /// can write.
    #[must_use]
    pub fn new(seconds: i64) -> Option<Self> {
        let (first, last) = (days(0, 1, 1)?.checked_mul(86_400)?, days(10_000, 1, 1)?.checked_mul(86_400)?);
        (first..last).contains(&seconds).then_some(Self(seconds))
    }

    /// The seconds.
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.0
    }

    /// ```text
    /// date-time   = full-date "T" full-time
    /// full-time   = 2DIGIT ":" 2DIGIT ":" 2DIGIT ["." 1*DIGIT] ( "Z" / ("+" / "-") 2DIGIT ":" 2DIGIT )
    /// ```
    /// Fractions of a second are left out.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let part = |range| text.get(range).and_then(|digits: &str| number(digits, 4));
        let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
        let is_marked = marks.into_iter().all(|(at, mark)| text.as_bytes().get(at) == Some(&mark));
        if !is_marked || !matches!(text.as_bytes().get(10), Some(b'T' | b't')) {
            return None;
        }
        let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
        let (hour, minute, second) = (part(11..13)?, part(14..16)?, part(17..19)?);
        if !(1..=12).contains(&month) || day < 1 || day > month_length(year, month) {
            return None;
        }
        // 60 is a leap second
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let offset = zone_offset(fraction_end(text.get(19..)?)?)?;
        let minutes = hour.checked_mul(60)?.checked_add(minute)?;
        let seconds = minutes.checked_mul(60)?.checked_add(second)?.checked_sub(offset)?;
        Self::new(days(year, month, day)?.checked_mul(86_400)?.checked_add(seconds)?)
    }
}

impl Timestamp {
    /// The moment in the form that header fields have it in (RFC 5322 §3.3): `Sun, 22 Nov 2026 03:10:00 +0000`.
    #[must_use]
    pub fn to_mail_date(self) -> alloc::string::String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (year, month, day) = date(self.0.div_euclid(86_400));
        let name = |names: &[&'static str], at: i64| {
            usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or("")
        };
        // 1970 began on a Thursday
        let weekday = name(&DAYS, self.0.div_euclid(86_400).rem_euclid(7));
        let month = name(&MONTHS, month.saturating_sub(1));
        alloc::format!("{weekday}, {day} {month} {year:04} {} +0000", Time(self.0))
    }
}

/// The time of the day, `hh:mm:ss`.
struct Time(i64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let second = self.0.rem_euclid(86_400);
        let (hour, minute) = (second.div_euclid(3600), second.rem_euclid(3600).div_euclid(60));
        write!(f, "{hour:02}:{minute:02}:{:02}", second.rem_euclid(60))
    }
}

/// What follows the fraction of a second, if there is one.
fn fraction_end(text: &str) -> Option<&str> {
    let Some(digits) = text.strip_prefix('.') else { return Some(text) };
    let zone = digits.trim_start_matches(|digit: char| digit.is_ascii_digit());
    (zone.len() < digits.len()).then_some(zone)
}

/// The seconds by which a zone is ahead of UTC.
fn zone_offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("Z") {
        return Some(0);
    }
    let digits = zone.strip_prefix(['+', '-'])?;
    let (hours, minutes) =
        digits.split_once(':').filter(|(hours, _)| hours.len() == 2 && digits.len() == 5)?;
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let offset = hours.checked_mul(3600)?.checked_add(minutes.checked_mul(60)?)?;
    if zone.starts_with('-') { offset.checked_neg() } else { Some(offset) }
}

/// A number of at most so many digits, and nothing else.
fn number(text: &str, digits: usize) -> Option<i64> {
    let is_number =
        !text.is_empty() && text.len() <= digits && text.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn month_length(year: i64, month: i64) -> i64 {
    let is_leap = year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days from 1970-01-01 to a date of the Gregorian calendar. Years are counted from March, so that the day
/// that leap years add is the last.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let months_since_march = month.checked_add(9)?.rem_euclid(12);
    let day_of_year = months_since_march.checked_mul(153)?.checked_add(2)?.div_euclid(5).checked_add(day)?;
    let leap_days =
        year.div_euclid(4).checked_sub(year.div_euclid(100))?.checked_add(year.div_euclid(400))?;
    // 719,469 days lie between the day before 0000-03-01 and 1970-01-01
    year.checked_mul(365)?.checked_add(leap_days)?.checked_add(day_of_year)?.checked_sub(719_469)
}

/// The date of a day, the reverse of [`days`]: the first guess is never late, and early by few days at most.
fn date(day: i64) -> (i64, i64, i64) {
    let mut year = day.div_euclid(366).saturating_add(1970);
    // days of a year are 365.2425 on average: the guess lags by one year in about 500
    while days(year.saturating_add(1), 1, 1).is_some_and(|first| first <= day) {
        year = year.saturating_add(1);
    }
    while days(year, 1, 1).is_some_and(|first| first > day) {
        year = year.saturating_sub(1);
    }
    let mut rest = day.saturating_sub(days(year, 1, 1).unwrap_or(day));
    let mut month: i64 = 1;
    while month < 12 && rest >= month_length(year, month) {
        rest = rest.saturating_sub(month_length(year, month));
        month = month.saturating_add(1);
    }
    (year, month, rest.saturating_add(1))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0.div_euclid(86_400));
        write!(f, "{year:04}-{month:02}-{day:02}T{}Z", Time(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString};

    #[test]
    fn xtext_is_decoded_and_encoded() {
        let text = Xtext::parse("e+3Dmc2@a+2B").unwrap();
        assert_eq!(&*text.decode(), b"e=mc2@a+");
        assert_eq!(Xtext::encode(b"e=mc2@a+").unwrap(), text);
        for broken in ["", "a=b", "+3d", "+3", "+", "a b", "ü"] {
            assert_eq!(Xtext::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn times_are_those_of_rfc_3339() {
        let seconds = |text| Timestamp::parse(text).map(Timestamp::seconds);
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2014-04-03T23:01:00Z"), Some(1_396_566_060));
        assert_eq!(seconds("1996-12-19T16:39:57-08:00"), Some(851_042_397));
        assert_eq!(seconds("2000-02-29T00:00:00.52+00:00"), Some(951_782_400));
        for broken in [
            "1234",
            "",
            "2014-04-03",
            "2014-04-03T23:01:00",
            "2014-13-03T23:01:00Z",
            "2015-02-29T00:00:00Z",
            "2014-04-03T24:01:00Z",
            "2014-04-03T23:01:00+1:00",
            "2014-04-03T23:01:00.Z",
            "+014-04-03T23:01:00Z",
        ] {
            assert_eq!(seconds(broken), None, "{broken}");
        }
    }

    #[test]
    fn times_print_as_they_are_read() {
        for second in (-62_135_596_800..253_402_300_799_i64).step_by(77_777_777) {
            let time = Timestamp::new(second).unwrap();
            assert_eq!(Timestamp::parse(&time.to_string()), Some(time), "{time}");
        }
        assert_eq!(Timestamp::new(951_782_400).unwrap().to_string(), "2000-02-29T00:00:00Z");
        let date = |second| Timestamp::new(second).unwrap().to_mail_date();
        assert_eq!(date(0), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(date(1_795_317_001), "Sun, 22 Nov 2026 03:10:01 +0000");
        assert_eq!(date(-1), "Wed, 31 Dec 1969 23:59:59 +0000");
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
        for broken in ["", "rfc822", ";a", "rfc822;", "rfc822;a=b", "utf-8;\\x{3d}", "utf-8;\\n", "rfc822;ü"]
        {
            assert_eq!(OriginalRecipient::parse(broken), None, "{broken}");
        }
        assert_eq!(OriginalRecipient::parse(&format!("rfc822;{}", "a".repeat(500))), None);
    }
}
