//! A driver's bytes as brightness: the raw formats that cameras for the Pi and USB deliver.
//!
//! Only formats whose brightness can be read off pixel by pixel; compressed ones (MJPEG) are
//! left out: their decoders are large, and a monochrome near-infrared sensor has a raw format.

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
}

impl Layout {
    /// The formats that are read, best first: no colour before colour, small before large.
    pub(crate) const ALL: [(&'static [u8; 4], Self); 8] = [
        (b"GREY", Self::Bytes),
        (b"Y10 ", Self::Bits(10)),
        (b"Y12 ", Self::Bits(12)),
        (b"Y16 ", Self::Bits(16)),
        (b"NV12", Self::Bytes),
        (b"YU12", Self::Bytes),
        (b"YUYV", Self::First),
        (b"UYVY", Self::Second),
    ];

    /// Of a four-character code; `None` if it is not read.
    pub(crate) fn of(code: [u8; 4]) -> Option<Self> {
        let known = Self::ALL.iter().find(|(known, _)| **known == code);
        known.map(|(_, layout)| *layout)
    }

    fn bytes_a_pixel(self) -> usize {
        match self {
            Self::Bytes => 1,
            Self::First | Self::Second | Self::Bits(_) => 2,
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
    let row_length = width as usize * layout.bytes_a_pixel();
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
        let pixels = row[..row_length].chunks_exact(layout.bytes_a_pixel());
        luma.extend(pixels.map(|pixel| level(layout, pixel)));
    }
    Ok(Frame::from_luma8(width, height, luma)?)
}

fn level(layout: Layout, pixel: &[u8]) -> u8 {
    match (layout, pixel) {
        (Layout::Bytes | Layout::First, [level, ..]) | (Layout::Second, [_, level]) => *level,
        (Layout::Bits(bits), &[low, high]) => {
            let value = u16::from_le_bytes([low, high]);
            // Above white: a sensor that uses more bits than its format says.
            u8::try_from(value >> bits.saturating_sub(8)).unwrap_or(u8::MAX)
        }
        (Layout::Bytes | Layout::First | Layout::Second | Layout::Bits(_), _) => 0,
    }
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
        assert_eq!(Layout::of(*b"MJPG"), None);
    }
}
