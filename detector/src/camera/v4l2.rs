//! The camera of a real unit, through Video4Linux.
//!
//! Opened for a look and closed after it. Exposure and gain are the driver's. The driver's own
//! buffers are mapped memory which this process cannot overwrite; they are given back to the
//! kernel when the look ends, which clears them before anybody else gets them.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use nattsyn_protocol::time::Timestamp;
use v4l::buffer::{Flags, Type};
use v4l::io::traits::CaptureStream as _;
use v4l::prelude::MmapStream;
use v4l::video::Capture as _;
use v4l::{Device, Format, FourCC};

use super::pixels::{Layout, frame};
use super::{CameraError, FrameSource, Shot};
use crate::presence::Sequence;

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
    device: PathBuf,
    streaming: Option<Streaming>,
}

struct Streaming {
    stream: MmapStream<'static>,
    layout: Layout,
    size: (u32, u32),
    stride: u32,
}

impl V4l2Camera {
    /// The camera behind a device node, such as `/dev/video0`. It is not opened yet.
    #[must_use]
    pub fn new(device: PathBuf) -> Self {
        Self {
            device,
            streaming: None,
        }
    }
}

impl FrameSource for V4l2Camera {
    fn open(&mut self, _now: Timestamp) -> Result<(), CameraError> {
        self.close();
        let device = Device::with_path(&self.device).map_err(doing("opening the camera"))?;
        let (layout, format) = negotiate(&device)?;
        let mut stream = MmapStream::with_buffers(&device, Type::VideoCapture, BUFFERS)
            .map_err(doing("reserving the camera's buffers"))?;
        stream.set_timeout(FRAME_WAIT);
        let mut streaming = Streaming {
            stream,
            layout,
            size: (format.width, format.height),
            stride: format.stride,
        };
        // The first frame starts the stream, so that exposure settles while the look does.
        streaming
            .stream
            .next()
            .map_err(doing("starting the camera"))?;
        self.streaming = Some(streaming);
        Ok(())
    }

    fn next_frame(&mut self) -> Result<Shot, CameraError> {
        let streaming = self.streaming.as_mut().ok_or(CameraError::Closed)?;
        let shot = streaming.next_frame();
        if matches!(shot, Err(CameraError::Device { .. })) {
            // A buffer that did not come is still queued; the ring cannot be used any more.
            self.close();
        }
        shot
    }

    fn close(&mut self) {
        self.streaming = None;
    }
}

impl Streaming {
    fn next_frame(&mut self) -> Result<Shot, CameraError> {
        // The ring was filled right after the last frame, half a second ago: all but the last
        // of these are from then.
        for _stale in 1..BUFFERS {
            self.stream.next().map_err(doing("waiting for a frame"))?;
        }
        let (bytes, meta) = self.stream.next().map_err(doing("waiting for a frame"))?;
        // Some drivers hand out more than the frame, and some say 0 for "all of it".
        let used = match meta.bytesused as usize {
            0 => bytes.len(),
            used => used.min(bytes.len()),
        };
        if meta.flags.contains(Flags::ERROR) {
            return Err(CameraError::Short {
                found: 0,
                needed: used,
            });
        }
        Ok(Shot {
            frame: frame(self.layout, self.size, self.stride, &bytes[..used])?,
            sequence: Sequence(meta.sequence.into()),
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
