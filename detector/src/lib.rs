//! The unit: an eye that sees and cannot speak, a voice that speaks and cannot see.

pub mod pair;
