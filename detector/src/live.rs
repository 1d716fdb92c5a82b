//! Live view: from an unclear look to sealed frames for one browser.
//!
//! ```text
//! UnclearLook ─▶ Issued (a challenge) ─▶ Answer (signatures hold) ─▶ CheckedGrant
//! CheckedGrant ─▶ OpenView ─▶ Turn ─▶ SealedFrame
//! ```
//!
//! Each can only be made from the one before it and is used up by the next, so there is no
//! sealed frame without a look that was unclear, a challenge for it and a grant that answers
//! it. None of them can be cloned, printed or serialised, and neither can a picture. Nothing in
//! here is compiled into a sensor-only unit (feature `live-view`).
//!
//! Pure but for the kernel's random numbers. Who asks, when a view ends and what the lamps do
//! is the eye's.

mod gate;
mod picture;
mod seal;

pub use gate::{Answer, CheckedGrant, Gate, UnclearLook};
pub use picture::{PICTURE_HEIGHT_MAX, PICTURE_WIDTH_MAX, PictureError};
pub use seal::{OpenView, SealedFrame, Turn};
