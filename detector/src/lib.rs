//! The unit: an eye that sees and cannot speak, a voice that speaks and cannot see.

pub mod config;
pub mod pair;
pub mod pair_socket;
pub mod presence;
