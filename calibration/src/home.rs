//! One home's pair of thresholds, and why it is that.
//!
//! The pool's rule and the home's own part give it; everything that the home has shown since only
//! raises it. Where something lacks, the pair says *unclear* for every check, with the reason.

use serde::{Deserialize, Serialize};

use crate::counts::{HomeCounts, Kind, STAGED, TRIAL, Word};
use crate::fit::{Lack, Verdict};
use crate::grid::{self, Bin, NEVER};

/// From where on a home's checks get which word. What neither word takes is *unclear*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// *Visible*, or why never.
    pub visible: Result<Level, Never>,
    /// *Not visible*, or why never; its level is turned (see [`grid::turned`]).
    pub not_visible: Result<Level, Never>,
}

/// A level in force, and what set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// The level, below [`NEVER`].
    pub level: u8,
    /// What set it.
    pub set_by: SetBy,
}

/// What set a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetBy {
    /// The rule's floor: the home is easier than most.
    Floor,
    /// The rule's margin over what is typical in this home.
    Margin,
    /// The worst check of the home itself.
    OwnWorst,
}

/// Why a word is never said in a home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Never {
    /// Commissioning or trial is not done.
    OnTrial {
        /// Staged checks so far, of [`STAGED`].
        staged: u32,
        /// Drawn nights so far, of [`TRIAL`].
        nights: u32,
    },
    /// The pool cannot show any rule yet.
    Pool(Lack),
    /// The threshold would be above every score.
    OwnTooHigh(SetBy),
    /// The home's scores no longer look like those it was calibrated by.
    Changed,
}

/// What a unit says of a check by its highest score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// At or above the upper threshold.
    Visible,
    /// Between both.
    Unclear,
    /// Below the lower.
    NotVisible,
}

impl Pair {
    /// The pair of a home by what the pool has shown and what the home itself has.
    #[must_use]
    pub fn of(visible: &Verdict, not_visible: &Verdict, home: &HomeCounts) -> Self {
        Self {
            visible: level(visible, home, Word::Visible),
            not_visible: level(not_visible, home, Word::NotVisible),
        }
    }

    /// The pair of a home that has changed: every check is *unclear* until it is commissioned anew.
    #[must_use]
    pub fn changed() -> Self {
        Self {
            visible: Err(Never::Changed),
            not_visible: Err(Never::Changed),
        }
    }

    /// The levels as numbers, [`NEVER`] where a word is never said.
    #[must_use]
    pub fn levels(&self) -> (u8, u8) {
        let number = |level: &Result<Level, Never>| level.map_or(NEVER, |level| level.level);
        (number(&self.visible), number(&self.not_visible))
    }

    /// The two thresholds as scores: *visible* from the first, *not visible* below the second.
    #[must_use]
    pub fn scores(&self) -> (Option<f64>, Option<f64>) {
        let (visible, not_visible) = self.levels();
        let upper = (visible < NEVER).then(|| grid::score(visible));
        let lower = (not_visible < NEVER).then(|| grid::score(grid::turned(not_visible)));
        (upper, lower)
    }

    /// What is said of a check whose highest score lies in `bin`. Where both words would fit,
    /// *visible*.
    #[must_use]
    pub fn said(&self, bin: Bin) -> Said {
        said(self.levels(), bin)
    }
}

/// What is said of a check in `bin` with these levels of *visible* and (turned) *not visible*.
#[must_use]
pub fn said((visible, not_visible): (u8, u8), bin: Bin) -> Said {
    if bin.above(visible) {
        Said::Visible
    } else if bin.turned().above(not_visible) {
        Said::NotVisible
    } else {
        Said::Unclear
    }
}

fn level(verdict: &Verdict, home: &HomeCounts, word: Word) -> Result<Level, Never> {
    let kind = match word {
        Word::Visible => &home.nobody,
        Word::NotVisible => &home.somebody,
    };
    let own = home.seen(word).own.ok_or_else(|| on_trial(kind))?;
    let rule = verdict.map_err(Never::Pool)?;
    let by_rule = rule.level_for(own);
    // Drawn and later staged checks were not in the rule's own part: they only raise it.
    let worst = home.worst(word).map_or(0, Bin::reached);
    let level = by_rule.max(worst);
    let set_by = if worst >= level {
        SetBy::OwnWorst
    } else if level == rule.floor {
        SetBy::Floor
    } else {
        SetBy::Margin
    };
    if level >= NEVER {
        return Err(Never::OwnTooHigh(set_by));
    }
    Ok(Level { level, set_by })
}

fn on_trial(kind: &Kind) -> Never {
    Never::OnTrial {
        staged: kind.commissioned().min(STAGED),
        nights: kind.trial.total().min(TRIAL),
    }
}
