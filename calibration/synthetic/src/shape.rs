//! The numbers that invented homes are drawn by, and where each comes from.
//!
//! **Read off the model card** (`models/README.md`, "Safety figure" and its table of pictures as
//! shipped): of empty beds in generated rooms 14.5 % score 0.074 or more, 0.5 % 0.931 or more and
//! 0.2 % 0.961 or more; of sleepers 98 %, 74 %, 68 %, and 55 % reach 0.987. In log-odds both lie
//! close to a normal distribution: empty beds with mean -6.0 and deviation 3.3, sleepers with mean
//! 4.75 and deviation 3.35. The levels below add up to these.
//!
//! **Invented**: how the spread divides between home, state, night, check and look. The card counts
//! 8 wrong pictures in 7 of 386 rooms with four each, which speaks against a home deciding all and
//! not much else; two fifths of the variance are given to the home here. Also invented: the odd
//! homes, and how far a home's empty beds and sleepers move together.

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// An empty sleeping place.
    Nobody,
    /// Somebody in it.
    Somebody,
}

/// How one class of check scores, in log-odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Levels {
    /// Over all homes, states, nights and looks.
    pub mean: f64,
    /// Between homes.
    pub home: f64,
    /// What each state adds; all as frequent.
    pub states: [f64; 4],
    /// Between nights of one home.
    pub night: f64,
    /// Between checks of one night.
    pub check: f64,
    /// Between looks of one check.
    pub look: f64,
}

/// The whole model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// With nobody there. States: bare, made, heaped, just left.
    pub nobody: Levels,
    /// With somebody there. States: uncovered, half covered, covered, on the edge.
    pub somebody: Levels,
    /// How far a home's two effects go together: a room in which the model believes in everything.
    pub together: f64,
    /// Share of odd homes: a mirror, a patterned quilt, a camera across the room.
    pub odd: f64,
    /// What an odd home adds to empty beds, in log-odds.
    pub odd_nobody: f64,
    /// What it adds to sleepers.
    pub odd_somebody: f64,
    /// By how much more its checks vary.
    pub odd_spread: f64,
    /// Looks of a check, as the plan's default (architecture, "A night on the unit").
    pub looks: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            nobody: Levels {
                mean: -6.2,
                home: 2.0,
                states: [-1.4, -0.8, 0.9, 1.3],
                night: 1.3,
                check: 1.2,
                look: 1.5,
            },
            somebody: Levels {
                mean: 4.9,
                home: 2.0,
                states: [1.4, 0.6, -1.2, -0.8],
                night: 1.3,
                check: 1.2,
                look: 1.5,
            },
            together: 0.3,
            odd: 0.08,
            odd_nobody: 2.0,
            odd_somebody: -1.5,
            odd_spread: 1.2,
            looks: 5,
        }
    }
}

impl Shape {
    /// How checks of that kind score.
    #[must_use]
    pub fn levels(&self, presence: Presence) -> &Levels {
        match presence {
            Presence::Nobody => &self.nobody,
            Presence::Somebody => &self.somebody,
        }
    }
}
