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

use nattsyn_models::{Doubt, Judgement};
use nattsyn_protocol::finding::{Finding, Reason};

use super::Judged;

/// Largest spread of the frames' evidence within a steady look, in logits.
///
/// 95 % of 199 generated looks at somebody who lies still spread by less than 2.4, and of 571 at
/// nobody by less than 2.1; of 65 in which the sleeper turns, half by more than 2.2.
const STEADY: f32 = 2.5;

/// What the look concludes; `frames` are fit, fresh and judged.
pub(super) fn conclude(frames: &[Judged]) -> Finding {
    let tally = Tally::of(frames);
    if !tally.is_stray(tally.outside + tally.several) {
        return tally.vote();
    }
    let visible = Spread::of(frames.iter().map(|frame| frame.margins.visible));
    let not_visible = Spread::of(frames.iter().map(|frame| frame.margins.not_visible));
    let (Some(visible), Some(not_visible)) = (visible, not_visible) else {
        return tally.vote();
    };
    if visible.width > STEADY {
        tally.vote()
    } else if visible.least >= 0.0 {
        Finding::Visible
    } else if not_visible.least >= 0.0 {
        Finding::NotVisible
    } else {
        Finding::Unclear(tally.doubt())
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
    use nattsyn_models::Margins;
    use proptest::prelude::*;

    use super::*;

    /// How far apart the thresholds of these tests lie, in logits: as those that are shipped.
    const GAP: f32 = 5.1;

    /// Frames whose evidence lies so far above the threshold of *visible*.
    fn frames(above: &[f32]) -> Vec<Judged> {
        let judged = |visible: f32| {
            let not_visible = -GAP - visible;
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
            }
        };
        above.iter().copied().map(judged).collect()
    }

    fn concluded(above: &[f32]) -> String {
        conclude(&frames(above)).to_string()
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
    }
}
