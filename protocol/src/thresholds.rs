//! Where evidence becomes a word in one home, and how often each word would have been said.
//!
//! [`HomeThresholds`] come down, signed as a policy is; the eye holds those of the highest version
//! and works by them. They can only make it more cautious than the model that it was built with:
//! whoever has the hub's key can make a unit say *unclear* more often and never *visible* more
//! often. [`NightCounts`] go up once a night: how many checks reached which level, in no order and
//! with no time, so that whoever moves a threshold sees what it would have done.
//!
//! Levels are those of the calibration's grid, 64 thresholds evenly in log-odds; what a level is
//! as a score is no affair of the wire.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::UnitId;
use crate::labels::{EvidenceError, NightEvidence};
use crate::plan::CHECKS_PER_NIGHT_MAX;
use crate::signing::{Document, Endorsement, PublicKey, SignatureError, Signed};

/// The highest level: no evidence reaches it, so that its word is *never* said.
pub const NEVER: u8 = 64;

/// The thresholds of one home, as signed by the hub and held by the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeThresholds {
    /// Which unit.
    pub unit: UnitId,
    /// Grows with every change; a unit never goes back to an older one. Counts anew under each
    /// epoch of the hub's keys.
    pub version: u32,
    /// *Visible* is said of evidence above this level; [`NEVER`] never.
    pub visible: u8,
    /// *Not visible* is said of evidence above this level with the scale turned round; [`NEVER`]
    /// never.
    pub not_visible: u8,
    /// How often the home was gone through anew, by the hub's count. An eye that has noticed that
    /// its home no longer looks as it did says *unclear* until this grows within one epoch of the
    /// hub's keys, whatever else changes; absent if it never was.
    #[serde(default, skip_serializing_if = "is_never")]
    pub anew: u32,
}

fn is_never(times: &u32) -> bool {
    *times == 0
}

impl Document for HomeThresholds {
    const CONTEXT: &'static str = "nattsyn thresholds 1";
}

/// Why thresholds make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThresholdsError {
    /// Versions count from 1.
    #[error("thresholds have version 0; they count from 1")]
    NoVersion,
    /// A level beyond the grid.
    #[error("level {0} is beyond the grid, which ends at {NEVER}")]
    BeyondGrid(u8),
    /// The same evidence would be both words.
    #[error(
        "evidence can be both visible (above {visible}) and not visible (turned, above {not_visible})"
    )]
    Crossed {
        /// The level of *visible*.
        visible: u8,
        /// The level of *not visible*.
        not_visible: u8,
    },
}

impl HomeThresholds {
    /// Whether they make sense at all.
    ///
    /// # Errors
    ///
    /// What does not.
    pub fn examine(&self) -> Result<(), ThresholdsError> {
        let Self {
            version,
            visible,
            not_visible,
            ..
        } = *self;
        if version == 0 {
            return Err(ThresholdsError::NoVersion);
        }
        if let Some(level) = [visible, not_visible]
            .into_iter()
            .find(|level| *level > NEVER)
        {
            return Err(ThresholdsError::BeyondGrid(level));
        }
        // Bins above `visible` and bins below `NEVER - not_visible` must not meet.
        if NEVER - not_visible > visible + 1 {
            return Err(ThresholdsError::Crossed {
                visible,
                not_visible,
            });
        }
        Ok(())
    }
}

/// Thresholds on their way to a unit: signed, and by what right their key signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThresholdsMessage {
    /// The thresholds, signed by the hub's key.
    pub thresholds: Signed,
    /// The hub's key, signed by the municipality's root.
    pub endorsement: Signed,
}

impl ThresholdsMessage {
    /// The thresholds, if the root that the unit pins stands behind them.
    ///
    /// # Errors
    ///
    /// A signature does not hold, or the document cannot be read.
    pub fn open(&self, root: &PublicKey) -> Result<HomeThresholds, SignatureError> {
        let endorsement: Endorsement = self.endorsement.open(root)?;
        self.thresholds.open(&endorsement.key)
    }
}

/// Thresholds as a unit holds them, said in its hello.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldThresholds {
    /// Which version; 0 for none.
    pub version: u32,
    /// Their level of *visible*; absent from units of before levels were said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible: Option<u8>,
    /// Their level of *not visible*; absent from units of before levels were said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_visible: Option<u8>,
    /// The count by which the home was last gone through anew; absent if it never was.
    #[serde(default, skip_serializing_if = "is_never")]
    pub anew: u32,
    /// Whether the home still looks as it did; absent while it does, as far as the eye noticed.
    #[serde(default, skip_serializing_if = "Likeness::is_alike")]
    pub home: Likeness,
}

impl HeldThresholds {
    /// Both levels, *visible* first; `None` from a unit that does not say both.
    #[must_use]
    pub fn levels(&self) -> Option<(u8, u8)> {
        self.visible.zip(self.not_visible)
    }
}

/// Whether a home still looks as it did when its thresholds were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// As far as the eye has noticed.
    #[default]
    Alike,
    /// No: nothing but *unclear* is said until somebody has gone through the home anew.
    Changed,
}

impl Likeness {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands a field over by reference"
    )]
    fn is_alike(&self) -> bool {
        *self == Self::Alike
    }
}

/// How many checks of a night reached which level, signed by the eye.
///
/// A check counts by its clearest look. Nothing says which check was which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NightCounts {
    /// Which unit's eye.
    pub unit: UnitId,
    /// The night, by the date on which it began.
    pub night: Date,
    /// How many levels were reached, 0 to 64, and by how many checks; rising, none twice.
    pub checks: Vec<(u8, u32)>,
    /// Checks that no threshold decides: nothing could be seen, several people, frames that
    /// disagree, the switch.
    pub otherwise: u32,
    /// As what it was counted, and what its labels came to; absent from eyes of before it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<NightEvidence>,
}

impl Document for NightCounts {
    const CONTEXT: &'static str = "nattsyn counts 1";
}

/// Counts on their way to the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsMessage {
    /// [`NightCounts`], signed by the eye.
    pub counts: Signed,
}

/// Why counts are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountsError {
    /// Out of order, named twice, beyond the grid, or counted as none.
    #[error("count {at} (from 1) is out of order, named twice, beyond {NEVER}, or none")]
    Bin {
        /// Its place in the list, from 1.
        at: usize,
    },
    /// More checks than residents of one home can have.
    #[error("{0} checks in a night; at most {NIGHT_CHECKS_MAX} are possible")]
    TooMany(u64),
    /// What its labels came to cannot be.
    #[error("examining the night's evidence")]
    Evidence(#[from] EvidenceError),
}

/// Most checks of one night in one home: eight residents, each with as many as a plan may have.
pub const NIGHT_CHECKS_MAX: u64 = 8 * CHECKS_PER_NIGHT_MAX as u64;

/// Most nights whose counts a unit keeps for a hub that does not acknowledge them: a month, which
/// is what is played again before a threshold is moved. The oldest goes.
pub const NIGHTS_WAITING_MAX: usize = 31;

impl NightCounts {
    /// Whether they can be counts of a night.
    ///
    /// # Errors
    ///
    /// What cannot.
    pub fn examine(&self) -> Result<(), CountsError> {
        let mut floor = 0;
        for (at, (bin, n)) in (1..).zip(&self.checks) {
            if *bin < floor || *bin > NEVER || *n == 0 {
                return Err(CountsError::Bin { at });
            }
            floor = bin + 1;
        }
        let checks = self.checks.iter().map(|(_, n)| u64::from(*n)).sum::<u64>();
        let total = checks + u64::from(self.otherwise);
        if total > NIGHT_CHECKS_MAX {
            return Err(CountsError::TooMany(total));
        }
        if let Some(evidence) = &self.evidence {
            evidence.examine()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thresholds(visible: u8, not_visible: u8) -> HomeThresholds {
        HomeThresholds {
            unit: "u0000001".parse().unwrap(),
            version: 1,
            visible,
            not_visible,
            anew: 0,
        }
    }

    #[test]
    fn thresholds_that_make_no_sense_are_refused() {
        for (visible, not_visible) in [(NEVER, NEVER), (40, 40), (31, 32), (NEVER, 0)] {
            assert_eq!(thresholds(visible, not_visible).examine(), Ok(()));
        }
        let beyond = ThresholdsError::BeyondGrid(65);
        assert_eq!(thresholds(65, 40).examine(), Err(beyond));
        assert_eq!(thresholds(40, 65).examine(), Err(beyond));
        let crossed = ThresholdsError::Crossed {
            visible: 31,
            not_visible: 31,
        };
        assert_eq!(thresholds(31, 31).examine(), Err(crossed));
        let unnumbered = HomeThresholds {
            version: 0,
            ..thresholds(40, 40)
        };
        assert_eq!(unnumbered.examine(), Err(ThresholdsError::NoVersion));
    }

    /// No evidence is ever both words, and every pair that is refused has some that would be.
    #[test]
    fn exactly_those_pairs_are_crossed_by_which_something_would_be_both() {
        for visible in 0..=NEVER {
            for not_visible in 0..=NEVER {
                let both = (0..=NEVER).any(|bin| bin > visible && NEVER - bin > not_visible);
                let refused = thresholds(visible, not_visible).examine().is_err();
                assert_eq!(both, refused, "{visible} {not_visible}");
            }
        }
    }

    #[test]
    fn counts_that_no_night_can_have_are_refused() {
        let counts = |checks: &[(u8, u32)]| NightCounts {
            unit: "u0000001".parse().unwrap(),
            night: "2026-11-21".parse().unwrap(),
            checks: checks.to_vec(),
            otherwise: 1,
            evidence: None,
        };
        assert_eq!(counts(&[(0, 1), (30, 2), (64, 1)]).examine(), Ok(()));
        assert_eq!(counts(&[]).examine(), Ok(()));
        for wrong in [
            [(3, 1), (3, 1)],
            [(4, 1), (3, 1)],
            [(3, 1), (65, 1)],
            [(3, 1), (5, 0)],
        ] {
            let refusal = Err(CountsError::Bin { at: 2 });
            assert_eq!(counts(&wrong).examine(), refusal, "{wrong:?}");
        }
        let flood = counts(&[(3, u32::MAX)]).examine();
        assert!(matches!(flood, Err(CountsError::TooMany(_))), "{flood:?}");
    }
}
