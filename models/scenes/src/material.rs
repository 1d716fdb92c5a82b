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
    Dots,
    /// Rings side by side.
    Rings,
    /// Big leaves or flowers, their outlines drawn.
    Leaves,
    /// Scattered small drawings, as on a child's bedding.
    Figures,
    /// Lines like writing.
    Text,
    /// Crossed bands of several widths.
    Tartan,
    ZigZag,
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
    /// Light of its own, in the unit of [`crate::Radiance`].
    pub(crate) glow: f32,
}

impl Material {
    pub(crate) fn plain(albedo: f32) -> Self {
        Self {
            albedo,
            pattern: Pattern::Plain,
            scale: 1.0,
            contrast: 0.0,
            seed: 0,
            glow: 0.0,
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
            Pattern::Plain,
            Pattern::Mottled,
            Pattern::Stripes,
            Pattern::Checks,
            Pattern::Blossoms,
            Pattern::Leaves,
            Pattern::Leaves,
            Pattern::Figures,
            Pattern::Figures,
            Pattern::Dots,
            Pattern::Rings,
            Pattern::Tartan,
            Pattern::ZigZag,
            Pattern::Text,
        ]);
        let faint = dice.chance(0.6);
        Self {
            albedo,
            pattern,
            scale: match pattern {
                Pattern::Leaves | Pattern::Figures => dice.between(0.1, 0.3),
                Pattern::Plain
                | Pattern::Stripes
                | Pattern::Checks
                | Pattern::Blossoms
                | Pattern::Wood
                | Pattern::Boards
                | Pattern::Mottled
                | Pattern::Dots
                | Pattern::Rings
                | Pattern::Text
                | Pattern::Tartan
                | Pattern::ZigZag => dice.between(0.03, 0.15),
            },
            contrast: if faint {
                dice.between(0.05, 0.25)
            } else {
                dice.between(0.25, 0.8)
            },
            seed: seed(dice),
            glow: 0.0,
        }
    }

    /// What lies on the mattress, or its cover: mostly pale and plain.
    pub(crate) fn sheet(dice: &mut Dice) -> Self {
        if dice.chance(0.65) {
            let pale = dice.between(0.5, 0.92);
            return Self::mottled(dice, pale);
        }
        Self::linen(dice)
    }

    pub(crate) fn pillowcase(dice: &mut Dice) -> Self {
        if dice.chance(0.5) {
            let pale = dice.between(0.45, 0.9);
            return Self::mottled(dice, pale);
        }
        Self::linen(dice)
    }

    /// Nearly plain, as wool, fur or plush.
    pub(crate) fn mottled(dice: &mut Dice, albedo: f32) -> Self {
        Self {
            albedo,
            pattern: Pattern::Mottled,
            scale: dice.between(0.03, 0.12),
            contrast: dice.between(0.02, 0.2),
            seed: seed(dice),
            glow: 0.0,
        }
    }

    /// A newspaper or a page.
    pub(crate) fn print(dice: &mut Dice) -> Self {
        Self {
            albedo: dice.between(0.6, 0.9),
            pattern: Pattern::Text,
            scale: dice.between(0.02, 0.05),
            contrast: dice.between(0.2, 0.7),
            seed: seed(dice),
            glow: 0.0,
        }
    }

    /// The other side of the same cloth: the print shows through faintly, or not at all.
    pub(crate) fn faded(&self, dice: &mut Dice) -> Self {
        Self {
            albedo: (self.albedo * dice.between(0.8, 1.2)).clamp(0.08, 0.92),
            contrast: self.contrast * dice.between(0.0, 0.5),
            ..*self
        }
    }

    /// The same surface, lit from within with `probability`.
    pub(crate) fn glowing(self, dice: &mut Dice, probability: f32) -> Self {
        // From a dim screen to a bulb brighter than anything the lamp lights two metres away.
        let glow = if dice.chance(probability) {
            dice.between(0.02, 0.6)
        } else {
            0.0
        };
        Self { glow, ..self }
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
            glow: 0.0,
        }
    }

    pub(crate) fn wood(dice: &mut Dice) -> Self {
        Self {
            albedo: dice.between(0.18, 0.7),
            pattern: Pattern::Wood,
            scale: dice.between(0.04, 0.09),
            contrast: dice.between(0.1, 0.4),
            seed: seed(dice),
            glow: 0.0,
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
            glow: 0.0,
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
            glow: 0.0,
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
            Pattern::Dots => {
                let shift = 0.5 * b.floor().rem_euclid(2.0);
                let (x, y) = ((a + shift).rem_euclid(1.0) - 0.5, b.rem_euclid(1.0) - 0.5);
                noise::step(0.30, 0.24, (x * x + y * y).sqrt())
            }
            Pattern::Rings => {
                let (x, y) = (a.rem_euclid(1.0) - 0.5, b.rem_euclid(1.0) - 0.5);
                let far = (x * x + y * y).sqrt();
                noise::step(0.1, 0.06, (far - 0.36).abs()).max(noise::step(0.14, 0.1, far))
            }
            Pattern::Leaves => {
                let form = noise::rough(1.1 * a, 1.1 * b, self.seed);
                let vein = noise::smooth(3.0 * a, 3.0 * b, self.seed.wrapping_add(3));
                let fill = noise::step(0.52, 0.56, form);
                let line = noise::step(0.03, 0.01, (form - 0.5).abs());
                (fill * (0.4 + 0.5 * vein)).max(line)
            }
            Pattern::Figures => figures(a, b, self.seed),
            Pattern::Text => {
                let line = b.rem_euclid(1.0);
                let words = noise::smooth(a * 2.5, b.floor() * 3.7, self.seed);
                let strokes = noise::smooth(a * 11.0, b * 4.0, self.seed.wrapping_add(1));
                noise::step(0.35, 0.45, words)
                    * noise::step(0.4, 0.55, strokes)
                    * noise::step(0.35, 0.3, (line - 0.5).abs())
            }
            Pattern::Tartan => {
                let band = |x: f32| {
                    let at = x.rem_euclid(3.0);
                    let wide = noise::step(0.55, 0.5, (at - 0.7).abs());
                    let thin = noise::step(0.12, 0.08, (at - 2.1).abs());
                    0.7 * wide + thin
                };
                0.5 * (band(a) + band(b))
            }
            Pattern::ZigZag => {
                let tooth = (a.rem_euclid(2.0) - 1.0).abs();
                noise::step(0.4, 0.6, ((b + tooth).rem_euclid(2.0) - 1.0).abs())
            }
        };
        self.albedo * (1.0 - self.contrast * dark)
    }
}

/// A small outline drawing in most cells of a lattice, none in the others.
fn figures(a: f32, b: f32, seed: u32) -> f32 {
    let (column, row) = (a.floor(), b.floor());
    let own =
        |salt: u32| noise::smooth(column * 3.1 + 0.5, row * 5.3 + 0.5, seed.wrapping_add(salt));
    let (x, y) = (
        a - column - 0.5 - 0.2 * (own(1) - 0.5),
        b - row - 0.5 - 0.2 * (own(2) - 0.5),
    );
    let edge = noise::step(0.4, 0.36, (x * x + y * y).sqrt());
    if own(4) < 0.3 || edge <= 0.0 {
        return 0.0;
    }
    let form = noise::rough(4.0 * a, 4.0 * b, seed.wrapping_add(7)) + 0.25 * (own(3) - 0.5);
    let line = noise::step(0.06, 0.02, (form - 0.5).abs());
    edge * line.max(0.35 * noise::step(0.55, 0.6, form))
}

/// A seed for a noise field.
pub(crate) fn seed(dice: &mut Dice) -> u32 {
    let [a, b, c, d, ..] = dice.bits().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
