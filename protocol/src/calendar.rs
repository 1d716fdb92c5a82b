//! Days of the week and spans of nights, as plans name them.
//!
//! A night runs from noon to noon and is named by the date on which it begins; so the window at
//! three on a Saturday morning belongs to Friday's night. Nothing here knows of zones or hours.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

/// The days as they are written, from Monday: three letters of the English word.
const WORDS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The days of the week on which a window's nights begin. May be empty, which
/// [`crate::plan::Plan::examine`] refuses.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Days(u8);

/// A word that is none of the seven days.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is no day; the days are mon, tue, wed, thu, fri, sat and sun")]
pub struct DayError(pub String);

impl Days {
    /// All seven.
    pub const EVERY: Self = Self(0b0111_1111);

    /// Whether the day is one of them.
    #[must_use]
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }

    /// Whether there is a day that is one of both.
    #[must_use]
    pub fn meet(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether they are all seven.
    #[must_use]
    pub fn is_every(&self) -> bool {
        *self == Self::EVERY
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn words(self) -> impl Iterator<Item = &'static str> {
        let days = WORDS.into_iter().enumerate();
        days.filter_map(move |(index, word)| (self.0 >> index & 1 == 1).then_some(word))
    }
}

impl Default for Days {
    fn default() -> Self {
        Self::EVERY
    }
}

impl FromIterator<Weekday> for Days {
    fn from_iter<I: IntoIterator<Item = Weekday>>(days: I) -> Self {
        Self(days.into_iter().fold(0, |all, day| all | bit(day)))
    }
}

/// The words with a space between; all seven are `every`.
impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_every() {
            return f.write_str("every");
        }
        let words: Vec<&str> = self.words().collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Debug for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Days {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        if text.trim() == "every" {
            return Ok(Self::EVERY);
        }
        text.split_whitespace().try_fold(Self(0), |days, word| {
            let index = WORDS.iter().position(|known| *known == word);
            let index = index.ok_or_else(|| DayError(word.chars().take(20).collect()))?;
            Ok(Self(days.0 | 1 << index))
        })
    }
}

impl TryFrom<Vec<String>> for Days {
    type Error = DayError;

    fn try_from(words: Vec<String>) -> Result<Self, DayError> {
        match words.iter().find(|word| word.as_str() == "every") {
            Some(word) => Err(DayError(word.clone())),
            None => words.join(" ").parse(),
        }
    }
}

impl From<Days> for Vec<String> {
    fn from(days: Days) -> Self {
        days.words().map(str::to_owned).collect()
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

/// A span of nights, both ends included. An end that is not given is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Nights {
    /// The first night.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Date>,
    /// The last night.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Date>,
}

impl Nights {
    /// All nights there are.
    pub const ALL: Self = Self {
        first: None,
        last: None,
    };

    /// From the first to the last, both included.
    #[must_use]
    pub fn between(first: Date, last: Date) -> Self {
        Self {
            first: Some(first),
            last: Some(last),
        }
    }

    /// From the first night on, until further notice.
    #[must_use]
    pub fn since(first: Date) -> Self {
        Self {
            first: Some(first),
            last: None,
        }
    }

    /// Whether the night is one of them.
    #[must_use]
    pub fn contains(&self, night: Date) -> bool {
        self.first.is_none_or(|first| first <= night) && self.last.is_none_or(|last| night <= last)
    }

    /// Whether both ends are open.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::ALL
    }

    /// Whether the last night comes before the first, so that there is none.
    #[must_use]
    pub fn is_backward(&self) -> bool {
        self.first
            .zip(self.last)
            .is_some_and(|(first, last)| last < first)
    }

    /// Whether there is a night that is one of both.
    #[must_use]
    pub fn meet(&self, other: &Self) -> bool {
        let first = self.first.max(other.first);
        let last = match (self.last, other.last) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        !self.is_backward() && !other.is_backward() && !Self { first, last }.is_backward()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_read_back_as_written() {
        for text in ["every", "mon", "mon wed sun", ""] {
            let days: Days = text.parse().unwrap();
            assert_eq!(days.to_string(), text);
            let json = serde_json::to_string(&days).unwrap();
            assert_eq!(serde_json::from_str::<Days>(&json).unwrap(), days);
        }
        let weekend: Days = [Weekday::Saturday, Weekday::Sunday].into_iter().collect();
        assert_eq!(serde_json::to_string(&weekend).unwrap(), r#"["sat","sun"]"#);
        assert!(weekend.contains(date(2026, 11, 21).weekday()));
        assert!(!weekend.contains(date(2026, 11, 20).weekday()));
    }

    #[test]
    fn what_is_no_day_is_refused_by_name() {
        let error = "mon tis".parse::<Days>().unwrap_err();
        assert!(error.to_string().contains("\"tis\" is no day"), "{error}");
        assert!(serde_json::from_str::<Days>(r#"["every"]"#).is_err());
    }

    #[test]
    fn spans_include_both_ends_and_may_be_open() {
        let week = Nights::between(date(2026, 11, 16), date(2026, 11, 22));
        assert!(week.contains(date(2026, 11, 16)) && week.contains(date(2026, 11, 22)));
        assert!(!week.contains(date(2026, 11, 15)) && !week.contains(date(2026, 11, 23)));
        assert!(Nights::since(date(2026, 11, 16)).contains(date(2030, 1, 1)));
        assert!(Nights::between(date(2026, 11, 2), date(2026, 11, 1)).is_backward());
    }

    #[test]
    fn spans_meet_where_they_share_a_night() {
        let span = |first, last| Nights::between(date(2026, 11, first), date(2026, 11, last));
        assert!(span(1, 5).meet(&span(5, 9)));
        assert!(!span(1, 4).meet(&span(5, 9)));
        assert!(span(1, 4).meet(&Nights::ALL));
        assert!(Nights::since(date(2026, 11, 4)).meet(&span(1, 4)));
        assert!(!Nights::since(date(2026, 11, 5)).meet(&span(1, 4)));
        assert!(!span(9, 1).meet(&Nights::ALL));
    }
}
