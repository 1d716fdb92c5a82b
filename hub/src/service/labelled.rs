//! Checks that come out by lot at the desk, over its real ledger, and what was found on its way to
//! the unit.

use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::hello::Hello;
use nattsyn_protocol::ids::WindowKey;
use nattsyn_protocol::labels::{Found, Label, LabelMessage};
use nattsyn_protocol::plan::{Plan, Window};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::messages::tests::{Office, eye, homes, keys};
use super::{Answer, Done};
use crate::audit::{Act, Log, Question};
use crate::enrolment::Homes;
use crate::ingest::Publication;
use crate::labels::{self, Draw, LabelError, NotNow, Said, Word};
use crate::roster::Resident;
use crate::store::{Labels, SettingsVersions};
use crate::watch::Moment;

/// A home whose nights have three checks, at 23:00, 01:00 and 03:00.
fn three_checks() -> Homes {
    let hours = [("23:00", "23:45"), ("01:00", "01:45"), ("03:00", "03:45")];
    let window = |((from, to), number): (&(&str, &str), u8)| {
        Window::nightly(
            WindowKey(number),
            from.parse().unwrap(),
            to.parse().unwrap(),
        )
    };
    let mut homes = homes();
    homes.plans = vec![Plan {
        windows: hours.iter().zip(1..).map(window).collect(),
        ..homes.plans.remove(0)
    }];
    homes
}

/// A desk ten seconds after the first window has opened; of a hundred nights so many are drawn.
fn office(homes: &Homes, percent: u8) -> Office {
    let mut office = Office::of(homes);
    sets(&mut office, 12, percent);
    office
}

fn sets(office: &mut Office, at_s: u64, percent: u8) {
    let body = format!("[municipality]\ndrawn_visits_percent = {percent}\n");
    let by = "admin-1".parse().unwrap();
    let mut settings = SettingsVersions::open(&office.path).unwrap();
    let when = (office.at(at_s).timestamp, &by);
    settings.add(when, "prov", &body).unwrap();
    office.desk.look(office.at(at_s)).unwrap();
    office.pass(at_s + 120);
}

fn drawn(office: &Office) -> Vec<Draw> {
    let labels = Labels::open(&office.path).unwrap();
    labels.drawn(office.check.id.night).unwrap()
}

fn rows(office: &Office, act: Act) -> usize {
    let question = Question {
        act: Some(act),
        ..Question::default()
    };
    let log = Log::open(&office.path).unwrap();
    log.verify(&[]).unwrap();
    log.rows(&question).unwrap().len()
}

fn labels_in(done: &[Answer]) -> Vec<Label> {
    let sent = done.iter().filter(|it| it.topic.channel == Channel::Label);
    let opened = sent.map(|answer| {
        let message: LabelMessage = wire::decode(&answer.body).unwrap();
        message.open(&keys().root).unwrap()
    });
    opened.collect()
}

fn hello(office: &mut Office, at_s: u64) -> Done {
    let unit = homes().homes[0].unit;
    let body = wire::encode(&Hello {
        unit,
        software: "0.1.0".to_owned(),
        plans: Vec::new(),
        waiting: 0,
        eye: None,
    });
    let channel = Channel::Hello;
    let topic = Topic { unit, channel }.to_string();
    let message = Publication { topic, body };
    office.desk.take(office.at(at_s), &[message]).unwrap()
}

/// What somebody says of the first check.
fn says(office: &mut Office, at_s: u64, word: Word) -> Result<(), LabelError> {
    let tonight = office.desk.tonight(office.at(at_s));
    let by = "anna-001".parse().unwrap();
    let label = labels::label(&tonight, (office.check.id, word), by, &keys())?;
    Labels::open(&office.path).unwrap().add(&label)?;
    office.desk.look(office.at(at_s)).unwrap();
    Ok(())
}

/// The labels that go down until then, a refresh every ten seconds.
fn sent(office: &mut Office, from_s: u64, until_s: u64) -> Vec<Label> {
    let times = (from_s..=until_s).step_by(10);
    let passed = times.flat_map(|at_s| office.desk.pass(office.at(at_s)).unwrap().answers);
    labels_in(&passed.collect::<Vec<Answer>>())
}

fn why(said: Result<(), LabelError>) -> NotNow {
    match said {
        Err(LabelError::NotNow(why)) => why,
        other => panic!("{other:?}"),
    }
}

const EMPTY: Word = Word::Found(Found::Nobody);

#[test]
fn a_night_is_drawn_once_among_the_checks_that_somebody_can_still_prepare_for() {
    let mut office = office(&three_checks(), 100);
    let first = drawn(&office);
    assert_eq!(first.len(), 1, "{first:?}");
    let check = first[0].check.unwrap();
    assert!(check.window > WindowKey(1), "it is being looked at");
    assert_eq!(first[0].chance_ppm, 500_000, "one of two");
    assert_eq!(rows(&office, Act::VisitDrawn), 1);
    office.pass(600);
    assert_eq!(office.desk.tonight(office.at(600)).labels.drawn, first);
    // Not again when time passes, nor by another process, nor with another share.
    office.pass(900);
    let mut office = office.restarted(1000);
    sets(&mut office, 1010, 50);
    sets(&mut office, 1200, 0);
    assert_eq!(drawn(&office), first);
    assert_eq!(rows(&office, Act::VisitDrawn), 1);
    let shown = office.desk.tonight(office.at(1400));
    assert_eq!(shown.labels.drawn, first);
}

#[test]
fn a_night_on_which_nothing_came_out_is_written_down_too() {
    // Of some homes one in a hundred is drawn: with two hundred hubs somewhere none was.
    let none = (0..200).find_map(|_| {
        let office = office(&three_checks(), 1);
        let draws = drawn(&office);
        assert_eq!(draws.len(), 1);
        assert_eq!(draws[0].chance_ppm, 5_000);
        draws[0].check.is_none().then_some(office)
    });
    let office = none.expect("ninety-nine in a hundred");
    assert_eq!(rows(&office, Act::VisitDrawn), 0, "nobody is sent");
    let office = office.restarted(1000);
    assert_eq!(drawn(&office).len(), 1);
}

#[test]
fn nothing_is_drawn_where_nobody_asked_or_it_would_not_be_known_whose_bed_is_meant() {
    let nobody_asked = office(&three_checks(), 0);
    assert_eq!(drawn(&nobody_asked), []);
    // Its only check is being looked at.
    let too_late = office(&homes(), 100);
    assert_eq!(drawn(&too_late), []);
    let mut two = three_checks();
    two.homes[0].residents.push(Resident {
        id: "r0000002".parse().unwrap(),
        name: "Namn 2".to_owned(),
    });
    let other = Plan::bare("r0000002".parse().unwrap(), two.homes[0].unit);
    two.plans.push(Plan {
        windows: two.plans[0].windows.clone(),
        ..other
    });
    assert_eq!(drawn(&office(&two, 100)), []);
}

#[test]
fn nothing_is_drawn_by_a_clock_that_nobody_believes() {
    let mut office = Office::of(&three_checks());
    let settings = "[municipality]\ndrawn_visits_percent = 100\n";
    let by = "admin-1".parse().unwrap();
    let mut versions = SettingsVersions::open(&office.path).unwrap();
    let when = (office.at(12).timestamp, &by);
    versions.add(when, "prov", settings).unwrap();
    // Ten hours on: the desk goes by the time that has passed, and two checks are yet to come.
    let jumped = |office: &Office, at_s| Moment {
        timestamp: office.at(at_s + 10 * 3600).timestamp,
        ..office.at(at_s)
    };
    for at in [60, 180, 300] {
        office.desk.pass(jumped(&office, at)).unwrap();
    }
    assert_eq!(drawn(&office), []);
}

#[test]
fn what_was_found_goes_down_once_when_it_can_no_longer_be_changed_and_again_after_each_hello() {
    let mut office = Office::of(&three_checks());
    assert_eq!(why(says(&mut office, 10, EMPTY)), NotNow::Early);
    office.seen();
    let expected = Label {
        unit: homes().homes[0].unit,
        check: office.check.id,
        found: Found::Nobody,
    };
    says(&mut office, 60, EMPTY).unwrap();
    assert_eq!(rows(&office, Act::Labelled), 1);
    // A second person says the same: the first stands, and nothing begins anew.
    says(&mut office, 300, EMPTY).unwrap();
    assert_eq!(rows(&office, Act::Labelled), 1);
    assert_eq!(sent(&mut office, 310, 350), []);
    assert_eq!(labels_in(&hello(&mut office, 355).answers), []);
    assert_eq!(sent(&mut office, 360, 900), [expected]);
    let shown = office.desk.tonight(office.at(900)).labels;
    let said: Vec<&Said> = shown.of(office.check.id).collect();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].at, office.at(60).timestamp);
    assert_eq!(labels_in(&hello(&mut office, 910).answers), [expected]);
    let mut office = office.restarted(1000);
    assert_eq!(labels_in(&hello(&mut office, 1010).answers), [expected]);
}

#[test]
fn a_slip_of_the_thumb_is_taken_back_within_five_minutes_and_not_later() {
    let mut office = Office::of(&three_checks());
    office.seen();
    says(&mut office, 60, EMPTY).unwrap();
    says(&mut office, 70, Word::Unknown).unwrap();
    assert_eq!(sent(&mut office, 80, 900), [], "nothing was found");
    assert_eq!(rows(&office, Act::Labelled), 2);
    assert_eq!(why(says(&mut office, 910, EMPTY)), NotNow::Settled);
    let mut office = Office::of(&three_checks());
    office.seen();
    says(&mut office, 60, EMPTY).unwrap();
    says(&mut office, 70, Word::Unknown).unwrap();
    says(&mut office, 80, EMPTY).unwrap();
    assert_eq!(sent(&mut office, 90, 900).len(), 1);
    assert_eq!(why(says(&mut office, 910, Word::Unknown)), NotNow::Settled);
    // Nor by whoever has an old page before them.
    let old = office.desk.tonight(office.at(100));
    let word = (office.check.id, Word::Unknown);
    let by = "anna-001".parse().unwrap();
    let mut label = labels::label(&old, word, by, &keys()).unwrap();
    label.said.at = office.at(920).timestamp;
    let added = Labels::open(&office.path).unwrap().add(&label);
    assert_eq!(why(added), NotNow::Settled);
    assert_eq!(rows(&office, Act::Labelled), 3);
}

#[test]
fn of_a_check_that_was_not_drawn_nothing_else_is_said_and_of_an_exception_nothing() {
    let mut office = Office::of(&three_checks());
    office.seen();
    for word in [Word::Found(Found::Somebody), Word::Unknown] {
        assert_eq!(why(says(&mut office, 60, word)), NotNow::NotDrawn);
    }
    let mut office = Office::of(&three_checks());
    let last = Report {
        look: 3,
        ..office.report(1, Finding::NotVisible)
    };
    office.take(11, &[last]).unwrap();
    office.pass(3000);
    let asked = &office.desk.tonight(office.at(3000)).open;
    assert_eq!(asked.len(), 1, "or this shows nothing");
    assert_eq!(why(says(&mut office, 1000, EMPTY)), NotNow::Asked);
    assert_eq!(rows(&office, Act::Labelled), 0);
}

#[test]
fn what_nobody_could_tell_is_written_down_and_goes_nowhere() {
    let mut office = office(&three_checks(), 100);
    let drawn = drawn(&office)[0].check.unwrap();
    let checks = three_checks().plans.remove(0);
    let checks = nattsyn_protocol::schedule::checks_of(&checks, drawn.night).unwrap();
    let check = checks.into_iter().find(|it| it.id == drawn).unwrap();
    let after = check.opens.since(office.check.opens).as_secs();
    let report = Report {
        check: drawn,
        at_ms: office.at(after + 6).timestamp,
        ..office.report(1, Finding::Visible)
    };
    office.pass(after + 5);
    let topic = Topic {
        unit: report.unit,
        channel: Channel::Report,
    };
    let message = Publication {
        topic: topic.to_string(),
        body: wire::encode(&Signed::seal(&report, &eye())),
    };
    office.desk.take(office.at(after + 8), &[message]).unwrap();
    let tonight = office.desk.tonight(office.at(after + 60));
    let by = "anna-001".parse().unwrap();
    let label = labels::label(&tonight, (drawn, Word::Unknown), by, &keys()).unwrap();
    assert_eq!((label.signed.as_ref(), label.chance_ppm), (None, 500_000));
    Labels::open(&office.path).unwrap().add(&label).unwrap();
    office.desk.look(office.at(after + 70)).unwrap();
    assert_eq!(sent(&mut office, after + 80, after + 500), []);
    assert_eq!(rows(&office, Act::Labelled), 1);
    assert_eq!(labels_in(&hello(&mut office, after + 510).answers), []);
}
