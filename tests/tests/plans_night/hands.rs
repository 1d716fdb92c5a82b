//! What people do about rows, through the hub's own desk and its real store: who has a row, what
//! ends it, and what a hub that starts anew knows of it.

use nattsyn_hub::exception::{Act, Event, FALLS_BACK_AFTER, Refusal, State, Unresolved};
use nattsyn_hub::plan_b::{Tongue, print};
use nattsyn_hub::store::Store as _;
use nattsyn_hub::view::ledger::Account;
use nattsyn_hub::view::{Cause, ExceptionRow};
use nattsyn_hub::watch::{ActRefused, How, Said, Seen, StaffId};
use nattsyn_protocol::time::Timestamp;

use super::office::{Hub, NIGHT, ZONE, astrid, at};

/// A night on which no unit answers: Astrid's row is open when her first window closes.
fn missed() -> Hub {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(11, 46));
    hub
}

fn anna() -> StaffId {
    "natt-001".parse().unwrap()
}

fn bo() -> StaffId {
    "natt-002".parse().unwrap()
}

impl Hub {
    /// Astrid's open row.
    fn row(&self) -> ExceptionRow {
        let open = self.tonight().open.into_iter();
        let mut own = open.filter(|row| row.person.resident == astrid());
        let row = own.next().unwrap();
        assert_eq!(own.next(), None, "one row a person and cause");
        row
    }

    fn does(&mut self, by: &StaffId, act: Act) -> Result<(), ActRefused> {
        let (row, now) = (self.row(), self.moment());
        let desk = self.desk.as_mut().unwrap();
        desk.act(now, (row.id, seen(&row)), by, act).unwrap()
    }

    fn state(&self) -> State {
        self.row().handling.state().clone()
    }
}

/// A row as a page shows it.
fn seen(row: &ExceptionRow) -> Seen {
    Seen {
        turn: row.handling.turn(),
        checks: row.checks.len(),
        cause: row.cause,
    }
}

fn taken(by: StaffId, at: Timestamp) -> State {
    State::Taken { by, at }
}

#[test]
fn a_row_is_one_persons_until_nothing_comes_of_it() {
    let mut hub = missed();
    let began = hub.now;
    hub.does(&anna(), Act::Take).unwrap();
    assert_eq!(hub.state(), taken(anna(), began));
    let held = Refusal::Held {
        by: anna(),
        at: began,
    };
    assert_eq!(hub.does(&bo(), Act::Take), Err(held.into()));
    hub.until(began.after(FALLS_BACK_AFTER));
    assert_eq!(
        hub.state(),
        State::Open,
        "after five minutes it is open again"
    );
    hub.does(&bo(), Act::Take).unwrap();
    hub.does(&anna(), Act::TakeOver).unwrap();
    assert_eq!(hub.state(), taken(anna(), hub.now));
}

#[test]
fn whoever_is_on_the_way_has_the_time_that_they_said_and_five_minutes() {
    let mut hub = missed();
    let arrives = at(12, 10);
    hub.does(&anna(), Act::Go { arrives }).unwrap();
    hub.until(at(12, 14));
    assert!(matches!(hub.state(), State::OnTheWay { .. }));
    hub.until(at(12, 16));
    assert_eq!(hub.state(), State::Open);
}

#[test]
fn what_was_said_closes_every_check_of_the_row_and_stands_in_the_ledger() {
    let mut hub = missed();
    hub.until(at(15, 46));
    assert_eq!(hub.row().checks.len(), 2, "both windows are one row");
    hub.does(&anna(), Act::Arrive).unwrap();
    hub.does(&anna(), Act::Say(Said::Visited)).unwrap();
    assert_eq!(hub.asked(), [""; 0]);
    let visited = Account::Ended(How::Said(Said::Visited));
    assert_eq!(hub.accounts(NIGHT), [(1, visited), (2, visited)]);
    let lines = hub.lines(NIGHT);
    let handled: Vec<&Event> = lines[0].exceptions[0]
        .handled
        .iter()
        .map(|handled| &handled.event)
        .collect();
    assert_eq!(
        handled,
        [
            &Event::By(anna(), Act::Arrive),
            &Event::By(anna(), Act::Say(Said::Visited))
        ]
    );
    assert_eq!(lines[0].words[0].by, anna());
    hub.until(at(20, 0));
    assert_eq!(
        hub.asked(),
        [""; 0],
        "nobody is asked again about the same silence"
    );
}

#[test]
fn what_is_not_well_leaves_the_row_open_with_the_next_step() {
    let mut hub = missed();
    for found in [Unresolved::NoAnswer, Unresolved::NotSeen] {
        hub.does(&anna(), Act::Take).unwrap();
        hub.does(&anna(), Act::Find(found)).unwrap();
        assert_eq!(hub.state(), State::Open);
    }
    assert_eq!(
        hub.row().handling.found(),
        [Unresolved::NoAnswer, Unresolved::NotSeen]
    );
    hub.does(&bo(), Act::Find(Unresolved::NeedsHelp)).unwrap();
    assert!(
        matches!(hub.state(), State::There { .. }),
        "who helps, stays"
    );
    hub.until(at(14, 0));
    assert_eq!(hub.asked(), ["silent"], "and it is asked how it went");
}

#[test]
fn a_hub_that_starts_anew_knows_who_has_what_and_until_when() {
    let mut hub = missed();
    let began = hub.now;
    hub.does(&anna(), Act::Take).unwrap();
    hub.does(&anna(), Act::Find(Unresolved::NoAnswer)).unwrap();
    hub.does(&bo(), Act::Take).unwrap();
    let before = hub.row().handling;
    hub.desk = None;
    hub.until(began.after(FALLS_BACK_AFTER / 2)).start();
    assert_eq!(hub.row().handling, before);
    hub.desk = None;
    hub.until(began.after(FALLS_BACK_AFTER * 2)).start();
    assert_eq!(
        hub.state(),
        State::Open,
        "it fell back while the hub was down"
    );
}

#[test]
fn whoever_has_not_seen_what_happened_since_cannot_end_the_row() {
    let mut hub = missed();
    let (row, as_seen) = (hub.row().id, seen(&hub.row()));
    hub.does(&anna(), Act::Find(Unresolved::NeedsHelp)).unwrap();
    let now = hub.moment();
    let desk = hub.desk.as_mut().unwrap();
    let said = desk
        .act(now, (row, as_seen), &bo(), Act::Say(Said::Spoke))
        .unwrap();
    assert_eq!(said, Err(ActRefused::Changed));
    assert!(matches!(hub.state(), State::There { .. }));
}

#[test]
fn a_check_that_came_to_the_row_meanwhile_is_not_closed_unseen() {
    let mut hub = missed();
    let (row, as_seen) = (hub.row().id, seen(&hub.row()));
    hub.until(at(15, 46));
    assert_eq!(hub.row().checks.len(), 2);
    let now = hub.moment();
    let desk = hub.desk.as_mut().unwrap();
    let visited = Act::Say(Said::Visited);
    let said = desk.act(now, (row, as_seen), &anna(), visited).unwrap();
    assert_eq!(said, Err(ActRefused::Changed));
}

#[test]
fn a_row_that_was_taken_later_than_now_is_nobodys_when_the_clock_is_set_back() {
    let mut hub = missed();
    hub.does(&anna(), Act::Take).unwrap();
    let desk = hub.desk.take();
    drop(desk);
    hub.now = at(9, 0);
    hub.start();
    assert_eq!(hub.state(), State::Open);
}

#[test]
fn whoever_goes_to_a_silent_home_in_the_middle_of_a_window_has_made_its_check() {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(11, 5));
    assert_eq!(hub.row().cause, Cause::Silent);
    assert!(hub.row().checks.is_empty());
    hub.does(&anna(), Act::Say(Said::Visited)).unwrap();
    hub.until(at(11, 50));
    assert_eq!(
        hub.asked(),
        [""; 0],
        "nobody is asked again about the same window"
    );
    let visited = Account::Ended(How::Said(Said::Visited));
    assert_eq!(hub.accounts(NIGHT)[0], (1, visited));
}

#[test]
fn nothing_can_be_done_about_a_row_that_is_over_or_that_never_was() {
    let mut hub = missed();
    let (row, as_seen) = (hub.row().id, seen(&hub.row()));
    hub.does(&anna(), Act::Say(Said::Spoke)).unwrap();
    let now = hub.moment();
    let desk = hub.desk.as_mut().unwrap();
    let over = desk
        .act(now, (row, as_seen), &bo(), Act::Say(Said::Visited))
        .unwrap();
    assert!(matches!(over, Err(ActRefused::Refused(Refusal::Over(_)))));
    let none = desk.act(now, (999, as_seen), &bo(), Act::Take).unwrap();
    assert_eq!(none, Err(ActRefused::NoRow(999)));
    assert_eq!(
        hub.lines(NIGHT)[0].words.len(),
        1,
        "what was refused is not written"
    );
    assert!(hub.store().account(NIGHT).unwrap().frozen.is_some());
}

#[test]
fn the_list_for_a_night_without_the_hub_leaves_out_what_is_settled() {
    let mut hub = missed();
    let list = |hub: &Hub| print(&hub.ledger(), (NIGHT, ZONE), hub.now, Tongue::Sv).unwrap();
    let before = list(&hub);
    assert!(before.contains("23:00–23:45  Astrid Exempel"), "{before}");
    assert!(
        before.contains("någon skulle redan ha varit där"),
        "{before}"
    );
    hub.does(&anna(), Act::Say(Said::Visited)).unwrap();
    let after = list(&hub);
    assert!(!after.contains("23:00–23:45  Astrid Exempel"), "{after}");
    assert!(after.contains("03:00–03:45  Astrid Exempel"), "{after}");
    assert!(after.contains("1 redan klara"), "{after}");
}
