//! The demonstration's homes: invented people at invented addresses, with plans.
//!
//! Everything follows from a home's index, so two demonstrations of the same size are the
//! same. Nothing here is staged yet; [`super::story`] adds the trouble.

use jiff::ToSpan as _;
use jiff::civil::{Date, Time};

use nattsyn_protocol::ids::{HomeId, IdError, ResidentId, UnitId, WindowKey};
use nattsyn_protocol::plan::{LOOKS_AFTER_S, Plan, PlanError, Window};
use nattsyn_protocol::schedule::{Check, checks_of};

use crate::consent::draft::Draft;
use crate::consent::{Capacity, Form, Household, Kind, Scope};

/// The zone in which the demonstration's nights are planned.
pub const ZONE: &str = "Europe/Stockholm";

/// How long the demonstration's windows are: long enough for five looks, twice over.
const WINDOW_MIN: u32 = 40;

/// The generated rooms of the first twelve homes; they take turns after that.
///
/// As at a real commissioning, these are rooms in which the shipped eye passed a staged test
/// (`tests/tests/rooms.rs`, which also finds new ones when the model has changed). What share
/// of rooms it passes is small yet: these twelve were found among the first 55.
pub const ROOMS: [u64; 12] = [10, 14, 15, 20, 22, 39, 43, 44, 47, 51, 53, 55];

const NAMES: [&str; 12] = [
    "Astrid", "Bertil", "Cecilia", "David", "Elsa", "Folke", "Greta", "Håkan", "Ingrid", "Josef",
    "Karin", "Lennart",
];
const STREETS: [&str; 4] = ["Björkgatan", "Ängsvägen", "Åkerstigen", "Kvarnbacken"];

/// One home of the demonstration.
#[derive(Clone, Debug)]
pub struct Home {
    /// Its place in the list, from 0.
    pub index: u32,
    /// Its id.
    pub home: HomeId,
    /// Its unit's id.
    pub unit: UnitId,
    /// Where it is: invented.
    pub address: String,
    /// The name that staff know: invented.
    pub name: String,
    /// The seed of its generated room.
    pub room: u64,
    /// The agreed nights.
    pub plan: Plan,
}

impl Home {
    /// The home with this index.
    ///
    /// # Errors
    ///
    /// The index has more than seven digits, so that no id can be made of it.
    pub fn new(index: u32) -> Result<Self, IdError> {
        let id = |kind: char| format!("{kind}{:07}", index + 1);
        let unit: UnitId = id('u').parse()?;
        let resident: ResidentId = id('r').parse()?;
        let at = |index: u32| usize::try_from(index).unwrap_or_default();
        let pick = |list: &[&str], at: u32| {
            usize::try_from(at)
                .ok()
                .and_then(|at| list.get(at % list.len()))
                .map(|&s| s.to_owned())
        };
        let initial = char::from(b'A' + u8::try_from((index * 7) % 26).unwrap_or(0));
        let name = pick(&NAMES, index).unwrap_or_default();
        let street = pick(&STREETS, index / 3).unwrap_or_default();
        Ok(Self {
            index,
            home: id('h').parse()?,
            unit,
            address: format!("{street} {}", 1 + index * 2),
            name: format!("{name} {initial}."),
            room: ROOMS.into_iter().cycle().nth(at(index)).unwrap_or_default(),
            plan: plan(index, unit, resident),
        })
    }

    /// What the resident agreed to, some weeks before a night: every third to a live view when a
    /// look is unclear, every sixth to nothing that is written down, the others to a sensor.
    /// `None` leaves what the page says of a consent that is missing to be seen.
    #[must_use]
    pub fn consent(&self, night: Date) -> Option<Draft> {
        let scope = self.scope()?;
        let kinds = [Kind::Care, Kind::Design, Kind::Processing];
        Some(Draft {
            kinds: kinds.map(|kind| kind.word().to_owned()).to_vec(),
            form: Form::Oral.word().to_owned(),
            scope: scope.word().to_owned(),
            given_by: "den enskilde".to_owned(),
            household: Household::Alone.word().to_owned(),
            capacity: Capacity::Own.word().to_owned(),
            alternatives: "Larmmatta har övervägts: den säger inget om den som ligger kvar."
                .to_owned(),
            informed: "Fick se lådan och berättade med egna ord vad den gör.".to_owned(),
            on: night.checked_sub(3.weeks()).ok()?.to_string(),
            review: night.checked_add(6.months()).ok()?.to_string(),
            ..Draft::default()
        })
    }

    /// How far that goes.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        match self.index % 6 {
            5 => None,
            // The first of them is somebody who is up when the sensor looks, which it cannot tell.
            2 | 4 => Some(Scope::LiveViewOnUnclear),
            _ => Some(Scope::Sensor),
        }
    }

    /// The checks of one night.
    ///
    /// # Errors
    ///
    /// The plan cannot be kept on that night.
    pub fn checks(&self, night: Date) -> Result<Vec<Check>, PlanError> {
        checks_of(&self.plan, night)
    }
}

/// Two checks a night: practice in most municipalities (R66). Homes are spread over an hour.
fn plan(index: u32, unit: UnitId, resident: ResidentId) -> Plan {
    let shift_min = (index % 4) * 15;
    Plan {
        resident,
        unit,
        version: 1,
        zone: ZONE.to_owned(),
        offset_s: (index * 53) % 240,
        looks_after_s: LOOKS_AFTER_S.to_vec(),
        windows: vec![
            window(1, 22 * 60 + 30 + shift_min),
            window(2, 2 * 60 + 30 + shift_min),
        ],
        places: Vec::new(),
        ..Plan::bare(resident, unit)
    }
}

fn window(key: u8, from_min: u32) -> Window {
    Window::nightly(
        WindowKey(key),
        clock_time(from_min),
        clock_time(from_min + WINDOW_MIN),
    )
}

/// A time of day from minutes after midnight.
fn clock_time(minutes: u32) -> Time {
    let part = |value: u32| i8::try_from(value).unwrap_or(0);
    jiff::civil::time(part(minutes / 60 % 24), part(minutes % 60), 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_home_of_a_large_demonstration_has_a_plan_that_can_be_kept() {
        for index in 0..200 {
            let home = Home::new(index).unwrap();
            assert_eq!(home.plan.examine(), Ok(()), "home {index}");
            assert_eq!(
                home.checks(jiff::civil::date(2026, 11, 21)).unwrap().len(),
                2
            );
        }
    }
}
