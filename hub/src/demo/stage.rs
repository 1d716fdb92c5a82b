//! Does to the units what the story says, when it says it.
//!
//! It is also the hand at the units: where a policy waits for the button, it presses it.
//!
//! It holds a lease on the demonstration's clock like any other process, so that time does not
//! jump past what it has to do, nor while a unit that it set going is still on its way to the
//! broker. If it is asked to linger, time runs as it does for people for a while whenever there is
//! something that somebody could look at by camera.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use nattsyn_clock::{Clock, Hold, Now};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::link::{Link, LinkState};
use super::provision;
use super::story::Act;
use super::units::Units;
use crate::consent::functions::{Pictures, Progress};
use crate::view::{Cause, Tonight};

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
    hands: Hands,
    /// For how long time is people's own when a row could be looked at; zero: never.
    linger: Duration,
    lingering: Option<Lingering>,
    /// The rows for which it was.
    lingered: BTreeSet<i64>,
}

/// Hands at the units.
pub struct Hands {
    /// Where each unit's folder is.
    pub folders: BTreeMap<UnitId, PathBuf>,
    /// The units whose residents agreed to a live view: each is waited for until it is in force.
    pub viewed: BTreeSet<UnitId>,
}

/// Time is people's own.
struct Lingering {
    until: Duration,
    _hold: Hold,
}

/// Units that were set going and have not been heard since.
struct Expected {
    units: Vec<UnitId>,
    since: Timestamp,
    given_up_at: Duration,
    _hold: Hold,
}

/// Done when some patience is over; never, if there is none.
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
        (hands, linger): (Hands, Duration),
    ) -> Self {
        acts.sort_by_key(|(at, unit, _)| (*at, *unit));
        let mut stagehand = Self {
            clock,
            acts: acts.into(),
            units,
            links,
            expected: None,
            hands,
            linger,
            lingering: None,
            lingered: BTreeSet::new(),
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
                self.lingering = None;
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
                .next_end()
                .map(|end| end.saturating_sub(self.clock.real_now()));
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
        let real = self.clock.real_now();
        self.expected
            .take_if(|expected| expected.given_up_at <= real);
        self.lingering.take_if(|lingering| lingering.until <= real);
    }

    /// When the next patience ends, in real time.
    fn next_end(&self) -> Option<Duration> {
        let given_up = self.expected.as_ref().map(|expected| expected.given_up_at);
        let left = self.lingering.as_ref().map(|lingering| lingering.until);
        given_up.into_iter().chain(left).min()
    }

    fn handle_tonight(&mut self, tonight: &Tonight) {
        self.press_buttons(tonight);
        self.linger(tonight);
        let viewed = &self.hands.viewed;
        if let Some(expected) = &mut self.expected {
            let since = expected.since;
            expected.units.retain(|unit| {
                let home = tonight.homes.iter().find(|home| home.unit == *unit);
                let is_silent =
                    home.is_none_or(|home| home.heard.is_none_or(|heard| heard < since));
                let shows = tonight.consent.shows_pictures(*unit, tonight.now);
                is_silent || (viewed.contains(unit) && shows == Pictures::None)
            });
            if expected.units.is_empty() {
                self.expected = None;
            }
        }
    }

    /// A technician stands at every unit while its policy waits for the button.
    fn press_buttons(&self, tonight: &Tonight) {
        for (unit, standing) in &tonight.consent.units {
            let folder = self.hands.folders.get(unit).map(PathBuf::as_path);
            if let (Progress::AwaitsButton(_), Some(folder)) = (standing.progress(), folder) {
                press(*unit, folder, tonight.now);
            }
        }
    }

    /// Gives people time when a row has come that could be looked at.
    fn linger(&mut self, tonight: &Tonight) {
        if self.linger.is_zero() {
            return;
        }
        let rows = tonight.open.iter().filter(|row| {
            let mut homes = tonight.homes.iter();
            let unit = homes
                .find(|home| Some(home.home) == row.home)
                .map(|home| home.unit);
            let shows = unit.map(|unit| tonight.consent.shows_pictures(unit, tonight.now));
            matches!(row.cause, Cause::Unclear(_)) && shows == Some(Pictures::Allowed)
        });
        let rows: BTreeSet<i64> = rows.map(|row| row.id).collect();
        if rows.is_subset(&self.lingered) {
            return;
        }
        self.lingered.extend(rows);
        tracing::info!("somebody could look by camera: time is people's own for a while");
        self.lingering = Some(Lingering {
            until: self.clock.real_now() + self.linger,
            _hold: self.clock.hold(1.0),
        });
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

fn press(unit: UnitId, folder: &Path, now: Timestamp) {
    if let Err(error) = provision::press(folder, now) {
        tracing::error!(%unit, %error, "the button cannot be pressed");
    }
}
