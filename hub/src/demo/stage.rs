//! Does to the units what the story says, when it says it.
//!
//! It holds a lease on the demonstration's clock like any other process, so that time does not
//! jump past what it has to do, nor while a unit that it set going is still on its way to the
//! broker.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use nattsyn_clock::{Clock, Hold, Now};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::link::{Link, LinkState};
use super::story::Act;
use super::units::Units;
use crate::view::Tonight;

/// Longest, in real time, that the clock is kept for units on their way to the broker. Twelve
/// units reach it in a few seconds on two cores; what takes longer goes on without them, and
/// the ledger shows it.
const ARRIVAL_MAX: Duration = Duration::from_secs(60);

/// Carries out the story's acts.
pub struct Stagehand {
    clock: Clock,
    acts: VecDeque<(Timestamp, UnitId, Act)>,
    units: Units,
    links: BTreeMap<UnitId, Link>,
    expected: Option<Expected>,
}

/// Units that were set going and have not been heard since.
struct Expected {
    units: Vec<UnitId>,
    since: Timestamp,
    given_up_at: Duration,
    _hold: Hold,
}

/// Done when the patience with units on their way is over; never, if none is.
async fn over(patience: Option<Duration>) {
    match patience {
        Some(patience) => tokio::time::sleep(patience).await,
        None => std::future::pending().await,
    }
}

impl Stagehand {
    /// Ready for a night: the units are running and have their links.
    #[must_use]
    pub fn new(
        clock: Clock,
        mut acts: Vec<(Timestamp, UnitId, Act)>,
        units: Units,
        links: BTreeMap<UnitId, Link>,
    ) -> Self {
        acts.sort_by_key(|(at, unit, _)| (*at, *unit));
        let mut stagehand = Self {
            clock,
            acts: acts.into(),
            units,
            links,
            expected: None,
        };
        let all = stagehand.links.keys().copied().collect();
        stagehand.expect(all, stagehand.clock.now().timestamp);
        stagehand
    }

    /// Carries the story out until `end`, and returns itself: the units run on until it is
    /// dropped.
    pub async fn run(mut self, mut tonight: watch::Receiver<Arc<Tonight>>, end: Uptime) -> Self {
        loop {
            let now = self.clock.now();
            self.handle_tonight(&tonight.borrow_and_update());
            self.handle_moment(now);
            if now.uptime >= end {
                self.expected = None;
                self.clock.settle(now, None);
                return self;
            }
            let next_act = self
                .acts
                .front()
                .map(|(at, _, _)| now.uptime.after(at.since(now.timestamp)));
            let next = next_act.map_or(end, |act| act.min(end));
            self.clock.settle(now, Some(next));
            let patience = self
                .expected
                .as_ref()
                .map(|expected| expected.given_up_at.saturating_sub(self.clock.real_now()));
            tokio::select! {
                () = self.clock.wait_until(Some(next)) => {}
                _ = tonight.changed() => {}
                () = over(patience) => {}
            }
        }
    }

    fn handle_moment(&mut self, now: Now) {
        while self
            .acts
            .front()
            .is_some_and(|(at, _, _)| *at <= now.timestamp)
        {
            if let Some((_, unit, act)) = self.acts.pop_front() {
                self.perform(unit, act, now.timestamp);
            }
        }
        let patience_over = |expected: &Expected| expected.given_up_at <= self.clock.real_now();
        if self.expected.as_ref().is_some_and(patience_over) {
            self.expected = None;
        }
    }

    fn handle_tonight(&mut self, tonight: &Tonight) {
        if let Some(expected) = &mut self.expected {
            let since = expected.since;
            expected.units.retain(|unit| {
                let home = tonight.homes.iter().find(|home| home.unit == *unit);
                home.is_none_or(|home| home.heard.is_none_or(|heard| heard < since))
            });
            if expected.units.is_empty() {
                self.expected = None;
            }
        }
    }

    fn perform(&mut self, unit: UnitId, act: Act, now: Timestamp) {
        tracing::info!(%unit, ?act, "the story goes on");
        match act {
            Act::Unplug => self.units.unplug(unit),
            Act::CutLink => self.set_link(unit, LinkState::Cut),
            Act::RestoreLink => {
                self.set_link(unit, LinkState::Up);
                self.expect(vec![unit], now);
            }
        }
    }

    fn set_link(&self, unit: UnitId, state: LinkState) {
        if let Some(link) = self.links.get(&unit) {
            link.set(state);
        }
    }

    /// Keeps the clock until these units, and those already waited for, have been heard.
    fn expect(&mut self, mut units: Vec<UnitId>, since: Timestamp) {
        if let Some(earlier) = self.expected.take() {
            units.extend(earlier.units);
        }
        self.expected = Some(Expected {
            units,
            since,
            given_up_at: self.clock.real_now() + ARRIVAL_MAX,
            _hold: self.clock.hold(1.0),
        });
    }
}
