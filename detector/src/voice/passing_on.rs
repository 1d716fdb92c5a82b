//! Policies, thresholds, counts, commissioning and live views on their way through: passed on,
//! never understood.
//!
//! Down: what the eye's queue does not take is dropped, and the hub, which hears nothing, asks
//! again or gives up. Up: an answer goes out at once or not at all, for it is worth nothing
//! later. A sealed frame is dropped whenever a report waits to be sent, or the link takes no
//! more; the browser then gives no credit and the eye ends the view. So at most one frame is
//! ever in this process, and none on its disk.

use std::time::Duration;

#[cfg(feature = "live-view")]
use nattsyn_protocol::assertion::Base64;
use nattsyn_protocol::commission::{CommissionDown, CommissionUp};
#[cfg(feature = "live-view")]
use nattsyn_protocol::live::FRAME_BYTES;
use nattsyn_protocol::live::{LiveDown, LiveUp};
use nattsyn_protocol::policy::{Capability, PolicyMessage};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::thresholds::{CountsMessage, ThresholdsMessage};
use nattsyn_protocol::topics::Channel;

use super::kept_counts::Put;
use super::{LinkState, Sent, Told, Voice};
use crate::disk::Disk;
use crate::pair::ToEye;
#[cfg(feature = "live-view")]
use crate::uplink::Care;
use crate::uplink::Uplink;
use crate::voice::EyeLine;

impl<D: Disk, U: Uplink, E: EyeLine> Voice<D, U, E> {
    pub(super) fn handle_policy(&mut self, message: PolicyMessage) {
        match self.policy.offer(message.clone(), self.unit) {
            Ok(()) => {
                self.tell_eye(&ToEye::Policy(message));
            }
            Err(error) => self.drop_unreadable("policy", &error),
        }
    }

    pub(super) fn handle_thresholds(&mut self, message: ThresholdsMessage) {
        match self.thresholds.offer(message.clone(), self.unit) {
            Ok(()) => {
                self.tell_eye(&ToEye::Thresholds(message));
            }
            Err(error) => self.drop_unreadable("thresholds", &error),
        }
    }

    /// What an eye that starts is given before any plan: policy first.
    pub(super) fn give_newest(&mut self) {
        let policies = self.policy.messages().cloned().map(ToEye::Policy);
        let thresholds = self.thresholds.messages().cloned().map(ToEye::Thresholds);
        let words: Vec<ToEye> = policies.chain(thresholds).collect();
        for word in words {
            self.tell_eye(&word);
        }
    }

    pub(super) fn handle_capability(&mut self, real: Duration, signed: Signed) {
        let capability: Capability = match serde_json::from_str(&signed.body) {
            Ok(capability) => capability,
            Err(error) => return self.drop_unreadable("capability of the eye", &error),
        };
        let disk = self.outbox.disk();
        self.policy.confirm(&capability, disk);
        self.thresholds.confirm(&capability, disk);
        let before = self.capability.as_ref().map(|it| &it.body);
        let is_new = before != Some(&signed.body);
        self.capability = Some(signed);
        if is_new && self.link == LinkState::Up {
            self.say_hello(real);
        }
    }

    pub(super) fn handle_counts(&mut self, message: CountsMessage) {
        match self.counts.put(message) {
            Ok(Put::New) => {}
            Ok(Put::Known) => return,
            Err(error) => return self.drop_unreadable("counts from the eye", &error),
        }
        self.counts.write_down(self.outbox.disk());
        if self.link == LinkState::Up {
            self.counts.begin_round();
            self.send_counts();
        }
    }

    /// Sends the next night's counts, if no report waits to be sent and none are on their way.
    pub(super) fn send_counts(&mut self) {
        let is_busy = self.sending.sent.contains(&Sent::Counts);
        if is_busy || self.link == LinkState::Down || self.sending.holds_back(&self.outbox) {
            return;
        }
        if let Some((night, counts)) = self.counts.next()
            && self.send(Channel::Counts, &CountsMessage { counts }, Sent::Counts) == Told::Yes
        {
            self.counts.handle_sent(night);
        }
    }

    pub(super) fn handle_commission_down(&mut self, word: CommissionDown) {
        self.tell_eye(&ToEye::Commission(word));
    }

    pub(super) fn handle_commission_up(&mut self, word: &CommissionUp) {
        if self.link == LinkState::Down
            || self.send(Channel::CommissionUp, word, Sent::CommissionUp) == Told::No
        {
            tracing::warn!("answer about commissioning dropped: the link takes none");
        }
    }

    pub(super) fn handle_live_down(&mut self, word: LiveDown) {
        self.tell_eye(&ToEye::Live(word));
    }

    pub(super) fn handle_live_up(&mut self, word: &LiveUp) {
        if self.link == LinkState::Down
            || self.send(Channel::LiveUp, word, Sent::LiveUp) == Told::No
        {
            tracing::warn!("answer about a live view dropped: the link takes none");
        }
    }

    #[cfg(feature = "live-view")]
    pub(super) fn handle_frame(&mut self, Base64(frame): Base64) {
        if frame.len() != FRAME_BYTES {
            tracing::warn!(bytes = frame.len(), "what is no sealed frame dropped");
        } else if self.link == LinkState::Down || self.sending.holds_back(&self.outbox) {
            tracing::debug!("sealed frame dropped: a report comes first, or the link is down");
        } else if let Err(error) = self.uplink.send(Channel::Frame, Care::Once, frame) {
            tracing::debug!(%error, "sealed frame dropped");
        }
    }
}
