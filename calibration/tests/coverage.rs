//! The promise on invented homes whose truth is known, in small; `nattsyn-calibrate coverage` in
//! large. The naive fit is judged by the same measure and fails it: this test can fail.

use nattsyn_calibration::coverage::{Trial, run};
use nattsyn_calibration::fit::Policy;

fn small() -> Trial {
    Trial {
        homes: 400,
        pools: 10,
        seed: 5,
        checks: (40, 120),
        sizes: vec![100, 500],
        policy: Policy {
            one_in: 20,
            ..Policy::default()
        },
        ..Trial::default()
    }
}

#[test]
fn the_promise_is_kept_where_the_naive_fit_breaks_it() {
    let outcomes = run(&small(), |_| {});
    for outcome in &outcomes {
        assert_eq!(outcome.homes, 400);
        let (kept, naive) = (
            outcome.per_cent(outcome.kept.into()),
            outcome.per_cent(outcome.naive_kept.into()),
        );
        assert!(kept >= 95.0, "n {}: kept in {kept} %", outcome.size);
        assert!(
            naive < 95.0,
            "n {}: the naive fit keeps it in {naive} %",
            outcome.size
        );
    }
    let last = &outcomes[1];
    assert_eq!(last.open, 400, "500 homes are enough for one in 20");
    assert!(
        last.per_cent(last.unclear) < 50.0,
        "and most checks are settled: {last:?}"
    );
}

#[test]
fn homes_that_changed_since_are_where_it_breaks() {
    let drifted = Trial {
        drift: 4.0,
        ..small()
    };
    let outcomes = run(&drifted, |_| {});
    let last = &outcomes[1];
    assert!(last.per_cent(last.kept.into()) < 95.0, "{last:?}");
}

#[test]
fn one_seed_gives_one_result() {
    let trial = Trial {
        homes: 20,
        pools: 2,
        sizes: vec![20],
        ..small()
    };
    assert_eq!(run(&trial, |_| {}), run(&trial, |_| {}));
}
