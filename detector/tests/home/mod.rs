//! A home for one eye: the real program, with every key that a test may want to misuse.
//!
//! Real are the program, its walls, the pair, signatures, the model, memory, switch, button and
//! lamp (files), and the demonstration's clock. The room is rendered: with the person in bed it
//! is clear, with the person standing in it it is not. The voice's part, the hub's, the
//! operator's and the browser's are played by the test. It asserts nothing about them.

pub(crate) mod people;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use nattsyn_clock::conductor::Conductor;
use nattsyn_clock::{Clock, Hold};
use nattsyn_detector::pair::{FromEye, ToEye};
use nattsyn_detector::pair_socket::PairEnd;
use nattsyn_protocol::demonstration;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::grant::Challenge;
use nattsyn_protocol::hello::PlanMessage;
use nattsyn_protocol::ids::{CheckId, WindowKey};
use nattsyn_protocol::live::{Ended, LiveDown, LiveUp, Opened, Refusal, Refused};
use nattsyn_protocol::plan::{Plan, Window};
use nattsyn_protocol::policy::{Capability, HeldPolicy, Mode, Policy, PolicyMessage};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::{Document, Endorsement, PublicKey, Signed};
use nattsyn_protocol::thresholds::CountsMessage;
use nattsyn_protocol::time::Timestamp;

/// Real time within which the eye must have answered, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const EYE_SEED: [u8; 32] = [0xe1; 32];
const HUB_SEED: [u8; 32] = [0x4b; 32];

/// When the window of [`plan`] opens.
pub(crate) const OPENS: &str = "2026-11-21T22:00:00Z";

/// Who is where.
pub(crate) const IN_BED: &str = "in_bed";
pub(crate) const STANDING: &str = "out_of_bed";
pub(crate) const NOBODY: &str = "nobody";

/// The running eye and the voice's end of its pair.
pub(crate) struct Home {
    eye: Child,
    voice: PairEnd,
    said: Receiver<FromEye>,
    clock: Clock,
    hold: Option<Hold>,
    _conductor: Conductor,
    folder: tempfile::TempDir,
    plan: Plan,
    /// The counts that went by while something else was waited for.
    counts: RefCell<VecDeque<CountsMessage>>,
    /// What the eye said of itself at its start.
    pub(crate) at_start: Capability,
}

/// What the eye answered to something about a live view.
#[derive(Debug)]
pub(crate) enum Word {
    Challenge(Challenge),
    Opened(Opened),
    Refused(Refusal),
    Ended(Ended),
}

impl Home {
    /// An eye that holds a plan whose window has just opened, and no policy.
    pub(crate) fn new() -> Self {
        Self::at(OPENS)
    }

    /// The same at another moment.
    pub(crate) fn at(moment: &str) -> Self {
        Self::with_plan(moment, plan())
    }

    /// The same by another plan.
    pub(crate) fn with_plan(moment: &str, plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        stage(folder.path(), STANDING);
        std::fs::write(folder.path().join("eye.key"), "e1".repeat(32)).unwrap();
        std::fs::write(folder.path().join("switch"), "on").unwrap();
        std::fs::write(folder.path().join("button"), "0").unwrap();
        std::fs::write(folder.path().join("eye.toml"), config()).unwrap();
        let socket = folder.path().join("clock.sock");
        let origin = Timestamp(moment.parse().unwrap());
        let conductor = Conductor::start(&socket, origin, None).unwrap();
        let clock = Clock::demonstration(&socket, "voice").unwrap();
        let hold = clock.hold(20.0);
        let (eye, voice) = spawn(&folder.path().join("eye.toml"));
        let said = listen(&voice);
        let at_start = begin(&said);
        let mut home = Self {
            eye,
            voice,
            said,
            clock,
            hold: Some(hold),
            _conductor: conductor,
            folder,
            plan,
            counts: RefCell::default(),
            at_start,
        };
        home.give_plan();
        home
    }

    /// The eye's process is killed and another started; the voice hands the plan over anew.
    pub(crate) fn restart(&mut self) {
        self.eye.kill().unwrap();
        self.eye.wait().unwrap();
        let (eye, voice) = spawn(&self.folder.path().join("eye.toml"));
        self.eye = eye;
        self.voice = voice;
        self.said = listen(&self.voice);
        self.at_start = begin(&self.said);
        self.give_plan();
    }

    pub(crate) fn say(&self, word: &ToEye) {
        self.voice.send(word).unwrap();
    }

    /// The voice's end, for a voice that says what it wants.
    pub(crate) fn voice(&self) -> &PairEnd {
        &self.voice
    }

    /// The next word of the eye that is meant.
    pub(crate) fn hear<T>(&self, meant: impl Fn(FromEye) -> Option<T>) -> T {
        loop {
            let word = self.said.recv_timeout(PATIENCE).unwrap();
            if let FromEye::Counts(counts) = &word {
                self.counts.borrow_mut().push_back(counts.clone());
            }
            if let Some(word) = meant(word) {
                return word;
            }
        }
    }

    /// The next night's counts that the eye has said or will say.
    pub(crate) fn counts(&self) -> CountsMessage {
        if self.counts.borrow().is_empty() {
            self.hear(|word| matches!(word, FromEye::Counts(_)).then_some(()));
        }
        self.counts.borrow_mut().pop_front().unwrap()
    }

    /// Everything that the eye has said by now.
    pub(crate) fn heard(&self) -> Vec<FromEye> {
        self.said.try_iter().collect()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().timestamp
    }

    /// Lets time pass in jumps; what the eye says meanwhile waits to be heard.
    pub(crate) fn pass(&mut self, time: Duration) {
        let until = self.now().after(time);
        self.hold = None;
        let (_quiet, pause) = sync_channel::<()>(0);
        while self.now() < until {
            self.clock.settle(self.clock.now(), None);
            pause.recv_timeout(Duration::from_millis(5)).ok();
        }
        self.hold = Some(self.clock.hold(20.0));
    }

    pub(crate) fn show(&self, occupant: &str) {
        stage(self.folder.path(), occupant);
    }

    pub(crate) fn switch(&self, word: &str) {
        std::fs::write(self.folder.path().join("switch"), word).unwrap();
    }

    /// Presses the button; the eye says what has become of its policy if anything has.
    pub(crate) fn press(&self) {
        let button = self.folder.path().join("button");
        let before = std::fs::read_to_string(&button).unwrap();
        std::fs::write(button, format!("{}", before.parse::<u32>().unwrap() + 1)).unwrap();
    }

    /// How the lamp of the live view was switched so far.
    pub(crate) fn lamp(&self) -> String {
        let lamp = self.folder.path().join("lamp");
        std::fs::read_to_string(lamp).unwrap_or_default()
    }

    fn give_plan(&mut self) {
        self.say(&ToEye::Plan(plan_message(&self.plan)));
        let held = self.hear(|word| match word {
            FromEye::Holding(plans) => Some(plans),
            _ => None,
        });
        assert_eq!(held.len(), 1);
    }

    /// Hands a policy over; what the eye then says it works by.
    pub(crate) fn give(&self, message: PolicyMessage) -> Option<HeldPolicy> {
        self.say(&ToEye::Policy(message));
        self.capability().policy
    }

    pub(crate) fn capability(&self) -> Capability {
        let signed = self.hear(|word| match word {
            FromEye::Capable(signed) => Some(signed),
            _ => None,
        });
        opened(&signed)
    }

    /// A policy of live view that somebody at the unit has approved.
    pub(crate) fn agree_to_live_view(&self, version: u32) {
        self.give(policy_message(&policy(version, Mode::LiveView)));
        self.press();
        let held = self.capability().policy.unwrap();
        assert_eq!(held.mode, Mode::LiveView);
    }

    /// One look of the plan's.
    pub(crate) fn look(&self, look: u8) -> Report {
        self.say(&ToEye::Look {
            check: check(),
            look,
        });
        self.report()
    }

    /// The next report, verified.
    pub(crate) fn report(&self) -> Report {
        let signed = self.hear(|word| match word {
            FromEye::Report(signed) => Some(signed),
            _ => None,
        });
        opened(&signed)
    }

    /// The eye's next word about a live view, verified.
    pub(crate) fn word(&self) -> Word {
        let up = self.hear(|word| match word {
            FromEye::Live(up) => Some(up),
            _ => None,
        });
        read(&up)
    }

    pub(crate) fn ask(&self) -> Word {
        self.say(&ToEye::Live(LiveDown::Ask { check: check() }));
        self.word()
    }

    /// A look that is unclear, and the challenge that follows another.
    pub(crate) fn challenge(&self) -> Challenge {
        assert!(matches!(self.look(1).finding, Finding::Unclear(_)));
        match self.ask() {
            Word::Challenge(challenge) => challenge,
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        self.eye.kill().ok();
        self.eye.wait().ok();
    }
}

/// An answer of the eye's, its signature verified.
pub(crate) fn read(up: &LiveUp) -> Word {
    match up {
        LiveUp::Challenge { signed } => Word::Challenge(opened(signed)),
        LiveUp::Opened { signed } => Word::Opened(opened(signed)),
        LiveUp::Refused { signed } => Word::Refused(opened::<Refused>(signed).why),
        LiveUp::Ended { signed } => Word::Ended(opened(signed)),
    }
}

/// A document that the eye signed.
pub(crate) fn opened<D: Document>(signed: &Signed) -> D {
    let eye = PublicKey::of(&SigningKey::from_bytes(&EYE_SEED));
    signed.open(&eye).unwrap()
}

pub(crate) fn hub_key() -> SigningKey {
    SigningKey::from_bytes(&HUB_SEED)
}

/// By what right the hub's key signs, in an epoch of the root's.
pub(crate) fn endorsement(epoch: u32) -> Signed {
    let endorsement = Endorsement {
        key: PublicKey::of(&hub_key()),
        epoch,
    };
    Signed::seal(&endorsement, &demonstration::root_key())
}

pub(crate) fn check() -> CheckId {
    "r0000001.20261121.1".parse().unwrap()
}

/// A plan of one window that is open for an hour.
pub(crate) fn plan() -> Plan {
    let (from, to) = ("23:00".parse().unwrap(), "23:59".parse().unwrap());
    let (resident, unit) = ("r0000001".parse().unwrap(), "u0000001".parse().unwrap());
    Plan {
        version: 2,
        offset_s: 0,
        windows: vec![Window::nightly(WindowKey(1), from, to)],
        ..Plan::bare(resident, unit)
    }
}

pub(crate) fn plan_message(plan: &Plan) -> PlanMessage {
    PlanMessage {
        plan: Signed::seal(plan, &hub_key()),
        endorsement: endorsement(1),
    }
}

/// A policy for the whole of that night, made just before it.
pub(crate) fn policy(version: u32, mode: Mode) -> Policy {
    Policy {
        unit: "u0000001".parse().unwrap(),
        version,
        mode,
        stopped: Vec::new(),
        from_ms: Timestamp("2026-11-21T21:55:00Z".parse().unwrap()),
        until_ms: Timestamp("2026-12-01T00:00:00Z".parse().unwrap()),
    }
}

pub(crate) fn policy_message(policy: &Policy) -> PolicyMessage {
    PolicyMessage {
        policy: Signed::seal(policy, &hub_key()),
        endorsement: endorsement(1),
    }
}

/// Noise is drawn anew for each look: in this room and this way to lie, whoever lies in bed reaches
/// ten levels more than the model asks for.
fn stage(folder: &Path, occupant: &str) {
    let stage = format!(
        r#"{{"scenes": [{{"from_ms": 0, "show": {{"room":
        {{"seed": 6, "pose": 5, "occupant": "{occupant}", "lens": "clear"}}}}}}]}}"#
    );
    std::fs::write(folder.join("stage.json"), stage).unwrap();
}

fn config() -> String {
    format!(
        "unit = \"u0000001\"\nroot = \"{}\"\n\
         [source]\nkind = \"staged\"\nfile = \"stage.json\"\n\
         [light]\nkind = \"simulated\"\n\
         [switch]\nkind = \"file\"\nfile = \"switch\"\n\
         [button]\nkind = \"file\"\nfile = \"button\"\n\
         [view_lamp]\nkind = \"recorded\"\nfile = \"lamp\"\n\
         [look]\nframes = 3\nover_ms = 400\nsettle_ms = 0\n\
         [demonstration]\nclock = \"clock.sock\"\n",
        demonstration::root(),
    )
}

fn spawn(config: &Path) -> (Child, PairEnd) {
    let (eye_end, voice) = PairEnd::pair().unwrap();
    let eye = Command::new(env!("CARGO_BIN_EXE_nattsyn-eye"))
        .arg("--config")
        .arg(config)
        .env("RUST_LOG", "error")
        .stdin(Stdio::from(OwnedFd::from(eye_end)))
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    (eye, voice)
}

/// Reads the pair beside the test, so that waiting for the eye has an end.
fn listen(voice: &PairEnd) -> Receiver<FromEye> {
    let voice = voice.try_clone().unwrap();
    let (heard, said) = sync_channel(4096);
    std::thread::spawn(move || {
        while let Ok(word) = voice.receive() {
            if heard.send(word).is_err() {
                return;
            }
        }
    });
    said
}

/// Waits for what an eye says when it has started.
fn begin(said: &Receiver<FromEye>) -> Capability {
    let started = said.recv_timeout(PATIENCE).unwrap();
    assert!(matches!(started, FromEye::Started { .. }), "{started:?}");
    match said.recv_timeout(PATIENCE).unwrap() {
        FromEye::Capable(signed) => opened(&signed),
        other => panic!("{other:?}"),
    }
}
