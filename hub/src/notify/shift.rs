//! When a team's shifts begin: local times, and the moments that they are on each day.
//!
//! Pure. A shift begins once a day, also on the days on which the clock is changed: an hour that
//! comes twice counts the first time, and a start in an hour that is left out is an hour later.
//! Who works when is not known here, and when a shift ends is not needed: the next one begins.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde::Deserialize;

use nattsyn_protocol::time::Timestamp;

/// Within how many minutes a test alarm is to be answered, unless the settings say otherwise:
/// the time of a handover, in which a phone is at hand.
pub const TEST_WITHIN_MIN: u16 = 15;

/// Least and most minutes for an answer. Five: a message may take a minute by each of two
/// channels, and a hand to be free. An hour: what is answered later proves little for the night.
pub const TEST_WITHIN_BOUNDS: (u16, u16) = (5, 60);

/// Longest name of a shift in characters: it stands on one line of a phone.
const NAME_MAX: usize = 32;

/// A shift of a team: `{ name = "natt", starts = "21:00", test_within_min = 15 }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Table")]
pub struct Shift {
    name: String,
    starts: Time,
    test_within: Duration,
}

/// A shift as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    name: String,
    starts: String,
    #[serde(default = "test_within_min")]
    test_within_min: u16,
}

/// Why a shift is none.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ShiftError {
    /// Its name is empty, too long or no line of text.
    #[error("name: not 1 to {NAME_MAX} characters on one line")]
    Name,
    /// When it starts is no time of day.
    #[error("starts: {0:?} is not a time such as 21:00")]
    Starts(String),
    /// Too short or too long a time for an answer.
    #[error("test_within_min: {0} is not between {least} and {most}", least = TEST_WITHIN_BOUNDS.0, most = TEST_WITHIN_BOUNDS.1)]
    Within(u16),
    /// Two of a team's shifts cannot be told apart.
    #[error("two shifts have the name {0:?} or its start")]
    Twice(String),
}

fn test_within_min() -> u16 {
    TEST_WITHIN_MIN
}

impl TryFrom<Table> for Shift {
    type Error = ShiftError;

    fn try_from(table: Table) -> Result<Self, ShiftError> {
        let is_line = !table.name.trim().is_empty()
            && table.name.chars().count() <= NAME_MAX
            && !table.name.chars().any(char::is_control);
        if !is_line {
            return Err(ShiftError::Name);
        }
        let (least, most) = TEST_WITHIN_BOUNDS;
        if !(least..=most).contains(&table.test_within_min) {
            return Err(ShiftError::Within(table.test_within_min));
        }
        let starts = time_of_day(&table.starts);
        Ok(Self {
            starts: starts
                .ok_or_else(|| ShiftError::Starts(table.starts.chars().take(8).collect()))?,
            name: table.name,
            test_within: Duration::from_secs(u64::from(table.test_within_min) * 60),
        })
    }
}

/// `HH:MM`, and nothing else.
fn time_of_day(text: &str) -> Option<Time> {
    let is_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (hour, minute) = text.split_once(':')?;
    if !is_digits(hour) || !is_digits(minute) {
        return None;
    }
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

impl Shift {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it starts, by local time.
    #[must_use]
    pub fn starts(&self) -> Time {
        self.starts
    }

    /// How long somebody has to answer its test alarm.
    #[must_use]
    pub fn test_within(&self) -> Duration {
        self.test_within
    }

    /// Its starts on the days around a moment, in order.
    fn starts_around(&self, now: Timestamp, zone: &TimeZone) -> impl Iterator<Item = Timestamp> {
        let today = now.0.to_zoned(zone.clone()).date();
        let days = [today.yesterday().ok(), Some(today), today.tomorrow().ok()];
        let starts = days.into_iter().flatten().filter_map(|day| {
            let start = day.to_datetime(self.starts).to_zoned(zone.clone());
            Some(Timestamp(start.ok()?.timestamp()))
        });
        starts.collect::<Vec<_>>().into_iter()
    }
}

/// Whether a team's shifts can be told apart.
///
/// # Errors
///
/// Two have the same name or the same start.
pub fn examine(shifts: &[Shift]) -> Result<(), ShiftError> {
    for (number, shift) in shifts.iter().enumerate() {
        let mut before = shifts.iter().take(number);
        if before.any(|other| other.name == shift.name || other.starts == shift.starts) {
            return Err(ShiftError::Twice(shift.name.clone()));
        }
    }
    Ok(())
}

/// The shift that it is, and when it began; nothing without shifts.
#[must_use]
pub fn latest<'a>(
    shifts: &'a [Shift],
    now: Timestamp,
    zone: &TimeZone,
) -> Option<(Timestamp, &'a Shift)> {
    let starts = shifts.iter().flat_map(|shift| {
        let starts = shift.starts_around(now, zone);
        starts.map(move |start| (start, shift))
    });
    let begun = starts.filter(|(start, _)| *start <= now);
    begun.max_by_key(|(start, _)| *start)
}

/// When the next shift begins; nothing without shifts.
#[must_use]
pub fn next(shifts: &[Shift], now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let starts = shifts
        .iter()
        .flat_map(|shift| shift.starts_around(now, zone));
    starts.filter(|start| *start > now).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift(name: &str, starts: &str) -> Shift {
        read(&format!("name = \"{name}\"\nstarts = \"{starts}\"")).unwrap()
    }

    fn read(text: &str) -> Result<Shift, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    fn stockholm() -> TimeZone {
        TimeZone::get("Europe/Stockholm").unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse().unwrap())
    }

    /// Every start between two moments, found as the hub finds them: from one to the next.
    fn starts(shifts: &[Shift], from: &str, to: &str) -> Vec<String> {
        let (mut now, end) = (at(from), at(to));
        let mut found = Vec::new();
        while let Some(start) = next(shifts, now, &stockholm()).filter(|start| *start <= end) {
            assert_eq!(latest(shifts, start, &stockholm()).unwrap().0, start);
            found.push(start.0.to_string());
            now = start;
        }
        found
    }

    #[test]
    fn a_shift_is_read_with_a_quarter_of_an_hour_for_the_answer() {
        let shift = shift("natt", "21:00");
        assert_eq!((shift.name(), shift.starts().hour()), ("natt", 21));
        assert_eq!(shift.test_within(), Duration::from_secs(900));
    }

    #[test]
    fn a_bad_shift_is_refused_with_the_key_and_the_reason() {
        for (text, said) in [
            ("name = \"\"\nstarts = \"21:00\"", "name: not 1 to 32"),
            (
                "name = \"natt\"\nstarts = \"9\"",
                "starts: \"9\" is not a time",
            ),
            ("name = \"natt\"\nstarts = \"24:00\"", "starts: \"24:00\""),
            ("name = \"natt\"\nstarts = \"21:0x\"", "starts: \"21:0x\""),
            (
                "name = \"natt\"\nstarts = \"21:00\"\ntest_within_min = 4",
                "test_within_min: 4 is not between 5 and 60",
            ),
            (
                "name = \"natt\"\nstarts = \"21:00\"\ntest_within_min = 61",
                "not between 5 and 60",
            ),
            (
                "name = \"natt\"\nstarts = \"21:00\"\nends = \"07:00\"",
                "unknown field `ends`",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn two_shifts_of_one_name_or_one_start_are_refused() {
        let [natt, kvall, dag] =
            [("natt", "21:00"), ("kväll", "21:00"), ("dag", "07:00")].map(|(a, b)| shift(a, b));
        assert!(examine(&[natt.clone(), dag.clone()]).is_ok());
        assert!(examine(&[natt.clone(), kvall]).is_err());
        assert!(examine(&[natt, shift("natt", "22:00"), dag]).is_err());
    }

    #[test]
    fn shifts_begin_in_turn_by_local_time() {
        let shifts = [shift("natt", "21:00"), shift("dag", "07:00")];
        assert_eq!(
            starts(&shifts, "2026-11-21T12:00:00Z", "2026-11-23T12:00:00Z"),
            [
                "2026-11-21T20:00:00Z",
                "2026-11-22T06:00:00Z",
                "2026-11-22T20:00:00Z",
                "2026-11-23T06:00:00Z",
            ]
        );
    }

    #[test]
    fn on_the_nights_of_the_clock_change_every_shift_begins_once() {
        let shifts = [shift("natt", "21:00"), shift("sen", "02:30")];
        // Back to winter time: 02:30 comes twice, and counts the first time.
        assert_eq!(
            starts(&shifts, "2026-10-24T12:00:00Z", "2026-10-25T21:00:00Z"),
            [
                "2026-10-24T19:00:00Z",
                "2026-10-25T00:30:00Z",
                "2026-10-25T20:00:00Z",
            ]
        );
        // To summer time: there is no 02:30, and 03:30 is an hour later.
        assert_eq!(
            starts(&shifts, "2026-03-28T12:00:00Z", "2026-03-29T20:00:00Z"),
            [
                "2026-03-28T20:00:00Z",
                "2026-03-29T01:30:00Z",
                "2026-03-29T19:00:00Z",
            ]
        );
    }

    #[test]
    fn the_shift_that_it_is_began_yesterday_after_midnight() {
        let shifts = [shift("natt", "21:00")];
        let (start, _) = latest(&shifts, at("2026-11-22T03:00:00Z"), &stockholm()).unwrap();
        assert_eq!(start, at("2026-11-21T20:00:00Z"));
        assert_eq!(latest(&[], start, &stockholm()), None);
        assert_eq!(next(&[], start, &stockholm()), None);
    }
}
