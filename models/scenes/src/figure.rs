//! Who somebody is: age, sex, build, hair, skin and clothes, the same in every posture.
//!
//! Deliberately no identity: a figure is a handful of measures from a seed. Where a range has no
//! source of its own it was set by eye against photographs of sleepers.

use crate::clothes::Clothes;
use crate::dice::Dice;
use crate::hair::Hair;

/// Which of two sets of proportions a figure has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sex {
    Woman,
    Man,
}

/// Why somebody is in the room, which says how they are dressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Lives there: old, in what one sleeps in or went to bed in.
    Resident,
    /// Staff or a visitor: any grown age, dressed.
    Visitor,
}

/// Things on a face that change what it looks like from across a room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Face {
    /// How deep-set the eyes are, 0–1.
    pub(crate) sockets: f32,
    /// How dark and wide the brows are, 0–1.
    pub(crate) brows: f32,
    /// How much of the beard's area is hair, 0 shaven to 1.
    pub(crate) beard: f32,
    /// How dark the rims of glasses are; 0 without.
    pub(crate) glasses: f32,
    /// Open mouth, 0 closed to 1.
    pub(crate) mouth: f32,
}

/// One person's figure and clothes.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) sex: Sex,
    pub(crate) height: f32,
    /// Thickness of limbs and trunk; 1 is slender-normal.
    pub(crate) girth: f32,
    /// How far the belly stands out, in shares of its radius.
    pub(crate) belly: f32,
    /// Width of shoulders and of hips, 1 the middle.
    pub(crate) shoulders: f32,
    pub(crate) hips: f32,
    /// Size of the head, 1 the middle: it varies less than height.
    pub(crate) head: f32,
    /// How bent the upper back is, 0 straight to 1.
    pub(crate) stoop: f32,
    /// Share of light skin gives back.
    pub(crate) skin: f32,
    pub(crate) hair: Hair,
    pub(crate) face: Face,
    pub(crate) clothes: Clothes,
}

impl Figure {
    pub(crate) fn draw(dice: &mut Dice, role: Role) -> Self {
        let sex = if dice.chance(0.55) {
            Sex::Woman
        } else {
            Sex::Man
        };
        // Shares of old people among residents: nearly all, but a model must not need wrinkles.
        let age = match role {
            Role::Resident => 1.0 - 0.8 * dice.unit().powi(2),
            Role::Visitor => dice.between(0.0, 0.7),
        };
        let small = if dice.chance(0.06) { 0.14 } else { 0.0 };
        let (mean, shoulders, hips) = match sex {
            Sex::Woman => (1.64, dice.between(0.86, 0.98), dice.between(0.98, 1.16)),
            Sex::Man => (1.77, dice.between(0.96, 1.1), dice.between(0.9, 1.02)),
        };
        let build = dice.unit();
        let girth = 0.84 + 0.52 * build * build.sqrt() + dice.around(0.05);
        Self {
            sex,
            height: mean - 0.06 * age + dice.around(0.12) - small,
            girth,
            belly: (girth - 0.9).max(0.0) * dice.between(0.3, 1.4),
            shoulders,
            hips,
            head: dice.between(0.94, 1.06),
            stoop: (age - 0.4).max(0.0) * dice.unit(),
            // At 940 nm all skin is fairly bright; melanin matters little (Anderson and Parrish
            // 1981). Bedding is brighter than skin in most night pictures.
            skin: dice.between(0.4, 0.66),
            hair: Hair::draw(&mut dice.fork("hair"), sex, age),
            face: Face::draw(&mut dice.fork("face"), sex),
            clothes: match role {
                Role::Resident if dice.chance(0.85) => Clothes::for_night(&mut dice.fork("night")),
                Role::Resident | Role::Visitor => Clothes::for_day(&mut dice.fork("day")),
            },
        }
    }
}

impl Face {
    fn draw(dice: &mut Dice, sex: Sex) -> Self {
        let bearded = sex == Sex::Man && dice.chance(0.3);
        Self {
            sockets: dice.between(0.3, 1.0),
            brows: dice.between(0.1, 1.0),
            beard: if bearded { dice.between(0.3, 1.0) } else { 0.0 },
            glasses: if dice.chance(0.05) {
                dice.between(0.5, 0.9)
            } else {
                0.0
            },
            mouth: if dice.chance(0.3) { dice.unit() } else { 0.0 },
        }
    }
}
