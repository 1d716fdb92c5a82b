//! Nights as scripts, and the promises of [`super::Night`] over generated ones.

use std::collections::BTreeMap;

use proptest::prelude::*;

use nattsyn_protocol::finding::Reason;
use nattsyn_protocol::ids::WindowKey;
use nattsyn_protocol::plan::{LOOKS_AFTER_S, Window};

use super::*;

/// 23:00 on 21 November 2026 in Sweden.
const ELEVEN: &str = "2026-11-21T22:00:00Z";

pub(super) fn plan(resident: &str, version: u32, windows: &[(u8, &str, &str)]) -> Plan {
    Plan {
        resident: resident.parse().unwrap(),
        unit: "u0000001".parse().unwrap(),
        version,
        zone: "Europe/Stockholm".to_owned(),
        offset_s: 0,
        looks_after_s: LOOKS_AFTER_S.to_vec(),
        windows: windows
            .iter()
            .map(|&(key, from, to)| {
                Window::nightly(WindowKey(key), from.parse().unwrap(), to.parse().unwrap())
            })
            .collect(),
        places: Vec::new(),
        ..Plan::bare(resident.parse().unwrap(), "u0000001".parse().unwrap())
    }
}

/// So many seconds after the machine started at 23:00.
fn at(seconds: u64) -> Now {
    let passed = Duration::from_secs(seconds);
    Now {
        uptime: Uptime(passed),
        timestamp: Timestamp(ELEVEN.parse().unwrap()).after(passed),
        epoch: 0,
    }
}

fn night(windows: &[(u8, &str, &str)]) -> Night {
    let mut night = Night::default();
    night.handle_plan(plan("r0000001", 1, windows)).unwrap();
    night
}

const EVENING: &[(u8, &str, &str)] = &[(1, "23:00", "23:45")];

/// Lets a night run from second to second and answers its looks: `V` visible, `N` not visible,
/// `-` no answer, `T` too many looks; when the script is over, `N`. Renders looks and notices.
fn run(night: &mut Night, seconds: std::ops::Range<u64>, script: &str) -> String {
    let mut script = script.chars();
    let mut seen = Vec::new();
    for second in seconds {
        let mut commands = night.handle_timeout(at(second));
        while let Some(command) = commands.pop() {
            match command {
                Command::Look { check, look } => {
                    seen.push(format!("{second}:{}.{look}", check.resident));
                    match script.next().unwrap_or('N') {
                        'V' => night.handle_finding(check, look, Finding::Visible),
                        'N' => night.handle_finding(check, look, Finding::NotVisible),
                        'T' => commands.extend(night.handle_refusal(check, look, Refusal::TooMany)),
                        '-' => {}
                        other => panic!("unknown step {other:?}"),
                    }
                }
                Command::Notice { look, fault, .. } => {
                    seen.push(format!("{second}:{}.{look}!", fault.word()));
                }
            }
        }
    }
    seen.join(" ")
        .replace("r0000001.", "")
        .replace("r000000", "")
}

#[test]
fn looks_come_at_their_moments_until_somebody_is_seen() {
    assert_eq!(run(&mut night(EVENING), 0..3600, "NNV"), "0:1 120:2 300:3");
    assert_eq!(run(&mut night(EVENING), 0..3600, "V"), "0:1");
}

#[test]
fn a_check_has_five_looks_and_no_more() {
    assert_eq!(
        run(&mut night(EVENING), 0..3600, "NNNNN"),
        "0:1 120:2 300:3 600:4 900:5"
    );
}

#[test]
fn the_next_night_is_looked_at_again() {
    let mut night = night(EVENING);
    assert_eq!(run(&mut night, 0..60, "V"), "0:1");
    let day = 24 * 3600;
    assert_eq!(night.next_look(at(60).timestamp), Some(at(day).timestamp));
    assert_eq!(run(&mut night, day..day + 60, "V"), "86400:1");
}

#[test]
fn a_lost_answer_is_told_and_the_next_look_is_made() {
    assert_eq!(
        run(&mut night(EVENING), 0..3600, "-V"),
        "0:1 40:eye_down.1! 120:2"
    );
}

#[test]
fn an_answer_that_comes_too_late_still_counts() {
    let mut night = night(EVENING);
    assert_eq!(run(&mut night, 0..60, "-"), "0:1 40:eye_down.1!");
    let check = "r0000001.20261121.1".parse().unwrap();
    night.handle_finding(check, 1, Finding::Visible);
    assert_eq!(run(&mut night, 60..3600, ""), "");
}

#[test]
fn a_refused_look_is_told_at_once() {
    assert_eq!(
        run(&mut night(EVENING), 0..3600, "TV"),
        "0:1 0:unrecognised.1! 120:2"
    );
}

#[test]
fn an_eye_that_starts_anew_in_a_look_is_told_at_once() {
    let mut night = night(EVENING);
    assert_eq!(run(&mut night, 0..5, "-"), "0:1");
    let notice = night.handle_eye_gone();
    assert!(matches!(
        notice,
        Some(Command::Notice {
            look: 1,
            fault: Fault::EyeDown,
            ..
        })
    ));
    assert_eq!(night.handle_eye_gone(), None);
    assert_eq!(run(&mut night, 5..3600, "V"), "120:2");
}

#[test]
fn a_restart_repeats_no_look_and_goes_on_with_the_next() {
    let mut before = night(EVENING);
    assert_eq!(run(&mut before, 0..5, "-"), "0:1");
    let mut after = Night::resume(before.progress().copied().collect());
    after.handle_plan(plan("r0000001", 1, EVENING)).unwrap();
    assert_eq!(run(&mut after, 10..3600, "V"), "120:2");
    let mut after = Night::resume(after.progress().copied().collect());
    after.handle_plan(plan("r0000001", 1, EVENING)).unwrap();
    assert_eq!(run(&mut after, 140..3600, ""), "");
}

#[test]
fn a_start_in_mid_window_waits_for_a_look_that_comes_soon() {
    assert_eq!(run(&mut night(EVENING), 59..200, "V"), "59:1");
    assert_eq!(run(&mut night(EVENING), 62..200, "V"), "120:2");
}

#[test]
fn a_start_after_the_last_moment_still_looks_once() {
    assert_eq!(run(&mut night(EVENING), 2000..3600, ""), "2000:5");
    let almost_closed = 45 * 60 - 9;
    assert_eq!(run(&mut night(EVENING), almost_closed..3600, ""), "");
}

#[test]
fn a_late_look_is_made_up_where_the_next_is_far() {
    let mut night = Night::default();
    let mut far = plan("r0000001", 1, EVENING);
    far.looks_after_s = vec![0, 1800];
    night.handle_plan(far).unwrap();
    assert_eq!(run(&mut night, 600..3600, ""), "600:1 1800:2");
}

#[test]
fn two_residents_are_looked_at_one_after_the_other() {
    let mut night = night(EVENING);
    night.handle_plan(plan("r0000002", 1, EVENING)).unwrap();
    assert_eq!(run(&mut night, 0..100, "VV"), "0:1 1:2.1");
    assert_eq!(night.held().len(), 2);
}

/// Runs an eye that takes so long for a look; returns whose look began when.
fn take_turns(night: &mut Night, seconds: u64, look_s: u64) -> Vec<(u64, String, u8)> {
    let mut begun = Vec::new();
    let mut under_way: Option<(u64, CheckId, u8)> = None;
    for second in 0..seconds {
        if let Some((_, check, look)) = under_way.take_if(|(end, ..)| *end == second) {
            night.handle_finding(check, look, Finding::NotVisible);
        }
        for command in night.handle_timeout(at(second)) {
            let Command::Look { check, look } = command else {
                panic!("{command:?}");
            };
            assert!(under_way.is_none(), "two looks at once");
            under_way = Some((second + look_s, check, look));
            begun.push((second, check.resident.to_string(), look));
        }
    }
    begun
}

#[test]
fn four_residents_in_one_minute_take_turns_and_no_look_overlaps_another() {
    for look_s in [5, 29] {
        let mut night = Night::default();
        for index in 1..=PLANS_MAX {
            let theirs = plan(&format!("r000000{index}"), 1, EVENING);
            night.handle_plan(theirs).unwrap();
        }
        let begun = take_turns(&mut night, 45 * 60, look_s);
        for resident in 1..=PLANS_MAX {
            let theirs = format!("r000000{resident}");
            let last = begun.iter().rfind(|(_, whose, _)| *whose == theirs);
            assert_eq!(last.map(|last| last.2), Some(5), "{look_s} s: {begun:?}");
        }
        let first: Vec<_> = begun.iter().take(2).map(|(_, whose, _)| whose).collect();
        assert_eq!(first, ["r0000001", "r0000002"], "one moment: by resident");
    }
}

#[test]
fn a_newer_plan_replaces_an_older_and_never_the_other_way_round() {
    let mut night = night(EVENING);
    let later = &[(1, "23:30", "23:59")];
    night.handle_plan(plan("r0000001", 2, later)).unwrap();
    let refused = night.handle_plan(plan("r0000001", 1, EVENING));
    assert!(matches!(
        refused,
        Err(PlanRefused::Older {
            offered: 1,
            held: 2,
            ..
        })
    ));
    assert_eq!(run(&mut night, 0..3600, "V"), "1800:1");
}

#[test]
fn a_newer_plan_does_not_repeat_what_was_looked_at() {
    let mut night = night(EVENING);
    assert_eq!(run(&mut night, 0..60, "V"), "0:1");
    night
        .handle_plan(plan("r0000001", 2, &[(1, "23:01", "23:59")]))
        .unwrap();
    assert_eq!(run(&mut night, 60..3600, ""), "");
}

#[test]
fn a_plan_too_many_and_one_that_cannot_be_kept_are_refused() {
    let mut night = Night::default();
    for index in 0..PLANS_MAX {
        night
            .handle_plan(plan(&format!("r000000{index}"), 1, EVENING))
            .unwrap();
    }
    let refused = night.handle_plan(plan("r0000009", 1, EVENING));
    assert!(matches!(refused, Err(PlanRefused::TooMany(_))));
    let refused = night.handle_plan(plan("r0000001", 2, &[(1, "11:00", "13:00")]));
    assert!(matches!(refused, Err(PlanRefused::Unkeepable { .. })));
}

#[test]
fn it_says_when_it_next_has_something_to_do() {
    let mut night = night(EVENING);
    assert_eq!(night.next_timeout(at(0)), Some(at(0).uptime));
    night.handle_timeout(at(0));
    assert_eq!(night.next_timeout(at(5)), Some(Uptime(ANSWER_WITHIN)));
    let check = "r0000001.20261121.1".parse().unwrap();
    night.handle_finding(check, 1, Finding::Unclear(Reason::Several));
    assert_eq!(night.next_timeout(at(5)), Some(at(120).uptime));
    assert_eq!(Night::default().next_timeout(at(5)), None);
}

#[test]
fn an_eye_that_a_live_view_keeps_busy_is_not_down() {
    let mut night = night(EVENING);
    night.handle_view(at(90).uptime);
    // A look before a live view of half a minute, and then this one of as long.
    let script = "-V";
    assert_eq!(
        run(&mut night, 120..3600, script),
        "120:2 190:eye_down.2! 300:3"
    );
    let mut night = self::night(EVENING);
    night.handle_view(at(89).uptime);
    assert_eq!(
        run(&mut night, 120..3600, script),
        "120:2 160:eye_down.2! 300:3"
    );
}

/// One thing that happens to a generated night.
#[derive(Clone, Debug)]
enum Step {
    Pass(u32),
    Jump(i64),
    Answer(u8),
    Restart,
    Replan,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (1u32..1200).prop_map(Step::Pass),
        1 => (-200_000i64..200_000).prop_map(Step::Jump),
        8 => (0u8..5).prop_map(Step::Answer),
        1 => Just(Step::Restart),
        1 => Just(Step::Replan),
    ]
}

/// Plans with one to four windows of an hour and a bit, anywhere in the night.
fn any_plan() -> impl Strategy<Value = Plan> {
    let windows = proptest::collection::btree_set(0u8..9, 1..5);
    let looks = proptest::sample::subsequence(vec![60u32, 120, 300, 600, 900, 1800], 0..5);
    (windows, looks, 0u32..600).prop_map(|(slots, after, offset_s)| {
        let mut plan = plan("r0000001", 1, &[]);
        plan.offset_s = offset_s;
        plan.looks_after_s = [0].into_iter().chain(after).collect();
        plan.windows = slots
            .into_iter()
            .map(|slot| {
                let hour = i8::try_from((20 + slot) % 24).unwrap();
                Window::nightly(
                    WindowKey(slot),
                    jiff::civil::time(hour, 5, 0, 0),
                    jiff::civil::time(hour, 59, 0, 0),
                )
            })
            .collect();
        plan
    })
}

struct Ledger {
    made: BTreeMap<CheckId, u8>,
    seen: Vec<CheckId>,
}

impl Ledger {
    fn judge(&mut self, plan: &Plan, now: Now, command: Command) -> Option<(CheckId, u8)> {
        let Command::Look { check, look } = command else {
            return None;
        };
        let checks = checks_of(plan, check.night).unwrap();
        let planned = checks.iter().find(|planned| planned.id == check).unwrap();
        assert!(planned.opens <= now.timestamp, "before its window");
        assert!(now.timestamp < planned.deadline, "after its window");
        assert!(
            usize::from(look) <= planned.looks.len(),
            "a look not planned"
        );
        assert!(!self.seen.contains(&check), "a look after visible");
        let made = self.made.entry(check).or_default();
        *made += 1;
        assert!(*made <= 5, "a sixth look");
        Some((check, look))
    }
}

proptest! {
    #[test]
    fn no_look_outside_its_window_none_after_visible_none_too_many(
        plan in any_plan(),
        steps in proptest::collection::vec(step(), 1..200),
    ) {
        let mut plan = plan;
        let mut night = Night::default();
        night.handle_plan(plan.clone()).unwrap();
        let mut ledger = Ledger { made: BTreeMap::new(), seen: Vec::new() };
        let mut asked = None;
        let mut uptime = Uptime::default();
        let mut wall: Timestamp = Timestamp(ELEVEN.parse().unwrap());
        for step in steps {
            match step {
                Step::Pass(seconds) => {
                    let passed = Duration::from_secs(u64::from(seconds));
                    uptime = uptime.after(passed);
                    wall = wall.after(passed);
                }
                Step::Jump(seconds) => {
                    let ms = wall.as_ms().saturating_add(seconds * 1000);
                    wall = Timestamp::from_ms(ms).unwrap_or(wall);
                }
                Step::Answer(kind) => if let Some((check, look)) = asked.take() {
                    match kind {
                        0 => {
                            night.handle_finding(check, look, Finding::Visible);
                            ledger.seen.push(check);
                        }
                        1 => { night.handle_refusal(check, look, Refusal::OutsideWindow); }
                        2 => { night.handle_eye_gone(); }
                        _ => night.handle_finding(check, look, Finding::NotVisible),
                    }
                },
                Step::Restart => {
                    night = Night::resume(night.progress().copied().collect());
                    night.handle_plan(plan.clone()).unwrap();
                }
                Step::Replan => {
                    plan.version += 1;
                    night.handle_plan(plan.clone()).unwrap();
                }
            }
            let now = Now { uptime, timestamp: wall, epoch: 0 };
            if let Some(next) = night.next_timeout(now) {
                prop_assert!(next >= uptime || night.is_looking());
            }
            for command in night.handle_timeout(now) {
                asked = ledger.judge(&plan, now, command).or(asked);
            }
        }
    }

    #[test]
    fn clocks_at_the_calendars_ends_never_panic(
        // All that a calendar can name.
        ms in -377_705_023_201_000i64..=253_402_207_200_000,
        uptime_s in any::<u64>()) {
        let timestamp = Timestamp::from_ms(ms).unwrap();
        let now = Now { uptime: Uptime(Duration::from_secs(uptime_s)), timestamp, epoch: 0 };
        let mut night = night(EVENING);
        assert!(night.next_timeout(now).is_some());
        night.handle_timeout(now);
    }
}
