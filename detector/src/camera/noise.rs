//! Sensor noise for pictures that have none of their own.
//!
//! A picture shown again and again is what a frozen camera gives; the noise makes it what a
//! still room gives. Nothing here models any camera.

use std::hash::{BuildHasher as _, RandomState};

/// Standard deviation of the noise, in levels of 255.
///
/// An assumption, not a measurement: enough to change about two thirds of the pixels by a level
/// or more, too little to hide anything the model could see.
pub(crate) const SIGMA: f32 = 1.2;

/// Standard deviation of the sum of four uniform 16-bit numbers: √(4/12) · 65536.
const SPREAD: f32 = 37_837.2;
/// Mean of that sum.
const MIDDLE: f32 = 131_070.0;

/// Fresh noise, never the same twice.
pub(crate) struct Noise(u64);

impl Noise {
    /// Noise from an arbitrary beginning.
    pub(crate) fn new() -> Self {
        // Only has to differ from run to run; the standard library's keys do.
        Self(RandomState::new().hash_one("noise"))
    }

    /// The picture's pixels with fresh noise.
    pub(crate) fn over(&mut self, luma: &[u8]) -> Vec<u8> {
        luma.iter().map(|level| self.shift(*level)).collect()
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=255 first"
    )]
    fn shift(&mut self, level: u8) -> u8 {
        let noisy = f32::from(level) + SIGMA * self.bell();
        noisy.round().clamp(0.0, 255.0) as u8
    }

    /// Mean 0, standard deviation 1, and near enough a bell: four uniform numbers summed.
    fn bell(&mut self) -> f32 {
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xffff).sum();
        (sum as f32 - MIDDLE) / SPREAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_has_the_stated_size_and_no_drift() {
        let grey = vec![100; 100_000];
        let noisy = Noise::new().over(&grey);
        let shifts: Vec<f32> = noisy
            .iter()
            .map(|level| f32::from(*level) - 100.0)
            .collect();
        let mean = shifts.iter().sum::<f32>() / 1e5;
        let variance = shifts.iter().map(|shift| shift * shift).sum::<f32>() / 1e5;
        // Rounding to whole levels adds a twelfth to the variance.
        let stated = SIGMA * SIGMA + 1.0 / 12.0;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((variance - stated).abs() < 0.05, "{variance}");
    }

    #[test]
    fn no_two_frames_are_alike() {
        let mut noise = Noise::new();
        let grey = vec![100; 1000];
        assert_ne!(noise.over(&grey), noise.over(&grey));
        assert_ne!(Noise::new().over(&grey), Noise::new().over(&grey));
    }
}
