//! Trying the unit out where it hangs, and what is left of it: leave, tries, and the word that it
//! passed.
//!
//! What may be tried is the guard's to say; a try is a look like any other (`looking`), but no
//! report, no count of the night and no live view comes of it. Its sketch stays with the camera.
//! When all of it passed, a profile is made there, and written down here before anything is said:
//! [`KeptProfile`], in a file of its own. One that cannot be read is as if nobody had commissioned
//! the unit.
//!
//! A demonstration's clock keeps to real time from the coming of leave to the end of it, or until
//! the unit is commissioned: somebody stands there.

use nattsyn_calibration::grid::Bin;
use nattsyn_clock::{Hold, Now};
use nattsyn_protocol::commission::trial::is_profiled;
use nattsyn_protocol::commission::{
    CommissionDown, CommissionMessage, CommissionUp, Commissioned, HeldCommissioned, Leave, NoTry,
    NotTried, Tried, Try,
};
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::signing::Signed;

use super::consenting::instead_of_looking;
use super::seeing::{Order, Whole};
use super::{COMPUTING_RATE, Eye, Written};
use crate::guard::Taken;
use crate::guard::commission::{Conclusion, Counted, OrderRefusal, Ordered, TryPermit, is_judged};
use crate::kept_profile::KeptProfile;
use crate::memory::{EyeMemory, Found};
use crate::pair::{FromEye, LastLook};
use crate::panel::Position;
use crate::profile::{Profile, ProfileError};

/// What the eye holds of commissioning.
pub(super) struct Tryout {
    /// `None` where it could not be opened: nothing can be concluded then.
    place: Option<EyeMemory<KeptProfile>>,
    /// Something is written there, also where it cannot be read: it is about a home all the same.
    is_written: bool,
    held: Option<HeldCommissioned>,
    sketches: Sketches,
    concluding: Option<Concluding>,
    /// What was concluded under this leave.
    said: Option<Signed>,
    /// While somebody at the unit is waited for.
    hold: Option<Hold>,
}

/// Whether the camera's thread may keep sketches of tries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sketches {
    None,
    Kept,
}

/// A profile is being made.
struct Concluding {
    conclusion: Conclusion,
    hold: Hold,
}

impl Tryout {
    /// With what was kept, and the profile to compare looks with.
    pub(super) fn resume(
        (place, found): (Option<EyeMemory<KeptProfile>>, Found<KeptProfile>),
    ) -> (Self, Option<Box<Profile>>) {
        let never = "what commissioning left cannot be read: the unit is one that nobody has \
                     commissioned, and does not notice that it is moved";
        let is_written = place.is_some() && !matches!(found, Found::Nothing);
        let (held, profile) = match found {
            Found::Nothing => (None, None),
            Found::Lost => {
                tracing::error!("{never}");
                (None, None)
            }
            Found::Remembered(kept) => match kept.profile() {
                Ok(profile) => (Some(kept.held().clone()), Some(Box::new(profile))),
                Err(error) => {
                    tracing::error!(%error, "{never}");
                    (None, None)
                }
            },
        };
        let tryout = Self {
            place,
            is_written,
            held,
            sketches: Sketches::None,
            concluding: None,
            said: None,
            hold: None,
        };
        (tryout, profile)
    }

    /// As what the unit was commissioned.
    pub(super) fn held(&self) -> Option<HeldCommissioned> {
        self.held.clone()
    }

    /// Whether a profile is being made.
    pub(super) fn is_concluding(&self) -> bool {
        self.concluding.is_some()
    }

    /// Whether sketches of tries may be kept.
    #[cfg(test)]
    pub(super) fn has_sketches(&self) -> bool {
        self.sketches == Sketches::Kept
    }

    /// Overwrites what is kept of the home that it hung in.
    fn erase(&mut self) -> std::io::Result<()> {
        let nowhere = || std::io::Error::from(std::io::ErrorKind::NotFound);
        self.place.as_mut().ok_or_else(nowhere)?.erase()?;
        (self.held, self.said, self.is_written) = (None, None, false);
        Ok(())
    }

    pub(super) fn write(&mut self, kept: &KeptProfile) -> Result<(), NoTry> {
        let place = self.place.as_mut().ok_or(NoTry::DiskDown)?;
        self.is_written = true;
        place.write(kept).map_err(|error| {
            tracing::error!(%error, "what commissioning leaves cannot be written");
            NoTry::DiskDown
        })
    }
}

impl Eye {
    pub(super) fn handle_commission(&mut self, now: Now, word: &CommissionDown) {
        match word {
            CommissionDown::Leave(message) => self.handle_leave(now, message),
            CommissionDown::Order(message) => self.handle_order(now, message),
        }
        self.review_leave();
        self.say_capability(now);
    }

    fn handle_leave(&mut self, now: Now, message: &CommissionMessage) {
        let moment = self.moment(now);
        match self.guard.handle_commissioning(moment, message) {
            Ok(Taken::Changed) => {
                tracing::info!(held = ?self.guard.held_commissioning(), "leave to try waits");
                self.tryout.said = None;
                self.forget_sketches();
            }
            Ok(Taken::Unchanged) => {}
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "leave to try not taken");
                if let Some((version, why)) = error.answer() {
                    // No order has this number: it is the leave that is refused.
                    self.refuse_order((version, 0), why);
                }
            }
        }
        // Before a hand can open it: after a crash it must not come again.
        self.write_memory(now);
        self.capability = None;
    }

    fn handle_order(&mut self, now: Now, message: &CommissionMessage) {
        let (moment, obstacle) = (self.moment(now), self.obstacle());
        let ordered = self.guard.handle_order(moment, message, obstacle);
        self.write_memory(now);
        match ordered {
            Ok(Ordered::Try(permit)) => self.begin_try(now, permit),
            Ok(Ordered::Conclude(conclusion)) => self.begin_conclusion(conclusion),
            Ok(Ordered::Again) => {
                if let Some(said) = &self.tryout.said {
                    let said = CommissionUp::Commissioned(said.clone());
                    self.say(&FromEye::Commission(said));
                }
            }
            Err(OrderRefusal::Refused {
                version,
                number,
                why,
            }) => self.refuse_order((version, number), why),
            Err(
                error @ (OrderRefusal::Signature(_)
                | OrderRefusal::OldKey { .. }
                | OrderRefusal::OtherUnit(_)),
            ) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "order dropped");
            }
        }
    }

    /// What keeps camera and light from a try.
    fn obstacle(&self) -> Option<NoTry> {
        let waits = !self.waiting.is_empty() || self.tryout.is_concluding();
        match self.switch {
            Position::Off => Some(NoTry::Paused),
            Position::On | Position::Unreadable => (self.is_busy() || waits).then_some(NoTry::Busy),
        }
    }

    fn begin_try(&mut self, now: Now, permit: TryPermit) {
        self.live.burn();
        match instead_of_looking(self.switch) {
            Some(finding) => self.settle_try(&permit, finding),
            None => self.light_up_try(now, permit),
        }
    }

    /// Takes in and says what a try came to that was not looked at.
    pub(super) fn settle_try(&mut self, permit: &TryPermit, finding: Finding) {
        let tried = self.tried(permit, finding, None, Whole::Nothing);
        self.count_try(permit, &tried);
        self.say_tried(&tried);
    }

    /// What is told of a try: of a picture that was not fit to judge by, nothing but that.
    pub(super) fn tried(
        &self,
        permit: &TryPermit,
        finding: Finding,
        bin: Option<Bin>,
        whole: Whole,
    ) -> Tried {
        let order = permit.order();
        let (level, cells) = match (is_judged(finding), whole) {
            (true, Whole::Cells(cells)) => (bin, cells),
            (true, Whole::Nothing | Whole::Hanging(_)) => (bin, Vec::new()),
            (false, _) => (None, Vec::new()),
        };
        Tried {
            unit: self.signer.unit(),
            boot: self.signer.boot(),
            version: order.version,
            number: order.number,
            what: permit.what(),
            finding,
            level: level.map(Bin::reached),
            cells,
        }
    }

    /// Takes in what a try came to; as which staged try its sketch is to be kept, if as any.
    pub(super) fn count_try(&mut self, permit: &TryPermit, tried: &Tried) -> Option<Try> {
        let counted = self.guard.handle_tried(permit, tried);
        match counted {
            Counted::Not => return None,
            Counted::Anew => self.forget_sketches(),
            Counted::On => {}
        }
        match tried.what {
            Try::Staged { .. } if is_judged(tried.finding) && is_profiled(tried.what) => {
                self.tryout.sketches = Sketches::Kept;
                Some(tried.what)
            }
            Try::Staged { .. } | Try::Walk { .. } => None,
        }
    }

    pub(super) fn say_tried(&self, tried: &Tried) {
        tracing::debug!(number = tried.number, what = ?tried.what, finding = %tried.finding, "tried");
        let tried = CommissionUp::Tried(self.signer.document(tried));
        self.say(&FromEye::Commission(tried));
    }

    /// Has the camera's thread make a profile of what was tried.
    fn begin_conclusion(&mut self, conclusion: Conclusion) {
        let order = Order::Profile(conclusion.places.clone());
        let sent = self.orders.as_ref().map(|orders| orders.try_send(order));
        if !matches!(sent, Some(Ok(()))) {
            tracing::error!("camera thread takes no orders");
            return self.refuse_order((conclusion.version, conclusion.number), NoTry::Busy);
        }
        let hold = self.clock.hold(COMPUTING_RATE);
        self.tryout.concluding = Some(Concluding { conclusion, hold });
    }

    /// What the eye is commissioned as is about to change: its next word has a higher number.
    pub(super) fn count_word(&mut self, now: Now) -> Result<(), NoTry> {
        let moment = self.moment(now);
        self.guard.count_word(moment);
        self.write_memory(now);
        match (&self.memory, self.written) {
            (Some(_), Written::Yes) => Ok(()),
            // After a restart another word could have the same number.
            (None, _) | (_, Written::No) => Err(NoTry::DiskDown),
        }
    }

    /// The profile is made, or there is none: only what is written down is said.
    pub(super) fn handle_profiled(
        &mut self,
        now: Now,
        profile: Result<Box<Profile>, ProfileError>,
    ) {
        let Some(Concluding { conclusion, hold }) = self.tryout.concluding.take() else {
            return;
        };
        self.released = Some(hold);
        let order = (conclusion.version, conclusion.number);
        match self.keep_profile(now, &conclusion, profile) {
            Ok(held) => self.say_commissioned(now, &conclusion, held),
            Err(why) => self.refuse_order(order, why),
        }
        self.review_leave();
        self.say_capability(now);
    }

    fn keep_profile(
        &mut self,
        now: Now,
        conclusion: &Conclusion,
        profile: Result<Box<Profile>, ProfileError>,
    ) -> Result<HeldCommissioned, NoTry> {
        let profile = profile.map_err(|error| {
            tracing::warn!(%error, "no profile");
            match error {
                ProfileError::Marks(_) => NoTry::TooLittleRoom,
                ProfileError::States(_)
                | ProfileError::NoFrame(_)
                | ProfileError::Length(_)
                | ProfileError::Version(_)
                | ProfileError::Damaged(_) => NoTry::NotPassed,
            }
        })?;
        let held = HeldCommissioned {
            version: conclusion.version,
            model: self.signer.model().to_owned(),
            places: conclusion.digests.clone(),
        };
        self.count_word(now)?;
        self.tryout
            .write(&KeptProfile::new(held.clone(), &profile))?;
        let order = Order::Hold(Some(profile));
        let sent = self.orders.as_ref().map(|orders| orders.try_send(order));
        if !matches!(sent, Some(Ok(()))) {
            tracing::error!("camera thread takes no orders; looks are compared after a restart");
        }
        Ok(held)
    }

    fn say_commissioned(&mut self, now: Now, conclusion: &Conclusion, held: HeldCommissioned) {
        tracing::info!(version = held.version, "commissioned");
        self.guard.handle_concluded(conclusion);
        self.tryout.held = Some(held.clone());
        // It was tried out, and hangs where its profile was made.
        self.last_look = LastLook::Fit;
        let commissioned = Commissioned {
            unit: self.signer.unit(),
            held,
            at_ms: now.timestamp,
            staged: conclusion.staged.clone(),
            word: self.guard.word(),
        };
        let signed = self.signer.document(&commissioned);
        self.tryout.said = Some(signed.clone());
        self.say(&FromEye::Commission(CommissionUp::Commissioned(signed)));
    }

    fn refuse_order(&self, (version, number): (u32, u8), why: NoTry) {
        tracing::warn!(version, number, ?why, "order refused");
        let refused = NotTried {
            unit: self.signer.unit(),
            boot: self.signer.boot(),
            version,
            number,
            why,
        };
        let signed = self.signer.document(&refused);
        self.say(&FromEye::Commission(CommissionUp::NotTried(signed)));
    }

    /// Ends the leave when its time is over, and says so.
    pub(super) fn handle_leave_timeout(&mut self, now: Now) {
        if self
            .guard
            .leave_until()
            .is_some_and(|until| until <= now.uptime)
        {
            self.trust(now);
            self.say_capability(now);
        }
        self.review_leave();
    }

    /// Does what follows of how the leave stands: nothing of a trial is kept beyond it.
    pub(super) fn review_leave(&mut self) {
        let stands = self.guard.held_commissioning().map(|held| held.stands);
        match stands {
            Some(Leave::Awaited | Leave::Open) if self.tryout.said.is_none() => {
                if self.tryout.hold.is_none() {
                    self.tryout.hold = Some(self.clock.hold(COMPUTING_RATE));
                }
            }
            Some(Leave::Awaited | Leave::Open) => self.tryout.hold = None,
            Some(Leave::Over) | None => {
                self.tryout.hold = None;
                self.forget_sketches();
            }
        }
    }

    /// Forgets how the unit hung where nobody has agreed to any look for long. Where that fails it
    /// is tried again each time the eye says that it is there.
    pub(super) fn review_profile(&mut self, now: Now) {
        if !self.tryout.is_written || !self.guard.is_left(now.uptime) {
            return;
        }
        match self.tryout.erase() {
            Ok(()) => tracing::info!("nobody agrees to any look: the unit's profile is erased"),
            Err(error) => {
                return tracing::error!(%error, "the unit's profile cannot be erased");
            }
        }
        let sent = self.orders.as_ref();
        let sent = sent.map(|orders| orders.try_send(Order::Hold(None)));
        if !matches!(sent, Some(Ok(()))) {
            tracing::error!("camera thread takes no orders; what it held goes with the process");
        }
        // Where no number can be written down, the next run has a higher one.
        self.count_word(now).ok();
        self.say_capability(now);
    }

    /// Has the camera's thread overwrite what it kept of tries.
    fn forget_sketches(&mut self) {
        if self.tryout.sketches == Sketches::None {
            return;
        }
        self.tryout.sketches = Sketches::None;
        let sent = self.orders.as_ref().map(|it| it.try_send(Order::Forget));
        if !matches!(sent, Some(Ok(()))) {
            tracing::error!("camera thread takes no orders; what it kept goes with the process");
        }
    }
}
