//! Test alarms: one goes to everybody on a team's chain by every channel, and one person must
//! answer it in time.
//!
//! It takes no turns with rows that need somebody: it neither delays them nor is delayed by them.
//! An undelivered one is not repeated: that it did not get through is what it was to find out.

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

/// One test alarm under way.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    pub(super) id: TrialId,
    pub(super) team: TeamName,
    pub(super) ends: Uptime,
    answered: Option<Timestamp>,
    messages: BTreeMap<Key, (Recipient, ChannelName, Outcome)>,
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
        let message = (order.to.clone(), order.by.clone(), Outcome::Open);
        self.messages.insert(order.key, message);
    }

    pub(super) fn delivered(&mut self, key: Key) {
        self.conclude(key, Outcome::Delivered);
    }

    pub(super) fn failed(&mut self, key: Key, why: Failure) {
        self.conclude(key, Outcome::Failed(why));
    }

    fn conclude(&mut self, key: Key, outcome: Outcome) {
        if let Some((_, _, held)) = self.messages.get_mut(&key)
            && *held == Outcome::Open
        {
            *held = outcome;
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
        let message = self.messages.get(&key);
        message.is_some_and(|(_, _, outcome)| *outcome == Outcome::Open)
    }

    /// How it ended, if it has: when its time is out, or somebody answered and the outcome of
    /// every message is known.
    pub(super) fn verdict(&self, now: Uptime) -> Option<Verdict> {
        let is_known = self
            .messages
            .values()
            .all(|(_, _, outcome)| *outcome != Outcome::Open);
        let is_over = now >= self.ends || (self.answered.is_some() && is_known);
        is_over.then(|| Verdict {
            trial: self.id,
            team: self.team.clone(),
            answered: self.answered,
            undelivered: self.undelivered(),
        })
    }

    fn undelivered(&self) -> Vec<(Recipient, ChannelName, Failure)> {
        let all = self.messages.values();
        all.filter_map(|(to, by, outcome)| {
            let why = match outcome {
                Outcome::Delivered => return None,
                Outcome::Open => Failure::Unheard,
                Outcome::Failed(why) => *why,
            };
            Some((to.clone(), by.clone(), why))
        })
        .collect()
    }
}
