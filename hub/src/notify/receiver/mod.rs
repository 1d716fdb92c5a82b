//! Tells an alarm receiver, in SCAIP: one message for each row, to the first receiver of the
//! channel's chain that takes it.
//!
//! An order with many rows is delivered when **every** row was taken; a row that was taken while
//! another was not is not told a second time, but counts when the chain orders again. A row that
//! is over when its turn comes is not told. What is said, and about whom, is [`saying`]'s;
//! heartbeats and what is said when a row ends are [`rounds`]'s.
//!
//! A receiver that did not take the last message is asked after the others, until it takes one or
//! a heartbeat. Logs name channels and receivers by number; never a resident and nothing that a
//! receiver said.

mod profile;
mod reach;
pub mod register;
mod rounds;
mod saying;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use nattsyn_clock::Clock;
use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::time::{Timestamp, Uptime};
use nattsyn_scaip::client::{OpenError, Remedy, SendError};
use nattsyn_scaip::exchange::Failure;
use nattsyn_scaip::mapping::{self, Event};
use nattsyn_scaip::message::{ControllerId, Reply, Request, Verdict};

use super::chain::{About, ChannelName, Key, RowId};
use super::notice::Notice;
use super::notifier::{Notifier, Receipt, TellError, Telling};
use super::patience::Patience;
use super::settings::{Channel, Others, Settings, SettingsError};
use crate::view::{Cause, Tonight};

pub use profile::Receiving;
use reach::{Reach, Unsent};
use saying::{Naming, Topic};

/// Most rows that are told at once by one channel: half of what a client takes, so that
/// heartbeats and ends of rows find room.
const AT_ONCE: usize = 32;

/// Most ends of rows that are told at once: they must not hold up an alarm.
const ENDS_AT_ONCE: usize = 4;

/// By how much an order may take longer than one row's tries, so that the row's own error is the
/// order's. With a [`Patience`] of 24 s it is over before [`super::caller::ATTEMPT_WITHIN`].
const MARGIN: Duration = Duration::from_millis(500);

/// How long a row that a receiver took counts for an order that follows: the chain orders again a
/// minute after a failure at the latest ([`super::chain::RETRY_EVERY`]), and a row that falls back
/// is told anew after five.
const OWED_FOR: Duration = Duration::from_secs(120);

/// `200`, as SIP says yes.
const TAKEN: Receipt = Receipt { code: 200 };

/// How one receiver of a channel is, for the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// When it last took a message or a heartbeat.
    pub taken: Option<Timestamp>,
    /// Since when it has taken none; nothing if it took the last.
    pub failing: Option<Timestamp>,
}

/// The channels that tell alarm receivers.
pub struct Receivers {
    chains: BTreeMap<ChannelName, Arc<ReceiverChain>>,
}

impl Receivers {
    /// Reads the profiles and their files, and waits where receivers are to reply. Where it cannot
    /// wait yet, the receiver is failing until it can. Connects to nobody yet. Relative paths count
    /// from `folder`. Must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// With the channel, the key and the reason.
    pub async fn open(
        settings: &Settings,
        folder: &Path,
        clock: Clock,
    ) -> Result<Self, SettingsError> {
        Self::open_with(settings, folder, clock, Patience::default()).await
    }

    async fn open_with(
        settings: &Settings,
        folder: &Path,
        clock: Clock,
        patience: Patience,
    ) -> Result<Self, SettingsError> {
        let mut chains = BTreeMap::new();
        let mut doors = BTreeSet::new();
        for channel in &settings.channels {
            let receiving = match channel {
                Channel::Scaip(receiving) => receiving,
                Channel::Webhook(_) | Channel::Sms(_) | Channel::Mail(_) | Channel::Push(_) => {
                    continue;
                }
            };
            for (number, door) in receiving.doors() {
                if !doors.insert(door) {
                    let why = "[contact]: another receiver's replies come there";
                    return Err(receiving.wrong(&format!("receiver {number}"), why));
                }
            }
            let chain = receiving.open(folder, clock.clone(), patience).await?;
            let name = receiving.name.clone();
            if chains.insert(name, Arc::new(chain)).is_some() {
                return Err(receiving.wrong("name", "there are two of this name"));
            }
        }
        Ok(Self { chains })
    }

    /// The channels, for [`Settings::open`].
    #[must_use]
    pub fn channels(&self) -> Others {
        let chains = self.chains.iter();
        chains
            .map(|(name, chain)| (name.clone(), Arc::clone(chain) as Arc<dyn Notifier>))
            .collect()
    }

    /// How every receiver is, in the order in which they are asked.
    #[must_use]
    pub fn health(&self) -> Vec<(ChannelName, watch::Receiver<Vec<Health>>)> {
        let chains = self.chains.iter();
        chains
            .map(|(name, chain)| (name.clone(), chain.health.subscribe()))
            .collect()
    }
}

/// One channel: alarm receivers in the order in which they are asked.
struct ReceiverChain {
    name: ChannelName,
    /// Whom the hub itself is to them.
    hub: ControllerId,
    reaches: Vec<Reach>,
    naming: Naming,
    patience: Patience,
    clock: Clock,
    room: Semaphore,
    room_for_ends: Semaphore,
    /// Set when the hub runs; until then nothing can be told.
    tonight: OnceLock<watch::Receiver<Arc<Tonight>>>,
    told: Mutex<BTreeMap<RowId, Taken>>,
    health: watch::Sender<Vec<Health>>,
}

/// All that may be told of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    id: RowId,
    resident: ResidentId,
    cause: Cause,
}

/// A row that a receiver took. Gone when the row is over, so there are no more than rows.
#[derive(Clone, Debug)]
struct Taken {
    row: Row,
    key: Key,
    /// Which of the receivers.
    place: usize,
    known: Known,
}

/// Whether the hub's chain knows that a row was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// It does.
    Yes,
    /// Its order is under way, or failed for another row's sake.
    NotYet(Uptime),
}

impl Notifier for ReceiverChain {
    fn tell<'a>(&'a self, notice: &'a Notice) -> Telling<'a> {
        Box::pin(async move {
            let telling = async {
                match &notice.about {
                    About::Rows(rows) => self.tell_rows(notice.key, rows).await,
                    About::Trial(_) => self.tell_trial(notice.key).await,
                }
            };
            let told = timeout(self.patience.whole + MARGIN, telling).await;
            told.unwrap_or(Err(TellError::TimedOut))?;
            Ok(TAKEN)
        })
    }
}

impl ReceiverChain {
    async fn tell_rows(&self, key: Key, rows: &[RowId]) -> Result<(), TellError> {
        let (open, mut result) = self.open_rows(rows)?;
        let untold = open.into_iter().filter(|row| !self.has_taken(key, row));
        let mut telling: FuturesUnordered<_> = untold.map(|row| self.tell_row(key, row)).collect();
        while let Some(told) = telling.next().await {
            result = result.and(told);
        }
        result?;
        let mut told = self.told();
        for row in rows {
            if let Some(taken) = told.get_mut(row) {
                taken.known = Known::Yes;
            }
        }
        Ok(())
    }

    /// The rows that are open yet, in the order given, and whether they and those that are over
    /// are all: what is about no resident cannot be told to a receiver, and must not count as told.
    fn open_rows(&self, rows: &[RowId]) -> Result<(Vec<Row>, Result<(), TellError>), TellError> {
        let tonight = self.tonight.get().ok_or(TellError::Unmade)?;
        let tonight = tonight.borrow().clone();
        let open = tonight.open.iter().map(|row| Row {
            id: RowId(row.id),
            resident: row.person.resident,
            cause: row.cause,
        });
        let open: BTreeMap<RowId, Row> = open.map(|row| (row.id, row)).collect();
        let is_over = |id: &RowId| tonight.closed.iter().any(|row| row.id == id.0);
        let is_known = |id: &RowId| open.contains_key(id) || is_over(id);
        let all = if rows.iter().all(is_known) {
            Ok(())
        } else {
            Err(TellError::Unmade)
        };
        let open = rows.iter().filter_map(|id| open.get(id).copied());
        Ok((open.collect(), all))
    }

    /// Whether a receiver has a row already, as far as this order goes.
    fn has_taken(&self, key: Key, row: &Row) -> bool {
        let told = self.told();
        let Some(taken) = told.get(&row.id).filter(|taken| taken.row == *row) else {
            return false;
        };
        match taken.known {
            Known::Yes => taken.key == key,
            Known::NotYet(at) => taken.key == key || self.now().since(at) < OWED_FOR,
        }
    }

    async fn tell_row(&self, key: Key, row: Row) -> Result<(), TellError> {
        let event = saying::event(row.cause);
        let reference = self.naming.reference(key, Topic::Row(row.id));
        let request = mapping::request(&event, &saying::subject(row.resident), reference);
        let _room = self.room.acquire().await;
        let place = self.persevere(&request).await?;
        let known = Known::NotYet(self.now());
        let taken = Taken {
            row,
            key,
            place,
            known,
        };
        self.told().insert(row.id, taken);
        Ok(())
    }

    async fn tell_trial(&self, key: Key) -> Result<(), TellError> {
        let reference = self.naming.reference(key, Topic::Trial);
        let subject = saying::hub(&self.hub);
        let request = mapping::request(&Event::TestAlarm, &subject, reference);
        let _place = self.persevere(&request).await?;
        Ok(())
    }

    /// Asks the receivers until one takes it; which that was.
    async fn persevere(&self, request: &Request) -> Result<usize, TellError> {
        let all = u32::try_from(self.reaches.len()).unwrap_or(u32::MAX);
        let patience = Patience {
            each: self.patience.each.saturating_mul(all) + MARGIN,
            ..self.patience
        };
        patience.persevere(|| self.ask_each(request)).await
    }

    /// Asks every receiver once until one takes it. The error is one that is worth repeating, if
    /// there is one.
    async fn ask_each(&self, request: &Request) -> Result<usize, TellError> {
        let mut worst = TellError::Unmade;
        for place in self.in_order() {
            match self.ask(place, request).await {
                Ok(_reply) => return Ok(place),
                Err(error)
                    if worst.failure().is_for_good() || matches!(worst, TellError::Unmade) =>
                {
                    worst = error;
                }
                Err(_error) => {}
            }
        }
        Err(worst)
    }

    /// Those that took the last message, then the others.
    fn in_order(&self) -> Vec<usize> {
        let health = self.health.borrow();
        let mut places: Vec<usize> = (0..self.reaches.len()).collect();
        places.sort_by_key(|place| (health[*place].failing.is_some(), *place));
        places
    }

    /// Asks one receiver once, and remembers how it is.
    async fn ask(&self, place: usize, request: &Request) -> Result<Reply, TellError> {
        let asking = timeout(self.patience.each, self.reaches[place].send(request));
        let (error, remedy) = match asking.await {
            Ok(Ok(reply)) => {
                self.note_taken(place);
                return Ok(reply);
            }
            Ok(Err(Unsent::Shut(error))) => shut(error),
            Ok(Err(Unsent::Sent(error))) => {
                let remedy = error.remedy();
                if is_ours(&error) {
                    return Err(said(error));
                }
                (said(error), remedy)
            }
            Err(_elapsed) => (TellError::TimedOut, Remedy::Repeat),
        };
        self.note_failing(place, &error, remedy);
        Err(error)
    }

    fn note_taken(&self, place: usize) {
        let now = self.clock.now().timestamp;
        self.health.send_modify(|health| {
            let health = &mut health[place];
            if health.failing.take().is_some() {
                let (channel, receiver) = (self.name.as_str(), place + 1);
                tracing::info!(channel, receiver, "an alarm receiver answers again");
            }
            health.taken = Some(now);
        });
    }

    fn note_failing(&self, place: usize, error: &TellError, remedy: Remedy) {
        let now = self.clock.now().timestamp;
        self.health.send_modify(|health| {
            let health = &mut health[place];
            if health.failing.is_some() {
                return;
            }
            let (channel, receiver, why) = (self.name.as_str(), place + 1, error.failure());
            match remedy {
                Remedy::Repeat | Remedy::Elsewhere => {
                    tracing::warn!(
                        channel,
                        receiver,
                        ?why,
                        "an alarm receiver takes no message"
                    );
                }
                Remedy::MendSetup => {
                    tracing::error!(
                        channel,
                        receiver,
                        ?why,
                        "an alarm receiver is set up wrongly"
                    );
                }
            }
            health.failing = Some(now);
        });
    }

    fn told(&self) -> MutexGuard<'_, BTreeMap<RowId, Taken>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What concerns other machines runs in real time.
    fn now(&self) -> Uptime {
        Uptime(self.clock.real_now())
    }
}

/// Whether an error says nothing about the receiver.
fn is_ours(error: &SendError) -> bool {
    match error {
        SendError::TooLong | SendError::Crowded | SendError::UnderWay | SendError::Random(_) => {
            true
        }
        SendError::Failed(_) | SendError::Network { .. } => false,
    }
}

/// Why a receiver was told nothing, and what is worth trying.
fn shut(error: OpenError) -> (TellError, Remedy) {
    match error {
        OpenError::Listen(_, source) => (TellError::Unreachable(source), Remedy::Repeat),
        // The files were right when the hub started.
        OpenError::Password { .. }
        | OpenError::SipsInClear
        | OpenError::NoTls
        | OpenError::NoIdentity
        | OpenError::Pem { .. }
        | OpenError::NoCertificate(_)
        | OpenError::Certificate { .. }
        | OpenError::Name { .. }
        | OpenError::Random(_) => (TellError::Unmade, Remedy::MendSetup),
    }
}

/// The notifiers' word for it. What the receiver said stays out.
fn said(error: SendError) -> TellError {
    let remedy = error.remedy();
    match error {
        SendError::Network { source, .. } => match remedy {
            Remedy::MendSetup => TellError::Untrusted,
            Remedy::Elsewhere => TellError::Garbled,
            Remedy::Repeat if source.kind() == std::io::ErrorKind::TimedOut => TellError::TimedOut,
            Remedy::Repeat => TellError::Unreachable(source),
        },
        SendError::TooLong | SendError::Random(_) => TellError::Unmade,
        SendError::Crowded | SendError::UnderWay => refused(503, Remedy::Repeat),
        SendError::Failed(failure) => match failure {
            Failure::Refused(reply) => refused(number(reply.verdict), remedy),
            Failure::Rejected { status, .. } => refused(status, remedy),
            Failure::NotKnown(_) => refused(401, remedy),
            Failure::Unreadable(_) | Failure::OtherMedia | Failure::OtherReference => {
                TellError::Garbled
            }
            Failure::Silence(_) => TellError::TimedOut,
        },
    }
}

fn refused(code: u16, remedy: Remedy) -> TellError {
    match remedy {
        Remedy::Repeat => TellError::Busy {
            code,
            again_after: None,
        },
        Remedy::Elsewhere | Remedy::MendSetup => TellError::Refused { code },
    }
}

fn number(verdict: Verdict) -> u16 {
    u16::try_from(verdict.number()).unwrap_or(u16::MAX)
}
