//! One monochrome picture, held only in memory.
//!
//! A [`Frame`] can be made and looked at, and that is all: it cannot be cloned, printed or
//! serialised, and its pixels are overwritten when it is dropped. Encoding one is not possible
//! with this crate.

use thiserror::Error;
use zeroize::Zeroizing;

/// Width or height above which a frame is refused, in pixels.
///
/// Four times the widest sensor mode of the hardware list (4608 pixels), so that a broken
/// header cannot ask for gigabytes.
const SIDE_MAX: u32 = 16_384;

/// One monochrome frame, 8 bits a pixel, rows from the top, no padding between rows.
///
/// Never cloned, printed or serialised; overwritten with zeros when dropped.
pub struct Frame {
    width: u32,
    height: u32,
    luma: Zeroizing<Vec<u8>>,
}

/// Why pixels are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// A side is zero.
    #[error("frame of {width} x {height} pixels has no area")]
    Empty {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A side is longer than any camera of ours delivers.
    #[error("frame of {width} x {height} pixels is larger than {SIDE_MAX} a side")]
    TooLarge {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The number of bytes is not width times height.
    #[error("frame of {width} x {height} pixels came with {bytes} bytes")]
    WrongLength {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// Bytes that came.
        bytes: usize,
    },
}

impl Frame {
    /// Takes over `pixels`: `width` times `height` bytes, row by row from the top left.
    ///
    /// On an error the bytes are overwritten as well.
    ///
    /// # Errors
    ///
    /// A side of zero or above 16,384, or a number of bytes that does not fit.
    pub fn from_luma8(width: u32, height: u32, pixels: Vec<u8>) -> Result<Self, FrameError> {
        let luma = Zeroizing::new(pixels);
        if width == 0 || height == 0 {
            return Err(FrameError::Empty { width, height });
        }
        if width > SIDE_MAX || height > SIDE_MAX {
            return Err(FrameError::TooLarge { width, height });
        }
        if luma.len() != width as usize * height as usize {
            return Err(FrameError::WrongLength {
                width,
                height,
                bytes: luma.len(),
            });
        }
        Ok(Self {
            width,
            height,
            luma,
        })
    }

    /// Width in pixels, at least 1.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels, at least 1.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The pixels, row by row from the top left.
    #[must_use]
    pub fn luma(&self) -> &[u8] {
        &self.luma
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_needs_one_byte_a_pixel() {
        assert!(Frame::from_luma8(3, 2, vec![0; 6]).is_ok());
        let error = Frame::from_luma8(3, 2, vec![0; 7]).err().unwrap();
        assert_eq!(
            error,
            FrameError::WrongLength {
                width: 3,
                height: 2,
                bytes: 7
            }
        );
        assert_eq!(error.to_string(), "frame of 3 x 2 pixels came with 7 bytes");
    }

    #[test]
    fn a_frame_without_area_is_refused() {
        assert!(matches!(
            Frame::from_luma8(0, 2, vec![]),
            Err(FrameError::Empty { .. })
        ));
        assert!(matches!(
            Frame::from_luma8(2, 0, vec![]),
            Err(FrameError::Empty { .. })
        ));
    }

    #[test]
    fn an_absurd_size_is_refused_before_anything_is_multiplied() {
        let refused = Frame::from_luma8(u32::MAX, u32::MAX, vec![]);
        assert!(matches!(refused, Err(FrameError::TooLarge { .. })));
    }
}
