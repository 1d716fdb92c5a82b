//! Trying a unit out before generated rooms, and noticing afterwards that it was moved.
//!
//! The model, the sketches, the profile and its file are real; the rooms are generated, and staged
//! one after the other by the test.

use std::sync::LazyLock;

use nattsyn_protocol::commission::trial::Trial;
use nattsyn_protocol::commission::{
    Ask, CommissionDown, CommissionMessage, CommissionUp, Commissioned, Commissioning,
    HeldCommissioned, Leave, NoTry, NotTried, Order as Asked, PlaceDigest, Room as Staged,
    SLEEPERS_MAX, StagedLevel, State, TRIES_MAX, Tried, Try,
};
use nattsyn_protocol::policy::{Mode, Policy, PolicyMessage};
use nattsyn_protocol::signing::Document;
use nattsyn_scenes::{Bedding, Knock};

use super::*;
use crate::guard::commission::is_judged;
use crate::kept_profile::KeptProfile;

mod leave;

/// A room whose staged states the shipped model calls by their names.
const SEED: u64 = 2;

/// What stands before the camera, and may be changed by the test at any time.
type Scene = Arc<Mutex<Radiance>>;

/// A camera before whatever the test has put there.
struct Staging {
    scene: Scene,
    frames: u64,
}

impl FrameSource for Staging {
    fn open(&mut self, _now: Timestamp) -> Result<(), CameraError> {
        Ok(())
    }

    fn next_frame(&mut self) -> Result<Shot, CameraError> {
        self.frames += 1;
        let scene = self.scene.lock().unwrap();
        let picture = Sensor::from_seed(SEED).expose(&scene, self.frames);
        Ok(Shot {
            frame: Frame::from_luma8(320, 240, picture.luma)?,
            sequence: Sequence(self.frames),
        })
    }

    fn close(&mut self) {}
}

/// A rig before a room, and the file of its eye's profile.
struct Home {
    rig: Rig,
    scene: Scene,
    folder: tempfile::TempDir,
    number: u8,
}

fn leave(version: u32) -> CommissionDown {
    let leave = Commissioning {
        unit: "u0000001".parse().unwrap(),
        version,
        sleepers: 1,
        from_ms: Timestamp("2026-11-21T21:30:00Z".parse().unwrap()),
        until_ms: Timestamp("2026-11-21T23:30:00Z".parse().unwrap()),
    };
    CommissionDown::Leave(sealed(&leave))
}

fn sealed<D: Document>(document: &D) -> CommissionMessage {
    CommissionMessage {
        document: Signed::seal(document, &key(HUB)),
        endorsement: message().endorsement,
    }
}

fn place() -> Vec<[f32; 2]> {
    let inside = |at: f32| at.clamp(0.01, 0.99);
    let corners = Room::from_seed(SEED).sleeping_place().into_iter();
    corners.map(|(x, y)| [inside(x), inside(y)]).collect()
}

/// What stands before the camera for one thing that is staged.
fn scene_of(what: Try) -> Radiance {
    let room = Room::from_seed(SEED);
    let lying = |room: Room, bedding| room.with_bedding(bedding);
    let Try::Staged {
        state, room: how, ..
    } = what
    else {
        return room.render(Occupant::InBed, 3, Lens::Clear).radiance;
    };
    let room = match how {
        Staged::AsItIs => room,
        Staged::Otherwise => room.on_night(1),
        Staged::Lit => room.on_night(1).with_a_light_on(1),
    };
    let rendered = match state {
        State::EmptyBare => lying(room, Bedding::Bare).render(Occupant::Nobody, 1, Lens::Clear),
        State::EmptyMade => lying(room, Bedding::Made).render(Occupant::Nobody, 1, Lens::Clear),
        State::EmptyHeaped => lying(room, Bedding::Heaped).render(Occupant::Nobody, 1, Lens::Clear),
        State::EmptyJustLeft | State::OtherInBed => room.render_left(2, Lens::Clear),
        State::Uncovered => lying(room, Bedding::Bare).render(Occupant::InBed, 3, Lens::Clear),
        State::HalfCovered => {
            lying(room, Bedding::FoldedBack).render(Occupant::InBed, 4, Lens::Clear)
        }
        State::Covered | State::Together => {
            lying(room, Bedding::Rumpled).render(Occupant::InBed, 5, Lens::Clear)
        }
        State::OnTheEdge => room.render(Occupant::SittingOnEdge, 6, Lens::Clear),
        State::LensCovered => room.render(Occupant::Nobody, 7, Lens::Covered),
    };
    rendered.radiance
}

impl Home {
    fn new() -> Self {
        Self::with(tempfile::tempdir().unwrap())
    }

    /// An eye whose profile is kept in this folder, before the empty room.
    fn with(folder: tempfile::TempDir) -> Self {
        let mut rig = Rig::new(Behaviour::Works, Ok(()));
        let empty = scene_of(Try::Staged {
            sleeper: None,
            state: State::EmptyMade,
            room: Staged::AsItIs,
        });
        let scene: Scene = Arc::new(Mutex::new(empty));
        let source = Box::new(Staging {
            scene: Arc::clone(&scene),
            frames: 0,
        });
        let (events, heard) = sync_channel(EVENTS_MAX);
        let tell = move |answer| events.send(Event::Seen(answer)).map_err(drop);
        rig.eye.events = heard;
        rig.eye.orders = Some(seeing::start(source, Model::load().unwrap(), 1, tell));
        let file = folder.path().join("eye.profile");
        let opened = remembering::open_memory::<KeptProfile>(&file);
        let (tryout, profile) = Tryout::resume(opened);
        rig.eye.tryout = tryout;
        start::hold_profile(rig.eye.orders.as_ref(), profile);
        rig.eye.say_capability(rig.now);
        Self {
            rig,
            scene,
            folder,
            number: 0,
        }
    }

    /// The process is started anew.
    fn restart(self) -> Self {
        let Self { rig, folder, .. } = self;
        drop(rig);
        Self::with(folder)
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("eye.profile")
    }

    fn show(&self, radiance: Radiance) {
        *self.scene.lock().unwrap() = radiance;
    }

    fn tell(&mut self, word: CommissionDown) {
        let told = Event::Told(ToEye::Commission(word));
        assert!(self.rig.eye.apply(self.rig.now, told).is_continue());
    }

    fn touch(&mut self, touch: Touch) {
        let event = Event::Touched(touch);
        assert!(self.rig.eye.apply(self.rig.now, event).is_continue());
    }

    fn open(&mut self, version: u32) {
        self.tell(leave(version));
        self.touch(Touch::Pressed);
    }

    fn ask(&mut self, ask: Ask) {
        self.number += 1;
        let asked = Asked {
            unit: "u0000001".parse().unwrap(),
            version: 1,
            number: self.number,
            ask,
            places: vec![place()],
        };
        self.tell(CommissionDown::Order(sealed(&asked)));
    }

    /// The eye's next answer to an order, and whatever else it says must be no report.
    fn answer(&self) -> CommissionUp {
        loop {
            match self.rig.voice.receive::<FromEye>().unwrap() {
                FromEye::Commission(up) => return up,
                FromEye::Capable(_) | FromEye::Alive { .. } => {}
                other @ (FromEye::Started { .. }
                | FromEye::Holding(_)
                | FromEye::Report(_)
                | FromEye::Counts(_)
                | FromEye::Live(_)
                | FromEye::Refused { .. }) => panic!("{other:?}"),
                #[cfg(feature = "live-view")]
                FromEye::Frame(_) => panic!("a frame"),
            }
        }
    }

    fn tried(&self) -> Tried {
        match self.answer() {
            CommissionUp::Tried(signed) => signed.open(&PublicKey::of(&key(EYE))).unwrap(),
            other @ (CommissionUp::NotTried(_) | CommissionUp::Commissioned(_)) => {
                panic!("{other:?}: {:?}", why(&other))
            }
        }
    }

    fn not_tried(&self) -> NoTry {
        why(&self.answer()).expect("a refusal")
    }

    /// One try with the room as it is to be.
    fn try_it(&mut self, what: Try) -> Tried {
        self.show(scene_of(what));
        self.ask(Ask::Try(what));
        assert!(self.rig.work().is_continue());
        self.tried()
    }

    /// Lets the camera's thread make a profile.
    fn profiled(&mut self) {
        let made = self.rig.eye.events.recv_timeout(Duration::from_secs(60));
        assert!(
            self.rig
                .eye
                .apply(self.rig.now, made.unwrap())
                .is_continue()
        );
    }

    /// Everything tried and concluded.
    fn commission(&mut self) -> Commissioned {
        self.open(1);
        for what in Trial::new(1).steps() {
            self.try_it(what);
        }
        self.ask(Ask::Conclude);
        if self.rig.eye.tryout.is_concluding() {
            self.profiled();
        }
        self.commissioned()
    }

    fn commissioned(&self) -> Commissioned {
        match self.answer() {
            CommissionUp::Commissioned(signed) => signed.open(&PublicKey::of(&key(EYE))).unwrap(),
            other @ (CommissionUp::NotTried(_) | CommissionUp::Tried(_)) => {
                panic!("{other:?}: {:?}", why(&other))
            }
        }
    }

    /// What a look of the plan's says.
    fn look(&mut self, look: u8) -> Finding {
        assert!(self.rig.ask(look).is_continue());
        assert!(self.rig.work().is_continue());
        self.rig.report().finding
    }
}

fn why(answer: &CommissionUp) -> Option<NoTry> {
    match answer {
        CommissionUp::NotTried(signed) => {
            let refused: NotTried = signed.open(&PublicKey::of(&key(EYE))).unwrap();
            Some(refused.why)
        }
        CommissionUp::Tried(_) | CommissionUp::Commissioned(_) => None,
    }
}

/// The file that commissioning leaves, and what was said: staging a room takes seconds.
static COMMISSIONED: LazyLock<(Vec<u8>, Commissioned)> = LazyLock::new(|| {
    let mut home = Home::new();
    let said = home.commission();
    (std::fs::read(home.file()).unwrap(), said)
});

/// A unit that was commissioned before this run of it.
fn commissioned() -> Home {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("eye.profile"), &COMMISSIONED.0).unwrap();
    Home::with(folder)
}

const WALK: Try = Try::Walk {
    sleeper: 0,
    spot: 0,
};

const COVERED: Try = Try::Staged {
    sleeper: Some(0),
    state: State::Covered,
    room: Staged::AsItIs,
};

fn stands(home: &Home) -> Option<(u32, Leave)> {
    let held = home.rig.eye.capability.as_ref()?.commissioning?;
    Some((held.version, held.stands))
}

fn held(home: &Home) -> Option<HeldCommissioned> {
    home.rig.eye.capability.as_ref()?.commissioned.clone()
}

/// The room on another night, as it hung and with the camera turned by some degrees.
fn night(turn_deg: f32) -> Radiance {
    let knock = Knock {
        turn_deg,
        ..Knock::NONE
    };
    let room = Room::from_seed(SEED).on_night(4).knocked(&knock);
    room.render(Occupant::InBed, 5, Lens::Clear).radiance
}

#[test]
fn a_unit_that_passed_says_so_and_keeps_what_it_needs() {
    let (_, said) = &*COMMISSIONED;
    let expected = HeldCommissioned {
        version: 1,
        model: "01234567".to_owned(),
        places: vec![PlaceDigest::of(&[place()])],
    };
    assert_eq!(said.held, expected);
    // All that could be judged: eight as the room is, four otherwise, four with a light on.
    assert_eq!(said.staged.len(), 16);
    let home = commissioned();
    assert_eq!(held(&home), Some(expected));
    assert_eq!(stands(&home), None);
}

#[test]
fn that_it_passed_is_a_later_word_than_all_before_and_what_cannot_be_counted_is_not_said() {
    let word = |home: &Home| home.rig.eye.capability.as_ref().and_then(|it| it.word);
    let mut home = commissioned();
    home.rig.eye.say_capability(home.rig.now);
    let began = word(&home);
    home.rig.eye.count_word(home.rig.now).unwrap();
    home.rig.eye.say_capability(home.rig.now);
    assert!(word(&home) > began, "{:?} after {began:?}", word(&home));
    // The number of the word that it passed was there before it was said.
    let now = u64::try_from(home.rig.now.timestamp.as_ms()).unwrap();
    assert!(COMMISSIONED.1.word > Some(now), "begun with the time");
    let broken = SimulatedSlots {
        health: SlotHealth::ReadOnly,
        ..SimulatedSlots::default()
    };
    home.rig.eye.memory = Some(EyeMemory::open(Box::new(broken)).0);
    assert_eq!(home.rig.eye.count_word(home.rig.now), Err(NoTry::DiskDown));
    home.rig.eye.memory = None;
    assert_eq!(home.rig.eye.count_word(home.rig.now), Err(NoTry::DiskDown));
}

#[test]
fn a_camera_that_was_moved_is_technical_after_a_restart_and_in_place_again_it_is_not() {
    let mut home = commissioned();
    home.show(night(0.0));
    assert!(is_judged(home.look(1)));
    home.show(night(10.0));
    assert_eq!(home.look(2), Finding::Technical(Fault::Moved));
    assert_eq!(home.rig.eye.last_look, LastLook::Faulty);
    home.show(night(0.0));
    assert!(is_judged(home.look(3)));
    // A fault that says more is not hidden by it.
    let elsewhere = Room::from_seed(SEED + 500);
    let covered = elsewhere.render(Occupant::InBed, 5, Lens::Covered);
    home.show(covered.radiance);
    assert_eq!(home.look(4), Finding::Technical(Fault::Covered));
}

#[test]
fn a_unit_that_nobody_commissioned_is_compared_with_nothing() {
    let mut home = Home::new();
    assert_eq!(held(&home), None);
    for (look, turned) in [(1, 0.0), (2, 10.0)] {
        home.show(night(turned));
        assert!(is_judged(home.look(look)));
    }
}

#[test]
fn a_damaged_profile_is_as_none_and_looks_go_on() {
    let home = commissioned();
    let mut bytes = std::fs::read(home.file()).unwrap();
    bytes[40] ^= 1;
    // The other place was never written: as when the only copy rots.
    bytes[crate::memory::SLOT_BYTES] = b'?';
    std::fs::write(home.file(), bytes).unwrap();
    let mut home = home.restart();
    assert_eq!(held(&home), None);
    home.show(night(10.0));
    assert!(is_judged(home.look(1)));
    // And it can be commissioned again: nothing is in the way of the file.
    home.open(1);
    assert_eq!(stands(&home), Some((1, Leave::Open)));
}

#[test]
fn a_try_answers_and_reports_and_counts_nothing() {
    let mut home = Home::new();
    home.ask(Ask::Try(WALK));
    assert_eq!(home.not_tried(), NoTry::NoLeave);
    home.tell(leave(1));
    assert_eq!(stands(&home), Some((1, Leave::Awaited)));
    home.ask(Ask::Try(WALK));
    assert_eq!(home.not_tried(), NoTry::NotPressed);
    home.touch(Touch::Pressed);
    assert_eq!(stands(&home), Some((1, Leave::Open)));
    let walked = home.try_it(WALK);
    assert_eq!((walked.version, walked.number), (1, home.number));
    assert!(!walked.cells.is_empty() && walked.cells.is_sorted());
    let tried = home.try_it(COVERED);
    assert_eq!((tried.finding, tried.cells.len()), (Finding::Visible, 0));
    assert!(tried.level.is_some_and(|level| level > 41), "{tried:?}");
    let unjudged = home.try_it(Try::Staged {
        sleeper: None,
        state: State::LensCovered,
        room: Staged::Lit,
    });
    assert_eq!(unjudged.finding, Finding::Technical(Fault::Covered));
    assert_eq!(unjudged.level, None);
    assert_eq!(home.rig.eye.last_look, LastLook::Fit);
    assert_eq!(home.rig.eye.findings.len(), 0);
    home.ask(Ask::Conclude);
    assert_eq!(home.not_tried(), NoTry::NotPassed);
    assert_eq!(home.rig.switched(), ["on", "off", "on", "off", "on", "off"]);
}

#[test]
fn a_planned_look_that_comes_during_a_try_waits_for_it_and_is_made() {
    let mut home = Home::new();
    home.open(1);
    home.ask(Ask::Try(WALK));
    assert!(home.rig.ask(1).is_continue());
    // The next try waits for nobody.
    home.ask(Ask::Try(WALK));
    assert_eq!(home.not_tried(), NoTry::Busy);
    assert!(home.rig.work().is_continue());
    home.tried();
    let report = home.rig.report();
    assert_eq!((report.check, report.look), (check(), 1));
    assert!(is_judged(report.finding));
}

#[test]
fn the_switch_pauses_tries_and_a_withdrawal_ends_them() {
    let mut home = Home::new();
    home.open(1);
    home.ask(Ask::Try(WALK));
    home.touch(Touch::Switched(Position::Off));
    assert!(home.rig.work().is_continue());
    assert_eq!(home.tried().finding, Finding::Paused);
    home.ask(Ask::Try(WALK));
    assert_eq!(home.not_tried(), NoTry::Paused);
    home.touch(Touch::Switched(Position::Unreadable));
    home.ask(Ask::Try(WALK));
    let fault = home.tried().finding;
    assert_eq!(fault, Finding::Technical(Fault::CameraDown));
    home.touch(Touch::Switched(Position::On));
    let off = Policy {
        unit: "u0000001".parse().unwrap(),
        version: 1,
        mode: Mode::Off,
        stopped: Vec::new(),
        from_ms: home.rig.now.timestamp,
        until_ms: home.rig.now.timestamp.after(Duration::from_secs(3600)),
    };
    let off = PolicyMessage {
        policy: Signed::seal(&off, &key(HUB)),
        endorsement: message().endorsement,
    };
    let told = Event::Told(ToEye::Policy(off));
    assert!(home.rig.eye.apply(home.rig.now, told).is_continue());
    home.ask(Ask::Try(WALK));
    assert_eq!(home.not_tried(), NoTry::Withdrawn);
}

#[test]
fn leave_that_is_over_is_said_and_nothing_of_the_trial_is_left() {
    let mut home = Home::new();
    home.open(1);
    home.try_it(COVERED);
    assert!(home.rig.eye.tryout.has_sketches());
    let ends = home.rig.eye.guard.leave_until().unwrap();
    assert!(home.rig.eye.next_timeout() <= ends);
    let left = ends.since(home.rig.now.uptime);
    assert!(home.rig.pass(left).is_continue());
    assert_eq!(stands(&home), Some((1, Leave::Over)));
    assert!(!home.rig.eye.tryout.has_sketches());
    home.ask(Ask::Try(WALK));
    assert_eq!(home.not_tried(), NoTry::NoLeave);
}

#[test]
fn a_lamp_that_does_not_light_is_said_of_a_try_too() {
    let mut home = Home::new();
    home.rig.eye.lamp = Rig::new(Behaviour::Works, Err(())).eye.lamp;
    home.open(1);
    home.ask(Ask::Try(WALK));
    assert_eq!(home.tried().finding, Finding::Technical(Fault::LightDown));
}

#[test]
fn what_cannot_be_written_down_is_not_concluded() {
    for is_there in [true, false] {
        let mut home = Home::new();
        let slots = SimulatedSlots {
            health: SlotHealth::ReadOnly,
            ..SimulatedSlots::default()
        };
        let place = is_there.then(|| EyeMemory::open(Box::new(slots)).0);
        home.rig.eye.tryout = Tryout::resume((place, Found::Nothing)).0;
        let profile = KeptProfile::of_tests();
        let refused = home.rig.eye.tryout.write(&profile);
        assert_eq!(refused, Err(NoTry::DiskDown));
    }
}

#[test]
fn what_is_said_of_four_sleepers_fits_every_reader() {
    let most = Commissioned {
        unit: "u0000001".parse().unwrap(),
        held: HeldCommissioned {
            version: u32::MAX,
            model: "01234567".to_owned(),
            places: vec![PlaceDigest::of(&[]); SLEEPERS_MAX],
        },
        at_ms: Timestamp("2026-11-21T22:00:00Z".parse().unwrap()),
        // A walk of five spots each comes before.
        staged: vec![
            StagedLevel {
                state: State::EmptyJustLeft,
                room: Staged::Otherwise,
                level: Some(64),
            };
            usize::from(TRIES_MAX) - 5 * SLEEPERS_MAX
        ],
        word: Some(u64::MAX),
    };
    let tried = Tried {
        unit: "u0000001".parse().unwrap(),
        boot: BootId(u64::MAX),
        version: u32::MAX,
        number: 60,
        what: Try::Walk {
            sleeper: 3,
            spot: 4,
        },
        finding: Finding::Unclear(nattsyn_protocol::finding::Reason::OutsideSleepingPlace),
        level: Some(64),
        cells: (0..320).collect(),
    };
    let eye = key(EYE);
    for up in [
        CommissionUp::Commissioned(Signed::seal(&most, &eye)),
        CommissionUp::Tried(Signed::seal(&tried, &eye)),
    ] {
        let bytes = serde_json::to_vec(&FromEye::Commission(up)).unwrap().len();
        // What a sensor-only voice reads at once.
        assert!(bytes <= 4096, "{bytes}");
    }
}
