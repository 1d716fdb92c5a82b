//! Betting against a claim: the bound on the share of homes, at every moment at once.
//!
//! The claim to be refuted is "more than a share `homes` of all homes have a chance of error above
//! `chance`". Each home brings `k` draws, of which `n` erred. For a number `s` fixed before they
//! are seen, `X = 1{n >= s} / P(Binomial(k, chance) >= s)` has a mean of at least 1 in every home
//! whose chance is above `chance`, so a mean above `homes` if the claim is true. Whoever bets a
//! stake on X being small then multiplies their wealth each time by a factor of mean at most 1,
//! and (Ville) reaches `1 / error` at any time with a chance of at most `error`.
//! `docs/design/0010` has the proof.
//!
//! Nobody knows the best `s` and stake beforehand, so [`BETTORS`] bet with equal parts of the
//! wealth; the mean of their wealths obeys the same law. Pure; knows nothing of thresholds.

use statrs::distribution::{Beta, ContinuousCDF as _};

/// The claim against which is bet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// The chance of error that a home may have: one in so many.
    pub chance: f64,
    /// The share of homes that may have more.
    pub homes: f64,
}

/// The largest `1 / P(Binomial(k, chance) >= s)` that a bettor takes: `s` is the largest with it.
/// A larger one forgives homes more errors and needs more homes.
const REACH: [f64; 3] = [2.0, 4.0, 8.0];

/// What part of the largest allowed stake a bettor bets. With an error rate of a share `q` of what
/// the claim says, `1 - q` grows fastest.
const STAKES: [f64; 4] = [1.0, 0.7, 0.45, 0.25];

/// How many bet.
pub const BETTORS: usize = REACH.len() * STAKES.len();

/// Each bettor's wealth, as its logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wealth([f64; BETTORS]);

impl Default for Wealth {
    fn default() -> Self {
        Self([0.0; BETTORS])
    }
}

/// How a home with so many draws is bet on, before its errors are seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Odds {
    /// For each reach: from how many errors on the home counts as erring.
    erring_from: [u32; REACH.len()],
    /// For each bettor: logarithm of the factor where the home does not err.
    gains: [f64; BETTORS],
}

impl Odds {
    /// The odds on a home with `draws` draws that are worth `worth` alike and whole ones.
    ///
    /// `None` where nothing was drawn: such a home says nothing. Draws that are worth less than
    /// their number are counted by their first error alone, where unequal draws do no harm.
    #[must_use]
    pub fn new(claim: Claim, draws: u32, worth: f64) -> Option<Self> {
        if draws == 0 || worth <= 0.0 {
            return None;
        }
        let alike = worth >= f64::from(draws);
        let mut erring_from = [1; REACH.len()];
        let mut gains = [0.0; BETTORS];
        for (at, reach) in REACH.into_iter().enumerate() {
            let mut price = 1.0 / first_error(claim.chance, draws, worth);
            while alike && erring_from[at] < draws {
                let dearer = 1.0 / at_least(erring_from[at] + 1, draws, claim.chance);
                if dearer > reach {
                    break;
                }
                (price, erring_from[at]) = (dearer, erring_from[at] + 1);
            }
            for (bettor, stake) in STAKES.into_iter().enumerate() {
                let factor = stake * claim.homes / (price - claim.homes);
                gains[at * STAKES.len() + bettor] = factor.ln_1p();
            }
        }
        Some(Self { erring_from, gains })
    }

    /// The largest logarithm that a home without error can add to a wealth.
    #[must_use]
    pub fn best_gain(&self) -> f64 {
        self.gains.iter().copied().fold(0.0, f64::max)
    }
}

/// The chance of at least one error where each draw errs with `chance`, draws unequal.
fn first_error(chance: f64, draws: u32, worth: f64) -> f64 {
    let each = chance * (worth / f64::from(draws)).min(1.0);
    -(f64::from(draws) * (-each).ln_1p()).exp_m1()
}

/// The chance of at least `errors` (from 1 on) in `draws` that err with `chance` each.
fn at_least(errors: u32, draws: u32, chance: f64) -> f64 {
    let beta = Beta::new(f64::from(errors), f64::from(draws - errors) + 1.0);
    beta.map_or(0.0, |beta| beta.cdf(chance))
}

impl Wealth {
    /// Settles the bets on one home, in which `errors` draws erred.
    pub fn settle(&mut self, odds: &Odds, errors: u32) {
        for (at, erring_from) in odds.erring_from.into_iter().enumerate() {
            let mine = at * STAKES.len()..(at + 1) * STAKES.len();
            if errors >= erring_from {
                for (wealth, stake) in self.0[mine].iter_mut().zip(STAKES) {
                    *wealth += (-stake).ln_1p();
                }
            } else {
                for (wealth, gain) in self.0[mine.clone()].iter_mut().zip(&odds.gains[mine]) {
                    *wealth += gain;
                }
            }
        }
    }

    /// Logarithm of the mean wealth.
    #[must_use]
    pub fn ln(&self) -> f64 {
        let most = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if most == f64::NEG_INFINITY {
            return most;
        }
        let sum: f64 = self.0.iter().map(|wealth| (wealth - most).exp()).sum();
        most + (sum / BETTORS as f64).ln()
    }

    /// Whether the claim is refuted with that chance of being wrong.
    #[must_use]
    pub fn refutes(&self, error: f64) -> bool {
        self.ln() >= -error.ln()
    }
}

/// The largest share of homes with more than `chance` that these homes do not refute.
///
/// Each home: draws, their worth, errors. Holds at every moment at once, with a chance of `error`
/// of being too small. 1 where nothing is refuted.
#[must_use]
pub fn upper_share(chance: f64, error: f64, homes: &[(u32, f64, u32)]) -> f64 {
    /// Halvings: the share to a ten thousandth.
    const HALVINGS: u32 = 14;
    let refuted = |share| {
        let claim = Claim {
            chance,
            homes: share,
        };
        let mut wealth = Wealth::default();
        for (draws, worth, errors) in homes {
            if let Some(odds) = Odds::new(claim, *draws, *worth) {
                wealth.settle(&odds, *errors);
            }
        }
        wealth.refutes(error)
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if refuted(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}
