//! Seconds since 1970 as dates.

use alloc::{format, string::String};

const SECONDS_A_DAY: u64 = 86_400;
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The last year that is written, 9999; later seconds count as its last.
const LAST_SECOND: u64 = 253_402_300_799;

/// A moment in UTC.
struct Moment {
    year: u64,
    /// From 0.
    month: usize,
    day: u64,
    weekday: &'static str,
    second_of_day: u64,
}

impl Moment {
    /// Days turn into a date of the proleptic Gregorian calendar in eras of 400 years that begin in March, so
    /// that the leap day is a year's last.
    fn new(seconds: u64) -> Self {
        let seconds = seconds.min(LAST_SECOND);
        let days = seconds / SECONDS_A_DAY;
        let since_march_0000 = days.saturating_add(719_468);
        let era = since_march_0000 / 146_097;
        let day_of_era = since_march_0000 % 146_097;
        let leap_days = (day_of_era / 1_460).saturating_add(day_of_era / 146_096);
        let year_of_era = day_of_era.saturating_add(day_of_era / 36_524).saturating_sub(leap_days) / 365;
        let before_year = (year_of_era.saturating_mul(365))
            .saturating_add(year_of_era / 4)
            .saturating_sub(year_of_era / 100);
        let day_of_year = day_of_era.saturating_sub(before_year);
        let march_month = day_of_year.saturating_mul(5).saturating_add(2) / 153;
        let before_month = march_month.saturating_mul(153).saturating_add(2) / 5;
        let is_next_year = march_month >= 10;
        let month = if is_next_year { march_month.saturating_sub(10) } else { march_month.saturating_add(2) };
        let weekday = usize::try_from(days % 7).ok().and_then(|day| DAYS.get(day)).copied().unwrap_or("Thu");
        Self {
            year: era.saturating_mul(400).saturating_add(year_of_era).saturating_add(u64::from(is_next_year)),
            month: usize::try_from(month).unwrap_or(0),
            day: day_of_year.saturating_sub(before_month).saturating_add(1),
            weekday,
            second_of_day: seconds % SECONDS_A_DAY,
        }
    }

    fn clock(&self) -> (u64, u64, u64) {
        (self.second_of_day / 3_600, self.second_of_day / 60 % 60, self.second_of_day % 60)
    }
}

/// A date-time of RFC 5322 §3.3, in UTC.
pub(super) fn rfc5322(seconds: u64) -> String {
    let moment = Moment::new(seconds);
    let (hour, minute, second) = moment.clock();
    let month = MONTHS.get(moment.month).unwrap_or(&"Jan");
    let Moment { weekday, day, year, .. } = moment;
    format!("{weekday}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} +0000")
}

/// A date for a person, to the minute.
pub(super) fn short(seconds: u64) -> String {
    let moment = Moment::new(seconds);
    let (hour, minute, _) = moment.clock();
    let month = moment.month.saturating_add(1);
    format!("{:04}-{month:02}-{:02} {hour:02}:{minute:02}", moment.year, moment.day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(rfc5322(0), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(rfc5322(951_782_400), "Tue, 29 Feb 2000 00:00:00 +0000");
        assert_eq!(rfc5322(951_868_800), "Wed, 1 Mar 2000 00:00:00 +0000");
        assert_eq!(rfc5322(1_735_689_599), "Tue, 31 Dec 2024 23:59:59 +0000");
        assert_eq!(rfc5322(1_790_000_000), "Mon, 21 Sep 2026 14:13:20 +0000");
        assert_eq!(rfc5322(u64::MAX), "Fri, 31 Dec 9999 23:59:59 +0000");
        assert_eq!(short(4_107_542_400), "2100-03-01 00:00");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = short(0);
        for day in 1..60_000 {
            let now = short(day * SECONDS_A_DAY);
            assert!(now > before, "{before} {now}");
            before = now;
        }
    }
}
