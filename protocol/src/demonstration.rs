//! What a demonstration shares between its processes, and what keeps it out of real homes.
//!
//! A demonstration stages rooms and makes time run fast. Both are accepted only by a unit that
//! pins [`root`], the root whose secret key stands here for everybody to read: nobody could
//! trust such a unit with a home, and no home's unit can be made to believe in staged rooms or
//! in a clock that jumps.

use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};

use crate::commission::Try;
use crate::signing::PublicKey;
use crate::time::Timestamp;

/// The secret half of the demonstration's root, on purpose no secret.
#[must_use]
pub fn root_key() -> SigningKey {
    SigningKey::from_bytes(b"nattsyn demonstration, no secret")
}

/// The root that a demonstration's units pin.
#[must_use]
pub fn root() -> PublicKey {
    PublicKey::of(&root_key())
}

/// What a unit's simulated camera shows, and from when. Written by the demonstration into the
/// unit's folder, read by the eye.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Ascending by time. Before the first, the first is shown.
    pub scenes: Vec<StagedScene>,
}

/// One scene, shown until the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StagedScene {
    /// From when it is shown.
    pub from_ms: Timestamp,
    /// What is shown.
    pub show: Show,
}

/// What the simulated camera shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Show {
    /// A generated room.
    Room {
        /// Which room. A home keeps its room all night.
        seed: u64,
        /// How the person lies, how the bedding is.
        pose: u64,
        /// Who is where.
        occupant: Occupant,
        /// What the camera sees through.
        lens: Lens,
    },
    /// A room in which somebody tries a unit out, as it is while this is tried.
    Tried {
        /// Which room.
        seed: u64,
        /// What is tried: who is where follows from it.
        what: Try,
        /// How often it was tried before: somebody lies otherwise each time.
        again: u8,
        /// How many sleep there. Of one, whoever is in a double bed lies on either side of it.
        #[serde(default = "one")]
        sleepers: u8,
        /// How the camera hangs.
        mounting: Mounting,
    },
    /// A picture from a file, with fresh noise on every frame.
    Picture {
        /// The file.
        path: String,
    },
}

fn one() -> u8 {
    1
}

/// How a staged camera was hung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mounting {
    /// As it should.
    Right,
    /// Turned aside, so that the picture's edge cuts the bed.
    CutsTheBed,
    /// Turned to the wall.
    PastTheBed,
    /// With a lens that makes the bed small.
    TooWide,
    /// Out of focus.
    OutOfFocus,
    /// With a lamp that does not shine.
    LampDead,
    /// As it should, and knocked by five degrees afterwards.
    Knocked,
}

/// Who is where in a staged room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occupant {
    /// Asleep in bed.
    InBed,
    /// Up and in the room.
    OutOfBed,
    /// On the floor.
    OnFloor,
    /// Not in the picture.
    Nobody,
}

/// What the simulated camera sees through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lens {
    /// Nothing in the way.
    Clear,
    /// Something hangs before it.
    Covered,
}

impl Stage {
    /// What is shown at a moment; `None` if nothing was staged.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Option<&Show> {
        let current = self.scenes.iter().rev().find(|scene| scene.from_ms <= now);
        current.or(self.scenes.first()).map(|scene| &scene.show)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scene_is_shown_until_the_next() {
        let at = |ms| Timestamp::from_ms(ms).unwrap();
        let picture = |path: &str| Show::Picture {
            path: path.to_owned(),
        };
        let scene = |ms, path| StagedScene {
            from_ms: at(ms),
            show: picture(path),
        };
        let stage = Stage {
            scenes: vec![scene(10, "a"), scene(20, "b")],
        };
        assert_eq!(stage.at(at(0)), Some(&picture("a")));
        assert_eq!(stage.at(at(19)), Some(&picture("a")));
        assert_eq!(stage.at(at(20)), Some(&picture("b")));
        assert_eq!(Stage::default().at(at(0)), None);
    }
}
