//! One picture from a file, shown as a camera would show a still room.

use std::io::Cursor;

use nattsyn_models::Frame;
use zeroize::Zeroizing;

use super::CameraError;
use super::kept::KeptFile;
use super::noise::Noise;

/// Longest side that a picture is shown with, in pixels. Larger ones are reduced by averaging,
/// as a camera set to this size would deliver them.
const SIDE_MAX: u32 = 640;

/// Most memory that reading one picture may take: a 50-megapixel photograph in colour.
const MEMORY_MAX: u64 = 160 << 20;

/// A picture, and noise for it.
pub(crate) struct Still {
    width: u32,
    height: u32,
    luma: Zeroizing<Vec<u8>>,
    noise: Noise,
}

impl Still {
    /// Reads a picture (JPEG or PNG), colours as their brightness.
    pub(crate) fn read(file: &KeptFile) -> Result<Self, CameraError> {
        let broken = |source| CameraError::Picture {
            name: file.name().to_owned(),
            source,
        };
        let bytes = file.read().map_err(|error| broken(error.into()))?;
        let mut reader = image::ImageReader::new(Cursor::new(bytes.as_slice()))
            .with_guessed_format()
            .map_err(|error| broken(error.into()))?;
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(MEMORY_MAX);
        reader.limits(limits);
        let picture = reader.decode().map_err(broken)?;
        let fits = picture.width() <= SIDE_MAX && picture.height() <= SIDE_MAX;
        let shown = if fits {
            picture
        } else {
            picture.thumbnail(SIDE_MAX, SIDE_MAX)
        };
        let luma = shown.into_luma8();
        Ok(Self {
            width: luma.width(),
            height: luma.height(),
            luma: Zeroizing::new(luma.into_raw()),
            noise: Noise::new(),
        })
    }

    /// The picture with fresh noise.
    pub(crate) fn frame(&mut self) -> Result<Frame, CameraError> {
        let noisy = self.noise.over(&self.luma);
        Ok(Frame::from_luma8(self.width, self.height, noisy)?)
    }
}
