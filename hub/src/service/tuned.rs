//! What becomes of thresholds and counts at the desk, over its real ledger.

use jiff::ToSpan as _;
use jiff::civil::Date;

use nattsyn_protocol::heartbeat::{EyeState, Heartbeat};
use nattsyn_protocol::hello::{Ack, Hello};
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::policy::{Build, Capability};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::thresholds::{
    CountsMessage, HeldThresholds, HomeThresholds, NightCounts, ThresholdsMessage,
};
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::messages::tests::{Office, eye, homes, keys};
use super::{Answer, Done};
use crate::ingest::{DropKind, Publication};
use crate::settings::Settings;
use crate::settings::compare::Place;
use crate::store::{SqliteStore, Store as _, Tunings};
use crate::tuning::counter::Counter;
use crate::tuning::standing::{Progress, REMINDED_AFTER, progress};
use crate::tuning::{Decision, Floor, Gone, Levels};

impl Office {
    /// Something is written beside the desk.
    fn beside<T>(&self, at_s: u64, act: impl FnOnce(&mut Counter<'_>) -> T) -> T {
        let roster = SqliteStore::open(&self.path).unwrap().roster().unwrap();
        let mut rows = Tunings::open(&self.path).unwrap();
        let settings = Settings::default();
        act(&mut Counter {
            rows: &mut rows,
            roster: &roster,
            settings: &settings,
            keys: &keys(),
            floor: Floor::default(),
            now: self.at(at_s).timestamp,
        })
    }

    /// One proposes and another approves.
    fn tunes(&self, at_s: u64, visible: u8) {
        let levels = Levels {
            visible,
            not_visible: 48,
        };
        self.beside(at_s, |counter| approve(counter, levels));
    }
}

fn approve(counter: &mut Counter<'_>, levels: Levels) {
    let by = ("prov", &"chef-001".parse().unwrap());
    counter
        .propose(&Place::Municipality, (Some(levels), Gone::AsBefore), by)
        .unwrap();
    let waiting = counter.rows.book().unwrap();
    let waiting = waiting.waiting().next().unwrap().clone();
    let other = "chef-002".parse().unwrap();
    let shown = counter.shown(&waiting.place, waiting.levels).unwrap();
    let decision = (Decision::Approved, shown.as_str());
    counter.decide(waiting.id, decision, &other).unwrap();
}

impl Office {
    /// An eye says that it holds the newest thresholds that the hub has signed, by that version.
    fn says_hello(&mut self, at_s: u64, held: Option<u32>) -> Done {
        let rows = Tunings::open(&self.path).unwrap().newest().unwrap();
        let newest = rows.get(&homes().homes[0].unit).map(|it| it.thresholds);
        let held = held.map(|version| HeldThresholds {
            version,
            visible: newest.map(|it| it.visible),
            not_visible: newest.map(|it| it.not_visible),
            ..HeldThresholds::default()
        });
        self.says_that_it_holds(at_s, held)
    }

    fn says_that_it_holds(&mut self, at_s: u64, held: Option<HeldThresholds>) -> Done {
        let unit = homes().homes[0].unit;
        let capability = Capability {
            unit,
            boot: BootId(7),
            build: Build::SensorOnly,
            policy: None,
            thresholds: held,
            commissioning: None,
            commissioned: None,
            word: None,
        };
        let hello = Hello {
            unit,
            software: "0.1.0".to_owned(),
            plans: Vec::new(),
            waiting: 0,
            eye: Some(Signed::seal(&capability, &eye())),
        };
        self.hears(at_s, Channel::Hello, wire::encode(&hello))
    }

    fn hears(&mut self, at_s: u64, channel: Channel, body: Vec<u8>) -> Done {
        let unit = homes().homes[0].unit;
        let topic = Topic { unit, channel }.to_string();
        let now = self.at(at_s);
        self.desk.take(now, &[Publication { topic, body }]).unwrap()
    }

    fn counts(&mut self, at_s: u64, counts: &NightCounts) -> Vec<Date> {
        let counts = Signed::seal(counts, &eye());
        let body = wire::encode(&CountsMessage { counts });
        let done = self.hears(at_s, Channel::Counts, body);
        let acks = done.answers.iter();
        let acks = acks.filter(|it| it.topic.channel == Channel::Ack);
        let acks = acks.map(|it| wire::decode::<Ack>(&it.body).unwrap());
        acks.flat_map(|ack| ack.counts).collect()
    }

    fn kept(&self) -> Vec<NightCounts> {
        let rows = Tunings::open(&self.path).unwrap();
        let counted = rows.counts_since(Date::MIN).unwrap().into_iter();
        let here = Some(homes().homes[0].id);
        counted
            .inspect(|it| assert_eq!(it.home, here))
            .map(|it| it.night)
            .collect()
    }

    fn goes_by(&self) -> Progress {
        let rows = Tunings::open(&self.path).unwrap();
        let unit = homes().homes[0].unit;
        let (sent, words) = (rows.newest().unwrap(), rows.words().unwrap());
        progress(sent.get(&unit), words.get(&unit).copied())
    }
}

/// The thresholds among some answers.
fn thresholds(answers: &[Answer]) -> Vec<HomeThresholds> {
    let sent = answers
        .iter()
        .filter(|it| it.topic.channel == Channel::Thresholds);
    let opened = sent.map(|answer| {
        let message: ThresholdsMessage = wire::decode(&answer.body).unwrap();
        message.open(&keys().root).unwrap()
    });
    opened.collect()
}

#[test]
fn a_unit_without_approved_thresholds_is_sent_none() {
    let mut office = Office::open();
    let signed = office.beside(15, |counter| counter.settle().unwrap());
    assert_eq!(signed, 0);
    let now = office.at(16);
    assert_eq!(thresholds(&office.desk.look(now).unwrap().answers), []);
    let done = office.says_hello(20, None);
    assert_eq!(thresholds(&done.answers), []);
    assert_eq!(office.goes_by(), Progress::None);
}

#[test]
fn what_was_approved_is_sent_at_once_and_at_each_hello_until_the_eye_says_that_it_holds_it() {
    let mut office = Office::open();
    office.tunes(20, 50);
    let now = office.at(21);
    let done = office.desk.look(now).unwrap();
    let sent = thresholds(&done.answers);
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].version, sent[0].visible), (1, 50));
    assert_eq!(office.goes_by(), Progress::Waits(office.at(20).timestamp));
    let done = office.says_hello(40, None);
    assert_eq!(thresholds(&done.answers), sent);
    let done = office.says_hello(60, Some(1));
    assert_eq!(thresholds(&done.answers), []);
    assert_eq!(
        office.goes_by(),
        Progress::Acknowledged(office.at(60).timestamp)
    );
    // The next version is waited for anew, and an older word is none for it.
    office.tunes(80, 52);
    let now = office.at(81);
    office.desk.look(now).unwrap();
    let done = office.says_hello(100, Some(1));
    assert_eq!(thresholds(&done.answers)[0].version, 2);
    // A hub that starts anew knows the same.
    let mut office = office.restarted(110);
    assert_eq!(office.goes_by(), Progress::Waits(office.at(80).timestamp));
    let done = office.says_hello(120, Some(2));
    assert_eq!(thresholds(&done.answers), []);
    assert_eq!(
        office.goes_by(),
        Progress::Acknowledged(office.at(120).timestamp)
    );
}

#[test]
fn a_unit_that_holds_other_levels_by_the_newest_version_is_signed_a_higher_one() {
    let mut office = Office::open();
    office.tunes(20, 50);
    let later = 20 + REMINDED_AFTER.as_secs();
    // As after a restored backup: that version came before, with other levels.
    let held = |version, visible| HeldThresholds {
        version,
        visible: Some(visible),
        not_visible: Some(48),
        ..HeldThresholds::default()
    };
    let done = office.says_that_it_holds(later, Some(held(1, 44)));
    assert_eq!(
        thresholds(&done.answers),
        [],
        "it takes nothing by version 1"
    );
    assert_eq!(office.goes_by(), Progress::Waits(office.at(20).timestamp));
    let signed = office.beside(later + 1, |counter| counter.settle().unwrap());
    assert_eq!(signed, 1);
    let now = office.at(later + 2);
    let sent = thresholds(&office.desk.look(now).unwrap().answers);
    assert_eq!((sent[0].version, sent[0].visible), (2, 50));
    // One that says so of every version is signed one more each ten minutes, and no oftener.
    office.says_that_it_holds(later + 3, Some(held(2, 44)));
    assert_eq!(
        office.beside(later + 4, |counter| counter.settle().unwrap()),
        0
    );
    office.says_that_it_holds(later + 5, Some(held(2, 50)));
    let since = Progress::Acknowledged(office.at(later + 5).timestamp);
    assert_eq!(office.goes_by(), since);
    let much_later = later + 2 * REMINDED_AFTER.as_secs();
    let signed = office.beside(much_later, |counter| counter.settle().unwrap());
    assert_eq!(signed, 0);
}

#[test]
fn an_older_unit_that_says_no_levels_acknowledges_nothing_and_is_sent_nothing_over_and_over() {
    let mut office = Office::open();
    office.tunes(20, 50);
    let held = HeldThresholds {
        version: 1,
        ..HeldThresholds::default()
    };
    let later = 30 + 2 * REMINDED_AFTER.as_secs();
    for at_s in [30, later] {
        let done = office.says_that_it_holds(at_s, Some(held));
        assert_eq!(thresholds(&done.answers), []);
        assert_eq!(office.goes_by(), Progress::Unsaid(1));
        let signed = office.beside(at_s + 1, |counter| counter.settle().unwrap());
        assert_eq!(signed, 0);
    }
}

#[test]
fn a_unit_that_refuses_and_says_hello_each_time_makes_no_loop() {
    let mut office = Office::open();
    office.tunes(20, 50);
    let now = office.at(21);
    office.desk.look(now).unwrap();
    let mut sent = 0;
    for at_s in 22..52 {
        sent += thresholds(&office.says_hello(at_s, None).answers).len();
    }
    assert_eq!(sent, 3, "once in ten seconds");
}

#[test]
fn a_unit_that_is_heard_and_says_no_hello_is_reminded_at_last() {
    let mut office = Office::open();
    office.says_hello(15, None);
    office.tunes(20, 50);
    let now = office.at(21);
    office.desk.look(now).unwrap();
    let mut heard = |at_s| {
        let heartbeat = Heartbeat {
            at_ms: office.at(at_s).timestamp,
            sequence: 1,
            eye: EyeState::Ready,
            waiting: 0,
        };
        let body = wire::encode(&heartbeat);
        let done = office.hears(at_s, Channel::Heartbeat, body);
        thresholds(&done.answers).len()
    };
    assert_eq!(heard(80), 0);
    assert_eq!(heard(21 + REMINDED_AFTER.as_secs()), 1);
}

fn night(office: &Office, days_ago: i64, checks: &[(u8, u32)]) -> NightCounts {
    NightCounts {
        unit: homes().homes[0].unit,
        night: office.check.id.night.checked_sub(days_ago.days()).unwrap(),
        checks: checks.to_vec(),
        otherwise: 0,
        evidence: None,
    }
}

#[test]
fn a_nights_counts_are_acknowledged_once_written_and_the_first_that_came_stand() {
    let mut office = Office::open();
    let first = night(&office, 1, &[(40, 2), (60, 3)]);
    assert_eq!(office.counts(20, &first), [first.night]);
    assert_eq!(office.kept(), std::slice::from_ref(&first));
    // Again, and again after a restart: the same answer and one row.
    assert_eq!(office.counts(21, &first), [first.night]);
    let mut office = office.restarted(30);
    assert_eq!(office.counts(31, &first), [first.night]);
    let other = night(&office, 1, &[(64, 5)]);
    assert_eq!(office.counts(32, &other), [first.night]);
    assert_eq!(office.kept(), [first]);
    assert_eq!(office.desk.drops.of(DropKind::OtherCounts), 1);
}

#[test]
fn counts_of_a_night_to_come_or_long_past_or_that_no_night_can_have_are_counted_and_dropped() {
    let mut office = Office::open();
    for (at_s, days_ago) in [(20, -1), (21, 91)] {
        let counts = night(&office, days_ago, &[(40, 2)]);
        assert_eq!(office.counts(at_s, &counts), []);
    }
    let impossible = night(&office, 1, &[(40, 2), (40, 3)]);
    assert_eq!(office.counts(22, &impossible), []);
    assert_eq!(office.desk.drops.of(DropKind::ImpossibleCounts), 3);
    let own = night(&office, 1, &[(40, 2)]);
    let stranger = ed25519_dalek::SigningKey::from_bytes(&[8; 32]);
    let forged = CountsMessage {
        counts: Signed::seal(&own, &stranger),
    };
    office.hears(23, Channel::Counts, wire::encode(&forged));
    assert_eq!(office.desk.drops.of(DropKind::WrongSignature), 1);
    let others = NightCounts {
        unit: "u0000009".parse().unwrap(),
        ..own
    };
    assert_eq!(office.counts(24, &others), []);
    assert_eq!(office.desk.drops.of(DropKind::AnotherUnit), 1);
    assert_eq!(office.kept(), []);
}
