//! The eye as a program: asked over its pair, answering with signed reports.
//!
//! Real are the program, its configuration, the pair, plans and signatures, the model and the
//! demonstration's clock; the room is rendered. What the model makes of a room is not judged
//! here, only that a good picture gives a finding and a bad one a fault. The voice's part is
//! played by the test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "any other answer fails the test"
)]

#[path = "eye/shut_in.rs"]
mod shut_in;

use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use nattsyn_clock::conductor::Conductor;
use nattsyn_clock::{Clock, Hold};
use nattsyn_detector::pair::{FromEye, LastLook, Refusal, ToEye};
use nattsyn_detector::pair_socket::PairEnd;
use nattsyn_protocol::demonstration;
use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::hello::PlanMessage;
use nattsyn_protocol::ids::WindowKey;
use nattsyn_protocol::plan::{LOOKS_AFTER_S, Plan, Window};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::{Endorsement, PublicKey, Signed};
use nattsyn_protocol::time::{ClockState, Timestamp};

/// Real time within which the eye must have answered; a debug build on a busy machine renders
/// and looks at ten frames in a small part of it.
const PATIENCE: Duration = Duration::from_secs(60);

const EYE_SEED: [u8; 32] = [0xe1; 32];
const HUB_SEED: [u8; 32] = [0x4b; 32];

/// What stands before the camera: a clear room, or one whose lens is covered.
const CLEAR: &str = "clear";
const COVERED: &str = "covered";

/// The running program, and the voice's end of its pair.
struct Unit {
    eye: Child,
    voice: PairEnd,
    said: Receiver<FromEye>,
    /// As the voice does around a look: no jumps.
    _hold: Hold,
    _clock: Conductor,
    _folder: tempfile::TempDir,
}

impl Unit {
    /// Starts an eye at the opening of the window of [`plan`], before a room of this lens.
    fn start(lens: &str) -> Self {
        let room = format!(
            r#"{{"room": {{"seed": 7, "pose": 1, "occupant": "in_bed", "lens": "{lens}"}}}}"#
        );
        Self::start_before(tempfile::tempdir().unwrap(), &room)
    }

    /// Starts an eye before what is to be shown, which may lie in this folder.
    fn start_before(folder: tempfile::TempDir, show: &str) -> Self {
        let stage = format!(r#"{{"scenes": [{{"from_ms": 0, "show": {show}}}]}}"#);
        std::fs::write(folder.path().join("stage.json"), stage).unwrap();
        std::fs::write(folder.path().join("eye.key"), "e1".repeat(32)).unwrap();
        let config = format!(
            "unit = \"u0000001\"\nroot = \"{}\"\n\
             [source]\nkind = \"staged\"\nfile = \"stage.json\"\n\
             [light]\nkind = \"simulated\"\n\
             [demonstration]\nclock = \"clock.sock\"\n",
            demonstration::root()
        );
        std::fs::write(folder.path().join("eye.toml"), config).unwrap();
        let origin = Timestamp("2026-11-21T22:00:00Z".parse().unwrap());
        let socket = folder.path().join("clock.sock");
        let clock = Conductor::start(&socket, origin, None).unwrap();
        let hold = Clock::demonstration(&socket, "voice").unwrap().hold(20.0);
        let (eye, voice) = spawn(&folder.path().join("eye.toml"));
        let said = listen(&voice);
        let mut unit = Self {
            eye,
            voice,
            said,
            _hold: hold,
            _clock: clock,
            _folder: folder,
        };
        let started = unit.hear(|said| matches!(said, FromEye::Started { .. }));
        assert!(matches!(started, FromEye::Started { .. }));
        unit
    }

    fn say(&self, message: &ToEye) {
        self.voice.send(message).unwrap();
    }

    /// The next message of the kind that is waited for.
    fn hear(&mut self, is_meant: impl Fn(&FromEye) -> bool) -> FromEye {
        loop {
            let said = self.said.recv_timeout(PATIENCE);
            let said = said.unwrap_or_else(|_| panic!("eye: {:?}", self.eye.try_wait()));
            if is_meant(&said) {
                return said;
            }
        }
    }

    fn hand_over(&mut self, plan: PlanMessage) -> FromEye {
        self.say(&ToEye::Plan(plan));
        self.hear(|said| matches!(said, FromEye::Holding(_)))
    }

    fn look(&mut self, window: u8) -> FromEye {
        let check = format!("r0000001.20261121.{window}").parse().unwrap();
        self.say(&ToEye::Look { check, look: 1 });
        self.hear(|said| matches!(said, FromEye::Report(_) | FromEye::Refused { .. }))
    }

    fn report(&mut self) -> Report {
        match self.look(1) {
            FromEye::Report(signed) => signed.open(&eye_key()).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.eye.kill().ok();
        self.eye.wait().ok();
    }
}

fn spawn(config: &Path) -> (Child, PairEnd) {
    let (eye_end, voice) = PairEnd::pair().unwrap();
    let eye = Command::new(env!("CARGO_BIN_EXE_nattsyn-eye"))
        .arg("--config")
        .arg(config)
        .stdin(Stdio::from(OwnedFd::from(eye_end)))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    (eye, voice)
}

/// Reads the pair beside the test, so that waiting for the eye has an end.
fn listen(voice: &PairEnd) -> Receiver<FromEye> {
    let voice = voice.try_clone().unwrap();
    let (heard, said) = sync_channel(64);
    std::thread::spawn(move || {
        while let Ok(message) = voice.receive() {
            if heard.send(message).is_err() {
                return;
            }
        }
    });
    said
}

fn eye_key() -> PublicKey {
    PublicKey::of(&SigningKey::from_bytes(&EYE_SEED))
}

/// A plan of one window that is open for an hour, and one that is not until the morning.
fn plan() -> Plan {
    let window = |key, from: &str, to: &str| {
        Window::nightly(WindowKey(key), from.parse().unwrap(), to.parse().unwrap())
    };
    Plan {
        resident: "r0000001".parse().unwrap(),
        unit: "u0000001".parse().unwrap(),
        version: 2,
        zone: "Europe/Stockholm".to_owned(),
        offset_s: 0,
        looks_after_s: LOOKS_AFTER_S.to_vec(),
        windows: vec![window(1, "23:00", "23:59"), window(2, "05:00", "06:00")],
        places: Vec::new(),
        ..Plan::bare("r0000001".parse().unwrap(), "u0000001".parse().unwrap())
    }
}

fn signed(root: &SigningKey) -> PlanMessage {
    let hub = SigningKey::from_bytes(&HUB_SEED);
    let endorsement = Endorsement {
        key: PublicKey::of(&hub),
        epoch: 1,
    };
    PlanMessage {
        plan: Signed::seal(&plan(), &hub),
        endorsement: Signed::seal(&endorsement, root),
    }
}

#[test]
fn a_planned_look_gives_a_report_that_only_this_eye_can_have_signed() {
    let mut unit = Unit::start(CLEAR);
    let held = unit.hand_over(signed(&demonstration::root_key()));
    assert!(matches!(held, FromEye::Holding(plans) if plans[0].version == 2));
    let report = unit.report();
    assert!(
        !matches!(report.finding, Finding::Technical(_)),
        "{report:?}"
    );
    assert_eq!(report.unit.to_string(), "u0000001");
    assert_eq!(report.check.to_string(), "r0000001.20261121.1");
    assert_eq!((report.look, report.plan, report.counter), (1, 2, 1));
    assert_eq!(report.clock, ClockState::Synced);
    assert_eq!(report.nonce.len(), 32);

    let again = unit.report();
    assert_eq!(again.counter, 2);
    assert_eq!(again.boot, report.boot);
    unit.say(&ToEye::Ping);
    let last_look = LastLook::Fit;
    unit.hear(|said| *said == FromEye::Alive { last_look });
}

#[test]
fn a_covered_lens_is_technical_not_absent() {
    let mut unit = Unit::start(COVERED);
    unit.hand_over(signed(&demonstration::root_key()));
    let report = unit.report();
    // This cover lets no light in, so that only noise is left: "dark" is as true.
    let blind = [Fault::Covered, Fault::Dark].map(Finding::Technical);
    assert!(blind.contains(&report.finding), "{report:?}");
    unit.say(&ToEye::Ping);
    let last_look = LastLook::Faulty;
    unit.hear(|said| *said == FromEye::Alive { last_look });
}

#[test]
fn a_look_outside_the_plan_is_refused() {
    let mut unit = Unit::start(CLEAR);
    let refused = |said: FromEye| match said {
        FromEye::Refused { why, .. } => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(unit.look(1)), Refusal::NotPlanned);
    unit.hand_over(signed(&demonstration::root_key()));
    assert_eq!(refused(unit.look(2)), Refusal::OutsideWindow);
    assert_eq!(refused(unit.look(3)), Refusal::NotPlanned);
}

#[test]
fn a_plan_of_another_root_is_not_held() {
    let mut unit = Unit::start(CLEAR);
    let forged = signed(&SigningKey::from_bytes(&[9; 32]));
    assert_eq!(unit.hand_over(forged), FromEye::Holding(Vec::new()));
    assert!(matches!(unit.look(1), FromEye::Refused { .. }));
}

#[test]
fn the_eye_ends_when_asked_and_when_nobody_is_left() {
    let mut unit = Unit::start(CLEAR);
    let eye = rustix::process::Pid::from_child(&unit.eye);
    rustix::process::kill_process(eye, rustix::process::Signal::TERM).unwrap();
    assert!(unit.eye.wait().unwrap().success());

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("eye.key"), "e1".repeat(32)).unwrap();
    std::fs::write(folder.path().join("stage.json"), r#"{"scenes": []}"#).unwrap();
    let config = folder.path().join("eye.toml");
    let text = format!(
        "unit = \"u0000001\"\nroot = \"{}\"\n[light]\nkind = \"simulated\"\n\
         [source]\nkind = \"staged\"\nfile = \"stage.json\"\n",
        demonstration::root()
    );
    std::fs::write(&config, text).unwrap();
    let (mut eye, voice) = spawn(&config);
    drop(voice);
    assert!(eye.wait().unwrap().success());
}

#[test]
fn a_unit_of_a_home_refuses_to_be_staged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("eye.key"), "e1".repeat(32)).unwrap();
    let config = folder.path().join("eye.toml");
    let home = eye_key();
    let text = format!(
        "unit = \"u0000001\"\nroot = \"{home}\"\n[light]\nkind = \"simulated\"\n\
         [source]\nkind = \"staged\"\nfile = \"stage.json\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let (eye, _voice) = spawn(&config);
    let ended = eye.wait_with_output().unwrap();
    let complaint = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success());
    assert!(
        complaint.contains("eye.toml, key source.kind"),
        "{complaint}"
    );
}

#[test]
fn the_public_key_that_the_hub_enrols_is_printed_on_request() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("eye.key"), "e1".repeat(32)).unwrap();
    let text = format!(
        "unit = \"u0000001\"\nroot = \"{}\"\n[light]\nkind = \"simulated\"\n\
         [source]\nkind = \"staged\"\nfile = \"stage.json\"\n",
        demonstration::root()
    );
    std::fs::write(folder.path().join("eye.toml"), text).unwrap();
    let printed = Command::new(env!("CARGO_BIN_EXE_nattsyn-eye"))
        .arg("--config")
        .arg(folder.path().join("eye.toml"))
        .arg("--public-key")
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(printed.stdout).unwrap().trim(),
        eye_key().to_string()
    );
}
