//! What one look shows, reduced until only tones between neighbouring places are left.
//!
//! Frames are averaged over small blocks and over the look, so that a sensor's noise cancels out.
//! What is read off is only whether a place is brighter or darker than on both sides of it:
//! exposure, an ageing lamp and any even light change nothing of that.

use std::ops::Range;

use nattsyn_models::Frame;
use zeroize::Zeroizing;

/// Fine blocks across and down: 2 pixels at a width of 320.
const WIDE: usize = 160;
const HIGH: usize = 120;

/// Fine blocks between two places of the grid that marks are made on.
const PITCH: usize = 4;

/// Half of how far along a place's middle and its two sides each reach, in fine blocks.
const HALF: i32 = 2;

/// Half of how far across they reach.
const BROAD: i32 = 4;

/// How much brighter than its sides a place must be, as a share of how bright it is there: little,
/// since noise that is marked in one staged state is not in the others.
const CONTRAST: f64 = 0.03;

/// Counts as the least brightness: in black corners every level is noise.
const BLACK: f64 = 3.0;

/// The levels of one look's frames, averaged over blocks. Overwritten when dropped.
pub struct Sketch {
    sums: Zeroizing<Vec<f32>>,
    frames: u16,
}

/// How a place differs from both sides of it along one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Neither,
    Brighter,
    Darker,
}

/// The direction along which a place is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Across,
    Down,
}

/// A place of the grid, as the fine corner in its middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    x: i32,
    y: i32,
}

/// The tones of a look around every fine corner. Overwritten when dropped.
pub(super) struct Tones(Zeroizing<Vec<i8>>);

/// Sums over every rectangle from the top left, for means of any rectangle at once.
struct Integral(Zeroizing<Vec<f64>>);

impl Sketch {
    /// Of no frame yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            sums: Zeroizing::new(vec![0.0; WIDE * HIGH]),
            frames: 0,
        }
    }

    /// Adds a frame of the look. Whether it is fit to judge by is the caller's to know. After
    /// 65,535 frames further ones change nothing.
    pub fn add(&mut self, frame: &Frame) {
        let Some(frames) = self.frames.checked_add(1) else {
            return;
        };
        self.frames = frames;
        let (width, height) = (frame.width() as usize, frame.height() as usize);
        for (row, sums) in self.sums.chunks_exact_mut(WIDE).enumerate() {
            let lines = span(row, HIGH, height);
            for (column, sum) in sums.iter_mut().enumerate() {
                let pixels = span(column, WIDE, width);
                let count = lines.len() * pixels.len();
                let total: u64 = lines
                    .clone()
                    .flat_map(|line| &frame.luma()[line * width..][pixels.clone()])
                    .map(|level| u64::from(*level))
                    .sum();
                *sum += total as f32 / count as f32;
            }
        }
    }

    /// Whether no frame was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames == 0
    }

    /// The tones around every fine corner.
    pub(super) fn tones(&self) -> Tones {
        let integral = Integral::of(&self.sums, f64::from(self.frames.max(1)));
        let corners = (0..=corner(HIGH)).flat_map(|y| (0..=corner(WIDE)).map(move |x| (x, y)));
        let tones = corners.flat_map(|(x, y)| {
            if !is_whole(x, WIDE) || !is_whole(y, HIGH) {
                return [0; Direction::BOTH.len()];
            }
            let level = integral.mean(x, y, (-BROAD, BROAD), (-BROAD, BROAD));
            let least = CONTRAST * level.max(BLACK);
            let sides = (-3 * HALF, -HALF);
            let (middle, far) = ((-HALF, HALF), (HALF, 3 * HALF));
            let broad = (-BROAD, BROAD);
            let across = 2.0 * integral.mean(x, y, middle, broad)
                - integral.mean(x, y, sides, broad)
                - integral.mean(x, y, far, broad);
            let down = 2.0 * integral.mean(x, y, broad, middle)
                - integral.mean(x, y, broad, sides)
                - integral.mean(x, y, broad, far);
            [across, down]
                .map(|difference| i8::from(difference > least) - i8::from(difference < -least))
        });
        Tones(Zeroizing::new(tones.collect()))
    }
}

impl Default for Sketch {
    fn default() -> Self {
        Self::new()
    }
}

impl Tones {
    /// The tone at a place.
    pub(super) fn at(&self, spot: Spot, direction: Direction) -> Tone {
        self.beside(spot, direction, 0, 0)
    }

    /// The tone so many fine blocks beside a place; outside the picture there is none.
    pub(super) fn beside(&self, spot: Spot, direction: Direction, across: i32, down: i32) -> Tone {
        let within = |at: i32, end: usize| usize::try_from(at).ok().filter(|&at| at <= end);
        let at = within(spot.x + across, WIDE).zip(within(spot.y + down, HIGH));
        let index = at.map(|(x, y)| {
            let corner = y * (WIDE + 1) + x;
            Direction::BOTH.len() * corner
                + match direction {
                    Direction::Across => 0,
                    Direction::Down => 1,
                }
        });
        match index.and_then(|index| self.0.get(index)) {
            Some(1..) => Tone::Brighter,
            Some(..0) => Tone::Darker,
            Some(0) | None => Tone::Neither,
        }
    }
}

impl Tone {
    /// 1, −1 or 0.
    pub(super) fn sign(self) -> i32 {
        match self {
            Self::Neither => 0,
            Self::Brighter => 1,
            Self::Darker => -1,
        }
    }
}

impl Direction {
    pub(super) const BOTH: [Self; 2] = [Self::Across, Self::Down];
}

impl Spot {
    /// The place in a column and row of the grid.
    pub(super) fn of(column: usize, row: usize) -> Self {
        Self {
            x: corner(column * PITCH + PITCH / 2),
            y: corner(row * PITCH + PITCH / 2),
        }
    }

    /// Its column and row.
    pub(super) fn cell(self) -> (usize, usize) {
        let cell = |at: i32| usize::try_from(at).unwrap_or(0) / PITCH;
        (cell(self.x), cell(self.y))
    }

    /// Where it is in the picture, as fractions.
    pub(super) fn fraction(self) -> (f32, f32) {
        (self.x as f32 / WIDE as f32, self.y as f32 / HIGH as f32)
    }
}

impl Integral {
    fn of(sums: &[f32], frames: f64) -> Self {
        let mut whole = Zeroizing::new(vec![0.0; (WIDE + 1) * (HIGH + 1)]);
        for (row, sums) in sums.chunks_exact(WIDE).enumerate() {
            let mut line = 0.0;
            for (column, sum) in sums.iter().enumerate() {
                line += f64::from(*sum) / frames;
                let above = whole[row * (WIDE + 1) + column + 1];
                whole[(row + 1) * (WIDE + 1) + column + 1] = above + line;
            }
        }
        Self(whole)
    }

    /// The mean level of a rectangle around a corner, which lies in the picture.
    fn mean(&self, x: i32, y: i32, across: (i32, i32), down: (i32, i32)) -> f64 {
        let block = |at: i32| usize::try_from(at).unwrap_or(0);
        let (left, right) = (block(x + across.0), block(x + across.1));
        let (top, bottom) = (block(y + down.0), block(y + down.1));
        let at = |x: usize, y: usize| self.0[y * (WIDE + 1) + x];
        let sum = at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top);
        sum / ((right - left) * (bottom - top)).max(1) as f64
    }
}

/// Whether everything that a place is compared with lies in the picture: half of it would be
/// compared with nothing, and the picture's own edge is no mark of the room.
fn is_whole(at: i32, end: usize) -> bool {
    (3 * HALF..=corner(end) - 3 * HALF).contains(&at)
}

/// The pixels of one block. A frame smaller than the grid repeats its pixels.
fn span(block: usize, blocks: usize, pixels: usize) -> Range<usize> {
    let start = block * pixels / blocks;
    start..((block + 1) * pixels / blocks).max(start + 1)
}

/// A number of fine blocks as it is reckoned with: there are at most [`WIDE`].
fn corner(blocks: usize) -> i32 {
    i32::try_from(blocks).unwrap_or(i32::MAX)
}
