//! The guard over restarts and power cuts: what was promised holds for longer than a process.

use proptest::prelude::*;

use nattsyn_protocol::ids::WindowKey;
use nattsyn_protocol::plan::{LOOKS_AFTER_S, Window};
use nattsyn_protocol::signing::PublicKey;

use super::lifetime::MachineBoot;
use super::tests::{ROOT, check, key, plan, signed};
use super::*;
use crate::memory::{EyeMemory, SEEN_MAX, SimulatedSlots};

/// A machine with an eye on it: boots, restarts its eye, loses power. Time passes for real.
struct Machine {
    guard: Guard,
    written: Memory,
    real: Duration,
    booted: Duration,
    boot: u64,
    /// What the wall clock shows beside true time.
    wrong: i64,
    trust: Trust,
}

impl Machine {
    fn new() -> Self {
        let mut machine = Self {
            guard: guard(Found::Nothing, 1, Duration::ZERO),
            written: Memory::default(),
            real: Duration::ZERO,
            booted: Duration::ZERO,
            boot: 1,
            wrong: 0,
            trust: Trust::Synced,
        };
        machine.write();
        machine
    }

    fn now(&self) -> Moment {
        // 2026-11-21 12:00 in Sweden.
        let noon = Timestamp("2026-11-21T11:00:00Z".parse().unwrap());
        let wall = noon.after(self.real).as_ms() + self.wrong * 1000;
        Moment {
            uptime: Uptime(self.real - self.booted),
            wall: Timestamp::from_ms(wall).unwrap(),
            trust: self.trust,
        }
    }

    fn write(&mut self) {
        if let Some(memory) = self.guard.take_change(self.now().uptime) {
            self.written = memory;
        }
    }

    /// Lets time pass as the eye does, hearing the clock now and then.
    fn pass(&mut self, time: Duration) {
        let until = self.real + time;
        while self.real < until {
            self.real = until.min(self.real + Duration::from_secs(600));
            self.guard.handle_moment(self.now());
            self.write();
        }
    }

    fn restart_eye(&mut self) {
        let found = Found::Remembered(self.written.clone());
        self.guard = guard(found, self.boot, self.real - self.booted);
        self.write();
    }

    fn lose_power(&mut self, off: Duration) {
        self.real += off;
        self.booted = self.real;
        self.boot += 1;
        self.restart_eye();
    }

    fn hand_over(&mut self, plan: &Plan) -> Result<Taken, PlanRefusal> {
        let taken = self.guard.handle_plan(&signed(plan, ROOT, 1));
        self.write();
        taken
    }

    /// Asks for looks until one is refused; returns how many were made.
    fn look(&mut self, check: CheckId) -> usize {
        let mut made = 0;
        while let Verdict::Look(_) = self.guard.admit(self.now(), check, 1) {
            self.write();
            made += 1;
        }
        made
    }
}

fn guard(found: Found, boot: u64, uptime: Duration) -> Guard {
    let unit = "u0000001".parse().unwrap();
    let opening = Opening {
        uptime: Uptime(uptime),
        machine: Some(MachineBoot(boot)),
    };
    Guard::resume(unit, PublicKey::of(&key(ROOT)), found, opening)
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn an_older_plan_never_replaces_a_newer_one_after_a_restart_either() {
    let mut machine = Machine::new();
    machine.hand_over(&plan(5)).unwrap();
    machine.restart_eye();
    let refused = machine.hand_over(&plan(4));
    assert!(matches!(
        refused,
        Err(PlanRefusal::NotNewer {
            found: 4,
            held: 5,
            ..
        })
    ));
    assert!(machine.guard.holding().is_empty());
    assert_eq!(machine.hand_over(&plan(5)).unwrap(), Taken::Changed);
    machine.lose_power(HOUR);
    assert!(machine.hand_over(&plan(4)).is_err());
    assert_eq!(machine.hand_over(&plan(6)).unwrap(), Taken::Changed);
}

#[test]
fn a_key_of_an_epoch_that_is_over_signs_no_plan_after_a_restart_either() {
    let mut machine = Machine::new();
    machine
        .guard
        .handle_plan(&signed(&plan(1), ROOT, 7))
        .unwrap();
    machine.write();
    machine.lose_power(HOUR);
    let refused = machine.guard.handle_plan(&signed(&plan(2), ROOT, 6));
    assert!(matches!(
        refused,
        Err(PlanRefusal::OldKey { found: 6, held: 7 })
    ));
}

#[test]
fn looks_that_were_made_count_after_a_restart() {
    let mut machine = Machine::new();
    machine.hand_over(&plan(1)).unwrap();
    machine.pass(HOUR * 11);
    assert_eq!(machine.look(check(1)), LOOKS_AT_CHECK_MAX);
    machine.restart_eye();
    machine.hand_over(&plan(1)).unwrap();
    assert_eq!(machine.look(check(1)), 0);
    machine.lose_power(Duration::from_secs(60));
    machine.hand_over(&plan(1)).unwrap();
    assert_eq!(machine.look(check(1)), 0);
}

/// Four windows for each of two residents, and all the looks that the eye makes in them, until
/// five in the morning.
fn busy_night(machine: &mut Machine, noon: Duration, between: impl Fn(&mut Machine)) -> usize {
    let mut other = plan(1);
    other.resident = "r0000002".parse().unwrap();
    let mut made = 0;
    for (window, after) in [(1, 11), (2, 14), (3, 15), (4, 16)] {
        machine.pass((noon + HOUR * after).saturating_sub(machine.real));
        for resident in ["r0000001", "r0000002"] {
            machine.hand_over(&plan(1)).unwrap();
            machine.hand_over(&other).unwrap();
            let evening = machine.now().wall.before(HOUR * 12).0;
            let night = evening.strftime("%Y%m%d");
            let check = format!("{resident}.{night}.{window}").parse().unwrap();
            made += machine.look(check);
            between(machine);
        }
    }
    made
}

#[test]
fn no_more_than_24_looks_in_24_hours_over_restarts_and_power_cuts() {
    let noon = Duration::ZERO;
    assert_eq!(busy_night(&mut Machine::new(), noon, |_| {}), LOOKS_MAX);
    let restarts = busy_night(&mut Machine::new(), noon, Machine::restart_eye);
    assert_eq!(restarts, LOOKS_MAX);
    let cut = |machine: &mut Machine| machine.lose_power(Duration::from_secs(30));
    assert_eq!(busy_night(&mut Machine::new(), noon, cut), LOOKS_MAX);
}

#[test]
fn the_next_night_is_looked_at_again_also_after_restarts() {
    let mut machine = Machine::new();
    for night in 0..3 {
        let made = busy_night(&mut machine, HOUR * 24 * night, Machine::restart_eye);
        assert_eq!(made, LOOKS_MAX);
    }
}

#[test]
fn a_unit_that_is_off_by_day_looks_every_night() {
    let mut machine = Machine::new();
    for night in 0..4 {
        let noon = HOUR * 24 * night;
        machine.lose_power((noon + HOUR * 9).saturating_sub(machine.real));
        assert_eq!(
            busy_night(&mut machine, noon, |_| {}),
            LOOKS_MAX,
            "night {night}"
        );
    }
}

#[test]
fn a_clock_that_leaps_over_a_power_cut_buys_no_looks_until_it_has_held() {
    let mut machine = Machine::new();
    machine.hand_over(&plan(1)).unwrap();
    machine.pass(HOUR * 11);
    assert_eq!(machine.look(check(1)), LOOKS_AT_CHECK_MAX);
    machine.lose_power(Duration::from_secs(60));
    machine.wrong = 24 * 3600;
    machine.hand_over(&plan(1)).unwrap();
    let tomorrow: CheckId = "r0000001.20261122.1".parse().unwrap();
    assert_eq!(machine.guard.memory.looks.len(), LOOKS_AT_CHECK_MAX);
    assert_eq!(machine.look(tomorrow), LOOKS_AT_CHECK_MAX);
    assert_eq!(machine.guard.memory.looks.len(), 2 * LOOKS_AT_CHECK_MAX);
}

#[test]
fn a_lost_memory_looks_at_nobody_for_a_day_and_is_heard_refusing() {
    let mut machine = Machine::new();
    machine.pass(HOUR * 11);
    machine.guard = guard(Found::Lost, 1, machine.real);
    machine.write();
    machine.hand_over(&plan(1)).unwrap();
    let verdict = machine.guard.admit(machine.now(), check(1), 1);
    assert_eq!(verdict, Verdict::Refuse(Refusal::TooMany));
    machine.pass(HOUR * 24);
    let tomorrow = "r0000001.20261122.1".parse().unwrap();
    assert_eq!(machine.look(tomorrow), LOOKS_AT_CHECK_MAX);
}

#[test]
fn a_clock_that_goes_back_to_what_has_passed_is_unknown_also_after_a_power_cut() {
    let mut machine = Machine::new();
    machine.hand_over(&plan(1)).unwrap();
    machine.pass(HOUR * 36);
    machine.lose_power(HOUR);
    machine.hand_over(&plan(1)).unwrap();
    // A battery that died: the clock shows yesterday's window, and says that it is right.
    machine.wrong = -25 * 3600;
    machine.wrong -= i64::try_from(machine.real.as_secs() - 36 * 3600).unwrap();
    let verdict = machine.guard.admit(machine.now(), check(1), 1);
    assert!(matches!(verdict, Verdict::ClockUnknown(_)), "{verdict:?}");
}

#[test]
fn every_start_has_a_number_of_its_own() {
    let mut machine = Machine::new();
    for run in 1..10 {
        assert_eq!(machine.guard.runs(), run);
        machine.restart_eye();
    }
}

#[test]
fn versions_of_more_residents_than_a_home_ever_had_push_out_the_oldest_that_is_gone() {
    let mut machine = Machine::new();
    for number in 0..=SEEN_MAX {
        let mut theirs = plan(3);
        theirs.resident = format!("r00000{number:02}").parse().unwrap();
        machine.restart_eye();
        machine.hand_over(&theirs).unwrap();
    }
    assert_eq!(machine.written.plans.len(), SEEN_MAX);
    machine.restart_eye();
    let mut oldest = plan(1);
    oldest.resident = "r0000000".parse().unwrap();
    assert!(machine.hand_over(&oldest).is_ok());
    oldest.resident = "r0000002".parse().unwrap();
    assert!(machine.hand_over(&oldest).is_err());
}

#[test]
fn nothing_is_written_for_a_look_that_was_refused_and_something_for_every_look() {
    let mut machine = Machine::new();
    machine.hand_over(&plan(1)).unwrap();
    machine.pass(HOUR * 2);
    assert_eq!(machine.guard.take_change(machine.now().uptime), None);
    machine.guard.admit(machine.now(), check(1), 1);
    assert_eq!(machine.guard.take_change(machine.now().uptime), None);
    machine.pass(HOUR * 9);
    machine.guard.admit(machine.now(), check(1), 1);
    let memory = machine.guard.take_change(machine.now().uptime).unwrap();
    assert_eq!(memory.looks.len(), 1);
    machine.guard.handle_unwritten();
    assert!(machine.guard.take_change(machine.now().uptime).is_some());
}

#[test]
fn what_the_guard_remembers_survives_its_slots() {
    let (mut memory_of, found) = EyeMemory::open(Box::new(SimulatedSlots::default()));
    assert_eq!(found, Found::Nothing);
    let mut machine = Machine::new();
    busy_night(&mut machine, Duration::ZERO, |_| {});
    memory_of.write(&machine.written).unwrap();
}

/// What happens to a unit of generated nights.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Ask(u8),
    RestartEye,
    LosePower(u64),
    SetClock(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1u64..40_000).prop_map(Step::Pass),
        8 => (1u8..5).prop_map(Step::Ask),
        2 => Just(Step::RestartEye),
        2 => (1u64..40_000).prop_map(Step::LosePower),
        2 => (-200_000i64..200_000).prop_map(Step::SetClock),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// True time judges: however the eye and its machine restart and whatever the clock says
    /// while it does not vouch for the pauses, no 24 hours hold more than 24 looks.
    #[test]
    fn no_24_hours_hold_more_than_24_looks_whatever_restarts_and_clocks_do(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut machine = Machine::new();
        machine.trust = Trust::BatteryBacked;
        let mut made: Vec<Duration> = Vec::new();
        for step in steps {
            match step {
                Step::Pass(seconds) => machine.pass(Duration::from_secs(seconds)),
                Step::RestartEye => machine.restart_eye(),
                Step::LosePower(seconds) => machine.lose_power(Duration::from_secs(seconds)),
                Step::SetClock(seconds) => machine.wrong = seconds,
                Step::Ask(window) => {
                    machine.hand_over(&always_open()).unwrap();
                    let wall = machine.now().wall.after(HOUR);
                    let night = nattsyn_protocol::schedule::night_of(wall, "Europe/Stockholm");
                    let night = night.unwrap().strftime("%Y%m%d").to_string();
                    let check = format!("r0000001.{night}.{window}").parse().unwrap();
                    let looks = machine.look(check);
                    made.extend(std::iter::repeat_n(machine.real, looks));
                }
            }
        }
        for (index, first) in made.iter().enumerate() {
            let within = made[index..].iter().filter(|at| **at - *first < LOOKS_WITHIN);
            prop_assert!(within.count() <= LOOKS_MAX);
        }
    }
}

/// One of four windows is open at nearly any time.
fn always_open() -> Plan {
    let mut plan = plan(1);
    let times = [
        ("12:00", "18:00"),
        ("18:00", "23:59"),
        ("23:59", "06:00"),
        ("06:00", "11:59"),
    ];
    plan.windows = (1..)
        .zip(times)
        .map(|(key, (from, to))| {
            Window::nightly(WindowKey(key), from.parse().unwrap(), to.parse().unwrap())
        })
        .collect();
    plan.looks_after_s = LOOKS_AFTER_S.to_vec();
    plan
}
