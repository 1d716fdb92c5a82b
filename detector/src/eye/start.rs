//! Opens everything the eye needs, shuts it in, and starts the threads that wait for it.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use nattsyn_clock::{Clock, ClockError, Following};
use nattsyn_models::Model;
use nattsyn_protocol::demonstration;
use rustix::process::{Signal, set_parent_process_death_signal};
use tokio::signal::unix::{SignalKind, signal};

use super::commissioning::Tryout;
use super::counting::Counting;
use super::remembering::{boot_id, open_memory, opening};
use super::seeing::{self, Order};
use super::signing::Signer;
use super::trust::ClockSigns;
use super::viewing::Live;
use super::{EVENTS_MAX, Event, Eye, Voucher, Written};
use crate::camera::{FrameSource, ReplayCamera, StagedCamera};
use crate::config::eye::{EyeConfig, HandConfig, LightConfig, SourceConfig, ViewLampConfig};
use crate::guard::Guard;
use crate::light::{Lamp, Light, LightError, RecordedLight, SimulatedLight};
use crate::pair::LastLook;
use crate::pair_socket::{PairEnd, PairError, ReceiveError};
use crate::panel::{self, FileButton, FileSwitch, Panel, Position};
use crate::profile::Profile;
use crate::shut_in::{self, ShutError, Walls};
use crate::watchdog::Watchdog;

/// Stands in a report where no model could be loaded.
const NO_MODEL: &str = "00000000";

/// Hexadecimal digits of the model's checksum that a report carries.
pub(crate) const MODEL_DIGITS: usize = 8;

/// Why the eye does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The demonstration's clock cannot be followed.
    #[error("following the clock")]
    Clock(#[from] ClockError),
    /// The pair cannot be used by two threads.
    #[error("opening the pair")]
    Pair(#[from] PairError),
    /// The lamp's pin cannot be had.
    #[error("opening the light")]
    Light(#[from] LightError),
    /// The privacy switch or the approval button cannot be had.
    #[error("opening the {0}")]
    Panel(&'static str, #[source] std::io::Error),
    /// The kernel has no random bytes yet.
    #[error("drawing random bytes")]
    Random(#[source] getrandom::Error),
    /// The process cannot be told about signals.
    #[error("listening for signals")]
    Signals(#[source] std::io::Error),
    /// The eye would outlive whoever started it.
    #[error("tying the eye to its parent")]
    Parent(#[source] rustix::io::Errno),
    /// It is not shut in as it must be.
    #[error("shutting the eye in")]
    NotShutIn(#[from] ShutError),
    /// The configuration asks for what only a build for the unit's hardware has.
    #[error("{0} needs a build with feature `pi`")]
    NotInThisBuild(&'static str),
}

/// Opens the eye that a configuration describes, and shuts it in.
///
/// The order is the point. First everything is opened, and nothing is started; then the walls
/// that threads inherit; then the threads; then the last wall, around all of them. What is
/// returned can open nothing any more. A model that cannot be loaded does not keep the eye from
/// starting: it says so in every look, which is heard sooner than a process that is not there.
///
/// # Errors
///
/// What could not be opened, or which wall is missing.
pub fn open(config: EyeConfig, pair: PairEnd) -> Result<Eye, StartError> {
    let (clock, following) = join_clock(&config)?;
    let (events, heard) = sync_channel(EVENTS_MAX);
    let lamp = Lamp::new(open_light(&config.light)?);
    let view_lamp = open_view_lamp(&config.view_lamp)?;
    let mut panel = open_panel(&config)?;
    let source = open_source(config.source)?;
    let requests = source.requests();
    let last_look = health(source.as_ref());
    let mut drawn = [0; 8];
    getrandom::fill(&mut drawn).map_err(StartError::Random)?;
    let (memory, found) = open_memory(&config.memory);
    let counts = open_memory(&config.counts);
    let (tryout, profile) = Tryout::resume(open_memory(&config.profile));
    let opening = opening(clock.now().uptime);
    let guard = Guard::resume(config.unit, config.root, found, opening);
    let boot = boot_id(u64::from_be_bytes(drawn), guard.runs());
    let voucher = if config.root == demonstration::root() {
        Voucher::Demonstration
    } else {
        Voucher::Machine(ClockSigns::open())
    };
    let (model, digits) = load_model();
    let counting = Counting::resume(counts, model.is_some().then_some(&digits));
    let signals = Signals::open()?;
    let watchdog = Watchdog::from_environment();
    let heard_pair = pair.try_clone()?;

    let switch = panel.position();
    let begun = shut_in::begin(&Walls::of_eye(config.without))?;
    set_parent_process_death_signal(Some(Signal::TERM)).map_err(StartError::Parent)?;

    if let Some(following) = following {
        following.start();
    }
    watch(panel, switch, events.clone());
    let (walls_stand, gate) = sync_channel(0);
    listen(heard_pair, events.clone(), gate);
    let asked = events.clone();
    signals.listen(move || drop(asked.send(Event::AskedToEnd)));
    let ticks = events.clone();
    // A full queue wakes the loop by itself.
    clock.on_change(move || drop(ticks.try_send(Event::Tick)));
    let tell = move |answer| events.send(Event::Seen(answer)).map_err(drop);
    let every = config.pacing.judged_every();
    let orders = model.map(|model| seeing::start(source, model, every, tell));
    hold_profile(orders.as_ref(), profile);

    begun.finish(&shut_in::eyes_calls(&requests))?;
    drop(walls_stand);
    Ok(Eye {
        next_alive: clock.now().uptime.after(super::ALIVE_EVERY),
        clock,
        voucher,
        pair,
        lamp,
        orders,
        events: heard,
        written: memory.as_ref().map_or(Written::No, |_| Written::Yes),
        guard,
        memory,
        counting,
        tryout,
        signer: Signer::new(config.unit, config.key.0, boot, digits),
        pacing: config.pacing,
        looking: None,
        waiting: std::collections::VecDeque::new(),
        released: None,
        last_look,
        findings: std::collections::VecDeque::new(),
        switch,
        capability: None,
        live: Live::new(config.unit, boot, view_lamp.map(Lamp::new)),
        watchdog,
    })
}

/// Has looks compared with the profile that was kept.
pub(super) fn hold_profile(orders: Option<&SyncSender<Order>>, profile: Option<Box<Profile>>) {
    if let (Some(orders), Some(_)) = (orders, &profile) {
        // The very first order: there is room.
        orders.try_send(Order::Hold(profile)).ok();
    }
}

/// What is said of the camera before the first look: one that is lost is heard of by day.
fn health(source: &dyn FrameSource) -> LastLook {
    if source.is_lost() {
        LastLook::Faulty
    } else {
        LastLook::Fit
    }
}

/// The machine's clock, or a demonstration's, which is not listened to yet.
fn join_clock(config: &EyeConfig) -> Result<(Clock, Option<Following>), StartError> {
    let Some(socket) = &config.clock else {
        return Ok((Clock::machine(), None));
    };
    let (clock, following) = Clock::join(socket, &format!("eye {}", config.unit))?;
    Ok((clock, Some(following)))
}

/// The model, and what reports call it.
fn load_model() -> (Option<Model>, String) {
    match Model::load() {
        Ok(model) => {
            let digits = model.manifest().sha256.chars().take(MODEL_DIGITS).collect();
            (Some(model), digits)
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "no model");
            (None, NO_MODEL.to_owned())
        }
    }
}

/// Takes what the source needs of the system. That it is not there is said at each look.
pub(crate) fn open_source(source: SourceConfig) -> Result<Box<dyn FrameSource>, StartError> {
    match source {
        SourceConfig::Staged { file } => Ok(Box::new(StagedCamera::new(&file))),
        SourceConfig::Pictures { folder } => Ok(Box::new(ReplayCamera::new(&folder))),
        SourceConfig::V4l2 {
            device,
            exposure,
            gain,
        } => open_camera(&device, (exposure, gain)),
    }
}

#[cfg(feature = "pi")]
fn open_camera(
    device: &Path,
    (exposure, gain): (Option<u32>, Option<u32>),
) -> Result<Box<dyn FrameSource>, StartError> {
    let exposing = crate::camera::Exposing { exposure, gain };
    Ok(Box::new(crate::camera::V4l2Camera::new(device, exposing)))
}

#[cfg(not(feature = "pi"))]
fn open_camera(
    _device: &Path,
    _exposing: (Option<u32>, Option<u32>),
) -> Result<Box<dyn FrameSource>, StartError> {
    Err(StartError::NotInThisBuild("source of kind v4l2"))
}

/// Takes the lamp; it is off.
pub(crate) fn open_light(light: &LightConfig) -> Result<Box<dyn Light>, StartError> {
    match light {
        LightConfig::Simulated => Ok(Box::new(SimulatedLight)),
        LightConfig::Gpio { pin } => open_pin(*pin),
    }
}

#[cfg(feature = "pi")]
fn open_pin(pin: u8) -> Result<Box<dyn Light>, StartError> {
    Ok(Box::new(crate::light::GpioLight::open(pin)?))
}

#[cfg(not(feature = "pi"))]
fn open_pin(_pin: u8) -> Result<Box<dyn Light>, StartError> {
    Err(StartError::NotInThisBuild("light of kind gpio"))
}

/// Watches switch and button on a thread of its own.
fn watch(panel: Panel, known: Position, events: SyncSender<Event>) {
    let tell = move |touch| events.send(Event::Touched(touch)).map_err(drop);
    panel::watch(panel, known, tell);
}

/// Takes the lamp of a live view, if there is one; it is off.
fn open_view_lamp(lamp: &ViewLampConfig) -> Result<Option<Box<dyn Light>>, StartError> {
    Ok(match lamp {
        ViewLampConfig::None => None,
        ViewLampConfig::Gpio { pin } => Some(open_pin(*pin)?),
        ViewLampConfig::Recorded { file } => Some(Box::new(RecordedLight::open(file)?)),
    })
}

/// Takes the switch and the button, as far as they are fitted.
fn open_panel(config: &EyeConfig) -> Result<Panel, StartError> {
    let mut panel = Panel::default();
    let lost = |what| move |source| StartError::Panel(what, source);
    match &config.switch {
        HandConfig::None => {}
        HandConfig::Gpio { pin } => panel.switch = Some(open_switch_pin(*pin)?),
        HandConfig::File { file } => {
            let switch = FileSwitch::open(file).map_err(lost("privacy switch"))?;
            panel.switch = Some(Box::new(switch));
        }
    }
    match &config.button {
        HandConfig::None => {}
        HandConfig::Gpio { pin } => panel.button = Some(open_button_pin(*pin)?),
        HandConfig::File { file } => {
            let button = FileButton::open(file).map_err(lost("approval button"))?;
            panel.button = Some(Box::new(button));
        }
    }
    Ok(panel)
}

#[cfg(feature = "pi")]
fn open_switch_pin(pin: u8) -> Result<Box<dyn panel::PrivacySwitch>, StartError> {
    let opened = panel::GpioSwitch::open(pin);
    Ok(Box::new(opened.map_err(|source| {
        StartError::Panel("privacy switch", source)
    })?))
}

#[cfg(not(feature = "pi"))]
fn open_switch_pin(_pin: u8) -> Result<Box<dyn panel::PrivacySwitch>, StartError> {
    Err(StartError::NotInThisBuild("switch of kind gpio"))
}

#[cfg(feature = "pi")]
fn open_button_pin(pin: u8) -> Result<Box<dyn panel::ApprovalButton>, StartError> {
    let opened = panel::GpioButton::open(pin);
    Ok(Box::new(opened.map_err(|source| {
        StartError::Panel("approval button", source)
    })?))
}

#[cfg(not(feature = "pi"))]
fn open_button_pin(_pin: u8) -> Result<Box<dyn panel::ApprovalButton>, StartError> {
    Err(StartError::NotInThisBuild("button of kind gpio"))
}

/// Reads the pair on a thread of its own, and nothing of it before the gate's other end is
/// dropped: what a hostile voice may have sent is looked at behind all walls.
fn listen(pair: PairEnd, events: SyncSender<Event>, gate: Receiver<()>) {
    std::thread::spawn(move || {
        gate.recv().ok();
        loop {
            let event = match pair.receive() {
                Ok(told) => Event::Told(told),
                Err(ReceiveError::Closed | ReceiveError::System(_)) => Event::PairClosed,
                Err(error @ (ReceiveError::TooLarge(_) | ReceiveError::Unreadable(_))) => {
                    tracing::warn!(%error, "message from the voice dropped");
                    continue;
                }
            };
            let was_last = matches!(event, Event::PairClosed);
            if events.send(event).is_err() || was_last {
                return;
            }
        }
    });
}

/// SIGTERM and SIGINT: a process that just died would leave the light on.
struct Signals {
    runtime: tokio::runtime::Runtime,
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// From here on neither ends the process by itself.
    fn open() -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(StartError::Signals)?;
        let listening = runtime.enter();
        let terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
        let interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
        drop(listening);
        Ok(Self {
            runtime,
            terminate,
            interrupt,
        })
    }

    /// Waits for either on a thread of its own.
    fn listen(mut self, asked: impl FnOnce() + Send + 'static) {
        std::thread::spawn(move || {
            self.runtime.block_on(async {
                tokio::select! {
                    _asked = self.terminate.recv() => {}
                    _asked = self.interrupt.recv() => {}
                }
            });
            asked();
        });
    }
}

/// Turns SIGTERM and SIGINT into an event.
pub(crate) fn await_signals(asked: impl FnOnce() + Send + 'static) -> Result<(), StartError> {
    Signals::open()?.listen(asked);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::gone::Gone;

    #[test]
    fn a_camera_that_is_lost_is_a_fault_before_anybody_looks() {
        assert_eq!(health(&Gone), LastLook::Faulty);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(health(&ReplayCamera::new(folder.path())), LastLook::Fit);
    }
}
