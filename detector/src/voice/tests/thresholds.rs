//! What the voice carries of thresholds and counts, keeps and forgets.

use jiff::civil::Date;
use nattsyn_protocol::hello::Ack;
use nattsyn_protocol::policy::{Build, Capability};
use nattsyn_protocol::thresholds::{
    CountsMessage, HeldThresholds, HomeThresholds, NIGHTS_WAITING_MAX, NightCounts,
    ThresholdsMessage,
};

use super::*;

fn thresholds(version: u32, epoch: u32) -> ThresholdsMessage {
    let key = SigningKey::from_bytes(&[2; 32]);
    let thresholds = HomeThresholds {
        unit: "u0000001".parse().unwrap(),
        version,
        visible: 50,
        not_visible: 45,
        anew: 0,
    };
    let endorsement = Endorsement {
        key: PublicKey::of(&key),
        epoch,
    };
    ThresholdsMessage {
        thresholds: Signed::seal(&thresholds, &key),
        endorsement: Signed::seal(&endorsement, &SigningKey::from_bytes(&[1; 32])),
    }
}

fn capable(thresholds: Option<u32>) -> FromEye {
    let capability = Capability {
        unit: "u0000001".parse().unwrap(),
        boot: BootId(7),
        build: Build::SensorOnly,
        policy: None,
        thresholds: thresholds.map(|version| HeldThresholds {
            version,
            ..HeldThresholds::default()
        }),
        commissioning: None,
        commissioned: None,
        word: None,
    };
    FromEye::Capable(Signed::seal(&capability, &SigningKey::from_bytes(&[3; 32])))
}

fn night(number: i8) -> Date {
    jiff::civil::date(2026, 11, 1)
        .checked_add(jiff::Span::new().days(number))
        .unwrap()
}

fn counts(number: i8, bin: u8) -> CountsMessage {
    let counts = NightCounts {
        unit: "u0000001".parse().unwrap(),
        night: night(number),
        checks: vec![(bin, 1)],
        otherwise: 0,
        evidence: None,
    };
    CountsMessage {
        counts: Signed::seal(&counts, &SigningKey::from_bytes(&[3; 32])),
    }
}

impl Unit {
    /// The hub's last word to a hello.
    fn answer_hello(&mut self) {
        self.acknowledge(&[]);
    }

    fn acknowledge(&mut self, nights: &[Date]) {
        let (reports, counts) = (Vec::new(), nights.to_vec());
        self.hear(Channel::Ack, wire::encode(&Ack { reports, counts }));
    }

    /// The nights that were sent since the last call, the broker confirming everything.
    fn nights(&mut self) -> Vec<Date> {
        let mut sent = self.link.0.take();
        while !self.voice.sending.sent.is_empty() {
            self.link(LinkEvent::Confirmed(Listeners::Some));
            sent.extend(self.link.0.take());
        }
        let counts = sent
            .into_iter()
            .filter(|(channel, _)| *channel == Channel::Counts);
        let night = |(_, body): (Channel, Vec<u8>)| {
            let message: CountsMessage = wire::decode(&body).unwrap();
            let counts: NightCounts = serde_json::from_str(&message.counts.body).unwrap();
            counts.night
        };
        counts.map(night).collect()
    }
}

#[test]
fn thresholds_are_kept_once_the_eye_holds_them_and_given_to_every_eye_that_starts() {
    let mut unit = Unit::ready();
    unit.hear(Channel::Thresholds, wire::encode(&thresholds(3, 1)));
    assert_eq!(unit.told(), [ToEye::Thresholds(thresholds(3, 1))]);
    unit.eye(capable(None));
    unit.eye(capable(Some(3)));
    // Somebody who merely reaches the broker: the eye never says that it holds these.
    unit.hear(Channel::Thresholds, wire::encode(&thresholds(9, 1)));
    unit.eye(capable(Some(3)));
    let mut next = Unit::start(unit.voice.outbox.disk().clone(), 5);
    let given = next.told();
    assert_eq!(given[0], ToEye::Thresholds(thresholds(3, 1)));
    assert!(!given.contains(&ToEye::Thresholds(thresholds(9, 1))));
    next.eye(FromEye::Started { boot: BootId(8) });
    assert_eq!(next.told()[0], ToEye::Thresholds(thresholds(3, 1)));
    // An older one is not even shown to it, nor the same version under a key that claims more.
    for known in [thresholds(2, 1), thresholds(3, u32::MAX)] {
        next.hear(Channel::Thresholds, wire::encode(&known));
        assert!(next.told().is_empty());
    }
    // Under the root's next key versions begin anew.
    next.hear(Channel::Thresholds, wire::encode(&thresholds(1, 2)));
    assert_eq!(next.told(), [ToEye::Thresholds(thresholds(1, 2))]);
}

#[test]
fn what_thresholds_the_eye_works_by_is_in_a_hello_whenever_it_changes() {
    let mut unit = Unit::ready();
    unit.eye(capable(None));
    assert_eq!(unit.taken(), [Channel::Hello]);
    unit.eye(capable(None));
    assert_eq!(unit.taken(), []);
    unit.eye(capable(Some(3)));
    assert_eq!(unit.taken(), [Channel::Hello]);
}

#[test]
fn a_nights_counts_go_after_the_answer_to_a_hello_until_they_are_acknowledged() {
    let mut unit = Unit::ready();
    unit.eye(FromEye::Counts(counts(1, 40)));
    assert_eq!(unit.nights(), [night(1)]);
    // Everything that waits goes whenever a night is new.
    unit.eye(FromEye::Counts(counts(2, 41)));
    assert_eq!(unit.nights(), [night(1), night(2)]);
    // Not again and again: nobody waits for them.
    unit.pass(600, Some(LastLook::Fit));
    assert_eq!(unit.nights(), []);
    unit.link(LinkEvent::Down);
    unit.link(LinkEvent::Up);
    assert_eq!(unit.nights(), [], "the hello is not answered yet");
    unit.answer_hello();
    assert_eq!(unit.nights(), [night(1), night(2)]);
    // An answer to nothing begins no round.
    unit.answer_hello();
    assert_eq!(unit.nights(), []);
    unit.acknowledge(&[night(1)]);
    unit.link(LinkEvent::Down);
    let mut next = Unit::start(unit.voice.outbox.disk().clone(), 5);
    next.link(LinkEvent::Up);
    // What acknowledges nights alone is no answer to a hello.
    next.acknowledge(&[night(9)]);
    assert_eq!(next.nights(), []);
    next.answer_hello();
    assert_eq!(next.nights(), [night(2)]);
}

#[test]
fn reports_go_before_counts() {
    let mut unit = Unit::ready();
    unit.link(LinkEvent::Down);
    unit.eye(FromEye::Counts(counts(1, 40)));
    // One more than may be under way.
    for counter in 1..=u64::try_from(sending::WINDOW).unwrap() + 1 {
        unit.eye(FromEye::Report(report(counter, Finding::NotVisible)));
    }
    unit.link(LinkEvent::Up);
    unit.answer_hello();
    assert!(
        !unit.taken().contains(&Channel::Counts),
        "a report waits to be sent"
    );
    unit.hear(Channel::Ack, ack(1));
    assert_eq!(unit.taken(), [Channel::Report, Channel::Counts]);
}

#[test]
fn one_night_is_on_its_way_at_a_time() {
    let mut unit = Unit::ready();
    unit.link(LinkEvent::Down);
    for number in 1..=3 {
        unit.eye(FromEye::Counts(counts(number, 40)));
    }
    unit.link(LinkEvent::Up);
    unit.answer_hello();
    let sent = |unit: &mut Unit| {
        unit.taken()
            .iter()
            .filter(|it| **it == Channel::Counts)
            .count()
    };
    assert_eq!(sent(&mut unit), 1);
    unit.answer_hello();
    assert_eq!(sent(&mut unit), 0);
    // The hello's confirmation, then that of the first.
    unit.link(LinkEvent::Confirmed(Listeners::Some));
    assert_eq!(sent(&mut unit), 0);
    unit.link(LinkEvent::Confirmed(Listeners::Some));
    assert_eq!(sent(&mut unit), 1);
}

#[test]
fn an_eye_that_starts_again_and_again_says_nothing_that_the_hub_has() {
    let mut unit = Unit::ready();
    unit.eye(FromEye::Counts(counts(1, 40)));
    assert_eq!(unit.nights(), [night(1)]);
    unit.acknowledge(&[night(1)]);
    unit.taken();
    for _ in 0..3 {
        unit.eye(FromEye::Counts(counts(1, 40)));
    }
    assert_eq!(unit.nights(), []);
    // Another word about the same night is heard.
    unit.eye(FromEye::Counts(counts(1, 41)));
    assert_eq!(unit.nights(), [night(1)]);
}

#[test]
fn a_month_waits_at_most_and_a_night_said_twice_waits_once() {
    let mut unit = Unit::ready();
    unit.link(LinkEvent::Down);
    let last = i8::try_from(NIGHTS_WAITING_MAX).unwrap() + 4;
    for number in 1..=last {
        unit.eye(FromEye::Counts(counts(number, 40)));
        unit.eye(FromEye::Counts(counts(number, 40)));
    }
    let mut next = Unit::start(unit.voice.outbox.disk().clone(), 5);
    next.link(LinkEvent::Up);
    next.answer_hello();
    let nights = next.nights();
    assert_eq!(nights.len(), NIGHTS_WAITING_MAX);
    assert_eq!((nights[0], nights.last()), (night(5), Some(&night(last))));
    assert!(
        next.voice
            .outbox
            .disk()
            .files
            .values()
            .all(|file| file.len() < 16 * 1024),
        "a month is some kilobytes"
    );
}

#[test]
fn what_is_no_counts_is_counted_as_dropped() {
    let mut unit = Unit::ready();
    let before = unit.voice.dropped();
    let mut rubbish = counts(1, 40);
    rubbish.counts.body = "{}".to_owned();
    unit.eye(FromEye::Counts(rubbish));
    assert_eq!(unit.voice.dropped(), before + 1);
    assert_eq!(unit.nights(), []);
    let mut elsewhere: HomeThresholds =
        serde_json::from_str(&thresholds(1, 1).thresholds.body).unwrap();
    elsewhere.unit = "u0000002".parse().unwrap();
    let mut foreign = thresholds(1, 1);
    foreign.thresholds = Signed::seal(&elsewhere, &SigningKey::from_bytes(&[2; 32]));
    unit.hear(Channel::Thresholds, wire::encode(&foreign));
    unit.hear(Channel::Thresholds, b"{\"v\":1}".to_vec());
    unit.hear(Channel::Counts, wire::encode(&counts(1, 40)));
    assert_eq!(unit.voice.dropped(), before + 4);
    assert!(unit.told().is_empty());
}

#[test]
fn a_full_disk_holds_no_counts_back_and_is_told_and_written_to_when_it_can() {
    let mut unit = Unit::ready();
    unit.voice.outbox.disk().health = DiskHealth::Full;
    unit.eye(FromEye::Counts(counts(1, 40)));
    assert_eq!(unit.nights(), [night(1)]);
    unit.pass(120, Some(LastLook::Fit));
    assert_eq!(unit.voice.disk_word, DiskWord::Untold);
    unit.voice.outbox.disk().health = DiskHealth::Well;
    unit.pass(240, Some(LastLook::Fit));
    let mut next = Unit::start(unit.voice.outbox.disk().clone(), 245);
    next.link(LinkEvent::Up);
    next.answer_hello();
    assert_eq!(next.nights(), [night(1)]);
}

#[test]
fn a_file_of_counts_that_is_damaged_costs_nights_and_stops_nothing() {
    let mut unit = Unit::ready();
    unit.link(LinkEvent::Down);
    unit.eye(FromEye::Counts(counts(1, 40)));
    let mut disk = unit.voice.outbox.disk().clone();
    disk.files.get_mut("counts").unwrap().truncate(40);
    let mut next = Unit::start(disk, 5);
    assert_eq!(next.voice.disk_word, DiskWord::Untold);
    next.link(LinkEvent::Up);
    next.answer_hello();
    assert_eq!(next.nights(), []);
    next.eye(FromEye::Counts(counts(2, 40)));
    assert_eq!(next.nights(), [night(2)]);
}
