//! From a pool of homes to the rule that keeps the promise with the fewest *unclear*.
//!
//! A [`Rule`] turns a home's own part (commissioning and trial) into its threshold: so much above
//! what is typical there, and never below a floor. What is bounded is the rule as a whole, on draws
//! that it did not see. For every floor the margins are tried from the widest down, and the first
//! that cannot be shown ends it (fixed-sequence testing), so that all rules that stand hold at
//! once, at every moment, and the best may be picked freely. `docs/design/0010` has the proof.
//! Reads no file; knows no scores but bins.

use serde::{Deserialize, Serialize};

use crate::counts::{HomeCounts, Own, Seen, Word};
use crate::grid::{BINS, NEVER};
use crate::wealth::{BETTORS, Claim, Odds, Wealth};

/// Levels that no home is below: scores 0.5 and 0.88 for *visible*, 0.5 and 0.12 for *not visible*.
/// Chosen before any pool was seen: a score that says "rather nobody" is never *visible*. The
/// allowed doubt is divided among them.
pub const FLOORS: [u8; 2] = [32, 40];

/// Margins that are tried: 0 to 47 quarters of log-odds above what is typical in the home.
pub const MARGINS: u8 = 48;

/// What is promised, and to whom it is owed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Of checks with nobody there, at most one in so many ends as *visible*.
    pub one_in: u32,
    /// Of checks with somebody there, at most this share ends as *not visible*.
    pub missed: f64,
    /// With what confidence, over the draw of pool and home, *visible* keeps its promise.
    pub confidence: f64,
    /// The same for *not visible*: it sends somebody who was not needed, so it may be looser.
    pub missed_confidence: f64,
    /// Share of checks in which somebody is there; only weighs what is *unclear*.
    pub occupied: f64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            one_in: 100,
            missed: 0.05,
            confidence: 0.95,
            missed_confidence: 0.90,
            occupied: 0.95,
        }
    }
}

/// How the allowed doubt is divided: a fifth to the pool (it may mislead us), the rest to the home
/// (it may be one of the few). `ln(1/d1)/d2` is smallest there for a sum of 0.05.
const TO_THE_POOL: f64 = 0.2;

impl Policy {
    /// The claim that must be refuted for `word`, and with what chance of being wrong.
    #[must_use]
    pub fn claim(&self, word: Word) -> (Claim, f64) {
        let (chance, confidence) = match word {
            Word::Visible => (1.0 / f64::from(self.one_in.max(1)), self.confidence),
            Word::NotVisible => (self.missed, self.missed_confidence),
        };
        let doubt = 1.0 - confidence;
        let homes = doubt * (1.0 - TO_THE_POOL);
        (Claim { chance, homes }, doubt * TO_THE_POOL)
    }
}

/// How a home's own commissioning becomes its level, for one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The level that no home is below.
    pub floor: u8,
    /// Levels above what is typical in the home.
    pub margin: u8,
}

impl Rule {
    /// The level in a home with that own part: by margin and floor, and over its own worst.
    #[must_use]
    pub fn level_for(self, own: Own) -> u8 {
        let above_typical = own.typical.reached().saturating_add(self.margin);
        let level = self.floor.max(above_typical).max(own.worst.reached());
        level.min(NEVER)
    }
}

/// Why no rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lack {
    /// Too few homes, or too few draws in them, even if none erred.
    Homes {
        /// Homes that counted.
        have: u32,
        /// Homes with as many draws as these that it takes at least, if none errs. `None`
        /// without a home to judge by.
        need: Option<u32>,
    },
    /// Enough homes, but too many err even at the widest margin: the scores do not part what
    /// they should, or labels are wrong.
    Errors {
        /// Homes that counted.
        have: u32,
        /// Homes of them with an error there.
        erring: u32,
    },
}

/// What the pool says for one word.
pub type Verdict = Result<Rule, Lack>;

/// Everything that the pool has shown for one word. Homes are added in the order in which they
/// came.
#[derive(Clone, Debug)]
pub struct Pool {
    word: Word,
    claim: Claim,
    error: f64,
    occupied: f64,
    /// For every margin and floor.
    wealth: Vec<[Wealth; FLOORS.len()]>,
    /// Sum over homes of the share of checks that the word would settle.
    settled: Vec<[f64; FLOORS.len()]>,
    homes: u32,
    erring: u32,
    /// Sum over homes of the most that each could add to a wealth.
    reachable: f64,
}

impl Pool {
    /// A pool without homes.
    #[must_use]
    pub fn new(policy: &Policy, word: Word) -> Self {
        let (claim, error) = policy.claim(word);
        Self {
            word,
            claim,
            error,
            occupied: policy.occupied,
            wealth: vec![[Wealth::default(); FLOORS.len()]; MARGINS.into()],
            settled: vec![[0.0; FLOORS.len()]; MARGINS.into()],
            homes: 0,
            erring: 0,
            reachable: 0.0,
        }
    }

    /// Takes in the next home. One whose own part is not done, or that has no draws after it, says
    /// nothing; which those are must not depend on scores.
    pub fn add(&mut self, home: &HomeCounts) {
        let seen = home.seen(self.word);
        let Some(own) = seen.own else { return };
        let odds = Odds::new(self.claim, seen.errors.total(), seen.worth);
        let Some(odds) = odds else { return };
        let errors = seen.errors.above();
        let settled = self.settled_share(&seen, &errors);
        self.homes += 1;
        self.reachable += odds.best_gain();
        let strictest = Rule {
            floor: FLOORS[0],
            margin: MARGINS - 1,
        }
        .level_for(own);
        self.erring += u32::from(errors[usize::from(strictest)] > 0);
        for (margin, (wealths, sums)) in (0..).zip(self.wealth.iter_mut().zip(&mut self.settled)) {
            for ((floor, wealth), sum) in FLOORS.into_iter().zip(wealths).zip(sums) {
                let at = usize::from(Rule { floor, margin }.level_for(own));
                wealth.settle(&odds, errors[at]);
                *sum += settled[at];
            }
        }
    }

    /// For each level: which share of this home's checks the word would settle.
    fn settled_share(&self, seen: &Seen, errors: &[u32; BINS]) -> [f64; BINS] {
        let right = seen.right.above();
        let (of_right, of_errors) = match self.word {
            Word::Visible => (self.occupied, 1.0 - self.occupied),
            Word::NotVisible => (1.0 - self.occupied, self.occupied),
        };
        let share = |n: u32, of: u32| {
            if of == 0 {
                0.0
            } else {
                f64::from(n) / f64::from(of)
            }
        };
        std::array::from_fn(|at| {
            of_right * share(right[at], seen.right.total())
                + of_errors * share(errors[at], seen.errors.total())
        })
    }

    /// Homes that counted.
    #[must_use]
    pub fn homes(&self) -> u32 {
        self.homes
    }

    /// The rules that stand: for each floor the narrowest margin, if any.
    #[must_use]
    pub fn standing(&self) -> Vec<Rule> {
        let error = self.error / FLOORS.len() as f64;
        let narrowest = |(at, floor): (usize, u8)| {
            let widest_first = (0..MARGINS).rev();
            let stand = widest_first
                .take_while(|margin| self.wealth[usize::from(*margin)][at].refutes(error));
            stand.last().map(|margin| Rule { floor, margin })
        };
        FLOORS
            .into_iter()
            .enumerate()
            .filter_map(narrowest)
            .collect()
    }

    /// The rule that settles most checks of those that stand.
    ///
    /// # Errors
    ///
    /// None stands: why, and what it would take.
    pub fn verdict(&self) -> Verdict {
        let settles = |rule: &Rule| {
            let floor = FLOORS.iter().position(|floor| *floor == rule.floor);
            floor.map_or(0.0, |at| self.settled[usize::from(rule.margin)][at])
        };
        let standing = self.standing().into_iter();
        let best = standing.max_by(|a, b| settles(a).total_cmp(&settles(b)));
        best.ok_or_else(|| self.lack())
    }

    fn lack(&self) -> Lack {
        let have = self.homes;
        // The best bettor must make up for all the others having lost everything.
        let wanted = (BETTORS as f64 * FLOORS.len() as f64 / self.error).ln();
        if self.reachable >= wanted {
            return Lack::Errors {
                have,
                erring: self.erring,
            };
        }
        let need = (wanted * f64::from(have) / self.reachable).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, and a float turned integer stops at u32::MAX"
        )]
        let need = (have > 0).then_some(need as u32);
        Lack::Homes { have, need }
    }
}
