//! What becomes of consents at the desk, over its real ledger: who is sent which policy when, and
//! what a *no* makes of a night that is frozen.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;

use nattsyn_protocol::hello::Hello;
use nattsyn_protocol::ids::{BootId, ResidentId, WindowKey};
use nattsyn_protocol::plan::{Plan, Window};
use nattsyn_protocol::policy::{
    APPROVAL_WITHIN, Approval, Build, Capability, HeldPolicy, Looks, Mode, Policy, PolicyMessage,
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
use crate::enrolment::Homes;
use crate::ingest::Publication;
use crate::roster::Resident;
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
            awaits: None,
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
        self.agrees_for(homes().homes[0].residents[0].id, at_s, scope);
    }

    fn agrees_for(&self, resident: ResidentId, at_s: u64, scope: &str) {
        self.at_counter(at_s, |counter| {
            let taker = Taker::enrolment();
            counter.record(resident, &draft(scope), &taker, Run::Real)
        })
        .unwrap();
    }

    fn withdraws(&self, at_s: u64) {
        self.withdraws_for(homes().homes[0].residents[0].id, at_s);
    }

    fn withdraws_for(&self, resident: ResidentId, at_s: u64) {
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
            thresholds: None,
            commissioning: None,
            commissioned: None,
            word: None,
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
    let until = Progress::AwaitsButton(office.at(40).timestamp.after(APPROVAL_WITHIN));
    assert_eq!(office.progress(), until);
    // A connection that was lost meanwhile prolongs nothing.
    office.hello(45, Some(awaited), &eye());
    assert_eq!(office.progress(), until);
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
    office.hello(43, Some(looking(3)), &eye());
    office.looks(44);
    office.pass(45);
    assert_eq!(office.desk.tonight(office.at(45)).matters, []);
}

/// The matters that stand.
fn matters(office: &Office, at_s: u64) -> Vec<Situation> {
    let tonight = office.desk.tonight(office.at(at_s));
    tonight.matters.iter().map(|row| row.situation).collect()
}

/// That a unit holds a version and looks by it.
fn looking(version: u32) -> HeldPolicy {
    HeldPolicy {
        version,
        mode: Mode::Sensor,
        approval: Approval::NotNeeded,
    }
}

#[test]
fn after_a_new_yes_checks_stay_visits_until_the_unit_itself_has_said_that_it_looks() {
    let mut office = Office::open();
    let opens = office.check.opens;
    office.agrees(20, "sensor");
    office.looks(21);
    office.withdraws(60);
    office.looks(61);
    office.agrees(70, "sensor");
    office.looks(71);
    office.pass(72);
    assert_eq!(matters(&office, 72), [Situation::LooksAwaited]);
    let is_visit = |office: &Office| {
        !office
            .desk
            .watch
            .made_physical(office.check.id.night)
            .is_empty()
    };
    assert!(is_visit(&office));
    // Neither a word of somebody else, nor of an older version, nor of looks that are off.
    let stranger = SigningKey::from_bytes(&[8; 32]);
    office.hello(80, Some(looking(3)), &stranger);
    office.hello(81, Some(looking(1)), &eye());
    let off = HeldPolicy {
        mode: Mode::Off,
        ..looking(3)
    };
    office.hello(82, Some(off), &eye());
    office.looks(83);
    assert_eq!(matters(&office, 84), [Situation::LooksAwaited]);
    // A hub that starts anew has not forgotten that it waits.
    let mut office = office.restarted(90);
    assert_eq!(matters(&office, 90), [Situation::LooksAwaited]);
    assert!(is_visit(&office));
    office.hello(100, Some(looking(3)), &eye());
    office.looks(101);
    office.pass(102);
    assert_eq!(matters(&office, 102), [], "it ends by itself");
    // The window had opened by then, so the visit is somebody's errand.
    assert!(office.at(100).timestamp > opens);
    assert!(is_visit(&office));
    // And the hub knows it after another restart, though the unit says nothing more.
    let office = office.restarted(110);
    assert_eq!(matters(&office, 110), []);
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

/// Each version that opens is waited for once at the unit: one that comes at night by itself would
/// use up the wait of the day on which somebody stands there.
#[test]
fn pictures_that_nobody_approved_at_the_unit_are_not_signed_anew_by_themselves() {
    for (approval, signed) in [
        (Approval::Missed, 0),
        (Approval::Awaited, 0),
        (Approval::NotNeeded, 1),
    ] {
        let mut office = Office::open();
        office.agrees(20, "live_view_on_unclear");
        office.looks(21);
        office.hello(30, Some(held(1, approval)), &eye());
        let settled = office.at_counter(4 * 24 * 3600, |counter| counter.settle().unwrap());
        assert_eq!(settled.len(), signed, "{approval:?}");
    }
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

/// Two who live together, each with a window in the evening and one in the morning.
fn two() -> Homes {
    let mut homes = homes();
    homes.homes[0].residents.push(Resident {
        id: "r0000002".parse().unwrap(),
        name: "Namn 2".to_owned(),
    });
    let window = |key, from: &str, to: &str| {
        Window::nightly(WindowKey(key), from.parse().unwrap(), to.parse().unwrap())
    };
    let plans = homes.homes[0].residents.iter().map(|resident| Plan {
        windows: vec![window(1, "23:00", "23:45"), window(2, "03:00", "03:45")],
        ..Plan::bare(resident.id, homes.homes[0].unit)
    });
    Homes {
        plans: plans.collect(),
        ..homes.clone()
    }
}

/// How many of each resident's checks are made as visits though looks were planned.
fn visits(office: &Office) -> [usize; 2] {
    let night = office.check.id.night;
    let visits = office.desk.watch.made_physical(night);
    two()
        .plans
        .iter()
        .map(|plan| plan.resident)
        .fold([0; 2], |mut counts, who| {
            let own = visits.iter().filter(|check| check.resident == who).count();
            counts[usize::from(who != two().plans[0].resident)] = own;
            counts
        })
}

#[test]
fn one_no_stops_both_who_live_together_and_a_new_yes_gives_both_their_looks_back() {
    let mut office = Office::of(&two());
    let [first, second] = [0, 1].map(|place| two().plans[place].resident);
    office.agrees_for(first, 20, "sensor");
    office.agrees_for(second, 21, "sensor");
    office.looks(22);
    assert_eq!(visits(&office), [0, 0]);
    office.withdraws_for(first, 60);
    office.looks(61);
    office.pass(62);
    assert_eq!(visits(&office), [2, 2], "every look would be of both");
    office.agrees_for(first, 70, "sensor");
    office.looks(71);
    office.pass(72);
    assert_eq!(matters(&office, 72), [Situation::LooksAwaited; 2]);
    assert_eq!(visits(&office), [2, 2]);
    let wanted = office.desk.tonight(office.at(73)).consent;
    let wanted = wanted.units[&homes().homes[0].unit]
        .wanted
        .clone()
        .unwrap()
        .0
        .version;
    office.hello(80, Some(looking(wanted)), &eye());
    office.looks(81);
    office.pass(82);
    assert_eq!(matters(&office, 82), []);
    assert_eq!(
        visits(&office),
        [1, 1],
        "what has not opened is a look again"
    );
    // And as far as each one's own word allows.
    office.withdraws_for(second, 90);
    office.agrees_for(first, 91, "sensor");
    office.looks(92);
    assert_eq!(visits(&office), [2, 2]);
    assert_eq!(matters(&office, 93), [Situation::ConsentWithdrawn; 2]);
}

#[test]
fn a_housemates_yes_as_a_cohabitant_is_over_with_their_no_and_who_lives_there_stays_as_it_was() {
    let office = Office::of(&two());
    let [first, second] = [0, 1].map(|place| two().plans[place].resident);
    office.agrees_for(first, 20, "sensor");
    let with_cohabitant = Draft {
        kinds: ["care", "design", "processing", "cohabitant"]
            .map(str::to_owned)
            .to_vec(),
        cohabitant: "den andre".to_owned(),
        household: "elsewhere".to_owned(),
        ..draft("sensor")
    };
    office
        .at_counter(21, |counter| {
            counter.record(second, &with_cohabitant, &Taker::enrolment(), Run::Real)
        })
        .unwrap();
    let looks = |office: &Office| {
        let store = SqliteStore::open(&office.path).unwrap();
        let record = crate::agreement::record::Record::read(&store).unwrap();
        record.permitted(second)
    };
    office.withdraws_for(first, 60);
    assert_eq!(looks(&office), Looks::Stopped, "nobody may be seen by it");
    office.agrees_for(first, 70, "sensor");
    assert_eq!(looks(&office), Looks::ByPlan);
}
