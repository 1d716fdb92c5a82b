//! Points, directions and upright local frames.
//!
//! Deliberately only what ray casting of a bedroom needs; no matrices.

use std::ops::{Add, Mul, Neg, Sub};

/// A point in metres or a direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct V3 {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) z: f32,
}

pub(crate) const UP: V3 = v3(0.0, 0.0, 1.0);

pub(crate) const fn v3(x: f32, y: f32, z: f32) -> V3 {
    V3 { x, y, z }
}

impl V3 {
    pub(crate) fn dot(self, other: Self) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(crate) fn cross(self, other: Self) -> Self {
        v3(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    pub(crate) fn length(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// Length one; a zero vector becomes [`UP`], so that no normal is ever undefined.
    pub(crate) fn unit(self) -> Self {
        let length = self.length();
        if length > 1e-9 {
            self * (1.0 / length)
        } else {
            UP
        }
    }

    pub(crate) fn towards(self, other: Self, share: f32) -> Self {
        self + (other - self) * share
    }
}

impl Add for V3 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        v3(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for V3 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        v3(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f32> for V3 {
    type Output = Self;
    fn mul(self, factor: f32) -> Self {
        v3(self.x * factor, self.y * factor, self.z * factor)
    }
}

impl Neg for V3 {
    type Output = Self;
    fn neg(self) -> Self {
        self * -1.0
    }
}

/// An upright local frame: an origin and a turn about the vertical.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) origin: V3,
    cos: f32,
    sin: f32,
}

impl Place {
    pub(crate) fn new(origin: V3, turn: f32) -> Self {
        Self {
            origin,
            cos: turn.cos(),
            sin: turn.sin(),
        }
    }

    pub(crate) fn direction_in(&self, d: V3) -> V3 {
        v3(
            self.cos * d.x + self.sin * d.y,
            self.cos * d.y - self.sin * d.x,
            d.z,
        )
    }

    pub(crate) fn direction_out(&self, d: V3) -> V3 {
        v3(
            self.cos * d.x - self.sin * d.y,
            self.cos * d.y + self.sin * d.x,
            d.z,
        )
    }

    pub(crate) fn point_in(&self, p: V3) -> V3 {
        self.direction_in(p - self.origin)
    }

    pub(crate) fn point_out(&self, p: V3) -> V3 {
        self.origin + self.direction_out(p)
    }

    /// The same frame, `by` further on in the frame it stands in.
    pub(crate) fn shifted(&self, by: V3) -> Self {
        Self {
            origin: self.origin + by,
            ..*self
        }
    }

    /// The same origin, turned `by` radians further.
    pub(crate) fn turned(&self, by: f32) -> Self {
        let (sin, cos) = by.sin_cos();
        Self {
            origin: self.origin,
            cos: self.cos * cos - self.sin * sin,
            sin: self.sin * cos + self.cos * sin,
        }
    }

    /// The same turn about another origin, given in this frame.
    pub(crate) fn moved(&self, origin: V3) -> Self {
        Self {
            origin: self.point_out(origin),
            ..*self
        }
    }
}

/// A half-line of sight; `along` has length one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ray {
    pub(crate) from: V3,
    pub(crate) along: V3,
}

impl Ray {
    pub(crate) fn at(&self, distance: f32) -> V3 {
        self.from + self.along * distance
    }

    pub(crate) fn seen_from(&self, place: &Place) -> Self {
        Self {
            from: place.point_in(self.from),
            along: place.direction_in(self.along),
        }
    }

    /// Where the ray is inside the box around `middle`, as entry and exit distance.
    pub(crate) fn through(&self, middle: V3, half: V3) -> Option<(f32, f32)> {
        let (mut enter, mut leave) = (1e-3_f32, f32::MAX);
        let from = self.from - middle;
        for (start, slope, reach) in [
            (from.x, self.along.x, half.x),
            (from.y, self.along.y, half.y),
            (from.z, self.along.z, half.z),
        ] {
            let inverse = 1.0 / if slope.abs() < 1e-9 { 1e-9 } else { slope };
            let (one, other) = ((-reach - start) * inverse, (reach - start) * inverse);
            enter = enter.max(one.min(other));
            leave = leave.min(one.max(other));
        }
        (enter < leave).then_some((enter, leave))
    }
}
