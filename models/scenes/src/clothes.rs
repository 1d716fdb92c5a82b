//! What people wear at night and by day: how far garments reach, and how they look.
//!
//! Deliberately no cut or seams: a garment is a reach over trunk, arms and legs, a print, and folds
//! that lean the surface. Reaches are shares of a whole arm or leg.

use crate::dice::Dice;
use crate::material::seed;
use crate::noise::{ridged, rough, smooth, step};

/// What is printed or knitted into a cloth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Print {
    Plain,
    Rings,
    Stripes,
    Checks,
    Dots,
    Flowers,
    Motif,
}

/// A cloth as near-infrared light sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cloth {
    albedo: f32,
    print: Print,
    /// Width of one element of the print in metres.
    scale: f32,
    /// What the printed parts give back relative to the rest: below 1 darker, above 1 lighter.
    ink: f32,
    seed: u32,
    /// How strongly it folds, 0 a tight vest to 1 a wide sweater.
    pub(crate) folds: f32,
}

/// How much of a trunk is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Torso {
    Covered,
    Bare,
}

/// One set of clothes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clothes {
    pub(crate) top: Cloth,
    pub(crate) bottom: Cloth,
    pub(crate) torso: Torso,
    /// Share of the arm that sleeves cover.
    pub(crate) sleeves: f32,
    /// Share of the leg that trousers cover.
    pub(crate) legs: f32,
    /// Share of the leg that a gown or a skirt falls over; 0 without one.
    pub(crate) skirt: f32,
    /// How far cloth stands off the skin in metres.
    pub(crate) loose: f32,
    pub(crate) socks: Option<Cloth>,
}

impl Cloth {
    /// Many dyes are clear at 940 nm, so light cloth is commonest; blacks dyed for it stay dark.
    fn draw(dice: &mut Dice) -> Self {
        let albedo = match dice.unit() {
            x if x < 0.3 => dice.between(0.05, 0.2),
            x if x < 0.52 => dice.between(0.2, 0.45),
            _ => dice.between(0.45, 0.88),
        };
        let print = dice.pick(&[
            Print::Plain,
            Print::Plain,
            Print::Plain,
            Print::Rings,
            Print::Stripes,
            Print::Checks,
            Print::Dots,
            Print::Flowers,
            Print::Motif,
        ]);
        let ink = if albedo < 0.3 && dice.chance(0.6) {
            dice.between(1.6, 3.0)
        } else {
            dice.between(0.25, 0.85)
        };
        Self {
            albedo,
            print,
            scale: dice.between(0.018, 0.07),
            ink: ink.min(0.85 / albedo),
            seed: seed(dice),
            folds: dice.between(0.35, 1.0),
        }
    }

    fn plain(dice: &mut Dice, low: f32, high: f32) -> Self {
        Self {
            albedo: dice.between(low, high),
            print: Print::Plain,
            ..Self::draw(dice)
        }
    }

    /// Share of light given back `u` across and `v` along what wears it, in metres.
    pub(crate) fn albedo_at(&self, u: f32, v: f32) -> f32 {
        let (a, b) = (u / self.scale, v / self.scale);
        let band = |x: f32| step(0.35, 0.6, (x.rem_euclid(2.0) - 1.0).abs());
        let spot = |a: f32, b: f32, size: f32| {
            let (x, y) = (a.rem_euclid(1.0) - 0.5, b.rem_euclid(1.0) - 0.5);
            step(size + 0.1, size - 0.1, (x * x + y * y).sqrt())
        };
        let inked = match self.print {
            Print::Plain => return self.worn(u, v),
            Print::Rings => band(b),
            Print::Stripes => band(a),
            Print::Checks => 0.5 * (band(a) + band(b)),
            Print::Dots => spot(a + 0.5 * b.floor().rem_euclid(2.0), b, 0.25),
            Print::Flowers => {
                let (wide, high) = (0.5 * a, 0.5 * b);
                let size = 0.2 + 0.2 * smooth(wide.floor() * 3.1, high.floor() * 5.3, self.seed);
                let row = 0.5 * high.floor().rem_euclid(2.0);
                spot(wide + row, high, size) - 0.6 * spot(wide + row, high, 0.12)
            }
            Print::Motif => step(0.6, 0.68, rough(0.8 * a, 0.8 * b, self.seed)),
        };
        self.worn(u, v) * (1.0 + (self.ink - 1.0) * inked)
    }

    fn worn(&self, u: f32, v: f32) -> f32 {
        self.albedo * (0.92 + 0.16 * smooth(7.0 * u, 7.0 * v, self.seed))
    }

    /// Height of the folds in metres, for leaning the surface and darkening its hollows.
    pub(crate) fn fold(&self, u: f32, v: f32) -> f32 {
        let bend = 0.12 * smooth(5.0 * u, 5.0 * v, self.seed.wrapping_add(1));
        let rings = ridged(4.0 * u, 15.0 * (v + bend), self.seed.wrapping_add(2));
        let long = ridged(14.0 * (u + bend), 4.0 * v, self.seed.wrapping_add(3));
        self.folds * 0.014 * (0.65 * rings + 0.35 * long)
    }
}

impl Clothes {
    /// What somebody in bed wears.
    pub(crate) fn for_night(dice: &mut Dice) -> Self {
        let (top, other) = (Cloth::draw(dice), Cloth::draw(dice));
        let long = dice.between(0.85, 0.97);
        let (short, above_knee) = (dice.between(0.2, 0.42), dice.between(0.16, 0.42));
        let plain = Self {
            top,
            bottom: other,
            torso: Torso::Covered,
            sleeves: short,
            legs: above_knee,
            skirt: 0.0,
            loose: dice.between(0.004, 0.016),
            socks: dice.chance(0.3).then(|| Cloth::plain(dice, 0.08, 0.8)),
        };
        let underpants = dice.between(0.03, 0.09);
        match dice.unit() {
            // Pyjamas: one cloth all over.
            x if x < 0.24 => Self {
                bottom: top,
                sleeves: long,
                legs: long,
                ..plain
            },
            // A nightgown or a long shirt.
            x if x < 0.44 => Self {
                bottom: top,
                sleeves: if dice.chance(0.5) { long } else { short },
                legs: 0.0,
                skirt: dice.between(0.3, 0.85),
                ..plain
            },
            x if x < 0.62 => plain,
            // A shirt and underpants or a pad.
            x if x < 0.73 => Self {
                bottom: Cloth::plain(dice, 0.5, 0.9),
                sleeves: dice.pick(&[0.03, short]),
                legs: underpants,
                ..plain
            },
            // Nothing above the waist.
            x if x < 0.83 => Self {
                bottom: if dice.chance(0.4) {
                    Cloth::plain(dice, 0.6, 0.9)
                } else {
                    other
                },
                torso: Torso::Bare,
                sleeves: 0.0,
                legs: dice.pick(&[underpants, underpants, above_knee, long]),
                ..plain
            },
            _ => Self {
                legs: long,
                sleeves: dice.pick(&[short, long, long]),
                ..plain
            },
        }
    }

    /// What somebody up and dressed wears: a shirt, a sweater or a tunic, and trousers or a skirt.
    pub(crate) fn for_day(dice: &mut Dice) -> Self {
        let (top, bottom) = (Cloth::draw(dice), Cloth::plain(dice, 0.05, 0.6));
        let long = dice.between(0.85, 0.97);
        Self {
            top,
            bottom,
            torso: Torso::Covered,
            sleeves: if dice.chance(0.5) { long } else { 0.3 },
            legs: long + 0.03,
            skirt: if dice.chance(0.15) {
                dice.between(0.05, 0.6)
            } else {
                0.0
            },
            loose: dice.between(0.006, 0.02),
            socks: Some(Cloth::plain(dice, 0.05, 0.7)),
        }
    }
}
