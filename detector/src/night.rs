//! Plans and time → looks.
//!
//! A look is due at its moment, and no more looks of a check are due once one found the
//! person. One eye makes one look at a time: of two that are due, the one that was due first
//! comes first. Nothing is known here of sockets, disks or the hub, and no clock is read.
//!
//! After a restart in the middle of a check the next due look is made: what was begun is
//! written down before it is begun, so a look is never made twice. If that record is lost,
//! looks are made again: a look too many disturbs nobody, a look too few leaves somebody
//! unchecked, and the eye itself stops at its own limit.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use nattsyn_clock::Now;
use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::grant::FIRST_LOOK_AGAIN;
use nattsyn_protocol::hello::HeldPlan;
use nattsyn_protocol::ids::{CheckId, ResidentId};
use nattsyn_protocol::plan::{LOOK_MAX, Plan, PlanError};
use nattsyn_protocol::schedule::{Check, checks_of, night_of, noon};
use nattsyn_protocol::time::{Timestamp, Uptime};

use crate::pair::Refusal;

/// How long the eye may take to answer a look: the longest look, and time to judge it.
pub const ANSWER_WITHIN: Duration = LOOK_MAX.saturating_add(Duration::from_secs(10));

/// How much longer it may take while somebody looks on or tries the unit out: a look before a
/// live view or a try may be under way, or the camera that the view has used.
pub const BUSY_WITH_VIEW: Duration = LOOK_MAX;

/// How late a look may be and still count as made at its moment. The hub shows a look as
/// overdue after the same minute.
pub const LATE_MAX: Duration = Duration::from_secs(60);

/// A look that is too late is left out if the check's next one is due within this: the longest
/// pause between the design's looks.
pub const NEXT_SOON: Duration = Duration::from_secs(300);

/// Latest start before a window closes: twice the five seconds of an ordinary look.
pub const BEFORE_DEADLINE: Duration = Duration::from_secs(10);

/// Most residents of one home: a double room, twice over.
pub const PLANS_MAX: usize = 4;

/// Most checks of which the progress is kept: four residents' checks of four nights. At the
/// bound the oldest night's go; their windows are long closed.
pub const PROGRESS_MAX: usize = 128;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Have the eye look. Answer with [`Night::handle_finding`] or [`Night::handle_refusal`].
    Look {
        /// For which check.
        check: CheckId,
        /// Which look of the check, counted from 1.
        look: u8,
    },
    /// Tell the hub that a look was not made.
    Notice {
        /// The check that suffers.
        check: CheckId,
        /// Which look of the check.
        look: u8,
        /// Why.
        fault: Fault,
    },
}

/// How far a check has come. Kept on disk, so that a restart repeats nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Which check.
    pub check: CheckId,
    /// The last look that was begun or left out, counted from 1.
    pub spent: u8,
    /// Whether more looks are due.
    pub standing: Standing,
}

/// Whether a check has been settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The person was not seen yet.
    Open,
    /// The person was seen. No more looks.
    Seen,
}

/// Why a plan is not worked by.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum PlanRefused {
    /// It cannot be kept.
    #[error("plan of {resident} cannot be kept")]
    Unkeepable {
        /// Whose.
        resident: ResidentId,
        /// Why.
        source: PlanError,
    },
    /// A newer version is held. A unit never goes back.
    #[error("plan of {resident} is version {offered}; version {held} is held")]
    Older {
        /// Whose.
        resident: ResidentId,
        /// What was offered.
        offered: u32,
        /// What is held.
        held: u32,
    },
    /// Plans of [`PLANS_MAX`] others are held.
    #[error("plan of {0} is one more than the {PLANS_MAX} that a unit holds")]
    TooMany(ResidentId),
}

#[derive(Clone, Copy)]
struct Awaited {
    check: CheckId,
    look: u8,
    until: Uptime,
}

/// The unit's night: its plans, and how far each check has come.
#[derive(Default)]
pub struct Night {
    plans: BTreeMap<ResidentId, Plan>,
    progress: BTreeMap<CheckId, Progress>,
    awaited: Option<Awaited>,
    /// When the hub last had a word for the eye about a live view.
    viewed: Option<Uptime>,
    /// When time was last let pass.
    passed: Option<Now>,
    reckoned: RefCell<Option<Reckoned>>,
}

/// The checks of all plans for their nights, kept because they are asked for several times with
/// every event and change with a plan or at noon.
struct Reckoned {
    /// The time within which no plan's night ends.
    during: Range<Timestamp>,
    checks: Arc<[Check]>,
}

impl Night {
    /// A night with the progress that was written down before a restart.
    #[must_use]
    pub fn resume(written_down: Vec<Progress>) -> Self {
        let progress = written_down.into_iter().map(|each| (each.check, each));
        Self {
            progress: progress.collect(),
            ..Self::default()
        }
    }

    /// The progress to write down: after every change, before the look is begun.
    pub fn progress(&self) -> impl Iterator<Item = &Progress> {
        self.progress.values()
    }

    /// The plans that the unit works by.
    #[must_use]
    pub fn held(&self) -> Vec<HeldPlan> {
        let held = self.plans.values().map(|plan| HeldPlan {
            resident: plan.resident,
            version: plan.version,
        });
        held.collect()
    }

    /// Takes in a plan; it replaces an older one of the same resident. What was looked at under
    /// the older one stays looked at.
    ///
    /// # Errors
    ///
    /// It cannot be kept, is older than what is held, or is one too many.
    pub fn handle_plan(&mut self, plan: Plan) -> Result<(), PlanRefused> {
        self.judge(&plan)?;
        self.plans.insert(plan.resident, plan);
        self.reckoned.take();
        Ok(())
    }

    /// Takes in a plan that the eye holds under a later key of the hub, where versions begin
    /// anew: it replaces whatever is held.
    ///
    /// # Errors
    ///
    /// As [`Night::handle_plan`], but for its version.
    pub fn handle_plan_of_later_key(&mut self, plan: Plan) -> Result<(), PlanRefused> {
        match self.judge(&plan) {
            Ok(()) | Err(PlanRefused::Older { .. }) => {}
            Err(error) => return Err(error),
        }
        self.plans.insert(plan.resident, plan);
        self.reckoned.take();
        Ok(())
    }

    /// Whether a plan would be taken, without taking it.
    ///
    /// # Errors
    ///
    /// As [`Night::handle_plan`].
    pub fn judge(&self, plan: &Plan) -> Result<(), PlanRefused> {
        let resident = plan.resident;
        plan.examine()
            .map_err(|source| PlanRefused::Unkeepable { resident, source })?;
        match self.plans.get(&resident) {
            Some(held) if held.version > plan.version => Err(PlanRefused::Older {
                resident,
                offered: plan.version,
                held: held.version,
            }),
            None if self.plans.len() >= PLANS_MAX => Err(PlanRefused::TooMany(resident)),
            Some(_) | None => Ok(()),
        }
    }

    /// Takes in what a look concluded, also one that nobody waits for any more. A look before a
    /// live view is none of the plan's, and leaves those that are still due.
    pub fn handle_finding(&mut self, check: CheckId, look: u8, finding: Finding) {
        self.answered(check, look);
        if look < FIRST_LOOK_AGAIN {
            self.spend(check, look);
        }
        if finding == Finding::Visible
            && let Some(progress) = self.progress.get_mut(&check)
        {
            progress.standing = Standing::Seen;
        }
    }

    /// Takes in that the eye would not look.
    ///
    /// Eye and voice disagree about the time if the one finds a window open and the other not.
    /// For a plan that the eye does not hold, or a limit it has reached, the wire has no fault
    /// of its own: the hub sees an unrecognised one and asks a person, which is right.
    pub fn handle_refusal(&mut self, check: CheckId, look: u8, why: Refusal) -> Option<Command> {
        let fault = match why {
            Refusal::OutsideWindow => Fault::ClockUnknown,
            // The hub knows of the withdrawal; the check must still not pass in silence.
            Refusal::NotPlanned | Refusal::TooMany | Refusal::Withdrawn => Fault::Unrecognised,
        };
        self.answered(check, look)
            .then_some(Command::Notice { check, look, fault })
    }

    /// Takes in that the hub has a word for the eye about a live view, or about trying the unit
    /// out: the eye may be busy.
    pub fn handle_view(&mut self, now: Uptime) {
        self.viewed = Some(now);
    }

    fn answer_within(&self, now: Uptime) -> Duration {
        let busy = self
            .viewed
            .is_some_and(|viewed| now.since(viewed) <= BUSY_WITH_VIEW);
        match busy {
            true => ANSWER_WITHIN.saturating_add(BUSY_WITH_VIEW),
            false => ANSWER_WITHIN,
        }
    }

    /// Takes in that the eye is not there, or has started anew and knows of no look.
    pub fn handle_eye_gone(&mut self) -> Option<Command> {
        self.awaited.take().map(|awaited| Command::Notice {
            check: awaited.check,
            look: awaited.look,
            fault: Fault::EyeDown,
        })
    }

    /// Lets time pass; returns what is to be done now.
    pub fn handle_timeout(&mut self, now: Now) -> Vec<Command> {
        let mut commands = self.handle_step(now);
        if self
            .awaited
            .is_some_and(|awaited| awaited.until <= now.uptime)
        {
            commands.extend(self.handle_eye_gone());
        }
        if self.awaited.is_none()
            && let Some((_, check, look)) = self.due(now.timestamp)
        {
            self.spend(check, look);
            let until = now.uptime.after(self.answer_within(now.uptime));
            self.awaited = Some(Awaited { check, look, until });
            commands.push(Command::Look { check, look });
        }
        commands
    }

    /// Says of every look that a wall clock went past, when it was set forward over the rest of
    /// a window, that it was not made: no later look stands in for it. Once the clock is set back
    /// the looks are made after all.
    fn handle_step(&mut self, now: Now) -> Vec<Command> {
        let Some(before) = self.passed.replace(now) else {
            return Vec::new();
        };
        let expected = before.timestamp.after(now.uptime.since(before.uptime));
        // A smaller step leaves every look within its minute.
        if now.timestamp.since(expected) <= LATE_MAX {
            return Vec::new();
        }
        let checks = self.checks(expected);
        let closed = checks.iter().filter(|check| {
            expected < check.deadline && now.timestamp.after(BEFORE_DEADLINE) > check.deadline
        });
        let left = closed.flat_map(|check| {
            let spent = self.spent(check.id).unwrap_or(u8::MAX);
            let looks = (0..).zip(&check.looks);
            let looks = looks.filter(|(_, moment)| before.timestamp < **moment);
            let looks = looks
                .map(|(index, _)| number(index))
                .filter(move |look| *look > spent);
            looks.map(|look| Command::Notice {
                check: check.id,
                look,
                fault: Fault::ClockUnknown,
            })
        });
        left.collect()
    }

    /// When [`Night::handle_timeout`] next has something to do.
    #[must_use]
    pub fn next_timeout(&self, now: Now) -> Option<Uptime> {
        match self.awaited {
            Some(awaited) => Some(awaited.until),
            None => {
                let next = self.next_look(now.timestamp)?;
                Some(now.uptime.after(next.since(now.timestamp)))
            }
        }
    }

    /// When the next look is due, at the earliest `now`; `None` if none is, this night or the
    /// next.
    #[must_use]
    pub fn next_look(&self, now: Timestamp) -> Option<Timestamp> {
        self.checks(now)
            .iter()
            .filter_map(|check| self.next_of(check, now))
            .min()
    }

    /// Whether the eye has been asked to look and has not answered.
    #[must_use]
    pub fn is_looking(&self) -> bool {
        self.awaited.is_some()
    }

    /// The look that has been due longest, with its moment.
    fn due(&self, now: Timestamp) -> Option<(Timestamp, CheckId, u8)> {
        let checks = self.checks(now);
        let due = checks.iter().filter_map(|check| {
            let (index, moment) = self.due_of(check, now)?;
            Some((moment, check.id, number(index)))
        });
        due.min()
    }

    /// The look of a check that is to be made now: the latest whose moment has come, if it is
    /// not made yet. One that is too late waits for the next if that comes soon.
    fn due_of(&self, check: &Check, now: Timestamp) -> Option<(usize, Timestamp)> {
        if now.after(BEFORE_DEADLINE) > check.deadline {
            return None;
        }
        let index = check.looks.iter().rposition(|&moment| moment <= now)?;
        let moment = *check.looks.get(index)?;
        if number(index) <= self.spent(check.id)? {
            return None;
        }
        let next_is_soon = || {
            let next = check.looks.get(index + 1);
            next.is_some_and(|next| next.since(now) <= NEXT_SOON)
        };
        let too_late = now.since(moment) > LATE_MAX;
        (!(too_late && next_is_soon())).then_some((index, moment))
    }

    /// When a check's next look is to be made.
    fn next_of(&self, check: &Check, now: Timestamp) -> Option<Timestamp> {
        if self.due_of(check, now).is_some() {
            return Some(now);
        }
        let spent = usize::from(self.spent(check.id)?);
        let to_come =
            |moment: &Timestamp| *moment > now && moment.after(BEFORE_DEADLINE) <= check.deadline;
        check.looks.iter().skip(spent).copied().find(to_come)
    }

    /// How many looks of a check are behind it; `None` if the person was seen.
    fn spent(&self, check: CheckId) -> Option<u8> {
        match self.progress.get(&check) {
            None => Some(0),
            Some(progress) => match progress.standing {
                Standing::Open => Some(progress.spent),
                Standing::Seen => None,
            },
        }
    }

    /// The checks of this night and the next, of all residents.
    fn checks(&self, now: Timestamp) -> Arc<[Check]> {
        if let Some(reckoned) = self.reckoned.borrow().as_ref()
            && reckoned.during.contains(&now)
        {
            return Arc::clone(&reckoned.checks);
        }
        let (mut during, mut checks) = (
            Timestamp(jiff::Timestamp::MIN)..Timestamp(jiff::Timestamp::MAX),
            Vec::new(),
        );
        for plan in self.plans.values() {
            // A plan was examined when it was taken in, so its zone is known.
            let Ok(night) = night_of(now, &plan.zone) else {
                continue;
            };
            let next = night.tomorrow().unwrap_or(night);
            let noons = [night, next].map(|night| noon(night, &plan.zone));
            if let [Ok(from), Ok(until)] = noons {
                during = during.start.max(from)..during.end.min(until);
            }
            for night in [night, next] {
                checks.extend(checks_of(plan, night).unwrap_or_default());
            }
        }
        let checks: Arc<[Check]> = checks.into();
        self.reckoned.replace(Some(Reckoned {
            during,
            checks: Arc::clone(&checks),
        }));
        checks
    }

    fn spend(&mut self, check: CheckId, look: u8) {
        let progress = self.progress.entry(check).or_insert(Progress {
            check,
            spent: 0,
            standing: Standing::Open,
        });
        progress.spent = progress.spent.max(look);
        while self.progress.len() > PROGRESS_MAX {
            let oldest = self
                .progress
                .keys()
                .min_by_key(|check| check.night)
                .copied();
            oldest.and_then(|oldest| self.progress.remove(&oldest));
        }
    }

    /// Whether this answer was waited for; it no longer is.
    fn answered(&mut self, check: CheckId, look: u8) -> bool {
        let awaited = self
            .awaited
            .take_if(|awaited| (awaited.check, awaited.look) == (check, look));
        awaited.is_some()
    }
}

/// Looks are counted from 1; a plan has at most five.
fn number(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX).saturating_add(1)
}

#[cfg(test)]
mod clock_steps;
#[cfg(test)]
mod tests;
