//! The unit: an eye that sees and cannot speak, a voice that speaks and cannot see.

pub mod camera;
pub mod config;
pub mod count;
pub mod disk;
pub mod eye;
pub mod forgetful;
pub mod guard;
pub mod light;
#[cfg(feature = "live-view")]
pub mod live;
pub mod look;
pub mod memory;
pub mod night;
pub mod outbox;
pub mod pair;
pub mod pair_socket;
pub mod panel;
pub mod presence;
pub mod record;
pub mod relief;
pub mod score;
pub mod shut_in;
pub mod supervise;
pub mod uplink;
pub mod voice;
pub mod watchdog;
