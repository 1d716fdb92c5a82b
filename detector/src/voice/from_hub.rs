//! What the hub says: read, and taken where it belongs.
//!
//! A message that cannot be read is counted and dropped. What is signed for the eye is not
//! understood here, only dated.

use std::time::Duration;

use nattsyn_protocol::commission::CommissionDown;
use nattsyn_protocol::hello::{Ack, PlanMessage};
use nattsyn_protocol::labels::LabelMessage;
use nattsyn_protocol::live::LiveDown;
use nattsyn_protocol::policy::PolicyMessage;
use nattsyn_protocol::thresholds::ThresholdsMessage;
use nattsyn_protocol::topics::Channel;
use nattsyn_protocol::wire;

use super::sending::Greeting;
use super::{EyeLine, StrangeTopic, Voice, cause, kept_plans};
use crate::disk::Disk;
use crate::pair::ToEye;
use crate::uplink::Uplink;

impl<D: Disk, U: Uplink, E: EyeLine> Voice<D, U, E> {
    pub(super) fn handle_message(&mut self, real: Duration, channel: Channel, body: &[u8]) {
        match channel {
            Channel::Plan => match wire::decode::<PlanMessage>(body) {
                Ok(message) => self.handle_plan(message),
                Err(error) => self.drop_unreadable("plan", &error),
            },
            Channel::Ack => match wire::decode::<Ack>(body) {
                Ok(ack) => self.handle_ack(real, &ack),
                Err(error) => self.drop_unreadable("ack", &error),
            },
            Channel::Policy => match wire::decode::<PolicyMessage>(body) {
                Ok(message) => self.handle_policy(message),
                Err(error) => self.drop_unreadable("policy", &error),
            },
            Channel::Thresholds => match wire::decode::<ThresholdsMessage>(body) {
                Ok(message) => self.handle_thresholds(message),
                Err(error) => self.drop_unreadable("thresholds", &error),
            },
            Channel::Label => match wire::decode::<LabelMessage>(body) {
                Ok(message) => {
                    self.tell_eye(&ToEye::Label(message));
                }
                Err(error) => self.drop_unreadable("label", &error),
            },
            Channel::LiveDown => match wire::decode::<LiveDown>(body) {
                Ok(word) => self.handle_live_down(word),
                Err(error) => self.drop_unreadable("live view's request", &error),
            },
            Channel::CommissionDown => match wire::decode::<CommissionDown>(body) {
                Ok(word) => self.handle_commission_down(word),
                Err(error) => self.drop_unreadable("word of a commissioning", &error),
            },
            Channel::Heartbeat
            | Channel::Hello
            | Channel::Report
            | Channel::Notice
            | Channel::LiveUp
            | Channel::Counts
            | Channel::CommissionUp
            | Channel::Frame => {
                self.drop_unreadable("message", &StrangeTopic(format!("{channel:?}")));
            }
        }
    }

    fn handle_plan(&mut self, message: PlanMessage) {
        match self.plans.offer(message.clone(), &self.night, self.unit) {
            Ok(kept_plans::Offered::New) => {
                self.tell_eye(&ToEye::Plan(message));
            }
            Ok(kept_plans::Offered::Known) => {}
            Err(error) => self.drop_unreadable("plan", &error),
        }
    }

    fn handle_ack(&mut self, real: Duration, ack: &Ack) {
        let greeting = self.sending.greeting;
        if ack.reports.is_empty() && ack.counts.is_empty() {
            // The hub's last word to a hello: whatever plans it had came before.
            self.sending.greeting = Greeting::Answered;
        }
        match self.outbox.acknowledge(&ack.reports) {
            Ok(taken) => tracing::debug!(taken, "acknowledged"),
            Err(error) => tracing::error!(%error, cause = cause(&error), "outbox"),
        }
        self.sending.handle_ack(real, &ack.reports);
        self.send_reports();
        if !ack.counts.is_empty() {
            self.counts.acknowledge(&ack.counts);
            self.counts.write_down(self.outbox.disk());
        }
        if greeting != self.sending.greeting {
            self.counts.begin_round();
        }
        self.send_counts();
    }
}
