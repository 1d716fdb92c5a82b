//! What people did, in the oracle's own reading: who is away, has moved or died, and what that
//! excuses.

use std::collections::BTreeMap;

use nattsyn_protocol::ids::{CheckId, ResidentId};

use super::calendar::{Day, HOUR};
use super::expected::Expected;
use super::oracle::NOTICED_WITHIN_MS;

/// Noon, in minutes of the day.
const NOON: i64 = 12 * 60;

/// For how long a word that somebody is still away holds (docs/reference/plan.md).
const CONFIRMED_FOR: i64 = 36 * HOUR;

/// One absence.
#[derive(Clone, Debug)]
struct Absence {
    first: Day,
    last: Option<Day>,
    said: i64,
    /// The last word that it holds.
    confirmed: i64,
    over: Option<i64>,
}

impl Absence {
    fn covers(&self, night: Day) -> bool {
        self.first <= night && self.last.is_none_or(|last| night <= last)
    }

    /// Whether it stood when a window opened, with the time that a hub has to notice its end.
    fn stood_at(&self, opens: i64) -> bool {
        self.over.is_none_or(|over| over + noticed() > opens)
    }
}

/// What people did so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    absences: BTreeMap<ResidentId, Vec<Absence>>,
    ended: BTreeMap<ResidentId, i64>,
    left: BTreeMap<ResidentId, i64>,
}

impl Book {
    pub(super) fn leave(&mut self, resident: ResidentId, nights: (Day, Option<Day>), at: i64) {
        let absence = Absence {
            first: nights.0,
            last: nights.1,
            said: at,
            confirmed: at,
            over: None,
        };
        self.absences.entry(resident).or_default().push(absence);
    }

    pub(super) fn confirm(&mut self, resident: ResidentId, at: i64) {
        for absence in self.absences.entry(resident).or_default() {
            absence.confirmed = absence.confirmed.max(at);
        }
    }

    pub(super) fn come_back(&mut self, resident: ResidentId, at: i64) {
        for absence in self.absences.entry(resident).or_default() {
            absence.over.get_or_insert(at);
        }
    }

    pub(super) fn end(&mut self, resident: ResidentId, at: i64) {
        self.ended.entry(resident).or_insert(at);
    }

    /// Nobody of the list any more, and nothing said of why.
    pub(super) fn leave_list(&mut self, resident: ResidentId, at: i64) {
        self.left.entry(resident).or_insert(at);
    }

    fn absences(&self, resident: ResidentId) -> impl Iterator<Item = &Absence> {
        self.absences.get(&resident).into_iter().flatten()
    }

    /// Whether a resident is said to be away on a night, and nothing else since.
    pub(super) fn is_away(&self, resident: ResidentId, night: Day) -> bool {
        let mut absences = self.absences(resident);
        absences.any(|absence| absence.covers(night) && absence.over.is_none())
    }

    /// Whether no unit is to look at a resident on a night.
    pub(super) fn forbids(&self, resident: ResidentId, night: Day) -> bool {
        let is_gone = self.ended.contains_key(&resident) || self.left.contains_key(&resident);
        is_gone || self.is_away(resident, night)
    }

    /// Whether a check need not be planned.
    pub(super) fn excuses(&self, check: &Expected) -> bool {
        let who = check.id.resident;
        let is_past = |at: Option<&i64>| at.is_some_and(|&at| at < check.deadline);
        let is_away = self.absences(who).any(|absence| {
            let is_said = absence.said < check.deadline && absence.covers(check.night);
            is_said && absence.stood_at(check.opens)
        });
        is_away || is_past(self.ended.get(&who)) || is_past(self.left.get(&who))
    }

    /// Whether somebody has called a check of this night off, whose window opens then.
    pub(super) fn calls_off(&self, check: CheckId, night: Day, opens: i64) -> bool {
        let who = check.resident;
        let mut absences = self.absences(who);
        absences.any(|absence| absence.covers(night) && absence.stood_at(opens))
            || self.ended.contains_key(&who)
            || self.left.contains_key(&who)
    }

    /// Whether it was said by noon that the resident is away on a night, and nothing else since:
    /// no unit is to look.
    pub(super) fn bars(&self, resident: ResidentId, night: Day) -> bool {
        let noon = night.at(NOON);
        let mut absences = self.absences(resident);
        let is_away = absences
            .any(|absence| absence.covers(night) && absence.said <= noon && absence.over.is_none());
        is_away || self.ended.get(&resident).is_some_and(|&at| at <= noon)
    }

    /// Whether a resident is away until further notice, nobody had confirmed it by noon or has
    /// since, and nobody has said anything else: a person must be asked.
    pub(super) fn is_unconfirmed(&self, check: &Expected) -> bool {
        let who = check.id.resident;
        let noon = check.night.at(NOON);
        let is_gone = |at: Option<&i64>| at.is_some_and(|&at| at < check.deadline);
        if is_gone(self.ended.get(&who)) || is_gone(self.left.get(&who)) {
            return false;
        }
        let covering = self.absences(who).filter(|it| it.covers(check.night));
        let mut open = covering.filter(|it| it.over.is_none());
        open.any(|it| it.last.is_none() && it.confirmed + CONFIRMED_FOR < noon)
    }

    /// Whether a resident was known to be dead, or looked after no more, when a window opened.
    pub(super) fn was_ended_at(&self, resident: ResidentId, opens: i64) -> bool {
        let ended = self.ended.get(&resident);
        ended.is_some_and(|at| at + noticed() < opens)
    }
}

fn noticed() -> i64 {
    i64::try_from(NOTICED_WITHIN_MS).unwrap_or(0)
}
