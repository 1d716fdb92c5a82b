//! The thresholds of homes: what somebody proposes, who approves it, what each unit is to hold,
//! and what the last nights would have been.
//!
//! Levels are looked for at the home, then its area, then the municipality, and say where they
//! come from; none can go under the [`Floor`]. A [`Change`] is proposed by one person and decided
//! by another ([`book`]); from what was approved follow the versions that units are sent
//! ([`settle`]) and, from counts of nights alone, what another pair would have said
//! ([`outlook`]). All of that is pure. [`counter`] writes it down, [`clerk`] does so for a hub
//! that runs, [`standing`] is the desk's memory of what was sent.
//!
//! It deliberately does not say that a home is safe: what can be shown stands in a pool of
//! labelled homes ([`evidence`]), and counts know of no truth at all.

pub mod book;
pub mod clerk;
pub mod command;
pub mod counter;
pub mod evidence;
pub mod map;
pub mod outlook;
pub mod own;
pub mod settle;
pub mod standing;
#[cfg(test)]
mod tests;
pub mod words;

use serde::Deserialize;

use nattsyn_protocol::ids::HomeId;
use nattsyn_protocol::thresholds::{HomeThresholds, NEVER};
use nattsyn_protocol::time::Timestamp;

use crate::settings::compare::Place;
use crate::watch::StaffId;

pub use standing::StoredThresholds;

/// Longest reason in characters: a few sentences, as for settings.
pub const WHY_MAX: usize = 1_000;

/// Of how many nights the consequences of a change are counted: a month (architecture, section 8).
pub const NIGHTS: i64 = 30;

/// Two levels of the calibration's grid. Higher is more cautious, for both words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Levels {
    /// *Visible* is said of evidence above this level, 0 to 64; 64 never.
    pub visible: u8,
    /// *Not visible* is said of evidence above this level with the scale turned round.
    pub not_visible: u8,
}

impl Levels {
    /// As the calibration takes them.
    #[must_use]
    pub fn pair(self) -> (u8, u8) {
        (self.visible, self.not_visible)
    }

    /// Whether no word is said more often by these than by others.
    #[must_use]
    pub fn caution(self, than: Self) -> Caution {
        match self.visible >= than.visible && self.not_visible >= than.not_visible {
            true => Caution::NoLess,
            false => Caution::Less,
        }
    }

    fn at_least(self, floor: Self) -> Self {
        Self {
            visible: self.visible.max(floor.visible),
            not_visible: self.not_visible.max(floor.not_visible),
        }
    }
}

/// How levels compare with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caution {
    /// Both words are said as often or less often.
    NoLess,
    /// Some word is said more often.
    Less,
}

/// The levels that nothing in the municipality goes under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    try_from = "RawFloor",
    rename_all = "snake_case"
)]
pub struct Floor(Levels);

/// The shipped model's own thresholds on the grid: the lowest levels that are no laxer than its
/// manifest's 0.931 and 0.074 (`models/artifacts/manifest.json`; held to it by
/// `the_floor_is_the_shipped_models_own`). A unit never goes under its model anyway.
pub const MODELS_OWN: Levels = Levels {
    visible: 43,
    not_visible: 42,
};

/// The floor as it is configured.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawFloor {
    visible: u8,
    not_visible: u8,
}

/// A floor that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "thresholds: visible is {own_visible} to {NEVER} and not_visible {own_not_visible} to {NEVER}: \
     a unit never goes under its model",
    own_visible = MODELS_OWN.visible,
    own_not_visible = MODELS_OWN.not_visible
)]
pub struct FloorError;

impl Default for RawFloor {
    fn default() -> Self {
        let Levels {
            visible,
            not_visible,
        } = MODELS_OWN;
        Self {
            visible,
            not_visible,
        }
    }
}

impl Default for Floor {
    fn default() -> Self {
        Self(MODELS_OWN)
    }
}

impl Floor {
    /// The floor of these levels.
    ///
    /// # Errors
    ///
    /// They are beyond the grid, or under the shipped model's own.
    pub fn new(levels: Levels) -> Result<Self, FloorError> {
        let is_on_grid = levels.visible <= NEVER && levels.not_visible <= NEVER;
        match (is_on_grid, levels.caution(MODELS_OWN)) {
            (true, Caution::NoLess) => Ok(Self(levels)),
            (true, Caution::Less) | (false, _) => Err(FloorError),
        }
    }

    /// Its levels.
    #[must_use]
    pub fn levels(self) -> Levels {
        self.0
    }
}

impl TryFrom<RawFloor> for Floor {
    type Error = FloorError;

    fn try_from(raw: RawFloor) -> Result<Self, FloorError> {
        Self::new(Levels {
            visible: raw.visible,
            not_visible: raw.not_visible,
        })
    }
}

impl From<&HomeThresholds> for Levels {
    fn from(thresholds: &HomeThresholds) -> Self {
        Self {
            visible: thresholds.visible,
            not_visible: thresholds.not_visible,
        }
    }
}

/// A change's number: 1, 2, 3 and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangeId(pub i64);

impl std::fmt::Display for ChangeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What kind of change it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something new.
    Set,
    /// What held before that change again.
    Rollback(ChangeId),
}

/// Whether a change of a home says that the home was gone through anew.
///
/// Only this makes a unit forget that its home no longer looks as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It does not.
    AsBefore,
    /// Somebody went through the home; the reason says how.
    Anew,
}

/// What somebody wants to hold at a place, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub id: ChangeId,
    /// Where.
    pub place: Place,
    /// What is to hold there; none for what holds around it.
    pub levels: Option<Levels>,
    /// Something new, or something former.
    pub kind: Kind,
    /// Whether the home was gone through anew.
    pub gone: Gone,
    /// Why, in their own words.
    pub why: String,
    /// When it was proposed.
    pub at: Timestamp,
    /// By whom.
    pub by: StaffId,
    /// What became of it; none while it waits.
    pub verdict: Option<Verdict>,
}

/// A change on its way into the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChange {
    /// Where.
    pub place: Place,
    /// What is to hold there; none for what holds around it.
    pub levels: Option<Levels>,
    /// Something new, or something former.
    pub kind: Kind,
    /// Whether the home was gone through anew.
    pub gone: Gone,
    /// Why.
    pub why: String,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What.
    pub decision: Decision,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: StaffId,
    /// Its place among all decisions: the last one holds, whatever a clock showed.
    pub turn: i64,
}

/// What can become of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Somebody else approved it.
    Approved,
    /// A rollback that makes nothing looser: whoever asked for it was enough.
    Alone,
    /// Somebody else refused it.
    Refused,
    /// Whoever proposed it took it back.
    Withdrawn,
}

impl Decision {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Approved, Self::Alone, Self::Refused, Self::Withdrawn];

    /// As it is kept.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Alone => "alone",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// By its word; `None` if it is none.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }

    /// Whether what was proposed holds by it.
    #[must_use]
    pub fn holds(self) -> Holds {
        match self {
            Self::Approved | Self::Alone => Holds::Yes,
            Self::Refused | Self::Withdrawn => Holds::No,
        }
    }
}

/// Whether a change holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// A place as it is kept and sent by a form: `municipality`, `area:NAME` or `home:ID`.
#[must_use]
pub fn place_word(place: &Place) -> String {
    match place {
        Place::Municipality => "municipality".to_owned(),
        Place::Area(area) => format!("area:{area}"),
        Place::Home(home) => format!("home:{home}"),
    }
}

/// The place of a word; `None` if it is none.
#[must_use]
pub fn place_of(word: &str) -> Option<Place> {
    if word == "municipality" {
        return Some(Place::Municipality);
    }
    let (kind, name) = word.split_once(':')?;
    match kind {
        "area" => Some(Place::Area(name.parse().ok()?)),
        "home" => Some(Place::Home(name.parse::<HomeId>().ok()?)),
        _ => None,
    }
}
