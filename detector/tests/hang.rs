//! A whole unit whose halves hang: real supervisor, eye, voice and broker, in fast time.
//!
//! A process that is stopped by a signal stands for one that hangs: it holds everything and
//! answers nothing. Without Mosquitto installed this says so and passes. Cameras that hang are
//! tried in the eye's own tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "voice/broker.rs"]
mod broker;

use std::path::Path;
use std::process::{Child, Command, Stdio};

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

fn plan_message() -> PlanMessage {
    let hub = SigningKey::from_bytes(&[2; 32]);
    let (from, to) = ("23:00".parse().unwrap(), "23:59".parse().unwrap());
    let plan = Plan {
        version: 3,
        // The second comes before an eye that hangs is found; the others are far apart, so that
        // a busy machine has time to start a program between two of them.
        looks_after_s: vec![0, 120, 480, 1200, 2400],
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
    hub.say(Channel::Plan, &plan_message());
    assert_eq!(hub.hello().plans.len(), 1);
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
    assert_eq!(hub.hello().plans.len(), 1);
}
