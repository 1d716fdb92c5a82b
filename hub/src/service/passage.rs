//! Going through nights: freezing them, and taking in what was said about them.
//!
//! While the hub runs that is tonight alone. A hub that was down goes through every night that it
//! missed as if it had been there, the one that was under way when it ended among them: each by
//! what had been said by then ([`Record::as_of`]), so that nothing said meanwhile is forgotten and
//! nothing said later is backdated.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::civil::Date;

use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::time::Timestamp;

use super::ServiceError;
use crate::agreement::record::Record;
use crate::nights;
use crate::nights::turn::{self, Grounds};
use crate::store::Store;
use crate::watch::{Change, Moment, Planned, Watch, comparison};

/// Nights to go through, oldest first and tonight last, and what is written about them.
pub(super) struct Passage<'a> {
    pub(super) record: &'a Record,
    pub(super) zone: &'a str,
    pub(super) nights: &'a [Date],
    pub(super) tonight: Date,
    /// Until when the record had been read before; `None` by a hub that was not there.
    pub(super) read: Option<Timestamp>,
    /// Nights that ended and are compared as a whole; none while that waits.
    pub(super) compared: BTreeSet<Date>,
    pub(super) now: Moment,
}

impl Passage<'_> {
    /// Writes the checks of these nights down: as they were settled at noon, and what was added
    /// later.
    pub(super) fn freeze(&self, store: &mut dyn Store) -> Result<(), ServiceError> {
        let frozen = store.nights()?;
        for &night in self.nights {
            let noon = nights::noon(night, self.zone)?;
            let mut checks = Checks::default();
            // Also one that is written down already: a clock that was ahead may have done that
            // before all was said that holds at noon.
            if night != self.tonight || !frozen.contains(&night) {
                checks.add(self.holding(&self.record.as_of(noon), night, noon));
            }
            // A hub that was there wrote each of these down when it was said.
            let ended = self.ended(night)?;
            let read = self.read.filter(|_| frozen.contains(&night));
            let unread = read.map_or(noon, |read| read.max(noon));
            let said = self.record.said_between(unread, ended);
            let records = self.record.of_each(said.keys());
            for (resident, own) in &records {
                for at in said.get(resident).into_iter().flatten() {
                    checks.add(self.holding(&own.as_of(*at), night, noon));
                }
            }
            if night == self.tonight {
                checks.add(self.holding(self.record, night, noon));
            }
            store.freeze(night, &checks.planned, self.now.timestamp)?;
        }
        Ok(())
    }

    fn holding(&self, record: &Record, night: Date, noon: Timestamp) -> Vec<Planned> {
        turn::holding(self.grounds(record, night, noon)).checks
    }

    /// What follows from plans, units, absences and endings: whose unit hangs where, who is away
    /// or has died, and whom no unit looked after in the nights that ended.
    pub(super) fn review(
        &self,
        store: &dyn Store,
        watch: &mut Watch,
    ) -> Result<Vec<Change>, ServiceError> {
        watch.handle_agreed(self.record.book.arrangements());
        let mut changes = Vec::new();
        for night in self.to_review(watch) {
            changes.extend(self.review_past(watch, night)?);
        }
        changes.extend(self.review_tonight(watch)?);
        self.compare(store, watch)?;
        Ok(changes)
    }

    /// The nights before tonight of which something may have been said that no check shows yet:
    /// those to go through, and those that a hub wrote down and then did not come to.
    fn to_review(&self, watch: &Watch) -> BTreeSet<Date> {
        let gone_by = watch.gone_by(self.now).into_iter();
        let unasked = gone_by.filter(|check| !watch.is_asked(check.id));
        let mut nights: BTreeSet<Date> = unasked.map(|check| check.id.night).collect();
        nights.extend(self.nights);
        nights.retain(|night| *night < self.tonight);
        nights
    }

    /// What was said of a night while it lasted and the hub was down.
    fn review_past(&self, watch: &mut Watch, night: Date) -> Result<Vec<Change>, ServiceError> {
        let known = self.known(night)?;
        let grounds = self.grounds(&known, night, nights::noon(night, self.zone)?);
        let mut changes = Vec::new();
        self.take_in_gone_by(watch, grounds, &mut changes);
        self.restore(watch, grounds, &mut changes);
        Ok(changes)
    }

    fn review_tonight(&self, watch: &mut Watch) -> Result<Vec<Change>, ServiceError> {
        let (record, night, now) = (self.record, self.tonight, self.now);
        let noon = nights::noon(night, self.zone)?;
        let grounds = self.grounds(record, night, noon);
        let holding = turn::holding(grounds);
        watch.handle_unplanned(now, &holding.away_unconfirmed, &holding.without_unit);
        let mut changes = Vec::new();
        // Who has died is called off before anything else can ask about them.
        self.take_in_gone_by(watch, grounds, &mut changes);
        self.restore(watch, grounds, &mut changes);
        let mut to_come = watch.to_come(now);
        to_come.retain(|check| check.night == night);
        for altered in turn::altered(grounds, &to_come) {
            changes.extend(watch.alter(now, altered).1);
        }
        for altered in turn::resumed(grounds, &watch.made_physical(night)) {
            changes.extend(watch.alter(now, altered).1);
        }
        changes.extend(self.align(watch, noon));
        watch.handle_plans(now, &holding.with_plan);
        let consents = [&holding.declined, &holding.awaited, &record.overdue(night)];
        watch.handle_consents(now, consents);
        changes.extend(watch.handle_ended(now, |who| record.book.ended(who).is_some()));
        Ok(changes)
    }

    /// Checks that were called off, or of which it was asked, and that are to be made after all.
    fn restore(&self, watch: &mut Watch, grounds: Grounds<'_>, changes: &mut Vec<Change>) {
        let mut suspended = watch.suspended();
        suspended.retain(|check| check.night == grounds.night);
        for check in suspended {
            // Of a window that has opened it counts who was at home then.
            let opens = watch
                .opens(check)
                .filter(|opens| *opens <= self.now.timestamp);
            let stood = opens.map(|opens| grounds.record.only(check.resident).as_of(opens));
            let record = stood.as_ref().unwrap_or(grounds.record);
            let grounds = Grounds { record, ..grounds };
            for altered in turn::restored(grounds, &[check]) {
                changes.extend(watch.alter(self.now, altered).1);
            }
        }
    }

    /// What was said by then of checks that went by while the hub was down.
    fn take_in_gone_by(&self, watch: &mut Watch, grounds: Grounds<'_>, changes: &mut Vec<Change>) {
        let mut gone_by = watch.gone_by(self.now);
        gone_by.retain(|check| check.id.night == grounds.night);
        for altered in turn::stood_by_then(grounds, &gone_by) {
            changes.extend(watch.alter(self.now, altered).1);
        }
    }

    /// Checks to come are made by the units that hang now, under the plans that they hold.
    fn align(&self, watch: &mut Watch, noon: Timestamp) -> Vec<Change> {
        let held = nights::to_hold(&self.record.plans, noon);
        // A plan without a window tonight makes no check, whoever holds it.
        let version = |resident: ResidentId, unit: UnitId| {
            let mut held = held.iter().map(|stored| &stored.plan);
            let own = held.find(|plan| plan.resident == resident && plan.unit == unit);
            let own = own.filter(|plan| !plan.windows_on(self.tonight).is_empty());
            own.map(|plan| plan.version)
        };
        let roster = Arc::clone(watch.roster());
        watch.align(self.now, |resident| {
            let unit = roster.of_resident(resident)?.unit;
            Some((unit, version(resident, unit)))
        })
    }

    /// People with a plan in force in the nights that ended against units that proved a look.
    fn compare(&self, store: &dyn Store, watch: &mut Watch) -> Result<(), ServiceError> {
        let mut unproven = BTreeSet::new();
        let mut is_compared = false;
        for &night in &self.compared {
            let account = store.account(night)?;
            // Of a night of before there was a hub nothing can be said.
            if account.frozen.is_none() {
                continue;
            }
            let noon = nights::noon(night, self.zone)?;
            let known = self.known(night)?;
            let (in_force, idle) = nights::planned_for(&known, (night, noon));
            unproven.extend(comparison::unproven(&in_force, &idle, &account));
            is_compared = true;
        }
        // Of whoever is looked after no more there is nothing left to put right.
        unproven.retain(|who| self.record.book.ended(*who).is_none());
        if is_compared {
            watch.handle_comparison(self.now, &unproven);
        }
        Ok(())
    }

    /// What was known of a night when it ended; of tonight, all that is written.
    fn known(&self, night: Date) -> Result<Cow<'_, Record>, ServiceError> {
        if night == self.tonight {
            return Ok(Cow::Borrowed(self.record));
        }
        Ok(Cow::Owned(self.record.as_of(self.ended(night)?)))
    }

    /// When a night ended; of tonight, the moment.
    fn ended(&self, night: Date) -> Result<Timestamp, ServiceError> {
        match night.tomorrow() {
            Ok(next) if night != self.tonight => Ok(nights::noon(next, self.zone)?),
            Ok(_) | Err(_) => Ok(self.now.timestamp),
        }
    }

    fn grounds<'a>(&self, record: &'a Record, night: Date, noon: Timestamp) -> Grounds<'a> {
        Grounds {
            record,
            night,
            noon,
            now: self.now.timestamp,
        }
    }
}

/// A night's checks, each as it was first to be made.
#[derive(Default)]
struct Checks {
    planned: Vec<Planned>,
    known: BTreeSet<CheckId>,
}

impl Checks {
    fn add(&mut self, planned: Vec<Planned>) {
        for planned in planned {
            if self.known.insert(planned.check.id) {
                self.planned.push(planned);
            }
        }
    }
}
