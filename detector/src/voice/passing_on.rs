//! Policies and live views on their way through: passed on, never kept, never understood.
//!
//! Down: what the eye's queue does not take is dropped, and the hub, which hears nothing, asks
//! again or gives up. Up: an answer goes out at once or not at all, for it is worth nothing
//! later. A sealed frame is dropped whenever a report waits to be sent, or the link takes no
//! more; the browser then gives no credit and the eye ends the view. So at most one frame is
//! ever in this process, and none on its disk.

use std::time::Duration;

#[cfg(feature = "live-view")]
use nattsyn_protocol::assertion::Base64;
#[cfg(feature = "live-view")]
use nattsyn_protocol::live::FRAME_BYTES;
use nattsyn_protocol::live::{LiveDown, LiveUp};
use nattsyn_protocol::policy::PolicyMessage;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::topics::Channel;

use super::kept_policy::Said;
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

    pub(super) fn give_policy(&mut self) {
        let messages: Vec<PolicyMessage> = self.policy.messages().cloned().collect();
        for message in messages {
            self.tell_eye(&ToEye::Policy(message));
        }
    }

    pub(super) fn handle_capability(&mut self, real: Duration, signed: Signed) {
        match self.policy.confirm(signed, self.outbox.disk()) {
            Ok(Said::Anew) if self.link == LinkState::Up => self.say_hello(real),
            Ok(Said::Anew | Said::Again) => {}
            Err(error) => self.drop_unreadable("capability of the eye", &error),
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
