//! What the watch makes of people's decisions: what they say of a check, what they change after
//! noon, who is enrolled, which matters they close.
//!
//! It does not judge whether they may: who may say what is for those who take their word.

use std::collections::{BTreeMap, BTreeSet};

use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::schedule::Check;
use nattsyn_protocol::time::Timestamp;

use super::alteration::{Alteration, Altered, CallOff};
use super::change::{Change, How, Manner, Outcome};
use super::check::CheckState;
use super::matters::Subject;
use super::situation::Situation;
use super::wall::Trust;
use super::word::{Effect, News, Said, Word, precedence};
use super::{Fit, Moment, Watch, is_explained};
use crate::view::{Arrangement, Ending};

impl CheckState {
    /// How the check counts: as a person said last, or else as it was settled.
    pub(super) fn standing(&self) -> Option<How> {
        let said = self.word.as_ref().map(|word| How::Said(word.said));
        said.or(self.outcome.map(|outcome| outcome.how))
    }
}

impl Watch {
    /// Takes in what a person says about a check. The word is a row in any case, also about a
    /// check of an earlier night that is settled ([`Fit::Nothing`]); the store refuses one about
    /// a check that never was.
    pub fn handle_word(&mut self, now: Moment, word: &Word) -> (Fit, Vec<Change>) {
        let (fit, mut changes) = self.take_word(now, word);
        if word.said == Said::Died && fit == Fit::Check {
            self.call_off_for_death(now, word.check.resident, &word.by, &mut changes);
        }
        (fit, changes)
    }

    /// What a person says, as far as it is about that check alone.
    pub(super) fn take_word(&mut self, now: Moment, word: &Word) -> (Fit, Vec<Change>) {
        let mut changes = vec![Change::Spoken(word.clone())];
        let Some(state) = self.checks.get_mut(&word.check) else {
            self.reckon(now);
            return (Fit::Nothing, changes);
        };
        let effect = precedence(state.standing(), News::Word);
        let is_first = state.outcome.is_none();
        state.word = Some(word.clone());
        match effect {
            Effect::Settles if is_first => {
                let how = How::Said(word.said);
                let ending = Ending::Said(word.said);
                self.settle(word.check, how, ending, now, &mut changes);
                if word.said != Said::Died || !self.lives_with_others(word.check.resident) {
                    self.answer(word.check, now);
                }
            }
            Effect::Settles | Effect::Corrects | Effect::AddsLine | Effect::MayAsk => {}
        }
        self.remember(word.check, now);
        (Fit::Check, changes)
    }

    /// Takes in a change of a check after noon: a row in any case; what it may do to the check,
    /// [`precedence`] says.
    pub fn alter(&mut self, now: Moment, altered: Altered) -> (Fit, Vec<Change>) {
        let check = altered.check;
        let Some(state) = self.checks.get_mut(&check) else {
            self.reckon(now);
            return (Fit::Nothing, Vec::new());
        };
        if state.is_already(altered.what) {
            self.reckon(now);
            return (Fit::Check, Vec::new());
        }
        let mut changes = vec![Change::Altered(altered.clone())];
        let standing = state.standing();
        state.alter(&altered);
        match altered.what {
            Alteration::CalledOff(why) => {
                let opens = state.planned.check.opens;
                let effect = precedence(standing, News::CallOff);
                let is_final = !may_be_taken_back(why) || now.timestamp >= opens;
                if effect == Effect::Settles && is_final {
                    self.settle_called_off(check, why, now, &mut changes);
                    if why != CallOff::Died || !self.lives_with_others(check.resident) {
                        self.answer(check, now);
                    }
                }
                if !may_be_taken_back(why) {
                    self.forget_move(check.resident, now, &mut changes);
                }
            }
            Alteration::Added
            | Alteration::MadePhysical
            | Alteration::AskIfAway
            | Alteration::Restored
            | Alteration::NoUnit
            | Alteration::Unit { .. } => self.judge(check, now, &mut changes),
        }
        // Whose next look it is may have changed.
        self.distrust(now);
        (Fit::Check, changes)
    }

    /// Brings checks to come in line with where units hang: `hung` names the unit in a resident's
    /// home and the version of the plan that it keeps for them, or nothing if they are not
    /// enrolled any more. What differs from how a check is to be made is a change of it.
    pub fn align(
        &mut self,
        now: Moment,
        hung: impl Fn(ResidentId) -> Option<(UnitId, Option<u32>)>,
    ) -> Vec<Change> {
        let to_come = self.checks.values().filter(|state| {
            let is_open = state.outcome.is_none() && state.planned.manner == Manner::Digital;
            is_open && state.planned.check.deadline > now.timestamp
        });
        let differs = |state: &CheckState| {
            let what = match hung(state.planned.check.id.resident) {
                None => state.is_served().then_some(Alteration::NoUnit),
                Some((unit, plan)) => {
                    let is_swapped = unit != state.planned.unit;
                    let is_back = !state.is_served() && plan.is_some();
                    (is_swapped || is_back).then_some(Alteration::Unit { unit, plan })
                }
            };
            what.map(|what| (state.planned.check.id, what))
        };
        let differing: Vec<_> = to_come.filter_map(differs).collect();
        let mut changes = Vec::new();
        for (check, what) in differing {
            let altered = Altered {
                check,
                what,
                by: "enrolment".to_owned(),
                why: String::new(),
                at: now.timestamp,
            };
            changes.extend(self.alter(now, altered).1);
        }
        changes
    }

    /// A check was called off, and that stands.
    pub(super) fn settle_called_off(
        &mut self,
        check: CheckId,
        why: CallOff,
        now: Moment,
        changes: &mut Vec<Change>,
    ) {
        let standing = self.checks.get(&check).and_then(CheckState::standing);
        match precedence(standing, News::CallOff) {
            Effect::Settles => {
                let (how, ending) = (How::CalledOff(why), Ending::CalledOff);
                self.settle(check, how, ending, now, changes);
            }
            Effect::Corrects | Effect::AddsLine | Effect::MayAsk => {}
        }
    }

    /// Whoever will not be looked at again has not moved: that row is over, and if it was not
    /// written yet it never was.
    fn forget_move(&mut self, who: ResidentId, now: Moment, changes: &mut Vec<Change>) {
        let (subject, situation) = (Subject::Resident(who), Situation::ResidentMoved);
        let mut over = Vec::new();
        self.matters
            .clear(subject, situation, now.timestamp, &mut over);
        let waiting = self.pending.len();
        self.pending.retain(|change| {
            !matches!(change, Change::Raised(matter)
                if matter.subject == subject && matter.situation == situation)
        });
        if self.pending.len() == waiting {
            changes.extend(over);
        }
    }

    /// A person has acted on a check, and so on its unit's silence.
    fn answer(&mut self, check: CheckId, now: Moment) {
        let unit = self.checks.get(&check).map(|state| state.planned.unit);
        let unit = unit.and_then(|unit| self.units.get_mut(&unit));
        // Of a silence that is still to come nobody has been asked.
        if let Some(unit) = unit.filter(|unit| unit.silence(now.uptime).is_some()) {
            unit.answer();
        }
    }

    /// A person decided how a check ends.
    fn settle(
        &mut self,
        check: CheckId,
        how: How,
        ending: Ending,
        now: Moment,
        changes: &mut Vec<Change>,
    ) {
        let outcome = Outcome {
            how,
            at: now.timestamp,
            came: now.timestamp,
        };
        let Some(state) = self.checks.get_mut(&check) else {
            return;
        };
        state.outcome = Some(outcome);
        changes.push(Change::Settled(check, outcome));
        let is_explained = |check| is_explained(&self.checks, check);
        self.exceptions
            .close(check, now.timestamp, ending, is_explained, changes);
    }

    /// Takes in what was agreed with residents for when somebody is needed. It decides nothing
    /// here, and stands on their rows.
    pub fn handle_agreed(&mut self, agreed: BTreeMap<ResidentId, Arrangement>) {
        self.agreed = agreed;
    }

    /// Takes in which residents have a plan in force: a unit in whose home nobody has one is
    /// pointed out.
    pub fn handle_plans(&mut self, now: Moment, in_force: &BTreeSet<ResidentId>) {
        let without_plan = |home: &&crate::roster::Home| {
            let mut residents = home.residents.iter();
            !home.residents.is_empty() && !residents.any(|who| in_force.contains(&who.id))
        };
        let homes = self.roster.homes().iter().filter(without_plan);
        let units: Vec<Subject> = homes.map(|home| Subject::Unit(home.unit)).collect();
        let situation = Situation::UnitWithoutPlan;
        self.matters
            .set(situation, units, now.timestamp, &mut self.pending);
        self.wake_for_pending(now);
    }

    /// Takes in the daily comparison: whom no unit proved to have looked after. It stands until
    /// a comparison without them.
    pub fn handle_comparison(&mut self, now: Moment, unproven: &BTreeSet<ResidentId>) {
        let people = unproven.iter().copied().map(Subject::Resident);
        let situation = Situation::NoLookProved;
        self.matters
            .set(situation, people, now.timestamp, &mut self.pending);
        self.wake_for_pending(now);
    }

    /// Takes in who is known at noon to need somebody at night: who is said to be away and is
    /// not confirmed to be, and whose checks no unit was given a plan for. Whoever is responsible
    /// has the day to put it right; when a window opens, night staff are asked about its check.
    pub fn handle_unplanned(
        &mut self,
        now: Moment,
        away_unconfirmed: &BTreeSet<ResidentId>,
        without_unit: &BTreeSet<ResidentId>,
    ) {
        for (situation, people) in [
            (Situation::AwayUnconfirmed, away_unconfirmed),
            (Situation::PlanWithoutUnit, without_unit),
        ] {
            let people = people.iter().copied().map(Subject::Resident);
            let has_moved = |who: &Subject| self.matters.is_open(*who, Situation::ResidentMoved);
            let people: Vec<Subject> = people.filter(|who| !has_moved(who)).collect();
            self.matters
                .set(situation, people, now.timestamp, &mut self.pending);
        }
        self.wake_for_pending(now);
    }

    /// Takes in whose plan has looks that may not be made, whose unit has not said that it looks
    /// again, and whose consent is to be gone through again.
    pub fn handle_consents(
        &mut self,
        now: Moment,
        [declined, awaited, overdue]: [&BTreeSet<ResidentId>; 3],
    ) {
        for (situation, people) in [
            (Situation::ConsentWithdrawn, declined),
            (Situation::LooksAwaited, awaited),
            (Situation::ConsentReview, overdue),
        ] {
            let people = people.iter().copied().map(Subject::Resident);
            self.matters
                .set(situation, people, now.timestamp, &mut self.pending);
        }
        self.wake_for_pending(now);
    }

    /// The checks that are called off, or of which it is asked whether they are to be made, and
    /// that are not settled: whoever is back before the window opens is looked after, also if the
    /// hub was down then.
    #[must_use]
    pub fn suspended(&self) -> Vec<CheckId> {
        let open = self.checks.values().filter(|state| state.outcome.is_none());
        let suspended = open.filter(|state| state.is_suspended());
        suspended.map(|state| state.planned.check.id).collect()
    }

    /// The checks of a night that were to be looks and are made as visits, and are not settled.
    #[must_use]
    pub fn made_physical(&self, night: jiff::civil::Date) -> Vec<CheckId> {
        let open = self.checks.values().filter(|state| state.outcome.is_none());
        let changed = open.filter(|state| state.was_made_physical());
        let ids = changed.map(|state| state.planned.check.id);
        ids.filter(|check| check.night == night).collect()
    }

    /// When the window of a check opens that is not settled.
    #[must_use]
    pub fn opens(&self, check: CheckId) -> Option<Timestamp> {
        Some(self.checks.get(&check)?.planned.check.opens)
    }

    /// The checks that are still to come and not settled.
    #[must_use]
    pub fn to_come(&self, now: Moment) -> Vec<CheckId> {
        let open = self.checks.values().filter(|state| state.outcome.is_none());
        let to_come = open.filter(|state| state.planned.check.deadline > now.timestamp);
        to_come.map(|state| state.planned.check.id).collect()
    }

    /// The checks whose windows have closed and of which nothing is settled.
    #[must_use]
    pub fn gone_by(&self, now: Moment) -> Vec<Check> {
        let open = self.checks.values().filter(|state| state.outcome.is_none());
        let checks = open.map(|state| &state.planned.check);
        let past = checks.filter(|check| check.deadline <= now.timestamp);
        past.cloned().collect()
    }

    /// Whether somebody is asked about a check.
    #[must_use]
    pub fn is_asked(&self, check: CheckId) -> bool {
        self.exceptions.of_check(check).is_some()
    }

    /// Takes in whether the hub's clock is believed.
    pub fn handle_clock(&mut self, now: Moment, trust: Trust) {
        let (hub, situation) = (Subject::Hub, Situation::HubClock);
        match trust {
            Trust::Doubted => {
                self.matters
                    .raise(hub, situation, now.timestamp, &mut self.pending);
            }
            Trust::Believed => {
                self.matters
                    .clear(hub, situation, now.timestamp, &mut self.pending);
            }
        }
        self.wake_for_pending(now);
    }

    /// Points out units of nobody, and residents who left with checks to come.
    pub(super) fn review_roster(&mut self, now: Moment) {
        let homes = self.roster.homes();
        let empty = homes.iter().filter(|home| home.residents.is_empty());
        let empty: Vec<Subject> = empty.map(|home| Subject::Unit(home.unit)).collect();
        let units = homes.iter().map(|home| home.unit);
        let known: Vec<Subject> = units.map(Subject::Unit).collect();
        // That no unit keeps a plan is another row, and says the same of who left before.
        let unsettled = self.checks.values().filter(|state| state.outcome.is_none());
        let served = unsettled.filter(|state| state.is_served());
        let residents = served.map(|state| state.planned.check.id.resident);
        let gone = residents.filter(|who| self.roster.of_resident(*who).is_none());
        let gone: BTreeSet<Subject> = gone.map(Subject::Resident).collect();
        let (at, pending) = (now.timestamp, &mut self.pending);
        self.matters
            .set(Situation::UnitOfNobody, empty, at, pending);
        for unit in known {
            self.matters
                .clear(unit, Situation::UnknownUnit, at, pending);
        }
        // Who comes back is no longer gone; who is gone stays until a person has seen to it.
        for resident in gone {
            self.matters
                .raise(resident, Situation::ResidentMoved, at, pending);
        }
        for home in self.roster.homes() {
            for who in &home.residents {
                let subject = Subject::Resident(who.id);
                self.matters
                    .clear(subject, Situation::ResidentMoved, at, pending);
            }
        }
    }

    /// At noon: what shows itself only at night and did not for a whole one is over.
    pub(super) fn review_matters(&mut self, now: Moment) {
        let (at, since) = (now.timestamp, self.began);
        let pending = &mut self.pending;
        self.matters
            .clear_unseen(Situation::DiskFull, since, at, pending);
    }

    fn wake_for_pending(&mut self, now: Moment) {
        if !self.pending.is_empty() {
            self.wake = Some(now.uptime);
        }
    }
}

/// Whether somebody may say, before the window opens, that the check is to be made after all.
/// A *no*, a death and a move are decided at once.
fn may_be_taken_back(why: CallOff) -> bool {
    match why {
        CallOff::Away | CallOff::Skipped => true,
        CallOff::Died | CallOff::Moved | CallOff::Withdrawn => false,
    }
}
