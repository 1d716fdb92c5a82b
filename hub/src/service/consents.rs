//! What becomes of consents at the desk, over its real ledger: who is sent which policy when, and
//! what a *no* makes of a night that is frozen.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;

use nattsyn_protocol::hello::Hello;
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::policy::{
    Approval, Build, Capability, HeldPolicy, Mode, Policy, PolicyMessage,
};
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::messages::tests::{Office, eye, homes, keys};
use super::{Answer, Done};
use crate::consent::counter::{Counter, Run};
use crate::consent::draft::Draft;
use crate::consent::functions::{Pictures, Progress, Said};
use crate::consent::{Form, Rules, Taker, Withdrawal, Withdrawn};
use crate::ingest::Publication;
use crate::store::{SqliteStore, Store as _};
use crate::view::Cause;
use crate::watch::situation::Situation;

const ZONE: &str = "Europe/Stockholm";

fn draft(scope: &str) -> Draft {
    Draft {
        kinds: ["care", "design", "processing"].map(str::to_owned).to_vec(),
        form: "oral".to_owned(),
        scope: scope.to_owned(),
        given_by: "den enskilde".to_owned(),
        household: "alone".to_owned(),
        capacity: "own".to_owned(),
        alternatives: "larmmatta".to_owned(),
        informed: "berättade".to_owned(),
        on: "2026-11-20".to_owned(),
        review: "2027-05-01".to_owned(),
        ..Draft::default()
    }
}

impl Office {
    /// Something is written down by another process.
    fn at_counter<T>(&self, at_s: u64, act: impl FnOnce(&mut Counter<'_>) -> T) -> T {
        let mut store = SqliteStore::open(&self.path).unwrap();
        // As the desk knows it, or as if it had said what was built into it and nothing more.
        let known = self.desk.tonight(self.at(60)).consent.said();
        let said = known.get(&homes().homes[0].unit).copied();
        let said = said.unwrap_or(Said {
            build: Build::LiveView,
            held: None,
            highest: 0,
            boot: BootId(7),
            at: self.at(0).timestamp,
        });
        act(&mut Counter {
            store: &mut store,
            keys: &keys(),
            zone: ZONE,
            rules: Rules::default(),
            said: BTreeMap::from([(homes().homes[0].unit, said)]),
            now: self.at(at_s).timestamp,
        })
    }

    fn agrees(&self, at_s: u64, scope: &str) {
        let resident = homes().homes[0].residents[0].id;
        self.at_counter(at_s, |counter| {
            let taker = Taker::enrolment();
            counter.record(resident, &draft(scope), &taker, Run::Real)
        })
        .unwrap();
    }

    fn withdraws(&self, at_s: u64) {
        let resident = homes().homes[0].residents[0].id;
        let withdrawn = Withdrawn {
            what: Withdrawal::Everything,
            form: Form::Oral,
            by: "den enskilde".to_owned(),
            note: String::new(),
        };
        self.at_counter(at_s, |counter| {
            counter.withdraw(resident, &withdrawn, &Taker::enrolment())
        })
        .unwrap();
    }

    fn looks(&mut self, at_s: u64) -> Done {
        let now = self.at(at_s);
        self.desk.look(now).unwrap()
    }

    /// The unit says hello, with an eye's word signed by some key.
    fn hello(&mut self, at_s: u64, held: Option<HeldPolicy>, key: &SigningKey) -> Done {
        let unit = homes().homes[0].unit;
        let capability = Capability {
            unit,
            boot: BootId(7),
            build: Build::LiveView,
            policy: held,
        };
        let hello = Hello {
            unit,
            software: "0.1.0".to_owned(),
            plans: Vec::new(),
            waiting: 0,
            eye: Some(Signed::seal(&capability, key)),
        };
        let topic = Topic {
            unit,
            channel: Channel::Hello,
        };
        let publication = Publication {
            topic: topic.to_string(),
            body: wire::encode(&hello),
        };
        let now = self.at(at_s);
        self.desk.take(now, &[publication]).unwrap()
    }

    fn progress(&self) -> Progress {
        let tonight = self.desk.tonight(self.at(60));
        tonight.consent.units[&homes().homes[0].unit].progress()
    }
}

/// The policies among some answers.
fn policies(answers: &[Answer]) -> Vec<Policy> {
    let sent = answers
        .iter()
        .filter(|it| it.topic.channel == Channel::Policy);
    let opened = sent.map(|answer| {
        let message: PolicyMessage = wire::decode(&answer.body).unwrap();
        message.open(&keys().root).unwrap()
    });
    opened.collect()
}

fn held(version: u32, approval: Approval) -> HeldPolicy {
    HeldPolicy {
        version,
        mode: Mode::LiveView,
        approval,
    }
}

#[test]
fn a_policy_is_sent_at_once_and_again_with_each_hello_until_the_eye_says_that_it_holds_it() {
    let mut office = Office::open();
    office.agrees(20, "live_view_on_unclear");
    let done = office.looks(21);
    let sent = policies(&done.answers);
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].version, sent[0].mode), (1, Mode::LiveView));
    assert!(matches!(office.progress(), Progress::NotReceived(_)));

    let done = office.hello(30, None, &eye());
    assert_eq!(policies(&done.answers), sent);
    let awaited = held(1, Approval::Awaited);
    let done = office.hello(40, Some(awaited), &eye());
    assert_eq!(policies(&done.answers), []);
    assert!(matches!(office.progress(), Progress::AwaitsButton(_)));
    office.hello(50, Some(held(1, Approval::NotNeeded)), &eye());
    assert_eq!(office.progress(), Progress::InForce);
}

#[test]
fn an_eyes_word_by_another_key_is_none() {
    let mut office = Office::open();
    office.agrees(20, "sensor");
    office.looks(21);
    let stranger = SigningKey::from_bytes(&[8; 32]);
    assert_ne!(PublicKey::of(&stranger), PublicKey::of(&eye()));
    let done = office.hello(30, Some(held(9, Approval::NotNeeded)), &stranger);
    assert_eq!(
        policies(&done.answers).len(),
        1,
        "it holds nothing as far as is known"
    );
    assert!(matches!(office.progress(), Progress::NotReceived(_)));
}

#[test]
fn a_no_stops_looks_at_once_and_the_check_that_is_under_way_becomes_a_visit() {
    let mut office = Office::open();
    office.agrees(20, "sensor");
    office.looks(21);
    assert_eq!(office.desk.tonight(office.at(22)).open, []);
    office.withdraws(60);
    let done = office.looks(61);
    let sent = policies(&done.answers);
    assert_eq!((sent[0].version, sent[0].mode), (2, Mode::Off));
    let channels: Vec<Channel> = done.answers.iter().map(|it| it.topic.channel).collect();
    assert_eq!(
        channels,
        [Channel::Policy, Channel::Plan],
        "the no goes first"
    );
    office.pass(62);
    let tonight = office.desk.tonight(office.at(62));
    let causes: Vec<Cause> = tonight.open.iter().map(|row| row.cause).collect();
    assert_eq!(causes, [Cause::VisitPlanned]);
    assert_eq!(tonight.open[0].checks, [office.check.id]);
    let matters: Vec<Situation> = tonight.matters.iter().map(|row| row.situation).collect();
    assert_eq!(matters, [Situation::ConsentWithdrawn]);
    // A hub that starts anew knows the same.
    let office = office.restarted(70);
    let tonight = office.desk.tonight(office.at(70));
    assert_eq!(tonight.open.len(), 1);
    assert_eq!(tonight.matters.len(), 1);
}

#[test]
fn whoever_says_yes_again_is_looked_at_again_and_nobody_is_asked_to_decide() {
    let mut office = Office::open();
    office.agrees(20, "sensor");
    office.withdraws(30);
    office.looks(31);
    office.agrees(40, "sensor");
    let done = office.looks(41);
    assert_eq!(policies(&done.answers)[0].mode, Mode::Sensor);
    office.pass(42);
    assert_eq!(office.desk.tonight(office.at(42)).matters, []);
}

#[test]
fn without_any_entry_nothing_is_sent_and_the_page_counts_whose_consent_is_missing() {
    let mut office = Office::open();
    let done = office.hello(20, None, &eye());
    assert_eq!(policies(&done.answers), []);
    let tonight = office.desk.tonight(office.at(20));
    assert_eq!(tonight.consent.unrecorded.len(), 1);
    assert_eq!(tonight.matters, []);
}

#[test]
fn pictures_are_signed_anew_before_they_end_and_not_every_day() {
    let office = Office::open();
    office.agrees(20, "live_view_on_unclear");
    let day = 24 * 3600;
    let settled = |days: u64| office.at_counter(days * day, |counter| counter.settle().unwrap());
    assert_eq!(settled(2).len(), 0);
    assert_eq!(settled(4).len(), 1);
    assert_eq!(settled(5).len(), 0);
    let store = SqliteStore::open(&office.path).unwrap();
    let newest = store.policies().unwrap().pop_last().unwrap().1;
    assert_eq!(
        (newest.policy.version, newest.policy.mode),
        (2, Mode::LiveView)
    );
    // The day on which it was to be gone through again has passed: looks go on without pictures.
    assert_eq!(settled(200).len(), 1);
    let newest = store.policies().unwrap().pop_last().unwrap().1;
    assert_eq!(newest.policy.mode, Mode::Sensor);
}

#[test]
fn a_no_after_a_ledger_was_restored_reaches_a_unit_that_is_ahead_of_it() {
    for (mode, version) in [(Mode::LiveView, 9), (Mode::LiveView, 1)] {
        let mut office = Office::open();
        office.withdraws(20);
        office.looks(21);
        let ahead = HeldPolicy {
            version,
            mode,
            approval: Approval::NotNeeded,
        };
        office.hello(30, Some(ahead), &eye());
        assert!(
            matches!(office.progress(), Progress::NotReceived(_)),
            "{version}: nothing is said to be in force that is not"
        );
        let settled = office.at_counter(31, |counter| counter.settle().unwrap());
        assert_eq!(
            settled.len(),
            1,
            "{version}: signed anew without being asked"
        );
        let sent = policies(&office.looks(32).answers);
        assert_eq!((sent[0].version, sent[0].mode), (version + 1, Mode::Off));
        let settled = office.at_counter(33, |counter| counter.settle().unwrap());
        assert_eq!(settled.len(), 0, "{version}: once");
        let held = HeldPolicy {
            version: version + 1,
            mode: Mode::Off,
            approval: Approval::NotNeeded,
        };
        office.hello(40, Some(held), &eye());
        assert_eq!(office.progress(), Progress::InForce);
    }
}

#[test]
fn no_picture_is_offered_after_a_no_whatever_the_unit_said_last() {
    let mut office = Office::open();
    office.agrees(20, "live_view_on_unclear");
    office.looks(21);
    office.hello(30, Some(held(1, Approval::NotNeeded)), &eye());
    let unit = homes().homes[0].unit;
    let now = office.at(60);
    let shows = |office: &Office| {
        let tonight = office.desk.tonight(now);
        let consent = &tonight.consent;
        let now = now.timestamp;
        (consent.agreed(unit, now), consent.shows_pictures(unit, now))
    };
    assert_eq!(shows(&office), (Pictures::Allowed, Pictures::Allowed));
    office.withdraws(60);
    office.looks(61);
    assert_eq!(shows(&office), (Pictures::None, Pictures::None));
}
