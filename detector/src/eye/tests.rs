//! The eye around cameras and lamps that fail, with moments given by hand.
//!
//! Real are the model, the camera's thread, the pair and the signatures; only the clock's
//! moments, the camera and the lamp are stand-ins. What the whole program does is tested from
//! outside, in `tests/eye.rs`.

mod commissioning;
mod counting;
#[cfg(feature = "live-view")]
mod viewing;

use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

use ed25519_dalek::SigningKey;
use nattsyn_models::{Frame, Model};
use nattsyn_protocol::ids::{BootId, WindowKey};
use nattsyn_protocol::plan::{Plan, Window};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::{Endorsement, PublicKey, Signed};
use nattsyn_protocol::time::Timestamp;
use nattsyn_scenes::{Lens, Occupant, Radiance, Room, Sensor};
use rustix::net::{RecvFlags, recv};

use super::*;
use crate::camera::{CameraError, FrameSource, Shot};
use crate::light::{Light, LightError};
use crate::memory::{Found, SimulatedSlots, Slot, SlotHealth, Slots};
use crate::presence::Sequence;

/// What the camera does when a frame is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behaviour {
    /// Gives a room with an empty bed, with fresh noise.
    Works,
    /// Gives a room with the person standing beside the bed, with fresh noise.
    Puzzles,
    /// Gives the same frame of it again and again, under new numbers.
    Freezes,
    /// Panics.
    Panics,
    /// Does not come back while the test lasts.
    Hangs,
    /// Does not even open.
    Refuses,
}

struct Stand {
    behaviour: Behaviour,
    frames: u64,
    /// Rendered once.
    radiance: Option<Radiance>,
    /// Held by the test: a camera that hangs waits for it.
    end: Arc<Mutex<()>>,
}

impl FrameSource for Stand {
    fn open(&mut self, _now: Timestamp) -> Result<(), CameraError> {
        match self.behaviour {
            Behaviour::Refuses => Err(CameraError::Closed),
            Behaviour::Works
            | Behaviour::Puzzles
            | Behaviour::Freezes
            | Behaviour::Panics
            | Behaviour::Hangs => Ok(()),
        }
    }

    fn next_frame(&mut self) -> Result<Shot, CameraError> {
        self.frames += 1;
        let seed = match self.behaviour {
            Behaviour::Works | Behaviour::Puzzles => self.frames,
            Behaviour::Freezes => 0,
            Behaviour::Panics => panic!("the driver is broken"),
            Behaviour::Hangs => {
                drop(self.end.lock());
                return Err(CameraError::Closed);
            }
            Behaviour::Refuses => return Err(CameraError::Closed),
        };
        let (of, pose, occupant) = match self.behaviour {
            Behaviour::Puzzles => (6, 1, Occupant::Standing),
            Behaviour::Works
            | Behaviour::Freezes
            | Behaviour::Panics
            | Behaviour::Hangs
            | Behaviour::Refuses => (3, 0, Occupant::Nobody),
        };
        let radiance = self.radiance.get_or_insert_with(|| {
            let room = Room::from_seed(of).render(occupant, pose, Lens::Clear);
            room.radiance
        });
        let picture = Sensor::from_seed(of).expose(radiance, seed);
        Ok(Shot {
            frame: Frame::from_luma8(320, 240, picture.luma)?,
            sequence: Sequence(self.frames),
        })
    }

    fn close(&mut self) {}
}

/// Writes down how it is switched, and whether the voice had heard anything before.
struct Bulb {
    switched: SyncSender<(&'static str, Heard)>,
    voice: PairEnd,
    works: Result<(), ()>,
}

/// Whether something waits to be read on the voice's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Nothing,
    Something,
}

impl Bulb {
    fn note(&self, what: &'static str) {
        let mut byte = [0];
        let waiting = recv(
            &self.voice,
            &mut byte[..],
            RecvFlags::PEEK | RecvFlags::DONTWAIT,
        );
        let heard = match waiting {
            Ok(_) => Heard::Something,
            Err(_) => Heard::Nothing,
        };
        // A test that has ended does not care any more.
        self.switched.send((what, heard)).ok();
    }
}

impl Light for Bulb {
    fn on(&mut self) -> Result<(), LightError> {
        self.note("on");
        self.works.map_err(|()| LightError::Pin {
            pin: 18,
            source: std::io::ErrorKind::PermissionDenied.into(),
        })
    }

    fn off(&mut self) -> Result<(), LightError> {
        self.note("off");
        Ok(())
    }
}

/// An eye, the voice's end of its pair, and what its lamp did.
struct Rig {
    eye: Eye,
    voice: PairEnd,
    switched: Receiver<(&'static str, Heard)>,
    now: Now,
    end: Arc<Mutex<()>>,
}

const ROOT: [u8; 32] = [1; 32];
const HUB: [u8; 32] = [2; 32];
const EYE: [u8; 32] = [3; 32];

fn key(seed: [u8; 32]) -> SigningKey {
    SigningKey::from_bytes(&seed)
}

fn message() -> PlanMessage {
    let (from, to) = ("23:00".parse().unwrap(), "23:45".parse().unwrap());
    let plan = Plan {
        version: 4,
        looks_after_s: vec![0, 120, 300],
        windows: vec![Window::nightly(WindowKey(1), from, to)],
        ..Plan::bare("r0000001".parse().unwrap(), "u0000001".parse().unwrap())
    };
    let endorsement = Endorsement {
        key: PublicKey::of(&key(HUB)),
        epoch: 1,
    };
    PlanMessage {
        plan: Signed::seal(&plan, &key(HUB)),
        endorsement: Signed::seal(&endorsement, &key(ROOT)),
    }
}

fn check() -> CheckId {
    "r0000001.20261121.1".parse().unwrap()
}

impl Rig {
    /// An eye that holds a plan whose window has just opened.
    fn new(behaviour: Behaviour, lamp_works: Result<(), ()>) -> Self {
        let (pair, voice) = PairEnd::pair().unwrap();
        // Far more lines than any test's lamp writes.
        let (switches, switched) = sync_channel(64);
        let lamp = Lamp::new(Box::new(Bulb {
            switched: switches,
            voice: voice.try_clone().unwrap(),
            works: lamp_works,
        }));
        let end = Arc::new(Mutex::new(()));
        let source = Box::new(Stand {
            behaviour,
            frames: 0,
            radiance: None,
            end: Arc::clone(&end),
        });
        let (events, heard) = sync_channel(EVENTS_MAX);
        let tell = move |answer| events.send(Event::Seen(answer)).map_err(drop);
        let unit = "u0000001".parse().unwrap();
        let now = Now {
            uptime: Uptime(Duration::from_secs(1000)),
            timestamp: Timestamp("2026-11-21T22:00:00Z".parse().unwrap()),
            epoch: 0,
        };
        let mut eye = Eye {
            clock: Clock::machine(),
            voucher: Voucher::Demonstration,
            pair,
            lamp,
            orders: Some(seeing::start(source, Model::load().unwrap(), 1, tell)),
            events: heard,
            guard: Guard::new(unit, PublicKey::of(&key(ROOT))),
            memory: Some(EyeMemory::open(Box::new(SimulatedSlots::default())).0),
            written: Written::Yes,
            counting: Counting::resume((None, Found::Nothing), None),
            tryout: Tryout::resume((None, Found::Nothing)).0,
            signer: Signer::new(unit, key(EYE), BootId(9), "01234567".to_owned()),
            pacing: Pacing::new(3, Duration::from_secs(2), Duration::from_secs(1)).unwrap(),
            looking: None,
            waiting: VecDeque::new(),
            released: None,
            last_look: LastLook::Fit,
            findings: VecDeque::new(),
            switch: Position::On,
            capability: None,
            live: Live::new(unit, BootId(9), None),
            next_alive: now.uptime.after(ALIVE_EVERY),
            watchdog: Watchdog::default(),
        };
        eye.say_capability(now);
        let capable = voice.receive::<FromEye>().unwrap();
        assert!(matches!(capable, FromEye::Capable(_)));
        assert!(
            eye.apply(now, Event::Told(ToEye::Plan(message())))
                .is_continue()
        );
        let held = voice.receive::<FromEye>().unwrap();
        assert!(matches!(held, FromEye::Holding(plans) if plans[0].version == 4));
        Self {
            eye,
            voice,
            switched,
            now,
            end,
        }
    }

    fn ask(&mut self, look: u8) -> ControlFlow<End> {
        let asked = ToEye::Look {
            check: check(),
            look,
        };
        self.eye.apply(self.now, Event::Told(asked))
    }

    /// Lets the eye work until no look is being made, in as little real time as possible.
    fn work(&mut self) -> ControlFlow<End> {
        while let Some(looking) = &self.eye.looking {
            let at_work = looking.hold.is_some();
            if at_work {
                // Far longer than a frame takes in a debug build.
                let answer = self
                    .eye
                    .events
                    .recv_timeout(Duration::from_secs(60))
                    .unwrap();
                self.eye.apply(self.now, answer)?;
            } else {
                self.pass(looking.look.next_timeout().since(self.now.uptime))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn pass(&mut self, time: Duration) -> ControlFlow<End> {
        self.now.uptime = self.now.uptime.after(time);
        self.now.timestamp = self.now.timestamp.after(time);
        self.eye.apply(self.now, Event::Tick)
    }

    /// The next report that the voice hears, verified.
    fn report(&self) -> Report {
        loop {
            match self.voice.receive::<FromEye>().unwrap() {
                FromEye::Report(signed) => {
                    return signed.open(&PublicKey::of(&key(EYE))).unwrap();
                }
                FromEye::Alive { .. } | FromEye::Capable(_) | FromEye::Counts(_) => {}
                #[cfg(feature = "live-view")]
                FromEye::Frame(_) => panic!("a frame"),
                other @ (FromEye::Started { .. }
                | FromEye::Holding(_)
                | FromEye::Live(_)
                | FromEye::Commission(_)
                | FromEye::Refused { .. }) => panic!("{other:?}"),
            }
        }
    }

    fn switched(&self) -> Vec<&'static str> {
        self.switched.try_iter().map(|(what, _)| what).collect()
    }
}

/// What one look concludes with this camera, and how the lamp was switched.
fn one_look(behaviour: Behaviour) -> (Finding, Vec<&'static str>) {
    let mut rig = Rig::new(behaviour, Ok(()));
    assert!(rig.ask(1).is_continue());
    assert!(rig.work().is_continue());
    (rig.report().finding, rig.switched())
}

#[test]
fn a_look_says_what_it_was_for_and_who_says_so() {
    let mut rig = Rig::new(Behaviour::Works, Ok(()));
    assert!(rig.ask(2).is_continue());
    assert!(rig.work().is_continue());
    let report = rig.report();
    assert!(
        !matches!(report.finding, Finding::Technical(_)),
        "{report:?}"
    );
    assert_eq!((report.check, report.look, report.plan), (check(), 2, 4));
    assert_eq!((report.boot, report.counter), (BootId(9), 1));
    assert_eq!(report.at_ms, rig.now.timestamp);
    assert!(rig.ask(3).is_continue());
    assert!(rig.work().is_continue());
    let next = rig.report();
    assert_eq!(next.counter, 2);
    assert_ne!(next.nonce, report.nonce);
}

#[test]
fn the_light_is_off_before_the_finding_is_sent() {
    let mut rig = Rig::new(Behaviour::Works, Ok(()));
    assert!(rig.ask(1).is_continue());
    assert!(rig.work().is_continue());
    let switched: Vec<_> = rig.switched.try_iter().collect();
    assert_eq!(switched, [("on", Heard::Nothing), ("off", Heard::Nothing)]);
    rig.report();
}

#[test]
fn a_broken_camera_is_technical_and_the_light_goes_off() {
    for behaviour in [Behaviour::Panics, Behaviour::Refuses] {
        let (finding, switched) = one_look(behaviour);
        let expected = Finding::Technical(Fault::CameraDown);
        assert_eq!(finding, expected, "{behaviour:?}");
        assert_eq!(switched, ["on", "off"], "{behaviour:?}");
    }
}

#[test]
fn somebody_beside_the_bed_is_unclear() {
    let (finding, switched) = one_look(Behaviour::Puzzles);
    assert!(matches!(finding, Finding::Unclear(_)), "{finding:?}");
    assert_eq!(switched, ["on", "off"]);
}

#[test]
fn a_camera_that_repeats_one_frame_is_frozen_not_empty() {
    let (finding, _) = one_look(Behaviour::Freezes);
    assert_eq!(finding, Finding::Technical(Fault::Frozen));
}

#[test]
fn a_camera_that_hangs_is_cut_off_and_the_eye_ends() {
    let mut rig = Rig::new(Behaviour::Hangs, Ok(()));
    let end = Arc::clone(&rig.end);
    let hanging = end.lock().unwrap();
    assert!(rig.ask(1).is_continue());
    assert!(rig.ask(2).is_continue());
    let opened = rig.eye.events.recv().unwrap();
    assert!(rig.eye.apply(rig.now, opened).is_continue());
    assert!(rig.pass(Duration::from_secs(1)).is_continue());
    assert!(rig.pass(Duration::from_millis(27_999)).is_continue());
    assert_eq!(rig.switched(), ["on"]);
    assert_eq!(
        rig.pass(Duration::from_millis(1)),
        ControlFlow::Break(End::Hung)
    );
    assert_eq!(rig.switched(), ["off"]);
    // The one that waited goes with a word too.
    for look in [1, 2] {
        let report = rig.report();
        assert_eq!(report.look, look);
        assert_eq!(report.finding, Finding::Technical(Fault::TooSlow));
    }
    drop(hanging);
}

#[test]
fn a_lamp_that_does_not_light_is_said_so_and_told_to_be_off() {
    let mut rig = Rig::new(Behaviour::Works, Err(()));
    assert!(rig.ask(1).is_continue());
    assert_eq!(rig.report().finding, Finding::Technical(Fault::LightDown));
    assert_eq!(rig.switched(), ["on", "off"]);
}

#[test]
fn an_eye_without_a_model_says_so_in_the_dark() {
    let mut rig = Rig::new(Behaviour::Works, Ok(()));
    rig.eye.orders = None;
    assert!(rig.ask(1).is_continue());
    assert_eq!(rig.report().finding, Finding::Technical(Fault::ModelDown));
    assert!(rig.switched().is_empty());
}

#[test]
fn a_switch_that_cannot_be_read_is_technical_and_nothing_is_looked_at() {
    let mut rig = Rig::new(Behaviour::Works, Ok(()));
    let unreadable = Event::Touched(Touch::Switched(Position::Unreadable));
    assert!(rig.eye.apply(rig.now, unreadable).is_continue());
    let alive = rig.voice.receive::<FromEye>().unwrap();
    let last_look = LastLook::Faulty;
    assert_eq!(alive, FromEye::Alive { last_look });
    assert!(rig.ask(1).is_continue());
    assert_eq!(rig.report().finding, Finding::Technical(Fault::CameraDown));
    assert!(rig.switched().is_empty());
}

#[test]
fn with_no_trusted_time_there_is_a_report_and_no_light() {
    let mut rig = Rig::new(Behaviour::Works, Ok(()));
    rig.now.timestamp = Timestamp("2020-01-01T00:00:00Z".parse().unwrap());
    assert!(rig.ask(1).is_continue());
    assert_eq!(
        rig.report().finding,
        Finding::Technical(Fault::ClockUnknown)
    );
    assert!(rig.switched().is_empty());
}

#[test]
fn an_eye_that_ends_in_the_middle_of_a_look_leaves_no_light_on() {
    let mut rig = Rig::new(Behaviour::Works, Ok(()));
    assert!(rig.ask(1).is_continue());
    let asked = rig.eye.apply(rig.now, Event::AskedToEnd);
    assert_eq!(asked, ControlFlow::Break(End::Asked));
    assert_eq!(rig.switched(), ["on"]);
    drop(rig.eye);
    let after: Vec<_> = rig.switched.try_iter().map(|(what, _)| what).collect();
    assert_eq!(after, ["off"]);
}

#[test]
fn looks_wait_for_each_other_and_only_so_many() {
    let mut rig = Rig::new(Behaviour::Refuses, Ok(()));
    for look in 1..=6 {
        assert!(rig.ask(look).is_continue());
    }
    let refused = rig.voice.receive::<FromEye>().unwrap();
    let why = Refusal::TooMany;
    let expected = FromEye::Refused {
        check: check(),
        look: 6,
        why,
    };
    assert_eq!(refused, expected);
    assert!(rig.work().is_continue());
    let looks: Vec<u8> = (0..5).map(|_| rig.report().look).collect();
    assert_eq!(looks, [1, 2, 3, 4, 5]);
}

/// Slots that say when they are written.
struct NotedSlots {
    slots: SimulatedSlots,
    notes: SyncSender<()>,
}

impl Slots for NotedSlots {
    fn read(&mut self, slot: Slot) -> std::io::Result<Vec<u8>> {
        self.slots.read(slot)
    }

    fn write(
        &mut self,
        slot: Slot,
        bytes: &[u8; crate::memory::SLOT_BYTES],
    ) -> std::io::Result<()> {
        self.notes.send(()).unwrap();
        self.slots.write(slot, bytes)
    }
}

#[test]
fn a_look_is_remembered_before_the_light_goes_on() {
    let mut rig = Rig::new(Behaviour::Refuses, Ok(()));
    let (notes, noted) = sync_channel(8);
    let slots = NotedSlots {
        slots: SimulatedSlots::default(),
        notes,
    };
    rig.eye.memory = Some(EyeMemory::open(Box::new(slots)).0);
    rig.eye.written = Written::Yes;
    let moment = rig.eye.moment(rig.now);
    let verdict = rig.eye.guard.admit(moment, check(), 1);
    assert!(matches!(verdict, Verdict::Look(_)));
    assert!(noted.try_recv().is_err());
    rig.eye.write_memory(rig.now);
    assert!(noted.try_recv().is_ok());
    assert!(rig.ask(2).is_continue());
    assert!(
        noted.try_recv().is_ok(),
        "written in the same turn as asked"
    );
}

#[test]
fn an_eye_that_cannot_remember_looks_on_and_says_that_it_is_faulty() {
    let mut rig = Rig::new(Behaviour::Refuses, Ok(()));
    let slots = SimulatedSlots {
        health: SlotHealth::ReadOnly,
        ..SimulatedSlots::default()
    };
    rig.eye.memory = Some(EyeMemory::open(Box::new(slots)).0);
    assert!(rig.ask(1).is_continue());
    assert!(rig.work().is_continue());
    rig.report();
    rig.eye.last_look = LastLook::Fit;
    assert!(
        rig.eye
            .apply(rig.now, Event::Told(ToEye::Ping))
            .is_continue()
    );
    let last_look = LastLook::Faulty;
    assert_eq!(
        rig.voice.receive::<FromEye>().unwrap(),
        FromEye::Alive { last_look }
    );
    // When the disk returns, everything is written.
    rig.eye.memory = Some(EyeMemory::open(Box::new(SimulatedSlots::default())).0);
    assert!(rig.pass(ALIVE_EVERY).is_continue());
    let last_look = LastLook::Fit;
    assert_eq!(
        rig.voice.receive::<FromEye>().unwrap(),
        FromEye::Alive { last_look }
    );
    assert_eq!(rig.eye.written, Written::Yes);
}

#[test]
fn a_voice_that_does_not_read_holds_nothing_up() {
    let mut rig = Rig::new(Behaviour::Refuses, Ok(()));
    for _ in 0..10_000 {
        assert!(
            rig.eye
                .apply(rig.now, Event::Told(ToEye::Ping))
                .is_continue()
        );
    }
    assert!(rig.ask(1).is_continue());
    assert!(rig.work().is_continue());
    assert_eq!(rig.switched(), ["on", "off"]);
}

#[test]
fn the_eye_says_by_itself_that_it_is_there_and_how_it_went() {
    let mut rig = Rig::new(Behaviour::Refuses, Ok(()));
    let hear = |rig: &Rig| rig.voice.receive::<FromEye>().unwrap();
    assert!(rig.pass(ALIVE_EVERY).is_continue());
    let last_look = LastLook::Fit;
    assert_eq!(hear(&rig), FromEye::Alive { last_look });
    assert!(rig.ask(1).is_continue());
    assert!(rig.work().is_continue());
    rig.report();
    assert!(
        rig.eye
            .apply(rig.now, Event::Told(ToEye::Ping))
            .is_continue()
    );
    let last_look = LastLook::Faulty;
    assert_eq!(hear(&rig), FromEye::Alive { last_look });
}

#[test]
fn an_eye_whose_camera_is_lost_ends_once_its_look_is_reported() {
    let mut rig = Rig::new(Behaviour::Refuses, Ok(()));
    assert!(rig.ask(1).is_continue());
    let lost = |rig: &mut Rig| rig.eye.apply(rig.now, Event::Seen(Answer::Lost));
    assert!(lost(&mut rig).is_continue(), "the next look has begun");
    assert!(rig.work().is_continue());
    assert_eq!(rig.report().finding, Finding::Technical(Fault::CameraDown));
    assert_eq!(lost(&mut rig), ControlFlow::Break(End::CameraLost));
}
