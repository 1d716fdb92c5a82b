//! The voice against a simulated link, disk and eye, without a clock.

mod greeting;
#[cfg(feature = "live-view")]
mod passing_on;
mod thresholds;

use std::cell::RefCell;
use std::rc::Rc;

use ed25519_dalek::SigningKey;

use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::hello::Ack;
use nattsyn_protocol::ids::{BootId, WindowKey};
use nattsyn_protocol::plan::{LOOKS_AFTER_S, Plan, Window};
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::{ClockState, Timestamp};

use super::*;
use crate::disk::{DiskHealth, SimulatedDisk};
use crate::pair::LastLook;
use crate::uplink::{LinkBusy, Listeners};

/// Messages in order.
type Messages = Vec<(Channel, Vec<u8>)>;

/// Keeps what was sent.
#[derive(Clone, Default)]
struct SimulatedLink(Rc<RefCell<Messages>>);

impl Uplink for SimulatedLink {
    fn send(&mut self, channel: Channel, _care: Care, body: Vec<u8>) -> Result<(), LinkBusy> {
        self.0.borrow_mut().push((channel, body));
        Ok(())
    }
}

/// Keeps what it was told.
#[derive(Clone, Default)]
struct SimulatedEye(Rc<RefCell<Vec<ToEye>>>);

impl EyeLine for SimulatedEye {
    fn tell(&mut self, word: &ToEye) -> Result<(), SendError> {
        self.0.borrow_mut().push(word.clone());
        Ok(())
    }
}

struct Unit {
    voice: Voice<SimulatedDisk, SimulatedLink, SimulatedEye>,
    link: SimulatedLink,
    eye: SimulatedEye,
    second: u64,
}

/// So many seconds after 22:59 on 21 November 2026 in Sweden.
fn at(seconds: u64) -> Now {
    let passed = Duration::from_secs(seconds);
    let origin = Timestamp("2026-11-21T21:59:00Z".parse().unwrap());
    Now {
        uptime: Uptime(Duration::from_secs(1_000) + passed),
        timestamp: origin.after(passed),
        epoch: 0,
    }
}

fn check() -> CheckId {
    "r0000001.20261121.1".parse().unwrap()
}

fn plan_message(version: u32) -> PlanMessage {
    let key = SigningKey::from_bytes(&[2; 32]);
    let plan = Plan {
        resident: "r0000001".parse().unwrap(),
        unit: "u0000001".parse().unwrap(),
        version,
        zone: "Europe/Stockholm".to_owned(),
        offset_s: 0,
        looks_after_s: LOOKS_AFTER_S.to_vec(),
        windows: vec![Window::nightly(
            WindowKey(1),
            jiff::civil::time(23, 0, 0, 0),
            jiff::civil::time(23, 45, 0, 0),
        )],
        places: Vec::new(),
        ..Plan::bare("r0000001".parse().unwrap(), "u0000001".parse().unwrap())
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

fn report(counter: u64, finding: Finding) -> Signed {
    let report = Report {
        unit: "u0000001".parse().unwrap(),
        check: check(),
        look: 1,
        finding,
        at_ms: at(65).timestamp,
        clock: ClockState::Synced,
        plan: 1,
        model: "0a1b2c3d".to_owned(),
        boot: BootId(7),
        counter,
        nonce: "00112233445566778899aabbccddeeff".to_owned(),
    };
    Signed::seal(&report, &SigningKey::from_bytes(&[3; 32]))
}

fn ack(counter: u64) -> Vec<u8> {
    let reports = vec![nattsyn_protocol::report::ReportKey {
        boot: BootId(7),
        counter,
    }];
    let counts = Vec::new();
    wire::encode(&Ack { reports, counts })
}

impl Unit {
    fn start(disk: SimulatedDisk, second: u64) -> Self {
        let link = SimulatedLink::default();
        let eye = SimulatedEye::default();
        let unit = "u0000001".parse().unwrap();
        let voice = Voice::resume(at(second), unit, disk, link.clone(), eye.clone());
        Self {
            voice,
            link,
            eye,
            second,
        }
    }

    /// A unit whose link is up and whose eye holds a plan.
    fn ready() -> Self {
        let mut unit = Self::start(SimulatedDisk::default(), 0);
        unit.link(LinkEvent::Up);
        unit.eye(FromEye::Alive {
            last_look: LastLook::Fit,
        });
        unit.hear(Channel::Plan, wire::encode(&plan_message(1)));
        unit.hold_plan(1);
        unit.taken();
        unit.told();
        unit
    }

    fn apply(&mut self, event: Event) {
        let real = Duration::from_secs(self.second);
        self.voice.apply(at(self.second), real, event);
    }

    fn eye(&mut self, word: FromEye) {
        self.apply(Event::Eye(word));
    }

    fn link(&mut self, event: LinkEvent) {
        self.apply(Event::Link(event));
    }

    fn hear(&mut self, channel: Channel, body: Vec<u8>) {
        self.link(LinkEvent::Heard { channel, body });
    }

    fn hold_plan(&mut self, version: u32) {
        let resident = "r0000001".parse().unwrap();
        self.eye(FromEye::Holding(vec![nattsyn_protocol::hello::HeldPlan {
            resident,
            version,
        }]));
    }

    /// Lets time pass with an eye that answers its pings, or does not.
    fn pass(&mut self, until: u64, eye: Option<LastLook>) {
        while self.second < until {
            self.second += 1;
            self.apply(Event::Time);
            if let (Some(last_look), Some(ToEye::Ping)) = (eye, self.eye.0.borrow().last().cloned())
            {
                self.voice.apply(
                    at(self.second),
                    Duration::from_secs(self.second),
                    Event::Eye(FromEye::Alive { last_look }),
                );
            }
        }
    }

    /// What was sent since the last call, in a word each.
    fn taken(&mut self) -> Vec<Channel> {
        self.link
            .0
            .take()
            .into_iter()
            .map(|(channel, _)| channel)
            .collect()
    }

    fn told(&mut self) -> Vec<ToEye> {
        let told = self.eye.0.take();
        told.into_iter()
            .filter(|word| *word != ToEye::Ping)
            .collect()
    }
}

fn look(look: u8) -> ToEye {
    ToEye::Look {
        check: check(),
        look,
    }
}

#[test]
fn a_due_look_becomes_a_report_that_goes_until_it_is_acknowledged() {
    let mut unit = Unit::ready();
    unit.pass(60, Some(LastLook::Fit));
    assert_eq!(unit.told(), [look(1)]);
    unit.taken();
    unit.eye(FromEye::Report(report(1, Finding::Visible)));
    assert_eq!(unit.taken(), [Channel::Report]);
    unit.pass(95, None);
    let again = unit.taken();
    assert!(again.contains(&Channel::Report), "{again:?}");
    unit.hear(Channel::Ack, ack(1));
    unit.pass(300, Some(LastLook::Fit));
    assert!(!unit.taken().contains(&Channel::Report));
    assert_eq!(unit.voice.outbox.waiting(), 0);
    assert_eq!(unit.told(), []);
}

#[test]
fn a_report_is_passed_on_to_the_byte() {
    let mut unit = Unit::ready();
    let signed = report(1, Finding::NotVisible);
    unit.eye(FromEye::Report(signed.clone()));
    let sent = unit.link.0.borrow().last().cloned().unwrap();
    assert_eq!(wire::decode::<Signed>(&sent.1).unwrap(), signed);
}

#[test]
fn a_plan_is_worked_by_once_the_eye_holds_it_and_survives_a_restart() {
    let mut unit = Unit::start(SimulatedDisk::default(), 0);
    unit.link(LinkEvent::Up);
    unit.hear(Channel::Plan, wire::encode(&plan_message(1)));
    assert_eq!(unit.told(), [ToEye::Plan(plan_message(1))]);
    assert_eq!(unit.voice.night.held(), []);
    unit.taken();
    unit.hold_plan(1);
    assert_eq!(unit.voice.night.held().len(), 1);
    assert_eq!(unit.taken(), [Channel::Hello], "the hub learns of it");

    let mut after = Unit::start(unit.voice.outbox.disk().clone(), 5);
    assert_eq!(after.told(), [ToEye::Plan(plan_message(1))]);
    after.eye(FromEye::Started { boot: BootId(8) });
    assert_eq!(after.told(), [ToEye::Plan(plan_message(1))]);
    after.pass(60, Some(LastLook::Fit));
    assert_eq!(after.told(), [look(1)]);
}

#[test]
fn a_plan_that_the_eye_does_not_believe_replaces_nothing() {
    let mut unit = Unit::ready();
    unit.hear(Channel::Plan, wire::encode(&plan_message(9)));
    unit.hold_plan(1);
    assert_eq!(
        unit.voice.night.held().first().map(|held| held.version),
        Some(1)
    );
}

#[test]
fn a_torn_plan_file_is_noticed_told_and_the_last_good_one_used() {
    let mut unit = Unit::ready();
    // A second writing, so that there are two copies.
    unit.hear(Channel::Plan, wire::encode(&plan_message(2)));
    unit.hold_plan(2);
    let whole = unit.voice.outbox.disk().clone();
    let newest = whole.files["plans.2"].len();
    for cut in (0..newest - 1).step_by(7) {
        let mut disk = whole.clone();
        disk.files.get_mut("plans.2").unwrap().truncate(cut);
        let after = Unit::start(disk, 5);
        let held = after.voice.night.held();
        assert_eq!(
            held.first().map(|held| held.version),
            Some(1),
            "cut at {cut}"
        );
        assert_eq!(after.voice.disk_word, DiskWord::Untold, "cut at {cut}");
    }
    let mut disk = whole;
    disk.files.get_mut("plans.2").unwrap().truncate(100);
    let mut after = Unit::start(disk, 5);
    after.link(LinkEvent::Up);
    after.pass(60, Some(LastLook::Fit));
    after.taken();
    after.eye(FromEye::Report(report(1, Finding::Visible)));
    assert_eq!(
        after.taken(),
        [Channel::Report, Channel::Notice],
        "the hub is told"
    );
}

#[test]
fn with_both_copies_of_the_plans_gone_the_unit_waits_for_the_hubs() {
    let mut unit = Unit::ready();
    let mut disk = unit.voice.outbox.disk().clone();
    disk.files.get_mut("plans").unwrap().truncate(100);
    let mut after = Unit::start(disk, 5);
    assert_eq!(after.voice.night.held(), []);
    assert_eq!(after.told(), []);
    after.link(LinkEvent::Up);
    let (_, hello) = after.link.0.take().pop().unwrap();
    assert_eq!(wire::decode::<Hello>(&hello).unwrap().plans, []);
    after.hear(Channel::Plan, wire::encode(&plan_message(1)));
    after.hold_plan(1);
    assert_eq!(after.voice.night.held().len(), 1);
}

#[test]
fn an_eye_that_is_silent_at_a_due_look_is_told_to_the_hub_at_once() {
    let mut unit = Unit::start(SimulatedDisk::default(), 0);
    unit.hear(Channel::Plan, wire::encode(&plan_message(1)));
    unit.hold_plan(1);
    unit.pass(59, Some(LastLook::Fit));
    unit.second = 59;
    unit.link(LinkEvent::Up);
    unit.taken();
    unit.told();
    // Nothing was answered since; the look at 60 is asked for and lost.
    unit.pass(101, None);
    assert_eq!(unit.told(), [look(1)]);
    let sent = unit.link.0.take();
    let (_, body) = sent
        .iter()
        .find(|(channel, _)| *channel == Channel::Notice)
        .unwrap();
    let notice: Notice = wire::decode(body).unwrap();
    assert_eq!(
        (notice.check, notice.look, notice.fault),
        (check(), 1, Fault::EyeDown)
    );
    // By the second look it is known to be down, and is not asked.
    unit.pass(181, None);
    assert_eq!(unit.told(), []);
    let sent = unit.taken();
    assert!(
        sent.contains(&Channel::Notice) && sent.contains(&Channel::Heartbeat),
        "{sent:?}"
    );
}

#[test]
fn a_notice_goes_until_somebody_has_it() {
    let mut unit = Unit::ready();
    unit.pass(60, Some(LastLook::Fit));
    let why = Refusal::TooMany;
    unit.eye(FromEye::Refused {
        check: check(),
        look: 1,
        why,
    });
    assert!(unit.taken().contains(&Channel::Notice));
    unit.link(LinkEvent::Down);
    unit.link(LinkEvent::Up);
    assert_eq!(unit.taken(), [Channel::Hello, Channel::Notice]);
    unit.link(LinkEvent::Confirmed(Listeners::Some));
    unit.link(LinkEvent::Confirmed(Listeners::None));
    unit.link(LinkEvent::Down);
    unit.link(LinkEvent::Up);
    assert_eq!(
        unit.taken(),
        [Channel::Hello, Channel::Notice],
        "nobody listened"
    );
    unit.link(LinkEvent::Confirmed(Listeners::Some));
    unit.link(LinkEvent::Confirmed(Listeners::Some));
    unit.link(LinkEvent::Down);
    unit.link(LinkEvent::Up);
    assert_eq!(unit.taken(), [Channel::Hello]);
}

#[test]
fn a_full_disk_stops_no_report_and_is_told() {
    let mut unit = Unit::ready();
    unit.voice.outbox.disk().health = DiskHealth::Full;
    unit.eye(FromEye::Report(report(1, Finding::NotVisible)));
    let sent = unit.link.0.take();
    let channels: Vec<Channel> = sent.iter().map(|(channel, _)| *channel).collect();
    assert_eq!(channels, [Channel::Report, Channel::Notice]);
    let notice: Notice = wire::decode(&sent[1].1).unwrap();
    assert_eq!(notice.fault, Fault::DiskDown);
    // Another report says it again; when the disk has taken everything, nothing more is said.
    unit.eye(FromEye::Report(report(2, Finding::NotVisible)));
    assert_eq!(unit.taken(), [Channel::Report, Channel::Notice]);
    unit.voice.outbox.disk().health = DiskHealth::Well;
    unit.pass(130, Some(LastLook::Fit));
    unit.taken();
    unit.eye(FromEye::Report(report(3, Finding::NotVisible)));
    unit.taken();
    unit.eye(FromEye::Report(report(4, Finding::NotVisible)));
    assert_eq!(unit.taken(), [Channel::Report]);
    let after = Unit::start(unit.voice.outbox.disk().clone(), 140);
    assert_eq!(after.voice.outbox.waiting(), 4);
    let spent = after.voice.night.progress().next().map(|made| made.spent);
    assert_eq!(spent, Some(1));
}

#[test]
fn plans_and_progress_that_a_broken_disk_did_not_take_are_written_when_it_does() {
    let mut unit = Unit::start(SimulatedDisk::default(), 0);
    unit.link(LinkEvent::Up);
    unit.hear(Channel::Plan, wire::encode(&plan_message(1)));
    unit.voice.outbox.disk().health = DiskHealth::Full;
    unit.hold_plan(1);
    unit.pass(61, Some(LastLook::Fit));
    assert!(unit.told().contains(&look(1)), "looks go on");
    assert!(!unit.voice.outbox.disk().files.contains_key("plans"));
    unit.voice.outbox.disk().health = DiskHealth::Well;
    unit.pass(125, Some(LastLook::Fit));
    let after = Unit::start(unit.voice.outbox.disk().clone(), 126);
    assert_eq!(after.voice.night.held().len(), 1);
    let spent = after.voice.night.progress().next().map(|made| made.spent);
    assert_eq!(spent, Some(1));
}

#[test]
fn an_outbox_of_many_nights_is_sent_in_portions() {
    let mut unit = Unit::ready();
    unit.link(LinkEvent::Down);
    for counter in 1..=100 {
        unit.eye(FromEye::Report(report(counter, Finding::NotVisible)));
    }
    assert_eq!(unit.taken(), []);
    unit.link(LinkEvent::Up);
    let mut sent = 0;
    for counter in 1..=100 {
        sent += unit
            .taken()
            .iter()
            .filter(|channel| **channel == Channel::Report)
            .count();
        assert!(sent <= sending::WINDOW + usize::try_from(counter).unwrap());
        unit.hear(Channel::Ack, ack(counter));
    }
    sent += unit.taken().len();
    assert_eq!((sent, unit.voice.outbox.waiting()), (100, 0));
}

#[test]
fn reports_that_are_never_acknowledged_do_not_keep_back_the_others() {
    let mut unit = Unit::ready();
    unit.link(LinkEvent::Down);
    for counter in 1..=40 {
        unit.eye(FromEye::Report(report(counter, Finding::NotVisible)));
    }
    unit.link(LinkEvent::Up);
    unit.link.0.take();
    unit.pass(31, Some(LastLook::Fit));
    let second_round = unit.link.0.take();
    let bodies: Vec<String> = second_round
        .iter()
        .map(|(_, body)| String::from_utf8_lossy(body).into_owned())
        .collect();
    assert!(
        bodies
            .iter()
            .any(|body| body.contains("\\\"counter\\\":40")),
        "{bodies:?}"
    );
}

#[test]
fn rubbish_is_counted_and_stops_nothing() {
    let mut unit = Unit::ready();
    unit.hear(Channel::Plan, b"rubbish".to_vec());
    unit.hear(Channel::Ack, b"{\"v\":9}".to_vec());
    unit.hear(Channel::Heartbeat, Vec::new());
    unit.link(LinkEvent::Strange {
        topic: "n1/else".to_owned(),
    });
    let body = "{".to_owned();
    unit.eye(FromEye::Report(Signed {
        body,
        signature: String::new(),
    }));
    let mut elsewhere = plan_message(2);
    elsewhere.plan.body = elsewhere.plan.body.replace("u0000001", "u0000002");
    unit.hear(Channel::Plan, wire::encode(&elsewhere));
    assert_eq!(unit.voice.dropped(), 6);
    unit.pass(60, Some(LastLook::Fit));
    assert_eq!(unit.told(), [look(1)]);
}

#[test]
fn a_demonstrations_clock_waits_for_looks_and_acknowledgements_and_for_nothing_else() {
    let mut unit = Unit::ready();
    unit.second = 1;
    assert_eq!(unit.voice.haste(at(1)), Haste::Free);
    // 30 s before the look at 60.
    assert!(unit.voice.next_timeout(at(25)) <= at(30).uptime);
    unit.pass(30, Some(LastLook::Fit));
    assert_eq!(unit.voice.haste(at(30)), Haste::Hold);
    unit.pass(61, Some(LastLook::Fit));
    assert_eq!(unit.voice.haste(at(61)), Haste::Hold);
    unit.eye(FromEye::Report(report(1, Finding::Visible)));
    assert_eq!(unit.voice.haste(at(61)), Haste::Hold);
    unit.link(LinkEvent::Down);
    assert_eq!(unit.voice.haste(at(61)), Haste::Free);
    unit.link(LinkEvent::Up);
    assert_eq!(unit.voice.haste(at(61)), Haste::Hold);
    unit.hear(Channel::Ack, ack(1));
    assert_eq!(unit.voice.haste(at(61)), Haste::Free);
}

#[test]
fn heartbeats_come_each_minute_at_the_units_own_second() {
    let mut unit = Unit::ready();
    let mut seconds = Vec::new();
    for second in 1..=300 {
        unit.pass(second, Some(LastLook::Faulty));
        for (channel, body) in unit.link.0.take() {
            if channel == Channel::Heartbeat {
                let heartbeat: Heartbeat = wire::decode(&body).unwrap();
                seconds.push(second);
                assert_eq!(heartbeat.sequence, u32::try_from(seconds.len()).unwrap());
            }
        }
    }
    assert_eq!(seconds.len(), 5);
    assert!(
        seconds.windows(2).all(|pair| pair[1] - pair[0] == 60),
        "{seconds:?}"
    );
    let phase = |unit: &str| next_heartbeat(unit.parse().unwrap(), at(0).uptime);
    assert_ne!(phase("u0000001"), phase("u0000002"));
}

/// Keeps the names of what was written, in order.
#[derive(Clone, Default)]
struct NotedDisk(Rc<RefCell<Vec<String>>>);

impl Disk for NotedDisk {
    fn read(&mut self, _name: &str) -> std::io::Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn append(&mut self, name: &str, _bytes: &[u8]) -> std::io::Result<()> {
        self.0.borrow_mut().push(name.to_owned());
        Ok(())
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.append(name, bytes)
    }
}

#[test]
fn a_report_is_on_disk_before_its_check_counts_as_seen() {
    let disk = NotedDisk::default();
    let (link, eye) = (SimulatedLink::default(), SimulatedEye::default());
    let unit = "u0000001".parse().unwrap();
    let mut voice = Voice::resume(at(0), unit, disk.clone(), link, eye);
    let seen = Event::Eye(FromEye::Report(report(1, Finding::Visible)));
    voice.apply(at(65), Duration::ZERO, seen);
    assert_eq!(*disk.0.borrow(), ["outbox", "progress"]);
}
