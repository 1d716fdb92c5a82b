//! What a unit's word about as what it is commissioned is worth: the newest counts, whoever passes
//! it on.

use super::*;

fn with_place() -> crate::enrolment::Homes {
    let mut homes = homes();
    homes.plans[0].places = vec![place()];
    homes
}

impl Office {
    /// As what the ledger says that the unit is commissioned.
    fn known(&self) -> Option<HeldCommissioned> {
        let gates = Courses::open(&self.path).unwrap().gates().unwrap();
        gates.held(self.unit()).cloned()
    }

    /// How many of its words are in the ledger.
    fn words_written(&self) -> u32 {
        let ledger = rusqlite::Connection::open(&self.path).unwrap();
        let sql = "SELECT count(*) FROM commission_words";
        ledger.query_row(sql, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn an_older_word_that_is_said_again_opens_no_gate_also_after_a_restart() {
    let open = Some(held(MODEL, &place()));
    for restarts in [false, true] {
        let mut office = Office::enrolled(&with_place());
        office.greets_by(10, None, (open.clone(), Some(5)));
        assert_eq!(office.raised(), []);
        // Its profile was lost.
        office.greets_by(11, None, (None, Some(9)));
        assert_eq!(office.raised(), [Situation::CommissionAwaited]);
        if restarts {
            office = office.restarted(12);
        }
        for (count, number) in (1..).zip([Some(5), Some(8), Some(9), None]) {
            office.greets_by(13, None, (open.clone(), number));
            assert_eq!(office.known(), None, "{number:?}");
            assert_eq!(office.desk.drops.of(DropKind::OldWord), count);
        }
        office.seen();
        let cause = Cause::NotCommissioned(Shut::Never);
        assert_eq!(office.account(), Account::Open(cause));
        office.greets_by(30, None, (open.clone(), Some(10)));
        assert_eq!(office.known(), open);
    }
}

#[test]
fn the_same_word_is_one_row_however_often_and_by_whatever_number_it_is_said() {
    let open = Some(held(MODEL, &place()));
    let mut office = Office::enrolled(&with_place());
    office.greets(10, None, open.clone());
    for number in [None, Some(3), Some(3), Some(4), Some(3), Some(90)] {
        office.greets_by(11, None, (open.clone(), number));
    }
    assert_eq!(
        office.words_written(),
        2,
        "one, and the first with a number"
    );
    office.greets_by(12, None, (None, Some(60)));
    assert_eq!(office.known(), open, "it said 90 before");
    let mut store = SqliteStore::open(&office.path).unwrap();
    let (mut homes, at) = (with_place(), office.at(12).timestamp);
    homes.homes[0].address = "Testgatan 2".to_owned();
    crate::enrolment::enrol(&mut store, &homes, &keys(), at).unwrap();
    office.desk.look(office.at(13)).unwrap();
    office.greets_by(13, None, (None, Some(60)));
    assert_eq!(office.known(), open, "also after another desk has written");
    let mut office = office.restarted(13);
    office.greets_by(14, None, (open.clone(), Some(91)));
    assert_eq!(office.words_written(), 2);
}

#[test]
fn a_unit_that_counts_no_words_is_believed_as_ever_until_it_counts() {
    let open = Some(held(MODEL, &place()));
    let mut office = Office::enrolled(&with_place());
    office.greets(10, None, open.clone());
    office.greets(11, None, None);
    assert_eq!(office.known(), None);
    office.greets(12, None, open.clone());
    assert_eq!(office.known(), open);
    office.greets_by(13, None, (None, Some(1)));
    office.greets(14, None, open);
    assert_eq!(office.known(), None);
}

#[test]
fn another_eye_under_the_same_id_counts_its_words_anew() {
    let mut office = Office::enrolled(&with_place());
    let open = Some(held(MODEL, &place()));
    office.greets_by(10, None, (open.clone(), Some(500)));
    let mut homes = with_place();
    let other = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
    homes.homes[0].eye = nattsyn_protocol::signing::PublicKey::of(&other);
    let mut store = SqliteStore::open(&office.path).unwrap();
    let at = office.at(20).timestamp;
    crate::enrolment::enrol(&mut store, &homes, &keys(), at).unwrap();
    office.desk.look(office.at(21)).unwrap();
    assert_eq!(office.known(), None);
    for (held, number) in [(open.clone(), Some(7)), (None, Some(8))] {
        let said = crate::commission::gate::CommissionWord { held, number };
        let (at, unit) = (office.at(22).timestamp, office.unit());
        let newness = office.desk.commission.hear_held(at, unit, &said);
        assert_eq!(newness, crate::commission::gate::Newness::News);
    }
}

/// Refused first, then tried anew as far as it passes, with the order to conclude on its way.
pub(super) fn asked_to_conclude() -> (Office, u64) {
    let mut homes = with_place();
    homes.plans[0].places = vec![vec![[0.2, 0.2], [0.6, 0.2], [0.6, 0.6]]];
    let mut office = Office::enrolled(&homes);
    office.opens(20);
    let at_s = office.tries_all(30, Finding::Visible);
    for spot in 0..5 {
        let at_s = at_s + 2 + 2 * u64::from(spot);
        let order = office.asks(at_s, walk(spot));
        office.hears_back(at_s + 1, &up(&tried(&order)));
    }
    let at_s = office.tries_all(at_s + 20, Finding::NotVisible);
    let (unit, by) = (office.unit(), hand("tekn-001"));
    office.does(at_s, |it| it.conclude(unit, &by)).unwrap();
    (office, at_s)
}

#[test]
fn a_unit_whose_answer_was_lost_passed_by_its_word_also_a_day_and_a_restart_later() {
    for restarts in [false, true] {
        let (mut office, at_s) = asked_to_conclude();
        let mut later = at_s + 1;
        if restarts {
            later = at_s + 24 * 3600;
            office = office.restarted(later);
        }
        let unit = office.unit();
        let mut elsewhere = place();
        elsewhere[0] = [0.2, 0.2];
        let other_leave = HeldCommissioned {
            version: 2,
            ..held(MODEL, &place())
        };
        for other in [held(MODEL, &elsewhere), other_leave] {
            office.greets_by(later, None, (Some(other.clone()), Some(3)));
            assert!(office.course().passed.is_none(), "{other:?}");
        }
        let gates = Courses::open(&office.path).unwrap().gates().unwrap();
        let refused = gates.refused.contains_key(&unit);
        assert!(refused, "of another place nothing was concluded");
        office.greets_by(later, None, (Some(held(MODEL, &place())), Some(9)));
        let (passed, _) = office.course().passed.unwrap();
        assert_eq!(passed.held, held(MODEL, &place()));
        let rows = Courses::open(&office.path).unwrap();
        assert_eq!(rows.unagreed().unwrap(), [unit], "its places are agreed to");
        assert_eq!(rows.gates().unwrap().refused(unit), None);
        // Said once more, and its answer after all: one row.
        let before = office.course().last;
        office.greets_by(later, None, (Some(held(MODEL, &place())), Some(9)));
        let commissioned = Commissioned {
            unit,
            held: held(MODEL, &place()),
            at_ms: office.at(at_s).timestamp,
            staged: Vec::new(),
            word: Some(9),
        };
        office.hears_back(later, &CommissionUp::Commissioned(signed(&commissioned)));
        assert_eq!(office.course().last, before);
    }
}
