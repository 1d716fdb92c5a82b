//! Solids a ray can hit: blocks, rods, balls, lamp shades, pillows and curtains.
//!
//! Deliberately convex or nearly so, each with its own box, so that the renderer only tries the
//! pixels a solid can cover. Bedding and bodies are too soft for this list and have modules of
//! their own.

use crate::material::Material;
use crate::noise;
use crate::vector::{Place, Ray, V3, v3};

/// The form of a solid in its own frame, around its origin.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A box by its half sizes.
    Block(V3),
    /// A bar with round ends.
    Rod { from: V3, to: V3, radius: f32 },
    /// An ellipsoid by its half sizes.
    Ball(V3),
    /// A lamp shade: an upright cone cut off, `bottom` and `top` its radii.
    Shade {
        bottom: f32,
        top: f32,
        half_height: f32,
    },
    /// A pillow by its half sizes; `dent` is how deep somebody's head has left it, in metres.
    Pillow { half: V3, dent: f32, seed: u32 },
    /// A hanging curtain: a block whose broad face is folded about every `fold` metres.
    Curtain { half: V3, fold: f32 },
}

/// One thing in the room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Solid {
    pub(crate) shape: Shape,
    pub(crate) place: Place,
    pub(crate) material: Material,
}

/// Where a ray meets a surface: distance, outward normal and surface coordinates in metres.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub(crate) distance: f32,
    pub(crate) normal: V3,
    pub(crate) u: f32,
    pub(crate) v: f32,
}

impl Solid {
    /// Middle and half size of a box around the solid, in its own frame.
    pub(crate) fn bounds(&self) -> (V3, V3) {
        let middle = v3(0.0, 0.0, 0.0);
        match self.shape {
            Shape::Block(half)
            | Shape::Ball(half)
            | Shape::Pillow { half, .. }
            | Shape::Curtain { half, .. } => (middle, half),
            Shape::Shade {
                bottom,
                top,
                half_height,
            } => {
                let reach = bottom.max(top);
                (middle, v3(reach, reach, half_height))
            }
            Shape::Rod { from, to, radius } => {
                let half = (to - from) * 0.5;
                let half = v3(
                    half.x.abs() + radius,
                    half.y.abs() + radius,
                    half.z.abs() + radius,
                );
                (from.towards(to, 0.5), half)
            }
        }
    }

    /// The nearest hit in front of `ray`, which is given in the room's frame.
    pub(crate) fn hit(&self, ray: &Ray) -> Option<Hit> {
        let local = ray.seen_from(&self.place);
        let found = match self.shape {
            Shape::Block(half) => block(&local, half),
            Shape::Rod { from, to, radius } => rod(&local, from, to, radius),
            Shape::Ball(half) => ball(&local, half),
            Shape::Shade {
                bottom,
                top,
                half_height,
            } => shade(&local, bottom, top, half_height),
            Shape::Pillow { half, dent, seed } => pillow(&local, half, dent, seed),
            Shape::Curtain { half, fold } => curtain(&local, half, fold),
        }?;
        Some(Hit {
            normal: self.place.direction_out(found.normal),
            ..found
        })
    }
}

fn block(ray: &Ray, half: V3) -> Option<Hit> {
    let (distance, _) = ray.through(v3(0.0, 0.0, 0.0), half)?;
    let at = ray.at(distance);
    let (x, y, z) = (
        at.x.abs() / half.x,
        at.y.abs() / half.y,
        at.z.abs() / half.z,
    );
    let (normal, u, v) = if x >= y && x >= z {
        (v3(at.x.signum(), 0.0, 0.0), at.y, at.z)
    } else if y >= z {
        (v3(0.0, at.y.signum(), 0.0), at.x, at.z)
    } else {
        (v3(0.0, 0.0, at.z.signum()), at.x, at.y)
    };
    Some(Hit {
        distance,
        normal,
        u,
        v,
    })
}

/// A ray against a round-ended bar: the quadratic of its barrel, then of its end balls.
fn rod(ray: &Ray, from: V3, to: V3, radius: f32) -> Option<Hit> {
    let axis = to - from;
    let start = ray.from - from;
    let (axis2, axis_ray, axis_start) = (axis.dot(axis), axis.dot(ray.along), axis.dot(start));
    let a = axis2 - axis_ray * axis_ray;
    let b = axis2 * start.dot(ray.along) - axis_start * axis_ray;
    let c = axis2 * start.dot(start) - axis_start * axis_start - radius * radius * axis2;
    let discriminant = b * b - a * c;
    if discriminant < 0.0 {
        return None;
    }
    let barrel = (-b - discriminant.sqrt()) / a.max(1e-9);
    let along = axis_start + barrel * axis_ray;
    let (distance, centre) = if along > 0.0 && along < axis2 {
        (barrel, from + axis * (along / axis2))
    } else {
        let end = if along <= 0.0 { from } else { to };
        let start = ray.from - end;
        let b = start.dot(ray.along);
        let discriminant = b * b - start.dot(start) + radius * radius;
        (discriminant >= 0.0).then(|| (-b - discriminant.sqrt(), end))?
    };
    let at = ray.at(distance);
    let hit = Hit {
        distance,
        normal: (at - centre).unit(),
        u: at.x + at.y,
        v: at.z,
    };
    (distance > 1e-3).then_some(hit)
}

fn ball(ray: &Ray, half: V3) -> Option<Hit> {
    let squash = |p: V3| v3(p.x / half.x, p.y / half.y, p.z / half.z);
    let (from, along) = (squash(ray.from), squash(ray.along));
    let (a, b, c) = (along.dot(along), from.dot(along), from.dot(from) - 1.0);
    let discriminant = b * b - a * c;
    if discriminant < 0.0 {
        return None;
    }
    let distance = (-b - discriminant.sqrt()) / a;
    let at = ray.at(distance);
    let hit = Hit {
        distance,
        normal: squash(squash(at)).unit(),
        u: at.x,
        v: at.z,
    };
    (distance > 1e-3).then_some(hit)
}

fn shade(ray: &Ray, bottom: f32, top: f32, half_height: f32) -> Option<Hit> {
    let taper = (top - bottom) / (2.0 * half_height);
    let radius = |z: f32| bottom + taper * (z + half_height);
    let (from, along) = (ray.from, ray.along);
    let (r0, dr) = (radius(from.z), taper * along.z);
    let a = along.x * along.x + along.y * along.y - dr * dr;
    let b = from.x * along.x + from.y * along.y - r0 * dr;
    let c = from.x * from.x + from.y * from.y - r0 * r0;
    let discriminant = b * b - a * c;
    if discriminant < 0.0 || a.abs() < 1e-9 {
        return None;
    }
    let distance = (-b - discriminant.sqrt()) / a;
    let at = ray.at(distance);
    if distance < 1e-3 || at.z.abs() > half_height {
        return None;
    }
    let normal = v3(at.x, at.y, -taper * radius(at.z)).unit();
    Some(Hit {
        distance,
        normal,
        u: at.x,
        v: at.z,
    })
}

/// Height of a pillow's cover above its middle plane.
fn pillow_height(x: f32, y: f32, half: V3, dent: f32, seed: u32) -> f32 {
    let swell = |q: f32| (1.0 - q.powi(4)).max(0.0);
    let (across, along) = (x / half.x, y / half.y);
    let plump = (swell(across) * swell(along)).sqrt();
    let crease = 0.10 * noise::rough(9.0 * x, 9.0 * y, seed) - 0.05;
    let off = (across - 0.2 * (noise::smooth(0.5, 0.5, seed) - 0.5)) * half.x;
    let hollow = dent * (-(off * off + y * y) / 0.02).exp();
    (half.z * (plump + crease) - hollow).max(0.0) * plump.sqrt()
}

fn pillow(ray: &Ray, half: V3, dent: f32, seed: u32) -> Option<Hit> {
    let (enter, leave) = ray.through(v3(0.0, 0.0, 0.0), half)?;
    let above = |t: f32| {
        let p = ray.at(t);
        p.z.abs() - pillow_height(p.x, p.y, half, dent, seed)
    };
    let (mut near, mut far) = (enter, enter);
    loop {
        let gap = above(far);
        if gap < 0.0 {
            break;
        }
        near = far;
        // A pillow's rim is thin: steps shorten towards it.
        far += (0.4 * gap).clamp(0.004, 0.03);
        if far > leave {
            return None;
        }
    }
    for _ in 0..6 {
        let middle = 0.5 * (near + far);
        if above(middle) < 0.0 {
            far = middle
        } else {
            near = middle
        }
    }
    let at = ray.at(far);
    let height = |x: f32, y: f32| pillow_height(x, y, half, dent, seed);
    let reach = 0.008;
    let slope_x = (height(at.x + reach, at.y) - height(at.x - reach, at.y)) / (2.0 * reach);
    let slope_y = (height(at.x, at.y + reach) - height(at.x, at.y - reach)) / (2.0 * reach);
    let normal = v3(-slope_x, -slope_y, at.z.signum()).unit();
    Some(Hit {
        distance: far,
        normal,
        u: at.x,
        v: at.y,
    })
}

fn curtain(ray: &Ray, half: V3, fold: f32) -> Option<Hit> {
    let hit = block(ray, half)?;
    let along = if half.x > half.y {
        ray.at(hit.distance).x
    } else {
        ray.at(hit.distance).y
    };
    let lean = 0.5 * (along / fold * std::f32::consts::TAU + 2.0 * (along * 5.0).sin()).sin();
    let tilt = if half.x > half.y {
        v3(lean, 0.0, 0.0)
    } else {
        v3(0.0, lean, 0.0)
    };
    Some(Hit {
        normal: (hit.normal + tilt).unit(),
        ..hit
    })
}
