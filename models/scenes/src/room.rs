//! A bedroom drawn from a seed: bed, bedding, furniture, camera and lamp, before any person.
//!
//! Deliberately holds nothing about people, so that nothing in it can depend on one.

use crate::bedding::{Bedding, Duvet};
use crate::camera::{Camera, View};
use crate::dice::Dice;
use crate::framing::{bed_corners, hang_camera, hull};
use crate::furniture::{self, Bed, Footprint, Kind, Piece};
use crate::lens::Lens;
use crate::material::Material;
use crate::render::{self, Rendered};
use crate::shape::{Shape, Solid};
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
}

/// A bedroom. The same seed gives the same room.
#[derive(Clone, Debug)]
pub struct Room {
    pub(crate) seed: u64,
    /// Width, depth and height.
    pub(crate) size: V3,
    pub(crate) bed: Bed,
    pub(crate) duvet: Duvet,
    pub(crate) solids: Vec<Solid>,
    pub(crate) footprints: Vec<Footprint>,
    pub(crate) wall: Material,
    pub(crate) floor: Material,
    pub(crate) camera: Camera,
    pub(crate) view: View,
    pub(crate) lamp: Lamp,
}

/// The infrared lamp beside the lens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lamp {
    pub(crate) at: V3,
    /// How fast the beam fades off its axis: the exponent of a cosine.
    pub(crate) focus: f32,
    /// Light that comes back from walls and ceiling, relative to the beam at two metres.
    pub(crate) bounce: f32,
}

impl Room {
    /// Draws a room. Every seed gives one.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let dice = Dice::new(seed);
        let size = size(&mut dice.fork("size"));
        let bed = place_bed(&mut dice.fork("bed"), size);
        let duvet = Duvet::draw(&mut dice.fork("duvet"), &bed);
        let (view, camera) = hang_camera(&mut dice.fork("camera"), size, &bed);
        let lamp = light(&mut dice.fork("lamp"), &camera);
        let surfaces = &mut dice.fork("surfaces");
        let mut room = Self {
            seed,
            size,
            footprints: vec![bed_footprint(&bed)],
            solids: bed.solids.clone(),
            bed,
            duvet,
            wall: Material::wall(surfaces),
            floor: Material::floor(surfaces),
            camera,
            view,
            lamp,
        };
        room.furnish(&mut dice.fork("furniture"));
        room.dress_walls(&mut dice.fork("walls"));
        room
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

    /// How the duvet lies.
    #[must_use]
    pub fn bedding(&self) -> Bedding {
        self.duvet.bedding
    }

    /// How the camera hangs.
    #[must_use]
    pub fn view(&self) -> View {
        self.view
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

    fn furnish(&mut self, dice: &mut Dice) {
        let beside = self.free_side(dice);
        if dice.chance(0.75) {
            let u = beside * (self.bed.width * 0.5 + dice.between(0.3, 0.4));
            let place = self.bed.place.moved(v3(u, 0.25, -self.bed.height));
            let piece = furniture::bedside_table(dice, place);
            self.stand(&place, piece);
        }
        let kinds = [
            Kind::Wardrobe,
            Kind::Drawers,
            Kind::Chair,
            Kind::Walker,
            Kind::FloorLamp,
        ];
        for kind in kinds {
            if dice.chance(0.55) {
                self.try_to_stand(dice, kind);
            }
        }
        self.lay_rug(dice);
    }

    /// Puts a piece where it disturbs neither bed nor camera, or leaves it out.
    fn try_to_stand(&mut self, dice: &mut Dice, kind: Kind) {
        let turn = dice.pick(&[0.0, 1.0, 2.0, 3.0]) * std::f32::consts::FRAC_PI_2;
        let free = matches!(kind, Kind::Chair | Kind::Walker);
        let turn = if free { turn + dice.around(0.6) } else { turn };
        let piece = furniture::draw(dice, kind, Place::new(v3(0.0, 0.0, 0.0), turn));
        let (a, b) = rotated(piece.half, turn);
        for _ in 0..24 {
            let (mut x, mut y) = (
                dice.between(a, self.size.x - a),
                dice.between(b, self.size.y - b),
            );
            if !free {
                // Backs stand against a wall: local `y` points away from it.
                match crate::rounding::index(turn / std::f32::consts::FRAC_PI_2 + 0.5, 4) {
                    0 => y = b + 0.01,
                    1 => x = self.size.x - a - 0.01,
                    2 => y = self.size.y - b - 0.01,
                    _ => x = a + 0.01,
                }
            }
            let clear = |f: &Footprint| {
                (x - f.middle.0).abs() > a + f.half.0 + 0.12
                    || (y - f.middle.1).abs() > b + f.half.1 + 0.12
            };
            let eye = self.camera.at;
            let off_lens = ((x - eye.x).abs() - a).max((y - eye.y).abs() - b) > 0.7;
            if self.footprints.iter().all(clear) && off_lens {
                let place = Place::new(v3(x, y, 0.0), turn);
                let by = v3(x, y, 0.0);
                let moved = |s: &Solid| Solid {
                    place: s.place.shifted(by),
                    ..*s
                };
                let solids: Vec<Solid> = piece.solids.iter().map(moved).collect();
                if self.hides_bed(&solids) {
                    continue;
                }
                self.stand(
                    &place,
                    Piece {
                        solids,
                        half: piece.half,
                    },
                );
                return;
            }
        }
    }

    /// Whether solids come between the camera and the bed: whoever put the unit up would see it.
    fn hides_bed(&self, solids: &[Solid]) -> bool {
        let (half, length) = (0.5 * self.bed.width, self.bed.length);
        let hidden = |u: f32, v: f32| {
            let point = self.bed.place.point_out(v3(u * half, v * length, 0.1));
            self.camera.is_hidden(point, solids)
        };
        let points = (0..15_u8).map(|i| (f32::from(i % 3) - 1.0, f32::from(i / 3) * 0.25));
        points.filter(|&(u, v)| hidden(u, v)).count() > 2
    }

    fn stand(&mut self, place: &Place, piece: Piece) {
        let ahead = place.direction_out(v3(1.0, 0.0, 0.0));
        let half = rotated(piece.half, ahead.y.atan2(ahead.x));
        self.footprints.push(Footprint {
            middle: (place.origin.x, place.origin.y),
            half,
        });
        self.solids.extend(piece.solids);
    }

    fn lay_rug(&mut self, dice: &mut Dice) {
        if dice.chance(0.45) {
            let half = v3(dice.between(0.3, 0.6), dice.between(0.4, 0.9), 0.006);
            let u = self.free_side(dice) * (self.bed.width * 0.5 + half.x + 0.1);
            let middle = v3(u, dice.between(0.6, 1.4), 0.006 - self.bed.height);
            let place = self.bed.place.moved(middle);
            let material = Material::linen(dice);
            self.solids.push(Solid {
                shape: Shape::Block(half),
                place,
                material,
            });
        }
    }

    /// Pictures, a window with curtains, a door.
    fn dress_walls(&mut self, dice: &mut Dice) {
        let walls = [0.0, 1.0, 2.0, 3.0].map(|i| i * std::f32::consts::FRAC_PI_2);
        for turn in walls {
            let long = if turn.cos().abs() > 0.5 {
                self.size.x
            } else {
                self.size.y
            };
            let middle = match crate::rounding::index(turn / std::f32::consts::FRAC_PI_2 + 0.5, 4) {
                0 => v3(0.5 * self.size.x, 0.0, 0.0),
                1 => v3(self.size.x, 0.5 * self.size.y, 0.0),
                2 => v3(0.5 * self.size.x, self.size.y, 0.0),
                _ => v3(0.0, 0.5 * self.size.y, 0.0),
            };
            let wall = Place::new(middle, turn);
            let along = dice.around(0.5 * long - 0.6);
            match dice.unit() {
                x if x < 0.35 => self.hang_picture(dice, &wall, along),
                x if x < 0.6 => self.hang_curtains(dice, &wall, along),
                x if x < 0.75 => {
                    let door = Material::wood(dice);
                    self.on_wall(&wall, v3(along, 0.015, 1.0), v3(0.45, 0.015, 1.0), door);
                }
                _ => {}
            }
            let strip = Material::plain(dice.between(0.2, 0.7));
            self.on_wall(
                &wall,
                v3(0.0, 0.006, 0.05),
                v3(0.5 * long, 0.006, 0.05),
                strip,
            );
        }
    }

    fn on_wall(&mut self, wall: &Place, middle: V3, half: V3, material: Material) {
        let place = wall.moved(middle);
        self.solids.push(Solid {
            shape: Shape::Block(half),
            place,
            material,
        });
    }

    fn hang_picture(&mut self, dice: &mut Dice, wall: &Place, along: f32) {
        let half = v3(dice.between(0.12, 0.35), 0.012, dice.between(0.12, 0.3));
        let middle = v3(along, 0.012, dice.between(1.35, 1.65));
        let frame = Material::wood(dice);
        self.on_wall(wall, middle, half, frame);
        let print = Material::linen(dice);
        self.on_wall(
            wall,
            middle + v3(0.0, 0.004, 0.0),
            half - v3(0.03, 0.0, 0.03),
            print,
        );
    }

    fn hang_curtains(&mut self, dice: &mut Dice, wall: &Place, along: f32) {
        let (wide, low) = (dice.between(0.35, 0.6), dice.between(0.05, 0.9));
        let high = self.size.z - 0.1;
        let pane = Material::plain(dice.between(0.02, 0.1));
        self.on_wall(wall, v3(along, 0.01, 1.5), v3(wide, 0.01, 0.5), pane);
        let cloth = Material::linen(dice);
        let fold = dice.between(0.06, 0.14);
        let drawn = dice.between(0.2, 0.95) * wide;
        for side in [-1.0, 1.0] {
            let half = v3(0.5 * drawn, 0.04, 0.5 * (high - low));
            let middle = v3(
                along + side * (wide + 0.05 - 0.5 * drawn),
                0.06,
                0.5 * (high + low),
            );
            let shape = Shape::Curtain { half, fold };
            self.solids.push(Solid {
                shape,
                place: wall.moved(middle),
                material: cloth,
            });
        }
    }
}

/// Half sizes of a turned rectangle's own upright box.
fn rotated(half: (f32, f32), turn: f32) -> (f32, f32) {
    let (sin, cos) = (turn.sin().abs(), turn.cos().abs());
    (half.0 * cos + half.1 * sin, half.0 * sin + half.1 * cos)
}

fn size(dice: &mut Dice) -> V3 {
    v3(
        dice.between(2.9, 4.6),
        dice.between(3.1, 5.0),
        dice.between(2.3, 2.7),
    )
}

/// Puts the bed with its head near the wall at `y = 0`, in a corner or free.
fn place_bed(dice: &mut Dice, size: V3) -> Bed {
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
    Bed::draw(dice, place, width, height)
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
    }
}
