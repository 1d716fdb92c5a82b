//! Generated near-infrared bedrooms with known truth.
//!
//! A [`Room`] is drawn from a seed: bed, bedding, furniture, camera and lamp. A person is put in
//! last, so everything but the person is the same with and without one: the two pictures are
//! *twins*, and nothing about the room can tell whether somebody is in it. [`Room::render`] gives
//! linear light before the sensor; a [`Sensor`] turns it into a picture with fresh noise for each
//! frame, cheaply, because a still room is rendered only once.
//!
//! Used by the demonstration, by tests, and as training material. Deliberately not here: real
//! pictures, a light transport simulation (the infrared lamp sits beside the lens, so what is lit
//! is what is seen, and `albedo · cos / r²` is most of the picture), movement, colour, files. The
//! binary `nattsyn-scenes` writes files.
//!
//! ```
//! use nattsyn_scenes::{Lens, Occupant, Room, Sensor};
//!
//! let room = Room::from_seed(7);
//! let rendered = room.render(Occupant::InBed, 1, Lens::Clear);
//! let sensor = Sensor::from_seed(7);
//! let frames: Vec<_> = (0..10).map(|frame| sensor.expose(&rendered.radiance, frame)).collect();
//! assert_ne!(frames[0], frames[1]); // The same still room, with other noise.
//! ```
//!
//! Lengths are metres, `z` is up, the floor is at `z = 0`. A *silhouette* is every pixel a person
//! would cover with bedding and furniture taken away.

mod aids;
mod anatomy;
mod bed;
mod bedding;
mod body;
mod camera;
mod change;
mod cloth;
mod clothes;
mod dice;
mod fabric;
mod figure;
mod flesh;
mod framing;
mod furnishing;
mod furniture;
mod hair;
mod head;
mod lens;
mod lie;
mod lying;
mod material;
mod noise;
mod picture;
mod pose;
mod render;
mod room;
mod rounding;
mod sensor;
mod shape;
mod things;
mod trying;
mod upright;
mod vector;

pub use bedding::Bedding;
pub use camera::View;
pub use change::Knock;
pub use lens::Lens;
pub use picture::{PersonMap, Picture, Radiance, Seen};
pub use render::Rendered;
pub use room::{Occupant, Room};
pub use sensor::Sensor;
pub use trying::{Around, Shown};

/// Width of every picture in pixels: what the model is given after reduction.
pub const WIDTH: usize = 320;

/// Height of every picture in pixels: with [`WIDTH`] the 4:3 of common sensors.
pub const HEIGHT: usize = 240;
