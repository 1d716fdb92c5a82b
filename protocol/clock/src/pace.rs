//! How a demonstration's time runs, as pure arithmetic and as lines on a socket.
//!
//! All processes stand on one machine and share its monotonic clock, so a moment of that clock,
//! the demonstration's uptime at that moment and a rate say everything until the next change.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use nattsyn_protocol::time::{Timestamp, Uptime};

/// Fastest that time runs while anybody is at work: twenty times real speed. A look of five
/// seconds then leaves a quarter of a second for the processes around it.
pub const FASTEST: f64 = 20.0;

/// How time runs, from one change to the next.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Counts the jumps. A process that has acted on this one settles it.
    pub epoch: u64,
    /// The machine's monotonic clock at the change, in nanoseconds.
    pub real_ns: u64,
    /// The demonstration's uptime at the change, in nanoseconds.
    pub uptime_ns: u64,
    /// Seconds of the demonstration a real second.
    pub rate: f64,
    /// The demonstration's wall clock at uptime zero.
    pub origin_ms: Timestamp,
}

impl Pace {
    /// The demonstration's uptime when the machine's monotonic clock shows `real`.
    #[must_use]
    pub fn uptime(&self, real: Duration) -> Uptime {
        let passed = real.saturating_sub(Duration::from_nanos(self.real_ns));
        Uptime(Duration::from_nanos(self.uptime_ns) + passed.mul_f64(self.rate))
    }

    /// The demonstration's wall clock at an uptime.
    #[must_use]
    pub fn timestamp(&self, uptime: Uptime) -> Timestamp {
        self.origin_ms.after(uptime.0)
    }

    /// How long in real time from `real` until the demonstration's `deadline`, at this pace.
    #[must_use]
    pub fn real_until(&self, real: Duration, deadline: Uptime) -> Duration {
        deadline
            .since(self.uptime(real))
            .div_f64(self.rate.max(f64::MIN_POSITIVE).max(0.001))
    }
}

/// What a process tells the conductor. Its lease is the connection, and ends with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// Who, for the conductor's complaints.
    pub name: String,
    /// The last jump whose consequences this process has dealt with.
    pub settled: u64,
    /// When this process next has something to do, by the demonstration's uptime.
    pub next_ns: Option<u64>,
    /// The fastest that it can bear at this moment; `None` if it is idle.
    pub hold: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_times_as_fast_takes_a_twentieth() {
        let pace = Pace {
            epoch: 0,
            real_ns: 1_000_000_000,
            uptime_ns: 0,
            rate: 20.0,
            origin_ms: Timestamp::from_ms(0).unwrap(),
        };
        let at = Duration::from_secs(2);
        assert_eq!(pace.uptime(at), Uptime(Duration::from_secs(20)));
        let deadline = Uptime(Duration::from_secs(60));
        assert_eq!(pace.real_until(at, deadline), Duration::from_secs(2));
        assert_eq!(pace.real_until(at, Uptime::default()), Duration::ZERO);
    }
}
