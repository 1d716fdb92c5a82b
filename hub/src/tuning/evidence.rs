//! What a pool of labelled homes shows, and what it says of one home's levels. Pure.
//!
//! The promise is made by a rule over commissioning and trial, not by a level. So a bound is said
//! only of a home with an own part of its own ([`super::own`]): there the rule gives the level from
//! which the promise holds. Elsewhere nothing is said but why.

use std::sync::Arc;

use nattsyn_calibration::counts::{HomeCounts, Word};
use nattsyn_calibration::fit::{Lack, Policy};
use nattsyn_calibration::home::Never;
use nattsyn_calibration::lines::ReadError;
use nattsyn_calibration::summary::Fit;
use nattsyn_protocol::thresholds::NEVER;
use nattsyn_protocol::time::Timestamp;

use super::Levels;
use super::own::OwnPart;
use crate::agreement::file::Said;
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
    /// The model of all its homes, where it is said.
    pub model: Option<String>,
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
    pub fn bound(&self, about: About<'_>, levels: Levels) -> Bound {
        match self {
            Self::Unreadable(number) if levels.visible < NEVER => Bound::Unreadable(*number),
            Self::Unreadable(_) | Self::None => bound(None, about, levels),
            Self::Shown(evidence) => bound(Some(evidence), about, levels),
        }
    }
}

/// What a bound is asked of.
#[derive(Clone, Copy, Debug)]
pub enum About<'a> {
    /// Several homes.
    Several,
    /// A home whose unit is not commissioned.
    Uncommissioned,
    /// A home, by its own part.
    Home(&'a OwnPart),
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
    /// It is about several homes: each has its own.
    Several,
    /// The home's unit is not commissioned, so nothing it saw is its own part.
    NotCommissioned,
    /// The pool is of another model than the one that looks in this home.
    OtherModel,
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
            model: homes.iter().find_map(|home| home.model.clone()),
        })
    }
}

/// Where levels lie on the curve of a home with this own part: levels above what is typical there.
/// `None` where commissioning or trial is not done, or the word is never said.
#[must_use]
pub fn margin(own: &OwnPart, levels: Levels) -> Option<u8> {
    let typical = own.counts.seen(Word::Visible).own?.typical;
    let is_said = levels.visible < NEVER;
    is_said.then(|| levels.visible.saturating_sub(typical.reached()))
}

/// What is known of *visible* with nobody there, at those levels.
#[must_use]
pub fn bound(evidence: Option<&Evidence>, about: About<'_>, levels: Levels) -> Bound {
    if levels.visible >= NEVER {
        return Bound::NeverSaid;
    }
    let Some(evidence) = evidence else {
        return Bound::NoPool;
    };
    if let Err(lack) = evidence.fit.visible {
        return Bound::NoRule(lack);
    }
    let own = match about {
        About::Several => return Bound::Several,
        About::Uncommissioned => return Bound::NotCommissioned,
        About::Home(own) => own,
    };
    if evidence.model.as_ref().is_some_and(|it| *it != own.model) {
        return Bound::OtherModel;
    }
    match evidence.fit.pair(&own.counts).visible {
        Err(never) => Bound::NoLevel(never),
        Ok(level) if levels.visible >= level.level => Bound::Kept {
            one_in: evidence.fit.policy.one_in,
        },
        Ok(level) => Bound::Below { needs: level.level },
    }
}

/// How a pool does not go on from the one before it. Whoever may choose the order of homes, or N,
/// after seeing what each gives has had as many looks as choices, and the confidence is for one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Parting {
    /// Another promise.
    #[error(
        "löftet var 1 av {before} och är nu 1 av {now}; säg varför med --anew / the promise was 1 in \
         {before} and is now 1 in {now}; say why with --anew"
    )]
    OneIn {
        /// What it was.
        before: u32,
        /// What it is.
        now: u32,
    },
    /// A home that stood at this place stands there no more.
    #[error(
        "bostad {place} var {before:?} och är nu {now:?}; lägg nya bostäder sist, eller säg varför \
         med --anew / home {place} was {before:?} and is now {now:?}; add new homes at the end, or \
         say why with --anew"
    )]
    Order {
        /// Which place, from 1.
        place: usize,
        /// Who stood there.
        before: String,
        /// Who stands there; nobody where the pool is shorter.
        now: String,
    },
    /// Another model.
    #[error(
        "modellen var {before} och är nu {now}; säg varför med --anew / the model was {before} and \
         is now {now}; say why with --anew"
    )]
    Model {
        /// What it was.
        before: String,
        /// What it is.
        now: String,
    },
}

/// How a pool does not go on from the newest, if it does not.
#[must_use]
pub fn parting(newest: Option<&Pool>, (one_in, homes): (u32, &[HomeCounts])) -> Option<Parting> {
    let newest = newest?;
    if newest.one_in != one_in {
        return Some(Parting::OneIn {
            before: newest.one_in,
            now: one_in,
        });
    }
    let before = nattsyn_calibration::counts::read(&newest.body).ok()?;
    let model = |homes: &[HomeCounts]| homes.iter().find_map(|home| home.model.clone());
    if let (Some(before), Some(now)) = (model(&before), model(homes))
        && before != now
    {
        return Some(Parting::Model { before, now });
    }
    let mut places = before.iter().zip(1..);
    places.find_map(|(before, place)| {
        let now = homes.get(place - 1).map_or("", |home| home.home.as_str());
        (before.home != now).then(|| Parting::Order {
            place,
            before: before.home.clone(),
            now: now.to_owned(),
        })
    })
}

/// How the rule for *visible* has moved from one pool to the next; nothing where it has not.
#[must_use]
pub fn leap(before: &Fit, now: &Fit) -> Option<Said> {
    let rule = |fit: &Fit| match &fit.visible {
        Ok(rule) => (
            format!("lägst steg {}, marginal {}", rule.floor, rule.margin),
            format!("floor {}, margin {}", rule.floor, rule.margin),
        ),
        Err(_) => ("ingen regel".to_owned(), "no rule".to_owned()),
    };
    let (before, now) = (rule(before), rule(now));
    (before != now).then(|| {
        Said::new(
            format!("”synlig” förut: {}; nu: {}", before.0, now.0),
            format!("“visible” before: {}; now: {}", before.1, now.1),
        )
    })
}
