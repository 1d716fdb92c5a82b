//! What must be true, judged by a model of its own: what is taken in.
//!
//! The oracle reads the plans' numbers and the World's true time, what people did, and what the
//! store wrote. It asks the product nothing: not when a window opens, not which plan is in force,
//! not what is missing. What comes of it, [`super::judging`] says after every event.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;

use nattsyn_hub::store::Batch;
use nattsyn_hub::view::{Cause, Ending, ExceptionRow};
use nattsyn_hub::watch::situation::Situation;
use nattsyn_hub::watch::{
    Alteration, Altered, Arrival, Change, Exception, How, Manner, Outcome, Planned, Punctuality,
    Said, Subject, Word,
};
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::report::ReportKey;

use super::book::Book;
use super::calendar::Day;
use super::expected::{Expectation, Expected};
use super::holding::Holding;
use super::script::Script;
use super::store::Written;

/// How long the hub may take to notice that its wall clock was set forward, or that another
/// process agreed something: its refresh of 15 s, and a second.
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
    /// A unit or time had the last word on what a person wrote.
    Overridden,
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
            Self::Overridden => "overridden",
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

/// A planned check as the ledger has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) night: Day,
    pub(super) opens: i64,
    pub(super) deadline: i64,
}

/// An exception as the ledger has it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) checks: BTreeSet<CheckId>,
    pub(super) opened: i64,
    pub(super) is_marked_late: bool,
    pub(super) is_open: bool,
}

/// What the ledger holds, and what it must.
pub(super) struct Oracle {
    pub(super) expectation: Expectation,
    /// What people did.
    pub(super) book: Book,
    /// The first owed check whose deadline the hub's clock has not reached.
    pub(super) next_due: usize,
    pub(super) planned: BTreeMap<CheckId, Row>,
    /// Planned and not owed, or not owed then, because a clock was wrong: deadlines that the
    /// hub's clock has not reached, and those it has.
    pub(super) more_due: BTreeSet<(i64, CheckId)>,
    pub(super) more_passed: Vec<CheckId>,
    reports: BTreeMap<(UnitId, ReportKey), u32>,
    pub(super) outcomes: BTreeMap<CheckId, How>,
    pub(super) exceptions: BTreeMap<i64, Call>,
    /// Looks that found the person: by check, the moments that the eye's clock showed.
    seen: BTreeMap<CheckId, BTreeSet<i64>>,
    pub(super) acknowledged: BTreeSet<(UnitId, ReportKey)>,
    /// What staff said or tried to say, what of it stands in the ledger, and how many words were
    /// confirmed to them.
    tried: BTreeMap<CheckId, Vec<Said>>,
    pub(super) words: BTreeMap<CheckId, Vec<Said>>,
    pub(super) confirmed_words: usize,
    /// Residents of whom the ledger asked whether they are away.
    pub(super) asked_if_away: BTreeSet<ResidentId>,
    /// Whether the hub's clock was ever wrong: then it may freeze a night at another moment.
    pub(super) is_hub_clock_right: bool,
    /// The highest plan version that each unit's voice, and each run of an eye, said it holds.
    held: BTreeMap<(String, String), u32>,
    /// Who has which row.
    pub(super) holding: Holding,
    pub(super) marked_late: u64,
    pub(super) late_outcomes: u64,
    pub(super) settled: u64,
    pub(super) called_off: u64,
    pub(super) reports_after_words: u64,
}

impl Oracle {
    pub(super) fn new(script: &Script) -> Self {
        let mut book = Book::default();
        for home in &script.homes {
            book.live_together(&home.residents);
        }
        Self {
            expectation: Expectation::of(script),
            book,
            next_due: 0,
            planned: BTreeMap::new(),
            more_due: BTreeSet::new(),
            more_passed: Vec::new(),
            reports: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            exceptions: BTreeMap::new(),
            seen: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            tried: BTreeMap::new(),
            words: BTreeMap::new(),
            confirmed_words: 0,
            asked_if_away: BTreeSet::new(),
            is_hub_clock_right: true,
            held: BTreeMap::new(),
            holding: Holding::default(),
            marked_late: 0,
            late_outcomes: 0,
            settled: 0,
            called_off: 0,
            reports_after_words: 0,
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
        let row = Row {
            night: day_of(check.id.night),
            opens: check.opens.as_ms(),
            deadline: check.deadline.as_ms(),
        };
        let is_same = |it: &&Expected| it.id == check.id;
        let owed = self.expectation.owed.iter().find(is_same);
        let agreed = owed.or(self.expectation.added.iter().find(is_same));
        let is_as_agreed =
            agreed.is_some_and(|it| (it.opens, it.deadline) == (row.opens, row.deadline));
        if self.is_hub_clock_right && !is_as_agreed {
            return broken(
                Breach::Astray,
                format!(
                    "the ledger plans {} at {}, agreed is {:?}",
                    check.id,
                    super::calendar::shown(row.opens),
                    agreed.map(|it| super::calendar::shown(it.opens))
                ),
            );
        }
        let is_barred = self.book.bars(check.id.resident, row.night);
        if self.is_hub_clock_right && planned.manner == Manner::Digital && is_barred {
            let what = format!("the ledger plans {}, and nobody is to look", check.id);
            return broken(Breach::Astray, what);
        }
        let is_judged_as_owed = owed.is_some_and(|it| it.deadline == row.deadline);
        if !is_judged_as_owed && !self.planned.contains_key(&check.id) {
            self.more_due.insert((row.deadline, check.id));
        }
        self.planned.entry(check.id).or_insert(row);
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
            let is_after_word = self.words.contains_key(&new.report.check);
            self.reports_after_words += u64::from(is_after_word);
        }
        for change in &batch.changes {
            self.take_change(change)?;
        }
        batch.changes.iter().try_for_each(|change| {
            if let Change::Opened(exception) = change {
                self.judge_call(exception.id)
            } else if let Change::Joined { exception, .. } = change {
                self.judge_call(*exception)
            } else {
                Ok(())
            }
        })
    }

    /// What was just asked, and still is, was to be asked.
    fn judge_call(&self, exception: i64) -> Result<(), Broken> {
        let call = self.exceptions.get(&exception).filter(|call| call.is_open);
        let mut checks = call.into_iter().flat_map(|call| &call.checks);
        checks.try_for_each(|&check| self.judge_sent(check))
    }

    fn take_change(&mut self, change: &Change) -> Result<(), Broken> {
        match change {
            Change::Settled(check, outcome) => return self.take_outcome(*check, outcome),
            Change::Spoken(word) => return self.take_word(word),
            Change::Opened(exception) => return self.take_exception(exception),
            Change::Joined {
                exception, check, ..
            } => {
                self.judge_asked(*check)?;
                if let Some(call) = self.exceptions.get_mut(exception) {
                    call.checks.insert(*check);
                }
            }
            Change::Left {
                exception, check, ..
            } => {
                if let Some(call) = self.exceptions.get_mut(exception) {
                    call.checks.remove(check);
                }
            }
            Change::Raised(matter) => {
                if let (Subject::Resident(who), Situation::AwayUnconfirmed) =
                    (matter.subject, matter.situation)
                {
                    self.asked_if_away.insert(who);
                }
            }
            Change::Altered(altered) => return self.take_alteration(altered),
            Change::Became { .. } | Change::Cleared { .. } => {}
            Change::Handled {
                exception,
                event,
                at,
            } => {
                if !self.is_open(*exception) {
                    let what = format!("{event:?} of row {exception}, which is over");
                    return broken(Breach::Overridden, what);
                }
                self.holding.take(*exception, event, at.as_ms())?;
            }
            Change::Ended {
                exception, ending, ..
            } => {
                self.judge_word_of(*exception, *ending)?;
                self.holding.judge_ended(*exception, *ending)?;
                if let Some(call) = self.exceptions.get_mut(exception) {
                    call.is_open = false;
                }
            }
        }
        Ok(())
    }

    fn is_open(&self, row: i64) -> bool {
        self.exceptions.get(&row).is_some_and(|call| call.is_open)
    }

    fn take_outcome(&mut self, check: CheckId, outcome: &Outcome) -> Result<(), Broken> {
        self.settled += 1;
        match self.outcomes.insert(check, outcome.how) {
            Some(How::Said(said)) => {
                let what = format!("{check} was {said:?}, and then {:?}", outcome.how);
                return broken(Breach::Overridden, what);
            }
            Some(How::Visible(_) | How::CalledOff(_)) => {
                return broken(Breach::Doubled, format!("{check} has two outcomes"));
            }
            None => {}
        }
        match outcome.how {
            How::Visible(arrival) => {
                self.late_outcomes += u64::from(arrival == Arrival::Late);
                let at = outcome.at.as_ms();
                if !self.seen.get(&check).is_some_and(|seen| seen.contains(&at)) {
                    let what = format!("{check} is visible, and no look of it was");
                    return broken(Breach::FalselyVisible, what);
                }
            }
            How::Said(said) => self.judge_said(check, said)?,
            How::CalledOff(_) => self.called_off += 1,
        }
        Ok(())
    }

    /// Nothing is to be made after all while the resident is away.
    fn take_alteration(&mut self, altered: &Altered) -> Result<(), Broken> {
        let Some(row) = self.planned.get(&altered.check) else {
            return Ok(());
        };
        let is_away = self.book.is_away_at(altered.check.resident, row);
        if altered.what == Alteration::Restored && is_away && self.is_hub_clock_right {
            let what = format!("{} is to be made, and the resident is away", altered.check);
            return broken(Breach::Astray, what);
        }
        Ok(())
    }

    fn take_word(&mut self, word: &Word) -> Result<(), Broken> {
        self.judge_said(word.check, word.said)?;
        self.words.entry(word.check).or_default().push(word.said);
        Ok(())
    }

    /// Nothing is said in the name of staff that they did not say.
    fn judge_said(&self, check: CheckId, said: Said) -> Result<(), Broken> {
        let tried = self.tried.get(&check);
        if tried.is_some_and(|tried| tried.contains(&said)) {
            return Ok(());
        }
        let what = format!("{check} is said to be {said:?}, and nobody said so");
        broken(Breach::Astray, what)
    }

    /// A row ends by a word that somebody said of it, or of a check of it.
    fn judge_word_of(&self, row: i64, ending: Ending) -> Result<(), Broken> {
        let Ending::Said(said) = ending else {
            return Ok(());
        };
        let call = self.exceptions.get(&row);
        let mut checks = call.into_iter().flat_map(|call| &call.checks);
        let is_tried = |check: &CheckId| {
            let tried = self.tried.get(check);
            tried.is_some_and(|tried| tried.contains(&said))
        };
        if self.holding.is_said(row, said) || checks.any(is_tried) {
            return Ok(());
        }
        let what = format!("row {row} is said to be {said:?}, and nobody said so");
        broken(Breach::Astray, what)
    }

    /// What somebody says of a row is said of its checks, and of a silent home also of the check
    /// whose window is open.
    pub(super) fn handle_said_of(&mut self, row: &ExceptionRow, said: Said, wall_ms: i64) {
        let under_way = self.planned.iter().filter(|(check, planned)| {
            let is_open = planned.opens <= wall_ms && wall_ms < planned.deadline;
            row.cause == Cause::Silent && check.resident == row.person.resident && is_open
        });
        let under_way: Vec<CheckId> = under_way.map(|(check, _)| *check).collect();
        for check in row.checks.iter().copied().chain(under_way) {
            self.handle_said(check, said);
        }
    }

    fn take_exception(&mut self, exception: &Exception) -> Result<(), Broken> {
        for &check in &exception.checks {
            self.judge_asked(check)?;
        }
        let is_marked_late = exception.punctuality == Punctuality::HubWasDown;
        self.marked_late += u64::from(is_marked_late);
        if exception.cause == Cause::AwayUnconfirmed {
            self.asked_if_away.insert(exception.resident);
        }
        let call = Call {
            checks: exception.checks.clone(),
            opened: exception.opened.as_ms(),
            is_marked_late,
            is_open: true,
        };
        if self.exceptions.insert(exception.id, call).is_some() {
            let what = format!("exception {} was opened twice", exception.id);
            return broken(Breach::Doubled, what);
        }
        Ok(())
    }

    /// Nobody is asked about a check of which a person has said how it ended.
    fn judge_asked(&self, check: CheckId) -> Result<(), Broken> {
        let Some(said) = self.words.get(&check).and_then(|words| words.last()) else {
            return Ok(());
        };
        let what = format!("{check} was {said:?}, and somebody is asked again");
        broken(Breach::Overridden, what)
    }

    /// Staff are about to say how a check ended.
    pub(super) fn handle_said(&mut self, check: CheckId, said: Said) {
        self.tried.entry(check).or_default().push(said);
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
        let mut agreed = self
            .expectation
            .looked_for
            .iter()
            .filter(|it| it.id == check);
        let is_inside =
            agreed.any(|it| (it.opens - WINDOW_SLACK..=it.deadline + WINDOW_SLACK).contains(&at));
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

    /// How many checks' deadlines have passed.
    pub(super) fn passed(&self) -> u64 {
        let passed = self.next_due + self.more_passed.len();
        u64::try_from(passed).unwrap_or(u64::MAX)
    }

    /// Every moment at which something is agreed to happen, in order.
    pub(super) fn moments(&self) -> Vec<i64> {
        let Expectation {
            owed,
            added,
            former,
            ..
        } = &self.expectation;
        let moments = owed.iter().chain(added).chain(former).flat_map(|check| {
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

/// The day of a check's name.
pub(super) fn day_of(date: Date) -> Day {
    Day::new(date.year().into(), date.month().into(), date.day().into())
}
