//! What happens between units and hub: connections, the broker, and messages on their way.
//!
//! A connection keeps the order of its messages and loses none while it lasts; what the network
//! drops ends the connection, as with TCP. Behind the broker messages may be lost after it has
//! confirmed them, come twice, or overtake each other.

use nattsyn_detector::uplink::{Care, LinkEvent, Listeners};
use nattsyn_detector::voice::Event;
use nattsyn_hub::ingest::Publication;
use nattsyn_protocol::hello::Hello;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::World;
use super::events::Happening;
use super::oracle::Broken;
use super::script::BrokerPlace;
use super::unit::Sent;

/// How long the broker may take to confirm before the unit gives the connection up, as the
/// product's uplink.
const MUTE_AFTER_MS: u64 = 20_000;

/// How late a repeated message may come, in milliseconds.
const REPEATED_WITHIN_MS: u64 = 600_000;

/// How long a message that others overtake is held back at most, in milliseconds.
const HELD_BACK_MS: u64 = 60_000;

impl World {
    /// Whether the broker runs.
    fn is_broker_up(&self) -> bool {
        let host_is_up = match self.script.broker {
            BrokerPlace::InTheHub => self.hub.desk.is_some(),
            BrokerPlace::Apart => true,
        };
        host_is_up && self.broker_stops == 0
    }

    /// Whether the hub hears what the broker is told.
    fn is_hub_listening(&self) -> bool {
        self.hub.desk.is_some() && self.is_broker_up() && self.now.elapsed >= self.hub.hears_from
    }

    /// For how long everything between a unit and the hub has been well and quiet, in
    /// milliseconds: nobody has agreed anything anew, and whatever was said has arrived.
    pub(super) fn quiet_for(&self, unit: usize) -> u64 {
        let path = &self.units[unit].path;
        let is_whole = path.session.is_some() && path.carries && !path.is_troubled;
        if !is_whole || !self.is_hub_listening() {
            return 0;
        }
        let latest = [
            path.up_at,
            self.hub.hears_from,
            self.hub.told_at.unwrap_or(0),
        ];
        let latest = latest.into_iter().max().unwrap_or(0);
        self.now.elapsed.saturating_sub(latest)
    }

    pub(super) fn queue_try(&mut self, unit: usize, from: u64, to: u64) {
        if !self.units[unit].path.is_trying {
            self.units[unit].path.is_trying = true;
            let pause = self.dice.within(from, to);
            self.queue_in(pause, Happening::LinkTries { unit });
        }
    }

    pub(super) fn try_link(&mut self, unit: usize) -> Result<(), Broken> {
        let is_broker_up = self.is_broker_up();
        let it = &mut self.units[unit];
        it.path.is_trying = false;
        if it.voice.is_none() || it.path.session.is_some() {
            return Ok(());
        }
        if it.path.cuts > 0 || !is_broker_up {
            self.queue_try(unit, 1000, 30_000);
            return Ok(());
        }
        it.path.session = Some(it.path.next_session);
        it.path.next_session += 1;
        it.path.up_at = self.now.elapsed;
        it.path.carries = true;
        let mut edges = it.edges.borrow_mut();
        edges.is_link_up = true;
        edges.unconfirmed = 0;
        drop(edges);
        self.note(|| format!("unit {unit}: link up"));
        self.apply_voice(unit, Event::Link(LinkEvent::Up))
    }

    /// A connection carries nothing any more; the unit notices within `from..=to` milliseconds.
    pub(super) fn break_link(&mut self, unit: usize, from: u64, to: u64) {
        let path = &mut self.units[unit].path;
        let Some(session) = path.session.filter(|_| path.carries) else {
            return;
        };
        path.carries = false;
        self.counts.links_lost += 1;
        let noticed_in = self.dice.within(from, to);
        self.note(|| format!("unit {unit}: link lost"));
        self.queue_in(noticed_in, Happening::LinkFails { unit, session });
    }

    /// The broker's process is gone: every connection ends at once, or soon.
    pub(super) fn break_links(&mut self) {
        for unit in 0..self.units.len() {
            self.break_link(unit, 5, 2000);
        }
    }

    pub(super) fn fail_link(&mut self, unit: usize, session: u64) -> Result<(), Broken> {
        let it = &mut self.units[unit];
        if it.path.session != Some(session) {
            return Ok(());
        }
        it.path.session = None;
        it.path.carries = false;
        let mut edges = it.edges.borrow_mut();
        edges.is_link_up = false;
        edges.unconfirmed = 0;
        drop(edges);
        self.queue_try(unit, 1000, 10_000);
        self.apply_voice(unit, Event::Link(LinkEvent::Down))
    }

    pub(super) fn send_up(&mut self, unit: usize, message: Sent) -> Result<(), Broken> {
        self.look_at_sent(unit, &message)?;
        let Some(session) = self.units[unit].path.session else {
            return Ok(());
        };
        if !self.units[unit].path.carries {
            self.lose(&message);
            return Ok(());
        }
        if self.dice.happens(self.units[unit].path.loss / 8) {
            self.lose(&message);
            if message.care == Care::Confirmed {
                self.break_link(unit, MUTE_AFTER_MS, MUTE_AFTER_MS);
            }
            return Ok(());
        }
        let latency = self.dice.within(15, 400);
        let path = &mut self.units[unit].path;
        path.up_until = path.up_until.max(self.now.elapsed + latency);
        let at = path.up_until;
        let happening = Happening::AtBroker {
            unit,
            session,
            message,
        };
        self.queue_at(at, happening);
        Ok(())
    }

    fn look_at_sent(&mut self, unit: usize, message: &Sent) -> Result<(), Broken> {
        match message.channel {
            Channel::Hello => {
                let it = &self.units[unit];
                if it.had_disk_fault {
                    return Ok(());
                }
                let who = format!("voice {}", it.id);
                if let Ok(hello) = wire::decode::<Hello>(&message.body) {
                    for held in hello.plans {
                        let resident = held.resident.to_string();
                        self.oracle.handle_held(&who, &resident, held.version)?;
                    }
                }
            }
            Channel::Notice => self.counts.notices += 1,
            Channel::Heartbeat
            | Channel::Report
            | Channel::Plan
            | Channel::Ack
            | Channel::Policy
            | Channel::LiveDown
            | Channel::LiveUp
            | Channel::Label
            | Channel::Thresholds
            | Channel::Counts
            | Channel::CommissionDown
            | Channel::CommissionUp
            | Channel::Frame => {}
        }
        Ok(())
    }

    fn lose(&mut self, message: &Sent) {
        if message.channel == Channel::Report {
            self.counts.reports_lost += 1;
        }
    }

    pub(super) fn arrive_at_broker(
        &mut self,
        unit: usize,
        session: u64,
        message: Sent,
    ) -> Result<(), Broken> {
        let path = &self.units[unit].path;
        if path.session != Some(session) || !path.carries || !self.is_broker_up() {
            self.lose(&message);
            return Ok(());
        }
        let is_heard = self.is_hub_listening();
        if message.care == Care::Confirmed {
            let listeners = if is_heard {
                Listeners::Some
            } else {
                Listeners::None
            };
            self.queue_down(unit, session, 0, LinkEvent::Confirmed(listeners));
        }
        if !is_heard || self.dice.happens(self.units[unit].path.loss / 3) {
            self.lose(&message);
            return Ok(());
        }
        let topic = Topic {
            unit: self.units[unit].id,
            channel: message.channel,
        };
        self.pass_on(
            unit,
            &Publication {
                topic: topic.to_string(),
                body: message.body,
            },
        );
        Ok(())
    }

    /// From the broker to the hub.
    fn pass_on(&mut self, unit: usize, publication: &Publication) {
        let path = &self.units[unit].path;
        let (delay, reorder, repeat) = (path.delay, path.reorder, path.repeat);
        let mut after = 2 + self.dice.below(delay + 1);
        if self.dice.happens(reorder) {
            after += self.dice.below(HELD_BACK_MS);
        }
        self.counts.held_back += u64::from(after > 2);
        let at_hub = || Happening::AtHub {
            publication: publication.clone(),
        };
        self.queue_in(after, at_hub());
        if self.dice.happens(repeat) {
            self.counts.repeated += 1;
            let again = after + self.dice.below(REPEATED_WITHIN_MS);
            self.queue_in(again, at_hub());
        }
    }

    pub(super) fn arrive_at_hub(&mut self, publication: Publication) {
        if !self.is_hub_listening() {
            return;
        }
        self.hub.arrive(publication);
        if !self.hub.is_taking {
            self.hub.is_taking = true;
            let soon = self.dice.within(1, 3);
            self.queue_in(soon, Happening::HubTakes);
        }
    }

    /// From the hub to a unit.
    pub(super) fn send_down(&mut self, topic: Topic, body: &[u8]) {
        let Some(unit) = self.units.iter().position(|unit| unit.id == topic.unit) else {
            return;
        };
        let Some(session) = self.units[unit].path.session else {
            return;
        };
        if !self.is_hub_listening() || self.dice.happens(self.units[unit].path.loss / 3) {
            return;
        }
        let (delay, repeat) = {
            let path = &self.units[unit].path;
            (path.delay, path.repeat)
        };
        let heard = || LinkEvent::Heard {
            channel: topic.channel,
            body: body.to_vec(),
        };
        let slow = self.dice.below(delay + 1);
        self.queue_down(unit, session, slow, heard());
        if self.dice.happens(repeat) {
            self.counts.repeated += 1;
            let slow = self.dice.below(REPEATED_WITHIN_MS);
            let at = self.now.elapsed + slow;
            let event = heard();
            self.queue_at(
                at,
                Happening::AtUnit {
                    unit,
                    session,
                    event,
                },
            );
        }
    }

    /// On its way down a connection, after everything before it.
    fn queue_down(&mut self, unit: usize, session: u64, slow: u64, event: LinkEvent) {
        let latency = self.dice.within(15, 400);
        let path = &mut self.units[unit].path;
        let at = match event {
            // A slow hub does not hold the broker's own words up.
            LinkEvent::Heard { .. } if slow > 0 => self.now.elapsed + latency + slow,
            LinkEvent::Heard { .. }
            | LinkEvent::Confirmed(_)
            | LinkEvent::Up
            | LinkEvent::Down
            | LinkEvent::Strange { .. } => {
                path.down_until = path.down_until.max(self.now.elapsed + latency);
                path.down_until
            }
        };
        self.queue_at(
            at,
            Happening::AtUnit {
                unit,
                session,
                event,
            },
        );
    }

    pub(super) fn arrive_at_unit(
        &mut self,
        unit: usize,
        session: u64,
        event: LinkEvent,
    ) -> Result<(), Broken> {
        let it = &mut self.units[unit];
        if it.path.session != Some(session) || !it.path.carries {
            return Ok(());
        }
        if let LinkEvent::Confirmed(_) = event {
            let mut edges = it.edges.borrow_mut();
            edges.unconfirmed = edges.unconfirmed.saturating_sub(1);
        }
        let is_ack = matches!(
            event,
            LinkEvent::Heard {
                channel: Channel::Ack,
                ..
            }
        );
        self.apply_voice(unit, Event::Link(event))?;
        if is_ack {
            let it = &mut self.units[unit];
            let oracle = &self.oracle;
            it.safe.retain(|_, key| !oracle.holds(it.id, *key));
        }
        Ok(())
    }
}
