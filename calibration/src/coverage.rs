//! Does the promise hold? Tried on invented homes whose own truth is known.
//!
//! Pools of homes are drawn again and again; each is fitted at every sample size as it grows, and
//! judged on fresh homes by their own integrated truth: kept where the home's chance of *visible*
//! with nobody there is at most what was promised. Beside it the same with a *naive* fit, which
//! takes every check for independent, and an *oracle*, which knows each home's own curves and
//! picks its best pair under the same two limits. Nothing here is used to choose a threshold.

mod homes;
mod naive;

use nattsyn_calibration_synthetic::{Shape, Street};

use crate::counts::{HomeCounts, TRIAL, Word};
use crate::fit::{Policy, Pool, Verdict};

pub use homes::Truth;

/// Homes in the pool at which it is fitted.
pub const SIZES: [u32; 5] = [30, 100, 300, 1_000, 3_000];

/// From how many homes on *unclear* is compared with the oracle's.
pub const ENOUGH: u32 = 1_000;

/// What is to be tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Fresh homes to judge by, divided over the pools.
    pub homes: u32,
    /// Pools that are drawn, each anew.
    pub pools: u32,
    /// Where all chance comes from.
    pub seed: u64,
    /// Drawn checks of each kind that a home gives after its trial: at least and at most.
    pub checks: (u32, u32),
    /// Homes in the pool at which it is fitted, rising.
    pub sizes: Vec<u32>,
    /// What is promised.
    pub policy: Policy,
    /// Share of wrong labels.
    pub noise: f64,
    /// Log-odds by which fresh homes' empty beds have risen since their trial, and sleepers fallen
    /// by half.
    pub drift: f64,
    /// The model of the pool's homes.
    pub shape: Shape,
    /// The model of the fresh homes, where it is not the pool's.
    pub unlike: Option<Shape>,
}

impl Default for Trial {
    fn default() -> Self {
        Self {
            homes: 10_000,
            pools: 200,
            seed: 1,
            checks: (200, 400),
            sizes: SIZES.to_vec(),
            policy: Policy::default(),
            noise: 0.0,
            drift: 0.0,
            shape: Shape::default(),
            unlike: None,
        }
    }
}

/// Invented homes as the pool would get them, each with so many checks of each kind after its
/// trial.
pub fn invented(homes: u32, seed: u64, checks: u32) -> impl Iterator<Item = HomeCounts> {
    let mut street = Street::new(Shape::default(), seed);
    (0..homes).map(move |at| {
        let home = street.home();
        let given = street.given(&home, TRIAL + checks, 0.0);
        let mut counts = homes::counted(&given);
        counts.home = format!("invented-{at:05}");
        counts
    })
}

/// What came of one sample size. Shares are of the fresh homes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Homes in the pool.
    pub size: u32,
    /// Homes judged.
    pub homes: u32,
    /// Homes in which *visible* keeps its promise.
    pub kept: u32,
    /// Homes whose pool had shown a rule for *visible*.
    pub open: u32,
    /// Of those, homes that keep it.
    pub kept_open: u32,
    /// Homes in which *not visible* keeps its own.
    pub kept_not_visible: u32,
    /// Sum over homes of the share of checks that end *unclear*.
    pub unclear: f64,
    /// The same for the oracle.
    pub oracle: f64,
    /// Homes in which the naive fit keeps the promise.
    pub naive_kept: u32,
    /// Sum of its *unclear* shares.
    pub naive_unclear: f64,
}

impl Outcome {
    /// A sum or count over homes as per cent of them.
    #[must_use]
    pub fn per_cent(&self, of: f64) -> f64 {
        100.0 * of / f64::from(self.homes.max(1))
    }

    fn judge(&mut self, truth: &Truth, fit: &Fitted, naive: (u8, u8)) {
        let pair = truth.pair_of(&fit.visible, &fit.not_visible);
        let kept = truth.keeps(pair.0);
        self.homes += 1;
        self.kept += u32::from(kept);
        self.open += u32::from(fit.visible.is_ok());
        self.kept_open += u32::from(fit.visible.is_ok() && kept);
        self.kept_not_visible += u32::from(truth.keeps_not_visible(pair.1));
        self.unclear += truth.unclear(pair);
        self.oracle += truth.unclear(truth.best_pair());
        self.naive_kept += u32::from(truth.keeps(naive.0));
        self.naive_unclear += truth.unclear(naive);
    }
}

/// What a pool says.
struct Fitted {
    visible: Verdict,
    not_visible: Verdict,
}

/// Runs the trial. `told` hears how many pools are done.
pub fn run(trial: &Trial, mut told: impl FnMut(u32)) -> Vec<Outcome> {
    let mut sizes = trial.sizes.clone();
    sizes.sort_unstable();
    sizes.dedup();
    let fresh = |size: &u32| Outcome {
        size: *size,
        ..Outcome::default()
    };
    let mut outcomes: Vec<Outcome> = sizes.iter().map(fresh).collect();
    let pools = trial.pools.clamp(1, trial.homes.max(1));
    for pool in 0..pools {
        // As many homes for each pool as divide evenly, the first ones one more.
        let judged = trial.homes / pools + u32::from(pool < trial.homes % pools);
        one_pool(trial, pool, judged, &mut outcomes);
        told(pool + 1);
    }
    outcomes
}

/// Grows one pool and judges it at every size by the same fresh homes.
fn one_pool(trial: &Trial, pool: u32, judged: u32, outcomes: &mut [Outcome]) {
    let shape = trial.shape;
    let seed = trial
        .seed
        .wrapping_mul(1_000_003)
        .wrapping_add(u64::from(pool));
    let mut street = Street::new(shape, seed);
    // Fresh homes come from a street of their own: no later pool can meet them.
    let mut other = Street::new(trial.unlike.unwrap_or(shape), !seed);
    let truths: Vec<Truth> = (0..judged)
        .map(|_| Truth::draw(trial, &mut other))
        .collect();
    let mut visible = Pool::new(&trial.policy, Word::Visible);
    let mut not_visible = Pool::new(&trial.policy, Word::NotVisible);
    let mut naive = naive::AllAlike::default();
    let mut homes = 0;
    for outcome in outcomes {
        while homes < outcome.size {
            let home = street.home();
            let checks = TRIAL + street.between(trial.checks.0, trial.checks.1);
            let counts = homes::counted(&street.given(&home, checks, trial.noise));
            visible.add(&counts);
            not_visible.add(&counts);
            naive.add(&counts);
            homes += 1;
        }
        let fit = Fitted {
            visible: visible.verdict(),
            not_visible: not_visible.verdict(),
        };
        let pair = naive.pair(&trial.policy);
        truths
            .iter()
            .for_each(|truth| outcome.judge(truth, &fit, pair));
    }
}
