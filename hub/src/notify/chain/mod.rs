//! Decides who is told next: pure, without a clock, a network or a disk.
//!
//! A row that needs somebody is told to the first step of its team's chain at once. What is not
//! delivered goes by the next channel, within 90 s of the row's beginning; what nobody takes
//! within the response target goes to the next step; after the last the chain has come to its
//! end, which names the night lead and goes on reminding. A taken row is told no further; one that
//! falls back begins again. Many rows for one recipient share a message, and the first of them
//! never waits.
//!
//! What goes in: rows that need somebody, were taken, fell back or are over, and what became of
//! orders. What comes out: [`Effect`]s. Every [`Line`] is written before what follows it is sent,
//! so that [`Chain::restore`] forgets nothing: an order whose outcome was lost is sent again with
//! its own [`Key`].
//!
//! What it deliberately does not do: know what a row is about, who a recipient is, or by what a
//! channel works; nor judge how urgent a row is.

#[cfg(test)]
mod lead;
mod line;
mod messages;
mod names;
#[cfg(test)]
mod rehearsal;
mod resettle;
mod restore;
#[cfg(test)]
mod scenes;
#[cfg(test)]
mod simulation;
mod stage;
mod teams;
mod trial;
#[cfg(test)]
mod wilds;

use std::collections::BTreeMap;
use std::time::Duration;

use nattsyn_protocol::time::{Timestamp, Uptime};

use crate::watch::{Moment, StaffId};

pub use line::{
    About, Effect, Failure, Kind, Line, LineError, Need, Order, Proven, Reach, Verdict,
};
pub use messages::Post;
pub use names::{ChannelName, Key, NAME_MAX, NameError, Recipient, RowId, TeamName, TrialId};
pub use restore::Standing;
pub use teams::{Step, Team, TeamError, Teams};

use messages::Posts;
use stage::{Asked, Part, Stage, Turn};
use trial::Trial;

/// How long after one message to somebody by one channel the next waits, so that many rows share
/// it. With [`HEARD_WITHIN`] it leaves the second channel 20 s of the design's 90 (section 12):
/// 20 until the first channel's message, 30 until it is given up, 20 until the second's.
pub const GATHER: Duration = Duration::from_secs(20);

/// How long mere reminders wait for another message to somebody to share. An assumption: half of
/// [`REMIND_EVERY`] at most, so that rows of different ages fall into one rhythm.
pub const GATHER_REMINDERS: Duration = Duration::from_secs(120);

/// How long an order's outcome is waited for. The caller gives an attempt up before that
/// ([`super::caller::ATTEMPT_WITHIN`]), so only a lost one takes so long.
pub const HEARD_WITHIN: Duration = Duration::from_secs(30);

/// How often a row whose chain has come to its end is told again. As long as a taken row may lie
/// untouched before it falls back (architecture, section 9).
pub const REMIND_EVERY: Duration = Duration::from_secs(300);

/// How soon after a lap in which nothing was delivered the next begins. A minute: nobody is
/// disturbed by what does not get through, and a network that is back is used at once.
pub const RETRY_EVERY: Duration = Duration::from_secs(60);

/// Least response target. Shorter ones would climb past a recipient while the message is on its
/// way; also the least time that the first step of a row from before a restart is given.
pub const TARGET_MIN: Duration = Duration::from_secs(60);

/// One row, while it is open.
#[derive(Clone, Debug)]
struct Open {
    need: Need,
    held: Held,
}

/// Whether somebody has a row.
#[derive(Clone, Copy, Debug)]
enum Held {
    /// Somebody took it, or one message was enough.
    Taken,
    /// Nobody has it, and there is nobody to tell.
    Unheard,
    /// Nobody has it.
    Asking(Stage),
}

/// How far a row's chain has come, for the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is no team: nobody is told.
    Nobody,
    /// A step is being told.
    Told {
        /// Which step, from 0.
        step: usize,
        /// Who that is.
        to: Recipient,
    },
    /// The chain has come to its end.
    Ended {
        /// The night lead.
        lead: Recipient,
    },
}

/// An order whose outcome is open.
#[derive(Clone, Debug)]
struct Outstanding {
    order: Order,
    at: Uptime,
}

/// Who is told of what, in all teams.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    teams: Teams,
    rows: BTreeMap<RowId, Open>,
    posts: Posts,
    orders: BTreeMap<Key, Outstanding>,
    trials: Vec<Trial>,
    next_number: u64,
}

impl Chain {
    /// A chain without a past.
    #[must_use]
    pub fn new(teams: Teams) -> Self {
        Self {
            teams,
            ..Self::default()
        }
    }

    /// Who can be told. If it is empty nobody is, and the page must say so.
    #[must_use]
    pub fn teams(&self) -> &Teams {
        &self.teams
    }

    /// How far the chain of a row has come. Nothing for one that is taken, over or unknown.
    #[must_use]
    pub fn progress(&self, row: RowId) -> Option<Progress> {
        let open = self.rows.get(&row)?;
        let stage = match open.held {
            Held::Taken => return None,
            Held::Unheard => return Some(Progress::Nobody),
            Held::Asking(stage) => stage,
        };
        let team = self.teams.of(&open.need.team)?;
        Some(match stage.part() {
            Part::Climbing(step) => Progress::Told {
                step,
                to: stage.step(team).to.clone(),
            },
            Part::Ended(_) => Progress::Ended {
                lead: team.lead().to.clone(),
            },
        })
    }

    /// Everybody who was ever told, by what, and how the last message went.
    pub fn posts(&self) -> impl Iterator<Item = Post> {
        self.posts.iter()
    }

    /// Rows need somebody. Given together they share messages. One that is known with the same
    /// `since` changes nothing; with another it begins anew.
    pub fn handle_needs(
        &mut self,
        now: Moment,
        needs: impl IntoIterator<Item = Need>,
    ) -> Vec<Effect> {
        let now = inward(now);
        let mut effects = Vec::new();
        for need in needs {
            let need = Need {
                since: whole(need.since),
                ..need
            };
            let known = self.rows.get(&need.row);
            if known.is_none_or(|open| open.need.since != need.since) {
                self.begin(now, need, &mut effects);
            }
        }
        self.settle(now, &mut effects);
        effects
    }

    /// Somebody took a row: it is told no further until it falls back.
    pub fn handle_taken(&mut self, row: RowId) {
        if let Some(open) = self.rows.get_mut(&row) {
            open.held = Held::Taken;
        }
    }

    /// A taken row fell back: its chain begins again, at once. `now` is its new `since`, by which
    /// [`Chain::restore`] knows the row's lines again: the caller's own record of the fall must
    /// carry the same moment.
    pub fn handle_fallen_back(&mut self, now: Moment, row: RowId) -> Vec<Effect> {
        let need = self.rows.get(&row).map(|open| Need {
            since: now.timestamp,
            ..open.need.clone()
        });
        self.handle_needs(now, need)
    }

    /// A row needs nobody any more.
    pub fn handle_over(&mut self, row: RowId) {
        self.rows.remove(&row);
    }

    /// A gateway took an order.
    pub fn handle_delivered(&mut self, now: Moment, key: Key) -> Vec<Effect> {
        let now = inward(now);
        let at = now.timestamp;
        let mut effects = vec![Effect::Write(Line::Delivered { at, key })];
        self.deliver(now.timestamp, key);
        self.settle(now, &mut effects);
        effects
    }

    /// An order did not get through.
    pub fn handle_failed(&mut self, now: Moment, key: Key, why: Failure) -> Vec<Effect> {
        let now = inward(now);
        let at = now.timestamp;
        let mut effects = vec![Effect::Write(Line::Failed { at, key, why })];
        self.fail(now.timestamp, key, why);
        self.settle(now, &mut effects);
        effects
    }

    /// A test alarm goes to a team's whole chain; somebody must answer by then. One whose number
    /// is under way changes nothing.
    pub fn handle_trial(
        &mut self,
        now: Moment,
        trial: TrialId,
        team: TeamName,
        answer_by: Timestamp,
    ) -> Vec<Effect> {
        let now = inward(now);
        let mut effects = Vec::new();
        if self.trials.iter().all(|held| held.id != trial) {
            effects.push(Effect::Write(Line::TrialBegan {
                at: now.timestamp,
                trial,
                team: team.clone(),
                answer_by,
            }));
            let mut begun = Trial::new(trial, team, now.uptime_at(answer_by));
            self.send_trial(now, &mut begun, &mut effects);
            self.trials.push(begun);
        }
        self.settle(now, &mut effects);
        effects
    }

    /// Somebody may have an address that they had not. A test alarm that is under way goes to
    /// those whom it did not reach for want of one, if there is one now; nothing else is due.
    pub fn handle_addresses(
        &mut self,
        now: Moment,
        is_there: impl Fn(&Recipient, &ChannelName) -> bool,
    ) -> Vec<Effect> {
        let now = inward(now);
        let mut effects = Vec::new();
        let mut trials = std::mem::take(&mut self.trials);
        for trial in trials.iter_mut().filter(|held| now.uptime < held.ends) {
            self.send_trial_again(now, trial, &is_there, &mut effects);
        }
        self.trials = trials;
        effects
    }

    /// Somebody answered a test alarm. One that is answered already or over changes nothing.
    pub fn handle_answer(&mut self, now: Moment, trial: TrialId, by: StaffId) -> Vec<Effect> {
        let now = inward(now);
        let mut effects = Vec::new();
        let mut trials = self.trials.iter_mut();
        if let Some(held) = trials.find(|held| held.awaits_answer(trial)) {
            let at = now.timestamp;
            held.answer(at);
            effects.push(Effect::Write(Line::TrialAnswered { at, trial, by }));
        }
        self.settle(now, &mut effects);
        effects
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Moment) -> Vec<Effect> {
        let now = inward(now);
        let mut effects = Vec::new();
        self.settle(now, &mut effects);
        effects
    }

    /// When to call [`Chain::handle_timeout`] next, at the latest.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Uptime> {
        let stages = self.stages().filter_map(|(_, stage)| stage.next_timeout());
        let orders = self.orders.values();
        let unheard = orders.map(|order| order.at.after(HEARD_WITHIN));
        let trials = self.trials.iter().map(|trial| trial.ends);
        let messages = self.next_message();
        let next = stages.chain(unheard).chain(trials).chain(messages).min();
        next.map(|at| Uptime(at.0.saturating_sub(BEFORE_BOOT)))
    }

    fn begin(&mut self, now: Moment, need: Need, effects: &mut Vec<Effect>) {
        let need = Need {
            target: need.target.max(TARGET_MIN),
            ..need
        };
        effects.push(Effect::Write(Line::Began {
            at: now.timestamp,
            need: need.clone(),
        }));
        self.put(now, now.uptime, need);
    }

    /// Begins a row's chain at a moment that may lie before now.
    fn put(&mut self, now: Moment, began: Uptime, need: Need) {
        let target_at = now.uptime_at(need.since).min(began).after(need.target);
        let ends = target_at.max(began.after(TARGET_MIN));
        let held = match self.teams.of(&need.team) {
            Some(_) => Held::Asking(match need.reach {
                Reach::Chain => Stage::first(began, ends),
                Reach::Lead | Reach::LeadOnce => Stage::at_the_end(began),
            }),
            None => Held::Unheard,
        };
        self.rows.insert(need.row, Open { need, held });
    }

    /// The rows that are being asked about.
    fn stages(&self) -> impl Iterator<Item = (&Open, &Stage)> {
        self.rows.values().filter_map(|open| match &open.held {
            Held::Asking(stage) => Some((open, stage)),
            Held::Taken | Held::Unheard => None,
        })
    }

    /// Applies something to the stage of every row that is being asked about.
    fn each_stage(&mut self, mut apply: impl FnMut(&Need, &mut Stage, &Team)) {
        for open in self.rows.values_mut() {
            if let (Held::Asking(stage), Some(team)) =
                (&mut open.held, self.teams.of(&open.need.team))
            {
                apply(&open.need, stage, team);
            }
        }
    }

    /// Does all that is due.
    fn settle(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.give_up(now, effects);
        // A row whose time was out while its message waited goes on as soon as that has gone. No
        // address has two messages at one moment, so this comes to an end.
        loop {
            self.turn(now, effects);
            let before = effects.len();
            self.send_messages(now, effects);
            if effects.len() == before {
                break;
            }
        }
        self.end_trials(now, effects);
    }

    /// Lets time pass for every row.
    fn turn(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.each_stage(|need, stage, team| {
            while let Turn::Next(part) = stage.pass(now.uptime, team) {
                let from = stage.part();
                *stage = Stage::later(part, now.uptime, need.target, team);
                let turned = turned(now.timestamp, need.row, from, part, team);
                effects.extend(turned.map(Effect::Write));
            }
        });
    }

    /// Orders of which nothing was heard count as failed.
    fn give_up(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let is_late = |held: &Outstanding| now.uptime >= held.at.after(HEARD_WITHIN);
        let orders = self.orders.iter();
        let late: Vec<Key> = orders
            .filter_map(|(key, held)| is_late(held).then_some(*key))
            .collect();
        for key in late {
            let at = now.timestamp;
            let why = Failure::Unheard;
            effects.push(Effect::Write(Line::Failed { at, key, why }));
            self.fail(at, key, why);
        }
    }

    fn deliver(&mut self, at: Timestamp, key: Key) {
        if let Some(held) = self.orders.remove(&key) {
            self.posts.conclude(&held.order, at, Ok(()));
        }
        self.each_stage(|_, stage, _| stage.delivered(key));
        self.let_rest();
        self.trials
            .iter_mut()
            .for_each(|trial| trial.delivered(key));
    }

    /// Rows of which one message is enough are told no further once it got through.
    fn let_rest(&mut self) {
        for open in self.rows.values_mut() {
            match (&open.held, open.need.reach) {
                (Held::Asking(stage), Reach::LeadOnce) if stage.asked() == Asked::Delivered => {
                    open.held = Held::Taken;
                }
                (Held::Asking(_) | Held::Taken | Held::Unheard, _) => {}
            }
        }
    }

    fn fail(&mut self, at: Timestamp, key: Key, why: Failure) {
        if let Some(held) = self.orders.remove(&key) {
            self.posts.conclude(&held.order, at, Err(why));
        }
        self.each_stage(|_, stage, team| stage.failed(key, team));
        self.trials
            .iter_mut()
            .for_each(|trial| trial.failed(key, why));
    }

    fn end_trials(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.trials.retain(|trial| {
            let Some(verdict) = trial.verdict(now.uptime) else {
                return true;
            };
            effects.push(Effect::Write(Line::TrialOver {
                at: now.timestamp,
                verdict: verdict.clone(),
            }));
            effects.push(Effect::Over(verdict));
            false
        });
    }
}

/// By how much uptime is counted higher in here, so that what was written down before the machine
/// started lies in the past. A year: no row is open as long.
const BEFORE_BOOT: Duration = Duration::from_secs(365 * 24 * 3600);

/// A moment as it is counted in here.
fn inward(now: Moment) -> Moment {
    Moment {
        uptime: now.uptime.after(BEFORE_BOOT),
        timestamp: whole(now.timestamp),
    }
}

/// A timestamp in whole milliseconds, as lines keep it: one that comes back from the store must be
/// the one that went.
fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_ms(at.as_ms()).unwrap_or(at)
}

/// The line for a row that goes on, unless it is one more lap.
fn turned(at: Timestamp, row: RowId, from: Part, to: Part, team: &Team) -> Option<Line> {
    match (from, to) {
        (_, Part::Climbing(step)) => Some(Line::Escalated {
            at,
            row,
            step,
            to: team.step(step).to.clone(),
        }),
        (Part::Climbing(_), Part::Ended(_)) => Some(Line::Ended {
            at,
            row,
            lead: team.lead().to.clone(),
        }),
        (Part::Ended(_), Part::Ended(_)) => None,
    }
}
