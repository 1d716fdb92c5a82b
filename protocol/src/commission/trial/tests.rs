//! Trials of a unit that is right, and of units that are wrong in one thing each.

use super::*;
use crate::commission::Ask;
use crate::finding::Reason;
use crate::ids::BootId;

const PLACE: [[f32; 2]; 4] = [[0.3, 0.3], [0.7, 0.3], [0.7, 0.8], [0.3, 0.8]];

/// What an honest, well-hung unit says of a step.
fn right(what: Try) -> Finding {
    let Try::Staged { state, .. } = what else {
        return Finding::Unclear(Reason::WeakEvidence);
    };
    match state.is_somebody() {
        Some(true) => Finding::Visible,
        Some(false) => Finding::NotVisible,
        None => Finding::Technical(Fault::Covered),
    }
}

/// Each sleeper's, a little higher than the one before.
fn place_of(sleeper: u8) -> Vec<[f32; 2]> {
    let raised = PLACE.map(|[x, y]| [x, y - 0.01 * f32::from(sleeper)]);
    raised.to_vec()
}

fn order(what: Try, sleepers: u8) -> Order {
    Order {
        unit: "u0000001".parse().unwrap(),
        version: 1,
        number: 1,
        ask: Ask::Try(what),
        places: (0..sleepers).map(place_of).collect(),
    }
}

fn tell(trial: &mut Trial, what: Try, finding: Finding) {
    let tried = Tried {
        finding,
        ..walked(what)
    };
    let order = order(what, trial.sleepers);
    trial.handle_tried(&order, &tried);
}

/// An answer of which only the finding is left to say.
fn walked(what: Try) -> Tried {
    let cells = |spot: u8| vec![(5 + u16::from(spot)) * 20 + 6 + 2 * u16::from(spot)];
    Tried {
        unit: "u0000001".parse().unwrap(),
        boot: BootId(1),
        version: 1,
        number: 1,
        what,
        finding: Finding::NotVisible,
        level: None,
        cells: match what {
            Try::Walk { spot, .. } => cells(spot),
            Try::Staged { .. } => Vec::new(),
        },
    }
}

/// Everything as `say` says it, as long as there is something to try.
fn through(sleepers: u8, say: impl Fn(Try) -> Finding) -> Trial {
    let mut trial = Trial::new(sleepers);
    for _ in 0..200 {
        let Some(what) = trial.next() else { break };
        tell(&mut trial, what, say(what));
    }
    trial
}

fn state_of(what: Try) -> Option<State> {
    match what {
        Try::Staged { state, .. } => Some(state),
        Try::Walk { .. } => None,
    }
}

#[test]
fn a_unit_that_is_right_passes_with_one_sleeper_and_with_four() {
    for sleepers in 1..=4 {
        let trial = through(sleepers, right);
        assert_eq!(trial.verdict(), Verdict::Passed, "{sleepers}");
        assert_eq!(trial.next(), None);
    }
    assert_eq!(Trial::new(1).steps().len(), 22);
    // As many tries as one leave has.
    assert!(Trial::new(4).steps().len() <= usize::from(super::super::TRIES_MAX));
}

#[test]
fn visible_of_an_empty_bed_never_passes_however_often_it_is_tried() {
    for state in NOBODY {
        let mut trial = through(2, |what| match state_of(what) {
            Some(it) if it == state => Finding::Visible,
            _ => right(what),
        });
        let Verdict::Refused(faults) = trial.verdict() else {
            panic!("{state:?} passed");
        };
        let [TrialFault::VisibleOfEmpty(what)] = faults[..] else {
            panic!("{faults:?}");
        };
        tell(&mut trial, what, Finding::NotVisible);
        assert_eq!(trial.verdict(), Verdict::Refused(faults));
    }
}

#[test]
fn a_bed_that_is_missed_often_never_passes_and_one_seldom_missed_does() {
    let missed = |states: &'static [State]| {
        move |what| match state_of(what) {
            Some(it) if states.contains(&it) => Finding::NotVisible,
            _ => right(what),
        }
    };
    let seldom = through(1, missed(&[State::Covered]));
    assert_eq!(seldom.verdict(), Verdict::Passed);
    let often = through(1, missed(&[State::HalfCovered, State::Covered]));
    let Verdict::Refused(faults) = often.verdict() else {
        panic!("a bed that is missed passes");
    };
    let told = |fault: &TrialFault| matches!(fault, TrialFault::NotVisibleOfSomebody(_));
    assert_eq!(faults.iter().filter(|fault| told(fault)).count(), 4);
}

#[test]
fn who_was_seen_too_seldom_lies_otherwise_and_may_be_seen_then() {
    let mut trial = through(1, |what| match state_of(what) {
        Some(State::Covered | State::HalfCovered) => Finding::Unclear(Reason::WeakEvidence),
        _ => right(what),
    });
    // Each was tried as often as may be, and nothing else again.
    assert_eq!(trial.next(), None);
    for what in trial.steps() {
        let times = trial.outcomes(what).len();
        let again = matches!(state_of(what), Some(State::Covered | State::HalfCovered));
        assert_eq!(
            times,
            if again {
                STAGED_MAX
            } else {
                usize::from(state_of(what).is_some())
            }
        );
    }
    trial = Trial::new(1);
    while let Some(what) = trial.next() {
        let before = trial.outcomes(what).len();
        let hard = matches!(state_of(what), Some(State::Covered | State::HalfCovered));
        let word = if hard && before == 0 {
            Finding::Unclear(Reason::WeakEvidence)
        } else {
            right(what)
        };
        tell(&mut trial, what, word);
    }
    assert_eq!(trial.verdict(), Verdict::Passed);
}

#[test]
fn somebody_on_the_edge_may_be_missed() {
    let trial = through(1, |what| match state_of(what) {
        Some(State::OnTheEdge) => Finding::NotVisible,
        _ => right(what),
    });
    assert_eq!(trial.verdict(), Verdict::Passed);
}

#[test]
fn one_way_to_lie_may_stay_unclear_and_two_do_not_pass() {
    let unclear = |states: &'static [State]| {
        move |what| match state_of(what) {
            Some(it) if states.contains(&it) => Finding::Unclear(Reason::WeakEvidence),
            _ => right(what),
        }
    };
    let one = through(1, unclear(&[State::Covered, State::OnTheEdge]));
    assert_eq!(one.verdict(), Verdict::Passed);
    let two = through(1, unclear(&[State::Covered, State::HalfCovered]));
    let seldom = TrialFault::SeldomSeen {
        sleeper: 0,
        seen: 1,
    };
    assert_eq!(two.verdict(), Verdict::Refused(vec![seldom]));
}

#[test]
fn the_second_sleeper_must_be_seen_in_their_own_place() {
    let trial = through(2, |what| match what {
        Try::Staged {
            sleeper: Some(1),
            state: State::Covered,
            ..
        } => Finding::Unclear(Reason::OutsideSleepingPlace),
        Try::Walk { .. } | Try::Staged { .. } => right(what),
    });
    let seldom = TrialFault::SeldomSeen {
        sleeper: 1,
        seen: 0,
    };
    assert_eq!(trial.verdict(), Verdict::Refused(vec![seldom]));
}

#[test]
fn two_take_32_tries_and_each_is_asked_about_alone_empty_and_with_the_other() {
    let steps = Trial::new(2).steps();
    assert_eq!(steps.len(), 32);
    for sleeper in 0..2 {
        let of = |state| {
            steps.contains(&Try::Staged {
                sleeper: Some(sleeper),
                state,
                room: Room::AsItIs,
            })
        };
        assert!(of(State::Together) && of(State::OtherInBed) && of(State::Covered));
    }
    for sleepers in 1..=4 {
        let steps = Trial::new(sleepers).steps();
        let mut once = steps.clone();
        once.sort();
        once.dedup();
        assert_eq!(once.len(), steps.len(), "each step once, {sleepers}");
    }
}

#[test]
fn a_place_that_is_visible_while_another_lies_in_theirs_never_passes_whosever_it_is() {
    for wrong in 0..2 {
        let mut trial = through(2, |what| match what {
            Try::Staged {
                sleeper: Some(sleeper),
                state: State::OtherInBed,
                ..
            } if sleeper == wrong => Finding::Visible,
            Try::Walk { .. } | Try::Staged { .. } => right(what),
        });
        let Verdict::Refused(faults) = trial.verdict() else {
            panic!("place {wrong} is whoever lies in the other, and passes");
        };
        let [TrialFault::VisibleOfEmpty(what)] = faults[..] else {
            panic!("{faults:?}");
        };
        tell(&mut trial, what, Finding::NotVisible);
        assert_eq!(trial.verdict(), Verdict::Refused(faults));
    }
}

#[test]
fn two_who_are_never_told_apart_are_refused_before_the_rest_is_staged() {
    let several = Finding::Unclear(Reason::Several);
    for seen in [None, Some(0)] {
        let trial = through(2, |what| match what {
            Try::Staged {
                sleeper,
                state: State::Together,
                ..
            } if sleeper != seen => several,
            Try::Walk { .. } | Try::Staged { .. } => right(what),
        });
        let sleeper = u8::from(seen.is_some());
        let fault = TrialFault::NotToldApart { sleeper };
        assert_eq!(trial.verdict(), Verdict::Refused(vec![fault]));
        let staged = trial.steps().into_iter().skip(10);
        let made: usize = staged.map(|what| trial.outcomes(what).len()).sum();
        assert_eq!(
            made,
            STAGED_MAX + usize::from(sleeper),
            "no step for nothing"
        );
    }
}

#[test]
fn two_who_are_told_apart_at_the_third_try_may_pass() {
    let mut trial = Trial::new(2);
    while let Some(what) = trial.next() {
        let is_late = is_together(what) && trial.outcomes(what).len() < STAGED_MAX - 1;
        let late = Finding::Unclear(Reason::Several);
        tell(&mut trial, what, if is_late { late } else { right(what) });
    }
    assert_eq!(trial.verdict(), Verdict::Passed);
}

#[test]
fn places_of_which_two_are_the_same_make_no_sense() {
    let what = Trial::new(2).steps()[0];
    let Try::Walk { .. } = what else {
        panic!("{what:?}");
    };
    let staged = Try::Staged {
        sleeper: Some(0),
        state: State::Together,
        room: Room::AsItIs,
    };
    let mut order = order(staged, 2);
    assert!(order.makes_sense(2), "{:?}", order.places);
    order.places[1] = order.places[0].clone();
    assert!(!order.makes_sense(2));
}

#[test]
fn a_picture_that_stays_unfit_is_refused_and_one_that_gets_fit_is_not() {
    let dark = Finding::Technical(Fault::Dark);
    let trial = through(1, |what| match state_of(what) {
        Some(State::EmptyMade) => dark,
        _ => right(what),
    });
    assert!(matches!(
        trial.verdict(),
        Verdict::Refused(faults)
            if matches!(faults[..], [TrialFault::Unfit(_, Fault::Dark)])
    ));
    let mut trial = Trial::new(1);
    let mut before = None;
    while let Some(what) = trial.next() {
        // Every picture is dark at first and fit the second time.
        let fit = before == Some(what) || state_of(what) == Some(State::LensCovered);
        tell(&mut trial, what, if fit { right(what) } else { dark });
        before = Some(what);
    }
    assert_eq!(trial.verdict(), Verdict::Passed);
}

#[test]
fn a_lens_that_sees_through_a_hand_is_refused() {
    let trial = through(1, |what| match state_of(what) {
        Some(State::LensCovered) => Finding::NotVisible,
        _ => right(what),
    });
    let refused = Verdict::Refused(vec![TrialFault::SawThroughCover]);
    assert_eq!(trial.verdict(), refused);
}

#[test]
fn a_camera_that_fails_at_the_last_try_was_not_covered() {
    let down = Finding::Technical(Fault::CameraDown);
    let trial = through(1, |what| match state_of(what) {
        Some(State::LensCovered) => down,
        _ => right(what),
    });
    assert!(matches!(
        trial.verdict(),
        Verdict::Refused(faults) if matches!(faults[..], [TrialFault::Unfit(_, Fault::CameraDown)])
    ));
    assert_eq!(
        trial.outcomes(*trial.steps().last().unwrap()).len(),
        STAGED_MAX
    );
}

#[test]
fn a_walk_begins_anew_and_so_do_other_places() {
    let mut trial = through(1, right);
    tell(
        &mut trial,
        Try::Walk {
            sleeper: 0,
            spot: 0,
        },
        Finding::NotVisible,
    );
    assert_eq!(
        trial.next(),
        Some(Try::Walk {
            sleeper: 0,
            spot: 1
        })
    );

    let mut trial = through(1, right);
    let what = *trial.steps().last().unwrap();
    let mut other = order(what, 1);
    other.places = vec![vec![[0.2, 0.2], [0.6, 0.2], [0.6, 0.6]]];
    let tried = Tried {
        unit: other.unit,
        boot: BootId(1),
        version: 1,
        number: 2,
        what,
        finding: right(what),
        level: None,
        cells: Vec::new(),
    };
    trial.handle_tried(&other, &tried);
    assert_eq!(trial.verdict(), Verdict::Open);
}

#[test]
fn a_pause_is_nothing_that_was_tried() {
    let mut trial = Trial::new(1);
    let what = trial.next().unwrap();
    tell(&mut trial, what, Finding::Paused);
    assert_eq!(trial.next(), Some(what));
    assert_eq!(trial.verdict(), Verdict::Open);
}

#[test]
fn a_walk_in_the_dark_is_refused_and_one_with_light_begins_anew() {
    let mut trial = through(1, |_| Finding::Technical(Fault::Dark));
    let first = Try::Walk {
        sleeper: 0,
        spot: 0,
    };
    let unfit = vec![TrialFault::Unfit(first, Fault::Dark)];
    assert_eq!(trial.verdict(), Verdict::Refused(unfit));
    tell(&mut trial, first, Finding::Visible);
    assert_eq!(trial.verdict(), Verdict::Open);
    assert!(trial.cells(0, 0).is_some());
}

#[test]
fn after_a_refused_walk_nothing_of_it_is_left() {
    let mut trial = Trial::new(1);
    for spot in 0..SPOTS {
        let what = Try::Walk { sleeper: 0, spot };
        let tried = Tried {
            cells: Vec::new(),
            ..walked(what)
        };
        trial.handle_tried(&order(what, 1), &tried);
    }
    let Verdict::Refused(faults) = trial.verdict() else {
        panic!("nobody was seen, and it goes on");
    };
    assert!(matches!(
        faults[..],
        [TrialFault::Framing {
            why: FramingFault::Unseen(5),
            ..
        }]
    ));
    let again = Try::Walk {
        sleeper: 0,
        spot: 0,
    };
    tell(&mut trial, again, Finding::Visible);
    assert_eq!(trial.cells(0, 1), None);
}
