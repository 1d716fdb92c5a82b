//! How people lie: on back, sides and belly, stretched, curled and sprawled.
//!
//! Deliberately says nothing of where: a posture and a roll of the trunk, for bed and floor alike.
//! Directions are the body's own: outwards, to the front, towards the head.

use crate::anatomy::{Facing, Hold, Limb, Posture};
use crate::dice::Dice;
use crate::vector::{UP, V3, v3};

/// A way to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lying {
    BackStraight,
    BackHandsOnBelly,
    BackOneArmUp,
    BackArmsUp,
    BackKneesUp,
    /// One knee fallen outwards.
    BackLegAside,
    HalfSitting,
    Starfish,
    SideStraight,
    SideRelaxed,
    SideCurled,
    SideHandUnderCheek,
    Belly,
    BellyKneeDrawn,
    /// One leg out over the side of the bed.
    LegOut,
    /// Arms and legs any way.
    Tangled,
}

impl Lying {
    /// Every way, as often as it stands here: about half of sleep is on a side (Skarpsno and
    /// others 2017), and on the back more with age and illness.
    pub(crate) const ALL: [Self; 22] = [
        Self::BackStraight,
        Self::BackStraight,
        Self::BackHandsOnBelly,
        Self::BackHandsOnBelly,
        Self::BackOneArmUp,
        Self::BackArmsUp,
        Self::BackKneesUp,
        Self::BackLegAside,
        Self::HalfSitting,
        Self::Starfish,
        Self::SideStraight,
        Self::SideRelaxed,
        Self::SideRelaxed,
        Self::SideRelaxed,
        Self::SideCurled,
        Self::SideCurled,
        Self::SideHandUnderCheek,
        Self::SideHandUnderCheek,
        Self::Belly,
        Self::BellyKneeDrawn,
        Self::LegOut,
        Self::Tangled,
    ];
}

/// A posture and how it lies.
#[derive(Clone, Debug)]
pub(crate) struct Laid {
    pub(crate) posture: Posture,
    /// Turn of the chest from straight up, in radians.
    pub(crate) roll: f32,
    /// How far the upper trunk is raised from the bed, in radians.
    pub(crate) raised: f32,
}

pub(crate) fn resting(upper: V3, lower: V3, end: V3) -> Limb {
    Limb {
        upper,
        lower,
        end,
        hold: Hold::Rests,
    }
}

/// Draws the angles of one way to lie; nobody lies straight.
pub(crate) fn draw(way: Lying, dice: &mut Dice) -> Laid {
    let mut laid = match way {
        Lying::BackStraight
        | Lying::BackHandsOnBelly
        | Lying::BackOneArmUp
        | Lying::BackArmsUp
        | Lying::BackKneesUp
        | Lying::BackLegAside
        | Lying::HalfSitting
        | Lying::Starfish
        | Lying::LegOut => on_back(way, dice),
        Lying::SideStraight
        | Lying::SideRelaxed
        | Lying::SideCurled
        | Lying::SideHandUnderCheek => on_side(way, dice),
        Lying::Belly | Lying::BellyKneeDrawn => on_belly(way, dice),
        Lying::Tangled => tangled(dice),
    };
    laid.posture.sway += dice.around(0.1);
    for limb in laid.posture.arms.iter_mut().chain(&mut laid.posture.legs) {
        for direction in [&mut limb.upper, &mut limb.lower, &mut limb.end] {
            *direction =
                direction.unit() + v3(dice.around(0.1), dice.around(0.1), dice.around(0.1));
        }
    }
    laid
}

/// An arm of somebody on the back.
fn arm_beside(dice: &mut Dice) -> Limb {
    let out = dice.between(0.2, 0.55);
    let bent = dice.between(-0.3, 0.3);
    let upper = v3(out, -0.1, -1.0);
    resting(upper, v3(bent, 0.05, -1.0), v3(bent - 0.1, 0.0, -1.0))
}

fn arm_on_belly(dice: &mut Dice) -> Limb {
    let high = dice.between(-0.5, 0.55);
    resting(
        v3(0.55, 0.1, -1.0),
        v3(-0.9, 0.45, high),
        v3(-1.0, 0.1, 0.5 * high),
    )
}

fn arm_up(dice: &mut Dice) -> Limb {
    let upper = v3(1.0, 0.0, dice.between(-0.1, 0.7));
    let lower = v3(dice.between(-0.9, 0.3), 0.1, 1.0);
    resting(upper, lower, lower)
}

fn straight_leg(dice: &mut Dice) -> Limb {
    let apart = dice.between(0.02, 0.22);
    let upper = v3(apart, dice.between(0.0, 0.12), -1.0);
    let lower = v3(apart * dice.between(-0.5, 1.0), -0.08, -1.0);
    resting(upper, lower, v3(0.5, 0.75, -0.5))
}

/// The knee up and the sole on the bed.
fn knee_up(dice: &mut Dice) -> Limb {
    let high = dice.between(0.6, 1.3);
    Limb {
        upper: v3(dice.between(-0.15, 0.25), high, -1.0),
        lower: v3(0.05, -1.4 * high, -0.55),
        end: v3(0.1, -0.05, -1.0),
        hold: Hold::Held,
    }
}

fn leg_aside(dice: &mut Dice) -> Limb {
    let out = dice.between(0.5, 1.0);
    let lower = v3(-0.8 * out, 0.0, -0.7);
    resting(v3(out, 0.25, -0.8), lower, v3(-0.3, 0.3, -1.0))
}

fn on_back(way: Lying, dice: &mut Dice) -> Laid {
    let any_arm = |dice: &mut Dice| match dice.unit() {
        x if x < 0.45 => arm_beside(dice),
        x if x < 0.85 => arm_on_belly(dice),
        _ => arm_up(dice),
    };
    let mut arms = [any_arm(dice), any_arm(dice)];
    let mut legs = [straight_leg(dice), straight_leg(dice)];
    let (mut raised, mut aside) = (0.0, 1.6);
    match way {
        Lying::BackHandsOnBelly => arms = [arm_on_belly(dice), arm_on_belly(dice)],
        Lying::BackOneArmUp => arms = [any_arm(dice), arm_up(dice)],
        Lying::BackArmsUp => arms = [arm_up(dice), arm_up(dice)],
        Lying::BackKneesUp => {
            legs = [
                knee_up(dice),
                if dice.chance(0.6) {
                    knee_up(dice)
                } else {
                    legs[1]
                },
            ];
        }
        Lying::BackLegAside => legs[0] = leg_aside(dice),
        Lying::HalfSitting => (raised, aside) = (dice.between(0.2, 0.42), 0.6),
        Lying::Starfish => {
            let spread = |dice: &mut Dice| {
                let far = v3(dice.between(0.35, 0.7), 0.0, -1.0);
                resting(far, far, v3(0.8, 0.6, -0.5))
            };
            legs = [spread(dice), spread(dice)];
            arms = [0, 1].map(|_| {
                let far = v3(1.0, 0.0, dice.between(-0.4, 0.5));
                resting(
                    far,
                    v3(1.0, 0.0, dice.between(-0.3, 1.0)),
                    v3(1.0, 0.0, 0.3),
                )
            });
        }
        Lying::LegOut => {
            let far = v3(dice.between(0.6, 1.0), 0.1, -0.8);
            legs[1] = resting(
                far,
                v3(dice.between(0.0, 0.7), -0.5, -0.7),
                v3(0.3, 0.4, -0.8),
            );
        }
        Lying::BackStraight
        | Lying::SideStraight
        | Lying::SideRelaxed
        | Lying::SideCurled
        | Lying::SideHandUnderCheek
        | Lying::Belly
        | Lying::BellyKneeDrawn
        | Lying::Tangled => {}
    }
    Laid {
        posture: Posture {
            arms,
            legs,
            bend: 0.08,
            sway: 0.0,
            head: v3(dice.around(0.2), 0.15, 1.0),
            face: v3(dice.around(aside), 1.0, 0.1),
        },
        roll: dice.around(0.25),
        raised,
    }
}

fn on_side(way: Lying, dice: &mut Dice) -> Laid {
    let curl = if way == Lying::SideStraight {
        dice.between(0.0, 0.25)
    } else if way == Lying::SideCurled {
        dice.between(1.2, 2.2)
    } else {
        dice.between(0.4, 1.0)
    };
    let leg = |dice: &mut Dice, drawn: f32| {
        let back = -dice.between(0.5, 0.9) * drawn;
        resting(
            v3(0.0, drawn, -1.0),
            v3(0.0, back, -1.0),
            v3(0.0, 0.4, -1.0),
        )
    };
    let (under, upper) = (curl * dice.between(0.5, 1.0), curl * dice.between(0.8, 1.5));
    let mut arms = match dice.unit() {
        x if x < 0.4 => [
            // One under the head or the pillow, one before the chest.
            resting(v3(0.1, 0.9, 0.5), v3(-0.1, 0.3, 1.0), v3(0.0, -0.2, 1.0)),
            resting(v3(0.0, 0.8, -0.8), v3(-0.4, 0.9, 0.5), v3(-0.2, 0.8, 0.3)),
        ],
        x if x < 0.75 => [
            resting(v3(0.1, 1.0, -0.3), v3(0.0, 0.6, 0.9), v3(0.0, 0.3, 0.9)),
            // Along the flank and hip.
            resting(
                v3(0.15, 0.1, -1.0),
                v3(-0.2, 0.5, -1.0),
                v3(-0.5, 0.6, -0.8),
            ),
        ],
        _ => [
            resting(v3(0.1, 1.0, -0.2), v3(0.0, 1.0, 0.3), v3(0.0, 1.0, 0.1)),
            resting(v3(0.1, 1.0, -0.5), v3(-0.3, 1.0, 0.0), v3(-0.2, 1.0, -0.2)),
        ],
    };
    if way == Lying::SideHandUnderCheek {
        arms[0] = resting(v3(0.05, 0.9, -0.5), v3(0.0, 0.1, 1.0), v3(0.0, -0.4, 1.0));
        if dice.chance(0.5) {
            arms[1] = resting(v3(-0.1, 0.8, -0.6), v3(-0.5, 0.2, 1.0), v3(-0.2, -0.2, 1.0));
        }
    }
    Laid {
        posture: Posture {
            arms,
            legs: [leg(dice, under), leg(dice, upper)],
            bend: 0.12 + 0.22 * curl.min(1.5),
            sway: 0.0,
            head: v3(0.0, 0.15 + 0.2 * curl.min(1.5), 1.0),
            face: v3(dice.around(0.5), 1.0, -0.1),
        },
        roll: dice.side() * dice.between(1.2, 1.85),
        raised: 0.0,
    }
}

fn on_belly(way: Lying, dice: &mut Dice) -> Laid {
    let up = |dice: &mut Dice| {
        let upper = v3(1.0, 0.1, dice.between(0.1, 0.8));
        resting(
            upper,
            v3(dice.between(-0.8, 0.0), 0.1, 1.0),
            v3(-0.3, 0.0, 1.0),
        )
    };
    let beside = resting(v3(0.35, 0.1, -1.0), v3(0.1, 0.1, -1.0), v3(-0.2, 0.0, -1.0));
    let arms = if dice.chance(0.5) {
        [up(dice), up(dice)]
    } else {
        [up(dice), beside]
    };
    let straight = |dice: &mut Dice| {
        let upper = v3(dice.between(0.0, 0.25), 0.0, -1.0);
        resting(upper, v3(0.05, 0.0, -1.0), v3(0.2, -0.3, -1.0))
    };
    let mut legs = [straight(dice), straight(dice)];
    if way == Lying::BellyKneeDrawn {
        let out = dice.between(0.7, 1.3);
        legs[0] = resting(
            v3(out, 0.3, -0.6),
            v3(-0.4 * out, 0.0, -1.0),
            v3(0.1, 0.0, -1.0),
        );
    }
    Laid {
        posture: Posture {
            arms,
            legs,
            bend: 0.0,
            sway: 0.0,
            head: v3(dice.around(0.2), 0.0, 1.0),
            face: v3(
                dice.side() * dice.between(0.9, 2.0),
                dice.between(0.1, 0.6),
                0.0,
            ),
        },
        roll: std::f32::consts::PI + dice.around(0.35),
        raised: 0.0,
    }
}

fn tangled(dice: &mut Dice) -> Laid {
    let arm = |dice: &mut Dice| {
        let upper = v3(
            dice.between(0.2, 1.0),
            dice.between(-0.2, 0.8),
            dice.around(1.0),
        );
        let lower = v3(
            dice.between(-1.0, 0.6),
            dice.between(0.0, 1.0),
            dice.around(1.0),
        );
        resting(upper, lower, lower)
    };
    let leg = |dice: &mut Dice| {
        let upper = v3(dice.between(0.0, 0.8), dice.between(0.0, 0.9), -0.8);
        let lower = v3(dice.around(0.5), dice.between(-0.8, 0.0), -0.8);
        resting(upper, lower, v3(0.2, 0.3, -1.0))
    };
    Laid {
        posture: Posture {
            arms: [arm(dice), arm(dice)],
            legs: [leg(dice), leg(dice)],
            bend: dice.between(0.0, 0.4),
            sway: dice.around(0.2),
            head: v3(dice.around(0.3), 0.1, 1.0),
            face: v3(dice.around(1.2), 1.0, 0.0),
        },
        roll: dice.around(1.3),
        raised: 0.0,
    }
}

/// A lying body's directions: head towards `spine`, chest rolled from straight up, the upper end
/// raised.
pub(crate) fn facing(spine: V3, laid: &Laid) -> Facing {
    let spine = spine.unit();
    let level = spine.cross(UP).unit();
    let over = level.cross(spine);
    let (spine, over) = (
        (spine * laid.raised.cos() + over * laid.raised.sin()).unit(),
        (over * laid.raised.cos() - spine * laid.raised.sin()).unit(),
    );
    Facing {
        spine,
        front: (over * laid.roll.cos() + level * laid.roll.sin()).unit(),
    }
}
