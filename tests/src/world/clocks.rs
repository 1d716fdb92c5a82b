//! A machine's two clocks: uptime, which only ever runs, and a wall clock that may be wrong.

use std::time::Duration;

use nattsyn_protocol::time::{Timestamp, Uptime};

/// Machines were started so long before the World begins, so that no uptime is near zero.
const STARTED_BEFORE: Duration = Duration::from_secs(3 * 86_400);

/// The World's own time: what no machine can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct True {
    /// Milliseconds that machines have run through since the World began.
    pub(super) elapsed: u64,
    /// The true moment, UTC in milliseconds.
    pub(super) utc: i64,
}

/// One machine's clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    booted: u64,
    ahead_ms: i64,
    drift_ppm: i64,
    drifts_since: u64,
}

impl Clocks {
    /// Both right, on a machine that has run for days.
    pub(super) fn right() -> Self {
        Self {
            booted: 0,
            ahead_ms: 0,
            drift_ppm: 0,
            drifts_since: 0,
        }
    }

    /// The machine starts anew. Its wall clock goes on as its battery has it.
    pub(super) fn boot(&mut self, now: True) {
        self.booted = now.elapsed;
    }

    /// Sets the wall clock `ahead_ms` of the truth, and lets it drift from there.
    pub(super) fn set(&mut self, now: True, ahead_ms: i64, drift_ppm: i64) {
        *self = Self {
            booted: self.booted,
            ahead_ms,
            drift_ppm,
            drifts_since: now.elapsed,
        };
    }

    /// How far ahead of the truth the wall clock is.
    pub(super) fn ahead_ms(&self, now: True) -> i64 {
        let ran = i64::try_from(now.elapsed - self.drifts_since).unwrap_or(0);
        self.ahead_ms + ran * self.drift_ppm / 1_000_000
    }

    pub(super) fn wall_ms(&self, now: True) -> i64 {
        now.utc + self.ahead_ms(now)
    }

    pub(super) fn wall(&self, now: True) -> Timestamp {
        moment(self.wall_ms(now))
    }

    pub(super) fn uptime(&self, now: True) -> Uptime {
        Uptime(STARTED_BEFORE + Duration::from_millis(now.elapsed - self.booted))
    }

    /// When the World's elapsed time makes the uptime reach `due`: never before.
    pub(super) fn elapsed_at(&self, due: Uptime) -> u64 {
        let ran = due.since(Uptime(STARTED_BEFORE));
        let ms = u64::try_from(ran.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        self.booted.saturating_add(ms)
    }
}

/// A moment of the product's.
pub(super) fn moment(utc_ms: i64) -> Timestamp {
    Timestamp::from_ms(utc_ms).expect("the World plays in years that every calendar knows")
}
