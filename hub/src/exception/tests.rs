//! Every pair of how a row stands and what happens to it, and that no path loses a row.

use proptest::prelude::*;

use super::*;
use crate::watch::Said;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_ms(1_795_312_800_000 + minutes * 60_000).unwrap()
}

fn staff(name: &str) -> StaffId {
    name.parse().unwrap()
}

/// How a row stands, in one word; `a` and `b` are two of the staff.
fn word(state: &State) -> String {
    match state {
        State::Open => "open".to_owned(),
        State::Taken { by, .. } => format!("taken {by}"),
        State::OnTheWay { by, .. } => format!("way {by}"),
        State::There { by, .. } => format!("there {by}"),
        State::Closed(Ending::Said(said)) => format!("closed {}", said.word()),
        State::Closed(_) => "closed".to_owned(),
    }
}

fn states() -> [State; 5] {
    let (by, held) = (staff("a"), at(0));
    [
        State::Open,
        State::Taken {
            by: by.clone(),
            at: held,
        },
        State::OnTheWay {
            by: by.clone(),
            at: held,
            arrives: at(20),
        },
        State::There { by, at: held },
        State::Closed(Ending::LateReport),
    ]
}

fn outcome(state: &State, event: &Event) -> String {
    let mut handling = Handling {
        state: state.clone(),
        ..Handling::default()
    };
    match handling.handle(at(1), event) {
        Ok(()) => word(handling.state()),
        Err(refusal) => {
            assert_eq!(handling.state(), state, "a refusal changes nothing");
            match refusal {
                Refusal::Held { .. } => "held",
                Refusal::NotHeld => "nobody's",
                Refusal::Over(_) => "over",
                Refusal::Arrival(_) => "too far",
            }
            .to_owned()
        }
    }
}

/// One line of the table: what happens, by `a` and by `b`, and what comes of it in each state.
type Pair = (Act, [&'static str; 5], [&'static str; 5]);

#[test]
#[expect(clippy::too_many_lines, reason = "a table: one line for each act")]
fn every_state_and_every_act() {
    let go = |minutes| Act::Go {
        arrives: at(minutes),
    };
    let visited = Act::Say(Said::Visited);
    let died = Act::Say(Said::Died);
    let table: [Pair; 13] = [
        (
            Act::Take,
            ["taken a", "taken a", "taken a", "taken a", "over"],
            ["taken b", "held", "held", "held", "over"],
        ),
        (
            Act::TakeOver,
            ["taken a", "taken a", "taken a", "taken a", "over"],
            ["taken b", "taken b", "taken b", "taken b", "over"],
        ),
        (
            go(20),
            ["way a", "way a", "way a", "way a", "over"],
            ["way b", "held", "held", "held", "over"],
        ),
        (
            go(62),
            ["too far", "too far", "too far", "too far", "over"],
            ["too far", "held", "held", "held", "over"],
        ),
        (
            go(0),
            ["too far", "too far", "too far", "too far", "over"],
            ["too far", "held", "held", "held", "over"],
        ),
        (
            Act::Arrive,
            ["there a", "there a", "there a", "there a", "over"],
            ["there b", "held", "held", "held", "over"],
        ),
        (
            Act::Return,
            ["nobody's", "open", "open", "open", "over"],
            ["nobody's", "held", "held", "held", "over"],
        ),
        (
            visited,
            [
                "closed visited",
                "closed visited",
                "closed visited",
                "closed visited",
                "over",
            ],
            [
                "closed visited",
                "closed visited",
                "closed visited",
                "closed visited",
                "over",
            ],
        ),
        (
            died,
            [
                "closed found_dead",
                "closed found_dead",
                "closed found_dead",
                "closed found_dead",
                "over",
            ],
            [
                "closed found_dead",
                "closed found_dead",
                "closed found_dead",
                "closed found_dead",
                "over",
            ],
        ),
        (
            Act::Find(Unresolved::NeedsHelp),
            ["there a", "there a", "there a", "there a", "over"],
            ["there b", "there b", "there b", "there b", "over"],
        ),
        (
            Act::Find(Unresolved::NotSeen),
            ["open", "open", "open", "open", "over"],
            ["open", "open", "open", "open", "over"],
        ),
        (
            Act::Find(Unresolved::NoAnswer),
            ["open", "open", "open", "open", "over"],
            ["open", "open", "open", "open", "over"],
        ),
        (
            Act::Find(Unresolved::NotAtHome),
            ["open", "open", "open", "open", "over"],
            ["open", "open", "open", "open", "over"],
        ),
    ];
    for (act, by_a, by_b) in table {
        for (who, expected) in [("a", by_a), ("b", by_b)] {
            for (state, expected) in states().iter().zip(expected) {
                let event = Event::By(staff(who), act.clone());
                assert_eq!(outcome(state, &event), expected, "{state:?}: {event:?}");
            }
        }
    }
}

#[test]
fn every_state_and_what_happens_by_itself() {
    let explained = Event::Explained(Ending::LateReport);
    for (event, expected) in [
        (
            Event::FellBack,
            ["nobody's", "open", "open", "open", "over"],
        ),
        (explained, ["closed", "closed", "closed", "closed", "over"]),
    ] {
        for (state, expected) in states().iter().zip(expected) {
            assert_eq!(outcome(state, &event), expected, "{state:?}: {event:?}");
        }
    }
}

#[test]
fn a_row_is_freed_when_somebody_had_it_and_nobody_has_it_any_more() {
    let who = "natt-001".parse::<StaffId>().unwrap();
    let by = |act| Event::By(who.clone(), act);
    let mut handling = Handling::default();
    let table = [
        (by(Act::Find(Unresolved::NoAnswer)), None),
        (by(Act::Take), None),
        (Event::FellBack, Some(3)),
        (by(Act::Find(Unresolved::NotSeen)), Some(3)),
        (by(Act::Arrive), Some(3)),
        (by(Act::Return), Some(6)),
        (Event::Explained(Ending::LateReport), Some(6)),
    ];
    for (minute, (event, freed)) in (1..).zip(table) {
        handling.handle(at(minute), &event).unwrap();
        assert_eq!(handling.freed(), freed.map(at), "{event:?}");
    }
}

#[test]
fn only_being_on_the_way_is_a_pause_and_every_hold_ends() {
    let minutes = |state: &State| {
        let handling = Handling {
            state: state.clone(),
            ..Handling::default()
        };
        let ends = handling.falls_back_at();
        ends.map(|ends| ends.since(at(0)).as_secs() / 60)
    };
    let ends: Vec<Option<u64>> = states().iter().map(minutes).collect();
    assert_eq!(ends, [None, Some(5), Some(25), Some(30), None]);
}

#[test]
fn what_is_found_and_not_well_begins_the_next_step() {
    let steps = |first: Step, found: &[Unresolved]| {
        let mut handling = Handling::default();
        let mut steps = vec![handling.step(first)];
        for found in found {
            let event = Event::By(staff("a"), Act::Find(*found));
            handling.handle(at(1), &event).unwrap();
            steps.push(handling.step(first));
        }
        steps
    };
    use Unresolved::{NeedsHelp, NoAnswer, NotAtHome, NotSeen};
    for found in Unresolved::ALL {
        assert_eq!(steps(Step::Phone, &[found])[1], Step::Visit);
        assert_eq!(steps(Step::Visit, &[found])[1], Step::Lead);
    }
    assert_eq!(
        steps(Step::Phone, &[NoAnswer, NotSeen, NotAtHome, NeedsHelp]),
        [Step::Phone, Step::Visit, Step::Lead, Step::Lead, Step::Lead]
    );
}

#[test]
fn the_first_step_is_the_one_that_was_agreed() {
    let agreed = |then, fallback| Arrangement {
        then,
        fallback,
        answer_within: None,
        wishes: String::new(),
    };
    let phone = agreed(Then::PhoneThenVisit, Fallback::Visit);
    let nothing = agreed(Then::Visit, Fallback::Nothing);
    let called = agreed(Then::Visit, Fallback::Phone);
    for (cause, agreed, step) in [
        (Cause::NotVisible, None, Step::Visit),
        (Cause::NotVisible, Some(&phone), Step::Phone),
        (Cause::Silent, Some(&phone), Step::Visit),
        (Cause::NoReport, Some(&nothing), Step::Visit),
        (Cause::NoReport, Some(&called), Step::Phone),
        (Cause::NotVisible, Some(&called), Step::Visit),
        (Cause::VisitPlanned, Some(&phone), Step::Visit),
    ] {
        assert_eq!(Step::first(cause, agreed), step, "{cause:?}");
    }
}

#[test]
fn every_word_comes_back() {
    for found in Unresolved::ALL {
        assert_eq!(Unresolved::from_word(found.word()), Some(found));
    }
    assert_eq!(Unresolved::from_word("all_well"), None);
}

fn event() -> impl Strategy<Value = Event> {
    let who = prop_oneof![Just("a"), Just("b"), Just("c")];
    let act = prop_oneof![
        Just(Act::Take),
        Just(Act::TakeOver),
        (0..120_i64).prop_map(|minutes| Act::Go {
            arrives: at(minutes)
        }),
        Just(Act::Arrive),
        Just(Act::Return),
        (0..Said::ALL.len()).prop_map(|said| Act::Say(Said::ALL[said])),
        (0..Unresolved::ALL.len()).prop_map(|found| Act::Find(Unresolved::ALL[found])),
    ];
    prop_oneof![
        10 => (who, act).prop_map(|(who, act)| Event::By(staff(who), act)),
        1 => (1..=60_u64).prop_map(|minutes| Event::Lent(Duration::from_secs(minutes * 60))),
        1 => Just(Event::FellBack),
        1 => Just(Event::Explained(Ending::LaterVisible)),
    ]
}

proptest! {
    #[test]
    fn no_path_loses_a_row_without_a_closing(events in prop::collection::vec(event(), 0..40)) {
        let mut handling = Handling::default();
        for (minute, event) in (0..).zip(&events) {
            let before = handling.clone();
            let done = handling.handle(at(minute), event);
            if done.is_err() {
                prop_assert_eq!(&handling, &before);
                continue;
            }
            if let Event::Lent(_) = event {
                prop_assert_eq!(handling.state(), before.state());
                prop_assert_eq!(handling.turn(), before.turn());
                continue;
            }
            let closes = matches!(event, Event::By(_, Act::Say(_)) | Event::Explained(_));
            let is_closed = matches!(handling.state(), State::Closed(_));
            prop_assert_eq!(is_closed, closes, "only a closing closes");
            // Whoever has it, has it for a bounded time.
            let bound = ON_THE_WAY_MAX + handling.lent().max(THERE_MAX);
            let held = handling.falls_back_at();
            prop_assert_eq!(held.is_some(), handling.holder().is_some());
            if let Some(ends) = held {
                prop_assert!(ends.since(at(minute)) <= bound);
            }
            prop_assert!(handling.found().len() >= before.found().len());
        }
    }

    #[test]
    fn a_row_made_anew_from_what_is_written_stands_the_same(
        events in prop::collection::vec(event(), 0..40),
    ) {
        let mut handling = Handling::default();
        let mut written = Vec::new();
        for (minute, event) in (0..).zip(events) {
            if handling.handle(at(minute), &event).is_ok() {
                written.push((at(minute), event));
            }
        }
        let mut again = Handling::default();
        for (at, event) in &written {
            prop_assert_eq!(again.handle(*at, event), Ok(()));
        }
        prop_assert_eq!(again, handling);
    }
}
