//! The network as a typed function: a frame and the sleeping places in, a [`Sighting`] out.
//!
//! [`Model::load`] checks and warms the network that is built into the binary;
//! [`Model::sight`] says of **one** frame how strong the evidence of a person is in the sleeping
//! places and elsewhere, and whether the frame is fit to judge by ([`Health`]).
//! [`Thresholds::judge`] turns one sighting into a [`Judgement`].
//!
//! Deliberately not here: anything that needs several frames (frozen pictures, fusing a look),
//! findings, cameras, files and clocks. Nothing here writes, encodes or prints a picture, and
//! nothing infers who somebody is or how they are.

mod frame;
#[cfg(test)]
mod golden;
mod health;
mod judgement;
mod manifest;
mod model;
mod place;
mod reduce;

pub use frame::{Frame, FrameError};
pub use health::Health;
pub use judgement::{Cuts, Doubt, Judgement, MARGIN_MAX, Margins};
pub use manifest::{Input, Manifest, ManifestError, Thresholds};
pub use model::{MAP_HEIGHT, MAP_WIDTH, Model, ModelError, Sighting};
pub use place::{PlaceError, SleepingPlace};
pub use reduce::{INPUT_HEIGHT, INPUT_WIDTH};
