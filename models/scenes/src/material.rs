//! How much near-infrared light a surface gives back, and its pattern.
//!
//! Deliberately diffuse only: at 940 nm beside the lens, gloss shows as a small hot spot that the
//! sensor clips anyway.

use crate::dice::Dice;
use crate::noise;

/// A printed or grown pattern on a surface.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pattern {
    Plain,
    Stripes,
    Checks,
    Blossoms,
    Wood,
    Boards,
    Mottled,
}

/// A diffuse surface.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Material {
    /// Share of light given back, 0–1.
    pub(crate) albedo: f32,
    pattern: Pattern,
    /// Width of one pattern element in metres.
    scale: f32,
    /// 0 hides the pattern, 1 takes its dark parts to black.
    contrast: f32,
    seed: u32,
}

impl Material {
    pub(crate) fn plain(albedo: f32) -> Self {
        Self {
            albedo,
            pattern: Pattern::Plain,
            scale: 1.0,
            contrast: 0.0,
            seed: 0,
        }
    }

    /// Cotton: at 940 nm most dyes are clear, so most linen is bright and prints are faint.
    pub(crate) fn linen(dice: &mut Dice) -> Self {
        let albedo = match dice.unit() {
            x if x < 0.12 => dice.between(0.1, 0.22),
            x if x < 0.3 => dice.between(0.25, 0.45),
            _ => dice.between(0.5, 0.88),
        };
        let pattern = dice.pick(&[
            Pattern::Plain,
            Pattern::Mottled,
            Pattern::Stripes,
            Pattern::Checks,
            Pattern::Blossoms,
            Pattern::Blossoms,
        ]);
        let scale = dice.between(0.03, 0.14);
        Self {
            albedo,
            pattern,
            scale,
            contrast: dice.between(0.08, 0.5),
            seed: seed(dice),
        }
    }

    pub(crate) fn clothes(dice: &mut Dice) -> Self {
        let albedo = if dice.chance(0.25) {
            dice.between(0.08, 0.2)
        } else {
            dice.between(0.3, 0.85)
        };
        let pattern = dice.pick(&[
            Pattern::Plain,
            Pattern::Plain,
            Pattern::Stripes,
            Pattern::Blossoms,
        ]);
        let scale = dice.between(0.02, 0.06);
        Self {
            albedo,
            pattern,
            scale,
            contrast: dice.between(0.1, 0.5),
            seed: seed(dice),
        }
    }

    pub(crate) fn wood(dice: &mut Dice) -> Self {
        Self {
            albedo: dice.between(0.18, 0.7),
            pattern: Pattern::Wood,
            scale: dice.between(0.04, 0.09),
            contrast: dice.between(0.1, 0.4),
            seed: seed(dice),
        }
    }

    pub(crate) fn wall(dice: &mut Dice) -> Self {
        let pattern = dice.pick(&[
            Pattern::Mottled,
            Pattern::Mottled,
            Pattern::Plain,
            Pattern::Stripes,
            Pattern::Blossoms,
        ]);
        Self {
            albedo: dice.between(0.25, 0.75),
            pattern,
            scale: dice.between(0.1, 0.35),
            contrast: dice.between(0.03, 0.16),
            seed: seed(dice),
        }
    }

    pub(crate) fn floor(dice: &mut Dice) -> Self {
        let pattern = dice.pick(&[Pattern::Boards, Pattern::Boards, Pattern::Mottled]);
        Self {
            albedo: dice.between(0.12, 0.5),
            pattern,
            scale: dice.between(0.08, 0.2),
            contrast: dice.between(0.1, 0.35),
            seed: seed(dice),
        }
    }

    /// Share of light given back at surface coordinates `u`, `v` in metres.
    pub(crate) fn albedo_at(&self, u: f32, v: f32) -> f32 {
        let (a, b) = (u / self.scale, v / self.scale);
        let dark = match self.pattern {
            Pattern::Plain => return self.albedo,
            Pattern::Stripes => noise::step(0.3, 0.5, (a.rem_euclid(2.0) - 1.0).abs()),
            Pattern::Checks => {
                let band = |x: f32| noise::step(0.4, 0.6, (x.rem_euclid(2.0) - 1.0).abs());
                0.5 * (band(a) + band(b))
            }
            Pattern::Blossoms => noise::step(0.56, 0.66, noise::rough(1.6 * a, 1.6 * b, self.seed)),
            Pattern::Wood => noise::rough(a, b * 0.12, self.seed),
            Pattern::Boards => {
                let row = a.floor();
                let tone =
                    noise::smooth(row * 7.3, (b * 0.12 + row * 0.37).floor() * 5.1, self.seed);
                let grain = noise::smooth(a * 6.0, b * 0.5, self.seed);
                let gap = noise::step(0.46, 0.5, (a - row - 0.5).abs());
                0.5 * tone + 0.3 * grain + 0.7 * gap
            }
            Pattern::Mottled => noise::rough(a, b, self.seed),
        };
        self.albedo * (1.0 - self.contrast * dark)
    }
}

/// A seed for a noise field.
pub(crate) fn seed(dice: &mut Dice) -> u32 {
    let [a, b, c, d, ..] = dice.bits().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
