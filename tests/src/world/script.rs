//! One night as it is drawn before it begins: who lives where, what was agreed, what will go
//! wrong and when.
//!
//! What was agreed is kept in plain numbers. The product is given plans made of them
//! ([`Agreed::plan`]), the oracle reads the numbers themselves.

use std::collections::BTreeSet;

use nattsyn_protocol::ids::{HomeId, ResidentId, UnitId, WindowKey};
use nattsyn_protocol::plan::{Plan, Window};

use super::calendar::{Day, HOUR, MINUTE};
use super::dice::Dice;
use super::faults::{Fault, Rule};
use super::mishaps::{Mishap, draw};
use super::outage::Outage;

/// Noon, in minutes of the day.
const NOON: i64 = 12 * 60;

/// The three parts of a night in which windows open, in minutes after noon: 20:00–22:40,
/// 00:30–03:30 and 04:50–07:30. A window of 65 minutes at most never reaches the next part.
const PARTS: [(u64, u64); 3] = [(480, 640), (750, 930), (1010, 1170)];

/// Where windows of the small hours open in a night of a clock change: around the hour that is
/// skipped or comes twice.
const SMALL_HOURS_OF_CHANGE: (u64, u64) = (795, 900);

/// What happens to a night's checks is settled by 10:30 the next morning; then everything is
/// repaired, so that what waits can arrive.
const REPAIRED_BY: i64 = 22 * HOUR + 30 * MINUTE;

/// A window of the night, in minutes of the local day.
#[derive(Clone, Copy, Debug)]
pub(super) struct WindowAgreed {
    pub(super) key: u8,
    pub(super) from: i64,
    pub(super) to: i64,
}

impl WindowAgreed {
    /// How long it is, in minutes.
    pub(super) fn minutes(&self) -> i64 {
        (self.to - self.from).rem_euclid(24 * 60)
    }
}

/// One version of what was agreed with one resident.
#[derive(Clone, Debug)]
pub(super) struct Agreed {
    pub(super) home: usize,
    pub(super) resident: ResidentId,
    pub(super) version: u32,
    /// When it was made, UTC in milliseconds.
    pub(super) made: i64,
    pub(super) offset_s: u32,
    pub(super) looks_after_s: Vec<u32>,
    pub(super) windows: Vec<WindowAgreed>,
}

/// One home.
#[derive(Clone, Debug)]
pub(super) struct HomeDrawn {
    pub(super) id: HomeId,
    pub(super) unit: UnitId,
    pub(super) residents: Vec<ResidentId>,
    /// When it is enrolled, if that is during the night.
    pub(super) enrolled: Option<i64>,
}

/// Where the broker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokerPlace {
    /// In the hub's process: it dies with it.
    InTheHub,
    /// On a machine of its own.
    Apart,
}

/// One night.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) night: Day,
    pub(super) begins: i64,
    pub(super) ends: i64,
    /// By when all that went wrong is right again.
    pub(super) repaired: i64,
    pub(super) broker: BrokerPlace,
    pub(super) homes: Vec<HomeDrawn>,
    /// By resident and version.
    pub(super) agreed: Vec<Agreed>,
    pub(super) mishaps: Vec<Mishap>,
    /// If the hub is down over a noon: when.
    pub(super) outage: Option<Outage>,
    /// In which half hours of a night windows open, in minutes after noon.
    parts: Vec<(u64, u64)>,
}

impl Script {
    /// Draws a night.
    pub(super) fn draw(dice: &mut Dice, homes: usize, faults: &BTreeSet<Fault>) -> Self {
        let night = draw_night(dice);
        let noon = night.at(NOON);
        let is_begun_before_noon = dice.happens(300);
        let begins = if is_begun_before_noon {
            noon - dice.between(2, 20) * MINUTE
        } else {
            noon + dice.between(1, 10) * MINUTE
        };
        let parts = draw_parts(dice, night);
        let mut script = Self {
            night,
            begins,
            ends: night.next().at(NOON) + 20 * MINUTE,
            repaired: noon + REPAIRED_BY,
            broker: dice.pick(&[BrokerPlace::InTheHub, BrokerPlace::Apart]),
            homes: Vec::new(),
            agreed: Vec::new(),
            mishaps: Vec::new(),
            outage: None,
            parts,
        };
        for home in 0..homes {
            script.draw_home(dice, home);
        }
        script.mishaps = draw(dice, &script, faults);
        script
    }

    /// The nights that the World touches: from the one before its own to the one after, and in a
    /// long outage one more, which may begin before everything is right again.
    pub(super) fn nights(&self) -> Vec<Day> {
        let more = i64::from(self.outage.is_some());
        (self.night.0 - 1..=self.night.0 + 1 + more)
            .map(Day)
            .collect()
    }

    /// The nights that are played to their end.
    pub(super) fn played(&self) -> Vec<Day> {
        let more = i64::from(self.outage.is_some());
        (self.night.0..=self.night.0 + more).map(Day).collect()
    }

    /// The night that a moment belongs to.
    pub(super) fn night_of(&self, at: i64) -> Day {
        let mut nights = self.nights().into_iter().rev();
        let begun = nights.find(|night| night.at(NOON) <= at);
        begun.unwrap_or(Day(self.night.0 - 1))
    }

    /// One version of what is agreed with a resident.
    pub(super) fn draw_agreed(
        &self,
        dice: &mut Dice,
        (home, resident): (usize, ResidentId),
        version: u32,
        made: i64,
    ) -> Agreed {
        draw_agreed(dice, (home, resident), version, made, &self.parts)
    }

    fn draw_home(&mut self, dice: &mut Dice, home: usize) {
        let enrolled = dice
            .happens(40)
            .then(|| self.night.at(NOON) + dice.between(HOUR, 15 * HOUR));
        let people = if dice.happens(150) { 2 } else { 1 };
        let residents: Vec<ResidentId> = (0..people)
            .map(|person| named(&format!("r{home:06}{person}")))
            .collect();
        for &resident in &residents {
            let made = enrolled.unwrap_or(self.begins - 1000);
            let first = self.draw_agreed(dice, (home, resident), 1, made);
            let is_changed = dice.happens(200);
            self.agreed.push(first);
            if is_changed {
                let earliest = made.max(self.begins + 30 * MINUTE);
                let latest = self.night.next().at(NOON) - 10 * MINUTE;
                let made = dice.between(earliest, latest.max(earliest));
                let second = self.draw_agreed(dice, (home, resident), 2, made);
                self.agreed.push(second);
            }
        }
        self.homes.push(HomeDrawn {
            id: named(&format!("h{home:07}")),
            unit: named(&format!("u{home:07}")),
            residents,
            enrolled,
        });
    }
}

impl Agreed {
    /// The plan, for the product. `zone` is where its windows are meant.
    pub(super) fn plan(&self, unit: UnitId, zone: &str) -> Plan {
        let time = |minute: i64| {
            let of = |number: i64| i8::try_from(number).expect("an hour or a minute");
            jiff::civil::time(of(minute / 60), of(minute % 60), 0, 0)
        };
        let windows = self.windows.iter().map(|window| {
            Window::nightly(WindowKey(window.key), time(window.from), time(window.to))
        });
        Plan {
            version: self.version,
            zone: zone.to_owned(),
            offset_s: self.offset_s,
            looks_after_s: self.looks_after_s.clone(),
            windows: windows.collect(),
            ..Plan::bare(self.resident, unit)
        }
    }
}

/// The zone that plans and hub are told: Sweden's, or, without the rule, the hour that was
/// right when the night began.
pub(super) fn zone(night: Day, without: Option<Rule>) -> &'static str {
    match without {
        Some(Rule::Dst) if super::calendar::is_summer(night.at(NOON)) => "Etc/GMT-2",
        Some(Rule::Dst) => "Etc/GMT-1",
        Some(_) | None => "Europe/Stockholm",
    }
}

/// Any night of eleven years; one in twenty is that of a clock change.
fn draw_night(dice: &mut Dice) -> Day {
    if dice.happens(50) {
        let year = dice.between(2026, 2036);
        let month = dice.pick(&[3, 10]);
        return Day(Day::last_sunday(year, month).0 - 1);
    }
    Day(dice.between(Day::new(2026, 1, 1).0, Day::new(2036, 12, 30).0))
}

/// Half an hour in each part of the night in which this night's windows open.
///
/// Homes are drawn close together on purpose: what is hard happens when much happens at once,
/// and a night in which little happens is quickly played.
fn draw_parts(dice: &mut Dice, night: Day) -> Vec<(u64, u64)> {
    let mut parts = PARTS;
    if night.night_hours() != 24 {
        parts[1] = SMALL_HOURS_OF_CHANGE;
    }
    let half_hour = |(from, to): (u64, u64)| {
        let begins = dice.within(from, to - 25);
        (begins, begins + 25)
    };
    parts.map(half_hour).to_vec()
}

fn draw_agreed(
    dice: &mut Dice,
    (home, resident): (usize, ResidentId),
    version: u32,
    made: i64,
    parts: &[(u64, u64)],
) -> Agreed {
    let looks_after_s: Vec<u32> = match dice.below(10) {
        0 => vec![0],
        1 => vec![0, 60],
        2 => vec![0, 120, 300],
        _ => vec![0, 120, 300, 600, 900],
    };
    let offset_s = u32::try_from(dice.below(300)).unwrap_or(0);
    let needed_s = offset_s + looks_after_s.last().copied().unwrap_or(0) + 30;
    let left_out = dice.place(parts.len() + 1);
    let windows = (1..)
        .zip(parts)
        .enumerate()
        .filter(|(index, _)| *index != left_out)
        .map(|(_, (key, &(from, to)))| {
            let opens = dice.within(from, to);
            let minutes = u64::from(needed_s.div_ceil(60)) + dice.below(20);
            WindowAgreed {
                key,
                from: of_day(opens),
                to: of_day(opens + minutes),
            }
        })
        .collect();
    Agreed {
        home,
        resident,
        version,
        made,
        offset_s,
        looks_after_s,
        windows,
    }
}

/// Minutes after noon as minutes of the day.
fn of_day(after_noon: u64) -> i64 {
    i64::try_from((after_noon + 720) % 1440).unwrap_or(0)
}

/// An id that the World makes up; all are eight letters and digits.
pub(super) fn named<T: std::str::FromStr>(text: &str) -> T {
    text.parse()
        .ok()
        .expect("eight small letters and digits are an id")
}
