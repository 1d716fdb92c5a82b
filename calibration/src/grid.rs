//! The grid of scores: the only resolution in which anything leaves a home.
//!
//! Thresholds stand evenly in log-odds, a quarter apart: scores crowd near 0 and 1, and there lies
//! what matters. A score becomes its [`Bin`], the number of thresholds that it reaches. A *level*
//! is a threshold's number; a bin is above level `l` if it reaches threshold `l`.
//! [`Bin::turned`] turns the scale round, so that the bound on *not visible* is the bound on
//! *visible* read from the other end.

use serde::{Deserialize, Serialize};

/// Thresholds on the grid.
pub const LEVELS: u8 = 64;

/// The level that no score is above: *never*.
pub const NEVER: u8 = LEVELS;

/// Bins: below the first threshold, between two, above the last.
pub const BINS: usize = LEVELS as usize + 1;

/// The lowest threshold in log-odds: a score of 0.0003.
const LOWEST: f64 = -8.0;

/// Thresholds to one of log-odds. At the steepest the promise then loses a tenth of a deviation
/// of scores between two thresholds.
const TO_ONE: f64 = 4.0;

/// How many thresholds of the grid a score reaches: 0 to [`LEVELS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Bin(u8);

/// A number that no bin has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bin {0} is beyond the grid, which ends at {LEVELS}")]
pub struct BeyondGrid(u8);

impl TryFrom<u8> for Bin {
    type Error = BeyondGrid;

    fn try_from(reached: u8) -> Result<Self, BeyondGrid> {
        Self::new(reached).ok_or(BeyondGrid(reached))
    }
}

impl From<Bin> for u8 {
    fn from(bin: Bin) -> Self {
        bin.0
    }
}

impl Bin {
    /// The bin of that number; `None` beyond the grid.
    #[must_use]
    pub fn new(reached: u8) -> Option<Self> {
        (reached <= LEVELS).then_some(Self(reached))
    }

    /// The bin of a score; `None` if it is not a number from 0 to 1.
    #[must_use]
    pub fn of_score(score: f64) -> Option<Self> {
        let sound = (0.0..=1.0).contains(&score);
        sound.then(|| Self::of_log_odds((score / (1.0 - score)).ln()))
    }

    /// The bin of a score's log-odds; infinite ones are the scores 0 and 1. Not a number counts
    /// as 0, the lowest, so it must be kept out before.
    #[must_use]
    pub fn of_log_odds(log_odds: f64) -> Self {
        let reached = ((log_odds - LOWEST) * TO_ONE).floor() + 1.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "held between 0 and 64 first"
        )]
        let reached = reached.clamp(0.0, f64::from(LEVELS)) as u8;
        Self(reached)
    }

    /// The lowest bin that is not below a mean of bins.
    #[must_use]
    pub fn at_least(mean: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "held between 0 and 64 first"
        )]
        let bin = mean.ceil().clamp(0.0, f64::from(LEVELS)) as u8;
        Self(bin)
    }

    /// Thresholds reached.
    #[must_use]
    pub fn reached(self) -> u8 {
        self.0
    }

    /// Whether a score in this bin is at or above the threshold of that level.
    #[must_use]
    pub fn above(self, level: u8) -> bool {
        self.0 > level
    }

    /// The same bin counted from the other end of the grid.
    #[must_use]
    pub fn turned(self) -> Self {
        Self(LEVELS - self.0)
    }
}

/// The level of the other direction that parts the same two bins: `b` is at most `level` exactly
/// if `b.turned()` is above `turned(level)`. Level -1, below everything, has no number: 64 turns
/// to 0, and a caller that means *never* keeps [`NEVER`].
#[must_use]
pub fn turned(level: u8) -> u8 {
    (LEVELS - 1).saturating_sub(level)
}

/// A level's threshold in log-odds; infinite for [`NEVER`].
#[must_use]
pub fn log_odds(level: u8) -> f64 {
    if level >= NEVER {
        return f64::INFINITY;
    }
    LOWEST + f64::from(level) / TO_ONE
}

/// A level's threshold as a score; above 1 for [`NEVER`], so that no score reaches it.
#[must_use]
pub fn score(level: u8) -> f64 {
    if level >= NEVER {
        return f64::INFINITY;
    }
    1.0 / (1.0 + (-log_odds(level)).exp())
}

/// How many checks fell into each bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u8, u32)>", into = "Vec<(u8, u32)>")]
pub struct Histogram([u32; BINS]);

impl Default for Histogram {
    fn default() -> Self {
        Self([0; BINS])
    }
}

impl Histogram {
    /// Counts one more.
    pub fn add(&mut self, bin: Bin) {
        let count = &mut self.0[usize::from(bin.0)];
        *count = count.saturating_add(1);
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// How many are in that bin.
    #[must_use]
    pub fn in_bin(&self, bin: Bin) -> u32 {
        self.0[usize::from(bin.0)]
    }

    /// The highest bin with anything in it.
    #[must_use]
    pub fn highest(&self) -> Option<Bin> {
        let at = self.0.iter().rposition(|n| *n > 0)?;
        u8::try_from(at).ok().map(Bin)
    }

    /// The same counts with the scale turned round.
    #[must_use]
    pub fn turned(&self) -> Self {
        let mut turned = self.0;
        turned.reverse();
        Self(turned)
    }

    /// For each level from 0 to [`NEVER`], how many are above it.
    #[must_use]
    pub fn above(&self) -> [u32; BINS] {
        let mut above = [0; BINS];
        let mut sum = 0_u32;
        for level in (0..BINS - 1).rev() {
            sum = sum.saturating_add(self.0[level + 1]);
            above[level] = sum;
        }
        above
    }

    /// Bins with something in them, lowest first.
    pub fn filled(&self) -> impl Iterator<Item = (Bin, u32)> + '_ {
        let bins = (0..=LEVELS).zip(self.0);
        bins.filter_map(|(at, n)| (n > 0).then_some((Bin(at), n)))
    }
}

impl TryFrom<Vec<(u8, u32)>> for Histogram {
    type Error = BadHistogram;

    fn try_from(pairs: Vec<(u8, u32)>) -> Result<Self, BadHistogram> {
        let mut histogram = Self::default();
        for (bin, n) in pairs {
            let count = histogram.0.get_mut(usize::from(bin));
            let count = count.ok_or(BadHistogram::NoSuchBin(bin))?;
            if *count > 0 {
                return Err(BadHistogram::Repeated(bin));
            }
            *count = n;
        }
        Ok(histogram)
    }
}

impl From<Histogram> for Vec<(u8, u32)> {
    fn from(histogram: Histogram) -> Self {
        let filled = histogram.filled();
        filled.map(|(bin, n)| (bin.0, n)).collect()
    }
}

/// Why counts are not taken for a histogram.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BadHistogram {
    /// A bin beyond the grid.
    #[error("bin {0} is beyond the grid of 65")]
    NoSuchBin(u8),
    /// A bin that is named twice.
    #[error("bin {0} is named twice")]
    Repeated(u8),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bin_that_the_grid_does_not_have_cannot_be_read() {
        assert_eq!(serde_json::from_str::<Bin>("64").unwrap(), Bin(64));
        for beyond in ["65", "255"] {
            assert!(serde_json::from_str::<Bin>(beyond).is_err(), "{beyond}");
        }
    }

    #[test]
    fn a_score_at_a_threshold_reaches_it() {
        for level in 0..LEVELS {
            let at = Bin::of_log_odds(log_odds(level));
            assert!(at.above(level) && !at.above(level + 1), "{level}");
        }
        assert_eq!(Bin::of_score(0.0), Some(Bin(0)));
        assert_eq!(Bin::of_score(1.0), Some(Bin(LEVELS)));
        assert!(!Bin(LEVELS).above(NEVER), "never is never");
    }

    #[test]
    fn what_is_no_score_has_no_bin() {
        for wrong in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
            assert_eq!(Bin::of_score(wrong), None);
        }
        assert_eq!(
            Histogram::try_from(vec![(65, 1)]),
            Err(BadHistogram::NoSuchBin(65))
        );
        assert_eq!(
            Histogram::try_from(vec![(3, 1), (3, 1)]),
            Err(BadHistogram::Repeated(3))
        );
    }

    #[test]
    fn turned_round_the_same_bins_are_parted() {
        for bin in 0..=LEVELS {
            for level in 0..LEVELS {
                assert_eq!(
                    !Bin(bin).above(level),
                    Bin(bin).turned().above(turned(level))
                );
            }
        }
    }

    proptest! {
        #[test]
        fn a_higher_score_never_has_a_lower_bin(a in 0.0..=1.0_f64, b in 0.0..=1.0_f64) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(Bin::of_score(low) <= Bin::of_score(high));
        }

        #[test]
        fn a_histogram_survives_the_wire(bins in prop::collection::vec(0_u8..=LEVELS, 0..50)) {
            let mut histogram = Histogram::default();
            bins.iter().for_each(|bin| histogram.add(Bin(*bin)));
            let text = serde_json::to_string(&histogram).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Histogram>(&text).unwrap(), &histogram);
            for level in 0..=LEVELS {
                let above = bins.iter().filter(|bin| Bin(**bin).above(level)).count();
                prop_assert_eq!(above, histogram.above()[usize::from(level)] as usize);
            }
        }
    }
}
