//! Notices that a home's scores no longer look like those it was calibrated by.
//!
//! Each night's first check gives one bin. If nothing has changed, the nights come in no special
//! order, and the rank of the newest among all so far is any number from 0 to 1, each as likely
//! (ties by lot). The monitor bets on ranks that are too high, too low or too extreme, and adds up
//! what each bet begun on any night would have become (Shiryaev and Roberts): if nothing changes,
//! the sum grows by one a night on average, so the mean time to a false alarm is at least the
//! alarm's height in nights. No raw score is kept: only counts per bin.
//!
//! It judges change, not health or sleep: nothing but the alarm leaves it. A season is a change.

use serde::{Deserialize, Serialize};

use crate::grid::{Bin, Histogram};

/// The sum at which it says that something changed: ten years of nights, so that a home in which
/// nothing changes has a false alarm in ten years at most, on average. Each costs a commissioning.
pub const ALARM: f64 = 3650.0;

/// Nights before the first bet: with fewer, ranks say little and a home's first nights are staged.
const WARM_UP: u32 = 14;

/// How hard is bet, as the slope of a bet's density over the rank: -1 to 1 keep it positive.
const SLOPES: [f64; 4] = [-0.9, -0.5, 0.5, 0.9];

/// How hard is bet on both ends at once: `1 + c * (12 (p - 1/2)^2 - 1)` is positive up to 1.
const ENDS: f64 = 0.8;

/// Bets that are tried side by side.
const BETS: usize = SLOPES.len() + 1;

/// What the monitor keeps of a home.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Monitor {
    seen: Histogram,
    nights: u32,
    /// One sum for each bet.
    sums: [f64; BETS],
    alarm: Option<u32>,
}

impl Default for Monitor {
    fn default() -> Self {
        Self {
            seen: Histogram::default(),
            nights: 0,
            sums: [0.0; BETS],
            alarm: None,
        }
    }
}

/// What a night brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// Like those before.
    Alike,
    /// No longer, since this night (counted from 1) or an earlier one. It stays so until the home
    /// is commissioned anew: every check is *unclear* until then ([`crate::home::Pair::changed`]).
    Changed(u32),
}

impl Monitor {
    /// Takes in a night's bin. `lot` decides ties: drawn anew each night, evenly from 0 to 1, and
    /// by nothing that depends on the score.
    pub fn handle_night(&mut self, bin: Bin, lot: f64) -> Looks {
        self.nights += 1;
        let rank = self.rank(bin, lot.clamp(0.0, 1.0));
        self.seen.add(bin);
        if let Some(night) = self.alarm {
            return Looks::Changed(night);
        }
        if self.nights > WARM_UP {
            for (sum, factor) in self.sums.iter_mut().zip(factors(rank)) {
                *sum = (1.0 + *sum) * factor;
            }
        }
        let mean = self.sums.iter().sum::<f64>() / BETS as f64;
        if mean < ALARM {
            return Looks::Alike;
        }
        self.alarm = Some(self.nights);
        Looks::Changed(self.nights)
    }

    /// Nights so far.
    #[must_use]
    pub fn nights(&self) -> u32 {
        self.nights
    }

    /// The night's rank from above among all so far, itself counted as a tie.
    fn rank(&self, bin: Bin, lot: f64) -> f64 {
        let higher = f64::from(self.seen.above()[usize::from(bin.reached())]);
        let ties = f64::from(self.seen.in_bin(bin)) + 1.0;
        (higher + lot * ties) / (f64::from(self.seen.total()) + 1.0)
    }
}

/// What each bet becomes at that rank. Each has a mean of 1 over ranks from 0 to 1.
fn factors(rank: f64) -> [f64; BETS] {
    let mut factors = [0.0; BETS];
    for (factor, slope) in factors.iter_mut().zip(SLOPES) {
        *factor = 1.0 + slope * (1.0 - 2.0 * rank);
    }
    factors[BETS - 1] = 1.0 + ENDS * (12.0 * (rank - 0.5).powi(2) - 1.0);
    factors
}
