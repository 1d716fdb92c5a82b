//! A home's own part of the evidence: what was staged when its unit was commissioned, and the
//! nights on which somebody said what they found. Pure.
//!
//! The rules are the calibration's ([`looks::counted`]); here it is decided what belongs to the
//! home as it is now. What another unit, another model or an earlier commissioning saw lies
//! elsewhere on the grid and counts for nothing.

use std::collections::BTreeMap;

use jiff::civil::Date;

use nattsyn_calibration::counts::{HomeCounts, State};
use nattsyn_calibration::grid::Bin;
use nattsyn_calibration::looks::{self, Look};
use nattsyn_protocol::commission::{self, HeldCommissioned, StagedLevel};
use nattsyn_protocol::ids::{HomeId, UnitId};
use nattsyn_protocol::labels::{Found, NightEvidence};
use nattsyn_protocol::time::Timestamp;

use crate::labels::Source;

/// A million, in which chances are written.
const WHOLE: f64 = 1_000_000.0;

/// As what a home's unit is commissioned, and what was staged then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The unit.
    pub unit: UnitId,
    /// As what.
    pub held: HeldCommissioned,
    /// When it passed.
    pub at: Timestamp,
    /// What was staged.
    pub staged: Vec<StagedLevel>,
}

/// A night with labels: what the unit's looks had reached, and what the hub asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledNight {
    /// Which.
    pub night: Date,
    /// What the unit said of it.
    pub evidence: NightEvidence,
    /// What was sent of it: by what right and with what chance, in millionths; the first of each
    /// kind, which is the one that the unit took.
    pub sent: BTreeMap<Found, (Source, u32)>,
}

/// A home's own part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPart {
    /// Of which unit.
    pub unit: UnitId,
    /// The model that looks.
    pub model: String,
    /// Since when.
    pub since: Timestamp,
    /// What it is.
    pub counts: HomeCounts,
    /// The staged try with nobody there that was hardest to tell from somebody, and the one with
    /// somebody that was hardest to see.
    pub hardest: [Option<(State, Bin)>; 2],
    /// Staged tries in which no level decided.
    pub undecided: usize,
    /// Checks that came out by lot since then, and how many of them somebody answered.
    pub asked: Asked,
    /// Labels of the unit's that the hub never sent, or of another model or commissioning: they
    /// count for nothing.
    pub left_out: usize,
}

/// Checks that came out by lot. Where people go to some and not to others, by what the unit said,
/// what they find is no fair sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// How many came out.
    pub drawn: u32,
    /// Of how many somebody said whether the bed was empty.
    pub answered: u32,
}

/// A home's own part, from the nights of its unit in their order. Looks of a check with nobody
/// there that has fewer than `most_looks` are worth that share of it.
#[must_use]
pub fn own_part(
    home: HomeId,
    passed: &Passed,
    nights: &[LabelledNight],
    most_looks: u32,
) -> OwnPart {
    let mut left_out = 0;
    let mut all = staged(passed);
    for night in nights {
        for labelled in &night.evidence.labelled {
            let sent = night.sent.get(&labelled.found);
            let sent = sent.filter(|_| is_of(&night.evidence, &passed.held));
            let (Some((source, chance_ppm)), Some(bin)) = (sent, Bin::new(labelled.bin)) else {
                left_out += 1;
                continue;
            };
            let look = Look {
                night: night.night.to_string(),
                check: format!("{:?}", labelled.found),
                bin,
                label: Some(match labelled.found {
                    Found::Nobody => looks::Label::Nobody,
                    Found::Somebody => looks::Label::Somebody,
                }),
                source: match source {
                    Source::BeforeVisit => {
                        looks::Source::BeforeVisit(f64::from(*chance_ppm) / WHOLE)
                    }
                    Source::BedEmpty => looks::Source::BedEmpty,
                },
            };
            all.extend(std::iter::repeat_n(
                look,
                usize::from(labelled.looks.max(1)),
            ));
        }
    }
    let counts = HomeCounts {
        model: Some(passed.held.model.clone()),
        ..looks::counted(&home.to_string(), &all, most_looks)
    };
    OwnPart {
        unit: passed.unit,
        model: passed.held.model.clone(),
        since: passed.at,
        counts,
        hardest: [looks::Label::Nobody, looks::Label::Somebody]
            .map(|label| hardest(&tries(passed), label)),
        undecided: tries(passed).iter().filter(|it| it.2.is_none()).count(),
        asked: Asked::default(),
        left_out,
    }
}

/// Whether a night was looked at as the unit is commissioned now.
fn is_of(evidence: &NightEvidence, held: &HeldCommissioned) -> bool {
    evidence.model == held.model && evidence.commissioned == Some(held.version)
}

/// A staged try: what was staged, who was there, and the bin that it reached.
type Try = (State, looks::Label, Option<Bin>);

/// What was staged, as looks. A try in which no level decides (somebody was seen elsewhere, the
/// frames disagreed) counts as the worst of its kind that was decided: as much as it can have cost.
/// Where none was decided there is nothing to count.
fn staged(passed: &Passed) -> Vec<Look> {
    let tries = tries(passed);
    let night = passed.at.0.to_string();
    let look = |(at, (state, label, bin)): (usize, &Try)| {
        let bin = bin.or_else(|| hardest(&tries, *label).map(|(_, bin)| bin))?;
        Some(Look {
            night: night.clone(),
            check: at.to_string(),
            bin,
            label: Some(*label),
            source: looks::Source::Staged(*state),
        })
    };
    tries.iter().enumerate().filter_map(look).collect()
}

/// The tries with nobody or with one sleeper there: what is asked of two in one bed, and a covered
/// lens, are no states of one home's bed.
fn tries(passed: &Passed) -> Vec<Try> {
    let one = |staged: &StagedLevel| {
        let (state, label) = state(staged.state)?;
        Some((state, label, staged.level.and_then(Bin::new)))
    };
    passed.staged.iter().filter_map(one).collect()
}

/// The try of a kind whose bin lies nearest to an error, of those that a level decides.
fn hardest(tries: &[Try], label: looks::Label) -> Option<(State, Bin)> {
    let of_kind = tries.iter().filter(|(_, of, _)| *of == label);
    let decided = of_kind.filter_map(|(state, _, bin)| Some((*state, (*bin)?)));
    decided.reduce(|worst, next| {
        let is_worse = match label {
            looks::Label::Nobody => next.1 > worst.1,
            looks::Label::Somebody => next.1 < worst.1,
        };
        if is_worse { next } else { worst }
    })
}

fn state(state: commission::State) -> Option<(State, looks::Label)> {
    use commission::State as Tried;
    let state = match state {
        Tried::EmptyBare => (State::EmptyBare, looks::Label::Nobody),
        Tried::EmptyMade => (State::EmptyMade, looks::Label::Nobody),
        Tried::EmptyHeaped => (State::EmptyHeaped, looks::Label::Nobody),
        Tried::EmptyJustLeft => (State::EmptyJustLeft, looks::Label::Nobody),
        Tried::Uncovered => (State::Uncovered, looks::Label::Somebody),
        Tried::HalfCovered => (State::HalfCovered, looks::Label::Somebody),
        Tried::Covered => (State::Covered, looks::Label::Somebody),
        Tried::OnTheEdge => (State::OnTheEdge, looks::Label::Somebody),
        Tried::OtherInBed | Tried::Together | Tried::LensCovered => return None,
    };
    Some(state)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;
    use nattsyn_calibration::counts::{Kind, STAGED, TRIAL, Word};
    use nattsyn_protocol::commission::Room;
    use nattsyn_protocol::labels::Labelled;

    use super::*;

    const MODEL: &str = "0a1b2c3d";

    fn home() -> HomeId {
        "h0000001".parse().unwrap()
    }

    fn level(state: commission::State, room: Room, level: Option<u8>) -> StagedLevel {
        StagedLevel { state, room, level }
    }

    /// Each of eight states twice, as the trial has them: empty at 10 and 12, in bed at 50 and 52.
    pub(crate) fn passed() -> Passed {
        use commission::State as Tried;
        let empty = [
            Tried::EmptyBare,
            Tried::EmptyMade,
            Tried::EmptyHeaped,
            Tried::EmptyJustLeft,
        ];
        let in_bed = [
            Tried::Uncovered,
            Tried::HalfCovered,
            Tried::Covered,
            Tried::OnTheEdge,
        ];
        let rooms = [(Room::AsItIs, 0), (Room::Otherwise, 2)];
        let mut staged = vec![level(Tried::LensCovered, Room::Lit, None)];
        for (room, more) in rooms {
            staged.extend(empty.map(|it| level(it, room, Some(10 + more))));
            staged.extend(in_bed.map(|it| level(it, room, Some(50 + more))));
        }
        Passed {
            unit: "u0000001".parse().unwrap(),
            held: HeldCommissioned {
                version: 3,
                model: MODEL.to_owned(),
                places: Vec::new(),
            },
            at: Timestamp::from_ms(1_795_300_000_000).unwrap(),
            staged,
        }
    }

    fn labelled(found: Found, bin: u8, looks: u8) -> Labelled {
        Labelled { found, bin, looks }
    }

    /// So many nights after the first, labelled so, each drawn with a chance of one in ten.
    fn night(after: i64, all: Vec<Labelled>) -> LabelledNight {
        let sent = all.iter();
        LabelledNight {
            night: jiff::civil::date(2026, 12, 1)
                .checked_add(after.days())
                .unwrap(),
            sent: sent
                .map(|it| (it.found, (Source::BeforeVisit, 100_000)))
                .collect(),
            evidence: NightEvidence {
                model: MODEL.to_owned(),
                commissioned: Some(3),
                labelled: all,
            },
        }
    }

    fn of(nights: &[LabelledNight]) -> OwnPart {
        own_part(home(), &passed(), nights, 3)
    }

    #[test]
    fn what_was_staged_is_the_commissioning_of_both_kinds() {
        let own = of(&[]);
        assert_eq!(own.counts.home, "h0000001");
        assert_eq!(own.counts.model.as_deref(), Some(MODEL));
        for (kind, worst, sum) in [
            (&own.counts.nobody, 12, 88),
            (&own.counts.somebody, 50, 408),
        ] {
            assert_eq!(kind.commissioned(), STAGED);
            assert_eq!(kind.staged.iter().map(|it| it.sum).sum::<u32>(), sum);
            assert!(kind.staged.iter().all(|it| it.worst == Bin::new(worst)));
            assert_eq!(kind.trial.total(), 0);
        }
    }

    #[test]
    fn twenty_eight_labelled_nights_of_a_kind_end_its_trial_and_later_ones_are_drawn() {
        let one = |after| night(after, vec![labelled(Found::Nobody, 20, 3)]);
        let mut nights: Vec<LabelledNight> = (0..28).map(one).collect();
        let own = of(&nights);
        assert_eq!(own.counts.nobody.trial.total(), TRIAL);
        assert!(own.counts.nobody.is_done());
        assert!(own.counts.seen(Word::Visible).own.is_some());
        assert!(!own.counts.somebody.is_done(), "nobody was ever found");
        // One with two looks of three is worth two thirds of a check.
        nights.push(night(28, vec![labelled(Found::Nobody, 41, 2)]));
        let own = of(&nights);
        assert_eq!(own.counts.nobody.drawn.total(), 1);
        assert_eq!(own.counts.nobody.worth_thousandths, 666);
        assert_eq!(own.counts.nobody.drawn.highest(), Bin::new(41));
    }

    #[test]
    fn a_night_can_have_one_of_each_kind() {
        let both = vec![
            labelled(Found::Nobody, 20, 1),
            labelled(Found::Somebody, 60, 3),
        ];
        let own = of(&[night(0, both)]);
        assert_eq!(own.counts.nobody.trial.highest(), Bin::new(20));
        assert_eq!(own.counts.somebody.trial.highest(), Bin::new(60));
        assert_eq!(own.counts.nobody.trial.total(), 1);
    }

    #[test]
    fn draws_that_were_not_equally_likely_are_worth_less() {
        let one = |after| night(after, vec![labelled(Found::Nobody, 20, 3)]);
        let mut nights: Vec<LabelledNight> = (0..30).map(one).collect();
        assert_eq!(of(&nights).counts.nobody.worth_thousandths, 2_000);
        // The last was not drawn: somebody was there and said that the bed was empty.
        nights[29].sent = [(Found::Nobody, (Source::BedEmpty, 1_000_000))].into();
        assert_eq!(of(&nights).counts.nobody.worth_thousandths, 1_100);
    }

    #[test]
    fn what_another_model_or_commissioning_saw_or_the_hub_never_sent_counts_for_nothing() {
        let good = night(0, vec![labelled(Found::Nobody, 20, 3)]);
        let mut model = good.clone();
        model.evidence.model = "ffffffff".to_owned();
        let mut earlier = good.clone();
        earlier.evidence.commissioned = Some(2);
        let mut never = good.clone();
        never.evidence.commissioned = None;
        let mut unsent = good.clone();
        unsent.sent.clear();
        let mut beyond = good.clone();
        beyond.evidence.labelled[0].bin = 65;
        for wrong in [model, earlier, never, unsent, beyond] {
            let own = of(std::slice::from_ref(&wrong));
            assert_eq!(own.counts.nobody.trial.total(), 0, "{wrong:?}");
            assert_eq!(own.left_out, 1, "{wrong:?}");
        }
        assert_eq!(of(&[good]).left_out, 0);
    }

    #[test]
    fn a_staged_try_in_which_no_level_decides_counts_as_the_worst_of_its_kind() {
        let mut passed = passed();
        let before = own_part(home(), &passed, &[], 3);
        // Of those at 10 and at 50: now as those at 12, and as those at 50.
        passed.staged[1].level = None;
        passed.staged[5].level = None;
        let own = own_part(home(), &passed, &[], 3);
        let sum = |kind: &Kind| kind.staged.iter().map(|it| it.sum).sum::<u32>();
        assert_eq!(own.counts.nobody.commissioned(), STAGED);
        assert_eq!(sum(&own.counts.nobody), sum(&before.counts.nobody) + 2);
        assert_eq!(own.counts.somebody.commissioned(), STAGED);
        assert_eq!(sum(&own.counts.somebody), sum(&before.counts.somebody));
        assert_eq!((before.undecided, own.undecided), (0, 2));
        let [empty, in_bed] = own.hardest.map(Option::unwrap);
        assert_eq!(empty, (State::EmptyBare, Bin::new(12).unwrap()));
        assert_eq!(in_bed, (State::HalfCovered, Bin::new(50).unwrap()));
        for staged in &mut passed.staged {
            staged.level = None;
        }
        let own = own_part(home(), &passed, &[], 3);
        assert_eq!(own.counts.nobody.commissioned(), 0, "nothing is known");
        assert_eq!(own.hardest, [None, None]);
    }
}
