//! What was said and what follows for units and ledger, over a few nights and a real store.

use std::time::Duration;

use ed25519_dalek::SigningKey;
use jiff::civil::date;

use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::schedule::checks_of;

use super::*;
use crate::agreement::file::{Format, read};
use crate::agreement::record::Record;
use crate::agreement::rows::{NightRow, Why, no_longer_planned, rows};
use crate::agreement::{Confirmation, VisitReason};
use crate::enrolment::{EXAMPLE, Homes, enrol};
use crate::store::SqliteStore;

const ZONE: &str = "Europe/Stockholm";
/// The first night: a Saturday.
const NIGHT: Date = date(2026, 11, 21);

struct Town {
    store: SqliteStore,
    keys: HubKeys,
    _folder: tempfile::TempDir,
}

/// The example's homes: Astrid alone, Bertil and Cecilia together; enrolled the day before.
fn town() -> Town {
    let folder = tempfile::tempdir().unwrap();
    let signing = SigningKey::from_bytes(&[9; 32]);
    let root = nattsyn_protocol::demonstration::root_key();
    let mut town = Town {
        store: SqliteStore::open(&folder.path().join("ledger.sqlite")).unwrap(),
        keys: HubKeys {
            endorsement: crate::keys::endorse(&root, PublicKey::of(&signing), 1),
            signing,
            root: PublicKey::of(&root),
        },
        _folder: folder,
    };
    enrol(
        &mut town.store,
        &homes(EXAMPLE),
        &town.keys,
        noon(NIGHT).before(HOUR),
    )
    .unwrap();
    town
}

const HOUR: Duration = Duration::from_secs(3600);

fn homes(text: &str) -> Homes {
    Homes::parse(
        text,
        std::path::Path::new("homes.toml"),
        &crate::enrolment::Known::new(),
    )
    .unwrap()
}

fn noon(night: Date) -> Timestamp {
    nights::noon(night, ZONE).unwrap()
}

/// So many hours after the first night's noon.
fn at(hours: u32) -> Timestamp {
    noon(NIGHT).after(HOUR * hours)
}

fn astrid() -> ResidentId {
    "r0000001".parse().unwrap()
}

impl Town {
    fn desk(&self, now: Timestamp) -> (SqliteStore, Desk<'_>) {
        let path = self._folder.path().join("ledger.sqlite");
        let desk = Desk {
            keys: &self.keys,
            zone: ZONE,
            now,
            by: "s0000001",
        };
        (SqliteStore::open(&path).unwrap(), desk)
    }

    fn import(&self, now: Timestamp, text: &str, run: Run) -> Result<Imported, EditError> {
        let (mut store, desk) = self.desk(now);
        desk.import(&mut store, &read(text, Format::Csv).unwrap(), run)
    }

    fn away(&self, now: Timestamp, why: Away, nights: (Date, Option<Date>)) {
        let (mut store, desk) = self.desk(now);
        desk.away(&mut store, astrid(), why, nights).unwrap();
    }

    /// The windows that a unit which asks in the night of `held` would look at on `night`.
    fn unit_windows(&self, unit: &str, held: Date, night: Date) -> Vec<u8> {
        let plans = self.store.plans().unwrap();
        let hold = nights::to_hold(&plans, noon(held));
        let of_unit = hold
            .iter()
            .filter(|stored| stored.plan.unit.to_string() == unit);
        of_unit
            .flat_map(|stored| checks_of(&stored.plan, night).unwrap())
            .map(|check| check.id.window.0)
            .collect()
    }

    /// Astrid's rows of a night as the hub would freeze them at `now`.
    fn rows(&self, night: Date, now: Timestamp) -> Vec<String> {
        let record = Record::read(&self.store).unwrap();
        rows(&record, (night, noon(night)), now)
            .into_iter()
            .filter_map(|row| match row {
                NightRow::Look(planned) if planned.check.id.resident == astrid() => {
                    Some(format!("look {}", planned.check.id.window.0))
                }
                NightRow::Visit(visit) if visit.check.resident == astrid() => {
                    Some(format!("visit {} {:?}", visit.check.window.0, visit.reason))
                }
                NightRow::Ask(planned) if planned.check.id.resident == astrid() => Some(format!(
                    "ask {} {:?}",
                    planned.check.id.window.0, planned.manner
                )),
                NightRow::Nothing(none) if none.resident == astrid() => {
                    Some(format!("{:?}", none.why))
                }
                NightRow::Look(_)
                | NightRow::Visit(_)
                | NightRow::Ask(_)
                | NightRow::Nothing(_) => None,
            })
            .collect()
    }

    fn gone(&self, frozen: &[CheckId], now: Timestamp) -> Vec<(CheckId, Why)> {
        let record = Record::read(&self.store).unwrap();
        no_longer_planned(&record, frozen, (NIGHT, noon(NIGHT)), now)
    }
}

/// Astrid's second window becomes a visit on Mondays to Fridays, and falls away at weekends.
const CHANGED: &str = "\
row,resident,window,days,from,to,how,reason
plan,r0000001,,,,,,
window,r0000001,1,,23:00,23:45,,
window,r0000001,2,mon tue wed thu fri,03:00,03:45,visit,help
";

#[test]
fn an_import_holds_from_the_next_noon_for_unit_and_ledger() {
    let town = town();
    let imported = town.import(at(2), CHANGED, Run::Real).unwrap();
    assert_eq!(imported.plans, [(astrid(), 2)]);
    assert_eq!(town.unit_windows("u0000001", NIGHT, NIGHT), [1, 2]);
    let sunday = date(2026, 11, 22);
    assert_eq!(town.unit_windows("u0000001", sunday, sunday), [1]);
    assert_eq!(town.rows(NIGHT, at(2)), ["look 1", "look 2"]);
    assert_eq!(town.rows(sunday, at(24)), ["look 1"]);
    assert_eq!(
        town.rows(date(2026, 11, 23), at(48)),
        ["look 1", "visit 2 Help"]
    );
    let again = town.import(at(3), CHANGED, Run::Real).unwrap();
    assert_eq!((again.changed.len(), again.plans.len()), (0, 0));
    assert_eq!(again.unchanged, [astrid()]);
}

/// An import from a system that knows nothing of sleeping places takes none away, and one that
/// brings others says what follows.
#[test]
fn places_that_a_file_does_not_name_stay_and_others_are_remarked_on() {
    let town = town();
    let places = |town: &Town| {
        let book = town.store.book().unwrap();
        book.newest(astrid()).unwrap().agreement.places.clone()
    };
    let with = |place: &str| {
        format!(
            "row,resident,window,days,from,to,how,reason,places\n\
             plan,r0000001,,,,,,,\"{place}\"\n\
             window,r0000001,1,,23:00,23:45,,,\n"
        )
    };
    let first = with("[[[0.1,0.1],[0.5,0.1],[0.5,0.5]]]");
    town.import(at(1), &first, Run::Real).unwrap();
    let found = places(&town);
    assert_eq!(found.len(), 1);
    let without = town.import(at(2), CHANGED, Run::Real).unwrap();
    assert_eq!(without.changed.len(), 1, "its windows are others");
    assert_eq!((places(&town), without.remarks), (found.clone(), vec![]));
    let again = town.import(at(3), CHANGED, Run::Real).unwrap();
    assert_eq!(again.unchanged, [astrid()]);
    let other = with("[[[0.2,0.1],[0.5,0.1],[0.5,0.5]]]");
    let other = town.import(at(4), &other, Run::Dry).unwrap();
    let resident = astrid();
    assert_eq!(other.remarks, [Remark::OtherPlaces { resident }]);
}

#[test]
fn a_dry_run_says_what_would_change_and_writes_nothing() {
    let town = town();
    let before = (town.store.book().unwrap(), town.store.plans().unwrap());
    let dry = town.import(at(2), CHANGED, Run::Dry).unwrap();
    assert_eq!((dry.changed.len(), dry.plans.len()), (1, 1));
    assert_eq!(
        (town.store.book().unwrap(), town.store.plans().unwrap()),
        before
    );
}

#[test]
fn one_bad_plan_leaves_all_of_the_file_out() {
    let town = town();
    let before = town.store.book().unwrap();
    let text = format!("{CHANGED}plan,r0000009,,,,,,\n");
    let Err(EditError::File(errors)) = town.import(at(2), &text, Run::Real) else {
        panic!("somebody who is not enrolled was taken");
    };
    assert_eq!((errors.len(), errors[0].line), (1, 5));
    assert!(
        errors[0]
            .said
            .sv
            .contains("ingen med det id:t är inskriven")
    );
    assert_eq!(town.store.book().unwrap(), before);
}

#[test]
fn two_people_whom_one_unit_would_have_to_look_at_too_often_are_refused() {
    let windows = |resident: &str| {
        let hour = |hour: u8| format!("window,{resident},{hour},{:02}:00,{:02}:45\n", hour, hour);
        let windows: String = [1, 3, 5].map(hour).concat();
        format!("plan,{resident},,,\n{windows}")
    };
    let header = "row,resident,window,from,to\n";
    let text = format!("{header}{}{}", windows("r0000002"), windows("r0000003"));
    let Err(EditError::File(errors)) = town().import(at(2), &text, Run::Real) else {
        panic!("thirty looks a night were taken");
    };
    assert!(
        errors[0]
            .said
            .en
            .contains("gets 30 looks a night; at most 22")
    );
}

#[test]
fn a_night_that_is_skipped_holds_at_once_and_only_then() {
    let town = town();
    town.import(at(2), CHANGED, Run::Real).unwrap();
    town.away(at(6), Away::Skip, (NIGHT, Some(NIGHT)));
    assert!(town.unit_windows("u0000001", NIGHT, NIGHT).is_empty());
    let monday = date(2026, 11, 23);
    assert_eq!(
        town.unit_windows("u0000001", NIGHT, monday),
        [1, 2],
        "tonight's plan is the old one"
    );
    let sunday = date(2026, 11, 22);
    assert_eq!(
        town.unit_windows("u0000001", sunday, sunday),
        [1],
        "and the import still comes"
    );
    // What was settled at noon stays in the ledger; that it is planned no longer is another row.
    assert_eq!(town.rows(NIGHT, at(6)), ["look 1", "look 2"]);
    let first = "r0000001.20261121.1".parse().unwrap();
    assert_eq!(town.gone(&[first], at(6)).len(), 1);
}

#[test]
fn what_was_frozen_and_is_planned_no_longer_is_named_with_the_reason() {
    let town = town();
    let frozen: Vec<CheckId> = [
        "r0000001.20261121.1",
        "r0000001.20261121.2",
        "r0000002.20261121.1",
    ]
    .map(|id| id.parse().unwrap())
    .into();
    assert!(town.gone(&frozen, at(5)).is_empty());
    town.away(at(6), Away::Away, (NIGHT, None));
    let gone = town.gone(&frozen, at(6));
    assert_eq!(gone.len(), 2);
    assert!(matches!(
        gone[0].1,
        Why::Away {
            why: Away::Away,
            last: None,
            ..
        }
    ));
}

#[test]
fn whoever_is_back_is_looked_at_again_from_the_next_window() {
    let town = town();
    town.away(at(1), Away::Away, (NIGHT, None));
    let (mut store, desk) = town.desk(at(13));
    desk.back(&mut store, astrid()).unwrap();
    assert_eq!(town.unit_windows("u0000001", NIGHT, NIGHT), [1, 2]);
    assert_eq!(town.rows(NIGHT, at(13)), ["look 1", "look 2"]);
    let error = desk.back(&mut store, astrid()).unwrap_err().to_string();
    assert!(error.contains("r0000001 is not away"), "{error}");
}

#[test]
fn until_further_notice_asks_a_person_when_nobody_confirmed_it() {
    let town = town();
    town.away(at(1), Away::Away, (NIGHT, None));
    let third = date(2026, 11, 23);
    assert_eq!(
        town.rows(third, at(48)),
        ["ask 1 AskIfAway", "ask 2 AskIfAway"]
    );
    assert!(
        town.unit_windows("u0000001", third, third).is_empty(),
        "an empty bed is not looked at"
    );
    let (mut store, desk) = town.desk(at(26));
    desk.confirm(&mut store, astrid()).unwrap();
    assert!(town.rows(third, at(48))[0].contains("Holds"));
    let book = town.store.book().unwrap();
    let absence = book.absence_on(astrid(), third).unwrap();
    assert_eq!(absence.confirmation(at(48)), Confirmation::Holds);
    assert_eq!(absence.confirmed[0].by, "s0000001");
}

#[test]
fn death_is_one_action_no_look_from_the_next_message_and_the_name_off_the_list() {
    let town = town();
    let (mut store, desk) = town.desk(at(6));
    desk.end(&mut store, astrid(), Ending::Died).unwrap();
    assert!(town.unit_windows("u0000001", NIGHT, NIGHT).is_empty());
    let plans = town.store.plans().unwrap();
    let hold = nights::to_hold(&plans, noon(NIGHT));
    let own = hold
        .iter()
        .find(|stored| stored.plan.resident == astrid())
        .unwrap();
    assert_eq!(own.plan.version, 2, "the unit is told");
    let roster = town.store.roster().unwrap();
    assert!(roster.of_resident(astrid()).is_none());
    assert!(town.rows(NIGHT, at(6)).is_empty());
    assert_eq!(
        town.gone(&["r0000001.20261121.2".parse().unwrap()], at(6))
            .len(),
        1
    );

    let enrolled = enrol(&mut store, &homes(EXAMPLE), &town.keys, at(7)).unwrap();
    assert_eq!(enrolled.ended, [astrid()]);
    assert!(town.store.roster().unwrap().of_resident(astrid()).is_none());
    assert!(town.unit_windows("u0000001", NIGHT, NIGHT).is_empty());
    let error = desk.end(&mut store, astrid(), Ending::Died).unwrap_err();
    assert!(matches!(error, EditError::EndedBefore(_)));
}

#[test]
fn a_unit_that_was_swapped_gets_the_plan_at_once_and_the_old_one_loses_it() {
    let mut town = town();
    let swapped = homes(&EXAMPLE.replacen("u0000001", "u0000007", 1));
    enrol(&mut town.store, &swapped, &town.keys, at(3)).unwrap();
    assert!(town.unit_windows("u0000001", NIGHT, NIGHT).is_empty());
    assert_eq!(town.unit_windows("u0000007", NIGHT, NIGHT), [1, 2]);
}

/// The example without Astrid's home.
fn without_astrid() -> Homes {
    let mut homes = homes(EXAMPLE);
    homes.homes.remove(0);
    homes.plans.retain(|plan| plan.resident != astrid());
    homes
}

#[test]
fn whoever_leaves_the_list_with_a_plan_in_force_is_asked_about_every_night_until_it_is_ended() {
    let mut town = town();
    town.import(at(2), CHANGED, Run::Real).unwrap();
    let enrolled = enrol(&mut town.store, &without_astrid(), &town.keys, at(3)).unwrap();
    assert_eq!(enrolled.unended, [astrid()]);
    let monday = date(2026, 11, 23);
    let asked = ["ask 1 NoUnit", "visit 2 Help"];
    assert_eq!(town.rows(monday, at(48)), asked);
    let person = town.store.roster().unwrap().person(astrid());
    assert_eq!(person.name, "Astrid Exempel", "the row has a name");
    let (mut store, desk) = town.desk(at(49));
    desk.end(&mut store, astrid(), Ending::Ended).unwrap();
    assert!(town.rows(monday, at(49)).is_empty());
}

#[test]
fn a_home_that_is_back_on_the_list_is_looked_at_from_the_next_window() {
    let mut town = town();
    enrol(&mut town.store, &without_astrid(), &town.keys, at(1)).unwrap();
    let sunday = date(2026, 11, 22);
    assert_eq!(town.rows(sunday, at(24)), ["ask 1 NoUnit", "ask 2 NoUnit"]);
    enrol(&mut town.store, &homes(EXAMPLE), &town.keys, at(27)).unwrap();
    assert_eq!(town.unit_windows("u0000001", sunday, sunday), [1, 2]);
    assert_eq!(town.rows(sunday, at(27)), ["look 1", "look 2"]);
}

#[test]
fn enrolling_again_never_replaces_what_was_imported() {
    let mut town = town();
    town.import(at(2), CHANGED, Run::Real).unwrap();
    let enrolled = enrol(&mut town.store, &homes(EXAMPLE), &town.keys, at(3)).unwrap();
    assert_eq!(enrolled.superseded, [astrid()]);
    assert!(enrolled.plans.is_empty(), "{:?}", enrolled.plans);
}

#[test]
fn what_was_agreed_can_be_neither_changed_nor_deleted() {
    let town = town();
    town.away(at(1), Away::Away, (NIGHT, None));
    let path = town._folder.path().join("ledger.sqlite");
    let connection = rusqlite::Connection::open(path).unwrap();
    for sql in [
        "UPDATE agreements SET body = ''",
        "DELETE FROM agreements",
        "UPDATE absences SET last_night = '2026-11-21'",
        "DELETE FROM absences",
        "DELETE FROM plans_at_once",
    ] {
        assert!(connection.execute(sql, []).is_err(), "{sql}");
    }
}

#[test]
fn a_visit_has_a_reason_and_the_unit_is_not_told() {
    let town = town();
    town.import(at(2), CHANGED, Run::Real).unwrap();
    let book = town.store.book().unwrap();
    let agreement = &book.newest(astrid()).unwrap().agreement;
    let visits = agreement.visits(date(2026, 11, 23)).unwrap();
    assert_eq!(visits[0].reason, VisitReason::Help);
    assert_eq!(visits[0].opens.0.to_string(), "2026-11-24T02:00:00Z");
    let plans = town.store.plans().unwrap();
    let newest = plans
        .iter()
        .rfind(|stored| stored.plan.resident == astrid());
    assert!(!newest.unwrap().signed.body.contains("help"));
}

/// What an edit and the noon of a town of 5,000 homes cost.
#[test]
#[ignore = "measures; run it by name with --nocapture"]
fn how_long_a_town_takes_to_be_planned() {
    let example = homes(EXAMPLE);
    let mut homes = Homes::default();
    for number in 0..5_000_u32 {
        let mut home = example.homes[0].clone();
        home.id = format!("h{number:07}").parse().unwrap();
        home.unit = format!("u{number:07}").parse().unwrap();
        home.residents[0].id = format!("r{number:07}").parse().unwrap();
        let mut plan = example.plans[0].clone();
        (plan.resident, plan.unit) = (home.residents[0].id, home.unit);
        homes.homes.push(home);
        homes.plans.push(plan);
    }
    let mut town = town();
    let clock = nattsyn_clock::Clock::machine();
    let began = clock.real_now();
    enrol(&mut town.store, &homes, &town.keys, at(1)).unwrap();
    let enrolled = clock.real_now() - began;
    let record = Record::read(&town.store).unwrap();
    let roster = town.store.roster().unwrap();
    let sunday = date(2026, 11, 22);
    let began = clock.real_now();
    let rows = rows(&record, (sunday, noon(sunday)), at(24));
    let frozen = clock.real_now() - began;
    let began = clock.real_now();
    let due = settle::due(
        &record.book,
        &record.plans,
        &roster,
        (sunday, noon(sunday)),
        |_| true,
    );
    let settled = clock.real_now() - began;
    assert_eq!((rows.len(), due.len()), (10_000, 0));
    println!(
        "enrolled in {enrolled:?}, a night's rows in {frozen:?}, an edit settled in {settled:?}"
    );
}
