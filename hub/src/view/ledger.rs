//! One night of the ledger, line by line: what was planned and what became of it.
//!
//! Made by the store from what is written and from nothing else, so that any night can be chosen
//! for ever. [`Balance`] shows that nothing is missing: what was planned, as it was counted when
//! the night was frozen, is the sum of how checks ended, what is open and what is not due yet. What
//! a person corrected counts as corrected, and the line still shows what stood before. No order but
//! time's.

use std::collections::BTreeMap;

use jiff::civil::Date;

use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::ids::{CheckId, UnitId};
use nattsyn_protocol::time::Timestamp;

use super::{Arrangement, Cause, Ending, LookRow, Person};
use crate::exception::Event;
use crate::notify::chain::TeamName;
use crate::notify::proof::Proof;
use crate::watch::situation::Situation;
use crate::watch::{Altered, Closing, How, Manner, Outcome, Punctuality, StaffId, Subject, Word};

/// One night as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct NightLedger {
    /// The date on which it began.
    pub night: Date,
    /// When its checks were frozen; `None` if they never were.
    pub frozen: Option<Timestamp>,
    /// How many checks it was given: written down when it was frozen, and again whenever some
    /// were added. Never counted from the lines, so that a lost one shows.
    pub planned: usize,
    /// Every check, by opening time.
    pub lines: Vec<Line>,
    /// The exceptions of that night that were about no check, by when they began. They are in no
    /// balance: nothing was planned.
    pub apart: Vec<Apart>,
    /// What needed somebody that night and was about no check, by when it began.
    pub matters: Vec<MatterLine>,
    /// The test alarms of the shifts that began that night, in order.
    pub proofs: Vec<(TeamName, Proof)>,
}

/// One check, and all that is written about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Which.
    pub id: CheckId,
    /// About whom. Somebody who has left keeps their name here.
    pub person: Person,
    /// By which unit, as frozen.
    pub unit: UnitId,
    /// How it was to be made, as frozen.
    pub manner: Manner,
    /// Under which version of the plan.
    pub plan: Option<u32>,
    /// When its window opened.
    pub opens: Timestamp,
    /// When its window closed.
    pub deadline: Timestamp,
    /// What was changed after noon, in order.
    pub altered: Vec<Altered>,
    /// The looks that were reported, in order.
    pub looks: Vec<LookRow>,
    /// What the unit said of itself, unsigned.
    pub notices: Vec<Fault>,
    /// How often its reports came again, as far as that was written down.
    pub repeats: u32,
    /// Reports by the number of another one that is held, in the order they came. They count for
    /// nothing: neither for the outcome nor for the balance.
    pub contradictions: Vec<ContradictionLine>,
    /// The exceptions that it was in, by when they began.
    pub exceptions: Vec<ExceptionLine>,
    /// What people said, in order.
    pub words: Vec<Word>,
    /// How it was settled first; `None` if it is open.
    pub outcome: Option<Outcome>,
    /// That the death which is written here was a mistake.
    pub mistaken: Option<Mistake>,
}

/// That somebody who was written down as found dead is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Who said so.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
}

/// An exception that was about no check, such as a silence with no look to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Apart {
    /// About whom. Somebody who has left keeps their name here.
    pub person: Person,
    /// What is written about it.
    pub row: ExceptionLine,
}

/// A report by the number of one that is held, and not the same (see
/// [`crate::store::Batch::contradictions`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ContradictionLine {
    /// The check that it names.
    pub check: CheckId,
    /// The check that the first report by that number names.
    pub first: CheckId,
    /// The look that it names, and what it says of it. It counts for nothing.
    pub look: LookRow,
    /// What the first report by that number says, which counts.
    pub counts: Finding,
    /// Whether further ones of the unit are kept.
    pub room: Room,
}

/// Whether there is room for more contradictions of one unit
/// ([`crate::store::CONTRADICTIONS_MAX`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// They are kept.
    ForMore,
    /// The bound is reached: nothing after these was kept.
    ForNone,
}

/// An exception as a line of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct ExceptionLine {
    /// Names it for ever.
    pub id: i64,
    /// Why somebody was needed, as it was last known.
    pub cause: Cause,
    /// Since when.
    pub opened: Timestamp,
    /// Whether that was in time.
    pub punctuality: Punctuality,
    /// How it ended; `None` if it is open.
    pub ended: Option<(Timestamp, Ending)>,
    /// What was agreed, when it began, for when somebody is needed; `None` if nothing was.
    pub agreed: Option<Arrangement>,
    /// What people did about it, in order.
    pub handled: Vec<Handled>,
    /// That it ended by a death that was a mistake.
    pub mistaken: Option<Mistake>,
}

/// One thing that somebody did about an exception, or that nothing came of it in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handled {
    /// When.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// Something that was about no check.
#[derive(Clone, Debug, PartialEq)]
pub struct MatterLine {
    /// About what.
    pub subject: Subject,
    /// In words that staff know: a name, an address, or nothing.
    pub about: String,
    /// What was wrong.
    pub situation: Situation,
    /// Since when.
    pub opened: Timestamp,
    /// Until when; `None` if it is open.
    pub cleared: Option<Timestamp>,
    /// Who closed it by hand, and how; `None` if it is open, or the hub saw that it was over.
    pub closed: Option<(StaffId, Option<Closing>)>,
}

/// How a check stands, for the balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// It has its outcome: the last that a person said, or else as it was settled.
    Ended(How),
    /// It is an open exception.
    Open(Cause),
    /// Its window has not closed, and nothing is settled.
    Awaited,
    /// Its window has closed, and it is neither settled nor open. The ledger has a hole.
    Unaccounted,
}

impl Line {
    /// How the check stands at a moment.
    #[must_use]
    pub fn account(&self, now: Timestamp) -> Account {
        if let Some(word) = self.words.last() {
            return Account::Ended(How::Said(word.said));
        }
        if let Some(outcome) = self.outcome {
            return Account::Ended(outcome.how);
        }
        let open = self.exceptions.iter().find(|row| row.ended.is_none());
        match open {
            Some(row) => Account::Open(row.cause),
            None if now < self.deadline => Account::Awaited,
            None => Account::Unaccounted,
        }
    }

    /// The situations that this line was in, in the table's order: what the page and the export
    /// say of it besides its outcome.
    #[must_use]
    pub fn situations(&self) -> Vec<Situation> {
        let mut found: Vec<Situation> = self
            .exceptions
            .iter()
            .filter_map(|row| Situation::of(row.cause, row.punctuality))
            .collect();
        found.extend(self.altered.iter().filter_map(|altered| {
            use crate::watch::{Alteration, CallOff};
            match altered.what {
                Alteration::Unit { .. } => Some(Situation::UnitSwapped),
                Alteration::NoUnit => Some(Situation::PlanWithoutUnit),
                Alteration::AskIfAway => Some(Situation::AwayUnconfirmed),
                Alteration::CalledOff(CallOff::Died) => Some(Situation::ResidentDied),
                Alteration::CalledOff(CallOff::Moved) => Some(Situation::ResidentMoved),
                Alteration::MadePhysical => Some(Situation::VisitPlanned),
                Alteration::Added
                | Alteration::Restored
                | Alteration::CalledOff(CallOff::Away | CallOff::Skipped | CallOff::Withdrawn) => {
                    None
                }
            }
        }));
        if matches!(
            self.outcome.map(|outcome| outcome.how),
            Some(How::Visible(crate::watch::Arrival::Late))
        ) {
            found.push(Situation::ReportLate);
        }
        if self.repeats > 0 {
            found.push(Situation::ReportRepeated);
        }
        if !self.contradictions.is_empty() {
            found.push(Situation::ReportsContradict);
        }
        if self.came_reordered() {
            found.push(Situation::ReportsReordered);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether reports came in another order than their looks were made.
    fn came_reordered(&self) -> bool {
        let came = |look: &LookRow| look.came;
        !self.looks.is_sorted_by_key(came)
    }
}

/// That nothing is missing: planned = ended + open + awaited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// How many checks are written down as planned.
    pub planned: usize,
    /// How many ended how, in the order of [`ended_order`].
    pub ended: Vec<(How, usize)>,
    /// How many are open exceptions.
    pub open: usize,
    /// How many are still to come or under way.
    pub awaited: usize,
    /// How many have neither outcome nor exception though their time is over. Never, or the
    /// ledger has a hole.
    pub unaccounted: usize,
    /// How many lines there are: as many as were planned, or the ledger has lost some, or been
    /// given some that nobody planned.
    pub lines: usize,
}

impl Balance {
    /// The balance of a night at a moment.
    #[must_use]
    pub fn of(night: &NightLedger, now: Timestamp) -> Self {
        let mut balance = Self {
            planned: night.planned,
            lines: night.lines.len(),
            ..Self::default()
        };
        let mut ended: BTreeMap<usize, (How, usize)> = BTreeMap::new();
        for line in &night.lines {
            match line.account(now) {
                Account::Ended(how) => ended.entry(ended_order(how)).or_insert((how, 0)).1 += 1,
                Account::Open(_) => balance.open += 1,
                Account::Awaited => balance.awaited += 1,
                Account::Unaccounted => balance.unaccounted += 1,
            }
        }
        balance.ended = ended.into_values().collect();
        balance
    }

    /// How many ended.
    #[must_use]
    pub fn ended_in_all(&self) -> usize {
        self.ended.iter().map(|(_, count)| count).sum()
    }

    /// Whether it balances: what was planned is what ended, is open or is awaited.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.unaccounted == 0 && self.planned == self.ended_in_all() + self.open + self.awaited
    }

    /// How many planned checks have no line.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.planned.saturating_sub(self.lines)
    }

    /// How many lines nobody planned.
    #[must_use]
    pub fn unplanned(&self) -> usize {
        self.lines.saturating_sub(self.planned)
    }
}

/// In which order outcomes are listed: what units saw, what people did, what was called off.
#[must_use]
pub fn ended_order(how: How) -> usize {
    use crate::watch::{Arrival, CallOff, Said};
    match how {
        How::Visible(Arrival::InTime) => 0,
        How::Visible(Arrival::Late) => 1,
        How::Said(Said::Visited) => 2,
        How::Said(Said::Spoke) => 3,
        How::Said(Said::Seen) => 4,
        How::Said(Said::Cancelled) => 5,
        How::Said(Said::Died) => 6,
        How::CalledOff(CallOff::Away) => 7,
        How::CalledOff(CallOff::Skipped) => 8,
        How::CalledOff(CallOff::Died) => 9,
        How::CalledOff(CallOff::Moved) => 10,
        How::CalledOff(CallOff::Withdrawn) => 11,
    }
}

/// The word for how a check stands, in an exported ledger.
#[must_use]
pub fn account_word(account: Account) -> String {
    match account {
        Account::Ended(how) => how.word().to_owned(),
        Account::Open(cause) => format!("open:{cause}"),
        Account::Awaited => "awaited".to_owned(),
        Account::Unaccounted => "unaccounted".to_owned(),
    }
}
