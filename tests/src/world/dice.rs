//! Chance from a seed: the same seed throws the same for ever, on every machine.
//!
//! `SplitMix64`, written out here so that no library's next version changes what a seed means.
//! It draws no secrets.

/// A sequence of throws.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = Self(seed);
        dice.throw();
        dice
    }

    /// Sixty-four random bits (Steele, Lea and Flood, "Fast splittable pseudorandom number
    /// generators", 2014).
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A sequence of its own.
    pub fn split(&mut self) -> Self {
        Self::new(self.throw())
    }

    /// A number below `bound`; zero if that is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.throw()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number of `from..=to`.
    pub fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to.saturating_sub(from) + 1)
    }

    /// A number of `from..=to`, of which either may be negative.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from.saturating_add_unsigned(self.below(from.abs_diff(to) + 1))
    }

    /// Whether something happens that does so in `per_mille` of a thousand cases.
    pub fn happens(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// A place in a list of `length`.
    pub fn place(&mut self, length: usize) -> usize {
        let bound = u64::try_from(length).unwrap_or(u64::MAX);
        usize::try_from(self.below(bound)).unwrap_or(0)
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.place(of.len())]
    }
}
