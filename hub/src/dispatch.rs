//! What the hub says to units: plans that are newer than theirs, and what is written down.
//!
//! Pure. A plan is sent as it was signed and kept; this module has no key.

use nattsyn_protocol::hello::{ACK_MAX, Ack, HeldPlan, PlanMessage};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::report::ReportKey;
use nattsyn_protocol::signing::Signed;

use crate::store::StoredPlan;

/// The plans in force that a unit does not hold yet.
#[must_use]
pub fn newer(
    unit: UnitId,
    held: &[HeldPlan],
    in_force: &[&StoredPlan],
    endorsement: &Signed,
) -> Vec<PlanMessage> {
    in_force
        .iter()
        .filter(|stored| stored.plan.unit == unit)
        .filter(|stored| {
            !held.iter().any(|held| {
                held.resident == stored.plan.resident && held.version >= stored.plan.version
            })
        })
        .map(|stored| PlanMessage {
            plan: stored.signed.clone(),
            endorsement: endorsement.clone(),
        })
        .collect()
}

/// What is written down, in messages that are not too long.
#[must_use]
pub fn acks(reports: &[ReportKey]) -> Vec<Ack> {
    reports
        .chunks(ACK_MAX)
        .map(|chunk| Ack {
            reports: chunk.to_vec(),
        })
        .collect()
}
