//! What stands in a room and hangs on its walls, and where.
//!
//! Deliberately after the camera: nothing is put between it and the bed, as nobody would. Nothing
//! here knows of people.

use crate::aids;
use crate::dice::Dice;
use crate::furniture::{self, Footprint, Kind, Piece};
use crate::material::Material;
use crate::room::Room;
use crate::shape::{Shape, Solid};
use crate::vector::{Place, V3, v3};

impl Room {
    /// What stands where it stands for years.
    pub(crate) fn stand_furniture(&mut self, dice: &mut Dice) {
        let beside = self.free_side(dice);
        if dice.chance(0.75) {
            let u = beside * (self.bed.width * 0.5 + dice.between(0.3, 0.4));
            let place = self.bed.place.moved(v3(u, 0.25, -self.bed.height));
            let piece = furniture::bedside_table(dice, place);
            self.stand(&place, piece);
        }
        for kind in [Kind::Wardrobe, Kind::Drawers, Kind::FloorLamp] {
            if dice.chance(0.5) {
                let piece = &mut dice.fork("piece");
                self.try_to_stand(piece, &mut dice.fork("where"), kind);
            }
            dice.bits();
        }
        if dice.chance(0.14) {
            self.stand_table_over_bed(dice);
        }
        self.lay_rug(dice);
    }

    /// What is moved from one night to the next: `what` says which, `how` where it stands.
    pub(crate) fn stand_loose(&mut self, what: &mut Dice, how: &mut Dice) {
        let kinds = [
            (Kind::Chair, 0.55),
            (Kind::Walker, 0.4),
            (Kind::Wheelchair, 0.16),
            (Kind::DripStand, 0.14),
            (Kind::Hoist, 0.08),
            (Kind::Basket, 0.25),
            (Kind::Bag, 0.25),
            (Kind::Shoes, 0.45),
        ];
        for (kind, share) in kinds {
            if what.chance(share) {
                self.try_to_stand(&mut what.fork("piece"), how, kind);
            }
        }
    }

    /// The table of a care bed, on its free side.
    fn stand_table_over_bed(&mut self, dice: &mut Dice) {
        let side = self.free_side(dice);
        let bed = &self.bed;
        let edge = v3(side * 0.5 * bed.width, dice.between(0.9, 1.5), 0.0);
        let place = bed.place.moved(edge);
        let solids = aids::over_bed_table(dice, place, -side, -bed.height);
        self.solids.extend(solids);
    }

    /// Puts a piece where it disturbs neither bed nor camera, or leaves it out.
    fn try_to_stand(&mut self, look: &mut Dice, dice: &mut Dice, kind: Kind) {
        let turn = dice.pick(&[0.0, 1.0, 2.0, 3.0]) * std::f32::consts::FRAC_PI_2;
        let free = !matches!(kind, Kind::Wardrobe | Kind::Drawers | Kind::FloorLamp);
        let turn = if free { turn + dice.around(0.6) } else { turn };
        let piece = furniture::draw(look, kind, Place::new(v3(0.0, 0.0, 0.0), turn));
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
    pub(crate) fn dress_walls(&mut self, dice: &mut Dice) {
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
                x if x < 0.58 => self.hang_curtains(dice, &wall, along),
                x if x < 0.68 => self.hang_coat(dice, &wall, along),
                x if x < 0.75 => self.hang_screen(dice, &wall, along),
                x if x < 0.86 => {
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
        if dice.chance(0.5) {
            self.hang_radiator(dice, wall, along);
        }
        if dice.chance(0.5) {
            // A frame with a bar or two across the pane.
            let frame = Material::plain(dice.between(0.2, 0.85));
            for at in [-wide, 0.0, wide] {
                self.on_wall(wall, v3(along + at, 0.02, 1.5), v3(0.02, 0.02, 0.52), frame);
            }
            for z in [1.0, 1.5, 2.0] {
                self.on_wall(wall, v3(along, 0.02, z), v3(wide, 0.02, 0.02), frame);
            }
        }
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

    /// A coat or a gown on a hook: as tall and as wide as somebody standing at the wall.
    fn hang_coat(&mut self, dice: &mut Dice, wall: &Place, along: f32) {
        let hook = wall.point_out(v3(along, 0.12, 1.3));
        let cloth = Material::clothes(dice);
        let high = dice.between(1.5, 1.75);
        let half = dice.between(0.35, 0.6);
        let shape = Shape::Shade {
            bottom: dice.between(0.13, 0.2),
            top: dice.between(0.05, 0.09),
            half_height: half,
        };
        /// Nearer to the lens than this it would fill the picture, in metres.
        const NEAR: f32 = 1.1;
        let bulk = Solid {
            shape,
            place: wall.moved(v3(along, 0.12, high - half)),
            material: cloth,
        };
        if (hook - self.camera.at).length() < NEAR || self.hides_bed(&[bulk]) {
            return;
        }
        let mut hang = |shape: Shape, at: V3, material: Material| {
            self.solids.push(Solid {
                shape,
                place: wall.moved(at),
                material,
            });
        };
        hang(shape, v3(along, 0.12, high - half), cloth);
        for side in [-1.0, 1.0] {
            let from = v3(side * 0.09, 0.0, 0.0);
            let to = v3(side * 0.19, 0.02, -dice.between(0.45, 0.6));
            let sleeve = Shape::Rod {
                from,
                to,
                radius: 0.055,
            };
            hang(sleeve, v3(along, 0.12, high - 0.08), cloth);
        }
        if dice.chance(0.35) {
            let hat = Shape::Ball(v3(0.1, 0.1, 0.075));
            let felt = Material::clothes(dice);
            hang(hat, v3(along, 0.12, high + 0.09), felt);
        }
    }

    /// A television, dark or on.
    fn hang_screen(&mut self, dice: &mut Dice, wall: &Place, along: f32) {
        let glass = Material::plain(0.05).glowing(dice, 0.35);
        let wide = dice.between(0.28, 0.5);
        let middle = v3(along, 0.04, dice.between(1.1, 1.7));
        self.on_wall(wall, middle, v3(wide, 0.03, 0.57 * wide), glass);
    }

    /// A radiator below a window.
    fn hang_radiator(&mut self, dice: &mut Dice, wall: &Place, along: f32) {
        let metal = Material::plain(dice.between(0.45, 0.85));
        let wide = dice.between(0.3, 0.6);
        let mut u = along - wide;
        while u < along + wide {
            self.on_wall(wall, v3(u, 0.06, 0.38), v3(0.022, 0.045, 0.26), metal);
            u += 0.065;
        }
    }
}

/// Half sizes of a turned rectangle's own upright box.
fn rotated(half: (f32, f32), turn: f32) -> (f32, f32) {
    let (sin, cos) = (turn.sin().abs(), turn.cos().abs());
    (half.0 * cos + half.1 * sin, half.0 * sin + half.1 * cos)
}
