//! Moments, as parameters write them (RFC 3339) and as header fields do (RFC 5322).

use crate::text::number;
use core::fmt;

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

/// The date of a day, the reverse of [`days`].
fn date(day: i64) -> (i64, i64, i64) {
    let mut year = day.div_euclid(366).saturating_add(1970);
    // a year has 365.2425 days on average: in 480 years this guess is off by about one, towards 1970
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
    use alloc::string::ToString;

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
}
