//! Invented homes as the pool counts them, and their truth as the trial judges by it.

use nattsyn_calibration_synthetic::{Given, Presence, Shape, Street, truth};

use crate::counts::{HomeCounts, Kind, STAGED, Staged, State, TRIAL, Word};
use crate::coverage::Trial;
use crate::fit::{Policy, Verdict};
use crate::grid::{self, BINS, Bin, LEVELS, NEVER};

/// What a home gave, on the grid.
pub(super) fn counted(given: &Given) -> HomeCounts {
    HomeCounts {
        nobody: kind(
            &given.staged_nobody,
            &given.drawn_nobody,
            [
                State::EmptyBare,
                State::EmptyMade,
                State::EmptyHeaped,
                State::EmptyJustLeft,
            ],
            Bin::max,
        ),
        somebody: kind(
            &given.staged_somebody,
            &given.drawn_somebody,
            [
                State::Uncovered,
                State::HalfCovered,
                State::Covered,
                State::OnTheEdge,
            ],
            Bin::min,
        ),
        ..HomeCounts::nothing("invented")
    }
}

fn kind(staged: &[f64], drawn: &[f64], states: [State; 4], worse: fn(Bin, Bin) -> Bin) -> Kind {
    let mut kind = Kind::default();
    for (at, state) in states.into_iter().enumerate() {
        let of_state = staged.iter().skip(at).step_by(states.len());
        let bins = of_state.map(|log_odds| Bin::of_log_odds(*log_odds));
        kind.staged.push(Staged {
            state,
            checks: STAGED / 4,
            worst: bins.clone().reduce(worse),
            sum: bins.map(|bin| u32::from(bin.reached())).sum(),
            commissioned: STAGED / 4,
        });
    }
    let (trial, later) = drawn.split_at(drawn.len().min(TRIAL as usize));
    for log_odds in trial {
        kind.trial.add(Bin::of_log_odds(*log_odds));
    }
    for log_odds in later {
        kind.drawn.add(Bin::of_log_odds(*log_odds));
    }
    kind.worth_thousandths = u64::from(kind.drawn.total()) * 1000;
    kind
}

/// A fresh home: what commissioning and trial showed, and what is true of it.
#[derive(Clone, Debug)]
pub struct Truth {
    own: HomeCounts,
    policy: Policy,
    /// For each level, the chance that a check with nobody there is above it.
    nobody: [f64; BINS],
    /// The same with somebody there.
    somebody: [f64; BINS],
}

impl Truth {
    pub(super) fn draw(trial: &Trial, street: &mut Street) -> Self {
        let shape = trial.unlike.unwrap_or(trial.shape);
        let home = street.home();
        let own = counted(&street.given(&home, TRIAL, trial.noise));
        let now = home.drifted(trial.drift, -trial.drift / 2.0);
        let curve = |presence| curve(&shape, &now, presence);
        Self {
            own,
            policy: trial.policy,
            nobody: curve(Presence::Nobody),
            somebody: curve(Presence::Somebody),
        }
    }

    /// The levels of *visible* and *not visible* that the pool's rules give this home.
    pub(super) fn pair_of(&self, visible: &Verdict, not_visible: &Verdict) -> (u8, u8) {
        let level = |verdict: &Verdict, word| {
            let own = self.own.seen(word).own;
            match (verdict, own) {
                (Ok(rule), Some(own)) => rule.level_for(own),
                _ => NEVER,
            }
        };
        let visible = level(visible, Word::Visible);
        (visible, level(not_visible, Word::NotVisible))
    }

    /// Whether *visible* from that level on keeps the promise here.
    pub(super) fn keeps(&self, visible: u8) -> bool {
        self.nobody[usize::from(visible)] <= 1.0 / f64::from(self.policy.one_in)
    }

    /// Whether *not visible* from that (turned) level on keeps its own.
    pub(super) fn keeps_not_visible(&self, turned: u8) -> bool {
        self.somebody_below(turned) <= self.policy.missed
    }

    /// The chance of *not visible* with somebody there.
    fn somebody_below(&self, turned: u8) -> f64 {
        if turned >= NEVER {
            return 0.0;
        }
        1.0 - self.somebody[usize::from(grid::turned(turned))]
    }

    /// The share of this home's checks that end *unclear*. Where both words would fit, *visible*
    /// is said.
    pub(super) fn unclear(&self, (visible, not_visible): (u8, u8)) -> f64 {
        let of = |above: &[f64; BINS]| {
            let is_visible = above[usize::from(visible)];
            let is_not = match not_visible {
                NEVER => 0.0,
                turned => 1.0 - above[usize::from(grid::turned(turned))],
            };
            (1.0 - is_visible - is_not).max(0.0)
        };
        let occupied = self.policy.occupied;
        occupied * of(&self.somebody) + (1.0 - occupied) * of(&self.nobody)
    }

    /// The pair of who knows the truth: each word as often as its limit allows.
    pub(super) fn best_pair(&self) -> (u8, u8) {
        let first = |keeps: &dyn Fn(u8) -> bool| (0..=LEVELS).find(|level| keeps(*level));
        let visible = first(&|level| self.keeps(level));
        let not_visible = first(&|level| self.keeps_not_visible(level));
        (visible.unwrap_or(NEVER), not_visible.unwrap_or(NEVER))
    }
}

fn curve(
    shape: &Shape,
    home: &nattsyn_calibration_synthetic::Home,
    presence: Presence,
) -> [f64; BINS] {
    std::array::from_fn(|level| {
        if level >= usize::from(NEVER) {
            return 0.0;
        }
        let level = u8::try_from(level).unwrap_or(NEVER);
        truth::chance_of_reaching(shape, home, presence, grid::log_odds(level))
    })
}
