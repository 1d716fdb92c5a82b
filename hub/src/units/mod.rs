//! Units as things: what each is, how it was let in, and what has become of it.
//!
//! A unit gets its id when it is taken into stock, and never another: it is let in once by a code
//! ([`letting_in`]), by keys that it makes itself; somebody confirms that they are its own; it
//! hangs in one home at most. Once removed it gets nothing any more, and a wiped one begins anew
//! under another id. Which certificate still holds is [`denied`]; the door for units is
//! [`endpoint`]. What a unit sees and says is none of this module's business.

pub mod command;
pub mod denied;
pub mod desk;
pub mod endpoint;
pub mod keeper;
pub mod letting_in;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use nattsyn_protocol::ids::{HomeId, UnitId};
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;

use crate::audit::Who;

/// What happened to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// It was taken into stock.
    Added,
    /// It was let in, with keys of its own.
    Enrolled,
    /// Somebody who had it before them typed its eye's fingerprint.
    Confirmed,
    /// It became a home's unit.
    Installed,
    /// Somebody said that it is broken.
    Faulty,
    /// Somebody said that it works again.
    Mended,
    /// It was taken down, or is lost: its certificates hold no more.
    Removed,
    /// Its keys were wiped.
    Wiped,
}

impl Deed {
    /// Every deed.
    pub const ALL: [Self; 8] = [
        Self::Added,
        Self::Enrolled,
        Self::Confirmed,
        Self::Installed,
        Self::Faulty,
        Self::Mended,
        Self::Removed,
        Self::Wiped,
    ];

    /// As it is written down. Never changed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Enrolled => "enrolled",
            Self::Confirmed => "confirmed",
            Self::Installed => "installed",
            Self::Faulty => "faulty",
            Self::Mended => "mended",
            Self::Removed => "removed",
            Self::Wiped => "wiped",
        }
    }

    /// By its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deed| deed.word() == word)
    }
}

/// Where a unit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// In stock, without keys.
    Stock,
    /// Let in, and nobody has confirmed its eye's key: nothing that it says counts.
    Enrolled,
    /// Its key is confirmed, and it hangs nowhere.
    Ready,
    /// It is a home's unit.
    Installed,
    /// It is a home's unit, and somebody said that it is broken.
    Fault,
    /// Taken down. It gets no key, plan or profile any more.
    Removed,
    /// Wiped. The last stage.
    Wiped,
}

impl Stage {
    /// As it is printed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stock => "stock",
            Self::Enrolled => "enrolled",
            Self::Ready => "ready",
            Self::Installed => "installed",
            Self::Fault => "fault",
            Self::Removed => "removed",
            Self::Wiped => "wiped",
        }
    }

    /// Whether its certificates may hold, and it may get others.
    #[must_use]
    pub fn is_let_in(self) -> bool {
        match self {
            Self::Enrolled | Self::Ready | Self::Installed | Self::Fault => true,
            Self::Stock | Self::Removed | Self::Wiped => false,
        }
    }
}

/// A step that cannot follow where a unit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: a unit that is {} cannot become so", deed.word(), stage.map_or("unknown", Stage::word))]
pub struct Illegal {
    /// Where the unit stands; `None` if nobody knows of it.
    pub stage: Option<Stage>,
    /// What was to be done.
    pub deed: Deed,
}

/// Where a unit stands after a deed.
///
/// # Errors
///
/// The deed is out of order.
pub fn after(stage: Option<Stage>, deed: Deed) -> Result<Stage, Illegal> {
    use Stage::{Enrolled, Fault, Installed, Ready, Removed, Stock, Wiped};
    let next = match (stage, deed) {
        (None, Deed::Added) => Stock,
        (Some(Stock), Deed::Enrolled) => Enrolled,
        (Some(Enrolled), Deed::Confirmed) => Ready,
        (Some(Ready), Deed::Installed) => Installed,
        (Some(Installed), Deed::Faulty) => Fault,
        (Some(Fault), Deed::Mended) => Installed,
        (Some(Stock | Enrolled | Ready | Installed | Fault), Deed::Removed) => Removed,
        (Some(Removed), Deed::Wiped) => Wiped,
        (stage, deed) => return Err(Illegal { stage, deed }),
    };
    Ok(next)
}

/// One step of a unit's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which unit.
    pub unit: UnitId,
    /// What.
    pub deed: Deed,
    /// In which home, if it is about one.
    pub home: Option<HomeId>,
    /// Why, or what else is to be known; without a name or an address.
    pub note: String,
    /// Who.
    pub by: Who,
    /// When.
    pub at: Timestamp,
}

/// What the municipality keeps on record of a unit (R23, R32). No resident is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// The number on its case.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub case: String,
    /// Who owns it: bought by the municipality, or rented from whom.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Who delivered it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub supplier: String,
    /// The SIM card of its router (ICCID).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sim: String,
    /// Under which contract, and until when there is a warranty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub contract: String,
}

/// One unit, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Which.
    pub id: UnitId,
    /// Where it stands.
    pub stage: Stage,
    /// Since when, and by whom.
    pub last: Step,
    /// The home that it hangs in, or hung in.
    pub home: Option<HomeId>,
    /// Its eye's key, once it was let in.
    pub eye: Option<PublicKey>,
    /// What it is.
    pub inventory: Inventory,
    /// Until when its newest certificate holds.
    pub until: Option<Timestamp>,
}
