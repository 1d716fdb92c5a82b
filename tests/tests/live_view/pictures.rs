//! What is shown to the eye, and what a picture is known by: a generated room as a JPEG file, its
//! pixels, and how like them what somebody sees is.

use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;

use nattsyn_scenes::{Lens, Occupant, Room, Sensor};

/// The room. With somebody standing in it the model cannot tell.
pub(crate) const ROOM: u64 = 6;

/// Of what quality the replayed file is: its own losses must be nothing beside the eye's.
const REPLAYED: u8 = 98;

/// One picture.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) luma: Vec<u8>,
    pub(crate) jpeg: Vec<u8>,
}

impl Picture {
    /// Somebody standing in the generated room, as its camera gives it.
    pub(crate) fn of_somebody_standing() -> Self {
        let rendered = Room::from_seed(ROOM).render(Occupant::Standing, 1, Lens::Clear);
        let exposed = Sensor::from_seed(ROOM).expose(&rendered.radiance, 1);
        let as_given = Self {
            width: exposed.width,
            height: exposed.height,
            luma: exposed.luma,
            jpeg: Vec::new(),
        };
        Self::read(&as_given.encoded(REPLAYED))
    }

    /// The same as a JPEG of at most so many bytes.
    pub(crate) fn within(&self, bytes: usize) -> Self {
        let mut encoded = (1..=9).rev().map(|tenth| self.encoded(tenth * 10));
        let fits = encoded.find(|jpeg| jpeg.len() <= bytes).unwrap();
        Self::read(&fits)
    }

    /// Its row of this number, from the top.
    pub(crate) fn row(&self, number: usize) -> &[u8] {
        &self.luma[number * self.width..(number + 1) * self.width]
    }

    /// The row with the stretch of so many pixels that rises and falls most.
    pub(crate) fn steepest(&self, length: usize) -> usize {
        let steepness = |number: &usize| self.row(*number).chunks_exact(length).map(height).max();
        (0..self.height).max_by_key(steepness).unwrap()
    }

    fn encoded(&self, quality: u8) -> Vec<u8> {
        let mut jpeg = Vec::new();
        let size = |side: usize| u32::try_from(side).unwrap();
        let (width, height) = (size(self.width), size(self.height));
        JpegEncoder::new_with_quality(&mut jpeg, quality)
            .encode(&self.luma, width, height, ExtendedColorType::L8)
            .unwrap();
        jpeg
    }

    /// Reads a JPEG as whoever has it can.
    pub(crate) fn read(jpeg: &[u8]) -> Self {
        let decoded = image::load_from_memory(jpeg).unwrap().into_luma8();
        let side = |pixels: u32| usize::try_from(pixels).unwrap();
        Self {
            width: side(decoded.width()),
            height: side(decoded.height()),
            luma: decoded.into_raw(),
            jpeg: jpeg.to_vec(),
        }
    }
}

/// How much some pixels rise and fall.
pub(crate) fn height(pixels: &[u8]) -> u8 {
    let (least, most) = (pixels.iter().min(), pixels.iter().max());
    most.unwrap() - least.unwrap()
}

/// How like a small grey picture is to another, from -1 to 1: Pearson's correlation.
pub(crate) fn likeness((width, small): &(usize, Vec<f64>), picture: &Picture) -> f64 {
    let height = small.len() / width;
    let mut same = Vec::with_capacity(small.len());
    for y in 0..height {
        for x in 0..*width {
            same.push(mean(picture, (x, *width), (y, height)));
        }
    }
    correlation(small, &same)
}

/// The mean of the pixels under one of a coarser grid.
fn mean(picture: &Picture, (x, across): (usize, usize), (y, down): (usize, usize)) -> f64 {
    let (left, right) = (picture.width * x / across, picture.width * (x + 1) / across);
    let (top, bottom) = (picture.height * y / down, picture.height * (y + 1) / down);
    let mut sum = 0.0;
    for row in top..bottom {
        let pixels = &picture.luma[row * picture.width + left..row * picture.width + right];
        sum += pixels.iter().map(|pixel| f64::from(*pixel)).sum::<f64>();
    }
    sum / ((right - left) * (bottom - top)) as f64
}

fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let count = one.len() as f64;
    let (a, b) = (
        one.iter().sum::<f64>() / count,
        other.iter().sum::<f64>() / count,
    );
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in one.iter().zip(other) {
        ab += (x - a) * (y - b);
        aa += (x - a).powi(2);
        bb += (y - b).powi(2);
    }
    ab / (aa * bb).sqrt()
}
