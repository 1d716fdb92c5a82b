//! How people sit, stand, walk, bend, kneel and crawl.
//!
//! Deliberately says nothing of where: [`crate::pose`] finds the place. Directions are the body's
//! own: outwards, to the front, towards the head.

use crate::anatomy::{Facing, Hold, Limb, Posture};
use crate::dice::Dice;
use crate::figure::Figure;
use crate::vector::{UP, V3, v3};

/// A posture on the feet, the seat or the knees.
#[derive(Clone, Debug)]
pub(crate) struct Upright {
    pub(crate) posture: Posture,
    /// How far the trunk leans forward, 0 straight to about 1 level.
    pub(crate) lean: f32,
    /// Height of the pelvis over what carries it, in metres.
    pub(crate) pelvis: f32,
}

fn held(upper: V3, lower: V3, end: V3) -> Limb {
    Limb {
        upper,
        lower,
        end,
        hold: Hold::Held,
    }
}

/// An arm of somebody standing.
fn standing_arm(dice: &mut Dice) -> Limb {
    let out = dice.between(0.08, 0.3);
    match dice.unit() {
        x if x < 0.55 => {
            let swing = dice.around(0.35);
            let lower = v3(0.02, swing + dice.between(0.05, 0.4), -1.0);
            held(v3(out, swing, -1.0), lower, lower)
        }
        // Carrying something or holding on to a walking aid.
        x if x < 0.75 => held(v3(out, 0.3, -1.0), v3(0.0, 1.0, 0.0), v3(0.0, 1.0, -0.1)),
        // A hand at the hip or the belly.
        x if x < 0.87 => held(v3(0.5, -0.1, -1.0), v3(-0.8, 0.5, -0.3), v3(-0.8, 0.6, 0.0)),
        _ => held(v3(0.3, 0.7, -0.6), v3(-0.2, 0.6, 0.7), v3(0.0, 0.3, 1.0)),
    }
}

/// Legs of somebody standing on both feet or taking a step, under a trunk that leans by `lean`.
fn standing_legs(dice: &mut Dice, lean: f32) -> ([Limb; 2], f32) {
    let stride = dice.around(0.35);
    let stoop = dice.between(0.0, 0.12);
    let leg = |swing: f32| {
        // In the world's upright directions, turned back by the trunk's lean.
        let level = |d: V3| tilted(d, -lean);
        held(
            level(v3(0.05, swing + stoop, -1.0)),
            level(v3(0.0, swing - stoop - 0.12, -1.0)),
            level(v3(0.25, 1.0, -0.12)),
        )
    };
    (
        [leg(stride), leg(-stride)],
        0.05 * stride.abs() + 0.3 * stoop * stoop,
    )
}

/// A direction turned forward by `lean` about the body's side.
fn tilted(d: V3, lean: f32) -> V3 {
    let angle = -lean;
    let (sin, cos) = angle.sin_cos();
    v3(d.x, d.y * cos + d.z * -sin, d.y * sin + d.z * cos)
}

pub(crate) fn standing(figure: &Figure, dice: &mut Dice) -> Upright {
    let lean = dice.between(0.0, 0.15) + 0.4 * figure.stoop * dice.unit();
    let (legs, sunk) = standing_legs(dice, lean);
    Upright {
        posture: Posture {
            arms: [standing_arm(dice), standing_arm(dice)],
            legs,
            bend: dice.between(0.0, 0.25),
            sway: dice.around(0.06),
            head: v3(dice.around(0.12), dice.between(0.05, 0.45), 1.0),
            face: v3(dice.around(0.7), 1.0, -0.1),
        },
        lean,
        pelvis: (0.52 - sunk) * figure.height,
    }
}

/// Bending forward over something at the height of a bed, hands reaching down to it.
pub(crate) fn bending(figure: &Figure, dice: &mut Dice) -> Upright {
    let lean = dice.between(0.5, 1.0);
    let (legs, sunk) = standing_legs(dice, lean);
    let arm = |dice: &mut Dice| {
        let reach = tilted(
            v3(dice.between(-0.1, 0.25), dice.between(0.3, 1.0), -1.0),
            -lean,
        );
        let lower = tilted(v3(-0.1, dice.between(0.3, 1.2), -1.0), -lean);
        held(reach, lower, lower)
    };
    Upright {
        posture: Posture {
            arms: [arm(dice), arm(dice)],
            legs,
            bend: dice.between(0.1, 0.4),
            sway: dice.around(0.1),
            head: v3(dice.around(0.15), dice.between(-0.1, 0.3), 1.0),
            face: v3(dice.around(0.4), 1.0, 0.1),
        },
        lean,
        pelvis: (0.51 - sunk) * figure.height,
    }
}

/// On the edge of something, feet towards the floor.
pub(crate) fn sitting(figure: &Figure, dice: &mut Dice) -> Upright {
    let lean = dice.between(-0.1, 0.45);
    let arm = |dice: &mut Dice| {
        let level = |d: V3| tilted(d, -lean);
        match dice.unit() {
            // Hands on the thighs, beside the seat, at the face.
            x if x < 0.5 => held(
                v3(0.2, 0.25, -1.0),
                level(v3(-0.15, 1.0, -0.45)),
                level(v3(-0.1, 1.0, -0.3)),
            ),
            x if x < 0.8 => held(
                level(v3(0.45, -0.15, -1.0)),
                level(v3(0.1, 0.05, -1.0)),
                level(v3(0.1, 1.0, -0.3)),
            ),
            _ => held(v3(0.2, 0.6, -0.8), v3(-0.4, 0.5, 0.9), v3(-0.1, 0.0, 1.0)),
        }
    };
    let leg = |dice: &mut Dice| {
        let level = |d: V3| tilted(d, -lean);
        let apart = dice.between(0.05, 0.35);
        held(
            level(v3(apart, 1.0, -0.12)),
            level(v3(0.0, dice.between(-0.3, 0.3), -1.0)),
            level(v3(0.2, 1.0, -0.15)),
        )
    };
    Upright {
        posture: Posture {
            arms: [arm(dice), arm(dice)],
            legs: [leg(dice), leg(dice)],
            bend: dice.between(0.05, 0.6),
            sway: dice.around(0.1),
            head: v3(dice.around(0.2), dice.between(0.0, 0.8), 1.0),
            face: v3(dice.around(0.8), 1.0, -0.2),
        },
        lean,
        pelvis: 0.062 * figure.height * figure.girth,
    }
}

/// On the floor with legs before them, as somebody who slid down from a bed.
pub(crate) fn sitting_low(figure: &Figure, dice: &mut Dice) -> Upright {
    let lean = dice.between(-0.35, 0.3);
    let leg = |dice: &mut Dice| {
        let (bent, out) = (dice.between(0.0, 0.9), dice.between(0.05, 0.6));
        Limb {
            upper: tilted(v3(out, 1.0, bent), -lean),
            lower: tilted(v3(-0.3 * out, 1.0, -1.3 * bent), -lean),
            end: tilted(v3(0.3, 0.5, 0.7), -lean),
            hold: if bent < 0.3 { Hold::Rests } else { Hold::Held },
        }
    };
    Upright {
        posture: Posture {
            arms: [
                held(
                    v3(0.4, -0.4, -1.0),
                    v3(0.1, -0.2, -1.0),
                    v3(0.5, -0.5, -0.3),
                ),
                held(
                    v3(0.25, 0.4, -0.9),
                    v3(-0.1, 0.9, -0.4),
                    v3(-0.1, 0.9, -0.2),
                ),
            ],
            legs: [leg(dice), leg(dice)],
            bend: dice.between(0.1, 0.6),
            sway: dice.around(0.2),
            head: v3(dice.around(0.3), dice.between(0.0, 0.7), 1.0),
            face: v3(dice.around(0.7), 1.0, -0.2),
        },
        lean,
        pelvis: 0.066 * figure.height * figure.girth,
    }
}

/// On hands and knees.
pub(crate) fn crawling(figure: &Figure, dice: &mut Dice) -> Upright {
    let lean = dice.between(1.25, 1.5);
    let level = |d: V3| tilted(d, -lean);
    let arm = |dice: &mut Dice| {
        let swing = dice.around(0.4);
        held(
            level(v3(0.15, swing, -1.0)),
            level(v3(0.0, swing + 0.1, -1.0)),
            level(v3(0.0, 1.0, -0.2)),
        )
    };
    let leg = |dice: &mut Dice| {
        let swing = dice.around(0.35);
        held(
            level(v3(0.1, swing, -1.0)),
            level(v3(0.05, -1.0, -0.3)),
            level(v3(0.0, -1.0, -0.1)),
        )
    };
    Upright {
        posture: Posture {
            arms: [arm(dice), arm(dice)],
            legs: [leg(dice), leg(dice)],
            bend: dice.between(0.0, 0.3),
            sway: dice.around(0.15),
            head: v3(dice.around(0.3), dice.between(-0.6, 0.2), 1.0),
            face: v3(dice.around(0.4), 0.8, 0.6),
        },
        lean,
        pelvis: 0.27 * figure.height,
    }
}

/// Directions of a body that looks towards `ahead` (level) and leans forward.
pub(crate) fn facing(ahead: V3, lean: f32) -> Facing {
    let ahead = ahead.unit();
    let spine = (UP * lean.cos() + ahead * lean.sin()).unit();
    Facing {
        spine,
        front: (ahead * lean.cos() - UP * lean.sin()).unit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_tilted_back_by_the_lean_is_level_again() {
        let ahead = v3(1.0, 0.0, 0.0);
        let body = facing(ahead, 0.7);
        let own = tilted(v3(0.0, 1.0, 0.0), -0.7);
        let out = body.front * own.y + body.spine * own.z;
        assert!((out - ahead).length() < 1e-5, "{out:?}");
    }
}
