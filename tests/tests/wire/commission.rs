//! Commissioning on the wire.

use nattsyn_protocol::commission::{
    Ask, CommissionMessage, Commissioned, HeldCommissioned, HeldCommissioning, Leave, NoTry,
    NotTried, PlaceDigest, Room, StagedLevel, State, Tried, Try,
};
use nattsyn_protocol::policy::Capability;

use super::*;

const WALK: Try = Try::Walk {
    sleeper: 0,
    spot: 3,
};

const STAGED: Try = Try::Staged {
    sleeper: Some(0),
    state: State::HalfCovered,
    room: Room::Otherwise,
};

fn place() -> Vec<[f32; 2]> {
    vec![[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]
}

fn message<D: Document>(document: &D) -> CommissionMessage {
    CommissionMessage {
        document: Signed::seal(document, &hub_key()),
        endorsement: live::endorsement(),
    }
}

fn signed<D: Document>(document: &D) -> Signed {
    Signed::seal(document, &eye_key())
}

fn leave() -> Commissioning {
    Commissioning {
        unit: unit(),
        version: 2,
        sleepers: 1,
        from_ms: at(),
        until_ms: at().after(std::time::Duration::from_secs(7200)),
    }
}

fn order(number: u8, ask: Ask, places: Vec<Vec<[f32; 2]>>) -> Order {
    Order {
        unit: unit(),
        version: 2,
        number,
        ask,
        places,
    }
}

fn tried(what: Try) -> Tried {
    Tried {
        unit: unit(),
        boot: key(0).boot,
        version: 2,
        number: 7,
        what,
        finding: Finding::Visible,
        level: None,
        cells: Vec::new(),
    }
}

fn held() -> HeldCommissioned {
    HeldCommissioned {
        version: 2,
        model: "01234567".to_owned(),
        places: vec![PlaceDigest::of(&[place()])],
    }
}

fn commissioned(word: Option<u64>) -> CommissionUp {
    let staged = |state, level| StagedLevel {
        state,
        room: Room::AsItIs,
        level,
    };
    CommissionUp::Commissioned(signed(&Commissioned {
        unit: unit(),
        held: held(),
        at_ms: at(),
        staged: vec![
            staged(State::Covered, Some(52)),
            staged(State::EmptyMade, None),
        ],
        word,
    }))
}

#[test]
fn leave_to_try_is_what_it_always_was_and_the_root_stands_behind_it() {
    let name = "v1/commission_leave.json";
    assert_golden(name, &CommissionDown::Leave(message(&leave())));
    let CommissionDown::Leave(read) = wire::decode(&golden(name)).unwrap() else {
        panic!("no leave");
    };
    let opened: Commissioning = read.open(&PublicKey::of(&root_key())).unwrap();
    assert_eq!((opened, opened.examine()), (leave(), Ok(())));
    assert!(read.open::<Order>(&PublicKey::of(&root_key())).is_err());
}

#[test]
fn a_walks_order_is_what_it_always_was() {
    let order = order(4, Ask::Try(WALK), Vec::new());
    assert_golden(
        "v1/commission_walk.json",
        &CommissionDown::Order(message(&order)),
    );
}

#[test]
fn a_staged_trys_order_is_what_it_always_was() {
    let order = order(7, Ask::Try(STAGED), vec![place()]);
    assert_golden(
        "v1/commission_order.json",
        &CommissionDown::Order(message(&order)),
    );
}

#[test]
fn the_order_to_conclude_is_what_it_always_was() {
    let order = order(23, Ask::Conclude, vec![place()]);
    assert_golden(
        "v1/commission_conclude.json",
        &CommissionDown::Order(message(&order)),
    );
}

#[test]
fn what_a_walk_came_to_is_what_it_always_was() {
    let walked = Tried {
        cells: vec![105, 106, 125, 126],
        ..tried(WALK)
    };
    let said = CommissionUp::Tried(signed(&walked));
    assert_golden("v1/commission_walked.json", &said);
}

#[test]
fn what_a_staged_try_came_to_is_what_it_always_was() {
    let staged = Tried {
        level: Some(52),
        ..tried(STAGED)
    };
    let said = CommissionUp::Tried(signed(&staged));
    assert_golden("v1/commission_tried.json", &said);
}

#[test]
fn that_a_try_was_not_made_is_what_it_always_was() {
    let not = NotTried {
        unit: unit(),
        boot: key(0).boot,
        version: 2,
        number: 7,
        why: NoTry::Busy,
    };
    let said = CommissionUp::NotTried(signed(&not));
    assert_golden("v1/commission_not_tried.json", &said);
}

#[test]
fn that_a_unit_passed_is_what_it_always_was() {
    let word = Some(1_795_312_930_251);
    assert_golden("v1/commissioned.json", &commissioned(word));
}

#[test]
fn that_a_unit_that_counts_no_words_passed_is_what_it_always_was() {
    assert_golden("v1/commissioned_uncounted.json", &commissioned(None));
}

#[test]
fn a_hello_of_a_unit_that_passed_is_what_it_always_was() {
    let capability = Capability {
        commissioning: Some(HeldCommissioning {
            version: 2,
            stands: Leave::Open,
        }),
        commissioned: Some(held()),
        word: Some(1_795_312_930_251),
        ..live::capability()
    };
    let hello = Hello {
        eye: Some(signed(&capability)),
        ..hello()
    };
    assert_golden("v1/hello_commissioned.json", &hello);
}
