//! Draws a room: casts one ray a pixel, keeps the nearest surface, and lights it from the lamp.
//!
//! Every solid is tried only on the pixels its box can cover. Deliberately without shadows and
//! reflections: with the lamp beside the lens a shadow hides behind what casts it, and bounced
//! light is a constant with dark corners.

use crate::body::Body;
use crate::dice::Dice;
use crate::lens::{self, Lens};
use crate::noise::step;
use crate::picture::{PersonMap, Radiance, Seen};
use crate::pose::{self, Cover, Person};
use crate::room::{Occupant, Room};
use crate::vector::{Place, Ray, UP, V3, v3};
use crate::{HEIGHT, WIDTH};

/// One look at a room: its light, and the truth about who can be seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// Light before the sensor, after whatever is wrong with the lens.
    pub radiance: Radiance,
    /// Where a person can be seen, as if nothing were wrong with the lens.
    pub person: PersonMap,
    /// Share of the people's silhouette where skin, hair or clothes show; 0 with nobody.
    pub visible_share: f32,
    /// Share of the people's silhouette under bedding; 0 with nobody.
    pub covered_share: f32,
}

/// How much a person must lift the duvet for a pixel to count as bedding over a person: less is
/// lost among the folds.
const LIFT: f32 = 0.025;

/// The nearest surface seen through one pixel.
#[derive(Clone, Copy)]
struct Spot {
    distance: f32,
    normal: V3,
    albedo: f32,
    /// Share of bounced light that reaches it.
    open: f32,
    seen: Seen,
}

struct Canvas {
    rays: Vec<Ray>,
    spots: Vec<Spot>,
}

/// A part of the picture in pixels, ends excluded.
#[derive(Clone, Copy)]
struct Window {
    columns: (usize, usize),
    rows: (usize, usize),
}

pub(crate) fn render(room: &Room, occupant: Occupant, pose_seed: u64, lens: Lens) -> Rendered {
    let mut dice = Dice::new(room.seed ^ pose_seed.rotate_left(32)).fork("people");
    let people = pose::people(room, occupant, &mut dice);
    let mut canvas = Canvas::new(room);
    let silhouette = canvas.draw_people(room, &people);
    canvas.draw_bedding(room, &people);
    for solid in &room.solids {
        let window = window(room, &solid.place, solid.bounds());
        canvas.draw(
            window,
            |ray| {
                let hit = solid.hit(ray)?;
                Some((hit.distance, hit.normal, Seen::Nothing, hit.u, hit.v))
            },
            |u, v| solid.material.albedo_at(u, v),
        );
    }
    canvas.draw_shell(room);
    let (person, shares) = canvas.truth(&silhouette);
    let mut radiance = Radiance {
        light: canvas.light(room),
    };
    let mut chance = Dice::new(room.seed ^ pose_seed).fork("lens");
    lens::spoil(&mut radiance, lens, &mut chance);
    Rendered {
        radiance,
        person,
        visible_share: shares.0,
        covered_share: shares.1,
    }
}

impl Canvas {
    fn new(room: &Room) -> Self {
        let fraction = |i: usize, of: usize| (i as f32 + 0.5) / of as f32;
        let ray = |i: usize| {
            room.camera
                .ray(fraction(i % WIDTH, WIDTH), fraction(i / WIDTH, HEIGHT))
        };
        let nothing = Spot {
            distance: f32::MAX,
            normal: UP,
            albedo: 0.0,
            open: 1.0,
            seen: Seen::Nothing,
        };
        Self {
            rays: (0..WIDTH * HEIGHT).map(ray).collect(),
            spots: vec![nothing; WIDTH * HEIGHT],
        }
    }

    /// Keeps what `hit` finds where it is nearer than what is already there.
    fn draw(
        &mut self,
        window: Window,
        hit: impl Fn(&Ray) -> Option<(f32, V3, Seen, f32, f32)>,
        albedo: impl Fn(f32, f32) -> f32,
    ) {
        for row in window.rows.0..window.rows.1 {
            for i in row * WIDTH + window.columns.0..row * WIDTH + window.columns.1 {
                let Some((distance, normal, seen, u, v)) = hit(&self.rays[i]) else {
                    continue;
                };
                if distance < self.spots[i].distance {
                    self.spots[i] = Spot {
                        distance,
                        normal,
                        albedo: albedo(u, v),
                        open: 1.0,
                        seen,
                    };
                }
            }
        }
    }

    /// Draws people and gives back every pixel they cover.
    fn draw_people(&mut self, room: &Room, people: &[Person]) -> Vec<Seen> {
        for Person { body, .. } in people {
            let upright = Place::new(v3(0.0, 0.0, 0.0), 0.0);
            let window = window(room, &upright, body.bounds());
            for row in window.rows.0..window.rows.1 {
                for i in row * WIDTH + window.columns.0..row * WIDTH + window.columns.1 {
                    let Some(hit) = body.hit(&self.rays[i]) else {
                        continue;
                    };
                    if hit.distance < self.spots[i].distance {
                        self.spots[i] = Spot {
                            distance: hit.distance,
                            normal: hit.normal,
                            albedo: hit.albedo,
                            open: 1.0,
                            seen: Seen::Person,
                        };
                    }
                }
            }
        }
        self.spots.iter().map(|spot| spot.seen).collect()
    }

    fn draw_bedding(&mut self, room: &Room, people: &[Person]) {
        let lying: Vec<&Body> = people
            .iter()
            .filter(|person| person.cover == Cover::UnderDuvet)
            .map(|person| &person.body)
            .collect();
        let fabric = room.duvet.lay(&room.bed, &lying);
        let window = window(room, fabric.place(), fabric.bounds());
        self.draw(
            window,
            |ray| {
                let (hit, lift) = fabric.hit(ray)?;
                let seen = if lift > LIFT {
                    Seen::BeddingOverPerson
                } else {
                    Seen::Nothing
                };
                Some((hit.distance, hit.normal, seen, hit.u, hit.v))
            },
            |u, v| fabric.albedo(u, v),
        );
    }

    /// Walls, floor and ceiling behind everything.
    fn draw_shell(&mut self, room: &Room) {
        let half = room.size * 0.5;
        for (ray, spot) in self.rays.iter().zip(&mut self.spots) {
            let Some((_, leave)) = ray.through(half, half) else {
                continue;
            };
            if leave < spot.distance {
                let at = ray.at(leave);
                *spot = shell_spot(room, at, leave);
            } else {
                // Low things get less bounced light: the floor under and beside them is dark.
                spot.open = 0.5 + 0.5 * step(0.0, 0.6, ray.at(spot.distance).z);
            }
        }
    }

    /// Light that reaches the lens from every pixel.
    fn light(&self, room: &Room) -> Vec<f32> {
        /// The lamp has a size: nothing is lit as if nearer than this to a point.
        const NEAREST: f32 = 0.35;
        let lamp = &room.lamp;
        let lit = |(ray, spot): (&Ray, &Spot)| {
            let at = ray.at(spot.distance.min(50.0));
            let sight = lamp.at - at;
            let far = sight.dot(sight).max(NEAREST * NEAREST);
            let facing = (spot.normal.dot(sight) / far.sqrt()).max(0.0);
            let axis = ray.along.dot(room.camera.forward).max(0.0);
            let beam = axis.powf(lamp.focus) * facing / far;
            // Two metres is where the bounce is measured against: 1 / 2² = 0.25.
            let bounce = 0.25 * lamp.bounce * spot.open * (0.8 + 0.2 * spot.normal.z);
            spot.albedo * (beam + bounce)
        };
        self.rays.iter().zip(&self.spots).map(lit).collect()
    }

    /// The map of the person, with the visible and the covered share of the silhouette.
    fn truth(&self, silhouette: &[Seen]) -> (PersonMap, (f32, f32)) {
        let seen: Vec<Seen> = self.spots.iter().map(|spot| spot.seen).collect();
        let (mut whole, mut visible, mut covered) = (0_u32, 0_u32, 0_u32);
        for (now, _) in seen
            .iter()
            .zip(silhouette)
            .filter(|(_, was)| **was == Seen::Person)
        {
            whole += 1;
            match now {
                Seen::Person => visible += 1,
                Seen::BeddingOverPerson => covered += 1,
                Seen::Nothing => {}
            }
        }
        let share = |part: u32| part as f32 / whole.max(1) as f32;
        (PersonMap { seen }, (share(visible), share(covered)))
    }
}

/// A point of wall, floor or ceiling.
fn shell_spot(room: &Room, at: V3, distance: f32) -> Spot {
    let size = room.size;
    let gaps = [
        at.x,
        size.x - at.x,
        at.y,
        size.y - at.y,
        at.z,
        size.z - at.z,
    ];
    let nearest = gaps.iter().copied().fold(f32::MAX, f32::min);
    let side = gaps.iter().position(|&gap| gap <= nearest).unwrap_or(0);
    let ceiling = 0.75;
    let (normal, albedo) = match side {
        0 => (v3(1.0, 0.0, 0.0), room.wall.albedo_at(at.y, at.z)),
        1 => (v3(-1.0, 0.0, 0.0), room.wall.albedo_at(at.y, at.z)),
        2 => (v3(0.0, 1.0, 0.0), room.wall.albedo_at(at.x, at.z)),
        3 => (v3(0.0, -1.0, 0.0), room.wall.albedo_at(at.x, at.z)),
        4 => (UP, room.floor.albedo_at(at.x, at.y)),
        _ => (-UP, ceiling),
    };
    // Corners of the room, and the floor beside furniture, get less bounced light.
    let mut sorted = gaps;
    sorted.sort_by(f32::total_cmp);
    let mut open = 0.55 + 0.45 * step(0.0, 0.5, sorted[1]);
    if side == 4 {
        let near = room
            .footprints
            .iter()
            .map(|f| f.distance(at.x, at.y))
            .fold(f32::MAX, f32::min);
        open *= 0.3 + 0.7 * step(0.0, 0.3, near);
    }
    Spot {
        distance,
        normal,
        albedo,
        open,
        seen: Seen::Nothing,
    }
}

/// The pixels that a box in `place`'s frame can cover.
fn window(room: &Room, place: &Place, (middle, half): (V3, V3)) -> Window {
    let all = Window {
        columns: (0, WIDTH),
        rows: (0, HEIGHT),
    };
    let (mut low, mut high) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
    for corner in 0..8 {
        let sign = |bit: i32| if corner & bit == 0 { -1.0 } else { 1.0 };
        let off = v3(half.x * sign(1), half.y * sign(2), half.z * sign(4));
        let Some((x, y)) = room.camera.project(place.point_out(middle + off)) else {
            return all;
        };
        low = (low.0.min(x), low.1.min(y));
        high = (high.0.max(x), high.1.max(y));
    }
    // A curved lens bends edges outwards between corners, by less than this share of their length.
    let bow = |low: f32, high: f32| 0.08 * (high - low) + 0.01;
    let span = |low: f32, high: f32, end: usize| {
        let bow = bow(low, high);
        let cell = |x: f32| crate::rounding::index(x * end as f32, end + 1);
        (cell(low - bow), cell(high + bow + 1.0 / end as f32))
    };
    Window {
        columns: span(low.0, high.0, WIDTH),
        rows: span(low.1, high.1, HEIGHT),
    }
}
