//! The plans as they came off the wire, on disk.
//!
//! The voice cannot verify a plan. It is kept, and worked by, once the eye says that it holds
//! it; until then the plan before it stands, so that nobody who merely reaches the broker can
//! make a unit forget its plan. The file is kept in two copies; where both are damaged, that
//! costs the damaged plans, and the hub sends them again after the next hello. So it does where
//! the older copy holds an older plan, which the eye refuses: it remembers the newer version.

use std::collections::BTreeMap;

use nattsyn_protocol::hello::{HeldPlan, PlanMessage};
use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::plan::Plan;

use crate::disk::{Damage, Disk, TwoCopies};
use crate::night::{Night, PLANS_MAX, PlanRefused};

use super::{Written, epoch};

/// Name of the file.
const FILE: &str = "plans";

/// Why a plan is not even shown to the eye.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOffered {
    #[error("the plan inside cannot be read")]
    Unreadable(#[source] serde_json::Error),
    #[error("the plan is for unit {0}")]
    OtherUnit(UnitId),
    #[error("the plan is not worked by")]
    Refused(#[source] PlanRefused),
    #[error("more than {PLANS_MAX} plans wait for the eye")]
    TooMany,
}

/// What an offered plan was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    /// Newer than what is held: the eye must judge.
    New,
    /// Held already.
    Known,
}

/// The plans that are kept, and those that wait for the eye's word.
pub(super) struct KeptPlans {
    file: TwoCopies<PlanMessage>,
    kept: BTreeMap<ResidentId, PlanMessage>,
    offered: BTreeMap<ResidentId, (Plan, PlanMessage)>,
    written: Written,
}

impl KeptPlans {
    /// Reads the plans and gives them to the night; says what was damaged.
    pub(super) fn open(disk: &mut impl Disk, unit: UnitId, night: &mut Night) -> (Self, Damage) {
        let (file, messages, damage) = TwoCopies::open(FILE, disk);
        let mut plans = Self {
            file,
            kept: BTreeMap::new(),
            offered: BTreeMap::new(),
            written: Written::Yes,
        };
        for message in messages {
            match plans.offer(message, night, unit) {
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "a plan on disk is not worked by"),
            }
        }
        for (resident, (plan, message)) in std::mem::take(&mut plans.offered) {
            if night.handle_plan(plan).is_ok() {
                plans.kept.insert(resident, message);
            }
        }
        (plans, damage)
    }

    /// Every kept plan, and those that wait for the eye's word.
    pub(super) fn messages(&self) -> impl Iterator<Item = &PlanMessage> {
        let offered = self.offered.values().map(|(_, message)| message);
        self.kept.values().chain(offered)
    }

    /// Takes in a plan that came.
    pub(super) fn offer(
        &mut self,
        message: PlanMessage,
        night: &Night,
        unit: UnitId,
    ) -> Result<Offered, NotOffered> {
        let plan: Plan =
            serde_json::from_str(&message.plan.body).map_err(NotOffered::Unreadable)?;
        if plan.unit != unit {
            return Err(NotOffered::OtherUnit(plan.unit));
        }
        match night.judge(&plan) {
            // Versions begin anew with the hub's key. The eye says whether it is the hub's.
            Err(PlanRefused::Older { .. }) if self.has_later_key(plan.resident, &message) => {}
            judged => judged.map_err(NotOffered::Refused)?,
        }
        let held = HeldPlan {
            resident: plan.resident,
            version: plan.version,
        };
        if night.held().contains(&held) {
            return Ok(Offered::Known);
        }
        let is_new = !self.offered.contains_key(&plan.resident);
        if is_new && self.offered.len() >= PLANS_MAX {
            return Err(NotOffered::TooMany);
        }
        self.offered.insert(plan.resident, (plan, message));
        Ok(Offered::New)
    }

    /// Whether its key claims a later epoch than that of the plan which is kept.
    fn has_later_key(&self, resident: ResidentId, message: &PlanMessage) -> bool {
        let kept = self.kept.get(&resident);
        kept.is_some_and(|kept| epoch(&message.endorsement) > epoch(&kept.endorsement))
    }

    /// Takes in what the eye holds; returns how many plans are newly worked by.
    pub(super) fn confirm(
        &mut self,
        held: &[HeldPlan],
        night: &mut Night,
        disk: &mut impl Disk,
    ) -> usize {
        let is_held = |plan: &Plan| {
            held.contains(&HeldPlan {
                resident: plan.resident,
                version: plan.version,
            })
        };
        let mut taken = 0;
        let offered = std::mem::take(&mut self.offered);
        for (resident, (plan, message)) in offered {
            if !is_held(&plan) {
                self.offered.insert(resident, (plan, message));
                continue;
            }
            let version = plan.version;
            let taken_in = if self.has_later_key(resident, &message) {
                night.handle_plan_of_later_key(plan)
            } else {
                night.handle_plan(plan)
            };
            match taken_in {
                Ok(()) => {
                    tracing::info!(%resident, version, "plan taken");
                    self.kept.insert(resident, message);
                    taken += 1;
                }
                Err(error) => tracing::warn!(%error, "the eye holds a plan that cannot be kept"),
            }
        }
        if taken > 0 {
            self.written = Written::No;
            self.write_down(disk);
        }
        taken
    }

    /// Writes the plans if they are not written yet; says whether they are now.
    pub(super) fn write_down(&mut self, disk: &mut impl Disk) -> Written {
        if self.written == Written::No {
            self.written = match self.file.write(disk, self.kept.values()) {
                Ok(()) => Written::Yes,
                Err(error) => {
                    tracing::error!(%error, "plans not written; a restart needs the hub's");
                    Written::No
                }
            };
        }
        self.written
    }
}
