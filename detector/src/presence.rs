//! Fuses the frames of one look into one [`Finding`].
//!
//! The model is right about one frame more often than about every frame, and a camera fails in
//! ways that a single frame does not show: a frozen picture is sharp and well exposed. So the
//! frames of a look are counted, not averaged:
//!
//! 1. A frame that repeats an earlier one of the look is no evidence. Sensor noise makes every
//!    honest frame differ, however still the sleeper lies.
//! 2. Nor is a frame that has nothing in common with the one before it: it is noise, however
//!    much it looks like a room, and the lamp is dead.
//! 3. If half of the frames or more are unfit, repeated or missing, the look is technical: a
//!    blind picture is never *visible* and never *not visible*.
//! 4. What remains is fused (`presence/fusion.rs`): a steady look by its middle and its mean, a
//!    look in which something moved by a vote that asks for more. Everything between is unclear,
//!    with the reason.
//!
//! Pure: no clock, no camera, no model. Knows one look and remembers nothing after it.

mod fusion;

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;

use nattsyn_calibration::grid::Bin;
use nattsyn_calibration::home::{Said, said};
use nattsyn_models::{Cuts, Frame, Health, Judgement, Margins, Sighting, Thresholds};
use nattsyn_protocol::finding::{Fault, Finding, Reason};

use crate::relief::Likeness;

/// Fewest judged frames that may settle a look: below three, "most" means all or nothing.
pub const JUDGED_MIN: usize = 3;

/// Stands for a frame's exact pixels, to tell a repeated frame from a fresh one.
///
/// Nothing of the picture can be had back from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub u64);

/// The camera driver's number of a frame: a fresh frame has a fresh number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequence(pub u64);

/// What is known of one frame once its pixels are gone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// What it shows by itself; nothing if it is fit to judge by and the network was not asked.
    pub judged: Option<Judged>,
    /// Its pixels' stand-in.
    pub fingerprint: Fingerprint,
    /// The driver's number of it.
    pub sequence: Sequence,
    /// What it has in common with the frame before; `None` for the first of a look.
    pub likeness: Option<Likeness>,
}

/// What the network says of one frame, at the model's thresholds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// What the frame shows.
    pub judgement: Judgement,
    /// How far its evidence lies from the thresholds; of an unfit frame it means nothing.
    pub margins: Margins,
    /// The model's thresholds, the same for every frame of a look.
    pub cuts: Cuts,
}

/// Where a home has evidence become a word: levels of the calibration's grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// *Visible* is said of bins above this level; 64 is never.
    pub visible: u8,
    /// *Not visible* is said of bins above this level with the grid turned round; 64 is never.
    pub not_visible: u8,
}

/// By what a look's evidence becomes a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// The model's own thresholds.
    Models,
    /// Those, and beside them the home's: the stricter of the two.
    Homes(Levels),
    /// The home no longer looks as it did when its thresholds were found: no evidence is enough.
    Changed,
}

/// What one look concludes by the model, and where its evidence lies on the grid.
///
/// The *bin* is how many levels of the calibration's grid the look's evidence reaches, 0 to 64.
/// For every pair of levels of which neither is laxer than the model,
/// [`said`](nattsyn_calibration::home::said) of pair and bin is the word that [`Self::at`] says:
///
/// - Of a steady look the evidence is the smaller of its frames' middle and mean if that is a word
///   nearer to *visible*, and the larger of the two if it is nearer to *not visible*.
/// - Of a look in which something moved it is what two thirds of the frames reach.
/// - A look that is neither at the model's thresholds and whose evidence is merely weak has one,
///   between the model's two. A look that no threshold settles has none: technical, paused,
///   somebody elsewhere, several, frames that disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concluded {
    /// By the model's thresholds.
    pub finding: Finding,
    /// Levels reached; `None` where no threshold decides.
    pub bin: Option<Bin>,
}

impl Concluded {
    fn undecidable(finding: Finding) -> Self {
        Self { finding, bin: None }
    }

    /// The finding at a home's standard: the model's own, or *unclear* where that says too much.
    #[must_use]
    pub fn at(self, standard: Standard) -> Finding {
        let word = match self.finding {
            Finding::Visible => Said::Visible,
            Finding::NotVisible => Said::NotVisible,
            other @ (Finding::Unclear(_) | Finding::Technical(_) | Finding::Paused) => {
                return other;
            }
        };
        match standard {
            Standard::Models => self.finding,
            Standard::Homes(Levels {
                visible,
                not_visible,
            }) => {
                let says = |bin| said((visible, not_visible), bin);
                match self.bin.map(says) {
                    Some(said) if said == word => self.finding,
                    Some(_) | None => Finding::Unclear(Reason::WeakEvidence),
                }
            }
            Standard::Changed => Finding::Unclear(Reason::Changed),
        }
    }
}

/// Counts the frames of one look.
#[derive(Debug)]
pub struct Presence {
    planned: usize,
    fresh: Vec<Observation>,
    faults: Vec<Fault>,
}

impl Fingerprint {
    /// The fingerprint of a frame.
    ///
    /// 64 bits: two different frames of a look share one by chance less than once in 10¹⁷
    /// looks, and then one frame is not counted.
    #[must_use]
    pub fn of(frame: &Frame) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(frame.luma());
        Self(hasher.finish())
    }
}

impl Judged {
    /// A frame that is not fit to judge by, without asking the network.
    #[must_use]
    pub fn unfit(health: Health) -> Self {
        let nothing = Margins {
            visible: 0.0,
            not_visible: 0.0,
        };
        Self {
            judgement: Judgement::Unfit(health),
            margins: nothing,
            cuts: Cuts {
                visible: 0.0,
                not_visible: 0.0,
            },
        }
    }

    /// Whether the frame is fit to judge by.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        !matches!(self.judgement, Judgement::Unfit(_))
    }

    /// What a sighting says at these thresholds.
    #[must_use]
    pub fn of(sighting: &Sighting, thresholds: &Thresholds) -> Self {
        Self {
            judgement: thresholds.judge(sighting),
            margins: thresholds.margins(sighting),
            cuts: thresholds.cuts(),
        }
    }
}

impl Observation {
    fn repeats(&self, earlier: &Self) -> bool {
        self.fingerprint == earlier.fingerprint || self.sequence == earlier.sequence
    }
}

impl Presence {
    /// A look of `planned` frames, none of which has come.
    #[must_use]
    pub fn new(planned: usize) -> Self {
        Self {
            planned,
            fresh: Vec::with_capacity(planned),
            faults: Vec::new(),
        }
    }

    /// Takes in what one frame shows.
    pub fn handle_frame(&mut self, observation: Observation) {
        if let Some(Judgement::Unfit(health)) = observation.judged.map(|frame| frame.judgement) {
            // Before the comparison: a black picture has no noise to tell its frames apart by.
            self.faults.extend(fault_of(health));
        } else if self.fresh.iter().any(|seen| observation.repeats(seen)) {
            self.faults.push(Fault::Frozen);
        } else if observation.likeness == Some(Likeness::Noise) {
            self.faults.push(Fault::Dark);
        } else {
            self.fresh.push(observation);
        }
    }

    /// Takes in that a frame could not be had, or not be judged, and why.
    pub fn handle_loss(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// What the look concluded. Frames that never came count as lost to the camera.
    #[must_use]
    pub fn conclude(&self) -> Concluded {
        let handled = self.fresh.len() + self.faults.len();
        let planned = self.planned.max(handled).max(1);
        if (planned - self.fresh.len()) * 2 >= planned {
            let missing = planned - handled;
            return Concluded::undecidable(Finding::Technical(self.commonest_fault(missing)));
        }
        let judged: Vec<Judged> = self.fresh.iter().filter_map(|each| each.judged).collect();
        if judged.len() < JUDGED_MIN.min(self.fresh.len()) {
            let fault = self.commonest_fault(planned - handled);
            return Concluded::undecidable(Finding::Technical(fault));
        }
        fusion::conclude(&judged)
    }

    fn commonest_fault(&self, missing: usize) -> Fault {
        let count = |fault: Fault| {
            let never_came = if fault == Fault::CameraDown {
                missing
            } else {
                0
            };
            self.faults.iter().filter(|f| **f == fault).count() + never_came
        };
        // Of faults equally common, the one that is documented first: it says more.
        let by_count = Fault::ALL.iter().copied().rev();
        by_count
            .max_by_key(|fault| count(*fault))
            .unwrap_or(Fault::CameraDown)
    }
}

/// `None` for a healthy frame, which is no fault.
fn fault_of(health: Health) -> Option<Fault> {
    match health {
        Health::Ok => None,
        Health::Dark => Some(Fault::Dark),
        Health::Covered => Some(Fault::Covered),
        Health::Blurred => Some(Fault::Blurred),
        Health::Saturated => Some(Fault::Saturated),
    }
}

#[cfg(test)]
mod tests {
    use nattsyn_models::Doubt;
    use proptest::prelude::*;

    use super::*;

    /// A frame of this judgement whose evidence is far from that of every other: where two kinds
    /// meet in a look, something moved.
    fn judged(judgement: Judgement) -> Judged {
        let visible = match judgement {
            Judgement::Visible | Judgement::Unclear(Doubt::Several) => 4.0,
            Judgement::Unclear(Doubt::WeakEvidence) => -3.0,
            Judgement::NotVisible
            | Judgement::Unclear(Doubt::OutsideSleepingPlace)
            | Judgement::Unfit(_) => -9.0,
        };
        let margins = Margins {
            visible,
            not_visible: -5.0 - visible,
        };
        Judged {
            judgement,
            margins,
            cuts: Cuts {
                visible: 2.5,
                not_visible: -2.5,
            },
        }
    }

    /// Feeds `script`, one character a frame, and renders the finding:
    /// `P` visible, `.` not visible, `o` outside, `2` several, `w` weak, `D` dark, `C` covered,
    /// `B` blurred, `S` saturated, `r` a bit-identical repeat of the first frame, `q` a frame
    /// with the first one's sequence number, `n` noise that passes for a room, `-` lost by the
    /// camera, `m` failed in the model, `u` fit and not shown to the network.
    fn run(script: &str) -> String {
        conclude(10, script).to_string()
    }

    fn conclude(planned: usize, script: &str) -> Finding {
        let mut presence = Presence::new(planned);
        for (number, step) in (1u64..).zip(script.chars()) {
            let shows = |judgement| {
                (
                    Some(judged(judgement)),
                    Fingerprint(number),
                    Sequence(number),
                )
            };
            let (judged, fingerprint, sequence) = match step {
                'P' => shows(Judgement::Visible),
                '.' => shows(Judgement::NotVisible),
                'o' => shows(Judgement::Unclear(Doubt::OutsideSleepingPlace)),
                '2' => shows(Judgement::Unclear(Doubt::Several)),
                'w' => shows(Judgement::Unclear(Doubt::WeakEvidence)),
                'u' => (None, Fingerprint(number), Sequence(number)),
                'D' => (
                    Some(judged(Judgement::Unfit(Health::Dark))),
                    Fingerprint(0),
                    Sequence(number),
                ),
                'C' => shows(Judgement::Unfit(Health::Covered)),
                'B' => shows(Judgement::Unfit(Health::Blurred)),
                'S' => shows(Judgement::Unfit(Health::Saturated)),
                'r' => (
                    Some(judged(Judgement::Visible)),
                    Fingerprint(1),
                    Sequence(number),
                ),
                'q' => (
                    Some(judged(Judgement::NotVisible)),
                    Fingerprint(number),
                    Sequence(1),
                ),
                'n' => shows(Judgement::NotVisible),
                '-' => {
                    presence.handle_loss(Fault::CameraDown);
                    continue;
                }
                'm' => {
                    presence.handle_loss(Fault::ModelDown);
                    continue;
                }
                other => panic!("unknown step {other:?}"),
            };
            presence.handle_frame(Observation {
                judged,
                fingerprint,
                sequence,
                likeness: (number > 1).then_some(if step == 'n' {
                    Likeness::Noise
                } else {
                    Likeness::Room
                }),
            });
        }
        presence.conclude().finding
    }

    #[test]
    fn most_frames_settle_it_and_one_stray_frame_changes_nothing() {
        assert_eq!(run("PPPPPPPPPP"), "visible");
        assert_eq!(run("PPPP.PPPPP"), "visible");
        assert_eq!(run("PPPPPPPwww"), "visible");
        assert_eq!(run(".........."), "not_visible");
        assert_eq!(run("....P....."), "not_visible");
        assert_eq!(run(".......www"), "not_visible");
    }

    #[test]
    fn frames_that_contradict_each_other_are_unclear() {
        assert_eq!(run("PPPPP....."), "unclear(frames_disagree)");
        assert_eq!(run("PPPPPPPP.."), "unclear(frames_disagree)");
        assert_eq!(run("........PP"), "unclear(frames_disagree)");
        assert_eq!(run("PPPPPooooo"), "unclear(frames_disagree)");
    }

    #[test]
    fn evidence_between_the_thresholds_is_weak() {
        assert_eq!(run("wwwwwwwwww"), "unclear(weak_evidence)");
        assert_eq!(run("PPPPPwwwww"), "unclear(weak_evidence)");
        assert_eq!(run(".....wwwww"), "unclear(weak_evidence)");
    }

    #[test]
    fn somebody_only_elsewhere_is_outside_the_sleeping_place() {
        assert_eq!(run("oooooooooo"), "unclear(outside_sleeping_place)");
        assert_eq!(run("ooooo....."), "unclear(outside_sleeping_place)");
        assert_eq!(run("ooooowwwww"), "unclear(outside_sleeping_place)");
        assert_eq!(run("oooooooooP"), "unclear(outside_sleeping_place)");
    }

    #[test]
    fn a_visitor_beside_the_sleeper_is_several() {
        assert_eq!(run("2222222222"), "unclear(several)");
        assert_eq!(run("PPPPP22222"), "unclear(several)");
        assert_eq!(run("PPPPPPP222"), "unclear(several)");
    }

    #[test]
    fn a_blind_camera_is_technical_not_absent() {
        assert_eq!(run("DDDDDDDDDD"), "technical(dark)");
        assert_eq!(run("CCCCCCCCCC"), "technical(covered)");
        assert_eq!(run("BBBBBB...."), "technical(blurred)");
        assert_eq!(run("SSSSSPPPPP"), "technical(saturated)");
        assert_eq!(run("DDDCCC...."), "technical(dark)");
    }

    #[test]
    fn a_few_unfit_frames_do_not_spoil_the_look() {
        assert_eq!(run("CCCCPPPPPP"), "visible");
        assert_eq!(run("D-m......."), "not_visible");
    }

    #[test]
    fn every_second_frame_settles_a_look_and_the_others_only_vouch_for_the_camera() {
        assert_eq!(run("PuPuPuPuPu"), "visible");
        assert_eq!(run(".u.u.u.u.u"), "not_visible");
        assert_eq!(run("PuPu.uPuPu"), "unclear(frames_disagree)");
        assert_eq!(run("PuPuPuwuwu"), "unclear(weak_evidence)");
        assert_eq!(run("CCCCPuPuPu"), "visible");
        assert_eq!(run("DDDDDuPuPu"), "technical(dark)");
    }

    #[test]
    fn a_look_of_which_hardly_a_frame_was_judged_settles_nothing() {
        assert_eq!(
            conclude(10, "PPuuuuuu--").to_string(),
            "technical(camera_down)"
        );
        assert!(matches!(conclude(10, "uuuuuuuuuu"), Finding::Technical(_)));
        assert!(matches!(conclude(3, "uuu"), Finding::Technical(_)));
    }

    #[test]
    fn a_dead_camera_is_technical_not_absent() {
        assert_eq!(run(""), "technical(camera_down)");
        assert_eq!(run("----------"), "technical(camera_down)");
        assert_eq!(run("PPPP"), "technical(camera_down)");
        assert_eq!(run("....."), "technical(camera_down)");
    }

    #[test]
    fn a_model_that_fails_is_said_so() {
        assert_eq!(run("mmmmmmmmmm"), "technical(model_down)");
        assert_eq!(run("mmmmm....."), "technical(model_down)");
    }

    #[test]
    fn a_frozen_picture_is_technical_however_good_it_looks() {
        assert_eq!(run("Prrrrrrrrr"), "technical(frozen)");
        assert_eq!(run(".qqqqqqqqq"), "technical(frozen)");
        assert_eq!(run("PPPPPrrrrr"), "technical(frozen)");
    }

    #[test]
    fn noise_is_dark_however_much_it_looks_like_an_empty_room() {
        assert_eq!(run("nnnnnnnnnn"), "technical(dark)");
        assert_eq!(run("Pnnnnn...."), "technical(dark)");
        assert_eq!(conclude(3, "nnn").to_string(), "technical(dark)");
        assert_eq!(run("....n....."), "not_visible");
    }

    #[test]
    fn a_frame_delivered_twice_is_no_evidence_and_no_fault() {
        assert_eq!(run("PPPPPPPPrr"), "visible");
        assert_eq!(run("w.......rr"), "not_visible");
    }

    #[test]
    fn a_still_sleeper_is_not_frozen() {
        // The same judgement in every frame; only the sensor's noise differs.
        assert_eq!(run("PPPPPPPPPP"), "visible");
    }

    #[test]
    fn one_changed_pixel_is_another_picture() {
        let frame = |first| Frame::from_luma8(4, 4, [vec![first], vec![7; 15]].concat()).unwrap();
        assert_eq!(Fingerprint::of(&frame(1)), Fingerprint::of(&frame(1)));
        assert_ne!(Fingerprint::of(&frame(1)), Fingerprint::of(&frame(2)));
    }

    proptest! {
        #[test]
        fn a_blind_look_never_says_visible_or_not_visible(
            blind in proptest::collection::vec("[DCBSrq\\-m]", 5..=12),
            good in proptest::collection::vec("[P.o2w]", 0..=5),
            order in any::<prop::sample::Index>(),
        ) {
            let mut script: Vec<String> = good;
            // A first frame for `r` and `q` to repeat, itself unfit.
            script.insert(order.index(script.len() + 1), "D".to_owned());
            script.splice(0..0, blind);
            let script: String = script.concat();
            // `r` and `q` repeat the first good frame only where one has come.
            let script = script.replace(['r', 'q'], "D");
            let finding = conclude(10, &script);
            prop_assert!(matches!(finding, Finding::Technical(_)), "{script}: {finding}");
        }

        #[test]
        fn visible_and_not_visible_rest_on_most_frames(
            script in "[P.o2wDCBS\\-m]{0,14}",
            planned in 3usize..=14,
        ) {
            let frames = |kind: char| script.chars().filter(|step| *step == kind).count();
            let good: usize = ['P', '.', 'o', '2', 'w'].into_iter().map(frames).sum();
            match conclude(planned, &script) {
                Finding::Visible => {
                    prop_assert!(frames('P') * 3 >= good * 2 && good * 2 > planned);
                    prop_assert!(frames('P') * 3 >= planned);
                }
                Finding::NotVisible => {
                    prop_assert!(frames('.') * 3 >= good * 2 && good * 2 > planned);
                }
                Finding::Unclear(_) => prop_assert!(good * 2 > planned),
                Finding::Technical(_) => prop_assert!(good * 2 <= planned.max(script.len())),
                Finding::Paused => prop_assert!(false, "no switch was pressed"),
            }
        }
    }
}
