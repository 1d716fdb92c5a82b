//! Makes messages of what rows want said: one to each recipient and channel in a bounded time.
//!
//! The first is never delayed. What comes within [`GATHER`] of a message waits for the next and
//! shares it, so a flood of rows is at most three messages a minute to one recipient by one
//! channel; mere reminders wait longer. Nothing is dropped: a row that waits is in the next one.
//!
//! Matters have messages of their own, with as many a minute: a channel that can tell of rows alone
//! must fail for a matter without failing for rows that it took, and neither may hold up the other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nattsyn_protocol::time::{Timestamp, Uptime};

use crate::watch::Moment;

use super::line::{About, Effect, Failure, Kind, Line, Order};
use super::names::{ChannelName, Key, Recipient, RowId};
use super::stage::Asked;
use super::trial::Trial;
use super::{Chain, GATHER, GATHER_REMINDERS, Held, Outstanding};

/// Somebody by one channel, and how the last message to them went. For the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Who.
    pub to: Recipient,
    /// By what.
    pub by: ChannelName,
    /// How the last message went and when that was heard; nothing while it is open.
    pub outcome: Option<(Timestamp, Result<(), Failure>)>,
}

/// What is remembered of somebody by one channel.
#[derive(Clone, Debug)]
struct Memory {
    last: BTreeMap<Topic, Uptime>,
    outcome: Option<(Timestamp, Result<(), Failure>)>,
}

/// Everybody who was told, by what.
#[derive(Clone, Debug, Default)]
pub(super) struct Posts(BTreeMap<Address, Memory>);

/// What a message is about; never both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    Rows,
    Matters,
}

impl Topic {
    /// As [`RowId::of_matter`] numbers them.
    fn of(row: RowId) -> Self {
        if row.0 < 0 { Self::Matters } else { Self::Rows }
    }
}

/// Somebody, by one channel.
type Address = (Recipient, ChannelName);

/// What is to be said to somebody by one channel.
#[derive(Debug)]
struct Wish {
    rows: Vec<RowId>,
    kind: Kind,
}

impl Posts {
    pub(super) fn iter(&self) -> impl Iterator<Item = Post> {
        self.0.iter().map(|((to, by), memory)| Post {
            to: to.clone(),
            by: by.clone(),
            outcome: memory.outcome,
        })
    }

    /// A message about rows goes out.
    pub(super) fn send(&mut self, order: &Order, at: Uptime) {
        let memory = self.memory(order);
        memory.outcome = None;
        match &order.about {
            About::Rows(rows) => {
                let topics = rows.iter().map(|row| (Topic::of(*row), at));
                memory.last.extend(topics);
            }
            // A test alarm delays nothing.
            About::Trial(_) => {}
        }
    }

    pub(super) fn conclude(&mut self, order: &Order, at: Timestamp, how: Result<(), Failure>) {
        self.memory(order).outcome = Some((at, how));
    }

    fn memory(&mut self, order: &Order) -> &mut Memory {
        let address = (order.to.clone(), order.by.clone());
        self.0.entry(address).or_insert(Memory {
            last: BTreeMap::new(),
            outcome: None,
        })
    }

    /// When the next message may go; at once if none went before.
    fn free_at(&self, (address, topic): &(Address, Topic), kind: Kind) -> Uptime {
        let Some(memory) = self.0.get(address) else {
            return Uptime::default();
        };
        let wait = match (kind, memory.outcome) {
            // Nobody was disturbed by what did not get through.
            (Kind::Reminded, Some((_, Err(_)))) => GATHER,
            (Kind::Reminded, Some((_, Ok(()))) | None) => GATHER_REMINDERS,
            (Kind::New | Kind::Escalated, _) => GATHER,
            (Kind::Test, _) => Duration::ZERO,
        };
        let last = memory.last.get(topic);
        last.map_or(Uptime::default(), |at| at.after(wait))
    }
}

impl Chain {
    /// When the next message goes, if any is wanted.
    pub(super) fn next_message(&self) -> Option<Uptime> {
        let wishes = self.wishes();
        let moments = wishes.iter();
        moments
            .map(|(about, wish)| self.posts.free_at(about, wish.kind))
            .min()
    }

    /// Sends every message that may go now.
    pub(super) fn send_messages(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        for (about, wish) in self.wishes() {
            if now.uptime < self.posts.free_at(&about, wish.kind) {
                continue;
            }
            let ((to, by), _) = about;
            let order = Order {
                key: self.next_key(now.timestamp),
                count: self.count(&to, &wish.rows),
                about: About::Rows(wish.rows.clone()),
                to,
                by,
                kind: wish.kind,
            };
            for row in &wish.rows {
                self.note_sent(*row, &order);
            }
            self.give(now, order, effects);
        }
    }

    /// Sends a test alarm to a team's whole chain.
    pub(super) fn send_trial(&mut self, now: Moment, trial: &mut Trial, effects: &mut Vec<Effect>) {
        self.send_test(now, trial, |_, _| true, effects);
    }

    /// Sends a test alarm to those whom it did not reach for want of an address that is there now.
    pub(super) fn send_trial_again(
        &mut self,
        now: Moment,
        trial: &mut Trial,
        is_there: impl Fn(&Recipient, &ChannelName) -> bool,
        effects: &mut Vec<Effect>,
    ) {
        let is_due = |trial: &Trial, address: &(Recipient, ChannelName)| {
            trial.wants_address(address) && is_there(&address.0, &address.1)
        };
        self.send_test(now, trial, is_due, effects);
    }

    fn send_test(
        &mut self,
        now: Moment,
        trial: &mut Trial,
        is_due: impl Fn(&Trial, &(Recipient, ChannelName)) -> bool,
        effects: &mut Vec<Effect>,
    ) {
        let team = self.teams.of(&trial.team);
        for address in team.map(Trial::addresses).unwrap_or_default() {
            if !is_due(trial, &address) {
                continue;
            }
            let (to, by) = address;
            let order = Order {
                key: self.next_key(now.timestamp),
                about: About::Trial(trial.id),
                to,
                by,
                kind: Kind::Test,
                count: 0,
            };
            trial.sent(&order);
            self.give(now, order, effects);
        }
    }

    fn give(&mut self, now: Moment, order: Order, effects: &mut Vec<Effect>) {
        self.posts.send(&order, now.uptime);
        effects.push(Effect::Write(Line::Told {
            at: now.timestamp,
            order: order.clone(),
        }));
        effects.push(Effect::Send(order.clone()));
        let at = now.uptime;
        self.orders.insert(order.key, Outstanding { order, at });
    }

    fn next_key(&mut self, at: Timestamp) -> Key {
        self.next_number += 1;
        Key {
            at_ms: at,
            number: self.next_number,
        }
    }

    fn note_sent(&mut self, row: RowId, order: &Order) {
        let Some(open) = self.rows.get_mut(&row) else {
            return;
        };
        match &mut open.held {
            Held::Asking(stage) => stage.send(order.key, order.kind),
            Held::Taken | Held::Unheard => {}
        }
    }

    /// What is to be said to whom by what, rows and matters apart.
    fn wishes(&self) -> BTreeMap<(Address, Topic), Wish> {
        let mut wishes: BTreeMap<_, Wish> = BTreeMap::new();
        for (open, stage) in self.stages() {
            let Asked::Wants(kind) = stage.asked() else {
                continue;
            };
            let Some(team) = self.teams.of(&open.need.team) else {
                continue;
            };
            let address = (stage.step(team).to.clone(), stage.channel(team).clone());
            let about = (address, Topic::of(open.need.row));
            let wish = wishes.entry(about).or_insert(Wish {
                rows: Vec::new(),
                kind,
            });
            wish.rows.push(open.need.row);
            // The most pressing reason is the message's: reminders may ride along with it.
            wish.kind = wish.kind.max(kind);
        }
        wishes
    }

    /// How many rows wait for somebody: those of the message, and those that they are being asked
    /// about otherwise.
    fn count(&self, to: &Recipient, rows: &[RowId]) -> u32 {
        let asked = self.stages().filter(|(open, stage)| {
            let team = self.teams.of(&open.need.team);
            team.is_some_and(|team| stage.step(team).to == *to)
        });
        let mut all: BTreeSet<RowId> = asked.map(|(open, _)| open.need.row).collect();
        all.extend(rows);
        u32::try_from(all.len()).unwrap_or(u32::MAX)
    }
}
