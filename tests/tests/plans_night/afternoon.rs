//! What is agreed anew while a night goes on: it adds, and takes nothing away.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::{Date, date};
use proptest::prelude::*;

use nattsyn_hub::agreement::Away;
use nattsyn_hub::agreement::command::{Office, PlansCommand};
use nattsyn_hub::agreement::staffing::Staffing;
use nattsyn_hub::nights;
use nattsyn_hub::store::Store as _;
use nattsyn_hub::view::Cause;
use nattsyn_hub::view::ledger::{Account, Line};
use nattsyn_hub::watch::{Alteration, Manner};
use nattsyn_protocol::plan::LOOKS_PER_NIGHT_MAX;
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::time::Timestamp;

use super::office::{Hub, NIGHT, ZONE, astrid, at};

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
