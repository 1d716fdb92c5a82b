//! Who may change what, what then holds where, and what is said of it.

mod acts;
mod evidence;

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use jiff::civil::date;

use nattsyn_calibration::replay::Words;
use nattsyn_protocol::ids::{HomeId, UnitId};
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::thresholds::{HeldThresholds, NEVER, NightCounts};
use nattsyn_protocol::time::Timestamp;

use super::book::{Book, DecisionError};
use super::map::{Map, Turn, WishError};
use super::outlook::{ByUnit, Counted, by_unit, outlook};
use super::settle::Known;
use super::standing::Sent;
use super::*;
use crate::roster::{Home, Roster};
use crate::settings::{Settings, Source};

const NORTH: &str = "[[area]]\nname = \"Norr\"\n\
                     [[home]]\nid = \"h0000001\"\narea = \"Norr\"\n\
                     [[home]]\nid = \"h0000002\"\narea = \"Norr\"\n";

fn home(number: u8) -> Home {
    Home {
        id: format!("h000000{number}").parse().unwrap(),
        address: format!("Exempelgatan {number}"),
        unit: format!("u000000{number}").parse().unwrap(),
        eye: PublicKey::of(&SigningKey::from_bytes(&[number; 32])),
        residents: Vec::new(),
    }
}

fn homes() -> Vec<Home> {
    [1, 2, 3].map(home).to_vec()
}

fn at(s: i64) -> Timestamp {
    Timestamp::from_ms(1_795_300_000_000 + s * 1000).unwrap()
}

fn who(id: &str) -> StaffId {
    id.parse().unwrap()
}

fn levels(visible: u8, not_visible: u8) -> Levels {
    Levels {
        visible,
        not_visible,
    }
}

fn as_before(levels: Levels) -> (Option<Levels>, Gone) {
    (Some(levels), Gone::AsBefore)
}

fn north() -> Place {
    Place::Area("Norr".parse().unwrap())
}

fn first() -> Place {
    Place::Home(home(1).id)
}

fn approved(id: i64, place: &Place, levels: Option<Levels>, kind: Kind) -> Change {
    Change {
        id: ChangeId(id),
        place: place.clone(),
        levels,
        kind,
        gone: Gone::AsBefore,
        why: "prov".to_owned(),
        at: at(id),
        by: who("chef-001"),
        verdict: Some(Verdict {
            decision: Decision::Approved,
            at: at(id),
            by: who("chef-002"),
            turn: id,
        }),
    }
}

fn set(id: i64, place: &Place, levels: Levels) -> Change {
    approved(id, place, Some(levels), Kind::Set)
}

struct Town {
    roster: Roster,
    settings: Settings,
    book: Book,
    floor: Floor,
    sent: Sent,
}

impl Town {
    fn of(changes: Vec<Change>) -> Self {
        Self {
            roster: Roster::new(homes()),
            settings: Settings::read(NORTH).unwrap(),
            book: Book::new(changes),
            floor: Floor::default(),
            sent: Sent::new(),
        }
    }

    fn map(&self) -> Map<'_> {
        Map {
            roster: &self.roster,
            settings: &self.settings,
            book: &self.book,
            floor: self.floor,
            sent: &self.sent,
        }
    }
}

#[test]
fn levels_are_looked_for_at_the_home_then_its_area_then_the_municipality() {
    let town = Town::of(vec![
        set(1, &Place::Municipality, levels(44, 43)),
        set(2, &north(), levels(46, 45)),
        set(3, &first(), levels(50, 48)),
    ]);
    let of = |number| town.map().of_home(home(number).id);
    assert_eq!((of(1).value, of(1).from), (levels(50, 48), Source::Home));
    let area = Source::Area("Norr".parse().unwrap());
    assert_eq!((of(2).value, of(2).from), (levels(46, 45), area));
    assert_eq!(of(3).value, levels(44, 43));
    assert_eq!(of(3).from, Source::Municipality);
    let bare = Town::of(Vec::new());
    let of = bare.map().of_home(home(1).id);
    assert_eq!((of.value, of.from), (MODELS_OWN, Source::BuiltIn));
    // A change of the area's turns the home that says nothing of its own, and no other.
    let turns = town.map().turns(&north(), Some(levels(47, 45)));
    let turned: Vec<HomeId> = turns.iter().map(|turn| turn.home).collect();
    assert_eq!(turned, [home(2).id]);
}

#[test]
fn what_one_person_moves_keeps_the_stricter_levels_until_two_decide_where_they_come_from() {
    let mut town = Town::of(vec![
        set(1, &north(), levels(60, 46)),
        set(2, &Place::Municipality, levels(44, 50)),
    ]);
    town.sent = sent(1, levels(60, 46));
    assert_eq!(town.map().held_back(home(1).id), None);
    town.settings = Settings::default();
    let here = home(1).id;
    assert_eq!(
        town.map().of_home(here).value,
        levels(60, 50),
        "each word's"
    );
    assert_eq!(town.map().held_back(here), Some(levels(44, 50)));
    let held: Vec<HomeId> = town
        .map()
        .all_held_back(&Place::Municipality)
        .iter()
        .map(|(home, _)| home.id)
        .collect();
    assert_eq!(held, [here]);
    // What is set may be proposed once more, for the home or where it comes from: it turns it.
    for place in [first(), Place::Municipality] {
        let set = town.book.set_at(&place);
        let wish = (set, Gone::AsBefore);
        assert_eq!(town.map().examine(&place, wish, "prov"), Ok(()));
        assert_eq!(town.map().caution(&place, set), Caution::Less);
        let turns = town.map().turns(&place, set);
        let turned: Vec<_> = turns.iter().map(|it| (it.home, it.after)).collect();
        assert_eq!(turned, [(here, levels(44, 50))], "{place:?}");
    }
    // A home with levels of its own is none of the municipality's.
    let own = town.book.changes().iter().cloned();
    let own = own.chain([set(3, &first(), levels(45, 45))]);
    town.book = Book::new(own.collect());
    assert_eq!(town.map().held_back(here), Some(levels(45, 45)));
    let set = town.book.set_at(&Place::Municipality);
    assert_eq!(town.map().turns(&Place::Municipality, set), []);
}

#[test]
fn nothing_goes_under_the_floor_also_what_was_approved_before_it_was_raised() {
    let mut town = Town::of(vec![set(1, &first(), levels(44, 60))]);
    let under = town
        .map()
        .examine(&north(), as_before(levels(42, 50)), "prov");
    assert_eq!(under, Err(WishError::UnderFloor(MODELS_OWN)));
    let beyond = town
        .map()
        .examine(&north(), as_before(levels(65, 50)), "prov");
    assert_eq!(beyond, Err(WishError::UnderFloor(MODELS_OWN)));
    assert_eq!(
        town.map()
            .examine(&north(), as_before(levels(NEVER, 42)), "prov"),
        Ok(())
    );
    town.floor = Floor::new(levels(48, 48)).unwrap();
    let known = Known {
        newest: &Sent::new(),
        words: &BTreeMap::new(),
        now: at(0),
        act: None,
    };
    let due = settle::due(&town.map(), known, |_| true);
    let sent: Vec<(u8, u8)> = due.iter().map(|it| (it.visible, it.not_visible)).collect();
    assert_eq!(
        sent,
        [(48, 60), (48, 48), (48, 48)],
        "also where nothing is set"
    );
    assert_eq!(town.map().of_home(home(1).id).value, levels(48, 60));
    assert_eq!(town.map().of_home(home(3).id).value, levels(48, 48));
    assert_eq!(Floor::new(levels(42, 64)), Err(FloorError));
    assert_eq!(Floor::new(levels(65, 64)), Err(FloorError));
}

#[test]
fn what_was_decided_last_holds_whatever_the_clock_showed() {
    let here = first();
    let mut later = set(2, &here, levels(60, 60));
    later.verdict.as_mut().unwrap().at = at(-7200);
    let mut back = approved(3, &here, Some(levels(44, 43)), Kind::Rollback(ChangeId(2)));
    back.verdict.as_mut().unwrap().at = at(-7300);
    let mut changes = vec![set(1, &here, levels(44, 43)), later];
    assert_eq!(
        Book::new(changes.clone()).set_at(&here),
        Some(levels(60, 60))
    );
    changes.push(back);
    assert_eq!(Book::new(changes).set_at(&here), Some(levels(44, 43)));
}

#[test]
fn one_step_back_is_what_was_approved_before_and_the_next_step_goes_on_from_there() {
    let here = first();
    let mut changes = vec![set(1, &here, levels(50, 50))];
    let mut refused = set(2, &here, levels(60, 60));
    refused.verdict.as_mut().unwrap().decision = Decision::Refused;
    changes.push(refused);
    changes.push(set(3, &here, levels(46, 46)));
    let step = Book::new(changes.clone()).step_back(&here).unwrap();
    assert_eq!(
        (step.undoes, step.levels),
        (ChangeId(3), Some(levels(50, 50)))
    );
    changes.push(approved(4, &here, step.levels, Kind::Rollback(step.undoes)));
    let book = Book::new(changes.clone());
    assert_eq!(book.set_at(&here), Some(levels(50, 50)));
    let step = book.step_back(&here).unwrap();
    assert_eq!((step.undoes, step.levels), (ChangeId(1), None));
    changes.push(approved(5, &here, None, Kind::Rollback(ChangeId(1))));
    let book = Book::new(changes);
    assert_eq!((book.set_at(&here), book.step_back(&here)), (None, None));
}

#[test]
fn nobody_decides_on_what_they_proposed_and_nothing_is_decided_twice() {
    let mut waits = set(1, &first(), levels(50, 50));
    waits.verdict = None;
    let book = Book::new(vec![waits, set(2, &north(), levels(50, 50))]);
    let decides = |id, by: &str, decision| {
        let found = book.decidable(ChangeId(id), &who(by), decision);
        found.map(|change| change.id)
    };
    let (own, other) = ("chef-001", "chef-002");
    for decision in [Decision::Approved, Decision::Refused] {
        assert_eq!(decides(1, own, decision), Err(DecisionError::Own));
        assert_eq!(decides(1, other, decision), Ok(ChangeId(1)));
        assert_eq!(decides(2, other, decision), Err(DecisionError::Decided));
        assert_eq!(decides(9, other, decision), Err(DecisionError::NoSuch));
    }
    assert_eq!(decides(1, own, Decision::Withdrawn), Ok(ChangeId(1)));
    let others = decides(1, other, Decision::Withdrawn);
    assert_eq!(others, Err(DecisionError::Others));
}

fn night(unit: u8, day: i8, checks: &[(u8, u32)]) -> NightCounts {
    NightCounts {
        unit: home(unit).unit,
        night: date(2026, 11, day),
        checks: checks.to_vec(),
        otherwise: 1,
        evidence: None,
    }
}

fn counted_in(home: Option<HomeId>, nights: &[NightCounts]) -> ByUnit {
    let nights = nights.iter().cloned();
    by_unit(nights.map(|night| Counted { night, home }).collect())
}

#[test]
fn what_a_unit_counted_in_another_home_is_none_of_the_new_homes() {
    let town = Town::of(Vec::new());
    let turns = town.map().turns(&first(), Some(levels(50, 42)));
    let nights = [night(1, 20, &[(45, 3)])];
    let here = counted_in(Some(home(1).id), &nights);
    let since = date(2026, 11, 10);
    assert_eq!(outlook(&turns, &here, since).nights, 1);
    let elsewhere = counted_in(Some(home(2).id), &nights);
    let nothing = outlook(&turns, &elsewhere, since);
    assert_eq!((nothing.nights, nothing.counted), (0, 0));
    let said = words::basis(&nothing).sv;
    assert!(said.contains("den berörda bostaden har inte"), "{said}");
}

#[test]
fn the_consequences_are_both_numbers_from_counts_of_the_homes_concerned_alone() {
    let town = Town::of(Vec::new());
    let turns = town.map().turns(&north(), Some(levels(50, 42)));
    let counts = [
        night(1, 20, &[(10, 1), (45, 3), (60, 2)]),
        // Of a home that is not concerned, and of a night too long ago.
        night(3, 20, &[(45, 9)]),
        night(1, 1, &[(45, 9)]),
    ];
    let counts = counted_in(None, &counts);
    let outlook = outlook(&turns, &counts, date(2026, 11, 10));
    let words = |visible, unclear, not_visible| Words {
        visible,
        unclear,
        not_visible,
    };
    assert_eq!(outlook.before, words(5, 0, 1));
    assert_eq!(outlook.after, words(2, 3, 1));
    assert_eq!((outlook.homes, outlook.counted, outlook.nights), (2, 1, 1));
    let [(unclear, both), (visible, _), (absent, _)] = words::shifts(&outlook);
    assert_eq!(unclear.sv, "3 fler oklara");
    assert_eq!(both.sv, "3 i stället för 0");
    assert_eq!(visible.sv, "3 färre synliga");
    assert_eq!(absent.sv, "lika många ”syns inte”");
    let basis = words::basis(&outlook).sv;
    assert!(
        basis.contains("6 tillsyner under 1 natt i 1 av 2"),
        "{basis}"
    );
}

#[test]
fn without_counts_it_is_said_that_nothing_can_be_counted() {
    let town = Town::of(Vec::new());
    let turns = town.map().turns(&north(), Some(levels(50, 42)));
    let counts = counted_in(None, &[night(3, 20, &[(45, 9)])]);
    let nothing = outlook(&turns, &counts, date(2026, 11, 10));
    assert_eq!(nothing.counted, 0);
    let said = words::basis(&nothing).sv;
    assert!(said.contains("går inte att räkna ut: ingen av 2"), "{said}");
}

fn due(town: &Town, sent: &Sent, said: &[(u8, u32)]) -> Vec<(UnitId, u32, Levels)> {
    let held = |version| HeldThresholds {
        version,
        ..HeldThresholds::default()
    };
    let words = said.iter().map(|(n, v)| (home(*n).unit, held(*v)));
    let known = Known {
        newest: sent,
        words: &words.collect(),
        now: at(0),
        act: None,
    };
    let due = settle::due(&town.map(), known, |_| true);
    let due = due.iter();
    due.map(|it| (it.unit, it.version, Levels::from(it)))
        .collect()
}

fn sent(version: u32, pair: Levels) -> Sent {
    let thresholds = HomeThresholds {
        unit: home(1).unit,
        version,
        visible: pair.visible,
        not_visible: pair.not_visible,
        anew: 0,
    };
    let stored = StoredThresholds {
        signed: nattsyn_protocol::signing::Signed::seal(
            &thresholds,
            &SigningKey::from_bytes(&[9; 32]),
        ),
        thresholds,
        epoch: 1,
        made: at(0),
    };
    Sent::from([(home(1).unit, stored)])
}

#[test]
fn a_unit_for_which_nothing_was_approved_is_sent_nothing_and_any_other_what_holds() {
    let bare = Town::of(Vec::new());
    assert_eq!(due(&bare, &Sent::new(), &[]), []);
    // It is more cautious by a ledger that is lost: nobody decided that it may be less so.
    assert_eq!(due(&bare, &Sent::new(), &[(1, 7)]), []);
    let town = Town::of(vec![set(1, &first(), levels(50, 48))]);
    let one = |version, pair| vec![(home(1).unit, version, pair)];
    assert_eq!(due(&town, &Sent::new(), &[]), one(1, levels(50, 48)));
    assert_eq!(due(&town, &sent(1, levels(50, 48)), &[]), []);
    assert_eq!(
        due(&town, &sent(1, levels(46, 46)), &[]),
        one(2, levels(50, 48))
    );
    // Once sent some, it is told that nothing is set any more when somebody has decided that.
    let mut bare = Town::of(Vec::new());
    bare.sent = sent(3, levels(50, 48));
    let decided = |act| {
        let known = Known {
            newest: &bare.sent,
            words: &BTreeMap::new(),
            now: at(0),
            act,
        };
        let due = settle::due(&bare.map(), known, |_| true);
        due.iter()
            .map(|it| (it.unit, it.version, Levels::from(it)))
            .collect::<Vec<_>>()
    };
    assert_eq!(decided(None), []);
    let here = first();
    assert_eq!(decided(Some((&here, Gone::AsBefore))), one(4, MODELS_OWN));
    // A unit takes nothing by a version that it has seen.
    assert_eq!(
        due(&town, &sent(3, levels(50, 48)), &[(1, 7)]),
        one(8, levels(50, 48))
    );
}

#[test]
fn a_place_is_read_back_by_its_word() {
    for place in [Place::Municipality, north(), first()] {
        assert_eq!(place_of(&place_word(&place)), Some(place));
    }
    for wrong in ["", "home:x", "area:", "street:1"] {
        assert_eq!(place_of(wrong), None, "{wrong}");
    }
}

#[test]
fn a_turn_names_only_homes_in_which_something_else_would_hold() {
    let town = Town::of(vec![set(1, &first(), levels(50, 48))]);
    let turns = town.map().turns(&Place::Municipality, Some(levels(50, 48)));
    let turn = |number| Turn {
        home: home(number).id,
        unit: home(number).unit,
        before: MODELS_OWN,
        after: levels(50, 48),
    };
    assert_eq!(turns, [turn(2), turn(3)]);
}

/// For the figure in docs/reference/calibration.md: `cargo test --workspace --lib -- --ignored
/// --nocapture how_long_a_slider`.
#[test]
#[ignore = "a measurement, which tells nothing of whether the code is right"]
#[expect(clippy::disallowed_methods, reason = "it measures real time")]
fn how_long_a_slider_waits_in_a_municipality_of_five_thousand_homes() {
    let homes = (0..5000).map(|number| Home {
        id: format!("h{number:07}").parse().unwrap(),
        unit: format!("u{number:07}").parse().unwrap(),
        ..home(1)
    });
    let mut town = Town::of(vec![set(1, &Place::Municipality, levels(46, 45))]);
    town.roster = Roster::new(homes.collect());
    let homes = town.roster.homes().iter();
    let nights: Vec<NightCounts> = homes
        .flat_map(|home| {
            (1..=30).map(|day| NightCounts {
                unit: home.unit,
                ..night(1, day, &[(10, 1), (45, 3), (60, 2)])
            })
        })
        .collect();
    let begun = std::time::Instant::now();
    let turns = town.map().turns(&Place::Municipality, Some(levels(50, 42)));
    let counts = counted_in(None, &nights);
    let outlook = outlook(&turns, &counts, date(2026, 11, 1));
    println!("{} nights in {:?}", outlook.nights, begun.elapsed());
    assert_eq!((outlook.homes, outlook.nights), (5000, 150_000));
}
