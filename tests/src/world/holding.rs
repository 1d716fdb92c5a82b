//! Who has which row and what was found, judged by a model of its own.
//!
//! It goes by what the store wrote and by what staff tried, never by the product's state machine:
//! who may take what from whom, when a row is nobody's again, and what may end it, is written
//! here a second time, from the design.

use std::collections::BTreeMap;

use nattsyn_hub::exception::{Act, Event};
use nattsyn_hub::view::{Ending, ExceptionRow};
use nattsyn_hub::watch::{Said, StaffId};

use super::calendar::MINUTE;
use super::oracle::{Breach, Broken, Call, NOTICED_WITHIN_MS, broken};

/// How long a row stays with whoever took it, or should have been there (architecture, section 9).
const FALLS_BACK: i64 = 5 * MINUTE;

/// How long with whoever is in the room, which is the product's own choice.
const THERE: i64 = 30 * MINUTE;

/// Who has a row, since when, and until when if nothing happens.
#[derive(Clone, Debug)]
struct Held {
    by: StaffId,
    since: i64,
    until: i64,
}

/// A row, as people have handled it.
#[derive(Clone, Debug, Default)]
struct Tended {
    held: Option<Held>,
    /// How many things were found that end nothing.
    found: usize,
}

/// All rows that people have done something about.
#[derive(Debug, Default)]
pub(super) struct Holding {
    rows: BTreeMap<i64, Tended>,
    /// What staff did or tried to do.
    tried: Vec<(i64, StaffId, Act)>,
    pub(super) acts: u64,
    pub(super) fallen: u64,
}

impl Holding {
    /// Somebody is about to do something about a row.
    pub(super) fn handle_tried(&mut self, row: i64, by: &StaffId, act: &Act) {
        self.tried.push((row, by.clone(), act.clone()));
    }

    /// Takes in what the store wrote about a row that is open.
    pub(super) fn take(&mut self, row: i64, event: &Event, at: i64) -> Result<(), Broken> {
        let tended = self.rows.entry(row).or_default();
        match event {
            Event::By(by, act) => {
                let tried = (row, by.clone(), act.clone());
                if !self.tried.contains(&tried) {
                    let what = format!("row {row}: {by} {act:?}, which nobody did");
                    return broken(Breach::Astray, what);
                }
                self.acts += 1;
                tended.act(row, by, act, at)
            }
            Event::Lent(time) => {
                let what = format!("row {row}: somebody has it for {time:?}, which nobody set");
                broken(Breach::Astray, what)
            }
            Event::FellBack => {
                self.fallen += 1;
                tended.fall(row, at)
            }
            Event::Explained(_) => Ok(()),
        }
    }

    /// Whether a row may have ended so. What somebody found is ended by people alone, or because
    /// nobody is to be looked at any more.
    pub(super) fn judge_ended(&mut self, row: i64, ending: Ending) -> Result<(), Broken> {
        let found = self.rows.remove(&row).map_or(0, |tended| tended.found);
        let is_of_people = match ending {
            Ending::Said(_) | Ending::CalledOff => true,
            Ending::LaterVisible | Ending::LateReport | Ending::HeardAgain => false,
        };
        if found > 0 && !is_of_people {
            let what = format!("row {row}, of which somebody found otherwise, ended: {ending:?}");
            return broken(Breach::Overridden, what);
        }
        Ok(())
    }

    /// Whether somebody said of the row itself how it ended.
    pub(super) fn is_said(&self, row: i64, said: Said) -> bool {
        let mut tried = self.tried.iter();
        tried.any(|(of, _, act)| *of == row && *act == Act::Say(said))
    }

    /// Nobody has a row for longer than agreed if nothing happens, by a clock that is right.
    pub(super) fn judge_held(&self, wall_ms: i64) -> Result<(), Broken> {
        let late = i64::try_from(NOTICED_WITHIN_MS).unwrap_or(i64::MAX);
        let held = self.held();
        let mut over = held.filter(|(_, held)| held.until + late < wall_ms);
        match over.next() {
            Some((row, held)) => {
                let what = format!("row {row} stays with {} although nothing happens", held.by);
                broken(Breach::Silent, what)
            }
            None => Ok(()),
        }
    }

    /// When the first row is nobody's again, by the hub's clock.
    pub(super) fn next_fall(&self) -> Option<i64> {
        self.held().map(|(_, held)| held.until).min()
    }

    fn held(&self) -> impl Iterator<Item = (i64, &Held)> {
        let rows = self.rows.iter();
        rows.filter_map(|(row, tended)| Some((*row, tended.held.as_ref()?)))
    }

    /// What the page shows is what was written: no row has vanished, and each is with whoever
    /// has it.
    pub(super) fn judge_shown(
        &self,
        shown: &[ExceptionRow],
        calls: &BTreeMap<i64, Call>,
    ) -> Result<(), Broken> {
        let is_shown = |row: &i64| shown.iter().any(|each| each.id == *row);
        let mut open = calls.iter().filter(|(_, call)| call.is_open);
        if let Some((row, _)) = open.find(|(row, _)| !is_shown(row)) {
            return broken(Breach::Lost, format!("row {row} is open and not shown"));
        }
        shown.iter().try_for_each(|row| self.judge_row(row, calls))
    }

    fn judge_row(&self, row: &ExceptionRow, calls: &BTreeMap<i64, Call>) -> Result<(), Broken> {
        if !calls.get(&row.id).is_some_and(|call| call.is_open) {
            let what = format!("row {} is shown as open and is not", row.id);
            return broken(Breach::Astray, what);
        }
        let none = Tended::default();
        let tended = self.rows.get(&row.id).unwrap_or(&none);
        let holder = tended.held.as_ref().map(|held| &held.by);
        let found = row.handling.found().len();
        if row.handling.holder() != holder || found != tended.found {
            let what = format!(
                "row {} is with {holder:?}, found {} times; the page says {:?}",
                row.id, tended.found, row.handling
            );
            return broken(Breach::Lost, what);
        }
        Ok(())
    }
}

impl Tended {
    fn act(&mut self, row: i64, by: &StaffId, act: &Act, at: i64) -> Result<(), Broken> {
        let is_others = self.held.as_ref().is_some_and(|held| held.by != *by);
        let is_free_needed = match act {
            Act::Take | Act::Go { .. } | Act::Arrive | Act::Return => true,
            Act::TakeOver | Act::Say(_) | Act::Find(_) => false,
        };
        if is_others && is_free_needed {
            let what = format!("row {row} is with {:?}; {by} {act:?}", self.held);
            return broken(Breach::Doubled, what);
        }
        let mut hold = |until: i64| {
            let by = by.clone();
            self.held = Some(Held {
                by,
                since: at,
                until,
            });
        };
        match act {
            Act::Take | Act::TakeOver => hold(at + FALLS_BACK),
            Act::Go { arrives } => hold(arrives.as_ms() + FALLS_BACK),
            Act::Arrive => hold(at + THERE),
            Act::Find(nattsyn_hub::exception::Unresolved::NeedsHelp) => hold(at + THERE),
            Act::Return | Act::Say(_) | Act::Find(_) => self.held = None,
        }
        self.found += usize::from(matches!(act, Act::Find(_)));
        Ok(())
    }

    /// It is nobody's again: when its time is out, or its clock was set back.
    fn fall(&mut self, row: i64, at: i64) -> Result<(), Broken> {
        let Some(held) = self.held.take() else {
            let what = format!("row {row} fell back, and nobody had it");
            return broken(Breach::Doubled, what);
        };
        if held.since <= at && at < held.until {
            let what = format!("row {row} was taken from {} before its time", held.by);
            return broken(Breach::Overridden, what);
        }
        Ok(())
    }
}
