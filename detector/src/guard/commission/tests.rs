//! Leave to try, against everybody who has something of it and not all.

use ed25519_dalek::SigningKey;
use nattsyn_protocol::commission::{Room, State};
use nattsyn_protocol::finding::Fault;
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::policy::{Policy, PolicyMessage};
use nattsyn_protocol::signing::{PublicKey, Signed};

use super::*;
use crate::guard::Trust;
use crate::guard::lifetime::Opening;
use crate::memory::{Found, Memory};

const ROOT: u8 = 1;
const HUB: u8 = 2;
const STRANGER: u8 = 9;
const PLACE: [[f32; 2]; 4] = [[0.3, 0.3], [0.7, 0.3], [0.7, 0.8], [0.3, 0.8]];

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn guard(found: Found) -> Guard {
    let opening = Opening {
        uptime: Uptime::default(),
        machine: None,
    };
    let root = PublicKey::of(&key(ROOT));
    Guard::resume("u0000001".parse().unwrap(), root, found, opening)
}

fn noon() -> Timestamp {
    Timestamp("2026-11-21T12:00:00Z".parse().unwrap())
}

/// So many seconds after that noon.
fn second(second: u64) -> Moment {
    let passed = Duration::from_secs(second);
    Moment {
        uptime: Uptime(passed),
        wall: noon().after(passed),
        trust: Trust::Synced,
    }
}

fn minute(minute: u64) -> Moment {
    second(60 * minute)
}

fn leave(version: u32) -> Commissioning {
    Commissioning {
        unit: "u0000001".parse().unwrap(),
        version,
        sleepers: 1,
        from_ms: noon(),
        until_ms: noon().after(Duration::from_secs(2 * 3600)),
    }
}

fn endorsement(root: u8, epoch: u32) -> Signed {
    let endorsement = Endorsement {
        key: PublicKey::of(&key(HUB)),
        epoch,
    };
    Signed::seal(&endorsement, &key(root))
}

fn sealed(leave: &Commissioning, epoch: u32) -> CommissionMessage {
    CommissionMessage {
        document: Signed::seal(leave, &key(HUB)),
        endorsement: endorsement(ROOT, epoch),
    }
}

fn walk(spot: u8) -> Try {
    Try::Walk { sleeper: 0, spot }
}

fn staged(state: State) -> Try {
    Try::Staged {
        sleeper: Some(0),
        state,
        room: Room::AsItIs,
    }
}

fn order(number: u8, ask: Ask) -> Order {
    Order {
        unit: "u0000001".parse().unwrap(),
        version: 1,
        number,
        ask,
        places: vec![PLACE.to_vec()],
    }
}

fn ordered(order: &Order) -> CommissionMessage {
    CommissionMessage {
        document: Signed::seal(order, &key(HUB)),
        endorsement: endorsement(ROOT, 1),
    }
}

/// What comes of an order with nothing in its way: the word of refusal if it is refused.
fn give(guard: &mut Guard, now: Moment, order: &Order) -> Result<Ordered, NoTry> {
    guard
        .handle_order(now, &ordered(order), None)
        .map_err(|error| match error {
            OrderRefusal::Refused {
                version,
                number,
                why,
            } => {
                assert_eq!((version, number), (order.version, order.number));
                why
            }
            OrderRefusal::Signature(_)
            | OrderRefusal::OldKey { .. }
            | OrderRefusal::OtherUnit(_) => panic!("{error}"),
        })
}

fn try_it(guard: &mut Guard, now: Moment, number: u8, what: Try) -> Result<TryPermit, NoTry> {
    let ordered = give(guard, now, &order(number, Ask::Try(what)))?;
    let Ordered::Try(permit) = ordered else {
        panic!("{ordered:?}");
    };
    Ok(permit)
}

fn stands(guard: &Guard) -> Option<(u32, Leave)> {
    let held = guard.held_commissioning()?;
    Some((held.version, held.stands))
}

fn awaited() -> Guard {
    let mut guard = guard(Found::Nothing);
    let taken = guard.handle_commissioning(minute(0), &sealed(&leave(1), 1));
    assert_eq!(taken.unwrap(), Taken::Changed);
    assert_eq!(stands(&guard), Some((1, Leave::Awaited)));
    guard
}

fn opened() -> Guard {
    let mut guard = awaited();
    assert_eq!(guard.handle_button(minute(1).uptime), Taken::Changed);
    assert_eq!(stands(&guard), Some((1, Leave::Open)));
    guard
}

fn restarted(mut before: Guard, now: Moment) -> Guard {
    let memory: Memory = before.take_change(now.uptime).unwrap();
    guard(Found::Remembered(memory))
}

fn tried(permit: &TryPermit, finding: Finding) -> Tried {
    let spot = match permit.what() {
        Try::Walk { spot, .. } => Some(u16::from(spot)),
        Try::Staged { .. } => None,
    };
    let cells = spot.map(|spot| vec![(5 + spot) * 20 + 6 + 2 * spot]);
    Tried {
        unit: "u0000001".parse().unwrap(),
        boot: BootId(1),
        version: permit.order().version,
        number: permit.order().number,
        what: permit.what(),
        finding,
        level: Some(7),
        cells: cells.unwrap_or_default(),
    }
}

/// What an honest, well-hung unit says.
fn right(what: Try) -> Finding {
    match what {
        Try::Walk { .. } => Finding::Visible,
        Try::Staged { state, .. } => match state.is_somebody() {
            Some(true) => Finding::Visible,
            Some(false) => Finding::NotVisible,
            None => Finding::Technical(Fault::Covered),
        },
    }
}

/// Everything as it should be; the number of the last order.
fn pass(guard: &mut Guard, first: u8) -> u8 {
    let mut number = first;
    for what in Trial::new(1).steps() {
        let permit = try_it(guard, minute(2), number, what).unwrap();
        let tried = tried(&permit, right(what));
        assert_ne!(guard.handle_tried(&permit, &tried), Counted::Not);
        number += 1;
    }
    number - 1
}

#[test]
fn leave_that_nobody_gave_or_that_is_anothers_is_not_taken() {
    let mut guard = guard(Found::Nothing);
    let mut refuse = |message: &CommissionMessage| {
        let error = guard.handle_commissioning(minute(0), message).unwrap_err();
        assert_eq!(stands(&guard), None);
        assert_eq!(guard.handle_button(minute(0).uptime), Taken::Unchanged);
        error
    };
    let mut forged = sealed(&leave(1), 1);
    forged.document = Signed::seal(&leave(1), &key(STRANGER));
    assert!(matches!(
        refuse(&forged),
        CommissioningRefusal::Signature(_)
    ));
    let mut rootless = sealed(&leave(1), 1);
    rootless.endorsement = endorsement(STRANGER, 1);
    assert!(matches!(
        refuse(&rootless),
        CommissioningRefusal::Signature(_)
    ));
    // An order is no leave, whoever signed it.
    let order = ordered(&order(1, Ask::Conclude));
    assert!(matches!(refuse(&order), CommissioningRefusal::Signature(_)));
    let mut elsewhere = leave(1);
    elsewhere.unit = "u0000002".parse().unwrap();
    let elsewhere = refuse(&sealed(&elsewhere, 1));
    assert!(matches!(elsewhere, CommissioningRefusal::OtherUnit(_)));
    let mut senseless = leave(1);
    senseless.sleepers = 0;
    let senseless = refuse(&sealed(&senseless, 1));
    assert!(matches!(senseless, CommissioningRefusal::Senseless(_)));
}

#[test]
fn a_version_comes_once_also_after_a_restart_and_begins_anew_with_the_roots_next_key() {
    let mut guard = opened();
    let again = guard.handle_commissioning(minute(2), &sealed(&leave(1), 1));
    assert_eq!(again.unwrap(), Taken::Unchanged);
    assert_eq!(
        stands(&guard),
        Some((1, Leave::Open)),
        "it is not begun anew"
    );
    let mut guard = restarted(guard, minute(2));
    assert_eq!(stands(&guard), Some((1, Leave::Over)));
    let again = guard.handle_commissioning(minute(3), &sealed(&leave(1), 1));
    assert!(matches!(again, Err(CommissioningRefusal::NotNewer { .. })));
    assert_eq!(
        try_it(&mut guard, minute(3), 9, walk(0)).unwrap_err(),
        NoTry::NoLeave
    );
    let next_key = guard.handle_commissioning(minute(3), &sealed(&leave(1), 2));
    assert_eq!(next_key.unwrap(), Taken::Changed);
    let stolen = guard.handle_commissioning(minute(3), &sealed(&leave(9), 1));
    assert!(matches!(stolen, Err(CommissioningRefusal::OldKey { .. })));
    let stolen = guard.handle_order(minute(3), &ordered(&order(1, Ask::Conclude)), None);
    assert!(matches!(stolen, Err(OrderRefusal::OldKey { .. })));
}

#[test]
fn with_the_roots_next_key_leave_under_the_one_before_is_over() {
    let mut guard = opened();
    let next = CommissionMessage {
        endorsement: endorsement(ROOT, 2),
        ..ordered(&order(1, Ask::Try(walk(0))))
    };
    let refused = guard.handle_order(minute(2), &next, None);
    assert!(matches!(
        refused,
        Err(OrderRefusal::Refused {
            why: NoTry::NoLeave,
            ..
        })
    ));
    assert_eq!(stands(&guard), None);
}

#[test]
fn leave_is_taken_only_in_its_time_and_by_a_known_clock() {
    let mut guard = guard(Found::Nothing);
    let guessed = Moment {
        trust: Trust::Guessed,
        ..minute(0)
    };
    let unknown = guard.handle_commissioning(guessed, &sealed(&leave(1), 1));
    assert!(matches!(
        unknown,
        Err(CommissioningRefusal::ClockUnknown(1))
    ));
    let late = guard.handle_commissioning(minute(120), &sealed(&leave(1), 1));
    assert!(matches!(late, Err(CommissioningRefusal::NotInForce(1))));
    let mut early = leave(1);
    early.from_ms = minute(130).wall;
    early.until_ms = minute(140).wall;
    let early = guard.handle_commissioning(minute(121), &sealed(&early, 1));
    assert!(matches!(early, Err(CommissioningRefusal::NotInForce(1))));
    assert_eq!(stands(&guard), None);
}

#[test]
fn nothing_is_tried_before_the_press_and_a_late_press_opens_nothing() {
    let mut guard = awaited();
    let early = try_it(&mut guard, minute(1), 1, walk(0));
    assert_eq!(early.unwrap_err(), NoTry::NotPressed);
    assert_eq!(guard.handle_button(minute(10).uptime), Taken::Unchanged);
    assert_eq!(stands(&guard), Some((1, Leave::Over)));
    let late = try_it(&mut guard, minute(10), 2, walk(0));
    assert_eq!(late.unwrap_err(), NoTry::NoLeave);
    let mut guard = awaited();
    assert_eq!(guard.handle_button(second(599).uptime), Taken::Changed);
}

#[test]
fn leave_ends_by_the_kernels_clock_and_by_its_own_end() {
    let mut guard = opened();
    // The wall clock stands still; it is the kernel's that counts.
    let still = |minute: u64| Moment {
        wall: noon(),
        ..self::minute(minute)
    };
    assert!(try_it(&mut guard, still(45), 1, walk(0)).is_ok());
    let over = try_it(&mut guard, still(46), 2, walk(0));
    assert_eq!(over.unwrap_err(), NoTry::NoLeave);
    assert_eq!(stands(&guard), Some((1, Leave::Over)));
    let mut guard = opened();
    let jumped = Moment {
        uptime: minute(3).uptime,
        ..minute(120)
    };
    let over = try_it(&mut guard, jumped, 1, walk(0));
    assert_eq!(over.unwrap_err(), NoTry::NoLeave);
    assert_eq!(stands(&guard), Some((1, Leave::Over)));
}

#[test]
fn with_no_known_time_nothing_is_tried() {
    let mut guard = opened();
    let guessed = Moment {
        trust: Trust::Guessed,
        ..minute(2)
    };
    let unknown = try_it(&mut guard, guessed, 1, walk(0));
    assert_eq!(unknown.unwrap_err(), NoTry::ClockUnknown);
    assert!(try_it(&mut guard, minute(2), 2, walk(0)).is_ok());
}

fn opening_policy(version: u32) -> PolicyMessage {
    let policy = Policy {
        unit: "u0000001".parse().unwrap(),
        version,
        mode: Mode::LiveView,
        stopped: Vec::new(),
        from_ms: noon(),
        until_ms: noon().after(Duration::from_secs(24 * 3600)),
    };
    PolicyMessage {
        policy: Signed::seal(&policy, &key(HUB)),
        endorsement: endorsement(ROOT, 1),
    }
}

#[test]
fn one_press_answers_one_question() {
    // While a policy waits for the press no leave does.
    let mut guard = guard(Found::Nothing);
    guard.handle_policy(minute(0), &opening_policy(1)).unwrap();
    let waits = guard.handle_commissioning(minute(1), &sealed(&leave(1), 1));
    assert!(matches!(waits, Err(CommissioningRefusal::PolicyAwaited(1))));
    assert_eq!(guard.handle_button(minute(2).uptime), Taken::Changed);
    // That press was for the policy; the next is for a leave that comes after it.
    assert_eq!(stands(&guard), None);
    guard
        .handle_commissioning(minute(2), &sealed(&leave(1), 1))
        .unwrap();
    assert_eq!(guard.handle_button(minute(3).uptime), Taken::Changed);
    assert_eq!(stands(&guard), Some((1, Leave::Open)));
}

#[test]
fn no_press_for_a_leave_is_ever_about_pictures() {
    // Neither the one that is waited for, nor a second while tries are made.
    for mut guard in [awaited(), opened()] {
        guard.handle_policy(minute(2), &opening_policy(1)).unwrap();
        guard.handle_button(minute(3).uptime);
        guard.handle_button(minute(4).uptime);
        assert_eq!(stands(&guard), Some((1, Leave::Open)));
        let held = guard.held_policy(minute(4)).unwrap();
        assert_eq!((held.mode, held.approval), (Mode::Sensor, Approval::Missed));
        assert!(try_it(&mut guard, minute(5), 1, walk(0)).is_ok());
    }
    // Once it is over a policy waits as ever.
    let mut guard = awaited();
    assert_eq!(guard.handle_button(minute(11).uptime), Taken::Unchanged);
    let policy = opening_policy(1);
    guard.handle_policy(minute(11), &policy).unwrap();
    assert_eq!(guard.handle_button(minute(12).uptime), Taken::Changed);
    let held = guard.held_policy(minute(12)).unwrap();
    assert_eq!(held.mode, Mode::LiveView);
}

#[test]
fn a_number_is_used_up_by_being_asked_whatever_comes_of_it() {
    let mut guard = opened();
    assert!(try_it(&mut guard, minute(2), 3, walk(0)).is_ok());
    for used in [0, 1, 3] {
        let again = try_it(&mut guard, minute(2), used, walk(0));
        assert_eq!(again.unwrap_err(), NoTry::Number, "{used}");
    }
    let nobody = order(
        4,
        Ask::Try(Try::Walk {
            sleeper: 1,
            spot: 0,
        }),
    );
    let senseless = give(&mut guard, minute(2), &nobody);
    assert_eq!(senseless.unwrap_err(), NoTry::Senseless);
    let again = try_it(&mut guard, minute(2), 4, walk(0));
    assert_eq!(again.unwrap_err(), NoTry::Number);
    // Also by one that came before the press.
    let mut guard = awaited();
    try_it(&mut guard, minute(0), 5, walk(0)).unwrap_err();
    guard.handle_button(minute(1).uptime);
    let again = try_it(&mut guard, minute(2), 5, walk(0));
    assert_eq!(again.unwrap_err(), NoTry::Number);
}

#[test]
fn there_are_sixty_tries_and_no_more() {
    let mut guard = opened();
    for number in 1..=TRIES_MAX {
        assert!(try_it(&mut guard, minute(2), number, walk(0)).is_ok());
    }
    for number in [61, 200, u8::MAX] {
        let more = try_it(&mut guard, minute(2), number, walk(0));
        assert_eq!(more.unwrap_err(), NoTry::Number, "{number}");
    }
}

#[test]
fn what_is_staged_is_asked_of_the_orders_own_places() {
    let mut guard = opened();
    let permit = try_it(&mut guard, minute(2), 1, walk(4)).unwrap();
    assert_eq!(permit.places(), [SleepingPlace::whole_frame()]);
    let permit = try_it(&mut guard, minute(2), 2, staged(State::Covered)).unwrap();
    assert_eq!(permit.places()[0].corners()[0], (0.3, 0.3));
    let wrong = [vec![], vec![PLACE.to_vec(); 2], vec![vec![[0.5, 0.5]; 3]]];
    for (number, places) in (3..).zip(wrong) {
        let order = Order {
            places,
            ..order(number, Ask::Try(staged(State::Covered)))
        };
        let senseless = give(&mut guard, minute(2), &order);
        assert_eq!(senseless.unwrap_err(), NoTry::Senseless, "{number}");
    }
}

#[test]
fn what_is_in_the_way_is_said_and_a_withdrawal_before_it() {
    let mut guard = opened();
    let mut in_the_way = |number, why| {
        let message = ordered(&order(number, Ask::Try(walk(0))));
        let refused = guard.handle_order(minute(2), &message, Some(why));
        assert!(
            matches!(refused, Err(OrderRefusal::Refused { why: said, .. }) if said == why),
            "{refused:?}"
        );
    };
    in_the_way(1, NoTry::Busy);
    in_the_way(2, NoTry::Paused);
    let mut off = opening_policy(1);
    let policy: Policy = serde_json::from_str(&off.policy.body).unwrap();
    let policy = Policy {
        mode: Mode::Off,
        ..policy
    };
    off.policy = Signed::seal(&policy, &key(HUB));
    guard.handle_policy(minute(2), &off).unwrap();
    let withdrawn = try_it(&mut guard, minute(2), 3, walk(0));
    assert_eq!(withdrawn.unwrap_err(), NoTry::Withdrawn);
}

#[test]
fn a_thing_is_staged_three_times_and_other_places_begin_anew() {
    let mut guard = opened();
    let what = staged(State::Covered);
    for number in 1..=3 {
        let permit = try_it(&mut guard, minute(2), number, what).unwrap();
        let counted = guard.handle_tried(&permit, &tried(&permit, Finding::Visible));
        let expected = if number == 1 {
            Counted::Anew
        } else {
            Counted::On
        };
        assert_eq!(counted, expected);
    }
    let enough = try_it(&mut guard, minute(2), 4, what);
    assert_eq!(enough.unwrap_err(), NoTry::Enough);
    let mut other = order(5, Ask::Try(what));
    other.places[0][0] = [0.31, 0.3];
    let Ok(Ordered::Try(permit)) = give(&mut guard, minute(2), &other) else {
        panic!("other places begin anew");
    };
    let counted = guard.handle_tried(&permit, &tried(&permit, Finding::Visible));
    assert_eq!(counted, Counted::Anew);
}

#[test]
fn only_what_passed_is_concluded_and_asked_again_it_is_said_again() {
    let mut guard = opened();
    let early = give(&mut guard, minute(2), &order(1, Ask::Conclude));
    assert_eq!(early.unwrap_err(), NoTry::NotPassed);
    let last = pass(&mut guard, 2);
    // With other places nothing was tried.
    let mut other = order(last + 1, Ask::Conclude);
    other.places[0][0] = [0.31, 0.3];
    let other = give(&mut guard, minute(3), &other);
    assert_eq!(other.unwrap_err(), NoTry::NotPassed);
    let concluded = give(&mut guard, minute(3), &order(last + 2, Ask::Conclude)).unwrap();
    let Ordered::Conclude(conclusion) = concluded else {
        panic!("{concluded:?}");
    };
    assert_eq!(conclusion.digests, [PlaceDigest::of(&[PLACE.to_vec()])]);
    // Sixteen staged looks could be judged; the covered lens could not.
    assert_eq!(conclusion.staged.len(), 16);
    assert!(conclusion.staged.iter().all(|it| it.level == Some(7)));
    guard.handle_concluded(&conclusion);
    for number in [last + 2, last + 3, u8::MAX] {
        let again = give(&mut guard, minute(4), &order(number, Ask::Conclude));
        assert_eq!(again.unwrap(), Ordered::Again, "{number}");
    }
    let before = give(&mut guard, minute(4), &order(last, Ask::Conclude));
    assert_eq!(before.unwrap_err(), NoTry::Number);
    let over = give(&mut guard, minute(50), &order(u8::MAX, Ask::Conclude));
    assert_eq!(over.unwrap_err(), NoTry::NoLeave);
}

#[test]
fn what_is_tried_after_the_conclusion_must_pass_again() {
    let mut guard = opened();
    let last = pass(&mut guard, 1);
    let Ok(Ordered::Conclude(conclusion)) =
        give(&mut guard, minute(3), &order(last + 1, Ask::Conclude))
    else {
        panic!("it passes");
    };
    guard.handle_concluded(&conclusion);
    let permit = try_it(&mut guard, minute(4), last + 2, walk(0)).unwrap();
    guard.handle_tried(&permit, &tried(&permit, Finding::Visible));
    let again = give(&mut guard, minute(4), &order(last + 3, Ask::Conclude));
    assert_eq!(again.unwrap_err(), NoTry::NotPassed);
}

#[test]
fn a_try_whose_leave_is_over_or_another_counts_for_nothing() {
    let mut guard = opened();
    let permit = try_it(&mut guard, minute(2), 1, staged(State::Covered)).unwrap();
    let tried = tried(&permit, Finding::Visible);
    guard
        .handle_commissioning(minute(2), &sealed(&leave(2), 1))
        .unwrap();
    assert_eq!(stands(&guard), Some((2, Leave::Awaited)));
    assert_eq!(guard.handle_tried(&permit, &tried), Counted::Not);
    guard.handle_button(minute(3).uptime);
    assert_eq!(guard.handle_tried(&permit, &tried), Counted::Not);
    let old = try_it(&mut guard, minute(3), 2, walk(0));
    assert_eq!(old.unwrap_err(), NoTry::NoLeave);
}

#[test]
fn six_leaves_a_day_wait_for_the_button_whatever_is_restarted_or_lost() {
    let mut guard = guard(Found::Nothing);
    for version in 1..=6 {
        let taken = guard.handle_commissioning(minute(1), &sealed(&leave(version), 1));
        assert_eq!(taken.unwrap(), Taken::Changed);
    }
    let more = guard.handle_commissioning(minute(2), &sealed(&leave(7), 1));
    assert!(matches!(more, Err(CommissioningRefusal::TooOften(7))));
    let mut guard = restarted(guard, minute(2));
    let more = guard.handle_commissioning(minute(3), &sealed(&leave(7), 1));
    assert!(matches!(more, Err(CommissioningRefusal::TooOften(7))));
    let mut lost = self::guard(Found::Lost);
    assert_eq!(stands(&lost), None);
    let more = lost.handle_commissioning(minute(3), &sealed(&leave(7), 1));
    assert!(matches!(more, Err(CommissioningRefusal::TooOften(7))));
    // A day later.
    let day = 24 * 60 + 3;
    let mut tomorrow = leave(7);
    tomorrow.from_ms = minute(day).wall;
    tomorrow.until_ms = minute(day + 60).wall;
    for guard in [&mut guard, &mut lost] {
        let taken = guard.handle_commissioning(minute(day), &sealed(&tomorrow, 1));
        assert_eq!(taken.unwrap(), Taken::Changed);
    }
}
