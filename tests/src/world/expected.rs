//! What was agreed, as checks: the oracle's own reckoning.
//!
//! It reads the plans' numbers and the calendar of the World, and asks the product nothing.

use nattsyn_protocol::ids::CheckId;

use super::calendar::{Day, MINUTE};
use super::script::{Agreed, Script, WindowAgreed};

/// Noon, in minutes of the day.
const NOON: i64 = 12 * 60;

/// One check as agreed.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) name: String,
    pub(super) id: CheckId,
    pub(super) home: usize,
    pub(super) night: Day,
    /// When it was agreed.
    pub(super) made: i64,
    pub(super) opens: i64,
    pub(super) deadline: i64,
    pub(super) looks: Vec<i64>,
}

/// What was agreed for the nights that the World touches.
#[derive(Clone, Debug)]
pub(super) struct Expectation {
    /// The checks that must be planned, by deadline.
    pub(super) owed: Vec<Expected>,
    /// Those, and all that a unit may look for: windows that had opened when the plan was made,
    /// and windows that a later version adds.
    pub(super) looked_for: Vec<Expected>,
    /// Checks that a later version may add at once: windows that the night did not have.
    pub(super) added: Vec<Expected>,
}

impl Expectation {
    /// By the agreement's own rule: the newest version made by noon, or else the very first,
    /// from its next window on.
    pub(super) fn of(script: &Script) -> Self {
        let mut looked_for = Vec::new();
        let mut added = Vec::new();
        for night in [Day(script.night.0 - 1), script.night, script.night.next()] {
            for resident in script.homes.iter().flat_map(|home| &home.residents) {
                let versions = script.agreed.iter().filter(|it| it.resident == *resident);
                let by_noon = versions.clone().rfind(|it| it.made <= night.at(NOON));
                let Some(held) = by_noon.or(versions.clone().next()) else {
                    continue;
                };
                let held_checks = checks_of(held, night);
                for later in versions.filter(|it| it.version > held.version) {
                    let mut more = checks_of(later, night);
                    more.retain(|check| {
                        let is_new = held_checks.iter().all(|held| held.id != check.id);
                        is_new && check.opens >= check.made
                    });
                    added.extend(more);
                }
                looked_for.extend(held_checks);
            }
        }
        let mut owed = looked_for.clone();
        // Before the World begins there is no hub: its first night is the one that it begins in.
        let first = if script.begins < script.night.at(NOON) {
            Day(script.night.0 - 1)
        } else {
            script.night
        };
        owed.retain(|check| check.opens >= check.made && check.night >= first);
        owed.sort_by_key(|check| (check.deadline, check.name.clone()));
        looked_for.extend(added.iter().cloned());
        Self {
            owed,
            looked_for,
            added,
        }
    }
}

/// The checks of one version in one night.
fn checks_of(agreed: &Agreed, night: Day) -> Vec<Expected> {
    let check = |window: &WindowAgreed| {
        let opens = night.night_at(window.from);
        // A window that the clock shortens keeps its length.
        let length = (window.to - window.from).rem_euclid(24 * 60) * MINUTE;
        let deadline = night.night_at(window.to).max(opens + length);
        let first = opens + i64::from(agreed.offset_s) * 1000;
        let name = format!("{}.{}.{}", agreed.resident, night.digits(), window.key);
        Expected {
            id: name.parse().expect("a check's name is made as agreed"),
            name,
            home: agreed.home,
            night,
            made: agreed.made,
            opens,
            deadline,
            looks: agreed
                .looks_after_s
                .iter()
                .map(|&after_s| first + i64::from(after_s) * 1000)
                .collect(),
        }
    };
    agreed.windows.iter().map(check).collect()
}
