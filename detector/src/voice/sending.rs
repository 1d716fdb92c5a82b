//! What has been sent, what waits for an answer, and what is sent again when.
//!
//! A report is sent until the hub acknowledges it, a hello until the hub answers it, a notice
//! until the broker has passed it on to somebody. Nothing here sends or stores; [`super::Voice`]
//! asks what is next. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use nattsyn_protocol::plan::LOOKS_PER_NIGHT_MAX;
use nattsyn_protocol::report::{Notice, ReportKey};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Uptime;

use crate::disk::Disk;
use crate::outbox::Outbox;
use crate::uplink::Listeners;

/// Reports under way that the hub has not acknowledged: half of what the uplink's queue takes,
/// and half of what one acknowledgement names.
pub(super) const WINDOW: usize = 32;

/// Notices that wait: one of every look of a night, as when a clock is set past all of it. At the
/// bound the oldest goes: its check's window has closed.
pub(super) const NOTICES_MAX: usize = LOOKS_PER_NIGHT_MAX;

/// How long the hub may take to acknowledge before everything is sent again.
pub(super) const RESEND_AFTER: Duration = Duration::from_secs(30);

/// While nothing at all is acknowledged the pauses double up to this: a hub that is down must
/// not cost a mobile plan, and a hub that returns must have the reports within two minutes.
pub(super) const RESEND_AFTER_MAX: Duration = Duration::from_secs(120);

/// A message that waits for the broker's confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Hello,
    Report,
    Notice(u64),
    /// A night's counts.
    Counts,
    /// An answer about a live view: nothing becomes of its confirmation.
    LiveUp,
    /// An answer about commissioning, likewise.
    CommissionUp,
}

/// Whether the hub has answered this connection's last hello.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Greeting {
    /// It has, or none was said.
    #[default]
    Answered,
    /// It has not: the broker may have passed it on to nobody, or dropped it, and a unit that
    /// the hub never met waits for its plan.
    Unanswered,
}

/// The state of what is being sent.
#[derive(Default)]
pub(super) struct Sending {
    /// Whether the hello is to be said again.
    pub(super) greeting: Greeting,
    /// In the order in which the broker will confirm.
    pub(super) sent: VecDeque<Sent>,
    notices: VecDeque<(u64, Notice)>,
    next_notice: u64,
    /// The last of the outbox that was sent in this round.
    cursor: Option<u64>,
    under_way: usize,
    /// Reports of this run that the hub has not acknowledged, and since when they wait.
    fresh: VecDeque<(ReportKey, Uptime)>,
    resend: Option<Resend>,
}

struct Resend {
    at: Duration,
    pause: Duration,
}

impl Resend {
    fn first(real: Duration) -> Self {
        Self {
            at: real.saturating_add(RESEND_AFTER),
            pause: RESEND_AFTER,
        }
    }
}

impl Sending {
    pub(super) fn handle_up(&mut self, real: Duration) {
        self.handle_down();
        self.resend = Some(Resend::first(real));
    }

    pub(super) fn handle_down(&mut self) {
        self.sent.clear();
        // Every connection begins with a hello of its own.
        self.greeting = Greeting::Answered;
        self.cursor = None;
        self.under_way = 0;
        self.resend = None;
    }

    /// A hello is on its way. One that says something new waits as long as any other message
    /// before it is repeated; a repetition keeps to the pauses.
    pub(super) fn handle_hello(&mut self, real: Duration) {
        if self.greeting == Greeting::Answered && self.resend.is_some() {
            self.resend = Some(Resend::first(real));
        }
        self.greeting = Greeting::Unanswered;
    }

    pub(super) fn handle_put(&mut self, now: Uptime, real: Duration, key: ReportKey) {
        self.fresh.push_back((key, now));
        if self.fresh.len() > WINDOW {
            self.fresh.pop_front();
        }
        if self.resend.is_some() {
            self.resend = Some(Resend::first(real));
        }
    }

    pub(super) fn handle_ack(&mut self, real: Duration, keys: &[ReportKey]) {
        self.fresh.retain(|(key, _)| !keys.contains(key));
        self.under_way = self.under_way.saturating_sub(keys.len());
        if self.resend.is_some() {
            self.resend = Some(Resend::first(real));
        }
    }

    pub(super) fn handle_notice(&mut self, notice: Notice) {
        self.notices.push_back((self.next_notice, notice));
        self.next_notice += 1;
        if self.notices.len() > NOTICES_MAX {
            self.notices.pop_front();
        }
    }

    pub(super) fn handle_confirmed(&mut self, listeners: Listeners) {
        let confirmed = self.sent.pop_front();
        if let (Some(Sent::Notice(number)), Listeners::Some) = (confirmed, listeners) {
            self.notices.retain(|(waiting, _)| *waiting != number);
        }
    }

    /// The notices that are not on their way.
    pub(super) fn unsent_notices(&self) -> Vec<(u64, Notice)> {
        let on_its_way = |number| self.sent.contains(&Sent::Notice(number));
        let unsent = self
            .notices
            .iter()
            .filter(|(number, _)| !on_its_way(*number));
        unsent.cloned().collect()
    }

    /// The next report of this round.
    pub(super) fn next_report<D: Disk>(&self, outbox: &Outbox<D>) -> Option<(u64, Signed)> {
        if self.under_way >= WINDOW {
            return None;
        }
        let (number, report) = outbox.after(self.cursor).next()?;
        Some((number, report.report.clone()))
    }

    pub(super) fn handle_sent(&mut self, number: u64) {
        self.cursor = Some(number);
        self.under_way += 1;
    }

    /// Nothing was acknowledged for a while: everything counts as lost. A round that did not
    /// get through goes on where it was, so that reports which the hub will never acknowledge
    /// cannot keep back the others.
    pub(super) fn begin_again<D: Disk>(&mut self, real: Duration, outbox: &Outbox<D>) {
        self.under_way = 0;
        if outbox.after(self.cursor).next().is_none() {
            self.cursor = None;
        }
        if let Some(resend) = &mut self.resend {
            resend.pause = resend.pause.saturating_mul(2).min(RESEND_AFTER_MAX);
            resend.at = real.saturating_add(resend.pause);
        }
    }

    pub(super) fn next_resend(&self, waiting: usize) -> Option<Duration> {
        let is_greeting = self.greeting == Greeting::Unanswered;
        let something_waits = waiting > 0 || !self.notices.is_empty() || is_greeting;
        let resend = self.resend.as_ref().filter(|_| something_waits)?;
        Some(resend.at)
    }

    /// Whether a report waits that this round has not sent.
    pub(super) fn holds_back<D: Disk>(&self, outbox: &Outbox<D>) -> bool {
        outbox.after(self.cursor).next().is_some()
    }

    /// Whether a report of the last `patience` is not acknowledged.
    pub(super) fn waits_for_hub(&self, now: Uptime, patience: Duration) -> bool {
        let recent = |(_, since): &(ReportKey, Uptime)| now.since(*since) < patience;
        self.fresh.iter().any(recent)
    }
}
