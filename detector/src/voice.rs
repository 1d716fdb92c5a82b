//! The voice: speaks for the unit and cannot see.
//!
//! It holds the plans, the outbox and the link to the hub, and asks the eye to look when a
//! look is due. [`Voice`] is all of its logic, as handlers that never wait and read no clock;
//! [`run`] is the loop around it. It can neither sign nor change a report. What it says on its
//! own account (heartbeats, notices) can only ever make a person look.
//!
//! Two kinds of time are arguments: [`Now`] for looks and heartbeats, and the machine's real
//! time for what concerns the network.

use std::time::Duration;

use nattsyn_clock::Now;
use nattsyn_protocol::finding::Fault;
use nattsyn_protocol::heartbeat::{EyeState, Heartbeat};
use nattsyn_protocol::hello::{Hello, PlanMessage};
use nattsyn_protocol::ids::{CheckId, UnitId};
use nattsyn_protocol::policy::PolicyMessage;
use nattsyn_protocol::report::{Notice, Report};
use nattsyn_protocol::signing::{Endorsement, Signed};
use nattsyn_protocol::thresholds::ThresholdsMessage;
use nattsyn_protocol::time::Uptime;
use nattsyn_protocol::topics::Channel;
use nattsyn_protocol::wire::{self, Message};

use crate::disk::{Disk, TwoCopies};
use crate::night::{Command, Night, Progress};
use crate::outbox::{Outbox, OutboxError};
use crate::pair::{FromEye, Refusal, ToEye};
use crate::pair_socket::{PairEnd, SendError};
use crate::uplink::{Care, LinkEvent, Uplink};

mod eye_watch;
mod from_hub;
mod kept_counts;
mod kept_newest;
mod kept_plans;
mod names;
mod passing_on;
mod pulse;
pub mod run;
mod sending;
#[cfg(test)]
mod tests;
mod writing;

use eye_watch::{EyeWatch, Hearing};
use kept_counts::KeptCounts;
use kept_newest::KeptNewest;
use kept_plans::KeptPlans;
use pulse::next_heartbeat;
use sending::{Greeting, Sending, Sent};
use writing::assess;

/// Name of the file with the checks' progress.
const PROGRESS_FILE: &str = "progress";

/// A demonstration's clock stops jumping so long before a look is due.
pub const HOLD_BEFORE_LOOK: Duration = Duration::from_secs(30);

/// Longest that a demonstration's clock waits for a report's acknowledgement: as long as the
/// looks of one check take by the design's default.
const HOLD_FOR_ACK: Duration = Duration::from_secs(15 * 60);

/// The epoch that a hub's key claims, believed by nobody yet; 0 where nothing can be read.
fn epoch(endorsement: &Signed) -> u32 {
    let claimed: Option<Endorsement> = serde_json::from_str(&endorsement.body).ok();
    claimed.map_or(0, |it| it.epoch)
}

/// Where the voice's words to the eye go.
pub trait EyeLine {
    /// Tells the eye something. Never waits.
    ///
    /// # Errors
    ///
    /// The eye does not read, or is gone.
    fn tell(&mut self, word: &ToEye) -> Result<(), SendError>;
}

impl EyeLine for PairEnd {
    fn tell(&mut self, word: &ToEye) -> Result<(), SendError> {
        self.send(word)
    }
}

/// What happens to the voice.
#[derive(Debug)]
pub enum Event {
    /// The eye says something.
    Eye(FromEye),
    /// The link says something.
    Link(LinkEvent),
    /// Time has passed.
    Time,
}

/// How a demonstration's clock may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// Something is under way: no jumps.
    Hold,
    /// The voice is idle until [`Voice::next_timeout`].
    Free,
}

/// Whether the link is up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LinkState {
    Up,
    Down,
}

/// Whether something is safe on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Yes,
    No,
}

/// Whether the disk has failed since the hub was last told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DiskWord {
    Well,
    /// Something was damaged or could not be written; the next look's notice says it.
    Untold,
}

/// The voice of one unit.
pub struct Voice<D, U, E> {
    unit: UnitId,
    night: Night,
    plans: KeptPlans,
    policy: KeptNewest<PolicyMessage>,
    thresholds: KeptNewest<ThresholdsMessage>,
    /// What the eye last said of itself, to the byte.
    capability: Option<Signed>,
    counts: KeptCounts,
    progress: TwoCopies<Progress>,
    progress_written: Written,
    disk_word: DiskWord,
    outbox: Outbox<D>,
    uplink: U,
    eye: E,
    watch: EyeWatch,
    sending: Sending,
    link: LinkState,
    heartbeat: u32,
    next_heartbeat: Uptime,
    /// Messages and datagrams that could not be read, in this run.
    dropped: u64,
}

impl<D: Disk, U: Uplink, E: EyeLine> Voice<D, U, E> {
    /// Takes up where the disk says that the last run ended.
    ///
    /// A disk that cannot be read costs what was on it and stops nothing: looks go on as soon
    /// as the hub has sent the plans again.
    pub fn resume(now: Now, unit: UnitId, disk: D, uplink: U, eye: E) -> Self {
        let (mut outbox, opened) = Outbox::open(disk);
        match &opened.unread {
            Some(error) => tracing::error!(%error, "outbox cannot be read"),
            None => tracing::info!(waiting = opened.waiting, damaged = opened.damaged, "outbox"),
        }
        if opened.damaged > 0 {
            tracing::error!(
                lines = opened.damaged,
                "damaged lines in the outbox; reports lost"
            );
        }
        let (progress, made, of_progress) = TwoCopies::open(PROGRESS_FILE, outbox.disk());
        let mut night = Night::resume(made);
        let (plans, of_plans) = KeptPlans::open(outbox.disk(), unit, &mut night);
        let (policy, of_policy) = KeptNewest::open(outbox.disk());
        let (thresholds, of_thresholds) = KeptNewest::open(outbox.disk());
        let (counts, of_counts) = KeptCounts::open(outbox.disk());
        // Every one of them is looked at: each says in the log what it found.
        let words = [
            assess("progress", &of_progress),
            assess("plans", &of_plans),
            assess("policy", &of_policy),
            assess("thresholds", &of_thresholds),
            assess("counts", &of_counts),
            match opened.damaged == 0 && opened.unread.is_none() {
                true => DiskWord::Well,
                false => DiskWord::Untold,
            },
        ];
        let is_well = words.iter().all(|word| *word == DiskWord::Well);
        let mut voice = Self {
            unit,
            night,
            plans,
            policy,
            thresholds,
            capability: None,
            counts,
            progress,
            progress_written: Written::Yes,
            disk_word: if is_well {
                DiskWord::Well
            } else {
                DiskWord::Untold
            },
            outbox,
            uplink,
            eye,
            watch: EyeWatch::new(now.uptime),
            sending: Sending::default(),
            link: LinkState::Down,
            heartbeat: 0,
            next_heartbeat: next_heartbeat(unit, now.uptime),
            dropped: 0,
        };
        voice.give_newest();
        voice.give_plans();
        voice
    }

    /// Acts on what happened. `real` is the machine's monotonic clock.
    pub fn apply(&mut self, now: Now, real: Duration, event: Event) {
        if let Event::Link(LinkEvent::Heard {
            channel: Channel::LiveDown | Channel::CommissionDown,
            ..
        }) = &event
        {
            self.night.handle_view(now.uptime);
        }
        match event {
            Event::Eye(word) => self.handle_eye(now, real, word),
            Event::Link(event) => self.handle_link(real, event),
            Event::Time => {}
        }
        self.handle_timeout(now, real);
    }

    /// When time itself next makes something due.
    #[must_use]
    pub fn next_timeout(&self, now: Now) -> Uptime {
        let mut next = self.next_heartbeat.min(self.watch.next_timeout());
        if self.watch.hearing(now.uptime) != Hearing::NotYet {
            next = next.min(self.night.next_timeout(now).unwrap_or(next));
        }
        if let Some(look) = self.night.next_look(now.timestamp) {
            let ahead = look.since(now.timestamp);
            if ahead > HOLD_BEFORE_LOOK {
                next = next.min(now.uptime.after(ahead.saturating_sub(HOLD_BEFORE_LOOK)));
            }
        }
        next
    }

    /// When something is to be sent again, by the machine's real clock.
    #[must_use]
    pub fn next_resend(&self) -> Option<Duration> {
        match self.link {
            LinkState::Up => self.sending.next_resend(self.outbox.waiting()),
            LinkState::Down => None,
        }
    }

    /// Whether a demonstration's clock may jump.
    #[must_use]
    pub fn haste(&self, now: Now) -> Haste {
        let look_is_near = || {
            let next = self.night.next_look(now.timestamp);
            next.is_some_and(|next| next.since(now.timestamp) <= HOLD_BEFORE_LOOK)
        };
        let report_is_under_way =
            self.link == LinkState::Up && self.sending.waits_for_hub(now.uptime, HOLD_FOR_ACK);
        let asks_the_eye = self.watch.is_asking(now.uptime);
        if self.night.is_looking() || report_is_under_way || asks_the_eye || look_is_near() {
            Haste::Hold
        } else {
            Haste::Free
        }
    }

    /// Messages and datagrams that could not be read and were dropped, in this run.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Counts and logs what could not be read. Nothing stops for it.
    pub fn drop_unreadable(&mut self, kind: &str, reason: &dyn std::error::Error) {
        self.dropped += 1;
        let cause = reason.source().map(ToString::to_string);
        tracing::warn!(kind, %reason, cause, dropped = self.dropped, "dropped");
    }

    fn handle_timeout(&mut self, now: Now, real: Duration) {
        if let Some(ping) = self.watch.handle_timeout(now.uptime) {
            self.tell_eye(&ping);
        }
        if self.watch.hearing(now.uptime) != Hearing::NotYet {
            for command in self.night.handle_timeout(now) {
                self.obey(now, command);
            }
        }
        if self.next_heartbeat <= now.uptime {
            self.next_heartbeat = next_heartbeat(self.unit, now.uptime);
            self.beat(now);
        }
        if self.next_resend().is_some_and(|due| due <= real) {
            self.sending.begin_again(real, &self.outbox);
            match self.sending.greeting {
                Greeting::Unanswered => self.say_hello(real),
                Greeting::Answered => {}
            }
            self.send_notices();
            self.send_reports();
        }
    }

    fn obey(&mut self, now: Now, command: Command) {
        match command {
            Command::Look { check, look } => {
                self.progress_written = Written::No;
                self.write_progress();
                let asked = match self.watch.hearing(now.uptime) {
                    Hearing::Answering | Hearing::NotYet => {
                        self.tell_eye(&ToEye::Look { check, look })
                    }
                    // It would find the request when it is back, at a wrong moment.
                    Hearing::Silent => Told::No,
                };
                if asked == Told::No
                    && let Some(notice) = self.night.handle_eye_gone()
                {
                    self.obey(now, notice);
                }
            }
            Command::Notice { check, look, fault } => self.notify(now, check, look, fault),
        }
    }

    fn handle_eye(&mut self, now: Now, real: Duration, word: FromEye) {
        self.watch.handle_word(now.uptime);
        match word {
            FromEye::Started { boot } => {
                tracing::info!(%boot, "eye started");
                if let Some(notice) = self.night.handle_eye_gone() {
                    self.obey(now, notice);
                }
                // What was withdrawn comes before what was planned.
                self.give_newest();
                self.give_plans();
            }
            FromEye::Holding(held) => {
                let taken = self
                    .plans
                    .confirm(&held, &mut self.night, self.outbox.disk());
                if taken > 0 && self.link == LinkState::Up {
                    self.say_hello(real);
                }
            }
            FromEye::Alive { last_look } => self.watch.handle_alive(last_look),
            FromEye::Report(signed) => self.handle_report(now, real, &signed),
            FromEye::Capable(signed) => self.handle_capability(real, signed),
            FromEye::Counts(message) => self.handle_counts(message),
            FromEye::Live(word) => self.handle_live_up(&word),
            FromEye::Commission(word) => self.handle_commission_up(&word),
            #[cfg(feature = "live-view")]
            FromEye::Frame(frame) => self.handle_frame(frame),
            FromEye::Refused { check, look, why } => {
                tracing::warn!(%check, look, ?why, "eye refuses to look");
                if let Some(notice) = self.night.handle_refusal(check, look, why) {
                    self.obey(now, notice);
                }
                if why == Refusal::NotPlanned {
                    self.give_plans();
                }
            }
        }
    }

    fn handle_report(&mut self, now: Now, real: Duration, signed: &Signed) {
        // The voice cannot verify it and need not: the hub does.
        let report: Report = match serde_json::from_str(&signed.body) {
            Ok(report) => report,
            Err(error) => return self.drop_unreadable("report from the eye", &error),
        };
        self.night
            .handle_finding(report.check, report.look, report.finding);
        // The report first: with the progress alone, a crash in between would leave a check
        // that is seen and says nothing to anybody.
        let put = self.outbox.put(&report, signed);
        self.progress_written = Written::No;
        self.write_progress();
        if let Err(error) = put {
            tracing::error!(%error, cause = cause(&error), "outbox");
            self.disk_word = DiskWord::Untold;
        }
        self.sending.handle_put(now.uptime, real, report.key());
        if self.link == LinkState::Up {
            self.send_newest();
        }
        // After the report: what it says of the person comes first.
        if self.disk_word == DiskWord::Untold {
            self.disk_word = DiskWord::Well;
            self.notify(now, report.check, report.look, Fault::DiskDown);
        }
    }

    fn handle_link(&mut self, real: Duration, event: LinkEvent) {
        match event {
            LinkEvent::Up => {
                tracing::info!(waiting = self.outbox.waiting(), "link up");
                self.link = LinkState::Up;
                self.sending.handle_up(real);
                self.say_hello(real);
                self.send_notices();
                self.send_reports();
            }
            LinkEvent::Down => {
                self.link = LinkState::Down;
                self.sending.handle_down();
                self.counts.end_round();
            }
            LinkEvent::Confirmed(listeners) => {
                self.sending.handle_confirmed(listeners);
                self.send_counts();
            }
            LinkEvent::Heard { channel, body } => self.handle_message(real, channel, &body),
            LinkEvent::Strange { topic } => {
                self.drop_unreadable("message", &StrangeTopic(topic));
            }
        }
    }

    fn notify(&mut self, now: Now, check: CheckId, look: u8, fault: Fault) {
        tracing::warn!(%check, look, fault = fault.word(), "look not made or not kept");
        self.sending.handle_notice(Notice {
            unit: self.unit,
            check,
            look,
            fault,
            at_ms: now.timestamp,
        });
        if self.link == LinkState::Up {
            self.send_notices();
        }
    }

    fn beat(&mut self, now: Now) {
        self.write_down();
        if self.link == LinkState::Down {
            return;
        }
        self.heartbeat = self.heartbeat.saturating_add(1);
        let heartbeat = Heartbeat {
            at_ms: now.timestamp,
            sequence: self.heartbeat,
            eye: self.eye_state(now.uptime),
            waiting: self.waiting(),
        };
        let body = wire::encode(&heartbeat);
        // One lost heartbeat means nothing.
        self.uplink.send(Channel::Heartbeat, Care::Once, body).ok();
    }

    fn eye_state(&self, now: Uptime) -> EyeState {
        match self.watch.hearing(now) {
            Hearing::Answering => self.watch.state(),
            // A minute after a start this is settled; until then nothing is known to be wrong.
            Hearing::NotYet => EyeState::Ready,
            Hearing::Silent => EyeState::Down,
        }
    }

    fn waiting(&self) -> u32 {
        u32::try_from(self.outbox.waiting()).unwrap_or(u32::MAX)
    }

    fn say_hello(&mut self, real: Duration) {
        let hello = Hello {
            unit: self.unit,
            software: env!("CARGO_PKG_VERSION").to_owned(),
            plans: self.night.held(),
            waiting: self.waiting(),
            eye: self.capability.clone(),
        };
        self.sending.handle_hello(real);
        self.send(Channel::Hello, &hello, Sent::Hello);
    }

    fn send_notices(&mut self) {
        for (number, notice) in self.sending.unsent_notices() {
            if self.send(Channel::Notice, &notice, Sent::Notice(number)) == Told::No {
                return;
            }
        }
    }

    fn send_reports(&mut self) {
        while let Some((number, report)) = self.sending.next_report(&self.outbox) {
            if self.send(Channel::Report, &report, Sent::Report) == Told::No {
                return;
            }
            self.sending.handle_sent(number);
        }
    }

    /// Tonight's report goes before any backlog.
    fn send_newest(&mut self) {
        let next = self.sending.next_report(&self.outbox);
        match self.outbox.newest() {
            Some((newest, report)) if next.map(|(number, _)| number) != Some(newest) => {
                let report = report.clone();
                self.send(Channel::Report, &report, Sent::Report);
            }
            Some(_) | None => self.send_reports(),
        }
    }

    fn send<M: Message>(&mut self, channel: Channel, message: &M, sent: Sent) -> Told {
        let body = wire::encode(message);
        match self.uplink.send(channel, Care::Confirmed, body) {
            Ok(()) => {
                self.sending.sent.push_back(sent);
                Told::Yes
            }
            Err(error) => {
                tracing::debug!(%error, ?channel, "not sent");
                Told::No
            }
        }
    }

    fn give_plans(&mut self) {
        let messages: Vec<PlanMessage> = self.plans.messages().cloned().collect();
        for message in messages {
            self.tell_eye(&ToEye::Plan(message));
        }
    }

    fn tell_eye(&mut self, word: &ToEye) -> Told {
        match self.eye.tell(word) {
            Ok(()) => Told::Yes,
            Err(error) => {
                tracing::debug!(%error, "eye not told");
                Told::No
            }
        }
    }
}

/// Whether somebody could be told something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    No,
}

#[derive(Debug, thiserror::Error)]
#[error("nothing is expected on {0:?}")]
struct StrangeTopic(String);

fn cause(error: &OutboxError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}
