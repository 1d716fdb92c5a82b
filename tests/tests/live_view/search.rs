//! Looks for pictures where none may be: in a process's memory and in what passed a socket.
//!
//! A picture is known by stretches of its JPEG, as bytes and as base64, by rows of its pixels, and
//! by rows of what the camera was shown within the noise that it adds. A memory is copied first
//! and searched later: a view lasts half a minute, and a search takes seconds.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::pictures::{Picture, height};

/// How long a needle is: of random bytes none so long occurs twice.
const NEEDLE: usize = 24;

/// Pixels of a row that are looked for within noise: so many within [`NOISE_MAX`] are no accident
/// where the row is not flat.
pub(crate) const STRETCH: usize = 64;

/// How far a noisy pixel may be from the one that was shown: five standard deviations of a replayed
/// picture's noise, of 1.2 levels.
const NOISE_MAX: u8 = 6;

/// How much a row must rise and fall to be known by it.
const RELIEF_MIN: u8 = 40;

/// What pictures are known by.
pub(crate) struct Needles {
    exact: Vec<Vec<u8>>,
    noisy: Vec<Vec<u8>>,
}

impl Needles {
    /// Of pictures as they were sent or seen, and of one that a camera was shown.
    pub(crate) fn of(pictures: &[Picture], shown: &Picture) -> Self {
        assert!(!pictures.is_empty(), "nothing to look for");
        let mut exact = Vec::new();
        for picture in pictures {
            let middle = picture.jpeg.len() / 2;
            let stretch = &picture.jpeg[middle..middle + NEEDLE];
            exact.push(stretch.to_vec());
            // Base64 of the same stretch, wherever in three bytes it begins.
            for begins in 0..3 {
                let text = STANDARD_NO_PAD.encode(&stretch[begins..]);
                exact.push(text.as_bytes()[..NEEDLE].to_vec());
            }
            exact.extend(relief(picture, NEEDLE));
        }
        let noisy: Vec<_> = relief(shown, STRETCH).into_iter().collect();
        assert!(!noisy.is_empty(), "a picture without relief");
        Self { exact, noisy }
    }

    /// How often any of them occurs.
    pub(crate) fn count(&self, bytes: &[u8]) -> usize {
        self.count_exact(bytes) + self.count_noisy(bytes)
    }

    /// Stretches of JPEG and rows of pixels, as they were.
    pub(crate) fn count_exact(&self, bytes: &[u8]) -> usize {
        // By the first two bytes of each, so that a hundred needles cost one pass.
        let mut by_start: Vec<Vec<&[u8]>> = vec![Vec::new(); 1 << 16];
        for needle in &self.exact {
            by_start[usize::from(needle[0]) << 8 | usize::from(needle[1])].push(needle);
        }
        let mut found = 0;
        for at in 0..bytes.len().saturating_sub(1) {
            let here = &by_start[usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1])];
            if !here.is_empty() {
                let is_here = |needle: &&&[u8]| bytes[at..].starts_with(needle);
                found += here.iter().filter(is_here).count();
            }
        }
        found
    }

    /// Rows of what the camera was shown, within its noise.
    pub(crate) fn count_noisy(&self, bytes: &[u8]) -> usize {
        let near = |found: u8, shown: u8| found.abs_diff(shown) <= NOISE_MAX;
        let mut found = 0;
        for row in &self.noisy {
            let (first, middle) = (row[0], row[STRETCH / 2]);
            for at in 0..(bytes.len() + 1).saturating_sub(STRETCH) {
                if near(bytes[at], first) && near(bytes[at + STRETCH / 2], middle) {
                    let mut pairs = bytes[at..].iter().zip(row);
                    found += usize::from(pairs.all(|(found, shown)| near(*found, *shown)));
                }
            }
        }
        found
    }
}

/// The stretch of a picture's steepest row that rises and falls most, if it does enough.
fn relief(picture: &Picture, length: usize) -> Option<Vec<u8>> {
    let row = picture.row(picture.steepest(length));
    let stretches = row.chunks_exact(length);
    let steep = stretches.max_by_key(|stretch| height(stretch))?;
    (height(steep) >= RELIEF_MIN).then(|| steep.to_vec())
}

/// What a process had in memory at a moment and might write: heap, stacks, buffers.
pub(crate) struct Memory(Vec<Vec<u8>>);

impl Memory {
    /// Copies it.
    pub(crate) fn of(process: u32) -> Self {
        let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
        let mut memory = File::open(format!("/proc/{process}/mem")).unwrap();
        let mut parts = Vec::new();
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (range, mode) = (words.next().unwrap(), words.next().unwrap());
            if !mode.starts_with("rw") {
                continue;
            }
            let (from, to) = range.split_once('-').unwrap();
            let from = u64::from_str_radix(from, 16).unwrap();
            let to = u64::from_str_radix(to, 16).unwrap();
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            memory.seek(SeekFrom::Start(from)).unwrap();
            // Some of it is only reserved, or gone since.
            if memory.read_exact(&mut bytes).is_ok() {
                parts.push(bytes);
            }
        }
        Self(parts)
    }

    /// How much it is, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// How often anything that pictures are known by occurs.
    pub(crate) fn count(&self, needles: &Needles) -> usize {
        self.0.iter().map(|part| needles.count(part)).sum()
    }
}
