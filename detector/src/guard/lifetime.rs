//! How old the unit is, and what its wall clock is worth.
//!
//! The kernel's clock begins at nothing with every boot, and the wall clock may be set to
//! anything. [`Lifetime`] makes of both an [`Age`] that never steps and never runs faster than
//! time itself: it is what looks are counted by, over restarts and power cuts. It also knows
//! when the wall clock shows a time that has provably passed.
//!
//! Pure: no clock is read and nothing is written. What must survive a restart is a [`Mark`].

use std::time::Duration;

use serde::{Deserialize, Serialize};

use nattsyn_protocol::time::{Timestamp, Uptime};

use super::{Moment, Trust};

/// How far a wall clock may lie behind the time that has provably passed.
///
/// Three months without a network at the 20 millionths by which a Pi's crystal may be off make
/// two and a half minutes; this leaves it double.
pub const BEHIND_MAX: Duration = Duration::from_secs(5 * 60);

/// How far the wall clock may move against the kernel's and still count as not set: what a
/// time server's slow corrections add up to in an hour is well below.
pub const STEADY_WITHIN: Duration = Duration::from_secs(60);

/// How long a synchronised clock must have run without a step before its time is remembered: a
/// server that lies for some minutes must not make every true time look past.
pub const HELD_AHEAD: Duration = Duration::from_secs(60 * 60);

/// How long it must have run without a step to be believed against what is remembered: a wrong
/// time that was remembered costs looks for one day, not for ever.
pub const HELD_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the unit has run as far as can be proved. Never less at a later moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Age(
    /// Milliseconds.
    pub u64,
);

impl Age {
    /// How long ago `earlier` was; zero if it is still to come.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(ms(duration)))
    }
}

/// One run of the machine's kernel, by the number that it draws when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MachineBoot(pub u64);

/// When and on which run of the machine the eye was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The kernel's clock.
    pub uptime: Uptime,
    /// The machine's run; `None` where the kernel does not say.
    pub machine: Option<MachineBoot>,
}

/// What of time is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The age at this mark.
    pub age: Age,
    /// The kernel's clock at this mark, in milliseconds.
    pub uptime_ms: u64,
    /// The machine's run in which it was made.
    pub machine: Option<MachineBoot>,
    /// The latest trusted time, and the age at which it was.
    pub trusted: Option<(Timestamp, Age)>,
    /// What was off before this run of the machine.
    pub pause: Pause,
}

/// Whether the time for which the machine was off is in the age yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// It is, or there was none.
    #[default]
    Counted,
    /// It is not: no wall clock has vouched for it so far.
    Unknown,
}

/// The unit's age, and the wall clock against it.
#[derive(Debug)]
pub struct Lifetime {
    /// The age at `from`, by the kernel's clock.
    carried: Age,
    from: Uptime,
    machine: Option<MachineBoot>,
    trusted: Option<(Timestamp, Age)>,
    pause: Pause,
    steady: Option<Steady>,
}

/// A synchronised clock that has not been set since.
#[derive(Clone, Copy, Debug)]
struct Steady {
    wall: Timestamp,
    at: Age,
}

impl Lifetime {
    /// Goes on where the mark was made; a unit that has none is new.
    ///
    /// A machine that was off counts as if it had not been, until a clock vouches for more.
    #[must_use]
    pub fn resume(mark: Option<Mark>, opening: Opening) -> Self {
        let mark = mark.unwrap_or_default();
        let marked = Uptime(Duration::from_millis(mark.uptime_ms));
        let same = opening.machine.is_some() && mark.machine == opening.machine;
        let (from, pause) = match opening.machine {
            Some(_) if same && marked <= opening.uptime => (marked, mark.pause),
            // All of this boot came after the mark.
            Some(_) if !same => (Uptime::default(), Pause::Unknown),
            // How much of the kernel's clock the mark has counted is not known: none of it.
            Some(_) | None => (opening.uptime, Pause::Unknown),
        };
        Self {
            carried: mark.age,
            from,
            machine: opening.machine,
            trusted: mark.trusted,
            pause,
            steady: None,
        }
    }

    /// The age at a moment of the kernel's clock.
    #[must_use]
    pub fn age(&self, uptime: Uptime) -> Age {
        self.carried.after(uptime.since(self.from))
    }

    /// What is to be written down at a moment.
    #[must_use]
    pub fn mark(&self, uptime: Uptime) -> Mark {
        Mark {
            age: self.age(uptime),
            uptime_ms: ms(uptime.0.max(self.from.0)),
            machine: self.machine,
            trusted: self.trusted,
            pause: self.pause,
        }
    }

    /// The latest trusted time, with what has passed since: now, or earlier.
    #[must_use]
    pub fn at_least(&self, uptime: Uptime) -> Option<Timestamp> {
        let (wall, at) = self.trusted?;
        Some(wall.after(self.age(uptime).since(at)))
    }

    /// Takes in a moment; returns how far its wall clock can be trusted after all.
    pub fn handle_moment(&mut self, now: Moment) -> Trust {
        self.observe(now);
        let passed = self.at_least(now.uptime);
        match passed {
            Some(passed) if now.wall.after(BEHIND_MAX) < passed => Trust::Guessed,
            Some(_) | None => now.trust,
        }
    }

    /// Remembers the time of a clock that is synchronised and has not been set for long enough.
    fn observe(&mut self, now: Moment) {
        if now.trust != Trust::Synced {
            self.steady = None;
            return;
        }
        let age = self.age(now.uptime);
        let steady = match self.steady {
            Some(steady)
                if apart(now.wall, steady.wall.after(age.since(steady.at))) <= STEADY_WITHIN =>
            {
                steady
            }
            Some(_) | None => Steady {
                wall: now.wall,
                at: age,
            },
        };
        self.steady = Some(steady);
        let held = age.since(steady.at);
        let passed = self.at_least(now.uptime);
        let is_ahead = passed.is_none_or(|passed| now.wall >= passed);
        if held < if is_ahead { HELD_AHEAD } else { HELD_BEHIND } {
            return;
        }
        let off = passed.map_or(Duration::ZERO, |passed| now.wall.since(passed));
        if self.pause == Pause::Unknown {
            // Also when there is nothing to compare with: a step later on is no time that passed.
            self.pause = Pause::Counted;
            self.carried = self.carried.after(off);
            self.steady = None;
        }
        self.trusted = Some((now.wall, self.age(now.uptime)));
    }
}

fn apart(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: u64 = 3600;

    /// So many seconds after the machine's start, by a wall clock so many seconds after 2027.
    fn moment(uptime_s: u64, wall_s: u64, trust: Trust) -> Moment {
        let begin = Timestamp("2027-01-01T00:00:00Z".parse().unwrap());
        Moment {
            uptime: Uptime(Duration::from_secs(uptime_s)),
            wall: begin.after(Duration::from_secs(wall_s)),
            trust,
        }
    }

    fn opening(machine: u64, uptime_s: u64) -> Opening {
        Opening {
            uptime: Uptime(Duration::from_secs(uptime_s)),
            machine: Some(MachineBoot(machine)),
        }
    }

    /// Runs a true clock, minute by minute.
    fn run(lifetime: &mut Lifetime, uptime_s: std::ops::Range<u64>, ahead_s: u64) -> Trust {
        let mut trust = Trust::Guessed;
        for uptime_s in uptime_s.step_by(60) {
            trust = lifetime.handle_moment(moment(uptime_s, uptime_s + ahead_s, Trust::Synced));
        }
        trust
    }

    fn age_s(lifetime: &Lifetime, uptime_s: u64) -> u64 {
        lifetime.age(Uptime(Duration::from_secs(uptime_s))).0 / 1000
    }

    #[test]
    fn an_eye_that_restarts_on_a_machine_that_does_not_is_as_old_as_it_was() {
        let before = Lifetime::resume(None, opening(1, 100));
        let mark = before.mark(Uptime(Duration::from_secs(700)));
        assert_eq!(mark.age, Age(700_000));
        let after = Lifetime::resume(Some(mark), opening(1, 705));
        assert_eq!(age_s(&after, 1000), 1000);
    }

    #[test]
    fn a_machine_that_was_off_counts_as_if_it_had_not_been_until_a_clock_has_held_for_an_hour() {
        let mut before = Lifetime::resume(None, opening(1, 0));
        run(&mut before, 0..2 * HOUR, 0);
        let mark = before.mark(Uptime(Duration::from_secs(2 * HOUR)));
        // Off for ten hours.
        let mut after = Lifetime::resume(Some(mark), opening(2, 10));
        assert_eq!(age_s(&after, 60), 2 * HOUR + 60);
        run(&mut after, 60..HOUR, 12 * HOUR);
        assert_eq!(age_s(&after, HOUR), 3 * HOUR);
        run(&mut after, HOUR..2 * HOUR, 12 * HOUR);
        let off_known = age_s(&after, 2 * HOUR);
        assert!(off_known.abs_diff(14 * HOUR) <= 60, "{off_known}");
        // A later step is no time that passed.
        run(&mut after, 2 * HOUR..5 * HOUR, 900 * HOUR);
        assert!(age_s(&after, 5 * HOUR).abs_diff(17 * HOUR) <= 60);
    }

    #[test]
    fn a_restart_before_the_hour_is_over_still_waits_for_the_clock() {
        let mut before = Lifetime::resume(None, opening(1, 0));
        run(&mut before, 0..2 * HOUR, 0);
        let mark = before.mark(Uptime(Duration::from_secs(2 * HOUR)));
        let booted = Lifetime::resume(Some(mark), opening(2, 10));
        let mark = booted.mark(Uptime(Duration::from_secs(600)));
        let mut after = Lifetime::resume(Some(mark), opening(2, 601));
        run(&mut after, 660..660 + 2 * HOUR, 12 * HOUR);
        assert!(age_s(&after, 3 * HOUR).abs_diff(15 * HOUR) <= 60);
    }

    #[test]
    fn a_wall_clock_that_shows_what_has_passed_is_not_trusted() {
        let mut lifetime = Lifetime::resume(None, opening(1, 0));
        run(&mut lifetime, 0..2 * HOUR, 10 * HOUR);
        let back = moment(2 * HOUR, 11 * HOUR, Trust::Synced);
        assert_eq!(lifetime.handle_moment(back), Trust::Guessed);
        let right = moment(2 * HOUR + 60, 12 * HOUR, Trust::BatteryBacked);
        assert_eq!(lifetime.handle_moment(right), Trust::BatteryBacked);
        // Also after a restart, of the eye or of the machine.
        let mark = lifetime.mark(Uptime(Duration::from_secs(2 * HOUR)));
        for machine in [1, 2] {
            let mut after = Lifetime::resume(Some(mark), opening(machine, 2 * HOUR));
            let back = moment(2 * HOUR, 11 * HOUR, Trust::Synced);
            assert_eq!(after.handle_moment(back), Trust::Guessed);
        }
    }

    #[test]
    fn a_wrong_time_that_lasts_some_minutes_is_not_remembered() {
        let mut lifetime = Lifetime::resume(None, opening(1, 0));
        run(&mut lifetime, 0..2 * HOUR, 0);
        run(&mut lifetime, 2 * HOUR..2 * HOUR + 1800, 9_000 * HOUR);
        let right = run(&mut lifetime, 2 * HOUR + 1800..3 * HOUR, 0);
        assert_eq!(right, Trust::Synced);
    }

    #[test]
    fn a_wrong_time_that_was_remembered_costs_a_day_and_no_more() {
        let mut lifetime = Lifetime::resume(None, opening(1, 0));
        run(&mut lifetime, 0..2 * HOUR, 9_000 * HOUR);
        assert_eq!(run(&mut lifetime, 2 * HOUR..25 * HOUR, 0), Trust::Guessed);
        assert_eq!(run(&mut lifetime, 25 * HOUR..27 * HOUR, 0), Trust::Synced);
    }

    #[test]
    fn a_kernel_that_does_not_say_which_run_it_is_makes_nobody_older() {
        let nameless = Opening {
            uptime: Uptime(Duration::from_secs(500)),
            machine: None,
        };
        let before = Lifetime::resume(None, nameless);
        let mark = before.mark(Uptime(Duration::from_secs(600)));
        let after = Lifetime::resume(Some(mark), nameless);
        assert_eq!(age_s(&after, 600), 200);
    }

    proptest! {
        /// Restarts, power cuts and clocks that say anything: without a synchronised clock the
        /// age never outruns true time, and with one that steps it never runs backwards.
        #[test]
        fn no_age_runs_backwards_or_without_a_clock_ahead_of_time(
            steps in proptest::collection::vec((0u64..200_000, 0u64..4, any::<u32>()), 1..60),
        ) {
            let (mut real_s, mut booted_s, mut machine) = (0u64, 0u64, 1u64);
            let mut lifetime = Lifetime::resume(None, opening(machine, 0));
            let mut latest = Age::default();
            let mut was_synced = false;
            for (passed_s, what, wall_s) in steps {
                real_s += passed_s;
                let uptime = Uptime(Duration::from_secs(real_s - booted_s));
                let trust = match what {
                    0 => Trust::Guessed,
                    1 => Trust::BatteryBacked,
                    _ => Trust::Synced,
                };
                was_synced |= trust == Trust::Synced;
                lifetime.handle_moment(moment(uptime.0.as_secs(), u64::from(wall_s), trust));
                let age = lifetime.age(uptime);
                prop_assert!(age >= latest);
                prop_assert!(was_synced || age.0 <= real_s * 1000);
                latest = age;
                let mark = lifetime.mark(uptime);
                if what == 3 {
                    // A power cut, and some time without power.
                    real_s += passed_s / 2;
                    booted_s = real_s;
                    machine += 1;
                    lifetime = Lifetime::resume(Some(mark), opening(machine, 0));
                } else {
                    lifetime = Lifetime::resume(Some(mark), opening(machine, uptime.0.as_secs()));
                }
            }
        }
    }
}
