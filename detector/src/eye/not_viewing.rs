//! A sensor-only unit's live view: none.
//!
//! Takes the place of `viewing` where feature `live-view` is not built in, and says no to
//! everything.

use std::ops::ControlFlow;

use nattsyn_clock::Now;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::grant::Grant;
use nattsyn_protocol::ids::{BootId, CheckId, UnitId};
use nattsyn_protocol::live::{LiveDown, LiveUp, Refusal, Refused};
use nattsyn_protocol::time::Uptime;

use super::seeing::Answer;
use super::{End, Eye};
use crate::guard::Errand;
use crate::light::Lamp;
use crate::pair::FromEye;

/// Nothing.
pub(super) struct Live;

impl Live {
    pub(super) fn new(_unit: UnitId, _boot: BootId, _lamp: Option<Lamp>) -> Self {
        Self
    }

    pub(super) fn is_busy(&self) -> bool {
        false
    }

    pub(super) fn next_timeout(&self) -> Option<Uptime> {
        None
    }

    pub(super) fn burn(&mut self) {}
}

impl Eye {
    pub(super) fn handle_live(&mut self, _now: Now, word: &LiveDown) {
        let check: Option<CheckId> = match word {
            LiveDown::Ask { check } => Some(*check),
            LiveDown::Grant(message) => serde_json::from_str(&message.grant.body)
                .ok()
                .map(|grant: Grant| grant.challenge.check),
            LiveDown::Credit { .. } | LiveDown::End { .. } => return,
        };
        let why = Refusal::NotBuiltIn;
        tracing::warn!(?check, ?why, "live view refused");
        let refused = Refused {
            unit: self.signer.unit(),
            boot: self.signer.boot(),
            check,
            why,
        };
        let signed = self.signer.document(&refused);
        self.say(&FromEye::Live(LiveUp::Refused { signed }));
    }

    pub(super) fn handle_live_answer(&mut self, _now: Now, _answer: Answer) {}

    pub(super) fn handle_live_timeout(&mut self, _now: Now) -> ControlFlow<End> {
        ControlFlow::Continue(())
    }

    pub(super) fn handle_live_finding(&mut self, _now: Now, _errand: Errand, _finding: Finding) {}

    pub(super) fn review_view(&mut self, _now: Now) {}

    pub(super) fn yield_view(&mut self, _now: Now) {}

    pub(super) fn stop_view(&mut self, _now: Now) {}
}
