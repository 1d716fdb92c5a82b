//! The camera: where it hangs, what it sees, and where a point of the room is in its picture.
//!
//! Deliberately without sensor: noise and exposure belong to [`crate::Sensor`].

use crate::change::Knock;
use crate::dice::Dice;
use crate::shape::Solid;
use crate::vector::{Ray, UP, V3, v3};
use crate::{HEIGHT, WIDTH};

/// How the camera hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// In an upper corner of the room.
    Corner,
    /// High on a wall.
    Wall,
    /// On the ceiling, looking down at the bed.
    Overhead,
}

/// A camera with a little barrel distortion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Camera {
    pub(crate) at: V3,
    pub(crate) forward: V3,
    right: V3,
    down: V3,
    /// Tangent of half the horizontal field of view.
    reach: f32,
    /// How much further out a pixel at the edge looks than a straight lens would.
    barrel: f32,
}

/// Height of the picture over its width.
const ASPECT: f32 = HEIGHT as f32 / WIDTH as f32;

impl Camera {
    /// Looks from `at` towards `target`, rolled by `roll` radians.
    pub(crate) fn new(at: V3, target: V3, roll: f32, reach: f32, barrel: f32) -> Self {
        let forward = (target - at).unit();
        let upright = if forward.z.abs() > 0.97 {
            v3(0.0, 1.0, 0.0)
        } else {
            UP
        };
        let level = forward.cross(upright).unit();
        let below = forward.cross(level);
        let (sin, cos) = roll.sin_cos();
        let right = level * cos + below * sin;
        let down = below * cos - level * sin;
        Self {
            at,
            forward,
            right,
            down,
            reach,
            barrel,
        }
    }

    /// The same camera after a knock: at most 3 cm and 2 degrees from where it was.
    pub(crate) fn nudged(&self, dice: &mut Dice) -> Self {
        // 1.7 cm along each axis and 0.02 radians about each of two stay within both.
        let mut off = || dice.around(0.017);
        let at = self.at + v3(off(), off(), off());
        let forward = (self.forward + self.right * off() + self.down * off()).unit();
        let right = (self.right + self.down * off()).unit();
        let right = (right - forward * right.dot(forward)).unit();
        Self {
            at,
            forward,
            right,
            down: forward.cross(right),
            ..*self
        }
    }

    /// The same camera hung otherwise: turned, tilted and rolled about itself, then shifted.
    pub(crate) fn knocked(&self, knock: &Knock) -> Self {
        let spun = |one: V3, other: V3, degrees: f32| {
            let (sin, cos) = degrees.to_radians().sin_cos();
            (one * cos + other * sin, other * cos - one * sin)
        };
        let (forward, right) = spun(self.forward, self.right, knock.turn_deg);
        let (forward, down) = spun(forward, self.down, knock.tilt_deg);
        let (right, down) = spun(right, down, knock.roll_deg);
        Self {
            at: self.at + self.right * knock.right_m - UP * knock.lower_m,
            forward,
            right,
            down,
            reach: self.reach * knock.wider,
            ..*self
        }
    }

    /// The same camera with a lens `factor` times as wide, within what such cameras are sold with.
    pub(crate) fn zoomed(&self, factor: f32) -> Self {
        /// Tangents of 20 and 53 degrees: lenses from 6 mm to 2.1 mm before a 1/2.9 inch sensor.
        const LENSES: (f32, f32) = (0.36, 1.33);
        Self {
            reach: (self.reach * factor).clamp(LENSES.0, LENSES.1),
            ..*self
        }
    }

    /// The ray through the picture at fractions `x` (right) and `y` (down).
    pub(crate) fn ray(&self, x: f32, y: f32) -> Ray {
        let (a, b) = (2.0 * x - 1.0, (2.0 * y - 1.0) * ASPECT);
        let spread = self.reach * (1.0 + self.barrel * (a * a + b * b));
        let along = self.forward + self.right * (a * spread) + self.down * (b * spread);
        Ray {
            from: self.at,
            along: along.unit(),
        }
    }

    /// Whether any of `solids` stands between the lens and `point`.
    pub(crate) fn is_hidden(&self, point: V3, solids: &[Solid]) -> bool {
        /// What is this near in front of a point, in metres, belongs to it.
        const TOUCHING: f32 = 0.05;
        let sight = point - self.at;
        let ray = Ray {
            from: self.at,
            along: sight.unit(),
        };
        let before = sight.length() - TOUCHING;
        solids
            .iter()
            .filter_map(|solid| solid.hit(&ray))
            .any(|hit| hit.distance < before)
    }

    /// Where `point` is in the picture, as fractions; `None` behind the lens.
    pub(crate) fn project(&self, point: V3) -> Option<(f32, f32)> {
        let sight = point - self.at;
        let depth = sight.dot(self.forward);
        if depth < 0.05 {
            return None;
        }
        let (a, b) = (sight.dot(self.right) / depth, sight.dot(self.down) / depth);
        let far = (a * a + b * b).sqrt() / self.reach;
        // Solves `r · (1 + barrel · r²) = far`; converges in a few rounds for a barrel below 0.2.
        let mut r = far;
        for _ in 0..8 {
            r -= (r * (1.0 + self.barrel * r * r) - far) / (1.0 + 3.0 * self.barrel * r * r);
        }
        let shrink = if far > 1e-6 {
            r / (far * self.reach)
        } else {
            1.0 / self.reach
        };
        Some((0.5 + 0.5 * a * shrink, 0.5 + 0.5 * b * shrink / ASPECT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projected_point_is_seen_by_the_ray_through_its_pixel() {
        let camera = Camera::new(v3(0.1, 0.2, 2.3), v3(2.0, 2.0, 0.5), 0.1, 0.9, 0.12);
        let point = v3(1.5, 2.4, 0.3);
        let (x, y) = camera.project(point).unwrap();
        let ray = camera.ray(x, y);
        let miss = (ray.at((point - ray.from).length()) - point).length();
        assert!(miss < 1e-3, "missed by {miss} m");
    }
}
