//! From the judged frames of one look to its finding.
//!
//! The frames of a look are alike: within one look their evidence varies by some 0.35 logits,
//! between looks by more than 2 (`models/evaluation/looks.py`). Ten frames are therefore hardly
//! more than one, and nothing here grows surer by their number. What they are good for:
//!
//! - In a *steady* look they differ by the sensor's noise alone. Their middle and their mean lie
//!   nearer to what is there than any one of them; both must pass a threshold.
//! - Where they differ by more, something moved: a sleeper who turned, a cat, a curtain. Then the
//!   frames are counted, and it takes two thirds of them and next to no other to say *visible* or
//!   *not visible*. Movement can so turn either into *unclear*, and never anything into *visible*;
//!   nothing of it is reported, kept or named.
//!
//! Somebody elsewhere, or several, comes first in either case. Pure, and of one look.
//!
//! Beside its finding a look has the *bin* of its evidence on the calibration's grid, from which a
//! home that is stricter than the model judges it ([`Concluded`] says exactly what it means).

use nattsyn_calibration::grid::Bin;
use nattsyn_models::{Cuts, Doubt, Judgement};
use nattsyn_protocol::finding::{Finding, Reason};

use super::{Concluded, Judged};

/// Largest spread of the frames' evidence within a steady look, in logits.
///
/// 95 % of 199 generated looks at somebody who lies still spread by less than 2.4, and of 571 at
/// nobody by less than 2.1; of 65 in which the sleeper turns, half by more than 2.2.
const STEADY: f32 = 2.5;

/// What the look concludes; `frames` are fit, fresh and judged.
pub(super) fn conclude(frames: &[Judged]) -> Concluded {
    let tally = Tally::of(frames);
    let Some(cuts) = frames.first().map(|frame| frame.cuts) else {
        return Concluded::undecidable(tally.vote());
    };
    let (finding, evidence) = match Steady::of(frames, &tally) {
        Some(steady) => (steady.finding(&tally), steady.evidence(cuts)),
        None => (tally.vote(), backed(frames, cuts)),
    };
    let bin = match finding {
        Finding::Visible | Finding::NotVisible | Finding::Unclear(Reason::WeakEvidence) => {
            Some(Bin::of_log_odds(evidence.nearest_to_undecided(cuts)))
        }
        Finding::Unclear(_) | Finding::Technical(_) | Finding::Paused => None,
    };
    Concluded { finding, bin }
}

/// A look in which nothing moved.
struct Steady {
    visible: Spread,
    not_visible: Spread,
}

impl Steady {
    /// `None` where something moved, or somebody else is in the picture.
    fn of(frames: &[Judged], tally: &Tally) -> Option<Self> {
        if !tally.is_stray(tally.outside + tally.several) {
            return None;
        }
        let steady = Self {
            visible: Spread::of(frames.iter().map(|frame| frame.margins.visible))?,
            not_visible: Spread::of(frames.iter().map(|frame| frame.margins.not_visible))?,
        };
        (steady.visible.width <= STEADY).then_some(steady)
    }

    fn finding(&self, tally: &Tally) -> Finding {
        if self.visible.least >= 0.0 {
            Finding::Visible
        } else if self.not_visible.least >= 0.0 {
            Finding::NotVisible
        } else {
            Finding::Unclear(tally.doubt())
        }
    }

    fn evidence(&self, cuts: Cuts) -> Evidence {
        Evidence {
            here: f64::from(cuts.visible) + f64::from(self.visible.least),
            gone: f64::from(cuts.not_visible) - f64::from(self.not_visible.least),
        }
    }
}

/// A look's evidence in log-odds, as either word would weigh it.
struct Evidence {
    /// *Visible* would be said of it at every threshold up to here.
    here: f64,
    /// *Not visible* would be said of it at every threshold down to here.
    gone: f64,
}

impl Evidence {
    /// One number for both: of what lies between the two, what is nearest to the middle of the
    /// model's thresholds, where nothing is said. So no word is ever nearer than it is.
    fn nearest_to_undecided(&self, cuts: Cuts) -> f64 {
        let middle = f64::midpoint(cuts.visible.into(), cuts.not_visible.into());
        if self.here >= middle {
            self.here
        } else if self.gone <= middle {
            self.gone
        } else {
            middle
        }
    }
}

/// The evidence that two thirds of a look's frames have or pass, either way, as the vote asks.
/// Frames with somebody elsewhere count for neither word.
fn backed(frames: &[Judged], cuts: Cuts) -> Evidence {
    let counts = |frame: &&Judged| {
        !matches!(
            frame.judgement,
            Judgement::Unclear(Doubt::OutsideSleepingPlace | Doubt::Several) | Judgement::Unfit(_)
        )
    };
    let needed = (frames.len() * 2).div_ceil(3);
    let of_most = |margins: Vec<f32>| {
        let mut margins = margins;
        margins.sort_by(|one, other| other.total_cmp(one));
        let least = needed
            .checked_sub(1)
            .and_then(|at| margins.get(at).copied());
        f64::from(least.unwrap_or(f32::NEG_INFINITY))
    };
    let counted = || frames.iter().filter(counts);
    let here = of_most(counted().map(|frame| frame.margins.visible).collect());
    let gone = of_most(counted().map(|frame| frame.margins.not_visible).collect());
    Evidence {
        here: f64::from(cuts.visible) + here,
        gone: f64::from(cuts.not_visible) - gone,
    }
}

/// Where the margins of a look's frames lie, in logits.
struct Spread {
    /// From the smallest to the largest.
    width: f32,
    /// The smaller of middle and mean.
    least: f32,
}

impl Spread {
    fn of(margins: impl Iterator<Item = f32>) -> Option<Self> {
        let mut margins: Vec<f32> = margins.collect();
        margins.sort_by(f32::total_cmp);
        let (first, last) = (*margins.first()?, *margins.last()?);
        // Of an even number the lower of the two in the middle: the more cautious.
        let middle = margins[(margins.len() - 1) / 2];
        let mean = margins.iter().sum::<f32>() / margins.len() as f32;
        Some(Self {
            width: last - first,
            least: middle.min(mean),
        })
    }
}

/// How many good, fresh frames say what.
#[derive(Default)]
struct Tally {
    frames: usize,
    visible: usize,
    not_visible: usize,
    outside: usize,
    several: usize,
    weak: usize,
}

impl Tally {
    fn of(frames: &[Judged]) -> Self {
        let mut tally = Self::default();
        for frame in frames {
            tally.frames += 1;
            match frame.judgement {
                Judgement::Visible => tally.visible += 1,
                Judgement::NotVisible => tally.not_visible += 1,
                Judgement::Unclear(Doubt::OutsideSleepingPlace) => tally.outside += 1,
                Judgement::Unclear(Doubt::Several) => tally.several += 1,
                Judgement::Unclear(Doubt::WeakEvidence) => tally.weak += 1,
                // `Presence` keeps these out; without a count they could only ever
                // weaken a finding.
                Judgement::Unfit(_) => {}
            }
        }
        tally
    }

    /// Two thirds of the frames against next to no other, or unclear.
    fn vote(&self) -> Finding {
        if self.is_settled(self.visible) {
            return Finding::Visible;
        }
        if self.is_settled(self.not_visible) {
            return Finding::NotVisible;
        }
        Finding::Unclear(self.doubt())
    }

    /// Whether `frames` of one kind settle the look: at least two thirds of the frames, and at
    /// most a tenth that say something else. Weak evidence contradicts nothing.
    ///
    /// Two thirds: a sleeper who turns may be lost for a third of a look. A tenth: one wavering
    /// frame of the usual ten must not send anybody out, two may be somebody passing through.
    /// Both by judgement; the bound on wrong *visible* is measured over whole looks.
    fn is_settled(&self, frames: usize) -> bool {
        let otherwise = self.frames - frames - self.weak;
        frames * 3 >= self.frames * 2 && self.is_stray(otherwise)
    }

    /// Whether `frames` are so few of the look that they change nothing: a tenth at most.
    fn is_stray(&self, frames: usize) -> bool {
        frames * 10 <= self.frames
    }

    fn doubt(&self) -> Reason {
        let in_place = self.visible + self.several > 0;
        let empty_place = self.not_visible + self.outside > 0;
        let elsewhere = self.outside + self.several > 0;
        let all_but_a_stray = |frames: usize| self.is_settled(frames);
        if all_but_a_stray(self.several) {
            Reason::Several
        } else if all_but_a_stray(self.outside) {
            Reason::OutsideSleepingPlace
        } else if in_place && empty_place {
            Reason::FramesDisagree
        } else if in_place && elsewhere {
            Reason::Several
        } else if elsewhere {
            Reason::OutsideSleepingPlace
        } else {
            Reason::WeakEvidence
        }
    }
}

#[cfg(test)]
mod tests {
    use nattsyn_calibration::grid::{NEVER, log_odds, turned};
    use nattsyn_calibration::home::{Said, said};
    use nattsyn_models::Margins;
    use proptest::prelude::*;

    use super::*;
    use crate::presence::{Levels, Standard};

    /// How far apart the thresholds of these tests lie, in logits: as those that are shipped.
    const GAP: f32 = 5.1;

    const CUTS: Cuts = Cuts {
        visible: 2.6,
        not_visible: 2.6 - GAP,
    };

    /// The lowest levels of either word that are no laxer than these thresholds.
    const LEAST: Levels = Levels {
        visible: 43,
        not_visible: 41,
    };

    /// Frames whose evidence lies so far above the threshold of *visible*.
    fn frames(above: &[f32]) -> Vec<Judged> {
        raised(above, (0.0, 0.0))
    }

    /// The same frames as a network would judge them whose thresholds are stricter by so much.
    fn raised(above: &[f32], (visible_by, not_visible_by): (f32, f32)) -> Vec<Judged> {
        let judged = |above: f32| {
            let visible = above - visible_by;
            let not_visible = -GAP - above - not_visible_by;
            Judged {
                judgement: if visible >= 0.0 {
                    Judgement::Visible
                } else if not_visible >= 0.0 {
                    Judgement::NotVisible
                } else {
                    Judgement::Unclear(Doubt::WeakEvidence)
                },
                margins: Margins {
                    visible,
                    not_visible,
                },
                cuts: CUTS,
            }
        };
        above.iter().copied().map(judged).collect()
    }

    fn concluded(above: &[f32]) -> String {
        conclude(&frames(above)).finding.to_string()
    }

    fn is_steady(above: &[f32]) -> bool {
        let frames = frames(above);
        Steady::of(&frames, &Tally::of(&frames)).is_some()
    }

    /// The word of the calibration as a finding.
    fn word(levels: Levels, bin: Bin) -> Finding {
        match said((levels.visible, levels.not_visible), bin) {
            Said::Visible => Finding::Visible,
            Said::NotVisible => Finding::NotVisible,
            Said::Unclear => Finding::Unclear(Reason::WeakEvidence),
        }
    }

    fn levels() -> impl Strategy<Value = Levels> {
        let both = (LEAST.visible..=NEVER, LEAST.not_visible..=NEVER);
        both.prop_map(|(visible, not_visible)| Levels {
            visible,
            not_visible,
        })
    }

    /// Frames that lie close together, and frames that need not.
    fn looks() -> impl Strategy<Value = Vec<f32>> {
        let noise = proptest::collection::vec(-1.2f32..1.2, 3..=10);
        let steady = (-12.0f32..7.0, noise)
            .prop_map(|(base, noise)| noise.iter().map(|n| base + n).collect());
        prop_oneof![steady, proptest::collection::vec(-12.0f32..7.0, 3..=10)]
    }

    #[test]
    fn never_is_never_however_clear_the_look() {
        let never = Standard::Homes(Levels {
            visible: NEVER,
            not_visible: NEVER,
        });
        for above in [[9.2; 5], [-14.3; 5], [0.0; 5], [f32::MAX; 5], [f32::MIN; 5]] {
            let look = conclude(&frames(&above));
            let weak = Finding::Unclear(Reason::WeakEvidence);
            assert_eq!(look.at(never), weak, "{above:?}");
            let changed = match look.finding {
                Finding::Visible | Finding::NotVisible => Finding::Unclear(Reason::Changed),
                other @ (Finding::Unclear(_) | Finding::Technical(_) | Finding::Paused) => other,
            };
            assert_eq!(look.at(Standard::Changed), changed);
        }
    }

    #[test]
    fn a_look_that_no_threshold_settles_has_no_bin() {
        let disagree = conclude(&frames(&[-9.0, -9.0, 5.0, 5.0, 5.0]));
        assert_eq!(disagree.finding, Finding::Unclear(Reason::FramesDisagree));
        assert_eq!(disagree.bin, None);
        for doubt in [Doubt::Several, Doubt::OutsideSleepingPlace] {
            let mut several = frames(&[5.0; 5]);
            for frame in &mut several {
                frame.judgement = Judgement::Unclear(doubt);
            }
            assert_eq!(conclude(&several).bin, None);
        }
        let weak = conclude(&frames(&[-1.0; 5]));
        assert_eq!(weak.bin, Some(Bin::of_log_odds(1.6)));
    }

    #[test]
    fn frames_of_a_steady_look_that_waver_about_the_threshold_are_one_piece_of_evidence() {
        assert_eq!(concluded(&[0.9, 0.8, 0.7, -0.1, -0.2]), "visible");
        assert_eq!(
            concluded(&[0.9, 0.2, -0.1, -0.2, -0.3]),
            "unclear(weak_evidence)"
        );
        let below = |margin: f32| -GAP - margin;
        let wavering = [0.9, 0.8, 0.7, -0.1, -0.2].map(below);
        assert_eq!(concluded(&wavering), "not_visible");
    }

    #[test]
    fn one_frame_far_above_cannot_make_a_steady_look_visible() {
        assert_eq!(
            concluded(&[2.0, -0.1, -0.1, -0.1, -0.1]),
            "unclear(weak_evidence)"
        );
    }

    #[test]
    fn something_that_came_and_went_is_not_visible_however_clearly_it_was_seen() {
        let nobody = -9.0;
        assert_eq!(
            concluded(&[nobody, nobody, 9.0, 9.0, 9.0]),
            "unclear(frames_disagree)"
        );
        assert_eq!(
            concluded(&[-2.6, -2.6, 9.0, 9.0, 9.0]),
            "unclear(weak_evidence)"
        );
    }

    proptest! {
        /// Movement is what spreads the frames: drawn together about their middle, the same look
        /// is *visible* if it was before. So no movement ever makes a look *visible*.
        #[test]
        fn no_movement_makes_a_look_visible_that_would_not_be_without(
            above in proptest::collection::vec(-9.0f32..9.0, 3..=10),
        ) {
            let mut sorted = above.clone();
            sorted.sort_by(f32::total_cmp);
            let middle = sorted[(sorted.len() - 1) / 2];
            let still = vec![middle; above.len()];
            if concluded(&above) == "visible" {
                prop_assert_eq!(concluded(&still), "visible");
            }
        }

        /// More evidence in any frame of a steady look never takes *visible* away from it, and
        /// never gives it *not visible*.
        #[test]
        fn a_steady_look_follows_its_evidence(
            base in -9.0f32..9.0,
            noise in proptest::collection::vec(-1.2f32..1.2, 3..=10),
            more in 0.0f32..0.05,
        ) {
            let above: Vec<f32> = noise.iter().map(|n| base + n).collect();
            let raised: Vec<f32> = above.iter().map(|margin| margin + more).collect();
            if concluded(&above) == "visible" {
                prop_assert_eq!(concluded(&raised), "visible");
            }
            if concluded(&raised) == "not_visible" {
                prop_assert_eq!(concluded(&above), "not_visible");
            }
        }

        /// What the calibration makes of the bin is what was said, so counts can be replayed.
        #[test]
        fn the_bin_replays_to_the_word_that_was_said(above in looks(), levels in levels()) {
            let look = conclude(&frames(&above));
            if let Some(bin) = look.bin {
                prop_assert_eq!(word(levels, bin), look.at(Standard::Homes(levels)));
            }
        }

        /// A steady look at a home's levels is what fusing its frames at those thresholds gives.
        #[test]
        fn a_steady_look_is_judged_as_if_the_network_had_the_homes_thresholds(
            above in looks(),
            levels in levels(),
        ) {
            prop_assume!(is_steady(&above));
            #[expect(clippy::cast_possible_truncation, reason = "a few log-odds")]
            let by = |level: f64, cut: f32| (level - f64::from(cut)) as f32;
            let visible_by = by(log_odds(levels.visible.min(NEVER - 1)), CUTS.visible);
            let down = log_odds(turned(levels.not_visible.min(NEVER - 1)));
            let stricter = raised(&above, (visible_by, -by(down, CUTS.not_visible)));
            let fused = conclude(&stricter);
            let Some(steady) = Steady::of(&stricter, &Tally::of(&stricter)) else {
                return Err(TestCaseError::reject("its frames moved"));
            };
            // On the threshold itself arithmetic in other steps may round to the other side.
            prop_assume!(steady.visible.least.abs() > 1e-3);
            prop_assume!(steady.not_visible.least.abs() > 1e-3);
            let at = conclude(&frames(&above)).at(Standard::Homes(Levels {
                visible: levels.visible.min(NEVER - 1),
                not_visible: levels.not_visible.min(NEVER - 1),
            }));
            prop_assert_eq!(at, fused.finding);
        }

        /// Whoever raises a level takes words away and never adds or changes one, whatever the
        /// pair: also one that is laxer than the model, or that would say both.
        #[test]
        fn a_higher_level_only_ever_takes_a_word_away(
            above in looks(),
            (visible, not_visible) in (0..=NEVER, 0..=NEVER),
            (visible_more, not_visible_more) in (0..=NEVER, 0..=NEVER),
        ) {
            let look = conclude(&frames(&above));
            let at = |visible, not_visible| look.at(Standard::Homes(Levels {
                visible,
                not_visible,
            }));
            let lower = at(visible, not_visible);
            let higher = at(
                visible.saturating_add(visible_more).min(NEVER),
                not_visible.saturating_add(not_visible_more).min(NEVER),
            );
            let is_word = |said| matches!(said, Finding::Visible | Finding::NotVisible);
            if is_word(lower) {
                prop_assert_eq!(lower, look.finding);
            }
            if is_word(higher) {
                prop_assert_eq!(higher, look.finding);
            }
            // Where the lower pair is crossed, evidence that is both words counts as visible.
            if u16::from(visible) + u16::from(not_visible) + 1 >= u16::from(NEVER)
                && is_word(higher)
            {
                prop_assert_eq!(higher, lower);
            }
        }

        /// More evidence in every frame of a steady look never lowers its bin.
        #[test]
        fn more_evidence_never_reaches_fewer_levels(above in looks(), more in 0.0f32..3.0) {
            prop_assume!(is_steady(&above));
            let clearer: Vec<f32> = above.iter().map(|margin| margin + more).collect();
            // Added up in other steps, the width may round to the other side of steady.
            prop_assume!(is_steady(&clearer));
            let bin = |above: &[f32]| conclude(&frames(above)).bin;
            if let (Some(before), Some(after)) = (bin(&above), bin(&clearer)) {
                prop_assert!(before <= after, "{before:?} {after:?}");
            }
        }
    }
}
