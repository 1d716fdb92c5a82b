//! Chance from a seed: the same seed gives the same room on every machine and in every build.
//!
//! Deliberately not cryptographic and not from a library: a generator whose stream could change
//! with a version of somebody else's crate would change every room.

/// A stream of chance (SplitMix64: Steele, Lea and Flood, OOPSLA 2014).
#[derive(Clone, Debug)]
pub(crate) struct Dice {
    state: u64,
}

/// The odd increment of SplitMix64: 2⁶⁴ divided by the golden ratio.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: mix(seed ^ GOLDEN),
        }
    }

    /// A stream of its own for one part of the scene.
    ///
    /// Adding a draw to one part must not reshuffle the others, or every change to a wardrobe
    /// would move every bed.
    pub(crate) fn fork(&self, part: &str) -> Self {
        let hash = part
            .bytes()
            .fold(self.state, |hash, byte| mix(hash ^ u64::from(byte)));
        Self { state: hash }
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Evenly in 0–1, 1 excluded.
    pub(crate) fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / 16_777_216.0
    }

    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Evenly in `-reach..reach`.
    pub(crate) fn around(&mut self, reach: f32) -> f32 {
        self.between(-reach, reach)
    }

    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.unit() < probability
    }

    /// One or minus one.
    pub(crate) fn side(&mut self) -> f32 {
        if self.chance(0.5) { 1.0 } else { -1.0 }
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[crate::rounding::index(self.unit() * choices.len() as f32, choices.len())]
    }
}

/// The finaliser of SplitMix64: every input bit changes about half of the output bits.
pub(crate) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
