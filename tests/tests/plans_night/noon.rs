//! What is known when a night begins: plans without units, absences, deaths, homes off the list.

use std::time::Duration;

use jiff::civil::date;

use nattsyn_hub::agreement::{Away, Ending, Fallback, Then};
use nattsyn_hub::ingest::Publication;
use nattsyn_hub::store::Store as _;
use nattsyn_hub::view::Cause;
use nattsyn_hub::view::ledger::{Account, Line, MatterLine};
use nattsyn_hub::watch::situation::Situation;
use nattsyn_hub::watch::{Alteration, CallOff, How, Manner, Subject};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::hello::{HeldPlan, Hello, PlanMessage};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::office::{Hub, NIGHT, astrid, at, homes, without_astrid};

/// What Astrid agreed to, besides her windows.
const AGREED: &str = "\
row,resident,window,from,to,then,answer_within_min,fallback,wishes
plan,r0000001,,,,phone_then_visit,20,phone,Ring på dörren först.
window,r0000001,1,23:00,23:45,,,,
window,r0000001,2,03:00,03:45,,,,
";

const OFF: Account = Account::Ended(How::CalledOff(CallOff::Away));

#[test]
fn a_plan_that_no_unit_keeps_stands_from_noon_and_is_an_exception_when_its_window_opens() {
    let mut hub = Hub::enrolled();
    hub.enrol(&without_astrid());
    hub.until(at(0, 0)).start();
    assert_eq!(hub.pointed_out(), [Situation::PlanWithoutUnit]);
    let names = hub.tonight().matters;
    assert!(names.iter().any(|row| row.about == "Astrid Exempel"));
    assert_eq!(
        hub.asked(),
        [""; 0],
        "nobody is asked at noon about a window at night"
    );
    hub.until(at(11, 0));
    assert_eq!(hub.asked(), ["no_unit"]);
    hub.until(at(15, 50));
    let no_unit = Account::Open(Cause::NoUnit);
    assert_eq!(hub.accounts(NIGHT), [(1, no_unit), (2, no_unit)]);
    // The next night too, until somebody ends it.
    hub.until(at(24, 1));
    assert_eq!(hub.lines(NIGHT.tomorrow().unwrap()).len(), 2);
    let (mut store, desk) = hub.office();
    desk.end(&mut store, astrid(), Ending::Ended).unwrap();
    hub.until(at(25, 0));
    assert_eq!(
        hub.pointed_out(),
        [],
        "nobody is looked after who was to be"
    );
    let off = Account::Ended(How::CalledOff(CallOff::Withdrawn));
    assert_eq!(
        hub.accounts(NIGHT.tomorrow().unwrap()),
        [(1, off), (2, off)]
    );
    hub.until(at(49, 0));
    assert_eq!(hub.lines(date(2026, 11, 23)), []);
}

#[test]
fn somebody_who_died_is_called_off_at_once_and_stands_nowhere_as_moved() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(2, 0));
    let (mut store, desk) = hub.office();
    desk.end(&mut store, astrid(), Ending::Died).unwrap();
    hub.until(at(2, 1));
    let died = Account::Ended(How::CalledOff(CallOff::Died));
    assert_eq!(hub.accounts(NIGHT), [(1, died), (2, died)]);
    assert_eq!(hub.pointed_out(), []);
    let account = hub.store().account(NIGHT).unwrap();
    let moved = |matter: &MatterLine| matter.situation == Situation::ResidentMoved;
    assert!(!account.matters.iter().any(moved), "{:?}", account.matters);
}

#[test]
fn nobody_is_sent_to_the_silent_unit_of_somebody_who_has_died() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(2, 0));
    let silent = |hub: &Hub| {
        let tonight = hub.tonight();
        let mut open = tonight.open.iter();
        open.any(|row| row.person.resident == astrid() && row.cause == Cause::Silent)
    };
    assert!(silent(&hub));
    let (mut store, desk) = hub.office();
    desk.end(&mut store, astrid(), Ending::Died).unwrap();
    hub.until(at(2, 1));
    assert!(!silent(&hub));
}

#[test]
fn a_unit_that_is_enrolled_before_the_window_makes_the_check_after_all() {
    let mut hub = Hub::enrolled();
    hub.enrol(&without_astrid());
    hub.until(at(0, 0)).start();
    let manners: Vec<Manner> = hub.lines(NIGHT).iter().map(|line| line.manner).collect();
    assert_eq!(
        manners,
        [Manner::NoUnit, Manner::NoUnit],
        "as known at noon"
    );
    hub.until(at(3, 0)).enrol(&homes());
    hub.until(at(3, 1));
    assert_eq!(hub.pointed_out(), [], "it was put right");
    hub.until(at(11, 5));
    assert_eq!(hub.asked(), [""; 0], "the unit is to look");
    // It did not: the check is missed like any other.
    hub.until(at(11, 46));
    assert!(matches!(
        hub.accounts(NIGHT)[0].1,
        Account::Open(Cause::Silent | Cause::NoReport)
    ));
}

#[test]
fn an_absence_that_nobody_confirmed_stands_from_noon_and_is_asked_about_at_night() {
    let mut hub = Hub::enrolled();
    hub.away(Away::Away, date(2026, 11, 19), None);
    hub.until(at(0, 0)).start();
    assert_eq!(hub.pointed_out(), [Situation::AwayUnconfirmed]);
    hub.until(at(11, 0));
    assert_eq!(hub.asked(), ["away_unconfirmed"]);
    hub.until(at(15, 50));
    let open = Account::Open(Cause::AwayUnconfirmed);
    assert_eq!(hub.accounts(NIGHT), [(1, open), (2, open)]);
}

#[test]
fn an_absence_that_is_confirmed_by_day_asks_nobody_at_night() {
    let mut hub = Hub::enrolled();
    hub.away(Away::Away, date(2026, 11, 19), None);
    hub.until(at(0, 0)).start();
    hub.until(at(2, 0));
    let (mut store, desk) = hub.office();
    desk.confirm(&mut store, astrid()).unwrap();
    hub.until(at(2, 1));
    assert_eq!(hub.pointed_out(), []);
    hub.until(at(15, 50));
    assert_eq!(hub.asked(), [""; 0]);
    assert_eq!(hub.accounts(NIGHT), [(1, OFF), (2, OFF)]);
}

#[test]
fn whoever_is_back_before_the_window_opens_is_looked_after_the_same_night() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(1, 0)).away(Away::Away, NIGHT, Some(NIGHT));
    hub.until(at(1, 1));
    assert_eq!(
        hub.accounts(NIGHT),
        [(1, Account::Awaited), (2, Account::Awaited)],
        "until the window opens it may be taken back"
    );
    // The first window opens while she is away, the second after she is back.
    hub.until(at(12, 0)).back();
    hub.until(at(12, 1));
    assert_eq!(hub.accounts(NIGHT), [(1, OFF), (2, Account::Awaited)]);
    let what = |line: &Line| -> Vec<Alteration> {
        line.altered.iter().map(|altered| altered.what).collect()
    };
    let lines = hub.lines(NIGHT);
    let off = Alteration::CalledOff(CallOff::Away);
    assert_eq!(what(&lines[0]), [off]);
    assert_eq!(what(&lines[1]), [off, Alteration::Restored]);
    assert_eq!(lines[1].altered[1].by, "dag-003");
    // The hub is started anew in between, and knows it still.
    hub.start();
    hub.until(at(15, 46));
    assert!(matches!(hub.accounts(NIGHT)[1].1, Account::Open(_)));
}

#[test]
fn what_was_agreed_stands_on_the_row_at_once_and_in_the_ledger_as_it_was_then() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(11, 46));
    let row = |hub: &Hub| {
        let tonight = hub.tonight();
        let mut open = tonight.open.iter();
        open.find(|row| row.person.resident == astrid())
            .unwrap()
            .clone()
    };
    assert_eq!(row(&hub).agreed.unwrap().then, Then::Visit);
    // It is told to people and no unit has to hear of it: it holds at once.
    hub.import(AGREED);
    hub.until(at(11, 47));
    let agreed = row(&hub).agreed.unwrap();
    assert_eq!(
        (agreed.then, agreed.fallback),
        (Then::PhoneThenVisit, Fallback::Phone)
    );
    assert_eq!(agreed.answer_within, Some(Duration::from_secs(20 * 60)));
    assert_eq!(agreed.wishes, "Ring på dörren först.");
    let exceptions = hub.lines(NIGHT).remove(0).exceptions;
    let then = exceptions[0].agreed.as_ref().unwrap();
    assert_eq!(
        then.then,
        Then::Visit,
        "nobody had agreed otherwise when it began"
    );
}

#[test]
fn a_night_without_a_proved_look_is_pointed_out_the_next_noon_also_of_a_home_off_the_list() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(5, 0)).enrol(&without_astrid());
    hub.until(at(24, 1));
    let tonight = hub.tonight();
    let unproved = tonight.matters.iter();
    let unproved = unproved.filter(|row| row.situation == Situation::NoLookProved);
    let who: Vec<Subject> = unproved.map(|row| row.subject).collect();
    let all = ["r0000001", "r0000002", "r0000003"];
    assert_eq!(who, all.map(|id| Subject::Resident(id.parse().unwrap())));
}

#[test]
fn a_unit_whose_residents_have_no_plan_any_more_is_pointed_out() {
    let mut hub = Hub::enrolled();
    hub.now = at(-1, 0);
    hub.import(
        "row,resident,window,from,to,trial_until\n\
         plan,r0000001,,,,2026-11-21\nwindow,r0000001,1,23:00,23:45,\n",
    );
    hub.until(at(0, 0)).start();
    let units = |hub: &Hub| {
        let matters = hub.tonight().matters;
        let own = matters
            .iter()
            .filter(|row| row.situation == Situation::UnitWithoutPlan);
        own.count()
    };
    assert_eq!(units(&hub), 0);
    hub.until(at(24, 1));
    assert_eq!(units(&hub), 1, "the trial is over and nobody has decided");
}

#[test]
fn a_unit_that_was_away_when_its_resident_died_and_the_home_left_the_list_is_told_on_its_return() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    let (mut store, desk) = hub.office();
    desk.end(&mut store, astrid(), Ending::Died).unwrap();
    hub.until(at(1, 0)).enrol(&without_astrid());
    hub.until(at(2, 0));
    let mut hello = |unit: &str, version: u32| {
        let unit: UnitId = unit.parse().unwrap();
        let held = HeldPlan {
            resident: astrid(),
            version,
        };
        let hello = Hello {
            unit,
            software: "test".to_owned(),
            plans: vec![held],
            waiting: 0,
            eye: None,
        };
        let topic = Topic {
            unit,
            channel: Channel::Hello,
        };
        let publication = Publication {
            topic: topic.to_string(),
            body: wire::encode(&hello),
        };
        let now = hub.moment();
        let done = hub.desk.as_mut().unwrap().take(now, &[publication]);
        done.unwrap().answers
    };
    let answers = hello("u0000001", 1);
    let plan: PlanMessage = wire::decode(&answers[0].body).unwrap();
    let plan = plan.open(&demonstration::root()).unwrap();
    assert_eq!(
        (plan.resident, plan.version, plan.windows),
        (astrid(), 2, vec![])
    );
    assert_eq!(
        answers[1].topic.channel,
        Channel::Ack,
        "and need not ask again"
    );
    assert_eq!(hello("u0000001", 2).len(), 1, "it holds it now");
    assert_eq!(hello("u0000099", 0), [], "a stranger hears nothing");
    let matters = hub.tonight().matters;
    let unknown = matters
        .iter()
        .filter(|row| row.situation == Situation::UnknownUnit);
    assert_eq!(unknown.count(), 2, "and both are pointed out");
}
