//! What the eye tells of its evidence once a night, and whether it still trusts its thresholds.
//!
//! What is counted is [`Reached`]'s to say; here it is kept, signed and handed to the voice. A
//! night's counts are said when it is over and once more after a restart; the voice keeps them
//! for the hub. Of a night that ends while no voice reads, and after which no eye starts before
//! the next one ends, they are lost: replay has one night less, and no promise rests on it.

use nattsyn_calibration::grid::Bin;
use nattsyn_calibration::monitor::Looks;
use nattsyn_clock::Now;
use nattsyn_protocol::grant::FIRST_LOOK_AGAIN;
use nattsyn_protocol::labels::LabelMessage;
use nattsyn_protocol::thresholds::{CountsMessage, ThresholdsMessage};
use nattsyn_protocol::time::Timestamp;

use super::Eye;
use crate::guard::{Errand, Taken};
use crate::memory::{EyeMemory, Found};
use crate::pair::FromEye;
use crate::presence::Standard;
use crate::reached::{Night, NoJoin, Noted, Reached};

/// The counts, and where they are kept.
pub(super) struct Counting {
    reached: Reached,
    /// `None` where it could not be opened: a restart then begins the night's counts anew.
    place: Option<EyeMemory<Reached>>,
}

impl Counting {
    pub(super) fn resume(
        (place, found): (Option<EyeMemory<Reached>>, Found<Reached>),
        model: Option<&String>,
    ) -> Self {
        let reached = match found {
            Found::Remembered(reached) => reached,
            Found::Nothing | Found::Lost => Reached::default(),
        };
        Self {
            // An eye without a model sees nothing that could be compared.
            reached: match model {
                Some(model) => reached.of_model(model),
                None => reached,
            },
            place,
        }
    }

    fn write(&mut self) {
        let Some(place) = &mut self.place else {
            return;
        };
        if let Err(error) = place.write(&self.reached) {
            tracing::error!(%error, "the night's counts cannot be written; a restart loses them");
        }
    }
}

impl Eye {
    pub(super) fn handle_thresholds(&mut self, now: Now, message: &ThresholdsMessage) {
        let before = self.guard.standard();
        match self.guard.handle_thresholds(now.uptime, message) {
            Ok(Taken::Changed) => {
                tracing::info!(held = ?self.guard.held_thresholds(), "thresholds held");
                if before == Standard::Changed
                    && self.guard.standard() != Standard::Changed
                    && self.counting.reached.watch_anew() == Noted::Something
                {
                    self.counting.write();
                }
            }
            Ok(Taken::Unchanged) => {}
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "thresholds not held");
            }
        }
        // Before anything is judged by them: after a crash they must still stand.
        self.write_memory(now);
        self.capability = None;
        self.say_capability(now);
    }

    /// Counts a look that was reported. Without a trusted time nobody knows which night it is.
    pub(super) fn count_look(&mut self, now: Now, errand: Errand, bin: Option<Bin>) {
        if errand.look >= FIRST_LOOK_AGAIN {
            return;
        }
        let (Some(known), Some(over)) =
            (self.known_time(now), self.guard.night_is_over(errand.check))
        else {
            return;
        };
        let commissioned = self.commissioned();
        let counting = &mut self.counting.reached;
        let night = counting.handle_time(self.signer.unit(), known, Some(errand.check));
        let noted = counting.handle_look((errand.check, commissioned), over, bin);
        if let Some(night) = &night {
            self.end_night(now, night);
        } else if noted == Noted::Something {
            self.counting.write();
        }
    }

    /// Joins what somebody found at a check with what its looks have reached.
    pub(super) fn handle_label(&mut self, now: Now, message: &LabelMessage) {
        let label = match self.guard.open_label(message) {
            Ok(label) => label,
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "label not taken");
                return;
            }
        };
        // Its key may have begun an epoch.
        self.write_memory(now);
        let commissioned = self.commissioned();
        match self.counting.reached.handle_label(&label, commissioned) {
            Ok(_) => {
                tracing::debug!(check = %label.check, "labelled");
                self.counting.write();
            }
            Err(why @ NoJoin::Known(_)) => tracing::debug!(%why, "label"),
            Err(why) => tracing::warn!(%why, "label joined with nothing"),
        }
    }

    /// Under which version it is commissioned.
    fn commissioned(&self) -> Option<u32> {
        self.tryout.held().map(|held| held.version)
    }

    /// Ends the night under way when its noon has come.
    pub(super) fn review_night(&mut self, now: Now) {
        let Some(known) = self.known_time(now) else {
            return;
        };
        let unit = self.signer.unit();
        if let Some(night) = self.counting.reached.handle_time(unit, known, None) {
            self.end_night(now, &night);
        }
    }

    /// Says the last night's counts again: the voice may not have been there to hear them.
    pub(super) fn say_last_counts(&self) {
        if let Some(counts) = self.counting.reached.last() {
            let counts = self.signer.document(counts);
            self.say(&FromEye::Counts(CountsMessage { counts }));
        }
    }

    pub(super) fn end_night(&mut self, now: Now, night: &Night) {
        // A home without thresholds of its own was never compared with anything.
        if let (Standard::Homes(_), Some(first)) = (self.guard.standard(), night.first)
            && let Looks::Changed(at) = self.counting.reached.watch(first, lot())
        {
            tracing::error!(
                night = at,
                "the home no longer looks as it did: nothing is settled"
            );
            self.guard.handle_changed_home();
            self.write_memory(now);
            self.say_capability(now);
        }
        self.counting.write();
        self.say_last_counts();
    }

    fn known_time(&mut self, now: Now) -> Option<Timestamp> {
        let moment = self.moment(now);
        self.guard.known_time(moment)
    }
}

/// A number from 0 to 1 that nothing depends on.
fn lot() -> f64 {
    let drawn =
        getrandom::u32().expect("the kernel gave random bytes at the start and never stops");
    f64::from(drawn) / f64::from(u32::MAX)
}
