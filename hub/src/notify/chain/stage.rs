//! Where one row stands on its chain: a small state machine without a clock of its own.
//!
//! A [`Stage`] is one recipient being asked about one row: by the first channel, by the next when
//! that does not deliver, and once more half-way when nobody takes what was delivered. When its
//! time is out, or no channel is left, the next stage begins. It knows nothing of other rows, and
//! sends nothing: it *wants* to be in a message, and [`super::Chain`] makes the messages.

use std::time::Duration;

use nattsyn_protocol::time::Uptime;

use super::line::Kind;
use super::names::{ChannelName, Key};
use super::teams::{Step, Team};
use super::{REMIND_EVERY, RETRY_EVERY};

/// Which stage of its chain a row is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// On the way through the steps, from 0.
    Climbing(usize),
    /// Beyond the last step, for so many laps.
    Ended(u32),
}

/// What the recipient of this stage has been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To be in the next message on the channel.
    Wants(Kind),
    /// In a message whose outcome is open.
    Sent(Key, Kind),
    /// A gateway took the message.
    Delivered,
    /// No channel of the step delivers.
    Exhausted,
}

/// Whether the reminder half-way was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nudge {
    ToCome,
    Made,
}

/// What time brings to a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing yet.
    Stay,
    /// The next part begins.
    Next(Part),
}

/// One recipient being asked about one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stage {
    part: Part,
    began: Uptime,
    /// When the next part begins, unless all channels fail before.
    ends: Uptime,
    /// The channel that is tried, by its number in the step.
    channel: usize,
    /// How many channels have failed since the last message that was meant to be a first one.
    failed: usize,
    asked: Asked,
    nudge: Nudge,
}

impl Stage {
    /// The first stage of a chain.
    pub(super) fn first(began: Uptime, ends: Uptime) -> Self {
        Self {
            part: Part::Climbing(0),
            began,
            ends,
            channel: 0,
            failed: 0,
            asked: Asked::Wants(Kind::New),
            nudge: Nudge::ToCome,
        }
    }

    /// A stage that begins beyond the last step: the night lead is told at once.
    pub(super) fn at_the_end(began: Uptime) -> Self {
        Self {
            part: Part::Ended(0),
            ends: began.after(REMIND_EVERY),
            asked: Asked::Wants(Kind::Escalated),
            ..Self::first(began, began)
        }
    }

    /// A later stage, in the time that a row leaves its steps.
    pub(super) fn later(part: Part, began: Uptime, target: Duration, team: &Team) -> Self {
        let (kind, lasts, channel) = match part {
            Part::Climbing(_) => (Kind::Escalated, target, 0),
            // Laps take the channels in turn: one that only seems to deliver is not the only one
            // for ever.
            Part::Ended(lap) => {
                let channels = step_of(part, team).by.len();
                let turn = usize::try_from(lap / 2).unwrap_or_default() % channels;
                (Kind::Reminded, REMIND_EVERY, turn)
            }
        };
        Self {
            part,
            began,
            ends: began.after(lasts),
            channel,
            failed: 0,
            asked: Asked::Wants(kind),
            nudge: Nudge::ToCome,
        }
    }

    pub(super) fn part(&self) -> Part {
        self.part
    }

    pub(super) fn asked(&self) -> Asked {
        self.asked
    }

    /// Who is asked.
    pub(super) fn step<'a>(&self, team: &'a Team) -> &'a Step {
        step_of(self.part, team)
    }

    /// The channel that is tried.
    pub(super) fn channel<'a>(&self, team: &'a Team) -> &'a ChannelName {
        let by = &self.step(team).by;
        by.get(self.channel)
            .or_else(|| by.last())
            .expect("a step has a channel")
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, now: Uptime, team: &Team) -> Turn {
        if self.turns_at().is_some_and(|at| now >= at) {
            return Turn::Next(self.next_part(team));
        }
        if self.nudges_at().is_some_and(|at| now >= at) {
            self.nudge = Nudge::Made;
            self.channel = (self.channel + 1) % self.step(team).by.len();
            self.failed = 0;
            self.asked = Asked::Wants(Kind::Reminded);
        }
        Turn::Stay
    }

    /// When [`Stage::pass`] has something to do.
    pub(super) fn next_timeout(&self) -> Option<Uptime> {
        self.turns_at().into_iter().chain(self.nudges_at()).min()
    }

    /// The message is on its way.
    pub(super) fn send(&mut self, key: Key, kind: Kind) {
        self.asked = Asked::Sent(key, kind);
        if kind == Kind::Reminded {
            self.nudge = Nudge::Made;
        }
    }

    /// A restored message: one that followed another in the same stage, or began the next lap. Its
    /// channel may be one that the step does not have any more.
    pub(super) fn resend(&mut self, at: Uptime, key: Key, kind: Kind, by: &ChannelName, of: &Team) {
        match (self.asked, self.part) {
            (Asked::Wants(_) | Asked::Sent(..), _) => {}
            (Asked::Delivered | Asked::Exhausted, Part::Climbing(_)) => {
                self.failed = 0;
                self.nudge = Nudge::Made;
            }
            (Asked::Delivered | Asked::Exhausted, Part::Ended(lap)) => {
                let lap = Part::Ended(lap.saturating_add(1));
                *self = Self::later(lap, at, REMIND_EVERY, of);
            }
        }
        let step = self.step(of);
        self.channel = step.by.iter().position(|own| own == by).unwrap_or_default();
        self.send(key, kind);
    }

    /// A gateway took a message. One that this stage has given up is of no more use.
    pub(super) fn delivered(&mut self, key: Key) {
        if self.is_waiting_for(key) {
            self.asked = Asked::Delivered;
        }
    }

    /// A message did not get through: the next channel is to carry it, if there is one.
    pub(super) fn failed(&mut self, key: Key, team: &Team) {
        let Asked::Sent(own, kind) = self.asked else {
            return;
        };
        if own != key {
            return;
        }
        let channels = self.step(team).by.len();
        self.failed += 1;
        self.asked = if self.failed < channels {
            self.channel = (self.channel + 1) % channels;
            Asked::Wants(kind)
        } else {
            Asked::Exhausted
        };
    }

    pub(super) fn is_waiting_for(&self, key: Key) -> bool {
        matches!(self.asked, Asked::Sent(own, _) if own == key)
    }

    /// When the next part begins; not before a message that is to go now has gone, or it would
    /// wait again behind another recipient's.
    fn turns_at(&self) -> Option<Uptime> {
        match (self.asked, self.part) {
            (Asked::Wants(Kind::New | Kind::Escalated | Kind::Test), _) => None,
            (Asked::Exhausted, Part::Climbing(_)) => Some(self.began),
            (Asked::Exhausted, Part::Ended(_)) => Some(self.began.after(RETRY_EVERY)),
            (Asked::Wants(Kind::Reminded) | Asked::Sent(..) | Asked::Delivered, _) => {
                Some(self.ends)
            }
        }
    }

    fn nudges_at(&self) -> Option<Uptime> {
        match (self.asked, self.part, self.nudge) {
            (Asked::Delivered, Part::Climbing(_), Nudge::ToCome) => {
                Some(self.began.after(self.ends.since(self.began) / 2))
            }
            (
                Asked::Wants(_) | Asked::Sent(..) | Asked::Delivered | Asked::Exhausted,
                Part::Climbing(_) | Part::Ended(_),
                Nudge::ToCome | Nudge::Made,
            ) => None,
        }
    }

    fn next_part(&self, team: &Team) -> Part {
        match self.part {
            Part::Climbing(step) if step + 1 < team.steps().len() => Part::Climbing(step + 1),
            Part::Climbing(_) => Part::Ended(0),
            Part::Ended(lap) => Part::Ended(lap.saturating_add(1)),
        }
    }
}

/// Whom a part asks. Beyond the end the night lead has every other lap, and the steps before take
/// turns: their phones may have woken.
fn step_of(part: Part, team: &Team) -> &Step {
    match part {
        Part::Climbing(step) => team.step(step),
        Part::Ended(lap) if lap % 2 == 0 || team.steps().len() < 2 => team.lead(),
        Part::Ended(lap) => {
            let others = team.steps().len() - 1;
            team.step(usize::try_from(lap / 2).unwrap_or_default() % others)
        }
    }
}
