//! Live view, the hub's part: one worker may look once at one unclear look, and it is written down.
//!
//! What happens to one view is a state machine ([`view`]), and which views there may be another
//! ([`views`]); both are pure. Pages ask through [`asking`]; [`keeper`] is the edge around them: it
//! writes every step down **before** it sends or shows anything of it. Sealed frames go past all of
//! this, through [`relay`], which holds one of them and has no way to a store, a key or a log.
//!
//! The hub can neither see nor make a picture: frames are sealed between the eye and the browser.
//! Whether anything is shown is decided by the eye; what is checked here is checked there again.

pub mod asking;
pub mod book;
pub mod keeper;
pub mod offer;
pub mod operators;
pub mod relay;
#[cfg(test)]
mod scenes;
pub mod view;
pub mod views;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::live::LiveDown;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use crate::ingest::{DropKind, Drops, LiveSaid};
use relay::Relay;

pub use asking::Live;
pub use keeper::Keeper;

/// Words from units that may wait for the keeper: a view is half a dozen of them. At the bound they
/// are lost, and their view ends by its time.
const HEARD_MAX: usize = 64;

/// Words that may wait to be sent to units. At the bound a view ends by its time.
const OUTGOING_MAX: usize = 64;

/// What a unit's eye says of a view, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Which unit.
    pub unit: UnitId,
    /// What it says.
    pub said: LiveSaid,
}

/// The units of which a view waits for a word. Of any other unit no word is let into the queue,
/// so that none can crowd out another's answer.
#[derive(Debug, Default)]
pub(crate) struct Awaited(Mutex<BTreeSet<UnitId>>);

impl Awaited {
    /// One more, before anything is asked of it.
    pub(crate) fn add(&self, unit: UnitId) {
        self.units().insert(unit);
    }

    /// These, and no others.
    pub(crate) fn set(&self, units: impl IntoIterator<Item = UnitId>) {
        *self.units() = units.into_iter().collect();
    }

    fn units(&self) -> MutexGuard<'_, BTreeSet<UnitId>> {
        // A set stays a set, whoever panicked while it was held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How surely something is brought to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Until the broker has it.
    Assured,
    /// Once, or not at all: late it is worth nothing.
    Once,
}

/// Something to be said to a unit.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) topic: Topic,
    pub(crate) body: Vec<u8>,
    pub(crate) delivery: Delivery,
}

/// What the service holds of live views.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) relay: Arc<Relay>,
    pub(crate) outgoing: mpsc::Receiver<Outgoing>,
    heard: mpsc::Sender<Heard>,
    awaited: Arc<Awaited>,
    drops: Arc<Drops>,
}

impl Wire {
    /// Tells the keeper what answers a view; nobody, if none waits for it, or the keeper is busy
    /// with dozens.
    pub(crate) fn tell(&self, heard: Heard) {
        if !self.awaited.units().contains(&heard.unit) {
            self.drops
                .count(DropKind::Unasked, &format!("live {}", heard.unit));
            return;
        }
        if let Err(mpsc::error::TrySendError::Full(_)) = self.heard.try_send(heard) {
            tracing::warn!("too much waits for the live views; dropped");
        }
    }
}

/// What the keeper of live views holds of the service.
#[derive(Debug)]
pub struct Ends {
    pub(crate) relay: Arc<Relay>,
    pub(crate) heard: mpsc::Receiver<Heard>,
    pub(crate) mouth: Mouth,
    pub(crate) drops: Arc<Drops>,
    pub(crate) awaited: Arc<Awaited>,
}

/// By which live views speak to units.
#[derive(Clone, Debug)]
pub(crate) struct Mouth(mpsc::Sender<Outgoing>);

impl Mouth {
    /// Says something to a unit. A credit may be lost; of anything else that is lost the view ends
    /// by its time.
    pub(crate) fn say(&self, unit: UnitId, word: &LiveDown) {
        let delivery = match word {
            LiveDown::Credit { .. } => Delivery::Once,
            LiveDown::Ask { .. } | LiveDown::Grant(_) | LiveDown::End { .. } => Delivery::Assured,
        };
        let outgoing = Outgoing {
            topic: Topic {
                unit,
                channel: Channel::LiveDown,
            },
            body: wire::encode(word),
            delivery,
        };
        if self.0.try_send(outgoing).is_err() {
            tracing::warn!(%unit, "a live view's word could not be sent");
        }
    }
}

/// The two ends between service and keeper.
pub(crate) fn wire(drops: Arc<Drops>) -> (Wire, Ends) {
    let relay = Arc::new(Relay::new(Arc::clone(&drops)));
    let awaited = Arc::new(Awaited::default());
    let (heard, hears) = mpsc::channel(HEARD_MAX);
    let (mouth, outgoing) = mpsc::channel(OUTGOING_MAX);
    let wire = Wire {
        relay: Arc::clone(&relay),
        outgoing,
        heard,
        awaited: Arc::clone(&awaited),
        drops: Arc::clone(&drops),
    };
    let ends = Ends {
        relay,
        heard: hears,
        mouth: Mouth(mouth),
        drops,
        awaited,
    };
    (wire, ends)
}

#[cfg(test)]
mod tests {
    use nattsyn_protocol::ids::BootId;
    use nattsyn_protocol::live::{Refusal, Refused};

    use super::*;

    fn refused(unit: UnitId) -> Heard {
        Heard {
            unit,
            said: LiveSaid::Refused(Refused {
                unit,
                boot: BootId(1),
                check: None,
                why: Refusal::Busy,
            }),
        }
    }

    #[test]
    fn words_that_no_view_waits_for_crowd_out_no_answer() {
        let (wire, mut ends) = wire(Arc::new(Drops::default()));
        let [one, other] = ["u0000001", "u0000002"].map(|id| id.parse().unwrap());
        ends.awaited.add(one);
        for _ in 0..=HEARD_MAX {
            wire.tell(refused(other));
        }
        wire.tell(refused(one));
        assert_eq!(ends.heard.try_recv(), Ok(refused(one)));
        ends.awaited.set([]);
        wire.tell(refused(one));
        assert!(ends.heard.try_recv().is_err());
    }
}
