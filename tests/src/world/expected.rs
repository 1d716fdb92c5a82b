//! What was agreed, as checks: the oracle's own reckoning.
//!
//! It reads the plans' numbers and the calendar of the World, and asks the product nothing.

use nattsyn_protocol::ids::{CheckId, ResidentId};

use super::calendar::{Day, MINUTE};
use super::oracle::Row;
use super::script::{Agreed, Script, WindowAgreed};

/// Noon, in minutes of the day.
const NOON: i64 = 12 * 60;

/// How long after its last look a window must last, in seconds: a look (docs/reference/plan.md).
const LOOK_S: i64 = 30;

/// From when on a check stands in its night.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// From its noon.
    Held,
    /// From when a later version added it.
    Added,
}

/// One check as agreed.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) standing: Standing,
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

impl Expected {
    /// As the ledger is to have it.
    pub(super) fn row(&self) -> Row {
        Row {
            night: self.night,
            opens: self.opens,
            deadline: self.deadline,
        }
    }
}

/// What was agreed for the nights that the World touches.
#[derive(Clone, Debug, Default)]
pub(super) struct Expectation {
    /// The checks that must be planned, by deadline.
    pub(super) owed: Vec<Expected>,
    /// Those, and all that a unit may look for: windows that had opened when the plan was made,
    /// what is added, and what was agreed before.
    pub(super) looked_for: Vec<Expected>,
    /// Checks that a later version may add at once: windows that the night did not have.
    pub(super) added: Vec<Expected>,
    /// Checks of versions before, which a unit may go by that no hub could tell of a new one.
    pub(super) former: Vec<Expected>,
}

impl Expectation {
    /// By the agreement's own rule: the newest version made by noon, or else the very first,
    /// from its next window on; and windows that a later version adds to the night.
    pub(super) fn of(script: &Script) -> Self {
        let mut all = Self::default();
        for night in script.nights() {
            for &resident in script.homes.iter().flat_map(|home| &home.residents) {
                all.expect(script, night, resident);
            }
        }
        // Before the World begins there is no hub: its first night is the one that it begins in.
        let first = if script.begins < script.night.at(NOON) {
            Day(script.night.0 - 1)
        } else {
            script.night
        };
        let Self { owed, .. } = &mut all;
        owed.retain(|check| check.opens >= check.made && check.night >= first);
        owed.sort_by_key(|check| (check.deadline, check.name.clone()));
        let more = all.added.iter().chain(&all.former);
        all.looked_for.extend(more.cloned());
        all
    }

    /// The checks that are owed from their noon on: what is drawn is drawn close to them.
    pub(super) fn held(self) -> Vec<Expected> {
        let mut held = self.owed;
        held.retain(|check| check.standing == Standing::Held);
        held
    }

    fn expect(&mut self, script: &Script, night: Day, resident: ResidentId) {
        let noon = night.at(NOON);
        let versions = script.agreed.iter().filter(|it| it.resident == resident);
        let by_noon = versions.clone().rfind(|it| it.made <= noon);
        let Some(held) = by_noon.or(versions.clone().next()) else {
            return;
        };
        let checks = checks_of(held, night);
        for later in versions.clone().filter(|it| it.version > held.version) {
            let mut more = checks_of(later, night);
            more.retain(|check| {
                let is_new = checks.iter().all(|held| held.id != check.id);
                is_new && check.opens >= check.made
            });
            for check in &mut more {
                check.standing = Standing::Added;
            }
            let kept = more.iter().filter(|check| has_room(held, later, check));
            self.owed.extend(kept.cloned());
            self.added.extend(more);
        }
        let is_untold = |outage: super::outage::Outage| outage.holds(noon);
        if script.outage.is_some_and(is_untold) {
            let former = versions.filter(|it| it.version < held.version);
            let former = former.flat_map(|it| checks_of(it, night));
            self.former.extend(former);
        }
        self.owed.extend(checks.iter().cloned());
        self.looked_for.extend(checks);
    }
}

/// Whether an added window has room for its looks after the offset that the home has tonight: as
/// it is agreed, also in a night in which the clock makes it longer.
fn has_room(held: &Agreed, added: &Agreed, check: &Expected) -> bool {
    let last_s = added.looks_after_s.last().copied().unwrap_or(0);
    let needed_s = i64::from(held.offset_s) + i64::from(last_s) + LOOK_S;
    let mut windows = added.windows.iter();
    let window = windows.find(|window| window.key == check.id.window.0);
    window.is_some_and(|window| window.minutes() * 60 >= needed_s)
}

/// The checks of one version in one night.
fn checks_of(agreed: &Agreed, night: Day) -> Vec<Expected> {
    let check = |window: &WindowAgreed| {
        let opens = night.night_at(window.from);
        // A window that the clock shortens keeps its length.
        let length = window.minutes() * MINUTE;
        let deadline = night.night_at(window.to).max(opens + length);
        let first = opens + i64::from(agreed.offset_s) * 1000;
        let name = format!("{}.{}.{}", agreed.resident, night.digits(), window.key);
        Expected {
            standing: Standing::Held,
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
