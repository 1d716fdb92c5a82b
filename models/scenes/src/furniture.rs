//! Bed and furniture, as solids with the floor they take up.
//!
//! Deliberately schematic: a care worker must know a wardrobe, a walker or a chair at a glance, and
//! nobody must mistake one for a person.

use crate::dice::Dice;
use crate::material::{self, Material};
use crate::shape::{Shape, Solid};
use crate::vector::{Place, V3, v3};

/// A pillow in the bed's frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pillow {
    pub(crate) middle: V3,
    pub(crate) half: V3,
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
    pub(crate) pillows: Vec<Pillow>,
    pub(crate) solids: Vec<Solid>,
}

impl Bed {
    pub(crate) fn draw(dice: &mut Dice, place: Place, width: f32, height: f32) -> Self {
        let length = dice.between(1.95, 2.1);
        let mut bed = Self {
            place,
            width,
            length,
            height,
            pillows: Vec::new(),
            solids: Vec::new(),
        };
        bed.add_frame(dice);
        bed.add_pillows(dice);
        bed
    }

    /// How high the pillows stand above the mattress at a point of the bed.
    pub(crate) fn pillow_height(&self, u: f32, v: f32) -> f32 {
        let swell = |pillow: &Pillow| {
            let (a, b) = (
                (u - pillow.middle.x) / pillow.half.x,
                (v - pillow.middle.y) / pillow.half.y,
            );
            let plump = (1.0 - a.powi(4)).max(0.0) * (1.0 - b.powi(4)).max(0.0);
            if plump > 0.0 {
                pillow.middle.z + pillow.half.z * plump.sqrt()
            } else {
                0.0
            }
        };
        self.pillows.iter().map(swell).fold(0.0, f32::max)
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

    fn add_frame(&mut self, dice: &mut Dice) {
        let (half, length, height) = (self.width * 0.5, self.length, self.height);
        let wood = Material::wood(dice);
        let sheet = Material::linen(dice);
        let deep = dice.between(0.14, 0.24);
        self.block(v3(-half, 0.0, -deep), v3(half, length, 0.0), sheet);
        let base = if dice.chance(0.4) {
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
        let headboard = dice.pick(&[0.0, 0.25, 0.4, 0.6]);
        if headboard > 0.0 {
            self.block(
                v3(-rim - 0.02, -0.05, low),
                v3(rim + 0.02, -0.012, headboard),
                wood,
            );
        }
        if dice.chance(0.35) {
            let top = dice.between(0.0, 0.25);
            self.block(
                v3(-rim, length + 0.015, low),
                v3(rim, length + 0.05, top),
                wood,
            );
        }
        if self.width < 1.05 && dice.chance(0.3) {
            self.add_rail(dice);
        }
    }

    /// The side rail of a care bed.
    fn add_rail(&mut self, dice: &mut Dice) {
        let metal = Material::plain(dice.between(0.3, 0.7));
        let side = dice.side() * (self.width * 0.5 + 0.04);
        let (from, to, top) = (0.35, dice.between(1.1, 1.7), dice.between(0.22, 0.36));
        let mut bar = |from: V3, to: V3| {
            self.solids.push(rod(self.place, from, to, 0.013, metal));
        };
        for height in [top, top * 0.5, 0.02] {
            bar(v3(side, from, height), v3(side, to, height));
        }
        for v in [from, 0.5 * (from + to), to] {
            bar(v3(side, v, -0.2), v3(side, v, top));
        }
    }

    fn add_pillows(&mut self, dice: &mut Dice) {
        let cover = Material::linen(dice);
        let lanes: &[f32] = if self.width > 1.35 {
            &[-0.25, 0.25]
        } else {
            &[0.0]
        };
        for lane in lanes {
            let half = v3(
                dice.between(0.27, 0.36),
                dice.between(0.19, 0.26),
                dice.between(0.06, 0.1),
            );
            let u = lane * self.width + dice.around(0.05);
            let middle = v3(u, half.y + dice.between(0.02, 0.1), half.z * 0.7);
            let dent = if dice.chance(0.5) {
                dice.between(0.01, 0.05)
            } else {
                0.0
            };
            self.pillows.push(Pillow { middle, half });
            let shape = Shape::Pillow {
                half,
                dent,
                seed: material::seed(dice),
            };
            self.solids.push(Solid {
                shape,
                place: self.place.moved(middle),
                material: cover,
            });
        }
    }
}

/// A part of the floor that something stands on: middle and half sizes in the room's frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Footprint {
    pub(crate) middle: (f32, f32),
    pub(crate) half: (f32, f32),
}

impl Footprint {
    /// Distance from a point of the floor; 0 inside.
    pub(crate) fn distance(&self, x: f32, y: f32) -> f32 {
        let dx = ((x - self.middle.0).abs() - self.half.0).max(0.0);
        let dy = ((y - self.middle.1).abs() - self.half.1).max(0.0);
        (dx * dx + dy * dy).sqrt()
    }
}

/// A piece of furniture: its solids around its own middle on the floor, and its half sizes there.
pub(crate) struct Piece {
    pub(crate) solids: Vec<Solid>,
    pub(crate) half: (f32, f32),
}

/// What stands in bedrooms.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Wardrobe,
    Drawers,
    Chair,
    Walker,
    FloorLamp,
}

/// Draws a piece of furniture standing at `place`.
pub(crate) fn draw(dice: &mut Dice, kind: Kind, place: Place) -> Piece {
    match kind {
        Kind::Wardrobe => {
            let (wide, high) = (dice.between(0.4, 0.7), dice.between(1.7, 2.15));
            cupboard(dice, place, (wide, 0.29), high)
        }
        Kind::Drawers => {
            let (wide, high) = (dice.between(0.35, 0.55), dice.between(0.7, 1.0));
            cupboard(dice, place, (wide, 0.22), high)
        }
        Kind::Chair => chair(dice, place),
        Kind::Walker => walker(dice, place),
        Kind::FloorLamp => floor_lamp(dice, place),
    }
}

fn solid(place: Place, low: V3, high: V3, material: Material) -> Solid {
    let middle = low.towards(high, 0.5);
    Solid {
        shape: Shape::Block(high - middle),
        place: place.moved(middle),
        material,
    }
}

fn rod(place: Place, from: V3, to: V3, radius: f32, material: Material) -> Solid {
    Solid {
        shape: Shape::Rod { from, to, radius },
        place,
        material,
    }
}

/// A box with doors or drawers, marked by their seams.
fn cupboard(dice: &mut Dice, place: Place, half: (f32, f32), high: f32) -> Piece {
    let wood = Material::wood(dice);
    let dark = Material::plain(wood.albedo * 0.35);
    let (a, b) = half;
    let mut solids = vec![solid(place, v3(-a, -b, 0.0), v3(a, b, high), wood)];
    if high > 1.3 {
        solids.push(solid(
            place,
            v3(-0.006, b, 0.08),
            v3(0.006, b + 0.004, high - 0.04),
            dark,
        ));
        for side in [-0.05, 0.05] {
            let grip = solid(
                place,
                v3(side - 0.01, b, high * 0.5),
                v3(side + 0.01, b + 0.02, high * 0.5 + 0.12),
                dark,
            );
            solids.push(grip);
        }
    } else {
        for level in [0.33, 0.66] {
            let z = high * level;
            solids.push(solid(
                place,
                v3(-a, b, z - 0.006),
                v3(a, b + 0.004, z + 0.006),
                dark,
            ));
            let grip = v3(-0.05, b, z - 0.14 * high);
            solids.push(solid(place, grip, grip + v3(0.1, 0.02, 0.02), dark));
        }
    }
    Piece { solids, half }
}

/// A bedside table, often with a lamp and a glass.
pub(crate) fn bedside_table(dice: &mut Dice, place: Place) -> Piece {
    let (a, high) = (dice.between(0.18, 0.25), dice.between(0.42, 0.62));
    let mut piece = cupboard(dice, place, (a, 0.2), high);
    if dice.chance(0.65) {
        let shine = Material::plain(dice.between(0.6, 0.9));
        let (wide, tall) = (dice.between(0.08, 0.15), dice.between(0.07, 0.12));
        let foot = v3(dice.around(0.05), dice.around(0.05), high);
        piece
            .solids
            .push(rod(place, foot, foot + v3(0.0, 0.0, 0.25), 0.02, shine));
        let shape = Shape::Shade {
            bottom: wide,
            top: wide * 0.6,
            half_height: tall,
        };
        let middle = foot + v3(0.0, 0.0, 0.22 + tall);
        piece.solids.push(Solid {
            shape,
            place: place.moved(middle),
            material: shine,
        });
    }
    if dice.chance(0.5) {
        let at = v3(dice.around(a - 0.05), 0.13, high);
        let glass = Material::plain(dice.between(0.3, 0.8));
        piece
            .solids
            .push(rod(place, at, at + v3(0.0, 0.0, 0.08), 0.03, glass));
    }
    piece
}

fn chair(dice: &mut Dice, place: Place) -> Piece {
    let wood = Material::wood(dice);
    let seat = if dice.chance(0.5) {
        wood
    } else {
        Material::clothes(dice)
    };
    let mut solids = vec![
        solid(place, v3(-0.22, -0.21, 0.43), v3(0.22, 0.21, 0.47), seat),
        solid(place, v3(-0.21, -0.23, 0.68), v3(0.21, -0.2, 0.92), wood),
    ];
    for (u, v, top) in [
        (-0.2, -0.2, 0.92),
        (0.2, -0.2, 0.92),
        (-0.2, 0.19, 0.44),
        (0.2, 0.19, 0.44),
    ] {
        solids.push(rod(place, v3(u, v, 0.0), v3(u, v, top), 0.018, wood));
    }
    if dice.chance(0.4) {
        // Clothes thrown over the back.
        let cloth = Material::clothes(dice);
        let wide = dice.between(0.14, 0.22);
        let low = dice.between(0.5, 0.65);
        solids.push(solid(
            place,
            v3(-wide, -0.25, low),
            v3(wide, -0.18, 0.94),
            cloth,
        ));
    }
    Piece {
        solids,
        half: (0.24, 0.26),
    }
}

/// A walking frame with wheels, as most of the residents have.
fn walker(dice: &mut Dice, place: Place) -> Piece {
    let metal = Material::plain(dice.between(0.25, 0.75));
    let dark = Material::plain(0.08);
    let mut solids = Vec::new();
    for side in [-0.27, 0.27] {
        solids.push(rod(
            place,
            v3(side, 0.28, 0.1),
            v3(side, -0.12, 0.85),
            0.014,
            metal,
        ));
        solids.push(rod(
            place,
            v3(side, -0.3, 0.1),
            v3(side, 0.05, 0.55),
            0.014,
            metal,
        ));
        solids.push(rod(
            place,
            v3(side, -0.12, 0.86),
            v3(side, -0.28, 0.87),
            0.02,
            dark,
        ));
        for v in [-0.3, 0.28] {
            let shape = Shape::Ball(v3(0.02, 0.095, 0.095));
            let place = place.moved(v3(side, v, 0.095));
            solids.push(Solid {
                shape,
                place,
                material: dark,
            });
        }
    }
    solids.push(solid(
        place,
        v3(-0.25, -0.12, 0.53),
        v3(0.25, 0.12, 0.57),
        dark,
    ));
    solids.push(rod(
        place,
        v3(-0.27, 0.1, 0.44),
        v3(0.27, 0.1, 0.44),
        0.012,
        metal,
    ));
    Piece {
        solids,
        half: (0.3, 0.36),
    }
}

fn floor_lamp(dice: &mut Dice, place: Place) -> Piece {
    let metal = Material::plain(dice.between(0.15, 0.5));
    let shine = Material::plain(dice.between(0.55, 0.9));
    let high = dice.between(1.25, 1.6);
    let shape = Shape::Shade {
        bottom: 0.2,
        top: 0.12,
        half_height: 0.13,
    };
    let solids = vec![
        rod(place, v3(0.0, 0.0, 0.02), v3(0.0, 0.0, high), 0.014, metal),
        Solid {
            shape,
            place: place.moved(v3(0.0, 0.0, high)),
            material: shine,
        },
        Solid {
            shape: Shape::Ball(v3(0.14, 0.14, 0.025)),
            place: place.moved(v3(0.0, 0.0, 0.01)),
            material: metal,
        },
    ];
    Piece {
        solids,
        half: (0.15, 0.15),
    }
}
