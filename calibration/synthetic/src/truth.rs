//! A home's own truth: the chance that a check reaches a score, integrated from its model.
//!
//! Night and check vary normally and together; given both, looks are independent, so the chance
//! that all of them stay below a score is a power. What remains is one integral over a normal
//! distribution for each state, by Simpson's rule. No sampling, and nothing of anybody's fit.

use crate::homes::Home;
use crate::shape::{Presence, Shape};

/// Half the width of the integral in deviations: beyond lie 1.2e-12 of the distribution.
const WIDTH: f64 = 7.0;

/// Steps of Simpson's rule (even). Twice as many change no chance by more than 1e-6 (tested).
const STEPS: u32 = 64;

/// The chance that a check of that kind in `home` scores `log_odds` or more in any of its looks.
#[must_use]
pub fn chance_of_reaching(shape: &Shape, home: &Home, presence: Presence, log_odds: f64) -> f64 {
    integrated(shape, home, presence, log_odds, STEPS)
}

fn integrated(shape: &Shape, home: &Home, presence: Presence, log_odds: f64, steps: u32) -> f64 {
    let levels = shape.levels(presence);
    let step = 2.0 * WIDTH / f64::from(steps);
    let together = levels.night.hypot(levels.check);
    // What the looks of an average check in an average state must reach, in this home.
    let needed = (log_odds - levels.mean - home.effect(presence)) / home.spread;
    let looks = i32::try_from(shape.looks).unwrap_or(i32::MAX);
    let mut chance = 0.0;
    for (share, state) in levels.states {
        for at in 0..=steps {
            let deviation = f64::from(at) * step - WIDTH;
            let weight = match at {
                0 => 1.0,
                _ if at == steps => 1.0,
                _ if at % 2 == 1 => 4.0,
                _ => 2.0,
            };
            let below = below((needed - state - together * deviation) / levels.look);
            chance += share * weight * density(deviation) * (1.0 - below.powi(looks));
        }
    }
    (chance * step / 3.0).clamp(0.0, 1.0)
}

fn density(deviation: f64) -> f64 {
    /// One over the root of two pi.
    const AT_ZERO: f64 = 0.398_942_280_401_432_7;
    AT_ZERO * (-0.5 * deviation * deviation).exp()
}

/// The normal distribution function, by the rational approximation 26.2.17 of Abramowitz and
/// Stegun: wrong by at most 7.5e-8, which is 1/100,000 of the rarest chance that is asked for.
fn below(deviation: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * deviation.abs());
    let series = t
        * (0.319_381_530
            + t * (-0.356_563_782
                + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let beyond = density(deviation) * series;
    if deviation > 0.0 {
        1.0 - beyond
    } else {
        beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::homes::Street;

    const PLAIN: Home = Home {
        nobody: 0.0,
        somebody: 0.0,
        spread: 1.0,
    };

    /// 200,000 checks: the deviation of a share is at most 0.0012; five of them are allowed.
    #[test]
    fn the_truth_is_what_many_checks_show() {
        let shape = Shape::default();
        let mut street = Street::new(shape, 11);
        let home = Home {
            nobody: 1.0,
            somebody: -0.5,
            spread: 1.2,
        };
        let given = street.given(&home, 200_000, 0.0);
        for (presence, scores) in [
            (Presence::Nobody, &given.drawn_nobody),
            (Presence::Somebody, &given.drawn_somebody),
        ] {
            for log_odds in [-6.0, -3.0, 0.0, 2.0, 5.0] {
                let seen = scores.iter().filter(|s| **s >= log_odds).count() as f64 / 200_000.0;
                let truth = chance_of_reaching(&shape, &home, presence, log_odds);
                let allowed = 5.0 * (truth * (1.0 - truth) / 200_000.0).sqrt() + 1e-5;
                assert!(
                    (seen - truth).abs() < allowed,
                    "{presence:?} {log_odds}: {seen}, {truth}"
                );
            }
        }
    }

    #[test]
    fn finer_steps_change_nothing_that_matters() {
        let shape = Shape::default();
        for log_odds in [-8.0, -3.0, 0.0, 1.5, 4.0, 7.5] {
            let coarse = integrated(&shape, &PLAIN, Presence::Nobody, log_odds, STEPS);
            let fine = integrated(&shape, &PLAIN, Presence::Nobody, log_odds, 2 * STEPS);
            assert!((coarse - fine).abs() < 1e-6, "{log_odds}: {coarse} {fine}");
        }
    }

    #[test]
    fn a_higher_score_is_never_reached_more_often() {
        let shape = Shape::default();
        let curve: Vec<f64> = (-32..32)
            .map(|i| {
                let at = f64::from(i) / 4.0;
                chance_of_reaching(&shape, &PLAIN, Presence::Somebody, at)
            })
            .collect();
        assert!(curve.is_sorted_by(|a, b| a >= b));
    }
}
