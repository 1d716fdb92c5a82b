//! What happens at the hub: it starts, takes in, lets time pass, dies, and is judged.

use nattsyn_hub::service::{Done, ServiceError};
use nattsyn_hub::watch::{Said, Word};
use nattsyn_protocol::hello::Ack;
use nattsyn_protocol::ids::CheckId;
use nattsyn_protocol::topics::Channel;
use nattsyn_protocol::wire;

use super::World;
use super::events::Happening;
use super::oracle::{Breach, Broken, broken};
use super::script::BrokerPlace;
use super::store::shared;

/// Whether the ledger has changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ledger {
    AsBefore,
    Changed,
}

impl World {
    /// Starts the hub's process, and judges what it did first.
    pub(super) fn start_hub(&mut self) -> Result<(), Broken> {
        if self.hub.stops > 0 || self.hub.desk.is_some() {
            return Ok(());
        }
        let now = self.now;
        let started = self.hub.start(now);
        self.absorb()?;
        if let Err(error) = started {
            return self.hub_failed(&error);
        }
        self.judge_ledger()?;
        let wall_ms = self.hub.clocks.wall_ms(now);
        self.note(|| "the hub starts".to_owned());
        self.oracle.judge_return(wall_ms, self.now.utc)?;
        self.hub.hears_from = now.elapsed + self.dice.within(50, 2000);
        self.queue_hub();
        Ok(())
    }

    pub(super) fn hub_takes(&mut self) -> Result<(), Broken> {
        self.hub.is_taking = false;
        let done = self.hub.take(self.now);
        self.hub_did(done)?;
        if !self.hub.arrived.is_empty() && self.hub.desk.is_some() {
            self.hub.is_taking = true;
            self.queue_in(1, Happening::HubTakes);
        }
        self.pass_hub()
    }

    pub(super) fn wake_hub(&mut self, waking: u64) -> Result<(), Broken> {
        if self.hub.waking != waking {
            return Ok(());
        }
        self.pass_hub()
    }

    pub(super) fn pass_hub(&mut self) -> Result<(), Broken> {
        let done = self.hub.pass(self.now);
        self.hub_did(done)?;
        self.queue_hub();
        Ok(())
    }

    fn queue_hub(&mut self) {
        self.hub.waking += 1;
        let waking = self.hub.waking;
        if let Some(at) = self.hub.next_waking() {
            self.queue_at(at, Happening::HubWakes { waking });
        }
    }

    fn hub_did(&mut self, done: Result<Option<Done>, ServiceError>) -> Result<(), Broken> {
        let ledger = self.absorb()?;
        match done {
            Ok(Some(done)) => {
                for answer in done.answers {
                    if answer.topic.channel == Channel::Ack
                        && let Ok(ack) = wire::decode::<Ack>(&answer.body)
                    {
                        let unit = answer.topic.unit;
                        self.oracle.handle_acknowledged(unit, &ack.reports)?;
                    }
                    self.send_down(answer.topic, &answer.body);
                }
            }
            Ok(None) => {}
            Err(error) => return self.hub_failed(&error),
        }
        match ledger {
            Ledger::Changed => self.oracle.judge_passed(),
            Ledger::AsBefore => Ok(()),
        }
    }

    /// Somebody of the staff tells the hub how a check ended. Whether it was heard.
    pub(super) fn staff_say(&mut self, check: CheckId, said: Said) -> Result<bool, Broken> {
        let by: &str = self.people.pick(&["natt-1", "natt-2"]);
        let word = Word {
            check,
            said,
            by: by
                .parse()
                .expect("small letters, a digit and a hyphen are an id"),
            at: self.hub.clocks.wall(self.now),
        };
        if self.hub.desk.is_none() {
            return Ok(false);
        }
        self.oracle.handle_said(check, said);
        self.note(|| format!("{by} says of {check}: {said:?}"));
        let heard = self.hub.say(self.now, &word);
        self.absorb()?;
        match heard {
            Some(Ok(())) => {
                self.counts.words += 1;
                self.oracle.confirmed_words += 1;
                self.oracle.judge_passed()?;
                self.pass_hub()?;
                Ok(true)
            }
            Some(Err(error)) => self.hub_failed(&error).map(|()| false),
            None => Ok(false),
        }
    }

    /// Tells the oracle what the store wrote.
    pub(super) fn absorb(&mut self) -> Result<Ledger, Broken> {
        let written = std::mem::take(&mut shared(&self.hub.side).written);
        if written.is_empty() {
            return Ok(Ledger::AsBefore);
        }
        for each in written {
            self.show_staff(&each);
            self.show_hands(&each);
            self.note(|| describe(&each));
            self.oracle.handle_written(each)?;
        }
        Ok(Ledger::Changed)
    }

    /// The desk ended in error: the World's doing at a commit, or its own.
    pub(super) fn hub_failed(&mut self, error: &ServiceError) -> Result<(), Broken> {
        let is_struck = std::mem::take(&mut shared(&self.hub.side).struck);
        if !is_struck {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            let what = format!("{error}: {}", cause.unwrap_or_default());
            return broken(Breach::Died, what);
        }
        self.strike_hub()
    }

    /// The hub's process is gone.
    pub(super) fn drop_hub(&mut self) {
        self.hub.desk = None;
        self.hub.arrived.clear();
        self.counts.hub_deaths += 1;
        self.note(|| "the hub is gone".to_owned());
        if self.script.broker == BrokerPlace::InTheHub {
            self.break_links();
        }
    }

    /// After every event: what is due by the hub's clock, while it is up.
    pub(super) fn judge(&mut self) -> Result<(), Broken> {
        if self.hub.desk.is_none() {
            return Ok(());
        }
        let wall_ms = self.hub.clocks.wall_ms(self.now);
        if self.oracle.is_hub_clock_right && self.hub.has_looked(self.now) {
            self.oracle.holding.judge_held(wall_ms)?;
        }
        if !self.oracle.is_due(wall_ms) {
            return Ok(());
        }
        let told_at = self.hub.set_at.max(self.hub.told_at);
        let since_told = told_at.map_or(u64::MAX, |at| self.now.elapsed - at);
        self.oracle.judge_due(wall_ms, self.now.utc, since_told)
    }

    /// What is in the database is what was written.
    pub(super) fn judge_ledger(&mut self) -> Result<(), Broken> {
        let judged = self.oracle.judge_rows(&self.hub.ledger.connection);
        judged.expect("the store is in memory and can be read")
    }
}

fn describe(written: &super::store::Written) -> String {
    match written {
        super::store::Written::Checks(checks) => format!("hub: {} checks planned", checks.len()),
        super::store::Written::Batch(batch) => {
            let reports: Vec<String> = batch
                .reports
                .iter()
                .map(|new| format!("{} look {}", new.report.check, new.report.look))
                .collect();
            format!(
                "hub writes reports {reports:?}, {} notices, {:?}",
                batch.notices.len(),
                batch.changes
            )
        }
    }
}
