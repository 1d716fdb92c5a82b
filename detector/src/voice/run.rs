//! The voice's loop: the only place in it that waits.
//!
//! One thread reads the pair and hands each word over; everything else happens in one task.
//! [`select`] names what happened, [`Voice::apply`] acts on it. Heartbeats are said and the
//! watchdog is told where this loop turns and nowhere else: a voice that hangs is silent to the
//! hub at once, and is started anew.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use nattsyn_clock::{Clock, ClockError, Hold};
use nattsyn_protocol::time::Uptime;

use super::names::{self, Prepared, Reach};
use super::{Event, Haste, Voice};
use crate::config::voice::VoiceConfig;
use crate::disk::Folder;
use crate::pair::{FROM_EYE_MAX, FromEye};
use crate::pair_socket::{PairEnd, PairError, ReceiveError};
use crate::shut_in::{self, ShutError, Walls};
use crate::uplink::{LinkEvent, MqttUplink, UplinkError};
use crate::watchdog::Watchdog;

/// Words from the eye that may wait. At the bound the reading thread waits, and then the pair's
/// own queue fills, and then the eye is told so.
const WORDS_MAX: usize = 16;

/// Why the voice ends.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// Standard input is no pair.
    #[error("taking the pair from standard input")]
    Pair(#[from] PairError),
    /// The state's folder cannot be made.
    #[error("opening the folder {}", path.display())]
    State {
        /// The folder.
        path: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The certificates cannot be used.
    #[error("preparing the link to the broker")]
    Uplink(#[from] UplinkError),
    /// The demonstration's clock cannot be followed.
    #[error("following the clock")]
    Clock(#[from] ClockError),
    /// The system gives no random numbers, signals or threads.
    #[error("asking the system for {what}")]
    System {
        /// For what.
        what: &'static str,
        /// What it says.
        source: std::io::Error,
    },
    /// It is not shut in as it must be.
    #[error("shutting the voice in")]
    NotShutIn(#[from] ShutError),
    /// No link in a long time, and something was missing when the walls were put up: another
    /// voice gets other walls.
    #[error("no link to the broker, and the walls were put up with something missing")]
    WalledOff,
    /// Supervisor and eye are gone.
    #[error("the eye and the supervisor are gone")]
    Alone,
}

/// Runs until the supervisor says stop. Standard input is this side's end of the pair, and
/// `other_end` where the eye receives, if that is another socket.
///
/// # Errors
///
/// Something needed at the start is missing, or the supervisor is gone.
pub fn run(config: &VoiceConfig, other_end: Option<&Path>) -> Result<(), VoiceError> {
    let system = |what| move |source| VoiceError::System { what, source };
    let (clock, following) = match &config.demonstration {
        Some(demonstration) => {
            tracing::warn!("demonstration: time is not real");
            let name = format!("voice {}", config.unit);
            let (clock, following) = Clock::join(&demonstration.clock, &name)?;
            (clock, Some(following))
        }
        None => (Clock::machine(), None),
    };
    let pair = PairEnd::from_stdin(other_end)?;
    let watchdog = Watchdog::from_environment();
    let disk = Folder::open(config.state.clone()).map_err(|source| VoiceError::State {
        path: config.state.clone(),
        source,
    })?;
    names::prepare();
    let walls = walls(config);
    let reach = Reach::new(clock.real_now(), Prepared::look(&walls.readable));
    // No thread has been started yet: all that are get these walls with their beginning.
    let begun = shut_in::begin(&walls)?;
    if let Some(following) = following {
        following.start();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(system("a runtime"))?;
    runtime.block_on(async {
        let seed = getrandom::u64().map_err(|error| VoiceError::System {
            what: "a random number",
            source: error.into(),
        })?;
        let (uplink, link) = MqttUplink::start(config.unit, &config.broker, clock.clone(), seed)?;
        let heard = Heard {
            eye: listen(pair.try_clone()?).map_err(system("a thread"))?,
            link,
            stop: signal(SignalKind::terminate()).map_err(system("SIGTERM"))?,
            interrupt: signal(SignalKind::interrupt()).map_err(system("SIGINT"))?,
        };
        begun.finish(&shut_in::voices_calls())?;
        let voice = Voice::resume(clock.now(), config.unit, disk, uplink, pair);
        tracing::info!(unit = %config.unit, "voice started");
        turn(clock, voice, heard, (watchdog, reach)).await
    })
}

/// Port of the name servers, for answers too long for a datagram.
const NAMES_PORT: u16 = 53;

/// What the voice may still do by name: its own folder, its certificates, the broker, and
/// finding out where that is. No device is among it.
fn walls(config: &VoiceConfig) -> Walls {
    let broker = &config.broker;
    // Names are resolved as /etc says, which some machines only link to a folder of a service.
    let mut readable: Vec<PathBuf> = names::READABLE.map(PathBuf::from).into();
    readable.extend([&broker.ca, &broker.certificate, &broker.key].map(Clone::clone));
    Walls::of_voice(
        readable,
        vec![config.state.clone()],
        vec![broker.port, NAMES_PORT],
    )
}

/// What the loop waits for besides time.
struct Heard {
    eye: Receiver<Result<FromEye, ReceiveError>>,
    link: Receiver<LinkEvent>,
    stop: Signal,
    interrupt: Signal,
}

/// What [`select`] names.
enum Happening {
    To(Event),
    Unreadable(ReceiveError),
    Alone,
    Stop,
}

async fn turn(
    clock: Clock,
    mut voice: Voice<Folder, MqttUplink, PairEnd>,
    mut heard: Heard,
    (mut watchdog, mut reach): (Watchdog, Reach),
) -> Result<(), VoiceError> {
    let mut hold: Option<Hold> = None;
    let mut happening = Happening::To(Event::Time);
    loop {
        watchdog.pat(clock.real_now());
        let now = clock.now();
        if let Happening::To(Event::Link(event)) = &happening {
            reach.handle_link(event);
        }
        if reach.doubt_at().is_some_and(|at| at <= clock.real_now()) {
            return Err(VoiceError::WalledOff);
        }
        match happening {
            Happening::To(event) => voice.apply(now, clock.real_now(), event),
            Happening::Unreadable(error) => voice.drop_unreadable("word from the eye", &error),
            Happening::Alone => return Err(VoiceError::Alone),
            Happening::Stop => return Ok(()),
        }
        let next = voice.next_timeout(now);
        hold = match voice.haste(now) {
            Haste::Hold => hold.or_else(|| Some(clock.hold(nattsyn_clock::pace::FASTEST))),
            Haste::Free => None,
        };
        clock.settle(now, Some(next));
        let awake = watchdog
            .every()
            .map(|every| clock.real_now().saturating_add(every));
        let resend = voice.next_resend();
        let others = resend.into_iter().chain(reach.doubt_at());
        let real = awake.into_iter().chain(others).min();
        happening = select(&clock, &mut heard, next, real).await;
    }
}

async fn select(
    clock: &Clock,
    heard: &mut Heard,
    next: Uptime,
    real: Option<Duration>,
) -> Happening {
    let real_due = async {
        match real {
            Some(at) => tokio::time::sleep(at.saturating_sub(clock.real_now())).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        word = heard.eye.recv() => match word {
            Some(Ok(word)) => Happening::To(Event::Eye(word)),
            Some(Err(error)) => Happening::Unreadable(error),
            None => Happening::Alone,
        },
        Some(event) = heard.link.recv() => Happening::To(Event::Link(event)),
        () = clock.wait_until(Some(next)) => Happening::To(Event::Time),
        () = real_due => Happening::To(Event::Time),
        _ = heard.stop.recv() => Happening::Stop,
        _ = heard.interrupt.recv() => Happening::Stop,
    }
}

/// Reads the pair for as long as anybody holds its other end.
fn listen(pair: PairEnd) -> std::io::Result<Receiver<Result<FromEye, ReceiveError>>> {
    let (words, heard) = channel(WORDS_MAX);
    std::thread::Builder::new()
        .name("pair".to_owned())
        .spawn(move || read_words(&pair, &words))?;
    Ok(heard)
}

fn read_words(pair: &PairEnd, words: &Sender<Result<FromEye, ReceiveError>>) {
    loop {
        let word = match pair.receive_within(FROM_EYE_MAX) {
            Ok(word) => Ok(word),
            Err(error @ (ReceiveError::TooLarge(_) | ReceiveError::Unreadable(_))) => Err(error),
            Err(error @ (ReceiveError::Closed | ReceiveError::System(_))) => {
                tracing::error!(%error, "nothing more will come from the eye");
                return;
            }
        };
        if words.blocking_send(word).is_err() {
            return;
        }
    }
}
