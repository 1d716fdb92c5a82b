//! Clocks that are set while a check is under way: the night asks, the guard judges, and nothing
//! that was asked stays without a word.
//!
//! Each night is run second by second with both halves of the unit, as the programs run them.

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;

use nattsyn_protocol::hello::PlanMessage;
use nattsyn_protocol::signing::{Endorsement, PublicKey, Signed};

use super::tests::plan;
use super::*;
use crate::guard::{Guard, Moment, Trust, Verdict};

/// A step of the wall clock at a second of the run.
#[derive(Clone, Copy)]
struct Set {
    at_s: u64,
    by_s: i64,
}

/// What a night came to.
#[derive(Debug, Default)]
struct Course {
    /// The looks that were made, by check.
    made: BTreeMap<CheckId, Vec<u8>>,
    unknown: usize,
    noticed: usize,
}

/// A unit whose eye never sees anybody and takes three seconds a look.
struct Unit {
    plan: Plan,
    night: Night,
    guard: Guard,
    answer: Option<(u64, CheckId, u8)>,
    course: Course,
}

impl Unit {
    fn new(windows: &[(u8, &str, &str)]) -> Self {
        let plan = plan("r0000001", 1, windows);
        let key = |seed| SigningKey::from_bytes(&[seed; 32]);
        let endorsement = Endorsement {
            key: PublicKey::of(&key(2)),
            epoch: 1,
        };
        let message = PlanMessage {
            plan: Signed::seal(&plan, &key(2)),
            endorsement: Signed::seal(&endorsement, &key(1)),
        };
        let mut guard = Guard::new(plan.unit, PublicKey::of(&key(1)));
        guard.handle_plan(&message).unwrap();
        let mut night = Night::default();
        night.handle_plan(plan.clone()).unwrap();
        Self {
            plan,
            night,
            guard,
            answer: None,
            course: Course::default(),
        }
    }

    fn turn(&mut self, second: u64, wall: Timestamp) {
        let now = Now {
            uptime: Uptime(Duration::from_secs(second)),
            timestamp: wall,
            epoch: 0,
        };
        let moment = Moment {
            uptime: now.uptime,
            wall,
            trust: Trust::Synced,
        };
        if second.is_multiple_of(20) {
            self.guard.handle_moment(moment);
        }
        if let Some((_, check, look)) = self.answer.take_if(|(due, ..)| *due == second) {
            self.night.handle_finding(check, look, Finding::NotVisible);
        }
        for command in self.night.handle_timeout(now) {
            match command {
                Command::Look { check, look } => self.look(second, moment, check, look),
                Command::Notice { .. } => self.course.noticed += 1,
            }
        }
    }

    fn look(&mut self, second: u64, moment: Moment, check: CheckId, look: u8) {
        assert!(self.answer.is_none(), "two looks at once");
        match self.guard.admit(moment, check, look) {
            Verdict::Look(_) => {
                let planned = checks_of(&self.plan, check.night).unwrap();
                let planned = planned.iter().find(|planned| planned.id == check).unwrap();
                assert!(planned.opens <= moment.wall && moment.wall < planned.deadline);
                let made = self.course.made.entry(check).or_default();
                assert!(!made.contains(&look), "a look made twice");
                made.push(look);
                self.answer = Some((second + 3, check, look));
            }
            Verdict::ClockUnknown(errand) => {
                assert_eq!((errand.check, errand.look), (check, look));
                let fault = Finding::Technical(Fault::ClockUnknown);
                self.night.handle_finding(check, look, fault);
                self.course.unknown += 1;
            }
            Verdict::Refuse(why) => {
                let notice = self.night.handle_refusal(check, look, why);
                assert!(matches!(notice, Some(Command::Notice { .. })), "no word");
                self.course.noticed += 1;
            }
        }
    }
}

/// Runs a unit from `begin` (UTC) for some hours.
fn run(begin: &str, hours: u64, windows: &[(u8, &str, &str)], sets: &[Set]) -> Course {
    let mut unit = Unit::new(windows);
    let begin = Timestamp(begin.parse().unwrap());
    for second in 0..hours * 3600 {
        let in_force = sets.iter().filter(|set| set.at_s <= second);
        let by_s: i64 = in_force.map(|set| set.by_s).sum();
        let wall_ms = begin.after(Duration::from_secs(second)).as_ms() + by_s * 1000;
        unit.turn(second, Timestamp::from_ms(wall_ms).unwrap());
    }
    unit.course
}

fn looks(course: &Course) -> Vec<Vec<u8>> {
    course.made.values().cloned().collect()
}

/// Twenty to midnight until twenty-five past.
const ACROSS_MIDNIGHT: &[(u8, &str, &str)] = &[(1, "23:40", "00:25")];

/// Three minutes into that window, after two looks, in a run that begins an hour before it.
const MID_CHECK_S: u64 = 3600 + 3 * 60;

const BEGIN: &str = "2026-11-21T21:40:00Z";

#[test]
fn without_a_step_every_look_is_made_on_both_sides_of_midnight() {
    let course = run(BEGIN, 3, &[(1, "23:55", "00:25")], &[]);
    assert_eq!(looks(&course), [[1, 2, 3, 4, 5]]);
}

#[test]
fn a_clock_set_back_across_midnight_repeats_no_look_and_leaves_none_without_a_word() {
    for back_s in [60, 600, 1500, 2 * 3600, 26 * 3600] {
        for at_s in [MID_CHECK_S, MID_CHECK_S + 12 * 60, MID_CHECK_S + 22 * 60] {
            let sets = [Set {
                at_s,
                by_s: -back_s,
            }];
            let course = run(BEGIN, 6, ACROSS_MIDNIGHT, &sets);
            let tonight = "r0000001.20261121.1".parse().unwrap();
            let made = &course.made[&tonight];
            assert!(made.starts_with(&[1, 2]), "{back_s} s back: {course:?}");
            // What is not made is said to have been left, for the time is not known.
            let left = 5 - made.len();
            assert!(
                left == 0 || course.unknown + course.noticed > 0,
                "{course:?}"
            );
        }
    }
}

#[test]
fn a_clock_set_forward_in_mid_check_makes_no_look_outside_the_window() {
    for ahead_s in [3600, 24 * 3600, 365 * 24 * 3600] {
        let sets = [Set {
            at_s: MID_CHECK_S,
            by_s: ahead_s,
        }];
        let course = run(BEGIN, 3, ACROSS_MIDNIGHT, &sets);
        let tonight = "r0000001.20261121.1".parse().unwrap();
        assert_eq!(course.made[&tonight], [1, 2], "{ahead_s}: {course:?}");
    }
}

#[test]
fn a_clock_set_past_a_window_says_of_every_look_that_it_was_not_made() {
    let before_window_s = 3000;
    for (at_s, left) in [(before_window_s, 5), (MID_CHECK_S, 3)] {
        for ahead_s in [2 * 3600, 20 * 3600] {
            let by_s = ahead_s;
            let course = run(BEGIN, 3, ACROSS_MIDNIGHT, &[Set { at_s, by_s }]);
            let made: usize = looks(&course).iter().map(Vec::len).sum();
            assert_eq!(
                (made, course.noticed),
                (5 - left, left),
                "{ahead_s}: {course:?}"
            );
        }
    }
    // A window that is only entered is no window that is past, and nor is one that was over.
    for at_s in [before_window_s, 3600 + 46 * 60] {
        let course = run(BEGIN, 3, ACROSS_MIDNIGHT, &[Set { at_s, by_s: 900 }]);
        assert_eq!(course.noticed, 0, "{course:?}");
    }
}

#[test]
fn looks_that_a_wrong_clock_went_past_are_made_when_it_is_right_again() {
    let by_s = 2 * 3600;
    let sets = [
        Set { at_s: 3000, by_s },
        Set {
            at_s: 3300,
            by_s: -by_s,
        },
    ];
    let course = run(BEGIN, 3, ACROSS_MIDNIGHT, &sets);
    assert_eq!(
        (looks(&course), course.noticed),
        (vec![vec![1, 2, 3, 4, 5]], 5)
    );
}

#[test]
fn a_clock_that_is_wrong_for_minutes_and_set_right_makes_the_rest_of_the_looks() {
    for by_s in [5 * 3600, -5 * 3600, 40 * 24 * 3600, -40 * 24 * 3600] {
        let sets = [
            Set {
                at_s: MID_CHECK_S,
                by_s,
            },
            Set {
                at_s: MID_CHECK_S + 240,
                by_s: -by_s,
            },
        ];
        let course = run(BEGIN, 3, ACROSS_MIDNIGHT, &sets);
        let tonight = "r0000001.20261121.1".parse().unwrap();
        assert_eq!(course.made[&tonight].last(), Some(&5), "{by_s}: {course:?}");
    }
}

#[test]
fn in_the_nights_of_23_and_25_hours_every_check_has_its_looks_once() {
    let windows = &[
        (1, "23:30", "00:15"),
        (2, "02:05", "02:50"),
        (3, "04:00", "04:45"),
    ];
    for begin in ["2026-03-28T22:00:00Z", "2026-10-24T21:00:00Z"] {
        let course = run(begin, 8, windows, &[]);
        assert_eq!(looks(&course), [[1, 2, 3, 4, 5]; 3], "{begin}");
        // By the hour that is skipped or comes twice, in the middle of the first check.
        for by_s in [-3600, 3600] {
            let at_s = 35 * 60;
            let course = run(begin, 8, windows, &[Set { at_s, by_s }]);
            assert!(looks(&course).len() >= 2, "{begin} {by_s}: {course:?}");
        }
    }
}
