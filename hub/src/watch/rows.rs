//! Tonight as the page shows it: what the watch knows, with names.

use nattsyn_protocol::ids::UnitId;

use super::change::{Arrival, Exception};
use super::check::CheckState;
use super::{Moment, Watch};
use crate::view::{CheckRow, ExceptionRow, Hearing, HomeRow, LookRow, Reality, Standing, Tonight};

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
            checks,
            homes: self.home_rows(now),
        }
    }

    fn exception_row(&self, exception: &Exception) -> ExceptionRow {
        ExceptionRow {
            id: exception.id,
            person: self.roster.person(exception.resident),
            cause: exception.cause,
            opened: exception.opened,
            due: exception.due,
            checks: exception.checks.iter().copied().collect(),
            ended: exception.ended,
        }
    }

    fn check_row(&self, state: &CheckState, now: Moment) -> CheckRow {
        let check = &state.planned.check;
        let look_row = |counted: super::Counted| LookRow {
            look: counted.look,
            at: counted.at,
            came: counted.came,
            finding: state.finding(&counted),
        };
        CheckRow {
            id: check.id,
            person: self.roster.person(check.id.resident),
            opens: check.opens,
            deadline: check.deadline,
            standing: self.standing(state, now),
            looks: state.looks().into_iter().map(look_row).collect(),
        }
    }

    fn standing(&self, state: &CheckState, now: Moment) -> Standing {
        let check = &state.planned.check;
        if let Some(outcome) = state.outcome {
            return match outcome.arrival {
                Arrival::InTime => Standing::Visible { at: outcome.at },
                Arrival::Late => Standing::VisibleLate {
                    at: outcome.at,
                    came: outcome.came,
                },
            };
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
