//! What alarm receivers hear beside alarms: heartbeats all the time, and the end of a row that
//! they were told of.
//!
//! Which row was told to whom is remembered in memory alone: rows that were told before a restart
//! end without a word to the receiver, and so do those whose end nobody takes after some tries.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use futures_util::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::time::sleep;

use nattsyn_scaip::client::fresh_reference;
use nattsyn_scaip::mapping::{self, Event};

use super::saying::{self, Topic};
use super::{Key, ReceiverChain, Receivers, Row, RowId, Taken};
use crate::view::Tonight;

/// How soon a heartbeat that nobody answered is followed by the next, if the usual pause is
/// longer: a receiver that is back is asked first again within a minute.
const HEARTBEAT_AGAIN: Duration = Duration::from_secs(60);

/// How often the end of a row is told until somebody takes it.
const END_TRIES: u32 = 3;

/// How long after one try the next: a receiver that starts anew is back by then.
const END_AGAIN: Duration = Duration::from_secs(30);

/// Most ends that wait to be told; further ones are not. A night's flood, and three times that of
/// the simulation.
const ENDS_MAX: usize = 1024;

/// A row that is over, to be told.
struct End {
    event: Event,
    row: Row,
    key: Key,
    place: usize,
}

impl Receivers {
    /// Keeps heartbeats and ends going; never done. From now on alarms can be told.
    pub fn begin(&self, tonight: &watch::Receiver<Arc<Tonight>>) -> BoxFuture<'static, Infallible> {
        let mut rounds: Vec<BoxFuture<'static, ()>> = Vec::new();
        for chain in self.chains.values() {
            // Begun twice it is the same night.
            chain.tonight.set(tonight.clone()).ok();
            rounds.push(Arc::clone(chain).tell_ends(tonight.clone()).boxed());
            for place in 0..chain.reaches.len() {
                rounds.push(Arc::clone(chain).beat(place).boxed());
            }
        }
        async {
            join_all(rounds).await;
            pending().await
        }
        .boxed()
    }
}

impl ReceiverChain {
    /// One receiver's heartbeats. One that takes nothing is tried sooner, whether it was a
    /// heartbeat or an alarm that it did not take.
    async fn beat(self: Arc<Self>, place: usize) {
        let rhythm = self.reaches[place].receiver().rhythm();
        let again = rhythm.usual.min(HEARTBEAT_AGAIN);
        let mut health = self.health.subscribe();
        loop {
            let pause = match fresh_reference() {
                Ok(reference) => {
                    let subject = saying::hub(&self.hub);
                    let request = mapping::request(&rhythm.event(), &subject, reference);
                    let asked = self.ask(place, &request).await;
                    asked.map_or(again, |reply| rhythm.after(&reply))
                }
                Err(_no_random_bytes) => again,
            };
            let failing = async {
                let failing = health.wait_for(|health| health[place].failing.is_some());
                failing.await.map(drop).ok();
                sleep(again).await;
            };
            tokio::select! {
                () = sleep(pause) => {}
                () = failing => {}
            }
        }
    }

    /// Tells what ends, as tonight changes.
    async fn tell_ends(self: Arc<Self>, mut tonight: watch::Receiver<Arc<Tonight>>) {
        let mut under_way = FuturesUnordered::new();
        loop {
            let now = tonight.borrow_and_update().clone();
            for end in self.ended(&now) {
                if under_way.len() < ENDS_MAX {
                    under_way.push(self.tell_end(end));
                } else {
                    tracing::warn!(row = end.row.id.0, "too many rows end to tell of this one");
                }
            }
            tokio::select! {
                changed = tonight.changed() => if changed.is_err() {
                    return;
                },
                Some(()) = under_way.next() => {}
            }
        }
    }

    /// The rows that were told and are open no more; what there is to say of their end.
    fn ended(&self, tonight: &Tonight) -> Vec<End> {
        let mut told = self.told();
        let is_open = |id: &RowId| tonight.open.iter().any(|row| row.id == id.0);
        let over: Vec<RowId> = told.keys().filter(|id| !is_open(id)).copied().collect();
        let over = over.iter().filter_map(|id| told.remove(id));
        over.filter_map(|taken| end(&taken, tonight)).collect()
    }

    async fn tell_end(&self, end: End) {
        for attempt in 0..END_TRIES {
            if attempt > 0 {
                sleep(END_AGAIN).await;
            }
            let reference = self.naming.reference(end.key, Topic::End(end.row.id));
            let subject = saying::subject(end.row.resident);
            let request = mapping::request(&end.event, &subject, reference);
            let _room = self.room_for_ends.acquire().await;
            if self.ask(end.place, &request).await.is_ok() {
                return;
            }
        }
        let (channel, row) = (self.name.as_str(), end.row.id.0);
        tracing::warn!(
            channel,
            row,
            "an alarm receiver does not know that a row is over"
        );
    }
}

fn end(taken: &Taken, tonight: &Tonight) -> Option<End> {
    let mut closed = tonight.closed.iter();
    let (_, ending) = closed.find(|row| row.id == taken.row.id.0)?.ended?;
    Some(End {
        event: saying::farewell(taken.row.cause, ending)?,
        row: taken.row,
        key: taken.key,
        place: taken.place,
    })
}
