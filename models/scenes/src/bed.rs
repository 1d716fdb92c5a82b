//! The bed without its covers: frame, mattress, rails and pillows.
//!
//! What it is comes from one dice and where its pillows lie from another, so that the same bed can
//! be drawn again as it is on another night. Deliberately flat: a raised back is not drawn.

use crate::dice::Dice;
use crate::material::{self, Material};
use crate::shape::{Shape, Solid};
use crate::vector::{Place, V3, v3};

/// A pillow in the bed's frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pillow {
    pub(crate) middle: V3,
    pub(crate) half: V3,
    turn: f32,
}

/// A bed. Its frame has the origin at the middle of the head end, on top of the mattress, and runs
/// along `y` to the foot.
#[derive(Clone, Debug)]
pub(crate) struct Bed {
    pub(crate) place: Place,
    pub(crate) width: f32,
    pub(crate) length: f32,
    /// Top of the mattress above the floor.
    pub(crate) height: f32,
    /// Pillows that a head can lie on; never none.
    pub(crate) pillows: Vec<Pillow>,
    /// Pillows below or beside those.
    pads: Vec<Pillow>,
    pub(crate) solids: Vec<Solid>,
}

/// How a bed is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Make {
    Home,
    /// Metal, with rails and boards at both ends.
    Care,
}

impl Bed {
    /// Draws the bed from `what`, and where its pillows lie from `how`.
    pub(crate) fn draw(what: &mut Dice, how: &mut Dice, place: Place, size: (f32, f32)) -> Self {
        let (width, height) = size;
        let length = what.between(1.95, 2.1);
        let mut bed = Self {
            place,
            width,
            length,
            height,
            pillows: Vec::new(),
            pads: Vec::new(),
            solids: Vec::new(),
        };
        let care = width < 1.05 && what.chance(0.45);
        bed.add_frame(what, if care { Make::Care } else { Make::Home });
        bed.add_pillows(&mut what.fork("pillows"), how);
        bed
    }

    /// How high the pillows stand above the mattress at a point of the bed.
    pub(crate) fn pillow_height(&self, u: f32, v: f32) -> f32 {
        let swell = |pillow: &Pillow| {
            let (sin, cos) = pillow.turn.sin_cos();
            let (x, y) = (u - pillow.middle.x, v - pillow.middle.y);
            let (a, b) = (
                (x * cos + y * sin) / pillow.half.x,
                (y * cos - x * sin) / pillow.half.y,
            );
            let plump = (1.0 - a.powi(4)).max(0.0) * (1.0 - b.powi(4)).max(0.0);
            if plump > 0.0 {
                pillow.middle.z + pillow.half.z * plump.sqrt()
            } else {
                0.0
            }
        };
        let all = self.pillows.iter().chain(&self.pads);
        all.map(swell).fold(0.0, f32::max)
    }

    fn block(&mut self, low: V3, high: V3, material: Material) {
        let middle = low.towards(high, 0.5);
        let place = self.place.moved(middle);
        self.solids.push(Solid {
            shape: Shape::Block(high - middle),
            place,
            material,
        });
    }

    fn add_frame(&mut self, dice: &mut Dice, make: Make) {
        let (half, length, height) = (self.width * 0.5, self.length, self.height);
        let wood = match make {
            Make::Home => Material::wood(dice),
            Make::Care => Material::plain(dice.between(0.3, 0.8)),
        };
        let sheet = Material::sheet(dice);
        let deep = dice.between(0.12, 0.24);
        self.block(v3(-half, 0.0, -deep), v3(half, length, 0.0), sheet);
        let base = if make == Make::Home && dice.chance(0.4) {
            -height + 0.02
        } else {
            -deep - dice.between(0.06, 0.14)
        };
        let (rim, low) = (half + 0.015, -height);
        self.block(
            v3(-rim, -0.01, base),
            v3(rim, length + 0.015, -deep + 0.03),
            wood,
        );
        if base > low + 0.05 {
            for (u, v) in [
                (-rim, 0.0),
                (rim - 0.06, 0.0),
                (-rim, length - 0.05),
                (rim - 0.06, length - 0.05),
            ] {
                self.block(v3(u, v, low), v3(u + 0.06, v + 0.06, base), wood);
            }
        }
        let headboard = match make {
            Make::Home => dice.pick(&[0.0, 0.25, 0.4, 0.6]),
            Make::Care => dice.between(0.2, 0.45),
        };
        if headboard > 0.0 {
            self.block(
                v3(-rim - 0.02, -0.05, low),
                v3(rim + 0.02, -0.012, headboard),
                wood,
            );
        }
        if make == Make::Care || dice.chance(0.35) {
            let top = dice.between(0.0, 0.25);
            self.block(
                v3(-rim, length + 0.015, low),
                v3(rim, length + 0.05, top),
                wood,
            );
        }
        if make == Make::Care {
            let side = dice.side();
            match dice.unit() {
                x if x < 0.25 => {}
                x if x < 0.6 => self.add_rail(dice, side),
                _ => {
                    self.add_rail(dice, side);
                    self.add_rail(dice, -side);
                }
            }
        }
    }

    /// A side rail, up or let down.
    fn add_rail(&mut self, dice: &mut Dice, side: f32) {
        let metal = Material::plain(dice.between(0.3, 0.7));
        let u = side * (self.width * 0.5 + 0.045);
        let (from, to) = (dice.between(0.2, 0.4), dice.between(1.1, 1.75));
        let top = if dice.chance(0.75) {
            dice.between(0.22, 0.38)
        } else {
            -0.02
        };
        let place = self.place;
        let mut bar = |from: V3, to: V3, radius: f32| {
            self.solids.push(Solid {
                shape: Shape::Rod { from, to, radius },
                place,
                material: metal,
            });
        };
        for height in [top, top - 0.14, top - 0.28] {
            bar(v3(u, from, height), v3(u, to, height), 0.013);
        }
        for v in [from, 0.5 * (from + to), to] {
            bar(v3(u, v, top - 0.42), v3(u, v, top), 0.013);
        }
    }

    fn add_pillows(&mut self, what: &mut Dice, how: &mut Dice) {
        let cover = Material::pillowcase(what);
        let double = self.width > 1.35;
        let lanes: &[f32] = match (double, what.unit()) {
            (false, _) => &[0.0],
            (true, x) if x < 0.15 => &[-0.2],
            (true, _) => &[-0.25, 0.25],
        };
        let stacked = what.chance(0.25);
        for lane in lanes {
            let half = v3(
                what.between(0.25, 0.37).min(0.5 * self.width - 0.06),
                what.between(0.18, 0.27),
                what.between(0.05, 0.11),
            );
            let other = if what.chance(0.7) {
                cover
            } else {
                Material::pillowcase(what)
            };
            let at = v3(
                lane * self.width + how.around(0.06),
                half.y + how.between(0.02, 0.12),
                0.0,
            );
            let mut low = 0.0;
            if stacked {
                let under = v3(half.x, half.y, 0.7 * half.z);
                let aside = v3(how.around(0.05), how.around(0.04), 0.65 * under.z);
                let pad = self.lay_pillow(how, at + aside, under, other);
                self.pads.push(pad);
                low = 1.0 * under.z;
            }
            let middle = at + v3(0.0, 0.0, low + half.z * 0.7);
            let pillow = self.lay_pillow(how, middle, half, other);
            self.pillows.push(pillow);
        }
    }

    fn lay_pillow(&mut self, how: &mut Dice, middle: V3, half: V3, material: Material) -> Pillow {
        let dent = if how.chance(0.5) {
            how.between(0.01, 0.05)
        } else {
            0.0
        };
        let turn = how.around(0.16);
        let shape = Shape::Pillow {
            half,
            dent,
            seed: material::seed(how),
        };
        self.solids.push(Solid {
            shape,
            place: self.place.moved(middle).turned(turn),
            material,
        });
        Pillow { middle, half, turn }
    }
}
