//! What leaves a home while its unit is commissioned, in bytes; and what papers may say.

use std::time::Duration;

use ed25519_dalek::SigningKey;

use nattsyn_protocol::commission::{
    Ask, CommissionDown, CommissionMessage, CommissionUp, Commissioned, Commissioning, GRID,
    HeldCommissioned, HeldCommissioning, Leave, NoTry, NotTried, Order, PlaceDigest, Room,
    StagedLevel, State, Tried, Try,
};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::finding::{Finding, Reason};
use nattsyn_protocol::ids::{BootId, ResidentId, UnitId};
use nattsyn_protocol::policy::{Build, Capability};
use nattsyn_protocol::signing::{Document, PublicKey, Signed};
use nattsyn_protocol::time::Timestamp;
use nattsyn_protocol::wire;

use super::course::{Answer, Course, Phase};
use super::gate::{
    CommissionWord, Gate, Gates, Paper, PaperWhy, Papers, Shut, UnitGate, Whose, gate,
};
use super::sides::Sides;
use super::standing::{Heard, Standing};
use super::suited::{Share, Unsuited};
use super::{CourseRow, Step};
use super::{PAPER_MAX, PAPER_REMINDED};
use crate::keys::endorse;

fn unit() -> UnitId {
    "u0000001".parse().unwrap()
}

fn at(day: u64) -> Timestamp {
    let began = Timestamp::from_ms(1_795_000_000_000).unwrap();
    began.after(Duration::from_secs(day * 24 * 3600))
}

fn place() -> Vec<[f32; 2]> {
    vec![[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]
}

fn signed<D: Document>(document: &D) -> Signed {
    Signed::seal(document, &SigningKey::from_bytes(&[3; 32]))
}

/// Each message as it goes onto the wire: its name, how many bytes, and at most how many.
#[expect(
    clippy::too_many_lines,
    reason = "one message of each kind, filled as far as a home with two sleepers fills it"
)]
fn sizes() -> Vec<(&'static str, usize, usize)> {
    let hub = SigningKey::from_bytes(&[9; 32]);
    let endorsement = endorse(&demonstration::root_key(), PublicKey::of(&hub), 1);
    let message = |document: Signed| CommissionMessage {
        document,
        endorsement: endorsement.clone(),
    };
    let leave = Commissioning {
        unit: unit(),
        version: 1,
        sleepers: 2,
        from_ms: at(0),
        until_ms: at(0).after(Duration::from_secs(7200)),
    };
    let staged = Try::Staged {
        sleeper: Some(1),
        state: State::HalfCovered,
        room: Room::Otherwise,
    };
    let order = Order {
        unit: unit(),
        version: 1,
        number: 60,
        ask: Ask::Try(staged),
        places: vec![place(), place()],
    };
    let tried = Tried {
        unit: unit(),
        boot: BootId(u64::MAX),
        version: 1,
        number: 60,
        what: staged,
        finding: Finding::Unclear(Reason::WeakEvidence),
        level: Some(48),
        cells: Vec::new(),
    };
    let walked = Tried {
        what: Try::Walk {
            sleeper: 1,
            spot: 4,
        },
        cells: (0..40).map(|cell| cell * 8).collect(),
        ..tried.clone()
    };
    let not = NotTried {
        unit: unit(),
        boot: BootId(u64::MAX),
        version: 1,
        number: 60,
        why: NoTry::TooLittleRoom,
    };
    let level = StagedLevel {
        state: State::EmptyJustLeft,
        room: Room::Otherwise,
        level: Some(48),
    };
    let commissioned = Commissioned {
        unit: unit(),
        held: HeldCommissioned {
            version: 1,
            model: "00000000".to_owned(),
            places: vec![PlaceDigest::of(&[place()]); 2],
        },
        at_ms: at(0),
        staged: vec![level; 19],
        word: Some(1_795_000_000_001),
    };
    let up = |said: CommissionUp| wire::encode(&said).len();
    let down = |said: CommissionDown| wire::encode(&said).len();
    vec![
        (
            "leave",
            down(CommissionDown::Leave(message(signed(&leave)))),
            900,
        ),
        (
            "order",
            down(CommissionDown::Order(message(signed(&order)))),
            1100,
        ),
        ("tried", up(CommissionUp::Tried(signed(&tried))), 500),
        (
            "tried of a walk",
            up(CommissionUp::Tried(signed(&walked))),
            700,
        ),
        ("not tried", up(CommissionUp::NotTried(signed(&not))), 400),
        (
            "commissioned",
            up(CommissionUp::Commissioned(signed(&commissioned))),
            1900,
        ),
    ]
}

#[test]
fn what_leaves_a_home_is_words_and_cells_and_the_page_says_how_much() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/reference/commissioning.md"
    );
    let page = std::fs::read_to_string(path).unwrap();
    let sizes = sizes();
    println!("{sizes:?}");
    for (what, bytes, most) in sizes {
        assert!(bytes <= most, "{what}: {bytes} > {most}");
        let line = page
            .lines()
            .find(|line| line.starts_with(&format!("| {what} |")));
        let line = line.unwrap_or_else(|| panic!("{what} is not on the page"));
        assert!(
            line.contains(&format!("| {bytes} |")),
            "{what}: {bytes}, not {line}"
        );
    }
    assert!(GRID.0 * GRID.1 <= 320, "a cell is no pixel");
}

/// A leave of this version as it was written down, the row `id`.
fn leave_row(version: u32, id: i64) -> CourseRow {
    let leave = Commissioning {
        unit: unit(),
        version,
        sleepers: 1,
        from_ms: at(0),
        until_ms: at(0).after(Duration::from_secs(7200)),
    };
    CourseRow {
        id,
        unit: unit(),
        at: at(0),
        by: Some("maja".parse().unwrap()),
        step: Step::Leave(signed(&leave), 1),
    }
}

#[test]
fn a_leave_that_the_unit_refuses_is_over_at_once_and_not_sent_again() {
    let hub = SigningKey::from_bytes(&[9; 32]);
    let endorsement = endorse(&demonstration::root_key(), PublicKey::of(&hub), 1);
    let mut standing = Standing::default();
    assert_eq!(standing.take(&[leave_row(4, 1)], &endorsement).len(), 1);
    assert!(standing.greet(at(0), unit(), &endorsement).is_some());
    let heard = |version, number| {
        let not = NotTried {
            unit: unit(),
            boot: BootId(1),
            version,
            number,
            why: NoTry::PolicyAwaited,
        };
        Heard {
            signed: signed(&not),
            answer: Answer::NotTried(not),
        }
    };
    assert!(
        standing.answer(at(0), heard(3, 0)).is_err(),
        "another leave"
    );
    assert!(
        standing.answer(at(0), heard(4, 1)).is_err(),
        "no such order"
    );
    let (row, refusal) = standing.answer(at(0), heard(4, 0)).unwrap();
    assert_eq!(refusal, None, "nothing was tried");
    assert!(standing.greet(at(0), unit(), &endorsement).is_none());
    assert!(standing.answer(at(0), heard(4, 0)).is_err(), "said before");
    let course = Course::of(&[leave_row(4, 1), row]).unwrap();
    assert_eq!(course.refused, Some(NoTry::PolicyAwaited));
    assert_eq!(course.phase(at(0)), Phase::Over);
}

#[test]
fn a_unit_that_has_seen_later_leaves_than_the_ledger_says_which() {
    let hub = SigningKey::from_bytes(&[9; 32]);
    let endorsement = endorse(&demonstration::root_key(), PublicKey::of(&hub), 1);
    let mut standing = Standing::default();
    standing.take(&[leave_row(4, 1)], &endorsement);
    let says = |version| Capability {
        unit: unit(),
        boot: BootId(1),
        build: Build::SensorOnly,
        policy: None,
        thresholds: None,
        commissioning: Some(HeldCommissioning {
            version,
            stands: Leave::Over,
        }),
        commissioned: None,
        word: None,
    };
    assert_eq!(standing.hear(at(0), &says(3)), None);
    let row = standing.hear(at(0), &says(9)).unwrap();
    assert_eq!(standing.hear(at(0), &says(9)), None, "once is enough");
    let course = Course::of(&[leave_row(4, 1), row]).unwrap();
    assert_eq!((course.seen, course.stands), (9, None));
    assert!(matches!(course.phase(at(0)), Phase::Button(_)));
}

#[test]
fn a_paper_is_counted_from_the_first_and_no_later_one_prolongs_it_beyond() {
    let paper = |at, until| Paper {
        unit: unit(),
        why: PaperWhy::Enrolment,
        until,
        at,
    };
    let none = Papers::default();
    assert_eq!(none.latest(unit(), at(7)), at(7).after(PAPER_MAX));
    let papers = Papers::of([paper(at(0), at(20)), paper(at(10), at(40))]);
    assert_eq!(papers.until(unit()), Some(at(40)));
    assert_eq!(papers.latest(unit(), at(80)), at(0).after(PAPER_MAX));
    assert!(PAPER_REMINDED < PAPER_MAX);
}

#[test]
fn the_whole_picture_never_matches_and_every_shut_word_is_read_back() {
    let held = HeldCommissioned {
        version: 1,
        model: "m".to_owned(),
        places: vec![PlaceDigest::of(&[])],
    };
    let whose = Whose {
        resident: who(1),
        residents: &[who(1)],
        sides: None,
    };
    let shut = gate(Some(&held), ("m", &[]), whose);
    assert_eq!(shut, Gate::Shut(Shut::Places));
    for shut in Shut::ALL {
        assert_eq!(Shut::from_word(shut.word()), Some(shut));
    }
}

fn who(number: u32) -> ResidentId {
    format!("r{number:07}").parse().unwrap()
}

/// Two places, as two residents' plans have them.
fn two() -> [Vec<Vec<[f32; 2]>>; 2] {
    [
        vec![vec![[0.2, 0.2], [0.6, 0.2], [0.6, 0.6]]],
        vec![vec![[0.6, 0.2], [0.9, 0.2], [0.9, 0.6]]],
    ]
}

fn held(sleepers: usize) -> HeldCommissioned {
    HeldCommissioned {
        version: 3,
        model: "m".to_owned(),
        places: two()[..sleepers]
            .iter()
            .map(|it| PlaceDigest::of(it))
            .collect(),
    }
}

#[test]
fn a_place_counts_for_its_one_sleeper_and_for_nobody_where_the_number_is_another() {
    let gate_of = |tried: usize, home: &[ResidentId]| {
        let whose = Whose {
            resident: who(1),
            residents: home,
            sides: None,
        };
        gate(Some(&held(tried)), ("m", &two()[0]), whose)
    };
    assert_eq!(gate_of(1, &[who(1)]), Gate::Open);
    // Somebody has moved in, or moved out.
    for (tried, home) in [(1, &[who(1), who(2)][..]), (2, &[who(1)]), (1, &[])] {
        assert_eq!(
            gate_of(tried, home),
            Gate::Shut(Shut::Places),
            "{tried}, {home:?}"
        );
    }
    // Nobody knows whose place is whose.
    let shut = gate_of(2, &[who(1), who(2)]);
    assert_eq!(shut, Gate::Shut(Shut::Unsaid));
}

#[test]
fn of_two_each_counts_in_the_place_that_is_theirs_and_never_in_the_others() {
    let home = [who(1), who(2)];
    let held = held(2);
    let said = |first, second| Sides::of(&[first, second], &held.places, &home).unwrap();
    let gate_of = |resident, place: &[Vec<[f32; 2]>], sides| {
        let whose = Whose {
            resident,
            residents: &home,
            sides: Some(sides),
        };
        gate(Some(&held), ("m", place), whose)
    };
    let [left, right] = two();
    let as_said = said(who(1), who(2));
    assert_eq!(gate_of(who(1), &left, &as_said), Gate::Open);
    assert_eq!(gate_of(who(2), &right, &as_said), Gate::Open);
    let shut = Gate::Shut(Shut::Places);
    assert_eq!(gate_of(who(1), &right, &as_said), shut);
    assert_eq!(gate_of(who(2), &left, &as_said), shut);
    let both = [left[0].clone(), right[0].clone()];
    assert_eq!(
        gate_of(who(1), &both, &as_said),
        shut,
        "both places are nobody's"
    );
    assert_eq!(
        gate_of(who(3), &left, &as_said),
        shut,
        "nobody who lives there"
    );
    // They swap sides.
    let swapped = said(who(2), who(1));
    assert_eq!(gate_of(who(1), &left, &swapped), shut);
    assert_eq!(gate_of(who(1), &right, &swapped), Gate::Open);
    // What was said of other places says nothing of these.
    let elsewhere = PlaceDigest::of(&[place()]);
    let others = [held.places[0].clone(), elsewhere];
    let of_others = Sides::of(&home, &others, &home).unwrap();
    let unsaid = Gate::Shut(Shut::Unsaid);
    assert_eq!(gate_of(who(1), &left, &of_others), unsaid);
}

fn word(held: HeldCommissioned) -> CommissionWord {
    CommissionWord {
        held: Some(held),
        number: None,
    }
}

#[test]
fn a_refused_trial_shuts_the_gate_whatever_paper_says_until_the_unit_is_commissioned_anew() {
    let home = [who(1)];
    let [own, _] = two();
    let mut gates = Gates::default();
    gates.words.insert(unit(), word(held(1)));
    let asked = (Some(own.as_slice()), who(1), home.as_slice());
    let gate_of = |gates: &Gates| gates.of_report(at(1), (unit(), "m"), asked);
    assert_eq!(gate_of(&gates), Gate::Open);
    let share = Share {
        nights: 14,
        checks: 56,
        unclear: 40,
    };
    gates.unsuited.insert(
        unit(),
        Unsuited {
            unit: unit(),
            version: 3,
            share,
            at: at(0),
        },
    );
    gates.papers = Papers::of([Paper {
        unit: unit(),
        why: PaperWhy::Before,
        until: at(40),
        at: at(0),
    }]);
    assert_eq!(gate_of(&gates), Gate::Shut(Shut::Unsuited));
    let plans = std::iter::empty();
    let stands = gates.of_unit(at(1), (unit(), &home), plans);
    assert_eq!(stands, UnitGate::Shut(Shut::Unsuited));
    // One that has lost what it was commissioned as is no other home.
    gates.words.insert(unit(), CommissionWord::default());
    assert_eq!(gate_of(&gates), Gate::Shut(Shut::Unsuited));
    let stands = gates.of_unit(at(1), (unit(), &home), std::iter::empty());
    assert_eq!(stands, UnitGate::Shut(Shut::Unsuited));
    let anew = HeldCommissioned {
        version: 4,
        ..held(1)
    };
    gates.words.insert(unit(), word(anew));
    assert_eq!(gate_of(&gates), Gate::Open);
}
