//! Enrolment: homes, units, people and plans from a file into the store.
//!
//! [`Homes::read`] checks everything before anything is written; [`enrol`] signs what is new.
//! A plan that did not change keeps its version, so enrolling the same file twice is nothing.
//! The file holds names and addresses: it belongs where the ledger is, and nowhere else.

mod file;

use nattsyn_protocol::ids::{HomeId, ResidentId, UnitId};
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::signing::{PublicKey, Signed};
use nattsyn_protocol::time::Timestamp;

use crate::keys::HubKeys;
use crate::roster::Home;
use crate::store::{Holds, Store, StoreError, StoredPlan};

pub use file::{EXAMPLE, EnrolError};

/// Homes and their residents' plans, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Homes {
    /// The homes.
    pub homes: Vec<Home>,
    /// One plan a resident. Versions are given by [`enrol`]; what stands here is ignored.
    pub plans: Vec<Plan>,
}

/// What an enrolment changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// How many homes are enrolled now.
    pub homes: usize,
    /// The residents whose plans are new, and the new versions.
    pub plans: Vec<(ResidentId, u32)>,
    /// All units.
    pub units: Vec<UnitId>,
    /// Homes that were enrolled before and are no longer: nobody there is checked from the next
    /// noon on. Whoever enrols must be told.
    pub left: Vec<HomeId>,
}

/// Makes the store hold these homes, and a new signed version of each plan that changed.
///
/// # Errors
///
/// The store cannot be read or written; then nothing was changed.
pub fn enrol(
    store: &mut dyn Store,
    homes: &Homes,
    keys: &HubKeys,
    now: Timestamp,
) -> Result<Enrolled, StoreError> {
    let held = store.plans()?;
    let mut added = Vec::new();
    for plan in &homes.plans {
        let newest = held
            .iter()
            .filter(|stored| stored.plan.resident == plan.resident)
            .max_by_key(|stored| stored.plan.version);
        if let Some(stored) = newest.filter(|stored| still_holds(stored, plan, keys)) {
            tracing::debug!(resident = %plan.resident, version = stored.plan.version, "unchanged");
            continue;
        }
        let version = newest.map_or(0, |stored| stored.plan.version) + 1;
        let plan = Plan {
            version,
            ..plan.clone()
        };
        let signed = Signed::seal(&plan, &keys.signing);
        added.push(StoredPlan {
            plan,
            signed,
            made: now,
            holds: Holds::FromNoon,
        });
    }
    let before = store.roster()?;
    store.enrol(&homes.homes, &added, now)?;
    let is_left = |id: &HomeId| homes.homes.iter().all(|home| home.id != *id);
    Ok(Enrolled {
        homes: homes.homes.len(),
        plans: added
            .iter()
            .map(|added| (added.plan.resident, added.plan.version))
            .collect(),
        units: homes.homes.iter().map(|home| home.unit).collect(),
        left: before
            .homes()
            .iter()
            .map(|home| home.id)
            .filter(is_left)
            .collect(),
    })
}

/// Whether the stored plan says the same and was signed by the key in use.
fn still_holds(stored: &StoredPlan, plan: &Plan, keys: &HubKeys) -> bool {
    let same = Plan {
        version: stored.plan.version,
        ..plan.clone()
    };
    let signed: Result<Plan, _> = stored.signed.open(&PublicKey::of(&keys.signing));
    stored.plan == same && signed.is_ok()
}
