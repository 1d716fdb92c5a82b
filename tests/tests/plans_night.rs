//! What people agree and say, from the office to the night's ledger: the hub's own desk over a real
//! store, and beside it another process that changes plans, as the command line does.
//!
//! No unit answers here: what is promised is that every check that was agreed stands somewhere,
//! whoever forgot what. Units, brokers and pages have tests of their own.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::{Date, date};
use proptest::prelude::*;

use nattsyn_hub::agreement::command::{Office, PlansCommand};
use nattsyn_hub::agreement::edit::{self, Run};
use nattsyn_hub::agreement::file::{Format, read};
use nattsyn_hub::agreement::staffing::Staffing;
use nattsyn_hub::agreement::{Away, Ending, Fallback, Then};
use nattsyn_hub::enrolment::{EXAMPLE, Homes, enrol};
use nattsyn_hub::ingest::{Drops, Publication};
use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::nights;
use nattsyn_hub::service::{Charge, Desk};
use nattsyn_hub::store::{SqliteStore, Store as _};
use nattsyn_hub::view::ledger::{Account, Balance, Line, MatterLine};
use nattsyn_hub::view::{Cause, Reality, Tonight};
use nattsyn_hub::watch::situation::Situation;
use nattsyn_hub::watch::{Alteration, CallOff, How, Manner, Moment, Subject};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::hello::{HeldPlan, Hello, PlanMessage};
use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::plan::LOOKS_PER_NIGHT_MAX;
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::{Timestamp, Uptime};
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

const ZONE: &str = "Europe/Stockholm";
/// The first night, a Saturday. The example's windows open at 23:00 and 03:00 for Astrid.
const NIGHT: Date = date(2026, 11, 21);

/// A hub's folder, its desk, and the time.
struct Hub {
    folder: tempfile::TempDir,
    keys: HubKeys,
    endorsement: Signed,
    desk: Option<Desk>,
    now: Timestamp,
}

/// What Astrid agreed to, besides her windows.
const AGREED: &str = "\
row,resident,window,from,to,then,answer_within_min,fallback,wishes
plan,r0000001,,,,phone_then_visit,20,phone,Ring på dörren först.
window,r0000001,1,23:00,23:45,,,,
window,r0000001,2,03:00,03:45,,,,
";

/// Hours and minutes after the noon at which the first night begins.
fn at(hours: i64, minutes: i64) -> Timestamp {
    let noon = nights::noon(NIGHT, ZONE).unwrap();
    Timestamp::from_ms(noon.as_ms() + (hours * 60 + minutes) * 60_000).unwrap()
}

fn astrid() -> ResidentId {
    "r0000001".parse().unwrap()
}

fn homes() -> Homes {
    Homes::parse(EXAMPLE, Path::new("homes.toml")).unwrap()
}

fn without_astrid() -> Homes {
    let mut homes = homes();
    homes.homes.remove(0);
    homes.plans.retain(|plan| plan.resident != astrid());
    homes
}

impl Hub {
    /// Enrolled two days before, and not running.
    fn enrolled() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = HubKeys::draw(folder.path()).unwrap();
        let endorsement = endorse(&demonstration::root_key(), key, 1);
        HubKeys::keep(folder.path(), &demonstration::root(), &endorsement).unwrap();
        let mut hub = Self {
            keys: HubKeys::open(folder.path()).unwrap(),
            folder,
            endorsement,
            desk: None,
            now: at(-48, 0),
        };
        hub.enrol(&homes());
        hub
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    fn store(&self) -> SqliteStore {
        SqliteStore::open(&self.ledger()).unwrap()
    }

    fn enrol(&mut self, homes: &Homes) {
        enrol(&mut self.store(), homes, &self.keys, self.now).unwrap();
    }

    fn moment(&self) -> Moment {
        Moment {
            uptime: Uptime(self.now.since(at(-72, 0))),
            timestamp: self.now,
        }
    }

    fn start(&mut self) {
        let charge = Charge {
            zone: ZONE.to_owned(),
            reality: Reality::Homes,
            endorsement: self.endorsement.clone(),
        };
        let store = Box::new(self.store());
        let drops = Arc::new(Drops::default());
        self.desk = Some(Desk::open(self.moment(), charge, store, drops).unwrap());
    }

    /// Lets time pass; a hub that runs looks at it every half minute.
    fn until(&mut self, then: Timestamp) -> &mut Self {
        while self.now < then {
            self.now = self.now.after(Duration::from_secs(30)).min(then);
            let now = self.moment();
            if let Some(desk) = &mut self.desk {
                desk.pass(now).unwrap();
            }
        }
        self
    }

    fn office(&self) -> (SqliteStore, edit::Desk<'_>) {
        let desk = edit::Desk {
            keys: &self.keys,
            zone: ZONE,
            now: self.now,
            by: "dag-003",
        };
        (self.store(), desk)
    }

    fn import(&self, csv: &str) -> edit::Imported {
        let (mut store, desk) = self.office();
        let read = read(csv, Format::Csv).unwrap();
        desk.import(&mut store, &read, Run::Real).unwrap()
    }

    fn away(&self, why: Away, first: Date, last: Option<Date>) {
        let (mut store, desk) = self.office();
        desk.away(&mut store, astrid(), why, (first, last)).unwrap();
    }

    fn back(&self) {
        let (mut store, desk) = self.office();
        desk.back(&mut store, astrid()).unwrap();
    }

    fn tonight(&self) -> Tonight {
        self.desk.as_ref().unwrap().tonight(self.moment())
    }

    /// What stands open about Astrid's checks.
    fn asked(&self) -> Vec<String> {
        let tonight = self.tonight();
        let own = tonight.open.iter();
        let own = own.filter(|row| row.person.resident == astrid());
        own.filter(|row| row.cause != Cause::Silent || !row.checks.is_empty())
            .map(|row| row.cause.to_string())
            .collect()
    }

    /// What stands about Astrid and about no check.
    fn pointed_out(&self) -> Vec<Situation> {
        let subject = Subject::Resident(astrid());
        let tonight = self.tonight();
        let own = tonight.matters.iter().filter(|row| row.subject == subject);
        own.map(|row| row.situation).collect()
    }

    /// Astrid's lines of a night; the whole night must balance.
    fn lines(&self, night: Date) -> Vec<Line> {
        let account = self.store().account(night).unwrap();
        let balance = Balance::of(&account, self.now);
        assert!(balance.holds(), "{balance:?}");
        let mut lines = account.lines;
        lines.retain(|line| line.id.resident == astrid());
        lines
    }

    fn accounts(&self, night: Date) -> Vec<(u8, Account)> {
        let account = |line: &Line| (line.id.window.0, line.account(self.now));
        self.lines(night).iter().map(account).collect()
    }
}

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
fn a_unit_that_is_enrolled_before_the_window_makes_the_check_after_all() {
    let mut hub = Hub::enrolled();
    hub.enrol(&without_astrid());
    hub.until(at(0, 0)).start();
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

/// Astrid's windows, and one more at one o'clock; the first is moved and the second is gone.
const MORE: &str = "\
row,resident,window,from,to,how,reason
plan,r0000001,,,,,
window,r0000001,1,22:00,22:45,,
window,r0000001,3,01:00,01:45,,
window,r0000001,4,05:00,05:30,visit,help
";

/// Window and times of Astrid's checks of a night, and whether each was added after noon.
fn frozen(hub: &Hub, night: Date) -> Vec<(u8, String, bool)> {
    let show = |at: Timestamp| at.0.in_tz(ZONE).unwrap().strftime("%H:%M").to_string();
    let line = |line: &Line| {
        let added = line
            .altered
            .iter()
            .filter(|it| it.what == Alteration::Added);
        let times = format!("{}–{}", show(line.opens), show(line.deadline));
        (line.id.window.0, times, added.count() == 1)
    };
    hub.lines(night).iter().map(line).collect()
}

/// What Astrid's unit would look at tonight, if it asked the hub now.
fn unit_looks(hub: &Hub, night: Date) -> Vec<u8> {
    let plans = hub.store().plans().unwrap();
    let noon = nights::noon(night, ZONE).unwrap();
    let hold = nights::to_hold(&plans, noon).into_iter();
    let own = hold.filter(|stored| stored.plan.resident == astrid());
    let checks = own.flat_map(|stored| checks_of(&stored.plan, night).unwrap());
    checks.map(|check| check.id.window.0).collect()
}

#[test]
fn a_change_in_the_afternoon_adds_to_tonight_and_takes_nothing_away() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    let before = frozen(&hub, NIGHT);
    assert_eq!(before.len(), 2);
    hub.until(at(4, 0)).import(MORE);
    hub.until(at(4, 1));
    let row = |window: u8, times: &str, added| (window, times.to_owned(), added);
    let tonight = [
        row(1, "23:00–23:45", false),
        row(3, "01:00–01:45", true),
        row(2, "03:00–03:45", false),
        row(4, "05:00–05:30", true),
    ];
    assert_eq!(frozen(&hub, NIGHT), tonight);
    assert_eq!(unit_looks(&hub, NIGHT), [1, 3, 2], "the visit is no look");
    assert_eq!(hub.lines(NIGHT)[1].altered[0].by, "dag-003");
    // From the next noon it holds whole.
    hub.until(at(24, 1));
    let next = NIGHT.tomorrow().unwrap();
    let whole = [
        row(1, "22:00–22:45", false),
        row(3, "01:00–01:45", false),
        row(4, "05:00–05:30", false),
    ];
    assert_eq!(frozen(&hub, next), whole);
    assert_eq!(unit_looks(&hub, next), [1, 3]);
}

#[test]
fn an_import_says_what_comes_to_tonight_and_from_which_night_the_whole_holds() {
    let mut hub = Hub::enrolled();
    hub.until(at(4, 0));
    let file = hub.folder.path().join("planer.csv");
    std::fs::write(&file, MORE).unwrap();
    let mut store = hub.store();
    let mut office = Office {
        store: &mut store,
        keys: &hub.keys,
        zone: ZONE,
        staffing: Staffing::default(),
        now: hub.now,
    };
    for dry_run in [true, false] {
        let command = PlansCommand::Import {
            file: file.clone(),
            by: "dag-003".to_owned(),
            dry_run,
        };
        let said = office.run(&command).unwrap();
        for needle in [
            "r0000001: kommer till redan i natt: 01:00–01:45, 05:00–05:30",
            "r0000001: comes to tonight already: 01:00–01:45, 05:00–05:30",
            "ändringen gäller hel från natten 2026-11-22",
            "the change holds whole from the night of 2026-11-22",
        ] {
            assert!(said.contains(needle), "{needle:?} is not in {said}");
        }
    }
}

#[test]
fn a_check_that_was_added_is_missed_like_any_other() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(4, 0)).import(MORE);
    hub.until(at(13, 46));
    assert!(matches!(hub.accounts(NIGHT)[1], (3, Account::Open(_))));
    hub.until(at(17, 1));
    assert_eq!(
        hub.accounts(NIGHT)[3],
        (4, Account::Open(Cause::VisitPlanned))
    );
}

#[test]
fn what_has_opened_already_waits_for_the_next_night() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(13, 10)).import(MORE);
    hub.until(at(13, 11));
    let windows: Vec<u8> = frozen(&hub, NIGHT).iter().map(|row| row.0).collect();
    assert_eq!(windows, [1, 2, 4]);
    assert_eq!(unit_looks(&hub, NIGHT), [1, 2]);
}

#[test]
fn more_checks_because_of_an_illness_begin_the_same_night_and_end_by_themselves() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(6, 0)).import(
        "row,resident,window,from,to,temporary_first,temporary_last,temporary_reason\n\
         plan,r0000001,,,,2026-11-21,2026-11-22,febrig\n\
         window,r0000001,1,23:00,23:45,,,\nwindow,r0000001,2,03:00,03:45,,,\n\
         temporary,r0000001,1,23:00,23:45,,,\ntemporary,r0000001,5,01:00,01:45,,,\n\
         temporary,r0000001,2,03:00,03:45,,,\ntemporary,r0000001,6,05:00,05:45,,,\n",
    );
    hub.until(at(6, 1));
    assert_eq!(unit_looks(&hub, NIGHT), [1, 5, 2, 6]);
    assert_eq!(frozen(&hub, NIGHT).len(), 4);
    hub.until(at(49, 0));
    let [second, third] = [date(2026, 11, 22), date(2026, 11, 23)];
    assert_eq!(
        (frozen(&hub, second).len(), frozen(&hub, third).len()),
        (4, 2)
    );
    assert_eq!(unit_looks(&hub, third), [1, 2]);
}

#[test]
fn whoever_is_away_and_back_gets_the_night_and_what_was_added_to_it() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(1, 0)).away(Away::Away, NIGHT, Some(NIGHT));
    hub.until(at(2, 0)).import(MORE);
    hub.until(at(2, 1));
    assert_eq!(unit_looks(&hub, NIGHT), [0; 0]);
    hub.until(at(3, 0)).back();
    hub.until(at(3, 1));
    assert_eq!(unit_looks(&hub, NIGHT), [1, 3, 2]);
    hub.until(at(23, 0));
    let open = |(_, account): &(u8, Account)| matches!(account, Account::Open(_));
    let accounts = hub.accounts(NIGHT);
    assert_eq!(accounts.len(), 4);
    assert!(accounts.iter().all(open), "{accounts:?}");
}

#[test]
fn a_unit_of_two_people_is_never_asked_for_more_looks_than_its_eye_makes() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    let windows = |resident: &str| {
        let hour = |hour: u8| format!("window,{resident},{hour},{hour:02}:00,{hour:02}:45\n");
        format!("plan,{resident},,,\n{}", [hour(5), hour(7)].concat())
    };
    let header = "row,resident,window,from,to\n";
    let csv = format!("{header}{}{}", windows("r0000002"), windows("r0000003"));
    hub.until(at(2, 0)).import(&csv);
    hub.until(at(2, 1));
    let plans = hub.store().plans().unwrap();
    let hold = nights::to_hold(&plans, at(0, 0)).into_iter();
    let unit = "u0000002".parse().unwrap();
    let own = hold.filter(|stored| stored.plan.unit == unit);
    let checks = own.flat_map(|stored| checks_of(&stored.plan, NIGHT).unwrap());
    let looks: usize = checks.map(|check| check.looks.len()).sum();
    assert!((11..=LOOKS_PER_NIGHT_MAX).contains(&looks), "{looks}");
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

/// Windows of a night, as hours after noon: no two of one hour, so that they never overlap.
fn any_windows() -> impl Strategy<Value = BTreeMap<u8, (u8, bool)>> {
    let visit = prop::bool::weighted(0.3);
    prop::collection::btree_map(0_u8..6, (7_u8..20, visit), 0..4)
}

fn csv_of(windows: &BTreeMap<u8, (u8, bool)>) -> String {
    let mut hours = BTreeSet::new();
    let mut csv = "row,resident,window,from,to,how,reason\nplan,r0000001,,,,,\n".to_owned();
    for (key, (hour, is_visit)) in windows {
        if hours.insert(*hour) {
            let local = (hour + 12) % 24;
            let how = if *is_visit { "visit,help" } else { "," };
            csv.push_str(&format!(
                "window,r0000001,{key},{local:02}:00,{local:02}:40,{how}\n"
            ));
        }
    }
    csv
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(24)
    })]

    #[test]
    fn any_change_of_the_afternoon_only_adds_and_unit_and_hub_agree(
        held in any_windows(),
        changes in prop::collection::vec((1_i64..20, any_windows()), 1..4),
    ) {
        let mut hub = Hub::enrolled();
        hub.now = at(-1, 0);
        hub.import(&csv_of(&held));
        hub.until(at(0, 0)).start();
        let mut before = frozen(&hub, NIGHT);
        let mut changes = changes;
        changes.sort_by_key(|(hour, _)| *hour);
        for (hour, windows) in changes {
            hub.now = hub.now.max(at(hour, 0));
            hub.import(&csv_of(&windows));
            hub.now = hub.now.after(Duration::from_secs(60));
            let now = hub.moment();
            hub.desk.as_mut().unwrap().pass(now).unwrap();
            let after = frozen(&hub, NIGHT);
            prop_assert!(before.iter().all(|row| after.contains(row)), "{:?} {:?}", before, after);
            let lines = hub.lines(NIGHT);
            let looks = lines.iter().filter(|line| line.manner == Manner::Digital);
            let looks: BTreeSet<u8> = looks.map(|line| line.id.window.0).collect();
            let unit: BTreeSet<u8> = unit_looks(&hub, NIGHT).into_iter().collect();
            prop_assert_eq!(looks, unit);
            before = after;
        }
    }
}
