//! How much error an observed count still allows: the exact one-sided binomial bound.
//!
//! Clopper–Pearson inverts the binomial distribution itself, without approximation, so it holds
//! for any number of trials, also six, and also with no error seen. It assumes trials that were
//! drawn independently and alike; whoever counts has to see to that (see [`crate::risk`]).

use statrs::distribution::{Beta, ContinuousCDF as _};

/// The confidence of every bound: the promise of the design is given with 95 %.
pub const CONFIDENCE: f64 = 0.95;

/// The largest chance of an error that `errors` in `trials` still allow, with [`CONFIDENCE`].
///
/// 1 without trials, or if every trial erred: nothing can be ruled out then. `errors` beyond
/// `trials` count as `trials`.
#[must_use]
pub fn upper_bound(errors: u32, trials: u32) -> f64 {
    if errors >= trials {
        return 1.0;
    }
    let beta = Beta::new(f64::from(errors) + 1.0, f64::from(trials - errors));
    // Both parameters are at least 1 here, so the distribution exists.
    beta.map_or(1.0, |beta| beta.inverse_cdf(CONFIDENCE))
}

/// How many trials without any error it takes to bound the chance by one in `one_in`.
///
/// `one_in` below 2 promises nothing and needs nothing: 0.
#[must_use]
pub fn trials_needed(one_in: u32) -> u32 {
    if one_in < 2 {
        return 0;
    }
    // With no error seen the bound is 1 − 0.05^(1/n); solved for n.
    let kept = (-1.0 / f64::from(one_in)).ln_1p();
    let needed = ((1.0 - CONFIDENCE).ln() / kept).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, and a float turned integer stops at u32::MAX"
    )]
    let needed = needed as u32;
    needed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From exact rational arithmetic: the root of the binomial sum at 1/20.
    #[test]
    fn the_bound_agrees_with_known_values() {
        for (errors, trials, expected) in [
            (0, 1, 0.9500000000),
            (0, 6, 0.3930377690),
            (0, 299, 0.0099691468),
            (1, 10, 0.3941633024),
            (5, 50, 0.1988330025),
            (9, 10, 0.9948838031),
            (40, 400, 0.1281812321),
        ] {
            let bound = upper_bound(errors, trials);
            assert!(
                (bound - expected).abs() < 1e-8,
                "{errors} of {trials}: {bound}, expected {expected}"
            );
        }
    }

    #[test]
    fn one_in_a_hundred_needs_299_error_free_trials() {
        assert_eq!(trials_needed(100), 299);
        assert!(upper_bound(0, 299) <= 0.01);
        assert!(upper_bound(0, 298) > 0.01);
    }

    #[test]
    fn without_evidence_nothing_is_ruled_out() {
        for (errors, trials) in [(0, 0), (3, 0), (5, 5), (6, 5)] {
            assert!((upper_bound(errors, trials) - 1.0).abs() < f64::EPSILON);
        }
        assert_eq!(trials_needed(0), 0);
        assert_eq!(trials_needed(1), 0);
    }

    proptest! {
        #[test]
        fn another_error_never_lowers_the_bound_and_another_clean_trial_never_raises_it(
            trials in 1_u32..2_000,
            drawn in 0_u32..2_000,
        ) {
            let errors = drawn % (trials + 1);
            let bound = upper_bound(errors, trials);
            prop_assert!(bound.is_finite() && bound <= 1.0);
            prop_assert!(bound >= f64::from(errors) / f64::from(trials));
            prop_assert!(upper_bound(errors + 1, trials) >= bound);
            prop_assert!(upper_bound(errors, trials + 1) <= bound);
        }

        #[test]
        fn the_needed_trials_are_enough_and_one_fewer_is_not(one_in in 2_u32..3_000) {
            let needed = trials_needed(one_in);
            let promised = 1.0 / f64::from(one_in);
            prop_assert!(upper_bound(0, needed) <= promised * (1.0 + 1e-9));
            prop_assert!(upper_bound(0, needed - 1) > promised * (1.0 - 1e-9));
        }
    }
}
