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
    /// Labels of the unit's that the hub never sent, or of another model or commissioning: they
    /// count for nothing.
    pub left_out: usize,
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
    let mut all: Vec<Look> = staged(passed).collect();
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
        left_out,
    }
}

/// Whether a night was looked at as the unit is commissioned now.
fn is_of(evidence: &NightEvidence, held: &HeldCommissioned) -> bool {
    evidence.model == held.model && evidence.commissioned == Some(held.version)
}

/// What was staged, as looks. A try in which no level decides (somebody else was there too) shows
/// nothing, and what is asked of two in one bed is no state of this one.
fn staged(passed: &Passed) -> impl Iterator<Item = Look> {
    let night = passed.at.0.to_string();
    let of = passed.staged.iter().enumerate();
    of.filter_map(move |(at, staged)| {
        let (state, label) = state(staged.state)?;
        Some(Look {
            night: night.clone(),
            check: at.to_string(),
            bin: Bin::new(staged.level?)?,
            label: Some(label),
            source: looks::Source::Staged(state),
        })
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
    use nattsyn_calibration::counts::{STAGED, TRIAL, Word};
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
    fn a_staged_try_in_which_no_level_decides_is_missing() {
        let mut passed = passed();
        passed.staged[1].level = None;
        let own = own_part(home(), &passed, &[], 3);
        assert_eq!(own.counts.nobody.commissioned(), STAGED - 1);
    }
}
