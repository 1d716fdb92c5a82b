//! The hub's one loop, around its [`Desk`]: messages and time in, answers and pages out.
//!
//! `select` names what happened (an [`Event`]), the desk acts on it. What came is written down
//! first and acknowledged then: a crash in between makes a unit repeat itself, and a repeated
//! report has no effect. The page gets a new [`Tonight`] after every change and never asks.
//! All that is decided is decided at the desk; here is only what waits.
//!
//! A store that fails ends the service: what cannot be written must not be acknowledged, and a
//! fresh start rebuilds the watch from what is written.

#[cfg(test)]
mod commissioned;
mod commissioning;
#[cfg(test)]
mod consents;
mod counting;
mod desk;
mod hands;
#[cfg(test)]
mod labelled;
mod labelling;
#[cfg(test)]
mod lending;
mod messages;
mod passage;
#[cfg(test)]
mod tuned;
mod verdicts;
mod words;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use nattsyn_clock::Clock;
use nattsyn_protocol::plan::PlanError;
use nattsyn_protocol::time::Uptime;

use crate::ingest::{Drops, Endpoint, Link, LinkError, LinkEvent, Publication};
use crate::keys::HubKeys;
use crate::live::{self, Delivery, Outgoing, Wire};
use crate::store::{Store, StoreError};
use crate::view::{Reality, Tonight};
use crate::watch::{Contact, Moment};

pub use desk::{Answer, Charge, Desk, Done, News, REFRESH};
pub use hands::{Hands, HandsError};

pub use verdicts::{VerdictLost, Verdicts};

pub(crate) use hands::{Closure, Deed, Waiting};
pub(crate) use verdicts::Found;

/// Most messages that are written down in one commit.
pub const MESSAGES_MAX: usize = 64;

/// What a service needs to know.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The zone in which nights are counted and times are shown.
    pub zone: String,
    /// Whether the homes are real.
    pub reality: Reality,
    /// The broker between hub and units.
    pub broker: Endpoint,
    /// The hub's keys; their endorsement travels with every plan.
    pub keys: HubKeys,
}

/// Why the service did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The store failed. What was not written was not acknowledged; units will repeat it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The connection to the broker cannot even be tried.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The zone is unknown.
    #[error("the hub's zone")]
    Zone(#[from] PlanError),
    /// The service's task was ended from outside or panicked.
    #[error("the service's task")]
    Task(#[from] tokio::task::JoinError),
}

/// A running service. Dropping it ends it at once; nothing acknowledged is lost.
#[derive(Debug)]
pub struct Handle {
    /// Tonight, as it changes.
    pub tonight: watch::Receiver<Arc<Tonight>>,
    /// By which staff act on rows.
    pub hands: Hands,
    /// By which test alarms become matters.
    pub verdicts: Verdicts,
    /// By which live views speak with units. Whoever takes it keeps them; without it there are
    /// none.
    pub live: Option<live::Ends>,
    /// What was dropped, by kind.
    pub drops: Arc<Drops>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), ServiceError>>,
}

impl Handle {
    /// Waits until the service ends by itself, which it does only in error.
    ///
    /// # Errors
    ///
    /// Why it ended.
    pub async fn ended(&mut self) -> Result<(), ServiceError> {
        (&mut self.task).await?
    }

    /// Ends the service after what it is doing.
    ///
    /// # Errors
    ///
    /// It had ended already, and why.
    pub async fn stop(mut self) -> Result<(), ServiceError> {
        if let Some(stop) = self.stop.take() {
            // Nobody listens if it has ended, and then its error says why.
            stop.send(()).ok();
        }
        (&mut self.task).await?
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts the service on the current tokio runtime. The first [`Tonight`] accounts for all that
/// went by while the hub was down.
///
/// # Errors
///
/// The store cannot be read or written, the hub's certificate cannot be used, or the zone is
/// unknown.
pub fn start(setup: Setup, clock: Clock, store: Box<dyn Store>) -> Result<Handle, ServiceError> {
    let link = Link::open(&setup.broker, clock.clone())?;
    let drops = Arc::new(Drops::default());
    let (stop, stopped) = oneshot::channel();
    let (hands, waiting) = Hands::new();
    let (verdicts, found) = Verdicts::new();
    let (wire, live) = live::wire(Arc::clone(&drops));
    let inlets = Inlets {
        link,
        waiting,
        found,
        live: wire,
    };
    let (service, tonight) = Service::begin(setup, clock, store, inlets, Arc::clone(&drops))?;
    Ok(Handle {
        tonight,
        hands,
        verdicts,
        live: Some(live),
        drops,
        stop: Some(stop),
        task: tokio::spawn(service.run(stopped)),
    })
}

/// What happened.
enum Event {
    /// Somebody of the staff does something about a row.
    Deed(Deed),
    /// What a team's test alarm proved is known.
    Found(Found),
    /// Somebody of the staff closes a matter.
    Closure(Closure),
    /// Something was written down beside the desk.
    Written,
    /// A live view has something to say to its unit.
    Say(Outgoing),
    /// Messages came, or the connection changed.
    Link(Vec<LinkEvent>),
    /// Time passed, or runs otherwise.
    Time,
    /// The service is to end.
    Stop,
}

/// Where things come in.
struct Inlets {
    link: Link,
    waiting: Waiting,
    found: mpsc::Receiver<Found>,
    live: Wire,
}

struct Service {
    desk: Desk,
    clock: Clock,
    inlets: Inlets,
    tonight: watch::Sender<Arc<Tonight>>,
}

impl Service {
    fn begin(
        setup: Setup,
        clock: Clock,
        store: Box<dyn Store>,
        inlets: Inlets,
        drops: Arc<Drops>,
    ) -> Result<(Self, watch::Receiver<Arc<Tonight>>), ServiceError> {
        let now = moment(clock.now());
        let charge = Charge {
            zone: setup.zone,
            reality: setup.reality,
            endorsement: setup.keys.endorsement,
        };
        let desk = Desk::open(now, charge, store, drops)?;
        let (tonight, shown) = watch::channel(Arc::new(desk.tonight(now)));
        let service = Self {
            desk,
            clock,
            inlets,
            tonight,
        };
        Ok((service, shown))
    }

    async fn run(mut self, mut stopped: oneshot::Receiver<()>) -> Result<(), ServiceError> {
        loop {
            let now = self.clock.now();
            let done = self.desk.pass(moment(now))?;
            self.publish(moment(now), done);
            let next = self.desk.next_timeout();
            if self.inlets.link.events.is_empty() {
                self.clock.settle(now, Some(next));
            }
            match self.select(&mut stopped, next).await {
                Event::Deed(deed) => self.act(deed)?,
                Event::Found(found) => self.find(found)?,
                Event::Closure(closure) => self.close(closure)?,
                Event::Written => self.look()?,
                Event::Say(outgoing) => self.say(outgoing),
                Event::Link(events) => self.apply(events)?,
                Event::Time => {}
                Event::Stop => return Ok(()),
            }
        }
    }

    /// The only place that waits. What came is dealt with before time passes, so that a report
    /// that is here is never overdue.
    async fn select(&mut self, stopped: &mut oneshot::Receiver<()>, next: Uptime) -> Event {
        let mut events = Vec::new();
        tokio::select! {
            biased;
            _ = stopped => Event::Stop,
            // A person waits for the answer; the reports that wait with it are minutes early.
            Some(deed) = self.inlets.waiting.deeds.recv() => Event::Deed(deed),
            Some(closure) = self.inlets.waiting.closures.recv() => Event::Closure(closure),
            Some(found) = self.inlets.found.recv() => Event::Found(found),
            () = self.inlets.waiting.written.notified() => Event::Written,
            Some(outgoing) = self.inlets.live.outgoing.recv() => Event::Say(outgoing),
            _count = self.inlets.link.events.recv_many(&mut events, MESSAGES_MAX) => {
                Event::Link(events)
            }
            () = self.clock.wait_until(Some(next)) => Event::Time,
        }
    }

    /// Takes in what somebody did, and answers when it is written.
    fn act(&mut self, deed: Deed) -> Result<(), ServiceError> {
        let now = moment(self.clock.now());
        let done = self.desk.act(now, deed.row, &deed.by, deed.act)?;
        self.tonight.send_replace(Arc::new(self.desk.tonight(now)));
        // Whoever asked may have gone; it is written all the same.
        deed.answer.send(done).ok();
        Ok(())
    }

    /// Takes in what was found out beside the desk, and answers when it is written.
    fn find(&mut self, found: Found) -> Result<(), ServiceError> {
        let now = moment(self.clock.now());
        let answer = match found {
            Found::Team {
                team,
                wrong,
                written,
            } => {
                self.desk.find(now, team, wrong)?;
                Some(written)
            }
            Found::Late(units) => {
                self.desk.find_late(now, units)?;
                None
            }
            Found::Heads(kept) => {
                self.desk.find_heads(now, kept)?;
                None
            }
        };
        self.tonight.send_replace(Arc::new(self.desk.tonight(now)));
        if let Some(written) = answer {
            // A teller that is gone is told again by its next start.
            written.send(()).ok();
        }
        Ok(())
    }

    /// Takes in how somebody closes a matter, and answers when it is written.
    fn close(&mut self, closure: Closure) -> Result<(), ServiceError> {
        let now = moment(self.clock.now());
        let by = (closure.by, closure.how);
        let done = self.desk.close(now, closure.matter, by)?;
        self.tonight.send_replace(Arc::new(self.desk.tonight(now)));
        closure.answer.send(done).ok();
        Ok(())
    }

    /// Takes in what was written down beside the desk, and sends what follows.
    fn look(&mut self) -> Result<(), ServiceError> {
        let now = moment(self.clock.now());
        let done = self.desk.look(now)?;
        self.publish(now, done);
        Ok(())
    }

    /// Takes in what came.
    fn apply(&mut self, events: Vec<LinkEvent>) -> Result<(), ServiceError> {
        let now = moment(self.clock.now());
        let mut messages: Vec<Publication> = Vec::with_capacity(events.len());
        for event in events {
            match event {
                LinkEvent::Connected => {
                    tracing::info!("connected to the broker");
                    self.desk.contact(now, Contact::Up)?;
                }
                LinkEvent::Lost => {
                    tracing::warn!("lost the broker");
                    self.desk.contact(now, Contact::Down(now.uptime))?;
                }
                // A frame goes to whoever waits for it, and to nobody who could keep it.
                LinkEvent::Message(publication) => {
                    messages.extend(self.inlets.live.relay.pass(publication));
                }
            }
        }
        let done = self.desk.take(now, &messages)?;
        self.publish(now, done);
        Ok(())
    }

    /// Sends the answers, and shows the page what is new.
    fn publish(&self, now: Moment, done: Done) {
        for Answer { topic, body } in done.answers {
            self.inlets.link.send(topic, body);
        }
        match done.news {
            News::Something => {
                self.tonight.send_replace(Arc::new(self.desk.tonight(now)));
            }
            News::Nothing => {}
        }
        // After the page: who hears that a look was clear sees what it saw.
        for heard in done.live {
            self.inlets.live.tell(heard);
        }
    }

    /// Says something to a unit for a live view.
    fn say(&self, outgoing: Outgoing) {
        let Outgoing {
            topic,
            body,
            delivery,
        } = outgoing;
        match delivery {
            Delivery::Assured => self.inlets.link.send(topic, body),
            Delivery::Once => self.inlets.link.send_once(topic, body),
        }
    }
}

fn moment(now: nattsyn_clock::Now) -> Moment {
    Moment {
        uptime: now.uptime,
        timestamp: now.timestamp,
    }
}
