//! What a pool shows, as a whole: rules, the curve behind them, what they cost, the worst state.
//!
//! [`Fit`] is made from homes' counts and travels to whoever shows or explains it. The curve's
//! bounds hold for all its points at once and at every moment; the interval of *unclear* is an
//! ordinary one, over homes, and promises nothing.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF as _, StudentsT};

use crate::bound::upper_bound;
use crate::counts::{HomeCounts, Kind, State, Word};
use crate::fit::{FLOORS, MARGINS, Policy, Pool, Rule, Verdict};
use crate::grid::Histogram;
use crate::home::{Pair, Said, said};
use crate::wealth::upper_share;

/// The version of [`Fit`]. A reader refuses any other.
pub const VERSION: u8 = 1;

/// Everything that a pool shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// [`VERSION`].
    pub version: u8,
    /// What was promised.
    pub policy: Policy,
    /// Homes that were given, and of them those that counted for *visible* and *not visible*.
    pub homes: u32,
    /// Homes that counted for *visible*.
    pub homes_visible: u32,
    /// Homes that counted for *not visible*.
    pub homes_not_visible: u32,
    /// The rule for *visible*, or why there is none.
    pub visible: Verdict,
    /// The rule for *not visible*, or why there is none.
    pub not_visible: Verdict,
    /// What *visible* would risk by margin, at the lower floor.
    pub curve: Vec<Point>,
    /// The share of checks that the rules leave *unclear*, over the pool's homes.
    pub unclear: Option<Estimate>,
    /// Of staged states with nobody there, the one in which most homes would err.
    pub worst_state: Option<WorstState>,
}

/// One margin of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Levels above what is typical in a home.
    pub margin: u8,
    /// At most this share of homes breaks the promise there; with 99 % for all margins at once.
    pub homes_at_most: f64,
    /// The share of checks with somebody there that would not be *visible*, over homes.
    pub not_seen: f64,
}

/// A mean over homes with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Where it may lie, with 95 % (Student's t over homes; the mean itself for one home).
    pub from: f64,
    /// Its upper end.
    pub to: f64,
}

/// A staged state with its own bound, a home counting once.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorstState {
    /// Which.
    pub state: State,
    /// Homes in which it was staged.
    pub homes: u32,
    /// Homes in which it alone would be *visible* by floor and margin.
    pub erring: u32,
    /// Clopper and Pearson's upper bound on the chance of that in another home, with 95 %.
    pub at_most: f64,
}

impl Fit {
    /// What those homes show, in the order in which they came.
    #[must_use]
    pub fn of(policy: Policy, homes: &[HomeCounts]) -> Self {
        let mut visible = Pool::new(&policy, Word::Visible);
        let mut not_visible = Pool::new(&policy, Word::NotVisible);
        for home in homes {
            visible.add(home);
            not_visible.add(home);
        }
        let (rule, lower) = (visible.verdict(), not_visible.verdict());
        Self {
            version: VERSION,
            policy,
            homes: u32::try_from(homes.len()).unwrap_or(u32::MAX),
            homes_visible: visible.homes(),
            homes_not_visible: not_visible.homes(),
            visible: rule,
            not_visible: lower,
            curve: curve(&policy, homes),
            unclear: unclear(&policy, &rule, &lower, homes),
            worst_state: rule.ok().and_then(|rule| worst_state(rule, homes)),
        }
    }

    /// The pair of a home by this fit.
    #[must_use]
    pub fn pair(&self, home: &HomeCounts) -> Pair {
        Pair::of(&self.visible, &self.not_visible, home)
    }
}

/// Margins shown: every third of those that are tried, so that the picture costs 16 bounds.
const SHOWN: usize = 3;

fn curve(policy: &Policy, homes: &[HomeCounts]) -> Vec<Point> {
    let (claim, error) = policy.claim(Word::Visible);
    let margins: Vec<u8> = (0..MARGINS).step_by(SHOWN).collect();
    let seen: Vec<_> = homes.iter().map(|home| home.seen(Word::Visible)).collect();
    let point = |margin: &u8| {
        let rule = Rule {
            floor: FLOORS[0],
            margin: *margin,
        };
        let (mut errors, mut missed) = (Vec::new(), Vec::new());
        for home in &seen {
            let Some(own) = home.own else { continue };
            let level = usize::from(rule.level_for(own));
            errors.push((home.errors.total(), home.worth, home.errors.above()[level]));
            let (seen, all) = (home.right.above()[level], home.right.total());
            if all > 0 {
                missed.push(1.0 - f64::from(seen) / f64::from(all));
            }
        }
        Point {
            margin: *margin,
            homes_at_most: upper_share(claim.chance, error / margins.len() as f64, &errors),
            not_seen: estimate(&missed).map_or(1.0, |missed| missed.mean),
        }
    };
    margins.iter().map(point).collect()
}

fn unclear(
    policy: &Policy,
    visible: &Verdict,
    lower: &Verdict,
    homes: &[HomeCounts],
) -> Option<Estimate> {
    let shares = homes
        .iter()
        .filter(|home| home.nobody.is_done() && home.somebody.is_done());
    let shares = shares.filter_map(|home| {
        let levels = Pair::of(visible, lower, home).levels();
        let nobody = share_unclear(levels, &home.nobody.drawn)?;
        let somebody = share_unclear(levels, &home.somebody.drawn)?;
        Some(policy.occupied * somebody + (1.0 - policy.occupied) * nobody)
    });
    estimate(&shares.collect::<Vec<_>>())
}

fn share_unclear(levels: (u8, u8), checks: &Histogram) -> Option<f64> {
    let unclear = checks
        .filled()
        .filter(|(bin, _)| said(levels, *bin) == Said::Unclear);
    let unclear: u32 = unclear.map(|(_, n)| n).sum();
    let all = checks.total();
    (all > 0).then(|| f64::from(unclear) / f64::from(all))
}

/// A mean over homes and its interval; `None` without homes.
fn estimate(shares: &[f64]) -> Option<Estimate> {
    let n = shares.len() as f64;
    if shares.is_empty() {
        return None;
    }
    let mean = shares.iter().sum::<f64>() / n;
    let squares: f64 = shares.iter().map(|share| (share - mean).powi(2)).sum();
    let student = StudentsT::new(0.0, 1.0, n - 1.0);
    let half = student.map_or(0.0, |t| {
        t.inverse_cdf(0.975) * (squares / (n - 1.0) / n).sqrt()
    });
    let (from, to) = ((mean - half).max(0.0), (mean + half).min(1.0));
    Some(Estimate { mean, from, to })
}

fn worst_state(rule: Rule, homes: &[HomeCounts]) -> Option<WorstState> {
    let states = [
        State::EmptyBare,
        State::EmptyMade,
        State::EmptyHeaped,
        State::EmptyJustLeft,
    ];
    let of = |state| {
        let (mut all, mut erring) = (0, 0);
        for home in homes {
            let Some(own) = home.seen(Word::Visible).own else {
                continue;
            };
            let Some(worst) = worst_in(&home.nobody, state) else {
                continue;
            };
            // By floor and margin alone: over its own worst, no home's staged state errs.
            let by_margin = own.typical.reached().saturating_add(rule.margin);
            all += 1;
            erring += u32::from(worst > rule.floor.max(by_margin));
        }
        let at_most = upper_bound(erring, all);
        (all > 0).then_some(WorstState {
            state,
            homes: all,
            erring,
            at_most,
        })
    };
    let states = states.into_iter().filter_map(of);
    states.max_by(|a, b| a.at_most.total_cmp(&b.at_most))
}

fn worst_in(kind: &Kind, state: State) -> Option<u8> {
    let staged = kind.staged.iter().find(|staged| staged.state == state)?;
    staged.worst.map(|bin| bin.reached())
}
