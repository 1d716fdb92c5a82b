//! Test alarms: one goes to everybody on a team's chain by every channel, and one person must
//! answer it in time.
//!
//! It takes no turns with rows that need somebody: it neither delays them nor is delayed by them.
//! An undelivered one is not repeated: that it did not get through is what it was to find out.
//! Whoever had no address is the exception: phones are chosen when a shift begins, after its test
//! alarm went, so it goes to them as soon as they have one, while it is under way. What counts for
//! somebody by a channel is the latest.

use std::collections::BTreeMap;

use nattsyn_protocol::time::{Timestamp, Uptime};

use super::line::{Failure, Order, Verdict};
use super::names::{ChannelName, Key, Recipient, TeamName, TrialId};
use super::teams::Team;

/// What became of one message of a test alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Open,
    Delivered,
    Failed(Failure),
}

impl Outcome {
    /// Whether there was no address, or is none any more.
    fn wants_address(self) -> bool {
        match self {
            Self::Failed(why) => why.is_for_want_of_an_address(),
            Self::Open | Self::Delivered => false,
        }
    }
}

/// Most messages of one test alarm to somebody by one channel. Somebody chooses a phone, lets it
/// go and chooses another: an assumption, which bounds what an address that is no more can cost.
const TRIES_MAX: usize = 3;

/// The latest message of a test alarm to somebody by one channel.
#[derive(Clone, Debug)]
struct Message {
    key: Key,
    outcome: Outcome,
    tries: usize,
}

/// One test alarm under way.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) id: TrialId,
    pub(super) team: TeamName,
    pub(super) ends: Uptime,
    answered: Option<Timestamp>,
    messages: BTreeMap<(Recipient, ChannelName), Message>,
}

impl Trial {
    pub(super) fn new(id: TrialId, team: TeamName, ends: Uptime) -> Self {
        Self {
            id,
            team,
            ends,
            answered: None,
            messages: BTreeMap::new(),
        }
    }

    /// Everybody on a chain by every channel, each once.
    pub(super) fn addresses(team: &Team) -> Vec<(Recipient, ChannelName)> {
        let mut all: Vec<(Recipient, ChannelName)> = Vec::new();
        for step in team.steps() {
            for by in &step.by {
                let address = (step.to.clone(), by.clone());
                if !all.contains(&address) {
                    all.push(address);
                }
            }
        }
        all
    }

    pub(super) fn sent(&mut self, order: &Order) {
        let address = (order.to.clone(), order.by.clone());
        let earlier = self.messages.get(&address);
        let message = Message {
            key: order.key,
            outcome: Outcome::Open,
            tries: earlier.map_or(0, |earlier| earlier.tries) + 1,
        };
        self.messages.insert(address, message);
    }

    /// Whether it did not reach somebody by a channel for want of an address, and may go again
    /// when there is one.
    pub(super) fn wants_address(&self, address: &(Recipient, ChannelName)) -> bool {
        let message = self.messages.get(address);
        message.is_some_and(|held| held.outcome.wants_address() && held.tries < TRIES_MAX)
    }

    pub(super) fn delivered(&mut self, key: Key) {
        self.conclude(key, Outcome::Delivered);
    }

    pub(super) fn failed(&mut self, key: Key, why: Failure) {
        self.conclude(key, Outcome::Failed(why));
    }

    fn conclude(&mut self, key: Key, outcome: Outcome) {
        let mut all = self.messages.values_mut();
        if let Some(held) = all.find(|held| held.key == key)
            && held.outcome == Outcome::Open
        {
            held.outcome = outcome;
        }
    }

    /// Whether it is the one of this number and nobody has answered it.
    pub(super) fn awaits_answer(&self, trial: TrialId) -> bool {
        self.id == trial && self.answered.is_none()
    }

    /// Somebody answered. The first answer counts.
    pub(super) fn answer(&mut self, at: Timestamp) {
        self.answered.get_or_insert(at);
    }

    /// Whether a message's outcome is open.
    pub(super) fn is_waiting_for(&self, key: Key) -> bool {
        let mut all = self.messages.values();
        all.any(|held| held.key == key && held.outcome == Outcome::Open)
    }

    /// How it ended, if it has: when its time is out, or somebody answered and the outcome of
    /// every message is known and nobody is left who may choose a phone yet.
    pub(super) fn verdict(&self, now: Uptime) -> Option<Verdict> {
        let is_settled = |outcome: Outcome| outcome != Outcome::Open && !outcome.wants_address();
        let is_known = self.messages.values().all(|held| is_settled(held.outcome));
        let is_over = now >= self.ends || (self.answered.is_some() && is_known);
        is_over.then(|| Verdict {
            trial: self.id,
            team: self.team.clone(),
            answered: self.answered,
            undelivered: self.undelivered(),
        })
    }

    fn undelivered(&self) -> Vec<(Recipient, ChannelName, Failure)> {
        let all = self.messages.iter();
        all.filter_map(|((to, by), held)| {
            let why = match held.outcome {
                Outcome::Delivered => return None,
                Outcome::Open => Failure::Unheard,
                Outcome::Failed(why) => why,
            };
            Some((to.clone(), by.clone(), why))
        })
        .collect()
    }
}
