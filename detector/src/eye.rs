//! The eye: sees, and cannot speak to anybody but the voice.
//!
//! [`Eye::run`] is its one loop: `select` names the `Event`, `apply` acts. What may be looked
//! at is the guard's to say, when frames are due the look's, what they show presence's; here
//! they are put together around camera, light and key. At most one look is made at a time.
//!
//! What the residents agreed to comes before all of it: a policy, the switch at the unit, a live
//! view's grant are judged in `consenting` and `viewing`.
//!
//! Deliberately not here: network, files other than the configuration, plans' timing (the voice
//! asks, the guard refuses), and any way for a picture to leave in clear.

mod commissioning;
mod consenting;
mod counting;
mod looking;
mod remembering;
pub(crate) mod seeing;
mod signing;
mod start;
#[cfg(test)]
mod tests;
mod trust;
#[cfg(not(feature = "live-view"))]
#[path = "eye/not_viewing.rs"]
mod viewing;
#[cfg(feature = "live-view")]
mod viewing;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Duration;

use nattsyn_clock::{Clock, Hold, Now};
use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::hello::PlanMessage;
use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::policy::Capability;
use nattsyn_protocol::time::Uptime;

use crate::guard::{Errand, Guard, Moment, Permit, Taken, Trust, Verdict};
use crate::light::Lamp;
use crate::look::Pacing;
use crate::memory::EyeMemory;
use crate::pair::{FromEye, LastLook, Refusal, ToEye};
use crate::pair_socket::{PairEnd, SendError};
use crate::panel::{Position, Touch};
use crate::presence::Concluded;
use crate::watchdog::Watchdog;

use commissioning::Tryout;
use consenting::instead_of_looking;
use counting::Counting;
use looking::Looking;
use seeing::{Answer, Order};
use signing::Signer;
use viewing::Live;

pub use start::{StartError, open};

// What counts looks without being a unit takes the same camera, lamp and signals.
pub(crate) use start::{MODEL_DIGITS, await_signals, open_light, open_source};

/// How often the eye says by itself that it is there: three times a heartbeat, so that the
/// voice's next heartbeat is true.
pub const ALIVE_EVERY: Duration = Duration::from_secs(20);

/// Events that may wait. The voice's messages come first to a stop: its queue then fills, and
/// it is told so when it sends.
const EVENTS_MAX: usize = 16;

/// Looks that may wait for the one being made; a home with four sleepers may ask for four at
/// once. More are refused.
const WAITING_MAX: usize = 4;

/// Fastest that a demonstration's clock may run while a frame is taken and judged: computing
/// takes real time.
const COMPUTING_RATE: f64 = 1.0;

/// Everything that can happen to the eye.
enum Event {
    /// The voice says something.
    Told(ToEye),
    /// Camera or model answer.
    Seen(Answer),
    /// A hand did something at the unit.
    Touched(Touch),
    /// Some time has passed, or a demonstration's clock has changed its pace.
    Tick,
    /// The process is asked to end.
    AskedToEnd,
    /// Nobody holds the other end of the pair any more.
    PairClosed,
}

/// Why the eye has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// It was asked to, or nobody is left to speak to.
    #[error("the eye was asked to end")]
    Asked,
    /// The camera or the model did not come back from a look. Only a fresh process helps.
    #[error("the camera or the model hangs; the eye ends to be started afresh")]
    Hung,
    /// The camera is gone, and only a process that is not shut in yet can open it again.
    #[error("the camera is gone; the eye ends to be started afresh")]
    CameraLost,
}

/// What vouches for the wall clock.
#[derive(Debug)]
enum Voucher {
    /// The machine's own signs.
    Machine(trust::ClockSigns),
    /// A demonstration, which makes its own time.
    Demonstration,
}

/// Whether what must survive a restart is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Yes,
    No,
}

/// The eye and all that it holds.
pub struct Eye {
    clock: Clock,
    voucher: Voucher,
    pair: PairEnd,
    lamp: Lamp,
    /// `None` where the model cannot be run: every look is then a technical fault.
    orders: Option<SyncSender<Order>>,
    events: Receiver<Event>,
    guard: Guard,
    /// `None` where it could not be opened; the guard has then been told that all is forgotten.
    memory: Option<EyeMemory>,
    written: Written,
    counting: Counting,
    tryout: Tryout,
    signer: Signer,
    pacing: Pacing,
    looking: Option<Looking>,
    /// Looks of the plan's that were judged when they were asked for and wait for the camera.
    waiting: VecDeque<Permit>,
    /// The hold of work that is done, kept until a demonstration's clock has been told what is
    /// next: otherwise it would jump to what was next before.
    released: Option<Hold>,
    last_look: LastLook,
    /// How the last look of each check of late ended, in this run.
    findings: VecDeque<(CheckId, Finding)>,
    switch: Position,
    /// What was last said of what the eye can do.
    capability: Option<Capability>,
    live: Live,
    next_alive: Uptime,
    watchdog: Watchdog,
}

impl Eye {
    /// Works until it has a reason to end. The light is off when this returns, and when it
    /// unwinds.
    pub fn run(mut self) -> End {
        let boot = self.signer.boot();
        tracing::info!(%boot, "eye started");
        self.write_memory(self.clock.now());
        self.say(&FromEye::Started { boot });
        self.say_capability(self.clock.now());
        self.say_last_counts();
        loop {
            self.watchdog.pat(self.clock.real_now());
            let now = self.clock.now();
            let mut flow = self.apply(now, Event::Tick);
            if flow.is_continue() {
                self.clock.settle(now, Some(self.next_timeout()));
                self.released = None;
                let event = self.select();
                let now = self.clock.now();
                flow = self.apply(now, event);
            }
            if let ControlFlow::Break(end) = flow {
                return end;
            }
        }
    }

    /// The only place that waits.
    fn select(&self) -> Event {
        let patience = self.clock.real_until(self.next_timeout());
        let patience = self
            .watchdog
            .every()
            .map_or(patience, |every| patience.min(every));
        match self.events.recv_timeout(patience) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => Event::Tick,
            // Its senders are threads that live as long as the pair does.
            Err(RecvTimeoutError::Disconnected) => Event::PairClosed,
        }
    }

    fn apply(&mut self, now: Now, event: Event) -> ControlFlow<End> {
        match event {
            Event::Told(ToEye::Plan(plan)) => self.handle_plan(now, &plan),
            Event::Told(ToEye::Look { check, look }) => self.handle_request(now, check, look),
            Event::Told(ToEye::Ping) => self.say_alive(now),
            Event::Told(ToEye::Policy(policy)) => self.handle_policy(now, &policy),
            Event::Told(ToEye::Thresholds(message)) => self.handle_thresholds(now, &message),
            Event::Told(ToEye::Label(message)) => self.handle_label(now, &message),
            Event::Told(ToEye::Commission(word)) => self.handle_commission(now, &word),
            Event::Told(ToEye::Live(word)) => self.handle_live(now, &word),
            Event::Seen(answer) => return self.handle_answer(now, answer),
            Event::Touched(touch) => return self.handle_touch(now, touch),
            Event::Tick => return self.handle_timeout(now),
            Event::AskedToEnd | Event::PairClosed => {
                self.stop_view(now);
                return ControlFlow::Break(End::Asked);
            }
        }
        ControlFlow::Continue(())
    }

    fn next_timeout(&self) -> Uptime {
        let looking = self.looking.as_ref().map(|it| it.look.next_timeout());
        let hands = self.guard.awaited_until();
        let others = [self.live.next_timeout(), hands, self.guard.leave_until()];
        let due = others.into_iter().flatten().chain(looking).min();
        due.map_or(self.next_alive, |due| due.min(self.next_alive))
    }

    fn handle_timeout(&mut self, now: Now) -> ControlFlow<End> {
        if now.uptime >= self.next_alive {
            // A clock that is set is noticed by how it ran before.
            self.trust(now);
            self.review_night(now);
            self.write_memory(now);
            self.say_alive(now);
            self.say_capability(now);
        }
        if self
            .guard
            .awaited_until()
            .is_some_and(|until| until <= now.uptime)
        {
            self.say_capability(now);
            self.write_memory(now);
        }
        self.handle_leave_timeout(now);
        self.handle_live_timeout(now)?;
        match self.looking.as_mut() {
            Some(looking) => {
                let step = looking.look.handle_timeout(now.uptime);
                self.take_step(now, step)
            }
            None => ControlFlow::Continue(()),
        }
    }

    fn handle_plan(&mut self, now: Now, plan: &PlanMessage) {
        match self.guard.handle_plan(plan) {
            Ok(Taken::Changed) => tracing::info!(holding = ?self.guard.holding(), "plan held"),
            Ok(Taken::Unchanged) => {}
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "plan not held");
            }
        }
        self.write_memory(now);
        self.say(&FromEye::Holding(self.guard.holding()));
    }

    fn handle_request(&mut self, now: Now, check: CheckId, look: u8) {
        if self.is_busy() && self.waiting.len() >= WAITING_MAX {
            return self.refuse(check, look, Refusal::TooMany);
        }
        if self.switch != Position::On {
            self.live.burn();
            return self.report_unlooked(now, check, look);
        }
        // Judged when it is asked for: whatever it waits for, its window is open now.
        let verdict = self.guard.admit(self.moment(now), check, look);
        // Before the light goes on: a look that a crash forgets could be made once more.
        self.write_memory(now);
        match verdict {
            Verdict::Look(permit) => {
                self.waiting.push_back(permit);
                // A look of the plan's comes before whoever looks on.
                self.yield_view(now);
                self.begin_waiting(now);
            }
            Verdict::ClockUnknown(errand) => {
                self.live.burn();
                self.report(now, errand, Finding::Technical(Fault::ClockUnknown));
            }
            Verdict::Refuse(why) => {
                self.live.burn();
                self.refuse(check, look, why);
            }
        }
    }

    /// Whether camera and light are in use.
    fn is_busy(&self) -> bool {
        self.looking.is_some() || self.live.is_busy()
    }

    /// Begins a look that was judged when it was asked for. What may have changed since then is
    /// asked again: switch, withdrawal, and whether it has waited for too long.
    fn begin(&mut self, now: Now, permit: Permit) {
        self.live.burn();
        let errand = permit.errand();
        if let Some(finding) = instead_of_looking(self.switch) {
            return self.report(now, errand, finding);
        }
        match self.guard.review(self.moment(now), &permit) {
            Ok(permit) => self.light_up(now, permit),
            Err(Refusal::OutsideWindow) => {
                self.report(now, errand, Finding::Technical(Fault::TooSlow));
            }
            Err(why) => self.refuse(errand.check, errand.look, why),
        }
    }

    fn report(&mut self, now: Now, errand: Errand, finding: Finding) {
        self.report_concluded(now, errand, finding, None);
    }

    /// Reports what a look came to, and counts which level it reached if any.
    ///
    /// A live view is for a look that the model could not tell: where thresholds alone withheld
    /// its word, nobody has a reason to look on.
    fn report_concluded(
        &mut self,
        now: Now,
        errand: Errand,
        finding: Finding,
        concluded: Option<Concluded>,
    ) {
        let seen = match (finding, concluded) {
            (Finding::Unclear(_), Some(by_the_model)) => by_the_model.finding,
            (other, _) => other,
        };
        let bin = concluded.and_then(|it| it.bin);
        self.last_look = match finding {
            Finding::Technical(_) => LastLook::Faulty,
            Finding::Visible | Finding::NotVisible | Finding::Unclear(_) | Finding::Paused => {
                LastLook::Fit
            }
        };
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce)
            .expect("the kernel gave random bytes at the start and never stops");
        let when = (now.timestamp, self.trust(now).state());
        tracing::debug!(check = %errand.check, look = errand.look, %finding, "look concluded");
        let signed = self.signer.sign(errand, finding, when, nonce);
        self.note_finding(errand.check, seen);
        self.say(&FromEye::Report(signed));
        let settled = !matches!(finding, Finding::Technical(_) | Finding::Paused);
        self.count_look(now, errand, bin.filter(|_| settled));
        self.handle_live_finding(now, errand, seen);
    }

    fn refuse(&self, check: CheckId, look: u8, why: Refusal) {
        tracing::warn!(%check, look, ?why, "look refused");
        self.say(&FromEye::Refused { check, look, why });
    }

    fn say_alive(&mut self, now: Now) {
        self.review_profile(now);
        self.next_alive = now.uptime.after(ALIVE_EVERY);
        let last_look = match (self.switch, self.written) {
            (Position::Off, _) => LastLook::Paused,
            (Position::Unreadable, _) => LastLook::Faulty,
            (Position::On, Written::Yes) => self.last_look,
            // A unit whose disk is broken is a technician's, however good its picture is.
            (Position::On, Written::No) => LastLook::Faulty,
        };
        self.say(&FromEye::Alive { last_look });
    }

    /// Writes down what must survive a restart. Looks go on where that fails: this run still
    /// counts them, and the failure is said and tried again every [`ALIVE_EVERY`].
    fn write_memory(&mut self, now: Now) {
        let (Some(memory), Some(change)) = (&mut self.memory, self.guard.take_change(now.uptime))
        else {
            return;
        };
        self.written = match memory.write(&change) {
            Ok(()) => Written::Yes,
            Err(error) => {
                tracing::error!(%error, "the eye's memory cannot be written");
                self.guard.handle_unwritten();
                Written::No
            }
        };
    }

    /// Tells the voice. If it does not read, its supervisor starts another; what was lost is
    /// said in the log, and the voice, missing an answer, says that the eye is down.
    fn say(&self, message: &FromEye) {
        match self.pair.send(message) {
            Ok(()) => {}
            Err(error @ SendError::Full) => tracing::warn!(%error, "message dropped"),
            Err(error @ (SendError::Closed | SendError::TooLarge(_) | SendError::System(_))) => {
                tracing::error!(%error, "message lost");
            }
        }
    }

    fn trust(&mut self, now: Now) -> Trust {
        let moment = self.moment(now);
        self.guard.handle_moment(moment)
    }

    fn moment(&self, now: Now) -> Moment {
        Moment {
            uptime: now.uptime,
            wall: now.timestamp,
            trust: match &self.voucher {
                Voucher::Machine(signs) => signs.trust(now.timestamp),
                Voucher::Demonstration => Trust::Synced,
            },
        }
    }
}
