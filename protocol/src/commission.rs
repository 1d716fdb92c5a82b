//! Commissioning: a unit is tried out where it hangs, before its checks count.
//!
//! A [`Commissioning`] is the hub's signed leave to try, for a technician who stands there. It
//! takes effect when somebody presses the button at the unit, and then lasts [`OPEN_FOR`]. Each
//! [`Order`] is one look outside the plan, and answers with a [`Tried`]: a finding and the level
//! that it reached; while the sleeping places are being found, also in which cells of a coarse
//! grid somebody was seen. No picture and no outline leaves the unit for it.
//!
//! What must be tried, in which order, and whether that passes is [`trial`]; how sleeping places
//! come of cells is [`framing`]. Both ends use both: the hub to lead the technician, the eye to
//! sign [`Commissioned`] only of what passed.

pub mod framing;
pub mod trial;

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::ids::{BootId, UnitId};
use crate::plan::PLACES_MAX;
use crate::signing::{Document, Endorsement, PublicKey, SignatureError, Signed};
use crate::time::Timestamp;

/// Longest that leave to try lasts from its beginning to its end.
pub const LASTS_MAX: Duration = Duration::from_secs(2 * 3600);

/// How long tries may be made once the button was pressed, by the kernel's clock. Ten minutes are
/// what a home takes; this leaves time to hang the unit otherwise twice and try again.
pub const OPEN_FOR: Duration = Duration::from_secs(45 * 60);

/// Most tries of one leave: 22 for a home with one sleeper and 32 for one with two, and each again
/// almost twice, or almost once.
pub const TRIES_MAX: u8 = 60;

/// Most sleepers under one unit, as many as [`PLACES_MAX`] could hold.
pub const SLEEPERS_MAX: usize = 4;

/// Columns and rows of the grid on which a walk is told: a cell is 5 by 6 % of the picture, which
/// says where somebody is and not what.
pub const GRID: (u16, u16) = (20, 16);

/// Leave to try a unit out where it hangs, as signed by the hub and enforced by the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commissioning {
    /// Which unit.
    pub unit: UnitId,
    /// Grows with each; a unit never goes back to an older one. Counts anew under each epoch of
    /// the hub's keys.
    pub version: u32,
    /// How many sleep under it, 1 to [`SLEEPERS_MAX`].
    pub sleepers: u8,
    /// From when it holds.
    pub from_ms: Timestamp,
    /// Until when.
    pub until_ms: Timestamp,
}

impl Document for Commissioning {
    const CONTEXT: &'static str = "nattsyn commissioning 1";
}

/// Why leave to try makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommissioningError {
    /// Versions count from 1.
    #[error("commissioning has version 0; they count from 1")]
    NoVersion,
    /// It ends before it begins.
    #[error("commissioning ends before it begins")]
    Backward,
    /// It lasts longer than [`LASTS_MAX`].
    #[error("commissioning lasts {} min; at most {} are allowed",
        .0.as_secs() / 60, LASTS_MAX.as_secs() / 60)]
    TooLong(Duration),
    /// Nobody sleeps there, or more than [`SLEEPERS_MAX`].
    #[error("{0} sleepers under one unit; from 1 to {SLEEPERS_MAX} are allowed")]
    Sleepers(u8),
}

impl Commissioning {
    /// Whether it makes sense at all.
    ///
    /// # Errors
    ///
    /// What does not.
    pub fn examine(&self) -> Result<(), CommissioningError> {
        if self.version == 0 {
            return Err(CommissioningError::NoVersion);
        }
        if self.until_ms <= self.from_ms {
            return Err(CommissioningError::Backward);
        }
        let lasts = self.until_ms.since(self.from_ms);
        if lasts > LASTS_MAX {
            return Err(CommissioningError::TooLong(lasts));
        }
        if self.sleepers == 0 || usize::from(self.sleepers) > SLEEPERS_MAX {
            return Err(CommissioningError::Sleepers(self.sleepers));
        }
        Ok(())
    }

    /// Whether `at` lies within it.
    #[must_use]
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        self.from_ms <= at && at < self.until_ms
    }
}

/// How the room is while something is staged in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Room {
    /// As it was found, the lights as at night.
    AsItIs,
    /// Chairs and other loose things elsewhere.
    Otherwise,
    /// So, and a light on that may be on at night.
    Lit,
}

/// What is staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Empty, without cover.
    EmptyBare,
    /// Empty and made.
    EmptyMade,
    /// Empty, the duvet in a heap.
    EmptyHeaped,
    /// Empty, just left.
    EmptyJustLeft,
    /// This sleeper's place is empty, and everybody else lies in theirs.
    OtherInBed,
    /// In bed, uncovered.
    Uncovered,
    /// In bed, half covered.
    HalfCovered,
    /// In bed under the duvet.
    Covered,
    /// On the edge of the bed.
    OnTheEdge,
    /// A hand before the lens.
    LensCovered,
    /// This sleeper lies in their place, and everybody else in theirs.
    Together,
}

impl State {
    /// Whether somebody is where the look asks; `None` of a covered lens, where nothing is asked.
    #[must_use]
    pub fn is_somebody(self) -> Option<bool> {
        match self {
            Self::EmptyBare
            | Self::EmptyMade
            | Self::EmptyHeaped
            | Self::EmptyJustLeft
            | Self::OtherInBed => Some(false),
            Self::Uncovered
            | Self::HalfCovered
            | Self::Covered
            | Self::OnTheEdge
            | Self::Together => Some(true),
            Self::LensCovered => None,
        }
    }
}

/// How often somebody lies in their sleeping place, uncovered, while it is found: in the middle, on
/// either side, high up and far down.
pub const SPOTS: u8 = 5;

/// What one try is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Try {
    /// Where is somebody seen lying? A sleeper's place is being found.
    Walk {
        /// Whose place, counted from 0.
        sleeper: u8,
        /// Which spot of it, 0 to [`SPOTS`] − 1: middle, left, right, high up, far down.
        spot: u8,
    },
    /// What does a look say of this?
    Staged {
        /// Whose place is asked about; none given: all places at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sleeper: Option<u8>,
        /// What is staged.
        state: State,
        /// How the room is.
        room: Room,
    },
}

/// One try, as ordered by the hub.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// Which unit.
    pub unit: UnitId,
    /// Under which [`Commissioning`].
    pub version: u32,
    /// Which try of it, 1 to [`TRIES_MAX`]; grows, and may leave some out.
    pub number: u8,
    /// What is asked.
    pub ask: Ask,
    /// The sleeping places, a sleeper each, as polygons in fractions of the picture. Empty while
    /// they are being found. Other places than before begin what is staged anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Vec<[f32; 2]>>,
}

/// What an order asks of the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// A look.
    Try(Try),
    /// That all of it counts: the eye answers [`Commissioned`] if it passes, and keeps what it
    /// needs to notice that it was moved.
    Conclude,
}

impl Document for Order {
    const CONTEXT: &'static str = "nattsyn commissioning order 1";
}

/// The digest of one sleeper's place, so that both ends can say *the same place*.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlaceDigest(String);

impl PlaceDigest {
    /// Of a resident's sleeping places as their plan has them: SHA-256 over the coordinates' bits,
    /// the first 8 bytes in hexadecimal.
    #[must_use]
    pub fn of(places: &[Vec<[f32; 2]>]) -> Self {
        use fmt::Write as _;

        let mut bytes = Vec::new();
        for place in places {
            let corners = u32::try_from(place.len()).unwrap_or(u32::MAX);
            bytes.extend(corners.to_be_bytes());
            for coordinate in place.iter().flatten() {
                // Minus zero is no other place than zero.
                bytes.extend((coordinate + 0.0).to_be_bytes());
            }
        }
        let digest = ring::digest::digest(&ring::digest::SHA256, &bytes);
        let mut text = String::new();
        for byte in digest.as_ref().iter().take(8) {
            write!(text, "{byte:02x}").expect("a String takes any text");
        }
        Self(text)
    }
}

impl fmt::Display for PlaceDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What one try came to, signed by the eye.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Which unit.
    pub unit: UnitId,
    /// This run of its eye.
    pub boot: BootId,
    /// Under which [`Commissioning`].
    pub version: u32,
    /// Which try of it.
    pub number: u8,
    /// What was asked.
    pub what: Try,
    /// What the look came to by the model alone.
    pub finding: Finding,
    /// How many levels of the calibration's grid its evidence reached, if a level decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// In which cells of [`GRID`] somebody was seen in bed, row by row from the top left, rising.
    /// Only of a walk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<u16>,
}

impl Document for Tried {
    const CONTEXT: &'static str = "nattsyn tried 1";
}

/// Why a try was not made, or commissioning not concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoTry {
    /// There is no leave of this version, or it is over.
    NoLeave,
    /// The button at the unit has not been pressed.
    NotPressed,
    /// The number was used, or is beyond [`TRIES_MAX`].
    Number,
    /// The order makes no sense: a sleeper, spot or place that there is not.
    Senseless,
    /// Camera and light are in use: a planned look comes first.
    Busy,
    /// The privacy switch is off.
    Paused,
    /// Those who live there agreed to no look at all.
    Withdrawn,
    /// No trusted time.
    ClockUnknown,
    /// It was tried as often as may be.
    Enough,
    /// What was tried does not pass; [`trial::Trial::verdict`] says why.
    NotPassed,
    /// Too little of the room outside the bed stays as it is to notice later that the unit was
    /// moved: hang it so that it sees more room.
    TooLittleRoom,
    /// What must be kept cannot be written down.
    DiskDown,
    /// Leave of this version, or of a later one, was seen before.
    OldVersion,
    /// The leave's time has not come, or is over.
    NotInForce,
    /// The button is waited for by what the residents agreed to.
    PolicyAwaited,
    /// Leave was waited for as often as it may be in 24 hours.
    TooOften,
    /// A word that this version does not know.
    #[serde(other)]
    Unrecognised,
}

/// That a try was not made, or leave to try not taken; signed by the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotTried {
    /// Which unit.
    pub unit: UnitId,
    /// This run of its eye.
    pub boot: BootId,
    /// Under which [`Commissioning`] it was asked.
    pub version: u32,
    /// Which try; 0, which none has: the leave itself.
    pub number: u8,
    /// Why.
    pub why: NoTry,
}

impl Document for NotTried {
    const CONTEXT: &'static str = "nattsyn not tried 1";
}

/// That a unit passed where it hangs, signed by its eye.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commissioned {
    /// Which unit.
    pub unit: UnitId,
    /// What is kept of it and said in each hello.
    pub held: HeldCommissioned,
    /// When.
    pub at_ms: Timestamp,
    /// Each staged try that counted, and the level that it reached.
    pub staged: Vec<StagedLevel>,
    /// The number of this word, as in [`crate::policy::Capability`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<u64>,
}

impl Document for Commissioned {
    const CONTEXT: &'static str = "nattsyn commissioned 1";
}

/// One staged try that counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedLevel {
    /// What was staged.
    pub state: State,
    /// How the room was.
    pub room: Room,
    /// The level that was reached, if a level decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
}

/// What a unit was last commissioned as; said in its [`crate::policy::Capability`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCommissioned {
    /// Under which [`Commissioning`].
    pub version: u32,
    /// The model that it was tried with, as in its reports.
    pub model: String,
    /// The sleepers' places.
    pub places: Vec<PlaceDigest>,
}

/// How leave to try stands at the unit; said in its [`crate::policy::Capability`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCommissioning {
    /// Which.
    pub version: u32,
    /// How it stands.
    pub stands: Leave,
}

/// How leave to try stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leave {
    /// The button at the unit is waited for.
    Awaited,
    /// Tries are made.
    Open,
    /// Nobody pressed it in time, the time is up, or the eye was started anew.
    Over,
}

/// Down to the unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum CommissionDown {
    /// A signed [`Commissioning`].
    Leave(CommissionMessage),
    /// A signed [`Order`].
    Order(CommissionMessage),
}

/// A signed document about commissioning, and by what right its key signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommissionMessage {
    /// The document, signed by the hub's key.
    pub document: Signed,
    /// The hub's key, signed by the municipality's root.
    pub endorsement: Signed,
}

impl CommissionMessage {
    /// The document, if the root that the unit pins stands behind it.
    ///
    /// # Errors
    ///
    /// A signature does not hold, or the document is another or cannot be read.
    pub fn open<D: Document>(&self, root: &PublicKey) -> Result<D, SignatureError> {
        let endorsement: Endorsement = self.endorsement.open(root)?;
        self.document.open(&endorsement.key)
    }
}

/// Up to the hub, each signed by the eye.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum CommissionUp {
    /// A [`Tried`].
    Tried(Signed),
    /// A [`NotTried`].
    NotTried(Signed),
    /// A [`Commissioned`].
    Commissioned(Signed),
}

impl Order {
    /// Whether it makes sense for so many sleepers.
    #[must_use]
    pub fn makes_sense(&self, sleepers: u8) -> bool {
        let numbered = (1..=TRIES_MAX).contains(&self.number) || self.ask == Ask::Conclude;
        let placed = self.places.len() == usize::from(sleepers)
            && self.places.len() <= PLACES_MAX
            && self.places.iter().all(|it| framing::examine(it).is_ok())
            && framing::are_apart(&self.places);
        let asked = match self.ask {
            Ask::Conclude => placed,
            Ask::Try(Try::Walk { sleeper, spot }) => sleeper < sleepers && spot < SPOTS,
            Ask::Try(Try::Staged { sleeper, .. }) => {
                placed && sleeper.is_none_or(|sleeper| sleeper < sleepers)
            }
        };
        numbered && asked
    }
}
