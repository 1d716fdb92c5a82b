//! Live view, the hub's part: one worker may look once at one unclear look, and it is written down.
//!
//! What happens to one view is a state machine ([`view`]), and which views there may be another
//! ([`views`]); both are pure. [`keeper`] is the edge around them: it writes every step down
//! **before** it sends or shows anything of it. Sealed frames go past all of this, through
//! [`relay`], which holds one of them and has no way to a store, a key or a log.
//!
//! The hub can neither see nor make a picture: frames are sealed between the eye and the browser.
//! Whether anything is shown is decided by the eye; what is checked here is checked there again.

pub mod book;
pub mod keeper;
pub mod offer;
pub mod operators;
pub mod relay;
#[cfg(test)]
mod scenes;
pub mod view;
pub mod views;

use std::sync::Arc;

use tokio::sync::mpsc;

use nattsyn_protocol::hello::Hello;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::live::LiveDown;
use nattsyn_protocol::policy::Capability;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use crate::ingest::{Drops, LiveSaid};
use relay::Relay;

pub use keeper::{Keeper, Live};

/// Words from units that may wait for the keeper: a view is half a dozen of them. At the bound they
/// are lost, and their view ends by its time.
const HEARD_MAX: usize = 64;

/// Words that may wait to be sent to units. At the bound a view ends by its time.
const OUTGOING_MAX: usize = 64;

/// Something that matters to live views, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// What a unit is able to do, and which policy it works by.
    Able(UnitId, Capability),
    /// What its eye says of a view.
    Said(UnitId, LiveSaid),
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
}

impl Wire {
    /// Tells the keeper; nobody, if there is none or it is busy with dozens.
    pub(crate) fn tell(&self, heard: Heard) {
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
    let (heard, hears) = mpsc::channel(HEARD_MAX);
    let (mouth, outgoing) = mpsc::channel(OUTGOING_MAX);
    let wire = Wire {
        relay: Arc::clone(&relay),
        outgoing,
        heard,
    };
    let ends = Ends {
        relay,
        heard: hears,
        mouth: Mouth(mouth),
        drops,
    };
    (wire, ends)
}

/// What a unit says in its hello that it is able to do, if its eye signed it.
pub(crate) fn able(unit: UnitId, hello: &Hello, eye: &PublicKey) -> Option<Heard> {
    let capability: Capability = hello.eye.as_ref()?.open(eye).ok()?;
    (capability.unit == unit).then_some(Heard::Able(unit, capability))
}
