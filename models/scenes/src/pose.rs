//! Where people are: in bed, on its edge, about the room, on the floor. Drawn last, from a seed of
//! its own.
//!
//! Deliberately reads the room and changes nothing in it. The camera is read only to keep a person
//! inside the picture.

use crate::anatomy::{Hold, Rest};
use crate::bed::{Bed, Pillow};
use crate::bedding::Bedding;
use crate::body::Body;
use crate::dice::Dice;
use crate::figure::{Figure, Role};
use crate::lying::{self, Lying};
use crate::room::{Occupant, Room};
use crate::upright::{self, Upright};
use crate::vector::{V3, v3};

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
    /// Anywhere else, on top of the duvet too.
    None,
}

/// How far a body sinks into a mattress and a head into a pillow, in metres.
const SINK: f32 = 0.018;

/// Whoever lies on each side is drawn apart.
const SIDES: [&str; 2] = ["one side", "other side"];

/// Everybody in the room.
pub(crate) fn people(room: &Room, occupant: Occupant, dice: &mut Dice) -> Vec<Person> {
    match occupant {
        Occupant::Nobody => Vec::new(),
        Occupant::InBed => {
            let lane = lane(room, dice);
            vec![in_bed(room, lane, dice)]
        }
        Occupant::SittingOnEdge => vec![on_edge(room, dice)],
        Occupant::Standing => vec![about(room, Role::Resident, dice)],
        Occupant::OnFloor => vec![on_floor(room, dice)],
        Occupant::Two => two(room, dice),
        Occupant::InLane(lane) => {
            let last = room.bed.pillows.len() - 1;
            vec![in_bed(room, usize::from(lane).min(last), dice)]
        }
        Occupant::Couple => {
            let lanes = 0..room.bed.pillows.len();
            let mut each = |lane| in_bed(room, lane, &mut dice.fork(SIDES[lane.min(1)]));
            lanes.map(&mut each).collect()
        }
    }
}

/// Which of the pillows somebody alone lies on.
fn lane(room: &Room, dice: &mut Dice) -> usize {
    let count = room.bed.pillows.len();
    crate::rounding::index(dice.unit() * count as f32, count)
}

/// A couple in a double bed, or one in bed and one at its side or elsewhere in the room.
fn two(room: &Room, dice: &mut Dice) -> Vec<Person> {
    let other = &mut dice.fork("other");
    let lane = lane(room, dice);
    let asleep = in_bed(room, lane, dice);
    let lanes = room.bed.pillows.len();
    let beside = if lanes > 1 && other.chance(0.5) {
        in_bed(room, (lane + 1) % lanes, other)
    } else if other.chance(0.5) {
        bending_over(room, other)
    } else {
        about(room, Role::Visitor, other)
    };
    vec![asleep, beside]
}

/// How far `p`, in the bed's frame, is beyond the mattress.
fn beyond(bed: &Bed, p: V3) -> f32 {
    let off = |x: f32| x.max(0.0);
    off(p.x.abs() - 0.5 * bed.width) + off(-p.y) + off(p.y - bed.length)
}

fn in_bed(room: &Room, lane: usize, dice: &mut Dice) -> Person {
    /// Enough for most postures to find a place on a narrow bed.
    const TRIES: usize = 8;
    let bed = &room.bed;
    let figure = Figure::draw(&mut dice.fork("figure"), Role::Resident);
    let way = dice.pick(&Lying::ALL);
    let flat = matches!(room.covers.bedding, Bedding::Made | Bedding::FoldedBack);
    let on_top = flat && dice.chance(0.22);
    // About the thickness of a duvet that gives way under a body.
    let lift = if on_top { 0.035 } else { -SINK };
    let diagonal = if dice.chance(0.15) { 0.3 } else { 0.1 };
    let mut best = lie(room, &figure, (lane, way, lift, diagonal), dice);
    let over = |body: &Body| -> f32 {
        let points = body.landmarks().map(|p| bed.place.point_in(p));
        points.map(|p| beyond(bed, p)).sum()
    };
    let mut least = over(&best);
    for _ in 1..TRIES {
        if least < 0.05 {
            break;
        }
        let body = lie(room, &figure, (lane, way, lift, diagonal), dice);
        let off = over(&body);
        if off < least {
            (best, least) = (body, off);
        }
    }
    Person {
        body: best,
        cover: if on_top {
            Cover::None
        } else {
            Cover::UnderDuvet
        },
    }
}

/// One try at lying with the head on a pillow.
fn lie(
    room: &Room,
    figure: &Figure,
    (lane, way, lift, diagonal): (usize, Lying, f32, f32),
    dice: &mut Dice,
) -> Body {
    let bed = &room.bed;
    let Pillow { middle, half, .. } = bed.pillows[lane];
    let laid = lying::draw(way, dice);
    let slant = dice.around(diagonal);
    let facing = {
        let own = lying::facing(v3(-slant, -1.0, 0.0), &laid);
        crate::anatomy::Facing {
            spine: bed.place.direction_out(own.spine),
            front: bed.place.direction_out(own.front),
        }
    };
    let ground = |x: f32, y: f32| {
        let p = bed.place.point_in(v3(x, y, bed.height));
        let on = p.x.abs() < 0.5 * bed.width + 0.02 && p.y < bed.length + 0.03;
        if on {
            // A head and shoulders press a pillow to about half its height.
            bed.height + lift.max(0.55 * bed.pillow_height(p.x, p.y) - SINK)
        } else {
            0.0
        }
    };
    let rest = Rest {
        ground: &ground,
        hair: Hold::Rests,
    };
    let head = v3(
        middle.x + dice.around(0.3 * half.x),
        middle.y + dice.around(0.35 * half.y),
        0.0,
    );
    let mut pelvis = v3(
        head.x + 0.4 * slant * figure.height,
        head.y + 0.4 * figure.height,
        lift + figure.height * (0.056 * figure.girth + 0.03 * laid.roll.sin().abs()),
    );
    let posed = |pelvis: V3| {
        let at = bed.place.point_out(pelvis);
        Body::pose(figure, at, facing, &laid.posture, rest)
    };
    // Once more, moved so that the head comes to where it belongs.
    let missed = head - bed.place.point_in(posed(pelvis).head());
    pelvis = pelvis + v3(missed.x, missed.y, 0.0);
    posed(pelvis)
}

fn on_edge(room: &Room, dice: &mut Dice) -> Person {
    let bed = &room.bed;
    let figure = Figure::draw(&mut dice.fork("figure"), Role::Resident);
    let place = |dice: &mut Dice| {
        let out = room.free_side(dice);
        let Upright {
            posture,
            lean,
            pelvis,
        } = upright::sitting(&figure, dice);
        let seat = v3(
            out * (0.5 * bed.width - 0.14),
            dice.between(0.5, bed.length - 0.4),
            pelvis - SINK,
        );
        let ahead = bed.place.direction_out(v3(out, dice.around(0.35), 0.0));
        let at = bed.place.point_out(seat);
        let body = Body::pose(&figure, at, upright::facing(ahead, lean), &posture, FLOOR);
        (body, 0.0)
    };
    Person {
        body: best_seen(room, dice, place),
        cover: Cover::None,
    }
}

/// Bare floor, for people who are upright.
const FLOOR: Rest<'static> = Rest {
    ground: &|_, _| 0.0,
    hair: Hold::Held,
};

/// Standing, walking or bending down somewhere in the room.
fn about(room: &Room, role: Role, dice: &mut Dice) -> Person {
    let figure = Figure::draw(&mut dice.fork("figure"), role);
    let stands = dice.chance(0.85);
    let place = |dice: &mut Dice| {
        let (x, y) = room.spot_on_floor(dice);
        let turn = dice.around(std::f32::consts::PI);
        let Upright {
            posture,
            lean,
            pelvis,
        } = if stands {
            upright::standing(&figure, dice)
        } else {
            upright::bending(&figure, dice)
        };
        let facing = upright::facing(v3(turn.cos(), turn.sin(), 0.0), lean);
        let body = Body::pose(&figure, v3(x, y, pelvis), facing, &posture, FLOOR);
        (body, room.crowding(x, y, 0.2))
    };
    Person {
        body: best_seen(room, dice, place),
        cover: Cover::None,
    }
}

/// Beside the bed, bent over whoever lies there.
fn bending_over(room: &Room, dice: &mut Dice) -> Person {
    let bed = &room.bed;
    let figure = Figure::draw(&mut dice.fork("figure"), Role::Visitor);
    let place = |dice: &mut Dice| {
        let out = room.free_side(dice);
        let Upright {
            posture,
            lean,
            pelvis,
        } = upright::bending(&figure, dice);
        let beside = 0.5 * bed.width + dice.between(0.22, 0.4);
        let spot = v3(out * beside, dice.between(0.3, 1.5), pelvis - bed.height);
        let ahead = bed.place.direction_out(v3(-out, dice.around(0.4), 0.0));
        let at = bed.place.point_out(spot);
        let body = Body::pose(&figure, at, upright::facing(ahead, lean), &posture, FLOOR);
        (body, 0.25 * room.crowding(at.x, at.y, 0.1))
    };
    Person {
        body: best_seen(room, dice, place),
        cover: Cover::None,
    }
}

fn on_floor(room: &Room, dice: &mut Dice) -> Person {
    let figure = Figure::draw(&mut dice.fork("figure"), Role::Resident);
    let kind = dice.unit();
    let way = dice.pick(&Lying::ALL);
    let way = if way == Lying::HalfSitting {
        Lying::Tangled
    } else {
        way
    };
    let lying_there = Rest {
        hair: Hold::Rests,
        ..FLOOR
    };
    let place = |dice: &mut Dice| {
        let (x, y) = room.spot_on_floor(dice);
        let turn = if dice.chance(0.6) {
            dice.around(0.4) + std::f32::consts::FRAC_PI_2 * dice.side()
        } else {
            dice.around(std::f32::consts::PI)
        };
        let along = v3(turn.cos(), turn.sin(), 0.0);
        let up = if kind < 0.16 {
            Some(upright::sitting_low(&figure, dice))
        } else if kind < 0.28 {
            Some(upright::crawling(&figure, dice))
        } else {
            None
        };
        let body = if let Some(Upright {
            posture,
            lean,
            pelvis,
        }) = up
        {
            let facing = upright::facing(along, lean);
            Body::pose(&figure, v3(x, y, pelvis), facing, &posture, FLOOR)
        } else {
            let laid = lying::draw(way, dice);
            let high = 0.056 * figure.girth + 0.03 * laid.roll.sin().abs();
            let pelvis = v3(x, y, high * figure.height);
            let facing = lying::facing(along, &laid);
            Body::pose(&figure, pelvis, facing, &laid.posture, lying_there)
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
    /// Enough for a narrow strip of floor beside the bed; each costs a few dozen microseconds.
    const TRIES: usize = 60;
    let mut best = place(dice);
    let mut least = f32::MAX;
    for _ in 0..TRIES {
        let (body, crowding) = place(dice);
        let unseen: f32 = body.landmarks().map(|p| room.outside_picture(p)).sum();
        // Every third point is enough to tell a person behind the bed from one in front of it.
        let hidden = body
            .landmarks()
            .step_by(3)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Sex;
    use crate::hair::Style;

    /// A few hundred sleepers, every way to lie among them.
    fn sleepers() -> impl Iterator<Item = (Room, Person, Lying)> {
        (0..12_u64).flat_map(|seed| {
            Lying::ALL.into_iter().map(move |way| {
                let room = Room::from_seed(seed);
                let dice = &mut Dice::new(seed ^ 99);
                let figure = Figure::draw(&mut dice.fork("figure"), Role::Resident);
                let lane = lane(&room, dice);
                let body = lie(&room, &figure, (lane, way, -SINK, 0.1), dice);
                let cover = Cover::UnderDuvet;
                (room, Person { body, cover }, way)
            })
        })
    }

    #[test]
    fn a_sleeping_head_is_on_a_pillow_and_not_in_it() {
        for (room, Person { body, .. }, way) in sleepers() {
            let bed = &room.bed;
            let head = bed.place.point_in(body.head());
            let near = |pillow: &Pillow| {
                let off = head - pillow.middle;
                off.x.abs() < pillow.half.x && off.y.abs() < pillow.half.y
            };
            assert!(bed.pillows.iter().any(near), "{way:?}: head at {head:?}");
            let pressed = 0.5 * bed.pillow_height(head.x, head.y);
            assert!(head.z > pressed + 0.03, "{way:?}: head at {head:?}");
        }
    }

    #[test]
    fn every_way_to_lie_is_in_bed_and_on_the_mattress() {
        /// An arm or a leg may hang over the side; the trunk may not.
        const HANGING: f32 = 0.75;
        for (room, Person { body, .. }, way) in sleepers() {
            let bed = &room.bed;
            let points: Vec<V3> = body.landmarks().map(|p| bed.place.point_in(p)).collect();
            let [head, pelvis, neck] = points[..3] else {
                panic!("{way:?}: only {} landmarks", points.len())
            };
            for trunk in [head, pelvis, neck] {
                assert!(beyond(bed, trunk) < 0.08, "{way:?}: {trunk:?}");
                assert!(trunk.z > 0.0, "{way:?}: {trunk:?} is in the mattress");
            }
            let out = points.iter().map(|&p| beyond(bed, p)).fold(0.0, f32::max);
            assert!(out < HANGING, "{way:?}: {out} m beyond the bed");
        }
    }

    #[test]
    fn other_seeds_give_other_people() {
        let drawn = |seed| Figure::draw(&mut Dice::new(seed), Role::Resident);
        let figures: Vec<Figure> = (0..60).map(drawn).collect();
        let mut kinds: Vec<(u32, u32, u32)> = figures
            .iter()
            .map(|f| (f.height.to_bits(), f.girth.to_bits(), f.skin.to_bits()))
            .collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), figures.len());
        let span = |value: fn(&Figure) -> f32| {
            let (low, high) = (figures.iter().map(value))
                .fold((f32::MAX, f32::MIN), |(low, high), x| {
                    (low.min(x), high.max(x))
                });
            high - low
        };
        assert!(span(|f| f.height) > 0.3 && span(|f| f.girth) > 0.35);
        assert!(span(|f| f.hair.albedo) > 0.4 && span(|f| f.stoop) > 0.3);
        assert!(
            figures
                .iter()
                .any(|f| f.sex == Sex::Man && f.hair.style != Style::Long)
        );
        assert!(
            figures
                .iter()
                .any(|f| f.sex == Sex::Woman && f.hair.style == Style::Long)
        );
    }

    #[test]
    fn a_couple_lies_one_on_each_pillow_and_one_alone_on_theirs() {
        let rooms = (0..60).map(Room::from_seed);
        let doubles: Vec<Room> = rooms.filter(|room| room.lanes() == 2).collect();
        assert!(doubles.len() > 5, "{} double beds", doubles.len());
        for room in &doubles {
            let heads = |occupant| -> Vec<f32> {
                let people = people(room, occupant, &mut Dice::new(7));
                let head = |it: &Person| room.bed.place.point_in(it.body.head()).x;
                people.iter().map(head).collect()
            };
            let both = heads(Occupant::Couple);
            assert!(
                both.len() == 2 && both[0] < 0.0 && both[1] > 0.0,
                "{both:?}"
            );
            let (left, right) = (heads(Occupant::InLane(0)), heads(Occupant::InLane(1)));
            assert!(left.len() == 1 && left[0] < 0.0, "{left:?}");
            assert!(right.len() == 1 && right[0] > 0.0, "{right:?}");
        }
    }

    #[test]
    fn two_are_a_couple_or_a_sleeper_and_somebody_up() {
        let (mut couples, mut visited) = (0, 0);
        for seed in 0..40 {
            let room = Room::from_seed(seed);
            let people = people(&room, Occupant::Two, &mut Dice::new(seed));
            let [asleep, other] = &people[..] else {
                panic!("seed {seed}: {} people", people.len())
            };
            let apart = (asleep.body.head() - other.body.head()).length();
            assert!(apart > 0.2, "seed {seed}: two heads {apart} m apart");
            let lies = room.bed.place.point_in(other.body.head()).z < 0.5;
            if lies {
                couples += 1;
            } else {
                visited += 1;
            }
        }
        assert!(
            couples > 2 && visited > 10,
            "{couples} couples, {visited} visited"
        );
    }
}
