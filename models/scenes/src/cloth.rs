//! A cover's cloth, and the form it takes over pillows and people.
//!
//! The form is that of a heavy membrane: taut between what holds it up, sagging to the mattress
//! with a soft valley, pressed flat by its own thickness; folds and quilting are laid on top.
//! Deliberately without cloth dynamics: what shows at this size is where the cloth touches.

use crate::bed::Bed;
use crate::dice::Dice;
use crate::fabric::{Grid, Print};
use crate::lie::Lie;
use crate::material::{self, Material};
use crate::noise::{ridged, rough, step};
use crate::rounding::index;

/// Stitching that divides a filled cover.
#[derive(Clone, Copy, Debug)]
enum Quilting {
    None,
    /// Seams across, this far apart.
    Rows(f32),
    /// Squares of this size.
    Squares(f32),
}

/// What a cover is made of; the same however it lies.
#[derive(Clone, Debug)]
pub(crate) struct Cloth {
    thickness: f32,
    /// Curvature of the cloth where nothing holds it, per metre: small hides a body under a tent,
    /// large shows its outline.
    sag: f32,
    /// How far a body sinks into the mattress and the filling, in metres.
    give: f32,
    /// How sharp its creases are: 0 smooth.
    crease: f32,
    quilting: Quilting,
    front: Material,
    back: Material,
    seed: u32,
}

/// What does not depend on who is under a cover, one value for each cell of a grid.
#[derive(Clone, Debug)]
pub(crate) struct Still {
    /// Distance inside the outline, negative where there is no cloth.
    pub(crate) inside: Vec<f32>,
    /// 1 where the cloth shows its back, 0 elsewhere.
    pub(crate) turned: Vec<f32>,
    /// Height of rolls that hold the cloth up.
    hollow: Vec<f32>,
    folds: Vec<f32>,
    hang: Vec<f32>,
    sag: f32,
}

impl Cloth {
    /// A duvet, a blanket or a bedspread.
    pub(crate) fn cover(dice: &mut Dice) -> Self {
        let front = Material::linen(dice);
        let filled = dice.chance(0.62);
        let back = if dice.chance(0.5) {
            front.faded(dice)
        } else {
            Material::linen(dice)
        };
        let quilting = match dice.unit() {
            x if x < 0.7 => Quilting::None,
            x if x < 0.85 => Quilting::Rows(dice.between(0.14, 0.3)),
            _ => Quilting::Squares(dice.between(0.14, 0.3)),
        };
        Self {
            thickness: if filled {
                dice.between(0.03, 0.12)
            } else {
                dice.between(0.006, 0.02)
            },
            sag: if filled {
                dice.between(2.5, 9.0)
            } else {
                dice.between(5.0, 14.0)
            },
            give: dice.pick(&[0.01, 0.03, 0.06, 0.09]),
            crease: if filled {
                dice.between(0.15, 0.6)
            } else {
                dice.between(0.3, 0.9)
            },
            quilting: if filled { quilting } else { Quilting::None },
            front,
            back,
            seed: material::seed(dice),
        }
    }

    /// A sheet below the cover.
    pub(crate) fn sheet(dice: &mut Dice) -> Self {
        let front = Material::linen(dice);
        Self {
            thickness: 0.004,
            sag: dice.between(8.0, 18.0),
            give: 0.0,
            crease: dice.between(0.5, 1.0),
            quilting: Quilting::None,
            front,
            back: front.faded(dice),
            seed: material::seed(dice),
        }
    }

    /// A throw above it.
    pub(crate) fn throw(dice: &mut Dice) -> Self {
        let knitted = dice.between(0.008, 0.02);
        Self {
            thickness: knitted,
            ..Self::sheet(dice)
        }
    }

    /// A cover of the same make and print, for the other half of a double bed.
    pub(crate) fn sister(&self, dice: &mut Dice) -> Self {
        let other = Self::cover(dice);
        if dice.chance(0.7) {
            Self {
                seed: other.seed,
                ..self.clone()
            }
        } else {
            other
        }
    }

    /// How much the cloth rounds what is below it, in metres.
    pub(crate) fn rounding(&self) -> f32 {
        0.04 + 0.5 * self.thickness
    }

    /// How it looks from above.
    pub(crate) fn print(&self, lie: &Lie) -> Print {
        Print {
            front: self.front,
            back: self.back,
            crease: self.crease * (0.6 + 24.0 * lie.folds).min(1.8),
            warp: lie.warp,
            origin: (lie.left, lie.hem),
            seed: lie.seed,
        }
    }

    /// What `lie` makes of the cloth on `grid`, whoever is under it.
    pub(crate) fn still(&self, lie: &Lie, bed: &Bed, grid: &Grid) -> Still {
        let hollow = |u, v| {
            let tops = lie.rolls.iter().map(|roll| roll.top(u, v));
            tops.fold(0.0, f32::max)
        };
        Still {
            inside: grid.map(|u, v| lie.inside(bed, u, v)),
            turned: grid.map(|u, v| step(-0.005, 0.02, lie.flap(u, v))),
            hollow: grid.map(hollow),
            folds: grid.map(|u, v| self.own_height(lie, u, v)),
            hang: grid.map(|u, v| lie.hang(bed, u, v)),
            sag: self.sag * lie.collapse(),
        }
    }

    /// Forms the cloth over `ground`, what is there without people, and `raised`, the same with
    /// people; gives its heights.
    pub(crate) fn form(
        &self,
        still: &Still,
        grid: &Grid,
        ground: &[f32],
        raised: &[f32],
    ) -> Vec<f32> {
        let inside = &still.inside;
        let cells = ground.iter().zip(raised).zip(inside).zip(&still.hollow);
        let below: Vec<f32> = cells
            .map(|(((&ground, &raised), &edge), &hollow)| {
                // What lies beside the cloth must not hold it up: a head is not under the hem.
                if edge < -0.03 {
                    return 0.0;
                }
                // Near its edge the cloth is too light to press anybody into the mattress.
                let pressed = self.give * step(0.0, 0.2, edge);
                ground.max(raised - pressed.min(0.45 * raised)).max(hollow)
            })
            .collect();
        let mut heights = below.clone();
        grid.settle(&mut heights, &below, still.sag);
        // A membrane comes to a point over toes and elbows; a filled cover is too stiff to.
        for _ in 0..index(2.0 + 60.0 * self.thickness, 10) {
            grid.soften(&mut heights);
        }
        for (i, height) in heights.iter_mut().enumerate() {
            let puff = step(-0.01, 0.04 + 0.5 * self.thickness, inside[i]);
            let folds = self.thickness + still.folds[i].max(-0.6 * self.thickness);
            let flap = still.turned[i] * (self.thickness + 0.012);
            *height += 0.008 + (folds + flap) * puff - still.hang[i];
        }
        grid.soften(&mut heights);
        for (i, height) in heights.iter_mut().enumerate() {
            if inside[i] > 0.0 && below[i] > 0.0 {
                // People and hollows give way a little; pillows must not show through.
                *height = height.max(below[i] - 0.02);
                if ground[i] > 0.0 {
                    *height = height.max(ground[i] + 0.008);
                }
            }
        }
        heights
    }

    /// Folds, tension and quilting at a point, in metres, whoever is under the cloth.
    fn own_height(&self, lie: &Lie, u: f32, v: f32) -> f32 {
        let seed = lie.seed;
        let (sin, cos) = lie.grain.sin_cos();
        let bend = 0.3 * rough(1.7 * u, 1.7 * v, seed) - 0.15;
        let (along, across) = (u * cos + v * sin, v * cos - u * sin + bend);
        let long = ridged(1.5 * along, 5.0 * across, seed.wrapping_add(3));
        let short = ridged(4.6 * u + 2.4 * bend, 5.0 * v, seed.wrapping_add(5));
        let soft = rough(2.2 * u, 2.2 * v, seed.wrapping_add(7)) - 0.5;
        // Folds come and go: calm patches between them.
        let calm = step(0.25, 0.7, rough(1.3 * u, 1.3 * v, seed.wrapping_add(8)));
        let taut = lie
            .anchors
            .iter()
            .map(|anchor| tension(*anchor, u, v, seed))
            .sum::<f32>();
        let folds = (0.35 + 0.65 * calm) * (1.1 * long + 0.6 * short - 0.6);
        lie.folds * (folds + 0.7 * soft + 0.5 * taut) + self.quilted(lie, u, v)
    }

    /// How far stitching pulls a filled cover down: 0 on the pads, below on the seams.
    fn quilted(&self, lie: &Lie, u: f32, v: f32) -> f32 {
        let seam = |x: f32, size: f32| {
            let off = ((x / size).rem_euclid(1.0) - 0.5).abs() * size;
            (-off / 0.025).exp()
        };
        let (a, b) = (u - lie.left, v - lie.hem);
        let pulled = match self.quilting {
            Quilting::None => 0.0,
            Quilting::Rows(size) => seam(b, size),
            Quilting::Squares(size) => seam(a, size).max(seam(b, size)),
        };
        -0.4 * self.thickness.min(0.05) * pulled
    }
}

/// Folds running out from a point under tension, fading within half a metre; about -0.4 to 0.6.
fn tension(anchor: (f32, f32), u: f32, v: f32, seed: u32) -> f32 {
    let (a, b) = (u - anchor.0, v - anchor.1);
    let far = (a * a + b * b).sqrt();
    if far > 0.9 {
        return 0.0;
    }
    let turn = b.atan2(a) * 1.6;
    let ray = ridged(
        turn.sin() * 2.2,
        turn.cos() * 2.2 + 0.6 * far,
        seed.wrapping_add(23),
    );
    (ray - 0.4) * step(0.0, 0.12, far) * step(0.9, 0.25, far)
}
