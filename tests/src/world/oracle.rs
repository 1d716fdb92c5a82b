//! What must be true, judged by a model of its own.
//!
//! The oracle reads the plans' numbers and the World's true time, and what the store wrote. It
//! asks the product nothing: not when a window opens, not which plan is in force, not what is
//! missing. It judges after every event.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use nattsyn_hub::store::Batch;
use nattsyn_hub::watch::{Arrival, Change, How, Planned};
use nattsyn_protocol::ids::{CheckId, UnitId};
use nattsyn_protocol::report::ReportKey;

use super::calendar::{Day, MINUTE};
use super::script::{Agreed, Script};
use super::store::Written;

/// Noon, in minutes of the day.
const NOON: i64 = 12 * 60;

/// How long after its deadline, by the hub's own clock, a check may be without a row: a clock
/// that drifts by 200 millionths is out by so much when the hub wakes for a deadline that it
/// reckoned 15 s before, and as much again for waking in whole milliseconds.
const GRACE_MS: i64 = 50;

/// How long after its wall clock was set forward the hub may take to notice: its refresh of
/// 15 s, and a second.
pub(super) const NOTICED_WITHIN_MS: u64 = 16_000;

/// How far a look may lie outside its window: the unit's slack of 30 s, a look of 30 s, and
/// what a clock that is right may still be off.
const WINDOW_SLACK: i64 = 90_000;

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breach {
    /// A check passed its deadline with neither an outcome nor an open exception.
    Silent,
    /// One message or check had two effects.
    Doubled,
    /// What was acknowledged, or said to be on disk, is gone.
    Lost,
    /// A check is *visible* and no look of it was.
    FalselyVisible,
    /// An older plan replaced a newer one.
    OlderPlan,
    /// The ledger or a look is not what was agreed.
    Astray,
    /// The hub ended although nothing ended it.
    Died,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "silent",
            Self::Doubled => "doubled",
            Self::Lost => "lost",
            Self::FalselyVisible => "falsely visible",
            Self::OlderPlan => "older plan",
            Self::Astray => "not as agreed",
            Self::Died => "died",
        })
    }
}

/// What is broken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which promise.
    pub breach: Breach,
    /// In words.
    pub what: String,
}

/// One check as agreed.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) name: String,
    pub(super) id: CheckId,
    pub(super) home: usize,
    pub(super) night: Day,
    made: i64,
    pub(super) opens: i64,
    pub(super) deadline: i64,
    pub(super) looks: Vec<i64>,
}

/// Every check of the nights that the World touches, by the agreement's own rule: the newest
/// version made by noon, or else the very first, from its next window on.
pub(super) fn expected(script: &Script) -> Vec<Expected> {
    let mut checks = in_force(script);
    checks.retain(|check| check.opens >= check.made);
    checks
}

/// The same with windows that had opened when the plan was made: the hub plans none, and a unit
/// that is told of the plan may still look.
fn in_force(script: &Script) -> Vec<Expected> {
    let mut checks = Vec::new();
    for night in [Day(script.night.0 - 1), script.night, script.night.next()] {
        for home in &script.homes {
            for &resident in &home.residents {
                let versions = script
                    .agreed
                    .iter()
                    .filter(|agreed| agreed.resident == resident);
                let by_noon = versions.clone().rfind(|it| it.made <= night.at(NOON));
                let first = versions.clone().next();
                if let Some(agreed) = by_noon.or(first) {
                    checks.extend(checks_of(agreed, night));
                }
            }
        }
    }
    checks.sort_by_key(|check| (check.deadline, check.name.clone()));
    checks
}

fn checks_of(agreed: &Agreed, night: Day) -> Vec<Expected> {
    let check = |window: &super::script::WindowAgreed| {
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

/// An exception as the ledger has it.
#[derive(Clone, Debug)]
struct Row {
    checks: BTreeSet<CheckId>,
    opened: i64,
    is_marked_late: bool,
    is_open: bool,
}

/// What the ledger holds, and what it must.
pub(super) struct Oracle {
    pub(super) expected: Vec<Expected>,
    /// Where a look may be made.
    in_force: Vec<Expected>,
    /// The first of [`Oracle::expected`] whose deadline the hub's clock has not reached.
    next_due: usize,
    planned: BTreeMap<CheckId, (i64, i64)>,
    reports: BTreeMap<(UnitId, ReportKey), u32>,
    outcomes: BTreeMap<CheckId, (i64, u32)>,
    exceptions: BTreeMap<i64, Row>,
    /// Looks that found the person: by check, the moments that the eye's clock showed.
    seen: BTreeMap<CheckId, BTreeSet<i64>>,
    acknowledged: BTreeSet<(UnitId, ReportKey)>,
    /// Whether the hub's clock was ever wrong: then it may freeze a night at another moment.
    pub(super) is_hub_clock_right: bool,
    /// The highest plan version that each unit's voice, and each run of an eye, said it holds.
    held: BTreeMap<(String, String), u32>,
    pub(super) marked_late: u64,
    pub(super) late_outcomes: u64,
    pub(super) settled: u64,
}

impl Oracle {
    pub(super) fn new(script: &Script) -> Self {
        Self {
            expected: expected(script),
            in_force: in_force(script),
            next_due: 0,
            planned: BTreeMap::new(),
            reports: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            exceptions: BTreeMap::new(),
            seen: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            is_hub_clock_right: true,
            held: BTreeMap::new(),
            marked_late: 0,
            late_outcomes: 0,
            settled: 0,
        }
    }

    /// Takes in what the store wrote.
    pub(super) fn handle_written(&mut self, written: Written) -> Result<(), Broken> {
        match written {
            Written::Checks(checks) => {
                for planned in checks {
                    self.take_planned(&planned)?;
                }
                Ok(())
            }
            Written::Batch(batch) => self.take_batch(&batch),
        }
    }

    fn take_planned(&mut self, planned: &Planned) -> Result<(), Broken> {
        let check = &planned.check;
        let found = (check.opens.as_ms(), check.deadline.as_ms());
        let agreed = self.expected.iter().find(|it| it.id == check.id);
        let is_as_agreed = agreed.is_some_and(|it| (it.opens, it.deadline) == found);
        if !is_as_agreed && self.is_hub_clock_right {
            return broken(
                Breach::Astray,
                format!(
                    "the ledger plans {} at {}, agreed is {:?}",
                    check.id,
                    super::calendar::shown(found.0),
                    agreed.map(|it| super::calendar::shown(it.opens))
                ),
            );
        }
        self.planned.entry(check.id).or_insert(found);
        Ok(())
    }

    fn take_batch(&mut self, batch: &Batch) -> Result<(), Broken> {
        for new in &batch.reports {
            let key = (new.report.unit, new.report.key());
            let count = self.reports.entry(key).or_default();
            *count += 1;
            if *count > 1 {
                let what = format!("report {key:?} of {} stands twice", new.report.check);
                return broken(Breach::Doubled, what);
            }
        }
        for change in &batch.changes {
            self.take_change(change)?;
        }
        Ok(())
    }

    fn take_change(&mut self, change: &Change) -> Result<(), Broken> {
        match change {
            Change::Settled(check, outcome) => {
                self.settled += 1;
                if outcome.how == How::Visible(Arrival::Late) {
                    self.late_outcomes += 1;
                }
                let at = outcome.at.as_ms();
                let held = self.outcomes.entry(*check).or_insert((at, 0));
                held.1 += 1;
                if held.1 > 1 {
                    return broken(Breach::Doubled, format!("{check} has two outcomes"));
                }
                if !self.seen.get(check).is_some_and(|seen| seen.contains(&at)) {
                    let what = format!("{check} is visible, and no look of it was");
                    return broken(Breach::FalselyVisible, what);
                }
            }
            Change::Opened(exception) => {
                let is_marked_late =
                    exception.punctuality == nattsyn_hub::watch::Punctuality::HubWasDown;
                self.marked_late += u64::from(is_marked_late);
                let row = Row {
                    checks: exception.checks.clone(),
                    opened: exception.opened.as_ms(),
                    is_marked_late,
                    is_open: true,
                };
                if self.exceptions.insert(exception.id, row).is_some() {
                    let what = format!("exception {} was opened twice", exception.id);
                    return broken(Breach::Doubled, what);
                }
            }
            Change::Joined {
                exception, check, ..
            } => {
                if let Some(row) = self.exceptions.get_mut(exception) {
                    row.checks.insert(*check);
                }
            }
            Change::Left {
                exception, check, ..
            } => {
                if let Some(row) = self.exceptions.get_mut(exception) {
                    row.checks.remove(check);
                }
            }
            Change::Became { .. }
            | Change::Altered(_)
            | Change::Spoken(_)
            | Change::Raised(_)
            | Change::Cleared { .. } => {}
            Change::Ended { exception, .. } => {
                if let Some(row) = self.exceptions.get_mut(exception) {
                    row.is_open = false;
                }
            }
        }
        Ok(())
    }

    /// Takes in that an eye found somebody, when its clock showed `at`; `true_at` if that clock
    /// is right.
    pub(super) fn handle_seen(
        &mut self,
        check: CheckId,
        at: i64,
        true_at: Option<i64>,
    ) -> Result<(), Broken> {
        self.seen.entry(check).or_default().insert(at);
        match true_at {
            Some(true_at) => self.judge_look(check, true_at),
            None => Ok(()),
        }
    }

    /// A look by a clock that is right lies in an agreed window.
    pub(super) fn judge_look(&self, check: CheckId, at: i64) -> Result<(), Broken> {
        let agreed = self.in_force.iter().find(|it| it.id == check);
        let is_inside = agreed
            .is_some_and(|it| (it.opens - WINDOW_SLACK..=it.deadline + WINDOW_SLACK).contains(&at));
        if is_inside || !self.is_hub_clock_right {
            return Ok(());
        }
        let what = format!(
            "a look for {check} at {}, outside what was agreed",
            super::calendar::shown(at)
        );
        broken(Breach::Astray, what)
    }

    /// Takes in what the hub said that it has written down.
    pub(super) fn handle_acknowledged(
        &mut self,
        unit: UnitId,
        keys: &[ReportKey],
    ) -> Result<(), Broken> {
        for &key in keys {
            self.acknowledged.insert((unit, key));
            if !self.holds(unit, key) {
                let what = format!("report {key:?} of {unit} is acknowledged and not written");
                return broken(Breach::Lost, what);
            }
        }
        Ok(())
    }

    /// Whether the ledger has a report.
    pub(super) fn holds(&self, unit: UnitId, key: ReportKey) -> bool {
        self.reports.contains_key(&(unit, key))
    }

    /// Takes in which version somebody says to hold: `who` is a voice, or one run of an eye.
    pub(super) fn handle_held(
        &mut self,
        who: &str,
        resident: &str,
        version: u32,
    ) -> Result<(), Broken> {
        let held = self
            .held
            .entry((who.to_owned(), resident.to_owned()))
            .or_insert(version);
        if version < *held {
            let what = format!("{who} held version {held} for {resident} and now holds {version}");
            return broken(Breach::OlderPlan, what);
        }
        *held = version;
        Ok(())
    }

    /// Judges the ledger while the hub is up and its clock shows `wall_ms`. Call it after the
    /// hub has done what it does at this moment; `since_set` is how long ago its clock was set
    /// forward, in milliseconds of uptime. What is not agreed yet at the moment `utc`, a hub
    /// whose clock is ahead cannot know.
    pub(super) fn judge_due(
        &mut self,
        wall_ms: i64,
        utc: i64,
        since_set: u64,
    ) -> Result<(), Broken> {
        if since_set < NOTICED_WITHIN_MS {
            return Ok(());
        }
        while let Some(check) = self.expected.get(self.next_due) {
            if check.deadline + GRACE_MS >= wall_ms || check.made > utc {
                break;
            }
            self.judge_check(check)?;
            self.next_due += 1;
        }
        Ok(())
    }

    /// Whether a deadline has passed by the hub's clock that has not been judged.
    pub(super) fn is_due(&self, wall_ms: i64) -> bool {
        let next = self.expected.get(self.next_due);
        next.is_some_and(|check| check.deadline + GRACE_MS < wall_ms)
    }

    /// Judges again every check whose deadline has passed: after the ledger changed.
    pub(super) fn judge_passed(&self) -> Result<(), Broken> {
        let passed = self.expected.get(..self.next_due).unwrap_or(&[]);
        passed.iter().try_for_each(|check| self.judge_check(check))
    }

    fn judge_check(&self, check: &Expected) -> Result<(), Broken> {
        let mut open = self
            .exceptions
            .values()
            .filter(|row| row.is_open && row.checks.contains(&check.id));
        let row = open.next();
        let is_settled = self.outcomes.contains_key(&check.id);
        match (row, is_settled) {
            (None, false) => broken(
                Breach::Silent,
                format!(
                    "{}, due {}, has no outcome and is no exception",
                    check.name,
                    super::calendar::shown(check.deadline)
                ),
            ),
            (Some(_), true) if row.is_some_and(|row| row.checks.len() == 1) => broken(
                Breach::Doubled,
                format!("{} has an outcome and is an open exception", check.name),
            ),
            (Some(_), _) if open.next().is_some() => broken(
                Breach::Doubled,
                format!("{} is in two open exceptions", check.name),
            ),
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// A hub has just come back, and done nothing but open its desk: everything that passed
    /// while it was down is accounted for, and marked.
    pub(super) fn judge_return(&mut self, wall_ms: i64, utc: i64) -> Result<(), Broken> {
        self.judge_due(wall_ms, utc, u64::MAX)?;
        self.judge_passed()?;
        for row in self.exceptions.values().filter(|row| row.is_open) {
            let late = |check: &CheckId| {
                let agreed = self.expected.iter().find(|it| it.id == *check);
                agreed.is_some_and(|it| it.deadline < row.opened)
            };
            if row.opened == wall_ms && row.checks.iter().all(late) && !row.checks.is_empty() {
                if row.is_marked_late {
                    continue;
                }
                let what = format!("{:?} was asked late and is not marked late", row.checks);
                return broken(Breach::Silent, what);
            }
        }
        Ok(())
    }

    /// The ledger's reports, as read from the database itself, are those that were written.
    pub(super) fn judge_rows(
        &self,
        connection: &rusqlite::Connection,
    ) -> rusqlite::Result<Result<(), Broken>> {
        let mut query = connection.prepare_cached("SELECT unit, boot, counter FROM reports")?;
        let mut rows = query.query([])?;
        let mut found = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let (unit, boot): (String, String) = (row.get(0)?, row.get(1)?);
            let counter: i64 = row.get(2)?;
            found.insert((unit, boot, counter.cast_unsigned() & 0xffff_ffff));
        }
        let gone = self.acknowledged.iter().find(|(unit, key)| {
            !found.contains(&(unit.to_string(), key.boot.to_string(), key.counter))
        });
        if let Some((unit, key)) = gone {
            let what = format!("report {key:?} of {unit} was acknowledged and is gone");
            return Ok(broken(Breach::Lost, what));
        }
        let outcomes: i64 =
            connection.query_row("SELECT count(*) FROM outcomes", [], |row| row.get(0))?;
        let written = i64::try_from(self.outcomes.len()).unwrap_or(i64::MAX);
        if outcomes < written {
            let what = format!("{written} outcomes were written and {outcomes} are there");
            return Ok(broken(Breach::Lost, what));
        }
        Ok(Ok(()))
    }

    /// The night is over and everything repaired: planned are exactly the agreed checks.
    pub(super) fn judge_balance(&self, night: Day) -> Result<(), Broken> {
        self.judge_passed()?;
        if !self.is_hub_clock_right {
            return Ok(());
        }
        for check in self.expected.iter().filter(|check| check.night == night) {
            if !self.planned.contains_key(&check.id) {
                let what = format!("{} was agreed and is not planned", check.name);
                return broken(Breach::Astray, what);
            }
        }
        Ok(())
    }

    /// How many checks' deadlines have passed.
    pub(super) fn passed(&self) -> u64 {
        u64::try_from(self.next_due).unwrap_or(u64::MAX)
    }

    /// Every moment at which something is agreed to happen, in order.
    pub(super) fn moments(&self) -> Vec<i64> {
        let moments = self.expected.iter().flat_map(|check| {
            let looks = check.looks.iter().copied();
            looks.chain([check.opens, check.deadline])
        });
        let mut moments: Vec<i64> = moments.collect();
        moments.sort_unstable();
        moments
    }
}

pub(super) fn broken<T>(breach: Breach, what: String) -> Result<T, Broken> {
    Err(Broken { breach, what })
}
