//! The few places where a float becomes an integer, each with its range stated.
//!
//! Deliberately nothing else: every other conversion in this crate is lossless.

/// The greatest integer not above `x`; saturates far outside the range noise lattices use.
#[expect(
    clippy::cast_possible_truncation,
    reason = "saturating is what a lattice wants"
)]
pub(crate) fn floor(x: f32) -> i32 {
    let whole = x as i32;
    if whole as f32 > x { whole - 1 } else { whole }
}

/// The index of the cell that holds `x`, kept inside `0..end`. `end` must be at least 1.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates at 0 and the minimum holds the upper end"
)]
pub(crate) fn index(x: f32, end: usize) -> usize {
    (x as usize).min(end - 1)
}

/// A value in 0–1 as a byte; values outside are clipped.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates at 0 and 255"
)]
pub(crate) fn byte(x: f32) -> u8 {
    (x * 255.0 + 0.5) as u8
}
