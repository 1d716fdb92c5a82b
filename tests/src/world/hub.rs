//! The hub: the product's desk over its real store, and the queue before it.
//!
//! When it wakes, dies or hears something is the World's affair.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use nattsyn_hub::exception::Act;
use nattsyn_hub::ingest::{Drops, Publication};
use nattsyn_hub::service::{Charge, Desk, Done, MESSAGES_MAX, ServiceError};
use nattsyn_hub::view::{Reality, Tonight};
use nattsyn_hub::watch::{ActRefused, Moment, Seen, StaffId, Word};
use nattsyn_protocol::signing::Signed;

use super::clocks::{Clocks, True};
use super::faults::Rule;
use super::mishaps::Mishap;
use super::oracle::NOTICED_WITHIN_MS;
use super::store::{Ledger, Shared, WatchedStore, shared};

/// Messages that may wait for the desk, as in the product's link.
const ARRIVED_MAX: usize = 1024;

/// The hub's machine and process.
pub(super) struct Hub {
    pub(super) desk: Option<Desk>,
    pub(super) waking: u64,
    pub(super) clocks: Clocks,
    pub(super) ledger: Ledger,
    pub(super) side: Arc<Mutex<Shared>>,
    pub(super) arrived: VecDeque<Publication>,
    pub(super) is_taking: bool,
    /// How many crashes and power cuts are in force.
    pub(super) stops: u32,
    pub(super) clock_faults: u32,
    /// When its wall clock was last set forward, in the World's elapsed time.
    pub(super) set_at: Option<u64>,
    /// When another process last wrote to its store, likewise.
    pub(super) told_at: Option<u64>,
    /// What will end it at a commit.
    pub(super) armed: Option<Mishap>,
    /// From when on it hears the broker, in the World's elapsed time.
    pub(super) hears_from: u64,
    zone: String,
    endorsement: Signed,
    without: Option<Rule>,
}

impl Hub {
    pub(super) fn new(
        ledger: Ledger,
        zone: &str,
        endorsement: Signed,
        without: Option<Rule>,
    ) -> Self {
        Self {
            desk: None,
            waking: 0,
            clocks: Clocks::right(),
            ledger,
            side: Arc::default(),
            arrived: VecDeque::new(),
            is_taking: false,
            stops: 0,
            clock_faults: 0,
            set_at: None,
            told_at: None,
            armed: None,
            hears_from: 0,
            zone: zone.to_owned(),
            endorsement,
            without,
        }
    }

    /// Whether it has looked at its wall clock and its store since either was changed behind its
    /// back: a lull skipped before would look like one longer step, or like a hub that does not
    /// look.
    pub(super) fn has_looked(&self, now: True) -> bool {
        let changed = self.set_at.max(self.told_at);
        changed.is_none_or(|at| now.elapsed - at > NOTICED_WITHIN_MS)
    }

    fn moment(&self, now: True) -> Moment {
        Moment {
            uptime: self.clocks.uptime(now),
            timestamp: self.clocks.wall(now),
        }
    }

    /// Tells the store what time it is.
    fn tell_time(&self, now: True) {
        let mut side = shared(&self.side);
        side.now = now.elapsed;
        side.wall_ms = self.clocks.wall_ms(now);
    }

    /// Starts the process.
    pub(super) fn start(&mut self, now: True) -> Result<(), ServiceError> {
        self.tell_time(now);
        let store = WatchedStore::new(self.ledger.open()?, Arc::clone(&self.side), self.without);
        let charge = Charge {
            zone: self.zone.clone(),
            reality: Reality::Demonstration,
            endorsement: self.endorsement.clone(),
        };
        let drops = Arc::new(Drops::default());
        shared(&self.side).is_opening = true;
        let desk = Desk::open(self.moment(now), charge, Box::new(store), drops);
        shared(&self.side).is_opening = false;
        self.desk = Some(desk?);
        Ok(())
    }

    /// Something came. Without room for it, it is lost.
    pub(super) fn arrive(&mut self, publication: Publication) {
        if self.arrived.len() < ARRIVED_MAX {
            self.arrived.push_back(publication);
        }
    }

    /// Takes in what has come, as many at once as the product does.
    pub(super) fn take(&mut self, now: True) -> Result<Option<Done>, ServiceError> {
        self.tell_time(now);
        let moment = self.moment(now);
        let count = self.arrived.len().min(MESSAGES_MAX);
        let messages: Vec<Publication> = self.arrived.drain(..count).collect();
        match &mut self.desk {
            Some(desk) => Ok(Some(desk.take(moment, &messages)?)),
            None => Ok(None),
        }
    }

    /// Takes in what a person says; `None` if nobody is there to hear it.
    pub(super) fn say(&mut self, now: True, word: &Word) -> Option<Result<(), ServiceError>> {
        self.tell_time(now);
        let moment = self.moment(now);
        let desk = self.desk.as_mut()?;
        Some(desk.say(moment, word).map(drop))
    }

    /// Tonight as its page shows it; nothing if there is none.
    pub(super) fn tonight(&self, now: True) -> Option<Tonight> {
        let desk = self.desk.as_ref()?;
        Some(desk.tonight(self.moment(now)))
    }

    /// Takes in what somebody does about a row as they saw it. Call it while the desk is there.
    pub(super) fn act(
        &mut self,
        now: True,
        row: (i64, Seen),
        by: &StaffId,
        act: Act,
    ) -> Result<Result<(), ActRefused>, ServiceError> {
        self.tell_time(now);
        let moment = self.moment(now);
        match &mut self.desk {
            Some(desk) => desk.act(moment, row, by, act),
            None => Ok(Err(ActRefused::NoRow(row.0))),
        }
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, now: True) -> Result<Option<Done>, ServiceError> {
        // Without this rule the hub's timer never fires.
        if self.without == Some(Rule::Deadline) {
            return Ok(None);
        }
        self.tell_time(now);
        let moment = self.moment(now);
        match &mut self.desk {
            Some(desk) => Ok(Some(desk.pass(moment)?)),
            None => Ok(None),
        }
    }

    /// When its desk next has something to do, in the World's elapsed time.
    pub(super) fn next_waking(&self) -> Option<u64> {
        let desk = self.desk.as_ref()?;
        if self.without == Some(Rule::Deadline) {
            return None;
        }
        Some(self.clocks.elapsed_at(desk.next_timeout()))
    }
}
