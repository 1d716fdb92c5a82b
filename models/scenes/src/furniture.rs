//! Furniture and aids, as solids with the floor they take up.
//!
//! Deliberately schematic: a care worker must know a wardrobe, a walker or a chair at a glance, and
//! nobody must mistake one for a person.

use crate::aids;
use crate::dice::Dice;
use crate::material::Material;
use crate::shape::{Shape, Solid};
use crate::vector::{Place, V3, v3};

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
    Wheelchair,
    DripStand,
    Hoist,
    Basket,
    Shoes,
    Bag,
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
        Kind::Wheelchair => aids::wheelchair(dice, place),
        Kind::DripStand => aids::drip_stand(dice, place),
        Kind::Hoist => aids::hoist(dice, place),
        Kind::Basket => basket(dice, place),
        Kind::Shoes => shoes(dice, place),
        Kind::Bag => bag(dice, place),
    }
}

pub(crate) fn solid(place: Place, low: V3, high: V3, material: Material) -> Solid {
    let middle = low.towards(high, 0.5);
    Solid {
        shape: Shape::Block(high - middle),
        place: place.moved(middle),
        material,
    }
}

pub(crate) fn rod(place: Place, from: V3, to: V3, radius: f32, material: Material) -> Solid {
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
        let shine = Material::plain(dice.between(0.6, 0.9)).glowing(dice, 0.15);
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
    if dice.chance(0.5) {
        // Clothes thrown over the back, sleeves hanging: the size of a trunk in the dark.
        let cloth = Material::clothes(dice);
        let wide = dice.between(0.16, 0.24);
        let low = dice.between(0.4, 0.65);
        let shape = Shape::Ball(v3(wide, 0.09, 0.5 * (1.0 - low)));
        let middle = v3(0.0, -0.19, 0.5 * (1.0 + low));
        solids.push(ball(place, shape, middle, cloth));
        for side in [-1.0, 1.0] {
            let shoulder = v3(side * wide * 0.85, -0.2, 0.92);
            let cuff = shoulder + v3(side * dice.between(0.0, 0.1), 0.1, -dice.between(0.3, 0.5));
            solids.push(rod(place, shoulder, cuff, 0.05, cloth));
        }
        if dice.chance(0.4) {
            let lap = Shape::Ball(v3(0.2, 0.17, dice.between(0.04, 0.1)));
            let other = Material::clothes(dice);
            solids.push(ball(place, lap, v3(0.0, 0.02, 0.48), other));
        }
    }
    Piece {
        solids,
        half: (0.24, 0.26),
    }
}

pub(crate) fn ball(place: Place, shape: Shape, middle: V3, material: Material) -> Solid {
    Solid {
        shape,
        place: place.moved(middle),
        material,
    }
}

/// A laundry or waste basket, sometimes with cloth over its rim.
fn basket(dice: &mut Dice, place: Place) -> Piece {
    let (wide, high) = (dice.between(0.13, 0.24), dice.between(0.14, 0.28));
    let shape = Shape::Shade {
        bottom: wide * 0.85,
        top: wide,
        half_height: high,
    };
    let wicker = Material::clothes(dice);
    let mut solids = vec![ball(place, shape, v3(0.0, 0.0, high), wicker)];
    let cloth = Material::clothes(dice);
    let top = Shape::Ball(v3(wide * 0.97, wide * 0.97, dice.between(0.03, 0.14)));
    solids.push(ball(place, top, v3(0.0, 0.0, 2.0 * high), cloth));
    Piece {
        solids,
        half: (wide, wide),
    }
}

fn shoes(dice: &mut Dice, place: Place) -> Piece {
    let leather = Material::clothes(dice);
    let mut solids = Vec::new();
    for side in [-0.07, 0.07] {
        let turn = dice.around(0.3);
        let place = place.moved(v3(side, dice.around(0.05), 0.0)).turned(turn);
        let sole = Shape::Ball(v3(0.045, 0.135, 0.05));
        solids.push(ball(place, sole, v3(0.0, 0.0, 0.025), leather));
        let heel = Shape::Ball(v3(0.04, 0.055, 0.07));
        solids.push(ball(place, heel, v3(0.0, -0.07, 0.05), leather));
    }
    Piece {
        solids,
        half: (0.14, 0.16),
    }
}

fn bag(dice: &mut Dice, place: Place) -> Piece {
    let leather = Material::clothes(dice);
    let (wide, high) = (dice.between(0.13, 0.22), dice.between(0.12, 0.2));
    let shape = Shape::Ball(v3(wide, 0.1, high));
    let solids = vec![
        ball(place, shape, v3(0.0, 0.0, high * 0.8), leather),
        rod(
            place,
            v3(-0.5 * wide, 0.0, 1.6 * high),
            v3(0.5 * wide, 0.0, 1.6 * high + 0.05),
            0.01,
            leather,
        ),
    ];
    Piece {
        solids,
        half: (wide, 0.11),
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
    let shine = Material::plain(dice.between(0.55, 0.9)).glowing(dice, 0.1);
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
