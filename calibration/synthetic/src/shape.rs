//! The numbers that invented homes are drawn by, and where each comes from.
//!
//! **Measured** on the scores that `make eval PICTURES=2700` writes for generated rooms that the
//! network was never trained on (in the bed, log-odds, scores held between 0.0001 and 0.9999), by
//! one-way analysis of variance between rooms. Empty beds, 1,464 pictures in 385 rooms: mean -5.0,
//! variance between rooms 1.7 and within 3.1, and a tail to the right: one in a hundred reaches
//! 1.65, one in two hundred 2.7, where a normal distribution would have 0.1 and 0.7. Sleepers, 718
//! pictures in 333 rooms: mean 4.0, between rooms 3.2, within 5.1; those who are covered 1.1 below
//! those who are not. A room's empty beds and its sleepers do not move together (-0.09). Frames of
//! one look differ by a variance of 0.2 to 0.7.
//!
//! **Invented**: how the variance within a room divides between state, night, check and look, and
//! what makes the tail: one home in seventeen that is odd, and one night in fifty with something
//! on the pillow. The levels below add up to what was measured, roughly. Whether real bedrooms are
//! like generated ones nobody knows.

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
    /// Share of checks in each state, and what the state adds. The first four are staged when a
    /// home is commissioned; the last cannot be.
    pub states: [(f64, f64); 5],
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
    /// With nobody there. States: bare, made, heaped, just left, something on the pillow.
    pub nobody: Levels,
    /// With somebody there. States: uncovered, half covered, covered, up to the chin, under it all.
    pub somebody: Levels,
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
                mean: -5.2,
                home: 1.1,
                states: [
                    (0.10, -1.7),
                    (0.30, 0.0),
                    (0.30, 0.2),
                    (0.28, 0.3),
                    (0.02, 4.0),
                ],
                night: 1.0,
                check: 0.7,
                look: 0.9,
            },
            somebody: Levels {
                mean: 4.2,
                home: 1.75,
                states: [
                    (0.25, 0.8),
                    (0.30, 0.4),
                    (0.29, -0.6),
                    (0.15, -1.8),
                    (0.01, -4.0),
                ],
                night: 1.3,
                check: 1.0,
                look: 1.2,
            },
            odd: 0.06,
            odd_nobody: 3.5,
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
