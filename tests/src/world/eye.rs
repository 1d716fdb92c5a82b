//! An eye without a camera: the product's guard and real signatures around drawn findings.
//!
//! It does with requests what the product's eye does: one look at a time, a few waiting, an
//! answer to every ping. It judges no frame; what a look finds is drawn. It speaks only when
//! spoken to, so its own sign of life every 20 s is left out: the voice's pings ask for one as
//! often.

use std::collections::VecDeque;

use ed25519_dalek::SigningKey;

use nattsyn_detector::guard::lifetime::Opening;
use nattsyn_detector::guard::{Errand, Guard, Moment, Verdict};
use nattsyn_detector::memory::{Found, Memory};
use nattsyn_detector::pair::{FromEye, LastLook, Refusal, ToEye};
use nattsyn_protocol::finding::{Fault, Finding, Reason};
use nattsyn_protocol::ids::{BootId, CheckId, UnitId};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::time::Uptime;

use super::dice::Dice;

/// Looks that may wait for the one being made, as in the product's eye.
const WAITING_MAX: usize = 4;

/// How long an ordinary look takes, in milliseconds (the product's pacing: five seconds).
const LOOK_MS: u64 = 5_000;

/// When a look that hangs is cut off, in milliseconds: the longest that residents were told.
const LOOK_MAX_MS: u64 = 30_000;

/// How the camera is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Camera {
    Well,
    Hangs,
}

/// What the eye wants after something was told or has passed.
#[derive(Debug, Default)]
pub(super) struct Wants {
    /// Said to the voice.
    pub(super) words: Vec<FromEye>,
    /// A look that was begun, and in how many milliseconds it ends.
    pub(super) begun: Option<(CheckId, u64)>,
    /// Reports that were signed.
    pub(super) reports: Vec<Report>,
    /// Its process ends.
    pub(super) ends: bool,
}

/// One run of an eye's process.
pub(super) struct Eye {
    unit: UnitId,
    key: SigningKey,
    guard: Guard,
    pub(super) boot: BootId,
    counter: u64,
    looking: Option<Errand>,
    is_doomed: bool,
    waiting: VecDeque<(CheckId, u8)>,
    last_look: LastLook,
    pub(super) is_hung: bool,
}

impl Eye {
    /// Starts with what an earlier run wrote down, at this moment of this run of the machine.
    /// `drawn` makes its name, with the count of its runs, as the product's.
    pub(super) fn start(
        unit: UnitId,
        key: SigningKey,
        root: PublicKey,
        (memory, opening): (Option<Memory>, Opening),
        drawn: u64,
    ) -> Self {
        let found = memory.map_or(Found::Nothing, Found::Remembered);
        let guard = Guard::resume(unit, root, found, opening);
        let boot = BootId((drawn << 16) | u64::from(guard.runs()) & 0xffff);
        Self {
            unit,
            key,
            guard,
            boot,
            counter: 0,
            looking: None,
            is_doomed: false,
            waiting: VecDeque::new(),
            last_look: LastLook::Fit,
            is_hung: false,
        }
    }

    pub(super) fn is_looking(&self) -> bool {
        self.looking.is_some()
    }

    /// The plans that its guard holds.
    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// What is to be written down before anything is said.
    pub(super) fn take_change(&mut self, now: Uptime) -> Option<Memory> {
        self.guard.take_change(now)
    }

    /// The voice said something.
    pub(super) fn handle(
        &mut self,
        now: Moment,
        camera: Camera,
        dice: &mut Dice,
        word: &ToEye,
    ) -> Wants {
        let mut wants = Wants::default();
        self.guard.handle_moment(now);
        match word {
            ToEye::Plan(plan) => {
                // A refused plan changes nothing; what is held is said either way.
                self.guard.handle_plan(plan).ok();
                wants.words.push(FromEye::Holding(self.guard.holding()));
            }
            ToEye::Ping => wants.words.push(FromEye::Alive {
                last_look: self.last_look,
            }),
            // No resident of this world has agreed to more than looks, and nobody commissions.
            ToEye::Policy(_)
            | ToEye::Thresholds(_)
            | ToEye::Label(_)
            | ToEye::Live(_)
            | ToEye::Commission(_) => {}
            &ToEye::Look { check, look } if self.looking.is_none() => {
                self.begin(now, camera, dice, (check, look), &mut wants);
            }
            &ToEye::Look { check, look } if self.waiting.len() < WAITING_MAX => {
                self.waiting.push_back((check, look));
            }
            &ToEye::Look { check, look } => {
                let why = Refusal::TooMany;
                wants.words.push(FromEye::Refused { check, look, why });
            }
        }
        wants
    }

    /// The look that was begun ends.
    pub(super) fn handle_end(&mut self, now: Moment, camera: Camera, dice: &mut Dice) -> Wants {
        let mut wants = Wants::default();
        let Some(errand) = self.looking.take() else {
            return wants;
        };
        if self.is_doomed {
            self.waiting.clear();
            let finding = Finding::Technical(Fault::TooSlow);
            self.report(now, dice, errand, finding, &mut wants);
            wants.ends = true;
            return wants;
        }
        let finding = draw_finding(dice);
        self.report(now, dice, errand, finding, &mut wants);
        while self.looking.is_none()
            && let Some(next) = self.waiting.pop_front()
        {
            self.begin(now, camera, dice, next, &mut wants);
        }
        wants
    }

    fn begin(
        &mut self,
        now: Moment,
        camera: Camera,
        dice: &mut Dice,
        (check, look): (CheckId, u8),
        wants: &mut Wants,
    ) {
        match self.guard.admit(now, check, look) {
            Verdict::Look(permit) => {
                self.looking = Some(permit.errand());
                self.is_doomed = camera == Camera::Hangs;
                let ends_in = if self.is_doomed { LOOK_MAX_MS } else { LOOK_MS };
                wants.begun = Some((check, ends_in));
            }
            Verdict::ClockUnknown(errand) => {
                let finding = Finding::Technical(Fault::ClockUnknown);
                self.report(now, dice, errand, finding, wants);
            }
            Verdict::Refuse(why) => wants.words.push(FromEye::Refused { check, look, why }),
        }
    }

    fn report(
        &mut self,
        now: Moment,
        dice: &mut Dice,
        errand: Errand,
        finding: Finding,
        wants: &mut Wants,
    ) {
        self.last_look = match finding {
            Finding::Technical(_) => LastLook::Faulty,
            Finding::Visible | Finding::NotVisible | Finding::Unclear(_) | Finding::Paused => {
                LastLook::Fit
            }
        };
        self.counter += 1;
        let report = Report {
            unit: self.unit,
            check: errand.check,
            look: errand.look,
            finding,
            at_ms: now.wall,
            clock: self.guard.handle_moment(now).state(),
            plan: errand.plan,
            model: "0a1b2c3d".to_owned(),
            boot: self.boot,
            counter: self.counter,
            nonce: format!("{:016x}{:016x}", dice.throw(), dice.throw()),
        };
        let signed = Signed::seal(&report, &self.key);
        wants.words.push(FromEye::Report(signed));
        wants.reports.push(report);
    }
}

/// What a look finds: mostly the person, and everything else often enough to matter.
fn draw_finding(dice: &mut Dice) -> Finding {
    match dice.below(100) {
        0..65 => Finding::Visible,
        65..80 => Finding::NotVisible,
        80..88 => Finding::Unclear(dice.pick(Reason::ALL)),
        88..97 => Finding::Technical(dice.pick(Fault::ALL)),
        _ => Finding::Paused,
    }
}
