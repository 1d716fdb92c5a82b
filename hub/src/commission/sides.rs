//! Whose place is whose, where several sleep under one unit. Pure.
//!
//! A technician numbers places and knows nobody; somebody with the care of those who sleep there
//! says who sleeps in which. What was said holds for exactly the places and the residents that it
//! names: after a commissioning anew, or when somebody moves in or out, it must be said again.
//!
//! It deliberately knows nothing of where a place lies in the picture.

use serde::{Deserialize, Serialize};

use nattsyn_protocol::commission::PlaceDigest;
use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::time::Timestamp;

use crate::watch::StaffId;

/// One resident and the place in which they sleep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Who.
    pub resident: ResidentId,
    /// Where.
    pub place: PlaceDigest,
}

/// Who sleeps in which place of a unit, in the order of the places' numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sides(Vec<Side>);

/// That somebody said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SidesSaid {
    /// Of which unit.
    pub unit: UnitId,
    /// What.
    pub sides: Sides,
    /// Who.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
}

/// Why sides cannot be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SidesFault {
    /// Fewer than two sleep there: nothing is to be said.
    #[error("one place at most: nothing is to be said of sides")]
    Alone,
    /// Not each resident of the home once, one for each place.
    #[error("not each resident of the home once, one for each place")]
    NotEachOnce,
}

impl Sides {
    /// Those residents in those places, one after the other.
    ///
    /// # Errors
    ///
    /// The home's residents are not each named once, or there is another number of places.
    pub fn of(
        named: &[ResidentId],
        places: &[PlaceDigest],
        residents: &[ResidentId],
    ) -> Result<Self, SidesFault> {
        if places.len() < 2 {
            return Err(SidesFault::Alone);
        }
        if named.len() != places.len() || !are_same(named, residents) {
            return Err(SidesFault::NotEachOnce);
        }
        let side = |(resident, place): (&ResidentId, &PlaceDigest)| Side {
            resident: *resident,
            place: place.clone(),
        };
        Ok(Self(named.iter().zip(places).map(side).collect()))
    }

    /// Whether it was said of these places, in this order, and of those who live there.
    #[must_use]
    pub fn hold(&self, places: &[PlaceDigest], residents: &[ResidentId]) -> bool {
        let named: Vec<ResidentId> = self.residents().collect();
        let of_places = self.0.iter().map(|side| &side.place).eq(places);
        of_places && are_same(&named, residents)
    }

    /// The place of a resident, if it names them.
    #[must_use]
    pub fn place(&self, resident: ResidentId) -> Option<&PlaceDigest> {
        let mut sides = self.0.iter();
        let found = sides.find(|side| side.resident == resident)?;
        Some(&found.place)
    }

    /// Who sleeps in place 1, place 2 and so on.
    pub fn residents(&self) -> impl Iterator<Item = ResidentId> {
        self.0.iter().map(|side| side.resident)
    }
}

/// Whether both name the same people, each once.
fn are_same(named: &[ResidentId], residents: &[ResidentId]) -> bool {
    let sorted = |of: &[ResidentId]| {
        let mut of = of.to_vec();
        of.sort();
        of
    };
    let (named, residents) = (sorted(named), sorted(residents));
    let is_each_once = named.windows(2).all(|two| two[0] != two[1]);
    is_each_once && named == residents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(id: &str) -> ResidentId {
        id.parse().unwrap()
    }

    fn places() -> [PlaceDigest; 2] {
        [0.2_f32, 0.6].map(|at| PlaceDigest::of(&[vec![[at, 0.2], [at + 0.2, 0.2], [at, 0.6]]]))
    }

    #[test]
    fn each_resident_has_one_place_and_nobody_two() {
        let [one, two, three] = ["r0000001", "r0000002", "r0000003"].map(who);
        let of = |named: &[ResidentId], home: &[ResidentId]| Sides::of(named, &places(), home);
        let swapped = of(&[two, one], &[one, two]).unwrap();
        assert_eq!(swapped.place(two), Some(&places()[0]));
        assert_eq!(swapped.place(one), Some(&places()[1]));
        assert_eq!(swapped.place(three), None);
        let wrong = SidesFault::NotEachOnce;
        assert_eq!(of(&[one, one], &[one, two]), Err(wrong));
        assert_eq!(of(&[one, three], &[one, two]), Err(wrong));
        assert_eq!(of(&[one], &[one, two]), Err(wrong));
        assert_eq!(of(&[one, two, three], &[one, two, three]), Err(wrong));
        let alone = Sides::of(&[one], &places()[..1], &[one]);
        assert_eq!(alone, Err(SidesFault::Alone));
    }

    #[test]
    fn what_was_said_holds_for_those_places_and_those_who_live_there() {
        let [one, two, three] = ["r0000001", "r0000002", "r0000003"].map(who);
        let said = Sides::of(&[two, one], &places(), &[one, two]).unwrap();
        assert!(said.hold(&places(), &[one, two]));
        assert!(
            said.hold(&places(), &[two, one]),
            "the home's order says nothing"
        );
        let [first, second] = places();
        assert!(!said.hold(&[second.clone(), first.clone()], &[one, two]));
        assert!(!said.hold(&[first], &[one, two]));
        assert!(!said.hold(&places(), &[one, three]));
        assert!(!said.hold(&places(), &[one, two, three]));
        let text = serde_json::to_string(&said).unwrap();
        assert_eq!(serde_json::from_str::<Sides>(&text).unwrap(), said);
    }
}
