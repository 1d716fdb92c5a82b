//! Which plan versions are to be signed, so that every unit will do what was agreed. Pure.
//!
//! Two kinds of change meet here. What was agreed anew holds from the next noon. Who is away, is
//! back or will not be looked at again holds at once, and so do windows that a change adds to
//! tonight: a version is made of tonight's plan with only that changed, and what was agreed anew
//! follows it as a version of its own. A unit that a resident has no more gets a version without
//! windows, so that no eye goes on by an old plan.

use std::collections::BTreeSet;

use jiff::civil::Date;

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::plan::{LOOKS_PER_NIGHT_MAX, Plan};
use nattsyn_protocol::policy::Looks;
use nattsyn_protocol::time::Timestamp;

use super::tonight::widened;
use super::{Book, Seat};
use crate::nights;
use crate::roster::Roster;
use crate::store::{Holds, StoredPlan};

/// The night in which it is decided: its date and its noon.
pub type Tonight = (Date, Timestamp);

/// The plan versions to add, in order. `is_ours` says whether a stored plan was signed by the
/// key in use.
#[must_use]
pub fn due(
    book: &Book,
    stored: &[StoredPlan],
    roster: &Roster,
    tonight: Tonight,
    is_ours: impl Fn(&StoredPlan) -> bool,
) -> Vec<(Plan, Holds)> {
    let planned = stored.iter().map(|stored| stored.plan.resident);
    let residents: BTreeSet<ResidentId> = book.residents().chain(planned).collect();
    let mut added: Vec<(Plan, Holds)> = Vec::new();
    for resident in residents {
        let mut versions = Versions::of(resident, stored, tonight);
        let others = |unit| looks_of_others(stored, &added, roster, (resident, unit), tonight);
        versions.settle(book, roster, others, &is_ours);
        added.extend(versions.added);
    }
    added
}

/// How many looks a unit makes tonight at other people of the home, at most.
fn looks_of_others(
    stored: &[StoredPlan],
    added: &[(Plan, Holds)],
    roster: &Roster,
    (resident, unit): (ResidentId, UnitId),
    tonight: Tonight,
) -> usize {
    let home = roster.of_unit(unit).into_iter();
    let others = home.flat_map(|home| &home.residents).map(|other| other.id);
    let plan_of = |other: ResidentId| {
        let at_once = added.iter().rfind(|(plan, holds)| {
            plan.resident == other && plan.unit == unit && *holds == Holds::AtOnce
        });
        let held = Versions::of(other, stored, tonight).current(unit);
        at_once.map(|(plan, _)| plan).or(held).map(|plan| {
            let windows = plan.windows_on(tonight.0).into_iter();
            windows
                .map(|window| plan.looks_of(window).len())
                .sum::<usize>()
        })
    };
    let others = others.filter(|other| *other != resident);
    others.filter_map(plan_of).sum()
}

/// One resident's plan versions, held and to be added.
struct Versions<'a> {
    resident: ResidentId,
    tonight: Tonight,
    stored: Vec<&'a StoredPlan>,
    added: Vec<(Plan, Holds)>,
}

impl<'a> Versions<'a> {
    fn of(resident: ResidentId, stored: &'a [StoredPlan], tonight: Tonight) -> Self {
        let own = stored.iter().filter(|s| s.plan.resident == resident);
        Self {
            resident,
            tonight,
            stored: own.collect(),
            added: Vec::new(),
        }
    }

    fn settle(
        &mut self,
        book: &Book,
        roster: &Roster,
        looks_of_others: impl Fn(UnitId) -> usize,
        is_ours: &impl Fn(&StoredPlan) -> bool,
    ) {
        let seat = seat_of(roster, self.resident);
        let seat = seat.filter(|_| book.ended(self.resident).is_none());
        // A *no* takes the windows from the unit too: its eye refuses by the policy, and a unit
        // that never hears of the policy has nothing to look by.
        let seat = seat.filter(|_| self.looks(book, roster) == Looks::ByPlan);
        self.dismiss(seat.map(|seat| seat.unit));
        let Some(seat) = seat else {
            return;
        };
        let (night, noon) = self.tonight;
        let (Some(held), Some(newest)) = (
            book.in_force(self.resident, noon),
            book.newest(self.resident),
        ) else {
            return;
        };
        let absences = book.absences(self.resident);
        let next = newest.agreement.plan(seat, absences, night);
        let more = book.added_looks(self.resident, self.tonight);
        let widened = |plan: Plan| {
            if more.is_empty() {
                return plan;
            }
            let wider = widened(&plan, &more, night);
            let others = looks_of_others(seat.unit);
            // The eye makes no more looks than these, at whomever.
            let is_kept = wider.looks_a_night() + others <= LOOKS_PER_NIGHT_MAX;
            if is_kept { wider } else { plan }
        };
        let tonights = held.agreement.plan(seat, absences, night);
        let current = self.current(seat.unit);
        // A unit that was taken from the list got a plan without windows. It is back.
        let current = current.filter(|plan| !is_without_looks(plan) || is_without_looks(&tonights));
        if let Some(current) = current {
            let changed = widened(Plan {
                away: next.away.clone(),
                ..current.clone()
            });
            if !same(current, &changed, night) {
                self.add(changed, Holds::AtOnce);
            }
        } else if !self.stored.is_empty() {
            // The resident or the unit has moved: what holds tonight holds there too.
            self.add(widened(tonights), Holds::AtOnce);
        }
        let latest = self.latest(seat.unit);
        let is_signed = self.added.iter().any(|(plan, _)| plan.unit == seat.unit)
            || self
                .stored
                .iter()
                .rfind(|stored| stored.plan.unit == seat.unit)
                .is_some_and(|stored| is_ours(stored));
        if !latest.is_some_and(|latest| same(latest, &next, night)) || !is_signed {
            self.add(next, Holds::FromNoon);
        }
    }

    fn looks(&self, book: &Book, roster: &Roster) -> Looks {
        let home = roster.of_resident(self.resident).into_iter();
        let living = home.flat_map(|home| &home.residents).map(|who| who.id);
        let others = living.filter(|other| *other != self.resident);
        book.consents().looks(self.resident, others)
    }

    /// Takes the windows from every unit but one.
    fn dismiss(&mut self, unit: Option<UnitId>) {
        let units: BTreeSet<UnitId> = self.stored.iter().map(|stored| stored.plan.unit).collect();
        for other in units.into_iter().filter(|other| Some(*other) != unit) {
            let latest = self.latest(other);
            let looks = latest.is_some_and(|plan| !is_without_looks(plan))
                || self
                    .current(other)
                    .is_some_and(|plan| !is_without_looks(plan));
            if looks {
                self.add(Plan::bare(self.resident, other), Holds::AtOnce);
            }
        }
    }

    /// The plan that the unit is to hold now.
    fn current(&self, unit: UnitId) -> Option<&'a Plan> {
        let (_, noon) = self.tonight;
        let holding = nights::ranked(self.stored.iter().copied())
            .filter(|(stored, rank)| nights::holds(stored, *rank, noon))
            .filter(|(stored, _)| stored.plan.unit == unit);
        holding.last().map(|(stored, _)| &stored.plan)
    }

    /// The newest version for a unit, from whenever it holds.
    fn latest(&self, unit: UnitId) -> Option<&Plan> {
        let stored = self.stored.iter().map(|stored| &stored.plan);
        let mut all = stored.chain(self.added.iter().map(|(plan, _)| plan));
        all.rfind(|plan| plan.unit == unit)
    }

    fn add(&mut self, plan: Plan, holds: Holds) {
        let stored = self.stored.iter().map(|stored| stored.plan.version);
        let newest = stored.max().unwrap_or(0);
        let added = u32::try_from(self.added.len()).unwrap_or(u32::MAX);
        let version = newest.saturating_add(added).saturating_add(1);
        self.added.push((Plan { version, ..plan }, holds));
    }
}

/// Where a resident's unit hangs.
#[must_use]
pub fn seat_of(roster: &Roster, resident: ResidentId) -> Option<Seat> {
    let home = roster.of_resident(resident)?;
    let place = home.residents.iter().position(|r| r.id == resident)?;
    Some(Seat {
        home: home.id,
        unit: home.unit,
        place,
    })
}

/// Whether two versions say the same from tonight on: what is over makes no difference.
fn same(one: &Plan, other: &Plan, tonight: Date) -> bool {
    let ahead = |plan: &Plan| {
        let mut plan = plan.clone();
        plan.version = 0;
        plan.away
            .retain(|away| away.last.is_none_or(|last| last >= tonight));
        plan.temporary = plan.temporary.filter(|temporary| temporary.last >= tonight);
        plan
    };
    ahead(one) == ahead(other)
}

fn is_without_looks(plan: &Plan) -> bool {
    plan.windows.is_empty() && plan.temporary.is_none()
}
