//! The policy as the guard holds it: what the residents agreed to, over restarts.
//!
//! The policy of the highest version is held, and written down whole, so that no voice can make
//! the eye forget it or hand it an older one. Versions are those of an epoch: under a hub's key
//! that the root endorsed later they begin anew, so that a stolen key cannot use them up. What
//! is stricter holds at once, and so do looks that begin again. What allows pictures that are
//! not allowed now waits for the button at the unit; until then the new version is held with
//! looks and no pictures. A restart ends that waiting: nobody can tell how long the unit was
//! off. It begins once in [`WAITS_APART`], also over restarts, for a policy that was just made,
//! and no later version prolongs it: whoever has the hub's key cannot wait for some hand that
//! presses the button one day and means something else.
//!
//! Pure. Whether pictures may be made is [`Guard::pictures`]; it is asked again for every one.

use std::collections::BTreeSet;
use std::time::Duration;

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::live::Refusal as NoView;
use nattsyn_protocol::policy::{
    APPROVAL_WITHIN, Approval, HeldPolicy, LASTS_MAX, Looks, Mode, Policy, PolicyError,
    PolicyMessage,
};
use nattsyn_protocol::signing::{Endorsement, SignatureError};
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::{Change, Guard, Moment, Taken, Trust, is_known};
use crate::memory::KeptPolicy;

/// How far apart two waits for the button at the unit begin. One journey of a technician is one
/// wait; more would make of [`APPROVAL_WITHIN`] as long as somebody with the hub's key likes.
pub const WAITS_APART: Duration = Duration::from_secs(24 * 60 * 60);

/// How long before its arrival a policy may begin that the button is waited for: one that was
/// held back is not what whoever stands at the unit has in mind. The hub begins policies five
/// minutes before it signs them, and sends them at once.
pub const OPENS_WITHIN: Duration = Duration::from_secs(60 * 60);

/// How far ahead of the unit's trusted clock such a policy may begin: two clocks that are both
/// right differ by less, and one of next month is none that was just made.
pub const OPENS_AHEAD: Duration = Duration::from_secs(10 * 60);

/// Why a policy is not held.
#[derive(Debug, thiserror::Error)]
pub enum PolicyRefusal {
    /// The root does not stand behind it, or it cannot be read.
    #[error("verifying a policy")]
    Signature(#[from] SignatureError),
    /// Its hub key belongs to an epoch that is over.
    #[error("policy is signed by a key of epoch {found}; epoch {held} has begun")]
    OldKey {
        /// The key's epoch.
        found: u32,
        /// The latest that was seen.
        held: u32,
    },
    /// It is another unit's.
    #[error("policy is for unit {0}")]
    OtherUnit(UnitId),
    /// A newer one is held, or another of the same version.
    #[error("policy has version {found}; version {held} is held")]
    NotNewer {
        /// Its version.
        found: u32,
        /// The version that is held.
        held: u32,
    },
    /// It gives something, and came within [`EASES_APART`] of another such.
    #[error("policy {0} came too soon after another that gives something")]
    TooSoon(u32),
    /// It makes no sense.
    #[error("examining a policy")]
    Senseless(#[from] PolicyError),
}

/// How far apart two policies are taken that allow no less than what is held, in one run, and
/// two that take from one and give to another. Each
/// is a write to the disk, and whoever has the hub's key can sign as many as they like. What
/// only takes away is taken at once; the hub sends the others again every minute.
pub const EASES_APART: Duration = Duration::from_secs(60);

/// How long after its end a policy that somebody approved can still be renewed without the
/// button: a unit that was off-line for a week. Whoever lives there later approved nothing.
pub const LAPSES_AFTER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long nobody in a home agrees to any look before the unit forgets how it hung there. A
/// withdrawal by mistake is undone within days and must not need a journey.
pub(crate) const FORGET_AFTER: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// Pictures of this resident are allowed at this very moment. Only [`Guard::pictures`] makes
/// one; it is not kept, because the next moment may say otherwise.
#[derive(Debug, PartialEq, Eq)]
pub struct Pictures {
    policy: u32,
}

impl Pictures {
    /// The version of the policy that allows them.
    #[must_use]
    pub fn policy(&self) -> u32 {
        self.policy
    }
}

/// A key of the hub that the root endorsed in an epoch that is over.
pub(super) struct OldKey {
    pub(super) found: u32,
    pub(super) held: u32,
}

impl Guard {
    /// Takes in a policy as it came off the wire.
    ///
    /// # Errors
    ///
    /// Why it is not held. Whatever was held before still is.
    pub fn handle_policy(
        &mut self,
        now: Moment,
        message: &PolicyMessage,
    ) -> Result<Taken, PolicyRefusal> {
        let trust = self.handle_moment(now);
        let endorsement: Endorsement = message.endorsement.open(&self.root)?;
        let old = |OldKey { found, held }| PolicyRefusal::OldKey { found, held };
        self.endorse(&endorsement).map_err(old)?;
        let policy: Policy = message.policy.open(&endorsement.key)?;
        if policy.unit != self.unit {
            return Err(PolicyRefusal::OtherUnit(policy.unit));
        }
        policy.examine()?;
        let epoch = Some(endorsement.epoch);
        match &mut self.memory.policy {
            Some(kept) if kept.policy == policy => {
                if kept.epoch != epoch {
                    kept.epoch = epoch;
                    self.change = Change::Unwritten;
                }
                return Ok(Taken::Unchanged);
            }
            // Versions begin anew with the hub's key: whoever stole one may have used them up.
            Some(kept) if kept.epoch == epoch && policy.version <= kept.policy.version => {
                return Err(PolicyRefusal::NotNewer {
                    found: policy.version,
                    held: kept.policy.version,
                });
            }
            Some(_) | None => {}
        }
        self.pace(now.uptime, &policy, epoch)?;
        self.take_policy((now, trust), policy, epoch);
        Ok(Taken::Changed)
    }

    /// Holds policies that take nothing away to [`EASES_APART`]. The first of all, and that of the
    /// root's next key, neither wait nor make another wait: a hub that has just heard what a unit
    /// is sends a second policy at once.
    fn pace(
        &mut self,
        now: Uptime,
        policy: &Policy,
        epoch: Option<u32>,
    ) -> Result<(), PolicyRefusal> {
        let held = self.memory.policy.as_deref();
        if held.is_some_and(|held| only_takes_away(policy, held)) {
            return Ok(());
        }
        if held.is_none_or(|held| held.epoch != epoch) {
            return Ok(());
        }
        // A withdrawal by one that came with another's consent does not wait for that.
        let paced = match held.is_some_and(|held| takes_something_away(policy, held)) {
            true => &mut self.mixed,
            false => &mut self.eased,
        };
        if paced.is_some_and(|last| now.since(last) < EASES_APART) {
            return Err(PolicyRefusal::TooSoon(policy.version));
        }
        *paced = Some(now);
        Ok(())
    }

    fn take_policy(&mut self, now: (Moment, Trust), policy: Policy, epoch: Option<u32>) {
        let approved = self.approved_until(now);
        // Looks that were stopped begin again from afar: a withdrawal that was a mistake must
        // not end them for ever where nobody can press a button. Pictures never do.
        let opens = policy.mode == Mode::LiveView && approved.is_none();
        let approval = match opens {
            true => self.await_button(now, &policy),
            false => Approval::NotNeeded,
        };
        if approval != Approval::Awaited {
            self.awaited_until = None;
        }
        let approved_until_ms = match policy.mode {
            Mode::LiveView => approved.map(|until| prolonged(until, now, &policy)),
            Mode::Off | Mode::Sensor => None,
        };
        let age = self.lifetime.age(now.0.uptime);
        let off_since = match policy.mode {
            Mode::Off => self.off_since().or(Some(age)),
            Mode::Sensor | Mode::LiveView => None,
        };
        self.memory.policy = Some(Box::new(KeptPolicy {
            off_since,
            mode: if opens { Mode::Sensor } else { policy.mode },
            approval,
            approved_until_ms,
            policy,
            epoch,
        }));
        self.change = Change::Unwritten;
    }

    fn off_since(&self) -> Option<super::Age> {
        self.memory.policy.as_ref()?.off_since
    }

    /// Whether nobody has agreed to any look for [`FORGET_AFTER`], by the time that this unit can
    /// prove to have run.
    #[must_use]
    pub fn is_left(&self, now: Uptime) -> bool {
        let off_since = self.off_since();
        off_since.is_some_and(|since| self.lifetime.age(now).since(since) >= FORGET_AFTER)
    }

    /// Until when pictures count as approved at the unit, if they do at this moment. While the
    /// time is unknown what was approved stays so: no picture is made then.
    fn approved_until(&self, (now, trust): (Moment, Trust)) -> Option<Timestamp> {
        let kept = self.memory.policy.as_ref()?;
        let until = kept.approved_until_ms?;
        let stands = kept.mode == Mode::LiveView && !(is_known(now, trust) && until <= now.wall);
        stands.then_some(until)
    }

    /// Whether the button is waited for now that this policy has come: on with a wait that runs,
    /// to the same end, or from now on if none began of late and the policy was just made.
    fn await_button(&mut self, (now, trust): (Moment, Trust), policy: &Policy) -> Approval {
        let was_just_made = is_known(now, trust)
            && now.wall <= policy.from_ms.after(OPENS_WITHIN)
            && policy.from_ms <= now.wall.after(OPENS_AHEAD);
        // Somebody is told to press for a commissioning: that press is never about pictures.
        if !was_just_made || self.leave_stands() {
            return Approval::Missed;
        }
        if self.awaited_until.is_some_and(|until| now.uptime < until) {
            return Approval::Awaited;
        }
        let age = self.lifetime.age(now.uptime);
        let waited = self.memory.waited;
        if waited.is_some_and(|begun| age.since(begun) < WAITS_APART) {
            return Approval::Missed;
        }
        self.memory.waited = Some(age);
        self.awaited_until = Some(now.uptime.after(APPROVAL_WITHIN));
        Approval::Awaited
    }

    /// The button at the unit was pressed: what a policy opens is in force, if it came within
    /// [`APPROVAL_WITHIN`]; where none waits for it, leave to try the unit out is, likewise.
    pub fn handle_button(&mut self, now: Uptime) -> Taken {
        self.tire(now);
        self.tire_leave(now, None);
        match &mut self.memory.policy {
            Some(kept) if kept.approval == Approval::Awaited => {
                kept.mode = kept.policy.mode;
                kept.approval = Approval::NotNeeded;
                // Made within the hour, and so ending within [`LASTS_MAX`] and little more.
                kept.approved_until_ms = Some(lapses(&kept.policy));
                self.awaited_until = None;
                self.change = Change::Unwritten;
                Taken::Changed
            }
            Some(_) | None => self.open_leave(now),
        }
    }

    /// Nobody pressed the button in time.
    pub(super) fn tire(&mut self, now: Uptime) {
        let waits = self.awaited_until.is_some_and(|until| now < until);
        if let Some(kept) = &mut self.memory.policy
            && kept.approval == Approval::Awaited
            && !waits
        {
            kept.approval = Approval::Missed;
            self.awaited_until = None;
            self.change = Change::Unwritten;
        }
    }

    /// When the button is waited for no longer, if it is waited for.
    #[must_use]
    pub fn awaited_until(&self) -> Option<Uptime> {
        self.awaited_until
    }

    /// The policy that is held, and what is in force of it at this moment.
    pub fn held_policy(&mut self, now: Moment) -> Option<HeldPolicy> {
        let trust = self.handle_moment(now);
        let is_approved = self.approved_until((now, trust)).is_some();
        let kept = self.memory.policy.as_ref()?;
        let is_dated = is_approved && is_known(now, trust) && kept.policy.is_in_force(now.wall);
        Some(HeldPolicy {
            version: kept.policy.version,
            mode: match kept.mode {
                Mode::LiveView if is_dated => Mode::LiveView,
                Mode::LiveView | Mode::Sensor => Mode::Sensor,
                Mode::Off => Mode::Off,
            },
            approval: kept.approval,
        })
    }

    /// Whether looks may be made for this resident. Without a policy the plan alone says so.
    #[must_use]
    pub fn looks(&self, resident: ResidentId) -> Looks {
        match &self.memory.policy {
            Some(kept) if kept.mode == Mode::Off => Looks::Stopped,
            Some(kept) => kept.policy.looks(resident),
            None => Looks::ByPlan,
        }
    }

    /// Whether pictures may be made of this resident's room at this very moment.
    ///
    /// # Errors
    ///
    /// Why not. What the residents agreed to is said before what the clock shows.
    pub fn pictures(&mut self, now: Moment, resident: ResidentId) -> Result<Pictures, NoView> {
        let trust = self.handle_moment(now);
        let is_approved = self.approved_until((now, trust)).is_some();
        let kept = self.memory.policy.as_ref().ok_or(NoView::NoPolicy)?;
        if self.looks(resident) == Looks::Stopped {
            return Err(NoView::Withdrawn);
        }
        match (kept.mode, kept.policy.mode) {
            (Mode::LiveView, Mode::LiveView) => {}
            (Mode::Off | Mode::Sensor, Mode::LiveView) => return Err(NoView::NotApproved),
            (_, Mode::Off | Mode::Sensor) => return Err(NoView::SensorOnly),
        }
        if !is_known(now, trust) {
            return Err(NoView::ClockUnknown);
        }
        if !kept.policy.is_in_force(now.wall) {
            return Err(NoView::PolicyNotInForce);
        }
        if !is_approved {
            return Err(NoView::NotApproved);
        }
        Ok(Pictures {
            policy: kept.policy.version,
        })
    }

    /// Holds the hub to the latest epoch of its keys that the root spoke of.
    pub(super) fn endorse(&mut self, endorsement: &Endorsement) -> Result<(), OldKey> {
        if endorsement.epoch < self.memory.epoch {
            return Err(OldKey {
                found: endorsement.epoch,
                held: self.memory.epoch,
            });
        }
        // The root said so, whatever stands under it is worth.
        if self.memory.epoch != endorsement.epoch {
            self.memory.epoch = endorsement.epoch;
            // What is seen from here on is of this epoch, and its versions begin anew.
            self.memory.plans.clear();
            self.change = Change::Unwritten;
        }
        Ok(())
    }
}

/// Whether a policy takes something away from what is held, or waits for the button, and gives
/// nothing. Only so many can follow each other: modes and [`STOPPED_MAX`] residents are few.
///
/// [`STOPPED_MAX`]: nattsyn_protocol::policy::STOPPED_MAX
fn only_takes_away(policy: &Policy, held: &KeptPolicy) -> bool {
    let is_no_more =
        policy.mode <= may_be(held) && stopped_by(&held.policy).is_subset(&stopped_by(policy));
    is_no_more && takes_something_away(policy, held)
}

/// Whether a policy takes something away from what is held, or waits for the button, whatever it
/// gives.
fn takes_something_away(policy: &Policy, held: &KeptPolicy) -> bool {
    policy.mode < may_be(held) || !stopped_by(policy).is_subset(&stopped_by(&held.policy))
}

/// What may be in force of a policy within minutes.
fn may_be(held: &KeptPolicy) -> Mode {
    match held.approval {
        Approval::Awaited => held.policy.mode,
        Approval::NotNeeded | Approval::Missed => held.mode,
    }
}

fn stopped_by(policy: &Policy) -> BTreeSet<ResidentId> {
    policy.stopped.iter().copied().collect()
}

/// Until when a policy that somebody has approved counts as approved.
pub(super) fn lapses(policy: &Policy) -> Timestamp {
    policy.until_ms.after(LAPSES_AFTER)
}

/// Until when pictures count as approved once this policy renews them: by a trusted clock, and
/// never by more than a policy of now could last.
fn prolonged(until: Timestamp, (now, trust): (Moment, Trust), policy: &Policy) -> Timestamp {
    let longest = now.wall.after(LASTS_MAX).after(LAPSES_AFTER);
    match is_known(now, trust) {
        true => lapses(policy).min(longest),
        false => until,
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use nattsyn_protocol::signing::{PublicKey, Signed};

    use super::*;
    use crate::guard::lifetime::Opening;
    use crate::memory::{Found, Memory};

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn guard(found: Found) -> Guard {
        let opening = Opening {
            uptime: Uptime::default(),
            machine: None,
        };
        let root = PublicKey::of(&key(1));
        Guard::resume("u0000001".parse().unwrap(), root, found, opening)
    }

    fn message(version: u32, mode: Mode, epoch: u32) -> PolicyMessage {
        let policy = Policy {
            unit: "u0000001".parse().unwrap(),
            version,
            mode,
            stopped: Vec::new(),
            from_ms: noon(),
            until_ms: noon().after(Duration::from_secs(7 * 24 * 3600)),
        };
        sealed(&policy, epoch)
    }

    fn sealed(policy: &Policy, epoch: u32) -> PolicyMessage {
        let endorsement = Endorsement {
            key: PublicKey::of(&key(2)),
            epoch,
        };
        PolicyMessage {
            policy: Signed::seal(policy, &key(2)),
            endorsement: Signed::seal(&endorsement, &key(1)),
        }
    }

    fn noon() -> Timestamp {
        Timestamp("2026-11-21T12:00:00Z".parse().unwrap())
    }

    /// So many minutes after that noon.
    fn minute(minute: u64) -> Moment {
        let passed = Duration::from_secs(minute * 60);
        Moment {
            uptime: Uptime(passed),
            wall: noon().after(passed),
            trust: Trust::Synced,
        }
    }

    /// What becomes of the button with a policy of live view that begins at a minute.
    fn open(guard: &mut Guard, now: Moment, version: u32, from: u64) -> Approval {
        let PolicyMessage { policy, .. } = message(version, Mode::LiveView, 1);
        let policy: Policy = serde_json::from_str(&policy.body).unwrap();
        let policy = Policy {
            from_ms: minute(from).wall,
            until_ms: minute(from + 7 * 24 * 60).wall,
            ..policy
        };
        guard.handle_policy(now, &sealed(&policy, 1)).unwrap();
        in_force(guard).2
    }

    fn in_force(guard: &Guard) -> (u32, Mode, Approval) {
        let kept = guard.memory.policy.as_ref().unwrap();
        (kept.policy.version, kept.mode, kept.approval)
    }

    #[test]
    fn versions_used_up_by_a_stolen_key_begin_anew_with_the_roots_next_key() {
        let mut guard = guard(Found::Nothing);
        let mut give = |message| guard.handle_policy(minute(1), &message);
        give(message(u32::MAX, Mode::Off, 1)).unwrap();
        let used_up = give(message(4, Mode::Sensor, 1));
        assert!(matches!(used_up, Err(PolicyRefusal::NotNewer { .. })));
        let taken = give(message(4, Mode::Sensor, 2)).unwrap();
        assert_eq!(taken, Taken::Changed);
        let older = give(message(3, Mode::Sensor, 2));
        assert!(matches!(older, Err(PolicyRefusal::NotNewer { .. })));
        let stolen = give(message(u32::MAX, Mode::Off, 1));
        assert!(matches!(stolen, Err(PolicyRefusal::OldKey { .. })));
        assert_eq!(in_force(&guard).0, 4);
    }

    #[test]
    fn a_home_is_left_when_nobody_agreed_for_days_and_renewals_begin_no_new_days() {
        let mut before = guard(Found::Nothing);
        let day = 24 * 60;
        assert!(!before.is_left(minute(9 * day).uptime), "no policy at all");
        let give = |guard: &mut Guard, at: u64, version, mode| {
            let message = message(version, mode, 1);
            guard.handle_policy(minute(at), &message).unwrap();
        };
        give(&mut before, 1, 1, Mode::Off);
        give(&mut before, 2 * day, 2, Mode::Off);
        assert!(!before.is_left(minute(3 * day).uptime));
        assert!(before.is_left(minute(3 * day + 1).uptime));
        // What the unit can prove to have run survives a restart.
        let memory = before.take_change(minute(2 * day).uptime).unwrap();
        let mut after = guard(Found::Remembered(memory));
        assert!(!after.is_left(minute(day / 2).uptime));
        assert!(after.is_left(minute(day + 1).uptime));
        give(&mut after, day + 2, 3, Mode::Sensor);
        assert!(!after.is_left(minute(9 * day).uptime));
        give(&mut after, 4 * day, 4, Mode::Off);
        assert!(!after.is_left(minute(6 * day).uptime));
        assert!(after.is_left(minute(7 * day).uptime));
    }

    #[test]
    fn looks_begin_again_from_afar_and_pictures_do_not() {
        let mut guard = guard(Found::Nothing);
        let resident = "r0000001".parse().unwrap();
        let mut give = |version, mode| {
            let message = message(version, mode, 1);
            guard
                .handle_policy(minute(version.into()), &message)
                .unwrap();
            (
                guard.looks(resident),
                in_force(&guard).1,
                in_force(&guard).2,
            )
        };
        let stopped = (Looks::Stopped, Mode::Off, Approval::NotNeeded);
        assert_eq!(give(1, Mode::Off), stopped);
        let again = (Looks::ByPlan, Mode::Sensor, Approval::NotNeeded);
        assert_eq!(give(2, Mode::Sensor), again);
        assert_eq!(give(3, Mode::Off), stopped);
        let awaited = (Looks::ByPlan, Mode::Sensor, Approval::Awaited);
        assert_eq!(give(4, Mode::LiveView), awaited);
    }

    #[test]
    fn a_policy_kept_before_epochs_were_is_of_the_latest() {
        let mut before = guard(Found::Nothing);
        before
            .handle_policy(minute(1), &message(7, Mode::Sensor, 2))
            .unwrap();
        let mut memory: Memory = before.take_change(minute(1).uptime).unwrap();
        memory.policy.as_mut().unwrap().epoch = None;
        let mut after = guard(Found::Remembered(memory));
        let older = after.handle_policy(minute(2), &message(6, Mode::Sensor, 2));
        assert!(matches!(older, Err(PolicyRefusal::NotNewer { .. })));
        let newer = after.handle_policy(minute(2), &message(1, Mode::Sensor, 3));
        assert_eq!(newer.unwrap(), Taken::Changed);
    }

    #[test]
    fn no_version_prolongs_the_wait_for_the_button_and_there_is_one_a_day() {
        let mut before = guard(Found::Nothing);
        assert_eq!(open(&mut before, minute(0), 1, 0), Approval::Awaited);
        assert_eq!(open(&mut before, minute(9), 2, 9), Approval::Awaited);
        assert_eq!(before.handle_button(minute(10).uptime), Taken::Unchanged);
        assert_eq!(open(&mut before, minute(11), 3, 11), Approval::Missed);
        assert_eq!(before.handle_button(minute(11).uptime), Taken::Unchanged);
        // Nor does a stricter one in between, nor a restart.
        let off = message(4, Mode::Off, 1);
        before.handle_policy(minute(12), &off).unwrap();
        assert_eq!(open(&mut before, minute(13), 5, 13), Approval::Missed);
        let memory = before.take_change(minute(13).uptime).unwrap();
        let mut after = guard(Found::Remembered(memory));
        let day = 24 * 60;
        // The kernel's clock begins anew.
        let later = |at| Moment {
            uptime: minute(at - 13).uptime,
            ..minute(at)
        };
        assert_eq!(
            open(&mut after, later(day - 1), 6, day - 1),
            Approval::Missed
        );
        assert_eq!(open(&mut after, later(day), 7, day), Approval::Awaited);
        assert_eq!(after.handle_button(later(day).uptime), Taken::Changed);
        assert_eq!(in_force(&after), (7, Mode::LiveView, Approval::NotNeeded));
    }

    #[test]
    fn the_button_is_waited_for_only_with_a_policy_that_was_just_made() {
        let mut guard = guard(Found::Nothing);
        assert_eq!(open(&mut guard, minute(100), 1, 39), Approval::Missed);
        assert_eq!(open(&mut guard, minute(101), 2, 112), Approval::Missed);
        let unknown = Moment {
            trust: Trust::Guessed,
            ..minute(102)
        };
        assert_eq!(open(&mut guard, unknown, 3, 102), Approval::Missed);
        assert_eq!(guard.handle_button(minute(102).uptime), Taken::Unchanged);
        // None of these was a wait.
        assert_eq!(open(&mut guard, minute(103), 4, 43), Approval::Awaited);
        assert_eq!(open(&mut guard, minute(104), 5, 43), Approval::Missed);
    }

    #[test]
    fn an_approved_policy_shows_nothing_while_the_time_is_unknown() {
        let mut guard = guard(Found::Nothing);
        assert_eq!(open(&mut guard, minute(0), 1, 0), Approval::Awaited);
        guard.handle_button(minute(1).uptime);
        let resident = "r0000001".parse().unwrap();
        assert!(guard.pictures(minute(1), resident).is_ok());
        let unknown = Moment {
            trust: Trust::Guessed,
            ..minute(2)
        };
        let shown = guard.pictures(unknown, resident);
        assert_eq!(shown, Err(NoView::ClockUnknown));
    }

    const DAY: u64 = 24 * 60;

    #[test]
    fn an_approval_that_ended_a_week_ago_needs_the_button_again() {
        let mut guard = guard(Found::Nothing);
        open(&mut guard, minute(0), 1, 0);
        guard.handle_button(minute(1).uptime);
        // Its end is on the seventh day. Two renewals in time, the second late but not too late.
        let renewed = open(&mut guard, minute(3 * DAY), 2, 3 * DAY);
        assert_eq!(
            (renewed, in_force(&guard).1),
            (Approval::NotNeeded, Mode::LiveView)
        );
        let late = open(&mut guard, minute(17 * DAY - 1), 3, 17 * DAY - 1);
        assert_eq!(
            (late, in_force(&guard).1),
            (Approval::NotNeeded, Mode::LiveView)
        );
        let lapsed = open(&mut guard, minute(31 * DAY), 4, 31 * DAY);
        assert_eq!(
            (lapsed, in_force(&guard).1),
            (Approval::Awaited, Mode::Sensor)
        );
    }

    #[test]
    fn what_renews_without_a_trusted_time_prolongs_no_approval() {
        let mut guard = guard(Found::Nothing);
        open(&mut guard, minute(0), 1, 0);
        guard.handle_button(minute(1).uptime);
        let unknown = Moment {
            trust: Trust::Guessed,
            ..minute(20 * DAY)
        };
        open(&mut guard, unknown, 2, 20 * DAY);
        let resident = "r0000001".parse().unwrap();
        let shown = guard.pictures(minute(20 * DAY + 1), resident);
        assert_eq!(shown, Err(NoView::NotApproved));
        let held = guard.held_policy(minute(20 * DAY + 1)).unwrap();
        assert_eq!(held.mode, Mode::Sensor);
        let next = open(&mut guard, minute(21 * DAY), 3, 21 * DAY);
        assert_eq!(next, Approval::Awaited);
    }

    #[test]
    fn a_renewal_for_another_year_keeps_no_approval_until_then() {
        let mut guard = guard(Found::Nothing);
        open(&mut guard, minute(0), 1, 0);
        guard.handle_button(minute(1).uptime);
        open(&mut guard, minute(DAY), 2, 365 * DAY);
        let then = open(&mut guard, minute(365 * DAY), 3, 365 * DAY);
        assert_eq!(then, Approval::Awaited);
    }

    #[test]
    fn what_was_approved_shows_nothing_while_the_time_is_unknown() {
        let mut before = guard(Found::Nothing);
        open(&mut before, minute(0), 1, 0);
        before.handle_button(minute(1).uptime);
        let resident = "r0000001".parse().unwrap();
        assert!(before.pictures(minute(2), resident).is_ok());
        let memory = before.take_change(minute(2).uptime).unwrap();
        let mut after = guard(Found::Remembered(memory));
        let guessed = Moment {
            trust: Trust::Guessed,
            ..minute(3)
        };
        assert_eq!(after.pictures(guessed, resident), Err(NoView::ClockUnknown));
        assert!(after.pictures(minute(4), resident).is_ok());
    }

    /// Whether a policy is taken, and whether anything is to be written.
    fn give(guard: &mut Guard, now: Moment, policy: &Policy) -> bool {
        let taken = guard.handle_policy(now, &sealed(policy, 1));
        let is_refused = matches!(taken, Err(PolicyRefusal::TooSoon(_)));
        assert!(taken.is_ok() || is_refused, "{taken:?}");
        let change = guard.take_change(now.uptime);
        assert_eq!(change.is_some(), taken.is_ok(), "{taken:?}");
        !is_refused
    }

    #[test]
    fn of_what_takes_nothing_away_one_a_minute_reaches_the_disk() {
        let mut guard = guard(Found::Nothing);
        let sensor = |version, stopped: &[&str]| {
            let PolicyMessage { policy, .. } = message(version, Mode::Sensor, 1);
            let policy: Policy = serde_json::from_str(&policy.body).unwrap();
            Policy {
                stopped: stopped.iter().map(|it| it.parse().unwrap()).collect(),
                ..policy
            }
        };
        let (one, two) = ("r0000001", "r0000002");
        let second = |second| Moment {
            uptime: Uptime(Duration::from_secs(second)),
            ..minute(0)
        };
        // The first of all makes no other wait: an honest hub sends two.
        assert!(give(&mut guard, second(0), &sensor(1, &[])));
        assert!(give(&mut guard, second(0), &sensor(2, &[])));
        assert!(!give(&mut guard, second(59), &sensor(3, &[])));
        assert!(give(&mut guard, second(60), &sensor(3, &[])));
        // Whoever withdraws is heard at once, and again; taking it back and forth is not.
        assert!(give(&mut guard, second(61), &sensor(4, &[one])));
        assert!(give(&mut guard, second(61), &sensor(5, &[one, two])));
        assert!(!give(&mut guard, second(62), &sensor(6, &[one])));
        // Nor is a third who withdraws while those two come back, twice within the minute.
        let third = "r0000003";
        assert!(give(&mut guard, second(62), &sensor(7, &[third])));
        assert!(!give(&mut guard, second(63), &sensor(8, &[one])));
        let off = Policy {
            mode: Mode::Off,
            ..sensor(8, &[one, two, third])
        };
        assert!(give(&mut guard, second(63), &off));
        assert!(!give(&mut guard, second(64), &sensor(9, &[])));
        // The root's next key waits for nothing.
        let next = sealed(&sensor(1, &[]), 2);
        assert!(guard.handle_policy(second(65), &next).is_ok());
    }

    #[test]
    fn a_wait_for_the_button_is_called_off_at_once() {
        let mut guard = guard(Found::Nothing);
        assert_eq!(open(&mut guard, minute(0), 1, 0), Approval::Awaited);
        let sensor = message(2, Mode::Sensor, 1);
        assert!(guard.handle_policy(minute(0), &sensor).is_ok());
        assert_eq!(guard.handle_button(minute(0).uptime), Taken::Unchanged);
    }
}
