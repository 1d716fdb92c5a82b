//! The hub's one loop: messages and time in, ledger and answers out.
//!
//! `select` names what happened (an [`Event`]), `apply` acts on it. What came is written down
//! first and acknowledged then: a crash in between makes a unit repeat itself, and a repeated
//! report has no effect. The page gets a new [`Tonight`] after every change and never asks.
//!
//! A store that fails ends the service: what cannot be written must not be acknowledged, and a
//! fresh start rebuilds the watch from what is written.

mod messages;

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use nattsyn_clock::Clock;
use nattsyn_protocol::plan::PlanError;
use nattsyn_protocol::schedule::night_of;
use nattsyn_protocol::time::{Timestamp, Uptime};

use crate::ingest::{Drops, Endpoint, Link, LinkError, LinkEvent};
use crate::keys::HubKeys;
use crate::nights;
use crate::roster::Roster;
use crate::store::{Batch, Store, StoreError, StoredPlan};
use crate::view::{Reality, Tonight};
use crate::watch::{Change, Moment, Watch};

/// How often the hub looks whether another process enrolled anybody, and shows the page a moment
/// that has moved on: half of what [`crate::http::State`] asks for.
const REFRESH: Duration = Duration::from_secs(15);

/// Most messages that are written down in one commit.
const MESSAGES_MAX: usize = 64;

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
    let (service, tonight) = Service::begin(setup, clock, store, link, Arc::clone(&drops))?;
    Ok(Handle {
        tonight,
        drops,
        stop: Some(stop),
        task: tokio::spawn(service.run(stopped)),
    })
}

/// What happened.
enum Event {
    /// Messages came, or the connection changed.
    Link(Vec<LinkEvent>),
    /// Time passed, or runs otherwise.
    Time,
    /// The service is to end.
    Stop,
}

struct Service {
    setup: Setup,
    clock: Clock,
    store: Box<dyn Store>,
    link: Link,
    watch: Watch,
    plans: Vec<StoredPlan>,
    revision: i64,
    refreshed: Uptime,
    drops: Arc<Drops>,
    tonight: watch::Sender<Arc<Tonight>>,
}

impl Service {
    fn begin(
        setup: Setup,
        clock: Clock,
        mut store: Box<dyn Store>,
        link: Link,
        drops: Arc<Drops>,
    ) -> Result<(Self, watch::Receiver<Arc<Tonight>>), ServiceError> {
        let now = moment(&clock);
        let night = night_of(now.timestamp, &setup.zone)?;
        let revision = store.revision()?;
        let roster = Arc::new(store.roster()?);
        let plans = store.plans()?;
        freeze(
            store.as_mut(),
            &plans,
            &roster,
            night,
            &setup.zone,
            now.timestamp,
        )?;
        let saved = store.saved(night, nights::noon(night, &setup.zone)?)?;
        let mut watch = Watch::new(now, night, roster, saved);
        let changes = watch.handle_timeout(now);
        write(store.as_mut(), changes)?;
        let first = Arc::new(watch.tonight(now, &setup.zone, setup.reality));
        let (tonight, shown) = watch::channel(first);
        let homes = watch.roster().homes().len();
        tracing::info!(%night, homes, "the hub watches");
        let service = Self {
            setup,
            clock,
            store,
            link,
            watch,
            plans,
            revision,
            refreshed: now.uptime,
            drops,
            tonight,
        };
        Ok((service, shown))
    }

    async fn run(mut self, mut stopped: oneshot::Receiver<()>) -> Result<(), ServiceError> {
        loop {
            let now = self.clock.now();
            self.pass(moment_of(now))?;
            let next = self.next_timeout();
            if self.link.events.is_empty() {
                self.clock.settle(now, Some(next));
            }
            match self.select(&mut stopped, next).await {
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
            _count = self.link.events.recv_many(&mut events, MESSAGES_MAX) => Event::Link(events),
            () = self.clock.wait_until(Some(next)) => Event::Time,
        }
    }

    fn next_timeout(&self) -> Uptime {
        let refresh = self.refreshed.after(REFRESH);
        self.watch
            .next_timeout()
            .map_or(refresh, |next| next.min(refresh))
    }

    /// Lets time pass, if anything is due.
    fn pass(&mut self, now: Moment) -> Result<(), ServiceError> {
        let is_refresh_due = now.uptime >= self.refreshed.after(REFRESH);
        let is_watch_due = self
            .watch
            .next_timeout()
            .is_some_and(|next| now.uptime >= next);
        if !is_refresh_due && !is_watch_due {
            return Ok(());
        }
        if is_refresh_due {
            self.refreshed = now.uptime;
            self.refresh(now)?;
        }
        let changes = self.watch.handle_timeout(now);
        write(self.store.as_mut(), changes)?;
        self.show(now);
        Ok(())
    }

    /// Begins the next night at noon, and takes in what another process enrolled.
    fn refresh(&mut self, now: Moment) -> Result<(), ServiceError> {
        let night = night_of(now.timestamp, &self.setup.zone)?;
        let revision = self.store.revision()?;
        if night == self.watch.night() && revision == self.revision {
            return Ok(());
        }
        self.revision = revision;
        self.plans = self.store.plans()?;
        let roster = Arc::new(self.store.roster()?);
        let zone = &self.setup.zone;
        freeze(
            self.store.as_mut(),
            &self.plans,
            &roster,
            night,
            zone,
            now.timestamp,
        )?;
        let saved = self.store.saved(night, now.timestamp)?;
        if night != self.watch.night() {
            self.watch.begin_night(now, night);
        }
        self.watch.enrol(now, roster);
        self.watch.plan(
            now,
            saved
                .checks
                .into_iter()
                .map(|saved| saved.planned)
                .collect(),
        );
        self.send_plans(now)?;
        tracing::info!(%night, homes = self.watch.roster().homes().len(), "enrolment read");
        Ok(())
    }

    fn show(&self, now: Moment) {
        let tonight = self
            .watch
            .tonight(now, &self.setup.zone, self.setup.reality);
        self.tonight.send_replace(Arc::new(tonight));
    }
}

/// Writes the checks down of tonight and of any night that went by.
fn freeze(
    store: &mut dyn Store,
    plans: &[StoredPlan],
    roster: &Roster,
    tonight: Date,
    zone: &str,
    now: Timestamp,
) -> Result<(), ServiceError> {
    for night in nights::due(store.last_night()?, tonight) {
        let checks = nights::checks(plans, roster, night, nights::noon(night, zone)?);
        store.freeze(night, &checks, now)?;
    }
    Ok(())
}

fn write(store: &mut dyn Store, changes: Vec<Change>) -> Result<(), StoreError> {
    let batch = Batch {
        changes,
        ..Batch::default()
    };
    if batch.is_empty() {
        return Ok(());
    }
    store.commit(&batch)
}

fn moment(clock: &Clock) -> Moment {
    moment_of(clock.now())
}

/// Whole milliseconds, as the store keeps them: a watch made anew knows the same.
fn moment_of(now: nattsyn_clock::Now) -> Moment {
    let ms = now.timestamp.as_ms();
    Moment {
        uptime: now.uptime,
        timestamp: Timestamp::from_ms(ms).unwrap_or(now.timestamp),
    }
}
