//! A driver's bytes as brightness: the formats that cameras for the Pi and USB deliver.
//!
//! Raw ones are read off pixel by pixel, packed ones group by group. Motion JPEG is the last that
//! is asked for: some USB cameras have nothing else at a useful size, and what was compressed has
//! lost some of the noise by which a frozen picture is told from a still one.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};
use nattsyn_models::Frame;

use super::CameraError;

/// How a pixel's brightness lies in the driver's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One byte a pixel; colour, if any, stands after the whole picture (`GREY`, `NV12`,
    /// `YU12`).
    Bytes,
    /// Two bytes a pixel, brightness first (`YUYV`).
    First,
    /// Two bytes a pixel, brightness second (`UYVY`).
    Second,
    /// Two bytes a pixel, little-endian, of which so many bits are used (`Y10`, `Y12`, `Y16`).
    Bits(u32),
    /// Groups of pixels: the upper eight bits of each, one byte a pixel, and then one byte with the
    /// lower bits of all of them (`Y10P`: four and one; `Y12P`: two and one).
    Packed(usize),
    /// Ten bits a pixel, one after the other, the highest bit first (`Y10B`).
    Stream,
    /// A JPEG a frame (`MJPG`).
    Jpeg,
}

impl Layout {
    /// The formats that are read, best first: no colour before colour, small before large.
    pub(crate) const ALL: [(&'static [u8; 4], Self); 12] = [
        (b"GREY", Self::Bytes),
        (b"Y10P", Self::Packed(4)),
        (b"Y10B", Self::Stream),
        (b"Y12P", Self::Packed(2)),
        (b"Y10 ", Self::Bits(10)),
        (b"Y12 ", Self::Bits(12)),
        (b"Y16 ", Self::Bits(16)),
        (b"NV12", Self::Bytes),
        (b"YU12", Self::Bytes),
        (b"YUYV", Self::First),
        (b"UYVY", Self::Second),
        (b"MJPG", Self::Jpeg),
    ];

    /// Of a four-character code; `None` if it is not read.
    pub(crate) fn of(code: [u8; 4]) -> Option<Self> {
        let known = Self::ALL.iter().find(|(known, _)| **known == code);
        known.map(|(_, layout)| *layout)
    }

    /// How many bytes a row of so many pixels takes.
    fn row_bytes(self, width: usize) -> usize {
        match self {
            Self::Bytes => width,
            Self::First | Self::Second | Self::Bits(_) => 2 * width,
            Self::Packed(group) => width.div_ceil(group) * (group + 1),
            Self::Stream => (width * 10).div_ceil(8),
            Self::Jpeg => 0,
        }
    }
}

/// The brightness of a driver's buffer, whose rows begin `stride` bytes apart.
pub(crate) fn frame(
    layout: Layout,
    (width, height): (u32, u32),
    stride: u32,
    bytes: &[u8],
) -> Result<Frame, CameraError> {
    if layout == Layout::Jpeg {
        return compressed((width, height), bytes);
    }
    let row_length = layout.row_bytes(width as usize);
    // Drivers that know no padding say 0.
    let stride = (stride as usize).max(row_length).max(1);
    let needed = stride * (height as usize).saturating_sub(1) + row_length;
    if bytes.len() < needed {
        return Err(CameraError::Short {
            found: bytes.len(),
            needed,
        });
    }
    let mut luma = Vec::with_capacity(width as usize * height as usize);
    for row in bytes.chunks(stride).take(height as usize) {
        let row = &row[..row_length];
        let begins = luma.len();
        match layout {
            Layout::Bytes | Layout::Jpeg => luma.extend_from_slice(row),
            Layout::First => luma.extend(row.chunks_exact(2).map(|pixel| pixel[0])),
            Layout::Second => luma.extend(row.chunks_exact(2).map(|pixel| pixel[1])),
            Layout::Bits(bits) => {
                luma.extend(
                    row.chunks_exact(2)
                        .map(|pixel| deep(bits, [pixel[0], pixel[1]])),
                );
            }
            Layout::Packed(group) => {
                luma.extend(
                    row.chunks_exact(group + 1)
                        .flat_map(|pixels| &pixels[..group]),
                );
            }
            Layout::Stream => luma.extend((0..width as usize).map(|at| streamed(row, at))),
        }
        // The last group may be longer than the row.
        luma.truncate(begins + width as usize);
    }
    Ok(Frame::from_luma8(width, height, luma)?)
}

/// The upper eight of so many bits.
fn deep(bits: u32, pixel: [u8; 2]) -> u8 {
    // Above white: a sensor that uses more bits than its format says.
    u8::try_from(u16::from_le_bytes(pixel) >> bits.saturating_sub(8)).unwrap_or(u8::MAX)
}

/// The upper eight of the ten bits of the pixel at a place in a stream of them.
fn streamed(row: &[u8], at: usize) -> u8 {
    let (byte, bit) = (at * 10 / 8, at * 10 % 8);
    let two = [row.get(byte), row.get(byte + 1)].map(|byte| byte.copied().unwrap_or_default());
    let shifted = u16::from_be_bytes(two) << bit;
    shifted.to_be_bytes()[0]
}

/// A frame that the camera compressed: whole, and of the size that was agreed with the driver.
fn compressed(size: (u32, u32), bytes: &[u8]) -> Result<Frame, CameraError> {
    let broken = |source| CameraError::Compressed(Box::new(source));
    // Decoders make a picture of half a one; a transfer that was cut short lacks its end. What
    // drivers add after it is zeros.
    let last = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .unwrap_or_default();
    if bytes.get(last.saturating_sub(1)..=last) != Some(&[0xff, 0xd9]) {
        let (found, needed) = (bytes.len(), bytes.len() + 2);
        return Err(CameraError::Short { found, needed });
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg);
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(size.0), Some(size.1));
    reader.limits(limits);
    let picture = reader.decode().map_err(broken)?.into_luma8();
    if picture.dimensions() != size {
        let (found, needed) = (picture.len(), size.0 as usize * size.1 as usize);
        return Err(CameraError::Short { found, needed });
    }
    Ok(Frame::from_luma8(size.0, size.1, picture.into_raw())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luma(layout: Layout, stride: u32, bytes: &[u8]) -> Vec<u8> {
        frame(layout, (2, 2), stride, bytes)
            .unwrap()
            .luma()
            .to_vec()
    }

    #[test]
    fn every_layout_gives_its_brightness() {
        assert_eq!(luma(Layout::Bytes, 2, &[1, 2, 3, 4]), [1, 2, 3, 4]);
        let pairs = [1, 9, 2, 9, 3, 9, 4, 9];
        assert_eq!(luma(Layout::First, 4, &pairs), [1, 2, 3, 4]);
        assert_eq!(luma(Layout::Second, 4, &pairs), [9, 9, 9, 9]);
        let ten_bits = [0xff, 0x03, 0x00, 0x02, 0x04, 0x00, 0xff, 0xff];
        assert_eq!(luma(Layout::Bits(10), 4, &ten_bits), [255, 128, 1, 255]);
        let sixteen_bits = [0xff, 0xff, 0x00, 0x80, 0xff, 0x00, 0x00, 0x01];
        assert_eq!(luma(Layout::Bits(16), 4, &sixteen_bits), [255, 128, 0, 1]);
    }

    #[test]
    fn padding_and_what_follows_the_picture_are_left_out() {
        assert_eq!(luma(Layout::Bytes, 3, &[1, 2, 0, 3, 4]), [1, 2, 3, 4]);
        assert_eq!(
            luma(Layout::Bytes, 3, &[1, 2, 0, 3, 4, 0, 7, 7]),
            [1, 2, 3, 4]
        );
        assert_eq!(luma(Layout::Bytes, 0, &[1, 2, 3, 4]), [1, 2, 3, 4]);
    }

    /// A frame that `models/training/golden.py` wrote, as a camera gives it and as it was.
    ///
    /// The crate `nattsyn-models` holds what becomes of the frame to what training made of it;
    /// so cameras with deeper pixels and padded rows give the network what it was trained on.
    #[test]
    fn ten_bits_and_padded_rows_are_the_frame_that_training_saw() {
        let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/golden");
        let read = |name: &str| std::fs::read(golden.join(name)).unwrap();
        let (side, pixels) = ((161, 127), 161 * 127);
        let known = read("in_bed_padded.pgm");
        let known = &known[known.len() - pixels..];
        let ten = read("in_bed_padded.y10");
        let deep = frame(Layout::Bits(10), side, 2 * 176, &ten).unwrap();
        assert_eq!(deep.luma(), known);
        let grey = read("in_bed_padded.grey");
        assert_eq!(
            frame(Layout::Bytes, side, 176, &grey).unwrap().luma(),
            known
        );
    }

    #[test]
    fn a_transfer_that_was_cut_short_is_no_frame() {
        let short = frame(Layout::First, (2, 2), 4, &[0; 7]);
        assert!(matches!(
            short,
            Err(CameraError::Short {
                found: 7,
                needed: 8
            })
        ));
        let nothing = frame(Layout::Bytes, (0, 0), 0, &[]);
        assert!(matches!(nothing, Err(CameraError::Frame(_))));
    }

    #[test]
    fn a_format_is_known_by_its_code() {
        assert_eq!(Layout::of(*b"GREY"), Some(Layout::Bytes));
        assert_eq!(Layout::of(*b"Y10P"), Some(Layout::Packed(4)));
        assert_eq!(Layout::of(*b"H264"), None);
    }

    #[test]
    fn packed_pixels_give_their_upper_eight_bits() {
        // Four of ten bits: 1023, 512, 4 and 3.
        let ten = [0xff, 0x80, 0x01, 0x00, 0b1100_0011];
        let row = |layout, width, bytes: &[u8]| {
            frame(layout, (width, 1), 0, bytes).unwrap().luma().to_vec()
        };
        assert_eq!(row(Layout::Packed(4), 4, &ten), [255, 128, 1, 0]);
        assert_eq!(row(Layout::Packed(4), 3, &ten), [255, 128, 1]);
        // Two of twelve: 4095 and 16.
        assert_eq!(row(Layout::Packed(2), 2, &[0xff, 0x01, 0x0f]), [255, 1]);
        // The same four, one after the other.
        let stream = [0xff, 0b1110_0000, 0b0000_0000, 0b0001_0000, 0b0000_0011];
        assert_eq!(row(Layout::Stream, 4, &stream), [255, 128, 1, 0]);
        let padded = [&ten[..], &[9; 3], &ten[..], &[9; 3]].concat();
        let two = frame(Layout::Packed(4), (4, 2), 8, &padded).unwrap();
        assert_eq!(two.luma(), [255, 128, 1, 0, 255, 128, 1, 0]);
        let short = frame(Layout::Packed(4), (4, 2), 8, &padded[..12]);
        assert!(matches!(
            short,
            Err(CameraError::Short {
                found: 12,
                needed: 13
            })
        ));
    }

    #[test]
    fn a_compressed_frame_is_whole_and_of_the_agreed_size_or_none() {
        let picture =
            image::GrayImage::from_fn(32, 16, |x, _| image::Luma([u8::try_from(x * 8).unwrap()]));
        let mut jpeg = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, 95);
        picture.write_with_encoder(encoder).unwrap();
        let whole = frame(Layout::Jpeg, (32, 16), 0, &jpeg).unwrap();
        let apart = whole.luma().iter().zip(picture.as_raw());
        assert!(apart.clone().all(|(one, other)| one.abs_diff(*other) < 8));
        // Some drivers hand out more than the frame.
        let longer = [&jpeg[..], &[0; 100]].concat();
        assert!(frame(Layout::Jpeg, (32, 16), 0, &longer).is_ok());
        for broken in [
            &jpeg[..0],
            &jpeg[..40],
            &jpeg[..jpeg.len() * 3 / 4],
            b"\xff\xd8\xff\xd9",
        ] {
            assert!(frame(Layout::Jpeg, (32, 16), 0, broken).is_err());
        }
        for size in [(16, 16), (64, 16), (0, 0)] {
            assert!(frame(Layout::Jpeg, size, 0, &jpeg).is_err(), "{size:?}");
        }
    }
}
