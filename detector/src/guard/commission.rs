//! Leave to try the unit out where it hangs, as the guard holds it, and what may be tried then.
//!
//! Verified and versioned as a policy is; of it only the highest version survives a restart, so
//! that none comes twice, and when leaves were waited for. The leave itself is over with the
//! process. It waits for the button at the unit and then lasts [`OPEN_FOR`]. One press answers one
//! question: no leave is taken while a policy waits for it, and a policy that comes to wait ends a
//! leave that does.
//!
//! A try is a look outside every plan, so everything that bounds it stands here: an order's number
//! is used up by being asked, [`TRIES_MAX`](nattsyn_protocol::commission::TRIES_MAX) are the last,
//! and only a [`TryPermit`] leads to the light.
//!
//! Pure. What a look shows, and what is kept when all of it passed, is the eye's.

use std::time::Duration;

use nattsyn_models::SleepingPlace;
use nattsyn_protocol::commission::trial::{Trial, Verdict};
use nattsyn_protocol::commission::{
    Ask, CommissionMessage, Commissioning, CommissioningError, HeldCommissioning, Leave, NoTry,
    OPEN_FOR, Order, PlaceDigest, StagedLevel, TRIES_MAX, Tried, Try,
};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::policy::{APPROVAL_WITHIN, Approval, Mode};
use nattsyn_protocol::signing::{Endorsement, SignatureError};
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::consent::OldKey;
use super::lifetime::Age;
use super::{Change, Guard, Moment, Taken, is_known};
use crate::memory::SeenCommissioning;

/// Leaves that are waited for in [`WAITS_WITHIN`], also over restarts. A technician's visit is one,
/// and another for each time the unit is hung otherwise, restarted, or the press comes too late;
/// whoever has the hub's key cannot have every press of the button mean a leave.
pub const WAITS_MAX: usize = 6;

/// The time over which [`WAITS_MAX`] is counted.
pub const WAITS_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Why leave to try is not taken.
#[derive(Debug, thiserror::Error)]
pub enum CommissioningRefusal {
    /// The root does not stand behind it, or it cannot be read.
    #[error("verifying a commissioning")]
    Signature(#[from] SignatureError),
    /// Its hub key belongs to an epoch that is over.
    #[error("commissioning is signed by a key of epoch {found}; epoch {held} has begun")]
    OldKey {
        /// The key's epoch.
        found: u32,
        /// The latest that was seen.
        held: u32,
    },
    /// It is another unit's.
    #[error("commissioning is for unit {0}")]
    OtherUnit(UnitId),
    /// It makes no sense.
    #[error("examining a commissioning")]
    Senseless(#[from] CommissioningError),
    /// One of this version or a higher one was seen.
    #[error("commissioning has version {found}; version {held} was seen")]
    NotNewer {
        /// Its version.
        found: u32,
        /// The highest that was seen.
        held: u32,
    },
    /// Nobody knows what time it is.
    #[error("commissioning {0} came while the time is unknown")]
    ClockUnknown(u32),
    /// Its time has not come, or is over.
    #[error("commissioning {0} is not in force now")]
    NotInForce(u32),
    /// The button is waited for by a policy.
    #[error("commissioning {0} came while a policy waits for the button")]
    PolicyAwaited(u32),
    /// [`WAITS_MAX`] were waited for.
    #[error("commissioning {0} is one more than {WAITS_MAX} in 24 hours")]
    TooOften(u32),
}

impl CommissioningRefusal {
    /// What the hub is told, and of which version: only whoever may give leave at all is answered.
    #[must_use]
    pub fn answer(&self) -> Option<(u32, NoTry)> {
        match *self {
            Self::Signature(_) | Self::OldKey { .. } | Self::OtherUnit(_) | Self::Senseless(_) => {
                None
            }
            Self::NotNewer { found, .. } => Some((found, NoTry::OldVersion)),
            Self::ClockUnknown(version) => Some((version, NoTry::ClockUnknown)),
            Self::NotInForce(version) => Some((version, NoTry::NotInForce)),
            Self::PolicyAwaited(version) => Some((version, NoTry::PolicyAwaited)),
            Self::TooOften(version) => Some((version, NoTry::TooOften)),
        }
    }
}

/// Why an order is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderRefusal {
    /// It is nobody's who may order anything, so nobody is answered.
    #[error("verifying an order")]
    Signature(#[from] SignatureError),
    /// Nor is somebody whose hub key belongs to an epoch that is over.
    #[error("order is signed by a key of epoch {found}; epoch {held} has begun")]
    OldKey {
        /// The key's epoch.
        found: u32,
        /// The latest that was seen.
        held: u32,
    },
    /// It is another unit's.
    #[error("order is for unit {0}")]
    OtherUnit(UnitId),
    /// The hub is told why not.
    #[error("order {number} under commissioning {version} is refused: {why:?}")]
    Refused {
        /// Under which commissioning it was asked.
        version: u32,
        /// Which order.
        number: u8,
        /// Why.
        why: NoTry,
    },
}

/// What an order leads to.
#[derive(Debug, PartialEq)]
pub enum Ordered {
    /// A look.
    Try(TryPermit),
    /// A profile of all that was tried.
    Conclude(Conclusion),
    /// What was concluded before, said once more.
    Again,
}

/// Leave to look once, outside every plan. Only [`Guard::handle_order`] makes one.
#[derive(Debug, PartialEq)]
pub struct TryPermit {
    order: Order,
    epoch: u32,
    what: Try,
    places: Vec<SleepingPlace>,
}

/// Leave to call the unit commissioned: all was tried, and it passes. Only [`Guard::handle_order`]
/// makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct Conclusion {
    /// Under which commissioning.
    pub version: u32,
    /// By which order.
    pub number: u8,
    /// The sleepers' places, as they were tried with.
    pub places: Vec<SleepingPlace>,
    /// Their digests.
    pub digests: Vec<PlaceDigest>,
    /// What counted, and the level that it reached.
    pub staged: Vec<StagedLevel>,
    epoch: u32,
}

/// What a try has become in the trial that it was part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// One more of it.
    On,
    /// The first of a new beginning: what was staged before counts no more.
    Anew,
    /// Nothing: its leave is over.
    Not,
}

/// The leave of this run.
#[derive(Debug)]
pub(super) struct HeldLeave {
    document: Commissioning,
    epoch: u32,
    stands: Stands,
    /// The highest number of an order so far.
    used: u8,
    trial: Trial,
    /// By which order it was concluded, if nothing was tried since.
    concluded: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Awaited { until: Uptime },
    Open { until: Uptime },
    Over,
}

impl TryPermit {
    /// The order that it is for.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// What is tried.
    #[must_use]
    pub fn what(&self) -> Try {
        self.what
    }

    /// The sleeping places that are asked about; the whole picture during a walk.
    #[must_use]
    pub fn places(&self) -> &[SleepingPlace] {
        &self.places
    }
}

impl HeldLeave {
    fn new(document: Commissioning, epoch: u32, until: Uptime) -> Self {
        Self {
            document,
            epoch,
            stands: Stands::Awaited { until },
            used: 0,
            trial: Trial::new(document.sleepers),
            concluded: None,
        }
    }

    fn end(&mut self) {
        self.stands = Stands::Over;
        self.trial = Trial::new(self.document.sleepers);
        self.concluded = None;
    }

    fn until(&self) -> Option<Uptime> {
        match self.stands {
            Stands::Awaited { until } | Stands::Open { until } => Some(until),
            Stands::Over => None,
        }
    }

    /// Takes in an order's number: whatever else is wrong with it, it is not asked again.
    fn use_up(&mut self, order: &Order) -> Result<(), NoTry> {
        let is_try = matches!(order.ask, Ask::Try(_));
        if order.number <= self.used || (is_try && order.number > TRIES_MAX) {
            return Err(NoTry::Number);
        }
        self.used = order.number;
        Ok(())
    }

    /// What the trial comes to, if it passes with these places.
    fn conclude(&self, order: &Order) -> Result<Conclusion, NoTry> {
        // With other places nothing was tried.
        if order.places != self.trial.places() || self.trial.verdict() != Verdict::Passed {
            return Err(NoTry::NotPassed);
        }
        let digest = |place: &Vec<[f32; 2]>| PlaceDigest::of(std::slice::from_ref(place));
        Ok(Conclusion {
            version: self.document.version,
            number: order.number,
            places: sleeping_places(&order.places)?,
            digests: order.places.iter().map(digest).collect(),
            staged: levels(&self.trial),
            epoch: self.epoch,
        })
    }
}

impl Guard {
    /// Takes in leave to try the unit out, as it came off the wire; from now on it waits for the
    /// button, in the place of whatever leave was before.
    ///
    /// # Errors
    ///
    /// Why it is not taken. Whatever leave was held before still is.
    pub fn handle_commissioning(
        &mut self,
        now: Moment,
        message: &CommissionMessage,
    ) -> Result<Taken, CommissioningRefusal> {
        let trust = self.handle_moment(now);
        let endorsement: Endorsement = message.endorsement.open(&self.root)?;
        let old = |OldKey { found, held }| CommissioningRefusal::OldKey { found, held };
        self.endorse(&endorsement).map_err(old)?;
        let document: Commissioning = message.document.open(&endorsement.key)?;
        if document.unit != self.unit {
            return Err(CommissioningRefusal::OtherUnit(document.unit));
        }
        document.examine()?;
        let (version, epoch) = (document.version, endorsement.epoch);
        let is_held = |held: &HeldLeave| held.document == document && held.epoch == epoch;
        if self.leave.as_ref().is_some_and(is_held) {
            return Ok(Taken::Unchanged);
        }
        let seen = self.memory.commissioning.clone().unwrap_or_default();
        // Versions begin anew with the hub's key: whoever stole one may have used them up.
        if seen.epoch == epoch && version <= seen.version {
            return Err(CommissioningRefusal::NotNewer {
                found: version,
                held: seen.version,
            });
        }
        if !is_known(now, trust) {
            return Err(CommissioningRefusal::ClockUnknown(version));
        }
        if !document.is_in_force(now.wall) {
            return Err(CommissioningRefusal::NotInForce(version));
        }
        if self.awaits_policy() {
            return Err(CommissioningRefusal::PolicyAwaited(version));
        }
        let age = self.lifetime.age(now.uptime);
        let mut waited = seen.waited;
        waited.retain(|begun| age.since(*begun) < WAITS_WITHIN);
        if waited.len() >= WAITS_MAX {
            return Err(CommissioningRefusal::TooOften(version));
        }
        waited.push(age);
        self.memory.commissioning = Some(SeenCommissioning {
            version,
            epoch,
            waited,
        });
        self.change = Change::Unwritten;
        let until = now.uptime.after(APPROVAL_WITHIN);
        self.leave = Some(HeldLeave::new(document, epoch, until));
        Ok(Taken::Changed)
    }

    fn awaits_policy(&self) -> bool {
        let kept = self.memory.policy.as_ref();
        kept.is_some_and(|kept| kept.approval == Approval::Awaited)
    }

    /// How leave to try stands; `None` if none came under the hub's present key. One of before a
    /// restart is over.
    #[must_use]
    pub fn held_commissioning(&self) -> Option<HeldCommissioning> {
        let seen = self.memory.commissioning.as_ref()?;
        if seen.epoch != self.memory.epoch || seen.version == 0 {
            return None;
        }
        let stands = match self.leave.as_ref().map(|leave| leave.stands) {
            Some(Stands::Awaited { .. }) => Leave::Awaited,
            Some(Stands::Open { .. }) => Leave::Open,
            Some(Stands::Over) | None => Leave::Over,
        };
        Some(HeldCommissioning {
            version: seen.version,
            stands,
        })
    }

    /// When leave to try stands otherwise if nothing happens.
    #[must_use]
    pub fn leave_until(&self) -> Option<Uptime> {
        self.leave.as_ref().and_then(HeldLeave::until)
    }

    /// The button was pressed, and no policy waits for it: tries may be made.
    pub(super) fn open_leave(&mut self, now: Uptime) -> Taken {
        match &mut self.leave {
            Some(leave) if matches!(leave.stands, Stands::Awaited { .. }) => {
                let until = now.after(OPEN_FOR);
                leave.stands = Stands::Open { until };
                Taken::Changed
            }
            Some(_) | None => Taken::Unchanged,
        }
    }

    /// Whether somebody at the unit is trying it out, or is asked to press the button for that.
    pub(super) fn leave_stands(&self) -> bool {
        let leave = self.leave.as_ref();
        leave.is_some_and(|leave| leave.stands != Stands::Over)
    }

    /// Lets time pass for the leave: by the kernel's clock, and by the wall clock if it is known.
    pub(super) fn tire_leave(&mut self, now: Uptime, known: Option<Timestamp>) {
        let Some(leave) = &mut self.leave else {
            return;
        };
        let is_late = leave.until().is_some_and(|until| until <= now);
        let is_past = known.is_some_and(|wall| leave.document.until_ms <= wall);
        let is_of_old_key = leave.epoch != self.memory.epoch;
        if leave.stands != Stands::Over && (is_late || is_past || is_of_old_key) {
            leave.end();
        }
    }

    /// Judges an order as it came off the wire. `obstacle` is what keeps camera and light from
    /// being used, if anything does.
    ///
    /// # Errors
    ///
    /// Why nothing comes of it. The number is used up all the same, if it was still to be used.
    pub fn handle_order(
        &mut self,
        now: Moment,
        message: &CommissionMessage,
        obstacle: Option<NoTry>,
    ) -> Result<Ordered, OrderRefusal> {
        let endorsement: Endorsement = message.endorsement.open(&self.root)?;
        let old = |OldKey { found, held }| OrderRefusal::OldKey { found, held };
        self.endorse(&endorsement).map_err(old)?;
        let order: Order = message.document.open(&endorsement.key)?;
        if order.unit != self.unit {
            return Err(OrderRefusal::OtherUnit(order.unit));
        }
        let (version, number) = (order.version, order.number);
        let refused = |why| OrderRefusal::Refused {
            version,
            number,
            why,
        };
        let ordered = self.judge_order(now, order, obstacle);
        ordered.map_err(refused)
    }

    fn judge_order(
        &mut self,
        now: Moment,
        order: Order,
        obstacle: Option<NoTry>,
    ) -> Result<Ordered, NoTry> {
        let trust = self.handle_moment(now);
        let is_off = self.memory.policy.as_ref();
        let is_off = is_off.is_some_and(|kept| kept.mode == Mode::Off);
        let leave = self.leave.as_mut().ok_or(NoTry::NoLeave)?;
        if leave.document.version != order.version || leave.stands == Stands::Over {
            return Err(NoTry::NoLeave);
        }
        if order.ask == Ask::Conclude && leave.concluded.is_some_and(|it| it <= order.number) {
            leave.used = leave.used.max(order.number);
            return Ok(Ordered::Again);
        }
        leave.use_up(&order)?;
        if !is_known(now, trust) {
            return Err(NoTry::ClockUnknown);
        }
        if !leave.document.is_in_force(now.wall) {
            return Err(NoTry::NoLeave);
        }
        if matches!(leave.stands, Stands::Awaited { .. }) {
            return Err(NoTry::NotPressed);
        }
        if !order.makes_sense(leave.document.sleepers) {
            return Err(NoTry::Senseless);
        }
        if is_off {
            return Err(NoTry::Withdrawn);
        }
        match (order.ask, obstacle) {
            // Only a look needs what the switch is for.
            (Ask::Conclude, None | Some(NoTry::Paused)) => {
                leave.conclude(&order).map(Ordered::Conclude)
            }
            (_, Some(why)) => Err(why),
            (Ask::Try(what), None) if !leave.may_try(what, &order) => Err(NoTry::Enough),
            (Ask::Try(what), None) => {
                leave.concluded = None;
                Ok(Ordered::Try(TryPermit {
                    epoch: leave.epoch,
                    what,
                    places: asked_about(what, &order)?,
                    order,
                }))
            }
        }
    }

    /// Takes in what a try came to.
    pub fn handle_tried(&mut self, permit: &TryPermit, tried: &Tried) -> Counted {
        let is_its = |leave: &&mut HeldLeave| {
            let is_open = matches!(leave.stands, Stands::Open { .. });
            is_open && leave.document.version == tried.version && leave.epoch == permit.epoch
        };
        let Some(leave) = self.leave.as_mut().filter(is_its) else {
            return Counted::Not;
        };
        let begins = leave.begins_anew(permit.what, &permit.order);
        leave.trial.handle_tried(&permit.order, tried);
        match begins {
            true => Counted::Anew,
            false => Counted::On,
        }
    }

    /// Takes in that the unit was called commissioned; asked again it says so again.
    pub fn handle_concluded(&mut self, conclusion: &Conclusion) {
        if let Some(leave) = &mut self.leave
            && leave.document.version == conclusion.version
            && leave.epoch == conclusion.epoch
            && matches!(leave.stands, Stands::Open { .. })
        {
            leave.concluded = Some(conclusion.number);
        }
    }
}

impl HeldLeave {
    /// Whether this try is a new beginning of the trial.
    fn begins_anew(&self, what: Try, order: &Order) -> bool {
        match what {
            Try::Walk { .. } => true,
            Try::Staged { .. } => order.places != self.trial.places(),
        }
    }

    /// Whether it may be tried. What begins anew with other places was not tried yet.
    fn may_try(&self, what: Try, order: &Order) -> bool {
        match self.begins_anew(what, order) {
            true => Trial::new(self.document.sleepers).may_try(what),
            false => self.trial.may_try(what),
        }
    }
}

/// What is known of leaves by a unit whose memory is lost: as many waited as may have, just now.
pub(super) fn forgotten(at: Age) -> SeenCommissioning {
    SeenCommissioning {
        waited: vec![at; WAITS_MAX],
        ..SeenCommissioning::default()
    }
}

/// The places that a try asks about.
fn asked_about(what: Try, order: &Order) -> Result<Vec<SleepingPlace>, NoTry> {
    match what {
        Try::Walk { .. } => Ok(vec![SleepingPlace::whole_frame()]),
        Try::Staged { sleeper: None, .. } => sleeping_places(&order.places),
        Try::Staged {
            sleeper: Some(sleeper),
            ..
        } => {
            let place = order.places.get(usize::from(sleeper));
            sleeping_places(std::slice::from_ref(place.ok_or(NoTry::Senseless)?))
        }
    }
}

fn sleeping_places(places: &[Vec<[f32; 2]>]) -> Result<Vec<SleepingPlace>, NoTry> {
    let corners = |place: &Vec<[f32; 2]>| place.iter().map(|&[x, y]| (x, y)).collect();
    let places = places.iter().map(|it| SleepingPlace::new(corners(it)));
    let places: Result<Vec<SleepingPlace>, _> = places.collect();
    places.ok().ok_or(NoTry::Senseless)
}

/// Every staged look whose picture could be judged, and the level that it reached.
fn levels(trial: &Trial) -> Vec<StagedLevel> {
    let mut levels = Vec::new();
    for what in trial.steps() {
        let Try::Staged { state, room, .. } = what else {
            continue;
        };
        let outcomes = trial.outcomes(what).iter();
        let judged = outcomes.filter(|(finding, _)| is_judged(*finding));
        levels.extend(judged.map(|(_, level)| StagedLevel {
            state,
            room,
            level: *level,
        }));
    }
    levels
}

/// Whether a picture was fit to judge by.
pub(crate) fn is_judged(finding: Finding) -> bool {
    match finding {
        Finding::Visible | Finding::NotVisible | Finding::Unclear(_) => true,
        Finding::Technical(_) | Finding::Paused => false,
    }
}

#[cfg(test)]
mod tests;
