//! From labelled looks to a home's counts: where scores end and bins begin.
//!
//! Looks of one check are one check, judged by its highest score; checks of one night are one draw,
//! judged by the worst. Runs where the scores are: in the unit, and in research. What counts as
//! evidence is [`Source`], and the outcome of an exception is none: *visible* is never contradicted
//! there. A check that was labelled both ways counts against both words.

use std::collections::BTreeMap;

use crate::counts::{HomeCounts, Kind, STAGED, Staged, State, TRIAL};
use crate::grid::{Bin, Histogram};

/// Where a labelled check comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// Staged, when the home was commissioned or later.
    Staged(State),
    /// A look before a planned visit, drawn with this probability (above 0, at most 1).
    BeforeVisit(f64),
    /// Staff say that the bed is empty.
    BedEmpty,
}

/// What a human says of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Nobody is there.
    Nobody,
    /// Somebody is there.
    Somebody,
}

/// One labelled look.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The night, in an order that sorts as text (a date does).
    pub night: String,
    /// The check within it.
    pub check: String,
    /// In which bin its score lies.
    pub bin: Bin,
    /// What a human said; `None` where nobody could tell.
    pub label: Option<Label>,
    /// Where the label comes from.
    pub source: Source,
}

/// One check: its looks taken together.
#[derive(Clone, Debug)]
struct Check {
    bin: Bin,
    looks: u32,
    source: Source,
    labels: Vec<Label>,
}

/// Counts a home's looks. A check may have `most_looks` looks by plan: with nobody there, one with
/// fewer is worth that share of a check, because each look more may err.
#[must_use]
pub fn counted(home: &str, looks: &[Look], most_looks: u32) -> HomeCounts {
    let mut nights: BTreeMap<&str, BTreeMap<&str, Check>> = BTreeMap::new();
    for look in looks {
        let checks = nights.entry(&look.night).or_default();
        let check = checks.entry(&look.check).or_insert_with(|| Check {
            bin: look.bin,
            looks: 0,
            source: look.source,
            labels: Vec::new(),
        });
        check.bin = check.bin.max(look.bin);
        check.looks += 1;
        check.labels.extend(look.label);
    }
    let of = |label| {
        let all = nights.values().map(|checks| {
            let labelled = checks
                .values()
                .filter(|check| check.labels.contains(&label));
            labelled.cloned().collect::<Vec<_>>()
        });
        kind(label, all, most_looks.max(1))
    };
    HomeCounts {
        nobody: of(Label::Nobody),
        somebody: of(Label::Somebody),
        ..HomeCounts::nothing(home)
    }
}

/// A night's drawn checks as one draw.
#[derive(Clone, Copy)]
struct Draw {
    bin: Bin,
    /// The share of a whole check that it is worth.
    share: f64,
    /// How many nights it stands for: one over the probability with which it was drawn.
    weight: f64,
}

fn kind(label: Label, nights: impl Iterator<Item = Vec<Check>>, most_looks: u32) -> Kind {
    let mut kind = Kind::default();
    let mut draws = Vec::new();
    for checks in nights {
        let mut drawn: Option<Draw> = None;
        for check in checks {
            match check.source {
                Source::Staged(state) => stage(&mut kind, label, state, check.bin),
                Source::BeforeVisit(probability) => {
                    let draw = draw(label, &check, 1.0 / probability, most_looks);
                    drawn = Some(drawn.map_or(draw, |known| known.with(draw, label)));
                }
                Source::BedEmpty => {
                    let draw = draw(label, &check, 1.0, most_looks);
                    drawn = Some(drawn.map_or(draw, |known| known.with(draw, label)));
                }
            }
        }
        draws.extend(drawn);
    }
    let (trial, later) = draws.split_at(draws.len().min(TRIAL as usize));
    kind.trial = histogram(trial);
    kind.drawn = histogram(later);
    kind.worth_thousandths = worth_thousandths(later);
    kind
}

fn draw(label: Label, check: &Check, weight: f64, most_looks: u32) -> Draw {
    let share = match label {
        Label::Nobody => f64::from(check.looks.min(most_looks)) / f64::from(most_looks),
        // Fewer looks make *not visible* more likely, so such a check is at least a whole one.
        Label::Somebody => 1.0,
    };
    let bin = check.bin;
    Draw { bin, share, weight }
}

impl Draw {
    /// Two checks of one night: the worse of them. Any error is an error of the night, so the night
    /// is worth as much as the check that is worth most.
    fn with(self, other: Self, label: Label) -> Self {
        Self {
            bin: worse(label, self.bin, other.bin),
            share: self.share.max(other.share),
            weight: self.weight.max(other.weight),
        }
    }
}

fn worse(label: Label, a: Bin, b: Bin) -> Bin {
    match label {
        Label::Nobody => a.max(b),
        Label::Somebody => a.min(b),
    }
}

fn histogram(draws: &[Draw]) -> Histogram {
    let mut histogram = Histogram::default();
    draws.iter().for_each(|draw| histogram.add(draw.bin));
    histogram
}

/// What draws are worth, rounded down: the sum of their shares where all stand for as much, else
/// the sum of weights over the largest, times the smallest share.
fn worth_thousandths(draws: &[Draw]) -> u64 {
    let heaviest = draws.iter().map(|draw| draw.weight).fold(0.0, f64::max);
    let alike = draws.iter().all(|draw| draw.weight >= heaviest);
    let worth = if alike {
        draws.iter().map(|draw| draw.share).sum::<f64>()
    } else {
        let weight: f64 = draws.iter().map(|draw| draw.weight / heaviest).sum();
        weight * draws.iter().map(|draw| draw.share).fold(1.0, f64::min)
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most the number of draws, and not negative"
    )]
    // A billionth first: a sum of whole shares may end a hair below its number.
    let thousandths = (worth * 1000.0 + 1e-6).floor() as u64;
    thousandths
}

fn stage(kind: &mut Kind, label: Label, state: State, bin: Bin) {
    if kind.commissioned() >= STAGED {
        kind.later = Some(kind.later.map_or(bin, |known| worse(label, known, bin)));
        staged(kind, state).checks += 1;
        return;
    }
    let of_state = staged(kind, state);
    of_state.checks += 1;
    of_state.commissioned += 1;
    of_state.sum += u32::from(bin.reached());
    of_state.worst = Some(of_state.worst.map_or(bin, |known| worse(label, known, bin)));
}

fn staged(kind: &mut Kind, state: State) -> &mut Staged {
    let at = kind.staged.iter().position(|staged| staged.state == state);
    let at = at.unwrap_or_else(|| {
        kind.staged.push(Staged {
            state,
            checks: 0,
            worst: None,
            sum: 0,
            commissioned: 0,
        });
        kind.staged.len() - 1
    });
    &mut kind.staged[at]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(night: &str, check: &str, bin: u8, label: Label, source: Source) -> Look {
        Look {
            night: night.to_owned(),
            check: check.to_owned(),
            bin: Bin::new(bin).unwrap(),
            label: Some(label),
            source,
        }
    }

    /// Nights enough for a trial, then what is to be counted after it.
    fn after_trial(more: Vec<Look>) -> Vec<Look> {
        let trial = (0..TRIAL).map(|night| {
            look(
                &format!("a{night:03}"),
                "1",
                3,
                Label::Nobody,
                Source::BedEmpty,
            )
        });
        trial.chain(more).collect()
    }

    #[test]
    fn looks_of_a_check_are_one_check_and_checks_of_a_night_one_draw() {
        let looks = after_trial(vec![
            look("b", "1", 3, Label::Nobody, Source::BedEmpty),
            look("b", "1", 40, Label::Nobody, Source::BedEmpty),
            look("b", "2", 20, Label::Nobody, Source::BedEmpty),
        ]);
        let home = counted("h", &looks, 2);
        assert_eq!(home.nobody.drawn.total(), 1);
        assert_eq!(home.nobody.drawn.highest(), Bin::new(40));
        assert_eq!(home.nobody.worth_thousandths, 1000);
    }

    #[test]
    fn a_check_with_too_few_looks_is_worth_its_share() {
        let looks = after_trial(vec![look("b", "1", 3, Label::Nobody, Source::BedEmpty)]);
        assert_eq!(counted("h", &looks, 5).nobody.worth_thousandths, 200);
    }

    #[test]
    fn unequal_draws_are_worth_their_sum_over_the_largest() {
        let looks = after_trial(vec![
            look("b", "1", 3, Label::Nobody, Source::BeforeVisit(0.25)),
            look("c", "1", 3, Label::Nobody, Source::BeforeVisit(0.5)),
        ]);
        assert_eq!(counted("h", &looks, 1).nobody.worth_thousandths, 1500);
    }

    #[test]
    fn a_check_labelled_both_ways_counts_against_both() {
        let looks = vec![
            look("a", "1", 50, Label::Nobody, Source::BeforeVisit(1.0)),
            look("a", "1", 10, Label::Somebody, Source::BeforeVisit(1.0)),
        ];
        let home = counted("h", &looks, 2);
        assert_eq!(home.nobody.trial.highest(), Bin::new(50));
        assert_eq!(home.somebody.trial.highest(), Bin::new(50));
    }

    #[test]
    fn what_is_staged_after_commissioning_only_adds_caution() {
        let source = Source::Staged(State::EmptyMade);
        let staged = |n: u32, bin| look("a", &format!("{n:02}"), bin, Label::Nobody, source);
        let mut looks: Vec<Look> = (0..STAGED).map(|n| staged(n, 5)).collect();
        looks.push(staged(STAGED, 60));
        let home = counted("h", &looks, 1);
        assert_eq!(home.nobody.commissioned(), STAGED);
        assert_eq!(home.nobody.staged[0].worst, Bin::new(5));
        assert_eq!(home.nobody.later, Bin::new(60));
        assert_eq!(home.worst(crate::counts::Word::Visible), Bin::new(60));
    }
}
