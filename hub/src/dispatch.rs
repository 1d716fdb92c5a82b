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
            counts: Vec::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use nattsyn_protocol::ids::BootId;
    use nattsyn_protocol::plan::{LOOKS_AFTER_S, Plan};
    use nattsyn_protocol::time::Timestamp;
    use nattsyn_protocol::wire;

    use super::*;
    use crate::store::Holds;

    fn stored(resident: &str, unit: &str, version: u32) -> StoredPlan {
        StoredPlan {
            plan: Plan {
                resident: resident.parse().unwrap(),
                unit: unit.parse().unwrap(),
                version,
                zone: "Europe/Stockholm".to_owned(),
                offset_s: 0,
                looks_after_s: LOOKS_AFTER_S.to_vec(),
                windows: Vec::new(),
                places: Vec::new(),
                ..Plan::bare(resident.parse().unwrap(), unit.parse().unwrap())
            },
            signed: Signed {
                body: resident.to_owned(),
                signature: String::new(),
            },
            made: Timestamp::from_ms(0).unwrap(),
            holds: Holds::FromNoon,
        }
    }

    #[test]
    fn a_unit_is_sent_its_own_plans_that_it_does_not_hold() {
        let plans = [
            stored("r0000001", "u0000001", 2),
            stored("r0000002", "u0000001", 3),
            stored("r0000003", "u0000001", 1),
            stored("r0000004", "u0000002", 9),
        ];
        let in_force: Vec<&StoredPlan> = plans.iter().collect();
        let held = [("r0000001", 1), ("r0000002", 3)].map(|(resident, version)| HeldPlan {
            resident: resident.parse().unwrap(),
            version,
        });
        let unit = "u0000001".parse().unwrap();
        let sent: Vec<String> = newer(unit, &held, &in_force, &plans[0].signed)
            .into_iter()
            .map(|message| message.plan.body)
            .collect();
        assert_eq!(sent, ["r0000001", "r0000003"]);
    }

    #[test]
    fn many_acknowledgements_are_several_messages_that_fit_the_wire() {
        let key = |counter| ReportKey {
            boot: BootId(u64::MAX),
            counter: u64::MAX - counter,
        };
        let reports: Vec<ReportKey> = (0..150).map(key).collect();
        let acks = acks(&reports);
        assert_eq!(acks.len(), 3);
        assert!(
            acks.iter()
                .all(|ack| wire::encode(ack).len() <= wire::BODY_MAX)
        );
        let said: Vec<ReportKey> = acks.into_iter().flat_map(|ack| ack.reports).collect();
        assert_eq!(said, reports);
    }
}
