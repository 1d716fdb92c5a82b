//! One unit: when it was last heard, and when its silence needs a person.
//!
//! Measured by uptime, so that a clock that is set does not make a unit silent. A hub that has
//! just started gives every unit the same grace as if it had just been heard.

use std::time::Duration;

use nattsyn_protocol::heartbeat::{ASK_AFTER, ASK_BEFORE_LOOK, EyeState, SILENT_AFTER};
use nattsyn_protocol::time::{Timestamp, Uptime};

use super::Moment;
use crate::view::Hearing;

/// One unit and how it is heard.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnitState {
    /// When it was last heard; `None` if not since the hub started.
    pub(super) heard: Option<Timestamp>,
    /// Since when its silence counts.
    since: Uptime,
    eye: EyeState,
}

impl UnitState {
    pub(super) fn new(start: Uptime) -> Self {
        Self {
            heard: None,
            since: start,
            eye: EyeState::Ready,
        }
    }

    /// Takes in a sign of life; a heartbeat also says how the eye is.
    pub(super) fn hear(&mut self, now: Moment, eye: Option<EyeState>) {
        self.heard = Some(now.timestamp);
        self.since = now.uptime;
        self.eye = eye.unwrap_or(self.eye);
    }

    pub(super) fn hearing(&self, now: Uptime) -> Hearing {
        match self.silence(now) {
            Some(silence) => Hearing::Silent(silence),
            None => match self.eye {
                EyeState::Ready => Hearing::Well,
                EyeState::Faulty | EyeState::Down | EyeState::Unrecognised => Hearing::EyeTrouble,
            },
        }
    }

    /// How long it has been silent, once that is more than heartbeats getting lost.
    pub(super) fn silence(&self, now: Uptime) -> Option<Duration> {
        Some(now.since(self.since)).filter(|&silence| silence >= SILENT_AFTER)
    }

    /// When a person is to be asked, if it stays silent: after [`ASK_AFTER`], or
    /// [`ASK_BEFORE_LOOK`] before its next look, but never before [`SILENT_AFTER`].
    pub(super) fn ask_at(&self, now: Moment, next_look: Option<Timestamp>) -> Uptime {
        let late = self.since.after(ASK_AFTER);
        let before_look =
            next_look.map_or(late, |look| now.uptime_at(look.before(ASK_BEFORE_LOOK)));
        late.min(before_look).max(self.since.after(SILENT_AFTER))
    }

    /// The next moment after `now` at which its silence changes something.
    pub(super) fn next_timeout(&self, now: Moment, next_look: Option<Timestamp>) -> Option<Uptime> {
        [self.since.after(SILENT_AFTER), self.ask_at(now, next_look)]
            .into_iter()
            .filter(|&at| at > now.uptime)
            .min()
    }
}
