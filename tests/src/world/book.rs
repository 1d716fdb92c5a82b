//! What people did, in the oracle's own reading: who is away, has moved or died, and what that
//! excuses.

use std::collections::{BTreeMap, BTreeSet};

use nattsyn_protocol::ids::{CheckId, ResidentId};

use super::calendar::{Day, HOUR};
use super::expected::{Expected, Standing};
use super::oracle::{NOTICED_WITHIN_MS, Row};

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
    /// When it was said, and each time that it was said to hold.
    words: Vec<i64>,
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

    /// Whether it is about a check and was said before that was over.
    fn is_about(&self, row: &Row) -> bool {
        self.covers(row.night) && self.said < row.deadline
    }

    /// Whether it was still in time for a hub to go by it when a window opened, and nothing else
    /// was said by then.
    fn was_known_at(&self, row: &Row) -> bool {
        let stood = self.over.is_none_or(|over| over > row.opens);
        self.covers(row.night) && self.said + noticed() < row.opens && stood
    }

    /// Whether it holds for a night by itself, or by a word that was said by a moment.
    fn is_relied_on(&self, night: Day, by: i64) -> bool {
        let noon = night.at(NOON);
        let mut words = self.words.iter().filter(|&&word| word <= by);
        self.last.is_some() || words.any(|word| word + CONFIRMED_FOR >= noon)
    }
}

/// What people did so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Book {
    absences: BTreeMap<ResidentId, Vec<Absence>>,
    ended: BTreeMap<ResidentId, i64>,
    left: BTreeMap<ResidentId, i64>,
    /// Whoever shares a unit, or did: it may have no looks left for a window that is added.
    sharing: BTreeSet<ResidentId>,
}

impl Book {
    pub(super) fn leave(&mut self, resident: ResidentId, nights: (Day, Option<Day>), at: i64) {
        let absence = Absence {
            first: nights.0,
            last: nights.1,
            said: at,
            words: vec![at],
            over: None,
        };
        self.absences.entry(resident).or_default().push(absence);
    }

    pub(super) fn confirm(&mut self, resident: ResidentId, at: i64) {
        for absence in self.absences.entry(resident).or_default() {
            absence.words.push(at);
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

    /// These live in one home.
    pub(super) fn live_together(&mut self, residents: &[ResidentId]) {
        if residents.len() > 1 {
            self.sharing.extend(residents);
        }
    }

    fn absences(&self, resident: ResidentId) -> impl Iterator<Item = &Absence> {
        self.absences.get(&resident).into_iter().flatten()
    }

    /// Whether a resident is said to be away on a night, and nothing else since.
    fn is_away(&self, resident: ResidentId, night: Day) -> bool {
        let mut absences = self.absences(resident);
        absences.any(|absence| absence.covers(night) && absence.over.is_none())
    }

    /// Whether a resident is said to be away at a check before it was over, and nothing else
    /// since.
    pub(super) fn is_away_at(&self, resident: ResidentId, row: &Row) -> bool {
        let mut absences = self.absences(resident);
        absences.any(|absence| absence.is_about(row) && absence.over.is_none())
    }

    /// Whether no unit is to look at a resident on a night.
    pub(super) fn forbids(&self, resident: ResidentId, night: Day) -> bool {
        let is_gone = self.ended.contains_key(&resident) || self.left.contains_key(&resident);
        is_gone || self.is_away(resident, night)
    }

    /// Whether a check need not be planned.
    pub(super) fn excuses(&self, check: &Expected) -> bool {
        let is_sharing = self.sharing.contains(&check.id.resident);
        let may_be_refused = check.standing == Standing::Added && is_sharing;
        may_be_refused || self.calls_off(check.id, &check.row())
    }

    /// Whether somebody has called a check off: said before it was over, and nobody came back
    /// before its window opened.
    pub(super) fn calls_off(&self, check: CheckId, row: &Row) -> bool {
        let who = check.resident;
        let is_past = |at: Option<&i64>| at.is_some_and(|&at| at < row.deadline);
        let mut absences = self.absences(who);
        absences.any(|absence| absence.is_about(row) && absence.stood_at(row.opens))
            || is_past(self.ended.get(&who))
            || is_past(self.left.get(&who))
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
    pub(super) fn is_unconfirmed(&self, check: CheckId, row: &Row) -> bool {
        let who = check.resident;
        let is_gone = |at: Option<&i64>| at.is_some_and(|&at| at < row.deadline);
        if is_gone(self.ended.get(&who)) || is_gone(self.left.get(&who)) {
            return false;
        }
        let is_open = |absence: &&Absence| absence.covers(row.night) && absence.over.is_none();
        let mut open = self.absences(who).filter(is_open).peekable();
        open.peek().is_some() && open.all(|it| !it.is_relied_on(row.night, i64::MAX))
    }

    /// Whether a resident was known to be dead, or looked after no more, when a window opened.
    pub(super) fn was_ended_at(&self, resident: ResidentId, opens: i64) -> bool {
        let ended = self.ended.get(&resident);
        ended.is_some_and(|at| at + noticed() < opens)
    }

    /// Whether a resident was known to be away when a window opened, by words that could be
    /// relied on.
    pub(super) fn was_away_at(&self, resident: ResidentId, row: &Row) -> bool {
        let by = row.opens - noticed();
        let known = self.absences(resident).filter(|it| it.was_known_at(row));
        let mut known = known.peekable();
        known.peek().is_some() && known.all(|it| it.is_relied_on(row.night, by))
    }
}

fn noticed() -> i64 {
    i64::try_from(NOTICED_WITHIN_MS).unwrap_or(0)
}
