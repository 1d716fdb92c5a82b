//! Many nights, one after the other, until one breaks a promise.

use super::oracle::Breach;
use super::{Counts, Night, Setting, play};

/// What many nights came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Nights played.
    pub nights: u64,
    /// Checks whose deadline passed.
    pub checks: u64,
    /// Things that went wrong.
    pub faults: u64,
    /// What was exercised.
    pub counts: Counts,
    /// The first night that broke a promise: its seed, and what became of it.
    pub broken: Option<(u64, Night)>,
}

impl Tally {
    /// How often a promise was broken; a run stops at the first.
    #[must_use]
    pub fn of(&self, breach: Breach) -> u64 {
        let broken = self
            .broken
            .as_ref()
            .and_then(|(_, night)| night.broken.as_ref());
        u64::from(broken.is_some_and(|(broken, _)| broken.breach == breach))
    }
}

/// Plays nights with the seeds `seed`, `seed + 1` and so on; `after_each` is told of each.
#[must_use]
pub fn play_many(
    seed: u64,
    nights: u64,
    setting: &Setting,
    mut after_each: impl FnMut(&Tally),
) -> Tally {
    let mut tally = Tally::default();
    for number in 0..nights {
        let seed = seed.wrapping_add(number);
        let night = play(seed, setting);
        tally.nights += 1;
        tally.checks += night.checks;
        tally.faults += night.faults;
        tally.counts.add(&night.counts);
        if night.broken.is_some() {
            tally.broken = Some((seed, night));
            break;
        }
        after_each(&tally);
    }
    tally
}
