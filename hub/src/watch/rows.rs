//! Tonight as the page shows it: what the watch knows, with names.

use std::sync::Arc;

use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::time::Timestamp;

use super::change::{Arrival, Exception, How, Outcome};
use super::check::CheckState;
use super::matters::{Matter, Subject};
use super::{Moment, Watch};
use crate::view::{
    CheckRow, ExceptionRow, Hearing, HomeRow, LookRow, MatterRow, Person, Reality, Standing,
    Tonight,
};

impl Watch {
    /// Tonight at `now`.
    #[must_use]
    pub fn tonight(&self, now: Moment, zone: &str, reality: Reality) -> Tonight {
        let (mut open, mut closed): (Vec<_>, Vec<_>) = self
            .exceptions
            .all()
            .map(|exception| self.exception_row(exception))
            .partition(|row| row.ended.is_none());
        open.sort_by_key(|row| (row.due, row.opened, row.id));
        closed.sort_by_key(|row| std::cmp::Reverse((row.ended.map(|(at, _)| at), row.id)));
        let mut checks: Vec<CheckRow> = self
            .checks
            .values()
            .filter(|state| state.planned.check.id.night == self.night)
            .map(|state| self.check_row(state, now))
            .collect();
        checks.sort_by_key(|row| (row.opens, row.id));
        Tonight {
            now: now.timestamp,
            night: self.night,
            zone: zone.to_owned(),
            reality,
            open,
            closed,
            matters: self.matter_rows(),
            checks,
            homes: self.home_rows(now),
            consent: Arc::default(),
            labels: Arc::default(),
        }
    }

    /// The checks of tonight that a unit is to look at, of one resident, whose windows open later
    /// than this.
    #[must_use]
    pub fn looked_at_later(&self, resident: ResidentId, than: Timestamp) -> Vec<CheckId> {
        let states = self.checks.values().filter(|state| {
            let check = &state.planned.check;
            let is_theirs = check.id.night == self.night && check.id.resident == resident;
            is_theirs && check.opens > than && state.is_to_be_looked_at()
        });
        states.map(|state| state.planned.check.id).collect()
    }

    /// A resident in words that staff know, also one who is no longer enrolled.
    fn person(&self, resident: ResidentId) -> Person {
        let former = self.former.get(&resident);
        match (self.roster.of_resident(resident), former) {
            (None, Some(former)) => former.clone(),
            (Some(_), _) | (None, None) => self.roster.person(resident),
        }
    }

    fn matter_rows(&self) -> Vec<MatterRow> {
        let about = |subject| match subject {
            Subject::Unit(unit) => self.roster.of_unit(unit).map(|home| home.address.clone()),
            Subject::Resident(resident) => Some(self.person(resident).name),
            Subject::Team(_) | Subject::Hub => None,
        };
        let row = |(matter, seen): (&Matter, Timestamp)| MatterRow {
            id: matter.id,
            situation: matter.situation,
            subject: matter.subject,
            about: about(matter.subject).unwrap_or_default(),
            opened: matter.opened,
            seen,
        };
        let mut rows: Vec<MatterRow> = self.matters.seen().map(row).collect();
        rows.sort_by_key(|row| (row.opened, row.id));
        rows
    }

    fn exception_row(&self, exception: &Exception) -> ExceptionRow {
        ExceptionRow {
            id: exception.id,
            person: self.person(exception.resident),
            home: self
                .roster
                .of_resident(exception.resident)
                .map(|home| home.id),
            cause: exception.cause,
            opened: exception.opened,
            due: exception.due,
            punctuality: exception.punctuality_now(),
            checks: exception.checks.iter().copied().collect(),
            ended: exception.ended,
            handling: exception.handling.clone(),
            agreed: self.agreed.get(&exception.resident).cloned(),
        }
    }

    fn check_row(&self, state: &CheckState, now: Moment) -> CheckRow {
        let check = &state.planned.check;
        let look_row = |counted: super::Counted| LookRow {
            look: counted.look,
            at: counted.at,
            came: counted.came,
            finding: state.shown(&counted),
        };
        CheckRow {
            id: check.id,
            person: self.person(check.id.resident),
            home: self.roster.of_resident(check.id.resident).map(|it| it.id),
            opens: check.opens,
            deadline: check.deadline,
            standing: self.standing(state, now),
            looks: state.looks().into_iter().map(look_row).collect(),
        }
    }

    fn standing(&self, state: &CheckState, now: Moment) -> Standing {
        let check = &state.planned.check;
        if let Some(word) = &state.word {
            return Standing::Said {
                said: word.said,
                at: word.at,
            };
        }
        if let Some(outcome) = state.outcome {
            return settled(outcome);
        }
        if let Some(why) = state.called_off() {
            return Standing::CalledOff(why);
        }
        if let Some(row) = self.exceptions.of_check(check.id) {
            return Standing::Exception { cause: row.cause };
        }
        if now.timestamp < check.opens {
            Standing::Planned
        } else if state.is_overdue(now.timestamp) {
            Standing::Overdue
        } else {
            Standing::Ongoing
        }
    }

    fn home_rows(&self, now: Moment) -> Vec<HomeRow> {
        let row = |home: &crate::roster::Home| HomeRow {
            home: home.id,
            unit: home.unit,
            address: home.address.clone(),
            heard: self.units.get(&home.unit).and_then(|unit| unit.heard),
            hearing: self.hearing(home.unit, now),
        };
        self.roster.homes().iter().map(row).collect()
    }

    /// How a unit is heard.
    #[must_use]
    pub fn hearing(&self, unit: UnitId, now: Moment) -> Hearing {
        self.units
            .get(&unit)
            .map_or(Hearing::Silent(std::time::Duration::ZERO), |unit| {
                unit.hearing(now.uptime)
            })
    }
}

fn settled(outcome: Outcome) -> Standing {
    match outcome.how {
        How::Visible(Arrival::InTime) => Standing::Visible { at: outcome.at },
        How::Visible(Arrival::Late) => Standing::VisibleLate {
            at: outcome.at,
            came: outcome.came,
        },
        How::Said(said) => Standing::Said {
            said,
            at: outcome.at,
        },
        How::CalledOff(why) => Standing::CalledOff(why),
    }
}
