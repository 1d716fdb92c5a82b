//! A moment as staff read it: hours and minutes in the plan's zone.
//!
//! Reads no clock. A moment outside tonight carries its date, and one of the hour that a
//! 25-hour night has twice says which of the two it is: nothing on the page may be ambiguous.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use nattsyn_protocol::time::Timestamp;

use super::texts::{Lang, SUMMER_TIME, WINTER_TIME, on_day};

/// Shows moments of one night in one zone.
pub(super) struct Clockface {
    zone: TimeZone,
    night: Date,
    lang: Lang,
    knowledge: Knowledge,
}

/// Whether the zone's name is one that the calendar knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knowledge {
    Known,
    /// Times are in UTC, and the page must say so.
    Unknown,
}

impl Clockface {
    pub(super) fn new(zone: &str, night: Date, lang: Lang) -> Self {
        let (zone, knowledge) = match TimeZone::get(zone) {
            Ok(zone) => (zone, Knowledge::Known),
            // Not lost: the page says so itself, for as long as it lasts.
            Err(_) => (TimeZone::UTC, Knowledge::Unknown),
        };
        Self {
            zone,
            night,
            lang,
            knowledge,
        }
    }

    /// Whether times are shown in the zone that was asked for.
    pub(super) fn knowledge(&self) -> Knowledge {
        self.knowledge
    }

    /// The moment for people.
    pub(super) fn show(&self, at: Timestamp) -> String {
        let local = at.0.to_zoned(self.zone.clone());
        let mut time = local.strftime("%H:%M").to_string();
        let told_twice = self
            .zone
            .to_ambiguous_timestamp(local.datetime())
            .is_ambiguous();
        if told_twice {
            let season = match self.zone.to_offset_info(at.0).dst() {
                jiff::tz::Dst::Yes => SUMMER_TIME,
                jiff::tz::Dst::No => WINTER_TIME,
            };
            time = format!("{time} ({})", season.to(self.lang));
        }
        if self.is_tonight(local.datetime()) {
            time
        } else {
            on_day(self.lang, local.date(), &time)
        }
    }

    /// The moment with its whole date, for what may lie years back.
    pub(super) fn dated(&self, at: Timestamp) -> String {
        let local = at.0.to_zoned(self.zone.clone());
        local.strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The moment for machines, as an HTML `datetime`.
    pub(super) fn exact(&self, at: Timestamp) -> String {
        at.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// The moment for a table: local time with its offset, so that no hour is ambiguous.
    pub(super) fn local(&self, at: Timestamp) -> String {
        let local = at.0.to_zoned(self.zone.clone());
        local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// A night runs from noon to noon.
    fn is_tonight(&self, local: jiff::civil::DateTime) -> bool {
        let night = if local.hour() >= 12 {
            Some(local.date())
        } else {
            local.date().yesterday().ok()
        };
        night == Some(self.night)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(zone: &str, night: Date) -> Clockface {
        Clockface::new(zone, night, Lang::Swedish)
    }

    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse().unwrap())
    }

    #[test]
    fn a_moment_is_shown_in_the_plans_zone() {
        let night = jiff::civil::date(2026, 11, 21);
        assert_eq!(
            face("Europe/Stockholm", night).show(at("2026-11-22T01:14:59Z")),
            "02:14"
        );
    }

    #[test]
    fn a_moment_of_another_night_carries_its_date() {
        let face = face("Europe/Stockholm", jiff::civil::date(2026, 11, 21));
        assert_eq!(face.show(at("2026-11-22T10:59:00Z")), "11:59");
        assert_eq!(
            face.show(at("2026-11-22T11:00:00Z")),
            "22 november kl. 12:00"
        );
        assert_eq!(
            face.show(at("2026-11-21T10:59:00Z")),
            "21 november kl. 11:59"
        );
    }

    #[test]
    fn the_hour_that_comes_twice_says_which_it_is() {
        let face = face("Europe/Stockholm", jiff::civil::date(2026, 10, 24));
        assert_eq!(face.show(at("2026-10-25T00:30:00Z")), "02:30 (sommartid)");
        assert_eq!(face.show(at("2026-10-25T01:30:00Z")), "02:30 (vintertid)");
        assert_eq!(face.show(at("2026-10-25T02:30:00Z")), "03:30");
    }

    #[test]
    fn an_unknown_zone_is_said_not_guessed() {
        let face = face("Mars/Olympus", jiff::civil::date(2026, 11, 21));
        assert_eq!(face.knowledge(), Knowledge::Unknown);
        assert_eq!(face.show(at("2026-11-22T01:14:59Z")), "01:14");
    }
}
