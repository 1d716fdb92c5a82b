//! A resident's agreed nights: windows, looks, where they sleep.
//!
//! A [`Plan`] is what was agreed with the person; [`crate::schedule`] turns it into checks and
//! looks. A plan that cannot be kept is refused here, by [`Plan::examine`], with the reason.
//! Windows are local time in the plan's zone. What to do after an exception is the hub's
//! affair and does not travel to the unit.

use std::time::Duration;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

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
}

impl Document for Plan {
    const CONTEXT: &'static str = "nattsyn plan 1";
}

/// From–to in which a check is to be made, in local time.
///
/// `to` may be earlier than `from`: the window then crosses midnight. A night runs from noon
/// to noon, so a time before noon belongs to the following day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Names the window across plan versions.
    pub key: WindowKey,
    /// When it opens.
    pub from: Time,
    /// When it closes: the check's deadline.
    pub to: Time,
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
}

impl Plan {
    /// Finds the first reason why this plan cannot be kept.
    ///
    /// # Errors
    ///
    /// The reason, for the person who wrote the plan.
    pub fn examine(&self) -> Result<(), PlanError> {
        if jiff::tz::TimeZone::get(&self.zone).is_err() {
            return Err(PlanError::UnknownZone(self.zone.clone()));
        }
        self.examine_looks()?;
        self.examine_windows()?;
        self.examine_places()
    }

    /// How long a window must at least be for all its looks.
    #[must_use]
    pub fn needed(&self) -> Duration {
        let last_look_s = self.looks_after_s.last().copied().unwrap_or(0);
        Duration::from_secs(u64::from(self.offset_s) + u64::from(last_look_s)) + LOOK_MAX
    }

    fn examine_looks(&self) -> Result<(), PlanError> {
        let looks = &self.looks_after_s;
        let ascending = looks.is_sorted_by(|a, b| a < b) && looks.first() == Some(&0);
        if !ascending || looks.len() > LOOKS_PER_CHECK_MAX {
            return Err(PlanError::BadLooks(looks.clone()));
        }
        if self.windows.len() > CHECKS_PER_NIGHT_MAX {
            return Err(PlanError::TooManyWindows(self.windows.len()));
        }
        let looks_a_night = looks.len() * self.windows.len();
        if looks_a_night > LOOKS_PER_NIGHT_MAX {
            return Err(PlanError::TooManyLooks(looks_a_night));
        }
        Ok(())
    }

    fn examine_windows(&self) -> Result<(), PlanError> {
        let mut windows = self.windows.clone();
        windows.sort_by_key(|window| seconds_after_noon(window.from));
        for window in &windows {
            let length_s = window.length_s().ok_or(PlanError::Backward(window.key))?;
            let needed_s = self.needed().as_secs();
            if length_s < needed_s {
                return Err(PlanError::TooShort {
                    key: window.key,
                    length_s,
                    needed_s,
                });
            }
            if windows
                .iter()
                .filter(|other| other.key == window.key)
                .count()
                > 1
            {
                return Err(PlanError::RepeatedKey(window.key));
            }
        }
        for (earlier, later) in windows.iter().zip(windows.iter().skip(1)) {
            if seconds_after_noon(earlier.to) > seconds_after_noon(later.from) {
                return Err(PlanError::Overlap(earlier.key, later.key));
            }
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

impl Window {
    /// Seconds from opening to closing on a night without a clock change; `None` if the window
    /// does not run forward between noon and noon.
    fn length_s(&self) -> Option<u64> {
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
                .map(|&(key, from, to)| Window {
                    key: WindowKey(key),
                    from: from.parse().unwrap(),
                    to: to.parse().unwrap(),
                })
                .collect(),
            places: Vec::new(),
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
        let mut plan = plan(&[(1, "23:00", "23:45"), (2, "03:00", "03:45")]);
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
