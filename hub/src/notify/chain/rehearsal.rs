//! A chain on a stage: time that is told to pass, and what came of it. For tests.
//!
//! It holds every run to two rules by itself: what is sent was written before, and a message
//! never comes sooner after the last one than it may.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nattsyn_protocol::time::{Timestamp, Uptime};

use super::*;

pub(super) struct Rehearsal {
    pub(super) now: Moment,
    began: Moment,
    pub(super) chain: Chain,
    pub(super) lines: Vec<Line>,
    /// Everything sent, with seconds since the beginning.
    pub(super) sent: Vec<(u64, Order)>,
    pub(super) verdicts: Vec<Verdict>,
    /// By somebody, a channel, and whether it is about a matter.
    last: BTreeMap<(Recipient, ChannelName, bool), Uptime>,
    keys: BTreeSet<Key>,
}

pub(super) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A team from a text: `"anna:push,sms lead:sms"`.
pub(super) fn team(name: &str, steps: &str) -> Team {
    let steps = steps.split_whitespace().map(|step| {
        let (to, by) = step.split_once(':').unwrap();
        Step {
            to: to.parse().unwrap(),
            by: by
                .split(',')
                .map(|channel| channel.parse().unwrap())
                .collect(),
        }
    });
    Team::new(name.parse().unwrap(), steps.collect()).unwrap()
}

impl Rehearsal {
    pub(super) fn new(teams: Vec<Team>) -> Self {
        let now = Moment {
            uptime: Uptime(secs(1_000_000)),
            // No whole millisecond, as clocks give it.
            timestamp: Timestamp::from_ms(1_795_000_000_000)
                .unwrap()
                .after(Duration::from_nanos(123_456)),
        };
        Self {
            now,
            began: now,
            chain: Chain::new(Teams::new(teams)),
            lines: Vec::new(),
            sent: Vec::new(),
            verdicts: Vec::new(),
            last: BTreeMap::new(),
            keys: BTreeSet::new(),
        }
    }

    pub(super) fn elapsed(&self) -> u64 {
        self.now.uptime.since(self.began.uptime).as_secs()
    }

    /// The first whole second at or after the chain's next moment.
    pub(super) fn next_wake(&self) -> Option<u64> {
        let wake = self.chain.next_timeout()?;
        let ms = wake.since(self.began.uptime).as_millis();
        u64::try_from(ms.div_ceil(1000)).ok()
    }

    /// Lets time pass up to a second since the beginning, waking the chain when it asks for it.
    pub(super) fn until(&mut self, second: u64) {
        let target = self.began.uptime.after(secs(second));
        while let Some(wake) = self.chain.next_timeout()
            && wake <= target
        {
            self.go_to(wake.max(self.now.uptime));
            let effects = self.chain.handle_timeout(self.now);
            self.apply(effects);
            let next = self.chain.next_timeout();
            assert!(
                next.is_none_or(|at| at > self.now.uptime),
                "time stands still"
            );
        }
        self.go_to(target.max(self.now.uptime));
    }

    fn go_to(&mut self, uptime: Uptime) {
        let passed = uptime.since(self.now.uptime);
        self.now = Moment {
            uptime,
            timestamp: self.now.timestamp.after(passed),
        };
    }

    pub(super) fn apply(&mut self, effects: Vec<Effect>) {
        let mut known = None;
        for effect in effects {
            match effect {
                Effect::Write(line) => {
                    if let Line::Told { order, .. } = &line {
                        known = Some(order.key);
                        assert!(self.keys.insert(order.key), "a key twice: {order:?}");
                        self.note_message(order);
                    } else if let Line::ToldAgain { key, .. } = &line {
                        known = Some(*key);
                    }
                    // Kept as a store would: in milliseconds.
                    let kept = Line::from_json(&line.to_json()).unwrap();
                    assert_eq!(kept.to_json(), line.to_json());
                    self.lines.push(kept);
                }
                Effect::Send(order) => {
                    assert_eq!(known.take(), Some(order.key), "sent before it was written");
                    self.sent.push((self.elapsed(), order));
                }
                Effect::Over(verdict) => self.verdicts.push(verdict),
            }
        }
    }

    fn note_message(&mut self, order: &Order) {
        if order.kind == Kind::Test {
            return;
        }
        let About::Rows(rows) = &order.about else {
            return;
        };
        let matter = rows[0].0 < 0;
        assert!(rows.iter().all(|row| (row.0 < 0) == matter), "{order:?}");
        let address = (order.to.clone(), order.by.clone(), matter);
        if let Some(last) = self.last.insert(address, self.now.uptime) {
            assert!(self.now.uptime >= last.after(GATHER), "a storm: {order:?}");
        }
    }

    pub(super) fn need_of(&self, row: i64, team: &str, target_s: u64) -> Need {
        Need {
            row: RowId(row),
            team: team.parse().unwrap(),
            since: self.now.timestamp,
            target: secs(target_s),
            reach: Reach::Chain,
        }
    }

    /// A row of the team "natt" needs somebody.
    pub(super) fn need(&mut self, row: i64, target_s: u64) {
        let need = self.need_of(row, "natt", target_s);
        let effects = self.chain.handle_needs(self.now, [need]);
        self.apply(effects);
    }

    pub(super) fn fall_back(&mut self, row: i64) {
        let effects = self.chain.handle_fallen_back(self.now, RowId(row));
        self.apply(effects);
    }

    pub(super) fn delivered(&mut self, key: Key) {
        let effects = self.chain.handle_delivered(self.now, key);
        self.apply(effects);
    }

    pub(super) fn failed(&mut self, key: Key) {
        self.failed_for(key, Failure::Unreachable);
    }

    pub(super) fn failed_for(&mut self, key: Key, why: Failure) {
        let effects = self.chain.handle_failed(self.now, key, why);
        self.apply(effects);
    }

    /// These have an address: `recipient/channel`.
    pub(super) fn addresses(&mut self, there: &[&str]) {
        let is_there = |to: &Recipient, by: &ChannelName| {
            let address = format!("{}/{}", to.as_str(), by.as_str());
            there.contains(&address.as_str())
        };
        let effects = self.chain.handle_addresses(self.now, is_there);
        self.apply(effects);
    }

    /// The key of the latest order.
    pub(super) fn latest(&self) -> Key {
        self.sent.last().unwrap().1.key
    }

    /// The latest order was delivered.
    pub(super) fn deliver(&mut self) {
        self.delivered(self.latest());
    }

    /// The latest order failed.
    pub(super) fn fail(&mut self) {
        self.failed(self.latest());
    }

    /// Ends the process and starts it again, with what was written.
    pub(super) fn restart(&mut self, open: Vec<(Need, Standing)>) {
        let teams = self.chain.teams().clone();
        let (chain, effects) = Chain::restore(self.now, teams, open, self.lines.clone());
        self.chain = chain;
        self.apply(effects);
    }

    /// What was sent from the `n`th order on: `second kind recipient/channel count`.
    pub(super) fn script(&self, from: usize) -> Vec<String> {
        let sent = self.sent.iter().skip(from);
        sent.map(|(second, order)| {
            let (to, by) = (order.to.as_str(), order.by.as_str());
            format!("{second} {} {to}/{by} {}", order.kind.word(), order.count)
        })
        .collect()
    }
}
