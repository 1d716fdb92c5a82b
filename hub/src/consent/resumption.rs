//! Whether a unit that was told to stop has said that it looks again. Pure.
//!
//! A consent that is given again makes a new policy at once, and the unit may be out of reach or
//! refuse it. Until its eye has said, signed, that it holds a policy of after the stop and looks by
//! it, nobody may count on a look: checks stay visits. What is said here is about the unit alone;
//! whether looks may be made is for [`super::judge`] to say.

use std::collections::BTreeMap;

use nattsyn_protocol::ids::{ResidentId, UnitId};
use nattsyn_protocol::time::Timestamp;

/// A policy that stops looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halt {
    /// The policy's version.
    pub version: u32,
    /// At whom; `None`: at anybody.
    pub resident: Option<ResidentId>,
    /// When it was signed.
    pub made: Timestamp,
}

/// Whether looks can be counted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumed {
    /// The unit was never told to stop, or has said since that it looks.
    Yes,
    /// The unit has not said that it looks since it was told to stop.
    Awaited,
}

/// What units were told to stop, and what they said since. Only ever added to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumptions {
    halts: BTreeMap<UnitId, Vec<Halt>>,
    looking: BTreeMap<UnitId, BTreeMap<u32, Timestamp>>,
}

impl Resumptions {
    /// Takes in a policy that stops looks.
    pub fn halt(&mut self, unit: UnitId, halt: Halt) {
        self.halts.entry(unit).or_default().push(halt);
    }

    /// Takes in that a unit looks by a version of its policy, and when it first said so.
    pub fn looks(&mut self, unit: UnitId, version: u32, at: Timestamp) {
        let said = self.looking.entry(unit).or_default();
        said.entry(version).or_insert(at);
    }

    /// Whether it would be news that a unit looks by a version.
    #[must_use]
    pub fn is_news(&self, unit: UnitId, version: u32) -> bool {
        let known = |said: &BTreeMap<u32, Timestamp>| said.range(version..).next().is_some();
        self.halts.contains_key(&unit) && !self.looking.get(&unit).is_some_and(known)
    }

    /// Whether looks at a resident can be counted on, as far as was known `until` then.
    #[must_use]
    pub fn resumed(&self, unit: UnitId, resident: ResidentId, until: Option<Timestamp>) -> Resumed {
        let is_known = |at: Timestamp| until.is_none_or(|until| at <= until);
        let halts = self.halts.get(&unit).into_iter().flatten();
        let own = halts.filter(|halt| halt.resident.is_none_or(|who| who == resident));
        let last = own
            .filter(|halt| is_known(halt.made))
            .map(|halt| halt.version);
        let Some(last) = last.max() else {
            return Resumed::Yes;
        };
        let said = self.looking.get(&unit).into_iter().flatten();
        let mut since = said.filter(|(version, at)| **version > last && is_known(**at));
        since.next().map_or(Resumed::Awaited, |_| Resumed::Yes)
    }
}
