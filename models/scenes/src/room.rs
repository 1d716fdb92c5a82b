//! A bedroom drawn from a seed: bed, bedding, furniture, camera and lamp, before any person.
//!
//! Deliberately holds nothing about people, so that nothing in it can depend on one.

use crate::bed::Bed;
use crate::bedding::{Bedding, Covers};
use crate::body::Body;
use crate::camera::{Camera, View};
use crate::dice::{Dice, mix};
use crate::fabric::Fabric;
use crate::framing::{bed_corners, hang_camera, hull};
use crate::furniture::Footprint;
use crate::lens::Lens;
use crate::material::Material;
use crate::render::{self, Rendered};
use crate::shape::Solid;
use crate::things::{self, Thing};
use crate::vector::{Place, V3, v3};

/// Who is in the room, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occupant {
    /// An empty room.
    Nobody,
    /// One person lying in bed, under whatever of the duvet is there, or now and then on top of a
    /// made bed.
    InBed,
    /// One person sitting on the edge of the bed.
    SittingOnEdge,
    /// One person standing, walking or bending down in the room.
    Standing,
    /// One person lying, sitting or crawling on the floor.
    OnFloor,
    /// Two people: both in a double bed, or one in bed and another bent over them or standing
    /// elsewhere in the room, as staff or a visitor.
    Two,
    /// One person lying in bed on that pillow, counted from 0; of a bed with fewer, the last.
    InLane(u8),
    /// Somebody on every pillow: both in a double bed, one person in any other.
    Couple,
}

/// A bedroom. The same seed gives the same room.
#[derive(Clone, Debug)]
pub struct Room {
    pub(crate) seed: u64,
    /// Width, depth and height.
    pub(crate) size: V3,
    pub(crate) bed: Bed,
    pub(crate) covers: Covers,
    things: Vec<Thing>,
    pub(crate) solids: Vec<Solid>,
    pub(crate) footprints: Vec<Footprint>,
    pub(crate) wall: Material,
    pub(crate) floor: Material,
    pub(crate) camera: Camera,
    pub(crate) view: View,
    pub(crate) lamp: Lamp,
    /// A light of the room itself, beside the camera's lamp.
    pub(crate) glow: Option<Glow>,
    /// Draws what differs between two nights of the same room.
    night: Dice,
}

/// The infrared lamp beside the lens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lamp {
    pub(crate) at: V3,
    /// How fast the beam fades off its axis: the exponent of a cosine.
    pub(crate) focus: f32,
    /// Light that comes back from walls and ceiling, relative to the beam at two metres.
    pub(crate) bounce: f32,
    /// Strength, 1 when new.
    pub(crate) power: f32,
}

/// A light in the room that shines every way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glow {
    pub(crate) at: V3,
    /// Strength, in the unit of a [`Lamp`]'s.
    pub(crate) power: f32,
}

impl Room {
    /// Draws a room. Every seed gives one.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let dice = Dice::new(seed);
        let mut room = Self::build(seed, &dice.fork("night"));
        room.furnish();
        room
    }

    /// The same room on another night: walls, furniture, the bed and its linen are the same; the
    /// covers lie anew, pillows, chairs and small things have moved, the camera has been nudged
    /// (at most 2 degrees and 3 cm) and the lamp has changed a little. Another `night` gives
    /// another; the person is still drawn by the seed given to [`Room::render`].
    #[must_use]
    pub fn redrawn(&self, night: u64) -> Self {
        let night = Dice::new(self.seed ^ mix(night)).fork("another night");
        let mut room = self.rearranged(&night);
        room.camera = room.camera.nudged(&mut night.fork("nudge"));
        let mut lamp = night.fork("lamp");
        room.lamp.at = room.lamp.at + (room.camera.at - self.camera.at);
        room.lamp.power = lamp.between(0.7, 1.3);
        room.lamp.bounce *= lamp.between(0.8, 1.2);
        room
    }

    /// The same room with everything loose where `night` puts it.
    pub(crate) fn rearranged(&self, night: &Dice) -> Self {
        let mut room = Self::build(self.seed, night);
        room.furnish();
        room
    }

    /// The same room and night with its covers lying as `bedding`: the same cloths and prints,
    /// whoever is in bed.
    #[must_use]
    pub fn with_bedding(mut self, bedding: Bedding) -> Self {
        let what = &mut Dice::new(self.seed).fork("covers");
        self.covers = Covers::laid(
            what,
            &mut self.night.fork("other covers"),
            &self.bed,
            bedding,
        );
        self
    }

    /// Everything but furniture.
    fn build(seed: u64, night: &Dice) -> Self {
        let dice = Dice::new(seed);
        let size = size(&mut dice.fork("size"));
        let bed = place_bed(&mut dice.fork("bed"), &mut night.fork("pillows"), size);
        let covers = Covers::draw(&mut dice.fork("covers"), &mut night.fork("covers"), &bed);
        let things = things::draw(&mut dice.fork("things"), &mut night.fork("things"), &bed);
        let (view, camera) = hang_camera(&mut dice.fork("camera"), size, &bed);
        let lamp = light(&mut dice.fork("lamp"), &camera);
        let surfaces = &mut dice.fork("surfaces");
        Self {
            seed,
            size,
            footprints: vec![bed_footprint(&bed)],
            solids: bed.solids.clone(),
            bed,
            covers,
            things,
            wall: Material::wall(surfaces),
            floor: Material::floor(surfaces),
            camera,
            view,
            lamp,
            glow: None,
            night: night.clone(),
        }
    }

    /// Puts furniture and small things in: what they are belongs to the room, where loose ones
    /// stand belongs to the night.
    fn furnish(&mut self) {
        let dice = Dice::new(self.seed);
        let night = self.night.clone();
        self.stand_furniture(&mut dice.fork("furniture"));
        self.stand_loose(&mut dice.fork("loose"), &mut night.fork("loose"));
        self.dress_walls(&mut dice.fork("walls"));
    }

    /// Renders the room with `occupant` in it, seen through `lens`.
    ///
    /// `pose_seed` draws who it is, how they lie, sit or stand, and the look of a fault; with
    /// [`Occupant::Nobody`] and [`Lens::Clear`] it changes nothing. Takes some
    /// tens of milliseconds; expose the result as often as you like.
    #[must_use]
    pub fn render(&self, occupant: Occupant, pose_seed: u64, lens: Lens) -> Rendered {
        render::render(self, occupant, pose_seed, lens)
    }

    /// Renders the empty room as the person whom `pose_seed` puts in bed has just left it: the
    /// covers keep part of the bulge, or have been thrown back or together. The same cloths, room
    /// and camera as [`Room::render`] with [`Occupant::InBed`] and the same seed shows.
    #[must_use]
    pub fn render_left(&self, pose_seed: u64, lens: Lens) -> Rendered {
        render::render_left(self, pose_seed, lens)
    }

    /// The bed as a polygon in the picture, as fractions of its width and height, as somebody
    /// would mark it when the unit is put up: the mattress and the space a sleeper takes above it.
    #[must_use]
    pub fn sleeping_place(&self) -> Vec<(f32, f32)> {
        hull(
            bed_corners(&self.bed)
                .filter_map(|corner| self.camera.project(corner))
                .collect(),
        )
    }

    /// How many can lie beside each other: one for each pillow that a head can lie on.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.bed.pillows.len()
    }

    /// How the covers lie.
    #[must_use]
    pub fn bedding(&self) -> Bedding {
        self.covers.bedding
    }

    /// How the camera hangs.
    #[must_use]
    pub fn view(&self) -> View {
        self.view
    }

    /// Every solid, with the loose things on the covers out of the way of `lying`.
    pub(crate) fn solids_with(&self, fabrics: &[Fabric], lying: &[&Body]) -> Vec<Solid> {
        let mut solids = self.solids.clone();
        solids.extend(things::laid(&self.things, &self.bed, fabrics, lying));
        solids
    }

    /// The side of the bed (−1 left, 1 right in its frame) that has floor beside it.
    pub(crate) fn free_side(&self, dice: &mut Dice) -> f32 {
        let bed = &self.bed;
        let room_beside = |side: f32| {
            let p = bed
                .place
                .point_out(v3(side * (bed.width * 0.5 + 0.45), 1.0, 0.0));
            p.x > 0.15 && p.x < self.size.x - 0.15
        };
        match (room_beside(-1.0), room_beside(1.0)) {
            (true, false) => -1.0,
            (false, true) => 1.0,
            (true, true) | (false, false) => dice.side(),
        }
    }

    /// A point of the floor, most often near the bed.
    pub(crate) fn spot_on_floor(&self, dice: &mut Dice) -> (f32, f32) {
        let bed = &self.bed;
        let p = if dice.chance(0.7) {
            let side = self.free_side(dice);
            let beside = dice.between(0.3, 1.2);
            let along = dice.between(0.2, bed.length + 0.8);
            bed.place
                .point_out(v3(side * (bed.width * 0.5 + beside), along, 0.0))
        } else {
            v3(
                dice.between(0.3, self.size.x - 0.3),
                dice.between(0.3, self.size.y - 0.3),
                0.0,
            )
        };
        (p.x, p.y)
    }

    /// How deep a point is inside furniture or walls, 0 where there is `spare` room around it.
    pub(crate) fn crowding(&self, x: f32, y: f32, spare: f32) -> f32 {
        let walls = x.min(y).min(self.size.x - x).min(self.size.y - y);
        let near = self
            .footprints
            .iter()
            .map(|f| f.distance(x, y))
            .fold(walls, f32::min);
        (spare - near).max(0.0)
    }

    /// How far outside the picture a point falls, in fractions of it; 0 inside.
    pub(crate) fn outside_picture(&self, p: V3) -> f32 {
        /// What counts for a point behind the camera: further out than any other.
        const BEHIND: f32 = 2.0;
        let off = |x: f32| (0.01 - x).max(x - 0.99).max(0.0);
        self.camera
            .project(p)
            .map_or(BEHIND, |(x, y)| off(x) + off(y))
    }

    /// Whether furniture stands between the camera and a point.
    pub(crate) fn is_hidden(&self, p: V3) -> bool {
        self.camera.is_hidden(p, &self.solids)
    }
}

fn size(dice: &mut Dice) -> V3 {
    v3(
        dice.between(2.9, 4.6),
        dice.between(3.1, 5.0),
        dice.between(2.3, 2.7),
    )
}

/// Puts the bed with its head near the wall at `y = 0`, in a corner or free.
fn place_bed(dice: &mut Dice, pillows: &mut Dice, size: V3) -> Bed {
    let double = dice.chance(0.3) && size.x > 3.3;
    let width = if double {
        dice.between(1.4, 1.8)
    } else {
        dice.between(0.8, 1.2)
    };
    let height = dice.between(0.42, 0.72);
    let wall = 0.5 * width + 0.05;
    let x = match dice.unit() {
        x if x < 0.3 => wall,
        x if x < 0.6 => size.x - wall,
        _ => dice.between(wall + 0.4, size.x - wall - 0.4),
    };
    let free = x > wall + 0.3 && x < size.x - wall - 0.3;
    let turn = if free { dice.around(0.08) } else { 0.0 };
    let place = Place::new(v3(x, dice.between(0.08, 0.2), height), turn);
    Bed::draw(dice, pillows, place, (width, height))
}

fn bed_footprint(bed: &Bed) -> Footprint {
    let middle = bed.place.point_out(v3(0.0, 0.5 * bed.length, 0.0));
    let half = (0.5 * bed.width + 0.08, 0.5 * bed.length + 0.06);
    Footprint {
        middle: (middle.x, middle.y),
        half,
    }
}

fn light(dice: &mut Dice, camera: &Camera) -> Lamp {
    let at = camera.at + v3(dice.around(0.04), dice.around(0.04), -0.03);
    Lamp {
        at,
        focus: dice.between(0.3, 3.5),
        bounce: dice.between(0.06, 0.4),
        power: 1.0,
    }
}
