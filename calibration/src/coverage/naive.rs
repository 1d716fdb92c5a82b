//! The fit that ignores homes: every check counts as drawn independently from one urn.
//!
//! It is here to be beaten. The exact binomial bound over all checks of the pool, with the whole
//! confidence, and the lowest threshold that it lets through.

use crate::bound::upper_bound;
use crate::counts::{HomeCounts, Kind, Word};
use crate::fit::Policy;
use crate::grid::{BINS, LEVELS, NEVER};

/// All checks of all homes.
#[derive(Clone, Debug)]
pub(super) struct AllAlike {
    visible: Counted,
    not_visible: Counted,
}

#[derive(Clone, Debug)]
struct Counted {
    /// For each level, checks on which the word would be an error.
    errors: [u32; BINS],
    checks: u32,
}

impl Default for AllAlike {
    fn default() -> Self {
        let none = Counted {
            errors: [0; BINS],
            checks: 0,
        };
        Self {
            visible: none.clone(),
            not_visible: none,
        }
    }
}

impl AllAlike {
    pub(super) fn add(&mut self, home: &HomeCounts) {
        self.visible.add(home, Word::Visible, &home.nobody);
        self.not_visible.add(home, Word::NotVisible, &home.somebody);
    }

    /// The levels of *visible* and *not visible*.
    pub(super) fn pair(&self, policy: &Policy) -> (u8, u8) {
        let visible = self.visible.lowest(1.0 / f64::from(policy.one_in));
        (visible, self.not_visible.lowest(policy.missed))
    }
}

impl Counted {
    fn add(&mut self, home: &HomeCounts, word: Word, kind: &Kind) {
        let above = home.seen(word).errors.above();
        for (errors, more) in self.errors.iter_mut().zip(above) {
            *errors += more;
        }
        self.checks += kind.drawn.total();
    }

    fn lowest(&self, chance: f64) -> u8 {
        // Errors only fall as the level rises, and the bound with them.
        let errors = &self.errors[..usize::from(LEVELS)];
        let first = errors.partition_point(|n| upper_bound(*n, self.checks) > chance);
        u8::try_from(first).unwrap_or(NEVER)
    }
}
