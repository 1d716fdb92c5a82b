//! What the residents of a home agreed to, as their unit enforces it.
//!
//! A [`Policy`] is what the hub makes of the consents; the eye verifies it and works by it. It is
//! signed as a plan is, has a version that only grows, and ends by itself. Whose consent it
//! rests on, who gave it and how, are the hub's affair and never travel.
//!
//! Pictures are never allowed from afar: from sensor or off to live view a policy takes effect
//! when somebody presses the button at the unit within [`APPROVAL_WITHIN`]; until then there are
//! looks and no pictures. A unit waits once in 24 hours. What is stricter takes effect at once,
//! and so do looks that begin again after [`Mode::Off`]: they end in a finding, and a withdrawal
//! undone must not need a journey.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::commission::{HeldCommissioned, HeldCommissioning};
use crate::ids::{BootId, ResidentId, UnitId};
use crate::signing::{Document, Endorsement, PublicKey, SignatureError, Signed};
use crate::thresholds::HeldThresholds;
use crate::time::Timestamp;

/// How long after a policy that allows pictures has come the button at the unit can approve it:
/// the technician is there, and whoever presses it weeks later means something else.
pub const APPROVAL_WITHIN: Duration = Duration::from_secs(10 * 60);

/// Longest that a policy can last: twice what the hub gives it, a week. Whoever stole the hub's
/// key leaves nothing behind that allows pictures for longer.
pub const LASTS_MAX: Duration = Duration::from_secs(14 * 24 * 3600);

/// Most residents of one home whose looks are stopped; more than live under one unit.
pub const STOPPED_MAX: usize = 8;

/// What may be done with what the camera sees, from least to most.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing: no look is made for anybody.
    Off,
    /// Looks that end in a finding. No picture, for anybody, ever.
    #[default]
    Sensor,
    /// Looks, and one short live view of an unclear one, under a grant.
    LiveView,
}

/// What a unit may do, as signed by the hub and enforced by the eye.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Which unit.
    pub unit: UnitId,
    /// Grows with every change; a unit never goes back to an older one. Counts anew under each
    /// epoch of the hub's keys.
    pub version: u32,
    /// The strictest of what those who live there agreed to.
    pub mode: Mode,
    /// For whom no look may be made: withdrawn, or never agreed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stopped: Vec<ResidentId>,
    /// From when it holds.
    pub from_ms: Timestamp,
    /// Until when its pictures are allowed. Looks go on by the plan.
    pub until_ms: Timestamp,
}

impl Document for Policy {
    const CONTEXT: &'static str = "nattsyn policy 1";
}

/// Why a policy makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// It ends before it begins.
    #[error("policy ends before it begins")]
    Backward,
    /// It lasts longer than [`LASTS_MAX`].
    #[error("policy lasts {} days; at most {} are allowed",
        .0.as_secs() / 86_400, LASTS_MAX.as_secs() / 86_400)]
    TooLong(Duration),
    /// More stopped residents than [`STOPPED_MAX`].
    #[error("{0} stopped residents; at most {STOPPED_MAX} are allowed")]
    TooManyStopped(usize),
    /// Versions count from 1.
    #[error("policy has version 0; they count from 1")]
    NoVersion,
}

impl Policy {
    /// Whether it makes sense at all.
    ///
    /// # Errors
    ///
    /// What does not.
    pub fn examine(&self) -> Result<(), PolicyError> {
        if self.version == 0 {
            return Err(PolicyError::NoVersion);
        }
        if self.until_ms <= self.from_ms {
            return Err(PolicyError::Backward);
        }
        let lasts = self.until_ms.since(self.from_ms);
        if lasts > LASTS_MAX {
            return Err(PolicyError::TooLong(lasts));
        }
        if self.stopped.len() > STOPPED_MAX {
            return Err(PolicyError::TooManyStopped(self.stopped.len()));
        }
        Ok(())
    }

    /// Whether looks may be made for this resident. An ended policy still answers: an end is
    /// no withdrawal, and nobody shall be forgotten because a signature grew old.
    #[must_use]
    pub fn looks(&self, resident: ResidentId) -> Looks {
        if self.mode == Mode::Off || self.stopped.contains(&resident) {
            Looks::Stopped
        } else {
            Looks::ByPlan
        }
    }

    /// Whether `at` lies within it.
    #[must_use]
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        self.from_ms <= at && at < self.until_ms
    }
}

/// Whether looks may be made for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// As their plan says.
    ByPlan,
    /// None, whatever their plan says.
    Stopped,
}

/// A policy on its way to a unit: the signed policy, and by what right its key signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyMessage {
    /// The policy, signed by the hub's key.
    pub policy: Signed,
    /// The hub's key, signed by the municipality's root.
    pub endorsement: Signed,
}

impl PolicyMessage {
    /// The policy, if the root that the unit pins stands behind it.
    ///
    /// # Errors
    ///
    /// A signature does not hold, or the document cannot be read.
    pub fn open(&self, root: &PublicKey) -> Result<Policy, SignatureError> {
        let endorsement: Endorsement = self.endorsement.open(root)?;
        self.policy.open(&endorsement.key)
    }
}

/// What a unit is able to do at all, and which policy it works by: signed by its eye and said
/// in its hello.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// Which unit.
    pub unit: UnitId,
    /// This run of its eye.
    pub boot: BootId,
    /// What was built into it.
    pub build: Build,
    /// The policy that it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<HeldPolicy>,
    /// The thresholds of its home that it works by; absent while it has none but its model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<HeldThresholds>,
    /// How leave to try it out stands, if any has come under the present epoch of the hub's keys;
    /// one that came before the eye was started is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commissioning: Option<HeldCommissioning>,
    /// As what it was last commissioned, if it ever was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commissioned: Option<HeldCommissioned>,
    /// The number of what it says in `commissioned`: higher after each change of that and each
    /// start of the eye, never less, so that an older word is known to be one. Absent from an eye
    /// of before it was counted, and from one that has none and does not know the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<u64>,
}

impl Document for Capability {
    const CONTEXT: &'static str = "nattsyn capability 1";
}

/// What was built into an eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Build {
    /// Nothing in it can encode or seal a picture.
    SensorOnly,
    /// It can send a live view under a grant.
    LiveView,
}

/// A policy as a unit holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPolicy {
    /// Which version.
    pub version: u32,
    /// What is in force of it now.
    pub mode: Mode,
    /// Whether the button at the unit must be pressed before all of it is.
    pub approval: Approval,
}

/// Whether the button at the unit has been pressed for what a policy opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// It opens nothing that needs it, or somebody pressed it.
    NotNeeded,
    /// Nobody has, and the time for it runs.
    Awaited,
    /// Nobody did in time, or it was waited for once in these 24 hours, or the policy was not
    /// just made when it came. The same must be signed anew under a higher version.
    Missed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy {
            unit: "u0000001".parse().unwrap(),
            version: 1,
            mode: Mode::LiveView,
            stopped: vec!["r0000002".parse().unwrap()],
            from_ms: Timestamp::from_ms(1_000).unwrap(),
            until_ms: Timestamp::from_ms(2_000).unwrap(),
        }
    }

    #[test]
    fn a_policy_that_makes_no_sense_is_refused() {
        assert_eq!(policy().examine(), Ok(()));
        let backward = Policy {
            until_ms: policy().from_ms,
            ..policy()
        };
        assert_eq!(backward.examine(), Err(PolicyError::Backward));
        let longest = policy().from_ms.after(LASTS_MAX);
        let lasting = |until_ms| {
            let policy = Policy {
                until_ms,
                ..policy()
            };
            policy.examine()
        };
        assert_eq!(lasting(longest), Ok(()));
        let beyond = LASTS_MAX + Duration::from_millis(1);
        let later = longest.after(Duration::from_millis(1));
        assert_eq!(lasting(later), Err(PolicyError::TooLong(beyond)));
        let unnumbered = Policy {
            version: 0,
            ..policy()
        };
        assert_eq!(unnumbered.examine(), Err(PolicyError::NoVersion));
        let crowded = Policy {
            stopped: vec!["r0000002".parse().unwrap(); STOPPED_MAX + 1],
            ..policy()
        };
        let too_many = PolicyError::TooManyStopped(STOPPED_MAX + 1);
        assert_eq!(crowded.examine(), Err(too_many));
    }

    #[test]
    fn whoever_withdrew_is_not_looked_at_and_the_others_are() {
        let policy = policy();
        let looks = |resident: &str| policy.looks(resident.parse().unwrap());
        assert_eq!(looks("r0000001"), Looks::ByPlan);
        assert_eq!(looks("r0000002"), Looks::Stopped);
        let off = Policy {
            mode: Mode::Off,
            ..policy.clone()
        };
        assert_eq!(off.looks("r0000001".parse().unwrap()), Looks::Stopped);
    }

    #[test]
    fn a_policy_holds_from_its_first_to_before_its_last_moment() {
        let at = |ms| policy().is_in_force(Timestamp::from_ms(ms).unwrap());
        assert_eq!(
            [at(999), at(1_000), at(1_999), at(2_000)],
            [false, true, true, false]
        );
    }
}
