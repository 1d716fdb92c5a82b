//! Knows from the plans which looks are due, and makes an exception of what is missing, not
//! visible, unclear or technical.
//!
//! Judges by expected results, never by "connected". Pure: `now` and what came go in, [`Change`]s
//! come out; it reads no clock, writes nothing and can be made anew from the store at any
//! instant ([`Saved`]). Every check ends in exactly one outcome or is an open exception.
//!
//! What it deliberately does not do: close what needs a person (a person does, see [`Word`]),
//! alert anybody, or guess. An unsigned notice is never more than a technical fault.

mod agenda;
mod alteration;
mod change;
mod check;
pub mod comparison;
mod death;
mod exceptions;
#[cfg(test)]
mod farewells;
mod handling;
mod heard;
mod matters;
#[cfg(test)]
mod nights;
mod people;
#[cfg(test)]
mod plays;
mod proof;
mod rows;
#[cfg(test)]
mod scenes;
mod silence;
pub mod situation;
#[cfg(test)]
mod wakes;
pub mod wall;
mod word;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use nattsyn_protocol::heartbeat::SILENT_AFTER;
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::time::{Timestamp, Uptime};

use crate::roster::Roster;
use crate::settings::Settings;
use crate::view::{Arrangement, Cause, Person};

pub use alteration::{Alteration, Altered, CallOff};
pub use change::{
    Arrival, Change, Counted, Exception, How, Manner, Noted, Outcome, Planned, Punctuality,
    Repeated, Saved, SavedCheck,
};
pub use check::{ASK_BEFORE, CLOCK_AHEAD, CLOCK_BEHIND, REPORT_WITHIN};
pub use handling::{ActRefused, Seen};
pub use heard::Contact;
pub use matters::{Closing, Matter, MatterRefused, Subject, SubjectError, UNKNOWN_MAX};
pub use proof::TeamWord;
pub use word::{Effect, News, STAFF_ID_MAX, Said, StaffId, StaffIdError, Word, precedence};

use agenda::{Agenda, Due};
use check::{CheckState, Judgement};
use exceptions::{Call, Exceptions, Unit};
use matters::Matters;
use silence::UnitState;

/// A moment by both clocks: uptime for silence, the wall clock for plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For how long something has lasted.
    pub uptime: Uptime,
    /// For when something is planned.
    pub timestamp: Timestamp,
}

impl Moment {
    /// The uptime at a wall-clock moment, if neither clock is set in between.
    #[must_use]
    pub fn uptime_at(self, at: Timestamp) -> Uptime {
        let ahead = self.uptime.after(at.since(self.timestamp));
        Uptime(ahead.0.saturating_sub(self.timestamp.since(at)))
    }
}

/// What a report was to the watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is about a check of its unit, and is counted.
    Check,
    /// It matches no check of its unit. It is kept, and counts for nothing.
    Nothing,
}

/// Whether what is due is known, or everything has to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Knowledge {
    Current,
    Stale,
}

/// Tonight in all homes, and what is still open of earlier nights.
#[derive(Clone, Debug)]
pub struct Watch {
    started: Moment,
    night: Date,
    /// When this night was begun, by the hub's clock.
    began: Timestamp,
    roster: Arc<Roster>,
    /// Who was enrolled since the hub started: a row must not lose its name.
    former: BTreeMap<ResidentId, Person>,
    /// What was agreed with each resident for when somebody is needed. Only shown.
    agreed: BTreeMap<ResidentId, Arrangement>,
    /// What is set for the homes.
    settings: Arc<Settings>,
    checks: BTreeMap<CheckId, CheckState>,
    units: BTreeMap<UnitId, UnitState>,
    /// Each unit's checks that have a moment to come.
    of_unit: BTreeMap<UnitId, BTreeSet<CheckId>>,
    exceptions: Exceptions,
    matters: Matters,
    agenda: Agenda,
    knowledge: Knowledge,
    /// The wall clock when the agenda was last true.
    latest: Timestamp,
    /// What was decided where nothing could be returned.
    pending: Vec<Change>,
    contact: Contact,
    wake: Option<Uptime>,
}

impl Watch {
    /// A watch that begins at `started`, with the past that the store remembers. The caller
    /// lets time pass ([`Watch::handle_timeout`]) before anything else, so that what went by
    /// while the hub was down is accounted for first.
    #[must_use]
    pub fn new(started: Moment, night: Date, roster: Arc<Roster>, saved: Saved) -> Self {
        let mut watch = Self {
            started,
            night,
            began: started.timestamp,
            roster: Arc::default(),
            former: BTreeMap::new(),
            agreed: BTreeMap::new(),
            settings: Arc::default(),
            checks: BTreeMap::new(),
            units: BTreeMap::new(),
            of_unit: BTreeMap::new(),
            exceptions: Exceptions::restore(saved.exceptions, saved.next_exception),
            matters: Matters::restore(saved.matters, saved.next_matter),
            agenda: Agenda::default(),
            knowledge: Knowledge::Stale,
            latest: started.timestamp,
            pending: Vec::new(),
            contact: Contact::Up,
            wake: Some(started.uptime),
        };
        watch.recall(started, saved.checks);
        watch.enrol(started, roster);
        watch
    }

    /// The night that is shown.
    #[must_use]
    pub fn night(&self) -> Date {
        self.night
    }

    /// Who is enrolled.
    #[must_use]
    pub fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// Takes in a new roster. A unit that is new gets the grace of one just heard.
    pub fn enrol(&mut self, now: Moment, roster: Arc<Roster>) {
        let held = std::mem::take(&mut self.units);
        for home in roster.homes() {
            let known = held.get(&home.unit).copied();
            self.units.insert(
                home.unit,
                known.unwrap_or_else(|| UnitState::new(now.uptime)),
            );
        }
        for home in self.roster.homes() {
            for resident in &home.residents {
                let person = self.roster.person(resident.id);
                self.former.insert(resident.id, person);
            }
        }
        self.roster = roster;
        self.review_roster(now);
        self.distrust(now);
    }

    /// Takes in checks as frozen. One that is known already stays as it is.
    pub fn plan(&mut self, now: Moment, checks: Vec<Planned>) {
        let fresh = checks.into_iter().map(SavedCheck::fresh);
        self.recall(now, fresh.collect());
    }

    /// Takes in checks with all that the store knows of them. One that is known already stays as
    /// it is: what is in memory is never older than the store.
    pub fn recall(&mut self, now: Moment, checks: Vec<SavedCheck>) {
        for saved in checks {
            let id = saved.planned.check.id;
            self.checks
                .entry(id)
                .or_insert_with(|| CheckState::restore(saved));
        }
        self.distrust(now);
    }

    /// Begins another night. What is settled of earlier nights is for the store to remember.
    pub fn begin_night(&mut self, now: Moment, night: Date) {
        self.night = night;
        self.checks
            .retain(|id, state| id.night >= night || state.outcome.is_none());
        self.exceptions.forget(now.timestamp);
        self.review_matters(now);
        self.began = now.timestamp;
        self.distrust(now);
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Moment) -> Vec<Change> {
        let mut changes = std::mem::take(&mut self.pending);
        let due = self.due(now);
        for &check in &due.checks {
            self.judge(check, now, &mut changes);
        }
        for &check in &due.checks {
            self.remember_check(check, now);
        }
        for &unit in &due.units {
            self.ask_about(unit, now, &mut changes);
            self.remember_unit(unit, now);
        }
        self.exceptions.fall_back(now.timestamp, &mut changes);
        self.review_contact(now, &mut changes);
        self.knowledge = Knowledge::Current;
        // Also where the clock was set back: everything has just been looked at.
        self.latest = now.timestamp;
        self.reckon(now);
        changes
    }

    /// When to call [`Watch::handle_timeout`] next, at the latest.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Uptime> {
        self.wake
    }

    /// What is due; everything, if the agenda cannot be trusted: after a change of plans or
    /// roster, or when the wall clock was set back.
    fn due(&mut self, now: Moment) -> Due {
        if self.knowledge == Knowledge::Current && now.timestamp >= self.latest {
            let mut due = self.agenda.due(now);
            // What a unit's next look is may have changed with its checks.
            let units = due.checks.iter().filter_map(|check| self.checks.get(check));
            let units: Vec<UnitId> = units.map(|state| state.planned.unit).collect();
            due.units
                .extend(units.iter().filter(|unit| self.units.contains_key(unit)));
            return due;
        }
        self.agenda = Agenda::default();
        self.of_unit.clear();
        let unsettled = self.checks.values().filter(|state| state.outcome.is_none());
        let due = Due {
            checks: unsettled.map(|state| state.planned.check.id).collect(),
            units: self.units.keys().copied().collect(),
        };
        for &check in &due.checks {
            self.remember_check(check, now);
        }
        due
    }

    /// Puts a check's next moment on the agenda.
    fn remember_check(&mut self, check: CheckId, now: Moment) {
        let Some(state) = self.checks.get(&check) else {
            self.agenda.set_check(check, None);
            return;
        };
        let next = state.next_timeout(now.timestamp);
        let next = next.filter(|_| state.outcome.is_none());
        let of_unit = self.of_unit.entry(state.planned.unit).or_default();
        match next {
            Some(_) => of_unit.insert(check),
            None => of_unit.remove(&check),
        };
        self.agenda.set_check(check, next);
    }

    /// Puts a unit's next moments on the agenda.
    fn remember_unit(&mut self, unit: UnitId, now: Moment) {
        let next_look = self.next_look(unit, now.timestamp);
        let moments = self
            .units
            .get(&unit)
            .map(|state| state.moments(now, next_look));
        self.agenda.set_unit(unit, moments.unwrap_or_default());
    }

    /// A unit's next look.
    fn next_look(&self, unit: UnitId, now: Timestamp) -> Option<Timestamp> {
        let checks = self.of_unit.get(&unit)?.iter();
        checks
            .filter_map(|check| self.checks.get(check)?.next_look(now))
            .min()
    }

    /// Asks a person about a unit that has been silent for too long.
    fn ask_about(&mut self, unit: UnitId, now: Moment, changes: &mut Vec<Change>) {
        let next_look = self.next_look(unit, now.timestamp);
        let Some(state) = self.units.get(&unit) else {
            return;
        };
        let asked_at = state.ask_at(now, next_look);
        let is_silent = state.silence(now.uptime).is_some();
        if !is_silent || asked_at.is_none_or(|at| now.uptime < at) {
            return;
        }
        let roster = Arc::clone(&self.roster);
        for resident in roster.of_unit(unit).iter().flat_map(|home| &home.residents) {
            if self.is_beyond_asking(resident.id, now) {
                continue;
            }
            let call = Call {
                now: now.timestamp,
                resident: resident.id,
                cause: Cause::Silent,
                due: self.next_deadline(resident.id, now.timestamp),
                punctuality: Punctuality::InTime,
            };
            self.exceptions.call(call, changes);
        }
    }

    /// By when somebody must have acted for a resident whose unit is silent: the deadline of the
    /// next check that it will not make. At once, if no check is known.
    fn next_deadline(&self, resident: ResidentId, now: Timestamp) -> Timestamp {
        self.first_to_come(resident, now).unwrap_or(now)
    }

    /// The first deadline that is to come of a resident's checks that are not settled.
    fn first_to_come(&self, resident: ResidentId, now: Timestamp) -> Option<Timestamp> {
        let first = CheckId {
            resident,
            night: Date::MIN,
            window: nattsyn_protocol::ids::WindowKey(0),
        };
        let own = self.checks.range(first..);
        own.take_while(|(id, _)| id.resident == resident)
            .filter(|(_, state)| state.outcome.is_none())
            .map(|(_, state)| state.planned.check.deadline)
            .filter(|deadline| *deadline > now)
            .min()
    }

    fn judge(&mut self, id: CheckId, now: Moment, changes: &mut Vec<Change>) {
        let Some(state) = self.checks.get(&id) else {
            return;
        };
        let cause = match state.judge(now.timestamp) {
            Judgement::Open => return,
            Judgement::Seen(look) => return self.settle_seen(id, &look, now, changes),
            Judgement::CalledOff(why) => return self.settle_called_off(id, why, now, changes),
            Judgement::Needs(cause) => cause,
            // Why it went missing is settled when it does, not anew with every heartbeat.
            Judgement::Missing if self.exceptions.of_check(id).is_some() => return,
            Judgement::Missing => match self.unit_of(id, now) {
                Unit::Heard => Cause::NoReport,
                Unit::Silent => Cause::Silent,
            },
        };
        match precedence(state.standing(), News::Otherwise) {
            Effect::MayAsk => {}
            Effect::Settles | Effect::Corrects | Effect::AddsLine => return,
        }
        let deadline = state.planned.check.deadline;
        let call = Call {
            now: now.timestamp,
            resident: id.resident,
            cause,
            due: deadline,
            punctuality: if deadline < self.started.timestamp {
                Punctuality::HubWasDown
            } else {
                Punctuality::InTime
            },
        };
        let unit = self.unit_of(id, now);
        let is_explained = |check| is_explained(&self.checks, check);
        self.exceptions.place(call, id, unit, is_explained, changes);
    }

    /// Whether a check's unit is heard.
    fn unit_of(&self, id: CheckId, now: Moment) -> Unit {
        let silent_row = self.exceptions.open(id.resident, Cause::Silent);
        let unit = self.checks.get(&id).map(|state| state.planned.unit);
        match unit.and_then(|unit| self.units.get(&unit)) {
            // The grace that a hub's start gives is no sign of life: a row of silence from
            // before it still stands.
            Some(unit) if unit.heard.is_none() && silent_row.is_some() => Unit::Silent,
            Some(unit) if unit.silence(now.uptime).is_none() => Unit::Heard,
            Some(_) | None => Unit::Silent,
        }
    }

    /// A unit saw the person.
    fn settle_seen(&mut self, id: CheckId, look: &Counted, now: Moment, changes: &mut Vec<Change>) {
        // A person was there and saw otherwise, or is helping: the look is a line beside that.
        if self.exceptions.is_for_people(id) {
            return;
        }
        let arrival = match self.exceptions.of_check(id) {
            Some(_) => Arrival::Late,
            None => Arrival::InTime,
        };
        let Some(state) = self.checks.get_mut(&id) else {
            return;
        };
        match precedence(state.standing(), News::Visible) {
            Effect::Settles => {}
            Effect::Corrects | Effect::AddsLine | Effect::MayAsk => return,
        }
        let outcome = Outcome {
            how: How::Visible(arrival),
            at: look.at,
            came: look.came,
        };
        state.outcome = Some(outcome);
        changes.push(Change::Settled(id, outcome));
        let is_explained = |check| is_explained(&self.checks, check);
        self.exceptions
            .explain(id, now.timestamp, look.at, is_explained, changes);
    }

    /// Everything is to be looked at again, at once.
    fn distrust(&mut self, now: Moment) {
        self.knowledge = Knowledge::Stale;
        self.wake = Some(now.uptime);
    }

    /// Puts a check that something was said about, and its unit, on the agenda again.
    fn remember(&mut self, check: CheckId, now: Moment) {
        if self.knowledge == Knowledge::Current {
            self.remember_check(check, now);
            if let Some(unit) = self.checks.get(&check).map(|state| state.planned.unit) {
                self.remember_unit(unit, now);
            }
        }
        self.reckon(now);
    }

    /// Finds the next timeout. What is due already is about other checks and units too, and is
    /// [`Watch::handle_timeout`]'s to deal with.
    fn reckon(&mut self, now: Moment) {
        if self.knowledge == Knowledge::Stale || now.timestamp < self.latest {
            return self.distrust(now);
        }
        self.latest = now.timestamp;
        let contact = self.contact.next_timeout().map(|at| at.max(now.uptime));
        let next = self.agenda.next(now);
        let falls_back = self.exceptions.falls_back_at().map(|at| now.uptime_at(at));
        self.wake = next.into_iter().chain(contact).chain(falls_back).min();
    }

    /// The next timeout as it would be found by looking at everything.
    #[cfg(test)]
    fn naive_wake(&self, now: Moment) -> Option<Uptime> {
        let unsettled = || self.checks.values().filter(|state| state.outcome.is_none());
        let checks = unsettled()
            .filter_map(|state| state.next_timeout(now.timestamp))
            .map(|at| now.uptime_at(at));
        let units = self.units.iter().filter_map(|(unit, state)| {
            let of_unit = unsettled().filter(|check| check.planned.unit == *unit);
            let next_look = of_unit
                .filter_map(|check| check.next_look(now.timestamp))
                .min();
            state.next_timeout(now, next_look)
        });
        let contact = self.contact.next_timeout();
        let held = self.exceptions.all().filter(|row| row.ended.is_none());
        let falls_back = held
            .filter_map(|row| row.handling.falls_back_at())
            .map(|at| now.uptime_at(at));
        checks.chain(units).chain(contact).chain(falls_back).min()
    }
}

/// Whether nothing is unexplained about a check.
fn is_explained(checks: &BTreeMap<CheckId, CheckState>, check: CheckId) -> bool {
    checks
        .get(&check)
        .is_none_or(|state| state.outcome.is_some())
}

/// How long the broker may be gone before somebody is told: its restarts are routine.
const CONTACT_GRACE: std::time::Duration = SILENT_AFTER;
