//! Whether sensor mode suits a home: what its first nights after commissioning have shown. Pure.
//!
//! A home in which more than [`UNCLEAR_MAX_PERCENT`] of a hundred checks are unclear gives its
//! staff visits and alarms for nothing. The trial is asked twice, after [`LOOKED_AFTER`] nights,
//! and says *no* only where chance alone would say it seldom ([`CHANCE_MAX`]): exactly, by the
//! binomial distribution, checks taken as drawn one by one. How often it errs where the checks of
//! a night are alike stands in `docs/design/0013`.
//!
//! A *no* shuts the gate and does nothing else: no look, no picture and no consent follows of it.

use jiff::civil::Date;

use nattsyn_calibration::replay;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::thresholds::NightCounts;
use nattsyn_protocol::time::Timestamp;

use crate::tuning::MODELS_OWN;
use crate::tuning::outlook::on_the_grid;

/// More unclear checks than so many of a hundred, and sensor mode does not suit (the requirement's
/// figure).
pub const UNCLEAR_MAX_PERCENT: u32 = 15;

/// After how many nights with checks it is asked: half of the trial, and the whole of it
/// (`docs/design/0010`: 28 nights).
pub const LOOKED_AFTER: [usize; 2] = [14, 28];

/// How often it may say *no*, at each time, in a home with exactly [`UNCLEAR_MAX_PERCENT`]: 1 and
/// 4 of a hundred, so that together it is one in twenty at most.
pub const CHANCE_MAX: [f64; 2] = [0.01, 0.04];

/// So many days after a commissioning a trial is over, however few nights had checks: a quarter of
/// a year, as long as counts are taken after their night.
pub const TRIAL_DAYS_MAX: i64 = 90;

/// A night of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrialNight {
    /// Which, by the date on which it began.
    pub night: Date,
    /// Checks that were looked at, without those of which every look was technical or paused.
    pub checks: u32,
    /// Of those, how many were unclear by the model's own thresholds.
    pub unclear: u32,
}

/// What a trial has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Of how many nights.
    pub nights: u32,
    /// Of how many checks.
    pub checks: u32,
    /// How many of those were unclear.
    pub unclear: u32,
}

impl Share {
    /// Unclear checks of a hundred, rounded to the nearest.
    #[must_use]
    pub fn percent(self) -> u32 {
        let checks = self.checks.max(1);
        (self.unclear * 100 + checks / 2) / checks
    }
}

/// That sensor mode does not suit a home, as it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsuited {
    /// Which unit.
    pub unit: UnitId,
    /// Under which commissioning: it holds until there is a later one.
    pub version: u32,
    /// What was shown.
    pub share: Share,
    /// When it was written down.
    pub at: Timestamp,
}

/// A night of a trial by what the unit counted. `blind` checks of it had only looks that were
/// technical or paused; counts have them under *otherwise*, beside those with several people or
/// somebody elsewhere. `None` for what is no night of the grid.
///
/// By the model's own thresholds: a home that is on trial says *unclear* to everything by its own.
#[must_use]
pub fn night_of_trial(counts: &NightCounts, blind: u32) -> Option<TrialNight> {
    let words = replay::words(MODELS_OWN.pair(), &[on_the_grid(counts)?]);
    let otherwise = counts.otherwise.saturating_sub(blind);
    Some(TrialNight {
        night: counts.night,
        checks: words.visible + words.unclear + words.not_visible + otherwise,
        unclear: words.unclear + otherwise,
    })
}

/// What the nights since a unit was commissioned say, in their order: the share for which sensor
/// mode is refused, if it is. Nights without a check count for nothing.
#[must_use]
pub fn refused(nights: &[TrialNight]) -> Option<Share> {
    let looked_at: Vec<&TrialNight> = nights.iter().filter(|night| night.checks > 0).collect();
    LOOKED_AFTER
        .into_iter()
        .zip(CHANCE_MAX)
        .find_map(|(after, chance)| {
            let share = share_of(looked_at.get(..after)?);
            (by_chance(share) <= chance).then_some(share)
        })
}

fn share_of(nights: &[&TrialNight]) -> Share {
    Share {
        nights: u32::try_from(nights.len()).unwrap_or(u32::MAX),
        checks: nights.iter().map(|night| night.checks).sum(),
        unclear: nights.iter().map(|night| night.unclear).sum(),
    }
}

/// How likely so many unclear checks or more are in a home with exactly [`UNCLEAR_MAX_PERCENT`].
fn by_chance(share: Share) -> f64 {
    let p = f64::from(UNCLEAR_MAX_PERCENT) / 100.0;
    let n = f64::from(share.checks);
    // Of the most checks that a trial can have (28 nights of 64) this is 1e-127, and no underflow.
    let mut just = (1.0 - p).powf(n);
    let mut fewer = 0.0;
    for count in 0..share.unclear {
        fewer += just;
        let count = f64::from(count);
        just *= (n - count) / (count + 1.0) * p / (1.0 - p);
    }
    (1.0 - fewer).max(0.0)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;
    use jiff::civil::date;

    use super::*;

    fn nights(of: impl IntoIterator<Item = (u32, u32)>) -> Vec<TrialNight> {
        let first = date(2026, 11, 1);
        let night = |(at, (checks, unclear)): (i64, (u32, u32))| TrialNight {
            night: first.checked_add(at.days()).unwrap(),
            checks,
            unclear,
        };
        (0..).zip(of).map(night).collect()
    }

    #[test]
    fn a_night_is_judged_by_the_models_own_thresholds_and_a_blind_look_is_not_unclear() {
        let counts = NightCounts {
            unit: "u0000001".parse().unwrap(),
            night: date(2026, 11, 1),
            // Nobody, hardly anything, somebody.
            checks: vec![(0, 1), (30, 2), (60, 3)],
            otherwise: 5,
            evidence: None,
        };
        let night = night_of_trial(&counts, 4).unwrap();
        assert_eq!((night.checks, night.unclear), (7, 3));
        let night = night_of_trial(&counts, 9).unwrap();
        assert_eq!((night.checks, night.unclear), (6, 2));
    }

    #[test]
    fn a_home_that_is_unclear_every_night_is_refused_after_fourteen_and_not_before() {
        let all = nights([(4, 4); 30]);
        assert_eq!(refused(&all[..13]), None);
        let share = refused(&all[..14]).unwrap();
        assert_eq!((share.nights, share.checks, share.unclear), (14, 56, 56));
        assert_eq!(share.percent(), 100);
        assert_eq!(refused(&all), Some(share), "later nights change nothing");
    }

    #[test]
    fn a_night_without_a_check_is_no_night_of_the_trial() {
        let mut few = nights([(4, 4); 13]);
        few.extend(nights([(0, 0); 20]));
        assert_eq!(refused(&few), None);
    }

    #[test]
    fn a_clear_home_is_never_refused_and_one_a_little_over_waits_for_the_whole_trial() {
        assert_eq!(refused(&nights([(4, 0); 28])), None);
        // 15 of a hundred exactly.
        assert_eq!(refused(&nights([(20, 3); 28])), None);
        // 25 of a hundred: too few checks in 14 nights, enough in 28.
        let quarter = nights([(4, 1); 28]);
        assert_eq!(refused(&quarter[..27]), None);
        assert_eq!(refused(&quarter).unwrap().nights, 28);
        // What comes after the trial is not asked.
        let mut late = nights([(4, 0); 28]);
        late.extend(nights([(4, 4); 28]));
        assert_eq!(refused(&late), None);
    }

    #[test]
    fn chance_is_the_binomial_tail() {
        let of = |checks, unclear| {
            by_chance(Share {
                nights: 14,
                checks,
                unclear,
            })
        };
        assert!((of(10, 0) - 1.0).abs() < 1e-12);
        assert!((of(10, 1) - (1.0 - 0.85_f64.powi(10))).abs() < 1e-12);
        assert!((of(2, 2) - 0.15 * 0.15).abs() < 1e-12);
        // As many checks as a trial can have.
        assert!(of(1792, 1792) < 1e-12 && of(1792, 0) > 0.999);
    }

    /// How often a home is refused in which a check is unclear with probability `p`; with
    /// probability `alike` a check of a night is as that night's first.
    fn often(dice: &mut u64, (p, alike, checks): (f64, f64, u32)) -> f64 {
        const HOMES: u32 = 4_000;
        // SplitMix64, the same on every machine.
        let mut unit = || {
            *dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = *dice;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) as f64 / u64::MAX as f64
        };
        let mut refusals = 0;
        for _ in 0..HOMES {
            let trial: Vec<(u32, u32)> = (0..28)
                .map(|_| {
                    let first = unit() < p;
                    let mut unclear = u32::from(first);
                    for _ in 1..checks {
                        let same = unit() < alike;
                        unclear += u32::from(if same { first } else { unit() < p });
                    }
                    (checks, unclear)
                })
                .collect();
            refusals += u32::from(refused(&nights(trial)).is_some());
        }
        f64::from(refusals) / f64::from(HOMES)
    }

    #[test]
    fn at_fifteen_of_a_hundred_chance_refuses_one_home_in_twenty_at_most() {
        let mut dice = 7;
        println!("| unclear | checks a night | alike | refused |");
        for p in [0.10, 0.15, 0.20, 0.25, 0.30, 0.40] {
            for (checks, alike) in [(2, 0.0), (4, 0.0), (4, 0.3), (4, 0.6), (8, 0.0)] {
                let often = often(&mut dice, (p, alike, checks));
                println!("| {p:.2} | {checks} | {alike} | {often:.3} |");
                if alike == 0.0 && p <= 0.15 {
                    assert!(often <= 0.06, "{p}, {checks}: {often}");
                }
                if p >= 0.30 && checks >= 4 {
                    assert!(often > 0.8, "{p}, {checks}: {often}");
                }
            }
        }
    }
}
