//! A frame as a picture that fits: grey, small, JPEG.
//!
//! The only picture encoder of the unit, and compiled only with feature `live-view`. What it
//! writes lies in memory of fixed size that is overwritten when dropped; the encoder's own
//! blocks of 8 x 8 pixels on the stack are not in our hands.

use std::io::{self, Write};

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageError};
use zeroize::Zeroizing;

use nattsyn_models::Frame;
use nattsyn_protocol::live::PICTURE_MAX;

/// Widest picture in pixels: a person in bed is recognised, a page beside the bed is not read.
pub const PICTURE_WIDTH_MAX: u32 = 480;
/// Highest picture in pixels.
pub const PICTURE_HEIGHT_MAX: u32 = 360;

/// The qualities that are tried, best first (JPEG's usual scale of 1 to 100). A dark room at
/// 480 x 360 fits at one of the first; noise fits at the last.
const QUALITIES: [u8; 8] = [75, 60, 45, 32, 22, 12, 5, 1];

/// Why a frame becomes no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The encoder refuses.
    #[error("encoding a frame")]
    Encoder(#[source] ImageError),
    /// It does not fit at any quality.
    #[error("a frame does not fit {PICTURE_MAX} bytes at any quality")]
    TooLarge,
}

/// A picture as JPEG. Overwritten when dropped; it cannot be cloned, printed or serialised.
pub(super) struct Picture(Room);

impl Picture {
    /// Makes the frame small enough and encodes it, at the best quality that fits.
    pub(super) fn of(frame: &Frame) -> Result<Self, PictureError> {
        let (width, height) = (PICTURE_WIDTH_MAX, PICTURE_HEIGHT_MAX);
        // The second is for what no bedroom shows: a pattern as fine as the pixels.
        for bounds in [(width, height), (width / 4, height / 4)] {
            if let Some(picture) = Self::within(&Small::of(frame, bounds))? {
                return Ok(picture);
            }
        }
        Err(PictureError::TooLarge)
    }

    fn within(small: &Small) -> Result<Option<Self>, PictureError> {
        for quality in QUALITIES {
            let mut room = Room::new();
            let encoded = JpegEncoder::new_with_quality(&mut room, quality).encode(
                &small.luma,
                small.width,
                small.height,
                ExtendedColorType::L8,
            );
            match encoded {
                Ok(()) => return Ok(Some(Self(room))),
                Err(_) if room.is_full => {}
                Err(error) => return Err(PictureError::Encoder(error)),
            }
        }
        Ok(None)
    }

    /// Its bytes, at most [`PICTURE_MAX`].
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.bytes.get(..self.0.used).unwrap_or_default()
    }
}

/// As many bytes as a frame has room for: never grown, so that no copy is left behind.
struct Room {
    bytes: Zeroizing<Vec<u8>>,
    used: usize,
    is_full: bool,
}

impl Room {
    fn new() -> Self {
        Self {
            bytes: Zeroizing::new(vec![0; PICTURE_MAX]),
            used: 0,
            is_full: false,
        }
    }
}

impl Write for Room {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        let end = self.used.saturating_add(more.len());
        match self.bytes.get_mut(self.used..end) {
            Some(room) => {
                room.copy_from_slice(more);
                self.used = end;
                Ok(more.len())
            }
            None => {
                self.is_full = true;
                Err(io::ErrorKind::StorageFull.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A frame reduced by area averaging.
struct Small {
    width: u32,
    height: u32,
    luma: Zeroizing<Vec<u8>>,
}

impl Small {
    fn of(frame: &Frame, bounds: (u32, u32)) -> Self {
        let (wide, high) = (u64::from(frame.width()), u64::from(frame.height()));
        let (most_wide, most_high) = (u64::from(bounds.0), u64::from(bounds.1));
        // The side that is furthest over its bound decides, and nothing is enlarged.
        let (width, height) = if wide <= most_wide && high <= most_high {
            (wide, high)
        } else if wide * most_high >= high * most_wide {
            (most_wide, (high * most_wide / wide).max(1))
        } else {
            ((wide * most_high / high).max(1), most_high)
        };
        let side = |pixels: u64| usize::try_from(pixels).unwrap_or(usize::MAX);
        let mut luma = Zeroizing::new(Vec::with_capacity(side(width * height)));
        for row in 0..height {
            let rows = (row * high / height)..((row + 1) * high).div_ceil(height);
            for column in 0..width {
                let columns = (column * wide / width)..((column + 1) * wide).div_ceil(width);
                luma.push(mean(frame, &rows, &columns));
            }
        }
        let bounded = |pixels: u64| u32::try_from(pixels).unwrap_or(u32::MAX);
        Self {
            width: bounded(width),
            height: bounded(height),
            luma,
        }
    }
}

/// The mean of a rectangle of pixels, which is never empty.
fn mean(frame: &Frame, rows: &std::ops::Range<u64>, columns: &std::ops::Range<u64>) -> u8 {
    let wide = u64::from(frame.width());
    let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    let mut sum = 0;
    let mut count = 0;
    for row in rows.clone() {
        let span = index(row * wide + columns.start)..index(row * wide + columns.end);
        for &pixel in frame.luma().get(span).unwrap_or_default() {
            sum += u64::from(pixel);
            count += 1;
        }
    }
    u8::try_from(sum / u64::max(count, 1)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(width: u32, height: u32, pixel: impl Fn(u32, u32) -> u8) -> Frame {
        let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels = rows.map(|(x, y)| pixel(x, y)).collect();
        Frame::from_luma8(width, height, pixels).unwrap()
    }

    fn size(width: u32, height: u32) -> (u32, u32) {
        let small = Small::of(&frame(width, height, |_, _| 9), (480, 360));
        assert!(small.luma.iter().all(|&pixel| pixel == 9));
        assert_eq!(small.luma.len(), (small.width * small.height) as usize);
        (small.width, small.height)
    }

    #[test]
    fn a_frame_is_reduced_to_its_bounds_and_never_enlarged() {
        assert_eq!(size(640, 480), (480, 360));
        assert_eq!(size(1920, 1080), (480, 270));
        assert_eq!(size(480, 960), (180, 360));
        assert_eq!(size(100, 50), (100, 50));
        assert_eq!(size(16_000, 1), (480, 1));
    }

    #[test]
    fn the_worst_noise_fits() {
        let noise = frame(640, 480, |x, y| {
            let mixed = (u64::from(x) << 32 | u64::from(y)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            mixed.to_be_bytes()[0]
        });
        let picture = Picture::of(&noise).unwrap();
        assert!(picture.bytes().len() <= PICTURE_MAX);
        let checkered = frame(480, 360, |x, y| if (x + y) % 2 == 0 { 255 } else { 0 });
        assert!(Picture::of(&checkered).is_ok());
    }

    #[test]
    fn a_picture_shows_what_the_frame_did() {
        let halves = frame(640, 480, |x, _| if x < 320 { 40 } else { 200 });
        let picture = Picture::of(&halves).unwrap();
        let shown = image::load_from_memory(picture.bytes()).unwrap().to_luma8();
        assert_eq!(shown.dimensions(), (480, 360));
        assert!(shown.get_pixel(100, 100).0[0].abs_diff(40) < 8);
        assert!(shown.get_pixel(400, 100).0[0].abs_diff(200) < 8);
    }
}
