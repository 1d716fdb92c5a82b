//! Where people are and how they lie, sit and stand: drawn last, from a seed of its own.
//!
//! Deliberately reads the room and changes nothing in it. The camera is read only to keep a person
//! inside the picture.

use crate::body::{Body, Facing, Figure, Limb, Posture, Rest};
use crate::dice::Dice;
use crate::room::{Occupant, Room};
use crate::vector::{UP, V3, v3};

/// A person, and whether the duvet lies over them.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) body: Body,
    pub(crate) cover: Cover,
}

/// Whether bedding lies over somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    /// In bed: the duvet lies over whatever of them is below its hem.
    UnderDuvet,
    /// Anywhere else.
    None,
}

/// Share of its height that a lying person's arm keeps: it rests on the trunk or beside it.
const LYING: f32 = 0.55;

/// Everybody in the room.
pub(crate) fn people(room: &Room, occupant: Occupant, dice: &mut Dice) -> Vec<Person> {
    match occupant {
        Occupant::Nobody => Vec::new(),
        Occupant::InBed => vec![in_bed(room, dice)],
        Occupant::SittingOnEdge => vec![on_edge(room, dice)],
        Occupant::Standing => vec![standing(room, dice)],
        Occupant::OnFloor => vec![on_floor(room, dice)],
        Occupant::Two => vec![
            in_bed(room, dice),
            standing(room, &mut dice.fork("visitor")),
        ],
    }
}

fn limb(upper: (f32, f32, f32), lower: (f32, f32, f32)) -> Limb {
    Limb {
        upper: v3(upper.0, upper.1, upper.2),
        lower: v3(lower.0, lower.1, lower.2),
    }
}

/// How somebody lies: which way the chest points (as roll from face up) and a posture.
fn lying(dice: &mut Dice) -> (f32, Posture) {
    match dice.unit() {
        x if x < 0.4 => on_back(dice),
        x if x < 0.68 => on_side(dice, 0.75),
        x if x < 0.88 => on_side(dice, 1.5),
        _ => on_front(dice),
    }
}

fn on_back(dice: &mut Dice) -> (f32, Posture) {
    let arm = |dice: &mut Dice| match dice.unit() {
        x if x < 0.4 => limb((0.35, 0.0, -1.0), (0.15, 0.1, -1.0)),
        x if x < 0.8 => limb((0.45, 0.15, -1.0), (-0.9, 0.35, -0.2)),
        _ => limb((1.0, 0.0, 0.3), (-0.3, 0.0, 1.0)),
    };
    let leg = |dice: &mut Dice| {
        let bent = if dice.chance(0.18) {
            dice.between(0.3, 0.8)
        } else {
            0.0
        };
        limb(
            (dice.between(0.0, 0.25), bent, -1.0),
            (dice.between(-0.1, 0.2), -bent, -1.0),
        )
    };
    let posture = Posture {
        arms: [arm(dice), arm(dice)],
        legs: [leg(dice), leg(dice)],
        bend: 0.05,
        head: v3(dice.around(0.15), 0.15, 1.0),
        face: v3(dice.around(1.3), 1.0, 0.1),
    };
    (dice.around(0.2), posture)
}

/// On one side; `curl` is how far the thighs are drawn up, 0 straight to 1.5 curled.
fn on_side(dice: &mut Dice, curl: f32) -> (f32, Posture) {
    let leg = |dice: &mut Dice| {
        let drawn = curl * dice.between(0.6, 1.2);
        limb((0.0, drawn, -1.0), (0.0, -0.5 * drawn, -1.0))
    };
    let (reach, fold) = (dice.between(0.3, 1.2), dice.between(0.1, 1.0));
    let posture = Posture {
        arms: [
            limb((0.1, reach, -0.7), (0.0, 0.8, fold)),
            limb((0.1, 0.8, -0.6), (0.0, 0.6, 0.9)),
        ],
        legs: [leg(dice), leg(dice)],
        bend: 0.15 + 0.25 * curl,
        head: v3(0.0, 0.2 * curl, 1.0),
        face: v3(dice.around(0.3), 1.0, -0.1),
    };
    (dice.side() * dice.between(1.35, 1.75), posture)
}

fn on_front(dice: &mut Dice) -> (f32, Posture) {
    let aside = dice.side();
    let posture = Posture {
        arms: [
            limb((1.0, 0.1, 0.4), (-0.2, 0.1, 1.0)),
            limb((0.4, 0.0, -1.0), (0.2, 0.1, -1.0)),
        ],
        legs: [
            limb((0.4, 0.1, -0.9), (-0.1, 0.0, -1.0)),
            limb((0.08, 0.0, -1.0), (0.05, 0.0, -1.0)),
        ],
        bend: 0.0,
        head: v3(0.0, 0.0, 1.0),
        face: v3(aside * 1.6, 0.25, 0.0),
    };
    (std::f32::consts::PI - 0.1, posture)
}

/// A lying body's directions: head towards `spine`, chest rolled from straight up.
fn laid(spine: V3, roll: f32) -> Facing {
    let spine = spine.unit();
    let level = spine.cross(UP).unit();
    let over = level.cross(spine);
    Facing {
        spine,
        front: (over * roll.cos() + level * roll.sin()).unit(),
    }
}

/// Height of the pelvis over what it rests on: a trunk is wider than deep.
fn pelvis_height(figure: &Figure, roll: f32) -> f32 {
    figure.height * (0.066 * figure.girth + 0.035 * roll.sin().abs())
}

fn in_bed(room: &Room, dice: &mut Dice) -> Person {
    let bed = &room.bed;
    let figure = Figure::draw(dice);
    let (roll, posture) = lying(dice);
    let pillow = bed.pillows
        [crate::rounding::index(dice.unit() * bed.pillows.len() as f32, bed.pillows.len())];
    // A head presses a pillow to about half its height.
    let rise = pillow.middle.z + pillow.half.z * 0.1;
    let slant = dice.around(0.1);
    let head_v = pillow.middle.y + dice.between(-0.05, 0.08);
    let pelvis_v = head_v + 0.39 * figure.height;
    let pelvis = v3(
        pillow.middle.x + dice.around(0.06) + slant * 0.5,
        pelvis_v.min(bed.length - 0.42 * figure.height).max(0.7),
        pelvis_height(&figure, roll),
    );
    let facing = laid(v3(-slant, -1.0, 0.0), roll);
    let facing = Facing {
        spine: bed.place.direction_out(facing.spine),
        front: bed.place.direction_out(facing.front),
    };
    let rest = Rest {
        floor: bed.height,
        pillow: bed.height + rise,
        arms_held: LYING,
        toes_up: 0.5,
    };
    let body = Body::pose(&figure, bed.place.point_out(pelvis), facing, &posture, rest);
    Person {
        body,
        cover: Cover::UnderDuvet,
    }
}

fn on_edge(room: &Room, dice: &mut Dice) -> Person {
    let bed = &room.bed;
    let figure = Figure::draw(dice);
    let place = |dice: &mut Dice| {
        let out = room.free_side(dice);
        let v = dice.between(0.5, bed.length - 0.4);
        let seat = v3(
            out * (0.5 * bed.width - 0.12),
            v,
            0.065 * figure.height * figure.girth,
        );
        let front = bed
            .place
            .direction_out(v3(out, dice.around(0.3), 0.0))
            .unit();
        let lean = dice.between(-0.05, 0.35);
        let spine = (UP + front * lean).unit();
        let front = (front - spine * front.dot(spine)).unit();
        let arm = |dice: &mut Dice| match dice.unit() {
            x if x < 0.5 => limb((0.15, 0.35, -1.0), (-0.1, 1.0, -0.3)),
            x if x < 0.8 => limb((0.5, -0.1, -1.0), (0.1, 0.05, -1.0)),
            _ => limb((0.2, 0.5, -0.8), (-0.4, 0.5, 0.9)),
        };
        let apart = dice.between(0.05, 0.3);
        let leg = limb(
            (apart, 1.0, -0.15 - lean * 0.4),
            (0.0, dice.between(-0.2, 0.2) + lean, -1.0),
        );
        let posture = Posture {
            arms: [arm(dice), arm(dice)],
            legs: [leg, leg],
            bend: dice.between(0.0, 0.5),
            head: v3(dice.around(0.15), dice.between(0.0, 0.7), 1.0),
            face: v3(dice.around(0.7), 1.0, -0.2),
        };
        let rest = Rest {
            floor: 0.0,
            pillow: 0.0,
            arms_held: 1.0,
            toes_up: 1.3,
        };
        let body = Body::pose(
            &figure,
            bed.place.point_out(seat),
            Facing { spine, front },
            &posture,
            rest,
        );
        (body, 0.0)
    };
    Person {
        body: best_seen(room, dice, place),
        cover: Cover::None,
    }
}

fn standing(room: &Room, dice: &mut Dice) -> Person {
    let figure = Figure::draw(dice);
    let place = |dice: &mut Dice| {
        let (x, y) = room.spot_on_floor(dice);
        let turn = dice.around(std::f32::consts::PI);
        let front = v3(turn.cos(), turn.sin(), 0.0);
        let arm = |dice: &mut Dice| match dice.unit() {
            x if x < 0.6 => limb(
                (dice.between(0.1, 0.3), dice.around(0.15), -1.0),
                (0.02, 0.25, -1.0),
            ),
            x if x < 0.85 => limb((0.15, 0.3, -1.0), (0.0, 1.0, 0.1)),
            _ => limb((0.2, 0.6, -0.7), (-0.2, 0.6, 0.7)),
        };
        let stride = dice.around(0.3);
        let leg = |swing: f32| limb((0.06, swing, -1.0), (0.0, swing - 0.1, -1.0));
        let posture = Posture {
            arms: [arm(dice), arm(dice)],
            legs: [leg(stride), leg(-stride)],
            bend: dice.between(0.0, 0.45),
            head: v3(dice.around(0.1), dice.between(0.0, 0.4), 1.0),
            face: v3(dice.around(0.5), 1.0, -0.1),
        };
        let pelvis = v3(x, y, (0.53 - 0.06 * stride.abs()) * figure.height);
        let rest = Rest {
            floor: 0.0,
            pillow: 0.0,
            arms_held: 1.0,
            toes_up: 1.3,
        };
        let body = Body::pose(&figure, pelvis, Facing { spine: UP, front }, &posture, rest);
        (body, room.crowding(x, y, 0.2))
    };
    Person {
        body: best_seen(room, dice, place),
        cover: Cover::None,
    }
}

fn on_floor(room: &Room, dice: &mut Dice) -> Person {
    let figure = Figure::draw(dice);
    let place = |dice: &mut Dice| {
        let (x, y) = room.spot_on_floor(dice);
        let turn = if dice.chance(0.6) {
            dice.around(0.4) + if dice.chance(0.5) { 1.57 } else { -1.57 }
        } else {
            dice.around(std::f32::consts::PI)
        };
        let along = v3(turn.cos(), turn.sin(), 0.0);
        let rest = Rest {
            floor: 0.0,
            pillow: 0.01,
            arms_held: LYING,
            toes_up: 0.5,
        };
        let body = if dice.chance(0.2) {
            // Sitting on the floor, as somebody who slid down from the bed.
            let spine = (UP - along * 0.25).unit();
            let front = (along + UP * 0.25).unit();
            let leg = |dice: &mut Dice| {
                let bent = dice.between(0.0, 0.8);
                limb((0.2, 1.0, bent - 0.2), (0.0, 1.0, -bent - 0.3))
            };
            let arm = limb((0.4, -0.3, -1.0), (0.1, 0.3, -1.0));
            let posture = Posture {
                arms: [arm, limb((0.2, 0.4, -0.9), (-0.1, 0.9, -0.3))],
                legs: [leg(dice), leg(dice)],
                bend: 0.3,
                head: v3(0.0, 0.4, 1.0),
                face: v3(dice.around(0.5), 1.0, -0.1),
            };
            let pelvis = v3(x, y, 0.075 * figure.height * figure.girth);
            Body::pose(&figure, pelvis, Facing { spine, front }, &posture, rest)
        } else {
            let (roll, posture) = lying(dice);
            let pelvis = v3(x, y, pelvis_height(&figure, roll));
            Body::pose(&figure, pelvis, laid(along, roll), &posture, rest)
        };
        let crowding: f32 = body.landmarks().map(|p| room.crowding(p.x, p.y, 0.1)).sum();
        (body, crowding)
    };
    Person {
        body: best_seen(room, dice, place),
        cover: Cover::None,
    }
}

/// The first placing that is free, in the picture and not behind anything, or the best of some.
fn best_seen(room: &Room, dice: &mut Dice, place: impl Fn(&mut Dice) -> (Body, f32)) -> Body {
    /// Enough for a narrow strip of floor beside the bed; each costs a few microseconds.
    const TRIES: usize = 80;
    let mut best = place(dice);
    let mut least = f32::MAX;
    for _ in 0..TRIES {
        let (body, crowding) = place(dice);
        let unseen: f32 = body.landmarks().map(|p| room.outside_picture(p)).sum();
        // Every fourth point is enough to tell a person behind the bed from one in front of it.
        let hidden = body
            .landmarks()
            .step_by(4)
            .filter(|&p| room.is_hidden(p))
            .count() as f32;
        let cost = unseen + 4.0 * crowding + 0.3 * hidden;
        if cost < least {
            least = cost;
            best = (body, crowding);
        }
        if least <= 0.0 {
            break;
        }
    }
    best.0
}
