//! A home that no longer looks as it did, and what its unit says then.

use nattsyn_calibration::grid::Bin;
use nattsyn_protocol::finding::Reason;
use nattsyn_protocol::thresholds::{HomeThresholds, Likeness, NightCounts, ThresholdsMessage};

use super::*;
use crate::guard::LOWERED_APART;
use crate::presence::Standard;
use crate::reached::Night;

fn thresholds(version: u32, anew: u32) -> ThresholdsMessage {
    let thresholds = HomeThresholds {
        unit: "u0000001".parse().unwrap(),
        version,
        visible: 44,
        not_visible: 42,
        anew,
    };
    ThresholdsMessage {
        thresholds: Signed::seal(&thresholds, &key(HUB)),
        endorsement: message().endorsement,
    }
}

/// A night whose first check reached so many levels.
fn night(first: u8) -> Night {
    Night {
        counts: NightCounts {
            unit: "u0000001".parse().unwrap(),
            night: check().night,
            checks: vec![(first, 1)],
            otherwise: 0,
            evidence: None,
        },
        first: Bin::new(first).map(|bin| (check(), bin)),
    }
}

/// Nights like each other, and then others that are not; how many of these until it is noticed.
fn nights_until_noticed(rig: &mut Rig) -> Option<u8> {
    for each in 0..90 {
        rig.eye.end_night(rig.now, &night(50 + each % 5));
        assert_ne!(rig.eye.guard.standard(), Standard::Changed);
    }
    (1..60).find(|_| {
        rig.eye.end_night(rig.now, &night(20));
        rig.eye.guard.standard() == Standard::Changed
    })
}

#[test]
fn a_home_that_looks_otherwise_is_unclear_until_it_was_gone_through_anew() {
    let mut rig = Rig::new(Behaviour::Works, Ok(()));
    rig.eye.handle_thresholds(rig.now, &thresholds(1, 0));
    let noticed = nights_until_noticed(&mut rig);
    assert!(noticed.is_some_and(|nights| nights > 3), "{noticed:?}");
    let finding = |rig: &mut Rig, look| {
        assert!(rig.ask(look).is_continue());
        assert!(rig.work().is_continue());
        rig.report().finding
    };
    let changed = Finding::Unclear(Reason::Changed);
    assert_eq!(finding(&mut rig, 1), changed);
    rig.eye.handle_thresholds(rig.now, &thresholds(1, 0));
    assert_eq!(finding(&mut rig, 2), changed);
    let held = rig.eye.guard.held_thresholds().unwrap();
    assert_eq!((held.version, held.home), (1, Likeness::Changed));
    // Whatever follows from an area's change or a new key is none of this home's.
    rig.eye.handle_thresholds(rig.now, &thresholds(2, 0));
    assert_eq!(finding(&mut rig, 3), changed);
    rig.eye.end_night(rig.now, &night(20));
    assert_eq!(finding(&mut rig, 4), changed);
    assert!(rig.pass(LOWERED_APART).is_continue());
    rig.eye.handle_thresholds(rig.now, &thresholds(3, 1));
    assert_eq!(finding(&mut rig, 5), Finding::NotVisible);
    // What is watched begins anew with them: the nights before are another home's.
    for _ in 0..30 {
        rig.eye.end_night(rig.now, &night(20));
    }
    assert_ne!(rig.eye.guard.standard(), Standard::Changed);
}

#[test]
fn a_home_without_thresholds_of_its_own_is_compared_with_nothing() {
    let mut rig = Rig::new(Behaviour::Works, Ok(()));
    assert_eq!(nights_until_noticed(&mut rig), None);
    // Nor are the nights before its first thresholds.
    rig.eye.handle_thresholds(rig.now, &thresholds(1, 0));
    rig.eye.end_night(rig.now, &night(20));
    assert_ne!(rig.eye.guard.standard(), Standard::Changed);
}
