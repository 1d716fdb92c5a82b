//! Swedish local time by arithmetic, knowing nothing of the product's.
//!
//! The oracle must not learn from the product when a window opens. So the rule of Directive
//! 2000/84/EC stands here a second time: summer time from 01:00 UTC on the last Sunday of March
//! to 01:00 UTC on the last Sunday of October. Good for the years 2026 to 2036, which the World
//! plays in; not a calendar for anything else.

/// Milliseconds of a minute.
pub const MINUTE: i64 = 60_000;
/// Milliseconds of an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a day without a clock change.
pub const DAY: i64 = 24 * HOUR;

/// A date, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl Day {
    /// The day of this date (Howard Hinnant, "chrono-compatible low-level date algorithms").
    #[must_use]
    pub fn new(year: i64, month: i64, day: i64) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        Self(era * 146_097 + days - 719_468)
    }

    /// Year, month and day of the month.
    #[must_use]
    pub fn date(self) -> (i64, i64, i64) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        let year = year + era * 400 + i64::from(month <= 2);
        (year, month, day)
    }

    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The last Sunday of a month.
    #[must_use]
    pub fn last_sunday(year: i64, month: i64) -> Self {
        let first_of_next = if month == 12 {
            Self::new(year + 1, 1, 1)
        } else {
            Self::new(year, month + 1, 1)
        };
        let last = first_of_next.0 - 1;
        // 1970-01-01 was a Thursday, so day 3 was a Sunday.
        Self(last - (last - 3).rem_euclid(7))
    }

    /// The date as in a check's name: `20261121`.
    #[must_use]
    pub fn digits(self) -> String {
        let (year, month, day) = self.date();
        format!("{year:04}{month:02}{day:02}")
    }

    /// How long the night that begins on this day is, from noon to noon, in hours.
    #[must_use]
    pub fn night_hours(self) -> i64 {
        (self.next().at(12 * 60) - self.at(12 * 60)) / HOUR
    }

    /// A local time of this day, in minutes after midnight, as UTC milliseconds.
    ///
    /// A time that comes twice means the first; one that is skipped is moved forward by what
    /// was skipped.
    #[must_use]
    pub fn at(self, minute_of_day: i64) -> i64 {
        let local = self.0 * DAY + minute_of_day * MINUTE;
        let by_summer = local - 2 * HOUR;
        if is_summer(by_summer) {
            by_summer
        } else {
            local - HOUR
        }
    }

    /// A local time of the night that begins on this day at noon.
    #[must_use]
    pub fn night_at(self, minute_of_day: i64) -> i64 {
        if minute_of_day >= 12 * 60 {
            self.at(minute_of_day)
        } else {
            self.next().at(minute_of_day)
        }
    }
}

/// Whether summer time is in force at a moment.
#[must_use]
pub fn is_summer(utc_ms: i64) -> bool {
    let (year, _, _) = Day(utc_ms.div_euclid(DAY)).date();
    let begins = Day::last_sunday(year, 3).0 * DAY + HOUR;
    let ends = Day::last_sunday(year, 10).0 * DAY + HOUR;
    (begins..ends).contains(&utc_ms)
}

/// A moment for people: local date and time to the millisecond.
#[must_use]
pub fn shown(utc_ms: i64) -> String {
    let local = utc_ms + if is_summer(utc_ms) { 2 * HOUR } else { HOUR };
    let (year, month, day) = Day(local.div_euclid(DAY)).date();
    let of_day = local.rem_euclid(DAY);
    let (hour, minute) = (of_day / HOUR, of_day / MINUTE % 60);
    let (second, ms) = (of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{ms:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_zone_data_on_every_quarter_of_eleven_years() {
        let zone = jiff::tz::TimeZone::get("Europe/Stockholm").unwrap();
        let mut day = Day::new(2026, 1, 1);
        while day < Day::new(2037, 1, 2) {
            let (year, month, of_month) = day.date();
            let date = jiff::civil::date(
                i16::try_from(year).unwrap(),
                i8::try_from(month).unwrap(),
                i8::try_from(of_month).unwrap(),
            );
            for quarter in 0..96_i64 {
                let hour = i8::try_from(quarter / 4).unwrap();
                let minute = i8::try_from(quarter % 4 * 15).unwrap();
                let local = date.at(hour, minute, 0, 0);
                let expected = zone.to_ambiguous_timestamp(local).compatible().unwrap();
                assert_eq!(day.at(quarter * 15), expected.as_millisecond(), "{local}");
            }
            day = day.next();
        }
    }

    #[test]
    fn nights_of_a_clock_change_have_23_and_25_hours() {
        assert_eq!(Day::new(2026, 3, 28).night_hours(), 23);
        assert_eq!(Day::new(2026, 10, 24).night_hours(), 25);
        assert_eq!(Day::new(2026, 11, 21).night_hours(), 24);
    }
}
