//! Somebody is found dead; and matters that a person closes: what the watch makes of it, against a
//! real store.

use std::sync::Arc;
use std::time::Duration;

use nattsyn_protocol::heartbeat::EyeState;

use super::scenes::{home, night, plan, planned};
use super::*;
use crate::exception::Act;
use crate::nights::noon;
use crate::roster::Roster;
use crate::store::{Archive, Batch, SqliteArchive, SqliteStore, Store, StoredPlan};
use crate::view::ledger::{Account, Balance, Mistake};
use crate::view::{Ending, Reality, Standing, Tonight};
use crate::view::{handover, morning};
use situation::Situation;

const ZONE: &str = "Europe/Stockholm";

/// Two people in one home, with a check each at 23:00–23:45 and at 03:00–03:45.
struct Town {
    folder: tempfile::TempDir,
    store: SqliteStore,
    watch: Watch,
    opens: Timestamp,
    now_s: i64,
}

fn staff() -> StaffId {
    "natt-017".parse().unwrap()
}

impl Town {
    fn new() -> Self {
        let home = home(1, &["r0000001", "r0000002"]);
        let windows = [(1, "23:00", "23:45"), (2, "03:00", "03:45")];
        let plans = [0, 1].map(|resident| plan(&home, resident, &windows));
        let checks: Vec<Planned> = plans.iter().flat_map(planned).collect();
        let opens = checks[0].check.opens;
        let folder = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open(&folder.path().join("ledger.sqlite")).unwrap();
        let stored: Vec<StoredPlan> = Vec::new();
        store
            .enrol(std::slice::from_ref(&home), &stored, opens)
            .unwrap();
        store.freeze(night(), &checks, opens).unwrap();
        let start = moment(opens, -1800);
        let saved = store.saved(night(), noon(night(), ZONE).unwrap()).unwrap();
        let roster = Arc::new(Roster::new(vec![home]));
        let watch = Watch::new(start, night(), roster, saved);
        let mut town = Self {
            folder,
            store,
            watch,
            opens,
            now_s: -1800,
        };
        town.pass();
        town
    }

    fn now(&self) -> Moment {
        moment(self.opens, self.now_s)
    }

    fn commit(&mut self, changes: Vec<Change>) {
        let batch = Batch {
            changes,
            ..Batch::default()
        };
        self.store.commit(&batch).unwrap();
    }

    fn pass(&mut self) {
        let changes = self.watch.handle_timeout(self.now());
        self.commit(changes);
    }

    /// Lets time pass minute by minute, with or without heartbeats.
    fn until(&mut self, at_s: i64, beats: Beats) {
        while self.now_s < at_s {
            self.now_s += 60;
            if beats == Beats::Heard {
                let unit = "u0000001".parse().unwrap();
                let eye = Some(EyeState::Ready);
                let changes = self.watch.handle_sign(self.now(), unit, eye);
                self.commit(changes);
            }
            self.pass();
        }
    }

    fn tonight(&self) -> Tonight {
        self.watch.tonight(self.now(), ZONE, Reality::Homes)
    }

    fn open_of(&self, resident: &str) -> Vec<crate::view::ExceptionRow> {
        let mut open = self.tonight().open;
        open.retain(|row| row.person.resident.to_string() == resident);
        open
    }

    fn say(&mut self, resident: &str, said: Said) {
        let row = self.open_of(resident).remove(0);
        let seen = Seen {
            turn: row.handling.turn(),
            checks: row.checks.len(),
            cause: row.cause,
        };
        let now = self.now();
        let acted = self
            .watch
            .handle_act(now, (row.id, seen), &staff(), Act::Say(said));
        self.commit(acted.unwrap());
        self.pass();
    }

    fn account(&self, resident: &str) -> Vec<Account> {
        let night = self.store.account(night()).unwrap();
        let own = night.lines.iter();
        let own = own.filter(|line| line.id.resident.to_string() == resident);
        own.map(|line| line.account(self.now().timestamp)).collect()
    }

    fn matter(&self) -> Option<crate::view::MatterRow> {
        let mut rows = self.tonight().matters.into_iter();
        rows.find(|row| row.situation == Situation::FoundDead)
    }

    fn causes(&self, resident: &str) -> Vec<Cause> {
        let open = self.open_of(resident);
        open.iter().map(|row| row.cause).collect()
    }

    /// Somebody says that nobody was dead.
    fn mistaken(&mut self) {
        let matter = self.matter().unwrap();
        let by = (staff(), Closing::Mistaken);
        let seen = (matter.id, matter.seen);
        let closed = self.watch.close_matter(self.now(), seen, by);
        self.commit(closed.unwrap());
        self.pass();
    }

    fn restart(&mut self) {
        let since = noon(night(), ZONE).unwrap();
        let saved = self.store.saved(night(), since).unwrap();
        let roster = Arc::clone(self.watch.roster());
        self.watch = Watch::new(self.now(), night(), roster, saved);
        self.pass();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Beats {
    Heard,
    Silent,
}

fn moment(opens: Timestamp, at_s: i64) -> Moment {
    let ms = opens.as_ms() + at_s * 1000;
    let up_s = u64::try_from(at_s + 90_000).unwrap();
    Moment {
        uptime: Uptime(std::time::Duration::from_secs(up_s)),
        timestamp: Timestamp::from_ms(ms).unwrap(),
    }
}

#[test]
fn found_dead_ends_the_row_and_calls_off_what_is_left_of_the_night_for_that_person_alone() {
    let mut town = Town::new();
    town.until(17 * 60, Beats::Heard);
    assert_eq!(town.tonight().open.len(), 2, "both reports are missing");
    town.say("r0000001", Said::Died);
    assert_eq!(town.open_of("r0000001"), []);
    let closed = town.tonight().closed;
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].ended.unwrap().1, Ending::Said(Said::Died));
    assert_eq!(
        town.account("r0000001"),
        [
            Account::Ended(How::Said(Said::Died)),
            Account::Ended(How::CalledOff(CallOff::Died))
        ]
    );
    assert_eq!(
        town.open_of("r0000002").len(),
        1,
        "the other is asked about"
    );
    let standing = |window: usize| town.tonight().checks[window].standing;
    assert!(matches!(
        standing(0),
        Standing::Said {
            said: Said::Died,
            ..
        }
    ));
}

#[test]
fn the_agreement_stands_until_somebody_ends_it_and_a_matter_says_so_until_then() {
    let mut town = Town::new();
    town.until(17 * 60, Beats::Heard);
    town.say("r0000001", Said::Died);
    let matter = town.matter().expect("a matter for day staff");
    assert_eq!(matter.subject.to_string(), "resident r0000001");
    town.restart();
    assert_eq!(town.matter().map(|row| row.id), Some(matter.id));
    let now = town.now();
    let changes = town.watch.handle_ended(now, |_| false);
    town.commit(changes);
    assert!(town.matter().is_some());
    let changes = town
        .watch
        .handle_ended(now, |who| who.to_string() == "r0000001");
    town.commit(changes);
    assert_eq!(town.matter(), None);
}

#[test]
fn nobody_is_sent_because_the_unit_of_somebody_found_dead_is_unplugged() {
    let mut town = Town::new();
    town.until(17 * 60, Beats::Heard);
    town.say("r0000001", Said::Died);
    town.until(3 * 3600, Beats::Silent);
    assert_eq!(town.open_of("r0000001"), []);
    let causes: Vec<Cause> = town
        .open_of("r0000002")
        .iter()
        .map(|row| row.cause)
        .collect();
    assert!(causes.contains(&Cause::Silent), "{causes:?}");
}

#[test]
fn that_one_of_two_was_found_dead_does_not_put_off_asking_about_the_other() {
    let mut town = Town::new();
    town.until(17 * 60, Beats::Heard);
    // Silent, and nobody has been asked yet.
    town.until(17 * 60 + 7 * 60, Beats::Silent);
    assert!(!town.causes("r0000002").contains(&Cause::Silent));
    town.say("r0000001", Said::Died);
    town.until(17 * 60 + 45 * 60, Beats::Silent);
    assert!(town.causes("r0000002").contains(&Cause::Silent));
    assert_eq!(town.causes("r0000001"), []);
}

#[test]
fn a_later_night_that_is_planned_for_somebody_found_dead_is_asked_about_when_it_is_silent() {
    let mut town = Town::new();
    town.until(17 * 60, Beats::Heard);
    town.say("r0000001", Said::Died);
    town.until(5 * 3600, Beats::Heard);
    let mut later = town.watch.checks.values().next().unwrap().planned.clone();
    assert_eq!(later.check.id.resident.to_string(), "r0000001");
    let day = Duration::from_secs(24 * 3600);
    later.check.id.night = night().tomorrow().unwrap();
    later.check.opens = later.check.opens.after(day);
    later.check.deadline = later.check.deadline.after(day);
    for look in &mut later.check.looks {
        *look = look.after(day);
    }
    town.store
        .freeze(
            later.check.id.night,
            std::slice::from_ref(&later),
            town.now().timestamp,
        )
        .unwrap();
    town.watch.begin_night(town.now(), later.check.id.night);
    town.watch.plan(town.now(), vec![later]);
    town.until(8 * 3600, Beats::Silent);
    assert_eq!(town.causes("r0000001"), [Cause::Silent]);
}

#[test]
fn a_row_about_no_check_is_in_every_record_of_the_night_and_in_no_balance() {
    let mut town = Town::new();
    // Silent, long before the first window, and said to be dead on that row.
    town.until(-600, Beats::Silent);
    let row = town.open_of("r0000001").remove(0);
    assert_eq!((row.cause, row.checks.len()), (Cause::Silent, 0));
    town.say("r0000001", Said::Died);
    let read = town.store.account(night()).unwrap();
    assert!(Balance::of(&read, town.now().timestamp).holds());
    let own = read.apart.iter().find(|apart| apart.row.id == row.id);
    let own = own.unwrap();
    assert_eq!(own.row.ended.unwrap().1, Ending::Said(Said::Died));
    let report = morning::report(&read, town.now().timestamp);
    assert_eq!(report.found_dead, std::slice::from_ref(&own.person));
    assert_eq!(
        (report.done, report.mistaken.len()),
        (0, 0),
        "called off is not done"
    );
    assert_eq!(report.unanswered_apart.len(), 1, "the other is asked about");
    let told = handover::told(&read, town.opens.before(Duration::from_secs(7200)));
    assert_eq!(told.len(), 1);
    let archive = SqliteArchive::new(&town.folder.path().join("ledger.sqlite"));
    let file = archive.resident(own.person.resident, night()).unwrap();
    assert_eq!(file.unwrap().apart, std::slice::from_ref(own));
}

#[test]
fn a_living_person_does_not_stand_as_dead_in_the_records_and_what_was_written_stays() {
    let mut town = Town::new();
    town.until(17 * 60, Beats::Heard);
    town.say("r0000001", Said::Died);
    let before = town.store.account(night()).unwrap();
    assert!(before.lines.iter().all(|line| line.mistaken.is_none()));
    town.now_s += 60;
    town.mistaken();
    let read = town.store.account(night()).unwrap();
    let put_right = Some(Mistake {
        by: staff(),
        at: town.now().timestamp,
    });
    for line in &read.lines {
        let is_theirs = line.id.resident.to_string() == "r0000001";
        let expected = put_right.clone().filter(|_| is_theirs);
        assert_eq!(line.mistaken, expected, "{}", line.id);
        assert_eq!(
            line.words.len(),
            usize::from(is_theirs && line.id.window.0 == 1)
        );
    }
    let report = morning::report(&read, town.now().timestamp);
    assert_eq!(report.found_dead, []);
    assert_eq!(report.mistaken.len(), 1);
    let apart: Vec<Cause> = read.apart.iter().map(|apart| apart.row.cause).collect();
    assert_eq!(apart, [Cause::CalledOffByMistake]);
}

#[test]
fn a_check_that_went_by_before_stays_open_when_another_row_says_found_dead() {
    let mut town = Town::new();
    // Missed at a quarter to midnight, and then silence about the next one is another row.
    town.until(4 * 3600 - 20 * 60, Beats::Heard);
    let before: Vec<i64> = town.open_of("r0000001").iter().map(|row| row.id).collect();
    assert!(!before.is_empty());
    let first = town
        .watch
        .checks
        .keys()
        .find(|id| id.resident.to_string() == "r0000001");
    let check = *first.unwrap();
    let to_come = CheckId {
        window: nattsyn_protocol::ids::WindowKey(2),
        ..check
    };
    let word = Word {
        check: to_come,
        said: Said::Died,
        by: staff(),
        at: town.now().timestamp,
    };
    let (_, changes) = town.watch.handle_word(town.now(), &word);
    town.commit(changes);
    let open = town.open_of("r0000001");
    assert_eq!(open.len(), 1, "somebody says how the first was");
    assert!(open[0].checks.contains(&check));
}

#[test]
fn a_mistake_is_closed_as_one_and_the_unit_is_asked_about_again() {
    let mut town = Town::new();
    town.until(17 * 60, Beats::Heard);
    town.say("r0000001", Said::Died);
    town.until(2 * 3600, Beats::Silent);
    let matter = town.matter().unwrap();
    let now = town.now();
    for how in [Closing::Mended, Closing::Arranged, Closing::Harmless] {
        let refused = town
            .watch
            .close_matter(now, (matter.id, matter.seen), (staff(), how));
        assert_eq!(refused, Err(MatterRefused::NotSo(Situation::FoundDead)));
    }
    let closed =
        town.watch
            .close_matter(now, (matter.id, matter.seen), (staff(), Closing::Mistaken));
    town.commit(closed.unwrap());
    town.pass();
    assert!(town.causes("r0000001").contains(&Cause::Silent));
}

#[test]
fn a_mistake_asks_for_a_visit_that_no_sign_of_life_ends() {
    let mut town = Town::new();
    town.until(17 * 60, Beats::Heard);
    town.say("r0000001", Said::Died);
    town.mistaken();
    assert_eq!(town.causes("r0000001"), [Cause::CalledOffByMistake]);
    let row = town.open_of("r0000001").remove(0);
    assert_eq!((row.due, row.checks), (town.now().timestamp, Vec::new()));
    town.restart();
    // Over the window that was called off, with a unit that is heard throughout.
    town.until(5 * 3600, Beats::Heard);
    assert_eq!(town.causes("r0000001"), [Cause::CalledOffByMistake]);
    town.say("r0000001", Said::Visited);
    assert_eq!(town.open_of("r0000001"), []);
    let closed = town.tonight().closed;
    let ended = closed.iter().find(|ended| ended.id == row.id).unwrap();
    assert_eq!(ended.ended.unwrap().1, Ending::Said(Said::Visited));
}

#[test]
fn what_was_so_again_since_it_was_seen_cannot_be_closed_and_closing_is_written() {
    let mut town = Town::new();
    let stranger = "u0000009".parse().unwrap();
    let drop = crate::ingest::DropKind::UnknownUnit;
    let changes = town.watch.handle_drop(town.now(), stranger, drop);
    town.commit(changes);
    let row = town.tonight().matters.remove(0);
    town.now_s += 5;
    let changes = town.watch.handle_drop(town.now(), stranger, drop);
    town.commit(changes);
    let now = town.now();
    let by = (staff(), Closing::Harmless);
    let refused = town.watch.close_matter(now, (row.id, row.seen), by.clone());
    assert_eq!(refused, Err(MatterRefused::Changed));
    let row = town.tonight().matters.remove(0);
    let closed = town.watch.close_matter(now, (row.id, row.seen), by.clone());
    town.commit(closed.unwrap());
    assert_eq!(town.tonight().matters, []);
    let again = town.watch.close_matter(now, (row.id, row.seen), by);
    assert_eq!(again, Err(MatterRefused::NotOpen(row.id)));
    let line = town.store.account(night()).unwrap().matters.remove(0);
    assert_eq!(line.closed, Some((staff(), Some(Closing::Harmless))));
    town.restart();
    assert_eq!(town.tonight().matters, []);
}

#[test]
fn what_the_hub_sees_itself_is_closed_by_nobody() {
    let mut town = Town::new();
    let changes = town
        .watch
        .handle_contact(town.now(), Contact::Down(Uptime::default()));
    town.commit(changes);
    town.until(0, Beats::Silent);
    let rows = town.tonight().matters;
    let row = rows
        .iter()
        .find(|row| row.situation == Situation::BrokerDown)
        .unwrap();
    let by = (staff(), Closing::Mended);
    let refused = town.watch.close_matter(town.now(), (row.id, row.seen), by);
    assert_eq!(refused, Err(MatterRefused::NotSo(Situation::BrokerDown)));
}

#[test]
fn a_late_check_that_joins_an_older_row_is_marked_late_and_the_older_check_is_not() {
    let mut town = Town::new();
    town.until(17 * 60, Beats::Heard);
    let before = town.open_of("r0000001").remove(0);
    assert_eq!(before.punctuality, Punctuality::InTime);
    // The hub is down over the second window, and back after it.
    town.now_s = 5 * 3600;
    town.restart();
    for _ in 0..2 {
        let row = town.open_of("r0000001").remove(0);
        assert_eq!((row.id, row.checks.len()), (before.id, 2));
        assert_eq!(row.punctuality, Punctuality::HubWasDown);
        let lines = town.store.account(night()).unwrap().lines;
        let of = |window: u8| {
            let mut lines = lines.iter();
            let line = lines.find(|line| {
                line.id.resident.to_string() == "r0000001" && line.id.window.0 == window
            });
            line.unwrap().exceptions[0].punctuality
        };
        assert_eq!(
            (of(1), of(2)),
            (Punctuality::InTime, Punctuality::HubWasDown)
        );
        town.restart();
    }
}
