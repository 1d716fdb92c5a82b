//! One look from light to finding: what the eye does while one is made, whatever it is for.
//!
//! When frames are due is the look's to say, what they show presence's. A look of the plan's ends
//! in a report, also where the camera no longer hangs as it did when the unit was commissioned; a
//! try ends in what `commissioning` tells the hub of it, and in no report. Looks of the plan's that
//! come meanwhile wait here.

use std::ops::ControlFlow;
use std::sync::Arc;

use nattsyn_clock::{Hold, Now};
use nattsyn_models::SleepingPlace;
use nattsyn_protocol::commission::Try;
use nattsyn_protocol::finding::{Fault, Finding};

use super::consenting::instead_of_looking;
use super::seeing::{Answer, Beside, Order, Whole};
use super::{COMPUTING_RATE, End, Eye};
use crate::guard::commission::{TryPermit, is_judged};
use crate::guard::{Errand, Permit};
use crate::light::Shine;
use crate::look::{Ending, Look, Step};
use crate::presence::{Concluded, Presence, Standard};
use crate::profile::Hanging;

/// The look being made. Dropping it switches the light off.
pub(super) struct Looking {
    cause: Cause,
    places: Arc<[SleepingPlace]>,
    pub(super) look: Look,
    presence: Presence,
    /// By what its evidence becomes a word: as it was when the look began.
    standard: Standard,
    /// What it concluded by the model alone, once it is whole.
    concluded: Option<Concluded>,
    /// What it said as a whole, once it did.
    whole: Whole,
    shine: Shine,
    pub(super) hold: Option<Hold>,
}

/// What a look is made for.
enum Cause {
    /// A check of a plan.
    Check(Errand),
    /// Trying the unit out.
    Try(Box<TryPermit>),
}

impl Cause {
    /// What is asked of the look as a whole.
    fn beside(&self) -> Beside {
        match self {
            Self::Check(_) => Beside::Hanging,
            Self::Try(permit) => match permit.what() {
                Try::Walk { .. } => Beside::Cells,
                Try::Staged { .. } => Beside::Sketch,
            },
        }
    }
}

impl Looking {
    /// The finding; of a picture that was fit to judge by, *moved* if the camera hangs otherwise
    /// than when the unit was commissioned. Whatever it would have said is about another place.
    fn unless_moved(&self, finding: Finding) -> Finding {
        if is_judged(finding) && self.whole == Whole::Hanging(Hanging::Moved) {
            tracing::warn!("the camera does not hang as it did when the unit was commissioned");
            return Finding::Technical(Fault::Moved);
        }
        finding
    }
}

impl Eye {
    /// Begins a look of the plan's. Only a permit leads here.
    pub(super) fn light_up(&mut self, now: Now, permit: Permit) {
        let places = permit.places().into();
        let standard = self.guard.standard();
        self.shine_on(now, Cause::Check(permit.errand()), places, standard);
    }

    /// Begins a try. Only a permit leads here.
    pub(super) fn light_up_try(&mut self, now: Now, permit: TryPermit) {
        let places = permit.places().into();
        // What the home's thresholds make of it is another question.
        self.shine_on(now, Cause::Try(Box::new(permit)), places, Standard::Models);
    }

    fn shine_on(
        &mut self,
        now: Now,
        cause: Cause,
        places: Arc<[SleepingPlace]>,
        standard: Standard,
    ) {
        self.live.burn();
        if self.orders.is_none() {
            return self.fail(now, cause, Fault::ModelDown);
        }
        match self.lamp.shine() {
            Ok(shine) => {
                let beside = cause.beside();
                self.looking = Some(Looking {
                    cause,
                    places,
                    look: Look::begin(now.uptime, self.pacing),
                    presence: Presence::new(self.pacing.frames()),
                    standard,
                    concluded: None,
                    whole: Whole::Nothing,
                    shine,
                    hold: None,
                });
                self.order(Order::Open(now.timestamp, beside));
            }
            Err(error) => {
                tracing::error!(%error, "light cannot be switched on");
                self.fail(now, cause, Fault::LightDown);
            }
        }
    }

    /// Says of a look that could not begin what is down.
    fn fail(&mut self, now: Now, cause: Cause, fault: Fault) {
        let finding = Finding::Technical(fault);
        match cause {
            Cause::Check(errand) => self.report(now, errand, finding),
            Cause::Try(permit) => self.settle_try(&permit, finding),
        }
    }

    pub(super) fn handle_answer(&mut self, now: Now, answer: Answer) -> ControlFlow<End> {
        if matches!(answer, Answer::Lost) {
            self.stop_view(now);
            return self.handle_loss(now);
        }
        if let Answer::Profiled(profile) = answer {
            self.handle_profiled(now, profile);
            return ControlFlow::Continue(());
        }
        let Some(looking) = self.looking.as_mut() else {
            self.handle_live_answer(now, answer);
            return ControlFlow::Continue(());
        };
        self.released = looking.hold.take();
        if let Some(finding) = instead_of_looking(self.switch) {
            self.conclude(now, finding);
            return ControlFlow::Continue(());
        }
        let step = match answer {
            // None is ordered during a look.
            #[cfg(feature = "live-view")]
            Answer::Sealed(_) => Step::Wait,
            Answer::Opened(Ok(())) => looking.look.handle_opened(now.uptime),
            Answer::Opened(Err(fault)) => {
                self.conclude(now, Finding::Technical(fault));
                return ControlFlow::Continue(());
            }
            Answer::Frame(frame, whole) => {
                looking.whole = whole;
                match frame {
                    Ok(observation) => looking.presence.handle_frame(observation),
                    Err(fault) => looking.presence.handle_loss(fault),
                }
                looking.look.handle_frame(now.uptime)
            }
            Answer::Profiled(_) | Answer::Lost => return ControlFlow::Continue(()),
        };
        self.take_step(now, step)
    }

    /// A look that has begun since says for itself that the camera is down, and ends in this
    /// again.
    fn handle_loss(&mut self, now: Now) -> ControlFlow<End> {
        if self.looking.is_some() {
            return ControlFlow::Continue(());
        }
        self.fail_waiting(now, Fault::CameraDown);
        tracing::error!("the camera is gone");
        ControlFlow::Break(End::CameraLost)
    }

    pub(super) fn take_step(&mut self, now: Now, step: Step) -> ControlFlow<End> {
        let Some(looking) = self.looking.as_mut() else {
            return ControlFlow::Continue(());
        };
        match step {
            Step::Wait => {}
            Step::Capture(rank) => {
                let places = Arc::clone(&looking.places);
                self.order(Order::Frame(places, rank));
            }
            Step::Conclude(Ending::Whole) => {
                let concluded = looking.presence.conclude();
                let finding = looking.unless_moved(concluded.at(looking.standard));
                looking.concluded = Some(concluded);
                self.conclude(now, finding);
            }
            Step::Conclude(Ending::TooSlow) => {
                self.conclude(now, Finding::Technical(Fault::TooSlow));
            }
            Step::Conclude(Ending::Hung) => {
                let waiting = std::mem::take(&mut self.waiting);
                self.conclude(now, Finding::Technical(Fault::TooSlow));
                self.waiting = waiting;
                self.fail_waiting(now, Fault::TooSlow);
                return ControlFlow::Break(End::Hung);
            }
        }
        ControlFlow::Continue(())
    }

    /// Gives the thread something to do, and keeps a demonstration's clock at its pace for it.
    fn order(&mut self, order: Order) {
        let Some(looking) = self.looking.as_mut() else {
            return;
        };
        looking.hold = Some(self.clock.hold(COMPUTING_RATE));
        let sent = self.orders.as_ref().map(|orders| orders.try_send(order));
        if !matches!(sent, Some(Ok(()))) {
            // Never answered, so the look's cut-off ends it and this process with it.
            tracing::error!("camera thread takes no orders");
        }
    }

    /// Ends the look: light off, camera closed, and only then the finding.
    pub(super) fn conclude(&mut self, now: Now, finding: Finding) {
        let Some(looking) = self.looking.take() else {
            return;
        };
        self.released = looking.hold.or(self.released.take());
        let finding = match looking.shine.end() {
            Ok(()) => finding,
            Err(error) => {
                tracing::error!(%error, "light cannot be switched off");
                Finding::Technical(Fault::LightDown)
            }
        };
        match looking.cause {
            Cause::Check(errand) => {
                self.close_camera(None);
                self.report_concluded(now, errand, finding, looking.concluded);
            }
            Cause::Try(permit) => {
                let bin = looking.concluded.and_then(|it| it.bin);
                let tried = self.tried(&permit, finding, bin, looking.whole);
                let keep = self.count_try(&permit, &tried);
                self.close_camera(keep);
                self.say_tried(&tried);
            }
        }
        self.begin_waiting(now);
    }

    fn close_camera(&self, keep: Option<Try>) {
        if let Some(orders) = &self.orders {
            // A thread that hangs does not take it, and closes nothing.
            orders.try_send(Order::Close(keep)).ok();
        }
    }

    /// Begins the looks that waited, as far as they do not wait for each other.
    pub(super) fn begin_waiting(&mut self, now: Now) {
        while !self.is_busy()
            && let Some(permit) = self.waiting.pop_front()
        {
            self.begin(now, permit);
        }
    }

    /// Reports the looks that wait for a camera which will not answer: none goes without a word.
    pub(super) fn fail_waiting(&mut self, now: Now, fault: Fault) {
        while let Some(permit) = self.waiting.pop_front() {
            self.report(now, permit.errand(), Finding::Technical(fault));
        }
    }
}
