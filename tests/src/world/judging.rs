//! What must be true, judged by a model of its own: what is judged.
//!
//! Nothing here changes what the oracle knows but how far it has come in time.

use std::collections::BTreeSet;

use nattsyn_hub::view::ledger::{Account, Balance, NightLedger};
use nattsyn_hub::watch::How;
use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::time::Timestamp;

use super::calendar::{Day, shown};
use super::expected::Expected;
use super::oracle::{Breach, Broken, Call, NOTICED_WITHIN_MS, Oracle, broken};

/// How long after its deadline, by the hub's own clock, a check may be without a row: a clock
/// that drifts by 200 millionths is out by so much when the hub wakes for a deadline that it
/// reckoned 15 s before, and as much again for waking in whole milliseconds.
const GRACE_MS: i64 = 50;

impl Oracle {
    /// Judges the ledger while the hub is up and its clock shows `wall_ms`. Call it after the
    /// hub has done what it does at this moment; `since_told` is how long ago its clock was set
    /// forward, or another process wrote to its store, in milliseconds of uptime. What is not
    /// agreed yet at the moment `utc`, a hub whose clock is ahead cannot know.
    pub(super) fn judge_due(
        &mut self,
        wall_ms: i64,
        utc: i64,
        since_told: u64,
    ) -> Result<(), Broken> {
        if since_told < NOTICED_WITHIN_MS {
            return Ok(());
        }
        while let Some(check) = self.expectation.owed.get(self.next_due) {
            if check.deadline + GRACE_MS >= wall_ms || check.made > utc {
                break;
            }
            self.judge_check(check)?;
            self.next_due += 1;
        }
        while let Some(&(deadline, check)) = self.more_due.first() {
            if deadline + GRACE_MS >= wall_ms {
                break;
            }
            self.judge_account(check, deadline)?;
            self.more_due.pop_first();
            self.more_passed.push(check);
        }
        Ok(())
    }

    /// Whether a deadline has passed by the hub's clock that has not been judged.
    pub(super) fn is_due(&self, wall_ms: i64) -> bool {
        let next = self.expectation.owed.get(self.next_due);
        let more = self.more_due.first().map(|(deadline, _)| *deadline);
        let first = next
            .map(|check| check.deadline)
            .into_iter()
            .chain(more)
            .min();
        first.is_some_and(|deadline| deadline + GRACE_MS < wall_ms)
    }

    /// The hub's clock was set: what had passed by it may be to come again.
    pub(super) fn rewind(&mut self, wall_ms: i64) {
        let owed = &self.expectation.owed;
        let passed = owed.partition_point(|check| check.deadline + GRACE_MS < wall_ms);
        self.next_due = self.next_due.min(passed);
        let more = std::mem::take(&mut self.more_passed);
        for check in more {
            let deadline = self.planned.get(&check).map_or(0, |row| row.deadline);
            if deadline + GRACE_MS < wall_ms {
                self.more_passed.push(check);
            } else {
                self.more_due.insert((deadline, check));
            }
        }
    }

    /// Judges again every check whose deadline has passed: after the ledger changed.
    pub(super) fn judge_passed(&self) -> Result<(), Broken> {
        let passed = self.expectation.owed.get(..self.next_due).unwrap_or(&[]);
        passed
            .iter()
            .try_for_each(|check| self.judge_check(check))?;
        let mut more = self.more_passed.iter();
        more.try_for_each(|&check| {
            let deadline = self.planned.get(&check).map_or(0, |row| row.deadline);
            self.judge_account(check, deadline)
        })
    }

    /// An owed check whose deadline has passed.
    fn judge_check(&self, check: &Expected) -> Result<(), Broken> {
        let row = self.planned.get(&check.id);
        if row.is_some_and(|row| row.deadline != check.deadline) {
            // A clock that was ahead settled the night before it was agreed so.
            return Ok(());
        }
        if self.planned.contains_key(&check.id) || !self.book.excuses(check) {
            return self.judge_account(check.id, check.deadline);
        }
        let must_be_asked =
            self.is_hub_clock_right && self.book.is_unconfirmed(check.id, &check.row());
        if must_be_asked && !self.asked_if_away.contains(&check.id.resident) {
            let what = format!(
                "{}: nobody has confirmed for 36 hours that the resident is away, and nobody is \
                 asked",
                check.name
            );
            return broken(Breach::Silent, what);
        }
        Ok(())
    }

    /// A check that is planned, or should be, has exactly one outcome or is an open exception.
    fn judge_account(&self, check: CheckId, deadline: i64) -> Result<(), Broken> {
        let is_about = |call: &&Call| call.is_open && call.checks.contains(&check);
        let mut open = self.exceptions.values().filter(is_about);
        let call = open.next();
        let outcome = self.outcomes.get(&check);
        if let (None, None) = (call, outcome) {
            let due = shown(deadline);
            let what = format!("{check}, due {due}, has no outcome and is no exception");
            return broken(Breach::Silent, what);
        }
        if outcome.is_some() && call.is_some_and(|call| call.checks.len() == 1) {
            let what = format!("{check} has an outcome and is an open exception");
            return broken(Breach::Doubled, what);
        }
        if open.next().is_some() {
            return broken(
                Breach::Doubled,
                format!("{check} is in two open exceptions"),
            );
        }
        let Some(row) = self.planned.get(&check).filter(|_| self.is_hub_clock_right) else {
            return Ok(());
        };
        let is_called_off = matches!(outcome, Some(How::CalledOff(_)));
        if is_called_off && !self.book.calls_off(check, row) {
            let what = format!("{check} was called off, and the resident is at home");
            return broken(Breach::Silent, what);
        }
        let must_be_asked = is_called_off && self.book.is_unconfirmed(check, row);
        if must_be_asked && !self.asked_if_away.contains(&check.resident) {
            let what = format!(
                "{check} was called off, nobody has confirmed for 36 hours that the resident is \
                 away, and nobody is asked"
            );
            return broken(Breach::Silent, what);
        }
        match call {
            Some(_) => self.judge_sent(check),
            None => Ok(()),
        }
    }

    /// Nobody is sent to whoever was known to be dead or away when the window opened.
    pub(super) fn judge_sent(&self, check: CheckId) -> Result<(), Broken> {
        let Some(row) = self.planned.get(&check).filter(|_| self.is_hub_clock_right) else {
            return Ok(());
        };
        if self.book.was_ended_at(check.resident, row.opens) {
            let what = format!("somebody is asked about {check}, and the resident has died");
            return broken(Breach::Astray, what);
        }
        if self.book.was_away_at(check.resident, row) {
            let what = format!("somebody is asked about {check}, and the resident is away");
            return broken(Breach::Astray, what);
        }
        Ok(())
    }

    /// A hub has just come back, and done nothing but open its desk: everything that passed
    /// while it was down is accounted for, and marked.
    pub(super) fn judge_return(&mut self, wall_ms: i64, utc: i64) -> Result<(), Broken> {
        self.judge_due(wall_ms, utc, u64::MAX)?;
        self.judge_passed()?;
        for row in self.exceptions.values().filter(|row| row.is_open) {
            let late = |check: &CheckId| {
                let planned = self.planned.get(check);
                planned.is_some_and(|it| it.deadline < row.opened)
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
        let words: i64 =
            connection.query_row("SELECT count(*) FROM words", [], |row| row.get(0))?;
        let confirmed = i64::try_from(self.confirmed_words).unwrap_or(i64::MAX);
        if words < confirmed {
            let what = format!("{confirmed} words of staff were confirmed and {words} are there");
            return Ok(broken(Breach::Lost, what));
        }
        Ok(Ok(()))
    }

    /// A night of the ledger as the product reads it has a line for every check that is owed,
    /// balances, and what a person said last is how a check counts.
    pub(super) fn judge_reading(
        &self,
        night: Day,
        ledger: &NightLedger,
        now: Timestamp,
    ) -> Result<(), Broken> {
        let lines: BTreeSet<CheckId> = ledger.lines.iter().map(|line| line.id).collect();
        let missing = self
            .unexcused(night)
            .find(|check| !lines.contains(&check.id));
        if let Some(check) = missing {
            let what = format!("{} was agreed and has no line", check.name);
            return broken(Breach::Silent, what);
        }
        let balance = Balance::of(ledger, now);
        if !balance.holds() {
            let what = format!("the night's ledger does not balance: {balance:?}");
            return broken(Breach::Silent, what);
        }
        for line in &ledger.lines {
            let said = self.words.get(&line.id).and_then(|words| words.last());
            let stands = line.account(now);
            let is_as_said = said.is_none_or(|&said| stands == Account::Ended(How::Said(said)));
            if !is_as_said {
                let what = format!("{} was {said:?} and counts as {stands:?}", line.id);
                return broken(Breach::Overridden, what);
            }
        }
        Ok(())
    }

    /// The night is over and everything repaired: planned are exactly the agreed checks.
    pub(super) fn judge_balance(&self, night: Day) -> Result<(), Broken> {
        self.judge_passed()?;
        let mut owed = self.unexcused(night);
        match owed.find(|check| !self.planned.contains_key(&check.id)) {
            Some(check) => {
                let what = format!("{} was agreed and is not planned", check.name);
                broken(Breach::Astray, what)
            }
            None => Ok(()),
        }
    }

    /// The checks of a night that must stand in it, if the hub's clock was right.
    fn unexcused(&self, night: Day) -> impl Iterator<Item = &Expected> {
        let owed = self.expectation.owed.iter();
        let owed = owed.filter(move |check| check.night == night && self.is_hub_clock_right);
        owed.filter(|check| !self.book.excuses(check))
    }
}
