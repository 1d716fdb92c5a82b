//! Passes sealed frames from one unit to one browser while a view lasts.
//!
//! Nothing in here can reach the store, a key or a log of what passes. Each open view has one slot,
//! and the slot holds one frame: a newer one takes the place of one that nobody fetched. A frame is
//! handed out once and gone; a view that ends takes its frame along. A frame that no view waits for
//! is counted and dropped. Bytes are overwritten when they are dropped unread.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::live::{FRAME_BYTES, NUMBER_BYTES};
use nattsyn_protocol::topics::{Channel, Topic};

use crate::ingest::{DropKind, Drops, Publication};

/// A sealed frame. It cannot be copied, printed or written, only handed on.
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// The bytes, for the one browser that can open them.
    #[must_use]
    pub fn hand_over(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    /// The number that it says it has.
    fn number(&self) -> u64 {
        let mut number = [0; NUMBER_BYTES];
        number.copy_from_slice(&self.0[..NUMBER_BYTES]);
        u64::from_be_bytes(number)
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        self.0.fill(0);
    }
}

/// The place of one view's one frame.
#[derive(Default)]
struct Slot {
    frame: Mutex<Option<Sealed>>,
    came: Notify,
}

/// The slots of the views that are open now: at most one a unit.
pub struct Relay {
    slots: Mutex<BTreeMap<UnitId, Arc<Slot>>>,
    drops: Arc<Drops>,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Relay")
    }
}

impl Relay {
    /// No view is open.
    #[must_use]
    pub fn new(drops: Arc<Drops>) -> Self {
        Self {
            slots: Mutex::default(),
            drops,
        }
    }

    /// Frames of this unit are passed on from now.
    pub fn open(&self, unit: UnitId) {
        self.lock().insert(unit, Arc::default());
    }

    /// Frames of this unit are dropped from now, the one that waits too.
    pub fn close(&self, unit: UnitId) {
        if let Some(slot) = self.lock().remove(&unit) {
            drop(slot.take());
            slot.came.notify_waiters();
        }
    }

    /// Takes what is a frame; gives back whatever else it is.
    pub(crate) fn pass(&self, publication: Publication) -> Option<Publication> {
        let topic = Topic::parse(&publication.topic);
        let Some(topic) = topic.filter(|topic| topic.channel == Channel::Frame) else {
            return Some(publication);
        };
        let sealed = Sealed(publication.body);
        let slot = self.slot(topic.unit);
        match slot.filter(|_| sealed.0.len() == FRAME_BYTES) {
            Some(slot) => {
                *slot.frame.lock().unwrap_or_else(PoisonError::into_inner) = Some(sealed);
                slot.came.notify_waiters();
            }
            None => self.drops.count(DropKind::StrayFrame, &publication.topic),
        }
        None
    }

    /// The next frame from this number on; `None` when the view is over. One that is older is
    /// dropped. Whoever waits bounds how long.
    pub async fn next(&self, unit: UnitId, from: u64) -> Option<Sealed> {
        let slot = self.slot(unit)?;
        loop {
            let came = slot.came.notified();
            tokio::pin!(came);
            // Before looking, so that one that comes in between is not slept through.
            came.as_mut().enable();
            if let Some(sealed) = slot.take().filter(|sealed| sealed.number() >= from) {
                return Some(sealed);
            }
            let is_open = self.slot(unit).is_some_and(|now| Arc::ptr_eq(&now, &slot));
            if !is_open {
                return None;
            }
            came.await;
        }
    }

    fn slot(&self, unit: UnitId) -> Option<Arc<Slot>> {
        self.lock().get(&unit).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<UnitId, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn take(&self) -> Option<Sealed> {
        let mut frame = self.frame.lock().unwrap_or_else(PoisonError::into_inner);
        frame.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: &str = "u0000001";

    fn relay() -> (Relay, Arc<Drops>, UnitId) {
        let drops = Arc::new(Drops::default());
        let relay = Relay::new(Arc::clone(&drops));
        (relay, drops, UNIT.parse().unwrap())
    }

    fn frame(unit: &str, number: u64, length: usize) -> Publication {
        let mut body = vec![7; length];
        body[..NUMBER_BYTES].copy_from_slice(&number.to_be_bytes());
        Publication {
            topic: format!("n1/{unit}/up/f"),
            body,
        }
    }

    #[tokio::test]
    async fn one_frame_waits_and_a_newer_one_takes_its_place() {
        let (relay, _, unit) = relay();
        relay.open(unit);
        for number in [1, 2, 3] {
            assert_eq!(relay.pass(frame(UNIT, number, FRAME_BYTES)), None);
        }
        let got = relay.next(unit, 1).await.unwrap().hand_over();
        assert_eq!(got[..NUMBER_BYTES], 3u64.to_be_bytes());
        assert!(relay.slot(unit).unwrap().take().is_none(), "it was kept");
    }

    #[tokio::test]
    async fn a_frame_that_no_view_waits_for_is_dropped_and_counted() {
        let (relay, drops, unit) = relay();
        assert_eq!(relay.pass(frame(UNIT, 1, FRAME_BYTES)), None);
        relay.open(unit);
        assert_eq!(relay.pass(frame("u0000002", 1, FRAME_BYTES)), None);
        for length in [8, FRAME_BYTES - 1] {
            assert_eq!(relay.pass(frame(UNIT, 1, length)), None);
        }
        relay.close(unit);
        assert_eq!(relay.pass(frame(UNIT, 1, FRAME_BYTES)), None);
        assert_eq!(drops.of(DropKind::StrayFrame), 5);
        assert!(relay.next(unit, 1).await.is_none());
    }

    #[tokio::test]
    async fn whoever_waits_is_let_go_when_the_view_ends_and_a_new_view_is_another() {
        let (relay, _, unit) = relay();
        relay.open(unit);
        let waiting = relay.next(unit, 1);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        relay.close(unit);
        relay.open(unit);
        assert!(waiting.await.is_none());
    }

    #[tokio::test]
    async fn an_older_frame_than_the_one_wanted_is_never_handed_out() {
        let (relay, _, unit) = relay();
        relay.open(unit);
        relay.pass(frame(UNIT, 4, FRAME_BYTES));
        let waiting = relay.next(unit, 5);
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        relay.pass(frame(UNIT, 5, FRAME_BYTES));
        let got = waiting.await.unwrap().hand_over();
        assert_eq!(got[..NUMBER_BYTES], 5u64.to_be_bytes());
    }

    #[test]
    fn what_is_no_frame_is_given_back() {
        let (relay, drops, _) = relay();
        let report = Publication {
            topic: format!("n1/{UNIT}/up/r"),
            body: b"{}".to_vec(),
        };
        assert_eq!(relay.pass(report.clone()), Some(report));
        assert_eq!(drops.total(), 0);
    }
}
