//! Draws a room: casts one ray a pixel, keeps the nearest surface, and lights it from the lamp.
//!
//! Every solid is tried only on the pixels its box can cover. Deliberately without shadows and
//! reflections: with the lamp beside the lens a shadow hides behind what casts it, and bounced
//! light is a constant with dark corners.

use crate::body::Body;
use crate::dice::Dice;
use crate::fabric::{Fabric, Touch};
use crate::lens::{self, Lens};
use crate::noise::step;
use crate::picture::{PersonMap, Radiance, Seen};
use crate::pose::{self, Cover, Person};
use crate::room::{Glow, Occupant, Room};
use crate::shape::{Shape, Solid};
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
    /// How much higher the bedding lies than in the same room with nobody, now or just now, under
    /// it: millimetres, averaged over the whole picture, so that a bulge that fills more of the
    /// picture counts for more. Depressions count as much as rises. 0 where nothing lifts it.
    pub bulge_mm: f32,
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
    /// Light of its own.
    glow: f32,
    /// How far bedding lies from where it would lie with nobody under it, in metres.
    bulge: f32,
}

/// Everything in the room, laid out and ready to be drawn.
struct Stage<'a> {
    room: &'a Room,
    people: Vec<Person>,
    fabrics: Vec<Fabric>,
    solids: Vec<Solid>,
}

struct Canvas<'a> {
    room: &'a Room,
    rays: Vec<Ray>,
    spots: Vec<Spot>,
    /// Pixels that people cover before anything hides them.
    silhouette: Vec<Seen>,
}

/// A part of the picture in pixels, ends excluded.
#[derive(Clone, Copy)]
struct Window {
    columns: (usize, usize),
    rows: (usize, usize),
}

/// Where in a pixel rays pass: two are enough to take the stairs off edges, since the sensor's
/// optics soften the rest.
const SAMPLES: [(f32, f32); 2] = [(0.25, 0.3), (0.75, 0.7)];

pub(crate) fn render(room: &Room, occupant: Occupant, pose_seed: u64, lens: Lens) -> Rendered {
    let people = pose::people(room, occupant, &mut people_dice(room, pose_seed));
    picture(&Stage::new(room, people), pose_seed, lens)
}

/// The room as the person whom `pose_seed` puts in bed just left it.
pub(crate) fn render_left(room: &Room, pose_seed: u64, lens: Lens) -> Rendered {
    let mut dice = people_dice(room, pose_seed);
    let gone = pose::people(room, Occupant::InBed, &mut dice);
    let mut way = Dice::new(room.seed ^ pose_seed.rotate_left(32)).fork("left");
    picture(&Stage::left(room, &gone, &mut way), pose_seed, lens)
}

fn people_dice(room: &Room, pose_seed: u64) -> Dice {
    Dice::new(room.seed ^ pose_seed.rotate_left(32)).fork("people")
}

fn picture(stage: &Stage<'_>, pose_seed: u64, lens: Lens) -> Rendered {
    let canvases = SAMPLES.map(|within| stage.draw(within));
    let [one, other] = [canvases[0].light(), canvases[1].light()];
    let light = one
        .iter()
        .zip(&other)
        .map(|(one, other)| 0.5 * (one + other))
        .collect();
    let mut radiance = Radiance { light };
    let mut chance = Dice::new(stage.room.seed ^ pose_seed).fork("lens");
    lens::spoil(&mut radiance, lens, &mut chance);
    let (person, visible_share, covered_share) = truth(&canvases);
    let pixels = 2.0 * (WIDTH * HEIGHT) as f32;
    let raised: f32 = canvases
        .iter()
        .flat_map(|canvas| &canvas.spots)
        .map(|s| s.bulge)
        .sum();
    Rendered {
        radiance,
        person,
        visible_share,
        covered_share,
        bulge_mm: 1000.0 * raised / pixels,
    }
}

/// The map of the person (a pixel shows what either ray saw), and the visible and covered shares
/// of the silhouette.
fn truth(canvases: &[Canvas<'_>; 2]) -> (PersonMap, f32, f32) {
    let rank = |seen: Seen| match seen {
        Seen::Nothing => 0,
        Seen::BeddingOverPerson => 1,
        Seen::Person => 2,
    };
    let [one, other] = canvases;
    let both = one.spots.iter().zip(&other.spots);
    let seen = both
        .map(|(a, b)| {
            if rank(a.seen) >= rank(b.seen) {
                a.seen
            } else {
                b.seen
            }
        })
        .collect();
    let mut counts = [0_u32; 3];
    for canvas in canvases {
        for (spot, was) in canvas.spots.iter().zip(&canvas.silhouette) {
            if *was == Seen::Person {
                counts[rank(spot.seen)] += 1;
            }
        }
    }
    let whole = counts.iter().sum::<u32>().max(1) as f32;
    (
        PersonMap { seen },
        counts[2] as f32 / whole,
        counts[1] as f32 / whole,
    )
}

impl<'a> Stage<'a> {
    fn new(room: &'a Room, people: Vec<Person>) -> Self {
        let fabrics = room.covers.lay(&room.bed, &lying(&people));
        Self {
            room,
            solids: room.solids_with(&fabrics, &lying(&people)),
            people,
            fabrics,
        }
    }

    /// The bed as `gone` just left it.
    fn left(room: &'a Room, gone: &[Person], dice: &mut Dice) -> Self {
        let fabrics = room.covers.lay_left(&room.bed, &lying(gone), dice);
        let mut solids = room.solids_with(&fabrics, &[]);
        let hollow = dice.between(0.0, 0.05);
        for solid in &mut solids {
            if let Shape::Pillow { dent, .. } = &mut solid.shape {
                *dent = dent.max(hollow);
            }
        }
        Self {
            room,
            people: Vec::new(),
            fabrics,
            solids,
        }
    }

    /// Draws everything with rays through the point `within` each pixel.
    fn draw(&self, within: (f32, f32)) -> Canvas<'a> {
        let mut canvas = Canvas::new(self.room, within);
        canvas.draw_people(&self.people, Cover::UnderDuvet);
        let in_bed = canvas.silhouette();
        canvas.bury(&self.fabrics);
        canvas.draw_people(&self.people, Cover::None);
        canvas.silhouette = in_bed;
        for (all, spot) in canvas.silhouette.iter_mut().zip(&canvas.spots) {
            if spot.seen == Seen::Person {
                *all = Seen::Person;
            }
        }
        for fabric in &self.fabrics {
            canvas.draw(fabric.place(), fabric.bounds(), |ray, nearer| {
                let touch = fabric.hit(ray)?;
                (touch.hit.distance < nearer).then(|| Spot::bedding(&touch))
            });
        }
        for solid in &self.solids {
            canvas.draw(&solid.place, solid.bounds(), |ray, nearer| {
                let hit = solid.hit(ray).filter(|hit| hit.distance < nearer)?;
                let albedo = solid.material.albedo_at(hit.u, hit.v);
                Some(Spot {
                    glow: solid.material.glow,
                    ..Spot::new(hit.distance, hit.normal, albedo, Seen::Nothing)
                })
            });
        }
        canvas.draw_shell();
        canvas
    }
}

/// The bodies that bedding lies over.
fn lying(people: &[Person]) -> Vec<&Body> {
    let under = people
        .iter()
        .filter(|person| person.cover == Cover::UnderDuvet);
    under.map(|person| &person.body).collect()
}

impl Spot {
    fn bedding(touch: &Touch) -> Self {
        let seen = if touch.lift > LIFT {
            Seen::BeddingOverPerson
        } else {
            Seen::Nothing
        };
        Self {
            bulge: touch.lift.abs(),
            ..Self::new(touch.hit.distance, touch.hit.normal, touch.albedo, seen)
        }
    }

    fn new(distance: f32, normal: V3, albedo: f32, seen: Seen) -> Self {
        Self {
            distance,
            normal,
            albedo,
            open: 1.0,
            seen,
            glow: 0.0,
            bulge: 0.0,
        }
    }
}

impl<'a> Canvas<'a> {
    fn new(room: &'a Room, within: (f32, f32)) -> Self {
        let ray = |i: usize| {
            let x = ((i % WIDTH) as f32 + within.0) / WIDTH as f32;
            let y = ((i / WIDTH) as f32 + within.1) / HEIGHT as f32;
            room.camera.ray(x, y)
        };
        Self {
            room,
            rays: (0..WIDTH * HEIGHT).map(ray).collect(),
            spots: vec![Spot::new(f32::MAX, UP, 0.0, Seen::Nothing); WIDTH * HEIGHT],
            silhouette: Vec::new(),
        }
    }

    /// Tries `nearest` on every pixel that the box can cover; it gets the ray and the distance of
    /// what is already there, and gives what is nearer.
    fn draw(
        &mut self,
        place: &Place,
        bounds: (V3, V3),
        nearest: impl Fn(&Ray, f32) -> Option<Spot>,
    ) {
        let window = window(self.room, place, bounds);
        for row in window.rows.0..window.rows.1 {
            for i in row * WIDTH + window.columns.0..row * WIDTH + window.columns.1 {
                if let Some(spot) = nearest(&self.rays[i], self.spots[i].distance) {
                    self.spots[i] = spot;
                }
            }
        }
    }

    fn draw_people(&mut self, people: &[Person], cover: Cover) {
        let upright = Place::new(v3(0.0, 0.0, 0.0), 0.0);
        for Person { body, .. } in people.iter().filter(|person| person.cover == cover) {
            self.draw(&upright, body.bounds(), |ray, nearer| {
                let hit = body.hit(ray).filter(|hit| hit.distance < nearer)?;
                Some(Spot::new(
                    hit.distance,
                    hit.normal,
                    hit.albedo,
                    Seen::Person,
                ))
            });
        }
    }

    /// Where people show in what has been drawn so far.
    fn silhouette(&self) -> Vec<Seen> {
        self.spots.iter().map(|spot| spot.seen).collect()
    }

    /// Takes away what lies pressed down under a cover.
    fn bury(&mut self, fabrics: &[Fabric]) {
        for (ray, spot) in self.rays.iter().zip(&mut self.spots) {
            if spot.seen == Seen::Person {
                let at = ray.at(spot.distance);
                if fabrics.iter().any(|fabric| fabric.buries(at)) {
                    *spot = Spot::new(f32::MAX, UP, 0.0, Seen::Nothing);
                }
            }
        }
    }

    /// Walls, floor and ceiling behind everything.
    fn draw_shell(&mut self) {
        let room = self.room;
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

    /// Light of the room's own that falls on a surface, and a quarter of it from everywhere.
    fn of_the_room(&self, at: V3, normal: V3) -> f32 {
        let Some(Glow { at: source, power }) = self.room.glow else {
            return 0.0;
        };
        let way = source - at;
        let far = way.length().max(0.35);
        // Off the surface by a centimetre, or it would stand in its own light.
        let ray = Ray {
            from: at + normal * 0.01,
            along: way * (1.0 / far),
        };
        let mut between = self.room.solids.iter().filter_map(|solid| solid.hit(&ray));
        let direct = if between.any(|hit| hit.distance < far - 0.2) {
            0.0
        } else {
            (normal.dot(way) / far).max(0.0) / (far * far)
        };
        power * (direct + 0.06)
    }

    /// Light that reaches the lens from every pixel.
    fn light(&self) -> Vec<f32> {
        /// The lamp has a size: nothing is lit as if nearer than this to a point.
        const NEAREST: f32 = 0.35;
        let (room, lamp) = (self.room, &self.room.lamp);
        let lit = |(ray, spot): (&Ray, &Spot)| {
            let at = ray.at(spot.distance.min(50.0));
            let sight = lamp.at - at;
            let far = sight.dot(sight).max(NEAREST * NEAREST);
            let facing = (spot.normal.dot(sight) / far.sqrt()).max(0.0);
            let axis = ray.along.dot(room.camera.forward).max(0.0);
            let beam = lamp.power * axis.powf(lamp.focus) * facing / far;
            // Two metres is where the bounce is measured against: 1 / 2² = 0.25.
            let bounce = 0.25 * lamp.bounce * spot.open * (0.8 + 0.2 * spot.normal.z);
            let lit = beam + bounce + self.of_the_room(at, spot.normal);
            spot.albedo * lit + spot.glow
        };
        self.rays.iter().zip(&self.spots).map(lit).collect()
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
        open,
        ..Spot::new(distance, normal, albedo, Seen::Nothing)
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
