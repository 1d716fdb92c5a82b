//! Counts what each threshold of a grid would have done to the labelled scores.
//!
//! A score at or above the threshold would have been *visible*; below it *unclear*, or *not
//! visible* where it is also below the lower threshold. Counting is by picture, the bound by
//! group: pictures of one home resemble each other, and ten errors in one bedroom are one.

use std::collections::BTreeMap;

use crate::bound::upper_bound;
use crate::scores::{Labelled, Truth};

/// What one threshold would have done.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// Scores at or above it would have been *visible*.
    pub threshold: f64,
    /// Pictures with nobody there that would have been *visible*: the error that matters.
    pub nobody_visible: u32,
    /// Groups with at least one such picture.
    pub groups_erring: u32,
    /// The chance that a fresh group errs is at most this, with the confidence of
    /// [`crate::bound`], if this threshold was chosen before the table was seen.
    pub bound: f64,
    /// What would have been said of the pictures with a person there.
    pub person: Said,
    /// What would have been said of the pictures that a human could not settle.
    pub unsettled: Said,
}

/// How often each word would have been said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// At or above the threshold.
    pub visible: u32,
    /// Between both thresholds.
    pub unclear: u32,
    /// Below the lower threshold.
    pub not_visible: u32,
}

impl Said {
    /// All of them.
    #[must_use]
    pub fn total(self) -> u32 {
        self.visible + self.unclear + self.not_visible
    }
}

/// What there is to count from, whatever the threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Pictures with a person there.
    pub person: u32,
    /// Pictures with nobody there.
    pub nobody: u32,
    /// Pictures that a human could not settle.
    pub unsettled: u32,
    /// Groups with at least one picture with nobody there: what the bound rests on.
    pub groups_with_nobody: u32,
}

/// Thresholds from 0 to 1 in `steps` equal steps, without 0: everything would be *visible*.
#[must_use]
pub fn grid(steps: u32) -> Vec<f64> {
    (1..=steps)
        .map(|step| f64::from(step) / f64::from(steps))
        .collect()
}

/// What there is to count from.
#[must_use]
pub fn evidence(rows: &[Labelled]) -> Evidence {
    let count = |truth| tally(rows.iter().filter(|row| row.truth == truth).count());
    Evidence {
        person: count(Truth::Person),
        nobody: count(Truth::Nobody),
        unsettled: count(Truth::Unsettled),
        groups_with_nobody: tally(highest_empty_score(rows).len()),
    }
}

/// The risk at each threshold.
///
/// `lower` parts *unclear* from *not visible*; it counts as the threshold itself where it is
/// higher. At 0, nothing is ever *not visible*.
#[must_use]
pub fn risk_table(rows: &[Labelled], thresholds: &[f64], lower: f64) -> Vec<Risk> {
    let worst = highest_empty_score(rows);
    thresholds
        .iter()
        .map(|&threshold| {
            let said = |truth| said(rows, truth, threshold, lower);
            let groups_erring = tally(worst.values().filter(|&&s| s >= threshold).count());
            Risk {
                threshold,
                nobody_visible: said(Truth::Nobody).visible,
                groups_erring,
                bound: upper_bound(groups_erring, tally(worst.len())),
                person: said(Truth::Person),
                unsettled: said(Truth::Unsettled),
            }
        })
        .collect()
}

/// Of each group with an empty picture, the highest score of an empty one: a group errs at
/// every threshold up to it.
fn highest_empty_score(rows: &[Labelled]) -> BTreeMap<&str, f64> {
    let mut highest = BTreeMap::new();
    for row in rows.iter().filter(|row| row.truth == Truth::Nobody) {
        let known = highest.entry(row.group.as_str()).or_insert(row.score);
        *known = row.score.max(*known);
    }
    highest
}

fn said(rows: &[Labelled], truth: Truth, threshold: f64, lower: f64) -> Said {
    let mut said = Said::default();
    for row in rows.iter().filter(|row| row.truth == truth) {
        if row.score >= threshold {
            said.visible += 1;
        } else if row.score >= lower {
            said.unclear += 1;
        } else {
            said.not_visible += 1;
        }
    }
    said
}

/// A count as the bound takes it. A table of more than four thousand million rows would not
/// have fitted in memory.
fn tally(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(score: f64, truth: Truth, group: &str) -> Labelled {
        Labelled {
            score,
            truth,
            group: group.to_owned(),
        }
    }

    fn rows() -> Vec<Labelled> {
        vec![
            row(0.9, Truth::Nobody, "a"),
            row(0.8, Truth::Nobody, "a"),
            row(0.1, Truth::Nobody, "a"),
            row(0.2, Truth::Nobody, "b"),
            row(0.7, Truth::Person, "a"),
            row(0.4, Truth::Person, "c"),
            row(0.1, Truth::Person, "c"),
            row(0.9, Truth::Unsettled, "c"),
        ]
    }

    #[test]
    fn many_errors_in_one_home_are_one_home_that_errs() {
        let table = risk_table(&rows(), &[0.5], 0.0);
        assert_eq!((table[0].nobody_visible, table[0].groups_erring), (2, 1));
        assert!((table[0].bound - upper_bound(1, 2)).abs() < f64::EPSILON);
    }

    #[test]
    fn a_score_at_the_threshold_is_visible() {
        let table = risk_table(&rows(), &[0.9, 0.91], 0.0);
        assert_eq!((table[0].nobody_visible, table[1].nobody_visible), (1, 0));
        assert_eq!(table[0].unsettled.visible, 1);
    }

    #[test]
    fn what_is_not_visible_is_unclear_until_it_is_under_the_lower_threshold() {
        let person = |lower| risk_table(&rows(), &[0.5], lower)[0].person;
        let expected = Said {
            visible: 1,
            unclear: 2,
            not_visible: 0,
        };
        assert_eq!(person(0.0), expected);
        let expected = Said {
            visible: 1,
            unclear: 1,
            not_visible: 1,
        };
        assert_eq!(person(0.3), expected);
    }

    #[test]
    fn what_a_human_could_not_settle_is_no_evidence_of_error() {
        let only_unsettled = [row(1.0, Truth::Unsettled, "a")];
        let table = risk_table(&only_unsettled, &[0.5], 0.0);
        assert_eq!((table[0].nobody_visible, table[0].groups_erring), (0, 0));
        assert!((table[0].bound - 1.0).abs() < f64::EPSILON, "no evidence");
        assert_eq!(evidence(&only_unsettled).groups_with_nobody, 0);
    }

    #[test]
    fn a_higher_threshold_never_errs_more() {
        let table = risk_table(&rows(), &grid(20), 0.0);
        assert_eq!(table.len(), 20);
        assert!(table.is_sorted_by(|a, b| a.bound >= b.bound));
        assert!(table.is_sorted_by(|a, b| a.nobody_visible >= b.nobody_visible));
    }
}
