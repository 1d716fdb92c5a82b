//! Where frames come from.
//!
//! [`FrameSource`] is the role; the camera of a real unit is `V4l2Camera` (feature `pi`). The
//! stand-ins say what they do: [`ReplayCamera`] replays pictures from a folder,
//! [`StagedCamera`] shows what a demonstration has staged. A source is opened for one look and
//! closed after it: between looks no camera runs. What it needs of the system (device, files) it
//! takes when it is made, before the eye shuts itself in; a look opens no file. Nothing here
//! judges a picture, and nothing keeps or writes one.

mod kept;
mod noise;
#[cfg(any(feature = "pi", test))]
mod pixels;
mod replay;
mod staged;
mod still;
mod tried;
#[cfg(feature = "pi")]
mod v4l2;

use nattsyn_models::{Frame, FrameError};
use nattsyn_protocol::time::Timestamp;

use crate::presence::Sequence;
use crate::shut_in::Request;

pub use replay::ReplayCamera;
pub use staged::StagedCamera;
#[cfg(feature = "pi")]
pub use v4l2::{Exposing, V4l2Camera};

/// One frame as the camera gave it.
pub struct Shot {
    /// The picture.
    pub frame: Frame,
    /// The driver's number of it, which grows with every exposure.
    pub sequence: Sequence,
}

/// Something that gives frames for the time of a look.
pub trait FrameSource: Send {
    /// Begins to give frames, for a look at this moment. The light is on.
    ///
    /// # Errors
    ///
    /// There will be no frames; the source is closed.
    fn open(&mut self, now: Timestamp) -> Result<(), CameraError>;

    /// Waits for a frame that was exposed after this call, or very nearly.
    ///
    /// # Errors
    ///
    /// This frame could not be had. The next may be, unless the source is closed.
    fn next_frame(&mut self) -> Result<Shot, CameraError>;

    /// Stops the camera, and overwrites what it left. Closing twice does nothing.
    fn close(&mut self);

    /// What it must go on asking of its device when the process is shut in.
    fn requests(&self) -> Vec<Request> {
        Vec::new()
    }

    /// Whether it will never give a frame again in this process: what it needs can only be
    /// opened by a new one.
    fn is_lost(&self) -> bool {
        false
    }
}

/// Why there is no frame. No error names a folder: what a picture is called may travel into a
/// log, where it lies on a disk says too much.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// A frame was asked for outside a look.
    #[error("camera is closed")]
    Closed,
    /// It was not there when the process began, or is not any more.
    #[error("camera is lost to this process")]
    Lost,
    /// The system or the driver refuses.
    #[error("{doing}")]
    Device {
        /// What was being done.
        doing: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The camera offers no format that this build reads.
    #[error(
        "camera offers none of the formats GREY, Y10, Y12 and Y16 (also packed), YUYV, UYVY, NV12, \
         YU12, MJPG"
    )]
    Format,
    /// The driver's bytes are no frame.
    #[error("camera gave what is no frame")]
    Frame(#[from] FrameError),
    /// The driver gave fewer bytes than its format needs, as when a transfer was cut short.
    #[error("camera gave {found} bytes of a frame that needs {needed}")]
    Short {
        /// Bytes that came.
        found: usize,
        /// Bytes that its format needs.
        needed: usize,
    },
    /// What the camera compressed is no picture, or not the whole one.
    #[error("camera gave what is no whole JPEG")]
    Compressed(#[source] Box<image::ImageError>),
    /// The picture's file cannot be read, or is no picture.
    #[error("reading the picture {name:?}")]
    Picture {
        /// The file's name, without its folder.
        name: String,
        /// What the reader says.
        source: image::ImageError,
    },
    /// The folder of pictures cannot be read, or has none.
    #[error("reading the folder of pictures")]
    Folder(#[source] std::io::Error),
    /// The stage's file cannot be read.
    #[error("reading the stage")]
    Stage(#[source] std::io::Error),
    /// The stage's file is not what a demonstration writes, or it stages nothing.
    #[error("stage cannot be shown")]
    Staging(#[source] serde_json::Error),
    /// More pictures than a process may hold open.
    #[error("folder has more than {0} pictures")]
    TooMany(usize),
    /// The stage's file stages nothing at all.
    #[error("stage is empty")]
    NothingStaged,
}

/// A camera that was there once, for the tests of those who hold one.
#[cfg(test)]
pub(crate) mod gone {
    use super::{CameraError, FrameSource, Shot, Timestamp};

    pub(crate) struct Gone;

    impl FrameSource for Gone {
        fn open(&mut self, _now: Timestamp) -> Result<(), CameraError> {
            Err(CameraError::Lost)
        }

        fn next_frame(&mut self) -> Result<Shot, CameraError> {
            Err(CameraError::Lost)
        }

        fn close(&mut self) {}

        fn is_lost(&self) -> bool {
            true
        }
    }
}
