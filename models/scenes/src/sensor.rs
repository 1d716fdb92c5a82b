//! The sensor: turns linear light into an eight-bit picture, with fresh noise for each frame.
//!
//! Deliberately cheap, a few milliseconds, so that a still room is rendered once and exposed many
//! times. Gain follows the light as an automatic exposure does; compression is not modelled.

use crate::dice::{Dice, mix};
use crate::picture::{Picture, Radiance};
use crate::rounding::{byte, index};
use crate::{HEIGHT, WIDTH};

/// One camera's sensor and optics. The same seed gives the same sensor.
#[derive(Clone, Debug)]
pub struct Sensor {
    /// Signal that the bright parts of a picture are brought to, of 1.
    target: f32,
    /// Least and greatest amplification.
    gain: (f32, f32),
    gamma: f32,
    /// Signal of a black pixel.
    black: f32,
    /// Noise of a black pixel at gain 1, of a full one, and of whole rows, in signal.
    read: f32,
    shot: f32,
    row: f32,
    /// How much darker the corners are, 0–1.
    vignette: f32,
    /// Share of each pixel's light that falls on its neighbours, 0–0.5.
    spread: f32,
}

/// Share of pixels brighter than the level an automatic exposure steers by.
const BRIGHTEST: f32 = 0.08;

impl Sensor {
    /// Draws a sensor. Every seed gives one.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut dice = Dice::new(seed).fork("sensor");
        let dark = dice.chance(0.3);
        Self {
            target: if dark {
                dice.between(0.1, 0.3)
            } else {
                dice.between(0.35, 1.0)
            },
            gain: (0.2, dice.between(20.0, 60.0)),
            gamma: if dark {
                dice.between(1.0, 1.4)
            } else {
                dice.between(1.2, 2.2)
            },
            black: dice.between(0.0, 0.006),
            read: dice.between(0.000_05, 0.000_6),
            shot: dice.between(0.004, 0.026),
            row: dice.between(0.0, 0.000_12),
            vignette: dice.between(0.0, 0.5),
            spread: dice.between(0.05, 0.45),
        }
    }

    /// One frame. The same `frame_seed` gives the same noise; another differs by noise only.
    #[must_use]
    pub fn expose(&self, radiance: &Radiance, frame_seed: u64) -> Picture {
        let mut light = radiance.light.clone();
        self.darken_corners(&mut light);
        soften(&mut light, self.spread);
        let gain = (self.target / bright_level(&light).max(1e-9)).clamp(self.gain.0, self.gain.1);
        let tones = self.tones();
        let mut luma = Vec::with_capacity(WIDTH * HEIGHT);
        // Light at higher gain is fewer photons: both noises grow with it.
        let (read, shot) = (
            (self.read * gain).powi(2),
            self.shot.powi(2) * gain.max(1.0).sqrt(),
        );
        let mut bits = mix(frame_seed);
        for row in light.chunks_exact(WIDTH) {
            let shift = self.black + self.row * gain * bell(&mut bits);
            for light in row {
                let signal = light * gain;
                let noise = (read + shot * signal.min(1.0)).sqrt() * bell(&mut bits);
                luma.push(tones[index((signal + noise + shift) * TONES as f32, TONES)]);
            }
        }
        Picture {
            width: WIDTH,
            height: HEIGHT,
            luma,
        }
    }

    /// The byte for each level of signal.
    fn tones(&self) -> Vec<u8> {
        let tone = |i: usize| byte(((i as f32 + 0.5) / TONES as f32).powf(1.0 / self.gamma));
        (0..TONES).map(tone).collect()
    }

    fn darken_corners(&self, light: &mut [f32]) {
        for (i, light) in light.iter_mut().enumerate() {
            let x = (i % WIDTH) as f32 / WIDTH as f32 - 0.5;
            let y = ((i / WIDTH) as f32 - 0.5 * HEIGHT as f32) / WIDTH as f32;
            // 0.39 is the squared distance of a corner from the middle, in widths.
            *light *= 1.0 - self.vignette * (x * x + y * y) / 0.39;
        }
    }
}

/// Levels of signal told apart: ten bits, as common sensors have, and two more for the toe of the
/// tone curve.
const TONES: usize = 4096;

/// Spreads a share of each pixel's light evenly over its neighbours, once in each direction.
fn soften(light: &mut [f32], spread: f32) {
    for stride in [1, WIDTH] {
        let before = light.to_vec();
        for i in stride..light.len() - stride {
            light[i] = before[i] * (1.0 - spread)
                + 0.5 * spread * (before[i - stride] + before[i + stride]);
        }
    }
}

/// The light that [`BRIGHTEST`] of the pixels exceed, from every seventh pixel.
fn bright_level(light: &[f32]) -> f32 {
    let mut some: Vec<f32> = light.iter().copied().step_by(7).collect();
    let rank = index((1.0 - BRIGHTEST) * some.len() as f32, some.len());
    *some.select_nth_unstable_by(rank, f32::total_cmp).1
}

/// A value with mean 0 and standard deviation 1: four 16-bit draws summed, near enough a bell.
fn bell(bits: &mut u64) -> f32 {
    *bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let drawn = mix(*bits);
    let sum: u64 = (0..4).map(|i| (drawn >> (16 * i)) & 0xFFFF).sum();
    // Sum of four uniforms: mean 2 · 65535, standard deviation 65536 · √(4 / 12).
    (sum as f32 - 131_070.0) / 37_837.2
}
