//! What a pool of labelled homes shows, and what it says of one home's levels. Pure.
//!
//! The promise is made by a rule over commissioning and trial, not by a level. So a bound is said
//! of a home only where the pool has that home's own part: there the rule gives the level from
//! which the promise holds. Elsewhere nothing is said but why.

use std::sync::Arc;

use nattsyn_calibration::counts::{HomeCounts, Word};
use nattsyn_calibration::fit::{Lack, Policy};
use nattsyn_calibration::home::Never;
use nattsyn_calibration::lines::ReadError;
use nattsyn_calibration::summary::Fit;
use nattsyn_protocol::ids::HomeId;
use nattsyn_protocol::thresholds::NEVER;
use nattsyn_protocol::time::Timestamp;

use super::Levels;
use crate::watch::StaffId;

/// A pool as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Counts from 1.
    pub number: i64,
    /// The promise: at most one in so many.
    pub one_in: u32,
    /// Homes' counts, one JSON object a line.
    pub body: String,
    /// When it was given.
    pub at: Timestamp,
    /// By whom.
    pub by: StaffId,
}

/// A pool with what it shows.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Its number.
    pub number: i64,
    /// When it was given.
    pub at: Timestamp,
    /// By whom.
    pub by: StaffId,
    /// What it shows.
    pub fit: Fit,
    homes: Vec<HomeCounts>,
}

/// What is known of the newest pool.
#[derive(Clone, Debug, Default)]
pub enum Newest {
    /// There is none.
    #[default]
    None,
    /// The one of this number cannot be read: a disk that failed, or a hub of another version.
    /// Nothing is shown then, and nothing else is taken away for it.
    Unreadable(i64),
    /// What it shows.
    Shown(Arc<Evidence>),
}

impl Newest {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::None => None,
            Self::Unreadable(number) => Some(*number),
            Self::Shown(evidence) => Some(evidence.number),
        }
    }

    /// What is known at those levels, as [`bound`] says it.
    #[must_use]
    pub fn bound(&self, home: Option<HomeId>, levels: Levels) -> Bound {
        match self {
            Self::Unreadable(number) if levels.visible < NEVER => Bound::Unreadable(*number),
            Self::Unreadable(_) | Self::None => bound(None, home, levels),
            Self::Shown(evidence) => bound(Some(evidence), home, levels),
        }
    }
}

/// What is known of *visible* with nobody there, in a home at some levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// There is no pool.
    NoPool,
    /// The pool of that number cannot be read.
    Unreadable(i64),
    /// The pool shows no rule.
    NoRule(Lack),
    /// *Visible* is never said, so it is never wrong.
    NeverSaid,
    /// The pool does not have this home, or it is about several.
    NotInPool,
    /// The home has no level: on trial, or its own scores are too high.
    NoLevel(Never),
    /// At least as cautious as the rule asks here: at most one in so many.
    Kept {
        /// One in so many.
        one_in: u32,
    },
    /// Less cautious than the rule asks here: nothing is shown.
    Below {
        /// The level that it asks.
        needs: u8,
    },
}

impl Evidence {
    /// What a pool shows.
    ///
    /// # Errors
    ///
    /// The first line that is no home's counts.
    pub fn of(pool: &Pool) -> Result<Self, ReadError> {
        let homes = nattsyn_calibration::counts::read(&pool.body)?;
        let policy = Policy {
            one_in: pool.one_in,
            ..Policy::default()
        };
        Ok(Self {
            number: pool.number,
            at: pool.at,
            by: pool.by.clone(),
            fit: Fit::of(policy, &homes),
            homes,
        })
    }

    fn home(&self, home: HomeId) -> Option<&HomeCounts> {
        let name = home.to_string();
        self.homes.iter().find(|counts| counts.home == name)
    }

    /// Where a home's level of *visible* lies on the curve: levels above what is typical there.
    /// `None` where the pool does not have the home's own part, or the word is never said.
    #[must_use]
    pub fn margin(&self, home: HomeId, levels: Levels) -> Option<u8> {
        let own = self.home(home)?.seen(Word::Visible).own?;
        let is_said = levels.visible < NEVER;
        is_said.then(|| levels.visible.saturating_sub(own.typical.reached()))
    }
}

/// What is known of *visible* with nobody there, at those levels; `home` where it is about one.
#[must_use]
pub fn bound(evidence: Option<&Evidence>, home: Option<HomeId>, levels: Levels) -> Bound {
    if levels.visible >= NEVER {
        return Bound::NeverSaid;
    }
    let Some(evidence) = evidence else {
        return Bound::NoPool;
    };
    if let Err(lack) = evidence.fit.visible {
        return Bound::NoRule(lack);
    }
    let Some(counts) = home.and_then(|home| evidence.home(home)) else {
        return Bound::NotInPool;
    };
    match evidence.fit.pair(counts).visible {
        Err(never) => Bound::NoLevel(never),
        Ok(level) if levels.visible >= level.level => Bound::Kept {
            one_in: evidence.fit.policy.one_in,
        },
        Ok(level) => Bound::Below { needs: level.level },
    }
}
