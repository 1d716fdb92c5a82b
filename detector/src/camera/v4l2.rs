//! The camera of a real unit, through Video4Linux.
//!
//! Device, format and buffers are taken once, before the eye shuts itself in; a look only starts
//! and stops the stream, which takes four requests on one descriptor. Exposure and gain are the
//! driver's, unless the settings say otherwise. Between looks no stream runs, and the buffers are
//! overwritten. A camera that is not there, or goes, is lost to this process: the eye ends, and the
//! next one opens it.

mod controls;
mod ring;

use std::io;
use std::path::Path;
use std::time::Duration;

use nattsyn_protocol::time::Timestamp;
use v4l::buffer::Flags;
use v4l::video::Capture as _;
use v4l::{Device, Format, FourCC};

use super::pixels::{Layout, frame};
use super::{CameraError, FrameSource, Shot};
use crate::presence::Sequence;
use crate::shut_in::Request;
pub use controls::Exposing;
use ring::{Filled, Ring};

/// The size asked for; the driver answers with the nearest it has. Four times the network's
/// input a side is plenty, and small frames keep the computing small.
const ASKED_PX: (u32, u32) = (640, 480);

/// Buffers in the driver's ring: enough that none is lost while one is read.
const BUFFERS: u32 = 4;

/// How long one frame may take. The slowest honest camera gives five a second; three seconds
/// also cover the start of a USB camera, and leave a look time to say that there was none.
const FRAME_WAIT: Duration = Duration::from_secs(3);

/// A Video4Linux capture device.
pub struct V4l2Camera {
    /// `None` once it is lost.
    taken: Option<Taken>,
    running: Running,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Running {
    Yes,
    No,
}

/// A camera with its format and its buffers.
struct Taken {
    ring: Ring,
    layout: Layout,
    size: (u32, u32),
    stride: u32,
}

impl V4l2Camera {
    /// Takes the camera behind a device node, such as `/dev/video0`. That it cannot be had is
    /// said here, and at each look.
    #[must_use]
    pub fn new(device: &Path, exposing: Exposing) -> Self {
        let taken = take(device, exposing).inspect_err(|error| {
            tracing::error!(error = error as &dyn std::error::Error, "no camera");
        });
        Self {
            taken: taken.ok(),
            running: Running::No,
        }
    }
}

fn take(device: &Path, exposing: Exposing) -> Result<Taken, CameraError> {
    let device = Device::with_path(device).map_err(doing("opening the camera"))?;
    let (layout, format) = negotiate(&device)?;
    controls::set(&device, exposing);
    let ring = Ring::reserve(&device, BUFFERS).map_err(doing("reserving the camera's buffers"))?;
    Ok(Taken {
        ring,
        layout,
        size: (format.width, format.height),
        stride: format.stride,
    })
}

impl FrameSource for V4l2Camera {
    fn open(&mut self, _now: Timestamp) -> Result<(), CameraError> {
        self.close();
        let taken = self.taken.as_mut().ok_or(CameraError::Lost)?;
        // The first frame starts the stream, so that exposure settles while the look does.
        let started = taken.ring.start();
        let started = started.and_then(|()| taken.ring.next(FRAME_WAIT).map(drop));
        if started.is_err() {
            // Whatever is wrong with it, opening it anew is the best there is to try.
            self.taken = None;
        } else {
            self.running = Running::Yes;
        }
        started.map_err(doing("starting the camera"))
    }

    fn next_frame(&mut self) -> Result<Shot, CameraError> {
        if self.running == Running::No {
            return Err(CameraError::Closed);
        }
        let taken = self.taken.as_mut().ok_or(CameraError::Closed)?;
        let shot = taken.next_frame();
        if matches!(shot, Err(CameraError::Device { .. })) {
            // A buffer that did not come is still queued; the ring cannot be used any more.
            self.close();
        }
        shot
    }

    fn close(&mut self) {
        let Some(taken) = self.taken.as_mut() else {
            return;
        };
        self.running = Running::No;
        if let Err(error) = taken.ring.stop() {
            tracing::error!(%error, "camera does not stop; letting go of it");
            self.taken = None;
        }
    }

    fn requests(&self) -> Vec<Request> {
        self.taken
            .as_ref()
            .map(|taken| taken.ring.requests().to_vec())
            .unwrap_or_default()
    }

    fn is_lost(&self) -> bool {
        self.taken.is_none()
    }
}

impl Taken {
    fn next_frame(&mut self) -> Result<Shot, CameraError> {
        // The ring was filled right after the last frame, half a second ago: all but the last
        // of these are from then.
        for _stale in 1..BUFFERS {
            self.ring
                .next(FRAME_WAIT)
                .map_err(doing("waiting for a frame"))?;
        }
        let Filled {
            bytes,
            used,
            flags,
            sequence,
        } = self
            .ring
            .next(FRAME_WAIT)
            .map_err(doing("waiting for a frame"))?;
        // Some drivers hand out more than the frame, and some say 0 for "all of it".
        let used = match used {
            0 => bytes.len(),
            used => used.min(bytes.len()),
        };
        if flags.contains(Flags::ERROR) {
            return Err(CameraError::Short {
                found: 0,
                needed: used,
            });
        }
        Ok(Shot {
            frame: frame(self.layout, self.size, self.stride, &bytes[..used])?,
            sequence: Sequence(sequence.into()),
        })
    }
}

/// Sets the best format that the camera has and we read.
fn negotiate(device: &Device) -> Result<(Layout, Format), CameraError> {
    let offered = device
        .enum_formats()
        .map_err(doing("asking for the camera's formats"))?;
    let best = Layout::ALL.iter().find(|(code, _)| {
        let code = FourCC::new(code);
        offered.iter().any(|format| format.fourcc == code)
    });
    let (code, _) = best.ok_or(CameraError::Format)?;
    // A stride of 0 asks the driver for its own; `vivid` otherwise keeps an earlier one.
    let asked = Format::new(ASKED_PX.0, ASKED_PX.1, FourCC::new(code));
    let set = device
        .set_format(&asked)
        .map_err(doing("setting the camera's format"))?;
    let layout = Layout::of(set.fourcc.repr).ok_or(CameraError::Format)?;
    Ok((layout, set))
}

fn doing(what: &'static str) -> impl Fn(io::Error) -> CameraError {
    move |source| CameraError::Device {
        doing: what,
        source,
    }
}
