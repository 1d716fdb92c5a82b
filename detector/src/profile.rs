//! Whether the camera still hangs as it did when the home was commissioned.
//!
//! A camera that was turned by somebody who dusted, or fell, goes on giving sharp pictures of
//! something else, and a bed that is no longer in the sleeping place is *not visible* for ever, or
//! worse: a chair in its stead is *visible*. So commissioning makes a [`Profile`] of what stays in
//! this room, and every look is compared with it.
//!
//! A profile is a few hundred **marks**: places of a coarse grid where the picture is brighter, or
//! darker, than on both sides of it, in every staged state alike. Nothing is marked in a sleeping
//! place. That holds no grey level and nobody; drawn, it is a coarse outline of the room, and the
//! room can be told from others by it. So it is personal data and never leaves the eye
//! (`docs/design/0011`: what can be made of it was tried and is written there).
//!
//! A look fits a profile where its [`Sketch`] agrees with the marks. What counts is not how well it
//! fits, since chairs move and a light casts shadows, but how much better it fits here than
//! anywhere else nearby: see [`Profile::measure`].
//!
//! Pure, and asks nobody: who keeps the profile and what becomes of a verdict is the eye's. A bed
//! that was pushed elsewhere under a camera that hangs still is not noticed: beds are left out.

mod sketch;

use nattsyn_models::SleepingPlace;
use thiserror::Error;

pub use sketch::Sketch;

use sketch::{Direction, Spot, Tone};

/// Columns and rows of the grid on which marks are made: four fine blocks each way, so that a
/// mark is about as large as the corner of a bedside table.
const COLUMNS: usize = 40;
const ROWS: usize = 30;

/// Marks that there could be: one for each place and direction.
const MARKS: usize = COLUMNS * ROWS * Direction::BOTH.len();

/// Marks of three kinds in a byte: 3⁵ = 243.
const IN_A_BYTE: usize = 5;

/// Bytes of a profile: a version, and its marks.
pub const PROFILE_BYTES: usize = 1 + MARKS / IN_A_BYTE;

/// How profiles are written down. Another way to make marks is another version: they cannot be
/// compared.
const VERSION: u8 = 1;

/// Fewest staged states that a profile may be made of. Three with the room as it is (nobody,
/// somebody in bed, the bed just left), and three with chairs and other loose things elsewhere, one
/// of them with a light on: what is marked must stay through all that. Profiles of the first kind
/// alone marked chairs, and a light's shadows were then taken for a camera that had moved.
pub const STATES_MIN: usize = 6;

/// Of how many staged states one may have nothing to say of a mark, as a person who sits before it
/// hides it: five of six must say the same, and none the opposite.
const SILENT_ONE_IN: usize = 6;

/// Fewest marks that a profile needs: below, too few can agree to tell one place from another. How
/// many homes that refuses is in `docs/design/0011`.
pub const MARKS_MIN: usize = 200;

/// How far a look is shifted against the profile, in fine blocks each way: 24 pixels at a width of
/// 320. A camera that turned further fits nowhere, and that is seen too.
const REACH: i32 = 12;

/// Squared shift, in fine blocks, up to which a look still fits *here*: one block either way, less
/// than a degree, is a bracket that gives with the warmth of the room.
const HERE: i32 = 2;

/// Squared shift, in fine blocks, from which on a look fits *elsewhere*: three blocks, 6 pixels at
/// a width of 320.
const ELSEWHERE: i32 = 9;

/// Regions that are shifted by themselves, across and down: a camera that was rolled moves each
/// edge of the picture another way and its middle not at all.
const REGIONS: (usize, usize) = (4, 3);

/// Marks that a region needs to be asked by itself.
const REGION_MARKS: usize = 8;

/// [`Fit::total`] below which the camera moved.
///
/// Chosen on 60 generated rooms (seeds 1000 to 1059), above the best fits of cameras that were
/// turned by 2 degrees or hung in another room, and below the worst of cameras that hung still. How
/// it does on rooms that it was not chosen on is in `docs/design/0011`.
const MOVED_BELOW: f32 = 0.45;

/// [`Fit::total`] from which on it hangs as it did: a little below what all but a few looks of the
/// same cameras that hung still reached.
const IN_PLACE_FROM: f32 = 0.65;

/// What stays in a room, as its camera saw it when the home was commissioned.
///
/// Not printed: it is about a home.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    marks: Vec<Tone>,
}

/// Why there is no profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// Too few states were staged.
    #[error("profile of {0} staged states; it needs at least {STATES_MIN}")]
    States(usize),
    /// A state has no frame.
    #[error("staged state {0} of the profile has no frame")]
    NoFrame(usize),
    /// Too little of the room stays as it is outside the bed.
    #[error("profile has {0} marks; it needs at least {MARKS_MIN}: let the camera see more room")]
    Marks(usize),
    /// Bytes that are no profile.
    #[error("profile of {0} bytes; it has {PROFILE_BYTES}")]
    Length(usize),
    /// A profile made otherwise than this build does.
    #[error("profile of version {0}; this build reads version {VERSION}")]
    Version(u8),
    /// A byte that no profile has.
    #[error("byte {0} of the profile is damaged")]
    Damaged(usize),
}

/// What a look says of how the camera hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hanging {
    /// As it did when the home was commissioned.
    InPlace,
    /// Otherwise.
    Moved,
    /// The look does not say: most of the room is hidden, or it moved by very little.
    Unsure,
}

/// How well a look fits a profile, from −1 to 1 each: 0 is chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// How much more of the marks agree here than oppose.
    pub here: f32,
    /// How much better the whole fits here than at its best elsewhere nearby.
    pub lead: f32,
    /// The same of the regions, each against its own best elsewhere.
    pub regions: f32,
}

impl Profile {
    /// Makes the profile of a home from one sketch of each staged state.
    ///
    /// # Errors
    ///
    /// Too few states, one without a frame, or too little that stays.
    pub fn of(states: &[Sketch], places: &[SleepingPlace]) -> Result<Self, ProfileError> {
        if states.len() < STATES_MIN {
            return Err(ProfileError::States(states.len()));
        }
        if let Some(empty) = states.iter().position(Sketch::is_empty) {
            return Err(ProfileError::NoFrame(empty));
        }
        let seen: Vec<_> = states.iter().map(Sketch::tones).collect();
        let mark = |(spot, direction): (Spot, Direction)| {
            let (x, y) = spot.fraction();
            if places.iter().any(|place| place.contains(x, y)) {
                return Tone::Neither;
            }
            let count = |tone| {
                let alike = seen.iter().filter(|it| it.at(spot, direction) == tone);
                alike.count()
            };
            match (count(Tone::Brighter), count(Tone::Darker)) {
                (brighter, 0) if is_steady(brighter, seen.len()) => Tone::Brighter,
                (0, darker) if is_steady(darker, seen.len()) => Tone::Darker,
                (_, _) => Tone::Neither,
            }
        };
        let profile = Self {
            marks: places_of_marks().map(mark).collect(),
        };
        match profile.count() {
            few if few < MARKS_MIN => Err(ProfileError::Marks(few)),
            _ => Ok(profile),
        }
    }

    /// How many marks it has.
    #[must_use]
    pub fn count(&self) -> usize {
        let set = self.marks.iter().filter(|&&mark| mark != Tone::Neither);
        set.count()
    }

    /// Whether the camera hangs as it did, by one look.
    #[must_use]
    pub fn compare(&self, look: &Sketch) -> Hanging {
        if look.is_empty() {
            return Hanging::Unsure;
        }
        self.measure(look).verdict()
    }

    /// How well a look fits. The look is shifted over the profile by up to 7.5 % of the width each
    /// way, as a whole and in each region.
    #[must_use]
    pub fn measure(&self, look: &Sketch) -> Fit {
        let tones = look.tones();
        let marks: Vec<(Spot, Direction, i32)> = places_of_marks()
            .zip(&self.marks)
            .filter(|(_, tone)| **tone != Tone::Neither)
            .map(|((spot, direction), tone)| (spot, direction, tone.sign()))
            .collect();
        let mut best = Best::new();
        for down in -REACH..=REACH {
            for across in -REACH..=REACH {
                let mut agree = [0; REGIONS.0 * REGIONS.1];
                for (spot, direction, sign) in &marks {
                    let there = tones.beside(*spot, *direction, across, down);
                    agree[region(*spot)] += sign * there.sign();
                }
                best.take(across * across + down * down, &agree);
            }
        }
        let mut sizes = [0; REGIONS.0 * REGIONS.1];
        for (spot, _, _) in &marks {
            sizes[region(*spot)] += 1;
        }
        best.fit(&sizes)
    }

    /// What is written down: [`PROFILE_BYTES`].
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let digit = |tone: &Tone| match tone {
            Tone::Neither => 0,
            Tone::Brighter => 1,
            Tone::Darker => 2,
        };
        let packed = self.marks.chunks_exact(IN_A_BYTE).map(|five| {
            let digits = five.iter().rev().map(digit);
            digits.fold(0, |byte: u8, digit: u8| 3 * byte + digit)
        });
        std::iter::once(VERSION).chain(packed).collect()
    }

    /// Reads what [`Profile::to_bytes`] wrote. Finds accidents of length and version; whoever keeps
    /// the bytes keeps a checksum.
    ///
    /// # Errors
    ///
    /// The bytes are no profile, or one of another version, or one that `of` would not have made.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProfileError> {
        let (version, packed) = match bytes.split_first() {
            Some((version, packed)) if bytes.len() == PROFILE_BYTES => (*version, packed),
            Some(_) | None => return Err(ProfileError::Length(bytes.len())),
        };
        if version != VERSION {
            return Err(ProfileError::Version(version));
        }
        let mut marks = Vec::with_capacity(MARKS);
        for (byte, packed) in (1..).zip(packed) {
            let mut rest = *packed;
            for _ in 0..IN_A_BYTE {
                marks.push(match rest % 3 {
                    0 => Tone::Neither,
                    1 => Tone::Brighter,
                    _ => Tone::Darker,
                });
                rest /= 3;
            }
            if rest != 0 {
                return Err(ProfileError::Damaged(byte));
            }
        }
        let profile = Self { marks };
        match profile.count() {
            few if few < MARKS_MIN => Err(ProfileError::Marks(few)),
            _ => Ok(profile),
        }
    }
}

impl Fit {
    /// All three added up: what the thresholds are of. A look of a room that is quite as it was
    /// has about 1.4, one of another room −0.3.
    #[must_use]
    pub fn total(&self) -> f32 {
        self.here + self.lead + self.regions
    }

    /// What it says of how the camera hangs.
    #[must_use]
    pub fn verdict(&self) -> Hanging {
        match self.total() {
            total if total < MOVED_BELOW => Hanging::Moved,
            total if total >= IN_PLACE_FROM => Hanging::InPlace,
            _ => Hanging::Unsure,
        }
    }
}

/// The best agreement so far, here and elsewhere, of the whole and of each region.
struct Best {
    whole: (i32, i32),
    regions: [(i32, i32); REGIONS.0 * REGIONS.1],
}

impl Best {
    fn new() -> Self {
        Self {
            whole: (i32::MIN, i32::MIN),
            regions: [(i32::MIN, i32::MIN); REGIONS.0 * REGIONS.1],
        }
    }

    /// Takes in the agreement at one squared shift.
    fn take(&mut self, shift: i32, agree: &[i32; REGIONS.0 * REGIONS.1]) {
        let raise = |best: &mut (i32, i32), agree: i32| {
            if shift <= HERE {
                best.0 = best.0.max(agree);
            } else if shift >= ELSEWHERE {
                best.1 = best.1.max(agree);
            }
        };
        raise(&mut self.whole, agree.iter().sum());
        for (best, agree) in self.regions.iter_mut().zip(agree) {
            raise(best, *agree);
        }
    }

    fn fit(&self, sizes: &[usize; REGIONS.0 * REGIONS.1]) -> Fit {
        let share = |agree: i32, of: usize| agree as f32 / of.max(1) as f32;
        let marks = sizes.iter().sum();
        let asked = || {
            let all = self.regions.iter().zip(sizes);
            all.filter(|(_, size)| **size >= REGION_MARKS)
        };
        let lead = asked().map(|((here, elsewhere), _)| here - elsewhere).sum();
        Fit {
            here: share(self.whole.0, marks),
            lead: share(self.whole.0 - self.whole.1, marks),
            regions: share(lead, asked().map(|(_, size)| *size).sum()),
        }
    }
}

/// Whether so many states that say the same make a mark.
fn is_steady(alike: usize, states: usize) -> bool {
    alike + states / SILENT_ONE_IN >= states
}

/// Where marks can be, in the order in which they are written down.
fn places_of_marks() -> impl Iterator<Item = (Spot, Direction)> {
    let spots = (0..ROWS).flat_map(|row| (0..COLUMNS).map(move |column| Spot::of(column, row)));
    spots.flat_map(|spot| Direction::BOTH.map(|direction| (spot, direction)))
}

/// The region that a place of the grid lies in.
fn region(spot: Spot) -> usize {
    let (x, y) = spot.cell();
    (y * REGIONS.1 / ROWS) * REGIONS.0 + x * REGIONS.0 / COLUMNS
}

#[cfg(test)]
mod tests;
