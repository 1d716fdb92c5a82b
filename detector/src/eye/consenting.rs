//! What hands and policies change: the switch, the button, what the eye says it can do.

use std::ops::ControlFlow;

use nattsyn_clock::Now;
use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::policy::{Build, Capability, PolicyMessage};

use super::{End, Eye};
use crate::guard::Taken;
use crate::pair::FromEye;
use crate::panel::{Position, Touch};

/// Findings that are remembered, a check each: as many as a night of plans has. At the bound
/// the oldest goes, and its check has to be looked at anew before a live view.
const FINDINGS_MAX: usize = 64;

/// What this binary was built with.
const BUILD: Build = if cfg!(feature = "live-view") {
    Build::LiveView
} else {
    Build::SensorOnly
};

impl Eye {
    pub(super) fn handle_policy(&mut self, now: Now, message: &PolicyMessage) {
        match self.guard.handle_policy(self.moment(now), message) {
            Ok(Taken::Changed) => tracing::info!("policy held"),
            Ok(Taken::Unchanged) => {}
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "policy not held");
            }
        }
        // Before anything is done by it: after a crash it must still stand.
        self.write_memory(now);
        self.review_view(now);
        self.review_leave();
        self.capability = None;
        self.say_capability(now);
    }

    pub(super) fn handle_touch(&mut self, now: Now, touch: Touch) -> ControlFlow<End> {
        match touch {
            Touch::Pressed => {
                if self.guard.handle_button(now.uptime) == Taken::Changed {
                    tracing::info!("approved at the unit");
                }
                self.write_memory(now);
                self.say_capability(now);
                ControlFlow::Continue(())
            }
            Touch::Switched(position) => self.handle_switch(now, position),
        }
    }

    fn handle_switch(&mut self, now: Now, position: Position) -> ControlFlow<End> {
        tracing::info!(?position, "privacy switch");
        self.switch = position;
        // Whoever was to see a moment ago asks anew.
        self.live.burn();
        self.review_view(now);
        // A frame that is being taken ends with the look when it comes.
        let is_idle = self.looking.as_ref().is_some_and(|it| it.hold.is_none());
        if let Some(finding) = instead_of_looking(position).filter(|_| is_idle) {
            self.conclude(now, finding);
        }
        self.say_alive(now);
        ControlFlow::Continue(())
    }

    /// What a due look comes to while the switch is not on: a report at once, and no light.
    pub(super) fn report_unlooked(&mut self, now: Now, check: CheckId, look: u8) {
        let Some(finding) = instead_of_looking(self.switch) else {
            return;
        };
        let moment = self.moment(now);
        match self.guard.pause(moment, check, look) {
            Ok(errand) => self.report(now, errand, finding),
            Err(why) => self.refuse(check, look, why),
        }
        self.write_memory(now);
    }

    /// Says what the eye can do, if it has not said just that.
    pub(super) fn say_capability(&mut self, now: Now) {
        let moment = self.moment(now);
        let capability = Capability {
            unit: self.signer.unit(),
            boot: self.signer.boot(),
            build: BUILD,
            policy: self.guard.held_policy(moment),
            thresholds: self.guard.held_thresholds(),
            commissioning: self.guard.held_commissioning(),
            commissioned: self.tryout.held(),
            word: self.guard.word(),
        };
        if self.capability.as_ref() != Some(&capability) {
            self.say(&FromEye::Capable(self.signer.document(&capability)));
            self.capability = Some(capability);
        }
    }

    /// Remembers how the last look of a check ended.
    pub(super) fn note_finding(&mut self, check: CheckId, finding: Finding) {
        self.findings.retain(|(of, _)| *of != check);
        if self.findings.len() >= FINDINGS_MAX {
            self.findings.pop_front();
        }
        self.findings.push_back((check, finding));
    }
}

/// What a look comes to by how the switch stands; none where looks may be made.
///
/// A switch that cannot be read has no word of its own on the wire: an eye that may not use its
/// camera has none that gives pictures, which is a technician's affair as this is.
pub(super) fn instead_of_looking(switch: Position) -> Option<Finding> {
    match switch {
        Position::On => None,
        Position::Off => Some(Finding::Paused),
        Position::Unreadable => Some(Finding::Technical(Fault::CameraDown)),
    }
}
