//! Counting what the eye says of one bed, night after night: `nattsyn-count`.
//!
//! For whoever wants to know how often an empty bed of their own is called *visible*. Looks are
//! made as the eye makes them: the same camera thread, the same moments ([`crate::look`]), the
//! same fusing of frames ([`crate::presence`]), at the shipped thresholds. Only the number of
//! looks with each finding is kept ([`book`]): no picture, no score, no time of day.
//!
//! Deliberately not here: plans, guard, signing, network. This is no unit, and no check rests on
//! what it counts.

pub mod book;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use nattsyn_clock::Clock;
use nattsyn_models::{Model, ModelError, SleepingPlace};
use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::plan::PlanError;
use nattsyn_protocol::schedule::night_of;
use nattsyn_protocol::time::Uptime;

use crate::config::eye::{LightConfig, SourceConfig};
use crate::disk::Disk;
use crate::eye::seeing::{self, Answer, Beside, Order};
use crate::eye::{MODEL_DIGITS, StartError, await_signals, open_light, open_source};
use crate::light::Lamp;
use crate::look::{Ending, Look, Pacing, Step};
use crate::presence::Presence;

use book::{Book, BookError};

/// Events that may wait: the camera answers one order at a time, and one signal is enough.
const EVENTS_MAX: usize = 4;

/// What is to be counted.
#[derive(Clone, Debug)]
pub struct Counting {
    /// Where frames come from.
    pub source: SourceConfig,
    /// What lights the room.
    pub light: LightConfig,
    /// How a look is made.
    pub pacing: Pacing,
    /// Where somebody would lie.
    pub places: Vec<SleepingPlace>,
    /// From one look's beginning to the next one's.
    pub every: Duration,
    /// How many looks; without a number, until asked to end.
    pub looks: Option<u64>,
    /// The zone in which a night runs from noon to noon, such as `Europe/Stockholm`.
    pub zone: String,
    /// The book's file.
    pub file: String,
}

/// Why counting cannot begin, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// Camera, lamp or signals cannot be had.
    #[error("starting")]
    Start(#[from] StartError),
    /// The model cannot be run.
    #[error("loading the model")]
    Model(#[from] ModelError),
    /// The zone is unknown.
    #[error("finding out which night it is")]
    Zone(#[from] PlanError),
    /// The book cannot be read or written. What it held stands.
    #[error("keeping the counts in {file}")]
    Disk {
        /// The book's file.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no book of counts. It has not been touched.
    #[error("{file} is no table of counts, and is left as it is")]
    Book {
        /// The file.
        file: String,
        /// What is wrong with it.
        source: BookError,
    },
    /// Camera or model did not come back from a look. Only a fresh process helps.
    #[error("the camera or the model hangs; start again")]
    Hung,
}

/// Everything that can happen.
enum Event {
    /// Camera or model answer.
    Seen(Answer),
    /// Time has passed.
    Tick,
    /// The process is asked to end.
    AskedToEnd,
}

/// How a look ended for the counting.
enum Outcome {
    Counted(Finding),
    /// Asked to end in the middle of it: nothing is counted.
    Asked,
    /// Counted as too slow, and the last.
    Hung,
}

/// Makes looks and counts them until there have been enough, or the process is asked to end.
/// Each count is on the disk before `told` is called with the book and the night.
///
/// # Errors
///
/// Nothing can be looked with, the book cannot be read or written, or the camera hangs; what was
/// counted before is in the book.
pub fn count(
    counting: &Counting,
    disk: &mut impl Disk,
    mut told: impl FnMut(&Book, &str),
) -> Result<Book, CountError> {
    let mut book = read(disk, &counting.file)?;
    let (mut looking, model) = Looking::open(counting)?;
    let mut made = 0;
    while counting.looks.is_none_or(|most| made < most) {
        let now = looking.clock.now();
        let night = night_of(now.timestamp, &counting.zone)?.to_string();
        let outcome = looking.look();
        let finding = match outcome {
            Outcome::Counted(finding) => finding,
            Outcome::Hung => Finding::Technical(Fault::TooSlow),
            Outcome::Asked => break,
        };
        book.add(&night, &model, finding);
        write(disk, &counting.file, &book)?;
        told(&book, &night);
        if matches!(outcome, Outcome::Hung) {
            return Err(CountError::Hung);
        }
        made += 1;
        let is_last = counting.looks.is_some_and(|most| made >= most);
        if !is_last && looking.is_asked_before(now.uptime.after(counting.every)) {
            break;
        }
    }
    Ok(book)
}

fn read(disk: &mut impl Disk, file: &str) -> Result<Book, CountError> {
    let bytes = disk.read(file).map_err(failed(file))?.unwrap_or_default();
    Book::read(&String::from_utf8_lossy(&bytes)).map_err(|source| CountError::Book {
        file: file.to_owned(),
        source,
    })
}

fn write(disk: &mut impl Disk, file: &str, book: &Book) -> Result<(), CountError> {
    disk.replace(file, book.to_string().as_bytes())
        .map_err(failed(file))
}

fn failed(file: &str) -> impl Fn(io::Error) -> CountError {
    move |source| CountError::Disk {
        file: file.to_owned(),
        source,
    }
}

/// Camera, model and lamp, and the moments of a look.
struct Looking {
    clock: Clock,
    lamp: Lamp,
    pacing: Pacing,
    places: Arc<[SleepingPlace]>,
    orders: SyncSender<Order>,
    events: Receiver<Event>,
}

impl Looking {
    /// With the first digits of the model's checksum.
    fn open(counting: &Counting) -> Result<(Self, String), CountError> {
        let lamp = Lamp::new(open_light(&counting.light)?);
        let source = open_source(counting.source.clone())?;
        let model = Model::load()?;
        let digits = model.manifest().sha256.chars().take(MODEL_DIGITS).collect();
        let (events, heard) = sync_channel(EVENTS_MAX);
        let asked = events.clone();
        await_signals(move || drop(asked.send(Event::AskedToEnd)))?;
        let tell = move |answer| events.send(Event::Seen(answer)).map_err(drop);
        let looking = Self {
            clock: Clock::machine(),
            lamp,
            pacing: counting.pacing,
            places: counting.places.as_slice().into(),
            orders: seeing::start(source, model, counting.pacing.judged_every(), tell),
            events: heard,
        };
        Ok((looking, digits))
    }

    /// The only place that waits.
    fn select(&self, until: Uptime) -> Event {
        match self.events.recv_timeout(self.clock.real_until(until)) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => Event::Tick,
            // Its senders are threads that live as long as this does.
            Err(RecvTimeoutError::Disconnected) => Event::AskedToEnd,
        }
    }

    /// Whether the process is asked to end before the next look is due.
    fn is_asked_before(&self, due: Uptime) -> bool {
        while self.clock.now().uptime < due {
            if matches!(self.select(due), Event::AskedToEnd) {
                return true;
            }
        }
        false
    }

    /// One look, from light to finding. The light is off when this returns.
    fn look(&mut self) -> Outcome {
        let shine = match self.lamp.shine() {
            Ok(shine) => shine,
            Err(error) => {
                tracing::error!(%error, "light cannot be switched on");
                return Outcome::Counted(Finding::Technical(Fault::LightDown));
            }
        };
        let outcome = self.frames();
        let switched = shine.end();
        // A thread that hangs does not take it, and closes nothing.
        self.orders.try_send(Order::Close(None)).ok();
        match (outcome, switched) {
            (Outcome::Counted(_), Err(error)) => {
                tracing::error!(%error, "light cannot be switched off");
                Outcome::Counted(Finding::Technical(Fault::LightDown))
            }
            (outcome, _) => outcome,
        }
    }

    /// The frames of one look.
    fn frames(&self) -> Outcome {
        let now = self.clock.now();
        let mut look = Look::begin(now.uptime, self.pacing);
        let mut presence = Presence::new(self.pacing.frames());
        self.order(Order::Open(now.timestamp, Beside::Nothing));
        loop {
            let event = self.select(look.next_timeout());
            let now = self.clock.now().uptime;
            let step = match event {
                Event::AskedToEnd => return Outcome::Asked,
                Event::Tick => look.handle_timeout(now),
                Event::Seen(Answer::Opened(Ok(()))) => look.handle_opened(now),
                Event::Seen(Answer::Opened(Err(fault))) => {
                    return Outcome::Counted(Finding::Technical(fault));
                }
                // Each following look says so itself.
                Event::Seen(Answer::Lost) => continue,
                Event::Seen(Answer::Frame(frame, _)) => {
                    match frame {
                        Ok(observation) => presence.handle_frame(observation),
                        Err(fault) => presence.handle_loss(fault),
                    }
                    look.handle_frame(now)
                }
                // None is ever ordered here.
                Event::Seen(Answer::Profiled(_)) => Step::Wait,
                #[cfg(feature = "live-view")]
                Event::Seen(Answer::Sealed(_)) => Step::Wait,
            };
            match step {
                Step::Wait => {}
                Step::Capture(rank) => {
                    self.order(Order::Frame(Arc::clone(&self.places), rank));
                }
                Step::Conclude(Ending::Whole) => {
                    return Outcome::Counted(presence.conclude().finding);
                }
                Step::Conclude(Ending::TooSlow) => {
                    return Outcome::Counted(Finding::Technical(Fault::TooSlow));
                }
                Step::Conclude(Ending::Hung) => return Outcome::Hung,
            }
        }
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            // Never answered, so the look's cut-off ends it.
            tracing::error!("camera thread takes no orders");
        }
    }
}
