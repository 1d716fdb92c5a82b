//! How long to wait before connecting again: 1 s, 2 s, 4 s … 30 s, each spread at random.
//!
//! The spread keeps five hundred units from knocking at once when a broker returns. No clock
//! is read and no entropy drawn here: the seed is an argument.

use std::time::Duration;

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);

/// The longest: a link that returns is used within half a minute.
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// The pauses between attempts to connect.
#[derive(Debug)]
pub(super) struct Backoff {
    attempt: u32,
    dice: u64,
}

impl Backoff {
    /// Pauses that are spread by this seed.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            attempt: 0,
            dice: seed,
        }
    }

    /// The connection was up: begins anew.
    pub(super) fn reset(&mut self) {
        self.attempt = 0;
    }

    /// The next pause: half of the step for certain, the other half by the dice.
    pub(super) fn next_pause(&mut self) -> Duration {
        let step = FIRST
            .saturating_mul(2u32.saturating_pow(self.attempt))
            .min(LONGEST);
        self.attempt = self.attempt.saturating_add(1);
        step / 2 + (step / 2).mul_f64(self.throw())
    }

    /// A number from 0 to 1, by Steele and others' SplitMix64 (2014).
    fn throw(&mut self) -> f64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let [high, ..] = (mixed ^ (mixed >> 31)).to_be_bytes();
        f64::from(high) / 255.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_a_minute_and_begin_anew() {
        let mut backoff = Backoff::new(1);
        for step_s in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            let pause = backoff.next_pause().as_secs_f64();
            assert!(
                (step_s / 2.0..=step_s).contains(&pause),
                "{pause} of {step_s}"
            );
        }
        backoff.reset();
        assert!(backoff.next_pause() <= FIRST);
    }

    #[test]
    fn two_units_do_not_knock_together() {
        let pauses = |seed| {
            let mut backoff = Backoff::new(seed);
            [(); 5].map(|()| backoff.next_pause())
        };
        assert_ne!(pauses(1), pauses(2));
    }

    #[test]
    fn a_broker_that_never_returns_costs_no_panic() {
        let mut backoff = Backoff::new(3);
        backoff.attempt = u32::MAX - 1;
        for _ in 0..3 {
            assert!(backoff.next_pause() <= LONGEST);
        }
    }
}
