//! Loose things on the bed: cushions, soft toys, pets, clothes, a laptop.
//!
//! Many are dark, round and near the pillow: that is what an empty bed has where a head would be.
//! They are drawn with the room and make way for whoever lies down. Deliberately none that needs
//! a pose of its own: a cat is curled up.

use crate::bed::Bed;
use crate::body::Body;
use crate::dice::Dice;
use crate::fabric::{Fabric, Grid};
use crate::furniture::{ball, rod, solid};
use crate::material::{self, Material};
use crate::shape::{Shape, Solid};
use crate::vector::{Place, v3};

/// A thing on the bed: its solids around its own middle, standing on `z = 0`.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    solids: Vec<Solid>,
    /// Where it lies in the bed's frame, and how it is turned.
    spot: (f32, f32),
    turn: f32,
    /// How much room it takes.
    radius: f32,
}

/// Draws the things of a bed: what they are from `what`, where they lie from `how`.
pub(crate) fn draw(what: &mut Dice, how: &mut Dice, bed: &Bed) -> Vec<Thing> {
    let count = match what.unit() {
        x if x < 0.5 => 0,
        x if x < 0.82 => 1,
        x if x < 0.94 => 2,
        _ => 3,
    };
    let thing = |_| {
        let (solids, radius) = form(what);
        let half = (0.5 * bed.width - 0.6 * radius).max(0.0);
        let v = if how.chance(0.6) {
            how.between(0.1, 0.55)
        } else {
            how.between(0.5, bed.length - radius)
        };
        Thing {
            solids,
            spot: (how.around(half), v.max(radius * 0.7)),
            turn: how.around(std::f32::consts::PI),
            radius,
        }
    };
    (0..count).map(thing).collect()
}

/// The solids of `things` where they lie on the covers, out of the way of `lying`.
pub(crate) fn laid(things: &[Thing], bed: &Bed, fabrics: &[Fabric], lying: &[&Body]) -> Vec<Solid> {
    let half = 0.5 * bed.width;
    let grid = Grid::over((-half, 0.0), (half, bed.length));
    let mut people = grid.map(|_, _| 0.0);
    for body in lying {
        body.raise(&bed.place, &grid, &mut people, 0.02);
    }
    let is_taken = |(u, v): (f32, f32), radius: f32| {
        let mut highest = 0.0_f32;
        grid.around(u, v, 0.8 * radius, |cell, _, _| {
            highest = highest.max(people.get(cell).copied().unwrap_or(0.0));
        });
        highest > 0.04
    };
    let free = |thing: &Thing| {
        /// Steps aside, in metres, that a thing is moved to make way.
        const ASIDE: [f32; 9] = [0.0, 0.2, -0.2, 0.4, -0.4, 0.6, -0.6, 0.9, -0.9];
        let spots = ASIDE.map(|by| (thing.spot.0 + by, thing.spot.1));
        let mut on_bed = spots.into_iter().filter(|spot| spot.0.abs() < half - 0.05);
        on_bed.find(|&spot| !is_taken(spot, thing.radius))
    };
    let mut solids = Vec::new();
    for thing in things {
        // With no free spot beside them the thing is put away.
        let Some((u, v)) = free(thing) else { continue };
        let covers = fabrics.iter().filter_map(|fabric| fabric.height(u, v));
        let z = covers.fold(bed.pillow_height(u, v), f32::max) - 0.012;
        let place = bed.place.moved(v3(u, v, z)).turned(thing.turn);
        solids.extend(thing.solids.iter().map(|solid| Solid {
            place: place.moved(solid.place.origin),
            ..*solid
        }));
    }
    solids
}

/// What a thing is: its solids, and the radius it takes.
fn form(dice: &mut Dice) -> (Vec<Solid>, f32) {
    let place = Place::new(v3(0.0, 0.0, 0.0), 0.0);
    match dice.unit() {
        x if x < 0.2 => round_cushion(dice, place),
        x if x < 0.34 => square_cushion(dice, place),
        x if x < 0.46 => dark_knob(dice, place),
        x if x < 0.58 => teddy(dice, place),
        x if x < 0.7 => pet(dice, place),
        x if x < 0.82 => folded_clothes(dice, place),
        x if x < 0.88 => laptop(dice, place),
        x if x < 0.94 => papers(dice, place),
        _ => towel(dice, place),
    }
}

fn dark(dice: &mut Dice) -> Material {
    let shade = if dice.chance(0.7) {
        dice.between(0.05, 0.25)
    } else {
        dice.between(0.25, 0.7)
    };
    Material::mottled(dice, shade)
}

fn round_cushion(dice: &mut Dice, place: Place) -> (Vec<Solid>, f32) {
    let wide = dice.between(0.13, 0.22);
    let high = dice.between(0.05, 0.09);
    let shape = Shape::Ball(v3(wide, wide, high));
    (
        vec![ball(place, shape, v3(0.0, 0.0, 0.8 * high), dark(dice))],
        wide,
    )
}

fn square_cushion(dice: &mut Dice, place: Place) -> (Vec<Solid>, f32) {
    let wide = dice.between(0.16, 0.24);
    let half = v3(wide, wide, dice.between(0.05, 0.09));
    let cover = if dice.chance(0.5) {
        dark(dice)
    } else {
        Material::linen(dice)
    };
    let shape = Shape::Pillow {
        half,
        dent: 0.0,
        seed: material::seed(dice),
    };
    (
        vec![ball(place, shape, v3(0.0, 0.0, 0.8 * half.z), cover)],
        wide,
    )
}

/// A cap, a ball of wool, a dark bag: the size of a head and as dark as hair.
fn dark_knob(dice: &mut Dice, place: Place) -> (Vec<Solid>, f32) {
    let wide = dice.between(0.07, 0.12);
    let half = v3(
        wide,
        wide * dice.between(0.75, 1.2),
        wide * dice.between(0.5, 0.95),
    );
    let mut solids = vec![ball(
        place,
        Shape::Ball(half),
        v3(0.0, 0.0, 0.85 * half.z),
        dark(dice),
    )];
    if dice.chance(0.4) {
        let brim = Shape::Ball(v3(0.7 * wide, 0.9 * wide, 0.015));
        solids.push(ball(place, brim, v3(0.0, half.y, 0.02), dark(dice)));
    }
    (solids, 1.2 * wide)
}

fn teddy(dice: &mut Dice, place: Place) -> (Vec<Solid>, f32) {
    let size = dice.between(0.6, 1.2);
    let plush = dark(dice);
    let mut solids = Vec::new();
    let mut lump = |at: (f32, f32, f32), half: (f32, f32, f32), material: Material| {
        let shape = Shape::Ball(v3(half.0, half.1, half.2) * size);
        solids.push(ball(place, shape, v3(at.0, at.1, at.2) * size, material));
    };
    lump((0.0, 0.0, 0.08), (0.1, 0.13, 0.085), plush);
    lump((0.0, -0.19, 0.09), (0.085, 0.08, 0.08), plush);
    lump(
        (0.0, -0.2, 0.155),
        (0.035, 0.03, 0.03),
        Material::plain(0.6),
    );
    for side in [-1.0, 1.0] {
        lump((0.065 * side, -0.26, 0.1), (0.03, 0.03, 0.025), plush);
        lump((0.13 * side, -0.06, 0.07), (0.065, 0.04, 0.04), plush);
        lump((0.08 * side, 0.16, 0.06), (0.045, 0.075, 0.05), plush);
    }
    (solids, 0.24 * size)
}

/// A cat or a small dog, curled up.
fn pet(dice: &mut Dice, place: Place) -> (Vec<Solid>, f32) {
    let size = dice.between(0.85, 1.5);
    let shade = dice.between(0.08, 0.6);
    let fur = Material::mottled(dice, shade);
    let mut solids = Vec::new();
    let mut lump = |at: (f32, f32, f32), half: (f32, f32, f32)| {
        let shape = Shape::Ball(v3(half.0, half.1, half.2) * size);
        solids.push(ball(place, shape, v3(at.0, at.1, at.2) * size, fur));
    };
    lump((0.0, 0.0, 0.075), (0.18, 0.13, 0.09));
    lump((-0.09, 0.05, 0.08), (0.1, 0.11, 0.09));
    lump((0.15, 0.08, 0.09), (0.06, 0.055, 0.05));
    lump((0.19, 0.11, 0.075), (0.035, 0.03, 0.025));
    for side in [-1.0, 1.0] {
        lump(
            (0.13 + 0.03 * side, 0.07 - 0.03 * side, 0.14),
            (0.018, 0.018, 0.035),
        );
    }
    let (from, to) = (v3(-0.15, 0.1, 0.03) * size, v3(0.08, 0.17, 0.03) * size);
    solids.push(rod(place, from, to, 0.018, fur));
    (solids, 0.2 * size)
}

fn folded_clothes(dice: &mut Dice, place: Place) -> (Vec<Solid>, f32) {
    let mut solids = Vec::new();
    let mut low = 0.0;
    for _ in 0..dice.pick(&[1, 2, 3, 4]) {
        let (a, b, thick) = (
            dice.between(0.1, 0.18),
            dice.between(0.1, 0.16),
            dice.between(0.015, 0.04),
        );
        let shift = v3(dice.around(0.03), dice.around(0.03), 0.0);
        let cloth = Material::clothes(dice);
        let corner = v3(-a, -b, low) + shift;
        solids.push(solid(place, corner, v3(a, b, low + thick) + shift, cloth));
        low += thick;
    }
    (solids, 0.2)
}

fn laptop(dice: &mut Dice, place: Place) -> (Vec<Solid>, f32) {
    let case = Material::plain(dice.between(0.05, 0.6));
    let screen = Material::plain(0.06).glowing(dice, 0.5);
    let mut solids = vec![solid(
        place,
        v3(-0.17, -0.12, 0.0),
        v3(0.17, 0.12, 0.02),
        case,
    )];
    if dice.chance(0.6) {
        solids.push(solid(
            place,
            v3(-0.17, -0.14, 0.01),
            v3(0.17, -0.125, 0.23),
            case,
        ));
        solids.push(solid(
            place,
            v3(-0.16, -0.126, 0.03),
            v3(0.16, -0.122, 0.22),
            screen,
        ));
    }
    (solids, 0.2)
}

fn papers(dice: &mut Dice, place: Place) -> (Vec<Solid>, f32) {
    let (a, b) = (dice.between(0.08, 0.2), dice.between(0.1, 0.2));
    let paper = Material::print(dice);
    let thick = dice.between(0.004, 0.04);
    (
        vec![solid(place, v3(-a, -b, 0.0), v3(a, b, thick), paper)],
        a.max(b),
    )
}

/// A rolled towel or a neck roll.
fn towel(dice: &mut Dice, place: Place) -> (Vec<Solid>, f32) {
    let (half, radius) = (dice.between(0.12, 0.28), dice.between(0.05, 0.09));
    let cloth = if dice.chance(0.4) {
        dark(dice)
    } else {
        Material::linen(dice)
    };
    let (from, to) = (v3(-half, 0.0, radius), v3(half, 0.0, radius));
    (vec![rod(place, from, to, radius, cloth)], half)
}
