//! A resident's agreed nights: windows, looks, where they sleep.
//!
//! A [`Plan`] is what was agreed with the person; [`crate::schedule`] turns it into checks and
//! looks. A plan that cannot be kept is refused here, by [`Plan::examine`], with the reason.
//! Windows are local time in the plan's zone. Only what changes looks stands here and travels to
//! the unit: which nights, which windows, when to look. What to do after an exception, who agreed
//! to what and why, and checks that a person makes by a visit are the hub's affair.

use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Serialize};

use crate::calendar::{Days, Nights};
use crate::ids::{ResidentId, UnitId, WindowKey};
use crate::signing::Document;

/// Most checks of one resident in a night: the cap of the design ("a night on the unit").
pub const CHECKS_PER_NIGHT_MAX: usize = 8;
/// Most looks of one check.
pub const LOOKS_PER_CHECK_MAX: usize = 5;
/// Most looks of one resident in a night; the eye itself makes at most 24 in 24 hours.
pub const LOOKS_PER_NIGHT_MAX: usize = 22;
/// Most sleeping places: both halves of a bed, armchairs, and to spare. Keeps a plan under
/// [`crate::wire::BODY_MAX`].
pub const PLACES_MAX: usize = 8;
/// Most spans of nights away in one plan: those that are over are left out of the next version,
/// so this is how many may lie ahead. Keeps a plan under [`crate::wire::BODY_MAX`].
pub const AWAY_MAX: usize = 8;
/// Longest look: what the residents were told, and what the hardware cut-off enforces (R1).
pub const LOOK_MAX: Duration = Duration::from_secs(30);
/// When to look, counted from a check's first look, unless the plan says otherwise.
///
/// This alone covers a trip to the toilet (R6; municipal practice: 15–20 minutes).
pub const LOOKS_AFTER_S: [u32; 5] = [0, 120, 300, 600, 900];

/// One resident's agreed nights, as signed by the hub and verified by the eye.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Whose nights.
    pub resident: ResidentId,
    /// The unit that keeps this plan.
    pub unit: UnitId,
    /// Grows with every change; a unit never goes back to an older one.
    pub version: u32,
    /// IANA name of the zone in which the windows are meant, such as `Europe/Stockholm`.
    pub zone: String,
    /// How long after a window's start this home's first look is due, in seconds: homes are
    /// spread so that their exceptions do not all come at once.
    pub offset_s: u32,
    /// When to look, in seconds after the first look, ascending from 0.
    pub looks_after_s: Vec<u32>,
    /// The checks of each night.
    pub windows: Vec<Window>,
    /// Agreed sleeping places, as polygons in fractions of the picture. None given: the whole
    /// picture is the sleeping place.
    pub places: Vec<Vec<[f32; 2]>>,
    /// The nights that the plan is for: from when it was agreed, to a trial's end (R47).
    #[serde(default, skip_serializing_if = "Nights::is_all")]
    pub nights: Nights,
    /// Nights without any check: the resident is away, or asked to be left alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub away: Vec<Nights>,
    /// Other windows for a while, such as more of them during an illness (R141).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary: Option<Temporary>,
}

/// Windows that hold instead of the plan's for some nights, and end by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Temporary {
    /// The first night.
    pub first: Date,
    /// The last night.
    pub last: Date,
    /// The checks of each of these nights.
    pub windows: Vec<Window>,
}

impl Temporary {
    /// The nights for which it holds.
    #[must_use]
    pub fn nights(&self) -> Nights {
        Nights::between(self.first, self.last)
    }
}

impl Document for Plan {
    const CONTEXT: &'static str = "nattsyn plan 1";
}

/// From–to in which a check is to be made, in local time.
///
/// `to` may be earlier than `from`: the window then crosses midnight. A night runs from noon
/// to noon, so a time before noon belongs to the following day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Names the window across plan versions.
    pub key: WindowKey,
    /// When it opens.
    pub from: Time,
    /// When it closes: the check's deadline.
    pub to: Time,
    /// The days of the week on which its nights begin.
    #[serde(default, skip_serializing_if = "Days::is_every")]
    pub days: Days,
    /// When to look, in seconds after the first look, ascending from 0. Empty: as the plan says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks_after_s: Vec<u32>,
}

/// Why a plan cannot be kept.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum PlanError {
    /// The zone's name is not in the zone data.
    #[error("zone {0:?} is not a known time zone, such as Europe/Stockholm")]
    UnknownZone(String),
    /// More windows than a night may have.
    #[error("{0} windows a night; at most {CHECKS_PER_NIGHT_MAX} are allowed")]
    TooManyWindows(usize),
    /// The looks are not ascending from 0, or too many.
    #[error("looks after {0:?} s; at most {LOOKS_PER_CHECK_MAX}, ascending from 0, are allowed")]
    BadLooks(Vec<u32>),
    /// All checks' looks together are more than a night may have.
    #[error("{0} looks a night; at most {LOOKS_PER_NIGHT_MAX} are allowed")]
    TooManyLooks(usize),
    /// Two windows share a key.
    #[error("window {} stands twice", .0.0)]
    RepeatedKey(WindowKey),
    /// A window's times are the same, or noon lies inside it.
    #[error("window {} does not run forward between noon and noon", .0.0)]
    Backward(WindowKey),
    /// A window closes before its last look would be over.
    #[error("window {} lasts {length_s} s, its looks need {needed_s} s", .key.0)]
    TooShort {
        /// Which window.
        key: WindowKey,
        /// Its length.
        length_s: u64,
        /// Offset, last look and the longest look together.
        needed_s: u64,
    },
    /// Two windows overlap.
    #[error("windows {} and {} overlap", .0.0, .1.0)]
    Overlap(WindowKey, WindowKey),
    /// More sleeping places than a plan may have.
    #[error("{0} sleeping places; at most {PLACES_MAX} are allowed")]
    TooManyPlaces(usize),
    /// A sleeping place is not a polygon inside the picture.
    #[error("sleeping place {0} is not a polygon of 3 to 32 points between 0 and 1")]
    BadPlace(usize),
    /// A window is for no day of the week.
    #[error("window {} is for no day of the week", .0.0)]
    NoDays(WindowKey),
    /// A span of nights ends before it begins.
    #[error("{what} end before they begin: {first} to {last}")]
    BackwardNights {
        /// Which nights: the plan's, those away, the temporary ones.
        what: &'static str,
        /// The first night.
        first: Date,
        /// The last night.
        last: Date,
    },
    /// More spans of nights away than a plan may have.
    #[error("{0} spans of nights away; at most {AWAY_MAX} are allowed")]
    TooManyAway(usize),
}

impl Plan {
    /// A plan without windows, in Sweden's zone, with the usual looks: where a plan is begun.
    #[must_use]
    pub fn bare(resident: ResidentId, unit: UnitId) -> Self {
        Self {
            resident,
            unit,
            version: 1,
            zone: "Europe/Stockholm".to_owned(),
            offset_s: 0,
            looks_after_s: LOOKS_AFTER_S.to_vec(),
            windows: Vec::new(),
            places: Vec::new(),
            nights: Nights::ALL,
            away: Vec::new(),
            temporary: None,
        }
    }

    /// The windows of one night, in no particular order.
    #[must_use]
    pub fn windows_on(&self, night: Date) -> Vec<&Window> {
        if !self.nights.contains(night) || self.away.iter().any(|away| away.contains(night)) {
            return Vec::new();
        }
        let windows = match &self.temporary {
            Some(temporary) if temporary.nights().contains(night) => &temporary.windows,
            Some(_) | None => &self.windows,
        };
        let on_day = |window: &&Window| window.days.contains(night.weekday());
        windows.iter().filter(on_day).collect()
    }

    /// When to look at a window's check, in seconds after its first look.
    #[must_use]
    pub fn looks_of<'a>(&'a self, window: &'a Window) -> &'a [u32] {
        if window.looks_after_s.is_empty() {
            &self.looks_after_s
        } else {
            &window.looks_after_s
        }
    }

    /// The looks of the night that has most of them, whatever the date.
    #[must_use]
    pub fn looks_a_night(&self) -> usize {
        let busiest = |windows: &[Window]| {
            let of_day = |day| self.looks_on(windows, day);
            week().map(of_day).max().unwrap_or(0)
        };
        let temporary = self.temporary.as_ref().map_or(0, |t| busiest(&t.windows));
        busiest(&self.windows).max(temporary)
    }

    /// Finds the first reason why this plan cannot be kept.
    ///
    /// # Errors
    ///
    /// The reason, for the person who wrote the plan.
    pub fn examine(&self) -> Result<(), PlanError> {
        if jiff::tz::TimeZone::get(&self.zone).is_err() {
            return Err(PlanError::UnknownZone(self.zone.clone()));
        }
        self.examine_nights()?;
        examine_looks(&self.looks_after_s)?;
        self.examine_windows(&self.windows)?;
        if let Some(temporary) = &self.temporary {
            self.examine_windows(&temporary.windows)?;
        }
        self.examine_places()
    }

    /// How long a window must at least be for all its looks.
    #[must_use]
    pub fn needed(&self, window: &Window) -> Duration {
        let last_look_s = self.looks_of(window).last().copied().unwrap_or(0);
        Duration::from_secs(u64::from(self.offset_s) + u64::from(last_look_s)) + LOOK_MAX
    }

    fn looks_on(&self, windows: &[Window], day: Weekday) -> usize {
        let of_day = windows.iter().filter(|window| window.days.contains(day));
        of_day.map(|window| self.looks_of(window).len()).sum()
    }

    fn examine_nights(&self) -> Result<(), PlanError> {
        if self.away.len() > AWAY_MAX {
            return Err(PlanError::TooManyAway(self.away.len()));
        }
        let temporary = self.temporary.as_ref().map(Temporary::nights);
        let spans = [("the plan's nights", Some(self.nights))]
            .into_iter()
            .chain([("the temporary nights", temporary)])
            .chain(
                self.away
                    .iter()
                    .map(|away| ("the nights away", Some(*away))),
            );
        for (what, nights) in spans {
            if let Some(nights) = nights
                && nights.is_backward()
                && let (Some(first), Some(last)) = (nights.first, nights.last)
            {
                return Err(PlanError::BackwardNights { what, first, last });
            }
        }
        Ok(())
    }

    fn examine_windows(&self, windows: &[Window]) -> Result<(), PlanError> {
        for window in windows {
            if !window.looks_after_s.is_empty() {
                examine_looks(&window.looks_after_s)?;
            }
            self.examine_window(window)?;
            if windows
                .iter()
                .filter(|other| other.key == window.key)
                .count()
                > 1
            {
                return Err(PlanError::RepeatedKey(window.key));
            }
        }
        for day in week() {
            let of_day: Vec<&Window> = windows.iter().filter(|w| w.days.contains(day)).collect();
            if of_day.len() > CHECKS_PER_NIGHT_MAX {
                return Err(PlanError::TooManyWindows(of_day.len()));
            }
            let looks_a_night = self.looks_on(windows, day);
            if looks_a_night > LOOKS_PER_NIGHT_MAX {
                return Err(PlanError::TooManyLooks(looks_a_night));
            }
            examine_overlap(of_day)?;
        }
        Ok(())
    }

    fn examine_window(&self, window: &Window) -> Result<(), PlanError> {
        if window.days.is_empty() {
            return Err(PlanError::NoDays(window.key));
        }
        let length_s = window.length_s().ok_or(PlanError::Backward(window.key))?;
        let needed_s = self.needed(window).as_secs();
        if length_s < needed_s {
            return Err(PlanError::TooShort {
                key: window.key,
                length_s,
                needed_s,
            });
        }
        Ok(())
    }

    fn examine_places(&self) -> Result<(), PlanError> {
        let inside = |point: &[f32; 2]| point.iter().all(|x| (0.0..=1.0).contains(x));
        let bad =
            |place: &Vec<[f32; 2]>| !(3..=32).contains(&place.len()) || !place.iter().all(inside);
        if self.places.len() > PLACES_MAX {
            return Err(PlanError::TooManyPlaces(self.places.len()));
        }
        match self.places.iter().position(bad) {
            Some(index) => Err(PlanError::BadPlace(index + 1)),
            None => Ok(()),
        }
    }
}

/// The seven days.
fn week() -> impl Iterator<Item = Weekday> {
    Weekday::Monday.cycle_forward().take(7)
}

fn examine_looks(looks: &[u32]) -> Result<(), PlanError> {
    let ascending = looks.is_sorted_by(|a, b| a < b) && looks.first() == Some(&0);
    if !ascending || looks.len() > LOOKS_PER_CHECK_MAX {
        return Err(PlanError::BadLooks(looks.to_vec()));
    }
    Ok(())
}

/// A night runs from noon to noon, so only windows of one and the same night can overlap,
/// whether they cross midnight or not.
fn examine_overlap(mut windows: Vec<&Window>) -> Result<(), PlanError> {
    windows.sort_by_key(|window| seconds_after_noon(window.from));
    for (earlier, later) in windows.iter().zip(windows.iter().skip(1)) {
        if seconds_after_noon(earlier.to) > seconds_after_noon(later.from) {
            return Err(PlanError::Overlap(earlier.key, later.key));
        }
    }
    Ok(())
}

impl Window {
    /// A window of every night, looked at as the plan says.
    #[must_use]
    pub fn nightly(key: WindowKey, from: Time, to: Time) -> Self {
        Self {
            key,
            from,
            to,
            days: Days::EVERY,
            looks_after_s: Vec::new(),
        }
    }

    /// Seconds from opening to closing on a night without a clock change; `None` if the window
    /// does not run forward between noon and noon.
    #[must_use]
    pub fn length_s(&self) -> Option<u64> {
        let length_s = seconds_after_noon(self.to).checked_sub(seconds_after_noon(self.from))?;
        (length_s > 0).then_some(length_s)
    }
}

/// Seconds since the noon on which the night began.
pub(crate) fn seconds_after_noon(time: Time) -> u64 {
    let second_of_day = u64::from(time.hour().unsigned_abs()) * 3600
        + u64::from(time.minute().unsigned_abs()) * 60
        + u64::from(time.second().unsigned_abs());
    (second_of_day + 12 * 3600) % (24 * 3600)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn plan(windows: &[(u8, &str, &str)]) -> Plan {
        Plan {
            resident: "r0000001".parse().unwrap(),
            unit: "u0000001".parse().unwrap(),
            version: 1,
            zone: "Europe/Stockholm".to_owned(),
            offset_s: 0,
            looks_after_s: LOOKS_AFTER_S.to_vec(),
            windows: windows
                .iter()
                .map(|&(key, from, to)| {
                    Window::nightly(WindowKey(key), from.parse().unwrap(), to.parse().unwrap())
                })
                .collect(),
            places: Vec::new(),
            ..Plan::bare("r0000001".parse().unwrap(), "u0000001".parse().unwrap())
        }
    }

    #[test]
    fn an_ordinary_plan_can_be_kept() {
        let plan = plan(&[(1, "23:00", "23:45"), (2, "03:00", "03:45")]);
        assert_eq!(plan.examine(), Ok(()));
    }

    #[test]
    fn a_window_may_cross_midnight() {
        assert_eq!(plan(&[(1, "23:45", "00:30")]).examine(), Ok(()));
    }

    #[test]
    fn a_window_shorter_than_its_looks_is_refused() {
        let refusal = plan(&[(1, "23:00", "23:15")]).examine();
        let expected = PlanError::TooShort {
            key: WindowKey(1),
            length_s: 900,
            needed_s: 930,
        };
        assert_eq!(refusal, Err(expected));
    }

    #[test]
    fn overlapping_windows_are_refused() {
        let refusal = plan(&[(2, "23:30", "00:30"), (1, "23:00", "23:45")]).examine();
        assert_eq!(refusal, Err(PlanError::Overlap(WindowKey(1), WindowKey(2))));
    }

    #[test]
    fn a_window_across_noon_is_refused() {
        let refusal = plan(&[(1, "11:00", "13:00")]).examine();
        assert_eq!(refusal, Err(PlanError::Backward(WindowKey(1))));
    }

    #[test]
    fn more_looks_than_the_cap_are_refused() {
        let windows: Vec<(u8, &str, &str)> = vec![
            (1, "20:00", "20:30"),
            (2, "21:00", "21:30"),
            (3, "22:00", "22:30"),
            (4, "23:00", "23:30"),
            (5, "01:00", "01:30"),
        ];
        assert_eq!(plan(&windows).examine(), Err(PlanError::TooManyLooks(25)));
    }

    #[test]
    fn the_largest_plan_fits_the_wire() {
        let hours = [20, 21, 22, 23, 0, 1, 2, 3];
        let mut plan = plan(&[]);
        plan.offset_s = 599;
        let largest_window = |(key, hour): (u8, i8)| Window {
            days: days("mon tue wed thu fri sat"),
            looks_after_s: vec![0, 1200],
            ..Window::nightly(
                WindowKey(key),
                jiff::civil::time(hour, 0, 1, 0),
                jiff::civil::time(hour, 59, 59, 0),
            )
        };
        plan.windows = (248..=255).zip(hours).map(largest_window).collect();
        let night = jiff::civil::date(2026, 11, 20);
        plan.nights = Nights::between(night, night);
        plan.away = vec![plan.nights; AWAY_MAX];
        plan.temporary = Some(Temporary {
            first: night,
            last: night,
            windows: plan.windows.clone(),
        });
        plan.places = vec![vec![[0.123_456_79; 2]; 32]; PLACES_MAX];
        assert_eq!(plan.examine(), Ok(()));
        let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
        let endorsement = crate::signing::Endorsement {
            key: crate::signing::PublicKey::of(&key),
            epoch: u32::MAX,
        };
        let message = crate::hello::PlanMessage {
            plan: crate::signing::Signed::seal(&plan, &key),
            endorsement: crate::signing::Signed::seal(&endorsement, &key),
        };
        assert!(crate::wire::encode(&message).len() <= crate::wire::BODY_MAX);
        plan.places.push(plan.places[0].clone());
        assert_eq!(
            plan.examine(),
            Err(PlanError::TooManyPlaces(PLACES_MAX + 1))
        );
    }

    fn days(text: &str) -> Days {
        text.parse().unwrap()
    }

    #[test]
    fn windows_of_other_days_neither_overlap_nor_count_for_the_cap() {
        let mut plan = plan(&[(1, "23:00", "23:45"), (2, "23:15", "00:15")]);
        plan.windows[0].days = days("mon tue wed thu");
        plan.windows[1].days = days("fri sat sun");
        assert_eq!(plan.examine(), Ok(()));
        assert_eq!(plan.looks_a_night(), 5);
        plan.windows[1].days = days("thu fri");
        assert_eq!(
            plan.examine(),
            Err(PlanError::Overlap(WindowKey(1), WindowKey(2)))
        );
        plan.windows[1].days = days("");
        assert_eq!(plan.examine(), Err(PlanError::NoDays(WindowKey(2))));
    }

    #[test]
    fn a_window_may_have_looks_of_its_own_and_needs_room_for_them() {
        let mut plan = plan(&[(1, "23:00", "23:15")]);
        plan.windows[0].looks_after_s = vec![0, 300];
        assert_eq!(plan.examine(), Ok(()));
        assert_eq!(plan.looks_a_night(), 2);
        plan.windows[0].looks_after_s = vec![300, 600];
        assert_eq!(plan.examine(), Err(PlanError::BadLooks(vec![300, 600])));
    }

    #[test]
    fn temporary_windows_are_examined_as_the_others_are() {
        let mut plan = plan(&[(1, "23:00", "23:45")]);
        let temporary = |windows: &[(u8, &str, &str)]| {
            Some(Temporary {
                first: jiff::civil::date(2026, 11, 20),
                last: jiff::civil::date(2026, 11, 27),
                windows: tests::plan(windows).windows,
            })
        };
        plan.temporary = temporary(&[(1, "23:00", "23:45"), (3, "01:00", "01:45")]);
        assert_eq!(plan.examine(), Ok(()));
        assert_eq!(plan.looks_a_night(), 10);
        plan.temporary = temporary(&[(1, "23:00", "23:05")]);
        assert!(matches!(plan.examine(), Err(PlanError::TooShort { .. })));
    }

    #[test]
    fn nights_that_end_before_they_begin_are_refused_by_name() {
        let backward = Nights::between(
            jiff::civil::date(2026, 11, 27),
            jiff::civil::date(2026, 11, 20),
        );
        let mut trial = plan(&[]);
        trial.nights = backward;
        let mut away = plan(&[]);
        away.away = vec![backward];
        for (plan, what) in [(trial, "the plan's nights"), (away, "the nights away")] {
            let error = plan.examine().unwrap_err().to_string();
            assert_eq!(
                error,
                format!("{what} end before they begin: 2026-11-27 to 2026-11-20")
            );
        }
        let mut many = plan(&[]);
        many.away = vec![Nights::since(jiff::civil::date(2026, 11, 20)); AWAY_MAX + 1];
        assert_eq!(many.examine(), Err(PlanError::TooManyAway(AWAY_MAX + 1)));
    }

    #[test]
    fn looks_out_of_order_are_refused() {
        let mut plan = plan(&[(1, "23:00", "23:45")]);
        plan.looks_after_s = vec![0, 300, 120];
        assert!(matches!(plan.examine(), Err(PlanError::BadLooks(_))));
    }

    #[test]
    fn a_sleeping_place_outside_the_picture_is_refused() {
        let mut plan = plan(&[(1, "23:00", "23:45")]);
        plan.places = vec![vec![[0.1, 0.1], [0.9, 0.1], [0.9, f32::NAN]]];
        assert_eq!(plan.examine(), Err(PlanError::BadPlace(1)));
    }
}
