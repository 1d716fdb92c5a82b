//! What one sighting says at given thresholds: a pure rule, one frame at a time.
//!
//! The order of the rules is the promise: an unfit picture never says anything about a person,
//! *visible* needs evidence in a sleeping place and none elsewhere, and whatever is neither
//! clearly there nor clearly absent is unclear. Fusing the frames of a look is not done here.

use crate::health::Health;
use crate::manifest::Thresholds;
use crate::model::Sighting;

/// What one frame shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// A person in a sleeping place, and nobody elsewhere.
    Visible,
    /// A good picture with nobody in a sleeping place and nobody elsewhere.
    NotVisible,
    /// A good picture that does not settle it.
    Unclear(Doubt),
    /// The picture is not fit to judge by; never [`Health::Ok`].
    Unfit(Health),
}

/// Why one frame does not settle it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Somebody can be seen, but in no sleeping place.
    OutsideSleepingPlace,
    /// More than one person: one here and one elsewhere, or two side by side.
    Several,
    /// Evidence between the two thresholds.
    WeakEvidence,
}

/// How far one frame's evidence in the sleeping places lies from both thresholds, in logits.
///
/// Means nothing of a frame that is not fit to judge by. Never more than [`MARGIN_MAX`] either
/// way, so that no single frame can outweigh a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margins {
    /// Above the threshold of *visible*; at 0 or more the evidence is a person in place.
    pub visible: f32,
    /// Below the threshold of *not visible*; at 0 or more the evidence is nobody in place.
    pub not_visible: f32,
}

/// The thresholds of *visible* and *not visible* as log-odds, always finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuts {
    /// From where on the evidence is a person in place.
    pub visible: f32,
    /// Down from where it is nobody in place.
    pub not_visible: f32,
}

/// Largest margin that counts, in logits: a score of 0.9999 lies so far above 0.5. The network
/// gives no fit frame of the measured looks more.
pub const MARGIN_MAX: f32 = 9.2;

impl Thresholds {
    /// How far one frame's evidence lies from the thresholds of *visible* and *not visible*.
    ///
    /// Knows nothing of people elsewhere, nor of health: that is [`Thresholds::judge`]'s.
    #[must_use]
    pub fn margins(&self, sighting: &Sighting) -> Margins {
        let evidence = logit(sighting.in_place);
        let bounded = |margin: f32| margin.clamp(-MARGIN_MAX, MARGIN_MAX);
        Margins {
            visible: bounded(evidence - logit(self.visible)),
            not_visible: bounded(logit(self.not_visible) - evidence),
        }
    }

    /// Where *visible* begins and *not visible* ends, on the scale of [`Margins`].
    #[must_use]
    pub fn cuts(&self) -> Cuts {
        Cuts {
            visible: logit(self.visible),
            not_visible: logit(self.not_visible),
        }
    }

    /// What one frame's sighting shows at these thresholds.
    #[must_use]
    pub fn judge(&self, sighting: &Sighting) -> Judgement {
        if sighting.health != Health::Ok {
            return Judgement::Unfit(sighting.health);
        }
        let here = sighting.in_place >= self.visible;
        let elsewhere = sighting.elsewhere >= self.elsewhere;
        let several = sighting.several >= self.several;
        match (here, elsewhere) {
            (true, true) => Judgement::Unclear(Doubt::Several),
            (true, false) if several => Judgement::Unclear(Doubt::Several),
            (true, false) => Judgement::Visible,
            (false, true) => Judgement::Unclear(Doubt::OutsideSleepingPlace),
            (false, false) if sighting.in_place <= self.not_visible => Judgement::NotVisible,
            (false, false) => Judgement::Unclear(Doubt::WeakEvidence),
        }
    }
}

/// The logit of a score, finite also for a score rounded to 0 or 1.
fn logit(score: f32) -> f32 {
    let inner = score.clamp(f32::EPSILON, 1.0 - f32::EPSILON);
    (inner / (1.0 - inner)).ln()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    const THRESHOLDS: Thresholds = Thresholds {
        visible: 0.8,
        not_visible: 0.2,
        elsewhere: 0.6,
        several: 0.7,
    };

    fn judge(in_place: f32, elsewhere: f32, health: Health) -> Judgement {
        THRESHOLDS.judge(&sighting(in_place, elsewhere, health))
    }

    fn sighting(in_place: f32, elsewhere: f32, health: Health) -> Sighting {
        Sighting {
            in_place,
            elsewhere,
            anywhere: in_place.max(elsewhere),
            several: 0.0,
            map: Array2::zeros((32, 40)),
            in_bed: Array2::zeros((32, 40)),
            health,
        }
    }

    #[test]
    fn a_margin_is_positive_exactly_where_the_threshold_is_passed() {
        for score in [0.0, 0.1, 0.199, 0.2, 0.201, 0.5, 0.799, 0.8, 0.801, 1.0] {
            let margins = THRESHOLDS.margins(&sighting(score, 0.0, Health::Ok));
            assert_eq!(margins.visible >= 0.0, score >= 0.8, "{score}: {margins:?}");
            assert_eq!(
                margins.not_visible >= 0.0,
                score <= 0.2,
                "{score}: {margins:?}"
            );
            assert!(margins.visible.abs() <= MARGIN_MAX && margins.not_visible.abs() <= MARGIN_MAX);
        }
    }

    #[test]
    fn two_in_one_bed_are_several() {
        let two = Sighting {
            in_place: 0.95,
            elsewhere: 0.0,
            anywhere: 0.95,
            several: 0.7,
            map: Array2::zeros((32, 40)),
            in_bed: Array2::zeros((32, 40)),
            health: Health::Ok,
        };
        assert_eq!(THRESHOLDS.judge(&two), Judgement::Unclear(Doubt::Several));
    }

    #[test]
    fn visible_needs_evidence_in_a_sleeping_place() {
        assert_eq!(judge(0.8, 0.0, Health::Ok), Judgement::Visible);
        assert_eq!(
            judge(0.79, 0.0, Health::Ok),
            Judgement::Unclear(Doubt::WeakEvidence)
        );
        assert_eq!(judge(0.2, 0.0, Health::Ok), Judgement::NotVisible);
    }

    #[test]
    fn somebody_only_elsewhere_is_outside_the_sleeping_place() {
        for in_place in [0.0, 0.2, 0.5, 0.79] {
            let judged = judge(in_place, 0.6, Health::Ok);
            assert_eq!(judged, Judgement::Unclear(Doubt::OutsideSleepingPlace));
        }
    }

    #[test]
    fn somebody_here_and_somebody_elsewhere_are_several() {
        assert_eq!(
            judge(0.9, 0.6, Health::Ok),
            Judgement::Unclear(Doubt::Several)
        );
    }

    #[test]
    fn an_unfit_picture_is_neither_visible_nor_not_visible() {
        for health in [
            Health::Dark,
            Health::Covered,
            Health::Blurred,
            Health::Saturated,
        ] {
            for (in_place, elsewhere) in [(1.0, 0.0), (0.0, 0.0), (1.0, 1.0), (0.0, 1.0)] {
                assert_eq!(judge(in_place, elsewhere, health), Judgement::Unfit(health));
            }
        }
    }
}
