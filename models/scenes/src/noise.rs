//! Smooth value noise for textures and folds.
//!
//! Deliberately two-dimensional only: everything textured here is a surface.

use crate::rounding::floor;

/// Smooth noise in 0–1 with features about one unit wide. `seed` picks the field.
pub(crate) fn smooth(u: f32, v: f32, seed: u32) -> f32 {
    let (cell_u, cell_v) = (floor(u), floor(v));
    let (fade_u, fade_v) = (fade(u - cell_u as f32), fade(v - cell_v as f32));
    let corner = |du: i32, dv: i32| lattice(cell_u.wrapping_add(du), cell_v.wrapping_add(dv), seed);
    let near = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * fade_u;
    let far = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * fade_u;
    near + (far - near) * fade_v
}

/// Two octaves of [`smooth`], in 0–1.
pub(crate) fn rough(u: f32, v: f32, seed: u32) -> f32 {
    0.65 * smooth(u, v, seed) + 0.35 * smooth(2.1 * u, 2.1 * v, seed.wrapping_add(1))
}

/// Sharp crests on round valleys, in 0–1: how cloth folds.
pub(crate) fn ridged(u: f32, v: f32, seed: u32) -> f32 {
    let crest = 1.0 - (2.0 * smooth(u, v, seed) - 1.0).abs();
    crest * crest
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(crate) fn step(low: f32, high: f32, x: f32) -> f32 {
    fade(((x - low) / (high - low)).clamp(0.0, 1.0))
}

fn fade(x: f32) -> f32 {
    x * x * (3.0 - 2.0 * x)
}

/// A fixed value in 0–1 for each lattice point (a multiply-and-xor hash).
fn lattice(u: i32, v: i32, seed: u32) -> f32 {
    let mut bits = u.cast_unsigned().wrapping_mul(0x9E37_79B1)
        ^ v.cast_unsigned().wrapping_mul(0x85EB_CA77)
        ^ seed.wrapping_mul(0xC2B2_AE3D);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
    bits = (bits ^ (bits >> 12)).wrapping_mul(0x297A_2D39);
    (bits >> 8) as f32 / 16_777_216.0
}
