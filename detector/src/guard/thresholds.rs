//! The thresholds of the home as the guard holds them, and the standard that they make.
//!
//! Verified, versioned and kept over restarts as the policy is. They are a standard beside the
//! model's, and the stricter of the two counts ([`Standard`]): whoever has the hub's key can make
//! the eye say *unclear* more often, and neither *visible* nor *not visible* of anything that the
//! model would not.
//!
//! Pure. What evidence is and which level it reaches is not known here.

use std::time::Duration;

use nattsyn_protocol::ids::{CheckId, UnitId};
use nattsyn_protocol::schedule;
use nattsyn_protocol::signing::{Endorsement, SignatureError};
use nattsyn_protocol::thresholds::{
    HeldThresholds, HomeThresholds, Likeness, ThresholdsError, ThresholdsMessage,
};
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::consent::OldKey;
use super::{Change, Guard, Moment, Taken, WAITED_MAX, WINDOW_SLACK, is_known};
use crate::memory::KeptThresholds;
use crate::presence::{Levels, Standard};

/// How far apart thresholds are taken that lower a level, or raise none, in one run: each is a
/// write to the disk, and whoever has the hub's key can sign as many as they like. What is only
/// stricter is taken at once; a level can be raised 64 times.
pub const LOWERED_APART: Duration = Duration::from_secs(60);

/// How long after its noon a night may still have a look under way: one that was asked for in its
/// last half minute, waited as long as a look may and then took as long.
const OVER_AFTER_NOON: Duration = WINDOW_SLACK.saturating_add(WAITED_MAX.saturating_mul(2));

/// Why thresholds are not held.
#[derive(Debug, thiserror::Error)]
pub enum ThresholdsRefusal {
    /// The root does not stand behind them, or they cannot be read.
    #[error("verifying thresholds")]
    Signature(#[from] SignatureError),
    /// Their hub key belongs to an epoch that is over.
    #[error("thresholds are signed by a key of epoch {found}; epoch {held} has begun")]
    OldKey {
        /// The key's epoch.
        found: u32,
        /// The latest that was seen.
        held: u32,
    },
    /// They are another unit's.
    #[error("thresholds are for unit {0}")]
    OtherUnit(UnitId),
    /// They make no sense.
    #[error("examining thresholds")]
    Senseless(#[from] ThresholdsError),
    /// Newer ones are held, or others of the same version.
    #[error("thresholds have version {found}; version {held} is held")]
    NotNewer {
        /// Their version.
        found: u32,
        /// The version that is held.
        held: u32,
    },
    /// They are not only stricter, and came within [`LOWERED_APART`] of others such.
    #[error("thresholds {0} came too soon after others that were not only stricter")]
    TooSoon(u32),
}

impl Guard {
    /// Takes in thresholds as they came off the wire.
    ///
    /// # Errors
    ///
    /// Why they are not held. Whatever was held before still is.
    pub fn handle_thresholds(
        &mut self,
        now: Uptime,
        message: &ThresholdsMessage,
    ) -> Result<Taken, ThresholdsRefusal> {
        let endorsement: Endorsement = message.endorsement.open(&self.root)?;
        let old = |OldKey { found, held }| ThresholdsRefusal::OldKey { found, held };
        self.endorse(&endorsement).map_err(old)?;
        let thresholds: HomeThresholds = message.thresholds.open(&endorsement.key)?;
        if thresholds.unit != self.unit {
            return Err(ThresholdsRefusal::OtherUnit(thresholds.unit));
        }
        thresholds.examine()?;
        let fresh = KeptThresholds {
            version: thresholds.version,
            epoch: endorsement.epoch,
            visible: thresholds.visible,
            not_visible: thresholds.not_visible,
            home: likeness(self.memory.thresholds, (endorsement.epoch, thresholds.anew)),
            anew: thresholds.anew,
        };
        if let Some(held) = self.memory.thresholds {
            if held == fresh {
                return Ok(Taken::Unchanged);
            }
            // Versions begin anew with the hub's key: whoever stole one may have used them up.
            if held.epoch == fresh.epoch {
                if fresh.version <= held.version {
                    return Err(ThresholdsRefusal::NotNewer {
                        found: fresh.version,
                        held: held.version,
                    });
                }
                self.pace_thresholds(now, &held, &fresh)?;
            }
        }
        self.keep_thresholds(fresh);
        Ok(Taken::Changed)
    }

    fn keep_thresholds(&mut self, kept: KeptThresholds) {
        if self.memory.thresholds != Some(kept) {
            self.memory.thresholds = Some(kept);
            self.change = Change::Unwritten;
        }
    }

    fn pace_thresholds(
        &mut self,
        now: Uptime,
        held: &KeptThresholds,
        fresh: &KeptThresholds,
    ) -> Result<(), ThresholdsRefusal> {
        if is_only_stricter(held, fresh) {
            return Ok(());
        }
        let lately = self
            .lowered
            .is_some_and(|lowered| now.since(lowered) < LOWERED_APART);
        if lately {
            return Err(ThresholdsRefusal::TooSoon(fresh.version));
        }
        self.lowered = Some(now);
        Ok(())
    }

    /// The thresholds that are held, as the eye says them of itself.
    #[must_use]
    pub fn held_thresholds(&self) -> Option<HeldThresholds> {
        let kept = self.memory.thresholds?;
        Some(HeldThresholds {
            version: kept.version,
            visible: Some(kept.visible),
            not_visible: Some(kept.not_visible),
            anew: kept.anew,
            home: kept.home,
        })
    }

    /// By what a look's evidence becomes a word from now on.
    #[must_use]
    pub fn standard(&self) -> Standard {
        match self.memory.thresholds {
            None => Standard::Models,
            Some(KeptThresholds {
                home: Likeness::Changed,
                ..
            }) => Standard::Changed,
            Some(kept) => Standard::Homes(Levels {
                visible: kept.visible,
                not_visible: kept.not_visible,
            }),
        }
    }

    /// Takes in that the home no longer looks as it did when its thresholds were found.
    pub fn handle_changed_home(&mut self) {
        if let Some(kept) = self.memory.thresholds {
            self.keep_thresholds(KeptThresholds {
                home: Likeness::Changed,
                ..kept
            });
        }
    }

    /// When nothing of a check's night can be under way any more, by its plan's zone; `None` if no
    /// plan has the check.
    #[must_use]
    pub fn night_is_over(&self, check: CheckId) -> Option<Timestamp> {
        let held = self.plans.get(&check.resident)?;
        let noon = schedule::noon(check.night.tomorrow().ok()?, &held.plan.zone).ok()?;
        Some(noon.after(OVER_AFTER_NOON))
    }

    /// The wall clock's time, if it can be trusted.
    pub fn known_time(&mut self, now: Moment) -> Option<Timestamp> {
        let trust = self.handle_moment(now);
        is_known(now, trust).then_some(now.wall)
    }
}

/// Whether the home counts as alike by thresholds of an epoch that say how often it was gone
/// through anew.
///
/// What was noticed is forgotten only when that count has grown under one key. Under a later key it
/// may have begun anew, and whoever stole the earlier one may have used it up, so nothing follows
/// from comparing it: the first thresholds of an epoch change nothing about the home.
fn likeness(held: Option<KeptThresholds>, (epoch, anew): (u32, u32)) -> Likeness {
    let Some(held) = held else {
        return Likeness::Alike;
    };
    match held.epoch == epoch && anew > held.anew {
        true => Likeness::Alike,
        false => held.home,
    }
}

/// Whether a level rises and none falls, and the home does not count as alike again.
fn is_only_stricter(held: &KeptThresholds, fresh: &KeptThresholds) -> bool {
    let levels = |it: &KeptThresholds| (it.visible, it.not_visible);
    let falls = fresh.visible < held.visible || fresh.not_visible < held.not_visible;
    held.home == fresh.home && !falls && levels(held) != levels(fresh)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use nattsyn_protocol::signing::{PublicKey, Signed};

    use super::*;
    use crate::guard::lifetime::Opening;
    use crate::memory::{Found, Memory};

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn guard(found: Found) -> Guard {
        let opening = Opening {
            uptime: Uptime::default(),
            machine: None,
        };
        let root = PublicKey::of(&key(1));
        Guard::resume("u0000001".parse().unwrap(), root, found, opening)
    }

    fn message(version: u32, levels: (u8, u8), epoch: u32) -> ThresholdsMessage {
        gone_through(0, (version, levels, epoch))
    }

    /// The same after the home was gone through so often.
    fn gone_through(
        anew: u32,
        (version, levels, epoch): (u32, (u8, u8), u32),
    ) -> ThresholdsMessage {
        let thresholds = HomeThresholds {
            unit: "u0000001".parse().unwrap(),
            version,
            visible: levels.0,
            not_visible: levels.1,
            anew,
        };
        let endorsement = Endorsement {
            key: PublicKey::of(&key(2)),
            epoch,
        };
        ThresholdsMessage {
            thresholds: Signed::seal(&thresholds, &key(2)),
            endorsement: Signed::seal(&endorsement, &key(1)),
        }
    }

    fn second(second: u64) -> Uptime {
        Uptime(Duration::from_secs(second))
    }

    fn homes(visible: u8, not_visible: u8) -> Standard {
        Standard::Homes(Levels {
            visible,
            not_visible,
        })
    }

    #[test]
    fn the_version_only_grows_within_an_epoch_and_begins_anew_with_the_roots_next_key() {
        let mut guard = guard(Found::Nothing);
        assert_eq!(guard.standard(), Standard::Models);
        let mut give = |at, message| {
            let taken = guard.handle_thresholds(second(at), &message);
            (taken, guard.standard())
        };
        give(0, message(u32::MAX, (50, 50), 1)).0.unwrap();
        let (used_up, standard) = give(100, message(3, (40, 40), 1));
        assert!(matches!(used_up, Err(ThresholdsRefusal::NotNewer { .. })));
        assert_eq!(standard, homes(50, 50));
        let (other, _) = give(200, message(u32::MAX, (60, 60), 1));
        assert!(matches!(other, Err(ThresholdsRefusal::NotNewer { .. })));
        let (next, standard) = give(300, message(3, (40, 40), 2));
        assert_eq!((next.unwrap(), standard), (Taken::Changed, homes(40, 40)));
        let (stolen, standard) = give(400, message(u32::MAX, (35, 35), 1));
        assert!(matches!(stolen, Err(ThresholdsRefusal::OldKey { .. })));
        assert_eq!(standard, homes(40, 40));
    }

    #[test]
    fn what_is_kept_holds_after_a_restart_and_nothing_older_comes_back() {
        let mut before = guard(Found::Nothing);
        let given = before.handle_thresholds(second(0), &message(7, (50, 45), 1));
        assert_eq!(given.unwrap(), Taken::Changed);
        let memory: Memory = before.take_change(second(1)).unwrap();
        let mut after = guard(Found::Remembered(memory));
        assert_eq!(after.standard(), homes(50, 45));
        let held = HeldThresholds {
            version: 7,
            visible: Some(50),
            not_visible: Some(45),
            ..HeldThresholds::default()
        };
        assert_eq!(after.held_thresholds(), Some(held));
        after.take_change(second(1));
        let older = after.handle_thresholds(second(2), &message(6, (40, 40), 1));
        assert!(matches!(older, Err(ThresholdsRefusal::NotNewer { .. })));
        let same = after.handle_thresholds(second(3), &message(7, (50, 45), 1));
        assert_eq!(same.unwrap(), Taken::Unchanged);
        assert_eq!(after.take_change(second(3)), None, "nothing to write");
    }

    #[test]
    fn what_is_only_stricter_is_taken_at_once_and_all_else_once_a_minute() {
        let mut guard = guard(Found::Nothing);
        let mut give = |at, version, levels| {
            let message = message(version, levels, 1);
            guard.handle_thresholds(second(at), &message).is_ok()
        };
        assert!(give(0, 1, (50, 50)));
        assert!(give(0, 2, (45, 50)));
        assert!(!give(1, 3, (44, 50)));
        assert!(!give(1, 3, (45, 50)), "the same levels again");
        assert!(!give(1, 3, (50, 49)), "one rises, the other falls");
        assert!(give(1, 3, (51, 50)));
        assert!(give(1, 4, (64, 64)));
        assert!(give(61, 5, (40, 40)));
    }

    #[test]
    fn a_changed_home_stays_so_until_it_was_gone_through_anew_whatever_else_comes() {
        let mut guard = guard(Found::Nothing);
        guard.handle_changed_home();
        assert_eq!(
            guard.standard(),
            Standard::Models,
            "there is nothing to be unlike"
        );
        let held = (7, (50, 45), 1);
        let first = gone_through(2, held);
        guard.handle_thresholds(second(0), &first).unwrap();
        guard.handle_changed_home();
        let memory: Memory = guard.take_change(second(1)).unwrap();
        let mut after = self::guard(Found::Remembered(memory));
        let mut give = |at_s, anew, fresh| {
            let given = after.handle_thresholds(second(at_s), &gone_through(anew, fresh));
            given.unwrap();
            let said = after.held_thresholds().unwrap();
            (said.home, said.anew, after.standard())
        };
        let unlike = |anew| (Likeness::Changed, anew, Standard::Changed);
        assert_eq!(give(2, 2, held), unlike(2));
        assert_eq!(give(3, 2, (8, (50, 45), 1)), unlike(2), "a higher version");
        assert_eq!(give(4, 2, (9, (51, 46), 1)), unlike(2), "stricter ones");
        assert_eq!(give(65, 1, (10, (44, 44), 1)), unlike(1), "laxer ones");
        // A later key says nothing by itself, also where its count is higher or the same ones come.
        assert_eq!(give(66, 9, (1, (44, 44), 2)), unlike(9));
        assert_eq!(give(67, 9, (1, (44, 44), 3)), unlike(9));
        let alike = (Likeness::Alike, 10, homes(44, 44));
        assert_eq!(give(130, 10, (2, (44, 44), 3)), alike);
    }
}
