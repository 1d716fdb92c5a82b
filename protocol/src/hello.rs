//! How a unit and the hub find their place again after any interruption.
//!
//! The broker is a pipe: nothing depends on what it remembers. A unit that connects says
//! [`Hello`] with the versions it holds; the hub answers with what is newer. The hub
//! acknowledges reports with an [`Ack`] after its own commit, and only then does the unit
//! forget them.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{ResidentId, UnitId};
use crate::report::ReportKey;
use crate::signing::{Endorsement, Signed};

/// What a unit says when it connects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Which unit.
    pub unit: UnitId,
    /// The version of its software.
    pub software: String,
    /// The plans that it holds.
    pub plans: Vec<HeldPlan>,
    /// Reports in the outbox that the hub has not acknowledged.
    pub waiting: u32,
    /// What its eye is able to do and which policy it works by: a
    /// [`crate::policy::Capability`] signed by the eye. Absent until the eye has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eye: Option<Signed>,
}

/// A plan that a unit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPlan {
    /// Whose.
    pub resident: ResidentId,
    /// Which version.
    pub version: u32,
}

/// A plan on its way to a unit: the signed plan, and by what right its key signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanMessage {
    /// The plan, signed by the hub's key.
    pub plan: Signed,
    /// The hub's key, signed by the municipality's root.
    pub endorsement: Signed,
}

impl PlanMessage {
    /// The plan, if the root that the unit pins stands behind it.
    ///
    /// # Errors
    ///
    /// A signature does not hold, or the document cannot be read.
    pub fn open(
        &self,
        root: &crate::signing::PublicKey,
    ) -> Result<crate::plan::Plan, crate::signing::SignatureError> {
        let endorsement: Endorsement = self.endorsement.open(root)?;
        self.plan.open(&endorsement.key)
    }
}

/// What the hub has written down for good. The unit may forget these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// The reports.
    pub reports: Vec<ReportKey>,
    /// Nights whose counts are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts: Vec<Date>,
}

/// Most reports in one [`Ack`]: keeps it under [`crate::wire::BODY_MAX`].
pub const ACK_MAX: usize = 64;
