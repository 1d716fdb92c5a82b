//! The eye's part of a live view: asked, looked again, challenged, granted, shown, ended.
//!
//! Puts [`crate::live`] together around guard, lamps and camera. At every step everything is
//! asked anew, policy and switch and clock, and again before each frame. One frame is under way
//! at a time, and only for the browser's credit of just that number. Every refusal and every
//! end is said, signed. Nothing is kept: a frame that cannot be sent is dropped.
//!
//! A demonstration's clock keeps to real time while a challenge or a view is open: people and
//! browsers answer in it.

use std::ops::ControlFlow;
use std::time::Duration;

use nattsyn_clock::{Hold, Now};
use nattsyn_protocol::assertion::Base64;
use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::grant::{
    CHALLENGE_BYTES, FIRST_LOOK_AGAIN, Grant, GrantMessage, PICTURES_MAX,
};
use nattsyn_protocol::ids::{BootId, CheckId, UnitId};
use nattsyn_protocol::live::{
    End as ViewEnd, Ended, LiveDown, LiveUp, Opened, Refusal as NoView, Refused,
};
use nattsyn_protocol::time::Uptime;

use super::seeing::{Answer, Beside, Order};
use super::{COMPUTING_RATE, End, Eye, Written};
use crate::guard::{Errand, Verdict};
use crate::light::{Lamp, Shine};
use crate::live::{Answer as Granted, CheckedGrant, Gate, OpenView, SealedFrame, UnclearLook};
use crate::pair::{FromEye, Refusal};
use crate::panel::Position;

/// How long the browser may take for a frame. A frame of 12 kB takes a second at 100 kbit/s;
/// this leaves it five, and a browser that is gone keeps no lamp lit.
const CREDIT_WITHIN: Duration = Duration::from_secs(5);

/// How long the camera may take to end after a view: longer than it may take for a frame, for
/// which it passes over all its buffers, four times the three seconds of `camera::v4l2`. Less
/// than a look, so that a look which waits for it waits no longer than for another look.
const CLOSING_MAX: Duration = Duration::from_secs(15);

/// What the eye holds for live views.
pub(super) struct Live {
    gate: Gate,
    /// What tells the room that pictures can be sent. Without one none are.
    lamp: Option<Lamp>,
    /// While a challenge is open.
    hold: Option<Hold>,
    state: State,
}

enum State {
    Idle,
    Viewing(Box<Viewing>),
    /// The view is over, lamps off; the camera still owes an answer.
    Closing {
        until: Uptime,
        _hold: Hold,
    },
}

/// A view that is open. Dropping it switches both lamps off.
struct Viewing {
    view: OpenView,
    check: CheckId,
    lit: Uptime,
    _infrared: Shine,
    _lamp: Shine,
    camera: Camera,
    credit: Credit,
    /// Frames that were sealed and said.
    frames: u64,
    hold: Hold,
}

/// What the camera is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Camera {
    /// Opening, or taking a frame.
    AtWork,
    Idle,
}

/// Whether the browser takes another frame.
#[derive(Clone, Copy)]
enum Credit {
    Awaited { since: Uptime },
    Given,
}

impl Live {
    pub(super) fn new(unit: UnitId, boot: BootId, lamp: Option<Lamp>) -> Self {
        Self {
            gate: Gate::new(unit, boot),
            lamp,
            hold: None,
            state: State::Idle,
        }
    }

    /// Whether camera and light are a view's.
    pub(super) fn is_busy(&self) -> bool {
        match self.state {
            State::Idle => false,
            State::Viewing(_) | State::Closing { .. } => true,
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Uptime> {
        match &self.state {
            State::Idle => self.gate.next_timeout(),
            State::Viewing(viewing) => Some(viewing.next_timeout().0),
            State::Closing { until, .. } => Some(*until),
        }
    }

    /// Another look is made, or the minute is over.
    pub(super) fn burn(&mut self) {
        self.gate.burn();
        self.hold = None;
    }
}

impl Viewing {
    /// When it ends if nothing happens, and why.
    fn next_timeout(&self) -> (Uptime, ViewEnd) {
        let over = self.lit.after(PICTURES_MAX);
        match self.credit {
            Credit::Awaited { since } if since.after(CREDIT_WITHIN) < over => {
                (since.after(CREDIT_WITHIN), ViewEnd::Loss)
            }
            Credit::Awaited { .. } | Credit::Given => (over, ViewEnd::Time),
        }
    }
}

impl Eye {
    pub(super) fn handle_live(&mut self, now: Now, word: &LiveDown) {
        match word {
            LiveDown::Ask { check } => {
                if let Err(why) = self.look_again(now, *check) {
                    self.refuse_view(Some(*check), why);
                }
            }
            LiveDown::Grant(message) => {
                if let Err(why) = self.handle_grant(now, message) {
                    let grant: Option<Grant> = serde_json::from_str(&message.grant.body).ok();
                    self.refuse_view(grant.map(|grant| grant.challenge.check), why);
                }
            }
            LiveDown::Credit { view, frame } => self.handle_credit(now, view, *frame),
            LiveDown::End { view } => {
                if self.viewing(view).is_some() {
                    self.end_view(now, ViewEnd::Operator);
                }
            }
        }
    }

    /// Begins the look before a live view, if there may be one at all.
    fn look_again(&mut self, now: Now, check: CheckId) -> Result<(), NoView> {
        if self.live.lamp.is_none() {
            return Err(NoView::NoLamp);
        }
        if self.switch != Position::On {
            return Err(NoView::Paused);
        }
        let moment = self.moment(now);
        self.guard.pictures(moment, check.resident)?;
        if self.is_busy() || !self.waiting.is_empty() {
            return Err(NoView::Busy);
        }
        let last = self.findings.iter().find(|(of, _)| *of == check);
        if !matches!(last, Some((_, Finding::Unclear(_)))) {
            return Err(NoView::NotUnclear);
        }
        if self.guard.views_left(moment, check) == 0 {
            return Err(NoView::TooManyViews);
        }
        let verdict = self.guard.admit_again(moment, check);
        self.write_memory(now);
        match verdict {
            Verdict::Look(permit) => {
                self.light_up(now, permit);
                Ok(())
            }
            Verdict::ClockUnknown(_) => Err(NoView::ClockUnknown),
            Verdict::Refuse(Refusal::NotPlanned | Refusal::OutsideWindow) => {
                Err(NoView::NotPlanned)
            }
            Verdict::Refuse(Refusal::TooMany) => Err(NoView::TooManyLooks),
            Verdict::Refuse(Refusal::Withdrawn) => Err(NoView::Withdrawn),
        }
    }

    /// What follows the report of a look: after one before a live view, a challenge or a no.
    pub(super) fn handle_live_finding(&mut self, now: Now, errand: Errand, finding: Finding) {
        if errand.look < FIRST_LOOK_AGAIN {
            return;
        }
        let why = match (UnclearLook::of(errand, finding), finding) {
            (Some(look), _) => match self.issue(now, errand.check, &look) {
                Ok(()) => return,
                Err(why) => why,
            },
            (None, Finding::Paused) => NoView::Paused,
            (None, Finding::Technical(Fault::LightDown)) => NoView::NoLamp,
            (None, Finding::Visible | Finding::NotVisible) => NoView::NowClear,
            (None, Finding::Unclear(_) | Finding::Technical(_)) => NoView::NowClear,
        };
        self.refuse_view(Some(errand.check), why);
    }

    fn issue(&mut self, now: Now, check: CheckId, look: &UnclearLook) -> Result<(), NoView> {
        let moment = self.moment(now);
        let pictures = self.guard.pictures(moment, check.resident)?;
        let mut nonce = [0; CHALLENGE_BYTES];
        getrandom::fill(&mut nonce)
            .expect("the kernel gave random bytes at the start and never stops");
        let challenge = self.live.gate.issue(now.uptime, look, &pictures, nonce);
        let signed = self.signer.document(challenge);
        self.live.hold = Some(self.clock.hold(COMPUTING_RATE));
        self.say(&FromEye::Live(LiveUp::Challenge { signed }));
        Ok(())
    }

    fn handle_grant(&mut self, now: Now, message: &GrantMessage) -> Result<(), NoView> {
        let answer = Granted::open(message, self.guard.root())?;
        let moment = self.moment(now);
        self.guard.handle_endorsement(&message.endorsement)?;
        self.guard.handle_operator(moment, answer.operator())?;
        if self.switch != Position::On {
            return Err(NoView::Paused);
        }
        if self.is_busy() {
            return Err(NoView::Busy);
        }
        let check = answer.check();
        let pictures = self.guard.pictures(moment, check.resident)?;
        let redeemed = self.live.gate.redeem(now.uptime, answer, &pictures);
        if self.live.gate.next_timeout().is_none() {
            self.live.hold = None;
        }
        let granted = redeemed?;
        self.guard.count_view(moment, check)?;
        self.write_memory(now);
        // A view that a restart forgets could be made once more.
        if self.memory.is_none() || self.written == Written::No {
            return Err(NoView::TooManyViews);
        }
        self.open_view(now, check, granted)
    }

    /// Lights both lamps and says the view's key. Only a checked grant leads here.
    fn open_view(&mut self, now: Now, check: CheckId, granted: CheckedGrant) -> Result<(), NoView> {
        let view = OpenView::open(granted)?;
        let shine = |lamp: &Lamp| {
            lamp.shine().map_err(|error| {
                tracing::error!(%error, "lamp of a live view cannot be lit");
                NoView::NoLamp
            })
        };
        // First the one that everybody sees.
        let lamp = shine(self.live.lamp.as_ref().ok_or(NoView::NoLamp)?)?;
        let infrared = shine(&self.lamp)?;
        let orders = self.orders.as_ref().ok_or(NoView::NoCamera)?;
        let sent = orders.try_send(Order::Open(now.timestamp, Beside::Nothing));
        sent.ok().ok_or(NoView::NoCamera)?;
        tracing::warn!(%check, "live view opened");
        let opened = Opened {
            unit: self.signer.unit(),
            view: view.name().clone(),
            key: view.key(),
            for_ms: u32::try_from(PICTURES_MAX.as_millis()).unwrap_or(u32::MAX),
        };
        self.live.state = State::Viewing(Box::new(Viewing {
            view,
            check,
            lit: now.uptime,
            _infrared: infrared,
            _lamp: lamp,
            camera: Camera::AtWork,
            credit: Credit::Awaited { since: now.uptime },
            frames: 0,
            hold: self.clock.hold(COMPUTING_RATE),
        }));
        let signed = self.signer.document(&opened);
        self.say(&FromEye::Live(LiveUp::Opened { signed }));
        Ok(())
    }

    /// The view of this name, if it is the one that is open.
    fn viewing(&mut self, name: &Base64) -> Option<&mut Viewing> {
        match &mut self.live.state {
            State::Viewing(viewing) if viewing.view.name() == name => Some(viewing),
            State::Viewing(_) | State::Idle | State::Closing { .. } => None,
        }
    }

    fn handle_credit(&mut self, now: Now, name: &Base64, frame: u64) {
        // A credit for another frame, or twice for the same, is worth nothing.
        if let Some(viewing) = self.viewing(name)
            && frame == viewing.view.next_number()
            && matches!(viewing.credit, Credit::Awaited { .. })
        {
            viewing.credit = Credit::Given;
            self.take_frame(now);
        }
    }

    /// Has the next frame taken, if the browser takes it and the camera is free.
    fn take_frame(&mut self, now: Now) {
        self.review_view(now);
        let State::Viewing(viewing) = &mut self.live.state else {
            return;
        };
        if viewing.camera != Camera::Idle || !matches!(viewing.credit, Credit::Given) {
            return;
        }
        let turn = viewing.view.next_turn();
        viewing.camera = Camera::AtWork;
        let sent = self
            .orders
            .as_ref()
            .map(|it| it.try_send(Order::Seal(turn)));
        if !matches!(sent, Some(Ok(()))) {
            viewing.camera = Camera::Idle;
            self.end_view(now, ViewEnd::Camera);
        }
    }

    /// The camera answers while no look is being made.
    pub(super) fn handle_live_answer(&mut self, now: Now, answer: Answer) {
        match &mut self.live.state {
            State::Idle => {}
            State::Closing { .. } => {
                self.live.state = State::Idle;
                self.begin_waiting(now);
            }
            State::Viewing(viewing) => {
                viewing.camera = Camera::Idle;
                match answer {
                    Answer::Opened(Ok(())) => self.take_frame(now),
                    Answer::Sealed(Ok(frame)) => self.send_frame(now, frame),
                    Answer::Opened(Err(_))
                    | Answer::Sealed(Err(_))
                    | Answer::Frame(..)
                    | Answer::Profiled(_)
                    | Answer::Lost => {
                        self.end_view(now, ViewEnd::Camera);
                    }
                }
            }
        }
    }

    /// Sends a frame, if all still stands as it did when it was taken.
    fn send_frame(&mut self, now: Now, frame: SealedFrame) {
        self.review_view(now);
        let Some(viewing) = self.viewing(frame.view()) else {
            return;
        };
        viewing.frames += 1;
        viewing.credit = Credit::Awaited { since: now.uptime };
        self.say(&FromEye::Frame(frame.into_wire()));
    }

    /// Ends the view if it may not go on: asked whenever something has changed, and before every
    /// frame.
    pub(super) fn review_view(&mut self, now: Now) {
        let State::Viewing(viewing) = &self.live.state else {
            return;
        };
        let (check, (due, late)) = (viewing.check, viewing.next_timeout());
        let moment = self.moment(now);
        if self.switch != Position::On {
            self.end_view(now, ViewEnd::Switch);
        } else if self.guard.pictures(moment, check.resident).is_err() {
            self.end_view(now, ViewEnd::Withdrawn);
        } else if due <= now.uptime {
            self.end_view(now, late);
        }
    }

    pub(super) fn handle_live_timeout(&mut self, now: Now) -> ControlFlow<End> {
        if self
            .live
            .gate
            .next_timeout()
            .is_some_and(|due| due < now.uptime)
        {
            self.live.burn();
        }
        match &self.live.state {
            State::Idle => {}
            State::Viewing(_) => self.review_view(now),
            State::Closing { until, .. } if *until <= now.uptime => {
                self.fail_waiting(now, Fault::TooSlow);
                return ControlFlow::Break(End::Hung);
            }
            State::Closing { .. } => {}
        }
        ControlFlow::Continue(())
    }

    /// The process is to end.
    pub(super) fn stop_view(&mut self, now: Now) {
        self.end_view(now, ViewEnd::Stopped);
    }

    /// A look of the plan's is due, and comes before a view.
    pub(super) fn yield_view(&mut self, now: Now) {
        self.end_view(now, ViewEnd::PlannedLook);
    }

    /// Ends the view that is open: lamps off, camera closed, and only then the word.
    fn end_view(&mut self, now: Now, why: ViewEnd) {
        let State::Viewing(viewing) = std::mem::replace(&mut self.live.state, State::Idle) else {
            return;
        };
        let Viewing {
            view,
            check,
            lit,
            _infrared: infrared,
            _lamp: lamp,
            camera,
            frames,
            hold,
            ..
        } = *viewing;
        for shine in [infrared, lamp] {
            if let Err(error) = shine.end() {
                tracing::error!(%error, "lamp of a live view cannot be switched off");
            }
        }
        if let Some(orders) = &self.orders {
            // A thread that hangs does not take it, and closes nothing.
            orders.try_send(Order::Close(None)).ok();
        }
        tracing::warn!(%check, ?why, frames, "live view ended");
        let ended = Ended {
            unit: self.signer.unit(),
            view: view.name().clone(),
            why,
            frames,
            lit_ms: u32::try_from(now.uptime.since(lit).as_millis()).unwrap_or(u32::MAX),
        };
        let signed = self.signer.document(&ended);
        self.say(&FromEye::Live(LiveUp::Ended { signed }));
        match camera {
            Camera::AtWork => {
                self.live.state = State::Closing {
                    until: now.uptime.after(CLOSING_MAX),
                    _hold: hold,
                };
            }
            Camera::Idle => self.begin_waiting(now),
        }
    }

    fn refuse_view(&self, check: Option<CheckId>, why: NoView) {
        tracing::warn!(?check, ?why, "live view refused");
        let refused = Refused {
            unit: self.signer.unit(),
            boot: self.signer.boot(),
            check,
            why,
        };
        let signed = self.signer.document(&refused);
        self.say(&FromEye::Live(LiveUp::Refused { signed }));
    }
}
