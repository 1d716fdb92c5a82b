//! What the eye is willing to do: it trusts nobody it talks to.
//!
//! The guard holds plans that the pinned root stands behind, and gives a [`Permit`] only for a
//! look at a check of such a plan, while the check's window is open, and never more often than
//! the resident was told. A look can only be begun with a permit. With no trusted time there is
//! no look, and the answer is a fault.
//!
//! Pure: it opens no file and reads no clock. What it must know after a restart is a [`Memory`],
//! which its owner writes down whenever [`Guard::take_change`] gives one. The plans themselves
//! are not in it: the voice hands them over anew, and an older one than was ever held is refused.

pub mod commission;
pub(crate) mod consent;
pub mod labels;
pub mod lifetime;
#[cfg(test)]
mod restarts;
pub(crate) mod thresholds;
mod views;
mod word;

use std::collections::BTreeMap;
use std::time::Duration;

use nattsyn_models::SleepingPlace;
use nattsyn_protocol::hello::{HeldPlan, PlanMessage};
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::plan::{LOOK_MAX, LOOKS_PER_CHECK_MAX, LOOKS_PER_NIGHT_MAX, Plan, PlanError};
use nattsyn_protocol::policy::Looks;
use nattsyn_protocol::schedule::{Check, checks_of};
use nattsyn_protocol::signing::{Endorsement, PublicKey, SignatureError};
use nattsyn_protocol::time::{ClockState, Timestamp, Uptime};

use crate::memory::{Found, MadeLook, MadeView, Memory, Purpose, SEEN_MAX, SeenPlan};
use crate::pair::Refusal;

use commission::HeldLeave;
use consent::OldKey;
use lifetime::{Age, Lifetime, Opening};

pub use consent::{
    EASES_APART, LAPSES_AFTER, OPENS_AHEAD, OPENS_WITHIN, Pictures, PolicyRefusal, WAITS_APART,
};
pub use thresholds::{LOWERED_APART, ThresholdsRefusal};
pub use views::{LOOK_AGAIN_WITHIN, NIGHT_AT_LEAST, VIEWS_KEPT_MAX};

/// Most looks in [`LOOKS_WITHIN`], over all residents of the home: the cap of the design ("what
/// the eye checks itself"), two more than a night of plans may have.
pub const LOOKS_MAX: usize = 24;

/// The time over which [`LOOKS_MAX`] is counted, by the kernel's clock and over restarts: while
/// the machine is off the time counts once a clock vouches for it ([`lifetime`]).
pub const LOOKS_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Most looks again at one check: two live views a night, and either may have to be asked for
/// twice, as when nobody touches the key within the minute.
pub const LOOKS_AGAIN_MAX: usize = 4;

/// Most looks again in [`LOOKS_WITHIN`]: at two checks, whoever asks for them.
pub const LOOKS_AGAIN_A_DAY_MAX: usize = 2 * LOOKS_AGAIN_MAX;

/// Most looks of the plan's at one check: one may have to be made once more.
pub const LOOKS_AT_CHECK_MAX: usize = LOOKS_PER_CHECK_MAX + 1;

/// How far outside its window a check may be looked at: a message waits, a clock is set right.
pub const WINDOW_SLACK: Duration = Duration::from_secs(30);

/// How much later a look may begin that was asked for in time and has to wait: for one other
/// look, or for the camera after a live view, which takes less.
pub const WAITED_MAX: Duration = LOOK_MAX;

/// Most residents of a home whose plans are held. The largest shared bedrooms have four beds;
/// this leaves it double, and bounds what a broken hub could make the eye keep.
pub const RESIDENTS_MAX: usize = 8;

/// How often the time is written down if nothing else is. A power cut makes the unit younger by
/// at most this, which keeps a look from being forgotten too soon; 24 small writes a day do not
/// wear a disk.
pub const MARK_EVERY: Duration = Duration::from_secs(60 * 60);

/// Before this no unit existed: a wall clock that shows an earlier time was never set.
/// 2026-01-01 00:00 UTC.
const CLOCK_BEGINS_MS: i64 = 1_767_225_600_000;

/// How far the machine's wall clock can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Set from a trusted source since the machine started, or a demonstration's.
    Synced,
    /// Not set since then, and in step with a battery-backed clock that ran on.
    BatteryBacked,
    /// Nothing vouches for it.
    Guessed,
}

impl Trust {
    /// What a report says of the clock.
    #[must_use]
    pub fn state(self) -> ClockState {
        match self {
            Self::Synced => ClockState::Synced,
            Self::BatteryBacked | Self::Guessed => ClockState::Unsynced,
        }
    }
}

/// A moment as the guard judges by it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// For counting looks.
    pub uptime: Uptime,
    /// For the plan's windows.
    pub wall: Timestamp,
    /// Whether those can be trusted with it.
    pub trust: Trust,
}

/// Leave to look once. Only [`Guard::admit`] makes one.
#[derive(Debug, PartialEq)]
pub struct Permit {
    errand: Errand,
    places: Vec<SleepingPlace>,
}

impl Permit {
    /// What the look is for.
    #[must_use]
    pub fn errand(&self) -> Errand {
        self.errand
    }

    /// The agreed sleeping places, from the plan.
    #[must_use]
    pub fn places(&self) -> &[SleepingPlace] {
        &self.places
    }
}

/// What a report is about: which look of which check, under which plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errand {
    /// The check.
    pub check: CheckId,
    /// Which look of it, counted from 1.
    pub look: u8,
    /// The version of the plan.
    pub plan: u32,
}

/// What the guard says to being asked for a look.
#[derive(Debug, PartialEq)]
pub enum Verdict {
    /// Look.
    Look(Permit),
    /// The check is planned, and nobody knows whether it is time: report a clock unknown.
    ClockUnknown(Errand),
    /// Do not look, and report nothing.
    Refuse(Refusal),
}

/// What became of a plan that is now held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is new, or newer.
    Changed,
    /// It was held already.
    Unchanged,
}

/// Why a plan is not held.
#[derive(Debug, thiserror::Error)]
pub enum PlanRefusal {
    /// The root does not stand behind it, or it cannot be read.
    #[error("verifying a plan")]
    Signature(#[from] SignatureError),
    /// Its hub key belongs to an epoch that is over.
    #[error("plan is signed by a key of epoch {found}; epoch {held} has begun")]
    OldKey {
        /// The key's epoch.
        found: u32,
        /// The latest that was seen.
        held: u32,
    },
    /// It is another unit's.
    #[error("plan is for unit {0}")]
    OtherUnit(UnitId),
    /// A newer one is held, or another of the same version.
    #[error("plan of {resident} has version {found}; version {held} is held")]
    NotNewer {
        /// Whose.
        resident: ResidentId,
        /// Its version.
        found: u32,
        /// The version that is held.
        held: u32,
    },
    /// It cannot be kept.
    #[error("examining the plan of {resident}")]
    Unkeepable {
        /// Whose.
        resident: ResidentId,
        /// Why.
        source: PlanError,
    },
    /// A sleeping place covers too little to be looked at.
    #[error("outlining the sleeping places of {resident}")]
    Place {
        /// Whose.
        resident: ResidentId,
        /// Why.
        source: nattsyn_models::PlaceError,
    },
    /// As many residents as a home may have are held already.
    #[error("plan of {0} is one resident more than {RESIDENTS_MAX}")]
    TooManyResidents(ResidentId),
}

/// The eye's own judgement of what it is asked to do.
#[derive(Debug)]
pub struct Guard {
    unit: UnitId,
    root: PublicKey,
    plans: BTreeMap<ResidentId, Held>,
    lifetime: Lifetime,
    /// What is to survive a restart. Its mark is set when it is taken to be written.
    memory: Memory,
    change: Change,
    marked: Age,
    /// Until when the button at the unit is waited for.
    awaited_until: Option<Uptime>,
    /// When a policy was last taken that gives something and takes nothing away.
    eased: Option<Uptime>,
    /// The same for those that take something away as well.
    mixed: Option<Uptime>,
    /// When thresholds were last taken that are not only stricter.
    lowered: Option<Uptime>,
    /// Leave to try the unit out, of this run.
    leave: Option<HeldLeave>,
}

/// When a check may be looked at.
#[derive(Clone, Copy)]
enum Span {
    /// While its window is open.
    Window,
    /// And so long after it.
    AndAfter(Duration),
}

/// Whether something must be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    None,
    Unwritten,
}

#[derive(Debug)]
struct Held {
    plan: Plan,
    /// Of the hub's key that signed it.
    epoch: u32,
    places: Vec<SleepingPlace>,
}

impl Guard {
    /// A guard that holds no plan yet and remembers nothing, of a unit that pins this root.
    #[must_use]
    pub fn new(unit: UnitId, root: PublicKey) -> Self {
        let opening = Opening {
            uptime: Uptime::default(),
            machine: None,
        };
        Self::resume(unit, root, Found::Nothing, opening)
    }

    /// A guard that holds no plan yet, with what was written down before a restart.
    ///
    /// Where that is lost, nobody knows how many looks were made: it counts as the most that
    /// may have been, just now. The refusals are heard; looks beyond the promise would not be.
    #[must_use]
    pub fn resume(unit: UnitId, root: PublicKey, found: Found, opening: Opening) -> Self {
        let mut memory = match &found {
            Found::Remembered(memory) => memory.clone(),
            Found::Nothing | Found::Lost => Memory::default(),
        };
        memory.runs = memory.runs.wrapping_add(1);
        memory.word = word::of_next_run(memory.word);
        if let Some(kept) = &mut memory.policy {
            // Of before epochs were kept: no older version of the present one comes back.
            kept.epoch.get_or_insert(memory.epoch);
        }
        let lifetime = Lifetime::resume(memory.mark, opening);
        if found == Found::Lost {
            let forgotten = MadeLook {
                check: None,
                at: lifetime.age(opening.uptime),
                of: Purpose::Plan,
            };
            memory.looks = vec![forgotten; LOOKS_MAX];
            let forgotten = MadeView {
                night: None,
                at: forgotten.at,
            };
            memory.views = vec![forgotten; VIEWS_KEPT_MAX];
            memory.waited = Some(forgotten.at);
            memory.commissioning = Some(commission::forgotten(forgotten.at));
        }
        let mut guard = Self {
            unit,
            root,
            plans: BTreeMap::new(),
            lifetime,
            memory,
            change: Change::Unwritten,
            marked: Age::default(),
            awaited_until: None,
            eased: None,
            mixed: None,
            lowered: None,
            leave: None,
        };
        guard.tire(opening.uptime);
        guard
    }

    /// How many times this unit's eye has started, this one included.
    #[must_use]
    pub fn runs(&self) -> u32 {
        self.memory.runs
    }

    /// What must be written down before anything else is done, if something must.
    pub fn take_change(&mut self, now: Uptime) -> Option<Memory> {
        if self.change == Change::None {
            return None;
        }
        self.change = Change::None;
        let mark = self.lifetime.mark(now);
        self.marked = mark.age;
        self.memory.mark = Some(mark);
        Some(self.memory.clone())
    }

    /// Takes in that what was taken could not be written; it is to be tried again.
    pub fn handle_unwritten(&mut self) {
        self.change = Change::Unwritten;
    }

    /// Lets time pass, every minute or so: a clock that is set is noticed. Returns its trust.
    pub fn handle_moment(&mut self, now: Moment) -> Trust {
        let trust = self.lifetime.handle_moment(now);
        self.tire(now.uptime);
        let known = is_known(now, trust).then_some(now.wall);
        self.tire_leave(now.uptime, known);
        self.begin_words(known);
        if self.lifetime.age(now.uptime).since(self.marked) >= MARK_EVERY {
            self.change = Change::Unwritten;
        }
        trust
    }

    /// Takes in a plan as it came off the wire.
    ///
    /// # Errors
    ///
    /// Why it is not held. Whatever was held before still is.
    pub fn handle_plan(&mut self, message: &PlanMessage) -> Result<Taken, PlanRefusal> {
        let endorsement: Endorsement = message.endorsement.open(&self.root)?;
        let old = |OldKey { found, held }| PlanRefusal::OldKey { found, held };
        self.endorse(&endorsement).map_err(old)?;
        let plan: Plan = message.plan.open(&endorsement.key)?;
        let epoch = endorsement.epoch;
        let taken = self.compare(&plan, epoch)?;
        let resident = plan.resident;
        plan.examine()
            .map_err(|source| PlanRefusal::Unkeepable { resident, source })?;
        let places = places_of(&plan).map_err(|source| PlanRefusal::Place { resident, source })?;
        if !self.plans.contains_key(&resident) && self.plans.len() >= RESIDENTS_MAX {
            return Err(PlanRefusal::TooManyResidents(resident));
        }
        self.remember(resident, plan.version);
        let held = Held {
            plan,
            epoch,
            places,
        };
        self.plans.insert(resident, held);
        Ok(taken)
    }

    /// The plans that are held.
    #[must_use]
    pub fn holding(&self) -> Vec<HeldPlan> {
        let held = self.plans.iter().map(|(resident, held)| HeldPlan {
            resident: *resident,
            version: held.plan.version,
        });
        held.collect()
    }

    /// Judges a look that somebody asks for; with a permit it counts as made.
    pub fn admit(&mut self, now: Moment, check: CheckId, look: u8) -> Verdict {
        if look == 0 || usize::from(look) > LOOKS_PER_CHECK_MAX + 1 {
            return Verdict::Refuse(Refusal::NotPlanned);
        }
        self.judge(now, (check, look), Span::Window)
    }

    fn judge(&mut self, now: Moment, (check, look): (CheckId, u8), span: Span) -> Verdict {
        let trust = self.handle_moment(now);
        let errand = match self.errand(now, trust, (check, look), span) {
            Ok(errand) => errand,
            Err(why) => return Verdict::Refuse(why),
        };
        if !is_known(now, trust) {
            return Verdict::ClockUnknown(errand);
        }
        let age = self.lifetime.age(now.uptime);
        let of = match span {
            Span::Window => Purpose::Plan,
            Span::AndAfter(_) => Purpose::View,
        };
        if !self.has_looks_left(age, check, of) {
            return Verdict::Refuse(Refusal::TooMany);
        }
        let places = self.places(check);
        self.memory.looks.push(MadeLook {
            check: Some(check),
            at: age,
            of,
        });
        self.change = Change::Unwritten;
        Verdict::Look(Permit { errand, places })
    }

    /// Asks again, of a look that has waited since it was admitted, what may have changed. A
    /// newer plan's places take the place of the older one's.
    ///
    /// # Errors
    ///
    /// Somebody withdrew, no plan has the check any more, or the look has waited until more than
    /// [`WAITED_MAX`] after it could have been asked for.
    pub fn review(&mut self, now: Moment, permit: &Permit) -> Result<Permit, Refusal> {
        let trust = self.handle_moment(now);
        let Errand { check, look, .. } = permit.errand;
        let span = Span::AndAfter(WINDOW_SLACK.saturating_add(WAITED_MAX));
        let errand = self.errand(now, trust, (check, look), span)?;
        let places = self.places(check);
        Ok(Permit { errand, places })
    }

    /// What a look would be for that is due while the privacy switch is off. It counts as none.
    ///
    /// # Errors
    ///
    /// It is not due.
    pub fn pause(&mut self, now: Moment, check: CheckId, look: u8) -> Result<Errand, Refusal> {
        let trust = self.handle_moment(now);
        self.errand(now, trust, (check, look), Span::Window)
    }

    /// What a look is for, if it is planned, agreed to, and its time as far as anybody knows.
    fn errand(
        &self,
        now: Moment,
        trust: Trust,
        (check, look): (CheckId, u8),
        span: Span,
    ) -> Result<Errand, Refusal> {
        let (held, planned) = self.find(check).ok_or(Refusal::NotPlanned)?;
        if self.looks(check.resident) == Looks::Stopped {
            return Err(Refusal::Withdrawn);
        }
        let slack = match span {
            Span::Window => WINDOW_SLACK,
            Span::AndAfter(after) => after,
        };
        let opens = planned.opens.before(WINDOW_SLACK);
        let closes = planned.deadline.after(slack);
        if is_known(now, trust) && (now.wall < opens || now.wall > closes) {
            return Err(Refusal::OutsideWindow);
        }
        Ok(Errand {
            check,
            look,
            plan: held.plan.version,
        })
    }

    /// Whether a plan is newer than what is held. Versions begin anew with an epoch: whoever
    /// stole the key of the one before may have used them up.
    fn compare(&self, plan: &Plan, epoch: u32) -> Result<Taken, PlanRefusal> {
        if plan.unit != self.unit {
            return Err(PlanRefusal::OtherUnit(plan.unit));
        }
        let not_newer = |held| PlanRefusal::NotNewer {
            resident: plan.resident,
            found: plan.version,
            held,
        };
        match self.plans.get(&plan.resident) {
            Some(held) if held.plan == *plan => Ok(Taken::Unchanged),
            Some(held) if epoch == held.epoch && plan.version <= held.plan.version => {
                Err(not_newer(held.plan.version))
            }
            Some(_) => Ok(Taken::Changed),
            // After a restart the last plan comes back; one before it does not.
            None => match self.seen(plan.resident) {
                Some(seen) if plan.version < seen.version => Err(not_newer(seen.version)),
                Some(_) | None => Ok(Taken::Changed),
            },
        }
    }

    fn seen(&self, resident: ResidentId) -> Option<SeenPlan> {
        let seen = &self.memory.plans;
        seen.iter().find(|seen| seen.resident == resident).copied()
    }

    fn remember(&mut self, resident: ResidentId, version: u32) {
        let seen = SeenPlan { resident, version };
        if self.seen(resident) == Some(seen) {
            return;
        }
        let plans = &mut self.memory.plans;
        plans.retain(|seen| seen.resident != resident);
        plans.push(seen);
        if plans.len() > SEEN_MAX {
            let held = &self.plans;
            let oldest = plans
                .iter()
                .position(|seen| !held.contains_key(&seen.resident));
            plans.remove(oldest.unwrap_or_default());
        }
        self.change = Change::Unwritten;
    }

    fn places(&self, check: CheckId) -> Vec<SleepingPlace> {
        let held = self.plans.get(&check.resident);
        held.map(|held| held.places.clone()).unwrap_or_default()
    }

    fn find(&self, id: CheckId) -> Option<(&Held, Check)> {
        let held = self.plans.get(&id.resident)?;
        let checks = checks_of(&held.plan, id.night).ok()?;
        let check = checks.into_iter().find(|check| check.id == id)?;
        Some((held, check))
    }

    /// Whether one look more stays within every bound. All looks together are bounded by
    /// [`LOOKS_MAX`]; of these, looks again leave alone what a night's plans may still need, so
    /// that nobody who asks for live views can use up the looks that notice an absence.
    fn has_looks_left(&mut self, now: Age, check: CheckId, of: Purpose) -> bool {
        self.forget_looks(now);
        let looks = &self.memory.looks;
        let alike = || looks.iter().filter(|made| made.of == of);
        let at_check = alike().filter(|made| made.check == Some(check)).count();
        match of {
            Purpose::Plan => at_check < LOOKS_AT_CHECK_MAX && looks.len() < LOOKS_MAX,
            Purpose::View => {
                let again = alike().count();
                let left = self.looks_of_a_night().saturating_sub(looks.len() - again);
                at_check < LOOKS_AGAIN_MAX
                    && again < LOOKS_AGAIN_A_DAY_MAX
                    && looks.len() + left < LOOKS_MAX
            }
        }
    }

    /// How many looks the plans that are held may ask for in a night, as far as one resident's
    /// may: with more sleepers than that serves, two looks again are left all the same.
    fn looks_of_a_night(&self) -> usize {
        let plans = self.plans.values().map(|held| &held.plan);
        let looks = plans.map(|plan| plan.windows.len() * plan.looks_after_s.len());
        looks.sum::<usize>().min(LOOKS_PER_NIGHT_MAX)
    }

    fn forget_looks(&mut self, now: Age) {
        let looks = &mut self.memory.looks;
        looks.retain(|made| now.since(made.at) < LOOKS_WITHIN);
    }
}

/// Whether the wall clock of this moment shows a time that can be believed.
fn is_known(now: Moment, trust: Trust) -> bool {
    trust != Trust::Guessed && now.wall.as_ms() >= CLOCK_BEGINS_MS
}

/// The plan's sleeping places; the whole picture if it outlines none.
fn places_of(plan: &Plan) -> Result<Vec<SleepingPlace>, nattsyn_models::PlaceError> {
    if plan.places.is_empty() {
        return Ok(vec![SleepingPlace::whole_frame()]);
    }
    let corners = |place: &Vec<[f32; 2]>| place.iter().map(|&[x, y]| (x, y)).collect();
    let places = plan.places.iter();
    places
        .map(|place| SleepingPlace::new(corners(place)))
        .collect()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use nattsyn_protocol::ids::WindowKey;
    use nattsyn_protocol::plan::{LOOKS_AFTER_S, Window};
    use nattsyn_protocol::signing::Signed;

    use super::*;

    pub(super) fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    pub(super) const ROOT: u8 = 1;
    const HUB: u8 = 2;

    fn guard() -> Guard {
        let unit = "u0000001".parse().unwrap();
        Guard::new(unit, PublicKey::of(&key(ROOT)))
    }

    pub(super) fn plan(version: u32) -> Plan {
        let window = |key, from: &str, to: &str| {
            Window::nightly(WindowKey(key), from.parse().unwrap(), to.parse().unwrap())
        };
        Plan {
            resident: "r0000001".parse().unwrap(),
            unit: "u0000001".parse().unwrap(),
            version,
            zone: "Europe/Stockholm".to_owned(),
            offset_s: 0,
            looks_after_s: LOOKS_AFTER_S.to_vec(),
            windows: vec![
                window(1, "23:00", "23:45"),
                window(2, "02:00", "02:45"),
                window(3, "03:00", "03:45"),
                window(4, "04:00", "04:45"),
            ],
            places: vec![vec![[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]],
            ..Plan::bare("r0000001".parse().unwrap(), "u0000001".parse().unwrap())
        }
    }

    pub(super) fn signed(plan: &Plan, root: u8, epoch: u32) -> PlanMessage {
        let endorsement = Endorsement {
            key: PublicKey::of(&key(HUB)),
            epoch,
        };
        PlanMessage {
            plan: Signed::seal(plan, &key(HUB)),
            endorsement: Signed::seal(&endorsement, &key(root)),
        }
    }

    fn holding(plans: &[Plan]) -> Guard {
        let mut guard = guard();
        for plan in plans {
            guard.handle_plan(&signed(plan, ROOT, 1)).unwrap();
        }
        guard
    }

    /// A moment by Swedish winter time, which is UTC and one hour; uptime runs alike.
    fn at(local: &str) -> Moment {
        let wall = Timestamp(format!("{local}+01:00").parse().unwrap());
        let begin = Timestamp("2026-11-01T00:00:00Z".parse().unwrap());
        Moment {
            uptime: Uptime(wall.since(begin)),
            wall,
            trust: Trust::Synced,
        }
    }

    pub(super) fn check(window: u8) -> CheckId {
        format!("r0000001.20261121.{window}").parse().unwrap()
    }

    fn refusal(verdict: Verdict) -> Option<Refusal> {
        match verdict {
            Verdict::Refuse(why) => Some(why),
            Verdict::Look(_) | Verdict::ClockUnknown(_) => None,
        }
    }

    #[test]
    fn a_planned_look_in_its_window_is_made_at_the_agreed_places() {
        let mut guard = holding(&[plan(3)]);
        let verdict = guard.admit(at("2026-11-21T23:00:00"), check(1), 1);
        let Verdict::Look(permit) = verdict else {
            panic!("{verdict:?}");
        };
        let errand = Errand {
            check: check(1),
            look: 1,
            plan: 3,
        };
        assert_eq!(permit.errand(), errand);
        assert_eq!(permit.places()[0].corners()[2], (0.9, 0.9));
    }

    #[test]
    fn a_look_that_was_asked_for_in_time_waits_for_one_other_and_no_longer() {
        let mut guard = holding(&[plan(3)]);
        let verdict = guard.admit(at("2026-11-21T23:45:30"), check(1), 1);
        let Verdict::Look(permit) = verdict else {
            panic!("{verdict:?}");
        };
        let mut review = |moment| guard.review(at(moment), &permit);
        assert_eq!(review("2026-11-21T23:46:00"), Ok(permit_of(3)));
        let late = review("2026-11-21T23:46:01");
        assert_eq!(late, Err(Refusal::OutsideWindow));
    }

    #[test]
    fn a_look_that_waited_is_made_by_the_plan_that_stands_then() {
        let mut guard = holding(&[plan(3)]);
        let verdict = guard.admit(at("2026-11-21T23:30:00"), check(1), 1);
        let Verdict::Look(permit) = verdict else {
            panic!("{verdict:?}");
        };
        guard.handle_plan(&signed(&plan(4), ROOT, 1)).unwrap();
        let again = guard.review(at("2026-11-21T23:30:20"), &permit);
        assert_eq!(again, Ok(permit_of(4)));
    }

    fn permit_of(version: u32) -> Permit {
        let errand = Errand {
            check: check(1),
            look: 1,
            plan: version,
        };
        let places = places_of(&plan(version)).unwrap();
        Permit { errand, places }
    }

    #[test]
    fn a_plan_without_places_means_the_whole_picture() {
        let mut everywhere = plan(1);
        everywhere.places.clear();
        let verdict = holding(&[everywhere]).admit(at("2026-11-21T23:00:00"), check(1), 1);
        let Verdict::Look(permit) = verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!(permit.places(), [SleepingPlace::whole_frame()]);
    }

    #[test]
    fn outside_the_window_nobody_looks() {
        for (moment, open) in [
            ("2026-11-21T22:59:29", false),
            ("2026-11-21T22:59:30", true),
            ("2026-11-21T23:45:30", true),
            ("2026-11-21T23:45:31", false),
            ("2026-11-22T23:10:00", false),
            ("2026-11-21T14:00:00", false),
        ] {
            let verdict = holding(&[plan(1)]).admit(at(moment), check(1), 1);
            let expected = (!open).then_some(Refusal::OutsideWindow);
            assert_eq!(refusal(verdict), expected, "{moment}");
        }
    }

    #[test]
    fn what_no_plan_has_is_refused() {
        let now = at("2026-11-21T23:00:00");
        let mut guard = holding(&[plan(1)]);
        for (check, look) in [
            (check(9), 1),
            ("r0000002.20261121.1".parse().unwrap(), 1),
            (check(1), 0),
            (check(1), 7),
        ] {
            let why = refusal(guard.admit(now, check, look));
            assert_eq!(why, Some(Refusal::NotPlanned), "{check:?} {look}");
        }
        for night in ["00000101", "99991231"] {
            let check = format!("r0000001.{night}.1").parse().unwrap();
            assert_eq!(
                refusal(guard.admit(now, check, 1)),
                Some(Refusal::OutsideWindow)
            );
        }
        let nothing_held = refusal(super::tests::guard().admit(now, self::check(1), 1));
        assert_eq!(nothing_held, Some(Refusal::NotPlanned));
    }

    #[test]
    fn a_check_is_looked_at_at_most_six_times() {
        let mut guard = holding(&[plan(1)]);
        let now = at("2026-11-21T23:00:00");
        for _ in 0..6 {
            assert_eq!(refusal(guard.admit(now, check(1), 1)), None);
        }
        assert_eq!(
            refusal(guard.admit(now, check(1), 1)),
            Some(Refusal::TooMany)
        );
        let another = guard.admit(at("2026-11-22T02:00:00"), check(2), 1);
        assert_eq!(refusal(another), None);
    }

    #[test]
    fn no_planned_look_is_refused_because_somebody_asked_for_live_views() {
        let mut short = plan(1);
        short.windows.truncate(3);
        let mut guard = holding(&[short]);
        let hours = [(1, "21T23"), (2, "22T02"), (3, "22T03")];
        let mut again = 0;
        for (window, hour) in hours {
            let now = at(&format!("2026-11-{hour}:10:00"));
            let mut here = 0;
            for look in 1..=5 {
                assert_eq!(refusal(guard.admit(now, check(window), look)), None);
                while refusal(guard.admit_again(now, check(window))).is_none() {
                    here += 1;
                }
            }
            assert!(here <= LOOKS_AGAIN_MAX);
            again += here;
        }
        assert_eq!(again, LOOKS_AGAIN_A_DAY_MAX);
        // A night of twenty looks leaves four, asked for before everything else.
        let mut fullest = plan(1);
        fullest.windows.push(Window::nightly(
            WindowKey(5),
            "05:00".parse().unwrap(),
            "05:45".parse().unwrap(),
        ));
        fullest.looks_after_s.truncate(4);
        let mut guard = holding(&[fullest]);
        let now = at("2026-11-21T23:10:00");
        let made = (0..9).filter(|_| refusal(guard.admit_again(now, check(1))).is_none());
        assert_eq!(made.count(), 4);
        for (window, hour) in [(1, 21), (2, 22), (3, 22), (4, 22), (5, 22)] {
            let local = ["23:10", "02:10", "03:10", "04:10", "05:10"][usize::from(window) - 1];
            let now = at(&format!("2026-11-{hour}T{local}:00"));
            for look in 1..=4 {
                assert_eq!(refusal(guard.admit(now, check(window), look)), None);
            }
        }
    }

    #[test]
    fn no_more_than_24_looks_in_24_hours_whatever_the_wall_clock_says() {
        let mut other = plan(1);
        other.resident = "r0000002".parse().unwrap();
        let mut guard = holding(&[plan(1), other]);
        let started = at("2026-11-21T23:00:00").uptime;
        let mut now = at("2026-11-21T23:00:00");
        let hours = [(1, "21T23"), (2, "22T02"), (3, "22T03"), (4, "22T04")];
        for (window, hour) in hours {
            for look in 1..=6 {
                // A clock that jumps through the whole night in minutes.
                now.wall = at(&format!("2026-11-{hour}:10:00")).wall;
                now.uptime = now.uptime.after(Duration::from_secs(60));
                assert_eq!(refusal(guard.admit(now, check(window), look)), None);
            }
        }
        let again: CheckId = "r0000002.20261121.4".parse().unwrap();
        assert_eq!(refusal(guard.admit(now, again, 1)), Some(Refusal::TooMany));
        now.uptime = started.after(LOOKS_WITHIN + Duration::from_secs(59));
        assert_eq!(refusal(guard.admit(now, again, 1)), Some(Refusal::TooMany));
        now.uptime = started.after(LOOKS_WITHIN + Duration::from_secs(60));
        assert_eq!(refusal(guard.admit(now, again, 1)), None);
    }

    #[test]
    fn a_refused_look_is_not_counted() {
        let mut guard = holding(&[plan(1)]);
        for _ in 0..100 {
            guard.admit(at("2026-11-21T22:00:00"), check(1), 1);
        }
        let verdict = guard.admit(at("2026-11-21T23:00:00"), check(1), 1);
        assert_eq!(refusal(verdict), None);
    }

    #[test]
    fn with_no_trusted_time_there_is_no_look_and_a_fault() {
        let errand = Errand {
            check: check(1),
            look: 1,
            plan: 1,
        };
        let mut guessed = at("2026-11-21T23:00:00");
        guessed.trust = Trust::Guessed;
        let mut never_set = at("2026-11-21T23:00:00");
        never_set.wall = Timestamp("2025-12-31T23:59:59Z".parse().unwrap());
        for moment in [guessed, never_set] {
            let verdict = holding(&[plan(1)]).admit(moment, check(1), 1);
            assert_eq!(verdict, Verdict::ClockUnknown(errand));
            let unplanned = holding(&[plan(1)]).admit(moment, check(9), 1);
            assert_eq!(refusal(unplanned), Some(Refusal::NotPlanned));
        }
        let mut on_battery = at("2026-11-21T23:00:00");
        on_battery.trust = Trust::BatteryBacked;
        let verdict = holding(&[plan(1)]).admit(on_battery, check(1), 1);
        assert_eq!(refusal(verdict), None);
        assert_eq!(Trust::BatteryBacked.state(), ClockState::Unsynced);
    }

    #[test]
    fn a_plan_that_the_root_does_not_stand_behind_is_not_held() {
        let mut guard = guard();
        let forged = signed(&plan(1), HUB, 1);
        assert!(matches!(
            guard.handle_plan(&forged),
            Err(PlanRefusal::Signature(_))
        ));
        let mut changed = signed(&plan(1), ROOT, 1);
        changed.plan.body = changed.plan.body.replace("23:45", "23:59");
        assert!(matches!(
            guard.handle_plan(&changed),
            Err(PlanRefusal::Signature(_))
        ));
        assert!(guard.holding().is_empty());
    }

    #[test]
    fn an_older_plan_never_replaces_a_newer_one() {
        let mut guard = holding(&[plan(5)]);
        let mut other = plan(5);
        other.offset_s = 7;
        for older in [plan(4), other] {
            let refused = guard.handle_plan(&signed(&older, ROOT, 1));
            assert!(matches!(
                refused,
                Err(PlanRefusal::NotNewer { held: 5, .. })
            ));
        }
        let again = guard.handle_plan(&signed(&plan(5), ROOT, 1)).unwrap();
        assert_eq!(again, Taken::Unchanged);
        assert_eq!(
            guard.handle_plan(&signed(&plan(6), ROOT, 1)).unwrap(),
            Taken::Changed
        );
        assert_eq!(guard.holding()[0].version, 6);
    }

    #[test]
    fn a_key_of_an_epoch_that_is_over_signs_no_plan() {
        let mut guard = guard();
        guard.handle_plan(&signed(&plan(1), ROOT, 7)).unwrap();
        let refused = guard.handle_plan(&signed(&plan(2), ROOT, 6));
        assert!(matches!(
            refused,
            Err(PlanRefusal::OldKey { found: 6, held: 7 })
        ));
        assert_eq!(guard.holding()[0].version, 1);
    }

    #[test]
    fn versions_used_up_by_a_stolen_key_begin_anew_with_the_roots_next_key() {
        let mut guard = holding(&[plan(u32::MAX)]);
        let used_up = guard.handle_plan(&signed(&plan(3), ROOT, 1));
        assert!(matches!(used_up, Err(PlanRefusal::NotNewer { .. })));
        let taken = guard.handle_plan(&signed(&plan(3), ROOT, 2));
        assert_eq!(taken.unwrap(), Taken::Changed);
        assert_eq!(guard.holding()[0].version, 3);
        let stolen = guard.handle_plan(&signed(&plan(u32::MAX), ROOT, 1));
        assert!(matches!(stolen, Err(PlanRefusal::OldKey { .. })));
        // Nor an older one of the same key, after a restart either.
        let memory = guard.take_change(Uptime::default()).unwrap();
        let opening = Opening {
            uptime: Uptime::default(),
            machine: None,
        };
        let (unit, root) = (guard.unit, *guard.root());
        let mut guard = Guard::resume(unit, root, Found::Remembered(memory), opening);
        let older = guard.handle_plan(&signed(&plan(2), ROOT, 2));
        assert!(matches!(older, Err(PlanRefusal::NotNewer { .. })));
        let taken = guard.handle_plan(&signed(&plan(3), ROOT, 2));
        assert_eq!(taken.unwrap(), Taken::Changed);
    }

    #[test]
    fn a_plan_that_cannot_be_kept_or_is_anothers_is_not_held() {
        let mut other_unit = plan(1);
        other_unit.unit = "u0000002".parse().unwrap();
        let mut unknown_zone = plan(1);
        unknown_zone.zone = "Mars/Olympus".to_owned();
        let mut no_area = plan(1);
        no_area.places = vec![vec![[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]];
        let mut guard = guard();
        let mut refuse = |plan: &Plan| {
            let error = guard.handle_plan(&signed(plan, ROOT, 1)).unwrap_err();
            assert!(guard.holding().is_empty());
            error
        };
        assert!(matches!(refuse(&other_unit), PlanRefusal::OtherUnit(_)));
        assert!(matches!(
            refuse(&unknown_zone),
            PlanRefusal::Unkeepable { .. }
        ));
        assert!(matches!(refuse(&no_area), PlanRefusal::Place { .. }));
    }

    #[test]
    fn a_home_has_a_bounded_number_of_residents() {
        let mut guard = guard();
        for number in 0..=RESIDENTS_MAX {
            let mut theirs = plan(1);
            theirs.resident = format!("r000000{number}").parse().unwrap();
            let taken = guard.handle_plan(&signed(&theirs, ROOT, 1));
            assert_eq!(taken.is_ok(), number < RESIDENTS_MAX);
        }
        assert_eq!(guard.holding().len(), RESIDENTS_MAX);
    }
}
