//! How the duvet lies: made, folded back, rumpled as just left, or heaped.
//!
//! The state is drawn with the room and never with the person, so an empty bed is rumpled as often
//! as a full one. A person under the duvet only lifts it. Deliberately without cloth dynamics: a
//! tent over what is below, plus folds, is what shows at this size.

use crate::body::Body;
use crate::dice::Dice;
use crate::fabric::{Fabric, Grid};
use crate::furniture::Bed;
use crate::material::{self, Material};
use crate::noise::{ridged, rough, smooth, step};

/// The state of the bedding, the same whether or not somebody is in bed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bedding {
    /// Flat, up to the pillow.
    Made,
    /// Flat, the upper part turned down.
    FoldedBack,
    /// As somebody just left it or turns under it: folds, a slanting hem, perhaps a hollow hump.
    Rumpled,
    /// Thrown together in a heap.
    Heaped,
}

/// A rise in the duvet that nobody is under, as an ellipse in the bed's frame.
#[derive(Clone, Copy, Debug)]
struct Hump {
    middle: (f32, f32),
    reach: (f32, f32),
    height: f32,
}

/// What the cloth does whoever is under it, in metres: folds and humps upwards, hanging downwards.
#[derive(Clone, Copy, Debug)]
struct Own {
    folds: f32,
    hump: f32,
    hang: f32,
}

/// One duvet as drawn from a room's seed.
#[derive(Clone, Debug)]
pub(crate) struct Duvet {
    pub(crate) bedding: Bedding,
    thickness: f32,
    /// Distance of the upper edge from the bed's head, and how much it slants and waves.
    hem: f32,
    slant: f32,
    wave: f32,
    /// Where it ends to the left, to the right and at the foot, hanging parts laid flat.
    left: f32,
    right: f32,
    end: f32,
    /// Width of the turned-down strip; 0 without one.
    strip: f32,
    folds: f32,
    /// Direction of the main folds in radians.
    grain: f32,
    hump: Hump,
    /// Steepest fall of the cloth beside what it lies on, and how often it is evened out: a thick
    /// duvet shows no elbows.
    slope: f32,
    stiffness: u32,
    material: Material,
    seed: u32,
}

impl Duvet {
    pub(crate) fn draw(dice: &mut Dice, bed: &Bed) -> Self {
        let bedding = match dice.unit() {
            x if x < 0.24 => Bedding::Made,
            x if x < 0.44 => Bedding::FoldedBack,
            x if x < 0.8 => Bedding::Rumpled,
            _ => Bedding::Heaped,
        };
        let (hem, untidy, folds) = match bedding {
            Bedding::Made => (dice.between(0.36, 0.52), 0.1, dice.between(0.006, 0.014)),
            Bedding::FoldedBack => (dice.between(0.55, 1.15), 0.3, dice.between(0.01, 0.022)),
            Bedding::Rumpled => (dice.between(0.38, 0.85), 1.0, dice.between(0.022, 0.05)),
            Bedding::Heaped => (0.0, 1.0, dice.between(0.03, 0.07)),
        };
        let spare = dice.between(0.02, 0.32);
        let shift = dice.around(0.16) * untidy;
        let half = bed.width * 0.5;
        Self {
            bedding,
            thickness: dice.between(0.02, 0.07),
            hem,
            slant: dice.around(0.35) * untidy,
            wave: 0.03 + 0.12 * untidy * dice.unit(),
            left: -half - spare + shift,
            right: half + spare + shift,
            end: bed.length + dice.between(-0.12, 0.22) + dice.around(0.1) * untidy,
            strip: if bedding == Bedding::FoldedBack {
                dice.between(0.15, 0.4)
            } else {
                0.0
            },
            folds,
            grain: dice.around(1.6),
            hump: hump(dice, bedding, bed),
            slope: dice.between(1.3, 3.0),
            stiffness: dice.pick(&[3, 6, 9, 12]),
            material: Material::linen(dice),
            seed: material::seed(dice),
        }
    }

    /// Lays the duvet over the bed's pillows and over `lying`, the people under it.
    pub(crate) fn lay(&self, bed: &Bed, lying: &[&Body]) -> Fabric {
        /// Cloth that hangs down is drawn within this distance beyond the mattress.
        const APRON: f32 = 0.14;
        let half = bed.width * 0.5;
        let grid = Grid::over((-half - APRON, -0.02), (half + APRON, bed.length + APRON));
        let inside = grid.map(|u, v| self.inside(bed, u, v));
        let empty = self.heights(bed, &grid, &inside, &[]);
        let heights = if lying.is_empty() {
            empty.clone()
        } else {
            self.heights(bed, &grid, &inside, lying)
        };
        let lifts = heights
            .iter()
            .zip(&empty)
            .map(|(with, without)| with - without)
            .collect();
        let seed = self.seed.wrapping_add(9);
        Fabric::new(bed.place, grid, heights, inside, lifts, self.material, seed)
    }

    fn heights(&self, bed: &Bed, grid: &Grid, inside: &[f32], lying: &[&Body]) -> Vec<f32> {
        /// How much a duvet rounds what is below, in metres.
        const ROUNDING: f32 = 0.04;
        let below = self.support(bed, grid, inside, lying, 0.0);
        let mut heights = self.support(bed, grid, inside, lying, ROUNDING);
        grid.drape(&mut heights, self.slope);
        for _ in 0..self.stiffness {
            grid.soften(&mut heights);
            rest_on(&mut heights, &below, 0.0);
        }
        let own = grid.map(|u, v| self.own_height(bed, u, v));
        for ((height, own), &edge) in heights.iter_mut().zip(own).zip(inside) {
            let puff = step(-0.01, 0.05, edge);
            let folds = self.thickness + own.folds.max(-0.6 * self.thickness);
            // A heap lies over somebody as it lies over the mattress: most of it slides aside.
            let hump = (own.hump - 0.8 * *height).max(0.2 * own.hump);
            *height += 0.012 + (folds + hump) * puff - own.hang;
        }
        grid.soften(&mut heights);
        // Softening sinks into what is below, and no elbow comes through a duvet.
        rest_on(&mut heights, &below, 0.02);
        heights
    }

    /// Top of what lies below the cloth: pillows, and people grown by `rounding`.
    fn support(
        &self,
        bed: &Bed,
        grid: &Grid,
        inside: &[f32],
        lying: &[&Body],
        rounding: f32,
    ) -> Vec<f32> {
        let mut heights = grid.map(|u, v| bed.pillow_height(u, v));
        for body in lying {
            body.raise(&bed.place, grid, &mut heights, rounding);
        }
        // What lies beside the cloth must not hold it up: a head is not under the hem.
        for (height, &edge) in heights.iter_mut().zip(inside) {
            if edge < -0.03 {
                *height = 0.0;
            }
        }
        heights
    }

    /// What the cloth does at a point whoever is under it.
    fn own_height(&self, bed: &Bed, u: f32, v: f32) -> Own {
        let (sin, cos) = self.grain.sin_cos();
        let bend = 0.25 * rough(1.7 * u, 1.7 * v, self.seed) - 0.12;
        let (along, across) = (u * cos + v * sin, v * cos - u * sin + bend);
        let long = ridged(1.6 * along, 5.5 * across, self.seed.wrapping_add(3));
        let short = ridged(4.0 * u + 2.0 * bend, 4.4 * v, self.seed.wrapping_add(5));
        let soft = rough(2.2 * u, 2.2 * v, self.seed.wrapping_add(7)) - 0.5;
        let folds = self.folds * (1.1 * long + 0.7 * short - 0.6 + 0.8 * soft);
        let rise = self.hump.share(u, v, self.seed);
        let crumple = 0.7 + 0.25 * long + 0.25 * soft;
        let strip = self.turned(u, v) * (0.9 * self.thickness + 0.01);
        let (beside, hang) = self.beyond(bed, u, v);
        Own {
            folds: folds + strip,
            hump: self.hump.height * rise * crumple,
            hang: hang.max(0.0) * step(0.0, 1.0, beside),
        }
    }

    /// 1 on the turned-down strip, 0 off it.
    fn turned(&self, u: f32, v: f32) -> f32 {
        if self.strip == 0.0 {
            return 0.0;
        }
        let along = v - self.upper_edge(u);
        step(self.strip + 0.03, self.strip, along)
    }

    fn upper_edge(&self, u: f32) -> f32 {
        let wave = self.wave * (smooth(2.6 * u, 0.5, self.seed.wrapping_add(11)) - 0.5);
        self.hem + self.slant * u + wave
    }

    /// How far over the mattress's edge a point is, as a share of the apron, and how far the cloth
    /// hangs there.
    fn beyond(&self, bed: &Bed, u: f32, v: f32) -> (f32, f32) {
        /// Width over which hanging cloth is drawn: steep, and still seen from above.
        const BRIM: f32 = 0.07;
        let ripple = |x: f32| 0.03 * ridged(3.5 * x, 0.5, self.seed.wrapping_add(13));
        let most = bed.height - 0.06;
        let half = bed.width * 0.5 + 0.012 + ripple(v);
        let foot = bed.length + 0.012 + ripple(u);
        let side = if u < 0.0 { -self.left } else { self.right } - bed.width * 0.5;
        let over_side = ((u.abs() - half) / BRIM, side.min(most));
        let over_foot = ((v - foot) / BRIM, (self.end - bed.length).min(most));
        if over_side.0 > over_foot.0 {
            over_side
        } else {
            over_foot
        }
    }

    /// Distance inside the duvet's outline in metres; negative outside.
    fn inside(&self, bed: &Bed, u: f32, v: f32) -> f32 {
        let (beside, hang) = self.beyond(bed, u, v);
        let hanging = if beside > 0.0 {
            hang * (1.0 - beside) - 0.005
        } else {
            f32::MAX
        };
        let ragged = 0.06 * (rough(3.0 * u, 3.0 * v, self.seed.wrapping_add(17)) - 0.5);
        if self.bedding == Bedding::Heaped {
            return (self.hump.distance(u, v, self.seed) * 0.35).min(hanging);
        }
        let sides = (u - self.left).min(self.right - u);
        let lengths = (v - self.upper_edge(u)).min(self.end - v);
        (sides.min(lengths) + ragged * self.wave * 6.0).min(hanging)
    }
}

/// Keeps cloth at least `gap` above what it lies on, wherever something is there.
fn rest_on(heights: &mut [f32], below: &[f32], gap: f32) {
    for (height, &below) in heights.iter_mut().zip(below) {
        if below > 0.0 {
            *height = height.max(below + gap);
        }
    }
}

impl Hump {
    /// 1 in the middle, 0 at the rim, negative outside; the rim is ragged.
    fn distance(&self, u: f32, v: f32, seed: u32) -> f32 {
        let (a, b) = (
            (u - self.middle.0) / self.reach.0,
            (v - self.middle.1) / self.reach.1,
        );
        let ragged = 0.7 * (rough(2.4 * u, 2.4 * v, seed.wrapping_add(19)) - 0.5);
        1.0 - (a * a + b * b).sqrt() + ragged
    }

    fn share(&self, u: f32, v: f32, seed: u32) -> f32 {
        step(0.0, 0.75, self.distance(u, v, seed))
    }
}

/// The rise that belongs to a state: none when made, a heap when heaped.
fn hump(dice: &mut Dice, bedding: Bedding, bed: &Bed) -> Hump {
    let lane = dice.around(0.5 * bed.width - 0.3);
    match bedding {
        Bedding::Made | Bedding::FoldedBack => Hump {
            middle: (0.0, 0.0),
            reach: (1.0, 1.0),
            height: 0.0,
        },
        Bedding::Rumpled => Hump {
            middle: (lane, dice.between(0.8, 1.5)),
            reach: (dice.between(0.2, 0.4), dice.between(0.3, 0.85)),
            height: dice.pick(&[0.0, 0.05, 0.1, 0.15, 0.2]),
        },
        Bedding::Heaped => Hump {
            middle: (lane * 1.3, dice.between(0.55, bed.length - 0.3)),
            reach: (dice.between(0.32, 0.62), dice.between(0.35, 0.75)),
            height: dice.between(0.12, 0.32),
        },
    }
}
