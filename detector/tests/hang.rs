//! A whole unit whose halves hang or are killed: all its programs and a broker, in fast time.
//!
//! A process that is stopped by a signal stands for one that hangs: it holds everything and
//! answers nothing. Without Mosquitto installed this says so and passes. Cameras that hang are
//! tried in the eye's own tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "voice/broker.rs"]
mod broker;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use nattsyn_clock::conductor::Conductor;
use nattsyn_protocol::demonstration;
use nattsyn_protocol::finding::Fault;
use nattsyn_protocol::hello::PlanMessage;
use nattsyn_protocol::ids::WindowKey;
use nattsyn_protocol::plan::{Plan, Window};
use nattsyn_protocol::report::{Notice, Report};
use nattsyn_protocol::signing::{Endorsement, PublicKey, Signed};
use nattsyn_protocol::time::Timestamp;
use nattsyn_protocol::topics::Channel;
use nattsyn_protocol::wire;
use rustix::process::{Pid, Signal, kill_process};

use broker::{Broker, Hub, mosquitto_is_missing, unit, wait_for};

/// A unit under its supervisor, in the broker's folder.
struct Unit {
    supervisor: Child,
    _clock: Conductor,
}

/// A covered lens: nobody is seen, so that every look of the check is made.
const STAGE: &str = r#"{"scenes": [{"from_ms": 0, "show": {"room":
    {"seed": 7, "pose": 1, "occupant": "in_bed", "lens": "covered"}}}]}"#;

impl Unit {
    fn start(broker: &Broker) -> Self {
        let root = demonstration::root();
        let eye = format!(
            "unit = \"u0000001\"\nroot = \"{root}\"\n\
             [source]\nkind = \"staged\"\nfile = \"stage.json\"\n\
             [light]\nkind = \"simulated\"\n[demonstration]\nclock = \"clock.sock\"\n"
        );
        let voice = format!(
            "unit = \"u0000001\"\n[broker]\nhost = \"127.0.0.1\"\nport = {}\nca = \"ca.pem\"\n\
             certificate = \"u0000001.pem\"\nkey = \"u0000001.key\"\n\
             [demonstration]\nclock = \"clock.sock\"\n",
            broker.port
        );
        let key = "e1".repeat(32);
        let files = [
            ("eye.key", key.as_str()),
            ("stage.json", STAGE),
            ("eye.toml", &eye),
            ("voice.toml", &voice),
        ];
        for (name, text) in files {
            std::fs::write(broker.file(name), text).unwrap();
        }
        // Three minutes before the window of the plan.
        let origin = Timestamp("2026-11-21T21:57:00Z".parse().unwrap());
        let clock = Conductor::start(&broker.file("clock.sock"), origin, None).unwrap();
        let programs = Path::new(env!("CARGO_BIN_EXE_nattsyn-eye")).parent();
        let supervisor = Command::new(env!("CARGO_BIN_EXE_nattsyn-supervise"))
            .args(["--silent-max-s", "6", "--eye"])
            .arg(broker.file("eye.toml"))
            .arg("--voice")
            .arg(broker.file("voice.toml"))
            .arg("--programs")
            .arg(programs.unwrap())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            supervisor,
            _clock: clock,
        }
    }

    /// The process that runs a program now, other than `before`.
    fn pid(&self, program: &str, before: Option<Pid>) -> Pid {
        let supervisor = self.supervisor.id();
        let is_meant = |pid: &&str| {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm"));
            name.is_ok_and(|name| name.trim() == program)
        };
        wait_for(program, || {
            let path = format!("/proc/{supervisor}/task/{supervisor}/children");
            let children = std::fs::read_to_string(path).unwrap();
            let pid = children.split_whitespace().find(is_meant)?;
            Pid::from_raw(pid.parse().ok()?).filter(|pid| Some(*pid) != before)
        })
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.supervisor.kill().ok();
        self.supervisor.wait().ok();
    }
}

fn plan_message(looks_after_s: [u32; 5]) -> PlanMessage {
    let hub = SigningKey::from_bytes(&[2; 32]);
    let (from, to) = ("23:00".parse().unwrap(), "23:59".parse().unwrap());
    let plan = Plan {
        version: 3,
        looks_after_s: looks_after_s.to_vec(),
        windows: vec![Window::nightly(WindowKey(1), from, to)],
        ..Plan::bare("r0000001".parse().unwrap(), unit())
    };
    let endorsement = Endorsement {
        key: PublicKey::of(&hub),
        epoch: 1,
    };
    PlanMessage {
        plan: Signed::seal(&plan, &hub),
        endorsement: Signed::seal(&endorsement, &demonstration::root_key()),
    }
}

/// The voice says hello when its link is up (that one was heard before the plan was sent), when
/// the eye says what it was built for, and when the eye holds the plan. This hub acknowledges
/// none, so the voice says the last of them again, after half a minute, one and two: five without
/// the plan would be three and a half minutes of a unit that does not take it.
fn hear_that_the_plan_is_held(hub: &Hub) {
    let held = std::iter::repeat_with(|| hub.hello().plans.len()).take(5);
    assert!(held.into_iter().any(|plans| plans == 1));
}

/// The next report about a look after this one. Reports come again until they are acknowledged.
fn report_after(hub: &Hub, look: u8) -> u8 {
    let looks = std::iter::repeat_with(|| {
        let report: Report = serde_json::from_str(&hub.report().body).unwrap();
        report.look
    });
    looks.take(500).find(|next| *next > look).unwrap()
}

#[test]
fn an_eye_that_hangs_is_told_to_the_hub_and_both_halves_are_started_anew() {
    if mosquitto_is_missing("an_eye_that_hangs_is_told_to_the_hub") {
        return;
    }
    let broker = Broker::start();
    let hub = Hub::connect(&broker);
    let running = Unit::start(&broker);
    hub.hello();
    // The second look comes before an eye that hangs is found; the others are far apart, so
    // that a busy machine has time to start a program between two of them.
    hub.say(Channel::Plan, &plan_message([0, 120, 480, 1200, 2400]));
    hear_that_the_plan_is_held(&hub);
    let eye = running.pid("nattsyn-eye", None);
    assert_eq!(report_after(&hub, 0), 1);

    // Between two looks, when a demonstration's clock runs fast.
    hub.next(Channel::Heartbeat);
    // The eye hangs: the next look is told as a fault, and a later one is made by a new eye.
    kill_process(eye, Signal::STOP).unwrap();
    let notice: Notice = wire::decode(&hub.next(Channel::Notice)).unwrap();
    assert_eq!((notice.look, notice.fault), (2, Fault::EyeDown));
    running.pid("nattsyn-eye", Some(eye));
    report_after(&hub, 2);

    // The voice hangs: it is started anew and says hello with the plan that it holds.
    let voice = running.pid("nattsyn-voice", None);
    kill_process(voice, Signal::STOP).unwrap();
    running.pid("nattsyn-voice", Some(voice));
    // From its disk: the very first has the plan.
    assert_eq!(hub.hello().plans.len(), 1);
}

/// When a half is killed, in milliseconds after the one before: in looks, between them, and
/// while the other is not back yet.
const KILLS_MS: [u64; 6] = [1300, 900, 2100, 1700, 600, 2500];

#[test]
fn halves_that_are_killed_at_any_instant_leave_the_last_look_with_a_word_and_none_doubled() {
    if mosquitto_is_missing("halves_that_are_killed_at_any_instant") {
        return;
    }
    let broker = Broker::start();
    let hub = Hub::connect(&broker);
    let running = Unit::start(&broker);
    hub.hello();
    hub.say(Channel::Plan, &plan_message([0, 120, 300, 600, 900]));
    hear_that_the_plan_is_held(&hub);
    let (_never, pause) = sync_channel::<()>(0);
    for (index, ms) in KILLS_MS.into_iter().enumerate() {
        pause.recv_timeout(Duration::from_millis(ms)).ok();
        let program = ["nattsyn-eye", "nattsyn-voice"][index % 2];
        kill_process(running.pid(program, None), Signal::KILL).unwrap();
    }
    // Every report by what names it, and every look that has a word.
    let mut reports: BTreeMap<_, String> = BTreeMap::new();
    let mut looks = BTreeSet::new();
    while !looks.contains(&5) {
        let (channel, body) = hub.any();
        if channel == Channel::Notice {
            looks.insert(wire::decode::<Notice>(&body).unwrap().look);
        } else if channel == Channel::Report {
            let signed: Signed = wire::decode(&body).unwrap();
            let report: Report = serde_json::from_str(&signed.body).unwrap();
            looks.insert(report.look);
            let before = reports.insert(report.key(), signed.body.clone());
            assert!(
                before.is_none_or(|body| body == signed.body),
                "one name, two reports"
            );
        }
    }
    let made = reports.len();
    assert!((1..=5).contains(&made), "{made} looks made: {looks:?}");
}
