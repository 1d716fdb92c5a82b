//! From camera pixels to the network's input: area averaging, then a percentile stretch.
//!
//! Every size becomes [`INPUT_WIDTH`] by [`INPUT_HEIGHT`] by averaging over the exact area of
//! each output pixel, with fractional weights at its borders, whether that makes the frame
//! smaller or larger. The stretch then maps the 1st percentile to -0.5 and the 99th to 0.5.
//! `training/frames.py` does the same; a golden test holds the two together. The aspect ratio
//! is not kept: training varies it, and a polygon in fractions stays right without padding.

use zeroize::Zeroizing;

use crate::frame::Frame;

/// Width of the network's input, in pixels.
pub const INPUT_WIDTH: usize = 320;

/// Height of the network's input, in pixels.
pub const INPUT_HEIGHT: usize = 256;

/// Percent of the pixels that are darker than the input's black point, and brighter than its
/// white point. One percent ignores a lamp's glare and dead pixels.
const TAIL_PERCENT: usize = 1;

/// Smallest distance between black and white point, in levels of 255: below it the stretch
/// would blow sensor noise up to a picture.
const SPREAD_MIN: f32 = 3.0;

/// How far the stretched values may pass black and white, as a share of their distance.
const OVERSHOOT: f32 = 0.2;

/// A frame reduced to the network's size, in levels from 0 to 255; overwritten when dropped.
pub(crate) struct Reduced(pub(crate) Zeroizing<Vec<f32>>);

/// One output pixel's share in a row or column of input pixels: first input, then weights.
struct Span {
    first: usize,
    weights: Vec<f32>,
}

/// Reduces (or enlarges) a frame to the network's size by area averaging.
pub(crate) fn reduce(frame: &Frame) -> Reduced {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let columns = spans(width, INPUT_WIDTH);
    let mut narrow = Zeroizing::new(vec![0.0_f32; height * INPUT_WIDTH]);
    for (line, out) in frame
        .luma()
        .chunks_exact(width)
        .zip(narrow.chunks_exact_mut(INPUT_WIDTH))
    {
        for (span, value) in columns.iter().zip(out) {
            let pixels = &line[span.first..span.first + span.weights.len()];
            *value = pixels
                .iter()
                .zip(&span.weights)
                .map(|(p, w)| f32::from(*p) * w)
                .sum();
        }
    }
    let mut levels = Zeroizing::new(vec![0.0_f32; INPUT_HEIGHT * INPUT_WIDTH]);
    for (span, out) in spans(height, INPUT_HEIGHT)
        .iter()
        .zip(levels.chunks_exact_mut(INPUT_WIDTH))
    {
        for (offset, weight) in span.weights.iter().enumerate() {
            let start = (span.first + offset) * INPUT_WIDTH;
            for (value, pixel) in out.iter_mut().zip(&narrow[start..start + INPUT_WIDTH]) {
                *value += pixel * weight;
            }
        }
    }
    Reduced(levels)
}

/// The exact overlap of each of `outputs` equal pieces with `inputs` unit pixels, summing to 1.
fn spans(inputs: usize, outputs: usize) -> Vec<Span> {
    let step = inputs as f64 / outputs as f64;
    (0..outputs)
        .map(|output| {
            let (start, end) = (output as f64 * step, (output + 1) as f64 * step);
            let first = pixel_at(start).min(inputs - 1);
            let last = pixel_at(end.ceil()).clamp(first + 1, inputs);
            let weights = (first..last)
                .map(|pixel| {
                    let overlap = end.min((pixel + 1) as f64) - start.max(pixel as f64);
                    narrow(overlap.max(0.0) / step)
                })
                .collect();
            Span { first, weights }
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "0 to 16,384"
)]
fn pixel_at(position: f64) -> usize {
    position as usize
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a weight from 0 to 1 loses only digits"
)]
fn narrow(weight: f64) -> f32 {
    weight as f32
}

/// The 1st, 50th and 99th percentile of the levels, by nearest rank downwards.
pub(crate) fn percentiles(levels: &[f32]) -> [f32; 3] {
    let mut sorted = Zeroizing::new(levels.to_vec());
    sorted.sort_unstable_by(f32::total_cmp);
    let last = sorted.len() - 1;
    [TAIL_PERCENT, 50, 100 - TAIL_PERCENT].map(|percent| sorted[last * percent / 100])
}

/// The network's input: levels stretched so that the 1st percentile is -0.5 and the 99th 0.5.
pub(crate) fn stretch(reduced: &Reduced) -> Zeroizing<Vec<f32>> {
    let [low, _, high] = percentiles(&reduced.0);
    let spread = (high - low).max(SPREAD_MIN);
    let stretched = reduced
        .0
        .iter()
        .map(|v| ((v - low) / spread).clamp(-OVERSHOOT, 1.0 + OVERSHOOT) - 0.5);
    Zeroizing::new(stretched.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(width: u32, height: u32, pixel: impl Fn(u32, u32) -> u32) -> Frame {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let pixels = pixels
            .map(|(x, y)| u8::try_from(pixel(x, y)).unwrap())
            .collect();
        Frame::from_luma8(width, height, pixels).unwrap()
    }

    #[test]
    fn the_mean_survives_every_size() {
        for (width, height) in [
            (1, 1),
            (7, 3),
            (160, 128),
            (161, 127),
            (320, 240),
            (641, 479),
        ] {
            let made = frame(width, height, |x, y| (x * 7 + y * 13) % 251);
            let wanted =
                made.luma().iter().map(|p| f64::from(*p)).sum::<f64>() / f64::from(width * height);
            let reduced = reduce(&made);
            let mean = reduced.0.iter().map(|v| f64::from(*v)).sum::<f64>()
                / (INPUT_WIDTH * INPUT_HEIGHT) as f64;
            assert!(
                (mean - wanted).abs() < 1e-2,
                "{width} x {height}: {mean} for {wanted}"
            );
        }
    }

    #[test]
    fn the_networks_own_size_passes_unchanged() {
        let made = frame(320, 256, |x, y| (x ^ y) & 0xff);
        let reduced = reduce(&made);
        assert!(
            made.luma()
                .iter()
                .zip(reduced.0.iter())
                .all(|(a, b)| f32::from(*a) == *b)
        );
    }

    #[test]
    fn the_stretch_undoes_gain_and_offset() {
        let bright = stretch(&reduce(&frame(320, 256, |x, _| 40 + x / 2)));
        let dim = stretch(&reduce(&frame(320, 256, |x, _| 10 + x / 4)));
        let worst = bright
            .iter()
            .zip(dim.iter())
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst < 0.02, "{worst}");
    }

    #[test]
    fn a_flat_frame_stays_flat_and_finite() {
        let flat = stretch(&reduce(&frame(640, 480, |_, _| 77)));
        assert!(flat.iter().all(|v| v.is_finite() && (v + 0.5).abs() < 1e-3));
    }
}
