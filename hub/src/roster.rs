//! Who is enrolled: homes, their units, the people in them.
//!
//! Names and addresses live here and in the store, and go to the page alone: never onto the
//! wire and never into a log.

use std::collections::BTreeMap;
use std::fmt;

use nattsyn_protocol::ids::{HomeId, ResidentId, UnitId};
use nattsyn_protocol::signing::PublicKey;

use crate::view::Person;

/// One home.
#[derive(Clone, PartialEq, Eq)]
pub struct Home {
    /// Which.
    pub id: HomeId,
    /// Where to go.
    pub address: String,
    /// The unit that hangs there.
    pub unit: UnitId,
    /// The key that the unit's eye signs with.
    pub eye: PublicKey,
    /// Who lives there.
    pub residents: Vec<Resident>,
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Home({}, {}, <redacted>)", self.id, self.unit)
    }
}

/// One person who is looked after.
#[derive(Clone, PartialEq, Eq)]
pub struct Resident {
    /// The pseudonym.
    pub id: ResidentId,
    /// The name that staff know.
    pub name: String,
}

impl fmt::Debug for Resident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resident({}, <redacted>)", self.id)
    }
}

/// Somebody who is enrolled no more, and whose supervision nobody has ended.
#[derive(Clone, PartialEq, Eq)]
pub struct Former {
    /// Who.
    pub resident: Resident,
    /// Where they lived.
    pub address: String,
}

impl fmt::Debug for Former {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Former({:?})", self.resident)
    }
}

/// All homes, found by unit and by resident.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roster {
    homes: Vec<Home>,
    by_unit: BTreeMap<UnitId, usize>,
    by_resident: BTreeMap<ResidentId, (usize, usize)>,
    former: BTreeMap<ResidentId, Former>,
}

impl Roster {
    /// The roster of these homes.
    #[must_use]
    pub fn new(homes: Vec<Home>) -> Self {
        let mut by_unit = BTreeMap::new();
        let mut by_resident = BTreeMap::new();
        for (index, home) in homes.iter().enumerate() {
            by_unit.insert(home.unit, index);
            for (place, resident) in home.residents.iter().enumerate() {
                by_resident.insert(resident.id, (index, place));
            }
        }
        Self {
            homes,
            by_unit,
            by_resident,
            former: BTreeMap::new(),
        }
    }

    /// The roster with those who are enrolled no more, so that a row about them has a name.
    #[must_use]
    pub fn with_former(mut self, former: Vec<Former>) -> Self {
        let by_resident = former
            .into_iter()
            .map(|former| (former.resident.id, former));
        self.former = by_resident.collect();
        self
    }

    /// All homes, in the order of enrolment.
    #[must_use]
    pub fn homes(&self) -> &[Home] {
        &self.homes
    }

    /// The home where a unit hangs; `None` if the unit is not enrolled.
    #[must_use]
    pub fn of_unit(&self, unit: UnitId) -> Option<&Home> {
        self.homes.get(*self.by_unit.get(&unit)?)
    }

    /// The home of a resident.
    #[must_use]
    pub fn of_resident(&self, resident: ResidentId) -> Option<&Home> {
        self.homes.get(self.by_resident.get(&resident)?.0)
    }

    /// A resident in the words of those who look after them. Somebody of whom nothing is known
    /// has the pseudonym as a name: their row must not vanish.
    #[must_use]
    pub fn person(&self, resident: ResidentId) -> Person {
        let found = self.by_resident.get(&resident).and_then(|&(index, place)| {
            let home = self.homes.get(index)?;
            Some((
                home.residents.get(place)?.name.clone(),
                home.address.clone(),
            ))
        });
        let former = || {
            let former = self.former.get(&resident)?;
            Some((former.resident.name.clone(), former.address.clone()))
        };
        let found = found.or_else(former);
        let (name, address) = found.unwrap_or_else(|| (resident.to_string(), String::new()));
        Person {
            resident,
            name,
            address,
        }
    }
}
