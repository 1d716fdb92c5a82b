//! The real `nattsyn-voice` between a fake eye and a real broker: Mosquitto, over TLS with
//! certificates made here. Without Mosquitto installed these tests say so and pass.
//!
//! Nothing here waits for a look: the fake eye gives reports by itself. Looks are tried in the
//! voice's own unit tests. One test runs an hour in fast time, to weigh it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broker;
mod meter;
mod resolver;

use std::io::{BufRead as _, BufReader};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use ed25519_dalek::SigningKey;

use nattsyn_clock::conductor::Conductor;
use nattsyn_detector::pair::{FromEye, LastLook, ToEye};
use nattsyn_detector::pair_socket::PairEnd;
use nattsyn_detector::uplink::KEEP_ALIVE;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::hello::{Ack, HeldPlan, PlanMessage};
use nattsyn_protocol::ids::{BootId, WindowKey};
use nattsyn_protocol::plan::{LOOKS_AFTER_S, Plan, Window};
use nattsyn_protocol::report::{Report, ReportKey};
use nattsyn_protocol::signing::{Endorsement, PublicKey, Signed};
use nattsyn_protocol::time::{ClockState, Timestamp};
use nattsyn_protocol::topics::Channel;
use nattsyn_protocol::wire;

use broker::{Broker, Hub, mosquitto_is_missing, unit, wait_for};
use meter::Meter;

/// The voice's process, and the eye's end of its pair.
struct Unit {
    eye: PairEnd,
    voice_end: PairEnd,
    process: Child,
    config: PathBuf,
}

impl Unit {
    fn start(broker: &Broker) -> Self {
        Self::start_with(broker, broker.port, "")
    }

    fn start_with(broker: &Broker, port: u16, more: &str) -> Self {
        let config = broker.file("voice.toml");
        let text = format!(
            "unit = \"u0000001\"\n[broker]\nhost = \"127.0.0.1\"\nport = {port}\nca = \"ca.pem\"\n\
             certificate = \"u0000001.pem\"\nkey = \"u0000001.key\"\n{more}"
        );
        std::fs::write(&config, text).unwrap();
        let (eye, voice_end) = PairEnd::pair().unwrap();
        let process = start_voice(&config, &voice_end);
        Self {
            eye,
            voice_end,
            process,
            config,
        }
    }

    /// As a power cut: nothing is said, nothing is finished.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.process = start_voice(&self.config, &self.voice_end);
    }

    /// The voice's next word that is no ping; pings are answered.
    fn asked(&self) -> ToEye {
        loop {
            let word: ToEye = self.eye.receive().unwrap();
            if word != ToEye::Ping {
                return word;
            }
            let last_look = LastLook::Fit;
            self.eye.send(&FromEye::Alive { last_look }).unwrap();
        }
    }

    fn report(&self, counter: u64) -> Signed {
        let signed = report(counter);
        self.eye.send(&FromEye::Report(signed.clone())).unwrap();
        signed
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn start_voice(config: &Path, end: &PairEnd) -> Child {
    let stdin: OwnedFd = end.try_clone().unwrap().into();
    Command::new(env!("CARGO_BIN_EXE_nattsyn-voice"))
        .arg("--config")
        .arg(config)
        .stdin(Stdio::from(stdin))
        .spawn()
        .unwrap()
}

/// The voice runs on the machine's clock here, and no look is to come between its words.
fn window_that_is_not_open() -> Window {
    let now = nattsyn_clock::Clock::machine().now().timestamp;
    let local = now.0.in_tz("Europe/Stockholm").unwrap();
    let hour = if (18..24).contains(&local.hour()) {
        6
    } else {
        23
    };
    Window::nightly(
        WindowKey(1),
        jiff::civil::time(hour, 0, 0, 0),
        jiff::civil::time(hour, 45, 0, 0),
    )
}

fn plan_message() -> PlanMessage {
    let key = SigningKey::from_bytes(&[2; 32]);
    let plan = Plan {
        resident: "r0000001".parse().unwrap(),
        unit: unit(),
        version: 3,
        zone: "Europe/Stockholm".to_owned(),
        offset_s: 0,
        looks_after_s: LOOKS_AFTER_S.to_vec(),
        windows: vec![window_that_is_not_open()],
        places: Vec::new(),
        ..Plan::bare("r0000001".parse().unwrap(), unit())
    };
    let endorsement = Endorsement {
        key: PublicKey::of(&key),
        epoch: 1,
    };
    PlanMessage {
        plan: Signed::seal(&plan, &key),
        endorsement: Signed::seal(&endorsement, &SigningKey::from_bytes(&[1; 32])),
    }
}

fn report(counter: u64) -> Signed {
    let report = Report {
        unit: unit(),
        check: "r0000001.20261121.1".parse().unwrap(),
        look: 1,
        finding: Finding::NotVisible,
        at_ms: Timestamp::from_ms(1_795_000_000_000).unwrap(),
        clock: ClockState::Synced,
        plan: 3,
        model: "0a1b2c3d".to_owned(),
        boot: BootId(7),
        counter,
        nonce: "00112233445566778899aabbccddeeff".to_owned(),
    };
    Signed::seal(&report, &SigningKey::from_bytes(&[3; 32]))
}

fn ack(counters: &[u64]) -> Ack {
    let key = |&counter| ReportKey {
        boot: BootId(7),
        counter,
    };
    Ack {
        reports: counters.iter().map(key).collect(),
        counts: Vec::new(),
    }
}

#[test]
fn a_plan_goes_down_a_report_goes_up_signed_and_unchanged() {
    if mosquitto_is_missing("a_plan_goes_down_a_report_goes_up_signed_and_unchanged") {
        return;
    }
    let broker = Broker::start();
    let hub = Hub::connect(&broker);
    let mut unit = Unit::start(&broker);
    let hello = hub.hello();
    assert_eq!((hello.plans.len(), hello.waiting), (0, 0));

    // Rubbish first: it stops nothing.
    hub.say_bytes(Channel::Plan, b"rubbish".to_vec());
    hub.say_bytes(Channel::Ack, vec![b' '; wire::BODY_MAX + 1]);
    hub.say(Channel::Plan, &plan_message());
    assert_eq!(unit.asked(), ToEye::Plan(plan_message()));
    let held = HeldPlan {
        resident: "r0000001".parse().unwrap(),
        version: 3,
    };
    unit.eye.send(&FromEye::Holding(vec![held])).unwrap();
    assert_eq!(hub.hello().plans, [held]);

    let signed = unit.report(1);
    let arrived = hub.report();
    assert_eq!(arrived, signed);
    let eye_key = PublicKey::of(&SigningKey::from_bytes(&[3; 32]));
    assert_eq!(arrived.open::<Report>(&eye_key).unwrap().counter, 1);

    // A voice that starts anew gives the eye its plan and says what it holds.
    unit.kill();
    unit.start_again();
    assert_eq!(unit.asked(), ToEye::Plan(plan_message()));
    let hello = hub.hello();
    assert_eq!((hello.plans, hello.waiting), (vec![held], 1));
}

#[test]
fn a_report_outlives_broker_and_voice_until_the_hub_acknowledges_it() {
    if mosquitto_is_missing("a_report_outlives_broker_and_voice_until_the_hub_acknowledges_it") {
        return;
    }
    let mut broker = Broker::start();
    let hub = Hub::connect(&broker);
    let mut unit = Unit::start(&broker);
    hub.hello();
    let first = unit.report(1);
    assert_eq!(hub.report(), first);

    // The broker forgets everything; the voice connects and sends again by itself.
    broker.down();
    let second = unit.report(2);
    broker.up();
    drop(hub);
    let hub = Hub::connect(&broker);
    let mut again = [hub.report(), hub.report()];
    again.sort_by_key(|report| report != &first);
    assert_eq!(again, [first.clone(), second.clone()]);

    // The voice is killed with both on its hands; the hub acknowledges one.
    unit.kill();
    unit.start_again();
    assert_eq!(hub.hello().waiting, 2);
    assert_eq!([hub.report(), hub.report()], [first, second.clone()]);
    hub.say(Channel::Ack, &ack(&[1]));

    let outbox = broker.file("state/outbox");
    wait_for("the acknowledgement to be written", || {
        let text = std::fs::read_to_string(&outbox).unwrap();
        text.contains("gone").then_some(())
    });

    // What is acknowledged is gone, also after the next kill; what is not is sent again.
    unit.kill();
    unit.start_again();
    assert_eq!(hub.hello().waiting, 1);
    assert_eq!(hub.report(), second);
}

/// IPv4, TCP and its timestamps: what each segment costs on the wire besides its bytes, and
/// what its acknowledgement costs.
const SEGMENT: u64 = 20 + 20 + 12;
/// A TLS 1.3 record around two bytes of MQTT.
const PING_TLS: u64 = 5 + 1 + 16 + 2;
/// The design's budget of a home's ten hours without live view.
const BUDGET: u64 = 200_000;

#[test]
fn ten_hours_of_heartbeats_reports_and_pings_fit_the_wire_budget() {
    if mosquitto_is_missing("ten_hours_of_heartbeats_reports_and_pings_fit_the_wire_budget") {
        return;
    }
    let broker = Broker::start();
    let hub = Hub::connect(&broker);
    let origin = Timestamp::from_ms(1_795_000_000_000).unwrap();
    let _conductor = Conductor::start(&broker.file("clock"), origin, None).unwrap();
    let meter = Meter::default();
    let port = meter.stand_before(broker.port);
    let unit = Unit::start_with(&broker, port, "[demonstration]\nclock = \"clock\"\n");
    let eye = unit.eye.try_clone().unwrap();
    std::thread::spawn(move || {
        while let Ok(word) = eye.receive::<ToEye>() {
            let last_look = LastLook::Fit;
            if word == ToEye::Ping && eye.send(&FromEye::Alive { last_look }).is_err() {
                return;
            }
        }
    });
    hub.hello();
    hub.say(Channel::Ack, &ack(&[]));
    hub.next(Channel::Heartbeat);
    let (connected, connected_segments) = meter.read();
    let begun = meter.read();
    for _ in 0..60 {
        hub.next(Channel::Heartbeat);
    }
    let hour = meter.read();
    unit.report(1);
    hub.report();
    hub.say(Channel::Ack, &ack(&[1]));
    hub.next(Channel::Heartbeat);
    let reported = meter.read();

    // Every segment is acknowledged by itself: the worst case, and what an idle link does.
    let on_the_wire = |(bytes, segments): (u64, u64)| bytes + segments * 2 * SEGMENT;
    let heartbeat = (on_the_wire(hour) - on_the_wire(begun)) / 60;
    let report = on_the_wire(reported) - on_the_wire(hour) - heartbeat;
    let connection = on_the_wire((connected, connected_segments));
    // A ping, its answer on which the ping's acknowledgement rides, and the answer's.
    let ping = 2 * (PING_TLS + SEGMENT) + SEGMENT;
    let pings = 10 * 3600 / KEEP_ALIVE.as_secs();
    let night = connection + 600 * heartbeat + pings * ping + 10 * report;
    println!(
        "bytes on the wire: heartbeat {heartbeat}, ping {ping}, report and ack {report}, \
         connection {connection}; ten hours with 10 looks {night}"
    );
    assert!(night <= BUDGET, "{night} bytes");
}

#[test]
fn a_wrong_certificate_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("voice.toml");
    std::fs::write(
        &config,
        "unit = \"u0000001\"\n[broker]\nhost = \"127.0.0.1\"\n",
    )
    .unwrap();
    let (_eye, voice_end) = PairEnd::pair().unwrap();
    let stdin: OwnedFd = voice_end.into();
    let ran = Command::new(env!("CARGO_BIN_EXE_nattsyn-voice"))
        .arg("--config")
        .arg(&config)
        .stdin(Stdio::from(stdin))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(!ran.status.success());
    assert!(said.contains("tls/ca.pem"), "{said}");
}

#[test]
fn a_broker_that_is_not_there_is_said_at_once() {
    if mosquitto_is_missing("a_broker_that_is_not_there_is_said_at_once") {
        return;
    }
    let mut broker = Broker::start();
    let mut unit = Unit::start(&broker);
    unit.kill();
    broker.down();
    let stdin: OwnedFd = unit.voice_end.try_clone().unwrap().into();
    unit.process = Command::new(env!("CARGO_BIN_EXE_nattsyn-voice"))
        .arg("--config")
        .arg(&unit.config)
        .env_remove("RUST_LOG")
        .stdin(Stdio::from(stdin))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(unit.process.stderr.take().unwrap()).lines();
    let said = lines
        .map_while(Result::ok)
        .take(20)
        .find(|line| line.contains("broker not reached"));
    assert!(said.is_some_and(|line| line.contains("refused")));
    // It has tried to connect, and so it is shut in: every thread of it.
    let threads = format!("/proc/{}/task", unit.process.id());
    for thread in std::fs::read_dir(threads).unwrap() {
        let status = std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        for wall in ["Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000"] {
            assert!(status.contains(wall), "{status}");
        }
    }
}

#[test]
fn a_voice_whose_eye_and_supervisor_are_gone_ends() {
    if mosquitto_is_missing("a_voice_whose_eye_and_supervisor_are_gone_ends") {
        return;
    }
    let broker = Broker::start();
    let mut unit = Unit::start(&broker);
    let (nobody, nobody_either) = PairEnd::pair().unwrap();
    drop(nobody_either);
    drop(std::mem::replace(&mut unit.eye, nobody));
    let status = wait_for("the voice to end", || unit.process.try_wait().unwrap());
    assert!(!status.success());
}
