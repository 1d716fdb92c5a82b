//! What a refusal, an exchange and a trial that refused sensor mode hold against: answers that come
//! late or not at all, hardware that was tried elsewhere, a ledger of before, rows that nobody can
//! read.

use ed25519_dalek::SigningKey;

use nattsyn_protocol::commission::{NoTry, NotTried};
use nattsyn_protocol::signing::PublicKey;

use super::refused::with_place_on_paper;
use super::worth::asked_to_conclude;
use super::*;
use crate::enrolment::{Homes, enrol};

impl Office {
    fn is_enrolled(&mut self, at_s: u64, homes: &Homes) {
        let mut store = SqliteStore::open(&self.path).unwrap();
        enrol(&mut store, homes, &keys(), self.at(at_s).timestamp).unwrap();
        self.desk.look(self.at(at_s + 1)).unwrap();
    }

    /// Tries all that comes before this one.
    fn tries_until(&mut self, mut at_s: u64, last: State) -> (u64, Try) {
        let (unit, by) = (self.unit(), hand("tekn-001"));
        loop {
            if self.course().to_settle().is_some() {
                let settled = self.does(at_s, |it| it.settle(unit, vec![place()], &by));
                settled.unwrap();
            }
            let what = self.course().next().unwrap();
            if matches!(what, Try::Staged { state, .. } if state == last) {
                return (at_s, what);
            }
            let order = self.asks(at_s, what);
            self.hears_back(at_s + 1, &up(&tried(&order)));
            at_s += 2;
        }
    }
}

const REFUSED: Cause = Cause::NotCommissioned(Shut::Refused);
const EXCHANGED: Cause = Cause::NotCommissioned(Shut::Exchanged);

#[test]
fn a_unit_that_will_not_conclude_by_its_own_count_is_refused() {
    for (why, refused) in [
        (NoTry::NotPassed, true),
        (NoTry::TooLittleRoom, true),
        (NoTry::DiskDown, false),
        (NoTry::Busy, false),
    ] {
        let mut office = Office::enrolled(&with_place_on_paper());
        office.opens(20);
        let at_s = office.tries_all(30, Finding::NotVisible);
        let (unit, by) = (office.unit(), hand("tekn-001"));
        office.does(at_s, |it| it.conclude(unit, &by)).unwrap();
        let course = office.course();
        let not = NotTried {
            unit,
            boot: BOOT,
            version: course.leave.version,
            number: course.numbers,
            why,
        };
        office.hears_back(at_s + 1, &CommissionUp::NotTried(signed(&not)));
        let mut office = office.restarted(at_s + 2);
        let account = office.sees_somebody(at_s + 3, 1);
        assert_eq!(account == Account::Open(REFUSED), refused, "{why:?}");
    }
}

#[test]
fn somebody_seen_in_an_empty_bed_refuses_also_where_the_answer_came_after_the_next_order() {
    let mut office = Office::enrolled(&with_place_on_paper());
    office.opens(20);
    let (at_s, what) = office.tries_until(30, State::EmptyHeaped);
    let first = office.asks(at_s, what);
    let at_s = at_s + 60;
    let second = office.asks(at_s, what);
    assert!(second.number > first.number);
    let late = Tried {
        finding: Finding::Visible,
        ..tried(&first)
    };
    for nothing in [
        // Of another run, of an order that was never given, and of nothing wrong.
        Tried {
            boot: BootId(9),
            ..late.clone()
        },
        Tried {
            number: second.number + 1,
            ..late.clone()
        },
        tried(&first),
    ] {
        office.hears_back(at_s + 1, &up(&nothing));
        assert_eq!(office.raised(), [], "{nothing:?}");
    }
    office.hears_back(at_s + 1, &up(&late));
    assert_eq!(office.raised(), [Situation::CommissionAwaited]);
    office.hears_back(at_s + 2, &up(&late));
    assert_eq!(office.rows("commission_refusals"), 1);
    let mut office = office.restarted(at_s + 2);
    assert_eq!(office.sees_somebody(at_s + 3, 1), Account::Open(REFUSED));
    // What it passes after all, by its own count, counts.
    office.hears_back(at_s + 4, &up(&tried(&second)));
    let at_s = office.tries_all(at_s + 5, Finding::NotVisible);
    office.passes(at_s);
    assert_eq!(office.raised(), []);
    office.hears_back(at_s + 2, &up(&late));
    assert_eq!(office.raised(), [], "that was before it passed");
}

#[test]
fn an_exchanged_unit_counts_by_no_number_of_a_pass_elsewhere() {
    let mut homes = with_place_on_paper();
    let mut office = Office::enrolled(&homes);
    homes.homes[0].eye = PublicKey::of(&SigningKey::from_bytes(&[5; 32]));
    office.is_enrolled(20, &homes);
    // The eye of before again: it passed many times, elsewhere.
    homes.homes[0].eye = PublicKey::of(&eye());
    office.is_enrolled(30, &homes);
    let elsewhere = |version| HeldCommissioned {
        version,
        ..held(MODEL, &place())
    };
    office.greets(39, Some((12, Leave::Over)), Some(elsewhere(9)));
    office.greets(40, None, Some(elsewhere(13)));
    assert_eq!(office.raised(), [Situation::CommissionAwaited]);
    assert_eq!(office.sees_somebody(41, 1), Account::Open(EXCHANGED));
}

#[test]
fn a_unit_that_follows_another_in_its_home_has_no_paper() {
    let mut homes = with_place_on_paper();
    let mut office = Office::enrolled(&homes);
    let until = homes.paper.remove(&office.unit()).unwrap();
    let next = "u0000002".parse().unwrap();
    homes.homes[0].unit = next;
    homes.plans[0].unit = next;
    homes.paper.insert(next, until);
    office.is_enrolled(20, &homes);
    assert!(office.raised().contains(&Situation::CommissionAwaited));
    // The same file once more, and a restart, change nothing.
    office.is_enrolled(30, &homes);
    let office = office.restarted(40);
    assert!(office.raised().contains(&Situation::CommissionAwaited));
    let gates = Courses::open(&office.path).unwrap().gates().unwrap();
    assert_eq!(gates.refused(next), Some(Shut::Exchanged));
    assert_eq!(office.rows("commission_refusals"), 1);
}

#[test]
fn a_pass_that_is_heard_of_after_the_unit_was_moved_is_no_pass_of_the_new_home() {
    for restarts in [false, true] {
        let (mut office, at_s) = asked_to_conclude();
        let mut moved = with_place_on_paper();
        moved.paper.clear();
        moved.homes[0].id = "h0000009".parse().unwrap();
        office.is_enrolled(at_s + 1, &moved);
        if restarts {
            office = office.restarted(at_s + 2);
        }
        office.greets_by(at_s + 3, None, (Some(held(MODEL, &place())), Some(9)));
        office.hears_back(
            at_s + 4,
            &CommissionUp::Commissioned(signed(&Commissioned {
                unit: office.unit(),
                held: held(MODEL, &place()),
                at_ms: office.at(at_s).timestamp,
                staged: Vec::new(),
                word: Some(9),
            })),
        );
        assert_eq!(office.raised(), [Situation::CommissionAwaited]);
        let rows = Courses::open(&office.path).unwrap();
        assert_eq!(rows.unagreed().unwrap(), []);
        let refused = rows.gates().unwrap().refused(office.unit());
        assert_eq!(refused, Some(Shut::Exchanged));
    }
}

#[test]
fn a_trial_that_was_refused_before_refusals_were_kept_is_one_from_the_next_start() {
    let mut office = Office::enrolled(&with_place_on_paper());
    office.opens(20);
    let at_s = office.tries_all(30, Finding::Visible);
    let order = office.asks(at_s, walk(0));
    office.hears_back(at_s + 1, &up(&tried(&order)));
    let ledger = rusqlite::Connection::open(&office.path).unwrap();
    let sql = "DROP TRIGGER commission_refusals_remain; DELETE FROM commission_refusals";
    ledger.execute_batch(sql).unwrap();
    drop(ledger);
    let office = office.restarted(at_s + 2);
    assert_eq!(office.raised(), [Situation::CommissionAwaited]);
    let office = office.restarted(at_s + 3);
    assert_eq!(office.rows("commission_refusals"), 1, "once");
}

#[test]
fn nights_of_one_home_that_cannot_be_read_hold_up_nothing() {
    let office = Office::on_trial((2, 2));
    let ledger = rusqlite::Connection::open(&office.path).unwrap();
    let night = office.check.id.night.yesterday().unwrap();
    let sql = "INSERT INTO counts (unit, night, body, signature, came_ms, home)
               VALUES ('u0000001', ?1, 'nonsense', '', 0, NULL)";
    ledger.execute(sql, [night.to_string()]).unwrap();
    drop(ledger);
    let mut office = office.restarted(12);
    assert_eq!(office.raised(), []);
    office.seen();
    assert_eq!(office.shut(), None);
}

#[test]
fn a_trial_that_is_under_way_is_not_begun_over() {
    let mut office = Office::enrolled(&homes());
    let (unit, by) = (office.unit(), hand("tekn-001"));
    office.does(20, |it| it.begin(unit, &by)).unwrap();
    for (at_s, stands) in [(21, None), (22, Some(Leave::Open))] {
        if let Some(stands) = stands {
            office.greets(at_s, Some((1, stands)), None);
        }
        for who in ["tekn-001", "tekn-002"] {
            let again = office.does(at_s, |it| it.begin(unit, &hand(who)));
            assert!(matches!(again, Err(CommissionError::UnderWay)), "{again:?}");
        }
    }
    // The unit was started anew: nothing is under way.
    office.greets(30, None, None);
    office.does(31, |it| it.begin(unit, &by)).unwrap();
    assert_eq!(office.course().leave.version, 2);
}

#[test]
fn that_it_passed_counts_also_after_something_else_was_asked_for_unless_that_was_tried() {
    for tries in [false, true] {
        let (mut office, at_s) = asked_to_conclude();
        let at_s = at_s + 60;
        let order = office.asks(at_s, walk(0));
        if tries {
            office.hears_back(at_s + 1, &up(&tried(&order)));
        }
        let commissioned = Commissioned {
            unit: office.unit(),
            held: held(MODEL, &place()),
            at_ms: office.at(at_s).timestamp,
            staged: Vec::new(),
            word: Some(9),
        };
        let said = CommissionUp::Commissioned(signed(&commissioned));
        office.hears_back(at_s + 2, &said);
        assert_eq!(office.course().passed.is_none(), tries);
        let office = office.restarted(at_s + 3);
        assert_eq!(office.course().passed.is_none(), tries);
        let gates = Courses::open(&office.path).unwrap().gates().unwrap();
        assert_eq!(gates.refused(office.unit()).is_some(), tries);
    }
}

#[test]
fn a_unit_that_names_a_later_leave_than_a_ledger_that_was_set_back_counts_no_more() {
    let passed = |version| HeldCommissioned {
        version,
        ..held(MODEL, &place())
    };
    for (named, says, counts) in [
        (1, passed(1), true),
        (2, passed(1), false),
        (2, passed(2), true),
    ] {
        let mut homes = with_place_on_paper();
        homes.paper.clear();
        let mut office = Office::enrolled(&homes);
        office.opens(20);
        let at_s = office.tries_all(30, Finding::NotVisible);
        office.passes(at_s);
        assert_eq!(office.raised(), []);
        for again in 0..2 {
            office.greets(
                at_s + 2 + again,
                Some((named, Leave::Over)),
                Some(says.clone()),
            );
        }
        let mut office = office.restarted(at_s + 5);
        let account = office.sees_somebody(at_s + 6, 1);
        let is_seen = matches!(account, Account::Ended(How::Visible(_)));
        assert_eq!(is_seen, counts, "{named} {says:?}: {account:?}");
        let refusals = office.rows("commission_refusals");
        assert_eq!(refusals, i64::from(!counts), "once");
    }
}
