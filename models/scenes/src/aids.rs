//! Aids of a care home's bedroom: wheelchair, drip stand, hoist, table over the bed.
//!
//! Deliberately schematic, like all furniture here: bars and boxes that a care worker knows at a
//! glance, and none that could be taken for a person.

use crate::dice::Dice;
use crate::furniture::{Piece, ball, rod, solid};
use crate::material::Material;
use crate::shape::{Shape, Solid};
use crate::vector::{Place, v3};

pub(crate) fn wheelchair(dice: &mut Dice, place: Place) -> Piece {
    let metal = Material::plain(dice.between(0.25, 0.7));
    let seat = Material::plain(dice.between(0.05, 0.3));
    let tyre = Material::plain(0.07);
    let mut solids = vec![
        solid(place, v3(-0.21, -0.2, 0.47), v3(0.21, 0.22, 0.51), seat),
        solid(place, v3(-0.21, -0.25, 0.5), v3(0.21, -0.21, 0.92), seat),
        solid(place, v3(-0.17, 0.4, 0.12), v3(0.17, 0.56, 0.14), tyre),
    ];
    for side in [-1.0, 1.0] {
        let (u, out) = (side * 0.24, side * 0.27);
        let wheel = Shape::Ball(v3(0.018, 0.3, 0.3));
        solids.push(ball(place, wheel, v3(out, -0.12, 0.3), tyre));
        let caster = Shape::Ball(v3(0.018, 0.09, 0.09));
        solids.push(ball(place, caster, v3(u, 0.33, 0.09), tyre));
        let mut bar = |from: (f32, f32), to: (f32, f32)| {
            let (from, to) = (v3(u, from.0, from.1), v3(u, to.0, to.1));
            solids.push(rod(place, from, to, 0.014, metal));
        };
        bar((-0.24, 0.45), (-0.26, 0.98));
        bar((-0.24, 0.72), (0.14, 0.72));
        bar((0.14, 0.72), (0.2, 0.49));
        bar((0.22, 0.49), (0.46, 0.14));
        bar((-0.26, 0.97), (-0.38, 0.97));
    }
    Piece {
        solids,
        half: (0.32, 0.55),
    }
}

pub(crate) fn drip_stand(dice: &mut Dice, place: Place) -> Piece {
    let metal = Material::plain(dice.between(0.3, 0.75));
    let high = dice.between(1.6, 1.95);
    let mut solids = vec![rod(
        place,
        v3(0.0, 0.0, 0.06),
        v3(0.0, 0.0, high),
        0.013,
        metal,
    )];
    for leg in 0..5_u8 {
        let (sin, cos) = (f32::from(leg) * std::f32::consts::TAU / 5.0).sin_cos();
        let foot = v3(0.27 * cos, 0.27 * sin, 0.04);
        solids.push(rod(place, v3(0.0, 0.0, 0.08), foot, 0.014, metal));
    }
    let arm = v3(0.14, 0.0, high);
    solids.push(rod(place, v3(-0.14, 0.0, high), arm, 0.007, metal));
    let bag = Material::plain(dice.between(0.4, 0.8));
    let middle = v3(-0.13, 0.0, high - 0.16);
    solids.push(ball(place, Shape::Ball(v3(0.06, 0.022, 0.11)), middle, bag));
    if dice.chance(0.6) {
        let pump = Material::plain(dice.between(0.4, 0.8));
        solids.push(solid(
            place,
            v3(-0.07, 0.01, 1.0),
            v3(0.07, 0.13, 1.2),
            pump,
        ));
    }
    Piece {
        solids,
        half: (0.3, 0.3),
    }
}

/// A hoist that lifts people out of bed: a mast on two long feet, and a boom with a spreader bar.
pub(crate) fn hoist(dice: &mut Dice, place: Place) -> Piece {
    let metal = Material::plain(dice.between(0.35, 0.8));
    let dark = Material::plain(0.1);
    let high = dice.between(1.25, 1.5);
    let tip = v3(0.0, 0.62, high + dice.between(0.0, 0.3));
    let mut solids = vec![
        rod(place, v3(0.0, -0.4, 0.1), v3(0.0, -0.32, high), 0.04, metal),
        rod(place, v3(0.0, -0.34, high), tip, 0.032, metal),
        rod(place, tip, tip + v3(0.0, 0.0, -0.15), 0.012, dark),
        solid(place, v3(-0.12, -0.5, 0.5), v3(0.12, -0.36, 0.78), dark),
    ];
    let bar = tip + v3(0.0, 0.0, -0.18);
    let (left, right) = (bar + v3(-0.24, 0.0, -0.04), bar + v3(0.24, 0.0, -0.04));
    solids.push(rod(place, left, right, 0.018, metal));
    for side in [-0.26, 0.26] {
        let (from, to) = (v3(0.6 * side, -0.45, 0.07), v3(side, 0.6, 0.07));
        solids.push(rod(place, from, to, 0.03, metal));
    }
    Piece {
        solids,
        half: (0.33, 0.65),
    }
}

/// The table of a care bed, its top over the covers; `place` is the bed's frame at the edge of the
/// mattress, `inwards` 1 or -1 towards its middle.
pub(crate) fn over_bed_table(dice: &mut Dice, place: Place, inwards: f32, low: f32) -> Vec<Solid> {
    let top = Material::plain(dice.between(0.4, 0.85));
    let metal = Material::plain(dice.between(0.2, 0.6));
    let high = dice.between(0.3, 0.42);
    let reach = dice.between(0.4, 0.62) * inwards;
    let (from, to) = (reach.min(-0.1 * inwards), reach.max(-0.1 * inwards));
    let mut solids = vec![
        solid(place, v3(from, -0.2, high), v3(to, 0.2, high + 0.025), top),
        solid(
            place,
            v3(-0.1 * inwards - 0.03, -0.04, low + 0.06),
            v3(-0.1 * inwards + 0.03, 0.04, high),
            metal,
        ),
    ];
    for v in [-0.17, 0.17] {
        let (out, under) = (
            v3(-0.14 * inwards, v, low + 0.05),
            v3(0.35 * inwards, v, low + 0.05),
        );
        solids.push(rod(place, out, under, 0.02, metal));
    }
    let mug = v3(0.5 * reach, dice.around(0.12), high + 0.025);
    let china = Material::plain(dice.between(0.3, 0.85));
    solids.push(rod(place, mug, mug + v3(0.0, 0.0, 0.08), 0.035, china));
    let paper = Material::print(dice);
    let sheet = v3(0.25 * reach, dice.around(0.08), high + 0.025);
    solids.push(solid(
        place,
        sheet + v3(-0.08, -0.1, 0.0),
        sheet + v3(0.08, 0.1, 0.006),
        paper,
    ));
    solids
}
