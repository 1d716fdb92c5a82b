//! One unit: when it was last heard, and when its silence needs a person.
//!
//! Measured by uptime, so that a clock that is set does not make a unit silent. A hub that has
//! just started gives every unit the same grace as if it had just been heard.

use std::time::Duration;

use nattsyn_protocol::heartbeat::{ASK_AFTER, ASK_BEFORE_LOOK, EyeState, SILENT_AFTER};
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::Moment;
use super::agenda::UnitMoments;
use crate::view::Hearing;

/// One unit and how it is heard.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnitState {
    /// When it was last heard; `None` if not since the hub started.
    pub(super) heard: Option<Timestamp>,
    /// Since when its silence counts.
    since: Uptime,
    eye: EyeState,
    /// Whether a person has acted on this silence.
    answer: Answer,
}

/// Whether a person has acted on a unit's silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Pending,
    Given,
}

impl UnitState {
    pub(super) fn new(start: Uptime) -> Self {
        Self {
            heard: None,
            since: start,
            eye: EyeState::Ready,
            answer: Answer::Pending,
        }
    }

    /// Takes in a sign of life; a heartbeat also says how the eye is.
    pub(super) fn hear(&mut self, now: Moment, eye: Option<EyeState>) {
        self.heard = Some(now.timestamp);
        self.since = now.uptime;
        self.eye = eye.unwrap_or(self.eye);
        self.answer = Answer::Pending;
    }

    /// A person has acted on this silence: they are asked again before the next look, and not
    /// at once.
    pub(super) fn answer(&mut self) {
        self.answer = Answer::Given;
    }

    pub(super) fn hearing(&self, now: Uptime) -> Hearing {
        match self.silence(now) {
            Some(silence) => Hearing::Silent(silence),
            None => match self.eye {
                EyeState::Ready => Hearing::Well,
                // A No, not a fault: what it means for a check that is due, its look says.
                EyeState::Paused => Hearing::Paused,
                EyeState::Faulty | EyeState::Down | EyeState::Unrecognised => Hearing::EyeTrouble,
            },
        }
    }

    /// How long it has been silent, once that is more than heartbeats getting lost.
    pub(super) fn silence(&self, now: Uptime) -> Option<Duration> {
        Some(now.since(self.since)).filter(|&silence| silence >= SILENT_AFTER)
    }

    /// When a person is to be asked, if it stays silent: after [`ASK_AFTER`], or
    /// [`ASK_BEFORE_LOOK`] before its next look, but never before [`SILENT_AFTER`]. Once a
    /// person has acted on the silence, only before the next look.
    pub(super) fn ask_at(&self, now: Moment, next_look: Option<Timestamp>) -> Option<Uptime> {
        let before_look = next_look.map(|look| now.uptime_at(look.before(ASK_BEFORE_LOOK)));
        let late = match self.answer {
            Answer::Pending => Some(self.since.after(ASK_AFTER)),
            Answer::Given => None,
        };
        let first = late.into_iter().chain(before_look).min()?;
        Some(first.max(self.since.after(SILENT_AFTER)))
    }

    /// The moments at which its silence changes something next; see
    /// [`UnitState::next_timeout`], which says the same the slow way.
    pub(super) fn moments(&self, now: Moment, next_look: Option<Timestamp>) -> UnitMoments {
        let shown_at = self.since.after(SILENT_AFTER);
        if now.uptime < shown_at {
            return UnitMoments {
                by_uptime: Some(shown_at),
                by_clock: None,
            };
        }
        match self.ask_at(now, next_look) {
            Some(asked_at) if asked_at > now.uptime => UnitMoments {
                by_uptime: match self.answer {
                    Answer::Pending => Some(self.since.after(ASK_AFTER)),
                    Answer::Given => None,
                },
                by_clock: next_look.map(|look| look.before(ASK_BEFORE_LOOK)),
            },
            Some(_) | None => UnitMoments::default(),
        }
    }

    /// The next moment after `now` at which its silence changes something.
    #[cfg(test)]
    pub(super) fn next_timeout(&self, now: Moment, next_look: Option<Timestamp>) -> Option<Uptime> {
        let asked_at = self.ask_at(now, next_look);
        [Some(self.since.after(SILENT_AFTER)), asked_at]
            .into_iter()
            .flatten()
            .filter(|&at| at > now.uptime)
            .min()
    }
}
