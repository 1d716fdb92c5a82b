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

fn order(what: Try, sleepers: u8) -> Order {
    Order {
        unit: "u0000001".parse().unwrap(),
        version: 1,
        number: 1,
        ask: Ask::Try(what),
        places: vec![PLACE.to_vec(); usize::from(sleepers)],
    }
}

fn tell(trial: &mut Trial, what: Try, finding: Finding) {
    let walked = |spot: u8| vec![(5 + u16::from(spot)) * 20 + 6 + 2 * u16::from(spot)];
    let tried = Tried {
        unit: "u0000001".parse().unwrap(),
        boot: BootId(1),
        version: 1,
        number: 1,
        what,
        finding,
        level: None,
        cells: match what {
            Try::Walk { spot, .. } => walked(spot),
            Try::Staged { .. } => Vec::new(),
        },
    };
    let order = order(what, trial.sleepers);
    trial.handle_tried(&order, &tried);
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
    for state in NOBODY.into_iter().chain([State::OtherInBed]) {
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
fn not_visible_of_somebody_never_passes_and_one_unclear_way_does() {
    for state in SOMEBODY {
        let missed = |word| {
            move |what| match state_of(what) {
                Some(it) if it == state => word,
                _ => right(what),
            }
        };
        let trial = through(1, missed(Finding::NotVisible));
        assert!(matches!(
            trial.verdict(),
            Verdict::Refused(faults) if matches!(faults[..], [TrialFault::NotVisibleOfSomebody(_)])
        ));
        let unclear = Finding::Unclear(Reason::WeakEvidence);
        assert_eq!(through(1, missed(unclear)).verdict(), Verdict::Passed);
    }
}

#[test]
fn two_unclear_ways_do_not_pass() {
    let trial = through(1, |what| match state_of(what) {
        Some(State::Covered | State::HalfCovered) => Finding::Unclear(Reason::WeakEvidence),
        _ => right(what),
    });
    let seldom = TrialFault::SeldomSeen {
        sleeper: 0,
        seen: 2,
    };
    assert_eq!(trial.verdict(), Verdict::Refused(vec![seldom]));
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
